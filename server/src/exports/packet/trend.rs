//! Restore times over the quarters against the promise: few points, each with its value.

use domain::{
    drill::Drill,
    record::Sealed,
    schedule::{self, Period},
    target::Scenario,
    verdict::Verdict,
    words::brief,
};

use super::{
    marks::Mark,
    page::Canvas,
    text::{INK, INK2, INK3, SMALL, STRONG, Style, TINY},
};
use crate::exports::content::Content;

pub const WIDE: f32 = 224.0;
pub const TALL: f32 = 122.0;
/// More points than this do not stand clear of each other.
const POINTS: usize = 8;

/// A drill that measured a time, or a quarter without one.
pub struct Point {
    /// "Feb"
    month: String,
    /// "2026"
    year: String,
    measured: Option<(i64, Verdict)>,
    /// The drill whose page this is.
    here: bool,
}

/// The drills of a scenario that measured something, oldest first, and a point for each whole quarter
/// of the period without one. Invented drills are not mixed with measured ones. At most eight, the
/// newest or those up to `here`; none when nothing was measured.
pub fn points(content: &Content, scenario: Scenario, demo: bool, here: Option<&str>) -> Vec<Point> {
    let mut like: Vec<&Sealed<Drill>> =
        content.drills.iter().filter(|d| measured(&d.value, scenario, demo).is_some()).collect();
    like.sort_by_key(|d| d.value.occurred_at);
    let (Some(first), Some(last)) = (like.first(), like.last()) else { return Vec::new() };
    let (first, last) = (first.value.occurred_at, last.value.occurred_at);
    // A record may claim any time; the quarters between are looked at no further than ten years back.
    let from = content.scope.period.map_or(first, |p| p.from).max(last.plus_millis(-10 * 366 * 24 * 3_600_000));
    let to = content.scope.period.map_or(content.made_at, |p| p.to.min(content.made_at)).max(last.plus_millis(1));
    let span = Period { from, to: to.min(last.plus_millis(366 * 24 * 3_600_000)) };
    let mut points = Vec::new();
    let mut rest = like.as_slice();
    for quarter in schedule::quarters(span.from, span.to) {
        let here_to = rest.iter().take_while(|d| d.value.occurred_at < quarter.end).count();
        let (within, later) = rest.split_at(here_to);
        if within.is_empty() && quarter.start >= span.from && quarter.end <= span.to {
            let middle = quarter.start.plus_millis(quarter.end.since(quarter.start) / 2);
            points.push(point(middle, None, false));
        }
        for drill in within {
            let restored = measured(&drill.value, scenario, demo);
            points.push(point(drill.value.occurred_at, restored, here == Some(drill.id.as_str())));
        }
        rest = later;
    }
    let until = points.iter().position(|p| p.here).map_or(points.len(), |i| points.len().min(i.max(POINTS - 1) + 1));
    points.truncate(until);
    points.drain(..points.len().saturating_sub(POINTS));
    points
}

fn measured(drill: &Drill, scenario: Scenario, demo: bool) -> Option<(i64, Verdict)> {
    let like = drill.scenario == scenario && drill.demo == demo && drill.abandoned.is_none();
    drill.measured.as_ref().filter(|_| like).map(|m| (m.restore_ms, drill.verdict.rto))
}

fn point(at: domain::Moment, measured: Option<(i64, Verdict)>, here: bool) -> Point {
    let said = |format: &str| at.utc().format(format).to_string();
    Point { month: said("%b"), year: said("%Y"), measured, here }
}

/// Draws them 224 × 122 from the upper left corner.
///
/// The scale runs from 0 to 1.32 of the promise. Where every point lies under a tenth of it, the scale
/// is the points' own and the promise is said to lie above.
pub fn draw(canvas: &mut Canvas, x: f32, y: f32, points: &[Point], promise_ms: i64) {
    let (top, base) = (y + 22.0, y + 96.0);
    let longest = points.iter().filter_map(|p| p.measured).map(|(ms, _)| ms).max().unwrap_or(0);
    let own = longest > 0 && longest.saturating_mul(10) < promise_ms;
    let full = if own { longest as f32 * 1.6 } else { (promise_ms as f32 * 1.32).max(longest as f32 * 1.1).max(1.0) };
    let up = |ms: i64| base - (base - top) * (ms.max(0) as f32 / full);
    let step = WIDE / points.len().max(1) as f32;
    let place = |i: usize| x + step * (i as f32 + 0.5);
    let height = |i: usize| points.get(i).and_then(|p| p.measured).map(|(ms, _)| up(ms));
    let promise = if own { top - 4.0 } else { up(promise_ms) };

    canvas.rule(x, base, WIDE, INK3);
    canvas.dashed(&[(x, promise), (x + WIDE, promise)], 1.0, INK, [5.0, 3.0]);
    let said = format!("RTO {}{}", brief(promise_ms), if own { ", far above" } else { "" });
    let near = |i: usize| height(i).is_some_and(|at| at < promise + 9.0);
    let wide = SMALL.width(&said);
    let right = !(0..points.len()).any(|i| near(i) && place(i) > x + WIDE - wide - 12.0);
    let left = !(0..points.len()).any(|i| near(i) && place(i) < x + wide + 12.0);
    let at = if right || !left { x + WIDE - wide } else { x };
    canvas.words(at, promise - 5.0, SMALL, said);

    let path: Vec<(f32, f32)> = (0..points.len()).filter_map(|i| Some((place(i), height(i)?))).collect();
    if path.len() > 1 {
        canvas.line(&path, 1.0, INK2);
    }
    for (i, point) in points.iter().enumerate() {
        let px = place(i);
        match point.measured {
            None => Mark::None.draw(canvas, px - 3.5, base - 4.5, 7.0),
            Some((ms, verdict)) => {
                let py = up(ms);
                Mark::of(verdict).draw(canvas, px - 4.0, py + 4.0, 8.0);
                let before = i.checked_sub(1).and_then(height);
                let crowded = !own && py > promise && py - promise < 24.0;
                let (dx, dy, anchor) = beside(py, before, height(i + 1), base, crowded);
                let text = terse(ms);
                canvas.words(px + dx - STRONG.width(&text) * anchor, py + dy, STRONG, text);
            }
        }
        let style = if point.here { Style { size: 10.0, ..STRONG } } else { SMALL };
        canvas.words(px - style.width(&point.month) / 2.0, base + 14.0, style, point.month.as_str());
        if i == 0 || points[i - 1].year != point.year {
            canvas.words(px - TINY.width(&point.year) / 2.0, base + 25.0, TINY.ink(INK3), point.year.as_str());
        }
    }
}

/// Where a value stands clear of the lines that join its point: offset, and the share of it left of there.
fn beside(at: f32, before: Option<f32>, after: Option<f32>, base: f32, crowded: bool) -> (f32, f32, f32) {
    let steep = |other: Option<f32>| other.is_some_and(|y| at - y > 8.0);
    let low = base - at < 20.0;
    match (steep(before), steep(after)) {
        (true, false) if low => (7.0, -6.0, 0.0),
        (false, true) if low => (-7.0, -6.0, 1.0),
        (false, false) if !crowded || low => (0.0, -9.0, 0.5),
        (true, true) if low => (0.0, -9.0, 0.5),
        _ => (0.0, 17.0, 0.5),
    }
}

/// As [`brief`], without "min": the promise beside it says the unit.
fn terse(ms: i64) -> String {
    let said = brief(ms);
    said.strip_suffix(" min").map(str::to_owned).unwrap_or(said)
}
