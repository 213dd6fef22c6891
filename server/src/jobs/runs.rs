//! The never-run alarm: a job of a runner that was due and did not report is a gap, and opens a finding.

use std::collections::BTreeSet;

use app::ports::{Gaps, PortError};
use domain::{
    job::{JobRun, LOOKED_AT, missing_runs},
    role::Scope,
};

use super::{PORTAL, record};
use crate::{compose::House, runner::calendar::Calendar};

pub const JOB_RUNS: &str = "job_runs";

pub async fn missing(house: &House) -> Result<(), PortError> {
    let everything = Scope::EVERYTHING;
    let runs: Vec<JobRun> = house.ports.jobs.runs(&everything).await?.into_iter().map(|run| run.value).collect();
    if runs.is_empty() {
        return Ok(());
    }
    let due = |cron: &str, from, to| match Calendar::read(cron) {
        Ok(calendar) => calendar.due(from, to, LOOKED_AT),
        Err(_) => Vec::new(),
    };
    let known: BTreeSet<String> = Gaps::all(&house.evidence, &everything).await?.into_iter().map(|g| g.id).collect();
    let gaps = missing_runs(&runs, due, house.clock.now(), PORTAL);
    record(house, gaps, &known).await
}
