//! Findings: what fell short, who owns it, and what closed it.

use domain::{
    control::Evidence,
    finding::{Finding, Standing, State},
    record::Sealed,
    words as say,
};

use super::{
    face::Face,
    marks::{self, Mark},
    page::{Book, body, origin, quiet},
    sentences::{absent, capital, counted, frame, join, lead_of, number, rest},
    table::{Row, Table, col},
    text::{LEAD, MARGINAL, MONO, PARAGRAPH, STRONG, Span, Style, words},
};
use crate::exports::content::Content;

/// So many are told in full, those that stand open first.
const TOLD: usize = 60;
/// So many more have a line each.
const LISTED: usize = 400;

pub fn section(book: &mut Book, content: &Content) {
    let all = &content.findings;
    let closed = all.iter().filter(|f| matches!(f.value.state, State::Closed { .. })).count();
    let open = all.len() - closed;
    if all.is_empty() {
        let none = "No finding was opened or stood open in this period.";
        return absent(book, content, Evidence::Findings, "Findings", "Findings, none", none);
    }
    let entry = format!("Findings, {} open and {} closed", number(open), number(closed));
    let eyebrow = [body("What fell short, who owns it, and what closed it.")];
    book.section("Findings", &entry, 0, &eyebrow, frame("Findings"));
    lead_of(book, &statement(content, open, closed));

    let mut ordered: Vec<&Sealed<Finding>> = all.iter().collect();
    ordered.sort_by_key(|f| match f.value.standing(content.made_at) {
        Standing::Overdue => 0,
        Standing::DueSoon => 1,
        Standing::Open => 2,
        Standing::Closed => 3,
    });
    let columns = [col("Finding", 60.0), col("", 224.0), col("Owner", 84.0), col("State", 108.0)];
    let (told, others) = ordered.split_at(ordered.len().min(TOLD));
    let rows: Vec<Row> = told.iter().map(|f| row(f, content).under(story(&f.value))).collect();
    Table::new("", &columns).set(book, &rows);
    if others.is_empty() {
        return;
    }
    let rows: Vec<Row> = others.iter().take(LISTED).map(|f| shortly(f, content)).collect();
    let file = "data/findings/findings.jsonl";
    Table::new("The others, shortly", &columns)
        .tight()
        .foot(rest(others.len().saturating_sub(LISTED), file))
        .foot([quiet(format!("What was found, why, and what was planned stands in {file}."))])
        .set(book, &rows);
}

/// "Seven findings are open, ■ one of them overdue. Four were closed."
fn statement(content: &Content, open: usize, closed: usize) -> Vec<Span> {
    let overdue = content.findings.iter().filter(|f| f.value.standing(content.made_at) == Standing::Overdue).count();
    let mut spans = vec![words(
        LEAD,
        match open {
            0 => "No finding is open".to_owned(),
            1 => "One finding is open".to_owned(),
            n => format!("{} are open", capital(&counted(n, "finding", "findings"))),
        },
    )];
    if overdue > 0 {
        spans.push(words(LEAD, ", "));
        let said = match (overdue, open) {
            (1, 1) => "and it is overdue".to_owned(),
            (n, of) if n == of => "all of them overdue".to_owned(),
            (n, _) => format!("{} of them overdue", number(n)),
        };
        spans.extend(marks::state(Mark::Miss, &said, Style { face: Face::Serif, ..LEAD }));
    }
    spans.push(words(
        LEAD,
        match closed {
            0 => ". None was closed.".to_owned(),
            1 => ". One was closed.".to_owned(),
            n => format!(". {} were closed.", capital(&number(n))),
        },
    ));
    spans
}

fn row(sealed: &Sealed<Finding>, content: &Content) -> Row {
    let f = &sealed.value;
    let controls = join(f.controls.iter().map(|c| c.id().to_owned()));
    let mut text = vec![
        words(STRONG, f.title.as_str()),
        quiet(format!("\n{}; found by {}", capital(f.severity.word()), f.found_by)),
    ];
    if !controls.is_empty() {
        text.push(quiet(format!("; {controls}")));
    }
    if f.demo {
        text.extend([quiet("\n"), origin(true)]);
    }
    let mut state = state(f, content);
    state.push(quiet(format!("\nopened {}", say::date(f.occurred_at))));
    Row::of(vec![vec![words(MONO, f.id.as_str())], text, vec![body(f.owner.as_str())], state]).sealed(&sealed.seal)
}

/// Without its story.
fn shortly(sealed: &Sealed<Finding>, content: &Content) -> Row {
    let f = &sealed.value;
    let mut title = vec![body(f.title.as_str())];
    if f.demo {
        title.extend([quiet(" "), origin(true)]);
    }
    Row::of(vec![vec![words(MONO, f.id.as_str())], title, vec![body(f.owner.as_str())], state(f, content)])
        .sealed(&sealed.seal)
}

fn state(f: &Finding, content: &Content) -> Vec<Span> {
    let mut state = marks::standing(f.standing(content.made_at), STRONG);
    state.push(quiet(match &f.state {
        State::Open => format!("\ndue {}", say::date(f.due_at)),
        State::Closed { at, .. } => format!("\n{}", say::date(*at)),
    }));
    state
}

/// What was found, why, what was planned, what closed it: each after its marginal word.
fn story(f: &Finding) -> Vec<Span> {
    let closed = if let State::Closed { evidence, .. } = &f.state { evidence.as_str() } else { "" };
    let parts = [("Found", f.what.as_str()), ("Why", &f.why), ("Plan", &f.plan), ("Closed by", closed)];
    let mut spans = Vec::new();
    for (label, text) in parts.into_iter().filter(|(_, text)| !text.trim().is_empty()) {
        let gap = if spans.is_empty() { "" } else { "\n" };
        spans.push(words(Style { leading: STORY.leading, ..MARGINAL }, format!("{gap}{label}  ")));
        spans.push(words(STORY, text.trim_end()));
    }
    spans
}

const STORY: Style = Style { size: 11.5, leading: 16.5, ..PARAGRAPH };
