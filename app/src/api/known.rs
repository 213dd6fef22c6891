//! What is known for judgement, as far as the reader sees.

use domain::{
    Moment,
    acceptance::Acceptance,
    judgement::{Beside, Facts},
    review::{Is, Review},
    role::Scope,
};

use crate::ports::{PortError, Ports};

/// Everything a judgement may rest on, cut to the scope.
pub async fn facts(ports: &Ports, scope: &Scope, now: Moment) -> Result<Facts, PortError> {
    let words = ports.imports.last_words(scope).await?;
    let imports = ports.imports.imports(scope).await?;
    let drills = ports.drills.all(scope).await?;
    let measured = drills.into_iter().filter(|d| d.value.abandoned.is_none() && d.value.measured.is_some());
    let beside = Beside {
        described: ports.datastores.described(scope).await?,
        acceptances: ports.reviews.all(scope).await?.reviews.iter().filter_map(signed).collect(),
        drilled: measured.map(|drill| (drill.value.occurred_at, drill.id)).collect(),
    };
    Ok(Facts::of(&words, &imports, beside, now))
}

fn signed(review: &Review) -> Option<Acceptance> {
    match &review.document.is {
        Is::Acceptance(acceptance) => review.signed().map(|_| acceptance.clone()),
        _ => None,
    }
}
