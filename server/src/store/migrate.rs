//! Migrations: ordered database commands, embedded, applied once, refused when altered or unknown.

use anyhow::{Context, Result, bail};
use bson::{Bson, Document, doc};
use domain::draw::hex;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::Store;

struct Migration {
    name: &'static str,
    text: &'static str,
}

/// In order. A line here, a file there; never edited once released.
const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "0001_collections_and_indexes",
        text: include_str!("../../../migrations/0001_collections_and_indexes.json"),
    },
    Migration { name: "0002_bundle_orders", text: include_str!("../../../migrations/0002_bundle_orders.json") },
    Migration { name: "0003_ledger_refusals", text: include_str!("../../../migrations/0003_ledger_refusals.json") },
    Migration { name: "0004_keys", text: include_str!("../../../migrations/0004_keys.json") },
    Migration { name: "0005_passkeys", text: include_str!("../../../migrations/0005_passkeys.json") },
    Migration { name: "0006_people", text: include_str!("../../../migrations/0006_people.json") },
    Migration { name: "0007_audits", text: include_str!("../../../migrations/0007_audits.json") },
    Migration { name: "0008_requests", text: include_str!("../../../migrations/0008_requests.json") },
    Migration { name: "0009_reviews", text: include_str!("../../../migrations/0009_reviews.json") },
    Migration { name: "0010_jobs", text: include_str!("../../../migrations/0010_jobs.json") },
    Migration { name: "0011_imports", text: include_str!("../../../migrations/0011_imports.json") },
    Migration { name: "0012_datastores", text: include_str!("../../../migrations/0012_datastores.json") },
    Migration { name: "0013_checklists", text: include_str!("../../../migrations/0013_checklists.json") },
    Migration { name: "0014_incidents", text: include_str!("../../../migrations/0014_incidents.json") },
    Migration { name: "0015_runbook_draft", text: include_str!("../../../migrations/0015_runbook_draft.json") },
    Migration { name: "0016_risk_summaries", text: include_str!("../../../migrations/0016_risk_summaries.json") },
];

#[derive(serde::Deserialize)]
struct File {
    commands: Vec<Command>,
}

#[derive(serde::Deserialize)]
struct Command {
    /// One sentence.
    why: String,
    run: serde_json::Map<String, serde_json::Value>,
}

/// One line per migration: its name, and whether it was there or is (or would be) applied.
pub struct Applied {
    pub name: &'static str,
    pub now: bool,
    pub whys: Vec<String>,
}

/// Applies what is missing, in order. With `dry_run` only says what it would do.
pub async fn migrate(store: &Store, dry_run: bool) -> Result<Vec<Applied>> {
    let done = store.documents("migrations");
    let known: Vec<Document> = done.find(doc! {}).sort(doc! { "_id": 1 }).await?.try_collect().await?;
    for row in &known {
        let name = row.get_str("_id").unwrap_or_default();
        let Some(ours) = MIGRATIONS.iter().find(|m| m.name == name) else {
            bail!(
                "the database has migration {name}, which this binary does not know: it was made by a newer Passmuster. Start that one; nothing was changed"
            );
        };
        if row.get_str("sha256").ok() != Some(digest(ours.text).as_str()) {
            bail!("migration {name} was applied from other text than this binary holds; nothing was changed");
        }
    }
    let mut report = Vec::new();
    for migration in MIGRATIONS {
        let file: File =
            serde_json::from_str(migration.text).with_context(|| format!("migration {}", migration.name))?;
        let now = !known.iter().any(|row| row.get_str("_id").ok() == Some(migration.name));
        if now && !dry_run {
            for command in &file.commands {
                let run = Document::try_from(command.run.clone()).context("a migration's command is not a document")?;
                run_once(store, run).await.with_context(|| format!("{}: {}", migration.name, command.why))?;
            }
            let row = doc! { "sha256": digest(migration.text), "appliedAt": Bson::DateTime(bson::DateTime::now()) };
            done.update_one(doc! { "_id": migration.name }, doc! { "$set": row }).upsert(true).await?;
        }
        report.push(Applied { name: migration.name, now, whys: file.commands.into_iter().map(|c| c.why).collect() });
    }
    Ok(report)
}

/// A command that has its effect already (two portals starting at once) is no error.
async fn run_once(store: &Store, command: Document) -> Result<()> {
    const NAMESPACE_EXISTS: i32 = 48;
    match store.db.run_command(command).await {
        Ok(_) => Ok(()),
        Err(e) => match &*e.kind {
            mongodb::error::ErrorKind::Command(c) if c.code == NAMESPACE_EXISTS => Ok(()),
            _ => Err(e.into()),
        },
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_applied_in_the_order_of_their_names() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let files = std::fs::read_dir(folder).expect("the folder").map(|f| f.expect("a file").file_name());
        let mut files: Vec<String> =
            files.filter_map(|f| f.to_str()?.strip_suffix(".json").map(str::to_owned)).collect();
        files.sort();
        assert_eq!(MIGRATIONS.iter().map(|m| m.name.to_owned()).collect::<Vec<_>>(), files);
    }
}
