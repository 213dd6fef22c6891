//! A job: what a runner does by a calendar. Each of its runs is a record (`job_runs`), and so is the calendar itself:
//! what was due is computed from what was sealed, so that a job nobody ran cannot go unnoticed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    draw::hex,
    drill::Excluded,
    gap::{Gap, Missing},
    proof::runner::Signature,
    record::Sealed,
    words,
};

/// How many of the newest due times of one job are looked at: a year of one every four hours.
pub const LOOKED_AT: usize = 2200;

/// One run of a job, or a word about its calendar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRun {
    /// 1
    pub schema: u32,
    /// "weekly-attestation"
    pub job: String,
    pub kind: JobKind,
    /// "0 3 * * SUN": minute, hour, day, month, weekday, in UTC, as the runner's configuration had it.
    pub cron: String,
    /// A run that has not reported this long after it was due is missing.
    pub late_after_ms: i64,
    /// When it was due; of a word about the calendar, since when that counts.
    pub due_at: Moment,
    pub started_at: Moment,
    pub outcome: Outcome,
    /// One sentence for people.
    pub says: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<After>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<Attested>,
    /// The drill's id, when the job is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// When it ended.
    pub occurred_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub by: String,
    /// The runner's own, over everything above but when the portal learned of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    Attest,
    Drill,
    Import,
}

impl JobKind {
    pub fn word(self) -> &'static str {
        match self {
            JobKind::Attest => "attestation",
            JobKind::Drill => "drill",
            JobKind::Import => "import",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// From now on it is due by this calendar.
    Scheduled,
    Done,
    Failed,
    /// From now on it is due no more.
    Ended,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Scheduled => "scheduled",
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Ended => "ended",
        }
    }
}

/// The job it waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct After {
    pub job: String,
    /// `None`: it had not reported when the wait was over.
    pub reported_at: Option<Moment>,
}

/// What an attestation run saw on the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attested {
    pub cluster: String,
    pub recovery_point: String,
    /// Every database that is not the server's own, sorted.
    pub seen: Vec<String>,
    /// Those of them that were left out, and why.
    pub left_out: Vec<Excluded>,
    pub attested: u32,
    /// The cluster time everything was read at; `None`: nothing was read, or the server reads at no one time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Moment>,
}

impl JobRun {
    /// The same run has the same id whoever files it and however often: "weekly-attestation-20261122T0300-done".
    pub fn id(&self) -> String {
        // A calendar is filed when it changes, which may be twice in a second.
        let exactly = if self.outcome == Outcome::Scheduled { "%Y%m%dT%H%M%S%.3f" } else { "%Y%m%dT%H%M%S" };
        let due = self.due_at.utc().format(exactly);
        format!("{}-{due}-{}", self.job, self.outcome.word())
    }

    /// Where it does not follow from what it tells itself; empty when it does.
    pub fn disagreements(&self) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        if !is_name(&self.job) {
            wrong.push("job: a job's name is 1 to 60 lower-case letters, digits or hyphens");
        }
        if self.occurred_at < self.started_at {
            wrong.push("occurredAt: it ends before it begins");
        }
        if self.late_after_ms <= 0 {
            wrong.push("lateAfterMs: it would be late before it is due");
        }
        if self.cron.len() > 100 || self.says.len() > 2000 {
            wrong.push("cron, says: too long");
        }
        if let Some(attested) = &self.attested {
            let seen: BTreeSet<&str> = attested.seen.iter().map(String::as_str).collect();
            if seen.len() != attested.seen.len() {
                wrong.push("attested.seen: a database is named twice");
            }
            if attested.left_out.iter().any(|left| !seen.contains(left.name.as_str())) {
                wrong.push("attested.leftOut: names a database that was not seen");
            }
            if attested.seen.len() != attested.left_out.len() + attested.attested as usize
                && self.outcome == Outcome::Done
            {
                wrong.push("attested: those attested and those left out are not all that was seen");
            }
        }
        wrong
    }
}

/// Whether it can name a job: it stands in ids and file names.
pub fn is_name(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
}

/// A job as its records tell it.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing<'r> {
    pub name: &'r str,
    /// Its calendar in force; of a job that ended, the last word.
    pub calendar: &'r Sealed<JobRun>,
    /// Its newest run, done or failed.
    pub last: Option<&'r Sealed<JobRun>>,
    pub done: usize,
    pub failed: usize,
}

