//! A request: what an auditor asks for, with its thread, and how it stands.
//!
//! Everything here is a step from one whole request to the next; nothing is ever taken out of a thread. Who may take
//! which step is decided here too, after the guard has asked for the permission.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    attachment::{self, Attachment},
    control::Control,
    role::{Actor, Permission, Role, Scope},
};

pub mod pasted;

/// Of a message's words, in characters.
pub const LONGEST_WORDS: usize = 8_000;
const LONGEST_TITLE: usize = 200;
/// Records one message names.
const MOST_RECORDS: usize = 20;
/// Messages of a thread.
const MOST_MESSAGES: usize = 500;
/// Of all words of a thread, in bytes. Each version holds the thread whole, so this is a sixth of what a record may
/// have, and 500 versions of it are 250 MiB at the worst.
const MOST_WORDS: usize = 1 << 20;

/// A request as it is sealed (`requests`), in one of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// 1
    pub schema: u32,
    /// "R-001"
    #[serde(rename = "_id")]
    pub id: String,
    pub title: String,
    /// What it was asked under; `None`: free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// The audit it was asked in: "A-001".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<String>,
    /// What its asker could see when they asked.
    pub scope: Scope,
    /// Never empty; the first is the question.
    pub thread: Vec<Message>,
    pub state: State,
    /// Whether the auditor wants it in bundles.
    pub in_bundle: bool,
    /// Part of the example company's invented past.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// When this version came to be.
    pub occurred_at: Moment,
    /// Who made this version.
    pub by: String,
}

/// What somebody wrote in a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub by: String,
    /// The person's id.
    pub person: String,
    pub role: Role,
    pub at: Moment,
    /// Paragraphs as they were written; may be empty where records or files say it all.
    pub words: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

/// A sealed record that a message points to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordRef {
    /// Its place in the ledger; of several versions the newest when it was pointed to.
    pub seq: u64,
    pub collection: String,
    pub id: String,
}

/// A state carries its facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum State {
    Open,
    Answered { at: Moment },
    NeedsMore { at: Moment },
    Accepted { at: Moment, by: String },
}

/// A state without its facts, as lists are filtered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Open,
    NeedsMore,
    Answered,
    Accepted,
}

impl Standing {
    pub const ALL: [Standing; 4] = [Standing::Open, Standing::NeedsMore, Standing::Answered, Standing::Accepted];

    pub fn word(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::NeedsMore => "needs more",
            Standing::Answered => "answered",
            Standing::Accepted => "accepted",
        }
    }

    /// As it is written in URLs.
    pub fn id(self) -> &'static str {
        match self {
            Standing::NeedsMore => "needs-more",
            other => other.word(),
        }
    }

    /// Whether it is this role's turn.
    pub fn waits_for(self, role: Role) -> bool {
        match self {
            Standing::Open | Standing::NeedsMore => role.may(Permission::AnswerRequests),
            Standing::Answered => role.may(Permission::AskRequests),
            Standing::Accepted => false,
        }
    }
}

/// What somebody says, before it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub words: String,
    pub records: Vec<RecordRef>,
    pub attachments: Vec<Attachment>,
}

/// A new request, before it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    pub title: String,
    pub control: Option<Control>,
    pub said: Said,
}

/// Why a step is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum RequestError {
    NotAuditor,
    NotCompany,
    NoTitle,
    LongTitle,
    ControlOutside(Control),
    NothingSaid,
    LongWords(usize),
    Unreadable,
    ManyRecords(usize),
    ManyFiles(usize),
    Full,
    Closed,
    NoAnswer,
    AcceptedAlready,
    AsItWas,
}

