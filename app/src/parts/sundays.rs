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
    let skipped = weeks.iter().rposition(|(_, seen, owed)| *seen == 0 && *owed > 0);
    let absent = weeks.iter().rposition(|(_, seen, owed)| *seen > 0 && seen < owed);
    let day = |at: Moment| at.utc().format("%-d %b").to_string();
    let leader = |week: usize, words: String, y: f64, to: f64| {
        let x = step * (week as f64 + 0.36);
        let (anchor, tx) = if x > w / 2.0 { ("end", x - 4.0) } else { ("start", x + 4.0) };
        view! {
            <path class="lead" d=format!("M{} {}V{}", px(x), px(y - 10.0), px(to)) />
            <text x=px(tx) y=px(y) text-anchor=anchor>{words}</text>
        }
    };
    let skipped = skipped.map(|i| leader(i, format!("{}: run skipped", day(weeks[i].0)), 12.0, base - 6.0));
    let absent = absent.map(|i| {
        let (at, seen, owed) = weeks[i];
        leader(i, format!("{}: {} absent", day(at), words::number(owed - seen)), 28.0, base - high - 2.0)
    });
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
                {skipped}
                {absent}
                {bars}
                <path class="base" d="M0 108H252" />
            </svg>
        </figure>
    }
}
