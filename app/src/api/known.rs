//! What is known for judgement, as far as the reader sees.

use domain::{
    Moment,
    acceptance::Acceptance,
    bench::bench,
    import::{Import, Reported},
    judgement::{Beside, Facts},
    record::Sealed,
    review::{Is, Review},
    role::Scope,
};

use crate::ports::{PortError, Ports};

/// What vendors' tools said, and everything a judgement may rest on.
pub struct Told {
    /// The last word on each thing, newest first.
    pub words: Vec<Sealed<Reported>>,
    /// Newest first.
    pub imports: Vec<Sealed<Import>>,
    pub facts: Facts,
}

/// Everything a judgement may rest on, cut to the scope.
pub async fn facts(ports: &Ports, scope: &Scope, now: Moment) -> Result<Facts, PortError> {
    told(ports, scope, now).await.map(|told| told.facts)
}

/// The same, with the words it was read from.
pub async fn told(ports: &Ports, scope: &Scope, now: Moment) -> Result<Told, PortError> {
    let words = ports.imports.last_words(scope).await?;
    let imports = ports.imports.imports(scope).await?;
    let drills = ports.drills.all(scope).await?;
    let trainings = ports.checklists.trainings(scope).await?;
    let in_force = ports.runbooks.versions(scope).await?.into_iter().next();
    let bench = bench(&trainings, &drills);
    let measured = drills.into_iter().filter(|d| d.value.abandoned.is_none() && d.value.measured.is_some());
    let beside = Beside {
        described: ports.datastores.described(scope).await?,
        acceptances: ports.reviews.all(scope).await?.reviews.iter().filter_map(signed).collect(),
        drilled: measured.map(|drill| (drill.value.occurred_at, drill.id)).collect(),
        bench,
        runbook: in_force.map(|version| (version.id, version.value)),
        readings: ports.checklists.readings(scope).await?,
    };
    let facts = Facts::of(&words, &imports, beside, now);
    Ok(Told { words, imports, facts })
}

fn signed(review: &Review) -> Option<Acceptance> {
    match &review.document.is {
        Is::Acceptance(acceptance) => review.signed().map(|_| acceptance.clone()),
        _ => None,
    }
}
