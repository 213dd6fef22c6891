//! Charts in the text's own measure: one promise line, few points, values written on them.

use domain::{
    drill::{Drill, Outcome},
    target::Judged,
};

use super::{
    marks::Mark,
    page::{Book, Canvas, span},
    table::Placed,
    text::{CELL, GREY, INK, INK2, INK3, MISS, RULE, SMALL, STRONG, Style, TINY},
};

/// A promise of 72 and a bar against it; what runs over is drawn up to 10 further.
pub fn bullet(canvas: &mut Canvas, x: f32, y: f32, judged: &Judged, restore_ms: i64) {
    const PROMISE: f32 = 64.0;
    let share = restore_ms.max(0) as f32 / judged.target.rto_ms.max(1) as f32;
    let long = (share * PROMISE).clamp(1.2, PROMISE + 12.0);
    canvas.rule(x, y, PROMISE, RULE);
    canvas.rect(x, y - 2.5, long, 5.0, Mark::of(judged.rto).ink());
    canvas.line(&[(x + PROMISE, y - 6.0), (x + PROMISE, y + 6.0)], 1.5, INK);
}

/// Time on a horizontal axis, in milliseconds from its left end.
struct Axis {
    x: f32,
    width: f32,
    span: f32,
}

impl Axis {
    fn at(&self, ms: i64) -> f32 {
        self.x + (ms as f32 / self.span).clamp(0.0, 1.0) * self.width
    }
}

/// A round distance between ticks so that about four fit.
fn tick(span: f32) -> i64 {
    const STEPS: [i64; 22] = [
        10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000, 300_000, 600_000, 1_200_000,
        1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
    ];
    STEPS.into_iter().find(|s| span / *s as f32 <= 4.6).unwrap_or(7 * 86_400_000)
}

fn label(ms: i64, step: i64) -> String {
    match step {
        s if s >= 3_600_000 => format!("{} h", ms / 3_600_000),
        s if s >= 60_000 => format!("{}", ms / 60_000),
        s if s >= 1_000 => format!("{} s", ms / 1_000),
        _ => format!("{:.2} s", ms as f64 / 1000.0),
    }
}

