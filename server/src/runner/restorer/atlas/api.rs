//! Atlas' administration API, version 2: asks, pages through lists, and waits out what passes.
//! <https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/>

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{
    Client, Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep};

use super::{
    answers::Page,
    auth::{Auth, Credentials},
    fault::{self, Fault},
};

/// The most that Atlas gives at once.
const AT_ONCE: usize = 500;
/// Far beyond any list of a cluster's.
const PAGES: usize = 200;
/// How often is tried what nobody has been promised yet.
const TRIES: u32 = 4;
/// The longest pause between two tries, unless Atlas asks for a longer one.
const PAUSE: Duration = Duration::from_secs(300);

pub struct Api {
    base: String,
    http: Client,
    auth: Auth,
    poll: Duration,
}

impl Api {
    pub fn new(base: String, credentials: Credentials, poll: Duration) -> Result<Self> {
        let mut http = Client::builder()
            .timeout(Duration::from_secs(60))
            .connect_timeout(Duration::from_secs(20))
            // Credentials go to the host named in the plan and to no other.
            .redirect(reqwest::redirect::Policy::none());
        if base.starts_with("http:") {
            http = http.no_proxy();
        }
        Ok(Self { base, http: http.build().context("no HTTP client")?, auth: Auth::new(credentials), poll })
    }

    pub async fn get<A: DeserializeOwned>(&self, path: &str, version: &str) -> Result<A, Fault> {
        read(&self.send(Method::GET, path, version, None).await?)
    }

    pub async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        version: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<A, Fault> {
        let body = serde_json::to_string(body).map_err(|_| Fault::here("the request is no JSON"))?;
        read(&self.send(Method::POST, path, version, Some(body)).await?)
    }

    pub async fn delete(&self, path: &str, version: &str) -> Result<(), Fault> {
        self.send(Method::DELETE, path, version, None).await.map(drop)
    }

    /// The whole list, however many pages it has. `paged`: whether Atlas can be asked for pages there.
    pub async fn all<A: DeserializeOwned>(&self, path: &str, version: &str, paged: bool) -> Result<Vec<A>, Fault> {
        let mut all = Vec::new();
        for number in 1..=PAGES {
            let asked = if paged { format!("{path}?itemsPerPage={AT_ONCE}&pageNum={number}") } else { path.to_owned() };
            let mut page: Page<A> = self.get(&asked, version).await?;
            let got = page.results.len();
            all.append(&mut page.results);
            let owed = page.total_count.is_some_and(|total| total > all.len());
            if !page.has_next() && !owed {
                return Ok(all);
            }
            if got == 0 || !paged {
                break;
            }
        }
        let said = format!(
            "Atlas gave {} entries of a list and said that there are more: it is not used, because the newest may be missing",
            all.len()
        );
        Err(Fault::here(&said))
    }

    /// Asks until it is answered, or refused, or the time is over. `None`: a few times.
    pub async fn patiently<A, F>(&self, until: Option<Instant>, ask: impl Fn() -> F + Send + Sync) -> Result<A, Fault>
    where
        F: Future<Output = Result<A, Fault>> + Send,
        A: Send,
    {
        let mut tried = 0;
        loop {
            let fault = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            tried += 1;
            if !fault.passing || until.is_none() && tried >= TRIES || !self.pause(tried, &fault, until).await {
                return Err(fault);
            }
            tracing::warn!(cause = %fault, "Atlas is asked again");
        }
    }

    /// `false`: nothing is left of the time.
    pub async fn pause(&self, tried: u32, fault: &Fault, until: Option<Instant>) -> bool {
        let longer = self.poll.saturating_mul(1 << (tried - 1).min(16)).min(PAUSE.max(self.poll));
        let pause = fault.after.unwrap_or(longer);
        let within = match until {
            Some(until) => Instant::now() + pause < until,
            None => pause <= PAUSE,
        };
        if within {
            sleep(pause).await;
        }
        within
    }

    /// Until it is time to look again. `false`: nothing is left of the time.
    pub async fn rest(&self, until: Instant) -> bool {
        let within = Instant::now() + self.poll < until;
        if within {
            sleep(self.poll).await;
        }
        within
    }

    async fn send(&self, method: Method, path: &str, version: &str, body: Option<String>) -> Result<String, Fault> {
        let mut answer = self.once(&method, path, version, body.clone()).await?;
        // Without an answer to its challenge, or with one that is too old, Atlas has done nothing yet.
        if answer.status() == StatusCode::UNAUTHORIZED && self.auth.again(answer.headers()) {
            answer = self.once(&method, path, version, body).await?;
        }
        let (status, after) = (answer.status(), fault::retry_after(answer.headers()));
        let text = fault::text(answer).await;
        if status.is_success() {
            return text;
        }
        // What stands between may answer without a word of Atlas'.
        let error = text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut fault = Fault::of(status, after, &error, self.auth.named());
        fault.said = self.auth.without_secrets(&fault.said);
        Err(fault)
    }

    async fn once(&self, method: &Method, path: &str, version: &str, body: Option<String>) -> Result<Response, Fault> {
        let media = format!("application/vnd.atlas.{version}+json");
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base)).header(ACCEPT, &media);
        if let Some(answer) = self.auth.header(&self.http, &self.base, method.as_str(), path).await? {
            request = request.header(AUTHORIZATION, answer);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, media).body(body);
        }
        request.send().await.map_err(|e| Fault::unanswered(&e))
    }
}

fn read<A: DeserializeOwned>(text: &str) -> Result<A, Fault> {
    // Serde's own words quote the text, which is nobody's business.
    serde_json::from_str(text).map_err(|_| Fault::unreadable("Atlas' answer"))
}
