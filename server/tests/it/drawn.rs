//! A sample drawn on the page: within the auditor's scope, with the line that draws it again.

use axum::http::{StatusCode, header};
use domain::{
    control::Control,
    proof::{
        layout,
        verify::{Trust, verify},
    },
    role::{Role, Scope, TokenScope},
    sample::Drawn,
    schedule::Period,
};
use serde_json::{Value, json};

use crate::{
    bundle::open,
    portal::{Portal, attestation, bytes, text},
};

/// Weekly attestations over the year's first half, two tenants each; the audit is of its second quarter.
async fn weekly() -> (Portal, String) {
    let portal = Portal::open().await;
    let weeks = (0..26).flat_map(|n| {
        let at = crate::portal::at("2026-01-04T03:00:00Z").plus_millis(n * 7 * 24 * 3600 * 1000).rfc3339();
        ["alder", "kestrel"].map(|tenant| attestation(tenant, &at))
    });
    portal.insert("backup_audit_log", weeks).await;
    let scope = Scope { period: Period::quarter("2026-Q2"), controls: Some(vec![Control::A12]) };
    let cookie = portal.person(Role::Auditor, scope).await;
    (portal, cookie)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_draws_within_their_scope_and_reads_it_with_the_line_that_draws_again() {
    let (portal, cookie) = weekly().await;
    // A wish for more than the audit draws from the audit alone.
    let form = "period=range&from=2026-01-01&to=2026-12-31&sample=attestations&size=5&value=it%27s+4711";
    let to = portal.post("/evidence/make", form, Some(&cookie)).await.headers()[header::LOCATION].clone();
    let to = to.to_str().expect("text");
    assert!(to.starts_with("/evidence?made=B-001"), "{to}");
    let zip = bytes(portal.get("/evidence/B-001/download", Some(&cookie)).await).await;
    let trust = Trust { root_pem: Some(portal.house.ledger.keys.root_pem()), ..Trust::default() };
    let report = verify(&zip, &trust, portal.house.clock.now());
    assert!(report.verified(), "{:?}", report.first_wrong());
    let bundle = open(&zip);
    let drawn: Drawn = serde_json::from_slice(&bundle.files[layout::DRAW]).expect("a draw");
    assert_eq!((drawn.of, drawn.chosen.len(), drawn.public_value.as_str()), (26, 5, "it's 4711"), "13 weeks of Q2");

    for path in ["/evidence?made=B-001", "/evidence?drawn=B-001"] {
        let page = text(portal.get(path, Some(&cookie)).await).await;
        let (_, line) = page.split_once("id=\"draw-again\"").expect("the line is printed");
        let line = line.split_once('>').and_then(|(_, rest)| rest.split_once("</pre>")).expect("a pre").0;
        let line = line.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'");
        assert_eq!(line.replace("&#39;", "'").replace("&amp;", "&"), drawn.recipe);
        for item in &drawn.chosen {
            assert!(page.contains(&item.id) && page.contains(&format!("/ledger?around={0}#e{0}", item.seq)), "{path}");
        }
        assert_eq!(page.matches(", found on 2026-").count(), 5, "each leads to its record");
    }
    let plain = text(portal.get("/evidence", Some(&cookie)).await).await;
    assert!(plain.contains("Sample: 5 of 26 attestations") && !plain.contains("draw-again"));

    // What the owner draws from the whole year is not this auditor's to see.
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    portal.post("/evidence/make", form, Some(&owner)).await;
    let page = text(portal.get("/evidence?drawn=B-002", Some(&owner)).await).await;
    assert!(page.contains("draw-again") && page.contains("5 of 52 attestations"));
    let page = text(portal.get("/evidence?drawn=B-002", Some(&cookie)).await).await;
    assert!(!page.contains("draw-again") && !page.contains("52 attestations"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_cannot_be_drawn_makes_no_bundle_and_says_what_to_do() {
    let (portal, cookie) = weekly().await;
    for (form, says) in [
        ("sample=attestations&size=0&value=7", "whole number of one or more"),
        ("sample=attestations&size=x&value=7", "whole number of one or more"),
        ("sample=attestations&size=5&value=", "value from outside is missing"),
        ("sample=attestations&size=5&value=Gr%C3%B6%C3%9Fe", "letters without accents"),
        ("sample=&size=5&value=7", "nothing to draw from"),
        ("sample=runs&size=5&value=7", "Choose attestations, drills, findings or gaps"),
        ("sample=drills&size=5&value=7", "there are no drills in that period"),
    ] {
        let answer = portal.post("/evidence/make", &format!("period=2026-Q2&{form}"), Some(&cookie)).await;
        let to = answer.headers()[header::LOCATION].to_str().expect("text").to_owned();
        assert!(to.contains("refused=1") && to.contains("size="), "{form}: {to} keeps what was written");
        let left = answer.headers()[header::SET_COOKIE].to_str().expect("text");
        let both = format!("{cookie}; {}", left.split(';').next().expect("a cookie"));
        let page = text(portal.get(&to, Some(&both)).await).await;
        assert!(page.contains(says), "{form}: {says}");
        // Asked for by a link, without anything being made, the form itself says it.
        if !says.starts_with("there are") {
            let page = text(portal.get(&format!("/evidence?period=2026-Q2&{form}"), Some(&cookie)).await).await;
            assert!(page.contains("id=\"sample-error\"") && page.contains(says), "{form}");
        }
    }
    let made = portal.house.store.documents("exports").count_documents(bson::doc! {}).await.expect("a count");
    assert_eq!(made, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_draws_by_the_same_rule() {
    let (portal, _) = weekly().await;
    let token = portal.token(&[TokenScope::EvidenceRead]).await;
    let ask = |sample: Value| json!({ "period": "2026-Q2", "sample": sample }).to_string();
    for (sample, says) in [
        (json!({ "population": "attestations", "size": 0, "publicValue": "7" }), "sample: The size"),
        (json!({ "population": "attestations", "size": 1, "publicValue": "" }), "sample: The value"),
        (json!({ "population": "runs", "size": 1, "publicValue": "7" }), "runs"),
        (json!({ "population": "drills", "size": 1, "publicValue": "7" }), "no drills"),
    ] {
        let answer = portal.machine("POST", "/api/v1/bundles", Some(&token), &ask(sample)).await;
        assert!([409, 422].contains(&answer.status().as_u16()), "{says}: {}", answer.status());
        let said = text(answer).await;
        assert!(said.contains(says), "{said}");
    }
    let wish = ask(json!({ "population": "attestations", "size": 99, "publicValue": "7" }));
    let answer = portal.machine("POST", "/api/v1/bundles", Some(&token), &wish).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let made: Value = serde_json::from_str(&text(answer).await).expect("JSON");
    let drawn: Drawn = serde_json::from_value(made["sample"].clone()).expect("a draw");
    assert_eq!(drawn.says(), "all 26 attestations, fewer than the 99 asked for");
}
