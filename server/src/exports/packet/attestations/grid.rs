//! Tenants by weeks, drawn: a cell each, and the newest attestation's seal beside each tenant.

use std::{collections::BTreeMap, ops::Range};

use chrono::Datelike;
use domain::{
    Moment,
    coverage::{Cell, Grid, Row},
    record::Seal,
    words as say,
};

use super::said;
use crate::exports::{
    content::Content,
    packet::{
        marks::Ring,
        page::{Book, COLUMN, Canvas, LEFT, number, quiet, ring, ring_of},
        text::{
            CELL, GREY, INK, INK3, Line, MISS, MONO_SMALL, RULE, SECTION, SMALL, STRONG, Style, TINY, clipped, words,
            wrap,
        },
    },
};

/// Weeks side by side, and how many of the newest are drawn at all.
const ACROSS: usize = 53;
const MOST: usize = 2 * ACROSS;
const NAME: f32 = 116.0;
const COUNT: f32 = 48.0;
/// A name that needs more lines than this ends in an ellipsis.
const NAME_LINES: usize = 20;

/// The columns of one chart: neighbouring weeks of the grid.
pub struct Block {
    pub first: usize,
    pub len: usize,
    x: f32,
    step: f32,
}

impl Block {
    /// Left edge of a week's cell, counted from the block's first week.
    pub fn x(&self, place: usize) -> f32 {
        self.x + self.step * place as f32
    }

    /// A cell without the gap to the next.
    pub fn cell(&self) -> f32 {
        self.step * 0.8
    }
}

/// The newest weeks in charts of about the same length.
pub fn blocks(grid: &Grid, x: f32, wide: f32) -> Vec<Block> {
    let all = grid.weeks.len();
    let drawn = all.min(MOST);
    if drawn == 0 {
        return Vec::new();
    }
    let across = drawn.div_ceil(drawn.div_ceil(ACROSS));
    (all - drawn..all)
        .step_by(across)
        .map(|first| {
            let len = across.min(all - first);
            Block { first, len, x, step: (wide / across as f32).min(12.7) }
        })
        .collect()
}

pub fn draw(book: &mut Book, content: &Content, grid: &Grid) {
    let mut newest: BTreeMap<&str, (Moment, &Seal)> = BTreeMap::new();
    for a in &content.attested.listed {
        let (at, seal) = newest.entry(a.value.tenant.as_str()).or_insert((a.value.occurred_at, &a.seal));
        if a.value.occurred_at > *at {
            (*at, *seal) = (a.value.occurred_at, &a.seal);
        }
    }
    let blocks = blocks(grid, LEFT + NAME, COLUMN - NAME - COUNT);
    for (i, block) in blocks.iter().enumerate() {
        // A seal belongs to the newest week, hence to the newest chart.
        let seals = if i + 1 == blocks.len() { &newest } else { &BTreeMap::new() };
        chart(book, content, grid, block, seals);
    }
    if grid.weeks.len() > MOST {
        let first = say::date(grid.weeks[grid.weeks.len() - MOST]);
        book.y += 4.0;
        book.paragraph(&[quiet(format!("Sundays before {first} are not drawn; the table counts them too."))]);
    }
}

struct Named<'a> {
    row: &'a Row,
    name: Vec<Line>,
    tall: f32,
}

fn chart(book: &mut Book, content: &Content, grid: &Grid, block: &Block, newest: &BTreeMap<&str, (Moment, &Seal)>) {
    let mut missed: Vec<usize> = grid.rows.iter().map(|row| row.owed - row.attested).collect();
    missed.sort_unstable();
    let usual = missed.get(missed.len() / 2).copied().unwrap_or(0);
    let said = said::place(said::newest(content, grid, block), block);
    let foot = said::height(&said) + 14.0;
    let rows: Vec<Named> = grid
        .rows
        .iter()
        .map(|row| {
            let style = Style { ink: INK, ..SMALL };
            let name = clipped(wrap(&[words(style, row.tenant.as_str())], NAME - 8.0), NAME_LINES);
            let tall = (name.len() as f32 * 12.0 + 4.0).max(16.0);
            Named { row, name, tall }
        })
        .collect();
    book.need(rows.first().map_or(0.0, |r| r.tall) + foot + 90.0);
    book.gap(18.0);
    let mut at = 0;
    while at < rows.len() {
        let (top, page) = (header(book, grid, block), book.pages.len() - 1);
        let mut full = Areas::default();
        let start = at;
        while let Some(Named { row, name, tall }) = rows.get(at) {
            let below = if at + 1 == rows.len() { foot } else { 12.0 };
            if tall + below > book.left() && at > start {
                break;
            }
            let y = book.y;
            for (i, line) in name.iter().enumerate() {
                book.canvas().set(LEFT, y + 11.5 + 12.0 * i as f32, line);
            }
            let canvas = book.canvas();
            let style = if row.owed - row.attested > usual { Style { size: 10.0, ..STRONG } } else { SMALL };
            canvas.words_to(LEFT + COLUMN, y + 11.5, style, &format!("{} of {}", row.attested, row.owed));
            let worded = left(canvas, grid, row, block, y + 11.0);
            for i in (0..block.len).filter(|i| !worded.contains(i)) {
                full.collect(row.cells[block.first + i], block.x(i), y + 2.5, block.cell());
            }
            beside(book, page, y + 11.5, grid, row, newest);
            book.y += tall;
            at += 1;
        }
        let bottom = book.y + 2.0;
        let canvas = book.canvas_of(page);
        for i in months(grid, block).into_iter().skip(1) {
            let x = block.x(i) - block.step * 0.1;
            canvas.line(&[(x, top), (x, bottom)], 0.6, RULE);
        }
        full.paint(canvas);
        canvas.rule(LEFT, bottom, COLUMN, INK);
        book.y = bottom;
        if at < rows.len() {
            book.turn();
        }
    }
    said::draw(book, &said);
    book.y += 6.0;
}

