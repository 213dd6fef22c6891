//! Each record and its one entry, and the runbooks' texts beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    Checking,
    log::{Log, Sealed},
};
use crate::{
    Moment,
    attachment::{self, Attachment},
    ejson,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        layout::{self, COLLECTIONS, Collection, Index},
        tree::Hash,
    },
    record::Kind,
    runbook::RunbookVersion,
};

/// A record whose bytes equal its entry, as later checks need it.
pub(super) struct Seen {
    pub seq: u64,
    pub collection: Collection,
    pub occurred_at: Option<Moment>,
}

/// One of those that are read again: drills, their lists, runbooks, requests, and all that signing needs.
pub(super) struct Record {
    pub seq: u64,
    pub collection: Collection,
    pub id: String,
    pub value: Value,
}

/// All records, most of them by a few words only: there may be a million.
#[derive(Default)]
pub(super) struct Records {
    pub seen: Vec<Seen>,
    pub kept: Vec<Record>,
    /// Files that records name, each with the record's id.
    pub named: Vec<(String, Attachment)>,
    pub signed: super::runners::Signed,
}

impl Checking {
    pub(super) fn records(&mut self, bundle: &UnverifiedBundle, log: &Log, index: &Index) -> Records {
        let (mut records, mut wrong) = (Records::default(), Vec::new());
        let mut seen = BTreeSet::new();
        let runners = super::runners::keys(bundle, index);
        for name in index.records.keys().filter(|name| COLLECTIONS.iter().all(|c| c.file != name.as_str())) {
            wrong.push(format!("the index lists records in {name}, where none belong"));
        }
        for collection in COLLECTIONS {
            let seqs = index.records.get(collection.file).map(Vec::as_slice).unwrap_or_default();
            let lines = match bundle.lines(collection.file) {
                Ok(lines) => lines,
                Err(BundleError::Missing(_)) if seqs.is_empty() => continue,
                Err(e) => {
                    wrong.push(e.to_string());
                    continue;
                }
            };
            let mut count = 0;
            for line in lines {
                let line = match line {
                    Ok(line) => line,
                    Err(e) => {
                        wrong.push(e.to_string());
                        break;
                    }
                };
                count += 1;
                let Some(&seq) = seqs.get(count - 1) else { continue };
                let place = || format!("{} line {count}", collection.file);
                if !seen.insert(seq) {
                    wrong.push(format!("{}: entry {seq} has a record already", place()));
                    continue;
                }
                match record(collection, &line, seq, log) {
                    Ok(record) => {
                        let occurred_at = record.value.get("occurredAt").map(ejson::plain);
                        let occurred_at = occurred_at.as_ref().and_then(Value::as_str).and_then(Moment::parse);
                        records.seen.push(Seen { seq, collection, occurred_at });
                        records.signed.hold(&record, &runners);
                        if attachment::may_name(collection.name) {
                            let named = attachment::named_in(collection.name, &ejson::plain(&record.value));
                            records.named.extend(named.into_iter().map(|file| (record.id.clone(), file)));
                        }
                        if collection.read_again() {
                            records.kept.push(record);
                        }
                    }
                    Err(e) => wrong.push(format!("{}: {e}", place())),
                }
            }
            if count != seqs.len() {
                wrong.push(format!("{} has {count} records, and the index says {}", collection.file, seqs.len()));
            }
            if index.counts.get(collection.name).copied().unwrap_or(0) != seqs.len() as u64 {
                wrong.push(format!("the index counts the records of {} in two ways", collection.name));
            }
        }
        wrong.extend(self.without_record(log, index, &seen));
        self.facts.records = seen.len() as u64;
        self.facts.id.clone_from(&index.id);
        self.facts.org.clone_from(&index.org);
        self.facts.period.clone_from(&index.period.name);
        self.facts.made_at.clone_from(&index.made_at);
        self.none_wrong(
            "Each record equals its one entry in the ledger",
            wrong,
            format!("{} records, byte for byte what was sealed.", records.seen.len()),
        );
        records
    }

    /// In a bundle of everything, an entry without its record is an omission. In one cut to a period
    /// or to controls, that the others lie outside the cut is the issuer's word.
    fn without_record(&mut self, log: &Log, index: &Index, seen: &BTreeSet<u64>) -> Vec<String> {
        let absent = || log.entries().filter(|e| must_be_here(e) && !seen.contains(&e.seq));
        let everything = index.period.from.is_none() && index.period.to.is_none() && index.controls.is_none();
        if everything {
            return absent().map(|e| format!("entry {} ({} {}) has no record here", e.seq, e.coll, e.id)).collect();
        }
        let absent = absent().count();
        if absent > 0 {
            self.not_proven.push(format!(
                "{} entries of the ledger are here by digest only: that their records lie outside the period and controls is the issuer's word.",
                absent
            ));
        }
        Vec::new()
    }

    pub(super) fn runbooks(&mut self, bundle: &UnverifiedBundle, records: &Records) {
        let mut wrong = Vec::new();
        let mut expected = BTreeMap::new();
        for record in records.kept.iter().filter(|r| r.collection.kind == Kind::Runbook) {
            match serde_json::from_value::<RunbookVersion>(ejson::plain(&record.value)) {
                Ok(version) => drop(expected.insert(layout::runbook_file(&version.version), version.text)),
                Err(e) => wrong.push(format!("the runbook at entry {} cannot be read: {e}", record.seq)),
            }
        }
        for (name, text) in &expected {
            if !bundle.holds(name, text.as_bytes()) {
                wrong.push(format!("{name} is not the text that was sealed"));
            }
        }
        let folder = "data/runbooks/runbook/";
        for name in bundle.files.keys().filter(|n| n.starts_with(folder) && !expected.contains_key(*n)) {
            wrong.push(format!("{name} belongs to no sealed version"));
        }
        if !expected.is_empty() || !wrong.is_empty() {
            self.none_wrong("The runbook's texts", wrong, "Each is the text that was sealed.");
        }
    }
}

fn must_be_here(entry: &Sealed) -> bool {
    layout::collection(entry.coll).is_some_and(|c| c.kind == entry.kind && !c.only_what_belongs())
}

impl Collection {
    /// Whether a later check reads its records once more.
    fn read_again(&self) -> bool {
        matches!(self.kind, Kind::Draw | Kind::Runbook | Kind::Signoff | Kind::Key)
            || ["backup_drill_results", "requests", "acceptances", "checklists", "incidents", "risk_summaries"]
                .contains(&self.name)
    }
}

fn record(collection: Collection, line: &str, seq: u64, log: &Log) -> Result<Record, String> {
    let entry = log.entry(seq).ok_or(format!("there is no entry {seq} in this part of the ledger"))?;
    if entry.coll != collection.name || entry.kind != collection.kind {
        return Err(format!("entry {seq} is a {} of {}", entry.kind.word(), entry.coll));
    }
    if Hash::from(Sha256::digest(line.as_bytes())) != *entry.sha256 {
        return Err(format!("{} is not what entry {seq} sealed", entry.id));
    }
    let value: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    if serde_json_canonicalizer::to_string(&value).ok().as_deref() != Some(line) {
        return Err("the line is not in its canonical form".to_owned());
    }
    let id = value.get("_id").map(ejson::plain).and_then(|id| id.as_str().map(str::to_owned));
    if id.is_some_and(|id| id != entry.id) {
        return Err(format!("the record's own id is not {}", entry.id));
    }
    Ok(Record { seq, collection, id: entry.id.to_owned(), value })
}
