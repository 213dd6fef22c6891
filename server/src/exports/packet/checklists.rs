//! The quarterly checklists as they were closed: how each item stood, and what a person wrote of it.

use domain::{
    checklist::{Checklist, Section, Standing, Stood},
    record::Sealed,
    words as say,
};

use super::{
    marks::{self, Mark},
    page::{Book, body, origin, quiet, strong},
    sentences::{counted, frame, lead, number},
    table::{Row, Table, col},
    text::{STRONG, Span},
};
use crate::exports::content::Content;

/// Sentences of one item; the rest is counted.
const SAID: usize = 6;
const FILE: &str = "data/checklists/checklists.jsonl";

/// Nothing where none was closed: the sign-offs tell of none either.
pub fn section(book: &mut Book, content: &Content) {
    for checklist in &content.checklists {
        one(book, checklist);
    }
}

fn one(book: &mut Book, sealed: &Sealed<Checklist>) {
    let value = &sealed.value;
    let title = format!("Checklist {}", value.quarter);
    let entry = format!("{title}, {}", counted(value.items.len(), "item", "items"));
    let eyebrow = format!("Closed on {} by {}, version {}.", say::date(value.occurred_at), value.by, value.version);
    let mut eyebrow = vec![body(eyebrow)];
    if value.demo {
        eyebrow.extend([quiet("  "), origin(true)]);
    }
    book.section(&title, &entry, 0, &eyebrow, frame(&title));
    lead(book, value.sentence());
    if !value.carried.is_empty() {
        let closed = value.carried.iter().filter(|c| c.closed).count();
        let names: Vec<&str> = value.carried.iter().map(|c| c.id.as_str()).collect();
        let said = format!(
            "{} from the quarter before, of which {} closed: {}.",
            say::capital(&counted(value.carried.len(), "finding was open", "findings were open")),
            if closed == 1 { "one was".to_owned() } else { format!("{} were", number(closed)) },
            names.join(", ")
        );
        book.paragraph(&[body(said)]);
    }
    let columns = [col("", 96.0), col("", 380.0)];
    for section in Section::ALL {
        let items = value.items.iter().filter(|item| item.section == section.title());
        let rows: Vec<Row> = items.map(row).collect();
        if !rows.is_empty() {
            Table::new(section.title(), &columns).within(&sealed.seal).tight().set(book, &rows);
        }
    }
}

fn row(item: &Stood) -> Row {
    let mark = match item.standing {
        Standing::Closed | Standing::ByHand => Mark::Met,
        Standing::Short => Mark::Miss,
        Standing::Open => Mark::None,
    };
    Row::of(vec![marks::state(mark, item.standing.word(), STRONG), said(item)])
}

fn said(item: &Stood) -> Vec<Span> {
    let mut spans = vec![strong(item.asks.as_str())];
    for says in item.says.iter().take(SAID) {
        spans.push(quiet(format!("\n{says}")));
    }
    let more = item.says.len().saturating_sub(SAID);
    if more > 0 {
        spans.push(quiet(format!("\n… and {} more, in {FILE}", number(more))));
    }
    if let Some(word) = &item.word {
        spans.push(body(format!("\n“{}”", word.note)));
        spans.push(quiet(format!("\n{} on {}, № {}", word.by, say::date(word.at), word.seq)));
    }
    spans
}
