//! Is this bundle what it says, and what does that prove? Every front (shell, page, portal) asks here.
//!
//! The order: ZIP structure, signature against the pinned root, digests and completeness, the ledger's
//! fold and checkpoints, each record and its one entry, the draws recomputed, the drills judged again.
//! Structural failure stops; everything else is found and listed. What no check can show is said too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Moment, draw,
    drill::Drill,
    ejson,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        checkpoint::{self, Checkpoint, VerifierKey},
        dsse, hash_from_hex,
        layout::{self, COLLECTIONS, Collection, Index},
        leaf, sha256_hex,
        signature::{self, Root, Signer},
        tree::{Frontier, Hash, leaf_hash},
        zip::ZipError,
    },
    record::{Entry, Kind},
    runbook::RunbookVersion,
    words,
};

/// A record's line; the portal refuses to seal more than 6 MiB.
const LONGEST_LINE: usize = 8 << 20;
/// How many details of one kind a line names before it only counts.
const NAMED: usize = 5;

/// What the one who verifies holds already, from outside the bundle.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// The company's root certificate, received when the engagement began.
    pub root_pem: Option<String>,
    /// Or its SHA-256, 64 lower-case hex digits: then the bundle's own copy must have it.
    pub root_sha256: Option<String>,
    /// The ledger's verifier key, received in the same way.
    pub vkey: Option<String>,
    /// The bytes of an older bundle, kept since then.
    pub previous: Option<Vec<u8>>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// "Every digest"
    pub what: String,
    /// What was found, in one sentence.
    pub found: String,
    pub ok: bool,
}

/// What the bundle says of itself. True only when the report says verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    pub folder: String,
    pub id: String,
    pub org: String,
    pub period: String,
    pub made_at: String,
    /// Number of files, and of their bytes.
    pub files: u64,
    pub bytes: u64,
    pub records: u64,
    /// The ledger's name, size and root (64 hex digits).
    pub origin: String,
    pub size: u64,
    pub root: String,
    /// SHA-256 of the tag manifest: what the signature is over.
    pub tagmanifest_sha256: String,
    /// SHA-256 of the certificates' DER.
    pub root_fingerprint: String,
    pub signer_fingerprint: String,
    pub signer: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Verified,
    NotVerified,
    /// Not a bundle that could be read at all.
    Unreadable,
}

/// Everything found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub outcome: Outcome,
    pub checks: Vec<Line>,
    /// What this verification could not show, one sentence each.
    pub not_proven: Vec<String>,
    pub facts: Facts,
}

impl Report {
    pub fn verified(&self) -> bool {
        self.outcome == Outcome::Verified
    }

    /// The first thing that is wrong.
    pub fn first_wrong(&self) -> Option<&Line> {
        self.checks.iter().find(|line| !line.ok)
    }
}

/// Reads and checks a bundle.
pub fn verify(bytes: &[u8], trust: &Trust, now: Moment) -> Report {
    match UnverifiedBundle::read(bytes) {
        Ok(bundle) => verify_bundle(&bundle, trust, now),
        Err(e) => not_a_bundle(&e),
    }
}

fn not_a_bundle(e: &BundleError) -> Report {
    Report {
        outcome: match e {
            BundleError::Zip(ZipError::NotAZip | ZipError::Truncated) => Outcome::Unreadable,
            _ => Outcome::NotVerified,
        },
        checks: vec![Line { what: STRUCTURE.to_owned(), found: sentence(&e.to_string()), ok: false }],
        not_proven: vec!["Nothing further was looked at.".to_owned()],
        facts: Facts::default(),
    }
}

const STRUCTURE: &str = "The file can be read in one way only";

/// Checks a bundle that was read.
pub(super) fn verify_bundle(bundle: &UnverifiedBundle, trust: &Trust, now: Moment) -> Report {
    if let Err(e) = bundle.shape() {
        return not_a_bundle(&e);
    }
    let mut check = Checking::default();
    let bytes: u64 = bundle.files.values().map(|f| f.len() as u64).sum();
    check.facts = Facts {
        folder: bundle.folder.clone(),
        files: bundle.files.len() as u64,
        bytes,
        tagmanifest_sha256: bundle.files.get(layout::TAG_MANIFEST).map(|f| sha256_hex(f)).unwrap_or_default(),
        ..Facts::default()
    };
    check.good(STRUCTURE, format!("{} files in one folder, nothing besides.", bundle.files.len()));

    let signer = check.signature(bundle, trust);
    check.none_wrong(
        "Every digest, and no file more or less",
        bundle.digests(),
        format!("{} files equal their digests, and no other file is there.", bundle.files.len() - 2),
    );
    let index = match bundle.index() {
        Ok(index) => Some(index),
        Err(e) => {
            check.bad("The index", e.to_string());
            None
        }
    };
    if let (Some(signer), Some(index)) = (&signer, &index) {
        check.validity(signer, index, now);
        check.statement(bundle, signer, index);
    }
    let log = check.log(bundle, trust, index.as_ref());
    if let (Some(log), Some(index)) = (&log, &index) {
        let records = check.records(bundle, log, index);
        check.runbooks(bundle, &records);
        check.drills(&records, log);
    }
    if let Some(log) = &log {
        check.previous(trust, log);
    }
    check.limits(trust, index.as_ref());
    check.report()
}

