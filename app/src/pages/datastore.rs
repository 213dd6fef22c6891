//! One datastore: what is stated of it and by whom, what it comes to, which recovery points should be there.

use domain::{
    datastore::{Datastore, Said},
    fact::Encryption,
    judgement::Due,
    verdict::Verdict,
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::datastores::DescribeForm;
use crate::{
    api::{
        Frame,
        datastores::{DatastorePage, load, source},
    },
    parts::{
        Computed, Demo, ErrorNote, JudgedTable, PageHead, Say, SealKind, SealNote, Section, Shape, StateMark,
        Statement, capital, loaded, plural,
    },
};

#[component]
pub fn DatastoreRecord() -> impl IntoView {
    let (params, query) = (use_params_map().get_untracked(), use_query_map().get_untracked());
    let id = params.get("id").unwrap_or_default();
    loaded("datastores", async move { load(id, &query).await }, page)
}

fn page(page: DatastorePage, frame: Frame) -> impl IntoView {
    let says = statement(&page);
    let DatastorePage { store, judged, due, describes, refused, words } = page;
    let margin = match &store.described {
        Some(described) => {
            let what = format!("What was written of {}", store.name);
            view! { <SealNote seal=described.seal.clone() kind=SealKind::Record note="Described" what=what /> }
                .into_any()
        }
        None => view! { <Computed head=frame.head.clone() /> }.into_any(),
    };
    let seen = store.described.as_ref().map(|described| described.seal.seq);
    let (id, name) = (store.id.clone(), store.name.clone());
    view! {
        <PageHead eyebrow=|| "Datastore · controls CC7.1, CC7.2, A1.2" title=name>
            {describes.then(|| view! { <a class="button" href="#describe">"Complete it"</a> })}
        </PageHead>
        <Statement margin=margin>{says}</Statement>
        <JudgedTable title="What it comes to" of=store.name.clone() judged=judged />
        <DuePoints due=due />
        <Stated store=store />
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        {describes.then(|| view! {
            <Section title="Complete it by hand" id="describe"><DescribeForm words=words about=(id, seen) /></Section>
        })}
    }
}

fn statement(page: &DatastorePage) -> impl IntoView + use<> {
    let count = |short: bool| page.judged.iter().filter(|(j, _)| j.falls_short() == short).count();
    let falls = count(true);
    let met = page.judged.iter().filter(|(j, _)| j.verdict == Verdict::Met).count();
    let opening = match page.judged.len() {
        0 => "Nothing can be told of it yet".to_owned(),
        n => format!("{} of {} hold", capital(&words::number(met)), plural(n, "judgement", "judgements")),
    };
    let short = (falls > 0).then(|| {
        let verb = if falls == 1 { "falls" } else { "fall" };
        view! { "; " <Say state=Shape::Square words=format!("{} {verb} short", words::number(falls)) /> }
    });
    let lacks = page.store.lacks();
    let open = (!lacks.is_empty()).then(|| format!(" No source states its {}.", and(&lacks)));
    let demo = page.store.described.as_ref().is_some_and(|described| described.value.demo);
    view! { {opening} {short} "." {open} " " <Demo demo=demo /> }
}

fn and(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// Each recovery point that should be there today, ticked or missing.
#[component]
fn DuePoints(due: Vec<Due>) -> impl IntoView {
    if due.is_empty() {
        return ().into_any();
    }
    let rows = ["daily", "weekly", "monthly"]
        .into_iter()
        .filter_map(|cadence| {
            let mut all: Vec<Due> = due.iter().filter(|due| due.cadence == cadence).cloned().collect();
            all.sort_by_key(|due| due.from);
            let there = all.iter().filter(|due| due.there.is_some()).count();
            let count = format!("{there} of {}", all.len());
            let each = all
                .into_iter()
                .map(|due| {
                    let (shape, word) = match &due.there {
                        Some(_) => (Shape::Disc, due.says()),
                        None => (Shape::Square, format!("{}: missing", due.says())),
                    };
                    view! { <li><StateMark state=shape word=word /></li> }
                })
                .collect_view();
            (there > 0 || due.iter().any(|due| due.cadence == cadence)).then(|| {
                view! {
                    <tr>
                        <th class="w-12" scope="row">{capital(cadence)}<span class="second">{count}</span></th>
                        <td><ul class="due-points">{each}</ul></td>
                        <td class="sl"></td>
                    </tr>
                }
            })
        })
        .collect_view();
    view! {
        <Section title="Recovery points due today" id="due">
            <table class="table tight judged">
                <thead class="unseen-head">
                    <tr><th class="w-12" scope="col">"Pace"</th><th scope="col">"Points"</th><td class="sl"></td></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

/// Every value with where it comes from.
#[component]
fn Stated(store: Datastore) -> impl IntoView {
    let pair = |label: &'static str, said: Option<(String, String)>| {
        let (value, from) = said.unwrap_or(("not stated".to_owned(), String::new()));
        view! { <dt>{label}</dt> <dd>{value} " " <span class="second">{from}</span></dd> }
    };
    let text = |said: &Option<Said<String>>| said.as_ref().map(|s| (s.value.clone(), source(&s.from)));
    let days = |said: &Option<Said<i64>>| said.as_ref().map(|s| (format!("{} days", s.value), source(&s.from)));
    let time = |said: &Option<Said<i64>>| said.as_ref().map(|s| (words::duration(s.value), source(&s.from)));
    let copies = (!store.copies.is_empty()).then(|| {
        let to: Vec<String> = store.copies.iter().map(|copy| copy.value.clone()).collect();
        (to.join(", "), source(&store.copies[0].from))
    });
    let key = store.encryption.as_ref().map(|s| (encryption(s.value).to_owned(), source(&s.from)));
    let catalogue = Some(match &store.in_catalogue {
        Some(_) => ("named there".to_owned(), domain::datastore::CATALOGUE.to_owned()),
        None => ("not named there".to_owned(), String::new()),
    });
    let known = store.facts.len();
    let names = store.names.iter().map(|name| view! { <li class="mono">{name.clone()}</li> }).collect_view();
    view! {
        <Section title="What is stated" note=format!("{} about it", plural(known, "fact", "facts")) id="stated">
            <dl class="pairs measure-width">
                {pair("Kind", text(&store.kind))}
                {pair("Service", text(&store.service))}
                {pair("Owner", text(&store.owner))}
                {pair("Tier", text(&store.tier))}
                {pair("Region", text(&store.region))}
                {pair("Copies", copies)}
                {pair("Encryption", key)}
                {pair("Kept", days(&store.kept_days))}
                {pair("Agreed", days(&store.owed_days))}
                {pair("RPO", time(&store.rpo_ms))}
                {pair("RTO", time(&store.rto_ms))}
                {pair("Source of truth", text(&store.source_of_truth))}
                {pair("Service catalogue", catalogue)}
                <dt>"Names"</dt>
                <dd><ul class="names">{names}</ul></dd>
            </dl>
        </Section>
    }
}

fn encryption(of: Encryption) -> &'static str {
    match of {
        Encryption::None => "none",
        Encryption::VendorOwned => "a key of the vendor’s own",
        Encryption::VendorManaged => "the vendor’s default key of the account",
        Encryption::CustomerManaged => "a key of one’s own",
        Encryption::Unknown => "encrypted; by whose key is not said",
    }
}
