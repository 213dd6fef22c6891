//! Drills under way. One at a time: the first holds the place until it ends or falls silent.
//!
//! What people write and press is stamped here, by the portal's clock, and kept apart from what the runner says.

use std::sync::Arc;

use app::ports::{Clock, LiveDrills, PortError};
use async_trait::async_trait;
use bson::{Document, doc};
use domain::{
    Moment, by_hand,
    control::Evidence,
    drill::{Act, Drill, LogLine},
    live::{Heartbeat, LONGEST_WORDS, Live},
    role::{Actor, Scope},
};
use mongodb::options::ReturnDocument;

use super::{Store, evidence::moment, is_duplicate, port_error, rows};
use crate::ledger::date;

/// A runner is heard at every step and every few seconds in between; after this long it is gone.
pub const SILENCE_MS: i64 = 60_000;

/// What people may write in one drill: a line a minute through a day.
const MOST_LINES: usize = 1500;

const LIVE: &str = "live_drills";

impl Store {
    /// Takes the place; `Conflict` names the drill that holds it.
    pub async fn begin_drill(&self, id: &str, so_far: &Drill, now: Moment) -> Result<(), PortError> {
        let mut row = doc! { "_id": "drill", "drill": id, "version": 1_i64, "log": [] };
        row.extend(said(&Heartbeat { so_far: so_far.clone(), progress: None }, now)?);
        match self.documents(LIVE).insert_one(row).await {
            Ok(_) => Ok(()),
            Err(e) if is_duplicate(&e) => {
                let other = self.documents(LIVE).find_one(doc! { "_id": "drill" }).await.map_err(port_error)?;
                let other = other.and_then(|r| r.get_str("drill").ok().map(str::to_owned)).unwrap_or_default();
                Err(PortError::Conflict(format!(
                    "drill {other} is under way; wait until it has ended, or a minute after its runner was last heard"
                )))
            }
            Err(e) => Err(port_error(e)),
        }
    }

    /// What the runner has done so far; the answer is what people wrote and pressed. `None`: it no longer holds the
    /// place.
    pub async fn hear_drill(
        &self,
        id: &str,
        heartbeat: &Heartbeat,
        now: Moment,
    ) -> Result<Option<Vec<LogLine>>, PortError> {
        let row = self
            .documents(LIVE)
            .find_one_and_update(
                doc! { "_id": "drill", "drill": id },
                doc! { "$set": said(heartbeat, now)?, "$inc": { "version": 1_i64 } },
            )
            .return_document(ReturnDocument::After)
            .await
            .map_err(port_error)?;
        row.as_ref().map(log).transpose()
    }

    pub async fn end_drill(&self, id: &str) -> Result<(), PortError> {
        let mine = doc! { "_id": "drill", "drill": id };
        self.documents(LIVE).delete_one(mine).await.map(|_| ()).map_err(port_error)
    }

    /// The drill under way, if there is one.
    pub async fn live_drill(&self) -> Result<Option<Live>, PortError> {
        let row = self.documents(LIVE).find_one(doc! { "_id": "drill" }).await.map_err(port_error)?;
        row.as_ref().map(live).transpose()
    }

    /// Drills whose runner fell silent, as far as they came.
    pub async fn silent_drills(&self, now: Moment) -> Result<Vec<Live>, PortError> {
        let long_ago = date(now.plus_millis(-SILENCE_MS));
        let rows = rows(self.documents(LIVE).find(doc! { "heardAt": { "$lt": long_ago } })).await?;
        rows.iter().map(live).collect()
    }

