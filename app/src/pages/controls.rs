//! Every control: what it asks, and how its evidence stands.

use domain::{
    control::answer::{Freshness, sentence},
    words,
};
use leptos::prelude::*;

use crate::{
    api::controls::{ControlsPage, Standing, list},
    parts::{PageHead, Say, SealKind, SealNote, Section, Shape, StateMark, Statement, Waiting, loaded, plural},
};

#[component]
pub fn Controls() -> impl IntoView {
    loaded("controls", list(), |page, _| view! { <Body page=page /> })
}

pub(super) fn shape(freshness: Freshness) -> Shape {
    match freshness {
        Freshness::Fresh => Shape::Disc,
        Freshness::Ageing => Shape::Triangle,
        Freshness::Gap => Shape::Square,
        Freshness::NoneYet => Shape::Ring,
    }
}

#[component]
fn Body(page: ControlsPage) -> impl IntoView {
    let of = |freshness| page.controls.iter().filter(|c| c.overall == freshness).count();
    let (gap, ageing, none, fresh) =
        (of(Freshness::Gap), of(Freshness::Ageing), of(Freshness::NoneYet), of(Freshness::Fresh));
    let total = page.controls.len();
    let mut parts: Vec<AnyView> = Vec::new();
    for (n, freshness, one, more) in [
        (gap, Freshness::Gap, "has a gap", "have gaps"),
        (ageing, Freshness::Ageing, "is ageing", "are ageing"),
        (none, Freshness::NoneYet, "has no evidence yet", "have no evidence yet"),
        (fresh, Freshness::Fresh, "is answered and fresh", "are answered and fresh"),
    ] {
        if n > 0 {
            let words = format!("{} {}", words::number(n), if n == 1 { one } else { more });
            if !parts.is_empty() {
                parts.push(", ".into_any());
            }
            parts.push(view! { <Say state=shape(freshness) words=words /> }.into_any());
        }
    }
    let newest = page
        .controls
        .iter()
        .flat_map(|c| &c.answers)
        .filter_map(|a| a.newest.clone())
        .max_by_key(|(_, seal)| seal.seq)
        .map(|(_, seal)| seal);
    let margin = match newest {
        Some(seal) => {
            view! { <SealNote seal=seal kind=SealKind::Record note="Newest evidence" what="The newest evidence" /> }
                .into_any()
        }
        None => view! { <Waiting why="nothing to seal yet" /> }.into_any(),
    };
    let rows = page.controls.iter().map(row).collect_view();
    view! {
        <PageHead
            eyebrow=move || format!(
                "SOC 2, security and availability · {} to {}",
                words::date(page.period.from),
                words::date(page.period.last_day())
            )
            title="Controls"
        />
        <Statement margin=margin>{format!("Of {}, ", plural(total, "control", "controls"))} {parts} "."</Statement>
        <Section title="Control" over_table=true>
            <table class="table dated">
                <thead>
                    <tr>
                        <th class="w-20" scope="col"><span class="unseen">"Control"</span></th>
                        <th scope="col">"What it asks, and what answers it"</th>
                        <th class="w-6 num hide-phone" scope="col">"Records"</th>
                        <th class="w-10" scope="col">"Newest"</th>
                        <th class="w-8" scope="col">"State"</th>
                        <th class="sl"><span class="unseen">"Seal of the newest"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">
                "Fresh: every kind of evidence is there and newer than its cadence. Ageing: one is older, or a date has passed. Gap: something due in the period is not there. None yet: nothing was recorded. A record that answers two controls is counted under both."
            </p>
        </Section>
    }
}

fn row(standing: &Standing) -> impl IntoView + use<> {
    let control = standing.control;
    let id = control.id();
    let records: usize = standing.answers.iter().map(|a| a.count).sum();
    let newest = standing.answers.iter().filter_map(|a| a.newest.clone()).max_by_key(|(at, _)| *at);
    let date = newest.as_ref().map_or_else(|| "never".to_owned(), |(at, _)| words::date(*at));
    let seal = match newest {
        Some((_, seal)) => {
            view! { <SealNote seal=seal kind=SealKind::Line what=format!("Newest evidence under {id}") /> }.into_any()
        }
        None => view! { <Waiting why="nothing to seal" /> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/controls/{id}")><b>{id}</b> " " {control.title()}</a>
            </th>
            <td>{standing.asks.clone()}<span class="second">{sentence(&standing.answers)}</span></td>
            <td class="num hide-phone">{records}</td>
            <td>{date}</td>
            <td class="state-cell"><StateMark state=shape(standing.overall) word=standing.overall.word() /></td>
            <td class="sl">{seal}</td>
        </tr>
    }
}
