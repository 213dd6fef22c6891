//! Where the rows of the table happen: a mongod that is source and target, a tenant, and a portal that is looked at.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicI64, AtomicU32, Ordering},
};

use app::ports::Drills;
use bson::{Document, doc};
use domain::{
    drill::{Drill, StepId},
    role::{Scope, TokenScope},
    verdict::Verdict,
};
use futures::TryStreamExt;
use mongodb::Client;

use super::{
    Held,
    process::{Mongod, Process, until},
};
use crate::portal::Portal;

/// Longer than any test.
pub const NEVER: i32 = 600_000;

pub struct Field {
    pub dir: tempfile::TempDir,
    pub mongod: Mongod,
    pub portal: Portal,
    /// How often commands have met a fail point before the last one was set.
    met: AtomicI64,
}

/// How a drill reaches source and target: the names that fail points know it by, and how long it looks for a server.
#[derive(Clone)]
pub struct Ways {
    pub source: String,
    pub target: String,
}

impl Field {
    /// With a portal whose database is elsewhere.
    pub async fn open() -> Self {
        let portal = Portal::open_quiet().await;
        let dir = tempfile::tempdir().expect("a folder");
        let mongod = Mongod::open(dir.path()).await;
        Self { dir, mongod, portal, met: AtomicI64::new(0) }.with_tenant().await
    }

