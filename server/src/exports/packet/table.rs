//! Tables: ink rule under the head, hairlines between rows, ink rule at the end. A row is kept
//! whole, the head stands again on every page, and a fact's seal stands beside it in the margin.

use domain::record::Seal;

use super::{
    marks::Ring,
    page::{Book, LEFT, number, ring_of},
    text::{HEAD, INK, Line, MONO_SMALL, RULE, SECTION, SMALL, Span, Style, words, wrap},
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
    /// The ring in the margin; without one the notes stand alone.
    pub ring: Option<Ring>,
    /// What stands in the margin, a seal's number first.
    pub notes: Vec<(Style, String)>,
    /// Set under the cells, across the whole row.
    pub under: Vec<Span>,
}

impl Row {
    pub fn of(cells: Vec<Vec<Span>>) -> Self {
        Self { cells, ..Self::default() }
    }

    pub fn sealed(self, seal: &Seal) -> Self {
        self.ringed(ring_of(seal), number(seal))
    }

    /// A ring with its line: a range of entries, or why there is none.
    pub fn ringed(mut self, ring: Ring, line: String) -> Self {
        self.ring = Some(ring);
        self.notes.push((MONO_SMALL, line));
        self
    }

    pub fn note(mut self, style: Style, line: impl Into<String>) -> Self {
        self.notes.push((style, line.into()));
        self
    }

    pub fn under(self, under: Vec<Span>) -> Self {
        Self { under, ..self }
    }
}

/// Where the parts of a table came to stand: page and distance from its top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placed {
    /// Baseline of each head.
    pub heads: Vec<(usize, f32)>,
    /// Upper edge and height of each row, in order.
    pub rows: Vec<(usize, f32, f32)>,
}

const GAP: f32 = 12.0;
/// Above and below a row's text: rows of one line are 27 high, tight ones 23.
const PAD: f32 = 5.5;
const TIGHT: f32 = 3.5;
/// Between the cells and what stands under them.
const AIR: f32 = 3.0;
/// A table lower than this is not parted.
const WHOLE_BELOW: f32 = 390.0;
/// Between what stands before a table and its head.
const ABOVE: f32 = 20.0;
/// The most that stands over the first row of a page.
const HEADROOM: f32 = 70.0;

/// A title and columns. With a title the title stands in the head, at the left, or on a line of its
/// own when the first column has a head.
#[derive(Clone)]
pub struct Table<'a> {
    title: &'a str,
    columns: &'a [Column],
    /// The record that holds every row, beside each head.
    seal: Option<&'a Seal>,
    /// Under the last row, on the same page.
    foot: Vec<Span>,
    pad: f32,
    x: f32,
}

impl<'a> Table<'a> {
    pub fn new(title: &'a str, columns: &'a [Column]) -> Self {
        Self { title, columns, seal: None, foot: Vec::new(), pad: PAD, x: LEFT }
    }

    pub fn tight(self) -> Self {
        Self { pad: TIGHT, ..self }
    }

    /// A note under the table; one more begins on a line of its own.
    pub fn foot(mut self, spans: impl IntoIterator<Item = Span>) -> Self {
        let mut spans = spans.into_iter().peekable();
        if !self.foot.is_empty() && spans.peek().is_some() {
            self.foot.push(words(SMALL, "\n"));
        }
        self.foot.extend(spans);
        self
    }

    /// Its rows are all in this one record.
    pub fn within(self, seal: &'a Seal) -> Self {
        Self { seal: Some(seal), ..self }
    }

    pub fn set(&self, book: &mut Book, rows: &[Row]) -> Placed {
        let mut placed = Placed::default();
        let foot = self.foot_height(self.width());
        let all = rows.iter().map(|row| self.height(row)).sum::<f32>() + foot;
        let first = rows.first().map_or(0.0, |row| self.height(row)) + if rows.len() == 1 { foot } else { 0.0 };
        let wanted = if all < WHOLE_BELOW { all } else { first };
        book.need((wanted + self.head_height() + ABOVE + 4.0).min(book.capacity()));
        book.gap(ABOVE);
        self.head(book, &mut placed);
        for (i, row) in rows.iter().enumerate() {
            // The last two rows and what is under them are not parted: none goes on alone.
            let tall = match rows.len() - i {
                1 => self.height(row) + foot,
                2 => self.height(row) + self.height(&rows[i + 1]) + foot,
                _ => self.height(row),
            };
            let tall = if tall <= book.capacity() - HEADROOM { tall } else { self.height(row) };
            if i > 0 && tall > book.left() && tall <= book.capacity() - HEADROOM {
                self.close(book);
                book.turn();
                self.head(book, &mut placed);
            } else if i > 0 {
                self.rule(book, RULE);
            }
            self.row(book, row, &mut placed);
        }
        self.close(book);
        self.note(book, self.width());
        placed
    }

