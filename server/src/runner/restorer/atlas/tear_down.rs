//! Takes the cluster away, or says when the runner may drop what is on it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::StatusCode;
use tokio::time::Instant;

use super::{Asked, Atlas, DELETE, answers::State, fault::Fault};
use crate::runner::restorer::Gone;

/// A cluster is deleted within minutes.
const DELETED_WITHIN: Duration = Duration::from_secs(2 * 3600);

impl Atlas {
    pub(super) async fn taken_away(&mut self) -> Result<Gone> {
        if let (Asked::Perhaps, Some(order)) = (&self.asked, self.chosen.clone()) {
            match self.look_for(&order).await {
                Ok(Some(job)) => drop(self.accepted(job)),
                Ok(None) => self.asked = Asked::Nothing,
                Err(_) => (),
            }
        }
        if matches!(self.asked, Asked::Nothing) {
            return Ok(Gone::Shown(format!("Atlas took no restore job: {} holds no copy and is as it was", self.to)));
        }
        if !self.delete_cluster {
            return Ok(self.still_writing().await.map_or(Gone::Databases, Gone::No));
        }
        match self.delete().await {
            Ok(gone) => Ok(gone),
            Err(why) => {
                Ok(Gone::No(format!("{why:#}. {} still stands, with the copy on it: delete it in Atlas", self.to)))
            }
        }
    }

    /// The runner can drop databases only once Atlas has stopped to write them.
    async fn still_writing(&self) -> Option<String> {
        let next = format!("look at the restore jobs in Atlas, and drop what is on {} once none runs", self.to);
        match &self.asked {
            Asked::Nothing => None,
            Asked::Perhaps => Some(format!("it is not known whether Atlas restores to it: {next}")),
            Asked::Job(id) => match self.job(id, None).await.map_err(anyhow::Error::from).and_then(|job| job.state()) {
                Ok(State::Running | State::Delivered) => Some(format!("restore job {id} goes on at Atlas: {next}")),
                Ok(_) => None,
                Err(why) => Some(format!("whether restore job {id} goes on is not known ({why:#}): {next}")),
            },
        }
    }

    async fn delete(&self) -> Result<Gone> {
        let until = Instant::now() + DELETED_WITHIN.min(self.timeout);
        let path = self.to.path();
        let begun = self.lists.api.patiently(Some(until), || self.lists.api.delete(&path, DELETE)).await;
        if let Err(fault) = begun
            && !not_there(&fault)
            // It was, and the answer was lost.
            && fault.code.as_deref() != Some("CLUSTER_ALREADY_REQUESTED_DELETION")
        {
            return Err(fault).context("Atlas did not begin to delete it");
        }
        loop {
            match self.cluster(&self.to, Some(until)).await {
                Err(fault) if not_there(&fault) => {
                    let said = format!("Atlas answers that there is no cluster {} (404)", self.to);
                    return Ok(Gone::Shown(said));
                }
                Err(fault) => return Err(fault).context("whether it is deleted is not known"),
                Ok(cluster) => {
                    if !self.lists.api.rest(until).await {
                        bail!("Atlas was asked to delete it, and it is {} still", cluster.state());
                    }
                }
            }
        }
    }
}

/// Whether it is Atlas that says so, and of the cluster: not something between, and not of a project out of sight.
fn not_there(fault: &Fault) -> bool {
    fault.status == Some(StatusCode::NOT_FOUND)
        && fault.code.as_deref().is_some_and(|code| code.starts_with("CLUSTER_"))
}
