//! The one place that knows every part.

use std::sync::Arc;

use anyhow::{Context, Result};
use app::ports::{Clock, Company, Ports, Ways};
use chrono::Utc;
use domain::{
    Moment,
    proof::{anchors::Anchors, passkey::Place},
};

use crate::{
    clock,
    config::Config,
    http::{limits::Limits, live::Streams},
    jobs,
    ledger::{self, Ledger},
    notify::{mail::Mailer, outbox::Outbox},
    people::People,
    provider::Provider,
    sign::Folder,
    store::{
        Store, audits::Audits, bundles::Exports, evidence::Evidence, live::Lives, migrate, requests::Requests,
        sessions::Sessions, tokens::Tokens,
    },
    time::TimeSource,
};

/// The portal's parts, put together.
#[derive(Clone)]
pub struct House {
    pub config: Arc<Config>,
    pub company: Arc<Company>,
    pub clock: Arc<dyn Clock>,
    pub store: Store,
    pub ledger: Arc<Ledger>,
    pub evidence: Evidence,
    pub exports: Exports,
    pub requests: Requests,
    pub people: Arc<People>,
    pub mailer: Option<Mailer>,
    pub provider: Option<Arc<Provider>>,
    pub limits: Arc<Limits>,
    pub streams: Arc<Streams>,
    pub ports: Ports,
}

/// What an auditor is handed outside every bundle, as it is now.
pub fn anchors(ledger: &Ledger, org: &str, place: &Place) -> Anchors {
    let roots = ledger.time.as_ref().map(|source| source.roots_pem().to_vec()).unwrap_or_default();
    ledger.keys.anchors(org, roots).signing_at(place.clone())
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment::from(Utc::now())
    }
}

impl House {
    /// What a portal does before it answers anybody: seals the keys it signs with, and looks at its clock.
    pub async fn begin(&self) -> Result<()> {
        clock::warn(&self.store, &*self.clock).await;
        let folder = Folder::configured(&self.config.keys);
        ledger::keys::seal(&self.ledger, &folder).await.context("sealing the keys in use")?;
        Ok(())
    }

    /// Connects, migrates, opens the keys. Nothing runs yet.
    pub async fn open(config: Config) -> Result<Self> {
        // Two providers may be linked; the one the database driver uses serves all. Set twice in tests: no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = Store::connect(&config.database.uri, &config.database.name).await?;
        migrate::migrate(&store, false).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Folder::configured(&config.keys)
            .open_or_create(&config.company.name, &config.company.log, Utc::now(), jobs::PORTAL)
            .with_context(|| format!("the keys in {}", config.keys.dir.display()))?;
        let time = TimeSource::configured(&config.time, clock.clone())?.map(Arc::new);
        let company = Arc::new(Company {
            name: config.company.name.clone(),
            audit_period: config.audit_period()?,
            demo: config.company.demo,
        });
        let ledger = Arc::new(Ledger::new(store.clone(), Arc::new(keys), clock.clone()).with_time(time));
        let evidence = Evidence { ledger: ledger.clone() };
        let scratch = config.portal.scratch();
        let exports = Exports { evidence: evidence.clone(), company: company.clone(), scratch };
        let address = config.portal.public_url.trim_end_matches('/').to_owned();
        let mailer = Mailer::configured(&config.mail)?;
        let provider = Provider::configured(&config.oidc, &address)?.map(Arc::new);
        let ways = Ways {
            address: address.clone(),
            // An IPv6 address in a URL stands in brackets.
            passkeys: config.portal.place().rp_id.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_err(),
            code: mailer.is_some(),
            provider: provider.as_ref().map(|p| p.name().to_owned()),
        };
        let people = Arc::new(People {
            store: store.clone(),
            ledger: ledger.clone(),
            mailer: mailer.clone(),
            clock: clock.clone(),
            company: company.clone(),
            address,
        });
        let outbox = Outbox { store: store.clone() };
        let requests = Requests { evidence: evidence.clone(), notices: Arc::new(outbox) };
        let shared = Arc::new(evidence.clone());
        let ports = Ports {
            company: company.clone(),
            clock: clock.clone(),
            drills: shared.clone(),
            live: Arc::new(Lives { store: store.clone(), clock: clock.clone() }),
            attestations: shared.clone(),
            gaps: shared.clone(),
            findings: shared.clone(),
            runbooks: shared.clone(),
            ledger: shared.clone(),
            bundles: Arc::new(exports.clone()),
            reviews: shared.clone(),
            audits: Arc::new(Audits {
                ledger: ledger.clone(),
                org: company.name.clone(),
                place: config.portal.place(),
            }),
            tokens: Arc::new(Tokens { store: store.clone(), clock: clock.clone() }),
            ways: Arc::new(ways),
            people: people.clone(),
            passkeys: shared,
            sessions: Arc::new(Sessions::new(&store)),
            requests: Arc::new(requests.clone()),
            jobs: Arc::new(evidence.clone()),
            imports: Arc::new(evidence.clone()),
            datastores: Arc::new(evidence.clone()),
            checklists: Arc::new(evidence.clone()),
            incidents: Arc::new(evidence.clone()),
            risks: Arc::new(evidence.clone()),
        };
        let limits = Arc::new(Limits::default());
        Ok(Self {
            config: Arc::new(config),
            company,
            clock,
            store,
            ledger,
            evidence,
            exports,
            requests,
            people,
            mailer,
            provider,
            limits,
            streams: Arc::default(),
            ports,
        })
    }
}
