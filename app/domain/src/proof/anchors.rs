//! What an auditor is handed once, outside every bundle: `anchors.json`.
//!
//! With it a bundle is held against keys that did not come with it. Of the root a digest is enough, since
//! each bundle carries it; the log's key is its own name; time authorities are pinned by their roots.

use serde::{Deserialize, Serialize};

use crate::proof::{
    checkpoint::{CheckpointError, VerifierKey},
    hash_from_hex,
    passkey::Place,
    timestamp::{Authorities, TimestampError},
    verify::Trust,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Anchors {
    /// 3; the second had one key of the ledger and no place of sign-offs, and the first no time authorities either.
    pub schema: u32,
    /// The company: "CARTIE".
    pub org: String,
    /// SHA-256 over the root certificate's DER, 64 lower-case hex digits, as `openssl x509 -fingerprint -sha256` prints.
    pub root_sha256: String,
    /// The ledger's C2SP verifier key.
    pub log_vkey: String,
    /// Keys it had before that still sign beside it; empty: it changed none, or they are retired.
    #[serde(default)]
    pub earlier_log_vkeys: Vec<String>,
    /// Root certificates of the time authorities, one PEM each; empty: the company has none.
    #[serde(default)]
    pub tsa_roots: Vec<String>,
    /// Where the company signs: the relying party, and its pages to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorsError {
    #[error("not anchors: {0}")]
    NotAnchors(String),
    #[error("the anchors have schema {0}, and this verifier reads 1 to 3")]
    Schema(u32),
    #[error("rootSha256 is not 64 lower-case hex digits")]
    Root,
    #[error("logVkey: {0}")]
    Vkey(CheckpointError),
    #[error("earlierLogVkeys: {0}")]
    EarlierVkey(CheckpointError),
    #[error("earlierLogVkeys: {0} is a key of another ledger")]
    OtherLog(String),
    #[error("tsaRoots: {0}")]
    Authorities(#[from] TimestampError),
}

impl Anchors {
    pub fn parse(json: &str) -> Result<Self, AnchorsError> {
        let anchors: Self = serde_json::from_str(json).map_err(|e| AnchorsError::NotAnchors(e.to_string()))?;
        if !(1..=3).contains(&anchors.schema) {
            return Err(AnchorsError::Schema(anchors.schema));
        }
        hash_from_hex(&anchors.root_sha256).ok_or(AnchorsError::Root)?;
        let log = VerifierKey::parse(&anchors.log_vkey).map_err(AnchorsError::Vkey)?;
        for vkey in &anchors.earlier_log_vkeys {
            if VerifierKey::parse(vkey).map_err(AnchorsError::EarlierVkey)?.name() != log.name() {
                return Err(AnchorsError::OtherLog(vkey.clone()));
            }
        }
        if !anchors.tsa_roots.is_empty() {
            Authorities::from_pem(&anchors.tsa_roots.concat())?;
        }
        Ok(anchors)
    }

    /// The same, naming where the company signs.
    pub fn signing_at(self, place: Place) -> Self {
        Self { schema: 3, rp_id: Some(place.rp_id), origins: place.origins, ..self }
    }

    /// As the file is handed over.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("anchors have only text and a number") + "\n"
    }

    /// Trust in these keys and in nothing else.
    pub fn trust(self) -> Trust {
        let tsa_roots_pem = (!self.tsa_roots.is_empty()).then(|| self.tsa_roots.concat());
        let place = self.rp_id.map(|rp_id| Place { rp_id, origins: self.origins });
        Trust {
            root_sha256: Some(self.root_sha256),
            vkey: Some(self.log_vkey),
            earlier_vkeys: self.earlier_log_vkeys,
            tsa_roots_pem,
            place,
            ..Trust::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
    /// Another key under the same name.
    const EARLIER: &str = "PeterNeumann+f3e9f888+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";

    #[test]
    fn anchors_come_back_and_what_is_wrong_is_named() {
        let anchors = Anchors {
            schema: 3,
            org: "CARTIE".into(),
            root_sha256: "ab".repeat(32),
            log_vkey: VKEY.into(),
            earlier_log_vkeys: Vec::new(),
            tsa_roots: Vec::new(),
            rp_id: None,
            origins: Vec::new(),
        };
        let place = Place { rp_id: "p.example".into(), origins: vec!["https://p.example".into()] };
        let signing = anchors.clone().signing_at(place.clone());
        assert_eq!(Anchors::parse(&signing.json()).map(|a| a.trust().place), Ok(Some(place)));
        let json = anchors.json();
        assert_eq!(Anchors::parse(&json), Ok(anchors.clone()));
        let second = json.replace("\"schema\": 3", "\"schema\": 2").replace("  \"earlierLogVkeys\": [],\n", "");
        let first = second.replace("\"schema\": 2", "\"schema\": 1").replace(",\n  \"tsaRoots\": []", "");
        for (schema, before) in [(2, second), (1, first)] {
            assert!(!before.contains("earlier"), "{before}");
            let read = Anchors::parse(&before);
            assert_eq!(read, Ok(Anchors { schema, ..anchors.clone() }), "those handed over before are read");
        }
        let earlier = json.replace("Vkeys\": []", &format!("Vkeys\": [\"{EARLIER}\"]"));
        assert_eq!(Anchors::parse(&earlier).expect("anchors").trust().earlier_vkeys, [EARLIER]);
        for (bad, says) in [
            (json.replace("abab", "ABAB"), "rootSha256"),
            (json.replace("c74f20a3", "c74f20a4"), "logVkey"),
            (json.replace("\"schema\": 3", "\"schema\": 4"), "schema 4"),
            (json.replace("Roots\": []", "Roots\": [\"-\"]"), "tsaRoots"),
            (json.replace("Vkeys\": []", "Vkeys\": [\"-\"]"), "earlierLogVkeys: not a verifier key"),
            (earlier.replace(EARLIER, ENOCH), "key of another ledger"),
            (json.replace("rootSha256", "rootSha1"), "unknown field"),
            (json.replacen("\"org\"", "\"schema\": 3, \"org\"", 1), "duplicate"),
            ("-----BEGIN CERTIFICATE-----".to_owned(), "not anchors"),
        ] {
            let error = Anchors::parse(&bad).expect_err("it is refused").to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
