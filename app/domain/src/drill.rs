//! A drill: a rehearsed restore with its steps, clocks and checks (`backup_drill_results`).

use serde::{Deserialize, Serialize};

use crate::{Moment, by_hand, proof::runner::Signature, target::Scenario, verdict::Verdict, words};

/// The record, as it is filed and sealed. Durations are integer milliseconds, sizes integer bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drill {
    pub schema: u32,
    pub scenario: Scenario,
    /// "2026-Q4"
    pub quarter: String,
    pub plan: Plan,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Draw>,
    pub source: Source,
    pub target: Staging,
    pub steps: Vec<Step>,
    pub checks: Vec<Check>,
    /// Per collection, both sides.
    #[serde(default)]
    pub counts: Vec<Count>,
    /// The drawn documents, by digest only.
    #[serde(default)]
    pub documents: Vec<DrawnDocument>,
    /// All documents of each collection by digest, where the plan asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<Digests>,
    /// References that the plan declares, followed in staging.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// The plan's own smoke queries, as staging answered them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<Query>,
    /// The document that a drill of a single document's loss lost on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// What had been erased for good since the recovery point, and came back with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasures: Option<Erasures>,
    /// Absent when the drill ended before anything could be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    pub verdict: DrillVerdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    #[serde(default)]
    pub people: Vec<Person>,
    /// Why it ended early; a drill with this is not a measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned: Option<String>,
    /// What people wrote and pressed while it ran, oldest first: stamped and filed by the portal, never by the runner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// `true` for the example company's invented past. Never set on a drill that ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned_at: Option<Moment>,
    pub by: String,
    /// The runner's own, over everything above but when the portal learned of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// "1.0"
    pub runbook_version: String,
    pub rpo_ms: i64,
    pub rto_ms: i64,
}

/// How the tenant was drawn; see [`crate::draw`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draw {
    /// SHA-256 of the eligible names, sorted, each followed by a newline.
    pub eligible_digest: String,
    pub eligible: Vec<String>,
    pub excluded: Vec<Excluded>,
    /// The ledger's root (64 hex digits) after the eligible list was sealed; `None` when no portal
    /// sealed it, and then the draw proves nothing.
    pub root: Option<String>,
    /// The ledger entry that holds the eligible list.
    pub seq: Option<u64>,
    pub public_value: String,
    /// 64 hex digits.
    pub seed: String,
    pub chosen: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    pub name: String,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// "mongodump directory" or "live database"
    pub kind: String,
    /// The snapshot's or dump's name.
    pub recovery_point: String,
    /// When the recovery point was taken.
    pub taken_at: Moment,
    /// Newest write found in what was restored, and `None` when no field tells.
    pub last_write_at: Option<Moment>,
    /// The field that told, such as "updatedAt", or "_id" for an ObjectId's own time.
    pub last_write_by: Option<String>,
}

/// One thing somebody did in a drill under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// By the portal's clock.
    pub at: Moment,
    /// The person's name, or the machine whose terminal it was.
    pub by: String,
    pub act: Act,
    /// A note's words, or why it was stopped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

