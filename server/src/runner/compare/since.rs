//! A copy that another restored against the source as it is now: every document that was last written before the
//! recovery point was taken must be in the copy as it is in the source.

use std::collections::{BinaryHeap, HashMap};

use anyhow::{Context, Result};
use bson::{Bson, RawDocumentBuf, doc};
use domain::{
    Moment, draw,
    drill::{Check, CheckId, CheckVerdict, Count, DrawnDocument},
    words,
};
use futures::TryStreamExt;
use mongodb::Database;
use sha2::{Digest, Sha256};

use super::{DRAWN, Record, options};
use crate::{
    ledger::canonical::id_text,
    runner::{
        fingerprint::id,
        progress::Progress,
        refusal::refusal,
        source::{Reader, RecoveryPoint, Stored, live},
    },
};

/// Documents asked of the copy at once.
const AT_ONCE: usize = 500;
const AT_ONCE_BYTES: usize = 8 * 1024 * 1024;

pub struct Wanted<'a> {
    pub seed: &'a str,
    pub last_write_field: &'a str,
    pub taken_at: Moment,
}

pub async fn compare(
    origin: &Database,
    copy: &Database,
    wanted: Wanted<'_>,
    progress: &dyn Progress,
) -> Result<Record> {
    let listed: Vec<_> = live::listed(origin).await?.into_iter().map(|(collection, _)| collection).collect();
    let mut total = 0;
    for collection in listed.iter().filter(|c| c.holds_documents()) {
        let there = origin.collection::<RawDocumentBuf>(&collection.data_name());
        total += there.estimated_document_count().await.map_err(refusal)?;
    }
    let mut so_far = SoFar { wanted: &wanted, heap: BinaryHeap::new(), counts: Vec::new(), wrong: Vec::new(), read: 0 };
    let mut undated = 0;
    for collection in listed.iter().filter(|c| c.holds_documents()) {
        undated +=
            so_far.collection(origin, copy, &collection.data_name(), &|read| progress.moved(read, total)).await?;
    }
    let documents: Vec<DrawnDocument> = so_far.heap.into_sorted_vec().into_iter().map(|(_, drawn)| drawn).collect();
    let (expected, actual) = so_far.counts.iter().fold((0, 0), |(e, a), c| (e + c.expected, a + c.actual));
    let field = wanted.last_write_field;
    let mut detail = format!(
        "{} of {} whose {field} is before the recovery point are in the copy and equal",
        words::count(actual),
        words::count(expected)
    );
    if undated > 0 {
        detail += &format!("; {} have no {field} and were passed by", words::count(undated));
    }
    if !so_far.wrong.is_empty() {
        detail += &format!("; not so: {}", so_far.wrong.join(", "));
    }
    let told = |yes: bool| match (expected, yes) {
        (0, _) => CheckVerdict::NotRun,
        (_, true) => CheckVerdict::Passes,
        (_, false) => CheckVerdict::Fails,
    };
    let equal = documents.iter().filter(|d| d.equal()).count();
    let mut checks = vec![
        Check {
            id: CheckId::Counts,
            expected: expected.to_string(),
            actual: actual.to_string(),
            verdict: told(expected == actual),
            detail,
        },
        Check {
            id: CheckId::Documents,
            expected: documents.len().to_string(),
            actual: equal.to_string(),
            verdict: told(equal == documents.len()),
            detail: format!("{equal} of {}, by SHA-256 of the raw BSON", documents.len()),
        },
    ];
    checks.push(definitions(origin, copy, listed).await?);
    Ok(Record { counts: so_far.counts, documents, digests: Vec::new(), references: Vec::new(), checks })
}

