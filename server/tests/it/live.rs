//! A drill under way: who sees it, what people do in it, and how it ends.

use std::time::Duration;

use app::ports::Drills;
use axum::http::{Request, StatusCode, header};
use domain::{
    control::Control,
    drill::{Act, Drill, Outcome, StepId},
    live::{Heartbeat, Progress as Moving, Unit},
    role::{Role, Scope},
    schedule::Period,
    verdict::Verdict,
};
use http_body_util::BodyExt;
use server::runner::{
    self,
    plan::{Plan, PlanFile},
    progress::{Progress, Silent},
};
use tokio_util::sync::CancellationToken;

use crate::{
    drill::{plan, served, tenants},
    portal::{Portal, at, mongod, text, to},
};

/// A drill of the audit year whose restore is under way.
fn restoring(portal: &Portal) -> Drill {
    let now = portal.house.clock.now();
    let mut drill = crate::periods::drill("2026-05-01T00:00:00Z");
    drill.occurred_at = now.plus_millis(-60_000);
    drill.plan.rto_ms = 3_600_000;
    drill.measured = None;
    drill.steps.truncate(1);
    drill.steps[0].started_at = now.plus_millis(-50_000);
    drill.steps[0].ended_at = now.plus_millis(-40_000);
    let mut restore = drill.steps[0].clone();
    (restore.id, restore.note) = (StepId::Restore, domain::drill::UNDER_WAY.to_owned());
    (restore.started_at, restore.ended_at) = (now.plus_millis(-40_000), now.plus_millis(-40_000));
    drill.steps.push(restore);
    drill
}

