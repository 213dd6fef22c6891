//! Export jobs: a snapshot's collections, written to a bucket of one's own.

use domain::{
    Moment,
    fact::{Fact, Run, RunKind, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use super::{first_is, listed};
use crate::{About, Connector, Problem, Read, Unread, answer, plain, time};

pub static EXPORTS: Connector = Connector {
    kind: "atlas-exports",
    title: "MongoDB Atlas, export jobs",
    command: "atlas backups exports jobs list CLUSTER --limit 500 -o json",
    looks: |value| first_is(value, is_export),
    read,
};

fn is_export(value: &Value) -> bool {
    value.get("exportBucketId").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    id: String,
    state: Option<String>,
    state_reason: Option<StateReason>,
    #[serde(default, deserialize_with = "time::maybe")]
    created_at: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    finished_at: Option<Moment>,
    export_bucket_id: String,
    prefix: Option<String>,
    snapshot_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateReason {
    message: Option<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = listed(&value, "export job: it has no exportBucketId", is_export)?;
    let mut read = Read::default();
    for (n, job) in answer::each::<Job>(list, "results")?.into_iter().enumerate() {
        let said = job.state.unwrap_or_default();
        let state = match said.as_str() {
            "Queued" => RunState::Queued,
            "InProgress" => RunState::Running,
            // How many collections it counts says nothing: it is 0 of 0 for whole exports too.
            "Successful" => RunState::Succeeded,
            "Failed" => RunState::Failed,
            "Cancelled" => RunState::Aborted,
            _ => {
                read.not_understood.push(Problem::new(format!("results[{n}].state"), format!("state {said:?}")));
                RunState::Unknown
            }
        };
        let to = job.prefix.as_ref().map_or_else(String::new, |prefix| format!("/{prefix}"));
        read.facts.push(Fact::Run(Run {
            resource: about.resource.clone(),
            job: Some(format!("export to bucket {}", job.export_bucket_id)),
            started_at: job.created_at,
            finished_at: job.finished_at,
            message: job.state_reason.and_then(|reason| reason.message),
            point: job.snapshot_id,
            target: Some(format!("{}{to}", job.export_bucket_id)),
            what: RunKind::Export,
            ..plain::run(job.id, state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_a_run_with_its_bucket_and_an_unknown_state_is_kept() {
        let text = r#"{"results":[
            {"id":"e1","state":"Successful","exportBucketId":"b1","prefix":"x/y","snapshotId":"s1","createdAt":"2026-08-10T03:28:25Z","finishedAt":"2026-08-10T03:43:05Z","exportStatus":{"exportedCollections":0,"totalCollections":0}},
            {"id":"e2","state":"Failed","exportBucketId":"b1","stateReason":{"errorCode":"X","message":"AccessDenied"}},
            {"id":"e3","state":"Paused","exportBucketId":"b1"}]}"#;
        let read = read(text.as_bytes(), &About::default()).expect("it reads");
        let runs: Vec<_> =
            read.facts.iter().filter_map(|f| if let Fact::Run(run) = f { Some(run) } else { None }).collect();
        assert_eq!(
            runs.iter().map(|run| run.state).collect::<Vec<_>>(),
            [RunState::Succeeded, RunState::Failed, RunState::Unknown]
        );
        assert_eq!((runs[0].target.as_deref(), runs[1].message.as_deref()), (Some("b1/x/y"), Some("AccessDenied")));
        assert_eq!(read.not_understood, [Problem::new("results[2].state", "state \"Paused\"")]);
    }
}
