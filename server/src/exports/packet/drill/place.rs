//! What was restored, whereto, how long the copy existed, and who took part.

use domain::{
    Moment,
    drill::{Drill, LogLine},
    record::Sealed,
    words as say,
};

use crate::exports::packet::{
    marks::{self, Mark},
    page::{Book, body, quiet, second, span},
    table::{Row, Table, col},
    text::{BODY, HEAD, MONO, SMALL, Span, words},
};

pub fn source_and_staging(book: &mut Book, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    let fact = |label: &str, value: Vec<Span>| Row::of(vec![vec![words(HEAD, label)], value]);
    let at = |moment: Moment| format!("{} UTC", second(moment));
    let taken = format!("\n{}, taken {}", d.source.kind, at(d.source.taken_at));
    let write = match (&d.source.last_write_at, &d.source.last_write_by) {
        (Some(when), Some(by)) => vec![body(at(*when)), quiet(format!("  told by {by}"))],
        (Some(when), None) => vec![body(at(*when))],
        _ => vec![body("not told by any field")],
    };
    let mut staging = vec![words(MONO, d.target.environment.as_str()), body("\n")];
    staging.extend(if d.target.isolated {
        marks::state(Mark::Met, "another database than the source", SMALL)
    } else {
        marks::state(Mark::Miss, "not shown to be another database", SMALL)
    });
    let mut rows = vec![
        fact("Recovery point", vec![words(MONO, d.source.recovery_point.as_str()), quiet(taken)]),
        fact("Last write", write),
        fact("Restored into", staging),
    ];
    // What people did by hand no program counted.
    if let Some(m) = d.measured.as_ref().filter(|_| !d.by_hand()) {
        let restored = format!("{} in {} documents", say::bytes(m.bytes), say::count(m.documents));
        rows.push(fact("Restored", vec![body(restored)]));
    }
    if let Some(exposure) = &d.exposure {
        let mut copy = match exposure.until {
            Some(end) => {
                vec![body(format!("from {} until {}, {}", at(exposure.from), at(end), span(end.since(exposure.from))))]
            }
            None => {
                let mut still = marks::state(Mark::Miss, "still exists", BODY);
                still.push(body(format!(", since {}", at(exposure.from))));
                still
            }
        };
        copy.push(quiet(format!("\n{}", exposure.proof)));
        rows.push(fact("Copy existed", copy));
    }
    let learned = at(d.learned_at.unwrap_or(sealed.seal.at));
    let times = vec![body(format!("happened {}", at(d.occurred_at))), quiet(format!("\nlearned {learned}"))];
    rows.push(fact("Two times", times));
    let columns = [col("", 92.0), col("", 384.0)];
    Table::new("Where, and for how long", &columns).within(&sealed.seal).set(book, &rows);
}

/// What people wrote and pressed while it ran.
pub fn log(book: &mut Book, sealed: &Sealed<Drill>) {
    let lines = &sealed.value.log;
    if lines.is_empty() {
        return;
    }
    let row = |line: &LogLine| Row::of(vec![vec![body(second(line.at))], vec![body(line.sentence())]]);
    let rows: Vec<Row> = lines.iter().map(row).collect();
    let columns = [col("When, UTC", 112.0), col("What was written or pressed, stamped by the portal", 364.0)];
    Table::new("Log", &columns).within(&sealed.seal).set(book, &rows);
}

pub fn people(book: &mut Book, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    let recorded = format!("Recorded by {}.", d.by);
    if d.people.is_empty() {
        book.heading("Who took part");
        book.y += 8.0;
        book.paragraph(&[body(format!("Nobody is named in the record. {recorded}"))]);
        return;
    }
    let named = d.people.iter().map(|p| vec![vec![body(p.name.as_str())], vec![body(p.role.as_str())]]);
    let rows: Vec<Row> = named.map(Row::of).collect();
    let columns = [col("", 200.0), col("Role", 276.0)];
    Table::new("Who took part", &columns).within(&sealed.seal).foot([quiet(recorded)]).set(book, &rows);
}
