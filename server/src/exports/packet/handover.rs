//! The auditor's page: one sheet with what is handed over once, outside every bundle, to be kept and compared.
//!
//! It says what `anchors.json` says, for an eye and for a drawer, and stays one sheet whatever there is to say.

use domain::{
    Moment,
    proof::{anchors::Anchors, sha256_hex, timestamp::Authorities},
    words as say,
};

use super::{
    PacketError,
    face::Face,
    marks::{self, Ring},
    page::{Book, COLUMN, Frame, LEFT, RIGHT, WHOLE, quiet, second, strong},
    pdf::{self, About},
    table::{Row, col, table},
    text::{
        self, BODY, COMPANY, INK, INK2, LEAD, MARGINAL, MONO, MONO_SMALL, PARAGRAPH, SECTION, SMALL, Span, Style,
        words, wrap,
    },
};
use crate::sign::Keys;

/// What the page is made of.
pub struct Handover<'a> {
    pub anchors: &'a Anchors,
    pub keys: &'a Keys,
    pub made_at: Moment,
}

const TITLE: Style = Style { tracking: -0.5, size: 38.0, leading: 44.0, face: Face::SerifLight, ink: INK };
/// A digest in two lines, to be compared with a finger.
const DIGEST: Style = Style { leading: 17.0, ..MONO };
/// A key on one line.
const VALUE: Style = MONO_SMALL.ink(INK);
const COMMAND: Style = Style { size: 9.6, leading: 14.5, ..MONO };
/// So many earlier keys and so many authorities at most; more go into the file alone: a sheet is a sheet.
const MOST: usize = 2;

/// Makes the page: a PDF 1.7 file of one sheet. The same arguments give the same bytes.
pub fn handover(of: &Handover<'_>) -> Result<Vec<u8>, PacketError> {
    let org = of.anchors.org.as_str();
    let mut book = sheet(of, MOST)?;
    for most in (0..MOST).rev() {
        if book.pages.len() > 1 {
            book = sheet(of, most)?;
        }
    }
    receipt(&mut book);
    let foot = format!("Made {}Z, from the keys of {}", second(of.made_at), text::fit(BODY, org, 300.0));
    book.canvas().words(LEFT, 1084.0, Style { size: 10.5, ..BODY.ink(INK2) }, foot);
    book.finish();
    let about = About {
        title: format!("{org}, anchors for the auditor"),
        author: org.to_owned(),
        subject: "What evidence bundles are checked against".to_owned(),
        identifier: of.anchors.root_sha256.clone(),
        made_at: of.made_at,
        seed: vec![of.anchors.json()],
    };
    pdf::write(&book, &about)
}

/// The page with so many of what there may be several of; a name too long for its line may make it two.
fn sheet(of: &Handover<'_>, most: usize) -> Result<Book, PacketError> {
    let org = of.anchors.org.as_str();
    let mut book = Book::named(org, String::new());
    book.open(Frame::default());
    head(&mut book, of);
    lead(&mut book, org);
    digests(&mut book, of, most)?;
    how(&mut book);
    Ok(book)
}

fn head(book: &mut Book, of: &Handover<'_>) {
    let canvas = book.canvas();
    marks::seal(canvas, LEFT + 9.5, 49.5, 19.0, Ring::Whole);
    canvas.words(LEFT + 27.0, 54.0, Style { size: 13.5, ..SECTION }, "Passmuster");
    canvas.words_to(RIGHT, 54.0, BODY.ink(INK2), &say::long_date(of.made_at));
    canvas.words(LEFT, 112.0, COMPANY, text::fit(COMPANY, &of.anchors.org, WHOLE));
    canvas.words(LEFT - 1.0, 158.0, TITLE, "Anchors for the auditor");
    canvas.scotch(LEFT, 176.0, WHOLE);
    book.y = 196.0;
}

fn lead(book: &mut Book, org: &str) {
    let org = text::fit(LEAD, org, 300.0);
    let says = format!(
        "Keep this page. Every evidence bundle of {org} prints the same digests; a forged one would print the forger’s. This copy, which came to you by another way, shows which it is."
    );
    for line in wrap(&[words(LEAD, says)], COLUMN + 90.0) {
        book.y += LEAD.leading;
        let y = book.y - 6.0;
        book.canvas().set(LEFT, y, &line);
    }
    book.y += 2.0;
}

