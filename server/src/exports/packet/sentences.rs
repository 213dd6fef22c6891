//! The packet's turns of phrase: things counted, lists in words, and what is said of what is not there.

use domain::{control::Evidence, words as say};

use super::{
    page::{Book, Frame, body},
    text::{LEAD, Span, words},
};
use crate::exports::content::Content;

/// A page with a provenance margin.
pub fn frame(running: &str) -> Frame {
    Frame { running: running.to_owned(), digest: None, margin: true }
}

/// "four", "17", "20 000".
pub fn number(n: usize) -> String {
    if n <= 10 { say::number(n) } else { say::count(i64::try_from(n).unwrap_or(i64::MAX)) }
}

/// "one drill", "four drills", "12 drills".
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// "a", "a and b", "a, b and c".
pub fn join(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

pub use domain::words::capital;

/// A section without records: a sentence that none is there, or that they lie outside the scope.
pub fn absent(book: &mut Book, content: &Content, kind: Evidence, title: &str, entry: &str, none: &str) {
    book.short_section(title, entry, &[], frame(title));
    lead(
        book,
        if content.scope.admits_controls(kind.answers()) {
            format!("{none} None was left out.")
        } else {
            format!("{} lie outside the controls of this bundle.", kind.title())
        },
    );
}

/// What a list does not show stands whole in a file of the bundle: "… and 312 more, in data/gaps.jsonl".
pub fn rest(left_out: usize, file: &str) -> Option<Span> {
    (left_out > 0).then(|| body(format!("… and {} more, in {file}", number(left_out))))
}

pub fn lead(book: &mut Book, text: impl Into<String>) {
    lead_of(book, &[words(LEAD, text)]);
}

pub fn lead_of(book: &mut Book, spans: &[Span]) {
    book.y += 16.0;
    book.paragraph(spans);
}
