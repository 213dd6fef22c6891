//! What pages ask about auditors' requests, and the two steps that are taken by a button alone.
//!
//! Every answer is cut to what the reader may see; what lies outside is absent.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    attachment::FileError,
    record::{Seal, Sealed},
    request::{Request, RequestError},
    role::Actor,
};

use super::PortError;
use crate::problem::{Problem, ProblemKind};

/// Who reads or writes, and from which audit.
#[derive(Clone, Debug)]
pub struct Reader {
    pub actor: Actor,
    /// `None`: not from an audit, as the owner and operators.
    pub audit: Option<String>,
}

impl Reader {
    pub fn sees(&self, request: &Request) -> bool {
        request.seen_by(&self.actor.scope, self.audit.as_deref())
    }
}

/// A request in its newest version, as a list shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub request: Sealed<Request>,
    /// Something happened that this reader has not seen.
    pub unread: bool,
}

/// A request in every version there is.
#[derive(Clone, Debug)]
pub struct Thread {
    /// The newest.
    pub request: Sealed<Request>,
    /// Its number, which the next step must name.
    pub version: i64,
    /// For each message the seal of the version it came with.
    pub seals: Vec<Seal>,
    /// How many messages this reader has seen.
    pub read: usize,
}

/// A record that a thread points to, as far as the reader may see it.
#[derive(Clone, Debug)]
pub struct Pointed {
    /// "F-006, A collection restore took 138 minutes of 120"
    pub title: String,
    pub href: String,
    pub seal: Seal,
}

/// A message that was not sent, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub title: String,
    pub control: String,
    pub words: String,
    pub records: String,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("there is no such request")]
    Gone,
    #[error(transparent)]
    Rule(#[from] RequestError),
    /// Somebody else took a step since the form was opened.
    #[error("{0} has changed meanwhile")]
    Changed(String),
    /// What was pasted names no record that belongs here.
    #[error("{pasted}: {why}")]
    Record { pasted: String, why: NoRecord },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Port(#[from] PortError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRecord {
    #[error("no record has that address, number or id")]
    Unknown,
    /// Said to those only who may know that there is such a record.
    #[error("it lies outside the audit of who asked")]
    Outside,
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        const KEPT: &str = "Nothing was sent. Your words are kept in the form; files must be chosen again.";
        match refused {
            Refused::Gone => Problem::gone("request"),
            Refused::Port(e) => e.into(),
            Refused::Rule(rule) => {
                use RequestError::*;
                let kind = match rule {
                    NotAuditor | NotCompany => ProblemKind::NotAllowed,
                    Closed | NoAnswer | AcceptedAlready | AsItWas => ProblemKind::Conflict,
                    _ => ProblemKind::BadInput,
                };
                let (what, next) = rule.says();
                Problem::new(kind, &what, KEPT, next)
            }
            Refused::Changed(id) => Problem::new(
                ProblemKind::Conflict,
                &format!("Somebody else wrote in {id} while you did."),
                KEPT,
                "Read what is new, then send it again.",
            ),
            Refused::Record { pasted, why } => {
                let (what, next) = match why {
                    NoRecord::Unknown => (
                        format!("“{pasted}” names no record here."),
                        "Paste the address of its page, its number in the ledger (№ 1489) or its id, one a line.",
                    ),
                    NoRecord::Outside => (
                        format!("“{pasted}” lies outside the audit this was asked in."),
                        "Point to a record of its period and controls, or say it in words.",
                    ),
                };
                Problem::new(ProblemKind::BadInput, &what, KEPT, next)
            }
            Refused::File(file) => Problem::new(ProblemKind::BadInput, &file.to_string(), KEPT, file.next()),
        }
    }
}

#[async_trait]
pub trait Requests: Send + Sync {
    /// The newest version of each the reader may see; the newest change first.
    async fn all(&self, reader: &Reader) -> Result<Vec<Listed>, PortError>;
    async fn thread(&self, reader: &Reader, id: &str) -> Result<Option<Thread>, PortError>;
    /// By place in the ledger: the records a request points to that lie inside the reader's scope.
    async fn pointed(&self, reader: &Reader, request: &Request) -> Result<BTreeMap<u64, Pointed>, PortError>;
    /// Notes that this reader has seen a thread up to that version.
    async fn mark_read(&self, reader: &Reader, id: &str, version: i64, messages: usize) -> Result<(), PortError>;
    /// What this reader typed and could not send, about a request or for a new one (`None`).
    async fn draft(&self, reader: &Reader, about: Option<&str>) -> Result<Option<Draft>, PortError>;
    /// Accepts the answer; `version` is the one that was looked at.
    async fn accept(&self, reader: &Reader, id: &str, version: i64) -> Result<(), Refused>;
    /// Says whether bundles carry it.
    async fn put_in_bundle(&self, reader: &Reader, id: &str, version: i64, in_bundle: bool) -> Result<(), Refused>;
}
