//! What was erased for good since the recovery point came back with it, and is erased again before anybody works with
//! the copy: a list of the user's own, one object in JSON to a line.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bson::{Bson, Document, doc};
use domain::{
    Moment,
    drill::{Check, CheckId, CheckVerdict, Erasures},
    words,
};
use mongodb::Database;
use serde::Deserialize;

use super::refusal::refusal;

/// One line. Without a collection it is all of the tenant's.
#[derive(Clone, Debug)]
struct Erased {
    tenant: String,
    of: Option<(String, Document)>,
    at: Moment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    tenant: String,
    collection: Option<String>,
    /// "_id" where nothing is said.
    field: Option<String>,
    /// The field's value, in Extended JSON.
    value: Option<serde_json::Value>,
    erased_at: String,
}

#[derive(Clone, Debug, Default)]
pub struct List(Vec<Erased>);

impl List {
    /// Reads the whole file, and says every line that is wrong before anything runs.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut wrong = Vec::new();
        let mut list = Vec::new();
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match erased(line) {
                Ok(erased) => list.push(erased),
                // A value may be a person's: only what is wrong is said, never the line.
                Err(why) => wrong.push(format!("line {}: {why:#}", n + 1)),
            }
        }
        if !wrong.is_empty() {
            bail!("{}: {}", path.display(), wrong.join("; "));
        }
        Ok(Self(list))
    }

    /// Tenants erased as a whole, and when.
    pub fn tenants(&self) -> impl Iterator<Item = (&str, Moment)> {
        self.0.iter().filter(|e| e.of.is_none()).map(|e| (e.tenant.as_str(), e.at))
    }

    /// Erases again in each tenant's copy what the list says.
    pub async fn replay(&self, copies: &[(String, Database)], taken_at: Moment) -> Result<Erasures> {
        let mut done = Erasures::default();
        for (tenant, copy) in copies {
            for erased in self.0.iter().filter(|e| e.tenant == *tenant) {
                let since = erased.at > taken_at;
                done.listed += i64::from(since);
                let (found, left) = erased.again(copy).await.with_context(|| format!("erasing again in {tenant}"))?;
                if since {
                    done.suppressed += found - left;
                } else {
                    done.survived += found;
                }
                done.left += left;
            }
        }
        Ok(done)
    }
}

impl Erased {
    /// Documents found, and those found once more after they were erased.
    async fn again(&self, copy: &Database) -> Result<(i64, i64)> {
        let of = match &self.of {
            Some((collection, filter)) => vec![(collection.clone(), filter.clone())],
            None => {
                let names =
                    copy.list_collections().filter(doc! { "type": { "$ne": "view" } }).await.map_err(refusal)?;
                let names: Vec<String> = futures::TryStreamExt::try_collect::<Vec<_>>(names)
                    .await
                    .map_err(refusal)?
                    .into_iter()
                    .map(|c| c.name)
                    .filter(|name| !name.starts_with("system."))
                    .collect();
                names.into_iter().map(|name| (name, doc! {})).collect()
            }
        };
        let (mut found, mut left) = (0, 0);
        for (collection, filter) in of {
            let there = copy.collection::<Document>(&collection);
            found += there.count_documents(filter.clone()).await.map_err(refusal)?;
            // Of a whole tenant nothing stays, not even the names of its collections.
            if self.of.is_none() {
                there.drop().await.map_err(refusal)?;
            } else {
                there.delete_many(filter.clone()).await.map_err(refusal)?;
            }
            left += there.count_documents(filter).await.map_err(refusal)?;
        }
        Ok((i64::try_from(found)?, i64::try_from(left)?))
    }
}

fn erased(line: &str) -> Result<Erased> {
    let line: Line = serde_json::from_str(line).map_err(|e| match e.classify() {
        // Its words quote names, never values.
        serde_json::error::Category::Data => anyhow::anyhow!("{}", without_position(&e.to_string())),
        _ => anyhow::anyhow!("is no object in JSON"),
    })?;
    let at = Moment::parse(&line.erased_at).context("erasedAt is no time as 2026-11-16T12:00:00Z")?;
    let of = match (line.collection, line.value) {
        (Some(collection), Some(value)) => {
            let value = Bson::try_from(value).ok().context("value is no Extended JSON")?;
            Some((collection, doc! { line.field.as_deref().unwrap_or("_id"): { "$eq": value } }))
        }
        (None, None) if line.field.is_none() => None,
        _ => bail!("collection and value belong together; without both it is the whole tenant"),
    };
    Ok(Erased { tenant: line.tenant, of, at })
}

fn without_position(said: &str) -> &str {
    said.split(" at line ").next().unwrap_or(said)
}

/// What follows from it.
pub fn check(done: &Erasures) -> Check {
    let count = |n: i64| words::count(n);
    let mut detail = match done.listed {
        0 => "nothing on the list was erased since the recovery point".to_owned(),
        listed => format!(
            "{} on the list since the recovery point; {} of their documents had come back and were erased again",
            count(listed),
            count(done.suppressed)
        ),
    };
    if done.left > 0 {
        detail += &format!("; {} are still found", count(done.left));
    }
    if done.survived > 0 {
        detail += &format!(
            "; {} erased before the recovery point was taken were in it all the same: their erasure did not hold",
            count(done.survived)
        );
    }
    let verdict = if done.left == 0 && done.survived == 0 { CheckVerdict::Passes } else { CheckVerdict::Fails };
    let (expected, actual) = ("none left".to_owned(), format!("{} left", count(done.left)));
    Check { id: CheckId::Erasures, expected, actual, verdict, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_line_is_said_and_no_value_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("erased.jsonl");
        let good = r#"{"tenant":"t","collection":"c","value":{"$oid":"070707070707070707070707"},"erasedAt":"2026-11-16T12:00:00Z"}"#;
        std::fs::write(&file, format!("{good}\n\n{{\"tenant\":\"t\",\"erasedAt\":\"2026-11-16T12:00:00Z\"}}\n"))
            .expect("a file");
        let list = List::read(&file).expect("a list");
        assert_eq!((list.0.len(), list.tenants().count()), (2, 1));
        let (_, filter) = list.0[0].of.clone().expect("of a collection");
        assert!(filter.get_document("_id").expect("a filter").get_object_id("$eq").is_ok());
        let bad = [
            r#"{"tenant":"t","collection":"c","value":"anna@example.org"}"#,
            r#"{"tenant":"t","collection":"c","value":"anna@example.org","erasedAt":"soon"}"#,
            r#"{"tenant":"t","value":"anna@example.org","erasedAt":"2026-11-16T12:00:00Z"}"#,
            r#"{"tenant":"t","email":"anna@example.org","erasedAt":"2026-11-16T12:00:00Z"}"#,
            r#"{"tenant":"anna@example.org"#,
        ];
        std::fs::write(&file, bad.join("\n")).expect("a file");
        let error = format!("{:#}", List::read(&file).expect_err("bad lines"));
        for n in 1..=bad.len() {
            assert!(error.contains(&format!("line {n}: ")), "{error}");
        }
        assert!(!error.contains("anna"), "{error}");
    }
}
