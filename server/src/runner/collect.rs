//! Asks a vendor's own tool by a command, and brings what it prints as it is.
//!
//! A command that fails brings nothing: that nobody could look is no list without entries.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};
use domain::{
    Moment,
    import::{About, Told},
};
use tokio::{io::AsyncReadExt, process::Command};

use super::process::Group;

/// In base64 and with its envelope it is no longer than the portal takes.
const LARGEST: u64 = 40 * 1024 * 1024;
const LAST_WORDS: usize = 300;

#[derive(Clone, Debug)]
pub struct Plan {
    /// "atlas-snapshots"
    pub connector: String,
    /// Program and arguments; no shell.
    pub command: Vec<String>,
    /// Prints the tool's version.
    pub version: Option<Vec<String>>,
    pub about: About,
    pub within: Duration,
}

pub async fn run(plan: &Plan, at: Moment) -> Result<(Told, Vec<u8>)> {
    let output = printed(&plan.command, plan.within).await?;
    let tool = match &plan.version {
        None => None,
        Some(version) => {
            let said = printed(version, plan.within).await.context("the tool's version")?;
            let line = String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned();
            Some(line.chars().take(LAST_WORDS).collect())
        }
    };
    // Read here as well, so that a job whose output nobody can read fails by its name.
    let connector = connectors::of(&plan.connector).context("no such kind of import")?;
    let About { resource, region, account } = plan.about.clone();
    let about = connectors::About { resource, region, account, collected_at: Some(at) };
    (connector.read)(&output, &about).with_context(|| format!("{}, as {}", plan.command[0], plan.connector))?;
    let told = Told::of(&plan.connector, &output, plan.about.clone());
    Ok((Told { command: Some(line(&plan.command)), tool, collected_at: Some(at), ..told }, output))
}

/// As one would type it; what may hold a secret belongs into the tool's own configuration.
fn line(command: &[String]) -> String {
    command.join(" ").chars().take(LAST_WORDS).collect()
}

async fn printed(command: &[String], within: Duration) -> Result<Vec<u8>> {
    let (program, arguments) = command.split_first().context("no program")?;
    let mut ready = Command::new(program);
    ready.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group::start(&mut ready).with_context(|| format!("{program} did not start"))?;
    let (Some(stdout), Some(stderr)) = (group.child().stdout.take(), group.child().stderr.take()) else {
        bail!("{program}: what it prints cannot be read");
    };
    let (mut output, mut said) = (Vec::new(), Vec::new());
    let (mut stdout, mut stderr) = (stdout.take(LARGEST + 1), stderr.take(1024 * 1024));
    let reading = async { tokio::try_join!(stdout.read_to_end(&mut output), stderr.read_to_end(&mut said)) };
    let read = tokio::time::timeout(within, reading).await;
    read.with_context(|| format!("{program} took too long and was stopped"))?
        .context("what it prints cannot be read")?;
    if output.len() as u64 > LARGEST {
        bail!("{program} prints more than 40 MiB: ask it for less at once");
    }
    match group.ended(within).await? {
        Some(0) => Ok(output),
        code => {
            let said = String::from_utf8_lossy(&said);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            let last: String = last.trim().chars().take(LAST_WORDS).collect();
            let how = code.map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
            bail!("{program} {how}: {last}")
        }
    }
}
