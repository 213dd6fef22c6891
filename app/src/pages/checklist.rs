//! The quarterly checklist: what closes each item, what is missing and by when, who can command, and its closing.

use std::collections::BTreeMap;

use domain::{
    Moment,
    bench::{COMMANDERS, Duty, Trained},
    checklist::{Checklist, LONGEST_NOTE, Rest, Section as Part, Standing, sentence},
    finding::Finding,
    reading::Reading,
    record::Sealed,
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::{
        Frame,
        checklist::{ChecklistPage, Row, Spoken, address, load, reading_address, rest_href},
    },
    parts::{
        AttachedFile, Computed, Demo, Empty, ErrorNote, FilesField, PageHead, Say, SealKind, SealNote, Section, Shape,
        StateMark, Statement, Waiting, capital, loaded, plural, review_href,
    },
};

/// Sentences that stand under an item; the rest is folded.
const SHOWN: usize = 5;

/// Of the quarter in course.
#[component]
pub fn ChecklistNow() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("checklist", async move { load(None, &query).await }, page)
}

#[component]
pub fn ChecklistOfQuarter() -> impl IntoView {
    let (params, query) = (use_params_map().get_untracked(), use_query_map().get_untracked());
    let quarter = params.get("quarter").unwrap_or_default();
    loaded("checklist", async move { load(Some(quarter), &query).await }, page)
}

fn page(page: ChecklistPage, frame: Frame) -> impl IntoView {
    let quarter = page.quarter.name.clone();
    let margin = match (&page.closed, page.as_closed) {
        (Some(closed), true) => {
            let what = format!("Checklist of {quarter}");
            view! { <SealNote seal=closed.seal.clone() kind=SealKind::Record note="Closed" what=what /> }.into_any()
        }
        (None, true) => view! { <Waiting why="not closed" /> }.into_any(),
        _ => view! { <Computed head=frame.head.clone() /> }.into_any(),
    };
    let says = statement(&page);
    let others = quarters(&page);
    let refused = page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> });
    let body = match page.rows.is_empty() {
        true => view! {
            <Empty
                sentence=format!("The checklist of {quarter} is not closed yet.")
                detail="Once the company closes it, what was closed stands here."
            />
        }
        .into_any(),
        false => {
            Part::ALL.into_iter().enumerate().map(|(n, part)| section(&page, n + 1, part)).collect_view().into_any()
        }
    };
    let carried = page.carried.clone();
    let begins = page.quarter.start;
    let closing = closing(&page);
    view! {
        <PageHead
            eyebrow=move || format!("{} to {} · controls CC7.2 to A1.3", words::date(page.quarter.start), words::date(page.quarter.end.plus_millis(-1)))
            title=format!("Checklist {quarter}")
        >
            {page.works.then(|| view! { <a class="button" href=reading_address(&quarter)>"Read the runbook"</a> })}
        </PageHead>
        {refused}
        <Statement margin=margin>{says}</Statement>
        {others}
        <CarriedOver findings=carried begins=begins />
        {body}
        {closing}
    }
}

fn statement(page: &ChecklistPage) -> AnyView {
    let standings = page.standings();
    if standings.is_empty() {
        return view! { "Nothing was closed in this quarter yet." }.into_any();
    }
    let of = |standing| standings.iter().filter(|s| **s == standing).count();
    let (short, open) = (of(Standing::Short), of(Standing::Open));
    let days = page.quarter.end.since(page.now) / (24 * 3600 * 1000);
    let left = match (page.as_closed, short + open) {
        (true, _) | (_, 0) => String::new(),
        _ if days < 0 => " The quarter is over.".to_owned(),
        _ => {
            let days = plural(usize::try_from(days).unwrap_or_default(), "day is", "days are");
            format!(" {} left.", capital(&days))
        }
    };
    // The same sentence that is sealed; what falls short in it bears its shape.
    let said = sentence(&standings);
    match short {
        0 => view! { {said} {left} }.into_any(),
        n => {
            let words = format!("{} {}", words::number(n), if n == 1 { "falls short" } else { "fall short" });
            let (before, after) = said.split_once(&words).unwrap_or((said.as_str(), ""));
            let (before, after) = (before.to_owned(), after.to_owned());
            view! { {before} <Say state=Shape::Square words=words /> {after} {left} }.into_any()
        }
    }
}

fn quarters(page: &ChecklistPage) -> AnyView {
    if page.quarters.len() < 2 {
        return ().into_any();
    }
    let links = page
        .quarters
        .iter()
        .map(|name| {
            let here = (*name == page.quarter.name).then_some("page");
            view! { <li><a href=address(name) aria-current=here>{name.clone()}</a></li> }
        })
        .collect_view();
    view! { <nav class="quarters" aria-label="Quarters"><ul>{links}</ul></nav> }.into_any()
}

