//! `passmuster key …` as a person types it, from the first keys to the page for the auditor.

use std::{fs, path::Path, process::Command};

use domain::proof::{anchors::Anchors, sha256_hex};

use super::{Kept, must};

/// What the command printed, what it said beside, and whether it was content.
fn passmuster(dir: &Path, line: &str) -> (bool, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_passmuster"))
        .args(line.split(' '))
        .current_dir(dir)
        .env_remove("PASSMUSTER_KEYS__PASSPHRASE")
        .env("USER", "founder")
        .output()
        .expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (out.status.success(), text(out.stdout), text(out.stderr))
}

fn configured(passphrase: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[database]\nuri = \"mongodb://127.0.0.1:1\"\n[keys]\ndir = \"keys\"\npassphrase = {passphrase:?}\n[company]\nname = \"CARTIE\"\nlog = \"evidence.example.com/cartie\"\naudit_from = \"2026-01-01\"\naudit_to = \"2026-12-31\"\n"
    );
    fs::write(dir.path().join("passmuster.toml"), text).expect("written");
    dir
}

#[test]
fn every_subcommand_says_what_it_is_for_and_gives_an_example() {
    let dir = tempfile::tempdir().expect("a folder");
    for command in ["init", "show", "protect", "rotate", "retire", "request", "import"] {
        let (content, said, _) = passmuster(dir.path(), &format!("key {command} --help"));
        assert!(content && said.contains(&format!("Example: passmuster key {command}")), "{command}: {said}");
    }
}

#[test]
fn a_company_makes_its_keys_hands_them_over_encrypts_and_replaces_them() {
    let dir = configured("");
    let dir = dir.path();
    let run = |line: &str| passmuster(dir, line);
    let good = |line: &str| {
        let (content, said, beside) = run(line);
        assert!(content, "{line}: {beside}");
        (said, beside)
    };
    let (_, _, beside) = run("key show");
    assert!(beside.contains("holds no keys yet: passmuster key init"), "{beside}");
    let (said, beside) = good("key init");
    assert!(said.contains("root, SHA-256") && beside.contains("Back up the whole folder"), "{said}{beside}");
    assert!(beside.contains("root.key is needed only") && beside.contains("key show --pdf"), "{beside}");
    let (content, _, beside) = run("key init");
    assert!(!content && beside.contains("holds keys already"), "{beside}");

    let (json, _) = good("key show --json --pdf anchors.pdf");
    let anchors = Anchors::parse(&json).expect("anchors");
    let (said, _) = good("key show");
    for part in
        [&anchors.root_sha256, &anchors.log_vkey, "in clear, mode 0600", "in the folder; it may be kept elsewhere"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let page = must(
        dir,
        "qpdf --check anchors.pdf && pdfinfo anchors.pdf | grep -E '^Pages: +1$' && pdftotext -layout anchors.pdf -",
    );
    let groups = |hex: &str| domain::words::groups(&hex[..32]);
    for part in [
        "CARTIE",
        "Anchors for the auditor",
        &groups(&anchors.root_sha256),
        &anchors.log_vkey,
        &groups(&sha256_hex(json.as_bytes())),
        "none: times are the company",
        "passmuster verify BUNDLE.zip --anchors anchors.json",
        "openssl cms -verify",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }

    // At rest: the passphrase comes from a file, and the portal without it says so.
    fs::write(dir.join("words"), "four words nobody guesses\n").expect("written");
    let (said, beside) = good("key protect --new-passphrase-file words");
    assert!(said.contains("3 private keys") && beside.contains("before the portal starts again"), "{said}{beside}");
    let (content, _, beside) = run("key show");
    assert!(!content && beside.contains("is encrypted, and no passphrase is configured"), "{beside}");
    let config = fs::read_to_string(dir.join("passmuster.toml")).expect("the configuration");
    fs::write(
        dir.join("passmuster.toml"),
        config.replace("passphrase = \"\"", "passphrase = \"four words nobody guesses\""),
    )
    .expect("written");
    assert!(good("key show").0.contains("all encrypted"));

    // In another's place.
    let (said, beside) = good("key rotate");
    assert!(said.starts_with("signer rotated: ") && beside.contains("Start the portal again"), "{said}{beside}");
    let (said, beside) = good("key rotate --log --json");
    let told: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&told["events"][0]["by"], &told["events"][0]["replaces"]),
        (&"founder".into(), &anchors.log_vkey.as_str().into())
    );
    assert!(beside.contains("both signatures") && beside.contains("key retire ID"), "{beside}");
    let today = Anchors::parse(&good("key show --json").0).expect("anchors");
    assert_eq!((today.earlier_log_vkeys, today.root_sha256), (vec![anchors.log_vkey.clone()], anchors.root_sha256));
    assert!(good("key show").0.contains("signs beside it"));
    let id = anchors.log_vkey.split('+').nth(1).expect("an id");
    let (content, _, beside) = run(&format!("key retire {}", today.log_vkey.split('+').nth(1).expect("an id")));
    assert!(!content && beside.contains("the ledger's key now"), "{beside}");
    good(&format!("key retire {id} --by auditor-asked"));
    assert!(!good("key show").0.contains("signs beside it"));

    // The company's own authority is asked.
    let (said, beside) = good("key request -o signer.csr");
    assert!(said.contains("saved as signer.csr") && beside.contains("ECDSA P-256"), "{said}{beside}");
    assert!(good("key show").0.contains("requested"));
    let (content, _, beside) = run("key import --signer signer.csr");
    assert!(!content && beside.contains("holds no certificate"), "{beside}");
    let told = fs::read_to_string(dir.join("keys/journal.jsonl")).expect("a journal");
    assert_eq!(told.lines().count(), 6, "three made, two rotated, one retired: {told}");
}

