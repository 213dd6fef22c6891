//! Vaults and their locks. Locked without a date is a lock that some may still take off; the date is when nobody can.

use domain::{
    Moment,
    fact::{Fact, Vault},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer, time};

pub static VAULTS: Connector = Connector {
    kind: "aws-vaults",
    title: "AWS Backup, vaults and their locks",
    command: "aws backup list-backup-vaults --output json",
    looks: |value| value.get("BackupVaultList").is_some() || is_vault(value),
    read,
};

/// What `create-backup-vault` answers says nothing of a lock.
fn is_vault(value: &Value) -> bool {
    value.get("BackupVaultName").is_some() && value.get("Locked").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    backup_vault_name: String,
    backup_vault_arn: Option<String>,
    locked: Option<bool>,
    #[serde(default, deserialize_with = "time::maybe")]
    lock_date: Option<Moment>,
    min_retention_days: Option<i64>,
    max_retention_days: Option<i64>,
    number_of_recovery_points: Option<i64>,
    encryption_key_arn: Option<String>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    answer::whole(&value)?;
    let list = match value.get("BackupVaultList") {
        Some(_) => answer::list_of(&value, "BackupVaultList")?,
        None if is_vault(&value) => std::slice::from_ref(&value),
        None => return Err(Unread::Whole("it has no list BackupVaultList, and is no vault with Locked".to_owned())),
    };
    let vaults = answer::each::<Told>(list, "BackupVaultList")?;
    let facts = vaults.into_iter().map(|told| {
        Fact::Vault(Vault {
            reference: told.backup_vault_arn.unwrap_or_else(|| told.backup_vault_name.clone()),
            name: told.backup_vault_name,
            locked: told.locked,
            lock_final_at: told.lock_date,
            keep_at_least_days: told.min_retention_days,
            keep_at_most_days: told.max_retention_days,
            points: told.number_of_recovery_points,
            key: told.encryption_key_arn,
        })
    });
    Ok(Read { facts: facts.collect(), ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_reported_as_it_stands() {
        let text = r#"{"BackupVaultList":[
            {"BackupVaultName":"tier1","BackupVaultArn":"arn:v","Locked":true,"LockDate":1795571363.6,"MinRetentionDays":90},
            {"BackupVaultName":"old"}]}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Vault(tier1), Fact::Vault(old)] = facts.as_slice() else { panic!("two vaults") };
        assert_eq!(
            (tier1.locked, tier1.keep_at_least_days, tier1.lock_final_at.is_some()),
            (Some(true), Some(90), true)
        );
        assert_eq!((old.locked, old.reference.as_str()), (None, "old"));
        assert!(read(br#"{"BackupVaultName":"new"}"#, &About::default()).is_err());
    }
}
