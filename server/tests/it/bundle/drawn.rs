//! The sample in a bundle: its shell line run word for word, and forged twins refused by name.

use std::{fs, process::Command};

use domain::{
    proof::{
        layout,
        verify::{Report, verify},
    },
    sample::{Ask, Drawn, Item, Population},
};
use server::exports::bundle::ExportError;

use super::{
    forged::{Files, edit, edit_lines, sign_again, wrong},
    sample::{Opened, Sample, now, open, pack, trust},
};

/// Quotes, a dollar, a backslash, an exclamation mark: whatever a shell might take for its own.
const VALUE: &str = r#"it's $(date) `id` \n "7"!"#;

fn asking(population: Population, size: u32, value: &str) -> Sample {
    let mut sample = Sample::new();
    sample.sample = Some(Ask::new(population, size, value).expect("a wish"));
    sample
}

fn read(sample: &Sample) -> Opened {
    open(&sample.bundle().1)
}

fn drawn(files: &Files) -> Drawn {
    serde_json::from_slice(&files[layout::DRAW]).expect("a draw")
}

fn printed(start_here: &str) -> &str {
    let (_, rest) = start_here.split_once("----- sample -----\n").expect("the line begins");
    rest.split_once("----- end -----").expect("the line ends").0
}

#[test]
fn the_printed_line_draws_exactly_the_chosen_items() {
    for (population, size, value) in [
        (Population::Attestations, 2, "4711"),
        (Population::Attestations, 25, VALUE),
        (Population::Drills, 1, VALUE),
        (Population::Findings, 1, "x"),
        (Population::Gaps, 3, "x"),
    ] {
        let sample = asking(population, size, value);
        let (made, zip) = sample.bundle();
        let report = verify(&zip, &trust(&sample.keys), now());
        assert!(report.verified(), "{:#?}", report.checks);
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("b.zip"), &zip).expect("a file");
        let out = Command::new("unzip").args(["-q", "b.zip"]).current_dir(dir.path()).output().expect("unzip runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let folder = dir.path().join(&made.folder);

        let draw: Drawn =
            serde_json::from_slice(&fs::read(folder.join(layout::DRAW)).expect("a file")).expect("a draw");
        let expected: String = draw.chosen.iter().map(|item| item.line() + "\n").collect();
        let start_here = fs::read_to_string(folder.join(layout::START_HERE)).expect("a text");
        for line in [printed(&start_here), &draw.recipe] {
            let out = Command::new("bash").args(["-c", line]).current_dir(&folder).output().expect("bash runs");
            assert_eq!(String::from_utf8_lossy(&out.stdout), expected, "{value}: {line}");
            assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
        }
        assert!(!draw.chosen.is_empty() && draw.chosen.len() as u64 <= draw.of, "{draw:?}");
        let page = fs::read_to_string(folder.join(layout::INDEX_PAGE)).expect("a page");
        assert!(page.contains("id=\"sample\"") && page.contains(&draw.chosen[0].id), "the offline page shows it");
    }
}

#[test]
fn a_sample_says_who_must_have_given_the_value() {
    let sample = asking(Population::Attestations, 2, "4711");
    let report = verify(&sample.bundle().1, &trust(&sample.keys), now());
    let line = report.checks.iter().find(|c| c.what.starts_with("The sample")).expect("a line");
    assert!(line.ok && line.found.contains("2 of 3 attestations"), "{}", line.found);
    assert!(report.not_proven.iter().any(|n| n.contains("if the auditor gave the public value “4711”")));
}