fn digests(book: &mut Book, of: &Handover<'_>, most: usize) -> Result<(), PacketError> {
    let (anchors, keys) = (of.anchors, of.keys);
    let row = |name: &str, what: String, value: Span, more: String| {
        let mut right = vec![value];
        if !more.is_empty() {
            right.push(quiet(format!("\n{}", text::fit(SMALL, &more, 490.0))));
        }
        Row::of(vec![vec![strong(name), quiet(format!("\n{what}"))], right])
    };
    let sha = || "SHA-256 of its DER".to_owned();
    let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d").to_string();
    let mut rows = vec![
        row(
            "Root certificate",
            sha(),
            digest(&anchors.root_sha256),
            format!("{}, until {}", keys.root_name(), day(keys.root_until())),
        ),
        row(
            "Ledger’s key",
            "signs every head".to_owned(),
            words(VALUE, anchors.log_vkey.as_str()),
            format!("ledger {}", keys.origin()),
        ),
    ];
    for vkey in anchors.earlier_log_vkeys.iter().rev().take(most) {
        rows.push(row("Earlier key", "still signs beside it".to_owned(), words(VALUE, vkey.as_str()), String::new()));
    }
    let pems = &anchors.tsa_roots;
    let named = if pems.is_empty() { Vec::new() } else { authorities(pems)? };
    for (name, sha256) in named.iter().take(most) {
        rows.push(row("Time authority", sha(), digest(sha256), name.clone()));
    }
    if named.is_empty() {
        rows.push(Row::of(vec![
            vec![strong("Time authority")],
            vec![quiet("none: times are the company’s own, and every bundle says so")],
        ]));
    }
    let left_out = anchors.earlier_log_vkeys.len().saturating_sub(most) + named.len().saturating_sub(most);
    let file = match left_out {
        0 => "the same for programs; sha256sum prints this".to_owned(),
        n => format!("holds {n} more that this sheet has no room for"),
    };
    rows.push(row(
        "anchors.json",
        "SHA-256 of the file".to_owned(),
        digest(&sha256_hex(anchors.json().as_bytes())),
        file,
    ));
    rows.push(row(
        "Signer in use",
        "may change; the root vouches".to_owned(),
        digest(&keys.signer_fingerprint()),
        format!("for information; {}, until {}", keys.signer_name(), day(keys.signer_until())),
    ));
    table(book, "To compare", &[col("", 156.0), col("", 500.0)], &rows);
    Ok(())
}

/// In groups of four, half on each line.
fn digest(hex: &str) -> Span {
    let (first, second) = hex.split_at(hex.len() / 2);
    words(DIGEST, format!("{}\n{}", say::groups(first), say::groups(second)))
}

fn authorities(pems: &[String]) -> Result<Vec<(String, String)>, PacketError> {
    let read = Authorities::from_pem(&pems.concat()).map_err(|e| PacketError::Pdf(e.to_string()))?;
    Ok(read.named())
}

fn how(book: &mut Book) {
    book.heading("How to use it");
    book.y += 8.0;
    step(
        book,
        "1. The certificate you keep as evidence-root.pem must have the first digest above:",
        &["openssl x509 -in evidence-root.pem -noout -fingerprint -sha256"],
    );
    step(
        book,
        "2. With Passmuster, on any machine and without a network. It says what it found, and what it could not prove:",
        &["passmuster verify BUNDLE.zip --anchors anchors.json"],
    );
    step(
        book,
        "3. Without it, in a bundle’s unpacked folder; START-HERE.txt there has the rest of the recipe:",
        &[
            "openssl cms -verify -binary -inform DER -in signatures/tagmanifest-sha256.txt.p7s \\",
            "  -content tagmanifest-sha256.txt -CAfile ../evidence-root.pem -purpose any -out /dev/null",
        ],
    );
    let says = "A new signer changes nothing here. When the root or the ledger’s key changes you are handed a new page; keep this one with the bundles of its time.";
    book.paragraph(&[words(PARAGRAPH, says)]);
}

fn step(book: &mut Book, says: &str, commands: &[&str]) {
    let spans: Vec<Span> = vec![words(PARAGRAPH, says)];
    let width = book.width();
    book.lines(&spans, width, PARAGRAPH.leading);
    for command in commands {
        let y = book.y + 11.0;
        book.canvas().words(LEFT + 14.0, y, COMMAND, *command);
        book.y += COMMAND.leading;
    }
    book.y += 7.0;
}

/// Lines to be filled in with a pen.
fn receipt(book: &mut Book) {
    const Y: f32 = 1036.0;
    let canvas = book.canvas();
    let parts = [("Handed over by", 0.0, 226.0), ("Received by", 250.0, 226.0), ("On", 500.0, 156.0)];
    for (label, x, w) in parts {
        canvas.rule(LEFT + x, Y, w, INK);
        canvas.words(LEFT + x, Y + 15.0, MARGINAL, label);
    }
}
