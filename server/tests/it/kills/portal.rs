//! The portal is killed, a real one, and started again on the same port.

use domain::drill::StepId;

use super::{
    Held, STEPS,
    field::{Field, NEVER},
    process::{Serve, free_port, until},
};

/// So long a step waits: enough to kill a portal in it.
const A_WHILE: i32 = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_killed_in_any_step_gets_one_record_when_it_is_back() {
    let field = Field::open_listening(([127, 0, 0, 1], free_port()).into()).await;
    let mut portal = Serve::start(&field.portal, field.dir.path()).await;
    for held in &STEPS {
        let step = held.step;
        field.hold(held, A_WHILE).await;
        let mut runner = field.drill(&portal.url);
        let id = field.held_in(held).await;
        portal.kill();
        field.let_go().await;
        // The drill goes on without it to its last step; only a draw cannot be made alone.
        let last = if step == StepId::Draw { step } else { StepId::TearDown };
        runner.says(last.title()).await;
        assert!(field.filed(&id).await.is_empty(), "{step:?}: nobody was there to file it");
        portal.start_again().await;
        let (_, said) = runner.ended().await;
        assert!(said.contains("Filed and sealed"), "{step:?}: {said}");
        let drill = field.one(&id).await;
        match &drill.abandoned {
            Some(why) => assert!(step == StepId::Draw && why.contains("does not answer"), "{step:?}: {why}"),
            None => assert!(step != StepId::Draw, "a draw whose list nobody sealed"),
        }
        assert!(field.copies().await.is_empty() && field.canaries().await.is_empty(), "{step:?}");
        assert!(field.portal.house.store.live_drill().await.expect("read").is_none(), "{step:?}: the place is free");
    }

    // Killed when the record is sealed, and neither is the place free nor the runner answered.
    let filing = Held { step: StepId::TearDown, command: "delete", of: "portal", after: 0, copy: false, canary: false };
    field.hold(&filing, NEVER).await;
    let mut runner = field.drill(&portal.url);
    let id = field.in_step(StepId::Draw).await;
    until("its record", async || (!field.filed(&id).await.is_empty()).then_some(())).await;
    portal.kill();
    field.forget().await;
    portal.start_again().await;
    let (status, said) = runner.ended().await;
    assert!(status.success() && said.contains("Filed and sealed"), "{said}");
    assert_eq!(field.one(&id).await.abandoned, None);
    field.succeeds(&portal.url).await;
}
