//! The account of an incident: what was lost, what it took, why it happened, what follows. Its figures come from the
//! acts; a person adds the cause and what is to change.

use serde::{Deserialize, Serialize};

use super::{Incident, LONGEST, Standing};
use crate::{Moment, finding::Severity, target::Scenario, verdict::Verdict, words};

/// An incident as somebody accounted for it (`incidents`), version after version: what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// 1
    pub schema: u32,
    /// "I-20261125-0931-7f3a"
    pub incident: String,
    /// "1", "2"
    pub version: String,
    pub scenario: Scenario,
    pub what: String,
    pub standing: String,
    pub declared_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Moment>,
    pub measured: Achieved,
    pub deadlines: Vec<Kept>,
    /// The ledger entries of the acts it rests on.
    pub acts: Vec<u64>,
    /// Of these, so many came out of order.
    pub out_of_order: usize,
    pub root_cause: String,
    pub failure_mode: FailureMode,
    /// How likely it is to happen again as things are.
    pub again: Severity,
    /// What is to change, a finding each.
    pub follow_ups: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    pub by: String,
}

/// Measured as a drill's figures are, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Achieved {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rto_ms: Option<i64>,
    pub rto: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpo_ms: Option<i64>,
    pub rpo: Verdict,
}

/// A deadline, and whether it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// "Tell tenants"
    pub what: String,
    pub due: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub verdict: Verdict,
    pub says: String,
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureMode {
    Person,
    Release,
    Job,
    Vendor,
    Hardware,
    Attack,
    Unknown,
}

impl FailureMode {
    pub const ALL: [FailureMode; 7] = [
        FailureMode::Person,
        FailureMode::Release,
        FailureMode::Job,
        FailureMode::Vendor,
        FailureMode::Hardware,
        FailureMode::Attack,
        FailureMode::Unknown,
    ];

    pub fn id(self) -> &'static str {
        match self {
            FailureMode::Person => "person",
            FailureMode::Release => "release",
            FailureMode::Job => "job",
            FailureMode::Vendor => "vendor",
            FailureMode::Hardware => "hardware",
            FailureMode::Attack => "attack",
            FailureMode::Unknown => "unknown",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.id() == id)
    }

    pub fn title(self) -> &'static str {
        match self {
            FailureMode::Person => "Somebody’s act",
            FailureMode::Release => "A release or a migration",
            FailureMode::Job => "A job that ran wild",
            FailureMode::Vendor => "A vendor’s failure",
            FailureMode::Hardware => "Hardware or a region",
            FailureMode::Attack => "An attack",
            FailureMode::Unknown => "Not known yet",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum AccountError {
    Open,
    Cause,
    Mode,
    Again,
    FollowUps,
    Waiting,
}

impl AccountError {
    /// What is wrong, and what to do.
    pub fn says(self) -> (&'static str, &'static str) {
        match self {
            AccountError::Open => {
                ("The incident is still open.", "Work it to its end, or call it off; then account for it.")
            }
            AccountError::Cause => ("The root cause is missing or too long.", "Write it in up to 2000 characters."),
            AccountError::Mode => ("It is not said what failed.", "Choose one; “not known yet” is one of them."),
            AccountError::Again => ("It is not said how likely it is to happen again.", "Choose low, medium or high."),
            AccountError::FollowUps => {
                ("What is to change is too much.", "Write up to ten lines of up to 200 characters each.")
            }
            AccountError::Waiting => ("Some of its acts are not sealed yet.", "Try again in a minute."),
        }
    }
}

/// What a person adds, as a form says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub root_cause: String,
    pub failure_mode: String,
    pub again: String,
    /// One a line.
    pub follow_ups: String,
}

impl Account {
    /// The first one of an invented past, whose acts have no seals when it is made.
    pub fn invented(incident: &Incident, words: &Words, now: Moment, by: &str) -> Self {
        Self::made(incident, words, 0, now, by).unwrap_or_else(|why| panic!("an invented account is one: {why}"))
    }

