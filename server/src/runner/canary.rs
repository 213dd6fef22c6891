//! A document of the drill's own in the tenant's database: written before the recovery point, changed after it, lost on
//! purpose, and put back from just before its loss.
//!
//! What the whole database held at that moment is asked of the source itself, which keeps some minutes of its past;
//! the copy is then held against it, and not against what the runner computed.

use anyhow::{Context, Result, bail};
use bson::{Document, RawDocumentBuf, Timestamp, doc, oid::ObjectId};
use chrono::Utc;
use domain::{Moment, draw::hex, drill, fingerprint::Fingerprint};
use mongodb::{
    Client, Collection, Database,
    options::{Acknowledgment, CollectionOptions, ReadConcern, WriteConcern},
};
use sha2::{Digest, Sha256};

use super::{
    fingerprint::{self, Wish},
    plan,
    refusal::refusal,
    source::oplog,
};

pub struct Canary {
    origin: Client,
    database: String,
    collection: String,
    id: ObjectId,
    /// The field that says when a document was last written.
    field: String,
    /// Whether its collection was there before.
    shared: bool,
    /// What earlier drills left beside it, for people to read.
    others: Vec<String>,
}

const SAYS: &str = "written by a restore drill, which loses it and brings it back";
/// A drill that began longer ago than this is over.
const OLD_SECONDS: i64 = 24 * 3600;

/// What was lost, and when.
pub struct Lost {
    /// The operation that deleted it.
    pub until: Timestamp,
    pub at: Moment,
    /// What the database held just before.
    pub source: Fingerprint,
    pub sha256: String,
}

impl Canary {
    pub fn new(origin: Client, database: &str, plan: &plan::Canary, field: &str) -> Self {
        let (database, collection) = (database.to_owned(), plan.collection.clone());
        Self {
            origin,
            database,
            collection,
            id: ObjectId::new(),
            field: field.to_owned(),
            shared: true,
            others: Vec::new(),
        }
    }

    /// For the record, before anything is lost.
    pub fn described(&self) -> drill::Canary {
        drill::Canary { collection: self.collection.clone(), id: self.id.to_hex(), ..Default::default() }
    }

    fn db(&self) -> Database {
        self.origin.database(&self.database)
    }

    /// Every write is one that a majority has, and every read sees such ones.
    fn there(&self) -> Collection<RawDocumentBuf> {
        let majority = WriteConcern::builder().w(Acknowledgment::Majority).build();
        let options =
            CollectionOptions::builder().write_concern(majority).read_concern(ReadConcern::majority()).build();
        self.db().collection_with_options(&self.collection, options)
    }

    /// Writes it, and says from when the operation log is needed.
    pub async fn lay(&mut self, drill: &str) -> Result<Timestamp> {
        let from = oplog::now(&self.origin).await?;
        let names = self.db().list_collection_names().await.map_err(refusal)?;
        // A collection of the drills' own name is theirs, also where one that was killed left it.
        self.shared = names.contains(&self.collection) && self.collection != plan::CANARY;
        self.clear_others(drill).await?;
        let document = doc! {
            "_id": self.id,
            "drill": drill,
            "says": SAYS,
            &self.field: bson::DateTime::from_chrono(Utc::now()),
        };
        let document = RawDocumentBuf::try_from(&document)?;
        let said = || format!("the canary cannot be written to {}.{}", self.database, self.collection);
        self.there().insert_one(document).await.map_err(refusal).with_context(said)?;
        Ok(from)
    }

