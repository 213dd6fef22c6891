//! One entry's place in the ledger as a file of its own, to be checked offline with the log's key.
//!
//! Source: <https://c2sp.org/tlog-proof>. The entry itself is not in the file: who checks has it.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::proof::{
    checkpoint::{self, Checkpoint, CheckpointError, VerifierKey},
    tree::{Frontier, Hash, leaf_hash, node_hash, verify_inclusion},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 entries has no longer path.
const LONGEST: usize = 64;

/// Where an entry stands, and the hashes that lead from it to a signed root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    pub index: u64,
    /// From the leaf up.
    pub hashes: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    #[error("not a proof of the form {HEADER}: {0}")]
    NotAProof(&'static str),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the entry does not stand at № {index} of the {size} entries signed")]
    NotThere { index: u64, size: u64 },
}

impl InclusionProof {
    /// Reads the file. An `extra` line is allowed, and nothing is taken from it.
    pub fn parse(text: &str) -> Result<Self, InclusionError> {
        let wrong = InclusionError::NotAProof;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(wrong("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(wrong("its first line is another"));
        }
        if let Some(extra) = lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            STANDARD.decode(extra).map_err(|_| wrong("its extra line is not base64"))?;
            lines.next();
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(wrong("it has no index"))?;
        let number = index.parse::<u64>().ok().filter(|n| n.to_string() == index);
        let hashes: Option<Vec<Hash>> =
            lines.map(|line| STANDARD.decode(line).ok().and_then(|hash| Hash::try_from(hash).ok())).collect();
        let hashes = hashes.filter(|h| h.len() <= LONGEST).ok_or(wrong("a hash is not 32 bytes in base64"))?;
        Ok(Self {
            index: number.ok_or(wrong("its index is not a decimal number"))?,
            hashes,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Whether this entry stands at that index below a root this log signed.
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, InclusionError> {
        self.verify_leaf(&leaf_hash(entry), key)
    }

    /// The same for an entry known by its leaf.
    pub fn verify_leaf(&self, leaf: &Hash, key: &VerifierKey) -> Result<Checkpoint, InclusionError> {
        let head = checkpoint::open(&self.checkpoint, key)?;
        if verify_inclusion(leaf, self.index, head.size, &self.hashes, &head.root) {
            Ok(head)
        } else {
            Err(InclusionError::NotThere { index: self.index, size: head.size })
        }
    }
}

/// Collects the paths of some leaves while a tree grows past them, without keeping the tree.
///
/// Begun from an older tree, it gives the paths of leaves added since.
#[derive(Clone, Debug)]
pub struct Paths {
    size: u64,
    /// The perfect subtrees, largest first, each with the wanted leaves below it.
    subtrees: Vec<(Hash, Vec<usize>)>,
    /// The wanted leaves' indices and what is known of their paths.
    paths: Vec<(u64, Vec<Hash>)>,
}

impl Paths {
    pub fn from(older: &Frontier) -> Self {
        let subtrees = older.hashes.iter().map(|hash| (*hash, Vec::new())).collect();
        Self { size: older.size, subtrees, paths: Vec::new() }
    }

    /// Adds a leaf at the right; `wanted`: its path is asked for at the end.
    pub fn append(&mut self, leaf: Hash, wanted: bool) {
        let below = if wanted { vec![self.paths.len()] } else { Vec::new() };
        if wanted {
            self.paths.push((self.size, Vec::new()));
        }
        let mut grown = (leaf, below);
        for _ in 0..self.size.trailing_ones() {
            let left = self.subtrees.pop().expect("one subtree is kept for each bit set in the size");
            grown = self.join(left, grown);
        }
        self.subtrees.push(grown);
        self.size += 1;
    }

    /// The path of each wanted leaf to the root of the tree as it is now, from the leaf up.
    pub fn finish(mut self) -> Vec<(u64, Vec<Hash>)> {
        while let (Some(right), Some(left)) = (self.subtrees.pop(), self.subtrees.pop()) {
            let joined = self.join(left, right);
            self.subtrees.push(joined);
            if self.subtrees.len() == 1 {
                break;
            }
        }
        self.paths
    }

    fn join(&mut self, left: (Hash, Vec<usize>), right: (Hash, Vec<usize>)) -> (Hash, Vec<usize>) {
        for (beside, below) in [(right.0, &left.1), (left.0, &right.1)] {
            for leaf in below {
                self.paths[*leaf].1.push(beside);
            }
        }
        let mut below = left.1;
        below.extend(right.1);
        (node_hash(&left.0, &right.0), below)
    }
}

impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::tree::{inclusion_proof, root};
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    fn proof(n: usize, index: usize) -> (InclusionProof, VerifierKey) {
        let secret = SigningKey::from_bytes(&[7; 32]);
        let key = VerifierKey::new("log.example/a", secret.verifying_key().as_bytes()).expect("a key");
        let leaves: Vec<Hash> = (0..n).map(|i| leaf_hash(&[i as u8])).collect();
        let head = Checkpoint { origin: "log.example/a".into(), size: n as u64, root: root(&leaves) };
        let note = checkpoint::sign(&head, &key, |m| secret.sign(m).to_bytes());
        let hashes = inclusion_proof(&leaves, index).expect("the leaf exists");
        (InclusionProof { index: index as u64, hashes, checkpoint: note }, key)
    }

    #[test]
    fn the_file_has_the_specifications_form() {
        let text = proof(1, 0).0.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example/a\n1\n"), "{text}");
        let two = proof(2, 1).0.to_string();
        assert_eq!(two.split("\n\n").next().expect("a head").lines().count(), 3);
        let with_extra = two.replacen("index", "extra AQID\nindex", 1);
        assert_eq!(InclusionProof::parse(&with_extra), InclusionProof::parse(&two));
    }

    #[test]
    fn another_form_is_refused() {
        let good = proof(5, 3).0.to_string();
        for (what, bad) in [
            ("another version", good.replacen("@v1", "@v2", 1)),
            ("no index", good.replacen("index 3\n", "", 1)),
            ("a leading zero", good.replacen("index 3", "index 03", 1)),
            ("a sign", good.replacen("index 3", "index +3", 1)),
            ("an extra line that is no base64", good.replacen("index", "extra !\nindex", 1)),
            ("no checkpoint", good.split("\n\n").next().expect("a head").to_owned()),
            ("carriage returns", good.replace('\n', "\r\n")),
            ("a short hash", good.replacen("\n\n", "\nAQID\n\n", 1)),
        ] {
            assert!(matches!(InclusionProof::parse(&bad), Err(InclusionError::NotAProof(_))), "{what}");
        }
    }

    proptest! {
        #[test]
        fn paths_collected_on_the_way_are_those_of_the_whole_tree(n in 1usize..80, older in 0usize..80, every in 1usize..9) {
            let leaves: Vec<Hash> = (0..n).map(|i| leaf_hash(&[i as u8])).collect();
            let older = older.min(n);
            let mut tree = Frontier::new();
            leaves[..older].iter().for_each(|leaf| tree.append(*leaf));
            let mut paths = Paths::from(&tree);
            for (i, leaf) in leaves.iter().enumerate().skip(older) {
                paths.append(*leaf, i % every == 0);
            }
            let expected: Vec<_> = (older..n)
                .filter(|i| i % every == 0)
                .map(|i| (i as u64, inclusion_proof(&leaves, i).expect("the leaf exists")))
                .collect();
            prop_assert_eq!(paths.finish(), expected);
        }

        #[test]
        fn a_proof_holds_for_its_entry_alone(n in 1usize..60, pick in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte: u8) {
            let (index, other) = (pick.index(n), other.index(n));
            let (good, key) = proof(n, index);
            let text = good.to_string();
            prop_assert_eq!(InclusionProof::parse(&text), Ok(good.clone()));
            prop_assert_eq!(good.verify(&[index as u8], &key).map(|head| head.size), Ok(n as u64));
            prop_assert_eq!(good.verify(&[other as u8], &key).is_ok(), other == index);

            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(forged) = String::from_utf8(bytes) && forged != text
                && let Ok(read) = InclusionProof::parse(&forged) {
                prop_assert!(read.verify(&[index as u8], &key).is_err(), "{}", forged);
            }
        }
    }
}
