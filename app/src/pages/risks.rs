//! The risk assessment summary of a quarter: one page made of records, to which people add comments alone.

use domain::{
    risk::{LONGEST, Line, Summary},
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::risks::{RisksPage, address, load},
    parts::{
        Demo, ErrorNote, PageHead, SealKind, SealNote, Section, Shape, StateMark, Statement, When, drill_href, loaded,
        review_href,
    },
};

#[component]
pub fn RisksNow() -> impl IntoView {
    page(None)
}

#[component]
pub fn RisksOfQuarter() -> impl IntoView {
    page(use_params_map().get_untracked().get("quarter"))
}

fn page(quarter: Option<String>) -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("risks", async move { load(quarter, &query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: RisksPage) -> impl IntoView {
    let quarter = page.quarter.clone();
    let title = format!("Risk assessment, {quarter}");
    let Some(summary) = page.summary.clone() else {
        return view! {
            <PageHead eyebrow=|| "Made of records, quarter by quarter" title=title />
            <Statement>{format!("The risk assessment of {quarter} is not sealed yet.")}</Statement>
        }
        .into_any();
    };
    let says = summary.sentence();
    let demo = summary.demo;
    let sign = page.review.as_ref().filter(|r| page.works && r.standing.mark(page.now).asks()).map(|r| {
        view! { <a class="button primary" href=review_href(&r.subject)>"Review it"</a> }
    });
    let pdf = page.sealed.is_some().then(|| {
        let href = format!("{}/summary.pdf", address(&quarter));
        view! { <a class="button" href=href download>"As a PDF"</a> }
    });
    let margin = page.sealed.clone().map(|s| {
        let note = format!("Version {}", s.value.version);
        view! { <SealNote seal=s.seal kind=SealKind::Record note=note.clone() what=format!("risk assessment {}", s.id) /> }
    });
    let signed = page.review.as_ref().and_then(|r| r.signed()).map(|s| {
        let says = format!(
            "version {} signed by {}, {}",
            s.statement.document.version,
            s.statement.signer.name,
            words::date(s.at())
        );
        view! { <StateMark state=Shape::Disc word=says /> }
    });
    let sealed = page.sealed.as_ref().map(|s| {
        let says = format!(
            "Version {} was sealed on {} UTC by {}.",
            s.value.version,
            words::date_time(s.value.occurred_at),
            s.value.by
        );
        view! { <p class="meta-line" id="sealed"><span>{says}</span> {signed}</p> }
    });
    let form = page.works.then(|| {
        let seen = page.sealed.as_ref().map(|s| s.seal.seq.to_string()).unwrap_or_default();
        view! {
            <Section title="Comment, and seal" id="comment">
                <form class="accept measure-width" method="post" action="/risks/seal">
                    <input type="hidden" name="quarter" value=quarter.clone() />
                    <input type="hidden" name="seen" value=seen />
                    <p class="field wide">
                        <label for="words">"Comment, where there is something to say"</label>
                        <textarea id="words" name="words" rows="3" maxlength=LONGEST.to_string()>{page.words.clone()}</textarea>
                    </p>
                    <p><button class="button" type="submit">"Seal it as it stands"</button></p>
                    <p class="second">"What stands above comes from records and is not edited. The owner signs what was sealed."</p>
                </form>
            </Section>
        }
    });
    let others: Vec<String> = page.quarters.iter().filter(|q| **q != page.quarter).cloned().collect();
    let others = (!others.is_empty()).then(|| {
        let links = others.into_iter().map(|q| view! { <li><a href=address(&q)>{q.clone()}</a></li> }).collect_view();
        view! { <nav class="quarters" aria-label="Quarters"><ul>{links}</ul></nav> }
    });
    view! {
        <PageHead eyebrow=|| "Made of records, quarter by quarter" title=title>{pdf} {sign}</PageHead>
        {page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=margin.into_any()>{says} " " <Demo demo=demo /></Statement>
        {sealed}
        {others}
        <Lines title="Drills" lines=summary.drills.clone() none="No drill was held in this quarter." />
        <Lines title="Incidents" lines=summary.incidents.clone() none="No loss was declared in this quarter." />
        <Lines title="Missed" lines=summary.misses.clone() none="No promise was missed." />
        <Lines title="Open risks" lines=summary.open.clone() none="No finding is open." />
        <Lines title="Accepted" lines=summary.accepted.clone() none="Nothing is accepted." />
        <Comments summary=summary />
        {form}
    }
    .into_any()
}

#[component]
fn Lines(title: &'static str, lines: Vec<Line>, none: &'static str) -> impl IntoView {
    if lines.is_empty() {
        return view! { <Section title=title><p class="foot measure-width">{none}</p></Section> }.into_any();
    }
    let rows = lines
        .into_iter()
        .map(|line| {
            let record = match line.record.as_str() {
                id if id.starts_with("D-") => view! { <a href=drill_href(id)>{id.to_owned()}</a> }.into_any(),
                id if id.starts_with("I-") => {
                    view! { <a href=crate::api::incidents::address(id)>{id.to_owned()}</a> }.into_any()
                }
                id if id.starts_with("F-") => {
                    view! { <a href=format!("/findings#{id}")>{id.to_owned()}</a> }.into_any()
                }
                other => other.to_owned().into_any(),
            };
            let shape = Shape::from(line.verdict);
            view! {
                <tr>
                    <td class="w-20">{record}</td>
                    <td class="said">{line.says}</td>
                    <td class="state-cell w-15"><StateMark state=shape word=line.word /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title=title>
            <div class="measure-width"><table class="table tight">
                <thead class="unseen-head"><tr><th scope="col" class="w-20">"Record"</th><th scope="col">"What it says"</th><th scope="col" class="w-15">"State"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </Section>
    }
    .into_any()
}

#[component]
fn Comments(summary: Summary) -> impl IntoView {
    (!summary.comments.is_empty()).then(|| {
        let each = summary
            .comments
            .into_iter()
            .map(|c| view! { <li class="spoken"><p>{c.says}</p><p class="second">{c.by} ", " <When at=c.at /> " UTC"</p></li> })
            .collect_view();
        view! { <Section title="Comments"><ul class="measure-width">{each}</ul></Section> }
    })
}
