//! The runbook as it is read: its versions, one of them parsed, and its claims beside the facts.

use domain::{
    Moment,
    incident::incidents,
    judgement::Facts,
    proof::signoff::Purpose,
    record::Sealed,
    review::{
        Review,
        changes::{Hunk, changes},
    },
    role::Permission,
    runbook::{
        Runbook, RunbookVersion,
        contradictions::{Contradiction, contradictions},
        edit::due_after,
        exercised::{Exercised, exercised},
        facts::{Fact, Known, Spot, facts, place},
        references::{self, Stale},
    },
};

pub mod edit;

use serde::{Deserialize, Serialize};

use super::{coverage, guard, known, once, reviews};
use crate::{
    ports::{PortError, Ports},
    problem::Problem,
};

/// What came of asking the text's links.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checked {
    pub links: usize,
    /// Up to eight that do not answer, and why.
    pub dead: Vec<(String, String)>,
}

pub const CHECKED: &str = "passmuster-links";

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
    /// Where the text contradicts itself or the facts.
    pub contradictions: Vec<Contradiction>,
    /// Its steps, and the drills that went their way.
    pub exercised: Vec<Exercised>,
    /// What the text refers to that is not there any more.
    pub stale: Vec<Stale>,
    /// What changed since the version before; nothing where it is the first, or the one before is not in scope.
    pub changed: Option<(String, Vec<Hunk>)>,
    /// A drill since which nobody approved a version, and by when one is due.
    pub due: Option<(String, Moment)>,
    /// How many links the text has; what came of asking them just now.
    pub links: usize,
    pub checked: Option<Checked>,
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
    let works = actor.role.may(Permission::WorkIncidents);
    let coverage = coverage::read(&actor, &ports).await?;
    let drills = ports.drills.all(&actor.scope).await?;
    let now = ports.clock.now();
    let told = known::told(&ports, &actor.scope, now).await?;
    let seals = told.words.into_iter().map(|word| (word.id, word.seal)).collect();
    let incidents = incidents(ports.incidents.acts(&actor.scope).await?);
    let known = Known {
        incidents: &incidents,
        drills: &drills,
        grid: &coverage.grid,
        newest_attestation: coverage.newest.as_ref(),
        told: &told.facts,
        seals: &seals,
        now,
    };
    let contradictions = contradictions(&book, &drills);
    let exercised = exercised(&book, &versions, &drills);
    let stale = match works {
        true => stale(&ports, &versions[shown].value.text, &told.facts).await?,
        false => Vec::new(),
    };
    let before = versions.get(shown + 1).map(|v| (v.value.version.clone(), &v.value.text));
    let changed = before.map(|(version, text)| (version, changes(text, &versions[shown].value.text)));
    let links = references::links(&versions[shown].value.text).len();
    let checked = if works { once::take(CHECKED, "/runbook") } else { None };
    let due = due_after(&drills, &versions).filter(|_| works && shown == 0).map(|(drill, by)| (drill.id.clone(), by));
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
    let earlier = versions.iter().filter(|v| actor.scope.precedes(v.value.occurred_at));
    let earlier = earlier.map(|v| v.value.version.clone()).collect();
    Ok(Some(RunbookPage {
        versions,
        shown,
        book,
        facts,
        review,
        signs,
        works,
        earlier,
        contradictions,
        exercised,
        stale,
        changed,
        due,
        links,
        checked,
        now,
    }))
}

/// People who left and systems nobody knows, as far as the company's own records tell.
async fn stale(ports: &Ports, text: &str, facts: &Facts) -> Result<Vec<Stale>, Problem> {
    let people = ports.people.all().await?;
    let mut left: Vec<String> = people.iter().filter(|p| p.removed.is_some()).map(|p| p.actor.name.clone()).collect();
    let gone = facts.all.iter().filter_map(|known| match &known.fact {
        domain::fact::Fact::Leaver(leaver)
            if leaver.gone == Some(true) || leaver.left_at.is_some_and(|at| at < facts.now) =>
        {
            Some(leaver.names.clone())
        }
        _ => None,
    });
    left.extend(gone.flatten());
    let stores = facts.stores.iter().flat_map(|store| store.names.iter().chain([&store.name, &store.id]));
    let known = stores.map(|name| name.to_lowercase()).collect();
    Ok(references::stale(text, &left, &known))
}