#[test]
fn a_sheet_is_a_sheet_whatever_there_is_to_say() {
    let kept = Kept::made(0);
    for _ in 0..4 {
        kept.folder.rotate_log(super::LOG, super::now(), "founder").expect("rotated");
    }
    let keys = kept.keys();
    let root = |name: &str| {
        must(
            kept.dir.path(),
            &format!(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.pem -subj '/CN={name}' 2>/dev/null"
            ),
        );
        fs::read_to_string(kept.dir.path().join("tsa.pem")).expect("a root")
    };
    let long = "Time ".repeat(12);
    let roots = ["Time One", long.trim(), "Time Three", "Time Four"].map(root).to_vec();
    let company =
        "The Very Long Company of a Name that Nobody Would Ever Fit on One Line of Anything Whatever & Sons".repeat(2);
    let anchors = keys.anchors(&company, roots);
    let made_at = domain::Moment::from(super::now());
    let of = server::exports::packet::Handover { anchors: &anchors, keys: &keys, made_at };
    let page = server::exports::packet::handover(&of).expect("a page");
    assert_eq!(page, server::exports::packet::handover(&of).expect("the page again"), "the same bytes");
    fs::write(kept.dir.path().join("page.pdf"), &page).expect("written");
    if let Some(path) = std::env::var_os("PAGE_OUT") {
        fs::write(path, &page).expect("a file to look at");
    }
    let mut wordy = anchors.clone();
    let name = "an-origin-longer-than-anybody-would-choose.".repeat(6);
    let vkey = |seed: u8| domain::proof::checkpoint::VerifierKey::new(&name, &public(seed)).expect("a key").to_string();
    (wordy.log_vkey, wordy.earlier_log_vkeys) = (vkey(1), vec![vkey(2), vkey(3)]);
    let of = server::exports::packet::Handover { anchors: &wordy, keys: &keys, made_at };
    fs::write(kept.dir.path().join("wordy.pdf"), server::exports::packet::handover(&of).expect("a page"))
        .expect("written");
    must(kept.dir.path(), "pdfinfo wordy.pdf | grep -E '^Pages: +1$'");
    let said = must(kept.dir.path(), "pdfinfo page.pdf | grep -E '^Pages: +1$' && pdftotext -layout page.pdf -");
    assert!(said.contains("holds 4 more that this sheet has no room for"), "{said}");
    assert!(said.contains("Earlier key") && said.contains("Handed over by") && said.contains("page 1 of 1"), "{said}");
}

/// The public part of a key of the ledger.
fn public(seed: u8) -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes()
}
