//! Vendors' own output, read into facts. A connector reports and never judges; what is not stated stays absent, and a
//! word that is not known is kept as it was said. Nothing here reads a file or a network.
//!
//! A new connector is a file with one [`Connector`] and a line in [`ALL`]. Tools that print nothing for machines
//! (pg_dump, mysqldump) have none: their runs are told through the kinds runs-csv and runs-jsonl.

mod answer;
mod atlas;
mod aws;
mod aws_backup;
mod backstage;
mod cloudtrail;
mod ebs;
mod elasticsearch;
mod generic;
mod hris;
mod iam;
mod kms;
mod lines;
mod opsgenie;
mod pagerduty;
mod pgbackrest;
mod plain;
mod rds;
mod redis;
mod restic;
mod s3;
mod terraform;
mod time;

use domain::{Moment, fact::Fact};
use serde_json::Value;

pub use answer::{Problem, Unread};

/// One kind of output.
pub struct Connector {
    /// As it stands in commands and addresses: "atlas-snapshots"
    pub kind: &'static str,
    /// "MongoDB Atlas, snapshots"
    pub title: &'static str,
    /// What prints it: "atlas backups snapshots list CLUSTER --limit 500 -o json"
    pub command: &'static str,
    /// Whether JSON looks like it; to tell somebody who named another kind.
    pub looks: fn(&Value) -> bool,
    pub read: fn(&[u8], &About) -> Result<Read, Unread>,
}

/// What the output itself does not say, told beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The datastore, bucket or cluster that was asked about.
    pub resource: Option<String>,
    pub region: Option<String>,
    pub account: Option<String>,
    pub collected_at: Option<Moment>,
}

/// What was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    pub facts: Vec<Fact>,
    /// What was there and not understood, with its place: kept as it was said, and told.
    pub not_understood: Vec<Problem>,
    /// How many things were understood and are of no concern: calls about something else, other kinds of entities.
    pub passed_by: usize,
}

pub const ALL: &[&Connector] = &[
    &atlas::CLUSTERS,
    &atlas::COMPLIANCE,
    &atlas::EXPORTS,
    &atlas::RESTORES,
    &atlas::SCHEDULE,
    &atlas::SNAPSHOTS,
    &aws_backup::COPY_JOBS,
    &aws_backup::JOBS,
    &aws_backup::PLANS,
    &aws_backup::POINTS,
    &aws_backup::RESTORE_JOBS,
    &aws_backup::VAULTS,
    &backstage::CATALOG,
    &cloudtrail::EVENTS,
    &ebs::SNAPSHOTS,
    &ebs::SNAPSHOT_ATTRIBUTES,
    &elasticsearch::SNAPSHOTS,
    &generic::CSV,
    &generic::JSONL,
    &hris::LEAVERS_CSV,
    &hris::SCIM_USERS,
    &iam::PRINCIPALS,
    &iam::SIMULATION,
    &kms::KEYS,
    &opsgenie::ALERT_LOG,
    &opsgenie::ONCALLS,
    &pagerduty::LOG,
    &pagerduty::ONCALLS,
    &pgbackrest::INFO,
    &rds::AUTOMATED_BACKUPS,
    &rds::INSTANCES,
    &rds::SNAPSHOTS,
    &rds::SNAPSHOT_ATTRIBUTES,
    &redis::INFO,
    &restic::BACKUP,
    &restic::SNAPSHOTS,
    &s3::BUCKET,
    &s3::OBJECT,
    &terraform::DESTROY,
    &terraform::STATE,
];

pub fn of(kind: &str) -> Option<&'static Connector> {
    ALL.iter().copied().find(|connector| connector.kind == kind)
}

/// Which kinds some output looks like, other than the one that was named.
pub fn looks_like(bytes: &[u8], named: &str) -> Vec<&'static str> {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Vec::new() };
    ALL.iter().filter(|c| c.kind != named && (c.looks)(&value)).map(|c| c.kind).collect()
}