impl RequestError {
    /// What is wrong, and what to do.
    pub fn says(&self) -> (String, &'static str) {
        let of = |n: usize, what: &str, most: usize| format!("There are {n} {what}; a message holds at most {most}.");
        match self {
            RequestError::NotAuditor => {
                ("Only an auditor asks, accepts and asks for more.".to_owned(), "Answer it in words, records or files.")
            }
            RequestError::NotCompany => {
                ("Only the owner and operators answer.".to_owned(), "Ask for more, or accept the answer.")
            }
            RequestError::NoTitle => ("Nothing says what is asked for.".to_owned(), "Write it in a line."),
            RequestError::LongTitle => {
                (format!("The line has more than {LONGEST_TITLE} characters."), "Write the rest below it.")
            }
            RequestError::ControlOutside(control) => {
                (format!("{} lies outside your audit.", control.id()), "Choose one of its controls, or none.")
            }
            RequestError::NothingSaid => (
                "The message is empty.".to_owned(),
                "Write something, name a record or attach a file; a question needs words.",
            ),
            RequestError::LongWords(n) => (
                format!("The words have {n} characters; a message holds at most {LONGEST_WORDS}."),
                "Shorten them, or attach them as a text file.",
            ),
            RequestError::Unreadable => (
                "The words hold control characters, which nobody could read.".to_owned(),
                "Attach what a program wrote as a file.",
            ),
            RequestError::ManyRecords(n) => (of(*n, "records", MOST_RECORDS), "Name the rest in another message."),
            RequestError::ManyFiles(n) => (of(*n, "files", attachment::AT_ONCE), "Send the rest with another message."),
            RequestError::Full => ("The thread is full.".to_owned(), "Ask for the rest in another request."),
            RequestError::Closed => (
                "The request is accepted, and takes no answer any more.".to_owned(),
                "The auditor can ask for more; then it is open again.",
            ),
            RequestError::NoAnswer => {
                ("There is no answer to accept yet.".to_owned(), "Wait for one, or ask for more.")
            }
            RequestError::AcceptedAlready => ("The answer is accepted already.".to_owned(), "Nothing is left to do."),
            RequestError::AsItWas => ("The request was so already.".to_owned(), "Look at it again."),
        }
    }
}

impl Request {
    /// A new one. `scope` and `audit` are the asker's.
    pub fn ask(
        id: String,
        question: Question,
        by: &Actor,
        audit: Option<String>,
        now: Moment,
    ) -> Result<Self, RequestError> {
        auditor(by)?;
        let title = question.title.split_whitespace().collect::<Vec<_>>().join(" ");
        match title.chars().count() {
            0 => return Err(RequestError::NoTitle),
            n if n > LONGEST_TITLE => return Err(RequestError::LongTitle),
            _ if title.chars().any(char::is_control) => return Err(RequestError::Unreadable),
            _ => {}
        }
        if let Some(control) = question.control.filter(|c| !by.scope.admits_controls(&[*c])) {
            return Err(RequestError::ControlOutside(control));
        }
        // The line itself is the question; words, records and files may add to it.
        let first = message(question.said, by, now, true)?;
        Ok(Self {
            schema: 1,
            id,
            title,
            control: question.control,
            audit,
            scope: by.scope.clone(),
            thread: vec![first],
            state: State::Open,
            in_bundle: false,
            demo: false,
            occurred_at: now,
            by: by.name.clone(),
        })
    }

    /// The company answers, or adds to its answer.
    pub fn answer(self, said: Said, by: &Actor, now: Moment) -> Result<Self, RequestError> {
        company(by)?;
        match self.standing() {
            Standing::Accepted => Err(RequestError::Closed),
            Standing::Open | Standing::NeedsMore | Standing::Answered => {
                self.with(message(said, by, now, false)?, State::Answered { at: now })
            }
        }
    }

    /// The auditor is not done with it: adds to a question nobody has answered yet, sends an answer back, or takes
    /// up again what was accepted.
    pub fn ask_more(self, said: Said, by: &Actor, now: Moment) -> Result<Self, RequestError> {
        auditor(by)?;
        let state = match self.standing() {
            Standing::Open => State::Open,
            Standing::NeedsMore | Standing::Answered | Standing::Accepted => State::NeedsMore { at: now },
        };
        self.with(message(said, by, now, false)?, state)
    }

    /// The auditor has what they asked for. Also after asking for more, when the earlier answer does after all.
    pub fn accept(self, by: &Actor, now: Moment) -> Result<Self, RequestError> {
        auditor(by)?;
        match self.standing() {
            Standing::Accepted => Err(RequestError::AcceptedAlready),
            Standing::Open => Err(RequestError::NoAnswer),
            Standing::NeedsMore | Standing::Answered => {
                Ok(Self { state: State::Accepted { at: now, by: by.name.clone() }, ..self }.written(by, now))
            }
        }
    }

    /// The auditor wants it in bundles, or not.
    pub fn put_in_bundle(self, in_bundle: bool, by: &Actor, now: Moment) -> Result<Self, RequestError> {
        auditor(by)?;
        if self.in_bundle == in_bundle {
            return Err(RequestError::AsItWas);
        }
        Ok(Self { in_bundle, ..self }.written(by, now))
    }