/// Whether a database has anything that was last written by then.
pub async fn holds_older(db: &Database, field: &str, than: Moment) -> Result<bool> {
    let old = doc! { field: { "$lt": bson::DateTime::from_millis(than.millis()) } };
    for (collection, _) in live::listed(db).await?.iter().filter(|(c, _)| c.holds_documents()) {
        let there = db.collection::<RawDocumentBuf>(&collection.data_name());
        if there.find_one(old.clone()).await.map_err(refusal)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Options, validators and views. One that differs may have been changed since: that is not told, and not held against
/// the copy.
async fn definitions(
    origin: &Database,
    copy: &Database,
    collections: Vec<crate::runner::source::Collection>,
) -> Result<Check> {
    let point = RecoveryPoint {
        name: origin.name().to_owned(),
        kind: String::new(),
        taken_at: Moment::from(chrono::Utc::now()),
        server_version: None,
        collections,
        stored: std::sync::Arc::new(Nothing),
    };
    let mut check = options::compare(&point, copy, &[]).await?;
    if check.verdict == CheckVerdict::Fails {
        check.verdict = CheckVerdict::NotRun;
        check.detail += "; changed in the source since, or not restored: that cannot be told";
    }
    Ok(check)
}

#[derive(Debug)]
struct Nothing;

impl Stored for Nothing {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>> {
        Ok(Vec::new())
    }

    fn bytes(&self) -> Option<u64> {
        None
    }
}

struct SoFar<'a> {
    wanted: &'a Wanted<'a>,
    /// The lowest ranks.
    heap: BinaryHeap<(String, DrawnDocument)>,
    counts: Vec<Count>,
    /// Where documents are missing or others, with the first.
    wrong: Vec<String>,
    read: u64,
}

impl SoFar<'_> {
    /// Gives how many documents say nothing about when they were written.
    async fn collection(
        &mut self,
        origin: &Database,
        copy: &Database,
        name: &str,
        tell: &(dyn Fn(u64) + Sync),
    ) -> Result<i64> {
        let field = self.wanted.last_write_field;
        let there = origin.collection::<RawDocumentBuf>(name);
        let said = || format!("reading {name} of the source");
        let dated = doc! { field: { "$type": "date" } };
        let undated = there.count_documents(doc! { "$nor": [dated] }).await.map_err(refusal).with_context(said)?;
        let before = bson::DateTime::from_millis(self.wanted.taken_at.millis());
        let old = doc! { field: { "$type": "date", "$lt": before } };
        let mut reading = there.find(old).batch_size(2000).await.map_err(refusal).with_context(said)?;
        let mut count = Count { collection: name.to_owned(), expected: 0, actual: 0 };
        let mut first_wrong = None;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < AT_ONCE && bytes < AT_ONCE_BYTES {
                let Some(document) = reading.try_next().await.map_err(refusal).with_context(said)? else { break };
                bytes += document.as_bytes().len();
                batch.push(document);
            }
            if batch.is_empty() {
                break;
            }
            self.read += batch.len() as u64;
            let found = ask(copy, name, &batch).await.with_context(|| format!("reading {name} of the copy"))?;
            for document in batch {
                count.expected += 1;
                let key = id::bytes(document.as_bytes());
                let same = found.get(&key).is_some_and(|other| other.as_bytes() == document.as_bytes());
                count.actual += i64::from(same);
                let id = document.get("_id")?.map(Bson::try_from).transpose()?.unwrap_or(Bson::Null);
                let text = id_text(&id);
                if !same {
                    first_wrong.get_or_insert_with(|| text.clone());
                }
                let rank = draw::rank(self.wanted.seed, &format!("{name}/{text}"));
                if self.heap.len() < DRAWN || self.heap.peek().is_some_and(|worst| rank < worst.0) {
                    let actual = found.get(&key).map(digest);
                    let (collection, expected) = (name.to_owned(), digest(&document));
                    self.heap.push((rank, DrawnDocument { collection, id: text, expected, actual }));
                    if self.heap.len() > DRAWN {
                        self.heap.pop();
                    }
                }
            }
            tell(self.read);
        }
        if let Some(id) = first_wrong {
            self.wrong.push(format!("{} in {name}, such as {id}", words::count(count.expected - count.actual)));
        }
        self.counts.push(count);
        i64::try_from(undated).context("a number of documents")
    }
}

async fn ask(copy: &Database, name: &str, batch: &[RawDocumentBuf]) -> Result<HashMap<Vec<u8>, RawDocumentBuf>> {
    let mut ids = Vec::new();
    for document in batch {
        ids.extend(document.get("_id")?.map(Bson::try_from).transpose()?);
    }
    let there = copy.collection::<RawDocumentBuf>(name);
    let mut found = there.find(doc! { "_id": { "$in": ids } }).await.map_err(refusal)?;
    let mut by_key = HashMap::new();
    while let Some(document) = found.try_next().await.map_err(refusal)? {
        by_key.insert(id::bytes(document.as_bytes()), document);
    }
    Ok(by_key)
}

fn digest(document: &RawDocumentBuf) -> String {
    draw::hex(&Sha256::digest(document.as_bytes()))
}
