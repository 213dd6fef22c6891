//! Making a signed bundle, the bundles made, and how anybody checks one.

mod sample;

use domain::{Moment, control::Control, record::Seal, schedule::Period, words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::evidence::{EvidencePage, load},
    parts::{
        Digest, Empty, ErrorNote, PageHead, SealKind, SealNote, Section, Shape, StateMark, Statement, Waiting, When,
        loaded,
    },
    ports::{Bundle, Order, Stage, Step},
};

#[component]
pub fn Evidence() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("evidence", async move { load(&query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(mut page: EvidencePage) -> impl IntoView {
    let refused = page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> });
    let made = page.made.as_ref().and_then(|id| page.bundles.iter().find(|b| b.id == *id)).cloned();
    let statement = match (&made, page.bundles.first()) {
        (Some(bundle), _) => format!(
            "Bundle {} is made: {} records of {}, signed and sealed.",
            bundle.id,
            words::count(i64::try_from(bundle.records).unwrap_or(0)),
            period_words(&bundle.period_name)
        ),
        (None, Some(bundle)) => format!(
            "A bundle is a signed ZIP that anyone can check without an account. The last one, {}, was made on {}.",
            bundle.id,
            words::long_date(bundle.made_at)
        ),
        (None, None) => {
            "A bundle is a signed ZIP that anyone can check without an account. None has been made yet.".to_owned()
        }
    };
    let margin = match made.as_ref().or(page.bundles.first()) {
        Some(bundle) => view! {
            <SealNote seal=seal(bundle) kind=SealKind::Record note=format!("Bundle {}", bundle.id) what=format!("Bundle {}", bundle.id) />
        }
        .into_any(),
        None => view! { <Waiting why="sealed when made" /> }.into_any(),
    };
    let fetch = made.as_ref().map(|bundle| {
        view! {
            <p class="made measure-width">
                <a class="button primary" href=format!("/evidence/{}/download", bundle.id) download="">
                    {format!("Download {}, {}", bundle.id, words::bytes(bundle.bytes))}
                </a>
            </p>
        }
    });
    let chosen = made.map(|b| b.id);
    view! {
        <PageHead eyebrow=|| "A signed bundle anyone can check without an account" title="Evidence">
            <a class="button" href="#check">"How to check it"</a>
        </PageHead>
        {refused}
        <Statement margin=margin>{statement}</Statement>
        {fetch}
        <OnTheirWay orders=std::mem::take(&mut page.on_their_way) now=page.now />
        {page.drawn.take().map(|shown| view! { <sample::Sample shown=shown /> })}
        <Form page=&page />
        <Earlier bundles=page.bundles.clone() chosen=chosen />
        <Check root=page.root_fingerprint vkey=page.vkey />
    }
}

fn seal(bundle: &Bundle) -> Seal {
    Seal {
        seq: bundle.seq,
        sha256: bundle.tagmanifest_sha256.clone(),
        at: bundle.made_at,
        by: bundle.made_by.clone(),
        broken: false,
    }
}

/// "Q3 2026, Jul to Sep", or "1 January 2026 to 31 March 2026".
fn period_words(name: &str) -> String {
    match (Period::quarter(name), name.split_once("-Q")) {
        (Some(p), Some((year, q))) => {
            format!("Q{q} {year}, {} to {}", p.from.utc().format("%b"), p.last_day().utc().format("%b"))
        }
        _ => match name.split_once("..").and_then(|(first, last)| Period::days(first, last)) {
            Some(p) => format!("{} to {}", words::long_date(p.from), words::long_date(p.last_day())),
            None => name.to_owned(),
        },
    }
}

/// What was asked for and is being made; the script looks again by itself, the link without it.
#[component]
fn OnTheirWay(orders: Vec<Order>, now: Moment) -> impl IntoView {
    if orders.is_empty() {
        return ().into_any();
    }
    let again = orders.last().map(|order| format!("/evidence?order={}", order.id)).unwrap_or_default();
    let by_script = again.clone();
    let rows = orders
        .into_iter()
        .map(|order| {
            let step = match order.stage {
                Stage::Running(step) => step,
                _ => Step { what: "Waiting for its turn".to_owned(), ..Step::default() },
            };
            let counted = (step.total > 0).then(|| {
                let count = |n: u64| words::count(i64::try_from(n).unwrap_or(i64::MAX));
                let says = format!("{} of {}", count(step.done), count(step.total));
                view! {
                    <progress max=step.total.to_string() value=step.done.to_string() aria-label=step.what.clone()></progress>
                    <span class="second">{says}</span>
                }
            });
            view! {
                <li>
                    <StateMark state=Shape::Ring word=step.what />
                    <span class="second">
                        {format!("{}, asked for {} ago", period_words(&order.period_name), words::duration(now.since(order.asked_at)))}
                    </span>
                    {counted}
                </li>
            }
        })
        .collect_view();
    view! {
        <div id="on-their-way" data-look-again=by_script>
            <Section title="Being made">
                <ul class="on-their-way" role="status">{rows}</ul>
                <p class="measure-width">
                    "You can close this page: the bundle is made all the same, and will be listed below. "
                    <a href=again>"Look again"</a>
                </p>
            </Section>
        </div>
    }
    .into_any()
}

#[component]
fn Form<'a>(page: &'a EvidencePage) -> impl IntoView + use<> {
    let ask = &page.ask;
    let asked = if ask.period.is_empty() { "audit" } else { &ask.period };
    let audit =
        format!("Audit period, {} to {}", words::long_date(page.audit.from), words::long_date(page.audit.last_day()));
    let quarters = page
        .quarters
        .iter()
        .map(|name| {
            let (on, says) = (asked == name, period_words(name));
            view! { <Choice value=name.clone() on=on>{says}</Choice> }
        })
        .collect_view();
    let error = page.wish.as_ref().err().map(|problem| {
        view! {
            <p class="field-error" role="alert">
                <StateMark state=Shape::Square word=problem.what.clone() />
                " "
                {problem.next.clone()}
            </p>
        }
    });
    let (from, to) = if ask.from.is_empty() && ask.to.is_empty() {
        (words::date(page.audit.from), words::date(page.audit.last_day().min(page.now)))
    } else {
        (ask.from.clone(), ask.to.clone())
    };
    let to_come = page.wish.as_ref().ok().filter(|wish| wish.period.to > page.now).map(|wish| {
        let days = wish.period.to.since(page.now) / (24 * 3600 * 1000);
        let days = crate::parts::plural(usize::try_from(days).unwrap_or(0).max(1), "day", "days");
        view! {
            <p class="second">
                <StateMark state=Shape::Triangle word=format!("{days} still to come") />
                " "
                {format!(
                    "The period ends on {}; a bundle made today stops at {}.",
                    words::long_date(wish.period.last_day()),
                    words::long_date(page.now)
                )}
            </p>
        }
    });
    let counts = page.counts.clone();
    let chosen: Vec<&String> = ask.controls.iter().collect();
    let n = counts.iter().filter(|(c, _)| chosen.iter().any(|id| *id == c.id())).count();
    let says = match (n, counts.len()) {
        (0, all) => format!("None chosen: a bundle holds what answers any of the {all}."),
        (n, all) => format!("{n} of {all} controls."),
    };
    let boxes = counts
        .into_iter()
        .map(|(control, count)| {
            let on = ask.controls.iter().any(|id| id == control.id());
            view! { <ControlBox control=control count=count on=on /> }
        })
        .collect_view();
    let dates = asked == "range";
    let sample = view! { <sample::Fields ask=ask error=page.sample_error head=page.head.clone() /> };
    view! {
        <form class="section measure-width" id="form" method="get" action="/evidence#form" aria-label="New bundle">
            <ol class="steps bundle-steps">
                <li>
                    <h2 id="step-period"><span class="step-no">"1"</span> "Period"</h2>
                    <div role="group" aria-labelledby="step-period">
                        <div class="choices">
                            <Choice value="audit".to_owned() on=asked == "audit">{audit}</Choice>
                            {quarters}
                            <div class="choice">
                                <input type="radio" name="period" value="range" id="period-range" checked=dates />
                                <span>
                                    <label for="period-range">"From"</label>
                                    " "
                                    <input class="underlined day" type="date" name="from" value=from aria-label="First day" />
                                    " to "
                                    <input class="underlined day" type="date" name="to" value=to aria-label="Last day" />
                                </span>
                            </div>
                        </div>
                        {error}
                        {to_come}
                    </div>
                </li>
                <li>
                    <h2 id="step-controls"><span class="step-no">"2"</span> "Controls"</h2>
                    <div role="group" aria-labelledby="step-controls">
                        <div class="control-boxes">{boxes}</div>
                        <p class="second">
                            {says}
                            " A record that answers two controls is counted under both and stands in the bundle once."
                        </p>
                    </div>
                </li>
                <li>
                    <h2 id="step-sample"><span class="step-no">"3"</span> "Sample"</h2>
                    <div role="group" aria-labelledby="step-sample">{sample}</div>
                </li>
                <li>
                    <h2 id="step-bundle"><span class="step-no">"4"</span> "Bundle"</h2>
                    <div class="make">
                        <p>
                            "Every record of the choice as the exact bytes that were sealed, the gaps, the ledger’s entries with their proof, a packet to print and pages to browse offline. If one record is missing or differs from its seal, no bundle is made and the record is named."
                        </p>
                        <div class="make-buttons">
                            <button class="button" type="submit">"Show counts"</button>
                            <button class="button primary" type="submit" formmethod="post" formaction="/evidence/make">"Make bundle"</button>
                        </div>
                        <p class="second">"Making it adds one entry to the ledger: who, when, what."</p>
                    </div>
                </li>
            </ol>
        </form>
    }
}

