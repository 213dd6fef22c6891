//! What an application asks of its data, asked of the restored copy: found, and in what time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bson::{Document, RawDocumentBuf, doc};
use domain::{
    drill::{Check, CheckId, CheckVerdict, Query},
    words,
};
use mongodb::Database;

use crate::runner::{plan::Smoke, refusal::refusal, restore::Restored};

/// Documents that are counted at most; their number says that a query works, not how much there is.
const MOST: i64 = 1000;

/// The newest twenty documents of the largest collection, as an application's first page asks for them, and the
/// plan's own queries, five times each.
pub async fn smoke_query(restored: &Database, by: &Restored, own: &[Smoke]) -> Result<(Check, Vec<Query>)> {
    let Some(name) = &by.largest else { anyhow::bail!("the recovery point holds no collection of documents") };
    let newest = [doc! { "$sort": { "_id": -1 } }, doc! { "$limit": 20 }];
    let (found, took) = ask(restored, name, &newest).await?;
    let mut detail = format!("the newest {found} of {name} in {} at the median of five", words::duration(took));
    let mut verdict = if found > 0 { CheckVerdict::Passes } else { CheckVerdict::Fails };
    let mut queries = Vec::new();
    for smoke in own {
        let (found, took_ms) = ask(restored, &smoke.collection, &smoke.stages)
            .await
            .with_context(|| format!("the smoke query {:?}", smoke.name))?;
        detail += &format!("; {}: {found} in {}", smoke.name, words::duration(took_ms));
        if found < smoke.at_least {
            verdict = CheckVerdict::Fails;
            detail += &format!(", and at least {} were expected", smoke.at_least);
        }
        queries.push(Query {
            name: smoke.name.clone(),
            collection: smoke.collection.clone(),
            at_least: smoke.at_least,
            found,
            took_ms,
        });
    }
    let (expected, actual) = match queries.len() {
        0 => ("an answer".to_owned(), format!("{found} documents")),
        n => {
            let answered = queries.iter().filter(|q| q.found >= q.at_least).count() + usize::from(found > 0);
            (format!("{} answers", n + 1), format!("{answered} answers"))
        }
    };
    Ok((Check { id: CheckId::Query, expected, actual, verdict, detail }, queries))
}

/// How many it finds, and the median of five times in milliseconds, at least one.
async fn ask(restored: &Database, collection: &str, stages: &[Document]) -> Result<(i64, i64)> {
    let mut times: Vec<Duration> = Vec::new();
    let mut found = 0;
    let there = restored.collection::<RawDocumentBuf>(collection);
    for _ in 0..5 {
        let begun = Instant::now();
        let limit = [doc! { "$limit": MOST }];
        let mut cursor = there.aggregate(stages.iter().cloned().chain(limit)).await.map_err(refusal)?;
        found = 0;
        while cursor.advance().await.map_err(refusal)? {
            found += 1;
        }
        times.push(begun.elapsed());
    }
    times.sort();
    Ok((found, i64::try_from(times[times.len() / 2].as_millis()).unwrap_or(i64::MAX).max(1)))
}
