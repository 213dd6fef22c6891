//! Asks for the restore, once: where an answer is lost, Atlas' own list of jobs says whether it was taken.

use anyhow::{Context, Result, bail};
use tokio::time::Instant;

use super::{
    Asked, Atlas, BACKUP,
    answers::{Job, State},
    fault::Fault,
    order::{self, Order},
};

/// How often the list of jobs is looked at for one whose request was not answered.
const LOOKS: usize = 4;
/// How often a restore is asked for that Atlas did not take.
const ASKS: usize = 3;

impl Atlas {
    pub(super) async fn ask_for_it(&mut self) -> Result<String> {
        let order = self.chosen.clone().context("nothing was chosen to be restored")?;
        self.until = Instant::now() + self.timeout;
        let jobs = self.jobs().await.context("the restore jobs cannot be listed; nothing was asked for")?;
        for job in &jobs {
            if order::goes_to(job, &self.to) && matches!(job.state(), Ok(State::Running)) {
                bail!(
                    "Atlas already restores to {} (restore job {}): wait for its end. Nothing was asked for",
                    self.to,
                    job.id
                );
            }
        }
        self.before = jobs.into_iter().map(|job| job.id).collect();
        let path = format!("{}/backup/restoreJobs", self.lists.from.path());
        let body = order.body(&self.to);
        let mut last = None;
        for _ in 0..ASKS {
            // Before it is sent: whoever stops it half way must not take the target for untouched.
            self.asked = Asked::Perhaps;
            let fault = match self.lists.api.post::<Job>(&path, BACKUP, &body).await {
                Ok(job) => return Ok(self.accepted(job)),
                Err(fault) => fault,
            };
            if fault.perhaps_done {
                let found = self.look_for(&order).await.with_context(|| {
                    format!("{fault}; it is not known whether the restore to {} was begun. Look at its restore jobs in Atlas", self.to)
                })?;
                if let Some(job) = found {
                    return Ok(self.accepted(job));
                }
            }
            self.asked = Asked::Nothing;
            if !fault.passing || !self.lists.api.pause(1, &fault, Some(self.until)).await {
                return Err(fault).with_context(|| format!("Atlas began no restore to {}", self.to));
            }
            last = Some(fault);
        }
        let why = last.map_or_else(String::new, |fault| format!(": {fault}"));
        bail!("Atlas began no restore to {}, asked {ASKS} times{why}", self.to)
    }

    async fn jobs(&self) -> Result<Vec<Job>, Fault> {
        let path = format!("{}/backup/restoreJobs", self.lists.from.path());
        self.lists.api.patiently(None, || self.lists.api.all(&path, BACKUP, true)).await
    }

    /// The job of a request that was not answered. `None`: there is none, and the cluster does nothing.
    pub(super) async fn look_for(&self, order: &Order) -> Result<Option<Job>> {
        for _ in 0..LOOKS {
            let jobs = self.jobs().await?;
            let ours = |job: &Job| !self.before.contains(&job.id) && order.is(job, &self.to);
            if let Some(job) = jobs.into_iter().find(ours) {
                return Ok(Some(job));
            }
            self.lists.api.rest(self.until).await;
        }
        let cluster = self.cluster(&self.to, None).await?;
        if !cluster.idle() {
            bail!("there is no job for it, and the cluster is {}", cluster.state());
        }
        Ok(None)
    }

    pub(super) fn accepted(&mut self, job: Job) -> String {
        let said = format!("restore job {} to {}", job.id, self.to);
        self.asked = Asked::Job(job.id);
        said
    }
}
