//! A key in another's place: what was handed over at the beginning still does, and what was made before still verifies.

use std::{fs, sync::Arc};

use chrono::TimeDelta;
use domain::{
    Moment,
    key::{Event, Key},
    proof::{
        anchors::Anchors,
        checkpoint::{self, VerifierKey},
        layout,
        verify::{Report, Trust, verify},
    },
};
use server::sign::{Passphrase, RootKeyFile, SignError};

use super::{Kept, LOG, ORG, must, now, recipe};
use crate::bundle::{Sample, open, pack, sign_again, wrong};

/// A company that was audited, changed both its keys, was audited, retired the earlier one, and was audited again.
struct Audited {
    kept: Kept,
    /// As they were handed over each time.
    anchors: Vec<Anchors>,
    bundles: Vec<Vec<u8>>,
    sample: Sample,
}

impl Audited {
    fn thrice() -> Self {
        let kept = Kept::made(0);
        let mut sample = Sample::with_keys(kept.keys());
        let mut this = Self {
            anchors: vec![kept.keys().anchors(ORG, Vec::new())],
            bundles: Vec::new(),
            kept,
            sample: Sample::new(),
        };
        sample.seal_keys(&this.kept.folder);
        this.bundles.push(sample.bundle().1);
        for audit in 0..2 {
            sample.begin_again_here();
            if audit == 0 {
                this.kept.folder.rotate_signer(ORG, LOG, None, now(), "founder").expect("rotated");
                this.kept.folder.rotate_log(LOG, now(), "founder").expect("rotated");
            } else {
                let old = VerifierKey::parse(&this.anchors[0].log_vkey).expect("a key").id();
                this.kept.folder.retire(&old, LOG, now(), "founder").expect("retired");
            }
            sample.keys = this.kept.keys();
            sample.seal_keys(&this.kept.folder);
            sample.finding(&format!("F-10{audit}"), "Another");
            this.anchors.push(this.kept.keys().anchors(ORG, Vec::new()));
            this.bundles.push(sample.bundle().1);
        }
        this.sample = sample;
        this
    }

    fn check(&self, bundle: usize, anchors: usize, previous: Option<usize>) -> Report {
        let previous = previous.map(|i| self.bundles[i].clone());
        let trust = Trust { previous, ..self.anchors[anchors].clone().trust() };
        verify(&self.bundles[bundle], &trust, Moment::from(now()))
    }
}

#[test]
fn bundles_from_before_and_after_verify_with_the_anchors_of_the_beginning_and_with_each_other() {
    let audited = Audited::thrice();
    for (bundle, anchors, previous) in [
        (0, 0, None),
        (1, 0, None),
        (1, 0, Some(0)),
        (0, 1, None),
        (1, 1, Some(0)),
        (2, 1, Some(1)),
        (2, 2, Some(1)),
        (2, 2, None),
        (1, 2, None),
    ] {
        let report = audited.check(bundle, anchors, previous);
        assert!(report.verified(), "bundle {bundle} under anchors {anchors}: {}", wrong(&report));
        let continues = report.checks.iter().any(|c| c.what.contains("continues the one you hold"));
        assert_eq!(continues, previous.is_some());
        let found = &report.checks.iter().find(|c| c.what.starts_with("The ledger folds")).expect("it folds").found;
        assert_eq!(found.contains("rests on an earlier key"), (bundle, anchors) == (1, 0), "{found}");
        assert!(report.checks.iter().any(|c| c.what == "The keys in the ledger"), "bundle {bundle}");
    }
    // The root is the one of the beginning throughout: so is openssl's judgement.
    let root = audited.kept.text("evidence-root.pem");
    for (i, bundle) in audited.bundles.iter().enumerate() {
        let (complete, said) = recipe(bundle, &root, "");
        assert!(complete, "bundle {i}: {said}");
    }
    let names = open(&audited.bundles[1]);
    assert_eq!(names.text(layout::VKEY).lines().count(), 2);
    let report = audited.check(1, 1, None);
    let keys = report.checks.iter().find(|c| c.what == "The keys in the ledger").expect("the keys");
    assert!(keys.found.contains("2 events are recorded here") && keys.found.contains("sealed at №"), "{}", keys.found);
}

#[test]
fn after_the_earlier_key_is_retired_its_holder_is_told_to_ask_for_todays_anchors() {
    let audited = Audited::thrice();
    let report = audited.check(2, 0, Some(1));
    assert!(wrong(&report).contains("the key you hold was retired; ask the company"), "{}", wrong(&report));
    // And who holds today's is not taken in by a head that the retired key signed alone.
    let old = audited.check(0, 2, None);
    assert!(wrong(&old).contains("another key than the one you hold"), "{}", wrong(&old));
}

