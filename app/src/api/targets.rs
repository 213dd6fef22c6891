//! Targets beside what drills measured, and which scenario was exercised in which quarter.

use domain::{
    Moment,
    drill::Drill,
    record::Sealed,
    role::{Actor, Permission},
    runbook::{Runbook, RunbookVersion},
    schedule::{self, Period, Quarter},
    target::{Judged, Scenario, Target, judge},
};

use super::{coverage, guard};
use crate::{
    parts::Trend,
    ports::{PortError, Ports},
    problem::Problem,
};

pub struct TargetsPage {
    pub promises: Promises,
    pub quarters: Vec<Quarter>,
    pub period: Period,
}

/// What was promised and what became of it, as of the end of the reader's period at the latest.
pub struct Promises {
    /// The runbook that promises; `None`: none in scope.
    pub version: Option<Sealed<RunbookVersion>>,
    pub judged: Vec<Judged>,
    /// Newest first.
    pub drills: Vec<Sealed<Drill>>,
    pub now: Moment,
}

impl Promises {
    pub fn target(&self, scenario: Scenario) -> Option<&Target> {
        self.judged.iter().map(|j| &j.target).find(|t| t.scenario == scenario)
    }

    /// The drills of one scenario in one quarter that measured something, oldest first.
    pub fn measured_in(&self, scenario: Scenario, quarter: &Quarter) -> Vec<&Sealed<Drill>> {
        let mut found: Vec<_> = self
            .drills
            .iter()
            .filter(|d| d.value.scenario == scenario && d.value.abandoned.is_none() && d.value.measured.is_some())
            .filter(|d| quarter.start <= d.value.occurred_at && d.value.occurred_at < quarter.end)
            .collect();
        found.sort_by_key(|d| d.value.occurred_at);
        found
    }

    /// A point for each measured drill of a scenario in the period, and a ring for each whole quarter
    /// without one. Empty when the scenario was never exercised.
    pub fn trend(&self, scenario: Scenario, period: Period) -> Vec<Trend> {
        let mut points = Vec::new();
        for quarter in schedule::quarters(period.from, period.to.min(self.now)) {
            let found = self.measured_in(scenario, &quarter);
            if found.is_empty() && quarter.start >= period.from {
                let middle = quarter.start.plus_millis(quarter.end.since(quarter.start) / 2);
                points.push(Trend { label: month(middle), measured: None });
            }
            for drill in found {
                let measured = drill.value.measured.as_ref().map(|m| (m.restore_ms, drill.value.verdict.rto));
                points.push(Trend { label: month(drill.value.occurred_at), measured });
            }
        }
        if points.iter().all(|p| p.measured.is_none()) {
            points.clear();
        }
        points.drain(..points.len().saturating_sub(8));
        points
    }
}

fn month(at: Moment) -> String {
    at.utc().format("%b").to_string()
}

pub async fn load() -> Result<TargetsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let period = coverage::period(&actor, &ports);
    let promises = promises(&actor, &ports).await?;
    let quarters = schedule::quarters(period.from, period.to);
    Ok(TargetsPage { promises, quarters, period })
}

pub async fn promises(actor: &Actor, ports: &Ports) -> Result<Promises, Problem> {
    let now = actor.scope.period.map_or(ports.clock.now(), |p| ports.clock.now().min(p.last_day()));
    let version = ports.runbooks.versions(&actor.scope).await?.into_iter().next();
    let drills = ports.drills.all(&actor.scope).await?;
    let targets = match &version {
        Some(version) => Runbook::parse(&version.value.text)
            .map_err(|e| PortError::Broken(format!("runbook {}: {e}", version.id)))?
            .targets(),
        None => Vec::new(),
    };
    let judged = targets.iter().map(|target| judge(target, &drills, now)).collect();
    Ok(Promises { version, judged, drills, now })
}
