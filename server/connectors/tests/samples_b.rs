//! What the vendors' own tools printed, where it is: PASSMUSTER_SAMPLES, or `shared/samples` beside the repository. It is
//! other people's, so no copy of it is kept here; without it these tests say so and pass.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use connectors::About;
use domain::Moment;
use serde_json::{Value, json};

const FOLDERS: &[&str] = &["backstage", "cloudtrail", "hris", "iam", "opsgenie", "pagerduty", "terraform"];

const KINDS: &[&str] = &[
    "backstage-catalog",
    "cloudtrail-events",
    "elasticsearch-snapshots",
    "hris-leavers-csv",
    "iam-principals",
    "iam-simulation",
    "opsgenie-alert-log",
    "opsgenie-oncalls",
    "pagerduty-log",
    "pagerduty-oncalls",
    "pgbackrest-info",
    "redis-info",
    "restic-backup",
    "restic-snapshots",
    "scim-users",
    "terraform-destroy",
    "terraform-state",
];

/// A file, the kind that reads it, how many facts, things not understood and things passed by there are, and some of
/// what the facts say.
type Reads = (&'static str, &'static str, [usize; 3], Vec<(&'static str, Value)>);

fn at(time: &str) -> Value {
    serde_json::to_value(Moment::parse(time).expect("a time")).expect("JSON")
}

fn reads() -> Vec<Reads> {
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
const REFUSED: &[(&str, &str, &str)] = &[
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
const UNREAD: &[(&str, &str)] = &[
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

fn samples() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let dir = std::env::var_os("PASSMUSTER_SAMPLES").map_or(beside, PathBuf::from);
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("Not tested: there are no samples of vendors' output at {}.", dir.display());
    None
}

fn about() -> About {
    About {
        resource: Some("drill".to_owned()),
        collected_at: Moment::parse("2026-11-22T12:00:00Z"),
        ..About::default()
    }
}

fn read(dir: &Path, file: &str, kind: &str) -> Result<connectors::Read, connectors::Unread> {
    let bytes = std::fs::read(dir.join(file)).expect("it opens");
    (connectors::of(kind).expect("a kind").read)(&bytes, &about())
}

#[test]
fn every_file_is_read_as_it_should_be() {
    let Some(dir) = samples() else { return };
    for (file, kind, counts, values) in reads() {
        let read = read(&dir, file, kind).unwrap_or_else(|e| panic!("{file}: {e}"));
        let found = [read.facts.len(), read.not_understood.len(), read.passed_by];
        assert_eq!(found, counts, "{file}: {:?}", read.not_understood);
        let facts = serde_json::to_value(&read.facts).expect("JSON");
        for (place, value) in values {
            assert_eq!(facts.pointer(place).unwrap_or(&Value::Null), &value, "{file}{place}: {facts:#}");
        }
    }
    for (file, kind, why) in REFUSED {
        let refused = read(&dir, file, kind).expect_err(file).to_string();
        assert!(refused.contains(why), "{file}: {refused}");
    }
}

#[test]
fn no_other_kind_reads_it() {
    let Some(dir) = samples() else { return };
    let table = reads();
    let files = table.iter().map(|(file, ..)| *file);
    for file in files.chain(REFUSED.iter().map(|(file, ..)| *file)).chain(UNREAD.iter().map(|(file, _)| *file)) {
        for kind in KINDS {
            let wanted = table.iter().any(|(f, k, ..)| f == &file && k == kind);
            assert_eq!(read(&dir, file, kind).is_ok(), wanted, "{file} as {kind}");
        }
    }
}

#[test]
fn every_file_is_accounted_for() {
    let Some(dir) = samples() else { return };
    let table = reads();
    let mut known: BTreeSet<&str> = table.iter().map(|(file, ..)| *file).collect();
    known.extend(REFUSED.iter().map(|(file, ..)| *file));
    known.extend(UNREAD.iter().map(|(file, _)| *file));
    let mut there = BTreeSet::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(dir.join(folder)).expect("a folder") {
            there.insert(format!("{folder}/{}", entry.expect("an entry").file_name().to_string_lossy()));
        }
    }
    assert_eq!(known, there.iter().map(String::as_str).collect());
}

#[test]
fn no_file_of_the_crate_holds_a_real_address_or_account() {
    fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { walk(&path, into) } else { into.push(path) }
        }
    }
    let mut files = Vec::new();
    for dir in ["src", "tests"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut files);
    }
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || "@.-_+".contains(c))) {
            let Some((name, domain)) = word.trim_matches('.').split_once('@') else { continue };
            let address = !name.is_empty() && domain.contains('.');
            let ours = ["example.com", "example.org"].contains(&domain);
            assert!(!address || ours, "{}: {word}", file.display());
        }
        for number in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let account = number.len() == 12 && number.bytes().all(|b| b.is_ascii_digit());
            let ours = ["111122223333", "123456789012"].contains(&number);
            assert!(!account || ours, "{}: {number}", file.display());
        }
    }
}
