//! Forged twins that the company's own key signed again, so that only what lies deeper can tell.

use std::collections::BTreeMap;

use domain::proof::{
    anchors::Anchors,
    dsse,
    layout::{self, Index},
    leaf, sha256_hex,
    verify::{Report, Trust, verify},
};
use server::sign::Keys;

use super::sample::{Sample, now, open, pack, trust};

pub type Files = BTreeMap<String, Vec<u8>>;

const DRILLS: &str = "data/records/backup_drill_results.jsonl";
const ATTESTATIONS: &str = "data/records/backup_audit_log.jsonl";

/// New manifests and a new signature over whatever the files now are.
pub fn sign_again(files: &mut Files, keys: &Keys) {
    let line = |name: &String, bytes: &Vec<u8>| format!("{}  {name}\n", sha256_hex(bytes));
    let payload: String = files.iter().filter(|(n, _)| n.starts_with("data/")).map(|(n, b)| line(n, b)).collect();
    files.insert(layout::MANIFEST.into(), payload.into_bytes());
    let tags: String = layout::TAG_FILES.iter().map(|n| line(&(*n).to_owned(), &files[*n])).collect();
    files.insert(layout::SIGNATURE.into(), keys.sign_cms(tags.as_bytes()).expect("a signature"));
    if let Some(Ok(index)) = files.get(layout::INDEX).map(|json| serde_json::from_slice::<Index>(json)) {
        let statement = dsse::statement(&index, &sha256_hex(tags.as_bytes()));
        let envelope = dsse::envelope(&statement, keys.signer_fingerprint(), |message| keys.sign_bytes(message));
        files.insert(layout::STATEMENT.into(), envelope);
    }
    files.insert(layout::TAG_MANIFEST.into(), tags.into_bytes());
}

fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[name].clone()).expect("a text")
}

pub fn edit(files: &mut Files, name: &str, change: impl FnOnce(String) -> String) {
    let before = text(files, name);
    let after = change(before.clone());
    assert_ne!(before, after, "the forgery changes {name}");
    files.insert(name.into(), after.into_bytes());
}

pub fn edit_index(files: &mut Files, change: impl FnOnce(&mut Index)) {
    edit(files, layout::INDEX, |json| {
        let mut index: Index = serde_json::from_str(&json).expect("an index");
        change(&mut index);
        serde_json::to_string_pretty(&index).expect("an index") + "\n"
    });
}

pub fn edit_lines(files: &mut Files, name: &str, change: impl FnOnce(&mut Vec<String>)) {
    edit(files, name, |all| {
        let mut lines: Vec<String> = all.lines().map(str::to_owned).collect();
        change(&mut lines);
        lines.iter().map(|l| format!("{l}\n")).collect()
    });
}

/// The name of the `n`th proof of a single entry.
fn proof_of(files: &Files, n: usize) -> String {
    files.keys().filter(|name| name.starts_with(layout::PROOFS)).nth(n).expect("a proof").clone()
}

/// Everything found wrong, in lower case.
pub fn wrong(report: &Report) -> String {
    report.checks.iter().filter(|c| !c.ok).map(|c| format!("{}: {}\n", c.what, c.found).to_lowercase()).collect()
}

