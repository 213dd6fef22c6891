//! The attestation: which tenant databases are on the cluster, and which recovery point is said to hold each.
//!
//! It reads, and writes nothing but its records. What it says is only as strong as what it looked at: a name beside a
//! recovery point is `declared`, one in the vendor's own list of that point is `listed`, one that was counted on the
//! cluster is `counted`, and one whose documents were all read there is `fingerprinted`.

pub mod points;
pub mod snapshot;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bson::{Document, Timestamp, doc};
use domain::{
    Moment,
    attestation::{Attestation, Read, RecoveryPoint, Strength},
    drill::Excluded,
    job::Attested,
};
use mongodb::{Client, ClientSession, Database};

use super::{
    fingerprint::{self, Wish},
    plan::is_tenant,
    progress::Progress,
    restorer::atlas,
};

/// What to attest.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The cluster the tenants live on.
    pub uri: String,
    pub vendor: Vendor,
    /// The most that is looked at.
    pub strength: Strength,
    /// Only these are tenants; a name may end with `*`. `None`: every database that is not the server's own.
    pub include: Option<Vec<String>>,
    /// A name may end with `*`.
    pub exclude: Vec<Excluded>,
    /// As it stands on pages; `None`: the recovery point's.
    pub cluster: Option<String>,
    pub by: String,
}

/// Who says which recovery points there are.
#[derive(Clone, Debug)]
pub enum Vendor {
    Files {
        /// The vendor's own answer, or a mongodump directory.
        recovery_points: PathBuf,
        /// The vendor's list of databases in the newest of them.
        databases: Option<PathBuf>,
    },
    /// MongoDB Atlas is asked, for both.
    Atlas(Box<atlas::Config>),
}

impl Vendor {
    /// The newest recovery point, and the databases in it where that is told.
    async fn newest(&self, at: Moment) -> Result<(RecoveryPoint, Option<Vec<String>>)> {
        match self {
            Self::Files { recovery_points, databases } => {
                Ok((points::newest(recovery_points, at)?, databases.as_deref().map(points::databases).transpose()?))
            }
            Self::Atlas(config) => {
                let (point, databases) = atlas::Lists::open(config.as_ref().clone())?.newest(at).await?;
                Ok((point, Some(databases)))
            }
        }
    }

    /// Whether it tells which databases are in a recovery point.
    pub fn lists_databases(&self) -> bool {
        matches!(self, Self::Atlas(_) | Self::Files { databases: Some(_), .. })
    }
}

/// Attestations, and what was seen.
pub struct Run {
    pub attestations: Vec<Attestation>,
    pub attested: Attested,
}

/// Looks once. `run_id` and `at` are those of the run, the same when it is repeated.
pub async fn run(plan: &Plan, run_id: &str, at: Moment, progress: &dyn Progress) -> Result<Run> {
    let (point, vendors_list) = plan.vendor.newest(at).await?;
    let client = Client::with_uri_str(&plan.uri).await.context("the cluster's address cannot be used")?;
    let names =
        client.list_database_names().await.context("the cluster does not answer, or does not list its databases")?;
    let mut seen: Vec<String> = names.into_iter().filter(|name| is_tenant(name)).collect();
    if let Some(include) = &plan.include {
        seen.retain(|name| include.iter().any(|pattern| matches(pattern, name)));
    }
    seen.sort();
    if seen.is_empty() {
        bail!("no tenant database is on the cluster: either it is another, or these credentials see none");
    }
    let mut left_out: Vec<Excluded> = Vec::new();
    let mut tenants: Vec<&String> = Vec::new();
    for name in &seen {
        match plan.exclude.iter().find(|e| matches(&e.name, name)) {
            Some(rule) => left_out.push(Excluded { name: name.clone(), why: rule.why.clone() }),
            None => tenants.push(name),
        }
    }
    // Left out by rule is not owed; absent from the recovery point is, and shows as a gap.
    let owed = i64::try_from(tenants.len()).unwrap_or(i64::MAX);
    let mut attestations = Vec::new();
    let mut one_time = None;
    for (done, tenant) in tenants.iter().enumerate() {
        progress.moved(done as u64, tenants.len() as u64);
        let listed = vendors_list.as_ref().map(|list| list.iter().any(|name| name == *tenant));
        if listed == Some(false) {
            left_out
                .push(Excluded { name: (*tenant).clone(), why: format!("not in the vendor's list of {}", point.id) });
            continue;
        }
        let read = match plan.strength {
            Strength::Declared | Strength::Listed => None,
            Strength::Counted => {
                Some(count(&client, tenant, &mut one_time).await.with_context(|| format!("counting {tenant}"))?)
            }
            Strength::Fingerprinted | Strength::Restored => Some(print(&client, tenant).await?),
        };
        let strength = match (&read, listed) {
            (Some(read), _) if read.digest.is_some() => Strength::Fingerprinted,
            (Some(_), _) => Strength::Counted,
            (None, Some(_)) => Strength::Listed,
            (None, None) => Strength::Declared,
        };
        let mut recovery_point = point.clone();
        if let Some(cluster) = &plan.cluster {
            recovery_point.cluster.clone_from(cluster);
        }
        attestations.push(Attestation {
            schema: 1,
            tenant: (*tenant).clone(),
            recovery_point,
            strength,
            read,
            run_id: run_id.to_owned(),
            tenants_seen: owed,
            demo: false,
            occurred_at: at,
            learned_at: None,
            by: plan.by.clone(),
            signature: None,
        });
    }
    progress.moved(tenants.len() as u64, tenants.len() as u64);
    left_out.sort_by(|a, b| a.name.cmp(&b.name));
    let attested = Attested {
        cluster: plan.cluster.clone().unwrap_or(point.cluster),
        recovery_point: point.id,
        left_out,
        attested: u32::try_from(attestations.len()).unwrap_or(u32::MAX),
        read_at: one_time.and_then(moment),
        seen,
    };
    Ok(Run { attestations, attested })
}

