//! A drill's steps as a table, each with its bar on one axis.

use std::collections::BTreeMap;

use domain::{
    Moment,
    drill::{Drill, Outcome, Step},
    words::{self, brief},
};
use leptos::prelude::*;

/// The axis all bars share: from the first step's start, to the RTO or, where the drill was far
/// quicker, to its own end.
pub(super) struct Axis {
    /// When the loss was declared: the clock's zero.
    pub zero: Moment,
    pub from: Moment,
    pub to: Moment,
    /// Whether the axis reaches the RTO.
    pub reaches: bool,
    pub rto_ms: i64,
}

impl Axis {
    fn of(drill: &Drill) -> Option<Self> {
        let first = drill.steps.iter().map(|s| s.started_at).min()?;
        let last = drill.steps.iter().map(|s| s.ended_at).max()?;
        let zero = clock_started(drill).unwrap_or(first);
        Some(Self::between(first, zero, last, drill.plan.rto_ms))
    }

    /// From the first step's start to the last one's end, measured or expected.
    pub fn between(first: Moment, zero: Moment, last: Moment, rto_ms: i64) -> Self {
        let own = last.since(first).max(1);
        let reaches = own * 10 >= rto_ms;
        let to = if reaches { last.max(zero.plus_millis(rto_ms + rto_ms / 12)) } else { last.plus_millis(own / 20) };
        Self { zero, from: first, to, reaches, rto_ms }
    }

    /// Per cent of the axis.
    pub fn x(&self, at: Moment) -> f64 {
        let span = self.to.since(self.from).max(1) as f64;
        (at.since(self.from) as f64 / span).clamp(0.0, 1.0) * 100.0
    }

    /// Round marks, counted from the clock's zero.
    fn ticks(&self) -> Vec<i64> {
        const STEPS: [i64; 16] = [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000,
            7_200_000, 21_600_000,
        ];
        let end = if self.reaches { self.rto_ms } else { self.to.since(self.zero) };
        let step = STEPS.into_iter().find(|s| end / s <= 4).unwrap_or(43_200_000);
        let past_rto = |ms: i64| self.reaches && (ms - self.rto_ms).abs() < step / 2;
        (0..=end / step).map(|i| i * step).filter(|ms| !past_rto(*ms)).collect()
    }

    pub fn grid(&self) -> AnyView {
        let line = |ms: i64, class: &'static str| {
            let x = format!("{:.2}%", self.x(self.zero.plus_millis(ms)));
            view! { <line class=class x1=x.clone() x2=x y1="0" y2="100%" /> }
        };
        let lines = self.ticks().into_iter().map(|ms| line(ms, "grid")).collect_view();
        let promise = self.reaches.then(|| line(self.rto_ms, "promise"));
        view! { {lines} {promise} }.into_any()
    }
}

impl Axis {
    /// The words above the axis.
    pub fn heads(&self) -> AnyView {
        let heads = self
            .ticks()
            .into_iter()
            .map(|ms| {
                let x = self.x(self.zero.plus_millis(ms));
                let word = if ms == 0 { "0".to_owned() } else { brief(ms) };
                view! { <text x=format!("{x:.1}%") y="12" text-anchor=if ms == 0 { "start" } else { "middle" }>{word}</text> }
            })
            .collect_view();
        let promise = self.reaches.then(|| {
            let x = self.x(self.zero.plus_millis(self.rto_ms));
            view! {
                <text class="promise-word" x=format!("{x:.1}%") y="12" text-anchor="middle">
                    "RTO " {brief(self.rto_ms)}
                </text>
            }
        });
        view! { <svg aria-hidden="true">{heads} {promise}</svg> }.into_any()
    }
}

/// When the loss was declared: with the first step on the clock.
pub fn clock_started(drill: &Drill) -> Option<Moment> {
    let first = || drill.steps.iter().filter(|s| s.id.on_the_clock()).map(|s| s.started_at).min();
    drill.clock().map(|(declared, _)| declared).or_else(first)
}

