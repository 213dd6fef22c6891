//! Recovery targets: what was promised for each kind of loss, and what drills measured.

use domain::{drill::Measured, target::Judged, verdict::Verdict};

use super::{
    bullet,
    marks::{self, Mark},
    page::{Book, LEFT, body, quiet, span, strong},
    sentences::{counted, frame, lead},
    table::{Row, Table, col},
    text::{BODY, SMALL, STRONG, Span, words},
};
use crate::exports::content::Content;

pub fn section(book: &mut Book, content: &Content) {
    let title = "Recovery targets";
    if content.targets.is_empty() {
        book.short_section(title, "Recovery targets, none", &[], frame(title));
        return lead(book, "No runbook in this bundle states a recovery target.");
    }
    let entry = format!("{title}, {}", counted(content.targets.len(), "promise", "promises"));
    book.section(title, &entry, 0, &[body("What was promised, and what drills measured.")], frame(title));
    lead(
        book,
        "Achievements come from the newest completed drill of each kind of loss. What no drill has measured is untested, whatever the runbook says.",
    );
    let rows: Vec<Row> = content.targets.iter().map(row).collect();
    let columns =
        [col("Loss", 150.0), col("Time to restore", 80.0), col("", 92.0), col("Data lost", 74.0), col("State", 80.0)];
    let note = "A bar is the measured time; its upright line the promise. At risk: within the promise, but over 80 % of it. Stale: measured longer ago than the quarter the drills keep to.";
    let placed = Table::new("", &columns).foot([quiet(note)]).set(book, &rows);
    for (judged, (page, top, _)) in content.targets.iter().zip(&placed.rows) {
        if let Some(measured) = measured(judged) {
            bullet::draw(book.canvas_of(*page), LEFT + 230.0, top + 14.0, judged, measured.restore_ms);
        }
    }
}

fn measured(judged: &Judged) -> Option<&Measured> {
    judged.drill.as_ref().and_then(|d| d.value.measured.as_ref())
}

fn row(judged: &Judged) -> Row {
    let promise = &judged.target;
    let value = |ms: Option<i64>, promise: i64, verdict: Verdict| -> Vec<Span> {
        let mut spans = ms.map_or_else(
            || marks::verdict(Verdict::Untested, BODY),
            |ms| vec![words(STRONG.ink(Mark::of(verdict).ink()), span(ms))],
        );
        spans.push(quiet(format!("\nof {}", span(promise))));
        spans
    };
    let measured = measured(judged);
    let mut first = vec![strong(promise.scenario.title()), quiet(format!("\n{}", promise.means))];
    if let Some(claimed) = promise.claimed_ms {
        first.push(quiet(format!("; the runbook says {}", span(claimed))));
    }
    let mut state = marks::verdict(judged.overall, STRONG);
    let contents = judged.drill.as_ref().map(|d| d.value.verdict.contents);
    if let Some(contents @ (Verdict::Missed | Verdict::Untested)) = contents {
        state.push(quiet(if contents == Verdict::Missed { "\na check failed" } else { "\na check did not run" }));
    }
    let row = Row::of(vec![
        first,
        value(measured.map(|m| m.restore_ms), promise.rto_ms, judged.rto),
        Vec::new(),
        value(measured.and_then(|m| m.rpo_ms), promise.rpo_ms, judged.rpo),
        state,
    ]);
    match &judged.drill {
        Some(drill) => row
            .sealed(&drill.seal)
            .note(SMALL, format!("drill of {}", domain::words::date(drill.value.occurred_at)))
            .note(SMALL, if drill.value.demo { "seeded demo data" } else { "measured" }),
        None => Row { ring: Some(marks::Ring::Waiting), ..row }.note(SMALL, "no drill has measured it"),
    }
}
