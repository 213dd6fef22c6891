//! A drill in which another restores: a vendor's API, or a command of the user's. The runner chooses, asks, waits, looks
//! at the copy, and sees it taken away.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bson::{Document, doc};
use domain::{
    Moment,
    drill::{Check, CheckId, CheckVerdict, Digests, Exposure, StepId},
    isolation::Isolation,
    words,
};
use mongodb::{Client, Database};

use super::{
    Run,
    canary::Lost,
    compare::{self, Record, since},
    isolation, now,
    plan::{self, Plan},
    refusal::refusal,
    restore::Restored,
    restorer::{Restorer, atlas::Atlas, command::Commands},
    source::live,
};

/// A target that answers at all does so before.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Refuses a target before anything is asked for: one that must not be touched, or that holds something already. One
/// that does not stand yet is known by its address alone, and is looked at again once it does. Also whether it was seen to be
/// empty: only what was is emptied again.
pub(super) async fn look(plan: &Plan, target: &Client) -> Result<(Isolation, bool)> {
    let by_address = isolation::look_at_address(plan).await?;
    let ping = async { target.database("admin").run_command(doc! { "ping": 1 }).await };
    if !matches!(tokio::time::timeout(ANSWERS_WITHIN, ping).await, Ok(Ok(_))) {
        let why = format!("By its address alone, before it stands. {}", by_address.why);
        return Ok((Isolation { isolated: false, why }, false));
    }
    let isolation = isolation::look(plan, target).await?;
    let held = held(target).await?;
    if !held.is_empty() {
        bail!(
            "the target {} holds databases already ({}): a restore would mix with them, so none was asked for",
            plan.target_host(),
            held.join(", ")
        );
    }
    Ok((isolation, true))
}

/// The databases there that may be tenants'.
pub(super) async fn held(target: &Client) -> Result<Vec<String>> {
    let names = target.list_database_names();
    let names = tokio::time::timeout(Duration::from_secs(30), names.into_future()).await;
    let mut names = names.context("the target did not answer within 30 s")?.map_err(refusal)?;
    names.retain(|name| plan::is_tenant(name));
    Ok(names)
}

fn open(config: &plan::Restorer, drill: &str, tenant: &str) -> Result<Box<dyn Restorer>> {
    Ok(match config {
        plan::Restorer::Atlas(config) => Box::new(Atlas::open(config.clone())?),
        plan::Restorer::Command(config) => Box::new(Commands::new(config.clone(), drill, tenant)),
    })
}

