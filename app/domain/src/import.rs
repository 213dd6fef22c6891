//! An import: output of a vendor's own tool, brought by somebody, and the facts read from it. Auditors call it
//! information produced by the entity, and ask where it came from: so the bytes' digest, the command, who and when stay.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Moment, draw::hex, fact::Fact, proof::runner::Signature};

/// Sealed after all its facts: facts whose import is not there were cut off on their way and count as nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    pub schema: u32,
    pub told: Told,
    /// How many facts it holds.
    pub facts: i64,
    /// SHA-256 over the ids of its facts, sorted, each followed by a newline.
    pub facts_digest: String,
    /// What was there and not understood, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_understood: Vec<String>,
    /// How many of these there are in all.
    pub not_understood_in_all: i64,
    /// `true` for what the example company invents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// When the tool was asked, where that is told; else when it was brought.
    pub occurred_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub by: String,
    /// A runner's own, over what it told; see [`crate::proof::runner`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// The word of who brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// "atlas-snapshots"
    pub connector: String,
    /// SHA-256 of the exact bytes.
    pub sha256: String,
    pub bytes: i64,
    /// What printed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// That tool's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// When it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Moment>,
    pub about: About,
}

impl Told {
    /// Of the output as it was printed.
    pub fn of(connector: &str, output: &[u8], about: About) -> Self {
        Self {
            connector: connector.to_owned(),
            sha256: hex(&Sha256::digest(output)),
            bytes: i64::try_from(output.len()).unwrap_or(i64::MAX),
            command: None,
            tool: None,
            collected_at: None,
            about,
        }
    }
}

/// What the output does not say itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A fact as it is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    pub schema: u32,
    pub connector: String,
    /// The import that brought it first.
    pub import: String,
    #[serde(flatten)]
    pub fact: Fact,
    /// `true` for what the example company invents.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub by: String,
}

impl Import {
    /// The same bytes about the same thing are the same import.
    pub fn id(told: &Told) -> String {
        let about = serde_json::to_string(&told.about).unwrap_or_default();
        let digest = hex(&Sha256::digest(format!("{}\n{about}\n{}", told.connector, told.sha256)));
        format!("I-{}", &digest[..16])
    }
}

/// Names a fact by what it is about and what it says: said again it is the same, said otherwise another.
pub fn fact_id(fact: &Fact) -> String {
    let value = serde_json::to_value(fact).unwrap_or(Value::Null);
    let said = serde_json_canonicalizer::to_vec(&value).unwrap_or_default();
    let about = fact.about();
    let kind = about.split('/').next().unwrap_or_default();
    let short = |bytes: &[u8]| hex(&Sha256::digest(bytes))[..16].to_owned();
    format!("{kind}-{}-{}", short(about.as_bytes()), short(&said))
}

/// Over ids in any order.
pub fn digest(mut ids: Vec<String>) -> String {
    ids.sort();
    ids.dedup();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id);
        hash.update(b"\n");
    }
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Run, RunKind, RunState};

    fn run(state: RunState) -> Fact {
        Fact::Run(Run {
            reference: "r/1".to_owned(),
            what: RunKind::Backup,
            resource: None,
            job: None,
            state,
            said: "x".to_owned(),
            scheduled_for: None,
            started_at: None,
            finished_at: None,
            bytes: None,
            basis: None,
            message: None,
            point: None,
            from_region: None,
            to_region: None,
            target: None,
        })
    }

    #[test]
    fn the_same_said_again_is_the_same_and_said_otherwise_another_about_the_same_thing() {
        let (running, failed) = (fact_id(&run(RunState::Running)), fact_id(&run(RunState::Failed)));
        assert_eq!(running, fact_id(&run(RunState::Running)));
        assert_ne!(running, failed);
        assert_eq!(running[..21], failed[..21], "one thing");
        assert_eq!(digest(vec!["b".into(), "a".into(), "a".into()]), digest(vec!["a".into(), "b".into()]));
        let about = About { region: Some("eu".into()), ..About::default() };
        let told = |about: About| Told::of("k", b"d", about);
        assert_ne!(Import::id(&told(about)), Import::id(&told(About::default())));
    }

    #[test]
    fn a_sealed_fact_reads_as_it_was_written() {
        let at = Moment::EPOCH;
        let reported = Reported {
            schema: 1,
            connector: "runs-csv".into(),
            import: "I-1".into(),
            fact: run(RunState::Failed),
            demo: false,
            occurred_at: at,
            learned_at: Some(at),
            by: "cron".into(),
        };
        let json = serde_json::to_value(&reported).expect("JSON");
        assert_eq!(json["fact"], "run");
        let plain = crate::ejson::plain(&json);
        assert_eq!(serde_json::from_value::<Reported>(plain).expect("it reads"), reported);
    }
}
