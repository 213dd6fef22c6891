//! One control: the evidence expected, the period's coverage, the gaps, and the records themselves.

use domain::{
    Moment,
    control::{
        Evidence,
        answer::{Answer, Mark, sentence},
    },
    schedule::Period,
    words,
};
use leptos::prelude::*;

use super::controls::shape;
use crate::{
    api::controls::{ControlPage, Line, Missed, one},
    parts::{
        self, Coverage, CoverageHead, Demo, PageHead, SealKind, SealNote, Section, Shape, StateMark, Statement,
        Waiting, loaded, param, query,
    },
};

#[component]
pub fn Control() -> impl IntoView {
    let (id, all) = (param("id"), query("records").as_deref() == Some("all"));
    loaded("controls", async move { one(&id, all).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: ControlPage) -> impl IntoView {
    let standing = page.standing();
    let control = standing.control;
    let id = control.id();
    let doors = page
        .controls
        .iter()
        .map(|c| {
            let here = (c.control == control).then_some("page");
            view! {
                <li>
                    <a href=format!("/controls/{}", c.control.id()) aria-current=here>
                        <b>{c.control.id()}</b>
                        {c.control.short()}
                        <br />
                        <StateMark state=shape(c.overall) word=c.overall.word() />
                    </a>
                </li>
            }
        })
        .collect_view();
    let newest = standing.answers.iter().filter_map(|a| a.newest.clone()).max_by_key(|(at, _)| *at);
    let margin = match newest {
        Some((_, seal)) => view! { <SealNote seal=seal kind=SealKind::Record note="Newest evidence" what=format!("Newest evidence under {id}") /> }.into_any(),
        None => view! { <Waiting why="nothing to seal yet" /> }.into_any(),
    };
    let says = format!("{} {}", standing.asks, sentence(&standing.answers));
    let rows = standing.answers.iter().map(|a| row(a, page.period, page.now)).collect_view();
    view! {
        <PageHead
            eyebrow=move || view! { <a href="/controls">"Controls"</a> " / " {id} }
            title=format!("{id}  {}", control.title())
        >
            {page.may_ask.then(|| view! { <a class="button" href=format!("/requests?about={id}#ask")>"Ask about this"</a> })}
            <a class="button" href=format!("/evidence?controls%5B%5D={id}#form")>"Bundle this control"</a>
        </PageHead>
        <nav class="measure-width" aria-label="Controls"><ul class="doors">{doors}</ul></nav>
        <Statement margin=margin>{says}</Statement>
        <Section title="Evidence" over_table=true>
            <table class="table grid-table dated">
                <thead>
                    <tr>
                        <th class="w-20" scope="col"><span class="unseen">"Evidence"</span></th>
                        <th class="w-10 hide-phone" scope="col">"Expected"</th>
                        <th class="hide-phone" scope="col">
                            <span class="unseen">{format!("From {} to {}", words::date(page.period.from), words::date(page.period.last_day()))}</span>
                            <CoverageHead period=page.period />
                        </th>
                        <th class="w-10" scope="col">"Latest"</th>
                        <th class="w-8" scope="col">"State"</th>
                        <th class="sl"><span class="unseen">"Seal of the latest"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <Legend />
        </Section>
        <Gaps missed=page.missed company=page.company />
        <Records id=id lines=page.lines in_all=page.lines_in_all />
    }
}

fn row(answer: &Answer, period: Period, now: Moment) -> impl IntoView + use<> {
    let kind = answer.evidence;
    let marks = answer
        .marks
        .iter()
        .map(|mark| match *mark {
            Mark::Event(at) if kind == Evidence::Gaps => parts::Mark::Event(at, Shape::Square),
            Mark::Event(at) => parts::Mark::Event(at, Shape::Disc),
            Mark::Cover(span) => parts::Mark::Cover(span.from, span.to),
            Mark::Gap(span) => parts::Mark::Gap(span.from, span.to),
        })
        .collect();
    let (date, age) = match &answer.newest {
        Some((at, _)) => (words::date(*at), words::from_now(*at, now)),
        None => ("never".to_owned(), String::new()),
    };
    let seal = match answer.newest.clone() {
        Some((_, seal)) => view! { <SealNote seal=seal what=format!("Newest of {}", kind.title()) /> }.into_any(),
        None => view! { <Waiting why="nothing to seal" /> }.into_any(),
    };
    let gaps = (answer.gaps > 0).then(|| {
        let says = parts::plural(answer.gaps, "gap", "gaps");
        view! { <span class="second"><a href="#gaps">{says}</a></span> }
    });
    let strip = format!("{}: {}", kind.title(), answer.says);
    view! {
        <tr>
            <th scope="row"><a href=page_of(kind)>{kind.title()}</a><span class="second">{answer.says.clone()}</span></th>
            <td class="hide-phone">{answer.expected}<span class="second">{format!("{} on record", words::count(i64::try_from(answer.count).unwrap_or(0)))}</span></td>
            <td class="hide-phone"><Coverage period=period now=now marks=marks says=strip /></td>
            <td>{date}<span class="second">{age}</span></td>
            <td class="state-cell"><StateMark state=shape(answer.freshness) word=answer.freshness.word() />{gaps}</td>
            <td class="sl">{seal}</td>
        </tr>
    }
}

fn page_of(kind: Evidence) -> &'static str {
    match kind {
        Evidence::Attestations => "/backups",
        Evidence::Drills => "/drills",
        Evidence::Findings => "/findings",
        Evidence::Gaps => "/backups#gaps",
        Evidence::Runbooks => "/runbook",
        Evidence::Reports => "/backups#judged",
        Evidence::Checklists => "/checklist",
        Evidence::Incidents => "/incidents",
    }
}

#[component]
fn Legend() -> impl IntoView {
    view! {
        <p class="legend strip-legend hide-phone">
            <span><StateMark state=Shape::Disc word="recorded event" /></span>
            <span>
                <svg class="coverage swatch" viewBox="0 0 20 10" aria-hidden="true"><rect class="span" y="1" width="20" height="8" /></svg>
                "continuous cover"
            </span>
            <span>
                <svg class="coverage swatch" viewBox="0 0 20 10" aria-hidden="true">
                    <rect class="gap-box" x=".5" y=".5" width="19" height="9" />
                </svg>
                "gap"
            </span>
        </p>
    }
}

#[component]
fn Gaps(missed: Vec<Missed>, company: String) -> impl IntoView {
    (!missed.is_empty()).then(|| {
        let count = missed.len();
        let rows = missed
            .into_iter()
            .map(|m| {
                let answer = match m.finding {
                    Some((id, title)) => {
                        view! { <a href=format!("/findings#{id}")>{id.clone()}</a> " " {title} }.into_any()
                    }
                    None => "No finding follows it up.".into_any(),
                };
                let seal = match m.seal {
                    Some(seal) => view! { <SealNote seal=seal what=format!("Gap of {}", m.when) /> }.into_any(),
                    None => view! { <Waiting why="computed from the approvals" /> }.into_any(),
                };
                view! {
                    <tr>
                        <th scope="row">
                            <StateMark state=Shape::Square word="gap" />
                            <span class="second">{m.when.clone()}</span>
                        </th>
                        <td>{m.says} " " <Demo demo=m.demo /></td>
                        <td>{answer}</td>
                        <td class="sl">{seal}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <Section
                title=format!("Gaps, with {company}’s answer")
                over_table=true
                note=format!("{count} in the audit period")
                id="gaps"
            >
                <table class="table dated">
                    <thead>
                        <tr>
                            <th class="w-10" scope="col"><span class="unseen">"When it was due"</span></th>
                            <th class="w-35" scope="col"><span class="unseen">"What is missing"</span></th>
                            <th scope="col"><span class="unseen">"Followed up by"</span></th>
                            <th class="sl"><span class="unseen">"Seal"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </Section>
        }
    })
}

#[component]
fn Records(id: &'static str, lines: Vec<Line>, in_all: usize) -> impl IntoView {
    let shown = lines.len();
    let rows = lines
        .into_iter()
        .map(|line| {
            let json = line.json.map(|href| view! { <a href=href>"JSON"</a> });
            let seal =
                line.seal.map(|seal| view! { <SealNote seal=seal kind=SealKind::Line what=line.title.clone() /> });
            view! {
                <tr>
                    <td>{words::date(line.at)}</td>
                    <th scope="row"><a href=line.href>{line.title}</a></th>
                    <td>{line.kind}</td>
                    <td class="state-cell">{json}</td>
                    <td class="sl">{seal}</td>
                </tr>
            }
        })
        .collect_view();
    let more =
        (shown < in_all).then(|| view! { " " <a href=format!("/controls/{id}?records=all#records")>"Show all"</a> });
    view! {
        <Section title="Records" over_table=true id="records">
            <table class="table tight records dated">
                <thead>
                    <tr>
                        <th class="w-10" scope="col"><span class="unseen">"Date"</span></th>
                        <th scope="col"><span class="unseen">"Record"</span></th>
                        <th class="w-12" scope="col">"Kind"</th>
                        <th class="w-10" scope="col">"Download"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">{format!("1 to {shown} of {in_all}.")} {more}</p>
        </Section>
    }
}
