//! Who may, who left, who is on call, what was called, what is there: catalogue, logs, personnel and infrastructure.

use serde_json::{Value, json};

use crate::{Reads, at};

pub const FOLDERS: &[&str] = &["backstage", "cloudtrail", "hris", "iam", "opsgenie", "pagerduty", "terraform"];

pub fn reads() -> Vec<Reads> {
    vec![
        (
            "backstage/catalog-model.artist-lookup-component.yaml",
            "backstage-catalog",
            [1, 0, 1],
            vec![
                ("/0/reference", json!("resource:default/artists-db")),
                ("/0/usedBy", json!(["component:default/artist-lookup"])),
                ("/0/owner", Value::Null),
            ],
        ),
        (
            "backstage/catalog-model.artists-db-resource.yaml",
            "backstage-catalog",
            [1, 0, 0],
            vec![
                ("/0/kind", json!("catalogue resource (database)")),
                ("/0/owner", json!("group:default/team-a")),
                ("/0/service", json!("system:default/artist-engagement-portal")),
            ],
        ),
        ("backstage/create-app.entities.yaml", "backstage-catalog", [0, 0, 3], vec![]),
        ("backstage/demo.catalog-info.yaml", "backstage-catalog", [0, 0, 2], vec![]),
        ("cloudtrail/awscli-doc.cloudtrail.lookup-events.1.json", "cloudtrail-events", [0, 0, 1], vec![]),
        (
            "cloudtrail/panther.aws_kms_cmk_loss.Records.json",
            "cloudtrail-events",
            [2, 0, 0],
            vec![
                ("/0/action", json!("ScheduleKeyDeletion")),
                ("/0/asked", json!("after days: 30")),
                // The second has no list of resources.
                ("/1/resource", json!("1")),
            ],
        ),
        (
            "cloudtrail/panther.aws_rds_manual_snapshot_created.Records.json",
            "cloudtrail-events",
            [4, 0, 0],
            vec![("/0/action", json!("CreateDBSnapshot")), ("/0/resource", json!("exfiltration"))],
        ),
        (
            "cloudtrail/panther.aws_rds_publicrestore.Records.json",
            "cloudtrail-events",
            [2, 0, 0],
            vec![("/0/resource", json!("test-instance")), ("/0/refused", Value::Null)],
        ),
        (
            "cloudtrail/panther.aws_rds_snapshot_shared.Records.json",
            "cloudtrail-events",
            [2, 0, 0],
            // The second adds nobody.
            vec![("/0/action", json!("ModifyDBSnapshotAttribute")), ("/1/asked", Value::Null)],
        ),
        (
            "cloudtrail/panther.aws_s3_delete_bucket_replication.Records.json",
            "cloudtrail-events",
            // The third has the right name and another service.
            [2, 0, 1],
            vec![("/0/refused", Value::Null), ("/1/refused", json!("AccessDenied: Access Denied"))],
        ),
        (
            "cloudtrail/panther.aws_snapshot_made_public.Records.json",
            "cloudtrail-events",
            [4, 0, 0],
            vec![
                ("/0/asked", json!("add all")),
                ("/1/asked", json!("add none")),
                ("/2/refused", json!("ValidationError")),
                ("/3/asked", json!("add 111122223333")),
            ],
        ),
        (
            "hris/fivetran.workday_worker_history_data.csv",
            "hris-leavers-csv",
            // One of them has two rows.
            [6, 0, 1],
            vec![
                ("/0/names", json!(["sbob"])),
                ("/0/leftAt", at("2020-11-13T23:59:59.999Z")),
                ("/0/gone", json!(true)),
                ("/4/gone", json!(false)),
                ("/4/leftAt", Value::Null),
            ],
        ),
        ("hris/scim.rfc7643-8.2-user-full.json", "scim-users", [1, 0, 0], vec![("/0/gone", json!(false))]),
        (
            "hris/scim.rfc7643-8.3-enterprise_user.json",
            "scim-users",
            [1, 0, 0],
            vec![("/0/names/0", json!("bjensen@example.com"))],
        ),
        (
            "hris/scim.rfc7644-3.4.2-list_response-partial_attributes.json",
            "scim-users",
            [2, 0, 0],
            vec![("/1/names", json!(["jsmith"])), ("/1/gone", Value::Null)],
        ),
        (
            "iam/moto.iam-get-account-authorization-details.json",
            "iam-principals",
            // A policy of AWS' own is attached and not in the answer.
            [7, 1, 0],
            vec![
                (
                    "/0/may",
                    json!([
                        "restore",
                        "decrypt",
                        "copy backups",
                        "share backups",
                        "delete backups",
                        "weaken protection"
                    ]),
                ),
                ("/0/through", json!(["RestoreOps (group backup-operators)"])),
                ("/1/may", json!([])),
                ("/2/name", json!("carol.departed")),
                ("/2/may/0", json!("restore")),
                ("/3/may", json!(["restore"])),
                ("/3/unless", json!("drill denies: delete backups; drill names resources")),
                ("/4/kind", json!("group")),
                ("/6/unless", json!("policy arn:aws:iam::aws:policy/AdministratorAccess is not in this answer")),
                ("/6/assumedBy/1", json!("arn:aws:iam::123456789012:user/carol.departed")),
            ],
        ),
        (
            "opsgenie/crate-fixture.schedules-on-calls-flat.json",
            "opsgenie-oncalls",
            [1, 0, 0],
            vec![("/0/schedule", json!("ScheduleName")), ("/0/until", at("2026-11-22T12:00:00.000Z"))],
        ),
        (
            "pagerduty/openapi.GET_incidents_{id}_log_entries.1.json",
            "pagerduty-log",
            [1, 0, 0],
            vec![
                ("/0/reference", json!("PT4KHLK")),
                ("/0/acts/0/act", json!("raised")),
                ("/0/acts/0/channel", json!("api")),
            ],
        ),
        (
            "pagerduty/openapi.GET_oncalls.1.json",
            "pagerduty-oncalls",
            [1, 0, 0],
            vec![
                ("/0/person", json!("Tim Wright")),
                ("/0/level", json!(2)),
                ("/0/from", at("2015-03-06T20:28:51.000Z")),
            ],
        ),
        (
            "terraform/destroy.jsonl",
            "terraform-destroy",
            [1, 0, 0],
            vec![
                ("/0/removed", json!(3)),
                ("/0/planned", json!(3)),
                ("/0/left", Value::Null),
                ("/0/at", at("2026-11-22T02:00:05.729Z")),
            ],
        ),
        ("terraform/show-after.json", "terraform-state", [1, 0, 0], vec![("/0/left", Value::Null)]),
        (
            "terraform/show-before.json",
            "terraform-state",
            [1, 0, 0],
            vec![("/0/left", json!(["aws_ebs_volume.restored", "aws_s3_bucket.scratch", "aws_vpc.drill"]))],
        ),
        (
            "terraform/terraform-json.no_changes.state.json",
            "terraform-state",
            [1, 0, 1],
            vec![("/0/left/1", json!("null_resource.baz[0]")), ("/0/left/5", json!("module.foo.null_resource.foo"))],
        ),
    ]
}

