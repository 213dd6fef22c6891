//! The example company CARTIE on a private mongod: real tenant databases, an invented past that says
//! so, and one drill that really ran.

pub mod asked;
pub mod company;
mod lost;
pub mod mongod;
pub mod past;
pub mod tenants;
pub mod vendors;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use app::ports::PortError;
use bson::doc;
use domain::{
    Moment,
    audit::Terms,
    person::Email,
    role::{Actor, Role, Scope, TokenScope},
    schedule::Period,
    target::Scenario,
    words,
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    compose::House,
    config::{self, Config},
    http, ledger,
    runner::{self, Filed, plan::PlanFile, portal::Portal, progress::Progress},
};

/// What `--json` prints when the portal is ready.
#[derive(Serialize)]
pub struct Ready {
    pub url: String,
    pub links: Links,
    #[serde(rename = "mongodbUri")]
    pub mongodb_uri: String,
    pub token: String,
}

#[derive(Serialize)]
pub struct Links {
    pub owner: String,
    pub operator: String,
    pub auditor: String,
}

pub struct Options {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub site_root: PathBuf,
}

/// Runs the demo until `stop`; `ready` is called once, when everything above can be opened.
pub async fn run(
    options: Options,
    progress: &dyn Progress,
    stop: CancellationToken,
    ready: impl FnOnce(&Ready),
) -> Result<()> {
    std::fs::create_dir_all(&options.data).with_context(|| format!("cannot make {}", options.data.display()))?;
    let mongod = mongod::Mongod::start(&options.data.join("mongod")).await?;
    let uri = mongod.uri();
    let served = tokio::select! {
        served = portal(&options, &uri, progress, stop.clone(), ready) => served,
        () = stop.cancelled() => Ok(()),
    };
    mongod.stop().await;
    served
}

