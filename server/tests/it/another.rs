//! What another restores: here commands that bring up a second mongod on a copy of the first one's files, as a vendor
//! does with a snapshot.

use std::{fs, path::Path};

use bson::{Document, doc};
use domain::{
    drill::{CheckId, CheckVerdict, Drill, StepId},
    verdict::Verdict,
};
use mongodb::Client;
use server::{
    demo::mongod::Mongod,
    runner::{
        self,
        plan::{Plan, PlanFile},
        progress::Silent,
        restorer::command::Config,
    },
};
use tokio_util::sync::CancellationToken;

const RESTORE: &str = r#"#!/bin/sh
set -e
echo "restoring for $PASSMUSTER_DRILL, step $PASSMUSTER_STEP, tenant $PASSMUSTER_TENANT"
cp -r snapshot copy
rm -f copy/mongod.lock copy/WiredTiger.lock
"$MONGOD" --dbpath copy --port "$PORT" --bind_ip 127.0.0.1 --nounixsocket --fork --logpath copy.log
"#;
const TEAR_DOWN: &str = r#"#!/bin/sh
kill "$(cat copy/mongod.lock)"
while kill -0 "$(cat copy/mongod.lock)" 2>/dev/null; do sleep 0.1; done
rm -rf copy
echo "the copy is deleted"
"#;
const POINT: &str = "#!/bin/sh\necho 'asking the vendor' >&2\ncat point.json\n";

/// A company on a mongod of its own, and a snapshot of it.
struct Company {
    dir: tempfile::TempDir,
    mongod: Mongod,
    port: u16,
}

impl Company {
    async fn open() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mongod = Mongod::start_with(&dir.path().join("live"), &[]).await.expect("a mongod");
        let company = Self { mongod, port: free_port(), dir };
        let client = company.client().await;
        let now = chrono::Utc::now().timestamp_millis();
        for tenant in ["alder", "birch", "cedar"] {
            let note =
                |n: i64| doc! { "_id": n, "by": n % 7, "updatedAt": bson::DateTime::from_millis(now - 60_000 - n) };
            client.database(tenant).collection("notes").insert_many((0..300).map(note)).await.expect("inserted");
            let person = |n: i64| doc! { "_id": n, "updatedAt": bson::DateTime::from_millis(now - 120_000) };
            client.database(tenant).collection("people").insert_many((0..7).map(person)).await.expect("inserted");
        }
        company.snapshot().await;
        company
    }

    async fn client(&self) -> Client {
        Client::with_uri_str(self.mongod.uri()).await.expect("a client")
    }

    async fn snapshot(&self) {
        let admin = self.client().await.database("admin");
        admin.run_command(doc! { "fsync": 1, "lock": true }).await.expect("locked");
        let at = |name: &str| self.dir.path().join(name);
        let copied = std::process::Command::new("cp").arg("-r").args([at("live"), at("snapshot")]).status();
        admin.run_command(doc! { "fsyncUnlock": 1 }).await.expect("unlocked");
        assert!(copied.expect("cp runs").success());
        let taken = domain::Moment::from(chrono::Utc::now()).rfc3339();
        fs::write(at("point.json"), format!(r#"{{"name":"snap-1","takenAt":"{taken}"}}"#)).expect("written");
        for (name, script) in [("restore.sh", RESTORE), ("tear_down.sh", TEAR_DOWN), ("point.sh", POINT)] {
            fs::write(at(name), script).expect("written");
        }
    }

    /// `script` in the company's folder.
    fn run(&self, script: &str) -> Vec<String> {
        let mongod = std::env::var("PASSMUSTER_MONGOD").expect("a mongod");
        let (dir, port) = (self.dir.path().display(), self.port);
        let line = format!("cd {dir} && MONGOD={mongod} PORT={port} sh {script}");
        ["sh", "-c", &line].map(str::to_owned).to_vec()
    }

    fn plan(&self, more: impl FnOnce(&mut PlanFile)) -> Plan {
        let mut file = PlanFile {
            scenario: Some("cluster".to_owned()),
            source: Some("command".to_owned()),
            origin: Some(self.mongod.uri()),
            target: Some(format!(
                "mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=2000",
                self.port
            )),
            rpo_minutes: Some(60),
            rto_minutes: Some(60),
            command: Some(Config {
                recovery_point: self.run("point.sh"),
                restore: self.run("restore.sh"),
                tear_down: Some(self.run("tear_down.sh")),
                outputs: self.dir.path().join("outputs"),
                timeout_minutes: 5,
            }),
            ..PlanFile::default()
        };
        more(&mut file);
        file.ready("7".to_owned()).expect("a plan")
    }
}

async fn drill(plan: &Plan) -> Drill {
    runner::run(plan, None, &Silent, &CancellationToken::new()).await.expect("it runs").drill
}

async fn refused(plan: &Plan) -> String {
    runner::run(plan, None, &Silent, &CancellationToken::new()).await.err().expect("refused").to_string()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|s| s.local_addr()).expect("a port").port()
}

