//! A drill under way: two clocks, one sentence, the line to the RTO, the steps, the log, and what people do in it.
//!
//! The page is whole without script; `public/live.js` keeps it going.

use domain::{Moment, live::LONGEST_WORDS, words};
use leptos::prelude::*;

use crate::{
    api::{
        self,
        live::{Followed, LivePage},
    },
    parts::{
        ErrorNote, OpenBefore, PageHead, Section, Statement, Waiting, When, drill_href, live as part, loaded, param,
        query,
    },
};

#[component]
pub fn LiveDrill() -> impl IntoView {
    let id = param("id");
    loaded("drills", api::live::load(id.clone(), query("refused").is_some()), move |followed, _| match followed {
        Followed::Live(page) => view! { <Body page=*page /> }.into_any(),
        Followed::Ended { refused } => view! {
            <PageHead eyebrow=|| view! { <a href="/drills">"Drills"</a> } title="This drill has ended" />
            {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
            <Statement>"It is filed and sealed: " <a href=drill_href(&id)>"its record"</a> "."</Statement>
        }
        .into_any(),
    })
}

#[component]
fn Body(page: LivePage) -> impl IntoView {
    let LivePage { live, medians, open_before, may, refused, now } = page;
    let id = live.id.clone();
    let begun = live.so_far.occurred_at;
    let facts = serde_json::to_string(&part::facts(&live, &medians, now)).unwrap_or_default();
    let events = format!("{}/events", drill_href(&id));
    let record = drill_href(&id);
    let eyebrow =
        move || view! { <a href="/drills">"Drills"</a> " / under way since " <When at=begun show=said(begun) /> };
    let scenario = live.so_far.scenario.title();
    let stopped = live.stopped().is_some();
    let (steps, entries) = (part::steps(&live, &medians, now), part::entries(&live));
    let people = may.then(|| {
        view! {
            <a class="button" href="#note">"Add a note"</a>
            {(!stopped).then(|| view! { <a class="button destructive" href="#stop">"Stop the drill"</a> })}
        }
    });
    view! {
        <div id="live" data-live=events data-facts=facts data-version=live.version.to_string()>
            <PageHead eyebrow=eyebrow title=part::title(&live)>{people}</PageHead>
            {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
            <div class="fact">
                <div>
                    <p class="meta">
                        <span>"Scenario " <b>{scenario}</b></span>
                        <span>"Runbook " <b>{live.so_far.plan.runbook_version.clone()}</b></span>
                        <span id="live-tenant">{part::tenant(&live)}</span>
                        <span class="heard" id="live-heard">{part::heard(&live, now)}</span>
                    </p>
                    <div class="running">
                        {part::clocks(&live, now)}
                        <div class="live-says" id="live-says">{part::sentences(&live, &medians, now)}</div>
                    </div>
                    <div id="live-line">{part::line(&live, &medians, now)}</div>
                    <div id="live-press">{part::press(&live, may)}</div>
                    <p class="live-ended" id="live-ended" hidden>
                        "This drill has ended. " <a href=record>"Open its record"</a> "."
                    </p>
                    <noscript>
                        <p class="foot">
                            "Without script this page stands still. " <a href=format!("{}/live", drill_href(&id))>"Look again"</a> "."
                        </p>
                    </noscript>
                </div>
                <aside class="low" role="note"><Waiting why="under way; sealed when it ends" /></aside>
            </div>
            <OpenBefore findings=open_before now=now />
            <Section title="Steps and timings" over_table=true>
                <div id="live-steps">{steps}</div>
            </Section>
            <Section title="Log" note="newest first; notes cannot be edited or removed" id="log">
                <div id="live-log">{entries}</div>
            </Section>
            {may.then(|| view! { <Doing id=id stopped=stopped /> })}
            <p class="unseen" aria-live="polite" id="live-polite"></p>
            <p class="unseen" role="alert" id="live-alert"></p>
            <script src="/live.js" defer></script>
        </div>
    }
}

/// "16 November 2026, 13:02 UTC"
fn said(at: Moment) -> String {
    format!("{}, {} UTC", words::long_date(at), at.utc().format("%H:%M"))
}

/// The two forms at the end of the page.
#[component]
fn Doing(id: String, stopped: bool) -> impl IntoView {
    let longest = LONGEST_WORDS.to_string();
    let stop = (!stopped).then(|| {
        view! {
            <form class="write" method="post" action="/drills/stop" id="stop">
                <input type="hidden" name="drill" value=id.clone() />
                <div class="field">
                    <label for="why">"Why the drill is stopped"</label>
                    <textarea id="why" name="why" rows="2" maxlength=longest.clone() required></textarea>
                </div>
                <div class="actions">
                    <button class="button destructive" type="submit">"Stop and tear down"</button>
                    <span class="second">"The clock stops and the record stays, marked as stopped by you. It measures nothing."</span>
                </div>
            </form>
        }
    });
    view! {
        <Section title="What you do" id="doing">
            <div class="doing measure-width">
                <form class="write" method="post" action="/drills/note" id="note">
                    <input type="hidden" name="drill" value=id.clone() />
                    <div class="field">
                        <label for="words">"Note"</label>
                        <textarea id="words" name="words" rows="2" maxlength=longest required></textarea>
                    </div>
                    <div class="actions">
                        <button class="button" type="submit">"Write it into the log"</button>
                        <span class="second">"With your name and the time. It is sealed with the record."</span>
                    </div>
                </form>
                {stop}
            </div>
        </Section>
    }
}
