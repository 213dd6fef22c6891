//! Where everything stands in a bundle, and what its index says: shared by who writes and who checks.
//!
//! A bundle is a BagIt 1.0 bag (RFC 8493) with one top folder. All names here are below that folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{control::Control, record::Kind};

pub const BAGIT: &str = "bagit.txt";
pub const BAG_INFO: &str = "bag-info.txt";
pub const MANIFEST: &str = "manifest-sha256.txt";
pub const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
/// CMS over the tag manifest; what lies in `signatures/` is outside both manifests.
pub const SIGNATURE: &str = "signatures/tagmanifest-sha256.txt.p7s";
/// The statement for supply-chain tools, over the same bytes by the same key.
pub const STATEMENT: &str = "signatures/bundle.intoto.dsse.json";

/// RFC 3161 response over the tag manifest, when a time authority was asked.
pub const TIMESTAMP: &str = "signatures/tagmanifest-sha256.txt.tsr";

/// Every byte of `bagit.txt`.
pub const BAGIT_TEXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// The tag files, in order; the tag manifest lists these and nothing else.
pub const TAG_FILES: [&str; 3] = [BAG_INFO, BAGIT, MANIFEST];

/// How anyone checks a bundle with openssl and coreutils, in its folder, with the company's root
/// certificate beside it. Printed by START-HERE, packet and page, and run word for word by the tests.
pub const RECIPE: &str = r"openssl cms -verify -binary -inform DER \
        -in signatures/tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt \
        -CAfile ../evidence-root.pem -purpose any -out /dev/null &&
sha256sum -c --strict --quiet tagmanifest-sha256.txt manifest-sha256.txt &&
diff <(find . -type f ! -path './signatures/*' ! -name tagmanifest-sha256.txt -printf '%P\n' | LC_ALL=C sort) \
     <(cut -c67- tagmanifest-sha256.txt manifest-sha256.txt | LC_ALL=C sort) && echo complete";

pub const START_HERE: &str = "data/START-HERE.txt";
pub const INDEX: &str = "data/index.json";
pub const INDEX_PAGE: &str = "data/index.html";
pub const PACKET: &str = "data/packet.pdf";
pub const ROOT_CERTIFICATE: &str = "data/keys/evidence-root.pem";
pub const SIGNER_CERTIFICATE: &str = "data/keys/evidence-signer.pem";
/// The ledger's verifier key; below it, a line each, those it had before.
pub const VKEY: &str = "data/log/origin.vkey";
pub const PREVIOUS_CHECKPOINT: &str = "data/log/checkpoint-prev.txt";
/// One lower-case hex hash a line, largest subtree first.
pub const PREVIOUS_FRONTIER: &str = "data/log/frontier-prev.txt";
/// One canonical entry a line.
pub const ENTRIES: &str = "data/log/entries.jsonl";
pub const CHECKPOINT: &str = "data/log/checkpoint.txt";
/// What a sample was drawn from, one canonical item a line in the order of the ledger.
pub const POPULATION: &str = "data/sample/population.jsonl";
/// The sample, and how it was drawn.
pub const DRAW: &str = "data/sample/draw.json";
/// `<size>.txt`, a checkpoint of that many entries, and `<size>.tsr`, an RFC 3161 response over its bytes.
pub const TIMESTAMPS: &str = "data/log/timestamps/";
/// `<seq>.tlog-proof`: one entry's place below the signed head, to be checked without the other entries.
pub const PROOFS: &str = "data/log/proofs/";
/// `<id>/…`: the parts of each sign-off as files, for tools that know WebAuthn; the records beside them are what was sealed.
pub const SIGNOFFS: &str = "data/signoffs/";
/// The roots the tokens lead to, for convenience, never trusted from here.
pub const TSA_ROOTS: &str = "data/keys/tsa-roots.pem";

/// `<sha256>`: a file that a record in the bundle names, under the digest of its bytes.
pub const ATTACHMENTS: &str = "data/attachments/";

/// A collection whose records a bundle carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collection {
    pub name: &'static str,
    pub kind: Kind,
    /// Its records, one canonical line each.
    pub file: &'static str,
}

