//! Sign-in at a provider, against one of the tests' own that lies where it is told to; e2e has a stock one.

use std::sync::{Arc, Mutex};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{
    person::Email,
    proof::passkey::base64url,
    role::{Actor, Role, Scope},
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde::Deserialize;
use serde_json::{Value, json};
use server::config::{Config, Oidc};
use sha2::{Digest, Sha256};

use crate::portal::{Portal, cookie, text, to};

/// What the provider does; changed between requests.
#[derive(Clone)]
struct Behaviour {
    issuer: String,
    /// As the authorization request had it.
    challenge: String,
    /// Of the ID token, over the usual ones.
    claims: Value,
    userinfo: Value,
    /// The key that signs, and the one that is published.
    signs: u8,
    publishes: u8,
    discovery: StatusCode,
}

struct Provider {
    behaviour: Arc<Mutex<Behaviour>>,
    issuer: String,
    stop: tokio::task::JoinHandle<()>,
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let behaviour = Arc::new(Mutex::new(Behaviour {
            issuer: issuer.clone(),
            challenge: String::new(),
            claims: json!({}),
            userinfo: json!({}),
            signs: 5,
            publishes: 5,
            discovery: StatusCode::OK,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(behaviour.clone());
        let stop = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { behaviour, issuer, stop }
    }

    fn config(&self) -> Oidc {
        Oidc {
            issuer: self.issuer.clone(),
            client_id: "passmuster".to_owned(),
            client_secret: "the secret".to_owned(),
            name: "Test ID".to_owned(),
        }
    }

    fn now(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour.lock().expect("the behaviour"));
    }
}

type Shared = State<Arc<Mutex<Behaviour>>>;

fn of(shared: &Shared) -> Behaviour {
    shared.lock().expect("the behaviour").clone()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).expect("a key")
}

async fn discovery(shared: Shared) -> Response<axum::body::Body> {
    let Behaviour { issuer, discovery, .. } = of(&shared);
    let found = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
        "userinfo_endpoint": format!("{issuer}/userinfo"), "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    });
    (discovery, Json(found)).into_response()
}

async fn jwks(shared: Shared) -> Json<Value> {
    let published = of(&shared).publishes;
    let point = key(published).verifying_key().to_sec1_point(false);
    let (x, y) = (base64url(point.x().expect("x")), base64url(point.y().expect("y")));
    Json(
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "kid": published.to_string(), "x": x, "y": y }] }),
    )
}

#[derive(Deserialize)]
struct Asked {
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

async fn token(shared: Shared, headers: HeaderMap, Form(asked): Form<Asked>) -> Response<axum::body::Body> {
    let Behaviour { issuer, challenge, claims, signs, .. } = of(&shared);
    let login = format!("Basic {}", BASE64_STANDARD.encode("passmuster:the+secret"));
    let right = headers[header::AUTHORIZATION] == login.as_str()
        && asked.code == "a-code"
        && asked.redirect_uri == "http://portal.test/sign-in/provider/back"
        && base64url(&Sha256::digest(&asked.code_verifier)) == challenge;
    if !right {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let now = chrono::Utc::now().timestamp();
    let mut payload = json!({
        "iss": issuer, "aud": "passmuster", "sub": "ana-1", "iat": now, "exp": now + 300,
        "email": "ana@testwerk.example", "email_verified": true,
    });
    for (name, value) in claims.as_object().expect("claims") {
        if value.is_null() {
            payload.as_object_mut().expect("claims").remove(name);
        } else {
            payload[name] = value.clone();
        }
    }
    let head = json!({ "alg": "ES256", "kid": signs.to_string(), "typ": "JWT" });
    let message = format!("{}.{}", base64url(head.to_string().as_bytes()), base64url(payload.to_string().as_bytes()));
    let signature: Signature = key(signs).sign(message.as_bytes());
    let id = format!("{message}.{}", base64url(&signature.to_bytes()));
    Json(json!({ "access_token": "an-access-token", "token_type": "Bearer", "expires_in": 300, "id_token": id }))
        .into_response()
}

async fn userinfo(shared: Shared, headers: HeaderMap) -> Response<axum::body::Body> {
    if headers[header::AUTHORIZATION] != "Bearer an-access-token" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(of(&shared).userinfo).into_response()
}

async fn portal_with(provider: &Provider) -> Portal {
    let oidc = provider.config();
    let portal = Portal::open_as(|config: &mut Config| config.oidc = oidc).await;
    person(&portal, "ana", "ana@testwerk.example").await;
    portal
}

async fn person(portal: &Portal, id: &str, email: &str) {
    let actor = Actor { id: id.into(), name: id.into(), role: Role::Operator, scope: Scope::EVERYTHING };
    portal.house.store.put_person(&actor).await.expect("a person");
    portal.house.store.put_email(id, &Email::parse(email).expect("an address")).await.expect("kept");
}

/// A browser on its way: what it was given to keep, and what it was asked to bring to the provider.
struct Gone {
    kept: String,
    state: String,
    nonce: String,
}

async fn leave(portal: &Portal, provider: &Provider) -> Gone {
    let answer = portal.get("/sign-in/provider?to=/drills", None).await;
    let place = to(&answer);
    let query = place.strip_prefix(&format!("{}/authorize?", provider.issuer)).expect("the provider").to_owned();
    let query: std::collections::HashMap<String, String> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "passmuster"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "http://portal.test/sign-in/provider/back"),
        ("scope", "openid email"),
    ] {
        assert_eq!(query[name], value);
    }
    let set = answer.headers()[header::SET_COOKIE].to_str().expect("text");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Max-Age=300"), "{set}");
    provider.now(|b| b.challenge.clone_from(&query["code_challenge"]));
    let kept = set.split(';').next().expect("a cookie").to_owned();
    Gone { kept, state: query["state"].clone(), nonce: query["nonce"].clone() }
}

