//! Amazon EBS, S3 and KMS: examples, recordings, and the command against moto.

use serde_json::{Value, json};

use crate::Reads;

pub const FOLDERS: &[&str] = &["ebs", "s3", "kms"];

pub fn reads() -> Vec<Reads> {
    vec![
        (
            "ebs/awscli-doc.ec2.describe-snapshot-attribute.1.json",
            "ebs-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!(["123456789012"]))],
        ),
        (
            "ebs/awscli-doc.ec2.describe-snapshots.1.json",
            "ebs-snapshots",
            [1, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/resource", json!("vol-049df61146c4d7901")),
                ("/0/bytes", Value::Null),
            ],
        ),
        (
            "ebs/botocore.ec2.DescribeSnapshotAttribute.1.json",
            "ebs-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!([]))],
        ),
        (
            "ebs/botocore.ec2.DescribeSnapshots.1.json",
            "ebs-snapshots",
            [1, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/resource", json!("vol-049df61146c4d7901")),
                ("/0/bytes", Value::Null),
            ],
        ),
        (
            "ebs/c7n.ebs_cross_account.ec2.DescribeSnapshotAttribute_1.json",
            "ebs-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!([]))],
        ),
        (
            "ebs/c7n.ebs_cross_account.ec2.DescribeSnapshots_1.json",
            "ebs-snapshots",
            [4, 0, 0],
            vec![("/0/state", json!("available")), ("/0/resource", json!("vol-48e2119c")), ("/0/bytes", Value::Null)],
        ),
        (
            "ebs/c7n.ebs_snapshot_copy.ec2.DescribeSnapshots_1.json",
            "ebs-snapshots",
            [1, 0, 0],
            vec![("/0/state", json!("available")), ("/0/resource", json!("vol-cc3fc645")), ("/0/bytes", Value::Null)],
        ),
        (
            "ebs/c7n.ebs_snapshot_set_permissions_reset.ec2.DescribeSnapshotAttribute_1.json",
            "ebs-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/aspect", json!("sharing"))],
        ),
        (
            "ebs/c7n.ebs_snapshot_unused.ec2.DescribeSnapshots_1.json",
            "ebs-snapshots",
            [3, 0, 0],
            vec![
                ("/0/state", json!("available")),
                ("/0/resource", json!("vol-0bf78c2aa3a923550")),
                ("/0/bytes", Value::Null),
            ],
        ),
        (
            "ebs/c7n.ec2_snapshot.ec2.DescribeSnapshots_1.json",
            "ebs-snapshots",
            [3, 0, 0],
            vec![
                ("/0/state", json!("creating")),
                ("/0/resource", json!("vol-05117418b3ad30481")),
                ("/0/bytes", Value::Null),
            ],
        ),
        (
            "ebs/moto.ebs-describe-snapshot-attribute.private.json",
            "ebs-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!([]))],
        ),
        (
            "ebs/moto.ebs-describe-snapshot-attribute.public.json",
            "ebs-snapshot-attributes",
            [1, 0, 0],
            vec![("/0/sharedWith", json!(["all"]))],
        ),
        (
            "s3/awscli-doc.s3api.get-bucket-encryption.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("encryption")),
                ("/0/reference", json!("drill")),
                ("/0/encryption", json!("vendor-owned")),
            ],
        ),
        (
            "s3/awscli-doc.s3api.get-bucket-lifecycle-configuration.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/aspect", json!("lifecycle"))],
        ),
        (
            "s3/awscli-doc.s3api.get-bucket-replication.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("replication")),
                ("/0/reference", json!("drill")),
                ("/0/replication/0/0", json!("Enabled")),
            ],
        ),
        (
            "s3/awscli-doc.s3api.get-bucket-versioning.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/versioning", json!("Enabled"))],
        ),
        (
            "s3/awscli-doc.s3api.get-object-lock-configuration.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("object lock")),
                ("/0/reference", json!("drill")),
                ("/0/objectLock", json!("COMPLIANCE")),
                ("/0/lockDays", json!(50)),
            ],
        ),
        (
            "s3/awscli-doc.s3api.get-public-access-block.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("public access block")),
                ("/0/reference", json!("drill")),
                ("/0/public", json!(false)),
            ],
        ),
        ("s3/awscli-doc.s3api.head-object.1.json", "s3-object", [0, 0, 1], vec![]),
        (
            "s3/botocore.s3.GetBucketLifecycleConfiguration.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/aspect", json!("lifecycle"))],
        ),
        (
            "s3/botocore.s3.GetBucketReplication.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("replication")),
                ("/0/reference", json!("drill")),
                ("/0/replication/0/0", json!("Enabled")),
            ],
        ),
        (
            "s3/botocore.s3.GetBucketVersioning.1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/versioning", json!("Enabled"))],
        ),
        ("s3/botocore.s3.HeadObject.1.json", "s3-object", [0, 0, 1], vec![]),
        (
            "s3/c7n.s3_bucket_object_lock_configuration.s3.GetObjectLockConfiguration_1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("object lock")),
                ("/0/reference", json!("drill")),
                ("/0/objectLock", json!("GOVERNANCE")),
                ("/0/lockDays", json!(7)),
            ],
        ),
        (
            "s3/c7n.s3_bucket_replication_filter.s3.GetBucketReplication_1.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("replication")),
                ("/0/reference", json!("drill")),
                ("/0/replication/0/0", json!("Enabled")),
            ],
        ),
        (
            "s3/moto.s3-get-bucket-encryption.acme-backups-compliance.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("encryption")),
                ("/0/reference", json!("drill")),
                ("/0/encryption", json!("unknown")),
            ],
        ),
        (
            "s3/moto.s3-get-bucket-policy-status.acme-public.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/aspect", json!("policy")), ("/0/reference", json!("drill")), ("/0/public", json!(true))],
        ),
        (
            "s3/moto.s3-get-bucket-replication.acme-uploads.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("replication")),
                ("/0/reference", json!("drill")),
                ("/0/replication/0/0", json!("Enabled")),
            ],
        ),
        (
            "s3/moto.s3-get-bucket-versioning.acme-backups-compliance.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/versioning", json!("Enabled"))],
        ),
        (
            "s3/moto.s3-get-bucket-versioning.acme-uploads.json",
            "s3-bucket",
            [1, 0, 0],
            vec![("/0/versioning", json!("Enabled"))],
        ),
        (
            "s3/moto.s3-get-object-lock-configuration.acme-backups-compliance.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("object lock")),
                ("/0/reference", json!("drill")),
                ("/0/objectLock", json!("COMPLIANCE")),
                ("/0/lockDays", json!(90)),
            ],
        ),
        (
            "s3/moto.s3-get-public-access-block.acme-backups-compliance.json",
            "s3-bucket",
            [1, 0, 0],
            vec![
                ("/0/aspect", json!("public access block")),
                ("/0/reference", json!("drill")),
                ("/0/public", json!(false)),
            ],
        ),
        ("s3/moto.s3-head-object.replicated.json", "s3-object", [0, 0, 1], vec![]),
        (
            "kms/awscli-doc.kms.describe-key.1.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("1234abcd-12ab-34cd-56ef-1234567890ab")),
                ("/0/said", json!("Disabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/awscli-doc.kms.describe-key.2.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("mrk-1234abcd12ab34cd56ef1234567890ab")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/awscli-doc.kms.describe-key.3.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("1234abcd-12ab-34cd-56ef-1234567890ab")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/awscli-doc.kms.get-key-rotation-status.1.json",
            "kms-keys",
            [1, 0, 0],
            vec![("/0/rotates", json!(true)), ("/0/reference", json!("1234abcd-12ab-34cd-56ef-1234567890ab"))],
        ),
        (
            "kms/awscli-doc.kms.list-aliases.1.json",
            "kms-keys",
            [2, 0, 0],
            vec![("/0/aliases/0", json!("alias/oregon-test-key"))],
        ),
        (
            "kms/botocore.kms.DescribeKey.1.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("1234abcd-12ab-34cd-56ef-1234567890ab")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/botocore.kms.GetKeyRotationStatus.1.json",
            "kms-keys",
            [1, 0, 0],
            vec![("/0/rotates", json!(true)), ("/0/reference", json!("drill"))],
        ),
        ("kms/botocore.kms.ListAliases.1.json", "kms-keys", [8, 0, 0], vec![("/0/aliases/0", json!("alias/aws/acm"))]),
        (
            "kms/c7n.cross_account_kms.kms.DescribeKey_1.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("7e9d3a66-b4f3-47ff-98f7-4a6087b45405")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/c7n.ebs_aws_managed_kms_keys.kms.ListAliases_1.json",
            "kms-keys",
            [5, 0, 0],
            vec![("/0/aliases/0", json!("alias/BlockStoreKeyWest"))],
        ),
        (
            "kms/c7n.key_rotation.kms.DescribeKey_1.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("ffb1402c-040a-4b1f-b1e5-9918a0238aa7")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/c7n.key_rotation.kms.GetKeyRotationStatus_1.json",
            "kms-keys",
            [1, 0, 0],
            vec![("/0/rotates", json!(true)), ("/0/reference", json!("drill"))],
        ),
        (
            "kms/c7n.kms_grants.kms.ListAliases_1.json",
            "kms-keys",
            [7, 0, 0],
            vec![("/0/aliases/0", json!("alias/aws/ebs"))],
        ),
        (
            "kms/c7n.kms_last_usage.kms.DescribeKey_1.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("9a2e037b-c775-4bb0-a74f-85619da32b74")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/moto.kms-describe-key.customer.json",
            "kms-keys",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("0445661f-8934-46bd-b978-47f72dd2794b")),
                ("/0/said", json!("Enabled")),
                ("/0/customers", json!(true)),
            ],
        ),
        (
            "kms/moto.kms-get-key-rotation-status.json",
            "kms-keys",
            [1, 0, 0],
            vec![("/0/rotates", json!(true)), ("/0/reference", json!("drill"))],
        ),
        ("kms/moto.kms-list-aliases.json", "kms-keys", [15, 0, 0], vec![("/0/aliases/0", json!("alias/prod-backup"))]),
    ]
}

