//! A recovery point followed by its operation log is what the source itself says it held at that moment.

use bson::{Bson, Document, RawDocumentBuf, Timestamp, doc, oid::ObjectId};
use domain::fingerprint::compare;
use mongodb::{Client, Database};
use server::runner::{
    fingerprint::{Wish, of_live, of_live_at, of_point},
    plan::Further,
    progress::Silent,
    source::{self, directory, live, oplog},
};

use super::{client, company, database, restored};

const WISH: Wish = Wish { db_hash: false, sketches: true };

/// Numbers that a seed determines.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn value(&mut self) -> Bson {
        match self.up_to(6) {
            0 => Bson::Int32(self.up_to(9) as i32),
            1 => Bson::String("x".repeat(self.up_to(40) as usize)),
            2 => Bson::Array(vec![Bson::Int32(1), doc! { "deep": [1, 2, 3] }.into()]),
            3 => doc! { "a": self.up_to(5) as i32, "b": { "c": [1, 2], "d": "x" } }.into(),
            4 => Bson::Null,
            _ => Bson::Double(0.5),
        }
    }

    fn path(&mut self) -> &'static str {
        ["a", "b", "a.b", "b.c", "a.b.c", "list", "list.1", "list.1.deep", "b.b.c.0"][self.up_to(9) as usize]
    }
}

/// One write of a kind that an application may make; what the server refuses is no write.
async fn write(db: &Database, dice: &mut Dice) {
    let name = ["one", "two"][dice.up_to(2) as usize];
    let there = db.collection::<Document>(name);
    let one = doc! { "_id": dice.up_to(60) as i32 };
    let (path, value) = (dice.path(), dice.value());
    let _refused = match dice.up_to(10) {
        0 | 1 => there.insert_one(doc! { "_id": dice.up_to(90) as i32, path.replace('.', "_"): value }).await.map(drop),
        2 => there.delete_one(one).await.map(drop),
        3 => there.replace_one(one, doc! { "a": value, "list": [1, { "deep": [4] }, 3] }).upsert(true).await.map(drop),
        4 => there.update_one(one, doc! { "$unset": { path: "" } }).await.map(drop),
        5 => there.update_one(one, doc! { "$push": { "list": value } }).await.map(drop),
        6 => there.update_one(one, doc! { "$pop": { "list": 1 } }).await.map(drop),
        7 => there.update_many(doc! {}, doc! { "$inc": { "n": 1 } }).await.map(drop),
        8 => there.update_one(one, doc! { "$rename": { "a": "z" } }).await.map(drop),
        _ => there.update_one(one, doc! { "$set": { path: value } }).upsert(true).await.map(drop),
    };
}

async fn transaction(db: &Database, n: usize, commit: bool) {
    let mut session = db.client().start_session().await.expect("a session");
    session.start_transaction().await.expect("begun");
    let there = db.collection::<Document>("one");
    let many = (0..n).map(|_| doc! { "_id": ObjectId::new(), "long": "x".repeat(4000) });
    there.insert_many(many).session(&mut session).await.expect("inserted");
    there
        .update_one(doc! { "_id": 1 }, doc! { "$set": { "in": n as i32 } })
        .session(&mut session)
        .await
        .expect("updated");
    if commit {
        session.commit_transaction().await.expect("committed");
    } else {
        session.abort_transaction().await.expect("aborted");
    }
}