    /// Finds what killed drills left here, and takes away what is older than a day. A younger one may be of a drill
    /// under way.
    async fn clear_others(&mut self, drill: &str) -> Result<()> {
        let theirs = doc! { "says": SAYS, "drill": { "$type": "string", "$ne": drill } };
        let said = || format!("{}.{} cannot be read", self.database, self.collection);
        let mut found = self.there().find(theirs).await.map_err(refusal).with_context(said)?;
        let mut others = Vec::new();
        while found.advance().await.map_err(refusal).with_context(said)? {
            let document = Document::try_from(found.current())?;
            // Whatever has another _id was not written by a drill.
            let (Ok(id), Ok(of)) = (document.get_object_id("_id"), document.get_str("drill")) else { continue };
            let old = Utc::now().timestamp() - id.timestamp().timestamp_millis() / 1000 > OLD_SECONDS;
            if old {
                self.there().delete_one(doc! { "_id": id, "says": SAYS }).await.map_err(refusal).with_context(said)?;
            }
            let fate = if old { "removed" } else { "less than a day old, so it stays" };
            others.push(format!("the document {} of drill {of} ({fate})", id.to_hex()));
        }
        if !others.is_empty() {
            tracing::warn!("found in {}.{}: {}", self.database, self.collection, others.join(", "));
        }
        self.others = others;
        Ok(())
    }

    /// What earlier drills left, as a note goes on; empty when that is nothing.
    pub fn says_of_others(&self) -> String {
        if self.others.is_empty() { String::new() } else { format!("; also there: {}", self.others.join(", ")) }
    }

    /// Changes it, so that no older copy holds it as it is, and deletes it.
    pub async fn lose(&self, from: Timestamp) -> Result<Lost> {
        let (there, key) = (self.there(), doc! { "_id": self.id });
        let change = doc! { "$set": {
            "changed": "after the recovery point",
            &self.field: bson::DateTime::from_chrono(Utc::now()),
        } };
        let changed = there.update_one(key.clone(), change).await.map_err(refusal)?;
        let document = there.find_one(key.clone()).await.map_err(refusal)?;
        let Some(document) = document.filter(|_| changed.modified_count == 1) else {
            bail!("the canary in {}.{} was taken away by somebody else", self.database, self.collection);
        };
        there.delete_one(key).await.map_err(refusal)?;
        let deletion = doc! {
            "ts": { "$gt": from },
            "ns": format!("{}.{}", self.database, self.collection),
            "op": "d",
            "o._id": self.id,
        };
        let log = self.origin.database("local").collection::<Document>("oplog.rs");
        let entry =
            log.find_one(deletion).await.map_err(refusal).context(
                "the source's operation log (local.oplog.rs) cannot be read; it needs the role read on local",
            )?;
        let entry = entry.context("the source's operation log does not tell of the loss")?;
        let until = entry.get_timestamp("ts").context("the source's operation log does not tell when the loss was")?;
        let wall = entry.get_datetime("wall").map(|wall| wall.timestamp_millis());
        let at = Moment::from_millis(wall.unwrap_or(i64::from(until.time) * 1000)).context("a moment")?;
        let before = Timestamp { time: until.time, increment: until.increment.saturating_sub(1) };
        let wish = Wish { db_hash: false, sketches: true };
        let source = fingerprint::of_live_at(&self.origin, &self.database, wish, before).await?;
        Ok(Lost { until, at, source, sha256: digest(&document) })
    }

    /// Brings it back from the copy. What the copy had, and what its collection has since.
    pub async fn put_back(&self, copy: &Database) -> Result<(Option<String>, Option<String>)> {
        let key = doc! { "_id": self.id };
        let found = copy.collection::<RawDocumentBuf>(&self.collection).find_one(key.clone()).await.map_err(refusal)?;
        let Some(document) = found else { return Ok((None, None)) };
        let restored = digest(&document);
        self.there().insert_one(document).await.map_err(refusal).context("the lost document cannot be put back")?;
        let returned = self.there().find_one(key).await.map_err(refusal)?;
        Ok((Some(restored), returned.as_ref().map(digest)))
    }

    /// Takes it away for good, with its collection where this drill made that.
    pub async fn clear(&self) -> Result<()> {
        let there = self.there();
        there.delete_one(doc! { "_id": self.id }).await.map_err(refusal)?;
        if !self.shared && there.find_one(doc! {}).await.map_err(refusal)?.is_none() {
            there.drop().await.map_err(refusal)?;
        }
        Ok(())
    }

    /// Where it is, for people who have to clear it away by hand.
    pub fn place(&self) -> String {
        format!("{}.{}, _id {}", self.database, self.collection, self.id.to_hex())
    }
}

fn digest(document: &RawDocumentBuf) -> String {
    hex(&Sha256::digest(document.as_bytes()))
}
