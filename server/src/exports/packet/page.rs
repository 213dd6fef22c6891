//! Pages: a canvas of shapes and text, and a book that breaks, heads and numbers them.
//!
//! Distances are CSS pixels from the upper left corner of an A4 page of 794 × 1123.

use domain::{Moment, record::Seal, words as say};

use super::{
    marks::{self, Ring},
    text::{
        self, BODY, HEAD, INK, INK2, INK3, Ink, Line, MARGINAL, MONO_SMALL, RULE, SECTION, SMALL, STRONG, Span, Style,
        TITLE, clipped, words, wrap,
    },
};
use crate::exports::content::Content;

pub const LEFT: f32 = 76.0;
/// Width of the text column, and of the whole where there is no margin.
pub const COLUMN: f32 = 476.0;
pub const WHOLE: f32 = 656.0;
pub const RIGHT: f32 = LEFT + WHOLE;
pub const MARGIN: f32 = 574.0;
pub const MARGIN_W: f32 = 158.0;
const GUTTER: f32 = 563.0;
const TOP: f32 = 76.0;
pub const BOTTOM: f32 = 1030.0;

/// One thing drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Draw {
    /// Words with their baseline at `y`.
    Words {
        x: f32,
        y: f32,
        style: Style,
        text: String,
    },
    /// Areas with straight edges, all in one colour.
    Fill {
        rings: Vec<Vec<(f32, f32)>>,
        ink: Ink,
    },
    /// An area or an outline of curves: a start, then two handles and an end each.
    Curve {
        points: Vec<(f32, f32)>,
        stroke: Option<f32>,
        ink: Ink,
        dash: Option<[f32; 2]>,
    },
    Line {
        points: Vec<(f32, f32)>,
        stroke: f32,
        ink: Ink,
        dash: Option<[f32; 2]>,
    },
    /// A place to click; `page` counts from 0.
    Link {
        x: f32,
        y: f32,
        w: f32,
        h: f32,
        page: usize,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Canvas {
    pub drawn: Vec<Draw>,
}

impl Canvas {
    pub fn words(&mut self, x: f32, y: f32, style: Style, text: impl Into<String>) {
        self.drawn.push(Draw::Words { x, y, style, text: text.into() });
    }

    /// Words that end at `x`.
    pub fn words_to(&mut self, x: f32, y: f32, style: Style, text: &str) {
        self.words(x - style.width(text), y, style, text);
    }

    pub fn rect(&mut self, x: f32, y: f32, w: f32, h: f32, ink: Ink) {
        self.fill(vec![ring(x, y, w, h)], ink);
    }

    pub fn fill(&mut self, rings: Vec<Vec<(f32, f32)>>, ink: Ink) {
        if !rings.is_empty() {
            self.drawn.push(Draw::Fill { rings, ink });
        }
    }

    pub fn disc(&mut self, x: f32, y: f32, radius: f32, ink: Ink) {
        self.drawn.push(Draw::Curve { points: round(x, y, radius), stroke: None, ink, dash: None });
    }

    pub fn circle(&mut self, x: f32, y: f32, radius: f32, stroke: f32, ink: Ink) {
        self.curve(round(x, y, radius), stroke, ink, None);
    }

    pub fn curve(&mut self, points: Vec<(f32, f32)>, stroke: f32, ink: Ink, dash: Option<[f32; 2]>) {
        self.drawn.push(Draw::Curve { points, stroke: Some(stroke), ink, dash });
    }

    pub fn line(&mut self, points: &[(f32, f32)], stroke: f32, ink: Ink) {
        self.drawn.push(Draw::Line { points: points.to_vec(), stroke, ink, dash: None });
    }

    pub fn dashed(&mut self, points: &[(f32, f32)], stroke: f32, ink: Ink, dash: [f32; 2]) {
        self.drawn.push(Draw::Line { points: points.to_vec(), stroke, ink, dash: Some(dash) });
    }

    pub fn rule(&mut self, x: f32, y: f32, w: f32, ink: Ink) {
        self.line(&[(x, y), (x + w, y)], if ink == INK { 1.0 } else { 0.8 }, ink);
    }

    /// Three, two, one: under titles. Its upper edge is at `y`; 6 high.
    pub fn scotch(&mut self, x: f32, y: f32, w: f32) {
        self.rect(x, y, w, 3.0, INK);
        self.rect(x, y + 5.0, w, 1.0, INK);
    }

    /// A line of spans with its baseline at `y`.
    pub fn set(&mut self, x: f32, y: f32, line: &Line) {
        for (dx, span) in &line.parts {
            match span {
                Span::Words(style, text) => self.words(x + dx, y, *style, text.as_str()),
                Span::Mark(mark, size) => mark.draw(self, x + dx, y - size * 0.04, *size),
            }
        }
    }
}

pub fn ring(x: f32, y: f32, w: f32, h: f32) -> Vec<(f32, f32)> {
    vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h)]
}

