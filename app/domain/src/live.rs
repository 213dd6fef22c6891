//! A drill under way: how far it is, what people did in it, and when it should end.

use serde::{Deserialize, Serialize};

use crate::{
    Moment, by_hand,
    drill::{Drill, LogLine, Outcome, Step, StepId},
    history::{self, Medians},
    words,
};

/// A runner that was not heard for this long is said to be quiet. It speaks every five seconds.
pub const QUIET_MS: i64 = 10_000;

/// A note, or why a drill was stopped: a few lines.
pub const LONGEST_WORDS: usize = 1000;

/// How far the step under way is. Told by the runner and never sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub step: StepId,
    pub done: i64,
    /// 0: not known.
    pub total: i64,
    pub unit: Unit,
    /// So many a second over the last while; 0: not known yet.
    pub rate: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Bytes,
    Documents,
}

impl Unit {
    /// "31.6 GB", "27 411 documents"
    pub fn says(self, n: i64) -> String {
        match self {
            Unit::Bytes => words::bytes(n),
            Unit::Documents => format!("{} documents", words::count(n)),
        }
    }
}

impl Progress {
    pub fn percent(&self) -> Option<i64> {
        (self.total > 0).then(|| (i128::from(self.done.max(0)) * 100 / i128::from(self.total)).min(100) as i64)
    }

    /// "61 % of 31.6 GB", or "19.3 GB" where nobody knows of how much.
    pub fn says(&self) -> String {
        match self.percent() {
            Some(percent) => format!("{percent} % of {}", self.unit.says(self.total)),
            None => self.unit.says(self.done),
        }
    }

    /// "15.2 MB a second"
    pub fn pace(&self) -> Option<String> {
        (self.rate > 0).then(|| format!("{} a second", self.unit.says(self.rate)))
    }

    fn left_ms(&self) -> Option<i64> {
        let left = self.total - self.done;
        (self.total > 0 && self.rate > 0)
            .then(|| i64::try_from(i128::from(left.max(0)) * 1000 / i128::from(self.rate)).unwrap_or(i64::MAX))
    }
}

/// What the runner says every few seconds: the record so far, and how far its step is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    #[serde(flatten)]
    pub so_far: Drill,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// What the portal answers: everything people wrote and pressed so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    pub log: Vec<LogLine>,
}

/// A drill under way, as the portal holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    pub id: String,
    /// Its log is the portal's, and where it is done by hand so are its steps.
    pub so_far: Drill,
    pub progress: Option<Progress>,
    pub heard_at: Moment,
    /// Grows with everything that changes.
    pub version: i64,
}

/// One row of the steps.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    Done(Step),
    Running(Step),
    /// With its expected beginning and length, where earlier drills tell.
    ToCome {
        id: StepId,
        at: Option<Moment>,
        takes_ms: Option<i64>,
    },
}

/// When the recovery clock should stop, and how one knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub at: Moment,
    /// By the rate of the step under way; otherwise by earlier drills alone.
    pub by_rate: bool,
}

impl Live {
    /// When the loss was declared: the recovery clock's zero. `None`: still preparing.
    pub fn declared(&self) -> Option<Moment> {
        self.so_far.steps.iter().find(|s| s.id.on_the_clock()).map(|s| s.started_at)
    }

    /// When the recovery clock stopped.
    pub fn verified(&self) -> Option<Moment> {
        let last = self.so_far.steps.iter().find(|s| s.id == self.last_on_the_clock())?;
        (last.outcome == Outcome::Done && !last.under_way()).then_some(last.ended_at)
    }

    fn last_on_the_clock(&self) -> StepId {
        self.all_steps().into_iter().rfind(|id| id.on_the_clock()).unwrap_or(StepId::Verify)
    }

    /// On the recovery clock, in milliseconds; `None`: it has not begun.
    pub fn elapsed_ms(&self, now: Moment) -> Option<i64> {
        Some(self.verified().unwrap_or(now).since(self.declared()?).max(0))
    }

