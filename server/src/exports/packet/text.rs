//! Text measured with the fonts' own advance widths, and broken into lines.
//!
//! Sizes are CSS pixels (1/96 inch), as in the design; `pdf` turns them into points.

use super::{face::Face, marks::Mark};

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

pub const INK: Ink = Ink(0x14, 0x14, 0x14);
pub const INK2: Ink = Ink(0x45, 0x45, 0x45);
pub const INK3: Ink = Ink(0x66, 0x66, 0x66);
pub const ACCENT: Ink = Ink(0x0D, 0x4D, 0x54);
pub const MET: Ink = Ink(0x1F, 0x5A, 0x2A);
pub const RISK: Ink = Ink(0x7A, 0x4B, 0x00);
pub const MISS: Ink = Ink(0x94, 0x22, 0x1A);
pub const CELL: Ink = Ink(0x5C, 0x85, 0x83);
pub const RULE: Ink = Ink(0xCC, 0xCC, 0xCC);
pub const GREY: Ink = Ink(0xB5, 0xB5, 0xB5);

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    pub face: Face,
    pub size: f32,
    /// From baseline to baseline.
    pub leading: f32,
    pub ink: Ink,
    /// Added after every letter.
    pub tracking: f32,
}

impl Style {
    const fn new(face: Face, size: f32, leading: f32, ink: Ink) -> Self {
        Self { face, size, leading, ink, tracking: 0.0 }
    }

    pub const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    /// Width of a text on one line.
    pub fn width(self, text: &str) -> f32 {
        let Some(font) = self.face.parsed() else { return 0.0 };
        let em = f32::from(font.units_per_em.max(1));
        self.face
            .drawn(text)
            .chars()
            .map(|c| {
                let units = font.lookup_glyph_index(c as u32).and_then(|g| font.get_glyph_width(g)).unwrap_or(0);
                f32::from(units) / em * self.size + self.tracking
            })
            .sum()
    }
}

pub const COVER: Style = Style { tracking: -0.9, ..Style::new(Face::SerifLight, 58.0, 64.0, INK) };
pub const COMPANY: Style = Style::new(Face::Serif, 20.0, 26.0, INK);
pub const PERIOD: Style = Style::new(Face::Serif, 17.5, 26.0, INK);
pub const TITLE: Style = Style { tracking: -0.3, ..Style::new(Face::Serif, 27.0, 33.0, INK) };
pub const STATEMENT: Style = Style::new(Face::SerifLight, 20.0, 28.0, INK);
pub const LEAD: Style = Style::new(Face::SerifLight, 17.0, 24.0, INK);
pub const SECTION: Style = Style::new(Face::SerifMedium, 15.0, 20.0, INK);
pub const PARAGRAPH: Style = Style::new(Face::Serif, 12.5, 18.5, INK);
pub const MARGINAL: Style = Style::new(Face::SerifItalic, 12.0, 16.0, INK2);
pub const MEASURE: Style = Style::new(Face::Serif, 24.0, 30.0, INK);
pub const BODY: Style = Style::new(Face::Sans, 11.5, 16.0, INK);
pub const STRONG: Style = Style::new(Face::SansMedium, 11.5, 16.0, INK);
pub const HEAD: Style = Style::new(Face::SansMedium, 10.5, 14.0, INK2);
pub const SMALL: Style = Style::new(Face::Sans, 10.0, 14.0, INK2);
pub const TINY: Style = Style::new(Face::Sans, 9.4, 12.0, INK2);
pub const MONO: Style = Style::new(Face::Mono, 10.5, 16.0, INK);
pub const MONO_SMALL: Style = Style::new(Face::Mono, 9.5, 14.0, INK2);

/// A text cut to a width, with an ellipsis when something is left out.
pub fn fit(style: Style, text: &str, width: f32) -> String {
    if style.width(text) <= width {
        return text.to_owned();
    }
    let room = width - style.width("…");
    let end = fitting(style, text, room.max(0.0));
    format!("{}…", text[..end].trim_end())
}