#[test]
fn a_bundle_forged_with_an_earlier_key_is_refused_by_name() {
    let audited = Audited::thrice();
    let good = open(&audited.bundles[1]);
    let keys = audited.sample.keys();
    // The signer is the one of the second audit: it signs what was forged.
    let note = good.text(layout::CHECKPOINT);
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines.len(), 6, "three lines, a blank one, two signatures: {note}");
    let without = |place: usize| {
        let kept = lines.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, l)| format!("{l}\n"));
        kept.collect::<String>()
    };
    // Which line is whose: the ledger's own key signs first.
    let own = VerifierKey::parse(&audited.anchors[1].log_vkey).expect("a key");
    assert!(checkpoint::open(&without(5), &own).is_ok());
    let turned = |place: usize| {
        let mut letters: Vec<char> = lines[place].chars().collect();
        let at = letters.len() - 10;
        letters[at] = if letters[at] == 'A' { 'B' } else { 'A' };
        let line: String = letters.into_iter().collect();
        note.replace(lines[place], &line)
    };
    let vkeys = good.text(layout::VKEY);
    let other = Kept::made(0).keys().vkey();
    type Forgery<'a> = (&'a str, &'static str, String, &'a str);
    let table: Vec<Forgery<'_>> = vec![
        ("a false signature of the earlier key", layout::CHECKPOINT, turned(5), "is false"),
        ("a false signature of the new key", layout::CHECKPOINT, turned(4), "is false"),
        ("the earlier key alone", layout::CHECKPOINT, without(4), "not signed by the ledger's own key"),
        (
            "a stranger named as the ledger's own",
            layout::VKEY,
            format!("{other}\n{vkeys}"),
            "not signed by the ledger's own",
        ),
        ("the two named in the other order", layout::VKEY, vkeys.lines().rev().map(|l| format!("{l}\n")).collect(), ""),
        ("a key that is none", layout::VKEY, format!("{vkeys}x\n"), "not a verifier key"),
    ];
    for (what, file, forged, says) in table {
        let mut files = good.files.clone();
        files.insert(file.into(), forged.into_bytes());
        sign_again(&mut files, &keys);
        for anchors in [0, 1] {
            let trust = audited.anchors[anchors].clone().trust();
            let report = verify(&pack(&good.folder, &files), &trust, Moment::from(now()));
            // Named in the other order both signed, and both are held or vouched for: nothing is gained by it.
            assert_eq!(report.verified(), says.is_empty(), "{what}: {}", wrong(&report));
            assert!(wrong(&report).contains(says), "{what}: {}", wrong(&report));
        }
    }
    // The new key alone: what a log does that retired the earlier one. Held against the earlier anchors it fails.
    let mut files = good.files.clone();
    files.insert(layout::CHECKPOINT.into(), without(5).into_bytes());
    sign_again(&mut files, &keys);
    let forged = pack(&good.folder, &files);
    let checked = |anchors: usize| verify(&forged, &audited.anchors[anchors].clone().trust(), Moment::from(now()));
    assert!(checked(1).verified(), "{}", wrong(&checked(1)));
    assert!(wrong(&checked(0)).contains("was retired"), "{}", wrong(&checked(0)));
}

#[test]
fn a_key_that_signs_in_secret_is_found_and_so_is_one_that_signs_after_its_end() {
    // A second signer under the same root, which the ledger does not know.
    let kept = Kept::made(0);
    let mut sample = Sample::with_keys(kept.keys());
    sample.seal_keys(&kept.folder);
    kept.folder.rotate_signer(ORG, LOG, None, now(), "insider").expect("rotated");
    sample.keys = kept.keys();
    let trust = || kept.keys().anchors(ORG, Vec::new()).trust();
    let report = verify(&sample.bundle().1, &trust(), Moment::from(now()));
    assert!(wrong(&report).contains("whose key the ledger does not know"), "{}", wrong(&report));
    sample.seal_keys(&kept.folder);
    let report = verify(&sample.bundle().1, &trust(), Moment::from(now()));
    assert!(report.verified(), "{}", wrong(&report));

    // A ledger that records the end of a key, signed with it all the same.
    let before = kept.keys();
    kept.folder.rotate_log(LOG, now(), "founder").expect("rotated");
    let id = VerifierKey::parse(&before.vkey()).expect("a key").id();
    kept.folder.retire(&id, LOG, now(), "founder").expect("retired");
    sample.keys = kept.keys();
    sample.seal_keys(&kept.folder);
    sample.keys = before.clone();
    let report = verify(&sample.bundle().1, &before.anchors(ORG, Vec::new()).trust(), Moment::from(now()));
    assert!(wrong(&report).contains("says was retired"), "{}", wrong(&report));
}

