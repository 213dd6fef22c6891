//! The quarterly checklist: seven sections, each item closed by records that arrived or by a person who says so.
//!
//! What records say comes first. A person's word closes an item that no record answers; beside one that records say
//! falls short it stands as an explanation and closes nothing; and what is an achievement nobody closes by hand.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    attachment::{self, Attached, Attachment, FileError},
    drill::Drill,
    finding::{Finding, State},
    judgement::{Facts, Judgement},
    reading::Reading,
    record::Sealed,
    runbook::RunbookVersion,
    schedule::{Period, Quarter},
};

mod items;

pub use items::ITEMS;

/// The parts of the run, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    Scope,
    Jobs,
    Access,
    Drill,
    Runbook,
    Findings,
    Signoff,
}

impl Section {
    pub const ALL: [Section; 7] = [
        Section::Scope,
        Section::Jobs,
        Section::Access,
        Section::Drill,
        Section::Runbook,
        Section::Findings,
        Section::Signoff,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Section::Scope => "scope",
            Section::Jobs => "jobs",
            Section::Access => "access",
            Section::Drill => "drill",
            Section::Runbook => "runbook",
            Section::Findings => "findings",
            Section::Signoff => "sign-off",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Section::Scope => "Scope and targets",
            Section::Jobs => "Job health",
            Section::Access => "Encryption and access",
            Section::Drill => "Restore drill",
            Section::Runbook => "Runbook and roles",
            Section::Findings => "Findings",
            Section::Signoff => "Sign-off and evidence",
        }
    }
}

/// One line of the checklist.
#[derive(Debug)]
pub struct Item {
    /// "alert-path"
    pub id: &'static str,
    pub section: Section,
    pub asks: &'static str,
    /// What to do where nothing answers it.
    pub next: &'static str,
    /// A person's word may close it where no record does.
    pub by_hand: bool,
    stands: fn(&Body<'_>) -> Told,
}

pub fn item(id: &str) -> Option<&'static Item> {
    ITEMS.iter().find(|item| item.id == id)
}

/// What is known of a quarter, as of its end.
pub struct Body<'a> {
    pub quarter: Quarter,
    /// Now, or the quarter's end where that is past.
    pub as_of: Moment,
    pub facts: &'a Facts,
    pub judged: &'a [Judgement],
    pub drills: &'a [Sealed<Drill>],
    pub findings: &'a [Sealed<Finding>],
    /// Newest first; the first is in force.
    pub runbooks: &'a [Sealed<RunbookVersion>],
    /// When each version was approved or approved again, and the record that says so.
    pub approved: &'a [(Moment, Rest)],
    pub readings: &'a [Sealed<Reading>],
    pub filed: &'a [Filed],
}

impl Body<'_> {
    pub fn period(&self) -> Period {
        Period { from: self.quarter.start, to: self.quarter.end }
    }

    /// Those of this quarter that were not broken off, newest first.
    pub fn drilled(&self) -> Vec<&Sealed<Drill>> {
        let mut mine: Vec<&Sealed<Drill>> = self
            .drills
            .iter()
            .filter(|d| self.period().contains(d.value.occurred_at) && d.value.abandoned.is_none())
            .collect();
        mine.sort_by_key(|d| std::cmp::Reverse(d.value.occurred_at));
        mine
    }

    /// Opened before the quarter and not closed before it.
    pub fn carried(&self) -> Vec<&Sealed<Finding>> {
        let closed_before = |f: &Finding| matches!(f.state, State::Closed { at, .. } if at < self.quarter.start);
        let mut carried: Vec<&Sealed<Finding>> = self
            .findings
            .iter()
            .filter(|f| f.value.occurred_at < self.quarter.start && !closed_before(&f.value))
            .collect();
        carried.sort_by_key(|f| (f.value.due_at, f.id.clone()));
        carried
    }
}

/// A bundle that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// "B-001"
    pub id: String,
    pub at: Moment,
    pub period: Period,
}

/// A record that something rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rest {
    pub collection: String,
    pub id: String,
}

impl Rest {
    pub fn on(collection: &str, id: &str) -> Self {
        Self { collection: collection.to_owned(), id: id.to_owned() }
    }
}