/// The bars beside the steps of a drill. Returns a sentence on the scale.
///
/// The axis runs to the promised time, or over the drill's own length when that is less than a tenth
/// of the promise. `peers` are earlier drills to compare with; their median is an upright tick.
pub fn steps(book: &mut Book, placed: &Placed, drill: &Drill, peers: &[&Drill], x: f32, width: f32) -> String {
    let Some(zero) = drill.steps.iter().map(|s| s.started_at).min() else { return String::new() };
    let end = drill.steps.iter().map(|s| s.ended_at.since(zero)).max().unwrap_or(0).max(1);
    let clock = drill.steps.iter().find(|s| s.id.on_the_clock()).map_or(0, |s| s.started_at.since(zero));
    let promise = clock + drill.plan.rto_ms;
    let own = end * 10 < promise;
    let wide = if own { end as f32 * 1.04 } else { promise.max(end) as f32 * 1.12 };
    let axis = Axis { x, width, span: wide };
    let step = tick(wide);
    let ticks: Vec<i64> = (0..6).map(|i| i * step).filter(|t| *t as f32 <= wide).collect();
    let rto = format!("RTO {}", span(drill.plan.rto_ms));
    let rto_from = if own { f32::MAX } else { axis.at(promise) - TINY.width(&rto) };

    for (page, base) in &placed.heads {
        let canvas = book.canvas_of(*page);
        for t in &ticks {
            let text = label(*t, step);
            let wide = TINY.width(&text);
            let at = (axis.at(*t) - wide / 2.0).max(x).min(x + width - wide);
            if at + wide + 4.0 < rto_from {
                canvas.words(at, *base, TINY, text);
            }
        }
        if !own {
            canvas.words(rto_from.min(x + width - TINY.width(&rto)), *base, Style { ink: INK, ..TINY }, rto.as_str());
        }
    }
    for (step, (page, top, height)) in drill.steps.iter().zip(&placed.rows) {
        let canvas = book.canvas_of(*page);
        for t in ticks.iter().filter(|t| own || (axis.at(**t) - axis.at(promise)).abs() > 6.0) {
            canvas.line(&[(axis.at(*t), *top), (axis.at(*t), top + height)], 0.8, RULE);
        }
        if !own {
            canvas.dashed(&[(axis.at(promise), *top), (axis.at(promise), top + height)], 1.0, INK, [5.0, 3.0]);
        }
        let from = axis.at(step.started_at.since(zero));
        let long = (axis.at(step.ended_at.since(zero)) - from).max(1.4);
        let y = top + 9.5;
        match step.outcome {
            Outcome::Done => canvas.rect(from, y, long, 8.0, if step.id.on_the_clock() { CELL } else { GREY }),
            Outcome::Failed => canvas.rect(from, y, long, 8.0, MISS),
            Outcome::Skipped => {}
        }
        let mut took: Vec<i64> =
            peers.iter().flat_map(|p| p.steps.iter()).filter(|s| s.id == step.id).map(|s| s.took_ms()).collect();
        took.sort_unstable();
        if let Some(median) = took.get(took.len() / 2) {
            let at = step.started_at.since(zero) + median;
            if at as f32 <= wide {
                canvas.line(&[(axis.at(at), top + 7.0), (axis.at(at), top + 20.0)], 1.4, INK);
            }
        }
    }
    let scale = if own {
        format!(
            "The axis is this drill’s own length, {}; the promised {} lies far beyond it.",
            span(end),
            span(drill.plan.rto_ms)
        )
    } else if step >= 3_600_000 {
        "The axis is in hours from the first step to the promised time.".to_owned()
    } else {
        "The axis is in minutes from the first step to the promised time.".to_owned()
    };
    let ticks = if peers.is_empty() { "" } else { " Upright: the median of earlier drills." };
    format!("{scale} Grey steps are off the recovery clock.{ticks}")
}

/// A point of a trend: name, measured milliseconds, how it stood.
pub struct Point {
    pub name: String,
    pub ms: i64,
    pub mark: Mark,
}

/// 224 × 122 from the upper left corner: measured times against one promise, each value written.
pub fn trend(canvas: &mut Canvas, x: f32, y: f32, points: &[Point], promise_ms: i64) {
    const W: f32 = 224.0;
    const H: f32 = 104.0;
    let most = points.iter().map(|p| p.ms).max().unwrap_or(0);
    let own = most * 10 < promise_ms;
    let top = if own { most as f32 * 1.32 } else { (promise_ms as f32 * 1.32).max(most as f32 * 1.15) }.max(1.0);
    let base = y + H;
    let up = |ms: i64| base - ms as f32 / top * (H - 8.0);
    canvas.rule(x, base, W, INK3);
    if !own {
        let at = up(promise_ms);
        canvas.dashed(&[(x, at), (x + W, at)], 1.0, INK, [5.0, 3.0]);
        canvas.words_to(x + W, at - 4.0, SMALL, &format!("RTO {}", span(promise_ms)));
    }
    let place = |i: usize| {
        let n = points.len().max(2) - 1;
        x + 22.0 + (W - 44.0) * i as f32 / n as f32
    };
    let path: Vec<_> = points.iter().enumerate().map(|(i, p)| (place(i), up(p.ms))).collect();
    canvas.line(&path, 1.0, INK2);
    for (point, (px, py)) in points.iter().zip(&path) {
        point.mark.draw(canvas, px - 4.0, py + 4.0, 8.0);
        let value = span(point.ms);
        let below = !own && (py - 20.0..py - 2.0).contains(&up(promise_ms));
        let at = if below { py + 18.0 } else { py - 9.0 };
        canvas.words(px - STRONG.width(&value) / 2.0, at, STRONG, value);
        canvas.words(px - SMALL.width(&point.name) / 2.0, base + 16.0, SMALL, point.name.as_str());
    }
}
