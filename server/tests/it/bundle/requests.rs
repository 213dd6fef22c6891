//! Requests and attached files in a bundle: carried whole, and each forged twin refused by name.

use domain::{
    Moment,
    attachment::{Attachment, FileType},
    control::Control,
    proof::{
        layout, sha256_hex,
        verify::{Report, verify},
    },
    request::{Question, RecordRef, Request, Said},
    role::{Actor, Role, Scope},
};

use super::{
    forged::{Files, edit_index, edit_lines, sign_again, wrong},
    sample::{Sample, now, open, pack, trust},
};

const REQUESTS: &str = "data/requests/requests.jsonl";
const LOG: &[u8] = b"restore took 62 minutes\n";
const REPORT: &[u8] = b"%PDF-1.4\n%%EOF\n";

fn at(n: i64) -> Moment {
    Moment::parse("2026-11-20T09:00:00Z").expect("a time").plus_millis(n)
}

fn actor(role: Role) -> Actor {
    Actor { id: role.word().into(), name: role.word().into(), role, scope: Scope::EVERYTHING }
}

fn file(name: &str, kind: FileType, bytes: &[u8]) -> Attachment {
    Attachment { sha256: sha256_hex(bytes), name: name.into(), kind, bytes: bytes.len() as u64 }
}

/// The versions of one request: asked, answered with a record and two files, marked.
fn versions() -> [Request; 3] {
    let question = Question { title: "The last drill".into(), control: Some(Control::Cc75), ..Question::default() };
    let asked = Request::ask("R-001".into(), question, &actor(Role::Auditor), None, at(0)).expect("asked");
    let said = Said {
        words: "It is here.".into(),
        records: vec![RecordRef { seq: 1, collection: "backup_audit_log".into(), id: "att-0".into() }],
        attachments: vec![file("restore.log", FileType::Text, LOG), file("report.pdf", FileType::Pdf, REPORT)],
    };
    let answered = asked.clone().answer(said, &actor(Role::Owner), at(1)).expect("answered");
    let marked = answered.clone().put_in_bundle(true, &actor(Role::Auditor), at(2)).expect("marked");
    [asked, answered, marked]
}

fn with(versions: &[Request]) -> Sample {
    let mut sample = Sample::new();
    for version in versions {
        sample.request(version);
    }
    for bytes in [LOG, REPORT] {
        sample.attachments.insert(sha256_hex(bytes), bytes.to_vec());
    }
    sample
}

fn report(sample: &Sample, zip: &[u8]) -> Report {
    verify(zip, &trust(&sample.keys), now())
}

fn kept(bytes: &[u8]) -> String {
    format!("{}{}", layout::ATTACHMENTS, sha256_hex(bytes))
}

#[test]
fn a_request_and_its_files_are_carried_as_they_were_sealed() {
    let sample = with(&versions());
    let zip = sample.bundle().1;
    let found = report(&sample, &zip);
    assert!(found.verified(), "{:#?}", found.checks);
    let line =
        |what: &str| found.checks.iter().find(|c| c.what == what).unwrap_or_else(|| panic!("{what}")).found.clone();
    assert!(
        line("The requests").starts_with("One with every version") && line("The attachments").starts_with("2 files")
    );
    let files = open(&zip).files;
    assert_eq!((&files[&kept(LOG)][..], &files[&kept(REPORT)][..]), (LOG, REPORT));
    let page = String::from_utf8(files[layout::INDEX_PAGE].clone()).expect("text");
    for expected in
        ["The last drill", "It is here.", "att-0, № 1", &format!("href=\"attachments/{}\"", sha256_hex(LOG))]
    {
        assert!(page.contains(expected), "{expected}");
    }
    // `sha256sum` says the names: each file is called by its digest.
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("file"), &files[&kept(LOG)]).expect("a file");
    let out = std::process::Command::new("sha256sum").arg(dir.path().join("file")).output().expect("sha256sum runs");
    assert!(String::from_utf8_lossy(&out.stdout).starts_with(&sha256_hex(LOG)));
}

#[test]
fn requests_nobody_wants_in_a_bundle_are_no_omission_and_are_said_to_be_elsewhere() {
    let sample = with(&versions());
    let mut parts = sample.parts();
    parts.records.retain(|record| record.coll != "requests");
    let zip = sample.bundle_of(&parts).1;
    let found = report(&sample, &zip);
    assert!(found.verified(), "{}", wrong(&found));
    assert!(!open(&zip).files.contains_key(REQUESTS), "a bundle without any has no file of them");
    assert!(
        found.not_proven.iter().any(|n| n.starts_with("What auditors asked in 3 versions")),
        "{:#?}",
        found.not_proven
    );
    assert!(found.checks.iter().all(|c| !["The requests", "The attachments"].contains(&c.what.as_str())));
}

