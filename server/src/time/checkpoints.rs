//! Outside time for the ledger: now and then its newest signed head is stamped, and the token is an entry itself.

use app::ports::PortError;
use base64::{Engine, prelude::BASE64_STANDARD};
use bson::{Document, doc};
use domain::{Moment, ejson, proof::timestamp};
use serde::{Deserialize, Serialize};

use super::{Stamped, TimeError};
use crate::{
    jobs::PORTAL,
    ledger::{Ledger, as_i64, canonical},
    store::{Store, port_error, rows},
};

/// One token covers every entry before it, so many entries share one: public authorities ask for restraint.
const BATCH_MS: i64 = 10 * 60 * 1000;

/// A token over one checkpoint, as it is sealed (`timestamps`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timestamp {
    /// 1
    pub schema: u32,
    /// Number of entries under the checkpoint.
    pub size: u64,
    /// The signed note, byte for byte what was stamped.
    pub checkpoint: String,
    /// DER of TimeStampResp in base64.
    pub response: String,
    /// What the token says.
    pub stamped_at: Moment,
    pub authority: String,
    /// SHA-256 of the authority's certificate, 64 lower-case hex digits.
    pub fingerprint: String,
    pub occurred_at: Moment,
    pub by: String,
}

impl Timestamp {
    pub fn response(&self) -> Result<Vec<u8>, PortError> {
        BASE64_STANDARD.decode(&self.response).map_err(|e| PortError::Broken(format!("a kept token: {e}")))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StampError {
    #[error(transparent)]
    Time(#[from] TimeError),
    #[error(transparent)]
    Port(#[from] PortError),
}

/// Stamps the newest head when the last token was long enough ago and something besides tokens was sealed since.
///
/// `None`: nothing to stamp. On an error the ledger is as it was.
pub async fn stamp_head(ledger: &Ledger) -> Result<Option<Stamped>, StampError> {
    let Some(source) = &ledger.time else { return Ok(None) };
    let last = newest(&ledger.store).await?;
    let now = ledger.clock.now();
    if last.as_ref().is_some_and(|t| t.stamped_at.plus_millis(BATCH_MS) > now) {
        return Ok(None);
    }
    let since = as_i64(last.map_or(0, |t| t.size));
    let unstamped = doc! { "_id": { "$gte": since }, "kind": { "$ne": "timestamp" } };
    let entries = ledger.store.documents("ledger_entries");
    if entries.find_one(unstamped).await.map_err(port_error)?.is_none() {
        return Ok(None);
    }
    let head = ledger.head().await?;
    let stamped = source.ask(&timestamp::digest(head.checkpoint.as_bytes())).await?;
    let kept = Timestamp {
        schema: 1,
        size: head.size,
        checkpoint: head.checkpoint,
        response: BASE64_STANDARD.encode(&stamped.response),
        stamped_at: stamped.stamp.at,
        authority: stamped.stamp.authority.clone(),
        fingerprint: stamped.stamp.fingerprint.clone(),
        occurred_at: now,
        by: PORTAL.to_owned(),
    };
    let item =
        canonical::insert("timestamps", &kept.size.to_string(), &kept).map_err(|e| PortError::Broken(e.to_string()))?;
    match ledger.append_one(item).await {
        // Another portal stamped the same head.
        Ok(_) | Err(PortError::Conflict(_)) => Ok(Some(stamped)),
        Err(e) => Err(e.into()),
    }
}

/// The newest token over a checkpoint.
pub async fn newest(store: &Store) -> Result<Option<Timestamp>, PortError> {
    let tokens = sealed(store);
    let newest = tokens.find_one(doc! { "coll": "timestamps" }).sort(doc! { "_id": -1 }).await;
    newest.map_err(port_error)?.as_ref().map(read).transpose()
}

/// All tokens over checkpoints of `from` entries or more that were sealed before entry `before`, oldest first.
pub async fn between(store: &Store, from: u64, before: u64) -> Result<Vec<Timestamp>, PortError> {
    let found = doc! { "coll": "timestamps", "_id": { "$lt": as_i64(before) } };
    let found = rows(sealed(store).find(found).sort(doc! { "_id": 1 })).await?;
    let all: Vec<Timestamp> = found.iter().map(read).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|t| t.size >= from).collect())
}

fn sealed(store: &Store) -> mongodb::Collection<Document> {
    store.documents("ledger_records")
}

/// From the exact bytes that were sealed.
fn read(row: &Document) -> Result<Timestamp, PortError> {
    let broken = |e: &dyn std::fmt::Display| PortError::Broken(format!("a kept token: {e}"));
    let bytes = row.get_binary_generic("canonical").map_err(|e| broken(&e))?;
    let value = serde_json::from_slice(bytes).map_err(|e| broken(&e))?;
    Timestamp::deserialize(ejson::plain(&value)).map_err(|e| broken(&e))
}
