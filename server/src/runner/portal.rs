//! The portal as a runner sees it: a few calls with a narrow token.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::{
    drill::{Drill, Excluded, LogLine},
    live::{Heard, Heartbeat},
};
use serde::{Deserialize, Serialize};

#[derive(Clone)]
pub struct Portal {
    url: String,
    token: String,
    http: reqwest::Client,
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

#[derive(Deserialize)]
struct Refusal {
    detail: Option<String>,
    title: Option<String>,
}

impl Portal {
    pub fn new(url: &str, token: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("no HTTP client")?;
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token: token.trim().to_owned(), http })
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

    /// Files the record; tried for half a minute, because the drill itself cannot be repeated.
    pub async fn finish(&self, id: &str, drill: &Drill) -> Result<u64> {
        let mut wait = Duration::from_secs(1);
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
        let answer = self
            .http
            .request(method, &url)
            .bearer_auth(&self.token)
            .json(body)
            .send()
            .await
            .with_context(|| format!("the portal at {} does not answer", self.url))?;
        let status = answer.status();
        let text = answer.text().await.context("the portal's answer broke off")?;
        if status.is_success() {
            return serde_json::from_str(&text).context("the portal's answer does not read");
        }
        let said = serde_json::from_str::<Refusal>(&text).ok().and_then(|r| r.detail.or(r.title));
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
struct Final(String);
