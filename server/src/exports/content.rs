//! What goes into a bundle, gathered and held against its seals before a byte is signed.

use std::collections::BTreeMap;

use domain::{
    Moment,
    acceptance::Acceptance,
    attachment::Attachment,
    attestation::{Attestation, Strength},
    checklist::Checklist,
    coverage::Sightings,
    drill::Drill,
    finding::Finding,
    gap::Gap,
    incident::{Acted, Incident, account::Account, incidents},
    job::JobRun,
    proof::{
        checkpoint::VerifierKey,
        inclusion::InclusionProof,
        signoff::{Decision, Parts, Purpose, Statement},
    },
    record::{Head, Seal, Sealed},
    request::Request,
    risk::Summary,
    role::{Role, Scope},
    runbook::RunbookVersion,
    sample::{Population, Sample, attestation_says, drill_says},
    schedule,
    signoff::Signoff,
    target::Judged,
};

use super::spool::Spooled;
use crate::time::{Outside, checkpoints::Timestamp};

/// Everything one bundle states. Built by `exports::gather`, written by `exports::bundle`.
#[derive(Debug)]
pub struct Content {
    /// The company: "CARTIE".
    pub org: String,
    /// "B-001"
    pub id: String,
    /// "2026-Q3" or "2025-12-01..2026-11-30"
    pub period_name: String,
    pub scope: Scope,
    pub made_at: Moment,
    /// Name of the person or token that asked.
    pub made_by: String,
    pub log: Log,
    /// Tokens over heads within `log`, in order of their sizes.
    pub timestamps: Vec<Timestamp>,
    pub outside: Outside,
    /// The sample drawn from the records.
    pub sample: Option<Sample>,
    /// Every record and entry, for machines.
    pub payload: Payload,

    /// The same records, read, for the packet and the offline pages. Newest first.
    pub drills: Vec<Sealed<Drill>>,
    pub attested: Attested,
    /// The latest version of each finding in scope.
    pub findings: Vec<Sealed<Finding>>,
    pub gaps: Vec<Sealed<Gap>>,
    pub runbooks: Vec<Sealed<RunbookVersion>>,
    /// The newest version of each request that is carried.
    pub requests: Vec<Sealed<Request>>,
    pub acceptances: Vec<Sealed<Acceptance>>,
    /// The newest of each quarter, newest first.
    pub checklists: Vec<Sealed<Checklist>>,
    /// Each with its account, the newest first.
    pub incidents: Vec<(Incident, Option<Sealed<Account>>)>,
    /// The newest of each quarter.
    pub risks: Vec<Sealed<Summary>>,
    /// The runs of runners' jobs, in the order of the ledger.
    pub jobs: Vec<Sealed<JobRun>>,
    pub signoffs: Vec<Signed>,
    pub targets: Vec<Judged>,
}

impl Content {
    /// What an item of the sample is: "alder-books, found on 2026-11-15".
    pub fn says(&self, population: Population, seq: u64) -> Option<String> {
        match population {
            Population::Attestations => self.attested.drawn.get(&seq).map(|(tenant, at)| attestation_says(tenant, *at)),
            Population::Drills => self.drills.iter().find(|d| d.seal.seq == seq).map(|d| drill_says(&d.value)),
            Population::Findings => self.findings.iter().find(|f| f.seal.seq == seq).map(|f| f.value.title.clone()),
            Population::Gaps => self.gaps.iter().find(|g| g.seal.seq == seq).map(|g| g.value.says.clone()),
        }
    }

    /// Whether any of it is an invented past.
    pub fn demo(&self) -> bool {
        self.attested.demo
            || self.drills.iter().any(|d| d.value.demo)
            || self.findings.iter().any(|f| f.value.demo)
            || self.gaps.iter().any(|g| g.value.demo)
            || self.runbooks.iter().any(|r| r.value.demo)
            || self.requests.iter().any(|r| r.value.demo)
            || self.checklists.iter().any(|c| c.value.demo)
            || self.incidents.iter().any(|(i, _)| i.demo)
    }
}

/// One record's exact hashed bytes: a single line of canonical JSON without its newline.
#[derive(Clone, Debug)]
pub struct SealedBytes {
    pub seq: u64,
    /// "backup_audit_log", "backup_drill_results", "findings", "gaps", "runbooks", …
    pub coll: String,
    pub id: String,
    /// 64 lower-case hex digits; SHA-256 of `bytes`.
    pub sha256: String,
    pub bytes: Vec<u8>,
}

/// The ledger's part: from an older signed state to the newest.
#[derive(Clone, Debug)]
pub struct Log {
    /// The checkpoint's origin line: "passmuster.example/cartie".
    pub origin: String,
    /// C2SP verifier key of the log.
    pub vkey: String,
    /// Every key its heads may be signed by: the one above, and those it had before.
    pub known: Vec<VerifierKey>,
    /// The older checkpoint; `None` when the log is given from its beginning.
    pub previous: Option<Head>,
    /// Roots of the perfect subtrees of the older tree, largest first; empty from the beginning.
    pub frontier: Vec<[u8; 32]>,
    pub head: Head,
}

impl Log {
    /// The first entry given.
    pub fn from(&self) -> u64 {
        self.previous.as_ref().map_or(0, |p| p.size)
    }

    /// How many entries are given.
    pub fn entries(&self) -> u64 {
        self.head.size.saturating_sub(self.from())
    }
}

