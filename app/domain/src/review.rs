//! Reviews: which sealed documents wait for whose signature, since when, until when, and how each stands.
//!
//! A standing follows from the bytes that are sealed now: a signature over other bytes, of an earlier version or of a
//! record that was altered since, is said and counts for nothing here.

use crate::{
    Moment,
    acceptance::Acceptance,
    checklist::Checklist,
    drill::Drill,
    incident::account::Account,
    proof::signoff::{Decision, Purpose, Statement},
    record::{Seal, Sealed},
    risk::Summary,
    role::{Permission, Role},
    runbook::{Runbook, RunbookVersion},
    schedule::Period,
    words,
};

pub mod changes;
pub mod remind;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// A document that was filed is signed within seven days.
const FIRST_DAYS: i64 = 7;
/// What is due within seven days is due soon, and a signature given then counts for the next time.
const SOON_MS: i64 = 7 * DAY_MS;

/// One signature that is asked for: what it says, of which document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    pub purpose: Purpose,
    /// The record's `_id`.
    pub document: String,
}

impl Subject {
    /// As it stands in addresses: "owns.D-20261116-130210".
    pub fn key(&self) -> String {
        format!("{}.{}", self.purpose.id(), self.document)
    }

    pub fn parse(key: &str) -> Option<Self> {
        let (purpose, document) = key.split_once('.')?;
        let purpose = Purpose::from_id(purpose)?;
        (!document.is_empty()).then(|| Self { purpose, document: document.to_owned() })
    }

    /// What a finding names as its cause when this was overdue then.
    pub fn cause(&self, due: Moment) -> String {
        format!("{}@{}", self.key(), words::date(due))
    }

    /// Back from a finding's cause; `None` when something else caused it.
    pub fn of_cause(cause: &str) -> Option<Self> {
        Self::parse(cause.rsplit_once('@')?.0)
    }
}

impl Purpose {
    /// Who is asked for it. Others may be allowed to give it too.
    pub fn waits_for(self) -> Role {
        match self {
            Purpose::Ran => Role::Operator,
            Purpose::Approves
            | Purpose::Owns
            | Purpose::Accepts
            | Purpose::Closes
            | Purpose::Accounts
            | Purpose::Assesses => Role::Owner,
        }
    }

    pub fn permission(self) -> Permission {
        match self {
            Purpose::Ran => Permission::SignAsRunner,
            Purpose::Approves
            | Purpose::Owns
            | Purpose::Accepts
            | Purpose::Closes
            | Purpose::Accounts
            | Purpose::Assesses => Permission::SignAsOwner,
        }
    }

    /// The sentence that is signed, as it stands above the button.
    pub fn sentence(self) -> &'static str {
        match self {
            Purpose::Approves => "I have read this version. It is how we recover.",
            Purpose::Ran => "I ran this drill. The record says what happened.",
            Purpose::Owns => "I have read this record. It is a fair account of the drill.",
            Purpose::Accepts => "I have read this. We accept it until the day it names.",
            Purpose::Closes => "I have read this checklist. It says how our backups stood.",
            Purpose::Accounts => "I have read this account. It says what was lost and what we did.",
            Purpose::Assesses => "I have read this assessment. These are the risks we carry.",
        }
    }

    /// What a signature did, before the signer's name: "approved by", and what it did when it sent back.
    pub fn done(self, decision: Decision) -> &'static str {
        match (decision, self) {
            (Decision::Return, _) => "sent back by",
            (_, Purpose::Approves) => "approved by",
            (_, Purpose::Ran) => "signed, as who ran it, by",
            (_, Purpose::Owns) => "signed, as who owns it, by",
            (_, Purpose::Accepts) => "accepted by",
            (_, Purpose::Closes | Purpose::Accounts | Purpose::Assesses) => "signed by",
        }
    }
}

/// A sealed document that can be signed, with what its due days follow from.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub id: String,
    /// A runbook's own, or a checklist's; "1" for a record that never changes.
    pub version: String,
    /// Of the bytes that are to be signed.
    pub seal: Seal,
    pub is: Is,
}

/// What a document is.
#[derive(Clone, Debug, PartialEq)]
pub enum Is {
    Runbook {
        approved: Moment,
        /// The last instant of the day its front matter names.
        next_review: Option<Moment>,
        /// The first version is in force; of those before it nothing is asked any more.
        in_force: bool,
    },
    Drill {
        occurred_at: Moment,
        /// An invented past: no restore stands behind it, so there is nothing to sign.
        demo: bool,
    },
    Acceptance(Acceptance),
    Checklist(Checklist),
    Account(Account),
    Risks(Summary),
}

