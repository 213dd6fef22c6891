//! `passmuster fingerprint` and `passmuster compare`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use domain::fingerprint::{self, Difference, Fingerprint, What};
use serde_json::{Value, json};

use super::fingerprint::{Wish, id, of};

/// Documents named on a screen for each collection; `--json` names all that are known.
const SHOWN: usize = 20;

#[derive(Args)]
pub struct FingerprintArgs {
    /// A MongoDB address, or a folder or an archive of mongodump.
    #[arg(long, env = "PASSMUSTER_SOURCE_URI", hide_env_values = true)]
    uri: String,
    /// The database.
    #[arg(long)]
    db: String,
    /// Also what MongoDB's own dbHash says of each collection; they are then read in one range each.
    #[arg(long)]
    db_hash: bool,
    /// Leave out what names the documents that differ; it holds the _ids of small collections.
    #[arg(long)]
    without_ids: bool,
}

#[derive(Args)]
pub struct CompareArgs {
    /// A fingerprint's file, or a database as ADDRESS#NAME (also FOLDER#NAME, ARCHIVE#NAME of a dump).
    first: String,
    second: String,
}

pub async fn fingerprint(args: FingerprintArgs) -> ExitCode {
    let wish = Wish { db_hash: args.db_hash, sketches: !args.without_ids };
    let taken = of(&args.uri, &args.db, wish).await;
    match taken.and_then(|f| serde_json::to_string_pretty(&f).context("the fingerprint as JSON")) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(e) => could_not_look(&e.context(format!("no fingerprint of {} was taken", args.db))),
    }
}

/// 0 equal, 1 different, 2 when it could not look.
pub async fn compare(args: CompareArgs, as_json: bool) -> ExitCode {
    let (first, second) = match tokio::join!(side(&args.first), side(&args.second)) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(e), _) => return could_not_look(&e.context("the first could not be read, so nothing was compared")),
        (_, Err(e)) => return could_not_look(&e.context("the second could not be read, so nothing was compared")),
    };
    let found = fingerprint::compare(&first, &second);
    if as_json {
        println!("{}", machine(&found));
    } else {
        people(&first, &found);
    }
    match (found.iter().any(Difference::is_certain), found.is_empty()) {
        (true, _) => ExitCode::from(1),
        (false, false) => ExitCode::from(2),
        (false, true) => ExitCode::SUCCESS,
    }
}

/// What stands behind one of the two names. An address is never repeated in an error: it may hold a password.
async fn side(name: &str) -> Result<Fingerprint> {
    let as_place = name.rsplit_once('#').filter(|(place, db)| !place.is_empty() && !db.is_empty());
    if let Some((place, db)) = as_place {
        return of(place, db, Wish { db_hash: false, sketches: true }).await.with_context(|| format!("database {db}"));
    }
    if name.contains("://") {
        anyhow::bail!("an address needs its database behind it: ADDRESS#NAME");
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))?;
    let read: Fingerprint = serde_json::from_str(&text).with_context(|| format!("{name} is no fingerprint"))?;
    let (theirs, ours) = (read.schema, fingerprint::SCHEMA);
    anyhow::ensure!(theirs == ours, "{name} is of schema {theirs}, and only {ours} is known here");
    Ok(read)
}

fn people(first: &Fingerprint, found: &[Difference]) {
    if found.is_empty() {
        let documents: u64 = first.collections.iter().map(|c| c.documents).sum();
        println!(
            "Equal in every document ({}), index and option; {} compared.",
            domain::words::count(i64::try_from(documents).unwrap_or(i64::MAX)),
            if first.collections.len() == 1 {
                "1 collection".to_owned()
            } else {
                format!("{} collections", first.collections.len())
            }
        );
        return;
    }
    for difference in found {
        println!("{}", difference.sentence());
        if let What::Contents { documents: Some(documents), .. } = &difference.what {
            for named in documents.named.iter().take(SHOWN) {
                println!("  {}", id::sentence(named, "the first", "the second"));
            }
            if documents.named.len() > SHOWN {
                println!("  and {} more (--json names them)", documents.named.len() - SHOWN);
            }
        }
    }
}

fn machine(found: &[Difference]) -> Value {
    let each = found.iter().map(|d| {
        let mut said = json!({ "collection": d.collection, "sentence": d.sentence(), "certain": d.is_certain() });
        if let What::Contents { first, second, documents } = &d.what {
            said["counts"] = json!([first, second]);
            if let Some(documents) = documents {
                said["about"] = json!(documents.about);
                said["allNamed"] = json!(documents.all_named);
                let ids = documents
                    .named
                    .iter()
                    .map(|n| json!({ "id": id::text(&n.key), "inFirst": n.in_first, "inSecond": n.in_second }));
                said["documents"] = ids.collect();
            }
        }
        said
    });
    json!({ "equal": found.is_empty(), "differences": each.collect::<Vec<_>>() })
}

fn could_not_look(error: &anyhow::Error) -> ExitCode {
    crate::aside!("passmuster: {error:#}");
    ExitCode::from(2)
}