#[test]
fn a_bundle_signed_again_over_something_forged_is_refused_by_name() {
    let sample = Sample::new();
    let good = open(&sample.bundle().1);
    type Forge = fn(&mut Files);
    let table: &[(&str, Forge, &str)] = &[
        ("an entry dropped", |f| edit_lines(f, layout::ENTRIES, |l| drop(l.remove(2))), "stands where"),
        ("the last entry dropped", |f| edit_lines(f, layout::ENTRIES, |l| drop(l.pop())), "signed head"),
        ("two entries swapped", |f| edit_lines(f, layout::ENTRIES, |l| l.swap(1, 2)), "stands where"),
        (
            "an entry added",
            |f| {
                edit_lines(f, layout::ENTRIES, |l| {
                    let mut entry = leaf::parse(&l[0]).expect("an entry");
                    entry.seq = l.len() as u64;
                    l.push(leaf::line(&entry));
                });
            },
            "signed head",
        ),
        (
            "an entry altered",
            |f| edit(f, layout::ENTRIES, |t| t.replacen("att-0", "att-9", 1)),
            "do not give the signed root",
        ),
        (
            "an entry written otherwise",
            |f| edit(f, layout::ENTRIES, |t| t.replacen("\"seq\":1,", "\"seq\":1 ,", 1)),
            "canonical",
        ),
        ("a size altered", |f| edit(f, layout::CHECKPOINT, |t| t.replacen("\n9\n", "\n8\n", 1)), "false"),
        ("another origin", |f| edit(f, layout::CHECKPOINT, |t| t.replacen("cartie", "kartie", 1)), "false"),
        (
            "no signature on the head",
            |f| edit(f, layout::CHECKPOINT, |t| t.replace("\u{2014} passmuster", "\u{2014} qassmuster")),
            "no signature by",
        ),
        ("a record altered", |f| edit(f, DRILLS, |t| t.replacen("27411", "27412", 1)), "not what entry"),
        ("a record altered in its spaces", |f| edit(f, DRILLS, |t| t.replacen("\":", "\": ", 1)), "not what entry"),
        (
            "a record without its entry",
            |f| {
                edit_lines(f, ATTESTATIONS, |l| l.push(l[0].replace("att-0", "att-8")));
                edit_index(f, |i| i.records.get_mut(ATTESTATIONS).expect("a list").push(99));
            },
            "no entry 99",
        ),
        (
            "an entry without its record",
            |f| {
                edit_lines(f, ATTESTATIONS, |l| drop(l.remove(0)));
                edit_index(f, |i| _ = i.records.get_mut(ATTESTATIONS).expect("a list").remove(0));
                edit_index(f, |i| *i.counts.get_mut("backup_audit_log").expect("a count") -= 1);
            },
            "has no record here",
        ),
        (
            "the same record twice",
            |f| {
                edit_lines(f, ATTESTATIONS, |l| l.push(l[0].clone()));
                edit_index(f, |i| {
                    let list = i.records.get_mut(ATTESTATIONS).expect("a list");
                    list.push(list[0]);
                });
            },
            "has a record already",
        ),
        ("a line more than the index", |f| edit_lines(f, ATTESTATIONS, |l| l.push(l[0].clone())), "the index says"),
        (
            "a count that lies",
            |f| edit_index(f, |i| _ = i.counts.insert("gaps".into(), 7)),
            "counts the records of gaps",
        ),
        (
            "a record in another file",
            |f| {
                edit_index(f, |i| {
                    let seqs = i.records.remove("data/gaps.jsonl").expect("a list");
                    i.records.insert("data/other.jsonl".into(), seqs);
                });
            },
            "where none belong",
        ),
        ("a byte-order mark", |f| edit(f, ATTESTATIONS, |t| format!("\u{feff}{t}")), "byte-order mark"),
        ("carriage returns", |f| edit(f, ATTESTATIONS, |t| t.replace('\n', "\r\n")), "carriage returns"),
        ("a last line that does not end", |f| edit(f, ATTESTATIONS, |t| t.trim_end().to_owned()), "does not end"),
        (
            "a runbook's text altered",
            |f| edit(f, "data/runbooks/runbook/v1.0.md", |t| t.replace("Never", "Always")),
            "not the text that was sealed",
        ),
        (
            "a runbook nobody sealed",
            |f| drop(f.insert("data/runbooks/runbook/v2.0.md".into(), b"x\n".to_vec())),
            "belongs to no sealed version",
        ),
        ("an index of another schema", |f| edit_index(f, |i| i.schema = 2), "schema is 2"),
        (
            "an index with a key more",
            |f| edit(f, layout::INDEX, |t| t.replacen('{', "{\"note\":1,", 1)),
            "unknown field",
        ),
        ("an index of another ledger", |f| edit_index(f, |i| i.log.to = 3), "another ledger"),
        ("made in the future", |f| edit_index(f, |i| i.made_at = "2126-01-01T00:00:00.000Z".into()), "in the future"),
        (
            "made before the certificate",
            |f| edit_index(f, |i| i.made_at = "2020-01-01T00:00:00.000Z".into()),
            "holds from",
        ),
        (
            "another root shipped",
            |f| {
                let other = Sample::new();
                f.insert(layout::ROOT_CERTIFICATE.into(), other.keys.root_pem().into_bytes());
            },
            "not the certificate",
        ),
        (
            "a frontier without its checkpoint",
            |f| drop(f.insert(layout::PREVIOUS_FRONTIER.into(), Vec::new())),
            "only one is there",
        ),
        (
            "a proof with another hash",
            |f| {
                edit(f, &proof_of(f, 0), |t| {
                    let line = t.lines().nth(2).expect("a hash").to_owned();
                    t.replacen(&line, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1)
                })
            },
            "does not stand at",
        ),
        (
            "a proof under another number",
            |f| {
                let proof = f.remove(&proof_of(f, 0)).expect("a proof");
                f.insert(format!("{}3.tlog-proof", layout::PROOFS), proof);
            },
            "it speaks of entry 0",
        ),
        (
            "a proof of an entry that is not here",
            |f| {
                edit(f, &proof_of(f, 0), |t| t.replacen("index 0\n", "index 900\n", 1));
                let proof = f.remove(&proof_of(f, 0)).expect("a proof");
                f.insert(format!("{}900.tlog-proof", layout::PROOFS), proof);
            },
            "not in this part of the ledger",
        ),
        ("a proof that is none", |f| drop(f.insert(proof_of(f, 0), b"trust me\n".to_vec())), "not a proof of the form"),
        ("no index", |f| drop(f.remove(layout::INDEX)), "index.json is missing"),
        ("no entries", |f| drop(f.remove(layout::ENTRIES)), "entries.jsonl is missing"),
    ];
    for (what, forge, expected) in table {
        let mut files = good.files.clone();
        forge(&mut files);
        sign_again(&mut files, &sample.keys);
        let report = verify(&pack(&good.folder, &files), &trust(&sample.keys), now());
        assert!(!report.verified(), "{what} passed");
        assert!(wrong(&report).contains(&expected.to_lowercase()), "{what}: {}", wrong(&report));
    }
}

