//! The runner's own signature over a record: that these facts are what the runner pushed, whatever holds them since.
//!
//! Ed25519 (RFC 8032) over `"passmuster-runner/v1\n" ‖ record`, the record as canonical JSON (RFC 8785) without
//! `_id`, without `signature`, and without `learnedAt` and a drill's `log`, which are the portal's word. This must never take a key from the
//! record itself: it is the one of a registration that the ledger holds.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature as Raw, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{draw::hex, ejson};

/// What keeps this use of the key apart from every other.
const CONTEXT: &[u8] = b"passmuster-runner/v1\n";

/// As it stands in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// [`key_id`] of the key.
    pub key: String,
    /// 64 bytes, base64.
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunnerError {
    #[error("the runner's key is not 32 bytes of Ed25519 in base64")]
    Key,
    #[error("the signature is by another key than the one registered")]
    OtherKey,
    #[error("the runner's signature does not hold over this record")]
    DoesNotHold,
    #[error("the record does not read as JSON")]
    NoRecord,
}

/// The first 16 hex digits of the key's SHA-256.
pub fn key_id(public: &[u8; 32]) -> String {
    hex(&<sha2::Sha256 as sha2::Digest>::digest(public))[..16].to_owned()
}

/// A public key from base64.
pub fn public_key(base64: &str) -> Result<[u8; 32], RunnerError> {
    let bytes = STANDARD.decode(base64).map_err(|_| RunnerError::Key)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| RunnerError::Key)?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| RunnerError::Key)?;
    Ok(bytes)
}

/// The bytes that are signed, of a record in everyday or in Extended JSON.
pub fn message(record: &Value) -> Result<Vec<u8>, RunnerError> {
    let mut plain = ejson::plain(record);
    let fields = plain.as_object_mut().ok_or(RunnerError::NoRecord)?;
    for added in ["_id", "signature", "learnedAt", "log"] {
        fields.remove(added);
    }
    let mut message = CONTEXT.to_vec();
    message.extend(serde_json_canonicalizer::to_vec(&plain).map_err(|_| RunnerError::NoRecord)?);
    Ok(message)
}

/// Whether a record carries a signature that holds, by the key that was registered.
pub fn verify(record: &Value, signature: &Signature, public: &[u8; 32]) -> Result<(), RunnerError> {
    if signature.key != key_id(public) {
        return Err(RunnerError::OtherKey);
    }
    let key = VerifyingKey::from_bytes(public).map_err(|_| RunnerError::Key)?;
    let raw = STANDARD.decode(&signature.value).map_err(|_| RunnerError::DoesNotHold)?;
    let raw = Raw::from_slice(&raw).map_err(|_| RunnerError::DoesNotHold)?;
    key.verify_strict(&message(record)?, &raw).map_err(|_| RunnerError::DoesNotHold)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signature_holds_over_the_record_in_either_json_and_over_no_other() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key().to_bytes();
        let pushed = json!({ "tenant": "a", "n": 3, "occurredAt": "2026-11-22T03:00:00Z" });
        let value = STANDARD.encode(key.sign(&message(&pushed).expect("a record")).to_bytes());
        let signature = Signature { key: key_id(&public), value };
        let sealed = json!({ "_id": "x", "tenant": "a", "n": { "$numberInt": "3" },
            "occurredAt": "2026-11-22T03:00:00Z", "learnedAt": "2026-11-22T03:00:09Z", "signature": { "key": "k" } });
        assert_eq!(verify(&pushed, &signature, &public), Ok(()));
        assert_eq!(verify(&sealed, &signature, &public), Ok(()));
        let mut forged = sealed.clone();
        forged["tenant"] = "b".into();
        assert_eq!(verify(&forged, &signature, &public), Err(RunnerError::DoesNotHold));
        let mut more = sealed.clone();
        more["extra"] = 1.into();
        assert_eq!(verify(&more, &signature, &public), Err(RunnerError::DoesNotHold));
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
        assert_eq!(verify(&sealed, &signature, &other), Err(RunnerError::OtherKey));
        let lying = Signature { key: key_id(&other), ..signature };
        assert_eq!(verify(&sealed, &lying, &other), Err(RunnerError::DoesNotHold));
    }
}
