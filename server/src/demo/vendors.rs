//! What the vendors' own tools would have printed of the demo's datastores. Invented like its past: the tool's version
//! says so in each import.

use chrono::{Datelike, Days, Months, NaiveDate, TimeDelta};
use domain::{Moment, datastore::Described};
use serde_json::{Value, json};

use crate::http::imports::Beside;

/// As the version of the tool that printed it.
pub const INVENTED: &str = "none: invented by passmuster demo";

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

pub struct Output {
    pub kind: &'static str,
    command: &'static str,
    resource: Option<&'static str>,
    pub text: String,
}

impl Output {
    pub fn beside(&self, began: Moment) -> Beside {
        Beside {
            resource: self.resource.map(str::to_owned),
            collected_at: Some(began.rfc3339()),
            command: Some(self.command.to_owned()),
            tool: Some(INVENTED.to_owned()),
            ..Beside::default()
        }
    }
}

pub fn outputs(began: Moment) -> Vec<Output> {
    let of = |kind, command, resource, text: String| Output { kind, command, resource, text };
    let prod = Some("cartie-prod");
    let bucket = Some("cartie-uploads");
    vec![
        of("atlas-clusters", "atlas clusters list -o json", None, clusters().to_string()),
        of("atlas-schedule", "atlas backups schedule describe cartie-prod -o json", None, schedule().to_string()),
        of("atlas-snapshots", "atlas backups snapshots list cartie-prod -o json", prod, snapshots(began).to_string()),
        of("backstage-catalog", "git show HEAD:catalog-info.yaml", None, CATALOGUE.to_owned()),
        of("s3-bucket", "aws s3api get-bucket-versioning --bucket cartie-uploads", bucket, VERSIONING.to_owned()),
        of("s3-bucket", "aws s3api get-bucket-replication --bucket cartie-uploads", bucket, REPLICATION.to_owned()),
        of("s3-bucket", "aws s3api get-object-lock-configuration --bucket cartie-uploads", bucket, LOCK.to_owned()),
        of("aws-copy-jobs", "aws backup list-copy-jobs --output json", None, copies(began).to_string()),
        of("runs-csv", "backup-report --csv", prod, exports(began)),
    ]
}

/// What no tool states of the cluster.
pub fn described(began: Moment) -> Described {
    let text = |text: &str| Some(text.to_owned());
    Described {
        schema: 1,
        name: "cartie-prod".to_owned(),
        names: Vec::new(),
        kind: None,
        service: None,
        owner: None,
        tier: text("Tier 1"),
        region: None,
        retention_days: Some(365),
        rpo_ms: Some(6 * HOUR),
        rto_ms: Some(4 * HOUR),
        source_of_truth: text("itself"),
        occurred_at: began.plus_millis(-30 * DAY),
        by: "The founder".to_owned(),
        demo: true,
    }
}

fn clusters() -> Value {
    json!({ "totalCount": 1, "results": [{
        "id": "5f0000000000000000000001", "name": "cartie-prod", "clusterType": "REPLICASET", "backupEnabled": true,
        "pitEnabled": true, "encryptionAtRestProvider": "AWS", "terminationProtectionEnabled": true,
        "replicationSpecs": [{ "regionConfigs": [{ "regionName": "US_EAST_1", "priority": 7 }] }],
    }] })
}

fn schedule() -> Value {
    let item = |kind: &str, every: i64, unit: &str, keep: i64| json!({ "frequencyType": kind, "frequencyInterval": every, "retentionUnit": unit, "retentionValue": keep });
    json!({ "clusterId": "5f0000000000000000000001", "clusterName": "cartie-prod", "restoreWindowDays": 7, "copySettings": [{ "regionName": "US_WEST_2", "frequencies": ["HOURLY", "DAILY", "WEEKLY", "MONTHLY"] }],
        "policies": [{ "id": "p", "policyItems": [
            item("hourly", 6, "days", 2), item("daily", 1, "days", 7), item("weekly", 6, "weeks", 4), item("monthly", 40, "months", 12),
        ] }] })
}

