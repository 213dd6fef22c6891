//! The three clocks of an incident: tell the tenants, restore, write it down.

use super::{Incident, Standing, Step};
use crate::{Moment, verdict::Verdict, words};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Due {
    Tell,
    Restore,
    Document,
}

impl Due {
    pub fn title(self) -> &'static str {
        match self {
            Due::Tell => "Tell tenants",
            Due::Restore => "Restore",
            Due::Document => "Document it",
        }
    }

    fn step(self) -> Step {
        match self {
            Due::Tell => Step::Tenants,
            Due::Restore => Step::Production,
            Due::Document => Step::Documented,
        }
    }
}

/// One deadline, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub what: Due,
    pub from: Moment,
    pub due: Moment,
    /// When it was done, and when the portal learned of that.
    pub done: Option<(Moment, Option<Moment>)>,
    pub verdict: Option<Verdict>,
}

impl Clock {
    /// "met, 12 min before", "missed by 18 min"; of one that runs, what is left.
    pub fn says(&self, now: Moment) -> String {
        match (self.done, self.verdict) {
            (Some((at, _)), Some(Verdict::Missed)) => format!("missed by {}", words::duration(at.since(self.due))),
            (Some((at, Some(learned))), Some(Verdict::AtRisk)) if learned > self.due => format!(
                "met by the device’s clock, {} before; the portal learned of it {} after",
                words::duration(self.due.since(at)),
                words::duration(learned.since(self.due))
            ),
            (Some((at, _)), _) => format!("met, {} before", words::duration(self.due.since(at))),
            (None, Some(_)) => format!("missed, {} over", words::duration(now.since(self.due))),
            (None, None) => format!("{} left", words::duration(self.due.since(now))),
        }
    }
}

impl Incident {
    /// By what is due first. One that is done keeps its verdict; one that runs has none until it is missed.
    ///
    /// What was done in time and reached the portal late is at risk, not met: its time is the device's word.
    pub fn clocks(&self, now: Moment) -> Vec<Clock> {
        let promised = [
            (Due::Tell, Some(self.promise.tell_ms)),
            (Due::Restore, self.promise.rto_ms),
            (Due::Document, Some(self.promise.document_ms)),
        ];
        let end = match (self.standing(), &self.called_off) {
            (Standing::CalledOff, Some((at, _))) => *at,
            _ => now,
        };
        let mut clocks: Vec<Clock> = promised
            .into_iter()
            .filter_map(|(what, ms)| {
                let due = self.declared_at.plus_millis(ms?);
                let done = self.done(what.step()).map(|done| (done.at, done.learned_at));
                let verdict = match done {
                    Some((at, _)) if at > due => Some(Verdict::Missed),
                    Some((_, Some(learned))) if learned > due => Some(Verdict::AtRisk),
                    Some(_) => Some(Verdict::Met),
                    None if end > due => Some(Verdict::Missed),
                    None => None,
                };
                Some(Clock { what, from: self.declared_at, due, done, verdict })
            })
            .collect();
        clocks.sort_by_key(|clock| (clock.due, clock.what));
        clocks
    }
}
