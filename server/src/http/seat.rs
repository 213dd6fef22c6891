//! From where somebody looks: an auditor's audit, or the owner's preview of one.
//!
//! The one place where an auditor's reach is decided. Nobody's reach is ever wider than their audit, and an auditor
//! without an open audit reaches nothing.

use app::{
    ports::{PortError, Visit, Visited},
    problem::Problem,
    seat::{Closed, Seat},
};
use axum::{
    Extension, Form,
    extract::{Path, Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    Moment,
    audit::{self, Access, Audit},
    role::{Actor, Permission, Role, Scope},
};
use serde::Deserialize;
use tower_sessions::Session;

use super::refused;
use crate::compose::House;

const CHOSEN: &str = "audit";
const PREVIEWED: &str = "preview";

/// Who somebody really is, whatever they look as.
#[derive(Clone, Debug)]
pub struct Person(pub Actor);

/// What a person of this session may reach now.
pub enum Reach {
    /// Owner, operator.
    All(Actor),
    Seat(Actor, Box<Seat>),
    Closed(Closed),
}

pub async fn reach(house: &House, person: &Actor, session: &Session) -> Result<Reach, PortError> {
    let now = house.clock.now();
    let said =
        async |key: &str| session.get::<String>(key).await.map_err(|cause| PortError::Unavailable(cause.to_string()));
    if person.role == Role::Auditor {
        let audits: Vec<Audit> =
            house.store.audits(Some(&person.id)).await?.into_iter().map(|sealed| sealed.value).collect();
        let wanted = said(CHOSEN).await?;
        return Ok(match audit::chosen(&audits, wanted.as_deref(), now) {
            Some(audit) => {
                let others = audits.iter().filter(|a| a.id != audit.id && a.is_open(now));
                let others = others.map(|a| (a.id.clone(), a.firm.clone(), a.period)).collect();
                let actor = Actor { scope: audit.scope(), ..person.clone() };
                Reach::Seat(actor, Box::new(Seat { audit: audit.clone(), others, preview: false }))
            }
            None => Reach::Closed(closed(person, &audits, now)),
        });
    }
    if person.role.may(Permission::ManageAudits)
        && let Some(id) = said(PREVIEWED).await?
        && let Some((audit, _)) = house.store.audit(&id).await?
    {
        let audit = audit.value;
        let name = format!("an auditor of {}", audit.firm);
        let actor = Actor { id: person.id.clone(), name, role: Role::Auditor, scope: audit.scope() };
        return Ok(Reach::Seat(actor, Box::new(Seat { audit, others: Vec::new(), preview: true })));
    }
    Ok(Reach::All(person.clone()))
}

fn closed(person: &Actor, audits: &[Audit], now: Moment) -> Closed {
    let actor = Actor { scope: Scope::NOTHING, ..person.clone() };
    let mut closed = Closed { actor, begins: None, ended: None };
    for audit in audits {
        match audit.access_at(now) {
            Access::ToCome(at) => closed.begins = Some(closed.begins.map_or(at, |b: Moment| b.min(at))),
            Access::Ended(at) => closed.ended = Some(closed.ended.map_or(at, |e: Moment| e.max(at))),
            Access::Open(_) => {}
        }
    }
    closed
}

/// While the owner looks as an auditor would, nothing may be changed but the looking itself.
pub fn only_looks(seat: &Seat, request: &Request) -> Option<Response> {
    let reading = [Method::GET, Method::HEAD].contains(request.method());
    let own =
        ["/audits/leave", "/sign-out"].contains(&request.uri().path()) || request.uri().path().contains("set_theme");
    (seat.preview && !reading && !own).then(|| {
        let said = "You are looking as an auditor would, and changed nothing. Leave the preview first, then do it as yourself.";
        (StatusCode::FORBIDDEN, said).into_response()
    })
}

/// What an auditor looked at, when it was shown.
pub fn visit(
    actor: &Actor,
    seat: &Seat,
    method: &Method,
    path: &str,
    answer: &Response,
    at: Moment,
) -> Option<Visited> {
    let kept = answer.headers().contains_key(header::CONTENT_DISPOSITION);
    let page = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let what = match *method {
        Method::GET if answer.status().is_success() && kept => Visit::Download,
        Method::GET if answer.status().is_success() && page => Visit::Page,
        Method::POST if path == "/evidence/make" && answer.status().is_redirection() => Visit::Bundle,
        _ => return None,
    };
    (!seat.preview).then(|| Visited {
        person: actor.id.clone(),
        name: actor.name.clone(),
        audit: seat.audit.id.clone(),
        what,
        path: path.to_owned(),
        at,
    })
}

#[derive(Deserialize)]
pub struct Chosen {
    audit: String,
}

/// An auditor with several audits reads another one.
pub async fn choose(session: Session, Form(form): Form<Chosen>) -> Response {
    // What is not theirs, or not open, is passed over when the reach is decided.
    keep(session.insert(CHOSEN, form.audit).await)
}

/// The owner looks as an auditor of this audit does.
pub async fn preview(
    State(house): State<House>,
    person: Option<Extension<Person>>,
    session: Session,
    Path(id): Path<String>,
) -> Response {
    let Some(Extension(Person(person))) = person else { return Redirect::to("/sign-in").into_response() };
    if !person.role.may(Permission::ManageAudits) {
        return no(Problem::not_allowed());
    }
    match house.store.audit(&id).await {
        Ok(Some(_)) => keep(session.insert(PREVIEWED, id).await),
        Ok(None) => no(Problem::gone("audit")),
        Err(e) => refused::failed(e, "/"),
    }
}

pub async fn leave(session: Session) -> Response {
    keep(session.remove::<String>(PREVIEWED).await.map(|_| ()))
}

fn keep(kept: Result<(), tower_sessions::session::Error>) -> Response {
    match kept {
        Ok(()) => Redirect::to("/").into_response(),
        Err(cause) => refused::failed(PortError::Unavailable(cause.to_string()), "/"),
    }
}

fn no(problem: Problem) -> Response {
    refused::page(refused::status(&problem), &problem, "/settings/audits")
}
