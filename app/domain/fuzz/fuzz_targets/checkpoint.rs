//! Signed notes, verifier keys, proofs and tile paths.
#![no_main]

use domain::proof::{
    checkpoint::{self, VerifierKey},
    inclusion::InclusionProof,
    tile::Tile,
};
use libfuzzer_sys::fuzz_target;

const VKEY: &str = include_str!("../../tests/vectors/origin.vkey");

fuzz_target!(|text: &str| {
    let key = VerifierKey::parse(VKEY.trim_end()).expect("a key");
    if let Ok(head) = checkpoint::open(text, &key) {
        // Signed by nobody here, so only what the vectors hold opens; unknown signers may stand beside.
        assert!(head.origin == key.name(), "{head:?}");
    }
    if let Ok(parsed) = VerifierKey::parse(text) {
        assert_eq!(parsed.to_string(), text, "one key, one text");
    }
    if let Some(tile) = Tile::parse(text) {
        assert_eq!(tile.path(), text, "one tile, one path");
    }
    if let Ok(proof) = InclusionProof::parse(text) {
        let _ = proof.verify(b"{}", &key);
    }
});
