//! Datastores: put together from imports, completed by hand, held against the service catalogue.

use app::ports::Findings;
use axum::http::{StatusCode, header};
use domain::{
    finding::{Severity, State},
    role::{Role, Scope, TokenScope},
    schedule::Period,
};

use crate::portal::{Portal, rows, text};

const CATALOGUE: &str = "apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: orders
spec:
  type: database
  owner: group:default/shop
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: search-index
spec:
  type: database
  owner: group:default/search
";

async fn open() -> Portal {
    let portal = Portal::open().await;
    let token = portal.token(&[TokenScope::ImportsWrite]).await;
    let now = portal.house.clock.now();
    let snapshot = |n: i64, hours: i64| {
        let at = now.plus_millis(-hours * 3_600_000).rfc3339();
        serde_json::json!({ "id": format!("6a790000000000000000000{n}"), "status": "completed", "snapshotType": "scheduled", "frequencyType": "hourly", "createdAt": at, "storageSizeBytes": 100 })
    };
    let snapshots = serde_json::json!({ "results": [snapshot(1, 30), snapshot(2, 9), snapshot(3, 1)] });
    for (path, body) in [
        ("/api/v1/imports/atlas-snapshots?resource=orders", snapshots.to_string()),
        ("/api/v1/imports/backstage-catalog", CATALOGUE.to_owned()),
    ] {
        let answer = portal.machine("POST", path, Some(&token), &body).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(answer).await);
    }
    portal
}

fn led(answer: &axum::response::Response<axum::body::Body>) -> String {
    answer.headers()[header::LOCATION].to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_put_together_completed_by_hand_and_judged_and_what_no_catalogue_matches_is_found() {
    let portal = open().await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/datastores", Some(&owner)).await).await;
    for part in ["orders", "search-index", "group:default/shop", "Describe another", "no service catalogue"] {
        assert_eq!(page.contains(part), part != "no service catalogue", "{part}");
    }
    let page = text(portal.get("/datastores/orders", Some(&owner)).await).await;
    assert!(page.contains("No source states its tier, RPO, RTO, contractual retention and source of truth."), "{page}");
    assert!(!page.contains("against the RPO") && !page.contains("the RPO of"), "without a target nothing is judged");

    let form = "id=orders&seen=&name=Orders&names=orders&rpo_hours=6&rto_hours=2&retention_days=90&tier=Tier+1&source_of_truth=%3Cb%3Eitself%3C/b%3E";
    let answer = portal.post("/datastores/describe", form, Some(&owner)).await;
    assert_eq!(led(&answer), "/datastores/orders");
    let page = text(portal.get("/datastores/orders", Some(&owner)).await).await;
    for part in ["Up to 21 h lie between its recovery points, more than the RPO of 6 h", "Tier 1", "90 days"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<b>itself"), "shown as text");

    // Two editors: the second is told, and loses no word.
    let second = portal.post("/datastores/describe", &form.replace("Tier+1", "Tier+2"), Some(&owner)).await;
    assert_eq!(led(&second), "/datastores/orders?refused=1#describe");
    let cookies: Vec<String> = second
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|v| v.to_str().expect("text").split(';').next().unwrap_or_default().to_owned())
        .collect();
    let with_words = format!("{owner}; {}", cookies.join("; "));
    let page = text(portal.get("/datastores/orders?refused=1", Some(&with_words)).await).await;
    assert!(
        page.contains("Somebody else wrote about this datastore meanwhile.") && page.contains("value=\"Tier 2\""),
        "{page}"
    );
    let seq = portal.house.ports.datastores.described(&Scope::EVERYTHING).await.expect("read")[0].seal.seq;
    let form = form.replace("seen=", &format!("seen={seq}")).replace("Tier+1", "Tier+2");
    assert_eq!(led(&portal.post("/datastores/describe", &form, Some(&owner)).await), "/datastores/orders");
    let words = portal.house.ports.datastores.described(&Scope::EVERYTHING).await.expect("read");
    assert_eq!((words.len(), words[0].value.tier.as_deref()), (1, Some("Tier 2")));
    assert_eq!(words[0].value.by, "owner");

    server::jobs::judgements::judgements(&portal.house).await.expect("judged");
    let findings = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
    let of = |cause: &str| findings.iter().find(|f| f.value.cause.as_deref() == Some(cause)).map(|f| &f.value);
    let cadence = of("cadence: Orders").expect("opened");
    assert_eq!((cadence.owner.as_str(), cadence.severity), ("shop", Severity::High));
    assert_eq!(cadence.due_at.since(cadence.occurred_at), Severity::High.due_ms());
    let missing = of("in-catalogue: search-index").expect("opened");
    assert_eq!((missing.owner.as_str(), &missing.state), ("search", &State::Open));
    assert!(of("in-catalogue: Orders").is_none(), "what is in both is accused of nothing");
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_company_describes_and_an_auditor_reads_what_held_in_the_period() {
    let portal = open().await;
    let count = async || rows(portal.house.store.documents("datastores")).await.len();
    let form = "name=Ledger+books&owner=Founder";
    assert_eq!(led(&portal.post("/datastores/describe", form, None).await), "/sign-in");
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    assert!(led(&portal.post("/datastores/describe", form, Some(&auditor)).await).contains("refused=1"));
    assert_eq!(count().await, 0);
    let operator = portal.person(Role::Operator, Scope::EVERYTHING).await;
    assert_eq!(led(&portal.post("/datastores/describe", form, Some(&operator)).await), "/datastores/ledger-books");
    assert_eq!(count().await, 1);
    for (wrong, says) in [
        (form, "is here already"),
        ("name=", "name is missing"),
        ("name=x&rpo_hours=soon", "not a number"),
        ("id=none&name=x", "no datastore none here"),
    ] {
        let answer = portal.script_form("/datastores/describe", wrong, &operator).await;
        let said = text(answer).await;
        assert!(said.contains(says), "{wrong}: {said}");
    }
    assert_eq!(count().await, 1, "nothing of it is kept");

    let page = text(portal.get("/datastores", Some(&auditor)).await).await;
    assert!(page.contains("Ledger books") && !page.contains("Describe another"), "{page}");
    let past = portal.person(Role::Auditor, Scope { period: Period::quarter("2026-Q1"), controls: None }).await;
    let page = text(portal.get("/datastores", Some(&past)).await).await;
    assert!(!page.contains("Ledger books") && !page.contains("search-index"), "it was written after the period");
    assert_eq!(portal.get("/datastores/ledger-books", Some(&past)).await.status(), StatusCode::NOT_FOUND);
}
