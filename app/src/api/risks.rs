//! The risk assessment summary of a quarter, as the records tell it now or as it was sealed.

use domain::{
    Moment,
    proof::signoff::Purpose,
    record::Sealed,
    review::{Is, Review, Subject},
    risk::{Body, Comment, CommentError, Summary},
    role::{Actor, Permission, Scope},
    schedule::{Period, quarter_of},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{parts::encoded, ports::Ports, problem::Problem};

const HERE: &str = "/risks";

pub fn address(quarter: &str) -> String {
    format!("{HERE}/{}", encoded(quarter))
}

pub struct RisksPage {
    pub quarter: String,
    /// What is shown: as it stands now, or as it was sealed. `None`: nothing was sealed, and the reader sees no more.
    pub summary: Option<Summary>,
    pub sealed: Option<Sealed<Summary>>,
    /// Quarters that were sealed, newest first.
    pub quarters: Vec<String>,
    pub review: Option<Review>,
    /// The reader may comment and seal.
    pub works: bool,
    pub refused: Option<Problem>,
    pub words: String,
    pub now: Moment,
}

pub async fn load(quarter: Option<String>, query: &ParamsMap) -> Result<RisksPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let now = ports.clock.now();
    let newest = quarter_of(actor.scope.period.map_or(now, |period| now.min(period.last_day())));
    let name = quarter.unwrap_or(newest);
    let gone = || Problem::gone("risk assessment");
    let period = Period::quarter(&name).filter(|p| p.from <= now && quarter_of(p.from) == name).ok_or_else(gone)?;
    let seen = actor.scope.period.is_none_or(|p| p.from < period.to && period.from < p.to);
    let works = actor.role.may(Permission::WorkChecklist);
    let all = ports.risks.summaries(&actor.scope).await?;
    let sealed = all.iter().find(|s| s.id == name).cloned();
    // An auditor reads what was sealed, to the letter.
    let summary = match (&sealed, works) {
        _ if !seen => return Err(gone()),
        (sealed, false) => sealed.as_ref().map(|sealed| sealed.value.clone()),
        (sealed, true) => {
            let comments = sealed.as_ref().map(|s| s.value.comments.clone()).unwrap_or_default();
            Some(made(&ports, &name, period, comments, sealed.as_ref(), &actor.name).await?)
        }
    };
    let subject = Subject { purpose: Purpose::Assesses, document: name.clone() };
    let review = ports.reviews.all(&actor.scope).await?.reviews.into_iter().find(|r| r.subject == subject);
    let path = address(&name);
    let refused = query.get("refused").map(|_| once::refused(&path, "The comment was not taken."));
    Ok(RisksPage {
        words: refused.as_ref().and_then(|_| once::take::<String>(WORDS, &path)).unwrap_or_default(),
        quarters: all.iter().map(|s| s.id.clone()).collect(),
        quarter: name,
        summary,
        sealed,
        review,
        works,
        refused,
        now,
    })
}

const WORDS: &str = "passmuster-risks";

async fn made(
    ports: &Ports,
    name: &str,
    quarter: Period,
    comments: Vec<Comment>,
    before: Option<&Sealed<Summary>>,
    by: &str,
) -> Result<Summary, Problem> {
    let everything = Scope::EVERYTHING;
    let now = ports.clock.now();
    let reviews = ports.reviews.all(&everything).await?.reviews;
    let accepted = reviews.iter().filter(|r| r.signed().is_some()).filter_map(|r| match &r.document.is {
        Is::Acceptance(acceptance) => Some(acceptance.clone()),
        _ => None,
    });
    let accepted: Vec<_> = accepted.collect();
    let (incidents, _) = super::incidents::registry(ports, &everything).await?;
    let body = Body {
        quarter,
        name,
        now,
        drills: &ports.drills.all(&everything).await?,
        incidents: &incidents,
        findings: &ports.findings.all(&everything).await?,
        accepted: &accepted,
        comments,
    };
    let nth = before.map_or(0, |before| before.value.version.parse().unwrap_or(0));
    Ok(Summary::of(body, nth, by))
}

/// Seals the quarter as the records tell it, with a comment where one is given. `seen`: the one it follows.
#[server(prefix = "/risks", endpoint = "seal")]
pub async fn seal_summary(
    #[server(default)] quarter: String,
    #[server(default)] seen: String,
    #[server(default)] words: String,
) -> Result<(), Problem> {
    let path = address(&quarter);
    let written = write(&quarter, &seen, &words).await;
    if written.is_err() {
        once::leave(WORDS, &path, &words, false);
    }
    once::led_back(written, &path, &format!("{path}?refused=1#comment"))
}

async fn write(name: &str, seen: &str, words: &str) -> Result<String, Problem> {
    let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::WorkChecklist).await?;
    let now = ports.clock.now();
    let gone = || Problem::gone("risk assessment");
    let period = Period::quarter(name).filter(|p| p.from <= now && quarter_of(p.from) == name).ok_or_else(gone)?;
    let before = ports.risks.summaries(&Scope::EVERYTHING).await?.into_iter().find(|s| s.id == name);
    let mut comments = before.as_ref().map(|s| s.value.comments.clone()).unwrap_or_default();
    if !words.trim().is_empty() {
        let said = |why: CommentError| Problem::bad_input(&why.to_string(), "Write it in up to 2000 characters.");
        comments.push(Comment::write(words, comments.len(), now, &actor.name).map_err(said)?);
    }
    let summary = made(&ports, name, period, comments, before.as_ref(), &actor.name).await?;
    ports.risks.seal(&summary, seen.parse().ok()).await?;
    let subject = Subject { purpose: Purpose::Assesses, document: name.to_owned() };
    Ok(match actor.role.may(Purpose::Assesses.permission()) {
        true => crate::parts::review_href(&subject),
        false => format!("{}#sealed", address(name)),
    })
}
