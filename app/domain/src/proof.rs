//! The proof code: hashing, tree, checkpoint, signature, bundle, verify.
//!
//! It reads bytes that may be hostile and says what they prove. It must never trust a key, a size or
//! a name because the bytes themselves assert it.

pub mod anchors;
pub mod bundle;
pub mod chain;
pub mod checkpoint;
pub mod dsse;
pub mod inclusion;
pub mod layout;
pub mod leaf;
pub mod packet;
pub mod passkey;
pub mod runner;
pub mod signature;
pub mod signoff;
pub mod tile;
pub mod timestamp;
pub mod tree;
pub mod verify;
pub mod zip;

/// SHA-256 of the bytes, 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    crate::draw::hex(&Sha256::digest(bytes))
}

/// Reads exactly 64 lower-case hex digits; `None` for anything else.
pub fn hash_from_hex(text: &str) -> Option<tree::Hash> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let nibble = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}
