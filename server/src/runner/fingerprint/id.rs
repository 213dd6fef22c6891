//! A document's `_id` as a fingerprint keeps it, and as people read it.

use bson::{Bson, Document};
use domain::{
    draw::hex,
    fingerprint::{Key, Named},
};

use crate::{ledger::canonical::id_text, runner::bsonfile::value_end};

/// The key of a document's `_id`; of one without it, that of nothing.
pub fn key(raw: &[u8]) -> Key {
    element(raw).map_or_else(|| Key::of(0, &[]), |(kind, value)| Key::of(kind, value))
}

/// BSON type and bytes of a document's `_id`, which servers put first.
pub fn element(raw: &[u8]) -> Option<(u8, &[u8])> {
    let mut at = 4;
    while at + 1 < raw.len() {
        let kind = raw[at];
        let name = raw.get(at + 1..)?.iter().position(|b| *b == 0)? + at + 1;
        let ends = value_end(raw, kind, name + 1)?;
        if &raw[at + 1..name] == b"_id" {
            return Some((kind, &raw[name + 1..ends]));
        }
        at = ends;
    }
    None
}

/// Type and value as one: what tells a document from the others of its collection.
pub fn bytes(raw: &[u8]) -> Vec<u8> {
    element(raw).map_or_else(Vec::new, |(kind, value)| [&[kind], value].concat())
}

/// As it stands in records: text as it is, an ObjectId in hex, anything else as Extended JSON.
pub fn text(key: &Key) -> String {
    match key.value() {
        _ if key.kind() == 0 => "a document without _id".to_owned(),
        Err(digest) => format!("an _id too long to be kept, whose value has the SHA-256 {}", hex(digest)),
        Ok(value) => match decoded(key.kind(), value) {
            Some(id) => id_text(&id),
            None => format!("an _id of BSON type {:#04x}: {}", key.kind(), hex(value)),
        },
    }
}

/// The value itself.
pub fn decoded(kind: u8, value: &[u8]) -> Option<Bson> {
    let length = i32::try_from(4 + 1 + 4 + value.len() + 1).ok()?;
    let mut raw = length.to_le_bytes().to_vec();
    raw.push(kind);
    raw.extend(b"_id\0");
    raw.extend(value);
    raw.push(0);
    Document::from_reader(&raw[..]).ok()?.remove("_id")
}

/// "65f0… is not the same", "65f0… is only in the first".
pub fn sentence(named: &Named, first: &str, second: &str) -> String {
    let id = text(&named.key);
    match (named.in_first, named.in_second) {
        (true, true) => format!("{id} is not the same in both"),
        (true, false) => format!("{id} is only in {first}"),
        (false, _) => format!("{id} is only in {second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{doc, oid::ObjectId};

    #[test]
    fn an_id_of_any_type_is_found_and_read_again() {
        let oid = ObjectId::from_bytes([7; 12]);
        let ids = [
            (Bson::from("order-1"), "order-1".to_owned()),
            (oid.into(), oid.to_hex()),
            (5_i64.into(), r#"{"$numberLong":"5"}"#.to_owned()),
            (doc! { "a": 1 }.into(), r#"{"a":{"$numberInt":"1"}}"#.to_owned()),
            (Bson::Null, "null".to_owned()),
        ];
        for (id, says) in ids {
            for document in [doc! { "_id": id.clone(), "x": "_id" }, doc! { "x": { "_id": 9 }, "_id": id.clone() }] {
                assert_eq!(text(&key(&document.to_vec().expect("BSON"))), says);
            }
        }
        assert_eq!(text(&key(&doc! { "x": 1 }.to_vec().expect("BSON"))), "a document without _id");
        let long = doc! { "_id": "x".repeat(200) }.to_vec().expect("BSON");
        assert!(text(&key(&long)).contains("SHA-256"));
    }
}
