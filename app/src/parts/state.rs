//! State marks: one shape per meaning, and always a word.

use domain::{checklist, drill::CheckVerdict, finding::Standing, request, review::Mark, verdict::Verdict};
use leptos::prelude::*;

/// The five shapes. Colour follows the shape in CSS; the word says it for everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// ● met, passes, fresh, closed
    Disc,
    /// ▲ at risk, ageing, due soon
    Triangle,
    /// ■ missed, fails, gap, overdue
    Square,
    /// ○ untested, not run, open, waiting
    Ring,
    /// ◌ stale: measured, longer ago than its cadence allows
    Dotted,
}

impl Shape {
    pub fn class(self) -> &'static str {
        match self {
            Shape::Disc => "disc",
            Shape::Triangle => "triangle",
            Shape::Square => "square",
            Shape::Ring => "ring",
            Shape::Dotted => "dotted",
        }
    }

    fn href(self) -> String {
        format!("#{}", self.class())
    }

    pub fn of_check(verdict: CheckVerdict) -> (Self, &'static str) {
        match verdict {
            CheckVerdict::Passes => (Shape::Disc, "passes"),
            CheckVerdict::Fails => (Shape::Square, "fails"),
            CheckVerdict::NotRun => (Shape::Ring, "not run"),
        }
    }

    pub fn of_standing(standing: Standing) -> (Self, &'static str) {
        let shape = match standing {
            Standing::Overdue => Shape::Square,
            Standing::DueSoon => Shape::Triangle,
            Standing::Open => Shape::Ring,
            Standing::Closed => Shape::Disc,
        };
        (shape, standing.word())
    }

    /// Sent back is a square, and whatever waits for somebody a ring.
    pub fn of_request(standing: request::Standing) -> (Self, &'static str) {
        use request::Standing::*;
        let shape = match standing {
            Open | Answered => Shape::Ring,
            NeedsMore => Shape::Square,
            Accepted => Shape::Disc,
        };
        (shape, standing.word())
    }

    /// An item of the checklist. One closed by hand keeps the disc of what is closed, and says so in its word.
    pub fn of_item(standing: checklist::Standing) -> (Self, &'static str) {
        use checklist::Standing::*;
        let shape = match standing {
            Short => Shape::Square,
            Open => Shape::Ring,
            ByHand | Closed => Shape::Disc,
        };
        (shape, standing.word())
    }

    /// Of a signature that is asked for.
    pub fn of_mark(mark: Mark) -> Self {
        match mark {
            Mark::Overdue | Mark::Altered | Mark::Returned => Shape::Square,
            Mark::DueSoon => Shape::Triangle,
            Mark::Waiting | Mark::Replaced => Shape::Ring,
            Mark::Lapsed => Shape::Dotted,
            Mark::Signed => Shape::Disc,
        }
    }

    /// The shape in a chart, centred on a point, `size` wide. Inherits `currentColor` from its class.
    pub fn point(self, x: f64, y: f64, size: f64) -> AnyView {
        let half = size / 2.0;
        match self {
            Shape::Disc => view! { <circle class="point" cx=px(x) cy=px(y) r=px(half) /> }.into_any(),
            Shape::Triangle => {
                let d = format!("M{} {}L{} {}H{}z", px(x), px(y - half), px(x + half), px(y + half), px(x - half));
                view! { <path class="point" d=d /> }.into_any()
            }
            Shape::Square => view! {
                <rect class="point" x=px(x - half) y=px(y - half) width=px(size) height=px(size) />
            }
            .into_any(),
            Shape::Ring => view! { <circle class="hollow" cx=px(x) cy=px(y) r=px(half) /> }.into_any(),
            Shape::Dotted => view! {
                <circle class="hollow" cx=px(x) cy=px(y) r=px(half) stroke-dasharray="1.5 1.5" />
            }
            .into_any(),
        }
    }
}

impl From<Verdict> for Shape {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Met => Shape::Disc,
            Verdict::AtRisk => Shape::Triangle,
            Verdict::Missed => Shape::Square,
            Verdict::Untested => Shape::Ring,
            Verdict::Stale => Shape::Dotted,
        }
    }
}

/// A coordinate, to a tenth of a pixel.
pub(crate) fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A shape and its word.
#[component]
pub fn StateMark(#[prop(into)] state: Shape, #[prop(into)] word: String) -> impl IntoView {
    view! {
        <span class=format!("state {}", state.class())>
            <svg aria-hidden="true">
                <use href=state.href() />
            </svg>
            {word}
        </span>
    }
    .into_any()
}

/// A state inside a statement, in the statement's own size.
#[component]
pub fn Say(#[prop(into)] state: Shape, #[prop(into)] words: String) -> impl IntoView {
    view! {
        <span class=format!("say {}", state.class())>
            <svg aria-hidden="true">
                <use href=state.href() />
            </svg>
            {words}
        </span>
    }
    .into_any()
}
