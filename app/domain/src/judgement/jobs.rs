//! Rules about the runs of one job on one store.

use std::collections::BTreeMap;

use super::{Facts, Found};
use crate::{
    Moment,
    fact::{Fact, Run, RunKind, RunState},
    verdict::Verdict,
    words,
};

/// One job on one store, its runs in the order of their times.
struct Job<'f> {
    about: String,
    connector: &'f str,
    runs: Vec<(&'f str, &'f Run, Moment)>,
}

fn jobs(facts: &Facts) -> Vec<Job<'_>> {
    let mut by_name: BTreeMap<(String, &str), Job<'_>> = BTreeMap::new();
    for known in &facts.all {
        let Fact::Run(run) = &known.fact else { continue };
        let at = run.started_at.or(run.scheduled_for).or(run.finished_at);
        let (false, Some(at)) = (run.what == RunKind::Restore, at) else { continue };
        let job = run.job.as_deref().unwrap_or(&known.connector);
        let about = run.resource.as_deref().map_or_else(|| job.to_owned(), |store| format!("{job} of {store}"));
        let job = by_name.entry((about.clone(), &known.connector)).or_insert_with(|| Job {
            about,
            connector: &known.connector,
            runs: Vec::new(),
        });
        job.runs.push((&known.id, run, at));
    }
    let mut jobs: Vec<Job<'_>> = by_name.into_values().collect();
    for job in &mut jobs {
        job.runs.sort_by_key(|(id, _, at)| (*at, *id));
    }
    jobs
}

/// A job on a store as its runs tell it, for lists. Nothing here is judged.
pub struct Told<'f> {
    /// As judgements name it.
    pub about: String,
    pub job: &'f str,
    pub store: Option<&'f str>,
    pub runs: usize,
    /// The middle of the times between its runs.
    pub pace_ms: Option<i64>,
    pub newest: &'f Run,
    pub at: Moment,
    /// The record of the newest run.
    pub record: &'f str,
    /// The middle of its earlier sizes of the same kind.
    pub usual: Option<i64>,
}

pub fn told(facts: &Facts) -> Vec<Told<'_>> {
    let told = jobs(facts).into_iter().filter_map(|job| {
        let &(record, newest, at) = job.runs.last()?;
        let mut earlier: Vec<i64> = job.runs[..job.runs.len() - 1]
            .iter()
            .filter(|(_, run, _)| succeeded(run) && run.basis == newest.basis)
            .filter_map(|(_, run, _)| run.bytes)
            .collect();
        Some(Told {
            pace_ms: pace(&job),
            usual: (earlier.len() >= SIZES).then(|| median(&mut earlier)),
            runs: job.runs.len(),
            job: newest.job.as_deref().unwrap_or(job.connector),
            store: newest.resource.as_deref(),
            about: job.about,
            newest,
            at,
            record,
        })
    });
    told.collect()
}

fn pace(job: &Job<'_>) -> Option<i64> {
    let mut gaps: Vec<i64> = job.runs.windows(2).map(|two| two[1].2.since(two[0].2)).filter(|gap| *gap > 0).collect();
    (gaps.len() >= GAPS).then(|| median(&mut gaps))
}

fn settled(run: &Run) -> bool {
    !matches!(run.state, RunState::Queued | RunState::Running)
}

fn succeeded(run: &Run) -> bool {
    matches!(run.state, RunState::Succeeded | RunState::SucceededWithIssues)
}