/// What records say of an item.
#[derive(Clone, Debug, PartialEq)]
enum Told {
    Answered(Vec<String>, Vec<Rest>),
    Short(Vec<String>, Vec<Rest>),
    /// What is missing.
    Nothing(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Standing {
    /// Records say that it falls short.
    #[serde(rename = "falls short")]
    Short,
    #[serde(rename = "open")]
    Open,
    #[serde(rename = "closed by hand")]
    ByHand,
    #[serde(rename = "closed")]
    Closed,
}

impl Standing {
    pub const ALL: [Standing; 4] = [Standing::Short, Standing::Open, Standing::ByHand, Standing::Closed];

    pub fn word(self) -> &'static str {
        match self {
            Standing::Short => "falls short",
            Standing::Open => "open",
            Standing::ByHand => "closed by hand",
            Standing::Closed => "closed",
        }
    }

    pub fn closed(self) -> bool {
        matches!(self, Standing::ByHand | Standing::Closed)
    }
}

/// An item and how it stands.
#[derive(Clone, Debug)]
pub struct Line {
    pub item: &'static Item,
    pub standing: Standing,
    /// What records say, or what is missing.
    pub says: Vec<String>,
    pub rests: Vec<Rest>,
    /// The newest word of a person.
    pub answer: Option<Sealed<Answer>>,
    /// When it has to be closed.
    pub due: Moment,
}

/// Every item, in its order. `answers`: the newest of each item of this quarter.
pub fn lines(body: &Body<'_>, answers: &[Sealed<Answer>]) -> Vec<Line> {
    let line = |item: &'static Item| {
        let of_it = |a: &&Sealed<Answer>| a.value.item == item.id && a.value.quarter == body.quarter.name;
        let answer = answers.iter().find(of_it).cloned();
        let closes = item.by_hand && answer.as_ref().is_some_and(|a| a.value.closes);
        let (standing, says, rests) = match (item.stands)(body) {
            Told::Answered(says, rests) => (Standing::Closed, says, rests),
            Told::Short(says, rests) => (Standing::Short, says, rests),
            Told::Nothing(says) if closes => (Standing::ByHand, says, Vec::new()),
            Told::Nothing(says) => (Standing::Open, says, Vec::new()),
        };
        Line { item, standing, says, rests, answer, due: items::due(item, body) }
    };
    ITEMS.iter().map(line).collect()
}

/// What a person wrote of an item (`checklist_answers`), word after word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// 1
    pub schema: u32,
    /// "2026-Q4"
    pub quarter: String,
    /// The item's id.
    pub item: String,
    /// Whether it closes the item, as far as a person may; otherwise it is a remark.
    pub closes: bool,
    pub note: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attached>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    pub by: String,
}

/// Characters.
pub const LONGEST_NOTE: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    #[error("There is no such item.")]
    Item,
    #[error("There is no such quarter, or it has not begun.")]
    Quarter,
    #[error("The note is missing or too long.")]
    Note,
    #[error("This is measured, and nobody closes it by hand.")]
    Measured,
    #[error(transparent)]
    File(#[from] FileError),
}

impl AnswerError {
    /// What to do about it.
    pub fn next(&self) -> &'static str {
        match self {
            AnswerError::Item | AnswerError::Quarter => "Go back to the checklist.",
            AnswerError::Note => "Write it in up to 2000 characters.",
            AnswerError::Measured => "Write a remark instead, or run the drill.",
            AnswerError::File(file) => file.next(),
        }
    }
}

impl Answer {
    /// After the word before it, whose files it keeps.
    #[allow(clippy::too_many_arguments)]
    pub fn write(
        quarter: &str,
        item: &Item,
        before: Option<&Answer>,
        closes: bool,
        note: &str,
        files: Vec<Attachment>,
        now: Moment,
        by: &str,
    ) -> Result<Self, AnswerError> {
        if Period::quarter(quarter).is_none_or(|period| period.from > now) {
            return Err(AnswerError::Quarter);
        }
        if closes && !item.by_hand {
            return Err(AnswerError::Measured);
        }
        let note = note.trim().to_owned();
        if !(1..=LONGEST_NOTE).contains(&note.chars().count()) {
            return Err(AnswerError::Note);
        }
        let mut attachments = before.map(|answer| answer.attachments.clone()).unwrap_or_default();
        for file in files {
            if attachments.iter().all(|there| there.file.sha256 != file.sha256) {
                attachments.push(Attached { file, at: now, by: by.to_owned() });
            }
        }
        if attachments.len() > attachment::MOST {
            return Err(FileError::Full.into());
        }
        Ok(Self {
            schema: 1,
            quarter: quarter.to_owned(),
            item: item.id.to_owned(),
            closes,
            note,
            attachments,
            demo: false,
            occurred_at: now,
            by: by.to_owned(),
        })
    }

