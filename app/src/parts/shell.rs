//! The frame of every page: rail, strip or bar by width, audit banner, one main.

use domain::{
    role::{Actor, Role, Scope},
    words,
};
use leptos::prelude::*;

use super::{SealMark, When};
use crate::{
    api::{Frame, theme},
    seat::Seat,
};

struct Place {
    key: &'static str,
    name: &'static str,
    href: &'static str,
}

const fn place(key: &'static str, name: &'static str, href: &'static str) -> Place {
    Place { key, name, href }
}

const OVERVIEW: Place = place("overview", "Overview", "/");

/// The groups of the rail, by what one does there.
const GROUPS: [(&str, &[Place]); 4] = [
    (
        "Recover",
        &[
            place("emergency", "Emergency", "/emergency"),
            place("runbook", "Runbook", "/runbook"),
            place("targets", "Targets", "/targets"),
            place("incidents", "Incidents", "/incidents"),
        ],
    ),
    (
        "Practise",
        &[
            place("datastores", "Datastores", "/datastores"),
            place("backups", "Backups", "/backups"),
            place("drills", "Drills", "/drills"),
            place("findings", "Findings", "/findings"),
            place("checklist", "Checklist", "/checklist"),
            place("risks", "Risks", "/risks"),
        ],
    ),
    (
        "Prove",
        &[
            place("controls", "Controls", "/controls"),
            place("evidence", "Evidence", "/evidence"),
            place("requests", "Requests", "/requests"),
            place("reviews", "Reviews", "/reviews"),
        ],
    ),
    ("Check", &[place("verify", "Verify", "/verify"), place("ledger", "Ledger", "/ledger")]),
];

/// Everything around a page's content. `current` is the key of the nav entry, such as "drills".
#[component]
pub fn PageShell(current: &'static str, frame: Frame, children: Children) -> impl IntoView {
    let Frame { actor, company, .. } = frame.clone();
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="frame">
            <header class="rail">
                <Brand />
                <p class="company">"Evidence for " {company.name.clone()}</p>
                <nav class="nav" aria-label="Pages">
                    <Places current=current frame=&frame />
                </nav>
                <div class="rail-foot">
                    <LedgerState frame=frame.clone() />
                    <Somebody actor=actor.clone() current=current />
                    <ThemeChoice />
                    <button type="button" class="plain" hidden data-install>"Install on this device"</button>
                    <button type="button" class="plain" hidden data-keys aria-pressed="true">"Letter keys"</button>
                </div>
            </header>
            <Strip current=current frame=frame.clone() />
            <header class="topline">
                <Brand />
                <span>{company.name.clone()} ", " {frame.now.utc().format("%H:%M UTC").to_string()}</span>
            </header>
            <div class="page">
                <Banner actor=actor.clone() seat=frame.seat.clone() />
                <div class="sheet">
                    <main id="main" tabindex="-1">{children()}</main>
                </div>
            </div>
            <Bar current=current frame=frame />
        </div>
    }
    .into_any()
}

/// The frame of a page without anybody signed in: the brand above one column.
#[component]
pub fn Bare(children: Children) -> impl IntoView {
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="frame bare">
            <div class="page">
                <div class="sheet">
                    <header><Brand /></header>
                    <main id="main" tabindex="-1">{children()}</main>
                </div>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <SealMark />
            "Passmuster"
        </a>
    }
    .into_any()
}

#[component]
fn Link(
    place: &'static Place,
    current: &'static str,
    #[prop(optional)] count: usize,
    /// A drill is under way.
    #[prop(optional)]
    live: bool,
) -> impl IntoView {
    view! {
        <a href=place.href aria-current=(place.key == current).then_some("page")>
            <span>{place.name}</span>
            {live.then(|| view! { <span class="live-mark">"live"</span> })}
            {(count > 0)
                .then(|| {
                    let word = match place.key {
                        "requests" => " waiting for you",
                        "reviews" => " waiting",
                        _ => " open",
                    };
                    view! { <span class="count">{count}<span class="unseen">{word}</span></span> }
                })}
        </a>
    }
    .into_any()
}

