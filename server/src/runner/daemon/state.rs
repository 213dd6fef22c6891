//! How far the runner is: one small file, written whole before and after each piece of work, so that a runner that is
//! killed knows at its next start what it was doing.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use domain::{Moment, job::JobKind};
use serde::{Deserialize, Serialize};

use crate::runner::queue::write_whole;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// By the jobs' names.
    pub jobs: BTreeMap<String, JobState>,
    #[serde(skip)]
    path: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobState {
    /// The calendar that was filed.
    pub cron: String,
    pub kind: JobKind,
    pub late_after_ms: i64,
    /// Nothing that was due up to here is still to be done.
    pub done_until: Moment,
    /// The report it last went by: one report lets one run begin.
    #[serde(default)]
    pub went_by: Option<Moment>,
    /// What it is doing, and since when.
    pub running: Option<Running>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    pub due_at: Moment,
    pub started_at: Moment,
}

impl State {
    pub fn at(dir: &Path) -> Result<Self> {
        let path = dir.join("jobs.json");
        let state = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("{} does not read; set it aside, and the runner begins anew from now", path.display())
            })?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, ..state })
    }

    pub fn keep(&self) -> Result<()> {
        write_whole(&self.path, &serde_json::to_vec_pretty(self).context("the state as JSON")?)
    }
}

/// When a job, of this runner or of somebody else's, last reported that it was done. `name` is a job's name.
pub fn reported(dir: &Path, name: &str) -> Result<Option<Moment>> {
    let path = dir.join("reports").join(name);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Moment::parse(text.trim())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Notes that a job is done.
pub fn report(dir: &Path, name: &str, at: Moment) -> Result<()> {
    let reports = dir.join("reports");
    fs::create_dir_all(&reports).with_context(|| format!("cannot make {}", reports.display()))?;
    write_whole(&reports.join(name), at.rfc3339().as_bytes())
}
