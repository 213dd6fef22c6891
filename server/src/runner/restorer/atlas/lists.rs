//! What Atlas lists: the snapshots of a cluster, and the databases in each. Nothing is restored.

use anyhow::{Context, Result, bail};
use domain::{Moment, attestation::RecoveryPoint};

use super::{
    BACKUP, CLUSTER, Config, DATABASES,
    answers::{Cluster, Named},
    api::Api,
    config::Place,
};
use crate::runner::attest::snapshot::{Snapshot, there};

pub struct Lists {
    pub(super) api: Api,
    pub(super) from: Place,
}

impl Lists {
    /// Reads the secrets. Atlas is not asked yet.
    pub fn open(config: Config) -> Result<Self> {
        let (base, from, credentials) = config.source()?;
        // One look, now: there is nothing to wait for.
        Ok(Self { api: Api::new(base, credentials, std::time::Duration::from_secs(1))?, from })
    }

    /// The newest snapshot that could be restored then, and the databases in it.
    pub async fn newest(&self, now: Moment) -> Result<(RecoveryPoint, Vec<String>)> {
        let path = self.from.path();
        let cluster: Cluster = self
            .api
            .patiently(None, || self.api.get(&path, CLUSTER))
            .await
            .with_context(|| format!("the cluster {}", self.from))?;
        let points = self.snapshots(None, cluster.sharded(), now).await?;
        let newest = points.into_iter().map(|(_, point)| point).max_by_key(|point| point.taken_at);
        let mut newest = newest.context("no snapshot can be restored")?;
        newest.cluster.clone_from(&self.from.cluster);
        let databases = self.databases(&newest.id).await?;
        Ok((newest, databases))
    }

    /// The databases in a snapshot, by Atlas' own word.
    pub(super) async fn databases(&self, snapshot: &str) -> Result<Vec<String>> {
        let path = format!("{}/backup/snapshots/{snapshot}/databases", self.from.path());
        let listed = self.api.patiently(None, || self.api.all::<Named>(&path, DATABASES, true)).await;
        let listed = listed.with_context(|| format!("the databases in snapshot {snapshot} cannot be listed"))?;
        Ok(listed.into_iter().map(|one| one.name).collect())
    }

    /// The complete snapshots that can be restored by then, or the one that is named.
    pub(super) async fn snapshots(
        &self,
        named: Option<&str>,
        sharded: bool,
        now: Moment,
    ) -> Result<Vec<(Snapshot, RecoveryPoint)>> {
        let backup = format!("{}/backup/snapshots", self.from.path());
        let found: Vec<Snapshot> = match (named, sharded) {
            (Some(id), _) => {
                let path = if sharded { format!("{backup}/shardedCluster/{id}") } else { format!("{backup}/{id}") };
                vec![self.api.patiently(None, || self.api.get(&path, BACKUP)).await?]
            }
            (None, true) => {
                let path = format!("{backup}/shardedClusters");
                self.api.patiently(None, || self.api.all(&path, BACKUP, false)).await?
            }
            (None, false) => self.api.patiently(None, || self.api.all(&backup, BACKUP, true)).await?,
        };
        let all = found.len();
        let mut points = Vec::new();
        for snapshot in found {
            if let Some(point) = snapshot.point().with_context(|| format!("snapshot {}", snapshot.id))?
                && there(&point, now)
            {
                points.push((snapshot, point));
            }
        }
        if points.is_empty() {
            match named {
                Some(id) => bail!("snapshot {id} cannot be restored: it is not complete, or it has expired"),
                None => bail!(
                    "Atlas lists {all} snapshots, and none of them can be restored: none is complete, or all have expired"
                ),
            }
        }
        Ok(points)
    }
}
