//! An incident: a real loss, as the acts of the people who worked on it tell it.
//!
//! Each act is a record of its own, written where it was done, with or without a connection, and sealed once. What an
//! incident is follows from its acts in the order of their times: nothing is typed over, nothing starred, nothing
//! hidden. An act that came out of order counts, and is said to have come so.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    bench::Duty,
    record::Seal,
    target::{Scenario, Target},
    verdict::Verdict,
    words,
};

pub mod account;
pub mod clock;
pub mod miss;
pub mod step;
pub mod write;

pub use clock::{Clock, Due};
pub use step::{Refusal, Step};

/// Characters of a note, of what was lost, of a reason.
pub const LONGEST: usize = 2000;
const LONGEST_NAME: usize = 120;
/// Acts of one incident from one device.
pub const MOST: u32 = 5000;

/// What somebody did (`incident_acts`). It never changes; what was wrong is taken back by another act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// 1
    pub schema: u32,
    /// "I-20261125-0931-7f3a"
    pub incident: String,
    /// A random name of the device it was written on: eight hex digits.
    pub device: String,
    /// The device's own count of what it wrote, from 1. Device and number together are the act's name, so that one
    /// that is sent twice is there once.
    pub number: u32,
    pub did: Did,
    /// The device had no connection when it was written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    /// By the device's own clock.
    pub device_at: Moment,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// By the portal's clock: the device's, corrected by what it was off when the act was brought.
    pub occurred_at: Moment,
    /// When its incident was declared, by the portal's clock, which adds it: an incident is one whole and belongs to
    /// that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<Moment>,
    pub by: String,
    /// The name of who brought it, where that is somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brought_by: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Did {
    Declare {
        scenario: Scenario,
        what: String,
        promise: Promise,
    },
    /// Somebody takes a part.
    Cast {
        duty: Duty,
        person: String,
    },
    /// When the data was lost.
    Lost {
        at: Moment,
    },
    /// The recovery point that is restored; `taken_at` is the moment it brings back.
    Point {
        name: String,
        taken_at: Moment,
    },
    Tick {
        step: Step,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        /// What was counted, where the step asks for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<u64>,
    },
    TakeBack {
        step: Step,
        why: String,
    },
    Note {
        says: String,
    },
    /// Another incident is the same loss, declared twice.
    Join {
        other: String,
    },
    CallOff {
        why: String,
    },
}

/// What the runbook in force promised when the loss was declared, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Promise {
    pub runbook_version: String,
    /// `None`: it promises nothing for this loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rto_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpo_ms: Option<i64>,
    pub tell_ms: i64,
    pub document_ms: i64,
}

impl Promise {
    pub const TELL_MS: i64 = 3_600_000;
    pub const DOCUMENT_MS: i64 = 24 * 3_600_000;

    pub fn of(version: &str, target: Option<&Target>, (tell_ms, document_ms): (i64, i64)) -> Self {
        Self {
            runbook_version: version.to_owned(),
            rto_ms: target.map(|t| t.rto_ms),
            rpo_ms: target.map(|t| t.rpo_ms),
            tell_ms,
            document_ms,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    #[error("its {0} is not one")]
    Name(&'static str),
    #[error("its words are missing, or longer than {LONGEST} characters")]
    Words,
    #[error("its version is {0}, which this portal does not read")]
    Schema(u32),
    #[error("its time is more than a day ahead")]
    Future,
}

impl Act {
    /// "I-20261125-0931-7f3a.1f0c9a22.3"
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.incident, self.device, self.number)
    }

    /// Whether it is one this program writes; `now` by the portal's clock. The order of steps is no matter here: what
    /// was done is kept.
    pub fn fit(&self, now: Moment) -> Result<(), ActError> {
        if self.schema != 1 {
            return Err(ActError::Schema(self.schema));
        }
        if !is_incident(&self.incident) {
            return Err(ActError::Name("incident"));
        }
        if self.device.len() != 8 || !self.device.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ActError::Name("device"));
        }
        if !(1..=MOST).contains(&self.number) {
            return Err(ActError::Name("number"));
        }
        if self.occurred_at.since(now) > 86_400_000 {
            return Err(ActError::Future);
        }
        let fits = |text: &str, longest: usize| (1..=longest).contains(&text.trim().chars().count());
        let said = match &self.did {
            Did::Declare { what, promise, .. } => fits(what, LONGEST) && promise.runbook_version.len() <= LONGEST_NAME,
            Did::Cast { person, .. } => fits(person, LONGEST_NAME),
            Did::Lost { .. } => true,
            Did::Point { name, .. } => fits(name, LONGEST_NAME * 4),
            Did::Tick { note, .. } => note.chars().count() <= LONGEST,
            Did::TakeBack { why, .. } | Did::CallOff { why } => fits(why, LONGEST),
            Did::Note { says } => fits(says, LONGEST),
            Did::Join { other } => is_incident(other) && *other != self.incident,
        };
        if said && fits(&self.by, LONGEST_NAME) { Ok(()) } else { Err(ActError::Words) }
    }

    /// What was done, in words.
    pub fn says(&self) -> String {
        match &self.did {
            Did::Declare { scenario, what, .. } => format!("Declared: {}. {what}", scenario.title()),
            Did::Cast { duty, person } => format!("{}: {person}", duty.title()),
            Did::Lost { at } => format!("Lost at {} UTC", words::date_time(*at)),
            Did::Point { name, taken_at } => {
                format!("To be restored: {name}, of {} UTC", words::date_time(*taken_at))
            }
            Did::Tick { step, note, count } => {
                let count = count.map(|n| format!(", {} counted", words::count(n.min(i64::MAX as u64) as i64)));
                let note = if note.is_empty() { String::new() } else { format!(". {note}") };
                format!("{}{}{note}", step.done(), count.unwrap_or_default())
            }
            Did::TakeBack { step, why } => format!("Taken back: {}. {why}", step.done()),
            Did::Note { says } => says.clone(),
            Did::Join { other } => format!("The same loss as {other}"),
            Did::CallOff { why } => format!("Called off. {why}"),
        }
    }
}

