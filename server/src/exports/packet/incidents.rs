//! Incidents: what was lost, what was done when, and how somebody accounted for it.

use domain::{
    incident::{Incident, account::Account},
    record::Sealed,
    verdict::Verdict,
    words as say,
};

use super::{
    marks::{self, Mark},
    page::{Book, body, origin, quiet, strong},
    sentences::{counted, frame, lead},
    table::{Row, Table, col},
    text::STRONG,
};
use crate::exports::content::Content;

/// Nothing where none was declared: the evidence list says so.
pub fn section(book: &mut Book, content: &Content) {
    for (incident, account) in &content.incidents {
        one(book, incident, account.as_ref());
    }
}

fn one(book: &mut Book, incident: &Incident, account: Option<&Sealed<Account>>) {
    let title = format!("Incident {}", incident.id);
    let entry = format!("{title}, {}", counted(incident.lines.len(), "act", "acts"));
    let declared = format!(
        "Declared on {} UTC by {}; {}.",
        say::date_time(incident.declared_at),
        incident.declared_by,
        incident.standing().word()
    );
    let mut eyebrow = vec![body(declared)];
    if incident.demo {
        eyebrow.extend([quiet("  "), origin(true)]);
    }
    book.section(&title, &entry, 0, &eyebrow, frame(&title));
    let seal = account.map(|a| &a.seal).or(incident.lines.iter().rev().find_map(|l| l.acted.seal.as_ref()));
    let Some(seal) = seal else { return };
    match account {
        Some(account) => {
            let value = &account.value;
            lead(book, value.sentence());
            book.paragraph(&[strong("Root cause. "), body(value.root_cause.clone())]);
            let again = format!("{}. It is {} likely to happen again.", value.failure_mode.title(), value.again.word());
            book.paragraph(&[strong("What failed. "), body(again)]);
            let rows: Vec<Row> = value
                .deadlines
                .iter()
                .map(|kept| {
                    let mark = match kept.verdict {
                        Verdict::Met => Mark::Met,
                        Verdict::AtRisk => Mark::Risk,
                        Verdict::Missed => Mark::Miss,
                        Verdict::Untested | Verdict::Stale => Mark::None,
                    };
                    let says = vec![strong(kept.what.clone()), quiet(format!("\n{}", kept.says))];
                    Row::of(vec![marks::state(mark, kept.verdict.word(), STRONG), says])
                })
                .collect();
            Table::new("Deadlines", &[col("", 96.0), col("", 380.0)]).within(seal).tight().set(book, &rows);
        }
        None => {
            lead(book, format!("{}: {}. Nobody has accounted for it yet.", incident.scenario.title(), incident.what))
        }
    }
    let rows: Vec<Row> = incident
        .lines
        .iter()
        .map(|line| {
            let act = &line.acted.act;
            let mut says = vec![body(act.says()), quiet(format!("\n{}", act.by))];
            if act.offline {
                says.push(quiet(", written without a connection"));
            }
            if let Some(why) = &line.out_of_order {
                says.push(quiet(format!(". Out of order: {}", why.says().0)));
            }
            Row::of(vec![vec![body(say::date_time(act.occurred_at))], says])
        })
        .collect();
    Table::new("What was done, UTC", &[col("", 96.0), col("", 380.0)]).within(seal).tight().set(book, &rows);
}
