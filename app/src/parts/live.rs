//! The parts of a drill under way that change while one looks. The page draws them once, and the stream of events
//! draws the same ones again.

use std::collections::BTreeMap;

use domain::{
    Moment, by_hand,
    drill::{Act, Outcome, Step, StepId},
    history::{self, Medians},
    live::{Live, QUIET_MS, Row},
    words::{self, brief},
};
use leptos::prelude::*;
use serde::Serialize;

use super::{Shape, StateMark, Waiting, When, timeline::Axis};

/// What the page's script needs to keep its clocks going by itself. Instants in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// By the portal's clock, so that a wrong clock in the browser changes nothing.
    pub now: i64,
    pub heard_at: i64,
    /// When preparations began.
    pub begun: i64,
    /// The recovery clock's zero; `None`: still preparing.
    pub zero: Option<i64>,
    /// When the recovery clock stopped.
    pub stopped: Option<i64>,
    pub rto_ms: i64,
    /// How much the full line stands for.
    pub line_ms: i64,
    pub expected: Option<i64>,
    /// For a screen reader, at most every half minute.
    pub says: String,
}

/// Everything that changes: figures for the clocks, and parts by the id of the element they stand in.
pub struct Drawn {
    pub facts: Facts,
    pub parts: BTreeMap<&'static str, String>,
}

/// `may`: whether the reader may press.
pub fn draw(live: &Live, medians: &Medians, may: bool, now: Moment) -> Drawn {
    let owner = Owner::new();
    let parts = owner.with(|| {
        BTreeMap::from([
            ("live-title", title(live).to_owned()),
            ("live-tenant", tenant(live).to_html()),
            ("live-says", sentences(live, medians, now).to_html()),
            ("live-line", line(live, medians, now).to_html()),
            ("live-press", press(live, may).to_html()),
            ("live-steps", steps(live, medians, now).to_html()),
            ("live-log", entries(live).to_html()),
        ])
    });
    Drawn { facts: facts(live, medians, now), parts }
}

pub fn facts(live: &Live, medians: &Medians, now: Moment) -> Facts {
    Facts {
        now: now.millis(),
        heard_at: live.heard_at.millis(),
        begun: live.so_far.occurred_at.millis(),
        zero: live.declared().map(Moment::millis),
        stopped: live.verified().map(Moment::millis),
        rto_ms: live.so_far.plan.rto_ms,
        line_ms: line_ms(live, medians, now),
        expected: live.expected_end(medians, now).map(|e| e.at.millis()),
        says: format!("{} {}", live.stands(), live.ends(medians, now)),
    }
}

pub fn title(live: &Live) -> &'static str {
    match (live.stopped().is_some(), live.so_far.by_hand()) {
        (true, _) => "Restoration drill, stopped",
        (false, true) => "Restoration drill by hand, running",
        (false, false) => "Restoration drill, running",
    }
}

pub fn tenant(live: &Live) -> AnyView {
    match &live.so_far.draw {
        Some(draw) => {
            let place = draw.seq.map(|seq| {
                view! { ", list sealed at " <a href=format!("/ledger?around={seq}")>{format!("№ {seq}")}</a> }
            });
            view! { "Tenant drawn " <code>{draw.chosen.clone()}</code> {place} }.into_any()
        }
        None if live.so_far.by_hand() => {
            view! { "Recovery point " <code>{live.so_far.source.recovery_point.clone()}</code> }.into_any()
        }
        None => view! { "No tenant drawn yet" }.into_any(),
    }
}

/// The two clocks as they stand now; the script keeps them going.
pub fn clocks(live: &Live, now: Moment) -> AnyView {
    let rto = live.so_far.plan.rto_ms;
    let begun = live.so_far.occurred_at;
    let (label, since, elapsed) = match (live.declared(), live.elapsed_ms(now)) {
        (Some(zero), Some(ms)) => ("Elapsed since", zero, ms),
        _ => ("Preparing since", begun, now.since(begun).max(0)),
    };
    let left = rto - live.elapsed_ms(now).unwrap_or(0);
    let (left_label, class) =
        if left < 0 { ("Over the RTO by", "clock over") } else { ("Left on the RTO clock", "clock left") };
    view! {
        <dl class="clocks">
            <div>
                <dt><span id="live-elapsed-label">{label}</span> " " <span id="live-since">{format!("{}Z", words::time(since))}</span></dt>
                <dd><span class="clock" id="live-elapsed" role="timer">{words::running(elapsed)}</span></dd>
            </div>
            <div>
                <dt id="live-left-label">{left_label}</dt>
                <dd><span class=class id="live-left" role="timer">{words::running(left.abs())}</span></dd>
            </div>
        </dl>
    }
    .into_any()
}

