//! Attestations: tenants by Sundays, and the same by month in figures.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;
use domain::{Moment, attestation::Strength, control::Evidence, gap::Missing, schedule, words as say};

use super::{
    lists::{absent, counted, join, lead},
    page::{Book, Canvas, Frame, LEFT, RIGHT, WHOLE, body, quiet, ring},
    table::{Row, col, num, table},
    text::{BODY, CELL, GREY, INK, INK2, INK3, MISS, RULE, SECTION, SMALL, STRONG, Style, TINY, words, wrap},
};
use crate::exports::content::{Content, Week};

/// More tenants than this are counted by month instead of drawn.
const DRAWN: usize = 200;
/// Weeks side by side.
const ACROSS: usize = 53;
const NAME: f32 = 138.0;
const COUNT: f32 = 52.0;
const DAY_MS: i64 = 24 * 3600 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Attested,
    Late,
    Missed,
    NotATenant,
    ToCome,
}

/// What every tenant has for every Sunday.
struct Cover<'a> {
    sundays: Vec<Moment>,
    tenants: BTreeMap<&'a str, Vec<Cell>>,
}

impl<'a> Cover<'a> {
    fn of(content: &'a Content) -> Self {
        let mut seen: BTreeMap<&str, BTreeMap<Moment, i64>> = BTreeMap::new();
        for (tenant, sunday, late) in content.attested.sightings.each() {
            seen.entry(tenant).or_default().insert(sunday, if late { DAY_MS } else { 0 });
        }
        let mut gaps: BTreeMap<&str, BTreeSet<Moment>> = BTreeMap::new();
        let mut none: BTreeSet<Moment> = BTreeSet::new();
        for gap in content.gaps.iter().map(|g| &g.value) {
            match &gap.what {
                Missing::WholeRun => drop(none.insert(gap.due_at)),
                Missing::Tenant { tenant } => drop(gaps.entry(tenant.as_str()).or_default().insert(gap.due_at)),
                Missing::Drill { .. } => {}
            }
        }
        let all = || seen.values().flat_map(BTreeMap::keys).chain(gaps.values().flatten()).chain(&none);
        let (from, to) = match (content.scope.period, all().min(), all().max()) {
            (Some(p), ..) => (p.from, p.to),
            (None, Some(first), Some(last)) => (*first, last.plus_millis(1)),
            _ => (content.made_at, content.made_at),
        };
        let sundays = schedule::sundays(from, to);
        let names: BTreeSet<&str> = seen.keys().chain(gaps.keys()).copied().collect();
        let tenants = names
            .into_iter()
            .map(|name| {
                let (mine, missing) = (seen.get(name), gaps.get(name));
                let known = || mine.into_iter().flat_map(BTreeMap::keys).chain(missing.into_iter().flatten());
                let (first, last) = (known().min().copied(), known().max().copied());
                let newest = all().max().copied();
                let cell = |sunday: &Moment| {
                    if let Some(late) = mine.and_then(|m| m.get(sunday)) {
                        return if *late >= DAY_MS { Cell::Late } else { Cell::Attested };
                    }
                    let within = first.is_some_and(|f| f < *sunday) && last.is_some_and(|l| *sunday < l);
                    if missing.is_some_and(|m| m.contains(sunday))
                        || within
                        || (none.contains(sunday)
                            && first < Some(*sunday)
                            && last.is_some_and(|l| sunday.since(l) <= 7 * DAY_MS))
                    {
                        Cell::Missed
                    } else if newest.is_none_or(|n| *sunday > n) && *sunday > content.made_at {
                        Cell::ToCome
                    } else {
                        Cell::NotATenant
                    }
                };
                (name, sundays.iter().map(cell).collect())
            })
            .collect();
        Self { sundays, tenants }
    }
}

fn tally(cells: &[Cell]) -> (usize, usize) {
    let has = cells.iter().filter(|c| matches!(c, Cell::Attested | Cell::Late)).count();
    (has, has + cells.iter().filter(|c| **c == Cell::Missed).count())
}

