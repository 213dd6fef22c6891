//! The ceremonies of passkeys (WebAuthn level 3): options out, answers in, as JSON for `public/passkey.js`.
//!
//! A challenge is given out for one purpose and taken back once. A key is believed as it was sealed, never as the
//! live document has it.

use app::{
    parts::local,
    ports::{PortError, SignedInBy},
    problem::{Problem, ProblemKind},
};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    passkey::{self, Passkey},
    proof::passkey::{PasskeyError, assert, base64url, from_base64url, register},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_sessions::Session;

use super::{
    agent::agent,
    limits::Peer,
    refused,
    session::{SignedIn, begin, told},
};
use crate::{
    compose::House,
    notify,
    store::passkeys::{self, CEREMONY_LIVES_MS},
};

/// The longest answer of a browser: a credential's id of 1023 bytes three times in base64, and room.
pub const BODY_BYTES: usize = 16 * 1024;

const REGISTRATION: &str = "registration";
const SIGN_IN: &str = "sign-in";

/// What `public/passkey.js` begins with.
#[derive(Serialize)]
struct Begun {
    ceremony: String,
    /// As `PublicKeyCredential.parse…OptionsFromJSON` reads it.
    options: Value,
    /// Where the ceremony must take place.
    origin: String,
}

/// Whose registration it is, and what they are signed in with.
#[derive(Serialize, Deserialize)]
struct Registering {
    person: String,
}

/// `POST /passkeys/registration`
pub async fn begin_registration(State(house): State<House>, who: SignedIn) -> Response {
    let place = house.config.portal.place();
    let about = Registering { person: who.actor.id.clone() };
    let begun = async {
        let mine = house.store.passkeys_of(&who.actor.id).await?;
        let held: Vec<&Passkey> = mine.iter().map(|p| &p.value).filter(|p| p.revoked.is_none()).collect();
        if held.len() >= passkey::MOST {
            return Err(PortError::Conflict(format!("You hold {} passkeys, which is the most", passkey::MOST)));
        }
        let (ceremony, challenge) = house.store.begin_ceremony(REGISTRATION, None, &about, house.clock.now()).await?;
        let exclude: Vec<Value> = held.iter().map(|p| json!({ "type": "public-key", "id": p.credential })).collect();
        let options = json!({
            "rp": { "id": place.rp_id, "name": format!("Passmuster, {}", house.company.name) },
            "user": {
                "id": base64url(&passkey::handle(&place.rp_id, &who.actor.id)),
                "name": who.actor.name, "displayName": who.actor.name,
            },
            "challenge": base64url(&challenge),
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
            "timeout": CEREMONY_LIVES_MS,
            "excludeCredentials": exclude,
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
            },
            "attestation": "none",
        });
        Ok(Begun { ceremony, options, origin: origin(&house) })
    };
    answered(begun.await)
}

#[derive(Deserialize)]
pub struct Registration {
    ceremony: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    to: Option<String>,
    credential: Created,
}

#[derive(Deserialize)]
struct Created {
    response: CreatedResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreatedResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
}

/// `POST /passkeys`
pub async fn finish_registration(
    State(house): State<House>,
    who: SignedIn,
    headers: HeaderMap,
    body: Result<Json<Registration>, JsonRejection>,
) -> Response {
    let Ok(Json(body)) = body else { return told(unreadable()) };
    let now = house.clock.now();
    let place = house.config.portal.place();
    let taken = match house.store.take_ceremony::<Registering>(REGISTRATION, &body.ceremony, now).await {
        Ok(Some(taken)) if taken.about.person == who.actor.id => taken,
        Ok(_) => return told(stale()),
        Err(e) => return told(e.into()),
    };
    let response = body.credential.response;
    let (Some(client_data), Some(object)) =
        (from_base64url(&response.client_data), from_base64url(&response.attestation_object))
    else {
        return told(unreadable());
    };
    let made = match register(&place, &taken.challenge, &client_data, &object) {
        Ok(made) => made,
        Err(cause) => return told(not_accepted(&cause)),
    };
    let agent = agent(&headers);
    let label = passkey::label(&body.label).unwrap_or_else(|| agent.clone());
    let record = Passkey {
        schema: 1,
        credential: made.id.clone(),
        person: who.actor.id.clone(),
        name: who.actor.name.clone(),
        label: label.clone(),
        key: made.key,
        rp_id: place.rp_id,
        attestation_object: response.attestation_object,
        client_data: response.client_data,
        backup_eligible: made.backup_eligible,
        revoked: None,
        occurred_at: now,
        by: who.actor.name.clone(),
    };
    match passkeys::register(&house.ledger, &record).await {
        Ok(_) => {}
        Err(PortError::Conflict(_)) => {
            return told(Problem::new(
                ProblemKind::Conflict,
                "This passkey is registered already.",
                "Nothing was changed.",
                "Sign in with it, or register another device.",
            ));
        }
        Err(e) => return told(e.into()),
    }
    tracing::info!(person = who.actor.id, "a passkey was registered");
    // Removed while they registered: their passkeys were revoked before this one was there.
    match house.store.person(&who.actor.id).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            let ended = passkeys::revoke_all(&house.ledger, &who.actor.id, "the portal").await;
            return told(ended.map_or_else(Problem::from, |()| Problem::not_signed_in()));
        }
        Err(e) => return told(e.into()),
    }
    // The count it begins with; a lower one later would be a copy's.
    if let Err(e) = house.store.use_passkey(&made.id, made.count, now).await {
        return told(e.into());
    }
    tell(&house, &who, label, agent);
    (StatusCode::CREATED, Json(json!({ "to": local(body.to.as_deref()) }))).into_response()
}

