//! The ceremony of a sign-off, as JSON for `public/passkey.js`: a statement's challenge out, a signature in.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use domain::proof::{passkey::base64url, signoff::Decision};
use serde::Deserialize;
use serde_json::json;

use super::{
    passkeys::Got,
    session::{SignedIn, told},
};
use crate::{
    compose::House,
    reviews::{Answer, Ask, begin, finish},
    store::passkeys::CEREMONY_LIVES_MS,
};

/// A note of a thousand characters, and an authenticator's answer.
pub const BODY_BYTES: usize = 16 * 1024;

#[derive(Deserialize)]
pub struct Wanted {
    subject: String,
    decision: Decision,
    #[serde(default)]
    note: String,
}

/// `POST /reviews/statement`
pub async fn statement(
    State(house): State<House>,
    who: SignedIn,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Response {
    let Ok(Json(Wanted { subject, decision, note })) = body else { return told(unreadable()) };
    let begun = match begin(&house, &who.actor, &Ask { subject, decision, note }).await {
        Ok(begun) => begun,
        Err(problem) => return told(problem),
    };
    let place = house.config.portal.place();
    let allow: Vec<_> = begun.credentials.iter().map(|id| json!({ "type": "public-key", "id": id })).collect();
    Json(json!({
        "ceremony": begun.ceremony,
        "options": {
            "challenge": base64url(&begun.challenge),
            "rpId": place.rp_id,
            "timeout": CEREMONY_LIVES_MS,
            "allowCredentials": allow,
            "userVerification": "required",
        },
        "origin": place.origins.first(),
        "statement": begun.statement,
    }))
    .into_response()
}

#[derive(Deserialize)]
pub struct Answered {
    ceremony: String,
    credential: Got,
}

/// `POST /reviews/signoffs`
pub async fn signoffs(
    State(house): State<House>,
    who: SignedIn,
    body: Result<Json<Answered>, JsonRejection>,
) -> Response {
    let Ok(Json(Answered { ceremony, credential })) = body else { return told(unreadable()) };
    let Got { id, response } = credential;
    let answer = Answer {
        credential: id,
        client_data: response.client_data,
        authenticator_data: response.authenticator_data,
        signature: response.signature,
    };
    match finish(&house, &who.actor, &ceremony, answer).await {
        Ok((subject, seal)) => {
            Json(json!({ "to": app::parts::review_href(&subject), "seq": seal.seq })).into_response()
        }
        Err(problem) => told(problem),
    }
}

fn unreadable() -> app::problem::Problem {
    app::problem::Problem::bad_input(
        "The browser’s answer could not be read.",
        "Load the page again, then press once more.",
    )
}
