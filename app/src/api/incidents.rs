//! The registry of incidents: what was lost, what was done when, and how somebody accounted for it.

use domain::{
    Moment,
    control::answer::Loss,
    incident::{
        Incident, Standing,
        account::{Account, AccountError, Words},
        incidents,
    },
    proof::signoff::Purpose,
    record::Sealed,
    review::{Review, Subject},
    role::{Actor, Permission, Scope},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    parts::encoded,
    ports::{PortError, Ports},
    problem::Problem,
};

const HERE: &str = "/incidents";

pub fn address(id: &str) -> String {
    format!("{HERE}/{}", encoded(id))
}

pub struct IncidentsPage {
    /// The newest first.
    pub incidents: Vec<(Incident, Option<Sealed<Account>>)>,
    /// Of accounts, by the incident's name.
    pub signed: Vec<String>,
    /// The reader may declare a loss.
    pub works: bool,
    pub now: Moment,
}

pub struct IncidentPage {
    pub incident: Incident,
    pub account: Option<Sealed<Account>>,
    pub review: Option<Review>,
    pub works: bool,
    pub refused: Option<Problem>,
    /// What the form holds.
    pub words: Words,
    pub now: Moment,
}

pub async fn list() -> Result<IncidentsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let (incidents, signed) = registry(&ports, &actor.scope).await?;
    Ok(IncidentsPage { incidents, signed, works: actor.role.may(Permission::WorkIncidents), now: ports.clock.now() })
}

/// How many losses are worked on; the rail says it on every page.
pub async fn open(actor: &Actor, ports: &Ports) -> Result<usize, Problem> {
    let all = incidents(ports.incidents.acts(&actor.scope).await?);
    Ok(all.iter().filter(|incident| incident.standing() == Standing::Open).count())
}

pub type Registry = (Vec<(Incident, Option<Sealed<Account>>)>, Vec<String>);

pub async fn registry(ports: &Ports, scope: &Scope) -> Result<Registry, PortError> {
    let accounts = ports.incidents.accounts(scope).await?;
    let reviews = ports.reviews.all(scope).await?.reviews;
    let signed = reviews.iter().filter(|r| r.subject.purpose == Purpose::Accounts && r.signed().is_some());
    let signed = signed.map(|r| r.subject.document.clone()).collect();
    let beside = |incident: Incident| {
        let account = accounts.iter().find(|account| account.id == incident.id).cloned();
        (incident, account)
    };
    Ok((incidents(ports.incidents.acts(scope).await?).into_iter().map(beside).collect(), signed))
}

/// Losses as controls list them.
pub async fn losses(ports: &Ports, scope: &Scope) -> Result<Vec<Loss>, PortError> {
    let (all, signed) = registry(ports, scope).await?;
    let loss = |(incident, account): (Incident, Option<Sealed<Account>>)| {
        let last = incident.lines.iter().rev().find_map(|line| line.acted.seal.clone());
        Some(Loss {
            title: format!("{}: {}", incident.scenario.title(), incident.what),
            declared_at: incident.declared_at,
            seal: account.map(|account| account.seal).or(last)?,
            signed: signed.contains(&incident.id),
            id: incident.id,
        })
    };
    Ok(all.into_iter().filter_map(loss).collect())
}

pub async fn one(id: String, query: &ParamsMap) -> Result<IncidentPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let (all, _) = registry(&ports, &actor.scope).await?;
    let named = |(incident, _): &(Incident, _)| incident.id == id || incident.joined.contains(&id);
    let (incident, account) = all.into_iter().find(named).ok_or_else(|| Problem::gone("incident"))?;
    let subject = Subject { purpose: Purpose::Accounts, document: incident.id.clone() };
    let review = ports.reviews.all(&actor.scope).await?.reviews.into_iter().find(|r| r.subject == subject);
    let path = address(&id);
    let refused = query.get("refused").map(|_| once::refused(&path, "The account was not taken."));
    let draft = refused.as_ref().and_then(|_| once::take::<Words>(WORDS, &path));
    Ok(IncidentPage {
        words: draft.or(account.as_ref().map(|account| account.value.words())).unwrap_or_default(),
        incident,
        account,
        review,
        works: actor.role.may(Permission::WorkIncidents),
        refused,
        now: ports.clock.now(),
    })
}

const WORDS: &str = "passmuster-account";

/// Seals an account of an incident, to be signed. `seen`: the place in the ledger of the one it follows.
#[server(prefix = "/incidents", endpoint = "account")]
pub async fn write_account(
    #[server(default)] id: String,
    #[server(default)] seen: String,
    #[server(default)] root_cause: String,
    #[server(default)] failure_mode: String,
    #[server(default)] again: String,
    #[server(default)] follow_ups: String,
) -> Result<(), Problem> {
    let path = address(&id);
    let words = Words { root_cause, failure_mode, again, follow_ups };
    let written = write(&id, &seen, &words).await;
    if written.is_err() {
        once::leave(WORDS, &path, &words, false);
    }
    once::led_back(written, &path, &format!("{path}?refused=1#account"))
}

async fn write(id: &str, seen: &str, words: &Words) -> Result<String, Problem> {
    let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::WorkIncidents).await?;
    let now = ports.clock.now();
    let (all, _) = registry(&ports, &Scope::EVERYTHING).await?;
    let (incident, before) =
        all.into_iter().find(|(incident, _)| incident.id == id).ok_or_else(|| Problem::gone("incident"))?;
    let nth = before.as_ref().map_or(0, |before| before.value.version.parse().unwrap_or(0));
    let said = |why: AccountError| {
        let (what, next) = why.says();
        Problem::bad_input(what, next)
    };
    let account = Account::write(&incident, words, nth, now, &actor.name).map_err(said)?;
    ports.incidents.account(&account, seen.parse().ok()).await?;
    let subject = Subject { purpose: Purpose::Accounts, document: incident.id.clone() };
    Ok(match actor.role.may(Purpose::Accounts.permission()) && !account.demo {
        true => crate::parts::review_href(&subject),
        false => format!("{}#account", address(id)),
    })
}
