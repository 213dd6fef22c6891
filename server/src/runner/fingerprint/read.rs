//! Reads every document of a live collection at one cluster time: whole and in its natural order, or as several ranges
//! of `_id` at once where this machine has the cores to hash them.
//!
//! While a batch is on its way those before it are hashed, in whatever order: their contents are added up. Of each
//! range three batches are in memory.

use std::sync::Arc;

use anyhow::{Context, Result};
use bson::{Bson, Document, RawDocumentBuf, Timestamp, doc};
use domain::{
    draw::hex,
    fingerprint::{Contents, Read},
};
use futures::{StreamExt, TryStreamExt};
use md5::{Digest, Md5};
use mongodb::{
    ClientSession, Database,
    error::{Error, ErrorKind},
    options::{FindOptions, Hint, SessionOptions},
    raw_batch_cursor::RawBatch,
};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::id;
use crate::runner::{
    refusal::refusal,
    source::{Collection, Kind, live::refuses_snapshot},
};

/// Batches of a range that are hashed at once; meanwhile the next one is read.
const HASHED_AT_ONCE: usize = 2;
/// Ranges read at once, at most.
const MOST_WAYS: usize = 4;
/// Below so many documents one range is quicker.
const WORTH_RANGES: u64 = 10_000;
/// Documents that are looked at for each range, to find where it ends; many, so that the ranges are alike.
const LOOKED_AT: usize = 32;
/// Documents of a batch: at 1 KiB each some 4 MiB, and never more than the server's 16 MiB.
const BATCH: u32 = 4000;

pub struct Found {
    pub contents: Contents,
    pub read: Read,
    pub db_hash: Option<String>,
}

/// One moment for the whole database, where its server has such reads.
pub async fn moment(db: &Database, listed: &[(Collection, String)]) -> Result<Option<Timestamp>> {
    let Some((asked, _)) = listed.iter().find(|(c, _)| c.holds_documents() && !c.capped()) else { return Ok(None) };
    let mut session = db.client().start_session().snapshot(true).await.map_err(refusal)?;
    let there = db.collection::<RawDocumentBuf>(&asked.data_name());
    match there.find(doc! {}).limit(1).session(&mut session).await {
        Ok(_) => Ok(session.snapshot_time()),
        Err(e) if refuses_snapshot(&e) => Ok(None),
        Err(e) => Err(refusal(e)).with_context(|| format!("{}.{} cannot be read", db.name(), asked.name)),
    }
}

pub async fn all(db: &Database, collection: &Collection, at: Option<Timestamp>, db_hash: bool) -> Result<Found> {
    let name = collection.data_name();
    if let Some(at) = at.filter(|_| !collection.capped()) {
        match attempt(db, collection, Some(at), db_hash).await {
            Ok((contents, db_hash)) => return Ok(Found { contents, read: Read::Snapshot, db_hash }),
            // SnapshotTooOld: the server keeps five minutes of its past, unless it is told to keep more.
            Err(e) if refuses_snapshot(&e) || code(&e) == Some(239) => {
                tracing::info!(collection = %collection.name, "read without a snapshot: the server has none of it any more");
            }
            Err(e) => return Err(refusal(e)),
        }
    }
    let before = writes(db, &name).await;
    let (contents, db_hash) = attempt(db, collection, None, db_hash).await.map_err(refusal)?;
    let read = match (before, writes(db, &name).await) {
        (Some(before), Some(after)) if before == after => Read::Quiet,
        (Some(_), Some(_)) => Read::Changed,
        _ => Read::Unknown,
    };
    Ok(Found { contents, read, db_hash })
}

fn code(error: &Error) -> Option<i32> {
    if let ErrorKind::Command(c) = &*error.kind { Some(c.code) } else { None }
}

/// How many writes the server has seen on it.
async fn writes(db: &Database, name: &str) -> Option<i64> {
    let stage = doc! { "$collStats": { "latencyStats": {} } };
    let mut answer = db.collection::<Document>(name).aggregate([stage]).await.ok()?;
    let stats = answer.try_next().await.ok()??;
    let writes = stats.get_document("latencyStats").ok()?.get_document("writes").ok()?;
    writes.get_i64("ops").ok()
}

async fn attempt(
    db: &Database,
    collection: &Collection,
    at: Option<Timestamp>,
    db_hash: bool,
) -> Result<(Contents, Option<String>), Error> {
    if db_hash {
        return range(db.clone(), collection.data_name(), at, Range::Ordered).await;
    }
    Ok((in_ranges(db, collection, at, ways()).await?, None))
}

/// So many ranges at once, where the collection is worth it.
pub async fn in_ranges(
    db: &Database,
    collection: &Collection,
    at: Option<Timestamp>,
    ways: usize,
) -> Result<Contents, Error> {
    let mut reading = JoinSet::new();
    for one in ranges(db, collection, ways).await? {
        reading.spawn(range(db.clone(), collection.data_name(), at, one));
    }
    let mut whole = Contents::default();
    while let Some(part) = reading.join_next().await {
        whole.merge(&ended(part)?.0);
    }
    Ok(whole)
}

enum Range {
    Whole,
    /// The whole in the order of `_id`, with its MD5.
    Ordered,
    /// From the first, which is in it, to the second, which is not.
    Between(Box<(Option<Bson>, Option<Bson>)>),
}

