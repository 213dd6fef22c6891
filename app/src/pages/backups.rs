//! Which tenant was found in a recovery point on which Sunday, and every attestation behind it.

mod jobs;

use std::collections::BTreeMap;

use domain::{
    Moment,
    attestation::Attestation,
    coverage::{self, Cell},
    gap::Missing,
    import::Import,
    judgement::Judgement,
    record::Sealed,
    verdict::Verdict,
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::backups::{Ask, BackupsPage, JobLine, JobStanding, Missed, STRENGTHS, jobs::JobsAsk, load},
    parts::{
        Demo, Empty, FilterBar, FilterSelect, HeatRow, Heatmap, JudgedTable, PageHead, Pager, SealKind, SealNote,
        Section, Shape, StateMark, Statement, Waiting, When, loaded,
    },
};

use jobs::{BackupJobs, CopyLag, DueToday};

/// The chart holds a year.
const WEEKS: usize = 52;

#[component]
pub fn Backups() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let (ask, jobs) = (Ask::read(&query), JobsAsk::read(|key| query.get(key)));
    loaded("backups", load(ask, jobs), |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: BackupsPage) -> impl IntoView {
    let margin = match page.newest_seal.clone() {
        Some(seal) => view! { <SealNote seal=seal kind=SealKind::Record note="Newest attestation" what="The newest attestation" /> }.into_any(),
        None => view! { <Waiting why="nothing to seal yet" /> }.into_any(),
    };
    let grid = if page.grid.rows.is_empty() {
        view! {
            <Empty
                sentence="No tenant has been attested in this period."
                detail=format!(
                    "Searched from {} to {}.",
                    words::date(page.period.from),
                    words::date(page.period.last_day())
                )
            />
        }
        .into_any()
    } else if page.ask.as_table {
        view! { <GridTable page=&page /> }.into_any()
    } else {
        chart(&page).into_any()
    };
    let says = page.statement();
    view! {
        <PageHead eyebrow=|| "Attestations · controls CC7.1, CC7.2, A1.2" title="Backups" />
        <Statement margin=margin>{says}</Statement>
        <Section title="Tenant X exists in recovery point Y" id="grid">{grid}</Section>
        <Gaps missed=page.missed />
        <Jobs jobs=page.jobs />
        <BackupJobs list=page.backup_jobs />
        <DueToday retained=page.retained />
        <CopyLag copies=page.copies />
        <Judgements judged=page.judged />
        <Imports imports=page.imports />
        <List ask=page.ask error=page.error tenants=page.tenants.into_iter().collect() list=page.list now=page.now />
    }
}

fn chart(page: &BackupsPage) -> impl IntoView + use<> {
    let skip = page.grid.weeks.len().saturating_sub(WEEKS);
    let weeks: Vec<Moment> = page.grid.weeks.iter().skip(skip).copied().collect();
    let mut rows: Vec<HeatRow> = page
        .grid
        .rows
        .iter()
        .map(|row| HeatRow {
            name: row.tenant.clone(),
            internal: page.internal.contains(&row.tenant),
            cells: row.cells.iter().skip(skip).copied().collect(),
            attested: row.attested,
            owed: row.owed,
            href: Some(Ask { tenant: row.tenant.clone(), ..Ask::default() }.address(None)),
            left: left(row, &page.grid.weeks),
        })
        .collect();
    rows.sort_by_key(|row| row.internal);
    let said = said(page, skip);
    view! { <Heatmap weeks=weeks rows=rows said=said table_href="/backups?grid=table#grid" /> }
}

/// "left 27 Sep", for a tenant whose last Sunday is past.
fn left(row: &coverage::Row, weeks: &[Moment]) -> Option<String> {
    let last = row.cells.iter().rposition(|c| !matches!(c, Cell::NotATenant | Cell::ToCome))?;
    let gone = row.cells.get(last + 1) == Some(&Cell::NotATenant);
    gone.then(|| format!("left after {}", weeks[last].utc().format("%-d %b")))
}

