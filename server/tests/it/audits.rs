//! Audits: opened and changed by the owner alone, ended by the clock, previewed exactly, and every look written down.

use axum::http::{StatusCode, header};
use domain::{
    audit::Terms,
    control::Control,
    role::{Actor, Role, Scope},
    schedule::Period,
};

use crate::portal::{Portal, attestation, text};

const DAY: i64 = 24 * 3600 * 1000;

fn owner() -> Actor {
    Actor { id: "o".into(), name: "owner".into(), role: Role::Owner, scope: Scope::EVERYTHING }
}

/// An auditor who is in no audit yet, with their cookie.
async fn newcomer(portal: &Portal) -> (String, String) {
    let cookie = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    let (audit, version) = portal.house.ports.audits.get("A-001").await.expect("read").expect("the harness' own");
    let person = audit.value.people[0].clone();
    let terms = Terms { people: Vec::new(), ..terms(&audit.value.people, &audit.value) };
    portal.house.ports.audits.change("A-001", version, terms, &owner()).await.expect("changed");
    (person, cookie)
}

fn terms(people: &[String], like: &domain::audit::Audit) -> Terms {
    Terms {
        firm: like.firm.clone(),
        people: people.to_vec(),
        period: like.period,
        controls: like.controls.clone(),
        access: like.access,
    }
}

