//! The keys in the ledger: sealed once whoever starts first, found when somebody changes them, carried by bundles.

use app::ports::{Clock, Wish};
use bson::doc;
use chrono::TimeDelta;
use domain::{
    Moment,
    key::{Event, Key, KeyEvent},
    proof::{
        checkpoint, layout,
        verify::{Trust, verify},
    },
    record::Tampering,
    role::{Actor, Role, Scope},
    schedule::Period,
};
use futures::TryStreamExt;
use server::{
    clock,
    compose::{House, SystemClock},
    ledger::{keys, watch},
    sign::Folder,
};

use super::now;
use crate::{
    bundle::{open, wrong},
    portal::{Portal, attestation, text},
};

/// Entries of the ledger, in its order.
async fn entries(portal: &Portal, which: bson::Document) -> Vec<bson::Document> {
    let entries = portal.house.store.documents("ledger_entries");
    let found = entries.find(which).sort(doc! { "_id": 1 }).await.expect("entries");
    found.try_collect().await.expect("entries")
}

async fn sealed(portal: &Portal) -> Vec<String> {
    entries(portal, doc! { "kind": "key" })
        .await
        .iter()
        .map(|row| row.get_str("rid").expect("a name").to_owned())
        .collect()
}

fn folder(portal: &Portal) -> Folder {
    Folder::configured(&portal.house.config.keys)
}

async fn bundle(house: &House) -> Vec<u8> {
    let actor = Actor { id: "o".into(), name: "o".into(), role: Role::Owner, scope: Scope::EVERYTHING };
    let period = Period::quarter("2026-Q2").expect("q");
    let wish = Wish { period_name: "2026-Q2".into(), period, controls: vec![], sample: None };
    let made = house.exports.make(&actor, &wish).await.expect("a bundle");
    let file = house.exports.download(&actor, &made.id).await.expect("its file").expect("its file");
    file.whole().await.expect("its bytes")
}