/// The newest run that has ended.
pub fn last_run(facts: &Facts) -> Vec<Found> {
    let judged = jobs(facts).into_iter().filter_map(|job| {
        let (_, last, at) = *job.runs.iter().rfind(|(_, run, _)| settled(run))?;
        let since = job.runs.iter().rposition(|(_, run, _)| succeeded(run)).map_or(0, |good| good + 1);
        let bad: Vec<_> = job.runs[since..].iter().filter(|(_, run, _)| settled(run)).collect();
        let when = words::date_time(at);
        let (verdict, says) = match last.state {
            RunState::Succeeded => (Verdict::Met, format!("succeeded at {when}")),
            RunState::SucceededWithIssues => (Verdict::AtRisk, format!("succeeded with issues at {when}")),
            RunState::Unknown => {
                (Verdict::Untested, format!("at {when} it was {:?}, which is not understood", last.said))
            }
            RunState::Partial => (Verdict::AtRisk, format!("only partial at {when}")),
            _ => {
                let times = match bad.len() {
                    1 => "once".to_owned(),
                    n => format!("{} times in a row", words::number(n)),
                };
                let good = match since.checked_sub(1) {
                    Some(good) => format!("; it last succeeded at {}", words::date_time(job.runs[good].2)),
                    None => "; no success is known".to_owned(),
                };
                (Verdict::Missed, format!("{} {times}, the last at {when}{good}", last.state.word()))
            }
        };
        let mut says = format!("{}: {says}", job.about);
        let message = last.message.as_ref().filter(|_| verdict != Verdict::Met);
        let suspects = message.and_then(|message| hypothesis(message));
        if let Some(message) = message {
            says += &format!(". It said: “{message}”");
            says += suspects.map(|why| format!(", perhaps {why}")).unwrap_or_default().as_str();
        }
        let records = match verdict {
            Verdict::Met => job.runs.last().map(|(id, ..)| (*id).to_owned()).into_iter().collect(),
            _ => bad.iter().map(|(id, ..)| (*id).to_owned()).collect(),
        };
        Some(Found { about: job.about, verdict, says: says + ".", records, suspects })
    });
    judged.collect()
}

/// What a message suggests; only where its words do.
fn hypothesis(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["access denied", "accessdenied", "not authorized", "permission", "forbidden", "403"]) {
        Some("a grant that expired or was taken away")
    } else if says(&["credential", "authentication", "password", "token expired", "expiredtoken", "401"]) {
        Some("credentials that were rotated")
    } else if says(&["no space", "disk full", "enospc", "insufficient storage"]) {
        Some("a disk that is full")
    } else if says(&["quota", "limit exceeded", "limitexceeded", "throttl", "too many"]) {
        Some("a quota that is used up")
    } else {
        None
    }
}

/// So many gaps tell a job's pace.
const GAPS: usize = 4;
/// A run is late after one and a half of its pace, and skipped after two.
const LATE: (i64, i64) = (3, 2);
/// Nothing is late by less.
const SLACK_MS: i64 = 10 * 60_000;

/// Against the job's own pace, as far as its tool was asked. A tool that was not asked again is one judgement, however
/// many jobs it would tell of.
pub fn on_time(facts: &Facts) -> Vec<Found> {
    let mut untold_of: BTreeMap<&str, (Moment, i64)> = BTreeMap::new();
    let mut judged = Vec::new();
    for job in jobs(facts) {
        let Some(&(last_id, _, last)) = job.runs.last() else { continue };
        let Some(pace) = pace(&job) else { continue };
        let asked = facts.asked(job.connector);
        let open = asked.since(last);
        let untold = facts.now.since(asked);
        let every = format!("it runs {}", words::every(pace));
        let when = words::date_time(last);
        let (verdict, says) = if open > pace.saturating_mul(2) + SLACK_MS {
            // One that was due within the last half of its pace may still come.
            let skipped = (open - pace / 2) / pace;
            let runs =
                if skipped <= 1 { "a run was".to_owned() } else { format!("{} runs were", words::count(skipped)) };
            (Verdict::Missed, format!("{runs} skipped: {every}, and the last began at {when}"))
        } else if open > pace * LATE.0 / LATE.1 + SLACK_MS {
            (Verdict::AtRisk, format!("late: {every}, and the last began at {when}"))
        } else if untold > pace.saturating_mul(2) + SLACK_MS {
            untold_of.entry(job.connector).or_insert((asked, 0)).1 += 1;
            continue;
        } else {
            (Verdict::Met, format!("on time: {every}, and the last began at {when}"))
        };
        let says = format!("{}: {says}.", job.about);
        judged.push(Found { about: job.about, verdict, says, records: vec![last_id.to_owned()], suspects: None });
    }
    judged.extend(untold_of.into_iter().map(|(connector, (asked, jobs))| {
        let when = words::date_time(asked);
        let of =
            if jobs == 1 { "one job that runs".to_owned() } else { format!("{} jobs that run", words::count(jobs)) };
        let says = format!("{connector}: nothing was reported since {when}, of {of} more often than that.");
        Found { about: connector.to_owned(), verdict: Verdict::Stale, says, records: Vec::new(), suspects: None }
    }));
    judged
}

