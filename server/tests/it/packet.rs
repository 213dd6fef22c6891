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
    if let Some(output) = run("pdfinfo", &[file]) {
        let info = said(&output);
        assert!(info.contains("Author:          CARTIE"), "{info}");
        assert!(info.contains("Page size:       595.276 x 841.89 pts (A4)"), "{info}");
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
    content.attestations.clear();
    content.findings.clear();
    content.gaps.clear();
    content.runbooks.clear();
    content.targets.clear();
    content.scope = Scope::EVERYTHING;
    let made = Made::of("empty", &content);
    assert!((9..12).contains(&made.pages), "{} pages", made.pages);
}

#[test]
fn three_hundred_tenants_are_counted_by_month_instead_of_drawn() {
    let few = Made::of("few", &sample::content(17));
    let many = Made::of("many", &sample::content(300));
    assert!(many.bytes.len() < few.bytes.len() + 200_000, "{} against {}", many.bytes.len(), few.bytes.len());
}
