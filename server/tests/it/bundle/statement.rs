//! The in-toto statement: openssl finds its signature true, and each false one is refused by name.

use std::{fs, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::proof::{
    dsse::{self, Envelope},
    layout,
    verify::verify,
};
use serde_json::{Value, json};
use server::sign::Keys;

use super::{
    forged::wrong,
    sample::{Opened, Sample, now, open, pack, trust},
};

fn envelope(bundle: &Opened) -> Envelope {
    serde_json::from_slice(&bundle.files[layout::STATEMENT]).expect("an envelope")
}

#[test]
fn openssl_verifies_the_statement_over_the_tag_manifest() {
    let sample = Sample::new();
    let bundle = open(&sample.bundle().1);
    let envelope = envelope(&bundle);
    let dir = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).expect("a file");
    put("payload", &STANDARD.decode(&envelope.payload).expect("base64"));
    put("sig", &STANDARD.decode(&envelope.signatures[0].sig).expect("base64"));
    put("signer.pem", &bundle.files[layout::SIGNER_CERTIFICATE]);
    put("tagmanifest-sha256.txt", &bundle.files[layout::TAG_MANIFEST]);
    // The encoding is made by hand, as the protocol writes it.
    let script = r#"
        openssl x509 -in signer.pem -noout -pubkey > key.pem
        { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(stat -c %s payload)"; cat payload; } > pae
        openssl dgst -sha256 -verify key.pem -signature sig pae
        grep -q "\"sha256\":\"$(sha256sum tagmanifest-sha256.txt | cut -c-64)\"" payload && echo subject"#;
    let out = Command::new("bash").args(["-ec", script]).current_dir(dir.path()).output().expect("bash runs");
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success() && said.contains("Verified OK") && said.contains("subject"), "{said}");
}

#[test]
fn a_false_statement_is_refused_by_name() {
    let (sample, other) = (Sample::new(), Sample::new());
    let good = open(&sample.bundle().1);
    let statement: Value =
        serde_json::from_slice(&STANDARD.decode(envelope(&good).payload).expect("base64")).expect("a statement");
    // As the key's own holder could write it.
    let signed = |keys: &Keys, keyid: String, change: &dyn Fn(&mut Value)| {
        let mut statement = statement.clone();
        change(&mut statement);
        let bytes = serde_json::to_vec(&statement).expect("a statement");
        dsse::envelope(&bytes, keyid, |message| keys.sign_bytes(message))
    };
    let own = |change: &dyn Fn(&mut Value)| signed(&sample.keys, sample.keys.signer_fingerprint(), change);
    let edited = |change: &dyn Fn(&mut Envelope)| {
        let mut envelope = envelope(&good);
        change(&mut envelope);
        serde_json::to_vec(&envelope).expect("an envelope")
    };
    for (what, forged, says) in [
        (
            "another statement type",
            own(&|s| s["_type"] = json!("https://in-toto.io/Statement/v0.1")),
            "of another type",
        ),
        (
            "another predicate type",
            own(&|s| s["predicateType"] = json!("https://slsa.dev/provenance/v1")),
            "of another type",
        ),
        ("another subject", own(&|s| s["subject"][0]["digest"]["sha256"] = json!("ab".repeat(32))), "subject"),
        ("another file", own(&|s| s["subject"][0]["name"] = json!("manifest-sha256.txt")), "subject"),
        ("a second subject", own(&|s| s["subject"] = json!([s["subject"][0], s["subject"][0]])), "subject"),
        ("another period", own(&|s| s["predicate"]["period"]["name"] = json!("2025-Q1")), "than the index"),
        (
            "another company's key",
            signed(&other.keys, other.keys.signer_fingerprint(), &|_| ()),
            "not the one that signed",
        ),
        (
            "another key under our name",
            signed(&other.keys, sample.keys.signer_fingerprint(), &|_| ()),
            "does not belong",
        ),
        ("another payload type", edited(&|e| e.payload_type = "application/json".into()), "payload is of another type"),
        ("another payload", edited(&|e| e.payload = STANDARD.encode(b"{}")), "does not belong"),
        ("no signature", edited(&|e| e.signatures.clear()), "0 signatures"),
        ("two signatures", edited(&|e| e.signatures.push(e.signatures[0].clone())), "2 signatures"),
        ("no base64", edited(&|e| e.payload.insert(0, '!')), "not a dsse envelope"),
        ("no envelope", b"{}\n".to_vec(), "not a dsse envelope"),
        (
            "a key twice",
            b"{\"payload\":\"\",\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}".to_vec(),
            "duplicate",
        ),
    ] {
        let mut files = good.files.clone();
        files.insert(layout::STATEMENT.into(), forged);
        let report = verify(&pack(&good.folder, &files), &trust(&sample.keys), now());
        assert!(!report.verified(), "{what} passed");
        assert!(wrong(&report).contains(says), "{what}: {}", wrong(&report));
    }
}

#[test]
fn a_bundle_made_before_there_was_a_statement_still_verifies() {
    let sample = Sample::new();
    let mut bundle = open(&sample.bundle().1);
    bundle.files.remove(layout::STATEMENT);
    let report = verify(&pack(&bundle.folder, &bundle.files), &trust(&sample.keys), now());
    assert!(report.verified(), "{:#?}", report.checks);
    assert!(!report.checks.iter().any(|c| c.what.starts_with("The statement")));
}