/// As the schedule keeps them, but for one month that is not there.
fn snapshots(began: Moment) -> Value {
    let now = began.utc();
    let newest = now - TimeDelta::hours(2);
    let mut all: Vec<(&str, chrono::DateTime<chrono::Utc>)> = Vec::new();
    all.extend((0..8).map(|n| ("hourly", newest - TimeDelta::hours(6 * n))));
    let at = |day: NaiveDate| day.and_hms_opt(3, 16, 0).map(|time| time.and_utc());
    let today = now.date_naive();
    all.extend((0..=7).filter_map(|n| Some(("daily", at(today.checked_sub_days(Days::new(n))?)?))));
    let saturday = today.week(chrono::Weekday::Sat).first_day();
    all.extend((0..4).filter_map(|n| Some(("weekly", at(saturday.checked_sub_days(Days::new(7 * n))?)?))));
    let first = today.with_day(1).unwrap_or(today);
    let missing = 5;
    let months = (0..12).filter(|n| *n != missing);
    // The last day of a month is the day before the first of the next.
    all.extend(months.filter_map(|n| Some(("monthly", at(first.checked_sub_months(Months::new(n))?.pred_opt()?)?))));
    all.retain(|(_, taken)| *taken <= now);
    let each = all.iter().enumerate().map(|(n, (pace, taken))| {
        let asked = *taken - TimeDelta::minutes(4);
        json!({
            "id": format!("{:08x}{n:016x}", asked.timestamp()), "status": "completed", "snapshotType": "scheduled",
            "frequencyType": pace, "createdAt": Moment::from(*taken).rfc3339(), "policyItems": [pace], "copyRegions": ["US_WEST_2"],
            "storageSizeBytes": 41_200_000_000_i64 + i64::try_from(n % 9).unwrap_or_default() * 60_000_000,
        })
    });
    let each: Vec<Value> = each.collect();
    json!({ "totalCount": each.len(), "results": each })
}

/// Each night's copy of the uploads to the other region: within the hour, but for one night.
fn copies(began: Moment) -> Value {
    let vault = |region: &str| format!("arn:aws:backup:{region}:111122223333:backup-vault:uploads");
    let job = |n: i64| {
        let created = began.plus_millis(-n * DAY - 8 * HOUR);
        let took = if n == 19 { 7 * HOUR } else { (34 + n * 7 % 19) * 60_000 };
        json!({
            "CopyJobId": format!("c0b1e5-{n:04}"), "State": "COMPLETED", "ResourceArn": "arn:aws:s3:::cartie-uploads",
            "SourceBackupVaultArn": vault("us-east-1"), "DestinationBackupVaultArn": vault("us-west-2"),
            "SourceRecoveryPointArn": format!("arn:aws:backup:us-east-1:111122223333:recovery-point:u{n:04}"),
            "CreationDate": created.rfc3339(), "CompletionDate": created.plus_millis(took).rfc3339(),
        })
    };
    let jobs: Vec<Value> = (0..88).map(job).collect();
    json!({ "CopyJobs": jobs })
}

/// A home-made job, every week.
fn exports(began: Moment) -> String {
    let line = |n: i64| {
        let at = began.plus_millis(-n * 7 * DAY - 5 * HOUR).rfc3339();
        format!("offsite-export,ok,{at},{},cartie-prod\n", 38_400_000_000_i64 + (n * 7 % 5) * 90_000_000)
    };
    let lines: String = (0..10).rev().map(line).collect();
    format!("job,state,started_at,bytes,resource\n{lines}")
}

const CATALOGUE: &str = "apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: cartie-prod
spec:
  type: database
  owner: group:default/platform
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: cartie-uploads
spec:
  type: s3-bucket
  owner: group:default/platform
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: search-index
spec:
  type: elasticsearch
  owner: group:default/search
";

const VERSIONING: &str = r#"{"Status":"Enabled"}"#;
const REPLICATION: &str = r#"{"ReplicationConfiguration":{"Role":"arn:aws:iam::111122223333:role/s3-copy","Rules":[{"ID":"dr","Status":"Enabled","Filter":{"Prefix":""},"Destination":{"Bucket":"arn:aws:s3:::cartie-uploads-dr"}}]}}"#;
const LOCK: &str = r#"{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"GOVERNANCE","Days":30}}}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_output_reads_as_its_kind_and_one_month_is_not_there() {
        let began = Moment::parse("2026-11-25T10:00:00Z").expect("a time");
        for output in outputs(began) {
            let about = connectors::About { resource: output.resource.map(str::to_owned), ..Default::default() };
            let read = connectors::of(output.kind).expect("a kind");
            let read = (read.read)(output.text.as_bytes(), &about).unwrap_or_else(|e| panic!("{}: {e}", output.kind));
            assert!(!read.facts.is_empty() && read.not_understood.is_empty(), "{}", output.kind);
        }
        let taken = snapshots(began).to_string();
        assert!(taken.contains("2026-07-31T03:16") && !taken.contains("2026-05-31T03:16"), "{taken}");
        assert_eq!(domain::words::date(described(began).occurred_at), "2026-10-26");
    }
}