    /// Adds a line to the drill under way, when the rule allows it after the lines that are there.
    async fn add_line(&self, id: &str, line: &LogLine) -> Result<(), PortError> {
        for _ in 0..5 {
            let there = self.live_drill().await?.filter(|live| live.id == id);
            let Some(there) = there else {
                return Err(PortError::Conflict(format!("Drill {id} is not under way any more")));
            };
            let before = &there.so_far.log;
            by_hand::allowed(there.so_far.by_hand(), before, line.act)
                .map_err(|e| PortError::Conflict(format!("{e}.")))?;
            if before.len() >= MOST_LINES {
                return Err(PortError::Conflict("This drill’s log is full.".to_owned()));
            }
            let count = i64::try_from(before.len()).unwrap_or(i64::MAX);
            let text = serde_json::to_string(line).map_err(|e| PortError::Broken(e.to_string()))?;
            let added = self
                .documents(LIVE)
                .update_one(
                    doc! { "_id": "drill", "drill": id, "log": { "$size": count } },
                    doc! { "$push": { "log": text }, "$inc": { "version": 1_i64 } },
                )
                .await
                .map_err(port_error)?;
            if added.matched_count == 1 {
                return Ok(());
            }
        }
        Err(PortError::Conflict("Several people write into this drill at once.".to_owned()))
    }

    /// The same by a machine, for whoever sits at its terminal: presses what is next.
    pub async fn press_next(&self, id: &str, by: &str, now: Moment) -> Result<Act, PortError> {
        let live = self.live_drill().await?.filter(|live| live.id == id);
        let live = live.ok_or_else(|| PortError::Conflict(format!("drill {id} is not under way")))?;
        let act = by_hand::next(&live.so_far.log)
            .filter(|_| live.so_far.by_hand())
            .ok_or_else(|| PortError::Conflict("nothing is left to press".to_owned()))?;
        self.add_line(id, &LogLine { at: now, by: by.to_owned(), act, says: String::new() }).await?;
        Ok(act)
    }
}

/// Drills under way as pages see them.
#[derive(Clone)]
pub struct Lives {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl LiveDrills for Lives {
    async fn live(&self, scope: &Scope) -> Result<Option<Live>, PortError> {
        let live = self.store.live_drill().await?;
        Ok(live.filter(|live| scope.admits(live.so_far.occurred_at, Evidence::Drills.answers())))
    }

    async fn add(&self, id: &str, act: Act, says: &str, by: &Actor) -> Result<(), PortError> {
        let says: String = says.trim().chars().take(LONGEST_WORDS).collect();
        self.store.add_line(id, &LogLine { at: self.clock.now(), by: by.name.clone(), act, says }).await
    }
}

fn said(heartbeat: &Heartbeat, now: Moment) -> Result<Document, PortError> {
    let text = |value: serde_json::Result<String>| value.map_err(|e| PortError::Broken(e.to_string()));
    let so_far = text(serde_json::to_string(&heartbeat.so_far))?;
    let progress = match &heartbeat.progress {
        Some(progress) => Some(text(serde_json::to_string(progress))?),
        None => None,
    };
    Ok(doc! { "soFar": so_far, "progress": progress, "heardAt": date(now) })
}

fn log(row: &Document) -> Result<Vec<LogLine>, PortError> {
    let broken = |e: &dyn std::fmt::Display| PortError::Broken(format!("a drill under way: {e}"));
    // A drill that began before there were lines has none.
    let lines = row.get_array("log").map(Vec::as_slice).unwrap_or_default();
    lines.iter().map(|line| serde_json::from_str(line.as_str().unwrap_or_default()).map_err(|e| broken(&e))).collect()
}

fn live(row: &Document) -> Result<Live, PortError> {
    let broken = |e: &dyn std::fmt::Display| PortError::Broken(format!("a drill under way: {e}"));
    let text = row.get_str("soFar").map_err(|e| broken(&e))?;
    let mut so_far: Drill = serde_json::from_str(text).map_err(|e| broken(&e))?;
    so_far.log = log(row)?;
    if so_far.by_hand() {
        so_far.steps = by_hand::steps(&so_far.log);
    }
    let progress = row.get_str("progress").ok().and_then(|text| serde_json::from_str(text).ok());
    Ok(Live {
        id: row.get_str("drill").map_err(|e| broken(&e))?.to_owned(),
        so_far,
        progress,
        heard_at: moment(row, "heardAt")?,
        version: row.get_i64("version").unwrap_or_default(),
    })
}