/// "I-20261125-0931-7f3a"
pub fn name(now: Moment, device: &str) -> String {
    format!("I-{}-{}", now.utc().format("%Y%m%d-%H%M"), device.get(..4).unwrap_or(device))
}

pub fn is_incident(id: &str) -> bool {
    let mut parts = id.split('-');
    let digits =
        |part: Option<&str>, n: usize| part.is_some_and(|p| p.len() == n && p.bytes().all(|b| b.is_ascii_digit()));
    parts.next() == Some("I")
        && digits(parts.next(), 8)
        && digits(parts.next(), 4)
        && parts.next().is_some_and(|p| p.len() == 4 && p.bytes().all(|b| b.is_ascii_hexdigit()))
        && parts.next().is_none()
}

/// An act, and its place in the ledger once the portal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    pub act: Act,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub acted: Acted,
    /// Why it should not have been done then.
    pub out_of_order: Option<Refusal>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub at: Moment,
    pub by: String,
    pub note: String,
    pub count: Option<u64>,
    /// When the portal learned of it; `None`: it has not yet.
    pub learned_at: Option<Moment>,
}

/// An incident as its acts tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub id: String,
    pub scenario: Scenario,
    pub what: String,
    pub promise: Promise,
    pub declared_at: Moment,
    pub declared_by: String,
    pub lost_at: Option<Moment>,
    pub point: Option<(String, Moment)>,
    /// The last word on each part.
    pub cast: Vec<(Duty, String)>,
    pub done: Vec<(Step, Done)>,
    pub called_off: Option<(Moment, String)>,
    /// Other names the same loss was declared under.
    pub joined: Vec<String>,
    /// In the order of their times.
    pub lines: Vec<Line>,
    pub demo: bool,
}

/// How an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Open,
    /// Production serves again; something is still to be told or written.
    Restored,
    Over,
    CalledOff,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Restored => "restored",
            Standing::Over => "over",
            Standing::CalledOff => "called off",
        }
    }
}

/// The incidents of these acts, the newest first. The same act twice counts once; acts of an incident that nobody
/// declared here wait for their declaration.
pub fn incidents(mut acts: Vec<Acted>) -> Vec<Incident> {
    // A seal is the better word on an act that is there twice.
    acts.sort_by_key(|acted| (acted.act.id(), acted.seal.is_none()));
    acts.dedup_by_key(|acted| acted.act.id());
    acts.sort_by_key(|acted| (acted.act.occurred_at, acted.act.device.clone(), acted.act.number));
    let mut all: Vec<Incident> = Vec::new();
    let names = joined(&acts);
    let own = |id: &str| names.iter().find(|(name, _)| name == id).map_or(id.to_owned(), |(_, of)| of.clone());
    for acted in acts {
        let id = own(&acted.act.incident);
        match all.iter_mut().find(|incident| incident.id == id) {
            Some(incident) => incident.add(acted),
            None => all.extend(Incident::declared(&id, acted)),
        }
    }
    all.sort_by_key(|incident| std::cmp::Reverse(incident.declared_at));
    all
}

