//! An update as the operation log holds it (`$v: 2`), applied to the document that it changed.
//!
//! Format and leniency as in MongoDB's own `document_diff_applier.cpp`: what does not fit the document was written
//! before a later operation that this document has seen already, and is passed by.
//! Source: <https://github.com/mongodb/mongo/blob/master/src/mongo/db/update/document_diff_serialization.h>

use anyhow::{Context, Result, bail};
use bson::{Bson, Document};

/// Refuses one with a part that is not known, also where no document has what it changes.
pub fn check(diff: &Document) -> Result<()> {
    let of_array = diff.get_bool("a").unwrap_or(false);
    for (part, value) in diff {
        match (part.as_str(), of_array) {
            ("a" | "l", true) => {}
            ("d" | "u" | "i", false) => drop(fields(value, part)?),
            (part, true) if part.starts_with('u') => {}
            (part, _) if part.starts_with('s') => check(fields(value, part)?)?,
            _ => bail!("an update with the part {part:?}, which this runner does not know"),
        }
    }
    Ok(())
}

/// Applies one to a document: deletions, updates in their place, insertions at the end.
pub fn apply(document: &Document, diff: &Document) -> Result<Document> {
    let mut changes = Vec::new();
    for (part, value) in diff {
        match part.as_str() {
            "d" => changes.extend(fields(value, part)?.keys().map(|field| (field.as_str(), Change::Goes))),
            "u" => changes.extend(fields(value, part)?.iter().map(|(field, new)| (field.as_str(), Change::Is(new)))),
            "i" => changes.extend(fields(value, part)?.iter().map(|(field, new)| (field.as_str(), Change::Ends(new)))),
            _ => match part.strip_prefix('s') {
                Some(field) => changes.push((field, Change::Within(fields(value, part)?))),
                None => bail!("an update with the part {part:?}, which this runner does not know"),
            },
        }
    }
    let of = |field: &str| changes.iter().find(|(name, _)| *name == field).map(|(_, change)| *change);
    let mut changed = Document::new();
    for (field, old) in document {
        match of(field) {
            None => drop(changed.insert(field, old)),
            Some(Change::Goes | Change::Ends(_)) => {}
            Some(Change::Is(new)) => drop(changed.insert(field, new)),
            Some(Change::Within(diff)) => drop(changed.insert(field, within(old, diff)?)),
        }
    }
    for (field, change) in &changes {
        match change {
            Change::Is(new) if !document.contains_key(field) => drop(changed.insert(*field, *new)),
            Change::Ends(new) => drop(changed.insert(*field, *new)),
            _ => {}
        }
    }
    Ok(changed)
}

#[derive(Clone, Copy)]
enum Change<'a> {
    Goes,
    Is(&'a Bson),
    Ends(&'a Bson),
    Within(&'a Document),
}

fn within(old: &Bson, diff: &Document) -> Result<Bson> {
    let of_array = diff.get_bool("a").unwrap_or(false);
    Ok(match old {
        Bson::Document(old) if !of_array => Bson::Document(apply(old, diff)?),
        Bson::Array(old) if of_array => Bson::Array(array(old, diff)?),
        other => other.clone(),
    })
}

fn array(old: &[Bson], diff: &Document) -> Result<Vec<Bson>> {
    let mut new = old.to_vec();
    if let Some(length) = diff.get("l") {
        let length = length.as_i32().and_then(|n| usize::try_from(n).ok()).context("a length that is none")?;
        new.resize(length.min(MOST_ELEMENTS), Bson::Null);
    }
    for (part, value) in diff.iter().filter(|(part, _)| *part != "a" && *part != "l") {
        let number = |digits: &str| digits.parse::<usize>().ok().filter(|n| *n < MOST_ELEMENTS);
        let (at, value) = if let Some(at) = part.strip_prefix('u').and_then(number) {
            (at, value.clone())
        } else if let Some(at) = part.strip_prefix('s').and_then(number) {
            (at, new.get(at).map_or(Ok(Bson::Null), |old| within(old, fields(value, part)?))?)
        } else {
            bail!("an update of an array with the part {part:?}, which this runner does not know");
        };
        if new.len() <= at {
            new.resize(at + 1, Bson::Null);
        }
        new[at] = value;
    }
    Ok(new)
}

/// A document of 16 MiB holds no more elements, the smallest being of three bytes.
const MOST_ELEMENTS: usize = 16 * 1024 * 1024 / 3;

fn fields<'a>(value: &'a Bson, part: &str) -> Result<&'a Document> {
    value.as_document().with_context(|| format!("the part {part:?} of an update is no document"))
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn each_part_does_what_the_server_does() {
        let old = doc! { "_id": 1, "a": 1, "b": { "c": 1, "d": [1, 2, { "e": 1 }] }, "f": "x" };
        for (diff, new) in [
            (doc! { "d": { "a": false } }, doc! { "_id": 1, "b": { "c": 1, "d": [1, 2, { "e": 1 }] }, "f": "x" }),
            (doc! { "u": { "a": 2, "g": 3 } }, doc! { "_id": 1, "a": 2, "b": old.get("b"), "f": "x", "g": 3 }),
            // An insertion comes last, also when the document has the field already.
            (doc! { "i": { "a": 2 } }, doc! { "_id": 1, "b": old.get("b"), "f": "x", "a": 2 }),
            (
                doc! { "sb": { "u": { "c": 5 }, "sd": { "a": true, "l": 2, "u1": 9 } } },
                doc! { "_id": 1, "a": 1, "b": { "c": 5, "d": [1, 9] }, "f": "x" },
            ),
            (
                doc! { "sb": { "sd": { "a": true, "s2": { "u": { "e": 2 } }, "u4": 7 } } },
                doc! { "_id": 1, "a": 1, "b": { "c": 1, "d": [1, 2, { "e": 2 }, Bson::Null, 7] }, "f": "x" },
            ),
            // What no longer fits is passed by.
            (doc! { "sa": { "u": { "x": 1 } }, "sz": { "u": { "x": 1 } } }, old.clone()),
            (doc! { "sb": { "a": true, "u0": 1 } }, old.clone()),
        ] {
            assert_eq!(apply(&old, &diff).expect("known"), new, "{diff}");
        }
    }

    #[test]
    fn what_is_not_known_is_said_and_not_passed_by() {
        for diff in [doc! { "b": {} }, doc! { "u": 1 }, doc! { "sl": 1 }, doc! { "sl": { "a": true, "b": 1 } }] {
            assert!(apply(&doc! { "l": [1] }, &diff).is_err(), "{diff}");
            assert!(check(&diff).is_err(), "{diff}");
        }
    }
}
