//! Whose signature counts on a ledger's head: the keys the bundle names, and those the reader holds.
//!
//! A head is believed under a key that the reader holds, or, when none is held, under the one the bundle
//! names as the ledger's own. The earlier keys a bundle names open older heads and nothing more: what those
//! say must follow from the newest head anyway.

use super::Trust;
use crate::proof::checkpoint::{self, Checkpoint, CheckpointError, VerifierKey};

/// The keys of one log.
pub(super) struct LogKeys {
    /// As the bundle names them: the ledger's own, then those it had before.
    named: Vec<VerifierKey>,
    /// As the reader holds them; empty: none was given.
    held: Vec<VerifierKey>,
}

/// What the head's signature rests on.
pub(super) struct Rest {
    /// The key whose signature counts.
    pub key: VerifierKey,
    /// The id of the ledger's own key, when the one that counts is an earlier one, the only one held.
    own: Option<String>,
}

impl Rest {
    /// Empty, or a sentence with a blank in front.
    pub fn says(&self) -> String {
        self.own.as_ref().map_or_else(String::new, |own| {
            format!(
                " That rests on an earlier key of this ledger ({}), the one you hold; its key now is {own}, which today's anchors name.",
                self.key.id()
            )
        })
    }
}

impl LogKeys {
    /// `named` is the bundle's own file: a key a line.
    pub fn read(named: &str, trust: &Trust) -> Result<Self, String> {
        let parse = |vkey: &str| VerifierKey::parse(vkey.trim()).map_err(|e| e.to_string());
        let named: Vec<VerifierKey> = named.lines().map(parse).collect::<Result<_, _>>()?;
        let own = named.first().ok_or("the bundle names no key of its ledger")?;
        if let Some(other) = named.iter().find(|key| key.name() != own.name()) {
            return Err(format!("the bundle names a key of another ledger: {}", other.name()));
        }
        let held =
            trust.vkey.iter().chain(&trust.earlier_vkeys).map(|vkey| parse(vkey)).collect::<Result<Vec<_>, _>>()?;
        if !held.is_empty() && !held.iter().any(|key| named.contains(key)) {
            return Err("the bundle's ledger has another key than the one you hold".to_owned());
        }
        Ok(Self { named, held })
    }

    /// The newest head: signed by the ledger's own key, and by one that the reader holds.
    pub fn open_head(&self, note: &str) -> Result<(Checkpoint, Rest), String> {
        let own = self.own();
        let known = self.known();
        let (head, signers) = checkpoint::open_by(note, &known).map_err(|e| e.to_string())?;
        if !signers.iter().any(|&i| known[i] == *own) {
            return Err(format!("its head is not signed by the ledger's own key ({}), only by earlier ones", own.id()));
        }
        let counts = |key: &VerifierKey| self.held.is_empty() || self.held.contains(key);
        if counts(own) {
            return Ok((head, Rest { key: own.clone(), own: None }));
        }
        match signers.iter().map(|&i| &known[i]).find(|key| counts(key)) {
            Some(held) => Ok((head, Rest { key: held.clone(), own: Some(own.id()) })),
            None => Err(format!(
                "its head is not signed by a key you hold, only by {}: the key you hold was retired; ask the company for its anchors of today",
                own.id()
            )),
        }
    }

