//! The runner as a daemon: does each job when its calendar says, tells the portal, and goes on where it was after any
//! end. What is to be told is on disk before it is sent; what was begun is on disk before it begins.

pub mod config;
pub mod lease;
pub mod state;

use std::{fs::File, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use app::ports::Clock;
use domain::{
    Moment,
    drill::Excluded,
    job::{After, Attested, JobRun, Outcome},
    words,
};
use mongodb::Client;
use tokio_util::sync::CancellationToken;

use self::{
    config::{Config, Job, Work},
    lease::{Answer, Leases},
    state::{JobState, Running, State},
};
use super::{
    Filed, attest, collect,
    identity::Identity,
    plan::{self, Plan},
    portal::{AT_ONCE, Final, Portal, Pushed},
    progress::Progress,
    queue::{Flushed, Push, Queue},
};

/// How often it looks at its calendars. Cron expressions speak of minutes.
const EVERY: Duration = Duration::from_secs(15);
/// What fails is tried again for this long after it was due.
const TRIED_FOR_MS: i64 = 60 * 60 * 1000;
/// And not more often than this.
const AGAIN_MS: i64 = 60 * 1000;
/// How often a lease is held longer.
const HOLD_EVERY: Duration = Duration::from_secs(60);

pub struct Daemon {
    config: Config,
    clock: Arc<dyn Clock>,
    progress: Arc<dyn Progress>,
    portal: Portal,
    leases: Option<Leases>,
    queue: Queue,
    state: State,
    registered: bool,
    /// When each failing job is tried again.
    again: std::collections::BTreeMap<String, Moment>,
    /// Held as long as this lives: two runners over one folder would each undo the other's notes.
    _lock: File,
}

/// How a piece of work ended.
enum Worked {
    Done {
        says: String,
        attested: Option<Attested>,
        drill: Option<String>,
    },
    /// It ran, and what it ran failed; to run it again is another decision.
    Failed {
        says: String,
        drill: Option<String>,
    },
}

/// Looks until it is stopped.
pub async fn run(mut daemon: Daemon, stop: CancellationToken) -> Result<()> {
    loop {
        daemon.look(&stop).await?;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return Ok(()),
        }
    }
}

impl Daemon {
    /// Reads what an earlier run left. The portal need not be there.
    pub async fn open(config: Config, clock: Arc<dyn Clock>, progress: Arc<dyn Progress>) -> Result<Self> {
        let dir = &config.state;
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let lock = File::create(dir.join("lock")).with_context(|| format!("cannot write in {}", dir.display()))?;
        if lock.try_lock().is_err() {
            bail!("another runner works in {}; each needs a folder of its own", dir.display());
        }
        let identity = Arc::new(Identity::at(&dir.join("runner.key"))?);
        let portal = Portal::new(&config.portal, &config.token)?.signing_as_known(identity);
        let leases = match &config.lease_uri {
            Some(uri) => Some(Leases::at(uri, &config.name).await?),
            None => None,
        };
        Ok(Self {
            queue: Queue::at(dir)?,
            state: State::at(dir)?,
            registered: false,
            again: std::collections::BTreeMap::new(),
            clock,
            progress,
            portal,
            leases,
            config,
            _lock: lock,
        })
    }

    /// Files calendars that are new, ends what was cut short, does what is due, and tells the portal.
    ///
    /// An error is one of this runner's own folder; what fails out there is filed or tried again.
    pub async fn look(&mut self, stop: &CancellationToken) -> Result<()> {
        self.calendars()?;
        self.cut_short().await?;
        for job in self.config.jobs.clone() {
            if stop.is_cancelled() {
                break;
            }
            let Some(due) = self.due(&job) else { continue };
            let Some(after) = self.predecessor(&job, due)? else { continue };
            if !self.leased(&job, due).await? {
                continue;
            }
            self.work(&job, due, after, stop).await?;
        }
        let flushed = self.flush().await?;
        if flushed.taken + flushed.refused > 0 {
            tracing::info!(taken = flushed.taken, refused = flushed.refused, waiting = flushed.waiting, "pushed");
        }
        Ok(())
    }

