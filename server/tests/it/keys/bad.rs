//! Folders of keys that are not as they should be: each says what is wrong and what to do, and stays as it was.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::Command,
};

use server::doctor;

use super::{Kept, LOG, ORG, now};
use crate::portal::{config, mongod};

/// Everything in the folder, to see that nothing was touched.
fn all(kept: &Kept) -> Vec<(String, Vec<u8>)> {
    kept.names().into_iter().map(|name| (name.clone(), fs::read(kept.file(&name)).unwrap_or_default())).collect()
}

#[test]
fn each_fault_of_a_folder_has_a_sentence_of_its_own() {
    type Fault = fn(&Kept);
    fn chmod(kept: &Kept, name: &str, mode: u32) {
        fs::set_permissions(kept.file(name), fs::Permissions::from_mode(mode)).expect("chmod");
    }
    fn cut(kept: &Kept, name: &str) {
        let text = kept.text(name);
        fs::write(kept.file(name), &text[..text.len() / 2]).expect("written");
    }
    fn from_another(kept: &Kept, name: &str) {
        fs::copy(Kept::made(0).file(name), kept.file(name)).expect("a copy");
    }
    let table: &[(&str, Fault, &[&str])] = &[
        ("read by the group", |k| chmod(k, "signer.key", 0o640), &["may be read by others (mode 640)", "chmod 600"]),
        ("read by all", |k| chmod(k, "log.key", 0o644), &["log.key may be read by others (mode 644)"]),
        ("the root's key read by all", |k| chmod(k, "root.key", 0o604), &["root.key", "replace the key"]),
        ("a key less", |k| fs::remove_file(k.file("signer.key")).expect("rm"), &["lacks signer.key", "backup"]),
        (
            "two files less",
            |k| {
                fs::remove_file(k.file("log.key")).expect("rm");
                fs::remove_file(k.file("signer.pem")).expect("rm")
            },
            &["lacks signer.pem, log.key"],
        ),
        ("a key cut short", |k| cut(k, "signer.key"), &["signer.key is cut short or damaged", "backup"]),
        ("the ledger's key cut short", |k| cut(k, "log.key"), &["log.key is cut short or damaged"]),
        ("a certificate cut short", |k| cut(k, "signer.pem"), &["signer.pem is cut short or damaged"]),
        (
            "an empty key",
            |k| fs::write(k.file("signer.key"), "").expect("written"),
            &["signer.key is cut short or damaged"],
        ),
        (
            "a key that is no text",
            |k| fs::write(k.file("log.key"), [0xff, 0xfe]).expect("written"),
            &["log.key is cut short or damaged (it is not text)"],
        ),
        (
            "a key of the other kind",
            |k| {
                fs::copy(k.file("log.key"), k.file("signer.key")).expect("a copy");
            },
            &["signer.key is not what it should be", "P-256"],
        ),
        ("a key of another folder", |k| from_another(k, "signer.key"), &["signer.key is not the key of", "one backup"]),
        (
            "a pair of another folder",
            |k| {
                let o = Kept::made(0);
                for n in ["signer.key", "signer.pem"] {
                    fs::copy(o.file(n), k.file(n)).expect("a copy");
                }
            },
            &["signer.pem does not do for signing evidence", "not issued by the pinned root"],
        ),
        ("a root of another folder", |k| from_another(k, "evidence-root.pem"), &["not issued by the pinned root"]),
        (
            "a folder where a key was",
            |k| {
                fs::remove_file(k.file("signer.key")).expect("rm");
                fs::create_dir(k.file("signer.key")).expect("mkdir");
                fs::set_permissions(k.file("signer.key"), fs::Permissions::from_mode(0o700)).expect("chmod")
            },
            &["signer.key cannot be read", "mode 600"],
        ),
        (
            "an earlier key of the ledger under another name",
            |k| _ = fs::copy(k.file("log.key"), k.file("log-00000000.key")).expect("a copy"),
            &["log-00000000.key is not what it should be: its key has the id"],
        ),
        (
            "a journal that is none",
            |k| fs::write(k.file("journal.jsonl"), "{}\n").expect("written"),
            &["journal.jsonl is cut short or damaged (line 1"],
        ),
    ];
    for (what, fault, says) in table {
        let kept = Kept::made(0);
        fault(&kept);
        let before = all(&kept);
        let refused = kept.folder.open_or_create(ORG, LOG, now(), "portal").err();
        let refused = refused.unwrap_or_else(|| panic!("{what} passed")).to_string();
        for part in *says {
            assert!(refused.contains(part), "{what}: {refused}");
        }
        assert!(!refused.contains("PRIVATE KEY"), "{what} shows a key");
        assert_eq!(all(&kept), before, "{what}: nothing is mended behind the operator's back");
    }
}

