//! Targets: what was promised, what was measured, and what nobody has tried.

use domain::{
    schedule::Quarter,
    target::{Judged, Scenario},
    verdict::Verdict,
    words,
};
use leptos::prelude::*;

use super::overview::target_table;
use crate::{
    api::{
        self, Frame,
        targets::{Promises, TargetsPage},
    },
    parts::{
        Computed, PageHead, Say, SealKind, SealNote, Section, Shape, StateMark, Statement, Tested, Waiting, capital,
        drill_href, loaded, plural,
    },
};

#[component]
pub fn Targets() -> impl IntoView {
    loaded("targets", api::targets::load(), page)
}

fn page(page: TargetsPage, frame: Frame) -> impl IntoView {
    let TargetsPage { promises, quarters, period } = page;
    let version = promises.version.as_ref().map_or("no runbook".to_owned(), |v| format!("runbook {}", v.value.version));
    let eyebrow = move || format!("Promised in {version}; measured by drills, never typed · controls A1.1, A1.2, A1.3");
    let whole: Vec<Quarter> = quarters.into_iter().filter(|q| q.start >= period.from).collect();
    let claims = claims(&promises);
    let says = statement(&promises);
    view! {
        <PageHead eyebrow=eyebrow title="Targets" />
        <Statement margin=view! { <Computed head=frame.head.clone() /> }.into_any()>
            {says}
        </Statement>
        {target_table(&promises)}
        {(!promises.judged.is_empty()).then(|| exercised(&promises, &whole))}
        {claims}
    }
}

fn statement(promises: &Promises) -> impl IntoView + use<> {
    let of = promises.judged.len();
    let count = |f: &dyn Fn(&Judged) -> bool| promises.judged.iter().filter(|j| f(j)).count();
    let measured = count(&|j| j.drill.is_some());
    let untested = of - measured;
    let missed = count(&|j| j.overall == Verdict::Missed);
    if of == 0 {
        return view! { "No recovery target is promised in a runbook you can see." }.into_any();
    }
    let opening = if measured == of {
        format!("Each of {} promised has been tried by a drill", plural(of, "recovery", "recoveries"))
    } else {
        format!(
            "{} of {} promised recoveries {} been tried by a drill",
            capital(&words::number(measured)),
            words::number(of),
            if measured == 1 { "has" } else { "have" }
        )
    };
    let holes = (untested > 0).then(|| {
        let verb = if untested == 1 { "is" } else { "are" };
        view! { "; " <Say state=Shape::Ring words=format!("{} {verb} untested", words::number(untested)) /> }
    });
    let late = (missed > 0).then(|| {
        view! { ", and " <Say state=Shape::Square words=format!("{} missed", words::number(missed)) /> " at the last try" }
    });
    view! { {opening} {holes} {late} "." }.into_any()
}

