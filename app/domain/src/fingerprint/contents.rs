//! What all documents of a collection come to, whatever order they are read in.
//!
//! A document's leaf is `SHA-256(raw BSON)`. The leaf as a ChaCha20 key (nonce and counter zero) gives 1024 bytes of
//! key stream, read as 256 little-endian 32-bit lanes; the lanes of all documents are added modulo 2^32, and the
//! digest is `SHA-256("passmuster contents v2\n" ‖ count as 8 bytes, little-endian ‖ the lanes)`.
//!
//! That is LtHash (Lewi, Kim, Maykov, Weis: "Securing Update Propagation with Homomorphic Hashing", 2019), expanded as
//! Bitcoin Core's MuHash expands its elements. A plain sum of SHA-256 would not do: with many chosen documents the
//! generalised birthday attack (Wagner, 2002) finds two sets of the same sum in about 2^32 steps; over n bits it takes
//! 2^(2√n). The paper's 1024 lanes of 16 bits stand above 2^200 by its authors' estimate. These are half as many bits,
//! 8192, for twice the speed: 2^181 steps, with 2^90 documents in the sets it finds; of lattice reduction no more is
//! known than for the paper's, each document counting once or not at all; and taking the lanes' bits one after another
//! by linear algebra, which costs lanes^bits, is 2^256 here and 2^160 there. The weakest part is, as it was with twice
//! the bits, a collision of SHA-256 itself at 2^128.
//!
//! A document that stood 2^32 times would vanish from the lanes; within a collection `_id` is unique, so none stands
//! twice.

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher},
};
use sha2::{Digest, Sha256};

use super::sketch::{Key, Sketch};
use crate::draw::hex;

const LANES: usize = 256;

/// Grows by documents, and by the contents of other parts of the same collection.
#[derive(Clone)]
pub struct Contents {
    documents: u64,
    bytes: u64,
    lanes: Box<[u32; LANES]>,
    sketch: Sketch,
}

impl Default for Contents {
    fn default() -> Self {
        Self { documents: 0, bytes: 0, lanes: Box::new([0; LANES]), sketch: Sketch::default() }
    }
}

impl Contents {
    /// Adds a document as it is stored; `id` is the key of its `_id`, for naming it.
    pub fn add(&mut self, raw: &[u8], id: &Key) {
        let leaf: [u8; 32] = Sha256::digest(raw).into();
        self.documents += 1;
        self.bytes += raw.len() as u64;
        let mut stream = [0u8; LANES * 4];
        ChaCha20::new(&leaf.into(), &[0u8; 12].into()).write_keystream(&mut stream);
        for (lane, part) in self.lanes.iter_mut().zip(stream.as_chunks::<4>().0) {
            *lane = lane.wrapping_add(u32::from_le_bytes(*part));
        }
        self.sketch.add(id, &leaf);
    }

    /// Adds another part of the same collection.
    pub fn merge(&mut self, other: &Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        for (lane, more) in self.lanes.iter_mut().zip(other.lanes.iter()) {
            *lane = lane.wrapping_add(*more);
        }
        self.sketch.merge(&other.sketch);
    }

    pub fn documents(&self) -> u64 {
        self.documents
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// 64 lower-case hex digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"passmuster contents v2\n");
        hash.update(self.documents.to_le_bytes());
        for lane in self.lanes.iter() {
            hash.update(lane.to_le_bytes());
        }
        hex(&hash.finalize())
    }

    /// What names the documents that differ, as small as so many documents allow.
    pub fn sketch(&self) -> Sketch {
        self.sketch.folded(self.documents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(documents: &[&[u8]]) -> Contents {
        let mut contents = Contents::default();
        for raw in documents {
            contents.add(raw, &Key::of(2, raw));
        }
        contents
    }

    #[test]
    fn the_digest_is_the_one_another_program_computes() {
        // Python: hashlib for SHA-256, `cryptography` for ChaCha20.
        assert_eq!(of(&[]).digest(), EMPTY);
        assert_eq!(of(&[b"one", b"two", b"three"]).digest(), THREE);
    }

    #[test]
    fn order_and_parts_do_not_matter_and_everything_else_does() {
        let whole = of(&[b"a", b"b", b"c"]);
        let mut parts = of(&[b"c"]);
        parts.merge(&of(&[b"b", b"a"]));
        assert_eq!(parts.digest(), whole.digest());
        for other in [of(&[b"a", b"b"]), of(&[b"a", b"b", b"d"]), of(&[b"a", b"b", b"c", b"c"]), of(&[b"abc"])] {
            assert_ne!(other.digest(), whole.digest());
        }
    }

    const EMPTY: &str = "6ee92c1f36884fce35f4edf141c9bc7af237bf54bf868e1bcb010d4d52cfc712";
    const THREE: &str = "fc96505f8858ac0434c58c22f590d0ea5c1fc66a6596975a7201e0f4d0076366";
}
