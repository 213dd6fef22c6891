//! `terraform destroy -json`: done is what ends in a summary of a destroy. One that failed half way has a summary too,
//! of its plan, and some resources that are gone.

use std::collections::BTreeSet;

use domain::{
    Moment,
    fact::{Destroy, Fact},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, lines, time};

pub static DESTROY: Connector = Connector {
    kind: "terraform-destroy",
    title: "Terraform, what a destroy took away",
    command: "terraform destroy -auto-approve -json",
    looks: |value| value.get("@module").is_some() && value.get("@timestamp").is_some(),
    read,
};

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "@timestamp")]
    at: Option<Value>,
    changes: Option<Changes>,
    change: Option<Change>,
    hook: Option<Change>,
    diagnostic: Option<Diagnostic>,
}

#[derive(Deserialize)]
struct Changes {
    #[serde(default)]
    add: i64,
    remove: i64,
    operation: String,
}

#[derive(Deserialize)]
struct Change {
    resource: Resource,
    action: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    addr: String,
}

#[derive(Deserialize)]
struct Diagnostic {
    severity: String,
    // Its detail may quote values.
    summary: String,
    address: Option<String>,
}

/// Messages that are documented and add nothing here.
const OTHERS: &[&str] = &[
    "version",
    "log",
    "resource_drift",
    "outputs",
    "apply_start",
    "apply_progress",
    "provision_start",
    "provision_progress",
    "provision_complete",
    "provision_errored",
    "refresh_start",
    "refresh_complete",
    "ephemeral_op_start",
    "ephemeral_op_progress",
    "ephemeral_op_complete",
    "ephemeral_op_errored",
];

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let messages = lines::all_good(lines::json::<Message>(bytes)?)?;
    let (mut read, mut bad) = (Read::default(), Vec::new());
    let (mut removed, mut planned) = (None, None);
    let (mut left, mut errors) = (BTreeSet::new(), Vec::new());
    let (mut first, mut last): (Option<Moment>, Option<Moment>) = (None, None);
    for (at, message) in messages {
        match message.at.as_ref().map(time::moment) {
            Some(Ok(moment)) => {
                first = first.or(Some(moment));
                last = Some(moment);
            }
            Some(Err(says)) => bad.push(Problem::new(format!("{at}.@timestamp"), says)),
            None => bad.push(Problem::new(at.as_str(), "it has no @timestamp")),
        }
        match (message.kind.as_str(), message.changes, message.change.or(message.hook), message.diagnostic) {
            ("change_summary", Some(changes), ..) => match changes.operation.as_str() {
                "plan" if changes.add > 0 => {
                    return Err(Unread::Whole("it plans to add something: it is no destroy".to_owned()));
                }
                "plan" => planned = Some(changes.remove),
                "destroy" => removed = Some(changes.remove),
                "apply" => return Err(Unread::Whole("it is an apply, and no destroy".to_owned())),
                other => read.not_understood.push(Problem::new(at, format!("operation {other:?}"))),
            },
            ("planned_change", _, Some(change), _) if change.action.as_deref() == Some("delete") => {
                left.insert(change.resource.addr);
            }
            ("apply_complete", _, Some(done), _) if done.action.as_deref() == Some("delete") => {
                left.remove(&done.resource.addr);
            }
            ("apply_errored", _, Some(failed), _) => errors.push(format!("{}: not destroyed", failed.resource.addr)),
            ("diagnostic", _, _, Some(told)) => match told.severity.as_str() {
                "error" => errors.push(match told.address {
                    Some(address) => format!("{address}: {}", told.summary),
                    None => told.summary,
                }),
                "warning" => {}
                other => read.not_understood.push(Problem::new(at, format!("severity {other:?}"))),
            },
            ("planned_change" | "apply_complete", _, Some(_), _) => {}
            (other, ..) if OTHERS.contains(&other) => {}
            (other, ..) => read.not_understood.push(Problem::new(at, format!("type {other:?}"))),
        }
    }
    if !bad.is_empty() {
        return Err(Unread::Places(bad));
    }
    let Some(first) = first else { return Err(Unread::Whole("it is empty".to_owned())) };
    read.facts.push(Fact::Destroy(Destroy {
        reference: about.resource.clone().unwrap_or_else(|| first.rfc3339()),
        removed,
        planned,
        left: left.into_iter().collect(),
        errors,
        at: last,
    }));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rest: &str) -> String {
        format!(r#"{{"@level":"info","@message":"x","@timestamp":"2026-11-22T02:00:05.729636Z",{rest}}}"#)
    }

    fn resource(kind: &str, of: &str, address: &str) -> String {
        line(&format!(r#""type":"{kind}","{of}":{{"resource":{{"addr":"{address}"}},"action":"delete"}}"#))
    }

    fn plan() -> Vec<String> {
        vec![
            line(r#""type":"version""#),
            resource("planned_change", "change", "aws_vpc.drill"),
            resource("planned_change", "change", "aws_s3_bucket.scratch"),
            line(r#""type":"change_summary","changes":{"add":0,"change":0,"remove":2,"operation":"plan"}"#),
            resource("apply_complete", "hook", "aws_vpc.drill"),
        ]
    }

    fn destroy(lines: &[String]) -> (Destroy, Read) {
        let whole = read(lines.join("\n").as_bytes(), &About::default()).expect("it reads");
        let Fact::Destroy(destroy) = &whole.facts[0] else { panic!("a destroy") };
        (destroy.clone(), whole)
    }

    #[test]
    fn done_is_only_what_ends_in_a_summary_of_a_destroy() {
        let mut done = plan();
        done.push(resource("apply_complete", "hook", "aws_s3_bucket.scratch"));
        done.push(line(r#""type":"change_summary","changes":{"add":0,"change":0,"remove":2,"operation":"destroy"}"#));
        let (gone, _) = destroy(&done);
        assert_eq!((gone.removed, gone.planned, gone.left.len(), gone.errors.len()), (Some(2), Some(2), 0, 0));

        let mut failed = plan();
        failed.push(resource("apply_errored", "hook", "aws_s3_bucket.scratch"));
        failed.push(line(r#""type":"diagnostic","diagnostic":{"severity":"error","summary":"bucket not empty","detail":"secret","address":"aws_s3_bucket.scratch"}"#));
        failed.push(line(r#""type":"surprise""#));
        let (half, read) = destroy(&failed);
        assert_eq!(
            (half.removed, half.planned, half.left.as_slice()),
            (None, Some(2), ["aws_s3_bucket.scratch".to_owned()].as_slice())
        );
        assert_eq!(half.errors, ["aws_s3_bucket.scratch: not destroyed", "aws_s3_bucket.scratch: bucket not empty"]);
        assert_eq!(read.not_understood, [Problem::new("line 8", "type \"surprise\"")]);
    }

    #[test]
    fn an_apply_and_other_text_are_refused() {
        for (bad, says) in [
            (line(r#""type":"change_summary","changes":{"add":3,"remove":0,"operation":"plan"}"#), "no destroy"),
            (line(r#""type":"change_summary","changes":{"add":0,"remove":0,"operation":"apply"}"#), "no destroy"),
            ("aws_vpc.drill: Destroying...".to_owned(), "line 1"),
            (String::new(), "empty"),
        ] {
            let refused = read(bad.as_bytes(), &About::default()).expect_err("refused").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
