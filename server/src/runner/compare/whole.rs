//! All documents of the restored copy against all of the recovery point, by digest, down to the `_id`s that differ.

use std::collections::HashMap;

use anyhow::Result;
use domain::{
    drill::{Check, CheckId, CheckVerdict, Digests},
    fingerprint::{Contents, Read},
    words,
};
use mongodb::Database;

use super::NAMED;
use crate::runner::{
    fingerprint::{self, hash::DbHash, id},
    source::RecoveryPoint,
};

/// What a recovery point's documents come to, gathered while it is read.
pub struct Expected {
    contents: Vec<Contents>,
    hashes: Vec<DbHash>,
}

impl Expected {
    pub fn of(point: &RecoveryPoint) -> Self {
        Self {
            contents: vec![Contents::default(); point.collections.len()],
            hashes: point.collections.iter().map(DbHash::of_dump).collect(),
        }
    }

    pub fn add(&mut self, number: usize, raw: &[u8]) {
        self.contents[number].add(raw, &id::key(raw));
        self.hashes[number].add(raw);
    }
}

pub async fn compare(
    point: &RecoveryPoint,
    expected: Expected,
    restored: &Database,
    tell: &(dyn Fn(u64) + Sync),
) -> Result<(Check, Vec<Digests>)> {
    let mut digests = Vec::new();
    let (mut total, mut equal) = (0, 0);
    let mut wrong = Vec::new();
    let mut moving = Vec::new();
    for (number, collection) in point.holding() {
        let was = &expected.contents[number];
        let (is, read) = fingerprint::contents(restored, collection).await?;
        total += was.documents();
        let name = collection.data_name();
        let mut both = Digests {
            collection: name.clone(),
            expected: was.digest(),
            actual: is.digest(),
            differing: Vec::new(),
            about: 0,
        };
        if both.equal() {
            equal += was.documents();
        } else if read == Read::Changed {
            moving.push(name);
        } else {
            let differing = was.sketch().differing(&is.sketch());
            both.about = differing.about.max(1);
            both.differing = differing.named.iter().take(NAMED).map(|n| id::text(&n.key)).collect();
            equal += was.documents().saturating_sub(both.about);
            wrong.push(format!(
                "{name}: {}{} differ{}",
                if differing.all_named { "" } else { "about " },
                words::count(i64::try_from(both.about).unwrap_or(i64::MAX)),
                both.differing.first().map(|id| format!(", such as {id}")).unwrap_or_default()
            ));
        }
        digests.push(both);
        tell(total);
    }
    let (disagree, theirs) = agreed(point, expected.hashes, restored).await;
    wrong.extend(disagree.into_iter().map(|name| format!("{name}: MongoDB's own dbHash is another one")));
    let count = |n: u64| words::count(i64::try_from(n).unwrap_or(i64::MAX));
    let (verdict, detail) = match (wrong.is_empty(), moving.is_empty()) {
        (false, _) => (CheckVerdict::Fails, wrong.join("; ")),
        (true, false) => (CheckVerdict::NotRun, format!("written to while they were read: {}", moving.join(", "))),
        (true, true) => (
            CheckVerdict::Passes,
            format!("{} of {} in {} collections, by digest{theirs}", count(equal), count(total), digests.len()),
        ),
    };
    Ok((
        Check { id: CheckId::Contents, expected: total.to_string(), actual: equal.to_string(), verdict, detail },
        digests,
    ))
}

/// Where MongoDB's own command says the same of staging as is computed here of the recovery point.
async fn agreed(point: &RecoveryPoint, hashes: Vec<DbHash>, restored: &Database) -> (Vec<String>, String) {
    let theirs: HashMap<String, String> = match fingerprint::servers_own(restored).await {
        Ok(theirs) => theirs,
        Err(_) => return (Vec::new(), "; the target has no dbHash to confirm it".to_owned()),
    };
    let (mut agree, mut told, mut disagree) = (0, 0, Vec::new());
    for (collection, ours) in point.collections.iter().zip(hashes) {
        let name = collection.data_name();
        let (Ok(ours), Some(theirs)) = (ours.finish(), theirs.get(&name)) else { continue };
        told += 1;
        if ours == *theirs {
            agree += 1;
        } else {
            disagree.push(name);
        }
    }
    let says = format!("; MongoDB's own dbHash says the same of {agree} of {told}");
    (disagree, says)
}