fn round(x: f32, y: f32, r: f32) -> Vec<(f32, f32)> {
    let k = 0.5523 * r;
    vec![
        (x + r, y),
        (x + r, y + k),
        (x + k, y + r),
        (x, y + r),
        (x - k, y + r),
        (x - r, y + k),
        (x - r, y),
        (x - r, y - k),
        (x - k, y - r),
        (x, y - r),
        (x + k, y - r),
        (x + r, y - k),
        (x + r, y),
    ]
}

/// What stands in the head and foot of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Right of the head: "Restoration drills, record 4 of 4".
    pub running: String,
    /// The full digest of the record the page shows.
    pub digest: Option<String>,
    /// Whether the page has a provenance margin.
    pub margin: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Page {
    pub canvas: Canvas,
    pub frame: Frame,
}

/// A line of the outline; `page` counts from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub title: String,
    pub page: usize,
    /// 0: a section, also in the table of contents; 1: a record within one.
    pub level: u8,
}

/// Pages in the making: a place to write next, and what the whole must say of itself.
pub struct Book {
    pub pages: Vec<Page>,
    pub outline: Vec<Mark>,
    /// Where the next thing goes on the last page.
    pub y: f32,
    /// The page that short sections share.
    short: Option<usize>,
    org: String,
    foot: String,
}

impl Book {
    pub fn new(content: &Content) -> Self {
        Self::named(&content.org, format!("Bundle {}, made {}Z", content.id, second(content.made_at)))
    }

    /// `foot` stands at the foot of every page but the first.
    pub fn named(org: &str, foot: String) -> Self {
        Self { pages: Vec::new(), outline: Vec::new(), y: TOP, short: None, org: org.to_owned(), foot }
    }

    /// Without content, to set something on.
    #[cfg(test)]
    pub fn blank() -> Self {
        Self { pages: Vec::new(), outline: Vec::new(), y: TOP, short: None, org: String::new(), foot: String::new() }
    }

    /// The page written on.
    pub fn canvas(&mut self) -> &mut Canvas {
        let last = self.pages.len().saturating_sub(1);
        self.canvas_of(last)
    }

