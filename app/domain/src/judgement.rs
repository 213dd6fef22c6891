//! What follows from what vendors' tools said. A rule names the facts it used, and its threshold in its sentence; what
//! no fact states is not judged, and never guessed.
//!
//! A new rule is a function and a line in [`RULES`].

mod access;
mod jobs;
mod keeping;
mod safety;
mod scope;
mod stated;

use std::collections::{BTreeMap, HashMap};

use crate::{
    Moment,
    acceptance::{Acceptance, What},
    bench::Trained,
    checklist::Rest,
    datastore::{self, Datastore, Described},
    fact::Fact,
    finding::{Finding, Severity},
    import::{Import, Reported},
    reading::Reading,
    record::Sealed,
    runbook::RunbookVersion,
    verdict::Verdict,
};

/// A fact with the record that holds it.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: String,
    pub connector: String,
    pub fact: Fact,
    /// Invented by the example company.
    pub demo: bool,
}

/// Everything a judgement may rest on.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The last word on each thing.
    pub all: Vec<Known>,
    /// When each kind of tool was last asked.
    pub asked: BTreeMap<String, Moment>,
    /// Put together from all of these and what somebody wrote.
    pub stores: Vec<Datastore>,
    /// Scope exclusions that are signed and in force.
    pub left_out: Vec<Acceptance>,
    /// Drills that restored something, and their records.
    pub drilled: Vec<(Moment, String)>,
    /// Everybody's last training for each duty.
    pub bench: Vec<Trained>,
    /// The runbook in force: its record, and what it says.
    pub runbook: Option<(String, RunbookVersion)>,
    /// Readings of runbooks that have ended, newest first.
    pub readings: Vec<Sealed<Reading>>,
    pub now: Moment,
}

/// What is known beside vendors' words.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    pub described: Vec<Sealed<Described>>,
    /// Signed ones.
    pub acceptances: Vec<Acceptance>,
    pub drilled: Vec<(Moment, String)>,
    pub bench: Vec<Trained>,
    pub runbook: Option<(String, RunbookVersion)>,
    pub readings: Vec<Sealed<Reading>>,
}

impl Facts {
    /// From sealed records; `words` are the last on each thing.
    pub fn of(words: &[Sealed<Reported>], imports: &[Sealed<Import>], beside: Beside, now: Moment) -> Self {
        let mut asked = BTreeMap::new();
        for import in imports {
            let newest: &mut Moment =
                asked.entry(import.value.told.connector.clone()).or_insert(import.value.occurred_at);
            *newest = import.value.occurred_at.max(*newest);
        }
        let known = |word: &Sealed<Reported>| Known {
            id: word.id.clone(),
            connector: word.value.connector.clone(),
            fact: word.value.fact.clone(),
            demo: word.value.demo,
        };
        let all: Vec<Known> = words.iter().map(known).collect();
        let stores = datastore::assemble(&all, &beside.described);
        let in_force = |a: &Acceptance| a.what == What::Exclusion && a.until > now;
        let left_out = beside.acceptances.into_iter().filter(in_force).collect();
        let mut readings = beside.readings;
        readings.retain(|reading| reading.value.ended_at.is_some());
        readings.sort_by_key(|reading| std::cmp::Reverse(reading.value.ended_at));
        let Beside { drilled, bench, runbook, .. } = beside;
        Self { all, asked, stores, left_out, drilled, bench, runbook, readings, now }
    }

    /// Which collection a record that something rests on lies in.
    pub fn rest(&self, id: &str) -> Rest {
        let trained = self.bench.iter().map(|trained| &trained.record).find(|(_, record)| record == id);
        let collection = match trained {
            Some((collection, _)) => collection,
            None if self.drilled.iter().any(|(_, drill)| drill == id) => "backup_drill_results",
            None if self.readings.iter().any(|reading| reading.id == id) => "readings",
            None if self.runbook.as_ref().is_some_and(|(record, _)| record == id) => "runbooks",
            None => "facts",
        };
        Rest::on(collection, id)
    }

    /// The exclusion whose first line names it.
    fn left_out(&self, name: &str) -> Option<&Acceptance> {
        let words = |text: &str| {
            text.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>()
        };
        let name = words(name);
        let names = |a: &&Acceptance| words(&a.title).windows(name.len().max(1)).any(|part| part == name);
        self.left_out.iter().find(names)
    }

    fn asked(&self, connector: &str) -> Moment {
        self.asked.get(connector).copied().unwrap_or(self.now).min(self.now)
    }
}

