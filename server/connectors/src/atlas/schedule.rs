//! A cluster's backup schedule.

use domain::{
    Moment,
    fact::{Fact, Schedule},
};
use serde::Deserialize;
use serde_json::Value;

use super::PolicyItem;
use crate::{About, Connector, Read, Unread, answer, time};

pub static SCHEDULE: Connector = Connector {
    kind: "atlas-schedule",
    title: "MongoDB Atlas, backup schedule",
    command: "atlas backups schedule describe CLUSTER -o json",
    looks: is_schedule,
    read,
};

fn is_schedule(value: &Value) -> bool {
    value.get("policies").is_some() && value.get("clusterName").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    cluster_id: Option<String>,
    cluster_name: String,
    policies: Vec<Policy>,
    restore_window_days: Option<i64>,
    #[serde(default)]
    copy_settings: Vec<Copy>,
    #[serde(default, deserialize_with = "time::maybe")]
    next_snapshot: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    #[serde(default)]
    policy_items: Vec<PolicyItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Copy {
    region_name: Option<String>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    if !is_schedule(&value) {
        return Err(Unread::Whole("it is no schedule: it has no clusterName and policies".to_owned()));
    }
    let answer = Answer::deserialize(&value).map_err(|e| Unread::Whole(e.to_string()))?;
    let items = answer.policies.into_iter().flat_map(|policy| policy.policy_items);
    let schedule = Schedule {
        reference: answer.cluster_id.unwrap_or_else(|| answer.cluster_name.clone()),
        resource: Some(answer.cluster_name),
        items: items.map(PolicyItem::item).collect(),
        window_days: answer.restore_window_days,
        copies_to: answer.copy_settings.into_iter().filter_map(|copy| copy.region_name).collect(),
        next_at: answer.next_snapshot,
        enforced: None,
        weakened_by: Vec::new(),
    };
    Ok(Read { facts: vec![Fact::Schedule(schedule)], ..Read::default() })
}

#[cfg(test)]
mod tests {
    use domain::fact::ScheduleItem;

    use super::*;

    #[test]
    fn paces_and_how_long_each_is_kept_are_read_in_days() {
        let text = r#"{"clusterId":"c1","clusterName":"cartie-prod","nextSnapshot":"2026-08-10T09:16:07Z","restoreWindowDays":7,
            "copySettings":[{"regionName":"EU_WEST_1","frequencies":["DAILY"]}],"policies":[{"id":"p","policyItems":[
            {"frequencyInterval":6,"frequencyType":"hourly","retentionUnit":"days","retentionValue":7},
            {"frequencyInterval":40,"frequencyType":"monthly","retentionUnit":"months","retentionValue":12},
            {"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"fortnights","retentionValue":2}]}]}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Schedule(schedule)] = facts.as_slice() else { panic!("one schedule") };
        let item = |cadence: &str, every, keep_days| ScheduleItem { cadence: cadence.to_owned(), every, keep_days };
        assert_eq!(
            schedule.items,
            [item("hourly", Some(6), Some(7)), item("monthly", None, Some(365)), item("daily", None, None)]
        );
        assert_eq!(
            (schedule.window_days, schedule.copies_to.as_slice()),
            (Some(7), ["EU_WEST_1".to_owned()].as_slice())
        );
        let refused = read(br#"{"policies":[]}"#, &About::default()).expect_err("refused").to_string();
        assert!(refused.contains("no schedule"), "{refused}");
    }
}