    /// As the incident stands now, after `before` versions.
    pub fn write(
        incident: &Incident,
        words: &Words,
        before: usize,
        now: Moment,
        by: &str,
    ) -> Result<Self, AccountError> {
        if incident.standing() == Standing::Open {
            return Err(AccountError::Open);
        }
        if incident.waiting() > 0 {
            return Err(AccountError::Waiting);
        }
        Self::made(incident, words, before, now, by)
    }

    fn made(incident: &Incident, words: &Words, before: usize, now: Moment, by: &str) -> Result<Self, AccountError> {
        let root_cause = words.root_cause.trim().to_owned();
        if !(1..=LONGEST).contains(&root_cause.chars().count()) {
            return Err(AccountError::Cause);
        }
        let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut follow_ups: Vec<String> = words.follow_ups.lines().map(line).filter(|l| !l.is_empty()).collect();
        follow_ups.dedup();
        if follow_ups.len() > 10 || follow_ups.iter().any(|l| l.chars().count() > 200) {
            return Err(AccountError::FollowUps);
        }
        let again = [Severity::Low, Severity::Medium, Severity::High].into_iter().find(|s| s.word() == words.again);
        Ok(Self {
            schema: 1,
            incident: incident.id.clone(),
            version: (before + 1).to_string(),
            scenario: incident.scenario,
            what: incident.what.clone(),
            standing: incident.standing().word().to_owned(),
            declared_at: incident.declared_at,
            lost_at: incident.lost_at,
            restored_at: incident.done(super::Step::Production).map(|done| done.at),
            measured: Achieved {
                restore_ms: incident.restore_ms(),
                rto_ms: incident.promise.rto_ms,
                rto: incident.rto(),
                lost_ms: incident.lost_ms(),
                rpo_ms: incident.promise.rpo_ms,
                rpo: incident.rpo(),
            },
            deadlines: incident
                .clocks(now)
                .into_iter()
                .map(|clock| Kept {
                    what: clock.what.title().to_owned(),
                    due: clock.due,
                    done_at: clock.done.map(|(at, _)| at),
                    learned_at: clock.done.and_then(|(_, learned)| learned),
                    verdict: clock.verdict.unwrap_or(Verdict::Untested),
                    says: if clock.verdict.is_some() { clock.says(now) } else { "not decided".to_owned() },
                })
                .collect(),
            acts: incident.lines.iter().filter_map(|line| Some(line.acted.seal.as_ref()?.seq)).collect(),
            out_of_order: incident.lines.iter().filter(|line| line.out_of_order.is_some()).count(),
            root_cause,
            failure_mode: FailureMode::from_id(&words.failure_mode).ok_or(AccountError::Mode)?,
            again: again.ok_or(AccountError::Again)?,
            follow_ups,
            demo: incident.demo,
            occurred_at: now,
            by: by.to_owned(),
        })
    }

    pub fn words(&self) -> Words {
        Words {
            root_cause: self.root_cause.clone(),
            failure_mode: self.failure_mode.id().to_owned(),
            again: self.again.word().to_owned(),
            follow_ups: self.follow_ups.join("\n"),
        }
    }

    /// "Restored in 62 min of 2 h; 83 min of data did not come back, of 6 h; every deadline was kept."
    pub fn sentence(&self) -> String {
        let of = |promised: Option<i64>| promised.map_or(String::new(), |ms| format!(" of {}", words::duration(ms)));
        let restored = match self.measured.restore_ms {
            Some(took) => format!("Restored in {}{}", words::duration(took), of(self.measured.rto_ms)),
            None => words::capital(&self.standing),
        };
        let lost = self.measured.lost_ms.map_or(String::new(), |lost| {
            format!("; {} of data did not come back{}", words::duration(lost), of(self.measured.rpo_ms))
        });
        let missed: Vec<String> =
            self.deadlines.iter().filter(|d| d.verdict == Verdict::Missed).map(|d| d.what.to_lowercase()).collect();
        let kept = match (missed.as_slice(), self.deadlines.iter().any(|d| d.verdict == Verdict::Untested)) {
            ([], false) => "; every deadline was kept".to_owned(),
            ([], true) => String::new(),
            (missed, _) => format!("; missed: {}", missed.join(", ")),
        };
        format!("{restored}{lost}{kept}.")
    }
}
