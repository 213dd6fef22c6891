//! What waits for whom, what was signed and over which bytes, and what is accepted instead of mended.

use domain::{
    Moment,
    acceptance::What,
    proof::signoff::Purpose,
    review::{Review, Standing},
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::reviews::{Ask, ReviewsPage, last_word, list},
    parts::{
        Empty, ErrorNote, FilterToggle, PageHead, Say, SealKind, SealNote, Section, Shape, StateMark, Statement,
        Waiting, capital, loaded, review_href,
    },
    ports::NotHeld,
};

#[component]
pub fn Reviews() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("reviews", async move { list(&query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: ReviewsPage) -> impl IntoView {
    let says = statement(&page);
    let newest = page.all.iter().flat_map(|r| &r.signatures).max_by_key(|s| s.seal.seq);
    let margin = match newest {
        Some(last) => {
            let (seal, what) = (last.seal.clone(), format!("sign-off {}", last.id));
            view! { <SealNote seal=seal kind=SealKind::Record note="Newest sign-off" what=what /> }.into_any()
        }
        None => view! { <Waiting why="nothing was signed yet" /> }.into_any(),
    };
    let ReviewsPage { ask, counts, mine, others, done, all, not_held, signs, accepts, written, refused, now } = page;
    let toggles = counts
        .into_iter()
        .map(|(mark, n)| {
            let on = ask.standing == Some(mark);
            let href = Ask::address(if on { None } else { Some(mark) });
            view! { <FilterToggle href=href on=on count=n state=Shape::of_mark(mark) word=mark.word() /> }
        })
        .collect_view();
    let nothing = mine.is_empty() && others.is_empty() && done.is_empty();
    let (head, head_others) = if signs { ("Waiting for you", "Waiting for others") } else { ("", "Waiting") };
    let empty = nothing.then(|| {
        view! {
            <Empty
                sentence="No review stands like that."
                detail=format!("{} were looked at, {} UTC.", all.len(), words::date_time(now))
            />
        }
    });
    let action = accepts.then(|| view! { <a class="button" href="#accept">"Accept a risk"</a> });
    view! {
        <PageHead eyebrow=|| "Who signed what, and what still waits" title="Reviews">{action}</PageHead>
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <div role="status"><Statement margin=margin>{says}</Statement></div>
        {written.map(|review| view! { <Written review=review /> })}
        {(!all.is_empty())
            .then(|| {
                view! {
                    <nav class="filter measure-width section" aria-label="Show by standing">
                        <span>"Show"</span>
                        {toggles}
                    </nav>
                }
            })}
        {empty}
        {(!mine.is_empty()).then(|| view! { <Waits title=head reviews=mine all=all.clone() now=now /> })}
        {(!others.is_empty()).then(|| view! { <Waits title=head_others reviews=others all=all.clone() now=now /> })}
        {(!done.is_empty()).then(|| view! { <Done reviews=done now=now /> })}
        {(!not_held.is_empty()).then(|| view! { <NoSignatures records=not_held /> })}
        {accepts.then(|| view! { <Accept now=now /> })}
    }
}

/// "Two documents wait for your signature, ■ one overdue."
fn statement(page: &ReviewsPage) -> AnyView {
    let asks: Vec<&Review> = page.all.iter().filter(|r| r.standing.mark(page.now).asks()).collect();
    let late = asks.iter().filter(|r| r.standing.overdue(page.now)).count();
    let yours = if page.signs { " for a signature" } else { " for a signature of the company’s" };
    let first = match asks.len() {
        0 if page.all.is_empty() => return "No document that is signed here is in scope yet.".into_any(),
        0 => return "Every document that asks for a signature has it.".into_any(),
        1 => format!("One review waits{yours}"),
        n => format!("{} reviews wait{yours}", capital(&words::number(n))),
    };
    let late = match late {
        0 => ", none overdue.".into_any(),
        n => view! { ", " <Say state=Shape::Square words=format!("{} overdue", words::number(n)) /> "." }.into_any(),
    };
    (first, late).into_any()
}

/// What was just written, and what to do next.
#[component]
fn Written(review: Review) -> impl IntoView {
    let href = review_href(&review.subject);
    view! {
        <p class="written measure-width">
            {format!("{} is written down and sealed. It counts once it is signed: ", review.document.title())}
            <a href=href>"sign it"</a>
            "."
        </p>
    }
}

#[component]
fn Waits(title: &'static str, reviews: Vec<Review>, all: Vec<Review>, now: Moment) -> impl IntoView {
    let count = reviews.len().to_string();
    let rows = reviews
        .into_iter()
        .map(|review| {
            let asks = review.asks(&all);
            let mark = review.standing.mark(now);
            let due = review.standing.due();
            let href = review_href(&review.subject);
            let who = review.subject.purpose.waits_for().word();
            let what = review.document.title();
            let last = review.before.as_ref().map(|before| {
                let version = &before.statement.document.version;
                format!("; signed last: {}", signed_last(review.subject.purpose, version))
            });
            let why = match &review.standing {
                Standing::Returned { by, note, .. } => Some(format!("“{note}” {by}")),
                _ => None,
            };
            view! {
                <tr>
                    <th scope="row">
                        <a href=href>{what.clone()}</a>
                        <span class="second">
                            {asks} {last}
                            <span class="phone-only">{due.map(|due| format!(", due {}", words::date(due)))}</span>
                        </span>
                        {why.map(|why| view! { <span class="second">{why}</span> })}
                    </th>
                    <td class="hide-phone">{who}</td>
                    <td class="hide-phone">
                        {due.map(|due| view! { {words::date(due)} <span class="second">{words::from_now(due, now)}</span> })}
                    </td>
                    <td class="state-cell"><StateMark state=Shape::of_mark(mark) word=mark.word() /></td>
                    <td class="sl"><SealNote seal=review.document.seal what=what /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title=title note=count over_table=true>
            <table class="table dated reviews">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Document"</span></th>
                        <th class="w-15 hide-phone" scope="col">"Waits for"</th>
                        <th class="w-15 hide-phone" scope="col">"Due"</th>
                        <th class="w-15" scope="col"><span class="unseen">"State"</span></th>
                        <th class="sl"><span class="unseen">"Seal of the document"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
}

/// "version 1.2", or "other bytes" of a record that has no versions.
pub fn signed_last(purpose: Purpose, version: &str) -> String {
    match purpose {
        Purpose::Approves => format!("version {version}"),
        _ => "other bytes under this name".to_owned(),
    }
}

#[component]
fn Done(reviews: Vec<Review>, now: Moment) -> impl IntoView {
    let rows = reviews
        .into_iter()
        .map(|review| {
            let mark = review.standing.mark(now);
            let what = review.document.title();
            let last = last_word(&review);
            let until = match &review.standing {
                Standing::Signed { until: Some(until) } => format!("until {}", words::date(*until)),
                Standing::Lapsed { at } => format!("until {}", words::date(*at)),
                _ => String::new(),
            };
            let signature = review.signatures.first().cloned();
            let bytes = words::short_digest(&review.document.seal.sha256);
            let at = signature.as_ref().map(|s| words::date(s.at()));
            let seal = match signature {
                Some(s) => {
                    let what = format!("sign-off {}", s.id);
                    view! { <SealNote seal=s.seal what=what /> }.into_any()
                }
                None => view! { <Waiting why="never signed in the portal" /> }.into_any(),
            };
            view! {
                <tr>
                    <th scope="row">
                        <a href=review_href(&review.subject)>{what}</a>
                        <span class="second">"bytes " <code>{bytes}</code></span>
                    </th>
                    <td>{last.map(|last| capital(&last))}<span class="second">{until}</span></td>
                    <td class="hide-phone">{at}</td>
                    <td class="state-cell"><StateMark state=Shape::of_mark(mark) word=mark.word() /></td>
                    <td class="sl">{seal}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Signed, and over" over_table=true>
            <table class="table dated reviews">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Document"</span></th>
                        <th class="w-30" scope="col">"Last word"</th>
                        <th class="w-15 hide-phone" scope="col">"Given"</th>
                        <th class="w-18" scope="col"><span class="unseen">"State"</span></th>
                        <th class="sl"><span class="unseen">"Seal of the sign-off"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
}

/// Records that claim to be sign-offs.
#[component]
fn NoSignatures(records: Vec<NotHeld>) -> impl IntoView {
    let rows = records
        .into_iter()
        .map(|r| view! { <li><code>{r.id}</code> {format!(" (№ {}): {}.", r.seq, r.why)}</li> })
        .collect_view();
    view! {
        <div class="error-note measure-width section" role="alert">
            <p>"A record was sealed as a sign-off, and is none."</p>
            <p>"It counts for nothing on any page, and a bundle that carries it is refused by name."</p>
            <ul>{rows}</ul>
        </div>
    }
}

/// Something is accepted instead of mended; it is sealed when it is written, and counts once it is signed.
#[component]
fn Accept(now: Moment) -> impl IntoView {
    let whats = What::ALL
        .into_iter()
        .map(|what| {
            view! {
                <label class="choice">
                    <input type="radio" name="what" value=what.id() checked=what == What::Risk />
                    <span>{what.title()}</span>
                </label>
            }
        })
        .collect_view();
    // Half a year on, as a beginning.
    let until = words::date(now.plus_millis(182 * 24 * 3600 * 1000));
    view! {
        <Section title="Accept a risk, or leave something out" id="accept">
            <form class="accept measure-width" method="post" action="/reviews/accept">
                <div class="choices" role="radiogroup" aria-label="What is accepted">{whats}</div>
                <p class="field">
                    <label for="accept-title">"What is accepted, in one line"</label>
                    <input id="accept-title" name="title" type="text" required maxlength="120" autocomplete="off" />
                </p>
                <p class="field wide">
                    <label for="accept-why">"Why, and what limits it"</label>
                    <textarea id="accept-why" name="why" rows="3" required maxlength="2000"></textarea>
                </p>
                <p class="field">
                    <label for="accept-until">"Until, within a year"</label>
                    <input id="accept-until" name="until" type="date" required value=until />
                </p>
                <p><button class="button" type="submit">"Write it down"</button></p>
                <p class="second">"It is sealed as it stands and cannot be changed, only followed by another. It counts once it is signed, and lapses on its day."</p>
            </form>
        </Section>
    }
}
