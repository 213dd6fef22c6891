//! Restores a recovery point into an empty database: options, documents in parallel batches, indexes, views.
//!
//! Validators stand from the beginning and are passed by, because documents may be older than they are. Indexes
//! come after the documents; those that delete by time are held still, so that nothing is deleted while the copy
//! is looked at. A time-series collection is restored from its raw buckets: only so it comes back byte for byte.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use bson::{Bson, RawDocumentBuf, doc};
use domain::words;
use mongodb::{Database, error::ErrorKind, options::InsertManyOptions};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    progress::Progress,
    refusal::refusal,
    source::{Collection, Kind, Reader, RecoveryPoint, live},
};

/// A batch is full at 1000 documents or 8 MiB, half of what one message to the server may carry comfortably.
pub const BATCH_DOCUMENTS: usize = 1000;
pub const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Batches under way at once.
pub const PARALLEL: usize = 3;
/// Files read at once. With a batch in each reader, two in the queue and three under way, at most 7 × 8 MiB are in
/// memory, and 16 MiB more for each that ends with a document of the largest size.
const READERS: usize = 2;

/// Sixty-eight years, the longest that an index may wait before it deletes.
const HELD_INDEX_SECONDS: i32 = i32::MAX;
/// Fifty years: for a whole collection the server takes no more than has passed since 1970.
const HELD_COLLECTION_SECONDS: i64 = 50 * 365 * 24 * 3600;

#[derive(Debug, Default)]
pub struct Restored {
    pub documents: i64,
    pub bytes: i64,
    /// The collection that took most bytes; a view or buckets are never it.
    pub largest: Option<String>,
    /// What the target took otherwise than it was, and why; none of it is a document.
    pub otherwise: Vec<String>,
    /// Options that the target does not know, by collection.
    pub left_out: Vec<(String, String)>,
    /// Indexes that the target refused, with its reason.
    pub refused: Vec<String>,
    /// How many rules that delete by time are held still.
    pub held: usize,
}

impl Restored {
    /// One line for people: "27 411 documents, 8.1 MB in 4 collections".
    pub fn says(&self, collections: usize) -> String {
        let mut line = format!(
            "{} documents, {} in {collections} collections",
            words::count(self.documents),
            words::bytes(self.bytes)
        );
        if self.held > 0 {
            line += &format!("; {} that delete by time held still for the drill", self.held);
        }
        for otherwise in &self.otherwise {
            line += &format!("; {otherwise}");
        }
        line
    }
}

/// Documents of one collection on their way.
struct Batch {
    collection: usize,
    documents: Vec<RawDocumentBuf>,
    bytes: usize,
}

pub async fn restore(point: &RecoveryPoint, into: &Database, progress: &dyn Progress) -> Result<Restored> {
    let mut restored = Restored::default();
    let newer = newer(point, into).await;
    restored.otherwise.extend(newer.clone());
    let why = |what: String| newer.as_ref().map_or(what.clone(), |newer| format!("{what} ({newer})"));
    for (_, collection) in point.holding() {
        create(collection, into, &mut restored).await.with_context(|| why(format!("creating {}", collection.name)))?;
    }
    insert(point, into, progress, &mut restored).await?;
    for (_, collection) in point.holding() {
        index(collection, into, &mut restored).await.with_context(|| format!("indexing {}", collection.name))?;
    }
    for view in point.collections.iter().filter(|c| c.kind == Kind::View) {
        create(view, into, &mut restored).await.with_context(|| why(format!("making the view {}", view.name)))?;
    }
    Ok(restored)
}

/// Says when the recovery point is of a newer server than the target's, which may not understand all of it.
async fn newer(point: &RecoveryPoint, into: &Database) -> Option<String> {
    let target = live::version(into).await?;
    let source = point.server_version.as_ref()?;
    let parts = |v: &str| v.split('.').take(2).map(|n| n.parse().unwrap_or(0)).collect::<Vec<u32>>();
    (parts(source) > parts(&target))
        .then(|| format!("the recovery point is of MongoDB {source}, newer than the target's {target}"))
}

