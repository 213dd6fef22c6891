//! A restore never writes into the source's own cluster, nor into a host that must not be touched, however it is called.

use bson::{Document, doc};
use domain::drill::Drill;
use mongodb::Client;
use server::{
    demo::mongod::Mongod,
    runner::{
        self,
        plan::{From, Plan, PlanFile},
        progress::Silent,
    },
};
use tokio_util::sync::CancellationToken;

use crate::portal::mongod;

fn plan(source: &str, target: &str, only: &str) -> Plan {
    let file = PlanFile {
        source: Some(source.to_owned()),
        target: Some(target.to_owned()),
        rpo_minutes: Some(60),
        rto_minutes: Some(60),
        ..PlanFile::default()
    };
    Plan { only: Some(vec![only.to_owned()]), ..file.ready("7".to_owned()).expect("a plan") }
}

async fn drill(plan: &Plan) -> anyhow::Result<Drill> {
    runner::run(plan, None, &Silent, &CancellationToken::new()).await.map(|ended| ended.drill)
}

/// The databases of drills on a cluster.
async fn written(uri: &str) -> Vec<String> {
    let names = Client::with_uri_str(uri).await.expect("a client").list_database_names().await.expect("names");
    names.into_iter().filter(|name| name.starts_with("staging_d_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn production_is_refused_before_anything_is_written_and_another_cluster_is_shown_to_be_one() {
    let name = format!("isolation_{}", std::process::id());
    let source = Client::with_uri_str(mongod()).await.expect("a client");
    let notes = source.database(&name).collection::<Document>("notes");
    notes.insert_many((0..10).map(|n| doc! { "_id": n })).await.expect("inserted");
    let dir = tempfile::tempdir().expect("a folder");
    let other = Mongod::start_with(dir.path(), &[]).await.expect("a second mongod");

    let why = drill(&plan(mongod(), mongod(), &name)).await.expect_err("the source itself").to_string();
    assert!(why.contains("the source's own cluster") && why.contains("same_cluster"), "{why}");
    // By another name: the id gives it away.
    let named = mongod().replace("127.0.0.1", "localhost");
    let why = drill(&plan(mongod(), &named, &name)).await.expect_err("the source by another name").to_string();
    assert!(why.contains("both say the id"), "{why}");
    let host = other.uri().split("://").nth(1).and_then(|rest| rest.split('/').next()).expect("a host").to_owned();
    let never = Plan { never: vec![host.clone()], same_cluster: true, ..plan(mongod(), &other.uri(), &name) };
    let why = drill(&never).await.expect_err("it must never be written to").to_string();
    assert!(why.contains(&host) && why.contains("nothing was written"), "{why}");
    assert!(written(&other.uri()).await.is_empty());

    let apart = drill(&plan(mongod(), &other.uri(), &name)).await.expect("it runs");
    assert!(apart.abandoned.is_none() && apart.target.isolated, "{apart:?}");
    assert!(apart.target.why.as_deref().is_some_and(|why| why.contains("Another cluster")), "{:?}", apart.target.why);
    let allowed = drill(&Plan { same_cluster: true, ..plan(mongod(), mongod(), &name) }).await.expect("it runs");
    assert!(allowed.abandoned.is_none() && !allowed.target.isolated, "the record does not call it isolated");
    let from_file = Plan {
        from: From::Directory(dir.path().to_owned(), Default::default()),
        ..plan(mongod(), &other.uri(), &name)
    };
    let none = drill(&from_file).await.expect("it runs");
    assert!(none.target.why.as_deref().is_some_and(|why| why.contains("No live source")), "{:?}", none.target.why);
    source.database(&name).drop().await.expect("dropped");
}
