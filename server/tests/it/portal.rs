//! The harness: one real mongod for the whole run, a database of its own for each test, the portal in process.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use bson::Document;
use domain::{
    Moment,
    attestation::{Attestation, RecoveryPoint, Strength},
    audit::Terms,
    control::Control,
    role::{Actor, Role, Scope, TokenScope},
    schedule::Period,
};
use http_body_util::BodyExt;
use server::{
    compose::House,
    config::{self, Config},
    demo::mongod::Mongod,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The run's mongod, and the databases of tests that have ended, to be dropped.
struct Running {
    uri: String,
    ended: mpsc::UnboundedSender<String>,
}

/// The address of the run's mongod. It ends with this process, whose pipe holds it.
pub fn mongod() -> &'static str {
    &running().uri
}

fn running() -> &'static Running {
    static RUNNING: OnceLock<Running> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("threads");
            runtime.block_on(async {
                let dir = tempfile::tempdir().expect("a folder");
                // Each database is some seventy files, and three hundred of them more than a process may hold open:
                // files are closed once nobody used them for a while.
                let closes = "file_manager=(close_idle_time=10,close_scan_interval=5,close_handle_minimum=500)";
                let more = ["--setParameter", "enableTestCommands=1", "--wiredTigerEngineConfigString", closes];
                let mongod = Mongod::start_with(dir.path(), &more)
                    .await
                    .expect("a mongod: set PASSMUSTER_MONGOD, or run the tests by `make test`");
                let (ended, mut names) = mpsc::unbounded_channel::<String>();
                let client = mongodb::Client::with_uri_str(mongod.uri()).await.expect("a client");
                send.send(Running { uri: mongod.uri(), ended }).expect("the tests wait");
                while let Some(name) = names.recv().await {
                    let _ = client.database(&name).drop().await;
                }
            });
        });
        receive.recv().expect("mongod starts")
    })
}

/// A portal on a database of its own.
pub struct Portal {
    pub house: House,
    router: Router,
    _keys: tempfile::TempDir,
}

impl Drop for Portal {
    fn drop(&mut self) {
        let database = &self.house.config.database;
        if database.uri == mongod() {
            let _ = running().ended.send(database.name.clone());
        }
    }
}

