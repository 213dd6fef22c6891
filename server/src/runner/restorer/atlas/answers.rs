//! Atlas' answers, as far as they are used. What is not known here is left aside; an unknown word is never taken as good.

use anyhow::{Context, Result};
use bson::oid::ObjectId;
use domain::Moment;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub results: Vec<T>,
    #[serde(default)]
    links: Vec<Link>,
    pub total_count: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Link {
    rel: Option<String>,
}

impl<T> Page<T> {
    pub fn has_next(&self) -> bool {
        self.links.iter().any(|link| link.rel.as_deref() == Some("next"))
    }
}

#[derive(Debug, Deserialize)]
pub struct Named {
    pub name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// IDLE, CREATING, UPDATING, DELETING, REPAIRING and whatever comes.
    pub state_name: Option<String>,
    #[serde(rename = "mongoDBVersion")]
    pub version: Option<String>,
    /// REPLICASET, SHARDED, GEOSHARDED.
    pub cluster_type: Option<String>,
    pub pit_enabled: Option<bool>,
    pub paused: Option<bool>,
}

impl Cluster {
    pub fn idle(&self) -> bool {
        self.state_name.as_deref() == Some("IDLE")
    }

    pub fn state(&self) -> &str {
        self.state_name.as_deref().unwrap_or("not stated")
    }

    /// Whether its snapshots are one for each shard.
    pub fn sharded(&self) -> bool {
        matches!(self.cluster_type.as_deref(), Some("SHARDED" | "GEOSHARDED"))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// How far back a point in time may lie.
    pub restore_window_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: String,
    pub delivery_type: Option<String>,
    pub snapshot_id: Option<String>,
    pub target_cluster_name: Option<String>,
    pub target_group_id: Option<String>,
    expired: Option<bool>,
    cancelled: Option<bool>,
    failed: Option<bool>,
    finished_at: Option<String>,
    delivery_url: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Expired,
    Cancelled,
    Failed,
    /// A download that waits to be fetched; it can still expire.
    Delivered,
    Finished(Moment),
}

impl Job {
    /// Atlas states none: it is derived, as Atlas' own command line does.
    pub fn state(&self) -> Result<State> {
        let yes = |flag: Option<bool>| flag == Some(true);
        Ok(match &self.finished_at {
            _ if yes(self.expired) => State::Expired,
            _ if yes(self.cancelled) => State::Cancelled,
            _ if yes(self.failed) => State::Failed,
            Some(at) => State::Finished(
                Moment::parse(at)
                    .with_context(|| format!("restore job {} ended at {at:?}, which is no date", self.id))?,
            ),
            None if self.delivery_type.as_deref() == Some("download")
                && self.delivery_url.as_ref().is_some_and(|urls| !urls.is_empty()) =>
            {
                State::Delivered
            }
            None => State::Running,
        })
    }

    /// The only start time a job has: its id carries it.
    pub fn asked_at(&self) -> Option<Moment> {
        let id = ObjectId::parse_str(&self.id).ok()?;
        Moment::from_millis(id.timestamp().timestamp_millis())
    }
}

/// Whether the first is an older release than the second: "8.0.29" and "8.2.1". Patches restore to each other.
pub fn older(one: &str, than: &str) -> bool {
    let release = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    matches!((release(one), release(than)), (Some(one), Some(than)) if one < than)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(more: &str) -> Job {
        let text = format!(r#"{{"id":"6a794733c0eb9e7a17740663","links":[]{more}}}"#);
        serde_json::from_str(&text).expect("a job")
    }

    #[test]
    fn a_state_is_derived_and_a_bad_end_is_stronger_than_an_end() {
        let end = Moment::parse("2026-08-10T03:40:10Z").expect("a date");
        let finished = r#","finishedAt":"2026-08-10T03:40:10Z""#;
        for (more, state) in [
            (r#","failed":false,"cancelled":false,"expired":false"#.to_owned(), State::Running),
            (String::new(), State::Running),
            (r#","deliveryType":"a new one","finishedAt":null"#.to_owned(), State::Running),
            (finished.to_owned(), State::Finished(end)),
            (format!(r#"{finished},"failed":true"#), State::Failed),
            (format!(r#"{finished},"cancelled":true"#), State::Cancelled),
            (format!(r#"{finished},"failed":true,"expired":true"#), State::Expired),
            (r#","deliveryType":"download","deliveryUrl":[]"#.to_owned(), State::Running),
            (r#","deliveryType":"download","deliveryUrl":["https://x"]"#.to_owned(), State::Delivered),
            (r#","deliveryType":"automated","deliveryUrl":["https://x"]"#.to_owned(), State::Running),
        ] {
            assert_eq!(job(&more).state().expect("a state"), state, "{more}");
        }
        let why = job(r#","finishedAt":"""#).state().expect_err("no date").to_string();
        assert!(why.contains("no date"), "{why}");
    }

    #[test]
    fn a_jobs_id_says_when_it_was_asked_for() {
        assert_eq!(job("").asked_at(), Moment::parse("2026-08-10T03:36:19Z"));
    }

    #[test]
    fn releases_are_compared_as_numbers() {
        assert!(older("7.0.9", "8.0.1") && older("8.0.29", "8.2.0") && older("9.0.0", "10.0.0"));
        assert!(!older("8.0.1", "8.0.29") && !older("8.2.0", "8.0.0") && !older("8.0", "not a version"));
    }

    /// What Atlas was recorded to answer, where it is at hand.
    #[test]
    fn recorded_answers_read() {
        let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
        let dir = std::env::var_os("PASSMUSTER_SAMPLES").map_or(beside, Into::into).join("atlas");
        let Ok(files) = std::fs::read_dir(&dir) else {
            eprintln!("Not tested: there are no recorded answers of Atlas at {}.", dir.display());
            return;
        };
        let mut seen = [0; 4];
        for file in files {
            let path = file.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("text");
            if !name.contains("dedicated") {
                continue;
            }
            if name.contains("Restores_List") {
                let page: Page<Job> = serde_json::from_str(&text).expect(&name);
                assert_eq!((page.results.len(), page.total_count, page.has_next()), (1, Some(1), false));
                seen[0] += 1;
            } else if name.contains("restoreJobs") {
                let job: Job = serde_json::from_str(&text).expect(&name);
                let state = job.state().expect("a state");
                let wanted = match (text.contains("finishedAt"), text.contains("tar.gz")) {
                    (true, _) => State::Finished(Moment::parse("2026-08-10T03:40:10Z").expect("a date")),
                    (false, true) => State::Delivered,
                    (false, false) => State::Running,
                };
                assert_eq!(state, wanted, "{name}");
                assert!(job.asked_at().is_some_and(|at| at < Moment::parse("2026-08-10T03:41:00Z").expect("a date")));
                seen[1] += 1;
            } else if name.contains("snapshots") {
                let snapshot: crate::runner::attest::snapshot::Snapshot = serde_json::from_str(&text).expect(&name);
                let point = snapshot.point().expect("dates");
                assert_eq!(point.is_some(), text.contains("\"completed\""), "{name}");
                seen[2] += 1;
            } else if name.contains(".schedule.") {
                let schedule: Schedule = serde_json::from_str(&text).expect(&name);
                assert_eq!(schedule.restore_window_days, Some(7), "{name}");
                seen[3] += 1;
            }
        }
        assert!(seen[0] > 0 && seen[1] > 4 && seen[2] > 4 && seen[3] > 2, "{seen:?}");
    }
}
