//! What goes into a bundle, gathered and checked against its seals before a byte is written.

use domain::{
    Moment,
    attestation::Attestation,
    drill::Drill,
    finding::Finding,
    gap::Gap,
    record::{Head, Sealed},
    role::Scope,
    runbook::RunbookVersion,
    sample::{self, Sample},
    target::Judged,
};

use crate::time::{Outside, checkpoints::Timestamp};

/// Everything one bundle states. Built by `exports::gather`, written by `exports::bundle`.
#[derive(Clone, Debug)]
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
    /// In order of the ledger.
    pub records: Vec<SealedBytes>,
    pub log: Log,
    /// Tokens over heads within `log`, in order of their sizes.
    pub timestamps: Vec<Timestamp>,
    pub outside: Outside,
    /// The sample to be drawn from the records.
    pub sample: Option<sample::Ask>,

    /// The same records, read, for the packet and the offline pages. Newest first.
    pub drills: Vec<Sealed<Drill>>,
    pub attestations: Vec<Sealed<Attestation>>,
    /// The latest version of each finding in scope.
    pub findings: Vec<Sealed<Finding>>,
    pub gaps: Vec<Sealed<Gap>>,
    pub runbooks: Vec<Sealed<RunbookVersion>>,
    pub targets: Vec<Judged>,
}

impl Content {
    /// The sample asked for, drawn; `None` also when there is no record of that kind.
    pub fn drawn(&self) -> Option<Sample> {
        let ask = self.sample.as_ref()?;
        let here = self.records.iter().filter(|r| r.coll == ask.population.collection());
        let head = &self.log.head;
        Sample::draw(ask, here.map(|r| (r.id.as_str(), r.seq)), &head.root, head.size)
    }
}

/// One record's exact hashed bytes: a single line of canonical JSON without its newline.
#[derive(Clone, Debug)]
pub struct SealedBytes {
    pub seq: u64,
    /// "backup_audit_log", "backup_drill_results", "findings", "gaps", "runbooks"
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
    /// The older checkpoint; `None` when the log is given from its beginning.
    pub previous: Option<Head>,
    /// Roots of the perfect subtrees of the older tree, largest first; empty from the beginning.
    pub frontier: Vec<[u8; 32]>,
    /// The JCS lines of every entry since, in order.
    pub entries: Vec<String>,
    pub head: Head,
}
