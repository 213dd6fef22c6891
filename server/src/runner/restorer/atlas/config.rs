//! The table `[atlas]` of a plan, and what must hold before Atlas is asked anything.

use std::{fmt, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use reqwest::Url;
use serde::Deserialize;

use super::auth::{Credentials, Secret};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The source's project: 24 hex digits.
    pub project: String,
    /// The source cluster, whose snapshots are restored.
    pub cluster: String,
    /// `None`: the source's project.
    pub target_project: Option<String>,
    /// Atlas replaces everything on it. Only an attestation, which restores nothing, goes without.
    pub target_cluster: Option<String>,
    /// `None`: the newest that is complete and has not expired.
    pub snapshot: Option<String>,
    /// `None`: <https://cloud.mongodb.com>.
    pub url: Option<String>,
    /// Of an API key, with `private_key_file`.
    pub public_key: Option<String>,
    pub private_key_file: Option<PathBuf>,
    /// Of a service account, with `client_secret_file`.
    pub client_id: Option<String>,
    pub client_secret_file: Option<PathBuf>,
    /// Tear-down deletes the target cluster itself.
    #[serde(default)]
    pub delete_cluster: bool,
    /// Clusters that must never be a target, in whichever project.
    #[serde(default)]
    pub never_clusters: Vec<String>,
    pub poll_seconds: Option<f64>,
    /// How long a restore may take.
    pub timeout_minutes: Option<f64>,
}

/// A cluster in its project.
#[derive(Clone, Debug)]
pub struct Place {
    pub project: String,
    pub cluster: String,
}

impl Place {
    pub fn path(&self) -> String {
        format!("/api/atlas/v2/groups/{}/clusters/{}", self.project, self.cluster)
    }

    /// Whatever the case: a name is not what production should hang on.
    pub fn is(&self, project: &str, cluster: &str) -> bool {
        self.project == project && self.cluster.eq_ignore_ascii_case(cluster)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (project {})", self.cluster, self.project)
    }
}

/// A table that can be worked with.
pub struct Ready {
    /// Scheme, host and port.
    pub base: String,
    pub from: Place,
    pub to: Place,
    pub snapshot: Option<String>,
    pub credentials: Credentials,
    pub delete_cluster: bool,
    pub poll: Duration,
    pub timeout: Duration,
}

impl Config {
    /// What is read, and who asks: all that an attestation needs.
    pub fn source(self) -> Result<(String, Place, Credentials)> {
        let from = place("", &self.project, &self.cluster)?;
        let base = base(self.url.as_deref().unwrap_or(CLOUD))?;
        let by = credentials(self.public_key, self.private_key_file, self.client_id, self.client_secret_file)?;
        Ok((base, from, by))
    }

    pub fn ready(self) -> Result<Ready> {
        let Some(target_cluster) = self.target_cluster else {
            bail!("[atlas] names no target_cluster: to which cluster is it restored?");
        };
        let to_project = self.target_project.unwrap_or_else(|| self.project.clone());
        if let Some(id) = self.snapshot.as_ref().filter(|id| !is_id(id)) {
            bail!("[atlas] snapshot {id:?} is no id of Atlas: 24 digits from 0 to 9 and a to f");
        }
        let from = place("", &self.project, &self.cluster)?;
        let to = place("target_", &to_project, &target_cluster)?;
        if from.is(&to.project, &to.cluster) {
            bail!(
                "[atlas] the target is the source itself, {to}: a restore would replace everything on it. Name another target_cluster"
            );
        }
        if self.never_clusters.iter().any(|never| never.eq_ignore_ascii_case(&to.cluster)) {
            bail!("[atlas] {to} is one of never_clusters and must not be written to. Name another target_cluster");
        }
        let credentials = credentials(self.public_key, self.private_key_file, self.client_id, self.client_secret_file)?;
        Ok(Ready {
            base: base(self.url.as_deref().unwrap_or(CLOUD))?,
            from,
            to,
            snapshot: self.snapshot,
            credentials,
            delete_cluster: self.delete_cluster,
            poll: time("poll_seconds", self.poll_seconds.unwrap_or(15.0), 3600.0)?,
            timeout: time("timeout_minutes", self.timeout_minutes.unwrap_or(24.0 * 60.0) * 60.0, 30.0 * 86_400.0)?,
        })
    }
}

const CLOUD: &str = "https://cloud.mongodb.com";

fn place(which: &str, project: &str, cluster: &str) -> Result<Place> {
    if !is_id(project) {
        bail!("[atlas] {which}project {project:?} is no id of Atlas: 24 digits from 0 to 9 and a to f");
    }
    if !is_name(cluster) {
        bail!("[atlas] {which}cluster {cluster:?} is no cluster's name: letters, digits and hyphens");
    }
    Ok(Place { project: project.to_owned(), cluster: cluster.to_owned() })
}

fn credentials(
    public_key: Option<String>,
    private_key_file: Option<PathBuf>,
    client_id: Option<String>,
    client_secret_file: Option<PathBuf>,
) -> Result<Credentials> {
    match (public_key, private_key_file, client_id, client_secret_file) {
        (Some(public), Some(file), None, None) => Ok(Credentials::Key { public, private: Secret::read(&file)? }),
        (None, None, Some(id), Some(file)) => Ok(Credentials::Account { id, secret: Secret::read(&file)? }),
        _ => bail!("[atlas] needs either public_key and private_key_file, or client_id and client_secret_file"),
    }
}

fn time(what: &str, seconds: f64, most: f64) -> Result<Duration> {
    if !(seconds > 0.0 && seconds <= most) {
        bail!("[atlas] {what} is more than 0 and at most {}", domain::words::duration((most * 1000.0) as i64));
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn base(text: &str) -> Result<String> {
    let url = Url::parse(text).with_context(|| format!("[atlas] url {text:?} is no address"))?;
    let loopback = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
        bail!("[atlas] url {text:?} would send credentials in the clear: https only");
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
    {
        bail!("[atlas] url is a host and nothing else, as in https://cloud.mongodb.com");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_name(text: &str) -> bool {
    !text.starts_with('-') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
