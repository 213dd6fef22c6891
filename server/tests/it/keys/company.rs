//! A company's own authority: requested, answered by stock openssl, put in place; and every answer that does not do.

use std::{fs, path::Path};

use domain::{
    Moment,
    key::{Event, Key},
    proof::{
        signature::{self, Root, SignatureError},
        verify::verify,
    },
};
use server::sign::{Import, Passphrase, SignError};

use super::{Kept, LOG, ORG, must, now, recipe, shell};
use crate::bundle::{Sample, wrong};

const USAGE: &str =
    "keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=emailProtection,1.3.6.1.5.5.7.3.36\n";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// An authority made by openssl, in a folder of its own.
pub struct Company {
    dir: tempfile::TempDir,
}

impl Company {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let company = Self { dir };
        company.root("root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n");
        company
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("written");
    }

    fn pem(&self, name: &str) -> String {
        fs::read_to_string(self.file(&format!("{name}.pem"))).expect("a certificate")
    }

    fn root(&self, name: &str, extensions: &str) {
        self.write(
            &format!("{name}.cnf"),
            &format!("[req]\ndistinguished_name=n\nprompt=no\n[n]\nCN=Company {name}\n[x]\n{extensions}"),
        );
        must(
            self.path(),
            &format!(
                "openssl req -x509 -newkey {P256} -nodes -keyout {name}.key -out {name}.pem -days 3650 -config {name}.cnf -extensions x"
            ),
        );
    }

    /// A certificate below another, with a key of its own. `how` are further arguments of `openssl x509`.
    fn issue(&self, name: &str, issuer: &str, key: &str, extensions: &str, how: &str) {
        must(
            self.path(),
            &format!(
                "openssl req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj '/CN=Company {name}'"
            ),
        );
        self.answer(name, issuer, extensions, how);
    }

    /// The answer to a request that is there.
    fn answer(&self, name: &str, issuer: &str, extensions: &str, how: &str) {
        self.write(&format!("{name}.ext"), extensions);
        must(
            self.path(),
            &format!(
                "openssl x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 400 -extfile {name}.ext -out {name}.pem {how}"
            ),
        );
    }

    fn authority(&self, name: &str, issuer: &str, more: &str) {
        let extensions = format!("basicConstraints=critical,CA:TRUE{more}\nkeyUsage=critical,keyCertSign\n");
        self.issue(name, issuer, P256, &extensions, "");
    }
}

fn bring(company: &Company, signer: &str, chain: &[&str], root: Option<&str>) -> Import {
    let pem = |name: &str| company.file(&format!("{name}.pem"));
    Import {
        signer: pem(signer),
        root: root.map(pem),
        chain: chain.iter().map(|name| pem(name)).collect(),
        key: None,
        key_passphrase: None,
    }
}

/// A folder whose request lies beside the company's authority, as `signer.csr`.
fn requested(company: &Company) -> Kept {
    let kept = Kept::made(0);
    let requested = kept.folder.request(ORG, false).expect("a request");
    assert!(requested.new);
    company.write("signer.csr", &requested.pem);
    kept
}

