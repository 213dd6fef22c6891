//! Sign-offs in a bundle: what holds and is told, and its forged twins, each sealed and signed by the company itself, so
//! that nothing but the passkeys and the ledger's order can tell.

use domain::{
    acceptance::Acceptance,
    checklist::Checklist,
    passkey::{Passkey, Revoked},
    proof::{
        anchors::Anchors,
        layout,
        passkey::{Place, base64url, from_base64url},
        signoff::{Decision, Document, Purpose, Signer, Statement, challenge},
        verify::{Report, Trust, verify},
    },
    record::Kind,
    role::Role,
    signoff::Signoff,
};

use super::{
    forged::{Files, edit, edit_lines, sign_again, wrong},
    sample::{Sample, moment, now, open, pack, trust},
};
use crate::device::{Assertion, Bent, Device, STRAIGHT};

const FILE: &str = "data/signoffs/signoffs.jsonl";
const DRILL: &str = "drill-2026-11-16";

pub fn place() -> Place {
    Place { rp_id: "evidence.example.com".into(), origins: vec!["https://evidence.example.com".into()] }
}

fn founders() -> Device {
    Device::new(7, &place())
}

fn operators() -> Device {
    Device::new(8, &place())
}

fn founder() -> Signer {
    Signer { id: "founder".into(), name: "The founder".into(), role: Role::Owner }
}

fn operator() -> Signer {
    Signer { id: "operator-1".into(), name: "Operator one".into(), role: Role::Operator }
}

/// What one sign-off is made of, open to forgery.
pub struct Signing {
    pub statement: Statement,
    pub by: Device,
    pub bent: Bent,
    /// What is sealed of it.
    pub seal: fn(&mut Signoff),
}

impl Sample {
    /// The sample with everything signed: the runbook, the drill by two people, an accepted risk.
    pub fn signed() -> Self {
        let mut sample = Self::new();
        sample.register_both();
        let acceptance = Acceptance {
            schema: 1,
            what: domain::acceptance::What::Risk,
            title: "One copy of the search index".into(),
            why: "It is built again from the data within an hour.".into(),
            until: moment("2027-05-31T23:59:59.999Z"),
            occurred_at: moment("2026-11-16T15:00:00Z"),
            by: "The founder".into(),
        };
        sample.seal("acceptances", Kind::Record, "A-1", &acceptance);
        sample.sign("S-1", |_| ());
        sample.sign("S-2", ran);
        sample.sign("S-3", owns);
        sample.sign("S-4", |s| {
            s.statement.purpose = Purpose::Accepts;
            s.statement.document = Document { id: "A-1".into(), version: "1".into(), sha256: String::new() };
        });
        sample
    }

    fn close_quarter(&mut self, version: &str) {
        let checklist = Checklist {
            schema: 1,
            quarter: "2026-Q4".into(),
            version: version.into(),
            items: Vec::new(),
            carried: Vec::new(),
            people: vec!["The founder".into()],
            demo: false,
            occurred_at: moment("2026-11-16T15:30:00Z"),
            by: "The founder".into(),
        };
        self.seal("checklists", Kind::Record, "2026-Q4", &checklist);
    }

    fn register_both(&mut self) {
        for (device, signer) in [(founders(), founder()), (operators(), operator())] {
            self.register(&device.passkey(&signer.id, &signer.name, moment("2026-02-01T09:00:00Z")));
        }
    }

    fn register(&mut self, passkey: &Passkey) -> u64 {
        self.seal("passkeys", Kind::Key, &passkey.credential, passkey)
    }

    /// A drill like the last one, filed after somebody signed it.
    fn file_later(&mut self) {
        self.file_changed("drill-later", |_| ());
    }

    /// The digest it will have: a drill's bytes do not depend on their place.
    fn digest_of_the_later() -> String {
        let mut sample = Self::new();
        sample.file_later();
        sample.digest("backup_drill_results", "drill-later").expect("it was filed")
    }