#[derive(Default)]
struct Checking {
    lines: Vec<Line>,
    not_proven: Vec<String>,
    facts: Facts,
}

/// The ledger of a bundle, folded.
struct Log {
    key: VerifierKey,
    from: u64,
    head: Checkpoint,
    entries: Vec<Entry>,
    /// The root of the tree of size `from + i`.
    roots: Vec<Hash>,
}

impl Log {
    fn entry(&self, seq: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(seq.checked_sub(self.from)?).ok()?)
    }

    fn root_at(&self, size: u64) -> Option<&Hash> {
        self.roots.get(usize::try_from(size.checked_sub(self.from)?).ok()?)
    }
}

/// Digests of the lists sealed before a draw, by their entries.
type Lists = BTreeMap<u64, String>;

/// A record whose bytes equal its entry.
struct Record {
    collection: Collection,
    entry: Entry,
    value: Value,
}

impl Checking {
    fn good(&mut self, what: &str, found: impl Into<String>) {
        self.lines.push(Line { what: what.to_owned(), found: found.into(), ok: true });
    }

    fn bad(&mut self, what: &str, found: impl AsRef<str>) {
        self.lines.push(Line { what: what.to_owned(), found: sentence(found.as_ref()), ok: false });
    }

    /// One line: good when nothing is wrong, else the first few things and how many more.
    fn none_wrong(&mut self, what: &str, wrong: Vec<String>, good: impl Into<String>) {
        if wrong.is_empty() {
            return self.good(what, good);
        }
        let mut found = wrong[..wrong.len().min(NAMED)].join("; ");
        if wrong.len() > NAMED {
            found.push_str(&format!("; and {} more", wrong.len() - NAMED));
        }
        self.bad(what, found);
    }

    fn report(self) -> Report {
        let ok = self.lines.iter().all(|line| line.ok);
        Report {
            outcome: if ok { Outcome::Verified } else { Outcome::NotVerified },
            checks: self.lines,
            not_proven: self.not_proven,
            facts: self.facts,
        }
    }

    fn signature(&mut self, bundle: &UnverifiedBundle, trust: &Trust) -> Option<Signer> {
        const WHAT: &str = "The signature over the whole bundle";
        let own = bundle.files.get(layout::ROOT_CERTIFICATE).and_then(|f| std::str::from_utf8(f).ok());
        let Some(pem) = trust.root_pem.as_deref().or(own) else {
            self.bad(WHAT, format!("{} is missing, and no root was given", layout::ROOT_CERTIFICATE));
            return None;
        };
        let root = match Root::from_pem(pem) {
            Ok(root) => root,
            Err(e) => {
                self.bad(WHAT, e.to_string());
                return None;
            }
        };
        self.facts.root_fingerprint = root.fingerprint();
        if trust.root_sha256.as_ref().is_some_and(|held| *held != self.facts.root_fingerprint) {
            let found = words::short_digest(&self.facts.root_fingerprint);
            self.bad(WHAT, format!("It leads to another root ({found} …) than the one your anchors name"));
            return None;
        }
        let (p7s, content) = (&bundle.files[layout::SIGNATURE], &bundle.files[layout::TAG_MANIFEST]);
        match signature::verify(p7s, content, &root) {
            Ok(signer) => {
                let by = if trust.root_pem.is_some() || trust.root_sha256.is_some() {
                    "the root you hold"
                } else {
                    "the root in the bundle itself"
                };
                self.good(WHAT, format!("Made by {}, whose certificate was issued by {by}.", signer.name));
                self.facts.signer.clone_from(&signer.name);
                self.facts.signer_fingerprint.clone_from(&signer.fingerprint);
                self.keys(bundle, &root, &signer);
                Some(signer)
            }
            Err(e) => {
                self.bad(WHAT, e.to_string());
                None
            }
        }
    }

