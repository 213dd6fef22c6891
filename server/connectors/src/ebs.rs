//! Snapshots of Amazon EBS volumes.

mod attributes;

use std::collections::BTreeSet;

use domain::{
    Moment,
    fact::{Basis, Encryption, Fact, Point, PointState},
};
use serde::Deserialize;

use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub use attributes::SNAPSHOT_ATTRIBUTES;

pub static SNAPSHOTS: Connector = Connector {
    kind: "ebs-snapshots",
    title: "Amazon EBS, snapshots",
    command: "aws ec2 describe-snapshots --owner-ids self --output json",
    looks: |value| value.get("Snapshots").and_then(|list| list.get(0)).is_some_and(|one| one.get("VolumeId").is_some()),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Snapshot {
    snapshot_id: String,
    volume_id: Option<String>,
    owner_id: Option<String>,
    state: Option<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    start_time: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    lock_expires_on: Option<Moment>,
    /// VolumeSize is what is reserved, and no size of it.
    #[serde(default, deserialize_with = "aws::number")]
    full_snapshot_size_in_bytes: Option<i64>,
    encrypted: Option<bool>,
    kms_key_id: Option<String>,
}

/// What a copy has for a volume, which is none.
const NO_VOLUME: &str = "vol-ffffffff";

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = answer::list_of(&value, "Snapshots")?;
    answer::whole(&value)?;
    let snapshots = answer::each::<Snapshot>(list, "Snapshots")?;
    let owners: BTreeSet<&str> = snapshots.iter().filter_map(|s| s.owner_id.as_deref()).collect();
    // Asked without an owner, it answers with the public ones of the whole world.
    if owners.len() > 1 && about.account.is_none() {
        return Err(Unread::Whole(format!(
            "it lists snapshots of {} accounts: ask with --owner-ids self, or say which account is yours",
            owners.len()
        )));
    }
    let mut read = Read::default();
    for (n, snapshot) in snapshots.into_iter().enumerate() {
        if about.account.is_some() && snapshot.owner_id.is_some() && snapshot.owner_id != about.account {
            read.passed_by += 1;
            continue;
        }
        let said = snapshot.state.unwrap_or_default();
        let state = match said.as_str() {
            "completed" => PointState::Available,
            "pending" => PointState::Creating,
            "error" => PointState::Failed,
            _ => PointState::Unknown,
        };
        if state == PointState::Unknown {
            read.not_understood.push(Problem::new(format!("Snapshots[{n}].State"), format!("State {said:?}")));
        }
        let encryption = snapshot.encrypted.map(|yes| if yes { Encryption::Unknown } else { Encryption::None });
        read.facts.push(Fact::Point(Point {
            resource: snapshot.volume_id.filter(|volume| volume != NO_VOLUME),
            taken_at: snapshot.start_time,
            bytes: snapshot.full_snapshot_size_in_bytes,
            basis: snapshot.full_snapshot_size_in_bytes.map(|_| Basis::Full),
            region: about.region.clone(),
            encryption,
            key: snapshot.kms_key_id,
            locked_until: snapshot.lock_expires_on,
            ..plain::point(snapshot.snapshot_id, state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"Snapshots":[
        {"SnapshotId":"snap-1","VolumeId":"vol-1","OwnerId":"111122223333","State":"completed","VolumeSize":80,"StartTime":"2026-11-22T01:48:48.000Z","Encrypted":false},
        {"SnapshotId":"snap-2","VolumeId":"vol-ffffffff","OwnerId":"123456789012","State":"recoverable","Encrypted":true}]}"#;

    #[test]
    fn other_peoples_snapshots_are_refused_or_passed_by() {
        let refused = read(TWO.as_bytes(), &About::default()).expect_err("two accounts").to_string();
        assert!(refused.contains("2 accounts") && refused.contains("--owner-ids self"), "{refused}");
        let mine = About { account: Some("123456789012".to_owned()), ..About::default() };
        let read = read(TWO.as_bytes(), &mine).expect("it reads");
        let [Fact::Point(point)] = read.facts.as_slice() else { panic!("one") };
        assert_eq!((point.resource.as_deref(), point.state, read.passed_by), (None, PointState::Unknown, 1));
        assert_eq!(read.not_understood, [Problem::new("Snapshots[1].State", "State \"recoverable\"")]);
    }
}
