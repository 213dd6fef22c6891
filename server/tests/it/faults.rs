//! Which step of an append fails, and whether it was persisted anyway. Afterwards the whole ledger is verified again.

use app::ports::PortError;
use bson::{Document, doc};
use mongodb::Client;
use server::{compose::House, ledger::canonical};

use crate::portal::{Portal, attestation, config};

struct Fault {
    /// The command that fails, once each time.
    command: &'static str,
    times: i32,
    how: How,
    /// Whether the append must succeed all the same.
    survives: bool,
}

enum How {
    /// The server answers this error.
    Error(i32, &'static [&'static str]),
    /// The connection closes before the answer: persisted or not, the client cannot know.
    Hangs,
    /// The write is done and the acknowledgement fails.
    AfterWrite,
}

const TRANSIENT: &[&str] = &["TransientTransactionError"];

/// A mongod has one such fail point: whoever arms it waits for the other.
static ARMED: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_fails_leaves_all_of_it_or_nothing() {
    let table = [
        Fault { command: "insert", times: 1, how: How::Error(112, TRANSIENT), survives: true },
        Fault { command: "insert", times: 1, how: How::Error(8000, &[]), survives: false },
        Fault { command: "update", times: 1, how: How::Error(112, TRANSIENT), survives: true },
        Fault { command: "update", times: 1, how: How::Hangs, survives: false },
        Fault { command: "find", times: 1, how: How::Error(8000, &[]), survives: false },
        Fault { command: "commitTransaction", times: 1, how: How::Hangs, survives: true },
        Fault { command: "commitTransaction", times: 1, how: How::AfterWrite, survives: true },
        Fault { command: "commitTransaction", times: 1, how: How::Error(112, TRANSIENT), survives: true },
    ];
    let portal = Portal::open().await;
    let _armed = ARMED.lock().await;
    for (n, fault) in table.iter().enumerate() {
        let before = portal.assert_ledger_whole().await;
        // A client that the fail point knows by name; others in this run are not disturbed.
        let name = format!("fault-{}-{n}", std::process::id());
        let uri = format!("{}&appName={name}", crate::portal::mongod());
        let house = open_named(&portal, &uri, &name).await;
        arm(&house.store.client, &name, fault).await;
        let record = bson::Bson::Document(attestation("a", "2026-03-01T03:00:00Z")).into_canonical_extjson();
        let item = canonical::insert("backup_audit_log", &format!("fault-{n}"), &record).expect("an item");
        let appended = house.ledger.append_one(item).await;
        disarm(&portal.house.store.client).await;

        let after = portal.assert_ledger_whole().await;
        let log = portal.house.store.documents("backup_audit_log");
        let there = log.find_one(doc! { "_id": format!("fault-{n}") }).await.expect("found").is_some();
        assert_eq!(there, after > before, "row {n}: the record and its entry come together");
        match appended {
            Ok(seal) => assert_eq!(seal.seq, before, "row {n}"),
            // "Unknown" is allowed for what the client cannot know; a lost entry that was promised is not.
            Err(PortError::Conflict(_)) => panic!("row {n}: a fault is not a conflict"),
            Err(e) => assert!(!fault.survives, "row {n} should have survived: {e}"),
        }
        if fault.survives {
            assert_eq!(after, before + 1, "row {n}");
        }
    }
}

async fn open_named(portal: &Portal, uri: &str, name: &str) -> House {
    let mut house = portal.twin().await;
    let mut options = mongodb::options::ClientOptions::parse(uri).await.expect("an address");
    options.app_name = Some(name.to_owned());
    options.write_concern = Some(mongodb::options::WriteConcern::majority());
    let client = Client::with_options(options).expect("a client");
    let db = client.database(portal.house.store.db.name());
    house.store = server::store::Store { client, db };
    let ledger = server::ledger::Ledger::new(house.store.clone(), house.ledger.keys.clone(), house.clock.clone());
    house.ledger = std::sync::Arc::new(ledger);
    // The head exists already, so that the fault meets the append and not its making.
    house.ledger.head().await.expect("a head");
    house
}

async fn arm(client: &Client, name: &str, fault: &Fault) {
    let mut data = doc! { "failCommands": [fault.command], "appName": name };
    match fault.how {
        How::Error(code, labels) => {
            data.insert("errorCode", code);
            data.insert("errorLabels", labels.to_vec());
        }
        How::Hangs => {
            data.insert("closeConnection", true);
        }
        How::AfterWrite => {
            data.insert("writeConcernError", doc! { "code": 91, "errmsg": "shutting down" });
        }
    }
    fail_point(client, doc! { "times": fault.times }, data).await;
}

