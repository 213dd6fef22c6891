//! Restore times over the quarters against the promise: few points, each with its value.

use domain::{verdict::Verdict, words::brief};
use leptos::prelude::*;

use super::{Shape, state::px};

/// One point: a label under the baseline, and what was measured; `None`: not exercised then.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// "Feb"
    pub label: String,
    pub measured: Option<(i64, Verdict)>,
}

/// A figure of at most eight points, oldest first. Its caption is the scenario's name.
///
/// The scale runs from 0 to 1.32 of the promise. Where every point lies under a tenth of it, the
/// scale is the points' own and the promise is said to lie above.
#[component]
pub fn TrendChart(
    #[prop(into)] caption: String,
    points: Vec<Trend>,
    promise_ms: i64,
    /// 270 × 176 instead of 182 × 128.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let (w, h): (f64, f64) = if wide { (270.0, 176.0) } else { (182.0, 128.0) };
    let (top, base) = (26.0, h - 24.0);
    let longest = points.iter().filter_map(|p| p.measured.map(|(ms, _)| ms)).max().unwrap_or(0);
    let own = longest > 0 && longest * 10 < promise_ms;
    let full = if own { longest as f64 * 1.6 } else { (promise_ms as f64 * 1.32).max(longest as f64 * 1.1).max(1.0) };
    let y = |ms: i64| base - (base - top) * (ms.max(0) as f64 / full);
    let step = w / points.len().max(1) as f64;
    let x = |i: usize| step * (i as f64 + 0.5);
    let promise_y = if own { top - 4.0 } else { y(promise_ms) };
    let promise_word =
        if own { format!("RTO {}, far above", brief(promise_ms)) } else { format!("RTO {}", brief(promise_ms)) };

    let join: Vec<String> = points
        .iter()
        .enumerate()
        .filter_map(|(i, p)| p.measured.map(|(ms, _)| format!("{},{}", px(x(i)), px(y(ms)))))
        .collect();
    let said = points
        .iter()
        .map(|p| match p.measured {
            Some((ms, verdict)) => format!("{} {}, {}", p.label, brief(ms), verdict.word()),
            None => format!("{} not exercised", p.label),
        })
        .collect::<Vec<_>>()
        .join("; ");
    let label = format!("{caption}, {promise_word}: {said}.");
    let marks = points
        .iter()
        .enumerate()
        .map(|(i, point)| {
            let at = x(i);
            let month = view! { <text x=px(at) y=px(h - 6.0) text-anchor="middle">{point.label.clone()}</text> };
            let mark = match point.measured {
                None => view! { <g class="ring">{Shape::Ring.point(at, base - 8.0, 7.0)}</g> }.into_any(),
                Some((ms, verdict)) => {
                    let shape = Shape::from(verdict);
                    let py = y(ms);
                    let before = i.checked_sub(1).and_then(|j| points[j].measured).map(|(ms, _)| y(ms));
                    let after = points.get(i + 1).and_then(|p| p.measured).map(|(ms, _)| y(ms));
                    let crowded = !own && py > promise_y && py - promise_y < 24.0;
                    let (dx, dy, anchor) = beside(py, before, after, base, crowded);
                    view! {
                        <g class=shape.class()>{shape.point(at, py, 8.0)}</g>
                        <text class="value" x=px(at + dx) y=px(py + dy) text-anchor=anchor>{terse(ms)}</text>
                    }
                    .into_any()
                }
            };
            view! { {month} {mark} }
        })
        .collect_view();
    view! {
        <figure class="trend">
            <figcaption>{caption}</figcaption>
            <svg class="chart" viewBox=format!("0 0 {w} {h}") role="img" aria-label=label>
                <path class="base" d=format!("M0 {}H{w}", px(base)) />
                <path class="promise" d=format!("M0 {}H{w}", px(promise_y)) />
                <text x=px(w) y=px(promise_y - 5.0) text-anchor="end">{promise_word}</text>
                {(join.len() > 1).then(|| view! { <polyline class="join" points=join.join(" ") /> })}
                {marks}
            </svg>
        </figure>
    }
}

/// Where a value stands clear of the lines that join its point: offset and anchor.
fn beside(at: f64, before: Option<f64>, after: Option<f64>, base: f64, crowded: bool) -> (f64, f64, &'static str) {
    let steep = |other: Option<f64>| other.is_some_and(|y| at - y > 10.0);
    let low = base - at < 20.0;
    match (steep(before), steep(after)) {
        (true, false) if low => (7.0, -6.0, "start"),
        (false, true) if low => (-7.0, -6.0, "end"),
        (false, false) if !crowded || low => (0.0, -8.0, "middle"),
        (true, true) if low => (0.0, -8.0, "middle"),
        _ => (0.0, 18.0, "middle"),
    }
}

/// As [`brief`], without "min": the promise beside it says the unit.
fn terse(ms: i64) -> String {
    let said = brief(ms);
    said.strip_suffix(" min").map(str::to_owned).unwrap_or(said)
}
