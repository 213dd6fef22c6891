//! The attestations of the audit period laid on its Sundays, as several pages read them.

use domain::{
    coverage::{Grid, Sightings},
    gap::Gap,
    record::{Seal, Sealed},
    role::{Actor, Scope},
    schedule::Period,
};

use crate::{
    ports::{Attested, Ports},
    problem::Problem,
};

/// What a reader sees of one audit period.
pub struct Coverage {
    /// The actor's scope cut to the audit period.
    pub scope: Scope,
    pub period: Period,
    pub grid: Grid,
    /// Oldest first.
    pub attested: Vec<Attested>,
    /// The newest attestation's seal.
    pub newest: Option<Seal>,
    /// Newest first.
    pub gaps: Vec<Sealed<Gap>>,
}

/// The period a page speaks of: the actor's own, and for somebody who sees all of time the audit period in course.
pub fn period(actor: &Actor, ports: &Ports) -> Period {
    actor.scope.period.unwrap_or(ports.company.audit_period)
}

pub async fn read(actor: &Actor, ports: &Ports) -> Result<Coverage, Problem> {
    let period = period(actor, ports);
    let scope = actor.scope.narrowed(&Scope { period: Some(period), controls: None });
    let attested = ports.attestations.grid(&scope).await?;
    let newest = attested.last().map(|a| a.seal.clone());
    let gaps = ports.gaps.all(&scope).await?;
    let mut sightings = Sightings::default();
    attested.iter().for_each(|a| sightings.add(&a.tenant, a.occurred_at, a.strength));
    let grid = Grid::lay(period, &sightings, gaps.iter().map(|g| &g.value), ports.clock.now());
    Ok(Coverage { scope, period, grid, attested, newest, gaps })
}
