//! The runner: what it attests, what it does by its calendar, and that nothing is lost or done twice when it, another
//! runner or the portal ends in the middle.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use app::ports::{Clock, Findings, Gaps, JobRuns};
use bson::{Document, doc};
use domain::{
    Moment,
    attestation::{Attestation, Strength},
    drill::Excluded,
    job::{JobRun, Outcome},
    key::{Key, KeyEvent},
    proof::runner as signatures,
    record::Sealed,
    role::{Scope, TokenScope},
};
use mongodb::Client;
use server::runner::{
    attest::{self, Plan, Vendor},
    calendar::Calendar,
    daemon::{
        Daemon,
        config::{Config, Job, Work},
        state,
    },
    identity::Identity,
    portal::Portal as Push,
    progress::Silent,
    queue::Push as Queued,
};
use tokio_util::sync::CancellationToken;

use crate::portal::{Portal, mongod};

const MINUTE: i64 = 60_000;

struct Hand(Mutex<Moment>);

impl Clock for Hand {
    fn now(&self) -> Moment {
        *self.0.lock().expect("a clock")
    }
}

impl Hand {
    fn set(&self, at: Moment) {
        *self.0.lock().expect("a clock") = at;
    }
}

/// A portal that serves, a runner's folder, and three tenants on the cluster.
struct Field {
    portal: Portal,
    url: String,
    token: String,
    dir: tempfile::TempDir,
    tenants: Vec<String>,
    clock: Arc<Hand>,
    /// A whole minute, some minutes ago.
    began: Moment,
}

impl Field {
    async fn open() -> Self {
        let portal = Portal::open().await;
        let url = portal.serve().await;
        let token = portal.token(&[TokenScope::AttestationsWrite, TokenScope::DrillsWrite]).await;
        let dir = tempfile::tempdir().expect("a folder");
        let client = Client::with_uri_str(mongod()).await.expect("a client");
        let mut tenants = Vec::new();
        for n in 1..=3 {
            let name = format!("{}_t{n}", portal.house.store.db.name());
            let notes = client.database(&name).collection::<Document>("notes");
            notes.insert_many((0..n * 10).map(|i| doc! { "_id": i, "secret": "content" })).await.expect("inserted");
            tenants.push(name);
        }
        let began =
            Moment::from_millis(portal.house.clock.now().millis() / MINUTE * MINUTE - 20 * MINUTE).expect("a time");
        let points = serde_json::json!({ "recoveryPoints": [{ "id": "snap-1", "cluster": "prod", "takenAt": began.plus_millis(-MINUTE).rfc3339() }] });
        std::fs::write(dir.path().join("points.json"), points.to_string()).expect("a file");
        Self { portal, url, token, dir, tenants, clock: Arc::new(Hand(Mutex::new(began))), began }
    }

    fn plan(&self) -> Plan {
        Plan {
            uri: mongod().to_owned(),
            vendor: Vendor::Files { recovery_points: self.dir.path().join("points.json"), databases: None },
            strength: Strength::Counted,
            include: Some(vec![format!("{}_t*", self.portal.house.store.db.name())]),
            exclude: vec![Excluded { name: self.tenants[2].clone(), why: "a test's own".into() }],
            cluster: None,
            by: "runner-1".into(),
        }
    }

    /// Due at every fifth minute.
    fn job(&self, name: &str) -> Job {
        Job {
            name: name.into(),
            cron: "*/5 * * * *".into(),
            calendar: Calendar::read("*/5 * * * *").expect("a calendar"),
            after: None,
            after_timeout_ms: 2 * MINUTE,
            late_after_ms: 2 * MINUTE,
            work: Work::Attest(Box::new(self.plan())),
        }
    }

    fn config(&self, state: &str, jobs: Vec<Job>) -> Config {
        Config {
            name: "runner-1".into(),
            state: self.dir.path().join(state),
            portal: self.url.clone(),
            token: self.token.clone(),
            lease_uri: None,
            jobs,
        }
    }

    async fn daemon(&self, config: Config) -> Daemon {
        Daemon::open(config, self.clock.clone(), Arc::new(Silent)).await.expect("it opens")
    }

    fn at(&self, minutes: i64) -> Moment {
        self.began.plus_millis(minutes * MINUTE)
    }