/// The gaps under the chart, a line a Sunday: "8 Mar: the whole run was skipped, F-004". At most four
/// fit without touching; all of them stand in the table below.
fn said(page: &BackupsPage, skip: usize) -> Vec<(usize, String)> {
    let mut by_week: BTreeMap<Moment, (Vec<String>, Option<String>)> = BTreeMap::new();
    let of_a_sunday = |m: &&Missed| !matches!(m.gap.value.what, Missing::Run { .. });
    for missed in page.missed.iter().filter(of_a_sunday) {
        let (says, finding) = by_week.entry(missed.week).or_default();
        says.push(match &missed.gap.value.what {
            Missing::Tenant { tenant } => tenant.clone(),
            _ => String::new(),
        });
        *finding = finding.take().or_else(|| missed.finding.clone());
    }
    let mut said: Vec<(usize, String)> = by_week
        .into_iter()
        .rev()
        .filter_map(|(week, (tenants, finding))| {
            let column = page.grid.weeks.iter().position(|w| *w == week)?.checked_sub(skip)?;
            let day = week.utc().format("%-d %b");
            let what = match &tenants[..] {
                [one] if one.is_empty() => "the whole run was skipped".to_owned(),
                [one] => format!("{one} absent"),
                many => format!("{} tenants absent", words::number(many.len())),
            };
            let finding = finding.map(|id| format!(", {id}")).unwrap_or_default();
            Some((column, format!("{day}: {what}{finding}")))
        })
        .take(4)
        .collect();
    said.reverse();
    said
}

