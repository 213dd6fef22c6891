//! Recovery points, listed by vault or by resource (which names some fields otherwise), or told by events.

use domain::{
    Moment,
    fact::{Basis, Encryption, Fact, Point, PointState},
};
use serde::Deserialize;

use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub static POINTS: Connector = Connector {
    kind: "aws-recovery-points",
    title: "AWS Backup, recovery points",
    command: "aws backup list-recovery-points-by-backup-vault --backup-vault-name VAULT --output json",
    looks: |value| aws::looks(value, "RecoveryPoints", EVENT),
    read,
};

const EVENT: &str = "Recovery Point State Change";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    #[serde(alias = "EventResource")]
    recovery_point_arn: String,
    status: Option<String>,
    resource_arn: Option<String>,
    backup_vault_name: Option<String>,
    source_backup_vault_arn: Option<String>,
    #[serde(default, alias = "BackupSizeBytes", deserialize_with = "aws::number")]
    backup_size_in_bytes: Option<i64>,
    #[serde(default, deserialize_with = "time::maybe")]
    creation_date: Option<Moment>,
    #[serde(alias = "CalculatedLifeCycle")]
    calculated_lifecycle: Option<Calculated>,
    encryption_key_arn: Option<String>,
    encryption_key_type: Option<String>,
    #[serde(default, deserialize_with = "aws::yes")]
    is_encrypted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Calculated {
    #[serde(default, deserialize_with = "time::maybe")]
    delete_at: Option<Moment>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = aws::elements(&value, "RecoveryPoints", EVENT)?;
    let mut read = Read::default();
    for (n, told) in answer::each::<Told>(&list, "RecoveryPoints")?.into_iter().enumerate() {
        let said = told.status.unwrap_or_default();
        let state = match said.as_str() {
            "COMPLETED" | "AVAILABLE" => PointState::Available,
            "CREATING" => PointState::Creating,
            "PARTIAL" => PointState::Partial,
            "DELETING" => PointState::Deleting,
            "EXPIRED" => PointState::Expired,
            _ => PointState::Unknown,
        };
        if state == PointState::Unknown {
            read.not_understood.push(Problem::new(format!("RecoveryPoints[{n}].Status"), format!("Status {said:?}")));
        }
        let encryption = match (told.encryption_key_type.as_deref(), told.is_encrypted) {
            (Some("CUSTOMER_MANAGED_KMS_KEY"), _) => Some(Encryption::CustomerManaged),
            (Some("AWS_OWNED_KMS_KEY"), _) => Some(Encryption::VendorOwned),
            (_, Some(false)) => Some(Encryption::None),
            // A key is named: whose it is, only the key itself says.
            (_, Some(true)) => Some(Encryption::Unknown),
            _ => told.encryption_key_arn.as_ref().map(|_| Encryption::Unknown),
        };
        read.facts.push(Fact::Point(Point {
            region: aws::region(&told.recovery_point_arn).or_else(|| about.region.clone()),
            // Listed by resource, the answer does not name it.
            resource: told.resource_arn.or_else(|| about.resource.clone()),
            taken_at: told.creation_date,
            expires_at: told.calculated_lifecycle.and_then(|lifecycle| lifecycle.delete_at),
            bytes: told.backup_size_in_bytes,
            basis: told.backup_size_in_bytes.map(|_| Basis::Unknown),
            copy_of: told.source_backup_vault_arn,
            encryption,
            key: told.encryption_key_arn,
            vault: told.backup_vault_name,
            ..plain::point(told.recovery_point_arn, state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_listings_read_and_a_key_alone_does_not_say_whose_it_is() {
        let text = r#"{"RecoveryPoints":[
            {"RecoveryPointArn":"arn:aws:backup:eu-central-1:111122223333:recovery-point:1","ResourceArn":"arn:r","Status":"COMPLETED","BackupSizeInBytes":10,"IsEncrypted":true,"EncryptionKeyArn":"arn:k","CalculatedLifecycle":{"DeleteAt":1600725492.929},"CreationDate":1600721892.929},
            {"RecoveryPointArn":"arn:aws:ec2:eu-west-1::snapshot/snap-1","Status":"AVAILABLE","BackupSizeBytes":20,"EncryptionKeyType":"CUSTOMER_MANAGED_KMS_KEY"},
            {"RecoveryPointArn":"x","Status":"STOPPED","IsEncrypted":false}]}"#;
        let about = About { resource: Some("orders".to_owned()), ..About::default() };
        let read = read(text.as_bytes(), &about).expect("it reads");
        let points: Vec<_> =
            read.facts.iter().filter_map(|f| if let Fact::Point(p) = f { Some(p) } else { None }).collect();
        assert_eq!((points[0].resource.as_deref(), points[1].resource.as_deref()), (Some("arn:r"), Some("orders")));
        assert_eq!((points[0].bytes, points[1].bytes), (Some(10), Some(20)));
        let encryption: Vec<_> = points.iter().map(|p| p.encryption).collect();
        let expected = [Encryption::Unknown, Encryption::CustomerManaged, Encryption::None].map(Some);
        assert_eq!(encryption, expected);
        assert_eq!(points[1].region.as_deref(), Some("eu-west-1"));
        assert!(points[0].expires_at > points[0].taken_at);
        assert_eq!(read.not_understood.len(), 1);
    }
}
