//! A program of the user's with all that it starts, none of which outlives it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::words;
use tokio::process::{Child, Command};

pub struct Group(Child);

impl Group {
    /// Starts it in a process group of its own.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        command.process_group(0).spawn().map(Self)
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Its exit status; `None`: a signal ended it.
    pub async fn ended(mut self, within: Duration) -> Result<Option<i32>> {
        match tokio::time::timeout(within, self.0.wait()).await {
            Ok(status) => Ok(status.context("the command cannot be waited for")?.code()),
            Err(_) => bail!("it was stopped after {}", words::duration(i64::try_from(within.as_millis())?)),
        }
    }
}

impl Drop for Group {
    /// Also when what waits for it is called off.
    fn drop(&mut self) {
        // `None` once it has ended; its number may be another's then.
        if let Some(id) = self.0.id() {
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &format!("-{id}")]).status();
        }
    }
}
