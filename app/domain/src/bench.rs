//! The bench: who was trained for which duty in a recovery, and when last.
//!
//! A drill trains those it names. Other trainings are written down by a person, with the day and how it was done.

use serde::{Deserialize, Serialize};

use crate::{Moment, drill::Drill, record::Sealed, schedule::Period, words};

/// What somebody does in a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// Decides.
    Commander,
    /// Tells tenants and the status page.
    Comms,
    /// Writes down what was done when.
    Scribe,
}

impl Duty {
    pub const ALL: [Duty; 3] = [Duty::Commander, Duty::Comms, Duty::Scribe];

    pub fn id(self) -> &'static str {
        match self {
            Duty::Commander => "commander",
            Duty::Comms => "comms",
            Duty::Scribe => "scribe",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| duty.id() == id)
    }

    /// "Incident commander"
    pub fn title(self) -> &'static str {
        match self {
            Duty::Commander => "Incident commander",
            Duty::Comms => "Comms lead",
            Duty::Scribe => "Scribe",
        }
    }

    /// As a drill's record names it; a role that is none of these trains for none.
    pub fn of_role(role: &str) -> Option<Self> {
        match role.trim().to_lowercase().as_str() {
            "incident commander" | "commander" => Some(Duty::Commander),
            "comms lead" | "communications lead" | "comms" | "communications" => Some(Duty::Comms),
            "scribe" => Some(Duty::Scribe),
            _ => None,
        }
    }
}

/// A training that was no drill of this portal (`trainings`). It never changes; another one follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Training {
    /// 1
    pub schema: u32,
    pub duty: Duty,
    pub person: String,
    /// "Tabletop exercise with the on-call team"
    pub how: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// The day it was held, by its first instant.
    pub occurred_at: Moment,
    /// The name of who wrote it down.
    pub by: String,
}

/// So many trained commanders there should be: one on call, one asleep, one on holiday.
pub const COMMANDERS: usize = 3;
/// A training counts for a year.
pub const HOLDS_MS: i64 = 366 * 24 * 3600 * 1000;
const LONGEST_NAME: usize = 120;
const LONGEST_HOW: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum TrainingError {
    Duty,
    Person,
    How,
    Day,
    Future,
}

impl TrainingError {
    /// What is wrong, and what to do.
    pub fn says(self) -> (&'static str, &'static str) {
        match self {
            TrainingError::Duty => ("It is not said for what.", "Choose commander, comms or scribe."),
            TrainingError::Person => ("The name is missing or too long.", "Write it in up to 120 characters."),
            TrainingError::How => {
                ("It is not said how they were trained, or too long.", "Write it in up to 400 characters.")
            }
            TrainingError::Day => ("The day does not read as one.", "Write it as 2026-11-25."),
            TrainingError::Future => ("The day is still to come.", "Write a training down once it was held."),
        }
    }
}

impl Training {
    /// From a form's fields as they were written.
    pub fn write(duty: &str, person: &str, day: &str, how: &str, now: Moment, by: &str) -> Result<Self, TrainingError> {
        let line = |text: &str, longest: usize| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            (1..=longest).contains(&text.chars().count()).then_some(text)
        };
        let day = Period::days(day.trim(), day.trim()).ok_or(TrainingError::Day)?.from;
        let training = Self {
            schema: 1,
            duty: Duty::from_id(duty).ok_or(TrainingError::Duty)?,
            person: line(person, LONGEST_NAME).ok_or(TrainingError::Person)?,
            how: line(how, LONGEST_HOW).ok_or(TrainingError::How)?,
            demo: false,
            occurred_at: day,
            by: by.to_owned(),
        };
        if day > now { Err(TrainingError::Future) } else { Ok(training) }
    }

    /// The same training always has the same id, so that a form sent twice is written once.
    pub fn id(&self) -> String {
        let said = [self.duty.id(), &self.person, &words::date(self.occurred_at), &self.how].join("\n");
        format!("T-{}", &crate::proof::sha256_hex(said.as_bytes())[..10])
    }
}

