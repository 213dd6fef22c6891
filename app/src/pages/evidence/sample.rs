//! The sample: its three fields in the form, and a drawn one with the shell line that draws it again.

use domain::{
    record::Head,
    sample::{AskError, Population},
    words,
};
use leptos::prelude::*;

use crate::{
    api::evidence::{
        Ask,
        sample::{Picked, Shown},
    },
    parts::{Digest, Section, Shape, StateMark},
};

/// The number auditors ask for most often.
const USUAL: &str = "25";

#[component]
pub fn Fields<'a>(ask: &'a Ask, error: Option<AskError>, head: Head) -> impl IntoView + use<> {
    let options = Population::ALL
        .into_iter()
        .map(|p| {
            let on = ask.sample == p.id();
            view! { <option value=p.id() selected=on>{p.id()}</option> }
        })
        .collect_view();
    let size = if ask.sample.is_empty() && ask.size.is_empty() { USUAL.to_owned() } else { ask.size.clone() };
    let wrong = |mine: &[AskError]| error.is_some_and(|e| mine.contains(&e)).then_some("true");
    let no_size = wrong(&[AskError::Size]);
    let no_value = wrong(&[AskError::NoValue, AskError::Value]);
    let no_population = wrong(&[AskError::Population, AskError::NoPopulation]);
    let error = error.map(|e| {
        let (what, next) = e.says();
        view! {
            <p class="field-error" role="alert" id="sample-error">
                <StateMark state=Shape::Square word=what.to_owned() />
                " "
                {next}
            </p>
        }
    });
    view! {
        <div class="sample-fields">
            <div class="field">
                <label for="sample">"Draw from"</label>
                <select id="sample" name="sample" aria-invalid=no_population aria-describedby="sample-how">
                    <option value="">"no sample"</option>
                    {options}
                </select>
            </div>
            <div class="field">
                <label for="sample-size">"How many"</label>
                <input id="sample-size" name="size" type="text" inputmode="numeric" autocomplete="off" value=size aria-invalid=no_size aria-describedby="sample-how" />
            </div>
            <div class="field">
                <label for="sample-value">"Value from outside"</label>
                <input id="sample-value" name="value" type="text" maxlength="100" autocomplete="off" spellcheck="false" value=ask.value.clone() aria-invalid=no_value aria-describedby="sample-fair" />
            </div>
        </div>
        {error}
        <p class="second" id="sample-how">
            "Leave it at “no sample”, or draw from what the bundle holds of one kind; fewer than asked for are taken whole. Backup runs are not kept as records yet, so none can be drawn."
        </p>
        <p class="second" id="sample-fair">
            "The value must come from somebody who does not run this portal: the auditor’s own number, a lottery draw, a drand round. The ledger’s root is mixed in, and whoever runs the portal could append to the ledger until a draw suits. So the auditor notes the head first, then gives the value: that makes the draw fair. The head now has "
            {entries(head.size)}
            ", root "
            <code>{words::short_digest(&head.root)}</code>
            "."
        </p>
    }
}

#[component]
pub fn Sample(shown: Shown) -> impl IntoView {
    let Shown { bundle, drawn, picked } = shown;
    let rows = picked
        .into_iter()
        .enumerate()
        .map(|(i, Picked { item, says, href })| {
            let entry = format!("/ledger?around={0}#e{0}", item.seq);
            let said = match (says, href) {
                (Some(says), Some(href)) => view! { <a href=href>{says}</a> }.into_any(),
                _ => "in the bundle; not among the records on these pages".into_any(),
            };
            view! {
                <tr>
                    <td class="num hide-phone">{i + 1}</td>
                    <th scope="row">{said}<span class="second"><code class="digest">{item.id}</code></span></th>
                    <td class="num state-cell"><a href=entry>{format!("№ {}", item.seq)}</a></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title=format!("Sample of {bundle}") id="drawn">
            <div class="measure-width checking">
                <p>
                    {format!("{}, as they came out of the draw. ", crate::parts::capital(&drawn.says()))}
                    "It is fair if the auditor gave the value after noting the head below."
                </p>
                <dl class="pairs">
                    <dt>"Value from outside"</dt>
                    <dd><code>{drawn.public_value.clone()}</code></dd>
                    <dt>"Ledger’s head"</dt>
                    <dd>{entries(drawn.ledger_size)} ", root " <Digest hex=drawn.root.clone() /></dd>
                    <dt>"Seed"</dt>
                    <dd><Digest hex=drawn.seed.clone() /></dd>
                </dl>
                <table class="table drawn">
                    <thead>
                        <tr>
                            <th class="w-6 num hide-phone" scope="col"><span class="unseen">"Drawn as number"</span></th>
                            <th scope="col">"Record"</th>
                            <th class="w-8 num" scope="col">"Entry"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                <p>
                    "To draw again: unzip the bundle, go into its top folder, and run this with bash and coreutils. It prints the records above, in the same order, out of "
                    <code>"data/sample/population.jsonl"</code>
                    ", which names every record of that kind in the bundle. "
                    <code>"passmuster verify"</code>
                    " does the same, and shows that the list leaves none out."
                </p>
                <pre class="shell-recipe" id="draw-again" tabindex="0" aria-label="Shell line that draws again">{drawn.recipe.clone()}</pre>
                <p><button type="button" class="button" hidden data-copy-from="#draw-again">"Copy the line"</button></p>
            </div>
        </Section>
    }
}

fn entries(n: u64) -> String {
    let counted = words::count(i64::try_from(n).unwrap_or(i64::MAX));
    if n == 1 { "1 entry".to_owned() } else { format!("{counted} entries") }
}
