//! Compares a restored database with its recovery point, read again from the dump: counts, documents
//! drawn by the seed, indexes, last write. Documents are compared by digest and never leave.

use std::{collections::BinaryHeap, time::Instant};

use anyhow::{Context, Result};
use bson::{Bson, Document, RawDocumentBuf, doc};
use domain::{
    Moment, draw,
    drill::{Check, CheckId, CheckVerdict, Count, DrawnDocument},
    words,
};
use mongodb::Database;
use sha2::{Digest, Sha256};

use super::{
    definitions::{self, Ttl},
    progress::Progress,
    refusal::refusal,
    restore::Restored,
    source::{Collection, RecoveryPoint, live},
};
use crate::ledger::canonical::id_text;

/// How many documents are drawn, as the runbook says.
pub const DRAWN: usize = 10;

pub struct Compared {
    pub counts: Vec<Count>,
    pub documents: Vec<DrawnDocument>,
    pub last_write: Option<Moment>,
    indexes: Indexes,
}

struct Indexes {
    expected: usize,
    equal: usize,
    differs: Vec<String>,
}

/// A candidate of the draw; the heap keeps the lowest ranks.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    rank: String,
    collection: String,
    id: String,
    /// The `_id` as raw BSON, to ask the restored side for it.
    key: Vec<u8>,
    sha256: String,
}

pub async fn compare(
    point: &RecoveryPoint,
    restored: &Database,
    seed: &str,
    last_write_field: &str,
    progress: &dyn Progress,
) -> Result<Compared> {
    let (reading, seed) = (point.clone(), seed.to_owned());
    let (ranked, expected) = tokio::task::spawn_blocking(move || read_again(&reading, &seed))
        .await
        .context("the comparison ended early")??;
    let mut counts = Vec::new();
    let mut last_write: Option<Moment> = None;
    let mut indexes = Indexes { expected: 0, equal: 0, differs: Vec::new() };
    let total = expected.iter().sum::<i64>();
    let mut done = 0;
    for (number, collection) in point.holding() {
        let expected = expected[number];
        let name = collection.data_name();
        let said = || format!("counting {}", collection.name);
        let there = restored.collection::<Document>(&name);
        let actual = there.count_documents(doc! {}).await.map_err(refusal).with_context(said)?;
        let actual = i64::try_from(actual).unwrap_or(i64::MAX);
        counts.push(Count { collection: name, expected, actual });
        last_write = last_write.max(newest(collection, restored, last_write_field).await?);
        compare_indexes(collection, restored, &mut indexes).await?;
        done += expected;
        progress.moved(u64::try_from(done).unwrap_or_default(), u64::try_from(total).unwrap_or_default());
    }
    let mut documents = Vec::new();
    for drawn in ranked {
        let key: Document = Document::try_from(
            &*RawDocumentBuf::from_bytes(drawn.key).context("a drawn document's _id cannot be read again")?,
        )?;
        let found = restored.collection::<RawDocumentBuf>(&drawn.collection).find_one(key).await.map_err(refusal)?;
        documents.push(DrawnDocument {
            collection: drawn.collection,
            id: drawn.id,
            expected: drawn.sha256,
            actual: found.map(|raw| draw::hex(&Sha256::digest(raw.as_bytes()))),
        });
    }
    Ok(Compared { counts, documents, last_write, indexes })
}

/// When the newest document of a collection was written, as its own field says.
async fn newest(collection: &Collection, restored: &Database, field: &str) -> Result<Option<Moment>> {
    let there = restored.collection::<Document>(&collection.name);
    let newest = there
        .find_one(doc! { field: { "$type": "date" } })
        .sort(doc! { field: -1 })
        .projection(doc! { field: 1 })
        .await
        .map_err(refusal)
        .with_context(|| format!("looking for the newest document of {}", collection.name))?;
    let at = newest.as_ref().and_then(|d| d.get_datetime(field).ok());
    Ok(at.and_then(|t| Moment::from_millis(t.timestamp_millis())))
}

/// Reads the recovery point a second time, apart from the restore: the lowest ranks, and a count per collection.
fn read_again(point: &RecoveryPoint, seed: &str) -> Result<(Vec<Ranked>, Vec<i64>)> {
    let mut heap: BinaryHeap<Ranked> = BinaryHeap::with_capacity(DRAWN + 1);
    let mut counts = vec![0; point.collections.len()];
    for mut reader in point.stored.readers()? {
        while let Some((number, raw)) = reader.next()? {
            counts[number] += 1;
            let name = point.collections[number].data_name();
            let Some(id) = raw.get("_id").ok().flatten() else { continue };
            let mut key = RawDocumentBuf::new();
            key.append(bson::cstr!("_id"), bson::RawBson::from(id));
            let id = id_text(&Bson::try_from(id)?);
            let rank = draw::rank(seed, &format!("{name}/{id}"));
            if heap.len() < DRAWN || heap.peek().is_some_and(|worst| rank < worst.rank) {
                let sha256 = draw::hex(&Sha256::digest(raw.as_bytes()));
                heap.push(Ranked { rank, collection: name, id, key: key.into_bytes(), sha256 });
                if heap.len() > DRAWN {
                    heap.pop();
                }
            }
        }
    }
    Ok((heap.into_sorted_vec(), counts))
}

