//! Elasticsearch and OpenSearch: snapshots of a repository, each a run and a recovery point.
//! Formats: <https://www.elastic.co/guide/en/elasticsearch/reference/current/get-snapshot-api.html>,
//! <https://www.elastic.co/guide/en/elasticsearch/reference/current/cat-snapshots.html> and
//! <https://docs.opensearch.org/latest/api-reference/snapshots/get-snapshot/>.

use domain::{
    Moment,
    fact::{Fact, Point, PointState, Run, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer, plain};

pub static SNAPSHOTS: Connector = Connector {
    kind: "elasticsearch-snapshots",
    title: "Elasticsearch or OpenSearch, snapshots",
    command: "curl …/_snapshot/REPOSITORY/_all, or …/_cat/snapshots/REPOSITORY?format=json",
    looks: |value| {
        let api = value.get("snapshots").and_then(|s| s.get(0)).is_some_and(|one| one.get("snapshot").is_some());
        api || value.get(0).is_some_and(|one| one.get("start_epoch").is_some())
    },
    read,
};

/// The API's names, and those of `_cat`, where all is text.
#[derive(Deserialize)]
struct Snapshot {
    #[serde(alias = "id")]
    snapshot: String,
    uuid: Option<String>,
    repository: Option<String>,
    #[serde(alias = "status")]
    state: Option<String>,
    reason: Option<String>,
    start_time_in_millis: Option<i64>,
    end_time_in_millis: Option<i64>,
    start_epoch: Option<Value>,
    end_epoch: Option<Value>,
    shards: Option<Shards>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Shards {
    total: i64,
    failed: i64,
}

#[derive(Deserialize)]
struct Metadata {
    policy: Option<Value>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = match &value {
        Value::Array(list) => list,
        _ => answer::list_of(&value, "snapshots")?,
    };
    if value.get("remaining").and_then(Value::as_i64).is_some_and(|n| n > 0) || value.get("next").is_some() {
        return Err(Unread::Whole("it is one page of several (remaining): ask for all of them".to_owned()));
    }
    let (mut read, mut bad) = (Read::default(), Vec::new());
    for (n, snapshot) in answer::each::<Snapshot>(list, "snapshots")?.into_iter().enumerate() {
        let at = format!("snapshots[{n}]");
        let start = when(snapshot.start_time_in_millis, snapshot.start_epoch.as_ref());
        let end = when(snapshot.end_time_in_millis, snapshot.end_epoch.as_ref());
        let (start, end) = match (start, end) {
            (Ok(start), Ok(end)) => (start, end),
            (Err(says), _) | (_, Err(says)) => {
                bad.push(Problem::new(at, says));
                continue;
            }
        };
        let said = snapshot.state.clone().unwrap_or_default();
        let (run, point) = states(&said);
        if run == RunState::Unknown {
            let says = if said.is_empty() { "no state".to_owned() } else { format!("state {said:?}") };
            read.not_understood.push(Problem::new(format!("{at}.state"), says));
        }
        read.facts.extend(facts(snapshot, said, (run, point), (start, end), about));
    }
    if bad.is_empty() { Ok(read) } else { Err(Unread::Places(bad)) }
}

/// Milliseconds as the API has them, or seconds as `_cat` has them; 0 while it is not yet so.
fn when(millis: Option<i64>, epoch: Option<&Value>) -> Result<Option<Moment>, String> {
    let millis = match (millis, epoch) {
        (Some(millis), _) => millis,
        (None, None | Some(Value::Null)) => return Ok(None),
        (None, Some(epoch)) => {
            let seconds = epoch.as_i64().or_else(|| epoch.as_str()?.parse().ok());
            let millis = seconds.and_then(|seconds| seconds.checked_mul(1000));
            millis.ok_or_else(|| format!("{epoch} is no time in seconds since 1970"))?
        }
    };
    if millis == 0 {
        return Ok(None);
    }
    Moment::from_millis(millis).map(Some).ok_or_else(|| format!("{millis} is no time in milliseconds since 1970"))
}

fn states(said: &str) -> (RunState, PointState) {
    match said {
        "SUCCESS" => (RunState::Succeeded, PointState::Available),
        "PARTIAL" => (RunState::Partial, PointState::Partial),
        "FAILED" => (RunState::Failed, PointState::Failed),
        "IN_PROGRESS" => (RunState::Running, PointState::Creating),
        // INCOMPATIBLE is documented, and says nothing of how it ended.
        _ => (RunState::Unknown, PointState::Unknown),
    }
}

fn facts(
    s: Snapshot,
    said: String,
    (run, point): (RunState, PointState),
    (start, end): (Option<Moment>, Option<Moment>),
    about: &About,
) -> [Fact; 2] {
    let reference = s.uuid.unwrap_or_else(|| match &s.repository {
        Some(repository) => format!("{repository}/{}", s.snapshot),
        None => s.snapshot.clone(),
    });
    let policy = s.metadata.and_then(|m| m.policy).and_then(|p| p.as_str().map(str::to_owned));
    let failed = s.shards.filter(|shards| shards.failed > 0);
    let failed = failed.map(|shards| format!("{} of {} shards failed", shards.failed, shards.total));
    [
        Fact::Run(Run {
            resource: about.resource.clone(),
            job: policy.clone(),
            started_at: start,
            finished_at: end,
            message: s.reason.or(failed),
            point: Some(reference.clone()),
            ..plain::run(reference.clone(), run, said.clone())
        }),
        Fact::Point(Point {
            resource: about.resource.clone(),
            cadence: policy,
            // What is indexed after it began is not in it.
            taken_at: start,
            region: about.region.clone(),
            vault: s.repository,
            ..plain::point(reference, point, said)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_asking_are_read_and_an_unknown_state_is_kept() {
        let api = r#"{"snapshots":[
            {"snapshot":"nightly-1","uuid":"u-1","repository":"s3","state":"SUCCESS","start_time_in_millis":1794823200000,"end_time_in_millis":1794823260000,"shards":{"total":5,"failed":0,"successful":5},"metadata":{"policy":"nightly"}},
            {"snapshot":"nightly-2","uuid":"u-2","repository":"s3","state":"PARTIAL","start_time_in_millis":1794823200000,"end_time_in_millis":1794823260000,"shards":{"total":5,"failed":2,"successful":3}},
            {"snapshot":"nightly-3","uuid":"u-3","repository":"s3","state":"IN_PROGRESS","start_time_in_millis":1794823200000,"end_time_in_millis":0},
            {"snapshot":"old","uuid":"u-4","state":"INCOMPATIBLE"}],"total":4,"remaining":0}"#;
        let whole = read(api.as_bytes(), &About::default()).expect("it reads");
        assert_eq!(whole.facts.len(), 8);
        let Fact::Run(first) = &whole.facts[0] else { panic!("a run") };
        assert_eq!(
            (first.state, first.job.as_deref(), first.point.as_deref()),
            (RunState::Succeeded, Some("nightly"), Some("u-1"))
        );
        let Fact::Run(partial) = &whole.facts[2] else { panic!("a run") };
        assert_eq!((partial.state, partial.message.as_deref()), (RunState::Partial, Some("2 of 5 shards failed")));
        let Fact::Run(running) = &whole.facts[4] else { panic!("a run") };
        assert_eq!((running.state, running.finished_at), (RunState::Running, None));
        assert_eq!(whole.not_understood, [Problem::new("snapshots[3].state", "state \"INCOMPATIBLE\"")]);

        let cat = r#"[{"id":"nightly-1","repository":"s3","status":"SUCCESS","start_epoch":"1794823200","end_epoch":"1794823260","duration":"1m"}]"#;
        let other = read(cat.as_bytes(), &About::default()).expect("it reads");
        let Fact::Point(point) = &other.facts[1] else { panic!("a point") };
        assert_eq!((point.reference.as_str(), point.taken_at), ("s3/nightly-1", first.started_at));
    }

    #[test]
    fn a_page_of_several_and_other_answers_are_refused() {
        for (bad, says) in [
            (r#"{"snapshots":[],"total":9,"remaining":9}"#, "one page of several"),
            (r#"{"error":{"type":"repository_missing_exception"},"status":404}"#, "no list snapshots"),
            (r#"[{"id":"a","status":"SUCCESS","start_epoch":"soon"}]"#, "snapshots[0]"),
            (r#"[{"status":"SUCCESS"}]"#, "snapshots[0]"),
        ] {
            let refused = read(bad.as_bytes(), &About::default()).expect_err("refused").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
