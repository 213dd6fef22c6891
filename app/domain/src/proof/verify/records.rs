//! Each record and its one entry, and the runbooks' texts beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Checking, log::Log};
use crate::{
    ejson,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        layout::{self, COLLECTIONS, Collection, Index},
        sha256_hex,
    },
    record::{Entry, Kind},
    runbook::RunbookVersion,
};

/// A record's line; the portal refuses to seal more than 6 MiB.
const LONGEST_LINE: usize = 8 << 20;

/// A record whose bytes equal its entry.
pub(super) struct Record {
    pub collection: Collection,
    pub entry: Entry,
    pub value: Value,
}

impl Checking {
    pub(super) fn records(&mut self, bundle: &UnverifiedBundle, log: &Log, index: &Index) -> Vec<Record> {
        let (mut records, mut wrong) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for name in index.records.keys().filter(|name| COLLECTIONS.iter().all(|c| c.file != name.as_str())) {
            wrong.push(format!("the index lists records in {name}, where none belong"));
        }
        for collection in COLLECTIONS {
            let seqs = index.records.get(collection.file).map(Vec::as_slice).unwrap_or_default();
            let text = match bundle.text(collection.file) {
                Ok(text) => text,
                Err(BundleError::Missing(_)) if seqs.is_empty() => continue,
                Err(e) => {
                    wrong.push(e.to_string());
                    continue;
                }
            };
            let lines: Vec<&str> = text.lines().collect();
            if lines.len() != seqs.len() {
                wrong.push(format!(
                    "{} has {} records, and the index says {}",
                    collection.file,
                    lines.len(),
                    seqs.len()
                ));
            }
            if index.counts.get(collection.name).copied().unwrap_or(0) != seqs.len() as u64 {
                wrong.push(format!("the index counts the records of {} in two ways", collection.name));
            }
            for (i, (line, &seq)) in lines.iter().zip(seqs).enumerate() {
                let place = || format!("{} line {}", collection.file, i + 1);
                if !seen.insert(seq) {
                    wrong.push(format!("{}: entry {seq} has a record already", place()));
                    continue;
                }
                match record(collection, line, seq, log) {
                    Ok(record) => records.push(record),
                    Err(e) => wrong.push(format!("{}: {e}", place())),
                }
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
            format!("{} records, byte for byte what was sealed.", records.len()),
        );
        records
    }

    /// In a bundle of everything, an entry without its record is an omission. In one cut to a period
    /// or to controls, that the others lie outside the cut is the issuer's word.
    fn without_record(&mut self, log: &Log, index: &Index, seen: &BTreeSet<u64>) -> Vec<String> {
        let absent: Vec<&Entry> = log.entries.iter().filter(|e| must_be_here(e) && !seen.contains(&e.seq)).collect();
        let everything = index.period.from.is_none() && index.period.to.is_none() && index.controls.is_none();
        if everything {
            return absent
                .iter()
                .map(|e| format!("entry {} ({} {}) has no record here", e.seq, e.coll, e.id))
                .collect();
        }
        if !absent.is_empty() {
            self.not_proven.push(format!(
                "{} entries of the ledger are here by digest only: that their records lie outside the period and controls is the issuer's word.",
                absent.len()
            ));
        }
        Vec::new()
    }

    pub(super) fn runbooks(&mut self, bundle: &UnverifiedBundle, records: &[Record]) {
        let mut wrong = Vec::new();
        let mut expected = BTreeMap::new();
        for record in records.iter().filter(|r| r.collection.kind == Kind::Runbook) {
            match serde_json::from_value::<RunbookVersion>(ejson::plain(&record.value)) {
                Ok(version) => drop(expected.insert(layout::runbook_file(&version.version), version.text)),
                Err(e) => wrong.push(format!("the runbook at entry {} cannot be read: {e}", record.entry.seq)),
            }
        }
        for (name, text) in &expected {
            if bundle.files.get(name).map(Vec::as_slice) != Some(text.as_bytes()) {
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

fn must_be_here(entry: &Entry) -> bool {
    !matches!(entry.kind, Kind::Draw | Kind::Key)
        && layout::collection(&entry.coll).is_some_and(|c| c.kind == entry.kind)
}

fn record(collection: Collection, line: &str, seq: u64, log: &Log) -> Result<Record, String> {
    let entry = log.entry(seq).ok_or(format!("there is no entry {seq} in this part of the ledger"))?;
    if entry.coll != collection.name || entry.kind != collection.kind {
        return Err(format!("entry {seq} is a {} of {}", entry.kind.word(), entry.coll));
    }
    if sha256_hex(line.as_bytes()) != entry.sha256 {
        return Err(format!("{} is not what entry {seq} sealed", entry.id));
    }
    if line.len() > LONGEST_LINE {
        return Err("the line is too long".to_owned());
    }
    let value: Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    if serde_json_canonicalizer::to_string(&value).ok().as_deref() != Some(line) {
        return Err("the line is not in its canonical form".to_owned());
    }
    let id = value.get("_id").map(ejson::plain).and_then(|id| id.as_str().map(str::to_owned));
    if id.is_some_and(|id| id != entry.id) {
        return Err(format!("the record's own id is not {}", entry.id));
    }
    Ok(Record { collection, entry: entry.clone(), value })
}