impl Run<'_> {
    pub(super) async fn by_another(&mut self, tenant: &str, config: &plan::Restorer) -> Result<()> {
        self.copy = self.copy.client().database(tenant);
        self.restorer = Some(open(config, &self.id, tenant)?);
        let begun = self.begin(StepId::Dump);
        let from = self.lay(tenant).await?;
        let note = match &self.canary {
            // Which moment it will be is known once something is lost.
            Some(canary) => format!("the one just before the loss; the document to be lost is {}", canary.place()),
            None => self.choose(None).await?,
        };
        self.end(begun, note);
        let lost = self.lose(from).await?;

        let begun = self.begin(StepId::Provision);
        if let Some(lost) = &lost {
            self.choose(Some(lost.until)).await?;
        }
        self.drill.exposure = Some(Exposure { from: now(), until: None, proof: "a restore was asked for".to_owned() });
        self.share();
        self.telling.said().await;
        let asked = self.restorer()?.request().await?;
        self.end(begun, asked);

        let begun = self.begin(StepId::Restore);
        let progress = self.progress;
        let stands = self.restorer()?.wait(progress).await?;
        let isolation = isolation::look(self.plan, self.copy.client()).await?;
        self.drill.target.isolated = isolation.isolated;
        self.drill.target.why = Some(isolation.why);
        self.drill.target.environment = format!("{}/{tenant}", self.plan.target_host());
        self.given = held(self.copy.client()).await?;
        if !self.given.iter().any(|name| name == tenant) {
            bail!(
                "{tenant} is not in the copy, which holds {}; is it younger than the recovery point?",
                list(&self.given)
            );
        }
        self.end(begun, format!("{stands}; {} databases", self.given.len()));

        let begun = self.begin(StepId::Query);
        let restored = self.sizes().await?;
        let (smoke, queries) = compare::smoke::smoke_query(&self.copy, &restored, &self.plan.smoke).await?;
        self.drill.queries = queries;
        self.end(begun, smoke.detail.clone());
        self.put_back().await?;

        let begun = self.begin(StepId::Verify);
        let record = self.compared(tenant, lost.as_ref()).await?;
        let last_write = self.last_write().await?;
        self.end(begun, record.checks.first().map_or_else(String::new, |check| check.detail.clone()));

        let copies: Vec<(String, Database)> =
            self.given.iter().map(|name| (name.clone(), self.copy.client().database(name))).collect();
        let erased = self.erase(&copies).await?;
        let fresh = self.measure(last_write, restored.bytes, restored.documents)?;
        let mut checks = self.record(record);
        checks.extend(erased);
        checks.push(fresh);
        checks.push(smoke);
        self.drill.checks = checks;
        self.share();
        Ok(())
    }

    fn restorer(&mut self) -> Result<&mut Box<dyn Restorer>> {
        self.restorer.as_mut().context("nobody restores")
    }

    async fn choose(&mut self, until: Option<bson::Timestamp>) -> Result<String> {
        let chosen = self.restorer()?.choose(until).await?;
        self.chosen(&chosen.name, &chosen.kind, chosen.taken_at);
        Ok(format!("{}, taken at {} UTC", chosen.name, words::date_time(chosen.taken_at)))
    }

    /// What came back in all, and the tenant's largest collection.
    async fn sizes(&self) -> Result<Restored> {
        let mut restored = Restored::default();
        for name in &self.given {
            let stats = self.copy.client().database(name).run_command(doc! { "dbStats": 1 }).await.map_err(refusal)?;
            restored.documents += number(&stats, "objects");
            restored.bytes += number(&stats, "dataSize");
        }
        let mut most = None;
        for (collection, _) in live::listed(&self.copy).await? {
            if collection.holds_documents() {
                let there = self.copy.collection::<Document>(&collection.name);
                most = most.max(Some((there.estimated_document_count().await.map_err(refusal)?, collection.name)));
            }
        }
        restored.largest = most.map(|(_, name)| name);
        Ok(restored)
    }

    async fn last_write(&self) -> Result<Option<Moment>> {
        let mut last = None;
        for (collection, _) in live::listed(&self.copy).await? {
            if collection.holds_documents() {
                last = last.max(compare::newest(&collection, &self.copy, &self.plan.last_write_field).await?);
            }
        }
        Ok(last)
    }

    /// The copy against what its source held at that moment, where the source tells; against the source as it is now;
    /// or against nothing, and then that is said.
    async fn compared(&self, tenant: &str, lost: Option<&Lost>) -> Result<Record> {
        let origin = self.plan.origin().await?;
        let mut record = match (&origin, lost) {
            (_, Some(lost)) => {
                let (check, digests) = compare::moment::compare(&lost.source, &self.copy).await?;
                told(check, digests)
            }
            (Some(origin), None) => {
                let wanted = since::Wanted {
                    seed: &self.seed(),
                    last_write_field: &self.plan.last_write_field,
                    taken_at: self.drill.source.taken_at,
                };
                since::compare(&origin.database(tenant), &self.copy, wanted, self.progress).await?
            }
            (None, None) => told(nothing_to_compare_with(), Vec::new()),
        };
        if let Some(origin) = &origin {
            record.checks.push(self.every_tenant(origin).await?);
        }
        let (followed, references) = compare::reference::follow(&self.copy, &self.plan.references).await?;
        record.checks.extend(followed);
        record.references = references;
        Ok(record)
    }

    /// One that is not in the copy may be younger than the recovery point; that is looked for.
    async fn every_tenant(&self, origin: &Client) -> Result<Check> {
        let tenants = self.plan.tenants().await?;
        let (mut missing, mut younger) = (Vec::new(), Vec::new());
        for tenant in tenants.iter().filter(|t| !self.given.contains(t)) {
            let wanted = (&self.plan.last_write_field, self.drill.source.taken_at);
            let old = since::holds_older(&origin.database(tenant), wanted.0, wanted.1).await?;
            if old { missing.push(tenant.clone()) } else { younger.push(tenant.clone()) }
        }
        let there = tenants.len() - missing.len() - younger.len();
        let mut detail = format!("{there} of {}", tenants.len());
        if !missing.is_empty() {
            detail += &format!("; not in the copy: {}", list(&missing));
        }
        if !younger.is_empty() {
            detail += &format!("; written only since the recovery point: {}", list(&younger));
        }
        let verdict = if missing.is_empty() { CheckVerdict::Passes } else { CheckVerdict::Fails };
        let expected = (tenants.len() - younger.len()).to_string();
        Ok(Check { id: CheckId::Tenants, expected, actual: there.to_string(), verdict, detail })
    }
}

fn told(check: Check, digests: Vec<Digests>) -> Record {
    Record { counts: Vec::new(), documents: Vec::new(), digests, references: Vec::new(), checks: vec![check] }
}

fn nothing_to_compare_with() -> Check {
    Check {
        id: CheckId::Contents,
        expected: "not known".to_owned(),
        actual: "not compared".to_owned(),
        verdict: CheckVerdict::NotRun,
        detail: "only its keeper can read the recovery point, and the plan names no origin to compare with".to_owned(),
    }
}

fn number(stats: &Document, of: &str) -> i64 {
    let float = |n: f64| if n.is_finite() { n as i64 } else { 0 };
    let value = stats.get(of);
    value.and_then(|v| v.as_i64().or(v.as_i32().map(i64::from)).or(v.as_f64().map(float))).unwrap_or(0)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
