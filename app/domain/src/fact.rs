//! A fact: what a vendor's own tool said about one thing. It is reported as it was said and never judged; what was not
//! said is absent, and absent is not "no". Judgement is [`crate::verdict`]'s neighbours', elsewhere.
//!
//! Times are UTC to the millisecond, sizes bytes, durations milliseconds; `said` keeps the vendor's own word where one
//! of ours stands beside it, so that a word nobody knew yet is never lost.

use serde::{Deserialize, Serialize};

use crate::Moment;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    Run(Run),
    Point(Point),
    Store(Store),
    Schedule(Schedule),
    Vault(Vault),
    Key(Key),
    Bucket(Bucket),
    Principal(Principal),
    Leaver(Leaver),
    OnCall(OnCall),
    Page(Page),
    Call(Call),
    Destroy(Destroy),
}

impl Fact {
    /// What tells one thing from another: the vendor's own id of it, with the kind of fact before it.
    pub fn about(&self) -> String {
        let (kind, reference) = match self {
            Fact::Run(f) => ("run", &f.reference),
            Fact::Point(f) => ("point", &f.reference),
            Fact::Store(f) => ("store", &f.reference),
            Fact::Schedule(f) => ("schedule", &f.reference),
            Fact::Vault(f) => ("vault", &f.reference),
            Fact::Key(f) => ("key", &f.reference),
            Fact::Bucket(f) => ("bucket", &f.reference),
            Fact::Principal(f) => ("principal", &f.reference),
            Fact::Leaver(f) => ("leaver", &f.reference),
            Fact::OnCall(f) => ("on-call", &f.reference),
            Fact::Page(f) => ("page", &f.reference),
            Fact::Call(f) => ("call", &f.reference),
            Fact::Destroy(f) => ("destroy", &f.reference),
        };
        let aspect = match self {
            Fact::Point(f) => &f.aspect,
            Fact::Key(f) => &f.aspect,
            Fact::Bucket(f) => &f.aspect,
            _ => &None,
        };
        match aspect {
            Some(aspect) => format!("{kind}/{reference}/{aspect}"),
            None => format!("{kind}/{reference}"),
        }
    }
}

impl Fact {
    /// When what it tells of happened, where it is of a moment.
    pub fn happened_at(&self) -> Option<Moment> {
        match self {
            Fact::Run(f) => f.finished_at.or(f.started_at).or(f.scheduled_for),
            Fact::Point(f) => f.taken_at,
            Fact::Call(f) => Some(f.at),
            Fact::Page(f) => f.acts.iter().map(|act| act.at).max(),
            Fact::Destroy(f) => f.at,
            _ => None,
        }
    }
}

/// How a backup run, a copy or a restore stands. A vendor's word that is not known is `Unknown`, never one of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    Queued,
    Running,
    Succeeded,
    /// Its vendor calls it complete and adds a warning.
    SucceededWithIssues,
    Partial,
    Failed,
    Aborted,
    Expired,
    Unknown,
}

impl RunState {
    pub fn word(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Succeeded => "succeeded",
            RunState::SucceededWithIssues => "succeeded with issues",
            RunState::Partial => "partial",
            RunState::Failed => "failed",
            RunState::Aborted => "aborted",
            RunState::Expired => "expired",
            RunState::Unknown => "not understood",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunKind {
    Backup,
    Copy,
    Export,
    Restore,
}

/// What a size is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// All of the data.
    Full,
    /// What changed since the last.
    Delta,
    /// What is reserved for it, whatever it holds.
    Provisioned,
    Unknown,
}

/// One execution of a backup job, of a copy, an export or a restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub reference: String,
    pub what: RunKind,
    /// The datastore, as the vendor names it: a cluster, an ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The job that it is one execution of: a plan and rule, a schedule's item, a cron job's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    pub state: RunState,
    pub said: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_for: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The recovery point that it made, or that it restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// Of a copy: from where to where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_region: Option<String>,
    /// Of a restore: what was written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointState {
    Creating,
    Available,
    Partial,
    Expired,
    Deleting,
    Failed,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    None,
    /// By a key of the vendor's that nobody else sees.
    VendorOwned,
    /// By the vendor's default key of the account.
    VendorManaged,
    CustomerManaged,
    /// Encrypted; by whose key is not said.
    Unknown,
}

