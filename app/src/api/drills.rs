//! Drills: the list with its filters, and one drill with what is needed to judge it.

use domain::{
    Moment,
    drill::Drill,
    finding::{Finding, State},
    history::{self, Medians},
    record::Sealed,
    review::Review,
    role::Permission,
    schedule::Period,
    target::Scenario,
    verdict::Verdict,
};
use leptos_router::params::ParamsMap;

use super::{
    coverage, guard, reviews,
    targets::{Promises, promises},
};
use crate::problem::Problem;

/// The verdicts a drill can have, in the order the filter shows them.
pub const VERDICTS: [(Verdict, &str); 4] =
    [(Verdict::Met, "met"), (Verdict::AtRisk, "at-risk"), (Verdict::Missed, "missed"), (Verdict::Untested, "untested")];

/// What the address asks for; what cannot be read is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ask {
    pub verdict: Option<Verdict>,
    pub scenario: Option<Scenario>,
}

impl Ask {
    pub fn read(query: &ParamsMap) -> Self {
        let verdict = query.get("verdict").and_then(|v| VERDICTS.into_iter().find(|(_, id)| *id == v));
        Self {
            verdict: verdict.map(|(verdict, _)| verdict),
            scenario: query.get("scenario").and_then(|id| Scenario::from_id(&id)),
        }
    }

    /// The address of the same list under another verdict.
    pub fn address(&self, verdict: Option<Verdict>) -> String {
        let mut query = ParamsMap::new();
        if let Some((_, id)) = VERDICTS.into_iter().find(|(v, _)| Some(*v) == verdict) {
            query.insert("verdict", id.to_owned());
        }
        if let Some(scenario) = self.scenario {
            query.insert("scenario", scenario.id().to_owned());
        }
        format!("/drills{}", query.to_query_string())
    }
}

pub struct DrillsPage {
    pub ask: Ask,
    pub promises: Promises,
    /// Under the scenario asked for, by verdict.
    pub counts: [(Verdict, usize); 4],
    /// Newest first.
    pub shown: Vec<Sealed<Drill>>,
    pub period: Period,
}

pub async fn list(ask: Ask) -> Result<DrillsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let period = coverage::period(&actor, &ports);
    let promises = promises(&actor, &ports).await?;
    let of_scenario: Vec<&Sealed<Drill>> =
        promises.drills.iter().filter(|d| ask.scenario.is_none_or(|s| d.value.scenario == s)).collect();
    let counts = VERDICTS.map(|(v, _)| (v, of_scenario.iter().filter(|d| d.value.verdict.overall() == v).count()));
    let shown = of_scenario
        .into_iter()
        .filter(|d| ask.verdict.is_none_or(|v| d.value.verdict.overall() == v))
        .cloned()
        .collect();
    Ok(DrillsPage { ask, counts, shown, promises, period })
}

pub struct DrillPage {
    pub drill: Sealed<Drill>,
    /// Which it is of how many in scope, counted from the oldest.
    pub place: (usize, usize),
    /// What earlier drills of this scenario took.
    pub medians: Medians,
    /// The middle of their whole recovery times.
    pub median_restore: Option<i64>,
    /// Open findings of the drill of this scenario before.
    pub open_before: Vec<Sealed<Finding>>,
    /// Findings it opened.
    pub findings: Vec<Sealed<Finding>>,
    /// The signatures it asks for; none of an invented drill.
    pub reviews: Vec<Review>,
    /// The one the reader may give now.
    pub to_sign: Option<Review>,
    pub now: Moment,
}

pub async fn one(id: String) -> Result<DrillPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let drill = ports.drills.get(&actor.scope, &id).await?.ok_or_else(|| Problem::gone("drill"))?;
    let all = ports.drills.all(&actor.scope).await?;
    let findings = ports.findings.all(&actor.scope).await?;
    let reviews = reviews::of_document(&actor, &ports, "backup_drill_results", &drill.id).await?;
    let now = ports.clock.now();
    let may = |r: &&Review| actor.role.may(r.subject.purpose.permission()) && r.standing.mark(now).asks();
    // What waits for the reader comes before what they may sign for somebody else.
    let mine = reviews.iter().filter(may).min_by_key(|r| r.subject.purpose.waits_for() != actor.role).cloned();
    let newer = all.iter().take_while(|d| d.id != drill.id).count();
    Ok(DrillPage {
        place: (all.len().saturating_sub(newer).max(1), all.len().max(1)),
        medians: history::medians(&drill.value, all.iter().map(|d| &d.value)),
        median_restore: history::median_restore(&drill.value, all.iter().map(|d| &d.value)),
        open_before: open_before(&drill.value, &all, findings.clone()),
        findings: findings.into_iter().filter(|f| f.value.cause.as_deref() == Some(drill.id.as_str())).collect(),
        reviews,
        to_sign: mine,
        now,
        drill,
    })
}

/// The findings that the drill of this scenario before opened and that are not closed.
pub(super) fn open_before(
    drill: &Drill,
    all: &[Sealed<Drill>],
    findings: Vec<Sealed<Finding>>,
) -> Vec<Sealed<Finding>> {
    let Some(before) = history::previous(drill, all, |d| &d.value) else { return Vec::new() };
    let open = |f: &Sealed<Finding>| {
        f.value.cause.as_deref() == Some(before.id.as_str()) && matches!(f.value.state, State::Open)
    };
    findings.into_iter().filter(open).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_from_the_address_and_kept_in_the_next() {
        let mut query = ParamsMap::new();
        query.insert("verdict", "at-risk".to_owned());
        query.insert("scenario", "cluster".to_owned());
        let ask = Ask::read(&query);
        assert_eq!(ask, Ask { verdict: Some(Verdict::AtRisk), scenario: Some(Scenario::Cluster) });
        assert_eq!(ask.address(Some(Verdict::Missed)), "/drills?verdict=missed&scenario=cluster");
        assert_eq!(ask.address(None), "/drills?scenario=cluster");
        assert_eq!(Ask::read(&ParamsMap::new()), Ask::default());
    }
}
