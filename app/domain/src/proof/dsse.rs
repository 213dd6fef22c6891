//! The bundle's statement for supply-chain tools: in-toto Statement v1 in a DSSE envelope.
//!
//! Sources: <https://github.com/secure-systems-lab/dsse> (protocol and envelope, v1),
//! <https://github.com/in-toto/attestation> (Statement v1). The same key signs it as signs the bundle,
//! ECDSA P-256 with SHA-256 in DER; its subject is the tag manifest, so it says nothing new: it lets
//! tools that read nothing else see which bytes were signed.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::proof::{
    layout::{Index, TAG_MANIFEST},
    signature::Signer,
};

pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// What the predicate means is written here: the bundle's id, company and period, and its ledger's head.
pub const PREDICATE_TYPE: &str = "urn:passmuster:evidence-bundle:v1";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    pub payload: String,
    pub payload_type: String,
    pub signatures: Vec<EnvelopeSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// SHA-256 of the signer's certificate, 64 lower-case hex digits.
    pub keyid: String,
    pub sig: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    #[error("not a DSSE envelope: {0}")]
    NotAnEnvelope(String),
    #[error("its payload is of another type: {0:?}")]
    PayloadType(String),
    #[error("it has {0} signatures, and must have one")]
    Signatures(usize),
    #[error("its key is not the one that signed the bundle")]
    OtherKey,
    #[error("its signature does not belong to its payload")]
    False,
    #[error("its statement is of another type")]
    StatementType,
    #[error("its subject is not this bundle's {TAG_MANIFEST}")]
    Subject,
    #[error("it says something else of the bundle than the index")]
    Predicate,
}

/// What is signed: the type and the payload with their lengths (DSSE protocol, PAE).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    [format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).as_bytes(), payload].concat()
}

/// The statement over a bundle, as canonical JSON.
pub fn statement(index: &Index, tagmanifest_sha256: &str) -> Vec<u8> {
    let statement = json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "name": TAG_MANIFEST, "digest": { "sha256": tagmanifest_sha256 } }],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "id": index.id, "org": index.org, "period": index.period, "madeAt": index.made_at, "log": index.log,
        },
    });
    serde_json_canonicalizer::to_vec(&statement).expect("a statement has only text and whole numbers")
}

/// The envelope; `sign` gives the DER of an ECDSA signature over its argument.
pub fn envelope(statement: &[u8], keyid: String, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let sig = STANDARD.encode(sign(&pae(PAYLOAD_TYPE, statement)));
    let envelope = Envelope {
        payload: STANDARD.encode(statement),
        payload_type: PAYLOAD_TYPE.to_owned(),
        signatures: vec![EnvelopeSignature { keyid, sig }],
    };
    let mut json = serde_json::to_vec(&envelope).expect("an envelope has only text");
    json.push(b'\n');
    json
}

/// Holds an envelope against the bundle it lies in, whose signer is known already.
pub fn verify(bytes: &[u8], index: &Index, tagmanifest_sha256: &str, signer: &Signer) -> Result<(), DsseError> {
    let not = |e: &dyn std::fmt::Display| DsseError::NotAnEnvelope(e.to_string());
    let envelope: Envelope = serde_json::from_slice(bytes).map_err(|e| not(&e))?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(DsseError::PayloadType(envelope.payload_type));
    }
    let [signature] = &envelope.signatures[..] else { return Err(DsseError::Signatures(envelope.signatures.len())) };
    if signature.keyid != signer.fingerprint {
        return Err(DsseError::OtherKey);
    }
    let payload = STANDARD.decode(&envelope.payload).map_err(|e| not(&e))?;
    let sig = STANDARD.decode(&signature.sig).map_err(|e| not(&e))?;
    if !signer.signed(&pae(PAYLOAD_TYPE, &payload), &sig) {
        return Err(DsseError::False);
    }
    if payload == statement(index, tagmanifest_sha256) {
        return Ok(());
    }
    // Which part differs: the signer itself wrote another statement.
    let found: serde_json::Value = serde_json::from_slice(&payload).map_err(|e| not(&e))?;
    let subject = json!([{ "name": TAG_MANIFEST, "digest": { "sha256": tagmanifest_sha256 } }]);
    Err(match () {
        () if found["_type"] != STATEMENT_TYPE || found["predicateType"] != PREDICATE_TYPE => DsseError::StatementType,
        () if found["subject"] != subject => DsseError::Subject,
        () => DsseError::Predicate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The protocol's own example.
    #[test]
    fn the_specifications_pre_authentication_encoding() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
