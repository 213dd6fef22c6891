//! An invented year of evidence, set as a packet.

use super::*;

mod sample {
    use crate::{
        exports::{
            content::{Attested, Content, Log, Payload},
            packet::Fingerprints,
        },
        time::Outside,
    };

    include!("../../../tests/it/packet/sample.rs");
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let (content, keys) = (sample::content(17), sample::keys());
    let first = make(&content, &keys).expect("a packet");
    if let Some(path) = std::env::var_os("PACKET_OUT") {
        std::fs::write(path, &first).expect("a file to look at");
    }
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(first, make(&content, &keys).expect("the packet again"));
    assert!(first.len() < 600_000, "{} bytes", first.len());
    let pages = lopdf::Document::load_mem(&first).expect("a PDF that reads").get_pages().len();
    assert!((15..60).contains(&pages), "{pages} pages");
}

#[test]
fn a_bundle_with_nothing_in_it_still_makes_a_packet_that_says_so() {
    let mut content = sample::content(3);
    content.drills.clear();
    content.attested = Default::default();
    content.findings.clear();
    content.gaps.clear();
    content.runbooks.clear();
    content.targets.clear();
    content.scope = domain::role::Scope::EVERYTHING;
    let pdf = make(&content, &sample::keys()).expect("a packet");
    let pages = lopdf::Document::load_mem(&pdf).expect("a PDF that reads").get_pages().len();
    assert!((8..12).contains(&pages), "{pages} pages");
}