    fn note(&self, book: &mut Book, width: f32) {
        if !self.foot.is_empty() {
            book.y += 5.0;
            book.lines(&self.foot, width, SMALL.leading);
            book.y += 4.0;
        }
    }

    fn foot_height(&self, width: f32) -> f32 {
        if self.foot.is_empty() {
            return 0.0;
        }
        wrap(&self.foot, width).len() as f32 * SMALL.leading + 5.0
    }

    fn width(&self) -> f32 {
        self.columns.iter().map(|c| c.width).sum()
    }

    fn rule(&self, book: &mut Book, ink: super::text::Ink) {
        let y = book.y;
        book.canvas().rule(self.x, y, self.width(), ink);
    }

    fn close(&self, book: &mut Book) {
        self.rule(book, INK);
    }

    /// Whether the title stands over the heads instead of among them.
    fn own_line(&self) -> bool {
        self.columns.first().is_some_and(|c| !c.head.is_empty())
    }

    fn heads(&self) -> Vec<Vec<Line>> {
        self.columns.iter().map(|c| wrap(&[words(HEAD, c.head.as_str())], c.width - GAP * 0.5)).collect()
    }

    /// From the title's upper edge to the ink rule.
    fn head_height(&self) -> f32 {
        let most = self.heads().iter().map(Vec::len).max().unwrap_or(1).max(1) as f32;
        let title = if self.own_line() && !self.title.is_empty() { 26.0 } else { 0.0 };
        let heads = if self.own_line() { HEAD.leading * most + 2.0 } else { 17.0_f32.max(HEAD.leading * most) };
        title + heads + 5.0
    }

    fn head(&self, book: &mut Book, placed: &mut Placed) {
        if !self.title.is_empty() {
            let y = book.y + 16.0;
            book.canvas().words(self.x, y, SECTION, self.title);
        }
        let heads = self.heads();
        let base = book.y + self.head_height() - 6.0;
        let mut x = self.x;
        for (column, lines) in self.columns.iter().zip(&heads) {
            for (i, line) in lines.iter().enumerate() {
                let y = base - HEAD.leading * (lines.len() - 1 - i) as f32;
                let at = if column.right { x + column.width - GAP - line.width } else { x };
                book.canvas().set(at, y, line);
            }
            x += column.width;
        }
        let page = book.pages.len() - 1;
        placed.heads.push((page, base));
        if let Some(seal) = self.seal {
            book.note(page, base, Some(ring_of(seal)), &[(MONO_SMALL, number(seal))]);
        }
        book.y = base + 6.0;
        self.close(book);
    }

    fn height(&self, row: &Row) -> f32 {
        let cells = self.columns.iter().zip(&row.cells).map(|(c, spans)| cell_height(spans, c.width - GAP));
        let cells = cells.fold(16.0, f32::max);
        let under = cell_height(&row.under, self.width() - GAP) + if row.under.is_empty() { 0.0 } else { AIR };
        (cells + under).max(Book::note_height(row.ring, &row.notes)) + 2.0 * self.pad
    }

    fn row(&self, book: &mut Book, row: &Row, placed: &mut Placed) {
        let (page, top, tall) = (book.pages.len() - 1, book.y, self.height(row));
        placed.rows.push((page, top, tall));
        if tall > book.left() {
            self.flow(book, row, placed);
        } else {
            self.cells(book, row);
            book.y = top + tall;
        }
        if !row.notes.is_empty() {
            book.note(page, top + self.pad + 11.7, row.ring, &row.notes);
        }
    }

    fn cells(&self, book: &mut Book, row: &Row) {
        let top = book.y + self.pad;
        let mut x = self.x;
        let mut deepest = top + 16.0;
        for (column, spans) in self.columns.iter().zip(&row.cells) {
            let mut y = top;
            for line in wrap(spans, column.width - GAP) {
                let tall = line_height(&line, leading(spans));
                let at = if column.right { x + column.width - GAP - line.width } else { x };
                book.canvas().set(at, y + tall * 0.73, &line);
                y += tall;
            }
            deepest = deepest.max(y);
            x += column.width;
        }
        deepest += AIR;
        for line in wrap(&row.under, self.width() - GAP).iter().filter(|_| !row.under.is_empty()) {
            let tall = line_height(line, leading(&row.under));
            book.canvas().set(self.x, deepest + tall * 0.73, line);
            deepest += tall;
        }
    }

