//! Vendors' own output, brought by a machine: all of it or nothing, once, and with where it came from.

use axum::http::StatusCode;
use domain::{
    fact::{Fact, RunState},
    import::{Import, Reported, Told},
    role::{Role, Scope, TokenScope},
};
use server::{
    ledger::canonical,
    runner::portal::Portal as Push,
    store::imports::{FACTS, IMPORTS},
};

use crate::portal::{Portal, text};

const SNAPSHOTS: &str = r#"{"results":[
    {"id":"6a7900000000000000000001","status":"completed","frequencyType":"daily","snapshotType":"scheduled","createdAt":"2026-08-10T03:29:21Z","storageSizeBytes":4186517504,"policyItems":["p1"]},
    {"id":"6a7900000000000000000002","status":"resting","snapshotType":"scheduled"}]}"#;

async fn open() -> (Portal, String) {
    let portal = Portal::open().await;
    let token = portal.token(&[TokenScope::ImportsWrite]).await;
    (portal, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_sealed_with_where_it_came_from_and_the_same_again_changes_nothing() {
    let (portal, token) = open().await;
    let path = "/api/v1/imports/atlas-snapshots?resource=cartie-prod&collected_at=2026-08-10T04:00:00Z&command=atlas+backups+snapshots+list&tool=1.48.0";
    let answer = portal.machine("POST", path, Some(&token), SNAPSHOTS).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let said = text(answer).await;
    assert!(
        said.contains("\"facts\":4,\"new\":4") && said.contains("results[1].status: status \\\"resting\\\""),
        "{said}"
    );
    let again = text(portal.machine("POST", path, Some(&token), SNAPSHOTS).await).await;
    assert!(again.contains("\"facts\":4,\"new\":0"), "{again}");

    // Listed again a day later, and one of them has moved on.
    let later = SNAPSHOTS.replace("resting", "inProgress");
    let answer = text(portal.machine("POST", path, Some(&token), &later).await).await;
    assert!(answer.contains("\"facts\":4,\"new\":2"), "{answer}");
    let imports = portal.house.ports.imports.imports(&Scope::EVERYTHING).await.expect("read");
    assert_eq!(imports.len(), 2);
    let first = &imports.iter().find(|i| i.value.not_understood_in_all == 1).expect("the first").value;
    let sum = std::process::Command::new("sh").args(["-c", "printf %s \"$1\" | sha256sum", "sh", SNAPSHOTS]).output();
    assert!(String::from_utf8_lossy(&sum.expect("sha256sum runs").stdout).starts_with(&first.told.sha256));
    assert_eq!(
        (first.told.tool.as_deref(), first.told.about.resource.as_deref()),
        (Some("1.48.0"), Some("cartie-prod"))
    );
    let words = portal.house.ports.imports.last_words(&Scope::EVERYTHING).await.expect("read");
    let states: Vec<RunState> =
        words.iter().filter_map(|w| if let Fact::Run(run) = &w.value.fact { Some(run.state) } else { None }).collect();
    assert_eq!(states.len(), 2, "the last word on each");
    assert!(states.contains(&RunState::Running) && !states.contains(&RunState::Unknown), "{states:?}");

    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/backups", Some(&owner)).await).await;
    for part in ["Backup jobs", "cartie-prod", "4.2 GB", "atlas-snapshots", "one place not understood"] {
        assert!(page.contains(part), "{part}");
    }
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_output_is_refused_whole_and_every_bad_place_is_told() {
    let (portal, token) = open().await;
    let hostile = r#"{"job":"<script>alert(1)</script>\u202e\u0007","state":"ok","started_at":"2026-11-16T01:30:00Z"}"#;
    let cases = [
        ("runs-jsonl", "{\"job\":\"a\"}\n{\"job\":1}", 422, vec!["line 1", "line 2", "nothing was stored"]),
        ("runs-jsonl", SNAPSHOTS, 422, vec!["it looks like atlas-snapshots"]),
        ("atlas-snapshots", hostile, 422, vec!["it looks like runs-jsonl"]),
        ("atlas-snapshots", "", 422, vec!["it is empty"]),
        ("atlas-snapshots", "{\"results\":[],\"links\":[{\"rel\":\"next\"}]}", 422, vec!["one page of several"]),
        ("runs-csv?collected_at=tomorrow", "job,state,started_at\n", 422, vec!["collected_at"]),
        ("runs-csv?rsource=x", "job,state,started_at\n", 422, vec!["rsource"]),
        ("spreadsheets", "{}", 404, vec!["there is no kind spreadsheets", "atlas-snapshots"]),
    ];
    for (kind, body, status, parts) in cases {
        let answer = portal.machine("POST", &format!("/api/v1/imports/{kind}"), Some(&token), body).await;
        assert_eq!(answer.status().as_u16(), status, "{kind}");
        let said = text(answer).await;
        for part in parts {
            assert!(said.contains(part), "{kind}: {part} is not in {said}");
        }
    }
    assert!(portal.house.ports.imports.imports(&Scope::EVERYTHING).await.expect("read").is_empty());
    assert_eq!(portal.house.evidence.count(&Scope::EVERYTHING, FACTS).await.expect("counted"), 0);

    let taken = portal.machine("POST", "/api/v1/imports/runs-jsonl", Some(&token), hostile).await;
    assert_eq!(taken.status(), StatusCode::OK);
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/backups", Some(&owner)).await).await;
    assert!(!page.contains("<script>alert(1)"), "shown as text");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_whose_import_was_cut_off_count_as_nothing_until_the_file_comes_again() {
    let (portal, token) = open().await;
    let line = r#"{"job":"nightly","state":"ok","started_at":"2026-11-16T01:30:00Z"}"#;
    let read = (connectors::of("runs-jsonl").expect("a kind").read)(line.as_bytes(), &Default::default());
    let fact = read.expect("it reads").facts.remove(0);
    let id = domain::import::fact_id(&fact);
    let half = Reported {
        schema: 1,
        connector: "runs-jsonl".into(),
        import: Import::id(&Told::of("runs-jsonl", line.as_bytes(), Default::default())),
        occurred_at: fact.happened_at().expect("a time"),
        fact,
        demo: false,
        learned_at: None,
        by: "cron".into(),
    };
    portal.house.ledger.append_one(canonical::insert(FACTS, &id, &half).expect("BSON")).await.expect("sealed");
    assert!(portal.house.ports.imports.last_words(&Scope::EVERYTHING).await.expect("read").is_empty());
    let answer = portal.machine("POST", "/api/v1/imports/runs-jsonl", Some(&token), line).await;
    assert!(text(answer).await.contains("\"facts\":1,\"new\":0"));
    assert_eq!(portal.house.ports.imports.last_words(&Scope::EVERYTHING).await.expect("read").len(), 1);
    assert_eq!(portal.house.evidence.count(&Scope::EVERYTHING, IMPORTS).await.expect("counted"), 1);
}

/// As somebody at a terminal does it, a hundred thousand runs at once.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_checks_lists_and_brings_what_is_piped_in() {
    let (portal, token) = open().await;
    let url = portal.serve().await;
    let passmuster = |args: &[&str], input: Vec<u8>| {
        use std::io::Write;
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_passmuster"))
            .args(args)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let writing = std::thread::spawn(move || stdin.write_all(&input).unwrap_or_default());
        let output = child.wait_with_output().expect("it ends");
        writing.join().expect("written");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = passmuster(&["import", "--list"], Vec::new());
    assert!(
        code == Some(0) && said.contains("atlas-snapshots") && said.contains("atlas backups snapshots list"),
        "{said}"
    );
    let (code, said) = passmuster(&["import", "atlas-snapshots", "-", "--check"], SNAPSHOTS.into());
    assert!(code == Some(0) && said.contains("4 facts; nothing was sent.") && said.contains("resting"), "{said}");
    let (code, said) = passmuster(&["import", "runs-csv", "-", "--check"], SNAPSHOTS.into());
    assert!(code == Some(1) && said.contains("it looks like atlas-snapshots"), "{said}");

    let dir = tempfile::tempdir().expect("a folder");
    let key = dir.path().join("token");
    std::fs::write(&key, &token).expect("written");
    let mut many = "job,state,started_at,bytes\n".to_owned();
    for n in 0..20_000 {
        let at = domain::Moment::from_millis(1_700_000_000_000 + n * 60_000).expect("a time").rfc3339();
        many += &format!("job-{},{},{at},{}\n", n % 40, if n % 97 == 0 { "failed" } else { "ok" }, 1000 + n);
    }
    let args = ["import", "runs-csv", "-", "--portal", &url, "--token-file", key.to_str().expect("a path")];
    let (code, said) = passmuster(&args, many.clone().into_bytes());
    assert!(code == Some(0) && said.contains("20000 facts, 20000 of them new"), "{said}");
    let (_, said) = passmuster(&args, many.into_bytes());
    assert!(said.contains("0 of them new"), "{said}");
    // A runner whose token is bound to a key signs what it brings, and an import is not signed.
    let both = portal.token(&[TokenScope::ImportsWrite, TokenScope::DrillsWrite]).await;
    let identity = server::runner::identity::Identity::at(&dir.path().join("key")).expect("a key");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let push = Push::new(&url, &both).expect("a client").signing(identity.into()).await.expect("registered");
    let refused = push.import("runs-jsonl", &Default::default(), b"{}".to_vec()).await.expect_err("refused");
    assert!(refused.to_string().contains("the record is not signed by it"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_short_opens_one_finding_that_only_the_facts_close_and_open_again() {
    use app::ports::Findings;
    use domain::finding::State;
    let (portal, token) = open().await;
    let now = portal.house.clock.now();
    let bring = async |hour: i64, state: &str| {
        let at = now.plus_millis((hour - 100) * 60_000).rfc3339();
        let line = serde_json::json!({ "job": "nightly", "state": state, "started_at": at, "message": "disk full" });
        let path =
            format!("/api/v1/imports/runs-jsonl?collected_at={}", now.plus_millis((hour - 100) * 60_000).rfc3339());
        let answer = portal.machine("POST", &path, Some(&token), &line.to_string()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(answer).await);
        server::jobs::judgements::judgements(&portal.house).await.expect("judged");
        // Looked at again, nothing is said twice.
        server::jobs::judgements::judgements(&portal.house).await.expect("judged");
        let mut all = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
        all.retain(|f| f.value.cause.as_deref().is_some_and(|cause| cause.starts_with("last-run")));
        all
    };
    assert!(bring(1, "ok").await.is_empty());
    let failed = bring(2, "failed").await;
    assert_eq!(failed.len(), 1);
    let finding = &failed[0].value;
    assert!(
        finding.title.contains("nightly: failed once") && finding.what.contains("perhaps a disk that is full"),
        "{finding:?}"
    );
    assert_eq!(bring(3, "failed").await.len(), 1, "one cause, one finding");
    let closed = bring(4, "ok").await;
    assert!(
        matches!(&closed[0].value.state, State::Closed { evidence, .. } if evidence.contains("succeeded at")),
        "{closed:?}"
    );
    let again = bring(5, "failed").await;
    assert_eq!((again.len(), &again[0].value.state), (1, &State::Open));
    // What is not understood closes nothing.
    assert_eq!(bring(6, "asleep").await[0].value.state, State::Open);
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/backups", Some(&owner)).await).await;
    assert!(page.contains("What vendors’ reports come to") && page.contains("not understood"), "{page}");
    assert!(text(portal.get("/findings", Some(&owner)).await).await.contains("nightly: failed once"));
    portal.assert_ledger_whole().await;
}