    /// Signs the runbook as its owner, with something changed, and seals it.
    pub fn sign(&mut self, id: &str, change: impl FnOnce(&mut Signing)) {
        let mut signing = Signing {
            statement: Statement {
                purpose: Purpose::Approves,
                decision: Decision::Approve,
                note: None,
                document: Document { id: "1.0".into(), version: "1.0".into(), sha256: String::new() },
                signer: founder(),
                time: "2026-11-16T16:00:00.000Z".into(),
                nonce: String::new(),
                rp_id: place().rp_id,
            },
            by: founders(),
            bent: STRAIGHT,
            seal: |_| (),
        };
        change(&mut signing);
        let Signing { mut statement, by, bent, seal } = signing;
        if statement.nonce.is_empty() {
            statement.nonce = base64url(&[u8::try_from(self.entries()).expect("a small sample"); 32]);
        }
        if statement.document.sha256.is_empty() {
            let digest = self.digest(statement.purpose.collection(), &statement.document.id);
            statement.document.sha256 = digest.unwrap_or_else(|| "ee".repeat(32));
        }
        let text = statement.text();
        let Assertion { client_data, authenticator_data, signature } = by.sign_bent(&challenge(&text), &bent);
        let mut signoff = Signoff {
            schema: 1,
            statement: text,
            client_data,
            authenticator_data,
            signature,
            credential: by.credential(),
            registration_seq: self.place_of("passkeys", &by.credential()).unwrap_or(0),
            occurred_at: statement.at().expect("a time"),
            by: statement.signer.name,
        };
        seal(&mut signoff);
        self.seal("signoffs", Kind::Signoff, id, &signoff);
    }
}

fn ran(s: &mut Signing) {
    s.statement.purpose = Purpose::Ran;
    s.statement.document = Document { id: DRILL.into(), version: "1".into(), sha256: String::new() };
    s.statement.signer = operator();
    s.by = operators();
}

fn owns(s: &mut Signing) {
    ran(s);
    s.statement.purpose = Purpose::Owns;
    s.statement.signer = founder();
    s.by = founders();
}

fn checked(sample: &Sample) -> Report {
    verify(&sample.bundle().1, &at_the_company(sample), now())
}

fn at_the_company(sample: &Sample) -> Trust {
    Trust { place: Some(place()), ..trust(&sample.keys) }
}

#[test]
fn sign_offs_in_a_bundle_are_told_one_by_one_with_what_they_do_not_show() {
    let sample = Sample::signed();
    let (_, bytes) = sample.bundle();
    let report = verify(&bytes, &at_the_company(&sample), now());
    assert!(report.verified(), "{:#?}", report.checks);
    let found =
        |what: &str| report.checks.iter().find(|c| c.what == what).map(|c| c.found.as_str()).unwrap_or_default();
    assert!(found("The sign-offs").starts_with("4, each over a document"), "{}", found("The sign-offs"));
    let digest = domain::words::short_digest(&sample.digest("runbooks", "1.0").expect("sealed"));
    assert_eq!(
        found("Sign-off S-1"),
        format!("The founder (owner) approved runbook 1.0 on 2026-11-16 16:00 UTC: № 0, {digest}.")
    );
    assert!(found("Sign-off S-2").starts_with("Operator one (operator) signed, as who ran it, drill drill-2026-11-16"));
    assert!(found("Sign-off S-4").contains("accepted acceptance A-1"));
    let said = report.not_proven.join("\n");
    assert!(said.contains("What the signers saw") && said.contains("Whose passkeys"), "{said}");
    assert!(!said.contains("own site") && !said.contains("two people"), "{said}");

    // Without anchors the place is the bundle's own word.
    let unpinned = verify(&bytes, &trust(&sample.keys), now());
    assert!(unpinned.verified(), "{}", wrong(&unpinned));
    let said = unpinned.not_proven.join("\n");
    assert!(said.contains("own site") && said.contains("https://evidence.example.com"), "{said}");

    // With them it is held against what the company said at the beginning.
    let anchors = sample.keys.anchors("CARTIE", Vec::new());
    let anchored = |place: Place| {
        let json = anchors.clone().signing_at(place).json();
        verify(&bytes, &Anchors::parse(&json).expect("anchors").trust(), now())
    };
    assert!(anchored(place()).verified());
    let elsewhere = anchored(Place { origins: vec!["https://evidence.example.org".into()], ..place() });
    assert!(wrong(&elsewhere).contains("its origin is another"), "{}", wrong(&elsewhere));

    let page = open(&bytes).text(layout::INDEX_PAGE);
    for part in ["runbook 1.0", "The founder, owner", "One copy of the search index", "signed by The founder"] {
        assert!(page.contains(part), "the offline page leaves out {part}");
    }
    assert!(open(&bytes).text(layout::START_HERE).contains("What the signers saw"));
}

