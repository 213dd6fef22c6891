//! AWS IAM: who may restore, decrypt or delete backups.
//! Format: <https://docs.aws.amazon.com/cli/latest/reference/iam/get-account-authorization-details.html> and
//! <https://docs.aws.amazon.com/cli/latest/reference/iam/simulate-principal-policy.html>.

mod principals;
mod simulation;

pub use principals::PRINCIPALS;
pub use simulation::SIMULATION;

/// Actions that matter to backups, and what they amount to. Names are those of
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.
/// iam:PassRole is left out: a restore may need it, but alone it restores nothing.
const POWERS: &[(&str, &[&str])] = &[
    (
        "restore",
        &[
            "backup:StartRestoreJob",
            "rds:RestoreDBInstanceFromDBSnapshot",
            "rds:RestoreDBInstanceFromS3",
            "rds:RestoreDBInstanceToPointInTime",
            "rds:RestoreDBClusterFromSnapshot",
            "rds:RestoreDBClusterFromS3",
            "rds:RestoreDBClusterToPointInTime",
            "ec2:CreateVolume",
            "dynamodb:RestoreTableFromBackup",
            "dynamodb:RestoreTableToPointInTime",
            "s3:GetObjectVersion",
            "s3:RestoreObject",
        ],
    ),
    // Who may make a grant may make one for himself.
    ("decrypt", &["kms:Decrypt", "kms:CreateGrant"]),
    ("copy backups", &["backup:StartCopyJob", "rds:CopyDBSnapshot", "rds:CopyDBClusterSnapshot", "ec2:CopySnapshot"]),
    (
        "share backups",
        &[
            "rds:ModifyDBSnapshotAttribute",
            "rds:ModifyDBClusterSnapshotAttribute",
            "ec2:ModifySnapshotAttribute",
            "backup:PutBackupVaultAccessPolicy",
        ],
    ),
    (
        "delete backups",
        &[
            "backup:DeleteRecoveryPoint",
            "backup:DeleteBackupVault",
            "rds:DeleteDBSnapshot",
            "rds:DeleteDBClusterSnapshot",
            "rds:DeleteDBInstanceAutomatedBackup",
            "rds:DeleteDBClusterAutomatedBackup",
            "ec2:DeleteSnapshot",
            "dynamodb:DeleteBackup",
            "s3:DeleteObjectVersion",
        ],
    ),
    (
        "weaken protection",
        &[
            "backup:DeleteBackupVaultLockConfiguration",
            "backup:DeleteBackupPlan",
            "s3:BypassGovernanceRetention",
            "s3:PutBucketVersioning",
            "s3:PutLifecycleConfiguration",
        ],
    ),
    ("take keys away", &["kms:ScheduleKeyDeletion", "kms:DisableKey"]),
];

/// What this pattern lets do; a policy's action may hold `*` and `?` and its case does not matter.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.as_bytes(), action.as_bytes());
    let (mut p, mut a) = (0, 0);
    // Where the last star was, and how much of the action it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while a < action.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, a));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&action[a]) => {
                p += 1;
                a += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    a = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_text_and_case_does_not_matter() {
        for (pattern, fits) in [
            ("*", true),
            ("rds:*", true),
            ("RDS:restoredb*", true),
            ("rds:Restore*Snapshot", true),
            ("rds:RestoreDB????????FromDBSnapshot", true),
            ("rds:Restore*Time", false),
            ("rds:RestoreDBInstance", false),
            ("backup:*", false),
            ("", false),
        ] {
            assert_eq!(matches(pattern, "rds:RestoreDBInstanceFromDBSnapshot"), fits, "{pattern}");
        }
    }
}
