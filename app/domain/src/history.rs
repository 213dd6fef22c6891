//! What earlier drills took: the middle of each step, to hold the next one against.

use crate::drill::{Drill, Outcome, StepId};

/// By step: the middle of what it took, in milliseconds, and in how many drills.
pub type Medians = Vec<(StepId, i64, usize)>;

/// Of the drills of the same scenario before this one that ran to their end. Invented drills are compared with invented
/// ones, measured with measured, and what people did by hand with what people did by hand.
pub fn medians<'d>(drill: &Drill, all: impl Iterator<Item = &'d Drill>) -> Medians {
    let earlier: Vec<&Drill> = all.filter(|d| comparable(drill, d)).collect();
    StepId::ALL
        .into_iter()
        .filter_map(|id| {
            let steps = earlier.iter().flat_map(|d| &d.steps).filter(|s| s.id == id && s.outcome == Outcome::Done);
            let took: Vec<i64> = steps.map(crate::drill::Step::took_ms).collect();
            Some((id, median(took.clone())?, took.len()))
        })
        .collect()
}

/// The middle of the whole recovery times.
pub fn median_restore<'d>(drill: &Drill, all: impl Iterator<Item = &'d Drill>) -> Option<i64> {
    median(all.filter(|d| comparable(drill, d)).filter_map(|d| Some(d.measured.as_ref()?.restore_ms)).collect())
}

/// The newest drill of the same scenario before this one, however it ended.
pub fn previous<'d, T>(drill: &Drill, all: &'d [T], value: impl Fn(&T) -> &Drill) -> Option<&'d T> {
    let before = |d: &Drill| d.scenario == drill.scenario && d.occurred_at < drill.occurred_at;
    all.iter().filter(|d| before(value(d))).max_by_key(|d| value(d).occurred_at)
}

fn comparable(drill: &Drill, other: &Drill) -> bool {
    other.scenario == drill.scenario
        && other.demo == drill.demo
        && other.by_hand() == drill.by_hand()
        && other.abandoned.is_none()
        && other.occurred_at < drill.occurred_at
}

fn median(mut of: Vec<i64>) -> Option<i64> {
    of.sort_unstable();
    of.get(of.len() / 2).copied()
}

pub fn of(medians: &Medians, step: StepId) -> Option<i64> {
    medians.iter().find(|(id, ..)| *id == step).map(|(_, ms, _)| *ms)
}
