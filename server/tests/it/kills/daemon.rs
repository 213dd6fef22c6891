//! The daemon is killed: between two jobs, with the portal away, in the middle of a drill, and on a full disk.

use std::{fs, path::PathBuf, process::Command};

use app::ports::JobRuns;
use domain::{
    drill::StepId,
    job::{JobRun, Outcome},
    role::Scope,
};

use super::{
    Held,
    disk::limited,
    field::{Field, NEVER, copy_of},
    network::Wire,
    process::{Process, until},
};

/// `passmuster runner start` with a drill at every minute, or by another calendar.
fn runner(field: &Field, portal: &str, cron: &str) -> Command {
    field.plan(&field.ways(1000));
    let text = format!(
        "name = 'runner-1'\nstate = 'state'\nportal = '{portal}'\ntoken_file = 'token'\n[[job]]\nname = 'quarterly'\nkind = 'drill'\ncron = '{cron}'\nplan = 'plan.toml'\n"
    );
    fs::write(field.path("runner.toml"), text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_passmuster"));
    command.args(["runner", "start"]).arg(field.path("runner.toml"));
    command.current_dir(field.dir.path()).env("TMPDIR", field.path("tmp"));
    command
}

fn queue(field: &Field) -> Vec<PathBuf> {
    let files = fs::read_dir(field.path("state/queue")).into_iter().flatten().flatten().map(|file| file.path());
    files.filter(|path| path.extension().is_some_and(|x| x == "json")).collect()
}

async fn runs(field: &Field) -> Vec<JobRun> {
    let runs = field.portal.house.evidence.runs(&Scope::EVERYTHING).await.expect("read");
    runs.into_iter().map(|run| run.value).collect()
}

async fn has_filed(field: &Field, outcomes: &[Outcome]) {
    until("what the runner files", async || {
        let filed: Vec<Outcome> = runs(field).await.iter().map(|run| run.outcome).collect();
        (filed == outcomes).then_some(())
    })
    .await;
}

/// A calendar that is due once a year, and not now.
const RARELY: &str = "0 3 29 2 *";
const HOURLY: &str = "0 * * * *";

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_anywhere_goes_on_where_it_was_and_files_the_drill_that_was_cut_short() {
    let field = Field::open().await;
    let wire = Wire::to_portal(&field.portal.serve().await).await;

    // A disk that takes nothing: no key, no promise; with room it begins.
    let (status, said) = field.start(limited(&runner(&field, &wire.url(), RARELY), 0, true)).ended().await;
    // What it says goes to a file on that disk too.
    assert_eq!((status.code(), said.as_str()), (Some(1), ""));
    assert!(!field.path("state/runner.key").exists(), "half a key would keep it from ever starting");

    // With the portal away, what it has to tell waits on disk, also over a kill.
    wire.cut();
    let mut daemon = field.start(runner(&field, &wire.url(), RARELY));
    until("the queue", async || (queue(&field).len() == 1).then_some(())).await;
    daemon.kill();

    // A disk that is full by now: it ends and says why, and what waited waits.
    let mut command = limited(&runner(&field, &wire.url(), HOURLY), 0, true);
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("the disk did not take"), "{said}");
    assert_eq!(queue(&field).len(), 1);

    wire.mend();
    let mut daemon = field.start(runner(&field, &wire.url(), HOURLY));
    has_filed(&field, &[Outcome::Scheduled, Outcome::Scheduled]).await;
    until("an empty queue", async || queue(&field).is_empty().then_some(())).await;
    daemon.kill();

    // In the middle of a drill: at its next start it files that run as failed, and does not do it again.
    due_now(&field);
    let held = Held::at(StepId::Restore);
    field.hold(&held, NEVER).await;
    let mut daemon = field.start(runner(&field, &wire.url(), HOURLY));
    let id = field.held_in(&held).await;
    daemon.kill();
    field.forget().await;
    let mut daemon: Process = field.start(runner(&field, &wire.url(), HOURLY));
    has_filed(&field, &[Outcome::Scheduled, Outcome::Scheduled, Outcome::Failed]).await;
    let said = runs(&field).await.pop().expect("the last").says;
    assert!(said.contains("ended in the middle of it; left in staging, to be dropped"), "{said}");
    assert!(said.contains(&copy_of(&id)), "{said}");
    field.fall_silent().await;
    assert!(field.one(&id).await.abandoned.is_some_and(|why| why.contains(&copy_of(&id))));
    daemon.kill();

    // By its next due time it drills again, and names what is there.
    due_now(&field);
    let _daemon = field.start(runner(&field, &wire.url(), HOURLY));
    has_filed(&field, &[Outcome::Scheduled, Outcome::Scheduled, Outcome::Failed, Outcome::Done]).await;
    let run = runs(&field).await.pop().expect("the last");
    let drill = field.one(&run.drill.expect("its drill")).await;
    assert!(super::field::note(&drill, StepId::Provision).contains(&format!("of drill {id}")));
    assert!(drill.signature.is_some());
}

/// As if the calendar had been filed some hours ago, and nothing done since.
fn due_now(field: &Field) {
    let path = field.path("state/jobs.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&path).expect("kept")).expect("JSON");
    let hours_ago = chrono::Utc::now() - chrono::Duration::hours(3);
    kept["jobs"]["quarterly"]["doneUntil"] = domain::Moment::from(hours_ago).rfc3339().into();
    fs::write(&path, kept.to_string()).expect("written");
}
