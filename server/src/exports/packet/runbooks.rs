//! The runbook: its versions in scope, and what the newest one promises.

use domain::{
    control::Evidence,
    proof::layout,
    record::Sealed,
    runbook::{Runbook, RunbookVersion},
    words as say,
};

use super::{
    page::{Book, body, origin, quiet, span, strong},
    sentences::{absent, counted, frame, lead, rest},
    table::{Row, Table, col, num},
    text::{MONO_SMALL, words},
};
use crate::exports::content::Content;

/// More versions than this are not listed one by one.
const LISTED: usize = 60;

pub fn section(book: &mut Book, content: &Content) {
    let all = &content.runbooks;
    let entry = match all.as_slice() {
        [one] => format!("Runbook {}, as approved", one.value.version),
        _ => format!("Runbook, {}", counted(all.len(), "version", "versions")),
    };
    if all.is_empty() {
        let none = "No runbook version lies in this period.";
        return absent(book, content, Evidence::Runbooks, "The runbook", "Runbook, none", none);
    }
    let eyebrow = [body("The plan that drills follow and targets are taken from.")];
    book.section("The runbook", &entry, 0, &eyebrow, frame("The runbook"));
    lead(book, "The text of each version is in the bundle, byte for byte as it was filed.");
    let rows: Vec<Row> = all.iter().take(LISTED).map(row).collect();
    let columns = [col("Version", 56.0), col("Title", 222.0), col("Approved", 86.0), col("", 112.0)];
    let older = rest(all.len().saturating_sub(LISTED), "data/runbooks/index.jsonl");
    Table::new("", &columns).foot(older).set(book, &rows);

    let Some(Ok(newest)) = all.first().map(|v| Runbook::parse(&v.value.text)) else { return };
    let rows: Vec<Row> = newest
        .targets()
        .iter()
        .map(|t| {
            let claimed = t.claimed_ms.map_or_else(|| "not said".to_owned(), span);
            Row::of(vec![
                vec![body(t.scenario.title()), quiet(format!("\n{}", t.means))],
                vec![body(span(t.rto_ms))],
                vec![body(span(t.rpo_ms))],
                vec![body(claimed)],
            ])
        })
        .collect();
    if !rows.is_empty() {
        let title = format!("What version {} promises", newest.front.version);
        let columns =
            [col("Loss", 224.0), num("Restored in", 84.0), num("Data lost", 84.0), num("It says it takes", 84.0)];
        let foot = quiet("What it says it takes is a claim; only a drill measures a time.");
        Table::new(&title, &columns).foot([foot]).set(book, &rows);
    }
}

fn row(version: &Sealed<RunbookVersion>) -> Row {
    let v = &version.value;
    let (title, owner) = match Runbook::parse(&v.text) {
        Ok(read) => (read.front.title, format!("owner {}; next review {}", read.front.owner, read.front.next_review)),
        Err(why) => ("Cannot be read".to_owned(), why.to_string()),
    };
    Row::of(vec![
        vec![strong(v.version.as_str())],
        vec![
            body(title),
            quiet(format!("\n{owner}")),
            words(MONO_SMALL, format!("\n{}", layout::runbook_file(&v.version))),
        ],
        vec![body(say::date(v.occurred_at)), quiet(format!("\n{}", v.by))],
        vec![origin(v.demo)],
    ])
    .under(vec![words(MONO_SMALL, say::groups(&version.seal.sha256))])
    .sealed(&version.seal)
}
