//! Compares a restored database with its recovery point, read again from its beginning: counts, documents drawn by
//! the seed or all of them, indexes, options, references, last write. Documents are compared by digest and never leave.

pub mod moment;
pub mod options;
pub mod reference;
pub mod since;
pub mod smoke;
pub mod whole;

use std::collections::BinaryHeap;

use anyhow::{Context, Result};
use bson::{Bson, Document, RawDocumentBuf, doc};
use domain::{
    Moment, draw,
    drill::{Check, CheckId, CheckVerdict, Count, Digests, DrawnDocument, Reference},
    words,
};
use mongodb::Database;
use sha2::{Digest, Sha256};

use super::{
    definitions::{self, Ttl},
    plan,
    progress::Progress,
    refusal::refusal,
    source::{Collection, RecoveryPoint, live},
};
use crate::ledger::canonical::id_text;

/// How many documents are drawn, as the runbook says.
pub const DRAWN: usize = 10;

/// `_id`s that a record names of each collection.
const NAMED: usize = 20;

/// What is to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub seed: &'a str,
    /// The field that says when a document was last written.
    pub last_write_field: &'a str,
    /// Every document, not only those drawn.
    pub all: bool,
    pub references: &'a [plan::Reference],
    /// Options that the target did not know when it was restored.
    pub left_out: &'a [(String, String)],
}

pub struct Compared {
    pub counts: Vec<Count>,
    pub documents: Vec<DrawnDocument>,
    pub digests: Vec<Digests>,
    pub references: Vec<Reference>,
    pub last_write: Option<Moment>,
    indexes: Indexes,
    /// Of what is not asked of every drill.
    further: Vec<Check>,
}

/// A comparison as a record holds it.
pub struct Record {
    pub counts: Vec<Count>,
    pub documents: Vec<DrawnDocument>,
    pub digests: Vec<Digests>,
    pub references: Vec<Reference>,
    pub checks: Vec<Check>,
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
    wanted: Wanted<'_>,
    progress: &dyn Progress,
) -> Result<Compared> {
    let (reading, seed, all) = (point.clone(), wanted.seed.to_owned(), wanted.all);
    let (ranked, expected, every) = tokio::task::spawn_blocking(move || read_again(&reading, &seed, all))
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
        last_write = last_write.max(newest(collection, restored, wanted.last_write_field).await?);
        compare_indexes(collection, restored, &mut indexes).await?;
        done += expected;
        progress.moved(u64::try_from(done).unwrap_or_default(), u64::try_from(total).unwrap_or_default());
    }
    let mut documents = Vec::new();
    for drawn in ranked {
        let mut key: Document = Document::try_from(
            &*RawDocumentBuf::from_bytes(drawn.key).context("a drawn document's _id cannot be read again")?,
        )?;
        // By itself a regular expression would ask for all that it matches.
        let key = doc! { "_id": { "$eq": key.remove("_id").unwrap_or(Bson::Null) } };
        let found = restored.collection::<RawDocumentBuf>(&drawn.collection).find_one(key).await.map_err(refusal)?;
        documents.push(DrawnDocument {
            collection: drawn.collection,
            id: drawn.id,
            expected: drawn.sha256,
            actual: found.map(|raw| draw::hex(&Sha256::digest(raw.as_bytes()))),
        });
    }
    let mut further = vec![options::compare(point, restored, wanted.left_out).await?];
    let (followed, references) = reference::follow(restored, wanted.references).await?;
    further.extend(followed);
    let mut digests = Vec::new();
    if let Some(every) = every {
        let tell = |done| progress.moved(done, u64::try_from(total).unwrap_or_default());
        let (check, each) = whole::compare(point, every, restored, &tell).await?;
        further.push(check);
        digests = each;
    }
    Ok(Compared { counts, documents, digests, references, last_write, indexes, further })
}

/// When the newest document of a collection was written, as its own field says.
pub async fn newest(collection: &Collection, restored: &Database, field: &str) -> Result<Option<Moment>> {
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
fn read_again(
    point: &RecoveryPoint,
    seed: &str,
    all: bool,
) -> Result<(Vec<Ranked>, Vec<i64>, Option<whole::Expected>)> {
    let mut every = all.then(|| whole::Expected::of(point));
    let mut heap: BinaryHeap<Ranked> = BinaryHeap::with_capacity(DRAWN + 1);
    let mut counts = vec![0; point.collections.len()];
    for mut reader in point.stored.readers()? {
        while let Some((number, raw)) = reader.next()? {
            counts[number] += 1;
            if let Some(every) = &mut every {
                every.add(number, raw.as_bytes());
            }
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
    Ok((heap.into_sorted_vec(), counts, every))
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

impl Compared {
    pub fn totals(&self) -> (i64, i64) {
        self.counts.iter().fold((0, 0), |(e, a), c| (e + c.expected, a + c.actual))
    }

    /// The record's parts, with the checks that follow from them.
    pub fn into_record(self) -> Record {
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
        let mut checks = vec![counts, documents, indexes];
        checks.extend(self.further);
        Record {
            counts: self.counts,
            documents: self.documents,
            digests: self.digests,
            references: self.references,
            checks,
        }
    }
}

fn passes(yes: bool) -> CheckVerdict {
    if yes { CheckVerdict::Passes } else { CheckVerdict::Fails }
}
