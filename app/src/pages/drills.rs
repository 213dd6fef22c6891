//! The drills: what was rehearsed, how long it took, and against what.

use domain::{drill::Drill, record::Sealed, target::Scenario, verdict::Verdict, words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        self, Frame,
        drills::{Ask, DrillsPage},
    },
    parts::{
        Bullet, Computed, Empty, FilterBar, FilterSelect, FilterToggle, PageHead, Say, SealKind, SealNote, Section,
        Shape, StateMark, Statement, Tested, TrendChart, UnderWay, When, capital, drill_href, loaded, plural,
    },
};

#[component]
pub fn Drills() -> impl IntoView {
    let ask = Ask::read(&use_query_map().read_untracked());
    loaded("drills", api::drills::list(ask), page)
}

fn page(page: DrillsPage, frame: Frame) -> impl IntoView {
    let all = page.promises.drills.len();
    let charts: Vec<_> = Scenario::ALL
        .into_iter()
        .filter(|s| page.ask.scenario.is_none_or(|asked| asked == *s))
        .filter_map(|s| page.promises.target(s).map(|t| (s, t.rto_ms)))
        .map(|(s, rto_ms)| (s, rto_ms, page.promises.trend(s, page.period)))
        .filter(|(_, _, points)| !points.is_empty())
        .collect();
    let trends = (!charts.is_empty()).then(|| {
        view! {
            <Section title="Restore time against RTO" note="minutes unless said; each panel has its own scale; a ring marks a quarter not exercised">
                <div class="trends broad measure-width">
                    {charts
                        .into_iter()
                        .map(|(s, rto_ms, points)| {
                            view! { <TrendChart caption=s.title() points=points promise_ms=rto_ms wide=true /> }
                        })
                        .collect_view()}
                </div>
            </Section>
        }
    });
    let says = statement(&page.promises.drills);
    let filter = filter(&page, all);
    let list = if page.shown.is_empty() {
        let detail = if all == 0 {
            "passmuster drill runs one and files it here.".to_owned()
        } else {
            format!("{all} drills were looked at.")
        };
        view! { <Empty sentence="No drill to show." detail=detail /> }.into_any()
    } else {
        table(&page.shown).into_any()
    };
    view! {
        <PageHead
            eyebrow=|| "Quarterly, on a tenant drawn at random, never a customer’s · controls CC7.5, A1.2, A1.3"
            title="Drills"
        />
        <UnderWay live=frame.live.clone() />
        <Statement margin=view! { <Computed head=frame.head.clone() /> }.into_any()>
            {says}
        </Statement>
        {trends}
        <Section title="Restores, newest first">
            {filter}
            {list}
        </Section>
    }
}

fn statement(drills: &[Sealed<Drill>]) -> impl IntoView + use<> {
    let finished: Vec<&Drill> =
        drills.iter().map(|d| &d.value).filter(|d| d.abandoned.is_none() && d.measured.is_some()).collect();
    if finished.is_empty() {
        return view! { "No drill has measured a restore yet." }.into_any();
    }
    let mut quarters: Vec<&str> = finished.iter().map(|d| d.quarter.as_str()).collect();
    quarters.sort_unstable();
    quarters.dedup();
    let late: Vec<&&Drill> = finished.iter().filter(|d| d.verdict.rto == Verdict::Missed).collect();
    let in_time = finished.len() - late.len();
    let opening = format!(
        "{} in {}. ",
        capital(&plural(finished.len(), "restore", "restores")),
        plural(quarters.len(), "quarter", "quarters")
    );
    let rest = match late[..] {
        [] if finished.len() == 1 => view! { "It came back " <Say state=Shape::Disc words="in time" /> "." }.into_any(),
        [] => view! { "All came back " <Say state=Shape::Disc words="in time" /> "." }.into_any(),
        [one] => {
            let over = one.measured.as_ref().map_or(0, |m| m.restore_ms - one.plan.rto_ms);
            let since =
                finished.iter().filter(|d| d.scenario == one.scenario && d.occurred_at > one.occurred_at).count();
            let after = match since {
                0 => ".".to_owned(),
                1 => ", and the one since has been in time.".to_owned(),
                n => format!(", and the {} of its kind since have been in time.", words::number(n)),
            };
            let first = if in_time > 0 {
                format!("{} came back in time; ", capital(&words::number(in_time)))
            } else {
                String::new()
            };
            view! { {first} <Say state=Shape::Square words="one missed" /> " by " {words::duration(over)} {after} }
                .into_any()
        }
        _ => view! {
            {capital(&words::number(in_time))} " came back in time; "
            <Say state=Shape::Square words=format!("{} missed", words::number(late.len())) /> "."
        }
        .into_any(),
    };
    let abandoned = drills.iter().filter(|d| d.value.abandoned.is_some()).count();
    let early = (abandoned > 0).then(|| {
        let verb = if abandoned == 1 { "was" } else { "were" };
        format!(" {} {verb} abandoned.", capital(&plural(abandoned, "drill", "drills")))
    });
    view! { {opening} {rest} {early} }.into_any()
}

