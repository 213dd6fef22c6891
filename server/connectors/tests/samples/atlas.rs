//! MongoDB Atlas, as its own command-line tool's tests recorded it.

use serde_json::{Value, json};

use crate::Reads;

pub const FOLDERS: &[&str] = &["atlas"];

pub fn reads() -> Vec<Reads> {
    vec![
        (
            "atlas/CompliancePolicyDescribe.GET.backupCompliancePolicy.dedicated.1.http200.json",
            "atlas-compliance",
            [1, 0, 0],
            vec![
                ("/0/enforced", json!("ACTIVE")),
                ("/0/weakenedBy", json!(["copies are not protected", "it demands no key of one’s own"])),
            ],
        ),
        (
            "atlas/CompliancePolicyDescribe.PUT.backupCompliancePolicy.dedicated.1.http200.json",
            "atlas-compliance",
            [1, 0, 0],
            vec![
                ("/0/enforced", json!("ENABLING")),
                ("/0/weakenedBy", json!(["copies are not protected", "it demands no key of one’s own"])),
            ],
        ),
        (
            "atlas/CompliancePolicyEnable.PUT.backupCompliancePolicy.dedicated.1.http200.json",
            "atlas-compliance",
            [1, 0, 0],
            vec![
                ("/0/enforced", json!("ENABLING")),
                ("/0/weakenedBy", json!(["copies are not protected", "it demands no key of one’s own"])),
            ],
        ),
        (
            "atlas/CompliancePolicyPoliciesDescribe.GET.backupCompliancePolicy.dedicated.1.http200.json",
            "atlas-compliance",
            [1, 0, 0],
            vec![
                ("/0/enforced", json!("ACTIVE")),
                ("/0/weakenedBy", json!(["copies are not protected", "it demands no key of one’s own"])),
            ],
        ),
        (
            "atlas/CompliancePolicyPoliciesDescribe.PUT.backupCompliancePolicy.dedicated.1.http200.json",
            "atlas-compliance",
            [1, 0, 0],
            vec![
                ("/0/enforced", json!("ENABLING")),
                ("/0/weakenedBy", json!(["copies are not protected", "it demands no key of one’s own"])),
            ],
        ),
        (
            "atlas/CompliancePolicySetup.PUT.backupCompliancePolicy.dedicated.1.http200.json",
            "atlas-compliance",
            [1, 0, 0],
            vec![
                ("/0/enforced", json!("ENABLING")),
                ("/0/weakenedBy", json!(["copies are not protected", "it demands no key of one’s own"])),
            ],
        ),
        (
            "atlas/ExportJobs__Create_job.POST.exports.dedicated.1.http200.json",
            "atlas-exports",
            [1, 0, 0],
            vec![("/0/said", json!("Queued"))],
        ),
        (
            "atlas/ExportJobs__Create_snapshot.POST.snapshots.dedicated.1.http200.json",
            "atlas-snapshots",
            [1, 0, 0],
            vec![("/0/state", json!("queued"))],
        ),
        (
            "atlas/ExportJobs__Describe_job.GET.exports.dedicated.1.http200.json",
            "atlas-exports",
            [1, 0, 0],
            vec![("/0/said", json!("Successful"))],
        ),
        (
            "atlas/ExportJobs__List_jobs.GET.exports.dedicated.1.http200.json",
            "atlas-exports",
            [1, 0, 0],
            vec![("/0/said", json!("Successful"))],
        ),
        (
            "atlas/ExportJobs__Watch_create_job.GET.exports.dedicated.1.http200.json",
            "atlas-exports",
            [1, 0, 0],
            vec![("/0/said", json!("Queued"))],
        ),
        (
            "atlas/ExportJobs__Watch_create_job.GET.exports.dedicated.2.http200.json",
            "atlas-exports",
            [1, 0, 0],
            vec![("/0/said", json!("InProgress"))],
        ),
        (
            "atlas/ExportJobs__Watch_create_job.GET.exports.dedicated.3.http200.json",
            "atlas-exports",
            [1, 0, 0],
            vec![("/0/said", json!("Successful"))],
        ),
        (
            "atlas/ExportJobs__Watch_snapshot_creation.GET.snapshots.dedicated.1.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("running")), ("/0/bytes", Value::Null)],
        ),
        (
            "atlas/ExportJobs__Watch_snapshot_creation.GET.snapshots.dedicated.2.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("running")), ("/0/bytes", Value::Null)],
        ),
        (
            "atlas/ExportJobs__Watch_snapshot_creation.GET.snapshots.dedicated.3.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("running")), ("/0/bytes", Value::Null)],
        ),
        (
            "atlas/ExportJobs__Watch_snapshot_creation.GET.snapshots.dedicated.4.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("succeeded")), ("/0/bytes", json!(1574477824_i64))],
        ),
        (
            "atlas/FlexBackup__Snapshot_Describe.GET.snapshots.flex.1.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/FlexBackup__Snapshot_List.GET.snapshots.flex.1.http200.json",
            "atlas-snapshots",
            [16, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/FlexBackup__Snapshot_Watch.GET.snapshots.flex.1.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/Restores__Create_snapshot.POST.snapshots.dedicated.1.http200.json",
            "atlas-snapshots",
            [1, 0, 0],
            vec![("/0/state", json!("queued"))],
        ),
        (
            "atlas/Restores__Restores_Create_-_Automated.POST.restoreJobs.dedicated.1.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("running"))],
        ),
        (
            "atlas/Restores__Restores_Create_-_Download.POST.restoreJobs.dedicated.1.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("running"))],
        ),
        (
            "atlas/Restores__Restores_Describe.GET.restoreJobs.dedicated.1.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/Restores__Restores_List.GET.restoreJobs.dedicated.1.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/Restores__Restores_Watch.GET.restoreJobs.dedicated.1.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("running"))],
        ),
        (
            "atlas/Restores__Restores_Watch.GET.restoreJobs.dedicated.2.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/Restores__Restores_Watch_-_Download.GET.restoreJobs.dedicated.1.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("running"))],
        ),
        (
            "atlas/Restores__Restores_Watch_-_Download.GET.restoreJobs.dedicated.2.http200.json",
            "atlas-restores",
            [1, 0, 0],
            vec![("/0/state", json!("succeeded"))],
        ),
        (
            "atlas/Restores__Watch_snapshot_creation.GET.snapshots.dedicated.1.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("running")), ("/0/bytes", Value::Null)],
        ),
        (
            "atlas/Restores__Watch_snapshot_creation.GET.snapshots.dedicated.2.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("running")), ("/0/bytes", Value::Null)],
        ),
        (
            "atlas/Restores__Watch_snapshot_creation.GET.snapshots.dedicated.3.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("running")), ("/0/bytes", Value::Null)],
        ),
        (
            "atlas/Restores__Watch_snapshot_creation.GET.snapshots.dedicated.4.http200.json",
            "atlas-snapshots",
            [2, 0, 0],
            vec![("/0/state", json!("succeeded")), ("/0/bytes", json!(4186517504_i64))],
        ),
        (
            "atlas/Schedule__Delete.DELETE.schedule.dedicated.1.http200.json",
            "atlas-schedule",
            [1, 0, 0],
            vec![("/0/resource", json!("backupSchedule-600")), ("/0/items", json!([]))],
        ),
        (
            "atlas/Schedule__Describe.GET.schedule.dedicated.1.http200.json",
            "atlas-schedule",
            [1, 0, 0],
            vec![
                ("/0/resource", json!("backupSchedule-600")),
                ("/0/items/0/every", json!(6)),
                ("/0/items/3/keepDays", json!(365)),
            ],
        ),
        (
            "atlas/Schedule__Update.PATCH.schedule.dedicated.1.http200.json",
            "atlas-schedule",
            [1, 0, 0],
            vec![
                ("/0/resource", json!("backupSchedule-600")),
                ("/0/items/0/every", json!(6)),
                ("/0/items/3/keepDays", json!(365)),
            ],
        ),
    ]
}

pub const REFUSED: &[(&str, &str, &str)] = &[];

pub const UNREAD: &[(&str, &str)] = &[
    (
        "atlas/ExportBuckets__Create.POST.exportBuckets.dedicated.1.http200.json",
        "says where exports may go, not that any was made",
    ),
    (
        "atlas/ExportBuckets__Describe.GET.exportBuckets.dedicated.1.http200.json",
        "says where exports may go, not that any was made",
    ),
    (
        "atlas/ExportBuckets__List.GET.exportBuckets.dedicated.1.http200.json",
        "says where exports may go, not that any was made",
    ),
    (
        "atlas/ExportJobs__Create_bucket.POST.exportBuckets.dedicated.1.http200.json",
        "says where exports may go, not that any was made",
    ),
    ("atlas/Restores__Restores_Describe.GET.restoreJobs.flex.1.http400.json", "is an error, and no answer"),
];