/// So many earlier sizes tell what is usual.
const SIZES: usize = 5;

/// Against the middle of its own earlier sizes, so that one odd run shifts nothing.
pub fn size(facts: &Facts) -> Vec<Found> {
    let judged = jobs(facts).into_iter().filter_map(|job| {
        let sized: Vec<_> = job.runs.iter().filter(|(_, run, _)| succeeded(run)).collect();
        let (id, newest, _) = sized.last()?;
        let bytes = newest.bytes?;
        let alike = sized[..sized.len() - 1].iter().filter(|(_, run, _)| run.basis == newest.basis);
        let mut earlier: Vec<i64> = alike.filter_map(|(_, run, _)| run.bytes).collect();
        if earlier.len() < SIZES {
            return None;
        }
        let usual = median(&mut earlier);
        let mut apart: Vec<i64> = earlier.iter().map(|bytes| (bytes - usual).abs()).collect();
        // Six times what they are apart in the middle is no chance, and less than half of the usual is no noise.
        let noise = median(&mut apart).saturating_mul(6);
        let (said, usually) = (words::bytes(bytes), words::bytes(usual));
        let (verdict, says) = if bytes == 0 && usual > 0 {
            (Verdict::Missed, format!("empty, where {usually} is usual"))
        } else if bytes < usual / 2 && bytes < usual - noise {
            (Verdict::AtRisk, format!("{said}, where {usually} is usual: less than half"))
        } else {
            (Verdict::Met, format!("{said}, and {usually} is usual"))
        };
        let says = format!("{}: {says}.", job.about);
        Some(Found { about: job.about, verdict, says, records: vec![(*id).to_owned()], suspects: None })
    });
    judged.collect()
}

