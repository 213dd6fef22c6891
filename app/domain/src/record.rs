//! A record, its entry in the ledger, and the seal that ties the two.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// What kind of evidence a ledger entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Record,
    Finding,
    Signoff,
    Runbook,
    Key,
    Export,
    Timestamp,
    Draw,
    Gap,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Record => "record",
            Kind::Finding => "finding",
            Kind::Signoff => "sign-off",
            Kind::Runbook => "runbook",
            Kind::Key => "key",
            Kind::Export => "export",
            Kind::Timestamp => "timestamp",
            Kind::Draw => "draw",
            Kind::Gap => "gap",
        }
    }
}

/// One line of the ledger, hash-only. Its JCS bytes are the leaf.
///
/// Field order here is JCS order (RFC 8785 sorts by UTF-16 code units), so that the written form is
/// stable even before canonicalisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When the portal learned of it, RFC 3339 with milliseconds.
    pub at: String,
    /// The collection the record lives in.
    pub coll: String,
    /// The record's `_id` as text.
    pub id: String,
    pub kind: Kind,
    /// Place in the ledger, from 0.
    pub seq: u64,
    /// SHA-256 of the record's canonical bytes, 64 lower-case hex digits.
    pub sha256: String,
}

/// Where a fact stands in the ledger, and who brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    pub seq: u64,
    /// 64 lower-case hex digits.
    pub sha256: String,
    /// When the portal learned of the record.
    pub at: Moment,
    /// Who or what wrote the record, as it says itself ("attest-cron", "operator").
    pub by: String,
    /// `true` when the record in the database no longer equals what was sealed.
    pub broken: bool,
}

/// A value read from the exact bytes that were sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealed<T> {
    /// The record's `_id` as text.
    pub id: String,
    pub value: T,
    pub seal: Seal,
}

/// The ledger's newest signed state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// Merkle root, 64 lower-case hex digits.
    pub root: String,
    /// When it was signed.
    pub at: Moment,
    /// The C2SP checkpoint: a signed note.
    pub checkpoint: String,
}

/// What the watch found against the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    pub seq: u64,
    pub coll: String,
    pub id: String,
    pub what: Tampering,
    /// When it was noticed.
    pub at: Moment,
}

/// A record that counts as no evidence: it cannot be sealed, or it was sealed and does not read as what its
/// collection holds. Where it was due, its absence is a gap all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    pub coll: String,
    pub id: String,
    /// Its place in the ledger; `None`: it has none.
    pub seq: Option<u64>,
    /// "the key \"x\" appears twice in one object"
    pub why: String,
    /// When it was noticed.
    pub at: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tampering {
    /// The record is there, and is not what was sealed.
    Changed,
    /// The record is gone.
    Deleted,
}

impl Tampering {
    pub fn word(self) -> &'static str {
        match self {
            Tampering::Changed => "changed after it was sealed",
            Tampering::Deleted => "deleted after it was sealed",
        }
    }
}
