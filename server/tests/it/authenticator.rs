//! An authenticator of the tests' own: a key that signs what it is asked to, and what none should.

use domain::{
    Moment,
    passkey::Passkey,
    proof::passkey::{Place, PublicKey, base64url},
};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};

/// A device with one passkey.
#[derive(Clone)]
pub struct Authenticator {
    seed: u8,
    place: Place,
}

/// What browser and device say together, each part in base64url.
#[derive(Clone, Debug)]
pub struct Assertion {
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
}

/// Where it says something else than it should.
#[derive(Clone, Debug)]
pub struct Bent {
    pub kind: &'static str,
    pub origin: Option<&'static str>,
    /// Present and verified are 0x05.
    pub flags: u8,
    /// Another device's key.
    pub seed: Option<u8>,
}

pub const STRAIGHT: Bent = Bent { kind: "webauthn.get", origin: None, flags: 0x05, seed: None };

impl Authenticator {
    pub fn new(seed: u8, place: &Place) -> Self {
        Self { seed, place: place.clone() }
    }

    fn secret(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).expect("a key")
    }

    pub fn credential(&self) -> String {
        base64url(&[self.seed; 16])
    }

    fn client_data(&self, kind: &str, challenge: &[u8], origin: Option<&str>) -> String {
        let (challenge, origin) = (base64url(challenge), origin.unwrap_or(&self.place.origins[0]));
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#)
    }

    /// Its registration, as the portal keeps it.
    pub fn passkey(&self, person: &str, name: &str, at: Moment) -> Passkey {
        let point = Self::secret(self.seed).verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().expect("x"), point.y().expect("y"));
        // COSE_Key: kty 2, alg -7, crv 1, x, y.
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20][..], x, &[0x22, 0x58, 0x20], y].concat();
        let rp = Sha256::digest(self.place.rp_id.as_bytes());
        let data = [&rp[..], &[0x45], &[0; 4], &[0; 16], &[0, 16], &[self.seed; 16], &key].concat();
        let length = u8::try_from(data.len()).expect("short");
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let object = [&b"\xa3cfmtdnonegattStmt\xa0hauthData\x58"[..], &[length], &data].concat();
        Passkey {
            schema: 1,
            credential: self.credential(),
            person: person.to_owned(),
            name: name.to_owned(),
            label: "Phone".to_owned(),
            key: PublicKey { x: base64url(x), y: base64url(y) },
            rp_id: self.place.rp_id.clone(),
            attestation_object: base64url(&object),
            client_data: base64url(self.client_data("webauthn.create", b"registered", None).as_bytes()),
            backup_eligible: false,
            revoked: None,
            occurred_at: at,
            by: name.to_owned(),
        }
    }

    pub fn sign(&self, challenge: &[u8]) -> Assertion {
        self.sign_bent(challenge, &STRAIGHT)
    }

    pub fn sign_bent(&self, challenge: &[u8], bent: &Bent) -> Assertion {
        let client = self.client_data(bent.kind, challenge, bent.origin);
        let rp = Sha256::digest(self.place.rp_id.as_bytes());
        // It does not count, as passkeys that are synced do not.
        let data = [&rp[..], &[bent.flags], &[0; 4]].concat();
        let message = [&data[..], &Sha256::digest(&client)[..]].concat();
        let signature: DerSignature = Self::secret(bent.seed.unwrap_or(self.seed)).sign(&message);
        Assertion {
            client_data: base64url(client.as_bytes()),
            authenticator_data: base64url(&data),
            signature: base64url(signature.as_bytes()),
        }
    }
}
