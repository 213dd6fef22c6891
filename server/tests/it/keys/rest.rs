//! Private keys under a passphrase: stock openssl opens them, and nothing else does.

use std::{fs, os::unix::fs::PermissionsExt};

use server::sign::{Folder, Passphrase, RootKey, SignError};

use super::{Kept, LOG, ORG, must, now, shell};

const OURS: &str = "four words nobody guesses";

#[test]
fn new_keys_under_a_passphrase_open_with_it_alone_and_with_stock_openssl() {
    let kept = Kept::under(Some(OURS));
    kept.folder.create(ORG, LOG, now(), "founder").expect("new keys");
    let keys = kept.keys();
    for name in ["root.key", "signer.key", "log.key"] {
        assert!(kept.text(name).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name}");
        let open = |passphrase: &str| {
            shell(kept.folder.dir(), &format!("openssl pkey -in {name} -passin 'pass:{passphrase}' -noout -text"))
        };
        let (content, said) = open(OURS);
        assert!(content, "{name}: {said}");
        assert!(said.contains(if name == "log.key" { "ED25519" } else { "prime256v1" }), "{name}: {said}");
        assert!(!open("entirely different").0, "{name}");
    }
    let how = must(kept.folder.dir(), "openssl asn1parse -in signer.key");
    for part in ["PBES2", "PBKDF2", "0927C0", "hmacWithSHA256", "aes-256-cbc"] {
        assert!(how.contains(part), "{part} (600 000 rounds are 0927C0): {how}");
    }
    assert!(
        matches!(kept.with("").open(LOG), Err(SignError::Locked(file)) if file.ends_with("log.key") || file.ends_with("signer.key"))
    );
    let refused = kept.with("entirely different").open(LOG).err().expect("refused").to_string();
    assert!(refused.contains("does not open") && !refused.contains("entirely"), "{refused}");
    assert_eq!(kept.folder.state().expect("a state").in_clear, Vec::<String>::new());
    assert_eq!(keys.vkey(), kept.keys().vkey());
}

#[test]
fn a_folder_in_clear_is_encrypted_and_its_passphrase_changed_and_the_keys_stay_the_same() {
    let kept = Kept::made(0);
    let before = kept.keys();
    // As the first keys of a ledger lay there.
    let seed =
        must(kept.folder.dir(), "openssl pkey -in log.key -outform DER | tail -c 32 | od -An -tx1 | tr -d ' \\n'");
    fs::write(kept.file("log.key"), format!("{seed}\n")).expect("written");
    assert_eq!(kept.keys().vkey(), before.vkey(), "64 hex digits are read as before");
    assert!(matches!(kept.folder.protect(None), Err(SignError::Refused(says)) if says.contains("no passphrase")));

    let first = Passphrase::new(OURS).expect("not empty");
    assert_eq!(kept.folder.protect(Some(&first)).expect("encrypted"), 3);
    assert!(matches!(kept.folder.open(LOG), Err(SignError::Locked(_))));
    assert_eq!(kept.with(OURS).open(LOG).expect("it opens").vkey(), before.vkey());

    let second = Passphrase::new("and now another four").expect("not empty");
    assert!(matches!(kept.with("not the old one at all").protect(Some(&second)), Err(SignError::WrongPassphrase(_))));
    assert_eq!(kept.with(OURS).protect(Some(&second)).expect("changed"), 3);
    let keys = kept.with("and now another four").open(LOG).expect("it opens");
    assert_eq!((keys.vkey(), keys.signer_fingerprint()), (before.vkey(), before.signer_fingerprint()));
    assert!(matches!(kept.with(OURS).open(LOG), Err(SignError::WrongPassphrase(_))));
    assert!(matches!(
        kept.with("and now another four").protect(Passphrase::new("short").as_ref()),
        Err(SignError::ShortPassphrase(5))
    ));
    kept.with("and now another four").open(LOG).expect("a refused change changed nothing");
    for file in fs::read_dir(kept.folder.dir()).expect("the folder") {
        let mode = file.expect("a file").metadata().expect("its facts").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_configured_passphrase_also_opens_keys_that_are_still_in_clear_and_encrypts_new_ones() {
    let kept = Kept::made(0);
    let configured = kept.with(OURS);
    configured.open(LOG).expect("it opens");
    configured.rotate_signer(ORG, LOG, None, now(), "founder").expect("rotated");
    let state = configured.state().expect("a state");
    assert_eq!(state.in_clear, ["log.key", "root.key"]);
    assert_eq!((state.private, state.root_key), (3, RootKey::Here));
    configured.open(LOG).expect("it opens half and half");
}

#[test]
fn a_crash_in_the_middle_of_a_change_is_finished_by_whoever_opens_the_folder_next() {
    let kept = Kept::made(0);
    let before = kept.keys();
    let other = Kept::made(0);
    other.with(OURS).protect(None).expect("encrypted");
    // The moment of the change is past, and only one of its files has moved.
    let next = kept.file(".next");
    fs::create_dir(&next).expect("a folder");
    let changed = Kept::made(0);
    for name in ["log.key", "signer.key", "root.key"] {
        fs::copy(kept.file(name), changed.file(name)).expect("a copy");
    }
    for name in ["signer.pem", "evidence-root.pem"] {
        fs::copy(kept.file(name), changed.file(name)).expect("a copy");
    }
    let first = Passphrase::new(OURS).expect("not empty");
    changed.folder.protect(Some(&first)).expect("encrypted");
    fs::copy(changed.file("log.key"), kept.file("log.key")).expect("moved already");
    for name in ["signer.key", "root.key"] {
        fs::copy(changed.file(name), next.join(name)).expect("still to move");
    }
    let after = Folder::new(kept.folder.dir(), Some(first)).open(LOG).expect("it opens");
    assert_eq!((after.vkey(), after.root_fingerprint()), (before.vkey(), before.root_fingerprint()));
    assert!(!next.exists());
    assert_eq!(kept.with(OURS).state().expect("a state").in_clear, Vec::<String>::new());
}
