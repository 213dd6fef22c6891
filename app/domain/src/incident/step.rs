//! The steps of a recovery, in order, and the gates between them. A gate is a rule here and nowhere else: the phone
//! asks it before it writes, the timeline says where it was not kept.

use serde::{Deserialize, Serialize};

use super::{Did, Incident, Standing};
use crate::{Moment, target::Scenario, words};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Whatever does the harm is stopped.
    Hold,
    Staging,
    Verified,
    Swap,
    Production,
    Tenants,
    Status,
    Documented,
}

impl Step {
    pub const ALL: [Step; 8] = [
        Step::Hold,
        Step::Staging,
        Step::Verified,
        Step::Swap,
        Step::Production,
        Step::Tenants,
        Step::Status,
        Step::Documented,
    ];
    /// Those that bring the data back, in order.
    pub const PATH: [Step; 5] = [Step::Hold, Step::Staging, Step::Verified, Step::Swap, Step::Production];

    pub fn id(self) -> &'static str {
        match self {
            Step::Hold => "hold",
            Step::Staging => "staging",
            Step::Verified => "verified",
            Step::Swap => "swap",
            Step::Production => "production",
            Step::Tenants => "tenants",
            Step::Status => "status",
            Step::Documented => "documented",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.id() == id)
    }

    /// What to do, as it stands beside the box.
    pub fn asks(self, scenario: Scenario) -> &'static str {
        match (self, scenario) {
            (Step::Hold, _) => "Stop what does the harm: the job, the release, the account.",
            (Step::Staging, Scenario::Document | Scenario::Collection) => {
                "Restore it to staging. Never straight over production."
            }
            (Step::Staging, _) => "Bring the copy up beside production. Never straight over it.",
            (Step::Verified, _) => "Verify staging: count what is back.",
            (Step::Swap, Scenario::Document | Scenario::Collection) => "Swap: put what was verified into production.",
            (Step::Swap, _) => "Swap: point the application at the copy.",
            (Step::Production, _) => "Check production: the count, the newest write, one page of the application.",
            (Step::Tenants, _) => "Tell the tenants concerned.",
            (Step::Status, _) => "Put it on the status page.",
            (Step::Documented, _) => "Write it into the registry: what was lost, what was done, what is left.",
        }
    }

    /// "Staging verified"
    pub fn done(self) -> &'static str {
        match self {
            Step::Hold => "The harm is stopped",
            Step::Staging => "Restored to staging",
            Step::Verified => "Staging verified",
            Step::Swap => "Swapped",
            Step::Production => "Production serves again",
            Step::Tenants => "Tenants told",
            Step::Status => "Status page changed",
            Step::Documented => "Written into the registry",
        }
    }

    /// The step before it that must be done.
    fn after(self) -> Option<Step> {
        match self {
            Step::Verified => Some(Step::Staging),
            Step::Swap => Some(Step::Verified),
            Step::Production => Some(Step::Swap),
            _ => None,
        }
    }

    pub fn counts(self) -> bool {
        self == Step::Verified
    }

    /// Its note is what is asked for.
    pub fn tells(self) -> bool {
        self == Step::Documented
    }
}

/// Why something may not be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    After(Step, Step),
    Count,
    Words,
    Twice(Step),
    NotDone(Step),
    StandsOn(Step, Step),
    /// The recovery point was taken after the loss.
    PointLater(Moment),
    Future,
    Time,
    Over,
    /// A loss of this kind is open.
    Open(String),
    Loss,
    Person,
    NoIncident,
    NoPoint,
    Act,
}

impl Refusal {
    /// What is wrong, and what to do.
    pub fn says(&self) -> (String, String) {
        let (what, next): (String, &str) = match self {
            Refusal::After(Step::Swap, _) => (
                "Stop. Staging is not verified, so nothing is swapped into production.".to_owned(),
                "Verify staging and write down the count; then the swap unlocks.",
            ),
            Refusal::After(step, before) => (
                format!("“{}” comes after “{}”, which is not done.", step.done(), before.done()),
                "Do that first, or write a note of what was done instead.",
            ),
            Refusal::Count => {
                ("It is not said how many were counted.".to_owned(), "Count in staging and write the number.")
            }
            Refusal::Words => ("Words are missing, or too long.".to_owned(), "Write up to 2000 characters."),
            Refusal::Twice(step) => {
                (format!("“{}” is ticked already.", step.done()), "Take it back first, if it was wrong.")
            }
            Refusal::NotDone(step) => (format!("“{}” is not ticked.", step.done()), "There is nothing to take back."),
            Refusal::StandsOn(step, later) => {
                (format!("“{}” rests on “{}”.", later.done(), step.done()), "Take the later one back first.")
            }
            Refusal::PointLater(lost) => (
                format!(
                    "That was taken after the loss of {} UTC, so it does not hold what was lost.",
                    words::date_time(*lost)
                ),
                "Choose one from before.",
            ),
            Refusal::Future => ("That time is still to come.".to_owned(), "Write the time it happened, in UTC."),
            Refusal::Time => ("The time does not read as one.".to_owned(), "Write it as 2026-11-25T09:18, in UTC."),
            Refusal::Over => ("This incident was called off.".to_owned(), "Write a note, or declare the loss again."),
            Refusal::Open(id) => (
                format!("A loss of this kind is open already: {id}."),
                "Work on that one, or say that this is another loss.",
            ),
            Refusal::Loss => {
                ("It is not said what was lost.".to_owned(), "Choose one of the four, and write what it was.")
            }
            Refusal::Person => ("The name is missing or too long.".to_owned(), "Write it in up to 120 characters."),
            Refusal::NoIncident => ("There is no such incident here.".to_owned(), "Declare the loss first."),
            Refusal::NoPoint => ("It is not said which recovery point.".to_owned(), "Choose one, or write a moment."),
            Refusal::Act => ("That is nothing that can be done here.".to_owned(), "Load the page again."),
        };
        (what, next.to_owned())
    }
}

impl Incident {
    /// Whether this may be done now.
    pub fn allows(&self, did: &Did, now: Moment) -> Result<(), Refusal> {
        if self.standing() == Standing::CalledOff && !matches!(did, Did::Note { .. } | Did::Join { .. }) {
            return Err(Refusal::Over);
        }
        match did {
            Did::Declare { .. } => Err(Refusal::Open(self.id.clone())),
            Did::Tick { step, note, count } => {
                if self.done(*step).is_some() {
                    return Err(Refusal::Twice(*step));
                }
                if let Some(before) = step.after().filter(|before| self.done(*before).is_none()) {
                    return Err(Refusal::After(*step, before));
                }
                if step.counts() && count.is_none() {
                    return Err(Refusal::Count);
                }
                if step.tells() && note.trim().is_empty() { Err(Refusal::Words) } else { Ok(()) }
            }
            Did::TakeBack { step, .. } => {
                if self.done(*step).is_none() {
                    return Err(Refusal::NotDone(*step));
                }
                let later = Step::ALL.into_iter().find(|s| s.after() == Some(*step) && self.done(*s).is_some());
                later.map_or(Ok(()), |later| Err(Refusal::StandsOn(*step, later)))
            }
            Did::Lost { at } if *at > now => Err(Refusal::Future),
            Did::Point { taken_at, .. } => match self.lost_at {
                Some(lost) if *taken_at > lost => Err(Refusal::PointLater(lost)),
                _ if *taken_at > now => Err(Refusal::Future),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
