//! What follows from facts, each with its reason and the finding that it opened: what falls short first.

use std::cmp::Reverse;

use domain::judgement::{self, Judgement};
use leptos::prelude::*;

use super::{Section, Shape, StateMark, capital};

/// Nothing where nothing was judged. `of`: whose name the sentences need not repeat.
#[component]
pub fn JudgedTable(
    #[prop(into)] title: String,
    #[prop(optional, into)] note: String,
    #[prop(optional, into)] of: String,
    mut judged: Vec<(Judgement, Option<String>)>,
) -> impl IntoView {
    if judged.is_empty() {
        return ().into_any();
    }
    judged.sort_by_key(|(judged, _)| Reverse(judgement::rank(judged.verdict)));
    let named = format!("{of}: ");
    let rows = judged
        .into_iter()
        .map(|(judged, finding)| {
            let title = judgement::rule(judged.rule).map_or(judged.rule, |rule| rule.title);
            let finding = finding.map(|id| view! { <a href=format!("/findings#{id}")>{id.clone()}</a> });
            let (shape, word) = (Shape::from(judged.verdict), judged.verdict.word());
            let says = if of.is_empty() {
                judged.says
            } else {
                capital(judged.says.strip_prefix(&named).unwrap_or(&judged.says))
            };
            view! {
                <tr>
                    <td class="w-12 state-cell"><StateMark state=shape word=word /></td>
                    <th scope="row">{says}<span class="second">{title}</span></th>
                    <td class="w-12">{finding}</td>
                    <td class="sl"></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title=title note=note id="judged">
            <table class="table tight judged">
                <thead class="unseen-head">
                    <tr>
                        <th class="w-12" scope="col">"Verdict"</th>
                        <th scope="col">"What was found"</th>
                        <th class="w-12" scope="col">"Finding"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}
