//! A device of the tests' own that holds one passkey, and lies where it is told to.

use domain::proof::passkey::{base64url, from_base64url};
use p256::ecdsa::{DerSignature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const ORIGIN: &str = "http://portal.test";

pub struct Authenticator {
    pub secret: SigningKey,
    pub id: Vec<u8>,
    /// Signatures made so far.
    pub count: u32,
    /// A passkey that is synced to several devices does not count.
    pub counts: bool,
    /// What it says it was asked for, in place of the truth.
    pub kind: Option<&'static str>,
    /// Present, and the person verified.
    pub flags: u8,
    pub origin: String,
    /// What the portal called the person at registration.
    pub handle: Option<String>,
}

impl Authenticator {
    /// `seed` tells devices apart.
    pub fn new(seed: u8) -> Self {
        let secret = SigningKey::from_slice(&[seed; 32]).expect("a key");
        let (id, origin) = (vec![seed; 32], ORIGIN.to_owned());
        Self { secret, id, count: 1, counts: true, kind: None, flags: 0x05, origin, handle: None }
    }

    /// `navigator.credentials.create`, as `toJSON` gives it.
    pub fn create(&mut self, options: &Value) -> Value {
        self.handle = options["user"]["id"].as_str().map(str::to_owned);
        let rp_id = options["rp"]["id"].as_str().expect("a relying party");
        let point = self.secret.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().expect("x"), point.y().expect("y"));
        let length = u16::try_from(self.id.len()).expect("short").to_be_bytes();
        // A COSE key of ES256 in CTAP2's canonical form.
        let key = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], x, &[0x22, 0x58, 32], y].concat();
        let data = [&self.data(rp_id, self.flags | 0x40)[..], &[0; 16], &length, &self.id, &key].concat();
        let head = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58";
        let object = [&head[..], &[u8::try_from(data.len()).expect("short")], &data].concat();
        json!({
            "id": base64url(&self.id), "rawId": base64url(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(self.said("webauthn.create", options).as_bytes()),
                "attestationObject": base64url(&object), "transports": ["internal"],
            },
        })
    }

    /// `navigator.credentials.get`.
    pub fn get(&mut self, options: &Value) -> Value {
        self.count += u32::from(self.counts);
        let said = self.said("webauthn.get", options);
        let data = self.data(options["rpId"].as_str().expect("a relying party"), self.flags);
        let signature: DerSignature = self.secret.sign(&[&data[..], &Sha256::digest(&said)[..]].concat());
        json!({
            "id": base64url(&self.id), "rawId": base64url(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(said.as_bytes()), "authenticatorData": base64url(&data),
                "signature": base64url(signature.as_bytes()), "userHandle": self.handle,
            },
        })
    }

    fn said(&self, kind: &str, options: &Value) -> String {
        let challenge = options["challenge"].as_str().expect("a challenge");
        assert!(from_base64url(challenge).is_some_and(|bytes| bytes.len() == 32));
        let kind = self.kind.unwrap_or(kind);
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{}","crossOrigin":false}}"#, self.origin)
    }

    fn data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        [&Sha256::digest(rp_id)[..], &[flags], &self.count.to_be_bytes()].concat()
    }
}
