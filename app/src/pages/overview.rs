//! The overview: are we restorable today.

use domain::{
    Moment, drill::Drill, finding::Finding, record::Sealed, schedule::Period, target::Judged, verdict::Verdict, words,
};
use leptos::prelude::*;

use crate::{
    api::{self, Frame, overview::OverviewPage, targets::Promises},
    parts::{
        Bullet, Computed, Demo, Empty, PageHead, Say, SealKind, SealNote, Section, Shape, StateMark, Statement,
        Sundays, Tested, TrendChart, UnderWay, Waiting, When, capital, drill_href, loaded, plural,
    },
};

/// How many findings the overview lists; the rest are a link away.
const WAITING: usize = 8;

#[component]
pub fn Overview() -> impl IntoView {
    loaded("overview", api::overview::load(), page)
}

fn page(page: OverviewPage, frame: Frame) -> impl IntoView {
    let OverviewPage { promises, sundays, newest_attestation, waiting, period, now } = page;
    let day = now.since(period.from) / 86_400_000 + 1;
    let days = period.to.since(period.from) / 86_400_000;
    let eyebrow = move || {
        let today = now.utc().format("%A %-d %B %Y, %H:%M UTC").to_string();
        let place = if period.contains(now) {
            format!("audit period day {day} of {days}")
        } else {
            format!("audit period {} to {}", words::date(period.from), words::date(period.last_day()))
        };
        view! { <When at=now show=today /> " · " {place} }
    };
    let newest_drill = promises.drills.first().cloned();
    let complete = sundays.iter().filter(|(_, seen, owed)| seen >= owed).count();
    let due = sundays.len();
    let says = statement(&promises, frame.alarms);
    view! {
        <PageHead eyebrow=eyebrow title="Readiness">
            <a class="button primary" href="/evidence">"New evidence bundle"</a>
        </PageHead>
        <UnderWay live=frame.live.clone() />
        <Statement verdict=true margin=view! { <Computed head=frame.head.clone() /> }.into_any()>
            {says}
        </Statement>
        {open_copies(&promises.drills)}
        {frame.company.demo.then(|| {
            view! {
                <p class="foot measure-width">
                    {frame.company.name.clone()} " is the example company: what is marked "
                    <Demo demo=true /> " is invented; what says " <span class="demo">"measured"</span>
                    " was measured here."
                </p>
            }
        })}
        {target_table(&promises)}
        <div class="fact section">
            <div class="beside">
                {trends(&promises, period)}
                <section aria-labelledby="sundays">
                    <div class="section-head">
                        <h2 id="sundays">"Attested Sundays"</h2>
                        <span class="note">{format!("{complete} of {due}")}</span>
                    </div>
                    {if sundays.is_empty() {
                        view! { <p class="foot">"No Sunday was due yet."</p> }.into_any()
                    } else {
                        view! { <Sundays weeks=sundays /> }.into_any()
                    }}
                </section>
            </div>
            <aside class="low" role="note">
                {newest_drill
                    .map(|d| {
                        let day = words::long_date(d.value.occurred_at);
                        view! {
                            <SealNote
                                seal=d.seal
                                kind=SealKind::Record
                                note=format!("Drill of {day}")
                                what=format!("the drill of {day}")
                                open=drill_href(&d.id)
                            />
                        }
                    })}
                {newest_attestation
                    .map(|seal| {
                        view! {
                            <SealNote seal=seal kind=SealKind::Record note="Newest attestation" what="the newest attestation" />
                        }
                    })}
            </aside>
        </div>
        <Section title="Waiting for someone" over_table=!waiting.is_empty()>
            {if waiting.is_empty() {
                view! { <Empty sentence="Nothing waits." detail="No finding in scope is open." /> }.into_any()
            } else {
                waiting_table(&waiting, now).into_any()
            }}
        </Section>
    }
}

/// Restored copies of customer data that were never shown to be gone, in red.
fn open_copies(drills: &[Sealed<Drill>]) -> Option<AnyView> {
    let rows: Vec<_> = drills
        .iter()
        .filter_map(|d| Some((d, d.value.open_copy()?)))
        .map(|(d, since)| {
            let proof = d.value.exposure.as_ref().map(|e| e.proof.clone()).unwrap_or_default();
            view! {
                <li>
                    <StateMark state=Shape::Square word="A restored copy still exists" />
                    " since " <When at=since /> " UTC, in " <code>{d.value.target.environment.clone()}</code> ", of the "
                    <a href=drill_href(&d.id)>"drill of " {words::long_date(d.value.occurred_at)}</a> ". "
                    <span class="second">{proof}</span>
                </li>
            }
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! { <ul class="open-copies measure-width" aria-label="Copies that still exist">{rows}</ul> }.into_any()
    })
}

