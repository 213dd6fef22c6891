//! Passkeys: what a browser and an authenticator say (WebAuthn level 3), read and checked strictly.
//!
//! One algorithm, ES256 (ECDSA P-256 with SHA-256), and no trust in attestations: who a key belongs to is said by
//! the ledger's entry of its registration. Portal, shell and page check a signature by this same code.
//! Source: <https://www.w3.org/TR/webauthn-3/>, sections 6.1, 7.1 and 7.2; RFC 9052 for the key.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use minicbor::{Decoder, data::Type};
use p256::{
    FieldBytes, Sec1Point,
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A credential's id, as WebAuthn bounds it.
const LONGEST_ID: usize = 1023;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    #[error("its {0} is missing or cannot be read")]
    Part(&'static str),
    #[error("its {0} is another than expected")]
    Other(&'static str),
    #[error("the person was not verified by the device")]
    NotVerified,
    #[error("the signature does not belong to the key and the bytes signed")]
    False,
}

use PasskeyError::{Other, Part};

/// Bytes as base64url without padding, as WebAuthn's JSON has them.
pub fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Back from base64url without padding; `None` for anything else.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// The two coordinates of an ES256 key, each 32 bytes in base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    pub x: String,
    pub y: String,
}

impl PublicKey {
    fn verifying(&self) -> Result<VerifyingKey, PasskeyError> {
        let wrong = || Part("public key");
        let side = |text: &str| {
            let bytes: Option<[u8; 32]> = from_base64url(text).and_then(|bytes| bytes.try_into().ok());
            bytes.map(FieldBytes::from).ok_or_else(wrong)
        };
        let point = Sec1Point::from_affine_coordinates(&side(&self.x)?, &side(&self.y)?, false);
        VerifyingKey::from_sec1_point(&point).map_err(|_| wrong())
    }
}

/// Where a ceremony takes place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The relying party: a host name without a port.
    pub rp_id: String,
    /// "https://evidence.example.com"; the browser's own word for the page, compared to the letter.
    pub origins: Vec<String>,
}

/// A new passkey, as its registration shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// In base64url.
    pub id: String,
    pub key: PublicKey,
    /// Signatures made so far, where the authenticator counts.
    pub count: u32,
    /// Whether it may be copied to the person's other devices.
    pub backup_eligible: bool,
}

/// What a true assertion tells besides being true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    pub count: u32,
    pub backup_eligible: bool,
}

/// Checks a registration against the challenge that was given out (WebAuthn section 7.1).
pub fn register(
    place: &Place,
    challenge: &[u8],
    client_data: &[u8],
    attestation_object: &[u8],
) -> Result<Registered, PasskeyError> {
    said(client_data, "webauthn.create", challenge, place)?;
    credential(place, attestation_object)
}

/// Checks a registration that was kept. Its challenge was used up when it was made and is not asked for again.
pub fn registered(place: &Place, client_data: &[u8], attestation_object: &[u8]) -> Result<Registered, PasskeyError> {
    let challenge = ClientData::read(client_data)?.challenge;
    let challenge = from_base64url(&challenge).ok_or(Part("client data"))?;
    register(place, &challenge, client_data, attestation_object)
}

/// The page on which the browser says it was; nothing is checked by this.
pub fn origin(client_data: &[u8]) -> Option<String> {
    ClientData::read(client_data).ok().map(|said| said.origin)
}

fn credential(place: &Place, attestation_object: &[u8]) -> Result<Registered, PasskeyError> {
    let data = Data::read(auth_data(attestation_object)?)?;
    data.held(place)?;
    let (id, key) = data.credential.as_ref().ok_or(Part("credential"))?;
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(Part("credential's id"));
    }
    // Refuses a point that is not on the curve.
    key.verifying()?;
    let backup_eligible = data.flags & Data::BACKUP_ELIGIBLE != 0;
    Ok(Registered { id: base64url(id), key: key.clone(), count: data.count, backup_eligible })
}