pub use jobs::{Told, told};
pub use keeping::{Due, Lag, due, lags};
pub use stated::{Seen, seen};

#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub rule: &'static str,
    /// The datastore's address, where it is about one.
    pub store: Option<String>,
    /// What it is about, as people call it: "nightly-export", "vault tier1".
    pub about: String,
    pub verdict: Verdict,
    /// One sentence: what was found, against what.
    pub says: String,
    /// The records it rests on.
    pub records: Vec<String>,
    /// What the facts suggest behind it: "a disk that is full".
    pub suspects: Option<&'static str>,
    /// All of these are invented by the example company.
    pub demo: bool,
}

impl Judgement {
    /// Whether somebody has to do something about it. What could not be told is shown, and accuses nobody.
    pub fn falls_short(&self) -> bool {
        matches!(self.verdict, Verdict::Missed | Verdict::AtRisk | Verdict::Stale)
    }

    pub fn severity(&self) -> Severity {
        match (rule(self.rule).map_or(Severity::Medium, |rule| rule.severity), self.verdict) {
            (severity, Verdict::Missed) => severity,
            (Severity::High, _) => Severity::Medium,
            _ => Severity::Low,
        }
    }

    /// The cause of a finding: the same again is the same finding.
    pub fn cause(&self) -> String {
        format!("{}: {}", self.rule, self.about)
    }

    /// What it may have in common with others of its rule; many of those are one finding. `None`: it stands alone.
    pub fn shares(&self) -> Option<Shared> {
        match (self.suspects, &self.store) {
            (Some(suspects), _) => Some(Shared { rule: self.rule, by: suspects.to_owned() }),
            (None, Some(store)) if GROUPED.contains(&self.rule) => Some(Shared { rule: self.rule, by: store.clone() }),
            _ => None,
        }
    }
}

/// Rules that judge each job by itself.
pub const OF_JOBS: [&str; 3] = ["last-run", "on-time", "size"];

/// Rules that judge each recovery point: what is wrong with many of one datastore is wrong with the datastore.
const GROUPED: &[&str] = &["own-key", "not-shared"];

/// So many that share a cause are one finding.
pub const MANY: usize = 3;

/// What several judgements have in common: the rule, and what is suspected or the datastore.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shared {
    pub rule: &'static str,
    pub by: String,
}

impl Shared {
    /// The cause of the one finding.
    pub fn cause(&self) -> String {
        format!("{}, many: {}", self.rule, self.by)
    }
}

/// Whether a judgement opened it: its cause begins with a rule's name.
pub fn judged(finding: &Finding) -> bool {
    let rule_of = |cause: &str| cause.split([':', ',']).next().and_then(rule).is_some();
    finding.cause.as_deref().is_some_and(rule_of)
}

/// Every cause that a finding stands for.
pub fn causes(finding: &Finding) -> Vec<&str> {
    finding.cause.iter().chain(&finding.hits).map(String::as_str).collect()
}

pub struct Rule {
    pub id: &'static str,
    pub title: &'static str,
    /// Why it matters, for the finding.
    pub why: &'static str,
    /// Of a finding, where it is missed; one less where it is at risk.
    pub severity: Severity,
    judge: fn(&Facts) -> Vec<Found>,
}

/// What a rule says of one thing.
struct Found {
    about: String,
    verdict: Verdict,
    says: String,
    records: Vec<String>,
    suspects: Option<&'static str>,
}

