//! Backup jobs with their sizes against what is usual, filtered by the address; recovery points due today; and how long
//! copies elsewhere took.

use domain::{
    judgement::{Due, Lag},
    verdict::Verdict,
    words,
};
use leptos::prelude::*;

use crate::{
    api::{
        backups::{
            Copies, Retained,
            jobs::{JobRow, JobsList, ROWS, VERDICTS},
        },
        datastores::address,
    },
    parts::{
        Empty, FilterBar, FilterSelect, FilterToggle, LagStrip, Pager, SealKind, SealNote, Section, Shape, StateMark,
        Waiting, When, plural,
    },
};

/// Nothing where no tool told of a job.
#[component]
pub fn BackupJobs(list: JobsList) -> impl IntoView {
    if list.all == 0 {
        return ().into_any();
    }
    let JobsList { ask, counts, rows, total, all, tiers, stores } = list;
    let toggles = VERDICTS
        .into_iter()
        .map(|verdict| {
            let on = ask.verdict == Some(verdict);
            let count = counts.iter().find(|(v, _)| *v == verdict).map_or(0, |(_, n)| *n);
            let href = ask.under(if on { None } else { Some(verdict) });
            (count > 0 || on).then(|| {
                view! { <FilterToggle href=href on=on count=count state=Shape::from(verdict) word=verdict.word() /> }
            })
        })
        .collect_view();
    let any = |words: &str| vec![(String::new(), words.to_owned())];
    let named = |all: std::collections::BTreeSet<String>| all.into_iter().map(|name| (name.clone(), name));
    let tiers: Vec<_> = any("any tier").into_iter().chain(named(tiers)).collect();
    let stores: Vec<_> = any("any store").into_iter().chain(named(stores)).collect();
    let verdict = ask
        .verdict
        .map(|verdict| view! { <input type="hidden" name="verdict" value=crate::api::backups::jobs::id(verdict) /> });
    let shown = rows.len();
    let body = match rows.is_empty() {
        true => view! {
            <Empty sentence="No job answers this filter." detail=format!("{} are known.", plural(all, "job is", "jobs are")) />
        }
        .into_any(),
        false => view! { <Table rows=rows /> }.into_any(),
    };
    let pages = total.div_ceil(ROWS);
    let first = (ask.page > 1).then(|| ask.at_page(1));
    let next = (ask.page < pages).then(|| ask.at_page(ask.page + 1));
    let pager = (pages > 1).then(|| {
        let from = (ask.page - 1) * ROWS + 1;
        let says = format!("{from} to {} of {total}, what falls short first.", from + shown.max(1) - 1);
        view! { <Pager says=says first=first next=next back="Back to the first" on="More" /> }
    });
    let note = plural(all, "job, as vendors’ tools told it", "jobs, as vendors’ tools told them");
    let csv = ask.csv();
    view! {
        <Section title="Backup jobs" note=note id="backup-jobs">
            <FilterBar action="/backups#backup-jobs" label="Filter the jobs" result=format!("{total} of {all}")>
                {toggles}
                {verdict}
                <FilterSelect name="tier" word="in" label="Tier" options=tiers chosen=ask.tier.clone() />
                <FilterSelect name="store" word="of" label="Store" options=stores chosen=ask.store.clone() />
                <label>
                    <span class="unseen">"Job or store"</span>
                    <input class="underlined" type="search" name="job" placeholder="Job or store" value=ask.find.clone() />
                </label>
            </FilterBar>
            {body}
            {pager}
            <p class="foot measure-width"><a href=csv download="">"These jobs as CSV"</a></p>
        </Section>
    }
    .into_any()
}

