//! The emergency kit: what a phone holds to work an incident with neither portal nor network, signed by the portal.
//!
//! It is made of what the ledger holds: the runbook in force, what drills measured, the last recovery points, whom to
//! call. A kit is not believed because it is there: [`Envelope::open`] is the only way to one.

use serde::{Deserialize, Serialize};

use crate::{
    Moment, ejson,
    incident::{Acted, Promise},
    proof::{
        self,
        signature::{self, Root, SignatureError},
        signoff::{self, Registration},
    },
    runbook::{Claim, Runbook, RunbookVersion},
    signoff::Signoff,
    target::{Judged, Scenario, Target},
    verdict::Verdict,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kit {
    /// 1
    pub schema: u32,
    pub company: String,
    pub made_at: Moment,
    pub runbook: Book,
    /// What can be lost, and the way back from it.
    pub paths: Vec<Path>,
    pub tell_ms: i64,
    pub document_ms: i64,
    pub people: Vec<Contact>,
    /// The newest first.
    pub points: Vec<Point>,
    /// Fingerprints to compare with one's own copy.
    pub keys: Vec<Fingerprint>,
    #[serde(default)]
    pub demo: bool,
}

/// The runbook in force: the exact bytes of its record, and the passkey's signature over them where somebody gave one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Book {
    pub version: String,
    /// Canonical Extended JSON, as it was hashed.
    pub record: String,
    /// Its place in the ledger, and the digest there.
    pub seq: u64,
    pub sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signed {
    pub seq: u64,
    pub signoff: Signoff,
    pub registration_seq: u64,
    pub passkey: crate::passkey::Passkey,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Path {
    pub scenario: Scenario,
    /// "snapshot restore to staging"
    pub means: String,
    pub rto_ms: i64,
    pub rpo_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_ms: Option<i64>,
    /// What the last drill of it took; `None`: nobody ever measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drilled: Option<Drilled>,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drilled {
    pub drill: String,
    pub at: Moment,
    pub restore_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    pub name: String,
    pub role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// "Incident commander, Scribe": what they are trained for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trained: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    pub id: String,
    pub store: String,
    pub taken_at: Moment,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    pub what: String,
    /// Hex, or a verifier key as it is written.
    pub is: String,
}

impl Path {
    pub fn of(judged: &Judged) -> Self {
        let drilled = judged.drill.as_ref().and_then(|drill| {
            let restore_ms = drill.value.measured.as_ref()?.restore_ms;
            Some(Drilled { drill: drill.id.clone(), at: drill.value.occurred_at, restore_ms })
        });
        let target = &judged.target;
        Self {
            scenario: target.scenario,
            means: target.means.clone(),
            rto_ms: target.rto_ms,
            rpo_ms: target.rpo_ms,
            claimed_ms: target.claimed_ms,
            drilled,
            verdict: judged.overall,
        }
    }
}

impl Kit {
    pub fn path(&self, scenario: Scenario) -> Option<&Path> {
        self.paths.iter().find(|path| path.scenario == scenario)
    }

    pub fn target(&self, scenario: Scenario) -> Option<Target> {
        let path = self.path(scenario)?;
        Some(Target {
            scenario,
            rpo_ms: path.rpo_ms,
            rto_ms: path.rto_ms,
            means: path.means.clone(),
            claimed_ms: path.claimed_ms,
        })
    }
}

/// Within which times tenants are told and the registry is written: as the runbook claims, or an hour and a day.
pub fn deadlines(book: &Runbook) -> (i64, i64) {
    const HOUR: i64 = 3_600_000;
    let claimed = book.front.claims.iter().find_map(|claim| match claim {
        Claim::Deadlines { tell_tenants_hours, document_hours } => {
            Some((tell_tenants_hours.saturating_mul(HOUR), document_hours.saturating_mul(HOUR)))
        }
        _ => None,
    });
    claimed.unwrap_or((Promise::TELL_MS, Promise::DOCUMENT_MS))
}

/// A kit as it travels and is kept: its exact bytes, the portal's signature over them (CMS, detached, DER in base64)
/// and the root certificate it claims to stand under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub kit: String,
    pub p7s: String,
    pub root: String,
}

/// A kit whose signature and runbook hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    pub kit: Kit,
    pub version: RunbookVersion,
    pub book: Runbook,
    /// Of the root certificate, 64 hex digits: to be kept, and asked for the next time.
    pub root: String,
    /// What the runbook's own signature came to: who gave it and when, or that there is none.
    pub signed: Option<(String, Moment)>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KitError {
    #[error("it does not read as a kit: {0}")]
    Unreadable(String),
    #[error("it stands under another root certificate than this device knows")]
    OtherRoot,
    #[error("its signature does not hold")]
    Signature(#[from] SignatureError),
    #[error("its runbook is not the one that was sealed: the digests differ")]
    Runbook,
    #[error("the signature over its runbook does not hold: {0}")]
    Signoff(String),
}

impl Envelope {
    pub fn of(kit: &Kit, sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>, root: String) -> Option<Self> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let kit = wire(kit);
        let p7s = STANDARD.encode(sign(kit.as_bytes())?);
        Some(Self { kit, p7s, root })
    }

    /// Checks everything; `pinned`: the root this device saw first.
    pub fn open(&self, pinned: Option<&str>) -> Result<Opened, KitError> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let unreadable = |why: &dyn std::fmt::Display| KitError::Unreadable(why.to_string());
        let root = Root::from_pem(&self.root)?;
        let fingerprint = root.fingerprint();
        if pinned.is_some_and(|pinned| pinned != fingerprint) {
            return Err(KitError::OtherRoot);
        }
        let p7s = STANDARD.decode(&self.p7s).map_err(|e| unreadable(&e))?;
        let signer = signature::verify(&p7s, self.kit.as_bytes(), &root)?;
        let kit: Kit = unwire(&self.kit).map_err(|e| unreadable(&e))?;
        signer.valid_at(kit.made_at)?;
        if proof::sha256_hex(kit.runbook.record.as_bytes()) != kit.runbook.sha256 {
            return Err(KitError::Runbook);
        }
        let version: RunbookVersion = unwire(&kit.runbook.record).map_err(|e| unreadable(&e))?;
        if version.version != kit.runbook.version {
            return Err(KitError::Runbook);
        }
        let book = Runbook::parse(&version.text).map_err(|e| unreadable(&e))?;
        let signed = kit.runbook.held()?;
        Ok(Opened { kit, version, book, root: fingerprint, signed })
    }
}

