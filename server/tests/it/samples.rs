//! Everything that vendors' own tools printed, brought into an empty portal: what is wrong in it is named with its
//! evidence, and nothing healthy is accused. The outputs are other people's, so no copy of them is kept here: without
//! PASSMUSTER_SAMPLES, or `shared/samples` beside the repository, this says so and passes.

use std::path::{Path, PathBuf};

use app::ports::Findings;
use domain::{
    role::{Role, Scope, TokenScope},
    verdict::Verdict,
};

use crate::portal::{Portal, text};

fn samples() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    let dir = std::env::var_os("PASSMUSTER_SAMPLES").map_or(beside, PathBuf::from);
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("Not tested: there are no samples of vendors' output at {}.", dir.display());
    None
}

const FOLDERS: [&str; 13] = [
    "atlas",
    "aws-backup",
    "backstage",
    "cloudtrail",
    "ebs",
    "hris",
    "iam",
    "kms",
    "opsgenie",
    "pagerduty",
    "rds",
    "s3",
    "terraform",
];

/// "moto.s3-get-bucket-versioning.acme-uploads.json": the last part but one names what was asked about.
fn asked_about(file: &Path) -> String {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    stem.rsplit('.').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_them_is_named_and_nothing_healthy_is_accused() {
    let Some(dir) = samples() else { return };
    let portal = Portal::open().await;
    let token = portal.token(&[TokenScope::ImportsWrite]).await;
    let mut brought = 0;
    for folder in FOLDERS {
        let mut files: Vec<PathBuf> = std::fs::read_dir(dir.join(folder))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        for file in files.into_iter().filter(|file| file.is_file()) {
            let output = std::fs::read(&file).expect("it opens");
            let about = connectors::About { resource: Some(asked_about(&file)), ..Default::default() };
            let kinds = connectors::ALL.iter().filter(|c| !c.kind.starts_with("runs-"));
            for kind in kinds.filter(|c| (c.read)(&output, &about).is_ok()) {
                let path = format!("/api/v1/imports/{}?resource={}", kind.kind, asked_about(&file));
                let Ok(body) = std::str::from_utf8(&output) else { continue };
                let answer = portal.machine("POST", &path, Some(&token), body).await;
                assert!(answer.status().is_success(), "{}: {}", file.display(), text(answer).await);
                brought += 1;
            }
        }
    }
    assert!(brought > 150, "{brought} were read");
    server::jobs::judgements::judgements(&portal.house).await.expect("judged");
    server::jobs::judgements::judgements(&portal.house).await.expect("judged again");

    let now = portal.house.clock.now();
    let facts = app::api::known::facts(&portal.house.ports, &Scope::EVERYTHING, now).await.expect("known");
    let judged = domain::judgement::judge(&facts);
    let verdict = |rule: &str, about: &str| {
        let found = judged.iter().find(|j| j.rule == rule && j.about.ends_with(about));
        found.map(|j| j.verdict)
    };
    for (rule, about, expected) in [
        ("not-shared", "analytics-manual-1", Verdict::Missed),
        ("not-shared", "prod-orders-manual-1", Verdict::Met),
        ("not-shared", "acme-public", Verdict::Missed),
        ("locked", "vault governance-vault", Verdict::AtRisk),
        ("locked", "vault Default", Verdict::AtRisk),
        ("locked", "bucket acme-backups-compliance", Verdict::Met),
        ("replicates", "bucket acme-uploads", Verdict::Met),
        ("backed-up", "prod-orders", Verdict::Met),
    ] {
        assert_eq!(verdict(rule, about), Some(expected), "{rule}: {about}");
    }
    let findings = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
    for judged in &judged {
        let opened: Vec<_> =
            findings.iter().filter(|f| f.value.cause.as_deref() == Some(judged.cause().as_str())).collect();
        // One of each cause, and none of what is met or could not be told.
        if judged.falls_short() {
            assert_eq!(opened.len(), 1, "{}", judged.says);
            assert!(opened[0].value.what.len() > 10 && !opened[0].value.why.is_empty());
        }
    }
    let causes: Vec<String> = judged.iter().filter(|j| j.falls_short()).map(|j| j.cause()).collect();
    assert!(findings.iter().all(|f| f.value.cause.as_ref().is_some_and(|cause| causes.contains(cause))));
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    for path in ["/backups", "/datastores", "/findings"] {
        let page = text(portal.get(path, Some(&owner)).await).await;
        assert!(page.contains("prod-orders") || page.contains("analytics-manual-1"), "{path}");
    }
    // Every problem stands in the checklist too, under the item that asks for it, and what holds accuses nobody.
    let page = text(portal.get("/checklist", Some(&owner)).await).await;
    for judged in judged.iter().filter(|j| j.falls_short()) {
        assert!(page.contains(&escaped(&judged.says)), "{}: {}", judged.rule, judged.says);
    }
    for store in &facts.stores {
        let path = format!("/datastores/{}", store.id);
        assert_eq!(portal.get(&path, Some(&owner)).await.status(), 200, "{path}");
    }
    portal.assert_ledger_whole().await;
}

/// As HTML has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
