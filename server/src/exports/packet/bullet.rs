//! A measured time against its promise, as a bar.

use domain::target::Judged;

use super::{
    marks::Mark,
    page::Canvas,
    text::{INK, RULE},
};

/// A promise of 64 and a bar against it; what runs over is drawn up to 12 further.
pub fn draw(canvas: &mut Canvas, x: f32, y: f32, judged: &Judged, restore_ms: i64) {
    const PROMISE: f32 = 64.0;
    let share = restore_ms.max(0) as f32 / judged.target.rto_ms.max(1) as f32;
    let long = (share * PROMISE).clamp(1.2, PROMISE + 12.0);
    canvas.rule(x, y, PROMISE, RULE);
    canvas.rect(x, y - 2.5, long, 5.0, Mark::of(judged.rto).ink());
    canvas.line(&[(x + PROMISE, y - 6.0), (x + PROMISE, y + 6.0)], 1.5, INK);
}