/// Somebody's last training for a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trained {
    pub duty: Duty,
    pub person: String,
    pub at: Moment,
    /// "drill D-2026-11-16", or the training's own words.
    pub how: String,
    /// The collection and the id of the record that says so.
    pub record: (&'static str, String),
}

impl Trained {
    pub fn holds(&self, now: Moment) -> bool {
        now.since(self.at) <= HOLDS_MS
    }
}

/// Everybody's last training for each duty: by duty, the newest first.
pub fn bench(trainings: &[Sealed<Training>], drills: &[Sealed<Drill>]) -> Vec<Trained> {
    let held = trainings.iter().map(|training| Trained {
        duty: training.value.duty,
        person: training.value.person.clone(),
        at: training.value.occurred_at,
        how: training.value.how.clone(),
        record: ("trainings", training.id.clone()),
    });
    let drilled = drills.iter().filter(|drill| drill.value.abandoned.is_none()).flat_map(|drill| {
        drill.value.people.iter().filter_map(|person| {
            Some(Trained {
                duty: Duty::of_role(&person.role)?,
                person: person.name.clone(),
                at: drill.value.occurred_at,
                how: format!("drill {}", drill.id),
                record: ("backup_drill_results", drill.id.clone()),
            })
        })
    });
    let mut all: Vec<Trained> = held.chain(drilled).collect();
    all.sort_by(|a, b| (a.duty, b.at, &a.person).cmp(&(b.duty, a.at, &b.person)));
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|trained| seen.insert((trained.duty, trained.person.to_lowercase())));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Seal;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a time")
    }

    fn sealed(training: Training) -> Sealed<Training> {
        let seal = Seal { seq: 1, sha256: String::new(), at: training.occurred_at, by: String::new(), broken: false };
        Sealed { id: training.id(), value: training, seal }
    }

    #[test]
    fn a_training_is_read_or_refused_with_what_to_write() {
        let now = at("2026-11-25T12:00:00Z");
        let write = |duty, person, day, how| Training::write(duty, person, day, how, now, "Founder");
        let good = write("commander", " Operator\tone ", "2026-11-25", "Tabletop").expect("it reads");
        assert_eq!((good.person.as_str(), good.duty), ("Operator one", Duty::Commander));
        assert_eq!(good.id(), write("commander", "Operator one", "2026-11-25", " Tabletop").expect("same").id());
        let long = "x".repeat(121);
        for (duty, person, day, how, error) in [
            ("boss", "a", "2026-11-25", "h", TrainingError::Duty),
            ("comms", " ", "2026-11-25", "h", TrainingError::Person),
            ("comms", &long, "2026-11-25", "h", TrainingError::Person),
            ("comms", "a", "2026-11-25", "", TrainingError::How),
            ("comms", "a", "yesterday", "h", TrainingError::Day),
            ("comms", "a", "2026-11-26", "h", TrainingError::Future),
        ] {
            assert_eq!(write(duty, person, day, how), Err(error), "{day}");
        }
    }

    #[test]
    fn of_somebody_the_last_training_counts_and_holds_a_year() {
        let train = |person: &str, day: &str| {
            let now = at("2026-11-25T12:00:00Z");
            sealed(Training::write("commander", person, day, "Tabletop", now, "Founder").expect("it reads"))
        };
        let bench = bench(&[train("A", "2025-01-01"), train("a", "2026-01-01"), train("B", "2025-11-01")], &[]);
        let told: Vec<_> = bench.iter().map(|t| (t.person.as_str(), t.holds(at("2026-11-25T00:00:00Z")))).collect();
        assert_eq!(told, [("a", true), ("B", false)]);
        for duty in Duty::ALL {
            assert_eq!((Duty::from_id(duty.id()), Duty::of_role(duty.title())), (Some(duty), Some(duty)));
        }
    }
}
