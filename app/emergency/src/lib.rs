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
    incident::{Incident, Refusal},
    kit::{Contact, Fingerprint, Kit, Opened, Point},
    runbook::Section,
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
#[template(path = "shell.html")]
struct Shell;

/// The page around it on a device without a connection. It holds nothing of anybody.
pub fn shell() -> String {
    Shell.render().expect("a template over text")
}