/// The table under its section title. `medians` are, by step, the middle of what it took in earlier
/// drills, in milliseconds; one that would leave the axis is not drawn. `seal` stands beside the first step.
#[component]
pub fn Timeline(
    drill: Drill,
    medians: BTreeMap<usize, i64>,
    #[prop(optional, into)] seal: Option<AnyView>,
) -> impl IntoView {
    let Some(axis) = Axis::of(&drill) else {
        return view! { <super::Empty sentence="No step was taken." /> }.into_any();
    };
    let stopped = drill.measured.as_ref().zip(drill.clock_ends_with());
    let median_of =
        |i: usize, step: &Step| medians.get(&i).copied().filter(|ms| step.started_at.plus_millis(*ms) <= axis.to);
    let has_medians = drill.steps.iter().enumerate().any(|(i, step)| median_of(i, step).is_some());
    let mut seal = seal;
    let rows = drill
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| {
            let after = stopped
                .filter(|(_, at)| *at == i)
                .map(|(m, _)| view! { <Stopped axis_grid=axis.grid() restore_ms=m.restore_ms at=step.ended_at /> });
            view! { {row(&axis, i, step, median_of(i, step), seal.take())} {after} }
        })
        .collect_view();
    let own = axis.to.since(axis.from);
    let foot = if axis.reaches {
        "Bar: a step on the recovery clock. Frame: before or after it. The dashed line is the promise.".to_owned()
    } else {
        format!(
            "Bar: a step on the recovery clock. Frame: before or after it. The axis is the drill's own {}; the RTO, {}, lies {} times further out and is not drawn.",
            words::duration(own),
            words::duration(axis.rto_ms),
            words::count(axis.rto_ms / own.max(1))
        )
    };
    let foot = if has_medians { format!("{foot} Upright tick: median of the drills before.") } else { foot };
    view! {
        <table class="table timeline">
            <thead>
                <tr>
                    <th class="no" scope="col"><span class="unseen">"Number"</span></th>
                    <th scope="col"><span class="unseen">"Step"</span></th>
                    <th class="start" scope="col">"Start, UTC"</th>
                    <th class="took" scope="col">"Took"</th>
                    <th class="axis" scope="col">
                        <span class="unseen">"On the clock"</span>
                        {axis.heads()}
                    </th>
                    <td class="sl"></td>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="foot measure-width">{foot}</p>
    }
    .into_any()
}

fn row(axis: &Axis, i: usize, step: &Step, median: Option<i64>, seal: Option<AnyView>) -> AnyView {
    let (from, to) = (axis.x(step.started_at), axis.x(step.ended_at));
    let width = (to - from).max(0.5);
    let class = match (step.outcome, step.id.on_the_clock()) {
        (Outcome::Failed, _) => "bar-failed",
        (_, true) => "bar-fill",
        (_, false) => "bar-off",
    };
    let median = median.map(|ms| {
        let x = format!("{:.2}%", axis.x(step.started_at.plus_millis(ms)));
        view! { <line class="median" x1=x.clone() x2=x y1="10" y2="26" /> }
    });
    let outcome = match step.outcome {
        Outcome::Done => None,
        Outcome::Failed => Some(view! { <super::StateMark state=super::Shape::Square word="failed" /> }),
        Outcome::Skipped => Some(view! { <super::StateMark state=super::Shape::Ring word="skipped" /> }),
    };
    let note = (!step.note.is_empty()).then(|| view! { <span class="second">{step.note.clone()}</span> });
    let commands = step.commands.iter().map(|command| view! { <span class="second">{command.says()}</span> });
    let commands: Vec<_> = commands.collect();
    view! {
        <tr>
            <td class="no">{i + 1}</td>
            <th scope="row">{step.id.title()} " " {outcome} {note} {commands}</th>
            <td class="start"><super::When at=step.started_at show=words::time(step.started_at) /></td>
            <td class="took">{words::clock(step.took_ms())}</td>
            <td class="axis">
                <svg aria-hidden="true">
                    {axis.grid()}
                    <rect class=class x=format!("{from:.2}%") y="14" width=format!("{width:.2}%") height="8" />
                    {median}
                </svg>
            </td>
            <td class="sl">{seal}</td>
        </tr>
    }
    .into_any()
}

/// The row between what was on the clock and teardown: the clock's end.
#[component]
fn Stopped(axis_grid: AnyView, restore_ms: i64, at: Moment) -> impl IntoView {
    view! {
        <tr class="stopped">
            <td class="no"></td>
            <th scope="row">"Clock stopped at " {words::duration(restore_ms)}</th>
            <td class="start"><super::When at=at show=words::time(at) /></td>
            <td class="took"></td>
            <td class="axis">
                <svg aria-hidden="true">{axis_grid}</svg>
            </td>
            <td class="sl"></td>
        </tr>
    }
}
