//! Sign-offs: a named person's passkey over a statement that names exact bytes.
//!
//! `challenge = SHA-256("passmuster-signoff/v1\n" ‖ statement)`, the statement as canonical JSON (RFC 8785) with the
//! digest of the document in it; so the signature stands for that document and for no other. This must never read a
//! statement that could be written in two ways, and never believe a key because the sign-off itself names it: the key
//! is the one of a registration that the ledger holds. Portal, shell and page ask this same code.
//!
//! The browser does not show the document it signs for. What was on the screen is the portal's word; which bytes were
//! signed is proven.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Moment,
    passkey::Passkey,
    proof::passkey::{self, Asserted, PasskeyError, Place, assert, from_base64url},
    role::Role,
    signoff::Signoff,
};

/// What keeps this use of a passkey apart from every other.
const CONTEXT: &str = "passmuster-signoff/v1\n";
const NONCE: usize = 32;

/// What a signature says of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A runbook version is how the company recovers.
    Approves,
    /// The signer ran the drill.
    Ran,
    /// The signer owns the outcome of the drill.
    Owns,
    /// A risk or an exclusion is accepted.
    Accepts,
    /// A quarter's checklist says how the backups stood.
    Closes,
    /// An account of an incident says what happened.
    Accounts,
    /// A quarter's risks are assessed so.
    Assesses,
}

impl Purpose {
    pub const ALL: [Purpose; 7] = [
        Purpose::Approves,
        Purpose::Ran,
        Purpose::Owns,
        Purpose::Accepts,
        Purpose::Closes,
        Purpose::Accounts,
        Purpose::Assesses,
    ];

    /// As it is written in statements and addresses.
    pub fn id(self) -> &'static str {
        match self {
            Purpose::Approves => "approves",
            Purpose::Ran => "ran",
            Purpose::Owns => "owns",
            Purpose::Accepts => "accepts",
            Purpose::Closes => "closes",
            Purpose::Accounts => "accounts",
            Purpose::Assesses => "assesses",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.id() == id)
    }

    /// Where the documents are that it can be said of; of others it says nothing.
    pub fn collection(self) -> &'static str {
        match self {
            Purpose::Approves => "runbooks",
            Purpose::Ran | Purpose::Owns => "backup_drill_results",
            Purpose::Accepts => "acceptances",
            Purpose::Closes => "checklists",
            Purpose::Accounts => "incidents",
            Purpose::Assesses => "risk_summaries",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Approve,
    /// Sent back, with a note.
    Return,
}

/// What is signed. Its members are closed: one more would be another statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    pub purpose: Purpose,
    pub decision: Decision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub document: Document,
    pub signer: Signer,
    /// RFC 3339 with milliseconds: the portal's clock when it wrote the statement.
    pub time: String,
    /// 32 random bytes in base64url: no two statements are alike.
    pub nonce: String,
    /// The relying party the passkey belongs to.
    pub rp_id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The record's `_id`; its collection follows from the purpose.
    pub id: String,
    /// A runbook's own, "1.0", or a checklist's; "1" for a record that never changes.
    pub version: String,
    /// SHA-256 of the sealed bytes, 64 lower-case hex digits.
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    pub id: String,
    pub name: String,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignoffError {
    #[error("its statement does not read: {0}")]
    Statement(String),
    #[error("its statement is not in its canonical form")]
    NotCanonical,
    #[error("its {0} is not base64url")]
    Encoding(&'static str),
    #[error("it names another passkey than the registration")]
    AnotherPasskey,
    #[error("its passkey is another person's")]
    AnotherPerson,
    #[error("its passkey was registered later, by entry {0}")]
    Later(u64),
    #[error("its passkey was registered by entry {0}, and it names entry {1}")]
    Elsewhere(u64, u64),
    #[error("its passkey was revoked before, by entry {0}")]
    Revoked(u64),
    #[error("an {0} may not sign this")]
    Role(&'static str),
    #[error("it does not carry its statement's own time and name")]
    Label,
    #[error("the registration of its passkey does not hold: {0}")]
    Registration(PasskeyError),
    #[error("{0}")]
    Passkey(#[from] PasskeyError),
}

impl Statement {
    /// The exact text that is signed.
    pub fn text(&self) -> String {
        serde_json_canonicalizer::to_string(self).expect("a statement has only text")
    }

    /// Reads what [`Statement::text`] writes, and nothing else.
    pub fn read(text: &str) -> Result<Self, SignoffError> {
        let wrong = |what: &str| SignoffError::Statement(what.to_owned());
        let statement: Self = serde_json::from_str(text).map_err(|e| SignoffError::Statement(e.to_string()))?;
        if statement.text() != text {
            return Err(SignoffError::NotCanonical);
        }
        if statement.at().is_none_or(|at| at.rfc3339() != statement.time) {
            return Err(wrong("its time is not RFC 3339 with milliseconds"));
        }
        if from_base64url(&statement.nonce).is_none_or(|nonce| nonce.len() != NONCE) {
            return Err(wrong("its nonce is not 32 bytes in base64url"));
        }
        if super::hash_from_hex(&statement.document.sha256).is_none() {
            return Err(wrong("its document's digest is not 64 lower-case hex digits"));
        }
        if statement.decision == Decision::Return && statement.note.as_ref().is_none_or(|n| n.trim().is_empty()) {
            return Err(wrong("it sends back without a note"));
        }
        Ok(statement)
    }

    /// `None` when its time is none; a statement that was read has one.
    pub fn at(&self) -> Option<Moment> {
        Moment::parse(&self.time)
    }
}

/// What the authenticator is given to sign.
pub fn challenge(statement: &str) -> [u8; 32] {
    Sha256::new().chain_update(CONTEXT).chain_update(statement).finalize().into()
}

/// A sign-off's exact parts, out of base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Parts {
    pub fn of(signoff: &Signoff) -> Result<Self, SignoffError> {
        let part = |text: &str, name| from_base64url(text).ok_or(SignoffError::Encoding(name));
        Ok(Self {
            client_data: part(&signoff.client_data, "client data")?,
            authenticator_data: part(&signoff.authenticator_data, "authenticator data")?,
            signature: part(&signoff.signature, "signature")?,
        })
    }
}

/// A passkey as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The entry that sealed it.
    pub seq: u64,
    pub passkey: Passkey,
    /// The entry that sealed its end.
    pub ended: Option<u64>,
}

/// A sign-off that holds: this person's passkey signed this statement, there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub statement: Statement,
    pub asserted: Asserted,
}

