//! Evidence outside the audit is absent: for each collection one record inside, one outside on each
//! side, one on each boundary, across every way out.

use axum::http::StatusCode;
use bson::{Document, doc};
use domain::{
    attachment::{Attachment, FileType},
    control::Control,
    drill::{Drill, DrillVerdict, Measured, Outcome, Plan, Source, Staging, Step, StepId},
    finding::{Finding, Severity, State},
    proof::verify::{Trust, verify},
    role::{Actor, Role, Scope, TokenScope},
    schedule::Period,
    target::Scenario,
    verdict::Verdict,
};

use crate::portal::{Portal, at, attestation, bytes, document, text};

/// Name, when, and whether the audit of 2026-Q2 sees it: from 1 April, before 1 July.
const MOMENTS: [(&str, &str, bool); 5] = [
    ("before", "2026-03-15T03:00:00Z", false),
    ("lastbefore", "2026-03-31T23:59:59.999Z", false),
    ("first", "2026-04-01T00:00:00Z", true),
    ("last", "2026-06-30T23:59:59.999Z", true),
    ("after", "2026-07-01T00:00:00Z", false),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_the_period_and_nothing_beside_it() {
    let (portal, cookie) = audited(&[Control::Cc75, Control::A12, Control::Cc73]).await;
    let list = |prefix: &str| -> Vec<(String, bool)> {
        MOMENTS.iter().map(|(name, _, inside)| (format!("{prefix}{name}"), *inside)).collect()
    };
    let bundle = made_bundle(&portal, &cookie, "range&from=2026-01-01&to=2026-12-31").await;
    let ways_out = [
        ("/backups", list("tenant-")),
        ("/drills", list("D-")),
        ("/controls/A1.2", list("D-")),
        ("/", list("D-")),
        ("/targets", list("D-")),
        ("bundle", list("tenant-")),
        ("bundle", list("run-")),
        ("/backups", list("import-")),
        ("/backups/jobs.csv", list("import-")),
        ("/backups/attestations.csv", list("tenant-")),
        ("bundle", list("import-")),
        ("bundle", list("D-")),
        ("bundle", list("finding-")),
        ("/findings", list("finding-")),
        ("/reviews", list("D-")),
    ];
    for (path, names) in ways_out {
        let shown = if path == "bundle" { bundle.clone() } else { text(portal.get(path, Some(&cookie)).await).await };
        for (name, inside) in names {
            let found = shown.contains(&format!("{name}!")) || shown.contains(&format!("{name}\""));
            // What is inside need not be on every page; what is outside must be on none. Lists show all.
            let all = [
                "/backups",
                "/backups/jobs.csv",
                "/backups/attestations.csv",
                "/drills",
                "bundle",
                "/findings",
                "/reviews",
            ];
            let must = inside && all.contains(&path);
            assert!(found || !must, "{path} leaves out {name}");
            assert!(inside || !found, "{path} tells of {name}");
        }
    }
    let jobs = text(portal.get("/backups", Some(&cookie)).await).await;
    assert!(jobs.contains("run-last!") && !jobs.contains("run-after!"), "the newest run within the period");
    for (name, _, inside) in MOMENTS {
        // Its live page leads to the record, and its stream says that it has ended.
        let live = portal.get(&format!("/drills/D-{name}/live"), Some(&cookie)).await.status();
        assert_eq!((live.is_redirection(), live == StatusCode::NOT_FOUND), (inside, !inside), "{name} live");
        for path in ["/drills/D-{}", "/drills/D-{}/record.json", "/drills/D-{}/events", "/reviews/owns.D-{}"]
            .map(|p| p.replace("{}", name))
        {
            let status = portal.get(&path, Some(&cookie)).await.status();
            assert_eq!(status, if inside { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{path}");
        }
    }
    // A filter in the address cannot widen what is seen.
    let wide =
        text(portal.get("/backups?from=2026-01-01&to=2026-12-31&tenant=tenant-before%21", Some(&cookie)).await).await;
    assert!(!wide.contains("2026-03-15"), "a filter reached outside the period");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_the_controls_and_nothing_beside_them() {
    let (portal, cookie) = audited(&[Control::Cc73]).await;
    for path in ["/backups", "/drills"] {
        let shown = text(portal.get(path, Some(&cookie)).await).await;
        assert!(
            !shown.contains("tenant-first!") && !shown.contains("D-first\""),
            "{path} answers no control of the audit"
        );
    }
    assert_eq!(portal.get("/drills/D-first", Some(&cookie)).await.status(), StatusCode::NOT_FOUND);
    let bundle = made_bundle(&portal, &cookie, "2026-Q2").await;
    assert!(bundle.contains("finding-first!") && !bundle.contains("tenant-first!") && !bundle.contains("D-first\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_of_the_owner_is_not_the_auditors_to_take() {
    let (portal, auditor) = audited(&[Control::A12]).await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let made = portal.post("/evidence/make", "period=range&from=2026-01-01&to=2026-12-31", Some(&owner)).await;
    assert!(made.status().is_redirection(), "{}", made.status());
    assert_eq!(portal.get("/evidence/B-001/download", Some(&owner)).await.status(), StatusCode::OK);
    assert_eq!(portal.get("/evidence/B-001/download", Some(&auditor)).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_fails_and_names_what_is_missing_or_differs() {
    for tamper in [doc! { "delete": true }, doc! { "$set": { "tenant": "someone-else" } }] {
        let (portal, cookie) = audited(&[Control::A12]).await;
        let log = portal.house.store.documents("backup_audit_log");
        let inside = doc! { "tenant": "tenant-first!" };
        if tamper.contains_key("delete") {
            log.delete_one(inside).await.expect("deleted");
        } else {
            log.update_one(inside, tamper).await.expect("updated");
        }
        use app::ports::{Bundles, Wish};
        let actor =
            domain::role::Actor { id: "o".into(), name: "o".into(), role: Role::Owner, scope: Scope::EVERYTHING };
        let wish = Wish {
            period_name: "2026-Q2".into(),
            period: Period::quarter("2026-Q2").expect("q"),
            controls: vec![],
            sample: None,
        };
        let refused = portal.house.exports.make(&actor, &wish).await.expect_err("no bundle").to_string();
        assert!(refused.contains("backup_audit_log") && refused.contains("№"), "{refused}");
        assert!(portal.house.exports.all(&actor).await.expect("a list").is_empty(), "nothing half made is listed");
        let page = text(portal.get("/evidence", Some(&cookie)).await).await;
        assert!(!page.contains("B-001/download"));
    }
}

/// A request belongs to what its asker could see: whoever sees less of that sees nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_reaches_beyond_the_audit_is_absent_on_every_way_out() {
    let portal = Portal::open().await;
    let of = |first: &str, last: &str, controls: &[Control]| Scope {
        period: Period::days(first, last),
        controls: Some(controls.to_vec()),
    };
    let (q2, both) = (("2026-04-01", "2026-06-30"), [Control::Cc75, Control::A12]);
    let file = |name: &str| format!("of {name}\n").into_bytes();
    let rows = [
        ("same", of(q2.0, q2.1, &both), None, true),
        ("narrower", of("2026-05-01", "2026-05-31", &[Control::A12]), None, true),
        ("control", of(q2.0, q2.1, &Control::ALL), Some(Control::A12), true),
        ("longer", of("2026-04-01", "2026-07-01", &both), None, false),
        ("earlier", of("2026-03-31", "2026-06-30", &both), None, false),
        ("wider", of(q2.0, q2.1, &Control::ALL), None, false),
        ("beside", of(q2.0, q2.1, &[Control::A13]), Some(Control::A13), false),
        ("everything", Scope::EVERYTHING, None, false),
    ];
    use domain::request::{Question, Request};
    for (n, (name, scope, control, _)) in rows.iter().enumerate() {
        let actor = Actor { id: "a".into(), name: "a".into(), role: Role::Auditor, scope: scope.clone() };
        let question = Question { title: format!("question-{name}!"), control: *control, ..Question::default() };
        let asked = at("2027-01-15T09:00:00Z");
        let request = Request::ask(format!("R-{n}"), question, &actor, None, asked).expect("it is asked");
        let mut request = request.put_in_bundle(true, &actor, asked).expect("marked");
        let sha256 = domain::proof::sha256_hex(&file(name));
        request.thread[0].attachments = vec![Attachment {
            sha256: sha256.clone(),
            name: format!("{name}.txt"),
            kind: FileType::Text,
            bytes: file(name).len() as u64,
        }];
        let item = server::ledger::canonical::insert("requests", &request.id, &request).expect("an item");
        portal.house.ledger.append_one(item).await.expect("sealed");
        let bucket = mongodb::options::GridFsBucketOptions::builder().bucket_name("attachments".to_owned()).build();
        let mut upload = portal.house.store.db.gridfs_bucket(bucket).open_upload_stream(sha256).await.expect("a file");
        futures::AsyncWriteExt::write_all(&mut upload, &file(name)).await.expect("written");
        futures::AsyncWriteExt::close(&mut upload).await.expect("kept");
    }
    let cookie = portal.person(Role::Auditor, of(q2.0, q2.1, &both)).await;
    let list = text(portal.get("/requests", Some(&cookie)).await).await;
    let count = rows.iter().filter(|row| row.3).count();
    assert!(list.contains(&format!("{count} of {count}")), "the count is that of what is inside");
    let bundle = made_bundle(&portal, &cookie, "2026-Q2").await;
    for (n, (name, _, _, inside)) in rows.iter().enumerate() {
        let status = if *inside { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(list.contains(&format!("question-{name}!")), *inside, "the list and {name}");
        assert_eq!(bundle.contains(&format!("question-{name}!")), *inside, "the bundle and {name}");
        let attachment = format!("/attachments/{}", domain::proof::sha256_hex(&file(name)));
        for path in [format!("/requests/R-{n}"), attachment] {
            assert_eq!(portal.get(&path, Some(&cookie)).await.status(), status, "{name}: {path}");
        }
    }
}

/// Makes a bundle on the page and returns all its files' text.
pub async fn made_bundle(portal: &Portal, cookie: &str, period: &str) -> String {
    let made = portal.post("/evidence/make", &format!("period={period}"), Some(cookie)).await;
    let to = made.headers()["location"].to_str().expect("text").to_owned();
    let id = to
        .split("made=")
        .nth(1)
        .and_then(|rest| rest.split('#').next())
        .unwrap_or_else(|| panic!("no bundle: {to}"))
        .to_owned();
    let zip = bytes(portal.get(&format!("/evidence/{id}/download"), Some(cookie)).await).await;
    let trust = Trust { root_pem: Some(portal.house.ledger.keys.root_pem()), ..Trust::default() };
    let report = verify(&zip, &trust, portal.house.clock.now());
    assert!(report.verified(), "{:?}", report.first_wrong());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a ZIP");
    let mut all = String::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a file");
        let name = file.name().expect("a name").into_owned();
        if name.ends_with(".jsonl") && !name.ends_with("entries.jsonl") || name.ends_with(".html") {
            std::io::Read::read_to_string(&mut file, &mut all).expect("text");
        }
    }
    all
}

/// A portal with every kind of record at every moment, and an auditor of 2026-Q2.
pub async fn audited(controls: &[Control]) -> (Portal, String) {
    let portal = Portal::open().await;
    let mut attestations = Vec::new();
    let mut drills = Vec::new();
    let mut findings = Vec::new();
    for (name, when, _) in MOMENTS {
        attestations.push(attestation(&format!("tenant-{name}!"), when));
        let mut drill = document(&drill(when));
        drill.insert("_id", format!("D-{name}"));
        drills.push(drill);
        findings.push(finding(name, when));
    }
    portal.insert("backup_audit_log", attestations).await;
    portal.insert("backup_drill_results", drills).await;
    portal.insert("findings", findings).await;
    let token = portal.token(&[TokenScope::AttestationsWrite]).await;
    for (name, when, _) in MOMENTS {
        let run = serde_json::json!({ "schema": 1, "job": "weekly", "kind": "attest", "cron": "0 3 * * SUN",
            "lateAfterMs": 60_000, "dueAt": at(when), "startedAt": at(when), "occurredAt": at(when), "outcome": "failed",
            "says": format!("run-{name}!"), "by": "runner-1" });
        let filed = portal.machine("POST", "/api/v1/job-runs", Some(&token), &run.to_string()).await;
        assert_eq!(filed.status(), StatusCode::OK, "{}", text(filed).await);
    }
    let token = portal.token(&[TokenScope::ImportsWrite]).await;
    for (name, when, _) in MOMENTS {
        let run =
            serde_json::json!({ "job": format!("import-{name}!"), "state": "ok", "started_at": at(when).rfc3339() });
        let path = format!("/api/v1/imports/runs-jsonl?collected_at={}", at(when).rfc3339());
        let filed = portal.machine("POST", &path, Some(&token), &run.to_string()).await;
        assert_eq!(filed.status(), StatusCode::OK, "{}", text(filed).await);
    }
    let period = Period::quarter("2026-Q2");
    let cookie = portal.person(Role::Auditor, Scope { period, controls: Some(controls.to_vec()) }).await;
    (portal, cookie)
}

pub fn drill(when: &str) -> Drill {
    let plan = Plan { runbook_version: "1.0".into(), rpo_ms: 1000, rto_ms: 1000 };
    let measured = Some(Measured { restore_ms: 10, rpo_ms: Some(10), bytes: 1, documents: 1 });
    let verdict: DrillVerdict = Drill::judge(&plan, measured.as_ref(), &[], None);
    assert_eq!(verdict.contents, Verdict::Untested);
    Drill {
        schema: 1,
        scenario: Scenario::Collection,
        quarter: "2026-Q2".into(),
        plan,
        draw: None,
        source: Source {
            kind: "k".into(),
            recovery_point: "r".into(),
            taken_at: at(when),
            last_write_at: Some(at(when).plus_millis(-10)),
            last_write_by: Some("updatedAt".into()),
        },
        target: Staging { environment: "e".into(), isolated: true, why: None },
        steps: [(StepId::Provision, 0, 4), (StepId::Verify, 4, 10)]
            .map(|(id, from, to)| Step {
                id,
                started_at: at(when).plus_millis(from),
                ended_at: at(when).plus_millis(to),
                outcome: Outcome::Done,
                note: String::new(),
                commands: vec![],
            })
            .to_vec(),
        checks: vec![],
        counts: vec![],
        documents: vec![],
        digests: Vec::new(),
        references: Vec::new(),
        queries: Vec::new(),
        canary: None,
        erasures: None,
        measured,
        verdict,
        exposure: None,
        people: vec![],
        abandoned: None,
        log: vec![],
        demo: false,
        occurred_at: at(when),
        learned_at: None,
        by: "runner".into(),
        signature: None,
    }
}

/// Closed a second after it was opened, so that only its own moment counts.
pub fn finding(name: &str, when: &str) -> Document {
    let opened = at(when);
    document(&Finding {
        schema: 1,
        id: format!("finding-{name}!"),
        title: format!("finding-{name}!"),
        severity: Severity::Low,
        found_by: "test".into(),
        cause: None,
        hits: vec![],
        what: "w".into(),
        why: "y".into(),
        plan: String::new(),
        owner: "o".into(),
        due_at: opened,
        state: State::Closed { at: opened, evidence: "e".into() },
        controls: vec![Control::Cc73],
        attachments: vec![],
        demo: false,
        occurred_at: opened,
        by: "o".into(),
    })
}