#[component]
fn Table(rows: Vec<JobRow>) -> impl IntoView {
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <table class="table tight dated">
            <thead>
                <tr>
                    <th scope="col">"Job and store"</th>
                    <th class="w-8 hide-phone" scope="col">"Tier"</th>
                    <th class="w-10 wide-only" scope="col">"Cadence"</th>
                    <th class="w-12" scope="col">"Last run, UTC"</th>
                    <th class="w-8 num hide-phone" scope="col">"Size"</th>
                    <th class="w-8 num wide-only" scope="col">"vs usual"</th>
                    <th class="w-10" scope="col">"State"</th>
                    <th class="sl"><span class="unseen">"Seal"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(job: JobRow) -> impl IntoView {
    let store = match (&job.store, &job.store_id) {
        (Some(name), Some(id)) => view! { <a href=address(id)>{name.clone()}</a> }.into_any(),
        (Some(name), None) => name.clone().into_any(),
        _ => "store not stated".into_any(),
    };
    let finding = job.finding.clone().map(|id| view! { " " <a href=format!("/findings#{id}")>{id.clone()}</a> });
    let says = (!job.says.is_empty()).then(|| view! { <span class="second">{job.says.join(" ")} {finding}</span> });
    let said = job.said.clone().map(|said| view! { <span class="second">{format!("“{said}”")}</span> });
    let size = job.bytes.map(words::bytes).unwrap_or_else(|| "not stated".to_owned());
    let seal = match job.seal {
        Some(seal) => {
            let what = format!("Newest run of {}", job.job);
            view! { <SealNote seal=seal kind=SealKind::Line what=what /> }.into_any()
        }
        None => view! { <Waiting why="nothing to seal" /> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row"><code>{job.job.clone()}</code><span class="second">{store}</span>{says}</th>
            <td class="hide-phone">{job.tier}</td>
            <td class="wide-only">{job.cadence}</td>
            <td><When at=job.at /></td>
            <td class="num hide-phone">{size}</td>
            <td class="num wide-only">{job.against_usual.map(against)}</td>
            <td class="state-cell"><StateMark state=job.verdict word=job.verdict.word() /> {said}</td>
            <td class="sl">{seal}</td>
        </tr>
    }
}

/// "−99.8 %", "+0.3 %", from thousandths.
fn against(thousandths: i64) -> String {
    let sign = match thousandths {
        0 => "",
        ..0 => "−",
        _ => "+",
    };
    let size = thousandths.unsigned_abs();
    match (size / 10, size % 10) {
        (whole, 0) => format!("{sign}{whole} %"),
        (whole, tenth) => format!("{sign}{whole}.{tenth} %"),
    }
}

/// Of each datastore with a schedule: how many of the points that should be there today are.
#[component]
pub fn DueToday(retained: Vec<Retained>) -> impl IntoView {
    if retained.is_empty() {
        return ().into_any();
    }
    let cell = |due: &[Due], cadence: &str| {
        let all: Vec<&Due> = due.iter().filter(|due| due.cadence == cadence).collect();
        let missing: Vec<String> = all.iter().filter(|due| due.there.is_none()).map(|due| due.says()).collect();
        if all.is_empty() {
            return view! { <span class="second">"none due"</span> }.into_any();
        }
        let there = all.len() - missing.len();
        let verdict = if missing.is_empty() { Verdict::Met } else { Verdict::Missed };
        let lacks =
            (!missing.is_empty()).then(|| view! { <span class="second">"missing: " {missing.join(", ")}</span> });
        view! { <StateMark state=verdict word=format!("{there} of {}", all.len()) /> {lacks} }.into_any()
    };
    let rows = retained
        .into_iter()
        .map(|Retained { id, name, due }| {
            view! {
                <tr>
                    <th scope="row"><a href=format!("{}#due", address(&id))>{name}</a></th>
                    <td>{cell(&due, "daily")}</td>
                    <td>{cell(&due, "weekly")}</td>
                    <td>{cell(&due, "monthly")}</td>
                    <td class="sl"></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Recovery points due today" over_table=true id="due">
            <table class="table tight stays">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Datastore"</span></th>
                        <th class="w-15" scope="col">"Daily"</th>
                        <th class="w-15" scope="col">"Weekly"</th>
                        <th class="w-20" scope="col">"Monthly"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

/// How long copies elsewhere took, each against the RPO: the worst of the quarter counts.
#[component]
pub fn CopyLag(copies: Vec<Copies>) -> impl IntoView {
    if copies.is_empty() {
        return ().into_any();
    }
    let rows = copies
        .into_iter()
        .map(|Copies { id, name, rpo_ms, lags, from, to }| {
            let worst = lags.iter().map(|lag: &Lag| lag.ms).max().unwrap_or_default();
            let late = rpo_ms.map(|rpo| lags.iter().filter(|lag| lag.ms > rpo).count());
            let (state, word) = match late {
                None => (Verdict::Untested, "no RPO".to_owned()),
                Some(0) => (Verdict::Met, "within".to_owned()),
                Some(n) => (Verdict::Missed, format!("{n} late")),
            };
            let against = rpo_ms.map_or("RPO not stated".to_owned(), |rpo| format!("RPO {}", words::duration(rpo)));
            let count = plural(lags.len(), "copy", "copies");
            view! {
                <tr>
                    <th scope="row"><a href=address(&id)>{name}</a><span class="second">{count}</span></th>
                    <td class="hide-phone"><LagStrip lags=lags rpo_ms=rpo_ms from=from to=to /></td>
                    <td>{words::duration(worst)} <span class="second">{against}</span></td>
                    <td class="state-cell"><StateMark state=state word=word /></td>
                    <td class="sl"></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Copies elsewhere, this quarter" over_table=true id="copies">
            <table class="table tight dated">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Datastore"</span></th>
                        <th class="w-25 hide-phone" scope="col">"From taken to copied, by day"</th>
                        <th class="w-12" scope="col">"Worst"</th>
                        <th class="w-10" scope="col">"State"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_size_is_against_the_usual_is_said_with_its_sign() {
        for (thousandths, says) in [(-998, "−99.8 %"), (3, "+0.3 %"), (0, "0 %"), (-40, "−4 %"), (1_500, "+150 %")]
        {
            assert_eq!(super::against(thousandths), says);
        }
    }
}
