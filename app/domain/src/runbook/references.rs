//! What the text refers to that is not there any more: people who left, systems the catalogue does not name.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, Parser, Tag};

/// A reference that is stale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stale {
    /// Somebody who left, as the text names them.
    Left(String),
    /// A system that the text names in `code`, and no source knows.
    Unknown(String),
}

impl Stale {
    pub fn says(&self) -> String {
        match self {
            Stale::Left(name) => format!("{name} has left, and the text still names them."),
            Stale::Unknown(name) => format!("{name} is named as a system, and is in no source and no catalogue here."),
        }
    }
}

/// `left`: names and addresses of people who are gone; `known`: names of systems, whatever source says them.
pub fn stale(text: &str, left: &[String], known: &BTreeSet<String>) -> Vec<Stale> {
    let lower = text.to_lowercase();
    let mut all: BTreeSet<Stale> = BTreeSet::new();
    for name in left.iter().filter(|name| name.chars().count() >= 4) {
        if whole(&lower, &name.to_lowercase()) {
            all.insert(Stale::Left(name.clone()));
        }
    }
    for code in text.split('`').skip(1).step_by(2).filter(|code| is_system(code)) {
        if !known.contains(&code.to_lowercase()) {
            all.insert(Stale::Unknown(code.to_owned()));
        }
    }
    all.into_iter().collect()
}

/// Links that are followed at most.
pub const LINKS: usize = 50;

/// Every address of the web that the text links to, once, in its order.
pub fn links(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for event in Parser::new(text) {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
        let web = dest_url.starts_with("https://") || dest_url.starts_with("http://");
        if web && all.len() < LINKS && !all.iter().any(|link| *link == *dest_url) {
            all.push(dest_url.to_string());
        }
    }
    all
}

/// Whether the words stand in the text, and not inside longer ones.
fn whole(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, found)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(text[..at].chars().next_back()) && !letter(text[at + found.len()..].chars().next())
    })
}

/// Hyphenated and nothing else: "orders-db", as systems are named; no command, no file, no collection.
fn is_system(code: &str) -> bool {
    code.contains('-')
        && !code.starts_with('-')
        && !code.ends_with('-')
        && code.len() <= 60
        && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && code.chars().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_and_what_is_not_known_is_named_and_nothing_else() {
        let text = "Call Ana Ruiz or `orders-db`, not Anabel Ruizman. Run `mongodump --db x` on `billing-db`, see `backup_audit_log`.";
        let left = ["Ana Ruiz".to_owned(), "Bo Li".to_owned(), "bel".to_owned()];
        let known = BTreeSet::from(["orders-db".to_owned()]);
        assert_eq!(stale(text, &left, &known), [Stale::Left("Ana Ruiz".into()), Stale::Unknown("billing-db".into())]);
        assert_eq!(stale("Call Anabel Ruizman.", &left, &known), []);
    }

    #[test]
    fn only_links_of_the_web_are_links_and_each_is_there_once() {
        let text = "[a](https://a.example/x) [b](mailto:b@a.example) [c](javascript:1) <https://a.example/x> [d](/local) <http://d.example>";
        assert_eq!(links(text), ["https://a.example/x", "http://d.example"]);
    }
}
