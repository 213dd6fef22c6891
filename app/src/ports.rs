//! What a page may ask of the machine. The server implements these; `app` never names it.
//!
//! Every answer is cut to the scope given; what lies outside is absent, and `None` for one record.

mod checklists;
mod incidents;
pub mod requests;
mod reviews;
mod sign_in;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Moment,
    attestation::{Attestation, Strength},
    audit::{Audit, Terms},
    control::Control,
    datastore::Described,
    drill::{Act, Drill},
    finding::Finding,
    gap::Gap,
    import::{Import, Reported},
    job::JobRun,
    kit::Book,
    live::Live,
    proof::tree::Hash,
    record::{Alarm, Entry, Head, Seal, Sealed, Unread},
    risk::Summary,
    role::{Actor, Scope, TokenScope},
    runbook::RunbookVersion,
    sample,
    schedule::Period,
};

use crate::problem::{Problem, ProblemKind};

pub use checklists::Checklists;
pub use incidents::Incidents;
pub use reviews::{NotHeld, Reviewed, Reviews};
pub use sign_in::{
    Invitation, Invited, Mailed, OpenSession, OwnPasskey, Passkeys, People, Sessions, SignedInBy, ThisSession, Ways,
};

/// All ports, cheap to clone, in every request's context.
#[derive(Clone)]
pub struct Ports {
    pub company: Arc<Company>,
    pub clock: Arc<dyn Clock>,
    pub drills: Arc<dyn Drills>,
    pub live: Arc<dyn LiveDrills>,
    pub attestations: Arc<dyn Attestations>,
    pub gaps: Arc<dyn Gaps>,
    pub findings: Arc<dyn Findings>,
    pub runbooks: Arc<dyn Runbooks>,
    pub ledger: Arc<dyn Ledger>,
    pub bundles: Arc<dyn Bundles>,
    pub reviews: Arc<dyn Reviews>,
    pub audits: Arc<dyn AuditsPort>,
    pub tokens: Arc<dyn TokensPort>,
    pub ways: Arc<Ways>,
    pub people: Arc<dyn People>,
    pub passkeys: Arc<dyn Passkeys>,
    pub sessions: Arc<dyn Sessions>,
    pub requests: Arc<dyn requests::Requests>,
    pub jobs: Arc<dyn JobRuns>,
    pub imports: Arc<dyn Imports>,
    pub datastores: Arc<dyn Datastores>,
    pub checklists: Arc<dyn Checklists>,
    pub incidents: Arc<dyn Incidents>,
    pub risks: Arc<dyn Risks>,
}

/// Whose portal this is.
#[derive(Clone, Debug)]
pub struct Company {
    pub name: String,
    /// The audit period in course.
    pub audit_period: Period,
    /// `true`: the example company; pages say so.
    pub demo: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum PortError {
    #[error("not allowed")]
    NotAllowed,
    /// Somebody else was first, or the state does not permit it; the sentence says which.
    #[error("{0}")]
    Conflict(String),
    /// The store cannot be reached now.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Something is not as it must be: a record without its seal, bytes that do not parse.
    #[error("broken: {0}")]
    Broken(String),
}

impl From<PortError> for Problem {
    /// Logs the cause once, with the reference number the person sees.
    fn from(error: PortError) -> Self {
        let problem = match &error {
            PortError::NotAllowed => return Problem::not_allowed(),
            PortError::Conflict(what) => {
                return Problem::new(
                    ProblemKind::Conflict,
                    what,
                    "Nothing was changed.",
                    "Look at it again, then decide.",
                );
            }
            PortError::Unavailable(_) => Problem::new(
                ProblemKind::Unavailable,
                "The portal cannot read its database now.",
                "What was sealed is still sealed; nothing is lost meanwhile.",
                "Try again in a minute.",
            ),
            PortError::Broken(_) => Problem::new(
                ProblemKind::Broken,
                "The portal could not finish this.",
                "Nothing was changed.",
                "Tell the owner the reference below; the log says why.",
            ),
        };
        let reference = reference();
        tracing::error!(reference, cause = %error, "a page could not be answered");
        problem.with_reference(reference)
    }
}

/// Eight characters that tie a page to its log line; unique enough within a day's log.
fn reference() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:08x}", RandomState::new().hash_one(std::time::SystemTime::now()) as u32)
}

