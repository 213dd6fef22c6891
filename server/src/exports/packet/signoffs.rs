//! Sign-offs: who stands by what, and whether a signature shows it.
//!
//! Whatever is said to be approved comes through [`Signoff`]. A person's name in a document is that
//! document's word, and is worded so.

use domain::{
    control::Evidence,
    proof::signoff::{Decision, Purpose},
    record::Seal,
    runbook::Runbook,
    words as say,
};

use super::{
    marks::{self, Mark},
    page::{Book, body, quiet, strong},
    sentences::{absent, counted, frame, lead, rest},
    table::{Row, Table, col},
    text::{MONO_SMALL, STRONG, Span, words},
};
use crate::exports::content::{Content, Signed};

const LISTED: usize = 60;

/// One person's word on one document.
pub struct Signoff {
    /// "Runbook"
    pub what: String,
    pub version: String,
    /// SHA-256 of what was approved, 64 hex digits.
    pub digest: String,
    /// The state's shape, and its word: "stated, not signed".
    pub decision: (Mark, &'static str),
    pub who: String,
    pub role: String,
    /// The day as it is said.
    pub on: String,
    pub seal: Seal,
}

pub fn section(book: &mut Book, content: &Content) {
    let (signed, stated) = (signed(content), stated(content));
    if signed.is_empty() && stated.is_empty() {
        let none = "No document in this bundle says that somebody approved it.";
        return absent(book, content, Evidence::Runbooks, "Sign-offs", "Sign-offs, none", none);
    }
    let entry = format!(
        "Sign-offs, {} stated and {} signed",
        super::sentences::number(stated.len()),
        super::sentences::number(signed.len())
    );
    let eyebrow = [body("Who stands by what, and whether a signature shows it.")];
    book.section("Sign-offs", &entry, 0, &eyebrow, frame("Sign-offs"));
    let approvals = counted(stated.len(), "approval is", "approvals are");
    let said = match signed.len() {
        0 => "Nothing in this bundle was signed in the portal.".to_owned(),
        n => {
            let words = counted(n, "sign-off was", "sign-offs were");
            format!("{} made in the portal, each with a passkey.", super::sentences::capital(&words))
        }
    };
    let approved = match stated.len() {
        0 => String::new(),
        _ => format!(" {} stated in the runbook itself.", super::sentences::capital(&approvals)),
    };
    lead(book, format!("{said}{approved}"));
    if !signed.is_empty() {
        let foot = quiet(
            "A signature is over the digest of the document and shows that its holder was verified by the device. The browser does not show the document it signs for. Its parts are files in data/signoffs.",
        );
        draw(book, &signed, foot, "data/signoffs/signoffs.jsonl");
    }
    if !stated.is_empty() {
        let foot = quiet(
            "An approval that is stated stands in the document: its words are sealed, and so is when they were filed. That the named person wrote them is the company’s word. The role is the one the runbook gives.",
        );
        draw(book, &stated, foot, "data/runbooks/index.jsonl");
    }
}

/// What was signed with a passkey, newest first.
fn signed(content: &Content) -> Vec<Signoff> {
    let row = |s: &Signed| Signoff {
        what: match s.purpose {
            Purpose::Approves => "Runbook".to_owned(),
            Purpose::Ran => format!("Drill {}, as who ran it", s.subject),
            Purpose::Owns => format!("Drill {}, as who owns it", s.subject),
            Purpose::Accepts => match content.acceptances.iter().find(|a| a.id == s.subject) {
                Some(a) => format!("{}: {}", a.value.what.title(), a.value.title),
                None => format!("Acceptance {}", s.subject),
            },
            Purpose::Assesses => format!("Risk assessment of {}", s.subject),
            Purpose::Accounts => format!("Account of incident {}", s.subject),
            Purpose::Closes => format!("Checklist of {}", s.subject),
        },
        version: s.version.clone(),
        digest: s.digest.clone(),
        decision: match s.decision {
            Decision::Approve => (Mark::Met, "signed"),
            Decision::Return => (Mark::Miss, "sent back"),
        },
        who: s.who.clone(),
        role: s.role.word().to_owned(),
        on: format!("{} UTC", say::date_time(s.at)),
        seal: s.seal.clone(),
    };
    content.signoffs.iter().map(row).collect()
}

/// The runbook's own approvals, as its front matter states them.
fn stated(content: &Content) -> Vec<Signoff> {
    let approved = |version: &domain::record::Sealed<domain::runbook::RunbookVersion>| {
        let front = Runbook::parse(&version.value.text).ok()?.front;
        Some(Signoff {
            what: format!("Runbook, {}", front.title),
            version: version.value.version.clone(),
            digest: version.seal.sha256.clone(),
            decision: (Mark::None, "stated, not signed"),
            who: front.owner,
            role: "owner".to_owned(),
            on: front.approved,
            seal: version.seal.clone(),
        })
    };
    content.runbooks.iter().filter_map(approved).collect()
}

fn draw(book: &mut Book, all: &[Signoff], foot: Span, file: &str) {
    let rows: Vec<Row> = all
        .iter()
        .take(LISTED)
        .map(|s| {
            let mut decision = marks::state(s.decision.0, s.decision.1, STRONG);
            decision.push(quiet(format!("\n{}", s.on)));
            Row::of(vec![
                vec![strong(s.what.as_str()), quiet(format!("\nversion {}", s.version))],
                vec![body(s.who.as_str()), quiet(format!("\n{}", s.role))],
                decision,
            ])
            .under(vec![words(MONO_SMALL, say::groups(&s.digest))])
            .sealed(&s.seal)
        })
        .collect();
    let columns = [col("What", 222.0), col("Who", 120.0), col("Decision", 134.0)];
    let others = rest(all.len().saturating_sub(LISTED), file);
    Table::new("", &columns).foot(others).foot([foot]).set(book, &rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exports::packet::page::Draw;

    #[test]
    fn what_is_signed_and_what_is_only_stated_differ_by_shape_and_by_word() {
        let at = domain::Moment::parse("2026-11-16T17:05:00Z").expect("a moment");
        let signoff = |decision| Signoff {
            what: "Runbook".into(),
            version: "1.3".into(),
            digest: "ab".repeat(32),
            decision,
            who: "founder".into(),
            role: "owner".into(),
            on: "2026-11-16".into(),
            seal: Seal { seq: 1508, sha256: "ab".repeat(32), at, by: "founder".into(), broken: false },
        };
        let shapes = |decision| {
            let mut book = Book::blank();
            book.open(frame("Sign-offs"));
            draw(&mut book, &[signoff(decision)], quiet("What a signature shows."), "data/signoffs/signoffs.jsonl");
            let drawn = &book.pages[0].canvas.drawn;
            let said = |word: &str| drawn.iter().any(|d| matches!(d, Draw::Words { text, .. } if text == word));
            let disc = drawn.iter().any(|d| matches!(d, Draw::Curve { stroke: None, .. }));
            assert!(said("№ 1508 · abab abab"));
            (said("signed"), said("stated,\u{a0}not\u{a0}signed"), disc)
        };
        assert_eq!(shapes((Mark::Met, "signed")), (true, false, true));
        assert_eq!(shapes((Mark::None, "stated, not signed")), (false, true, false));
    }
}