async fn just_after(client: &Client) -> Timestamp {
    let now = oplog::now(client).await.expect("a moment");
    Timestamp { time: now.time, increment: now.increment + 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_leads_to_is_what_the_source_held_then() {
    let client = client().await;
    for seed in 1..=2 {
        let source = database(&format!("log_{seed}")).await;
        company::make(&source).await;
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        for _ in 0..150 {
            write(&source, &mut dice).await;
        }
        let from = oplog::now(&client).await.expect("a moment");
        // Written after the log is noted and before the copy is made: the copy holds it already.
        for _ in 0..60 {
            write(&source, &mut dice).await;
        }
        let dir = tempfile::tempdir().expect("a folder");
        live::take(&client, source.name(), dir.path(), &Silent).await.expect("taken");
        for _ in 0..150 {
            write(&source, &mut dice).await;
        }
        transaction(&source, 3, true).await;
        transaction(&source, 3, false).await;
        // More than one entry of the log can hold.
        if seed == 1 {
            transaction(&source, 4500, true).await;
        }
        let two = source.collection::<Document>("two");
        two.create_index(mongodb::IndexModel::builder().keys(doc! { "a": 1 }).build()).await.expect("indexed");
        let admin = client.database("admin");
        let full = |name: &str| format!("{}.{name}", source.name());
        for command in [
            doc! { "create": "made", "validator": { "x": { "$exists": true } } },
            doc! { "collMod": "made", "validationLevel": "moderate" },
            doc! { "create": "gone" },
            doc! { "drop": "gone" },
            doc! { "dropIndexes": "sessions", "index": "ends" },
        ] {
            source.run_command(command).await.expect("done");
        }
        let rename = doc! { "renameCollection": full("people"), "to": full("folk") };
        admin.run_command(rename).await.expect("renamed");
        source.collection("folk").insert_one(doc! { "_id": "new" }).await.expect("inserted");
        source.collection("made").insert_one(doc! { "_id": 1, "x": 1 }).await.expect("inserted");
        let until = just_after(&client).await;
        let then = of_live(&client, source.name(), WISH).await.expect("read");
        // What comes later is none of it.
        for _ in 0..40 {
            write(&source, &mut dice).await;
        }
        source.collection::<Document>("folk").drop().await.expect("dropped");

        let log = dir.path().join("oplog.bson");
        oplog::fetch(&client, source.name(), from, just_after(&client).await, &log).await.expect("fetched");
        let base = directory::open(dir.path(), source.name()).expect("it opens");
        let mut entries = oplog::of_file(&log).expect("it opens");
        let (point, applied) = oplog::applied(base, source.name(), &mut entries, Some(until)).expect("followed");
        assert!(applied.operations > 200, "{applied:?}");
        let reached = of_point(point.clone(), source.name(), WISH).await.expect("read");
        assert_eq!(compare(&then, &reached), [], "seed {seed}");
        // The source says the same of its own past.
        let past = Timestamp { time: until.time, increment: until.increment - 1 };
        let said = of_live_at(&client, source.name(), WISH, past).await.expect("read");
        let one = |f: &domain::fingerprint::Fingerprint| f.collections.iter().find(|c| c.name == "one").cloned();
        assert_eq!(one(&said).and_then(|c| c.contents), one(&reached).and_then(|c| c.contents), "seed {seed}");

        let staging = database(&format!("log_{seed}_staging")).await;
        restored(&point, &staging).await;
        let copy = of_live(&client, staging.name(), WISH).await.expect("read");
        let contents = |f: &domain::fingerprint::Fingerprint| -> Vec<_> {
            f.collections.iter().map(|c| (c.name.clone(), c.contents.clone())).collect()
        };
        assert_eq!(contents(&copy), contents(&then), "seed {seed}");
        // A dump with its log beside it is opened as what the log makes of it: here the end, where folk is gone.
        let opened = source::open(dir.path(), source.name(), &Further::default()).expect("it opens");
        assert!(opened.kind.contains("made whole by its operation log"), "{}", opened.kind);
        assert!(!opened.collections.iter().any(|c| c.name == "folk" || c.name == "people"));
        source.drop().await.expect("dropped");
        staging.drop().await.expect("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_followed_is_said_and_not_followed_nearly() {
    let db = database("log_bad").await;
    db.collection("a").insert_one(doc! { "_id": 1, "n": 1 }).await.expect("inserted");
    let dir = tempfile::tempdir().expect("a folder");
    live::take(&client().await, db.name(), dir.path(), &Silent).await.expect("taken");
    let ns = format!("{}.a", db.name());
    let command = format!("{}.$cmd", db.name());
    let at = |time: u32| Timestamp { time, increment: 1 };
    let cases: [(Document, &str); 8] = [
        (doc! { "op": "u", "ns": &ns, "o": { "$v": 1, "$set": { "n": 2 } }, "o2": { "_id": 1 } }, "before 5.0"),
        (doc! { "op": "u", "ns": &ns, "o": { "$v": 2, "diff": { "b": {} } }, "o2": { "_id": 1 } }, "does not know"),
        (doc! { "op": "u", "ns": &ns, "o": { "$v": 2, "diff": { "u": { "n": 2 } } } }, "without the _id"),
        (
            doc! { "op": "i", "ns": format!("{}.unknown", db.name()), "o": { "_id": 1 } },
            "which neither the recovery point",
        ),
        (doc! { "op": "c", "ns": &command, "o": { "convertToCapped": "a" } }, "the command convertToCapped"),
        (doc! { "op": "x", "ns": &ns, "o": {} }, "which is not known"),
        (doc! { "ns": &ns, "o": {} }, "without op"),
        (doc! { "op": "i", "ns": format!("{}.system.views", db.name()), "o": { "_id": "v" } }, "a view was made"),
    ];
    for (mut entry, says) in cases {
        entry.insert("ts", at(1_700_000_000));
        let mut entries = vec![RawDocumentBuf::try_from(&entry).expect("BSON")].into_iter();
        let base = directory::open(dir.path(), db.name()).expect("it opens");
        let error = oplog::applied(base, db.name(), &mut || Ok(entries.next()), None).expect_err(says);
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }
    // Two logs with a gap between them, and a moment that is in neither.
    let noop = |time: u32| {
        let entry = doc! { "op": "n", "ns": "", "o": {}, "ts": at(time) };
        RawDocumentBuf::try_from(&entry).expect("BSON").into_bytes()
    };
    let later = dir.path().join("later.bson");
    let further = |until: Option<&str>| Further {
        oplog: Some(later.clone()),
        until: until.map(|at| domain::Moment::parse(at).expect("a moment")),
    };
    std::fs::write(dir.path().join("oplog.bson"), [noop(1_700_000_000), noop(1_700_000_100)].concat())
        .expect("written");
    for (log, until, says) in [
        ([1_700_000_200, 1_700_000_300], None, "begins after the dump's end"),
        ([1_700_000_050, 1_700_000_300], Some("2023-11-14T22:14:30Z"), "before the dump's end"),
        ([1_700_000_050, 1_700_000_300], Some("2023-11-14T00:00:00Z"), "it begins later"),
    ] {
        std::fs::write(&later, log.map(noop).concat()).expect("written");
        let error = source::open(dir.path(), db.name(), &further(until)).expect_err(says);
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }
    std::fs::write(&later, [noop(1_700_000_050), noop(1_700_000_300)].concat()).expect("written");
    let point = source::open(dir.path(), db.name(), &further(None)).expect("it opens");
    assert_eq!(point.taken_at.millis() / 1000, 1_700_000_300);
    db.drop().await.expect("dropped");
}