#[test]
fn a_bundle_forged_without_the_key_is_refused_by_name() {
    let sample = Sample::new();
    let good = open(&sample.bundle().1);
    type Forge = fn(&mut Files);
    let table: &[(&str, Forge, &str)] = &[
        ("a file more in data", |f| drop(f.insert("data/extra.txt".into(), b"x\n".to_vec())), "not listed"),
        ("a file more in the bag", |f| drop(f.insert("extra.txt".into(), b"x\n".to_vec())), "does not belong"),
        ("files to be fetched", |f| drop(f.insert("fetch.txt".into(), b"x\n".to_vec())), "fetch.txt"),
        ("a second digest", |f| drop(f.insert("manifest-md5.txt".into(), b"x\n".to_vec())), "manifest-md5.txt"),
        ("a second signature", |f| drop(f.insert("signatures/other.p7s".into(), b"x\n".to_vec())), "other.p7s"),
        ("a file less", |f| drop(f.remove(layout::PACKET)), "is missing"),
        ("no signature", |f| drop(f.remove(layout::SIGNATURE)), "is missing"),
        ("another bag version", |f| edit(f, layout::BAGIT, |t| t.replace("1.0", "0.97")), "BagIt 1.0"),
        (
            "bag-info altered",
            |f| edit(f, layout::BAG_INFO, |t| t.replace("CARTIE", "CARTEL")),
            "bag-info.txt was altered",
        ),
        (
            "a name listed twice",
            |f| {
                edit(f, layout::MANIFEST, |t| {
                    let first = t.lines().next().unwrap_or("").to_owned();
                    format!("{first}\n{t}")
                })
            },
            "twice or out of order",
        ),
        (
            "upper-case digests",
            |f| edit(f, layout::TAG_MANIFEST, |t| t.to_uppercase().replace(".TXT", ".txt")),
            "not a digest",
        ),
        (
            "a tag file more",
            |f| {
                let page = sha256_hex(&f[layout::INDEX_PAGE]);
                edit(f, layout::TAG_MANIFEST, |t| {
                    let mut l: Vec<String> = t.lines().map(str::to_owned).collect();
                    l.insert(2, format!("{page}  data/index.html"));
                    l.join("\n") + "\n"
                });
            },
            "does not list exactly",
        ),
        (
            "the page altered and listed again",
            |f| {
                edit(f, layout::INDEX_PAGE, |t| t.replace("is open", "is shut"));
                let files = f.clone();
                edit(f, layout::MANIFEST, |_| {
                    files
                        .iter()
                        .filter(|(n, _)| n.starts_with("data/"))
                        .map(|(n, b)| format!("{}  {n}\n", sha256_hex(b)))
                        .collect()
                });
            },
            "manifest-sha256.txt was altered",
        ),
    ];
    for (what, forge, expected) in table {
        let mut files = good.files.clone();
        forge(&mut files);
        let report = verify(&pack(&good.folder, &files), &trust(&sample.keys), now());
        assert!(!report.verified(), "{what} passed");
        assert!(wrong(&report).contains(&expected.to_lowercase()), "{what}: {}", wrong(&report));
    }
}