pub const COLLECTIONS: [Collection; 22] = [
    Collection { name: "backup_audit_log", kind: Kind::Record, file: "data/records/backup_audit_log.jsonl" },
    Collection { name: "backup_drill_results", kind: Kind::Record, file: "data/records/backup_drill_results.jsonl" },
    Collection { name: "findings", kind: Kind::Finding, file: "data/findings/findings.jsonl" },
    Collection { name: "gaps", kind: Kind::Gap, file: "data/gaps.jsonl" },
    Collection { name: "runbooks", kind: Kind::Runbook, file: "data/runbooks/index.jsonl" },
    Collection { name: "draws", kind: Kind::Draw, file: "data/sample/draws.jsonl" },
    Collection { name: "acceptances", kind: Kind::Record, file: "data/reviews/acceptances.jsonl" },
    Collection { name: "signoffs", kind: Kind::Signoff, file: "data/signoffs/signoffs.jsonl" },
    Collection { name: "passkeys", kind: Kind::Key, file: "data/keys/passkeys.jsonl" },
    // Keys that came into use within the part of the ledger given; bundles made before there were such records have none.
    Collection { name: "keys", kind: Kind::Key, file: "data/keys/keys.jsonl" },
    Collection { name: "requests", kind: Kind::Record, file: "data/requests/requests.jsonl" },
    Collection { name: "job_runs", kind: Kind::Record, file: "data/records/job_runs.jsonl" },
    Collection { name: "facts", kind: Kind::Record, file: "data/records/facts.jsonl" },
    Collection { name: "imports", kind: Kind::Record, file: "data/records/imports.jsonl" },
    Collection { name: "datastores", kind: Kind::Record, file: "data/records/datastores.jsonl" },
    Collection { name: "checklists", kind: Kind::Record, file: "data/checklists/checklists.jsonl" },
    Collection { name: "checklist_answers", kind: Kind::Record, file: "data/checklists/answers.jsonl" },
    Collection { name: "readings", kind: Kind::Record, file: "data/checklists/readings.jsonl" },
    Collection { name: "trainings", kind: Kind::Record, file: "data/checklists/trainings.jsonl" },
    Collection { name: "incident_acts", kind: Kind::Record, file: "data/incidents/acts.jsonl" },
    Collection { name: "incidents", kind: Kind::Record, file: "data/incidents/incidents.jsonl" },
    Collection { name: "risk_summaries", kind: Kind::Record, file: "data/risks/summaries.jsonl" },
];

impl Collection {
    /// Whether a bundle carries of it only what belongs to its other records: lists for its drills, passkeys of who
    /// signed something; and requests when their auditor says so. An entry without its record is then no omission.
    pub fn only_what_belongs(&self) -> bool {
        matches!(self.kind, Kind::Draw | Kind::Key) || self.name == "requests"
    }
}

pub fn collection(name: &str) -> Option<Collection> {
    COLLECTIONS.into_iter().find(|c| c.name == name)
}

/// Where a runbook version's text stands.
pub fn runbook_file(version: &str) -> String {
    format!("data/runbooks/runbook/v{}.md", safe(version))
}

/// The files of a sign-off's parts: statement, client data, authenticator data, signature.
pub fn signoff_files(id: &str) -> [String; 4] {
    ["statement.json", "clientData.json", "authenticatorData.bin", "signature.der"]
        .map(|part| format!("{SIGNOFFS}{}/{part}", safe(id)))
}

/// The text with everything but `[A-Za-z0-9._-]` turned into a hyphen; never empty, no dot in front.
pub fn safe(text: &str) -> String {
    let kept: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    match kept.as_str() {
        "" => "-".to_owned(),
        k if k.starts_with('.') => format!("-{k}"),
        _ => kept,
    }
}

/// `data/index.json`: what the bundle says of itself. Covered by the signature, believed no further.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Index {
    /// 1
    pub schema: u32,
    /// "B-001"
    pub id: String,
    pub org: String,
    pub period: PeriodSaid,
    /// `None`: every control.
    pub controls: Option<Vec<Control>>,
    /// RFC 3339; the issuer's own clock.
    pub made_at: String,
    pub made_by: String,
    /// `true`: no outside authority stamped the bundle; earlier heads of its ledger may still be stamped.
    pub self_asserted_time: bool,
    /// Number of records by collection.
    pub counts: BTreeMap<String, u64>,
    pub log: LogSaid,
    /// By file: the ledger index of each line, in order of the lines.
    pub records: BTreeMap<String, Vec<u64>>,
    /// By file: what it is, in a few words.
    pub files: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodSaid {
    pub name: String,
    /// RFC 3339; `None`: from the beginning.
    pub from: Option<String>,
    /// RFC 3339, not included; `None`: without end.
    pub to: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSaid {
    pub origin: String,
    /// Size of the older tree; the first entry given has this index.
    pub from: u64,
    /// Size of the newer tree.
    pub to: u64,
    /// Root of the newer tree, 64 lower-case hex digits.
    pub root: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_safe_name_has_nothing_that_a_path_could_mean() {
        for (text, name) in [("1.0", "1.0"), ("../x", "-../x".replace('/', "-").as_str()), ("", "-"), ("ä b", "--b")] {
            assert_eq!(safe(text), name);
        }
    }
}
