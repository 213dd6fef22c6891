//! A fingerprint: what was in a database at a moment, as counts, definitions and digests, never a document.

pub mod contents;
pub mod sketch;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::sketch::{Differing, Sketch};
use crate::{Moment, words};

pub use self::{
    contents::Contents,
    sketch::{Key, Named},
};

/// Of the format and of what its digests are computed from: those of another are not comparable.
pub const SCHEMA: u32 = 2;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fingerprint {
    /// [`SCHEMA`].
    pub schema: u32,
    pub database: String,
    pub taken_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_version: Option<String>,
    /// Sorted by name.
    pub collections: Vec<Collection>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// Of a time-series collection this and what follows are of its buckets, `system.buckets.…`.
    pub name: String,
    pub kind: Kind,
    pub documents: u64,
    /// Bytes of BSON.
    pub bytes: u64,
    /// See [`contents`]; 64 hex digits. A view has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents: Option<String>,
    /// What MongoDB's own `dbHash` says of this collection; where it was asked for and can be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db_hash: Option<String>,
    /// Why there is none although it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_db_hash: Option<String>,
    /// Sorted by name, without what says nothing about the index.
    pub indexes: Vec<Value>,
    /// As `create` takes them.
    pub options: Value,
    pub read: Read,
    /// Names the documents that differ. It holds the `_id`s of a small collection; without it, only their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sketch: Option<Sketch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Collection,
    View,
    TimeSeries,
}

/// Whether what was read is of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Read {
    /// At one cluster time, the same for the whole database.
    Snapshot,
    /// The server has no snapshot of it, and nothing was written to it meanwhile.
    Quiet,
    /// The server has no snapshot of it, and it was written to meanwhile: the digest is of no moment.
    Changed,
    /// Whether it was written to could not be told.
    Unknown,
}

impl Fingerprint {
    /// One digest for all of it (64 hex digits): SHA-256 over the canonical JSON (RFC 8785) of each collection's name,
    /// kind, counts, contents, indexes and options, in the order of their names.
    pub fn digest(&self) -> String {
        let told: Vec<Value> = self
            .collections
            .iter()
            .map(|c| {
                serde_json::json!({ "name": c.name, "kind": c.kind, "documents": c.documents, "bytes": c.bytes,
                    "contents": c.contents, "indexes": c.indexes, "options": c.options })
            })
            .collect();
        let bytes = serde_json_canonicalizer::to_vec(&told).expect("strings, numbers and what was JSON before");
        crate::draw::hex(&<sha2::Sha256 as sha2::Digest>::digest(bytes))
    }

    /// Documents, and bytes of BSON.
    pub fn totals(&self) -> (u64, u64) {
        self.collections.iter().fold((0, 0), |(d, b), c| (d + c.documents, b + c.bytes))
    }

    /// Whether everything was read at one cluster time.
    pub fn of_one_cluster_time(&self) -> bool {
        self.collections.iter().all(|c| c.read == Read::Snapshot)
    }

    /// Whether its digests are of a moment at all.
    pub fn of_one_moment(&self) -> bool {
        self.collections.iter().all(|c| matches!(c.read, Read::Snapshot | Read::Quiet))
    }
}

/// Where two fingerprints are not the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub collection: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    OnlyInFirst,
    OnlyInSecond,
    Kind,
    /// Names of the indexes that are not the same.
    Indexes(Vec<String>),
    /// Names of the options that are not the same.
    Options(Vec<String>),
    Contents {
        first: u64,
        second: u64,
        /// `None`: one of them has no sketch.
        documents: Option<Differing>,
    },
    /// One of them was written to while it was read, so that nothing follows from its digest.
    NotOfOneMoment,
}

impl Difference {
    /// Whether it is a difference, or only something that could not be told.
    pub fn is_certain(&self) -> bool {
        self.what != What::NotOfOneMoment
    }

    /// One line for people; documents come apart, see [`What::Contents`].
    pub fn sentence(&self) -> String {
        let name = &self.collection;
        match &self.what {
            What::OnlyInFirst => format!("{name} is only in the first"),
            What::OnlyInSecond => format!("{name} is only in the second"),
            What::Kind => format!("{name} is not of the same kind in both"),
            What::Indexes(names) => format!("{name}: indexes differ: {}", names.join(", ")),
            What::Options(names) => format!("{name}: options differ: {}", names.join(", ")),
            What::Contents { first, second, documents } => {
                let count = |n: u64| words::count(i64::try_from(n).unwrap_or(i64::MAX));
                let counts = format!("{} documents in the first, {} in the second", count(*first), count(*second));
                match documents {
                    None => format!("{name}: contents differ; {counts}; nothing here names which"),
                    Some(d) if d.all_named => format!("{name}: {} differ; {counts}", count(d.named.len() as u64)),
                    Some(d) => format!(
                        "{name}: about {} differ, {} of them are named; {counts}",
                        count(d.about),
                        count(d.named.len() as u64)
                    ),
                }
            }
            What::NotOfOneMoment => {
                format!("{name} was written to while it was read, so nothing can be said of its contents")
            }
        }
    }
}

