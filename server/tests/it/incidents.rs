//! Incidents: acts as devices bring them, the desk without a script, the kit and its forged twins, the account, its
//! signature, its findings, and what an auditor and a bundle see of it.

use app::ports::{Findings, Incidents};
use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use domain::{
    Moment,
    finding::State,
    incident::{Act, Did, Incident, Promise, Standing, Step, incidents},
    kit::{Envelope, Kit, KitError, Taken, unwire, wire},
    review::Mark,
    role::{Role, Scope},
    schedule::Period,
    target::Scenario,
    verdict::Verdict,
};
use serde_json::{Value, json};

use crate::{
    periods,
    portal::{Portal, text, to},
    reviews::{founder, made, review, seal_runbook, sign, signer},
};

const RUNBOOK: &str = "+++\ntitle = \"Recovery\"\nversion = \"1.0\"\nowner = \"Founder\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n\n[[claims]]\nkind = \"target\"\nscenario = \"collection\"\nrpoMinutes = 360\nrtoMinutes = 120\nmeans = \"snapshot restore to staging\"\n\n[[claims]]\nkind = \"deadlines\"\ntellTenantsHours = 1\ndocumentHours = 24\n+++\n\n## What to do first\n\nFind out what is lost.\n";
const MINUTE: i64 = 60_000;

async fn open() -> Portal {
    let portal = Portal::open().await;
    seal_runbook(&portal, "1.0", RUNBOOK).await;
    portal
}

async fn page(portal: &Portal, path: &str, cookie: &str) -> String {
    let answer = portal.get(path, Some(cookie)).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    text(answer).await
}

/// A form of the desk as a browser without a script sends it.
async fn form(portal: &Portal, cookie: &str, fields: &str) -> Response<Body> {
    let request = Request::post("/emergency/act")
        .header(header::HOST, "portal.test")
        .header(header::ORIGIN, "http://portal.test")
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    portal.send(request.body(Body::from(fields.to_owned())).expect("a request")).await
}

async fn all(portal: &Portal) -> Vec<Incident> {
    incidents(portal.house.evidence.acts(&Scope::EVERYTHING).await.expect("read"))
}

/// What a device wrote: the loss and its recovery, `from` on by its own clock.
fn worked(from: Moment, device: &str, steps: &[(i64, Did)]) -> Vec<Act> {
    let promise = Promise {
        runbook_version: "1.0".into(),
        rto_ms: Some(120 * MINUTE),
        rpo_ms: Some(360 * MINUTE),
        tell_ms: 60 * MINUTE,
        document_ms: 1440 * MINUTE,
    };
    let declare = Did::Declare { scenario: Scenario::Collection, what: "orders is <b>empty</b>".into(), promise };
    let incident = domain::incident::name(from, device);
    std::iter::once((0, declare))
        .chain(steps.iter().cloned())
        .enumerate()
        .map(|(n, (minute, did))| Act {
            schema: 1,
            incident: incident.clone(),
            device: device.to_owned(),
            number: n as u32 + 1,
            did,
            offline: true,
            device_at: from.plus_millis(minute * MINUTE),
            demo: false,
            occurred_at: from.plus_millis(minute * MINUTE),
            declared_at: None,
            by: "The founder".into(),
            brought_by: None,
        })
        .collect()
}

fn tick(step: Step) -> Did {
    let note = if step == Step::Documented { "A release emptied it." } else { "" };
    Did::Tick { step, note: note.into(), count: (step == Step::Verified).then_some(3412) }
}

fn whole(from: Moment) -> Vec<(i64, Did)> {
    vec![
        (1, Did::Lost { at: from.plus_millis(-6 * MINUTE) }),
        (2, Did::Point { name: "snap-1".into(), taken_at: from.plus_millis(-90 * MINUTE) }),
        (3, tick(Step::Hold)),
        (30, tick(Step::Staging)),
        (50, tick(Step::Verified)),
        (55, tick(Step::Tenants)),
        (61, tick(Step::Swap)),
        (62, tick(Step::Production)),
        (90, tick(Step::Documented)),
    ]
}

