//! Signatures, certificates, time tokens and signed PDFs.
#![no_main]

use domain::proof::{
    packet,
    signature::{self, Root},
    timestamp::{self, Authorities},
};
use libfuzzer_sys::fuzz_target;

const ROOT: &str = include_str!("../../tests/vectors/evidence-root.pem");

fuzz_target!(|bytes: &[u8]| {
    let root = Root::from_pem(ROOT).expect("a root");
    assert!(signature::verify(bytes, b"never signed", &root).is_err());
    assert!(signature::verify_with_token(bytes, b"never signed", &root).is_err());
    assert!(!matches!(packet::verify(bytes, "B-001", &root), Ok(Some(_))));
    let authorities = Authorities::from_pem(ROOT).expect("a root");
    assert!(timestamp::verify(bytes, &timestamp::digest(b"never stamped"), None, &authorities).is_err());
    let _ = timestamp::token_der(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Authorities::from_pem(text);
        let _ = Root::from_pem(text);
    }
});
