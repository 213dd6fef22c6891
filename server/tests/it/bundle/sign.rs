//! Keys on disk, and the two signatures.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use chrono::TimeDelta;
use domain::{
    Moment,
    proof::{
        checkpoint::{self, VerifierKey},
        signature::{self, Root, SignatureError},
    },
};
use server::sign::{Keys, SignError};

use super::at;

const NOW: &str = "2026-11-22T12:00:00Z";

fn keys(dir: &Path) -> Keys {
    Keys::open_or_create(&dir.join("keys"), "CARTIE", "passmuster.example/cartie", at(NOW)).expect("new keys")
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
    let refused = Keys::open_or_create(&dir.path().join("keys"), "CARTIE", "passmuster.example/cartie", at(NOW));
    assert!(matches!(refused, Err(SignError::TooOpen { mode: 0o640, .. })));

    fs::remove_file(&signer).expect("rm");
    let refused = Keys::open_or_create(&dir.path().join("keys"), "CARTIE", "passmuster.example/cartie", at(NOW));
    assert!(matches!(refused, Err(SignError::Incomplete { missing, .. }) if missing == "signer.key"));
}

#[test]
fn a_signers_key_of_another_certificate_is_found_at_start() {
    let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    keys(one.path());
    keys(two.path());
    fs::copy(two.path().join("keys/signer.key"), one.path().join("keys/signer.key")).expect("a copy");
    let refused = Keys::open_or_create(&one.path().join("keys"), "CARTIE", "passmuster.example/cartie", at(NOW));
    assert!(matches!(refused, Err(SignError::Mixed { .. })));
}

#[test]
fn a_company_with_any_name_gets_keys_and_an_empty_folder_will_do() {
    for org in ["Smith, Jones + Co. \"Ltd\"", "Müller & Söhne=#1", "日本"] {
        let dir = tempfile::tempdir().expect("a folder");
        Keys::open_or_create(dir.path(), org, "log.example/x", at(NOW)).unwrap_or_else(|e| panic!("{org}: {e}"));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let spaced = Keys::open_or_create(dir.path(), "CARTIE", "a name with spaces", at(NOW));
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
    assert!(signer.valid_at(Moment::from(at(NOW))).is_ok());
    assert!(signer.valid_at(Moment::from(at(NOW) + TimeDelta::days(800))).is_err());
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
            .args(["-CAfile", root, "-out", "/dev/null", "-attime", &at(NOW).timestamp().to_string()])
            .current_dir(dir.path())
            .output()
            .expect("openssl runs");
        assert_eq!(out.status.success(), expected, "{}", String::from_utf8_lossy(&out.stderr));
    }

    let note = keys.sign_checkpoint(3, &[8; 32]);
    let opened = checkpoint::open(&note, &VerifierKey::parse(&keys.vkey()).expect("a key")).expect("it opens");
    assert_eq!((opened.size, opened.root, opened.origin.as_str()), (3, [8; 32], keys.origin()));
}

/// Signatures that openssl makes with the company's own root or signer, each wrong in one way.
#[test]
fn a_signature_made_in_another_way_is_refused_by_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let keys =
        Keys::open_or_create(&dir.path().join("keys"), "CARTIE", "log.example/x", chrono::Utc::now()).expect("keys");
    let root = Root::from_pem(&keys.root_pem()).expect("a root");
    let content = b"ab  data/x\n";
    fs::write(dir.path().join("content"), content).expect("write");
    let shell = |script: &str| {
        let out = Command::new("bash").args(["-ec", script]).current_dir(dir.path()).output().expect("bash runs");
        assert!(out.status.success(), "{script}: {}", String::from_utf8_lossy(&out.stderr));
    };
    let issue = |name: &str, extensions: &str| {
        fs::write(dir.path().join(format!("{name}.ext")), extensions).expect("write");
        shell(&format!(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name} 2>/dev/null
             openssl x509 -req -in {name}.csr -CA keys/evidence-root.pem -CAkey keys/root.key -set_serial 0x{} -days 30 -extfile {name}.ext -out {name}.pem 2>/dev/null",
            (name.len() as u64 + 100) * 7919
        ));
    };
    let usage = "keyUsage=critical,digitalSignature,nonRepudiation\n";
    let purpose = "extendedKeyUsage=emailProtection,1.3.6.1.5.5.7.3.36\n";
    issue("good", &format!("{usage}{purpose}"));
    issue("mail", &format!("{usage}extendedKeyUsage=emailProtection\n"));
    issue("sealed", &format!("keyUsage=critical,keyEncipherment\n{purpose}"));
    issue("authority", &format!("basicConstraints=critical,CA:TRUE\n{usage}{purpose}"));
    issue("strange", &format!("{usage}{purpose}1.2.3.4=critical,ASN1:NULL\n"));
    shell(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout alone.key -out alone.pem -subj /CN=alone -addext keyUsage=critical,digitalSignature,nonRepudiation -addext extendedKeyUsage=emailProtection,1.3.6.1.5.5.7.3.36 2>/dev/null",
    );

    let sign = |arguments: &str| {
        shell(&format!(
            "openssl cms -sign -binary -in content -outform DER -out p7s -nosmimecap -cades {arguments} 2>/dev/null"
        ));
        signature::verify(&fs::read(dir.path().join("p7s")).expect("a signature"), content, &root)
    };
    let right = sign("-md sha256 -signer good.pem -inkey good.key");
    assert!(right.is_ok(), "one that is right passes, whatever made it: {right:?}");
    for (what, arguments, word) in [
        ("another digest", "-md sha512 -signer good.pem -inkey good.key", "must use"),
        ("two signers", "-md sha256 -signer good.pem -inkey good.key -signer mail.pem -inkey mail.key", "2 signers"),
        ("its content inside", "-nodetach -md sha256 -signer good.pem -inkey good.key", "detached"),
        ("no certificate", "-nocerts -md sha256 -signer good.pem -inkey good.key", "not in it"),
        ("a stray certificate", "-md sha256 -signer good.pem -inkey good.key -certfile mail.pem", "neither"),
        ("mail alone", "-md sha256 -signer mail.pem -inkey mail.key", "documentSigning"),
        ("a key for encryption", "-md sha256 -signer sealed.pem -inkey sealed.key", "not for signatures"),
        ("an authority's certificate", "-md sha256 -signer authority.pem -inkey authority.key", "authority"),
        ("an unknown critical extension", "-md sha256 -signer strange.pem -inkey strange.key", "critical"),
        ("a certificate of nobody", "-md sha256 -signer alone.pem -inkey alone.key", "not issued by the pinned root"),
    ] {
        let refused = sign(arguments).expect_err(what).to_string();
        assert!(refused.contains(word), "{what}: {refused}");
    }
    shell(
        "openssl cms -sign -binary -noattr -in content -outform DER -out p7s -md sha256 -signer good.pem -inkey good.key",
    );
    let bare = signature::verify(&fs::read(dir.path().join("p7s")).expect("a signature"), content, &root);
    assert!(matches!(bare, Err(SignatureError::Attribute(_))), "{bare:?}");
}
