//! The runbook, set as a document; beside each sentence that claims something stands what was observed.

use domain::{
    Moment,
    record::Sealed,
    review::{Review, Standing},
    runbook::{
        FrontMatter, RunbookVersion, Section as Part,
        exercised::{By, Exercised},
        facts::{Fact, Spot, Table},
    },
    words,
};
use leptos::prelude::*;

use super::runbook_edit::Contradicts;
use crate::{
    api::runbook::{RunbookPage, load},
    parts::{
        Demo, Hunks, Observation, PageHead, SealKind, SealNote, Section, Shape, StateMark, Statement, Waiting, loaded,
        param, plural, review_href,
    },
};

/// The version in force.
#[component]
pub fn Runbook() -> impl IntoView {
    page(None)
}

/// One version by its number.
#[component]
pub fn RunbookVersionPage() -> impl IntoView {
    page(Some(param("version")))
}

fn page(version: Option<String>) -> impl IntoView {
    loaded("runbook", load(version), |page, _| {
        match page {
        Some(page) => view! { <Body page=page /> }.into_any(),
        None => view! {
            <PageHead eyebrow=|| "SOC 2 evidence document" title="Runbook" />
            <Statement>"No version of the runbook has been approved in this period; there is no plan to compare with the facts."</Statement>
        }
        .into_any(),
    }
    })
}

#[component]
fn Body(page: RunbookPage) -> impl IntoView {
    let version = page.version().clone();
    let front = page.book.front.clone();
    let controls = front.controls.iter().map(|c| c.id()).collect::<Vec<_>>().join(", ");
    let unwritten: Vec<Fact> = page.facts.iter().filter(|(_, spot)| spot.is_none()).map(|(f, _)| f.clone()).collect();
    let parts = page
        .book
        .sections
        .iter()
        .enumerate()
        .map(|(i, part)| view! { <PartView part=part.clone() at=i facts=placed(&page.facts, i) /> })
        .collect_view();
    let review = page.review.clone();
    let to_sign = review.as_ref().filter(|r| page.signs && r.standing.mark(page.now).asks()).map(|r| {
        let (href, version) = (review_href(&r.subject), r.document.version.clone());
        view! { <a class="button primary" href=href>{format!("Review {version}")}</a> }
    });
    let edit = (page.works && page.shown == 0).then(|| view! { <a class="button" href="/runbook/edit">"Edit"</a> });
    let file = format!("/runbook/versions/{}/runbook.md", version.value.version);
    let stale = (!page.stale.is_empty()).then(|| {
        let rows = page
            .stale
            .iter()
            .map(|s| view! { <li><StateMark state=Shape::Triangle word="stale" /> " " {s.says()}</li> })
            .collect_view();
        view! { <Section title="Stale references"><ul class="reasons measure-width">{rows}</ul></Section> }
    });
    let changed = page.changed.clone().filter(|(_, hunks)| !hunks.is_empty()).map(|(before, hunks)| {
        view! { <Section title=format!("What changed since {before}")><div class="measure-width changes"><Hunks hunks=hunks /></div></Section> }
    });
    let due = page.due.clone().map(|(drill, by)| {
        let over = by < page.now;
        let (shape, word) = if over { (Shape::Square, "overdue") } else { (Shape::Triangle, "due soon") };
        let says = format!(" No version was approved since {drill}. It is due by {}, within a week of the drill.", words::date(by));
        let href = format!("/runbook/edit?drill={}", crate::parts::encoded(&drill));
        view! { <p class="after-drill measure-width"><StateMark state=shape word=word /> {says} " " <a href=href>"Begin with what the drill ran"</a></p> }
    });
    let links = (page.works && page.shown == 0 && page.links > 0).then(|| {
        let found = page.checked.clone().map(|checked| {
            let answers = checked.dead.is_empty().then(|| view! { <p><StateMark state=Shape::Disc word="every link answers" /></p> });
            let dead = checked.dead.into_iter().map(|(link, why)| view! { <li><StateMark state=Shape::Triangle word="stale" /> " " {format!("{link}: {why}.")}</li> }).collect_view();
            view! { <div role="status">{answers} <ul class="reasons">{dead}</ul></div> }
        });
        view! {
            <Section title="Links" note=plural(page.links, "link", "links") id="links">
                <form class="measure-width after-drill" method="post" action="/runbook/links">{found} <button class="button" type="submit">"Ask whether they still answer"</button></form>
            </Section>
        }
    });
    let kit = (page.works && page.shown == 0)
        .then(|| view! { <a class="button" href="/emergency/kit.zip" download>"Emergency kit"</a> });
    view! {
        <PageHead eyebrow=move || format!("SOC 2 evidence document · controls {controls}") title=front.title.clone()>{edit} {kit} {to_sign}</PageHead>
        <Meta front=front version=version review=review in_force=page.shown == 0 now=page.now />
        <div class="runbook">
            <div class="runbook-side">
                <Versions versions=page.versions earlier=page.earlier shown=page.shown />
                <Contents parts=page.book.sections />
                <p class="side-list"><a href=file download>"This version as a file"</a></p>
                <p class="gloss">"A seal in the margin says what was observed, not what was promised. A dashed ring: nothing reports on it yet."</p>
            </div>
            <div class="runbook-text">
                {due}
                <Contradicts all=page.contradictions />
                {stale}
                {parts}
                <ExercisedBy all=page.exercised />
                {links}
                {changed}
                {(!unwritten.is_empty()).then(|| view! { <Unwritten facts=unwritten /> })}
            </div>
        </div>
    }
}

