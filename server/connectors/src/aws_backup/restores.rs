//! Restore jobs. What restore testing said of the result, and whether it was cleaned up, stays in the message.

use domain::{
    Moment,
    fact::{Fact, Run, RunKind, RunState},
};
use serde::Deserialize;

use super::state;
use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub static RESTORE_JOBS: Connector = Connector {
    kind: "aws-restore-jobs",
    title: "AWS Backup, restore jobs",
    command: "aws backup list-restore-jobs --by-created-after 2026-07-01 --output json",
    looks: |value| aws::looks(value, "RestoreJobs", EVENT),
    read,
};

const EVENT: &str = "Restore Job State Change";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Job {
    restore_job_id: String,
    /// One of the events calls it as the other jobs do.
    #[serde(alias = "State")]
    status: Option<String>,
    status_message: Option<String>,
    recovery_point_arn: Option<String>,
    event_resource: Option<String>,
    source_resource_arn: Option<String>,
    created_resource_arn: Option<String>,
    validation_status: Option<String>,
    validation_status_message: Option<String>,
    deletion_status: Option<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    creation_date: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    completion_date: Option<Moment>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = aws::elements(&value, "RestoreJobs", EVENT)?;
    let mut read = Read::default();
    for (n, job) in answer::each::<Job>(&list, "RestoreJobs")?.into_iter().enumerate() {
        let said = job.status.unwrap_or_default();
        let message = aws::message(job.status_message);
        let mut state = state(&said, None, None);
        if state == RunState::Unknown {
            read.not_understood.push(Problem::new(format!("RestoreJobs[{n}].Status"), format!("Status {said:?}")));
        }
        // What was restored and did not pass its own validation did not come back well.
        if state == RunState::Succeeded && matches!(job.validation_status.as_deref(), Some("FAILED" | "TIMED_OUT")) {
            state = RunState::SucceededWithIssues;
        }
        let named = |name: &str, value: Option<String>| value.map(|value| format!("{name} {value}"));
        let parts = [
            message,
            named("validation", job.validation_status),
            job.validation_status_message,
            named("deletion", job.deletion_status),
        ];
        let message = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        read.facts.push(Fact::Run(Run {
            resource: job.source_resource_arn,
            started_at: job.creation_date,
            finished_at: job.completion_date,
            message: Some(message).filter(|message| !message.is_empty()),
            point: job.recovery_point_arn.or(job.event_resource),
            target: job.created_resource_arn,
            what: RunKind::Restore,
            ..plain::run(job.restore_job_id, state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_that_failed_its_validation_has_issues_and_says_whether_it_was_cleaned_up() {
        let text = r#"{"RestoreJobs":[
            {"RestoreJobId":"1","Status":"COMPLETED","RecoveryPointArn":"arn:p","CreatedResourceArn":"arn:n","ValidationStatus":"SUCCESSFUL","DeletionStatus":"SUCCESSFUL"},
            {"RestoreJobId":"2","Status":"COMPLETED","ValidationStatus":"FAILED","ValidationStatusMessage":"no rows"},
            {"RestoreJobId":"3","Status":"RESTING"}]}"#;
        let read = read(text.as_bytes(), &About::default()).expect("it reads");
        let runs: Vec<_> =
            read.facts.iter().filter_map(|f| if let Fact::Run(run) = f { Some(run) } else { None }).collect();
        assert_eq!(
            (runs[0].state, runs[0].message.as_deref(), runs[0].target.as_deref()),
            (RunState::Succeeded, Some("validation SUCCESSFUL; deletion SUCCESSFUL"), Some("arn:n"))
        );
        assert_eq!(
            (runs[1].state, runs[1].message.as_deref()),
            (RunState::SucceededWithIssues, Some("validation FAILED; no rows"))
        );
        assert_eq!(read.not_understood, [Problem::new("RestoreJobs[2].Status", "Status \"RESTING\"")]);
    }
}
