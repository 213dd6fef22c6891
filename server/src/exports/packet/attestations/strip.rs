//! How complete each Sunday was, where there are too many tenants to draw: a bar a Sunday, full when every
//! tenant that owed an attestation has one.

use domain::coverage::Grid;

use super::{
    grid::{Block, blocks, months_over},
    said,
};
use crate::exports::{
    content::Content,
    packet::{
        marks::Mark,
        page::{Book, COLUMN, LEFT, quiet, ring},
        text::{CELL, INK, INK3, SECTION},
    },
};

const TALL: f32 = 44.0;

pub fn draw(book: &mut Book, content: &Content, grid: &Grid) {
    for block in blocks(grid, LEFT, COLUMN) {
        chart(book, content, grid, &block);
    }
    book.y += 8.0;
    book.paragraph(&[quiet("A full bar: every tenant that owed an attestation that Sunday has one. A square and a frame: some have none, and the frame’s empty part is their share. A dot: to come, or nobody owed one.")]);
}

fn chart(book: &mut Book, content: &Content, grid: &Grid, block: &Block) {
    let said = said::place(said::worst(content, grid, block), block);
    book.need(TALL + 90.0 + said::height(&said));
    book.gap(18.0);
    let y = book.y + 14.0;
    book.canvas().words(LEFT, y, SECTION, "Sunday by Sunday");
    book.y += 18.0;
    months_over(book, grid, block);
    let top = book.y + 9.0;
    let base = top + TALL;
    let mut bars = Vec::new();
    let canvas = book.canvas();
    for place in 0..block.len {
        let (found, owed) = grid.column(block.first + place);
        let (x, w) = (block.x(place), block.cell());
        if owed == 0 {
            canvas.disc(x + w / 2.0, base - 2.0, 0.8, INK3);
            continue;
        }
        let high = TALL * found as f32 / owed as f32;
        if found > 0 {
            bars.push(ring(x, base - high, w, high));
        }
        if found < owed {
            let mut frame = ring(x, top, w, TALL);
            frame.push((x, top));
            canvas.line(&frame, 0.5, INK3);
            Mark::Miss.draw(canvas, x + w / 2.0 - 2.5, top - 2.0, 5.0);
        }
    }
    canvas.fill(bars, CELL);
    canvas.rule(LEFT, base + 2.0, COLUMN, INK);
    book.y = base + 2.0;
    said::draw(book, &said);
}