/// The records and the ledger's entries as files, packed.
#[derive(Debug)]
pub struct Payload {
    pub files: Vec<Spooled>,
    /// By file: the ledger index of each line, in order of the lines.
    pub records: BTreeMap<&'static str, Vec<u64>>,
    /// Of the few records that are likely to leave the bundle one by one.
    pub proofs: Vec<InclusionProof>,
}

impl Payload {
    pub fn count(&self) -> u64 {
        self.records.values().map(|seqs| seqs.len() as u64).sum()
    }
}

/// What people read of the records. Read from the very bytes that are in the bundle.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Newest first.
    pub drills: Vec<Sealed<Drill>>,
    pub attested: Attested,
    /// The latest version of each finding in scope, newest first.
    pub findings: Vec<Sealed<Finding>>,
    pub gaps: Vec<Sealed<Gap>>,
    pub runbooks: Vec<Sealed<RunbookVersion>>,
    /// The newest version of each, in order of their ids.
    pub requests: Vec<Sealed<Request>>,
    /// By digest: every file that a record names, and that record's collection and id.
    pub attachments: BTreeMap<String, (Attachment, String)>,
    pub acceptances: Vec<Sealed<Acceptance>>,
    /// The newest of each quarter, newest first.
    pub checklists: Vec<Sealed<Checklist>>,
    pub acts: Vec<Acted>,
    /// The newest of each incident.
    pub accounts: Vec<Sealed<Account>>,
    /// The newest of each quarter.
    pub risks: Vec<Sealed<Summary>>,
    /// The runs of runners' jobs, in the order of the ledger.
    pub jobs: Vec<Sealed<JobRun>>,
    pub signoffs: Vec<Signed>,
}

/// Incidents by their acts, each beside its account.
pub fn with_accounts(acts: Vec<Acted>, accounts: Vec<Sealed<Account>>) -> Vec<(Incident, Option<Sealed<Account>>)> {
    let beside = |incident: Incident| {
        let account = accounts.iter().find(|account| account.id == incident.id).cloned();
        (incident, account)
    };
    incidents(acts).into_iter().map(beside).collect()
}

/// A sign-off as people read it. Whether it holds is for the verifier to say; the portal sealed none that did not.
#[derive(Clone, Debug)]
pub struct Signed {
    /// "S-…"
    pub id: String,
    pub who: String,
    pub role: Role,
    pub purpose: Purpose,
    pub decision: Decision,
    pub note: Option<String>,
    /// The document's id, its version and the digest of its bytes (64 lower-case hex digits).
    pub subject: String,
    pub version: String,
    pub digest: String,
    /// The statement's time.
    pub at: Moment,
    pub seal: Seal,
    pub parts: Parts,
    /// The exact text that was signed.
    pub statement: String,
}

impl Signed {
    /// `None`: it does not read.
    pub fn of(sealed: Sealed<Signoff>) -> Option<Self> {
        let Sealed { id, value, seal } = sealed;
        let read = Statement::read(&value.statement).ok()?;
        Some(Self {
            id,
            at: read.at()?,
            who: read.signer.name,
            role: read.signer.role,
            purpose: read.purpose,
            decision: read.decision,
            note: read.note,
            subject: read.document.id,
            version: read.document.version,
            digest: read.document.sha256,
            seal,
            parts: Parts::of(&value).ok()?,
            statement: value.statement,
        })
    }

    /// Its place in the ledger.
    pub fn seq(&self) -> u64 {
        self.seal.seq
    }
}

/// The attestations, counted: a million of them take no more memory than their tenants' Sundays.
#[derive(Clone, Debug, Default)]
pub struct Attested {
    pub count: u64,
    pub demo: bool,
    pub sightings: Sightings,
    /// By Sunday.
    pub weeks: BTreeMap<Moment, Week>,
    /// One by one, newest first, while they are at most [`LISTED`]; then none.
    pub listed: Vec<Sealed<Attestation>>,
    /// By ledger index: tenant and time of those in the sample.
    pub drawn: BTreeMap<u64, (String, Moment)>,
}

/// More attestations than this are counted and not listed; each is a line of the records all the same.
pub const LISTED: u64 = 5_000;

/// The attestations of one Sunday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    pub by: BTreeMap<Strength, u64>,
    /// Their first and last place in the ledger.
    pub first_seq: u64,
    pub last_seq: u64,
}

impl Attested {
    pub fn add(&mut self, attestation: Sealed<Attestation>, drawn: bool) {
        let Sealed { value, seal, .. } = &attestation;
        self.count += 1;
        self.demo |= value.demo;
        self.sightings.add(&value.tenant, value.occurred_at, value.strength);
        let new = || Week { by: BTreeMap::new(), first_seq: seal.seq, last_seq: seal.seq };
        let week = self.weeks.entry(schedule::sunday_of(value.occurred_at)).or_insert_with(new);
        *week.by.entry(value.strength).or_default() += 1;
        week.first_seq = week.first_seq.min(seal.seq);
        week.last_seq = week.last_seq.max(seal.seq);
        if drawn {
            self.drawn.insert(seal.seq, (value.tenant.clone(), value.occurred_at));
        }
        match self.count {
            n if n <= LISTED => self.listed.push(attestation),
            _ => self.listed = Vec::new(),
        }
    }

    /// Newest first, once all are there.
    pub fn sort(&mut self) {
        self.listed.sort_by_key(|a| std::cmp::Reverse((a.value.occurred_at, a.seal.seq)));
    }

    /// Whether each stands in `listed`.
    pub fn all_listed(&self) -> bool {
        self.count <= LISTED
    }
}
