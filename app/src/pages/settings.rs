//! One's own sign-in: the passkeys one holds, and where one is signed in.

use domain::{Moment, passkey::Passkey, record::Sealed, words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::settings::{SettingsPage, load},
    parts::{
        Empty, ErrorNote, PageHead, SealKind, SealNote, Section, SettingsPages, Shape, StateMark, Statement, Waiting,
        When, capital, loaded, plural,
    },
    ports::{OpenSession, OwnPasskey},
};

#[component]
pub fn Settings() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("settings", async move { load(&query).await }, |page, frame| {
        let eyebrow = format!("{}, {}", frame.actor.name, frame.actor.role.word());
        let role = frame.actor.role;
        view! {
            <PageHead eyebrow=move || eyebrow.clone().into_any() title="Your sign-in">
                <a class="button primary" href="/settings/passkeys/new">"Register a passkey"</a>
            </PageHead>
            <SettingsPages current="/settings" role=role />
            <Body page=page />
        }
    })
}

#[component]
fn Body(page: SettingsPage) -> impl IntoView {
    let held = page.passkeys.iter().filter(|p| p.passkey.value.revoked.is_none()).count();
    let says = match (page.done, held) {
        (Some(done), _) => done.to_owned(),
        (None, 0) => format!(
            "You hold no passkey, and are signed in at {}. Until you register one, each sign-in needs a link or a code.",
            plural(page.sessions.len(), "place", "places")
        ),
        (None, n) => format!(
            "You hold {}, and are signed in at {}.",
            plural(n, "passkey", "passkeys"),
            plural(page.sessions.len(), "place", "places")
        ),
    };
    let newest = page.passkeys.iter().map(|p| &p.passkey).max_by_key(|p| p.seal.seq);
    let margin = match newest {
        Some(sealed) => view! {
            <SealNote seal=sealed.seal.clone() kind=SealKind::Record note="Newest entry" what=what(sealed) />
        }
        .into_any(),
        None => view! { <Waiting why="sealed when registered" /> }.into_any(),
    };
    let others = page.sessions.iter().filter(|s| s.name != page.this).count();
    view! {
        {page.refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <div role="status">
            <Statement margin=margin>{says}</Statement>
        </div>
        <Passkeys passkeys=page.passkeys now=page.now />
        <Sessions sessions=page.sessions this=page.this now=page.now others=others />
    }
}

fn what(sealed: &Sealed<Passkey>) -> String {
    format!("Passkey “{}”", sealed.value.label)
}

#[component]
fn Passkeys(passkeys: Vec<OwnPasskey>, now: Moment) -> impl IntoView {
    if passkeys.is_empty() {
        return view! {
            <Section title="Passkeys">
                <Empty
                    sentence="You hold no passkey."
                    detail="One on each device you use is best: a lost device then locks nobody out."
                />
            </Section>
        }
        .into_any();
    }
    let rows = passkeys.into_iter().map(|own| view! { <PasskeyRow own=own now=now /> }).collect_view();
    view! {
        <Section title="Passkeys" over_table=true id="passkeys">
            <table class="table dated acts">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Passkey"</span></th>
                        <th class="w-15" scope="col">"Registered"</th>
                        <th class="w-15" scope="col">"Last used"</th>
                        <th class="w-25" scope="col">"State"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

#[component]
fn PasskeyRow(own: OwnPasskey, now: Moment) -> impl IntoView {
    let named = what(&own.passkey);
    let Sealed { value: passkey, seal, .. } = own.passkey;
    let copied = if passkey.backup_eligible { "may be copied to your other devices" } else { "stays on its device" };
    let used = match own.last_used {
        Some(at) if passkey.revoked.is_none() => view! {
            <span class="phone-only">"used "</span>
            <When at=at show=words::date(at) />
            <span class="second">{words::from_now(at, now)}</span>
        }
        .into_any(),
        Some(at) => {
            view! { <span class="phone-only">"last used "</span><When at=at show=words::date(at) /> }.into_any()
        }
        None => view! { <span class="phone-only">"used "</span>"never" }.into_any(),
    };
    let state = match &passkey.revoked {
        Some(revoked) => view! {
            <StateMark state=Shape::Square word="revoked" />
            <span class="second">{format!("{} by {}", words::date(revoked.at), revoked.by)}</span>
        }
        .into_any(),
        None => view! {
            <details class="act">
                <summary><StateMark state=Shape::Disc word="in use" /><span>"Revoke"<span class="unseen">{format!(" “{}”", passkey.label)}</span></span></summary>
                <form method="post" action="/settings/passkeys/revoke">
                    <input type="hidden" name="credential" value=passkey.credential.clone() />
                    <p>"It then signs nobody in and signs nothing, for good. The revocation is sealed."</p>
                    <button class="button destructive" type="submit">{format!("Revoke “{}”", passkey.label)}</button>
                </form>
            </details>
        }
        .into_any(),
    };
    view! {
        <tr>
            <th scope="row">{passkey.label.clone()}<span class="second">{copied}</span></th>
            <td>
                <span class="phone-only">"registered "</span>
                <When at=passkey.occurred_at show=words::date(passkey.occurred_at) />
            </td>
            <td>{used}</td>
            <td class="state-cell">{state}</td>
            <td class="sl"><SealNote seal=seal kind=SealKind::Row what=named /></td>
        </tr>
    }
}

#[component]
fn Sessions(sessions: Vec<OpenSession>, this: String, now: Moment, others: usize) -> impl IntoView {
    let rows = sessions
        .into_iter()
        .map(|session| {
            let here = session.name == this;
            let act = if here {
                view! { <StateMark state=Shape::Disc word="this one" /> }.into_any()
            } else {
                view! {
                    <form method="post" action="/settings/sessions/end">
                        <input type="hidden" name="name" value=session.name.clone() />
                        <button class="plain" type="submit">
                            "Sign out there"
                            <span class="unseen">{format!(", {} since {}", session.agent, words::date_time(session.since))}</span>
                        </button>
                    </form>
                }
                .into_any()
            };
            let seen = if here { "now".to_owned() } else { format!("{} ago", words::duration(now.since(session.seen))) };
            view! {
                <tr>
                    <th scope="row">{session.agent.clone()}<span class="second">"by " {session.by.says()}</span></th>
                    <td><span class="phone-only">"since "</span><When at=session.since /></td>
                    <td><span class="phone-only">"used "</span>{seen}</td>
                    <td class="state-cell">{act}</td>
                </tr>
            }
        })
        .collect_view();
    let everywhere = (others > 0).then(|| {
        view! {
            <form class="foot" method="post" action="/settings/sessions/end-others">
                <button class="button" type="submit">"Sign out everywhere else"</button>
                " "
                {format!("{} ends at once.", capital(&plural(others, "session", "sessions")))}
            </form>
        }
    });
    view! {
        <Section title="Where you are signed in" id="sessions">
            <div class="measure-width">
                <table class="table dated acts">
                    <caption class="unseen">"Where you are signed in"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Browser"</th>
                            <th class="w-20" scope="col">"Since, UTC"</th>
                            <th class="w-15" scope="col">"Last used"</th>
                            <th class="w-18" scope="col"><span class="unseen">"Sign out"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {everywhere}
                <p class="foot">
                    "A session ends by itself after 12 hours without use, and seven days after its sign-in at the latest. No address is kept of where it came from."
                </p>
            </div>
        </Section>
    }
}
