//! A person's passkey as it is sealed: its registration, and later its end.

use serde::{Deserialize, Serialize};

use crate::{Moment, proof::passkey::PublicKey};

/// One passkey (`passkeys`). Never changed in place: its end is a later version of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// 1
    pub schema: u32,
    /// The credential's id in base64url, which is also the record's `_id`.
    pub credential: String,
    /// The person's id, and their name as it was then.
    pub person: String,
    pub name: String,
    /// What its owner calls it: "Phone".
    pub label: String,
    pub key: PublicKey,
    pub rp_id: String,
    /// The registration itself, in base64url: what the authenticator and the browser said.
    pub attestation_object: String,
    pub client_data: String,
    /// Whether it may be copied to the person's other devices.
    pub backup_eligible: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
    /// When it was registered.
    pub occurred_at: Moment,
    pub by: String,
}

/// From when on nothing signed with it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    pub at: Moment,
    /// The name of who revoked it.
    pub by: String,
}