impl Standing<'_> {
    pub fn ended(&self) -> bool {
        self.calendar.value.outcome == Outcome::Ended
    }
}

/// Each job, by name. `runs` in the order of the ledger.
pub fn standings<'r>(runs: impl IntoIterator<Item = &'r Sealed<JobRun>>) -> Vec<Standing<'r>> {
    let mut all: BTreeMap<&str, Standing<'r>> = BTreeMap::new();
    for run in runs {
        let name = run.value.job.as_str();
        // A run whose calendar was filed before the period read tells it itself.
        let standing = all.entry(name).or_insert(Standing { name, calendar: run, last: None, done: 0, failed: 0 });
        match run.value.outcome {
            Outcome::Scheduled | Outcome::Ended => standing.calendar = run,
            Outcome::Done | Outcome::Failed => {
                if run.value.outcome == Outcome::Done {
                    standing.done += 1;
                } else {
                    standing.failed += 1;
                }
                if standing.last.is_none_or(|last| last.value.due_at <= run.value.due_at) {
                    standing.last = Some(run);
                }
            }
        }
    }
    all.into_values().collect()
}

/// Runs that were due and did not report in time, or failed, each a gap.
///
/// `runs` in the order of the ledger. `due(cron, from, to)` tells the times of a calendar after `from` and not after
/// `to`, oldest first; an expression that does not read has none.
pub fn missing_runs(
    runs: &[JobRun],
    due: impl Fn(&str, Moment, Moment) -> Vec<Moment>,
    now: Moment,
    by: &str,
) -> Vec<Gap> {
    let mut jobs: BTreeMap<&str, Vec<&JobRun>> = BTreeMap::new();
    for run in runs {
        jobs.entry(&run.job).or_default().push(run);
    }
    let mut gaps = Vec::new();
    for (job, of_job) in jobs {
        let done: BTreeSet<Moment> = of_job.iter().filter(|r| r.outcome == Outcome::Done).map(|r| r.due_at).collect();
        let failed: BTreeMap<Moment, &str> =
            of_job.iter().filter(|r| r.outcome == Outcome::Failed).map(|r| (r.due_at, r.says.as_str())).collect();
        let calendars: Vec<&&JobRun> =
            of_job.iter().filter(|r| matches!(r.outcome, Outcome::Scheduled | Outcome::Ended)).collect();
        let mut times = Vec::new();
        for (i, calendar) in calendars.iter().enumerate() {
            if calendar.outcome == Outcome::Ended {
                continue;
            }
            let late = now.plus_millis(-calendar.late_after_ms);
            let until = calendars.get(i + 1).map_or(late, |next| next.due_at.min(late));
            if calendar.due_at < until {
                times.extend(due(&calendar.cron, calendar.due_at, until));
            }
        }
        let newest = times.len().saturating_sub(LOOKED_AT);
        for at in times.into_iter().skip(newest).filter(|at| !done.contains(at)) {
            let when = words::date_time(at);
            let says = match failed.get(&at) {
                Some(why) => format!("The job {job}, due on {when} UTC, failed: {}", ended(why)),
                None => format!("The job {job}, due on {when} UTC, did not report."),
            };
            gaps.push(Gap {
                schema: 1,
                what: Missing::Run { job: job.to_owned() },
                due_at: at,
                says,
                demo: false,
                occurred_at: at,
                by: by.to_owned(),
            });
        }
    }
    gaps
}

fn ended(sentence: &str) -> String {
    format!("{}.", sentence.trim_end_matches('.'))
}

