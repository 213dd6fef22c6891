//! Reviews: what waits for whom, one of them as the sheet that is signed, and writing an acceptance down.

use domain::{
    Moment,
    acceptance::{Acceptance, AcceptanceError},
    checklist::Checklist,
    drill::Drill,
    finding::Finding,
    incident::account::Account,
    proof::signoff::{Decision, Purpose, Statement},
    record::Sealed,
    review::{
        Mark, Review, Subject,
        changes::{Hunk, changes},
    },
    risk::Summary,
    role::{Actor, Permission, Role},
    runbook::{Runbook, RunbookVersion},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    ports::{NotHeld, Ports},
    problem::Problem,
};

const HERE: &str = "/reviews";

/// What the address asks for; what cannot be read is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ask {
    pub standing: Option<Mark>,
}

impl Ask {
    pub fn read(query: &ParamsMap) -> Self {
        let standing = query.get("standing").and_then(|id| Mark::ALL.into_iter().find(|mark| mark.id() == id));
        Self { standing }
    }

    /// The address of the same list under another standing.
    pub fn address(standing: Option<Mark>) -> String {
        standing.map_or_else(|| HERE.to_owned(), |mark| format!("{HERE}?standing={}", mark.id()))
    }
}

pub struct ReviewsPage {
    pub ask: Ask,
    /// Of everything in scope, by standing, those there are.
    pub counts: Vec<(Mark, usize)>,
    /// Of those asked for: what waits for the reader, what waits for others, nearest day first.
    pub mine: Vec<Review>,
    pub others: Vec<Review>,
    /// What waits for nobody, newest word first.
    pub done: Vec<Review>,
    /// All there are, to say of one what became of the other.
    pub all: Vec<Review>,
    pub not_held: Vec<NotHeld>,
    /// The reader signs something here.
    pub signs: bool,
    /// The reader may write an acceptance.
    pub accepts: bool,
    /// The acceptance just written.
    pub written: Option<Review>,
    pub refused: Option<Problem>,
    pub now: Moment,
}

pub async fn list(query: &ParamsMap) -> Result<ReviewsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let now = ports.clock.now();
    let reviewed = ports.reviews.all(&actor.scope).await?;
    let all = reviewed.reviews;
    let ask = Ask::read(query);
    let counts = Mark::ALL
        .into_iter()
        .map(|mark| (mark, all.iter().filter(|r| r.standing.mark(now) == mark).count()))
        .filter(|(_, n)| *n > 0)
        .collect();
    let shown = all.iter().filter(|r| ask.standing.is_none_or(|mark| r.standing.mark(now) == mark)).cloned();
    let (mut asked, mut done): (Vec<Review>, Vec<Review>) = shown.partition(|r| r.standing.mark(now).asks());
    asked.sort_by_key(|r| r.standing.due());
    done.sort_by_key(|r| std::cmp::Reverse(r.signatures.first().map(|s| s.seal.seq)));
    let (mine, others) = asked.into_iter().partition(|r| waits_for(r, &actor));
    let written = query.get("written").and_then(|id| all.iter().find(|r| r.subject.document == id).cloned());
    Ok(ReviewsPage {
        ask,
        counts,
        mine,
        others,
        done,
        not_held: reviewed.not_held,
        signs: Purpose::ALL.into_iter().any(|p| actor.role.may(p.permission())),
        accepts: actor.role.may(Permission::WriteAcceptances),
        written,
        refused: query.get("refused").map(|_| once::refused(HERE, "That was not written.")),
        all,
        now,
    })
}

/// Whether somebody is the one it waits for.
fn waits_for(review: &Review, actor: &Actor) -> bool {
    review.subject.purpose.waits_for() == actor.role
}

/// How many wait for somebody; the rail says it on every page.
pub async fn waiting(actor: &Actor, ports: &Ports, now: Moment) -> Result<usize, Problem> {
    if actor.role == Role::Auditor {
        return Ok(0);
    }
    let reviewed = ports.reviews.all(&actor.scope).await?;
    Ok(reviewed.reviews.iter().filter(|r| waits_for(r, actor) && r.standing.mark(now).asks()).count())
}

/// What is signed, as the sheet lists it.
pub enum Signed {
    Runbook {
        version: Box<Sealed<RunbookVersion>>,
        title: String,
        next_review: String,
    },
    Drill {
        drill: Box<Sealed<Drill>>,
        /// Those it opened.
        findings: Vec<Sealed<Finding>>,
    },
    Acceptance(Acceptance),
    Checklist(Box<Checklist>),
    Account(Box<Account>),
    Risks(Box<Summary>),
}

/// What became of the text since somebody signed it.
pub enum Since {
    /// Nothing of this kind was signed before.
    Nothing,
    /// The bytes that were signed are not here to compare with.
    Unknown,
    Changed(Vec<Hunk>),
}

/// Why somebody cannot sign here.
pub enum Hindrance {
    Role,
    /// They hold no passkey; browsers offer one here.
    NoPasskey,
    /// The portal is reached where browsers offer none.
    NoPasskeysHere,
}

pub struct ReviewPage {
    pub review: Review,
    pub signed: Signed,
    /// The same document's other signatures.
    pub others: Vec<Review>,
    pub since: Since,
    /// `None`: the reader can sign it now, if it can be signed.
    pub hindrance: Option<Hindrance>,
    /// "second signature"
    pub asks: &'static str,
    pub now: Moment,
}

