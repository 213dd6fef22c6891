//! The restore times of like drills at the left, what this drill found at the right.

use domain::{drill::Drill, record::Sealed};

use crate::exports::{
    content::Content,
    packet::{
        page::{Book, LEFT, body, quiet},
        sentences::{capital, counted},
        text::{BODY, INK, SECTION, STRONG, Span, clipped, words, wrap},
        trend,
    },
};

/// So many findings are named; the list of findings has them all.
const NAMED: usize = 3;
const LINES: usize = 24;
const APART: f32 = 28.0;

pub fn draw(book: &mut Book, content: &Content, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    let points = trend::points(content, d.scenario, d.demo, Some(&sealed.id));
    let found = found(content, sealed);
    if points.is_empty() {
        if d.abandoned.is_none() {
            book.heading("Found in this drill");
            book.y += 8.0;
            book.paragraph(&found);
        }
        return;
    }
    let lines = clipped(wrap(&found, trend::WIDE), LINES);
    let tall = (lines.len() as f32 * BODY.leading + 14.0).max(trend::TALL + 4.0);
    book.need(tall + 45.0);
    book.gap(22.0);
    let y = book.y;
    let right = LEFT + trend::WIDE + APART;
    let canvas = book.canvas();
    canvas.words(LEFT, y + 14.0, SECTION, "Restore times of this loss");
    canvas.rule(LEFT, y + 23.0, trend::WIDE, INK);
    trend::draw(canvas, LEFT, y + 26.0, &points, d.plan.rto_ms);
    canvas.words(right, y + 14.0, SECTION, "Found in this drill");
    canvas.rule(right, y + 23.0, trend::WIDE, INK);
    for (i, line) in lines.iter().enumerate() {
        canvas.set(right, y + 41.0 + BODY.leading * i as f32, line);
    }
    book.y += 23.0 + tall;
}

fn found(content: &Content, sealed: &Sealed<Drill>) -> Vec<Span> {
    let mut spans = Vec::new();
    let caused: Vec<_> =
        content.findings.iter().filter(|f| f.value.cause.as_deref() == Some(sealed.id.as_str())).collect();
    for finding in caused.iter().take(NAMED) {
        let f = &finding.value;
        let gap = if spans.is_empty() { "" } else { "\n" };
        spans.push(words(STRONG, format!("{gap}{}, {}. ", f.id, f.severity.word())));
        spans.push(body(sentence(&f.title)));
    }
    if caused.len() > NAMED {
        spans.push(quiet(format!("\nand {}, in the list of findings.", counted(caused.len() - NAMED, "more", "more"))));
    }
    for reason in &sealed.value.verdict.reasons {
        let gap = if spans.is_empty() { "" } else { "\n" };
        spans.push(body(format!("{gap}{}", sentence(&capital(reason)))));
    }
    if spans.is_empty() {
        spans.push(body("Nothing that became a finding in this bundle."));
    }
    spans
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