async fn back(portal: &Portal, gone: &Gone) -> Response<axum::body::Body> {
    let path = format!("/sign-in/provider/back?code=a-code&state={}", gone.state);
    portal.get(&path, Some(&gone.kept)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_address_that_the_provider_verified_signs_in() {
    let provider = Provider::start().await;
    let portal = portal_with(&provider).await;
    let page = text(portal.get("/sign-in?to=/drills", None).await).await;
    assert!(page.contains("Continue with Test ID") && page.contains("/sign-in/provider?to="), "{page}");
    for userinfo in [false, true] {
        let gone = leave(&portal, &provider).await;
        provider.now(|b| {
            b.claims = json!({ "nonce": gone.nonce });
            if userinfo {
                b.claims = json!({ "nonce": gone.nonce, "email": null, "email_verified": null });
                b.userinfo = json!({ "sub": "ana-1", "email": "Ana@testwerk.example", "email_verified": true });
            }
        });
        let answer = back(&portal, &gone).await;
        assert_eq!(to(&answer), "/drills", "{userinfo}");
        let page = text(portal.get("/settings", Some(&cookie(&answer))).await).await;
        assert!(page.contains("by ") && page.contains("Test ID"), "{page}");
        let again = back(&portal, &gone).await;
        assert_eq!(to(&again), "/sign-in?refused=provider-foreign", "an answer counts once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_says_wrongly_or_to_somebody_else_signs_nobody_in() {
    let provider = Provider::start().await;
    let portal = portal_with(&provider).await;
    let now = chrono::Utc::now().timestamp();
    for (what, claims, refused) in [
        ("another sign-in's nonce", json!({ "nonce": "other" }), "provider-broken"),
        ("no nonce", json!({ "nonce": null }), "provider-broken"),
        ("for another client", json!({ "aud": "other" }), "provider-broken"),
        ("from another issuer", json!({ "iss": "https://evil.example" }), "provider-broken"),
        ("expired", json!({ "exp": now - 60 }), "provider-broken"),
        ("not verified", json!({ "email_verified": false }), "provider-unverified"),
        ("not said to be verified", json!({ "email_verified": null }), "provider-unverified"),
        ("no address that reads", json!({ "email": "ana" }), "provider-unverified"),
        ("nobody invited", json!({ "email": "bo@testwerk.example" }), "provider-unknown"),
        ("an access token of another", json!({ "at_hash": base64url(&[1; 16]) }), "provider-broken"),
    ] {
        let gone = leave(&portal, &provider).await;
        let mut all = json!({ "nonce": gone.nonce });
        for (name, value) in claims.as_object().expect("claims") {
            all[name] = value.clone();
        }
        provider.now(|b| b.claims = all);
        let answer = back(&portal, &gone).await;
        assert_eq!(to(&answer), format!("/sign-in?refused={refused}"), "{what}");
        let page = text(portal.get(&to(&answer), None).await).await;
        assert!(page.contains("Test ID") && page.contains("not signed in"), "{what}: {page}");
    }
    let good = |gone: &Gone| json!({ "nonce": gone.nonce });
    let gone = leave(&portal, &provider).await;
    provider.now(|b| (b.claims, b.signs) = (good(&gone), 6));
    assert_eq!(to(&back(&portal, &gone).await), "/sign-in?refused=provider-broken", "signed by a key nobody published");
    provider.now(|b| b.signs = 5);
    // An answer that another browser began, or nobody; and one with another state.
    let (mine, theirs) = (leave(&portal, &provider).await, leave(&portal, &provider).await);
    let crossed = Gone { kept: mine.kept.clone(), ..theirs };
    assert_eq!(to(&back(&portal, &crossed).await), "/sign-in?refused=provider-foreign");
    let bare = portal.get(&format!("/sign-in/provider/back?code=a-code&state={}", mine.state), None).await;
    assert_eq!(to(&bare), "/sign-in?refused=provider-foreign");
    let gone = leave(&portal, &provider).await;
    let denied = portal.get("/sign-in/provider/back?error=access_denied", Some(&gone.kept)).await;
    assert_eq!(to(&denied), "/sign-in?refused=provider-denied");
    // The challenge of another sign-in: the provider refuses the verifier.
    let gone = leave(&portal, &provider).await;
    provider.now(|b| b.challenge = "other".to_owned());
    assert_eq!(to(&back(&portal, &gone).await), "/sign-in?refused=provider-broken");
    let sessions = portal.house.store.documents("sessions").count_documents(bson::doc! {}).await.expect("a count");
    assert_eq!(sessions, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_given_to_another_account_and_a_person_removed_do_not_sign_in() {
    let provider = Provider::start().await;
    let portal = portal_with(&provider).await;
    let sign_in = async |subject: &str| {
        let gone = leave(&portal, &provider).await;
        provider.now(|b| b.claims = json!({ "nonce": gone.nonce, "sub": subject }));
        to(&back(&portal, &gone).await)
    };
    assert_eq!(sign_in("ana-1").await, "/drills");
    assert_eq!(sign_in("ana-2").await, "/sign-in?refused=provider-account");
    assert_eq!(sign_in("ana-1").await, "/drills");
    portal.named("owner", Role::Owner).await;
    assert!(portal.house.people.remove_by("owner", "ana").await.expect("removed"));
    assert_eq!(sign_in("ana-1").await, "/sign-in?refused=provider-unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_or_broken_is_a_page_and_no_fault() {
    let portal = Portal::open_quiet().await;
    assert_eq!(to(&portal.get("/sign-in/provider", None).await), "/sign-in?refused=no-provider");
    assert_eq!(to(&portal.get("/sign-in/provider/back", None).await), "/sign-in?refused=no-provider");

    let provider = Provider::start().await;
    let portal = portal_with(&provider).await;
    provider.now(|b| b.discovery = StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(to(&portal.get("/sign-in/provider", None).await), "/sign-in?refused=provider-broken");
    provider.now(|b| (b.discovery, b.issuer) = (StatusCode::OK, "https://other.example".to_owned()));
    assert_eq!(
        to(&portal.get("/sign-in/provider", None).await),
        "/sign-in?refused=provider-broken",
        "it names another"
    );
    let issuer = provider.issuer.clone();
    provider.now(|b| b.issuer = issuer);
    portal.house.provider.as_ref().expect("configured").check().await.expect("found");
    let gone = leave(&portal, &provider).await;
    provider.stop.abort();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(to(&back(&portal, &gone).await), "/sign-in?refused=provider-away");
    let page = portal.get("/sign-in?refused=provider-away", None).await;
    assert_eq!(page.status(), StatusCode::OK);
    let page = text(page).await;
    assert!(page.contains("Test ID does not answer") && page.contains("Try again in a minute"), "{page}");
}
