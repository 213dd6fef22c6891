//! Sign-in by one-time link, sign-out, and who is asking.

use app::ports::PortError;
use axum::{
    Form,
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tower_sessions::Session;

use super::seat::{self, Person, Reach};
use crate::compose::House;

const PERSON: &str = "person";

/// With HTTPS the cookie is bound to the host; on plain loopback browsers would drop such a cookie.
pub fn cookie_name(public_url: &str) -> &'static str {
    if secure(public_url) { "__Host-passmuster" } else { "passmuster" }
}

pub fn secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

#[derive(Deserialize)]
pub struct SignIn {
    code: String,
    to: Option<String>,
}

/// Uses a link up. A POST, so that a mail scanner that opens links does not.
pub async fn sign_in(State(house): State<House>, session: Session, Form(form): Form<SignIn>) -> Response {
    let used = match house.store.use_link(&form.code, house.clock.now()).await {
        Ok(used) => used,
        Err(e) => return unavailable(e),
    };
    let Some(actor) = used else { return Redirect::to("/sign-in?refused=1").into_response() };
    let signed = async {
        session.cycle_id().await?;
        session.insert(PERSON, &actor.id).await
    };
    if let Err(cause) = signed.await {
        return unavailable(PortError::Unavailable(cause.to_string()));
    }
    Redirect::to(local(form.to.as_deref())).into_response()
}

pub async fn sign_out(session: Session) -> Response {
    match session.flush().await {
        Ok(()) => Redirect::to("/sign-in").into_response(),
        Err(cause) => unavailable(PortError::Unavailable(cause.to_string())),
    }
}

/// Puts the person signed in, as they are now, into the request.
pub async fn who(State(house): State<House>, session: Session, mut request: Request, next: Next) -> Response {
    let id = match session.get::<String>(PERSON).await {
        Ok(id) => id,
        Err(cause) => return unavailable(PortError::Unavailable(cause.to_string())),
    };
    let person = match id {
        Some(id) => house.store.person(&id).await,
        None => Ok(None),
    };
    let reach = match person {
        Ok(None) => return next.run(request).await,
        Ok(Some(person)) => {
            request.extensions_mut().insert(Person(person.clone()));
            seat::reach(&house, &person, &session).await
        }
        Err(e) => return unavailable(e),
    };
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
        Err(e) => return unavailable(e),
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
        return unavailable(cause);
    }
    answer
}

/// Only a path of this portal; anything else leads to the overview.
fn local(to: Option<&str>) -> &str {
    match to {
        Some(path) if path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']) => path,
        _ => "/",
    }
}

fn unavailable(cause: PortError) -> Response {
    let problem = app::problem::Problem::from(cause);
    let status = StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, format!("{} {} {} Reference {}.", problem.what, problem.still, problem.next, problem.reference))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn sign_in_never_leads_away_from_the_portal() {
        for (to, expected) in [
            (Some("/drills"), "/drills"),
            (Some("//evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (None, "/"),
        ] {
            assert_eq!(local(to), expected);
        }
    }
}