fn median(of: &mut [i64]) -> i64 {
    of.sort_unstable();
    of[of.len() / 2]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{fact::Basis, judgement::Known};

    const HOUR: i64 = 3_600_000;

    fn at(hour: i64) -> Moment {
        Moment::from_millis(1_790_000_000_000 + hour * HOUR).expect("a time")
    }

    fn run(hour: i64, state: RunState, bytes: i64) -> Known {
        let fact = Fact::Run(Run {
            reference: format!("r{hour}"),
            what: RunKind::Backup,
            resource: Some("prod".into()),
            job: Some("nightly".into()),
            state,
            said: state.word().into(),
            scheduled_for: None,
            started_at: Some(at(hour)),
            finished_at: None,
            bytes: Some(bytes),
            basis: Some(Basis::Full),
            message: (state == RunState::Failed).then(|| "AccessDenied: not for you".into()),
            point: None,
            from_region: None,
            to_region: None,
            target: None,
        });
        Known { id: format!("run-{hour}"), connector: "k".into(), fact, demo: false }
    }

    fn facts(all: Vec<Known>, asked: i64, now: i64) -> Facts {
        let asked = BTreeMap::from([("k".to_owned(), at(asked))]);
        Facts { all, asked, ..Facts::of(&[], &[], crate::judgement::Beside::default(), at(now)) }
    }

    fn daily(sizes: &[i64]) -> Vec<Known> {
        sizes.iter().enumerate().map(|(n, bytes)| run(n as i64 * 24, RunState::Succeeded, *bytes)).collect()
    }

    fn only(found: Vec<Found>) -> (Verdict, String) {
        assert_eq!(found.len(), 1);
        let found = found.into_iter().next().expect("one");
        (found.verdict, found.says)
    }

    #[test]
    fn the_newest_run_is_told_with_its_window_and_what_its_words_suggest() {
        use RunState::*;
        for (states, verdict, part) in [
            (vec![Succeeded], Verdict::Met, "succeeded at"),
            (vec![Failed, Succeeded], Verdict::Met, "succeeded at"),
            (vec![Succeeded, Failed, Failed], Verdict::Missed, "failed two times in a row"),
            (vec![Failed], Verdict::Missed, "no success is known"),
            (vec![Succeeded, Failed], Verdict::Missed, "perhaps a grant that expired"),
            (vec![Succeeded, Partial], Verdict::AtRisk, "only partial"),
            (vec![Succeeded, Failed, Running], Verdict::Missed, "failed once"),
            (vec![Unknown], Verdict::Untested, "not understood"),
        ] {
            let all = states.iter().enumerate().map(|(n, state)| run(n as i64, *state, 1)).collect();
            let (found, says) = only(last_run(&facts(all, 9, 9)));
            assert_eq!(found, verdict, "{states:?}: {says}");
            assert!(says.contains(part), "{says}");
        }
        assert!(last_run(&facts(vec![run(0, Running, 1)], 1, 1)).is_empty(), "it has not ended");
    }

    #[test]
    fn a_skipped_run_is_told_only_as_far_as_the_tool_was_asked() {
        let all = || daily(&[1; 6]);
        for (asked, now, verdict, part) in [
            (121, 122, Verdict::Met, "every day"),
            (158, 158, Verdict::AtRisk, "late"),
            (170, 170, Verdict::Missed, "a run was skipped"),
            (220, 220, Verdict::Missed, "3 runs were skipped"),
            // Nobody asked since: that the job did not run is not known.
            (121, 220, Verdict::Stale, "nothing was reported since"),
        ] {
            let (found, says) = only(on_time(&facts(all(), asked, now)));
            assert_eq!(found, verdict, "{says}");
            assert!(says.contains(part), "{says}");
        }
        assert!(on_time(&facts(daily(&[1; 4]), 500, 500)).is_empty(), "too few to tell its pace");
    }

    #[test]
    fn a_small_run_is_small_against_its_own_history_and_one_odd_run_shifts_nothing() {
        for (sizes, verdict) in [
            (vec![100, 101, 99, 100, 102, 100], Some(Verdict::Met)),
            (vec![100, 101, 99, 100, 102, 49], Some(Verdict::AtRisk)),
            (vec![100, 101, 99, 100, 102, 0], Some(Verdict::Missed)),
            // A huge one and an empty one among the earlier.
            (vec![100, 9_000_000, 0, 100, 102, 100, 99], Some(Verdict::Met)),
            (vec![100, 9_000_000, 0, 100, 102, 100, 40], Some(Verdict::AtRisk)),
            // A job whose size swings.
            (vec![10, 500, 90, 300, 20, 700, 15], Some(Verdict::Met)),
            (vec![100, 100, 100, 100, 1], None),
        ] {
            let found = size(&facts(daily(&sizes), 500, 500)).into_iter().next().map(|f| f.verdict);
            assert_eq!(found, verdict, "{sizes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_success_after_everything_never_makes_a_verdict_worse(states in prop::collection::vec(0u8..9, 1..12)) {
            let all = [
                RunState::Queued, RunState::Running, RunState::Succeeded, RunState::SucceededWithIssues,
                RunState::Partial, RunState::Failed, RunState::Aborted, RunState::Expired, RunState::Unknown,
            ];
            let runs: Vec<Known> = states.iter().enumerate().map(|(n, s)| run(n as i64, all[usize::from(*s)], 1)).collect();
            let mut better = runs.clone();
            better.push(run(states.len() as i64, RunState::Succeeded, 1));
            let after = only(last_run(&facts(better, 99, 99))).0;
            prop_assert_eq!(after, Verdict::Met);
        }
    }
}