#[test]
fn a_bundle_without_sign_offs_says_nothing_of_them() {
    let report = checked(&Sample::new());
    assert!(report.verified());
    assert!(report.checks.iter().all(|c| !c.what.contains("ign-off")), "{:#?}", report.checks);
    assert!(!report.not_proven.join("\n").contains("sign-off"), "{:#?}", report.not_proven);
}

#[test]
fn passkeys_of_who_signed_nothing_are_no_omission() {
    let mut sample = Sample::new();
    sample.register_both();
    sample.sign("S-1", |_| ());
    let mut parts = sample.parts();
    parts.records.retain(|r| r.id != operators().credential());
    let report = verify(&sample.bundle_of(&parts).1, &at_the_company(&sample), now());
    assert!(report.verified(), "{}", wrong(&report));
}

/// Of a version of the fourth quarter's checklist.
fn closes(signing: &mut Signing, version: &str) {
    signing.statement.purpose = Purpose::Closes;
    signing.statement.document = Document { id: "2026-Q4".into(), version: version.into(), sha256: String::new() };
}

#[test]
fn a_checklist_is_signed_over_the_version_that_was_closed() {
    let mut sample = Sample::new();
    sample.register_both();
    sample.close_quarter("2");
    sample.sign("S-1", |s| closes(s, "2"));
    let report = checked(&sample);
    assert!(report.verified(), "{}", wrong(&report));
    let told = report.checks.iter().find(|c| c.what == "Sign-off S-1").expect("told").found.clone();
    assert!(told.contains("signed version 2 of the checklist of 2026-Q4"), "{told}");
}

#[test]
fn two_signatures_by_one_person_are_said_to_be_that() {
    let mut sample = Sample::new();
    sample.register_both();
    sample.sign("S-1", owns);
    sample.sign("S-2", |s| {
        owns(s);
        s.statement.purpose = Purpose::Ran;
    });
    let report = checked(&sample);
    assert!(report.verified(), "{}", wrong(&report));
    assert!(report.not_proven.iter().any(|n| n.contains("two people signed drill drill-2026-11-16")));
}