    /// An older head, signed by any key that is known.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        checkpoint::open_by(note, &self.known()).map(|(head, _)| head)
    }

    /// The ledger's own key, as the bundle says.
    pub fn own(&self) -> &VerifierKey {
        &self.named[0]
    }

    /// Every key whose false signature rejects a note.
    fn known(&self) -> Vec<VerifierKey> {
        let more = self.held.iter().filter(|key| !self.named.contains(key));
        self.named.iter().chain(more).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const LOG: &str = "passmuster.example/cartie";

    struct Key(SigningKey, VerifierKey);

    impl Key {
        fn of(seed: u8) -> Self {
            let secret = SigningKey::from_bytes(&[seed; 32]);
            let public = VerifierKey::new(LOG, secret.verifying_key().as_bytes()).expect("a key");
            Self(secret, public)
        }

        fn vkey(&self) -> String {
            self.1.to_string()
        }
    }

    fn note(keys: &[&Key]) -> String {
        let head = Checkpoint { origin: LOG.into(), size: 3, root: [5; 32] };
        let [first, rest @ ..] = keys else { panic!("a key") };
        let note = checkpoint::sign(&head, &first.1, |m| first.0.sign(m).to_bytes());
        rest.iter()
            .fold(note, |note, key| checkpoint::cosign(&note, &key.1, |m| key.0.sign(m).to_bytes()).expect("a note"))
    }

    fn opened(named: &[&Key], held: &[&Key], note: &str) -> Result<String, String> {
        let lines: String = named.iter().map(|key| key.vkey() + "\n").collect();
        let mut held = held.iter().map(|key| key.vkey());
        let trust = Trust { vkey: held.next(), earlier_vkeys: held.collect(), ..Trust::default() };
        let keys = LogKeys::read(&lines, &trust)?;
        keys.open_head(note).map(|(_, rest)| format!("{}{}", rest.key.id(), rest.says()))
    }

    #[test]
    fn a_head_counts_under_the_keys_held_and_says_when_that_is_an_earlier_one() {
        let (old, new) = (Key::of(7), Key::of(8));
        let (by_old, by_both) = (note(&[&old]), note(&[&new, &old]));
        for (what, named, held, note) in [
            ("nobody changed anything", &[&old][..], &[&old][..], &by_old),
            ("nothing is held", &[&new, &old][..], &[][..], &by_both),
            ("today's anchors", &[&new, &old][..], &[&new, &old][..], &by_both),
            ("the new key alone", &[&new, &old][..], &[&new][..], &by_both),
            ("an older bundle under today's anchors", &[&old][..], &[&new, &old][..], &by_old),
        ] {
            let said = opened(named, held, note).unwrap_or_else(|e| panic!("{what}: {e}"));
            assert!(said == named[0].1.id(), "{what}: {said}");
        }
        let said = opened(&[&new, &old], &[&old], &by_both).expect("the key held signed it too");
        assert!(said.starts_with(&old.1.id()) && said.contains("rests on an earlier key"), "{said}");
    }

    #[test]
    fn a_head_that_lacks_the_right_signature_is_refused_by_name() {
        let (old, new, other) = (Key::of(7), Key::of(8), Key::of(9));
        let forged = |note: String| {
            let (rest, last) = note.trim_end().rsplit_once(' ').expect("a signature line");
            let mut bytes = STANDARD.decode(last).expect("base64");
            bytes[40] ^= 1;
            format!("{rest} {}\n", STANDARD.encode(bytes))
        };
        for (what, named, held, note, says) in [
            ("retired and alone", &[&new, &old][..], &[&new][..], note(&[&old]), "not signed by the ledger's own key"),
            (
                "retired and alone, unpinned",
                &[&new, &old][..],
                &[][..],
                note(&[&old]),
                "not signed by the ledger's own",
            ),
            ("retired, and held alone", &[&new, &old][..], &[&old][..], note(&[&new]), "was retired; ask the company"),
            (
                "an older bundle after it was retired",
                &[&old][..],
                &[&new][..],
                note(&[&old]),
                "another key than the one",
            ),
            ("a stranger beside", &[&other, &old][..], &[&new][..], note(&[&other, &old]), "another key than the one"),
            (
                "a false signature of the older key",
                &[&new, &old][..],
                &[&new][..],
                forged(note(&[&new, &old])),
                "is false",
            ),
            ("the same for who holds no key", &[&new, &old][..], &[][..], forged(note(&[&new, &old])), "is false"),
            (
                "the same for who holds a key unnamed",
                &[&new][..],
                &[&new, &old][..],
                forged(note(&[&new, &old])),
                "is false",
            ),
            ("no key at all", &[][..], &[][..], note(&[&new]), "names no key"),
        ] {
            let refused = opened(named, held, &note).err().unwrap_or_else(|| panic!("{what} passed"));
            assert!(refused.contains(says), "{what}: {refused}");
        }
    }

    #[test]
    fn a_key_of_another_ledger_among_a_bundles_own_is_refused() {
        let secret = SigningKey::from_bytes(&[3; 32]);
        let other = VerifierKey::new("elsewhere", secret.verifying_key().as_bytes()).expect("a key");
        let named = format!("{}\n{other}\n", Key::of(7).vkey());
        let refused = LogKeys::read(&named, &Trust::default()).err().expect("refused");
        assert!(refused.contains("another ledger"), "{refused}");
    }
}
