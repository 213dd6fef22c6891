//! Restores a dump into an empty database: options, documents in parallel batches, then indexes.

use anyhow::{Context, Result};
use bson::{Document, RawDocumentBuf, doc};
use futures::{StreamExt, TryStreamExt};
use mongodb::Database;
use tokio::sync::mpsc;

use super::{
    dump::{Collection, Dump},
    progress::Progress,
};

/// A batch is full at 1000 documents or 8 MiB, half of what one message to the server may carry comfortably.
const BATCH_DOCUMENTS: usize = 1000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Batches under way at once: with two in the queue, at most 5 × 8 MiB are in memory.
const PARALLEL: usize = 3;

pub struct Restored {
    pub documents: i64,
    pub bytes: i64,
}

pub async fn restore(dump: &Dump, into: &Database, progress: &dyn Progress) -> Result<Restored> {
    let mut total = 0;
    for collection in &dump.collections {
        total += collection.open()?.length();
    }
    let mut restored = Restored { documents: 0, bytes: 0 };
    for collection in &dump.collections {
        create(collection, into).await.with_context(|| format!("creating {}", collection.name))?;
        let (send, receive) = mpsc::channel::<Result<Vec<RawDocumentBuf>>>(2);
        let mut file = collection.open()?;
        let reading = tokio::task::spawn_blocking(move || {
            loop {
                let batch = next_batch(&mut file);
                let last = !matches!(&batch, Ok(b) if !b.is_empty());
                // The receiver hangs up when an insert failed; its error is the one that counts.
                if send.blocking_send(batch).is_err() || last {
                    return;
                }
            }
        });
        let target = into.collection::<RawDocumentBuf>(&collection.name);
        let batches = futures::stream::unfold(receive, |mut r| async move { r.recv().await.map(|b| (b, r)) });
        let inserted = batches
            .map(|batch| {
                let target = target.clone();
                async move {
                    let batch = batch?;
                    let bytes: usize = batch.iter().map(|d| d.as_bytes().len()).sum();
                    let count = batch.len();
                    if !batch.is_empty() {
                        target.insert_many(batch).ordered(false).await?;
                    }
                    Ok::<_, anyhow::Error>((count, bytes))
                }
            })
            .buffer_unordered(PARALLEL);
        let mut inserted = Box::pin(inserted);
        while let Some((count, bytes)) =
            inserted.try_next().await.with_context(|| format!("restoring {}", collection.name))?
        {
            restored.documents += i64::try_from(count).unwrap_or(i64::MAX);
            restored.bytes += i64::try_from(bytes).unwrap_or(i64::MAX);
            progress.moved(u64::try_from(restored.bytes).unwrap_or_default(), total);
        }
        drop(inserted);
        reading.await.context("the reader of the dump ended")?;
        index(collection, into).await.with_context(|| format!("indexing {}", collection.name))?;
    }
    Ok(restored)
}

fn next_batch(file: &mut super::bsonfile::BsonFile) -> Result<Vec<RawDocumentBuf>> {
    let mut batch = Vec::with_capacity(BATCH_DOCUMENTS);
    let mut bytes = 0;
    while batch.len() < BATCH_DOCUMENTS && bytes < BATCH_BYTES {
        match file.next_document()? {
            Some(document) => {
                bytes += document.as_bytes().len();
                batch.push(document);
            }
            None => break,
        }
    }
    Ok(batch)
}

async fn create(collection: &Collection, into: &Database) -> Result<()> {
    let mut command = doc! { "create": &collection.name };
    command.extend(collection.options.clone());
    into.run_command(command).await?;
    Ok(())
}

async fn index(collection: &Collection, into: &Database) -> Result<()> {
    let indexes: Vec<Document> = collection
        .indexes
        .iter()
        .filter(|i| i.get_str("name").ok() != Some("_id_"))
        .map(|i| {
            let mut index = i.clone();
            // Written by older tools; the server refuses it now.
            index.remove("ns");
            index
        })
        .collect();
    if !indexes.is_empty() {
        into.run_command(doc! { "createIndexes": &collection.name, "indexes": indexes }).await?;
    }
    Ok(())
}