pub const REFUSED: &[(&str, &str, &str)] = &[
    ("ebs/moto.ebs-describe-snapshots.json", "ebs-snapshots", "ask with --owner-ids self"),
    ("ebs/moto.ebs-describe-snapshots.us-west-2.json", "ebs-snapshots", "ask with --owner-ids self"),
];

pub const UNREAD: &[(&str, &str)] = &[
    ("ebs/awscli-doc.ec2.copy-snapshot.1.json", "names a copy that was just begun"),
    ("ebs/awscli-doc.ec2.copy-snapshot.2.json", "names a copy that was just begun"),
    ("ebs/awscli-doc.ec2.describe-fast-snapshot-restores.1.json", "says how fast a volume is filled"),
    ("ebs/awscli-doc.ec2.get-ebs-default-kms-key-id.1.json", "is a default for what is made next"),
    ("ebs/awscli-doc.ec2.get-ebs-default-kms-key-id.2.json", "is a default for what is made next"),
    ("ebs/awscli-doc.ec2.get-ebs-encryption-by-default.1.json", "is a default for what is made next"),
    ("ebs/awscli-doc.ec2.get-ebs-encryption-by-default.2.json", "is a default for what is made next"),
    (
        "ebs/awscli-doc.ec2.get-snapshot-block-public-access-state.1.json",
        "is a rule of the account for what may be shared next",
    ),
    ("ebs/botocore.ec2.CopySnapshot.1.json", "names a copy that was just begun"),
    ("ebs/moto.ebs-get-ebs-encryption-by-default.json", "is a default for what is made next"),
    ("s3/awscli-doc.glacier.get-vault-lock.1.json", "is of a Glacier vault of the old kind"),
    ("s3/awscli-doc.s3api.get-object-legal-hold.1.json", "holds one object, not the bucket"),
    ("s3/awscli-doc.s3api.list-object-versions.1.json", "lists objects, not how each is copied"),
    ("s3/botocore.glacier.DescribeJob.1.json", "is of a Glacier vault of the old kind"),
    ("s3/botocore.glacier.GetVaultLock.1.json", "is of a Glacier vault of the old kind"),
    ("s3/botocore.glacier.ListJobs.1.json", "is of a Glacier vault of the old kind"),
    ("s3/botocore.s3.ListObjectVersions.1.json", "lists objects, not how each is copied"),
    ("s3/c7n.s3_bucket_replication_filter.s3.ListBuckets_1.json", "names buckets and says nothing of them"),
    ("s3/moto.s3-absent-configuration-errors.json", "is what stderr says where something was never set up"),
    ("s3/moto.s3-delete-object.locked.txt", "is an error on stderr, and no answer"),
    ("s3/moto.s3-get-bucket-acl.acme-backups-compliance.json", "tells of grants, which nothing here weighs"),
    ("s3/moto.s3-get-bucket-acl.acme-backups-governance.json", "tells of grants, which nothing here weighs"),
    ("s3/moto.s3-get-bucket-acl.acme-backups-plain.json", "tells of grants, which nothing here weighs"),
    ("s3/moto.s3-get-bucket-acl.acme-uploads.json", "tells of grants, which nothing here weighs"),
    ("s3/moto.s3-list-buckets.json", "names buckets and says nothing of them"),
    ("s3/moto.s3-list-object-versions.json", "lists objects, not how each is copied"),
    ("s3/moto.s3-list-objects-v2.json", "lists objects, not how each is copied"),
    ("kms/awscli-doc.kms.list-key-rotations.1.json", "tells when a key was rotated, not whether it will be"),
    ("kms/awscli-doc.kms.list-keys.1.json", "names keys and says nothing of them"),
    ("kms/botocore.kms.ListGrants.1.json", "tells of grants, which nothing here weighs"),
    ("kms/botocore.kms.ListKeys.1.json", "names keys and says nothing of them"),
    ("kms/c7n.cross_account_kms.kms.GetKeyPolicy_1.json", "is a policy, of which nothing here weighs the conditions"),
    ("kms/c7n.kms_grants.kms.ListGrants_1.json", "tells of grants, which nothing here weighs"),
    ("kms/moto.kms-get-key-policy.json", "is a policy, of which nothing here weighs the conditions"),
    ("kms/moto.kms-list-grants.json", "tells of grants, which nothing here weighs"),
    ("kms/moto.kms-list-keys.json", "names keys and says nothing of them"),
];
