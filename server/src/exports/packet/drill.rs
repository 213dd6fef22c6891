//! Restoration drills: the list, then the record of each.

use domain::{
    control::Evidence,
    drill::{Check, CheckVerdict, Drill},
    record::Sealed,
    verdict::Verdict,
    words as say,
};

use super::{
    charts::{self, Point},
    lists::{absent, counted, frame, lead},
    marks::{self, Mark},
    page::{Book, COLUMN, Frame, LEFT, body, origin, quiet, ring_of, seal_lines, span, strong},
    table::{Row, col, num, table},
    text::{
        BODY, HEAD, INK, MEASURE, MONO, MONO_SMALL, PARAGRAPH, RULE, SECTION, SMALL, STRONG, Span, Style, words, wrap,
    },
};
use crate::exports::content::Content;

pub fn all(book: &mut Book, content: &Content) {
    let all = &content.drills;
    let entry = format!("Restoration drills, {}", counted(all.len(), "record", "records"));
    let eyebrow = [body("A drill restores a drawn tenant into an empty database, and compares.")];
    book.section("Restoration drills", &entry, 0, &eyebrow, frame("Restoration drills"));
    if all.is_empty() {
        lead(book, absent(content, Evidence::Drills, "No drill was filed in this period."));
        return;
    }
    let measured = all.iter().filter(|d| !d.value.demo && d.value.measured.is_some()).count();
    lead(
        book,
        match measured {
            0 => "Newest first. None of these drills ran on this company’s own data: all are seeded demo data.".to_owned(),
            n if n == all.len() => "Newest first. All were measured on the databases they name.".to_owned(),
            1 => "Newest first. One was measured on the database it names; the others are seeded demo data or measured nothing.".to_owned(),
            n => format!("Newest first. {} were measured on the databases they name; the others are seeded demo data or measured nothing.", super::cover::capital(&say::number(n))),
        },
    );
    super::lists::drills(book, content);
    for (i, drill) in all.iter().enumerate() {
        record(book, content, drill, i);
    }
}

fn record(book: &mut Book, content: &Content, sealed: &Sealed<Drill>, place: usize) {
    let d = &sealed.value;
    let mut eyebrow =
        vec![body(format!("{}. {}. Runbook {}. ", d.quarter, d.scenario.title(), d.plan.runbook_version))];
    if let Some(draw) = &d.draw {
        eyebrow.extend([body("Tenant "), words(MONO, draw.chosen.as_str()), body(".")]);
    }
    let day = say::long_date(d.occurred_at);
    let frame = Frame {
        running: format!("Restoration drills, record {} of {}", place + 1, content.drills.len()),
        digest: Some(sealed.seal.sha256.clone()),
        margin: true,
    };
    book.section(&format!("Restoration drill, {day}"), &format!("Drill of {day}"), 1, &eyebrow, frame);
    measures(book, sealed);
    if d.abandoned.is_none() {
        book.y += 9.0;
        book.paragraph(&[words(PARAGRAPH, d.sentence())]);
    }
    steps(book, content, sealed);
    checks(book, d);
    if d.abandoned.is_none() && !earlier_and_found(book, content, sealed) {
        reasons(book, content, sealed);
    }
    counts(book, d);
    documents(book, d);
    draw(book, d);
    place_and_people(book, d);
}

