//! A finding: something that fell short, with owner, due date and the evidence that closed it.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    attachment::{self, Attached, Attachment, FileError},
    control::Control,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub schema: u32,
    /// "F-006"
    #[serde(rename = "_id")]
    pub id: String,
    pub title: String,
    pub severity: Severity,
    /// What found it: "Drill 2026-05-18", "Attestation", "Runbook review".
    pub found_by: String,
    /// The record that opened it: a drill's or a gap's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Of one that stands for many with a cause in common: each of theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<String>,
    pub what: String,
    pub why: String,
    #[serde(default)]
    pub plan: String,
    pub owner: String,
    pub due_at: Moment,
    pub state: State,
    pub controls: Vec<Control>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attached>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// When it was opened.
    pub occurred_at: Moment,
    pub by: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }

    /// So long there is to mend what opened by itself.
    pub fn due_ms(self) -> i64 {
        let days = match self {
            Severity::High => 14,
            Severity::Medium => 30,
            Severity::Low => 90,
        };
        days * 24 * 3600 * 1000
    }
}

/// A state carries its facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum State {
    Open,
    Closed { at: Moment, evidence: String },
}

/// What a list shows of a finding's deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Overdue,
    /// Within seven days.
    DueSoon,
    Open,
    Closed,
}

impl Standing {
    pub const ALL: [Standing; 4] = [Standing::Overdue, Standing::DueSoon, Standing::Open, Standing::Closed];

    pub fn word(self) -> &'static str {
        match self {
            Standing::Overdue => "overdue",
            Standing::DueSoon => "due soon",
            Standing::Open => "open",
            Standing::Closed => "closed",
        }
    }

    /// As it is written in URLs.
    pub fn id(self) -> &'static str {
        match self {
            Standing::DueSoon => "due-soon",
            other => other.word(),
        }
    }
}

const SOON_MS: i64 = 7 * 24 * 3600 * 1000;

impl Finding {
    pub fn standing(&self, now: Moment) -> Standing {
        match &self.state {
            State::Closed { .. } => Standing::Closed,
            State::Open if self.due_at < now => Standing::Overdue,
            State::Open if self.due_at.since(now) <= SOON_MS => Standing::DueSoon,
            State::Open => Standing::Open,
        }
    }

    /// The same finding with files put on it. A file that is on it already stays as it is.
    pub fn attach(mut self, files: Vec<Attachment>, by: &str, now: Moment) -> Result<Self, FileError> {
        if files.is_empty() {
            return Err(FileError::None);
        }
        for file in files {
            if self.attachments.iter().all(|there| there.file.sha256 != file.sha256) {
                self.attachments.push(Attached { file, at: now, by: by.to_owned() });
            }
        }
        if self.attachments.len() > attachment::MOST { Err(FileError::Full) } else { Ok(self) }
    }

    /// Whether it belongs to a period: opened in it, or opened before and still open in it.
    pub fn touches(&self, from: Moment, to: Moment) -> bool {
        let ended_before = matches!(&self.state, State::Closed { at, .. } if *at < from);
        self.occurred_at < to && !ended_before
    }
}
