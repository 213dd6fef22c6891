//! A snapshot as MongoDB Atlas lists it, and the recovery point it is.

use anyhow::{Context, Result};
use domain::{Moment, attestation::RecoveryPoint};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub id: String,
    /// Dedicated clusters in camel case, flex ones in capitals. An unknown one is no recovery point.
    pub status: Option<String>,
    created_at: Option<String>,
    /// Flex clusters.
    finish_time: Option<String>,
    expires_at: Option<String>,
    expiration: Option<String>,
    replica_set_name: Option<String>,
    #[serde(default)]
    copy_regions: Vec<String>,
    pub mongod_version: Option<String>,
}

impl Snapshot {
    /// `None`: it is not complete, or nobody can say when it was taken.
    pub fn point(&self) -> Result<Option<RecoveryPoint>> {
        if !self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("completed")) {
            return Ok(None);
        }
        let Some(taken_at) = self.created_at.as_ref().or(self.finish_time.as_ref()) else { return Ok(None) };
        Ok(Some(RecoveryPoint {
            id: self.id.clone(),
            cluster: self.replica_set_name.clone().unwrap_or_else(|| "not stated".to_owned()),
            taken_at: time(taken_at)?,
            expires_at: self.expires_at.as_ref().or(self.expiration.as_ref()).map(|text| time(text)).transpose()?,
            regions: self.copy_regions.clone(),
        }))
    }
}

fn time(text: &str) -> Result<Moment> {
    Moment::parse(text).with_context(|| format!("{text} is no date"))
}

/// Whether it can be restored by then: taken, and not yet expired.
pub fn there(point: &RecoveryPoint, now: Moment) -> bool {
    point.taken_at <= now && point.expires_at.is_none_or(|at| at > now)
}
