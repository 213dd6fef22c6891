//! One line in time: the last write kept, the loss, the moment it was back, and where the RPO ends.

use domain::{Moment, words};
use leptos::prelude::*;

use super::{Shape, state::px};
use domain::verdict::Verdict;

/// Positions are to scale unless that would hide a part; then the line says so.
#[component]
pub fn Freshness(
    last_write: Moment,
    lost_at: Moment,
    back_at: Moment,
    /// On the recovery clock, which may begin after the loss.
    restore_ms: i64,
    rpo_ms: i64,
    verdict: Verdict,
) -> impl IntoView {
    const W: f64 = 892.0;
    const LEFT: f64 = 56.0;
    let lost_ms = lost_at.since(last_write).max(0);
    let back_ms = back_at.since(lost_at).max(0);
    let end = last_write.plus_millis(rpo_ms);
    let span = (lost_ms + back_ms).max(rpo_ms).max(1);
    let scale = (W - LEFT - 22.0) / span as f64;
    // Words over the line need about 150 to stand apart.
    let to_scale = lost_ms as f64 * scale >= 150.0 && back_ms as f64 * scale >= 150.0;
    let (x_lost, x_back, x_end) = if to_scale {
        let at = |ms: i64| LEFT + ms as f64 * scale;
        (at(lost_ms), at(lost_ms + back_ms), at(rpo_ms))
    } else {
        let missed = lost_ms > rpo_ms;
        (
            LEFT + if missed { 320.0 } else { 190.0 },
            LEFT + if missed { 510.0 } else { 380.0 },
            if missed { LEFT + 160.0 } else { W - 22.0 },
        )
    };
    // The RPO's words go below the line where they would meet those of the restore.
    let crowded = (x_end - x_back).abs() < 340.0;
    let (rpo_y, height) = if crowded { (82.0, 100) } else { (12.0, 66) };
    let z = |at: Moment| format!("{}Z", words::time(at));
    let say = format!(
        "Last write kept {}, loss declared {}, restored and verified {}: {} lost, {} to restore, RPO {}.",
        z(last_write),
        z(lost_at),
        z(back_at),
        words::duration(lost_ms),
        words::duration(restore_ms),
        words::duration(rpo_ms)
    );
    let stop = |x: f64, word: &'static str, at: Moment| {
        let anchor = if x > W - 130.0 { "end" } else { "start" };
        view! {
            <text x=px(x) y="12" text-anchor=anchor>{word}</text>
            <text class="mono-text" x=px(x) y="27" text-anchor=anchor>{z(at)}</text>
            <path class="tick" d=format!("M{} 34v16", px(x)) />
        }
    };
    view! {
        <figure>
            <svg class="freshness" viewBox=format!("0 0 892 {height}") role="img" aria-label=say.clone()>
                <path class="way" d="M0 44.5H892" />
                <g class=Shape::from(verdict).class()>
                    <rect class="lost" x=px(LEFT) y="41" width=px((x_lost - LEFT).max(1.0)) height="7" />
                </g>
                <rect class="back" x=px(x_lost) y="41" width=px((x_back - x_lost).max(1.0)) height="7" />
                {stop(LEFT, "last write kept", last_write)}
                {stop(x_lost, "loss declared", lost_at)}
                {stop(x_back, "restored and verified", back_at)}
                <path class="promise" d=format!("M{} 36v18", px(x_end)) />
                <text x=px((x_end + 22.0).min(W)) y=px(rpo_y) text-anchor="end">
                    {format!("RPO, {} after the last write", words::duration(rpo_ms))}
                </text>
                <text class="mono-text" x=px((x_end + 22.0).min(W)) y=px(rpo_y + 15.0) text-anchor="end">{z(end)}</text>
                <text class="value" x=px((LEFT + x_lost) / 2.0) y="64" text-anchor="middle">
                    {format!("{} lost", words::duration(lost_ms))}
                </text>
                <text class="value" x=px((x_lost + x_back) / 2.0) y="64" text-anchor="middle">
                    {words::duration(restore_ms)}
                </text>
            </svg>
            <p class="foot phone-only">{say.clone()}</p>
            {(!to_scale).then(|| view! { <figcaption class="foot hide-on-phone">"In order, not to scale."</figcaption> })}
        </figure>
    }
}