pub const RULES: &[Rule] = &[
    Rule {
        id: "last-run",
        title: "The newest run succeeded",
        why: "What was not backed up cannot be restored.",
        severity: Severity::High,
        judge: jobs::last_run,
    },
    Rule {
        id: "on-time",
        title: "Runs come at their own pace",
        why: "A run that did not happen fails no alarm of its own.",
        severity: Severity::High,
        judge: jobs::on_time,
    },
    Rule {
        id: "size",
        title: "The newest run is as large as usual",
        why: "A backup that is suddenly small is often empty.",
        severity: Severity::Medium,
        judge: jobs::size,
    },
    Rule {
        id: "backed-up",
        title: "Backups are on",
        why: "What is not backed up cannot be restored.",
        severity: Severity::High,
        judge: safety::backed_up,
    },
    Rule {
        id: "in-catalogue",
        title: "The catalogue and the backups tell of the same",
        why: "What nobody lists, nobody misses until it is gone.",
        severity: Severity::Medium,
        judge: scope::catalogue,
    },
    Rule {
        id: "cadence",
        title: "Recovery points are as close as the RPO",
        why: "What was written between two recovery points is lost.",
        severity: Severity::High,
        judge: keeping::cadence,
    },
    Rule {
        id: "points-due",
        title: "Every recovery point that should be there is",
        why: "A schedule is a plan; only what is there can be restored.",
        severity: Severity::Medium,
        judge: keeping::points_due,
    },
    Rule {
        id: "kept",
        title: "Kept as long as agreed",
        why: "What a contract promises cannot be restored once it is deleted.",
        severity: Severity::High,
        judge: keeping::kept,
    },
    Rule {
        id: "copy-lag",
        title: "Copies elsewhere are as fresh as the RPO",
        why: "When a region is lost, only its copies count.",
        severity: Severity::High,
        judge: keeping::copies,
    },
    Rule {
        id: "retrieval",
        title: "An archive gives back within the RTO",
        why: "What comes back tomorrow does not help today.",
        severity: Severity::Medium,
        judge: keeping::retrieval,
    },
    Rule {
        id: "restored",
        title: "Restored within the quarter",
        why: "Backups that nobody restored are a hope.",
        severity: Severity::Medium,
        judge: scope::restored,
    },
    Rule {
        id: "own-key",
        title: "Encrypted with a key of one's own",
        why: "With a vendor's default key nobody here decides who may read a backup.",
        severity: Severity::Medium,
        judge: safety::own_key,
    },
    Rule {
        id: "key-stays",
        title: "The key stays",
        why: "Without its key a backup is noise.",
        severity: Severity::High,
        judge: safety::key_stays,
    },
    Rule {
        id: "not-shared",
        title: "Shared with nobody unknown",
        why: "Whoever may restore a backup has the data.",
        severity: Severity::High,
        judge: safety::not_shared,
    },
    Rule {
        id: "locked",
        title: "Backups cannot be deleted early",
        why: "Who takes production over deletes the backups next.",
        severity: Severity::Medium,
        judge: safety::locked,
    },
    Rule {
        id: "replicates",
        title: "Copies are made elsewhere",
        why: "What lies in one region is lost with it.",
        severity: Severity::High,
        judge: safety::replicates,
    },
    Rule {
        id: "torn-down",
        title: "What a drill made is gone",
        why: "A forgotten copy of customers' data is a leak in waiting.",
        severity: Severity::High,
        judge: safety::torn_down,
    },
    Rule {
        id: "leavers",
        title: "Nobody who left may restore",
        why: "An account that outlives its person is somebody else's way in.",
        severity: Severity::High,
        judge: access::leavers,
    },
    Rule {
        id: "delete-refused",
        title: "A deletion was refused",
        why: "A lock that was never tried is a setting, not a proof.",
        severity: Severity::Low,
        judge: access::delete_refused,
    },
    Rule {
        id: "alert-path",
        title: "An alert reached somebody",
        why: "An alarm that nobody hears is silence.",
        severity: Severity::High,
        judge: access::alert_path,
    },
    Rule {
        id: "commanders",
        title: "Three people can command a recovery",
        why: "The one who knows how may be the one who is asleep.",
        severity: Severity::Medium,
        judge: access::commanders,
    },
    Rule {
        id: "stated",
        title: "What the runbook states is what is done",
        why: "In the worst hour somebody relies on what the runbook says.",
        severity: Severity::High,
        judge: stated::stated,
    },
    Rule {
        id: "stale-lines",
        title: "Every line of the runbook holds",
        why: "A line that does not hold any more sends somebody the wrong way.",
        severity: Severity::Medium,
        judge: stated::stale_lines,
    },
];

pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// All of them, by rule and then by what they are about: one of each, for what is said twice of one thing is one
/// judgement, and the worse word counts.
pub fn judge(facts: &Facts) -> Vec<Judgement> {
    let behind = Behind::of(facts);
    let mut all = Vec::new();
    for rule in RULES {
        let mut found = (rule.judge)(facts);
        found.sort_by(|a, b| (&a.about, rank(b.verdict)).cmp(&(&b.about, rank(a.verdict))));
        found.dedup_by(|next, worst| {
            let same = next.about == worst.about;
            if same && next.verdict == worst.verdict {
                worst.records.append(&mut next.records);
            }
            same
        });
        all.extend(found.into_iter().map(|f| Judgement {
            rule: rule.id,
            store: behind.store(&f).map(str::to_owned),
            about: f.about,
            demo: behind.invented(&f.records),
            verdict: f.verdict,
            says: f.says,
            records: f.records,
            suspects: f.suspects,
        }));
    }
    all
}

