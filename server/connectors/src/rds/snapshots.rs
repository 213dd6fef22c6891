//! Snapshots of instances and of clusters, automated and by hand.

use domain::{
    Moment,
    fact::{Basis, Fact, Point, PointState},
};
use serde::Deserialize;
use serde_json::Value;

use super::encryption;
use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub static SNAPSHOTS: Connector = Connector {
    kind: "rds-snapshots",
    title: "Amazon RDS, snapshots",
    command: "aws rds describe-db-snapshots --output json",
    looks: |value| list(value).is_some(),
    read,
};

/// Of instances, of clusters, or one that was just copied.
fn list(value: &Value) -> Option<(&'static str, &[Value])> {
    let listed = |name: &'static str| Some((name, value.get(name)?.as_array()?.as_slice()));
    let one = || Some(("DBSnapshot", std::slice::from_ref(value.get("DBSnapshot")?)));
    listed("DBSnapshots").or_else(|| listed("DBClusterSnapshots")).or_else(one)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Snapshot {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    identifier: String,
    #[serde(rename = "DBSnapshotArn", alias = "DBClusterSnapshotArn")]
    arn: Option<String>,
    #[serde(rename = "DBInstanceIdentifier", alias = "DBClusterIdentifier")]
    of: Option<String>,
    status: Option<String>,
    snapshot_type: Option<String>,
    /// Changes when it is copied; the other does not.
    #[serde(default, deserialize_with = "time::maybe")]
    snapshot_create_time: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    original_snapshot_create_time: Option<Moment>,
    /// The last transaction that it holds.
    #[serde(default, deserialize_with = "time::maybe")]
    snapshot_database_time: Option<Moment>,
    /// AllocatedStorage is what is reserved, and no size of it.
    #[serde(default, deserialize_with = "aws::number")]
    full_snapshot_size_in_bytes: Option<i64>,
    #[serde(alias = "StorageEncrypted")]
    encrypted: Option<bool>,
    storage_encryption_type: Option<String>,
    kms_key_id: Option<String>,
    #[serde(rename = "SourceDBSnapshotIdentifier", alias = "SourceDBClusterSnapshotArn")]
    copy_of: Option<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let Some((name, list)) = list(&value) else {
        return Err(Unread::Whole("it has no list DBSnapshots or DBClusterSnapshots".to_owned()));
    };
    answer::whole(&value)?;
    let mut read = Read::default();
    for (n, snapshot) in answer::each::<Snapshot>(list, name)?.into_iter().enumerate() {
        let said = snapshot.status.unwrap_or_default();
        let state = match said.as_str() {
            "available" => PointState::Available,
            "creating" | "pending" | "copying" => PointState::Creating,
            "deleting" => PointState::Deleting,
            "failed" => PointState::Failed,
            _ => PointState::Unknown,
        };
        if state == PointState::Unknown {
            read.not_understood.push(Problem::new(format!("{name}[{n}].Status"), format!("Status {said:?}")));
        }
        read.facts.push(Fact::Point(Point {
            region: snapshot.arn.as_deref().and_then(aws::region).or_else(|| about.region.clone()),
            resource: snapshot.of,
            cadence: snapshot.snapshot_type,
            taken_at: snapshot.original_snapshot_create_time.or(snapshot.snapshot_create_time),
            data_as_of: snapshot.snapshot_database_time,
            bytes: snapshot.full_snapshot_size_in_bytes,
            basis: snapshot.full_snapshot_size_in_bytes.map(|_| Basis::Full),
            copy_of: snapshot.copy_of,
            encryption: encryption(snapshot.encrypted, snapshot.storage_encryption_type.as_deref()),
            key: snapshot.kms_key_id,
            ..plain::point(snapshot.arn.unwrap_or(snapshot.identifier), state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use domain::fact::Encryption;

    use super::*;

    #[test]
    fn a_copy_keeps_the_time_of_its_original_and_what_is_reserved_is_no_size() {
        let text = r#"{"DBSnapshots":[
            {"DBSnapshotIdentifier":"copy","DBSnapshotArn":"arn:aws:rds:eu-west-1:111122223333:snapshot:copy","DBInstanceIdentifier":"orders","Status":"available","SnapshotType":"manual","AllocatedStorage":100,
             "SnapshotCreateTime":"2026-11-22T02:00:00Z","OriginalSnapshotCreateTime":"2026-11-22T01:00:00Z","SnapshotDatabaseTime":"2026-11-22T00:59:00Z","Encrypted":true,"KmsKeyId":"arn:k","SourceDBSnapshotIdentifier":"arn:s"},
            {"DBSnapshotIdentifier":"new","Status":"creating","Encrypted":false},
            {"DBSnapshotIdentifier":"odd","Status":"storage-optimization"}]}"#;
        let read = read(text.as_bytes(), &About::default()).expect("it reads");
        let points: Vec<_> =
            read.facts.iter().filter_map(|f| if let Fact::Point(p) = f { Some(p) } else { None }).collect();
        assert_eq!(points[0].taken_at.map(Moment::rfc3339).as_deref(), Some("2026-11-22T01:00:00.000Z"));
        assert!(points[0].data_as_of < points[0].taken_at && points[0].bytes.is_none());
        assert_eq!(
            (points[0].encryption, points[0].region.as_deref(), points[0].copy_of.as_deref()),
            (Some(Encryption::Unknown), Some("eu-west-1"), Some("arn:s"))
        );
        assert_eq!(
            (points[1].state, points[1].taken_at, points[1].encryption),
            (PointState::Creating, None, Some(Encryption::None))
        );
        assert_eq!(read.not_understood.len(), 1);
        let page = br#"{"DBSnapshots":[],"Marker":"m"}"#;
        assert!(super::read(page, &About::default()).expect_err("a page").to_string().contains("one page of several"));
    }
}
