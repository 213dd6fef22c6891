//! The risk assessment of a quarter: made of records, commented, sealed, signed, printed, carried.

use axum::http::{StatusCode, header};
use domain::{
    role::{Role, Scope},
    schedule::{Period, quarter_of},
};

use crate::{
    periods,
    portal::{Portal, bytes, document, text, to},
    reviews::{founder, made, sign, signer},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_quarters_risks_are_made_of_records_commented_signed_printed_and_carried() {
    let portal = Portal::open().await;
    let founder = founder(&portal).await;
    let operator = signer(&portal, "operator", Role::Operator, None).await;
    let now = portal.house.clock.now();
    let quarter = quarter_of(now);
    let mut drill = periods::drill(&now.rfc3339());
    drill.plan.rto_ms = 5;
    drill.verdict = domain::drill::Drill::judge(&drill.plan, drill.measured.as_ref(), &[], None);
    let missed = drill.verdict.reasons.join("; ");
    let mut drill = document(&drill);
    drill.insert("_id", "D-1");
    portal.insert("backup_drill_results", [drill]).await;
    server::jobs::drills::drills(&portal.house).await.expect("looked");
    let here = format!("/risks/{quarter}");
    let shown = text(portal.get("/risks", Some(&operator.cookie)).await).await;
    for part in [
        "One drill and no incident; one promise was missed; one risk is open, and none is accepted.",
        missed.as_str(),
        "Seal it as it stands",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let seal = |seen: &str, words: &str| format!("quarter={quarter}&seen={seen}&words={words}");
    for (form, says) in [
        (seal("", &"x".repeat(2001)), "too long"),
        ("quarter=2099-Q1&seen=".to_owned(), "no such risk assessment"),
        (seal("7", ""), "meanwhile"),
    ] {
        let said = text(portal.script_form("/risks/seal", &form, &operator.cookie).await).await;
        assert!(said.contains(says), "{says}: {said}");
    }
    let done =
        portal.post("/risks/seal", &seal("", "We+buy+%3Cb%3Efaster%3C%2Fb%3E+disks."), Some(&operator.cookie)).await;
    assert_eq!(to(&done), format!("{here}#sealed"));
    let sheet = text(portal.get(&format!("/reviews/assesses.{quarter}"), Some(&founder.cookie)).await).await;
    assert!(
        sheet.contains("We buy &lt;b&gt;faster&lt;/b&gt; disks. (The operator)") && sheet.contains(missed.as_str()),
        "{sheet}"
    );
    assert_eq!(sign(&portal, &founder, &format!("assesses.{quarter}")).await.0, StatusCode::OK);
    let shown = text(portal.get(&here, Some(&founder.cookie)).await).await;
    assert!(shown.contains("version 1 signed by The founder"), "{shown}");

    let pdf = portal.get(&format!("{here}/summary.pdf"), Some(&founder.cookie)).await;
    assert_eq!(pdf.headers()[header::CONTENT_TYPE], "application/pdf");
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("r.pdf"), bytes(pdf).await).expect("written");
    let said = std::process::Command::new("bash")
        .args(["-c", "qpdf --check r.pdf >/dev/null && pdftotext -layout r.pdf -"])
        .current_dir(dir.path())
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("Risk assessment") && said.contains("faster</b> disks"), "{said}");

    let (_, report) = made(&portal, &founder, &quarter).await;
    assert!(report.verified(), "{:?}", report.first_wrong());
    let told = report.checks.iter().find(|c| c.what.starts_with("Sign-off ")).expect("a sign-off");
    assert!(told.found.contains(&format!("signed version 1 of the risk assessment of {quarter}")), "{}", told.found);

    let of = |quarter: &str| Scope { period: Period::quarter(quarter), controls: None };
    let (inside, past) =
        (portal.person(Role::Auditor, of(&quarter)).await, portal.person(Role::Auditor, of("2025-Q1")).await);
    let shown = text(portal.get(&here, Some(&inside)).await).await;
    assert!(shown.contains("faster&lt;/b&gt; disks") && !shown.contains("Seal it as it stands"), "{shown}");
    assert_eq!(portal.get(&here, Some(&past)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(portal.get(&format!("{here}/summary.pdf"), Some(&past)).await.status(), StatusCode::NOT_FOUND);
    assert!(to(&portal.post("/risks/seal", &seal("", "x"), Some(&inside)).await).contains("refused=1"));
    portal.assert_ledger_whole().await;
}
