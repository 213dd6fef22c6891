//! AWS Backup: its documentation's examples, accounts that Cloud Custodian recorded, and the command against moto.

use serde_json::{Value, json};

use crate::{Reads, at};

pub const FOLDERS: &[&str] = &["aws-backup"];

pub fn reads() -> Vec<Reads> {
    let event =
        |name: &'static str, kind: &'static str, values: Vec<(&'static str, Value)>| (name, kind, [1, 0, 0], values);
    vec![
        (
            "aws-backup/c7n.backup_vault_kms_filter.kms.DescribeKey_1.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("8d56db16-21c6-412f-b949-7a012e11ee6e")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(false)),
            ],
        ),
        (
            "aws-backup/c7n.backup_vault_kms_filter.kms.ListAliases_1.json",
            "kms-keys",
            [1, 0, 0],
            vec![("/0/aliases/0", json!("alias/aws/backup"))],
        ),
        (
            "aws-backup/awscli-doc.backup.list-backup-jobs.1.json",
            "aws-backup-jobs",
            [2, 0, 0],
            vec![
                ("/0/state", json!("queued")),
                ("/0/bytes", Value::Null),
                ("/1/state", json!("succeeded")),
                ("/1/basis", json!("delta")),
                ("/1/finishedAt", at("2020-09-21T20:55:44.488Z")),
            ],
        ),
        (
            "aws-backup/awscli-doc.backup.list-backup-jobs.2.json",
            "aws-backup-jobs",
            [1, 0, 0],
            vec![("/0/bytes", json!(71))],
        ),
        (
            "aws-backup/c7n.backup_augment.backup.GetBackupPlan_1.json",
            "aws-backup-plans",
            [1, 0, 0],
            vec![("/0/items/0/keepDays", json!(21)), ("/0/items/1/cadence", json!("cron(0 5 ? * 7 *)"))],
        ),
        (
            "aws-backup/moto.backup-get-backup-plan.json",
            "aws-backup-plans",
            [1, 0, 0],
            vec![("/0/items/0/cadence", json!("cron(0 */6 * * ? *)")), ("/0/copiesTo", json!(["us-west-2"]))],
        ),
        (
            "aws-backup/c7n.backup_vault_kms_filter.backup.ListBackupVaults_1.json",
            "aws-vaults",
            [1, 0, 0],
            vec![("/0/locked", Value::Null), ("/0/points", json!(35))],
        ),
        (
            "aws-backup/moto.backup-describe-backup-vault.Default.json",
            "aws-vaults",
            [1, 0, 0],
            vec![("/0/locked", json!(false))],
        ),
        (
            "aws-backup/moto.backup-describe-backup-vault.tier1-vault.json",
            "aws-vaults",
            [1, 0, 0],
            vec![
                ("/0/locked", json!(true)),
                ("/0/keepAtLeastDays", json!(90)),
                ("/0/lockFinalAt", at("2026-11-25T01:49:23.607Z")),
            ],
        ),
        (
            "aws-backup/moto.backup-list-backup-vaults.json",
            "aws-vaults",
            [3, 0, 0],
            // The second is locked in a way that some may undo.
            vec![("/1/locked", json!(true)), ("/1/lockFinalAt", Value::Null), ("/2/locked", json!(false))],
        ),
        (
            "aws-backup/c7n.dynamodb_consecutive_backup_count_filter.backup.ListRecoveryPointsByResource_1.json",
            "aws-recovery-points",
            [3, 0, 0],
            vec![
                ("/0/bytes", json!(11910)),
                ("/0/vault", json!("Default")),
                ("/1/encryption", Value::Null),
                ("/0/resource", json!("drill")),
            ],
        ),
        (
            "aws-backup/c7n.dynamodb_consecutive_backup_weekly_count_filter.backup.ListRecoveryPointsByResource_1.json",
            "aws-recovery-points",
            [11, 0, 0],
            vec![("/0/region", json!("us-east-1"))],
        ),
        (
            "aws-backup/c7n.efs_consecutive_aws_backups_count_filter.backup.ListRecoveryPointsByResource_1.json",
            "aws-recovery-points",
            [3, 0, 0],
            vec![("/2/takenAt", at("2022-09-07T17:04:52.776Z"))],
        ),
        event(
            "aws-backup/eventbridge.backup-job.ABORTED.json",
            "aws-backup-jobs",
            vec![("/0/state", json!("aborted")), ("/0/message", json!("Backup job was stopped by user."))],
        ),
        event(
            "aws-backup/eventbridge.backup-job.COMPLETED.json",
            "aws-backup-jobs",
            vec![
                ("/0/state", json!("succeeded")),
                ("/0/bytes", json!(36048)),
                (
                    "/0/point",
                    json!("arn:aws:backup:us-west-2:1112233445566:recovery-point:f1d966fe-a3bd-410b-b292-99f442d13b56"),
                ),
            ],
        ),
        event("aws-backup/eventbridge.backup-job.FAILED.json", "aws-backup-jobs", vec![("/0/state", json!("failed"))]),
        event(
            "aws-backup/eventbridge.backup-job.RUNNING.json",
            "aws-backup-jobs",
            vec![("/0/state", json!("running")), ("/0/basis", json!("provisioned"))],
        ),
        event(
            "aws-backup/eventbridge.copy-job.COMPLETED.json",
            "aws-copy-jobs",
            vec![
                ("/0/state", json!("succeeded")),
                ("/0/toRegion", json!("us-west-2")),
                ("/0/point", json!("arn:aws:ec2:us-west-2::snapshot/snap-03886bc8d6ef3a1f9")),
            ],
        ),
        event(
            "aws-backup/eventbridge.copy-job.FAILED.json",
            "aws-copy-jobs",
            // It has an empty object for the point that never came to be.
            vec![
                ("/0/state", json!("failed")),
                ("/0/message", json!("Access denied exception while trying to list tags")),
            ],
        ),
        event(
            "aws-backup/eventbridge.recovery-point.COMPLETED.json",
            "aws-recovery-points",
            vec![
                ("/0/encryption", json!("none")),
                ("/0/expiresAt", at("2020-10-23T21:38:31.152Z")),
                ("/0/resource", json!("arn:aws:rds:us-west-2:1112233445566:cluster:id")),
            ],
        ),
        event(
            "aws-backup/eventbridge.restore-job.FAILED.json",
            "aws-restore-jobs",
            vec![("/0/state", json!("failed"))],
        ),
        event(
            "aws-backup/eventbridge.restore-job.RUNNING.json",
            "aws-restore-jobs",
            vec![("/0/state", json!("running"))],
        ),
    ]
}

pub const REFUSED: &[(&str, &str, &str)] = &[
    ("aws-backup/awscli-doc.backup.create-backup-vault.1.json", "aws-vaults", "is no vault with Locked"),
    ("aws-backup/c7n.backup_augment.backup.ListBackupPlans_1.json", "aws-backup-plans", "names none of them"),
    ("aws-backup/moto.backup-list-backup-plans.json", "aws-backup-plans", "names none of them"),
];

pub const UNREAD: &[(&str, &str)] = &[
    ("aws-backup/c7n.backup_augment.backup.ListTags_1.json", "says what it is labelled with"),
    ("aws-backup/moto-scenario.sh", "is how the others were made"),
];