pub trait Clock: Send + Sync {
    fn now(&self) -> Moment;
}

#[async_trait]
pub trait Drills: Send + Sync {
    /// Newest first.
    async fn all(&self, scope: &Scope) -> Result<Vec<Sealed<Drill>>, PortError>;
    async fn get(&self, scope: &Scope, id: &str) -> Result<Option<Sealed<Drill>>, PortError>;
}

/// The drill under way; there is one at most.
#[async_trait]
pub trait LiveDrills: Send + Sync {
    async fn live(&self, scope: &Scope) -> Result<Option<Live>, PortError>;
    /// Adds what somebody did to its log, stamped now; `Conflict` says why the rule does not allow it, or that it has
    /// ended.
    async fn add(&self, id: &str, act: Act, says: &str, by: &Actor) -> Result<(), PortError>;
}

/// One cell of the attestation grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Attested {
    pub tenant: String,
    pub occurred_at: Moment,
    pub strength: Strength,
    pub seal: Seal,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttestationFilter {
    pub tenant: Option<String>,
    pub strength: Option<Strength>,
    pub period: Option<Period>,
}

/// A page of a longer list, with the cursor that continues it.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// How many there are in all under the same filter.
    pub total: u64,
    /// Opaque; `None` at the end.
    pub next: Option<String>,
}

#[async_trait]
pub trait Attestations: Send + Sync {
    /// Every attestation in scope, reduced to what a grid shows, oldest first.
    async fn grid(&self, scope: &Scope) -> Result<Vec<Attested>, PortError>;
    /// Newest first. An unreadable cursor is answered from the start.
    async fn page(
        &self,
        scope: &Scope,
        filter: &AttestationFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Sealed<Attestation>>, PortError>;
    async fn tenants(&self, scope: &Scope) -> Result<BTreeSet<String>, PortError>;
}

#[async_trait]
pub trait Gaps: Send + Sync {
    /// Newest first.
    async fn all(&self, scope: &Scope) -> Result<Vec<Sealed<Gap>>, PortError>;
}

/// What runners do by a calendar.
#[async_trait]
pub trait JobRuns: Send + Sync {
    /// In the order of the ledger.
    async fn runs(&self, scope: &Scope) -> Result<Vec<Sealed<JobRun>>, PortError>;
    /// When a calendar comes next, and what it says in words; `None`: it does not read.
    fn next(&self, cron: &str, now: Moment) -> Option<(Moment, String)>;
}

/// What vendors' own tools said, as it was brought.
#[async_trait]
pub trait Imports: Send + Sync {
    /// Newest first.
    async fn imports(&self, scope: &Scope) -> Result<Vec<Sealed<Import>>, PortError>;
    /// The last word on each thing, newest first.
    async fn last_words(&self, scope: &Scope) -> Result<Vec<Sealed<Reported>>, PortError>;
}

/// What people wrote of datastores.
#[async_trait]
pub trait Datastores: Send + Sync {
    /// The last word on each, as of the end of the scope's period.
    async fn described(&self, scope: &Scope) -> Result<Vec<Sealed<Described>>, PortError>;
    /// Seals a new word. `seen`: the place in the ledger of the one it replaces; `Conflict` when another came meanwhile.
    async fn describe(&self, id: &str, described: &Described, seen: Option<u64>) -> Result<(), PortError>;
}

/// Risk assessments of quarters.
#[async_trait]
pub trait Risks: Send + Sync {
    /// The newest of each quarter, newest first.
    async fn summaries(&self, scope: &Scope) -> Result<Vec<Sealed<Summary>>, PortError>;
    /// Seals one that follows the one at `seen`; `Conflict` when another came meanwhile.
    async fn seal(&self, summary: &Summary, seen: Option<u64>) -> Result<(), PortError>;
}

#[async_trait]
pub trait Findings: Send + Sync {
    /// The latest version of each, newest first.
    async fn all(&self, scope: &Scope) -> Result<Vec<Sealed<Finding>>, PortError>;
}

#[async_trait]
pub trait Runbooks: Send + Sync {
    /// Every version in force within the scope's period, newest first; the first one is in force now.
    async fn versions(&self, scope: &Scope) -> Result<Vec<Sealed<RunbookVersion>>, PortError>;
    /// A version as an emergency kit holds it: its exact bytes, and the newest approval over them.
    async fn book(&self, version: &Sealed<RunbookVersion>) -> Result<Book, PortError>;
    /// The next version as it is being written.
    async fn draft(&self) -> Result<Option<Draft>, PortError>;
    /// Keeps a draft that follows the one of number `seen`, 0 for none; `Conflict` when another came meanwhile.
    async fn keep_draft(&self, text: &str, by: &str, seen: i64) -> Result<(), PortError>;
    /// Seals a version, which is in force from then on; its record's id. `Conflict`: it is there already.
    async fn approve(&self, version: &RunbookVersion) -> Result<String, PortError>;
}

/// The next version of the runbook as somebody left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub by: String,
    pub at: Moment,
    /// A number up with every change.
    pub version: i64,
}

