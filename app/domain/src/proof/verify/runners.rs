//! The runners' own signatures: that a record is what a runner pushed, whoever kept it since.
//!
//! A key counts from its registration in the ledger on. Once a runner's key is there, what that runner pushes is
//! signed; records from before, and those of other programs, are not, and that is said.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Checking, records::Record};
use crate::{
    ejson,
    key::{Key, KeyEvent},
    proof::{
        bundle::UnverifiedBundle,
        layout::{self, Index},
        runner::{Signature, key_id, public_key, verify},
    },
};

const WHAT: &str = "The runners' signatures";
/// What runners bring.
const BROUGHT: [&str; 4] = ["backup_audit_log", "backup_drill_results", "job_runs", "imports"];

/// A runner's key, and the entry that registers it.
pub(super) struct Registered {
    seq: u64,
    name: String,
    public: [u8; 32],
}

/// How many records are signed by whom, and what is wrong with others.
#[derive(Default)]
pub(super) struct Signed {
    by: BTreeMap<String, u64>,
    unsigned: u64,
    wrong: Vec<String>,
}

/// The runners' keys in the bundle, by their ids. Whether these lines are what the ledger sealed is held with all
/// other records'.
pub(super) fn keys(bundle: &UnverifiedBundle, index: &Index) -> BTreeMap<String, Registered> {
    let Some(collection) = layout::collection("keys") else { return BTreeMap::new() };
    let seqs = index.records.get(collection.file).map(Vec::as_slice).unwrap_or_default();
    let Ok(lines) = bundle.lines(collection.file) else { return BTreeMap::new() };
    let mut keys = BTreeMap::new();
    for (line, seq) in lines.zip(seqs) {
        let Some(event) = line.ok().and_then(|line| serde_json::from_str(&line).ok()).and_then(read::<KeyEvent>) else {
            continue;
        };
        if let Key::Runner { name, public } = event.key
            && let Ok(public) = public_key(&public)
        {
            keys.insert(key_id(&public), Registered { seq: *seq, name, public });
        }
    }
    keys
}

fn read<T: for<'de> Deserialize<'de>>(value: serde_json::Value) -> Option<T> {
    serde_json::from_value(ejson::plain(&value)).ok()
}

impl Signed {
    /// Holds one record against its runner's key.
    pub(super) fn hold(&mut self, record: &Record, keys: &BTreeMap<String, Registered>) {
        if !BROUGHT.contains(&record.collection.name) {
            return;
        }
        let Some(signature) = record.value.get("signature") else {
            self.unsigned += 1;
            return;
        };
        let place = format!("{} {}", record.collection.name, record.id);
        let Some(signature) = read::<Signature>(signature.clone()) else {
            return self.wrong.push(format!("{place} carries a signature that does not read"));
        };
        match keys.get(&signature.key) {
            None => {
                self.wrong.push(format!("{place} is signed by {}, a key that no entry here registers", signature.key))
            }
            Some(key) if key.seq > record.seq => {
                self.wrong.push(format!("{place} was sealed before its runner's key was registered"));
            }
            // Of an import the runner signs what it told; what was read from it is the portal's word.
            Some(key) => match verify(record.value.get("told").unwrap_or(&record.value), &signature, &key.public) {
                Ok(()) => *self.by.entry(key.name.clone()).or_default() += 1,
                Err(e) => self.wrong.push(format!("{place}: {e}")),
            },
        }
    }
}

impl Checking {
    /// Bundles without a runner that signs lose nothing by it, and claim nothing of it.
    pub(super) fn runners(&mut self, signed: &Signed) {
        if signed.by.is_empty() && signed.wrong.is_empty() {
            return;
        }
        let by: Vec<String> = signed.by.iter().map(|(name, n)| format!("{n} by {name}")).collect();
        let found =
            format!("{} records are signed by who pushed them: {}.", signed.by.values().sum::<u64>(), by.join(", "));
        self.none_wrong(WHAT, signed.wrong.clone(), found);
        if signed.unsigned > 0 {
            self.not_proven.push(format!(
                "Who pushed {} of the attestations, drills, imports and runs of jobs: they carry no runner's signature.",
                signed.unsigned
            ));
        }
    }
}
