//! The Merkle tree over the ledger: SHA-256, RFC 6962 section 2.1 and RFC 9162 section 2.1.
//!
//! Leaves and nodes are hashed under different prefixes, so that neither can pass for the other.

use sha2::{Digest, Sha256};

/// A leaf's, node's or root's SHA-256.
pub type Hash = [u8; 32];

/// SHA-256(0x00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over all leaves at once.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [only] => *only,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// A tree kept as the roots of its perfect subtrees, which is all that appending needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// Number of leaves.
    pub size: u64,
    /// Roots of the perfect subtrees, largest first: one for each bit set in `size`.
    pub hashes: Vec<Hash>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tree of {size} leaves has {expected} perfect subtrees, and {found} hashes were given")]
pub struct FrontierError {
    pub size: u64,
    pub expected: usize,
    pub found: usize,
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// Refused unless there is one hash for each bit set in `size`.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, FrontierError> {
        let expected = size.count_ones() as usize;
        if hashes.len() == expected {
            Ok(Self { size, hashes })
        } else {
            Err(FrontierError { size, expected, found: hashes.len() })
        }
    }

    /// Adds a leaf at the right; a subtree that becomes as large as its neighbour joins it.
    pub fn append(&mut self, leaf: Hash) {
        let mut grown = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.hashes.pop().expect("one hash is kept for each bit set in the size");
            grown = node_hash(&left, &grown);
        }
        self.hashes.push(grown);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        let mut smallest_first = self.hashes.iter().rev();
        match smallest_first.next() {
            None => empty_root(),
            Some(last) => smallest_first.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The hashes that lead from a leaf to the root (RFC 9162 section 2.1.3.1). `None`: no such leaf.
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let (mut rest, mut at) = (leaves, index);
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if at < left.len() {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            at -= left.len();
            rest = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether the leaf stands at `index` of the tree with this size and root (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// The hashes that show the first `old` leaves to be the beginning of all (RFC 9162 section 2.1.4.1).
///
/// Empty when `old` is 0 or everything; `None` when `old` is more than there are.
pub fn consistency_proof(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    if old > leaves.len() {
        return None;
    }
    if old == 0 || old == leaves.len() {
        return Some(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut rest, mut keep, mut whole) = (leaves, old, true);
    while keep != rest.len() {
        let (left, right) = rest.split_at(split(rest.len()));
        if keep <= left.len() {
            proof.push(root(right));
            rest = left;
        } else {
            proof.push(root(left));
            keep -= left.len();
            rest = right;
            whole = false;
        }
    }
    if !whole {
        proof.push(root(rest));
    }
    proof.reverse();
    Some(proof)
}

/// Whether the old tree is the beginning of the new one (RFC 9162 section 2.1.4.2).
pub fn verify_consistency(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    let with_old;
    let proof = if old_size.is_power_of_two() {
        with_old = [std::slice::from_ref(old_root), proof].concat();
        &with_old[..]
    } else {
        proof
    };
    let Some((first, proof)) = proof.split_first() else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// The largest power of two smaller than `n`; `n` is at least 2.
fn split(n: usize) -> usize {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{draw::hex, proof::hash_from_hex};
    use proptest::prelude::*;

    /// The eight entries and their roots used by the certificate-transparency reference tests of RFC 6962.
    const ENTRIES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves(n: usize) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    #[test]
    fn the_roots_are_those_of_the_reference_tests() {
        let mut tree = Frontier::new();
        for (size, expected) in ROOTS.iter().enumerate() {
            assert_eq!(hex(&tree.root()), *expected, "size {size}");
            if let Some(entry) = ENTRIES.get(size) {
                tree.append(leaf_hash(entry));
            }
        }
    }

    #[test]
    fn the_reference_proofs_are_made_and_verify() {
        let all: Vec<Hash> = ENTRIES.iter().map(|e| leaf_hash(e)).collect();
        let expected = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        let proof = inclusion_proof(&all, 0).expect("leaf 0 exists");
        assert_eq!(proof.iter().map(|h| hex(h)).collect::<Vec<_>>(), expected);
        let root8 = hash_from_hex(ROOTS[8]).expect("a hash");
        assert!(verify_inclusion(&all[0], 0, 8, &proof, &root8));
        assert!(!verify_inclusion(&all[1], 0, 8, &proof, &root8));
        assert!(!verify_inclusion(&all[0], 1, 8, &proof, &root8));
    }

    #[test]
    fn a_frontier_with_too_few_or_too_many_hashes_is_refused() {
        let h = empty_root();
        assert!(Frontier::from_parts(5, vec![h, h]).is_ok());
        assert_eq!(Frontier::from_parts(5, vec![h]), Err(FrontierError { size: 5, expected: 2, found: 1 }));
        assert!(Frontier::from_parts(0, vec![h]).is_err());
    }

    proptest! {
        #[test]
        fn the_frontier_has_the_root_of_the_whole(n in 0usize..200) {
            let all = leaves(n);
            let mut tree = Frontier::new();
            for leaf in &all {
                tree.append(*leaf);
                let again = Frontier::from_parts(tree.size, tree.hashes.clone()).expect("its own parts");
                prop_assert_eq!(again.root(), tree.root());
            }
            prop_assert_eq!(tree.root(), root(&all));
        }

        #[test]
        fn an_inclusion_proof_holds_and_its_forged_twin_does_not(n in 1usize..100, pick in any::<prop::sample::Index>(), bit in 0usize..256, drop in any::<bool>()) {
            let all = leaves(n);
            let (index, root) = (pick.index(n), root(&all));
            let proof = inclusion_proof(&all, index).expect("the leaf exists");
            prop_assert!(verify_inclusion(&all[index], index as u64, n as u64, &proof, &root));
            prop_assert!(inclusion_proof(&all, n).is_none());

            let mut leaf = all[index];
            leaf[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_inclusion(&leaf, index as u64, n as u64, &proof, &root));
            prop_assert!(!verify_inclusion(&all[index], n as u64, n as u64, &proof, &root));
            let mut forged = proof.clone();
            match forged.first_mut() {
                Some(h) if !drop => h[bit / 8] ^= 1 << (bit % 8),
                Some(_) => { forged.pop(); }
                None => forged.push(leaf),
            }
            prop_assert!(!verify_inclusion(&all[index], index as u64, n as u64, &forged, &root));
        }

        #[test]
        fn a_consistency_proof_holds_and_its_forged_twin_does_not(n in 1usize..100, pick in any::<prop::sample::Index>(), bit in 0usize..256) {
            let all = leaves(n);
            let old = pick.index(n + 1);
            let (old_root, new_root) = (root(&all[..old]), root(&all));
            let proof = consistency_proof(&all, old).expect("old is not more than all");
            prop_assert!(verify_consistency((old as u64, &old_root), (n as u64, &new_root), &proof));
            prop_assert!(consistency_proof(&all, n + 1).is_none());

            let flip = |h: &Hash| { let mut h = *h; h[bit / 8] ^= 1 << (bit % 8); h };
            prop_assert!(!verify_consistency((old as u64, &flip(&old_root)), (n as u64, &new_root), &proof));
            if old > 0 {
                prop_assert!(!verify_consistency((old as u64, &old_root), (n as u64, &flip(&new_root)), &proof));
            }
            let mut forged = proof.clone();
            match forged.last_mut() { Some(h) => *h = flip(h), None => forged.push(new_root) }
            prop_assert!(!verify_consistency((old as u64, &old_root), (n as u64, &new_root), &forged));
            prop_assert!(!verify_consistency((n as u64 + 1, &old_root), (n as u64, &new_root), &proof));
        }
    }
}
