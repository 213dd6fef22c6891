//! Amazon RDS: examples, recordings, and the command against moto.

use serde_json::{Value, json};

use crate::Reads;

pub const FOLDERS: &[&str] = &["rds"];

pub fn reads() -> Vec<Reads> {
    vec![
        (
            "rds/awscli-doc.rds.copy-db-snapshot.1.json",
            "rds-snapshots",
            [1, 0, 0],
            vec![("/0/state", json!("creating"))],
        ),
        (
            "rds/awscli-doc.rds.describe-db-cluster-snapshot-attributes.1.json",
            "rds-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!(["123456789012"]))],
        ),
        (
            "rds/awscli-doc.rds.describe-db-snapshot-attributes.1.json",
            "rds-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/aspect", json!("sharing"))],
        ),
        (
            "rds/awscli-doc.rds.describe-db-snapshots.1.json",
            "rds-snapshots",
            [1, 0, 0],
            vec![("/0/state", json!("available")), ("/0/encryption", json!("none")), ("/0/resource", json!("mysqldb"))],
        ),
        (
            "rds/awscli-doc.rds.start-db-instance-automated-backups-replication.1.json",
            "rds-automated-backups",
            [1, 0, 0],
            vec![("/0/state", json!("creating"))],
        ),
        (
            "rds/c7n.rds_aws_managed_kms_keys.kms.ListAliases_1.json",
            "kms-keys",
            [5, 0, 0],
            vec![("/0/aliases/0", json!("alias/BlockStoreKeyWest"))],
        ),
        (
            "rds/c7n.rds_aws_managed_kms_keys.rds.DescribeDBInstances_1.json",
            "rds-instances",
            [2, 0, 0],
            vec![("/0/name", json!("bluelobster")), ("/0/backedUp", json!(true)), ("/0/public", json!(true))],
        ),
        (
            "rds/c7n.rds_cluster_snapshot_cross_account.rds.DescribeDBClusterSnapshotAttributes_1.json",
            "rds-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!(["12345678910"]))],
        ),
        (
            "rds/c7n.rds_cluster_snapshot_cross_account.rds.DescribeDBClusterSnapshots_1.json",
            "rds-snapshots",
            [1, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/encryption", json!("unknown")),
                ("/0/resource", json!("test-cluster")),
            ],
        ),
        (
            "rds/c7n.rds_delete_copy_restore.rds.DescribeDBInstances_1.json",
            "rds-instances",
            [1, 0, 0],
            vec![("/0/name", json!("mxtest")), ("/0/backedUp", json!(true)), ("/0/public", json!(true))],
        ),
        (
            "rds/c7n.rds_delete_copy_restore.rds.DescribeDBSnapshots_1.json",
            "rds-snapshots",
            [1, 0, 0],
            vec![
                ("/0/state", json!("creating")),
                ("/0/encryption", json!("unknown")),
                ("/0/resource", json!("mxtest")),
                ("/0/takenAt", Value::Null),
            ],
        ),
        (
            "rds/c7n.rds_retention.rds.DescribeDBInstances_1.json",
            "rds-instances",
            [5, 0, 0],
            vec![("/0/name", json!("oneness")), ("/0/backedUp", json!(true)), ("/0/public", json!(true))],
        ),
        (
            "rds/c7n.rds_snapshot.rds.DescribeDBSnapshots_1.json",
            "rds-snapshots",
            [2, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/encryption", json!("none")),
                ("/0/resource", json!("c7n-snapshot-test")),
            ],
        ),
        (
            "rds/c7n.rds_snapshot_access.rds.DescribeDBSnapshotAttributes_1.json",
            "rds-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!([]))],
        ),
        (
            "rds/c7n.rds_snapshot_access.rds.DescribeDBSnapshots_1.json",
            "rds-snapshots",
            [4, 0, 0],
            vec![("/0/state", json!("available")), ("/0/encryption", json!("none")), ("/0/resource", json!("tidx"))],
        ),
        (
            "rds/c7n.rds_snapshot_copy_related_tags.rds.DescribeDBSnapshots_1.json",
            "rds-snapshots",
            [4, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/encryption", json!("unknown")),
                ("/0/resource", json!("database-1")),
            ],
        ),
        (
            "rds/c7n.rds_snapshot_latest.rds.DescribeDBSnapshots_1.json",
            "rds-snapshots",
            [3, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/encryption", json!("unknown")),
                ("/0/resource", json!("originb")),
            ],
        ),
        (
            "rds/c7n.rds_snapshot_region_copy.rds.CopyDBSnapshot_1.json",
            "rds-snapshots",
            [1, 0, 0],
            vec![("/0/state", json!("creating"))],
        ),
        (
            "rds/c7n.rds_snapshot_region_copy.rds.DescribeDBSnapshots_1.json",
            "rds-snapshots",
            [1, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/encryption", json!("unknown")),
                ("/0/resource", json!("originb")),
            ],
        ),
        ("rds/moto.rds-copy-db-snapshot.json", "rds-snapshots", [1, 0, 0], vec![("/0/state", json!("available"))]),
        (
            "rds/moto.rds-describe-db-instance-automated-backups.json",
            "rds-automated-backups",
            [3, 0, 0],
            vec![("/0/window", Value::Null)],
        ),
        (
            "rds/moto.rds-describe-db-instances.json",
            "rds-instances",
            [3, 0, 0],
            vec![("/0/name", json!("prod-orders")), ("/0/backedUp", json!(true)), ("/0/public", Value::Null)],
        ),
        (
            "rds/moto.rds-describe-db-snapshot-attributes.analytics-manual-1.json",
            "rds-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!(["all"]))],
        ),
        (
            "rds/moto.rds-describe-db-snapshot-attributes.prod-orders-manual-1.json",
            "rds-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!([]))],
        ),
        (
            "rds/moto.rds-describe-db-snapshots.json",
            "rds-snapshots",
            [6, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/encryption", json!("unknown")),
                ("/0/resource", json!("prod-orders")),
            ],
        ),
    ]
}

pub const REFUSED: &[(&str, &str, &str)] = &[
    ("rds/botocore.rds.CopyDBSnapshot.1.json", "rds-snapshots", "DBSnapshotIdentifier"),
    ("rds/botocore.rds.DescribeDBSnapshotAttributes.1.json", "rds-snapshot-attributes", "DBSnapshotIdentifier"),
    ("rds/moto.rds-describe-db-snapshots.page1.json", "rds-snapshots", "one page of several"),
];

pub const UNREAD: &[(&str, &str)] = &[
    ("rds/awscli-doc.rds.describe-events.1.json", "tells in words for people that a backup began and ended"),
    ("rds/botocore.rds.RestoreDBInstanceFromDBSnapshot.1.json", "answers that a restore was begun, not that it ended"),
];
