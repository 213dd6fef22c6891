//! Restoration drills: the list with its trends, then the record of each.

mod contents;
mod drawn;
mod found;
mod measures;
mod place;
mod steps;

use domain::{control::Evidence, drill::Drill, record::Sealed, target::Scenario, verdict::Verdict, words as say};

use super::{
    marks,
    page::{Book, Draw, Frame, LEFT, body, origin, quiet, span, strong},
    sentences::{absent, capital, counted, frame, lead, number, rest},
    table::{Row, Table, col},
    text::{BODY, INK, MONO, MONO_SMALL, PARAGRAPH, SMALL, Span, Style, fit, words},
    trend,
};
use crate::exports::content::Content;

/// Each of so many drills has its record printed.
const RECORDS: usize = 40;
/// So many are listed.
const LISTED: usize = 400;
const FILE: &str = "data/records/backup_drill_results.jsonl";

pub fn section(book: &mut Book, content: &Content) {
    let all = &content.drills;
    let entry = format!("Restoration drills, {}", counted(all.len(), "record", "records"));
    if all.is_empty() {
        let none = "No drill was filed in this period.";
        return absent(book, content, Evidence::Drills, "Restoration drills", "Restoration drills, none", none);
    }
    let eyebrow = [body("A drill restores a drawn tenant into an empty database, and compares.")];
    book.section("Restoration drills", &entry, 0, &eyebrow, frame("Restoration drills"));
    lead(book, statement(all));
    let list = list(book, content);
    trends(book, content);
    for (i, drill) in all.iter().take(RECORDS).enumerate() {
        record(book, content, drill, i);
        let there = book.outline.last().map_or(0, |mark| mark.page);
        if let Some((page, top, tall)) = list.get(i) {
            let link = Draw::Link { x: LEFT, y: *top, w: 100.0, h: *tall, page: there };
            book.canvas_of(*page).drawn.push(link);
        }
    }
}

fn statement(all: &[Sealed<Drill>]) -> String {
    let measured = all.iter().filter(|d| !d.value.demo && d.value.measured.is_some()).count();
    match measured {
        0 if all.iter().all(|d| d.value.demo) => {
            "Newest first. None of these drills ran on this company’s own data: all are seeded demo data.".to_owned()
        }
        0 => "Newest first. None of these drills measured anything.".to_owned(),
        n if n == all.len() => "Newest first. All were measured on the databases they name.".to_owned(),
        1 => "Newest first. One was measured on the database it names; the others are seeded demo data or measured nothing.".to_owned(),
        n => format!("Newest first. {} were measured on the databases they name; the others are seeded demo data or measured nothing.", capital(&number(n))),
    }
}

/// The list before the records; where each row came to stand.
fn list(book: &mut Book, content: &Content) -> Vec<(usize, f32, f32)> {
    let rows: Vec<Row> = content.drills.iter().take(LISTED).map(row).collect();
    let columns = [
        col("Drill", 112.0),
        col("Scenario", 130.0),
        col("Time to restore", 82.0),
        col("Data lost", 80.0),
        col("Contents", 72.0),
    ];
    let all = content.drills.len();
    let unprinted = (all > RECORDS)
        .then(|| body(format!("The records of the newest {RECORDS} follow. Those of all stand in {FILE}.")));
    let table = Table::new("", &columns).foot(rest(all.saturating_sub(LISTED), FILE)).foot(unprinted);
    table.set(book, &rows).rows
}

