//! What goes wrong at the other end of the wire, said without a credential and without a document.

use bson::doc;
use mongodb::Client;
use server::runner::{
    progress::Silent,
    restore,
    source::{directory, live},
};

use super::{client, company, database};
use crate::portal::mongod;

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_named_and_not_shown() {
    let host = mongod().trim_start_matches("mongodb://").to_owned();
    let uri = format!("mongodb://operator:topsecret@{host}");
    let wrong = Client::with_uri_str(&uri).await.expect("a client");
    let dir = tempfile::tempdir().expect("a folder");
    let error = live::take(&wrong, "any", dir.path(), &Silent).await.expect_err("refused");
    let said = format!("{error:#}");
    assert!(said.contains("password") && !said.contains("topsecret"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_cut_in_the_middle_of_a_restore_is_said() {
    let source = database("cut").await;
    company::insert(&source, "notes", (0..5000).map(|n| doc! { "_id": n, "text": "secret content" })).await;
    let dir = tempfile::tempdir().expect("a folder");
    let taken = live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let name = format!("cut{}", std::process::id());
    let sign = if mongod().contains('?') { "&" } else { "/?" };
    let own = Client::with_uri_str(format!("{}{sign}appName={name}", mongod().trim_end_matches('/'))).await;
    let staging = own.expect("a client").database(&format!("{}_staging", source.name()));
    let fail = doc! { "configureFailPoint": "failCommand", "mode": { "skip": 2 },
    "data": { "failCommands": ["insert"], "closeConnection": true, "appName": &name } };
    let admin = client().await.database("admin");
    admin.run_command(fail).await.expect("a fail point");
    let error = restore::restore(&taken, &staging, &Silent).await.expect_err("the network is cut");
    admin.run_command(doc! { "configureFailPoint": "failCommand", "mode": "off" }).await.expect("off");
    let said = format!("{error:#}");
    assert!(said.contains("restoring notes") && said.contains("connection"), "{said}");
    source.drop().await.expect("dropped");
    staging.drop().await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_a_newer_server_is_restored_and_says_so_and_a_retired_option_is_left_out() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("db")).expect("a folder");
    let write = |name: &str, text: &[u8]| std::fs::write(dir.path().join(name), text).expect("a file");
    write("prelude.json", br#"{"ServerVersion":"99.1.0","ToolVersion":"100.9.4"}"#);
    write("db/c.bson", &doc! { "_id": 1 }.to_vec().expect("BSON"));
    write(
        "db/c.metadata.json",
        br#"{"options":{"retiredLongAgo":true},"indexes":[{"v":2,"key":{"_id":1},"name":"_id_","ns":"db.c"}]}"#,
    );
    let point = directory::open(dir.path(), "db").expect("it opens");
    let staging = database("newer").await;
    let said = super::restored(&point, &staging).await;
    assert_eq!(said.otherwise.len(), 2, "{said:?}");
    assert!(said.otherwise[0].contains("MongoDB 99.1.0, newer than the target's"), "{said:?}");
    assert!(said.otherwise[1].contains("no option retiredLongAgo"), "{said:?}");
    staging.drop().await.expect("dropped");
}
