//! Gaps: what was due and is not there.

use std::collections::BTreeMap;

use domain::{
    Moment,
    control::Evidence,
    gap::{Gap, Missing},
    record::Sealed,
    words as say,
};

use super::{
    marks::{self, Mark, Ring},
    page::{Book, body, origin, quiet},
    sentences::{absent, capital, counted, frame, join, lead, number, rest},
    table::{Row, Table, col},
    text::{MONO_SMALL, STRONG, Span, words},
};
use crate::exports::content::Content;

/// More gaps than this are told a line a due date.
const TOLD: usize = 120;
/// More lines than this are not printed.
const LINES: usize = 200;
/// So many tenants are named in a line.
const NAMED: usize = 3;
const FILE: &str = "data/gaps.jsonl";

pub fn section(book: &mut Book, content: &Content) {
    let all = &content.gaps;
    let entry = format!("Gaps, {}", number(all.len()));
    if all.is_empty() {
        return absent(book, content, Evidence::Gaps, "Gaps", &entry, "No gap was recorded in this period.");
    }
    let eyebrow = [body("What was due and is not there. A gap is a record of its own.")];
    book.section("Gaps", &entry, 0, &eyebrow, frame("Gaps"));
    lead(book, statement(all));
    let columns = [col("Due", 78.0), col("", 72.0), col("What is missing", 326.0)];
    if all.len() <= TOLD {
        let rows: Vec<Row> = all.iter().map(told).collect();
        Table::new("", &columns).set(book, &rows);
        return;
    }
    let mut by_day: BTreeMap<Moment, Vec<&Sealed<Gap>>> = BTreeMap::new();
    for gap in all {
        by_day.entry(gap.value.due_at).or_default().push(gap);
    }
    let whole = format!(
        "{} gaps are too many to tell one by one: each line below is a day on which something was due, newest first. Every gap is a record of its own in {FILE}.",
        number(all.len())
    );
    book.paragraph(&[body(whole)]);
    let rows: Vec<Row> = by_day.values().rev().take(LINES).map(|gaps| of_a_day(gaps)).collect();
    let left_out: usize = by_day.values().rev().skip(LINES).map(Vec::len).sum();
    Table::new("", &columns).foot(rest(left_out, FILE)).set(book, &rows);
}

fn statement(all: &[Sealed<Gap>]) -> String {
    let runs = all.iter().filter(|g| g.value.what == Missing::WholeRun).count();
    let drills = all.iter().filter(|g| matches!(g.value.what, Missing::Drill { .. })).count();
    let jobs = all.iter().filter(|g| matches!(g.value.what, Missing::Run { .. })).count();
    let tenants = all.len() - runs - drills - jobs;
    let parts = [
        (runs, "weekly run that never came", "weekly runs that never came"),
        (tenants, "tenant absent from a run", "times a tenant was absent from a run"),
        (drills, "quarter without a drill", "quarters without a drill"),
        (jobs, "job that did not report", "times a job did not report"),
    ];
    let said = parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| counted(n, one, many));
    format!("{}.", capital(&join(said)))
}

fn state(kind: &str) -> Vec<Span> {
    let mut spans = marks::state(Mark::Miss, "gap", STRONG);
    spans.push(quiet(format!("\n{kind}")));
    spans
}

fn kind(gap: &Gap) -> &'static str {
    match &gap.what {
        Missing::WholeRun => "whole run",
        Missing::Tenant { .. } => "tenant",
        Missing::Drill { .. } => "drill",
        Missing::Run { .. } => "job",
    }
}

fn told(gap: &Sealed<Gap>) -> Row {
    let mut says = vec![body(gap.value.says.as_str()), words(MONO_SMALL, format!("\n{}", gap.id))];
    if gap.value.demo {
        says.extend([quiet("  "), origin(true)]);
    }
    Row::of(vec![vec![body(say::date(gap.value.due_at))], state(kind(&gap.value)), says]).sealed(&gap.seal)
}

fn of_a_day(gaps: &[&Sealed<Gap>]) -> Row {
    if let [one] = gaps {
        return told(one);
    }
    let tenants: Vec<&str> = gaps
        .iter()
        .filter_map(|g| if let Missing::Tenant { tenant } = &g.value.what { Some(tenant.as_str()) } else { None })
        .collect();
    let mut says: Vec<Span> = Vec::new();
    if !tenants.is_empty() {
        let named = tenants.iter().take(NAMED).map(|t| (*t).to_owned());
        let others = tenants.len().saturating_sub(NAMED);
        let others = (others > 0).then(|| counted(others, "more", "more"));
        let absent = counted(tenants.len(), "tenant is absent", "tenants are absent");
        says.push(body(format!("{}: {}.", capital(&absent), join(named.chain(others)))));
    }
    for other in gaps.iter().filter(|g| !matches!(g.value.what, Missing::Tenant { .. })) {
        let gap = if says.is_empty() { "" } else { "\n" };
        says.push(body(format!("{gap}{}", other.value.says)));
    }
    if gaps.iter().any(|g| g.value.demo) {
        says.extend([quiet("\n"), origin(true)]);
    }
    let entries = || gaps.iter().map(|g| g.seal.seq);
    let (first, last) = (entries().min().unwrap_or(0), entries().max().unwrap_or(0));
    let day = gaps.first().map(|g| say::date(g.value.due_at)).unwrap_or_default();
    let kind = if tenants.is_empty() { "several" } else { "tenants" };
    Row::of(vec![vec![body(day)], state(kind), says]).ringed(Ring::Whole, format!("№ {first} to {last}"))
}
