//! How to check the packet and its bundle with tools nobody here wrote.

use domain::{proof::layout::RECIPE, words as say};

use super::{
    Fingerprints,
    page::{Book, Frame, LEFT, body, quiet, strong},
    table::{Row, col, table},
    text::{INK, MONO, MONO_SMALL, PARAGRAPH, Style, words},
};
use crate::exports::content::Content;

pub fn how(book: &mut Book, content: &Content, keys: &Fingerprints) {
    let title = "How to check this packet";
    book.section(
        title,
        title,
        0,
        &[body("Without Passmuster, and without trusting it.")],
        Frame { running: title.to_owned(), digest: None, margin: false },
    );
    book.y += 16.0;
    let steps = [
        format!("Unpack the bundle. Put the root certificate that {} gave you when the engagement began beside its folder, as evidence-root.pem. The copy inside the bundle is a convenience and proves nothing.", content.org),
        "Open a terminal in the bundle’s folder and run this in bash. It needs openssl and coreutils, and nothing else:".to_owned(),
    ];
    for (i, step) in steps.iter().enumerate() {
        book.paragraph(&[words(PARAGRAPH, format!("{}. {step}", i + 1))]);
    }
    recipe(book);
    let command = "openssl x509 -in ../evidence-root.pem -noout -fingerprint -sha256";
    book.paragraph(&[
        words(PARAGRAPH, "3. The last line must read complete. If it does not, this is not the bundle that was signed: a missing, changed or added file, or a signature by another key. To see that the certificate is the one you were given: "),
        words(Style { size: 9.6, ..MONO }, command),
    ]);
    let steps = [
        "Compare the fingerprints below with your own copy of them. Then compare the root of the tree on the cover with the checkpoint in data/log/checkpoint.txt, and an earlier checkpoint you hold with data/log/checkpoint-prev.txt.",
        "To follow one fact: the number beside it (№) is its place in the ledger, and the eight digits begin its digest. The exact bytes that were hashed are a line in data/records, data/findings, data/runbooks or data/gaps.jsonl; sha256sum of that line, without its newline, gives the full digest.",
        "passmuster verify checks the same and more: it folds the ledger, compares each record with its entry, draws again and judges the drills again.",
    ];
    for (i, step) in steps.iter().enumerate() {
        book.paragraph(&[words(PARAGRAPH, format!("{}. {step}", i + 4))]);
    }
    fingerprints(book, content, keys);

    book.heading("What this proves, and what it does not");
    book.y += 10.0;
    for text in [
        format!("The signature shows that {} issued this bundle and that nothing in it changed since. It does not show that nothing was rewritten before: the keys are {}’s own.", content.org, content.org),
        "Rewriting is stopped by what the company does not hold: your copy of an earlier checkpoint, and outside timestamps where they are present. Without them the times in this packet are the company’s own word.".to_owned(),
        "No signature shows an event that was never recorded. For that the packet compares what was due with what is there, and lists the gaps.".to_owned(),
    ] {
        book.paragraph(&[words(PARAGRAPH, text)]);
    }
}

fn recipe(book: &mut Book) {
    let style = Style { size: 9.6, leading: 15.0, ink: INK, ..MONO };
    let lines: Vec<&str> = RECIPE.lines().collect();
    book.need(lines.len() as f32 * style.leading + 20.0);
    let (y, width) = (book.y, book.width());
    book.canvas().rule(LEFT, y, width, super::text::RULE);
    book.y += 6.0;
    for line in lines {
        let y = book.y + 11.0;
        let text = line.trim_start();
        let indent = style.width(" ") * (line.len() - text.len()).min(4) as f32;
        book.canvas().words(LEFT + indent, y, style, text);
        book.y += style.leading;
    }
    book.y += 5.0;
    let y = book.y;
    book.canvas().rule(LEFT, y, width, super::text::RULE);
    book.y += 12.0;
}

fn fingerprints(book: &mut Book, content: &Content, keys: &Fingerprints) {
    let row = |name: &str, what: &str, value: Vec<super::text::Span>| {
        Row::of(vec![vec![strong(name), quiet(format!("\n{what}"))], value])
    };
    let digest = |hex: &str| vec![words(Style { ink: INK, ..MONO_SMALL }, say::groups(hex))];
    let key = |vkey: &str| vec![words(Style { ink: INK, ..MONO_SMALL }, vkey)];
    let mut rows = vec![
        row("Root certificate", "SHA-256 of its DER", digest(&keys.root)),
        row("Bundle signer", "SHA-256 of its DER", digest(&keys.signer)),
        row("Ledger key", "as its checkpoints name it", key(&keys.vkey)),
    ];
    rows.extend(keys.earlier_vkeys.iter().map(|vkey| row("Earlier ledger key", "still signs beside it", key(vkey))));
    rows.push(row("Tree head", &format!("{} entries", content.log.head.size), digest(&content.log.head.root)));
    table(book, "Fingerprints", &[col("", 156.0), col("", 500.0)], &rows);
    book.y += 4.0;
}
