//! The keys and the bundle, judged by tools nobody here wrote, and by our own verifier.

mod drawn;
mod forged;
mod recipe;
mod requests;
mod runners;
mod sample;
mod sign;
mod signoffs;
mod statement;

use std::io::Cursor;

use chrono::{DateTime, Utc};
use domain::proof::{
    bundle::UnverifiedBundle,
    verify::{Outcome, Trust, verify},
};
use server::exports::{
    bundle::{self, ExportError},
    spool::Scratch,
};

pub use forged::{sign_again, wrong};
use sample::{Parts, now, trust};
pub use sample::{Sample, open, pack};

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
    let [one, two] = [sample.bundle().1, sample.bundle().1].map(|b| open(&b));
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
    let gathered = |forge: &dyn Fn(&mut Parts)| {
        let mut parts = good.parts();
        forge(&mut parts);
        good.gathered(&parts).err()
    };
    assert!(gathered(&|_| ()).is_none());

    let id = good.parts().records[2].id.clone();
    let altered = gathered(&|p| {
        let place = p.records[2].bytes.len() - 3;
        p.records[2].bytes[place] ^= 1;
    });
    let said = altered.expect("an altered record").to_string();
    assert!(said.contains(&id) && said.contains("no bundle was made"), "{said}");

    assert!(matches!(gathered(&|p| drop(p.records.remove(1))), Some(ExportError::Missing { seq: 1, .. })));
    assert!(matches!(gathered(&|p| p.records[0].id = "another".into()), Some(ExportError::Differs { .. })));
    assert!(matches!(gathered(&|p| p.records.swap(1, 2)), Some(ExportError::Missing { .. })));
    let twice = gathered(&|p| p.records.insert(1, p.records[1].clone()));
    assert!(matches!(twice, Some(ExportError::Differs { .. })));
    let strange = gathered(&|p| p.records[0].coll = "secrets".into());
    assert!(matches!(strange, Some(ExportError::Stranger { .. })));
    let beyond = gathered(&|p| p.records.last_mut().expect("a record").seq = 99);
    assert!(matches!(beyond, Some(ExportError::Missing { .. })));
    assert!(matches!(gathered(&|p| drop(p.entries.pop())), Some(ExportError::Differs { .. })));
    let short = gathered(&|p| {
        p.entries.pop();
        p.records.pop();
    });
    assert!(matches!(short, Some(ExportError::Log(_))));
    assert!(matches!(gathered(&|p| p.log.head.root = "00".repeat(32)), Some(ExportError::Log(_))));

    let other = Sample::new();
    let written = bundle::write(&good.content(), b"%PDF-1.7\n", &other.keys, Cursor::new(Vec::new()));
    assert!(matches!(written, Err(ExportError::Log(_))), "another key than the ledger's");
}

#[test]
fn a_full_disk_leaves_nothing_and_says_which() {
    let sample = Sample::new();
    let full = || std::fs::OpenOptions::new().read(true).write(true).open("/dev/full").expect("it is always full");
    let written = bundle::write(&sample.content(), b"%PDF-1.7\n", &sample.keys, full());
    assert!(matches!(&written, Err(ExportError::Write(_) | ExportError::Zip(_))), "{written:?}");
    let said = Scratch("/somewhere".into()).failed(std::io::Error::from(std::io::ErrorKind::StorageFull)).to_string();
    for part in ["/somewhere", "No bundle was made", "make room", "portal.scratch"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let nowhere = Scratch("/nowhere/at/all".into()).file().expect_err("there is no such folder").to_string();
    assert!(nowhere.contains("/nowhere/at/all"), "{nowhere}");
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
    let sample = Sample::signed();
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
    let names = |zip: &[u8]| open(zip).files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&bytes), "write the vectors anew, and say in the commit why the format changed");
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time in the test")
}

#[test]
fn a_bundle_packed_again_is_the_same_bundle() {
    let sample = Sample::new();
    let (_, bytes) = sample.bundle();
    let opened = open(&bytes);
    let packed = pack(&opened.folder, &opened.files);
    assert_eq!(UnverifiedBundle::read(&packed), UnverifiedBundle::read(&bytes));
}
