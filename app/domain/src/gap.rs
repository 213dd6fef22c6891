//! A gap: something that was due and is not there. A gap is a record of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Moment, job::short, schedule};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    pub schema: u32,
    pub what: Missing,
    /// When it was due.
    pub due_at: Moment,
    /// One sentence: what is missing.
    pub says: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Missing {
    /// No tenant has an attestation for that Sunday.
    WholeRun,
    /// One tenant has none, though others have.
    Tenant { tenant: String },
    /// A quarter ended without a completed drill.
    Drill { quarter: String },
    /// A job of a runner was due and did not report, or failed.
    Run { job: String },
}

impl Gap {
    /// The same gap always has the same id, so that it is recorded once. A tenant is named by digest:
    /// ids stand in the ledger, which every reader sees whole.
    pub fn id(&self) -> String {
        let day = self.due_at.utc().format("%Y-%m-%d");
        match &self.what {
            Missing::WholeRun => format!("G-{day}"),
            Missing::Tenant { tenant } => format!("G-{day}-{}", short(tenant)),
            Missing::Drill { quarter } => format!("G-{quarter}"),
            Missing::Run { job } => format!("G-{}-{}", self.due_at.utc().format("%Y-%m-%dT%H%M"), short(job)),
        }
    }
}

/// A tenant's life on the cluster, as the attestations show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenancy {
    pub tenant: String,
    pub from: Moment,
    /// `None`: still a tenant.
    pub until: Option<Moment>,
}

/// One weekly run, as its attestations tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub attested: BTreeSet<String>,
    /// The most tenant databases any attestation of the run says it saw on the cluster.
    pub seen: usize,
}

/// Who was a tenant when, told from the runs alone.
///
/// A tenant begins with its first attestation. It has left when a later run attested every database it
/// saw and this one was not among them; a run that saw more than it attested leaves the question open,
/// and an open question counts as still a tenant.
pub fn tenancies(runs: &BTreeMap<Moment, Run>) -> Vec<Tenancy> {
    let names: BTreeSet<&String> = runs.values().flat_map(|r| &r.attested).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let mut with = runs.iter().filter(|(_, r)| r.attested.contains(name)).map(|(at, _)| *at);
            let from = with.next()?;
            let last = with.next_back().unwrap_or(from);
            let until = runs
                .range(last..)
                .find(|(at, r)| **at > last && !r.attested.is_empty() && r.attested.len() >= r.seen)
                .map(|(at, _)| at.plus_millis(-1));
            Some(Tenancy { tenant: name.clone(), from, until })
        })
        .collect()
}

/// Which attestations were due and are missing.
///
/// `due` are the instants of the weekly run. `runs` holds the attestations
/// that arrived for the run of that instant (on the day, or late but before the next run). A tenant owes
/// attestations from its first day to its last.
pub fn missing_attestations(due: &[Moment], tenancies: &[Tenancy], runs: &BTreeMap<Moment, Run>, by: &str) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for &at in due {
        let owed: Vec<&Tenancy> =
            tenancies.iter().filter(|t| t.from <= at && t.until.is_none_or(|end| at <= end)).collect();
        if owed.is_empty() {
            continue;
        }
        let seen = runs.get(&at).map(|r| &r.attested);
        let gap = |what: Missing, says: String| Gap {
            schema: 1,
            what,
            due_at: at,
            says,
            demo: false,
            occurred_at: at,
            by: by.to_owned(),
        };
        let day = crate::words::date(at);
        if seen.is_none_or(BTreeSet::is_empty) {
            gaps.push(gap(
                Missing::WholeRun,
                format!("The attestation of {day} never ran: none of {} tenants is covered.", owed.len()),
            ));
            continue;
        }
        for t in owed {
            if seen.is_some_and(|s| !s.contains(&t.tenant)) {
                gaps.push(gap(
                    Missing::Tenant { tenant: t.tenant.clone() },
                    format!("{} is absent from the attestation of {day}.", t.tenant),
                ));
            }
        }
    }
    gaps
}

/// Quarters between `from` and `now` that have ended without a completed drill.
pub fn missing_drills(from: Moment, now: Moment, drilled: &BTreeSet<String>, by: &str) -> Vec<Gap> {
    schedule::quarters(from, now)
        .into_iter()
        .filter(|q| q.end <= now && q.start >= from && !drilled.contains(&q.name))
        .map(|q| Gap {
            schema: 1,
            what: Missing::Drill { quarter: q.name.clone() },
            due_at: q.end,
            says: format!("No restore drill was completed in {}.", q.name),
            demo: false,
            occurred_at: q.end,
            by: by.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    #[test]
    fn a_sunday_nobody_ran_is_one_gap_and_a_tenant_left_out_is_another() {
        let due = [at("2026-03-01T03:00:00Z"), at("2026-03-08T03:00:00Z"), at("2026-03-15T03:00:00Z")];
        let tenancies = [
            Tenancy { tenant: "a".into(), from: at("2026-01-01T00:00:00Z"), until: None },
            Tenancy { tenant: "b".into(), from: at("2026-01-01T00:00:00Z"), until: Some(at("2026-03-10T00:00:00Z")) },
        ];
        let both: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
        let one = BTreeSet::from(["a".to_owned()]);
        let runs =
            BTreeMap::from([(due[0], Run { attested: one, seen: 2 }), (due[2], Run { attested: both, seen: 2 })]);
        let gaps = missing_attestations(&due, &tenancies, &runs, "portal");
        let ids: Vec<String> = gaps.iter().map(Gap::id).collect();
        assert_eq!(ids, ["G-2026-03-01-3e23e816", "G-2026-03-08"]);
    }

    #[test]
    fn a_tenant_has_left_only_when_a_run_that_saw_all_did_not_see_it() {
        let names = |list: &[&str]| list.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
        let (one, two, three) = (at("2026-03-01T03:00:00Z"), at("2026-03-08T03:00:00Z"), at("2026-03-15T03:00:00Z"));
        let run = |list: &[&str], seen| Run { attested: names(list), seen };
        let left = BTreeMap::from([(one, run(&["a", "b"], 2)), (two, run(&["a"], 1)), (three, run(&["a"], 1))]);
        assert_eq!(tenancies(&left)[1].until, Some(two.plus_millis(-1)));
        let absent = BTreeMap::from([(one, run(&["a", "b"], 2)), (two, run(&["a"], 2)), (three, run(&["a"], 2))]);
        assert_eq!(tenancies(&absent)[1].until, None);
        let late = BTreeMap::from([(one, run(&["a", "b"], 2)), (two, run(&["a"], 2)), (three, run(&["a"], 1))]);
        assert_eq!(tenancies(&late)[1].until, Some(three.plus_millis(-1)));
    }

    #[test]
    fn a_quarter_is_missing_only_once_it_has_ended() {
        let gaps = missing_drills(
            at("2026-01-01T00:00:00Z"),
            at("2026-11-22T00:00:00Z"),
            &BTreeSet::from(["2026-Q1".to_owned(), "2026-Q3".to_owned()]),
            "portal",
        );
        assert_eq!(gaps.iter().map(Gap::id).collect::<Vec<_>>(), ["G-2026-Q2"]);
    }
}