    /// The first time after the beginning at which the jobs are due.
    fn due(&self) -> Moment {
        Calendar::read("*/5 * * * *").expect("a calendar").next(self.began).expect("a time")
    }

    async fn runs(&self) -> Vec<JobRun> {
        let runs = self.portal.house.evidence.runs(&Scope::EVERYTHING).await.expect("read");
        runs.into_iter().map(|run| run.value).collect()
    }

    async fn attestations(&self) -> Vec<Sealed<Attestation>> {
        let ids: Vec<String> = self
            .portal
            .house
            .store
            .documents("backup_audit_log")
            .distinct("_id", doc! {})
            .await
            .expect("read")
            .iter()
            .map(|id| id.as_str().expect("text").to_owned())
            .collect();
        self.portal.house.evidence.named("backup_audit_log", &ids).await.expect("read")
    }
}

fn outcomes(runs: &[JobRun]) -> Vec<Outcome> {
    runs.iter().map(|run| run.outcome).collect()
}

async fn look(daemon: &mut Daemon) {
    daemon.look(&CancellationToken::new()).await.expect("it looks");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attestation_says_what_was_seen_and_is_filed_once_under_the_runners_own_key() {
    let field = Field::open().await;
    let ran = attest::run(&field.plan(), "attest-1", field.clock.now(), &Silent).await.expect("it runs");
    let read: Vec<i64> = ran.attestations.iter().map(|a| a.read.as_ref().expect("counted").documents).collect();
    assert_eq!(read, [10, 20]);
    assert!(ran.attestations.iter().all(|a| a.read.as_ref().is_some_and(|r| r.one_time)), "read at one cluster time");
    assert_eq!((ran.attested.seen.len(), ran.attested.left_out.len(), ran.attestations[0].tenants_seen), (3, 1, 2));

    // Everything read: the same documents come to the same digest, and one field more to another.
    let whole = Plan { strength: Strength::Fingerprinted, ..field.plan() };
    let digests = async || {
        let ran = attest::run(&whole, "attest-0", field.clock.now(), &Silent).await.expect("it runs");
        assert!(ran.attestations.iter().all(|a| a.strength == Strength::Fingerprinted));
        let digest = |a: &Attestation| a.read.as_ref().and_then(|read| read.digest.clone());
        ran.attestations.iter().map(digest).collect::<Vec<_>>()
    };
    let before = digests().await;
    assert_eq!(digests().await, before);
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    let notes = client.database(&field.tenants[0]).collection::<Document>("notes");
    notes.update_one(doc! { "_id": 3 }, doc! { "$set": { "more": 1 } }).await.expect("altered");
    let after = digests().await;
    assert!(after[0] != before[0] && after[1] == before[1]);

    let plain = Push::new(&field.url, &field.token).expect("a client");
    let identity = Arc::new(Identity::at(&field.dir.path().join("runner.key")).expect("a key"));
    let signing = plain.clone().signing(identity).await.expect("registered");
    let filed = signing.attest(&ran.attestations).await.expect("filed");
    assert_eq!((filed.filed, filed.known), (2, 0));
    let again = signing.attest(&ran.attestations).await.expect("the same again");
    assert_eq!((again.filed, again.known), (0, 2));
    let mut other = ran.attestations.clone();
    other[0].recovery_point.id = "snap-2".into();
    let why = signing.attest(&other).await.expect_err("a record is never changed").to_string();
    assert!(why.contains("409") && why.contains("never changed"), "{why}");
    // A token whose runner has a key takes nothing that is not signed by it.
    let unsigned =
        attest::run(&field.plan(), "attest-2", field.clock.now(), &Silent).await.expect("it runs").attestations;
    let why = plain.attest(&unsigned).await.expect_err("unsigned").to_string();
    assert!(why.contains("not signed"), "{why}");
    let thief = Arc::new(Identity::at(&field.dir.path().join("other.key")).expect("a key"));
    let why = plain.clone().signing_as_known(thief.clone()).attest(&unsigned).await.expect_err("another").to_string();
    assert!(why.contains("another key"), "{why}");
    assert!(plain.clone().signing(thief).await.err().expect("one key a token").to_string().contains("409"));

    // What was sealed still carries the signature, and the ledger the key it is checked with.
    let sealed = field.attestations().await;
    assert_eq!(sealed.len(), 2);
    let keys: Vec<Sealed<KeyEvent>> = {
        let key = signatures::public_key(&identity_public(field.dir.path())).expect("a key");
        let id = format!("runner-{}", signatures::key_id(&key));
        field.portal.house.evidence.named("keys", &[id]).await.expect("read")
    };
    let Key::Runner { public, .. } = &keys[0].value.key else { panic!("a runner's key") };
    let public = signatures::public_key(public).expect("32 bytes");
    for record in &sealed {
        let json = serde_json::to_value(&record.value).expect("JSON");
        signatures::verify(&json, record.value.signature.as_ref().expect("signed"), &public).expect("it holds");
        assert!(record.value.learned_at.is_some() && keys[0].seal.seq < record.seal.seq);
    }
    field.portal.assert_ledger_whole().await;
}

fn identity_public(dir: &Path) -> String {
    Identity::at(&dir.join("runner.key")).expect("a key").public()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_cannot_be_true_stores_nothing_and_names_the_field() {
    let field = Field::open().await;
    let push = Push::new(&field.url, &field.token).expect("a client");
    let good = attest::run(&field.plan(), "attest-1", field.clock.now(), &Silent).await.expect("it runs").attestations;
    type Spoil = fn(&mut Attestation);
    let cases: [(&str, Spoil); 5] = [
        ("strength", |a| a.strength = Strength::Restored),
        ("strength", |a| a.strength = Strength::Fingerprinted),
        ("tenant", |a| a.tenant = String::new()),
        ("tenantsSeen", |a| a.tenants_seen = 0),
        ("occurredAt", |a| a.occurred_at = a.occurred_at.plus_millis(3_600_000)),
    ];
    for (field_name, spoil) in cases {
        let mut bad = good.clone();
        spoil(&mut bad[1]);
        let why = push.attest(&bad).await.expect_err(field_name).to_string();
        assert!(why.contains(&format!("attestations[1].{field_name}")) && why.contains("nothing was stored"), "{why}");
    }
    assert!(field.attestations().await.is_empty(), "not even the good one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_when_it_is_due_once_and_its_calendar_is_a_record() {
    let field = Field::open().await;
    let mut daemon = field.daemon(field.config("state", vec![field.job("weekly")])).await;
    look(&mut daemon).await;
    assert_eq!(outcomes(&field.runs().await), [Outcome::Scheduled]);
    field.clock.set(field.due().plus_millis(1000));
    look(&mut daemon).await;
    look(&mut daemon).await;
    let runs = field.runs().await;
    assert_eq!(outcomes(&runs), [Outcome::Scheduled, Outcome::Done]);
    let attested = runs[1].attested.as_ref().expect("it attested");
    assert_eq!((attested.attested, &attested.seen, attested.read_at.is_some()), (2, &field.tenants, true));
    assert_eq!(runs[1].due_at, field.due());
    assert!(runs.iter().all(|run| run.signature.is_some() && run.disagreements().is_empty()));
    assert_eq!(field.attestations().await.len(), 2);
    // Another calendar, then none: each counts from its own moment.
    drop(daemon);
    let hourly = Job {
        cron: "0 * * * *".into(),
        calendar: Calendar::read("0 * * * *").expect("a calendar"),
        ..field.job("weekly")
    };
    look(&mut field.daemon(field.config("state", vec![hourly])).await).await;
    look(&mut field.daemon(field.config("state", vec![field.job("other")])).await).await;
    let runs = field.runs().await;
    assert_eq!(outcomes(&runs)[2..], [Outcome::Scheduled, Outcome::Scheduled, Outcome::Ended]);
    assert_eq!((runs[2].cron.as_str(), runs[4].job.as_str()), ("0 * * * *", "weekly"));
    field.portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_portal_is_away_everything_waits_on_disk_also_over_an_end() {
    let field = Field::open().await;
    let away = Config { portal: "http://127.0.0.1:1".into(), ..field.config("state", vec![field.job("weekly")]) };
    let mut daemon = field.daemon(away).await;
    look(&mut daemon).await;
    field.clock.set(field.due().plus_millis(1000));
    look(&mut daemon).await;
    assert_eq!(daemon.flush().await.expect("it flushes").waiting, 3, "calendar, attestations, run");
    assert!(field.runs().await.is_empty());
    // One folder, one runner.
    let second =
        Daemon::open(field.config("state", vec![field.job("weekly")]), field.clock.clone(), Arc::new(Silent)).await;
    assert!(second.err().expect("it is taken").to_string().contains("another runner"));
    drop(daemon);
    let mut daemon = field.daemon(field.config("state", vec![field.job("weekly")])).await;
    look(&mut daemon).await;
    assert_eq!(outcomes(&field.runs().await), [Outcome::Scheduled, Outcome::Done]);
    assert_eq!(daemon.flush().await.expect("it flushes").waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_portal_refuses_is_set_aside_and_holds_up_nothing() {
    let field = Field::open().await;
    let mut daemon = field.daemon(field.config("state", vec![field.job("weekly")])).await;
    let queue = field.dir.path().join("state/queue");
    std::fs::write(queue.join("000000000001.json"), r#"{"method":"POST","path":"job-runs","body":{"schema":1}}"#)
        .expect("a file");
    look(&mut daemon).await;
    assert_eq!(outcomes(&field.runs().await), [Outcome::Scheduled]);
    let why = std::fs::read_to_string(field.dir.path().join("state/refused/000000000001.why")).expect("kept");
    assert!(why.contains("missing field"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runners_with_one_lease_one_does_the_job() {
    let field = Field::open().await;
    let job =
        Job { name: format!("weekly-{}", field.portal.house.store.db.name().replace('_', "-")), ..field.job("x") };
    let token = field.portal.token(&[TokenScope::AttestationsWrite]).await;
    let config = |name: &str, token: &str| Config {
        name: name.into(),
        token: token.into(),
        lease_uri: Some(mongod().to_owned()),
        ..field.config(name, vec![job.clone()])
    };
    let mut one = field.daemon(config("runner-1", &field.token)).await;
    let mut two = field.daemon(config("runner-2", &token)).await;
    look(&mut one).await;
    look(&mut two).await;
    field.clock.set(field.due().plus_millis(1000));
    let stop = CancellationToken::new();
    let (a, b) = tokio::join!(one.look(&stop), two.look(&stop));
    a.and(b).expect("they look");
    look(&mut one).await;
    look(&mut two).await;
    let done = field.runs().await.into_iter().filter(|run| run.outcome == Outcome::Done).count();
    assert_eq!((done, field.attestations().await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_its_predecessor_or_until_it_no_longer_does() {
    let field = Field::open().await;
    let job = Job { after: Some("nightly-dump".into()), ..field.job("weekly") };
    let mut daemon = field.daemon(field.config("state", vec![job])).await;
    look(&mut daemon).await;
    let (due, state) = (field.due(), field.dir.path().join("state"));
    // A report from before the last time does not count.
    state::report(&state, "nightly-dump", due.plus_millis(-6 * MINUTE)).expect("noted");
    field.clock.set(due.plus_millis(MINUTE));
    look(&mut daemon).await;
    assert_eq!(outcomes(&field.runs().await), [Outcome::Scheduled], "it waits");
    let reported = due.plus_millis(MINUTE);
    state::report(&state, "nightly-dump", reported).expect("noted");
    look(&mut daemon).await;
    field.clock.set(due.plus_millis(7 * MINUTE + 1000));
    look(&mut daemon).await;
    let runs = field.runs().await;
    assert_eq!(outcomes(&runs), [Outcome::Scheduled, Outcome::Done, Outcome::Done]);
    let waited: Vec<Option<Moment>> =
        runs[1..].iter().map(|r| r.after.as_ref().expect("it waited").reported_at).collect();
    assert_eq!(waited, [Some(reported), None], "the second time two minutes were enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_is_tried_again_and_then_the_job_has_failed() {
    let field = Field::open().await;
    let plan = Plan { uri: "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200".into(), ..field.plan() };
    let daily = Calendar::read("0 3 * * *").expect("a calendar");
    let due = daily.next(field.began).expect("a time");
    let job =
        Job { work: Work::Attest(Box::new(plan)), cron: "0 3 * * *".into(), calendar: daily, ..field.job("daily") };
    // The portal is away, so that what is told it can be read in the queue.
    let away = Config { portal: "http://127.0.0.1:1".into(), ..field.config("state", vec![job]) };
    let mut daemon = field.daemon(away).await;
    let told = || -> Vec<JobRun> {
        let mut files: Vec<_> = std::fs::read_dir(field.dir.path().join("state/queue"))
            .expect("a queue")
            .map(|file| file.expect("a file").path())
            .collect();
        files.sort();
        let push = |path| serde_json::from_slice::<Queued>(&std::fs::read(path).expect("read")).expect("a push");
        files.into_iter().map(|path| serde_json::from_value(push(path).body).expect("a run")).collect()
    };
    look(&mut daemon).await;
    for late in [1000, 30 * MINUTE] {
        field.clock.set(due.plus_millis(late));
        look(&mut daemon).await;
        assert_eq!(outcomes(&told()), [Outcome::Scheduled], "it may come back");
    }
    field.clock.set(due.plus_millis(61 * MINUTE));
    look(&mut daemon).await;
    look(&mut daemon).await;
    let runs = told();
    assert_eq!(outcomes(&runs), [Outcome::Scheduled, Outcome::Failed]);
    assert_eq!(runs[1].due_at, due);
    assert!(runs[1].says.contains("the cluster does not answer"), "{}", runs[1].says);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_in_the_middle_does_an_attestation_again_and_files_a_drill_as_failed() {
    let field = Field::open().await;
    look(&mut field.daemon(field.config("state", vec![field.job("weekly"), drill_job(&field)])).await).await;
    let path = field.dir.path().join("state/jobs.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("kept")).expect("JSON");
    let running =
        serde_json::json!({ "dueAt": field.due().rfc3339(), "startedAt": field.due().plus_millis(500).rfc3339() });
    kept["jobs"]["weekly"]["running"] = running.clone();
    kept["jobs"]["quarterly"]["running"] = running;
    std::fs::write(&path, kept.to_string()).expect("as a killed runner leaves it");
    let left = format!("staging_d_20260101_000000_{}", field.portal.house.store.db.name());
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    client.database(&left).collection("x").insert_one(doc! {}).await.expect("a leftover");
    field.clock.set(field.due().plus_millis(1000));
    look(&mut field.daemon(field.config("state", vec![field.job("weekly"), drill_job(&field)])).await).await;
    client.database(&left).drop().await.expect("dropped");
    let runs = field.runs().await;
    let ended: Vec<(&str, Outcome)> =
        runs.iter().filter(|r| r.outcome != Outcome::Scheduled).map(|r| (r.job.as_str(), r.outcome)).collect();
    assert_eq!(ended, [("quarterly", Outcome::Failed), ("weekly", Outcome::Done)]);
    let failed = runs.iter().find(|r| r.outcome == Outcome::Failed).expect("the drill");
    assert!(failed.says.contains("ended in the middle") && failed.says.contains(&left), "{}", failed.says);
    assert_eq!(field.attestations().await.len(), 2);
}

fn drill_job(field: &Field) -> Job {
    let file = server::runner::plan::PlanFile {
        source: Some(mongod().to_owned()),
        target: Some(mongod().to_owned()),
        rto_minutes: Some(60),
        rpo_minutes: Some(60),
        same_cluster: Some(true),
        ..Default::default()
    };
    let plan =
        server::runner::plan::Plan { only: Some(field.tenants.clone()), ..file.ready("7".into()).expect("a plan") };
    Job { work: Work::Drill(Box::new(plan)), ..field.job("quarterly") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_by_calendar_is_filed_signed_and_tells_its_run() {
    let field = Field::open().await;
    let mut daemon = field.daemon(field.config("state", vec![drill_job(&field)])).await;
    look(&mut daemon).await;
    field.clock.set(field.due().plus_millis(1000));
    look(&mut daemon).await;
    let runs = field.runs().await;
    assert_eq!(outcomes(&runs), [Outcome::Scheduled, Outcome::Done], "{runs:?}");
    let id = runs[1].drill.as_ref().expect("its drill");
    let drill = app::ports::Drills::get(&field.portal.house.evidence, &Scope::EVERYTHING, id)
        .await
        .expect("read")
        .expect("filed");
    assert!(drill.value.signature.is_some() && drill.value.measured.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_due_and_did_not_report_is_a_gap_and_a_finding_once() {
    let field = Field::open().await;
    let mut daemon = field.daemon(field.config("state", vec![field.job("weekly")])).await;
    look(&mut daemon).await;
    field.clock.set(field.due().plus_millis(1000));
    look(&mut daemon).await;
    drop(daemon);
    // The runner is gone; ten minutes and more have passed for the portal.
    let house = &field.portal.house;
    for _ in 0..2 {
        server::jobs::runs::missing(house).await.expect("it looks");
    }
    let gaps: Vec<_> = Gaps::all(&house.evidence, &Scope::EVERYTHING)
        .await
        .expect("gaps")
        .into_iter()
        .filter(|gap| gap.value.says.contains("weekly"))
        .collect();
    let missed: Vec<Moment> = gaps.iter().rev().map(|gap| gap.value.due_at).collect();
    assert_eq!(
        missed,
        Calendar::read("*/5 * * * *").expect("a calendar").due(field.due(), field.at(18), 9)[..missed.len()]
    );
    assert!(missed.len() >= 2 && gaps.iter().all(|gap| gap.value.says.ends_with("did not report.")));
    let findings = Findings::all(&house.evidence, &Scope::EVERYTHING).await.expect("findings");
    for gap in &gaps {
        assert_eq!(findings.iter().filter(|f| f.value.cause.as_ref() == Some(&gap.id)).count(), 1);
    }
    field.portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendors_tool_prints_is_brought_signed_and_a_tool_that_fails_is_no_empty_list() {
    let field = Field::open().await;
    let script = field.dir.path().join("tool.sh");
    let prints = |text: &str| std::fs::write(&script, text).expect("written");
    let line = r#"{"job":"nightly","state":"ok","started_at":"2026-11-16T01:30:00Z"}"#;
    prints(&format!("if [ \"$1\" = --version ]; then echo 'tool 2.3'; exit; fi\necho '{line}'\n"));
    let tool = |arguments: &[&str]| {
        let all = ["sh", script.to_str().expect("a path")].into_iter().chain(arguments.iter().copied());
        all.map(str::to_owned).collect::<Vec<String>>()
    };
    let plan = server::runner::collect::Plan {
        connector: "runs-jsonl".into(),
        command: tool(&[]),
        version: Some(tool(&["--version"])),
        about: domain::import::About { resource: Some("prod".into()), ..Default::default() },
        within: std::time::Duration::from_secs(60),
    };
    let job = Job { work: Work::Import(Box::new(plan)), ..field.job("reports") };
    let mut daemon = field.daemon(field.config("state", vec![job])).await;
    look(&mut daemon).await;
    field.clock.set(field.due().plus_millis(1000));
    look(&mut daemon).await;
    look(&mut daemon).await;
    let runs = field.runs().await;
    assert_eq!(outcomes(&runs), [Outcome::Scheduled, Outcome::Done], "{runs:?}");
    assert!(runs[1].says.contains("as runs-jsonl"), "{}", runs[1].says);
    let imports = field.portal.house.ports.imports.imports(&Scope::EVERYTHING).await.expect("read");
    assert_eq!(imports.len(), 1);
    let import = &imports[0].value;
    assert_eq!((import.told.tool.as_deref(), import.facts), (Some("tool 2.3"), 1));
    assert!(import.told.command.as_deref().is_some_and(|c| c.starts_with("sh ")) && import.signature.is_some());
    assert_eq!(import.told.bytes, i64::try_from(line.len()).expect("a size") + 1);

    // "Could not look" is a failed run with the tool's own words, and no import.
    prints("echo 'AccessDenied: not for you' >&2; exit 4");
    field.clock.set(field.due().plus_millis(5 * MINUTE + 1000));
    look(&mut daemon).await;
    field.clock.set(field.due().plus_millis(8 * MINUTE));
    look(&mut daemon).await;
    look(&mut daemon).await;
    let runs = field.runs().await;
    let failed = runs.iter().find(|run| run.outcome == Outcome::Failed).expect("it failed");
    assert!(failed.says.contains("ended with 4: AccessDenied: not for you"), "{}", failed.says);
    assert_eq!(field.portal.house.ports.imports.imports(&Scope::EVERYTHING).await.expect("read").len(), 1);

    // A forged word under the runner's signature is refused.
    let envelope = serde_json::json!({
        "told": serde_json::to_value(&import.told).expect("JSON"),
        "signature": import.signature,
        "output": "e30=",
    });
    let answer = field.portal.machine("POST", "/api/v1/imports", Some(&field.token), &envelope.to_string()).await;
    let said = crate::portal::text(answer).await;
    assert!(said.contains("it is not that of the output"), "{said}");
    field.portal.assert_ledger_whole().await;
}
