//! A disk is full: the runner's, by a limit on what it may write, and the target's, by what mongod answers then.

use std::{os::unix::process::ExitStatusExt, process::Command};

use bson::doc;
use domain::drill::{Outcome, StepId};

use super::{
    Held,
    field::{Field, copy_of, note},
};

/// The same command under a limit of 512-byte blocks on each file. Past it the system sends a signal, which ends the
/// program as a kill does; where that is ignored, the write fails as on a full disk.
pub fn limited(command: &Command, blocks: u32, ignoring: bool) -> Command {
    let trap = if ignoring { "trap '' XFSZ; " } else { "" };
    let mut sh = Command::new("sh");
    sh.arg("-c").arg(format!("{trap}ulimit -f {blocks}; exec \"$@\"")).arg("sh");
    sh.arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs().filter_map(|(key, value)| Some((key, value?))) {
        sh.env(key, value);
    }
    if let Some(dir) = command.get_current_dir() {
        sh.current_dir(dir);
    }
    sh
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_drill_with_what_happened_and_the_next_one_succeeds() {
    let field = Field::open().await;
    let url = field.portal.serve().await;
    let command = field.command(&field.ways(1000), &url, &[]);

    // The runner's own, in the middle of the dump.
    let (status, said) = field.start(limited(&command, 64, true)).ended().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let id = said.lines().find_map(|line| line.strip_prefix("D-")?.split("  ").next()).expect("its id");
    let drill = field.one(&format!("D-{id}")).await;
    let why = drill.abandoned.as_deref().expect("abandoned");
    assert!(why.contains("writing") && why.contains("the copy is not complete, and the drill ends here"), "{why}");
    assert_eq!(drill.steps.last().map(|s| (s.id, s.outcome)), Some((StepId::Dump, Outcome::Failed)));
    assert!(drill.exposure.is_none() && field.copies().await.is_empty() && field.canaries().await.is_empty());
    assert_eq!(field.dumps(), 0);
    field.succeeds(&url).await;

    // The same limit kills who does not ignore its signal.
    let held = Held::at(StepId::Dump);
    field.hold(&held, 500).await;
    let mut runner = field.start(limited(&command, 64, false));
    let id = field.in_step(StepId::Dump).await;
    field.let_go().await;
    let (status, said) = runner.ended().await;
    assert!(status.signal().is_some(), "{status:?}: {said}");
    field.fall_silent().await;
    let why = field.one(&id).await.abandoned.expect("abandoned");
    assert!(why.contains("fell silent") && why.contains("may still be in the source"), "{why}");
    let next = field.succeeds(&url).await;
    assert!(note(&next, StepId::Lose).contains(&format!("of drill {id}")) && field.dumps() == 0);

    // The target's: the server refuses, the copy is taken away.
    let held = Held::at(StepId::Restore);
    field.meets(&held, doc! { "errorCode": 14031 }).await;
    let mut runner = field.start(field.command(&field.ways(1000), &url, &[]));
    let (status, said) = runner.ended().await;
    field.let_go().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let id = said.lines().find_map(|line| line.strip_prefix("D-")?.split("  ").next()).expect("its id");
    let drill = field.one(&format!("D-{id}")).await;
    let why = drill.abandoned.as_deref().expect("abandoned");
    assert!(why.contains("the target's disk is full: free some room"), "{why}");
    assert!(drill.open_copy().is_none() && !field.copies().await.contains(&copy_of(&format!("D-{id}"))));
    field.succeeds(&url).await;
}
