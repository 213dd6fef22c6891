//! The portal as a runner sees it: a few calls with a narrow token, each record signed by the runner's own key.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    attestation::Attestation,
    drill::{Drill, Excluded, LogLine},
    import::Told,
    job::JobRun,
    live::{Heard, Heartbeat},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{identity::Identity, queue::Push};
use crate::{
    answer,
    http::imports::{Beside, Envelope, Imported},
};

/// What the portal answers a runner is never longer.
const MOST_ANSWER: usize = 8 * 1024 * 1024;

#[derive(Clone)]
pub struct Portal {
    url: String,
    token: String,
    http: reqwest::Client,
    identity: Option<Arc<Identity>>,
}

/// A runner's public key: 32 bytes of Ed25519, base64.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunnerKey {
    pub public: String,
}

/// Attestations of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pushed {
    pub attestations: Vec<Attestation>,
}

/// How many records were filed now, and how many were there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    pub filed: usize,
    pub known: usize,
}

/// The list's place in the ledger, and the root after it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SealedList {
    pub seq: u64,
    /// 64 lower-case hex digits.
    pub root: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    pub eligible: Vec<String>,
    pub excluded: Vec<Excluded>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// As the plan names who runs it.
    pub by: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SealedDrill {
    pub seq: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Stands {
    /// Its record is filed; one that is under way or was never heard of is not over.
    pub over: bool,
}

#[derive(Deserialize)]
struct Refusal {
    detail: Option<String>,
    title: Option<String>,
}

/// Attestations in one push.
pub const AT_ONCE: usize = 500;

impl Portal {
    pub fn new(url: &str, token: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client")?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token: token.trim().to_owned(), http, identity: None })
    }

    /// From now on everything pushed is signed. Registers the key; the portal binds it to the token.
    pub async fn signing(self, identity: Arc<Identity>) -> Result<Self> {
        let portal = self.signing_as_known(identity);
        portal.register().await?;
        Ok(portal)
    }

    /// The same, registering later: a runner starts also while the portal is away.
    pub fn signing_as_known(mut self, identity: Arc<Identity>) -> Self {
        self.identity = Some(identity);
        self
    }

    pub async fn register(&self) -> Result<()> {
        let Some(identity) = &self.identity else { return Ok(()) };
        let key = RunnerKey { public: identity.public() };
        self.send::<_, Filed>(reqwest::Method::PUT, "runner-key", &key).await.map(drop)
    }

    /// A drill as it is filed: signed, where there is a key.
    pub fn signed_drill(&self, drill: &Drill) -> Result<Drill> {
        let mut drill = drill.clone();
        if let Some(identity) = &self.identity {
            drill.signature = None;
            drill.signature = Some(identity.sign(&drill)?);
        }
        Ok(drill)
    }

    pub fn signed_import(&self, told: Told, output: &[u8]) -> Result<Envelope> {
        let signature = self.identity.as_ref().map(|identity| identity.sign(&told)).transpose()?;
        Ok(Envelope { told, signature, output: STANDARD.encode(output) })
    }

    pub fn signed_run(&self, run: &JobRun) -> Result<JobRun> {
        let mut run = run.clone();
        if let Some(identity) = &self.identity {
            run.signature = Some(identity.sign(&run)?);
        }
        Ok(run)
    }

    pub fn signed_attestation(&self, attestation: &Attestation) -> Result<Attestation> {
        let mut attestation = attestation.clone();
        if let Some(identity) = &self.identity {
            attestation.signature = Some(identity.sign(&attestation)?);
        }
        Ok(attestation)
    }

    /// One push out of the queue.
    pub async fn push(&self, push: &Push) -> Result<()> {
        let method: reqwest::Method =
            push.method.parse().map_err(|_| Final(format!("{} is no method", push.method)))?;
        self.send::<_, serde_json::Value>(method, &push.path, &push.body).await.map(drop)
    }

    /// Files attestations, as many at once as the portal takes.
    pub async fn attest(&self, attestations: &[Attestation]) -> Result<Filed> {
        let mut all = Filed { filed: 0, known: 0 };
        for part in attestations.chunks(AT_ONCE) {
            let attestations = part.iter().map(|a| self.signed_attestation(a)).collect::<Result<_>>()?;
            let filed: Filed = self.send(reqwest::Method::POST, "attestations", &Pushed { attestations }).await?;
            all.filed += filed.filed;
            all.known += filed.known;
        }
        Ok(all)
    }

    /// Takes the one place for a drill.
    pub async fn begin(&self, id: &str, so_far: &Drill) -> Result<()> {
        self.send(reqwest::Method::POST, &format!("drills/{id}/begin"), so_far).await.map(|_: serde_json::Value| ())
    }

    /// Tells how far it is, and learns what people wrote and pressed meanwhile.
    pub async fn hear(&self, id: &str, heartbeat: &Heartbeat) -> Result<Vec<LogLine>> {
        let heard: Heard = self.send(reqwest::Method::PUT, &format!("drills/{id}/live"), heartbeat).await?;
        Ok(heard.log)
    }

    /// Presses the next step of a drill by hand, for whoever sits at this terminal.
    pub async fn press(&self, id: &str, by: &str) -> Result<()> {
        let press = Press { by: by.to_owned() };
        self.send(reqwest::Method::POST, &format!("drills/{id}/press"), &press).await.map(|_: serde_json::Value| ())
    }

    pub async fn seal_list(&self, id: &str, eligible: &[String], excluded: &[Excluded]) -> Result<SealedList> {
        let list = List { eligible: eligible.to_vec(), excluded: excluded.to_vec() };
        self.send(reqwest::Method::POST, &format!("drills/{id}/draw"), &list).await
    }

    /// Whether a drill's record is filed, complete or abandoned.
    pub async fn is_over(&self, id: &str) -> Result<bool> {
        let stands: Stands = self.send(reqwest::Method::GET, &format!("drills/{id}"), &()).await?;
        Ok(stands.over)
    }

    /// Files the record; tried for half a minute, because the drill itself cannot be repeated.
    pub async fn finish(&self, id: &str, drill: &Drill) -> Result<u64> {
        let mut wait = Duration::from_secs(1);
        let drill = &self.signed_drill(drill)?;
        loop {
            match self.send::<_, SealedDrill>(reqwest::Method::PUT, &format!("drills/{id}"), drill).await {
                Ok(sealed) => return Ok(sealed.seq),
                Err(e) if wait > Duration::from_secs(16) || e.downcast_ref::<Final>().is_some() => return Err(e),
                Err(_) => tokio::time::sleep(wait).await,
            }
            wait *= 2;
        }
    }

    /// Has a bundle made, telling how far it is, writes it, and returns its id.
    ///
    /// A portal that ends meanwhile keeps the order: it is asked again for a minute.
    pub async fn export(
        &self,
        wish: &serde_json::Value,
        tell: impl Fn(&str, u64, u64),
        into: &mut impl std::io::Write,
    ) -> Result<String> {
        let mut answer: Ordered = self.send(reqwest::Method::POST, "bundles", wish).await?;
        let id = loop {
            match answer {
                Ordered::Made { id } => break id,
                Ordered::OnItsWay { order, step, done, total } => {
                    tell(&step, done, total);
                    answer = self.ordered(&order).await?;
                }
            }
        };
        let url = format!("{}/api/v1/bundles/{id}/download", self.url);
        let mut answer =
            self.http.get(url).bearer_auth(&self.token).send().await.context("the portal does not answer")?;
        if !answer.status().is_success() {
            bail!("the portal answered {} to the download", answer.status());
        }
        while let Some(part) = answer.chunk().await.context("the download broke off")? {
            into.write_all(&part).context("the disk took only part of the bundle; nothing is left")?;
        }
        Ok(id)
    }

    /// Brings a vendor's output as it was printed.
    pub async fn import(&self, kind: &str, beside: &Beside, output: Vec<u8>) -> Result<Imported> {
        let url = format!("{}/api/v1/imports/{kind}", self.url);
        let asked = self.http.post(url).query(beside).bearer_auth(&self.token).body(output);
        self.answered(asked).await
    }

    async fn ordered(&self, order: &str) -> Result<Ordered> {
        let mut patience = 60;
        loop {
            match self.send(reqwest::Method::GET, &format!("bundles/orders/{order}"), &()).await {
                Err(e) if patience > 0 && e.downcast_ref::<Final>().is_none() => patience -= 1,
                answer => return answer,
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn send<B: Serialize + Sync, A: for<'de> Deserialize<'de>>(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &B,
    ) -> Result<A> {
        let url = format!("{}/api/v1/{path}", self.url);
        self.answered(self.http.request(method, &url).bearer_auth(&self.token).json(body)).await
    }

    async fn answered<A: DeserializeOwned>(&self, asked: reqwest::RequestBuilder) -> Result<A> {
        let answer = asked.send().await.with_context(|| format!("the portal at {} does not answer", self.url))?;
        let status = answer.status();
        let text = answer::bytes(answer, MOST_ANSWER).await.context("the portal's answer broke off")?;
        if status.is_success() {
            return serde_json::from_slice(&text).context("the portal's answer does not read");
        }
        let said = serde_json::from_slice::<Refusal>(&text).ok().and_then(|r| r.detail.or(r.title));
        let said = format!("the portal answered {status}: {}", said.unwrap_or_else(|| "no reason given".to_owned()));
        // What the portal understood and refused will be refused again.
        if status.is_client_error() { Err(Final(said).into()) } else { bail!(said) }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ordered {
    Made { id: String },
    OnItsWay { order: String, step: String, done: u64, total: u64 },
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Final(String);
