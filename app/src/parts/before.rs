//! What the drill before left open.

use domain::{Moment, finding::Finding, record::Sealed, words};
use leptos::prelude::*;

use super::{Shape, StateMark};

/// The previous drill's findings that are still open; nothing where there are none.
#[component]
pub fn OpenBefore(findings: Vec<Sealed<Finding>>, now: Moment) -> impl IntoView {
    if findings.is_empty() {
        return ().into_any();
    }
    let rows = findings
        .into_iter()
        .map(|f| {
            let (shape, word) = Shape::of_standing(f.value.standing(now));
            view! {
                <li>
                    <StateMark state=shape word=word />
                    " "
                    <a href=format!("/findings#{}", f.id)>{f.id.clone()}</a>
                    ", " {f.value.title.clone()} ", due " {words::date(f.value.due_at)}
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="open-before measure-width" aria-label="Left open by the drill before">
            <p class="gloss">"Left open by the drill of this kind before"</p>
            <ul>{rows}</ul>
        </section>
    }
    .into_any()
}
