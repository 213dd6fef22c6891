//! What people wrote and pressed in a drill.

use domain::{drill::LogLine, words};
use leptos::prelude::*;

use super::{Section, When};

/// The log of a drill that has ended, newest first; nothing where nobody wrote.
#[component]
pub fn LogSection(lines: Vec<LogLine>, seal: AnyView) -> impl IntoView {
    if lines.is_empty() {
        return ().into_any();
    }
    let mut seal = Some(seal);
    let rows = lines
        .into_iter()
        .rev()
        .map(|line| {
            view! {
                <tr>
                    <td class="w-12"><When at=line.at show=format!("{}Z", words::time(line.at)) /></td>
                    <td class="log-says">{line.sentence()}</td>
                    <td class="sl">{seal.take()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Log" note="newest first, stamped by the portal">
            <table class="table tight log">
                <thead class="unseen-head">
                    <tr>
                        <th class="w-12" scope="col">"When, UTC"</th>
                        <th scope="col">"What was written or pressed"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

/// That a drill is under way, and the way to it.
#[component]
pub fn UnderWay(live: Option<String>) -> impl IntoView {
    live.map(|id| {
        view! {
            <p class="under-way measure-width">
                <span class="live-mark">"A drill is under way."</span>
                " "
                <a href=format!("{}/live", super::drill_href(&id))>"Follow it"</a>
            </p>
        }
    })
}