/// In words, from nothing but what was judged.
fn statement(promises: &Promises, alarms: usize) -> impl IntoView + use<> {
    let finished: Vec<&Drill> =
        promises.drills.iter().map(|d| &d.value).filter(|d| d.abandoned.is_none() && d.measured.is_some()).collect();
    let broken = finished.iter().filter(|d| d.verdict.contents == Verdict::Missed).count();
    let unclear = finished.iter().filter(|d| d.verdict.contents == Verdict::Untested).count();
    let first = match (finished.len(), broken, unclear) {
        (0, ..) => "No drill has measured a restore yet. ".to_owned(),
        (1, 0, 0) => "The one drill on record ended with the data restored. ".to_owned(),
        (_, 0, 0) => "Every drill on record ended with the data restored. ".to_owned(),
        (n, 0, u) => format!(
            "Of {} on record, {} could not be checked in full. ",
            plural(n, "drill", "drills"),
            words::number(u)
        ),
        (n, b, _) => {
            format!(
                "Of {} on record, {} did not bring the data back whole. ",
                plural(n, "drill", "drills"),
                words::number(b)
            )
        }
    };
    let counted: Vec<(Verdict, usize)> =
        [Verdict::Met, Verdict::AtRisk, Verdict::Missed, Verdict::Stale, Verdict::Untested]
            .into_iter()
            .map(|v| (v, promises.judged.iter().filter(|j| j.overall == v).count()))
            .filter(|(_, n)| *n > 0)
            .collect();
    let promised = match promises.judged.len() {
        0 => view! { "No recovery target is promised in a runbook you can see." }.into_any(),
        n => {
            let last = counted.len() - 1;
            let parts = counted
                .iter()
                .enumerate()
                .map(|(i, (verdict, n))| {
                    let join = match i {
                        0 => "",
                        i if i == last => " and ",
                        _ => ", ",
                    };
                    let verb = if *n == 1 { "is" } else { "are" };
                    view! { {join} <Say state=*verdict words=format!("{} {verb} {}", words::number(*n), verdict.word()) /> }
                })
                .collect_view();
            let opening = if n == 1 {
                "Of one recovery promise, ".to_owned()
            } else {
                format!("Of {} recovery promises, ", words::number(n))
            };
            view! { {opening} {parts} "." }.into_any()
        }
    };
    let late: Vec<&&Drill> = finished.iter().filter(|d| d.verdict.rto == Verdict::Missed).collect();
    let missed = match late[..] {
        [] => None,
        [one] => {
            let month = one.occurred_at.utc().format("%B").to_string();
            Some(
                view! { " One restore, in " {month} ", " <Say state=Shape::Square words="missed" /> " its time." }
                    .into_any(),
            )
        }
        _ => {
            let n = capital(&words::number(late.len()));
            Some(view! { " " {n} " restores " <Say state=Shape::Square words="missed" /> " their time." }.into_any())
        }
    };
    let abandoned = promises.drills.iter().filter(|d| d.value.abandoned.is_some()).count();
    let ended_early = (abandoned > 0).then(|| {
        let verb = if abandoned == 1 { "was" } else { "were" };
        format!(" {} {verb} abandoned.", capital(&plural(abandoned, "drill", "drills")))
    });
    let altered = (alarms > 0).then(|| {
        let verb = if alarms == 1 { "was" } else { "were" };
        let words = format!("{} {verb} altered", plural(alarms, "sealed record", "sealed records"));
        view! { " And " <a href="/ledger"><Say state=Shape::Square words=words /></a> " behind the portal’s back." }
    });
    view! { {first} {promised} {missed} {ended_early} {altered} }
}