    fn with(mut self, message: Message, state: State) -> Result<Self, RequestError> {
        let words: usize = self.thread.iter().map(|m| m.words.len()).sum();
        let files: usize = self.thread.iter().map(|m| m.attachments.len()).sum();
        if self.thread.len() >= MOST_MESSAGES
            || words + message.words.len() > MOST_WORDS
            || files + message.attachments.len() > attachment::MOST
        {
            return Err(RequestError::Full);
        }
        let (by, at) = (message.by.clone(), message.at);
        self.thread.push(message);
        Ok(Self { state, by, occurred_at: at, ..self })
    }

    fn written(self, by: &Actor, now: Moment) -> Self {
        Self { by: by.name.clone(), occurred_at: now, ..self }
    }

    pub fn standing(&self) -> Standing {
        match self.state {
            State::Open => Standing::Open,
            State::Answered { .. } => Standing::Answered,
            State::NeedsMore { .. } => Standing::NeedsMore,
            State::Accepted { .. } => Standing::Accepted,
        }
    }

    /// The question.
    pub fn first(&self) -> Option<&Message> {
        self.thread.first()
    }

    /// How far the question reaches: the asker's period, and its control, or all of theirs.
    pub fn reach(&self) -> Scope {
        let controls = self.control.map(|c| vec![c]).or_else(|| self.scope.controls.clone());
        Scope { period: self.scope.period, controls }
    }

    /// Whether somebody with this scope sees it, who looks from that audit.
    ///
    /// One audit's questions are another's secret, so an audit that is known on both sides must be the same; then its
    /// control alone is asked, because what was once asked stays with the audit though its terms may change.
    pub fn seen_by(&self, scope: &Scope, audit: Option<&str>) -> bool {
        match (audit, self.audit.as_deref()) {
            (Some(mine), Some(its)) => mine == its && self.control.is_none_or(|c| scope.admits_controls(&[c])),
            _ => self.fits(scope),
        }
    }

    /// Whether all it reaches lies inside a scope, as a bundle's must.
    pub fn fits(&self, scope: &Scope) -> bool {
        let reach = self.reach();
        scope.narrowed(&reach) == reach
    }

    /// What it answers, for lists.
    pub fn answers(&self) -> Vec<Control> {
        self.reach().controls.unwrap_or_else(|| Control::ALL.to_vec())
    }

    /// Every record its thread points to, each once.
    pub fn records(&self) -> Vec<&RecordRef> {
        let mut all: Vec<&RecordRef> = self.thread.iter().flat_map(|m| &m.records).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        self.thread.iter().flat_map(|m| &m.attachments)
    }

    /// Whether this version only adds to an older one: the same question in the same audit, its thread whole.
    pub fn adds_to(&self, older: &Request) -> bool {
        let same = |r: &Request| (r.id.clone(), r.title.clone(), r.control, r.audit.clone(), r.scope.clone());
        same(self) == same(older) && self.thread.starts_with(&older.thread)
    }
}

fn auditor(by: &Actor) -> Result<(), RequestError> {
    if by.role.may(Permission::AskRequests) { Ok(()) } else { Err(RequestError::NotAuditor) }
}

fn company(by: &Actor) -> Result<(), RequestError> {
    if by.role.may(Permission::AnswerRequests) { Ok(()) } else { Err(RequestError::NotCompany) }
}

/// Looks at what somebody says. Line ends become one kind: forms send another.
fn message(said: Said, by: &Actor, now: Moment, may_be_empty: bool) -> Result<Message, RequestError> {
    let Said { words, records, attachments } = said;
    let words = words.replace("\r\n", "\n").trim().to_owned();
    if words.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(RequestError::Unreadable);
    }
    match (words.chars().count(), records.len(), attachments.len()) {
        (0, 0, 0) if !may_be_empty => Err(RequestError::NothingSaid),
        (n, ..) if n > LONGEST_WORDS => Err(RequestError::LongWords(n)),
        (_, n, _) if n > MOST_RECORDS => Err(RequestError::ManyRecords(n)),
        (.., n) if n > attachment::AT_ONCE => Err(RequestError::ManyFiles(n)),
        _ => Ok(Message {
            by: by.name.clone(),
            person: by.id.clone(),
            role: by.role,
            at: now,
            words,
            records,
            attachments,
        }),
    }
}

#[cfg(test)]
mod tests;
