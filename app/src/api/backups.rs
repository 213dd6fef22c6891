//! Attestations: the grid of the audit period, its gaps in words, and the list with its filters.

pub mod jobs;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Moment,
    attestation::{Attestation, Strength},
    datastore::Datastore,
    gap::{Gap, Missing},
    import::Import,
    job::{JobKind, JobRun, Outcome, Standing, standings},
    judgement::{self, Due, Facts, Judgement, Lag, OF_JOBS, due, lags},
    record::Sealed,
    role::{Actor, Permission},
    schedule::Period,
    words,
};
use leptos_router::params::ParamsMap;

use self::jobs::{JobsAsk, JobsList};
use super::{coverage, guard, known};
use crate::{
    ports::{AttestationFilter, Attested, Page, Ports},
    problem::Problem,
};

/// What a strip of copies shows.
const QUARTER_MS: i64 = 92 * 24 * 3600 * 1000;

/// 25 rows with their seals fill a desktop's height once and a half.
const ROWS: u32 = 25;

pub const STRENGTHS: [Strength; 5] =
    [Strength::Declared, Strength::Listed, Strength::Counted, Strength::Fingerprinted, Strength::Restored];

/// What the address asks for, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    pub tenant: String,
    pub strength: String,
    pub from: String,
    pub to: String,
    pub after: Option<String>,
    /// The grid as a table of words.
    pub as_table: bool,
}

impl Ask {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |key: &str| query.get(key).unwrap_or_default().trim().to_owned();
        Self {
            tenant: text("tenant"),
            strength: text("strength"),
            from: text("from"),
            to: text("to"),
            after: query.get("after").filter(|c| !c.is_empty()),
            as_table: query.get("grid").as_deref() == Some("table"),
        }
    }

    /// The filter, and what of it could not be read.
    pub fn filter(&self, whole: Period) -> (AttestationFilter, Option<&'static str>) {
        let strength = STRENGTHS.into_iter().find(|s| s.word() == self.strength);
        let day = |text: &str| if text.is_empty() { Some(None) } else { Period::days(text, text).map(Some) };
        let (period, error) = match (day(&self.from), day(&self.to)) {
            (Some(None), Some(None)) => (None, None),
            (Some(from), Some(to)) => {
                let period = Period { from: from.map_or(whole.from, |d| d.from), to: to.map_or(whole.to, |d| d.to) };
                if period.from < period.to {
                    (Some(period), None)
                } else {
                    (None, Some("The first day lies after the last. Exchange them."))
                }
            }
            _ => (None, Some("Write the date as 2026-11-25.")),
        };
        let tenant = Some(self.tenant.clone()).filter(|t| !t.is_empty());
        (AttestationFilter { tenant, strength, period }, error)
    }

    /// All that answers it, as a file.
    pub fn csv(&self) -> String {
        format!("/backups/attestations.csv{}", self.query().to_query_string())
    }

    /// The address of this view, continued after a cursor.
    pub fn address(&self, after: Option<&str>) -> String {
        let mut query = self.query();
        if let Some(cursor) = after {
            query.insert("after", cursor.to_owned());
        }
        format!("/backups{}#attestations", query.to_query_string())
    }

    fn query(&self) -> ParamsMap {
        let mut query = ParamsMap::new();
        for (key, value) in
            [("tenant", &self.tenant), ("strength", &self.strength), ("from", &self.from), ("to", &self.to)]
        {
            if !value.is_empty() {
                query.insert(key, value.clone());
            }
        }
        query
    }
}

/// One Sunday that lacks something, in words.
pub struct Missed {
    pub week: Moment,
    pub says: String,
    pub gap: Sealed<Gap>,
    /// The finding it opened.
    pub finding: Option<String>,
}

