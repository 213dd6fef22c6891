//! Incidents: what people did in them, from whichever device, and how they accounted for them.

use async_trait::async_trait;
use domain::{
    incident::{Act, Acted, account::Account},
    kit::Unfit,
    record::Sealed,
    role::Scope,
};

use super::PortError;

#[async_trait]
pub trait Incidents: Send + Sync {
    /// Every act of the incidents declared in scope, in no order.
    async fn acts(&self, scope: &Scope) -> Result<Vec<Acted>, PortError>;
    /// Seals acts in the order given, each once however often it comes. What cannot be kept is told by its name; the
    /// others are kept all the same.
    async fn bring(&self, acts: Vec<Act>) -> Result<Vec<Unfit>, PortError>;
    /// The newest account of each, newest first.
    async fn accounts(&self, scope: &Scope) -> Result<Vec<Sealed<Account>>, PortError>;
    /// Seals an account that follows the one at `seen`; `Conflict` when another came meanwhile.
    async fn account(&self, account: &Account, seen: Option<u64>) -> Result<(), PortError>;
}
