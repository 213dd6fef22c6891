//! What people wrote of datastores: the last word on each, as of the end of the scope's period.

use std::collections::HashSet;

use app::ports::{Datastores, PortError};
use async_trait::async_trait;
use domain::{control::Evidence as Kind, datastore::Described, record::Sealed, role::Scope};

use super::evidence::Evidence;
use crate::ledger::canonical;

pub const DATASTORES: &str = "datastores";

#[async_trait]
impl Datastores for Evidence {
    async fn described(&self, scope: &Scope) -> Result<Vec<Sealed<Described>>, PortError> {
        if !scope.admits_controls(Kind::Attestations.answers()) {
            return Ok(Vec::new());
        }
        let mut words: Vec<Sealed<Described>> = self.all_of(DATASTORES, &Scope::EVERYTHING).await?;
        words.retain(|word| scope.period.is_none_or(|period| word.value.occurred_at < period.to));
        words.sort_by_key(|word| std::cmp::Reverse(word.seal.seq));
        let mut seen = HashSet::new();
        words.retain(|word| seen.insert(word.id.clone()));
        Ok(words)
    }

    async fn describe(&self, id: &str, described: &Described, seen: Option<u64>) -> Result<(), PortError> {
        let last = self.described(&Scope::EVERYTHING).await?.into_iter().find(|word| word.id == id);
        let changed = || PortError::Conflict("Somebody else wrote about this datastore meanwhile.".to_owned());
        if last.as_ref().map(|word| word.seal.seq) != seen {
            return Err(changed());
        }
        let item = match &last {
            None => canonical::insert(DATASTORES, id, described),
            Some(word) => canonical::replace(DATASTORES, id, self.version(word.seal.seq).await? + 1, described),
        };
        match self.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
            Ok(_) => Ok(()),
            Err(PortError::Conflict(_)) => Err(changed()),
            Err(e) => Err(e),
        }
    }
}
