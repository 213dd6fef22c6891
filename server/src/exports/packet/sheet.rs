//! The printed kit: the runbook line by line, whom to call, the last recovery points, fingerprints, and a code that
//! holds the version's digest.

use domain::{
    kit::Opened,
    reading::{self, Line},
    words as say,
};
use qrcodegen::QrCode;

use super::{
    PacketError,
    page::{Book, Frame, LEFT, body, quiet, second, strong},
    pdf::{self, About},
    sentences::lead,
    table::{Row, Table, col},
    text::{MONO_SMALL, words},
};
use crate::exports::kit::dark;

/// One module of the code, in the page's px: 45 modules are 30 mm.
const MODULE: f32 = 2.5;

/// Makes the file: a PDF 1.7. The same arguments give the same bytes.
pub fn sheet(opened: &Opened, code: &QrCode, address: &str) -> Result<Vec<u8>, PacketError> {
    let kit = &opened.kit;
    let version = &opened.version.version;
    let foot = format!("Kit of {}, made {}Z", kit.company, second(kit.made_at));
    let mut book = Book::named(&kit.company, foot);
    let signed = match &opened.signed {
        Some((by, at)) => format!("signed by {by} on {}", say::date(*at)),
        None => "not signed in the portal".to_owned(),
    };
    let eyebrow = [body(format!("Version {version}, approved {}, {signed}.", say::date(opened.version.occurred_at)))];
    let plain = Frame { running: "Emergency".to_owned(), digest: None, margin: false };
    book.section(&opened.book.front.title, "", 0, &eyebrow, plain);
    lead(
        &mut book,
        "Restore to staging first, never straight over production. Tell the tenants in time, and write down what you do.",
    );
    drawn(&mut book, code);
    book.paragraph(&[strong("This version, as it is sealed: "), words(MONO_SMALL, say::groups(&kit.runbook.sha256))]);
    book.paragraph(&[quiet(address.to_owned())]);
    paths(&mut book, opened);
    people(&mut book, opened);
    for line in reading::lines(&opened.version.text) {
        set(&mut book, &line);
    }
    points(&mut book, opened);
    let keys: Vec<Row> = kit
        .keys
        .iter()
        .map(|key| Row::of(vec![vec![strong(key.what.clone()), words(MONO_SMALL, format!("\n{}", key.is))]]))
        .collect();
    Table::new("Fingerprints to compare", &[col("", 476.0)]).tight().set(&mut book, &keys);
    book.finish();
    let about = About {
        title: format!("{}, emergency kit, runbook {version}", kit.company),
        author: kit.company.clone(),
        subject: "What to do when data is lost".to_owned(),
        identifier: kit.runbook.sha256.clone(),
        made_at: kit.made_at,
        seed: vec![kit.runbook.sha256.clone(), kit.made_at.rfc3339()],
    };
    pdf::write(&book, &about)
}

fn drawn(book: &mut Book, code: &QrCode) {
    let side = code.size() as f32 * MODULE;
    book.need(side + 20.0);
    let top = book.y + 8.0;
    for (x, y) in dark(code) {
        // A hair wider than its place, so that no light shows between two.
        let (x, y) = (LEFT + x as f32 * MODULE, top + y as f32 * MODULE);
        book.canvas().rect(x, y, MODULE + 0.05, MODULE + 0.05, super::text::INK);
    }
    book.gap(side + 20.0);
}

fn set(book: &mut Book, line: &Line) {
    match line.heading {
        Some(_) => {
            book.heading(&line.says);
            book.gap(6.0);
        }
        None => book.paragraph(&[body(line.says.clone())]),
    }
}

fn paths(book: &mut Book, opened: &Opened) {
    let rows: Vec<Row> = opened
        .kit
        .paths
        .iter()
        .map(|path| {
            let drilled = path.drilled.as_ref().map_or("no tested path".to_owned(), |d| {
                format!("{} when last drilled, on {}", say::duration(d.restore_ms), say::date(d.at))
            });
            Row::of(vec![
                vec![strong(path.scenario.title()), quiet(format!("\n{}", path.means))],
                vec![body(format!("promised within {}", say::duration(path.rto_ms))), quiet(format!("\n{drilled}"))],
            ])
        })
        .collect();
    Table::new("What was lost, and the way back", &[col("", 238.0), col("", 238.0)]).set(book, &rows);
}

fn people(book: &mut Book, opened: &Opened) {
    let rows: Vec<Row> = opened
        .kit
        .people
        .iter()
        .map(|p| {
            let reach = p.email.clone().unwrap_or_default();
            Row::of(vec![
                vec![strong(p.name.clone()), quiet(format!(", {}", p.role))],
                vec![body(reach), quiet(format!("\n{}", p.trained))],
            ])
        })
        .collect();
    Table::new("Whom to call", &[col("", 238.0), col("", 238.0)]).set(book, &rows);
}

fn points(book: &mut Book, opened: &Opened) {
    let rows: Vec<Row> = opened
        .kit
        .points
        .iter()
        .take(15)
        .map(|p| {
            Row::of(vec![
                vec![body(format!("{} UTC", say::date_time(p.taken_at)))],
                vec![body(format!("{} {}", p.store, p.places.join(", "))), words(MONO_SMALL, format!("\n{}", p.id))],
            ])
        })
        .collect();
    if rows.is_empty() {
        return book.paragraph(&[quiet("No source has named a recovery point.")]);
    }
    Table::new("Last recovery points", &[col("", 158.0), col("", 318.0)]).tight().set(book, &rows);
}
