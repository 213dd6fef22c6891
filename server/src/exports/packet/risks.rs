//! The risk assessment summaries: sections of a packet, and each as one page of its own.

use domain::{
    record::Sealed,
    risk::{Line, Summary},
    verdict::Verdict,
    words as say,
};

use super::{
    PacketError,
    marks::{self, Mark},
    page::{Book, body, origin, quiet, second, strong},
    pdf::{self, About},
    sentences::{frame, lead},
    table::{Row, Table, col},
    text::STRONG,
};
use crate::exports::content::Content;

pub fn section(book: &mut Book, content: &Content) {
    for summary in &content.risks {
        one(book, summary);
    }
}

/// The file of one: a PDF 1.7. The same arguments give the same bytes.
pub fn page(org: &str, sealed: &Sealed<Summary>) -> Result<Vec<u8>, PacketError> {
    let value = &sealed.value;
    let mut book = Book::named(org, format!("Sealed {}Z, № {}", second(sealed.seal.at), sealed.seal.seq));
    one(&mut book, sealed);
    book.finish();
    let about = About {
        title: format!("{org}, risk assessment {}", value.quarter),
        author: org.to_owned(),
        subject: format!("Risk assessment {}, version {}", value.quarter, value.version),
        identifier: sealed.seal.sha256.clone(),
        made_at: value.occurred_at,
        seed: vec![sealed.seal.sha256.clone()],
    };
    pdf::write(&book, &about)
}

fn one(book: &mut Book, sealed: &Sealed<Summary>) {
    let value = &sealed.value;
    let title = format!("Risk assessment {}", value.quarter);
    let mut eyebrow =
        vec![body(format!("Sealed on {} by {}, version {}.", say::date(value.occurred_at), value.by, value.version))];
    if value.demo {
        eyebrow.extend([quiet("  "), origin(true)]);
    }
    book.section(&title, &title, 0, &eyebrow, frame(&title));
    lead(book, value.sentence());
    let columns = [col("", 96.0), col("", 380.0)];
    for (name, lines) in [
        ("Drills", &value.drills),
        ("Incidents", &value.incidents),
        ("Missed", &value.misses),
        ("Open risks", &value.open),
        ("Accepted", &value.accepted),
    ] {
        let rows: Vec<Row> = lines.iter().map(row).collect();
        if !rows.is_empty() {
            Table::new(name, &columns).within(&sealed.seal).tight().set(book, &rows);
        }
    }
    for comment in &value.comments {
        let by = format!("\n{}, {} UTC", comment.by, say::date_time(comment.at));
        book.paragraph(&[body(format!("“{}”", comment.says)), quiet(by)]);
    }
}

fn row(line: &Line) -> Row {
    let mark = match line.verdict {
        Verdict::Met => Mark::Met,
        Verdict::AtRisk => Mark::Risk,
        Verdict::Missed => Mark::Miss,
        Verdict::Untested | Verdict::Stale => Mark::None,
    };
    let says = vec![strong(line.record.clone()), quiet(format!("\n{}", line.says))];
    Row::of(vec![marks::state(mark, &line.word, STRONG), says])
}
