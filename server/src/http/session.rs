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
    if let Some(id) = id {
        match house.store.person(&id).await {
            Ok(Some(actor)) => {
                request.extensions_mut().insert(actor);
            }
            Ok(None) => {}
            Err(e) => return unavailable(e),
        }
    }
    next.run(request).await
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