/// What stands behind what was found: datastores by their names and by the records about them.
struct Behind<'f> {
    by_name: HashMap<&'f str, &'f str>,
    by_record: HashMap<&'f str, (&'f Known, Option<&'f str>)>,
}

impl<'f> Behind<'f> {
    fn of(facts: &'f Facts) -> Self {
        let by_name = facts.stores.iter().map(|store| (store.name.as_str(), store.id.as_str())).collect();
        let mut by_record: HashMap<_, _> = facts.all.iter().map(|known| (known.id.as_str(), (known, None))).collect();
        for store in &facts.stores {
            for n in &store.facts {
                let known = &facts.all[*n];
                by_record.insert(&known.id, (known, Some(store.id.as_str())));
            }
        }
        Self { by_name, by_record }
    }

    /// The datastore that something was found of: by its name, or by the first record that it rests on.
    fn store(&self, found: &Found) -> Option<&'f str> {
        let first = || self.by_record.get(found.records.first()?.as_str())?.1;
        self.by_name.get(found.about.as_str()).copied().or_else(first)
    }

    fn invented(&self, records: &[String]) -> bool {
        let mut known = records.iter().filter_map(|id| self.by_record.get(id.as_str())).peekable();
        known.peek().is_some() && known.all(|(known, _)| known.demo)
    }
}

/// How much a verdict asks for somebody.
pub fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Met => 0,
        Verdict::Untested => 1,
        Verdict::Stale => 2,
        Verdict::AtRisk => 3,
        Verdict::Missed => 4,
    }
}

