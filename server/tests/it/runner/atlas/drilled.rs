//! A whole drill with Atlas as who restores: the mock's restore job is done by copying the origin as it was at the
//! moment asked for, read from the origin's own past.

use bson::{Document, RawDocumentBuf, Timestamp, doc};
use domain::{
    drill::{CheckId, CheckVerdict, Drill, StepId},
    verdict::Verdict,
};
use futures::TryStreamExt;
use mongodb::{Client, options::SessionOptions};
use server::{
    demo::mongod::Mongod,
    runner::{
        self,
        plan::{Plan, PlanFile},
        progress::Silent,
        restorer::atlas::Config,
    },
};
use tokio_util::sync::CancellationToken;

use super::{Mock, table};

const TENANTS: [&str; 2] = ["alder", "birch"];

struct Clusters {
    _dirs: [tempfile::TempDir; 2],
    origin: Mongod,
    target: Mongod,
}

impl Clusters {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dirs = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
        let origin = Mongod::start_with(dirs[0].path(), &[]).await.expect("a mongod");
        let target = Mongod::start_with(dirs[1].path(), &[]).await.expect("a mongod");
        let two_days_ago = chrono::Utc::now().timestamp_millis() - 2 * 86_400_000;
        for tenant in TENANTS {
            let note = |n: i32| doc! { "_id": n, "updatedAt": bson::DateTime::from_millis(two_days_ago) };
            let notes = client(&origin).await.database(tenant).collection("notes");
            notes.insert_many((0..200).map(note)).await.expect("inserted");
        }
        Self { _dirs: dirs, origin, target }
    }

    fn plan(&self, mock: &Mock, more: impl FnOnce(&mut PlanFile)) -> Plan {
        let mut file = PlanFile {
            scenario: Some("cluster".to_owned()),
            source: Some("atlas".to_owned()),
            origin: Some(self.origin.uri()),
            target: Some(self.target.uri()),
            rpo_minutes: Some(200 * 60),
            rto_minutes: Some(60),
            atlas: Some(toml::from_str::<Config>(&table(&mock.url, "")).expect("a table")),
            ..PlanFile::default()
        };
        more(&mut file);
        file.ready("7".to_owned()).expect("a plan")
    }

    /// What Atlas does while the drill waits.
    async fn restore(&self, mock: &Mock) {
        let asked = loop {
            if let Some(job) = mock.world().jobs.last().cloned() {
                break job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        };
        let number = |name: &str| asked[name].as_u64().map(|n| u32::try_from(n).expect("32 bits"));
        let at = number("oplogTs").zip(number("oplogInc")).map(|(time, increment)| Timestamp { time, increment });
        let (from, to) = (client(&self.origin).await, client(&self.target).await);
        for tenant in TENANTS {
            for name in from.database(tenant).list_collection_names().await.expect("names") {
                let options = SessionOptions::builder().snapshot(true).snapshot_time(at).build();
                let mut session = from.start_session().with_options(options).await.expect("a session");
                let there = from.database(tenant).collection::<RawDocumentBuf>(&name);
                let mut found = there.find(doc! {}).session(&mut session).await.expect("read");
                let all: Vec<_> = found.stream(&mut session).try_collect().await.expect("read");
                to.database(tenant).collection::<RawDocumentBuf>(&name).insert_many(all).await.expect("copied");
            }
        }
        mock.world().polls = 0;
    }

    async fn drilled(&self, mock: &Mock, plan: &Plan) -> Drill {
        // It is not done before it is.
        mock.world().polls = usize::MAX;
        let stop = CancellationToken::new();
        let (ended, ()) = tokio::join!(runner::run(plan, None, &Silent, &stop), self.restore(mock));
        ended.expect("it runs").drill
    }
}

async fn client(of: &Mongod) -> Client {
    Client::with_uri_str(of.uri()).await.expect("a client")
}

fn check(drill: &Drill, id: CheckId) -> (CheckVerdict, String) {
    let found = drill.checks.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("{id:?} ran: {drill:#?}"));
    (found.verdict, found.detail.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_a_point_in_time_are_drilled_to_their_end() {
    let (clusters, mock) = (Clusters::open().await, Mock::start().await);
    let drill = clusters.drilled(&mock, &clusters.plan(&mock, |_| {})).await;
    assert_eq!(drill.abandoned, None, "{:#?}", drill.steps);
    assert_eq!(drill.verdict.overall(), Verdict::Met, "{:?}", drill.verdict.reasons);
    assert_eq!((drill.source.kind.as_str(), drill.target.isolated), ("MongoDB Atlas snapshot", true));
    assert!(check(&drill, CheckId::Counts).1.starts_with("200 of 200 whose updatedAt is before"));
    assert!(check(&drill, CheckId::Tenants).1.starts_with("2 of 2"));
    assert!(client(&clusters.target).await.list_database_names().await.expect("names").iter().all(|n| n != "alder"));

    // The loss of a document is taken back to just before it.
    let mock = Mock::start().await;
    let document = clusters.plan(&mock, |file| {
        file.scenario = Some("document".to_owned());
        file.canary = Some(Default::default());
    });
    let drill = clusters.drilled(&mock, &document).await;
    assert_eq!(drill.abandoned, None, "{:#?}", drill.steps);
    assert_eq!(drill.verdict.overall(), Verdict::Met, "{:?}", drill.verdict.reasons);
    assert!(drill.canary.as_ref().is_some_and(domain::drill::Canary::is_back));
    assert!(check(&drill, CheckId::Contents).1.contains("as the source says it held them"));
    assert_eq!(mock.world().jobs[0]["deliveryType"], "pointInTime");
    assert!(drill.disagreements().is_empty(), "{:?}", drill.disagreements());

    // A job that fails leaves nothing open, and one that goes on leaves an open copy.
    let mock = Mock::start().await;
    mock.world().end = "failed";
    let ended = runner::run(&clusters.plan(&mock, |_| {}), None, &Silent, &CancellationToken::new()).await;
    let drill = ended.expect("it runs").drill;
    assert!(drill.abandoned.as_deref().is_some_and(|why| why.contains("failed")), "{:?}", drill.abandoned);
    assert!(drill.open_copy().is_none() && drill.steps.iter().any(|s| s.id == StepId::TearDown));
    let mock = Mock::start().await;
    mock.world().polls = usize::MAX;
    let stop = CancellationToken::new();
    let plan = clusters.plan(&mock, |_| {});
    let stopping = async {
        while mock.world().jobs.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(runner::run(&plan, None, &Silent, &stop), stopping);
    assert!(ended.expect("it runs").drill.open_copy().is_some(), "Atlas goes on restoring");

    // The vendor's list of what the snapshot holds is what an attestation of strength "listed" rests on; and the
    // target must be empty, as Atlas replaces all of it.
    let target = client(&clusters.target).await.database("somebodys").collection::<Document>("c");
    target.insert_one(doc! {}).await.expect("inserted");
    let error = runner::run(&plan, None, &Silent, &CancellationToken::new()).await.err().expect("refused").to_string();
    assert!(error.contains("holds databases already (somebodys)"), "{error}");
    clusters.origin.stop().await;
    clusters.target.stop().await;
}
