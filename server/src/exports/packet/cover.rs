//! The cover: whose evidence, of which period, what it says in a sentence, and where to find it.

use domain::{control::Control, drill::Drill, record::Sealed, verdict::Verdict, words as say};

use super::{
    Fingerprints,
    face::Face,
    marks::{self, Mark, Ring},
    page::{Book, Canvas, Draw, Frame, LEFT, MARGIN, MARGIN_W, RIGHT, WHOLE, second},
    sentences::{capital, counted, join, number},
    text::{
        BODY, COMPANY, COVER, INK, INK2, MARGINAL, MONO, MONO_SMALL, PERIOD, RULE, SECTION, SMALL, STATEMENT, STRONG,
        Span, Style, clipped, fit, words, wrap,
    },
};
use crate::{exports::content::Content, time::Outside};

/// Keeps the first page free; [`draw`] fills it when the page numbers are known.
pub fn reserve(book: &mut Book) {
    book.open(Frame::default());
}

pub fn draw(book: &mut Book, content: &Content, keys: &Fingerprints) {
    let entries: Vec<_> = book.outline.iter().filter(|m| m.level == 0).map(|m| (m.title.clone(), m.page)).collect();
    let canvas = book.canvas_of(0);
    marks::seal(canvas, LEFT + 9.5, 49.5, 19.0, Ring::Whole);
    canvas.words(LEFT + 27.0, 54.0, Style { size: 13.5, ..SECTION }, "Passmuster");
    canvas.words_to(RIGHT, 54.0, BODY.ink(INK2), &format!("Bundle {}", content.id));

    // A long name grows upwards; the title keeps its place.
    let company = clipped(wrap(&[words(COMPANY, content.org.as_str())], WHOLE), 4);
    for (i, line) in company.iter().enumerate() {
        canvas.set(LEFT, 200.0 - COMPANY.leading * (company.len() - 1 - i) as f32, line);
    }
    canvas.words(LEFT - 1.0, 266.0, COVER, "Evidence of recovery");
    canvas.scotch(LEFT, 292.0, WHOLE);
    let mut y = 337.0;
    for text in [period(content), controls(content)] {
        for line in wrap(&[words(PERIOD, text)], WHOLE) {
            canvas.set(LEFT, y, &line);
            y += PERIOD.leading;
        }
    }

    let top = y + 24.0;
    y = top + 22.0;
    for line in wrap(&statement(content), COLUMN) {
        canvas.set(LEFT, y, &line);
        y += STATEMENT.leading;
    }
    y += 20.0;
    canvas.words(LEFT, y, SECTION, "Contents");
    y += 9.0;
    canvas.rule(LEFT, y, COLUMN, INK);
    let step = ((FOOT - 26.0 - y) / entries.len().max(1) as f32).min(26.0);
    y -= 5.0;
    for (title, page) in &entries {
        y += step;
        leader(canvas, y, title, page + 1);
        canvas.drawn.push(Draw::Link { x: LEFT, y: y - 14.0, w: COLUMN, h: step.min(20.0), page: *page });
    }
    let noted = margin(book, content, top + 12.0);
    let bottom = (y + 5.0).max(noted) + 6.0;
    let canvas = book.canvas_of(0);
    canvas.line(&[(MARGIN - 22.0, top), (MARGIN - 22.0, bottom.min(FOOT - 18.0))], 0.8, RULE);
    foot(
        canvas,
        content,
        keys,
        entries.iter().find(|(title, _)| title.starts_with("How to check")).map(|(_, page)| *page),
    );
    let files = format!(
        "{} records, {} entries of the ledger",
        say::count(i64::try_from(content.payload.count()).unwrap_or(i64::MAX)),
        say::count(i64::try_from(content.log.entries()).unwrap_or(i64::MAX))
    );
    canvas.words(LEFT, 1084.0, Style { size: 10.5, ..BODY.ink(INK2) }, files);
}

/// First baseline of what stands at the foot.
const FOOT: f32 = 942.0;

/// States stand a little heavier in the statement.
const STATE: Style = Style { face: Face::Serif, ..STATEMENT };

/// Narrower than on other pages: the cover's margin stands further left.
const COLUMN: f32 = 454.0;

