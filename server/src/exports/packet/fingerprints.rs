//! Fingerprints: what a reader compares with a copy received by another way, each in full.

use domain::words as say;

use super::{
    Fingerprints,
    page::{Book, Frame, LEFT, body, quiet, second, strong},
    sentences::{counted, rest},
    table::{Column, Row, Table, col, table},
    text::{INK, MONO, MONO_SMALL, RULE, Span, Style, words, wrap},
};
use crate::{exports::content::Content, time::Outside};

/// So many tokens are listed.
const LISTED: usize = 24;
const SMALL_INK: Style = Style { ink: INK, ..MONO_SMALL };

pub fn section(book: &mut Book, content: &Content, keys: &Fingerprints) {
    let title = "Fingerprints";
    let eyebrow = [body("To compare with copies that came to you by another way.")];
    let frame = Frame { running: title.to_owned(), digest: None, margin: false };
    book.section(title, title, 0, &eyebrow, frame);
    table(book, "", &columns(), &keys_and_bundle(content, keys));
    table(book, "The ledger", &columns(), &ledger(content));
    checkpoint(book, &content.log.head.checkpoint);
    tokens(book, content);
}

fn columns() -> [Column; 2] {
    [col("", 156.0), col("", 500.0)]
}

fn row(name: &str, what: &str, value: Vec<Span>) -> Row {
    Row::of(vec![vec![strong(name), quiet(format!("\n{what}"))], value])
}

fn digest(hex: &str) -> Vec<Span> {
    vec![words(SMALL_INK, say::groups(hex))]
}

fn keys_and_bundle(content: &Content, keys: &Fingerprints) -> Vec<Row> {
    let made = format!("\nmade {}Z by {}", second(content.made_at), content.made_by);
    let key = |vkey: &str| vec![words(SMALL_INK, vkey)];
    let mut rows = vec![
        row("Root certificate", "SHA-256 of its DER", digest(&keys.root)),
        row("Bundle signer", "SHA-256 of its DER", digest(&keys.signer)),
        row("Ledger key", "as its checkpoints name it", key(&keys.vkey)),
    ];
    rows.extend(keys.earlier_vkeys.iter().map(|vkey| row("Earlier ledger key", "still signs beside it", key(vkey))));
    rows.push(
        row(
            "Bundle",
            "its number and period",
            vec![
                words(SMALL_INK, format!("{}, {}", content.id, content.period_name)),
                quiet(made),
                quiet(
                    "\nThe digest that is signed, of tagmanifest-sha256.txt, covers this packet and cannot stand in it. The ledger enters it after the head below.",
                ),
            ],
        ),
    );
    rows
}

fn ledger(content: &Content) -> Vec<Row> {
    let head = &content.log.head;
    let size = |n: u64| counted(usize::try_from(n).unwrap_or(usize::MAX), "entry", "entries");
    let mut rows = vec![
        row("Origin", "its name in checkpoints", vec![words(SMALL_INK, content.log.origin.as_str())]),
        row("Tree head", &format!("{}, signed {}Z", size(head.size), second(head.at)), digest(&head.root)),
    ];
    match &content.log.previous {
        Some(before) => rows.push(row(
            "Follows the head of",
            &format!("{}, signed {}Z", size(before.size), second(before.at)),
            digest(&before.root),
        )),
        None => rows.push(row("Follows", "no earlier head", vec![body("The log is given from its first entry.")])),
    }
    rows
}

/// The signed note, line by line as it is.
fn checkpoint(book: &mut Book, note: &str) {
    const STYLE: Style = Style { size: 9.6, leading: 15.0, ink: INK, ..MONO };
    const IN: f32 = 22.0;
    if note.trim().is_empty() {
        return;
    }
    book.heading("The checkpoint, as it is signed");
    book.y += 8.0;
    let width = book.width();
    for line in note.trim_end().lines() {
        for (i, part) in wrap(&[words(STYLE, line)], width - IN).iter().enumerate() {
            book.need(STYLE.leading);
            let y = book.y + 10.0;
            book.canvas().set(LEFT + if i > 0 { IN } else { 0.0 }, y, part);
            book.y += STYLE.leading;
        }
    }
    book.y += 4.0;
    let y = book.y;
    book.canvas().rule(LEFT, y, width, RULE);
    book.y += 4.0;
    book.paragraph(&[quiet("As data/log/checkpoint.txt has it. What goes on further in belongs to the line above.")]);
}

fn tokens(book: &mut Book, content: &Content) {
    book.heading("Outside time");
    book.y += 10.0;
    book.paragraph(&[body(match &content.outside {
        Outside::Stamped { .. } => "An outside authority stamps this bundle when it is packed: signatures/tagmanifest-sha256.txt.tsr, and the token in this PDF’s own signature.".to_owned(),
        Outside::SelfAsserted(why) => format!("The bundle’s own time is self-asserted: {why}."),
    })]);
    let tokens = &content.timestamps;
    if tokens.is_empty() {
        book.paragraph(&[body("No head of the ledger given here was stamped by an outside authority.")]);
        return;
    }
    let rows: Vec<Row> = tokens
        .iter()
        .rev()
        .take(LISTED)
        .map(|t| {
            Row::of(vec![
                vec![body(say::count(i64::try_from(t.size).unwrap_or(i64::MAX)))],
                vec![body(format!("{}Z", second(t.stamped_at)))],
                vec![body(t.authority.as_str()), words(MONO_SMALL, format!("\n{}", say::groups(&t.fingerprint)))],
            ])
        })
        .collect();
    let columns = [col("Head of", 58.0), col("Stamped", 130.0), col("By", 468.0)];
    let older = rest(tokens.len().saturating_sub(LISTED), "data/log/timestamps");
    Table::new("", &columns).foot(older).set(book, &rows);
}
