//! The weekly attestation as a strip: one bar a Sunday, its height the share of tenants attested.

use domain::{Moment, words};
use leptos::prelude::*;

use super::state::px;

/// `weeks` oldest first: the Sunday, how many tenants were attested, how many owed one.
#[component]
pub fn Sundays(weeks: Vec<(Moment, usize, usize)>) -> impl IntoView {
    let (w, base, high): (f64, f64, f64) = (252.0, 108.0, 72.0);
    let step = w / weeks.len().max(1) as f64;
    let whole = weeks.iter().filter(|(_, seen, owed)| seen >= owed).count();
    let label = format!(
        "Share of tenants attested on each of {} Sundays. All tenants on {whole}. {}",
        weeks.len(),
        weeks
            .iter()
            .filter(|(_, seen, owed)| seen < owed)
            .map(|(at, seen, owed)| format!("{}: {seen} of {owed}.", words::date(*at)))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let mut month = String::new();
    let bars = weeks
        .iter()
        .enumerate()
        .map(|(i, (at, seen, owed))| {
            let x = step * i as f64;
            let share = *seen as f64 / (*owed).max(1) as f64;
            let tall = high * share.min(1.0);
            let name = at.utc().format("%b").to_string();
            let new_month = name != month;
            month.clone_from(&name);
            let named = new_month && (at.utc().format("%m").to_string().parse::<u32>().unwrap_or(0)).is_multiple_of(3);
            view! {
                <rect class="cell" x=px(x) y=px(base - tall) width=px(step * 0.72) height=px(tall) />
                {(seen < owed)
                    .then(|| {
                        let gap_y = if *seen == 0 { base - 4.0 } else { base - high };
                        view! { <rect class="gap" x=px(x) y=px(gap_y) width=px(step * 0.72) height="4" /> }
                    })}
                {named.then(|| view! { <text x=px(x) y="124">{name}</text> })}
            }
        })
        .collect_view();
    view! {
        <figure class="trend sundays">
            <figcaption>"Share of tenants"</figcaption>
            <svg class="chart" viewBox="0 0 252 128" role="img" aria-label=label>
                {bars}
                <path class="base" d="M0 108H252" />
            </svg>
        </figure>
    }
}