/// "live, heard 2 s ago", or that there is no word.
pub fn heard(live: &Live, now: Moment) -> AnyView {
    let ago = now.since(live.heard_at).max(0);
    let seconds = ago / 1000;
    if ago > QUIET_MS {
        let word = format!("no word for {seconds} s, trying again");
        return view! { <StateMark state=Shape::Triangle word=word /> }.into_any();
    }
    view! { <span class="live-mark">{format!("live, heard {seconds} s ago")}</span> }.into_any()
}

pub fn sentences(live: &Live, medians: &Medians, now: Moment) -> AnyView {
    let (stands, ends) = (live.stands(), live.ends(medians, now));
    view! { <p class="stands">{words::unbroken(&stands)}</p> <p>{words::unbroken(&ends)}</p> }.into_any()
}

/// A line is the RTO long, or as long as the drill takes where that is longer.
fn line_ms(live: &Live, medians: &Medians, now: Moment) -> i64 {
    let zero = live.declared().unwrap_or(now);
    let expected = live.expected_end(medians, now).map_or(0, |e| e.at.since(zero));
    live.so_far.plan.rto_ms.max(live.elapsed_ms(now).unwrap_or(0)).max(expected).max(1)
}

/// One line to the RTO: what has passed, when it should end.
pub fn line(live: &Live, medians: &Medians, now: Moment) -> AnyView {
    let whole = line_ms(live, medians, now);
    let rto = live.so_far.plan.rto_ms;
    let x = |ms: i64| format!("{:.2}%", ms.clamp(0, whole) as f64 / whole as f64 * 100.0);
    let elapsed = live.elapsed_ms(now).unwrap_or(0);
    let expected = live.declared().zip(live.expected_end(medians, now)).map(|(zero, e)| e.at.since(zero).max(0));
    let end = expected.map(|ms| {
        let anchor = if ms * 10 > whole * 8 { "end" } else { "start" };
        view! {
            <line class="expected" x1=x(ms) x2=x(ms) y1="14" y2="30" />
            <text class="word" x=x(ms) y="11" text-anchor=anchor>"expected"</text>
        }
    });
    let late = elapsed > rto;
    // Words that would stand on each other are left out: the RTO's own is the one that counts.
    let wide = rto * 3 > whole;
    let marks = wide.then(|| {
        let quarters = [1, 2, 3].map(|quarter| {
            let ms = rto * quarter / 4;
            let class = if quarter == 3 { "mark last" } else { "mark" };
            view! { <text class=class x=x(ms) y="48" text-anchor="middle">{brief(ms)}</text> }
        });
        view! { <text x="0" y="48">"0"</text> {quarters} }
    });
    let anchor = match rto * 10 {
        rto if rto > whole * 8 => "end",
        rto if rto < whole => "start",
        _ => "middle",
    };
    let said = match expected {
        Some(ms) => format!(
            "{} of {} have passed; expected to end after {}.",
            words::duration(elapsed),
            words::duration(rto),
            words::duration(ms)
        ),
        None => format!("{} of {} have passed.", words::duration(elapsed), words::duration(rto)),
    };
    view! {
        <svg class="rto-line" role="img" aria-label=said>
            <line class="way" x1="0" x2="100%" y1="22" y2="22" />
            <rect class=if late { "passed late" } else { "passed" } x="0" y="18" width=x(elapsed) height="8" data-passed />
            <line class="promise" x1=x(rto) x2=x(rto) y1="12" y2="32" />
            {end}
            {marks}
            <text class="promise-word" x=x(rto) y="48" text-anchor=anchor>"RTO " {brief(rto)}</text>
        </svg>
    }
    .into_any()
}

