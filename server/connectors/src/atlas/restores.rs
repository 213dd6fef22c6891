//! Restore jobs. They have no status: it follows from what else they say, as Atlas' own tool has it.

use domain::{
    Moment,
    fact::{Fact, Run, RunKind, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use super::{first_is, listed};
use crate::{About, Connector, Read, Unread, answer, plain, time};

pub static RESTORES: Connector = Connector {
    kind: "atlas-restores",
    title: "MongoDB Atlas, restore jobs",
    command: "atlas backups restores list CLUSTER --limit 500 -o json",
    looks: |value| first_is(value, is_restore),
    read,
};

fn is_restore(value: &Value) -> bool {
    value.get("deliveryType").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    id: String,
    delivery_type: String,
    #[serde(default)]
    failed: bool,
    #[serde(default)]
    cancelled: bool,
    #[serde(default)]
    expired: bool,
    #[serde(default)]
    delivery_url: Vec<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    finished_at: Option<Moment>,
    snapshot_id: Option<String>,
    target_cluster_name: Option<String>,
    #[serde(rename = "pointInTimeUTCSeconds")]
    point_in_time: Option<i64>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = listed(&value, "restore job: it has no deliveryType", is_restore)?;
    let jobs = answer::each::<Job>(list, "results")?;
    let facts = jobs.into_iter().map(|job| Fact::Run(run(job, about))).collect();
    Ok(Read { facts, ..Read::default() })
}

fn run(job: Job, about: &About) -> Run {
    let (state, said) = if job.expired {
        (RunState::Expired, "expired")
    } else if job.cancelled {
        (RunState::Aborted, "cancelled")
    } else if job.failed {
        (RunState::Failed, "failed")
    } else if job.finished_at.is_some() {
        (RunState::Succeeded, "finishedAt")
    } else if !job.delivery_url.is_empty() {
        // What is to be downloaded is there; it may still expire.
        (RunState::Succeeded, "deliveryUrl")
    } else {
        (RunState::Running, "not finished")
    };
    let moment = job.point_in_time.and_then(|seconds| Moment::from_millis(seconds.checked_mul(1000)?));
    let message = match moment {
        Some(at) => format!("{} to {}", job.delivery_type, at.rfc3339()),
        None => job.delivery_type,
    };
    Run {
        // Its id is the only thing that tells when it was asked for.
        started_at: time::of_object_id(&job.id),
        resource: about.resource.clone(),
        finished_at: job.finished_at,
        message: Some(message),
        point: job.snapshot_id,
        target: job.target_cluster_name,
        what: RunKind::Restore,
        ..plain::run(job.id, state, said.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_as_it_stands_by_what_else_it_says_and_began_when_its_id_was_made() {
        let job = |more: &str| {
            let text = format!(
                r#"{{"results":[{{"id":"6a794733c0eb9e7a17740663","deliveryType":"automated","snapshotId":"s","targetClusterName":"staging"{more}}}]}}"#
            );
            let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
            let [Fact::Run(run)] = facts.as_slice() else { panic!("one run") };
            run.clone()
        };
        let done = job(r#","finishedAt":"2026-08-10T03:40:10Z""#);
        assert_eq!(
            (done.state, done.target.as_deref(), done.point.as_deref()),
            (RunState::Succeeded, Some("staging"), Some("s"))
        );
        assert_eq!(done.finished_at.zip(done.started_at).map(|(end, start)| end.since(start)), Some(231_000));
        for (more, state) in [
            ("", RunState::Running),
            (r#","failed":true,"finishedAt":"2026-08-10T03:40:10Z""#, RunState::Failed),
            (r#","cancelled":true"#, RunState::Aborted),
            (r#","expired":true,"deliveryUrl":["u"]"#, RunState::Expired),
            (r#","deliveryUrl":["u"]"#, RunState::Succeeded),
        ] {
            assert_eq!(job(more).state, state, "{more}");
        }
        let moment = job(r#","pointInTimeUTCSeconds":1600721892"#).message;
        assert_eq!(moment.as_deref(), Some("automated to 2020-09-21T20:58:12.000Z"));
    }

    #[test]
    fn every_bad_job_is_told_and_what_is_no_job_is_refused() {
        let said = |text: &str| read(text.as_bytes(), &About::default()).expect_err("refused").to_string();
        let bad = said(r#"{"results":[{"deliveryType":"automated"},{"id":"a","deliveryType":1}]}"#);
        assert!(bad.contains("results[0]") && bad.contains("results[1]"), "{bad}");
        assert!(said(r#"{"results":[{"id":"a","snapshotType":"onDemand"}]}"#).contains("results[0] is no restore job"));
    }
}