#[test]
fn everything_signed_again_by_somebody_else_passes_only_without_a_pinned_root() {
    let (sample, other) = (Sample::new(), Sample::new());
    let theirs = other.bundle().1;
    assert!(verify(&theirs, &Trust::default(), now()).verified());
    let report = verify(&theirs, &Trust { root_pem: Some(sample.keys.root_pem()), ..Trust::default() }, now());
    assert!(wrong(&report).contains("not issued by the pinned root"), "{}", wrong(&report));
    let anchors = Anchors::parse(&sample.keys.anchors("CARTIE", Vec::new()).json()).expect("anchors").trust();
    let report = verify(&theirs, &Trust { vkey: None, ..anchors.clone() }, now());
    assert!(wrong(&report).contains("than the one your anchors name"), "{}", wrong(&report));
    let own = verify(&sample.bundle().1, &anchors, now());
    let whose = |n: &String| n.starts_with("Who made the bundle") || n.starts_with("Whose ledger");
    assert!(own.verified() && !own.not_proven.iter().any(whose), "{:#?}", own.not_proven);
    let unpinned = verify(&theirs, &Trust::default(), now());
    assert_eq!(unpinned.not_proven.iter().filter(|n| whose(n)).count(), 2, "{:#?}", unpinned.not_proven);
    let report = verify(&theirs, &Trust { vkey: Some(sample.keys.vkey()), ..Trust::default() }, now());
    assert!(wrong(&report).contains("another key than the one you hold"), "{}", wrong(&report));
}

#[test]
fn a_drill_that_disagrees_with_itself_is_found_though_everything_is_sealed_and_signed() {
    type Change = fn(&mut domain::drill::Drill);
    let table: &[(&str, Change, &str)] = &[
        (
            "a missed time called met",
            |d| d.measured.as_mut().expect("figures").restore_ms = 99_999_999,
            "does not follow",
        ),
        (
            "a failed check called passed",
            |d| d.checks[0].verdict = domain::drill::CheckVerdict::Fails,
            "does not follow",
        ),
        ("counts that differ", |d| d.counts[0].actual = 1, "counts are said to be equal"),
        ("a document that differs", |d| d.documents[0].actual = None, "documents are said to be equal"),
        ("a step backwards", |d| d.steps[0].started_at = d.steps[0].ended_at.plus_millis(1), "before it begins"),
        (
            "another tenant",
            |d| {
                let draw = d.draw.as_mut().expect("a draw");
                draw.chosen = draw.eligible.iter().find(|n| **n != draw.chosen).expect("another").clone();
            },
            "the draw does not give",
        ),
        ("another list", |d| d.draw.as_mut().expect("a draw").eligible.push("zebra".into()), "eligible list"),
        ("another seed", |d| d.draw.as_mut().expect("a draw").public_value = "4712".into(), "seed does not follow"),
        (
            "a root of no tree",
            |d| {
                let draw = d.draw.as_mut().expect("a draw");
                let root = "ab".repeat(32);
                draw.seed = domain::draw::seed(&root, &draw.public_value);
                draw.chosen = domain::draw::draw(&draw.seed, draw.eligible.iter().map(String::as_str), 1)[0].to_owned();
                draw.root = Some(root);
            },
            "none of the ledger's",
        ),
        (
            "another list than the sealed one",
            |d| {
                let draw = d.draw.as_mut().expect("a draw");
                draw.eligible.push("zebra".into());
                draw.eligible_digest = domain::draw::list_digest(draw.eligible.iter().map(String::as_str));
                let names = draw.eligible.iter().map(String::as_str);
                draw.chosen = domain::draw::draw(&draw.seed, names, 1)[0].to_owned();
            },
            "sealed is another",
        ),
        ("a list that is no draw", |d| d.draw.as_mut().expect("a draw").seq = Some(0), "does not seal a list"),
    ];
    for (what, change, expected) in table {
        let mut sample = Sample::new();
        sample.file_changed("drill-forged", change);
        let report = verify(&sample.bundle().1, &trust(&sample.keys), now());
        assert!(wrong(&report).contains(&expected.to_lowercase()), "{what}: {:#?}", report.checks);
    }
}

#[test]
fn a_bundle_cut_to_a_period_says_that_the_rest_is_the_issuers_word() {
    let mut sample = Sample::new();
    sample.scope.period = domain::schedule::Period::quarter("2026-Q4");
    let mut parts = sample.parts();
    parts.records.remove(0);
    let report = verify(&sample.bundle_of(&parts).1, &trust(&sample.keys), now());
    assert!(report.verified(), "{}", wrong(&report));
    assert!(report.not_proven.iter().any(|n| n.starts_with("1 entries of the ledger")), "{:#?}", report.not_proven);
}

#[test]
fn a_draw_whose_sealed_list_is_not_shipped_is_not_called_proven() {
    let sample = Sample::new();
    let mut parts = sample.parts();
    parts.records.retain(|r| r.coll != "draws");
    let report = verify(&sample.bundle_of(&parts).1, &trust(&sample.keys), now());
    assert!(report.verified(), "{}", wrong(&report));
    assert!(report.not_proven.iter().any(|n| n.contains("sealed list itself")), "{:#?}", report.not_proven);
    assert!(report.checks.iter().all(|c| !c.what.starts_with("The draws")));
}
