//! The company's own sign-in provider, over OpenID Connect: authorization code with PKCE, state and nonce.
//!
//! What it says counts for one thing: that somebody holds a verified e-mail address. Who that is here, and what they
//! may do, is the portal's own business.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use anyhow::Context;
use axum::http;
use domain::person::Email;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, DiscoveryError,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata, CoreTokenResponse,
        CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

use crate::{answer, config::Oidc};

/// Documents and keys of a provider are kilobytes.
const MOST_ANSWER: usize = 1024 * 1024;
/// How long one question to the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What discovery found is asked for again after this long, and at a signature by a key it did not name.
const KEPT: Duration = Duration::from_secs(3600);
/// But not more often than this, whoever sends what.
const AGAIN: Duration = Duration::from_secs(60);

/// Where the provider sends people back to.
pub const BACK: &str = "/sign-in/provider/back";

#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("the provider does not answer: {0}")]
    Away(String),
    /// Configuration on one of the two sides, or somebody in between.
    #[error("the provider’s answer does not hold: {0}")]
    Broken(String),
    #[error("the provider’s answer belongs to another sign-in")]
    Foreign,
    #[error("the provider names no e-mail address that it has verified")]
    Unverified,
}

/// What must come back with the answer; kept by the server, used once.
#[derive(Serialize, Deserialize)]
pub struct Started {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// What the provider says of somebody.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Its own name for the account; never another's.
    pub subject: String,
    pub email: Email,
}

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

pub struct Provider {
    config: Oidc,
    back: RedirectUrl,
    issuer: IssuerUrl,
    http: Http,
    found: Mutex<Option<(Instant, Client)>>,
}

impl Provider {
    /// As the configuration says; `None` when it names no issuer. Asks nothing yet.
    pub fn configured(config: &Oidc, public_url: &str) -> anyhow::Result<Option<Self>> {
        if config.issuer.is_empty() {
            return Ok(None);
        }
        let back = format!("{}{BACK}", public_url.trim_end_matches('/'));
        // Redirects are never followed: they could lead to addresses of the inside.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent(concat!("passmuster/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Some(Self {
            config: config.clone(),
            back: RedirectUrl::new(back).context("portal.public_url is no address")?,
            issuer: IssuerUrl::new(config.issuer.clone()).context("oidc.issuer is no address")?,
            http: Http(http),
            found: Mutex::new(None),
        }))
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Where to send somebody, and what to keep meanwhile.
    pub async fn begin(&self) -> Result<(String, Started), ProviderError> {
        let client = self.client(KEPT).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok((url.into(), Started { state, nonce, verifier }))
    }

    /// Exchanges the code for who it is. `started` must have been taken out of where it was kept.
    pub async fn finish(&self, started: Started, code: String, state: &str) -> Result<Told, ProviderError> {
        if !bool::from(started.state.secret().as_bytes().ct_eq(state.as_bytes())) {
            return Err(ProviderError::Foreign);
        }
        let client = self.client(KEPT).await?;
        let send = self.http.client();
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(broken)?
            .set_pkce_verifier(started.verifier)
            .request_async(&send)
            .await
            .map_err(|e| match e {
                openidconnect::RequestTokenError::Request(e) => ProviderError::Away(e.to_string()),
                // Its words, without the token that a wrong answer may hold.
                openidconnect::RequestTokenError::ServerResponse(said) => {
                    ProviderError::Broken(said.error().as_ref().to_owned())
                }
                openidconnect::RequestTokenError::Parse(e, _) => ProviderError::Broken(e.to_string()),
                openidconnect::RequestTokenError::Other(e) => ProviderError::Broken(e),
            })?;
        let claims = match claims(&client, &answer, &started.nonce) {
            // Signed by a key that came after discovery.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let client = self.client(AGAIN).await?;
                claims(&client, &answer, &started.nonce).map_err(broken)?
            }
            other => other.map_err(broken)?,
        };
        let subject = claims.subject().clone();
        let (email, verified) = match claims.email() {
            Some(email) => (Some(email.to_string()), claims.email_verified()),
            // Some providers keep it out of the token.
            None => {
                let asked = client.user_info(answer.access_token().clone(), Some(subject.clone())).map_err(broken)?;
                let info: CoreUserInfoClaims = asked.request_async(&send).await.map_err(broken)?;
                (info.email().map(|email| email.to_string()), info.email_verified())
            }
        };
        let email = email.filter(|_| verified == Some(true)).and_then(|email| Email::parse(&email).ok());
        Ok(Told { subject: subject.to_string(), email: email.ok_or(ProviderError::Unverified)? })
    }

    /// Whether discovery finds the provider as it is configured.
    pub async fn check(&self) -> Result<(), ProviderError> {
        self.client(Duration::ZERO).await.map(|_| ())
    }

    /// What discovery found, not older than `age`.
    async fn client(&self, age: Duration) -> Result<Client, ProviderError> {
        let mut found = self.found.lock().await;
        if let Some((at, client)) = found.as_ref().filter(|(at, _)| at.elapsed() < age) {
            let _ = at;
            return Ok(client.clone());
        }
        let send = self.http.client();
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &send).await.map_err(|e| match e {
            DiscoveryError::Request(e) => ProviderError::Away(e.to_string()),
            DiscoveryError::Response(status, ..) => {
                ProviderError::Broken(format!("discovery at {} answered {status}", self.config.issuer))
            }
            e => ProviderError::Broken(e.to_string()),
        })?;
        let id = ClientId::new(self.config.client_id.clone());
        let secret = ClientSecret::new(self.config.client_secret.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(self.back.clone());
        *found = Some((Instant::now(), client.clone()));
        Ok(client)
    }
}