fn placed(facts: &[(Fact, Option<Spot>)], section: usize) -> Vec<(Spot, Fact)> {
    let mut mine: Vec<(Spot, Fact)> = facts
        .iter()
        .filter_map(|(fact, spot)| spot.filter(|s| s.section == section).map(|s| (s, fact.clone())))
        .collect();
    mine.sort_by_key(|(spot, _)| *spot);
    mine
}

#[component]
fn Meta(
    front: FrontMatter,
    version: Sealed<RunbookVersion>,
    review: Option<Review>,
    in_force: bool,
    now: Moment,
) -> impl IntoView {
    let (signed, seal) = review.map(|review| said(&review, now)).unzip();
    let superseded = (!in_force)
        .then(|| view! { <span>"No longer in force; " <a href="/runbook">"read the one that is"</a></span> });
    let value = version.value;
    view! {
        <div class="fact">
            <p class="meta">
                <span>"Version " <b>{value.version.clone()}</b></span>
                <span>"Approved " <b>{words::date(value.occurred_at)}</b></span>
                <span>"Owner " <b>{front.owner}</b></span>
                <span>"Next review " <b>{front.next_review.clone()}</b></span>
                {signed}
                {superseded}
                <Demo demo=value.demo />
            </p>
            <aside class="low" role="note">
                <SealNote seal=version.seal kind=SealKind::Row what=format!("Runbook {}", value.version) />
                {seal}
            </aside>
        </div>
    }
}

/// Who signed this version and until when that holds, or that nobody did; and the seal beside it.
fn said(review: &Review, now: Moment) -> (AnyView, AnyView) {
    let mark = review.standing.mark(now);
    let href = review_href(&review.subject);
    let word = match (&review.standing, review.standing.due()) {
        (Standing::Signed { until: Some(until) }, _) => {
            let by = review.signatures.first().map(|s| s.statement.signer.name.clone()).unwrap_or_default();
            format!("signed by {by}, until {}", words::date(*until))
        }
        (Standing::Replaced, _) => "never signed in the portal".to_owned(),
        (_, Some(due)) if review.signatures.is_empty() => {
            format!("not signed in the portal; review due {}", words::from_now(due, now))
        }
        (_, Some(due)) => format!("review due {}", words::from_now(due, now)),
        _ => mark.word().to_owned(),
    };
    let before = review.before.as_ref().filter(|_| review.signatures.is_empty()).map(|before| {
        view! { <span>{format!("Signed last: {}", before.statement.document.version)}</span> }
    });
    let seal = match review.signatures.first() {
        Some(last) => {
            let (seal, what) = (last.seal.clone(), format!("sign-off {}", last.id));
            view! { <SealNote seal=seal kind=SealKind::Row what=what /> }.into_any()
        }
        None => view! { <Waiting why="not signed in the portal" /> }.into_any(),
    };
    let signed = view! {
        <span><a class="plain-state" href=href><StateMark state=Shape::of_mark(mark) word=word /></a></span>
        {before}
    };
    (signed.into_any(), seal)
}