fn fresh_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("it_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

pub const AUDIT: (&str, &str) = ("2026-01-01", "2026-12-31");

impl Portal {
    pub async fn open() -> Self {
        Self::open_on(mongod(), &fresh_name()).await
    }

    /// One that makes no bundle by itself.
    pub async fn open_quiet() -> Self {
        Self::open_with(mongod(), &fresh_name(), config::Time::default()).await
    }

    /// One with time authorities.
    pub async fn open_stamped(time: config::Time) -> Self {
        Self::open_with(mongod(), &fresh_name(), time).await.serving()
    }

    pub async fn open_on(uri: &str, name: &str) -> Self {
        Self::open_with(uri, name, config::Time::default()).await.serving()
    }

    /// Makes bundles as a portal that serves does; that ends with the test's runtime.
    fn serving(self) -> Self {
        tokio::spawn(server::exports::orders::run(self.house.clone()));
        self
    }

    /// One whose configuration is changed first.
    pub async fn open_as(change: impl FnOnce(&mut Config)) -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let mut config = config(mongod(), &fresh_name(), keys.path());
        change(&mut config);
        Self::opened(config, keys).await
    }

    async fn open_with(uri: &str, name: &str, time: config::Time) -> Self {
        let keys = tempfile::tempdir().expect("a folder");
        let config = Config { time, ..config(uri, name, keys.path()) };
        Self::opened(config, keys).await
    }

    async fn opened(config: Config, keys: tempfile::TempDir) -> Self {
        let house = House::open(config).await.expect("the portal opens");
        let router = server::http::router(&house);
        Self { house, router, _keys: keys }
    }

    /// Serves on a free port of the loopback until the test's runtime ends; the address.
    pub async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let house = self.house.clone();
        tokio::spawn(async move { server::http::serve(&house, listener, CancellationToken::new()).await });
        url
    }

    /// Another portal process on the same database, with the same keys.
    pub async fn twin(&self) -> House {
        House::open((*self.house.config).clone()).await.expect("the twin opens")
    }

    pub async fn person(&self, role: Role, scope: Scope) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let id = format!("{}-{}", role.word(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let actor = Actor { id: id.clone(), name: role.word().to_owned(), role, scope: scope.clone() };
        self.house.store.put_person(&actor).await.expect("a person");
        if role == Role::Auditor {
            self.audit(&id, scope).await;
        }
        self.signed_in(&id).await
    }

    /// Somebody with an id of the test's choice, signed in by a link; an auditor reads the whole year.
    pub async fn named(&self, id: &str, role: Role) -> String {
        let actor = Actor { id: id.to_owned(), name: id.to_owned(), role, scope: Scope::EVERYTHING };
        self.house.store.put_person(&actor).await.expect("a person");
        if role == Role::Auditor {
            self.audit(id, Scope::EVERYTHING).await;
        }
        self.signed_in(id).await
    }

    /// A session more of somebody who is there, by a link.
    pub async fn signed_in(&self, id: &str) -> String {
        let code = self.house.store.new_link(id, self.house.clock.now()).await.expect("a link");
        let answer = self.post("/sign-in", &format!("code={code}"), None).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        cookie(&answer)
    }

    /// An audit open now, in which this auditor sees that scope.
    pub async fn audit(&self, person: &str, scope: Scope) -> String {
        let now = self.house.clock.now();
        let day = 24 * 3600 * 1000;
        let terms = Terms {
            firm: "Audit firm".to_owned(),
            people: vec![person.to_owned()],
            period: scope.period.unwrap_or_else(|| Period::days(AUDIT.0, AUDIT.1).expect("a year")),
            controls: scope.controls.unwrap_or_else(|| Control::ALL.to_vec()),
            access: Period { from: now.plus_millis(-day), to: now.plus_millis(day) },
        };
        let by = Actor { id: "o".into(), name: "owner".into(), role: Role::Owner, scope: Scope::EVERYTHING };
        self.house.ports.audits.open(terms, &by).await.expect("an audit")
    }

    pub async fn token(&self, scopes: &[TokenScope]) -> String {
        self.house.store.new_token("test", scopes, 1, "test", self.house.clock.now()).await.expect("a token")
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("the router answers")
    }

    pub async fn get(&self, path: &str, cookie: Option<&str>) -> Response<Body> {
        let mut request = Request::get(path).header(header::HOST, "portal.test").header(header::ACCEPT, "text/html");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// A form, as a page of this portal sends it.
    pub async fn post(&self, path: &str, form: &str, cookie: Option<&str>) -> Response<Body> {
        let mut request = Request::post(path)
            .header(header::HOST, "portal.test")
            .header(header::ORIGIN, "http://portal.test")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Body::from(form.to_owned())).expect("a request")).await
    }

    /// What a script of this portal's pages sends.
    pub async fn script(&self, path: &str, body: &str, cookie: Option<&str>) -> Response<Body> {
        let mut request = Request::post(path)
            .header(header::HOST, "portal.test")
            .header(header::ORIGIN, "http://portal.test")
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// A form as a program sends it, which is told why by status and JSON.
    pub async fn script_form(&self, path: &str, form: &str, cookie: &str) -> Response<Body> {
        let request = Request::post(path)
            .header(header::HOST, "portal.test")
            .header(header::ORIGIN, "http://portal.test")
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.send(request.expect("a request")).await
    }

    pub async fn machine(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    /// Inserts as another program would, then lets the watch look once.
    pub async fn insert(&self, coll: &str, documents: impl IntoIterator<Item = Document>) {
        self.house.store.documents(coll).insert_many(documents).await.expect("inserted");
        server::ledger::watch::scan(&self.house.ledger).await.expect("scanned");
    }

    /// Folds every stored entry and compares with the head: the whole ledger, as an auditor would.
    pub async fn assert_ledger_whole(&self) -> u64 {
        use futures::TryStreamExt;
        let head = self.house.ledger.head().await.expect("a head");
        let rows: Vec<Document> = self
            .house
            .store
            .documents("ledger_entries")
            .find(bson::doc! {})
            .sort(bson::doc! { "_id": 1 })
            .await
            .expect("entries")
            .try_collect()
            .await
            .expect("entries");
        let mut frontier = domain::proof::tree::Frontier::new();
        let mut records = BTreeMap::new();
        for row in &rows {
            let entry = server::store::evidence::entry(row).expect("a canonical line");
            assert_eq!(entry.seq, frontier.size, "no place is skipped or used twice");
            frontier.append(domain::proof::leaf::hash(&entry));
            records.insert(entry.seq, entry);
        }
        assert_eq!(frontier.size, head.size);
        assert_eq!(domain::draw::hex(&frontier.root()), head.root);
        let kept = self.house.store.documents("ledger_records").count_documents(bson::doc! {}).await.expect("a count");
        assert_eq!(kept, head.size, "every entry has its bytes");
        head.size
    }
}

pub fn config(uri: &str, name: &str, keys: &std::path::Path) -> Config {
    Config {
        portal: config::Portal {
            listen: "127.0.0.1:0".parse().expect("an address"),
            public_url: "http://portal.test".to_owned(),
            site_root: "../target/site".into(),
            scratch: std::path::PathBuf::new(),
            trusted_proxy: false,
        },
        database: config::Database { uri: uri.to_owned(), name: name.to_owned() },
        keys: config::Keys { dir: keys.to_owned(), passphrase: Default::default() },
        company: config::Company {
            name: "Testwerk".to_owned(),
            log: "portal.test/log".to_owned(),
            audit_from: AUDIT.0.to_owned(),
            audit_to: AUDIT.1.to_owned(),
            demo: false,
        },
        time: config::Time::default(),
        mail: config::Mail::default(),
        oidc: config::Oidc::default(),
    }
}

/// Every document of a collection.
pub async fn rows(collection: mongodb::Collection<Document>) -> Vec<Document> {
    use futures::TryStreamExt;
    collection.find(bson::doc! {}).await.expect("documents").try_collect().await.expect("documents")
}

/// The session that an answer begins.
pub fn cookie(answer: &Response<Body>) -> String {
    let cookies = answer.headers().get_all(header::SET_COOKIE);
    let session = cookies.iter().filter_map(|line| line.to_str().ok()).find(|line| {
        let name = line.split('=').next().unwrap_or_default();
        ["passmuster", "__Host-passmuster"].contains(&name)
    });
    session.expect("a session").split(';').next().expect("a cookie").to_owned()
}

/// Where an answer leads.
pub fn to(answer: &Response<Body>) -> String {
    answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

pub async fn text(answer: Response<Body>) -> String {
    String::from_utf8_lossy(&bytes(answer).await).into_owned()
}

pub async fn bytes(answer: Response<Body>) -> Vec<u8> {
    answer.into_body().collect().await.expect("a body").to_bytes().to_vec()
}

pub fn at(text: &str) -> Moment {
    Moment::parse(text).expect("a date in the test")
}

/// An attestation as a cron of the company's own would insert it.
pub fn attestation(tenant: &str, occurred: &str) -> Document {
    let value = Attestation {
        schema: 1,
        tenant: tenant.to_owned(),
        recovery_point: RecoveryPoint {
            id: "snap".to_owned(),
            cluster: "c".to_owned(),
            taken_at: at(occurred),
            expires_at: None,
            regions: vec![],
        },
        strength: Strength::Listed,
        read: None,
        run_id: "run".to_owned(),
        tenants_seen: 1,
        demo: false,
        occurred_at: at(occurred),
        learned_at: None,
        by: "cron".to_owned(),
        signature: None,
    };
    document(&value)
}

/// Any value of ours as a database document, without an `_id`.
pub fn document<T: serde::Serialize>(value: &T) -> Document {
    let json = serde_json::to_value(value).expect("JSON");
    Document::try_from(json.as_object().cloned().expect("an object")).expect("BSON")
}