/// At most so many lines, the last with an ellipsis when something is left out.
pub fn clipped(mut lines: Vec<Line>, most: usize) -> Vec<Line> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some((_, Span::Words(_, text))) = lines.last_mut().and_then(|line| line.parts.last_mut()) {
            text.pop();
            text.push('…');
        }
    }
    lines
}

/// A piece of running text: words in one style, or a mark that stays with the word after it.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    Words(Style, String),
    Mark(Mark, f32),
}

/// The most letters of one piece of text: about a page. Records have no such bound.
const LONGEST: usize = 4000;

pub fn words(style: Style, text: impl Into<String>) -> Span {
    let mut text = text.into();
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push_str("… (cut here; the record has it whole)");
    }
    Span::Words(style, text)
}

/// Distance from a mark to its word.
const MARK_GAP: f32 = 0.45;

impl Span {
    fn width(&self) -> f32 {
        match self {
            Span::Words(style, text) => style.width(text),
            Span::Mark(_, size) => size * (1.0 + MARK_GAP),
        }
    }
}

/// Spans set on one line, each with its distance from the line's start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub parts: Vec<(f32, Span)>,
    pub width: f32,
}

impl Line {
    fn push(&mut self, span: Span) {
        let width = span.width();
        if let (Some((_, Span::Words(last, text))), Span::Words(style, more)) = (self.parts.last_mut(), &span)
            && last == style
        {
            text.push_str(more);
        } else {
            self.parts.push((self.width, span));
        }
        self.width += width;
    }
}

/// What may not be parted, and the space before it.
struct Atom {
    space: Option<Span>,
    parts: Vec<Span>,
}

impl Atom {
    fn width(&self) -> f32 {
        self.parts.iter().map(Span::width).sum()
    }
}

/// Breaks text at spaces, and at newlines; a word wider than the line is broken within.
pub fn wrap(spans: &[Span], width: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in paragraphs(spans) {
        let mut line = Line::default();
        for atom in atoms(&paragraph) {
            let space = atom.space.as_ref().map_or(0.0, Span::width);
            if line.parts.is_empty() {
                fill(&mut lines, &mut line, atom.parts, width);
            } else if line.width + space + atom.width() <= width {
                line.parts_from(atom);
            } else {
                lines.push(std::mem::take(&mut line));
                fill(&mut lines, &mut line, atom.parts, width);
            }
        }
        lines.push(line);
    }
    lines
}

impl Line {
    fn parts_from(&mut self, atom: Atom) {
        for span in atom.space.into_iter().chain(atom.parts) {
            self.push(span);
        }
    }
}

/// Sets an atom on an empty line, over several when it is too wide.
fn fill(lines: &mut Vec<Line>, line: &mut Line, parts: Vec<Span>, width: f32) {
    for part in parts {
        match part {
            Span::Words(style, text) if line.width + style.width(&text) > width => {
                let mut rest = text.as_str();
                while !rest.is_empty() {
                    let cut = fitting(style, rest, width - line.width);
                    if cut == 0 {
                        lines.push(std::mem::take(line));
                        continue;
                    }
                    line.push(words(style, &rest[..cut]));
                    rest = &rest[cut..];
                    if !rest.is_empty() {
                        lines.push(std::mem::take(line));
                    }
                }
            }
            other => line.push(other),
        }
    }
}

/// How many bytes of a word fit, preferably up to a joint; at least one letter on an empty line.
fn fitting(style: Style, word: &str, width: f32) -> usize {
    let mut used = 0.0;
    let (mut end, mut joint) = (0, 0);
    for (i, c) in word.char_indices() {
        used += style.width(c.encode_utf8(&mut [0; 4]));
        if used > width && i > 0 {
            break;
        }
        end = i + c.len_utf8();
        if matches!(c, '-' | '/' | ':' | '.' | '_' | '@' | ',' | '\u{a0}') {
            joint = end;
        }
    }
    if end == word.len() || joint == 0 { end } else { joint }
}