fn location(answer: &axum::http::Response<axum::body::Body>) -> String {
    answer.headers()[header::LOCATION].to_str().expect("text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_opens_an_audit_in_a_form_and_the_auditor_sees_exactly_it() {
    let portal = Portal::open().await;
    portal
        .insert(
            "backup_audit_log",
            [attestation("inside", "2026-04-05T03:00:00Z"), attestation("outside", "2026-07-05T03:00:00Z")],
        )
        .await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let (person, theirs) = newcomer(&portal).await;
    let today = domain::words::date(portal.house.clock.now());
    let form = |people: &str, from: &str, controls: &str, until: &str| {
        format!(
            "firm=Audit+%26+Co&people[0]={people}&from={from}&to=2026-06-30{controls}&access_from={today}&access_until={until}"
        )
    };
    let q2 = "2026-04-01";
    let controls = "&controls[0]=CC7.5&controls[1]=A1.2";
    for (what, bad, says) in [
        ("no firm", form(&person, q2, controls, &today).replacen("Audit+%26+Co", "+", 1), "The firm has no name."),
        ("a period the wrong way round", form(&person, "2026-12-01", controls, &today), "not two days in order"),
        ("no controls", form(&person, q2, "", &today), "looks at no control"),
        ("an unknown control", form(&person, q2, "&controls[0]=CC9.9", &today), "CC9.9 is no control"),
        ("access that ends before it begins", form(&person, q2, controls, "2020-01-01"), "days of access"),
        ("somebody who is no auditor", form("owner-0", q2, controls, &today), "owner-0 is no auditor"),
    ] {
        let answer = portal.post("/settings/audits/save", &bad, Some(&cookie)).await;
        let to = location(&answer);
        assert!(to.starts_with("/settings/audits?") && to.ends_with("#form"), "{what}: {to}");
        let left = answer.headers()[header::SET_COOKIE]
            .to_str()
            .expect("text")
            .split(';')
            .next()
            .expect("a cookie")
            .to_owned();
        let page = text(portal.get(to.trim_end_matches("#form"), Some(&format!("{cookie}; {left}"))).await).await;
        assert!(page.contains(says), "{what}: {says}");
        assert!(what == "no firm" || page.contains("value=\"Audit &amp; Co\""), "{what}: what was typed is kept");
        assert_eq!(portal.house.ports.audits.all().await.expect("audits").len(), 1, "{what}: nothing was opened");
    }
    let answer = portal.get("/drills", Some(&theirs)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(text(answer).await.contains("No audit is open for you."));

    let opened = portal.post("/settings/audits/save", &form(&person, q2, controls, &today), Some(&cookie)).await;
    assert_eq!(location(&opened), "/settings/audits/A-002");
    let page = text(portal.get("/backups", Some(&theirs)).await).await;
    assert!(page.contains("inside") && !page.contains("outside"), "the period is cut at the next request");
    assert!(page.contains("Controls: ") && page.contains("CC7.5, A1.2") && page.contains("1 April 2026"));
    assert_eq!(portal.get("/controls/CC7.1", Some(&theirs)).await.status(), StatusCode::NOT_FOUND);

    // Both see what is written down of it, and the auditor only their own audit.
    let theirs_page = text(portal.get("/settings/audits/A-002", Some(&theirs)).await).await;
    assert!(theirs_page.contains("/backups") && !theirs_page.contains("Seal the change"));
    let owners = text(portal.get("/settings/audits/A-002", Some(&cookie)).await).await;
    assert!(owners.contains("/backups") && owners.contains("Seal the change"));
    assert_eq!(portal.get("/settings/audits/A-001", Some(&theirs)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(portal.get("/settings/audits", Some(&theirs)).await.status(), StatusCode::FORBIDDEN);
    for path in ["/settings/audits/save", "/settings/audits/hand-over", "/settings/audits/A-002/preview"] {
        let form = format!("id=A-002&how=x&version=0&{}", form(&person, "2020-01-01", controls, &today));
        portal.post(path, &form, Some(&theirs)).await;
    }
    let (audit, version) = portal.house.ports.audits.get("A-002").await.expect("read").expect("it is there");
    assert_eq!(
        (version, audit.value.period),
        (0, Period::quarter("2026-Q2").expect("a quarter")),
        "nothing was changed"
    );

    // Downloads and bundles are written down as what they are.
    portal.get("/evidence/anchors.json", Some(&theirs)).await;
    let made = portal.post("/evidence/make", "period=audit", Some(&theirs)).await;
    assert!(location(&made).contains("made=B-001"));
    let (visits, count) = portal.house.ports.audits.visits("A-002").await.expect("visits");
    let did: Vec<(&str, &str)> = visits.iter().map(|v| (v.what.word(), v.path.as_str())).collect();
    assert_eq!(count as usize, did.len());
    for expected in
        [("read", "/backups"), ("downloaded", "/evidence/anchors.json"), ("made a bundle", "/evidence/make")]
    {
        assert!(did.contains(&expected), "{expected:?} in {did:?}");
    }
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_the_period_by_nature_says_why_it_is_there() {
    let portal = Portal::open().await;
    let (at, controls) = (crate::portal::at("2026-03-10T09:00:00Z"), vec![Control::Cc73]);
    let finding = domain::finding::Finding {
        schema: 1,
        id: "F-001".into(),
        title: "Slow index".into(),
        severity: domain::finding::Severity::Medium,
        found_by: "test".into(),
        cause: None,
        hits: vec![],
        what: "w".into(),
        why: "y".into(),
        plan: String::new(),
        owner: "o".into(),
        due_at: at.plus_millis(90 * DAY),
        state: domain::finding::State::Open,
        controls,
        attachments: vec![],
        demo: false,
        occurred_at: at,
        by: "o".into(),
    };
    let item = server::ledger::canonical::insert("findings", "F-001", &finding).expect("an item");
    portal.house.ledger.append_one(item).await.expect("sealed");
    let scope = Scope { period: Period::quarter("2026-Q2"), controls: Some(vec![Control::Cc73]) };
    let auditor = portal.person(Role::Auditor, scope).await;
    let said = "Opened on 2026-03-10, before the audit period; here because it was open in it.";
    assert!(text(portal.get("/findings", Some(&auditor)).await).await.contains(said));
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    assert!(!text(portal.get("/findings", Some(&owner)).await).await.contains("before the audit period"));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_ends_by_itself_at_the_next_request() {
    let portal = Portal::open().await;
    let (person, theirs) = newcomer(&portal).await;
    let audits = &portal.house.ports.audits;
    let now = portal.house.clock.now();
    let year = Period::days("2026-01-01", "2026-12-31").expect("a year");
    let access = |from: i64, to: i64| Period { from: now.plus_millis(from), to: now.plus_millis(to) };
    let terms = |access| Terms {
        firm: "F".into(),
        people: vec![person.clone()],
        period: year,
        controls: vec![Control::A12],
        access,
    };
    let id = audits.open(terms(access(-DAY, DAY)), &owner()).await.expect("an audit");
    assert_eq!(portal.get("/drills", Some(&theirs)).await.status(), StatusCode::OK);
    let mut version = 0;
    for (what, access, says) in [
        ("ended", access(-2 * DAY, -DAY), "Your access ended on"),
        ("to come", access(DAY, 2 * DAY), "Your audit opens on"),
    ] {
        audits.change(&id, version, terms(access), &owner()).await.expect("changed");
        version += 1;
        for path in ["/", "/drills", "/evidence", "/ledger", "/settings/audits/A-002"] {
            let answer = portal.get(path, Some(&theirs)).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{what} {path}");
            assert!(text(answer).await.contains(says), "{what} {path}");
        }
        for path in ["/evidence/anchors.json", "/ledger/checkpoint", "/ledger/entries", "/evidence/B-001/download"] {
            let answer = portal.get(path, Some(&theirs)).await;
            assert!(!answer.status().is_success(), "{what} {path}");
        }
        let answer = portal.post("/evidence/make", "period=audit", Some(&theirs)).await;
        assert!(!location(&answer).contains("made="), "{what}");
    }
    // Taken out of it, somebody signed in sees nothing at their next request.
    audits.change(&id, version, terms(access(-DAY, DAY)), &owner()).await.expect("changed");
    assert_eq!(portal.get("/drills", Some(&theirs)).await.status(), StatusCode::OK);
    let nobody = Terms { people: Vec::new(), ..terms(access(-DAY, DAY)) };
    audits.change(&id, version + 1, nobody, &owner()).await.expect("changed");
    assert_eq!(portal.get("/drills", Some(&theirs)).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_open_audits_one_is_read_at_a_time() {
    let portal = Portal::open().await;
    let rows = [("spring", "2026-04-05T03:00:00Z"), ("summer", "2026-07-05T03:00:00Z")];
    portal.insert("backup_audit_log", rows.map(|(tenant, at)| attestation(tenant, at))).await;
    let (person, theirs) = newcomer(&portal).await;
    let now = portal.house.clock.now();
    for (firm, quarter) in [("First", "2026-Q2"), ("Second", "2026-Q3")] {
        let terms = Terms {
            firm: firm.into(),
            people: vec![person.clone()],
            period: Period::quarter(quarter).expect("a quarter"),
            controls: Control::ALL.to_vec(),
            access: Period { from: now.plus_millis(-DAY), to: now.plus_millis(DAY) },
        };
        portal.house.ports.audits.open(terms, &owner()).await.expect("an audit");
    }
    let reads = async || {
        let page = text(portal.get("/backups", Some(&theirs)).await).await;
        (page.contains("spring"), page.contains("summer"))
    };
    assert_eq!(reads().await, (false, true), "the one opened last");
    portal.post("/audits/choose", "audit=A-002", Some(&theirs)).await;
    assert_eq!(reads().await, (true, false));
    portal.post("/audits/choose", "audit=A-001", Some(&theirs)).await;
    assert_eq!(reads().await, (false, true), "one that is not theirs is passed over");
}

/// Everything of a page but the frame around it, which names who looks.
fn inner(page: &str) -> String {
    let (_, rest) = page.split_once("<main").expect("a main");
    let main = rest.split_once("</main>").expect("its end").0;
    // Ids are drawn anew at each rendering, and a page says when it is.
    let without = |text: &str, begin: &str, end: char| {
        let mut parts = text.split(begin);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |said, part| said + begin + part.split_once(end).map_or("", |(_, rest)| rest))
    };
    ["\"h-", "\"seal-", "datetime=\""].iter().fold(main.to_owned(), |text, begin| without(&text, begin, '"'))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_is_exactly_what_the_auditor_sees_and_changes_nothing() {
    let portal = Portal::open().await;
    let rows = [("inside", "2026-04-05T03:00:00Z"), ("outside", "2026-07-05T03:00:00Z")];
    portal.insert("backup_audit_log", rows.map(|(tenant, at)| attestation(tenant, at))).await;
    let scope = Scope { period: Period::quarter("2026-Q2"), controls: Some(vec![Control::Cc75, Control::A12]) };
    let auditor = portal.person(Role::Auditor, scope).await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let mine = text(portal.get("/backups", Some(&owner)).await).await;
    assert!(mine.contains("outside"));
    let began = portal.post("/settings/audits/A-001/preview", "", Some(&owner)).await;
    assert_eq!(location(&began), "/");
    for path in [
        "/",
        "/runbook",
        "/targets",
        "/backups",
        "/datastores",
        "/drills",
        "/findings",
        "/checklist",
        "/controls",
        "/controls/CC7.5",
        "/controls/CC7.1",
    ] {
        // Both within one minute: a page that says the minute would differ by that.
        let to_next = 60_000 - portal.house.clock.now().millis() % 60_000;
        if to_next < 3_000 {
            tokio::time::sleep(std::time::Duration::from_millis(to_next.unsigned_abs())).await;
        }
        let (theirs, previewed) = (portal.get(path, Some(&auditor)).await, portal.get(path, Some(&owner)).await);
        assert_eq!(theirs.status(), previewed.status(), "{path}");
        let (theirs, previewed) = (text(theirs).await, text(previewed).await);
        if path != "/controls/CC7.1" {
            assert!(previewed.contains("Leave the preview") && !theirs.contains("Leave the preview"), "{path}");
        }
        assert_eq!(inner(&theirs), inner(&previewed), "{path}");
    }
    let exports =
        async || portal.house.store.documents("exports").count_documents(bson::doc! {}).await.expect("a count");
    for (path, form) in [("/evidence/make", "period=audit"), ("/settings/audits/save", "id=A-001&version=0&firm=x")] {
        let answer = portal.post(path, form, Some(&owner)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(text(answer).await.contains("Leave the preview first"));
    }
    assert_eq!(exports().await, 0);
    let (visits, _) = portal.house.ports.audits.visits("A-001").await.expect("visits");
    assert!(
        visits.iter().all(|visit| visit.person.starts_with("auditor-")),
        "looking as an auditor is no auditor's look"
    );
    portal.post("/audits/leave", "", Some(&owner)).await;
    assert!(text(portal.get("/backups", Some(&owner)).await).await.contains("outside"), "oneself again");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_at_once_never_overwrite_each_other_and_the_anchors_stay_as_they_were_sealed() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let _ = newcomer(&portal).await;
    let audits = &portal.house.ports.audits;
    let (audit, version) = audits.get("A-001").await.expect("read").expect("an audit");
    let terms = |firm: &str| Terms { firm: firm.into(), ..terms(&[], &audit.value) };
    audits.change("A-001", version, terms("One"), &owner()).await.expect("the first");
    let late = audits.change("A-001", version, terms("Two"), &owner()).await.expect_err("the second").to_string();
    assert!(late.contains("Somebody else changed audit A-001"), "{late}");

    let answer = portal.post("/settings/audits/hand-over", "id=A-001&how=on+paper", Some(&cookie)).await;
    assert_eq!(location(&answer), "/settings/audits/A-001#anchors");
    let anchors = crate::portal::bytes(portal.get("/evidence/anchors.json", Some(&cookie)).await).await;
    let (audit, version) = audits.get("A-001").await.expect("read").expect("an audit");
    let handed = audit.value.anchors.expect("they were handed over");
    assert_eq!(handed.sha256, domain::proof::sha256_hex(&anchors));
    audits.change("A-001", version, terms("Three"), &owner()).await.expect("a change after it");
    let (audit, _) = audits.get("A-001").await.expect("read").expect("an audit");
    assert_eq!(audit.value.anchors.map(|a| a.sha256), Some(handed.sha256));
    let empty = portal.post("/settings/audits/hand-over", "id=A-001&how=+", Some(&cookie)).await;
    assert!(location(&empty).contains("refused=1"));
}