    /// The certificates shipped for convenience must be the ones that were used.
    fn keys(&mut self, bundle: &UnverifiedBundle, root: &Root, signer: &Signer) {
        let mut wrong = Vec::new();
        for (name, expected) in
            [(layout::ROOT_CERTIFICATE, root.fingerprint()), (layout::SIGNER_CERTIFICATE, signer.fingerprint.clone())]
        {
            let shipped = bundle.files.get(name).and_then(|f| signature::pem_fingerprint(f));
            if shipped != Some(expected) {
                wrong.push(format!("{name} is not the certificate the signature was made with"));
            }
        }
        self.none_wrong("The certificates in the bundle", wrong, "They are the ones the signature was made with.");
    }

    fn validity(&mut self, signer: &Signer, index: &Index, now: Moment) {
        const WHAT: &str = "The certificate held when the bundle was made";
        let Some(made) = Moment::parse(&index.made_at) else {
            return self.bad(WHAT, "The index does not say when the bundle was made");
        };
        // A day, for clocks that differ.
        if made > now.plus_millis(24 * 3600 * 1000) {
            return self.bad(WHAT, format!("The bundle says it was made in the future, on {}", made.rfc3339()));
        }
        match signer.valid_at(made) {
            Err(e) => self.bad(WHAT, e.to_string()),
            Ok(()) => {
                self.good(
                    WHAT,
                    format!(
                        "Made on {}, as the bundle says; valid until {}.",
                        words::date(made),
                        words::date(signer.until)
                    ),
                );
                if signer.valid_at(now).is_err() {
                    self.not_proven.push(format!(
                        "The signer's certificate ended on {}; that the signature is older rests on the bundle's own word.",
                        words::date(signer.until)
                    ));
                }
            }
        }
    }

    /// Bundles made before there was a statement have none, and lose nothing by it.
    fn statement(&mut self, bundle: &UnverifiedBundle, signer: &Signer, index: &Index) {
        const WHAT: &str = "The statement for other tools";
        let Some(envelope) = bundle.files.get(layout::STATEMENT) else { return };
        match dsse::verify(envelope, index, &self.facts.tagmanifest_sha256, signer) {
            Ok(()) => self.good(WHAT, "An in-toto statement over the same bytes, signed by the same key."),
            Err(e) => self.bad(WHAT, format!("{}: {e}", layout::STATEMENT)),
        }
    }

    fn log(&mut self, bundle: &UnverifiedBundle, trust: &Trust, index: Option<&Index>) -> Option<Log> {
        const WHAT: &str = "The ledger folds to its signed head";
        match fold(bundle, trust) {
            Err(e) => {
                self.bad(WHAT, e);
                None
            }
            Ok(log) => {
                self.facts.origin.clone_from(&log.head.origin);
                self.facts.size = log.head.size;
                self.facts.root = draw::hex(&log.head.root);
                self.good(
                    WHAT,
                    format!(
                        "{} entries from № {} give the root {} … of {} entries, as signed.",
                        log.entries.len(),
                        log.from,
                        words::short_digest(&self.facts.root),
                        log.head.size
                    ),
                );
                let said = index.map(|i| (i.log.origin.as_str(), i.log.from, i.log.to, i.log.root.as_str()));
                if said
                    .is_some_and(|s| s != (log.head.origin.as_str(), log.from, log.head.size, self.facts.root.as_str()))
                {
                    self.bad("The index and the ledger", "The index names another ledger, size or root");
                }
                Some(log)
            }
        }
    }