/// The three figures of a drill, between rules.
fn measures(book: &mut Book, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    let top = book.y;
    let (page, third) = (book.pages.len() - 1, COLUMN / 3.0);
    let m = d.measured.as_ref();
    let passed = d.passed();
    let contents = match d.verdict.contents {
        Verdict::Met => marks::state(Mark::Met, "all pass", STRONG),
        Verdict::Missed => marks::state(Mark::Miss, "not equal", STRONG),
        other => marks::verdict(other, STRONG),
    };
    let cells: [(&str, Option<String>, String, Vec<Span>); 3] = [
        (
            "Time to restore",
            m.map(|m| span(m.restore_ms)),
            format!("of {}", span(d.plan.rto_ms)),
            marks::verdict(d.verdict.rto, STRONG),
        ),
        (
            "Data lost",
            m.and_then(|m| m.rpo_ms).map(span),
            format!("of {}", span(d.plan.rpo_ms)),
            marks::verdict(d.verdict.rpo, STRONG),
        ),
        (
            "Checks",
            Some(passed.to_string()).filter(|_| !d.checks.is_empty()),
            if d.checks.is_empty() { "none ran".to_owned() } else { format!("of {}", d.checks.len()) },
            contents,
        ),
    ];
    for (i, (label, value, of, state)) in cells.into_iter().enumerate() {
        let x = LEFT + third * i as f32 + if i == 0 { 0.0 } else { 14.0 };
        let canvas = book.canvas();
        canvas.words(x, top + 21.0, SMALL, label);
        let value = value.unwrap_or_else(|| "—".to_owned());
        canvas.words(x, top + 49.0, MEASURE, value.as_str());
        canvas.words(x + MEASURE.width(&value) + 6.0, top + 49.0, BODY.ink(super::text::INK2), of);
        for line in wrap(&state, third) {
            canvas.set(x, top + 70.0, &line);
        }
        if i > 0 {
            canvas.line(&[(x - 14.0, top), (x - 14.0, top + 80.0)], 0.8, RULE);
        }
    }
    book.canvas().rule(LEFT, top + 80.0, COLUMN, INK);
    let mut lines = seal_lines(&sealed.seal);
    lines.push((SMALL, sealed.id.clone()));
    if let Span::Words(style, text) = origin(d.demo) {
        lines.push((style, text));
    }
    book.note(page, top + 21.0, Some(ring_of(&sealed.seal)), &lines);
    book.y = top + 80.0;
    if let Some(why) = &d.abandoned {
        book.y += 10.0;
        let mut spans = marks::state(Mark::None, "abandoned", STRONG);
        spans.push(body(format!(": {why}. An abandoned drill measures nothing.")));
        book.paragraph(&spans);
    }
}

fn steps(book: &mut Book, content: &Content, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    if d.steps.is_empty() {
        return;
    }
    let rows: Vec<Row> = d
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let mut title = vec![body(step.id.title())];
            match step.outcome {
                domain::drill::Outcome::Done => {}
                domain::drill::Outcome::Failed => {
                    title.push(body("\n"));
                    title.extend(marks::state(Mark::Miss, "failed", STRONG));
                }
                domain::drill::Outcome::Skipped => {
                    title.push(body("\n"));
                    title.extend(marks::state(Mark::None, "skipped", STRONG));
                }
            }
            if !step.note.is_empty() {
                title.push(quiet(format!("\n{}", step.note)));
            }
            Row::of(vec![
                vec![body((i + 1).to_string())],
                title,
                vec![body(say::time(step.started_at))],
                vec![body(took(step.took_ms()))],
            ])
        })
        .collect();
    let columns = [col("", 16.0), col("", 208.0), col("Start, UTC", 64.0), num("Took", 48.0), col("", 140.0)];
    let placed = table(book, "Steps and timings", &columns, &rows);
    let peers: Vec<&Drill> = content
        .drills
        .iter()
        .map(|p| &p.value)
        .filter(|p| {
            p.occurred_at < d.occurred_at && p.scenario == d.scenario && p.demo == d.demo && p.abandoned.is_none()
        })
        .collect();
    let scale = charts::steps(book, &placed, d, &peers, LEFT + 336.0, 140.0);
    book.y += 5.0;
    book.paragraph(&[quiet(scale)]);
}

/// "34:24", and "40 ms" under a second.
fn took(ms: i64) -> String {
    if (1..1000).contains(&ms) { span(ms) } else { say::clock(ms) }
}

fn checks(book: &mut Book, d: &Drill) {
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
    let rows: Vec<Row> = d
        .checks
        .iter()
        .map(|c| Row::of(vec![marks::check(c.verdict, STRONG), vec![body(c.id.title())], said(c)]))
        .collect();
    table(book, "Checks", &[col("", 68.0), col("", 222.0), col("", 186.0)], &rows);
}