/// "left after 27 Sep" in place of the line after a tenant's last Sunday; the places it stands on, none
/// where there is no room.
fn left(canvas: &mut Canvas, grid: &Grid, row: &Row, block: &Block, y: f32) -> Range<usize> {
    let last = row.cells.iter().rposition(|c| !matches!(c, Cell::NotATenant | Cell::ToCome));
    let Some(last) = last.filter(|i| *i >= block.first && row.cells.get(i + 1) == Some(&Cell::NotATenant)) else {
        return 0..0;
    };
    let text = format!("left after {}", grid.weeks[last].utc().format("%-d %b"));
    let first = last + 1 - block.first;
    let end = first + ((TINY.width(&text) + 6.0) / (block.x(1) - block.x(0))).ceil() as usize;
    if end > block.len {
        return 0..0;
    }
    canvas.words(block.x(first) + 2.0, y, TINY, text);
    first..end
}

/// The newest attestation's seal, or why the newest Sunday has none.
fn beside(book: &mut Book, page: usize, y: f32, grid: &Grid, row: &Row, newest: &BTreeMap<&str, (Moment, &Seal)>) {
    let owed = row.cells.iter().rposition(|c| matches!(c, Cell::Attested | Cell::Late | Cell::Missed));
    match (owed, newest.get(row.tenant.as_str())) {
        (Some(week), Some(_)) if row.cells[week] == Cell::Missed => {
            let day = grid.weeks[week].utc().format("%-d %b");
            book.note(page, y, Some(Ring::Waiting), &[(SMALL, format!("none for {day}"))]);
        }
        (_, Some((_, seal))) => {
            book.note(page, y, Some(ring_of(seal)), &[(MONO_SMALL, number(seal))]);
        }
        (_, None) => {}
    }
}

/// Areas of cells by colour: attested, missed, not a tenant, to come.
#[derive(Default)]
pub struct Areas([Vec<Vec<(f32, f32)>>; 4]);

impl Areas {
    pub fn collect(&mut self, cell: Cell, x: f32, y: f32, w: f32) {
        const H: f32 = 11.0;
        let full = &mut self.0;
        match cell {
            Cell::Attested => full[0].push(ring(x, y, w, H)),
            Cell::Late => full[0].extend([ring(x, y + H / 2.0, w, H / 2.0), ring(x, y, w, 0.9)]),
            Cell::Missed => {
                let side = w.min(7.2);
                full[1].push(ring(x + (w - side) / 2.0, y + (H - side) / 2.0, side, side));
            }
            Cell::NotATenant => full[2].push(ring(x, y + H / 2.0 - 0.35, w * 1.25, 0.7)),
            Cell::ToCome => full[3].push(ring(x + w / 2.0 - 0.7, y + H / 2.0 - 0.7, 1.4, 1.4)),
        }
    }

    pub fn paint(self, canvas: &mut Canvas) {
        let [attested, missed, faint, dots] = self.0;
        canvas.fill(attested, CELL);
        canvas.fill(missed, MISS);
        canvas.fill(faint, GREY);
        canvas.fill(dots, INK3);
    }
}

/// Places in the block where a month begins; the first place is one.
fn months(grid: &Grid, block: &Block) -> Vec<usize> {
    let month = |i: usize| grid.weeks[block.first + i].utc().month();
    (0..block.len).filter(|&i| i == 0 || month(i) != month(i - 1)).collect()
}

/// The title with the legend at its right, then the months over an ink rule, whose place is returned.
fn header(book: &mut Book, grid: &Grid, block: &Block) -> f32 {
    let y = book.y + 14.0;
    book.canvas().words(LEFT, y, SECTION, "Tenants by weeks");
    legend(book, y);
    book.y += 18.0;
    months_over(book, grid, block)
}

/// The months over an ink rule, whose place is returned.
pub fn months_over(book: &mut Book, grid: &Grid, block: &Block) -> f32 {
    let y = book.y + 14.0;
    let canvas = book.canvas();
    let starts = months(grid, block);
    for (n, &i) in starts.iter().enumerate() {
        let room = starts.get(n + 1).copied().unwrap_or(block.len) - i;
        let at = grid.weeks[block.first + i].utc();
        let long = at.format(if n == 0 || at.month() == 1 { "%b ’%y" } else { "%b" }).to_string();
        let space = room as f32 * block.step - 1.0;
        let fits = [long, at.format("%b").to_string()].into_iter().find(|t| TINY.width(t) <= space);
        if let Some(text) = fits {
            canvas.words(block.x(i), y, TINY, text);
        }
    }
    canvas.rule(LEFT, y + 7.0, COLUMN, INK);
    book.y = y + 9.0;
    y + 7.0
}

fn legend(book: &mut Book, y: f32) {
    let parts = [
        (Cell::Attested, "attested"),
        (Cell::Late, "late"),
        (Cell::Missed, "missed"),
        (Cell::NotATenant, "not a tenant"),
        (Cell::ToCome, "to come"),
    ];
    let wide = |text: &str| 12.0 + SMALL.width(text) + 14.0;
    let canvas = book.canvas();
    let mut x = LEFT + COLUMN + 14.0 - parts.iter().map(|(_, text)| wide(text)).sum::<f32>();
    for (cell, text) in parts {
        let mut full = Areas::default();
        full.collect(cell, x, y - 9.5, 8.0);
        full.paint(canvas);
        canvas.words(x + 12.0, y, SMALL, text);
        x += wide(text);
    }
}
