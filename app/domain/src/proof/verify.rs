//! Is this bundle what it says, and what does that prove? Every front (shell, page, portal) asks here.
//!
//! The order: ZIP structure, signature against the pinned root, digests and completeness, the ledger's
//! fold and checkpoints, each record and its one entry, the sign-offs, the draws recomputed, the drills judged again.
//! Structural failure stops; everything else is found and listed. What no check can show is said too.

mod attachments;
mod drills;
mod keys;
mod log;
mod logkeys;
mod packet;
mod records;
mod report;
mod requests;
mod runners;
mod sample;
mod signed;
mod signoffs;
mod time;

pub use report::{Line, Outcome, Report};
use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    draw::hex,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        layout::{self, Index},
        passkey::Place,
        zip::ZipError,
    },
};

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
    /// Keys the ledger had before and still signs with, received in the same way.
    pub earlier_vkeys: Vec<String>,
    /// Roots of time authorities as PEM, one or more, received in the same way.
    pub tsa_roots_pem: Option<String>,
    /// Where the company signs, received in the same way.
    pub place: Option<Place>,
    /// The bytes of an older bundle, kept since then.
    pub previous: Option<Vec<u8>>,
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
    /// RFC 3339: the bundle existed then, says a pinned time authority. Empty: none was checked.
    pub stamped_at: String,
}

/// Reads and checks a bundle.
pub fn verify(bytes: &[u8], trust: &Trust, now: Moment) -> Report {
    verify_with(bytes, trust, now, &mut |_| {})
}

/// The same, saying what begins before each longer step.
pub fn verify_with(bytes: &[u8], trust: &Trust, now: Moment, step: &mut dyn FnMut(&'static str)) -> Report {
    step("Reading the ZIP");
    match UnverifiedBundle::read(bytes) {
        Ok(bundle) => check_bundle(&bundle, trust, now, step),
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
    check_bundle(bundle, trust, now, &mut |_| {})
}

fn check_bundle(bundle: &UnverifiedBundle, trust: &Trust, now: Moment, step: &mut dyn FnMut(&'static str)) -> Report {
    if let Err(e) = bundle.shape() {
        return not_a_bundle(&e);
    }
    let facts = Facts {
        folder: bundle.folder.clone(),
        files: bundle.files.len() as u64,
        bytes: bundle.files.values().map(|f| f.size).sum(),
        tagmanifest_sha256: bundle.files.get(layout::TAG_MANIFEST).map(|f| hex(&f.sha256)).unwrap_or_default(),
        ..Facts::default()
    };
    let mut check = Checking { facts, ..Checking::default() };
    check.good(STRUCTURE, format!("{} files in one folder, nothing besides.", bundle.files.len()));

    step("Checking the signature and every digest");
    let (root, signer) = check.signature(bundle, trust).unzip();
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
    step("Folding the ledger");
    let log = check.log(bundle, trust, index.as_ref());
    if let (Some(log), Some(index)) = (&log, &index) {
        step("Holding each record against its entry");
        let records = check.records(bundle, log, index);
        check.time(bundle, trust, index, log, &records);
        check.runners(&records.signed);
        check.runbooks(bundle, &records);
        check.requests(&records, log);
        check.attachments(bundle, &records);
        check.signoffs(bundle, trust, &records, log);
        check.keys_in_ledger(&records.kept, log, signer.as_ref());
        check.sample(bundle, &records, log);
        step("Making the draws and judging the drills again");
        check.drills(&records, log);
    }
    if let Some(log) = &log {
        check.proofs(bundle, log);
        step("Comparing with the older bundle");
        check.previous(trust, log);
    }
    if let (Some(root), Some(signer), Some(index)) = (&root, &signer, &index) {
        check.packet(bundle, root, signer, index);
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
                "When it was made: its time is self-asserted; no outside authority stamped the bundle.".to_owned(),
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

/// With a capital letter in front, unless a file's name stands there, and a full stop behind.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.chars().all(|c| c.is_alphabetic() || c == ':');
    let mut letters = text.chars();
    let start = letters.next().map(|c| if is_word { c.to_uppercase().to_string() } else { c.to_string() });
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{}{end}", start.unwrap_or_default(), letters.as_str())
}