/// Everything in which the two are not the same, by the names of collections.
pub fn compare(first: &Fingerprint, second: &Fingerprint) -> Vec<Difference> {
    let mut found = Vec::new();
    let by_name = |f: &'_ Fingerprint, name: &str| f.collections.iter().position(|c| c.name == name);
    for a in &first.collections {
        let mut say = |what| found.push(Difference { collection: a.name.clone(), what });
        match by_name(second, &a.name) {
            None => say(What::OnlyInFirst),
            Some(at) => differences(a, &second.collections[at]).into_iter().for_each(say),
        }
    }
    for b in &second.collections {
        if by_name(first, &b.name).is_none() {
            found.push(Difference { collection: b.name.clone(), what: What::OnlyInSecond });
        }
    }
    found.sort_by(|a, b| a.collection.cmp(&b.collection));
    found
}

fn differences(a: &Collection, b: &Collection) -> Vec<What> {
    if a.kind != b.kind {
        return vec![What::Kind];
    }
    let mut found = Vec::new();
    if a.contents != b.contents {
        found.push(if a.read == Read::Changed || b.read == Read::Changed {
            What::NotOfOneMoment
        } else {
            let documents = a.sketch.as_ref().zip(b.sketch.as_ref()).map(|(a, b)| a.differing(b));
            What::Contents { first: a.documents, second: b.documents, documents }
        });
    }
    let named = |index: &Value| index.get("name").and_then(Value::as_str).unwrap_or("unnamed").to_owned();
    let apart = |one: &[Value], other: &[Value]| -> Vec<String> {
        one.iter().filter(|i| !other.contains(i)).map(named).collect()
    };
    let mut indexes = apart(&a.indexes, &b.indexes);
    indexes.extend(apart(&b.indexes, &a.indexes));
    indexes.sort();
    indexes.dedup();
    if !indexes.is_empty() {
        found.push(What::Indexes(indexes));
    }
    let options = options(&a.options, &b.options);
    if !options.is_empty() {
        found.push(What::Options(options));
    }
    found
}

/// Names of the options that are not the same.
pub fn options(a: &Value, b: &Value) -> Vec<String> {
    let keys = |v: &Value| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut names = [keys(a), keys(b)].concat();
    names.sort();
    names.dedup();
    names.retain(|name| a.get(name) != b.get(name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn collection(name: &str, documents: &[&[u8]]) -> Collection {
        let mut contents = Contents::default();
        documents.iter().for_each(|raw| contents.add(raw, &Key::of(2, raw)));
        Collection {
            name: name.to_owned(),
            kind: Kind::Collection,
            documents: contents.documents(),
            bytes: contents.bytes(),
            contents: Some(contents.digest()),
            db_hash: None,
            no_db_hash: None,
            indexes: vec![json!({ "name": "_id_" })],
            options: json!({}),
            read: Read::Snapshot,
            sketch: Some(contents.sketch()),
        }
    }

    fn fingerprint(collections: Vec<Collection>) -> Fingerprint {
        let taken_at = Moment::from_millis(0).expect("a moment");
        Fingerprint { schema: SCHEMA, database: "d".to_owned(), taken_at, server_version: None, collections }
    }

    #[test]
    fn what_differs_is_said_and_what_could_not_be_told_is_not_a_difference() {
        let was = fingerprint(vec![collection("a", &[b"1", b"2"]), collection("b", &[b"1"])]);
        assert!(compare(&was, &was).is_empty());
        let json = serde_json::to_string(&was).expect("JSON");
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).expect("it reads"), was);

        let mut is = fingerprint(vec![collection("a", &[b"1", b"3"]), collection("c", &[])]);
        is.collections[0].indexes.push(json!({ "name": "x" }));
        is.collections[0].options = json!({ "capped": true });
        let said: Vec<String> = compare(&was, &is).iter().map(Difference::sentence).collect();
        assert_eq!(
            said,
            [
                "a: 2 differ; 2 documents in the first, 2 in the second",
                "a: indexes differ: x",
                "a: options differ: capped",
                "b is only in the first",
                "c is only in the second"
            ]
        );

        let mut moving = was.clone();
        moving.collections[0] = Collection { read: Read::Changed, ..collection("a", &[b"1"]) };
        let found = compare(&was, &moving);
        assert_eq!(found.len(), 1);
        assert!(!found[0].is_certain());
        moving.collections[0] = Collection { sketch: None, ..collection("a", &[b"1"]) };
        assert!(compare(&was, &moving)[0].sentence().contains("nothing here names which"));
    }
}
