//! Atlas for the tests: the few resources a restore needs, in the shapes that Atlas was recorded with. It keeps state,
//! really checks who asks, and makes trouble when it is told to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::draw::hex;
use md5::{Digest, Md5};
use serde_json::{Value, json};

pub const PROJECT: &str = "6a793f6b2c88faeba59bae37";
pub const TARGET_PROJECT: &str = "6a794320c0eb9e7a17728a63";
pub const PUBLIC: &str = "kwrzpdqv";
pub const PRIVATE: &str = "a1f0-private-key";
pub const ACCOUNT: &str = "mdb_sa_id_1";
pub const ACCOUNT_SECRET: &str = "mdb_sa_sk_very-secret";

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// An error as Atlas writes it: status, errorCode, detail.
    Says(u16, &'static str, &'static str),
    /// 429; whoever asks again before these seconds are over is noted.
    Later(u64),
    /// The connection breaks within the answer, and nothing was done.
    Breaks,
    /// The same, and it was done.
    BreaksAfterwards,
    /// 200 and no JSON.
    Garbage,
    /// 200 and nine megabytes.
    Big,
    /// A proxy's word, not Atlas'.
    NotAtlas(u16),
}

/// One request that was let in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub version: String,
    pub body: Option<Value>,
}

pub struct World {
    pub source: Value,
    pub target: Value,
    /// What the target's state is at the next looks; the last one stays. "GONE": there is no such cluster.
    pub target_states: VecDeque<&'static str>,
    /// Its states once it is to be deleted.
    pub deleting: VecDeque<&'static str>,
    pub snapshots: Vec<Value>,
    pub databases: Vec<String>,
    pub window: Option<i64>,
    pub jobs: Vec<Value>,
    /// Lists of jobs that do not show the newest yet.
    pub unlisted: usize,
    /// Looks at a job until it ends.
    pub polls: usize,
    pub end: &'static str,
    /// The most on one page.
    pub page: usize,
    /// Of requests whose method and path hold this, in order.
    pub troubles: VecDeque<(&'static str, Trouble)>,
    pub asked: Vec<Asked>,
    pub refused: usize,
    pub tokens: usize,
    pub token_good_for: u64,
    pub hurried: bool,
    /// Uses of a nonce until it is stale.
    pub nonce_uses: u32,
    made: usize,
    token: Option<String>,
    nonce: usize,
    count: u32,
    not_before: Option<Instant>,
}

pub struct Mock {
    pub url: String,
    world: Arc<Mutex<World>>,
    stop: tokio::task::JoinHandle<()>,
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

impl Mock {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let world = Arc::new(Mutex::new(World::default()));
        let router = Router::new().fallback(serve).with_state(world.clone());
        let stop = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { url, world, stop }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no one else")
    }
}

/// A snapshot as Atlas lists it.
pub fn snapshot(id: &str, status: &str, days_ago: i64, expires_in_days: i64) -> Value {
    let now = chrono::Utc::now();
    let at = |days: i64| (now + chrono::Duration::days(days)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({ "cloudProvider": "AWS", "copyRegions": [], "createdAt": at(-days_ago), "description": "test-snapshot",
        "expiresAt": at(expires_in_days), "frequencyType": "ondemand", "id": id, "links": [],
        "mongodVersion": "8.0.29", "policyItems": [], "replicaSetName": "production", "snapshotType": "onDemand",
        "status": status, "storageSizeBytes": 4_186_517_504_u64, "type": "replicaSet" })
}

fn cluster(name: &str, project: &str) -> Value {
    json!({ "id": "6a793f5ac0eb9e7a17714407", "groupId": project, "name": name, "clusterType": "REPLICASET",
        "backupEnabled": true, "pitEnabled": true, "paused": false, "mongoDBMajorVersion": "8.0",
        "mongoDBVersion": "8.0.29", "stateName": "IDLE", "terminationProtectionEnabled": false, "links": [] })
}

pub fn job(id: &str, snapshot: &str, cluster: &str, project: &str) -> Value {
    json!({ "cancelled": false, "deliveryType": "automated", "deliveryUrl": [],
        "desiredTimestamp": { "increment": null, "time": null, "date": null }, "expired": false, "failed": false,
        "id": id, "links": [], "snapshotId": snapshot, "targetClusterName": cluster,
        "targetDeploymentItemName": "atlas-72ck1q", "targetGroupId": project, "timestamp": "2026-08-10T03:35:05Z" })
}

impl Default for World {
    fn default() -> Self {
        Self {
            source: cluster("production", PROJECT),
            target: cluster("drills", TARGET_PROJECT),
            target_states: VecDeque::from(["IDLE"]),
            deleting: VecDeque::from(["DELETING", "DELETING", "GONE"]),
            snapshots: vec![snapshot("6a79468a2c88faeba59de489", "completed", 1, 6)],
            databases: vec!["tenant_a".to_owned(), "tenant_b".to_owned(), "tenant_c".to_owned()],
            window: Some(7),
            jobs: Vec::new(),
            unlisted: 0,
            polls: 2,
            end: "finished",
            page: 500,
            troubles: VecDeque::new(),
            asked: Vec::new(),
            refused: 0,
            tokens: 0,
            token_good_for: 3600,
            hurried: false,
            nonce_uses: u32::MAX,
            made: 0,
            token: None,
            nonce: 1,
            count: 0,
            not_before: None,
        }
    }
}

async fn serve(State(world): State<Arc<Mutex<World>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    let said = |name: header::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let uri = parts.uri.path_and_query().expect("a path").as_str();
    let mut world = world.lock().expect("no one else");
    let called = format!("{} {uri}", parts.method);
    if let Some(trouble) = world.trouble(&called, "token") {
        return trouble;
    }
    if parts.uri.path() == "/api/oauth/token" {
        return world.grant(said(header::AUTHORIZATION).as_deref(), &body);
    }
    if let Some(challenge) = world.turned_away(said(header::AUTHORIZATION).as_deref(), parts.method.as_str(), uri) {
        world.refused += 1;
        return challenge;
    }
    if world.not_before.is_some_and(|at| Instant::now() < at) {
        world.hurried = true;
    }
    world.not_before = None;
    let accept = said(header::ACCEPT).unwrap_or_default();
    let Some(version) = accept.strip_prefix("application/vnd.atlas.").and_then(|rest| rest.strip_suffix("+json"))
    else {
        return error(406, "INVALID_VERSION_DATE", "The version is not known.");
    };
    if !body.is_empty() && said(header::CONTENT_TYPE).as_deref() != Some(&accept) {
        return error(415, "UNSUPPORTED_MEDIA_TYPE", "The body has another version.");
    }
    let body = (!body.is_empty()).then(|| serde_json::from_slice(&body).expect("a body of JSON"));
    world.asked.push(Asked {
        method: parts.method.to_string(),
        path: uri.to_owned(),
        version: version.to_owned(),
        body: body.clone(),
    });
    if let Some(trouble) = world.trouble(&called, "") {
        return trouble;
    }
    let answer = world.answer(&parts.method, uri, body.as_ref());
    if let Some((_, Trouble::BreaksAfterwards)) = world.troubles.front().filter(|(part, _)| called.contains(part)) {
        world.troubles.pop_front();
        return broken();
    }
    answer
}

impl World {
    /// `only`: of calls that hold this.
    fn trouble(&mut self, called: &str, only: &str) -> Option<Response> {
        let (part, trouble) = self.troubles.front()?;
        if !called.contains(part) || !called.contains(only) || matches!(trouble, Trouble::BreaksAfterwards) {
            return None;
        }
        let trouble = trouble.clone();
        self.troubles.pop_front();
        Some(match trouble {
            Trouble::Says(status, code, detail) => error(status, code, detail),
            Trouble::Later(seconds) => {
                self.not_before = Some(Instant::now() + Duration::from_secs(seconds));
                let mut answer = error(429, "RATE_LIMITED", "Too many requests.");
                answer.headers_mut().insert(header::RETRY_AFTER, seconds.to_string().parse().expect("a value"));
                answer
            }
            Trouble::Breaks | Trouble::BreaksAfterwards => broken(),
            Trouble::Garbage => "<html>maintenance</html>".into_response(),
            Trouble::Big => " ".repeat(9 << 20).into_response(),
            Trouble::NotAtlas(status) => (StatusCode::from_u16(status).expect("a status"), "not here").into_response(),
        })
    }

    fn grant(&mut self, authorization: Option<&str>, body: &Bytes) -> Response {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{ACCOUNT}:{ACCOUNT_SECRET}")));
        if authorization != Some(&basic) || body.as_ref() != b"grant_type=client_credentials" {
            return (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "invalid_client" }))).into_response();
        }
        self.tokens += 1;
        let token = format!("token-{}", self.tokens);
        self.token = Some(token.clone());
        let granted = json!({ "access_token": token, "expires_in": self.token_good_for, "token_type": "Bearer" });
        axum::Json(granted).into_response()
    }

    /// The token in use is no longer good.
    pub fn revoke(&mut self) {
        self.token = None;
    }

    /// RFC 7616, written down a second time; or the token that was given out.
    fn turned_away(&mut self, authorization: Option<&str>, method: &str, uri: &str) -> Option<Response> {
        let said = authorization.unwrap_or_default();
        if let Some(token) = said.strip_prefix("Bearer ") {
            let good = self.token.as_deref() == Some(token);
            return (!good).then(|| error(401, "INVALID_TOKEN", "The token is not valid."));
        }
        let field = |name: &str| {
            let at = said.find(&format!(" {name}="))? + name.len() + 2;
            said[at..].split(',').next().map(|value| value.trim_matches('"'))
        };
        let nonce = format!("nonce-{}", self.nonce);
        let count = field("nc").and_then(|nc| u32::from_str_radix(nc, 16).ok()).unwrap_or(0);
        let md5 = |text: String| hex(&Md5::digest(text));
        let a1 = md5(format!("{PUBLIC}:MMS Public API:{PRIVATE}"));
        let a2 = md5(format!("{method}:{uri}"));
        let (nc, cnonce) = (field("nc").unwrap_or_default(), field("cnonce").unwrap_or_default());
        let wanted = md5(format!("{a1}:{nonce}:{nc}:{cnonce}:auth:{a2}"));
        let stale = field("nonce").is_some_and(|used| used != nonce) || count > self.nonce_uses;
        let good = said.starts_with("Digest ")
            && field("username") == Some(PUBLIC)
            && field("uri") == Some(uri)
            && field("response") == Some(&wanted)
            && count == self.count + 1;
        if good && !stale {
            self.count = count;
            return None;
        }
        if stale {
            self.nonce += 1;
        }
        self.count = 0;
        let mut refusal = error(401, "UNAUTHORIZED", "You are not authorized for this resource.");
        let challenge = format!(
            "Digest realm=\"MMS Public API\", domain=\"\", nonce=\"nonce-{}\", algorithm=MD5, qop=\"auth\", stale={stale}",
            self.nonce
        );
        refusal.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.parse().expect("a value"));
        Some(refusal)
    }

    fn answer(&mut self, method: &Method, uri: &str, body: Option<&Value>) -> Response {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let parts: Vec<&str> = path.trim_start_matches("/api/atlas/v2/groups/").split('/').collect();
        let get = *method == Method::GET;
        match parts.as_slice() {
            [PROJECT, "clusters", "production"] if get => json_of(&self.source),
            [TARGET_PROJECT, "clusters", "drills"] if get => self.look_at_target(),
            [TARGET_PROJECT, "clusters", "drills"] if *method == Method::DELETE => {
                self.target_states = self.deleting.clone();
                (StatusCode::ACCEPTED, axum::Json(json!({}))).into_response()
            }
            [_, "clusters", name] => error(404, "CLUSTER_NOT_FOUND", &format!("No cluster named {name} exists.")),
            [PROJECT, "clusters", "production", "backup", rest @ ..] => match rest {
                ["schedule"] if get => {
                    let mut schedule = json!({ "clusterName": "production", "policies": [], "referenceHourOfDay": 3 });
                    if let Some(days) = self.window {
                        schedule["restoreWindowDays"] = days.into();
                    }
                    json_of(&schedule)
                }
                ["snapshots"] if get => self.page(self.snapshots.clone(), query),
                ["snapshots", "shardedClusters"] if get => {
                    json_of(&json!({ "links": [], "results": self.snapshots, "totalCount": self.snapshots.len() }))
                }
                ["snapshots", id] | ["snapshots", "shardedCluster", id] if get => self.one(&self.snapshots, id),
                ["snapshots", _, "databases"] if get => {
                    self.page(self.databases.iter().map(|name| json!({ "name": name })).collect(), query)
                }
                ["restoreJobs"] if get => {
                    let mut listed = self.jobs.clone();
                    if self.unlisted > 0 && self.made > 0 {
                        self.unlisted -= 1;
                        listed.pop();
                    }
                    self.page(listed, query)
                }
                ["restoreJobs"] if *method == Method::POST => self.restore(body.expect("a body")),
                ["restoreJobs", id] if get => self.look_at_job(id),
                _ => error(405, "METHOD_NOT_ALLOWED", "Not here."),
            },
            _ => error(404, "RESOURCE_NOT_FOUND", "Cannot find the resource."),
        }
    }

    fn look_at_target(&mut self) -> Response {
        let state = if self.target_states.len() > 1 {
            self.target_states.pop_front()
        } else {
            self.target_states.front().copied()
        };
        let state = state.expect("a state");
        if state == "GONE" {
            return error(404, "CLUSTER_NOT_FOUND", "No cluster named drills exists in the project.");
        }
        self.target["stateName"] = state.into();
        json_of(&self.target)
    }

    fn restore(&mut self, body: &Value) -> Response {
        self.made += 1;
        let id = format!("{:08x}c0eb9e7a1774066{}", chrono::Utc::now().timestamp(), self.made);
        let snapshot = body["snapshotId"].as_str().unwrap_or("6a79468a2c88faeba59de489");
        let [cluster, group] =
            ["targetClusterName", "targetGroupId"].map(|name| body[name].as_str().expect("a target"));
        let mut made = job(&id, snapshot, cluster, group);
        for name in ["deliveryType", "oplogTs", "oplogInc"] {
            if let Some(value) = body.get(name) {
                made[name] = value.clone();
            }
        }
        self.jobs.push(made.clone());
        json_of(&made)
    }

    fn look_at_job(&mut self, id: &str) -> Response {
        if let Some(job) = self.jobs.iter_mut().find(|job| job["id"] == id) {
            if self.polls > 0 {
                self.polls -= 1;
            } else if self.end == "finished" {
                job["finishedAt"] = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string().into();
            } else {
                job[self.end] = true.into();
            }
        }
        self.one(&self.jobs, id)
    }

    fn one(&self, of: &[Value], id: &str) -> Response {
        of.iter()
            .find(|one| one["id"] == id)
            .map_or_else(|| error(404, "RESOURCE_NOT_FOUND", &format!("Cannot find resource {id}.")), json_of)
    }

    fn page(&self, all: Vec<Value>, query: &str) -> Response {
        let asked = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name)?.1.parse().ok();
        let (size, number): (usize, usize) = (asked("itemsPerPage").unwrap_or(100), asked("pageNum").unwrap_or(1));
        assert!((1..=500).contains(&size) && number >= 1, "Atlas refuses {query}");
        let size = size.min(self.page);
        let total = all.len();
        let results: Vec<Value> = all.into_iter().skip((number - 1) * size).take(size).collect();
        let mut links = vec![json!({ "href": "http://localhost:8080/", "rel": "self" })];
        if number * size < total {
            links.push(json!({ "href": "http://localhost:8080/", "rel": "next" }));
        }
        json_of(&json!({ "links": links, "results": results, "totalCount": total }))
    }
}

fn json_of(value: &Value) -> Response {
    axum::Json(value.clone()).into_response()
}

fn error(status: u16, code: &str, detail: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let body = json!({ "detail": detail, "error": status.as_u16(), "errorCode": code, "parameters": [],
        "reason": status.canonical_reason() });
    (status, axum::Json(body)).into_response()
}

/// An answer that ends before it is whole.
fn broken() -> Response {
    let parts = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("it breaks"))];
    Response::new(Body::from_stream(futures::stream::iter(parts)))
}