    /// What waits for the portal, in order.
    pub async fn flush(&mut self) -> Result<Flushed> {
        if self.queue.waiting()?.is_empty() {
            return Ok(Flushed::default());
        }
        if !self.registered {
            match self.portal.register().await {
                Ok(()) => self.registered = true,
                Err(why) => {
                    // A refusal needs somebody to act; a portal that is away comes back.
                    match why.downcast_ref::<Final>() {
                        Some(_) => tracing::error!(%why, "the portal does not take this runner's key"),
                        None => tracing::debug!(%why, "the portal is away; what is to be pushed waits"),
                    }
                    return Ok(Flushed { waiting: self.queue.waiting()?.len(), ..Flushed::default() });
                }
            }
        }
        self.queue.flush(&self.portal).await
    }

    /// A calendar counts from when it was filed: new, changed and ended ones are records.
    fn calendars(&mut self) -> Result<()> {
        let now = self.clock.now();
        for job in self.config.jobs.clone() {
            let filed = self.state.jobs.get(&job.name);
            let same = filed
                .is_some_and(|f| f.cron == job.cron && f.kind == job.kind() && f.late_after_ms == job.late_after_ms);
            if same {
                continue;
            }
            let says = format!("Due by {:?} in UTC: {}", job.cron, job.calendar.says());
            self.put(&self.record(&job, now, now, Outcome::Scheduled, says))?;
            let before = self.state.jobs.remove(&job.name);
            let state = JobState {
                cron: job.cron.clone(),
                kind: job.kind(),
                late_after_ms: job.late_after_ms,
                done_until: now,
                went_by: None,
                running: before.and_then(|b| b.running),
            };
            self.state.jobs.insert(job.name.clone(), state);
            self.state.keep()?;
        }
        let gone: Vec<String> =
            self.state.jobs.keys().filter(|name| !self.config.jobs.iter().any(|j| j.name == **name)).cloned().collect();
        for name in gone {
            let Some(state) = self.state.jobs.get(&name) else { continue };
            let run = JobRun {
                job: name.clone(),
                cron: state.cron.clone(),
                kind: state.kind,
                late_after_ms: state.late_after_ms,
                ..self.blank(now, now, Outcome::Ended, "No longer in the runner's configuration.".to_owned())
            };
            self.put(&run)?;
            self.state.jobs.remove(&name);
            self.state.keep()?;
        }
        Ok(())
    }

    /// What an earlier runner was doing when it ended. An attestation is simply done again; a drill is filed as
    /// failed, with what it left in staging.
    async fn cut_short(&mut self) -> Result<()> {
        for job in self.config.jobs.clone() {
            let Some(running) = self.state.jobs.get(&job.name).and_then(|state| state.running.clone()) else {
                continue;
            };
            if let Work::Drill(plan) = &job.work {
                let left = match left_behind(plan).await {
                    Ok(left) if left.is_empty() => "nothing is left in staging".to_owned(),
                    Ok(left) => format!("left in staging, to be dropped: {}", left.join(", ")),
                    Err(why) => format!("staging could not be looked at: {why:#}"),
                };
                let says = format!("The runner ended in the middle of it; {left}.");
                self.put(&self.record(&job, running.due_at, running.started_at, Outcome::Failed, says))?;
                self.settled(&job, running.due_at)?;
            } else {
                self.set_running(&job, None)?;
            }
        }
        Ok(())
    }

    /// The newest time it was due and was not done. Older ones that passed are gaps: to do them now would prove
    /// nothing of then.
    fn due(&self, job: &Job) -> Option<Moment> {
        let now = self.clock.now();
        if self.again.get(&job.name).is_some_and(|at| *at > now) {
            return None;
        }
        job.calendar.newest(self.state.jobs.get(&job.name)?.done_until, now)
    }

    /// Whether the job it waits for has reported, or will not be waited for any longer. `None`: it waits.
    fn predecessor(&self, job: &Job, due: Moment) -> Result<Option<Option<After>>> {
        let Some(name) = &job.after else { return Ok(Some(None)) };
        let since = job.calendar.newest(Moment::EPOCH, due.plus_millis(-1)).unwrap_or(Moment::EPOCH);
        let went_by = self.state.jobs.get(&job.name).and_then(|state| state.went_by);
        let reported_at = state::reported(&self.config.state, name)?.filter(|at| *at > since && Some(*at) > went_by);
        let waited = self.clock.now().since(due) >= job.after_timeout_ms;
        Ok((reported_at.is_some() || waited).then(|| Some(After { job: name.clone(), reported_at })))
    }

