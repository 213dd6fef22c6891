//! Who signed what, on the bundle's own page, and what is accepted instead of mended.

use domain::{
    acceptance::Acceptance,
    proof::signoff::{Decision, Purpose},
    record::Sealed,
    words,
};

use super::{Content, Mark, SealMark, mark};
use crate::exports::content::Signed;

pub struct SignoffRow {
    pub id: String,
    pub who: String,
    /// "approved runbook 1.0"
    pub did: String,
    pub note: Option<String>,
    /// The document's own anchor on the page.
    pub anchor: Option<String>,
    pub digest: String,
    pub at: String,
    pub state: Mark,
    pub folder: String,
    pub seal: SealMark,
}

pub struct AcceptanceRow {
    pub what: &'static str,
    pub title: String,
    pub why: String,
    pub until: String,
    /// Who signed it, if anybody did.
    pub state: Mark,
    pub seal: SealMark,
}

pub fn signoffs(content: &Content) -> Vec<SignoffRow> {
    content.signoffs.iter().map(row).collect()
}

fn row(signed: &Signed) -> SignoffRow {
    let what = match signed.purpose {
        Purpose::Approves => format!("runbook {}", signed.version),
        Purpose::Ran => format!("drill {}, as who ran it", signed.subject),
        Purpose::Owns => format!("drill {}, as who owns it", signed.subject),
        Purpose::Accepts => format!("acceptance {}", signed.subject),
        Purpose::Assesses => format!("the risk assessment of {}", signed.subject),
        Purpose::Accounts => format!("the account of incident {}", signed.subject),
        Purpose::Closes => format!("the checklist of {}", signed.subject),
    };
    SignoffRow {
        id: signed.id.clone(),
        who: format!("{}, {}", signed.who, signed.role.word()),
        did: what,
        note: signed.note.clone(),
        anchor: match signed.purpose {
            Purpose::Ran | Purpose::Owns => Some(format!("#drill-{}", signed.subject)),
            Purpose::Accounts => Some(format!("#incident-{}", signed.subject)),
            Purpose::Closes => Some(format!("#checklist-{}", signed.subject)),
            Purpose::Approves | Purpose::Accepts | Purpose::Assesses => None,
        },
        digest: words::short_digest(&signed.digest),
        at: words::date_time(signed.at),
        state: match signed.decision {
            Decision::Approve => Mark { shape: "met", word: "signed".to_owned() },
            Decision::Return => Mark { shape: "miss", word: "sent back".to_owned() },
        },
        folder: format!("signoffs/{}/statement.json", domain::proof::layout::safe(&signed.id)),
        seal: mark(&signed.seal),
    }
}

pub fn acceptances(content: &Content) -> Vec<AcceptanceRow> {
    content.acceptances.iter().map(|a| accepted(a, &content.signoffs)).collect()
}

fn accepted(acceptance: &Sealed<Acceptance>, signoffs: &[Signed]) -> AcceptanceRow {
    let Sealed { id, value, seal } = acceptance;
    let over = |s: &&Signed| s.purpose == Purpose::Accepts && s.subject == *id && s.digest == seal.sha256;
    let state = match signoffs.iter().filter(over).max_by_key(|s| s.seq()) {
        Some(s) if s.decision == Decision::Approve => Mark { shape: "met", word: format!("signed by {}", s.who) },
        Some(s) => Mark { shape: "miss", word: format!("sent back by {}", s.who) },
        None => Mark { shape: "none", word: "not signed".to_owned() },
    };
    AcceptanceRow {
        what: value.what.title(),
        title: value.title.clone(),
        why: value.why.clone(),
        until: words::date(value.until),
        state,
        seal: mark(seal),
    }
}
