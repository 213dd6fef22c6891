//! Accepted risks and scope exclusions: sealed when they are written, signed or not.

use app::ports::PortError;
use domain::{acceptance::Acceptance, record::Sealed, role::Scope};

use super::evidence::Evidence;
use crate::ledger::canonical;

const ACCEPTANCES: &str = "acceptances";

impl Evidence {
    /// Those that held at some time within the scope, newest first.
    pub async fn acceptances(&self, scope: &Scope) -> Result<Vec<Sealed<Acceptance>>, PortError> {
        self.all_of(ACCEPTANCES, scope).await
    }

    /// Seals one; its id. The same words are there already: the same id.
    pub async fn write_acceptance(&self, acceptance: &Acceptance) -> Result<String, PortError> {
        let id = acceptance.id();
        let item = canonical::insert(ACCEPTANCES, &id, acceptance).map_err(|e| PortError::Broken(e.to_string()))?;
        match self.ledger.append_one(item).await {
            Ok(_) | Err(PortError::Conflict(_)) => Ok(id),
            Err(e) => Err(e),
        }
    }
}
