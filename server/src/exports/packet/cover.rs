//! The cover: whose evidence, of which period, what it says in a sentence, and where to find it.

use domain::{control::Control, drill::Drill, record::Sealed, verdict::Verdict, words as say};

use super::{
    Fingerprints,
    lists::{counted, join},
    marks::{self, Mark, Ring},
    page::{Book, Canvas, Frame, LEFT, MARGIN, MARGIN_W, RIGHT, WHOLE, second},
    text::{
        BODY, COMPANY, COVER, Face, INK, INK2, MARGINAL, MONO, MONO_SMALL, PERIOD, RULE, SECTION, SMALL, STATEMENT,
        STRONG, Span, Style, words, wrap,
    },
};
use crate::exports::content::Content;

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

    let company = wrap(&[words(COMPANY, content.org.as_str())], WHOLE);
    for (i, line) in company.iter().take(4).rev().enumerate() {
        canvas.set(LEFT, 200.0 - COMPANY.leading * i as f32, line);
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

    let top = y + 30.0;
    y = top + 22.0;
    for line in wrap(&statement(content), COLUMN) {
        canvas.set(LEFT, y, &line);
        y += STATEMENT.leading;
    }
    y += 24.0;
    canvas.words(LEFT, y, SECTION, "Contents");
    y += 9.0;
    canvas.rule(LEFT, y, COLUMN, INK);
    for (title, page) in &entries {
        y += 21.0;
        leader(canvas, y, title, page + 1);
        canvas.drawn.push(super::page::Draw::Link { x: LEFT, y: y - 14.0, w: COLUMN, h: 20.0, page: *page });
        y += 5.0;
    }
    let noted = margin(book, content, top + 12.0);
    let bottom = y.max(noted) + 6.0;
    let canvas = book.canvas_of(0);
    canvas.line(&[(MARGIN - 22.0, top), (MARGIN - 22.0, bottom)], 0.8, RULE);
    foot(canvas, content, keys, 942.0);
    let files = format!(
        "{} records, {} entries of the ledger",
        say::count(content.payload.count() as i64),
        content.log.entries()
    );
    canvas.words(LEFT, 1084.0, Style { size: 10.5, ..BODY.ink(INK2) }, files);
}

/// States stand a little heavier in the statement.
const STATE: Style = Style { face: Face::Serif, ..STATEMENT };

/// Narrower than on other pages: the cover's margin stands further left.
const COLUMN: f32 = 454.0;

fn leader(canvas: &mut Canvas, y: f32, title: &str, page: usize) {
    let number = page.to_string();
    let from = LEFT + BODY.width(title) + 7.0;
    let to = LEFT + COLUMN - BODY.width(&number) - 7.0;
    canvas.words(LEFT, y, BODY, title);
    if from < to {
        canvas.dashed(&[(from, y - 0.5), (to, y - 0.5)], 0.9, INK2, [0.9, 1.6]);
    }
    canvas.words_to(LEFT + COLUMN, y, BODY, &number);
}

fn margin(book: &mut Book, content: &Content, y: f32) -> f32 {
    let canvas = book.canvas_of(0);
    canvas.words(MARGIN, y, MARGINAL, "Provenance");
    let head = &content.log.head;
    let mut y = y + 32.0;
    let notes = [
        vec![
            (SMALL, "Bundle made".to_owned()),
            (STRONG, content.made_by.clone()),
            (MONO_SMALL, format!("{}Z", second(content.made_at))),
            (MONO_SMALL, content.id.clone()),
        ],
        vec![
            (SMALL, "Tree head signed".to_owned()),
            (STRONG, content.log.origin.clone()),
            (MONO_SMALL, format!("{}Z", second(head.at))),
            (MONO_SMALL, format!("{} entries · {}", head.size, say::short_digest(&head.root))),
        ],
    ];
    for lines in &notes {
        y += book.note(0, y, Some(Ring::Whole), lines) + 16.0;
    }
    if let Some(before) = &content.log.previous {
        let lines = [
            (SMALL, "Follows the head of".to_owned()),
            (MONO_SMALL, format!("{}Z", second(before.at))),
            (MONO_SMALL, format!("{} entries · {}", before.size, say::short_digest(&before.root))),
        ];
        y += book.note(0, y, Some(Ring::Whole), &lines) + 16.0;
    }
    if demo(content) {
        let lines =
            [(SMALL, "Records marked “seeded demo data” are invented; those marked “measured” are not.".to_owned())];
        y += book.note(0, y, Some(Ring::Waiting), &lines) + 16.0;
    }
    y - 16.0
}

fn demo(content: &Content) -> bool {
    content.demo()
}

fn foot(canvas: &mut Canvas, content: &Content, keys: &Fingerprints, y: f32) {
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
    let how = [
        words(
            BODY,
            "Unpack the bundle and run the recipe on this packet’s last page, with openssl and sha256sum. Compare both digests here with the copy that ",
        ),
        words(BODY, content.org.as_str()),
        words(BODY, " gave you by another way."),
    ];
    for (i, line) in wrap(&how, RIGHT - x).iter().enumerate() {
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
        let said = format!("{} {} {}", say::number(*n), if *n == 1 { "is" } else { "are" }, verdict.word());
        spans.extend(marks::state(Mark::of(*verdict), &said, STATE));
    }
    if promises > 0 {
        spans.push(words(STATEMENT, "."));
    }
    let late: Vec<&Sealed<Drill>> = content.drills.iter().filter(|d| d.value.verdict.rto == Verdict::Missed).collect();
    if !late.is_empty() {
        let months = join(late.iter().rev().map(|d| d.value.occurred_at.utc().format("%B").to_string()));
        let restores = capital(&counted(late.len(), "restore", "restores"));
        spans.push(words(STATEMENT, format!(" {restores}, in {months}, ")));
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
                a => format!(" and {} were abandoned", say::number(a)),
            };
            format!("Of {}, {} ended with the data restored{rest}.", counted(n, "drill", "drills"), say::number(whole))
        }
    }
}

pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
