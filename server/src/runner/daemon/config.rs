//! The runner's configuration: a TOML file of its own. It holds the credentials the portal does not have.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use domain::{
    attestation::Strength,
    drill::Excluded,
    import::About,
    job::{JobKind, is_name},
};
use serde::Deserialize;

use crate::runner::{
    attest::{self, Vendor},
    calendar::Calendar,
    collect,
    plan::{Plan, PlanFile, check_uri},
    restorer::atlas,
};

/// As it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Who it is, as it will stand in records.
    name: String,
    /// Holds its key, what waits to be pushed, and how far it is.
    state: PathBuf,
    /// The portal's address.
    portal: String,
    token_file: PathBuf,
    /// A MongoDB where several runners agree who does what; absent: this one is alone.
    lease_uri: Option<String>,
    lease_uri_file: Option<PathBuf>,
    #[serde(default, rename = "job")]
    jobs: Vec<JobFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobFile {
    name: String,
    kind: JobKind,
    cron: String,
    /// A job that must have reported before.
    after: Option<String>,
    #[serde(default = "two_hours")]
    after_timeout_minutes: u32,
    /// The portal calls it missing this long after it was due.
    #[serde(default = "a_day")]
    late_after_minutes: u32,
    // An attestation's.
    uri: Option<String>,
    uri_file: Option<PathBuf>,
    recovery_points: Option<PathBuf>,
    databases: Option<PathBuf>,
    /// Instead of both: Atlas is asked.
    atlas: Option<atlas::Config>,
    strength: Option<Strength>,
    cluster: Option<String>,
    include: Option<Vec<String>>,
    #[serde(default)]
    exclude: Vec<Excluded>,
    // A drill's.
    plan: Option<PathBuf>,
    /// A value somebody else chose; part of the draw's seed.
    public_value: Option<String>,
    // An import's.
    /// Which tool's output: `passmuster import --list` names them.
    import: Option<String>,
    /// Prints it: a program and its arguments.
    command: Option<Vec<String>>,
    /// Prints the tool's version.
    version: Option<Vec<String>>,
    resource: Option<String>,
    region: Option<String>,
    account: Option<String>,
    #[serde(default = "ten")]
    timeout_minutes: u64,
}

fn ten() -> u64 {
    10
}

fn two_hours() -> u32 {
    120
}

fn a_day() -> u32 {
    24 * 60
}

/// A runner made ready.
#[derive(Debug)]
pub struct Config {
    pub name: String,
    pub state: PathBuf,
    pub portal: String,
    pub token: String,
    pub lease_uri: Option<String>,
    pub jobs: Vec<Job>,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub cron: String,
    pub calendar: Calendar,
    pub after: Option<String>,
    pub after_timeout_ms: i64,
    pub late_after_ms: i64,
    pub work: Work,
}

#[derive(Clone, Debug)]
pub enum Work {
    Attest(Box<attest::Plan>),
    Drill(Box<Plan>),
    Import(Box<collect::Plan>),
}

impl Job {
    pub fn kind(&self) -> JobKind {
        match self.work {
            Work::Attest(_) => JobKind::Attest,
            Work::Drill(_) => JobKind::Drill,
            Work::Import(_) => JobKind::Import,
        }
    }
}

impl Config {
    /// Reads the file and everything it names, and says all that is wrong before anything runs.
    pub async fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
            .await
            .with_context(|| format!("in {}", path.display()))
    }

    async fn parse(text: &str, beside: &Path) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        if file.jobs.is_empty() {
            bail!("there is no [[job]]: this runner would have nothing to do");
        }
        let lease_uri = secret(file.lease_uri, file.lease_uri_file, "lease_uri", beside)?;
        let mut names = BTreeSet::new();
        let mut jobs = Vec::new();
        for job in file.jobs {
            let name = job.name.clone();
            if !is_name(&name) {
                bail!("job.name: {name:?} is not 1 to 60 lower-case letters, digits or hyphens");
            }
            if !names.insert(name.clone()) {
                bail!("job.name: there are two of the name {name}");
            }
            jobs.push(job.ready(&file.name, beside).await.with_context(|| format!("in the job {name}"))?);
        }
        for job in &jobs {
            if job.after.as_ref() == Some(&job.name) {
                bail!("in the job {}: after: it would wait for itself", job.name);
            }
        }
        let token_file = beside.join(&file.token_file);
        let token = std::fs::read_to_string(&token_file)
            .with_context(|| format!("token_file: cannot read {}", token_file.display()))?;
        Ok(Self {
            name: file.name,
            state: beside.join(file.state),
            portal: file.portal,
            token: token.trim().to_owned(),
            lease_uri,
            jobs,
        })
    }
}

