//! What auditors ask for: what waits for whom, and, for them, the form to ask.

use domain::{Moment, control::Control, request::Standing, role::Role, words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::requests::{RequestsPage, list},
    parts::{
        Demo, Empty, ErrorNote, FilesField, FilterBar, FilterSelect, FilterToggle, PageHead, RecordsField, Say,
        SealKind, SealNote, Section, Shape, StateMark, Statement, Waiting, When, WordsField, capital, loaded, plural,
    },
    ports::requests::{Draft, Listed},
};

#[component]
pub fn Requests() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("requests", async move { list(&query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: RequestsPage) -> impl IntoView {
    let says = statement(&page);
    let RequestsPage { ask, counts, shown, controls, form, refused, now, .. } = page;
    let toggles = Standing::ALL
        .into_iter()
        .map(|standing| {
            let on = ask.standing == Some(standing);
            let href = ask.address(if on { None } else { Some(standing) });
            let count = counts.iter().find(|(s, _)| *s == standing).map_or(0, |(_, n)| *n);
            let (shape, word) = Shape::of_request(standing);
            view! { <FilterToggle href=href on=on count=count state=shape word=word /> }
        })
        .collect_view();
    let any = (String::new(), "any control".to_owned());
    let options = std::iter::once(any).chain(controls.iter().map(|c| (c.id().to_owned(), c.id().to_owned()))).collect();
    let in_all: usize = counts.iter().map(|(_, n)| n).sum();
    let newest = shown.iter().map(|listed| &listed.request).max_by_key(|request| request.seal.seq);
    let margin = match newest {
        Some(request) => {
            let (seal, what) = (request.seal.clone(), format!("Request {}", request.id));
            view! { <SealNote seal=seal kind=SealKind::Record note="Newest change" what=what /> }.into_any()
        }
        None => view! { <Waiting why="nothing to seal" /> }.into_any(),
    };
    let result = format!("{} of {in_all}", shown.len());
    let list = if shown.is_empty() {
        let under = ask.control.map(|c| format!(" under {}", c.id())).unwrap_or_default();
        let sentence = match ask.standing {
            Some(standing) => format!("No request{under} is {}.", said(standing)),
            None => format!("No request{under} is waiting."),
        };
        view! { <Empty sentence=sentence detail=format!("{in_all} were searched at {} UTC.", words::date_time(now)) /> }
            .into_any()
    } else {
        view! { <List shown=shown now=now /> }.into_any()
    };
    let standing = ask.standing.map(|s| view! { <input type="hidden" name="standing" value=s.id() /> });
    let chosen = ask.control.map(Control::id).unwrap_or_default();
    let asks = form.is_some();
    view! {
        <PageHead eyebrow=|| "What an auditor asks for, and the answer" title="Requests">
            {asks.then(|| view! { <a class="button" href="#ask">"Ask for something"</a> })}
        </PageHead>
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=margin>{says}</Statement>
        <div class="section">
            <FilterBar action="/requests" result=result>
                {toggles}
                {standing}
                <FilterSelect name="control" word="under" label="Control" options=options chosen=chosen />
            </FilterBar>
            {list}
        </div>
        {form.map(|draft| view! { <AskForm draft=draft controls=controls /> })}
    }
}

/// As it stands in a sentence: "is open", "is sent back".
fn said(standing: Standing) -> &'static str {
    match standing {
        Standing::NeedsMore => "sent back for more",
        other => other.word(),
    }
}

/// "Two requests wait for an answer, ■ one of them sent back for more. Three are accepted."
fn statement(page: &RequestsPage) -> AnyView {
    let (open, more) = (page.count(Standing::Open), page.count(Standing::NeedsMore));
    let (answered, accepted) = (page.count(Standing::Answered), page.count(Standing::Accepted));
    let requests = |n: usize| capital(&plural(n, "request", "requests"));
    let wait = |n: usize| if n == 1 { "waits" } else { "wait" };
    let unanswered = open + more;
    let sent_back = (more > 0).then(|| {
        let says = if unanswered == 1 { "sent back".to_owned() } else { format!("{} sent back", words::number(more)) };
        view! { ", " <Say state=Shape::Square words=says /> }
    });
    let answers = |n: usize| capital(&plural(n, "answer", "answers"));
    let first = match (page.role, unanswered, answered) {
        (_, 0, 0) => "No request waits for anybody.".into_any(),
        (Role::Auditor, n, 0) => (format!("{} {} for an answer", requests(n), wait(n)), sent_back, ".").into_any(),
        (Role::Auditor, 0, a) => format!("{} {} for you.", answers(a), wait(a)).into_any(),
        (Role::Auditor, n, a) => {
            let not_yet = format!(
                "{} not answered yet",
                if n == 1 { "one request is".to_owned() } else { format!("{} requests are", words::number(n)) }
            );
            (format!("{} {} for you; {not_yet}", answers(a), wait(a)), sent_back, ".").into_any()
        }
        (_, 0, a) => format!("Every request is answered. {} {} for the auditor.", answers(a), wait(a)).into_any(),
        (_, n, _) => (format!("{} {} for an answer", requests(n), wait(n)), sent_back, ".").into_any(),
    };
    let last = match accepted {
        0 => String::new(),
        1 => " One is accepted.".to_owned(),
        n => format!(" {} are accepted.", capital(&words::number(n))),
    };
    (first, last).into_any()
}

#[component]
fn List(shown: Vec<Listed>, now: Moment) -> impl IntoView {
    let rows = shown.into_iter().map(|listed| row(listed, now)).collect_view();
    view! {
        <table class="table dated requests">
            <caption class="unseen">"Requests"</caption>
            <thead>
                <tr>
                    <th class="w-8" scope="col"><span class="unseen">"Number"</span></th>
                    <th scope="col">"Asked for"</th>
                    <th class="w-15 hide-phone" scope="col">"Asked"</th>
                    <th class="w-15 hide-phone" scope="col">"Last change"</th>
                    <th class="w-12" scope="col">"State"</th>
                    <th class="sl"><span class="unseen">"Seal"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(listed: Listed, now: Moment) -> impl IntoView {
    let Listed { request, unread } = listed;
    let (id, r, seal) = (request.id, request.value, request.seal);
    let (shape, word) = Shape::of_request(r.standing());
    let asked = r.first().map(|first| (first.at, first.by.clone()));
    let under = r.control.map_or("no control", Control::id);
    let messages = plural(r.thread.len(), "message", "messages");
    let asked = asked.map(|(at, by)| view! { <When at=at show=words::date(at) /> <span class="second">{by}</span> });
    let unread = unread.then(|| view! { <Unread /> });
    view! {
        <tr>
            <th scope="row"><a href=format!("/requests/{id}")>{id.clone()}</a></th>
            <td>{r.title} " " <Demo demo=r.demo /><span class="second">{format!("{under}, {messages}")}</span></td>
            <td class="hide-phone">{asked}</td>
            <td class="hide-phone">{words::from_now(r.occurred_at, now)}<span class="second">{r.by}</span></td>
            <td class="state-cell"><StateMark state=shape word=word />{unread}</td>
            <td class="sl"><SealNote seal=seal what=format!("Request {id}") /></td>
        </tr>
    }
}

/// Something this reader has not seen.
#[component]
pub(super) fn Unread() -> impl IntoView {
    view! {
        <span class="unread">
            <svg aria-hidden="true"><use href="#disc" /></svg>
            "unread"
        </span>
    }
}

#[component]
fn AskForm(draft: Draft, controls: Vec<Control>) -> impl IntoView {
    let options = controls
        .into_iter()
        .map(|control| {
            let chosen = draft.control == control.id();
            view! { <option value=control.id() selected=chosen>{format!("{} {}", control.id(), control.short())}</option> }
        })
        .collect_view();
    view! {
        <Section title="Ask for something" id="ask">
            <form class="write measure-width" method="post" action="/requests/ask" enctype="multipart/form-data">
                <div class="field">
                    <label for="title">"What you ask for, in a line"</label>
                    <input id="title" name="title" type="text" required maxlength="200" value=draft.title />
                </div>
                <div class="field">
                    <label for="under">"Under"</label>
                    <select id="under" name="control">
                        <option value="">"no control"</option>
                        {options}
                    </select>
                </div>
                <WordsField label="More about it" value=draft.words />
                <RecordsField value=draft.records />
                <FilesField />
                <div class="actions">
                    <button class="button primary" type="submit">"Ask"</button>
                    <span class="second">"Asking adds an entry to the ledger. The owner and the operators are told."</span>
                </div>
            </form>
        </Section>
    }
}