/// Checks an assertion by a known key (WebAuthn section 7.2). The caller knows whose key it is, and that the
/// challenge was given out for this and not used before.
pub fn assert(
    place: &Place,
    challenge: &[u8],
    key: &PublicKey,
    client_data: &[u8],
    authenticator_data: &[u8],
    signature: &[u8],
) -> Result<Asserted, PasskeyError> {
    said(client_data, "webauthn.get", challenge, place)?;
    let data = Data::read(authenticator_data)?;
    data.held(place)?;
    let signature = Signature::from_der(signature).map_err(|_| Part("signature"))?;
    let message = [authenticator_data, &Sha256::digest(client_data)[..]].concat();
    key.verifying()?.verify(&message, &signature).map_err(|_| PasskeyError::False)?;
    Ok(Asserted { count: data.count, backup_eligible: data.flags & Data::BACKUP_ELIGIBLE != 0 })
}

/// What the browser says it did. Further members may come with later browsers.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

impl ClientData {
    fn read(bytes: &[u8]) -> Result<Self, PasskeyError> {
        serde_json::from_slice(bytes).map_err(|_| Part("client data"))
    }
}

fn said(client_data: &[u8], kind: &str, challenge: &[u8], place: &Place) -> Result<(), PasskeyError> {
    let said = ClientData::read(client_data)?;
    if said.kind != kind {
        return Err(Other("type"));
    }
    if from_base64url(&said.challenge).as_deref() != Some(challenge) {
        return Err(Other("challenge"));
    }
    if said.cross_origin || !place.origins.contains(&said.origin) {
        return Err(Other("origin"));
    }
    Ok(())
}

/// `rpIdHash 32 | flags 1 | signCount 4, big-endian | attested credential data | extensions`
struct Data<'a> {
    rp_id_hash: &'a [u8; 32],
    flags: u8,
    count: u32,
    credential: Option<(&'a [u8], PublicKey)>,
}

impl<'a> Data<'a> {
    const PRESENT: u8 = 0x01;
    const VERIFIED: u8 = 0x04;
    const BACKUP_ELIGIBLE: u8 = 0x08;
    const BACKED_UP: u8 = 0x10;
    const ATTESTED: u8 = 0x40;
    const EXTENDED: u8 = 0x80;

    fn read(bytes: &'a [u8]) -> Result<Self, PasskeyError> {
        const CUT: PasskeyError = Part("authenticator data");
        let (rp_id_hash, rest) = bytes.split_first_chunk::<32>().ok_or(CUT)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(CUT)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
        let mut credential = None;
        if flags & Self::ATTESTED != 0 {
            let (_authenticator, after) = rest.split_first_chunk::<16>().ok_or(CUT)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(CUT)?;
            let (id, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(CUT)?;
            let mut key = Decoder::new(after);
            credential = Some((id, es256(&mut key)?));
            rest = after.get(key.position()..).ok_or(CUT)?;
        }
        if flags & Self::EXTENDED != 0 {
            let mut extensions = Decoder::new(rest);
            extensions.skip().map_err(|_| CUT)?;
            rest = rest.get(extensions.position()..).ok_or(CUT)?;
        }
        if !rest.is_empty() {
            return Err(CUT);
        }
        Ok(Self { rp_id_hash, flags, count: u32::from_be_bytes(*count), credential })
    }

    /// For this relying party, by a person who was present and verified.
    fn held(&self, place: &Place) -> Result<(), PasskeyError> {
        if self.rp_id_hash[..] != Sha256::digest(place.rp_id.as_bytes())[..] {
            return Err(Other("relying party"));
        }
        if self.flags & Self::PRESENT == 0 || self.flags & Self::VERIFIED == 0 {
            return Err(PasskeyError::NotVerified);
        }
        if self.flags & Self::BACKED_UP != 0 && self.flags & Self::BACKUP_ELIGIBLE == 0 {
            return Err(Part("backup state"));
        }
        Ok(())
    }
}

/// A COSE key of ES256: kty 2, alg -7, crv 1, x and y.
fn es256(key: &mut Decoder<'_>) -> Result<PublicKey, PasskeyError> {
    const WRONG: PasskeyError = Part("public key");
    let wrong = |_| WRONG;
    let members = key.map().map_err(wrong)?.ok_or(WRONG)?;
    let (mut kty, mut alg, mut crv, mut x, mut y) = (None, None, None, None, None);
    for _ in 0..members {
        match key.i64().map_err(wrong)? {
            1 => kty = Some(key.i64().map_err(wrong)?),
            3 => alg = Some(key.i64().map_err(wrong)?),
            -1 => crv = Some(key.i64().map_err(wrong)?),
            -2 => x = Some(key.bytes().map_err(wrong)?),
            -3 => y = Some(key.bytes().map_err(wrong)?),
            _ => key.skip().map_err(wrong)?,
        }
    }
    if (kty, alg, crv) != (Some(2), Some(-7), Some(1)) {
        return Err(Other("algorithm"));
    }
    let side = |bytes: Option<&[u8]>| bytes.filter(|b| b.len() == 32).map(base64url).ok_or(WRONG);
    Ok(PublicKey { x: side(x)?, y: side(y)? })
}

/// The authenticator's data within an attestation object, whose statement is not looked at: none was asked for.
fn auth_data(attestation_object: &[u8]) -> Result<&[u8], PasskeyError> {
    const WRONG: PasskeyError = Part("attestation object");
    let wrong = |_| WRONG;
    let mut object = Decoder::new(attestation_object);
    let members = object.map().map_err(wrong)?.ok_or(WRONG)?;
    let mut found = None;
    for _ in 0..members {
        match object.str().map_err(wrong)? {
            "authData" if object.datatype().map_err(wrong)? == Type::Bytes && found.is_none() => {
                found = Some(object.bytes().map_err(wrong)?);
            }
            _ => object.skip().map_err(wrong)?,
        }
    }
    if object.position() != attestation_object.len() {
        return Err(WRONG);
    }
    found.ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};

