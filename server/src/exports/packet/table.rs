//! Tables: ink rule under the head, hairlines between rows, ink rule at the end. A row is kept
//! whole, the head stands again on every page, and a fact's seal stands beside it in the margin.

use domain::record::Seal;

use super::{
    page::{Book, LEFT, number, ring_of},
    text::{HEAD, INK, MONO_SMALL, RULE, SECTION, Span, Style, words, wrap},
};

#[derive(Clone, Debug)]
pub struct Column {
    pub head: String,
    /// Includes the gap to the next column.
    pub width: f32,
    pub right: bool,
}

pub fn col(head: &str, width: f32) -> Column {
    Column { head: head.to_owned(), width, right: false }
}

pub fn num(head: &str, width: f32) -> Column {
    Column { head: head.to_owned(), width, right: true }
}

#[derive(Clone, Debug, Default)]
pub struct Row {
    pub cells: Vec<Vec<Span>>,
    pub seal: Option<Seal>,
    /// More lines under the seal's number.
    pub notes: Vec<(Style, String)>,
    /// Set under the cells, across the whole row.
    pub under: Vec<Span>,
}

impl Row {
    pub fn of(cells: Vec<Vec<Span>>) -> Self {
        Self { cells, ..Self::default() }
    }

    pub fn sealed(self, seal: &Seal) -> Self {
        Self { seal: Some(seal.clone()), ..self }
    }

    pub fn under(self, under: Vec<Span>) -> Self {
        Self { under, ..self }
    }
}

/// Where the parts of a table came to stand: page and distance from its top.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// Baseline of each head.
    pub heads: Vec<(usize, f32)>,
    /// Upper edge and height of each row, in order.
    pub rows: Vec<(usize, f32, f32)>,
}

const GAP: f32 = 12.0;
const PAD: f32 = 5.5;
/// A table lower than this is not parted.
const WHOLE_BELOW: f32 = 330.0;

/// Sets a table. With a title the title stands in the head, at the left, or on a line of its own
/// when the first column has a head.
pub fn table(book: &mut Book, title: &str, columns: &[Column], rows: &[Row]) -> Placed {
    let mut placed = Placed::default();
    let first = rows.first().map_or(0.0, |row| height(row, columns));
    let all: f32 = rows.iter().map(|row| height(row, columns)).sum();
    book.need(if all < WHOLE_BELOW { all } else { first.min(200.0) } + 70.0);
    book.gap(22.0);
    head(book, title, columns, &mut placed);
    for (i, row) in rows.iter().enumerate() {
        let tall = height(row, columns);
        if tall > book.left() && tall <= book.capacity() - 60.0 {
            close(book);
            book.turn();
            head(book, title, columns, &mut placed);
        } else if i > 0 {
            let (y, width) = (book.y, book.width());
            book.canvas().rule(LEFT, y, width, RULE);
        }
        set(book, title, columns, row, &mut placed);
    }
    close(book);
    placed
}

fn close(book: &mut Book) {
    let (y, width) = (book.y, book.width());
    book.canvas().rule(LEFT, y, width, INK);
}

fn head(book: &mut Book, title: &str, columns: &[Column], placed: &mut Placed) {
    let own_line = columns.first().is_some_and(|c| !c.head.is_empty());
    if !title.is_empty() {
        let y = book.y + 16.0;
        book.canvas().words(LEFT, y, SECTION, title);
        book.y += if own_line { 26.0 } else { 0.0 };
    }
    let heads: Vec<_> = columns.iter().map(|c| wrap(&[words(HEAD, c.head.as_str())], c.width - GAP * 0.5)).collect();
    let most = heads.iter().map(Vec::len).max().unwrap_or(1).max(1);
    let depth = if own_line { HEAD.leading * most as f32 + 2.0 } else { 17.0_f32.max(HEAD.leading * most as f32) };
    let base = book.y + depth - 1.0;
    let mut x = LEFT;
    for (column, lines) in columns.iter().zip(&heads) {
        for (i, line) in lines.iter().enumerate() {
            let y = base - HEAD.leading * (lines.len() - 1 - i) as f32;
            let at = if column.right { x + column.width - GAP - line.width } else { x };
            book.canvas().set(at, y, line);
        }
        x += column.width;
    }
    placed.heads.push((book.pages.len() - 1, base));
    book.y = base + 6.0;
    close(book);
}

