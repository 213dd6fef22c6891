//! A row of figures between rules.

use leptos::prelude::*;

use super::{Shape, StateMark};

/// The row; its children are [`Measure`]s.
#[component]
pub fn Measures(children: Children) -> impl IntoView {
    view! { <dl class="measures">{children()}</dl> }
}

/// One figure: label, value in Serif, what it is of, and its state.
#[component]
pub fn Measure(
    #[prop(into)] label: String,
    #[prop(into)] value: String,
    /// "of 120 min"
    #[prop(optional, into)]
    of: String,
    #[prop(optional)] state: Option<(Shape, String)>,
) -> impl IntoView {
    view! {
        <div>
            <dt>{label}</dt>
            <dd>
                <span class="value">{value}</span>
                " "
                <span class="of">{of}</span>
            </dd>
            {state.map(|(shape, word)| view! { <dd><StateMark state=shape word=word /></dd> })}
        </div>
    }
}