/// The table of targets, measured figures only.
pub(super) fn target_table(promises: &Promises) -> AnyView {
    if promises.judged.is_empty() {
        return view! {
            <Section title="Recovery targets">
                <Empty sentence="No target is promised." detail="Targets are claims in the runbook’s front matter." />
            </Section>
        }
        .into_any();
    }
    let rows = promises.judged.iter().map(target_row).collect_view();
    view! {
        <Section title="Recovery targets" over_table=true>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Scenario"</span></th>
                        <th class="w-10" scope="col">"Data lost, of RPO"</th>
                        <th class="w-20" scope="col">"Time to restore, of RTO"</th>
                        <th class="w-10" scope="col">"Last proven"</th>
                        <th class="w-10" scope="col">"Verdict"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

fn target_row(judged: &Judged) -> impl IntoView + use<> {
    let Judged { target, drill, rto, overall, .. } = judged.clone();
    let measured = drill.as_ref().and_then(|d| d.value.measured.clone());
    let lost = measured.as_ref().and_then(|m| m.rpo_ms).map_or("not measured".to_owned(), words::duration);
    let time = measured.as_ref().map_or("not measured".to_owned(), |m| words::duration(m.restore_ms));
    let bullet =
        measured.as_ref().map(|m| view! { <Bullet measured_ms=m.restore_ms promise_ms=target.rto_ms verdict=rto /> });
    let demo = drill.as_ref().is_some_and(|d| d.value.demo);
    let proven = match &drill {
        Some(d) => view! { <When at=d.value.occurred_at show=words::date(d.value.occurred_at) /> <span class="second"><Tested demo=demo /></span> }.into_any(),
        None => view! { "never" }.into_any(),
    };
    let title = target.scenario.title();
    let name = match &drill {
        Some(d) => view! { <a href=drill_href(&d.id)>{title}</a> }.into_any(),
        None => view! { {title} }.into_any(),
    };
    let seal = match drill {
        Some(d) => view! { <SealNote what=format!("the drill of {}", words::long_date(d.value.occurred_at)) open=drill_href(&d.id) seal=d.seal /> }.into_any(),
        None => view! { <Waiting why="no drill has tried this" /> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{name} <span class="second hide-phone">{target.means.clone()}</span></th>
            <td class="hide-phone short">{lost} <span class="second">"of " {words::duration(target.rpo_ms)}</span></td>
            <td>
                <div class="with-bullet">
                    <span>{time} " " <span class="second">"of " {words::duration(target.rto_ms)}</span></span>
                    {bullet}
                </div>
            </td>
            <td class="hide-phone">{proven}</td>
            <td class="state-cell"><StateMark state=overall word=overall.word() /></td>
            <td class="sl">{seal}</td>
        </tr>
    }
}

/// Small multiples: one chart for each scenario that was ever exercised.
fn trends(promises: &Promises, period: Period) -> impl IntoView + use<> {
    let charts: Vec<_> = promises
        .judged
        .iter()
        .map(|j| (j.target.scenario, j.target.rto_ms, promises.trend(j.target.scenario, period)))
        .filter(|(_, _, points)| !points.is_empty())
        .collect();
    let body = if charts.is_empty() {
        view! { <p class="foot">"No drill in the audit period measured a restore."</p> }.into_any()
    } else {
        view! {
            <div class="trends">
                {charts
                    .into_iter()
                    .map(|(scenario, rto_ms, points)| {
                        view! { <TrendChart caption=scenario.short() points=points promise_ms=rto_ms /> }
                    })
                    .collect_view()}
            </div>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="trend">
            <div class="section-head">
                <h2 id="trend">"Restore time"</h2>
                <span class="note">"minutes unless said, against the RTO line"</span>
            </div>
            {body}
        </section>
    }
}

fn waiting_table(waiting: &[Sealed<Finding>], now: Moment) -> impl IntoView + use<> {
    let all_demo = waiting.iter().take(WAITING).all(|f| f.value.demo);
    let rows = waiting
        .iter()
        .take(WAITING)
        .map(|f| {
            let (shape, word) = Shape::of_standing(f.value.standing(now));
            let id = f.value.id.clone();
            view! {
                <tr>
                    <td>
                        <span class="phone-only">"due "</span>
                        <When at=f.value.due_at show=words::date(f.value.due_at) />
                    </td>
                    <td class="hide-phone short">{words::from_now(f.value.due_at, now)}</td>
                    <th scope="row" class="lead">
                        <a href=format!("/findings#{id}")>{id.clone()}</a>
                        " "
                        {f.value.title.clone()}
                        " "
                        <Demo demo=f.value.demo && !all_demo />
                    </th>
                    <td class="hide-phone short">{f.value.owner.clone()}</td>
                    <td class="state-cell"><StateMark state=shape word=word /></td>
                    <td class="sl"><SealNote seal=f.seal.clone() kind=SealKind::Line what=format!("finding {id}") /></td>
                </tr>
            }
        })
        .collect_view();
    let more = waiting.len().saturating_sub(WAITING);
    view! {
        <table class="table tight">
            <thead>
                <tr>
                    <th class="w-10" scope="col"><span class="unseen">"Due"</span></th>
                    <th class="w-8" scope="col"><span class="unseen">"From now"</span></th>
                    <th scope="col"><span class="unseen">"Finding"</span></th>
                    <th class="w-10" scope="col">"Who"</th>
                    <th class="w-10" scope="col">"State"</th>
                    <td class="sl"></td>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="foot measure-width">
            {(more > 0)
                .then(|| {
                    let all = waiting.len();
                    view! { {format!("1 to {WAITING} of {all}. ")} <a href="/findings">"Show all"</a> " " }
                })}
            {all_demo.then(|| view! { "All shown are " <Demo demo=true /> "." })}
        </p>
    }
}
