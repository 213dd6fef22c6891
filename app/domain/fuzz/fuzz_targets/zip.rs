//! The strict ZIP reader, and the whole verifier behind it.
#![no_main]

use domain::{
    Moment,
    proof::verify::{Trust, verify},
};
use libfuzzer_sys::fuzz_target;

const ROOT: &str = include_str!("../../tests/vectors/evidence-root.pem");
const GOOD: &[u8] = include_bytes!("../../tests/vectors/good.zip");

fuzz_target!(|bytes: &[u8]| {
    let trust = Trust { root_pem: Some(ROOT.to_owned()), ..Trust::default() };
    let now = Moment::parse("2026-12-01T12:00:00Z").expect("a time");
    let report = verify(bytes, &trust, now);
    // Another way of packing the same files verifies; other files never do.
    assert!(!report.verified() || same_files(bytes), "forged");
});

fn same_files(bytes: &[u8]) -> bool {
    let read = domain::proof::bundle::UnverifiedBundle::read;
    read(bytes).ok() == read(GOOD).ok()
}
