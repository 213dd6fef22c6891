//! Holds every record against its one entry, and every entry against the tree, while both are packed.
//!
//! It never omits: one record that is not what was sealed, one entry that does not fold, and there is no bundle.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Moment, attachment,
    checklist::Checklist,
    ejson,
    incident::{Act, Acted, account::Account},
    proof::{
        checkpoint::{self, Checkpoint},
        hash_from_hex,
        inclusion::{InclusionProof, Paths},
        layout::{self, COLLECTIONS, Collection},
        leaf, sha256_hex,
        tree::{Frontier, leaf_hash},
    },
    record::{Entry, Head, Kind, Seal, Sealed},
    request::Request,
    risk::Summary,
    role::Scope,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    bundle::ExportError,
    content::{Log, Payload, SealedBytes, Shown, Signed},
    orders::Progress,
    spool::{Scratch, Spool},
};

/// What is wanted from the ledger.
pub struct Wanted<'a> {
    pub log: &'a Log,
    pub scope: &'a Scope,
    /// Ledger indices of the sample.
    pub drawn: &'a BTreeSet<u64>,
    pub scratch: &'a Scratch,
    pub progress: &'a Progress,
}

/// The collections that have a file also when nothing of them is inside: that there is none says something.
fn always(collection: &Collection) -> bool {
    !collection.only_what_belongs()
        && ![
            "acceptances",
            "signoffs",
            "job_runs",
            "facts",
            "imports",
            "datastores",
            "checklists",
            "checklist_answers",
            "readings",
            "trainings",
            "incident_acts",
            "incidents",
            "risk_summaries",
        ]
        .contains(&collection.name)
}

/// Takes the entries from the older head to the newer, and the records inside in the same order.
pub fn collect<E: From<ExportError>>(
    wanted: &Wanted,
    entries: impl Iterator<Item = Result<String, E>>,
    records: impl Iterator<Item = Result<SealedBytes, E>>,
) -> Result<(Payload, Shown), E> {
    let mut collecting = Collecting::begin(wanted)?;
    let mut records = records.peekable();
    for line in entries {
        let line = line?;
        let here = match records.peek() {
            Some(Ok(record)) if record.seq <= collecting.tree.size => records.next().transpose()?,
            Some(Err(_)) => records.next().transpose()?,
            _ => None,
        };
        collecting.take(&line, here.as_ref())?;
    }
    if let Some(beyond) = records.next().transpose()? {
        return Err(differs(&beyond).into());
    }
    Ok(collecting.finish()?)
}

struct Collecting<'a> {
    wanted: &'a Wanted<'a>,
    head: Checkpoint,
    tree: Frontier,
    paths: Paths,
    entries: Spool,
    files: BTreeMap<&'static str, (Spool, Vec<u64>)>,
    shown: Shown,
    /// The newest finding by id, with its place in `shown`.
    findings: BTreeMap<String, usize>,
    /// The newest request by id.
    requests: BTreeMap<String, Sealed<Request>>,
}

impl<'a> Collecting<'a> {
    fn begin(wanted: &'a Wanted<'a>) -> Result<Self, ExportError> {
        let (head, tree) = heads(wanted.log)?;
        let mut files = BTreeMap::new();
        // Their file is there also when nothing of them is inside: that there is none says something.
        for collection in COLLECTIONS.iter().filter(|c| always(c)) {
            files.insert(collection.file, (wanted.scratch.spool(collection.file)?, Vec::new()));
        }
        Ok(Self {
            head,
            paths: Paths::from(&tree),
            tree,
            entries: wanted.scratch.spool(layout::ENTRIES)?,
            files,
            shown: Shown::default(),
            findings: BTreeMap::new(),
            requests: BTreeMap::new(),
            wanted,
        })
    }

    fn take(&mut self, line: &str, record: Option<&SealedBytes>) -> Result<(), ExportError> {
        let entry = leaf::parse(line).map_err(|e| wrong(format!("entry {}: {e}", self.tree.size)))?;
        if entry.seq != self.tree.size {
            return Err(wrong(format!("entry {} stands where {} belongs", entry.seq, self.tree.size)));
        }
        let leaf = leaf_hash(line.as_bytes());
        let drawn = self.wanted.drawn.contains(&entry.seq);
        self.tree.append(leaf);
        self.paths.append(leaf, record.is_some() && (drawn || leaves_alone(&entry)));
        self.entries.line(line.as_bytes())?;
        match record {
            Some(record) => self.put(&entry, record, drawn),
            None => self.absent(&entry),
        }
    }