#[component]
fn Choice(value: String, on: bool, children: Children) -> impl IntoView {
    view! {
        <label class="choice">
            <input type="radio" name="period" value=value checked=on />
            <span>{children()}</span>
        </label>
    }
}

#[component]
fn ControlBox(control: Control, count: u64, on: bool) -> impl IntoView {
    view! {
        <label class="choice">
            <input type="checkbox" name="controls[]" value=control.id() checked=on />
            <b>{control.id()}</b>
            <span>{control.short()}</span>
            <span class="count">{words::count(i64::try_from(count).unwrap_or(i64::MAX))}<span class="unseen">" records"</span></span>
        </label>
    }
}

#[component]
fn Earlier(bundles: Vec<Bundle>, chosen: Option<String>) -> impl IntoView {
    if bundles.is_empty() {
        return view! {
            <Section title="Bundles made"><Empty sentence="No bundle has been made yet." /></Section>
        }
        .into_any();
    }
    let rows = bundles
        .into_iter()
        .map(|bundle| {
            let selected = (chosen.as_ref() == Some(&bundle.id)).then_some("selected");
            let controls = if bundle.controls.is_empty() {
                "all in scope".to_owned()
            } else if bundle.controls.len() == Control::ALL.len() {
                "all eight".to_owned()
            } else {
                bundle.controls.iter().map(|c| c.id()).collect::<Vec<_>>().join(" ")
            };
            let download = format!("/evidence/{}/download", bundle.id);
            let sample = bundle.sample.as_ref().map(|drawn| {
                let href = format!("/evidence?drawn={}#drawn", bundle.id);
                view! { <span class="second"><a href=href>{format!("Sample: {}", drawn.says())}</a></span> }
            });
            view! {
                <tr id=bundle.id.clone() class=selected>
                    <th scope="row">{bundle.id.clone()}</th>
                    <td>
                        <When at=bundle.made_at />
                        <span class="second">{bundle.made_by.clone()}</span>
                        <span class="second">{if bundle.stamped { "stamped from outside" } else { "self-asserted time" }}</span>
                    </td>
                    <td>{period_words(&bundle.period_name)}<span class="second">{controls}</span>{sample}</td>
                    <td class="num hide-phone">{words::count(i64::try_from(bundle.records).unwrap_or(i64::MAX))}</td>
                    <td class="num hide-phone">{words::bytes(bundle.bytes)}</td>
                    <td class="state-cell">
                        <a href=download download="">"ZIP"<span class="unseen">{format!(" of {}", bundle.id)}</span></a>
                    </td>
                    <td class="sl"><SealNote seal=seal(&bundle) kind=SealKind::Line what=format!("Bundle {}", bundle.id) /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Bundles made" over_table=true id="bundles">
            <table class="table dated">
                <thead>
                    <tr>
                        <th class="w-15" scope="col"><span class="unseen">"Bundle"</span></th>
                        <th class="w-15" scope="col">"Made, UTC"</th>
                        <th scope="col">"Period and controls"</th>
                        <th class="w-8 num hide-phone" scope="col">"Records"</th>
                        <th class="w-8 num hide-phone" scope="col">"Size"</th>
                        <th class="w-8" scope="col">"Download"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

#[component]
fn Check(root: String, vkey: String) -> impl IntoView {
    view! {
        <Section title="How to check it" id="check">
            <div class="measure-width checking">
                <p>
                    "Get the root certificate once, at the start of the audit and not out of a bundle, and keep your own copy: "
                    <a href="/evidence/root.pem" download="evidence-root.pem">"evidence-root.pem"</a>
                    ". Unzip the bundle beside it, go into its top folder, and run this with bash. It needs openssl and coreutils, nothing written here. It prints "
                    <code>"complete"</code>
                    " when every file is the one that was signed and none is missing or added."
                </p>
                <pre class="shell-recipe" id="recipe" tabindex="0" aria-label="Shell recipe">{domain::proof::layout::RECIPE}</pre>
                <p><button type="button" class="button" hidden data-copy-from="#recipe">"Copy the recipe"</button></p>
                <p>
                    "Keep "
                    <a href="/evidence/anchors.json" download="anchors.json">"anchors.json"</a>
                    " as well, and "
                    <a href="/evidence/anchors.pdf" download="anchors.pdf">"its page to print"</a>
                    ": with it "
                    <code>"passmuster verify BUNDLE --anchors anchors.json"</code>
                    " also folds the ledger, ties each record to its entry and recomputes the draws, trusting only the two keys below."
                </p>
                <p>
                    "Without a program: "
                    <a href="/verify">"check it in your browser"</a>
                    ", which needs no account and sends nothing."
                </p>
                <dl class="pairs">
                    <dt>"Root certificate, SHA-256"</dt>
                    <dd><Digest hex=root /></dd>
                    <dt>"Ledger’s verifier key"</dt>
                    <dd><a href="/evidence/log.vkey"><code class="digest">{vkey}</code></a></dd>
                    <dt>"Ledger"</dt>
                    <dd><a href="/ledger">"Its signed head and every entry"</a></dd>
                </dl>
                <div class="pair proves">
                    <div>
                        <h3 class="gloss">"What it proves"</h3>
                        <p>
                            "Who issued the bundle, that no file of it was changed since, that each record equals what was sealed in the ledger, and that the ledger only grew since the checkpoint you kept. Gaps are computed against the schedule, so what should be there and is not is listed too."
                        </p>
                    </div>
                    <div>
                        <h3 class="gloss">"What it does not"</h3>
                        <p>
                            "The keys are held by the operator: the signature shows who issued, not that nothing was rewritten before. Against that, keep a checkpoint of your own and compare. Where a bundle says “self-asserted time”, no outside clock has stamped it. And no signature shows an event that nobody recorded."
                        </p>
                    </div>
                </div>
            </div>
        </Section>
    }
}