fn leader(canvas: &mut Canvas, y: f32, title: &str, page: usize) {
    let number = page.to_string();
    let title = &fit(BODY, title, COLUMN - 40.0);
    let from = LEFT + BODY.width(title) + 7.0;
    let to = LEFT + COLUMN - BODY.width(&number) - 7.0;
    canvas.words(LEFT, y, BODY, title.as_str());
    if from < to {
        canvas.dashed(&[(from, y - 0.5), (to, y - 0.5)], 0.9, INK2, [0.9, 1.6]);
    }
    canvas.words_to(LEFT + COLUMN, y, BODY, &number);
}

fn margin(book: &mut Book, content: &Content, y: f32) -> f32 {
    let canvas = book.canvas_of(0);
    canvas.words(MARGIN, y, MARGINAL, "Provenance");
    let head = &content.log.head;
    let entries = |n: u64| say::count(i64::try_from(n).unwrap_or(i64::MAX));
    let mut notes = vec![
        // Its entry follows the head it is made from.
        (
            Ring::Waiting,
            vec![
                (SMALL, "Bundle made".to_owned()),
                (STRONG, fit(STRONG, &content.made_by, NOTE)),
                (MONO_SMALL, format!("{}Z", second(content.made_at))),
                (SMALL, "entered after the head below".to_owned()),
            ],
        ),
    ];
    if let Some(sample) = &content.sample {
        notes.push((
            Ring::Whole,
            vec![
                (SMALL, "Sample drawn".to_owned()),
                (STRONG, sample.drawn.says()),
                (MONO_SMALL, format!("seed {}", say::short_digest(&sample.drawn.seed))),
            ],
        ));
    }
    notes.push((
        Ring::Whole,
        vec![
            (SMALL, "Tree head signed".to_owned()),
            (STRONG, fit(STRONG, &content.log.origin, 2.0 * NOTE)),
            (MONO_SMALL, format!("{}Z", second(head.at))),
            (MONO_SMALL, format!("{} entries", entries(head.size))),
            (MONO_SMALL, format!("root {}", say::short_digest(&head.root))),
        ],
    ));
    if let Some(before) = &content.log.previous {
        notes.push((
            Ring::Whole,
            vec![
                (SMALL, "Follows the head of".to_owned()),
                (MONO_SMALL, format!("{}Z", second(before.at))),
                (MONO_SMALL, format!("{} entries", entries(before.size))),
                (MONO_SMALL, format!("root {}", say::short_digest(&before.root))),
            ],
        ));
    }
    notes.push(match &content.outside {
        Outside::Stamped { .. } => (Ring::Whole, vec![(SMALL, "Time stamped by an outside authority".to_owned())]),
        Outside::SelfAsserted(_) => {
            (Ring::Waiting, vec![(SMALL, "Time self-asserted: no outside authority stamped this bundle".to_owned())])
        }
    });
    if content.demo() {
        let says = "Records marked “seeded demo data” are invented; those marked “measured” are not.";
        notes.push((Ring::Waiting, vec![(SMALL, says.to_owned())]));
    }
    let mut y = y + 30.0;
    for (ring, lines) in &notes {
        y += book.note(0, y, Some(*ring), lines) + 14.0;
    }
    y - 14.0
}

/// Width of a note beside its ring.
const NOTE: f32 = MARGIN_W - 20.0;

fn foot(canvas: &mut Canvas, content: &Content, keys: &Fingerprints, how: Option<usize>) {
    let y = FOOT;
    canvas.words(LEFT, y, MARGINAL, "Root of the ledger’s tree, SHA-256");
    let half = |from: usize| say::groups(content.log.head.root.get(from..from + 32).unwrap_or_default());
    canvas.words(LEFT, y + 20.0, MONO, half(0));
    canvas.words(LEFT, y + 38.0, MONO, half(32));
    canvas.words(LEFT, y + 62.0, MARGINAL, "Root certificate, SHA-256");
    let half = |from: usize| say::groups(keys.root.get(from..from + 32).unwrap_or_default());
    canvas.words(LEFT, y + 82.0, MONO, half(0));
    canvas.words(LEFT, y + 100.0, MONO, half(32));
    let x = MARGIN - MARGIN_W * 0.55;
    canvas.words(x, y, MARGINAL, "To check it");
    let page = how.map_or_else(|| "at its end".to_owned(), |page| format!("on page {}", page + 1));
    let text = format!(
        "Unpack the bundle and run the recipe {page}, with openssl and sha256sum. Compare both digests here with the copies that {} gave you by another way.",
        fit(BODY, &content.org, 160.0)
    );
    for (i, line) in wrap(&[words(BODY, text)], RIGHT - x).iter().enumerate() {
        canvas.set(x, y + 20.0 + 17.0 * i as f32, line);
    }
}

