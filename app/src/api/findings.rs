//! Findings, filtered by the address.

use std::collections::BTreeSet;

use domain::{
    Moment,
    control::Control,
    control::answer::finding_answers,
    finding::{Finding, Standing, State},
    record::Sealed,
    role::Permission,
};
use leptos_router::params::ParamsMap;

use super::guard;
use crate::problem::Problem;

/// What the address asks for. Without a standing: all that are not closed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    pub standing: Option<Standing>,
    pub owner: Option<String>,
    pub control: Option<Control>,
}

impl Ask {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |key: &str| query.get(key).filter(|v| !v.is_empty());
        Self {
            standing: text("standing").and_then(|id| Standing::ALL.into_iter().find(|s| s.id() == id)),
            owner: text("owner"),
            control: text("control").and_then(|id| Control::from_id(&id)),
        }
    }

    /// The address of the same list under another standing.
    pub fn address(&self, standing: Option<Standing>) -> String {
        let mut query = ParamsMap::new();
        if let Some(standing) = standing {
            query.insert("standing", standing.id().to_owned());
        }
        if let Some(owner) = &self.owner {
            query.insert("owner", owner.clone());
        }
        if let Some(control) = self.control {
            query.insert("control", control.id().to_owned());
        }
        format!("/findings{}", query.to_query_string())
    }

    fn admits(&self, finding: &Finding) -> bool {
        self.owner.as_ref().is_none_or(|owner| finding.owner == *owner)
            && self.control.is_none_or(|control| finding_answers(finding, control))
    }
}

pub struct FindingsPage {
    pub ask: Ask,
    /// Under the owner and control asked for, by standing.
    pub counts: [(Standing, usize); 4],
    /// What the list shows; overdue first, then by due date.
    pub shown: Vec<Sealed<Finding>>,
    /// Closed ones, newest first, where the list above does not already hold them.
    pub closed: Vec<Sealed<Finding>>,
    /// Of all closed: days from opening to closing, the one in the middle.
    pub median_days: Option<i64>,
    pub owners: BTreeSet<String>,
    pub controls: Vec<Control>,
    /// Of those shown: opened before the reader's period, and here because they were still open in it.
    pub earlier: BTreeSet<String>,
    pub now: Moment,
}

impl FindingsPage {
    pub fn count(&self, standing: Standing) -> usize {
        self.counts.iter().find(|(s, _)| *s == standing).map_or(0, |(_, n)| *n)
    }
}

pub async fn load(ask: Ask) -> Result<FindingsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let all = ports.findings.all(&actor.scope).await?;
    let controls = actor.scope.controls.clone().unwrap_or_else(|| Control::ALL.to_vec());
    let earlier = all.iter().filter(|f| actor.scope.precedes(f.value.occurred_at)).map(|f| f.id.clone()).collect();
    Ok(FindingsPage { earlier, ..arrange(ask, all, controls, ports.clock.now()) })
}

fn arrange(ask: Ask, all: Vec<Sealed<Finding>>, controls: Vec<Control>, now: Moment) -> FindingsPage {
    let owners = all.iter().map(|f| f.value.owner.clone()).collect();
    let mut mine: Vec<Sealed<Finding>> = all.into_iter().filter(|f| ask.admits(&f.value)).collect();
    mine.sort_by_key(|f| (f.value.due_at, f.id.clone()));
    let counts = Standing::ALL.map(|s| (s, mine.iter().filter(|f| f.value.standing(now) == s).count()));
    let closed_at = |f: &Sealed<Finding>| match &f.value.state {
        State::Closed { at, .. } => Some(*at),
        State::Open => None,
    };
    let mut days: Vec<i64> =
        mine.iter().filter_map(|f| closed_at(f).map(|at| at.since(f.value.occurred_at) / (24 * 3600 * 1000))).collect();
    days.sort_unstable();
    let median_days = (!days.is_empty()).then(|| days[days.len() / 2]);
    let mut closed: Vec<Sealed<Finding>> = mine.iter().filter(|f| closed_at(f).is_some()).cloned().collect();
    closed.sort_by_key(|f| std::cmp::Reverse(closed_at(f)));
    let shown: Vec<Sealed<Finding>> = match ask.standing {
        Some(Standing::Closed) => std::mem::take(&mut closed),
        Some(standing) => mine.into_iter().filter(|f| f.value.standing(now) == standing).collect(),
        None => mine.into_iter().filter(|f| closed_at(f).is_none()).collect(),
    };
    FindingsPage { ask, counts, shown, closed, median_days, owners, controls, earlier: BTreeSet::new(), now }
}
