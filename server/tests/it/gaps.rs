//! What was due and is not there becomes a record and a finding, once.

use app::ports::{Findings, Gaps};
use domain::{role::Scope, schedule};
use server::jobs;

use crate::portal::{Portal, attestation};

#[tokio::test(flavor = "multi_thread")]
async fn a_sunday_that_nobody_attested_is_recorded_once_and_opens_one_finding() {
    let portal = Portal::open().await;
    let now = portal.house.clock.now();
    let week = 7 * 24 * 3600 * 1000;
    let sundays = schedule::sundays(now.plus_millis(-5 * week), now.plus_millis(-2 * 24 * 3600 * 1000));
    let attested = sundays.iter().enumerate().filter(|(n, _)| *n != 1);
    portal.insert("backup_audit_log", attested.map(|(_, at)| attestation("tenant", &at.rfc3339()))).await;
    let twin = portal.twin().await;
    let (one, other) = tokio::join!(jobs::gaps(&portal.house), jobs::gaps(&twin));
    one.expect("computed");
    other.expect("computed");
    jobs::gaps(&portal.house).await.expect("computed again");

    let weekly: Vec<_> = Gaps::all(&portal.house.evidence, &Scope::EVERYTHING)
        .await
        .expect("gaps")
        .into_iter()
        .filter(|g| g.value.due_at == sundays[1])
        .collect();
    assert_eq!(weekly.len(), 1);
    let findings = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("findings");
    let for_it = findings.iter().filter(|f| f.value.cause.as_ref() == Some(&weekly[0].id)).count();
    assert_eq!(for_it, 1);
    portal.assert_ledger_whole().await;
}
