//! Rules about a datastore's recovery points together: how far apart, for how long, how many, how far away.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::{Facts, Found, scope::found};
use crate::{
    Moment,
    datastore::Datastore,
    fact::{Fact, Point, PointState, RunKind, RunState, Schedule, ScheduleItem},
    verdict::Verdict,
    words,
};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// What is judged over a quarter.
const QUARTER_MS: i64 = 92 * DAY_MS;

/// Its recovery points that hold data or held it, each with its record and when it was taken, oldest first.
pub fn points<'f>(facts: &'f Facts, store: &Datastore) -> Vec<(&'f str, &'f Point, Moment)> {
    let points = store.facts.iter().filter_map(|n| {
        let known = &facts.all[*n];
        let Fact::Point(point) = &known.fact else { return None };
        let good = matches!(point.state, PointState::Available | PointState::Expired | PointState::Deleting);
        Some((known.id.as_str(), point, point.taken_at.filter(|_| good)?))
    });
    let mut points: Vec<_> = points.collect();
    points.sort_by_key(|(id, _, at)| (*at, *id));
    points
}

pub(super) fn schedules<'f>(facts: &'f Facts, store: &'f Datastore) -> impl Iterator<Item = (&'f str, &'f Schedule)> {
    store.facts.iter().filter_map(|n| match &facts.all[*n].fact {
        Fact::Schedule(schedule) => Some((facts.all[*n].id.as_str(), schedule)),
        _ => None,
    })
}

/// When the tools that told of its recovery points were last asked.
fn asked(facts: &Facts, store: &Datastore) -> Moment {
    let told = store.facts.iter().filter(|n| matches!(facts.all[**n].fact, Fact::Point(_) | Fact::Store(_)));
    told.map(|n| facts.asked(&facts.all[*n].connector)).max().unwrap_or(facts.now)
}

/// How far apart recovery points are, against the RPO: what is lost when the worst moment is chosen.
pub fn cadence(facts: &Facts) -> Vec<Found> {
    let judged = facts.stores.iter().filter_map(|store| {
        let rpo = store.rpo_ms.as_ref()?.value;
        let (gap, says, record) = observed_gap(facts, store)?;
        let (verdict, against) = match gap > rpo {
            true => (Verdict::Missed, "more than"),
            false => (Verdict::Met, "within"),
        };
        let says = format!("{says}, {against} the RPO of {}", words::duration(rpo));
        Some(found(store, verdict, &says, vec![record]))
    });
    judged.collect()
}

/// The largest span that could have been lost, in words, and the record that tells.
pub(super) fn observed_gap(facts: &Facts, store: &Datastore) -> Option<(i64, String, String)> {
    let asked = asked(facts, store);
    if let Some((to, record)) = continuous(facts, store) {
        let gap = asked.since(to).max(0);
        let says = format!("any moment up to {} before it was asked can be restored", words::duration(gap));
        return Some((gap, says, record));
    }
    points_gap(facts, store)
}

/// The largest span between two recovery points, or since the last, as far as they can be compared.
pub(super) fn points_gap(facts: &Facts, store: &Datastore) -> Option<(i64, String, String)> {
    let asked = asked(facts, store);
    let points = points(facts, store);
    let since = comparable_since(facts, store, &points, asked);
    let times: Vec<_> = points.iter().filter(|(_, _, at)| *at >= since && *at <= asked).collect();
    let (last_id, _, last) = times.last()?;
    let inner = times.windows(2).map(|two| (two[1].2.since(two[0].2), two[1].0));
    let (gap, record) = inner.chain([(asked.since(*last), *last_id)]).max()?;
    Some((gap, format!("up to {} lie between its recovery points", words::duration(gap)), record.to_owned()))
}

/// Up to when any moment can be restored, where it can.
pub(super) fn continuous(facts: &Facts, store: &Datastore) -> Option<(Moment, String)> {
    let told = store.facts.iter().filter_map(|n| {
        let to = match &facts.all[*n].fact {
            Fact::Point(point) => point.window?.1,
            Fact::Store(store) => store.restorable_to?,
            _ => return None,
        };
        Some((to, facts.all[*n].id.clone()))
    });
    told.max()
}

/// From when on points of the shortest pace are still kept: before that, a gap may be what was deleted as agreed.
fn comparable_since(facts: &Facts, store: &Datastore, points: &[(&str, &Point, Moment)], asked: Moment) -> Moment {
    let items = schedules(facts, store).flat_map(|(_, schedule)| &schedule.items);
    let finest = items.filter_map(|item| Some((pace(item)?, item.keep_days?))).min();
    let paces: BTreeSet<&str> = points.iter().filter_map(|(_, point, _)| point.cadence.as_deref()).collect();
    match finest {
        Some((_, keep_days)) => asked.plus_millis(-(keep_days * DAY_MS).min(QUARTER_MS)),
        // Several paces and no word on how long each is kept: only what came last can be told.
        None if paces.len() > 1 => points.last().map_or(asked, |(_, _, at)| *at),
        None => asked.plus_millis(-QUARTER_MS),
    }
}

