//! The runbook line by line, to be read aloud: a line that does not hold any more is marked, and each mark is kept as
//! it is made.

use domain::{
    bench::Duty,
    reading::{LONGEST_WHY, Line, Reading, Stale},
    record::Sealed,
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::checklist::{ReadingPage, address, read_aloud},
    parts::{Demo, ErrorNote, PageHead, SealKind, SealNote, Section, Shape, StateMark, Statement, loaded, plural},
};

#[component]
pub fn ReadingAloud() -> impl IntoView {
    let (params, query) = (use_params_map().get_untracked(), use_query_map().get_untracked());
    let quarter = params.get("quarter").unwrap_or_default();
    loaded("checklist", async move { read_aloud(quarter, &query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: ReadingPage) -> impl IntoView {
    let quarter = page.quarter.name.clone();
    let version = page.version.value.version.clone();
    let title = format!("{}, read aloud", page.title);
    let (says, seal) = match &page.reading {
        None => (
            "It was not read in this quarter yet. Read it together, line by line, and mark what does not hold any more."
                .to_owned(),
            page.version.seal.clone(),
        ),
        Some(reading) => (statement(&reading.value), reading.seal.clone()),
    };
    let note = if page.reading.is_some() { "The reading" } else { "The version" };
    let demo = page.reading.as_ref().is_some_and(|reading| reading.value.demo);
    let open = page.works && page.reading.as_ref().is_some_and(|r| r.value.ended_at.is_none());
    let end = open.then(|| {
        let (quarter, version) = (quarter.clone(), version.clone());
        view! {
            <form class="close-quarter measure-width" method="post" action="/checklist/end">
                <input type="hidden" name="quarter" value=quarter />
                <input type="hidden" name="version" value=version />
                <button class="button primary" type="submit">"We have read it to the end"</button>
                <p class="second">"The marks are kept already. What is marked opens a finding until a version without these lines is in force."</p>
            </form>
        }
    });
    let begin = (page.works && page.reading.is_none())
        .then(|| view! { <Begin quarter=quarter.clone() known=page.known.clone() /> });
    let back = address(&quarter);
    view! {
        <PageHead eyebrow=move || view! { <a href=back.clone()>{format!("Checklist {}", quarter.clone())}</a> {format!(" · version {version}")} }.into_any() title=title />
        {page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=view! { <SealNote seal=seal kind=SealKind::Record note=note what=note /> }.into_any()>
            {says} " " <Demo demo=demo />
        </Statement>
        {begin}
        <Section title="The text" id="text">
            <ol class="read-aloud measure-width">
                {page.lines.iter().map(|line| spoken(&page, line, open)).collect_view()}
            </ol>
        </Section>
        {end}
    }
}

fn statement(reading: &Reading) -> String {
    let marked = match reading.stale.len() {
        0 => "no line is marked".to_owned(),
        n => format!("{} marked as stale", plural(n, "line is", "lines are")),
    };
    let who = reading.people.join(", ");
    match reading.ended_at {
        Some(ended) => format!("Read on {} by {who}; {marked}.", words::date(ended)),
        None => format!("{who} are reading it since {} UTC; {marked} so far.", words::date_time(reading.occurred_at)),
    }
}

fn spoken(page: &ReadingPage, line: &Line, open: bool) -> impl IntoView + use<> {
    let of_it = |reading: &Sealed<Reading>| reading.value.stale.iter().find(|s| s.line == line.number).cloned();
    let stale = page.reading.as_ref().and_then(of_it);
    let number = line.number;
    let hidden = {
        let (quarter, version) = (page.quarter.name.clone(), page.version.value.version.clone());
        move || {
            view! {
                <input type="hidden" name="quarter" value=quarter.clone() />
                <input type="hidden" name="version" value=version.clone() />
                <input type="hidden" name="line" value=number.to_string() />
            }
        }
    };
    let class = if stale.is_some() { "stale" } else { "" };
    let text = match line.heading {
        Some(_) => view! { <strong>{line.says.clone()}</strong> }.into_any(),
        None => line.says.clone().into_any(),
    };
    let marked = stale.as_ref().map(|Stale { why, by, at, .. }| {
        view! {
            <p class="mark">
                <StateMark state=Shape::Square word="stale" />
                " "
                {why.clone()}
                <span class="second">{format!("{by}, {} UTC", words::date_time(*at))}</span>
            </p>
        }
    });
    let act = open.then(|| match &stale {
        Some(_) => view! {
            <form method="post" action="/checklist/take-back">
                {hidden()}
                <button class="plain" type="submit">"Take it back"<span class="unseen">{format!(", line {number}")}</span></button>
            </form>
        }
        .into_any(),
        None => {
            let id = format!("why-{number}");
            view! {
                <details>
                    <summary>"Stale"<span class="unseen">{format!(", line {number}")}</span></summary>
                    <form class="mark-line" method="post" action="/checklist/mark">
                        {hidden()}
                        <label for=id.clone()>"What holds instead"</label>
                        <input id=id name="why" type="text" required maxlength=LONGEST_WHY.to_string() autocomplete="off" />
                        <button class="button" type="submit">"Mark line "{number}</button>
                    </form>
                </details>
            }
            .into_any()
        }
    });
    view! {
        <li id=format!("line-{number}") class=class value=number.to_string()>
            <div class="line">{text}</div>
            {marked}
            {act}
        </li>
    }
}

/// Who takes part, and who would do what if it happened today.
#[component]
fn Begin(quarter: String, known: Vec<String>) -> impl IntoView {
    let names = known.iter().map(|name| view! { <option value=name.clone()></option> }).collect_view();
    let duties = Duty::ALL
        .into_iter()
        .map(|duty| {
            view! {
                <p class="field">
                    <label for=duty.id()>{duty.title()}</label>
                    <input id=duty.id() name=duty.id() type="text" maxlength="120" list="names" autocomplete="off" />
                </p>
            }
        })
        .collect_view();
    view! {
        <Section title="Begin" id="begin">
            <form class="accept measure-width" method="post" action="/checklist/begin">
                <input type="hidden" name="quarter" value=quarter />
                <datalist id="names">{names}</datalist>
                <p class="field wide">
                    <label for="people">"Who takes part"</label>
                    <textarea id="people" name="people" rows="3" aria-describedby="people-how"></textarea>
                    <span class="second" id="people-how">"One a line. Whoever has a part below takes part as well."</span>
                </p>
                <div class="two">{duties}</div>
                <p><button class="button primary" type="submit">"Begin reading"</button></p>
            </form>
        </Section>
    }
}
