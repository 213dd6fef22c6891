//! The runner is killed.

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
};
use bson::{Document, doc, oid::ObjectId};
use domain::drill::{Outcome, StepId};

use super::{
    STEPS,
    field::{Field, NEVER, copy_of, note},
    process::until,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_in_any_step_leaves_an_abandoned_drill_and_what_it_left_is_found_and_named() {
    let field = Field::open().await;
    let url = field.portal.serve().await;
    for held in &STEPS {
        let step = held.step;
        field.hold(held, NEVER).await;
        let mut runner = field.drill(&url);
        let id = field.held_in(held).await;
        assert!(field.filed(&id).await.is_empty(), "{step:?}: nothing is filed of a drill under way");
        runner.kill();
        field.forget().await;
        field.fall_silent().await;

        let drill = field.one(&id).await;
        let why = drill.abandoned.clone().unwrap_or_else(|| panic!("{step:?} was not taken to its end"));
        assert!(why.starts_with("the runner fell silent; "), "{step:?}: {why}");
        assert_eq!(drill.steps.last().map(|s| (s.id, s.outcome)), Some((step, Outcome::Failed)));
        // What it left is what its record tells.
        let copy = copy_of(&id);
        assert_eq!(field.copies().await, held.copy.then(|| copy.clone()).into_iter().collect::<Vec<_>>(), "{step:?}");
        assert_eq!(drill.open_copy().is_some(), held.copy, "{step:?}");
        assert_eq!(why.contains(&copy), held.copy, "{step:?}: {why}");
        let left = field.canaries().await.into_iter().find(|c| c.get_str("drill").is_ok_and(|drill| drill == id));
        assert_eq!(left.is_some(), held.canary, "{step:?}");
        let left = left.map(|canary| canary.get_object_id("_id").expect("an id").to_hex());
        assert!(left.iter().all(|canary| why.contains(canary)), "{step:?}: {why}");
        assert_eq!(field.dumps(), 1, "{step:?}: the dump of a killed drill lies there");

        // The next one finds it, names it and succeeds.
        let next = field.succeeds(&url).await;
        assert_eq!(note(&next, StepId::Provision).contains(&format!("{copy} of drill {id}")), held.copy, "{step:?}");
        let said = note(&next, StepId::Lose);
        assert!(left.iter().all(|canary| said.contains(&format!("{canary} of drill {id} (less than a day old"))));
        assert_eq!(field.dumps(), 0, "{step:?}: the killed drill's dump is removed with this one's own");
        let cleared = field.clear_leftovers(&url).await;
        assert_eq!(cleared.contains(&format!("{copy}  dropped")), held.copy, "{step:?}: {cleared}");
        assert!(field.copies().await.is_empty(), "{step:?}");
    }
    what_is_older_than_a_day_is_removed(&field, &url).await;
}

/// All that the killed ones left in the source, made to be two days old; what others wrote there stays.
async fn what_is_older_than_a_day_is_removed(field: &Field, url: &str) {
    let there = field.client().await.database("alder").collection::<Document>("passmuster_canary");
    let mut old = field.canaries().await;
    assert_eq!(old.len(), STEPS.iter().filter(|held| held.canary).count());
    for (n, canary) in (0..).zip(&mut old) {
        there.delete_one(doc! { "_id": canary.get("_id") }).await.expect("deleted");
        let two_days_ago = u32::try_from(chrono::Utc::now().timestamp()).expect("seconds") - 2 * 24 * 3600 - n;
        canary.insert("_id", ObjectId::from_parts(two_days_ago, [0; 5], [0; 3]));
    }
    let somebodys = doc! { "_id": ObjectId::from_parts(1, [0; 5], [0; 3]), "drill": "D-1", "says": "mine" };
    there.insert_many(old.iter().chain([&somebodys])).await.expect("inserted");
    let next = field.succeeds(url).await;
    assert_eq!(note(&next, StepId::Lose).matches("(removed)").count(), old.len(), "{}", note(&next, StepId::Lose));
    assert_eq!(field.canaries().await, std::slice::from_ref(&somebodys));
    there.delete_one(somebodys).await.expect("deleted");
    // Emptied, the collection of the drills' own name goes as well.
    field.succeeds(url).await;
    let names = field.client().await.database("alder").list_collection_names().await.expect("names");
    assert!(!names.iter().any(|name| name == "passmuster_canary"), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_killed_before_it_hears_that_its_record_is_filed_leaves_it_filed_once() {
    let field = Field::open().await;
    // Takes the record and never says so.
    let mute = from_fn(async |request: Request, next: Next| {
        let path = request.uri().path();
        let finish = request.method() == axum::http::Method::PUT
            && path.starts_with("/api/v1/drills/")
            && !path.ends_with("/live");
        let answer = next.run(request).await;
        if finish { std::future::pending().await } else { answer }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = server::http::router(&field.portal.house).layer(mute);
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let mut runner = field.drill(&url);
    let id = field.in_step(StepId::Draw).await;
    until("its record", async || (!field.filed(&id).await.is_empty()).then_some(())).await;
    runner.kill();
    let drill = field.one(&id).await;
    assert_eq!(drill.abandoned, None);
    assert!(drill.open_copy().is_none() && field.copies().await.is_empty() && field.canaries().await.is_empty());
    // Silence about what is filed changes nothing, and the place is free for the next.
    field.fall_silent().await;
    field.one(&id).await;
    field.succeeds(&field.portal.serve().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_are_dropped_only_when_it_is_sure_whose_they_are_and_that_these_are_over() {
    let field = Field::open().await;
    let url = field.portal.serve().await;
    let client = field.client().await;
    let over = field.succeeds(&url).await;
    let over = {
        let all = app::ports::Drills::all(&field.portal.house.evidence, &domain::role::Scope::EVERYTHING).await;
        all.expect("read").into_iter().find(|drill| drill.value == over).expect("filed").id
    };
    let unknown = "staging_d_20260101_000000_0000".to_owned();
    let others = ["staging_d_orders", "staging_d_20260101_000000_0000_more", "alder"].map(str::to_owned);
    let made = [copy_of(&over), unknown.clone()];
    for name in made.iter().chain(&others) {
        client.database(name).collection("x").insert_one(doc! {}).await.expect("made");
    }
    // One that is under way is not over either.
    let held = super::Held::at(StepId::Restore);
    field.hold(&held, NEVER).await;
    let mut runner = field.drill(&url);
    let live = copy_of(&field.held_in(&held).await);

    let said = field.clear_leftovers(&url).await;
    assert!(said.contains(&format!("{}  dropped", made[0])), "{said}");
    for kept in [&unknown, &live] {
        assert!(said.contains(&format!("{kept}  kept: the portal does not know drill D-")), "{said}");
    }
    // Without a portal they are listed, and those named are dropped.
    let alone = async |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_passmuster"));
        command.arg("drill").arg("--plan").arg(field.plan(&field.ways(1000))).arg("--clear-leftovers").args(more);
        field.start(command).ended().await
    };
    let (status, said) = alone(&[]).await;
    assert!(status.success() && said.contains("Name those to drop") && said.contains("no portal says"), "{said}");
    let (status, said) = alone(&["alder"]).await;
    assert!(!status.success() && said.contains("alder is not named as drills name their copies"), "{said}");
    let (status, said) = alone(&[&unknown]).await;
    assert!(status.success() && said.contains(&format!("{unknown}  dropped")), "{said}");
    assert!(said.contains(&format!("{live}  kept: it was not named")), "{said}");
    let names = client.list_database_names().await.expect("names");
    assert!(others.iter().chain([&live]).all(|name| names.contains(name)), "{names:?}");
    assert!(!made.iter().any(|name| names.contains(name)), "{names:?}");
    runner.kill();
}