pub(super) fn pace(item: &ScheduleItem) -> Option<i64> {
    let unit = match item.cadence.as_str() {
        "hourly" => 3600 * 1000 * item.every.unwrap_or(1),
        "daily" => DAY_MS,
        "weekly" => 7 * DAY_MS,
        "monthly" => 30 * DAY_MS,
        "yearly" => 365 * DAY_MS,
        _ => return None,
    };
    Some(unit)
}

/// For how long backups are kept, against the contract.
pub fn kept(facts: &Facts) -> Vec<Found> {
    let judged = facts.stores.iter().filter_map(|store| {
        let (kept, owed) = (store.kept_days.as_ref()?, store.owed_days.as_ref()?.value);
        let record = match &kept.from {
            crate::datastore::From::Tool { record, .. } => vec![record.clone()],
            crate::datastore::From::Person { .. } => Vec::new(),
        };
        let says = format!("kept {} days, and {owed} are agreed", kept.value);
        let verdict = if kept.value < owed { Verdict::Missed } else { Verdict::Met };
        Some(found(store, verdict, &says, record))
    });
    judged.collect()
}

/// A recovery point that the schedule says is there today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// "daily"
    pub cadence: &'static str,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// The record of one that is there.
    pub there: Option<String>,
}

impl Due {
    /// "8 Nov", "week of 2 Nov", "Mar 2026"
    pub fn says(&self) -> String {
        match self.cadence {
            "monthly" => self.from.format("%b %Y").to_string(),
            "weekly" => format!("week of {}", self.from.format("%-d %b")),
            _ => self.from.format("%-d %b").to_string(),
        }
    }
}

/// What should be there by the schedule: a point of each day, week and month that is kept, since anything is known.
pub fn due(facts: &Facts, store: &Datastore) -> Vec<Due> {
    let all = points(facts, store);
    let asked = asked(facts, store);
    let runs = store.facts.iter().filter_map(|n| facts.all[*n].fact.happened_at());
    let Some(known_since) = runs.chain(all.iter().map(|(_, _, at)| *at)).min() else { return Vec::new() };
    let there: Vec<(NaiveDate, &str)> = all
        .iter()
        .filter(|(_, point, _)| point.state == PointState::Available)
        .map(|(id, _, at)| (at.utc().date_naive(), *id))
        .collect();
    let today = asked.utc().date_naive();
    let mut due = Vec::new();
    for item in schedules(facts, store).flat_map(|(_, schedule)| &schedule.items) {
        let Some(keep_days) = item.keep_days else { continue };
        let oldest = asked.plus_millis(-keep_days * DAY_MS).max(known_since).utc().date_naive();
        let Some((cadence, mut to)) = (match item.cadence.as_str() {
            "daily" => Some(("daily", Some(today))),
            "weekly" => Some(("weekly", today.week(chrono::Weekday::Mon).checked_first_day())),
            "monthly" => Some(("monthly", today.with_day(1))),
            _ => None,
        }) else {
            continue;
        };
        while let Some(end) = to {
            let from = match cadence {
                "daily" => end.pred_opt(),
                "weekly" => end.checked_sub_days(chrono::Days::new(7)),
                _ => end.checked_sub_months(chrono::Months::new(1)),
            };
            // The oldest one is only owed when all of it lies within.
            let Some(from) = from.filter(|from| *from > oldest) else { break };
            let found = there.iter().find(|(day, _)| from <= *day && *day < end);
            due.push(Due { cadence, from, to: end, there: found.map(|(_, id)| (*id).to_owned()) });
            to = Some(from);
        }
    }
    due
}

pub fn points_due(facts: &Facts) -> Vec<Found> {
    let judged = facts.stores.iter().filter_map(|store| {
        let due = due(facts, store);
        if due.is_empty() {
            return None;
        }
        let of = |cadence: &str| {
            let all = due.iter().filter(|due| due.cadence == cadence);
            let (there, all) = (all.clone().filter(|due| due.there.is_some()).count(), all.count());
            (all > 0).then(|| format!("{there} of {all} {cadence}"))
        };
        let counts: Vec<String> = ["daily", "weekly", "monthly"].into_iter().filter_map(of).collect();
        let missing: Vec<String> = due.iter().filter(|due| due.there.is_none()).map(Due::says).collect();
        let records = schedules(facts, store).map(|(id, _)| id.to_owned()).collect();
        let counts = counts.join(", ");
        Some(if missing.is_empty() {
            found(store, Verdict::Met, &format!("{counts} recovery points are there"), records)
        } else {
            let says = format!("{counts} recovery points are there; missing: {}", missing.join(", "));
            found(store, Verdict::Missed, &says, records)
        })
    });
    judged.collect()
}

/// How long one copy elsewhere took to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// When what was copied was taken.
    pub at: Moment,
    pub ms: i64,
    /// "us-west-2"
    pub to: Option<String>,
    pub record: String,
}

