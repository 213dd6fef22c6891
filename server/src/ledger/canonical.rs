//! From a database document to the exact bytes that are hashed: canonical Extended JSON v2, then JCS (RFC 8785).

use std::collections::HashSet;

use bson::{Bson, Document, RawBsonRef, RawDocument};
use domain::{
    Moment,
    acceptance::Acceptance,
    attestation::Attestation,
    bench::Training,
    checklist::{Answer, Checklist},
    control::{Control, Evidence},
    datastore::Described,
    draw::hex,
    drill::Drill,
    ejson,
    finding::{Finding, State},
    gap::Gap,
    import::{Import, Reported},
    incident::{Act, account::Account},
    job::JobRun,
    key::KeyEvent,
    reading::Reading,
    record::Kind,
    request::Request,
    risk::Summary,
    runbook::RunbookVersion,
    signoff::Signoff,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Facts, Holds, Item, Write};

/// Records are small; a document beside its bytes must fit MongoDB's 16 MiB.
const LARGEST: usize = 6 * 1024 * 1024;
const DEEPEST: usize = 64;

/// Why a document cannot be sealed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the key {0:?} appears twice in one object")]
    DuplicateKey(String),
    #[error("the key {0:?} begins with a dollar sign, which Extended JSON keeps for itself")]
    DollarKey(String),
    #[error("it is nested deeper than {DEEPEST} levels")]
    TooDeep,
    #[error("it is larger than {LARGEST} bytes")]
    TooLarge,
    #[error("it is not valid BSON: {0}")]
    NotBson(String),
    #[error("it has no _id")]
    NoId,
}

/// A document's id and the exact bytes that are hashed.
pub struct Canonical {
    pub id: String,
    pub bytes: Vec<u8>,
}

/// A document as it lies in the database, in its one canonical form.
pub fn canonical(raw: &RawDocument) -> Result<Canonical, Refused> {
    let (id, value) = extended_json(raw)?;
    let bytes = serde_json_canonicalizer::to_vec(&value).map_err(|e| Refused::NotBson(e.to_string()))?;
    Ok(Canonical { id, bytes })
}

fn extended_json(raw: &RawDocument) -> Result<(String, Value), Refused> {
    if raw.as_bytes().len() > LARGEST {
        return Err(Refused::TooLarge);
    }
    check(raw, 0)?;
    let not_bson = |e: &dyn std::fmt::Display| Refused::NotBson(e.to_string());
    let document = Document::try_from(raw).map_err(|e| not_bson(&e))?;
    let id = id_text(document.get("_id").ok_or(Refused::NoId)?);
    Ok((id, Bson::Document(document).into_canonical_extjson()))
}

/// The same, made ready for the ledger.
pub fn item(coll: &str, raw: &RawDocument) -> Result<Item, Refused> {
    let (id, value) = extended_json(raw)?;
    let canonical = serde_json_canonicalizer::to_vec(&value).map_err(|e| Refused::NotBson(e.to_string()))?;
    let facts = facts(coll, &ejson::plain(&value));
    Ok(Item {
        kind: kind(coll),
        coll: coll.to_owned(),
        id,
        version: 0,
        canonical,
        bson_sha256: hex(&Sha256::digest(raw.as_bytes())),
        facts,
        write: Write::Nothing,
    })
}

/// A value of ours as the item that inserts and seals it. `id` becomes its `_id`.
pub fn insert<T: serde::Serialize>(coll: &str, id: &str, value: &T) -> Result<Item, Refused> {
    written(coll, id, value, Write::Insert)
}

/// The same for what rests on another document.
pub fn insert_while<T: serde::Serialize>(coll: &str, id: &str, value: &T, holds: Holds) -> Result<Item, Refused> {
    written(coll, id, value, |document| Write::InsertWhile(document, holds))
}

/// The same for a new version of a document that may be there already.
pub fn replace<T: serde::Serialize>(coll: &str, id: &str, version: i64, value: &T) -> Result<Item, Refused> {
    Ok(Item { version, ..written(coll, id, value, Write::Replace)? })
}

fn written<T: serde::Serialize>(
    coll: &str,
    id: &str,
    value: &T,
    write: impl FnOnce(Document) -> Write,
) -> Result<Item, Refused> {
    let not_bson = |e: &dyn std::fmt::Display| Refused::NotBson(e.to_string());
    let json = serde_json::to_value(value).map_err(|e| not_bson(&e))?;
    let Value::Object(fields) = json else { return Err(Refused::NotBson("a record is an object".to_owned())) };
    let mut document = bson::doc! { "_id": id };
    document.extend(Document::try_from(fields).map_err(|e| not_bson(&e))?);
    document.insert("_id", id);
    let raw = bson::RawDocumentBuf::try_from(&document).map_err(|e| not_bson(&e))?;
    Ok(Item { write: write(document), ..item(coll, &raw)? })
}

/// A record's `_id` as text: strings as they are, ObjectIds as hex, anything else as canonical Extended JSON.
pub fn id_text(id: &Bson) -> String {
    match id {
        Bson::String(text) => text.clone(),
        Bson::ObjectId(oid) => oid.to_hex(),
        other => other.clone().into_canonical_extjson().to_string(),
    }
}

