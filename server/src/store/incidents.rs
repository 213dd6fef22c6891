//! Incidents: what people did, each act sealed once, and how they accounted for it.

use app::ports::{Incidents, PortError};
use async_trait::async_trait;
use domain::{
    incident::{Act, Acted, account::Account},
    kit::Unfit,
    record::Sealed,
    role::Scope,
};

use super::evidence::Evidence;
use crate::ledger::canonical;

pub const ACTS: &str = "incident_acts";
pub const ACCOUNTS: &str = "incidents";

/// Whether two are the same act: the portal's own time of it depends on when it was brought.
fn same(a: &Act, b: &Act) -> bool {
    (&a.incident, &a.device, a.number, &a.did, a.device_at) == (&b.incident, &b.device, b.number, &b.did, b.device_at)
}

impl Evidence {
    async fn act(&self, id: &str) -> Result<Option<Act>, PortError> {
        let found: Vec<Sealed<Act>> = self.named(ACTS, &[id.to_owned()]).await?;
        Ok(found.into_iter().next().map(|sealed| sealed.value))
    }

    async fn bring_one(&self, act: &Act) -> Result<Option<String>, PortError> {
        let other = |there: &Act| (!same(there, act)).then(|| "another act has this name already".to_owned());
        if let Some(there) = self.act(&act.id()).await? {
            return Ok(other(&there));
        }
        let item = match canonical::insert(ACTS, &act.id(), act) {
            Ok(item) => item,
            Err(why) => return Ok(Some(why.to_string())),
        };
        match self.ledger.append_one(item).await {
            Ok(_) => Ok(None),
            // Brought twice at once: who was first decides.
            Err(PortError::Conflict(_)) => Ok(self.act(&act.id()).await?.as_ref().and_then(other)),
            Err(e) => Err(e),
        }
    }
}

#[async_trait]
impl Incidents for Evidence {
    async fn acts(&self, scope: &Scope) -> Result<Vec<Acted>, PortError> {
        let acts: Vec<Sealed<Act>> = self.all_of(ACTS, scope).await?;
        Ok(acts.into_iter().map(|sealed| Acted { act: sealed.value, seal: Some(sealed.seal) }).collect())
    }

    async fn bring(&self, acts: Vec<Act>) -> Result<Vec<Unfit>, PortError> {
        let mut unfit = Vec::new();
        for act in acts {
            if let Some(why) = self.bring_one(&act).await? {
                unfit.push(Unfit { id: act.id(), why });
            }
        }
        Ok(unfit)
    }

    async fn accounts(&self, scope: &Scope) -> Result<Vec<Sealed<Account>>, PortError> {
        self.last_of(ACCOUNTS, scope).await
    }

    async fn account(&self, account: &Account, seen: Option<u64>) -> Result<(), PortError> {
        let changed = "Somebody else wrote an account of this incident meanwhile.";
        self.follow(ACCOUNTS, &account.incident, account, seen, changed).await
    }
}
