//! Who of several runners does a job's run: the first to write its name, in a MongoDB near them. The portal is not
//! asked, so that runners agree also while it is away.

use anyhow::{Context, Result};
use bson::{DateTime, Document, doc};
use domain::Moment;
use mongodb::{Client, Collection};

use crate::store::is_duplicate;

/// A runner that fell silent loses its lease after this long.
pub const LEASE_MS: i64 = 10 * 60 * 1000;

/// Where leases are kept: `passmuster_runner.leases`.
pub struct Leases {
    rows: Collection<Document>,
    runner: String,
}

/// What became of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Ours,
    /// Another runner does it now.
    Others,
    /// It was done.
    Done,
}

impl Leases {
    pub async fn at(uri: &str, runner: &str) -> Result<Self> {
        let client = Client::with_uri_str(uri).await.context("lease_uri cannot be used")?;
        let rows = client.database("passmuster_runner").collection("leases");
        Ok(Self { rows, runner: runner.to_owned() })
    }

    /// Takes the run, again when it is ours or its holder fell silent.
    pub async fn take(&self, run: &str, now: Moment) -> Result<Answer> {
        let until = time(now.plus_millis(LEASE_MS));
        let free = doc! {
            "_id": run, "done": false,
            "$or": [{ "runner": &self.runner }, { "until": { "$lt": time(now) } }],
        };
        let set = doc! { "$set": { "runner": &self.runner, "until": until, "done": false } };
        match self.rows.update_one(free, set).upsert(true).await {
            Ok(_) => Ok(Answer::Ours),
            // Somebody's, so that the upsert ran into it.
            Err(e) if is_duplicate(&e) => {
                let row = self.rows.find_one(doc! { "_id": run }).await.context("the leases do not answer")?;
                let done = row.is_some_and(|row| row.get_bool("done").unwrap_or(false));
                Ok(if done { Answer::Done } else { Answer::Others })
            }
            Err(e) => Err(e).context("the leases do not answer"),
        }
    }

    /// Holds it longer. `false`: another runner took it meanwhile.
    pub async fn hold(&self, run: &str, now: Moment) -> Result<bool> {
        let ours = doc! { "_id": run, "runner": &self.runner };
        let set = doc! { "$set": { "until": time(now.plus_millis(LEASE_MS)) } };
        let held = self.rows.update_one(ours, set).await.context("the leases do not answer")?;
        Ok(held.matched_count == 1)
    }

    /// It is done, whoever asks later.
    pub async fn done(&self, run: &str) -> Result<()> {
        let ours = doc! { "_id": run, "runner": &self.runner };
        self.rows.update_one(ours, doc! { "$set": { "done": true } }).await.context("the leases do not answer")?;
        Ok(())
    }
}

fn time(at: Moment) -> DateTime {
    DateTime::from_millis(at.millis())
}
