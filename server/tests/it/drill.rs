//! Drills on real databases: from a tenant to a sealed record, and everything that can go wrong on the way.

use std::path::Path;

use app::ports::Drills;
use bson::{Document, doc};
use domain::{
    drill::{CheckId, CheckVerdict, Outcome, StepId},
    live::Heartbeat,
    role::{Scope, TokenScope},
    verdict::Verdict,
};
use mongodb::Client;
use server::runner::{
    self, Filed,
    plan::{Plan, PlanFile},
    portal::Portal as Push,
    progress::{Progress, Silent},
    source::live,
};
use tokio_util::sync::CancellationToken;

use crate::{
    portal::{Portal, mongod},
    runner::wanted,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_restores_a_drawn_tenant_and_its_record_is_sealed() {
    let (portal, push) = served().await;
    let tenants = tenants(&portal, 3).await;
    let plan = plan(mongod(), &tenants);
    let ended = runner::run(&plan, Some(&push), &Silent, &CancellationToken::new()).await.expect("it runs");
    assert!(matches!(ended.filed, Filed::Sealed(_)), "the portal took it");
    let sealed = portal.house.evidence.get(&Scope::EVERYTHING, &ended.id).await.expect("read").expect("filed");
    let drill = sealed.value;
    assert_eq!(drill.verdict.contents, Verdict::Met, "{:?}", drill.verdict.reasons);
    assert_eq!(drill.total_counts(), (500, 500));
    assert_eq!((drill.documents.len(), drill.documents.iter().filter(|d| d.equal()).count()), (10, 10));
    assert_eq!(drill.steps.iter().map(|s| s.id).collect::<Vec<_>>(), drill.planned_steps());
    assert!(drill.measured.as_ref().is_some_and(|m| m.restore_ms > 0 && m.rpo_ms.is_some()));
    // The draw is the one anyone recomputes from the root that followed the sealed list.
    let draw = drill.draw.expect("it was drawn");
    let (seq, root) = (draw.seq.expect("sealed"), draw.root.expect("sealed"));
    let covering = portal.house.evidence.checkpoint_covering(seq).await.expect("a head");
    assert_eq!(covering.root, root);
    assert_eq!(domain::draw::seed(&root, "7"), draw.seed);
    assert_eq!(domain::draw::draw(&draw.seed, draw.eligible.iter().map(String::as_str), 1), [draw.chosen.as_str()]);
    // Nothing of the customers' data is in the portal, and nothing is left in staging.
    let kept = portal.house.evidence.bytes(&Scope::EVERYTHING, "backup_drill_results", &ended.id).await.expect("read");
    assert!(!String::from_utf8_lossy(&kept.expect("kept").bytes).contains("secret content"));
    assert!(leftovers(&portal, &ended.id).await.is_empty());
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_recomputes_the_draw() {
    let names: Vec<String> = ["alder", "birch's", "cedar"].map(str::to_owned).to_vec();
    let recipe = domain::draw::recipe(&names, "root", "7");
    let output = std::process::Command::new("bash").arg("-c").arg(&recipe).output().expect("bash runs");
    let said = String::from_utf8(output.stdout).expect("text");
    let seed = domain::draw::seed("root", "7");
    let drawn = domain::draw::draw(&seed, names.iter().map(String::as_str), 1)[0];
    assert_eq!(said.trim(), format!("{} {drawn}", domain::draw::rank(&seed, drawn)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_cut_off_ends_as_an_abandoned_drill_that_names_the_byte() {
    let (portal, push) = served().await;
    let tenants = tenants(&portal, 1).await;
    let dir = tempfile::tempdir().expect("a folder");
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    live::take(&client, &tenants[0], dir.path(), &Silent).await.expect("a dump");
    let file = dir.path().join(&tenants[0]).join("notes.bson");
    let whole = std::fs::read(&file).expect("a file");
    std::fs::write(&file, &whole[..whole.len() - 7]).expect("cut");
    let plan = Plan {
        from: runner::plan::From::Directory(dir.path().to_owned(), Default::default()),
        ..plan(mongod(), &tenants)
    };
    let ended = runner::run(&plan, Some(&push), &Silent, &CancellationToken::new()).await.expect("it runs");
    let drill = portal.house.evidence.get(&Scope::EVERYTHING, &ended.id).await.expect("read").expect("filed").value;
    let why = drill.abandoned.expect("abandoned");
    assert!(why.contains("notes.bson is cut off") && why.contains("at byte"), "{why}");
    assert!(drill.measured.is_none() && drill.verdict.rto == Verdict::Untested);
    assert_eq!(drill.steps.iter().find(|s| s.id == StepId::Restore).map(|s| s.outcome), Some(Outcome::Failed));
    assert!(leftovers(&portal, &ended.id).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_restores_from_its_directory_with_indexes_and_options() {
    let (portal, _) = served().await;
    let tenants = tenants(&portal, 1).await;
    let dir = tempfile::tempdir().expect("a folder");
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    live::take(&client, &tenants[0], dir.path(), &Silent).await.expect("a dump");
    let plan = Plan {
        from: runner::plan::From::Directory(dir.path().to_owned(), Default::default()),
        ..plan(mongod(), &tenants)
    };
    let ended = runner::run(&plan, None, &Silent, &CancellationToken::new()).await.expect("it runs");
    assert_eq!(ended.drill.verdict.contents, Verdict::Met, "{:?}", ended.drill.checks);
    assert!(ended.drill.draw.is_some_and(|d| d.root.is_none()), "nobody sealed the list, and the record says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_in_staging_fails_its_check() {
    let (portal, _) = served().await;
    let tenants = tenants(&portal, 1).await;
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    let dir = tempfile::tempdir().expect("a folder");
    let taken = live::take(&client, &tenants[0], dir.path(), &Silent).await.expect("a dump");
    let cases: [(Document, Option<CheckId>); 4] = [
        (doc! {}, None),
        (doc! { "delete": "notes", "deletes": [{ "q": {}, "limit": 1 }] }, Some(CheckId::Counts)),
        (
            doc! { "update": "notes", "updates": [{ "q": {}, "u": { "$inc": { "big": 1 } }, "multi": true }] },
            Some(CheckId::Documents),
        ),
        (doc! { "dropIndexes": "notes", "index": "text_1" }, Some(CheckId::Indexes)),
    ];
    for (n, (damage, expected)) in cases.into_iter().enumerate() {
        let staging = client.database(&format!("{}_s{n}", tenants[0]));
        runner::restore::restore(&taken, &staging, &Silent).await.expect("restored");
        if !damage.is_empty() {
            staging.run_command(damage).await.expect("damaged");
        }
        let compared =
            runner::compare::compare(&taken, &staging, wanted("updatedAt"), &Silent).await.expect("compared");
        let checks = compared.into_record().checks;
        let failed: Vec<CheckId> = checks.iter().filter(|c| c.verdict != CheckVerdict::Passes).map(|c| c.id).collect();
        match expected {
            None => assert!(failed.is_empty(), "{checks:?}"),
            Some(id) => assert!(failed.contains(&id), "{id:?} not in {failed:?}"),
        }
        staging.drop().await.expect("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_vanishes_and_an_operator_who_stops_leave_an_abandoned_drill() {
    let (portal, push) = served().await;
    let tenants = tenants(&portal, 1).await;
    let stop = CancellationToken::new();
    let at_restore = StopAt { step: StepId::Restore, stop: stop.clone() };
    let ended = runner::run(&plan(mongod(), &tenants), Some(&push), &at_restore, &stop).await.expect("it runs");
    assert_eq!(ended.drill.abandoned.as_deref(), Some("stopped by the operator"));
    assert!(leftovers(&portal, &ended.id).await.is_empty());

    let gone = DropAt { step: StepId::Dump, database: tenants[0].clone(), runtime: tokio::runtime::Handle::current() };
    let ended =
        runner::run(&plan(mongod(), &tenants), Some(&push), &gone, &CancellationToken::new()).await.expect("it runs");
    let why = ended.drill.abandoned.expect("abandoned");
    assert!(why.contains("gone") || why.contains("vanished"), "{why}");
    let filed = portal.house.evidence.all(&Scope::EVERYTHING).await.expect("a list");
    assert!(filed.iter().all(|d| d.value.abandoned.is_some()) && filed.len() == 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_of_two_drills_is_refused_and_a_silent_one_is_filed_as_abandoned() {
    let (portal, push) = served().await;
    let so_far = crate::periods::drill("2026-05-01T00:00:00Z");
    push.begin("D-one", &so_far).await.expect("the first begins");
    let refused = push.begin("D-two", &so_far).await.expect_err("the second waits").to_string();
    assert!(refused.contains("D-one is under way"), "{refused}");
    assert!(push.hear("D-two", &Heartbeat { so_far: so_far.clone(), progress: None }).await.is_err(), "it never began");

    let live = portal.house.store.documents("live_drills");
    let long_ago = bson::DateTime::from_millis(portal.house.clock.now().millis() - 120_000);
    live.update_one(doc! {}, doc! { "$set": { "heardAt": long_ago } }).await.expect("silent");
    server::jobs::silent_drills(&portal.house).await.expect("looked");
    let filed = portal.house.evidence.get(&Scope::EVERYTHING, "D-one").await.expect("read").expect("filed").value;
    assert!(filed.abandoned.is_some_and(|why| why.contains("fell silent")));
    push.begin("D-two", &so_far).await.expect("the place is free again");
    let late = push.finish("D-one", &so_far).await.expect_err("it came back too late").to_string();
    assert!(late.contains("filed already"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_types_an_achievement_and_the_same_record_again_changes_nothing() {
    let (portal, push) = served().await;
    let honest = crate::periods::drill("2026-05-01T00:00:00Z");
    let mut flattered = honest.clone();
    flattered.verdict.contents = Verdict::Met;
    let refused = push.finish("D-x", &flattered).await.expect_err("refused").to_string();
    assert!(refused.contains("verdict"), "{refused}");
    let mut quick = honest.clone();
    quick.measured.as_mut().expect("measured").restore_ms = 1;
    let refused = push.finish("D-x", &quick).await.expect_err("refused").to_string();
    assert!(refused.contains("not the time its steps took"), "{refused}");
    let mut lossless = honest.clone();
    lossless.measured.as_mut().expect("measured").rpo_ms = Some(0);
    let refused = push.finish("D-x", &lossless).await.expect_err("refused").to_string();
    assert!(refused.contains("data loss"), "{refused}");
    let seq = push.finish("D-x", &honest).await.expect("filed");
    assert_eq!(push.finish("D-x", &honest).await.expect("answered like the first time"), seq);
    let mut other = honest.clone();
    other.by = "someone".into();
    assert!(push.finish("D-x", &other).await.is_err());
    assert!(push.finish("../etc", &honest).await.is_err());
    portal.assert_ledger_whole().await;
}

/// A portal that serves on a free port, and a runner's way to it.
pub async fn served() -> (Portal, Push) {
    let portal = Portal::open().await;
    let url = portal.serve().await;
    let token = portal.token(&[TokenScope::DrillsWrite]).await;
    (portal, Push::new(&url, &token).expect("a client"))
}

/// Databases with two collections, an index and a validator, named after the portal's own.
pub async fn tenants(portal: &Portal, n: usize) -> Vec<String> {
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    let mut names = Vec::new();
    for t in 0..n {
        let name = format!("{}_t{t}", portal.house.store.db.name());
        let db = client.database(&name);
        let validator = doc! { "create": "notes", "validator": { "text": { "$type": "string" } } };
        db.run_command(validator).await.expect("created");
        let now = portal.house.clock.now();
        let note = |n: i64| doc! { "_id": n, "text": format!("secret content {n}"), "updatedAt": bson::DateTime::from_millis(now.millis() - n * 1000), "big": 9_007_199_254_740_993_i64 };
        db.collection("notes").insert_many((1..=400).map(note)).await.expect("inserted");
        db.collection("people")
            .insert_many((1..=100).map(|n| doc! { "email": format!("p{n}@x.example") }))
            .await
            .expect("inserted");
        let index =
            doc! { "createIndexes": "notes", "indexes": [{ "name": "text_1", "key": { "text": 1 }, "unique": true }] };
        db.run_command(index).await.expect("indexed");
        names.push(name);
    }
    names
}

/// Draws among the tenants given; every other database of the shared mongod is excluded by not being named.
pub fn plan(target: &str, tenants: &[String]) -> Plan {
    let file = PlanFile {
        source: Some(target.to_owned()),
        target: Some(target.to_owned()),
        rpo_minutes: Some(60),
        rto_minutes: Some(60),
        same_cluster: Some(true),
        ..PlanFile::default()
    };
    Plan { only: Some(tenants.to_vec()), ..file.ready("7".to_owned()).expect("a plan") }
}

async fn leftovers(portal: &Portal, id: &str) -> Vec<String> {
    let wanted = format!("staging_{}", id.to_lowercase().replace('-', "_"));
    let mut names = portal.house.store.client.list_database_names().await.expect("names");
    names.retain(|n| *n == wanted);
    names
}

struct StopAt {
    step: StepId,
    stop: CancellationToken,
}

impl Progress for StopAt {
    fn begins(&self, step: StepId) {
        if step == self.step {
            self.stop.cancel();
        }
    }
    fn moved(&self, _: u64, _: u64) {}
    fn ends(&self, _: &domain::drill::Step) {}
}

struct DropAt {
    step: StepId,
    database: String,
    runtime: tokio::runtime::Handle,
}

impl Progress for DropAt {
    fn begins(&self, step: StepId) {
        if step == self.step {
            let database = self.database.clone();
            let dropped = async move {
                Client::with_uri_str(mongod())
                    .await
                    .expect("a client")
                    .database(&database)
                    .drop()
                    .await
                    .expect("dropped");
            };
            tokio::task::block_in_place(|| self.runtime.block_on(dropped));
        }
    }
    fn moved(&self, _: u64, _: u64) {}
    fn ends(&self, _: &domain::drill::Step) {}
}

#[test]
fn the_plan_and_the_recipe_of_the_readme_are_the_ones_that_work() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("a README");
    let block = readme.split("```toml\n# drill.toml").nth(1).and_then(|t| t.split("```").next()).expect("a plan");
    let plan: PlanFile = toml::from_str(block).expect("it reads");
    assert!(plan.ready(String::new()).is_ok());
    for name in ["document", "atlas", "command"] {
        let block = readme.split(&format!("```toml\n# {name}.toml")).nth(1).and_then(|t| t.split("```").next());
        let mut plan: PlanFile = toml::from_str(block.expect("a plan")).unwrap_or_else(|e| panic!("{name}: {e}"));
        // The files it names are the reader's.
        let key = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(key.path(), "key").expect("written");
        plan.erased = None;
        plan.atlas.iter_mut().for_each(|atlas| atlas.private_key_file = Some(key.path().to_owned()));
        plan.ready(String::new()).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    }
    let block = readme.split("```toml\n# by-hand.toml").nth(1).and_then(|t| t.split("```").next()).expect("a plan");
    let plan: PlanFile = toml::from_str(block.split_once('\n').expect("lines").1).expect("it reads");
    assert!(plan.ready(String::new()).expect("a plan").by_hand());
    assert!(readme.contains(domain::proof::layout::RECIPE));
}
