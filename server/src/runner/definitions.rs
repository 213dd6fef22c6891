//! How indexes and options are held against each other: without what says nothing about the data.

use bson::{Bson, Document};

/// Whether the time after which an index deletes counts: in a drill it is held still.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    Counts,
    Held,
}

/// An index without what the server adds or older tools wrote: `ns`, `v`, number types, a simple collation.
pub fn index(index: &Document, ttl: Ttl) -> Document {
    let mut out = Document::new();
    let on_id = index.get_str("name").ok() == Some("_id_");
    let mut keys: Vec<&String> = index.keys().filter(|k| !RETIRED.contains(&k.as_str())).collect();
    keys.sort();
    for key in keys {
        let value = index.get(key).cloned().unwrap_or(Bson::Null);
        let value = match key.as_str() {
            "key" => in_order(value),
            // The one on _id has its collection's, and old tools did not write it.
            "collation" if on_id || value.as_document().is_some_and(|c| c.get_str("locale").ok() == Some("simple")) => {
                continue;
            }
            "expireAfterSeconds" if ttl == Ttl::Held => Bson::String("a time".to_owned()),
            _ => plain_number(value),
        };
        out.insert(key.clone(), value);
    }
    out
}

/// What says nothing about which documents an index finds.
const RETIRED: [&str; 5] = ["ns", "v", "background", "safe", "dropDups"];

/// The key pattern keeps its order; 1, 1.0 and 1L are one direction.
fn in_order(value: Bson) -> Bson {
    match value {
        Bson::Document(d) => {
            Bson::Array(d.into_iter().map(|(k, v)| Bson::Array(vec![Bson::String(k), plain_number(v)])).collect())
        }
        other => other,
    }
}

pub fn plain_number(value: Bson) -> Bson {
    match value {
        Bson::Int32(n) => Bson::Double(f64::from(n)),
        Bson::Int64(n) => Bson::Double(n as f64),
        Bson::Document(d) => Bson::Document(d.into_iter().map(|(k, v)| (k, plain_number(v))).collect()),
        Bson::Array(a) => Bson::Array(a.into_iter().map(plain_number).collect()),
        other => other,
    }
}

/// A collection's options, with numbers of one kind and sorted by their names.
pub fn options(options: &Document, ttl: Ttl) -> Document {
    let mut out = Document::new();
    let mut keys: Vec<&String> = options.keys().collect();
    keys.sort();
    for key in keys {
        let value = options.get(key).cloned().unwrap_or(Bson::Null);
        let value = match key.as_str() {
            // Retired; see the restore.
            "autoIndexId" | "flags" => continue,
            "expireAfterSeconds" if ttl == Ttl::Held => Bson::String("a time".to_owned()),
            _ => plain_number(value),
        };
        out.insert(key.clone(), value);
    }
    out
}

/// As JSON for people and files.
pub fn json(definition: Document) -> serde_json::Value {
    Bson::Document(definition).into_relaxed_extjson()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn an_index_is_the_same_whatever_wrote_it_and_differs_when_its_order_does() {
        let old = doc! { "v": 2, "key": { "a": 1.0, "b": -1 }, "name": "x", "ns": "d.c" };
        let new = doc! { "v": 2, "key": { "a": 1, "b": -1i64 }, "name": "x" };
        assert_eq!(index(&old, Ttl::Held), index(&new, Ttl::Held));
        let turned = doc! { "v": 2, "key": { "b": -1, "a": 1 }, "name": "x" };
        assert_ne!(index(&turned, Ttl::Held), index(&new, Ttl::Held));
        let unique = doc! { "v": 2, "key": { "a": 1, "b": -1 }, "name": "x", "unique": true };
        assert_ne!(index(&unique, Ttl::Held), index(&new, Ttl::Held));
    }
}