impl JobFile {
    async fn ready(self, runner: &str, beside: &Path) -> Result<Job> {
        let calendar = Calendar::read(&self.cron).context("cron")?;
        if self.late_after_minutes == 0 {
            bail!("late_after_minutes: it would be late before it is due");
        }
        let work = match self.kind {
            JobKind::Attest => {
                if self.plan.is_some() || self.public_value.is_some() {
                    bail!("plan and public_value belong to a drill");
                }
                let uri = secret(self.uri, self.uri_file, "uri", beside)?.context("uri or uri_file: which cluster?")?;
                check_uri(&uri).await.context("uri")?;
                let vendor =
                    match (self.atlas, self.recovery_points, self.databases) {
                        (Some(atlas), None, None) => {
                            // Says now what is wrong with it.
                            atlas::Lists::open(atlas.clone())?;
                            Vendor::Atlas(Box::new(atlas))
                        }
                        (Some(_), ..) => {
                            bail!("atlas: Atlas itself is asked, so recovery_points and databases are left out")
                        }
                        (None, points, databases) => Vendor::Files {
                            recovery_points: beside.join(points.context(
                                "recovery_points or atlas: the file with the vendor's answer, or whom to ask",
                            )?),
                            databases: databases.map(|path| beside.join(path)),
                        },
                    };
                let strength = self.strength.unwrap_or(Strength::Counted);
                if strength > Strength::Fingerprinted {
                    bail!(
                        "strength: declared, listed, counted or fingerprinted; {} is not reached by looking at the cluster",
                        strength.word()
                    );
                }
                if strength == Strength::Listed && !vendor.lists_databases() {
                    bail!("strength: listed needs databases, the vendor's list of what is in the recovery point");
                }
                Work::Attest(Box::new(attest::Plan {
                    uri,
                    vendor,
                    strength,
                    include: self.include,
                    exclude: self.exclude,
                    cluster: self.cluster,
                    by: runner.to_owned(),
                }))
            }
            JobKind::Drill => {
                if self.uri.is_some()
                    || self.uri_file.is_some()
                    || self.recovery_points.is_some()
                    || self.atlas.is_some()
                {
                    bail!("uri, atlas and recovery_points belong to an attestation; a drill has a plan");
                }
                let path = beside.join(self.plan.context("plan: the file with the drill's plan")?);
                let mut plan = PlanFile::read(&path)?;
                plan.by.get_or_insert_with(|| runner.to_owned());
                Work::Drill(Box::new(plan.ready(self.public_value.unwrap_or_default())?))
            }
            JobKind::Import => {
                let connector =
                    self.import.context("import: which tool's output? passmuster import --list names them")?;
                if connectors::of(&connector).is_none() {
                    bail!("import: there is no kind {connector}; passmuster import --list names them");
                }
                let command = self.command.filter(|c| c.first().is_some_and(|program| !program.is_empty()));
                let command = command.context("command: the program that prints it, and its arguments")?;
                let about = About { resource: self.resource, region: self.region, account: self.account };
                let within = Duration::from_secs(self.timeout_minutes.max(1) * 60);
                Work::Import(Box::new(collect::Plan { connector, command, version: self.version, about, within }))
            }
        };
        Ok(Job {
            name: self.name,
            cron: self.cron,
            calendar,
            after: self.after,
            after_timeout_ms: i64::from(self.after_timeout_minutes) * 60_000,
            late_after_ms: i64::from(self.late_after_minutes) * 60_000,
            work,
        })
    }
}

/// A value that may lie in a file of its own.
fn secret(plain: Option<String>, file: Option<PathBuf>, key: &str, beside: &Path) -> Result<Option<String>> {
    match (plain, file) {
        (Some(_), Some(_)) => bail!("{key} and {key}_file are both given: which of them?"),
        (None, Some(path)) => {
            let path = beside.join(path);
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{key}_file: cannot read {}", path.display()))?;
            Ok(Some(text.trim().to_owned()))
        }
        (plain, None) => Ok(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "name = 'runner-1'\nstate = 'state'\nportal = 'http://localhost:3000'\ntoken_file = 'token'\n
        [[job]]\nname = 'weekly'\nkind = 'attest'\ncron = '0 3 * * SUN'\nuri = 'mongodb://h'\nrecovery_points = 'p.json'\n";

    async fn parse(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("token"), "pm_x\n").expect("a file");
        Config::parse(text, dir.path()).await
    }

    #[tokio::test]
    async fn a_configuration_says_what_is_wrong_before_anything_runs() {
        let config = parse(GOOD).await.expect("it is good");
        assert_eq!((config.token.as_str(), config.jobs[0].late_after_ms), ("pm_x", 86_400_000));
        for (from, to, says) in [
            ("0 3 * * SUN", "0 3 * *", "4 fields"),
            ("'weekly'", "'Weekly!'", "lower-case"),
            ("uri = 'mongodb://h'", "uri = 'postgres://h'", "uri"),
            ("uri = 'mongodb://h'", "", "which cluster?"),
            ("'attest'", "'backup'", "unknown variant"),
            ("token_file = 'token'", "token_file = 'nowhere'", "token_file"),
            ("kind = ", "knd = ", "unknown field `knd`"),
            ("recovery_points", "after = 'weekly'\nrecovery_points", "wait for itself"),
            ("recovery_points", "strength = 'restored'\nrecovery_points", "is not reached"),
            ("recovery_points", "strength = 'listed'\nrecovery_points", "listed needs databases"),
            ("recovery_points", "plan = 'x'\nrecovery_points", "belong to a drill"),
            ("uri = 'mongodb://h'", "uri_file = 'x'\nuri = 'mongodb://h'", "which of them?"),
        ] {
            let why = format!("{:#}", parse(&GOOD.replace(from, to)).await.expect_err(says));
            assert!(why.contains(says), "{says}: {why}");
        }
        let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[job]]").expect("a job")..]);
        assert!(format!("{:#}", parse(&twice).await.expect_err("two")).contains("two of the name weekly"));
        let none = &GOOD[..GOOD.find("[[job]]").expect("a job")];
        assert!(format!("{:#}", parse(none).await.expect_err("none")).contains("nothing to do"));
    }
}
