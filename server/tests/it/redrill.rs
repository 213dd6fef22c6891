//! A drill that missed opens a finding by itself, and only a re-drill closes it.

use app::ports::Findings;
use domain::{
    drill::{Drill, Exposure},
    finding::{Finding, State},
    record::Sealed,
    role::{Role, Scope},
};
use server::{jobs, ledger::canonical};

use crate::{
    periods::drill,
    portal::{Portal, at, text},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_opens_one_finding_that_stays_open_until_a_drill_of_the_same_loss_meets() {
    let portal = Portal::open().await;
    let twin = portal.twin().await;
    file(&portal, "D-late", "2026-04-02T09:00:00Z", 1).await;
    let (one, other) = tokio::join!(jobs::drills::drills(&portal.house), jobs::drills::drills(&twin));
    one.expect("looked");
    other.expect("looked");
    jobs::drills::drills(&portal.house).await.expect("looked again");
    let opened = only(&portal).await;
    assert_eq!((opened.value.cause.as_deref(), opened.value.state), (Some("D-late"), State::Open));
    assert!(opened.value.title.contains("missed its recovery time"), "{}", opened.value.title);
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/findings", Some(&owner)).await).await;
    assert!(page.contains("with a re-drill") && page.contains("/drills/D-late"));

    // Late again: that is a second finding, and the first stays open. The page of the second leads to it.
    file(&portal, "D-again", "2026-05-02T09:00:00Z", 1).await;
    jobs::drills::drills(&portal.house).await.expect("looked");
    let all = findings(&portal).await;
    assert_eq!(all.iter().filter(|f| f.value.state == State::Open).count(), 2);
    let page = text(portal.get("/drills/D-again", Some(&owner)).await).await;
    assert!(page.contains("Left open by the drill of this kind before") && page.contains(&opened.id));

    file(&portal, "D-met", "2026-06-02T09:00:00Z", 1000).await;
    for _ in 0..2 {
        jobs::drills::drills(&portal.house).await.expect("looked");
    }
    let all = findings(&portal).await;
    assert_eq!(all.len(), 2);
    for finding in &all {
        let State::Closed { evidence, .. } = &finding.value.state else { panic!("{} is open", finding.id) };
        assert!(evidence.starts_with("D-met, a re-drill, restored in 10 ms"), "{evidence}");
        assert_eq!(
            portal.house.evidence.version(finding.seal.seq).await.expect("a version"),
            1,
            "a version of its own"
        );
    }
    let page = text(portal.get("/findings?standing=closed", Some(&owner)).await).await;
    assert!(page.contains("href=\"/drills/D-met\""));
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_shows_what_each_phase_took_before_and_a_copy_that_still_exists_is_on_the_overview() {
    let portal = Portal::open().await;
    for (n, month) in ["02", "03", "04"].into_iter().enumerate() {
        file(&portal, &format!("D-{n}"), &format!("2026-{month}-02T09:00:00Z"), 1000).await;
    }
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = text(portal.get("/drills/D-2", Some(&owner)).await).await;
    assert!(page.contains("Against the drills before") && page.contains("median of two drills"), "compared");
    assert!(!text(portal.get("/drills/D-0", Some(&owner)).await).await.contains("Against the drills before"));
    let overview = text(portal.get("/", Some(&owner)).await).await;
    assert!(!overview.contains("still exists"));
    let mut open = drill("2026-05-02T09:00:00Z");
    open.exposure = Some(Exposure { from: at("2026-05-02T09:00:00Z"), until: None, proof: "still listed".into() });
    seal(&portal, "D-open", &open).await;
    let overview = text(portal.get("/", Some(&owner)).await).await;
    assert!(overview.contains("A restored copy still exists") && overview.contains("2026-05-02 09:00"));
    // Filtered, the list shows one kind of loss and its trend alone.
    let list = text(portal.get("/drills?scenario=cluster", Some(&owner)).await).await;
    assert!(!list.contains("href=\"/drills/D-2\""));
}

/// Restored in 10 ms, of so many.
async fn file(portal: &Portal, id: &str, when: &str, rto_ms: i64) {
    let mut drill = drill(when);
    drill.plan.rto_ms = rto_ms;
    drill.verdict = Drill::judge(&drill.plan, drill.measured.as_ref(), &drill.checks, None);
    seal(portal, id, &drill).await;
}

async fn seal(portal: &Portal, id: &str, drill: &Drill) {
    let item = canonical::insert("backup_drill_results", id, drill).expect("an item");
    portal.house.ledger.append_one(item).await.expect("sealed");
}

async fn findings(portal: &Portal) -> Vec<Sealed<Finding>> {
    Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("findings")
}

async fn only(portal: &Portal) -> Sealed<Finding> {
    let mut all = findings(portal).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}