pub async fn one(key: String) -> Result<ReviewPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let gone = || Problem::gone("review");
    let subject = Subject::parse(&key).ok_or_else(gone)?;
    let all = ports.reviews.all(&actor.scope).await?.reviews;
    let review = all.iter().find(|r| r.subject == subject).cloned().ok_or_else(gone)?;
    let versions = ports.runbooks.versions(&actor.scope).await?;
    let signed = match subject.purpose {
        Purpose::Approves => {
            let version = versions.iter().find(|v| v.seal.seq == review.document.seal.seq).cloned();
            let version = version.ok_or_else(gone)?;
            let front = Runbook::parse(&version.value.text).ok().map(|book| book.front);
            let (title, next_review) = front.map(|f| (f.title, f.next_review)).unwrap_or_default();
            Signed::Runbook { version: Box::new(version), title, next_review }
        }
        Purpose::Ran | Purpose::Owns => {
            let drill = ports.drills.get(&actor.scope, &subject.document).await?.ok_or_else(gone)?;
            let mut findings = ports.findings.all(&actor.scope).await?;
            findings.retain(|f| f.value.cause.as_deref() == Some(drill.id.as_str()));
            Signed::Drill { drill: Box::new(drill), findings }
        }
        Purpose::Closes => match &review.document.is {
            domain::review::Is::Checklist(checklist) => Signed::Checklist(Box::new(checklist.clone())),
            _ => return Err(gone()),
        },
        Purpose::Accounts => match &review.document.is {
            domain::review::Is::Account(account) => Signed::Account(Box::new(account.clone())),
            _ => return Err(gone()),
        },
        Purpose::Assesses => match &review.document.is {
            domain::review::Is::Risks(summary) => Signed::Risks(Box::new(summary.clone())),
            _ => return Err(gone()),
        },
        Purpose::Accepts => match &review.document.is {
            domain::review::Is::Acceptance(acceptance) => Signed::Acceptance(acceptance.clone()),
            _ => return Err(gone()),
        },
    };
    let since = since(&review, &signed, &versions);
    let others = all
        .iter()
        .filter(|r| r.subject != subject && r.subject.document == subject.document)
        .filter(|r| r.subject.purpose.collection() == subject.purpose.collection())
        .cloned()
        .collect();
    Ok(ReviewPage {
        asks: review.asks(&all),
        hindrance: hindrance(&actor, &ports, subject.purpose).await?,
        now: ports.clock.now(),
        review,
        signed,
        others,
        since,
    })
}

fn since(review: &Review, signed: &Signed, versions: &[Sealed<RunbookVersion>]) -> Since {
    let Some(before) = &review.before else { return Since::Nothing };
    let bytes = |v: &&Sealed<RunbookVersion>| v.seal.sha256 == before.statement.document.sha256;
    match (signed, versions.iter().find(bytes)) {
        (Signed::Runbook { version, .. }, Some(older)) => {
            Since::Changed(changes(&older.value.text, &version.value.text))
        }
        _ => Since::Unknown,
    }
}

async fn hindrance(actor: &Actor, ports: &Ports, purpose: Purpose) -> Result<Option<Hindrance>, Problem> {
    if !actor.role.may(purpose.permission()) {
        return Ok(Some(Hindrance::Role));
    }
    if !ports.ways.passkeys {
        return Ok(Some(Hindrance::NoPasskeysHere));
    }
    let mine = ports.passkeys.of(&actor.id).await?;
    Ok(mine.iter().all(|p| p.passkey.value.revoked.is_some()).then_some(Hindrance::NoPasskey))
}

/// The signatures asked for of one document, for the page of that document.
pub async fn of_document(
    actor: &Actor,
    ports: &Ports,
    collection: &str,
    document: &str,
) -> Result<Vec<Review>, Problem> {
    let all = ports.reviews.all(&actor.scope).await?.reviews;
    let here = |r: &Review| r.subject.document == document && r.subject.purpose.collection() == collection;
    Ok(all.into_iter().filter(here).collect())
}

/// A statement as it is shown: indented, and the same words.
pub fn shown(statement: &Statement) -> String {
    serde_json::to_string_pretty(statement).unwrap_or_default()
}

/// "approved by The founder", of the newest word.
pub fn last_word(review: &Review) -> Option<String> {
    let last = review.signatures.first()?;
    let did = review.subject.purpose.done(last.statement.decision);
    Some(format!("{did} {}", last.statement.signer.name))
}

/// Whether the newest word approves.
pub fn approves(decision: Decision) -> bool {
    decision == Decision::Approve
}

/// Writes an accepted risk or a scope exclusion down, and leads to the list where it waits for its signature.
#[server(prefix = "/reviews", endpoint = "accept")]
pub async fn write_acceptance(
    #[server(default)] what: String,
    #[server(default)] title: String,
    #[server(default)] why: String,
    #[server(default)] until: String,
) -> Result<(), Problem> {
    let written = async {
        let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::WriteAcceptances).await?;
        let now = ports.clock.now();
        let acceptance = Acceptance::write(&what, &title, &why, &until, now, &actor.name).map_err(unread)?;
        let id = ports.reviews.accept(&acceptance).await?;
        Ok(format!("{HERE}?written={}", crate::parts::encoded(&id)))
    };
    once::led(written.await, HERE)
}

fn unread(why: AcceptanceError) -> Problem {
    let (what, next) = why.says();
    Problem::bad_input(what, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_read_from_the_address_and_kept_in_the_next() {
        for mark in Mark::ALL {
            let mut query = ParamsMap::new();
            query.insert("standing", mark.id().to_owned());
            assert_eq!(Ask::read(&query).standing, Some(mark));
            assert_eq!(Ask::address(Some(mark)), format!("/reviews?standing={}", mark.id()));
        }
        assert_eq!(Ask::read(&ParamsMap::new()), Ask::default());
        assert_eq!(Ask::address(None), "/reviews");
    }
}