    /// With a portal that is to be served from `listen`, on this mongod as well.
    pub async fn open_listening(listen: std::net::SocketAddr) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mongod = Mongod::open(dir.path()).await;
        let uri = format!("{}&appName=portal", mongod.uri());
        let portal = Portal::open_as(|config| (config.portal.listen, config.database.uri) = (listen, uri)).await;
        Self { dir, mongod, portal, met: AtomicI64::new(0) }.with_tenant().await
    }

    async fn with_tenant(self) -> Self {
        let token = self.portal.token(&[TokenScope::DrillsWrite, TokenScope::AttestationsWrite]).await;
        fs::write(self.path("token"), token).expect("written");
        fs::create_dir(self.path("tmp")).expect("a folder");
        let erased = r#"{"tenant":"alder","collection":"people","value":3,"erasedAt":"2099-01-01T00:00:00Z"}"#;
        fs::write(self.path("erased.jsonl"), erased).expect("written");
        let alder = self.client().await.database("alder");
        let note = |n: i32| doc! { "_id": n, "text": "of this tenant ".repeat(20), "updatedAt": bson::DateTime::now() };
        alder.collection("notes").insert_many((0..400).map(note)).await.expect("inserted");
        alder.collection("people").insert_many((0..20).map(|n| doc! { "_id": n })).await.expect("inserted");
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub async fn client(&self) -> Client {
        Client::with_uri_str(self.mongod.uri()).await.expect("a client")
    }

    /// Looking for a server for so long.
    pub fn ways(&self, patience_ms: u32) -> Ways {
        let of = |name| format!("{}&appName={name}&serverSelectionTimeoutMS={patience_ms}", self.mongod.uri());
        Ways { source: of("source"), target: of("target") }
    }

    pub fn plan(&self, ways: &Ways) -> PathBuf {
        let plan = self.path("plan.toml");
        let (Ways { source, target }, erased) = (ways, self.path("erased.jsonl"));
        let text = format!(
            "scenario = 'document'\nsource = '{source}'\ntarget = '{target}'\nsame_cluster = true\nonly = ['alder']\nerased = '{}'\n[canary]\n",
            erased.display()
        );
        fs::write(&plan, text).expect("written");
        plan
    }

    /// `passmuster drill` with the plan, in the field's folder.
    pub fn command(&self, ways: &Ways, portal: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passmuster"));
        command.arg("drill").arg("--plan").arg(self.plan(ways)).args(["--portal", portal]);
        command.arg("--token-file").arg(self.path("token")).args(more);
        command.current_dir(self.dir.path()).env("TMPDIR", self.path("tmp"));
        command
    }

    pub fn start(&self, mut command: Command) -> Process {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let said = format!("said-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Process::start(&mut command, self.path(&said))
    }

    pub fn drill(&self, portal: &str) -> Process {
        self.start(self.command(&self.ways(1000), portal, &[]))
    }

    /// Runs a drill that nothing disturbs, which must succeed.
    pub async fn succeeds(&self, portal: &str) -> Drill {
        let (status, said) = self.drill(portal).ended().await;
        assert!(status.success(), "{said}");
        let id = said.lines().find_map(|line| line.strip_prefix("D-")?.split("  ").next());
        let drill = self.one(&format!("D-{}", id.expect("its id"))).await;
        assert_eq!(drill.abandoned, None);
        assert_eq!(drill.verdict.overall(), Verdict::Met, "{:?}", drill.verdict.reasons);
        drill
    }

    /// From its next such command on, the drill waits for so long.
    pub async fn hold(&self, held: &Held, milliseconds: i32) {
        let how = doc! { "blockConnection": true, "blockTimeMS": milliseconds };
        self.meets(held, how).await;
    }

    /// From its next such command on, this happens to it.
    pub async fn meets(&self, held: &Held, how: Document) {
        let mut data = doc! { "failCommands": [held.command], "appName": held.of };
        data.extend(how);
        let mode = doc! { "skip": held.after };
        let before = self.admin(doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data }).await;
        self.met.store(before.get_i64("count").unwrap_or_default(), Ordering::Relaxed);
    }

    /// Nothing is held from now on; what is, waits to its end.
    pub async fn let_go(&self) {
        self.admin(doc! { "configureFailPoint": "failCommand", "mode": "off" }).await;
    }

    /// The same, and what a killed drill asked for is forgotten: it must not be done later. The fail point goes off only
    /// when nobody waits in it any more, so both happen at once.
    pub async fn forget(&self) {
        tokio::join!(self.let_go(), self.kill_commands());
    }

    async fn kill_commands(&self) {
        let of_drills = doc! { "appName": { "$in": ["source", "target", "portal"] }, "active": true };
        let stages = [
            doc! { "$currentOp": {} },
            doc! { "$match": of_drills },
            doc! { "$match": { "op": { "$ne": "none" }, "command.hello": null } },
        ];
        let admin = self.client().await.database("admin");
        until("its commands' end", async || {
            let asked = admin.aggregate(stages.clone()).await.expect("a list");
            let asked: Vec<Document> = asked.try_collect().await.expect("a list");
            for op in asked.iter().filter_map(|op| op.get("opid")) {
                let _ = admin.run_command(doc! { "killOp": 1, "op": op }).await;
            }
            asked.is_empty().then_some(())
        })
        .await;
    }

    async fn admin(&self, command: Document) -> Document {
        self.client().await.database("admin").run_command(command).await.expect("a fail point")
    }

    /// Waits until the drill is in this step and its command has arrived at the server.
    pub async fn held_in(&self, held: &Held) -> String {
        let id = self.in_step(held.step).await;
        let times = self.met.load(Ordering::Relaxed) + 1;
        self.admin(doc! { "waitForFailPoint": "failCommand", "timesEntered": times, "maxTimeMS": 120_000 }).await;
        id
    }

    /// Waits until the portal hears that the drill is in this step.
    pub async fn in_step(&self, step: StepId) -> String {
        until(step.title(), async || {
            let live = self.portal.house.store.live_drill().await.expect("read")?;
            let last = live.so_far.steps.last()?;
            (last.id == step && last.under_way()).then_some(live.id)
        })
        .await
    }

    /// As if a minute and more had passed without a word.
    pub async fn fall_silent(&self) {
        let live = self.portal.house.store.documents("live_drills");
        let long_ago = bson::DateTime::from_millis(self.portal.house.clock.now().millis() - 120_000);
        live.update_many(doc! {}, doc! { "$set": { "heardAt": long_ago } }).await.expect("silent");
        server::jobs::silent_drills(&self.portal.house).await.expect("looked");
    }

    /// The one record of a drill, complete or abandoned, in a ledger that is whole.
    pub async fn one(&self, id: &str) -> Drill {
        let mut filed = self.filed(id).await;
        assert_eq!(filed.len(), 1, "{id}: one record");
        let drill = filed.remove(0);
        assert_eq!(drill.disagreements(), Vec::<String>::new(), "{id}");
        assert!(drill.steps.iter().all(|step| !step.under_way()), "{id}: {:?}", drill.steps);
        match &drill.abandoned {
            Some(why) => {
                assert!(why.len() > 20, "{why}");
                assert!(drill.measured.is_none() && drill.verdict.overall() == Verdict::Untested, "{id}: {why}");
            }
            None => {
                assert!(drill.measured.is_some(), "{id}");
                assert_eq!(drill.steps.iter().map(|s| s.id).collect::<Vec<_>>(), drill.planned_steps(), "{id}");
            }
        }
        self.portal.assert_ledger_whole().await;
        drill
    }

    pub async fn filed(&self, id: &str) -> Vec<Drill> {
        let all = Drills::all(&self.portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
        all.into_iter().filter(|drill| drill.id == id).map(|drill| drill.value).collect()
    }

    /// Copies on the target.
    pub async fn copies(&self) -> Vec<String> {
        let mut names = self.client().await.list_database_names().await.expect("names");
        names.retain(|name| name.starts_with("staging_d_"));
        names
    }

    /// The documents in the source that are a drill's own: "ID of drill DRILL".
    pub async fn canaries(&self) -> Vec<Document> {
        crate::portal::rows(self.client().await.database("alder").collection("passmuster_canary")).await
    }

    /// Dumps that lie where drills make theirs.
    pub fn dumps(&self) -> usize {
        fs::read_dir(self.path("tmp")).expect("a folder").count()
    }

    pub async fn clear_leftovers(&self, portal: &str) -> String {
        let command = self.command(&self.ways(1000), portal, &["--clear-leftovers"]);
        let (status, said) = self.start(command).ended().await;
        assert!(status.success(), "{said}");
        said
    }
}

/// The note of a step.
pub fn note(drill: &Drill, step: StepId) -> &str {
    &drill.steps.iter().find(|s| s.id == step).unwrap_or_else(|| panic!("{step:?} was taken")).note
}

/// The database of a drill's copy, by the rule that the README tells.
pub fn copy_of(id: &str) -> String {
    format!("staging_{}", id.to_lowercase().replace('-', "_"))
}
