//! The packet, judged by tools nobody here wrote.

use std::{
    path::PathBuf,
    process::{Command, Output},
    time::Instant,
};

use domain::{proof::layout::RECIPE, role::Scope};
use server::exports::{content::Content, packet::make};

mod sample;

/// Runs a tool, or says that it is not there; where tests must be complete (CI) that is a failure.
fn run(tool: &str, args: &[&str]) -> Option<Output> {
    match Command::new(tool).args(args).output() {
        Ok(output) => Some(output),
        Err(why) if std::env::var_os("CI").is_some() => panic!("{tool} is needed here: {why}"),
        Err(_) => {
            eprintln!("{tool} is not on the PATH: its part of the test is left out");
            None
        }
    }
}

/// One line, with single spaces and without the backslashes that part lines.
fn joined(text: &str) -> String {
    text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A packet on disk, and how many pages it has. `PACKET_OUT=<folder>` keeps it there to be looked at.
struct Made {
    path: PathBuf,
    bytes: Vec<u8>,
    pages: usize,
    _dir: tempfile::TempDir,
}

impl Made {
    fn of(name: &str, content: &Content) -> Self {
        let began = Instant::now();
        let bytes = make(content, &sample::keys()).expect("a packet");
        let took = began.elapsed().as_secs_f64();
        let pages = lopdf::Document::load_mem(&bytes).expect("a PDF that reads").get_pages().len();
        println!("{name}: {pages} pages, {} bytes, {took:.2} s", bytes.len());
        let dir = tempfile::tempdir().expect("a folder");
        let folder = std::env::var_os("PACKET_OUT").map_or(dir.path().to_owned(), PathBuf::from);
        let path = folder.join(format!("{name}.pdf"));
        std::fs::write(&path, &bytes).expect("a file");
        Self { path, bytes, pages, _dir: dir }
    }

    fn file(&self) -> &str {
        self.path.to_str().expect("a path in UTF-8")
    }

    /// Each page's text in reading order; `None` without the tool.
    fn read(&self, how: &[&str]) -> Option<Vec<String>> {
        let output = run("pdftotext", &[how, &[self.file(), "-"]].concat())?;
        let text = said(&output);
        Some(text.split('\u{c}').filter(|p| !p.is_empty()).map(str::to_owned).collect())
    }
}

#[test]
fn the_packet_is_a_clean_pdf_with_its_own_fonts_and_text_that_can_be_read_out() {
    let made = Made::of("year", &sample::content(17));
    let file = made.file();

    if let Some(output) = run("qpdf", &["--check", file]) {
        assert!(output.status.success(), "{}{}", said(&output), String::from_utf8_lossy(&output.stderr));
        assert!(said(&output).contains("No syntax or stream encoding errors found"), "{}", said(&output));
    }
    if let Some(output) = run("pdffonts", &[file]) {
        let fonts = said(&output);
        let rows: Vec<&str> = fonts.lines().skip(2).collect();
        assert!(rows.len() >= 6, "{fonts}");
        for row in rows {
            assert!(row.contains("+IBMPlex"), "{row}");
            let flags: Vec<&str> = row.split_whitespace().filter(|w| ["yes", "no"].contains(w)).collect();
            assert_eq!(flags, ["yes", "yes", "yes"], "embedded, subset, with Unicode: {row}");
        }
    }
    if let Some(output) = run("pdfinfo", &["-isodates", file]) {
        let info = said(&output);
        for line in [
            "Title:           CARTIE, evidence of recovery, 2025-12-01..2026-11-30",
            "Subject:         Evidence bundle B-041, 2025-12-01..2026-11-30",
            "Author:          CARTIE",
            "CreationDate:    2026-11-22T09:44:16Z",
            "ModDate:         2026-11-22T09:44:16Z",
            "Page size:       595.276 x 841.89 pts (A4)",
        ] {
            assert!(info.contains(line), "{line}: {info}");
        }
    }
    let Some(pages) = made.read(&["-layout"]) else { return };
    let text = pages.concat();
    for part in [
        "Evidence of recovery",
        "Controls CC7.1, CC7.2, CC7.3, CC7.5, A1.2 and A1.3.",
        "Restoration drill, 22 November 2026",
        "seeded demo data",
        "№ 1491",
        "358 653",
        "Clock stopped",
        "terraform ended with 0",
        "Operator one: “the staging disk is half full”",
        "abandoned: the tenant vanished",
        "stated, not signed",
        "How to check this packet",
        "sha256sum -c --strict --quiet tagmanifest-sha256.txt manifest-sha256.txt &&",
        "page 1 of",
    ] {
        assert!(text.contains(part), "{part} is not in the text");
    }
    assert!(joined(&text).contains(&joined(RECIPE)), "the recipe cannot be copied from the page");
    let contents: Vec<&str> = pages[0].lines().filter(|l| l.contains("....") || l.starts_with("Gaps,")).collect();
    assert!(!contents.is_empty(), "{}", pages[0]);
    for line in contents {
        let page: usize = line.split_whitespace().rev().find_map(|w| w.parse().ok()).expect("a page number");
        assert!(pages[page - 1].contains("Gaps"), "the contents name page {page} for: {line}");
    }
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    let content = sample::sampled();
    let first = Made::of("sampled", &content);
    assert!(first.bytes.starts_with(b"%PDF-1.7"));
    assert_eq!(first.bytes, make(&content, &sample::keys()).expect("the packet again"));
    assert!(first.bytes.len() < 600_000, "{} bytes", first.bytes.len());
    assert!((15..40).contains(&first.pages), "{} pages", first.pages);
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
    content.scope = Scope::EVERYTHING;
    let made = Made::of("empty", &content);
    assert_eq!(made.pages, 5);
}

#[test]
fn a_bundle_of_one_drill_and_nothing_else_is_a_packet_of_a_few_pages() {
    let mut content = sample::content(3);
    content.drills.truncate(1);
    content.attested = Default::default();
    content.findings.clear();
    content.gaps.clear();
    content.runbooks.clear();
    content.targets.clear();
    let made = Made::of("one-drill", &content);
    assert!((9..12).contains(&made.pages), "{} pages", made.pages);
    let Some(pages) = made.read(&[]) else { return };
    assert!(
        pages[0].replace('\n', " ").contains("The one drill in this packet ended with the data restored."),
        "{}",
        pages[0]
    );
}

#[test]
fn the_outline_leads_to_every_section_and_to_each_drill() {
    let content = sample::sampled();
    let made = Made::of("outline", &content);
    let (Some(json), Some(pages)) = (run("qpdf", &["--json=1", "--json-key=outlines", made.file()]), made.read(&[]))
    else {
        return;
    };
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let sections = json["outlines"].as_array().expect("an outline");
    let titles: Vec<&str> = sections.iter().filter_map(|s| s["title"].as_str()).collect();
    let begins = [
        "Recovery targets",
        "Runbook 1.0",
        "Restoration drills",
        "Attestations",
        "Findings",
        "Gaps",
        "Sign-offs",
        "Sample of 25",
        "How to check",
        "Fingerprints",
    ];
    assert_eq!(titles.len(), begins.len(), "{titles:?}");
    for ((title, begin), section) in titles.iter().zip(begins).zip(sections) {
        assert!(title.starts_with(begin), "{title}");
        let page = section["destpageposfrom1"].as_u64().expect("a page") as usize;
        let word = begin.split(' ').next().expect("a word").to_lowercase();
        assert!(pages[page - 1].to_lowercase().contains(&word), "{title} leads to page {page}");
    }
    let drills = sections[2]["kids"].as_array().expect("drills under their section");
    assert_eq!(drills.len(), content.drills.len());
    for drill in drills {
        let (title, page) = (drill["title"].as_str().expect("a title"), drill["destpageposfrom1"].as_u64());
        let day = title.split(',').next().expect("a day");
        let page = page.expect("a page") as usize;
        assert!(pages[page - 1].contains(&format!("Restoration drill, {day}")), "{title} leads to page {page}");
    }
}

#[test]
fn a_page_reads_out_from_top_to_bottom() {
    let made = Made::of("reading", &sample::content(17));
    for how in [&[][..], &["-raw"]] {
        let Some(pages) = made.read(how) else { return };
        let page = pages.iter().find(|p| p.contains("Restoration drill, 17 August 2026")).expect("the drill's page");
        let order = [
            "CARTIE, evidence of recovery",
            "Restoration drill, 17 August 2026",
            "Time to restore",
            "Taken at 2026-08-17",
            "Steps and timings",
            "Draw a tenant at random",
            "Tear the staging database down",
            "Document counts equal",
            "orders.placedAt_1 is missing",
            "Restore times of this loss",
            "Record digest, SHA-256",
        ];
        let places: Vec<Option<usize>> = order.iter().map(|part| page.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{how:?} {places:?}\n{page}");
    }
}

#[test]
fn the_shell_line_copied_from_a_drills_page_draws_the_same_tenant() {
    let content = sample::content(17);
    let made = Made::of("recipe", &content);
    let Some(pages) = made.read(&["-raw"]) else { return };
    let text = pages.concat();
    let drawn: Vec<&str> = text.split("To draw it again\n").skip(1).collect();
    assert_eq!(drawn.len(), content.drills.len());
    for (part, drill) in drawn.iter().zip(&content.drills) {
        let script = part.split("In bash;").next().expect("a script");
        let output = run("bash", &["-c", script]).expect("bash");
        let chosen = &drill.value.draw.as_ref().expect("a draw").chosen;
        assert_eq!(said(&output).split_whitespace().last(), Some(chosen.as_str()), "{script}");
    }
}

/// Words that stand outside the page's margins, or cross from the text into the provenance margin.
fn astray(made: &Made) -> Vec<String> {
    let Some(output) = run("pdftotext", &["-bbox", made.file(), "-"]) else { return Vec::new() };
    let pages = made.read(&[]).expect("the same tool");
    // From there on pages have no margin.
    let whole = pages.iter().position(|p| p.contains("Without Passmuster, and without trusting it.")).expect("a page");
    let mut astray = Vec::new();
    for (n, page) in said(&output).split("<page ").skip(1).enumerate() {
        for word in page.lines().filter(|l| l.contains("<word ")) {
            let number = |name: &str| -> f64 {
                let from = word.find(&format!("{name}=\"")).expect("a box") + name.len() + 2;
                word[from..].split('"').next().and_then(|v| v.parse().ok()).expect("a number")
            };
            let (left, right, top, bottom) = (number("xMin"), number("xMax"), number("yMin"), number("yMax"));
            let crosses = (1..whole).contains(&n) && top > 50.0 && bottom < 775.0 && left < 421.0 && right > 423.5;
            if left < 55.0 || right > 550.0 || bottom > 820.0 || crosses {
                astray.push(format!("page {}: {word}", n + 1));
            }
        }
    }
    astray
}

#[test]
fn names_of_any_length_and_alphabet_wrap_and_what_no_font_has_is_named() {
    let arabic = "شركة النسخ الاحتياطي ".repeat(9);
    let names = [
        ("two hundred letters without a blank", "W".repeat(200), "WWWW"),
        ("a long word of small letters", "abcdefghij".repeat(20), "abcdefghij"),
        ("Greek and Cyrillic", "Ελληνικά Жуковский".to_owned(), ""),
        ("Chinese", "備份證明有限公司".to_owned(), "[U+5099]"),
        ("right to left", arabic, "[U+0634]"),
        ("turned round", "safe\u{202e}elttil".to_owned(), "safe[U+202E]elttil"),
        ("pictures", "👩‍🚒 🔥 backups".to_owned(), "[U+1F469]"),
        ("nothing to see", "a\u{200b}\u{200d}\u{feff}b\u{7}".to_owned(), "a[U+200B][U+200D][U+FEFF]b[U+0007]"),
        ("accents apart", "e\u{301}n\u{303}".to_owned(), ""),
        ("lines and tabs", "one\ntwo\r\nthree\tfour".to_owned(), "three four"),
        ("nothing at all", String::new(), ""),
        ("a record of its own", "lorem ipsum ".repeat(5_000), "lorem ipsum"),
    ];
    for (what, name, drawn) in names {
        let made = Made::of(&format!("named {what}"), &sample::named(&name));
        assert!(made.pages < 200, "{what}: {} pages", made.pages);
        let astray = astray(&made);
        assert!(astray.is_empty(), "{what}: {} words astray: {:#?}", astray.len(), &astray[..astray.len().min(6)]);
        let Some(pages) = made.read(&["-raw"]) else { continue };
        let text: String = pages.concat();
        let unbroken = text.replace('\n', "");
        assert!(text.contains(drawn) || unbroken.contains(drawn), "{what}: {drawn} is not in the text");
    }
}

#[test]
fn no_word_of_an_ordinary_packet_is_astray() {
    for (name, content) in [("astray-17", sample::sampled()), ("astray-300", sample::content(300))] {
        let astray = astray(&Made::of(name, &content));
        assert!(astray.is_empty(), "{name}: {astray:#?}");
    }
}

/// Scale: seconds, pages and bytes are printed (`--nocapture`), and not asserted but for the pages.
#[test]
fn a_hundred_thousand_attestations_are_summed_up_and_the_packet_says_where_the_rest_is() {
    let content = sample::content(2_020);
    assert!(content.attested.count >= 100_000, "{}", content.attested.count);
    let made = Made::of("year-of-2000-tenants", &content);
    assert!(made.pages < 45, "{} pages", made.pages);
    let Some(pages) = made.read(&["-raw"]) else { return };
    let text = pages.concat().replace(['\u{a0}', '\n'], " ");
    for part in [
        "2 020 tenants are too many to draw one by one",
        "Sunday by Sunday",
        "3 May: the whole run was skipped",
        "… and 1 980 more, in data/gaps.jsonl",
        "gaps are too many to tell one by one",
        "tenants are absent: ",
    ] {
        assert!(text.contains(part), "{part} is not in the text");
    }

    let content = sample::content_of(20_000, 5);
    assert!(content.attested.count > 98_000, "{}", content.attested.count);
    let made = Made::of("month-of-20000-tenants", &content);
    assert!(made.pages < 45, "{} pages", made.pages);
}

#[test]
fn more_of_anything_than_a_packet_can_hold_is_cut_with_a_line_that_says_so() {
    let content = sample::crowded();
    let made = Made::of("crowded", &content);
    assert!(made.pages < 260, "{} pages", made.pages);
    let Some(pages) = made.read(&["-raw"]) else { return };
    let text = pages.concat().replace(['\u{a0}', '\n'], " ");
    for part in [
        "The records of the newest 40 follow.",
        "Collections: … and 260 more, in data/records/backup_drill_results.jsonl",
        "… and 19 960 more, in the record",
        "The others, shortly",
        "… and 540 more, in data/findings/findings.jsonl",
        "… and 140 more, in data/runbooks/index.jsonl",
    ] {
        assert!(text.contains(part), "{part} is not in the text");
    }
}