/// The trend of like drills at the left, what this drill found at the right. `false`: too few for a trend.
fn earlier_and_found(book: &mut Book, content: &Content, sealed: &Sealed<Drill>) -> bool {
    let d = &sealed.value;
    let mut like: Vec<&Drill> = content
        .drills
        .iter()
        .map(|p| &p.value)
        .filter(|p| p.scenario == d.scenario && p.demo == d.demo && p.abandoned.is_none() && p.measured.is_some())
        .filter(|p| p.occurred_at <= d.occurred_at)
        .collect();
    like.sort_by_key(|p| p.occurred_at);
    let like = &like[like.len().saturating_sub(5)..];
    if like.len() < 2 || d.measured.is_none() {
        return false;
    }
    let points: Vec<Point> = like
        .iter()
        .filter_map(|p| {
            Some(Point {
                name: p.occurred_at.utc().format("%b %Y").to_string(),
                ms: p.measured.as_ref()?.restore_ms,
                mark: Mark::of(p.verdict.rto),
            })
        })
        .collect();
    let found = found(content, sealed);
    let lines = wrap(&found, 224.0);
    let tall = (lines.len() as f32 * BODY.leading + 14.0).max(126.0);
    book.need(tall + 45.0);
    book.gap(22.0);
    let y = book.y;
    let right = LEFT + 252.0;
    let canvas = book.canvas();
    canvas.words(LEFT, y + 14.0, SECTION, "Time to restore, drill by drill");
    canvas.rule(LEFT, y + 23.0, 224.0, INK);
    canvas.words(right, y + 14.0, SECTION, "Found in this drill");
    canvas.rule(right, y + 23.0, 224.0, INK);
    charts::trend(canvas, LEFT, y + 26.0, &points, d.plan.rto_ms);
    for (i, line) in lines.iter().enumerate() {
        canvas.set(right, y + 41.0 + BODY.leading * i as f32, line);
    }
    book.y += 23.0 + tall;
    true
}

fn found(content: &Content, sealed: &Sealed<Drill>) -> Vec<Span> {
    const NAMED: usize = 3;
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
        spans.push(body(format!("{gap}{}", sentence(&super::cover::capital(reason)))));
    }
    if spans.is_empty() {
        spans.push(body("Nothing that became a finding in this bundle."));
    }
    spans
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn reasons(book: &mut Book, content: &Content, sealed: &Sealed<Drill>) {
    book.heading("Found in this drill");
    book.y += 8.0;
    book.paragraph(&found(content, sealed));
}

fn counts(book: &mut Book, d: &Drill) {
    if d.counts.is_empty() {
        return;
    }
    let mut rows: Vec<Row> = d
        .counts
        .iter()
        .map(|c| {
            let state = if c.expected == c.actual {
                marks::state(Mark::Met, "equal", STRONG)
            } else {
                marks::state(Mark::Miss, "differs", STRONG)
            };
            Row::of(vec![
                vec![words(MONO, c.collection.as_str())],
                vec![body(say::count(c.expected))],
                vec![body(say::count(c.actual))],
                state,
            ])
        })
        .collect();
    let (expected, actual) = d.total_counts();
    rows.push(Row::of(vec![
        vec![strong(counted(d.counts.len(), "collection", "collections"))],
        vec![strong(say::count(expected))],
        vec![strong(say::count(actual))],
        Vec::new(),
    ]));
    let columns = [col("", 196.0), num("Recovery point", 104.0), num("Restored", 92.0), col("", 84.0)];
    table(book, "Documents by collection", &columns, &rows);
}

fn documents(book: &mut Book, d: &Drill) {
    if d.documents.is_empty() {
        return;
    }
    let quiet_mono = MONO_SMALL;
    let rows: Vec<Row> = d
        .documents
        .iter()
        .map(|doc| {
            let state = if doc.equal() {
                marks::state(Mark::Met, "equal", STRONG)
            } else if doc.actual.is_none() {
                marks::state(Mark::Miss, "not found", STRONG)
            } else {
                marks::state(Mark::Miss, "differs", STRONG)
            };
            let mut under = vec![words(quiet_mono, say::groups(&doc.expected))];
            if let (Some(actual), false) = (&doc.actual, doc.equal()) {
                under.push(words(quiet_mono, format!("\n{}", say::groups(actual))));
            }
            Row::of(vec![vec![words(MONO, doc.collection.as_str())], vec![words(MONO, doc.id.as_str())], state])
                .under(under)
        })
        .collect();
    table(book, "Documents drawn", &[col("", 150.0), col("Document", 236.0), col("", 90.0)], &rows);
    book.y += 5.0;
    book.paragraph(&[quiet("SHA-256 over the raw BSON. One digest: the recovery point and the restored copy agree; where they differ, the restored copy’s is below. Contents are never recorded.")]);
}

