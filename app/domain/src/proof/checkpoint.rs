//! The ledger's signed head: a C2SP tlog-checkpoint in a C2SP signed note, Ed25519.
//!
//! Sources: <https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>. A signature of an
//! unknown signer is ignored; one that carries a known signer's name and key id and does not
//! verify rejects the whole note. A log that changes its key signs with both for a while.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::{draw::hex, proof::tree::Hash};

/// The signature line's first character and the space after it: U+2014, an em dash.
const DASH: &str = "\u{2014} ";
/// The algorithm byte of Ed25519 in keys and key ids.
const ED25519: u8 = 0x01;
/// The most a note may be, in bytes; ours are about 200.
const LONGEST: usize = 64 * 1024;

/// Size and root of the ledger, under the name of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// "passmuster.example/cartie"
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// A log's public key and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("not a signed note: {0}")]
    NotANote(&'static str),
    #[error("not a checkpoint: {0}")]
    NotACheckpoint(&'static str),
    #[error("not a verifier key: {0}")]
    NotAKey(&'static str),
    #[error("no signature by {0}")]
    Unsigned(String),
    #[error("the signature by {0} is false")]
    False(String),
    #[error("its origin is {found:?}, and the log is {expected:?}")]
    OtherOrigin { expected: String, found: String },
}

impl Checkpoint {
    /// The text that is signed: three lines, each ended by a newline.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads the text of a note; further lines are extensions and are not interpreted.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = CheckpointError::NotACheckpoint;
        let body = text.strip_suffix('\n').ok_or(wrong("its last line does not end"))?;
        let mut lines = body.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(wrong("it has fewer than three lines"));
        };
        if origin.is_empty() {
            return Err(wrong("its origin is empty"));
        }
        if lines.any(str::is_empty) {
            return Err(wrong("an extension line is empty"));
        }
        let number = size.parse::<u64>().ok().filter(|n| n.to_string() == size);
        let root = STANDARD.decode(root).ok().and_then(|r| Hash::try_from(r).ok());
        Ok(Self {
            origin: origin.to_owned(),
            size: number.ok_or(wrong("its size is not a decimal number"))?,
            root: root.ok_or(wrong("its root is not 32 bytes in base64"))?,
        })
    }
}

/// The signed note over a checkpoint; `sign` gives the 64 bytes of an Ed25519 signature by `public`.
pub fn sign(checkpoint: &Checkpoint, key: &VerifierKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> String {
    let text = checkpoint.text();
    let signature = [&key.id[..], &sign(text.as_bytes())[..]].concat();
    format!("{text}\n{DASH}{} {}\n", key.name, STANDARD.encode(signature))
}

/// The same note with one more signature under it, by another key; `sign` is as in [`sign`].
pub fn cosign(note: &str, key: &VerifierKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<String, CheckpointError> {
    let (text, _) = parts(note)?;
    let signature = [&key.id[..], &sign(text.as_bytes())[..]].concat();
    Ok(format!("{note}{DASH}{} {}\n", key.name, STANDARD.encode(signature)))
}

/// Opens a checkpoint signed by this log under its own name.
///
/// The key's name must also be the checkpoint's origin.
pub fn open(note: &str, key: &VerifierKey) -> Result<Checkpoint, CheckpointError> {
    open_by(note, std::slice::from_ref(key)).map(|(checkpoint, _)| checkpoint)
}

/// The same for a log that has several keys: at least one must have signed, and none falsely.
///
/// The second part are the places, in `keys`, of those that signed.
pub fn open_by(note: &str, keys: &[VerifierKey]) -> Result<(Checkpoint, Vec<usize>), CheckpointError> {
    let (text, signers) = signers(note, keys)?;
    let checkpoint = Checkpoint::parse(text)?;
    match signers.iter().map(|&i| &keys[i].name).find(|name| **name != checkpoint.origin) {
        Some(name) => Err(CheckpointError::OtherOrigin { expected: name.clone(), found: checkpoint.origin }),
        None => Ok((checkpoint, signers)),
    }
}

/// The text of a note that this key signed.
pub fn open_note<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, CheckpointError> {
    signers(note, std::slice::from_ref(key)).map(|(text, _)| text)
}

/// The text of a note, and which of the keys signed it: one at least.
fn signers<'a>(note: &'a str, keys: &[VerifierKey]) -> Result<(&'a str, Vec<usize>), CheckpointError> {
    let wrong = CheckpointError::NotANote;
    let (text, signatures) = parts(note)?;
    let mut seen = Vec::new();
    for line in signatures.split('\n') {
        let rest = line.strip_prefix(DASH).ok_or(wrong("a signature line does not begin with a dash"))?;
        let (name, encoded) = rest.split_once(' ').ok_or(wrong("a signature line has no name"))?;
        if !good_name(name) {
            return Err(wrong("a signer's name is empty, or has a space or a plus"));
        }
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong("a signature is not base64"))?;
        let (id, signature) = bytes.split_at_checked(4).ok_or(wrong("a signature is too short"))?;
        let known: Vec<usize> = (0..keys.len()).filter(|&i| keys[i].name == name && keys[i].id == id).collect();
        let Some(&first) = known.first() else { continue };
        let told_false = || CheckpointError::False(keys[first].name.clone());
        let signature = Signature::from_slice(signature).map_err(|_| told_false())?;
        // Two keys of one name and id are one in 2^32; the signature tells which of them it is.
        let by = known.into_iter().find(|&i| keys[i].key.verify_strict(text.as_bytes(), &signature).is_ok());
        let by = by.ok_or_else(told_false)?;
        if !seen.contains(&by) {
            seen.push(by);
        }
    }
    match keys.first() {
        _ if !seen.is_empty() => Ok((text, seen)),
        Some(key) => Err(CheckpointError::Unsigned(key.name.clone())),
        None => Err(CheckpointError::NotAKey("none was given")),
    }
}

