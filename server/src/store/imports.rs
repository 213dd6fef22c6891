//! Imports and the facts they brought: written facts first, the import last.

use std::collections::{BTreeMap, BTreeSet};

use app::ports::{Imports, PortError};
use async_trait::async_trait;
use domain::{
    import::{Import, Reported},
    record::Sealed,
    role::Scope,
};

use super::evidence::Evidence;

pub const FACTS: &str = "facts";
pub const IMPORTS: &str = "imports";

#[async_trait]
impl Imports for Evidence {
    async fn imports(&self, scope: &Scope) -> Result<Vec<Sealed<Import>>, PortError> {
        self.all_of(IMPORTS, scope).await
    }

    async fn last_words(&self, scope: &Scope) -> Result<Vec<Sealed<Reported>>, PortError> {
        // An import may have come after the period that its facts are of.
        let all = self.imports(&Scope::EVERYTHING).await?;
        let whole: BTreeSet<String> = all.into_iter().map(|import| import.id).collect();
        let mut newest: BTreeMap<String, Sealed<Reported>> = BTreeMap::new();
        for fact in self.all_of::<Reported>(FACTS, scope).await? {
            if !whole.contains(&fact.value.import) {
                continue;
            }
            // Said again otherwise: the last word counts.
            let about = fact.value.fact.about();
            if newest.get(&about).is_none_or(|there| there.seal.seq < fact.seal.seq) {
                newest.insert(about, fact);
            }
        }
        let mut words: Vec<_> = newest.into_values().collect();
        words.sort_by_key(|word| std::cmp::Reverse((word.value.occurred_at, word.seal.seq)));
        Ok(words)
    }
}