/// Of each copy of the last quarter, oldest first. One that is still on its way counts with what it has taken until it
/// was asked.
pub fn lags(facts: &Facts, store: &Datastore) -> Vec<Lag> {
    let since = facts.now.plus_millis(-QUARTER_MS);
    let points = points(facts, store);
    let copies = store.facts.iter().filter_map(|n| {
        let known = &facts.all[*n];
        let Fact::Run(run) = &known.fact else { return None };
        if run.what != RunKind::Copy {
            return None;
        }
        let ended = match run.state {
            RunState::Queued | RunState::Running => facts.asked(&known.connector),
            _ => run.finished_at?,
        };
        if ended < since {
            return None;
        }
        let good = !matches!(run.state, RunState::Failed | RunState::Aborted | RunState::Expired);
        let taken = points.iter().find(|(_, point, _)| Some(&point.reference) == run.point.as_ref());
        let at = taken.map(|(_, _, at)| *at).or(run.started_at).filter(|_| good)?;
        Some(Lag { at, ms: ended.since(at), to: run.to_region.clone(), record: known.id.clone() })
    });
    let mut lags: Vec<Lag> = copies.collect();
    lags.sort_by(|a, b| (a.at, &a.record).cmp(&(b.at, &b.record)));
    lags
}

/// How long a copy elsewhere takes to be there, the worst of the quarter, against the RPO.
pub fn copies(facts: &Facts) -> Vec<Found> {
    let judged = facts.stores.iter().filter_map(|store| {
        let rpo = store.rpo_ms.as_ref()?.value;
        let points = points(facts, store);
        let region = |region: Option<String>| region.map(|region| format!(" to {region}")).unwrap_or_default();
        let worst = lags(facts, store).into_iter().max_by_key(|lag| lag.ms).map(|lag| {
            (lag.ms, format!("a copy{} took up to {}", region(lag.to), words::duration(lag.ms)), lag.record)
        });
        let absent = absent_copies(facts, store, &points);
        let absent = absent.map(|(ms, says, record)| (ms, says, record.to_owned()));
        let (lag, says, record) = worst.into_iter().chain(absent).max_by_key(|(lag, ..)| *lag)?;
        let (verdict, against) = if lag > rpo { (Verdict::Missed, "more than") } else { (Verdict::Met, "within") };
        let says = format!("{says}, {against} the RPO of {}", words::duration(rpo));
        Some(found(store, verdict, &says, vec![record]))
    });
    judged.collect()
}

/// The oldest point that is not yet where the schedule copies it, and for how long. A vendor that tells no times of
/// copies tells at least this.
fn absent_copies<'f>(
    facts: &'f Facts,
    store: &'f Datastore,
    points: &[(&'f str, &'f Point, Moment)],
) -> Option<(i64, String, &'f str)> {
    let regions = schedules(facts, store).flat_map(|(_, schedule)| &schedule.copies_to);
    let missing = regions.filter_map(|region| {
        let newest_there =
            points.iter().rev().find(|(_, point, _)| point.copies.contains(region)).map(|(_, _, at)| *at);
        let waiting = points.iter().find(|(_, point, at)| {
            point.state == PointState::Available && newest_there.is_none_or(|there| *at > there)
        })?;
        let lag = asked(facts, store).since(waiting.2).max(0);
        Some((
            lag,
            format!("what was taken {} before it was asked is not in {region} yet", words::duration(lag)),
            waiting.0,
        ))
    });
    missing.max()
}

/// Hours that a vendor takes to bring an object back from a class, at its standard speed: "Understanding archive
/// retrieval options", Amazon S3 user guide.
const RETRIEVAL_HOURS: [(&str, i64); 2] = [("GLACIER", 5), ("DEEP_ARCHIVE", 12)];

/// Objects that go to an archive come back only after hours.
pub fn retrieval(facts: &Facts) -> Vec<Found> {
    let judged = facts.stores.iter().filter_map(|store| {
        let rto = store.rto_ms.as_ref()?.value;
        let moves = store.facts.iter().filter_map(|n| match &facts.all[*n].fact {
            Fact::Bucket(bucket) => Some(bucket.moves_to.iter().map(|to| (facts.all[*n].id.as_str(), to))),
            _ => None,
        });
        let slow = moves.flatten().filter_map(|(record, (class, days))| {
            let (_, hours) = RETRIEVAL_HOURS.into_iter().find(|(name, _)| name == class)?;
            Some((hours, class, days, record))
        });
        let (hours, class, days, record) = slow.max()?;
        let (verdict, against) = match hours * 3_600_000 > rto {
            true => (Verdict::Missed, "more than"),
            false => (Verdict::Met, "within"),
        };
        let says = format!(
            "after {days} days objects go to {class}, from where they come back within {hours} h, {against} the RTO of {}",
            words::duration(rto)
        );
        Some(found(store, verdict, &says, vec![record.to_owned()]))
    });
    judged.collect()
}