/// Checks a sign-off that entry `seq` sealed, or is about to, against the registration of its passkey.
///
/// `place`: where the company signs; `None` where nobody said, and then it need only agree with itself. The caller
/// knows which document has the digest, and that the nonce was not used before.
pub fn verify(
    signoff: &Signoff,
    seq: u64,
    registration: &Registration,
    place: Option<&Place>,
) -> Result<Held, SignoffError> {
    let statement = Statement::read(&signoff.statement)?;
    let passkey = &registration.passkey;
    if signoff.credential != passkey.credential {
        return Err(SignoffError::AnotherPasskey);
    }
    if registration.seq > seq {
        return Err(SignoffError::Later(registration.seq));
    }
    if registration.seq != signoff.registration_seq {
        return Err(SignoffError::Elsewhere(registration.seq, signoff.registration_seq));
    }
    if let Some(ended) = registration.ended.filter(|ended| *ended < seq) {
        return Err(SignoffError::Revoked(ended));
    }
    if statement.signer.id != passkey.person {
        return Err(SignoffError::AnotherPerson);
    }
    if !statement.signer.role.may(statement.purpose.permission()) {
        return Err(SignoffError::Role(statement.signer.role.word()));
    }
    if statement.at() != Some(signoff.occurred_at) || statement.signer.name != signoff.by {
        return Err(SignoffError::Label);
    }
    let own = own_place(signoff, passkey);
    let place = place.or(own.as_ref()).ok_or(PasskeyError::Other("origin"))?;
    if statement.rp_id != place.rp_id || passkey.rp_id != place.rp_id {
        return Err(PasskeyError::Other("relying party").into());
    }
    let parts = Parts::of(signoff)?;
    let challenge = challenge(&signoff.statement);
    let asserted =
        assert(place, &challenge, &passkey.key, &parts.client_data, &parts.authenticator_data, &parts.signature)?;
    if asserted.backup_eligible != passkey.backup_eligible {
        return Err(PasskeyError::Other("backup eligibility").into());
    }
    registered(passkey, place).map_err(SignoffError::Registration)?;
    Ok(Held { statement, asserted })
}

/// The registration says of the key what the record around it says.
fn registered(passkey: &Passkey, place: &Place) -> Result<(), PasskeyError> {
    let part = |text: &str, name| from_base64url(text).ok_or(PasskeyError::Part(name));
    let client_data = part(&passkey.client_data, "client data")?;
    let object = part(&passkey.attestation_object, "attestation object")?;
    let made = passkey::registered(place, &client_data, &object)?;
    if (made.id, made.key) != (passkey.credential.clone(), passkey.key.clone()) {
        return Err(PasskeyError::Other("public key"));
    }
    Ok(())
}

/// The place a sign-off itself names: the registration's relying party, and the pages that the browser says it was on,
/// as far as they belong to it. `None`: they do not.
fn own_place(signoff: &Signoff, passkey: &Passkey) -> Option<Place> {
    let rp_id = passkey.rp_id.clone();
    let mut origins = Vec::new();
    for client_data in [&signoff.client_data, &passkey.client_data] {
        let origin = passkey::origin(&from_base64url(client_data)?)?;
        let authority = origin.split_once("://")?.1;
        let host = authority.rsplit_once(':').map_or(authority, |(host, _port)| host);
        if host != rp_id && !host.ends_with(&format!(".{rp_id}")) {
            return None;
        }
        origins.push(origin);
    }
    Some(Place { rp_id, origins })
}

#[cfg(test)]
mod tests;
