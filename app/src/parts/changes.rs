//! What changed between two texts, line by line, with the words that differ.

use domain::review::changes::{Hunk, Is};
use leptos::prelude::*;

#[component]
pub fn Hunks(hunks: Vec<Hunk>) -> impl IntoView {
    hunks
        .into_iter()
        .map(|hunk| {
            let lines = hunk
                .lines
                .into_iter()
                .map(|line| {
                    let (class, sign, spoken) = match line.is {
                        Is::Same => ("same", "\u{a0}", None),
                        Is::Gone => ("gone", "\u{2212}", Some("gone: ")),
                        Is::New => ("new", "+", Some("new: ")),
                    };
                    let words = line
                        .pieces
                        .into_iter()
                        .map(|piece| match piece.differs {
                            true => view! { <b>{piece.text}</b> }.into_any(),
                            false => piece.text.into_any(),
                        })
                        .collect_view();
                    view! {
                        <li class=class>
                            <span aria-hidden="true">{sign}</span>
                            <span>{spoken.map(|spoken| view! { <span class="unseen">{spoken}</span> })}{words}</span>
                        </li>
                    }
                })
                .collect_view();
            view! { <ol class="hunk">{lines}</ol> }
        })
        .collect_view()
}