pub fn grid(book: &mut Book, content: &Content) {
    let cover = Cover::of(content);
    let entry = if content.attested.count == 0 {
        "Attestations, none".to_owned()
    } else {
        format!(
            "Attestations, {} by {}",
            counted(cover.tenants.len(), "tenant", "tenants"),
            counted(cover.sundays.len(), "week", "weeks")
        )
    };
    let eyebrow = [body("Every tenant is attested each Sunday: it was found in that week’s recovery point.")];
    book.section(
        "Attestations",
        &entry,
        0,
        &eyebrow,
        Frame { running: "Attestations".to_owned(), digest: None, margin: false },
    );
    if content.attested.count == 0 {
        lead(book, absent(content, Evidence::Attestations, "No attestation was filed in this period."));
        return;
    }
    let (has, due) = cover.tenants.values().map(|cells| tally(cells)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let rest = match due - has {
        0 => "None is missing".to_owned(),
        1 => "One is missing".to_owned(),
        n => format!("{} are missing", say::count(n as i64)),
    };
    lead(
        book,
        format!(
            "{} of {} attestations that were due are here. {rest}.",
            say::count(has as i64),
            say::count(due as i64)
        ),
    );
    if cover.tenants.len() > DRAWN {
        book.paragraph(&[body(format!("{} tenants are too many to draw one by one: the figures by month stand for them, and each attestation is a line in data/records/backup_audit_log.jsonl.", say::count(cover.tenants.len() as i64)))]);
    } else {
        let weeks: Vec<usize> = (0..cover.sundays.len()).collect();
        for block in weeks.chunks(ACROSS) {
            draw(book, &cover, block);
        }
    }
    months(book, content, &cover);
}

struct Place {
    step: f32,
    x: f32,
}

fn draw(book: &mut Book, cover: &Cover, block: &[usize]) {
    let (Some(&first), Some(&last)) = (block.first(), block.last()) else { return };
    let place = Place { step: ((WHOLE - NAME - COUNT) / block.len() as f32).min(12.7), x: LEFT + NAME };
    book.need(120.0);
    book.y += 18.0;
    let mut at = 0;
    let rows: Vec<_> = cover
        .tenants
        .iter()
        .map(|(name, cells)| {
            let lines = wrap(&[words(Style { ink: INK, ..SMALL }, *name)], NAME - 10.0);
            let tall = (lines.len() as f32 * 12.0 + 3.0).max(15.0);
            (lines, tall, &cells[first..=last])
        })
        .collect();
    while at < rows.len() {
        let (top, page) = (header(book, cover, block, &place), book.pages.len() - 1);
        let mut full: [Vec<Vec<(f32, f32)>>; 4] = Default::default();
        while at < rows.len() && rows[at].1 + 30.0 <= book.left() {
            let (lines, tall, cells) = &rows[at];
            let y = book.y;
            let canvas = book.canvas_of(page);
            for (i, line) in lines.iter().enumerate() {
                canvas.set(LEFT, y + 10.5 + 12.0 * i as f32, line);
            }
            for (i, cell) in cells.iter().enumerate() {
                collect(&mut full, *cell, place.x + place.step * i as f32, y + 2.0, place.step);
            }
            let (has, due) = tally(cells);
            let style = if has < due { Style { size: 10.0, ..STRONG } } else { SMALL };
            canvas.words_to(RIGHT, y + 10.5, style, &format!("{has} of {due}"));
            book.y += tall;
            at += 1;
        }
        let bottom = book.y;
        let canvas = book.canvas_of(page);
        months_between(cover, block, |i| {
            canvas.line(
                &[(place.x + place.step * i as f32 - 1.0, top), (place.x + place.step * i as f32 - 1.0, bottom)],
                0.6,
                RULE,
            )
        });
        let [attested, missed, faint, dots] = full;
        canvas.fill(attested, CELL);
        canvas.fill(missed, MISS);
        canvas.fill(faint, GREY);
        canvas.fill(dots, INK3);
        canvas.rule(LEFT, bottom + 2.0, WHOLE, INK);
        if at < rows.len() {
            book.turn();
        }
    }
    legend(book, place.step);
}

/// The areas of one cell, sorted by colour: attested, missed, not a tenant, to come.
fn collect(full: &mut [Vec<Vec<(f32, f32)>>; 4], cell: Cell, x: f32, y: f32, step: f32) {
    let (w, h) = (step * 0.78, 10.5);
    match cell {
        Cell::Attested => full[0].push(ring(x, y, w, h)),
        Cell::Late => full[0].extend([ring(x, y + h / 2.0, w, h / 2.0), ring(x, y, w, 0.9)]),
        Cell::Missed => {
            let side = (w * 0.72).min(7.2);
            full[1].push(ring(x + (w - side) / 2.0, y + (h - side) / 2.0, side, side));
        }
        Cell::NotATenant => full[2].push(ring(x, y + h / 2.0 - 0.35, w, 0.7)),
        Cell::ToCome => full[3].push(ring(x + w / 2.0 - 0.7, y + h / 2.0 - 0.7, 1.4, 1.4)),
    }
}

/// Calls with each place in the block where a month begins.
fn months_between(cover: &Cover, block: &[usize], mut with: impl FnMut(usize)) {
    let month = |i: usize| cover.sundays[i].utc().month();
    for (place, &i) in block.iter().enumerate().skip(1) {
        if month(i) != month(i - 1) {
            with(place);
        }
    }
}

fn header(book: &mut Book, cover: &Cover, block: &[usize], place: &Place) -> f32 {
    let y = book.y + 12.0;
    let canvas = book.canvas();
    canvas.words(LEFT, y, SECTION, "Tenants by weeks");
    let name = |i: usize| cover.sundays[block[i]].utc();
    let mut starts = vec![0];
    months_between(cover, block, |i| starts.push(i));
    for (n, &i) in starts.iter().enumerate() {
        let room = starts.get(n + 1).copied().unwrap_or(block.len()) - i;
        let text = name(i).format(if n == 0 || name(i).month() == 1 { "%b %Y" } else { "%b" }).to_string();
        let short = name(i).format("%b").to_string();
        let space = room as f32 * place.step;
        let fits = [text, short].into_iter().find(|t| TINY.width(t) <= space);
        if let Some(text) = fits {
            canvas.words(place.x + place.step * i as f32, y, TINY, text);
        }
    }
    canvas.rule(LEFT, y + 7.0, WHOLE, INK);
    book.y = y + 10.0;
    y + 7.0
}

fn legend(book: &mut Book, step: f32) {
    let y = book.y + 18.0;
    let canvas = book.canvas();
    let mut x = LEFT;
    for (cell, text) in [
        (Cell::Attested, "attested"),
        (Cell::Late, "late, by a day or more"),
        (Cell::Missed, "missing"),
        (Cell::NotATenant, "not a tenant"),
        (Cell::ToCome, "to come"),
    ] {
        let mut full: [Vec<Vec<(f32, f32)>>; 4] = Default::default();
        collect(&mut full, cell, x, y - 9.0, step.max(8.0));
        paint(canvas, full);
        canvas.words(x + step.max(8.0) + 4.0, y, SMALL, text);
        x += step.max(8.0) + SMALL.width(text) + 22.0;
    }
    book.y = y + 8.0;
}

fn paint(canvas: &mut Canvas, [attested, missed, faint, dots]: [Vec<Vec<(f32, f32)>>; 4]) {
    canvas.fill(attested, CELL);
    canvas.fill(missed, MISS);
    canvas.fill(faint, GREY);
    canvas.fill(dots, INK3);
}

/// The same by month: for many tenants the only account, for few a second one.
fn months(book: &mut Book, content: &Content, cover: &Cover) {
    let mut by_month: BTreeMap<(i32, u32), Vec<&Week>> = BTreeMap::new();
    for (sunday, week) in &content.attested.weeks {
        let at = sunday.utc();
        by_month.entry((at.year(), at.month())).or_default().push(week);
    }
    let mut columns: BTreeMap<(i32, u32), Vec<usize>> = BTreeMap::new();
    for (i, sunday) in cover.sundays.iter().enumerate() {
        let at = sunday.utc();
        columns.entry((at.year(), at.month())).or_default().push(i);
    }
    let keys: BTreeSet<(i32, u32)> = by_month.keys().chain(columns.keys()).copied().collect();
    let rows: Vec<Row> = keys
        .into_iter()
        .map(|key| {
            let filed = by_month.get(&key).map_or(&[][..], Vec::as_slice);
            let weeks = columns.get(&key).map_or(&[][..], Vec::as_slice);
            let count = |what: Cell| {
                cover.tenants.values().flat_map(|cells| weeks.iter().filter(move |i| cells[**i] == what)).count()
            };
            let number = |n: usize| vec![body(say::count(n as i64))];
            let seqs = || filed.iter().filter_map(|week| week.seqs);
            let range = match (seqs().map(|s| s.0).min(), seqs().map(|s| s.1).max()) {
                (Some(from), Some(to)) => format!("№ {from} to {to}"),
                _ => "none".to_owned(),
            };
            let missed = count(Cell::Missed);
            Row::of(vec![
                vec![body(format!("{}-{:02}", key.0, key.1))],
                number(weeks.len()),
                number(count(Cell::Attested) + count(Cell::Late)),
                number(count(Cell::Late)),
                vec![words(if missed > 0 { STRONG.ink(MISS) } else { BODY }, say::count(missed as i64))],
                vec![quiet(strengths(filed))],
                vec![words(super::text::MONO_SMALL, range)],
            ])
        })
        .collect();
    book.y += 4.0;
    let columns = [
        col("", 112.0),
        num("Sundays", 68.0),
        num("Attested", 72.0),
        num("Of these late", 84.0),
        num("Missing", 70.0),
        col("Strength", 130.0),
        col("In the ledger", 120.0),
    ];
    table(book, "By month", &columns, &rows);
    book.y += 5.0;
    let mut note = vec![words(
        SMALL.ink(INK2),
        "Strength, weakest first: declared is a program’s own word; listed is the vendor’s answer; counted, fingerprinted and restored say more. Nothing below restored shows that a tenant can be restored.",
    )];
    if content.attested.demo {
        note.push(words(SMALL.ink(super::text::RISK), " Some of these attestations are seeded demo data."));
    }
    book.paragraph(&note);
}

fn strengths(filed: &[&Week]) -> String {
    let mut by: BTreeMap<Strength, u64> = BTreeMap::new();
    for (strength, count) in filed.iter().flat_map(|week| &week.strengths) {
        *by.entry(*strength).or_default() += count;
    }
    match by.len() {
        0 => "none".to_owned(),
        1 => join(by.keys().map(|s| s.word().to_owned())),
        _ => join(by.iter().map(|(s, n)| format!("{} {n}", s.word()))),
    }
}