fn kind(coll: &str) -> Kind {
    match coll {
        "findings" => Kind::Finding,
        "gaps" => Kind::Gap,
        "runbooks" => Kind::Runbook,
        "draws" => Kind::Draw,
        super::keys::KEYS => Kind::Key,
        "exports" => Kind::Export,
        "timestamps" => Kind::Timestamp,
        "passkeys" => Kind::Key,
        "signoffs" => Kind::Signoff,
        _ => Kind::Record,
    }
}

/// Reads what lists need from a record in everyday JSON.
fn facts(coll: &str, plain: &Value) -> Facts {
    let text = |key: &str| plain.get(key).and_then(Value::as_str).map(str::to_owned);
    let answers = |e: Evidence| e.answers().to_vec();
    let mut facts = Facts {
        understood: true,
        occurred_at: text("occurredAt").and_then(|t| Moment::parse(&t)),
        by: text("by").unwrap_or_else(|| "not stated".to_owned()),
        ..Facts::default()
    };
    match coll {
        "backup_audit_log" => {
            facts.answers = answers(Evidence::Attestations);
            facts.tenant = text("tenant");
            facts.strength = text("strength");
            let read = reads::<Attestation>(plain);
            facts.seen = read.as_ref().map(|a| a.tenants_seen);
            facts.understood = read.is_some();
        }
        "backup_drill_results" => {
            facts.answers = answers(Evidence::Drills);
            facts.understood = reads::<Drill>(plain).is_some();
        }
        "findings" => match reads::<Finding>(plain) {
            Some(finding) => {
                facts.answers =
                    if finding.controls.is_empty() { answers(Evidence::Findings) } else { finding.controls };
                if let State::Closed { at, .. } = finding.state {
                    facts.ended_at = Some(at);
                }
            }
            None => facts.understood = false,
        },
        "gaps" => {
            facts.answers = answers(Evidence::Gaps);
            facts.understood = reads::<Gap>(plain).is_some();
        }
        "runbooks" => {
            facts.answers = answers(Evidence::Runbooks);
            facts.understood = reads::<RunbookVersion>(plain).is_some();
        }
        crate::jobs::runs::JOB_RUNS => {
            facts.answers = answers(Evidence::Attestations);
            facts.understood = reads::<JobRun>(plain).is_some();
        }
        crate::store::imports::FACTS => {
            facts.answers = answers(Evidence::Reports);
            facts.understood = reads::<Reported>(plain).is_some();
        }
        crate::store::imports::IMPORTS => {
            facts.answers = answers(Evidence::Reports);
            facts.understood = reads::<Import>(plain).is_some();
        }
        crate::store::datastores::DATASTORES => {
            facts.answers = answers(Evidence::Reports);
            facts.understood = reads::<Described>(plain).is_some();
        }
        "checklists" => {
            facts.answers = answers(Evidence::Checklists);
            let read = reads::<Checklist>(plain);
            facts.understood = read.is_some();
            facts.within(read.map(|c| c.quarter));
        }
        "checklist_answers" => {
            facts.answers = answers(Evidence::Checklists);
            let read = reads::<Answer>(plain);
            facts.understood = read.is_some();
            facts.within(read.map(|a| a.quarter));
        }
        "readings" => {
            facts.answers = answers(Evidence::Checklists);
            let read = reads::<Reading>(plain);
            facts.understood = read.is_some();
            facts.within(read.map(|r| r.quarter));
        }
        crate::store::incidents::ACTS => {
            facts.answers = answers(Evidence::Incidents);
            let read = reads::<Act>(plain);
            facts.understood = read.is_some();
            facts.occurred_at = read.and_then(|act| act.declared_at).or(facts.occurred_at);
        }
        crate::store::incidents::ACCOUNTS => {
            facts.answers = answers(Evidence::Incidents);
            let read = reads::<Account>(plain);
            facts.understood = read.is_some();
            facts.occurred_at = read.map(|account| account.declared_at).or(facts.occurred_at);
        }
        crate::store::risks::SUMMARIES => {
            facts.answers = answers(Evidence::Checklists);
            let read = reads::<Summary>(plain);
            facts.understood = read.is_some();
            facts.within(read.map(|s| s.quarter));
        }
        "trainings" => {
            facts.answers = answers(Evidence::Checklists);
            facts.understood = reads::<Training>(plain).is_some();
        }
        "requests" => match reads::<Request>(plain) {
            Some(request) => facts.answers = request.answers(),
            None => facts.understood = false,
        },
        "signoffs" => {
            facts.answers = Control::ALL.to_vec();
            facts.understood = reads::<Signoff>(plain).is_some();
        }
        "acceptances" => {
            facts.answers = Control::ALL.to_vec();
            let read = reads::<Acceptance>(plain);
            facts.ended_at = read.as_ref().map(|a| a.until);
            facts.understood = read.is_some();
        }
        super::keys::KEYS => {
            facts.answers = Control::ALL.to_vec();
            facts.understood = reads::<KeyEvent>(plain).is_some();
        }
        _ => facts.answers = Control::ALL.to_vec(),
    }
    facts
}