impl LogLine {
    /// "Operator one pressed start: Restore the recovery point"
    pub fn sentence(&self) -> String {
        match self.act {
            Act::Note => format!("{}: “{}”", self.by, self.says),
            Act::Begins { step } => format!("{} pressed start: {}", self.by, step.title()),
            Act::Ends { step } => format!("{} pressed done: {}", self.by, step.title()),
            Act::Abandons => format!("{} stopped the drill: “{}”", self.by, self.says),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Act {
    Note,
    /// Pressed "start" on a step done by hand.
    Begins {
        step: StepId,
    },
    /// Pressed "done".
    Ends {
        step: StepId,
    },
    /// Stopped the drill.
    Abandons,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Staging {
    /// Host and database, without credentials.
    pub environment: String,
    /// Whether the target was shown to be another database than the source.
    pub isolated: bool,
    /// How that was shown, or why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepId {
    Draw,
    Dump,
    Lose,
    Provision,
    Restore,
    Query,
    Return,
    Verify,
    Erase,
    TearDown,
}

impl StepId {
    pub const ALL: [StepId; 10] = [
        StepId::Draw,
        StepId::Dump,
        StepId::Lose,
        StepId::Provision,
        StepId::Restore,
        StepId::Query,
        StepId::Return,
        StepId::Verify,
        StepId::Erase,
        StepId::TearDown,
    ];

    pub fn title(self) -> &'static str {
        match self {
            StepId::Draw => "Draw a tenant at random",
            StepId::Dump => "Choose the recovery point",
            StepId::Lose => "Lose a document on purpose",
            StepId::Provision => "Provision an empty staging database",
            StepId::Restore => "Restore the recovery point",
            StepId::Query => "Repoint and smoke-test",
            StepId::Return => "Put the lost document back",
            StepId::Verify => "Verify the contents",
            StepId::Erase => "Erase again what was erased since",
            StepId::TearDown => "Tear the staging database down",
        }
    }

    /// The recovery clock runs from the loss to the end of the verification, and of what must be erased again before
    /// anybody may work with the copy. Making a dump is preparation (a real recovery point exists before the loss) and
    /// tearing down comes after.
    pub fn on_the_clock(self) -> bool {
        use StepId::{Erase, Provision, Query, Restore, Return, Verify};
        matches!(self, Provision | Restore | Query | Return | Verify | Erase)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Done,
    Failed,
    Skipped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub id: StepId,
    pub started_at: Moment,
    pub ended_at: Moment,
    pub outcome: Outcome,
    /// One line for people: "27 411 documents, 4 collections".
    #[serde(default)]
    pub note: String,
    /// What the user's own commands did in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
}

/// A command of the user's that a drill ran. Its arguments stay with the runner, and so does what it printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The program's own name: "terraform"
    pub program: String,
    /// `None`: it was stopped, or did not start.
    pub exit: Option<i32>,
    /// What it printed: the size and the SHA-256 of the file that the runner keeps, and its name there.
    pub bytes: u64,
    pub sha256: String,
    pub kept: String,
}

impl Command {
    /// "terraform ended with 0; 12 kB of output, SHA-256 9f86d081…, kept by the runner as D-…-restore.log"
    pub fn says(&self) -> String {
        let end = self.exit.map_or_else(|| "did not end by itself".to_owned(), |code| format!("ended with {code}"));
        let size = words::bytes(i64::try_from(self.bytes).unwrap_or(i64::MAX));
        let digest = words::short_digest(&self.sha256);
        format!("{} {end}; {size} of output, SHA-256 {digest}, kept by the runner as {}", self.program, self.kept)
    }
}

/// A document lost on purpose and brought back from just before its loss. Digests are SHA-256 over the raw BSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    pub collection: String,
    pub id: String,
    /// As it was when it was lost; empty until then.
    pub expected: String,
    /// As the copy had it.
    pub restored: Option<String>,
    /// As its collection has it since it was put back.
    pub returned: Option<String>,
    /// By the source's own operation log.
    pub lost_at: Option<Moment>,
}

impl Canary {
    pub fn is_back(&self) -> bool {
        let same = |digest: &Option<String>| digest.as_deref() == Some(self.expected.as_str());
        !self.expected.is_empty() && same(&self.restored) && same(&self.returned)
    }
}

/// What a list says was erased for good, for a person's request or at a contract's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasures {
    /// Lines of the list about what was restored, erased after the recovery point was taken.
    pub listed: i64,
    /// Documents of theirs that came back, and were erased again.
    pub suppressed: i64,
    /// Documents still found after that.
    pub left: i64,
    /// Documents that the list says were erased before the recovery point was taken, and that it holds all the same.
    pub survived: i64,
}

/// The note of a step that has begun and not ended.
pub const UNDER_WAY: &str = "under way";

impl Step {
    pub fn under_way(&self) -> bool {
        self.note == UNDER_WAY
    }

