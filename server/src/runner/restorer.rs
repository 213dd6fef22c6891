//! A restore that another does: a vendor's API, or a command of the user's.
//!
//! What a [`source`](super::source) can read, the runner restores by itself. What only its keeper can read, such as a
//! vendor's snapshot, the keeper restores, and the runner asks, waits, looks at the copy and sees it taken away.

pub mod atlas;
pub mod command;

use anyhow::Result;
use async_trait::async_trait;
use bson::Timestamp;
use domain::{Moment, drill::Command};

use super::progress::Progress;

#[async_trait]
pub trait Restorer: Send + Sync {
    /// Chooses what is restored, before the recovery clock starts: the moment just before `until` where that is given
    /// and can be restored, else the newest complete recovery point.
    async fn choose(&mut self, until: Option<Timestamp>) -> Result<Chosen>;

    /// Asks for the restore and comes back once it is accepted. One line for people: "restore job 6a79… to staging".
    async fn request(&mut self) -> Result<String>;

    /// Waits until the copy stands, however long that takes. One line for people: what its keeper said at the end.
    async fn wait(&mut self, progress: &dyn Progress) -> Result<String>;

    /// Takes away what it made and looks whether it is gone. Called once anything was asked for, also when it failed.
    async fn tear_down(&mut self) -> Result<Gone>;

    /// The user's commands that it ran since it was last asked.
    fn commands(&mut self) -> Vec<Command> {
        Vec::new()
    }
}

/// What will be restored.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// As its keeper names it: "snapshot 6a794559…"
    pub name: String,
    /// "MongoDB Atlas snapshot"
    pub kind: String,
    pub taken_at: Moment,
}

/// How the end of a copy was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// By the keeper's own answer, in one line.
    Shown(String),
    /// It says so, in one line, and the runner still looks whether the target holds anything.
    Said(String),
    /// It made nothing but databases on a cluster that stays: the runner drops them and looks.
    Databases,
    /// It is still there, or that is not known; why.
    No(String),
}
