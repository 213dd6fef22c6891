//! The keys and the bundle, judged by tools nobody here wrote.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Moment,
    proof::{
        checkpoint::{self, VerifierKey},
        signature::{self, Root, SignatureError},
    },
};
use server::sign::{Keys, SignError};

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn keys(dir: &Path) -> Keys {
    Keys::open_or_create(&dir.join("keys"), "CARTIE", "passmuster.example/cartie", now()).expect("new keys")
}

#[test]
fn keys_are_made_once_and_kept_for_their_owner_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = keys(dir.path());
    let again = keys(dir.path());
    assert_eq!(first.root_fingerprint(), again.root_fingerprint());
    assert_eq!(first.vkey(), again.vkey());
    for file in fs::read_dir(dir.path().join("keys")).expect("the folder") {
        let mode = file.expect("a file").metadata().expect("its facts").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(dir.path()).expect("the folder").count(), 1, "nothing is left beside the keys");

    let signer = dir.path().join("keys/signer.key");
    fs::set_permissions(&signer, fs::Permissions::from_mode(0o640)).expect("chmod");
    let refused = Keys::open_or_create(&dir.path().join("keys"), "CARTIE", "passmuster.example/cartie", now());
    assert!(matches!(refused, Err(SignError::TooOpen { mode: 0o640, .. })));

    fs::remove_file(&signer).expect("rm");
    let refused = Keys::open_or_create(&dir.path().join("keys"), "CARTIE", "passmuster.example/cartie", now());
    assert!(matches!(refused, Err(SignError::Incomplete { missing, .. }) if missing == "signer.key"));
}

#[test]
fn a_company_with_any_name_gets_keys_and_an_empty_folder_will_do() {
    for org in ["Smith, Jones + Co. \"Ltd\"", "Müller & Söhne=#1", "日本"] {
        let dir = tempfile::tempdir().expect("a folder");
        Keys::open_or_create(dir.path(), org, "log.example/x", now()).unwrap_or_else(|e| panic!("{org}: {e}"));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let spaced = Keys::open_or_create(dir.path(), "CARTIE", "a name with spaces", now());
    assert!(matches!(spaced, Err(SignError::Made(_))));
}

#[test]
fn the_two_signatures_verify_here_and_with_openssl() {
    let dir = tempfile::tempdir().expect("a folder");
    let keys = keys(dir.path());
    let content = b"ab  data/x\n";
    let p7s = keys.sign_cms(content).expect("a signature");
    let root = Root::from_pem(&keys.root_pem()).expect("a root");
    assert_eq!(root.fingerprint(), keys.root_fingerprint());
    let signer = signature::verify(&p7s, content, &root).expect("it verifies");
    assert_eq!(signer.fingerprint, keys.signer_fingerprint());
    assert!(signer.valid_at(Moment::from(now())).is_ok());
    assert!(signer.valid_at(Moment::from(now() + TimeDelta::days(800))).is_err());
    assert_eq!(signature::verify(&p7s, b"ab  data/y\n", &root), Err(SignatureError::OtherContent));

    let other_dir = tempfile::tempdir().expect("a folder");
    let other = self::keys(other_dir.path());
    let foreign = Root::from_pem(&other.root_pem()).expect("a root");
    assert_eq!(signature::verify(&p7s, content, &foreign), Err(SignatureError::OtherRoot));

    fs::write(dir.path().join("content"), content).expect("write");
    fs::write(dir.path().join("p7s"), &p7s).expect("write");
    fs::write(dir.path().join("root.pem"), keys.root_pem()).expect("write");
    fs::write(dir.path().join("other.pem"), other.root_pem()).expect("write");
    for (root, expected) in [("root.pem", true), ("other.pem", false)] {
        let out = Command::new("openssl")
            .args(["cms", "-verify", "-binary", "-inform", "DER", "-in", "p7s", "-content", "content"])
            .args(["-CAfile", root, "-out", "/dev/null", "-attime", &now().timestamp().to_string()])
            .current_dir(dir.path())
            .output()
            .expect("openssl runs");
        assert_eq!(out.status.success(), expected, "{}", String::from_utf8_lossy(&out.stderr));
    }

    let note = keys.sign_checkpoint(3, &[8; 32]);
    let opened = checkpoint::open(&note, &VerifierKey::parse(&keys.vkey()).expect("a key")).expect("it opens");
    assert_eq!((opened.size, opened.root, opened.origin.as_str()), (3, [8; 32], keys.origin()));
}