#[test]
fn a_request_says_what_evidence_needs_and_is_the_same_until_another_is_wanted() {
    let company = Company::new();
    let kept = requested(&company);
    let said = must(company.path(), "openssl req -in signer.csr -noout -text -verify");
    for part in [
        "verify OK",
        "O = CARTIE",
        "prime256v1",
        "Digital Signature, Non Repudiation",
        "E-mail Protection",
        "1.3.6.1.5.5.7.3.36",
        "CA:FALSE",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let first = company.file("signer.csr");
    let again = kept.folder.request(ORG, false).expect("the same");
    assert!(!again.new && again.pem == fs::read_to_string(first).expect("a request"));
    assert!(kept.folder.state().expect("a state").awaiting);
    let anew = kept.folder.request(ORG, true).expect("another");
    assert!(anew.new && anew.pem != again.pem);
    kept.folder.open(LOG).expect("what is in use signs on meanwhile");
}

#[test]
fn a_certificate_of_the_companys_authority_signs_bundles_that_stock_openssl_verifies_under_its_root() {
    let company = Company::new();
    company.authority("policy", "root", "");
    company.authority("issuing", "policy", ",pathlen:0");
    let kept = requested(&company);
    let own = kept.keys();
    company.answer("signer", "issuing", USAGE, "");
    // The chain in either order, one of them in the signer's own file.
    company.write("signer.pem", &[company.pem("signer"), company.pem("policy")].concat());
    let brought = bring(&company, "signer", &["issuing"], Some("root"));
    let events = kept.folder.import(&brought, LOG, now(), "founder").expect("it does");
    assert!(matches!(&events[..], [root, signer] if root.event == Event::Imported
        && matches!(root.key, Key::Root(_)) && matches!(signer.key, Key::Signer(_))
        && root.replaces == Some(own.root_fingerprint()) && signer.replaces == Some(own.signer_fingerprint())));
    assert!(!kept.folder.state().expect("a state").awaiting);

    let keys = kept.keys();
    assert_eq!(keys.root_pem().trim(), company.pem("root").trim());
    assert_eq!(keys.vkey(), own.vkey(), "the ledger's key is the ledger's");
    let mut sample = Sample::with_keys(keys.clone());
    sample.seal_keys(&kept.folder);
    let bundle = sample.bundle().1;
    let report = verify(&bundle, &keys.anchors(ORG, Vec::new()).trust(), Moment::from(now()));
    assert!(report.verified(), "{}", wrong(&report));
    let (complete, said) = recipe(&bundle, &company.pem("root"), "");
    assert!(complete, "{said}");
    let (complete, _) = recipe(&bundle, &own.root_pem(), "");
    assert!(!complete, "the root before it is another's");
    let report = verify(&bundle, &own.anchors(ORG, Vec::new()).trust(), Moment::from(now()));
    assert!(wrong(&report).contains("another root"), "{}", wrong(&report));

    // What was in use before is kept: the certificates, and the old root's key, which is nobody's to throw away.
    let past = |what: &str, digest: &str| format!("history/{what}-{}", &digest[..16]);
    assert!(kept.text(&format!("{}.pem", past("signer", &own.signer_fingerprint()))).contains("BEGIN CERTIFICATE"));
    assert!(kept.text(&format!("{}.pem", past("root", &own.root_fingerprint()))).contains("BEGIN CERTIFICATE"));
    assert!(kept.text(&format!("{}.key", past("root", &own.root_fingerprint()))).contains("PRIVATE KEY"));
    assert!(!kept.file("root.key").exists());
    // An old bundle verifies with the anchors of its time.
    let before = Sample::with_keys(own.clone()).bundle().1;
    let report = verify(&before, &own.anchors(ORG, Vec::new()).trust(), Moment::from(now()));
    assert!(report.verified(), "{}", wrong(&report));

    // The next one, under the same root and issued by it directly.
    company.write("signer.csr", &kept.folder.request(ORG, false).expect("a request").pem);
    company.answer("signer", "root", USAGE, "");
    let events = kept.folder.import(&bring(&company, "signer", &[], None), LOG, now(), "founder").expect("it does");
    assert_eq!(events.len(), 1, "the root is the one in use");
    assert!(kept.keys().chain_names().is_empty() && !kept.file("chain.pem").exists());
}

#[test]
fn a_folder_may_begin_with_the_companys_certificate_and_a_pair_made_elsewhere() {
    let company = Company::new();
    let kept = Kept::empty();
    company.write("signer.csr", &kept.folder.request(ORG, false).expect("a request").pem);
    let refused = kept.folder.open_or_create(ORG, LOG, now(), "portal").err().expect("it waits").to_string();
    assert!(refused.contains("waits for a certificate") && refused.contains("key import"), "{refused}");
    company.answer("signer", "root", USAGE, "");
    let refused = kept.folder.import(&bring(&company, "signer", &[], None), LOG, now(), "founder");
    assert!(refused.expect_err("which root?").to_string().contains("--root FILE"));
    let events = kept.folder.import(&bring(&company, "signer", &[], Some("root")), LOG, now(), "founder");
    assert_eq!(events.expect("it does").len(), 3, "root, signer and a new key for the ledger");
    kept.keys();

    // A pair that was made elsewhere, its key encrypted there.
    let kept = Kept::under(Some("four words nobody guesses"));
    company.issue("pair", "root", P256, USAGE, "");
    must(company.path(), "openssl pkcs8 -topk8 -in pair.key -out pair.locked -passout 'pass:theirs and not ours'");
    let mut brought = bring(&company, "pair", &[], Some("root"));
    assert!(
        matches!(kept.folder.import(&brought, LOG, now(), "x"), Err(SignError::Refused(says)) if says.contains("--key FILE"))
    );
    brought.key = Some(company.file("pair.locked"));
    assert!(matches!(kept.folder.import(&brought, LOG, now(), "x"), Err(SignError::WrongPassphrase(_))));
    brought.key_passphrase = Passphrase::new("theirs and not ours");
    kept.folder.import(&brought, LOG, now(), "founder").expect("it does");
    assert!(kept.folder.state().expect("a state").in_clear.is_empty(), "it lies here under our own passphrase");
    kept.keys();
    must(company.path(), "openssl ec -in pair.key -out pair.sec1 2>/dev/null");
    brought.key = Some(company.file("pair.sec1"));
    let said = kept.folder.import(&brought, LOG, now(), "x").expect_err("SEC1").to_string();
    assert!(said.contains("openssl pkcs8 -topk8"), "{said}");
}

#[test]
fn an_answer_that_does_not_do_is_refused_by_name_and_changes_nothing() {
    let company = Company::new();
    company.root("other", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
    company.root("leaf", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n");
    company.authority("issuing", "root", "");
    let kept = requested(&company);
    let before = kept.names();
    let own = kept.keys().signer_fingerprint();
    let answer = |name: &str, issuer: &str, extensions: &str, how: &str| {
        fs::copy(company.file("signer.csr"), company.file(&format!("{name}.csr"))).expect("a copy");
        company.answer(name, issuer, extensions, how);
    };
    answer("good", "root", USAGE, "");
    answer("below", "issuing", USAGE, "");
    answer("strayed", "other", USAGE, "");
    answer("sha384", "root", USAGE, "-sha384");
    answer("mail", "root", "keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=emailProtection\n", "");
    answer("web", "root", "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n", "");
    answer("bare", "root", "subjectKeyIdentifier=hash\n", "");
    answer("authority", "root", &format!("basicConstraints=critical,CA:TRUE\n{USAGE}"), "");
    company.issue("pair", "root", P256, USAGE, "");
    company.write("text.pem", "Dear customer, your certificate is attached.\n");
    company.write("half.pem", &company.pem("good")[..300]);
    type Row<'a> = (&'a str, Import, &'a str);
    let table: Vec<Row<'_>> = vec![
        ("another key's", bring(&company, "pair", &[], Some("root")), "is not the key of"),
        ("of another authority", bring(&company, "strayed", &[], Some("root")), "not issued by the pinned root"),
        ("under our own root", bring(&company, "good", &[], None), "not issued by the pinned root"),
        ("its authority missing", bring(&company, "below", &[], Some("root")), "not issued by the pinned root"),
        ("an authority too many", bring(&company, "good", &["issuing"], Some("root")), "neither the signer's"),
        ("with SHA-384", bring(&company, "sha384", &[], Some("root")), "must use ECDSA P-256 with SHA-256"),
        ("for mail alone", bring(&company, "mail", &[], Some("root")), "documentSigning"),
        ("for the web", bring(&company, "web", &[], Some("root")), "nonRepudiation"),
        ("for nothing", bring(&company, "bare", &[], Some("root")), "nonRepudiation"),
        ("an authority's own", bring(&company, "authority", &[], Some("root")), "authority"),
        ("a root that is none", bring(&company, "good", &[], Some("leaf")), "not that of an authority"),
        ("a letter", bring(&company, "text", &[], Some("root")), "holds no certificate"),
        ("half of one", bring(&company, "half", &[], Some("root")), "holds no certificate"),
        ("no file", bring(&company, "nowhere", &[], Some("root")), "cannot be read"),
    ];
    for (what, brought, says) in table {
        let refused = kept.folder.import(&brought, LOG, now(), "x").expect_err(what).to_string();
        assert!(refused.contains(says), "{what}: {refused}");
        assert_eq!((kept.names(), kept.keys().signer_fingerprint()), (before.clone(), own.clone()), "{what}");
    }
    // Before its first day and after its last.
    for (days, says) in [(-10, "holds from"), (500, "holds from")] {
        let then = now() + chrono::TimeDelta::days(days);
        let refused = kept.folder.import(&bring(&company, "good", &[], Some("root")), LOG, then, "x");
        assert!(refused.expect_err("not then").to_string().contains(says));
    }
    kept.folder.import(&bring(&company, "good", &[], Some("root")), LOG, now(), "founder").expect("the good one");
    let again = kept.folder.import(&bring(&company, "good", &[], Some("root")), LOG, now(), "founder");
    assert!(again.expect_err("twice").to_string().contains("no certificate was requested"));
}

/// Chains that openssl makes and signs with, each wrong in one way, held against the pinned root as an auditor would.
#[test]
fn a_chain_that_is_wrong_anywhere_is_refused_by_name() {
    let company = Company::new();
    let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
    company.root("short", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n");
    for (name, issuer, more) in [
        ("a", "root", ""),
        ("b", "a", ""),
        ("c", "b", ""),
        ("d", "c", ""),
        ("ends", "root", ",pathlen:0"),
        ("under", "ends", ""),
        ("small", "short", ""),
    ] {
        company.authority(name, issuer, more);
    }
    company.issue("nobody", "root", P256, "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n", "");
    company.issue("unmarked", "root", P256, "keyUsage=critical,keyCertSign\n", "");
    company.issue("signs", "root", P256, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n", "");
    company.issue("useless", "root", P256, "basicConstraints=critical,CA:TRUE\n", "");
    company.issue("web", "root", P256, &format!("{authority}extendedKeyUsage=serverAuth\n"), "");
    company.issue("any", "root", P256, &format!("{authority}extendedKeyUsage=anyExtendedKeyUsage\n"), "");
    company.issue(
        "named",
        "root",
        P256,
        &format!("{authority}nameConstraints=critical,permitted;DNS:example.com\n"),
        "",
    );
    company.issue("p384", "root", "ec -pkeyopt ec_paramgen_curve:P-384", authority, "");
    company.issue("rsa", "root", "rsa:2048", authority, "");
    company.issue("sha512", "root", P256, authority, "-sha512");
    // The name of "a" with another key.
    must(
        company.path(),
        &format!("openssl req -new -newkey {P256} -nodes -keyout twin.key -out twin.csr -subj '/CN=Company a'"),
    );
    company.answer("twin", "root", authority, "");
    for issuer in [
        "root", "a", "b", "c", "d", "ends", "under", "small", "nobody", "unmarked", "signs", "useless", "web", "any",
        "named", "p384", "rsa", "sha512",
    ] {
        company.issue(&format!("of-{issuer}"), issuer, P256, USAGE, "");
    }

    let content = b"ab  data/x\n";
    fs::write(company.file("content"), content).expect("written");
    let root = |name: &str| Root::from_pem(&company.pem(name)).expect("a root");
    let signed = |signer: &str, chain: &[&str]| {
        company.write("chain.pem", &chain.iter().map(|name| company.pem(name)).collect::<String>());
        let certfile = if chain.is_empty() { "" } else { "-certfile chain.pem" };
        must(
            company.path(),
            &format!(
                "openssl cms -sign -binary -in content -outform DER -out p7s -nosmimecap -cades -md sha256 -signer of-{signer}.pem -inkey of-{signer}.key {certfile}"
            ),
        );
        fs::read(company.file("p7s")).expect("a signature")
    };
    for (signer, chain) in [
        ("root", &[][..]),
        ("a", &["a"][..]),
        ("c", &["c", "a", "b"][..]),
        ("ends", &["ends"][..]),
        ("any", &["any", "root"][..]),
    ] {
        let signer = signature::verify(&signed(signer, chain), content, &root("root"));
        let signer = signer.unwrap_or_else(|e| panic!("{chain:?}: {e}"));
        assert_eq!(signer.through.len(), chain.iter().filter(|n| **n != "root").count());
        assert!(signer.valid_at(Moment::from(now())).is_ok());
        let later = Moment::from(now() + chrono::TimeDelta::days(500));
        assert!(matches!(signer.valid_at(later), Err(SignatureError::NotValidThen { whose: "signer's", .. })));
    }
    for (what, signer, chain, says) in [
        ("a link missing", "b", &["b"][..], "not issued by the pinned root"),
        ("all links missing", "b", &[][..], "not issued by the pinned root"),
        ("a certificate to spare", "a", &["a", "ends"][..], "neither the signer's"),
        ("another root among them", "a", &["a", "short"][..], "not issued by the pinned root"),
        ("a link under another key", "a", &["twin"][..], "its issuer did not sign"),
        ("four authorities", "d", &["a", "b", "c", "d"][..], "longer than three"),
        ("one below the last allowed", "under", &["under", "ends"][..], "so many authorities below it"),
        ("an issuer that is no authority", "nobody", &["nobody"][..], "not that of an authority"),
        ("an issuer that does not say so", "unmarked", &["unmarked"][..], "not that of an authority"),
        ("an issuer for signatures", "signs", &["signs"][..], "may not sign certificates"),
        ("an issuer for nothing", "useless", &["useless"][..], "may not sign certificates"),
        ("an issuer for the web", "web", &["web"][..], "not for documents"),
        ("an issuer with constraints", "named", &["named"][..], "critical extension that is not understood"),
        ("an issuer with another curve", "p384", &["p384"][..], "P-256"),
        ("an issuer with RSA", "rsa", &["rsa"][..], "must use ECDSA P-256 with SHA-256"),
        ("an issuer issued with SHA-512", "sha512", &["sha512"][..], "must use ECDSA P-256 with SHA-256"),
    ] {
        let found = signature::verify(&signed(signer, chain), content, &root("root"));
        let refused = found.expect_err(what).to_string();
        assert!(refused.contains(says), "{what}: {refused}");
    }
    let refused = signature::verify(&signed("small", &["small"]), content, &root("short")).expect_err("too deep");
    assert!(refused.to_string().contains("more authorities than its root allows"), "{refused}");
    // The certificates in an order that nobody writes: the same signature, another file.
    let good = signed("c", &["c", "a", "b"]);
    let ders = ["of-c", "a", "b", "c"].map(|name| {
        must(company.path(), &format!("openssl x509 -in {name}.pem -outform DER -out {name}.der"));
        fs::read(company.file(&format!("{name}.der"))).expect("a certificate")
    });
    let place = |der: &[u8]| good.windows(der.len()).position(|w| w == der).expect("it is in there");
    let (from, until) = (
        ders.iter().map(|der| place(der)).min().expect("four"),
        ders.iter().map(|der| place(der) + der.len()).max().expect("four"),
    );
    let mut backwards = ders.to_vec();
    backwards.sort_by_key(|der| std::cmp::Reverse(place(der)));
    let reordered = [&good[..from], &backwards.concat(), &good[until..]].concat();
    assert_eq!(reordered.len(), good.len());
    let refused = signature::verify(&reordered, content, &root("root")).expect_err("out of order").to_string();
    assert!(refused.contains("one canonical encoding"), "{refused}");
    // What openssl accepts where we do, it accepts too; and the chain that ends nowhere it refuses as we do.
    for (signer, chain, expected) in [("c", &["c", "a", "b"][..], true), ("b", &["b"][..], false)] {
        signed(signer, chain);
        let (content, said) = shell(
            company.path(),
            "openssl cms -verify -binary -inform DER -in p7s -content content -CAfile root.pem -purpose any -out /dev/null",
        );
        assert_eq!(content, expected, "{said}");
    }
}
