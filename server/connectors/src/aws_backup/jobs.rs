//! Backup jobs.

use domain::{
    Moment,
    fact::{Basis, Fact, Run, RunState},
};
use serde::Deserialize;

use super::{CreatedBy, state};
use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub static JOBS: Connector = Connector {
    kind: "aws-backup-jobs",
    title: "AWS Backup, backup jobs",
    command: "aws backup list-backup-jobs --by-created-after 2026-07-01 --output json",
    looks: |value| aws::looks(value, "BackupJobs", EVENT),
    read,
};

const EVENT: &str = "Backup Job State Change";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Job {
    backup_job_id: String,
    state: Option<String>,
    status_message: Option<String>,
    message_category: Option<String>,
    resource_arn: Option<String>,
    resource_type: Option<String>,
    recovery_point_arn: Option<String>,
    event_resource: Option<String>,
    #[serde(default, deserialize_with = "aws::number")]
    backup_size_in_bytes: Option<i64>,
    #[serde(default, deserialize_with = "time::maybe")]
    creation_date: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    completion_date: Option<Moment>,
    created_by: Option<CreatedBy>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = aws::elements(&value, "BackupJobs", EVENT)?;
    let mut read = Read::default();
    for (n, job) in answer::each::<Job>(&list, "BackupJobs")?.into_iter().enumerate() {
        let said = job.state.unwrap_or_default();
        let message = aws::message(job.status_message);
        let state = state(&said, message.as_deref(), job.message_category.as_deref());
        if state == RunState::Unknown {
            read.not_understood.push(Problem::new(format!("BackupJobs[{n}].State"), format!("State {said:?}")));
        }
        let (bytes, basis) = size(job.backup_size_in_bytes, job.resource_type.as_deref()).unzip();
        read.facts.push(Fact::Run(Run {
            resource: job.resource_arn,
            job: job.created_by.and_then(CreatedBy::job),
            started_at: job.creation_date,
            finished_at: job.completion_date,
            bytes,
            basis,
            message,
            point: job.recovery_point_arn.or(job.event_resource),
            ..plain::run(job.backup_job_id, state, said)
        }));
    }
    Ok(read)
}

/// What the size is of depends on the service, by Amazon's own word on BackupSizeInBytes: of volumes and machines it is
/// what is reserved, of file systems what changed, of RDS always 0.
fn size(bytes: Option<i64>, of: Option<&str>) -> Option<(i64, Basis)> {
    let bytes = bytes?;
    match of {
        Some("RDS" | "Aurora" | "DocumentDB" | "Neptune" | "FSx") => None,
        Some("EBS" | "EC2") => Some((bytes, Basis::Provisioned)),
        Some("EFS") => Some((bytes, Basis::Delta)),
        Some("S3" | "DynamoDB" | "EKS" | "VirtualMachine") => Some((bytes, Basis::Full)),
        _ => Some((bytes, Basis::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complete_with_a_message_has_issues_and_a_size_is_what_its_service_makes_it() {
        let text = r#"{"BackupJobs":[
            {"BackupJobId":"1","State":"COMPLETED","ResourceType":"EBS","BackupSizeInBytes":100,"CreationDate":1600721892.929,"CompletionDate":"2020-09-21T21:00:00Z","CreatedBy":{"BackupPlanId":"p","BackupRuleId":"r"}},
            {"BackupJobId":"2","State":"COMPLETED","ResourceType":"RDS","BackupSizeInBytes":0,"StatusMessage":"Some objects were skipped"},
            {"BackupJobId":"3","State":"COMPLETED","MessageCategory":"AccessDenied","ResourceType":"EFS","BackupSizeInBytes":"71"},
            {"BackupJobId":"4","State":"PONDERING"},
            {"BackupJobId":"5","State":"EXPIRED"}]}"#;
        let read = read(text.as_bytes(), &About::default()).expect("it reads");
        let runs: Vec<_> =
            read.facts.iter().filter_map(|f| if let Fact::Run(run) = f { Some(run) } else { None }).collect();
        let states: Vec<RunState> = runs.iter().map(|run| run.state).collect();
        use RunState::*;
        assert_eq!(states, [Succeeded, SucceededWithIssues, SucceededWithIssues, Unknown, Expired]);
        let sizes: Vec<_> = runs.iter().map(|run| (run.bytes, run.basis)).collect();
        assert_eq!(sizes[..3], [(Some(100), Some(Basis::Provisioned)), (None, None), (Some(71), Some(Basis::Delta))]);
        assert_eq!(runs[0].job.as_deref(), Some("plan p, rule r"));
        assert_eq!(read.not_understood, [Problem::new("BackupJobs[3].State", "State \"PONDERING\"")]);
    }

    #[test]
    fn every_bad_job_is_told() {
        let bad = r#"{"BackupJobs":[{"State":"COMPLETED"},{"BackupJobId":"1","BackupSizeInBytes":"much"},{"BackupJobId":"2","CreationDate":"2026-01-01T00:00:00"}]}"#;
        let Err(Unread::Places(places)) = read(bad.as_bytes(), &About::default()) else { panic!("refused") };
        assert_eq!(places.len(), 3);
        assert!(places[1].says.contains("no whole number") && places[2].says.contains("no zone"), "{places:?}");
    }
}
