//! What somebody wrote of a datastore.

use serde::{Deserialize, Serialize};

use crate::Moment;

/// One description (`datastores`). The next one replaces it whole; the ones before stay in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    /// 1
    pub schema: u32,
    pub name: String,
    /// What vendors call it: a cluster's name, an ARN.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// By contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpo_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rto_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_of_truth: Option<String>,
    /// When it was written.
    pub occurred_at: Moment,
    /// The name of who wrote it.
    pub by: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
}

/// As they stand in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub name: String,
    /// One on each line.
    pub names: String,
    pub kind: String,
    pub service: String,
    pub owner: String,
    pub tier: String,
    pub region: String,
    pub retention_days: String,
    pub rpo_hours: String,
    pub rto_hours: String,
    pub source_of_truth: String,
}

/// Characters of one value, and how many names it may have.
pub const LONGEST: usize = 200;
pub const NAMES: usize = 20;
/// Ten years and a hundred: what is longer was not meant.
const MOST_HOURS: f64 = 24.0 * 3660.0;
const MOST_DAYS: f64 = 36_600.0;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {next}")]
pub struct DescribedError {
    pub what: String,
    pub next: &'static str,
}

impl Described {
    pub fn write(words: &Words, now: Moment, by: &str) -> Result<Self, DescribedError> {
        let text = |what: &str, value: &str| match value.trim() {
            "" => Ok(None),
            value if value.chars().count() <= LONGEST && !value.chars().any(char::is_control) => {
                Ok(Some(value.to_owned()))
            }
            _ => Err(DescribedError {
                what: format!("{what} is too long, or holds characters that do not print."),
                next: "Write it in up to 200 characters.",
            }),
        };
        let number = |what: &str, value: &str, most: f64| match value.trim() {
            "" => Ok(None),
            value => match value.parse::<f64>() {
                Ok(number) if (0.0..=most).contains(&number) => Ok(Some(number)),
                _ => Err(DescribedError {
                    what: format!("{what} is not a number that can be meant."),
                    next: "Write digits, such as 6 or 0.5, or leave it empty.",
                }),
            },
        };
        let hours = |what: &str, value: &str| {
            let read = number(what, value, MOST_HOURS)?;
            Ok(read.map(|hours| (hours * 3_600_000.0).round() as i64))
        };
        let days = number("The retention", &words.retention_days, MOST_DAYS)?;
        let mut names = Vec::new();
        for line in words.names.lines() {
            names.extend(text("A name", line)?);
        }
        if names.len() > NAMES {
            return Err(DescribedError { what: "These are too many names.".to_owned(), next: "Give up to twenty." });
        }
        let name = text("The name", &words.name)?.ok_or_else(|| DescribedError {
            what: "The name is missing.".to_owned(),
            next: "Write what people call it.",
        })?;
        Ok(Self {
            schema: 1,
            name,
            names,
            kind: text("The kind", &words.kind)?,
            service: text("The service", &words.service)?,
            owner: text("The owner", &words.owner)?,
            tier: text("The tier", &words.tier)?,
            region: text("The region", &words.region)?,
            retention_days: days.map(|days| days.ceil() as i64),
            rpo_ms: hours("The RPO", &words.rpo_hours)?,
            rto_ms: hours("The RTO", &words.rto_hours)?,
            source_of_truth: text("The source of truth", &words.source_of_truth)?,
            occurred_at: now,
            by: by.to_owned(),
            demo: false,
        })
    }

    /// As they would stand in the form.
    pub fn words(&self) -> Words {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let hours = |value: Option<i64>| value.map_or(String::new(), |ms| (ms as f64 / 3_600_000.0).to_string());
        Words {
            name: self.name.clone(),
            names: self.names.join("\n"),
            kind: text(&self.kind),
            service: text(&self.service),
            owner: text(&self.owner),
            tier: text(&self.tier),
            region: text(&self.region),
            retention_days: self.retention_days.map_or(String::new(), |days| days.to_string()),
            rpo_hours: hours(self.rpo_ms),
            rto_hours: hours(self.rto_ms),
            source_of_truth: text(&self.source_of_truth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back_in_the_form_and_what_cannot_be_meant_is_refused() {
        let now = Moment::EPOCH;
        let words = Words {
            name: " Orders ".to_owned(),
            names: "orders\n\ncartie-prod\n".to_owned(),
            retention_days: "365".to_owned(),
            rto_hours: "0.5".to_owned(),
            ..Words::default()
        };
        let written = Described::write(&words, now, "Founder").expect("it reads");
        assert_eq!((written.names.len(), written.rto_ms, written.owner.clone()), (2, Some(1_800_000), None));
        assert_eq!(Described::write(&written.words(), now, "Founder").as_ref(), Ok(&written));

        let wrong = |change: &dyn Fn(&mut Words)| {
            let mut words = words.clone();
            change(&mut words);
            Described::write(&words, now, "Founder").expect_err("refused").what
        };
        assert!(wrong(&|w| w.name.clear()).contains("name is missing"));
        assert!(wrong(&|w| w.retention_days = "a year".to_owned()).contains("retention"));
        assert!(wrong(&|w| w.rpo_hours = "-1".to_owned()).contains("RPO"));
        assert!(wrong(&|w| w.rpo_hours = "NaN".to_owned()).contains("RPO"));
        assert!(wrong(&|w| w.owner = "x".repeat(201)).contains("owner"));
        assert!(wrong(&|w| w.tier = "a\u{7}b".to_owned()).contains("tier"));
        assert!(wrong(&|w| w.names = "n\n".repeat(21)).contains("too many"));
    }
}
