//! One object: how its copy elsewhere stands, and how it comes back from an archive. The answer does not name it, so
//! whoever brings it says which.

use chrono::DateTime;
use domain::{
    Moment,
    fact::{Fact, Run, RunKind, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer, plain};

pub static OBJECT: Connector = Connector {
    kind: "s3-object",
    title: "Amazon S3, an object’s replication and restore",
    command: "aws s3api head-object --bucket BUCKET --key KEY --output json",
    looks: is_head,
    read,
};

fn is_head(value: &Value) -> bool {
    value.get("ETag").is_some() && value.get("LastModified").is_some() && value.get("ContentLength").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Head {
    /// As HTTP writes it (RFC 9110, 5.6.7), or as other answers do.
    last_modified: String,
    replication_status: Option<String>,
    restore: Option<String>,
    storage_class: Option<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    if !is_head(&value) {
        return Err(Unread::Whole("it is no object’s head: it has no ETag, LastModified and ContentLength".to_owned()));
    }
    let head = Head::deserialize(&value).map_err(|e| Unread::Whole(e.to_string()))?;
    let name = about.resource.clone().ok_or_else(|| {
        Unread::Whole("it does not name its object: say which one was asked about (--resource bucket/key)".to_owned())
    })?;
    let modified = DateTime::parse_from_rfc2822(&head.last_modified).map(|at| Moment::from(at.to_utc())).ok();
    let modified = modified.or_else(|| Moment::parse(&head.last_modified));
    let mut read = Read::default();
    if let Some(said) = head.replication_status {
        let state = match said.as_str() {
            "PENDING" => RunState::Running,
            "COMPLETED" | "COMPLETE" => RunState::Succeeded,
            "FAILED" => RunState::Failed,
            // It is the copy.
            "REPLICA" => RunState::Succeeded,
            _ => {
                read.not_understood.push(Problem::new("ReplicationStatus", format!("{said:?}")));
                RunState::Unknown
            }
        };
        read.facts.push(run(&name, RunKind::Copy, "replication", state, said, modified, None));
    }
    if let Some(said) = head.restore {
        let state = if said.contains("ongoing-request=\"true\"") {
            RunState::Running
        } else if said.contains("ongoing-request=\"false\"") {
            RunState::Succeeded
        } else {
            read.not_understood.push(Problem::new("Restore", format!("{said:?}")));
            RunState::Unknown
        };
        read.facts.push(run(&name, RunKind::Restore, "restore", state, said, None, head.storage_class));
    }
    if read.facts.is_empty() {
        read.passed_by = 1;
    }
    Ok(read)
}

fn run(
    name: &str,
    what: RunKind,
    job: &str,
    state: RunState,
    said: String,
    started_at: Option<Moment>,
    message: Option<String>,
) -> Fact {
    Fact::Run(Run {
        // What is before the first slash is the bucket.
        resource: name.split('/').next().map(str::to_owned),
        job: Some(job.to_owned()),
        started_at,
        message: message.map(|class| format!("from {class}")),
        what,
        ..plain::run(format!("{name}/{job}"), state, said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_tells_how_its_copy_and_its_restore_stand() {
        let about = About { resource: Some("uploads/a.pdf".to_owned()), ..About::default() };
        let head = |more: &str| {
            let text =
                format!(r#"{{"LastModified":"Sun, 22 Nov 2026 01:50:10 GMT","ContentLength":8,"ETag":"e"{more}}}"#);
            read(text.as_bytes(), &about).expect("it reads")
        };
        let found =
            head(r#","ReplicationStatus":"PENDING","StorageClass":"GLACIER","Restore":"ongoing-request=\"true\"""#);
        let [Fact::Run(copy), Fact::Run(restore)] = found.facts.as_slice() else { panic!("two") };
        assert_eq!(
            (copy.what, copy.state, copy.resource.as_deref()),
            (RunKind::Copy, RunState::Running, Some("uploads"))
        );
        assert_eq!(copy.started_at.map(Moment::rfc3339).as_deref(), Some("2026-11-22T01:50:10.000Z"));
        assert_eq!((restore.state, restore.message.as_deref()), (RunState::Running, Some("from GLACIER")));
        assert_eq!((head("").facts.len(), head("").passed_by), (0, 1));
        let odd = head(r#","ReplicationStatus":"RESTING""#).not_understood;
        assert_eq!(odd, [Problem::new("ReplicationStatus", "\"RESTING\"")]);
    }
}
