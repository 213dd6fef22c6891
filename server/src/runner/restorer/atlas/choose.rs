//! Which snapshot, or which moment above it.

use anyhow::{Context, Result, bail};
use bson::Timestamp;
use chrono::Utc;
use domain::Moment;

use super::{
    Atlas, SCHEDULE,
    answers::{Cluster, Schedule, older},
    order::{self, Order},
};
use crate::runner::restorer::Chosen;

impl Atlas {
    pub(super) async fn chosen_for(&mut self, until: Option<Timestamp>) -> Result<Chosen> {
        let target = self.cluster(&self.to, None).await.with_context(|| format!("the target {}", self.to))?;
        if !target.idle() || target.paused == Some(true) {
            let state = if target.idle() { "paused" } else { target.state() };
            bail!("the target {} is {state}; a restore needs it IDLE. Nothing was asked of it", self.to);
        }
        let source =
            self.cluster(&self.lists.from, None).await.with_context(|| format!("the source {}", self.lists.from))?;
        let now = Moment::from(Utc::now());
        let mut points = self
            .lists
            .snapshots(self.snapshot.as_deref(), source.sharded(), now)
            .await
            .with_context(|| format!("no snapshot of {} was chosen", self.lists.from))?;
        // A snapshot named in the plan is the one, whatever the moment.
        let before = until.filter(|_| self.snapshot.is_none()).map(order::just_before);
        let moment = before.and_then(order::moment);
        points.retain(|(_, point)| moment.is_none_or(|at| point.taken_at <= at));
        let newest = points.into_iter().max_by_key(|(_, point)| point.taken_at);
        let (snapshot, point) = newest.context("no snapshot was taken before the moment that is to be restored")?;
        let version = snapshot.mongod_version.as_ref().or(source.version.as_ref());
        if let (Some(has), Some(needs)) = (&target.version, version)
            && older(has, needs)
        {
            bail!(
                "the target {} runs MongoDB {has}, and the snapshot is of {needs}: upgrade the target first",
                self.to
            );
        }
        let why_not = match moment {
            Some(at) => self.cannot_restore(at, now, &source).await?,
            None => None,
        };
        let order = Order { snapshot: point.id.clone(), until: before.filter(|_| why_not.is_none()) };
        self.chosen = Some(order.clone());
        Ok(match (order.until, moment, why_not) {
            (Some(oplog), Some(at), _) => Chosen {
                name: format!("{} ({}, {})", at.rfc3339(), oplog.time, oplog.increment),
                kind: "MongoDB Atlas point in time".to_owned(),
                taken_at: at,
            },
            (_, _, why_not) => Chosen {
                name: match why_not {
                    Some(why) => format!("snapshot {}, for the moment itself cannot be restored: {why}", point.id),
                    None => format!("snapshot {}", point.id),
                },
                kind: "MongoDB Atlas snapshot".to_owned(),
                taken_at: point.taken_at,
            },
        })
    }

    /// Why a moment cannot be restored; `None`: it can.
    async fn cannot_restore(&self, at: Moment, now: Moment, source: &Cluster) -> Result<Option<String>> {
        if source.pit_enabled != Some(true) {
            return Ok(Some(format!("{} has no continuous backup (pitEnabled)", self.lists.from.cluster)));
        }
        let path = format!("{}/backup/schedule", self.lists.from.path());
        let schedule: Schedule = self
            .lists
            .api
            .patiently(None, || self.lists.api.get(&path, SCHEDULE))
            .await
            .context("the backup schedule, and with it the restore window, cannot be read")?;
        let Some(days) = schedule.restore_window_days else {
            return Ok(Some("its schedule states no restore window (restoreWindowDays)".to_owned()));
        };
        Ok(match now.since(at) {
            gone if gone < 0 => Some("it lies in the future".to_owned()),
            gone if gone > days.saturating_mul(86_400_000) => {
                Some(format!("it lies before the restore window of {days} days"))
            }
            _ => None,
        })
    }
}