    // What Chromium 156 said with its own virtual authenticator.
    const OBJECT: &str = "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQECAwQFBgcIAQIDBAUGBwgAIKn2b79UsQxYUa8rIKelFJUZTcdkDjBwWU-D7jB60Z-dpQECAyYgASFYIH_LvIrDTvsFwR02kayfywKAQn0JqieO6sPvcdyPYmbKIlggPPbIP2bjnehecmblzdOaiRDhTAWPUYf4za5bvB7gMR4";
    const DATA: &str = "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg";
    const CLIENT: &str = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiY1JrSGtpSjZ5V3daS1BwOWhneTU0NENYdF9GTl9KdVUzLTlKUU53SldmRSIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6NDQyNjMiLCJjcm9zc09yaWdpbiI6ZmFsc2V9";
    const SIGNATURE: &str =
        "MEUCIGuHk1Ipg5eRkAGCgXK5qjOK44Ug3CM5JSUK6pXkgP3pAiEAsbNy_VStstYW6pGY9ubTDupdkDHkcA2FXy0E1dZyAJE";
    const CHALLENGE: &str = "cRkHkiJ6yWwZKPp9hgy544CXt_FN_JuU3-9JQNwJWfE";

    fn bytes(text: &str) -> Vec<u8> {
        from_base64url(text).expect("base64url")
    }

    fn place() -> Place {
        Place { rp_id: "localhost".into(), origins: vec!["http://localhost:44263".into()] }
    }

    fn chromiums_key() -> PublicKey {
        let object = bytes(OBJECT);
        let data = Data::read(auth_data(&object).expect("data")).expect("data");
        data.credential.expect("a credential").1
    }

    #[test]
    fn what_chromium_signed_holds_and_one_bent_byte_does_not() {
        let key = chromiums_key();
        let parts = [CLIENT, DATA, SIGNATURE].map(bytes);
        let check = |p: &[Vec<u8>; 3]| assert(&place(), &bytes(CHALLENGE), &key, &p[0], &p[1], &p[2]);
        assert_eq!(check(&parts), Ok(Asserted { count: 2, backup_eligible: false }));
        for part in 0..3 {
            for at in 0..parts[part].len() {
                let mut bent = parts.clone();
                bent[part][at] ^= 1;
                assert!(check(&bent).is_err(), "part {part}, byte {at}");
            }
        }
    }