    async fn leased(&mut self, job: &Job, due: Moment) -> Result<bool> {
        let Some(leases) = &self.leases else { return Ok(true) };
        match leases.take(&run_id(job, due), self.clock.now()).await {
            Ok(Answer::Ours) => Ok(true),
            Ok(Answer::Others) => Ok(false),
            Ok(Answer::Done) => {
                self.settled(job, due)?;
                Ok(false)
            }
            Err(why) => {
                tracing::warn!(%why, job = job.name, "nobody knows who does it; tried again");
                Ok(false)
            }
        }
    }

    async fn work(&mut self, job: &Job, due: Moment, after: Option<After>, stop: &CancellationToken) -> Result<()> {
        let started_at = self.clock.now();
        self.set_running(job, Some(Running { due_at: due, started_at }))?;
        tracing::info!(job = job.name, due = %due, "begins");
        let ended = self.held(job, due, started_at, stop).await;
        let (outcome, says, attested, drill) = match ended {
            Ok(Worked::Done { says, attested, drill }) => (Outcome::Done, says, attested, drill),
            Ok(Worked::Failed { says, drill }) => (Outcome::Failed, says, None, drill),
            Err(why) if stop.is_cancelled() => {
                tracing::warn!(job = job.name, %why, "stopped; it is done at the next start");
                return self.set_running(job, None);
            }
            Err(why) if self.clock.now().since(due) < tried_for(job, due) => {
                tracing::warn!(
                    job = job.name,
                    why = format!("{why:#}"),
                    "it could not be done; tried again in a minute"
                );
                self.again.insert(job.name.clone(), self.clock.now().plus_millis(AGAIN_MS));
                return self.set_running(job, None);
            }
            Err(why) => (Outcome::Failed, format!("{why:#}"), None, None),
        };
        let record = self.record(job, due, started_at, outcome, says);
        let record = JobRun { after, attested, drill, ..record };
        self.put(&record)?;
        if let Some(state) = self.state.jobs.get_mut(&job.name) {
            state.went_by = record.after.as_ref().and_then(|after| after.reported_at).or(state.went_by);
        }
        self.settled(job, due)?;
        tracing::info!(job = job.name, outcome = outcome.word(), says = record.says, "ended");
        if outcome == Outcome::Done {
            state::report(&self.config.state, &job.name, record.occurred_at)?;
        }
        if let Some(leases) = &self.leases
            && let Err(why) = leases.done(&run_id(job, due)).await
        {
            tracing::warn!(%why, job = job.name, "the lease is not marked as done; the portal knows the run all the same");
        }
        self.again.remove(&job.name);
        Ok(())
    }

    /// Does the work and keeps its lease meanwhile; who lost it stops.
    async fn held(&self, job: &Job, due: Moment, started_at: Moment, stop: &CancellationToken) -> Result<Worked> {
        let stop = stop.child_token();
        let run = run_id(job, due);
        let holding = async {
            let Some(leases) = &self.leases else { return std::future::pending().await };
            loop {
                tokio::time::sleep(HOLD_EVERY).await;
                if let Ok(false) = leases.hold(&run, self.clock.now()).await {
                    stop.cancel();
                    return std::future::pending().await;
                }
            }
        };
        tokio::select! {
            worked = self.job(job, due, started_at, &stop) => worked,
            never = holding => never,
        }
    }

