//! A ledger entry as its exact line, and that line as a leaf of the tree.
//!
//! The line is JCS (RFC 8785) without a newline. Reading is strict: a line that is not byte for byte
//! what writing it again gives is refused, so that one entry has one hash.

use crate::{
    Moment,
    proof::{
        hash_from_hex,
        tree::{Hash, leaf_hash},
    },
    record::Entry,
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    #[error("not a ledger entry: {0}")]
    NotAnEntry(String),
    #[error("a ledger entry, but not in its canonical form")]
    NotCanonical,
    #[error("its sha256 is not 64 lower-case hex digits")]
    Digest,
    #[error("its time is not RFC 3339 in UTC with milliseconds")]
    Time,
}

/// The entry's canonical line, without a newline.
pub fn line(entry: &Entry) -> String {
    serde_json_canonicalizer::to_string(entry).expect("an entry has only text and whole numbers")
}

/// Reads a canonical line back.
pub fn parse(line_of: &str) -> Result<Entry, LeafError> {
    let entry: Entry = serde_json::from_str(line_of).map_err(|e| LeafError::NotAnEntry(e.to_string()))?;
    if line(&entry) != line_of {
        return Err(LeafError::NotCanonical);
    }
    if hash_from_hex(&entry.sha256).is_none() {
        return Err(LeafError::Digest);
    }
    if Moment::parse(&entry.at).is_none_or(|at| at.rfc3339() != entry.at) {
        return Err(LeafError::Time);
    }
    Ok(entry)
}

/// The leaf of an entry.
pub fn hash(entry: &Entry) -> Hash {
    leaf_hash(line(entry).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Kind;

    fn entry() -> Entry {
        Entry {
            at: "2026-11-16T14:04:18.512Z".into(),
            coll: "findings".into(),
            id: "F-006".into(),
            kind: Kind::Finding,
            seq: 7,
            sha256: "ab".repeat(32),
        }
    }

    #[test]
    fn an_entry_is_one_line_and_reads_back() {
        let text = line(&entry());
        assert_eq!(
            text,
            format!(
                r#"{{"at":"2026-11-16T14:04:18.512Z","coll":"findings","id":"F-006","kind":"finding","seq":7,"sha256":"{}"}}"#,
                "ab".repeat(32)
            )
        );
        assert_eq!(parse(&text), Ok(entry()));
        assert_eq!(hash(&entry()), leaf_hash(text.as_bytes()));
    }

    #[test]
    fn a_line_written_another_way_is_refused() {
        let good = line(&entry());
        for (what, forged) in [
            ("a space", good.replacen("\"coll\":", "\"coll\": ", 1)),
            ("an escape", good.replacen("findings", "f\\u0069ndings", 1)),
            ("another order", format!(r#"{{"seq":7,{}"#, good.replacen("\"seq\":7,", "", 1).trim_start_matches('{'))),
            ("a key twice", good.replacen("\"seq\":7,", "\"seq\":7,\"seq\":7,", 1)),
            ("another key", good.replacen("\"seq\":7,", "\"note\":\"x\",\"seq\":7,", 1)),
            ("a number as a float", good.replacen("\"seq\":7,", "\"seq\":7.0,", 1)),
            ("an upper-case digest", good.replace("abab", "ABAB")),
            ("a short digest", good.replacen("abab", "", 1)),
            ("a time without milliseconds", good.replacen(".512Z", "Z", 1)),
            ("a newline", format!("{good}\n")),
            ("a byte-order mark", format!("\u{feff}{good}")),
            ("a sequence no double can hold", good.replacen("\"seq\":7,", "\"seq\":9007199254740993,", 1)),
        ] {
            assert!(parse(&forged).is_err(), "{what}: {forged}");
        }
    }
}