    #[test]
    fn a_registration_gives_the_id_and_the_key_and_only_what_is_whole_reads() {
        let client = |kind: &str| {
            format!(r#"{{"type":"{kind}","challenge":"{CHALLENGE}","origin":"http://localhost:44263"}}"#).into_bytes()
        };
        let object = bytes(OBJECT);
        let register = |object: &[u8], kind: &str| register(&place(), &bytes(CHALLENGE), &client(kind), object);
        let made = register(&object, "webauthn.create").expect("a passkey");
        assert_eq!((made.id.as_str(), made.count), ("qfZvv1SxDFhRrysgp6UUlRlNx2QOMHBZT4PuMHrRn50", 1));
        assert_eq!(made.key, chromiums_key());
        assert_eq!(register(&object, "webauthn.get"), Err(Other("type")), "an assertion is no registration");
        assert_eq!(registered(&place(), &client("webauthn.create"), &object), Ok(made), "the same, kept");
        assert_eq!(registered(&place(), &client("webauthn.get"), &object), Err(Other("type")));
        for len in 0..object.len() {
            assert!(register(&object[..len], "webauthn.create").is_err(), "cut at {len}");
        }
        let longer = [&object[..], b"\0"].concat();
        assert!(register(&longer, "webauthn.create").is_err(), "a byte more");
    }

    /// An authenticator of the test's own, which says whatever is wanted.
    fn signed(rp_id: &str, flags: u8, more: &[u8], client: &str) -> (PublicKey, Vec<u8>, Vec<u8>, Vec<u8>) {
        let secret = SigningKey::from_slice(&[7; 32]).expect("a key");
        let point = secret.verifying_key().to_sec1_point(false);
        let key = PublicKey { x: base64url(point.x().expect("x")), y: base64url(point.y().expect("y")) };
        let data = [&Sha256::digest(rp_id)[..], &[flags], &5u32.to_be_bytes(), more].concat();
        let message = [&data[..], &Sha256::digest(client)[..]].concat();
        let signature: DerSignature = secret.sign(&message);
        (key, client.as_bytes().to_vec(), data, signature.as_bytes().to_vec())
    }

    #[test]
    fn what_is_truly_signed_and_not_what_was_asked_is_refused_by_name() {
        let client = |kind: &str, challenge: &[u8], origin: &str, more: &str| {
            let challenge = base64url(challenge);
            format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#)
        };
        const ORIGIN: &str = "http://localhost:44263";
        let good = client("webauthn.get", b"asked", ORIGIN, r#","other_keys_can_be_added_here":"x""#);
        let table = [
            ("as asked", "localhost", 0x05, &b""[..], good.clone(), Ok(5)),
            ("another site", "evil.example", 0x05, b"", good.clone(), Err(Other("relying party"))),
            ("nobody verified", "localhost", 0x01, b"", good.clone(), Err(PasskeyError::NotVerified)),
            ("nobody there", "localhost", 0x04, b"", good.clone(), Err(PasskeyError::NotVerified)),
            ("backed up and not eligible", "localhost", 0x15, b"", good.clone(), Err(Part("backup state"))),
            ("bytes behind", "localhost", 0x05, b"x", good.clone(), Err(Part("authenticator data"))),
            ("extensions that are none", "localhost", 0x85, b"", good.clone(), Err(Part("authenticator data"))),
            (
                "a registration",
                "localhost",
                0x05,
                b"",
                client("webauthn.create", b"asked", ORIGIN, ""),
                Err(Other("type")),
            ),
            (
                "another challenge",
                "localhost",
                0x05,
                b"",
                client("webauthn.get", b"other", ORIGIN, ""),
                Err(Other("challenge")),
            ),
            (
                "another port",
                "localhost",
                0x05,
                b"",
                client("webauthn.get", b"asked", "http://localhost:1", ""),
                Err(Other("origin")),
            ),
            (
                "within a frame of another site",
                "localhost",
                0x05,
                b"",
                client("webauthn.get", b"asked", ORIGIN, r#","crossOrigin":true"#),
                Err(Other("origin")),
            ),
        ];
        for (what, rp_id, flags, more, client, expected) in table {
            let (key, client, data, signature) = signed(rp_id, flags, more, &client);
            let found = assert(&place(), b"asked", &key, &client, &data, &signature);
            assert_eq!(found.map(|a| a.count), expected, "{what}");
        }
        let (key, client, data, signature) = signed("localhost", 0x05, b"", &good);
        let other = chromiums_key();
        assert_eq!(assert(&place(), b"asked", &other, &client, &data, &signature), Err(PasskeyError::False));
        let off_curve = PublicKey { x: key.x.clone(), y: key.x };
        let refused = assert(&place(), b"asked", &off_curve, &client, &data, &signature);
        assert_eq!(refused, Err(Part("public key")));
    }
}
