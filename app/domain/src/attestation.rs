//! An attestation: "tenant X was found in recovery point Y" (`backup_audit_log`).

use serde::{Deserialize, Serialize};

use crate::{Moment, proof::runner::Signature};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    pub schema: u32,
    pub tenant: String,
    pub recovery_point: RecoveryPoint,
    pub strength: Strength,
    /// What was read of the tenant, and when; absent below `counted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Read>,
    pub run_id: String,
    /// How many tenant databases the run saw on the cluster.
    pub tenants_seen: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub by: String,
    /// The runner's own, over everything above but when the portal learned of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// What a run read of one tenant on the cluster, beside the recovery point it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Read {
    /// The cluster time it was read at; without [`Read::one_time`], when the reading began.
    pub at: Moment,
    /// Whether everything was read at that one cluster time (`readConcern: snapshot`).
    pub one_time: bool,
    pub collections: i64,
    pub documents: i64,
    /// Sum of the BSON lengths; absent when documents were counted and not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// The fingerprint's digest over all collections (64 hex digits), when documents were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryPoint {
    pub id: String,
    pub cluster: String,
    pub taken_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    #[serde(default)]
    pub regions: Vec<String>,
}

/// How much an attestation says. Nothing below `Restored` is ever worded as restorable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// A cron's own word.
    Declared,
    /// The vendor's own answer, such as Atlas' databases-in-snapshot call.
    Listed,
    Counted,
    Fingerprinted,
    Restored,
}

impl Strength {
    pub fn word(self) -> &'static str {
        match self {
            Strength::Declared => "declared",
            Strength::Listed => "listed",
            Strength::Counted => "counted",
            Strength::Fingerprinted => "fingerprinted",
            Strength::Restored => "restored",
        }
    }
}