/// Scenario × quarter: the newest verdict of each, and where nothing was exercised.
fn exercised(promises: &Promises, quarters: &[Quarter]) -> impl IntoView + use<> {
    let heads = quarters.iter().map(|q| view! { <th scope="col">{q.name.clone()}</th> }).collect_view();
    let rows = Scenario::ALL
        .into_iter()
        .filter(|s| promises.target(*s).is_some())
        .map(|scenario| {
            let cells = quarters.iter().map(|q| cell(promises, scenario, q)).collect_view();
            view! {
                <tr>
                    <th scope="row">{scenario.title()}</th>
                    {cells}
                    <td class="sl"></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Exercised, by quarter" over_table=true>
            <table class="table">
                <thead>
                    <tr>
                        <th class="w-25" scope="col"><span class="unseen">"Scenario"</span></th>
                        {heads}
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">"Each scenario is due once a quarter. A ring is a hole: a quarter in which nobody tried, so nothing is known of it."</p>
        </Section>
    }
}

fn cell(promises: &Promises, scenario: Scenario, quarter: &Quarter) -> AnyView {
    let found = promises.measured_in(scenario, quarter);
    let name = quarter.name.clone();
    match found.last() {
        Some(d) => {
            let verdict = d.value.verdict.overall();
            let took = d.value.measured.as_ref().map_or(String::new(), |m| words::duration(m.restore_ms));
            let more = found.len().saturating_sub(1);
            view! {
                <td>
                    <span class="phone-only">{name} " "</span>
                    <StateMark state=verdict word=verdict.word() />
                    <span class="second">
                        <a href=drill_href(&d.id)>{took}</a>
                        {(more > 0).then(|| format!(", {more} earlier"))}
                    </span>
                </td>
            }
            .into_any()
        }
        None if quarter.start > promises.now => {
            view! { <td><span class="phone-only">{name} " "</span><span class="second">"to come"</span></td> }
                .into_any()
        }
        None if quarter.end > promises.now => view! {
            <td>
                <span class="phone-only">{name} " "</span>
                <StateMark state=Shape::Ring word="not yet" />
                <span class="second">"until " {words::date(quarter.end.plus_millis(-1))}</span>
            </td>
        }
        .into_any(),
        None => view! {
            <td><span class="phone-only">{name} " "</span><StateMark state=Shape::Ring word="untested" /><span class="second">"nobody tried"</span></td>
        }
        .into_any(),
    }
}

/// Times the runbook claims beside what was measured.
fn claims(promises: &Promises) -> Option<AnyView> {
    let claimed: Vec<(&Judged, i64)> =
        promises.judged.iter().filter_map(|j| j.target.claimed_ms.map(|ms| (j, ms))).collect();
    if claimed.is_empty() {
        return None;
    }
    let rows = claimed
        .into_iter()
        .map(|(judged, ms)| {
            let measured = judged.drill.as_ref().and_then(|d| d.value.measured.as_ref().map(|m| (d, m.restore_ms)));
            let (shape, word, said) = match measured {
                None => (Shape::Ring, "never measured", view! { "no drill has tried this" }.into_any()),
                Some((d, took)) => {
                    let (shape, word) =
                        if took <= ms { (Shape::Disc, "holds") } else { (Shape::Triangle, "took longer") };
                    let said = view! {
                        <a href=drill_href(&d.id)>{words::duration(took)}</a>
                        <span class="second"><Tested demo=d.value.demo /></span>
                    };
                    (shape, word, said.into_any())
                }
            };
            let seal = match &judged.drill {
                Some(d) => view! { <SealNote seal=d.seal.clone() kind=SealKind::Line what=format!("the drill of {}", words::long_date(d.value.occurred_at)) open=drill_href(&d.id) /> }.into_any(),
                None => view! { <Waiting why="claimed, not measured" /> }.into_any(),
            };
            view! {
                <tr>
                    <th scope="row">{judged.target.scenario.title()}</th>
                    <td>{claim(ms)} <span class="second">"claimed"</span></td>
                    <td>{said}</td>
                    <td class="state-cell"><StateMark state=shape word=word /></td>
                    <td class="sl">{seal}</td>
                </tr>
            }
        })
        .collect_view();
    let view = view! {
        <Section title="Times the runbook claims" over_table=true>
            <table class="table">
                <thead>
                    <tr>
                        <th class="w-30" scope="col"><span class="unseen">"Scenario"</span></th>
                        <th class="w-20" scope="col">"Runbook says"</th>
                        <th class="w-20" scope="col">"Newest drill took"</th>
                        <th scope="col">"Against the claim"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">"A claim is not an achievement: the verdicts above rest on drills alone."</p>
        </Section>
    };
    Some(view.into_any())
}

/// A claim is written in whole minutes: "1 min", not "60 s".
fn claim(ms: i64) -> String {
    if ms < 3_600_000 { format!("{} min", ms / 60_000) } else { words::duration(ms) }
}
