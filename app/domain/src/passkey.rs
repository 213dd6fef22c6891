//! A person's passkey as it is sealed: its registration, and later its end.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Moment, proof::passkey::PublicKey};

/// How many passkeys of one person may hold at a time.
pub const MOST: usize = 20;
/// The longest label, in characters.
const LONGEST_LABEL: usize = 40;

/// What an authenticator keeps to know whose passkey it holds: it is shown on devices and synced by vendors, so it
/// says nothing about the person (WebAuthn level 3, section 14.6.1).
pub fn handle(rp_id: &str, person: &str) -> [u8; 32] {
    Sha256::digest(format!("passmuster-person/v1\n{rp_id}\n{person}").as_bytes()).into()
}

/// A label as somebody typed it: on one line and not too long; `None` when nothing is left of it.
pub fn label(typed: &str) -> Option<String> {
    let words: Vec<&str> =
        typed.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let label: String = words.join(" ").chars().take(LONGEST_LABEL).collect();
    Some(label.trim_end().to_owned()).filter(|label| !label.is_empty())
}

/// One passkey (`passkeys`). Never changed in place: its end is a later version of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// 1
    pub schema: u32,
    /// The credential's id in base64url, which is also the record's `_id`.
    pub credential: String,
    /// The person's id, and their name as it was then.
    pub person: String,
    pub name: String,
    /// What its owner calls it: "Phone".
    pub label: String,
    pub key: PublicKey,
    pub rp_id: String,
    /// The registration itself, in base64url: what the authenticator and the browser said.
    pub attestation_object: String,
    pub client_data: String,
    /// Whether it may be copied to the person's other devices.
    pub backup_eligible: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
    /// When it was registered.
    pub occurred_at: Moment,
    pub by: String,
}

/// From when on nothing signed with it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    pub at: Moment,
    /// The name of who revoked it.
    pub by: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_of_what_was_typed() {
        for (typed, kept) in [
            ("  Phone ", Some("Phone")),
            ("Desk\tlaptop\n2", Some("Desk laptop 2")),
            (" \u{7} ", None),
            ("", None),
            (&"x".repeat(60), Some(&"x".repeat(40)[..])),
        ] {
            assert_eq!(label(typed).as_deref(), kept, "{typed:?}");
        }
    }

    #[test]
    fn a_handle_is_one_persons_at_one_place() {
        let all = [handle("a.example", "p"), handle("b.example", "p"), handle("a.example", "q")];
        assert!(all[0] != all[1] && all[0] != all[2] && all[1] != all[2]);
        assert_eq!(all[0], handle("a.example", "p"));
    }
}
