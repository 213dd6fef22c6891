//! The runbook as it is read: its versions, one of them parsed, and its claims beside the facts.

use domain::{
    Moment,
    proof::signoff::Purpose,
    record::Sealed,
    review::Review,
    role::Permission,
    runbook::{
        Runbook, RunbookVersion,
        facts::{Fact, Known, Spot, facts, place},
    },
};

use super::{coverage, guard, known, reviews};
use crate::{ports::PortError, problem::Problem};

pub struct RunbookPage {
    /// Newest first; the first is in force.
    pub versions: Vec<Sealed<RunbookVersion>>,
    /// Which of them is shown.
    pub shown: usize,
    pub book: Runbook,
    /// In the order of the front matter; without a spot the text never says it.
    pub facts: Vec<(Fact, Option<Spot>)>,
    /// Whether and by whom the one shown is signed.
    pub review: Option<Review>,
    /// The reader may sign it.
    pub signs: bool,
    /// The reader works incidents, and may keep the kit.
    pub works: bool,
    /// Versions approved before the reader's period, and here because they were in force in it.
    pub earlier: Vec<String>,
    pub now: Moment,
}

impl RunbookPage {
    pub fn version(&self) -> &Sealed<RunbookVersion> {
        &self.versions[self.shown]
    }
}

/// The version in force, or the one named. `None`: none was approved yet.
pub async fn load(version: Option<String>) -> Result<Option<RunbookPage>, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let versions = ports.runbooks.versions(&actor.scope).await?;
    let shown = match &version {
        None if versions.is_empty() => return Ok(None),
        None => 0,
        Some(wanted) => versions
            .iter()
            .position(|v| v.value.version == *wanted)
            .ok_or_else(|| Problem::gone("version of the runbook"))?,
    };
    let book = Runbook::parse(&versions[shown].value.text)
        .map_err(|e| Problem::from(PortError::Broken(format!("runbook {}: {e}", versions[shown].id))))?;
    let coverage = coverage::read(&actor, &ports).await?;
    let drills = ports.drills.all(&actor.scope).await?;
    let now = ports.clock.now();
    let told = known::told(&ports, &actor.scope, now).await?;
    let seals = told.words.into_iter().map(|word| (word.id, word.seal)).collect();
    let known = Known {
        drills: &drills,
        grid: &coverage.grid,
        newest_attestation: coverage.newest.as_ref(),
        told: &told.facts,
        seals: &seals,
        now,
    };
    let facts = facts(&book, &known)
        .into_iter()
        .map(|fact| {
            let spot = place(&book, fact.about);
            (fact, spot)
        })
        .collect();
    let seal = versions[shown].seal.seq;
    let asked = reviews::of_document(&actor, &ports, "runbooks", &versions[shown].id).await?;
    let review = asked.into_iter().find(|r| r.document.seal.seq == seal);
    let signs = actor.role.may(Purpose::Approves.permission());
    let works = actor.role.may(Permission::WorkIncidents);
    let earlier = versions.iter().filter(|v| actor.scope.precedes(v.value.occurred_at));
    let earlier = earlier.map(|v| v.value.version.clone()).collect();
    Ok(Some(RunbookPage { versions, shown, book, facts, review, signs, works, earlier, now }))
}
