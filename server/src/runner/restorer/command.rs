//! A restore by commands of the user's: a script, terraform. What they print is kept in files here; the record holds
//! its size and SHA-256, because nobody knows what a script prints.
//!
//! Each is run without a shell, in a process group of its own, so that stopping it stops all it started. It is told
//! PASSMUSTER_DRILL, PASSMUSTER_STEP, PASSMUSTER_TENANT and, of a point in time, PASSMUSTER_BEFORE
//! ("1764046800.3", a moment of the operation log) and PASSMUSTER_BEFORE_TIME.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use bson::Timestamp;
use domain::{Moment, draw::hex, drill};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Chosen, Gone, Restorer};
use crate::runner::{process::Group, progress::Progress, source::oplog};

/// `[command]` of a plan: programs with their arguments.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Prints one object in JSON and nothing else: {"name": "…", "takenAt": "2026-11-16T12:00:00Z"}.
    pub recovery_point: Vec<String>,
    /// Comes back with 0 once the copy stands.
    pub restore: Vec<String>,
    /// Takes the copy away. Absent: the cluster stays, and its databases are dropped.
    pub tear_down: Option<Vec<String>>,
    /// Where what they print is kept; made when it is not there.
    pub outputs: PathBuf,
    /// A command that takes longer is stopped.
    #[serde(default = "a_day")]
    pub timeout_minutes: u64,
}

fn a_day() -> u64 {
    24 * 60
}

impl Config {
    /// What is wrong with it, before anything runs.
    pub fn check(&self) -> Result<()> {
        let mut all = vec![("recovery_point", &self.recovery_point), ("restore", &self.restore)];
        all.extend(self.tear_down.as_ref().map(|command| ("tear_down", command)));
        match all.into_iter().find(|(_, command)| command.first().is_none_or(String::is_empty)) {
            Some((name, _)) => bail!("command.{name} is empty: give a program and its arguments"),
            None => Ok(()),
        }
    }
}

/// What `recovery_point` prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    name: String,
    taken_at: String,
}

pub struct Commands {
    config: Config,
    drill: String,
    tenant: String,
    until: Option<Timestamp>,
    ran: Vec<drill::Command>,
}

impl Commands {
    pub fn new(config: Config, drill: &str, tenant: &str) -> Self {
        Self { config, drill: drill.to_owned(), tenant: tenant.to_owned(), until: None, ran: Vec::new() }
    }

    /// Runs one to its end and keeps what it prints. With `answer`, what it prints on stdout is given back as well.
    async fn run(&mut self, step: &str, command: &[String], answer: bool) -> Result<(i32, Vec<u8>)> {
        let (program, arguments) = command.split_first().context("no program")?;
        fs::create_dir_all(&self.config.outputs)
            .with_context(|| format!("the folder {} cannot be made", self.config.outputs.display()))?;
        let kept = format!("{}-{step}.log", self.drill);
        let path = self.config.outputs.join(&kept);
        let said = || format!("what {program} prints cannot be kept in {}", path.display());
        let output = File::create(&path).with_context(said)?;
        let printed = path.with_extension("json");
        let stdout = if answer { File::create(&printed).with_context(said)? } else { output.try_clone()? };
        let mut ready = tokio::process::Command::new(program);
        ready
            .args(arguments)
            .env("PASSMUSTER_DRILL", &self.drill)
            .env("PASSMUSTER_STEP", step)
            .env("PASSMUSTER_TENANT", &self.tenant)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(output);
        if let Some(until) = self.until {
            let time = Moment::from_millis(i64::from(until.time) * 1000).context("a moment")?;
            ready.env("PASSMUSTER_BEFORE", oplog::said(until)).env("PASSMUSTER_BEFORE_TIME", time.rfc3339());
        }
        let exit = match Group::start(&mut ready) {
            Ok(group) => group.ended(Duration::from_secs(self.config.timeout_minutes * 60)).await,
            Err(e) => Err(e).with_context(|| format!("{program} did not start")),
        };
        let mut all = Vec::new();
        if answer {
            // Both are kept as one: what it answered, and what it said beside that.
            File::open(&printed).with_context(said)?.take(MOST_ANSWER).read_to_end(&mut all)?;
            let beside = fs::read(&path)?;
            fs::write(&path, [&all[..], &beside].concat()).with_context(said)?;
            fs::remove_file(&printed).with_context(said)?;
        }
        let (bytes, sha256) = digest(&path).with_context(said)?;
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let code = exit.as_ref().ok().copied().flatten();
        self.ran.push(drill::Command { program: name, exit: code, bytes, sha256, kept });
        match exit? {
            Some(code) => Ok((code, all)),
            None => bail!("{program} was killed; what it printed is kept in {}", path.display()),
        }
    }

    async fn succeed(&mut self, step: &str, command: &[String], answer: bool) -> Result<Vec<u8>> {
        let (code, answer) = self.run(step, command, answer).await?;
        if code != 0 {
            let kept = self.config.outputs.join(format!("{}-{step}.log", self.drill));
            bail!("{} ended with {code}; what it printed is kept in {}", command[0], kept.display());
        }
        Ok(answer)
    }

    fn last(&self) -> String {
        self.ran.last().map_or_else(String::new, |ran| format!("{} ended with 0", ran.program))
    }
}

/// No list of snapshots is longer.
const MOST_ANSWER: u64 = 1024 * 1024;

#[async_trait]
impl Restorer for Commands {
    async fn choose(&mut self, until: Option<Timestamp>) -> Result<Chosen> {
        self.until = until;
        let command = self.config.recovery_point.clone();
        let answer = self.succeed("recovery-point", &command, true).await?;
        let wanted = r#"it must print {"name": "…", "takenAt": "2026-11-16T12:00:00Z"} and nothing else"#;
        let printed: Printed = serde_json::from_slice(&answer).with_context(|| format!("{}: {wanted}", command[0]))?;
        let taken_at = Moment::parse(&printed.taken_at).with_context(|| format!("{}: {wanted}", command[0]))?;
        let program = self.ran.last().map_or("", |ran| &ran.program);
        Ok(Chosen { kind: format!("restored by a command, {program}"), name: printed.name, taken_at })
    }

    async fn request(&mut self) -> Result<String> {
        let program = Path::new(&self.config.restore[0]).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(format!("{program} is asked"))
    }

    async fn wait(&mut self, _: &dyn Progress) -> Result<String> {
        let command = self.config.restore.clone();
        self.succeed("restore", &command, false).await?;
        Ok(self.last())
    }

    async fn tear_down(&mut self) -> Result<Gone> {
        let Some(command) = self.config.tear_down.clone() else { return Ok(Gone::Databases) };
        Ok(match self.succeed("tear-down", &command, false).await {
            // That a command ended well shows nothing: the runner still looks at the target.
            Ok(_) => Gone::Said(self.last()),
            Err(e) => Gone::No(format!("{e:#}")),
        })
    }

    fn commands(&mut self) -> Vec<drill::Command> {
        std::mem::take(&mut self.ran)
    }
}

fn digest(path: &Path) -> Result<(u64, String)> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let (mut bytes, mut some) = (0, vec![0; 64 * 1024]);
    loop {
        let read = file.read(&mut some)?;
        if read == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&some[..read]);
        bytes += read as u64;
    }
}