#[component]
fn Versions(versions: Vec<Sealed<RunbookVersion>>, earlier: Vec<String>, shown: usize) -> impl IntoView {
    let items = versions
        .into_iter()
        .enumerate()
        .map(|(i, v)| {
            let name = if i == 0 { format!("{} in force", v.value.version) } else { v.value.version.clone() };
            let name = if i == shown {
                view! { <b aria-current="true">{name}</b> }.into_any()
            } else {
                view! { <a href=format!("/runbook/versions/{}", v.value.version)>{name}</a> }.into_any()
            };
            let why = if earlier.contains(&v.value.version) { "; in force when the audit period began" } else { "" };
            view! {
                <li>
                    {name}
                    <span class="second">{format!("approved {}, {}{why}", words::date(v.value.occurred_at), v.value.by)}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <nav aria-label="Versions">
            <p class="side-head">"Versions"</p>
            <ul class="side-list ruled">{items}</ul>
        </nav>
    }
}

#[component]
fn Contents(parts: Vec<Part>) -> impl IntoView {
    let items = parts
        .into_iter()
        .filter(|p| p.level == 2 && !p.title.is_empty())
        .map(|p| view! { <li><a href=format!("#{}", p.anchor)>{p.title}</a></li> })
        .collect_view();
    view! {
        <nav aria-label="Contents">
            <p class="side-head">"Contents"</p>
            <ol class="side-list">{items}</ol>
        </nav>
    }
}

/// A heading and its blocks, each beside its facts.
#[component]
fn PartView(part: Part, at: usize, facts: Vec<(Spot, Fact)>) -> impl IntoView {
    let heading = (!part.title.is_empty()).then(|| {
        let (title, anchor) = (part.title.clone(), part.anchor.clone());
        if part.level <= 2 {
            view! { <h2 id=anchor>{title}</h2> }.into_any()
        } else {
            view! { <h3 id=anchor>{title}</h3> }.into_any()
        }
    });
    let blocks = part
        .blocks
        .into_iter()
        .enumerate()
        .map(|(block, html)| {
            let mine: Vec<(Spot, Fact)> =
                facts.iter().filter(|(s, _)| s.section == at && s.block == block).cloned().collect();
            match Table::read(&html) {
                Some(table) => view! { <TableBlock table=table facts=mine /> }.into_any(),
                None => view! { <TextBlock html=html facts=mine /> }.into_any(),
            }
        })
        .collect_view();
    view! {
        <section class="part">
            {heading}
            {blocks}
        </section>
    }
}

#[component]
fn TextBlock(html: String, facts: Vec<(Spot, Fact)>) -> impl IntoView {
    let notes = facts.into_iter().map(|(_, fact)| view! { <Observation fact=fact /> }).collect_view();
    view! {
        <div class="fact">
            <div class="document" inner_html=html></div>
            <aside role="note">{notes}</aside>
        </div>
    }
}

/// A table whose rows stand beside their facts; what concerns no single row stands under it.
#[component]
fn TableBlock(table: Table, facts: Vec<(Spot, Fact)>) -> impl IntoView {
    let columns = table.head.len();
    let labels = table.head.clone();
    let heads = table.head.into_iter().map(|cell| view! { <th scope="col" inner_html=cell></th> }).collect_view();
    let rows = table
        .rows
        .into_iter()
        .enumerate()
        .map(|(row, cells)| {
            let notes = facts
                .iter()
                .filter(|(spot, _)| spot.row == Some(row))
                .map(|(_, fact)| view! { <Observation fact=fact.clone() /> })
                .collect_view();
            // The first column names the row; on a phone the others carry their head with them.
            let cells = cells
                .into_iter()
                .enumerate()
                .map(|(column, cell)| {
                    let label = labels.get(column).filter(|_| column > 0).cloned();
                    view! { <td data-label=label inner_html=cell></td> }
                })
                .collect_view();
            view! {
                <tr>
                    {cells}
                    <td class="sl">{notes}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class=format!("table runbook-table cols-{columns}")>
            <thead>
                <tr>
                    {heads}
                    <th class="sl"><span class="unseen">"Observed"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Each step that names a loss, and the last drill that went its way.
#[component]
fn ExercisedBy(all: Vec<Exercised>) -> impl IntoView {
    if all.is_empty() {
        return ().into_any();
    }
    let rows = all
        .into_iter()
        .map(|step| {
            let state = match step.by {
                By::Drill { id, at } => view! {
                    <StateMark state=Shape::Disc word="exercised" />
                    <span class="second"><a href=crate::parts::drill_href(&id)>{id.clone()}</a> {format!(", {}", words::date(at))}</span>
                }
                .into_any(),
                By::Edited { id, version } => view! {
                    <StateMark state=Shape::Ring word="untested" />
                    <span class="second">{format!("edited since {id}, which went by {version}")}</span>
                }
                .into_any(),
                By::Nobody => view! { <StateMark state=Shape::Ring word="untested" /> <span class="second">"no drill went this way"</span> }.into_any(),
            };
            view! { <tr><td><a href=format!("#{}", step.anchor)>{step.says}</a></td><td class="w-30">{state}</td></tr> }
        })
        .collect_view();
    view! {
        <Section title="Steps, and the drills that went their way">
            <div class="measure-width"><table class="table tight">
                <thead class="unseen-head"><tr><th scope="col">"Step"</th><th scope="col" class="w-30">"Last exercised"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </Section>
    }
    .into_any()
}

/// Claims of the front matter that no sentence of the text makes.
#[component]
fn Unwritten(facts: Vec<Fact>) -> impl IntoView {
    let rows = facts
        .into_iter()
        .map(|fact| {
            view! {
                <div class="fact">
                    <p>{fact.about.title()}</p>
                    <aside role="note"><Observation fact=fact /></aside>
                </div>
            }
        })
        .collect_view();
    view! {
        <Section title="Claimed, and not written in the text">{rows}</Section>
    }
}
