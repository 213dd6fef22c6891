//! The way to the company's own provider and back. Every answer is a page: nothing of the provider's own failures
//! reaches anybody as a fault of the portal's.

use app::{parts::local, ports::SignedInBy};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::{
    limits::Peer,
    refused,
    session::{begin, secure},
    sign_in::encoded,
};
use crate::{
    compose::House,
    provider::{ProviderError, Started},
    store::passkeys::CEREMONY_LIVES_MS,
};

const CEREMONY: &str = "provider";
const HERE: &str = "/sign-in";

#[derive(Deserialize)]
pub struct Begin {
    to: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    started: Started,
    to: String,
}

/// Sends somebody to the provider. What must come back is kept by the portal, under a name that only this browser has:
/// an answer that somebody else began signs nobody in.
pub async fn leave(State(house): State<House>, peer: Peer, Query(query): Query<Begin>) -> Response {
    let Some(provider) = &house.provider else { return said("no-provider") };
    if let Err(wait) = house.limits.trying(peer) {
        return refused::often(wait, HERE);
    }
    let (url, started) = match provider.begin().await {
        Ok(begun) => begun,
        Err(e) => return failed(&e),
    };
    let kept = Kept { started, to: local(query.to.as_deref()).to_owned() };
    let name = match house.store.begin_ceremony(CEREMONY, None, &kept, house.clock.now()).await {
        Ok((name, _)) => name,
        Err(e) => return refused::failed(e, HERE),
    };
    with_cookie(&house, Redirect::to(&url).into_response(), &name, CEREMONY_LIVES_MS / 1000)
}

#[derive(Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

pub async fn back(
    State(house): State<House>,
    peer: Peer,
    session: Session,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Response {
    if let Err(wait) = house.limits.trying(peer) {
        return refused::often(wait, HERE);
    }
    let signed = signed_in(&house, &session, &headers, answer).await;
    with_cookie(&house, signed, "", 0)
}

async fn signed_in(house: &House, session: &Session, headers: &HeaderMap, answer: Answer) -> Response {
    let Some(provider) = &house.provider else { return said("no-provider") };
    let Some(name) = cookie(house, headers) else { return said("provider-foreign") };
    let kept = match house.store.take_ceremony::<Kept>(CEREMONY, &name, house.clock.now()).await {
        Ok(Some(kept)) => kept.about,
        Ok(None) => return said("provider-foreign"),
        Err(e) => return refused::failed(e, HERE),
    };
    let (Some(code), Some(state), None) = (answer.code, answer.state, &answer.error) else {
        let cause = answer.error.as_deref().unwrap_or("its answer has no code");
        tracing::info!(cause, "the provider signed nobody in");
        return said("provider-denied");
    };
    let told = match provider.finish(kept.started, code, &state).await {
        Ok(told) => told,
        Err(e) => return failed(&e),
    };
    let actor = match house.store.person_by_email(&told.email).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return said("provider-unknown"),
        Err(e) => return refused::failed(e, HERE),
    };
    // An address may be given to somebody else one day; the account behind it does not change hands.
    match house.store.tie(&actor.id, provider.issuer(), &told.subject).await {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!(person = actor.id, "the provider names another account for an address that is tied to one");
            return said("provider-account");
        }
        Err(e) => return refused::failed(e, HERE),
    }
    match begin(house, session, &actor, SignedInBy::Provider(provider.name().to_owned()), headers).await {
        Ok(()) => Redirect::to(&kept.to).into_response(),
        Err(e) => refused::failed(e, HERE),
    }
}

fn failed(cause: &ProviderError) -> Response {
    tracing::warn!(%cause, "sign-in at the provider failed");
    said(match cause {
        ProviderError::Away(_) => "provider-away",
        ProviderError::Broken(_) => "provider-broken",
        ProviderError::Foreign => "provider-foreign",
        ProviderError::Unverified => "provider-unverified",
    })
}

fn said(what: &str) -> Response {
    Redirect::to(&encoded(&[("refused", what)])).into_response()
}

fn cookie_name(house: &House) -> &'static str {
    if secure(&house.config.portal.public_url) { "__Host-passmuster-provider" } else { "passmuster-provider" }
}

fn cookie(house: &House, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(house);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

/// Lax: the way back begins at the provider's site.
fn with_cookie(house: &House, mut answer: Response, value: &str, seconds: i64) -> Response {
    let name = cookie_name(house);
    let secure = if secure(&house.config.portal.public_url) { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
