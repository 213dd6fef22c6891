//! Declared references: every value of a field must be found in another collection.
//!
//! MongoDB knows none, so nothing but the application holds them; a backup taken while it was at work shows it here.

use anyhow::{Context, Result};
use bson::{Bson, Document, doc};
use domain::{
    drill::{Check, CheckId, CheckVerdict, Reference},
    words,
};
use futures::TryStreamExt;
use mongodb::Database;

use crate::runner::{plan, refusal::refusal};

pub async fn follow(restored: &Database, declared: &[plan::Reference]) -> Result<(Option<Check>, Vec<Reference>)> {
    if declared.is_empty() {
        return Ok((None, Vec::new()));
    }
    let there = restored.list_collection_names().await.map_err(refusal)?;
    let mut followed = Vec::new();
    let mut absent = Vec::new();
    for reference in declared {
        let ((collection, field), (to, key)) = (reference.from(), reference.to());
        absent.extend([collection, to].into_iter().filter(|c| !there.iter().any(|t| t == c)));
        let (orphans, documents) = orphans(restored, collection, field, to, key)
            .await
            .with_context(|| format!("following {} to {}", reference.from, reference.to))?;
        followed.push(Reference { from: reference.from.clone(), to: reference.to.clone(), orphans, documents });
    }
    let leading_nowhere = |r: &&Reference| r.orphans > 0 || r.documents > 0;
    let wrong: Vec<String> = followed
        .iter()
        .filter(leading_nowhere)
        .map(|r| {
            format!(
                "{} refers to {} values that are not in {}, in {} documents",
                r.from,
                words::count(r.orphans),
                r.to,
                words::count(r.documents)
            )
        })
        .collect();
    let kept = followed.len() - wrong.len();
    let (verdict, detail) = match (wrong.is_empty(), absent.first()) {
        (false, _) => (CheckVerdict::Fails, wrong.join("; ")),
        (true, Some(name)) => (CheckVerdict::NotRun, format!("there is no collection {name} to follow them in")),
        (true, None) => (CheckVerdict::Passes, format!("{kept} of {}, every value", followed.len())),
    };
    let (expected, actual) = (followed.len().to_string(), kept.to_string());
    Ok((Some(Check { id: CheckId::References, expected, actual, verdict, detail }), followed))
}

/// Values that lead nowhere, and documents that have one of them. A field of many values has them all looked at.
async fn orphans(db: &Database, from: &str, field: &str, to: &str, key: &str) -> Result<(i64, i64)> {
    let stages = [
        doc! { "$match": { field: { "$exists": true, "$ne": null } } },
        doc! { "$project": { "_id": 0, "v": format!("${field}") } },
        doc! { "$unwind": "$v" },
        doc! { "$match": { "v": { "$ne": null } } },
        doc! { "$group": { "_id": "$v", "n": { "$sum": 1_i64 } } },
        doc! { "$lookup": { "from": to, "localField": "_id", "foreignField": key, "as": "found",
        "pipeline": [{ "$limit": 1 }, { "$project": { "_id": 1 } }] } },
        doc! { "$match": { "found": [] } },
        doc! { "$group": { "_id": null, "orphans": { "$sum": 1_i64 }, "documents": { "$sum": "$n" } } },
    ];
    let there = db.collection::<Document>(from);
    let mut answer = there.aggregate(stages).allow_disk_use(true).await.map_err(refusal)?;
    let Some(sums) = answer.try_next().await.map_err(refusal)? else { return Ok((0, 0)) };
    let number = |key| match sums.get(key) {
        Some(Bson::Int64(n)) => *n,
        Some(Bson::Int32(n)) => i64::from(*n),
        _ => 0,
    };
    Ok((number("orphans"), number("documents")))
}
