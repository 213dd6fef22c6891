//! The three figures of a drill, between rules, and the record's seal beside them.

use domain::{
    drill::{CheckVerdict, Drill},
    record::Sealed,
};

use crate::exports::packet::{
    marks::{self, Mark},
    page::{Book, COLUMN, LEFT, body, origin, ring_of, seal_lines, span},
    text::{BODY, INK, INK2, LEAD, MEASURE, RULE, SMALL, STRONG, Span, wrap},
};

struct Cell {
    label: &'static str,
    /// `None`: not measured.
    value: Option<String>,
    of: String,
    state: Vec<Span>,
}

pub fn draw(book: &mut Book, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    book.need(120.0);
    let top = book.y;
    let (page, third) = (book.pages.len() - 1, COLUMN / 3.0);
    let mut deepest = top + 80.0;
    for (i, cell) in cells(d).into_iter().enumerate() {
        let x = LEFT + third * i as f32 + if i == 0 { 0.0 } else { 14.0 };
        let canvas = book.canvas();
        canvas.words(x, top + 21.0, SMALL, cell.label);
        match &cell.value {
            Some(value) => {
                canvas.words(x, top + 49.0, MEASURE, value.as_str());
                canvas.words(x + MEASURE.width(value) + 6.0, top + 49.0, BODY.ink(INK2), cell.of);
            }
            None => canvas.words(x, top + 48.0, LEAD.ink(INK2), "not measured"),
        }
        for (n, line) in wrap(&cell.state, third - 20.0).iter().enumerate() {
            let y = top + 70.0 + STRONG.leading * n as f32;
            canvas.set(x, y, line);
            deepest = deepest.max(y + 10.0);
        }
    }
    let canvas = book.canvas();
    for i in 1..3 {
        let x = LEFT + third * i as f32;
        canvas.line(&[(x, top), (x, deepest)], 0.8, RULE);
    }
    canvas.rule(LEFT, deepest, COLUMN, INK);
    let mut lines = seal_lines(&sealed.seal);
    lines.push((SMALL, sealed.id.clone()));
    if let Span::Words(style, text) = origin(d.demo) {
        lines.push((style, text));
    }
    book.note(page, top + 21.0, Some(ring_of(&sealed.seal)), &lines);
    book.y = deepest;
    if let Some(why) = &d.abandoned {
        book.y += 10.0;
        let mut spans = marks::state(Mark::None, "abandoned", STRONG);
        spans.push(body(format!(
            ": {}. What ran before stays on record; it is not a measurement.",
            why.trim_end_matches('.')
        )));
        book.paragraph(&spans);
    }
}

fn cells(d: &Drill) -> [Cell; 3] {
    let m = d.measured.as_ref();
    let (all, passed) = (d.checks.len(), d.passed());
    let failed = d.checks.iter().filter(|c| c.verdict == CheckVerdict::Fails).count();
    let checks = match (all, failed) {
        (0, _) => marks::state(Mark::None, "none ran", STRONG),
        (_, 0) if passed == all => marks::state(Mark::Met, "all pass", STRONG),
        (_, 0) => marks::state(Mark::None, &format!("{} not run", all - passed), STRONG),
        (_, 1) => marks::state(Mark::Miss, "one fails", STRONG),
        (_, n) => marks::state(Mark::Miss, &format!("{n} fail"), STRONG),
    };
    [
        Cell {
            label: "Time to restore",
            value: m.map(|m| span(m.restore_ms)),
            of: format!("of {}", span(d.plan.rto_ms)),
            state: marks::verdict(d.verdict.rto, STRONG),
        },
        Cell {
            label: "Data lost",
            value: m.and_then(|m| m.rpo_ms).map(span),
            of: format!("of {}", span(d.plan.rpo_ms)),
            state: marks::verdict(d.verdict.rpo, STRONG),
        },
        Cell { label: "Checks", value: Some(passed.to_string()), of: format!("of {all}"), state: checks },
    ]
}
