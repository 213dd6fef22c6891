//! The keys and the bundle, judged by tools nobody here wrote, and by our own verifier.

mod drawn;
mod forged;
mod recipe;
mod sample;
mod sign;
mod statement;

use std::io::Cursor;

use chrono::{DateTime, Utc};
use domain::proof::{
    bundle::UnverifiedBundle,
    verify::{Outcome, Trust, verify},
};
use server::exports::bundle::{self, ExportError};

pub use forged::{sign_again, wrong};
pub use sample::Sample;
pub use sample::pack;
use sample::{now, trust};

#[test]
fn a_good_bundle_verifies_and_says_what_it_does_not_prove() {
    let sample = Sample::new();
    let (made, bytes) = sample.bundle();
    assert_eq!(made.folder, "evidence-cartie-2026-Q4-7");
    assert_eq!(made.bytes, bytes.len() as u64);
    let report = verify(&bytes, &trust(&sample.keys), now());
    assert!(report.verified(), "{:#?}", report.checks);
    assert_eq!(report.facts.tagmanifest_sha256, made.tagmanifest_sha256);
    assert_eq!(report.facts.files, made.files);
    assert_eq!((report.facts.id.as_str(), report.facts.records), ("B-007", 9));
    assert!(report.checks.iter().any(|c| c.what.starts_with("The draws")), "{:#?}", report.checks);

    let own = verify(&bytes, &Trust::default(), now());
    assert!(own.verified());
    let said = own.not_proven.join("\n");
    for expected in ["Who made", "Whose ledger", "rewritten", "self-asserted", "nobody wrote down", "demo data"] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
    let held = UnverifiedBundle::read(&bytes).expect("it reads").verify(&trust(&sample.keys), now());
    assert!(held.expect("it verifies").report().verified());
}

#[test]
fn two_bundles_of_the_same_content_differ_in_their_signatures_alone() {
    let sample = Sample::new();
    let [one, two] = [sample.bundle().1, sample.bundle().1].map(|b| UnverifiedBundle::read(&b).expect("it reads"));
    let differing: Vec<&String> = one.files.keys().filter(|n| one.files.get(*n) != two.files.get(*n)).collect();
    assert!(differing.iter().all(|n| n.starts_with("signatures/")), "{differing:?}");
    assert_eq!(one.folder, two.folder);
}

#[test]
fn a_second_bundle_continues_the_first_and_begins_where_it_ended() {
    let mut sample = Sample::new();
    let first = sample.bundle().1;
    sample.begin_again_here();
    sample.finding("F-002", "Second");
    let second = sample.bundle().1;
    let held = Trust { previous: Some(first.clone()), ..trust(&sample.keys) };
    let report = verify(&second, &held, now());
    assert!(report.verified(), "{:#?}", report.checks);
    assert!(report.checks.iter().any(|c| c.what.contains("continues the one you hold")));

    let back = Trust { previous: Some(second), ..trust(&sample.keys) };
    let rolled = verify(&first, &back, now());
    assert!(rolled.first_wrong().expect("it is refused").found.contains("Rolled back"));
}

#[test]
fn a_ledger_that_was_rewritten_is_a_fork_beside_the_older_bundle() {
    let sample = Sample::new();
    let mut other = Sample::with_keys(sample.keys());
    let held = sample.bundle().1;
    other.rewrite_first_entry();
    other.finding("F-003", "Third");
    let forked = verify(&other.bundle().1, &Trust { previous: Some(held), ..trust(&other.keys) }, now());
    assert!(forged::wrong(&forked).contains("forked: the first 9 entries"), "{}", forged::wrong(&forked));
}

#[test]
fn an_export_fails_and_names_the_record_rather_than_leaving_it_out() {
    let good = Sample::new();
    let write = |content: &_| bundle::write(content, b"%PDF-1.7\n", &good.keys, Cursor::new(Vec::new()));

    let mut altered = good.content();
    let place = altered.records[2].bytes.len() - 3;
    altered.records[2].bytes[place] ^= 1;
    let said = write(&altered).expect_err("an altered record").to_string();
    assert!(said.contains(&altered.records[2].id) && said.contains("no bundle was made"), "{said}");

    let mut missing = good.content();
    let gone = missing.records.remove(1);
    assert!(matches!(write(&missing), Err(ExportError::Missing { seq, .. }) if seq == gone.seq));

    let mut embellished = good.content();
    embellished.drills[0].value.by = "somebody else".to_owned();
    assert!(matches!(write(&embellished), Err(ExportError::Differs { .. })), "a page that says more than its record");

    let mut moved = good.content();
    moved.records[0].id = "another".to_owned();
    assert!(matches!(write(&moved), Err(ExportError::Differs { .. })));

    let mut strange = good.content();
    strange.records[0].coll = "secrets".to_owned();
    assert!(matches!(write(&strange), Err(ExportError::Stranger { .. })));

    let mut dropped = good.content();
    dropped.log.entries.pop();
    assert!(matches!(write(&dropped), Err(ExportError::Log(_))));

    let mut claimed = good.content();
    claimed.log.head.root = "00".repeat(32);
    assert!(matches!(write(&claimed), Err(ExportError::Log(_))));
}

#[test]
fn names_from_people_stay_inside_the_folder() {
    let mut content = Sample::new().content();
    content.org = "../Évil & Sons/..".to_owned();
    content.period_name = "2025-12-01..2026-11-30".to_owned();
    content.id = "B-012".to_owned();
    assert_eq!(bundle::folder(&content), "evidence--..--vil---sons-..-2025-12-01..2026-11-30-12");
}

#[test]
fn something_else_than_a_zip_is_unreadable_and_a_cut_one_is_not_verified() {
    let sample = Sample::new();
    let (_, bytes) = sample.bundle();
    assert_eq!(verify(b"hello", &Trust::default(), now()).outcome, Outcome::Unreadable);
    assert_eq!(verify(&[], &Trust::default(), now()).outcome, Outcome::Unreadable);
    assert_eq!(verify(&bytes[..bytes.len() - 1], &trust(&sample.keys), now()).outcome, Outcome::Unreadable);
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(verify(&longer, &trust(&sample.keys), now()).outcome, Outcome::NotVerified);
}

/// The bundle that `app/domain/tests` reads has the files that are written today. With
/// `PASSMUSTER_WRITE_VECTORS=1` it is written anew.
#[test]
fn the_verifiers_own_vectors_have_todays_format() {
    let sample = Sample::new();
    let (_, bytes) = sample.bundle();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/domain/tests/vectors");
    if std::env::var_os("PASSMUSTER_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("a file");
        write("good.zip", &bytes);
        write("evidence-root.pem", sample.keys.root_pem().as_bytes());
        write("origin.vkey", sample.keys.vkey().as_bytes());
    }
    let kept = std::fs::read(folder.join("good.zip")).expect("the vector");
    let names = |zip: &[u8]| UnverifiedBundle::read(zip).expect("it reads").files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&bytes), "write the vectors anew, and say in the commit why the format changed");
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time in the test")
}

#[test]
fn a_bundle_packed_again_is_the_same_bundle() {
    let sample = Sample::new();
    let (_, bytes) = sample.bundle();
    let read = UnverifiedBundle::read(&bytes).expect("it reads");
    assert_eq!(UnverifiedBundle::read(&pack(&read.folder, &read.files)), Ok(read));
}