    fn records(&mut self, bundle: &UnverifiedBundle, log: &Log, index: &Index) -> Vec<Record> {
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

    fn runbooks(&mut self, bundle: &UnverifiedBundle, records: &[Record]) {
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

    fn drills(&mut self, records: &[Record], log: &Log) {
        let (mut drawn_wrong, mut judged_wrong) = (Vec::new(), Vec::new());
        let (mut drawn, mut judged, mut demo) = (0, 0, 0);
        let lists: Lists = records
            .iter()
            .filter(|r| r.collection.kind == Kind::Draw)
            .filter_map(|r| Some((r.entry.seq, r.value.get("eligibleDigest")?.as_str()?.to_owned())))
            .collect();
        for record in records.iter().filter(|r| r.collection.name == "backup_drill_results") {
            let name = format!("drill {}", record.entry.id);
            let drill: Drill = match serde_json::from_value(ejson::plain(&record.value)) {
                Ok(drill) => drill,
                Err(e) => {
                    judged_wrong.push(format!("{name} cannot be read as a drill: {e}"));
                    continue;
                }
            };
            demo += usize::from(drill.demo);
            judged += 1;
            judged_wrong.extend(drill.disagreements().into_iter().map(|e| format!("{name}: {e}")));
            let Some(made) = &drill.draw else { continue };
            match redraw(&drill, made, record.entry.seq, &lists, log) {
                Ok(Drawn::Demo) => {}
                Ok(Drawn::Proven) => drawn += 1,
                Ok(Drawn::Unsealed(why)) => {
                    self.not_proven.push(format!("That the tenant of {name} was drawn at random: {why}."));
                }
                Err(e) => drawn_wrong.push(format!("{name}: {e}")),
            }
        }
        if drawn > 0 || !drawn_wrong.is_empty() {
            self.none_wrong(
                "The draws, made again",
                drawn_wrong,
                format!("{drawn} gave the same tenant from a list sealed before."),
            );
        }
        if judged > 0 || !judged_wrong.is_empty() {
            self.none_wrong(
                "The drills, judged again",
                judged_wrong,
                format!("{judged} give the verdict they were filed with."),
            );
        }
        if demo > 0 {
            self.not_proven
                .push(format!("{demo} drills are marked as invented demo data: no restore stands behind them."));
        }
    }

    fn previous(&mut self, trust: &Trust, log: &Log) {
        const WHAT: &str = "The ledger continues the one you hold";
        let Some(bytes) = &trust.previous else { return };
        let older = match UnverifiedBundle::read(bytes).and_then(|b| b.text(layout::CHECKPOINT).map(str::to_owned)) {
            Ok(note) => note,
            Err(e) => return self.bad(WHAT, format!("the older bundle cannot be read: {e}")),
        };
        let older = match checkpoint::open(&older, &log.key) {
            Ok(older) => older,
            Err(e) => return self.bad(WHAT, format!("the older bundle's checkpoint: {e}")),
        };
        if older.size > log.head.size {
            let found = format!("rolled back: the older bundle has {} entries, this one {}", older.size, log.head.size);
            return self.bad(WHAT, found);
        }
        match log.root_at(older.size) {
            Some(root) if *root == older.root => {
                self.good(WHAT, format!("Its first {} entries are those of the older bundle.", older.size));
            }
            Some(_) => self.bad(
                WHAT,
                format!("forked: the first {} entries are not those of the older bundle; keep both, they are proof", older.size),
            ),
            None => self.not_proven.push(format!(
                "That the ledger continues the older bundle's {} entries: this bundle begins at {}. Ask for one from the beginning.",
                older.size, log.from
            )),
        }
    }

    fn limits(&mut self, trust: &Trust, index: Option<&Index>) {
        if trust.root_pem.is_none() && trust.root_sha256.is_none() {
            self.not_proven.push(
                "Who made the bundle: no root certificate was given, so the bundle was checked against its own."
                    .to_owned(),
            );
        }
        if trust.vkey.is_none() {
            self.not_proven
                .push("Whose ledger it is: no verifier key was given, so the bundle's own was used.".to_owned());
        }
        if trust.previous.is_none() {
            self.not_proven.push(
                "That nothing was rewritten before this bundle: no older bundle was given to compare with.".to_owned(),
            );
        }
        if index.is_none_or(|i| i.self_asserted_time) {
            self.not_proven.push(
                "Any time in it: all times are the issuer's own; no outside timestamp is in the bundle.".to_owned(),
            );
        }
        self.not_proven.push(
            "That the packet and the pages say what the records say: they are signed with them, not compared with them.".to_owned(),
        );
        self.not_proven.push(
            "That everything that happened was recorded: no cryptography shows an event nobody wrote down. The gaps list what was due and is not there.".to_owned(),
        );
    }
}

fn fold(bundle: &UnverifiedBundle, trust: &Trust) -> Result<Log, String> {
    let said = |e: BundleError| e.to_string();
    let own = bundle.text(layout::VKEY).map_err(said)?.trim_end_matches('\n');
    let vkey = trust.vkey.as_deref().map_or(own, str::trim);
    if vkey != own {
        return Err("the bundle's ledger has another key than the one you hold".to_owned());
    }
    let key = VerifierKey::parse(vkey).map_err(|e| e.to_string())?;
    let head = checkpoint::open(bundle.text(layout::CHECKPOINT).map_err(said)?, &key).map_err(|e| e.to_string())?;
    let mut tree = older_tree(bundle, &key)?;
    let from = tree.size;
    let (mut entries, mut roots) = (Vec::new(), vec![tree.root()]);
    for line in bundle.text(layout::ENTRIES).map_err(said)?.lines() {
        let entry = leaf::parse(line).map_err(|e| format!("entry {}: {e}", tree.size))?;
        if entry.seq != tree.size {
            return Err(format!("entry {} stands where {} belongs", entry.seq, tree.size));
        }
        tree.append(leaf_hash(line.as_bytes()));
        roots.push(tree.root());
        entries.push(entry);
    }
    if tree.size != head.size {
        return Err(format!("there are entries up to {}, and the signed head has {}", tree.size, head.size));
    }
    if tree.root() != head.root {
        return Err("the entries do not give the signed root: one was dropped, swapped, added or altered".to_owned());
    }
    Ok(Log { key, from, head, entries, roots })
}

/// The tree the entries are added to: the older one, or the empty one.
fn older_tree(bundle: &UnverifiedBundle, key: &VerifierKey) -> Result<Frontier, String> {
    let said = |e: BundleError| e.to_string();
    let has = |name| bundle.files.contains_key(name);
    match (has(layout::PREVIOUS_CHECKPOINT), has(layout::PREVIOUS_FRONTIER)) {
        (false, false) => return Ok(Frontier::new()),
        (true, true) => {}
        _ => return Err("of the older checkpoint and its frontier only one is there".to_owned()),
    }
    let note = bundle.text(layout::PREVIOUS_CHECKPOINT).map_err(said)?;
    let older = checkpoint::open(note, key).map_err(|e| format!("the older checkpoint: {e}"))?;
    let hashes: Option<Vec<Hash>> =
        bundle.text(layout::PREVIOUS_FRONTIER).map_err(said)?.lines().map(hash_from_hex).collect();
    let hashes = hashes.ok_or("the older frontier has a line that is not a hash")?;
    let tree = Frontier::from_parts(older.size, hashes).map_err(|e| e.to_string())?;
    if tree.root() == older.root { Ok(tree) } else { Err("the older frontier does not give the older root".to_owned()) }
}

fn must_be_here(entry: &Entry) -> bool {
    entry.kind != Kind::Draw && layout::collection(&entry.coll).is_some_and(|c| c.kind == entry.kind)
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

enum Drawn {
    Proven,
    /// The arithmetic holds, and nothing shows that the list came before the seed.
    Unsealed(&'static str),
    /// Invented like the drill around it; there is nothing to prove.
    Demo,
}

fn redraw(drill: &Drill, made: &crate::drill::Draw, filed: u64, lists: &Lists, log: &Log) -> Result<Drawn, String> {
    if drill.demo {
        return Ok(Drawn::Demo);
    }
    let names = || made.eligible.iter().map(String::as_str);
    if draw::list_digest(names()) != made.eligible_digest {
        return Err("the eligible list is not the one its digest names".to_owned());
    }
    if draw::draw(&made.seed, names(), 1).first() != Some(&made.chosen.as_str()) {
        return Err(format!("the draw does not give {}", made.chosen));
    }
    let (Some(root), Some(seq)) = (&made.root, made.seq) else {
        return Ok(Drawn::Unsealed("the list was not sealed before the seed was known"));
    };
    if draw::seed(root, &made.public_value) != made.seed {
        return Err("the seed does not follow from the ledger's root and the public value".to_owned());
    }
    if seq < log.from {
        return Ok(Drawn::Unsealed("its list was sealed before this part of the ledger begins"));
    }
    match log.entry(seq) {
        Some(entry) if entry.kind == Kind::Draw => {}
        _ => return Err(format!("entry {seq} does not seal a list for a draw")),
    }
    // The seed's root must come after the list and before the drill was filed.
    let mut after_list = (seq + 1)..=filed;
    if !after_list.any(|size| log.root_at(size).is_some_and(|r| draw::hex(r) == *root)) {
        return Err("the seed's root is none of the ledger's between the sealed list and the drill".to_owned());
    }
    match lists.get(&seq) {
        None => Ok(Drawn::Unsealed("the sealed list itself is not in the bundle")),
        Some(digest) if *digest == made.eligible_digest => Ok(Drawn::Proven),
        Some(_) => Err(format!("the list that entry {seq} sealed is another")),
    }
}

/// With a capital letter in front, unless a file's name stands there, and a full stop behind.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.chars().all(|c| c.is_alphabetic() || c == ':');
    let mut letters = text.chars();
    let start = letters.next().map(|c| if is_word { c.to_uppercase().to_string() } else { c.to_string() });
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{}{end}", start.unwrap_or_default(), letters.as_str())
}