impl Document {
    /// From the versions, newest first.
    pub fn runbooks(versions: &[Sealed<RunbookVersion>]) -> Vec<Self> {
        let document = |(at, sealed): (usize, &Sealed<RunbookVersion>)| {
            let read = Runbook::parse(&sealed.value.text).ok();
            let day = read.and_then(|book| Period::days(&book.front.next_review, &book.front.next_review));
            let is = Is::Runbook {
                approved: sealed.value.occurred_at,
                next_review: day.map(|day| day.last_day()),
                in_force: at == 0,
            };
            Self { id: sealed.id.clone(), version: sealed.value.version.clone(), seal: sealed.seal.clone(), is }
        };
        versions.iter().enumerate().map(document).collect()
    }

    pub fn drill(sealed: &Sealed<Drill>) -> Self {
        let is = Is::Drill { occurred_at: sealed.value.occurred_at, demo: sealed.value.demo };
        Self { id: sealed.id.clone(), version: "1".to_owned(), seal: sealed.seal.clone(), is }
    }

    pub fn acceptance(sealed: &Sealed<Acceptance>) -> Self {
        let is = Is::Acceptance(sealed.value.clone());
        Self { id: sealed.id.clone(), version: "1".to_owned(), seal: sealed.seal.clone(), is }
    }

    pub fn checklist(sealed: &Sealed<Checklist>) -> Self {
        let is = Is::Checklist(sealed.value.clone());
        Self { id: sealed.id.clone(), version: sealed.value.version.clone(), seal: sealed.seal.clone(), is }
    }

    pub fn account(sealed: &Sealed<Account>) -> Self {
        let is = Is::Account(sealed.value.clone());
        Self { id: sealed.id.clone(), version: sealed.value.version.clone(), seal: sealed.seal.clone(), is }
    }

    pub fn risks(sealed: &Sealed<Summary>) -> Self {
        let is = Is::Risks(sealed.value.clone());
        Self { id: sealed.id.clone(), version: sealed.value.version.clone(), seal: sealed.seal.clone(), is }
    }

    /// "Runbook 1.0", "Drill of 16 November 2026", "Accepted risk: one copy"
    pub fn title(&self) -> String {
        match &self.is {
            Is::Runbook { .. } => format!("Runbook {}", self.version),
            Is::Drill { occurred_at, .. } => format!("Drill of {}", words::long_date(*occurred_at)),
            Is::Acceptance(acceptance) => format!("{}: {}", acceptance.what.title(), acceptance.title),
            Is::Checklist(checklist) => format!("Checklist of {}", checklist.quarter),
            Is::Account(account) => format!("Account of {}", account.incident),
            Is::Risks(summary) => format!("Risk assessment of {}", summary.quarter),
        }
    }

    /// The collection it is sealed in.
    pub fn collection(&self) -> &'static str {
        match &self.is {
            Is::Runbook { .. } => Purpose::Approves.collection(),
            Is::Drill { .. } => Purpose::Owns.collection(),
            Is::Acceptance(_) => Purpose::Accepts.collection(),
            Is::Checklist(_) => Purpose::Closes.collection(),
            Is::Account(_) => Purpose::Accounts.collection(),
            Is::Risks(_) => Purpose::Assesses.collection(),
        }
    }

    /// The signatures it asks for.
    pub fn purposes(&self) -> &'static [Purpose] {
        match &self.is {
            Is::Runbook { .. } => &[Purpose::Approves],
            Is::Drill { demo: true, .. } => &[],
            Is::Drill { demo: false, .. } => &[Purpose::Ran, Purpose::Owns],
            Is::Acceptance(_) => &[Purpose::Accepts],
            Is::Checklist(checklist) if checklist.demo => &[],
            Is::Checklist(_) => &[Purpose::Closes],
            Is::Account(account) if account.demo => &[],
            Is::Account(_) => &[Purpose::Accounts],
            Is::Risks(_) => &[Purpose::Assesses],
        }
    }

    /// When its first signature is due: within the week, and not later than the document itself says.
    fn due(&self) -> Moment {
        let week = day_end(self.seal.at.plus_millis(FIRST_DAYS * DAY_MS));
        match &self.is {
            Is::Runbook { next_review: Some(review), .. } => week.min(*review),
            Is::Acceptance(acceptance) => week.min(acceptance.until),
            _ => week,
        }
    }

    /// How long a signature given then holds; `None`: for ever.
    ///
    /// A runbook's first signature holds until the review its text names. One given when that was due already, or
    /// soon, holds as long again as the text gave itself.
    fn holds_until(&self, signed: Moment) -> Option<Moment> {
        match &self.is {
            Is::Runbook { approved, next_review: Some(review), .. } => {
                let again = day_end(signed.plus_millis(review.since(*approved).max(0)));
                Some(if review.since(signed) > SOON_MS { *review } else { again.max(*review) })
            }
            Is::Acceptance(acceptance) => Some(acceptance.until),
            _ => None,
        }
    }
}

