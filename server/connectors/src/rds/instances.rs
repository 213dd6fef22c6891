//! Database instances: whether and how long they are backed up, and who reaches them.

use domain::{
    Moment,
    fact::{Fact, Store},
};
use serde::Deserialize;

use super::encryption;
use crate::{About, Connector, Read, Unread, answer, aws, time};

pub static INSTANCES: Connector = Connector {
    kind: "rds-instances",
    title: "Amazon RDS, instances",
    command: "aws rds describe-db-instances --output json",
    looks: |value| value.get("DBInstances").is_some(),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    #[serde(rename = "DBInstanceIdentifier")]
    identifier: String,
    #[serde(rename = "DBInstanceArn")]
    arn: Option<String>,
    engine: Option<String>,
    backup_retention_period: Option<i64>,
    publicly_accessible: Option<bool>,
    deletion_protection: Option<bool>,
    storage_encrypted: Option<bool>,
    storage_encryption_type: Option<String>,
    kms_key_id: Option<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    latest_restorable_time: Option<Moment>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = answer::list_of(&value, "DBInstances")?;
    answer::whole(&value)?;
    let instances = answer::each::<Instance>(list, "DBInstances")?;
    let facts = instances.into_iter().map(|instance| {
        let days = instance.backup_retention_period;
        Fact::Store(Store {
            region: instance.arn.as_deref().and_then(aws::region).or_else(|| about.region.clone()),
            reference: instance.arn.unwrap_or_else(|| instance.identifier.clone()),
            name: instance.identifier,
            kind: instance.engine.map_or("RDS instance".to_owned(), |engine| format!("RDS instance ({engine})")),
            // 0 turns automated backups off, and with them any moment's restore.
            backed_up: days.map(|days| days > 0),
            continuous: days.map(|days| days > 0),
            retention_days: days.filter(|days| *days > 0),
            encryption: encryption(instance.storage_encrypted, instance.storage_encryption_type.as_deref()),
            key: instance.kms_key_id,
            public: instance.publicly_accessible,
            deletion_protected: instance.deletion_protection,
            restorable_to: instance.latest_restorable_time,
            ..Store::default()
        })
    });
    Ok(Read { facts: facts.collect(), ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_of_nothing_is_backups_turned_off() {
        let text = r#"{"DBInstances":[
            {"DBInstanceIdentifier":"orders","DBInstanceArn":"arn:aws:rds:eu-central-1:111122223333:db:orders","Engine":"postgres","BackupRetentionPeriod":35,"PubliclyAccessible":false,"LatestRestorableTime":"2026-11-22T01:55:00Z"},
            {"DBInstanceIdentifier":"scratch","BackupRetentionPeriod":0},
            {"DBInstanceIdentifier":"untold"}]}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Store(orders), Fact::Store(scratch), Fact::Store(untold)] = facts.as_slice() else {
            panic!("three")
        };
        assert_eq!((orders.backed_up, orders.retention_days, orders.public), (Some(true), Some(35), Some(false)));
        assert_eq!((orders.region.as_deref(), orders.kind.as_str()), (Some("eu-central-1"), "RDS instance (postgres)"));
        assert_eq!((scratch.backed_up, scratch.retention_days), (Some(false), None));
        assert_eq!((untold.backed_up, untold.encryption), (None, None));
        let bad = br#"{"DBInstances":[{},{"DBInstanceIdentifier":1}]}"#;
        let Err(Unread::Places(places)) = read(bad, &About::default()) else { panic!("refused") };
        assert_eq!(places.len(), 2);
    }
}
