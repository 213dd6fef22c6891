//! A sign-off as it is sealed: the statement that was signed, and what the browser and the authenticator made of it.
//!
//! Whether it holds is [`crate::proof::signoff`]'s to say; the record itself claims nothing.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// One sign-off (`signoffs`). It is never changed and never withdrawn, only followed by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signoff {
    /// 1
    pub schema: u32,
    /// The exact text whose digest is the challenge: canonical JSON (RFC 8785).
    pub statement: String,
    /// The authenticator's answer, each part in base64url.
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
    /// The passkey, by its credential's id.
    pub credential: String,
    /// The ledger entry of its registration.
    pub registration_seq: u64,
    /// The statement's time.
    pub occurred_at: Moment,
    /// The signer's name, as it was then.
    pub by: String,
}