#[test]
fn a_sign_off_that_is_none_is_refused_by_name_though_the_company_sealed_and_signed_it() {
    type Forge = fn(&mut Sample);
    let table: &[(&str, Forge, &str)] = &[
        (
            "moved to another document",
            |s| {
                s.sign("S-x", |s| {
                    s.seal =
                        |s| s.statement = s.statement.replace("\"id\":\"1.0\",\"sha256\"", "\"id\":\"2.0\",\"sha256\"");
                });
            },
            "its challenge is another",
        ),
        (
            "over bytes that are no document's",
            |s| s.sign("S-x", |s| s.statement.document.sha256 = "ab".repeat(32)),
            "signs other bytes than those sealed as 1.0",
        ),
        (
            "over a document that is not here",
            |s| s.sign("S-x", |s| s.statement.document.id = "9.9".into()),
            "signs 9.9 of runbooks, which is not in this bundle",
        ),
        (
            "of another version than the bytes",
            |s| s.sign("S-x", |s| s.statement.document.version = "1.1".into()),
            "names version 1.1 of 1.0, whose bytes are version 1.0",
        ),
        (
            "a checklist under another version",
            |s| {
                s.close_quarter("2");
                s.sign("S-x", |s| closes(s, "1"));
            },
            "names version 1 of 2026-Q4, whose bytes are version 2",
        ),
        (
            "a checklist by somebody who may not",
            |s| {
                s.close_quarter("1");
                s.sign("S-x", |s| {
                    closes(s, "1");
                    s.statement.signer = operator();
                    s.by = operators();
                });
            },
            "an operator may not sign this",
        ),
        (
            "a drill's signature for a runbook",
            |s| {
                s.sign("S-x", |s| s.statement.purpose = Purpose::Owns);
            },
            "which is not in this bundle",
        ),
        ("nobody verified", |s| s.sign("S-x", |s| s.bent.flags = 0x01), "not verified by the device"),
        ("nobody there", |s| s.sign("S-x", |s| s.bent.flags = 0x04), "not verified by the device"),
        (
            "on another site",
            |s| s.sign("S-x", |s| s.bent.origin = Some("https://evil.example")),
            "its origin is another",
        ),
        ("a registration", |s| s.sign("S-x", |s| s.bent.kind = Some("webauthn.create")), "its type is another"),
        ("by another key", |s| s.sign("S-x", |s| s.bent.seed = Some(9)), "does not belong to the key"),
        (
            "a statement altered",
            |s| {
                s.sign("S-x", |s| {
                    s.statement.note = Some("Good.".into());
                    s.seal = |s| s.statement = s.statement.replace("\"approve\"", "\"return\"");
                });
            },
            "its challenge is another",
        ),
        (
            "a note put in afterwards",
            |s| {
                s.sign("S-x", |s| {
                    s.seal = |s| s.statement = s.statement.replace(",\"purpose\"", ",\"note\":\"fine\",\"purpose\"");
                });
            },
            "its challenge is another",
        ),
        (
            "a time put back",
            |s| {
                s.sign("S-x", |s| {
                    s.seal = |s| {
                        s.statement = s.statement.replace("2026-11-16T16", "2026-11-15T16");
                        s.occurred_at = moment("2026-11-15T16:00:00Z");
                    };
                });
            },
            "its challenge is another",
        ),
        ("by somebody else", |s| s.sign("S-x", |s| s.statement.signer.id = "auditor".into()), "another person's"),
        (
            "by an operator, for the owner",
            |s| {
                s.sign("S-x", |s| {
                    s.statement.signer = operator();
                    s.by = operators();
                });
            },
            "an operator may not sign this",
        ),
        (
            "without its registration",
            |s| {
                s.sign("S-x", |s| s.by = Device::new(11, &place()));
            },
            "the registration of its passkey is not in this bundle",
        ),
        (
            "with a passkey registered later",
            |s| {
                s.sign("S-x", |s| s.by = Device::new(11, &place()));
                s.register(&Device::new(11, &place()).passkey("founder", "The founder", now()));
            },
            "was registered later",
        ),
        (
            "with another registration than it names",
            |s| {
                s.sign("S-x", |s| s.seal = |s| s.registration_seq = 2);
            },
            "and it names entry 2",
        ),
        (
            "with a passkey revoked before",
            |s| {
                let revoked = Some(Revoked { at: moment("2026-11-16T15:30:00Z"), by: "The founder".into() });
                let passkey = founders().passkey("founder", "The founder", moment("2026-02-01T09:00:00Z"));
                s.register(&Passkey { revoked, ..passkey });
                s.sign("S-x", |s| {
                    // The registration itself, not its end.
                    s.seal = |s| s.registration_seq = 9;
                });
            },
            "was revoked before, by entry",
        ),
        (
            "with a nonce used before",
            |s| {
                s.sign("S-w", |s| s.statement.nonce = base64url(&[0x77; 32]));
                s.sign("S-x", |s| s.statement.nonce = base64url(&[0x77; 32]));
            },
            "its nonce was used before, by s-w",
        ),
        (
            "before its document",
            |s| {
                s.sign("S-x", |s| {
                    ran(s);
                    s.statement.document.id = "drill-later".into();
                    s.statement.document.sha256 = Sample::digest_of_the_later();
                });
                s.file_later();
            },
            "sealed before its document",
        ),
        (
            "that is no sign-off",
            |s| {
                s.seal("signoffs", Kind::Signoff, "S-x", &serde_json::json!({ "schema": 1 }));
            },
            "",
        ),
    ];
    for (what, forge, expected) in table {
        let mut sample = Sample::new();
        sample.register_both();
        forge(&mut sample);
        if expected.is_empty() {
            // It has no parts to lie beside it: there is no bundle to refuse.
            assert!(sample.gathered(&sample.parts()).is_err(), "{what}");
            continue;
        }
        let report = checked(&sample);
        assert!(!report.verified(), "{what} passed");
        assert!(wrong(&report).contains(&expected.to_lowercase()), "{what}: {}", wrong(&report));
        assert!(wrong(&report).starts_with("the sign-offs: sign-off s-x"), "{what}: {}", wrong(&report));
    }
}