#[test]
fn a_bundle_whose_signer_has_ended_verifies_as_of_its_day_and_is_not_made_any_more() {
    let kept = Kept::made(800);
    let mut sample = Sample::with_keys(kept.keys());
    sample.made_at = Moment::from(now() - TimeDelta::days(700));
    let old = sample.bundle().1;
    let root = kept.text("evidence-root.pem");
    let (complete, said) = recipe(&old, &root, "");
    assert!(!complete && said.contains("certificate has expired"), "{said}");
    let (complete, said) = recipe(&old, &root, &format!("-attime {}", sample.made_at.millis() / 1000));
    assert!(complete, "{said}");
    let today = Moment::from(now());
    let refused = kept.keys().may_sign_at(today).expect_err("it ended").to_string();
    assert!(refused.contains("passmuster key rotate") && refused.contains("ledger is as it was"), "{refused}");

    let first = kept.keys().anchors(ORG, Vec::new());
    kept.folder.rotate_signer(ORG, LOG, None, now(), "founder").expect("rotated");
    kept.keys().may_sign_at(today).expect("the new one holds");
    let report = verify(&old, &first.trust(), today);
    assert!(report.verified(), "{}", wrong(&report));
    assert!(report.not_proven.iter().any(|n| n.contains("certificate ended")), "{:#?}", report.not_proven);
}

#[test]
fn the_earlier_signers_certificate_is_kept_and_its_private_key_is_not() {
    let kept = Kept::made(0);
    let (before, key) = (kept.keys(), kept.text("signer.key"));
    let event = kept.folder.rotate_signer(ORG, LOG, None, now(), "founder").expect("rotated");
    assert_eq!(event.replaces, Some(before.signer_fingerprint()));
    assert_eq!((event.event, event.by.as_str()), (Event::Rotated, "founder"));
    let Key::Signer(said) = &event.key else { panic!("a signer") };
    let after = kept.keys();
    assert_eq!(said.fingerprint, after.signer_fingerprint());
    assert_ne!(after.signer_fingerprint(), before.signer_fingerprint());
    assert_eq!(after.root_fingerprint(), before.root_fingerprint());
    let past = format!("history/signer-{}.pem", &before.signer_fingerprint()[..16]);
    assert_eq!(kept.text(&past), before.signer_pem());
    let everything = must(kept.folder.dir(), "cat $(find . -type f)");
    assert!(!everything.contains(key.lines().nth(1).expect("a line of the key")));
}

#[test]
fn a_root_key_kept_elsewhere_issues_the_next_signer_and_no_other_key_does() {
    let kept = Kept::made(0);
    let away = kept.dir.path().join("root.key");
    fs::rename(kept.file("root.key"), &away).expect("taken away");
    let rotate = |file: Option<RootKeyFile>| kept.folder.rotate_signer(ORG, LOG, file.as_ref(), now(), "founder");
    let refused = rotate(None).expect_err("no root key").to_string();
    assert!(refused.contains("--root-key FILE") && refused.contains("key request"), "{refused}");
    let at = |file: &std::path::Path, passphrase: &str| {
        Some(RootKeyFile { file: file.to_owned(), passphrase: Passphrase::new(passphrase) })
    };
    let other = Kept::made(0);
    assert!(
        matches!(rotate(at(&other.file("root.key"), "")), Err(SignError::Mixed { key, .. }) if key == other.file("root.key"))
    );
    assert!(matches!(rotate(at(&kept.file("nowhere.key"), "")), Err(SignError::CannotRead { .. })));
    let before = kept.keys().signer_fingerprint();
    rotate(at(&away, "")).expect("rotated");
    assert_ne!(kept.keys().signer_fingerprint(), before);
    assert!(!kept.file("root.key").exists(), "it stays away");

    // Encrypted by the auditor's own openssl, under a passphrase of its own.
    must(
        kept.dir.path(),
        "openssl pkcs8 -topk8 -v2 aes-256-cbc -in root.key -out locked.key -passout 'pass:on the stick only'",
    );
    let locked = kept.dir.path().join("locked.key");
    assert!(matches!(rotate(at(&locked, "")), Err(SignError::Locked(_))));
    assert!(matches!(rotate(at(&locked, "not that one")), Err(SignError::WrongPassphrase(_))));
    rotate(at(&locked, "on the stick only")).expect("rotated");
}