async fn portal(
    options: &Options,
    uri: &str,
    progress: &dyn Progress,
    stop: CancellationToken,
    ready: impl FnOnce(&Ready),
) -> Result<()> {
    let began = began(&options.data)?;
    let audit = company::audit_period(began);
    let listener = tokio::net::TcpListener::bind(options.listen).await.with_context(|| {
        format!(
            "{} cannot be used: another program may listen there. Choose another with --listen 127.0.0.1:PORT",
            options.listen
        )
    })?;
    let address = listener.local_addr().context("the address just taken")?;
    let url = url(address);
    let (time, mail, oidc) = Config::sections_from_env(std::env::vars())?;
    let config = Config {
        portal: config::Portal {
            listen: address,
            public_url: url.clone(),
            site_root: options.site_root.clone(),
            scratch: PathBuf::new(),
            trusted_proxy: false,
        },
        database: config::Database { uri: uri.to_owned(), name: "passmuster".to_owned() },
        keys: config::Keys { dir: options.data.join("keys"), passphrase: Default::default() },
        company: config::Company {
            name: "CARTIE".to_owned(),
            log: "demo.passmuster.example/cartie".to_owned(),
            audit_from: words::date(audit.from),
            audit_to: words::date(audit.last_day()),
            demo: true,
        },
        time,
        mail,
        oidc,
    };
    write_config(&options.data, &config)?;
    let house = House::open(config).await?;
    house.begin().await?;
    let token = people(&house, &options.data, audit).await?;
    seed(&house, began).await?;
    let serving = tokio::spawn({
        let (house, stop) = (house.clone(), stop.clone());
        async move { http::serve(&house, listener, stop).await }
    });
    let here = format!("http://{address}");
    vendors(&house, &here, &token, began).await?;
    first_drill(&house, uri, &here, &token, began, progress, &stop).await?;
    let link = async |person: &str| -> Result<String> {
        let code = house.store.new_link(person, house.clock.now()).await?;
        Ok(format!("{url}/sign-in?code={code}"))
    };
    ready(&Ready {
        url: url.clone(),
        links: Links {
            owner: link("founder").await?,
            operator: link("operator-1").await?,
            auditor: link("auditor").await?,
        },
        mongodb_uri: uri.to_owned(),
        token,
    });
    serving.await.context("the portal ended")?
}

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Where a browser finds it. Passkeys need a host name: on `http://127.0.0.1` a browser offers none, on
/// `http://localhost` it does, and both are this machine.
fn url(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// When this demo was first started: everything invented is dated from here, also on later starts.
fn began(data: &Path) -> Result<Moment> {
    let path = data.join("began");
    match std::fs::read_to_string(&path) {
        Ok(text) => Moment::parse(text.trim()).with_context(|| format!("{} does not hold a time", path.display())),
        Err(_) => {
            let now = Moment::from(chrono::Utc::now());
            std::fs::write(&path, now.rfc3339()).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(now)
        }
    }
}

async fn people(house: &House, data: &Path, audit: Period) -> Result<String> {
    let audited = Scope { period: Some(audit), controls: Some(company::audited_controls()) };
    for (id, name, email, role, scope) in [
        ("founder", "The founder", "founder@cartie.example", Role::Owner, Scope::EVERYTHING),
        ("operator-1", "Operator one", "operator-1@cartie.example", Role::Operator, Scope::EVERYTHING),
        ("auditor", "Auditor, the audit firm", "auditor@audit-firm.example", Role::Auditor, audited.clone()),
    ] {
        house.store.put_person(&Actor { id: id.to_owned(), name: name.to_owned(), role, scope }).await?;
        match house.store.put_email(id, &Email::parse(email)?).await {
            // Invited anew under that address, in a demo that was kept.
            Ok(()) | Err(PortError::Conflict(_)) => {}
            Err(e) => return Err(e.into()),
        }
    }
    if house.store.audits(None).await?.is_empty() {
        let now = house.clock.now();
        let terms = Terms {
            firm: "The audit firm".to_owned(),
            people: vec!["auditor".to_owned()],
            period: audit,
            controls: audited.controls.unwrap_or_default(),
            access: Period { from: now.plus_millis(-DAY_MS), to: now.plus_millis(400 * DAY_MS) },
        };
        let founder = house.store.person("founder").await?.context("the founder was just written")?;
        house.ports.audits.open(terms, &founder).await?;
    }
    let path = data.join("token");
    if let Ok(token) = std::fs::read_to_string(&path)
        && house.store.token(token.trim(), house.clock.now()).await?.is_some()
    {
        return Ok(token.trim().to_owned());
    }
    let scopes = [TokenScope::DrillsWrite, TokenScope::ImportsWrite, TokenScope::EvidenceRead];
    let token = house.store.new_token("demo-runner", &scopes, 365, "passmuster demo", house.clock.now()).await?;
    write_secret(&path, &token)?;
    Ok(token)
}

/// So that the other commands work on a running demo: `passmuster --config .demo/passmuster.toml doctor`.
fn write_config(data: &Path, config: &Config) -> Result<()> {
    let path = data.join("passmuster.toml");
    let text = toml::to_string(config).context("the configuration as TOML")?;
    write_secret(&path, &format!("# Written anew at each start of the demo.\n{text}"))
}

fn write_secret(path: &Path, secret: &str) -> Result<()> {
    use std::{
        io::Write,
        os::unix::fs::{OpenOptionsExt, PermissionsExt},
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    // A file from before keeps its mode otherwise.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(secret.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// Each stage is begun again from nothing when it was interrupted, and done once.
async fn seed(house: &House, began: Moment) -> Result<()> {
    let done = house.store.documents("demo");
    if done.find_one(doc! { "_id": "tenants" }).await?.is_none() {
        tracing::info!("making the tenants' databases");
        tenants::make(&house.store.client, began).await.context("making the tenants' databases")?;
        done.insert_one(doc! { "_id": "tenants" }).await?;
    }
    if done.find_one(doc! { "_id": "past" }).await?.is_none() {
        tracing::info!("writing a year of attestations, past drills and findings");
        past::write(house, began).await.context("writing the demo's past")?;
        done.insert_one(doc! { "_id": "past" }).await?;
    }
    ledger::watch::scan(&house.ledger).await?;
    crate::jobs::gaps(house).await?;
    if done.find_one(doc! { "_id": "asked" }).await?.is_none() {
        asked::write(house, began).await.context("writing what the demo's auditor asked")?;
        done.insert_one(doc! { "_id": "asked" }).await?;
    }
    crate::jobs::reviews::reviews(house).await?;
    Ok(())
}

/// What the tools of the demo's vendors would have printed, brought as a machine brings it.
async fn vendors(house: &House, url: &str, token: &str, began: Moment) -> Result<()> {
    let done = house.store.documents("demo");
    if done.find_one(doc! { "_id": "vendors" }).await?.is_some() {
        return Ok(());
    }
    let portal = Portal::new(url, token)?;
    for output in vendors::outputs(began) {
        let kind = output.kind;
        let beside = output.beside(began);
        portal.import(kind, &beside, output.text.into_bytes()).await.with_context(|| format!("bringing {kind}"))?;
    }
    match house.ports.datastores.describe("cartie-prod", &vendors::described(began), None).await {
        // Written by a start that was interrupted.
        Ok(()) | Err(PortError::Conflict(_)) => {}
        Err(e) => return Err(e.into()),
    }
    crate::jobs::judgements::judgements(house).await?;
    done.insert_one(doc! { "_id": "vendors" }).await?;
    Ok(())
}

/// The drill that is not invented: on the tenants' data, through the portal's own intake.
async fn first_drill(
    house: &House,
    uri: &str,
    url: &str,
    token: &str,
    began: Moment,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> Result<()> {
    let done = house.store.documents("demo");
    if done.find_one(doc! { "_id": "drill" }).await?.is_some() {
        return Ok(());
    }
    let promise = company::targets().into_iter().find(|t| t.0 == Scenario::Collection).map(|t| (t.1, t.2));
    let (rpo, rto) = promise.context("the demo promises something for a collection")?;
    let plan = PlanFile {
        scenario: Some(Scenario::Collection.id().to_owned()),
        runbook_version: Some("1.0".to_owned()),
        rpo_minutes: Some(rpo),
        rto_minutes: Some(rto),
        source: Some(uri.to_owned()),
        target: Some(uri.to_owned()),
        exclude: company::excluded(),
        people: company::people(),
        by: Some("drill-runner".to_owned()),
        // There is one mongod; the record says so.
        same_cluster: Some(true),
        ..PlanFile::default()
    };
    let plan = plan.ready(format!("demo of {}", words::date(began)))?;
    eprintln!("The first drill, on the demo's own tenants:");
    let portal = Portal::new(url, token)?;
    let ended = runner::run(&plan, Some(&portal), progress, stop).await?;
    if let Filed::Sealed(seq) = ended.filed {
        eprintln!("  {}  {} at № {seq}", ended.drill.sentence(), ended.id);
        if ended.drill.abandoned.is_none() {
            done.insert_one(doc! { "_id": "drill" }).await?;
        }
    }
    Ok(())
}
