//! Drills under way. One at a time: the first holds the place until it ends or falls silent.

use app::ports::PortError;
use bson::{Document, doc};
use domain::{Moment, drill::Drill};

use super::{Store, is_duplicate, port_error, rows};
use crate::ledger::date;

/// A runner is heard at every step and every few seconds in between; after this long it is gone.
pub const SILENCE_MS: i64 = 60_000;

impl Store {
    /// Takes the place; `Conflict` names the drill that holds it.
    pub async fn begin_drill(&self, id: &str, so_far: &Drill, now: Moment) -> Result<(), PortError> {
        match self.documents("live_drills").insert_one(row(id, so_far, now)?).await {
            Ok(_) => Ok(()),
            Err(e) if is_duplicate(&e) => {
                let other =
                    self.documents("live_drills").find_one(doc! { "_id": "drill" }).await.map_err(port_error)?;
                let other = other.and_then(|r| r.get_str("drill").ok().map(str::to_owned)).unwrap_or_default();
                Err(PortError::Conflict(format!(
                    "drill {other} is under way; wait until it has ended, or a minute after its runner was last heard"
                )))
            }
            Err(e) => Err(port_error(e)),
        }
    }

    /// What the runner has done so far. `false`: it no longer holds the place.
    pub async fn hear_drill(&self, id: &str, so_far: &Drill, now: Moment) -> Result<bool, PortError> {
        let heard = self
            .documents("live_drills")
            .replace_one(doc! { "_id": "drill", "drill": id }, row(id, so_far, now)?)
            .await
            .map_err(port_error)?;
        Ok(heard.matched_count == 1)
    }

    pub async fn end_drill(&self, id: &str) -> Result<(), PortError> {
        let mine = doc! { "_id": "drill", "drill": id };
        self.documents("live_drills").delete_one(mine).await.map(|_| ()).map_err(port_error)
    }

    /// Drills whose runner fell silent, as far as they came.
    pub async fn silent_drills(&self, now: Moment) -> Result<Vec<(String, Drill)>, PortError> {
        let rows =
            rows(self.documents("live_drills").find(doc! { "heardAt": { "$lt": date(now.plus_millis(-SILENCE_MS)) } }))
                .await?;
        rows.iter()
            .map(|r| {
                let broken = |e: String| PortError::Broken(e);
                let text = r.get_str("soFar").map_err(|e| broken(e.to_string()))?;
                let drill = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
                Ok((r.get_str("drill").map_err(|e| broken(e.to_string()))?.to_owned(), drill))
            })
            .collect()
    }
}

fn row(id: &str, so_far: &Drill, now: Moment) -> Result<Document, PortError> {
    let so_far = serde_json::to_string(so_far).map_err(|e| PortError::Broken(e.to_string()))?;
    Ok(doc! { "_id": "drill", "drill": id, "soFar": so_far, "heardAt": date(now) })
}