    pub fn took_ms(&self) -> i64 {
        self.ended_at.since(self.started_at)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    Counts,
    Documents,
    Contents,
    Indexes,
    Options,
    References,
    Tenants,
    Canary,
    Erasures,
    Freshness,
    Query,
    TearDown,
}

impl CheckId {
    pub fn title(self) -> &'static str {
        match self {
            CheckId::Counts => "Document counts equal the recovery point",
            CheckId::Documents => "Drawn documents equal",
            CheckId::Contents => "All documents equal",
            CheckId::Indexes => "Indexes present and identical",
            CheckId::Options => "Options, validators and views identical",
            CheckId::References => "No reference without what it refers to",
            CheckId::Tenants => "Every tenant is in the copy",
            CheckId::Canary => "The lost document is back as it was",
            CheckId::Erasures => "What was erased is erased again",
            CheckId::Freshness => "Last write within the RPO",
            CheckId::Query => "Smoke query answers",
            CheckId::TearDown => "Staging torn down",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckVerdict {
    Passes,
    Fails,
    NotRun,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub id: CheckId,
    pub expected: String,
    pub actual: String,
    pub verdict: CheckVerdict,
    /// One line for people.
    pub detail: String,
}

/// One collection's number of documents in the recovery point and in staging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub collection: String,
    pub expected: i64,
    pub actual: i64,
}

/// A document drawn by the seed: both sides' SHA-256 over the raw BSON. Never its contents.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DrawnDocument {
    pub collection: String,
    /// The document's `_id` as text.
    pub id: String,
    pub expected: String,
    /// `None`: not found in staging.
    pub actual: Option<String>,
}

impl DrawnDocument {
    pub fn equal(&self) -> bool {
        self.actual.as_ref() == Some(&self.expected)
    }
}

/// All documents of one collection, both sides: see [`crate::fingerprint::contents`]. Never their contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    pub collection: String,
    pub expected: String,
    pub actual: String,
    /// `_id`s of documents that are not the same, as text; the first twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<String>,
    /// How many are not the same, at least about.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub about: u64,
}

impl Digests {
    pub fn equal(&self) -> bool {
        self.expected == self.actual
    }
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// "orders.customerId" to "customers": how many values refer to nothing, and in how many documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub from: String,
    pub to: String,
    pub orphans: i64,
    pub documents: i64,
}

/// A smoke query of the plan's: what it found, up to a thousand, and its time at the median of five.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    pub name: String,
    pub collection: String,
    pub at_least: i64,
    pub found: i64,
    pub took_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// Loss declared to contents verified.
    pub restore_ms: i64,
    /// Loss declared minus last write restored; `None` when the last write could not be told.
    pub rpo_ms: Option<i64>,
    /// Bytes of BSON restored.
    pub bytes: i64,
    pub documents: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrillVerdict {
    pub rto: Verdict,
    pub rpo: Verdict,
    /// Met when every check but freshness (which is the RPO's) passes, missed when one fails, untested
    /// when one could not run.
    pub contents: Verdict,
    pub reasons: Vec<String>,
}

impl DrillVerdict {
    pub fn overall(&self) -> Verdict {
        self.rto.worse(self.rpo).worse(self.contents)
    }
}

/// How long the restored copy existed, and how its end was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposure {
    pub from: Moment,
    /// `None`: the copy still exists.
    pub until: Option<Moment>,
    pub proof: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// "Incident commander"
    pub role: String,
    pub name: String,
}

