//! Waits for the job's end, and then for the cluster to be itself again.

use anyhow::{Context, Result, bail};
use domain::words;

use super::{Asked, Atlas, answers::State};

impl Atlas {
    pub(super) async fn wait_for_it(&self) -> Result<String> {
        let Asked::Job(id) = &self.asked else { bail!("Atlas took no restore job") };
        let late = |what: &str| {
            let allowed = words::duration(i64::try_from(self.timeout.as_millis()).unwrap_or(i64::MAX));
            format!("{what} after {allowed}, all that timeout_minutes allows. Atlas goes on; look at it there")
        };
        let (job, ended_at) = loop {
            let job = self
                .job(id, Some(self.until))
                .await
                .with_context(|| format!("restore job {id} cannot be watched; it may go on at Atlas"))?;
            let how = match job.state()? {
                State::Running => {
                    if !self.lists.api.rest(self.until).await {
                        bail!(late(&format!("restore job {id} has not ended")));
                    }
                    continue;
                }
                State::Finished(at) => break (job, at),
                State::Expired => "has expired",
                State::Cancelled => "was cancelled",
                State::Failed => "has failed",
                State::Delivered => "is a download, which nobody asked for",
            };
            bail!(
                "Atlas says that restore job {id} {how}. {} may hold part of the copy; why it ended stands in Atlas' activity feed",
                self.to
            );
        };
        loop {
            let cluster = self
                .cluster(&self.to, Some(self.until))
                .await
                .with_context(|| format!("restore job {id} has ended, and the cluster cannot be looked at"))?;
            if cluster.idle() {
                break;
            }
            if !self.lists.api.rest(self.until).await {
                bail!(late(&format!("restore job {id} has ended, and {} is {} still", self.to, cluster.state())));
            }
        }
        let took = job
            .asked_at()
            .map(|at| format!(", {} after it was asked for at {}", words::duration(ended_at.since(at)), at.rfc3339()));
        Ok(format!("restore job {id} finished at {} as Atlas says{}", ended_at.rfc3339(), took.unwrap_or_default()))
    }
}