    pub fn running(&self) -> Option<&Step> {
        self.so_far.steps.iter().rfind(|s| s.under_way())
    }

    pub fn stopped(&self) -> Option<&LogLine> {
        self.so_far.log.iter().find(|l| l.act == crate::drill::Act::Abandons)
    }

    /// Every step of this kind of drill, in order.
    pub fn all_steps(&self) -> Vec<StepId> {
        self.so_far.planned_steps()
    }

    fn progress_of(&self, step: &Step) -> Option<&Progress> {
        self.progress.as_ref().filter(|p| p.step == step.id)
    }

    /// What is left of the step under way, and whether its rate says so.
    fn left_of_running(&self, medians: &Medians, now: Moment) -> Option<(i64, bool)> {
        let step = self.running()?;
        match self.progress_of(step).and_then(Progress::left_ms) {
            Some(ms) => Some((ms, true)),
            None => history::of(medians, step.id).map(|ms| ((ms - now.since(step.started_at)).max(0), false)),
        }
    }

    /// What is left of the step under way, in milliseconds, where its rate or earlier drills tell.
    pub fn left_of_step(&self, medians: &Medians, now: Moment) -> Option<i64> {
        self.left_of_running(medians, now).map(|(ms, _)| ms)
    }

    /// All steps with what is known of each.
    pub fn rows(&self, medians: &Medians, now: Moment) -> Vec<Row> {
        let mut at = match self.running() {
            Some(_) => self.left_of_running(medians, now).map(|(ms, _)| now.plus_millis(ms)),
            None => Some(now),
        };
        if self.stopped().is_some() {
            at = None;
        }
        let steps = &self.so_far.steps;
        // A step before the last one taken that is not there was passed over.
        let all = self.all_steps();
        let taken = all.iter().rposition(|id| steps.iter().any(|s| s.id == *id)).unwrap_or(0);
        let open = |(i, id): &(usize, &StepId)| *i > taken || steps.iter().any(|s| s.id == **id) || steps.is_empty();
        all.iter()
            .enumerate()
            .filter(open)
            .map(|(_, id)| match steps.iter().find(|s| s.id == *id) {
                Some(step) if step.under_way() => Row::Running(step.clone()),
                Some(step) => Row::Done(step.clone()),
                None => {
                    let takes_ms = history::of(medians, *id);
                    let row = Row::ToCome { id: *id, at, takes_ms };
                    at = at.zip(takes_ms).map(|(at, ms)| at.plus_millis(ms));
                    row
                }
            })
            .collect()
    }

    /// When the recovery clock should stop; `None`: it has, or nothing tells.
    pub fn expected_end(&self, medians: &Medians, now: Moment) -> Option<Expected> {
        if self.verified().is_some() || self.stopped().is_some() {
            return None;
        }
        let rows = self.rows(medians, now);
        let last = self.last_on_the_clock();
        let verify = rows.iter().find_map(|row| match row {
            Row::ToCome { id, at, takes_ms } if *id == last => {
                Some(at.zip(*takes_ms).map(|(at, ms)| at.plus_millis(ms)))
            }
            Row::Running(step) if step.id == last => {
                Some(self.left_of_running(medians, now).map(|(ms, _)| now.plus_millis(ms)))
            }
            _ => None,
        })??;
        let by_rate = self.left_of_running(medians, now).is_some_and(|(_, by_rate)| by_rate);
        Some(Expected { at: verify, by_rate })
    }

