//! Two equal collections compared, beside mongo-diff from PyPI, which does the same.

use std::{path::Path, process::Command, time::Instant};

use domain::fingerprint::compare;
use mongodb::Client;

use crate::{
    figure::Figure,
    fingerprint::print,
    orders::{insert, said, scale},
};

const PAIR: [&str; 2] = ["pair_a", "pair_b"];

/// Of a fiftieth of the documents, of which mongo-diff asks for each by itself. `None`: it could not be had.
pub async fn figure(client: &Client, uri: &str) -> Option<Figure> {
    let n = scale().div_ceil(50);
    let tool = tool()?;
    eprintln!("comparing two collections of {n} documents by mongo-diff ...");
    for db in PAIR {
        insert(&client.database(db), 0, n).await;
    }
    let began = Instant::now();
    let said_by_it = Command::new(tool)
        .args(["--mongo-uri-a", uri, "--database-name-a", PAIR[0], "--collection-name-a", "orders"])
        .args(["--mongo-uri-b", uri, "--database-name-b", PAIR[1], "--collection-name-b", "orders"])
        .args(["--identifier-field-name-a", "_id", "--include-oid"])
        .output()
        .expect("mongo-diff runs");
    let theirs = began.elapsed().as_secs_f64();
    assert!(said_by_it.status.success(), "{}", String::from_utf8_lossy(&said_by_it.stderr));
    let began = Instant::now();
    assert_eq!(compare(&print(client, PAIR[0]).await, &print(client, PAIR[1]).await), []);
    let ours = began.elapsed().as_secs_f64();
    let says = format!("pairs of documents compared a second, of {}, beside mongo-diff 0.3.1 from PyPI", said(n));
    let figure = Figure::beside("compare-beside-mongo-diff", "1/s", n as f64 / ours, n as f64 / theirs, says);
    Some(figure.at_least("at least 3", 3.0))
}

/// Its path; fetched when it is not there.
fn tool() -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/mongo-diff");
    let done = Command::new(script).stderr(std::process::Stdio::inherit()).output().ok()?;
    if !done.status.success() {
        eprintln!("mongo-diff is not to be had here: its figure is left out");
        return None;
    }
    Some(String::from_utf8(done.stdout).ok()?.trim().to_owned())
}
