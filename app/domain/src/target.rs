//! Targets: what was promised for each kind of loss, and what drills achieved against it.

use serde::{Deserialize, Serialize};

use crate::{Moment, drill::Drill, record::Sealed, verdict::Verdict};

/// A kind of loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scenario {
    Document,
    Collection,
    Cluster,
    Everything,
}

impl Scenario {
    pub const ALL: [Scenario; 4] = [Scenario::Document, Scenario::Collection, Scenario::Cluster, Scenario::Everything];

    /// As it is written in records, plans and URLs.
    pub fn id(self) -> &'static str {
        match self {
            Scenario::Document => "document",
            Scenario::Collection => "collection",
            Scenario::Cluster => "cluster",
            Scenario::Everything => "everything",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.id() == id)
    }

    /// "A single collection emptied"
    pub fn title(self) -> &'static str {
        match self {
            Scenario::Document => "A single document corrupted",
            Scenario::Collection => "A single collection emptied",
            Scenario::Cluster => "The whole cluster lost",
            Scenario::Everything => "Everything lost, Atlas included",
        }
    }

    /// "Collection"
    pub fn short(self) -> &'static str {
        match self {
            Scenario::Document => "Document",
            Scenario::Collection => "Collection",
            Scenario::Cluster => "Cluster",
            Scenario::Everything => "Everything",
        }
    }
}

/// A committed recovery point and recovery time, in milliseconds, for one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    pub scenario: Scenario,
    pub rpo_ms: i64,
    pub rto_ms: i64,
    /// How: "point-in-time restore", in the runbook's words.
    pub means: String,
    /// The time the runbook says it takes, which no drill need have measured.
    pub claimed_ms: Option<i64>,
}

/// A target beside the newest drill that exercised it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub target: Target,
    /// The newest completed drill with both figures measured; `None`: untested.
    pub drill: Option<Sealed<Drill>>,
    pub rto: Verdict,
    pub rpo: Verdict,
    pub overall: Verdict,
}

/// One quarter and a little: drills are due each quarter, and a proof older than that is stale.
pub const PROOF_HOLDS_MS: i64 = 100 * 24 * 3600 * 1000;

/// Judges one target by the drills given (any order, any scenario).
///
/// Nobody types an achievement: the figures come from the newest completed drill of this scenario
/// that measured them, and without one the verdict is untested.
pub fn judge(target: &Target, drills: &[Sealed<Drill>], now: Moment) -> Judged {
    let newest = drills
        .iter()
        .filter(|d| d.value.scenario == target.scenario && d.value.abandoned.is_none())
        .filter(|d| d.value.measured.is_some())
        .max_by_key(|d| d.value.occurred_at);
    let Some((drill, measured)) = newest.and_then(|d| d.value.measured.as_ref().map(|m| (d, m))) else {
        let untested = Verdict::Untested;
        return Judged { target: target.clone(), drill: None, rto: untested, rpo: untested, overall: untested };
    };
    let stale = now.since(drill.value.occurred_at) > PROOF_HOLDS_MS;
    let aged = |verdict: Verdict| match verdict {
        Verdict::Met | Verdict::AtRisk if stale => Verdict::Stale,
        v => v,
    };
    let rto = aged(Verdict::of(measured.restore_ms, target.rto_ms));
    let rpo = measured.rpo_ms.map_or(Verdict::Untested, |lost| aged(Verdict::of(lost, target.rpo_ms)));
    let overall = rto.worse(rpo).worse(drill.value.verdict.contents);
    Judged { target: target.clone(), drill: Some(drill.clone()), rto, rpo, overall }
}
