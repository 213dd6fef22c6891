//! What falls short by what vendors' tools said: each cause opens one finding, which closes by itself once the facts say
//! otherwise, and opens again when they fall back. Nobody closes it by hand.

use app::ports::{Findings, Imports, PortError};
use domain::{
    Moment,
    control::Evidence as Kind,
    finding::{Finding, State},
    judgement::{self, Facts, Judgement, judge},
    record::Sealed,
    role::Scope,
};

use super::PORTAL;
use crate::{compose::House, ledger::canonical};

pub async fn judgements(house: &House) -> Result<(), PortError> {
    let everything = Scope::EVERYTHING;
    let imports = house.evidence.imports(&everything).await?;
    if imports.is_empty() {
        return Ok(());
    }
    let now = house.clock.now();
    let facts = app::api::known::facts(&house.ports, &everything, now).await?;
    let findings = Findings::all(&house.evidence, &everything).await?;
    let mut number = findings.iter().filter_map(|f| f.id.strip_prefix("F-")?.parse::<u32>().ok()).max().unwrap_or(0);
    for judged in judge(&facts) {
        let cause = judged.cause();
        let known = findings.iter().find(|f| f.value.cause.as_deref() == Some(&cause));
        match (known, judged.falls_short()) {
            (None, false) => {}
            (None, true) => {
                number += 1;
                let finding = opened(&judged, &facts, &format!("F-{number:03}"), now);
                append(house, canonical::insert("findings", &finding.id, &finding)).await?;
            }
            (Some(finding), short) => follow(house, finding, &judged, short, now).await?,
        }
    }
    Ok(())
}

/// Closes what the facts no longer say, and opens again what they say once more.
async fn follow(
    house: &House,
    finding: &Sealed<Finding>,
    judged: &Judgement,
    short: bool,
    now: Moment,
) -> Result<(), PortError> {
    let value = &finding.value;
    let next = match (&value.state, short) {
        (State::Open, true) | (State::Closed { .. }, false) => return Ok(()),
        // What could not be told closes nothing.
        (State::Open, false) if judged.verdict != domain::verdict::Verdict::Met => return Ok(()),
        (State::Open, false) => {
            let evidence = format!("{} Record {}.", judged.says, judged.records.first().map_or("none", String::as_str));
            Finding { state: State::Closed { at: now, evidence }, ..value.clone() }
        }
        (State::Closed { .. }, true) => Finding {
            state: State::Open,
            what: judged.says.clone(),
            severity: judged.severity(),
            due_at: now.plus_millis(judged.severity().due_ms()),
            ..value.clone()
        },
    };
    let version = house.evidence.version(finding.seal.seq).await?;
    append(house, canonical::replace("findings", &finding.id, version + 1, &next)).await
}

async fn append(house: &House, item: Result<crate::ledger::Item, impl std::fmt::Display>) -> Result<(), PortError> {
    match house.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
        // Another portal was first, or somebody put a file on it meanwhile; the next look knows.
        Ok(_) | Err(PortError::Conflict(_)) => Ok(()),
        Err(e) => Err(e),
    }
}

fn opened(judged: &Judgement, facts: &Facts, id: &str, now: Moment) -> Finding {
    let rule = judgement::rule(judged.rule);
    let store = facts.stores.iter().find(|store| Some(&store.id) == judged.store.as_ref());
    let owner =
        store.and_then(|store| store.owner.as_ref()).map(|owner| domain::datastore::short(&owner.value).to_owned());
    Finding {
        schema: 1,
        id: id.to_owned(),
        title: judged.says.trim_end_matches('.').to_owned(),
        severity: judged.severity(),
        found_by: rule.map_or("Judgement", |rule| rule.title).to_owned(),
        cause: Some(judged.cause()),
        what: judged.says.clone(),
        why: rule.map_or("", |rule| rule.why).to_owned(),
        plan: String::new(),
        owner: owner.unwrap_or_else(|| "operator".to_owned()),
        due_at: now.plus_millis(judged.severity().due_ms()),
        state: State::Open,
        controls: Kind::Gaps.answers().to_vec(),
        attachments: vec![],
        demo: judged.demo,
        occurred_at: now,
        by: PORTAL.to_owned(),
    }
}