#[async_trait]
pub trait Ledger: Send + Sync {
    async fn head(&self) -> Result<Head, PortError>;
    /// Newest first; `before` is an index, `None` for the newest.
    async fn entries(&self, before: Option<u64>, limit: u32) -> Result<Vec<Entry>, PortError>;
    /// What the watch found changed or deleted, newest first, cut to the scope's period by nothing:
    /// tampering concerns every reader.
    async fn alarms(&self) -> Result<Vec<Alarm>, PortError>;
    /// Records that count as no evidence, newest first, up to a hundred.
    async fn unread(&self) -> Result<Vec<Unread>, PortError>;
    /// When all sealed records were last compared with the database; `None` before the first time.
    async fn checked_at(&self) -> Result<Option<Moment>, PortError>;
    /// The log's C2SP verifier key.
    fn vkey(&self) -> String;
    /// Those it had before, in no order; heads signed then open with them.
    fn earlier_vkeys(&self) -> Vec<String>;
    /// The hashes that show the first `old` entries to be the beginning of the head's, folded from the
    /// entries; `None` when the head has fewer.
    async fn consistency(&self, old: u64, head: &Head) -> Result<Option<Vec<Hash>>, PortError>;
    /// The newest token an outside authority gave over a head; `None`: all its times are self-asserted.
    async fn outside_time(&self) -> Result<Option<OutsideTime>, PortError>;
}

/// The first `size` entries existed at `at`, says an authority that is not the company.
#[derive(Clone, Debug, PartialEq)]
pub struct OutsideTime {
    pub size: u64,
    pub at: Moment,
    /// As its certificate names it.
    pub authority: String,
}

/// What an auditor did that is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    Page,
    Download,
    /// Made a bundle, with or without a sample.
    Bundle,
}

impl Visit {
    pub fn word(self) -> &'static str {
        match self {
            Visit::Page => "read",
            Visit::Download => "downloaded",
            Visit::Bundle => "made a bundle",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Visit::Page, Visit::Download, Visit::Bundle].into_iter().find(|visit| visit.word() == word)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visited {
    pub person: String,
    pub name: String,
    /// The audit they looked from.
    pub audit: String,
    pub what: Visit,
    /// "/drills/D-2026-11-16", without what was searched for.
    pub path: String,
    pub at: Moment,
}

/// Which firm looks at what, and when. For the owner; an auditor reads their own.
#[async_trait]
pub trait AuditsPort: Send + Sync {
    /// Newest first.
    async fn all(&self) -> Result<Vec<Sealed<Audit>>, PortError>;
    /// The newest version and its number.
    async fn get(&self, id: &str) -> Result<Option<(Sealed<Audit>, i64)>, PortError>;
    /// Opens a new one and returns its id.
    async fn open(&self, terms: Terms, by: &Actor) -> Result<String, PortError>;
    /// Seals another version; `Conflict` when `version` is no longer the newest.
    async fn change(&self, id: &str, version: i64, terms: Terms, by: &Actor) -> Result<(), PortError>;
    /// Seals that the anchors as they are now were handed over.
    async fn hand_over(&self, id: &str, how: &str, by: &Actor) -> Result<(), PortError>;
    /// Id and name of everybody who is an auditor, by name.
    async fn auditors(&self) -> Result<Vec<(String, String)>, PortError>;
    /// What was looked at from an audit, newest first, and how much there is in all.
    async fn visits(&self, audit: &str) -> Result<(Vec<Visited>, u64), PortError>;
}

/// A machine's token, of which only the digest is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Names it on pages and in the log of revocations; says nothing of the secret.
    pub id: String,
    /// Who uses it: "drill-runner".
    pub name: String,
    pub scopes: Vec<TokenScope>,
    pub made_at: Moment,
    pub made_by: String,
    /// `None`: it was made before tokens ended by themselves.
    pub expires_at: Option<Moment>,
    pub used_at: Option<Moment>,
    pub revoked_at: Option<Moment>,
}