    async fn job(&self, job: &Job, due: Moment, started_at: Moment, stop: &CancellationToken) -> Result<Worked> {
        match &job.work {
            Work::Attest(plan) => {
                let ran = attest::run(plan, &run_id(job, due), started_at, &*self.progress).await?;
                for part in ran.attestations.chunks(AT_ONCE) {
                    let attestations = part.iter().map(|a| self.portal.signed_attestation(a)).collect::<Result<_>>()?;
                    self.queue.put(&Push {
                        method: "POST".to_owned(),
                        path: "attestations".to_owned(),
                        body: serde_json::to_value(Pushed { attestations }).context("attestations as JSON")?,
                    })?;
                }
                Ok(Worked::Done { says: of_attested(&ran.attested), attested: Some(ran.attested), drill: None })
            }
            Work::Import(plan) => {
                let (told, output) = collect::run(plan, started_at).await?;
                let envelope = self.portal.signed_import(told, &output)?;
                self.queue.put(&Push {
                    method: "POST".to_owned(),
                    path: "imports".to_owned(),
                    body: serde_json::to_value(envelope).context("an import as JSON")?,
                })?;
                let size = words::bytes(i64::try_from(output.len()).unwrap_or(i64::MAX));
                let says = format!("{size} from {}, as {}.", plan.command[0], plan.connector);
                Ok(Worked::Done { says, attested: None, drill: None })
            }
            Work::Drill(plan) => {
                self.portal.register().await?;
                let ended = super::run(plan, Some(&self.portal), &*self.progress, stop).await?;
                if let Filed::Later(why) | Filed::Refused(why) = &ended.filed {
                    tracing::warn!(drill = ended.id, why, "the portal did not take the drill yet; it waits");
                    self.queue.put(&Push {
                        method: "PUT".to_owned(),
                        path: format!("drills/{}", ended.id),
                        body: serde_json::to_value(self.portal.signed_drill(&ended.drill)?)
                            .context("a drill as JSON")?,
                    })?;
                }
                let drill = Some(ended.id.clone());
                Ok(match &ended.drill.abandoned {
                    Some(why) => Worked::Failed { says: format!("Drill {} was abandoned: {why}", ended.id), drill },
                    None => Worked::Done { says: ended.drill.sentence(), attested: None, drill },
                })
            }
        }
    }

    /// What was due then is done, well or badly.
    fn settled(&mut self, job: &Job, due: Moment) -> Result<()> {
        if let Some(state) = self.state.jobs.get_mut(&job.name) {
            state.done_until = state.done_until.max(due);
            state.running = None;
        }
        self.state.keep()
    }

    fn set_running(&mut self, job: &Job, running: Option<Running>) -> Result<()> {
        if let Some(state) = self.state.jobs.get_mut(&job.name) {
            state.running = running;
        }
        self.state.keep()
    }

    fn put(&self, run: &JobRun) -> Result<()> {
        let run = self.portal.signed_run(run)?;
        self.queue.put(&Push {
            method: "POST".to_owned(),
            path: "job-runs".to_owned(),
            body: serde_json::to_value(&run).context("a run as JSON")?,
        })
    }

    fn record(&self, job: &Job, due_at: Moment, started_at: Moment, outcome: Outcome, says: String) -> JobRun {
        JobRun {
            job: job.name.clone(),
            kind: job.kind(),
            cron: job.cron.clone(),
            late_after_ms: job.late_after_ms,
            ..self.blank(due_at, started_at, outcome, says)
        }
    }

    fn blank(&self, due_at: Moment, started_at: Moment, outcome: Outcome, says: String) -> JobRun {
        JobRun {
            schema: 1,
            job: String::new(),
            kind: domain::job::JobKind::Attest,
            cron: String::new(),
            late_after_ms: 1,
            due_at,
            started_at,
            outcome,
            says: says.chars().take(1000).collect(),
            after: None,
            attested: None,
            drill: None,
            demo: false,
            occurred_at: self.clock.now(),
            learned_at: None,
            by: self.config.name.clone(),
            signature: None,
        }
    }
}

/// How long a job that cannot be done is tried: half of the way to its next time at the most, so that it is told as
/// failed before that.
fn tried_for(job: &Job, due: Moment) -> i64 {
    job.calendar.next(due).map_or(TRIED_FOR_MS, |next| (next.since(due) / 2).min(TRIED_FOR_MS))
}

/// The name of one run of one job, whoever does it.
fn run_id(job: &Job, due: Moment) -> String {
    format!("{}-{}", job.name, due.utc().format("%Y%m%dT%H%M"))
}

fn of_attested(attested: &Attested) -> String {
    let seen = attested.seen.len();
    let left = match attested.left_out.as_slice() {
        [] => String::new(),
        [Excluded { name, why }] => format!("; {name} was left out: {why}"),
        more => format!("; {} were left out", more.len()),
    };
    let at = attested.read_at.map(|at| format!(", read at {} UTC", words::date_time(at))).unwrap_or_default();
    format!("{} of {seen} databases beside {}{at}{left}.", attested.attested, attested.recovery_point)
}

/// Databases that drills left on the target.
async fn left_behind(plan: &Plan) -> Result<Vec<String>> {
    let client = Client::with_uri_str(&plan.target).await?;
    let mut names = client.list_database_names().await?;
    names.retain(|name| name.starts_with(plan::STAGING));
    names.sort();
    Ok(names)
}
