//! What is to be signed, what was, and what claims to be a signature and is none.

use async_trait::async_trait;
use domain::{acceptance::Acceptance, review::Review, role::Scope};

use super::PortError;

/// Every signature that is asked for or was given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reviewed {
    /// The newest document first, of each kind.
    pub reviews: Vec<Review>,
    /// Sealed as sign-offs, and none: they count for nothing.
    pub not_held: Vec<NotHeld>,
}

/// A record that claims to be a sign-off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotHeld {
    pub id: String,
    /// Its place in the ledger.
    pub seq: u64,
    /// "its passkey is another person's"
    pub why: String,
}

#[async_trait]
pub trait Reviews: Send + Sync {
    /// Of the documents in scope. Each signature was checked against the sealed registration of its passkey.
    async fn all(&self, scope: &Scope) -> Result<Reviewed, PortError>;
    /// Seals an acceptance, to be signed; its id. One with the same words is there once.
    async fn accept(&self, acceptance: &Acceptance) -> Result<String, PortError>;
}
