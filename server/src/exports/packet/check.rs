//! How to check the packet and its bundle with tools nobody here wrote, and what that shows.

use domain::proof::layout::{self, RECIPE};

use super::{
    page::{Book, Frame, LEFT, body},
    text::{INK, MONO, PARAGRAPH, RULE, SMALL, Span, Style, words},
};
use crate::{exports::content::Content, time::Outside};

const CODE: Style = Style { size: 9.6, leading: 15.0, ink: INK, ..MONO };

pub fn section(book: &mut Book, content: &Content) {
    let title = "How to check this packet";
    let eyebrow = [body("Without Passmuster, and without trusting it.")];
    let frame = Frame { running: title.to_owned(), digest: None, margin: false };
    book.section(title, title, 0, &eyebrow, frame);
    book.y += 16.0;
    let said = |text: String| vec![words(PARAGRAPH, text)];
    step(
        book,
        1,
        said(format!(
            "Unpack the bundle. Put the root certificate that {} gave you when the engagement began beside its folder, as evidence-root.pem. The copy inside the bundle is a convenience and proves nothing. Its fingerprint must be the one you were given:",
            content.org
        )),
    );
    code(book, "openssl x509 -in ../evidence-root.pem -noout -fingerprint -sha256");
    step(book, 2, said("Open a terminal in the bundle’s folder and run this in bash. It needs openssl and coreutils, and nothing else:".to_owned()));
    code(book, RECIPE);
    step(book, 3, said("The last line must read complete. If it does not, this is not the bundle that was signed: a file is missing, changed or added, or the signature is by another key.".to_owned()));
    step(
        book,
        4,
        vec![
            words(PARAGRAPH, "This PDF is signed as well, and holds on its own. "),
            words(CODE, format!("pdfsig {}", layout::PACKET)),
            words(
                PARAGRAPH,
                " must say “Total document signed”; what is added later it still calls valid. A reader of PDF calls the signer unknown until you tell it to trust the root certificate you hold.",
            ),
        ],
    );
    step(book, 5, said("Compare the fingerprints on the next page with your own copies, and an earlier checkpoint that you hold with data/log/checkpoint-prev.txt.".to_owned()));
    step(book, 6, said("To follow one fact: the number beside it (№) is its place in the ledger, and the eight digits begin its digest. The exact bytes that were hashed are a line in data/records, data/findings, data/runbooks or data/gaps.jsonl; sha256sum of that line, without its newline, gives the whole digest.".to_owned()));
    step(
        book,
        7,
        vec![
            words(CODE, "passmuster verify"),
            words(
                PARAGRAPH,
                " checks the same and more: it folds the ledger, compares each record with its entry, makes the draws again and judges the drills again.",
            ),
        ],
    );

    book.heading("What this proves, and what it does not");
    book.y += 10.0;
    let org = &content.org;
    for text in [
        format!("The signature shows that {org} issued this bundle and that nothing in it changed since. It does not show that nothing was rewritten before: the keys are {org}’s own."),
        match &content.outside {
            Outside::Stamped { .. } => "Rewriting is stopped by what the company does not hold: your copy of an earlier checkpoint, and the outside authority whose token says that this bundle existed at its time. What lies before that time is the company’s own word.".to_owned(),
            Outside::SelfAsserted(why) => format!("Rewriting is stopped by what the company does not hold, above all your copy of an earlier checkpoint. The times in this packet are self-asserted: they are the company’s own clock. No outside authority stamped it: {why}."),
        },
        "No signature shows an event that was never recorded. For that the packet compares what was due with what is there, and lists the gaps.".to_owned(),
    ] {
        book.paragraph(&[words(PARAGRAPH, text)]);
    }
    if book.escapes() {
        book.paragraph(&[words(SMALL, "A letter that this packet’s fonts do not have, or that has no shape, is printed as its number in Unicode: [U+6F22].")]);
    }
}

/// A numbered step; its number stands left of the text on a line of its own width.
fn step(book: &mut Book, n: usize, text: Vec<Span>) {
    let mut spans = vec![words(PARAGRAPH, format!("{n}.\u{a0}"))];
    spans.extend(text);
    book.paragraph(&spans);
}

fn code(book: &mut Book, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    book.need(lines.len() as f32 * CODE.leading + 20.0);
    let (y, width) = (book.y, book.width());
    book.canvas().rule(LEFT, y, width, RULE);
    book.y += 6.0;
    for line in lines {
        let y = book.y + 11.0;
        let text = line.trim_start();
        let indent = CODE.width(" ") * (line.len() - text.len()).min(4) as f32;
        book.canvas().words(LEFT + indent, y, CODE, text);
        book.y += CODE.leading;
    }
    book.y += 5.0;
    let y = book.y;
    book.canvas().rule(LEFT, y, width, RULE);
    book.y += 12.0;
}