async fn create(collection: &Collection, into: &Database, restored: &mut Restored) -> Result<()> {
    let mut command = doc! { "create": &collection.name };
    for (key, value) in &collection.options {
        let value = match key.as_str() {
            // Retired; no server since 4.0 makes a collection without an index on _id.
            "autoIndexId" | "flags" => continue,
            "expireAfterSeconds" => {
                restored.held += 1;
                Bson::Int64(HELD_COLLECTION_SECONDS)
            }
            _ => value.clone(),
        };
        command.insert(key, value);
    }
    loop {
        match into.run_command(command.clone()).await {
            Ok(_) => return Ok(()),
            Err(e) => {
                let Some(option) = unknown_option(&e).filter(|o| command.contains_key(o)) else {
                    return Err(refusal(e));
                };
                command.remove(&option);
                restored.otherwise.push(format!("{}: the target knows no option {option}", collection.name));
                restored.left_out.push((collection.name.clone(), option));
            }
        }
    }
}

/// The option in "BSON field 'create.recordPreImages' is an unknown field."
fn unknown_option(error: &mongodb::error::Error) -> Option<String> {
    let ErrorKind::Command(command) = &*error.kind else { return None };
    if command.code != 40415 {
        return None;
    }
    let (_, rest) = command.message.split_once("create.")?;
    rest.split('\'').next().map(str::to_owned)
}

/// Reads on threads of their own, and inserts what they bring.
async fn insert(
    point: &RecoveryPoint,
    into: &Database,
    progress: &dyn Progress,
    restored: &mut Restored,
) -> Result<()> {
    let total = point.stored.bytes().unwrap_or(0);
    let (send, mut receive) = mpsc::channel::<Result<Batch>>(2);
    let readers = std::sync::Arc::new(std::sync::Mutex::new(point.stored.readers()?.into_iter()));
    let mut reading = JoinSet::new();
    for _ in 0..READERS {
        let (send, readers) = (send.clone(), readers.clone());
        reading.spawn_blocking(move || {
            loop {
                let next = readers.lock().ok().and_then(|mut left| left.next());
                let Some(mut reader) = next else { return };
                if !read(&mut *reader, &send) {
                    return;
                }
            }
        });
    }
    drop(send);
    let mut flying: JoinSet<Result<(usize, usize, usize)>> = JoinSet::new();
    let mut bytes_of = vec![0usize; point.collections.len()];
    let mut count = |(number, documents, bytes): (usize, usize, usize)| {
        bytes_of[number] += bytes;
        restored.documents += i64::try_from(documents).unwrap_or(i64::MAX);
        restored.bytes += i64::try_from(bytes).unwrap_or(i64::MAX);
        progress.moved(u64::try_from(restored.bytes).unwrap_or_default(), total);
    };
    while let Some(batch) = receive.recv().await {
        let batch = batch.context("reading the recovery point")?;
        let collection = &point.collections[batch.collection];
        let target = into.collection::<RawDocumentBuf>(&collection.data_name());
        let name = collection.name.clone();
        let work = async move {
            let (documents, bytes) = (batch.documents.len(), batch.bytes);
            let options = InsertManyOptions::builder().ordered(false).bypass_document_validation(true).build();
            target
                .insert_many(batch.documents)
                .with_options(options)
                .await
                .map_err(refusal)
                .with_context(|| format!("restoring {name}"))?;
            Ok((batch.collection, documents, bytes))
        };
        // A capped collection keeps the order in which its documents came.
        if collection.capped() {
            count(work.await?);
            continue;
        }
        if flying.len() == PARALLEL
            && let Some(done) = flying.join_next().await
        {
            count(done.context("an insert ended early")??);
        }
        flying.spawn(work);
    }
    while let Some(done) = flying.join_next().await {
        count(done.context("an insert ended early")??);
    }
    while let Some(done) = reading.join_next().await {
        done.context("a reader of the recovery point ended early")?;
    }
    let plain = point.holding().filter(|(_, c)| c.kind == Kind::Plain);
    let largest = plain.max_by_key(|(number, _)| bytes_of[*number]);
    restored.largest = largest.map(|(_, c)| c.name.clone());
    Ok(())
}

