//! Evidence over the months of an audit: dots for events, a bar for continuous cover, a box for a gap.

use chrono::Datelike;
use domain::{Moment, schedule::Period};
use leptos::prelude::*;

use super::{Shape, state::px};

const WIDTH: f64 = 284.0;

/// What a strip shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    Event(Moment, Shape),
    /// Continuous cover from one instant to another.
    Cover(Moment, Moment),
    /// A span in which something was due and is missing.
    Gap(Moment, Moment),
}

/// One strip. `says` is the same in words, for those who do not see it.
#[component]
pub fn Coverage(period: Period, now: Moment, marks: Vec<Mark>, #[prop(into)] says: String) -> impl IntoView {
    let x = move |at: Moment| {
        let share = at.since(period.from) as f64 / period.to.since(period.from).max(1) as f64;
        share.clamp(0.0, 1.0) * WIDTH
    };
    let quarters = months(period)
        .into_iter()
        .enumerate()
        .filter(|(i, _)| i % 3 == 0)
        .map(|(_, at)| view! { <path class="quarter" d=format!("M{} 0v24", px(x(at))) /> })
        .collect_view();
    let marks = marks
        .into_iter()
        .map(|mark| match mark {
            Mark::Event(at, shape) => {
                view! { <g class=shape.class()>{shape.point(x(at).clamp(4.5, WIDTH - 4.5), 12.0, 8.0)}</g> }.into_any()
            }
            Mark::Cover(from, to) => view! {
                <rect class="span" x=px(x(from)) y="8" width=px((x(to) - x(from)).max(1.0)) height="8" />
            }
            .into_any(),
            Mark::Gap(from, to) => view! {
                <rect class="gap-box" x=px(x(from)) y="5.5" width=px((x(to) - x(from)).max(5.0)) height="13" />
            }
            .into_any(),
        })
        .collect_view();
    view! {
        <svg class="coverage" viewBox="0 0 284 24" role="img" aria-label=says>
            {quarters}
            <path class="axis-line" d=format!("M0 12H{}", px(x(now).max(1.0))) />
            {marks}
        </svg>
    }
}

/// The months' initials over a column of strips.
#[component]
pub fn CoverageHead(period: Period) -> impl IntoView {
    let months = months(period);
    let step = WIDTH / months.len().max(1) as f64;
    view! {
        <svg class="coverage" viewBox="0 0 284 14" aria-hidden="true">
            {months
                .into_iter()
                .enumerate()
                .map(|(i, at)| {
                    let initial = at.utc().format("%b").to_string().chars().take(1).collect::<String>();
                    view! { <text x=px(step * (i as f64 + 0.5)) y="11" text-anchor="middle">{initial}</text> }
                })
                .collect_view()}
        </svg>
    }
}

/// The first instant of each month the period touches.
fn months(period: Period) -> Vec<Moment> {
    let mut all = Vec::new();
    let mut at = period.from;
    while at < period.to && all.len() < 60 {
        all.push(at);
        let t = at.utc();
        let (year, month) = if t.month() == 12 { (t.year() + 1, 1) } else { (t.year(), t.month() + 1) };
        let Some(next) = Moment::parse(&format!("{year:04}-{month:02}-01T00:00:00Z")) else { break };
        at = next;
    }
    all
}