    /// "2026-Q4.alert-path"
    pub fn id(&self) -> String {
        answer_id(&self.quarter, &self.item)
    }
}

pub fn answer_id(quarter: &str, item: &str) -> String {
    format!("{quarter}.{item}")
}

/// A quarter's checklist as it stood when somebody closed it (`checklists`): what is signed. Closed again it is the
/// next version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checklist {
    /// 1
    pub schema: u32,
    /// "2026-Q4"
    pub quarter: String,
    /// "1", "2"
    pub version: String,
    pub items: Vec<Stood>,
    /// Findings that were open when the quarter began.
    pub carried: Vec<Carried>,
    /// Who took part in reading the runbook.
    pub people: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    pub by: String,
}

/// An item as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    pub section: String,
    pub item: String,
    pub asks: String,
    pub standing: Standing,
    pub says: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Rest>,
    /// The person's word beside it, by its place in the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    pub note: String,
    pub by: String,
    pub at: Moment,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carried {
    pub id: String,
    pub title: String,
    pub owner: String,
    pub due_at: Moment,
    pub closed: bool,
}

impl Checklist {
    /// As it stands now, after `before` versions.
    pub fn close(body: &Body<'_>, lines: &[Line], before: usize, now: Moment, by: &str) -> Self {
        let stood = |line: &Line| Stood {
            section: line.item.section.title().to_owned(),
            item: line.item.id.to_owned(),
            asks: line.item.asks.to_owned(),
            standing: line.standing,
            says: line.says.clone(),
            records: line.rests.clone(),
            word: line.answer.as_ref().map(|answer| Word {
                note: answer.value.note.clone(),
                by: answer.value.by.clone(),
                at: answer.value.occurred_at,
                seq: answer.seal.seq,
            }),
        };
        let carried = |finding: &&Sealed<Finding>| Carried {
            id: finding.id.clone(),
            title: finding.value.title.clone(),
            owner: finding.value.owner.clone(),
            due_at: finding.value.due_at,
            closed: matches!(finding.value.state, State::Closed { .. }),
        };
        let mine = body.readings.iter().filter(|r| r.value.quarter == body.quarter.name);
        let mut people: Vec<String> = mine.flat_map(|r| r.value.people.clone()).collect();
        people.sort();
        people.dedup();
        Self {
            schema: 1,
            quarter: body.quarter.name.clone(),
            version: (before + 1).to_string(),
            items: lines.iter().map(stood).collect(),
            carried: body.carried().iter().map(carried).collect(),
            people,
            demo: false,
            occurred_at: now,
            by: by.to_owned(),
        }
    }

    pub fn of(&self, standing: Standing) -> usize {
        self.items.iter().filter(|item| item.standing == standing).count()
    }

    /// "17 of 21 items are closed, two of them by hand; one falls short and three are open."
    pub fn sentence(&self) -> String {
        sentence(&self.items.iter().map(|item| item.standing).collect::<Vec<_>>())
    }
}

pub fn sentence(standings: &[Standing]) -> String {
    let of = |standing| standings.iter().filter(|s| **s == standing).count();
    let (closed, by_hand) = (of(Standing::Closed) + of(Standing::ByHand), of(Standing::ByHand));
    let number = crate::words::number;
    let hand = match by_hand {
        0 => String::new(),
        n => format!(", {} of them by hand", number(n)),
    };
    let is = |n: usize, one: &str, many: &str| format!("{} {}", number(n), if n == 1 { one } else { many });
    let rest = match (of(Standing::Short), of(Standing::Open)) {
        (0, 0) => String::new(),
        (short, 0) => format!("; {}", is(short, "falls short", "fall short")),
        (0, open) => format!("; {}", is(open, "is open", "are open")),
        (short, open) => {
            format!("; {} and {}", is(short, "falls short", "fall short"), is(open, "is open", "are open"))
        }
    };
    format!("{closed} of {} items are closed{hand}{rest}.", standings.len())
}

#[cfg(test)]
mod tests;
