//! The runner: draws, dumps, restores, compares, tears down. It works near the data and holds the
//! credentials; what leaves it are counts, digests and times, never documents.

mod another;
pub mod attest;
pub mod bsonfile;
pub mod by_hand;
pub mod calendar;
pub mod canary;
pub mod collect;
pub mod command;
pub mod compare;
pub mod daemon;
pub mod definitions;
pub mod erasure;
pub mod fingerprint;
pub mod identity;
pub mod import;
pub mod isolation;
pub mod leftovers;
mod own;
pub mod plan;
pub mod portal;
pub mod process;
pub mod progress;
pub mod queue;
pub mod refusal;
pub mod restore;
pub mod restorer;
mod scratch;
pub mod source;
mod teardown;
mod telling;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use bson::Timestamp;
use chrono::Utc;
use domain::{
    Moment, draw,
    drill::{
        Check, CheckId, CheckVerdict, Draw, Drill, DrillVerdict, Erasures, Excluded, Measured, Outcome, Source,
        Staging, Step, StepId, UNDER_WAY,
    },
    schedule::quarter_of,
    verdict::Verdict,
    words,
};
use mongodb::{Client, Database};
use tokio_util::sync::CancellationToken;

use self::{
    canary::{Canary, Lost},
    compare::Record,
    plan::{From, Plan},
    portal::{Final, Portal},
    progress::{Progress, Told},
    refusal::refusal,
    restorer::Restorer,
    scratch::Scratch,
    source::oplog,
    telling::{HEARTBEAT, Telling},
};

/// A drill that ended, one way or the other, and where its record is.
pub struct Ended {
    pub id: String,
    pub drill: Drill,
    pub filed: Filed,
}

pub enum Filed {
    /// Sealed by the portal at this place.
    Sealed(u64),
    /// No portal was named.
    Nowhere,
    /// The portal is away, or has trouble of its own: it may take the record later.
    Later(String),
    /// It understood and refused, and would again.
    Refused(String),
}

impl Filed {
    fn of(answer: Result<u64>) -> Self {
        match answer {
            Ok(seq) => Filed::Sealed(seq),
            Err(why) if why.downcast_ref::<Final>().is_some() => Filed::Refused(format!("{why:#}")),
            Err(why) => Filed::Later(format!("{why:#}")),
        }
    }
}

/// Runs one drill to its end. `Err` only when it could not begin; whatever happens later is in the record.
pub async fn run(
    plan: &Plan,
    portal: Option<&Portal>,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> Result<Ended> {
    if plan.by_hand() {
        return by_hand::run(plan, portal, stop).await;
    }
    let began = now();
    let id = new_id(began);
    let told = Told::new(progress);
    let target = Client::with_uri_str(&plan.target).await.map_err(|_| bad_address("target"))?;
    let (isolation, was_empty) = match plan.from {
        From::Another { .. } => another::look(plan, &target).await?,
        _ => {
            let ping = target.database("admin").run_command(bson::doc! { "ping": 1 }).await;
            ping.map_err(refusal).context("the target does not answer")?;
            (isolation::look(plan, &target).await?, true)
        }
    };
    let scratch = Scratch::make()?;
    let mut drill = blank(plan, began);
    drill.target.isolated = isolation.isolated;
    drill.target.why = Some(isolation.why);
    if let Some(portal) = portal {
        portal.begin(&id, &drill).await?;
    }
    let mut run = Run {
        plan,
        portal,
        progress: &told,
        // Where another restores, the copy has the tenant's own name.
        copy: target.database(&leftovers::database(&id)),
        telling: Telling::of(portal, &id, HEARTBEAT, &drill, Some(told.moving())),
        id: id.clone(),
        drill,
        canary: None,
        restorer: None,
        given: Vec::new(),
        was_empty,
    };
    let heard = run.telling.heard.clone();
    let worked = tokio::select! {
        worked = run.work(scratch.path().to_owned()) => worked,
        () = stop.cancelled() => Err(anyhow::anyhow!("stopped by the operator")),
        why = heard.stopped() => Err(anyhow::anyhow!(why)),
    };
    if let Err(why) = &worked {
        run.abandon(&format!("{why:#}"));
    }
    run.tear_down().await;
    run.judge();
    run.telling.end();
    let filed = match portal {
        None => Filed::Nowhere,
        Some(portal) => Filed::of(portal.finish(&id, &run.drill).await),
    };
    Ok(Ended { id, drill: run.drill, filed })
}

struct Run<'a> {
    plan: &'a Plan,
    portal: Option<&'a Portal>,
    progress: &'a dyn Progress,
    /// The restored copy.
    copy: Database,
    id: String,
    drill: Drill,
    telling: Telling,
    /// What is in the source and must not stay there.
    canary: Option<Canary>,
    /// Who restores, where it is not the runner.
    restorer: Option<Box<dyn Restorer>>,
    /// Databases that a restore by another brings.
    given: Vec<String>,
    /// Whether the target was seen to hold nothing before.
    was_empty: bool,
}

