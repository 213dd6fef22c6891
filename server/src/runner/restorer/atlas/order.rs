//! What is asked for: a snapshot, or a moment above one.

use bson::Timestamp;
use domain::Moment;
use serde::Serialize;

use super::{answers::Job, config::Place};

#[derive(Clone, Debug)]
pub struct Order {
    /// The one that is restored, or that lies below the moment.
    pub snapshot: String,
    /// The last entry of the oplog that is to be in the copy.
    pub until: Option<Timestamp>,
}

/// Atlas' DiskBackupSnapshotRestoreJob.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Body<'a> {
    delivery_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oplog_ts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oplog_inc: Option<u32>,
    target_cluster_name: &'a str,
    target_group_id: &'a str,
}

impl Order {
    pub fn body<'a>(&'a self, to: &'a Place) -> Body<'a> {
        Body {
            delivery_type: self.delivery(),
            // For a point in time Atlas takes the snapshot below it by itself.
            snapshot_id: self.until.is_none().then_some(self.snapshot.as_str()),
            oplog_ts: self.until.map(|at| at.time),
            oplog_inc: self.until.map(|at| at.increment),
            target_cluster_name: &to.cluster,
            target_group_id: &to.project,
        }
    }

    /// Whether a job is the one that was asked for.
    pub fn is(&self, job: &Job, to: &Place) -> bool {
        let same = self.until.is_some() || job.snapshot_id.as_deref() == Some(&self.snapshot);
        goes_to(job, to) && same && job.delivery_type.as_deref() == Some(self.delivery())
    }

    fn delivery(&self) -> &'static str {
        if self.until.is_some() { "pointInTime" } else { "automated" }
    }
}

pub fn goes_to(job: &Job, to: &Place) -> bool {
    let (group, cluster) = (job.target_group_id.as_deref(), job.target_cluster_name.as_deref());
    matches!((group, cluster), (Some(group), Some(cluster)) if to.is(group, cluster))
}

/// The entry before one that must not be in the copy. Atlas does not say whether it applies the entry it is given: so
/// it is given the one before, and its numbers are those it takes, 1 to 2³¹ − 1.
pub fn just_before(at: Timestamp) -> Timestamp {
    match at.increment {
        0 | 1 => Timestamp { time: at.time.saturating_sub(1), increment: i32::MAX as u32 },
        n => Timestamp { time: at.time, increment: (n - 1).min(i32::MAX as u32) },
    }
}

pub fn moment(at: Timestamp) -> Option<Moment> {
    Moment::from_millis(i64::from(at.time) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_before_is_one_atlas_can_be_asked_for() {
        let before = |time, increment| {
            let at = just_before(Timestamp { time, increment });
            (at.time, at.increment)
        };
        assert_eq!(before(1_794_000_000, 5), (1_794_000_000, 4));
        assert_eq!(before(1_794_000_000, 1), (1_793_999_999, 2_147_483_647));
        assert_eq!(before(1_794_000_000, 0), (1_793_999_999, 2_147_483_647));
        assert_eq!(before(1_794_000_000, u32::MAX), (1_794_000_000, 2_147_483_647));
    }
}