/// The first eight hex digits of a name's digest: ids stand in the ledger, which every reader sees whole.
pub fn short(name: &str) -> String {
    hex(&<sha2::Sha256 as sha2::Digest>::digest(name.as_bytes()))[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Seal;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    fn run(outcome: Outcome, due: &str) -> JobRun {
        JobRun {
            schema: 1,
            job: "nightly".into(),
            kind: JobKind::Attest,
            cron: "0 3 * * *".into(),
            late_after_ms: 3_600_000,
            due_at: at(due),
            started_at: at(due),
            outcome,
            says: "the cluster did not answer.".into(),
            after: None,
            attested: None,
            drill: None,
            demo: false,
            occurred_at: at(due),
            learned_at: None,
            by: "runner-1".into(),
            signature: None,
        }
    }

    fn sealed(value: JobRun) -> Sealed<JobRun> {
        let seal = Seal { seq: 0, sha256: String::new(), at: value.occurred_at, by: value.by.clone(), broken: false };
        Sealed { id: value.id(), value, seal }
    }

    /// Every day at three, whatever the expression says.
    fn daily(_: &str, from: Moment, to: Moment) -> Vec<Moment> {
        const DAY: i64 = 86_400_000;
        let first = from.millis().div_euclid(DAY) * DAY + 3 * 3_600_000;
        (0..)
            .map(|n| Moment::from_millis(first + n * DAY).expect("a time"))
            .skip_while(|at| *at <= from)
            .take_while(|at| *at <= to)
            .collect()
    }

    #[test]
    fn a_run_that_was_due_and_did_not_report_is_a_gap_once_it_is_late() {
        let runs = [
            run(Outcome::Scheduled, "2026-11-01T00:00:00Z"),
            run(Outcome::Done, "2026-11-02T03:00:00Z"),
            run(Outcome::Failed, "2026-11-03T03:00:00Z"),
        ];
        let gaps = |now: &str| missing_runs(&runs, daily, at(now), "portal");
        assert_eq!(gaps("2026-11-01T03:59:59Z"), [], "it may still come");
        let found = gaps("2026-11-04T03:30:00Z");
        assert_eq!(
            found.iter().map(|g| g.due_at).collect::<Vec<_>>(),
            [at("2026-11-01T03:00:00Z"), at("2026-11-03T03:00:00Z")]
        );
        assert!(found[0].says.ends_with("did not report."), "{}", found[0].says);
        assert!(found[1].says.ends_with("failed: the cluster did not answer."), "{}", found[1].says);
    }

    #[test]
    fn a_run_that_failed_and_was_done_later_is_no_gap() {
        let runs = [
            run(Outcome::Scheduled, "2026-11-02T00:00:00Z"),
            run(Outcome::Failed, "2026-11-02T03:00:00Z"),
            run(Outcome::Done, "2026-11-02T03:00:00Z"),
        ];
        assert_eq!(missing_runs(&runs, daily, at("2026-11-03T02:00:00Z"), "portal"), []);
    }

    #[test]
    fn nothing_is_due_before_the_calendar_was_filed_nor_after_the_job_ended() {
        let runs = [run(Outcome::Scheduled, "2026-11-02T00:00:00Z"), run(Outcome::Ended, "2026-11-04T00:00:00Z")];
        let gaps = missing_runs(&runs, daily, at("2026-12-01T00:00:00Z"), "portal");
        assert_eq!(
            gaps.iter().map(|g| g.due_at).collect::<Vec<_>>(),
            [at("2026-11-02T03:00:00Z"), at("2026-11-03T03:00:00Z")]
        );
        let runs: Vec<Sealed<JobRun>> = runs.into_iter().map(sealed).collect();
        let standings = standings(&runs);
        assert!(standings[0].ended() && standings[0].last.is_none());
        assert_eq!(
            missing_runs(&[run(Outcome::Done, "2026-11-02T03:00:00Z")], daily, at("2026-12-01T00:00:00Z"), "p"),
            []
        );
    }

    #[test]
    fn a_changed_calendar_counts_from_its_own_day() {
        let mut weekly = run(Outcome::Scheduled, "2026-11-03T12:00:00Z");
        weekly.cron = "never".into();
        let runs = [run(Outcome::Scheduled, "2026-11-02T00:00:00Z"), weekly];
        let due = |cron: &str, from, to| if cron == "never" { vec![] } else { daily(cron, from, to) };
        let gaps = missing_runs(&runs, due, at("2026-12-01T00:00:00Z"), "portal");
        assert_eq!(gaps.len(), 2);
    }

    #[test]
    fn what_was_seen_is_attested_or_left_out_with_a_reason() {
        let mut done = run(Outcome::Done, "2026-11-02T03:00:00Z");
        let left_out = vec![Excluded { name: "b".into(), why: "a test".into() }];
        let seen = vec!["a".to_owned(), "b".to_owned()];
        done.attested = Some(Attested {
            cluster: "c".into(),
            recovery_point: "s".into(),
            seen,
            left_out,
            attested: 1,
            read_at: None,
        });
        assert_eq!(done.disagreements(), [] as [&str; 0]);
        done.attested.as_mut().expect("it is there").attested = 2;
        assert_eq!(done.disagreements().len(), 1);
        done.job = "No".into();
        assert_eq!(done.disagreements().len(), 2);
    }
}
