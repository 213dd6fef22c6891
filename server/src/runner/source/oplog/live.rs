//! The operation log of a live replica set.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use bson::{RawDocumentBuf, Timestamp, doc};
use futures::TryStreamExt;
use mongodb::{Client, options::ReadConcern};

use crate::runner::refusal::refusal;

const LOG: &str = "oplog.rs";

/// The moment of the newest operation that a majority of the members has.
pub async fn now(client: &Client) -> Result<Timestamp> {
    let hello = client.database("admin").run_command(doc! { "hello": 1 }).await.map_err(refusal)?;
    let majority = hello.get_document("lastWrite").and_then(|last| last.get_document("majorityOpTime"));
    majority
        .and_then(|op| op.get_timestamp("ts"))
        .context("the source has no operation log: it is no replica set, or is reached through mongos")
}

/// Copies what happened to one database after `from` and before `until` into a file, as `mongodump --oplog` writes it.
pub async fn fetch(client: &Client, database: &str, from: Timestamp, until: Timestamp, into: &Path) -> Result<u64> {
    let local = client.database("local");
    let log = local.collection::<RawDocumentBuf>(LOG);
    let said = "the source's operation log (local.oplog.rs) cannot be read; it needs the role read on local";
    let oldest = log.find_one(doc! {}).sort(doc! { "$natural": 1 }).await.map_err(refusal).context(said)?;
    let oldest = oldest.and_then(|entry| entry.get_timestamp("ts").ok());
    if oldest.is_none_or(|oldest| oldest > from) {
        bail!(
            "the source's operation log begins only after the recovery point: take a newer one, or keep a longer log"
        );
    }
    // A database's own operations, and transactions, which may hold some.
    let escaped: String =
        database.chars().flat_map(|c| if c.is_alphanumeric() { vec![c] } else { vec!['\\', c] }).collect();
    let own = bson::Regex { pattern: format!("^{escaped}\\.").try_into()?, options: bson::cstr!("").to_owned() };
    let wanted = doc! { "ts": { "$gt": from, "$lt": until }, "$or": [{ "ns": own }, { "ns": "admin.$cmd" }] };
    let mut entries = log.find(wanted).read_concern(ReadConcern::majority()).await.map_err(refusal).context(said)?;
    let mut file = BufWriter::new(File::create(into).with_context(|| format!("no room for {}", into.display()))?);
    let mut count = 0;
    while let Some(entry) = entries.try_next().await.map_err(refusal).context(said)? {
        file.write_all(entry.as_bytes()).with_context(|| format!("writing {}", into.display()))?;
        count += 1;
    }
    file.flush().with_context(|| format!("writing {}", into.display()))?;
    Ok(count)
}
