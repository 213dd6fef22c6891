//! Options, validators, collations and views of the restored copy, as MongoDB lists them.

use anyhow::Result;
use domain::drill::{Check, CheckId, CheckVerdict};
use mongodb::Database;

use crate::runner::{
    definitions::{self, Ttl},
    source::{RecoveryPoint, live},
};

/// `left_out` are options that the target does not know: they are named, and held against nobody.
pub async fn compare(point: &RecoveryPoint, restored: &Database, left_out: &[(String, String)]) -> Result<Check> {
    let there = live::listed(restored).await?;
    // A dump without metadata states no option of that collection.
    let stated: Vec<_> = point.collections.iter().filter(|c| c.indexes.is_some()).collect();
    let mut differs = Vec::new();
    for collection in &stated {
        let Some((found, _)) = there.iter().find(|(t, _)| t.name == collection.name) else {
            differs.push(format!("{} is not there", collection.name));
            continue;
        };
        if found.kind != collection.kind {
            differs.push(format!("{} is of another kind", collection.name));
            continue;
        }
        let mut was = definitions::options(&collection.options, Ttl::Held);
        let is = definitions::options(&found.options, Ttl::Held);
        for (_, option) in left_out.iter().filter(|(name, _)| *name == collection.name) {
            was.remove(option);
        }
        let mut keys: Vec<&String> = was.keys().chain(is.keys()).collect();
        keys.sort();
        keys.dedup();
        keys.retain(|key| was.get(key) != is.get(key));
        differs.extend(keys.into_iter().map(|key| format!("{}.{key}", collection.name)));
    }
    for (extra, _) in there.iter().filter(|(t, _)| !point.collections.iter().any(|c| c.name == t.name)) {
        differs.push(format!("{} (not in the recovery point)", extra.name));
    }
    let wrong = |name: &str| differs.iter().any(|d| d.strip_prefix(name).is_some_and(|r| r.starts_with(['.', ' '])));
    let equal = stated.iter().filter(|c| !wrong(&c.name)).count();
    let mut detail = format!("{equal} of {}", stated.len());
    if !differs.is_empty() {
        detail += &format!("; differs: {}", differs.join(", "));
    }
    for (collection, option) in left_out {
        detail += &format!("; the target does not know {collection}.{option}");
    }
    let verdict = match (differs.is_empty(), stated.is_empty()) {
        (false, _) => CheckVerdict::Fails,
        (true, true) => {
            detail = "the recovery point has no metadata that would state them".to_owned();
            CheckVerdict::NotRun
        }
        (true, false) => CheckVerdict::Passes,
    };
    let (expected, actual) = (stated.len().to_string(), equal.to_string());
    Ok(Check { id: CheckId::Options, expected, actual, verdict, detail })
}