    pub fn canvas_of(&mut self, page: usize) -> &mut Canvas {
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Page::default);
        }
        &mut self.pages[page].canvas
    }

    pub fn open(&mut self, frame: Frame) {
        self.pages.push(Page { canvas: Canvas::default(), frame });
        self.y = TOP;
    }

    /// Makes sure that so much fits below; otherwise goes on to a page with the same frame.
    pub fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.turn();
        }
    }

    pub fn turn(&mut self) {
        let frame = self.pages.last().map(|p| p.frame.clone()).unwrap_or_default();
        self.open(frame);
        self.y = TOP + 12.0;
    }

    /// Leaves a gap, but not at the head of a page.
    pub fn gap(&mut self, height: f32) {
        if self.y > TOP + 12.0 {
            self.y += height;
        }
    }

    /// What is left of this page.
    pub fn left(&self) -> f32 {
        BOTTOM - self.y
    }

    /// Height of an empty page.
    pub fn capacity(&self) -> f32 {
        BOTTOM - TOP - 12.0
    }

    pub fn width(&self) -> f32 {
        if self.pages.last().is_some_and(|p| p.frame.margin) { COLUMN } else { WHOLE }
    }

    /// Opens a page with a title; the section goes into the outline.
    pub fn section(&mut self, title: &str, entry: &str, level: u8, eyebrow: &[Span], frame: Frame) {
        self.open(frame);
        self.title(title, entry, level, eyebrow);
    }

    /// The same for a section of a sentence or two: several of them in a row share a page.
    pub fn short_section(&mut self, title: &str, entry: &str, eyebrow: &[Span], frame: Frame) {
        let last = self.pages.len().saturating_sub(1);
        if self.short == Some(last) && self.left() > 240.0 {
            self.y += 40.0;
            let running = &mut self.pages[last].frame.running;
            *running = format!("{running}, {}", frame.running);
        } else {
            self.open(frame);
            self.short = Some(self.pages.len() - 1);
        }
        self.title(title, entry, 0, eyebrow);
    }

    fn title(&mut self, title: &str, entry: &str, level: u8, eyebrow: &[Span]) {
        let page = self.pages.len() - 1;
        let margin = self.pages[page].frame.margin;
        self.outline.push(Mark { title: entry.to_owned(), page, level });
        self.y += 8.0;
        let width = self.width();
        self.lines(eyebrow, width, BODY.leading);
        self.y += 2.0;
        for line in wrap(&[words(TITLE, title)], width) {
            self.need(TITLE.leading + 20.0);
            self.y += TITLE.leading;
            let y = self.y - 8.0;
            self.canvas().set(LEFT, y, &line);
        }
        self.y += 6.0;
        let y = self.y;
        self.canvas().scotch(LEFT, y, width);
        if margin {
            self.canvas().words(MARGIN, y - 4.0, MARGINAL, "Provenance");
            self.canvas().rule(MARGIN, y + 5.5, MARGIN_W, INK);
        }
        self.y += 6.0;
    }

    /// Sets running text in the column and moves below it; lines are kept whole, paragraphs are not.
    pub fn lines(&mut self, spans: &[Span], width: f32, leading: f32) {
        for line in wrap(spans, width) {
            self.need(leading);
            let y = self.y + leading * 0.73;
            self.canvas().set(LEFT, y, &line);
            self.y += leading;
        }
    }

    pub fn paragraph(&mut self, spans: &[Span]) {
        let leading = spans
            .iter()
            .find_map(|s| if let Span::Words(style, _) = s { Some(style.leading) } else { None })
            .unwrap_or(BODY.leading);
        let width = self.width();
        self.lines(spans, width, leading);
        self.y += leading * 0.45;
    }

    /// A heading inside a section, over an ink rule.
    pub fn heading(&mut self, title: &str) {
        self.need(90.0);
        self.gap(26.0);
        let (y, width) = (self.y, self.width());
        self.canvas().words(LEFT, y + 14.0, SECTION, title);
        self.canvas().rule(LEFT, y + 23.0, width, INK);
        self.y += 23.0;
    }

    /// Notes in the margin with a ring at their first line, whose baseline is at `y`. Returns the height used.
    pub fn note(&mut self, page: usize, y: f32, ring: Option<Ring>, notes: &[(Style, String)]) -> f32 {
        let canvas = self.canvas_of(page);
        if let Some(ring) = ring {
            marks::seal(canvas, MARGIN + 6.5, y - 3.6, 13.0, ring);
        }
        let mut at = y;
        for (leading, line) in note_lines(ring, notes) {
            canvas.set(MARGIN + indent(ring), at, &line);
            at += leading;
        }
        at - y
    }

    /// What [`Book::note`] will use.
    pub fn note_height(ring: Option<Ring>, notes: &[(Style, String)]) -> f32 {
        note_lines(ring, notes).iter().map(|(leading, _)| leading).sum()
    }

    /// Whether a letter is printed as its number anywhere.
    pub fn escapes(&self) -> bool {
        self.pages.iter().flat_map(|p| &p.canvas.drawn).any(|draw| match draw {
            Draw::Words { style, text, .. } => text.chars().any(|c| style.face.escapes(c)),
            _ => false,
        })
    }

    /// Heads, feet, gutters and page numbers, once the number of pages is known. What is at the top is
    /// also first in the file, for those who have the page read to them.
    pub fn finish(&mut self) {
        let count = self.pages.len();
        let head = Style { size: 13.0, ..SECTION };
        let named = format!("{}, evidence of recovery", text::fit(head, &self.org, 220.0));
        let room = WHOLE - 23.0 - head.width(&named) - 16.0;
        let foot = self.foot.clone();
        for (i, page) in self.pages.iter_mut().enumerate() {
            let frame = page.frame.clone();
            let canvas = &mut page.canvas;
            if i > 0 {
                let mut top = Canvas::default();
                marks::seal(&mut top, LEFT + 8.0, 48.5, 16.0, Ring::Whole);
                top.words(LEFT + 23.0, 53.0, head, named.as_str());
                top.words_to(RIGHT, 53.0, SMALL_HEAD, &text::fit(SMALL_HEAD, &frame.running, room));
                canvas.drawn.splice(0..0, top.drawn);
                canvas.words(LEFT, 1084.0, SMALL_FOOT, foot.as_str());
            }
            if frame.margin {
                canvas.line(&[(GUTTER, 72.0), (GUTTER, BOTTOM)], 0.8, RULE);
            }
            if let Some(digest) = &frame.digest {
                canvas.words(LEFT, 1053.0, SMALL_FOOT, "Record digest, SHA-256");
                canvas.words_to(RIGHT, 1053.0, MONO_SMALL, &say::groups(digest));
            }
            canvas.rule(LEFT, 1066.0, WHOLE, INK);
            canvas.words_to(RIGHT, 1084.0, SMALL_FOOT, &format!("page {} of {count}", i + 1));
        }
    }
}