/// Counts a tenant's documents at one cluster time for the whole run where the server allows: the first tenant's
/// decides. A run that takes longer than the server keeps that time (five minutes unless it is told otherwise) goes on
/// at a later one, and then says so.
async fn count(client: &Client, tenant: &str, one_time: &mut Option<Timestamp>) -> Result<Read> {
    let db = client.database(tenant);
    match at_one_time(client, &db, *one_time).await {
        Ok((read, time)) => {
            *one_time = time;
            Ok(read)
        }
        Err(refused) if no_snapshot(&refused) => {
            *one_time = None;
            let at = Moment::from(chrono::Utc::now());
            let (mut collections, mut documents) = (0, 0);
            for name in collections_of(&db).await? {
                let found = db.collection::<Document>(&name).count_documents(doc! {}).await?;
                collections += 1;
                documents += i64::try_from(found).unwrap_or(i64::MAX);
            }
            Ok(Read { at, one_time: false, collections, documents, bytes: None, digest: None })
        }
        Err(other) => Err(other.into()),
    }
}

/// Reads all of a tenant's documents. What was written to meanwhile has a count and no digest: it would be of no moment.
async fn print(client: &Client, tenant: &str) -> Result<Read> {
    let wish = Wish { db_hash: false, sketches: false };
    let print = fingerprint::of_live(client, tenant, wish).await.with_context(|| format!("reading {tenant}"))?;
    let (documents, bytes) = print.totals();
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(Read {
        at: print.taken_at,
        one_time: print.of_one_cluster_time(),
        collections: i64::try_from(print.collections.len()).unwrap_or(i64::MAX),
        documents: whole(documents),
        bytes: Some(whole(bytes)),
        digest: print.of_one_moment().then(|| print.digest()),
    })
}

async fn at_one_time(
    client: &Client,
    db: &Database,
    time: Option<Timestamp>,
) -> mongodb::error::Result<(Read, Option<Timestamp>)> {
    let names = collections_of(db).await?;
    let mut options = mongodb::options::SessionOptions::default();
    options.snapshot = Some(true);
    options.snapshot_time = time;
    let mut session: ClientSession = client.start_session().with_options(options).await?;
    let began = Moment::from(chrono::Utc::now());
    let (mut collections, mut documents) = (0, 0);
    for name in names {
        let found = db.collection::<Document>(&name).count_documents(doc! {}).session(&mut session).await?;
        collections += 1;
        documents += i64::try_from(found).unwrap_or(i64::MAX);
    }
    let time = session.snapshot_time();
    let at = time.and_then(moment).unwrap_or(began);
    Ok((Read { at, one_time: true, collections, documents, bytes: None, digest: None }, time))
}

/// Plain collections, sorted: views hold no documents of their own.
async fn collections_of(db: &Database) -> mongodb::error::Result<Vec<String>> {
    let mut names = db.list_collection_names().filter(doc! { "type": "collection" }).await?;
    names.retain(|name| !name.starts_with("system."));
    names.sort();
    Ok(names)
}

/// 246 SnapshotUnavailable, 239 SnapshotTooOld, 123 NotAReplicaSet, 72 InvalidOptions, 20 IllegalOperation,
/// 263 OperationNotSupportedInTransaction, 303 APIStrictError.
/// <https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml>
fn no_snapshot(error: &mongodb::error::Error) -> bool {
    match &*error.kind {
        mongodb::error::ErrorKind::Command(command) => [20, 72, 123, 239, 246, 263, 303].contains(&command.code),
        mongodb::error::ErrorKind::SessionsNotSupported => true,
        _ => false,
    }
}

fn moment(time: Timestamp) -> Option<Moment> {
    Moment::from_millis(i64::from(time.time) * 1000)
}

/// Whether a name is meant: the same, or beginning with what stands before a final `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}