impl Run<'_> {
    async fn work(&mut self, scratch: PathBuf) -> Result<()> {
        let tenant = self.draw().await?;
        match &self.plan.from {
            From::Another { restorer, .. } => self.by_another(&tenant, restorer).await,
            _ => self.by_itself(&tenant, &scratch).await,
        }
    }

    /// Which tenant: named in the plan, or drawn from those eligible after their list was sealed.
    async fn draw(&mut self) -> Result<String> {
        let begun = self.begin(StepId::Draw);
        let seen = self.plan.tenants().await?;
        if let Some(tenant) = &self.plan.tenant {
            if !seen.contains(tenant) {
                bail!("{tenant} is not in the source; it holds {}", seen.join(", "));
            }
            self.end(begun, format!("{tenant}, named in the plan, not drawn"));
            return Ok(tenant.clone());
        }
        let mut excluded: Vec<Excluded> =
            self.plan.exclude.iter().filter(|e| seen.contains(&e.name)).cloned().collect();
        for (name, at) in self.plan.erased.iter().flat_map(|list| list.tenants()) {
            if seen.iter().any(|s| s == name) && !excluded.iter().any(|e| e.name == name) {
                let why = format!("erased for good on {}", words::date(at));
                excluded.push(Excluded { name: name.to_owned(), why });
            }
        }
        let eligible: Vec<String> = seen.into_iter().filter(|name| !excluded.iter().any(|e| e.name == *name)).collect();
        if eligible.is_empty() {
            bail!("no tenant is eligible: every one is excluded");
        }
        let digest = draw::list_digest(eligible.iter().map(String::as_str));
        let sealed = match self.portal {
            Some(portal) => Some(portal.seal_list(&self.id, &eligible, &excluded).await?),
            None => None,
        };
        // Without a portal nobody sealed the list first; the record says so by having no root.
        let root = sealed.as_ref().map(|s| s.root.clone());
        let seed = draw::seed(root.as_deref().unwrap_or(&self.id), &self.plan.public_value);
        let chosen = draw::draw(&seed, eligible.iter().map(String::as_str), 1)
            .first()
            .map(|name| (*name).to_owned())
            .context("nothing was drawn")?;
        let note = format!("{chosen}, 1 of {} eligible, {} excluded", eligible.len(), excluded.len());
        self.drill.draw = Some(Draw {
            eligible_digest: digest,
            eligible,
            excluded,
            root,
            seq: sealed.map(|s| s.seq),
            public_value: self.plan.public_value.clone(),
            seed,
            chosen: chosen.clone(),
        });
        self.end(begun, note);
        Ok(chosen)
    }

    fn seed(&self) -> String {
        let drawn = self.drill.draw.as_ref().map(|drawn| drawn.seed.clone());
        drawn.unwrap_or_else(|| draw::seed(&self.id, &self.plan.public_value))
    }

    /// Puts a document of the drill's own into the source, where its loss is drilled. From when the operation log is
    /// needed.
    async fn lay(&mut self, tenant: &str) -> Result<Option<Timestamp>> {
        let Some(wanted) = &self.plan.canary else { return Ok(None) };
        let origin = self.plan.origin().await?.context("a canary is lost in a live database, and none is in reach")?;
        let canary = Canary::new(origin, tenant, wanted, &self.plan.last_write_field);
        self.drill.canary = Some(canary.described());
        self.canary = Some(canary);
        self.share();
        // Told before it is there: a runner that dies now leaves something that its record names.
        self.telling.said().await;
        let Some(canary) = &mut self.canary else { return Ok(None) };
        Ok(Some(canary.lay(&self.id).await?))
    }

    async fn lose(&mut self, from: Option<Timestamp>) -> Result<Option<Lost>> {
        let (Some(from), Some(_)) = (from, &self.canary) else { return Ok(None) };
        let begun = self.begin(StepId::Lose);
        let Some(canary) = &self.canary else { return Ok(None) };
        let lost = canary.lose(from).await?;
        let mut note = format!("{}, at {} of the operation log", canary.place(), oplog::said(lost.until));
        note += &canary.says_of_others();
        if let Some(told) = &mut self.drill.canary {
            told.expected.clone_from(&lost.sha256);
            told.lost_at = Some(lost.at);
        }
        self.end(begun, note);
        Ok(Some(lost))
    }

    async fn put_back(&mut self) -> Result<()> {
        let Some(canary) = &self.canary else { return Ok(()) };
        let place = canary.place();
        let begun = self.begin(StepId::Return);
        let Some(canary) = &self.canary else { return Ok(()) };
        let (restored, returned) = canary.put_back(&self.copy).await?;
        let note =
            if restored.is_some() { format!("{place}, from the copy") } else { "it is not in the copy".to_owned() };
        if let Some(told) = &mut self.drill.canary {
            (told.restored, told.returned) = (restored, returned);
        }
        self.end(begun, note);
        Ok(())
    }

    /// What was erased for good came back with the recovery point.
    async fn erase(&mut self, copies: &[(String, Database)]) -> Result<Option<Check>> {
        let Some(list) = &self.plan.erased else { return Ok(None) };
        let begun = self.begin(StepId::Erase);
        let done = list.replay(copies, self.drill.source.taken_at).await?;
        let check = erasure::check(&done);
        self.drill.erasures = Some(done);
        self.end(begun, check.detail.clone());
        Ok(Some(check))
    }

    /// What was restored and how long it took, once it is verified.
    fn measure(&mut self, last_write: Option<Moment>, bytes: i64, documents: i64) -> Result<Check> {
        let (declared, verified) = self.drill.clock().context("the steps on the clock are done")?;
        let lost = self.drill.lost_at().unwrap_or(declared);
        self.drill.source.last_write_at = last_write;
        self.drill.source.last_write_by = last_write.map(|_| self.plan.last_write_field.clone());
        let rpo_ms = last_write.map(|at| lost.since(at).max(0));
        self.drill.measured = Some(Measured { restore_ms: verified.since(declared), rpo_ms, bytes, documents });
        Ok(freshness(last_write, lost, self.plan.rpo_ms))
    }

    fn record(&mut self, record: Record) -> Vec<Check> {
        let Record { counts, documents, digests, references, mut checks } = record;
        self.drill.counts = counts;
        self.drill.documents = documents;
        self.drill.digests = digests;
        self.drill.references = references;
        if let Some(canary) = &self.drill.canary {
            let back = canary.is_back();
            checks.push(Check {
                id: CheckId::Canary,
                expected: "as it was".to_owned(),
                actual: if back { "as it was".to_owned() } else { "not as it was".to_owned() },
                verdict: if back { CheckVerdict::Passes } else { CheckVerdict::Fails },
                detail: match (&canary.restored, &canary.returned) {
                    (None, _) => "it is not in the copy".to_owned(),
                    (_, None) => "it was put back, and is not found where it was lost".to_owned(),
                    _ if back => format!("{} in {}, by SHA-256 of the raw BSON", canary.id, canary.collection),
                    _ => "another than it was when it was lost".to_owned(),
                },
            });
        }
        checks
    }

    fn abandon(&mut self, why: &str) {
        let commands = self.restorer.as_mut().map(|restorer| restorer.commands()).unwrap_or_default();
        if let Some(step) = self.drill.abandon(why, now()) {
            step.commands.extend(commands);
            self.progress.ends(step);
        }
        self.share();
    }

    fn judge(&mut self) {
        let drill = &self.drill;
        let verdict = Drill::judge(&drill.plan, drill.measured.as_ref(), &drill.checks, drill.abandoned.as_deref());
        self.drill.verdict = verdict;
        self.share();
    }

    fn begin(&mut self, id: StepId) -> usize {
        let at = now();
        self.drill.steps.push(Step {
            id,
            started_at: at,
            ended_at: at,
            outcome: Outcome::Done,
            note: UNDER_WAY.to_owned(),
            commands: Vec::new(),
        });
        self.progress.begins(id);
        self.share();
        self.drill.steps.len() - 1
    }

    fn end(&mut self, begun: usize, note: String) {
        let commands = self.restorer.as_mut().map(|restorer| restorer.commands()).unwrap_or_default();
        let step = &mut self.drill.steps[begun];
        step.commands.extend(commands);
        step.ended_at = now();
        step.note = note;
        self.progress.ends(step);
        self.share();
    }

    fn share(&self) {
        self.telling.change(&self.drill);
    }
}