#[test]
fn each_forged_twin_of_the_files_is_refused_by_name_though_everything_is_signed_again() {
    let sample = with(&versions());
    let good = open(&sample.bundle().1);
    type Forge = fn(&mut Files);
    let table: [(&str, Forge, &str); 6] = [
        (
            "a file altered",
            |f| drop(f.insert(kept(LOG), b"restore took 26 minutes\n".to_vec())),
            "is not the file that was sealed",
        ),
        (
            "two files exchanged",
            |f| {
                f.insert(kept(LOG), REPORT.to_vec());
                f.insert(kept(REPORT), LOG.to_vec());
            },
            "is not the file that was sealed",
        ),
        (
            "a file renamed",
            |f| {
                let file = f.remove(&kept(LOG)).expect("the file");
                f.insert(kept(b"another"), file);
            },
            "restore.log",
        ),
        ("a file missing", |f| drop(f.remove(&kept(REPORT))), "names report.pdf"),
        ("a file more", |f| drop(f.insert(kept(b"more"), b"more".to_vec())), "is named by no record here"),
        (
            "a file under a name that is none",
            |f| drop(f.insert(format!("{}notes.txt", layout::ATTACHMENTS), b"x".to_vec())),
            "is named by no record here",
        ),
    ];
    for (what, forge, expected) in table {
        let mut files = good.files.clone();
        forge(&mut files);
        sign_again(&mut files, &sample.keys);
        let found = report(&sample, &pack(&good.folder, &files));
        assert!(
            wrong(&found).contains("the attachments:") && wrong(&found).contains(expected),
            "{what}: {}",
            wrong(&found)
        );
    }
}

#[test]
fn a_version_left_out_is_missed() {
    let sample = with(&versions());
    let good = open(&sample.bundle().1);
    for gone in 0..3 {
        let mut files = good.files.clone();
        edit_lines(&mut files, REQUESTS, |lines| drop(lines.remove(gone)));
        edit_index(&mut files, |index| {
            index.records.get_mut(REQUESTS).expect("a list").remove(gone);
            *index.counts.get_mut("requests").expect("a count") -= 1;
        });
        sign_again(&mut files, &sample.keys);
        let found = report(&sample, &pack(&good.folder, &files));
        assert!(wrong(&found).contains("r-001 lacks its version of entry"), "{gone}: {}", wrong(&found));
    }
}

#[test]
fn a_thread_that_does_not_hold_together_is_found_though_every_version_is_sealed() {
    type Forge = fn(&mut Request);
    let table: [(&str, Forge, &str); 5] = [
        ("words changed later", |r| r.thread[0].words = "Something else".into(), "takes back or changes"),
        ("an answer taken out", |r| drop(r.thread.pop()), "takes back or changes"),
        (
            "a record that is another",
            |r| {
                r.thread[1].records[0].id = "att-1".into();
            },
            "takes back or changes",
        ),
        ("another title", |r| r.title = "Another".into(), "takes back or changes"),
        (
            "a file of another size",
            |r| {
                let said = file("again.log", FileType::Text, LOG);
                let message = r.thread[1].clone();
                r.thread
                    .push(domain::request::Message { attachments: vec![Attachment { bytes: 1, ..said }], ..message });
            },
            "r-001 says 1",
        ),
    ];
    for (what, forge, expected) in table {
        let [asked, answered, mut marked] = versions();
        forge(&mut marked);
        let sample = with(&[asked, answered, marked]);
        let found = report(&sample, &sample.bundle().1);
        assert!(wrong(&found).contains(expected), "{what}: {}", wrong(&found));
    }
    for (what, seq, id, expected) in [
        ("another entry", 2, "att-0", "which entry 2 does not seal"),
        ("no entry", 999, "att-0", "which entry 999 does not seal"),
    ] {
        let [asked, mut answered, mut marked] = versions();
        for version in [&mut answered, &mut marked] {
            version.thread[1].records = vec![RecordRef { seq, collection: "backup_audit_log".into(), id: id.into() }];
        }
        let sample = with(&[asked, answered, marked]);
        let found = report(&sample, &sample.bundle().1);
        assert!(wrong(&found).contains(expected), "{what}: {}", wrong(&found));
    }
    // What it points to is cut away with the period: the bundle is of a quarter, and says which is not here.
    let mut sample = with(&versions());
    sample.scope.period = domain::schedule::Period::quarter("2026-Q4");
    let mut parts = sample.parts();
    parts.records.retain(|record| record.id != "att-0");
    let found = report(&sample, &sample.bundle_of(&parts).1);
    assert!(wrong(&found).contains("names att-0 (entry 1), which is not here"), "{}", wrong(&found));
}

#[test]
fn what_packs_a_thousand_to_one_is_no_bomb() {
    let zeros = vec![b'0'; 4 << 20];
    let [asked, mut answered, mut marked] = versions();
    for version in [&mut answered, &mut marked] {
        version.thread[1].attachments = vec![file("zeros.txt", FileType::Text, &zeros)];
    }
    let mut sample = with(&[asked, answered, marked]);
    sample.attachments.insert(sha256_hex(&zeros), zeros);
    let found = report(&sample, &sample.bundle().1);
    assert!(found.verified(), "{:#?}", found.checks);
}
