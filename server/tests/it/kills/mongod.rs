//! The mongod is killed that is source and target.

use domain::drill::StepId;

use super::{
    Held, STEPS,
    field::{Field, NEVER, copy_of, note},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_mongod_killed_in_any_step_ends_the_drill_and_what_it_holds_when_it_is_back_is_named() {
    let mut field = Field::open().await;
    let url = field.portal.serve().await;
    for held in &STEPS {
        let step = held.step;
        field.hold(held, NEVER).await;
        let mut runner = field.drill(&url);
        let id = field.held_in(held).await;
        field.mongod.kill();
        let (status, said) = runner.ended().await;

        let drill = field.one(&id).await;
        let copy = copy_of(&id);
        if step == StepId::TearDown {
            // All was measured before; that the copy is gone, nobody saw.
            assert_eq!(drill.abandoned, None, "{said}");
            assert!(drill.verdict.contents == domain::verdict::Verdict::Untested, "{:?}", drill.verdict);
        } else {
            assert_eq!(status.code(), Some(1), "{step:?}: {said}");
            let why = drill.abandoned.as_deref().unwrap_or_else(|| panic!("{step:?}: {said}"));
            assert!(why.contains("no server answers") || why.contains("connection"), "{step:?}: {why}");
        }
        assert_eq!(drill.open_copy().is_some(), held.copy, "{step:?}");
        if held.copy {
            assert!(note(&drill, StepId::TearDown).contains("the target did not answer"), "{step:?}");
        }
        let told = drill.canary.as_ref().expect("of a document's loss").id.clone();
        let says = format!("{:?} {:?}", drill.abandoned, drill.steps.last());
        if held.canary {
            assert!(says.contains("may still be in the source") && says.contains(&told), "{step:?}: {says}");
        }

        field.mongod.start_again().await;
        let there = field.copies().await.contains(&copy);
        assert_eq!(there, held.copy, "{step:?}: what the server had taken, it still has");
        let next = field.succeeds(&url).await;
        assert_eq!(note(&next, StepId::Provision).contains(&format!("{copy} of drill {id}")), there, "{step:?}");
        assert_eq!(note(&next, StepId::Lose).contains(&format!("of drill {id} (less")), held.canary, "{step:?}");
    }
    let cleared = field.clear_leftovers(&url).await;
    assert_eq!(cleared.matches("dropped").count(), STEPS.iter().filter(|held| held.copy).count(), "{cleared}");
    assert!(field.copies().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongod_that_is_back_in_time_gets_what_it_was_sent_once_and_the_drill_goes_on() {
    let mut field = Field::open().await;
    let url = field.portal.serve().await;
    let held = Held::at(StepId::Restore);
    field.hold(&held, NEVER).await;
    let mut runner = field.start(field.command(&field.ways(60_000), &url, &[]));
    let id = field.held_in(&held).await;
    field.mongod.kill();
    field.mongod.start_again().await;
    let (status, said) = runner.ended().await;
    assert!(status.success(), "{said}");
    let drill = field.one(&id).await;
    assert_eq!((drill.abandoned.as_deref(), drill.verdict.contents), (None, domain::verdict::Verdict::Met));
    assert!(field.copies().await.is_empty() && field.canaries().await.is_empty());
}