fn config(portal: &Portal) -> (String, String) {
    let company = &portal.house.config.company;
    (company.name.clone(), company.log.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_seals_the_keys_once_also_for_portals_that_start_together() {
    let portal = Portal::open().await;
    assert!(sealed(&portal).await.is_empty(), "opening seals nothing");
    let twin = portal.twin().await;
    let (one, other) = tokio::join!(portal.house.begin(), twin.begin());
    one.expect("begun");
    other.expect("begun");
    portal.house.begin().await.expect("and again");
    let names = sealed(&portal).await;
    assert_eq!(names.len(), 3, "{names:?}");
    let words: Vec<&str> = names.iter().filter_map(|n| n.split('-').next()).collect();
    assert_eq!(words, ["root", "signer", "log"]);
    assert_eq!(portal.assert_ledger_whole().await, 3);
    let kept: Vec<bson::Document> = portal
        .house
        .store
        .documents("keys")
        .find(doc! {})
        .await
        .expect("records")
        .try_collect()
        .await
        .expect("records");
    let said = format!("{kept:?}");
    assert!(said.contains(&portal.house.ledger.keys.root_fingerprint()) && !said.contains("PRIVATE"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_changed_while_the_portal_slept_is_sealed_at_its_next_start_and_the_head_carries_both_signatures() {
    let portal = Portal::open().await;
    portal.house.begin().await.expect("begun");
    portal.insert("backup_audit_log", [attestation("alder", "2026-05-03T03:00:00Z")]).await;
    let old = portal.house.ledger.keys.clone();
    let early = bundle(&portal.house).await;
    let (org, log) = config(&portal);
    folder(&portal).rotate_signer(&org, &log, None, now(), "founder").expect("rotated");
    folder(&portal).rotate_log(&log, now(), "founder").expect("rotated");

    let twin = portal.twin().await;
    let unsealed = keys::unsealed(&twin.ledger, &folder(&portal)).await.expect("counted");
    assert_eq!(unsealed, 2);
    // Before anything is appended the head is the earlier portal's; it is shown with today's signatures all the same.
    let head = twin.ledger.head().await.expect("a head");
    assert!(twin.ledger.keys.signed(&head.checkpoint));
    twin.begin().await.expect("begun");
    assert_eq!(sealed(&portal).await.len(), 5);
    assert_eq!(keys::unsealed(&twin.ledger, &folder(&portal)).await.expect("counted"), 0);

    // A portal that was not started again appends with its earlier key alone; nothing is lost by it.
    portal.insert("backup_audit_log", [attestation("birch", "2026-05-03T03:00:00Z")]).await;
    let late = bundle(&twin).await;
    for (what, zip) in [("before", &early), ("after", &late)] {
        let trust = Trust { previous: Some(early.clone()), ..old.anchors(&org, Vec::new()).trust() };
        let report = verify(zip, &trust, SystemClock.now());
        assert!(report.verified(), "{what}: {}", wrong(&report));
        assert!(report.checks.iter().any(|c| c.what == "The keys in the ledger"), "{what}");
    }
    let files = open(&late);
    let records = files.text("data/keys/keys.jsonl");
    let events: Vec<KeyEvent> = records
        .lines()
        .map(|l| serde_json::from_value(domain::ejson::plain(&serde_json::from_str(l).expect("JSON"))).expect("a key"))
        .collect();
    assert_eq!(events.len(), 5, "the three of the beginning lie close enough: {records}");
    assert!(events.iter().any(|e| e.event == Event::Rotated && matches!(e.key, Key::Log { .. }) && e.by == "founder"));
    assert_eq!(files.text(layout::VKEY).lines().count(), 2);
    let note = files.text(layout::CHECKPOINT);
    assert_eq!(checkpoint::open_by(&note, &twin.ledger.keys.vkeys()).expect("it opens").1.len(), 2);

    // The page that compares an earlier checkpoint knows the earlier key.
    let router = server::http::router(&twin);
    let asked =
        format!("/ledger?earlier={}", form_urlencoded::byte_serialize(earlier(&early).as_bytes()).collect::<String>());
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let request = axum::http::Request::get(asked)
        .header("host", "portal.test")
        .header("accept", "text/html")
        .header("cookie", cookie)
        .body(axum::body::Body::empty())
        .expect("a request");
    let page = text(tower::ServiceExt::oneshot(router, request).await.expect("an answer")).await;
    assert!(page.contains("nothing rewritten") && page.contains("Keys it had before"), "{page}");
    portal.assert_ledger_whole().await;
}

fn earlier(zip: &[u8]) -> String {
    open(zip).text(layout::CHECKPOINT)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_keys_from_before_there_was_a_journal_is_sealed_as_found() {
    let portal = Portal::open().await;
    std::fs::remove_file(folder(&portal).dir().join("journal.jsonl")).expect("gone");
    portal.house.begin().await.expect("begun");
    let found = portal.house.store.documents("keys").count_documents(doc! { "event": "found", "by": "portal" }).await;
    assert_eq!(found.expect("a count"), 3);
    portal.house.begin().await.expect("and again");
    assert_eq!(portal.assert_ledger_whole().await, 3);
    std::fs::write(folder(&portal).dir().join("journal.jsonl"), "{\"schema\":1}\n").expect("written");
    let refused = format!("{:#}", portal.house.begin().await.expect_err("a damaged journal"));
    assert!(refused.contains("journal.jsonl") && refused.contains("line 1"), "{refused}");
    assert_eq!(portal.assert_ledger_whole().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_record_that_was_changed_or_deleted_is_found() {
    let portal = Portal::open().await;
    portal.house.begin().await.expect("begun");
    let records = portal.house.store.documents("keys");
    records.update_one(doc! { "what": "root" }, doc! { "$set": { "by": "nobody" } }).await.expect("updated");
    records.delete_one(doc! { "what": "signer" }).await.expect("deleted");
    watch::scan(&portal.house.ledger).await.expect("scanned");
    use app::ports::Ledger as _;
    let mut found: Vec<_> =
        portal.house.evidence.alarms().await.expect("alarms").iter().map(|a| (a.seq, a.what)).collect();
    found.sort_by_key(|(seq, _)| *seq);
    assert_eq!(found, [(0, Tampering::Changed), (1, Tampering::Deleted)]);
    // And no bundle is made that would carry it.
    portal.insert("backup_audit_log", [attestation("alder", "2026-05-03T03:00:00Z")]).await;
    let actor = Actor { id: "o".into(), name: "o".into(), role: Role::Owner, scope: Scope::EVERYTHING };
    let period = Period::quarter("2026-Q2").expect("q");
    let wish = Wish { period_name: "2026-Q2".into(), period, controls: vec![], sample: None };
    let refused = portal.house.exports.make(&actor, &wish).await.expect_err("no bundle").to_string();
    assert!(refused.contains("keys root-") || refused.contains("keys signer-"), "{refused}");
}

struct Off(i64);

impl Clock for Off {
    fn now(&self) -> Moment {
        SystemClock.now().plus_millis(self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_an_hour_off_is_said_and_the_ledger_stays_whole_and_in_order() {
    const HOUR: i64 = 3_600_000;
    let portal = Portal::open().await;
    portal.house.begin().await.expect("begun");
    for (off, says) in [(HOUR, "1 h ahead of the database's"), (-HOUR, "behind the database's")] {
        let clock = std::sync::Arc::new(Off(off));
        let mut house = portal.twin().await;
        house.clock = clock.clone();
        let findings = server::doctor::clocks(&house).await;
        let said = findings.iter().find(|f| f.what == "clock").expect("it was looked at");
        assert!(!said.ok && said.next.contains("NTP"), "{}", said.found);
        let ms = clock::ahead_of_database(&house.store, &*house.clock).await.expect("a difference");
        assert!((ms - off).abs() < 5_000, "{ms}");
        let near = clock::says(off, "the database's");
        assert!(near.contains(says), "{near}");

        // Appended with the wrong clock: never dated before what is there.
        let ledger = server::ledger::Ledger::new(house.store.clone(), house.ledger.keys.clone(), clock);
        portal
            .house
            .store
            .documents("backup_audit_log")
            .insert_one(attestation("x", "2026-05-03T03:00:00Z"))
            .await
            .expect("inserted");
        watch::scan(&ledger).await.expect("scanned");
    }
    portal.assert_ledger_whole().await;
    let rows = entries(&portal, doc! {}).await;
    let times: Vec<_> = rows.iter().map(|row| *row.get_datetime("at").expect("a time")).collect();
    assert!(times.is_sorted(), "{times:?}");
    // Keys made by a clock an hour ahead hold already for everybody else.
    let dir = tempfile::tempdir().expect("a folder");
    let ahead = now() + TimeDelta::minutes(59);
    let keys = Folder::new(dir.path(), None).open_or_create("CARTIE", "l/c", ahead, "x").expect("keys");
    keys.may_sign_at(SystemClock.now()).expect("they hold now");
}
