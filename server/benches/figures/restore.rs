//! A dump restored beside bare inserts, and the memory that takes at one million documents and at three.

use std::{path::Path, time::Instant};

use bson::RawDocumentBuf;
use mongodb::{Client, Database, options::InsertManyOptions};
use server::{
    demo::mongod::Mongod,
    runner::{
        progress::Silent,
        restore::{self, BATCH_DOCUMENTS, PARALLEL},
        source::{directory, live},
    },
};
use tokio::task::JoinSet;

use crate::{
    figure::Figure,
    house::{Took, run_part},
    orders::{document, insert, said, scale},
};

const DB: &str = "tenant";

pub async fn figures() -> Vec<Figure> {
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
pub async fn part(dir: &Path, db: &str, uri: &str, into: &str) -> u64 {
    let client = Client::with_uri_str(uri).await.expect("a client");
    let point = directory::open(dir, db).expect("it opens");
    let done = restore::restore(&point, &client.database(into), &Silent).await.expect("restored");
    done.bytes.unsigned_abs()
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
