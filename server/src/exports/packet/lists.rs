//! The packet's tables: targets, runbook versions, findings, gaps.

use domain::{
    control::Evidence,
    drill::Drill,
    finding::{Finding, Standing, State},
    gap::Missing,
    record::Sealed,
    runbook::Runbook,
    target::Judged,
    verdict::Verdict,
    words as say,
};

use super::{
    charts,
    cover::capital,
    marks,
    page::{Book, Frame, LEFT, body, origin, quiet, span, strong},
    table::{Row, col, num, table},
    text::{BODY, LEAD, MONO, MONO_SMALL, SMALL, STRONG, Span, words},
};
use crate::exports::content::Content;

pub fn frame(running: &str) -> Frame {
    Frame { running: running.to_owned(), digest: None, margin: true }
}

/// "one drill", "four drills", "12 drills".
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", say::number(n), if n == 1 { one } else { many })
}

/// "a", "a and b", "a, b and c".
pub fn join(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The sentence for a section without records: nothing there, or not in the scope.
pub fn absent(content: &Content, kind: Evidence, none: &str) -> String {
    if content.scope.admits_controls(kind.answers()) {
        format!("{none} None was left out.")
    } else {
        format!("{} lie outside the controls of this bundle.", kind.title())
    }
}

pub fn lead(book: &mut Book, text: impl Into<String>) {
    book.y += 16.0;
    book.paragraph(&[words(LEAD, text)]);
}

pub fn targets(book: &mut Book, content: &Content) {
    let entry = format!("Recovery targets, {}", counted(content.targets.len(), "promise", "promises"));
    book.section(
        "Recovery targets",
        &entry,
        0,
        &[body("What was promised, and what drills measured.")],
        frame("Recovery targets"),
    );
    lead(
        book,
        "Achievements come from the newest completed drill of each kind of loss. What no drill has measured is untested, whatever the runbook says.",
    );
    if content.targets.is_empty() {
        book.paragraph(&[body("No runbook in this bundle states a recovery target.")]);
        return;
    }
    let rows: Vec<Row> = content.targets.iter().map(target).collect();
    let columns =
        [col("Loss", 146.0), col("Time to restore", 86.0), col("", 84.0), col("Data lost", 74.0), col("State", 86.0)];
    let placed = table(book, "", &columns, &rows);
    for (judged, (page, top, _)) in content.targets.iter().zip(&placed.rows) {
        if let Some(measured) = measured(judged) {
            charts::bullet(book.canvas_of(*page), LEFT + 232.0, top + 14.0, judged, measured.restore_ms);
        }
    }
    book.y += 6.0;
    let note = "A bar is the measured time; its upright line the promise. At risk: within the promise, but over 80 % of it. Stale: measured longer ago than the quarter the drills keep to.";
    book.paragraph(&[quiet(note)]);
}

fn measured(judged: &Judged) -> Option<&domain::drill::Measured> {
    judged.drill.as_ref().and_then(|d| d.value.measured.as_ref())
}

fn target(judged: &Judged) -> Row {
    let promise = &judged.target;
    let value = |ms: Option<i64>, promise: i64, verdict: Verdict| -> Vec<Span> {
        let mut spans = ms.map_or_else(
            || marks::verdict(Verdict::Untested, BODY),
            |ms| vec![words(STRONG.ink(marks::Mark::of(verdict).ink()), span(ms))],
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
    let mut row = Row::of(vec![
        first,
        value(measured.map(|m| m.restore_ms), promise.rto_ms, judged.rto),
        Vec::new(),
        value(measured.and_then(|m| m.rpo_ms), promise.rpo_ms, judged.rpo),
        state,
    ]);
    match &judged.drill {
        Some(drill) => {
            row = row.sealed(&drill.seal);
            row.notes = vec![
                (SMALL, format!("drill of {}", say::date(drill.value.occurred_at))),
                (SMALL, if drill.value.demo { "seeded demo data" } else { "measured" }.to_owned()),
            ];
        }
        None => row.notes = vec![(SMALL, "no drill has measured it".to_owned())],
    }
    row
}

pub fn runbooks(book: &mut Book, content: &Content) {
    let all = &content.runbooks;
    let entry = match all.as_slice() {
        [one] => format!("Runbook {}, as approved", one.value.version),
        _ => format!("Runbook, {}", counted(all.len(), "version", "versions")),
    };
    book.section(
        "The runbook",
        &entry,
        0,
        &[body("The plan that drills follow and targets are taken from.")],
        frame("The runbook"),
    );
    if all.is_empty() {
        lead(book, absent(content, Evidence::Runbooks, "No runbook version lies in this period."));
        return;
    }
    lead(book, "The text of each version is in the bundle under data/runbooks, byte for byte as it was approved.");
    let rows: Vec<Row> = all
        .iter()
        .map(|version| {
            let read = Runbook::parse(&version.value.text);
            let (title, owner) = match &read {
                Ok(book) => (
                    book.front.title.clone(),
                    format!("owner {}; next review {}", book.front.owner, book.front.next_review),
                ),
                Err(why) => ("Cannot be read".to_owned(), why.to_string()),
            };
            Row::of(vec![
                vec![strong(version.value.version.as_str())],
                vec![body(title), quiet(format!("\n{owner}"))],
                vec![body(say::date(version.value.occurred_at)), quiet(format!("\n{}", version.value.by))],
                vec![origin(version.value.demo)],
            ])
            .under(vec![words(MONO_SMALL, say::groups(&version.seal.sha256))])
            .sealed(&version.seal)
        })
        .collect();
    table(book, "", &[col("Version", 60.0), col("Title", 210.0), col("Approved", 92.0), col("", 114.0)], &rows);

    let Some(Ok(newest)) = all.first().map(|v| Runbook::parse(&v.value.text)) else { return };
    let rows: Vec<Row> = newest
        .targets()
        .iter()
        .map(|t| {
            Row::of(vec![
                vec![body(t.scenario.title())],
                vec![body(span(t.rto_ms))],
                vec![body(span(t.rpo_ms))],
                vec![body(t.means.as_str())],
            ])
        })
        .collect();
    if !rows.is_empty() {
        let title = format!("What version {} promises", newest.front.version);
        book.y += 8.0;
        let columns = [col("Loss", 184.0), num("Restored in", 84.0), num("Data lost", 84.0), col("How", 124.0)];
        table(book, &title, &columns, &rows);
    }
}

pub fn findings(book: &mut Book, content: &Content) {
    let all = &content.findings;
    let closed = all.iter().filter(|f| matches!(f.value.state, State::Closed { .. })).count();
    let entry = match all.len() {
        0 => "Findings, none".to_owned(),
        n => format!("Findings, {} open and {} closed", say::number(n - closed), say::number(closed)),
    };
    book.section(
        "Findings",
        &entry,
        0,
        &[body("What fell short, who owns it, and what closed it.")],
        frame("Findings"),
    );
    if all.is_empty() {
        lead(book, absent(content, Evidence::Findings, "No finding was opened or stood open in this period."));
        return;
    }
    let overdue = all.iter().filter(|f| f.value.standing(content.made_at) == Standing::Overdue).count();
    let late = if overdue == 0 {
        "none is overdue".to_owned()
    } else {
        format!("{} overdue", if overdue == 1 { "one is".to_owned() } else { format!("{} are", say::number(overdue)) })
    };
    lead(
        book,
        format!(
            "{} in this period: {} open, {} closed; {late}.",
            capital(&counted(all.len(), "finding", "findings")),
            say::number(all.len() - closed),
            say::number(closed)
        ),
    );
    let rows: Vec<Row> = all.iter().map(|f| finding(f, content)).collect();
    table(book, "", &[col("Finding", 54.0), col("", 240.0), col("Owner", 72.0), col("State", 110.0)], &rows);
}

fn finding(sealed: &Sealed<Finding>, content: &Content) -> Row {
    let f = &sealed.value;
    let mut text =
        vec![strong(f.title.as_str()), quiet(format!("\n{}. Found by: {}.", capital(f.severity.word()), f.found_by))];
    for (label, part) in [("", &f.what), ("Why: ", &f.why), ("Plan: ", &f.plan)] {
        if !part.is_empty() {
            text.push(quiet(format!("\n{label}{part}")));
        }
    }
    if let State::Closed { evidence, .. } = &f.state {
        text.push(quiet(format!("\nClosed by: {evidence}")));
    }
    let controls = join(f.controls.iter().map(|c| c.id().to_owned()));
    if !controls.is_empty() {
        text.push(quiet(format!("\nControls {controls}. ")));
    } else {
        text.push(quiet("\n"));
    }
    if f.demo {
        text.push(origin(true));
    }
    let mut state = marks::standing(f.standing(content.made_at), STRONG);
    state.push(quiet(match &f.state {
        State::Open => format!("\ndue {}", say::date(f.due_at)),
        State::Closed { at, .. } => format!("\n{}", say::date(*at)),
    }));
    state.push(quiet(format!("\nopened {}", say::date(f.occurred_at))));
    Row::of(vec![vec![words(MONO, f.id.as_str())], text, vec![body(f.owner.as_str())], state]).sealed(&sealed.seal)
}

pub fn gaps(book: &mut Book, content: &Content) {
    let all = &content.gaps;
    let entry = format!("Gaps, {}", say::number(all.len()));
    book.section(
        "Gaps",
        &entry,
        0,
        &[body("What was due and is not there. A gap is a record of its own.")],
        frame("Gaps"),
    );
    if all.is_empty() {
        lead(book, absent(content, Evidence::Gaps, "No gap was recorded in this period."));
        return;
    }
    let runs = all.iter().filter(|g| g.value.what == Missing::WholeRun).count();
    let drills = all.iter().filter(|g| matches!(g.value.what, Missing::Drill { .. })).count();
    let tenants = all.len() - runs - drills;
    let mut parts = Vec::new();
    if runs > 0 {
        parts.push(counted(runs, "weekly run that never came", "weekly runs that never came"));
    }
    if tenants > 0 {
        parts.push(counted(tenants, "tenant absent from a run", "times a tenant was absent from a run"));
    }
    if drills > 0 {
        parts.push(counted(drills, "quarter without a drill", "quarters without a drill"));
    }
    lead(book, format!("{}.", capital(&join(parts))));
    let rows: Vec<Row> = all
        .iter()
        .map(|gap| {
            let kind = match &gap.value.what {
                Missing::WholeRun => "whole run",
                Missing::Tenant { .. } => "tenant",
                Missing::Drill { .. } => "drill",
            };
            let mut what = marks::state(marks::Mark::Miss, "gap", STRONG);
            what.push(quiet(format!("\n{kind}")));
            let mut says = vec![body(gap.value.says.as_str()), words(MONO_SMALL, format!("\n{}", gap.id))];
            if gap.value.demo {
                says.push(quiet("  "));
                says.push(origin(true));
            }
            Row::of(vec![vec![body(say::date(gap.value.due_at))], what, says]).sealed(&gap.seal)
        })
        .collect();
    table(book, "", &[col("Due", 86.0), col("", 84.0), col("What is missing", 306.0)], &rows);
}

/// The list of drills before their pages.
pub fn drills(book: &mut Book, content: &Content) {
    let rows: Vec<Row> = content.drills.iter().map(drill).collect();
    let columns = [
        col("Drill", 114.0),
        col("Scenario", 132.0),
        col("Time to restore", 86.0),
        col("Data lost", 72.0),
        col("Contents", 72.0),
    ];
    table(book, "", &columns, &rows);
}

fn drill(sealed: &Sealed<Drill>) -> Row {
    let d = &sealed.value;
    let value = |ms: Option<i64>, verdict: Verdict| -> Vec<Span> {
        let mut spans = marks::verdict(verdict, BODY);
        spans.push(quiet(ms.map_or_else(|| "\nnot measured".to_owned(), |ms| format!("\n{}", span(ms)))));
        spans
    };
    let tenant = d.draw.as_ref().map_or_else(|| "not drawn".to_owned(), |draw| draw.chosen.clone());
    let mut first = vec![strong(say::date(d.occurred_at)), quiet(format!("\n{}\n", d.quarter))];
    first.push(origin(d.demo));
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
