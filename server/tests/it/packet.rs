//! The packet, judged by tools nobody here wrote.

use std::process::{Command, Output};

use domain::proof::layout::RECIPE;
use server::exports::packet::make;

mod sample {
    use server::{
        exports::{
            content::{Attested, Content, Log, Payload},
            packet::Fingerprints,
        },
        time::Outside,
    };

    include!("packet/sample.rs");
}

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

#[test]
fn the_packet_is_a_clean_pdf_with_its_own_fonts_and_text_that_can_be_read_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("packet.pdf");
    std::fs::write(&path, make(&sample::content(17), &sample::keys()).expect("a packet")).expect("a file");
    let file = path.to_str().expect("a path in UTF-8");

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
    if let Some(output) = run("pdftotext", &["-layout", file, "-"]) {
        let text = said(&output);
        for part in [
            "Evidence of recovery",
            "Controls CC7.1, CC7.2, CC7.3, CC7.5, A1.2 and A1.3.",
            "Restoration drill, 22 November 2026",
            "seeded demo data",
            "№ 1491",
            "358 653",
            "abandoned: the tenant vanished",
            "How to check this packet",
            "sha256sum -c --strict --quiet tagmanifest-sha256.txt manifest-sha256.txt &&",
            "page 1 of",
        ] {
            assert!(text.contains(part), "{part} is not in the text");
        }
        assert!(joined(&text).contains(&joined(RECIPE)), "the recipe cannot be copied from the page");
        let pages: Vec<&str> = text.split('\u{c}').filter(|p| !p.is_empty()).collect();
        for line in pages[0].lines().filter(|l| l.contains("....") || l.starts_with("Gaps,")) {
            let page: usize = line.split_whitespace().find_map(|w| w.parse().ok()).expect("a page number");
            assert!(pages[page - 1].contains("Gaps"), "the contents name page {page} for: {line}");
        }
    }
}

#[test]
fn three_hundred_tenants_are_counted_by_month_instead_of_drawn() {
    let few = make(&sample::content(17), &sample::keys()).expect("a packet");
    let many = make(&sample::content(300), &sample::keys()).expect("a packet");
    assert!(many.len() < few.len() + 200_000, "{} against {}", many.len(), few.len());
}