#[component]
fn Places<'f>(current: &'static str, frame: &'f Frame) -> impl IntoView + use<> {
    let (findings, requests, reviews) = (frame.open_findings, frame.waiting_requests, frame.reviews);
    let incidents = frame.open_incidents;
    let live = frame.live.is_some();
    view! {
        <Link place=&OVERVIEW current=current />
        {GROUPS
            .iter()
            .map(|(group, places)| {
                view! {
                    <p>{*group}</p>
                    <ul>
                        {places
                            .iter()
                            .map(|place| {
                                let count = match place.key {
                                    "incidents" => incidents,
                                    "findings" => findings,
                                    "requests" => requests,
                                    "reviews" => reviews,
                                    _ => 0,
                                };
                                let live = live && place.key == "drills";
                                view! { <li><Link place=place current=current count=count live=live /></li> }
                            })
                            .collect_view()}
                    </ul>
                }
            })
            .collect_view()}
    }
    .into_any()
}

/// The ledger's state as the last check left it: intact, altered, or not checked yet; nothing for who sees nothing.
#[component]
fn LedgerState(frame: Frame) -> impl IntoView {
    if frame.actor.scope == Scope::NOTHING {
        return ().into_any();
    }
    let (class, mark, word) = match (frame.alarms, frame.checked_at) {
        (0, Some(_)) => ("seal still", "seal", "Ledger intact".to_owned()),
        (0, None) => ("seal still waiting", "seal-waiting", "Not checked yet".to_owned()),
        (n, _) => {
            let altered = super::capital(&super::plural(n, "record", "records"));
            ("seal still broken", "seal-broken", format!("{altered} altered"))
        }
    };
    let head = frame.head.map(|head| {
        let last = head.size.saturating_sub(1);
        view! { <span class="no">{format!("№ {last} · {}", words::short_digest(&head.root))}</span> }
    });
    let checked = frame.checked_at.map(|at| {
        view! { <span>"checked " <When at=at show=at.utc().format("%H:%M UTC").to_string() /></span> }
    });
    view! {
        <div class=class>
            <SealMark kind=mark />
            <div class="seal-text">
                <span><b>{word}</b></span>
                {head}
                {checked}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Somebody(actor: Actor, current: &'static str) -> impl IntoView {
    let here = (current == "settings").then_some("true");
    view! {
        <form class="person" method="post" action="/sign-out">
            <div>
                <span>{actor.name}</span>
                <span class="role">{actor.role.word()}</span>
            </div>
            <div class="person-does">
                <a href="/settings" aria-current=here>"Settings"</a>
                <button class="plain" type="submit">"Sign out"</button>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn ThemeChoice() -> impl IntoView {
    let now = theme::chosen();
    view! {
        <form class="theme" method="post" action=theme::path()>
            <span>"Theme"</span>
            {[("light", "Light"), ("dark", "Dark"), ("system", "System")]
                .into_iter()
                .map(|(value, name)| {
                    let pressed = if now.unwrap_or("system") == value { "true" } else { "false" };
                    view! {
                        <button type="submit" name="theme" value=value aria-pressed=pressed>
                            {name}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
    .into_any()
}

/// The tablet's two lines: brand and ledger, then Overview and a menu per group.
#[component]
fn Strip(current: &'static str, frame: Frame) -> impl IntoView {
    let company = frame.company.name.clone();
    let actor = frame.actor.clone();
    let person = actor.name.clone();
    let live = frame.live.is_some();
    view! {
        <header class="strip">
            <div class="strip-top">
                <Brand />
                <span class="company">"Evidence for " {company}</span>
            </div>
            <nav aria-label="Pages, in menus">
                <ul class="menu">
                    <li><Link place=&OVERVIEW current=current /></li>
                    {GROUPS
                        .iter()
                        .map(|(group, places)| {
                            let here = places.iter().find(|p| p.key == current).map(|p| view! { <b>{p.name}</b> });
                            view! {
                                <li>
                                    <details name="places">
                                        <summary><span class="group">{*group}</span><Chevron />{here}</summary>
                                        <div>
                                            {places
                                                .iter()
                                                .map(|place| view! { <Link place=place current=current live=live && place.key == "drills" /> })
                                                .collect_view()}
                                        </div>
                                    </details>
                                </li>
                            }
                        })
                        .collect_view()}
                    <li>
                        <details name="places">
                            <summary>{person}<Chevron /></summary>
                            <div>
                                <LedgerState frame=frame />
                                <Somebody actor=actor current=current />
                                <ThemeChoice />
                            </div>
                        </details>
                    </li>
                </ul>
            </nav>
        </header>
    }
    .into_any()
}

#[component]
fn Chevron() -> impl IntoView {
    view! {
        <svg width="8" height="6" viewBox="0 0 8 6" fill="none" stroke="currentColor" aria-hidden="true">
            <path d="M1 1l3 3 3-3" />
        </svg>
    }
}

/// For auditors: the period, what they may do, and how far they see. Not closable.
#[component]
fn Banner(actor: Actor, seat: Option<Seat>) -> impl IntoView {
    (actor.role == Role::Auditor).then(|| {
        let period = actor.scope.period.map(|p| {
            view! {
                <span>
                    "Audit period "
                    <b>{words::long_date(p.from)} " to " {words::long_date(p.last_day())}</b>
                </span>
            }
        });
        let controls = match &actor.scope.controls {
            None => "every control".to_owned(),
            Some(controls) => controls.iter().map(|c| c.id()).collect::<Vec<_>>().join(", "),
        };
        let preview = seat.as_ref().is_some_and(|seat| seat.preview);
        let audit = seat.as_ref().map(|seat| {
            let until = words::long_date(seat.audit.access.last_day());
            let says = if preview { "Preview".to_owned() } else { format!("Access until {until}") };
            view! { <span><a href=format!("/settings/audits/{}", seat.audit.id)>{format!("Audit {}", seat.audit.id)}</a>{format!(". {says}.")}</span> }
        });
        let reading = if preview {
            view! {
                <form method="post" action="/audits/leave">
                    <span>{format!("You see what {} sees. ", actor.name)}</span>
                    <button class="plain" type="submit">"Leave the preview"</button>
                </form>
            }
            .into_any()
        } else {
            view! { <span>"Reading as " {actor.name.clone()} ". You can read and download; what is sealed cannot be changed by anybody."</span> }.into_any()
        };
        let others = seat.into_iter().flat_map(|seat| seat.others).map(|(id, firm, period)| {
            let says = format!("{firm}, {} to {}", words::date(period.from), words::date(period.last_day()));
            view! {
                <form method="post" action="/audits/choose">
                    <button class="plain" type="submit" name="audit" value=id>"Read " {says}</button>
                </form>
            }
        });
        view! {
            <aside class="banner" aria-label="Your audit">
                {period}
                {reading}
                <span>"Controls: " {controls}</span>
                {audit}
                {others.collect_view()}
            </aside>
        }
    })
}

/// The phone's bottom bar, and the sheet behind "More".
#[component]
fn Bar(current: &'static str, frame: Frame) -> impl IntoView {
    const BAR: [(Place, &str); 4] = [
        (OVERVIEW, "M3 6h16M3 11h16M3 16h10"),
        (
            place("emergency", "Emergency", "/emergency"),
            "M19 11a8 8 0 1 1-16 0a8 8 0 0 1 16 0M14.2 11a3.2 3.2 0 1 1-6.4 0a3.2 3.2 0 0 1 6.4 0M5.4 5.4l3.3 3.3M16.6 5.4l-3.3 3.3M5.4 16.6l3.3-3.3M16.6 16.6l-3.3-3.3",
        ),
        (
            place("runbook", "Runbook", "/runbook"),
            "M11 6c-2-1.6-5-2-8-2v12c3 0 6 .4 8 2 2-1.6 5-2 8-2V4c-3 0-6 .4-8 2v12",
        ),
        (place("reviews", "Reviews", "/reviews"), "M4 3h14v16H4zM7.5 8h7M7.5 11.5h7M8 15.5l1.5 1.5 3-3.5"),
    ];
    let elsewhere = !BAR.iter().any(|(p, _)| p.key == current);
    view! {
        <nav class="bar" aria-label="Main pages">
            {BAR
                .iter()
                .map(|(place, icon)| {
                    view! {
                        <a href=place.href aria-current=(place.key == current).then_some("page")>
                            <svg viewBox="0 0 22 22" aria-hidden="true">
                                <path d=*icon />
                            </svg>
                            {place.name}
                            {(place.key == "reviews" && frame.reviews > 0)
                                .then(|| view! { " " {frame.reviews} <span class="unseen">" waiting"</span> })}
                        </a>
                    }
                })
                .collect_view()}
            <button type="button" popovertarget="more" aria-current=elsewhere.then_some("true")>
                <svg viewBox="0 0 22 22" aria-hidden="true">
                    <path d="M4.5 11h.01M11 11h.01M17.5 11h.01" stroke-width="2.5" stroke-linecap="round" />
                </svg>
                "More"
            </button>
        </nav>
        <div class="more" id="more" popover="" role="dialog" aria-label="All pages">
            <nav class="nav" aria-label="All pages">
                <Places current=current frame=&frame />
            </nav>
            <div class="rail-foot">
                <LedgerState frame=frame.clone() />
                <Somebody actor=frame.actor current=current />
                <ThemeChoice />
                <button type="button" class="plain" hidden data-install>"Install on this device"</button>
            </div>
        </div>
    }
    .into_any()
}

/// The shapes every page refers to, once at the top of the body.
#[component]
pub fn Sprite() -> impl IntoView {
    const LOBES: &str = "M5.9 2.22A2.35 2.35 0 0 1 10.1 2.22A2.35 2.35 0 0 1 13.33 4.92A2.35 2.35 0 0 1 14.06 9.07\
        A2.35 2.35 0 0 1 11.95 12.71A2.35 2.35 0 0 1 8 14.15A2.35 2.35 0 0 1 4.05 12.71A2.35 2.35 0 0 1 1.94 9.07\
        A2.35 2.35 0 0 1 2.67 4.93A2.35 2.35 0 0 1 5.9 2.22z";
    view! {
        <svg class="sprite" aria-hidden="true" width="0" height="0">
            <symbol id="seal" viewBox="0 0 16 16"><path d=LOBES /><path d="M5.6 8.1l1.7 1.7 3.1-3.4" /></symbol>
            <symbol id="seal-waiting" viewBox="0 0 16 16"><path d=LOBES stroke-dasharray="1.7 1.7" /></symbol>
            <symbol id="seal-broken" viewBox="0 0 16 16">
                <path d=LOBES />
                <path d="M6.1 6.1l3.8 3.8M9.9 6.1L6.1 9.9" />
            </symbol>
            <symbol id="disc" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4.5" fill="currentColor" /></symbol>
            <symbol id="triangle" viewBox="0 0 10 10"><path d="M5 .6L9.8 9.4H.2z" fill="currentColor" /></symbol>
            <symbol id="square" viewBox="0 0 10 10"><path d="M.8.8h8.4v8.4H.8z" fill="currentColor" /></symbol>
            <symbol id="ring" viewBox="0 0 10 10">
                <circle cx="5" cy="5" r="3.8" fill="none" stroke="currentColor" stroke-width="1.5" />
            </symbol>
            <symbol id="dotted" viewBox="0 0 10 10">
                <circle
                    cx="5"
                    cy="5"
                    r="3.8"
                    fill="none"
                    stroke="currentColor"
                    stroke-width="1.5"
                    stroke-dasharray="1.6 1.38"
                />
            </symbol>
        </svg>
    }
}
