//! How every page opens: eyebrow, title over the scotch rule, and one statement.

use leptos::prelude::*;
use leptos_meta::Title;

/// Eyebrow, title, at most two actions as children; the scotch rule below, "Provenance" in the margin.
#[component]
pub fn PageHead(
    /// Date, place or breadcrumb.
    #[prop(into)]
    eyebrow: ViewFn,
    #[prop(into)] title: String,
    /// The italic word at the head of the margin.
    #[prop(default = "Provenance")]
    margin: &'static str,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let document = format!("{title} · Passmuster");
    view! {
        <Title text=document />
        <header class="fact head-row">
            <div class="page-head">
                <p class="eyebrow">{eyebrow.run()}</p>
                <div class="title">
                    <h1>{title}</h1>
                    {children.map(|actions| view! { <div class="actions">{actions()}</div> })}
                </div>
            </div>
            <p class="margin-head" aria-hidden="true">{margin}</p>
        </header>
    }
    .into_any()
}

/// The page's first sentence, with its seal or gloss beside it.
#[component]
pub fn Statement(
    /// The larger face of the overview.
    #[prop(optional)]
    verdict: bool,
    /// What stands in the margin, such as a `SealNote`.
    #[prop(optional, into)]
    margin: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let class = if verdict { "statement verdict" } else { "statement" };
    view! {
        <div class="fact">
            <p class=class>{children()}</p>
            {margin.map(|m| view! { <aside class="low" role="note">{m}</aside> })}
        </div>
    }
    .into_any()
}

/// A headed part of the page. The head keeps clear of the margin; what follows brings its own grid.
///
/// With `over_table` the title sits on the line of the table's column heads: leave the first head
/// cell to an `unseen` word.
#[component]
pub fn Section(
    #[prop(into)] title: String,
    /// At the right of the head.
    #[prop(optional, into)]
    note: String,
    #[prop(optional)] over_table: bool,
    /// For links to it.
    #[prop(optional, into)]
    id: Option<String>,
    children: Children,
) -> impl IntoView {
    let heading = crate::parts::unique("h");
    let note = (!note.is_empty()).then(|| view! { <span class="note">{note}</span> });
    let class = if over_table { "section titled" } else { "section" };
    let head = if over_table {
        (view! { <h2 id=heading.clone()>{title}</h2> }, note).into_any()
    } else {
        view! {
            <div class="section-head measure-width">
                <h2 id=heading.clone()>{title}</h2>
                {note}
            </div>
        }
        .into_any()
    };
    view! {
        <section class=class id=id aria-labelledby=heading>
            {head}
            {children()}
        </section>
    }
    .into_any()
}
