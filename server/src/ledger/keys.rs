//! The keys in the ledger: each that came into use, and each that was retired, is an entry.
//!
//! Sealed before the portal signs anything else with them. The record's name follows from the key, so that
//! portals side by side, and one that starts again, seal it once.

use std::collections::HashSet;

use app::ports::PortError;
use bson::doc;
use domain::record::Seal;

use super::{Ledger, as_i64, canonical};
use crate::{
    exports::content::SealedBytes,
    jobs::PORTAL,
    sign::{Folder, SignError},
    store::{evidence::sealed_bytes, port_error, rows},
};

pub const KEYS: &str = "keys";
/// At 240 bytes an entry, a quarter of a megabyte before it is packed.
const NEAR: u64 = 1000;

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Seals what the folder tells of its keys and the ledger does not know. Returns what was sealed.
pub async fn seal(ledger: &Ledger, folder: &Folder) -> Result<Vec<Seal>, KeysError> {
    let events = folder.events(&ledger.keys, ledger.clock.now(), PORTAL)?;
    let known = known(ledger).await?;
    let mut items = Vec::new();
    for event in events.into_iter().filter(|event| !known.contains(&event.id())) {
        let item = canonical::insert(KEYS, &event.id(), &event).map_err(|e| PortError::Broken(e.to_string()))?;
        items.push(item);
    }
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let sealed: Vec<Seal> = ledger.append(items).await?.into_iter().flatten().collect();
    tracing::info!(sealed = sealed.len(), "keys sealed in the ledger");
    Ok(sealed)
}

/// How many events of the folder the ledger does not know yet: the next start seals them.
pub async fn unsealed(ledger: &Ledger, folder: &Folder) -> Result<usize, KeysError> {
    let events = folder.events(&ledger.keys, ledger.clock.now(), PORTAL)?;
    let known = known(ledger).await?;
    Ok(events.iter().filter(|event| !known.contains(&event.id())).count())
}

/// From where a bundle whose first record is at `first` has to begin so that it tells of the keys just before it:
/// `NEAR` entries further back at most.
pub async fn reach(ledger: &Ledger, first: u64) -> Result<u64, PortError> {
    let keys = between(ledger, first.saturating_sub(NEAR), first).await?;
    Ok(keys.first().map_or(first, |key| key.seq))
}

/// The records of keys sealed in that part of the ledger, in its order.
pub async fn between(ledger: &Ledger, from: u64, before: u64) -> Result<Vec<SealedBytes>, PortError> {
    let part = doc! { "coll": KEYS, "_id": { "$gte": as_i64(from), "$lt": as_i64(before) } };
    let found = rows(ledger.store.documents("ledger_records").find(part).sort(doc! { "_id": 1 })).await?;
    found.iter().map(sealed_bytes).collect()
}

async fn known(ledger: &Ledger) -> Result<HashSet<String>, PortError> {
    let ids = ledger.store.documents("ledger_records").distinct("rid", doc! { "coll": KEYS }).await;
    let ids = ids.map_err(port_error)?;
    Ok(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect())
}