/// Beside a row there is room for so many lines; names have no bound.
const NOTED: usize = 20;

fn indent(ring: Option<Ring>) -> f32 {
    if ring.is_some() { 20.0 } else { 0.0 }
}

fn note_lines(ring: Option<Ring>, notes: &[(Style, String)]) -> Vec<(f32, Line)> {
    let wide = MARGIN_W - indent(ring);
    let set = |(style, text): &(Style, String)| {
        let leading = style.leading;
        clipped(wrap(&[words(*style, text.as_str())], wide), NOTED).into_iter().map(move |line| (leading, line))
    };
    notes.iter().flat_map(set).collect()
}

const SMALL_HEAD: Style = Style { size: 11.0, ..BODY.ink(INK2) };
const SMALL_FOOT: Style = Style { size: 10.5, ..BODY.ink(INK2) };

/// "2026-11-16 14:04:18"
pub fn second(at: Moment) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%S").to_string()
}

/// "№ 1491 · 18db d25f"
pub fn number(seal: &Seal) -> String {
    format!("№ {} · {}", seal.seq, say::short_digest(&seal.sha256))
}

/// The three lines of a record's seal.
pub fn seal_lines(seal: &Seal) -> Vec<(Style, String)> {
    let mut lines = vec![
        (MONO_SMALL, number(seal)),
        (SMALL.ink(INK), seal.by.clone()),
        (MONO_SMALL, format!("{}Z", say::date_time(seal.at))),
    ];
    if seal.broken {
        lines.push((STRONG.ink(text::MISS), "no longer equals its seal".to_owned()));
    }
    lines
}

pub fn ring_of(seal: &Seal) -> Ring {
    if seal.broken { Ring::Broken } else { Ring::Whole }
}

/// A duration whose parts stay on one line.
pub fn span(ms: i64) -> String {
    say::duration(ms).replace(' ', "\u{a0}")
}

/// Spans in the quiet style of second lines.
pub fn quiet(text: impl Into<String>) -> Span {
    words(SMALL, text)
}

pub fn body(text: impl Into<String>) -> Span {
    words(BODY, text)
}

pub fn strong(text: impl Into<String>) -> Span {
    words(STRONG, text)
}

/// "seeded demo data" or "measured".
pub fn origin(demo: bool) -> Span {
    if demo { words(HEAD.ink(text::RISK), "seeded\u{a0}demo\u{a0}data") } else { words(HEAD.ink(INK3), "measured") }
}