/// For a drill by hand: the one thing that is pressed next.
pub fn press(live: &Live, may: bool) -> AnyView {
    let next = if live.so_far.by_hand() { by_hand::next(&live.so_far.log) } else { None };
    let (step, act, word, says) = match next {
        Some(Act::Begins { step }) => {
            (step, "begin", "Start", "Press it when you begin. The portal’s clock is what counts.")
        }
        Some(Act::Ends { step }) => {
            (step, "end", "Done", "Press it when it is done. The portal’s clock is what counts.")
        }
        _ => return ().into_any(),
    };
    let label = format!("{word}: {}", lower(step.title()));
    if !may {
        return view! { <p class="press second">"Next to press, by an operator: " {label} "."</p> }.into_any();
    }
    view! {
        <form class="press" method="post" action="/drills/press">
            <input type="hidden" name="drill" value=live.id.clone() />
            <input type="hidden" name="step" value=step_id(step) />
            <input type="hidden" name="act" value=act />
            <button class="button primary" type="submit" id="press">{label}</button>
            <span class="second">{says}</span>
        </form>
    }
    .into_any()
}

/// A step as records and forms write it.
pub fn step_id(step: StepId) -> String {
    serde_json::to_value(step).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|c| c.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// All steps on one axis: done, running, to come.
pub fn steps(live: &Live, medians: &Medians, now: Moment) -> AnyView {
    let rows = live.rows(medians, now);
    let first = live.so_far.steps.first().map_or(now, |s| s.started_at);
    let ends = rows.iter().filter_map(|row| match row {
        Row::Done(step) => Some(step.ended_at),
        Row::Running(_) => Some(now),
        Row::ToCome { at, takes_ms, .. } => at.zip(*takes_ms).map(|(at, ms)| at.plus_millis(ms)),
    });
    let last = ends.max().unwrap_or(now).max(now);
    let zero = live.declared().or_else(|| {
        rows.iter().find_map(|row| match row {
            Row::ToCome { id, at, .. } if id.on_the_clock() => *at,
            _ => None,
        })
    });
    let axis = Axis::between(first, zero.unwrap_or(first), last, live.so_far.plan.rto_ms);
    let drawn = rows.iter().enumerate().map(|(i, r)| row(&axis, i, r, live, medians, now)).collect_view();
    let seals = if medians.is_empty() {
        "No drill of this kind was run to its end before."
    } else {
        "Upright tick: median of the drills before."
    };
    let far = (!axis.reaches).then_some(" The RTO lies further out and is not drawn.");
    view! {
        <table class="table timeline live-timeline">
            <thead>
                <tr>
                    <th class="no" scope="col"><span class="unseen">"Number"</span></th>
                    <th scope="col"><span class="unseen">"Step"</span></th>
                    <th class="start" scope="col">"Start, UTC"</th>
                    <th class="took" scope="col">"Took"</th>
                    <th class="axis" scope="col"><span class="unseen">"On the clock"</span> {axis.heads()}</th>
                    <td class="sl"></td>
                </tr>
            </thead>
            <tbody>{drawn}</tbody>
        </table>
        <p class="foot measure-width">"Bar: a step on the recovery clock. Frame: before or after it; dashed: to come. " {seals} {far}</p>
    }
    .into_any()
}

fn row(axis: &Axis, i: usize, row: &Row, live: &Live, medians: &Medians, now: Moment) -> AnyView {
    let bar = |class: &'static str, from: Moment, to: Moment| {
        let (x, end) = (axis.x(from), axis.x(to));
        let width = format!("{:.2}%", (end - x).max(0.5));
        view! { <rect class=class x=format!("{x:.2}%") y="14" width=width height="8" /> }
    };
    let tick = |id: StepId, from: Moment| {
        let at = from.plus_millis(history::of(medians, id)?);
        let x = format!("{:.2}%", axis.x(at));
        (at <= axis.to).then(|| view! { <line class="median" x1=x.clone() x2=x y1="10" y2="26" /> })
    };
    let (id, class, detail, start, took, drawn) = match row {
        Row::Done(step) => {
            let class = match (step.outcome, step.id.on_the_clock()) {
                (Outcome::Failed, _) => "bar-failed",
                (_, true) => "bar-fill",
                (_, false) => "bar-off",
            };
            let failed = (step.outcome == Outcome::Failed)
                .then(|| view! { <StateMark state=Shape::Square word="stopped" /> " " });
            let detail = view! { {failed} {step.note.clone()} }.into_any();
            let drawn = view! { {bar(class, step.started_at, step.ended_at)} {tick(step.id, step.started_at)} };
            let start = view! { <When at=step.started_at show=words::time(step.started_at) /> }.into_any();
            (step.id, "", detail, start, words::clock(step.took_ms()), drawn.into_any())
        }
        Row::Running(step) => {
            let detail = view! { <span class="live-mark">{running(step, live, medians, now)}</span> }.into_any();
            let drawn = view! { {bar("bar-running", step.started_at, now)} {tick(step.id, step.started_at)} };
            let start = view! { <When at=step.started_at show=words::time(step.started_at) /> }.into_any();
            (step.id, "selected", detail, start, words::clock(now.since(step.started_at)), drawn.into_any())
        }
        Row::ToCome { id, at, takes_ms } => {
            let drawn = at.zip(*takes_ms).map(|(at, ms)| bar("bar-to-come", at, at.plus_millis(ms)));
            let start = at.map_or(String::new(), |at| format!("~{}", at.utc().format("%H:%M")));
            let took = takes_ms.map_or(String::new(), |ms| format!("~{}", words::clock(ms)));
            (*id, "to-come", "to come".into_any(), start.into_any(), took, drawn.into_any())
        }
    };
    let seal = (i == 0).then(|| view! { <Waiting why="sealed when the drill ends" /> });
    view! {
        <tr class=class>
            <td class="no">{i + 1}</td>
            <th scope="row">{id.title()} <span class="second">{detail}</span></th>
            <td class="start">{start}</td>
            <td class="took">{took}</td>
            <td class="axis"><svg aria-hidden="true">{axis.grid()} {drawn}</svg></td>
            <td class="sl">{seal}</td>
        </tr>
    }
    .into_any()
}

