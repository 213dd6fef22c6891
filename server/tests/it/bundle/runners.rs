//! The runners' signatures in a bundle: what holds, and forged twins that the company itself sealed, so that nothing but
//! the runner's key and the ledger's order can tell.

use domain::{
    attestation::{Attestation, RecoveryPoint, Strength},
    import::{Import, Told},
    job::{JobKind, JobRun, Outcome},
    key::{Event, Key, KeyEvent},
    proof::verify::verify,
    record::Kind,
};
use server::runner::identity::Identity;

use super::{
    forged::wrong,
    sample::{Sample, moment, now, trust},
};

fn identity() -> Identity {
    Identity::at(&tempfile::tempdir().expect("a folder").path().join("runner.key")).expect("a key")
}

fn registered(identity: &Identity) -> KeyEvent {
    KeyEvent {
        schema: 1,
        key: Key::Runner { name: "runner-1".into(), public: identity.public() },
        event: Event::Made,
        replaces: None,
        occurred_at: moment("2026-11-15T02:00:00Z"),
        by: "runner-1".into(),
    }
}

fn attestation() -> Attestation {
    Attestation {
        schema: 1,
        tenant: "osprey-legal".into(),
        recovery_point: RecoveryPoint {
            id: "snap-2026-11-15".into(),
            cluster: "cartie-prod".into(),
            taken_at: moment("2026-11-15T00:00:00Z"),
            expires_at: None,
            regions: vec![],
        },
        strength: Strength::Declared,
        read: None,
        run_id: "weekly-20261115T0300".into(),
        tenants_seen: 4,
        demo: false,
        occurred_at: moment("2026-11-15T03:00:04Z"),
        learned_at: Some(moment("2026-11-15T03:00:09Z")),
        by: "runner-1".into(),
        signature: None,
    }
}

fn run() -> JobRun {
    JobRun {
        schema: 1,
        job: "weekly".into(),
        kind: JobKind::Attest,
        cron: "0 3 * * SUN".into(),
        late_after_ms: 3_600_000,
        due_at: moment("2026-11-15T03:00:00Z"),
        started_at: moment("2026-11-15T03:00:01Z"),
        outcome: Outcome::Done,
        says: "1 of 1 databases beside snap-2026-11-15.".into(),
        after: None,
        attested: None,
        drill: None,
        demo: false,
        occurred_at: moment("2026-11-15T03:00:05Z"),
        learned_at: Some(moment("2026-11-15T03:00:09Z")),
        by: "runner-1".into(),
        signature: None,
    }
}

/// A sample with a registered runner, its attestation and its run, each signed; the forger is given all three first.
fn sample(forge: impl FnOnce(&mut KeyEvent, &mut Attestation, &mut JobRun)) -> Sample {
    let identity = identity();
    let (mut event, mut attestation, mut run) = (registered(&identity), attestation(), run());
    attestation.signature = Some(identity.sign(&attestation).expect("signed"));
    run.signature = Some(identity.sign(&run).expect("signed"));
    forge(&mut event, &mut attestation, &mut run);
    let mut sample = Sample::new();
    sample.seal("keys", Kind::Key, &event.id(), &event);
    sample.seal("backup_audit_log", Kind::Record, "weekly-20261115T0300-x", &attestation);
    sample.seal("job_runs", Kind::Record, &run.id(), &run);
    sample
}

#[test]
fn a_bundle_says_which_runner_signed_and_what_nobody_did() {
    let sample = sample(|_, _, _| ());
    let (_, bytes) = sample.bundle();
    let report = verify(&bytes, &trust(&sample.keys), now());
    assert!(report.verified(), "{}", wrong(&report));
    let said = report.checks.iter().find(|c| c.what == "The runners' signatures").map(|c| c.found.as_str());
    assert_eq!(said, Some("2 records are signed by who pushed them: 2 by runner-1."));
    assert!(report.not_proven.join("\n").contains("they carry no runner's signature"), "{:#?}", report.not_proven);
    // Bundles without any say nothing of it.
    let plain = Sample::new();
    let report = verify(&plain.bundle().1, &trust(&plain.keys), now());
    assert!(report.verified() && !report.checks.iter().any(|c| c.what.contains("runners")));
}

#[test]
fn what_a_runner_did_not_sign_is_refused_though_the_company_sealed_it() {
    type Forge = fn(&mut KeyEvent, &mut Attestation, &mut JobRun);
    let cases: [(&str, Forge); 5] = [
        ("does not hold", |_, a, _| a.tenant = "kestrel-freight".into()),
        ("does not hold", |_, _, r| r.outcome = Outcome::Failed),
        ("does not hold", |_, a, r| a.signature = r.signature.clone()),
        ("a key that no entry here registers", |event, _, _| {
            event.key = Key::Runner { name: "x".into(), public: identity().public() }
        }),
        ("a key that no entry here registers", |_, a, _| {
            if let Some(signature) = &mut a.signature {
                signature.key = "0123456789abcdef".into();
            }
        }),
    ];
    for (says, forge) in cases {
        let sample = sample(forge);
        let report = verify(&sample.bundle().1, &trust(&sample.keys), now());
        assert!(!report.verified() && wrong(&report).contains(says), "{says}: {}", wrong(&report));
    }
    // Sealed first, registered afterwards.
    let identity = identity();
    let mut early = attestation();
    early.signature = Some(identity.sign(&early).expect("signed"));
    let mut sample = Sample::new();
    sample.seal("backup_audit_log", Kind::Record, "early", &early);
    let event = registered(&identity);
    sample.seal("keys", Kind::Key, &event.id(), &event);
    let report = verify(&sample.bundle().1, &trust(&sample.keys), now());
    assert!(
        !report.verified() && wrong(&report).contains("before its runner's key was registered"),
        "{}",
        wrong(&report)
    );
}

#[test]
fn what_a_runner_told_of_an_import_is_its_word_and_the_rest_the_portals() {
    let made = |forge: &dyn Fn(&mut Import)| {
        let identity = identity();
        let told =
            Told { command: Some("atlas backups list".into()), ..Told::of("runs-csv", b"x", Default::default()) };
        let at = moment("2026-11-15T03:00:05Z");
        let mut import = Import {
            schema: 1,
            signature: Some(identity.sign(&told).expect("signed")),
            told,
            facts: 0,
            facts_digest: domain::import::digest(Vec::new()),
            not_understood: Vec::new(),
            not_understood_in_all: 0,
            demo: false,
            occurred_at: at,
            learned_at: Some(at),
            by: "runner-1".into(),
        };
        forge(&mut import);
        let event = registered(&identity);
        let mut sample = Sample::new();
        sample.seal("keys", Kind::Key, &event.id(), &event);
        sample.seal("imports", Kind::Record, &Import::id(&import.told), &import);
        verify(&sample.bundle().1, &trust(&sample.keys), now())
    };
    let report = made(&|_| ());
    assert!(report.verified(), "{}", wrong(&report));
    assert!(report.checks.iter().any(|c| c.found.contains("1 records are signed by who pushed them: 1 by runner-1")));
    // What was read from it is not the runner's word, so its signature says nothing of it.
    assert!(made(&|import| import.facts = 7).verified());
    for forge in [
        &(|import: &mut Import| import.told.command = None) as &dyn Fn(&mut Import),
        &|import| import.told.sha256 = "0".repeat(64),
        &|import| import.told.about.resource = Some("another".into()),
    ] {
        let report = made(forge);
        assert!(!report.verified() && wrong(&report).contains("does not hold"), "{}", wrong(&report));
    }
}