#[test]
fn files_beside_the_sealed_sign_offs_must_be_their_own_parts() {
    let sample = Sample::signed();
    let good = open(&sample.bundle().1);
    type Forge = fn(&mut Files);
    let table: &[(&str, Forge, &str)] = &[
        (
            "a statement of another kind",
            |f| edit(f, "data/signoffs/S-1/statement.json", |t| t.replace("approve", "return")),
            "statement.json is not the part that was sealed",
        ),
        (
            "a signature of another",
            |f| {
                let other = f["data/signoffs/S-2/signature.der"].clone();
                f.insert("data/signoffs/S-1/signature.der".into(), other);
            },
            "signature.der is not the part that was sealed",
        ),
        (
            "a part missing",
            |f| drop(f.remove("data/signoffs/S-1/clientData.json")),
            "clientData.json is not the part that was sealed",
        ),
        (
            "a sign-off nobody sealed",
            |f| drop(f.insert("data/signoffs/S-9/statement.json".into(), b"{}".to_vec())),
            "belongs to no sealed sign-off",
        ),
        ("a record altered", |f| edit(f, FILE, |t| t.replacen("The founder", "The fonder", 1)), "not what entry"),
        ("a record dropped", |f| edit_lines(f, FILE, |l| drop(l.pop())), "the index says"),
    ];
    for (what, forge, expected) in table {
        let mut files = good.files.clone();
        forge(&mut files);
        sign_again(&mut files, &sample.keys);
        let report = verify(&pack(&good.folder, &files), &at_the_company(&sample), now());
        assert!(!report.verified(), "{what} passed");
        assert!(wrong(&report).contains(&expected.to_lowercase()), "{what}: {}", wrong(&report));
    }
}

/// The parts are what WebAuthn says they are: a tool that knows nothing of us agrees.
#[test]
fn openssl_agrees_that_the_passkey_signed() {
    use p256::pkcs8::{EncodePublicKey, LineEnding};
    let good = open(&Sample::signed().bundle().1);
    let dir = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).expect("a file");
    let passkey = founders().passkey("founder", "The founder", now()).key;
    let sides = [passkey.x, passkey.y].map(|side| from_base64url(&side).expect("base64url"));
    let point = [&[4][..], &sides[0], &sides[1]].concat();
    let key = p256::PublicKey::from_sec1_bytes(&point).expect("a key");
    put("key.pem", key.to_public_key_pem(LineEnding::LF).expect("PEM").as_bytes());
    for part in ["statement.json", "clientData.json", "authenticatorData.bin", "signature.der"] {
        put(part, &good.files[&format!("data/signoffs/S-1/{part}")]);
    }
    let check = "cat authenticatorData.bin <(openssl dgst -sha256 -binary clientData.json) |
        openssl dgst -sha256 -verify key.pem -signature signature.der &&
        { printf 'passmuster-signoff/v1\\n'; cat statement.json; } | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=\\n' |
        grep -qFf - clientData.json && echo challenged";
    let run = || {
        let done = std::process::Command::new("bash").args(["-c", check]).current_dir(dir.path()).output();
        String::from_utf8(done.expect("bash").stdout).expect("text")
    };
    assert_eq!(run(), "Verified OK\nchallenged\n");
    let altered = String::from_utf8(good.files["data/signoffs/S-1/statement.json"].clone()).expect("text");
    put("statement.json", altered.replace("approve\"", "return\"").as_bytes());
    assert_eq!(run(), "Verified OK\n", "the signature is over another statement");
}
