//! The packet's own signature, and the bag, judged by tools nobody here wrote: qpdf, pdfsig, pyHanko, bagit.py.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use domain::{
    Moment,
    proof::{
        layout,
        packet::{self, PacketError},
        signature::Root,
    },
};
use server::exports::packet::sign;

use crate::{
    bundle::{Sample, open},
    time::{Authority, KeyOf, bundle, checked, stamped_portal, trust},
};

/// Runs a tool in a folder; what it printed, and whether it was content.
fn run(dir: &Path, tool: impl AsRef<Path>, args: &[&str]) -> (bool, String) {
    let tool = tool.as_ref();
    let done = Command::new(tool).args(args).current_dir(dir).output();
    let done = done.unwrap_or_else(|why| panic!("{} is needed here: {why}", tool.display()));
    (
        done.status.success(),
        format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)),
    )
}

/// The tools from PyPI: fetched by `tools/python`, which `make test` calls.
fn python(tool: &str) -> PathBuf {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin").join(tool);
    assert!(venv.exists(), "run tools/python first, or the tests by `make test`");
    venv
}

#[tokio::test]
async fn stock_tools_agree_that_the_packet_is_signed_in_whole_and_the_bag_is_one() {
    let authority = Authority::start(KeyOf::P256).await;
    let portal = stamped_portal(&authority).await;
    let bytes = bundle(&portal).await;
    let report = checked(&bytes, &trust(&portal, &authority));
    assert!(report.verified(), "{:#?}", report.checks);
    assert!(report.checks.iter().any(|c| c.what == "The packet's own signature"), "{:#?}", report.checks);

    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path();
    std::fs::write(dir.join("b.zip"), &bytes).expect("written");
    assert!(run(dir, "unzip", &["-q", "b.zip"]).0);
    let folder = open(&bytes).folder;
    let pdf = format!("{folder}/{}", layout::PACKET);
    std::fs::write(dir.join("root.pem"), portal.house.ledger.keys.root_pem()).expect("written");
    std::fs::write(dir.join("tsa.pem"), authority.roots()).expect("written");

    let (content, said) = run(dir, "qpdf", &["--check", &pdf]);
    assert!(content && said.contains("No syntax or stream encoding errors found"), "{said}");
    let (content, said) = run(dir, "pdfsig", &["-nocert", &pdf]);
    assert!(content && said.contains("Total document signed") && said.contains("Signature is Valid"), "{said}");
    assert!(said.contains("ETSI.CAdES.detached"), "{said}");
    let validate =
        ["sign", "validate", "--pretty-print", "--trust", "root.pem", "--trust", "tsa.pem", "--trust-replace", &pdf];
    let (content, said) = run(dir, python("pyhanko"), &validate);
    assert!(content, "{said}");
    for part in ["The signature is judged VALID", "covers the entire file", "timestamp"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (content, said) = run(dir, python("bagit.py"), &["--validate", &folder]);
    assert!(content, "{said}");

    // A stock tool must see what ours sees in a packet altered afterwards.
    let mut altered = std::fs::read(dir.join(&pdf)).expect("a packet");
    let at = altered.len() / 3;
    altered[at] ^= 1;
    std::fs::write(dir.join("altered.pdf"), altered).expect("written");
    let (content, said) = run(dir, python("pyhanko"), &["sign", "validate", "--trust", "root.pem", "altered.pdf"]);
    assert!(!content || said.contains("INVALID"), "{said}");
}

#[test]
fn a_packet_that_was_touched_is_refused_by_name() {
    let sample = Sample::new();
    let keys = sample.keys();
    let root = Root::from_pem(&keys.root_pem()).expect("a root");
    let at = Moment::parse("2026-11-24T12:00:00Z").expect("a time");
    let pages = include_bytes!("packet/one-page.pdf").to_vec();
    let good = sign(pages.clone(), "B-007", "Évil & Söhne (Berlin)", at, &keys, None).expect("signed");
    assert!(good.starts_with(&pages), "the pages stay byte for byte what they were");
    assert!(packet::verify(&good, "B-007", &root).expect("it holds").is_some());
    assert_eq!(packet::verify(&pages, "B-007", &root).map(|s| s.is_none()), Ok(true), "nobody signed it");

    let check = |pdf: &[u8], bundle: &str| packet::verify(pdf, bundle, &root).map(|_| ()).expect_err("it is refused");
    assert_eq!(check(&good, "B-008"), PacketError::OtherBundle("B-008".into()));
    assert_eq!(check(&[&good[..], b"\n"].concat(), "B-007"), PacketError::Later(1));
    let twice = sign(good.clone(), "B-007", "Another", at, &keys, None).expect("signed again");
    assert_eq!(check(&twice, "B-007"), PacketError::Several(2));
    assert_eq!(check(&good[..good.len() - 1], "B-007"), PacketError::Short);

    let place = |what: &[u8]| good.windows(what.len()).rposition(|w| w == what).expect("it is there");
    let (range, hole) = (place(b"/ByteRange"), place(b"/Contents<") + 9);
    for step in 0..60 {
        let at = step * good.len() / 60;
        if (hole..good.len()).contains(&at) && good[at] == b'0' {
            continue;
        }
        let mut altered = good.clone();
        altered[at] ^= 2;
        check(&altered, "B-007");
    }
    // A wider hole, so that something unsigned could stand in it.
    let text = std::str::from_utf8(&good[range..range + 60]).expect("digits");
    let numbers: Vec<usize> = text.split(['[', ']', ' ']).filter_map(|n| n.parse().ok()).collect();
    let wider = format!("/ByteRange[0 {} {} {}]", numbers[1] - 2, numbers[2], numbers[3]);
    let mut forged = good.clone();
    forged[range..range + wider.len()].copy_from_slice(wider.as_bytes());
    assert_eq!(check(&forged, "B-007"), PacketError::NotCovered);
    // Something in the padding.
    let mut forged = good.clone();
    forged[numbers[2] - 2] = b'1';
    assert_eq!(check(&forged, "B-007"), PacketError::NotCovered);

    let other = Sample::new();
    let stranger = sign(pages, "B-007", "Testwerk", at, &other.keys(), None).expect("signed");
    assert!(matches!(check(&stranger, "B-007"), PacketError::Signature(_)));
}