/// Checks the ID token: issuer, audience, time, signature, nonce, and that the access token is its own.
fn claims(
    client: &Client,
    answer: &CoreTokenResponse,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let other = |what: &str| ClaimsVerificationError::Other(what.to_owned());
    let id = answer.id_token().ok_or_else(|| other("it holds no ID token"))?;
    let verifier = client.id_token_verifier();
    let claims = id.claims(&verifier, nonce)?;
    if let Some(expected) = claims.access_token_hash() {
        let (alg, key) = (id.signing_alg(), id.signing_key(&verifier));
        let (Ok(alg), Ok(key)) = (alg, key) else { return Err(other("its signing key is not known")) };
        let actual = AccessTokenHash::from_token(answer.access_token(), alg, key);
        if actual.ok().as_ref() != Some(expected) {
            return Err(other("its access token belongs to another"));
        }
    }
    Ok(claims.clone())
}

fn broken(e: impl std::fmt::Display) -> ProviderError {
    ProviderError::Broken(e.to_string())
}

#[derive(Debug, thiserror::Error)]
enum Wire {
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("{}", innermost(.0))]
    Reqwest(#[from] reqwest::Error),
    #[error(transparent)]
    Answer(#[from] answer::Unread),
}

/// reqwest's own words name the address and hide why; the cause says it.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

type Answering = Pin<Box<dyn Future<Output = Result<HttpResponse, Wire>> + Send>>;

/// The portal's HTTP client in the shape that openidconnect asks for, which brings an older one of its own otherwise.
#[derive(Clone)]
struct Http(reqwest::Client);

impl Http {
    fn client(&self) -> impl Fn(HttpRequest) -> Answering + Send + Sync + use<> {
        let http = self.clone();
        move |request| Box::pin(http.clone().send(request))
    }

    async fn send(self, request: HttpRequest) -> Result<HttpResponse, Wire> {
        let (parts, body) = request.into_parts();
        let asked = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let answer = asked.send().await?;
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        Ok(response.body(answer::bytes(answer, MOST_ANSWER).await?)?)
    }
}