    /// Where it stands: "Step 4 of 7, restore the recovery point: 61 % of 31.6 GB."
    pub fn stands(&self) -> String {
        if let Some(stop) = self.stopped() {
            let tearing = self.running().is_some_and(|step| step.id == StepId::TearDown);
            let rest = match (tearing, self.so_far.by_hand(), by_hand::next(&self.so_far.log)) {
                (true, ..) => "The copy is being torn down.",
                (false, true, Some(_)) => "The copy that was begun is still to be torn down.",
                (false, true, None) => "Nothing was restored.",
                (false, false, _) => "Its runner hears of it at its next word, and tears down.",
            };
            return format!("{} stopped this drill at {} UTC. {rest}", stop.by, words::time(stop.at));
        }
        let all = self.all_steps();
        let nth = |id: StepId| all.iter().position(|s| *s == id).map_or(0, |i| i + 1);
        match self.running() {
            Some(step) => {
                let progress = self.progress_of(step).map(|p| format!(": {}", p.says())).unwrap_or_default();
                format!("Step {} of {}, {}{progress}.", nth(step.id), all.len(), lower(step.id.title()))
            }
            None => match all.iter().find(|id| !self.so_far.steps.iter().any(|s| s.id == **id)) {
                Some(next) if self.so_far.by_hand() => {
                    format!(
                        "Step {} of {}, {}, waits for its start to be pressed.",
                        nth(*next),
                        all.len(),
                        lower(next.title())
                    )
                }
                _ => format!("{} of {} steps are done.", self.so_far.steps.len(), all.len()),
            },
        }
    }

