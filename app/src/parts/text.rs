//! Small pieces of text: instants, digests, and the word for what is invented.

use domain::{Moment, review::Subject, words};
use leptos::prelude::*;

/// An instant as `<time>`: ISO date and minute in UTC unless `show` says otherwise.
#[component]
pub fn When(
    at: Moment,
    /// What is printed; "2026-11-16 14:04" when absent.
    #[prop(optional, into)]
    show: Option<String>,
) -> impl IntoView {
    let show = show.unwrap_or_else(|| words::date_time(at));
    view! { <time datetime=at.rfc3339()>{show}</time> }
}

/// A digest in full, in groups of four.
#[component]
pub fn Digest(#[prop(into)] hex: String) -> impl IntoView {
    view! { <code class="digest">{words::groups(&hex)}</code> }
}

/// Said wherever a value belongs to the example company's invented past.
#[component]
pub fn Demo(demo: bool) -> impl IntoView {
    demo.then(|| view! { <span class="demo">"seeded demo data"</span> })
}

/// "seeded demo data" or, where a drill really ran, "measured"; one that ended early measured nothing.
#[component]
pub fn Tested(demo: bool, #[prop(optional)] abandoned: bool) -> impl IntoView {
    let word = match (demo, abandoned) {
        (true, _) => "seeded demo data",
        (false, false) => "measured",
        (false, true) => "ended early",
    };
    view! { <span class="demo">{word}</span> }
}

/// "one drill", "two drills", "12 drills".
pub fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", words::number(n), if n == 1 { one } else { many })
}

/// Where a drill's page is.
pub fn drill_href(id: &str) -> String {
    format!("/drills/{}", super::encoded(id).replace('/', "%2F"))
}

/// Where a signature is asked for.
pub fn review_href(subject: &Subject) -> String {
    format!("/reviews/{}", super::encoded(&subject.key()).replace('/', "%2F"))
}
