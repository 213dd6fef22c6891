//! What stands where nothing is, and what is said when something failed.

use leptos::prelude::*;

use crate::problem::Problem;

/// A sentence of fact between ink rules, then what was searched.
#[component]
pub fn Empty(#[prop(into)] sentence: String, #[prop(optional, into)] detail: String) -> impl IntoView {
    view! {
        <div class="empty measure-width">
            <p>{sentence}</p>
            {(!detail.is_empty()).then(|| view! { <p>{detail}</p> })}
        </div>
    }
}

/// What happened, what is still true, what to do next, and the reference where there is one.
#[component]
pub fn ErrorNote(problem: Problem) -> impl IntoView {
    let reference =
        (!problem.reference.is_empty()).then(|| view! { <p>"Reference " <code>{problem.reference.clone()}</code></p> });
    view! {
        <div class="error-note measure-width" role="alert">
            <p>{problem.what}</p>
            <p>{problem.still}</p>
            <p>{problem.next}</p>
            {reference}
        </div>
    }
}