#[test]
fn a_forged_sample_is_refused_by_name() {
    let sample = asking(Population::Attestations, 2, "4711");
    let good = read(&sample);
    type Forge = fn(&mut Files);
    fn draw_json(files: &mut Files, change: impl FnOnce(&mut Drawn)) {
        let mut draw = drawn(files);
        change(&mut draw);
        edit(files, layout::DRAW, |_| serde_json::to_string_pretty(&draw).expect("JSON") + "\n");
    }
    /// A draw that follows from what it says, whatever that is.
    fn consistent(files: &mut Files, change: impl FnOnce(&mut Drawn)) {
        let population: Vec<Item> = String::from_utf8_lossy(&files[layout::POPULATION])
            .lines()
            .map(|line| serde_json::from_str(line).expect("an item"))
            .collect();
        draw_json(files, |d| {
            change(d);
            let ask = Ask { population: d.population, size: d.size, public_value: d.public_value.clone() };
            let records = population.iter().map(|item| (item.id.as_str(), item.seq));
            *d = domain::sample::Sample::draw(&ask, records, &d.root, d.ledger_size).expect("a sample").drawn;
        });
    }
    let table: &[(&str, Forge, &str)] = &[
        ("the order swapped", |f| draw_json(f, |d| d.chosen.swap(0, 1)), "not the ones the draw gives"),
        (
            "another item chosen",
            |f| {
                let lines = String::from_utf8_lossy(&f[layout::POPULATION]).into_owned();
                draw_json(f, |d| {
                    let other = lines.lines().map(|l| serde_json::from_str::<Item>(l).expect("an item"));
                    let mut other = other.filter(|item| !d.chosen.contains(item));
                    d.chosen[0] = other.next().expect("one was not drawn");
                });
            },
            "not the ones the draw gives",
        ),
        ("one item fewer", |f| draw_json(f, |d| drop(d.chosen.pop())), "not the ones the draw gives"),
        (
            "an item left out, and drawn from the rest",
            |f| {
                edit_lines(f, layout::POPULATION, |l| drop(l.remove(0)));
                consistent(f, |_| ());
            },
            "leaves out att-0 (entry 1)",
        ),
        (
            "an item added",
            |f| {
                edit_lines(f, layout::POPULATION, |l| l.push("{\"id\":\"att-9\",\"seq\":99}".to_owned()));
                consistent(f, |_| ());
            },
            "line 4 is no record of that kind",
        ),
        (
            "an item twice",
            |f| edit_lines(f, layout::POPULATION, |l| l.push(l[0].clone())),
            "twice, or not in the ledger's order",
        ),
        ("another order", |f| edit_lines(f, layout::POPULATION, |l| l.swap(0, 1)), "not in the ledger's order"),
        ("a record of another kind", |f| draw_json(f, |d| d.population = Population::Gaps), "leaves out g-2026-11-15"),
        (
            "another seed",
            |f| draw_json(f, |d| d.seed = domain::draw::seed(&d.root, "4712")),
            "the seed does not follow",
        ),
        ("another public value", |f| draw_json(f, |d| d.public_value = "4712".into()), "the seed does not follow"),
        ("a value that cannot be typed", |f| draw_json(f, |d| d.public_value = "ü".into()), "not every keyboard"),
        ("another root", |f| consistent(f, |d| d.root = "ab".repeat(32)), "another head of the ledger"),
        ("another ledger size", |f| draw_json(f, |d| d.ledger_size -= 1), "another head of the ledger"),
        ("another size of the population", |f| draw_json(f, |d| d.of = 2), "and it has 3"),
        ("no size", |f| draw_json(f, |d| d.size = 0), "one or more"),
        ("another shell line", |f| draw_json(f, |d| d.recipe = "cat answers.txt".into()), "the shell line in it"),
        ("another schema", |f| draw_json(f, |d| d.schema = 2), "schema is 2"),
        ("a key more", |f| edit(f, layout::DRAW, |t| t.replacen('{', "{\"note\":1,", 1)), "unknown field"),
        ("no draw", |f| drop(f.remove(layout::DRAW)), "only one is there"),
        ("no population", |f| drop(f.remove(layout::POPULATION)), "only one is there"),
    ];
    for (what, forge, expected) in table {
        let mut files = good.files.clone();
        forge(&mut files);
        sign_again(&mut files, &sample.keys);
        let report: Report = verify(&pack(&good.folder, &files), &trust(&sample.keys), now());
        assert!(!report.verified(), "{what} passed");
        assert!(wrong(&report).contains(&expected.to_lowercase()), "{what}: {}", wrong(&report));
        assert_eq!(report.checks.iter().filter(|c| !c.ok).count(), 1, "{what}: nothing else is wrong");
    }
}

#[test]
fn a_finding_of_two_versions_is_one_item_and_a_bundle_without_a_sample_verifies() {
    let mut sample = asking(Population::Findings, 5, "x");
    sample.finding("F-001", "The same finding, said better");
    let bundle = read(&sample);
    let draw = drawn(&bundle.files);
    assert_eq!((draw.of, draw.chosen.len(), draw.chosen[0].seq), (1, 1, 9), "its newest version, entry 9");
    assert!(verify(&pack(&bundle.folder, &bundle.files), &trust(&sample.keys), now()).verified());

    let without = Sample::new();
    let bundle = read(&without);
    assert!(!bundle.files.contains_key(layout::DRAW) && !bundle.files.contains_key(layout::POPULATION));
    let report = verify(&pack(&bundle.folder, &bundle.files), &trust(&without.keys), now());
    assert!(report.verified() && report.checks.iter().all(|c| !c.what.starts_with("The sample")));
}

#[test]
fn nothing_to_draw_from_makes_no_bundle() {
    let mut sample = asking(Population::Drills, 1, "x");
    sample.begin_again_here();
    let refused = sample.gathered(&sample.parts()).expect_err("no bundle");
    assert!(matches!(refused, ExportError::NothingToDraw("drills")), "{refused}");
    assert!(refused.to_string().contains("no drills") && refused.to_string().contains("no bundle was made"));
}
