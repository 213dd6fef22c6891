//! Filters as a sentence, and the way through a long list. All by address, none by script.

use leptos::prelude::*;

use super::{Shape, StateMark};

/// A GET form: "Show [toggles] of [selects]" and a button; `result` counts what is left.
#[component]
pub fn FilterBar(
    /// The page's own path.
    action: &'static str,
    /// "9 of 9"
    #[prop(into)]
    result: String,
    #[prop(default = "Show")] word: &'static str,
    /// Where a page has several: "Filter the jobs"
    #[prop(default = "Filter the list")]
    label: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <form class="filter measure-width" method="get" action=action role="search" aria-label=label>
            <span>{word}</span>
            {children()}
            <button class="button" type="submit">"Show"</button>
            <span class="result" role="status">{result}</span>
        </form>
    }
}

/// One state with its count, as a link that sets or clears it.
#[component]
pub fn FilterToggle(
    #[prop(into)] href: String,
    on: bool,
    count: usize,
    #[prop(into)] state: Shape,
    word: &'static str,
) -> impl IntoView {
    view! {
        <a class="toggle" href=href aria-current=on.then_some("true")>
            <StateMark state=state word=format!("{count} {word}") />
        </a>
    }
}

/// A native select with its label; options are (value, name), the first usually ("", "any …").
#[component]
pub fn FilterSelect(
    name: &'static str,
    /// Shown before it: "of"
    word: &'static str,
    /// Read, not shown: "Scenario"
    label: &'static str,
    options: Vec<(String, String)>,
    #[prop(into)] chosen: String,
) -> impl IntoView {
    view! {
        <label>
            <span aria-hidden="true">{word} " "</span>
            <span class="unseen">{label}</span>
            <select class="underlined" name=name>
                {options
                    .into_iter()
                    .map(|(value, shown)| {
                        let selected = value == chosen;
                        view! { <option value=value selected=selected>{shown}</option> }
                    })
                    .collect_view()}
            </select>
        </label>
    }
}

/// "1 to 50 of 312." and the links onward and back to the start.
#[component]
pub fn Pager(
    #[prop(into)] says: String,
    #[prop(optional_no_strip, into)] first: Option<String>,
    #[prop(optional_no_strip, into)] next: Option<String>,
    #[prop(default = "Back to the newest")] back: &'static str,
    #[prop(default = "Older")] on: &'static str,
) -> impl IntoView {
    view! {
        <nav class="pager measure-width" aria-label="More of this list">
            <span>{says}</span>
            <span>
                {first.map(|href| view! { <a href=href>{back}</a> " " })}
                {next.map(|href| view! { <a href=href rel="next">{on}</a> })}
            </span>
        </nav>
    }
}
