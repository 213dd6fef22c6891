//! Sessions: beginning one, ending it, and who is asking. Whoever is signed in is looked up anew at each request.

use app::{
    parts::{encoded, local},
    ports::{PortError, SignedInBy, ThisSession},
    seat::Closed,
};
use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use domain::role::{Actor, Permission};
use tower_sessions::Session;

use super::{
    agent::agent,
    refused,
    seat::{self, Person, Reach},
};
use crate::{
    compose::House,
    store::sessions::{self, FACTS, Facts},
};

/// A session's last use is written down this often, which also moves its idle end.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;

/// Where somebody without a passkey is led once.
const REGISTER: &str = "/settings/passkeys/new";

/// With HTTPS the cookie is bound to the host; on plain loopback browsers would drop such a cookie.
pub fn cookie_name(public_url: &str) -> &'static str {
    if secure(public_url) { "__Host-passmuster" } else { "passmuster" }
}

pub fn secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// Signs somebody in. The session gets a new id, so that nobody who knew the old one is signed in too.
pub async fn begin(
    house: &House,
    session: &Session,
    person: &Actor,
    by: SignedInBy,
    headers: &HeaderMap,
) -> Result<(), PortError> {
    let now = house.clock.now();
    tracing::info!(person = person.id, by = kind(&by), "somebody signed in");
    let facts = Facts { person: person.id.clone(), since: now, seen: now, by, agent: agent(headers) };
    let begun = async {
        session.clear().await;
        session.cycle_id().await?;
        session.insert(FACTS, facts).await
    };
    begun.await.map_err(|e: tower_sessions::session::Error| PortError::Unavailable(e.to_string()))?;
    house.store.seen(&person.id, now).await
}

/// Where to go after a sign-in that was no passkey's: once by way of the page that registers one.
pub async fn onward(house: &House, person: &Actor, to: Option<&str>) -> Result<String, PortError> {
    let to = local(to);
    let has_one = house.store.passkeys_of(&person.id).await?.iter().any(|sealed| sealed.value.revoked.is_none());
    if has_one || !house.ports.ways.passkeys || !house.store.ask_for_passkey(&person.id, house.clock.now()).await? {
        return Ok(to.to_owned());
    }
    Ok(format!("{REGISTER}?to={}", encoded(to)))
}

pub async fn sign_out(session: Session) -> Response {
    match session.flush().await {
        // What the emergency desk keeps on the device goes with its owner.
        Ok(()) => ([("clear-site-data", "\"cache\", \"storage\"")], Redirect::to("/sign-in")).into_response(),
        Err(cause) => refused::failed(PortError::Unavailable(cause.to_string()), "/"),
    }
}

/// Puts the person signed in, as they are now, into the request.
pub async fn who(State(house): State<House>, session: Session, mut request: Request, next: Next) -> Response {
    let facts = match session.get::<Facts>(FACTS).await {
        Ok(facts) => facts,
        Err(cause) => return refused::failed(PortError::Unavailable(cause.to_string()), "/"),
    };
    let Some(facts) = facts else { return next.run(request).await };
    let person = match house.store.person(&facts.person).await {
        Ok(Some(person)) => person,
        Ok(None) => return next.run(request).await,
        Err(e) => return refused::failed(e, "/"),
    };
    if let Err(e) = touch(&house, &session, facts).await {
        return refused::failed(e, "/");
    }
    if let Some(id) = session.id() {
        request.extensions_mut().insert(ThisSession(sessions::name(&id)));
    }
    request.extensions_mut().insert(Person(person.clone()));
    let reach = seat::reach(&house, &person, &session).await;
    let (actor, seat) = match reach {
        Ok(Reach::Closed(closed)) => {
            request.extensions_mut().insert(closed);
            return next.run(request).await;
        }
        Ok(Reach::All(actor)) => {
            request.extensions_mut().insert(actor);
            return next.run(request).await;
        }
        Ok(Reach::Seat(actor, seat)) => (actor, *seat),
        Err(e) => return refused::failed(e, "/"),
    };
    if let Some(refused) = seat::only_looks(&seat, &request) {
        return refused;
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(actor.clone());
    request.extensions_mut().insert(seat.clone());
    let answer = next.run(request).await;
    if let Some(visit) = seat::visit(&actor, &seat, &method, &path, &answer, house.clock.now())
        && let Err(cause) = house.store.note_visit(&visit).await
    {
        // What cannot be written down is not shown: an auditor's reading must not go unrecorded.
        return refused::failed(cause, "/");
    }
    answer
}

/// Notes that a session is used; the layer then writes it with a new idle end.
async fn touch(house: &House, session: &Session, facts: Facts) -> Result<(), PortError> {
    let now = house.clock.now();
    if now.since(facts.seen) < SEEN_EVERY_MS {
        return Ok(());
    }
    house.store.seen(&facts.person, now).await?;
    let touched = session.insert(FACTS, Facts { seen: now, ..facts }).await;
    touched.map_err(|e| PortError::Unavailable(e.to_string()))
}

/// Somebody signed in who may keep a sign-in of their own; a script is told why not.
pub struct SignedIn {
    pub actor: Actor,
    pub session: ThisSession,
}

impl FromRequestParts<House> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &House) -> Result<Self, Response> {
        let actor = parts.extensions.get::<Actor>();
        let actor = actor.or_else(|| parts.extensions.get::<Closed>().map(|closed| &closed.actor)).cloned();
        let (Some(actor), Some(session)) = (actor, parts.extensions.get::<ThisSession>().cloned()) else {
            return Err(told(app::problem::Problem::not_signed_in()));
        };
        if !actor.role.may(Permission::KeepOwnSignIn) {
            return Err(told(app::problem::Problem::not_allowed()));
        }
        Ok(Self { actor, session })
    }
}

/// A problem as a script reads it.
pub fn told(problem: app::problem::Problem) -> Response {
    let status: StatusCode = refused::status(&problem);
    (status, Json(problem)).into_response()
}

/// For the log, which names no passkey and no provider.
fn kind(by: &SignedInBy) -> &'static str {
    match by {
        SignedInBy::Passkey(_) => "passkey",
        SignedInBy::Link => "link",
        SignedInBy::Code => "code",
        SignedInBy::Provider(_) => "provider",
    }
}