fn filter(page: &DrillsPage, all: usize) -> impl IntoView + use<> {
    let ask = page.ask;
    let toggles = page
        .counts
        .into_iter()
        .filter(|(v, n)| *n > 0 || ask.verdict == Some(*v))
        .map(|(verdict, count)| {
            let on = ask.verdict == Some(verdict);
            let href = ask.address((!on).then_some(verdict));
            view! { <FilterToggle href=href on=on count=count state=verdict word=verdict.word() /> }
        })
        .collect_view();
    let mut options = vec![(String::new(), "any scenario".to_owned())];
    options.extend(Scenario::ALL.into_iter().map(|s| (s.id().to_owned(), s.title().to_owned())));
    let kept = ask.verdict.and_then(|v| api::drills::VERDICTS.into_iter().find(|(w, _)| *w == v));
    view! {
        <FilterBar action="/drills" result=format!("{} of {all}", page.shown.len())>
            {toggles}
            {kept.map(|(_, id)| view! { <input type="hidden" name="verdict" value=id /> })}
            <FilterSelect
                name="scenario"
                word="of"
                label="Scenario"
                options=options
                chosen=ask.scenario.map(Scenario::id).unwrap_or_default()
            />
        </FilterBar>
    }
}

fn table(shown: &[Sealed<Drill>]) -> impl IntoView + use<> {
    let rows = shown
        .iter()
        .map(|d| {
            let drill = &d.value;
            let href = drill_href(&d.id);
            let verdict = drill.verdict.overall();
            let not_drawn = if drill.by_hand() { "by hand" } else { "not drawn" };
            let tenant = drill.draw.as_ref().map_or(not_drawn.to_owned(), |draw| draw.chosen.clone());
            let time = match &drill.measured {
                Some(m) => view! {
                    <div class="with-bullet">
                        <span>
                            {words::duration(m.restore_ms)}
                            " "
                            <span class="second">"of " {words::duration(drill.plan.rto_ms)}</span>
                        </span>
                        <Bullet measured_ms=m.restore_ms promise_ms=drill.plan.rto_ms verdict=drill.verdict.rto />
                    </div>
                }
                .into_any(),
                None => view! { "not measured" }.into_any(),
            };
            let lost = drill.measured.as_ref().and_then(|m| m.rpo_ms).map_or("not measured".to_owned(), words::duration);
            let day = words::long_date(drill.occurred_at);
            let word = if drill.abandoned.is_some() { "abandoned" } else { verdict.word() };
            view! {
                <tr>
                    <th scope="row">
                        <a href=href.clone()><When at=drill.occurred_at show=words::date(drill.occurred_at) /></a>
                        <span class="second"><Tested demo=drill.demo abandoned=drill.abandoned.is_some() /></span>
                    </th>
                    <td>{drill.scenario.title()}</td>
                    <td class="wide-only"><code>{tenant}</code></td>
                    <td>{time}</td>
                    <td class="hide-phone short">{lost}</td>
                    <td class="state-cell"><StateMark state=verdict word=word /></td>
                    <td class="sl"><SealNote seal=d.seal.clone() kind=SealKind::Line what=format!("the drill of {day}") open=href /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th class="w-12" scope="col">"Date"</th>
                    <th scope="col">"Scenario"</th>
                    <th class="w-12 wide-only" scope="col">"Tenant drawn"</th>
                    <th class="w-20" scope="col">"Time to restore, of RTO"</th>
                    <th class="w-10" scope="col">"Data lost"</th>
                    <th class="w-10" scope="col">"Verdict"</th>
                    <td class="sl"></td>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="foot measure-width">"The upright is the RTO; a bar that crosses it is late."</p>
    }
}
