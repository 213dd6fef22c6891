//! What people wrote of datastores: the last word on each, as of the end of the scope's period.

use app::ports::{Datastores, PortError};
use async_trait::async_trait;
use domain::{control::Evidence as Kind, datastore::Described, record::Sealed, role::Scope};

use super::evidence::{Evidence, last};

pub const DATASTORES: &str = "datastores";

#[async_trait]
impl Datastores for Evidence {
    async fn described(&self, scope: &Scope) -> Result<Vec<Sealed<Described>>, PortError> {
        if !scope.admits_controls(Kind::Attestations.answers()) {
            return Ok(Vec::new());
        }
        let mut words: Vec<Sealed<Described>> = self.all_of(DATASTORES, &Scope::EVERYTHING).await?;
        words.retain(|word| scope.period.is_none_or(|period| word.value.occurred_at < period.to));
        Ok(last(words))
    }

    async fn describe(&self, id: &str, described: &Described, seen: Option<u64>) -> Result<(), PortError> {
        self.follow(DATASTORES, id, described, seen, "Somebody else wrote about this datastore meanwhile.").await
    }
}
