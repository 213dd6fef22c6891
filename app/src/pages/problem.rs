//! What is shown when a page cannot be: inside the frame, or alone for an address that is none.

use leptos::prelude::*;

use crate::{
    parts::{Bare, ErrorNote, PageHead},
    problem::{Problem, ProblemKind},
};

/// A problem where the page's content would be.
#[component]
pub fn InFrame(problem: Problem) -> impl IntoView {
    let title = match problem.kind {
        ProblemKind::NotFound => "Not here",
        ProblemKind::NotAllowed => "Not allowed",
        ProblemKind::BadInput => "Not understood",
        ProblemKind::NotSignedIn => "Not signed in",
        ProblemKind::Conflict => "Somebody was first",
        ProblemKind::TooOften => "Too often",
        ProblemKind::Unavailable | ProblemKind::Broken => "Not readable now",
    };
    view! {
        <PageHead eyebrow=|| "Passmuster" title=title />
        <ErrorNote problem=problem />
        <p class="foot"><a href="/">"Go to the overview"</a></p>
    }
}

/// An address nothing answers to.
#[component]
pub fn NotFound() -> impl IntoView {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <leptos_meta::Title text="Not here · Passmuster" />
        <Bare>
            <h1>"Not here"</h1>
            <ErrorNote problem=Problem::new(
                ProblemKind::NotFound,
                "No page has this address.",
                "Nothing was changed.",
                "Check the address, or start at the overview.",
            ) />
            <p class="foot"><a href="/">"Go to the overview"</a></p>
        </Bare>
    }
}
