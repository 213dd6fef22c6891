//! A bullet: how much of a promise a measured time used.

use domain::verdict::Verdict;
use leptos::prelude::*;

use super::{Shape, state::px};

/// The promise is a line 104 wide with an upright at its end; the bar is what was measured, in the
/// state's colour, and may overshoot by 24. Decoration: the figures stand beside it in words.
#[component]
pub fn Bullet(measured_ms: i64, promise_ms: i64, verdict: Verdict) -> impl IntoView {
    let share = measured_ms.max(0) as f64 / promise_ms.max(1) as f64;
    let width = (share * 104.0).clamp(1.5, 128.0);
    view! {
        <svg class=format!("bullet {}", Shape::from(verdict).class()) viewBox="0 0 130 14" aria-hidden="true">
            <path class="way" d="M0 7h104" />
            <rect class="bar-fill" x="0" y="4.5" width=px(width) height="5" />
            <path class="promise" d="M104 1.5v11" />
        </svg>
    }
}
