//! A project's backup compliance policy: what nobody may weaken, and what it leaves open.

use domain::fact::{Fact, Schedule};
use serde::Deserialize;
use serde_json::Value;

use super::PolicyItem;
use crate::{About, Connector, Read, Unread, answer};

pub static COMPLIANCE: Connector = Connector {
    kind: "atlas-compliance",
    title: "MongoDB Atlas, backup compliance policy",
    command: "atlas backups compliancePolicy describe -o json",
    looks: is_policy,
    read,
};

fn is_policy(value: &Value) -> bool {
    value.get("copyProtectionEnabled").is_some() && value.get("projectId").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    project_id: String,
    state: Option<String>,
    copy_protection_enabled: Option<bool>,
    deletable: Option<bool>,
    encryption_at_rest_enabled: Option<bool>,
    restore_window_days: Option<i64>,
    #[serde(default)]
    scheduled_policy_items: Vec<PolicyItem>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    if !is_policy(&value) {
        return Err(Unread::Whole(
            "it is no compliance policy: it has no projectId and copyProtectionEnabled".to_owned(),
        ));
    }
    let policy = Policy::deserialize(&value).map_err(|e| Unread::Whole(e.to_string()))?;
    let open = [
        (policy.copy_protection_enabled == Some(false), "copies are not protected"),
        (policy.deletable == Some(true), "it can be deleted"),
        (policy.encryption_at_rest_enabled == Some(false), "it demands no key of one’s own"),
    ];
    let schedule = Schedule {
        reference: format!("compliance-policy/{}", policy.project_id),
        resource: None,
        items: policy.scheduled_policy_items.into_iter().map(PolicyItem::item).collect(),
        window_days: policy.restore_window_days,
        copies_to: Vec::new(),
        next_at: None,
        enforced: policy.state,
        weakened_by: open.into_iter().filter(|(open, _)| *open).map(|(_, what)| what.to_owned()).collect(),
    };
    Ok(Read { facts: vec![Fact::Schedule(schedule)], ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_leaves_open_is_named_and_what_it_does_not_say_is_not() {
        let text = r#"{"projectId":"p1","state":"ACTIVE","copyProtectionEnabled":false,"deletable":false,"scheduledPolicyItems":[
            {"frequencyInterval":1,"frequencyType":"daily","retentionUnit":"days","retentionValue":7}]}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Schedule(policy)] = facts.as_slice() else { panic!("one policy") };
        assert_eq!((policy.enforced.as_deref(), policy.items.len()), (Some("ACTIVE"), 1));
        assert_eq!(policy.weakened_by, ["copies are not protected"]);
        assert!(read(br#"{"state":"ACTIVE"}"#, &About::default()).is_err());
    }
}
