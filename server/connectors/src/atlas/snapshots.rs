//! Snapshots of a cluster: each is a run of its backup and, once complete, a recovery point.

use domain::{
    Moment,
    fact::{Basis, Encryption, Fact, Point, PointState, Run, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use super::{first_is, listed};
use crate::{About, Connector, Problem, Read, Unread, answer, plain, time};

pub static SNAPSHOTS: Connector = Connector {
    kind: "atlas-snapshots",
    title: "MongoDB Atlas, snapshots",
    command: "atlas backups snapshots list CLUSTER --limit 500 -o json",
    looks: |value| first_is(value, is_snapshot),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot {
    id: String,
    /// Dedicated clusters in camel case, flex ones in capitals.
    status: Option<String>,
    frequency_type: Option<String>,
    snapshot_type: Option<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    created_at: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    expires_at: Option<Moment>,
    // Flex clusters.
    #[serde(default, deserialize_with = "time::maybe")]
    scheduled_time: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    start_time: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    finish_time: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    expiration: Option<Moment>,
    storage_size_bytes: Option<i64>,
    replica_set_name: Option<String>,
    #[serde(rename = "masterKeyUUID")]
    master_key: Option<String>,
    #[serde(default)]
    copy_regions: Vec<String>,
    policy_items: Option<Vec<String>>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = listed(&value, "snapshot: it has neither snapshotType nor scheduledTime", is_snapshot)?;
    let mut read = Read::default();
    for (n, snapshot) in answer::each::<Snapshot>(list, "results")?.into_iter().enumerate() {
        let said = snapshot.status.clone().unwrap_or_default();
        let (run, point) = states(&said);
        if run == RunState::Unknown {
            let says = if said.is_empty() { "no status".to_owned() } else { format!("status {said:?}") };
            read.not_understood.push(Problem::new(format!("results[{n}].status"), says));
        }
        read.facts.extend(facts(snapshot, said, run, point, about));
    }
    Ok(read)
}

/// Flex clusters' snapshots have no type.
fn is_snapshot(value: &Value) -> bool {
    value.get("snapshotType").is_some() || value.get("scheduledTime").is_some()
}

fn states(said: &str) -> (RunState, Option<PointState>) {
    match said.to_ascii_lowercase().as_str() {
        "queued" | "pending" => (RunState::Queued, None),
        "inprogress" | "running" => (RunState::Running, Some(PointState::Creating)),
        "completed" => (RunState::Succeeded, Some(PointState::Available)),
        "failed" => (RunState::Failed, None),
        _ => (RunState::Unknown, Some(PointState::Unknown)),
    }
}

fn facts(s: Snapshot, said: String, state: RunState, point: Option<PointState>, about: &About) -> Vec<Fact> {
    let resource = about.resource.clone().or(s.replica_set_name);
    let cadence = s.frequency_type.or_else(|| s.snapshot_type.clone());
    let taken_at = s.created_at.or(s.finish_time).filter(|_| state == RunState::Succeeded);
    // While it is under way its size is 0 and its end provisional.
    let bytes = s.storage_size_bytes.filter(|_| state == RunState::Succeeded);
    let job =
        s.policy_items.filter(|items| !items.is_empty()).map(|items| items.join(", ")).or_else(|| cadence.clone());
    let mut facts = vec![Fact::Run(Run {
        resource: resource.clone(),
        job,
        scheduled_for: s.scheduled_time,
        // Its id tells when it was asked for.
        started_at: s.start_time.or_else(|| time::of_object_id(&s.id)),
        finished_at: s.finish_time.or(s.created_at).filter(|_| state == RunState::Succeeded),
        bytes,
        basis: bytes.map(|_| Basis::Full),
        // "fallback": taken by another way than the usual one.
        message: s.snapshot_type.filter(|kind| kind == "fallback").map(|kind| format!("snapshotType {kind}")),
        point: point.map(|_| s.id.clone()),
        ..plain::run(s.id.clone(), state, said.clone())
    })];
    facts.extend(point.map(|state| {
        Fact::Point(Point {
            resource,
            cadence,
            taken_at,
            expires_at: s.expires_at.or(s.expiration),
            bytes,
            basis: bytes.map(|_| Basis::Full),
            region: about.region.clone(),
            copies: s.copy_regions,
            // Atlas encrypts all of them; a key of the customer's is named.
            encryption: Some(if s.master_key.is_some() { Encryption::CustomerManaged } else { Encryption::Unknown }),
            key: s.master_key,
            ..plain::point(s.id, state, said)
        })
    }));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Unread;

    const ANSWER: &str = r#"{"links":[{"rel":"self"}],"totalCount":3,"results":[
        {"id":"6a7900000000000000000001","status":"completed","frequencyType":"daily","snapshotType":"scheduled","createdAt":"2026-08-10T03:29:21Z","expiresAt":"2026-08-17T03:29:21Z","storageSizeBytes":4186517504,"copyRegions":["US_WEST_2"],"replicaSetName":"atlas-1-shard-0","masterKeyUUID":"k-1","policyItems":["p1"]},
        {"id":"6a7900000000000000000002","status":"inProgress","snapshotType":"onDemand","storageSizeBytes":0,"expiresAt":"2026-08-17T03:29:21Z"},
        {"id":"6a7900000000000000000003","status":"resting","snapshotType":"fallback"}]}"#;

    #[test]
    fn a_snapshot_is_a_run_and_a_recovery_point() {
        let about = About { resource: Some("cartie-prod".to_owned()), ..About::default() };
        let read = read(ANSWER.as_bytes(), &about).expect("it reads");
        assert_eq!(read.facts.len(), 6);
        let Fact::Run(run) = &read.facts[0] else { panic!("a run") };
        assert_eq!(
            (run.state, run.bytes, run.resource.as_deref()),
            (RunState::Succeeded, Some(4_186_517_504), Some("cartie-prod"))
        );
        assert_eq!(run.started_at.map(Moment::rfc3339).as_deref(), Some("2026-08-09T22:32:32.000Z"));
        let Fact::Point(point) = &read.facts[1] else { panic!("a point") };
        assert_eq!(
            (point.state, point.encryption, point.copies.as_slice()),
            (PointState::Available, Some(Encryption::CustomerManaged), ["US_WEST_2".to_owned()].as_slice())
        );
        let Fact::Run(running) = &read.facts[2] else { panic!("a run") };
        assert_eq!((running.state, running.bytes, running.finished_at), (RunState::Running, None, None));
        assert_eq!(read.not_understood, [Problem::new("results[2].status", "status \"resting\"")]);
    }

    #[test]
    fn every_bad_snapshot_is_told_and_a_page_of_several_is_refused() {
        let bad = r#"{"results":[{"id":1,"snapshotType":"onDemand"},{"id":"a","snapshotType":"onDemand","createdAt":"2026-08-10T03:29:21"}]}"#;
        let Err(Unread::Places(places)) = read(bad.as_bytes(), &About::default()) else { panic!("refused") };
        assert_eq!(places.len(), 2);
        assert!(places[1].says.contains("no zone"), "{places:?}");
        let page = r#"{"links":[{"rel":"next"}],"results":[]}"#;
        assert!(
            read(page.as_bytes(), &About::default()).expect_err("a page").to_string().contains("one page of several")
        );
    }
}
