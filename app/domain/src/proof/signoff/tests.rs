//! An authenticator of the tests' own, which signs whatever it is asked to.

use p256::ecdsa::{DerSignature, SigningKey, signature::Signer as _};
use proptest::prelude::*;

use super::*;
use crate::proof::passkey::{PublicKey, base64url};

const RP: &str = "evidence.example.com";
const ORIGIN: &str = "https://evidence.example.com";

fn place() -> Place {
    Place { rp_id: RP.into(), origins: vec![ORIGIN.into()] }
}

fn secret(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).expect("a key")
}

fn client(kind: &str, challenge: &[u8], origin: &str) -> String {
    format!(
        r#"{{"type":"webauthn.{kind}","challenge":"{}","origin":"{origin}","crossOrigin":false}}"#,
        base64url(challenge)
    )
}

/// A passkey registered at the place, of the person "founder".
fn registration(seed: u8) -> Passkey {
    let point = secret(seed).verifying_key().to_sec1_point(false);
    let (x, y) = (point.x().expect("x"), point.y().expect("y"));
    let id = [seed; 16];
    let cose = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20][..], &x[..], &[0x22, 0x58, 0x20], &y[..]].concat();
    let data = [&Sha256::digest(RP)[..], &[0x45], &0u32.to_be_bytes(), &[0; 16], &[0, 16], &id, &cose].concat();
    let length = u8::try_from(data.len()).expect("short");
    let object = [&b"\xa3cfmtdnonegattStmt\xa0hauthData\x58"[..], &[length], &data].concat();
    Passkey {
        schema: 1,
        credential: base64url(&id),
        person: "founder".into(),
        name: "The founder".into(),
        label: "Phone".into(),
        key: PublicKey { x: base64url(x), y: base64url(y) },
        rp_id: RP.into(),
        attestation_object: base64url(&object),
        client_data: base64url(client("create", b"registered", ORIGIN).as_bytes()),
        backup_eligible: false,
        revoked: None,
        occurred_at: at("2026-01-01T00:00:00Z"),
        by: "The founder".into(),
    }
}

fn at(text: &str) -> Moment {
    Moment::parse(text).expect("a time in the test")
}

fn statement() -> Statement {
    Statement {
        purpose: Purpose::Approves,
        decision: Decision::Approve,
        note: None,
        document: Document { id: "runbook-1.0".into(), version: "1.0".into(), sha256: "ab".repeat(32) },
        signer: Signer { id: "founder".into(), name: "The founder".into(), role: Role::Owner },
        time: "2026-11-16T17:05:00.000Z".into(),
        nonce: base64url(&[9; 32]),
        rp_id: RP.into(),
    }
}

/// What the authenticator is made to say besides the truth.
#[derive(Clone)]
struct Bent {
    kind: &'static str,
    origin: &'static str,
    rp: &'static str,
    flags: u8,
    seed: u8,
    challenged: Option<String>,
}

fn straight() -> Bent {
    Bent { kind: "get", origin: ORIGIN, rp: RP, flags: 0x05, seed: 7, challenged: None }
}

fn signed(statement: &Statement, bent: &Bent) -> Signoff {
    let text = statement.text();
    let client = client(bent.kind, &challenge(bent.challenged.as_deref().unwrap_or(&text)), bent.origin);
    let data = [&Sha256::digest(bent.rp)[..], &[bent.flags], &3u32.to_be_bytes()].concat();
    let message = [&data[..], &Sha256::digest(&client)[..]].concat();
    let signature: DerSignature = secret(bent.seed).sign(&message);
    Signoff {
        schema: 1,
        statement: text,
        client_data: base64url(client.as_bytes()),
        authenticator_data: base64url(&data),
        signature: base64url(signature.as_bytes()),
        credential: registration(7).credential,
        registration_seq: 4,
        occurred_at: statement.at().expect("a time"),
        by: statement.signer.name.clone(),
    }
}

/// Sealed by entry 4, and not ended.
fn sealed(passkey: Passkey) -> Registration {
    Registration { seq: 4, passkey, ended: None }
}

fn check(signoff: &Signoff) -> Result<Statement, SignoffError> {
    verify(signoff, 9, &sealed(registration(7)), Some(&place())).map(|held| held.statement)
}