#[test]
fn what_cannot_be_retired_is_said_and_a_retired_key_leaves_the_folder() {
    let kept = Kept::made(0);
    let id = |vkey: &str| VerifierKey::parse(vkey).expect("a key").id();
    let first = id(&kept.keys().vkey());
    let retire = |id: &str| kept.folder.retire(id, LOG, now(), "founder");
    let said = |e: Result<domain::key::KeyEvent, SignError>| e.expect_err("refused").to_string();
    assert!(said(retire(&first)).contains("key rotate --log"));
    assert!(said(retire("00000000")).contains("nothing to retire"));
    kept.folder.rotate_log(LOG, now(), "founder").expect("rotated");
    kept.folder.rotate_log(LOG, now(), "founder").expect("again");
    let keys = kept.keys();
    assert_eq!(keys.earlier_vkeys().len(), 2);
    assert!(said(retire("00000000")).contains("those that still sign"));
    let note = keys.sign_checkpoint(3, &[8; 32]);
    assert_eq!(note.lines().count(), 7, "three sign: {note}");
    assert!(checkpoint::open_by(&note, &keys.vkeys()).expect("it opens").1.len() == 3 && keys.signed(&note));

    assert!(kept.file(&format!("log-{first}.key")).exists());
    retire(&first).expect("retired");
    assert!(!kept.file(&format!("log-{first}.key")).exists());
    let keys = Arc::new(kept.folder.open(LOG).expect("it opens"));
    assert_eq!((keys.earlier_vkeys().len(), keys.vkeys().len()), (1, 3));
    assert_eq!(keys.anchors(ORG, Vec::new()).earlier_log_vkeys, keys.earlier_vkeys());
    assert!(checkpoint::open_by(&note, &keys.vkeys()).is_ok(), "what it signed is still read");
}

#[test]
fn a_signer_never_outlives_its_root_and_an_ended_root_issues_none() {
    // The root holds ten years: made nine years ago, it has one left.
    let kept = Kept::made(9 * 365);
    kept.folder.rotate_signer(ORG, LOG, None, now(), "founder").expect("rotated");
    let keys = kept.keys();
    assert_eq!(keys.signer_until(), keys.root_until());
    let kept = Kept::made(3700);
    let refused = kept.folder.rotate_signer(ORG, LOG, None, now(), "founder").expect_err("it ended").to_string();
    assert!(refused.contains("the root certificate ended on") && refused.contains("key rotate --root"), "{refused}");
}

#[test]
fn a_new_root_takes_the_ledger_along_and_leaves_old_bundles_their_anchors() {
    // Both certificates have ended: nothing can be made, and nothing is lost.
    let kept = Kept::made(3700);
    let (before, root_key) = (kept.keys(), kept.text("root.key"));
    let mut sample = Sample::with_keys(before.clone());
    sample.made_at = Moment::from(now() - TimeDelta::days(3600));
    let old = sample.bundle().1;
    let events = kept.folder.rotate_root(ORG, LOG, now(), "founder").expect("a new root");
    assert!(
        matches!(&events[..], [root, signer] if matches!(root.key, Key::Root(_)) && matches!(signer.key, Key::Signer(_)))
    );
    let keys = kept.keys();
    assert_eq!(keys.vkey(), before.vkey());
    assert_ne!(keys.root_fingerprint(), before.root_fingerprint());
    assert_eq!(kept.text(&format!("history/root-{}.key", &before.root_fingerprint()[..16])), root_key);
    assert_ne!(kept.text("root.key"), root_key);
    kept.folder.rotate_signer(ORG, LOG, None, now(), "founder").expect("the new root issues signers");

    let today = Moment::from(now());
    let trust = |keys: &server::sign::Keys| keys.anchors(ORG, Vec::new()).trust();
    assert!(verify(&old, &trust(&before), today).verified());
    assert!(wrong(&verify(&old, &trust(&keys), today)).contains("another root"));
    sample.keys = kept.keys();
    sample.made_at = today;
    sample.begin_again_here();
    sample.seal_keys(&kept.folder);
    sample.finding("F-002", "Another");
    let report = verify(&sample.bundle().1, &Trust { previous: Some(old), ..trust(&keys) }, today);
    assert!(report.verified(), "{}", wrong(&report));
}