impl Drill {
    /// Judges the figures and checks of a drill that ran to its end or was abandoned.
    pub fn judge(plan: &Plan, measured: Option<&Measured>, checks: &[Check], abandoned: Option<&str>) -> DrillVerdict {
        let mut reasons = Vec::new();
        if let Some(why) = abandoned {
            reasons.push(format!("abandoned: {why}"));
            let untested = Verdict::Untested;
            return DrillVerdict { rto: untested, rpo: untested, contents: untested, reasons };
        }
        let contents = if checks.is_empty() {
            reasons.push("no check ran".to_owned());
            Verdict::Untested
        } else {
            // Freshness is judged once, as the RPO.
            checks.iter().filter(|c| c.id != CheckId::Freshness).fold(Verdict::Met, |so_far, check| {
                match check.verdict {
                    CheckVerdict::Passes => so_far,
                    CheckVerdict::Fails => {
                        reasons.push(format!("{}: {}", check.id.title(), check.detail));
                        so_far.worse(Verdict::Missed)
                    }
                    CheckVerdict::NotRun => {
                        reasons.push(format!("{} could not be checked: {}", check.id.title(), check.detail));
                        so_far.worse(Verdict::Untested)
                    }
                }
            })
        };
        let rto = measured.map_or(Verdict::Untested, |m| Verdict::of(m.restore_ms, plan.rto_ms));
        let rpo = measured.and_then(|m| m.rpo_ms).map_or(Verdict::Untested, |lost| Verdict::of(lost, plan.rpo_ms));
        for (name, verdict) in [("RTO", rto), ("RPO", rpo)] {
            match verdict {
                Verdict::Missed => reasons.push(format!("{name} missed")),
                Verdict::Untested => reasons.push(format!("{name} not measured")),
                _ => {}
            }
        }
        DrillVerdict { rto, rpo, contents, reasons }
    }

    /// Ends it early: the step under way failed with the reason, and nothing was measured. The step, if there is one.
    pub fn abandon(&mut self, why: &str, at: Moment) -> Option<&mut Step> {
        self.abandoned = Some(why.to_owned());
        self.measured = None;
        let step = self.steps.last_mut().filter(|step| step.under_way())?;
        step.ended_at = at.max(step.started_at);
        step.outcome = Outcome::Failed;
        why.clone_into(&mut step.note);
        Some(step)
    }

    /// Whether people did the steps and pressed as they went.
    pub fn by_hand(&self) -> bool {
        self.source.kind == by_hand::KIND
    }

    /// The restored copy that was never shown to be gone, and since when it exists.
    pub fn open_copy(&self) -> Option<Moment> {
        self.exposure.as_ref().filter(|e| e.until.is_none()).map(|e| e.from)
    }

    /// The recovery clock as the steps tell it: loss declared, contents verified and what must not be in them erased.
    /// `None` until all is done.
    pub fn clock(&self) -> Option<(Moment, Moment)> {
        let declared = self.steps.iter().find(|s| s.id.on_the_clock())?.started_at;
        let done = |id| self.steps.iter().find(|s| s.id == id && s.outcome == Outcome::Done && !s.under_way());
        let verified = done(StepId::Verify)?.ended_at;
        Some((declared, done(StepId::Erase).map_or(verified, |erased| erased.ended_at)))
    }

    /// The last step on the clock that was done, by its place; `None` until the contents are verified.
    pub fn clock_ends_with(&self) -> Option<usize> {
        let (_, ended) = self.clock()?;
        self.steps.iter().rposition(|s| s.id.on_the_clock() && s.ended_at == ended)
    }

    /// When what could be lost was lost: a document on purpose, or all of it when the loss was declared.
    pub fn lost_at(&self) -> Option<Moment> {
        self.canary.as_ref().and_then(|c| c.lost_at).or_else(|| Some(self.clock()?.0))
    }

    /// The steps of a drill of this kind, in their order.
    pub fn planned_steps(&self) -> Vec<StepId> {
        if self.by_hand() {
            return by_hand::STEPS.to_vec();
        }
        let planned = |step: &StepId| match step {
            StepId::Lose | StepId::Return => self.canary.is_some(),
            StepId::Erase => self.erasures.is_some(),
            _ => true,
        };
        StepId::ALL.into_iter().filter(planned).collect()
    }

