//! From where an auditor looks, as pages and the frame around them say it.

use domain::{Moment, audit::Audit, role::Actor, schedule::Period, words};

use crate::problem::{Problem, ProblemKind};

/// In the request's extensions beside the actor, whose scope is this audit's.
#[derive(Clone, Debug)]
pub struct Seat {
    pub audit: Audit,
    /// The reader's other open audits: id, firm, period.
    pub others: Vec<(String, String, Period)>,
    /// The owner looks as an auditor would.
    pub preview: bool,
}

/// An auditor for whom no audit is open; in the request's extensions instead of an actor. All that is left to them is
/// their own sign-in.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Reaches nothing.
    pub actor: Actor,
    /// When the next one opens.
    pub begins: Option<Moment>,
    /// When the last one ended.
    pub ended: Option<Moment>,
}

impl Closed {
    pub fn problem(&self) -> Problem {
        let what = match (self.begins, self.ended) {
            (Some(at), _) => format!("Your audit opens on {} (UTC).", words::long_date(at)),
            (None, Some(at)) => format!("Your access ended on {} (UTC).", words::long_date(at.plus_millis(-1))),
            (None, None) => "No audit is open for you.".to_owned(),
        };
        let still = "What you downloaded stays yours, and can be checked without an account on the page Verify.";
        Problem::new(ProblemKind::NotAllowed, &what, still, "Ask the company’s owner if you need to look again.")
    }
}
