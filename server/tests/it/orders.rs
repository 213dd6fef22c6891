//! Bundles that were ordered: made whether or not anybody waits, once each, whatever ends in between.

use std::time::Duration;

use app::ports::{Bundles, Stage, Wish};
use bson::doc;
use domain::{
    role::{Actor, Role, Scope},
    schedule::Period,
};
use server::exports::orders::make;

use crate::portal::{Portal, attestation};

const LONG: Duration = Duration::from_secs(60);

fn owner() -> Actor {
    Actor { id: "o".into(), name: "o".into(), role: Role::Owner, scope: Scope::EVERYTHING }
}

fn wish() -> Wish {
    let period = Period::quarter("2026-Q2").expect("a quarter");
    Wish { period_name: "2026-Q2".into(), period, controls: vec![], sample: None }
}

/// A portal that does not look for orders by itself.
async fn quiet() -> Portal {
    let portal = Portal::open_quiet().await;
    portal.insert("backup_audit_log", [attestation("alder", "2026-05-03T03:00:00Z")]).await;
    portal
}

/// The lease of whoever is making it ends now.
async fn lease_ends(portal: &Portal) {
    let long_ago = bson::DateTime::from_millis(0);
    let ended = doc! { "$set": { "leaseUntil": long_ago } };
    portal.house.store.documents("bundle_orders").update_many(doc! {}, ended).await.expect("written");
}

#[tokio::test]
async fn an_order_is_made_while_nobody_waits_and_says_how_it_stands() {
    let portal = quiet().await;
    let exports = &portal.house.exports;
    let id = exports.order(&owner(), &wish()).await.expect("an order");
    let order = exports.ordered(&owner(), &id, Duration::ZERO).await.expect("asked").expect("it is mine");
    assert_eq!(order.stage, Stage::Waiting);
    assert_eq!(exports.on_their_way(&owner()).await.expect("a list").len(), 1);
    let other = Actor { id: "somebody else".into(), ..owner() };
    assert!(exports.ordered(&other, &id, Duration::ZERO).await.expect("asked").is_none());
    assert!(exports.on_their_way(&other).await.expect("a list").is_empty());

    tokio::spawn(server::exports::orders::run(portal.house.clone()));
    let order = exports.ordered(&owner(), &id, LONG).await.expect("asked").expect("it is mine");
    assert_eq!(order.stage, Stage::Made("B-001".into()));
    assert!(exports.on_their_way(&owner()).await.expect("a list").is_empty());
    assert!(exports.download(&owner(), "B-001").await.expect("a file").is_some());
}

#[tokio::test]
async fn an_order_whose_portal_ended_is_finished_by_another_and_gives_one_bundle() {
    let portal = quiet().await;
    let (exports, store) = (&portal.house.exports, &portal.house.store);
    let id = exports.order(&owner(), &wish()).await.expect("an order");
    let now = portal.house.clock.now();
    let first = store.take_order(now).await.expect("taken").expect("an order");
    assert!(store.take_order(now).await.expect("asked").is_none(), "nobody else takes it under the lease");

    // The first portal ends before it made anything; a twin takes the order up, seals the bundle and ends too.
    lease_ends(&portal).await;
    let twin = portal.twin().await;
    let second = twin.store.take_order(now).await.expect("taken").expect("an order");
    assert!(second.turn > first.turn);
    let progress = server::exports::orders::Progress::default();
    assert!(!store.tell_order(&first, &Default::default(), now).await.expect("told"), "the first has lost it");
    twin.exports.make_ordered(&second.actor, &second.wish, Some(&second.id), &progress).await.expect("a bundle");

    lease_ends(&portal).await;
    let third = store.take_order(now).await.expect("taken").expect("an order");
    make(&portal.house, &third).await.expect("settled");
    let order = exports.ordered(&owner(), &id, Duration::ZERO).await.expect("asked").expect("it is mine");
    assert_eq!(order.stage, Stage::Made("B-001".into()));
    assert_eq!(exports.all(&owner()).await.expect("a list").len(), 1, "one order, one bundle");
    portal.assert_ledger_whole().await;
}

#[tokio::test]
async fn two_portals_with_one_order_give_one_bundle() {
    let portal = quiet().await;
    portal.house.exports.order(&owner(), &wish()).await.expect("an order");
    let taken = portal.house.store.take_order(portal.house.clock.now()).await.expect("taken").expect("an order");
    let twin = portal.twin().await;
    let (one, other) = tokio::join!(make(&portal.house, &taken), make(&twin, &taken));
    // Two of the same bytes at the same moment: the database takes one of them.
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    assert_eq!(portal.house.exports.all(&owner()).await.expect("a list").len(), 1);
    portal.assert_ledger_whole().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_made_says_why_and_one_that_ends_its_portal_is_given_up() {
    let portal = quiet().await;
    let (exports, store) = (&portal.house.exports, &portal.house.store);
    let id = exports.order(&owner(), &wish()).await.expect("an order");
    for _ in 0..3 {
        assert!(store.take_order(portal.house.clock.now()).await.expect("asked").is_some());
        lease_ends(&portal).await;
    }
    assert!(store.take_order(portal.house.clock.now()).await.expect("asked").is_none());
    let order = exports.ordered(&owner(), &id, Duration::ZERO).await.expect("asked").expect("it is mine");
    assert!(matches!(&order.stage, Stage::Refused(why) if why.contains("ended 3 times")), "{:?}", order.stage);

    store.documents("backup_audit_log").delete_many(doc! {}).await.expect("deleted");
    let id = exports.order(&owner(), &wish()).await.expect("an order");
    let taken = store.take_order(portal.house.clock.now()).await.expect("taken").expect("an order");
    make(&portal.house, &taken).await.expect("settled");
    let order = exports.ordered(&owner(), &id, Duration::ZERO).await.expect("asked").expect("it is mine");
    assert!(
        matches!(&order.stage, Stage::Refused(why) if why.contains("is missing from the database")),
        "{:?}",
        order.stage
    );
    assert!(exports.all(&owner()).await.expect("a list").is_empty());
    portal.assert_ledger_whole().await;
}
