//! What an auditor is handed once, outside every bundle: `anchors.json`.
//!
//! With it a bundle is held against keys that did not come with it. Two digests are enough: the root
//! certificate itself lies in each bundle, and the log's key is its own name.

use serde::{Deserialize, Serialize};

use crate::proof::{
    checkpoint::{CheckpointError, VerifierKey},
    hash_from_hex,
    verify::Trust,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anchors {
    /// 1
    pub schema: u32,
    /// The company: "CARTIE".
    pub org: String,
    /// SHA-256 over the root certificate's DER, 64 lower-case hex digits, as `openssl x509 -fingerprint -sha256` prints.
    pub root_sha256: String,
    /// The ledger's C2SP verifier key.
    pub log_vkey: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorsError {
    #[error("not anchors: {0}")]
    NotAnchors(String),
    #[error("the anchors have schema {0}, and this verifier reads 1")]
    Schema(u32),
    #[error("rootSha256 is not 64 lower-case hex digits")]
    Root,
    #[error("logVkey: {0}")]
    Vkey(#[from] CheckpointError),
}

impl Anchors {
    pub fn parse(json: &str) -> Result<Self, AnchorsError> {
        let anchors: Self = serde_json::from_str(json).map_err(|e| AnchorsError::NotAnchors(e.to_string()))?;
        if anchors.schema != 1 {
            return Err(AnchorsError::Schema(anchors.schema));
        }
        hash_from_hex(&anchors.root_sha256).ok_or(AnchorsError::Root)?;
        VerifierKey::parse(&anchors.log_vkey)?;
        Ok(anchors)
    }

    /// As the file is handed over.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("anchors have only text and a number") + "\n"
    }

    /// Trust in these keys and in nothing else.
    pub fn trust(self) -> Trust {
        Trust { root_sha256: Some(self.root_sha256), vkey: Some(self.log_vkey), ..Trust::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn anchors_come_back_and_what_is_wrong_is_named() {
        let anchors = Anchors { schema: 1, org: "CARTIE".into(), root_sha256: "ab".repeat(32), log_vkey: VKEY.into() };
        let json = anchors.json();
        assert_eq!(Anchors::parse(&json), Ok(anchors));
        for (bad, says) in [
            (json.replace("abab", "ABAB"), "rootSha256"),
            (json.replace("c74f20a3", "c74f20a4"), "logVkey"),
            (json.replace("\"schema\": 1", "\"schema\": 2"), "schema 2"),
            (json.replace("rootSha256", "rootSha1"), "unknown field"),
            (json.replacen("\"org\"", "\"schema\": 1, \"org\"", 1), "duplicate"),
            ("-----BEGIN CERTIFICATE-----".to_owned(), "not anchors"),
        ] {
            let error = Anchors::parse(&bad).expect_err("it is refused").to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