/// What is wrong with an address is not said: the driver's own words may quote its password.
pub(crate) fn bad_address(of: &str) -> anyhow::Error {
    anyhow::anyhow!("the {of} address cannot be used: it is no MongoDB address, or its host names do not resolve")
}

/// Whether the last write restored lies within the promise.
fn freshness(last_write: Option<Moment>, declared: Moment, rpo_ms: i64) -> Check {
    let allowed = words::duration(rpo_ms);
    let (actual, verdict, detail) = match last_write {
        None => {
            ("not stated".to_owned(), CheckVerdict::NotRun, "no field tells when a document was written".to_owned())
        }
        Some(at) => {
            let lost = declared.since(at).max(0);
            let verdict = if lost <= rpo_ms { CheckVerdict::Passes } else { CheckVerdict::Fails };
            let detail = format!("last write {} before the loss, {allowed} allowed", words::duration(lost));
            (words::duration(lost), verdict, detail)
        }
    };
    Check { id: CheckId::Freshness, expected: format!("at most {allowed}"), actual, verdict, detail }
}

fn blank(plan: &Plan, at: Moment) -> Drill {
    let untested = Verdict::Untested;
    Drill {
        schema: 1,
        scenario: plan.scenario,
        quarter: quarter_of(at),
        plan: domain::drill::Plan {
            runbook_version: plan.runbook_version.clone(),
            rpo_ms: plan.rpo_ms,
            rto_ms: plan.rto_ms,
        },
        draw: None,
        source: Source {
            kind: "not chosen".to_owned(),
            recovery_point: String::new(),
            taken_at: at,
            last_write_at: None,
            last_write_by: None,
        },
        target: Staging { environment: plan.target_host(), isolated: false, why: None },
        steps: Vec::new(),
        checks: Vec::new(),
        counts: Vec::new(),
        documents: Vec::new(),
        digests: Vec::new(),
        references: Vec::new(),
        queries: Vec::new(),
        // What kind of drill it will be is known from its beginning.
        canary: plan
            .canary
            .as_ref()
            .map(|c| domain::drill::Canary { collection: c.collection.clone(), ..Default::default() }),
        erasures: plan.erased.as_ref().map(|_| Erasures::default()),
        measured: None,
        verdict: DrillVerdict { rto: untested, rpo: untested, contents: untested, reasons: Vec::new() },
        exposure: None,
        people: plan.people.clone(),
        abandoned: None,
        log: Vec::new(),
        demo: false,
        occurred_at: at,
        learned_at: None,
        by: plan.by.clone(),
        signature: None,
    }
}

/// "D-20261116-130210-c61f": several runners begin at the same second of their calendars.
fn new_id(at: Moment) -> String {
    format!("D-{}-{:04x}", at.utc().format("%Y%m%d-%H%M%S"), u16::from_le_bytes(random()))
}

fn now() -> Moment {
    Moment::from(Utc::now())
}

fn random() -> [u8; 2] {
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}