    /// A row taller than a page: its cells one under the other, line by line.
    fn flow(&self, book: &mut Book, row: &Row, placed: &mut Placed) {
        book.y += self.pad;
        for spans in row.cells.iter().chain([&row.under]).filter(|s| !s.is_empty()) {
            for line in wrap(spans, self.width() - GAP) {
                let tall = line_height(&line, leading(spans));
                if tall > book.left() {
                    self.close(book);
                    book.turn();
                    self.head(book, placed);
                    book.y += self.pad;
                }
                let y = book.y + tall * 0.73;
                book.canvas().set(self.x, y, &line);
                book.y += tall;
            }
        }
        book.y += self.pad;
    }
}

pub fn table(book: &mut Book, title: &str, columns: &[Column], rows: &[Row]) -> Placed {
    Table::new(title, columns).set(book, rows)
}

/// Two tables side by side, kept on one page with the left one's foot under both; one under the other
/// when a page does not hold them.
pub fn pair(book: &mut Book, left: (&Table, &[Row]), right: (&Table, &[Row]), apart: f32) {
    let whole = left.0.width() + apart + right.0.width();
    let tall = |(table, rows): &(&Table, &[Row])| {
        rows.iter().map(|row| table.height(row)).sum::<f32>() + table.head_height() + ABOVE
    };
    let most = tall(&left).max(tall(&right)) + left.0.foot_height(whole) + 4.0;
    if most > book.capacity() {
        Table { foot: Vec::new(), ..left.0.clone() }.set(book, left.1);
        right.0.set(book, right.1);
        left.0.note(book, whole);
        return;
    }
    book.need(most);
    book.gap(ABOVE);
    let top = book.y;
    let mut deepest = top;
    let moved = Table { x: LEFT + left.0.width() + apart, ..right.0.clone() };
    for (table, rows) in [left, (&moved, right.1)] {
        book.y = top;
        table.head(book, &mut Placed::default());
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                table.rule(book, RULE);
            }
            table.row(book, row, &mut Placed::default());
        }
        table.close(book);
        deepest = deepest.max(book.y);
    }
    book.y = deepest;
    left.0.note(book, whole);
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
fn line_height(line: &Line, otherwise: f32) -> f32 {
    let own = line.parts.iter().fold(0.0_f32, |most, (_, span)| match span {
        Span::Words(style, _) => most.max(style.leading),
        Span::Mark(..) => most,
    });
    if own > 0.0 { own } else { otherwise }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exports::packet::page::{BOTTOM, Frame, body};

    fn row(lines: usize) -> Row {
        Row::of(vec![vec![body(vec!["line"; lines].join("\n"))]])
    }

    proptest! {
        /// The head stands on every page and never last on one; a row that fits a page is on one page.
        #[test]
        fn a_table_breaks_between_rows_and_its_head_is_never_left_behind(
            used in 0.0f32..900.0,
            lines in proptest::collection::vec(1usize..70, 1..40),
        ) {
            let mut book = Book::blank();
            book.open(Frame::default());
            book.y += used;
            let rows: Vec<Row> = lines.iter().map(|n| row(*n)).collect();
            let placed = table(&mut book, "Title", &[col("Head", 200.0)], &rows);
            for (page, top, tall) in &placed.rows {
                let head = placed.heads.iter().find(|(at, _)| at == page);
                prop_assert!(head.is_some_and(|(_, base)| base < top), "a row on page {page} without a head");
                prop_assert!(top + tall <= BOTTOM || *tall > book.capacity() - HEADROOM, "{top} + {tall}");
            }
            for (page, base) in &placed.heads {
                let after = placed.rows.iter().zip(placed.rows.iter().skip(1).map(Some).chain([None]));
                let followed = after.into_iter().any(|((at, top, tall), next)| {
                    (at == page && top > base) || (at < page && *tall > book.capacity() - HEADROOM && next.is_none_or(|n| n.0 >= *page))
                });
                prop_assert!(followed, "a head on page {page} with nothing under it");
            }
        }
    }

    #[test]
    fn two_tables_side_by_side_stay_on_one_page_or_stand_one_under_the_other() {
        let columns = [col("", 100.0)];
        let (left, right) = (Table::new("Left", &columns), Table::new("Right", &columns));
        for (rows, pages) in [(5, 1), (30, 2), (60, 4)] {
            let mut book = Book::blank();
            book.open(Frame::default());
            book.y += 300.0;
            let rows = vec![row(1); rows];
            pair(&mut book, (&left, &rows), (&right, &rows), 20.0);
            assert_eq!(book.pages.len(), pages, "{} rows", rows.len());
        }
    }
}