/// The last instant of the day.
fn day_end(at: Moment) -> Moment {
    let day = words::date(at);
    Period::days(&day, &day).map_or(at, |day| day.last_day())
}

/// A sign-off that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// "S-…"
    pub id: String,
    pub statement: Statement,
    pub seal: Seal,
}

impl Signature {
    /// The portal's clock when the statement was written.
    pub fn at(&self) -> Moment {
        self.statement.at().unwrap_or(self.seal.at)
    }

    fn is_over(&self, document: &Document) -> bool {
        let signed = &self.statement.document;
        (&signed.id, &signed.version, &signed.sha256) == (&document.id, &document.version, &document.seal.sha256)
    }
}

/// How one signature stands. A state carries its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not given over these bytes.
    Waiting { since: Moment, due: Moment },
    Signed {
        /// `None`: for ever.
        until: Option<Moment>,
    },
    /// Sent back, and nothing since.
    Returned { note: String, by: String, at: Moment, due: Moment },
    /// The record in the database is not what was sealed: nothing can be signed before that is understood.
    Altered { due: Moment },
    /// An acceptance whose day is over.
    Lapsed { at: Moment },
    /// A later version took its place before it was signed.
    Replaced,
}

/// What a list shows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    Overdue,
    Altered,
    Returned,
    DueSoon,
    Waiting,
    Lapsed,
    Replaced,
    Signed,
}

impl Mark {
    pub const ALL: [Mark; 8] = [
        Mark::Overdue,
        Mark::Altered,
        Mark::Returned,
        Mark::DueSoon,
        Mark::Waiting,
        Mark::Lapsed,
        Mark::Replaced,
        Mark::Signed,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Mark::Overdue => "overdue",
            Mark::Altered => "altered",
            Mark::Returned => "sent back",
            Mark::DueSoon => "due soon",
            Mark::Waiting => "waiting",
            Mark::Lapsed => "lapsed",
            Mark::Replaced => "replaced, unsigned",
            Mark::Signed => "signed",
        }
    }

    /// As it is written in addresses.
    pub fn id(self) -> &'static str {
        match self {
            Mark::Returned => "sent-back",
            Mark::DueSoon => "due-soon",
            Mark::Replaced => "replaced",
            other => other.word(),
        }
    }

    /// Somebody has to do something.
    pub fn asks(self) -> bool {
        !matches!(self, Mark::Lapsed | Mark::Replaced | Mark::Signed)
    }
}

impl Standing {
    /// When it must be signed, while it is not.
    pub fn due(&self) -> Option<Moment> {
        match self {
            Standing::Waiting { due, .. } | Standing::Returned { due, .. } | Standing::Altered { due } => Some(*due),
            Standing::Signed { .. } | Standing::Lapsed { .. } | Standing::Replaced => None,
        }
    }

    pub fn overdue(&self, now: Moment) -> bool {
        self.due().is_some_and(|due| due < now)
    }

    pub fn mark(&self, now: Moment) -> Mark {
        match self {
            Standing::Altered { .. } => Mark::Altered,
            _ if self.overdue(now) => Mark::Overdue,
            Standing::Waiting { since, due } => {
                // Of a time shorter than two weeks, its second half.
                let soon = SOON_MS.min(due.since(*since) / 2);
                if due.since(now) <= soon { Mark::DueSoon } else { Mark::Waiting }
            }
            Standing::Returned { .. } => Mark::Returned,
            Standing::Signed { .. } => Mark::Signed,
            Standing::Lapsed { .. } => Mark::Lapsed,
            Standing::Replaced => Mark::Replaced,
        }
    }
}