async fn bring(portal: &Portal, cookie: &str, device_now: Moment, acts: &[Act]) -> Taken {
    let acts: Vec<Value> = acts.iter().map(|act| serde_json::from_str(&wire(act)).expect("JSON")).collect();
    let body = json!({ "schema": 1, "deviceNow": device_now.rfc3339(), "acts": acts });
    let answer = portal.script("/emergency/acts", &body.to_string(), Some(cookie)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    unwire(&text(answer).await).expect("what was taken")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_brings_is_sealed_once_by_the_portals_clock() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let now = portal.house.clock.now();
    // The device's clock is three hours behind.
    let device_now = now.plus_millis(-180 * MINUTE);
    let from = device_now.plus_millis(-100 * MINUTE);
    let acts = worked(from, "7f3a0001", &whole(from));
    let taken = bring(&portal, &founder.cookie, device_now, &acts[..4]).await;
    assert!((taken.ahead_ms - 180 * MINUTE).abs() < 5_000 && taken.refused.is_empty(), "{taken:?}");
    // The answer was lost on its way, and everything comes again, in another order.
    let mut again = acts.clone();
    again.reverse();
    let device_now = device_now.plus_millis(-1_500);
    let (one, two) = tokio::join!(
        bring(&portal, &founder.cookie, device_now, &again),
        bring(&portal, &founder.cookie, device_now, &again)
    );
    assert_eq!((one.refused.len(), two.refused.len()), (0, 0));
    let known = all(&portal).await;
    assert_eq!((known.len(), known[0].lines.len()), (1, acts.len()), "each once");
    assert!(known[0].lines.iter().all(|line| line.out_of_order.is_none()), "{:?}", known[0].lines);
    assert_eq!((known[0].standing(), known[0].restore_ms()), (Standing::Over, Some(62 * MINUTE)));
    let first = &known[0].lines[0].acted.act;
    assert_eq!(first.device_at, from);
    assert!((first.occurred_at.since(from) - 180 * MINUTE).abs() < 5_000, "both clocks are kept");
    let shown = page(&portal, &format!("/incidents/{}", known[0].id), &founder.cookie).await;
    for part in [
        "orders is &lt;b&gt;empty",
        "Written without a connection",
        "3 h behind",
        "1 h 02 m",
        "Staging verified, 3\u{a0}412 counted",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("<b>empty"));
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_act_of_here_is_refused_by_its_name_and_the_rest_is_kept() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let now = portal.house.clock.now();
    let good = worked(now.plus_millis(-5 * MINUTE), "7f3a0001", &[(1, tick(Step::Hold))]);
    let mut wrong = vec![
        Act { schema: 9, number: 11, ..good[0].clone() },
        Act { incident: "I-1'; drop".into(), number: 12, ..good[0].clone() },
        Act { number: 13, did: Did::Note { says: "x".repeat(3000) }, ..good[0].clone() },
        Act { number: 14, device_at: now.plus_millis(3000 * MINUTE), ..good[0].clone() },
    ];
    wrong.extend(good.clone());
    let taken = bring(&portal, &founder.cookie, now, &wrong).await;
    assert_eq!(taken.refused.len(), 4, "{:?}", taken.refused);
    assert_eq!(taken.acts.len(), 2);
    // Another act under a name that is taken.
    let other = Act { did: Did::Note { says: "another".into() }, ..good[1].clone() };
    let taken = bring(&portal, &founder.cookie, now, &[other]).await;
    assert_eq!(taken.refused[0].why, "another act has this name already");
    // Somebody else brings what the founder wrote.
    let operator = signer(&portal, "operator", Role::Operator, None).await;
    let more = Act { number: 3, did: Did::Note { says: "by hand".into() }, ..good[1].clone() };
    bring(&portal, &operator.cookie, now, &[more]).await;
    let last = all(&portal).await[0].lines.last().expect("a line").acted.act.clone();
    assert_eq!((last.by.as_str(), last.brought_by.as_deref()), ("The founder", Some("The operator")));
    for body in [
        "",
        "{",
        r#"{"schema":2,"deviceNow":"2026-11-25T00:00:00Z","acts":[]}"#,
        r#"{"schema":1,"deviceNow":"soon","acts":[]}"#,
    ] {
        let answer = portal.script("/emergency/acts", body, Some(&founder.cookie)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        assert!(text(answer).await.contains("the device keeps everything"));
    }
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_works_without_a_script_and_the_swap_waits_for_staging() {
    let portal = open().await;
    let owner = founder(&portal).await.cookie;
    let desk = page(&portal, "/emergency", &owner).await;
    for part in ["What was lost?", "no tested path", "not in the runbook", "Declare the loss", "The founder"] {
        assert!(desk.contains(part), "{part}: {desk}");
    }
    let declare = "act=declare&scenario=collection&what=orders+%3Cb%3E";
    let id = to(&form(&portal, &owner, declare).await).replace("/emergency?incident=", "");
    assert!(domain::incident::is_incident(&id), "{id}");
    let again = form(&portal, &owner, declare).await;
    let cookie = again.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("one").to_owned();
    assert_eq!(to(&again), "/emergency?refused=1#refused");
    let back = page(&portal, "/emergency?refused=1&incident=new", &format!("{owner}; {cookie}")).await;
    assert!(
        back.contains("is open already")
            && back.contains("This is another loss")
            && back.contains("orders &#60;b&#62;"),
        "{back}"
    );
    let refused = form(&portal, &owner, &format!("act=tick&step=swap&incident={id}")).await;
    assert_eq!(to(&refused), format!("/emergency?refused=1&incident={id}#refused"));
    let cookie =
        refused.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("one").to_owned();
    let back = page(&portal, &format!("/emergency?refused=1&incident={id}"), &format!("{owner}; {cookie}")).await;
    assert!(back.contains("nothing is swapped into production"), "{back}");
    assert!(!back.contains("name=\"step\" value=\"swap\""), "it is locked");
    for (fields, step) in [("act=tick&step=staging", "staging"), ("act=tick&step=verified&count=3+412", "verified")] {
        let answer = form(&portal, &owner, &format!("{fields}&incident={id}")).await;
        assert_eq!(to(&answer), format!("/emergency?incident={id}#step-{step}"));
    }
    let desk = page(&portal, "/emergency", &owner).await;
    assert!(desk.contains("name=\"step\" value=\"swap\"") && desk.contains("3\u{a0}412 counted"), "{desk}");
    assert!(desk.contains("№ "), "sealed at once");
    let operator = signer(&portal, "operator", Role::Operator, None).await.cookie;
    let fields = format!("act=tick&step=swap&incident={id}");
    assert!(!to(&form(&portal, &operator, &fields).await).contains("refused"));
    portal.assert_ledger_whole().await;
}

async fn kit(portal: &Portal, cookie: &str) -> Envelope {
    let answer: Value = serde_json::from_str(&page(portal, "/emergency/kit.json", cookie).await).expect("JSON");
    assert_eq!(answer["me"]["name"], "The founder");
    serde_json::from_value(answer["envelope"].clone()).expect("an envelope")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_opens_and_none_of_its_forged_twins_does() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let unsigned = kit(&portal, &founder.cookie).await.open(None).expect("it holds");
    assert_eq!(unsigned.signed, None);
    assert_eq!(sign(&portal, &founder, "approves.runbook-1.0").await.0, StatusCode::OK);
    let good = kit(&portal, &founder.cookie).await;
    let opened = good.open(Some(&unsigned.root)).expect("it holds");
    assert_eq!(opened.signed.as_ref().map(|(by, _)| by.as_str()), Some("The founder"));
    assert_eq!((opened.version.version.as_str(), opened.kit.paths[0].verdict), ("1.0", Verdict::Untested));
    assert_eq!((opened.kit.tell_ms, opened.kit.document_ms), (60 * MINUTE, 1440 * MINUTE));

    // Forged by who has no key: a byte changed. By who has one: signed again under another root, and under ours.
    let other = tempfile::tempdir().expect("a folder");
    let theirs = server::sign::Keys::open_or_create(other.path(), "Testwerk", "log", chrono::Utc::now()).expect("keys");
    let ours = &portal.house.ledger.keys;
    let again = |change: &dyn Fn(&mut Kit)| {
        let mut kit = opened.kit.clone();
        change(&mut kit);
        Envelope::of(&kit, |bytes| ours.sign_cms(bytes).ok(), ours.root_pem()).expect("signed")
    };
    let record = |kit: &mut Kit, from: &str, to: &str| {
        kit.runbook.record = kit.runbook.record.replace(from, to);
        kit.runbook.sha256 = domain::proof::sha256_hex(kit.runbook.record.as_bytes());
    };
    let foreign = Envelope::of(&opened.kit, |bytes| theirs.sign_cms(bytes).ok(), theirs.root_pem()).expect("signed");
    assert!(foreign.open(None).is_ok(), "where nothing is known yet, the first root is taken");
    for (what, forged, says) in [
        ("a step changed", Envelope { kit: good.kit.replacen("Find out", "Forget", 1), ..good.clone() }, "signature"),
        ("no signature", Envelope { p7s: String::new(), ..good.clone() }, "signature"),
        ("another root in the same place", Envelope { root: theirs.root_pem(), ..good.clone() }, "another root"),
        ("signed by another company", foreign, "another root"),
        ("not base64", Envelope { p7s: "!".into(), ..good.clone() }, "does not read"),
        ("a text beside its digest", again(&|kit| kit.runbook.record.push(' ')), "digests differ"),
        ("another text, its digest made new", again(&|kit| record(kit, "Find out", "Forget")), "another version"),
        ("another version's name", again(&|kit| kit.runbook.version = "9.9".into()), "not the one that was sealed"),
        (
            "somebody else's approval",
            again(&|kit| kit.runbook.signed.as_mut().expect("signed").signoff.by = "Mallory".into()),
            "does not carry its statement",
        ),
    ] {
        let error = forged.open(Some(&unsigned.root)).expect_err(what);
        assert!(error.to_string().contains(says), "{what}: {error}");
    }
    assert!(matches!(good.open(Some("00")), Err(KitError::OtherRoot)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_kit_is_checked_with_stock_tools_alone() {
    let portal = open().await;
    let founder = founder(&portal).await;
    sign(&portal, &founder, "approves.runbook-1.0").await;
    let answer = portal.get("/emergency/kit.zip", Some(&founder.cookie)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let zip = crate::portal::bytes(answer).await;
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("kit.zip"), zip).expect("written");
    let sh = |script: &str| {
        let done = std::process::Command::new("bash").args(["-c", script]).current_dir(dir.path()).output();
        let done = done.expect("bash");
        (done.status.success(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    // The line that START-HERE.txt prints, word for word.
    let check = "cd emergency-kit-1.0-* && eval \"$(grep '^openssl cms' START-HERE.txt)\"";
    let (ok, said) = sh(&format!("unzip -q kit.zip && {check}"));
    assert!(ok && said.contains("unchanged"), "{said}");
    let (_, said) = sh("cat emergency-kit-*/index.html && cat emergency-kit-*/START-HERE.txt && ls emergency-kit-*");
    for part in
        ["never straight over production", "signed by The founder", "Find out what is lost", "<svg", "runbook.pdf"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let sha256 = review(&portal, "approves.runbook-1.0").await.document.seal.sha256;
    let (ok, said) =
        sh("cd emergency-kit-* && qpdf --check runbook.pdf && pdftotext -layout runbook.pdf - | tr -d ' \\n'");
    assert!(ok && said.contains(&sha256), "{said}");
    for (what, forge) in [
        ("a step changed", "sed -i s/Find/Lose/ runbook.md"),
        (
            "a sum made new",
            "sed -i s/Find/Lose/ runbook.md && sha256sum START-HERE.txt index.html kit.json root.pem runbook.md runbook.pdf > SHA256SUMS",
        ),
    ] {
        let (ok, said) =
            sh(&format!("rm -rf emergency-kit-* && unzip -q kit.zip && (cd emergency-kit-* && {forge}) && {check}"));
        assert!(!ok && !said.contains("unchanged"), "{what}: {said}");
    }
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    assert_eq!(portal.get("/emergency/kit.zip", Some(&auditor)).await.status(), StatusCode::FORBIDDEN);
    assert!(portal.get("/emergency/kit.zip", None).await.status().is_redirection());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_accounted_for_signed_carried_in_the_bundle_and_closes_its_findings() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let now = portal.house.clock.now();
    let from = now.plus_millis(-300 * MINUTE);
    // Told after an hour and a half, restored in three hours.
    let mut steps = whole(from);
    for (minute, did) in &mut steps {
        match did {
            Did::Tick { step: Step::Tenants, .. } => *minute = 90,
            Did::Tick { step: Step::Swap | Step::Production, .. } => *minute = 180,
            Did::Tick { step: Step::Documented, .. } => *minute = 200,
            _ => {}
        }
    }
    steps.sort_by_key(|(minute, _)| *minute);
    let acts = worked(from, "7f3a0001", &steps);
    bring(&portal, &founder.cookie, now, &acts[..1]).await;
    let id = acts[0].incident.clone();
    let here = format!("/incidents/{id}");
    let account = |seen: &str, cause: &str| {
        format!(
            "id={id}&seen={seen}&root_cause={cause}&failure_mode=release&again=medium&follow_ups=Ask+twice+before+a+drop%0ARehearse+it"
        )
    };
    let early = portal.script_form("/incidents/account", &account("", "A+release"), &founder.cookie).await;
    assert!(text(early).await.contains("still open"));
    bring(&portal, &founder.cookie, now, &acts).await;
    for (form, says) in [
        (account("", "+"), "root cause is missing"),
        (account("", "A").replace("release&again", "moon&again"), "not said what failed"),
        (account("", "A").replace("medium", "often"), "how likely"),
        (account("", "A").replace("Rehearse", &"x".repeat(300)), "too much"),
    ] {
        let said = text(portal.script_form("/incidents/account", &form, &founder.cookie).await).await;
        assert!(said.contains(says), "{says}: {said}");
    }

    let look = async || {
        server::jobs::incidents::incidents(&portal.house).await.expect("looked");
        let mut found = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
        found.sort_by_key(|f| f.id.clone());
        found
    };
    let missed: Vec<String> = look().await.iter().map(|f| f.value.title.clone()).collect();
    assert_eq!(missed.len(), 2, "{missed:?}");
    assert!(
        missed[0].contains("tenants were told late") && missed[1].contains("production served again later"),
        "{missed:?}"
    );

    let answer = portal.post("/incidents/account", &account("", "A+release+dropped+it."), Some(&founder.cookie)).await;
    assert_eq!(to(&answer), format!("/reviews/accounts.{id}"));
    let stale = portal.post("/incidents/account", &account("", "Another"), Some(&founder.cookie)).await;
    assert_eq!(to(&stale), format!("{here}?refused=1#account"), "somebody wrote meanwhile");
    let found = look().await;
    assert_eq!(look().await.len(), found.len(), "each once");
    assert_eq!(found.len(), 4);
    assert!(found.iter().all(|f| f.value.state == State::Open));
    let shown = page(&portal, "/findings", &founder.cookie).await;
    for part in [format!("href=\"{here}\">{id}#tell"), "once the account of the incident is signed.".to_owned()] {
        assert!(shown.contains(&part), "{part}");
    }
    let sheet = page(&portal, &format!("/reviews/accounts.{id}"), &founder.cookie).await;
    for part in [
        "Sign off the account of",
        "3 h of 2 h",
        "A release dropped it.",
        "Rehearse it",
        "Tell tenants: missed by 30 min",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    assert_eq!(sign(&portal, &founder, &format!("accounts.{id}")).await.0, StatusCode::OK);
    assert_eq!(review(&portal, &format!("accounts.{id}")).await.standing.mark(now), Mark::Signed);
    let found = look().await;
    let closed: Vec<bool> = found.iter().map(|f| f.value.state != State::Open).collect();
    assert_eq!(closed, [true, false, false, false], "the signed account closes the late word alone");
    // A later drill of the same loss, in time, closes the missed promise.
    let mut drill = crate::portal::document(&periods::drill(&now.rfc3339()));
    drill.insert("_id", "D-after");
    portal.insert("backup_drill_results", [drill]).await;
    let found = look().await;
    assert!(matches!(&found[1].value.state, State::Closed { evidence, .. } if evidence.starts_with("D-after")));

    let quarter = domain::schedule::quarter_of(from);
    let (zip, report) = made(&portal, &founder, &quarter).await;
    assert!(report.verified(), "{:?}", report.first_wrong());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a ZIP");
    let mut told = String::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a file");
        if ["acts.jsonl", "incidents.jsonl", "index.html"]
            .iter()
            .any(|name| file.name().is_ok_and(|n| n.ends_with(name)))
        {
            std::io::Read::read_to_string(&mut file, &mut told).expect("text");
        }
    }
    for part in [
        &format!("\"_id\":\"{id}.7f3a0001.3\""),
        "A release dropped it.",
        "missed: tell tenants, restore",
        "orders is &#60;b&#62;empty",
        "written without a connection",
    ] {
        assert!(told.contains(part), "{part} is not in the bundle");
    }
    let signed = report.checks.iter().find(|c| c.what.starts_with("Sign-off ")).expect("a sign-off");
    assert!(signed.found.contains(&format!("signed version 1 of the account of {id}")), "{}", signed.found);
    let control = page(&portal, "/controls/CC7.4", &founder.cookie).await;
    assert!(control.contains("Incidents") && control.contains("1 of 1 accounted for and signed"), "{control}");
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_reads_incidents_declared_within_the_audit_and_works_none() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let now = portal.house.clock.now();
    let from = now.plus_millis(-300 * MINUTE);
    let acts = worked(from, "7f3a0001", &whole(from));
    bring(&portal, &founder.cookie, now, &acts).await;
    let id = &acts[0].incident;
    let of = |quarter: &str| Scope { period: Period::quarter(quarter), controls: None };
    let inside = portal.person(Role::Auditor, of(&domain::schedule::quarter_of(from))).await;
    let past = portal.person(Role::Auditor, of("2025-Q1")).await;
    let other =
        Scope { controls: Some(vec![domain::control::Control::A11]), ..of(&domain::schedule::quarter_of(from)) };
    let other = portal.person(Role::Auditor, other).await;
    assert!(page(&portal, "/incidents", &inside).await.contains(id.as_str()));
    let shown = page(&portal, &format!("/incidents/{id}"), &inside).await;
    assert!(shown.contains("A release emptied it.") && !shown.contains("Account for it"), "{shown}");
    for outside in [&past, &other] {
        assert!(!page(&portal, "/incidents", outside).await.contains(id.as_str()));
        assert_eq!(portal.get(&format!("/incidents/{id}"), Some(outside)).await.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(portal.get("/emergency", Some(&inside)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(portal.get("/emergency/kit.json", Some(&inside)).await.status(), StatusCode::FORBIDDEN);
    let body = json!({ "schema": 1, "deviceNow": now.rfc3339(), "acts": [] }).to_string();
    assert_eq!(portal.script("/emergency/acts", &body, Some(&inside)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(form(&portal, &inside, "act=declare&scenario=document&what=x").await.status(), StatusCode::FORBIDDEN);
    let account = format!("id={id}&root_cause=x&failure_mode=job&again=low");
    assert!(to(&portal.post("/incidents/account", &account, Some(&inside)).await).contains("refused=1"));
    assert_eq!(all(&portal).await[0].lines.len(), acts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_keeps_is_nobodys_and_goes_with_its_owner() {
    let site = tempfile::tempdir().expect("a folder");
    std::fs::write(site.path().join("app.js"), "1").expect("written");
    let root = site.path().to_owned();
    let portal = Portal::open_as(|config: &mut server::config::Config| config.portal.site_root = root).await;
    let shell = portal.get("/emergency/shell", None).await;
    assert_eq!(shell.status(), StatusCode::OK);
    let policy = shell.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(!text(shell).await.contains("Testwerk"));
    let worker = portal.get("/sw.js", None).await;
    assert!(worker.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").contains("connect-src 'self'"));
    assert_eq!(worker.headers()[header::CACHE_CONTROL], "no-cache");
    let worker = text(worker).await;
    assert!(worker.contains("\"/app.js\"") && !worker.contains("\"/favicon.svg\""), "only what is there: {worker}");
    // Another file is another version.
    std::fs::write(site.path().join("app.js"), "2").expect("written");
    let version = |text: &str| text.lines().next().expect("a line").to_owned();
    let newer = server::http::emergency::Worker::read(site.path());
    let newer = axum::extract::State(newer);
    let newer = text(server::http::emergency::service_worker(newer).await).await;
    assert_ne!(version(&worker), version(&newer));

    for path in ["/emergency/kit.json", "/emergency/acts"] {
        let answer = match path {
            "/emergency/acts" => portal.script(path, "{}", None).await,
            _ => portal.get(path, None).await,
        };
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(to(&portal.post("/emergency/act", "act=declare", None).await), "/sign-in?to=/emergency");
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    assert_eq!(portal.get("/emergency/kit.json", Some(&owner)).await.status(), StatusCode::NOT_FOUND, "no runbook");
    assert!(page(&portal, "/emergency", &owner).await.contains("no plan to work from"));
    let out = portal.post("/sign-out", "", Some(&owner)).await;
    assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"storage\"");
}
