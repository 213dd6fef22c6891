//! A claim's standing beside its sentence: mark, state and number on one line, what was seen below.

use domain::{
    record::Seal,
    runbook::facts::{Fact, Holding},
};
use leptos::prelude::*;

use super::{SealKind, SealMark, SealNote, Shape, StateMark};

impl From<Holding> for Shape {
    fn from(holding: Holding) -> Self {
        match holding {
            Holding::Holds => Shape::Disc,
            Holding::Differs => Shape::Triangle,
            Holding::Broken => Shape::Square,
            Holding::Untested | Holding::NotObserved => Shape::Ring,
        }
    }
}

/// Without a record there is no seal: the ring is dashed.
#[component]
pub fn Observation(fact: Fact) -> impl IntoView {
    let mark = match fact.seal.clone() {
        Some(seal) => view! { <Sealed seal=seal what=fact.says.clone() /> }.into_any(),
        None => view! { <p class="seal still waiting"><SealMark kind="seal-waiting" /></p> }.into_any(),
    };
    view! {
        <div class="observation">
            {mark}
            <StateMark state=fact.holding word=fact.word />
            <p class="says">{fact.says}</p>
        </div>
    }
}

#[component]
fn Sealed(seal: Seal, what: String) -> impl IntoView {
    view! { <SealNote seal=seal kind=SealKind::Line what=what /> }
}
