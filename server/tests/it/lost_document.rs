//! The loss of a document, drilled: one of the drill's own is lost in a live database and comes back from just before.

use std::time::Duration;

use app::ports::Drills;
use bson::{Document, doc};
use domain::{
    drill::{CheckId, CheckVerdict, Drill, StepId},
    role::Scope,
    verdict::Verdict,
};
use mongodb::Client;
use server::runner::{
    self,
    plan::{Plan, PlanFile},
    progress::{Progress, Silent},
};
use tokio_util::sync::CancellationToken;

use crate::{
    drill::{served, tenants},
    portal::mongod,
};

/// One of them changes whatever copy it finds; the other waits.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn plan(tenants: &[String]) -> Plan {
    let file = PlanFile {
        scenario: Some("document".to_owned()),
        source: Some(mongod().to_owned()),
        target: Some(mongod().to_owned()),
        rpo_minutes: Some(60),
        rto_minutes: Some(30),
        same_cluster: Some(true),
        canary: Some(Default::default()),
        ..PlanFile::default()
    };
    Plan { only: Some(tenants.to_vec()), ..file.ready("7".to_owned()).expect("a plan") }
}

fn check(drill: &Drill, id: CheckId) -> (CheckVerdict, String) {
    let found = drill.checks.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("{id:?} ran"));
    (found.verdict, found.detail.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_document_comes_back_from_just_before_its_loss_while_others_write() {
    let _alone = ALONE.lock().await;
    let (portal, push) = served().await;
    let tenants = tenants(&portal, 2).await;
    // The application goes on writing all the while.
    let busy = tenants.clone();
    let writing = tokio::spawn(async move {
        let client = Client::with_uri_str(mongod()).await.expect("a client");
        for n in 0_i64.. {
            for tenant in &busy {
                let notes = client.database(tenant).collection::<Document>("notes");
                notes.insert_one(doc! { "_id": 1000 + n, "text": format!("new {n}") }).await.expect("inserted");
                let change = doc! { "$set": { "seen": n }, "$push": { "by": n } };
                notes.update_one(doc! { "_id": n % 400 }, change).await.expect("updated");
                notes.delete_one(doc! { "_id": 1000 + n - 5 }).await.expect("deleted");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let ended = runner::run(&plan(&tenants), Some(&push), &Silent, &CancellationToken::new()).await.expect("it runs");
    writing.abort();
    let drill = portal.house.evidence.get(&Scope::EVERYTHING, &ended.id).await.expect("read").expect("filed").value;
    assert_eq!(drill.abandoned, None);
    assert_eq!(drill.verdict.overall(), Verdict::Met, "{:?}", drill.verdict.reasons);
    assert_eq!(drill.steps.iter().map(|s| s.id).collect::<Vec<_>>(), drill.planned_steps());
    assert!(drill.planned_steps().contains(&StepId::Lose) && !drill.planned_steps().contains(&StepId::Erase));
    let canary = drill.canary.as_ref().expect("it was lost");
    assert!(canary.is_back(), "{canary:?}");
    let (verdict, detail) = check(&drill, CheckId::Contents);
    assert_eq!(verdict, CheckVerdict::Passes, "{detail}");
    assert!(detail.contains("as the source says it held them just before the loss"), "{detail}");
    // The document was changed after the dump: only the log can have brought it back as it was.
    assert!(drill.steps[4].note.contains("operations of the log"), "{}", drill.steps[4].note);
    assert!(drill.source.recovery_point.contains("followed by its operation log"), "{}", drill.source.recovery_point);
    let lost = drill.lost_at().zip(drill.source.last_write_at).map(|(at, write)| at.since(write)).expect("both told");
    assert!((0..60_000).contains(&lost), "{lost} ms between the canary's last change and its loss");
    assert!(drill.disagreements().is_empty(), "{:?}", drill.disagreements());
    nothing_left(&drill, &tenants).await;
    portal.assert_ledger_whole().await;

    // What its record claims follows from what it tells, or is refused; here and by whoever verifies a bundle.
    type Forge = fn(&mut Drill);
    let twins: [(&str, Forge); 6] = [
        ("came back otherwise", |d| d.canary.as_mut().expect("one").restored = Some("0".repeat(64))),
        ("was never put back", |d| d.canary.as_mut().expect("one").returned = None),
        ("was never lost", |d| d.canary = None),
        ("was lost later than it was", |d| {
            let canary = d.canary.as_mut().expect("one");
            canary.lost_at = canary.lost_at.map(|at| at.plus_millis(60_000));
        }),
        ("is equal and is not", |d| d.digests[0].actual = "0".repeat(64)),
        ("erased nothing and says so", |d| {
            let check = domain::drill::Check { id: CheckId::Erasures, ..d.checks[0].clone() };
            d.checks.push(check);
        }),
    ];
    for (what, forge) in twins {
        let mut forged = drill.clone();
        forge(&mut forged);
        assert!(!forged.disagreements().is_empty(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_has_it_otherwise_or_not_at_all_fails_and_a_drill_called_off_leaves_nothing() {
    let _alone = ALONE.lock().await;
    let (portal, _) = served().await;
    let tenants = tenants(&portal, 1).await;
    let collection = "passmuster_canary";
    for (command, says) in [
        (doc! { "update": collection, "updates": [{ "q": {}, "u": { "$set": { "x": 1 } } }] }, "another than it was"),
        (doc! { "delete": collection, "deletes": [{ "q": {}, "limit": 0 }] }, "not in the copy"),
    ] {
        let tamper = Tamper { command, runtime: tokio::runtime::Handle::current() };
        let drill =
            runner::run(&plan(&tenants), None, &tamper, &CancellationToken::new()).await.expect("it runs").drill;
        let (verdict, detail) = check(&drill, CheckId::Canary);
        assert_eq!(verdict, CheckVerdict::Fails, "{detail}");
        assert!(detail.contains(says), "{detail}");
        assert_eq!(check(&drill, CheckId::Contents).0, CheckVerdict::Fails);
        assert_eq!(drill.verdict.overall(), Verdict::Missed);
        nothing_left(&drill, &tenants).await;
    }
    for step in [StepId::Lose, StepId::Provision, StepId::Return, StepId::Verify] {
        let stop = CancellationToken::new();
        let stopping = StopAt { step, stop: stop.clone() };
        let drill = runner::run(&plan(&tenants), None, &stopping, &stop).await.expect("it runs").drill;
        assert!(drill.abandoned.is_some() && drill.verdict.rto == Verdict::Untested);
        nothing_left(&drill, &tenants).await;
    }
}

async fn nothing_left(drill: &Drill, tenants: &[String]) {
    let client = Client::with_uri_str(mongod()).await.expect("a client");
    for tenant in tenants {
        let names = client.database(tenant).list_collection_names().await.expect("names");
        assert!(!names.iter().any(|name| name == "passmuster_canary"), "{names:?}");
    }
    assert!(drill.exposure.as_ref().is_none_or(|copy| copy.until.is_some()));
}

/// Changes the copy before anything is put back.
struct Tamper {
    command: Document,
    runtime: tokio::runtime::Handle,
}

impl Progress for Tamper {
    fn begins(&self, step: StepId) {
        if step != StepId::Return {
            return;
        }
        let command = self.command.clone();
        let tampering = async move {
            let client = Client::with_uri_str(mongod()).await.expect("a client");
            for name in client.list_database_names().await.expect("names") {
                let db = client.database(&name);
                let copy = name.starts_with("staging_d_");
                if copy && db.list_collection_names().await.expect("names").iter().any(|n| n == "passmuster_canary") {
                    db.run_command(command.clone()).await.expect("changed");
                }
            }
        };
        tokio::task::block_in_place(|| self.runtime.block_on(tampering));
    }
    fn moved(&self, _: u64, _: u64) {}
    fn ends(&self, _: &domain::drill::Step) {}
}

struct StopAt {
    step: StepId,
    stop: CancellationToken,
}

impl Progress for StopAt {
    fn begins(&self, step: StepId) {
        if step == self.step {
            self.stop.cancel();
        }
    }
    fn moved(&self, _: u64, _: u64) {}
    fn ends(&self, _: &domain::drill::Step) {}
}
