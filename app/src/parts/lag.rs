//! A strip of a quarter: how long copies took, a bar a day, against the RPO.

use std::collections::BTreeMap;

use domain::{Moment, judgement::Lag, words};
use leptos::prelude::*;

use super::state::px;

const WIDE: f64 = 276.0;
const HIGH: f64 = 34.0;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// The worst of each day as a bar; those over the RPO in the colour of what is missed, and said in words.
#[component]
pub fn LagStrip(lags: Vec<Lag>, rpo_ms: Option<i64>, from: Moment, to: Moment) -> impl IntoView {
    let mut days: BTreeMap<i64, i64> = BTreeMap::new();
    for lag in lags.iter().filter(|lag| lag.at >= from && lag.at < to) {
        let worst = days.entry(lag.at.since(from) / DAY_MS).or_default();
        *worst = lag.ms.max(*worst);
    }
    let worst = days.values().max().copied().unwrap_or_default();
    // The line of the RPO stays in sight, and so does what is over it.
    let full = rpo_ms.map_or(worst, |rpo| (rpo * 5 / 4).max(worst)).max(1) as f64;
    let step = WIDE / ((to.since(from) / DAY_MS).max(1) as f64);
    let y = |ms: i64| HIGH - HIGH * (ms.max(0) as f64 / full);
    let bars = days
        .iter()
        .map(|(day, ms)| {
            let over = rpo_ms.is_some_and(|rpo| *ms > rpo);
            let height = (HIGH - y(*ms)).max(1.0);
            let class = if over { "over" } else { "within" };
            view! {
                <rect class=class x=px(step * *day as f64) y=px(HIGH - height) width=px((step - 0.8).max(1.0)) height=px(height) />
            }
        })
        .collect_view();
    let promise = rpo_ms.map(|rpo| view! { <path class="promise" d=format!("M0 {}H{WIDE}", px(y(rpo))) /> });
    let late: Vec<String> = lags
        .iter()
        .filter(|lag| rpo_ms.is_some_and(|rpo| lag.ms > rpo))
        .take(3)
        .map(|lag| format!("{} on {}", words::duration(lag.ms), words::date(lag.at)))
        .collect();
    let late = match late.as_slice() {
        [] => "none over the RPO".to_owned(),
        some => format!("over the RPO: {}", some.join(", ")),
    };
    let label = format!("{} days with a copy, the worst {}; {late}.", days.len(), words::duration(worst));
    view! {
        <svg class="lag" viewBox=format!("0 0 {WIDE} {HIGH}") role="img" aria-label=label>
            <path class="base" d=format!("M0 {HIGH}H{WIDE}") />
            {bars}
            {promise}
        </svg>
    }
}
