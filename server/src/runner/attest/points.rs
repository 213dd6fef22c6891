//! Recovery points, from the vendor's own answer: MongoDB Atlas' list of snapshots
//! (`atlas backups snapshots list CLUSTER -o json`, or the Admin API's own), a list of one's own making, or a
//! mongodump directory.
//!
//! Format: <https://www.mongodb.com/docs/atlas/reference/api-resources-spec/v2/>, "Return All Replica Set Cloud
//! Backups". An answer that has a next page may not hold the newest, and is refused.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use domain::{Moment, attestation::RecoveryPoint};
use serde::Deserialize;
use serde_json::Value;

use super::snapshot::{Snapshot, there};

/// A list of one's own, where no vendor gives one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Own {
    recovery_points: Vec<RecoveryPoint>,
}

/// The newest complete recovery point that has not expired by then.
pub fn newest(path: &Path, now: Moment) -> Result<RecoveryPoint> {
    if path.is_dir() {
        return directory(path);
    }
    let said = || format!("{}", path.display());
    let value = read(path)?;
    let mut points = match value.get("recoveryPoints") {
        Some(_) => serde_json::from_value::<Own>(value).with_context(said)?.recovery_points,
        None => snapshots(&value).with_context(said)?,
    };
    let all = points.len();
    points.retain(|point| there(point, now));
    points.into_iter().max_by_key(|point| point.taken_at).with_context(|| {
        format!(
            "{} names {all} complete recovery points, and none that can be restored now: all have expired",
            path.display()
        )
    })
}

/// The names in the vendor's answer to "which databases are in this snapshot?".
pub fn databases(path: &Path) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    let value = read(path)?;
    whole(&value).with_context(|| format!("{}", path.display()))?;
    let results = value.get("results").cloned().with_context(|| format!("{} has no results", path.display()))?;
    let named: Vec<Named> = serde_json::from_value(results).with_context(|| format!("{}: results", path.display()))?;
    Ok(named.into_iter().map(|one| one.name).collect())
}

fn snapshots(value: &Value) -> Result<Vec<RecoveryPoint>> {
    let Some(results) = value.get("results").and_then(Value::as_array) else {
        bail!("neither Atlas' list of snapshots (results) nor a list of recovery points (recoveryPoints)");
    };
    whole(value)?;
    let mut points = Vec::new();
    for (n, result) in results.iter().enumerate() {
        let said = || format!("results[{n}]");
        points.extend(Snapshot::deserialize(result).with_context(said)?.point().with_context(said)?);
    }
    if points.is_empty() {
        bail!("{} snapshots, and none of them is complete", results.len());
    }
    Ok(points)
}

/// Refuses one page of several.
fn whole(value: &Value) -> Result<()> {
    let links = value.get("links").and_then(Value::as_array).into_iter().flatten();
    if links.filter_map(|link| link.get("rel")?.as_str()).any(|rel| rel == "next") {
        bail!("it is one page of several (links holds a next one): ask for all of them, 500 at once at the most");
    }
    Ok(())
}

/// A dump's age is its newest file's.
fn directory(path: &Path) -> Result<RecoveryPoint> {
    let mut newest = 0;
    let mut waiting = vec![path.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            } else {
                let changed: chrono::DateTime<chrono::Utc> = entry.metadata()?.modified()?.into();
                newest = newest.max(changed.timestamp_millis());
            }
        }
    }
    if newest == 0 {
        bail!("{} holds no file", path.display());
    }
    Ok(RecoveryPoint {
        id: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        cluster: "not stated".to_owned(),
        taken_at: Moment::from_millis(newest).context("the dump's files have no usable date")?,
        expires_at: None,
        regions: Vec::new(),
    })
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if text.trim().is_empty() {
        bail!("{} is empty: the command that wrote it may have failed", path.display());
    }
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T03:00:00Z";

    fn point(json: &str) -> Result<RecoveryPoint> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("points.json");
        fs::write(&path, json).expect("a file");
        newest(&path, Moment::parse(NOW).expect("a date"))
    }

    /// In the shape of Atlas' answer.
    fn atlas(rows: &[(&str, &str, &str)]) -> String {
        let results: Vec<Value> = rows
            .iter()
            .map(|(id, status, at)| {
                serde_json::json!({ "id": id, "status": status, "createdAt": at, "expiresAt": "2026-12-01T00:00:00Z",
                "replicaSetName": "atlas-x-shard-0", "snapshotType": "scheduled", "links": [] })
            })
            .collect();
        serde_json::json!({ "links": [{ "rel": "self", "href": "x" }], "results": results, "totalCount": rows.len() })
            .to_string()
    }

    #[test]
    fn the_newest_complete_snapshot_is_the_one() {
        let found = point(&atlas(&[
            ("a", "completed", "2026-11-21T00:00:00Z"),
            ("b", "completed", "2026-11-22T00:00:00Z"),
            ("c", "inProgress", "2026-11-22T02:00:00Z"),
            ("d", "something new", "2026-11-22T02:30:00Z"),
            ("e", "completed", "2026-11-22T09:00:00Z"),
        ]))
        .expect("a point");
        assert_eq!((found.id.as_str(), found.cluster.as_str()), ("b", "atlas-x-shard-0"));
    }

    #[test]
    fn what_does_not_tell_a_recovery_point_says_why() {
        let page = atlas(&[("a", "completed", "2026-11-21T00:00:00Z")]).replace("self", "next");
        let old = atlas(&[("a", "completed", "2026-11-21T00:00:00Z")]).replace("2026-12-01", "2026-11-22");
        for (wrong, says) in [
            (atlas(&[("a", "failed", "2026-11-21T00:00:00Z")]), "none of them is complete"),
            (page, "one page of several"),
            (old, "all have expired"),
            (atlas(&[("a", "completed", "yesterday")]), "yesterday is no date"),
            ("{}".to_owned(), "neither Atlas"),
            (String::new(), "is empty"),
            ("[".to_owned(), "is not JSON"),
        ] {
            let why = format!("{:#}", point(&wrong).expect_err(&wrong));
            assert!(why.contains(says), "{wrong}: {why}");
        }
    }

    #[test]
    fn a_list_of_ones_own_is_read() {
        let found = point(r#"{"recoveryPoints":[{"id":"nightly","cluster":"prod","takenAt":"2026-11-22T01:00:00Z"}]}"#);
        assert_eq!(found.expect("a point").id, "nightly");
    }
}
