//! Every endpoint and every role. Deny by default: a route that is not in this table fails the test.

use std::collections::BTreeSet;

use axum::http::{StatusCode, header};
use domain::role::{Role, Scope, TokenScope};

use crate::portal::{Portal, attestation, text};

/// Pages that only someone signed in sees.
const PAGES: [&str; 18] = [
    "/",
    "/runbook",
    "/targets",
    "/backups",
    "/datastores",
    "/drills",
    "/findings",
    "/incidents",
    "/checklist",
    "/risks",
    "/controls",
    "/controls/CC7.5",
    "/evidence",
    "/requests",
    "/reviews",
    "/ledger",
    "/settings",
    "/settings/passkeys/new",
];

/// Pages of the owner alone.
const OWNERS: [(&str, &str); 3] =
    [("/settings/audits", "Open another"), ("/settings/people", "Who is here"), ("/settings/tokens", "Make one")];

/// Routes with a parameter that names nothing here, and files.
const FILES: [&str; 11] = [
    "/backups/attestations.csv",
    "/backups/jobs.csv",
    "/evidence/anchors.json",
    "/evidence/anchors.pdf",
    "/evidence/root.pem",
    "/evidence/log.vkey",
    "/ledger/checkpoint",
    "/ledger/entries",
    "/ledger/tile/0/000.p/1",
    "/ledger/tile/entries/000.p/1",
    "/ledger/proofs/0.tlog-proof",
];
const ABSENT: [&str; 22] = [
    "/ledger/tile/0/000",
    "/ledger/tile/0/0",
    "/ledger/tile/9/000.p/1",
    "/ledger/proofs/999.tlog-proof",
    "/ledger/proofs/0",
    "/drills/D-none",
    "/drills/D-none/live",
    "/drills/D-none/events",
    "/drills/D-none/record.json",
    "/evidence/B-999/download",
    "/runbook/versions/9",
    "/controls/CC9",
    "/datastores/none",
    "/incidents/none",
    "/checklist/none",
    "/checklist/2099-Q1",
    "/checklist/2099-Q1/reading",
    "/requests/R-999",
    "/attachments/x",
    "/attachments/0000000000000000000000000000000000000000000000000000000000000000",
    "/reviews/owns.D-none",
    "/reviews/none",
];

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_a_session_reads_anything() {
    let portal = Portal::open().await;
    for path in PAGES.iter().chain(OWNERS.iter().map(|(path, _)| path)).chain(&FILES).chain(&ABSENT) {
        for cookie in [None, Some("passmuster=AAAAAAAAAAAAAAAAAAAAAA"), Some("passmuster=nonsense")] {
            let answer = portal.get(path, cookie).await;
            let to =
                answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            assert!(answer.status().is_redirection() && to.starts_with("/sign-in"), "{path}: {} {to}", answer.status());
            assert!(!text(answer).await.contains("Testwerk"), "{path} tells the company's name");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_reads_each_page_and_what_is_absent_is_not_found() {
    let portal = Portal::open().await;
    portal.insert("backup_audit_log", [attestation("a", "2026-03-01T03:00:00Z")]).await;
    for role in Role::ALL {
        let cookie = portal.person(role, Scope::EVERYTHING).await;
        for path in PAGES.iter().chain(&FILES) {
            let answer = portal.get(path, Some(&cookie)).await;
            assert_eq!(answer.status(), StatusCode::OK, "{} {path}", role.word());
            let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{path}: {policy}");
        }
        for (path, shows) in OWNERS {
            let expected = if role == Role::Owner { StatusCode::OK } else { StatusCode::FORBIDDEN };
            let answer = portal.get(path, Some(&cookie)).await;
            assert_eq!(answer.status(), expected, "{} {path}", role.word());
            assert_eq!(text(answer).await.contains(shows), role == Role::Owner, "{} {path}", role.word());
        }
        for path in ABSENT {
            let answer = portal.get(path, Some(&cookie)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{} {path}", role.word());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_check_a_bundle_and_learns_nothing_else() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    for (cookie, named) in [(None, false), (Some(cookie.as_str()), true)] {
        let answer = portal.get("/verify", cookie).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        assert!(policy.contains("connect-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(text(answer).await.contains("Testwerk"), named, "the frame names the company");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_the_router_knows_is_in_this_table() {
    let known: BTreeSet<String> =
        leptos_axum::generate_route_list(app::app::App).into_iter().map(|r| r.path().to_owned()).collect();
    let named: BTreeSet<String> = PAGES
        .iter()
        .filter(|p| **p != "/controls/CC7.5")
        .chain(OWNERS.iter().map(|(path, _)| path))
        .map(|p| (*p).to_owned())
        .chain(
            [
                "/emergency",
                "/runbook/edit",
                "/incidents/{id}",
                "/risks/{quarter}",
                "/requests/{id}",
                "/settings/audits/{id}",
                "/controls/{id}",
                "/checklist/{quarter}",
                "/checklist/{quarter}/reading",
                "/datastores/{id}",
                "/drills/{id}",
                "/drills/{id}/live",
                "/reviews/{subject}",
                "/runbook/versions/{version}",
                "/sign-in",
                "/verify",
            ]
            .map(str::to_owned),
        )
        .collect();
    assert_eq!(known, named);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_server_function_is_in_this_table_and_makes_nothing_for_nobody() {
    let portal = Portal::open().await;
    let known: BTreeSet<&str> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    let theme = *known.iter().find(|p| p.contains("set_theme")).expect("the theme");
    let named: BTreeSet<&str> = OWN_ACTS
        .iter()
        .chain(&OWNERS_ACTS)
        .map(|(path, _)| *path)
        .chain(REQUEST_ACTS)
        .chain(DRILL_ACTS.map(|(path, _)| path))
        .chain(CHECKLIST_ACTS)
        .chain(["/evidence/make", "/datastores/describe", "/incidents/account", "/risks/seal", theme])
        .collect();
    assert_eq!(known, named);
    let answer = portal.post("/evidence/make", "period=audit", None).await;
    assert_eq!(answer.headers()[header::LOCATION], "/sign-in");
    for path in REQUEST_ACTS {
        let answer = portal.post(path, "id=R-001&version=0&in_bundle=true", None).await;
        assert_eq!(answer.headers()[header::LOCATION], "/sign-in", "{path}");
    }
    let made = portal.house.store.documents("exports").count_documents(bson::doc! {}).await.expect("a count");
    assert_eq!(made, 0);
    for role in Role::ALL {
        let cookie = portal.person(role, Scope::EVERYTHING).await;
        let answer = portal.post("/evidence/make", "period=audit", Some(&cookie)).await;
        let to = answer.headers()[header::LOCATION].to_str().expect("text").to_owned();
        assert!(to.starts_with("/evidence?made=B-"), "{} {to}", role.word());
    }
}

/// Whoever may not take a step is told so before a byte of the form is read, and nothing changes.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_with_files_is_taken_from_each_role_as_the_table_says_and_from_nobody_else() {
    use crate::requests::{location, multipart, send_form};
    let portal = Portal::open().await;
    portal.insert("findings", [crate::periods::finding("one", "2026-05-03T03:00:00Z")]).await;
    let form = || {
        let fields = [("title", "A question"), ("words", "Words"), ("version", "0")];
        multipart(&fields, &[("a.txt", b"a\n".as_slice())])
    };
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    assert_eq!(location(&send_form(&portal, "/requests/ask", form(), Some(&auditor)).await), "/requests/R-001");
    let company: &[Role] = &[Role::Owner, Role::Operator];
    for (path, may) in [
        ("/requests/ask", &[Role::Auditor][..]),
        ("/requests/R-001/answer", company),
        ("/requests/R-001/more", &[Role::Auditor]),
        ("/findings/finding-one!/attach", company),
        ("/checklist/2026-Q2/alert-path", company),
    ] {
        assert_eq!(location(&send_form(&portal, path, form(), None).await), "/sign-in", "{path} by nobody");
        for role in Role::ALL {
            let cookie = match role {
                Role::Auditor => auditor.clone(),
                _ => portal.person(role, Scope::EVERYTHING).await,
            };
            let before = portal.assert_ledger_whole().await;
            let answer = send_form(&portal, path, form(), Some(&cookie)).await;
            let expected = if may.contains(&role) { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status(), expected, "{path} by the {}", role.word());
            assert!(expected != StatusCode::FORBIDDEN || portal.assert_ledger_whole().await == before, "{path}");
        }
    }
    // The two steps of a button are an auditor's too.
    for path in REQUEST_ACTS {
        for role in company {
            let cookie = portal.person(*role, Scope::EVERYTHING).await;
            let before = portal.assert_ledger_whole().await;
            portal.post(path, "id=R-001&version=1&in_bundle=true", Some(&cookie)).await;
            assert_eq!(portal.assert_ledger_whole().await, before, "{path} by the {}", role.word());
        }
    }
}

/// What the company does on the checklist; `checklist.rs` tries each of them.
const CHECKLIST_ACTS: [&str; 6] = [
    "/checklist/begin",
    "/checklist/close",
    "/checklist/end",
    "/checklist/mark",
    "/checklist/take-back",
    "/checklist/train",
];

/// The steps of a request that a button takes.
const REQUEST_ACTS: [&str; 2] = ["/requests/accept", "/requests/in-bundle"];

/// What the company does in a drill under way.
const DRILL_ACTS: [(&str, &str); 3] = [
    ("/drills/note", "drill=D-live&words=A+note"),
    ("/drills/press", "drill=D-live&step=provision&act=begin"),
    ("/drills/stop", "drill=D-live&why=Enough"),
];

#[tokio::test(flavor = "multi_thread")]
async fn in_a_drill_under_way_the_company_acts_and_nobody_else() {
    let portal = Portal::open().await;
    let mut drill = crate::periods::drill("2026-05-01T00:00:00Z");
    drill.source.kind = domain::by_hand::KIND.to_owned();
    let lines = async || portal.house.store.live_drill().await.expect("read").expect("under way").so_far.log.len();
    for role in [Role::Auditor, Role::Operator, Role::Owner] {
        portal.house.store.end_drill("D-live").await.expect("the place is free");
        portal.house.store.begin_drill("D-live", &drill, portal.house.clock.now()).await.expect("it begins");
        let cookie = portal.person(role, Scope::EVERYTHING).await;
        for (n, (path, form)) in DRILL_ACTS.into_iter().enumerate() {
            assert_eq!(portal.post(path, form, None).await.headers()[header::LOCATION], "/sign-in", "{path}");
            let to = portal.post(path, form, Some(&cookie)).await.headers()[header::LOCATION].clone();
            let may = role != Role::Auditor;
            assert_eq!(lines().await, if may { n + 1 } else { 0 }, "{path} by the {}", role.word());
            assert_eq!(to.to_str().expect("text").contains("refused"), !may, "{path} by the {}", role.word());
        }
        let stream = portal.get("/drills/D-live/events", Some(&cookie)).await;
        assert_eq!(stream.status(), StatusCode::OK, "whoever reads drills follows one");
    }
}

/// What everybody signed in may do with what is their own, with something that is not.
const OWN_ACTS: [(&str, &str); 3] = [
    ("/settings/passkeys/revoke", "credential=none"),
    ("/settings/sessions/end", "name=none"),
    ("/settings/sessions/end-others", ""),
];

/// What only an owner may do.
const OWNERS_ACTS: [(&str, &str); 9] = [
    ("/settings/audits/save", "firm=Firm&people[0]=au&from=2026-01-01&to=2026-12-31&controls[0]=A1.2"),
    ("/settings/audits/hand-over", "id=A-001&how=by+hand"),
    ("/reviews/accept", "what=risk&title=One+copy&why=It+costs+more&until=2027-05-31"),
    ("/settings/tokens/make", "name=machine&scopes[0]=evidence:read&days=9"),
    ("/settings/tokens/revoke", "id=0123456789abcdef"),
    ("/settings/people/invite", "name=New&email=new@testwerk.example&role=owner"),
    ("/settings/people/invite-again", "person=other"),
    ("/settings/people/change-role", "person=other&role=owner"),
    ("/settings/people/remove", "person=other"),
];

/// What a script sends: for whom, and what an empty body is answered.
const SCRIPTS: [(&str, bool, u16); 6] = [
    ("/passkeys/registration", true, 200),
    ("/passkeys", true, 400),
    ("/passkeys/assertion", false, 200),
    ("/sign-in/passkey", false, 400),
    ("/reviews/statement", true, 400),
    ("/reviews/signoffs", true, 400),
];

#[tokio::test(flavor = "multi_thread")]
async fn people_are_managed_by_owners_and_everybody_keeps_their_own_sign_in() {
    let portal = Portal::open_quiet().await;
    portal.named("other", Role::Operator).await;
    let as_before = crate::portal::rows(portal.house.store.documents("people")).await;
    let signed = [portal.named("op", Role::Operator).await, portal.named("au", Role::Auditor).await];
    let with_them = crate::portal::rows(portal.house.store.documents("people")).await;
    let sessions = portal.house.store.documents("sessions");
    for (path, form) in OWNERS_ACTS {
        let answer = portal.post(path, form, None).await;
        assert_eq!(answer.headers()[header::LOCATION], "/sign-in", "{path}");
        for cookie in &signed {
            let answer = portal.post(path, form, Some(cookie)).await;
            let to = answer.headers()[header::LOCATION].to_str().expect("text");
            let page = path.rsplit_once('/').expect("a path").0;
            assert!(to.starts_with(page) && to.contains("refused=1"), "{path} leads to {to}");
            // A program is told by status.
            let request = axum::http::Request::post(path)
                .header(header::HOST, "portal.test")
                .header(header::ORIGIN, "http://portal.test")
                .header(header::COOKIE, cookie)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(axum::body::Body::from(form))
                .expect("a request");
            assert_eq!(portal.send(request).await.status(), StatusCode::FORBIDDEN, "{path}");
        }
    }
    let after = crate::portal::rows(portal.house.store.documents("people")).await;
    assert_eq!((after.len(), &after), (as_before.len() + 2, &with_them), "nobody was changed");
    for (coll, version, count) in [("audits", 0, 1), ("tokens", 0, 0)] {
        let all = crate::portal::rows(portal.house.store.documents(coll)).await;
        assert_eq!(all.len(), count, "{coll}");
        let newest = portal.house.store.audit("A-001").await.expect("read").expect("the auditor’s own").1;
        assert_eq!(newest, version, "{coll}");
    }
    for (path, form) in OWN_ACTS {
        let open = sessions.count_documents(bson::doc! {}).await.expect("a count");
        let answer = portal.post(path, form, None).await;
        assert_eq!(answer.headers()[header::LOCATION], "/sign-in", "{path}");
        for cookie in &signed {
            let to = portal.post(path, form, Some(cookie)).await.headers()[header::LOCATION]
                .to_str()
                .expect("text")
                .to_owned();
            assert!(to.starts_with("/settings?"), "{path} {to}");
        }
        assert_eq!(sessions.count_documents(bson::doc! {}).await.expect("a count"), open, "{path}: nobody else's");
    }
    for (path, people_only, status) in SCRIPTS {
        let nobody = if people_only { 401 } else { status };
        assert_eq!(portal.script(path, "{}", None).await.status().as_u16(), nobody, "{path}");
        for cookie in &signed {
            assert_eq!(portal.script(path, "{}", Some(cookie)).await.status().as_u16(), status, "{path}");
        }
    }
    // Ways in are for anybody, and lead nobody anywhere else.
    for (path, form, to) in [
        ("/sign-in", "code=guess", "/sign-in?refused=link"),
        ("/sign-in/code", "email=a@x.example", "/sign-in?refused=no-mail"),
        ("/sign-in/code/enter", "form=guess&code=1", "/sign-in?refused=form"),
    ] {
        assert_eq!(portal.post(path, form, None).await.headers()[header::LOCATION], to, "{path}");
    }
    for path in ["/sign-in/provider", "/sign-in/provider/back"] {
        assert_eq!(portal.get(path, None).await.headers()[header::LOCATION], "/sign-in?refused=no-provider");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_as_an_auditor_is_for_the_owner_alone() {
    let portal = Portal::open().await;
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    let path = "/settings/audits/A-001/preview";
    let to = |answer: &axum::http::Response<axum::body::Body>| answer.headers()[header::LOCATION].clone();
    assert_eq!(to(&portal.post(path, "", None).await), "/sign-in");
    assert_eq!(portal.post(path, "", Some(&auditor)).await.status(), StatusCode::FORBIDDEN);
    let operator = portal.person(Role::Operator, Scope::EVERYTHING).await;
    assert_eq!(portal.post(path, "", Some(&operator)).await.status(), StatusCode::FORBIDDEN);
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    assert_eq!(portal.post("/settings/audits/A-999/preview", "", Some(&owner)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(to(&portal.post(path, "", Some(&owner)).await), "/");
    for path in ["/audits/leave", "/audits/choose"] {
        assert!(portal.post(path, "audit=A-001", None).await.status().is_redirection(), "{path} tells nobody anything");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_once_and_sign_out_ends_it() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let people = portal.house.store.documents("people");
    let person = people.find_one(bson::doc! {}).await.expect("read").expect("one person");
    let id = person.get_str("_id").expect("an id");
    let code = portal.house.store.new_link(id, portal.house.clock.now()).await.expect("a link");
    for (code, to) in
        [(code.as_str(), "/"), (code.as_str(), "/sign-in?refused=link"), ("guess", "/sign-in?refused=link")]
    {
        let answer = portal.post("/sign-in", &format!("code={code}"), None).await;
        assert_eq!(answer.headers()[header::LOCATION], to, "{code}");
    }
    assert_eq!(portal.get("/drills", Some(&cookie)).await.status(), StatusCode::OK);
    portal.post("/sign-out", "", Some(&cookie)).await;
    assert!(portal.get("/drills", Some(&cookie)).await.status().is_redirection());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_changes_nothing() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    for origin in ["https://evil.example", "null"] {
        let request = axum::http::Request::post("/sign-out")
            .header(header::HOST, "portal.test")
            .header(header::ORIGIN, origin)
            .header(header::COOKIE, &cookie)
            .body(axum::body::Body::empty())
            .expect("a request");
        assert_eq!(portal.send(request).await.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(portal.get("/", Some(&cookie)).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_does_what_its_token_says_and_nothing_else() {
    let portal = Portal::open().await;
    let writes = portal.token(&[TokenScope::DrillsWrite]).await;
    let reads = portal.token(&[TokenScope::EvidenceRead]).await;
    let attests = portal.token(&[TokenScope::AttestationsWrite]).await;
    let imports = portal.token(&[TokenScope::ImportsWrite]).await;
    let endpoints = [
        ("POST", "/api/v1/drills/D-1/begin", &writes, &reads),
        ("PUT", "/api/v1/drills/D-1/live", &writes, &reads),
        ("POST", "/api/v1/drills/D-1/press", &writes, &reads),
        ("POST", "/api/v1/drills/D-1/draw", &writes, &reads),
        ("PUT", "/api/v1/drills/D-1", &writes, &reads),
        ("PUT", "/api/v1/runner-key", &writes, &reads),
        ("POST", "/api/v1/attestations", &attests, &writes),
        ("POST", "/api/v1/job-runs", &attests, &writes),
        ("POST", "/api/v1/imports/runs-jsonl", &imports, &attests),
        ("POST", "/api/v1/imports", &imports, &writes),
        ("POST", "/api/v1/bundles", &reads, &writes),
        ("GET", "/api/v1/bundles/B-1/download", &reads, &writes),
        ("GET", "/api/v1/bundles/orders/J-1", &reads, &writes),
    ];
    for (method, path, right, wrong) in endpoints {
        for token in [None, Some("pm_guess"), Some("")] {
            let answer = portal.machine(method, path, token, "{").await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
        assert_eq!(portal.machine(method, path, Some(wrong), "{").await.status(), StatusCode::FORBIDDEN, "{path}");
        // The right token passes the guard and meets the next question: a body that reads, a bundle that exists.
        let answer = portal.machine(method, path, Some(right), "{").await;
        assert!([400, 404, 422].contains(&answer.status().as_u16()), "{method} {path}: {}", answer.status());
        let said = text(answer).await;
        assert!(said.contains("\"detail\""), "{said}");
    }
    // Whether a drill is over, its runner may ask of any; nothing else is told.
    let over = "/api/v1/drills/D-unknown";
    assert_eq!(portal.machine("GET", over, None, "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(portal.machine("GET", over, Some(&reads), "").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(text(portal.machine("GET", over, Some(&writes), "").await).await, r#"{"over":false}"#);
    // A session is no token, and a token no session.
    assert!(portal.get("/drills", Some(&format!("passmuster={writes}"))).await.status().is_redirection());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_answer_carries_never_reaches_another() {
    let site = tempfile::tempdir().expect("a folder");
    std::fs::write(site.path().join("favicon.svg"), "<svg/>").expect("written");
    let root = site.path().to_owned();
    let portal = Portal::open_as(|config: &mut server::config::Config| config.portal.site_root = root).await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let policy = |answer: &axum::http::Response<axum::body::Body>| {
        answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned()
    };
    // A page is drawn in several steps, and a file is asked for between them.
    let pages = async {
        for _ in 0..60 {
            let answer = portal.get("/settings", Some(&cookie)).await;
            assert!(policy(&answer).contains("script-src 'self' 'nonce-"), "{}", policy(&answer));
        }
    };
    let files = async {
        for _ in 0..2000 {
            let answer = portal.get("/favicon.svg", None).await;
            assert_eq!((answer.status(), policy(&answer).contains("nonce")), (StatusCode::OK, false));
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(pages, files);
    let answer = portal.get("/nothing.svg", Some(&cookie)).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(text(answer).await.contains("No page has this address"));
}
