//! Outside time: tokens asked of RFC 3161 authorities over HTTP (RFC 3161 section 3.4), checked on receipt.
//!
//! An authority may be down, slow or lying: then there is no token, and everything else goes on. It is told
//! a digest and nothing more.

pub mod checkpoints;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use app::ports::Clock;
use domain::{
    Moment,
    proof::{
        timestamp::{self, Authorities, Stamp, TimestampError},
        tree::Hash,
    },
};

use crate::{
    answer::{self, Unread},
    config::Time,
};

/// How long one authority may take before the next is asked.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A token whose time is further from this machine's clock says that one of the two is wrong.
const APART_MS: i64 = 5 * 60 * 1000;

#[derive(Debug, thiserror::Error)]
pub enum TimeError {
    #[error("the time authority {0} cannot be reached: {1}")]
    Down(String, String),
    #[error("the time authority {0} did not answer within {1} s")]
    Slow(String, u64),
    #[error("the time authority {0} answered with {1}")]
    Answer(String, String),
    #[error("the time authority {0} sent a token that does not hold: {1}")]
    Token(String, TimestampError),
    #[error(
        "the time authority {authority} says {said}, and this machine's clock says {here}: one of the two is wrong, and no token was kept"
    )]
    Clock { authority: String, said: Moment, here: Moment },
}

/// Gives a token over a SHA-256, and blocks meanwhile.
pub trait Stamping: Send + Sync {
    /// The authority's whole response, checked.
    fn stamp(&self, digest: &Hash) -> Result<Vec<u8>, TimeError>;
}

/// A token and what it says.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// DER of TimeStampResp, as `openssl ts -verify -in` reads it.
    pub response: Vec<u8>,
    pub stamp: Stamp,
}

/// The configured authorities, in the order they are asked, and the roots they must lead to.
pub struct TimeSource {
    urls: Vec<String>,
    roots: Authorities,
    roots_pem: Vec<String>,
    patience: Duration,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl TimeSource {
    pub fn new(urls: Vec<String>, roots_pem: &str, patience: Duration, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(patience)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("passmuster/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let roots = Authorities::from_pem(roots_pem)?;
        Ok(Self { urls, roots_pem: roots.pems(), roots, patience, http, clock })
    }

    /// As the configuration says; `None` when it names no authority.
    pub fn configured(config: &Time, clock: Arc<dyn Clock>) -> anyhow::Result<Option<Self>> {
        let urls: Vec<String> = config.authorities.split_whitespace().map(str::to_owned).collect();
        if urls.is_empty() {
            return Ok(None);
        }
        if let Some(url) =
            urls.iter().find(|u| !reqwest::Url::parse(u).is_ok_and(|u| ["http", "https"].contains(&u.scheme())))
        {
            bail!("time.authorities: {url:?} is not an address such as https://freetsa.org/tsr");
        }
        if config.roots.as_os_str().is_empty() {
            bail!(
                "time.authorities is set and time.roots is not: name a PEM file with the root certificates they lead to, or no token could be believed"
            );
        }
        let roots = std::fs::read_to_string(&config.roots)
            .with_context(|| format!("time.roots: cannot read {}", config.roots.display()))?;
        let source = Self::new(urls, &roots, PATIENCE, clock);
        source.with_context(|| format!("time.roots: {}", config.roots.display())).map(Some)
    }

    /// The pinned roots, one PEM each.
    pub fn roots_pem(&self) -> &[String] {
        &self.roots_pem
    }

    /// A token from the first authority that gives one that holds; otherwise what the last one did.
    pub async fn ask(&self, digest: &Hash) -> Result<Stamped, TimeError> {
        let mut failed = None;
        for url in &self.urls {
            match self.ask_one(url, digest).await {
                Ok(stamped) => return Ok(stamped),
                Err(cause) => {
                    tracing::warn!(%cause, "no token");
                    failed = Some(cause);
                }
            }
        }
        Err(failed.unwrap_or_else(|| TimeError::Down("(none)".to_owned(), "none is configured".to_owned())))
    }

    async fn ask_one(&self, url: &str, digest: &Hash) -> Result<Stamped, TimeError> {
        let name = || host(url);
        let network = |e: reqwest::Error| {
            if e.is_timeout() {
                TimeError::Slow(name(), self.patience.as_secs().max(1))
            } else {
                // Without the address, which may hold a customer's name or key.
                TimeError::Down(name(), innermost(&e.without_url()))
            }
        };
        let mut nonce = [0; 8];
        getrandom::fill(&mut nonce).map_err(|e| TimeError::Answer(name(), format!("no random number: {e}")))?;
        let answer = self
            .http
            .post(url)
            .header("content-type", "application/timestamp-query")
            .header("accept", "application/timestamp-reply")
            .body(timestamp::request(digest, &nonce))
            .send()
            .await
            .map_err(network)?;
        if !answer.status().is_success() {
            return Err(TimeError::Answer(name(), format!("HTTP status {}", answer.status().as_u16())));
        }
        let response = answer::bytes(answer, timestamp::LARGEST).await.map_err(|unread| match unread {
            Unread::TooLong(most) => TimeError::Answer(name(), format!("more than {most} bytes")),
            Unread::Network(e) => network(e),
        })?;
        let stamp =
            timestamp::verify(&response, digest, Some(&nonce), &self.roots).map_err(|e| TimeError::Token(name(), e))?;
        let here = self.clock.now();
        if (stamp.at.millis() - here.millis()).abs() > APART_MS {
            return Err(TimeError::Clock { authority: name(), said: stamp.at, here });
        }
        Ok(Stamped { response, stamp })
    }
}

/// For work on a thread of its own, inside the runtime it was made in.
pub struct Blocking {
    pub source: Arc<TimeSource>,
    pub runtime: tokio::runtime::Handle,
}

impl Stamping for Blocking {
    fn stamp(&self, digest: &Hash) -> Result<Vec<u8>, TimeError> {
        self.runtime.block_on(self.source.ask(digest)).map(|stamped| stamped.response)
    }
}

/// Whose clock a bundle rests on.
#[derive(Clone)]
pub enum Outside {
    /// It is to be stamped, and the authorities lead to these roots (PEM).
    Stamped { by: Arc<dyn Stamping>, roots: Vec<String> },
    /// The issuer's own, and why.
    SelfAsserted(String),
}

impl Outside {
    pub fn stamping(&self) -> Option<&dyn Stamping> {
        match self {
            Outside::Stamped { by, .. } => Some(by.as_ref()),
            Outside::SelfAsserted(_) => None,
        }
    }
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outside::Stamped { .. } => f.write_str("Stamped"),
            Outside::SelfAsserted(why) => write!(f, "SelfAsserted({why:?})"),
        }
    }
}

fn host(url: &str) -> String {
    reqwest::Url::parse(url).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_else(|| url.to_owned())
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