fn beat(so_far: &Drill) -> Heartbeat {
    let progress = Moving { step: StepId::Restore, done: 610_000, total: 1_000_000, unit: Unit::Bytes, rate: 15_000 };
    Heartbeat { so_far: so_far.clone(), progress: Some(progress) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_how_far_the_step_is_and_where_it_is_linked_from() {
    let (portal, push) = served().await;
    let so_far = restoring(&portal);
    push.begin("D-live", &so_far).await.expect("it begins");
    assert!(push.hear("D-live", &beat(&so_far)).await.expect("heard").is_empty());
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/drills/D-live/live", Some(&owner)).await).await;
    for says in ["Restore the recovery point", "61 % of 1.0 MB", "15.0 kB a second", "about 26 s left", "live, heard"] {
        assert!(page.contains(says), "the page does not say {says}");
    }
    assert!(page.contains("data-live=\"/drills/D-live/events\"") && page.contains("action=\"/drills/note\""));
    for path in ["/", "/drills"] {
        let page = text(portal.get(path, Some(&owner)).await).await;
        assert!(page.contains("/drills/D-live/live"), "{path} leads to it");
        assert!(page.contains("live-mark"), "the rail of {path} says so");
    }
    // An older runner sends the record alone.
    let plain = serde_json::to_string(&so_far).expect("JSON");
    let token = portal.token(&[domain::role::TokenScope::DrillsWrite]).await;
    let answer = portal.machine("PUT", "/api/v1/drills/D-live/live", Some(&token), &plain).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_draws_what_changed_goes_on_from_the_last_event_and_ends_with_the_drill() {
    let (portal, push) = served().await;
    let so_far = restoring(&portal);
    push.begin("D-live", &so_far).await.expect("it begins");
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let mut stream = follow(&portal, "D-live", &owner, None).await;
    let first = event(&mut stream).await;
    assert!(first.contains("event: live") && first.contains("id: 1\n"), "{first}");
    push.hear("D-live", &beat(&so_far)).await.expect("heard");
    let second = event(&mut stream).await;
    assert!(second.contains("id: 2\n") && second.contains("61 % of 1.0 MB"), "{second}");
    // Somebody who has seen that one is told nothing until there is more.
    let mut again = follow(&portal, "D-live", &owner, Some("2")).await;
    let none = tokio::time::timeout(Duration::from_millis(1500), event(&mut again)).await;
    assert!(none.is_err(), "nothing is new");
    portal.post("/drills/note", "drill=D-live&words=%3Cb%3Eslow%3C%2Fb%3E+today", Some(&owner)).await;
    for stream in [&mut stream, &mut again] {
        let third = event(stream).await;
        assert!(third.contains("id: 3\n") && third.contains("&lt;b&gt;slow&lt;/b&gt; today"), "{third}");
    }
    let mut done = crate::periods::drill("2026-05-01T00:00:00Z");
    done.by = "runner".into();
    push.finish("D-live", &done).await.expect("filed");
    let end = event(&mut stream).await;
    assert!(end.contains("event: ended") && end.contains("/drills/D-live"), "{end}");
    assert!(stream.frame().await.is_none(), "the stream ends");
    // Reopened, the address leads to the record, in which the note stands.
    assert_eq!(to(&portal.get("/drills/D-live/live", Some(&owner)).await), "/drills/D-live");
    let record = portal.house.evidence.get(&Scope::EVERYTHING, "D-live").await.expect("read").expect("filed").value;
    assert_eq!((record.log.len(), record.log[0].act, record.log[0].by.as_str()), (1, Act::Note, "owner"));
    assert_eq!(
        push.finish("D-live", &done).await.expect("the same again"),
        push.finish("D-live", &done).await.expect("and again")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_follows_in_four_places_and_a_stream_that_was_left_frees_its_own() {
    let (portal, push) = served().await;
    push.begin("D-live", &restoring(&portal)).await.expect("it begins");
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(follow(&portal, "D-live", &owner, None).await);
    }
    assert_eq!(portal.get("/drills/D-live/events", Some(&owner)).await.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = portal.person(Role::Operator, Scope::EVERYTHING).await;
    assert_eq!(portal.get("/drills/D-live/events", Some(&other)).await.status(), StatusCode::OK);
    held.pop();
    assert_eq!(portal.get("/drills/D-live/events", Some(&owner)).await.status(), StatusCode::OK);
    // A portal that stops does not wait for them.
    portal.house.streams.close();
    for mut stream in held {
        let ended = async { while stream.frame().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(5), ended).await.expect("it ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_follows_a_drill_of_their_audit_and_no_other() {
    let (portal, push) = served().await;
    push.begin("D-live", &restoring(&portal)).await.expect("it begins");
    let of = |from: &str, until: &str, controls: &[Control]| Scope {
        period: Period::days(from, until),
        controls: Some(controls.to_vec()),
    };
    for (scope, sees) in [
        (of("2026-01-01", "2027-12-31", &[Control::A12]), true),
        (of("2026-01-01", "2026-03-31", &[Control::A12]), false),
        (of("2026-01-01", "2027-12-31", &[Control::Cc73]), false),
    ] {
        let auditor = portal.person(Role::Auditor, scope.clone()).await;
        for path in ["/drills/D-live/live", "/drills/D-live/events"] {
            let status = portal.get(path, Some(&auditor)).await.status();
            assert_eq!(status, if sees { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{path} {scope:?}");
        }
        for path in ["/", "/drills"] {
            let page = text(portal.get(path, Some(&auditor)).await).await;
            assert_eq!(page.contains("D-live"), sees, "{path} {scope:?}");
            assert_eq!(page.contains("live-mark"), sees, "{path} {scope:?}");
        }
        if sees {
            let page = text(portal.get("/drills/D-live/live", Some(&auditor)).await).await;
            assert!(!page.contains("/drills/note") && !page.contains("/drills/stop"), "an auditor only reads");
        }
        portal.post("/drills/stop", "drill=D-live&why=no", Some(&auditor)).await;
    }
    assert!(portal.house.store.live_drill().await.expect("read").expect("goes on").so_far.log.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_stops_a_drill_and_its_runner_tears_down_and_files_it_as_stopped_by_them() {
    let (portal, push) = served().await;
    let tenants = tenants(&portal, 1).await;
    let operator = portal.person(Role::Operator, Scope::EVERYTHING).await;
    let hold = Hold::default();
    let (going, stop) = (hold.clone(), CancellationToken::new());
    let plan = plan(mongod(), &tenants);
    let running = tokio::spawn(async move { runner::run(&plan, Some(&push), &going, &stop).await });
    let id = under_way(&portal).await;
    let noted = portal.post("/drills/note", &format!("drill={id}&words=Peering+was+in+place."), Some(&operator)).await;
    assert_eq!(to(&noted), format!("/drills/{id}/live#log"));
    for form in ["", "&why=+"] {
        let refused = portal.post("/drills/stop", &format!("drill={id}{form}"), Some(&operator)).await;
        assert!(to(&refused).ends_with("/live?refused=1"), "without a reason");
    }
    portal.post("/drills/stop", &format!("drill={id}&why=Wrong+snapshot."), Some(&operator)).await;
    let again = portal.post("/drills/stop", &format!("drill={id}&why=Too."), Some(&operator)).await;
    assert!(to(&again).ends_with("/live?refused=1"), "it is stopped once");
    let ended = running.await.expect("no panic").expect("it ran");
    hold.release();
    let sealed = portal.house.evidence.get(&Scope::EVERYTHING, &id).await.expect("read").expect("filed").value;
    assert_eq!(sealed.abandoned.as_deref(), Some("operator stopped it: Wrong snapshot"));
    assert_eq!(sealed.log.iter().map(|l| l.act).collect::<Vec<_>>(), [Act::Note, Act::Abandons]);
    assert!(sealed.measured.is_none() && sealed.exposure.is_some_and(|e| e.until.is_some()), "and torn down");
    assert_eq!(ended.id, id);
    let page = text(portal.get(&format!("/drills/{id}"), Some(&operator)).await).await;
    assert!(page.contains("Peering was in place.") && page.contains("operator stopped it: Wrong snapshot"));
    let late = portal.post("/drills/note", &format!("drill={id}&words=Too+late."), Some(&operator)).await;
    assert!(to(&late).ends_with("/live?refused=1"));
    let cookie =
        late.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
    let page = text(portal.get(&to(&late), Some(&format!("{operator}; {cookie}"))).await).await;
    assert!(page.contains("not under way any more") && page.contains("Too late."), "the words are not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_by_hand_measures_what_was_pressed_and_nothing_that_was_typed() {
    let (portal, push) = served().await;
    let operator = portal.person(Role::Operator, Scope::EVERYTHING).await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let plan = by_hand();
    let alone = runner::run(&plan, None, &Silent, &CancellationToken::new()).await;
    assert!(alone.is_err_and(|e| e.to_string().contains("needs --portal")));
    let runner_push = push.clone();
    let running =
        tokio::spawn(async move { runner::run(&plan, Some(&runner_push), &Silent, &CancellationToken::new()).await });
    let id = under_way(&portal).await;
    let press = async |step: &str, act: &str, cookie: &str| {
        to(&portal.post("/drills/press", &format!("drill={id}&step={step}&act={act}"), Some(cookie)).await)
    };
    assert!(press("restore", "begin", &operator).await.ends_with("refused=1"), "the first comes first");
    assert!(press("draw", "begin", &operator).await.ends_with("refused=1"), "this one is not its");
    let page = text(portal.get(&format!("/drills/{id}/live"), Some(&owner)).await).await;
    assert!(page.contains("Start: provision") && page.contains("snap-7"), "the page shows what is next");
    for step in ["provision", "restore", "query", "verify"] {
        assert!(press(step, "begin", &operator).await.ends_with("/live"), "{step}");
        assert!(press(step, "begin", &owner).await.ends_with("refused=1"), "{step} began once");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(press(step, "end", &owner).await.ends_with("/live"), "{step}");
    }
    // The last two at the runner's terminal.
    push.press(&id, "Operator two").await.expect("pressed");
    push.press(&id, "Operator two").await.expect("pressed");
    let ended = running.await.expect("no panic").expect("it ran");
    assert!(matches!(ended.filed, runner::Filed::Sealed(_)));
    let drill = portal.house.evidence.get(&Scope::EVERYTHING, &id).await.expect("read").expect("filed").value;
    let at = |act| drill.log.iter().find(|l| l.act == act).map(|l| l.at).expect("pressed");
    let (from, until) = (at(Act::Begins { step: StepId::Provision }), at(Act::Ends { step: StepId::Verify }));
    let measured = drill.measured.clone().expect("measured");
    assert_eq!((measured.restore_ms, measured.rpo_ms), (until.since(from), None));
    assert_eq!((drill.verdict.rto, drill.verdict.contents), (Verdict::Met, Verdict::Untested), "nobody looked");
    assert!(drill.log.iter().any(|l| l.by == "Operator two, at the terminal of test"));
    assert_eq!(drill.steps.iter().map(|s| s.outcome).collect::<Vec<_>>(), [Outcome::Done; 5]);
    assert!(drill.disagreements().is_empty());
    let exposure = drill.exposure.clone().expect("a copy stood");
    assert_eq!(exposure.until, Some(at(Act::Ends { step: StepId::TearDown })));
    // The same record with a quicker step is refused, whatever log it brings.
    let mut quick = drill.clone();
    quick.steps[1].ended_at = quick.steps[1].started_at;
    let refused = push.finish("D-other", &quick).await.expect_err("refused").to_string();
    assert!(refused.contains("pressed"), "{refused}");
    assert!(push.finish("D-other", &drill).await.is_err(), "its presses were never the portal’s");
    portal.assert_ledger_whole().await;
}

/// Presses of several people at once: each step begins once.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_press_the_same_at_once_one_is_told_that_the_other_did() {
    let (portal, push) = served().await;
    let mut so_far = restoring(&portal);
    so_far.source.kind = domain::by_hand::KIND.to_owned();
    push.begin("D-live", &so_far).await.expect("it begins");
    let operator = portal.person(Role::Operator, Scope::EVERYTHING).await;
    let press = || portal.post("/drills/press", "drill=D-live&step=provision&act=begin", Some(&operator));
    let answers = futures::future::join_all((0..8).map(|_| press())).await;
    let taken = answers.iter().filter(|answer| to(answer).ends_with("/live")).count();
    assert_eq!(taken, 1);
    let log = portal.house.store.live_drill().await.expect("read").expect("under way").so_far.log;
    assert_eq!(log.len(), 1);
}

fn by_hand() -> Plan {
    let file = PlanFile {
        scenario: Some("cluster".into()),
        source: Some("by hand".into()),
        recovery_point: Some("snap-7".into()),
        taken_at: Some("2026-05-01T00:00:00Z".into()),
        target: Some("a staging cluster".into()),
        by: Some("Operator one".into()),
        ..PlanFile::default()
    };
    assert_eq!(at("2026-05-01T00:00:00Z").rfc3339(), "2026-05-01T00:00:00.000Z");
    file.ready(String::new()).expect("a plan")
}

/// Waits for the drill that another task begins.
async fn under_way(portal: &Portal) -> String {
    for _ in 0..200 {
        if let Some(live) = portal.house.store.live_drill().await.expect("read") {
            return live.id;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no drill began");
}

async fn follow(portal: &Portal, id: &str, cookie: &str, seen: Option<&str>) -> axum::body::Body {
    let mut request = Request::get(format!("/drills/{id}/events"))
        .header(header::HOST, "portal.test")
        .header(header::ACCEPT, "text/event-stream")
        .header(header::COOKIE, cookie);
    if let Some(seen) = seen {
        request = request.header("last-event-id", seen);
    }
    let answer = portal.send(request.body(axum::body::Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    answer.into_body()
}

async fn event(stream: &mut axum::body::Body) -> String {
    let mut said = String::new();
    while !said.ends_with("\n\n") {
        let frame = stream.frame().await.expect("the stream goes on").expect("a frame");
        said += &String::from_utf8_lossy(&frame.into_data().expect("data"));
    }
    said
}

/// Keeps the restore waiting until it is let go, or for half a minute.
#[derive(Clone, Default)]
struct Hold(CancellationToken);

impl Hold {
    fn release(&self) {
        self.0.cancel();
    }
}

impl Progress for Hold {
    fn begins(&self, step: StepId) {
        if step == StepId::Restore {
            let released = self.0.clone();
            // Long enough for the portal to be heard once.
            let wait = async move { tokio::time::timeout(Duration::from_secs(7), released.cancelled()).await };
            let _ = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(wait));
        }
    }
    fn moved(&self, _: u64, _: u64) {}
    fn ends(&self, _: &domain::drill::Step) {}
}

#[test]
fn a_plan_by_hand_says_what_is_restored() {
    let file = PlanFile { source: Some("by hand".into()), target: Some("x".into()), ..PlanFile::default() };
    let error = file.ready(String::new()).expect_err("no recovery point").to_string();
    assert!(error.contains("recovery_point"), "{error}");
}
