//! The ledger on a real replica set: several writers, what others write, and what was tampered with.

use app::ports::Ledger as _;
use bson::doc;
use domain::record::Tampering;
use server::ledger::{canonical, watch};

use crate::portal::{Portal, at, attestation, document};

#[tokio::test(flavor = "multi_thread")]
async fn several_portals_append_at_once_without_a_fork_or_a_lost_entry() {
    let portal = Portal::open().await;
    let mut writers = Vec::new();
    for writer in 0..4 {
        let house = portal.twin().await;
        writers.push(tokio::spawn(async move {
            for n in 0..15 {
                let record = attestation(&format!("t{writer}"), "2026-03-01T03:00:00Z");
                let json = bson::Bson::Document(record).into_canonical_extjson();
                let item = canonical::insert("backup_audit_log", &format!("{writer}-{n}"), &json).expect("an item");
                house.ledger.append_one(item).await.expect("appended");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("a writer ends");
    }
    assert_eq!(portal.assert_ledger_whole().await, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_portals_that_see_the_same_record_seal_it_once() {
    let portal = Portal::open().await;
    let twin = portal.twin().await;
    let many = (0..100).map(|n| attestation(&format!("t{n}"), "2026-03-01T03:00:00Z"));
    portal.house.store.documents("backup_audit_log").insert_many(many).await.expect("inserted");
    let (a, b) = tokio::join!(watch::scan(&portal.house.ledger), watch::scan(&twin.ledger));
    a.expect("scanned");
    b.expect("scanned");
    assert_eq!(portal.assert_ledger_whole().await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_writes_is_sealed_and_what_it_changes_is_found() {
    let portal = Portal::open().await;
    let house = portal.house.clone();
    let watching = tokio::spawn(watch::run(house.ledger.clone()));
    let log = house.store.documents("backup_audit_log");
    let inserted = log.insert_one(attestation("a", "2026-03-01T03:00:00Z")).await.expect("inserted").inserted_id;
    let other = log.insert_one(attestation("b", "2026-03-01T03:00:00Z")).await.expect("inserted").inserted_id;
    wait(async || house.ledger.head().await.expect("a head").size == 2).await;
    assert!(house.evidence.alarms().await.expect("alarms").is_empty());

    log.update_one(doc! { "_id": &inserted }, doc! { "$set": { "tenant": "c" } }).await.expect("updated");
    log.delete_one(doc! { "_id": &other }).await.expect("deleted");
    wait(async || house.evidence.alarms().await.expect("alarms").len() == 2).await;
    let mut found: Vec<_> = house.evidence.alarms().await.expect("alarms").iter().map(|a| (a.seq, a.what)).collect();
    found.sort_by_key(|(seq, _)| *seq);
    assert_eq!(found, [(0, Tampering::Changed), (1, Tampering::Deleted)]);

    // The collection replaced: every sealed record of it is gone.
    log.drop().await.expect("dropped");
    wait(async || house.evidence.alarms().await.expect("alarms").len() == 3).await;
    watching.abort();
    assert_eq!(portal.assert_ledger_whole().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tampering_while_the_portal_slept_is_found_at_the_start() {
    let portal = Portal::open().await;
    portal.insert("backup_audit_log", [attestation("a", "2026-03-01T03:00:00Z")]).await;
    let log = portal.house.store.documents("backup_audit_log");
    log.update_one(doc! {}, doc! { "$set": { "tenant": "b" } }).await.expect("updated");
    watch::scan(&portal.house.ledger).await.expect("scanned");
    let alarms = portal.house.evidence.alarms().await.expect("alarms");
    assert_eq!((alarms.len(), alarms[0].what), (1, Tampering::Changed));
    // Pages still show what was sealed, and that it is broken.
    use app::ports::Attestations;
    let grid = portal.house.evidence.grid(&domain::role::Scope::EVERYTHING).await.expect("a grid");
    assert_eq!((grid[0].tenant.as_str(), grid[0].seal.broken), ("a", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_contradicts_itself_is_not_signed_over() {
    let portal = Portal::open().await;
    portal.insert("backup_audit_log", [attestation("a", "2026-03-01T03:00:00Z")]).await;
    let heads = portal.house.store.documents("ledger_head");
    heads.update_one(doc! {}, doc! { "$set": { "root": "0".repeat(64) } }).await.expect("updated");
    let item = canonical::insert("draws", "d", &document(&doc! { "by": "x" })).expect("an item");
    let refused = portal.house.ledger.append_one(item).await.expect_err("nothing is signed");
    assert!(refused.to_string().contains("frontier"), "{refused}");
    let entries = portal.house.store.documents("ledger_entries").count_documents(doc! {}).await.expect("a count");
    assert_eq!(entries, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_sealed_stops_no_other() {
    let portal = Portal::open().await;
    let mut dollar = attestation("a", "2026-03-01T03:00:00Z");
    dollar.insert("x", doc! { "$numberLong": "5" });
    let good = attestation("b", at("2026-03-01T03:00:00Z").rfc3339().as_str());
    portal.insert("backup_audit_log", [dollar, good]).await;
    assert_eq!(portal.assert_ledger_whole().await, 1);
}

/// Until it is so, for ten seconds: "within seconds" is the promise.
pub async fn wait(so: impl AsyncFn() -> bool) {
    for _ in 0..100 {
        if so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it did not come to be within ten seconds");
}
