//! What went wrong, who owns it, how it ended.

use std::collections::BTreeSet;

use domain::{
    Moment,
    control::Control,
    finding::{Finding, Severity, Standing, State},
    incident::miss,
    judgement,
    record::Sealed,
    redrill,
    review::Subject,
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        self,
        findings::{FindingsPage, load},
    },
    parts::{
        AttachedFile, Demo, Empty, ErrorNote, FilesField, FilterBar, FilterSelect, FilterToggle, PageHead, Say,
        SealKind, SealNote, Section, Shape, StateMark, Statement, Waiting, drill_href, loaded, plural, review_href,
    },
};

#[component]
pub fn Findings() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("findings", async move { load(&query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: FindingsPage) -> impl IntoView {
    let says = statement(&page);
    let closed_lately = (!page.closed.is_empty()).then(|| closed_lately(&page));
    let FindingsPage { ask, shown, closed, now, .. } = &page;
    let now = *now;
    let toggles = Standing::ALL
        .into_iter()
        .map(|standing| {
            let on = ask.standing == Some(standing);
            let href = ask.address(if on { None } else { Some(standing) });
            let (shape, word) = Shape::of_standing(standing);
            view! { <FilterToggle href=href on=on count=page.count(standing) state=shape word=word /> }
        })
        .collect_view();
    let any = |words: &str| vec![(String::new(), words.to_owned())];
    let owners = any("anyone").into_iter().chain(page.owners.iter().map(|o| (o.clone(), o.clone()))).collect();
    let controls = any("any control")
        .into_iter()
        .chain(page.controls.iter().map(|c| (c.id().to_owned(), c.id().to_owned())))
        .collect();
    let owner = ask.owner.clone().unwrap_or_default();
    let control = ask.control.map(Control::id).unwrap_or_default();
    let result = shown.len();
    let in_all: usize = page.counts.iter().map(|(_, n)| n).sum();
    let standing = ask.standing.map(|s| view! { <input type="hidden" name="standing" value=s.id() /> });
    let list = if shown.is_empty() {
        let under = ask.control.map(|c| format!(" under {}", c.id())).unwrap_or_default();
        let word = ask.standing.map_or("open", Standing::word);
        view! {
            <Empty
                sentence=format!("No finding{under} is {word}.")
                detail=format!("{in_all} were searched at {} UTC.", words::date_time(now))
            />
        }
        .into_any()
    } else {
        let (may_attach, opened) = (page.may_attach, page.opened.clone());
        view! {
            <List findings=shown.clone() earlier=page.earlier.clone() now=now may_attach=may_attach opened=opened />
        }
        .into_any()
    };
    let newest = shown.iter().chain(closed).max_by_key(|f| f.seal.seq).map(|f| f.seal.clone());
    let margin = match newest {
        Some(seal) => {
            view! { <SealNote seal=seal kind=SealKind::Record note="Newest entry" what="The newest finding" /> }
                .into_any()
        }
        None => view! { <Waiting why="nothing to seal" /> }.into_any(),
    };
    view! {
        <PageHead eyebrow=|| "What went wrong, who owns it, how it ended" title="Findings" />
        {page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=margin>{says}</Statement>
        <div class="section">
            <FilterBar action="/findings" result=format!("{result} of {in_all}")>
                {toggles}
                {standing}
                <FilterSelect name="owner" word="owned by" label="Owner" options=owners chosen=owner />
                <FilterSelect
                    name="control"
                    word="under"
                    label="Control"
                    options=controls
                    chosen=control
                />
            </FilterBar>
            {list}
        </div>
        {closed_lately}
    }
}

/// "Seven findings are open, ■ one overdue. Seventeen were closed, nine days after opening at the median."
fn statement(page: &FindingsPage) -> AnyView {
    let overdue = page.count(Standing::Overdue);
    let open = page.count(Standing::Open) + page.count(Standing::DueSoon) + overdue;
    let closed = page.count(Standing::Closed);
    let first = match open {
        0 => "No finding is open".to_owned(),
        1 => "One finding is open".to_owned(),
        n => format!("{} findings are open", words::capital(&words::number(n))),
    };
    let late = match overdue {
        0 if open == 0 => ".".into_any(),
        0 => ", none overdue.".into_any(),
        n => view! { ", " <Say state=Shape::Square words=format!("{} overdue", words::number(n)) /> "." }.into_any(),
    };
    let ended = match (closed, page.median_days) {
        (0, _) | (_, None) => String::new(),
        (n, Some(0)) => format!(" {} closed, most on the day they were opened.", were(n)),
        (n, Some(days)) => {
            let days = plural(usize::try_from(days).unwrap_or(0), "day", "days");
            format!(" {} closed, {days} after opening at the median.", were(n))
        }
    };
    (first, late, ended).into_any()
}

fn were(n: usize) -> String {
    if n == 1 { "One was".to_owned() } else { format!("{} were", words::capital(&words::number(n))) }
}

#[component]
fn Heads(last: &'static str) -> impl IntoView {
    view! {
        <thead>
            <tr>
                <th class="w-6" scope="col"><span class="unseen">"Number"</span></th>
                <th scope="col">"Finding"</th>
                <th class="w-8 hide-phone" scope="col">"Severity"</th>
                <th class="w-12 wide-only" scope="col">"Found by"</th>
                <th class="w-10 hide-phone" scope="col">"Owner"</th>
                <th class="w-10" scope="col">"Due"</th>
                <th class="w-8" scope="col">{last}</th>
                <th class="sl"><span class="unseen">"Seal"</span></th>
            </tr>
        </thead>
    }
}

#[component]
fn List(
    findings: Vec<Sealed<Finding>>,
    earlier: BTreeSet<String>,
    now: Moment,
    may_attach: bool,
    opened: Option<String>,
) -> impl IntoView {
    let row = |f: Sealed<Finding>| {
        let (earlier, open) = (earlier.contains(&f.id), opened.as_ref() == Some(&f.id));
        view! { <Row finding=f earlier=earlier now=now may_attach=may_attach open=open /> }
    };
    let rows = findings.into_iter().map(row).collect_view();
    view! {
        <table class="table findings dated">
            <caption class="unseen">"Findings"</caption>
            <Heads last="State" />
            {rows}
        </table>
    }
}

/// Two rows of one body: the line, and what opens under it.
#[component]
fn Row(finding: Sealed<Finding>, earlier: bool, now: Moment, may_attach: bool, open: bool) -> impl IntoView {
    let Sealed { id, value: f, seal } = finding;
    let earlier = earlier.then(|| {
        let opened = words::date(f.occurred_at);
        view! { <span class="second">{format!("Opened on {opened}, before the audit period; here because it was open in it.")}</span> }
    });
    let standing = f.standing(now);
    let (shape, word) = Shape::of_standing(standing);
    let when = match (&f.state, standing) {
        (State::Closed { at, .. }, _) => format!("closed {}", words::date(*at)),
        (_, Standing::Overdue) => format!("{} over", days(now.since(f.due_at))),
        _ => words::from_now(f.due_at, now),
    };
    view! {
        <tbody>
            <tr class="has-more" id=id.clone()>
                <th scope="row"><a href=format!("#{id}")>{id.clone()}</a></th>
                <td>{f.title.clone()} " " <Demo demo=f.demo /> {earlier}</td>
                <td class="hide-phone"><SeverityWord severity=f.severity /></td>
                <td class="wide-only">{f.found_by.clone()}</td>
                <td class="hide-phone">{f.owner.clone()}</td>
                <td>{words::date(f.due_at)}<span class="second">{when}</span></td>
                <td class="state-cell"><StateMark state=shape word=word /></td>
                <td class="sl"><SealNote seal=seal what=format!("Finding {id}") /></td>
            </tr>
            <tr class="more-row">
                <td class="hide-phone"></td>
                <td colspan="6"><Opened finding=f id=id may_attach=may_attach open=open /></td>
                <td class="sl hide-phone"></td>
            </tr>
        </tbody>
    }
}

#[component]
fn Opened(finding: Finding, id: String, may_attach: bool, open: bool) -> impl IntoView {
    let f = finding;
    let controls = f.controls.iter().map(|c| c.id()).collect::<Vec<_>>().join(", ");
    let by_itself = judgement::judged(&f);
    let (incident, after) = miss::opened_by(&f).map(|(id, what)| (id.to_owned(), miss::closes(what))).unzip();
    let cause = f.cause.clone().map(|cause| {
        let href = match Subject::of_cause(&cause) {
            Some(subject) => review_href(&subject),
            None if cause.starts_with("G-") => format!("/backups#{cause}"),
            None if by_itself => "/backups#judged".to_owned(),
            None => match &incident {
                Some(id) => api::incidents::address(id),
                None => format!("/drills/{cause}"),
            },
        };
        view! { <dt>"Opened by"</dt><dd><a href=href>{cause}</a></dd> }
    });
    let hits = (!f.hits.is_empty()).then(|| {
        let each = f.hits.iter().map(|hit| view! { <li>{hit.clone()}</li> }).collect_view();
        view! { <dt>"Stands for"</dt><dd><ul class="names">{each}</ul></dd> }
    });
    let closed = match f.state.clone() {
        State::Closed { at, evidence } => {
            let by = redrill::closed_by(&f).map(str::to_owned);
            let rest = by.as_ref().and_then(|id| evidence.strip_prefix(id.as_str())).unwrap_or(&evidence).to_owned();
            let by = by.map(|id| view! { <a href=drill_href(&id)>{id.clone()}</a> });
            Some(view! {
                <dt>"Closed"</dt>
                <dd>{words::date(at)} ": " {by} {rest}</dd>
            })
        }
        State::Open => None,
    };
    let how = match (closed.is_some(), redrill::opened_by(&f).is_some(), by_itself) {
        (true, ..) => None,
        (_, false, false) => after.flatten(),
        (_, true, _) => Some("with a re-drill: a later drill of the same loss in which what was missed holds."),
        (_, _, true) => Some("by itself, once what is known says otherwise."),
    };
    let closes = how.map(|how| view! { <dt>"Closes"</dt> <dd>{how} " Nobody closes it by hand."</dd> });
    let plan = (!f.plan.is_empty()).then(|| view! { <p class="gloss">"Plan"</p><p>{f.plan.clone()}</p> });
    view! {
        <details open=open>
            <summary>"What was found, why it matters"<span class="unseen">{format!(", {id}")}</span></summary>
            <div class="pair opened">
                <div class="answer">
                    <p class="gloss">"What was found"</p>
                    <p>{f.what.clone()}</p>
                    <p class="gloss">"Why it matters"</p>
                    <p>{f.why.clone()}</p>
                    {plan}
                </div>
                <div>
                    <dl class="trail">
                        <dt>"Severity"</dt>
                        <dd>{f.severity.word()} ", found by " {f.found_by.clone()}</dd>
                        <dt>"Opened"</dt>
                        <dd>{words::date(f.occurred_at)} " by " {f.by.clone()}</dd>
                        {cause}
                        {hits}
                        <dt>"Due"</dt>
                        <dd>{words::date(f.due_at)} ", owned by " {f.owner.clone()}</dd>
                        {closed}
                        {closes}
                        <dt>"Controls"</dt>
                        <dd>{controls}</dd>
                    </dl>
                    <Files finding=f.clone() may_attach=may_attach />
                </div>
            </div>
        </details>
    }
}

/// What was put on it, and for the company the form to add to it.
#[component]
fn Files(finding: Finding, may_attach: bool) -> impl IntoView {
    let files = finding
        .attachments
        .into_iter()
        .map(|attached| {
            let by = format!("by {} on {}", attached.by, words::date(attached.at));
            view! { <AttachedFile file=attached.file by=by /> }
        })
        .collect_view();
    let form = may_attach.then(|| {
        view! {
            <form class="write" method="post" action=format!("/findings/{}/attach", finding.id) enctype="multipart/form-data">
                <FilesField />
                <div class="actions">
                    <button class="button" type="submit">"Attach"<span class="unseen">{format!(" to {}", finding.id)}</span></button>
                </div>
            </form>
        }
    });
    (files, form)
}

#[component]
fn SeverityWord(severity: Severity) -> impl IntoView {
    match severity {
        Severity::High => view! { <b>{severity.word()}</b> }.into_any(),
        other => other.word().into_any(),
    }
}

/// Six of those closed last; all of them under the filter.
fn closed_lately(page: &FindingsPage) -> impl IntoView + use<> {
    let all = page.closed.len();
    let every = page.ask.address(Some(Standing::Closed));
    let rows = page
        .closed
        .iter()
        .take(6)
        .cloned()
        .map(|f| {
            let State::Closed { at, .. } = f.value.state else { return ().into_any() };
            let href = format!("{}#{}", page.ask.address(Some(Standing::Closed)), f.id);
            let after = match at.since(f.value.occurred_at) / DAY_MS {
                0 => "same day".to_owned(),
                n => plural(usize::try_from(n).unwrap_or(0), "day", "days"),
            };
            view! {
                <tr>
                    <th scope="row"><a href=href>{f.id.clone()}</a></th>
                    <td>{f.value.title.clone()} " " <Demo demo=f.value.demo /></td>
                    <td class="hide-phone"><SeverityWord severity=f.value.severity /></td>
                    <td class="wide-only">{f.value.found_by.clone()}</td>
                    <td class="hide-phone">{f.value.owner.clone()}</td>
                    <td>{words::date(at)}</td>
                    <td class="state-cell">{after}</td>
                    <td class="sl"><SealNote seal=f.seal kind=SealKind::Line what=format!("Finding {}", f.id) /></td>
                </tr>
            }
            .into_any()
        })
        .collect_view();
    view! {
        <Section title="Closed lately" over_table=true>
            <table class="table tight dated">
                <thead>
                    <tr>
                        <th class="w-6" scope="col"><span class="unseen">"Number"</span></th>
                        <th scope="col"><span class="unseen">"Finding"</span></th>
                        <th class="w-8 hide-phone" scope="col">"Severity"</th>
                        <th class="w-12 wide-only" scope="col">"Found by"</th>
                        <th class="w-10 hide-phone" scope="col">"Owner"</th>
                        <th class="w-10" scope="col">"Closed"</th>
                        <th class="w-8" scope="col">"After"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot"><a href=every>{format!("All {all} closed findings")}</a></p>
        </Section>
    }
}

const DAY_MS: i64 = 24 * 3600 * 1000;

fn days(ms: i64) -> String {
    plural(usize::try_from(ms / DAY_MS).unwrap_or(0), "day", "days")
}