/// Each name that another one stands for: of names that were joined, the one declared first.
fn joined(acts: &[Acted]) -> Vec<(String, String)> {
    let declared: Vec<&str> = acts
        .iter()
        .filter(|acted| matches!(acted.act.did, Did::Declare { .. }))
        .map(|acted| acted.act.incident.as_str())
        .collect();
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for acted in acts {
        let Did::Join { other } = &acted.act.did else { continue };
        let pair = [acted.act.incident.as_str(), other.as_str()];
        let (mut with, without): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group: &Vec<&str>| group.iter().any(|name| pair.contains(name)));
        with.push(pair.to_vec());
        groups = without;
        groups.push(with.concat());
    }
    let mut names = Vec::new();
    for group in groups {
        let Some(first) = declared.iter().find(|id| group.contains(id)) else { continue };
        names.extend(group.iter().map(|name| ((*name).to_owned(), (*first).to_owned())));
    }
    names
}

impl Incident {
    fn declared(id: &str, acted: Acted) -> Option<Self> {
        let Did::Declare { scenario, what, promise } = &acted.act.did else { return None };
        Some(Self {
            id: id.to_owned(),
            scenario: *scenario,
            what: what.clone(),
            promise: promise.clone(),
            declared_at: acted.act.occurred_at,
            declared_by: acted.act.by.clone(),
            lost_at: None,
            point: None,
            cast: Vec::new(),
            done: Vec::new(),
            called_off: None,
            joined: Vec::new(),
            demo: acted.act.demo,
            lines: vec![Line { acted, out_of_order: None }],
        })
    }

    fn add(&mut self, acted: Acted) {
        let act = &acted.act;
        let declared_again = matches!(act.did, Did::Declare { .. }) && act.incident != self.id;
        let out_of_order = if declared_again { None } else { self.allows(&act.did, act.occurred_at).err() };
        if act.incident != self.id && !self.joined.contains(&act.incident) {
            self.joined.push(act.incident.clone());
        }
        match &act.did {
            Did::Declare { .. } | Did::Note { .. } | Did::Join { .. } => {}
            Did::Cast { duty, person } => {
                self.cast.retain(|(taken, _)| taken != duty);
                self.cast.push((*duty, person.clone()));
                self.cast.sort();
            }
            Did::Lost { at } => self.lost_at = Some(*at),
            Did::Point { name, taken_at } => self.point = Some((name.clone(), *taken_at)),
            // Of two phones that ticked the same, the first one's time counts.
            Did::Tick { step, .. } if self.done(*step).is_some() => {}
            Did::Tick { step, note, count } => self.done.push((
                *step,
                Done {
                    at: act.occurred_at,
                    by: act.by.clone(),
                    note: note.clone(),
                    count: *count,
                    // Nobody learned of an invented past in time.
                    learned_at: acted.seal.as_ref().filter(|_| !act.demo).map(|seal| seal.at),
                },
            )),
            Did::TakeBack { step, .. } => self.done.retain(|(taken, _)| taken != step),
            Did::CallOff { why } => {
                self.called_off.get_or_insert((act.occurred_at, why.clone()));
            }
        }
        self.lines.push(Line { acted, out_of_order });
    }

    pub fn done(&self, step: Step) -> Option<&Done> {
        self.done.iter().find(|(taken, _)| *taken == step).map(|(_, done)| done)
    }

    pub fn holder(&self, duty: Duty) -> Option<&str> {
        self.cast.iter().find(|(taken, _)| *taken == duty).map(|(_, person)| person.as_str())
    }

    pub fn standing(&self) -> Standing {
        let restored = self.done(Step::Production).is_some();
        let told = self.done(Step::Tenants).is_some() && self.done(Step::Documented).is_some();
        match (&self.called_off, restored, told) {
            (Some(_), ..) => Standing::CalledOff,
            (None, true, true) => Standing::Over,
            (None, true, false) => Standing::Restored,
            _ => Standing::Open,
        }
    }

    /// From the declaration until production served again, in milliseconds. Nobody types it.
    pub fn restore_ms(&self) -> Option<i64> {
        Some(self.done(Step::Production)?.at.since(self.declared_at))
    }

    /// What was written between the moment that was brought back and the loss, in milliseconds.
    pub fn lost_ms(&self) -> Option<i64> {
        self.done(Step::Swap)?;
        Some(self.lost_at?.since(self.point.as_ref()?.1).max(0))
    }

    pub fn rto(&self) -> Verdict {
        match (self.restore_ms(), self.promise.rto_ms) {
            (Some(took), Some(promise)) => Verdict::of(took, promise),
            _ => Verdict::Untested,
        }
    }

    pub fn rpo(&self) -> Verdict {
        match (self.lost_ms(), self.promise.rpo_ms) {
            (Some(lost), Some(promise)) => Verdict::of(lost, promise),
            _ => Verdict::Untested,
        }
    }

    /// Acts that the portal does not have yet.
    pub fn waiting(&self) -> usize {
        self.lines.iter().filter(|line| line.acted.seal.is_none()).count()
    }
}

#[cfg(test)]
mod tests;