#[cfg(test)]
mod stores_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_of_one_thing_is_one_judgement_and_the_worse_counts() {
        let bucket = |id: &str, public: bool| Known {
            id: id.to_owned(),
            connector: "s3-bucket".to_owned(),
            fact: Fact::Bucket(crate::fact::Bucket {
                reference: "b".to_owned(),
                public: Some(public),
                aspect: Some(id.to_owned()),
                ..Default::default()
            }),
            demo: false,
        };
        let mut facts = Facts::of(&[], &[], Beside::default(), Moment::EPOCH);
        facts.all = vec![bucket("block", false), bucket("policy", true), bucket("acl", true)];
        let found: Vec<_> = judge(&facts).into_iter().filter(|j| j.rule == "not-shared").collect();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].verdict, found[0].records.as_slice()),
            (Verdict::Missed, ["policy".to_owned(), "acl".to_owned()].as_slice())
        );
    }

    #[test]
    fn nothing_follows_from_nothing_and_no_two_rules_share_a_name() {
        let facts = Facts::of(&[], &[], Beside::default(), Moment::EPOCH);
        assert_eq!(judge(&facts), []);
        let mut ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
    }

    /// A fact, the rule that is asked, and what follows: a verdict and a part of its sentence, or nothing.
    #[test]
    fn each_rule_says_what_follows_from_a_fact_and_nothing_from_what_is_not_stated() {
        use serde_json::json;
        let point = |more: serde_json::Value| {
            let mut point = json!({ "fact": "point", "reference": "p1", "resource": "prod", "state": "available", "said": "completed" });
            point.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            point
        };
        let store = |more: serde_json::Value| {
            let mut store = json!({ "fact": "store", "reference": "s", "name": "orders", "kind": "RDS instance" });
            store.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            store
        };
        let later = "2026-11-30T00:00:00Z";
        let page =
            |acts: serde_json::Value| json!({ "fact": "page", "reference": "i1", "summary": "drill", "acts": acts });
        let raised = json!({ "at": "2026-11-16T10:00:00Z", "act": "raised" });
        let heard = json!({ "at": "2026-11-16T10:04:00Z", "act": "acknowledged", "by": "Operator one" });
        type Row = (&'static str, Vec<serde_json::Value>, Option<(Verdict, &'static str)>);
        let rows: Vec<Row> = vec![
            (
                "backed-up",
                vec![store(json!({ "backedUp": true, "retentionDays": 7 }))],
                Some((Verdict::Met, "kept 7 days")),
            ),
            ("backed-up", vec![store(json!({ "backedUp": false }))], Some((Verdict::Missed, "off"))),
            ("backed-up", vec![store(json!({}))], None),
            ("own-key", vec![point(json!({ "encryption": "customer-managed" }))], Some((Verdict::Met, "one's own"))),
            (
                "own-key",
                vec![point(json!({ "encryption": "vendor-managed" }))],
                Some((Verdict::AtRisk, "the vendor's")),
            ),
            ("own-key", vec![point(json!({ "encryption": "none" }))], Some((Verdict::Missed, "not encrypted"))),
            ("own-key", vec![point(json!({ "encryption": "unknown" }))], None),
            // A key's own word, by the ARN that ends with its id or by an alias.
            (
                "own-key",
                vec![
                    point(json!({ "encryption": "unknown", "key": "arn:aws:kms:us-east-1:111122223333:key/k1" })),
                    json!({ "fact": "key", "reference": "k1", "customers": true }),
                ],
                Some((Verdict::Met, "one's own")),
            ),
            (
                "own-key",
                vec![
                    point(json!({ "encryption": "unknown", "key": "arn:aws:kms:us-east-1:111122223333:key/k1" })),
                    json!({ "fact": "key", "reference": "k1", "aliases": ["alias/aws/rds"], "customers": false, "aspect": "alias/aws/rds" }),
                ],
                Some((Verdict::AtRisk, "the vendor's")),
            ),
            (
                "not-shared",
                vec![json!({ "fact": "bucket", "reference": "b", "public": true })],
                Some((Verdict::Missed, "everybody")),
            ),
            ("not-shared", vec![json!({ "fact": "bucket", "reference": "b" })], None),
            ("own-key", vec![point(json!({ "encryption": "none", "state": "failed" }))], None),
            ("not-shared", vec![point(json!({ "sharedWith": ["all"] }))], Some((Verdict::Missed, "everybody"))),
            (
                "not-shared",
                vec![point(json!({ "sharedWith": ["111122223333"] }))],
                Some((Verdict::AtRisk, "111122223333")),
            ),
            ("not-shared", vec![point(json!({ "sharedWith": [] }))], Some((Verdict::Met, "nobody"))),
            ("not-shared", vec![point(json!({}))], None),
            ("not-shared", vec![store(json!({ "public": true }))], Some((Verdict::Missed, "everybody"))),
            (
                "key-stays",
                vec![json!({ "fact": "key", "reference": "k", "said": "Enabled" })],
                Some((Verdict::Met, "in use")),
            ),
            (
                "key-stays",
                vec![json!({ "fact": "key", "reference": "k", "said": "PendingDeletion", "deletedAt": later })],
                Some((Verdict::Missed, "will be deleted")),
            ),
            ("key-stays", vec![json!({ "fact": "key", "reference": "k" })], None),
            (
                "locked",
                vec![json!({ "fact": "vault", "reference": "v", "name": "v", "locked": false })],
                Some((Verdict::AtRisk, "not locked")),
            ),
            (
                "locked",
                vec![json!({ "fact": "vault", "reference": "v", "name": "v", "locked": true, "lockFinalAt": later })],
                Some((Verdict::AtRisk, "can be unlocked until")),
            ),
            (
                "locked",
                vec![json!({ "fact": "vault", "reference": "v", "name": "v", "locked": true })],
                Some((Verdict::AtRisk, "some may still unlock it")),
            ),
            (
                "locked",
                vec![
                    json!({ "fact": "vault", "reference": "v", "name": "v", "locked": true, "lockFinalAt": "2026-01-01T00:00:00Z" }),
                ],
                Some((Verdict::Met, "for good")),
            ),
            ("locked", vec![json!({ "fact": "vault", "reference": "v", "name": "v" })], None),
            (
                "locked",
                vec![json!({ "fact": "schedule", "reference": "p", "items": [], "enforced": "ACTIVE" })],
                Some((Verdict::Met, "leaves nothing open")),
            ),
            (
                "locked",
                vec![
                    json!({ "fact": "schedule", "reference": "p", "items": [], "enforced": "ACTIVE", "weakenedBy": ["it can be deleted"] }),
                ],
                Some((Verdict::AtRisk, "in force, and it can be deleted")),
            ),
            (
                "locked",
                vec![json!({ "fact": "schedule", "reference": "p", "items": [], "enforced": "ENABLING" })],
                Some((Verdict::AtRisk, "not in force")),
            ),
            ("locked", vec![json!({ "fact": "schedule", "reference": "p", "items": [] })], None),
            (
                "locked",
                vec![json!({ "fact": "bucket", "reference": "b", "objectLock": "GOVERNANCE", "lockDays": 30 })],
                Some((Verdict::AtRisk, "GOVERNANCE")),
            ),
            (
                "replicates",
                vec![json!({ "fact": "bucket", "reference": "b", "replication": [["Enabled", "c"]] })],
                Some((Verdict::Met, "copied to c")),
            ),
            (
                "replicates",
                vec![json!({ "fact": "bucket", "reference": "b", "replication": [["Disabled", "c"]] })],
                Some((Verdict::Missed, "Disabled")),
            ),
            ("replicates", vec![json!({ "fact": "bucket", "reference": "b" })], None),
            (
                "torn-down",
                vec![json!({ "fact": "destroy", "reference": "w", "removed": 3, "planned": 3 })],
                Some((Verdict::Met, "all 3")),
            ),
            (
                "torn-down",
                vec![json!({ "fact": "destroy", "reference": "w", "left": ["aws_db.x"] })],
                Some((Verdict::Missed, "aws_db.x")),
            ),
            (
                "torn-down",
                vec![json!({ "fact": "destroy", "reference": "w", "planned": 3 })],
                Some((Verdict::Untested, "ends before")),
            ),
            (
                "leavers",
                vec![
                    json!({ "fact": "leaver", "reference": "e1", "names": ["Anna@example.com"], "leftAt": "2026-10-01T00:00:00Z", "said": "terminated" }),
                    json!({ "fact": "principal", "reference": "a", "name": "anna", "kind": "user", "may": ["restore"], "through": ["p"] }),
                ],
                Some((Verdict::Missed, "anna may still restore")),
            ),
            (
                "leavers",
                vec![
                    json!({ "fact": "leaver", "reference": "e1", "names": ["anna"], "leftAt": "2026-12-24T00:00:00Z", "said": "leaving" }),
                    json!({ "fact": "principal", "reference": "a", "name": "anna", "kind": "user", "may": ["restore"], "through": ["p"] }),
                ],
                None,
            ),
            (
                "leavers",
                vec![
                    json!({ "fact": "leaver", "reference": "e2", "names": ["ben"], "gone": true, "said": "active: false" }),
                    json!({ "fact": "principal", "reference": "b", "name": "ben", "kind": "user", "may": ["decrypt"], "through": ["p"] }),
                ],
                Some((Verdict::Missed, "is gone, and ben may still decrypt")),
            ),
            (
                "delete-refused",
                vec![
                    json!({ "fact": "call", "reference": "c", "at": "2026-11-16T10:00:00Z", "action": "DeleteRecoveryPoint", "by": "op", "refused": "AccessDenied" }),
                ],
                Some((Verdict::Met, "was refused")),
            ),
            (
                "delete-refused",
                vec![
                    json!({ "fact": "call", "reference": "c", "at": "2026-11-16T10:00:00Z", "action": "DeleteRecoveryPoint", "by": "op" }),
                ],
                None,
            ),
            (
                "delete-refused",
                vec![json!({ "fact": "vault", "reference": "v", "name": "v" })],
                Some((Verdict::Untested, "no refused deletion")),
            ),
            ("alert-path", vec![page(json!([raised, heard]))], Some((Verdict::Met, "by Operator one after 4 min"))),
            ("alert-path", vec![page(json!([raised]))], Some((Verdict::Missed, "nobody acknowledged"))),
            (
                "alert-path",
                vec![json!({ "fact": "on-call", "reference": "o", "person": "p", "schedule": "s" })],
                Some((Verdict::Untested, "no alert is on record")),
            ),
        ];
        for (rule, facts, expected) in rows {
            let all = facts.iter().enumerate().map(|(n, fact)| Known {
                id: format!("f{n}"),
                connector: "k".into(),
                fact: serde_json::from_value(fact.clone()).unwrap_or_else(|e| panic!("{fact}: {e}")),
                demo: false,
            });
            let now = Moment::parse("2026-11-25T00:00:00Z").expect("a time");
            let all: Vec<Known> = all.collect();
            let stores = datastore::assemble(&all, &[]);
            let known = Facts { all, asked: BTreeMap::new(), stores, ..Facts::of(&[], &[], Beside::default(), now) };
            let found: Vec<Judgement> = judge(&known).into_iter().filter(|j| j.rule == rule).collect();
            match expected {
                None => assert_eq!(found, [], "{rule}: {facts:?}"),
                Some((verdict, part)) => {
                    assert_eq!(found.len(), 1, "{rule}: {facts:?}");
                    assert_eq!(found[0].verdict, verdict, "{}", found[0].says);
                    assert!(found[0].says.contains(part), "{}", found[0].says);
                }
            }
        }
    }
}