fn row(sealed: &Sealed<Drill>) -> Row {
    let d = &sealed.value;
    let value = |ms: Option<i64>, verdict: Verdict| -> Vec<Span> {
        let mut spans = marks::verdict(verdict, BODY);
        spans.push(quiet(ms.map_or_else(|| "\nnot measured".to_owned(), |ms| format!("\n{}", span(ms)))));
        spans
    };
    let tenant = d.draw.as_ref().map_or_else(|| "not drawn".to_owned(), |draw| draw.chosen.clone());
    let first = vec![strong(say::date(d.occurred_at)), quiet(format!("\n{}\n", d.quarter)), origin(d.demo)];
    let mut second = vec![body(d.scenario.title()), words(MONO_SMALL, format!("\n{tenant}"))];
    if let Some(why) = &d.abandoned {
        second.push(quiet(format!("\nabandoned: {why}")));
    }
    Row::of(vec![
        first,
        second,
        value(d.measured.as_ref().map(|m| m.restore_ms), d.verdict.rto),
        value(d.measured.as_ref().and_then(|m| m.rpo_ms), d.verdict.rpo),
        marks::verdict(d.verdict.contents, BODY),
    ])
    .sealed(&sealed.seal)
}

/// Two charts side by side: restore times of each scenario against its promise.
fn trends(book: &mut Book, content: &Content) {
    const APART: f32 = 28.0;
    const TALL: f32 = trend::TALL + 32.0;
    let charts: Vec<(String, Vec<trend::Point>, i64)> = Scenario::ALL
        .into_iter()
        .flat_map(|scenario| [(scenario, false), (scenario, true)])
        .filter_map(|(scenario, demo)| {
            let points = trend::points(content, scenario, demo, None);
            let drill = content.drills.iter().find(|d| d.value.scenario == scenario && d.value.demo == demo)?;
            let target = content.targets.iter().find(|t| t.target.scenario == scenario);
            let promise = target.map_or(drill.value.plan.rto_ms, |t| t.target.rto_ms);
            let caption = format!("{}{}", scenario.title(), if demo { ", seeded demo data" } else { "" });
            (!points.is_empty()).then_some((caption, points, promise))
        })
        .collect();
    if charts.is_empty() {
        return;
    }
    book.need(TALL * charts.len().div_ceil(2) as f32 + 100.0);
    book.heading("Time to restore against the promise");
    for two in charts.chunks(2) {
        book.need(TALL);
        let y = book.y;
        for (i, (caption, points, promise)) in two.iter().enumerate() {
            let x = LEFT + (trend::WIDE + APART) * i as f32;
            let style = Style { ink: INK, ..SMALL };
            book.canvas().words(x, y + 20.0, style, fit(style, caption, trend::WIDE));
            trend::draw(book.canvas(), x, y + 26.0, points, *promise);
        }
        book.y += TALL;
    }
    book.y += 4.0;
    book.paragraph(&[quiet("Minutes unless said; each chart has its own scale. A ring on the baseline: a quarter in which that loss was not exercised. At most eight points, the newest.")]);
}

fn record(book: &mut Book, content: &Content, sealed: &Sealed<Drill>, nth: usize) {
    let d = &sealed.value;
    let mut eyebrow =
        vec![body(format!("{}. {}. Runbook {}. ", d.quarter, d.scenario.title(), d.plan.runbook_version))];
    if let Some(draw) = &d.draw {
        eyebrow.extend([body("Tenant "), words(MONO, draw.chosen.as_str()), body(".")]);
    }
    let day = say::long_date(d.occurred_at);
    let frame = Frame {
        running: format!("Restoration drills, record {} of {}", nth + 1, content.drills.len()),
        digest: Some(sealed.seal.sha256.clone()),
        margin: true,
    };
    let entry = format!("{day}, {}", d.scenario.title().to_lowercase());
    book.section(&format!("Restoration drill, {day}"), &entry, 1, &eyebrow, frame);
    measures::draw(book, sealed);
    if d.abandoned.is_none() {
        book.y += 9.0;
        book.paragraph(&[words(PARAGRAPH, say::unbroken(&d.sentence()))]);
    }
    steps::draw(book, content, sealed);
    place::log(book, sealed);
    contents::checks(book, sealed);
    found::draw(book, content, sealed);
    place::people(book, sealed);
    contents::both_sides(book, sealed);
    place::source_and_staging(book, sealed);
    drawn::draw(book, sealed);
}
