//! A database with one of everything that a restore may lose.

use bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::Database;

/// The largest document that a server takes: 16 MiB to the byte.
pub const LARGEST: usize = 16 * 1024 * 1024;

pub async fn make(db: &Database) {
    let run = async |command: Document| db.run_command(command).await.expect("done");
    // Documents older than their validator.
    insert(db, "orders", (0..2500).map(|n| doc! { "_id": n, "total": if n == 7 { Bson::Null } else { n.into() } }))
        .await;
    run(doc! { "collMod": "orders", "validator": { "total": { "$type": "int" } }, "validationLevel": "strict" }).await;
    run(doc! { "createIndexes": "orders", "indexes": [
        { "name": "total_1", "key": { "total": 1 }, "unique": true, "partialFilterExpression": { "total": { "$gt": 5 } } },
        { "name": "both", "key": { "total": -1, "_id": 1 }, "sparse": true },
    ] })
    .await;
    run(doc! { "create": "people", "collation": { "locale": "de", "strength": 2 } }).await;
    run(doc! { "createIndexes": "people", "indexes": [
        { "name": "plain", "key": { "name": 1 }, "collation": { "locale": "simple" } },
        { "name": "german", "key": { "town": 1 } },
    ] })
    .await;
    insert(db, "people", ["Ärger", "anna", "ANTON"].map(|n| doc! { "_id": n, "name": n, "town": "Köln" })).await;
    run(doc! { "create": "log", "capped": true, "size": 65536, "max": 500 }).await;
    insert(db, "log", (0..700).rev().map(|n| doc! { "_id": n })).await;
    // Measurements of last century and rules that would delete them, and everything else, at once.
    run(doc! { "create": "weather", "timeseries": { "timeField": "at", "metaField": "town", "granularity": "hours" },
    "expireAfterSeconds": 3600_i64 })
    .await;
    let then = bson::DateTime::now().timestamp_millis();
    insert(
        db,
        "weather",
        (0..300).map(|n| doc! { "at": bson::DateTime::from_millis(then + n), "town": n % 3, "c": n }),
    )
    .await;
    insert(db, "sessions", (0..50).map(|n| doc! { "_id": n, "until": bson::DateTime::from_millis(then + 3_600_000) }))
        .await;
    run(doc! { "createIndexes": "sessions", "indexes": [
        { "name": "ends", "key": { "until": 1 }, "expireAfterSeconds": 30 },
        { "name": "places", "key": { "at": "2dsphere" } }, { "name": "words", "key": { "$**": "text" } },
        { "name": "wild", "key": { "a.$**": 1 } }, { "name": "hash", "key": { "x": "hashed" } },
        { "name": "hidden", "key": { "y": 1 }, "hidden": true },
    ] })
    .await;
    run(doc! { "create": "by_key", "clusteredIndex": { "key": { "_id": 1 }, "unique": true, "name": "the key" } })
        .await;
    insert(db, "by_key", (0..20).map(|n| doc! { "_id": n * 3, "x": "y" })).await;
    run(doc! { "create": "open_orders", "viewOn": "orders", "pipeline": [{ "$match": { "total": { "$gt": 9 } } }] })
        .await;
    run(doc! { "create": "a_view_of_a_view", "viewOn": "open_orders", "pipeline": [{ "$limit": 3 }] }).await;
    run(doc! { "create": "french", "viewOn": "sessions", "pipeline": [], "collation": { "locale": "fr" } }).await;
    let odd = doc! { "_id": { "a.b": 1, "c": [1] }, "a.b": 1, "$set": { "$x": 1, "y.z": 2 }, "": 0 };
    insert(db, "caf\u{e9}s / 100% odd", [odd, doc! { "_id": 2.5, "x": bson::Bson::MinKey }]).await;
    insert(db, "nothing", [doc! { "_id": 1 }]).await;
    db.collection::<Document>("nothing").delete_many(doc! {}).await.expect("emptied");
    let mut large = RawDocumentBuf::new();
    large.append(bson::cstr!("_id"), 1);
    let rest = LARGEST - large.as_bytes().len() - "\x02text\0____\0".len();
    large.append(bson::cstr!("text"), "x".repeat(rest));
    assert_eq!(large.as_bytes().len(), LARGEST);
    db.collection::<RawDocumentBuf>("large").insert_one(large).await.expect("inserted");
}

pub async fn insert(db: &Database, collection: &str, documents: impl IntoIterator<Item = Document>) {
    db.collection::<Document>(collection).insert_many(documents).await.expect("inserted");
}
