//! What was found, and how it is written down: the shell and the page print the same.

use serde::{Deserialize, Serialize};

use super::Facts;

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// "Every digest"
    pub what: String,
    /// What was found, in one sentence.
    pub found: String,
    pub ok: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Verified,
    NotVerified,
    /// Not a bundle that could be read at all.
    Unreadable,
}

/// Everything found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub outcome: Outcome,
    pub checks: Vec<Line>,
    /// What this verification could not show, one sentence each.
    pub not_proven: Vec<String>,
    pub facts: Facts,
}

impl Report {
    pub fn verified(&self) -> bool {
        self.outcome == Outcome::Verified
    }

    /// The first thing that is wrong.
    pub fn first_wrong(&self) -> Option<&Line> {
        self.checks.iter().find(|line| !line.ok)
    }

    /// For machines, and to keep.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has only text and numbers") + "\n"
    }

    /// For people: a line a check, what was not proven, and the verdict last.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.checks {
            let mark = if line.ok { "ok   " } else { "WRONG" };
            text.push_str(&format!("{mark}  {}: {}\n", line.what, line.found));
        }
        for not in &self.not_proven {
            text.push_str(&format!("not proven: {not}\n"));
        }
        match self.first_wrong() {
            None => text.push_str("verified\n"),
            Some(line) => text.push_str(&format!("NOT VERIFIED. First: {}: {}\n", line.what, line.found)),
        }
        text
    }
}
