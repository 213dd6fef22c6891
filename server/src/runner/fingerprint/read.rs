//! Reads every document of a live collection: several ranges of `_id` at once, all at the same cluster time.
//!
//! While a batch is on its way the one before it is hashed. Of each range two batches are in memory.

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
use tokio::task::{JoinHandle, JoinSet};

use super::id;
use crate::runner::{
    refusal::refusal,
    source::{Collection, Kind, live::refuses_snapshot},
};

/// Ranges read at once.
const WAYS: usize = 4;
/// Below so many documents one range is quicker.
const WORTH_RANGES: u64 = 10_000;
/// Documents that are looked at to find where each range ends; many, so that the ranges are alike.
const LOOKED_AT: usize = 32 * WAYS;
/// Documents of a batch: at 1 KiB each some 2 MiB, and never more than the server's 16 MiB.
const BATCH: u32 = 2000;

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
        let (contents, md5) = range(db.clone(), collection.data_name(), at, Range::Ordered).await?;
        return Ok((contents, md5));
    }
    let mut reading = JoinSet::new();
    for one in ranges(db, collection).await? {
        reading.spawn(range(db.clone(), collection.data_name(), at, one));
    }
    let mut whole: Option<Contents> = None;
    while let Some(part) = reading.join_next().await {
        let (part, _) = part.map_err(|e| Error::custom(e.to_string()))??;
        match &mut whole {
            Some(whole) => whole.merge(&part),
            None => whole = Some(part),
        }
    }
    Ok((whole.unwrap_or_default(), None))
}

enum Range {
    Whole,
    /// The whole in the order of `_id`, with its MD5.
    Ordered,
    /// From the first, which is in it, to the second, which is not.
    Between(Box<(Option<Bson>, Option<Bson>)>),
}

/// Alike parts of the collection. An index of another kind than the plain one on `_id` has no such bounds.
async fn ranges(db: &Database, collection: &Collection) -> Result<Vec<Range>, Error> {
    let whole = || vec![Range::Whole];
    let options = &collection.options;
    if collection.kind != Kind::Plain
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
    let sample = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
    let stages =
        [doc! { "$sample": { "size": sample } }, doc! { "$project": { "_id": 1 } }, doc! { "$sort": { "_id": 1 } }];
    let sampled: Vec<Document> = there.aggregate(stages).await?.try_collect().await?;
    let mut bounds: Vec<Bson> =
        (1..WAYS).filter_map(|n| sampled.get(n * sampled.len() / WAYS)?.get("_id").cloned()).collect();
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

/// Hashes the batch before, while the next one is read.
struct Hashing {
    contents: Option<JoinHandle<Result<Contents, Error>>>,
    md5: Option<JoinHandle<Result<Md5, Error>>>,
}

impl Hashing {
    fn new(ordered: bool) -> Self {
        Self {
            contents: Some(tokio::spawn(async { Ok(Contents::default()) })),
            md5: ordered.then(|| tokio::spawn(async { Ok(Md5::new()) })),
        }
    }

    async fn take(&mut self, batch: RawBatch) -> Result<(), Error> {
        let batch = Arc::new(batch);
        if let Some(before) = self.md5.take() {
            let (mut md5, batch) = (ended(before).await?, batch.clone());
            self.md5 = Some(tokio::task::spawn_blocking(move || {
                each(&batch, |raw| md5.update(raw))?;
                Ok(md5)
            }));
        }
        if let Some(before) = self.contents.take() {
            let mut contents = ended(before).await?;
            self.contents = Some(tokio::task::spawn_blocking(move || {
                each(&batch, |raw| contents.add(raw, &id::key(raw)))?;
                Ok(contents)
            }));
        }
        Ok(())
    }

    async fn finish(self) -> Result<(Contents, Option<String>), Error> {
        let contents = match self.contents {
            Some(last) => ended(last).await?,
            None => Contents::default(),
        };
        let md5 = match self.md5 {
            Some(last) => Some(hex(&ended(last).await?.finalize())),
            None => None,
        };
        Ok((contents, md5))
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

async fn ended<T>(work: JoinHandle<Result<T, Error>>) -> Result<T, Error> {
    work.await.map_err(|e| Error::custom(e.to_string()))?
}
