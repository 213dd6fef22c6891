//! Fingerprints: equal where the databases are, whatever way they were read, and naming what is not.

use std::process::Command;

use bson::{Document, doc};
use domain::fingerprint::{Fingerprint, Read, What, compare};
use server::runner::{
    fingerprint::{Wish, id, of, of_live, of_point, read, servers_own},
    progress::Silent,
    source::{directory, live},
};

use super::{client, company, database, restored};
use crate::portal::mongod;

const ALL: Wish = Wish { db_hash: true, sketches: true };

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_its_restore_and_the_source_have_one_fingerprint_and_mongodb_itself_agrees() {
    let source = database("print").await;
    company::make(&source).await;
    let dir = tempfile::tempdir().expect("a folder");
    let taken = live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let of_dump = of_point(taken, source.name(), ALL).await.expect("read");
    let of_source = of_live(&client().await, source.name(), ALL).await.expect("read");
    let by_ranges = of_live(&client().await, source.name(), Wish { db_hash: false, sketches: true }).await;
    assert_eq!(compare(&of_dump, &of_source), []);
    assert_eq!(compare(&by_ranges.expect("read"), &of_source), []);
    let said = servers_own(&source).await.expect("a hash");
    let mut told = 0;
    for fingerprint in [&of_dump, &of_source] {
        for c in fingerprint.collections.iter() {
            if let Some(md5) = &c.db_hash {
                assert_eq!(said.get(&c.name), Some(md5), "{}", c.name);
                told += 1;
            }
        }
    }
    // Nine collections hold documents; of the dump's, the one with a collation has no order that is known here.
    assert_eq!(told, 9 + 8);
    let people = of_dump.collections.iter().find(|c| c.name == "people").expect("it is there");
    assert!(people.no_db_hash.as_ref().is_some_and(|why| why.contains("collation")));
    let reads: Vec<Read> = of_source.collections.iter().filter(|c| c.name == "log").map(|c| c.read).collect();
    assert_eq!(reads, [Read::Quiet], "a capped collection has no snapshot, and nobody wrote to it");

    let staging = database("print_staging").await;
    let point = directory::open(dir.path(), source.name()).expect("it opens");
    restored(&point, &staging).await;
    let of_staging = of_live(&client().await, staging.name(), ALL).await.expect("read");
    // Only what deletes by time is otherwise: it is held still.
    let differing: Vec<(String, What)> =
        compare(&of_source, &of_staging).into_iter().map(|d| (d.collection, d.what)).collect();
    assert_eq!(
        differing,
        [
            ("sessions".to_owned(), What::Indexes(vec!["ends".to_owned()])),
            ("system.buckets.weather".to_owned(), What::Options(vec!["expireAfterSeconds".to_owned()])),
        ]
    );
    source.drop().await.expect("dropped");
    staging.drop().await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_names_the_one_document_of_many_that_was_altered() {
    let (a, b) = (database("cmp_a").await, database("cmp_b").await);
    for (db, forward) in [(&a, true), (&b, false)] {
        // Enough for ranges, in two orders, with ids of two types.
        let ids = (0..10_050).map(|n| if forward { n } else { 10_049 - n });
        company::insert(db, "orders", ids.map(|n| doc! { "_id": n, "total": n % 7, "note": "secret content" })).await;
        company::insert(db, "orders", (0..50).map(|n| doc! { "_id": format!("order-{n}") })).await;
        company::insert(db, "few", (0..50).map(|n| doc! { "_id": n, "note": "secret content" })).await;
    }
    // However many cores this machine has, and so ranges by itself.
    let (orders, _) =
        live::listed(&a).await.expect("listed").into_iter().find(|(c, _)| c.name == "orders").expect("it");
    let whole = read::in_ranges(&a, &orders, None, 1).await.expect("read");
    for (db, ways) in [(&a, 3), (&b, 4)] {
        let ranges = read::in_ranges(db, &orders, None, ways).await.expect("read");
        assert_eq!((ranges.documents(), ranges.digest()), (10_100, whole.digest()));
        assert_eq!(ranges.sketch(), whole.sketch());
    }
    let place = |db: &mongodb::Database| format!("{}#{}", mongod().trim_end_matches('/'), db.name());
    let orders = b.collection::<Document>("orders");
    orders.update_one(doc! { "_id": 7171 }, doc! { "$inc": { "total": 1 } }).await.expect("altered");
    let (code, said) = passmuster(&["compare", &place(&a), &place(&b)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("orders: 1 differ") && said.contains(r#"{"$numberInt":"7171"} is not the same"#), "{said}");

    // The same from two files, and a third person learns nothing from them of the documents.
    for db in [&a, &b] {
        db.collection::<Document>("orders").drop().await.expect("dropped");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let fingerprint = |db: &mongodb::Database, file: &str| {
        let (code, json) = passmuster(&["fingerprint", "--uri", mongod(), "--db", db.name()]);
        assert_eq!(code, 0);
        assert!(!json.contains("secret content"));
        let read: Fingerprint = serde_json::from_str(&json).expect("a fingerprint");
        assert_eq!(read.collections[0].read, Read::Snapshot);
        let path = dir.path().join(file);
        std::fs::write(&path, json).expect("a file");
        path.display().to_string()
    };
    let files = [fingerprint(&a, "a"), fingerprint(&b, "b")];
    let (equal, said) = passmuster(&["compare", &files[0], &files[1]]);
    let all = "Equal in every document (50), index and option; 1 collection compared.";
    assert_eq!((equal, said.trim()), (0, all));
    let few = b.collection::<Document>("few");
    few.update_one(doc! { "_id": 17 }, doc! { "$set": { "note": "Secret content" } }).await.expect("altered");
    let after = fingerprint(&b, "after");
    let (code, said) = passmuster(&["--json", "compare", &files[0], &after]);
    let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(code, 1);
    let named = &json["differences"][0]["documents"];
    assert_eq!(named.as_array().map(Vec::len), Some(1));
    assert_eq!(named[0]["id"], r#"{"$numberInt":"17"}"#);

    let host = mongod().trim_start_matches("mongodb://").trim_end_matches('/');
    for wrong in [
        format!("mongodb://operator:topsecret@{host}#{}", a.name()),
        format!("mongodb://operator:topsecret@{host}"),
        "mongodb://operator:topsecret@[::1#x".to_owned(),
        "/nowhere#x".to_owned(),
        "/nowhere".to_owned(),
        format!("{}#no_such_database", mongod().trim_end_matches('/')),
    ] {
        let (code, said) = passmuster(&["compare", &wrong, &files[0]]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("the first could not be read") && !said.contains("topsecret"), "{said}");
    }
    a.drop().await.expect("dropped");
    b.drop().await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capped_collection_that_is_written_to_meanwhile_is_said_to_have_changed() {
    let db = database("moving").await;
    db.run_command(doc! { "create": "log", "capped": true, "size": 1_048_576 }).await.expect("created");
    company::insert(&db, "log", (0..2000).map(|n| doc! { "_id": n })).await;
    let writing = {
        let log = db.collection::<Document>("log");
        tokio::spawn(async move {
            for n in 2000.. {
                log.insert_one(doc! { "_id": n }).await.expect("inserted");
            }
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let print = of(mongod(), db.name(), Wish { db_hash: false, sketches: true }).await.expect("read");
    writing.abort();
    assert_eq!(print.collections[0].read, Read::Changed);
    let later = of(mongod(), db.name(), Wish { db_hash: false, sketches: false }).await.expect("read");
    let found = compare(&print, &later);
    assert!(!found.is_empty() && found.iter().all(|d| !d.is_certain()), "{found:?}");
    db.drop().await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_every_type_are_named_as_records_name_them() {
    let (a, b) = (database("ids_a").await, database("ids_b").await);
    let oid = bson::oid::ObjectId::new();
    company::insert(&a, "c", [doc! { "_id": oid }, doc! { "_id": "x", "v": 1 }, doc! { "_id": { "a": 1 } }]).await;
    company::insert(&b, "c", [doc! { "_id": "x", "v": 1.0 }, doc! { "_id": { "a": 1 } }]).await;
    let (a_print, b_print) = (of(mongod(), a.name(), ALL).await, of(mongod(), b.name(), ALL).await);
    let found = compare(&a_print.expect("read"), &b_print.expect("read"));
    let What::Contents { documents: Some(d), .. } = &found[0].what else { panic!("{found:?}") };
    let mut said: Vec<String> = d.named.iter().map(|n| id::sentence(n, "a", "b")).collect();
    said.sort();
    let mut expected = vec![format!("{} is only in a", oid.to_hex()), "x is not the same in both".to_owned()];
    expected.sort();
    assert_eq!(said, expected, "an integer and a double of the same value are not the same document");
    a.drop().await.expect("dropped");
    b.drop().await.expect("dropped");
}

/// Exit code and everything said.
fn passmuster(args: &[&str]) -> (i32, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_passmuster")).args(args).output().expect("it starts");
    let said = [done.stdout, done.stderr].concat();
    (done.status.code().expect("it ended by itself"), String::from_utf8_lossy(&said).into_owned())
}