/// Tells the person by mail, so that a passkey somebody else registered does not go unnoticed.
fn tell(house: &House, who: &SignedIn, label: String, agent: String) {
    let Some(mailer) = house.mailer.clone() else { return };
    let (house, person, session) = (house.clone(), who.actor.id.clone(), who.session.0.clone());
    tokio::spawn(async move {
        let now = house.clock.now();
        let people = house.store.people().await.unwrap_or_default();
        let email = people.into_iter().find(|p| p.actor.id == person).and_then(|p| p.email);
        let open = house.ports.sessions.of(&person).await.unwrap_or_default();
        let by = open.into_iter().find(|s| s.name == session).map(|s| s.by);
        let (Some(email), Some(by)) = (email, by) else { return };
        let letter = notify::passkey(&house.company.name, &label, &agent, &by, now, &house.people.address);
        if mailer.send(&email, &letter.subject, &letter.text, &letter.html).await.is_err() {
            tracing::warn!(person, "nobody could be told of a new passkey");
        }
    });
}

/// `POST /passkeys/assertion`: for anybody, and names nobody: the authenticator knows whose passkeys it holds.
pub async fn begin_assertion(State(house): State<House>, peer: Peer) -> Response {
    if let Err(wait) = house.limits.trying(peer) {
        let (problem, after) = refused::too_often(wait);
        return after.on(told(problem));
    }
    let begun = house.store.begin_ceremony(SIGN_IN, None, &(), house.clock.now()).await;
    answered(begun.map(|(ceremony, challenge)| Begun {
        ceremony,
        options: json!({
            "challenge": base64url(&challenge),
            "rpId": house.config.portal.place().rp_id,
            "timeout": CEREMONY_LIVES_MS,
            "allowCredentials": [],
            "userVerification": "required",
        }),
        origin: origin(&house),
    }))
}

#[derive(Deserialize)]
pub struct Assertion {
    ceremony: String,
    #[serde(default)]
    to: Option<String>,
    credential: Got,
}

/// An assertion as browsers write it (WebAuthn, `AuthenticationResponseJSON`); all base64url.
#[derive(Deserialize)]
pub(super) struct Got {
    pub id: String,
    pub response: GotResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GotResponse {
    #[serde(rename = "clientDataJSON")]
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
    /// Who the device says its holder is; asked for at sign-in.
    #[serde(default)]
    pub user_handle: Option<String>,
}

/// `POST /sign-in/passkey`
pub async fn sign_in(
    State(house): State<House>,
    peer: Peer,
    session: Session,
    headers: HeaderMap,
    body: Result<Json<Assertion>, JsonRejection>,
) -> Response {
    if let Err(wait) = house.limits.trying(peer) {
        let (problem, after) = refused::too_often(wait);
        return after.on(told(problem));
    }
    let Ok(Json(body)) = body else { return told(unreadable()) };
    let now = house.clock.now();
    let taken = match house.store.take_ceremony::<()>(SIGN_IN, &body.ceremony, now).await {
        Ok(Some(taken)) => taken,
        Ok(None) => return told(stale()),
        Err(e) => return told(e.into()),
    };
    let got = body.credential;
    let passkey = match house.store.passkey(&got.id).await {
        Ok(Some(sealed)) if sealed.value.revoked.is_none() => sealed.value,
        Ok(_) => return told(unknown()),
        Err(e) => return told(e.into()),
    };
    let actor = match house.store.person(&passkey.person).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return told(unknown()),
        Err(e) => return told(e.into()),
    };
    let place = house.config.portal.place();
    let response = got.response;
    let handle = base64url(&passkey::handle(&place.rp_id, &actor.id));
    if response.user_handle.as_deref() != Some(handle.as_str()) {
        return told(not_accepted(&PasskeyError::Other("person")));
    }
    let bytes = [&response.client_data, &response.authenticator_data, &response.signature].map(|t| from_base64url(t));
    let [Some(client_data), Some(data), Some(signature)] = bytes else { return told(unreadable()) };
    let asserted = match assert(&place, &taken.challenge, &passkey.key, &client_data, &data, &signature) {
        Ok(asserted) if asserted.backup_eligible == passkey.backup_eligible => asserted,
        Ok(_) => return told(not_accepted(&PasskeyError::Other("backup eligibility"))),
        Err(cause) => return told(not_accepted(&cause)),
    };
    if let Err(e) = house.store.use_passkey(&passkey.credential, asserted.count, now).await {
        return told(e.into());
    }
    match begin(&house, &session, &actor, SignedInBy::Passkey(passkey.label), &headers).await {
        Ok(()) => Json(json!({ "to": local(body.to.as_deref()) })).into_response(),
        Err(e) => told(e.into()),
    }
}

fn origin(house: &House) -> String {
    house.config.portal.place().origins.into_iter().next().unwrap_or_default()
}

fn answered(begun: Result<Begun, PortError>) -> Response {
    match begun {
        Ok(begun) => Json(begun).into_response(),
        Err(e) => told(e.into()),
    }
}

fn unreadable() -> Problem {
    Problem::bad_input("The browser’s answer could not be read.", "Load the page again, then press once more.")
}

fn stale() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "This was answered already, or took longer than five minutes.",
        "Nothing was changed.",
        "Press the button again.",
    )
}

/// One sentence for a passkey that never was, one revoked, and one of somebody removed.
fn unknown() -> Problem {
    Problem::new(
        ProblemKind::NotAllowed,
        "This passkey is not known here, or was revoked.",
        "Nobody was signed in.",
        "Use another, or sign in by code or link.",
    )
}

fn not_accepted(cause: &PasskeyError) -> Problem {
    tracing::warn!(%cause, "a passkey was not accepted");
    Problem::bad_input(
        &format!("This passkey was not accepted: {cause}."),
        "Open the portal’s own address and press the button again.",
    )
}