/// One for every two cores, which hash what one cursor delivers. Ranges cost the server twice as much a document as the
/// natural order, because it looks each up in the index of `_id`: more of them than can be hashed would only slow it.
fn ways() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / HASHED_AT_ONCE).clamp(1, MOST_WAYS)
}

/// Alike parts of the collection. An index of another kind than the plain one on `_id` has no such bounds.
async fn ranges(db: &Database, collection: &Collection, ways: usize) -> Result<Vec<Range>, Error> {
    let whole = || vec![Range::Whole];
    let options = &collection.options;
    if ways == 1
        || collection.kind != Kind::Plain
        || collection.capped()
        || options.contains_key("collation")
        || options.contains_key("clusteredIndex")
    {
        return Ok(whole());
    }
    let there = db.collection::<Document>(&collection.name);
    if there.estimated_document_count().await? < WORTH_RANGES {
        return Ok(whole());
    }
    let sample = i64::try_from(LOOKED_AT * ways).unwrap_or(i64::MAX);
    let stages =
        [doc! { "$sample": { "size": sample } }, doc! { "$project": { "_id": 1 } }, doc! { "$sort": { "_id": 1 } }];
    let sampled: Vec<Document> = there.aggregate(stages).await?.try_collect().await?;
    let mut bounds: Vec<Bson> =
        (1..ways).filter_map(|n| sampled.get(n * sampled.len() / ways)?.get("_id").cloned()).collect();
    bounds.dedup();
    let mut ranges = Vec::new();
    let mut from = None;
    for to in bounds {
        ranges.push(Range::Between(Box::new((from.replace(to.clone()), Some(to)))));
    }
    ranges.push(Range::Between(Box::new((from, None))));
    Ok(ranges)
}

async fn range(
    db: Database,
    name: String,
    at: Option<Timestamp>,
    range: Range,
) -> Result<(Contents, Option<String>), Error> {
    let there = db.collection::<RawDocumentBuf>(&name);
    let mut options = FindOptions::builder().batch_size(BATCH).build();
    let mut hashing = Hashing::new(matches!(range, Range::Ordered));
    match range {
        Range::Whole => {}
        Range::Ordered => options.sort = Some(doc! { "_id": 1 }),
        Range::Between(bounds) => {
            let (from, to) = *bounds;
            options.hint = Some(Hint::Keys(doc! { "_id": 1 }));
            options.min = from.map(|id| doc! { "_id": id });
            options.max = to.map(|id| doc! { "_id": id });
        }
    }
    let find = there.find(doc! {}).with_options(options);
    match at {
        Some(at) => {
            let mut session = session_at(&db, at).await?;
            let mut cursor = find.session(&mut session).batch().await?;
            while let Some(batch) = cursor.stream(&mut session).next().await {
                hashing.take(batch?).await?;
            }
        }
        None => {
            let mut cursor = find.batch().await?;
            while let Some(batch) = cursor.next().await {
                hashing.take(batch?).await?;
            }
        }
    }
    hashing.finish().await
}

async fn session_at(db: &Database, at: Timestamp) -> Result<ClientSession, Error> {
    let options = SessionOptions::builder().snapshot(true).snapshot_time(at).build();
    db.client().start_session().with_options(options).await
}

/// Hashes the batches before, while the next one is read.
struct Hashing {
    /// What the batches hashed so far came to, in parts; those at work are with their batches.
    contents: Vec<Contents>,
    at_work: JoinSet<Result<Contents, Error>>,
    /// Only in order.
    md5: Option<JoinHandle<Result<Md5, Error>>>,
}

impl Hashing {
    fn new(ordered: bool) -> Self {
        Self {
            contents: vec![Contents::default(); HASHED_AT_ONCE],
            at_work: JoinSet::new(),
            md5: ordered.then(|| tokio::spawn(async { Ok(Md5::new()) })),
        }
    }

    async fn take(&mut self, batch: RawBatch) -> Result<(), Error> {
        let batch = Arc::new(batch);
        if let Some(before) = self.md5.take() {
            let (mut md5, batch) = (ended(before.await)?, batch.clone());
            self.md5 = Some(tokio::task::spawn_blocking(move || {
                each(&batch, |raw| md5.update(raw))?;
                Ok(md5)
            }));
        }
        if self.contents.is_empty()
            && let Some(done) = self.at_work.join_next().await
        {
            self.contents.push(ended(done)?);
        }
        let mut contents = self.contents.pop().unwrap_or_default();
        self.at_work.spawn_blocking(move || {
            each(&batch, |raw| contents.add(raw, &id::key(raw)))?;
            Ok(contents)
        });
        Ok(())
    }

    async fn finish(mut self) -> Result<(Contents, Option<String>), Error> {
        let mut whole = self.contents.pop().unwrap_or_default();
        self.contents.iter().for_each(|part| whole.merge(part));
        while let Some(done) = self.at_work.join_next().await {
            whole.merge(&ended(done)?);
        }
        let md5 = match self.md5 {
            Some(last) => Some(hex(&ended(last.await)?.finalize())),
            None => None,
        };
        Ok((whole, md5))
    }
}

fn each(batch: &RawBatch, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
    for document in batch.doc_slices()? {
        match document? {
            bson::RawBsonRef::Document(raw) => take(raw.as_bytes()),
            _ => return Err(Error::custom("the server's answer holds what is no document".to_owned())),
        }
    }
    Ok(())
}

fn ended<T>(work: Result<Result<T, Error>, JoinError>) -> Result<T, Error> {
    work.map_err(|e| Error::custom(e.to_string()))?
}