/// A recovery point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    pub reference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// "daily", "automated", "on demand": what it was taken for, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadence: Option<String>,
    pub state: PointState,
    pub said: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Moment>,
    /// Until when it holds the data, where that is not when it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_as_of: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Regions that hold it as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
    /// Nobody may delete it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Moment>,
    /// Accounts that may restore it, and "all" for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_with: Option<Vec<String>>,
    /// Of a continuous one: what can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Moment, Moment)>,
    /// What of it, where one answer tells only that: the last word on one aspect leaves the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<String>,
}

/// Something that holds data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Store {
    pub reference: String,
    pub name: String,
    /// "MongoDB Atlas cluster", "RDS instance", "catalogue resource"
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether its own backups are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backed_up: Option<bool>,
    /// Whether any moment can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continuous: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_protected: Option<bool>,
    /// How far the newest restorable moment is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restorable_to: Option<Moment>,
    /// Who uses it, by the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
}

/// When a vendor takes recovery points and how long it keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    pub reference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    pub items: Vec<ScheduleItem>,
    /// How far back any moment can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies_to: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Moment>,
    /// Of a policy that nobody can weaken: whether it is in force, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforced: Option<String>,
    /// What it leaves open: "it can be deleted".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weakened_by: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleItem {
    /// "hourly", "daily", or a cron expression as it stands.
    pub cadence: String,
    /// Every so many of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<i64>,
}

/// A place where recovery points lie, and what holds for all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vault {
    pub reference: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// From then on nobody can unlock it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_final_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_at_least_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_at_most_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// An encryption key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    pub reference: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Whether the customer made it and rules over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers: Option<bool>,
    /// "Enabled", in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotates: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Moment>,
    /// What of it, where one answer tells only that: the last word on one aspect leaves the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<String>,
}

/// A bucket of objects, as far as one answer tells of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    pub reference: String,
    /// "Enabled" or "Suspended", in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioning: Option<String>,
    /// Of each rule: its state and where it copies to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replication: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Old versions are deleted after so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_versions_kept_days: Option<i64>,
    /// Objects go to this class after so many days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves_to: Vec<(String, i64)>,
    /// Whether everybody may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// What of it, where one answer tells only that: the last word on one aspect leaves the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<String>,
}

/// Somebody or something that may act on backups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    pub reference: String,
    pub name: String,
    /// "user", "role", "group"
    pub kind: String,
    /// "restore", "decrypt", "delete backups": what its policies allow.
    pub may: Vec<String>,
    /// Policies that allow it.
    pub through: Vec<String>,
    /// For whom that is not said in full: conditions, denials that this does not weigh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Moment>,
    /// Of a role: who may take it on, as it names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumed_by: Vec<String>,
}

/// Somebody who left, by the personnel system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaver {
    pub reference: String,
    /// Names that accounts of theirs may have.
    pub names: Vec<String>,
    /// `None`: still there, or not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Moment>,
    /// Whether they are gone; a date need not be said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<bool>,
    pub said: String,
}

/// Who answers when it rings, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OnCall {
    pub reference: String,
    pub person: String,
    pub schedule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// `None`: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// What happened to an alert: raised, sent to somebody, acknowledged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    pub reference: String,
    pub summary: String,
    pub acts: Vec<PageAct>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageAct {
    pub at: Moment,
    /// "raised", "sent", "acknowledged", "resolved", or the vendor's own word.
    pub act: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// One call of a vendor's API that its log tells of: a refused deletion, a restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    pub reference: String,
    pub at: Moment,
    /// "DeleteRecoveryPoint"
    pub action: String,
    /// What it asked for, where the action alone does not tell: "add all", "Suspended"
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Why it was refused, in the vendor's word; `None`: it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What terraform took away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destroy {
    pub reference: String,
    /// `None`: the output ends before it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<i64>,
    /// Addresses of what is still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
}
