//! Records as no program should write them: each said with its reason, none stopping another, the ledger whole.

use app::ports::{Attestations, Ledger as _};
use bson::{Bson, Document, RawDocumentBuf, cstr, doc};
use domain::role::{Role, Scope};
use server::{doctor, ledger::watch};

use crate::portal::{Portal, attestation, text};

const ON: &str = "2026-03-01T03:00:00Z";

struct Case {
    id: &'static str,
    record: RawDocumentBuf,
    /// Whether it has a place in the ledger all the same.
    sealed: bool,
    says: &'static str,
}

fn case(id: &'static str, sealed: bool, says: &'static str, change: impl FnOnce(&mut Document)) -> Case {
    let mut record = attestation(id, ON);
    record.insert("_id", id);
    change(&mut record);
    Case { id, record: RawDocumentBuf::try_from(&record).expect("BSON"), sealed, says }
}

fn deep(levels: usize) -> Bson {
    (0..levels).fold(Bson::Int32(1), |inner, _| Bson::Document(doc! { "x": inner }))
}

fn cases() -> Vec<Case> {
    let mut twice = case("twice", false, "the key \"tenant\" appears twice", |_| ());
    twice.record.append(cstr!("tenant"), "another");
    vec![
        twice,
        case("dollar", false, "begins with a dollar sign", |r| drop(r.insert("x", doc! { "$numberLong": "5" }))),
        case("deep", false, "nested deeper than 64", |r| drop(r.insert("x", deep(80)))),
        case("large", false, "larger than", |r| drop(r.insert("x", "x".repeat(15 << 20)))),
        case("nan", true, "does not read as an attestation", |r| drop(r.insert("tenantsSeen", f64::NAN))),
        case("far", true, "expected a UTC date", |r| {
            r.insert("occurredAt", bson::DateTime::from_millis(i64::MAX - 1));
        }),
        case("long-ago", true, "expected a UTC date", |r| {
            r.insert("occurredAt", bson::DateTime::from_millis(i64::MIN + 1));
        }),
        case("nobody", true, "missing field `tenant`", |r| drop(r.remove("tenant"))),
        case("boast", true, "unknown variant `guaranteed`", |r| drop(r.insert("strength", "guaranteed"))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_record_is_said_with_its_reason_and_the_ledger_stays_whole() {
    let portal = Portal::open().await;
    let raw = portal.house.store.db.collection::<RawDocumentBuf>("backup_audit_log");
    let cases = cases();
    for case in &cases {
        raw.insert_one(&case.record).await.expect("MongoDB itself takes it");
    }
    portal.insert("backup_audit_log", [attestation("good", ON)]).await;
    let sealed = cases.iter().filter(|c| c.sealed).count() as u64 + 1;
    assert_eq!(portal.assert_ledger_whole().await, sealed);

    let unread = portal.house.evidence.unread().await.expect("a list");
    assert_eq!(unread.len(), cases.len(), "{unread:#?}");
    for case in &cases {
        let said = unread.iter().find(|u| u.id == case.id).unwrap_or_else(|| panic!("{} is not said", case.id));
        assert!(said.why.contains(case.says), "{}: {}", case.id, said.why);
        assert_eq!(said.seq.is_some(), case.sealed, "{}", case.id);
    }
    assert_eq!(portal.house.evidence.tenants(&Scope::EVERYTHING).await.expect("tenants").len(), 1, "only the good one");

    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/ledger", Some(&cookie)).await).await;
    assert!(page.contains("Records that count as no evidence") && page.contains("not sealed"), "{page}");
    assert!(page.contains("The key \"tenant\" appears twice"), "{page}");
    let looked = doctor::look((*portal.house.config).clone()).await;
    assert!(looked.iter().any(|f| !f.ok && f.found.contains("counts as no evidence")));

    // A bundle of all this verifies: what cannot be read is carried, and shown nowhere.
    let zip = crate::time::bundle_of(&portal, "2026-Q1").await;
    let trust = domain::proof::verify::Trust::default();
    let report = domain::proof::verify::verify(&zip, &trust, portal.house.clock.now());
    assert!(report.verified(), "{:?}", report.first_wrong());

    // Gone from the database, it is gone from the list; sealed ones stay, as the ledger does.
    raw.delete_many(doc! { "_id": { "$in": ["twice", "dollar", "deep"] } }).await.expect("deleted");
    watch::scan(&portal.house.ledger).await.expect("scanned");
    let left = portal.house.evidence.unread().await.expect("a list");
    assert_eq!(left.iter().filter(|u| u.seq.is_none()).map(|u| u.id.as_str()).collect::<Vec<_>>(), ["large"]);
    assert_eq!(portal.assert_ledger_whole().await, sealed + 1, "and the export");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_refused_while_the_portal_watches_is_forgotten_when_it_is_mended() {
    let portal = Portal::open().await;
    let watching = tokio::spawn(watch::run(portal.house.ledger.clone()));
    let log = portal.house.store.documents("backup_audit_log");
    let mut bad = attestation("alder", ON);
    bad.insert("_id", "later-mended");
    bad.insert("x", doc! { "$date": 1 });
    log.insert_one(bad).await.expect("inserted");
    crate::ledger::wait(async || portal.house.evidence.unread().await.expect("a list").len() == 1).await;
    log.update_one(doc! { "_id": "later-mended" }, doc! { "$unset": { "x": 1 } }).await.expect("mended");
    crate::ledger::wait(async || portal.house.evidence.unread().await.expect("a list").is_empty()).await;
    watching.abort();
    assert_eq!(portal.assert_ledger_whole().await, 1);
    assert!(portal.house.evidence.alarms().await.expect("alarms").is_empty(), "it was not sealed before");
}
