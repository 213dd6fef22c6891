//! The one place that knows every part.

use std::sync::Arc;

use anyhow::{Context, Result};
use app::ports::{Clock, Company, Ports, Ways};
use chrono::Utc;
use domain::Moment;

use crate::{
    config::Config,
    http::limits::Limits,
    ledger::Ledger,
    notify::mail::Mailer,
    people::People,
    provider::Provider,
    sign::Keys,
    store::{Store, bundles::Exports, evidence::Evidence, migrate, sessions::Sessions},
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
    pub people: Arc<People>,
    pub mailer: Option<Mailer>,
    pub provider: Option<Arc<Provider>>,
    pub limits: Arc<Limits>,
    pub ports: Ports,
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment::from(Utc::now())
    }
}

impl House {
    /// Connects, migrates, opens the keys. Nothing runs yet.
    pub async fn open(config: Config) -> Result<Self> {
        // Two providers may be linked; the one the database driver uses serves all. Set twice in tests: no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = Store::connect(&config.database.uri, &config.database.name).await?;
        migrate::migrate(&store, false).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keys = Keys::open_or_create(&config.keys.dir, &config.company.name, &config.company.log, Utc::now())
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
        let shared = Arc::new(evidence.clone());
        let ports = Ports {
            company: company.clone(),
            clock: clock.clone(),
            drills: shared.clone(),
            attestations: shared.clone(),
            gaps: shared.clone(),
            findings: shared.clone(),
            runbooks: shared.clone(),
            ledger: shared.clone(),
            bundles: Arc::new(exports.clone()),
            reviews: shared.clone(),
            ways: Arc::new(ways),
            people: people.clone(),
            passkeys: shared,
            sessions: Arc::new(Sessions::new(&store)),
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
            people,
            mailer,
            provider,
            limits,
            ports,
        })
    }
}
