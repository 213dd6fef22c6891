//! What the company accepts instead of mending it: a risk, or something left out of the scope. Never without an end.

use serde::{Deserialize, Serialize};

use crate::{Moment, schedule::Period, words};

/// One acceptance (`acceptances`). It never changes; another one follows it. It counts for nothing until it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acceptance {
    /// 1
    pub schema: u32,
    pub what: What,
    /// What is accepted: "No offsite copy of the search index".
    pub title: String,
    pub why: String,
    /// The last instant of the day it ends on.
    pub until: Moment,
    /// When it was written.
    pub occurred_at: Moment,
    /// The name of who wrote it.
    pub by: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A risk that stays.
    Risk,
    /// Something that is not backed up, tested or watched here.
    Exclusion,
}

impl What {
    pub const ALL: [What; 2] = [What::Risk, What::Exclusion];

    pub fn id(self) -> &'static str {
        match self {
            What::Risk => "risk",
            What::Exclusion => "exclusion",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.id() == id)
    }

    /// "Accepted risk"
    pub fn title(self) -> &'static str {
        match self {
            What::Risk => "Accepted risk",
            What::Exclusion => "Scope exclusion",
        }
    }
}

/// Characters, so that a title stays a line and a reason a paragraph.
pub const LONGEST_TITLE: usize = 120;
pub const LONGEST_WHY: usize = 2_000;
/// A year and a day: who accepts something looks at it once a year.
const LONGEST_MS: i64 = 367 * 24 * 3600 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum AcceptanceError {
    What,
    Title,
    Why,
    Day,
    Past,
    TooLong,
}

impl AcceptanceError {
    /// What is wrong, and what to do.
    pub fn says(self) -> (&'static str, &'static str) {
        match self {
            AcceptanceError::What => ("It is not said what is accepted.", "Choose a risk or a scope exclusion."),
            AcceptanceError::Title => ("The first line is missing or too long.", "Write it in up to 120 characters."),
            AcceptanceError::Why => ("The reason is missing or too long.", "Write it in up to 2000 characters."),
            AcceptanceError::Day => ("The last day does not read as one.", "Write it as 2026-11-25."),
            AcceptanceError::Past => ("The last day is over.", "Choose one that is still to come."),
            AcceptanceError::TooLong => ("It would hold for more than a year.", "Choose a day within a year."),
        }
    }
}

impl Acceptance {
    /// From a form's fields as they were written.
    pub fn write(
        what: &str,
        title: &str,
        why: &str,
        until: &str,
        now: Moment,
        by: &str,
    ) -> Result<Self, AcceptanceError> {
        let text = |text: &str, longest: usize| {
            let text = text.trim();
            (1..=longest).contains(&text.chars().count()).then(|| text.to_owned())
        };
        let one_line = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let until = Period::days(until.trim(), until.trim()).ok_or(AcceptanceError::Day)?.last_day();
        let acceptance = Self {
            schema: 1,
            what: What::from_id(what).ok_or(AcceptanceError::What)?,
            title: text(&one_line, LONGEST_TITLE).ok_or(AcceptanceError::Title)?,
            why: text(why, LONGEST_WHY).ok_or(AcceptanceError::Why)?,
            until,
            occurred_at: now,
            by: by.to_owned(),
        };
        match until.since(now) {
            ..=0 => Err(AcceptanceError::Past),
            ms if ms > LONGEST_MS => Err(AcceptanceError::TooLong),
            _ => Ok(acceptance),
        }
    }

    /// The same text always has the same id, so that a form sent twice is written once.
    pub fn id(&self) -> String {
        let said = format!("{}\n{}\n{}\n{}", self.what.id(), self.title, self.why, words::date(self.until));
        format!("A-{}", &crate::proof::sha256_hex(said.as_bytes())[..10])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acceptance_is_read_or_refused_with_what_to_write() {
        let now = Moment::parse("2026-11-24T12:00:00Z").expect("a time");
        let write = |what, title, why, until| Acceptance::write(what, title, why, until, now, "The founder");
        let good = write("risk", " One\n copy ", " It costs more than it saves. ", "2027-05-31").expect("it reads");
        assert_eq!((good.title.as_str(), good.why.as_str()), ("One copy", "It costs more than it saves."));
        assert_eq!(words::date(good.until), "2027-05-31");
        assert_eq!(
            good.id(),
            write("risk", "One copy", "It costs more than it saves.", "2027-05-31").expect("same").id()
        );
        assert_ne!(
            good.id(),
            write("exclusion", "One copy", "It costs more than it saves.", "2027-05-31").expect("x").id()
        );
        let long = "x".repeat(121);
        for (what, title, why, until, error) in [
            ("both", "t", "w", "2027-05-31", AcceptanceError::What),
            ("risk", " ", "w", "2027-05-31", AcceptanceError::Title),
            ("risk", &long, "w", "2027-05-31", AcceptanceError::Title),
            ("risk", "t", "\n", "2027-05-31", AcceptanceError::Why),
            ("risk", "t", "w", "31 May", AcceptanceError::Day),
            ("risk", "t", "w", "2026-11-23", AcceptanceError::Past),
            ("risk", "t", "w", "2027-11-27", AcceptanceError::TooLong),
        ] {
            assert_eq!(write(what, title, why, until), Err(error), "{until}");
        }
        assert!(write("risk", "t", "w", "2026-11-24").is_ok(), "today is not over");
        assert!(write("risk", "t", "w", "2027-11-24").is_ok(), "a year");
    }
}