impl Book {
    /// Who signed it and when, where somebody did: the passkey's signature is checked, and stands over this record.
    fn held(&self) -> Result<Option<(String, Moment)>, KitError> {
        let Some(signed) = &self.signed else { return Ok(None) };
        let registration = Registration { seq: signed.registration_seq, passkey: signed.passkey.clone(), ended: None };
        let held = signoff::verify(&signed.signoff, signed.seq, &registration, None)
            .map_err(|e| KitError::Signoff(e.to_string()))?;
        let document = &held.statement.document;
        if document.sha256 != self.sha256 || document.version != self.version {
            return Err(KitError::Signoff("it stands over another version".to_owned()));
        }
        Ok(Some((held.statement.signer.name, signed.signoff.occurred_at)))
    }
}

/// Everyday JSON: times are RFC 3339.
pub fn wire<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    ejson::plain(&json).to_string()
}

pub fn unwire<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str::<serde_json::Value>(text).and_then(|value| T::deserialize(ejson::plain(&value)))
}

/// What a phone sends when it has a connection again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Brought {
    /// 1
    pub schema: u32,
    /// The device's clock as it sent this.
    pub device_now: Moment,
    pub acts: Vec<crate::incident::Act>,
}

/// What the portal answers: what it took, what not and why, and everything it holds of the incidents that are open or
/// of the last week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    pub now: Moment,
    /// The portal's clock less the device's, in milliseconds.
    pub ahead_ms: i64,
    pub refused: Vec<Unfit>,
    pub acts: Vec<Acted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfit {
    pub id: String,
    pub why: String,
}