/// One signature that is asked for, with everything said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    pub subject: Subject,
    pub document: Document,
    pub standing: Standing,
    /// Over these very bytes, newest first, those that sent back too.
    pub signatures: Vec<Signature>,
    /// The newest that approved other bytes: an earlier version, or the same record before it was altered.
    pub before: Option<Signature>,
}

impl Review {
    /// The signature that holds now.
    pub fn signed(&self) -> Option<&Signature> {
        match self.standing {
            Standing::Signed { .. } | Standing::Lapsed { .. } => {
                self.signatures.first().filter(|s| s.statement.decision == Decision::Approve)
            }
            _ => None,
        }
    }

    /// What is asked for next: "second signature" of a drill, whose first is given already.
    pub fn asks(&self, others: &[Review]) -> &'static str {
        let of = |r: &&Review| r.document.id == self.document.id && r.subject != self.subject;
        match self.subject.purpose {
            Purpose::Approves if self.before.is_some() || !self.signatures.is_empty() => "to be reviewed again",
            Purpose::Approves => "to be approved",
            Purpose::Accepts => "to be accepted",
            Purpose::Closes | Purpose::Accounts | Purpose::Assesses if self.before.is_some() => "to be signed again",
            Purpose::Closes | Purpose::Accounts | Purpose::Assesses => "to be signed",
            Purpose::Ran | Purpose::Owns if others.iter().filter(of).any(|r| r.signed().is_some()) => {
                "second signature"
            }
            Purpose::Ran => "by who ran it",
            Purpose::Owns => "by who owns it",
        }
    }
}

/// Every signature that is asked for or was given, in the order of the documents.
pub fn reviews(documents: &[Document], signatures: &[Signature], now: Moment) -> Vec<Review> {
    let mut all = Vec::new();
    for document in documents {
        all.extend(document.purposes().iter().map(|purpose| review(document, *purpose, signatures, now)));
    }
    all
}

fn review(document: &Document, purpose: Purpose, signatures: &[Signature], now: Moment) -> Review {
    let newest_first = |mut some: Vec<Signature>| {
        some.sort_by_key(|s| std::cmp::Reverse(s.seal.seq));
        some
    };
    let (here, elsewhere): (Vec<Signature>, Vec<Signature>) =
        signatures.iter().filter(|s| s.statement.purpose == purpose).cloned().partition(|s| s.is_over(document));
    // Versions of a runbook follow one another; of other records only the same one can have been signed before.
    let asked = !matches!(document.is, Is::Runbook { in_force: false, .. });
    let first = here.iter().map(|s| s.seal.seq).min().unwrap_or(u64::MAX);
    let follows = |s: &Signature| purpose == Purpose::Approves || s.statement.document.id == document.id;
    let approved = |s: &Signature| s.statement.decision == Decision::Approve && s.seal.seq < first;
    let before = newest_first(elsewhere).into_iter().find(|s| asked && approved(s) && follows(s));
    let signatures = newest_first(here);
    Review {
        subject: Subject { purpose, document: document.id.clone() },
        standing: standing(document, &signatures, now),
        document: document.clone(),
        signatures,
        before,
    }
}

/// From the signatures over these bytes, newest first.
fn standing(document: &Document, signatures: &[Signature], now: Moment) -> Standing {
    let (filed, due) = (document.seal.at, document.due());
    if document.seal.broken {
        return Standing::Altered { due };
    }
    if let Is::Acceptance(acceptance) = &document.is
        && acceptance.until < now
    {
        return Standing::Lapsed { at: acceptance.until };
    }
    match signatures.first() {
        None if matches!(document.is, Is::Runbook { in_force: false, .. }) => Standing::Replaced,
        None => Standing::Waiting { since: filed, due },
        Some(last) if last.statement.decision == Decision::Return => Standing::Returned {
            note: last.statement.note.clone().unwrap_or_default(),
            by: last.statement.signer.name.clone(),
            at: last.at(),
            due,
        },
        Some(last) => match document.holds_until(last.at()) {
            Some(until) if matches!(document.is, Is::Runbook { in_force: true, .. }) && until.since(now) <= SOON_MS => {
                // Due again: the last one counts until its day, and a new one for the time after it.
                Standing::Waiting { since: last.at(), due: until }
            }
            until => Standing::Signed { until },
        },
    }
}

#[cfg(test)]
mod tests;