fn period(content: &Content) -> String {
    match content.scope.period {
        Some(p) => format!("Period {} to {}.", say::long_date(p.from), say::long_date(p.last_day())),
        None => format!("All that was recorded up to {}.", say::long_date(content.made_at)),
    }
}

fn controls(content: &Content) -> String {
    let all = Control::ALL.to_vec();
    let mine = content.scope.controls.as_ref().unwrap_or(&all);
    match mine.as_slice() {
        [] => "No control.".to_owned(),
        [one] => format!("Control {}.", one.id()),
        many => format!("Controls {}.", join(many.iter().map(|c| c.id().to_owned()))),
    }
}

/// What the evidence says, in words computed from drills and targets.
fn statement(content: &Content) -> Vec<Span> {
    let mut spans = vec![words(STATEMENT, drills(&content.drills))];
    let counts: Vec<(Verdict, usize)> =
        [Verdict::Met, Verdict::AtRisk, Verdict::Stale, Verdict::Missed, Verdict::Untested]
            .into_iter()
            .map(|v| (v, content.targets.iter().filter(|t| t.overall == v).count()))
            .filter(|(_, n)| *n > 0)
            .collect();
    let promises = content.targets.len();
    if promises == 0 {
        spans.push(words(STATEMENT, " No recovery promise lies in its scope."));
    } else {
        let of = counted(promises, "recovery promise", "recovery promises");
        spans.push(words(STATEMENT, format!(" Of {of}, ")));
    }
    for (i, (verdict, n)) in counts.iter().enumerate() {
        if i > 0 {
            spans.push(words(STATEMENT, if i + 1 == counts.len() { " and " } else { ", " }));
        }
        let said = format!("{} {} {}", number(*n), if *n == 1 { "is" } else { "are" }, verdict.word());
        spans.extend(marks::state(Mark::of(*verdict), &said, STATE));
    }
    if promises > 0 {
        spans.push(words(STATEMENT, "."));
    }
    let late: Vec<&Sealed<Drill>> = content.drills.iter().filter(|d| d.value.verdict.rto == Verdict::Missed).collect();
    if !late.is_empty() {
        let mut months: Vec<String> =
            late.iter().rev().map(|d| d.value.occurred_at.utc().format("%B").to_string()).collect();
        months.dedup();
        let when = if months.len() > 3 { String::new() } else { format!(", in {},", join(months)) };
        let restores = capital(&counted(late.len(), "restore", "restores"));
        spans.push(words(STATEMENT, format!(" {restores}{when} ")));
        spans.extend(marks::state(Mark::Miss, "missed", STATE));
        spans.push(words(STATEMENT, if late.len() == 1 { " its time." } else { " their time." }));
    }
    spans
}

fn drills(all: &[Sealed<Drill>]) -> String {
    let abandoned = all.iter().filter(|d| d.value.abandoned.is_some()).count();
    let whole = all.iter().filter(|d| d.value.abandoned.is_none() && d.value.verdict.contents == Verdict::Met).count();
    match (all.len(), whole) {
        (0, _) => "No restore drill lies in this packet.".to_owned(),
        (1, 1) => "The one drill in this packet ended with the data restored.".to_owned(),
        (n, whole) if n == whole => "Every drill in this packet ended with the data restored.".to_owned(),
        (n, whole) => {
            let rest = match abandoned {
                0 => String::new(),
                1 => " and one was abandoned".to_owned(),
                a => format!(" and {} were abandoned", number(a)),
            };
            format!("Of {}, {} ended with the data restored{rest}.", counted(n, "drill", "drills"), number(whole))
        }
    }
}