/// "running, 61 % of 31.6 GB, about 13 min left"
fn running(step: &Step, live: &Live, medians: &Medians, now: Moment) -> String {
    let progress = live.progress.filter(|p| p.step == step.id);
    let mut said = "running".to_owned();
    if let Some(progress) = &progress {
        said += &format!(", {}", progress.says());
    }
    if let Some(left) = live.left_of_step(medians, now).filter(|ms| *ms > 0) {
        said += &format!(", about {} left", words::duration(left));
    }
    said
}

/// Everything that happened, newest first: people's lines, steps, and how far the running one is.
pub fn entries(live: &Live) -> AnyView {
    let drill = &live.so_far;
    let mut lines: Vec<(Moment, String, bool)> =
        drill.log.iter().map(|line| (line.at, line.sentence(), false)).collect();
    if !drill.by_hand() {
        for step in &drill.steps {
            lines.push((step.started_at, format!("{}: begun.", step.id.title()), false));
            if !step.under_way() {
                let note = if step.note.is_empty() { "done" } else { step.note.trim_end_matches('.') };
                lines.push((step.ended_at, format!("{}: {note}.", step.id.title()), false));
            }
        }
    }
    lines.reverse();
    lines.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    if let Some(progress) = live.running().and_then(|step| live.progress.filter(|p| p.step == step.id)) {
        let pace = progress.pace().map(|pace| format!(", {pace}")).unwrap_or_default();
        lines.insert(0, (live.heard_at, format!("{}: {}{pace}.", progress.step.title(), progress.says()), true));
    }
    if lines.is_empty() {
        return view! { <p class="foot measure-width">"Nothing has happened yet."</p> }.into_any();
    }
    let mut first = true;
    let rows = lines
        .into_iter()
        .map(|(at, says, passing)| {
            let seal = match (passing, std::mem::take(&mut first) || passing) {
                (true, _) => {
                    first = true;
                    Some(view! { <Waiting why="progress is not sealed" /> })
                }
                (false, true) => Some(view! { <Waiting why="sealed with the record" /> }),
                (false, false) => None,
            };
            view! {
                <tr>
                    <td class="w-12"><When at=at show=format!("{}Z", words::time(at)) /></td>
                    <td class="log-says">{says}</td>
                    <td class="sl">{seal}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table tight log">
            <thead class="unseen-head">
                <tr>
                    <th class="w-12" scope="col">"When, UTC"</th>
                    <th scope="col">"What happened"</th>
                    <td class="sl"></td>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
