//! Copy jobs: a recovery point on its way to another vault. The regions stand in the vaults' names.

use domain::{
    Moment,
    fact::{Fact, Run, RunKind, RunState},
};
use serde::Deserialize;

use super::{CreatedBy, state};
use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub static COPY_JOBS: Connector = Connector {
    kind: "aws-copy-jobs",
    title: "AWS Backup, copy jobs",
    command: "aws backup list-copy-jobs --by-created-after 2026-07-01 --output json",
    looks: |value| aws::looks(value, "CopyJobs", EVENT),
    read,
};

const EVENT: &str = "Copy Job State Change";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Job {
    copy_job_id: String,
    state: Option<String>,
    status_message: Option<String>,
    message_category: Option<String>,
    resource_arn: Option<String>,
    source_backup_vault_arn: Option<String>,
    destination_backup_vault_arn: Option<String>,
    source_recovery_point_arn: Option<String>,
    #[serde(default, deserialize_with = "aws::text")]
    destination_recovery_point_arn: Option<String>,
    event_resource: Option<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    creation_date: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    completion_date: Option<Moment>,
    created_by: Option<CreatedBy>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = aws::elements(&value, "CopyJobs", EVENT)?;
    let mut read = Read::default();
    for (n, job) in answer::each::<Job>(&list, "CopyJobs")?.into_iter().enumerate() {
        let said = job.state.unwrap_or_default();
        let message = aws::message(job.status_message);
        let state = state(&said, message.as_deref(), job.message_category.as_deref());
        if state == RunState::Unknown {
            read.not_understood.push(Problem::new(format!("CopyJobs[{n}].State"), format!("State {said:?}")));
        }
        let why = job.created_by.and_then(CreatedBy::job);
        let to_region = job.destination_backup_vault_arn.as_deref().and_then(aws::region);
        read.facts.push(Fact::Run(Run {
            resource: job.resource_arn,
            // The backup of the same rule is another job.
            job: Some(why.map_or("copy".to_owned(), |why| format!("copy of {why}"))),
            started_at: job.creation_date,
            finished_at: job.completion_date,
            message,
            point: job.source_recovery_point_arn.or(job.event_resource),
            from_region: job.source_backup_vault_arn.as_deref().and_then(aws::region),
            to_region,
            target: job.destination_recovery_point_arn.or(job.destination_backup_vault_arn),
            what: RunKind::Copy,
            ..plain::run(job.copy_job_id, state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_from_where_to_where_and_what_of() {
        let vault = |region: &str| format!("arn:aws:backup:{region}:111122223333:backup-vault:v");
        let text = format!(
            r#"{{"CopyJobs":[{{"CopyJobId":"c","State":"COMPLETED","SourceBackupVaultArn":"{}","DestinationBackupVaultArn":"{}","SourceRecoveryPointArn":"arn:p","ResourceArn":"arn:r","CreationDate":1600721892.929,"CompletionDate":1600725492.929}}]}}"#,
            vault("eu-central-1"),
            vault("eu-west-1")
        );
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Run(run)] = facts.as_slice() else { panic!("one run") };
        assert_eq!((run.what, run.state, run.point.as_deref()), (RunKind::Copy, RunState::Succeeded, Some("arn:p")));
        assert_eq!((run.from_region.as_deref(), run.to_region.as_deref()), (Some("eu-central-1"), Some("eu-west-1")));
        assert_eq!(run.finished_at.zip(run.started_at).map(|(end, start)| end.since(start)), Some(3_600_000));
        assert!(read(br#"{"BackupJobs":[]}"#, &About::default()).is_err());
    }
}
