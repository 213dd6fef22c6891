//! Signing in by one-time link, and by a code sent by e-mail. What is answered does not depend on whether somebody
//! has the address, nor does how long it takes: who it belongs to is looked up after the answer.

use app::ports::SignedInBy;
use axum::{
    Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use domain::person::Email;
use serde::Deserialize;
use tower_sessions::Session;

use super::{
    limits::Peer,
    refused,
    session::{begin, onward},
};
use crate::{compose::House, notify, store::codes::Entered};

const HERE: &str = "/sign-in";

#[derive(Deserialize)]
pub struct ByLink {
    code: String,
    to: Option<String>,
}

/// Uses a link up. A POST, so that a mail scanner that opens links does not.
pub async fn link(
    State(house): State<House>,
    peer: Peer,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<ByLink>,
) -> Response {
    if let Err(wait) = house.limits.trying(peer) {
        return refused::often(wait, HERE);
    }
    let actor = match house.store.use_link(&form.code, house.clock.now()).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return to("refused", "link", form.to.as_deref()),
        Err(e) => return refused::failed(e, HERE),
    };
    if let Err(e) = begin(&house, &session, &actor, SignedInBy::Link, &headers).await {
        return refused::failed(e, HERE);
    }
    match onward(&house, &actor, form.to.as_deref()).await {
        Ok(place) => Redirect::to(&place).into_response(),
        Err(e) => refused::failed(e, "/"),
    }
}

#[derive(Deserialize)]
pub struct Wanted {
    email: String,
    to: Option<String>,
}

/// Leads to a form that takes a code; whether one was sent is for the address's owner to see.
pub async fn ask_code(State(house): State<House>, peer: Peer, Form(form): Form<Wanted>) -> Response {
    let goal = form.to.as_deref();
    let Some(mailer) = house.mailer.clone() else { return to("refused", "no-mail", goal) };
    let Ok(email) = Email::parse(&form.email) else { return to("refused", "address", goal) };
    if let Err(wait) = house.limits.sending(peer, &email) {
        return refused::often(wait, HERE);
    }
    let name = match house.store.begin_code(&email, house.clock.now()).await {
        Ok(name) => name,
        Err(e) => return refused::failed(e, HERE),
    };
    let answer = to("form", &name, goal);
    tokio::spawn(async move {
        let sent = async {
            let Some(actor) = house.store.person_by_email(&email).await.map_err(|e| e.to_string())? else {
                return Ok(());
            };
            let code = house.store.put_code(&name, &actor.id).await.map_err(|e| e.to_string())?;
            let letter = notify::code(&house.company.name, &code, &house.people.address);
            mailer.send(&email, &letter.subject, &letter.text, &letter.html).await.map_err(|e| match e {
                // The server's words may hold the address.
                notify::mail::MailError::Refused(_) => "the mail server refused it".to_owned(),
                other => other.to_string(),
            })
        };
        let sent: Result<(), String> = sent.await;
        if let Err(cause) = sent {
            tracing::warn!(cause, "a sign-in code was not sent");
        }
    });
    answer
}

#[derive(Deserialize)]
pub struct ByCode {
    form: String,
    code: String,
    to: Option<String>,
}

pub async fn enter_code(
    State(house): State<House>,
    peer: Peer,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<ByCode>,
) -> Response {
    if let Err(wait) = house.limits.trying(peer) {
        return refused::often(wait, HERE);
    }
    let goal = form.to.as_deref();
    let now = house.clock.now();
    let actor = match house.store.enter_code(&form.form, &form.code, now).await {
        Ok(Entered::Right(actor)) => actor,
        Ok(Entered::Wrong) => {
            let again = encoded(&[("form", &form.form), ("refused", "code"), ("to", goal.unwrap_or_default())]);
            return Redirect::to(&again).into_response();
        }
        Ok(Entered::Over) => return to("refused", "form", goal),
        Ok(Entered::TooMany(until)) => {
            let wait = std::time::Duration::from_millis(u64::try_from(until.since(now)).unwrap_or(0));
            return refused::often(wait, HERE);
        }
        Err(e) => return refused::failed(e, HERE),
    };
    if let Err(e) = begin(&house, &session, &actor, SignedInBy::Code, &headers).await {
        return refused::failed(e, HERE);
    }
    match onward(&house, &actor, goal).await {
        Ok(place) => Redirect::to(&place).into_response(),
        Err(e) => refused::failed(e, "/"),
    }
}

fn to(key: &str, value: &str, goal: Option<&str>) -> Response {
    Redirect::to(&encoded(&[(key, value), ("to", goal.unwrap_or_default())])).into_response()
}

/// The sign-in page with what it is to say; empty values are left out.
pub fn encoded(query: &[(&str, &str)]) -> String {
    let pairs = query.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = pairs.map(|(key, value)| format!("{key}={}", app::parts::encoded(value))).collect();
    format!("{HERE}?{}", pairs.join("&"))
}