fn check(drill: &Drill, id: CheckId) -> (CheckVerdict, String) {
    let found = drill.checks.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("{id:?} ran: {drill:#?}"));
    (found.verdict, found.detail.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_restored_by_commands_compared_with_its_origin_and_seen_to_be_gone() {
    let company = Company::open().await;
    // Since the snapshot the company went on, and somebody asked to be forgotten.
    let client = company.client().await;
    let now = bson::DateTime::now();
    let alder = client.database("alder");
    alder.collection("notes").insert_one(doc! { "_id": 900, "updatedAt": now }).await.expect("inserted");
    let notes = alder.collection::<Document>("notes");
    notes.update_one(doc! { "_id": 3 }, doc! { "$set": { "by": 99, "updatedAt": now } }).await.expect("updated");
    notes.delete_one(doc! { "_id": 4 }).await.expect("deleted");
    client.database("dogwood").collection("notes").insert_one(doc! { "updatedAt": now }).await.expect("inserted");
    let erased = company.dir.path().join("erased.jsonl");
    let at = domain::Moment::from(chrono::Utc::now()).rfc3339();
    let lines = [
        format!(r#"{{"tenant":"alder","collection":"people","value":3,"erasedAt":"{at}"}}"#),
        format!(r#"{{"tenant":"alder","collection":"notes","field":"by","value":3,"erasedAt":"{at}"}}"#),
        format!(r#"{{"tenant":"birch","collection":"people","value":1000,"erasedAt":"{at}"}}"#),
        format!(r#"{{"tenant":"cedar","erasedAt":"{at}"}}"#),
    ];
    fs::write(&erased, lines.join("\n")).expect("written");

    let drill = drill(&company.plan(|file| {
        file.erased = Some(erased);
        let why = "signed yesterday".to_owned();
        file.exclude = vec![domain::drill::Excluded { name: "dogwood".to_owned(), why }];
        file.references = vec![runner::plan::Reference { from: "notes.by".to_owned(), to: "people".to_owned() }];
    }))
    .await;
    assert_eq!(drill.abandoned, None, "{:#?}", drill.steps);
    assert_eq!(drill.verdict.overall(), Verdict::Met, "{:?}", drill.verdict.reasons);
    assert!(drill.disagreements().is_empty(), "{:?}", drill.disagreements());
    assert_eq!((drill.source.recovery_point.as_str(), drill.target.isolated), ("snap-1", true));
    let drawn = drill.draw.as_ref().expect("it was drawn");
    assert!(drawn.excluded.iter().any(|e| e.name == "cedar" && e.why.contains("erased for good")), "{drawn:?}");
    let (verdict, detail) = check(&drill, CheckId::Tenants);
    assert_eq!(verdict, CheckVerdict::Passes);
    assert!(detail.starts_with("3 of 4; written only since the recovery point: dogwood"), "{detail}");
    let erased = drill.erasures.expect("a list was given");
    // One person, the notes of one, nobody, and all of a tenant.
    assert_eq!((erased.listed, erased.suppressed, erased.left, erased.survived), (4, 1 + 43 + 307, 0, 0));
    let steps = |id: StepId| drill.steps.iter().find(|s| s.id == id).expect("taken");
    assert!(steps(StepId::Dump).commands[0].exit == Some(0) && steps(StepId::TearDown).commands[0].exit == Some(0));
    let ran = &steps(StepId::Restore).commands[0];
    let kept = company.dir.path().join("outputs").join(&ran.kept);
    let sum = std::process::Command::new("sha256sum").arg(&kept).output().expect("sha256sum runs");
    assert!(String::from_utf8_lossy(&sum.stdout).starts_with(&ran.sha256));
    let said = fs::read_to_string(&kept).expect("kept");
    assert!(said.contains(&format!("tenant {}", drawn.chosen)), "{said}");
    let copy = drill.exposure.as_ref().expect("there was a copy");
    assert!(copy.until.is_some() && copy.proof.contains("no longer answers"), "{}", copy.proof);
    company.mongod.stop().await;
}

/// What goes wrong, and what the record then says.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_lies_or_leaves_something_is_told() {
    let company = Company::open().await;
    let set = |name: &str, script: &str| fs::write(company.dir.path().join(name), script).expect("written");

    // What the copy has otherwise is named; what the list says was erased long ago and is there all the same, too.
    let old = company.dir.path().join("old.jsonl");
    let line = r#"{"tenant":"birch","collection":"people","value":3,"erasedAt":"2020-01-01T00:00:00Z"}"#;
    fs::write(&old, line).expect("written");
    company
        .client()
        .await
        .database("birch")
        .collection::<Document>("notes")
        .update_one(doc! { "_id": 5 }, doc! { "$set": { "by": 5000 } })
        .await
        .expect("changed unseen");
    let birch = |file: &mut PlanFile| {
        file.tenant = Some("birch".to_owned());
        file.erased = Some(old.clone());
    };
    let told = drill(&company.plan(birch)).await;
    let (verdict, detail) = check(&told, CheckId::Counts);
    assert_eq!(verdict, CheckVerdict::Fails);
    assert!(
        detail.contains("306 of 307") && detail.contains("1 in notes, such as ") && detail.contains("\"5\""),
        "{detail}"
    );
    assert_eq!(check(&told, CheckId::Erasures).0, CheckVerdict::Fails);
    assert!(check(&told, CheckId::Erasures).1.contains("did not hold"));

    // Nothing to compare with is no equality.
    let told = drill(&company.plan(|file| {
        file.origin = None;
        file.tenant = Some("birch".to_owned());
    }))
    .await;
    assert_eq!((check(&told, CheckId::Contents).0, told.verdict.contents), (CheckVerdict::NotRun, Verdict::Untested));

    set("restore.sh", "echo half; exit 3");
    let told = drill(&company.plan(|_| {})).await;
    let why = told.abandoned.as_deref().expect("abandoned");
    assert!(why.contains("ended with 3") && why.contains("-restore.log"), "{why}");
    let step = told.steps.iter().find(|s| s.id == StepId::Restore).expect("taken");
    assert_eq!(step.commands.first().map(|c| (c.exit, c.bytes)), Some((Some(3), 5)));

    set("point.sh", "echo soon");
    let told = drill(&company.plan(|_| {})).await;
    assert!(told.abandoned.as_deref().is_some_and(|why| why.contains("it must print")), "{:?}", told.abandoned);
    assert!(told.exposure.is_none(), "nothing was asked for");
    set("point.sh", POINT);

    // A restore that says it is done and is not, and a tear-down that says so and did nothing.
    set("restore.sh", "true");
    let told = drill(&company.plan(|_| {})).await;
    assert!(told.abandoned.is_some() && told.measured.is_none());
    set("restore.sh", RESTORE);
    set("tear_down.sh", "echo done");
    let told = drill(&company.plan(|_| {})).await;
    let (verdict, detail) = check(&told, CheckId::TearDown);
    assert_eq!(verdict, CheckVerdict::Fails);
    assert!(detail.contains("but") && detail.contains("are still on"), "{detail}");
    assert!(told.open_copy().is_some());
    // The next one finds the leftovers and names them before it asks for anything.
    let error = refused(&company.plan(|_| {})).await;
    assert!(error.contains("holds databases already (alder, birch, cedar)"), "{error}");

    // Production as the target is refused by its id, whatever stands in the plan.
    let error = refused(&company.plan(|file| file.target = Some(company.mongod.uri()))).await;
    assert!(error.contains("the source's own cluster"), "{error}");
    let stop = company.run("tear_down.sh");
    set("tear_down.sh", TEAR_DOWN);
    assert!(std::process::Command::new(&stop[0]).args(&stop[1..]).status().expect("it runs").success());

    // Called off in the middle: what it started ends with it.
    let marker = company.dir.path().join("still-running");
    set("restore.sh", &format!("sleep 2; touch {}", marker.display()));
    let stop = CancellationToken::new();
    let (plan, stopping) = (company.plan(|_| {}), stop.clone());
    let running = tokio::spawn(async move { runner::run(&plan, None, &Silent, &stopping).await });
    while !fs::read_dir(company.dir.path().join("outputs")).is_ok_and(|mut d| {
        d.any(|f| {
            f.is_ok_and(|f| {
                Path::new(&f.file_name()).to_string_lossy().contains("-restore")
                    && f.metadata().is_ok_and(|m| m.len() == 0)
            })
        })
    }) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    stop.cancel();
    let ended = running.await.expect("it ends").expect("it ran");
    assert!(ended.drill.abandoned.is_some_and(|why| why.contains("stopped by the operator")));
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert!(!marker.exists(), "the command outlived its drill");
    company.mongod.stop().await;
}