fn draw(book: &mut Book, d: &Drill) {
    let Some(draw) = &d.draw else { return };
    let small = Style { ink: INK, ..MONO_SMALL };
    let fact = |label: &str, value: Vec<Span>| Row::of(vec![vec![words(HEAD, label)], value]);
    let mut rows = vec![fact(
        "Chosen",
        vec![
            words(MONO, draw.chosen.as_str()),
            body(format!(", of {}", counted(draw.eligible.len(), "eligible tenant", "eligible tenants"))),
        ],
    )];
    let mut root = fact(
        "Ledger’s root",
        match &draw.root {
            Some(root) => vec![words(small, say::groups(root))],
            None => vec![body("none: no ledger sealed the list first, so this draw proves nothing")],
        },
    );
    if let Some(seq) = draw.seq {
        root.notes =
            vec![(MONO_SMALL, format!("№ {seq}")), (SMALL, "the eligible list, sealed before the draw".to_owned())];
    }
    rows.push(root);
    rows.push(fact("Public value", vec![words(small, draw.public_value.as_str())]));
    rows.push(fact("Seed", vec![words(small, say::groups(&draw.seed))]));
    rows.push(fact("Eligible list", vec![words(small, say::groups(&draw.eligible_digest))]));
    rows.push(fact("Eligible", vec![words(Style { leading: 14.0, ..small }, draw.eligible.join("  "))]));
    let excluded = if draw.excluded.is_empty() {
        vec![body("none")]
    } else {
        draw.excluded
            .iter()
            .enumerate()
            .flat_map(|(i, e)| {
                let gap = if i == 0 { "" } else { "\n" };
                [words(MONO, format!("{gap}{}", e.name)), body(format!("  {}", e.why))]
            })
            .collect()
    };
    rows.push(fact("Excluded", excluded));
    table(book, "The draw", &[col("", 92.0), col("", 384.0)], &rows);
    book.y += 5.0;
    book.paragraph(&[quiet("Seed: SHA-256 of root, comma, public value. A tenant’s rank: SHA-256 of seed, comma, name. The lowest rank is drawn; sha256sum and sort give the same answer.")]);
}

fn place_and_people(book: &mut Book, d: &Drill) {
    let fact = |label: &str, value: Vec<Span>| Row::of(vec![vec![words(HEAD, label)], value]);
    let at = |moment: domain::Moment| format!("{} UTC", super::page::second(moment));
    let mut rows = vec![
        fact(
            "Recovery point",
            vec![
                words(MONO, d.source.recovery_point.as_str()),
                quiet(format!("\n{}, taken {}", d.source.kind, at(d.source.taken_at))),
            ],
        ),
        fact(
            "Last write",
            match (&d.source.last_write_at, &d.source.last_write_by) {
                (Some(when), Some(by)) => vec![body(at(*when)), quiet(format!("  told by {by}"))],
                (Some(when), None) => vec![body(at(*when))],
                _ => vec![body("not told by any field")],
            },
        ),
        fact(
            "Restored into",
            vec![
                words(MONO, d.target.environment.as_str()),
                quiet(if d.target.isolated {
                    "\nshown to be another database than the source"
                } else {
                    "\nnot shown to be another database than the source"
                }),
            ],
        ),
    ];
    if let Some(m) = &d.measured {
        rows.push(fact(
            "Restored",
            vec![body(format!("{} in {} documents", say::bytes(m.bytes), say::count(m.documents)))],
        ));
    }
    if let Some(exposure) = &d.exposure {
        let until = exposure.until.map_or_else(
            || "and still exists".to_owned(),
            |end| format!("until {}, {}", at(end), span(end.since(exposure.from))),
        );
        rows.push(fact(
            "Copy existed",
            vec![body(format!("from {} {until}", at(exposure.from))), quiet(format!("\n{}", exposure.proof))],
        ));
    }
    table(book, "Where, and for how long", &[col("", 92.0), col("", 384.0)], &rows);
    if !d.people.is_empty() {
        let rows: Vec<Row> =
            d.people.iter().map(|p| Row::of(vec![vec![body(p.name.as_str())], vec![body(p.role.as_str())]])).collect();
        table(book, "Who took part", &[col("", 200.0), col("Role", 276.0)], &rows);
    }
}