fn paragraphs(spans: &[Span]) -> Vec<Vec<Span>> {
    let mut all = vec![Vec::new()];
    for span in spans {
        match span {
            Span::Words(style, text) => {
                for (i, piece) in text.split('\n').enumerate() {
                    let piece = piece.strip_suffix('\r').unwrap_or(piece);
                    if i > 0 {
                        all.push(Vec::new());
                    }
                    if let (Some(last), false) = (all.last_mut(), piece.is_empty()) {
                        last.push(words(*style, piece));
                    }
                }
            }
            mark => {
                if let Some(last) = all.last_mut() {
                    last.push(mark.clone());
                }
            }
        }
    }
    all
}

fn atoms(spans: &[Span]) -> Vec<Atom> {
    let mut all: Vec<Atom> = Vec::new();
    let mut space: Option<Span> = None;
    let mut open = false;
    for span in spans {
        let pieces: Vec<(bool, Span)> = match span {
            Span::Mark(..) => vec![(false, span.clone())],
            Span::Words(style, text) => split(text).map(|(blank, s)| (blank, words(*style, s))).collect(),
        };
        for (blank, piece) in pieces {
            if blank {
                space = Some(piece);
                open = false;
            } else if let (true, Some(last)) = (open, all.last_mut()) {
                last.parts.push(piece);
            } else {
                all.push(Atom { space: space.take(), parts: vec![piece] });
                open = true;
            }
        }
    }
    all
}

/// Runs of spaces and of everything else, in turn; a run of spaces is one space.
fn split(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let blank = first == ' ';
        let end = rest.find(|c| (c == ' ') != blank).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some((blank, if blank { " " } else { run }))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| {
                line.parts
                    .iter()
                    .map(|(_, s)| if let Span::Words(_, t) = s { t.clone() } else { "*".to_owned() })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn lines_keep_to_the_width_and_a_mark_stays_with_its_word() {
        let text = [
            words(BODY, "Of four promises, "),
            Span::Mark(Mark::Met, 8.0),
            words(STRONG, "two\u{a0}are\u{a0}met"),
            words(BODY, ", and that is that."),
        ];
        let lines = wrap(&text, 150.0);
        assert!(lines.iter().all(|l| l.width <= 150.0), "{lines:?}");
        assert_eq!(said(&lines), ["Of four promises,", "*two\u{a0}are\u{a0}met, and that is", "that."]);
    }

    proptest! {
        #[test]
        fn whatever_a_name_is_made_of_it_is_set_whole_and_within_the_width(name in "\\PC{0,200}", width in 40.0f32..300.0) {
            for style in [BODY, MONO_SMALL, COMPANY] {
                let lines = wrap(&[words(style, name.as_str())], width);
                let widest = name.chars().map(|c| style.width(&c.to_string())).fold(width, f32::max);
                for line in &lines {
                    prop_assert!(line.width <= widest + 0.01, "{} of {width}: {line:?}", line.width);
                }
                let blank = |text: &str| text.replace([' ', '\u{a0}', '\u{202f}', '\u{2009}'], "");
                prop_assert_eq!(blank(&said(&lines).concat()), blank(&name));
            }
        }
    }

    #[test]
    fn a_text_longer_than_a_page_says_that_it_is_cut() {
        let lines = said(&wrap(&[words(BODY, "word ".repeat(100_000))], 200.0));
        assert!(lines.len() < 200, "{}", lines.len());
        assert!(lines.join(" ").ends_with("the record has it whole)"), "{:?}", lines.last());
        let lines = clipped(wrap(&[words(BODY, "one\ntwo\nthree")], 200.0), 2);
        assert_eq!(said(&lines), ["one", "tw…"]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken_at_its_joints() {
        let lines = wrap(&[words(MONO, "atlas-cluster-0/snapshot-6b3f09aa")], 105.0);
        assert_eq!(said(&lines), ["atlas-cluster-0/", "snapshot-", "6b3f09aa"]);
        let lines = wrap(&[words(MONO, "abcdefgh")], 1.0);
        assert_eq!(lines.len(), 8, "a letter a line, and an end");
    }
}