/// A note's text, and its signature lines without the last newline.
fn parts(note: &str) -> Result<(&str, &str), CheckpointError> {
    let wrong = CheckpointError::NotANote;
    if note.len() > LONGEST {
        return Err(wrong("it is too long"));
    }
    if note.chars().any(|c| c.is_ascii_control() && c != '\n') {
        return Err(wrong("it has control characters"));
    }
    let cut = note.rfind("\n\n").ok_or(wrong("no blank line before the signatures"))?;
    let (text, signatures) = (&note[..=cut], &note[cut + 2..]);
    let signatures = signatures.strip_suffix('\n').ok_or(wrong("its last line does not end"))?;
    Ok((text, signatures))
}

impl VerifierKey {
    /// From the log's name and the 32 bytes of its public key.
    pub fn new(name: &str, public: &[u8; 32]) -> Result<Self, CheckpointError> {
        let wrong = CheckpointError::NotAKey;
        if !good_name(name) {
            return Err(wrong("the name is empty, or has a space or a plus"));
        }
        let key = VerifyingKey::from_bytes(public).map_err(|_| wrong("the key is not a point of the curve"))?;
        if key.is_weak() {
            return Err(wrong("the key is one that anybody can sign with"));
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, public), key })
    }

    /// Reads `name+hex8+base64(0x01‖pub)`.
    pub fn parse(vkey: &str) -> Result<Self, CheckpointError> {
        let wrong = CheckpointError::NotAKey;
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it is not name+id+key"));
        };
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong("the key is not base64"))?;
        let public = match bytes.split_first() {
            Some((&ED25519, public)) => {
                <[u8; 32]>::try_from(public).map_err(|_| wrong("an Ed25519 key has 32 bytes"))?
            }
            _ => return Err(wrong("it is not an Ed25519 key")),
        };
        let key = Self::new(name, &public)?;
        if hex(&key.id) != id {
            return Err(wrong("its id does not belong to its name and key"));
        }
        Ok(key)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id: eight lower-case hex digits, which tell the keys of one log apart.
    pub fn id(&self) -> String {
        hex(&self.id)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{}+{}", self.name, hex(&self.id), STANDARD.encode(key))
    }
}

/// SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), its first four bytes.
fn key_id(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

fn good_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    /// The vectors of golang.org/x/mod/sumdb/note, which the signed-note specification grew from.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const BY_PETER: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const BY_ENOCH: &str = "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn log() -> (SigningKey, VerifierKey) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = VerifierKey::new("passmuster.example/cartie", secret.verifying_key().as_bytes()).expect("a key");
        (secret, key)
    }

    fn note() -> (String, Checkpoint, VerifierKey) {
        let (secret, key) = log();
        let checkpoint = Checkpoint { origin: key.name.clone(), size: 42, root: [9; 32] };
        let note = sign(&checkpoint, &key, |m| secret.sign(m).to_bytes());
        (note, checkpoint, key)
    }

    #[test]
    fn the_specifications_note_opens_with_its_key() {
        let key = VerifierKey::parse(PETER).expect("a key");
        assert_eq!(key.to_string(), PETER);
        assert_eq!(open_note(&format!("{TEXT}\n{BY_PETER}"), &key), Ok(TEXT));
        assert_eq!(open_note(&format!("{TEXT}\n{BY_ENOCH}{BY_PETER}"), &key), Ok(TEXT), "an unknown signer is ignored");
    }

    #[test]
    fn a_note_without_the_known_signer_or_with_a_false_one_is_rejected() {
        let key = VerifierKey::parse(PETER).expect("a key");
        assert_eq!(
            open_note(&format!("{TEXT}\n{BY_ENOCH}"), &key),
            Err(CheckpointError::Unsigned("PeterNeumann".into()))
        );
        let forged = BY_PETER.replace("JnAM=", "JnAN=").replace("x08go/ZJ", "x08go/ZK");
        for note in [
            format!("{TEXT}\n{forged}"),
            format!("{TEXT}\n{BY_PETER}{}", BY_PETER.replace("x08go/ZJ", "x08go/ZK")),
            format!("{}\n{BY_PETER}", TEXT.replace("problem is", "answer is")),
        ] {
            assert!(open_note(&note, &key).is_err(), "{note}");
        }
        assert_eq!(
            open_note(&format!("{TEXT}\n{BY_PETER}{}", BY_PETER.replace("x08go/ZJ", "x08go/ZK")), &key),
            Err(CheckpointError::False("PeterNeumann".into())),
            "a known signer that fails rejects all, though another of its signatures holds"
        );
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_signed() {
        let (note, checkpoint, key) = note();
        assert_eq!(open(&note, &key), Ok(checkpoint));
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }

    /// The same log after it changed its key: both sign.
    fn changed_key() -> (String, Checkpoint, [VerifierKey; 2]) {
        let (note, checkpoint, old) = note();
        let secret = SigningKey::from_bytes(&[8; 32]);
        let new = VerifierKey::new(old.name(), secret.verifying_key().as_bytes()).expect("a key");
        let both = cosign(&note, &new, |m| secret.sign(m).to_bytes()).expect("a note");
        (both, checkpoint, [new, old])
    }

    #[test]
    fn a_note_signed_by_an_earlier_and_a_later_key_opens_with_either_and_with_both() {
        let (both, checkpoint, [new, old]) = changed_key();
        assert_eq!(open(&both, &old), Ok(checkpoint.clone()));
        assert_eq!(open(&both, &new), Ok(checkpoint.clone()));
        assert_eq!(open_by(&both, &[new.clone(), old.clone()]), Ok((checkpoint.clone(), vec![1, 0])));
        let (by_old, ..) = note();
        assert_eq!(open_by(&by_old, &[new.clone(), old]), Ok((checkpoint, vec![1])), "it says which of them signed");
        assert_eq!(open(&by_old, &new), Err(CheckpointError::Unsigned(new.name().into())));
        assert!(matches!(open_by(&by_old, &[]), Err(CheckpointError::NotAKey(_))));
        assert_eq!(new.id().len(), 8);
    }

    #[test]
    fn a_false_signature_of_either_known_key_rejects_a_note_that_the_other_signed() {
        let (both, _, [new, old]) = changed_key();
        let lines: Vec<&str> = both.lines().collect();
        for (place, key) in [(4, &old), (5, &new)] {
            let mut altered: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
            let (name, encoded) = altered[place].rsplit_once(' ').expect("a signature line");
            let mut bytes = STANDARD.decode(encoded).expect("base64");
            *bytes.last_mut().expect("a signature") ^= 1;
            altered[place] = format!("{name} {}", STANDARD.encode(bytes));
            let forged = altered.join("\n") + "\n";
            let told = Err(CheckpointError::False(key.name().into()));
            assert_eq!(open_by(&forged, &[new.clone(), old.clone()]), told, "line {place}");
            assert_eq!(open(&forged, key).map(|c| (c, Vec::<usize>::new())), told);
        }
    }

    #[test]
    fn a_checkpoint_of_another_log_is_refused() {
        let (secret, key) = log();
        let other = Checkpoint { origin: "elsewhere".into(), size: 1, root: [0; 32] };
        let note = sign(&other, &key, |m| secret.sign(m).to_bytes());
        assert!(matches!(open(&note, &key), Err(CheckpointError::OtherOrigin { .. })));
    }

    #[test]
    fn malformed_notes_and_keys_are_refused() {
        let (good, _, key) = note();
        for (what, bad) in [
            ("size with a leading zero", good.replacen("\n42\n", "\n042\n", 1)),
            ("size with a sign", good.replacen("\n42\n", "\n+42\n", 1)),
            ("carriage returns", good.replace('\n', "\r\n")),
            ("no final newline", good.trim_end().to_owned()),
            ("a hyphen for the dash", good.replace('\u{2014}', "-")),
            ("no signature", good.split_once("\n\n").expect("a note").0.to_owned()),
        ] {
            assert!(open(&bad, &key).is_err(), "{what}");
        }
        let vkey = key.to_string();
        let (start, _) = vkey.split_at(vkey.len() - 5);
        for bad in ["", "a+b", "name+00000000+AQ==", start, &vkey.replacen("passmuster", "passmister", 1)] {
            assert!(VerifierKey::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_altered_note_opens_as_another_checkpoint(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let (good, checkpoint, key) = note();
            let mut bytes = good.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(text) = String::from_utf8(bytes) {
                match open(&text, &key) {
                    Ok(opened) => prop_assert_eq!((opened, text), (checkpoint, good)),
                    Err(_) => prop_assert_ne!(text, good),
                }
            }
        }
    }
}