fn leading(spans: &[Span]) -> f32 {
    spans.iter().fold(14.0_f32, |most, span| match span {
        Span::Words(style, _) => most.max(style.leading),
        Span::Mark(..) => most,
    })
}

fn cell_height(spans: &[Span], width: f32) -> f32 {
    if spans.is_empty() {
        return 0.0;
    }
    wrap(spans, width).iter().map(|line| line_height(line, leading(spans))).sum()
}

/// A line's own leading: that of its largest words.
fn line_height(line: &super::text::Line, otherwise: f32) -> f32 {
    let own = line.parts.iter().fold(0.0_f32, |most, (_, span)| match span {
        Span::Words(style, _) => most.max(style.leading),
        Span::Mark(..) => most,
    });
    if own > 0.0 { own } else { otherwise }
}

fn total(columns: &[Column]) -> f32 {
    columns.iter().map(|c| c.width).sum()
}

fn height(row: &Row, columns: &[Column]) -> f32 {
    let cells = columns.iter().zip(&row.cells).map(|(c, spans)| cell_height(spans, c.width - GAP)).fold(16.0, f32::max);
    let notes =
        row.notes.iter().map(|(style, _)| style.leading).sum::<f32>() + if row.seal.is_some() { 14.0 } else { 0.0 };
    let under = cell_height(&row.under, total(columns) - GAP);
    cells.max(notes) + under + 2.0 * PAD
}

fn set(book: &mut Book, title: &str, columns: &[Column], row: &Row, placed: &mut Placed) {
    let (page, top) = (book.pages.len() - 1, book.y);
    placed.rows.push((page, top, height(row, columns)));
    if let Some(seal) = &row.seal {
        let mut lines = vec![(MONO_SMALL, number(seal))];
        lines.extend(row.notes.iter().cloned());
        book.note(page, top + PAD + 11.7, Some(ring_of(seal)), &lines);
    } else if !row.notes.is_empty() {
        book.note(page, top + PAD + 11.7, None, &row.notes);
    }
    if height(row, columns) > book.left() {
        flow(book, title, columns, row, placed);
        return;
    }
    let mut x = LEFT;
    let mut deepest = top + PAD + 16.0;
    for (column, spans) in columns.iter().zip(&row.cells) {
        let mut y = top + PAD;
        for line in wrap(spans, column.width - GAP) {
            let tall = line_height(&line, leading(spans));
            let at = if column.right { x + column.width - GAP - line.width } else { x };
            book.canvas().set(at, y + tall * 0.73, &line);
            y += tall;
        }
        deepest = deepest.max(y);
        x += column.width;
    }
    for line in wrap(&row.under, total(columns) - GAP).iter().filter(|_| !row.under.is_empty()) {
        let tall = line_height(line, leading(&row.under));
        book.canvas().set(LEFT, deepest + tall * 0.73, line);
        deepest += tall;
    }
    book.y = top + height(row, columns);
}

/// A row taller than a page: its cells one under the other, line by line.
fn flow(book: &mut Book, title: &str, columns: &[Column], row: &Row, placed: &mut Placed) {
    book.y += PAD;
    let wide = total(columns) - GAP;
    for spans in row.cells.iter().chain([&row.under]).filter(|s| !s.is_empty()) {
        for line in wrap(spans, wide) {
            let tall = line_height(&line, leading(spans));
            if tall > book.left() {
                close(book);
                book.turn();
                head(book, title, columns, placed);
                book.y += PAD;
            }
            let y = book.y + tall * 0.73;
            book.canvas().set(LEFT, y, &line);
            book.y += tall;
        }
    }
    book.y += PAD;
}
