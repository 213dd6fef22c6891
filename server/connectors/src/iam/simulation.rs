//! What AWS' own simulator says of one principal. It does not name the principal: that is told beside it.

use std::collections::BTreeSet;

use domain::fact::{Fact, Principal};
use serde::Deserialize;

use super::POWERS;
use crate::{About, Connector, Problem, Read, Unread, answer};

pub static SIMULATION: Connector = Connector {
    kind: "iam-simulation",
    title: "AWS IAM, the policy simulator on one principal",
    command: "aws iam simulate-principal-policy --policy-source-arn ARN --action-names backup:StartRestoreJob kms:Decrypt …",
    looks: |value| value.get("EvaluationResults").is_some(),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Evaluation {
    eval_action_name: String,
    eval_decision: String,
    #[serde(default)]
    matched_statements: Vec<Matched>,
    #[serde(default)]
    missing_context_values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Matched {
    source_policy_id: Option<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = answer::list_of(&value, "EvaluationResults")?;
    answer::whole(&value)?;
    let arn = about
        .resource
        .clone()
        .ok_or_else(|| Unread::Whole("it does not say of whom: name the principal's ARN as the resource".to_owned()))?;
    let mut read = Read::default();
    let (mut may, mut through, mut asked, mut open) = (Vec::new(), BTreeSet::new(), Vec::new(), BTreeSet::new());
    for (n, one) in answer::each::<Evaluation>(list, "EvaluationResults")?.into_iter().enumerate() {
        let known = |actions: &&[&str]| actions.iter().any(|a| a.eq_ignore_ascii_case(&one.eval_action_name));
        let Some((word, _)) = POWERS.iter().find(|(_, actions)| known(actions)) else {
            read.passed_by += 1;
            continue;
        };
        asked.push(one.eval_action_name);
        match one.eval_decision.as_str() {
            "allowed" => {
                if !may.iter().any(|told| told == word) {
                    may.push((*word).to_owned());
                }
                through.extend(one.matched_statements.into_iter().filter_map(|m| m.source_policy_id));
            }
            "explicitDeny" | "implicitDeny" => {}
            other => {
                let at = format!("EvaluationResults[{n}].EvalDecision");
                read.not_understood.push(Problem::new(at, format!("decision {other:?}")));
            }
        }
        open.extend(one.missing_context_values);
    }
    if asked.is_empty() {
        return Err(Unread::Whole("none of the actions it was asked about concerns backups".to_owned()));
    }
    // What it was not asked about it does not rule out.
    let mut unless = format!("asked only about {}", asked.join(", "));
    if !open.is_empty() {
        unless.push_str(&format!("; without a value for {}", open.into_iter().collect::<Vec<_>>().join(", ")));
    }
    let (owner, name) = arn.rsplit_once('/').unwrap_or(("", &arn));
    let kind = owner.rsplit(':').next().and_then(|path| path.split('/').next()).unwrap_or_default();
    read.facts.push(Fact::Principal(Principal {
        name: name.to_owned(),
        kind: kind.to_owned(),
        may,
        through: through.into_iter().collect(),
        unless: Some(unless),
        last_used_at: None,
        assumed_by: Vec::new(),
        reference: arn,
    }));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_is_said() {
        let answer = r#"{"EvaluationResults":[
            {"EvalActionName":"kms:Decrypt","EvalDecision":"allowed","MatchedStatements":[{"SourcePolicyId":"Restore"}],"MissingContextValues":["aws:SourceIp"]},
            {"EvalActionName":"backup:DeleteRecoveryPoint","EvalDecision":"explicitDeny"},
            {"EvalActionName":"backup:StartRestoreJob","EvalDecision":"mayhap"},
            {"EvalActionName":"sqs:SendMessage","EvalDecision":"allowed"}]}"#;
        assert!(read(answer.as_bytes(), &About::default()).expect_err("of whom").to_string().contains("of whom"));
        let about = About { resource: Some("arn:aws:iam::111122223333:user/ops/ann".to_owned()), ..About::default() };
        let read = read(answer.as_bytes(), &about).expect("it reads");
        let Fact::Principal(ann) = &read.facts[0] else { panic!("a principal") };
        assert_eq!(
            (ann.name.as_str(), ann.kind.as_str(), ann.may.as_slice()),
            ("ann", "user", ["decrypt".to_owned()].as_slice())
        );
        assert_eq!(
            ann.unless.as_deref(),
            Some(
                "asked only about kms:Decrypt, backup:DeleteRecoveryPoint, backup:StartRestoreJob; without a value for aws:SourceIp"
            )
        );
        assert_eq!((read.passed_by, read.not_understood[0].says.as_str()), (1, "decision \"mayhap\""));
    }
}