#[test]
fn a_folder_that_is_a_file_is_said_and_so_is_one_that_cannot_be_made() {
    let kept = Kept::empty();
    fs::write(kept.folder.dir(), "not a folder").expect("written");
    let refused = kept.folder.open_or_create(ORG, LOG, now(), "portal").err().expect("refused").to_string();
    assert!(refused.contains("is a file, and keys.dir must name a folder"), "{refused}");
    let refused = kept.folder.open(LOG).err().expect("refused").to_string();
    assert!(refused.contains("is a file, and keys.dir must name a folder"), "{refused}");
    let inside = server::sign::Folder::new(kept.folder.dir().join("keys"), None);
    let refused = inside.open_or_create(ORG, LOG, now(), "portal").err().expect("refused").to_string();
    assert!(refused.contains("must name a folder"), "{refused}");
}

/// Root reads everything, so the binary runs as somebody else.
#[test]
fn a_key_of_another_user_is_said_with_what_to_do() {
    if fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap_or(1) != 0 {
        eprintln!("left out: only root can run as another user");
        return;
    }
    let kept = Kept::made(0);
    let file = kept.dir.path().join("passmuster.toml");
    let text = format!(
        "[database]\nuri = \"mongodb://h\"\n[keys]\ndir = {:?}\n[company]\nname = \"C\"\nlog = {LOG:?}\naudit_from = \"2026-01-01\"\naudit_to = \"2026-12-31\"\n",
        kept.folder.dir()
    );
    fs::write(&file, text).expect("written");
    fs::set_permissions(kept.dir.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("chmod");
    // Outside of root's own folders, so that the other user can run it at all.
    let binary = kept.dir.path().join("passmuster");
    fs::copy(env!("CARGO_BIN_EXE_passmuster"), &binary).expect("a copy");
    let run = || {
        let out = Command::new(&binary).arg("--config").arg(&file).args(["key", "show"]).uid(65534).output();
        String::from_utf8_lossy(&out.expect("it runs").stderr).into_owned()
    };
    let said = run();
    assert!(said.contains("Permission denied") && said.contains("keys"), "{said}");
    fs::set_permissions(kept.folder.dir(), fs::Permissions::from_mode(0o755)).expect("chmod");
    let said = run();
    assert!(said.contains("cannot be read (Permission denied") && said.contains("user who runs passmuster"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong_with_the_keys_and_what_could_be_better() {
    let looked = async |kept: &Kept| {
        let mut config = config(mongod(), &format!("doctor_{}", now().timestamp_micros()), kept.folder.dir());
        config.company.log = LOG.to_owned();
        doctor::look(config).await
    };
    let find = |findings: &[doctor::Finding], what: &str| {
        let found = findings.iter().find(|f| f.what == what);
        found.map(|f| (f.ok, format!("{} {}", f.found, f.next))).unwrap_or_else(|| panic!("{what} was not looked at"))
    };
    let kept = Kept::made(0);
    let findings = looked(&kept).await;
    for (what, says) in [
        ("keys", "3 private keys"),
        ("signer's certificate", "it holds until"),
        ("root key", "--root-key FILE"),
        ("keys in clear", "key protect"),
        ("database", "a replica set"),
        ("clock", "the database's"),
        ("keys in the ledger", "3 not sealed yet"),
    ] {
        let (ok, said) = find(&findings, what);
        assert!(ok && said.contains(says), "{what}: {said}");
    }

    // One that ends within sixty days, in a folder others may write to, with the root's key away.
    let kept = Kept::made(700);
    fs::remove_file(kept.file("root.key")).expect("taken away");
    fs::set_permissions(kept.folder.dir(), fs::Permissions::from_mode(0o777)).expect("chmod");
    let findings = looked(&kept).await;
    let (ok, said) = find(&findings, "signer's certificate");
    assert!(!ok && said.contains("it ends on") && said.contains("passmuster key rotate"), "{said}");
    let (ok, said) = find(&findings, "keys' folder");
    assert!(!ok && said.contains("chmod 700"), "{said}");
    assert!(findings.iter().all(|f| f.what != "root key"));

    let kept = Kept::made(800);
    let (ok, said) = find(&looked(&kept).await, "signer's certificate");
    assert!(!ok && said.contains("it ended on"), "{said}");
    fs::set_permissions(kept.file("log.key"), fs::Permissions::from_mode(0o644)).expect("chmod");
    let (ok, said) = find(&looked(&kept).await, "keys");
    assert!(!ok && said.contains("chmod 600") && said.contains("ledger is as it was"), "{said}");
}
