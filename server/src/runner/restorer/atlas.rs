//! MongoDB Atlas restores one of its snapshots, or a point in time, to another cluster of its own.
//!
//! Never to the source: that is refused before anything is asked. Never twice: where the answer to a request is lost,
//! Atlas' own list of jobs says whether it was taken. The target cluster's contents are replaced by Atlas.

mod answers;
mod api;
mod ask;
mod auth;
mod choose;
mod config;
mod digest;
mod fault;
mod lists;
mod order;
mod tear_down;
mod wait;

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use bson::Timestamp;
use tokio::time::Instant;

use self::{
    answers::{Cluster, Job},
    api::Api,
    config::{Place, Ready},
    fault::Fault,
    order::Order,
};
pub use self::{config::Config, lists::Lists};
use super::{Chosen, Gone, Restorer};
use crate::runner::progress::Progress;

/// Versions of the resources, as Atlas dates them.
const BACKUP: &str = "2023-01-01";
const CLUSTER: &str = "2024-08-05";
const DELETE: &str = "2023-02-01";
const SCHEDULE: &str = "2024-08-05";
const DATABASES: &str = "2025-03-12";

pub struct Atlas {
    lists: Lists,
    to: Place,
    snapshot: Option<String>,
    delete_cluster: bool,
    timeout: Duration,
    chosen: Option<Order>,
    asked: Asked,
    /// The jobs that were there before this one.
    before: BTreeSet<String>,
    until: Instant,
}

/// Whether Atlas writes to the target.
#[derive(Clone, Debug)]
enum Asked {
    Nothing,
    /// The answer is not known, or not yet.
    Perhaps,
    Job(String),
}

impl Atlas {
    /// Reads the secrets and refuses what must not be. Atlas is not asked yet.
    pub fn open(config: Config) -> Result<Self> {
        let Ready { base, from, to, snapshot, credentials, delete_cluster, poll, timeout } = config.ready()?;
        Ok(Self {
            lists: Lists { api: Api::new(base, credentials, poll)?, from },
            to,
            snapshot,
            delete_cluster,
            timeout,
            chosen: None,
            asked: Asked::Nothing,
            before: BTreeSet::new(),
            until: Instant::now(),
        })
    }

    /// The databases in the chosen snapshot, or in the one below the chosen moment, as Atlas lists them.
    pub async fn databases(&self) -> Result<Vec<String>> {
        let order = self.chosen.as_ref().context("no snapshot was chosen yet")?;
        self.lists.databases(&order.snapshot).await
    }

    async fn cluster(&self, place: &Place, until: Option<Instant>) -> Result<Cluster, Fault> {
        let path = place.path();
        self.lists.api.patiently(until, || self.lists.api.get(&path, CLUSTER)).await
    }

    async fn job(&self, id: &str, until: Option<Instant>) -> Result<Job, Fault> {
        let path = format!("{}/backup/restoreJobs/{id}", self.lists.from.path());
        self.lists.api.patiently(until, || self.lists.api.get(&path, BACKUP)).await
    }
}

#[async_trait]
impl Restorer for Atlas {
    async fn choose(&mut self, until: Option<Timestamp>) -> Result<Chosen> {
        self.chosen_for(until).await
    }

    async fn request(&mut self) -> Result<String> {
        self.ask_for_it().await
    }

    async fn wait(&mut self, _: &dyn Progress) -> Result<String> {
        self.wait_for_it().await
    }

    async fn tear_down(&mut self) -> Result<Gone> {
        self.taken_away().await
    }
}
