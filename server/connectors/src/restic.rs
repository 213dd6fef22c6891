//! restic: its snapshots, and what one `backup` came to.
//! Format: <https://restic.readthedocs.io/en/stable/075_scripting.html#json-output>.

use domain::{
    Moment,
    fact::{Basis, Encryption, Fact, Point, PointState, Run, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer, lines, plain, time};

pub static SNAPSHOTS: Connector = Connector {
    kind: "restic-snapshots",
    title: "restic, snapshots",
    command: "restic snapshots --json",
    looks: |value| value.get(0).is_some_and(|one| one.get("short_id").is_some() || one.get("group_key").is_some()),
    read: snapshots,
};

pub static BACKUP: Connector = Connector {
    kind: "restic-backup",
    title: "restic, one backup",
    // Why it failed stands on stderr.
    command: "restic backup --json PATH 2>&1",
    looks: |value| value.get("message_type").is_some(),
    read: backup,
};

#[derive(Deserialize)]
struct Snapshot {
    id: String,
    #[serde(default, deserialize_with = "time::maybe")]
    time: Option<Moment>,
    #[serde(default)]
    paths: Vec<String>,
    hostname: Option<String>,
    tags: Option<Vec<String>>,
    /// Since 0.17.
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    total_bytes_processed: Option<i64>,
}

/// `--group-by` puts snapshots into groups.
#[derive(Deserialize)]
struct Group {
    snapshots: Vec<Value>,
}

/// A snapshot is a point and no run: it does not say whether every file could be read.
fn snapshots(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = match value {
        Value::Array(list) => list,
        // Without a snapshot.
        Value::Null => Vec::new(),
        _ => return Err(Unread::Whole("it is no list of snapshots".to_owned())),
    };
    let list = match list.first().is_some_and(|one| one.get("group_key").is_some()) {
        true => answer::each::<Group>(&list, "group")?.into_iter().flat_map(|group| group.snapshots).collect(),
        false => list,
    };
    let point = |s: Snapshot| {
        let bytes = s.summary.and_then(|summary| summary.total_bytes_processed);
        let whence = s.hostname.map(|host| format!("{host}:{}", s.paths.join(",")));
        Fact::Point(Point {
            resource: about.resource.clone().or(whence),
            cadence: s.tags.filter(|tags| !tags.is_empty()).map(|tags| tags.join(", ")),
            taken_at: s.time,
            bytes,
            basis: bytes.map(|_| Basis::Full),
            region: about.region.clone(),
            // Every repository is, with a password of its owner's.
            encryption: Some(Encryption::CustomerManaged),
            ..plain::point(s.id, PointState::Available, "snapshot".to_owned())
        })
    };
    let facts = answer::each::<Snapshot>(&list, "snapshot")?.into_iter().map(point).collect();
    Ok(Read { facts, ..Read::default() })
}

#[derive(Deserialize)]
struct Message {
    message_type: String,
    snapshot_id: Option<String>,
    #[serde(default)]
    dry_run: bool,
    total_bytes_processed: Option<i64>,
    /// Since 0.17.
    #[serde(default, deserialize_with = "time::maybe")]
    backup_start: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    backup_end: Option<Moment>,
    /// Of `exit_error`.
    code: Option<i64>,
    message: Option<String>,
}

fn backup(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let mut read = Read::default();
    let (mut summary, mut exit, mut errors) = (None, None, 0);
    for (at, message) in lines::all_good(lines::json::<Message>(bytes)?)? {
        match message.message_type.as_str() {
            "summary" => summary = Some(message),
            "exit_error" => exit = Some(message),
            "error" => errors += 1,
            "status" | "verbose_status" | "initialized" => {}
            other => read.not_understood.push(Problem::new(at, format!("message_type {other:?}"))),
        }
    }
    let mut said: Vec<String> = Vec::new();
    said.extend(summary.as_ref().map(|s| if s.dry_run { "summary, dry_run" } else { "summary" }.to_owned()));
    said.extend((errors > 0).then(|| format!("errors {errors}")));
    said.extend(exit.as_ref().map(|e| e.code.map_or("exit_error".to_owned(), |code| format!("exit_error {code}"))));
    let said = said.join(", ");
    let exit_code = exit.as_ref().map(|e| e.code);
    let state = match (&summary, exit_code, errors) {
        (None, None, _) => {
            return Err(Unread::Whole("it has no summary: it does not say how the backup ended".to_owned()));
        }
        // A trial makes no snapshot.
        (Some(s), ..) if s.dry_run => RunState::Unknown,
        (Some(_), None, 0) => RunState::Succeeded,
        // There is a snapshot, and something in it is missing: 3 is documented as that.
        (Some(_), None | Some(Some(3)), _) => RunState::Partial,
        _ => RunState::Failed,
    };
    if state == RunState::Unknown {
        read.not_understood.push(Problem::new("summary", said.as_str()));
    }
    let message = exit.and_then(|e| e.message);
    let (point, bytes, start, end) = match summary {
        Some(s) => (s.snapshot_id, s.total_bytes_processed, s.backup_start, s.backup_end),
        None => (None, None, None, None),
    };
    // One that failed has no id, so that the time it was collected has to tell it from others.
    let reference = match (&point, start.or(about.collected_at)) {
        (Some(id), _) => id.clone(),
        (None, Some(at)) => format!("restic/{}", at.rfc3339()),
        (None, None) => return Err(Unread::Whole("it names no snapshot: tell when it was collected".to_owned())),
    };
    read.facts.push(Fact::Run(Run {
        resource: about.resource.clone(),
        started_at: start,
        finished_at: end,
        bytes,
        basis: bytes.map(|_| Basis::Full),
        message,
        point,
        ..plain::run(reference, state, said)
    }));
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_points_grouped_or_not() {
        let one = r#"{"time":"2026-11-16T01:30:00.123456789+01:00","tree":"t","paths":["/srv"],"hostname":"db1","tags":["nightly"],"summary":{"total_bytes_processed":4096},"id":"abc","short_id":"a"}"#;
        let flat = snapshots(format!("[{one}]").as_bytes(), &About::default()).expect("it reads");
        let grouped = format!(r#"[{{"group_key":{{"hostname":"db1"}},"snapshots":[{one}]}}]"#);
        assert_eq!(flat, snapshots(grouped.as_bytes(), &About::default()).expect("it reads"));
        let Fact::Point(point) = &flat.facts[0] else { panic!("a point") };
        assert_eq!(
            (point.resource.as_deref(), point.bytes, point.cadence.as_deref()),
            (Some("db1:/srv"), Some(4096), Some("nightly"))
        );
        assert_eq!(point.taken_at.map(Moment::rfc3339).as_deref(), Some("2026-11-16T00:30:00.123Z"));
        assert!(snapshots(b"{}", &About::default()).is_err());
    }

    fn run(text: &str) -> Run {
        let about = About { collected_at: Moment::parse("2026-11-16T02:00:00Z"), ..About::default() };
        let read = backup(text.as_bytes(), &about).expect("it reads");
        let Fact::Run(run) = &read.facts[0] else { panic!("a run") };
        run.clone()
    }

    #[test]
    fn a_backup_ends_with_a_summary_or_it_did_not_end_well() {
        let status = r#"{"message_type":"status","percent_done":0.5}"#;
        let summary = r#"{"message_type":"summary","snapshot_id":"abc","total_bytes_processed":4096,"backup_start":"2026-11-16T01:30:00Z","backup_end":"2026-11-16T01:31:00Z"}"#;
        let error = r#"{"message_type":"error","error":{"message":"denied"},"during":"scan","item":"/srv/x"}"#;
        let exit = |code: i64| format!(r#"{{"message_type":"exit_error","code":{code},"message":"Fatal"}}"#);
        let good = run(&format!("{status}\n{summary}\n"));
        assert_eq!((good.state, good.point.as_deref(), good.bytes), (RunState::Succeeded, Some("abc"), Some(4096)));
        assert_eq!(run(&format!("{error}\n{summary}\n")).state, RunState::Partial);
        let partial = run(&format!("{error}\n{summary}\n{}", exit(3)));
        assert_eq!((partial.state, partial.said.as_str()), (RunState::Partial, "summary, errors 1, exit_error 3"));
        let failed = run(&format!("{status}\n{}", exit(12)));
        assert_eq!((failed.state, failed.message.as_deref()), (RunState::Failed, Some("Fatal")));
        let dry = run(&summary.replacen('{', r#"{"dry_run":true,"#, 1));
        assert_eq!(dry.state, RunState::Unknown);
        let refused = backup(status.as_bytes(), &About::default()).expect_err("no end").to_string();
        assert!(refused.contains("no summary"), "{refused}");
    }
}
