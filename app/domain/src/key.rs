//! A signing key as the ledger knows it: what it is, since when, and what it took the place of.
//!
//! The collection `keys` holds one such record for each key that came into use and one for each that
//! was retired. It must never hold secret material: a fingerprint or a public key, and nothing more.

use serde::{Deserialize, Serialize};

use crate::{Moment, proof::runner};

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyEvent {
    /// 1
    pub schema: u32,
    #[serde(flatten)]
    pub key: Key,
    pub event: Event,
    /// The key before it: a fingerprint or a verifier key, as [`Key::public`] gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    pub occurred_at: Moment,
    pub by: String,
}

/// Which key, by its public part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum Key {
    /// The root certificate that every signer leads to.
    Root(CertificateSaid),
    /// The certificate whose key signs bundles.
    Signer(CertificateSaid),
    /// The key that signs the ledger's heads, as a C2SP verifier key.
    Log { vkey: String },
    /// The key a runner signs its records with: Ed25519, 32 bytes in base64.
    Runner { name: String, public: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSaid {
    /// SHA-256 over the certificate's DER, 64 lower-case hex digits.
    pub fingerprint: String,
    /// "CN=CARTIE evidence signer,O=CARTIE"
    pub name: String,
    pub from: Moment,
    pub until: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// The first of its kind in this folder of keys.
    Made,
    /// Made to take another's place.
    Rotated,
    /// Issued by the company's own authority, or brought from elsewhere.
    Imported,
    /// In use, and nothing says how it came there: keys made before there was a record of them.
    Found,
    /// No longer in use.
    Retired,
}

impl Key {
    /// "root", "signer", "log"
    pub fn word(&self) -> &'static str {
        match self {
            Key::Root(_) => "root",
            Key::Signer(_) => "signer",
            Key::Log { .. } => "log",
            Key::Runner { .. } => "runner",
        }
    }

    /// The certificate's fingerprint, or the verifier key.
    pub fn public(&self) -> &str {
        match self {
            Key::Root(said) | Key::Signer(said) => &said.fingerprint,
            Key::Log { vkey } => vkey,
            Key::Runner { public, .. } => public,
        }
    }
}

impl KeyEvent {
    /// The record's name, the same whoever writes it, so that a key's beginning is sealed once.
    ///
    /// "signer-18dbd25f0c1e44aa", "log-c74f20a3", "log-c74f20a3-retired"
    pub fn id(&self) -> String {
        let short: String = match &self.key {
            Key::Root(said) | Key::Signer(said) => said.fingerprint.chars().take(16).collect(),
            Key::Log { vkey } => vkey.split('+').nth(1).unwrap_or_default().to_owned(),
            Key::Runner { public, .. } => {
                runner::public_key(public).map(|key| runner::key_id(&key)).unwrap_or_default()
            }
        };
        let end = if self.event == Event::Retired { "-retired" } else { "" };
        format!("{}-{short}{end}", self.key.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(key: Key, event: Event) -> KeyEvent {
        let occurred_at = Moment::from_millis(0).expect("the epoch");
        KeyEvent { schema: 1, key, event, replaces: None, occurred_at, by: "portal".into() }
    }

    #[test]
    fn a_key_has_one_name_for_its_beginning_and_one_for_its_end() {
        let log = Key::Log { vkey: "passmuster.example/cartie+c74f20a3+AQ==".into() };
        for how in [Event::Made, Event::Rotated, Event::Found] {
            assert_eq!(event(log.clone(), how).id(), "log-c74f20a3");
        }
        assert_eq!(event(log, Event::Retired).id(), "log-c74f20a3-retired");
        let (from, until) = (Moment::from_millis(0).expect("a time"), Moment::from_millis(1).expect("a time"));
        let said = CertificateSaid { fingerprint: "ab".repeat(32), name: "CN=x".into(), from, until };
        assert_eq!(event(Key::Signer(said), Event::Made).id(), "signer-abababababababab");
    }

    #[test]
    fn an_event_comes_back_as_it_was_written() {
        let log = event(Key::Log { vkey: "a+b+c".into() }, Event::Retired);
        let json = serde_json::to_string(&log).expect("text");
        assert!(json.contains("\"what\":\"log\"") && json.contains("\"event\":\"retired\""), "{json}");
        assert_eq!(serde_json::from_str::<KeyEvent>(&json).expect("an event"), log);
    }
}