/// Sends batches until the reader ends; `false` when nothing more is wanted, because an insert failed or this did.
fn read(reader: &mut dyn Reader, send: &mpsc::Sender<Result<Batch>>) -> bool {
    let mut filling: HashMap<usize, Batch> = HashMap::new();
    // Of an archive in which many collections take turns, no more is held than of one.
    let mut held = 0;
    loop {
        match reader.next() {
            Err(e) => {
                let _ = send.blocking_send(Err(e));
                return false;
            }
            Ok(None) => break,
            Ok(Some((collection, document))) => {
                let bytes = document.as_bytes().len();
                let batch = filling.entry(collection).or_insert_with(|| Batch {
                    collection,
                    documents: Vec::with_capacity(BATCH_DOCUMENTS.min(64)),
                    bytes: 0,
                });
                batch.documents.push(document);
                batch.bytes += bytes;
                held += bytes;
                let full = if batch.documents.len() >= BATCH_DOCUMENTS {
                    Some(collection)
                } else if held >= BATCH_BYTES {
                    filling.values().max_by_key(|b| b.bytes).map(|b| b.collection)
                } else {
                    None
                };
                if let Some(batch) = full.and_then(|full| filling.remove(&full)) {
                    held -= batch.bytes;
                    if send.blocking_send(Ok(batch)).is_err() {
                        return false;
                    }
                }
            }
        }
    }
    filling.into_values().all(|batch| send.blocking_send(Ok(batch)).is_ok())
}

async fn index(collection: &Collection, into: &Database, restored: &mut Restored) -> Result<()> {
    let collated =
        collection.options.get_document("collation").is_ok_and(|c| c.get_str("locale").ok() != Some("simple"));
    let mut indexes = Vec::new();
    for index in collection.indexes.iter().flatten() {
        // Made with the collection.
        if index.get_str("name").ok() == Some("_id_") || index.get_bool("clustered").unwrap_or(false) {
            continue;
        }
        let mut index = index.clone();
        // Written by older tools; servers refuse them now.
        for retired in ["ns", "safe", "dropDups", "background"] {
            index.remove(retired);
        }
        if index.contains_key("expireAfterSeconds") {
            restored.held += 1;
            index.insert("expireAfterSeconds", HELD_INDEX_SECONDS);
        }
        // Without one of its own it would take the collection's, which it had not.
        if collated && !index.contains_key("collation") {
            index.insert("collation", doc! { "locale": "simple" });
        }
        indexes.push(index);
    }
    if indexes.is_empty() {
        return Ok(());
    }
    let all = into.run_command(doc! { "createIndexes": &collection.name, "indexes": indexes.clone() }).await;
    let Err(e) = all else { return Ok(()) };
    if !matches!(*e.kind, ErrorKind::Command(_)) {
        return Err(refusal(e));
    }
    // One of them is refused; which, shows when each is asked for alone.
    for index in indexes {
        let name = index.get_str("name").unwrap_or("unnamed").to_owned();
        match into.run_command(doc! { "createIndexes": &collection.name, "indexes": [index] }).await {
            Ok(_) => {}
            Err(e) if matches!(*e.kind, ErrorKind::Command(_)) => {
                restored.refused.push(format!("{}.{name}: {}", collection.name, refusal(e)));
            }
            Err(e) => return Err(refusal(e)),
        }
    }
    Ok(())
}

/// Refuses to restore where something lies already.
pub async fn must_be_empty(staging: &Database) -> Result<()> {
    let there = staging.list_collection_names().await.map_err(refusal).context("the target cannot be listed")?;
    if !there.is_empty() {
        bail!("the staging database {} is not empty; nothing was written to it", staging.name());
    }
    Ok(())
}