#[test]
fn what_was_signed_holds_and_says_who_signed_which_bytes() {
    assert_eq!(check(&signed(&statement(), &straight())), Ok(statement()));
    let returned = Statement { decision: Decision::Return, note: Some("Step 3 is stale.".into()), ..statement() };
    assert_eq!(check(&signed(&returned, &straight())), Ok(returned));
}

#[test]
fn the_challenge_is_the_digest_of_the_context_and_the_statement() {
    // printf 'passmuster-signoff/v1\n{}' | sha256sum
    let expected = "b127a3aee595d8af6f605ac086072ca00d486632b54b754982bab2239e20eeb6";
    assert_eq!(crate::draw::hex(&challenge("{}")), expected);
}

#[test]
fn what_is_truly_signed_and_no_sign_off_is_refused_by_name() {
    use PasskeyError::{NotVerified, Other};
    let other = || Statement { document: Document { id: "runbook-9.9".into(), ..statement().document }, ..statement() };
    type Forge = Box<dyn Fn() -> Signoff>;
    let bent = |change: fn(&mut Bent)| -> Forge {
        Box::new(move || {
            let mut bent = straight();
            change(&mut bent);
            signed(&statement(), &bent)
        })
    };
    let said = |change: fn(&mut Statement)| -> Forge {
        Box::new(move || {
            let mut statement = statement();
            change(&mut statement);
            signed(&statement, &straight())
        })
    };
    let kept = |change: fn(&mut Signoff)| -> Forge {
        Box::new(move || {
            let mut signoff = signed(&statement(), &straight());
            change(&mut signoff);
            signoff
        })
    };
    let table: Vec<(&str, Forge, SignoffError)> = vec![
        ("a registration for a signature", bent(|b| b.kind = "create"), Other("type").into()),
        ("another site", bent(|b| b.origin = "https://evil.example"), Other("origin").into()),
        ("another relying party", bent(|b| b.rp = "evil.example"), Other("relying party").into()),
        ("nobody verified", bent(|b| b.flags = 0x01), NotVerified.into()),
        ("nobody there", bent(|b| b.flags = 0x04), NotVerified.into()),
        ("a key that can be copied now", bent(|b| b.flags = 0x0d), Other("backup eligibility").into()),
        ("another key", bent(|b| b.seed = 8), PasskeyError::False.into()),
        (
            "moved to another document",
            Box::new(move || {
                let moved = signed(&statement(), &straight());
                Signoff { statement: other().text(), ..moved }
            }),
            Other("challenge").into(),
        ),
        (
            "a challenge without its context",
            Box::new(|| {
                let text = statement().text();
                let plain = client("get", &Sha256::digest(&text), ORIGIN);
                let mut signoff = signed(&statement(), &straight());
                signoff.client_data = base64url(plain.as_bytes());
                signoff
            }),
            Other("challenge").into(),
        ),
        ("another person", said(|s| s.signer.id = "operator".into()), SignoffError::AnotherPerson),
        ("an auditor", said(|s| s.signer.role = Role::Auditor), SignoffError::Role("auditor")),
        ("an operator who approves", said(|s| s.signer.role = Role::Operator), SignoffError::Role("operator")),
        ("a statement for another site", said(|s| s.rp_id = "evil.example".into()), Other("relying party").into()),
        (
            "a return without a note",
            said(|s| s.decision = Decision::Return),
            SignoffError::Statement("it sends back without a note".into()),
        ),
        (
            "half a nonce",
            said(|s| s.nonce = base64url(&[9; 16])),
            SignoffError::Statement("its nonce is not 32 bytes in base64url".into()),
        ),
        (
            "a digest in capitals",
            said(|s| s.document.sha256 = "AB".repeat(32)),
            SignoffError::Statement("its document's digest is not 64 lower-case hex digits".into()),
        ),
        ("spaces in the statement", kept(|s| s.statement.insert(1, ' ')), SignoffError::NotCanonical),
        ("another credential", kept(|s| s.credential = "AAAA".into()), SignoffError::AnotherPasskey),
        ("another time beside it", kept(|s| s.occurred_at = at("2026-11-17T00:00:00Z")), SignoffError::Label),
        ("another name beside it", kept(|s| s.by = "Somebody".into()), SignoffError::Label),
        ("no base64url", kept(|s| s.signature.push('=')), SignoffError::Encoding("signature")),
    ];
    for (what, forge, expected) in table {
        assert_eq!(check(&forge()), Err(expected), "{what}");
    }
    let unknown = statement().text().replacen('{', r#"{"also":"this","#, 1);
    let signoff = Signoff { statement: unknown, ..signed(&statement(), &straight()) };
    assert!(matches!(check(&signoff), Err(SignoffError::Statement(e)) if e.contains("also")));
}

#[test]
fn a_registration_that_does_not_hold_carries_nothing() {
    let signoff = signed(&statement(), &straight());
    let with = |change: fn(&mut Passkey)| {
        let mut passkey = registration(7);
        change(&mut passkey);
        verify(&signoff, 9, &sealed(passkey), Some(&place())).map(|_| ())
    };
    assert_eq!(with(|_| ()), Ok(()));
    let object = |p: &mut Passkey| p.attestation_object = registration(8).attestation_object;
    assert_eq!(with(object), Err(SignoffError::Registration(PasskeyError::Other("public key"))));
    let got = |p: &mut Passkey| p.client_data = base64url(client("get", b"registered", ORIGIN).as_bytes());
    assert_eq!(with(got), Err(SignoffError::Registration(PasskeyError::Other("type"))));
    assert_eq!(with(|p| p.person = "operator".into()), Err(SignoffError::AnotherPerson));
    assert_eq!(with(|p| p.key = registration(8).key), Err(SignoffError::Passkey(PasskeyError::False)));
    assert_eq!(
        with(|p| p.rp_id = "evil.example".into()),
        Err(SignoffError::Passkey(PasskeyError::Other("relying party")))
    );
}

#[test]
fn the_ledger_holds_the_registration_before_the_sign_off_and_its_end_after_it() {
    let signoff = signed(&statement(), &straight());
    let at = |seq: u64, registered: u64, ended: Option<u64>| {
        let registration = Registration { seq: registered, passkey: registration(7), ended };
        verify(&signoff, seq, &registration, Some(&place())).map(|_| ())
    };
    assert_eq!(at(9, 4, None), Ok(()));
    assert_eq!(at(9, 4, Some(10)), Ok(()), "revoked afterwards");
    assert_eq!(at(9, 4, Some(8)), Err(SignoffError::Revoked(8)));
    assert_eq!(at(3, 4, None), Err(SignoffError::Later(4)));
    assert_eq!(at(9, 5, None), Err(SignoffError::Elsewhere(5, 4)));
}

#[test]
fn the_place_a_sign_off_names_is_taken_only_where_its_pages_belong_to_it() {
    for (origin, belongs) in [
        (ORIGIN, true),
        ("https://evidence.example.com:8443", true),
        ("https://eu.evidence.example.com", true),
        ("https://evil.example", false),
        ("https://evilevidence.example.com", false),
        ("evidence.example.com", false),
    ] {
        let signoff = signed(&statement(), &Bent { origin, ..straight() });
        let found = verify(&signoff, 9, &sealed(registration(7)), None);
        assert_eq!(found.is_ok(), belongs, "{origin}: {found:?}");
    }
}

proptest! {
    /// Whatever byte of whatever part is altered, nothing holds any more.
    #[test]
    fn one_altered_byte_anywhere_is_refused(part in 0usize..4, place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut signoff = signed(&statement(), &straight());
        let bend = |bytes: &mut Vec<u8>| {
            let at = place.index(bytes.len());
            bytes[at] ^= 1 << bit;
        };
        if part == 3 {
            let mut bytes = signoff.statement.clone().into_bytes();
            bend(&mut bytes);
            let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
            signoff.statement = text;
        } else {
            let text = [&mut signoff.client_data, &mut signoff.authenticator_data, &mut signoff.signature];
            let text = text.into_iter().nth(part).expect("one of three");
            let mut bytes = from_base64url(text).expect("base64url");
            bend(&mut bytes);
            *text = base64url(&bytes);
        }
        prop_assert!(check(&signoff).is_err());
    }
}
