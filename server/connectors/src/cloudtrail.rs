//! AWS CloudTrail: calls that touched backups, from `lookup-events` (JSON text inside JSON) or a trail's log files.
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use domain::{
    Moment,
    fact::{Call, Fact},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer, time};

pub static EVENTS: Connector = Connector {
    kind: "cloudtrail-events",
    title: "AWS CloudTrail, calls that touched backups",
    command: "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteRecoveryPoint --output json",
    looks: |value| {
        let first = |list: &str, name: &str| value.get(list).and_then(|l| l.get(0)?.get(name)).is_some();
        first("Events", "CloudTrailEvent") || first("Records", "eventSource")
    },
    read,
};

/// Calls that concern backups, by the service that answers them; all others are passed by. S3 logs some calls by older
/// names than its API has. CreateVolume counts where it is made of a snapshot.
const ACTIONS: &[(&str, &[&str])] = &[
    (
        "backup.amazonaws.com",
        &[
            "StartRestoreJob",
            "StartCopyJob",
            "StopBackupJob",
            "DeleteRecoveryPoint",
            "DisassociateRecoveryPoint",
            "UpdateRecoveryPointLifecycle",
            "DeleteBackupVault",
            "PutBackupVaultAccessPolicy",
            "DeleteBackupVaultAccessPolicy",
            "PutBackupVaultLockConfiguration",
            "DeleteBackupVaultLockConfiguration",
            "UpdateBackupPlan",
            "DeleteBackupPlan",
            "DeleteBackupSelection",
        ],
    ),
    (
        "rds.amazonaws.com",
        &[
            "RestoreDBInstanceFromDBSnapshot",
            "RestoreDBInstanceFromS3",
            "RestoreDBInstanceToPointInTime",
            "RestoreDBClusterFromSnapshot",
            "RestoreDBClusterFromS3",
            "RestoreDBClusterToPointInTime",
            "CreateDBSnapshot",
            "CreateDBClusterSnapshot",
            "CopyDBSnapshot",
            "CopyDBClusterSnapshot",
            "ModifyDBSnapshotAttribute",
            "ModifyDBClusterSnapshotAttribute",
            "DeleteDBSnapshot",
            "DeleteDBClusterSnapshot",
            "DeleteDBInstanceAutomatedBackup",
            "DeleteDBClusterAutomatedBackup",
            "StartExportTask",
        ],
    ),
    (
        "ec2.amazonaws.com",
        &[
            "CreateVolume",
            "CreateSnapshot",
            "CreateSnapshots",
            "CopySnapshot",
            "ModifySnapshotAttribute",
            "ResetSnapshotAttribute",
            "DeleteSnapshot",
            "RestoreSnapshotFromRecycleBin",
            "RestoreSnapshotTier",
            "LockSnapshot",
            "UnlockSnapshot",
        ],
    ),
    (
        "dynamodb.amazonaws.com",
        &["RestoreTableFromBackup", "RestoreTableToPointInTime", "DeleteBackup", "UpdateContinuousBackups"],
    ),
    (
        "s3.amazonaws.com",
        &[
            "PutBucketVersioning",
            "PutBucketReplication",
            "DeleteBucketReplication",
            "PutBucketObjectLockConfiguration",
            "PutObjectLockConfiguration",
            "PutBucketLifecycle",
            "PutBucketLifecycleConfiguration",
            "DeleteBucketLifecycle",
            "DeleteBucket",
            "RestoreObject",
        ],
    ),
    (
        "kms.amazonaws.com",
        &["ScheduleKeyDeletion", "CancelKeyDeletion", "DisableKey", "EnableKey", "DisableKeyRotation", "PutKeyPolicy"],
    ),
];

/// Where a request names what it is about, the likeliest first.
const SUBJECTS: &[&str] = &[
    "recoveryPointArn",
    "sourceDBSnapshotIdentifier",
    "sourceDBClusterSnapshotIdentifier",
    "dBSnapshotIdentifier",
    "dBClusterSnapshotIdentifier",
    "sourceSnapshotId",
    "snapshotId",
    "backupArn",
    "backupVaultName",
    "backupPlanId",
    "backupJobId",
    "bucketName",
    "keyId",
    "sourceDBInstanceIdentifier",
    "sourceDBClusterIdentifier",
    "dBInstanceIdentifier",
    "dBClusterIdentifier",
    "sourceArn",
    "volumeId",
    "tableName",
    "targetTableName",
];

/// What a request asks for, where its name leaves open whether it is harmless.
const ASKED: &[(&str, &str)] = &[
    ("/valuesToAdd", "add"),
    ("/valuesToRemove", "remove"),
    ("/createVolumePermission/add/items", "add"),
    ("/createVolumePermission/remove/items", "remove"),
    ("/VersioningConfiguration/Status", "versioning"),
    ("/pendingWindowInDays", "after days:"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "eventID")]
    event_id: String,
    event_time: Value,
    event_source: String,
    event_name: String,
    #[serde(default)]
    user_identity: Identity,
    #[serde(default)]
    request_parameters: Value,
    error_code: Option<String>,
    error_message: Option<String>,
    resources: Option<Vec<Resource>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    #[serde(rename = "type")]
    kind: Option<String>,
    arn: Option<String>,
    user_name: Option<String>,
    invoked_by: Option<String>,
    principal_id: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "ARN")]
    arn: Option<String>,
}