/// A job of a runner, as its records tell it.
pub struct JobLine {
    pub name: String,
    pub kind: JobKind,
    pub cron: String,
    /// The calendar in words.
    pub says: String,
    /// `None`: it is due no more.
    pub next: Option<Moment>,
    /// The newest run, or the word about its calendar where none came yet.
    pub newest: Sealed<JobRun>,
    pub standing: JobStanding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStanding {
    Done,
    Failed,
    /// A later run was due and did not report.
    Silent,
    /// None was due yet.
    Waiting,
    Ended,
}

/// Of one datastore, the recovery points that should be there today.
pub struct Retained {
    pub id: String,
    pub name: String,
    pub due: Vec<Due>,
}

/// Of one datastore, how long its copies took in the last quarter.
pub struct Copies {
    pub id: String,
    pub name: String,
    pub rpo_ms: Option<i64>,
    /// Oldest first.
    pub lags: Vec<Lag>,
    pub from: Moment,
    pub to: Moment,
}

pub struct BackupsPage {
    pub ask: Ask,
    pub error: Option<&'static str>,
    pub grid: domain::coverage::Grid,
    /// Each tenant's newest attestation.
    pub newest: BTreeMap<String, Attested>,
    pub newest_seal: Option<domain::record::Seal>,
    /// Tenants a drill may draw: none of them a production customer's.
    pub internal: BTreeSet<String>,
    /// Newest first.
    pub missed: Vec<Missed>,
    pub tenants: BTreeSet<String>,
    pub jobs: Vec<JobLine>,
    pub backup_jobs: JobsList,
    pub retained: Vec<Retained>,
    pub copies: Vec<Copies>,
    /// What else follows from the facts, in the order of the rules, each with the finding that it opened.
    pub judged: Vec<(Judgement, Option<String>)>,
    /// Newest first.
    pub imports: Vec<Sealed<Import>>,
    pub list: Page<Sealed<Attestation>>,
    pub period: Period,
    pub now: Moment,
}

impl BackupsPage {
    /// "On 46 of 50 Sundays every tenant's database was found in a recovery point. Two were absent on the last one."
    pub fn statement(&self) -> String {
        let Some(first) = self.grid.says() else {
            return "No attestation has arrived in the audit period; whether a tenant’s database is in a recovery point is not known."
                .to_owned();
        };
        let Some((week, found, _)) = self.grid.newest() else { return first };
        match &self.grid.missed(week)[..] {
            [] => first,
            _ if found == 0 => format!("{first} The last run never came."),
            [only] => format!("{first} {only} was absent on the last one."),
            many => format!("{first} {} were absent on the last one.", words::capital(&words::number(many.len()))),
        }
    }
}

async fn jobs(actor: &Actor, ports: &Ports, missed: &[Missed], now: Moment) -> Result<Vec<JobLine>, Problem> {
    let runs = ports.jobs.runs(&actor.scope).await?;
    let line = |standing: Standing<'_>| {
        let calendar = &standing.calendar.value;
        let (next, says) = ports.jobs.next(&calendar.cron, now).unzip();
        let last_due = standing.last.map(|last| last.value.due_at);
        let silent = missed.iter().any(|m| {
            matches!(&m.gap.value.what, Missing::Run { job } if job == standing.name) && Some(m.week) > last_due
        });
        JobLine {
            name: standing.name.to_owned(),
            kind: calendar.kind,
            cron: calendar.cron.clone(),
            says: says.unwrap_or_default(),
            next: next.filter(|_| !standing.ended()),
            newest: standing.last.unwrap_or(standing.calendar).clone(),
            standing: match standing.last {
                _ if standing.ended() => JobStanding::Ended,
                _ if silent => JobStanding::Silent,
                Some(last) if last.value.outcome == Outcome::Done => JobStanding::Done,
                Some(_) => JobStanding::Failed,
                None => JobStanding::Waiting,
            },
        }
    };
    Ok(standings(&runs).into_iter().map(line).collect())
}