#[component]
fn GridTable<'a>(page: &'a BackupsPage) -> impl IntoView + use<> {
    let days = |row: &coverage::Row, wanted: Cell| {
        let all: Vec<String> = row
            .cells
            .iter()
            .zip(&page.grid.weeks)
            .filter(|(cell, _)| **cell == wanted)
            .map(|(_, week)| words::date(*week))
            .collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    let rows = page
        .grid
        .rows
        .iter()
        .map(|row| {
            let (newest, seal) = match page.newest.get(&row.tenant) {
                Some(found) => {
                    let what = format!("Newest attestation of {}", row.tenant);
                    let seal = view! { <SealNote seal=found.seal.clone() kind=SealKind::Line what=what /> };
                    (words::date(found.occurred_at), seal.into_any())
                }
                None => ("never".to_owned(), view! { <Waiting why="nothing to seal" /> }.into_any()),
            };
            let href = Ask { tenant: row.tenant.clone(), ..Ask::default() }.address(None);
            view! {
                <tr>
                    <th scope="row"><a href=href>{row.tenant.clone()}</a></th>
                    <td class="state-cell">{format!("{} of {}", row.attested, row.owed)}</td>
                    <td>{days(row, Cell::Missed)}</td>
                    <td>{days(row, Cell::Late)}</td>
                    <td>{newest}</td>
                    <td class="sl">{seal}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table tight dated">
            <thead>
                <tr>
                    <th class="w-18" scope="col">"Tenant"</th>
                    <th class="w-10" scope="col">"Attested"</th>
                    <th scope="col">"Missed"</th>
                    <th class="w-12" scope="col">"Late"</th>
                    <th class="w-10" scope="col">"Newest"</th>
                    <th class="sl"><span class="unseen">"Seal of the newest"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        <p class="foot"><a href="/backups#grid">"As a chart"</a></p>
    }
}

#[component]
fn Gaps(missed: Vec<Missed>) -> impl IntoView {
    if missed.is_empty() {
        return view! {
            <Section title="Gaps" id="gaps">
                <Empty
                    sentence="No Sunday lacks an attestation."
                    detail="Each Sunday 03:00 UTC is compared with the attestations that came."
                />
            </Section>
        }
        .into_any();
    }
    let rows = missed
        .into_iter()
        .map(|m| {
            let finding = match m.finding {
                Some(id) => view! { <a href=format!("/findings#{id}")>{id.clone()}</a> }.into_any(),
                None => "none opened".into_any(),
            };
            let id = m.gap.id;
            view! {
                <tr id=id.clone()>
                    <th scope="row">{words::date(m.week)}</th>
                    <td>{m.says} " " <Demo demo=m.gap.value.demo /></td>
                    <td class="state-cell">{finding}</td>
                    <td class="sl"><SealNote seal=m.gap.seal kind=SealKind::Line what=format!("Gap {id}") /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Gaps" over_table=true id="gaps">
            <table class="table tight dated">
                <thead>
                    <tr>
                        <th class="w-10" scope="col"><span class="unseen">"Due"</span></th>
                        <th scope="col">"What is missing"</th>
                        <th class="w-10" scope="col">"Finding"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">
                "A gap is a record of its own: it is computed against the schedule, sealed, and goes into every bundle of its period."
            </p>
        </Section>
    }
    .into_any()
}

/// What the runners do by their calendars; nothing where no runner reports.
#[component]
fn Jobs(jobs: Vec<JobLine>) -> impl IntoView {
    if jobs.is_empty() {
        return ().into_any();
    }
    let rows = jobs
        .into_iter()
        .map(|job| {
            let (shape, word) = match job.standing {
                JobStanding::Done => (Shape::Disc, "done"),
                JobStanding::Failed => (Shape::Square, "failed"),
                JobStanding::Silent => (Shape::Square, "did not report"),
                JobStanding::Waiting => (Shape::Ring, "not due yet"),
                JobStanding::Ended => (Shape::Dotted, "ended"),
            };
            let run = job.newest.value;
            let drill = run.drill.clone().map(|id| view! { " " <a href=format!("/drills/{id}")>{id.clone()}</a> });
            let what = format!("Newest record of {}", job.name);
            view! {
                <tr>
                    <th scope="row">{job.name.clone()}<span class="second">{job.kind.word()} ", by " {run.by}</span></th>
                    <td class="hide-phone"><code>{job.cron}</code><span class="second">{job.says}</span></td>
                    <td><When at=run.due_at /><span class="second">{run.says} {drill}</span></td>
                    <td class="wide-only">{job.next.map(|at| view! { <When at=at /> })}</td>
                    <td class="state-cell"><StateMark state=shape word=word /></td>
                    <td class="sl"><SealNote seal=job.newest.seal kind=SealKind::Line what=what /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Runners’ jobs" over_table=true id="jobs">
            <table class="table tight dated">
                <thead>
                    <tr>
                        <th class="w-15" scope="col"><span class="unseen">"Job"</span></th>
                        <th class="w-15 hide-phone" scope="col">"Calendar, UTC"</th>
                        <th scope="col">"Newest, due"</th>
                        <th class="w-12 wide-only" scope="col">"Next due"</th>
                        <th class="w-12" scope="col"><span class="unseen">"State"</span></th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">
                "Each run and each calendar is a record of its runner. What was due and did not report is a gap, and opens a finding."
            </p>
        </Section>
    }
    .into_any()
}

#[component]
fn Judgements(judged: Vec<(Judgement, Option<String>)>) -> impl IntoView {
    let met = judged.iter().filter(|(judged, _)| judged.verdict == Verdict::Met).count();
    let note = format!("{met} of {} met", judged.len());
    view! { <JudgedTable title="What vendors’ reports come to" note=note judged=judged /> }
}

/// Imports that are listed; all of them are in a bundle.
const IMPORTS: usize = 10;

/// What was brought, and by whom.
#[component]
fn Imports(imports: Vec<Sealed<Import>>) -> impl IntoView {
    if imports.is_empty() {
        return ().into_any();
    }
    let all = imports.len();
    let brought = imports.into_iter().take(IMPORTS).map(import).collect_view();
    let shown = (all > IMPORTS).then(|| format!(" The newest {IMPORTS} of {all} imports are shown."));
    view! {
        <Section title="Imports" over_table=true id="imports">
            <table class="table tight dated">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Import"</span></th>
                        <th class="w-15" scope="col">"Asked, UTC"</th>
                        <th class="n" scope="col">"Facts"</th>
                        <th class="hide-phone" scope="col">"SHA-256 of what was printed"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{brought}</tbody>
            </table>
            <p class="foot measure-width">
                "As these tools printed it, brought by a machine. What was not stated is not guessed."
                {shown}
            </p>
        </Section>
    }
    .into_any()
}

fn import(sealed: Sealed<Import>) -> impl IntoView {
    let value = sealed.value;
    let unclear = match value.not_understood_in_all {
        0 => None,
        1 => Some("one place not understood".to_owned()),
        n => Some(format!("{} places not understood", words::count(n))),
    };
    let what = format!("Import {}", sealed.id);
    view! {
        <tr>
            <th scope="row">
                <code>{value.told.connector}</code>
                <span class="second">"by " {value.by} {value.told.command.map(|command| format!(", {command}"))}</span>
                <Demo demo=value.demo />
            </th>
            <td><When at=value.occurred_at /></td>
            <td class="n">{words::count(value.facts)} <span class="second">{unclear}</span></td>
            <td class="hide-phone"><code>{words::short_digest(&value.told.sha256)}</code></td>
            <td class="sl"><SealNote seal=sealed.seal kind=SealKind::Line what=what /></td>
        </tr>
    }
}

#[component]
fn List(
    ask: Ask,
    error: Option<&'static str>,
    tenants: Vec<String>,
    list: crate::ports::Page<Sealed<Attestation>>,
    now: Moment,
) -> impl IntoView {
    let any = |words: &str| vec![(String::new(), words.to_owned())];
    let tenants = any("any tenant").into_iter().chain(tenants.into_iter().map(|t| (t.clone(), t))).collect();
    let strengths = any("any strength")
        .into_iter()
        .chain(STRENGTHS.iter().map(|s| (s.word().to_owned(), s.word().to_owned())))
        .collect();
    let shown = list.items.len();
    let total = list.total;
    let error = error.map(|says| {
        view! {
            <p class="field-error measure-width" role="alert" id="date-error">
                <StateMark state=Shape::Square word=says />
            </p>
        }
    });
    let invalid = error.is_some().then_some("true");
    let body = if list.items.is_empty() {
        view! {
            <Empty
                sentence="No attestation answers this filter."
                detail=format!("Searched at {} UTC.", words::date_time(now))
            />
        }
        .into_any()
    } else {
        let rows = list.items.into_iter().map(|a| view! { <Row attestation=a /> }).collect_view();
        view! {
            <table class="table tight dated">
                <caption class="unseen">"Attestations, newest first"</caption>
                <thead>
                    <tr>
                        <th class="w-18" scope="col">"Tenant"</th>
                        <th class="w-12" scope="col">"Found, UTC"</th>
                        <th class="w-12" scope="col">"Strength"</th>
                        <th scope="col">"Recovery point"</th>
                        <th class="w-12 wide-only" scope="col">"Taken, UTC"</th>
                        <th class="sl"><span class="unseen">"Seal"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    let says = if ask.after.is_some() {
        format!("{shown} more of {}.", words::count(i64::try_from(total).unwrap_or(i64::MAX)))
    } else {
        format!("Newest {shown} of {}.", words::count(i64::try_from(total).unwrap_or(i64::MAX)))
    };
    let csv = ask.csv();
    let first = ask.after.is_some().then(|| ask.address(None));
    let next = list.next.as_deref().map(|cursor| ask.address(Some(cursor)));
    view! {
        <Section title="Attestations" id="attestations">
            <FilterBar action="/backups#attestations" label="Filter the attestations" result=format!("{shown} of {total}")>
                <FilterSelect name="tenant" word="of" label="Tenant" options=tenants chosen=ask.tenant.clone() />
                <FilterSelect name="strength" word="with" label="Strength" options=strengths chosen=ask.strength.clone() />
                <label>
                    "from "
                    <input class="underlined day" type="date" name="from" value=ask.from.clone() aria-invalid=invalid />
                </label>
                <label>
                    "to " <input class="underlined day" type="date" name="to" value=ask.to.clone() aria-invalid=invalid />
                </label>
            </FilterBar>
            {error}
            {body}
            <Pager says=says first=first next=next />
            <p class="foot measure-width"><a href=csv download="">"These attestations as CSV"</a></p>
            <p class="foot measure-width">
                "Declared is the backup job’s own word; listed is the vendor’s answer; counted and fingerprinted were read on the cluster beside the recovery point. Only restored means that it came back."
            </p>
        </Section>
    }
}

#[component]
fn Row(attestation: Sealed<Attestation>) -> impl IntoView {
    let Sealed { value: a, seal, .. } = attestation;
    let read = a.read.as_ref().map(|read| {
        view! { <span class="second">{format!("{} documents", words::count(read.documents))}</span> }
    });
    view! {
        <tr>
            <th scope="row">{a.tenant.clone()} <span class="second"><Demo demo=a.demo /></span></th>
            <td><When at=a.occurred_at /></td>
            <td class="state-cell">{a.strength.word()} {read}</td>
            <td>
                <code>{a.recovery_point.id.clone()}</code>
                <span class="second">{a.recovery_point.cluster.clone()}</span>
            </td>
            <td class="wide-only"><When at=a.recovery_point.taken_at /></td>
            <td class="sl"><SealNote seal=seal what=format!("Attestation of {}", a.tenant) /></td>
        </tr>
    }
}
