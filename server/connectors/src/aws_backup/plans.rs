//! A backup plan: when its rules run, how long they keep, where they copy to.

use domain::fact::{Fact, Schedule, ScheduleItem};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer, aws};

pub static PLANS: Connector = Connector {
    kind: "aws-backup-plans",
    title: "AWS Backup, a backup plan",
    command: "aws backup get-backup-plan --backup-plan-id PLAN --output json",
    looks: is_plan,
    read,
};

fn is_plan(value: &Value) -> bool {
    value.get("BackupPlan").is_some_and(|plan| plan.get("Rules").is_some())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    backup_plan: Plan,
    backup_plan_arn: Option<String>,
    backup_plan_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Plan {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    schedule_expression: Option<String>,
    schedule_expression_timezone: Option<String>,
    lifecycle: Option<Lifecycle>,
    #[serde(default)]
    copy_actions: Vec<Copy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lifecycle {
    delete_after_days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Copy {
    destination_backup_vault_arn: String,
}

/// What a rule without an expression runs by, in Amazon's own word.
const USUAL: &str = "cron(0 5 ? * * *)";

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    if !is_plan(&value) {
        return Err(Unread::Whole(
            "it is no backup plan: it has no BackupPlan with Rules (the list of plans names none of them)".to_owned(),
        ));
    }
    let answer = Answer::deserialize(&value).map_err(|e| Unread::Whole(e.to_string()))?;
    let copies = answer.backup_plan.rules.iter().flat_map(|rule| &rule.copy_actions);
    let mut copies_to: Vec<String> =
        copies.filter_map(|copy| aws::region(&copy.destination_backup_vault_arn)).collect();
    copies_to.sort();
    copies_to.dedup();
    let items = answer.backup_plan.rules.into_iter().map(|rule| {
        let cron = rule.schedule_expression.unwrap_or_else(|| USUAL.to_owned());
        let zone = rule.schedule_expression_timezone.filter(|zone| zone != "Etc/UTC");
        ScheduleItem {
            cadence: zone.map_or_else(|| cron.clone(), |zone| format!("{cron} {zone}")),
            every: None,
            keep_days: rule.lifecycle.and_then(|lifecycle| lifecycle.delete_after_days),
        }
    });
    let schedule = Schedule {
        items: items.collect(),
        reference: answer.backup_plan_arn.unwrap_or(answer.backup_plan_id),
        // A plan does not name what it backs up: selections do.
        resource: None,
        window_days: None,
        copies_to,
        next_at: None,
        enforced: None,
        weakened_by: Vec::new(),
    };
    Ok(Read { facts: vec![Fact::Schedule(schedule)], ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_when_how_long_and_where_to() {
        let text = r#"{"BackupPlanId":"p","BackupPlan":{"BackupPlanName":"tier1","Rules":[
            {"RuleName":"a","ScheduleExpression":"cron(0 */6 * * ? *)","ScheduleExpressionTimezone":"Europe/Berlin","Lifecycle":{"DeleteAfterDays":90},
             "CopyActions":[{"DestinationBackupVaultArn":"arn:aws:backup:eu-west-1:111122223333:backup-vault:dr"}]},
            {"RuleName":"b"}]}}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Schedule(plan)] = facts.as_slice() else { panic!("one plan") };
        let items: Vec<_> = plan.items.iter().map(|item| (item.cadence.as_str(), item.keep_days)).collect();
        assert_eq!(items, [("cron(0 */6 * * ? *) Europe/Berlin", Some(90)), ("cron(0 5 ? * * *)", None)]);
        assert_eq!(plan.copies_to, ["eu-west-1"]);
        assert!(read(br#"{"BackupPlansList":[]}"#, &About::default()).is_err());
    }
}
