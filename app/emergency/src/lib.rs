//! The emergency desk as a page: drawn by the portal, and by a phone that has neither portal nor network.
//!
//! Both draw it from the same things by the same code: a kit, the acts so far, and a clock. Its forms work without a
//! script; with one, the page's script takes what a form says to [`domain::incident::write`] on the device itself.

mod desk;
mod said;

#[cfg(target_arch = "wasm32")]
mod browser;

use askama::Template;
use domain::{
    Moment,
    incident::{Incident, Refusal, Step},
    kit::{Contact, Fingerprint, Kit, Opened, Path, Point},
    runbook::Section,
    target::Scenario,
    words,
};

pub use desk::Desk;

/// What is asked for besides the records.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The incident that is looked at; `None`: the newest that is open.
    pub incident: Option<String>,
    /// A form that was refused, with what it said.
    pub refused: Option<(Refusal, Vec<(String, String)>)>,
}

/// The desk: a loss to declare, or the incident that is worked on.
pub fn emergency(kit: &Kit, incidents: &[Incident], view: &View, now: Moment) -> String {
    Desk::of(kit, incidents, view, now).render().expect("a template over text")
}

#[derive(Template)]
#[template(path = "runbook.html")]
struct Book<'a> {
    title: &'a str,
    version: &'a str,
    owner: &'a str,
    approved: String,
    signed: Option<String>,
    sha256: String,
    sections: &'a [Section],
    people: &'a [Contact],
    points: Vec<(String, String, String)>,
    keys: &'a [Fingerprint],
}

/// The runbook in force and what goes with it, as the kit holds them.
pub fn runbook(opened: &Opened) -> String {
    let kit = &opened.kit;
    let book = Book {
        title: &opened.book.front.title,
        version: &opened.version.version,
        owner: &opened.book.front.owner,
        approved: words::date(opened.version.occurred_at),
        signed: opened.signed.as_ref().map(|(by, at)| format!("{by}, {}", words::date(*at))),
        sha256: words::groups(&kit.runbook.sha256),
        sections: &opened.book.sections,
        people: &kit.people,
        points: kit.points.iter().map(point).collect(),
        keys: &kit.keys,
    };
    book.render().expect("a template over text")
}

fn point(point: &Point) -> (String, String, String) {
    let places = point.places.join(", ");
    (point.id.clone(), format!("{} UTC", words::date_time(point.taken_at)), format!("{} {places}", point.store))
}

#[derive(Template)]
#[template(path = "paper.html")]
struct Paper<'a> {
    title: &'a str,
    version: &'a str,
    approved: String,
    signed: Option<String>,
    company: &'a str,
    made: String,
    sha256: String,
    address: &'a str,
    /// An SVG.
    code: &'a str,
    paths: Vec<(&'static str, &'a str, String, String)>,
    steps: Vec<&'static str>,
    sections: &'a [Section],
    people: &'a [Contact],
    points: Vec<(String, String, String)>,
    keys: &'a [Fingerprint],
}

/// The kit as one page that needs nothing else, for a stick and a printer. `code`: an SVG of the QR code that holds
/// `address`.
pub fn paper(opened: &Opened, code: &str, address: &str) -> String {
    let kit = &opened.kit;
    let paper = Paper {
        title: &opened.book.front.title,
        version: &opened.version.version,
        approved: words::date(opened.version.occurred_at),
        signed: opened.signed.as_ref().map(|(by, at)| format!("{by} on {}", words::date(*at))),
        company: &kit.company,
        made: words::date_time(kit.made_at),
        sha256: words::groups(&kit.runbook.sha256),
        address,
        code,
        paths: kit.paths.iter().map(row).collect(),
        steps: Step::ALL.into_iter().map(|step| step.asks(Scenario::Collection)).collect(),
        sections: &opened.book.sections,
        people: &kit.people,
        points: kit.points.iter().map(point).collect(),
        keys: &kit.keys,
    };
    paper.render().expect("a template over text")
}

/// Title, means, promise, and what the last drill took.
fn row(path: &Path) -> (&'static str, &str, String, String) {
    let drilled = path.drilled.as_ref().map_or("no tested path".to_owned(), |drilled| {
        format!("{}, on {}", words::duration(drilled.restore_ms), words::date(drilled.at))
    });
    (path.scenario.title(), &path.means, format!("within {}", words::duration(path.rto_ms)), drilled)
}

#[derive(Template)]
#[template(path = "shell.html")]
struct Shell;

/// The page around it on a device without a connection. It holds nothing of anybody.
pub fn shell() -> String {
    Shell.render().expect("a template over text")
}
