//! The only failure a person sees: what happened, what is still true, what to do next.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}")]
pub struct Problem {
    pub kind: ProblemKind,
    /// What happened.
    pub what: String,
    /// What is still true.
    pub still: String,
    /// What to do next.
    pub next: String,
    /// Ties this page to the log line with the cause; empty where there is none.
    pub reference: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProblemKind {
    NotSignedIn,
    NotAllowed,
    NotFound,
    BadInput,
    Conflict,
    TooOften,
    Unavailable,
    Broken,
}

impl ProblemKind {
    /// The HTTP status that says the same.
    pub fn status(self) -> u16 {
        match self {
            ProblemKind::NotSignedIn => 401,
            ProblemKind::NotAllowed => 403,
            ProblemKind::NotFound => 404,
            ProblemKind::BadInput => 400,
            ProblemKind::Conflict => 409,
            ProblemKind::TooOften => 429,
            ProblemKind::Unavailable => 503,
            ProblemKind::Broken => 500,
        }
    }
}

impl Problem {
    pub fn not_signed_in() -> Self {
        Self::new(
            ProblemKind::NotSignedIn,
            "You are not signed in.",
            "Nothing was changed.",
            "Sign in, then do it again.",
        )
    }

    pub fn not_allowed() -> Self {
        Self::new(
            ProblemKind::NotAllowed,
            "Your role does not allow this.",
            "Nothing was changed.",
            "Ask the owner, who can see what each role may do.",
        )
    }

    /// `noun` as in "drill": "There is no such drill here."
    pub fn gone(noun: &str) -> Self {
        Self::new(
            ProblemKind::NotFound,
            &format!("There is no such {noun} here."),
            "It may lie outside the audit you are reading.",
            "Go back to the list.",
        )
    }

    pub fn bad_input(what: &str, next: &str) -> Self {
        Self::new(ProblemKind::BadInput, what, "Nothing was changed.", next)
    }

    pub fn new(kind: ProblemKind, what: &str, still: &str, next: &str) -> Self {
        Self { kind, what: what.into(), still: still.into(), next: next.into(), reference: String::new() }
    }

    pub fn with_reference(mut self, reference: String) -> Self {
        self.reference = reference;
        self
    }
}

/// What a server function of ours answers when the framework itself could not call it.
#[cfg(feature = "ssr")]
impl leptos::server_fn::error::FromServerFnError for Problem {
    type Encoder = leptos::server_fn::codec::JsonEncoding;

    fn from_server_fn_error(error: leptos::server_fn::error::ServerFnErrorErr) -> Self {
        tracing::warn!(cause = %error, "a form could not be read");
        Self::bad_input("The form could not be read.", "Go back to the page and send it again.")
    }
}
