//! Audits: which firm looks at what and when, and what its auditors looked at.

use domain::{
    Moment,
    audit::{Access, Audit, Draft},
    control::Control,
    record::Sealed,
    role::{Actor, Permission},
    words,
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    ports::{Ports, Visited},
    problem::Problem,
};

const PLACE: &str = "/settings/audits";

pub struct AuditsPage {
    /// Newest first.
    pub audits: Vec<Sealed<Audit>>,
    pub form: Form,
    pub now: Moment,
    pub refused: Option<Problem>,
}

pub struct AuditPage {
    pub sealed: Sealed<Audit>,
    /// For the owner: the form that changes it.
    pub form: Option<Form>,
    /// Its people's names.
    pub names: Vec<String>,
    pub visits: Vec<Visited>,
    pub visited: u64,
    /// Others that look at a day of the same period.
    pub overlapping: Vec<(String, String)>,
    pub access: Access,
    pub now: Moment,
    pub refused: Option<Problem>,
}

/// What a form shows: as it is, or as it was typed when it was refused.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Empty for a new audit.
    pub id: String,
    pub version: i64,
    pub draft: Draft,
    /// Id and name of everybody who is an auditor.
    pub auditors: Vec<(String, String)>,
}

pub async fn list(query: &ParamsMap) -> Result<AuditsPage, Problem> {
    let (_, ports) = guard::signed_in(Permission::ManageAudits).await?;
    let now = ports.clock.now();
    let refused = query.get("refused").map(|_| once::refused(PLACE, "The audit was not opened."));
    let draft = if refused.is_some() { typed(query) } else { fresh(&ports, now) };
    let auditors = ports.audits.auditors().await?;
    let form = Form { draft, auditors, ..Form::default() };
    Ok(AuditsPage { audits: ports.audits.all().await?, form, now, refused })
}

/// An auditor reads the audit they look from, and what is written down of their looking.
pub async fn one(id: String, query: &ParamsMap) -> Result<AuditPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let owner = actor.role.may(Permission::ManageAudits);
    let mine = guard::seat().is_some_and(|seat| seat.audit.id == id);
    if !owner && !mine {
        return Err(if actor.role.may(Permission::ManageAudits) || guard::seat().is_some() {
            Problem::gone("audit")
        } else {
            Problem::not_allowed()
        });
    }
    let (sealed, version) = ports.audits.get(&id).await?.ok_or_else(|| Problem::gone("audit"))?;
    let auditors = ports.audits.auditors().await?;
    let name =
        |id: &String| auditors.iter().find(|(other, _)| other == id).map_or(id.clone(), |(_, name)| name.clone());
    let names = sealed.value.people.iter().map(name).collect();
    let (mut visits, visited) = ports.audits.visits(&id).await?;
    if !owner {
        // Of a colleague's reading the auditor learns that it is written down, and no more.
        visits.retain(|visit| visit.person == actor.id);
    }
    let now = ports.clock.now();
    let refused = query.get("refused").map(|_| once::refused(PLACE, "The audit was not changed."));
    let draft = if refused.is_some() && query.get("firm").is_some() { typed(query) } else { as_it_is(&sealed.value) };
    let mut overlapping = Vec::new();
    if owner {
        let others = ports.audits.all().await?;
        let others = others.iter().filter(|other| other.id != id && other.value.overlaps(&sealed.value));
        overlapping.extend(others.map(|other| (other.id.clone(), other.value.firm.clone())));
    }
    Ok(AuditPage {
        form: owner.then_some(Form { id, version, draft, auditors }),
        names,
        visits,
        visited,
        overlapping,
        access: sealed.value.access_at(now),
        now,
        refused,
        sealed,
    })
}

/// A year's audit of everything, open for two months after it: what most companies begin with.
fn fresh(ports: &Ports, now: Moment) -> Draft {
    let period = ports.company.audit_period;
    Draft {
        from: words::date(period.from),
        to: words::date(period.last_day()),
        controls: Control::ALL.iter().map(|c| c.id().to_owned()).collect(),
        access_from: words::date(now),
        access_until: words::date(period.last_day().max(now).plus_millis(60 * 24 * 3600 * 1000)),
        ..Draft::default()
    }
}