#[async_trait]
pub trait TokensPort: Send + Sync {
    /// Newest first, the revoked and the ended too.
    async fn all(&self) -> Result<Vec<Token>, PortError>;
    /// Makes one and returns the secret, which is shown once and kept nowhere.
    async fn make(&self, name: &str, scopes: &[TokenScope], days: u32, by: &Actor) -> Result<String, PortError>;
    /// `false`: there is none of that id, or it was revoked before.
    async fn revoke(&self, id: &str) -> Result<bool, PortError>;
}

/// What somebody wants in a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// "2026-Q3", or "2025-12-01..2026-11-30"
    pub period_name: String,
    pub period: Period,
    /// Empty: every control in the actor's scope.
    pub controls: Vec<Control>,
    pub sample: Option<sample::Ask>,
}

/// A bundle that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// "B-001"
    pub id: String,
    pub made_at: Moment,
    pub made_by: String,
    pub period_name: String,
    pub controls: Vec<Control>,
    pub records: u64,
    pub bytes: i64,
    /// SHA-256 of the ZIP, 64 hex digits.
    pub sha256: String,
    /// SHA-256 of its tag manifest, as sealed in the ledger.
    pub tagmanifest_sha256: String,
    /// Whether an outside authority stamped it; otherwise its time is self-asserted.
    pub stamped: bool,
    /// The sample in it.
    pub sample: Option<sample::Drawn>,
    /// The ledger entry of the export.
    pub seq: u64,
    pub root_fingerprint: String,
}

/// A bundle somebody asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// "J-6f0c…"
    pub id: String,
    pub asked_at: Moment,
    pub period_name: String,
    pub stage: Stage,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    Waiting,
    Running(Step),
    /// The bundle's name.
    Made(String),
    /// Why there is none.
    Refused(String),
}

/// How far the work is: `done` of `total` records in this step; `total` is 0 where nothing is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// "Reading the records"
    pub what: String,
    pub done: u64,
    pub total: u64,
}

#[async_trait]
pub trait Bundles: Send + Sync {
    /// Newest first; an auditor sees those whose scope lies inside their own.
    async fn all(&self, actor: &Actor) -> Result<Vec<Bundle>, PortError>;
    /// Asks for one whole bundle and returns the order's name. It is made whether or not anybody waits.
    async fn order(&self, actor: &Actor, wish: &Wish) -> Result<String, PortError>;
    /// What became of an order, waiting up to `patience` for its end; `None` when it is not this actor's.
    async fn ordered(&self, actor: &Actor, id: &str, patience: Duration) -> Result<Option<Order>, PortError>;
    /// This actor's orders that are not done, oldest first.
    async fn on_their_way(&self, actor: &Actor) -> Result<Vec<Order>, PortError>;
    /// How many records of each control's evidence a bundle of this period would hold.
    async fn counts(&self, actor: &Actor, period: Period) -> Result<Vec<(Control, u64)>, PortError>;
    /// SHA-256 of the root certificate, 64 hex digits.
    fn root_fingerprint(&self) -> String;
}
