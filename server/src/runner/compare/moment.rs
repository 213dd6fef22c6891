//! The restored copy against what the source itself held at the moment that was restored.

use anyhow::Result;
use domain::{
    drill::{Check, CheckId, CheckVerdict, Digests},
    fingerprint::{Fingerprint, Kind, Read},
    words,
};
use mongodb::Database;

use super::NAMED;
use crate::runner::fingerprint::{self, Wish, id};

pub async fn compare(source: &Fingerprint, restored: &Database) -> Result<(Check, Vec<Digests>)> {
    let wish = Wish { db_hash: false, sketches: true };
    let copy = fingerprint::of_live(restored.client(), restored.name(), wish).await?;
    let (mut digests, mut wrong, mut passed_by) = (Vec::new(), Vec::new(), Vec::new());
    let (mut total, mut equal) = (0, 0);
    for was in source.collections.iter().filter(|c| c.kind != Kind::View) {
        // What has no past, such as a capped collection, may have been written to since.
        if was.read != Read::Snapshot {
            passed_by.push(was.name.as_str());
            continue;
        }
        let Some(is) = copy.collections.iter().find(|c| c.name == was.name) else {
            wrong.push(format!("{} is not there", was.name));
            continue;
        };
        total += was.documents;
        let mut both = Digests {
            collection: was.name.clone(),
            expected: was.contents.clone().unwrap_or_default(),
            actual: is.contents.clone().unwrap_or_default(),
            differing: Vec::new(),
            about: 0,
        };
        if both.equal() {
            equal += was.documents;
        } else {
            let differing = was.sketch.as_ref().zip(is.sketch.as_ref()).map(|(was, is)| was.differing(is));
            both.about = differing.as_ref().map_or(1, |d| d.about.max(1));
            both.differing = differing.iter().flat_map(|d| &d.named).take(NAMED).map(|n| id::text(&n.key)).collect();
            equal += was.documents.saturating_sub(both.about);
            let such = both.differing.first().map(|id| format!(", such as {id}")).unwrap_or_default();
            wrong.push(format!("{}: {} differ{such}", was.name, count(both.about)));
        }
        digests.push(both);
    }
    let mut detail = format!(
        "{} of {} in {} collections, by digest, as the source says it held them just before the loss",
        count(equal),
        count(total),
        digests.len()
    );
    if !passed_by.is_empty() {
        detail += &format!("; the source no longer tells what these held then: {}", passed_by.join(", "));
    }
    let verdict = match (wrong.is_empty(), digests.is_empty()) {
        (false, _) => CheckVerdict::Fails,
        (true, true) => CheckVerdict::NotRun,
        (true, false) => CheckVerdict::Passes,
    };
    if !wrong.is_empty() {
        detail += &format!("; {}", wrong.join("; "));
    }
    let (expected, actual) = (total.to_string(), equal.to_string());
    Ok((Check { id: CheckId::Contents, expected, actual, verdict, detail }, digests))
}

fn count(n: u64) -> String {
    words::count(i64::try_from(n).unwrap_or(i64::MAX))
}
