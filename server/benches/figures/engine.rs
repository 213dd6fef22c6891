//! The runner's engine: all documents of a collection fingerprinted beside a bare scan, a dump restored beside bare
//! inserts, the memory of both at one million documents and at three.

use std::{path::Path, time::Instant};

use bson::{Document, RawDocumentBuf, doc, oid::ObjectId};
use domain::fingerprint::{Fingerprint, What, compare};
use mongodb::{Client, Database, options::InsertManyOptions};
use server::{
    demo::mongod::Mongod,
    runner::{
        fingerprint::{Wish, id, of_live},
        progress::Silent,
        restore::{self, BATCH_DOCUMENTS, PARALLEL},
        source::{directory, live},
    },
};
use tokio::task::JoinSet;

use crate::{
    figure::Figure,
    house::{Took, run_part},
};

/// Documents of the collection; memory is measured at three times as many as well.
fn scale() -> usize {
    std::env::var("PASSMUSTER_BENCH_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

const DB: &str = "tenant";

pub async fn fingerprint() -> Vec<Figure> {
    let n = scale();
    let dir = tempfile::tempdir().expect("a folder");
    let mongod = Mongod::start(dir.path()).await.expect("a mongod: set PASSMUSTER_MONGOD, or use make bench");
    let client = Client::with_uri_str(mongod.uri()).await.expect("a client");
    let db = client.database(DB);
    eprintln!("inserting {n} documents ...");
    insert(&db, 0, n).await;
    let (mut bare, mut ours) = (f64::INFINITY, f64::INFINITY);
    let mut before = None;
    eprintln!("scanning and fingerprinting, three times in turn ...");
    for _ in 0..3 {
        bare = bare.min(scan(&db).await);
        let began = Instant::now();
        before = Some(print(&client).await);
        ours = ours.min(began.elapsed().as_secs_f64());
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
    let found = compare(&before.expect("a fingerprint"), &print(&client).await);
    let What::Contents { documents: Some(documents), .. } = &found[0].what else { panic!("{found:?}") };
    let named: Vec<String> = documents.named.iter().map(|d| id::text(&d.key)).collect();
    assert_eq!(named, [altered.to_hex()], "the one that was altered is found and named");
    eprintln!("found and named: {}", named[0]);
    let small = run_part(&["fingerprint", &mongod.uri(), DB]);
    eprintln!("inserting twice as many more ...");
    insert(&db, n, 3 * n).await;
    let large = run_part(&["fingerprint", &mongod.uri(), DB]);
    mongod.stop().await;
    let (count, thrice) = (said(n), said(3 * n));
    vec![
        Figure::beside(
            "fingerprint-rate",
            "1/s",
            n as f64 / ours,
            n as f64 / bare,
            format!("documents fingerprinted a second, of {count}, beside a bare driver scan"),
        )
        .at_least("at least 0.8", 0.8),
        Figure::beside(
            "fingerprint-beside-dbhash",
            "s",
            ours,
            hash,
            "the fingerprint, beside dbHash on the server itself, which blocks writes meanwhile",
        ),
        Figure::beside(
            "fingerprint-peak-memory",
            "MiB",
            large.peak_mib,
            small.peak_mib,
            format!("the runner's most memory, of {thrice} documents beside {count}"),
        )
        .at_most("at most 1.2", 1.2),
    ]
}

pub async fn restore() -> Vec<Figure> {
    let n = scale();
    let dir = tempfile::tempdir().expect("a folder");
    let mongod = Mongod::start(&dir.path().join("db")).await.expect("a mongod: set PASSMUSTER_MONGOD");
    let client = Client::with_uri_str(mongod.uri()).await.expect("a client");
    let dump = dir.path().join("dump");
    let source = client.database(DB);
    eprintln!("inserting {n} documents and dumping them ...");
    insert(&source, 0, n).await;
    live::take(&client, DB, &dump, &Silent).await.expect("a dump");
    source.drop().await.expect("dropped");
    let (mut bare, mut ours) = (f64::INFINITY, f64::INFINITY);
    eprintln!("inserting bare and restoring, twice in turn ...");
    for round in 0..2 {
        let raw: Vec<RawDocumentBuf> = (0..n).map(|i| RawDocumentBuf::try_from(&document(i)).expect("BSON")).collect();
        let into = client.database(&format!("bare_{round}"));
        bare = bare.min(insert_bare(&into, raw).await);
        into.drop().await.expect("dropped");
        let into = client.database(&format!("restored_{round}"));
        let point = directory::open(&dump, DB).expect("it opens");
        let began = Instant::now();
        let done = restore::restore(&point, &into, &Silent).await.expect("restored");
        ours = ours.min(began.elapsed().as_secs_f64());
        assert_eq!(usize::try_from(done.documents).expect("positive"), n);
        into.drop().await.expect("dropped");
    }
    let folder = dump.display().to_string();
    let small = measured(&client, &folder, &mongod.uri()).await;
    eprintln!("the same of three times as many ...");
    insert(&source, 0, 3 * n).await;
    std::fs::remove_dir_all(&dump).expect("removed");
    live::take(&client, DB, &dump, &Silent).await.expect("a dump");
    source.drop().await.expect("dropped");
    let large = measured(&client, &folder, &mongod.uri()).await;
    mongod.stop().await;
    vec![
        Figure::beside(
            "restore-rate",
            "1/s",
            n as f64 / ours,
            n as f64 / bare,
            format!(
                "documents of a dump restored a second, of {}, beside a bare insert_many of the same batches",
                said(n)
            ),
        )
        .at_least("at least 0.9", 0.9),
        Figure::beside(
            "restore-peak-memory",
            "MiB",
            large.peak_mib,
            small.peak_mib,
            format!("the runner's most memory, of {} documents beside {}", said(3 * n), said(n)),
        )
        .at_most("at most 1.2", 1.2),
    ]
}

async fn measured(client: &Client, folder: &str, uri: &str) -> Took {
    let took = run_part(&["restore", folder, DB, uri, "measured"]);
    client.database("measured").drop().await.expect("dropped");
    took
}

/// In a process of its own.
pub async fn fingerprint_part(uri: &str, db: &str) -> u64 {
    let client = Client::with_uri_str(uri).await.expect("a client");
    let print = of_live(&client, db, Wish { db_hash: false, sketches: true }).await.expect("a fingerprint");
    print.collections.iter().map(|c| c.bytes).sum()
}

/// In a process of its own.
pub async fn restore_part(dir: &Path, db: &str, uri: &str, into: &str) -> u64 {
    let client = Client::with_uri_str(uri).await.expect("a client");
    let point = directory::open(dir, db).expect("it opens");
    let done = restore::restore(&point, &client.database(into), &Silent).await.expect("restored");
    done.bytes.unsigned_abs()
}

async fn print(client: &Client) -> Fingerprint {
    of_live(client, DB, Wish { db_hash: false, sketches: true }).await.expect("a fingerprint")
}

/// Reads the raw BSON of every document and does nothing with it.
async fn scan(db: &Database) -> f64 {
    let began = Instant::now();
    let mut rows = db.collection::<RawDocumentBuf>("orders").find(doc! {}).await.expect("rows");
    let mut bytes = 0;
    while rows.advance().await.expect("a row") {
        bytes += rows.current().as_bytes().len();
    }
    assert!(bytes > 0);
    began.elapsed().as_secs_f64()
}

/// Batches of the same size, as many at once, and nothing else.
async fn insert_bare(db: &Database, documents: Vec<RawDocumentBuf>) -> f64 {
    let mut batches: Vec<Vec<RawDocumentBuf>> = Vec::new();
    for document in documents {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_DOCUMENTS => batch.push(document),
            _ => batches.push(vec![document]),
        }
    }
    let began = Instant::now();
    let mut flying = JoinSet::new();
    for batch in batches {
        if flying.len() == PARALLEL
            && let Some(done) = flying.join_next().await
        {
            done.expect("inserted");
        }
        let orders = db.collection::<RawDocumentBuf>("orders");
        let options = InsertManyOptions::builder().ordered(false).build();
        flying.spawn(async move {
            orders.insert_many(batch).with_options(options).await.expect("inserted");
        });
    }
    while let Some(done) = flying.join_next().await {
        done.expect("inserted");
    }
    began.elapsed().as_secs_f64()
}

async fn insert(db: &Database, from: usize, to: usize) {
    let orders = db.collection::<Document>("orders");
    for start in (from..to).step_by(5000) {
        let batch = (start..to.min(start + 5000)).map(document);
        orders.insert_many(batch).ordered(false).await.expect("inserted");
    }
}

/// An order of some 400 bytes, the same at every call.
fn document(n: usize) -> Document {
    let mut oid = [0u8; 12];
    oid[..8].copy_from_slice(&(1_760_000_000_000_u64 + n as u64).to_be_bytes());
    oid[8..].copy_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).wrapping_mul(2_654_435_761).to_be_bytes());
    let n = i64::try_from(n).expect("small");
    let status = ["open", "paid", "shipped", "returned"][usize::try_from(n % 4).expect("small")];
    doc! {
        "_id": ObjectId::from_bytes(oid),
        "customerId": format!("customer-{:06}", n % 50_000),
        "status": status,
        "total": n * 31 % 100_000,
        "currency": "EUR",
        "items": [{ "sku": n % 977, "count": 1, "price": 12.5 }, { "sku": n % 379, "count": 3, "price": 99.0 }],
        "note": "please ring twice, the dog is friendly and the gate is open until six",
        "updatedAt": bson::DateTime::from_millis(1_760_000_000_000 + n),
    }
}

fn said(n: usize) -> String {
    domain::words::count(i64::try_from(n).unwrap_or(i64::MAX))
}