    fn put(&mut self, entry: &Entry, record: &SealedBytes, drawn: bool) -> Result<(), ExportError> {
        let (coll, id, seq) = (record.coll.clone(), record.id.clone(), record.seq);
        let Some(collection) = layout::collection(&coll) else {
            return Err(ExportError::Stranger { coll, id, seq });
        };
        let from = self.wanted.log.from();
        if seq < from {
            return Err(ExportError::NotInLog { coll, id, seq, from });
        }
        let same = (entry.seq, entry.coll.as_str(), entry.id.as_str(), entry.kind, entry.sha256.as_str())
            == (seq, coll.as_str(), id.as_str(), collection.kind, record.sha256.as_str());
        if !same || sha256_hex(&record.bytes) != record.sha256 || record.bytes.contains(&b'\n') {
            return Err(differs(record));
        }
        if !self.files.contains_key(collection.file) {
            self.files.insert(collection.file, (self.wanted.scratch.spool(collection.file)?, Vec::new()));
        }
        let (spool, seqs) = self.files.get_mut(collection.file).expect("it was put there");
        spool.line(&record.bytes)?;
        seqs.push(seq);
        self.wanted.progress.add(1);
        self.show(entry, record, drawn)
    }

    /// Only in a bundle of everything is it known that a record belongs and is not here.
    fn absent(&self, entry: &Entry) -> Result<(), ExportError> {
        let scope = self.wanted.scope;
        let everything = scope.period.is_none() && scope.controls.is_none();
        let carried = layout::collection(&entry.coll).is_some_and(|c| c.kind == entry.kind && !c.only_what_belongs());
        if everything && carried {
            return Err(ExportError::Missing { coll: entry.coll.clone(), id: entry.id.clone(), seq: entry.seq });
        }
        Ok(())
    }

