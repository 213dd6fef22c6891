//! Somebody's device that signs statements: an [`Authenticator`] whose registration the test seals itself.

use domain::{
    Moment,
    passkey::Passkey,
    proof::passkey::{Place, base64url, register},
};
use p256::ecdsa::SigningKey;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;

/// A device with one passkey, for one place.
#[derive(Clone)]
pub struct Device {
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
    pub kind: Option<&'static str>,
    pub origin: Option<&'static str>,
    /// Present and verified are 0x05.
    pub flags: u8,
    /// Another device's key.
    pub seed: Option<u8>,
}

pub const STRAIGHT: Bent = Bent { kind: None, origin: None, flags: 0x05, seed: None };

impl Device {
    pub fn new(seed: u8, place: &Place) -> Self {
        Self { seed, place: place.clone() }
    }

    fn authenticator(&self) -> Authenticator {
        let origin = self.place.origins[0].clone();
        Authenticator { count: 0, counts: false, origin, ..Authenticator::new(self.seed) }
    }

    pub fn credential(&self) -> String {
        base64url(&self.authenticator().id)
    }

    /// Its registration, as the portal keeps it.
    pub fn passkey(&self, person: &str, name: &str, at: Moment) -> Passkey {
        let challenge = [1; 32];
        let options = json!({ "rp": { "id": self.place.rp_id }, "challenge": base64url(&challenge) });
        let made = self.authenticator().create(&options);
        let (client_data, object) =
            (text(&made["response"]["clientDataJSON"]), text(&made["response"]["attestationObject"]));
        let bytes = |text: &str| domain::proof::passkey::from_base64url(text).expect("base64url");
        let registered =
            register(&self.place, &challenge, &bytes(&client_data), &bytes(&object)).expect("a registration");
        Passkey {
            schema: 1,
            credential: registered.id,
            person: person.to_owned(),
            name: name.to_owned(),
            label: "Phone".to_owned(),
            key: registered.key,
            rp_id: self.place.rp_id.clone(),
            attestation_object: object,
            client_data,
            backup_eligible: registered.backup_eligible,
            revoked: None,
            occurred_at: at,
            by: name.to_owned(),
        }
    }

    pub fn sign(&self, challenge: &[u8]) -> Assertion {
        self.sign_bent(challenge, &STRAIGHT)
    }

    pub fn sign_bent(&self, challenge: &[u8], bent: &Bent) -> Assertion {
        let mut device = self.authenticator();
        (device.kind, device.flags) = (bent.kind, bent.flags);
        if let Some(origin) = bent.origin {
            device.origin = origin.to_owned();
        }
        if let Some(seed) = bent.seed {
            device.secret = SigningKey::from_slice(&[seed; 32]).expect("a key");
        }
        let got = device.get(&json!({ "challenge": base64url(challenge), "rpId": self.place.rp_id }));
        let part = |name: &str| text(&got["response"][name]);
        Assertion {
            client_data: part("clientDataJSON"),
            authenticator_data: part("authenticatorData"),
            signature: part("signature"),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