/// Why sealed bytes do not read as what their collection holds, for people.
pub fn unread(coll: &str, canonical: &[u8]) -> String {
    fn why<T: DeserializeOwned>(plain: &Value, what: &str) -> String {
        match T::deserialize(plain) {
            Ok(_) => format!("it reads as {what} now, and did not when it was sealed"),
            Err(e) => format!("it does not read as {what}: {e}"),
        }
    }
    let plain = match serde_json::from_slice(canonical) {
        Ok(value) => ejson::plain(&value),
        Err(e) => return format!("its kept bytes are not JSON: {e}"),
    };
    match coll {
        "backup_audit_log" => why::<Attestation>(&plain, "an attestation"),
        "backup_drill_results" => why::<Drill>(&plain, "a drill"),
        "findings" => why::<Finding>(&plain, "a finding"),
        "gaps" => why::<Gap>(&plain, "a gap"),
        "runbooks" => why::<RunbookVersion>(&plain, "a runbook version"),
        crate::jobs::runs::JOB_RUNS => why::<JobRun>(&plain, "a job's run"),
        crate::store::imports::FACTS => why::<Reported>(&plain, "a fact"),
        crate::store::imports::IMPORTS => why::<Import>(&plain, "an import"),
        crate::store::datastores::DATASTORES => why::<Described>(&plain, "a datastore’s description"),
        "checklists" => why::<Checklist>(&plain, "a checklist"),
        "checklist_answers" => why::<Answer>(&plain, "a word on a checklist"),
        "readings" => why::<Reading>(&plain, "a reading"),
        crate::store::incidents::ACTS => why::<Act>(&plain, "an act of an incident"),
        crate::store::incidents::ACCOUNTS => why::<Account>(&plain, "an account of an incident"),
        crate::store::risks::SUMMARIES => why::<Summary>(&plain, "a risk assessment"),
        "trainings" => why::<Training>(&plain, "a training"),
        "requests" => why::<Request>(&plain, "a request"),
        "signoffs" => why::<Signoff>(&plain, "a sign-off"),
        "acceptances" => why::<Acceptance>(&plain, "an acceptance"),
        _ => "nothing here reads its collection".to_owned(),
    }
}

fn reads<T: DeserializeOwned>(plain: &Value) -> Option<T> {
    T::deserialize(plain).ok()
}

fn check(raw: &RawDocument, depth: usize) -> Result<(), Refused> {
    if depth > DEEPEST {
        return Err(Refused::TooDeep);
    }
    let mut seen = HashSet::new();
    for element in raw.iter() {
        let (key, value) = element.map_err(|e| Refused::NotBson(e.to_string()))?;
        let key = key.as_str();
        if key.starts_with('$') {
            return Err(Refused::DollarKey(key.to_owned()));
        }
        if !seen.insert(key) {
            return Err(Refused::DuplicateKey(key.to_owned()));
        }
        inner(value, depth)?;
    }
    Ok(())
}

fn inner(value: RawBsonRef<'_>, depth: usize) -> Result<(), Refused> {
    match value {
        RawBsonRef::Document(document) => check(document, depth + 1),
        RawBsonRef::Array(items) => {
            if depth + 1 > DEEPEST {
                return Err(Refused::TooDeep);
            }
            for item in items {
                inner(item.map_err(|e| Refused::NotBson(e.to_string()))?, depth + 1)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{RawDocumentBuf, cstr, doc, rawdoc};

    #[test]
    fn the_bytes_are_sorted_canonical_extended_json() {
        let raw = rawdoc! { "_id": "a", "z": 1, "b": 9007199254740993i64, "d": bson::DateTime::from_millis(5) };
        let item = item("backup_audit_log", &raw).expect("a record");
        assert_eq!(
            String::from_utf8(item.canonical).expect("JSON is text"),
            r#"{"_id":"a","b":{"$numberLong":"9007199254740993"},"d":{"$date":{"$numberLong":"5"}},"z":{"$numberInt":"1"}}"#
        );
        assert!(!item.facts.understood, "it is not an attestation");
    }

    #[test]
    fn a_document_that_could_be_read_two_ways_is_refused() {
        let mut twice = RawDocumentBuf::new();
        twice.append(cstr!("_id"), "a");
        twice.append(cstr!("x"), 1);
        twice.append(cstr!("x"), 2);
        assert_eq!(item("c", &twice).err(), Some(Refused::DuplicateKey("x".into())));
        let dollar = rawdoc! { "_id": "a", "in": { "$numberLong": "5" } };
        assert_eq!(item("c", &dollar).err(), Some(Refused::DollarKey("$numberLong".into())));
        let mut deep = doc! { "x": 1 };
        for _ in 0..70 {
            deep = doc! { "x": deep };
        }
        deep.insert("_id", 1);
        let deep = RawDocumentBuf::try_from(&deep).expect("BSON");
        assert_eq!(item("c", &deep).err(), Some(Refused::TooDeep));
    }
}