    /// What cannot be read as what its collection holds is carried and not shown.
    fn show(&mut self, entry: &Entry, record: &SealedBytes, drawn: bool) -> Result<(), ExportError> {
        let Ok(value) = serde_json::from_slice::<Value>(&record.bytes) else { return Err(differs(record)) };
        let plain = ejson::plain(&value);
        let seal = Seal {
            seq: entry.seq,
            sha256: entry.sha256.clone(),
            at: Moment::parse(&entry.at).ok_or_else(|| differs(record))?,
            by: plain.get("by").and_then(Value::as_str).unwrap_or("not stated").to_owned(),
            broken: false,
        };
        let shown = &mut self.shown;
        if attachment::may_name(&record.coll) {
            let by = format!("{} {}", record.coll, record.id);
            let named = attachment::named_in(&record.coll, &plain).into_iter();
            shown.attachments.extend(named.map(|file| (file.sha256.clone(), (file, by.clone()))));
        }
        match record.coll.as_str() {
            "backup_audit_log" => {
                if let Some(attestation) = read(&record.id, &plain, seal) {
                    shown.attested.add(attestation, drawn);
                }
            }
            "backup_drill_results" => shown.drills.extend(read(&record.id, &plain, seal)),
            "gaps" => shown.gaps.extend(read(&record.id, &plain, seal)),
            "job_runs" => shown.jobs.extend(read(&record.id, &plain, seal)),
            "checklists" => {
                if let Some(checklist) = read::<Checklist>(&record.id, &plain, seal) {
                    // A later version takes the place of the one before it.
                    shown.checklists.retain(|there| there.id != checklist.id);
                    shown.checklists.push(checklist);
                }
            }
            "incident_acts" => {
                let act = read::<Act>(&record.id, &plain, seal);
                shown.acts.extend(act.map(|sealed| Acted { act: sealed.value, seal: Some(sealed.seal) }));
            }
            "incidents" => {
                if let Some(account) = read::<Account>(&record.id, &plain, seal) {
                    shown.accounts.retain(|there| there.id != account.id);
                    shown.accounts.push(account);
                }
            }
            "risk_summaries" => {
                if let Some(summary) = read::<Summary>(&record.id, &plain, seal) {
                    shown.risks.retain(|there| there.id != summary.id);
                    shown.risks.push(summary);
                }
            }
            "acceptances" => shown.acceptances.extend(read(&record.id, &plain, seal)),
            // Its parts are files of their own, so they must read.
            "signoffs" => {
                let signed = read(&record.id, &plain, seal).and_then(Signed::of);
                let none = || ExportError::NoSignoff { id: record.id.clone(), seq: record.seq };
                shown.signoffs.push(signed.ok_or_else(none)?);
            }
            // Its text is a file of its own, so it must be one.
            "runbooks" => shown.runbooks.push(read(&record.id, &plain, seal).ok_or_else(|| differs(record))?),
            "findings" => {
                if let Some(finding) = read(&record.id, &plain, seal) {
                    match self.findings.get(&record.id) {
                        Some(&at) => shown.findings[at] = finding,
                        None => {
                            self.findings.insert(record.id.clone(), shown.findings.len());
                            shown.findings.push(finding);
                        }
                    }
                }
            }
            "requests" => {
                // Its thread is read as one, version upon version, so that a broken one is no bundle.
                let request = read(&record.id, &plain, seal).ok_or_else(|| differs(record))?;
                self.requests.insert(record.id.clone(), request);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<(Payload, Shown), ExportError> {
        let Self { wanted, head, tree, paths, entries, files, mut shown, requests, .. } = self;
        if (tree.size, tree.root()) != (head.size, head.root) {
            let given = wanted.log.entries();
            return Err(wrong(format!("its {given} entries do not give the signed root of {}", head.size)));
        }
        let checkpoint = &wanted.log.head.checkpoint;
        let proofs = paths.finish().into_iter();
        let proofs =
            proofs.map(|(index, hashes)| InclusionProof { index, hashes, checkpoint: checkpoint.clone() }).collect();
        let mut payload = Payload { files: vec![entries.end()?], records: BTreeMap::new(), proofs };
        for (file, (spool, seqs)) in files {
            payload.files.push(spool.end()?);
            payload.records.insert(file, seqs);
        }
        shown.requests = requests.into_values().collect();
        shown.attested.sort();
        shown.drills.sort_by_key(|d| std::cmp::Reverse((d.value.occurred_at, d.seal.seq)));
        shown.findings.sort_by_key(|f| std::cmp::Reverse((f.value.occurred_at, f.seal.seq)));
        shown.gaps.sort_by_key(|g| std::cmp::Reverse((g.value.occurred_at, g.seal.seq)));
        shown.runbooks.sort_by_key(|r| std::cmp::Reverse((r.value.occurred_at, r.seal.seq)));
        shown.jobs.sort_by_key(|j| j.seal.seq);
        shown.checklists.sort_by_key(|c| std::cmp::Reverse(c.value.quarter.clone()));
        shown.acceptances.sort_by_key(|a| std::cmp::Reverse((a.value.occurred_at, a.seal.seq)));
        shown.signoffs.sort_by_key(|s| std::cmp::Reverse(s.seal.seq));
        Ok((payload, shown))
    }
}

/// Drills, runbook versions and sign-offs are handed on one by one; of the rest, those drawn are.
fn leaves_alone(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Runbook | Kind::Signoff) || entry.coll == "backup_drill_results"
}

/// The signed head, and the older tree the entries are added to.
fn heads(log: &Log) -> Result<(Checkpoint, Frontier), ExportError> {
    let signed = |head: &Head| {
        let (opened, _) = checkpoint::open_by(&head.checkpoint, &log.known).map_err(|e| wrong(e.to_string()))?;
        if opened.size == head.size && Some(opened.root) == hash_from_hex(&head.root) {
            Ok(opened)
        } else {
            Err(wrong(format!("the checkpoint of size {} says something else than the head", head.size)))
        }
    };
    let tree = match &log.previous {
        None if log.frontier.is_empty() => Frontier::new(),
        None => return Err(wrong("an older tree is given without its checkpoint".to_owned())),
        Some(previous) => {
            let older = signed(previous)?;
            let tree = Frontier::from_parts(older.size, log.frontier.clone()).map_err(|e| wrong(e.to_string()))?;
            if tree.root() != older.root {
                return Err(wrong("the older tree does not give the older root".to_owned()));
            }
            tree
        }
    };
    Ok((signed(&log.head)?, tree))
}

fn read<T: DeserializeOwned>(id: &str, plain: &Value, seal: Seal) -> Option<Sealed<T>> {
    Some(Sealed { id: id.to_owned(), value: T::deserialize(plain).ok()?, seal })
}

fn wrong(what: String) -> ExportError {
    ExportError::Log(what)
}

pub fn differs(record: &SealedBytes) -> ExportError {
    ExportError::Differs { coll: record.coll.clone(), id: record.id.clone(), seq: record.seq }
}