/// A file that looks like this kind's, and why that refuses it.
pub const REFUSED: &[(&str, &str, &str)] = &[
    ("hris/fivetran.workday_person_contact_email_address_data.csv", "hris-leavers-csv", "does not say who left"),
    ("hris/fivetran.workday_person_name_data.csv", "hris-leavers-csv", "does not say who left"),
    ("iam/awscli-doc.iam.get-account-authorization-details.1.json", "iam-principals", "one page of several"),
    ("iam/awscli-doc.iam.simulate-principal-policy.1.json", "iam-simulation", "none of the actions"),
    ("iam/awscli-doc.iam.simulate-principal-policy.2.json", "iam-simulation", "none of the actions"),
    ("iam/c7n.iam_user_check_permissions.iam.SimulatePrincipalPolicy_1.json", "iam-simulation", "none of the actions"),
    ("terraform/apply.jsonl", "terraform-destroy", "no destroy"),
    ("terraform/show-plan-destroy.json", "terraform-state", "it is a plan"),
    ("terraform/state-after.json", "terraform-state", "state file itself"),
    ("terraform/terraform-json.actions.plan.json", "terraform-state", "it is a plan"),
    ("terraform/terraform-json.basic.plan.json", "terraform-state", "it is a plan"),
];

/// Files that no connector reads, and why.
pub const UNREAD: &[(&str, &str)] = &[
    ("cloudtrail/awscli-doc.cloudtrail.describe-trails.1.json", "says which trails there are, and nothing of calls"),
    ("cloudtrail/awscli-doc.cloudtrail.get-trail-status.1.json", "says whether a trail runs, and nothing of calls"),
    ("cloudtrail/moto.cloudtrail-get-trail-status.json", "says whether a trail runs, and nothing of calls"),
    ("iam/awscli-doc.iam.get-access-key-last-used.1.json", "says of one key when it was used, not whose powers it has"),
    ("iam/awscli-doc.iam.get-credential-report.1.json", "the report itself is missing from it"),
    ("iam/awscli-doc.iam.list-access-keys.1.json", "names keys, and nothing that they may do"),
    ("iam/awscli-doc.iam.list-users.1.json", "names users, and nothing that they may do"),
    ("iam/botocore.iam.GetUser.1.json", "names a user, and nothing that he may do"),
    ("iam/botocore.iam.ListUsers.1.json", "names users, and nothing that they may do"),
    ("iam/c7n.iam_user_check_permissions.iam.ListUsers_1.json", "names users, and nothing that they may do"),
    ("iam/moto.iam-list-users.json", "names users, and nothing that they may do"),
    ("pagerduty/openapi.GET_escalation_policies.1.json", "says who would be asked, not who is on call"),
    ("pagerduty/openapi.GET_incidents.1.json", "says how incidents stand, not who was paged"),
    ("pagerduty/openapi.GET_schedules.1.json", "says who takes turns, not whose turn it is"),
    ("pagerduty/openapi.GET_schedules.2.json", "says who takes turns, not whose turn it is"),
    ("pagerduty/openapi.GET_schedules_{id}_users.1.json", "says who takes turns, not whose turn it is"),
    ("pagerduty/openapi.GET_services.1.json", "says nothing of people"),
    ("pagerduty/openapi.GET_teams_{id}_members.1.json", "says who is in a team, not who is on call"),
    ("pagerduty/openapi.GET_users.1.json", "says who has an account, not who is on call"),
    ("pagerduty/openapi.POST_incidents.response.json", "proves that it was accepted, not that anybody was paged"),
    ("terraform/main.tf", "is a configuration and no output"),
    ("terraform/plan-destroy.txt", "is for people; what is planned is not what was done"),
    ("terraform/state-list-before.txt", "its empty answer is no different from a failed command's"),
];
