//! One request: the question, every answer, and what may be done next.

use domain::{
    Moment,
    control::Control,
    request::{Message, RecordRef, Request, Standing, State},
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::requests::Unread;
use crate::{
    api::requests::{RequestPage, one},
    parts::{
        AttachedFile, Demo, ErrorNote, FilesField, PageHead, RecordsField, Say, SealKind, SealNote, Section, Shape,
        Statement, Waiting, When, WordsField, loaded,
    },
    ports::requests::{Draft, Pointed},
};

#[component]
pub fn RequestThread() -> impl IntoView {
    let (params, query) = (use_params_map().get_untracked(), use_query_map().get_untracked());
    let id = params.get("id").unwrap_or_default();
    loaded("requests", async move { one(id, &query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: RequestPage) -> impl IntoView {
    let (asks, answers) = (page.asks(), page.answers());
    let (version, read) = (page.thread.version, page.thread.read);
    let request = page.thread.request.value;
    let seal = page.thread.request.seal;
    let id = request.id.clone();
    let says = statement(&request, page.now);
    let me = page.reader.actor.id.clone();
    let newest = request.thread.len().saturating_sub(1);
    let seals = page.thread.seals;
    let messages = request
        .thread
        .iter()
        .enumerate()
        .map(|(n, message)| {
            let unread = n >= read && message.person != me;
            let place = if n == newest { "newest".to_owned() } else { format!("message-{}", n + 1) };
            let what = format!("Message {} of {id}", n + 1);
            let seal = match seals.get(n).cloned() {
                Some(seal) => view! { <SealNote seal=seal kind=SealKind::Record what=what /> }.into_any(),
                None => view! { <Waiting why="its seal is not found" /> }.into_any(),
            };
            let pointed =
                message.records.iter().map(|record| pointed(record, page.pointed.get(&record.seq))).collect_view();
            view! { <Said message=message.clone() place=place unread=unread seal=seal pointed=pointed.into_any() /> }
        })
        .collect_view();
    let eyebrow_id = id.clone();
    let control = request.control;
    let what = format!("Request {id}");
    view! {
        <PageHead
            eyebrow=move || {
                let under = control.map(|c| view! { " · " <a href=format!("/controls/{}", c.id())>{c.id()}</a> });
                view! { <a href="/requests">"Requests"</a> " / " {eyebrow_id.clone()} {under} }
            }
            title=request.title.clone()
        />
        {page.refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=view! {
            <SealNote seal=seal kind=SealKind::Record note="Newest change" what=what />
        }.into_any()>{says}</Statement>
        <Section title="Thread">
            <p class="measure-width"><Demo demo=request.demo /></p>
            <ol class="thread">{messages}</ol>
        </Section>
        {asks.then(|| view! { <Auditors request=request.clone() version=version /> })}
        {(asks || answers).then(|| view! { <Write request=request.clone() version=version draft=page.draft asks=asks /> })}
    }
}

/// "The auditor asked on 16 November 2026 under CC7.5. ○ Answered 4 days ago; it waits for the auditor."
fn statement(request: &Request, now: Moment) -> AnyView {
    let under = request.control.map(|c| format!(" under {}", c.id())).unwrap_or_default();
    let asked = request.first().map(|first| format!("{} asked on {}{under}. ", first.by, words::long_date(first.at)));
    let (shape, _) = Shape::of_request(request.standing());
    // The state alone is held together on a line.
    let (state, rest) = match &request.state {
        State::Open => ("Open", ": it waits for an answer.".to_owned()),
        State::Answered { at } => ("Answered", format!(" {}; it waits for the auditor.", words::from_now(*at, now))),
        State::NeedsMore { at } => ("Sent back", format!(" {}: the auditor asks for more.", words::from_now(*at, now))),
        State::Accepted { at, by } => ("Accepted", format!(" by {by} on {}.", words::long_date(*at))),
    };
    (asked, view! { <Say state=shape words=state /> }, rest).into_any()
}

/// A message, its seal beside it, then each record it points to with its own.
#[component]
fn Said(message: Message, place: String, unread: bool, seal: AnyView, pointed: AnyView) -> impl IntoView {
    let paragraphs = message
        .words
        .split("\n\n")
        .filter(|p| !p.trim().is_empty())
        .map(|p| view! { <p>{p.trim().to_owned()}</p> })
        .collect_view();
    let files = message.attachments.into_iter().map(|file| view! { <AttachedFile file=file /> }).collect_view();
    view! {
        <li id=place>
            <div class="fact">
                <div class="said">
                    <p class="who">
                        <b>{message.by}</b>
                        {format!(", {}, ", message.role.word())}
                        <When at=message.at show=format!("{} UTC", words::date_time(message.at)) />
                        {unread.then(|| view! { <Unread /> })}
                    </p>
                    <div class="words">{paragraphs}</div>
                    {files}
                </div>
                <aside role="note">{seal}</aside>
            </div>
            {pointed}
        </li>
    }
    .into_any()
}

fn pointed(record: &RecordRef, shown: Option<&Pointed>) -> AnyView {
    match shown.cloned() {
        Some(Pointed { title, href, seal }) => view! {
            <div class="fact pointed">
                <p><a href=href>{title.clone()}</a></p>
                <aside role="note"><SealNote seal=seal what=title /></aside>
            </div>
        }
        .into_any(),
        // Its id would say what it is.
        None => view! {
            <div class="fact pointed">
                <p>{format!("№ {}, which lies outside your audit now.", record.seq)}</p>
            </div>
        }
        .into_any(),
    }
}

/// What an auditor does without words.
#[component]
fn Auditors(request: Request, version: i64) -> impl IntoView {
    let id = request.id.clone();
    let accept = matches!(request.standing(), Standing::Answered | Standing::NeedsMore).then(|| {
        view! {
            <form method="post" action="/requests/accept">
                <input type="hidden" name="id" value=id.clone() />
                <input type="hidden" name="version" value=version.to_string() />
                <button class="button primary" type="submit">"Accept the answer"</button>
                <p class="second">"You have what you asked for. You can take it up again later."</p>
            </form>
        }
    });
    let covers = covers(&request);
    let (to, word, says) = match request.in_bundle {
        false => (
            "true",
            "Put it into bundles",
            format!("Each bundle that covers {covers} then carries this thread, its files and the records it names."),
        ),
        true => (
            "false",
            "Leave it out of bundles",
            format!("Each bundle that covers {covers} carries this thread, its files and the records it names."),
        ),
    };
    view! {
        <Section title="Your decision" id="decide">
            <div class="decide measure-width">
                {accept}
                <form method="post" action="/requests/in-bundle">
                    <input type="hidden" name="id" value=request.id />
                    <input type="hidden" name="version" value=version.to_string() />
                    <input type="hidden" name="in_bundle" value=to />
                    <button class="button" type="submit">{word}</button>
                    <p class="second">{says}</p>
                </form>
            </div>
        </Section>
    }
}

/// "1 January 2026 to 31 March 2026 and CC7.5"
fn covers(request: &Request) -> String {
    let reach = request.reach();
    let period = reach.period.map_or_else(
        || "all of time".to_owned(),
        |p| format!("{} to {}", words::long_date(p.from), words::long_date(p.last_day())),
    );
    let controls = match reach.controls {
        None => "every control".to_owned(),
        Some(some) if some.len() == Control::ALL.len() => "every control".to_owned(),
        Some(some) => some.iter().map(|c| c.id()).collect::<Vec<_>>().join(", "),
    };
    format!("{period} and {controls}")
}

#[component]
fn Write(request: Request, version: i64, draft: Draft, asks: bool) -> impl IntoView {
    let (title, action, button, says) = match (asks, request.standing()) {
        (true, Standing::Open) => ("Add to the question", "more", "Add it", "It stays open."),
        (true, Standing::Accepted) => ("Take it up again", "more", "Ask for more", "It is no longer accepted then."),
        (true, _) => ("Ask for more", "more", "Ask for more", "It goes back to the company."),
        (false, Standing::Answered) => ("Add to the answer", "answer", "Add it", "The auditor is told."),
        (false, _) => ("Answer", "answer", "Send the answer", "The auditor is told."),
    };
    view! {
        <Section title=title id="write">
            <form
                class="write measure-width"
                method="post"
                action=format!("/requests/{}/{action}", request.id)
                enctype="multipart/form-data"
            >
                <input type="hidden" name="version" value=version.to_string() />
                <WordsField label="Words" value=draft.words />
                <RecordsField value=draft.records />
                <FilesField />
                <div class="actions">
                    <button class=if asks { "button" } else { "button primary" } type="submit">{button}</button>
                    <span class="second">{format!("{says} It adds an entry to the ledger and cannot be taken back.")}</span>
                </div>
            </form>
        </Section>
    }
}
