//! An attestation: "tenant X was found in recovery point Y" (`backup_audit_log`).

use serde::{Deserialize, Serialize};

use crate::Moment;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attestation {
    pub schema: u32,
    pub tenant: String,
    pub recovery_point: RecoveryPoint,
    pub strength: Strength,
    pub run_id: String,
    /// How many tenant databases the run saw on the cluster.
    pub tenants_seen: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub by: String,
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
