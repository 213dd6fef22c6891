//! All documents of a collection fingerprinted beside a bare scan, `dbHash` and a public tool, and the memory that takes.

use std::time::Instant;

use bson::{Document, doc};
use domain::fingerprint::{Fingerprint, What, compare};
use mongodb::Client;
use server::{
    demo::mongod::Mongod,
    runner::fingerprint::{Wish, id, of_live},
};

use crate::{
    figure::Figure,
    house::run_part,
    orders::{document, insert, said, scale},
    pair, scan,
};

const DB: &str = "tenant";
/// In turn, and the best of each counts: what else runs on this machine slows all of them.
const ROUNDS: usize = 5;

pub async fn figures() -> Vec<Figure> {
    let n = scale();
    let dir = tempfile::tempdir().expect("a folder");
    let mongod = Mongod::start(dir.path()).await.expect("a mongod: set PASSMUSTER_MONGOD, or use make bench");
    let client = Client::with_uri_str(mongod.uri()).await.expect("a client");
    let db = client.database(DB);
    eprintln!("inserting {n} documents ...");
    insert(&db, 0, n).await;
    let (mut bare, mut rows, mut ours) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    let mut before = None;
    eprintln!("scanning and fingerprinting, {ROUNDS} times in turn ...");
    for round in 1..=ROUNDS {
        let scanned = scan::raw(&db, n, 1).await.min(scan::raw(&db, n, 4).await);
        let row_by_row = scan::rows(&db).await;
        let began = Instant::now();
        before = Some(print(&client, DB).await);
        let printed = began.elapsed().as_secs_f64();
        eprintln!("{round}: {scanned:.2} s bare, {row_by_row:.2} s row by row, {printed:.2} s fingerprinted");
        (bare, rows, ours) = (bare.min(scanned), rows.min(row_by_row), ours.min(printed));
    }
    eprintln!("asking the server for its dbHash ...");
    let began = Instant::now();
    db.run_command(doc! { "dbHash": 1 }).await.expect("a hash");
    let hash = began.elapsed().as_secs_f64();
    eprintln!("altering one field of one document, and looking for it ...");
    let altered = document(n / 3).get_object_id("_id").expect("an id");
    let orders = db.collection::<Document>("orders");
    let done = orders.update_one(doc! { "_id": altered }, doc! { "$inc": { "total": 1 } }).await.expect("altered");
    assert_eq!(done.modified_count, 1);
    let found = compare(&before.expect("a fingerprint"), &print(&client, DB).await);
    let What::Contents { documents: Some(documents), .. } = &found[0].what else { panic!("{found:?}") };
    let named: Vec<String> = documents.named.iter().map(|d| id::text(&d.key)).collect();
    assert_eq!(named, [altered.to_hex()], "the one that was altered is found and named");
    eprintln!("found and named: {}", named[0]);
    let small = run_part(&["fingerprint", &mongod.uri(), DB]);
    eprintln!("inserting twice as many more ...");
    insert(&db, n, 3 * n).await;
    let large = run_part(&["fingerprint", &mongod.uri(), DB]);
    db.drop().await.expect("dropped");
    let beside_tool = pair::figure(&client, &mongod.uri()).await;
    mongod.stop().await;
    let (count, thrice) = (said(n), said(3 * n));
    let mut figures = vec![
        Figure::beside(
            "fingerprint-rate",
            "1/s",
            n as f64 / ours,
            n as f64 / bare,
            format!("documents fingerprinted a second, of {count}, beside a bare scan of the driver's raw batches"),
        )
        .at_least("at least 0.8", 0.8),
        Figure::beside(
            "fingerprint-beside-rows",
            "1/s",
            n as f64 / ours,
            n as f64 / rows,
            "the same, beside the driver's ordinary cursor, a raw document at a time",
        ),
        Figure::beside(
            "fingerprint-beside-dbhash",
            "s",
            ours,
            hash,
            "the fingerprint, beside dbHash on the server itself, which blocks writes meanwhile",
        ),
        memory("fingerprint-peak-memory", large.peak_mib, small.peak_mib, &thrice, &count),
    ];
    figures.extend(beside_tool);
    figures
}

/// Ten times as many: some minutes, and some gigabytes on the disk meanwhile.
pub async fn tenfold() -> Vec<Figure> {
    let n = scale();
    let dir = tempfile::tempdir().expect("a folder");
    let mongod = Mongod::start(dir.path()).await.expect("a mongod: set PASSMUSTER_MONGOD, or use make bench");
    let db = Client::with_uri_str(mongod.uri()).await.expect("a client").database(DB);
    eprintln!("inserting {n} documents ...");
    insert(&db, 0, n).await;
    let small = run_part(&["fingerprint", &mongod.uri(), DB]);
    eprintln!("inserting nine times as many more ...");
    insert(&db, n, 10 * n).await;
    let large = run_part(&["fingerprint", &mongod.uri(), DB]);
    eprintln!("fingerprinted {} bytes in {:.1} s", large.bytes, large.seconds);
    mongod.stop().await;
    vec![memory("fingerprint-peak-memory-10x", large.peak_mib, small.peak_mib, &said(10 * n), &said(n))]
}

fn memory(name: &'static str, large: f64, small: f64, many: &str, few: &str) -> Figure {
    let says = format!("the runner's most memory, of {many} documents beside {few}");
    Figure::beside(name, "MiB", large, small, says).at_most("at most 1.2", 1.2)
}

/// In a process of its own.
pub async fn part(uri: &str, db: &str) -> u64 {
    let client = Client::with_uri_str(uri).await.expect("a client");
    print(&client, db).await.collections.iter().map(|c| c.bytes).sum()
}

pub async fn print(client: &Client, db: &str) -> Fingerprint {
    of_live(client, db, Wish { db_hash: false, sketches: true }).await.expect("a fingerprint")
}
