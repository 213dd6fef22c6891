//! The attestations by month in figures: for many tenants the main account, for few a second one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Moment,
    attestation::Strength,
    coverage::{Cell, Grid},
    words as say,
};

use crate::exports::{
    content::Content,
    packet::{
        marks::Ring,
        page::{Book, body, quiet},
        sentences::join,
        table::{Row, Table, col, num},
        text::{BODY, INK2, MISS, RISK, SMALL, STRONG, words},
    },
};

/// More months than this are counted by year.
const MONTHS: usize = 36;

#[derive(Default)]
struct Span {
    sundays: usize,
    attested: usize,
    late: usize,
    missed: usize,
    by: BTreeMap<Strength, u64>,
    entries: Option<(u64, u64)>,
}

pub fn draw(book: &mut Book, content: &Content, grid: &Grid) {
    let months: BTreeSet<String> =
        content.attested.weeks.keys().chain(&grid.weeks).map(|week| name(*week, "%Y-%m")).collect();
    let (title, format) = if months.len() > MONTHS { ("By year", "%Y") } else { ("By month", "%Y-%m") };
    let mut spans: BTreeMap<String, Span> = BTreeMap::new();
    for (i, week) in grid.weeks.iter().enumerate() {
        let span = spans.entry(name(*week, format)).or_default();
        span.sundays += 1;
        for cell in grid.rows.iter().map(|row| row.cells[i]) {
            span.attested += usize::from(matches!(cell, Cell::Attested | Cell::Late));
            span.late += usize::from(cell == Cell::Late);
            span.missed += usize::from(cell == Cell::Missed);
        }
    }
    for (week, filed) in &content.attested.weeks {
        let span = spans.entry(name(*week, format)).or_default();
        for (strength, n) in &filed.by {
            *span.by.entry(*strength).or_default() += n;
        }
        let (first, last) = span.entries.unwrap_or((filed.first_seq, filed.last_seq));
        span.entries = Some((first.min(filed.first_seq), last.max(filed.last_seq)));
    }
    let rows: Vec<Row> = spans.iter().map(|(name, span)| row(name, span)).collect();
    if rows.is_empty() {
        return;
    }
    let columns = [
        col("", 70.0),
        num("Sundays", 64.0),
        num("Attested", 70.0),
        num("Of these late", 76.0),
        num("Missed", 60.0),
        col("Strength", 136.0),
    ];
    let mut note = vec![words(
        SMALL.ink(INK2),
        "Strength, weakest first: declared is a program’s own word; listed is the vendor’s answer; counted, fingerprinted and restored say more. Nothing below restored shows that a tenant can be restored.",
    )];
    if content.attested.demo {
        note.push(words(SMALL.ink(RISK), " Some of these attestations are seeded demo data."));
    }
    Table::new(title, &columns).tight().foot(note).set(book, &rows);
}

fn name(week: Moment, format: &str) -> String {
    week.utc().format(format).to_string()
}

fn row(name: &str, span: &Span) -> Row {
    let number = |n: usize| vec![body(say::count(n as i64))];
    let row = Row::of(vec![
        vec![body(name)],
        number(span.sundays),
        number(span.attested),
        number(span.late),
        vec![words(if span.missed > 0 { STRONG.ink(MISS) } else { BODY }, say::count(span.missed as i64))],
        vec![quiet(strengths(&span.by))],
    ]);
    match span.entries {
        Some((first, last)) if first == last => row.ringed(Ring::Whole, format!("№ {first}")),
        Some((first, last)) => row.ringed(Ring::Whole, format!("№ {first} to {last}")),
        None => row.ringed(Ring::Waiting, "none filed".to_owned()),
    }
}

fn strengths(by: &BTreeMap<Strength, u64>) -> String {
    match by.len() {
        0 => "none".to_owned(),
        1 => join(by.keys().map(|s| s.word().to_owned())),
        _ => join(by.iter().map(|(s, n)| format!("{} {n}", s.word()))),
    }
}