pub async fn load(ask: Ask, asked: JobsAsk) -> Result<BackupsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let coverage = coverage::read(&actor, &ports).await?;
    let (filter, error) = ask.filter(coverage.period);
    let list = ports.attestations.page(&actor.scope, &filter, ask.after.as_deref(), ROWS).await?;
    let tenants = ports.attestations.tenants(&actor.scope).await?;
    let drills = ports.drills.all(&actor.scope).await?;
    let findings = ports.findings.all(&actor.scope).await?;
    let opened =
        |cause: &str| findings.iter().find(|f| judgement::causes(&f.value).contains(&cause)).map(|f| f.id.clone());
    let missed = coverage
        .gaps
        .into_iter()
        .filter(|gap| !matches!(gap.value.what, Missing::Drill { .. }))
        .map(|gap| Missed { week: gap.value.due_at, says: gap.value.says.clone(), finding: opened(&gap.id), gap })
        .collect::<Vec<_>>();
    let jobs = jobs(&actor, &ports, &missed, ports.clock.now()).await?;
    let known::Told { words, imports, facts } = known::told(&ports, &actor.scope, ports.clock.now()).await?;
    let judged = judgement::judge(&facts);
    let backup_jobs = jobs::list(&facts, &judged, &findings, &words, asked, true);
    // What is judged of each job stands beside it.
    let others = judged.into_iter().filter(|j| !OF_JOBS.contains(&j.rule));
    let judged = others.map(|j| (opened(&j.cause()), j)).map(|(finding, j)| (j, finding)).collect();
    let newest = coverage.attested.into_iter().map(|a| (a.tenant.clone(), a)).collect();
    let internal = drills.iter().filter_map(|d| d.value.draw.as_ref()).flat_map(|d| d.eligible.clone()).collect();
    Ok(BackupsPage {
        ask,
        error,
        grid: coverage.grid,
        newest,
        newest_seal: coverage.newest,
        internal,
        missed,
        jobs,
        backup_jobs,
        retained: retained(&facts),
        copies: copies(&facts),
        judged,
        imports,
        tenants,
        list,
        period: coverage.period,
        now: ports.clock.now(),
    })
}

fn retained(facts: &Facts) -> Vec<Retained> {
    let of = |store: &Datastore| Retained { id: store.id.clone(), name: store.name.clone(), due: due(facts, store) };
    facts.stores.iter().map(of).filter(|retained| !retained.due.is_empty()).collect()
}

fn copies(facts: &Facts) -> Vec<Copies> {
    let of = |store: &Datastore| Copies {
        id: store.id.clone(),
        name: store.name.clone(),
        rpo_ms: store.rpo_ms.as_ref().map(|rpo| rpo.value),
        lags: lags(facts, store),
        from: facts.now.plus_millis(-QUARTER_MS),
        to: facts.now,
    };
    facts.stores.iter().map(of).filter(|copies| !copies.lags.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_from_the_address_and_a_wrong_date_is_said() {
        let whole = Period::days("2025-12-01", "2026-11-30").expect("a period");
        let third = Period::days("2026-03-01", "2026-03-31").expect("a period");
        for (from, to, period, wrong) in [
            ("", "", None, false),
            ("2026-03-01", "2026-03-31", Some(third), false),
            ("2026-03-01", "", Some(Period { from: third.from, to: whole.to }), false),
            ("", "2026-03-31", Some(Period { from: whole.from, to: third.to }), false),
            ("2026-03-31", "2026-03-01", None, true),
            ("31.3.2026", "", None, true),
        ] {
            let ask = Ask { from: from.into(), to: to.into(), ..Ask::default() };
            let (filter, error) = ask.filter(whole);
            assert_eq!((filter.period, error.is_some()), (period, wrong), "{from} to {to}");
        }
    }

    #[test]
    fn the_next_page_keeps_the_filter() {
        let ask = Ask { tenant: "Alder & Finch".into(), ..Ask::default() };
        assert_eq!(ask.address(Some("c")), "/backups?tenant=Alder%20%26%20Finch&after=c#attestations");
    }
}
