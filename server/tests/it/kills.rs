//! Who dies in which step, killed with no time to say goodbye: afterwards the drill is complete or abandoned, never half,
//! and what it left is told, found and named.
//!
//! A step is held open by a fail point of mongod's own, so that nothing here depends on how long anything takes.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use app::ports::Drills;
use bson::{Document, doc};
use domain::{
    drill::{Drill, StepId},
    record::Sealed,
    role::Scope,
    verdict::Verdict,
};
use mongodb::Client;
use server::{
    demo::mongod::Mongod,
    runner::{self, Filed, plan::PlanFile, portal::Portal as Push, progress::Silent},
};
use tokio_util::sync::CancellationToken;

use crate::{drill::served, portal::Portal};

/// Source and target in one, with commands for tests; the portal's own database is elsewhere.
struct Field {
    dir: tempfile::TempDir,
    mongod: Mongod,
    portal: Portal,
    push: Push,
    url: String,
}

impl Field {
    async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let more = ["--setParameter", "enableTestCommands=1"];
        let mongod = Mongod::start_with(&dir.path().join("db"), &more).await.expect("a mongod");
        let (portal, push) = served().await;
        let url = portal.serve().await;
        let token = portal.token(&[domain::role::TokenScope::DrillsWrite]).await;
        std::fs::write(dir.path().join("token"), token).expect("written");
        let field = Self { dir, mongod, portal, push, url };
        let note = |n: i32| doc! { "_id": n, "text": format!("note {n}"), "updatedAt": bson::DateTime::now() };
        let notes = field.client().await.database("alder").collection("notes");
        notes.insert_many((0..500).map(note)).await.expect("inserted");
        field
    }

    async fn client(&self) -> Client {
        Client::with_uri_str(self.mongod.uri()).await.expect("a client")
    }

    /// Only connections of this name are held up.
    fn uri(&self) -> String {
        format!("{}&appName=drill", self.mongod.uri())
    }

    fn plan(&self) -> PlanFile {
        PlanFile {
            scenario: Some("document".to_owned()),
            source: Some(self.mongod.uri()),
            target: Some(self.mongod.uri()),
            tenant: Some("alder".to_owned()),
            rpo_minutes: Some(60),
            rto_minutes: Some(60),
            same_cluster: Some(true),
            canary: Some(Default::default()),
            ..PlanFile::default()
        }
    }

    /// The real program, in a process of its own.
    fn passmuster(&self, portal: &str, more: &[&str]) -> Command {
        let plan = self.dir.path().join("plan.toml");
        let uri = self.uri();
        let text = format!(
            "scenario = \"document\"\nsource = \"{uri}\"\ntarget = \"{uri}\"\ntenant = \"alder\"\nsame_cluster = true\n[canary]\n"
        );
        std::fs::write(&plan, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_passmuster"));
        command.current_dir(self.dir.path()).args(["drill", "--plan", "plan.toml", "--portal", portal]);
        command.args(["--token-file", "token"]).args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// From now on this command of the drill's comes back only after so long, whatever happens to the fail point.
    async fn hold(&self, command: &str, milliseconds: i32) {
        let data = doc! { "failCommands": [command], "blockConnection": true, "blockTimeMS": milliseconds, "appName": "drill" };
        self.fail_point(doc! { "configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data }).await;
    }

    async fn let_go(&self) {
        self.fail_point(doc! { "configureFailPoint": "failCommand", "mode": "off" }).await;
    }

    async fn fail_point(&self, command: Document) {
        self.client().await.database("admin").run_command(command).await.expect("a fail point");
    }

    /// Waits until the portal hears that the drill is in this step.
    async fn in_step(&self, wanted: StepId) -> String {
        until(wanted.title(), async || {
            let live = self.portal.house.store.live_drill().await.expect("read")?;
            let last = live.so_far.steps.last()?;
            (last.id == wanted && last.under_way()).then_some(live.id)
        })
        .await
    }

    async fn filed(&self, id: &str) -> Vec<Sealed<Drill>> {
        let all = Drills::all(&self.portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
        all.into_iter().filter(|drill| drill.id == id).collect()
    }

    /// As if a minute and more had passed without a word.
    async fn fall_silent(&self) {
        let live = self.portal.house.store.documents("live_drills");
        let long_ago = bson::DateTime::from_millis(self.portal.house.clock.now().millis() - 120_000);
        live.update_many(doc! {}, doc! { "$set": { "heardAt": long_ago } }).await.expect("silent");
        server::jobs::silent_drills(&self.portal.house).await.expect("looked");
    }

    async fn copies(&self) -> Vec<String> {
        let names = self.client().await.list_database_names().await.expect("names");
        names.into_iter().filter(|name| name.starts_with("staging_d_")).collect()
    }
}

/// Longer than any test.
const NEVER: i32 = 600_000;

/// Waits for what must come; how long it takes is nobody's matter.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn said(mut child: Child) -> String {
    let _ = child.kill();
    let output = child.wait_with_output().expect("it ended");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_in_any_step_leaves_an_abandoned_drill_and_leftovers_that_are_named() {
    let field = Field::open().await;
    // The command that holds the step open, and whether a copy may be left.
    let rows: [(StepId, &str, bool); 5] = [
        (StepId::Dump, "listIndexes", false),
        (StepId::Lose, "delete", false),
        (StepId::Restore, "create", true),
        (StepId::Query, "aggregate", true),
        (StepId::TearDown, "dropDatabase", true),
    ];
    for (step, command, copy) in rows {
        // It is killed as soon as the portal hears of the step; what it had asked for goes on in mongod for as long.
        field.hold(command, 6000).await;
        let child = field.passmuster(&field.url, &[]).spawn().expect("it starts");
        let id = field.in_step(step).await;
        let _ = said(child);
        field.let_go().await;
        field.fall_silent().await;
        let filed = field.filed(&id).await;
        assert_eq!(filed.len(), 1, "{step:?}: one record and never half of one");
        let drill = &filed[0].value;
        let why = drill.abandoned.as_deref().unwrap_or_else(|| panic!("{step:?}: {drill:?}"));
        assert!(why.contains("the runner fell silent"), "{why}");
        assert!(drill.measured.is_none() && drill.verdict.overall() == Verdict::Untested);
        assert!(drill.steps.iter().all(|step| !step.under_way()), "{step:?}: no step is left open");
        let left = field.copies().await;
        assert!(left.len() <= 1 && (copy || left.is_empty()), "{step:?}: {left:?}");
        if let Some(left) = left.first() {
            assert!(drill.open_copy().is_some() && why.contains(left), "{step:?}: {why}");
        }

        // The next drill there finds it, names it and succeeds.
        let plan = field.plan().ready(String::new()).expect("a plan");
        let ended = runner::run(&plan, Some(&field.push), &Silent, &CancellationToken::new()).await.expect("it runs");
        assert!(
            matches!(ended.filed, Filed::Sealed(_)) && ended.drill.abandoned.is_none(),
            "{step:?}: {:?}",
            ended.drill
        );
        let note =
            |id: StepId| ended.drill.steps.iter().find(|s| s.id == id).map(|s| s.note.clone()).unwrap_or_default();
        for left in &left {
            assert!(note(StepId::Provision).contains(left), "{step:?}: {}", note(StepId::Provision));
        }
        // Only what the portal says is over is dropped.
        let cleared = field.passmuster(&field.url, &["--clear-leftovers"]).output().expect("it runs");
        let cleared = String::from_utf8_lossy(&cleared.stdout).into_owned();
        assert!(left.iter().all(|name| cleared.contains(&format!("{name}  dropped"))), "{cleared}");
        assert!(field.copies().await.is_empty(), "{step:?}");
    }
    field.portal.assert_ledger_whole().await;
    field.mongod.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_goes_away_in_the_middle_gets_the_record_later_and_once() {
    let field = Field::open().await;
    let way = Way::to(&field.url).await;
    // Long enough to be cut off in it.
    field.hold("aggregate", 6000).await;
    let mut child = field.passmuster(&way.url, &[]).spawn().expect("it starts");
    let id = field.in_step(StepId::Query).await;
    way.cut();
    field.let_go().await;
    let code = until("its end", async || child.try_wait().expect("asked")).await;
    let words = said(child);
    assert_eq!(code.code(), Some(1), "{words}");
    assert!(words.contains("the drill ran, and its record was not taken") && words.contains("--push"), "{words}");
    assert!(field.filed(&id).await.is_empty() && field.copies().await.is_empty());
    let file = format!("{id}.json");
    assert!(field.dir.path().join(&file).is_file(), "it is kept");
    for _ in 0..2 {
        let pushed = field.passmuster(&field.url, &["--push", &file]).output().expect("it runs");
        assert!(pushed.status.success(), "{}", String::from_utf8_lossy(&pushed.stderr));
    }
    let filed = field.filed(&id).await;
    assert_eq!(filed.len(), 1);
    assert_eq!(filed[0].value.abandoned, None);
    field.portal.assert_ledger_whole().await;
    field.mongod.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_dies_in_mid_restore_is_told_and_the_next_drill_finds_what_is_left() {
    let field = Field::open().await;
    field.hold("create", NEVER).await;
    let mut child = field.passmuster(&field.url, &[]).spawn().expect("it starts");
    let id = field.in_step(StepId::Restore).await;
    kill_9(&field.dir.path().join("db"));
    // The driver looks for a server for half a minute, and then the drill ends.
    let code = loop {
        if let Some(code) = child.try_wait().expect("asked") {
            break code;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let words = said(child);
    assert_eq!(code.code(), Some(1), "{words}");
    let filed = field.filed(&id).await;
    assert_eq!(filed.len(), 1, "{words}");
    let drill = &filed[0].value;
    assert!(drill.abandoned.is_some() && drill.measured.is_none() && drill.open_copy().is_some(), "{drill:?}");
    let told =
        drill.abandoned.clone().unwrap_or_default() + &drill.steps.iter().map(|s| s.note.clone()).collect::<String>();
    assert!(told.contains("may still be in the source"), "the canary could not be cleared: {told}");
    // It comes back with what it had.
    let Field { dir, portal, push, url, .. } = field;
    let more = ["--setParameter", "enableTestCommands=1"];
    let mongod = Mongod::start_with(&dir.path().join("db"), &more).await.expect("it comes back");
    let field = Field { dir, mongod, portal, push, url };
    let plan = field.plan().ready(String::new()).expect("a plan");
    let ended = runner::run(&plan, Some(&field.push), &Silent, &CancellationToken::new()).await.expect("it runs");
    assert!(ended.drill.abandoned.is_none(), "{:?}", ended.drill.abandoned);
    field.portal.assert_ledger_whole().await;
    field.mongod.stop().await;
}

/// The mongod whose data lie there, found by what it holds open.
fn kill_9(db: &Path) {
    let pid = std::fs::read_to_string(db.join("mongod.lock")).expect("its number");
    let killed = Command::new("kill").args(["-KILL", pid.trim()]).status().expect("kill runs");
    assert!(killed.success());
}

/// A way to the portal that can be cut.
struct Way {
    url: String,
    stop: CancellationToken,
}

impl Way {
    async fn to(url: &str) -> Self {
        let there = url.trim_start_matches("http://").to_owned();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let cut = stop.clone();
        tokio::spawn(async move {
            while let Some(Ok((mut here, _))) = cut.run_until_cancelled(listener.accept()).await {
                let (there, cut) = (there.clone(), cut.clone());
                tokio::spawn(async move {
                    let Ok(mut there) = tokio::net::TcpStream::connect(there).await else { return };
                    let copying = tokio::io::copy_bidirectional(&mut here, &mut there);
                    let _ = cut.run_until_cancelled(copying).await;
                });
            }
        });
        Self { url, stop }
    }

    fn cut(&self) {
        self.stop.cancel();
    }
}