async fn compare_indexes(collection: &Collection, restored: &Database, so_far: &mut Indexes) -> Result<()> {
    let there: Vec<Document> =
        live::indexes(restored, &collection.name).await?.iter().map(|i| definitions::index(i, Ttl::Held)).collect();
    // A dump without metadata states no index; the one on _id is always there.
    let Some(expected) = &collection.indexes else { return Ok(()) };
    for index in expected {
        so_far.expected += 1;
        if there.contains(&definitions::index(index, Ttl::Held)) {
            so_far.equal += 1;
        } else {
            so_far.differs.push(format!("{}.{}", collection.name, index.get_str("name").unwrap_or("unnamed")));
        }
    }
    for extra in there.iter().filter(|t| t.get_str("name").ok() != Some("_id_")) {
        if !expected.iter().any(|e| e.get_str("name").ok() == extra.get_str("name").ok()) {
            so_far.differs.push(format!(
                "{}.{} (not in the recovery point)",
                collection.name,
                extra.get_str("name").unwrap_or("unnamed")
            ));
        }
    }
    Ok(())
}

/// Reads the newest twenty documents of the largest collection, as an application's first page does, five times.
pub async fn smoke_query(restored: &Database, by: &Restored) -> Result<Check> {
    let Some(name) = &by.largest else { anyhow::bail!("the recovery point holds no collection of documents") };
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..5 {
        let begun = Instant::now();
        let mut cursor = restored
            .collection::<RawDocumentBuf>(name)
            .find(doc! {})
            .sort(doc! { "_id": -1 })
            .limit(20)
            .await
            .map_err(refusal)?;
        found = 0;
        while cursor.advance().await.map_err(refusal)? {
            found += 1;
        }
        times.push(begun.elapsed());
    }
    times.sort();
    let median = i64::try_from(times[times.len() / 2].as_millis()).unwrap_or(i64::MAX);
    let verdict = if found > 0 { CheckVerdict::Passes } else { CheckVerdict::Fails };
    Ok(Check {
        id: CheckId::Query,
        expected: "an answer".to_owned(),
        actual: format!("{found} documents"),
        verdict,
        detail: format!("the newest {found} of {name} in {} at the median of five", words::duration(median.max(1))),
    })
}

impl Compared {
    pub fn totals(&self) -> (i64, i64) {
        self.counts.iter().fold((0, 0), |(e, a), c| (e + c.expected, a + c.actual))
    }

    /// The record's parts, with the checks that follow from them.
    pub fn into_record(self) -> (Vec<Count>, Vec<DrawnDocument>, Vec<Check>) {
        let (expected, actual) = self.totals();
        let off: Vec<&str> =
            self.counts.iter().filter(|c| c.expected != c.actual).map(|c| c.collection.as_str()).collect();
        let counts = Check {
            id: CheckId::Counts,
            expected: expected.to_string(),
            actual: actual.to_string(),
            verdict: passes(off.is_empty()),
            detail: if off.is_empty() {
                format!("{} of {}, {} collections", words::count(actual), words::count(expected), self.counts.len())
            } else {
                format!("{} of {}; differs in {}", words::count(actual), words::count(expected), off.join(", "))
            },
        };
        let equal = self.documents.iter().filter(|d| d.equal()).count();
        let drawn = self.documents.len();
        let documents = Check {
            id: CheckId::Documents,
            expected: drawn.to_string(),
            actual: equal.to_string(),
            verdict: if drawn == 0 { CheckVerdict::NotRun } else { passes(equal == drawn) },
            detail: if drawn == 0 {
                "the recovery point holds no document".to_owned()
            } else {
                format!("{equal} of {drawn}, by SHA-256 of the raw BSON")
            },
        };
        let indexes = Check {
            id: CheckId::Indexes,
            expected: self.indexes.expected.to_string(),
            actual: self.indexes.equal.to_string(),
            verdict: passes(self.indexes.differs.is_empty()),
            detail: if self.indexes.differs.is_empty() {
                format!("{} of {}", self.indexes.equal, self.indexes.expected)
            } else {
                format!(
                    "{} of {}; differs: {}",
                    self.indexes.equal,
                    self.indexes.expected,
                    self.indexes.differs.join(", ")
                )
            },
        };
        (self.counts, self.documents, vec![counts, documents, indexes])
    }
}

fn passes(yes: bool) -> CheckVerdict {
    if yes { CheckVerdict::Passes } else { CheckVerdict::Fails }
}