/// What the last quarter left open comes first.
#[component]
fn CarriedOver(findings: Vec<Sealed<Finding>>, begins: Moment) -> impl IntoView {
    if findings.is_empty() {
        return ().into_any();
    }
    let note = format!("open on {}", words::date(begins));
    let rows = findings
        .into_iter()
        .map(|f| {
            let (shape, word) = match f.value.state {
                domain::finding::State::Open => (Shape::Square, "open"),
                domain::finding::State::Closed { .. } => (Shape::Disc, "closed"),
            };
            let due = format!("due {}, owned by {}", words::date(f.value.due_at), f.value.owner);
            view! {
                <tr>
                    <td class="w-12 state-cell"><StateMark state=shape word=word /></td>
                    <th scope="row">
                        <a href=format!("/findings#{}", f.id)>{f.id.clone()}</a>
                        " "
                        {f.value.title.clone()}
                        " "
                        <Demo demo=f.value.demo />
                        <span class="second">{due}</span>
                    </th>
                    <td class="sl"><SealNote seal=f.seal what=format!("Finding {}", f.id) /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Carried over" note=note id="carried-over">
            <table class="table tight judged">
                <thead class="unseen-head">
                    <tr>
                        <th class="w-12" scope="col">"State"</th>
                        <th scope="col">"Finding"</th>
                        <th class="sl" scope="col">"Seal"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

fn section(page: &ChecklistPage, number: usize, part: Part) -> AnyView {
    let rows: Vec<&Row> = page.of(part).collect();
    let closed = rows.iter().filter(|row| row.standing.closed()).count();
    let note = format!("{closed} of {}", rows.len());
    let body = rows.into_iter().map(|row| item(page, row)).collect_view();
    let below = match part {
        Part::Runbook => view! { {read(page)} <Bench page=page /> }.into_any(),
        _ => ().into_any(),
    };
    view! {
        <Section title=format!("{number}  {}", part.title()) note=note id=part.id()>
            <table class="table tight judged checklist">
                <thead class="unseen-head">
                    <tr>
                        <th class="w-15" scope="col">"State"</th>
                        <th scope="col">"Item"</th>
                        <th class="sl" scope="col">"Seal of the word"</th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
            {below}
        </Section>
    }
    .into_any()
}

fn item(page: &ChecklistPage, row: &Row) -> impl IntoView + use<> {
    let (shape, word) = Shape::of_item(row.standing);
    let line = |says: &String| view! { <li>{says.clone()}</li> };
    let (first, rest) = row.says.split_at(row.says.len().min(SHOWN));
    let says = first.iter().map(line).collect_view();
    let rest = (!rest.is_empty()).then(|| {
        let all = rest.iter().map(line).collect_view();
        view! {
            <details class="word">
                <summary>{format!("And {} more", words::number(rest.len()))}<span class="unseen">{format!(" of “{}”", row.asks)}</span></summary>
                <ul class="says">{all}</ul>
            </details>
        }
    });
    let open = row.open.map(|(due, next)| {
        view! { <span class="second">{format!("By {}. ", words::date(due))} {next}</span> }
    });
    let spoken = row.word.as_ref().map(spoken);
    let seal = row.word.as_ref().and_then(|word| word.seal.clone());
    let seal = seal.map(|seal| view! { <SealNote seal=seal what=format!("What was written of “{}”", row.asks) /> });
    let form = page.works.then(|| form(page, row));
    view! {
        <tr id=row.id.clone()>
            <td class="w-15 state-cell"><StateMark state=shape word=word /></td>
            <th scope="row">
                {row.asks.clone()}
                <ul class="says">{says}</ul>
                {rest}
                {rests(&row.rests)}
                {open}
                {spoken}
                {form}
            </th>
            <td class="sl">{seal}</td>
        </tr>
    }
}

/// What a person wrote, who and when.
fn spoken(word: &Spoken) -> impl IntoView + use<> {
    let did = if word.closes { "Closed by hand" } else { "Remark" };
    let who = format!("{did}, {} on {}", word.by, words::date(word.at));
    let files = word.files.iter().cloned().map(|a| view! { <AttachedFile file=a.file /> }).collect_view();
    view! {
        <div class="spoken">
            <p>{format!("“{}”", word.note)}</p>
            <p class="second">{who} " " <Demo demo=word.demo /></p>
            {files}
        </div>
    }
}

/// Records with a page are named; of the rest it is said how many and of what kind.
fn rests(rests: &[Rest]) -> impl IntoView + use<> {
    const NAMED: usize = 4;
    let mut named = Vec::new();
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for rest in rests {
        match rest_href(rest) {
            Some(href) if named.len() < NAMED => {
                named.push(view! { <li><a href=href>{rest.id.clone()}</a></li> });
            }
            _ => *counted.entry(rest.collection.as_str()).or_default() += 1,
        }
    }
    let counted = counted
        .into_iter()
        .map(|(collection, n)| {
            let (one, many, href) = match collection {
                "facts" => ("fact", "facts", "/backups#judged"),
                "findings" => ("more finding", "more findings", "/findings"),
                "trainings" => ("training", "trainings", "#trained"),
                "readings" => ("reading", "readings", "#runbook"),
                "signoffs" => ("signature", "signatures", "/reviews"),
                "runbooks" => ("runbook version", "runbook versions", "/runbook"),
                _ => ("record", "records", "/ledger"),
            };
            view! { <li><a href=href>{plural(n, one, many)}</a></li> }
        })
        .collect_view();
    (!rests.is_empty()).then(|| {
        view! {
            <div class="second rests">
                "Rests on "
                <ul>{named.into_iter().collect_view()} {counted}</ul>
            </div>
        }
    })
}

fn form(page: &ChecklistPage, row: &Row) -> impl IntoView + use<> {
    let quarter = page.quarter.name.clone();
    let draft = page.draft.as_ref().filter(|draft| draft.title == row.id);
    let words = draft.map(|draft| draft.words.clone()).unwrap_or_default();
    let seen = row.word.as_ref().and_then(|word| word.seal.as_ref()).map(|seal| seal.seq.to_string());
    let closes = row.by_hand.then(|| {
        view! { <button class="button" type="submit" name="closes" value="1">"Close it by hand"</button> }
    });
    let summary = if row.by_hand { "Close it by hand, or remark" } else { "Remark" };
    let id = crate::parts::unique("note");
    view! {
        <details class="word" open=draft.is_some()>
            <summary>{summary}<span class="unseen">{format!(": {}", row.asks)}</span></summary>
            <form class="write" method="post" action=format!("/checklist/{quarter}/{}", row.id) enctype="multipart/form-data">
                <input type="hidden" name="seen" value=seen.unwrap_or_default() />
                <div class="field">
                    <label for=id.clone()>"Note"</label>
                    <textarea id=id name="words" rows="3" maxlength=LONGEST_NOTE.to_string()>{words}</textarea>
                </div>
                <FilesField />
                <div class="actions">
                    {closes}
                    <button class="button" type="submit" name="closes" value="0">"Remark"</button>
                </div>
            </form>
        </details>
    }
}

/// How far the reading of the runbook has come.
fn read(page: &ChecklistPage) -> impl IntoView + use<> {
    let href = reading_address(&page.quarter.name);
    let Some(version) = page.in_force.clone() else { return ().into_any() };
    let says = match &page.reading {
        Some(Sealed { value: Reading { ended_at: Some(ended), people, stale, .. }, .. }) => {
            let lines = plural(stale.len(), "line is", "lines are");
            format!("Version {version} was read on {} by {}; {lines} marked.", words::date(*ended), people.join(", "))
        }
        Some(Sealed { value, .. }) => format!(
            "Version {version} is being read since {} UTC; {} marked so far.",
            words::date_time(value.occurred_at),
            plural(value.stale.len(), "line is", "lines are")
        ),
        None => format!("Version {version} was not read in this quarter yet."),
    };
    let link = (page.works || page.reading.is_some()).then(|| view! { " " <a href=href>"Read it aloud"</a> "." });
    view! { <p class="foot measure-width">{says} {link}</p> }.into_any()
}

/// Who was trained for what, and when last.
#[component]
fn Bench<'p>(page: &'p ChecklistPage) -> impl IntoView + use<> {
    let now = page.now.min(page.quarter.end);
    if page.as_closed {
        return ().into_any();
    }
    let commanders = page.bench.iter().filter(|t| t.duty == Duty::Commander && t.holds(now)).count();
    let note = format!("{commanders} of {COMMANDERS} commanders");
    let rows = page.bench.iter().map(|trained| bench_row(trained, now)).collect_view();
    let table = match page.bench.is_empty() {
        true => view! { <p class="second">"Nobody is on record as trained yet."</p> }.into_any(),
        false => view! {
            <table class="table tight">
                <thead>
                    <tr>
                        <th scope="col">"Person"</th>
                        <th class="w-20" scope="col">"Trained as"</th>
                        <th class="w-20" scope="col">"Last"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    };
    let form = page.works.then(|| train(&page.quarter.name, page.now));
    view! {
        <div class="bench" id="trained">
            <div class="section-head measure-width">
                <h3>"The bench"</h3>
                <span class="note">{note}</span>
            </div>
            {table}
            {form}
        </div>
    }
    .into_any()
}

fn bench_row(trained: &Trained, now: Moment) -> impl IntoView + use<> {
    let (shape, word) = match trained.holds(now) {
        true => (Shape::Disc, "trained"),
        false => (Shape::Dotted, "stale"),
    };
    let how = match trained.record.0 {
        "backup_drill_results" => {
            let id = trained.record.1.clone();
            view! { "drill " <a href=crate::parts::drill_href(&id)>{id.clone()}</a> }.into_any()
        }
        _ => trained.how.clone().into_any(),
    };
    view! {
        <tr>
            <th scope="row">{trained.person.clone()}<span class="second">{how}</span></th>
            <td>{trained.duty.title()}</td>
            <td>{words::date(trained.at)} <span class="second"><StateMark state=shape word=word /></span></td>
            <td class="sl"></td>
        </tr>
    }
}

fn train(quarter: &str, now: Moment) -> impl IntoView + use<> {
    let duties =
        Duty::ALL.into_iter().map(|duty| view! { <option value=duty.id()>{duty.title()}</option> }).collect_view();
    view! {
        <details class="word">
            <summary>"Write a training down"</summary>
            <form class="accept measure-width" method="post" action="/checklist/train">
                <input type="hidden" name="quarter" value=quarter.to_owned() />
                <div class="two">
                    <p class="field"><label for="person">"Person"</label><input id="person" name="person" type="text" maxlength="120" autocomplete="off" required /></p>
                    <p class="field"><label for="duty">"Trained as"</label><select id="duty" name="duty">{duties}</select></p>
                    <p class="field"><label for="day">"On"</label><input id="day" name="day" type="date" max=words::date(now) required /></p>
                    <p class="field"><label for="how">"How"</label><input id="how" name="how" type="text" maxlength="400" autocomplete="off" required /></p>
                </div>
                <p><button class="button" type="submit">"Write it down"</button></p>
                <p class="second">"A drill trains those it names by itself. What is written here is sealed with your name, and counts for a year."</p>
            </form>
        </details>
    }
}

/// Closing it: what is sealed, and who signs it.
fn closing(page: &ChecklistPage) -> AnyView {
    if page.rows.is_empty() {
        return ().into_any();
    }
    let quarter = page.quarter.name.clone();
    let closed = page.closed.as_ref().map(|closed| stands_closed(page, closed));
    let form = page.works.then(|| {
        let seen = page.closed.as_ref().map(|closed| closed.seal.seq.to_string()).unwrap_or_default();
        let (button, says) = match (&page.closed, page.quarter.end > page.now) {
            (Some(_), _) => ("Close it again", "The next version is sealed as it stands now, and signed anew."),
            (None, true) => (
                "Close the quarter",
                "It is sealed as it stands now, open items too, and waits for the owner’s signature. It can be closed again later.",
            ),
            (None, false) => (
                "Close the quarter",
                "It is sealed as it stood at the quarter’s end, open items too, and waits for the owner’s signature.",
            ),
        };
        view! {
            <form class="close-quarter measure-width" method="post" action="/checklist/close">
                <input type="hidden" name="quarter" value=quarter.clone() />
                <input type="hidden" name="seen" value=seen />
                <button class="button primary" type="submit">{button}</button>
                <p class="second">{says}</p>
            </form>
        }
    });
    view! { <Section title="Closing" id="closed">{closed} {form}</Section> }.into_any()
}

fn stands_closed(page: &ChecklistPage, closed: &Sealed<Checklist>) -> impl IntoView + use<> {
    let value = &closed.value;
    let when = format!("Version {} was closed on {} by {}.", value.version, words::date(value.occurred_at), value.by);
    let signed = page.review.as_ref().map(|review| {
        let mark = review.standing.mark(page.now);
        let says = match review.signed() {
            Some(signature) => format!("signed by {}", signature.statement.signer.name),
            None => mark.word().to_owned(),
        };
        view! { <a href=review_href(&review.subject)><StateMark state=Shape::of_mark(mark) word=says /></a> }
    });
    let what = format!("Checklist of {}, version {}", value.quarter, value.version);
    view! {
        <div class="fact">
            <div>
                <p>{when} " " {value.sentence()} " " <Demo demo=value.demo /></p>
                <p>{signed}</p>
            </div>
            <aside role="note"><SealNote seal=closed.seal.clone() kind=SealKind::Record note="Closed" what=what /></aside>
        </div>
    }
}