    /// Where the record's figures, checks and verdict do not follow from what it tells itself; empty when they do.
    pub fn disagreements(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if Self::judge(&self.plan, self.measured.as_ref(), &self.checks, self.abandoned.as_deref()) != self.verdict {
            wrong.push("its verdict does not follow from its figures and checks".to_owned());
        }
        let passes = |id: CheckId| self.checks.iter().any(|c| c.id == id && c.verdict == CheckVerdict::Passes);
        if passes(CheckId::Counts) && self.counts.iter().any(|c| c.expected != c.actual) {
            wrong.push("its counts are said to be equal, and are not".to_owned());
        }
        if passes(CheckId::Documents) && self.documents.iter().any(|d| !d.equal()) {
            wrong.push("its drawn documents are said to be equal, and are not".to_owned());
        }
        if passes(CheckId::Contents) && (self.digests.is_empty() || self.digests.iter().any(|d| !d.equal())) {
            wrong.push("all its documents are said to be equal, and their digests are not".to_owned());
        }
        if passes(CheckId::References)
            && (self.references.is_empty() || self.references.iter().any(|r| r.orphans != 0 || r.documents != 0))
        {
            wrong.push("no reference is said to lead nowhere, and some do".to_owned());
        }
        if passes(CheckId::Canary) && !self.canary.as_ref().is_some_and(Canary::is_back) {
            wrong.push("its lost document is said to be back as it was, and is not".to_owned());
        }
        if passes(CheckId::Erasures) && self.erasures.is_none_or(|e| e.left != 0 || e.survived != 0) {
            wrong.push("what was erased is said to be erased again, and is not".to_owned());
        }
        if passes(CheckId::Query) && self.queries.iter().any(|q| q.found < q.at_least) {
            wrong.push("its smoke queries are said to be answered, and are not".to_owned());
        }
        if self.steps.iter().any(|s| s.ended_at < s.started_at) {
            wrong.push("a step ends before it begins".to_owned());
        }
        if self.by_hand() {
            wrong.extend(by_hand::disagreements(self));
        }
        if let Some(measured) = &self.measured {
            let clock = self.clock();
            if clock.map(|(declared, verified)| verified.since(declared)) != Some(measured.restore_ms) {
                wrong.push("its recovery time is not the time its steps took".to_owned());
            }
            let lost = clock.and(self.lost_at()).zip(self.source.last_write_at);
            let lost = lost.map(|(lost, write)| lost.since(write).max(0));
            if measured.rpo_ms != lost {
                wrong.push("its data loss is not the time from the last write to the loss".to_owned());
            }
        }
        wrong
    }

    /// "Taken at T, restored at T+N, last committed write T-M."
    pub fn sentence(&self) -> String {
        let (Some((_, end)), Some(_)) = (self.clock(), &self.measured) else {
            return match &self.abandoned {
                Some(why) => format!("Abandoned: {why}."),
                None => "Nothing was measured.".to_owned(),
            };
        };
        let taken = self.source.taken_at;
        let write = match self.source.last_write_at {
            Some(at) => format!("last committed write {} before that", words::duration(taken.since(at).max(0))),
            None => "last committed write not stated".to_owned(),
        };
        format!(
            "Taken at {} UTC{}, restored {} later, {write}.",
            words::date_time(taken),
            if self.by_hand() { ", as its plan says" } else { "" },
            words::duration(end.since(taken))
        )
    }

    /// Sum of both sides' counts.
    pub fn total_counts(&self) -> (i64, i64) {
        self.counts.iter().fold((0, 0), |(e, a), c| (e + c.expected, a + c.actual))
    }

    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|c| c.verdict == CheckVerdict::Passes).count()
    }
}
