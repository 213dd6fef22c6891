//! What was verified of the restored contents: the checks, the counts of both sides, the drawn documents.

use domain::{
    drill::{Check, CheckVerdict, Count, DrawnDocument, Drill},
    record::Sealed,
    words as say,
};

use crate::exports::packet::{
    marks::{self, Mark},
    page::{Book, body, quiet},
    sentences::{capital, rest},
    table::{Row, Table, col, num, pair},
    text::{BODY, INK, MONO_SMALL, STRONG, Style, words},
};

/// So many collections and documents are printed, those that differ first.
const PRINTED: usize = 40;
const FILE: &str = "data/records/backup_drill_results.jsonl";

pub fn checks(book: &mut Book, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    if d.checks.is_empty() {
        return;
    }
    let said = |check: &Check| {
        let mut spans = vec![body(if check.detail.is_empty() { check.actual.as_str() } else { check.detail.as_str() })];
        if check.verdict == CheckVerdict::Fails {
            spans.push(quiet(format!("\nexpected {}, found {}", check.expected, check.actual)));
        }
        spans
    };
    let row = |c: &Check| Row::of(vec![marks::check(c.verdict, STRONG), vec![body(c.id.title())], said(c)]);
    let rows: Vec<Row> = d.checks.iter().map(row).collect();
    let columns = [col("", 68.0), col("", 222.0), col("", 186.0)];
    Table::new("Checks", &columns).within(&sealed.seal).set(book, &rows);
}

/// Counts beside documents.
pub fn both_sides(book: &mut Book, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    let (counts, documents) = (counts(d), documents(d));
    let widths = [col("Collection", 72.0), num("Expected", 54.0), num("Restored", 54.0), num("Difference", 60.0)];
    let drawn = [col("Document", 88.0), col("Collection", 74.0), col("", 60.0)];
    let mut foot = Vec::new();
    if !documents.is_empty() {
        foot.push(quiet("Expected: in the recovery point. Documents are compared by their SHA-256 over the raw BSON, never by content; the digests stand in the record."));
    }
    for (n, of) in [(d.counts.len(), "collections"), (d.documents.len(), "documents")] {
        if let Some(more) = rest(n.saturating_sub(PRINTED), FILE) {
            foot.extend([body(format!("{}{}: ", if foot.is_empty() { "" } else { "\n" }, capital(of))), more]);
        }
    }
    let left = Table::new("Document counts", &widths).tight().within(&sealed.seal);
    let right = Table::new("Drawn documents", &drawn).tight();
    match (counts.is_empty(), documents.is_empty()) {
        (true, true) => {}
        (false, true) => drop(left.foot(foot).set(book, &counts)),
        (true, false) => drop(right.within(&sealed.seal).foot(foot).set(book, &documents)),
        (false, false) => pair(book, (&left.foot(foot), &counts), (&right, &documents), 14.0),
    }
}

fn counts(d: &Drill) -> Vec<Row> {
    let small = Style { size: 10.5, ..BODY };
    let row = |c: &Count| {
        let difference = c.actual.saturating_sub(c.expected);
        let said = match difference {
            0 => vec![words(small, "0")],
            n => {
                let sign = if n > 0 { "+" } else { "" };
                marks::state(Mark::Miss, &format!("{sign}{}", say::count(n)), Style { size: 10.5, ..STRONG })
            }
        };
        Row::of(vec![
            vec![words(MONO_SMALL.ink(INK), c.collection.as_str())],
            vec![words(small, say::count(c.expected))],
            vec![words(small, say::count(c.actual))],
            said,
        ])
    };
    let mut ordered: Vec<&Count> = d.counts.iter().collect();
    ordered.sort_by_key(|c| c.expected == c.actual);
    let mut rows: Vec<Row> = ordered.into_iter().take(PRINTED).map(row).collect();
    if !rows.is_empty() {
        let (expected, actual) =
            d.counts.iter().fold((0i64, 0i64), |(e, a), c| (e.saturating_add(c.expected), a.saturating_add(c.actual)));
        let bold = Style { size: 10.5, ..STRONG };
        rows.push(Row::of(vec![
            vec![words(bold, "All")],
            vec![words(bold, say::count(expected))],
            vec![words(bold, say::count(actual))],
            vec![words(bold, say::count(actual.saturating_sub(expected)))],
        ]));
    }
    rows
}

fn documents(d: &Drill) -> Vec<Row> {
    let small = Style { size: 10.5, ..STRONG };
    let mut ordered: Vec<&DrawnDocument> = d.documents.iter().collect();
    ordered.sort_by_key(|doc| doc.equal());
    ordered
        .into_iter()
        .take(PRINTED)
        .map(|doc| {
            let mut state = match (&doc.actual, doc.equal()) {
                (_, true) => marks::state(Mark::Met, "equal", small),
                (None, _) => marks::state(Mark::Miss, "absent", small),
                (Some(_), false) => marks::state(Mark::Miss, "differs", small),
            };
            if !doc.equal() {
                for digest in [Some(&doc.expected), doc.actual.as_ref()].into_iter().flatten() {
                    state.push(words(MONO_SMALL, format!("\n{}", say::short_digest(digest))));
                }
            }
            let id = vec![words(MONO_SMALL.ink(INK), tail(&doc.id))];
            Row::of(vec![id, vec![words(MONO_SMALL, doc.collection.as_str())], state])
        })
        .collect()
}

/// The end of a long id: "…8582af2326c9".
fn tail(id: &str) -> String {
    let length = id.chars().count();
    if length <= 16 { id.to_owned() } else { format!("…{}", id.chars().skip(length - 12).collect::<String>()) }
}
