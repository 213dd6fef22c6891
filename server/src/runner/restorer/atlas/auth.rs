//! Who asks: an API key (HTTP Digest) or a service account (a token for an hour).
//!
//! Secrets come from files, and are in no error, log or debug text.

use std::{
    fmt, fs,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::draw::hex;
use reqwest::{
    Client, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    digest::{self, Challenge},
    fault::{self, Fault},
};

pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.with_context(|| format!("cannot read the secret in {}", path.display()))?;
        let text = text.trim();
        if text.is_empty() || text.chars().any(char::is_whitespace) {
            bail!("{} holds no secret: one word on one line", path.display());
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

#[derive(Debug)]
pub enum Credentials {
    Key { public: String, private: Secret },
    Account { id: String, secret: Secret },
}

impl Credentials {
    /// What to look at when Atlas does not take them.
    fn named(&self) -> &'static str {
        match self {
            Self::Key { .. } => "public_key, private_key_file and the key's list of addresses",
            Self::Account { .. } => "client_id, client_secret_file and the account's list of addresses",
        }
    }
}

pub struct Auth {
    credentials: Credentials,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    challenge: Option<Challenge>,
    /// How often the challenge's nonce was used.
    used: u32,
    token: Option<(Secret, Instant)>,
}

#[derive(Deserialize)]
struct Token {
    access_token: Zeroizing<String>,
    expires_in: Option<u64>,
}

impl Auth {
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, held: Mutex::default() }
    }

    pub fn named(&self) -> &'static str {
        self.credentials.named()
    }

    /// `None`: Atlas has not said yet how it wants to be answered.
    pub async fn header(
        &self,
        http: &Client,
        base: &str,
        method: &str,
        uri: &str,
    ) -> Result<Option<HeaderValue>, Fault> {
        match &self.credentials {
            Credentials::Key { public, private } => {
                let mut held = self.held();
                held.used += 1;
                let Some(challenge) = &held.challenge else { return Ok(None) };
                let answer = challenge.answer(public, &private.0, method, uri, held.used, &cnonce()?);
                sensitive(&answer).map(Some)
            }
            Credentials::Account { id, secret } => {
                if let Some((token, until)) = &self.held().token
                    && Instant::now() < *until
                {
                    return bearer(token).map(Some);
                }
                let (token, until) = ask(http, base, id, secret, self.named()).await?;
                let header = bearer(&token)?;
                self.held().token = Some((token, until));
                Ok(Some(header))
            }
        }
    }

    /// After a 401: whether another answer may be taken.
    pub fn again(&self, headers: &HeaderMap) -> bool {
        let mut held = self.held();
        match &self.credentials {
            Credentials::Key { .. } => {
                let offered = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
                held.challenge = digest::strongest(offered);
                held.used = 0;
                held.challenge.is_some()
            }
            Credentials::Account { .. } => held.token.take().is_some(),
        }
    }

    /// A text of Atlas' without what must not be shown, should it quote that.
    pub fn without_secrets(&self, text: &str) -> String {
        let (Credentials::Key { private: secret, .. } | Credentials::Account { secret, .. }) = &self.credentials;
        let mut text = text.replace(secret.0.as_str(), "(not shown)");
        if let Some((token, _)) = &self.held().token {
            text = text.replace(token.0.as_str(), "(not shown)");
        }
        text
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token, and until when it is used: a minute before it expires.
async fn ask(http: &Client, base: &str, id: &str, secret: &Secret, named: &str) -> Result<(Secret, Instant), Fault> {
    let pair = Zeroizing::new(format!("{id}:{}", *secret.0));
    let basic = Zeroizing::new(format!("Basic {}", *Zeroizing::new(STANDARD.encode(pair.as_bytes()))));
    let request = http
        .post(format!("{base}/api/oauth/token"))
        .header(AUTHORIZATION, sensitive(&basic)?)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    // Asking for a token does nothing to any cluster.
    let harmless = |fault: Fault| Fault { perhaps_done: false, ..fault };
    let answer = request.send().await.map_err(|e| harmless(Fault::unanswered(&e)))?;
    let (status, after) = (answer.status(), fault::retry_after(answer.headers()));
    let text = Zeroizing::new(fault::text(answer).await.map_err(harmless)?);
    match status {
        _ if status.is_success() => {
            let unreadable = || harmless(Fault::unreadable("the answer to the request for a token"));
            let token: Token = serde_json::from_str(&text).map_err(|_| unreadable())?;
            let seconds = token.expires_in.unwrap_or(0);
            let good_for = seconds.saturating_sub(60).max(seconds / 2);
            Ok((Secret(token.access_token), Instant::now() + Duration::from_secs(good_for.min(86_400))))
        }
        // RFC 6749, 5.2: a wrong id or secret is either.
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => {
            Err(Fault::refused(format!("Atlas does not take the service account ({status}): look at {named}"), status))
        }
        _ => Err(harmless(Fault::of(status, after, &fault::Error::default(), named))),
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, Fault> {
    sensitive(&Zeroizing::new(format!("Bearer {}", *token.0)))
}

fn sensitive(text: &str) -> Result<HeaderValue, Fault> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| Fault::here("the credentials hold a letter that no header can"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn cnonce() -> Result<String, Fault> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Fault::here("the system gives no randomness"))?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        fs::write(&path, "open-sesame\n").expect("a file");
        let private = Secret::read(&path).expect("a secret");
        assert_eq!(private.0.as_str(), "open-sesame");
        let key = Credentials::Key { public: "abc".to_owned(), private };
        assert_eq!(format!("{key:?}"), r#"Key { public: "abc", private: (not shown) }"#);
        let auth = Auth::new(key);
        assert_eq!(auth.without_secrets("you sent open-sesame"), "you sent (not shown)");
    }
}