fn as_it_is(audit: &Audit) -> Draft {
    Draft {
        firm: audit.firm.clone(),
        people: audit.people.clone(),
        from: words::date(audit.period.from),
        to: words::date(audit.period.last_day()),
        controls: audit.controls.iter().map(|c| c.id().to_owned()).collect(),
        access_from: words::date(audit.access.from),
        access_until: words::date(audit.access.last_day()),
    }
}

fn typed(query: &ParamsMap) -> Draft {
    let text = |key: &str| query.get(key).unwrap_or_default();
    Draft {
        firm: text("firm"),
        people: query.get_all("people[]").unwrap_or_default(),
        from: text("from"),
        to: text("to"),
        controls: query.get_all("controls[]").unwrap_or_default(),
        access_from: text("access_from"),
        access_until: text("access_until"),
    }
}

/// The address that shows a refused form again as it was typed.
fn again(place: &str, draft: &Draft) -> String {
    let mut query = ParamsMap::new();
    for (key, value) in [
        ("firm", &draft.firm),
        ("from", &draft.from),
        ("to", &draft.to),
        ("access_from", &draft.access_from),
        ("access_until", &draft.access_until),
    ] {
        query.insert(key, value.clone());
    }
    draft.people.iter().for_each(|id| query.insert("people[]", id.clone()));
    draft.controls.iter().for_each(|id| query.insert("controls[]", id.clone()));
    query.insert("refused", "1".to_owned());
    format!("{place}{}#form", query.to_query_string())
}

/// Opens an audit, or seals another version of one; works as the target of a plain form.
#[server(prefix = "/settings/audits", endpoint = "save")]
#[allow(clippy::too_many_arguments)]
pub async fn save_audit(
    #[server(default)] id: String,
    #[server(default)] version: i64,
    #[server(default)] firm: String,
    #[server(default)] people: Vec<String>,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] controls: Vec<String>,
    #[server(default)] access_from: String,
    #[server(default)] access_until: String,
) -> Result<(), Problem> {
    let draft = Draft { firm, people, from, to, controls, access_from, access_until };
    let place = if id.is_empty() { PLACE.to_owned() } else { format!("{PLACE}/{id}") };
    let saved = save(&id, version, &draft).await.map(|id| format!("{PLACE}/{id}"));
    once::led_back(saved, PLACE, &again(&place, &draft))
}

async fn save(id: &str, version: i64, draft: &Draft) -> Result<String, Problem> {
    let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::ManageAudits).await?;
    let auditors: Vec<String> = ports.audits.auditors().await?.into_iter().map(|(id, _)| id).collect();
    let terms = draft.read(&auditors).map_err(|e| {
        let (what, next) = e.says();
        Problem::bad_input(&what, next)
    })?;
    if id.is_empty() {
        return Ok(ports.audits.open(terms, &actor).await?);
    }
    ports.audits.change(id, version, terms, &actor).await?;
    Ok(id.to_owned())
}

/// Seals that the anchors were handed over, and how.
#[server(prefix = "/settings/audits", endpoint = "hand-over")]
pub async fn hand_over_anchors(id: String, #[server(default)] how: String) -> Result<(), Problem> {
    let place = format!("{PLACE}/{id}");
    let done = async {
        let (actor, ports) = guard::signed_in(Permission::ManageAudits).await?;
        if how.trim().is_empty() {
            return Err(Problem::bad_input(
                "Nothing is said of how they were handed over.",
                "Write it in a few words.",
            ));
        }
        ports.audits.hand_over(&id, &how, &actor).await?;
        Ok(format!("{place}#anchors"))
    };
    once::led_back(done.await, PLACE, &format!("{place}?refused=1#anchors"))
}