    /// When it should end: "At this rate the clock stops at 14:06 UTC, after 64 min."
    pub fn ends(&self, medians: &Medians, now: Moment) -> String {
        if self.stopped().is_some() {
            return "It measured nothing; what was done and written so far stays on its record.".to_owned();
        }
        if let (Some(at), Some(ms)) = (self.verified(), self.elapsed_ms(now)) {
            return format!("The recovery clock stopped at {} UTC, after {}.", words::time(at), words::duration(ms));
        }
        let Some(expected) = self.expected_end(medians, now) else {
            return match (self.declared(), self.left_of_running(medians, now)) {
                (_, Some((left, true))) => {
                    format!(
                        "At this rate the step ends at {} UTC; nothing tells how long the next ones take.",
                        words::time(now.plus_millis(left))
                    )
                }
                (Some(_), _) => "No earlier drill of this kind tells when it will end.".to_owned(),
                (None, _) => {
                    "The recovery clock starts when the loss is declared, after these preparations.".to_owned()
                }
            };
        };
        let how = if expected.by_rate { "At this rate" } else { "At the pace of earlier drills" };
        let at = words::time(expected.at);
        match self.declared() {
            Some(zero) => {
                let after = words::duration(expected.at.since(zero).max(0));
                format!("{how} the clock stops at {at} UTC, after {after}.")
            }
            None => format!("{how} the contents are verified at {at} UTC."),
        }
    }
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|c| c.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        drill::{Plan, Source, Staging, UNDER_WAY},
        target::Scenario,
        verdict::Verdict,
    };

    fn at(second: i64) -> Moment {
        Moment::from_millis(1_795_000_000_000 + second * 1000).expect("a time")
    }

    fn step(id: StepId, from: i64, to: Option<i64>) -> Step {
        let note = if to.is_some() { "done" } else { UNDER_WAY };
        Step {
            id,
            started_at: at(from),
            ended_at: at(to.unwrap_or(from)),
            outcome: Outcome::Done,
            note: note.to_owned(),
            commands: Vec::new(),
        }
    }

    fn live(steps: Vec<Step>, progress: Option<Progress>) -> Live {
        let untested = Verdict::Untested;
        let so_far = Drill {
            schema: 1,
            scenario: Scenario::Collection,
            quarter: "2026-Q4".into(),
            plan: Plan { runbook_version: "1.0".into(), rpo_ms: 1, rto_ms: 7_200_000 },
            draw: None,
            source: Source {
                kind: "k".into(),
                recovery_point: "r".into(),
                taken_at: at(0),
                last_write_at: None,
                last_write_by: None,
            },
            target: Staging { environment: "e".into(), isolated: true, why: None },
            steps,
            checks: vec![],
            counts: vec![],
            documents: vec![],
            digests: vec![],
            references: vec![],
            queries: vec![],
            canary: None,
            erasures: None,
            measured: None,
            verdict: crate::drill::DrillVerdict { rto: untested, rpo: untested, contents: untested, reasons: vec![] },
            exposure: None,
            people: vec![],
            abandoned: None,
            log: vec![],
            demo: false,
            occurred_at: at(0),
            learned_at: None,
            by: "runner".into(),
            signature: None,
        };
        Live { id: "D-1".into(), so_far, progress, heard_at: at(0), version: 1 }
    }

    /// One without a step, for other rules' tests.
    pub(crate) fn drill() -> Drill {
        live(vec![], None).so_far
    }

    /// Earlier drills took two minutes for each step on the clock.
    fn medians() -> Medians {
        StepId::ALL.into_iter().filter(|s| s.on_the_clock()).map(|s| (s, 120_000, 3)).collect()
    }

    #[test]
    fn the_end_is_expected_by_the_rate_of_this_step_and_the_middle_of_the_next() {
        let steps = vec![step(StepId::Provision, 100, Some(160)), step(StepId::Restore, 160, None)];
        let half = Progress { step: StepId::Restore, done: 500, total: 1000, unit: Unit::Bytes, rate: 10 };
        for (progress, medians, now, expected) in [
            // 500 left at 10 a second, then two steps of two minutes.
            (Some(half), medians(), 200, Some((200 + 50 + 240, true))),
            // Without a count the step takes as long as before: two minutes from its start.
            (None, medians(), 200, Some((160 + 120 + 240, false))),
            // It has taken longer than ever: it may end any moment.
            (None, medians(), 400, Some((400 + 240, false))),
            // A rate of nothing tells nothing, and another step's is not this one's.
            (Some(Progress { rate: 0, ..half }), medians(), 200, Some((160 + 120 + 240, false))),
            (Some(Progress { step: StepId::Verify, ..half }), medians(), 200, Some((160 + 120 + 240, false))),
            (Some(half), Medians::new(), 200, None),
        ] {
            let found = live(steps.clone(), progress).expected_end(&medians, at(now));
            assert_eq!(found.map(|e| (e.at.since(at(0)) / 1000, e.by_rate)), expected, "{progress:?} at {now}");
        }
        let says = live(steps.clone(), Some(half)).ends(&medians(), at(200));
        assert!(says.starts_with("At this rate the clock stops at") && says.ends_with("after 6 min."), "{says}");
        assert!(live(steps, Some(half)).stands().contains("Step 4 of 7, restore the recovery point: 50 % of 1.0 kB."));
    }

    #[test]
    fn the_clock_runs_from_the_loss_to_the_verification_and_then_stands() {
        let preparing = live(vec![step(StepId::Draw, 0, None)], None);
        assert_eq!((preparing.declared(), preparing.elapsed_ms(at(50))), (None, None));
        let mut steps = vec![step(StepId::Provision, 100, Some(160)), step(StepId::Verify, 160, None)];
        assert_eq!(live(steps.clone(), None).elapsed_ms(at(200)), Some(100_000));
        steps[1] = step(StepId::Verify, 160, Some(220));
        steps.push(step(StepId::TearDown, 220, None));
        let over = live(steps, None);
        assert_eq!((over.elapsed_ms(at(900)), over.expected_end(&medians(), at(900))), (Some(120_000), None));
        assert!(over.ends(&medians(), at(900)).contains("The recovery clock stopped at"));
    }

    #[test]
    fn a_heartbeat_reads_with_its_progress_and_without() {
        let so_far = live(vec![step(StepId::Restore, 1, None)], None).so_far;
        let progress = Progress { step: StepId::Restore, done: 1, total: 2, unit: Unit::Bytes, rate: 3 };
        for heartbeat in [
            Heartbeat { so_far: so_far.clone(), progress: Some(progress) },
            Heartbeat { so_far: so_far.clone(), progress: None },
        ] {
            let text = serde_json::to_string(&heartbeat).expect("JSON");
            assert_eq!(serde_json::from_str::<Heartbeat>(&text).expect("it reads"), heartbeat);
        }
        let plain = serde_json::to_string(&so_far).expect("JSON");
        assert_eq!(serde_json::from_str::<Heartbeat>(&plain).expect("it reads").so_far, so_far);
    }
}
