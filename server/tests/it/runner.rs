//! The runner's engine on a real mongod: what it reads, restores and compares.

mod archives;
mod atlas;
mod bad_input;
mod company;
mod drills;
mod fingerprints;
mod oplogs;
mod restores;
mod samples;

use bson::{Document, doc};
use mongodb::{Client, Database};
use server::runner::{compare::Wanted, progress::Silent, source::RecoveryPoint};

use crate::portal::mongod;

/// A client of the tests' own mongod.
pub async fn client() -> Client {
    Client::with_uri_str(mongod()).await.expect("a client")
}

/// An empty database of this test's own.
pub async fn database(name: &str) -> Database {
    let db = client().await.database(&format!("engine_{}_{name}", std::process::id()));
    db.drop().await.expect("dropped");
    db
}

/// MD5 of each collection as the server itself computes it, in the order of names.
pub async fn db_hash(db: &Database) -> Vec<(String, String)> {
    let answer = db.run_command(doc! { "dbHash": 1 }).await.expect("a hash");
    let each: &Document = answer.get_document("collections").expect("hashes");
    let mut each: Vec<(String, String)> =
        each.iter().map(|(name, md5)| (name.clone(), md5.as_str().expect("text").to_owned())).collect();
    // Views stand there under their database's name, which differs between a copy and what it is of.
    each.retain(|(name, _)| name != "system.views");
    each.sort();
    each
}

/// What MongoDB says of its collections, without what is new in every copy.
pub async fn listed(db: &Database) -> Vec<Document> {
    let answer = db.run_command(doc! { "listCollections": 1, "cursor": { "batchSize": 1000 } }).await.expect("a list");
    let list = answer.get_document("cursor").and_then(|c| c.get_array("firstBatch")).expect("a batch").clone();
    let mut list: Vec<Document> = list.into_iter().filter_map(|i| i.as_document().cloned()).collect();
    for info in &mut list {
        info.remove("info");
    }
    list.sort_by(|a, b| a.get_str("name").ok().cmp(&b.get_str("name").ok()));
    list
}

/// Restores into an empty database and says how it went.
pub async fn restored(point: &RecoveryPoint, into: &Database) -> server::runner::restore::Restored {
    server::runner::restore::restore(point, into, &Silent).await.expect("restored")
}

/// A comparison as a drill without wishes of its own makes it.
pub fn wanted(last_write_field: &str) -> Wanted<'_> {
    Wanted { seed: "seed", last_write_field, all: false, references: &[], left_out: &[] }
}
