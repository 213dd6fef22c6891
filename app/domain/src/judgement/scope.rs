//! Rules about which datastores there are, and whether anybody ever restored them.

use std::collections::HashSet;

use super::{Facts, Found, keeping};
use crate::{
    Moment,
    datastore::{CATALOGUE, Datastore},
    fact::{Fact, RunKind, RunState},
    target::PROOF_HOLDS_MS,
    verdict::Verdict,
    words,
};

/// Both ways: what the catalogue names is here, and what is here stands in the catalogue. What is left out by a signed
/// exclusion is accepted.
pub fn catalogue(facts: &Facts) -> Vec<Found> {
    if !facts.asked.contains_key(CATALOGUE) {
        return Vec::new();
    }
    let judged = facts.stores.iter().map(|store| {
        let (verdict, says) = match (store.here, &store.in_catalogue, facts.left_out(&store.name)) {
            (true, Some(_), _) => (Verdict::Met, "it stands in the service catalogue".to_owned()),
            (_, _, Some(left)) => (
                Verdict::Met,
                format!("left out until {}, by a signed exclusion: {}", words::date(left.until), left.why),
            ),
            (false, ..) => {
                (Verdict::Missed, "the service catalogue names it, and nothing here tells of its backups".to_owned())
            }
            (true, None, None) => (Verdict::AtRisk, "it is backed up, and stands in no service catalogue".to_owned()),
        };
        let records = store.in_catalogue.clone().or_else(|| Some(facts.all[*store.facts.first()?].id.clone()));
        found(store, verdict, &says, records.into_iter().collect())
    });
    judged.collect()
}

/// Backups that look well say nothing of whether they come back.
pub fn restored(facts: &Facts) -> Vec<Found> {
    let judged = facts.stores.iter().filter_map(|store| {
        let first = first_success(facts, store)?;
        let last = restores(facts, store).max();
        let (verdict, says, record) = match last {
            Some((at, record)) if facts.now.since(at) <= PROOF_HOLDS_MS => {
                (Verdict::Met, format!("last restored on {}", words::date(at)), Some(record))
            }
            Some((at, record)) => {
                let says = format!(
                    "green for {} without a restore; the last was on {}",
                    months(facts.now.since(at)),
                    words::date(at)
                );
                (Verdict::Stale, says, Some(record))
            }
            None if facts.now.since(first) > PROOF_HOLDS_MS => {
                (Verdict::Stale, format!("green for {} without a restore", months(facts.now.since(first))), None)
            }
            None => (Verdict::Untested, "no restore is on record yet".to_owned(), None),
        };
        Some(found(store, verdict, &says, record.into_iter().collect()))
    });
    judged.collect()
}

/// When its backups began to be known as good.
fn first_success(facts: &Facts, store: &Datastore) -> Option<Moment> {
    let runs = store.facts.iter().filter_map(|n| match &facts.all[*n].fact {
        Fact::Run(run) if run.what == RunKind::Backup && run.state == RunState::Succeeded => {
            run.finished_at.or(run.started_at)
        }
        _ => None,
    });
    let points = keeping::points(facts, store).into_iter().map(|(_, _, at)| at);
    runs.chain(points).min()
}

/// Restores of one of its recovery points; and the drills, which restore MongoDB and do not name their cluster, so they
/// tell only where there is one.
fn restores<'f>(facts: &'f Facts, store: &'f Datastore) -> impl Iterator<Item = (Moment, String)> {
    let own: HashSet<&str> =
        keeping::points(facts, store).into_iter().map(|(_, point, _)| point.reference.as_str()).collect();
    let runs = facts.all.iter().enumerate().filter_map(move |(n, known)| {
        let Fact::Run(run) = &known.fact else { return None };
        let of_it = store.facts.contains(&n) || run.point.as_deref().is_some_and(|point| own.contains(point));
        let good = matches!(run.state, RunState::Succeeded | RunState::SucceededWithIssues);
        let at = run.finished_at.or(run.started_at)?;
        (run.what == RunKind::Restore && good && of_it).then(|| (at, known.id.clone()))
    });
    let mongo = |store: &Datastore| store.kind.as_ref().is_some_and(|kind| kind.value.contains("MongoDB"));
    let only = mongo(store) && facts.stores.iter().filter(|store| mongo(store)).count() == 1;
    let drills = facts.drilled.iter().filter(move |_| only).map(|(at, id)| (*at, id.clone()));
    runs.chain(drills)
}

/// "4 months"
fn months(ms: i64) -> String {
    match ms / (30 * 24 * 3600 * 1000) {
        0 | 1 => "a month".to_owned(),
        n => format!("{n} months"),
    }
}

pub(super) fn found(store: &Datastore, verdict: Verdict, says: &str, records: Vec<String>) -> Found {
    Found { says: format!("{}: {says}.", store.name), about: store.name.clone(), verdict, records, suspects: None }
}
