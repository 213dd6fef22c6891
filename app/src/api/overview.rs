//! Are we restorable today: promises judged, Sundays attested, findings waiting.

use domain::{
    Moment,
    finding::{Finding, Standing},
    record::{Seal, Sealed},
    role::Permission,
    schedule::Period,
};

use super::{
    coverage, guard,
    targets::{Promises, promises},
};
use crate::problem::Problem;

pub struct OverviewPage {
    pub promises: Promises,
    /// Sunday, tenants attested, tenants that owed it; oldest first, those already due.
    pub sundays: Vec<(Moment, usize, usize)>,
    pub newest_attestation: Option<Seal>,
    /// Not closed, by due date.
    pub waiting: Vec<Sealed<Finding>>,
    pub period: Period,
    pub now: Moment,
}

pub async fn load() -> Result<OverviewPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let now = ports.clock.now();
    let promises = promises(&actor, &ports).await?;
    let coverage = coverage::read(&actor, &ports).await?;
    let sundays = coverage
        .grid
        .weeks
        .iter()
        .enumerate()
        .map(|(week, at)| (*at, coverage.grid.column(week)))
        .filter(|(_, (_, owed))| *owed > 0)
        .map(|(at, (seen, owed))| (at, seen, owed))
        .collect();
    let mut waiting: Vec<Sealed<Finding>> = ports.findings.all(&actor.scope).await?;
    waiting.retain(|f| f.value.standing(now) != Standing::Closed);
    waiting.sort_by_key(|f| (f.value.due_at, f.id.clone()));
    Ok(OverviewPage { promises, sundays, newest_attestation: coverage.newest, waiting, period: coverage.period, now })
}