async fn disarm(client: &Client) {
    let command = doc! { "configureFailPoint": "failCommand", "mode": "off" };
    client.database("admin").run_command(command).await.expect("disarmed");
}

async fn fail_point(client: &Client, mode: Document, data: Document) {
    let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
    client.database("admin").run_command(command).await.expect("armed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_or_unknown_migration_is_refused_and_changes_nothing() {
    let portal = Portal::open().await;
    let migrations = portal.house.store.documents("migrations");
    for (change, says) in
        [(doc! { "$set": { "sha256": "0" } }, "applied from other text"), (doc! { "$set": { "_id": "x" } }, "")]
    {
        if says.is_empty() {
            migrations.insert_one(doc! { "_id": "9999_from_the_future", "sha256": "0" }).await.expect("inserted");
        } else {
            migrations.update_one(doc! {}, change).await.expect("updated");
        }
        let refused = server::store::migrate::migrate(&portal.house.store, false).await.err().expect("refused");
        let expected = if says.is_empty() { "newer Passmuster" } else { says };
        assert!(format!("{refused:#}").contains(expected), "{refused:#}");
        migrations.delete_many(doc! {}).await.expect("cleared");
        server::store::migrate::migrate(&portal.house.store, false).await.expect("applied again, with no harm");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_refused_with_what_to_do() {
    let keys = tempfile::tempdir().expect("a folder");
    let nobody = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300";
    for (uri, says) in [(nobody, "Is mongod running"), ("not an address", "not a MongoDB address")] {
        let refused = House::open(config(uri, "x", keys.path())).await.err().expect("refused");
        assert!(format!("{refused:#}").contains(says), "{refused:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standalone_is_refused_with_the_line_that_mends_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let mut child = tokio::process::Command::new(server::demo::mongod::binary().expect("a mongod"))
        .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet", "--port", &port.to_string(), "--dbpath"])
        .arg(dir.path())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("mongod starts");
    let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let refused = House::open(config(&uri, "x", dir.path())).await.err().expect("refused");
    assert!(format!("{refused:#}").contains("--replSet rs0"), "{refused:#}");
    child.kill().await.expect("stopped");
}

/// Places that cannot take a bundle, and what is said to do; a small disk only where the test may mount one.
fn scratch_that_fails(dir: &std::path::Path) -> Vec<(&'static str, std::path::PathBuf, &'static str)> {
    let mut all = vec![("a folder that is not there", dir.join("nowhere"), "may write there")];
    let small = dir.join("small");
    std::fs::create_dir(&small).expect("a folder");
    let mut mount = std::process::Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&small);
    if mount.status().is_ok_and(|done| done.success()) {
        all.push(("a full disk", small, "make room on that disk"));
    } else {
        eprintln!("the test may not mount a small disk: the full one is left out");
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_take_a_bundle_ends_it_with_the_reason_and_the_ledger_is_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let portal = Portal::open_quiet().await;
    portal.insert("backup_audit_log", [attestation("alder", "2026-05-03T03:00:00Z")]).await;
    let actor = domain::role::Actor {
        id: "o".into(),
        name: "o".into(),
        role: domain::role::Role::Owner,
        scope: domain::role::Scope::EVERYTHING,
    };
    let period = domain::schedule::Period::quarter("2026-Q2").expect("a quarter");
    let wish = app::ports::Wish { period_name: "2026-Q2".into(), period, controls: vec![], sample: None };
    let whole = portal.assert_ledger_whole().await;
    for (what, scratch, next) in scratch_that_fails(dir.path()) {
        let mut exports = portal.house.exports.clone();
        exports.scratch = server::exports::spool::Scratch(scratch.clone());
        let refused = exports.make(&actor, &wish).await.expect_err(what).to_string();
        for part in ["No bundle was made", &scratch.display().to_string(), next] {
            assert!(refused.contains(part), "{what}: {part} in {refused}");
        }
        assert_eq!(portal.assert_ledger_whole().await, whole, "{what}");
        if scratch.exists() {
            assert_eq!(std::fs::read_dir(&scratch).expect("it reads").count(), 0, "{what}: nothing is left");
            std::process::Command::new("umount").arg(&scratch).status().expect("unmounted");
        }
    }
    portal.house.exports.make(&actor, &wish).await.expect("with room there is a bundle");
    assert_eq!(portal.assert_ledger_whole().await, whole + 1);
}

/// A step of a request with a file: which command fails, and whether the step is taken all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_sealed_changes_nothing_and_can_be_sent_again() {
    use app::ports::requests::{Reader, Requests as _};
    use domain::{
        attachment::{Attachment, FileType},
        request::{Question, Request},
        role::{Actor, Role, Scope},
    };
    use server::{
        notify::outbox::{Change, Outbox},
        store::{
            attachments::Upload,
            evidence::Evidence,
            requests::{Requests, Written},
        },
    };
    let portal = Portal::open_quiet().await;
    let reader = |id: &str, role| Reader {
        actor: Actor { id: id.into(), name: id.into(), role, scope: Scope::EVERYTHING },
        audit: None,
    };
    let (auditor, owner) = (reader("auditor", Role::Auditor), reader("owner", Role::Owner));
    let question = Question { title: "The drills".into(), ..Question::default() };
    let id = portal.house.requests.ask(&auditor, question, Written::default()).await.expect("asked");
    let written = |n: usize| {
        let content = format!("answer {n}\n");
        let mut file = tempfile::tempfile().expect("a file");
        std::io::Write::write_all(&mut file, content.as_bytes()).expect("written");
        let sha256 = domain::proof::sha256_hex(content.as_bytes());
        let attachment = Attachment { sha256, name: "a.txt".into(), kind: FileType::Text, bytes: content.len() as u64 };
        Written { words: format!("Answer {n}"), files: vec![Upload { file, attachment }], ..Written::default() }
    };
    // Commands let through, then those that fail: a part of the file, the file, then the ledger's own.
    let fails = doc! { "errorCode": 8000 };
    let hangs = doc! { "closeConnection": true };
    let table = [
        ("the request cannot be read", "find", 0, &fails, Some(false), 0),
        ("the file's part", "insert", 0, &fails, Some(false), 0),
        ("the file", "insert", 1, &fails, Some(false), 0),
        ("the ledger's entry", "insert", 2, &fails, Some(false), 1),
        ("the head", "update", 0, &fails, Some(false), 1),
        ("the acknowledgement of the commit", "commitTransaction", 0, &hangs, Some(true), 1),
        ("the draft is not dropped", "delete", 0, &fails, Some(true), 1),
    ];
    let _armed = ARMED.lock().await;
    for (n, (what, command, through, how, taken, files)) in table.into_iter().enumerate() {
        let thread = async || portal.house.requests.thread(&owner, &id).await.expect("read").expect("it is there");
        let before = (portal.assert_ledger_whole().await, thread().await.version);
        let kept =
            async || portal.house.store.documents("attachments.files").count_documents(doc! {}).await.expect("a count");
        let kept_before = kept().await;
        let name = format!("request-fault-{}-{n}", std::process::id());
        let house = open_named(&portal, &format!("{}&appName={name}", crate::portal::mongod()), &name).await;
        let outbox = Outbox { store: house.store.clone() };
        let requests =
            Requests { evidence: Evidence { ledger: house.ledger.clone() }, notices: std::sync::Arc::new(outbox) };
        let mut data = doc! { "failCommands": [command], "appName": &name };
        data.extend(how.clone());
        let mode = if through > 0 {
            doc! { "skip": through }
        } else {
            doc! { "times": 1 }
        };
        fail_point(&portal.house.store.client, mode, data).await;
        let said = requests.say(&owner, &id, before.1, Change::Answered, Request::answer, written(n)).await;
        disarm(&portal.house.store.client).await;
        let after = (portal.assert_ledger_whole().await, thread().await.version);
        assert_eq!(said.is_ok(), taken == Some(true), "{what}: {said:?}");
        let expected = if said.is_ok() { (before.0 + 1, before.1 + 1) } else { before };
        assert_eq!(after, expected, "{what}");
        assert_eq!(kept().await, kept_before + files, "{what}: files kept");
        if said.is_err() {
            // The same again, with the same file, goes through, and keeps it once.
            let said = portal.house.requests.say(&owner, &id, after.1, Change::Answered, Request::answer, written(n));
            said.await.unwrap_or_else(|e| panic!("{what}: {e}"));
            assert_eq!(kept().await, kept_before + 1, "{what}: kept once");
        }
        let newest = thread().await.request.value;
        let file = newest.thread.last().expect("a message").attachments[0].sha256.clone();
        let whole = server::store::attachments::Attachments::new(&portal.house.store).whole(&file).await.expect("read");
        assert!(whole.is_some(), "{what}: what is sealed is there");
    }
}