fn read(bytes: &[u8], _: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let (name, events) = match value.get("Events") {
        Some(_) => ("Events", inner(answer::list_of(&value, "Events")?)?),
        None => ("Records", answer::list_of(&value, "Records")?.to_vec()),
    };
    answer::whole(&value)?;
    let (mut read, mut bad) = (Read::default(), Vec::new());
    for (n, event) in answer::each::<Event>(&events, name)?.into_iter().enumerate() {
        let of_service = ACTIONS.iter().find(|(source, _)| *source == event.event_source);
        let known = of_service.is_some_and(|(_, actions)| actions.contains(&event.event_name.as_str()));
        if !known || (event.event_name == "CreateVolume" && event.request_parameters["snapshotId"].is_null()) {
            read.passed_by += 1;
            continue;
        }
        match time::moment(&event.event_time) {
            Ok(at) => read.facts.push(Fact::Call(call(event, at))),
            Err(says) => bad.push(Problem::new(format!("{name}[{n}].eventTime"), says)),
        }
    }
    if bad.is_empty() { Ok(read) } else { Err(Unread::Places(bad)) }
}

/// `lookup-events` keeps the record as text.
fn inner(list: &[Value]) -> Result<Vec<Value>, Unread> {
    let (mut events, mut bad) = (Vec::new(), Vec::new());
    for (n, one) in list.iter().enumerate() {
        let text = one.get("CloudTrailEvent").and_then(Value::as_str).ok_or("it is absent".to_owned());
        match text.and_then(|text| serde_json::from_str(text).map_err(|e| e.to_string())) {
            Ok(event) => events.push(event),
            Err(says) => bad.push(Problem::new(format!("Events[{n}].CloudTrailEvent"), says)),
        }
    }
    if bad.is_empty() { Ok(events) } else { Err(Unread::Places(bad)) }
}

fn call(event: Event, at: Moment) -> Call {
    let who = event.user_identity;
    let by = [who.arn, who.user_name, who.invoked_by, who.principal_id, who.kind].into_iter().flatten().next();
    let asked = &event.request_parameters;
    let named = SUBJECTS.iter().find_map(|name| asked.get(name)?.as_str()).map(str::to_owned);
    let resource = event.resources.into_iter().flatten().find_map(|r| r.arn).or(named);
    let what: Vec<String> = ASKED
        .iter()
        .filter_map(|(place, word)| Some((word, texts(asked.pointer(place)?))))
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(word, texts)| format!("{word} {}", texts.join(", ")))
        .collect();
    Call {
        reference: event.event_id,
        at,
        action: event.event_name,
        asked: (!what.is_empty()).then(|| what.join("; ")),
        by: by.unwrap_or_else(|| "not said".to_owned()),
        resource,
        // The code alone does not tell a lock from a missing permission.
        refused: event.error_code.map(|code| match event.error_message {
            Some(message) if !message.is_empty() => format!("{code}: {message}"),
            _ => code,
        }),
    }
}

/// Every text and number in it, whatever it lies in.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(n) => vec![n.to_string()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str, name: &str) -> Value {
        json!({"eventID": "e-1", "eventTime": "2026-11-22T10:00:00Z", "eventSource": source, "eventName": name,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann"}})
    }

    fn call_of(read: &Read, n: usize) -> &Call {
        let Fact::Call(call) = &read.facts[n] else { panic!("a call") };
        call
    }

    #[test]
    fn only_what_touches_backups_is_a_fact_and_both_ways_of_writing_give_the_same() {
        let mut refused = event("backup.amazonaws.com", "DeleteRecoveryPoint");
        refused["errorCode"] = json!("AccessDenied");
        refused["errorMessage"] = json!("locked");
        refused["requestParameters"] =
            json!({"recoveryPointArn": "arn:aws:backup:eu-west-1:111122223333:recovery-point:1"});
        let mut shared = event("rds.amazonaws.com", "ModifyDBSnapshotAttribute");
        shared["requestParameters"] = json!({"dBSnapshotIdentifier": "nightly", "valuesToAdd": ["all"]});
        let list = [
            refused,
            shared,
            event("ec2.amazonaws.com", "DeleteBucketReplication"),
            event("ec2.amazonaws.com", "CreateVolume"),
            event("signin.amazonaws.com", "ConsoleLogin"),
        ];
        let records = json!({"Records": list}).to_string();
        let looked_up: Vec<Value> = list.iter().map(|e| json!({"CloudTrailEvent": e.to_string()})).collect();
        let looked_up = json!({"Events": looked_up}).to_string();
        let read_all = |text: &str| read(text.as_bytes(), &About::default()).expect("it reads");
        assert_eq!(read_all(&records), read_all(&looked_up));
        let read = read_all(&records);
        assert_eq!((read.facts.len(), read.passed_by), (2, 3));
        assert_eq!(call_of(&read, 0).refused.as_deref(), Some("AccessDenied: locked"));
        assert_eq!(call_of(&read, 0).by, "arn:aws:iam::111122223333:user/ann");
        assert_eq!(
            (call_of(&read, 1).asked.as_deref(), call_of(&read, 1).resource.as_deref(), &call_of(&read, 1).refused),
            (Some("add all"), Some("nightly"), &None)
        );
    }

    #[test]
    fn a_page_of_several_and_what_is_no_event_are_refused() {
        for (bad, says) in [
            (json!({"Events": [], "NextToken": "x"}), "one page of several"),
            (json!({"Events": [{"CloudTrailEvent": "{"}]}), "Events[0].CloudTrailEvent"),
            (json!({"Records": [{"eventID": "1"}]}), "Records[0]"),
            (json!({"trailList": []}), "no list Records"),
        ] {
            let refused = read(bad.to_string().as_bytes(), &About::default()).expect_err("refused").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
