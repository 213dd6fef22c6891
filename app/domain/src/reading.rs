//! Reading the runbook aloud: who took part, and which of its lines no longer hold. Each mark is kept as it is made.

use pulldown_cmark::{Event, Options, Parser};
use serde::{Deserialize, Serialize};

use crate::{Moment, bench::Duty};

/// One reading of one version in one quarter (`readings`), version after version as marks are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// 1
    pub schema: u32,
    /// "2026-Q4"
    pub quarter: String,
    /// The runbook's own version, and the SHA-256 of its sealed bytes.
    pub version: String,
    pub sha256: String,
    /// Who took part.
    pub people: Vec<String>,
    /// Who would do what, if it happened today.
    pub duties: Vec<Cast>,
    pub stale: Vec<Stale>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// When it began.
    pub occurred_at: Moment,
    /// The name of who began it.
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    pub duty: Duty,
    pub person: String,
}

/// A line that was read and does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// In the file, from 1.
    pub line: usize,
    /// Its words.
    pub text: String,
    pub why: String,
    pub at: Moment,
    pub by: String,
}

/// A line of the text as it is read aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In the file, from 1.
    pub number: usize,
    /// As the file has it, without a heading's mark.
    pub text: String,
    /// The words of it, without Markdown's marks; a table's cells are parted by dashes.
    pub says: String,
    /// A heading's level.
    pub heading: Option<usize>,
}

/// Characters.
pub const LONGEST_WHY: usize = 400;
const LONGEST_NAME: usize = 120;
/// People, and marks.
const MOST: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum ReadingError {
    Nobody,
    Name,
    Ended,
    NoLine,
    Why,
    Marked,
    NotMarked,
}

impl ReadingError {
    /// What is wrong, and what to do.
    pub fn says(self) -> (&'static str, &'static str) {
        match self {
            ReadingError::Nobody => ("It is not said who takes part.", "Write at least one name, one a line."),
            ReadingError::Name => ("A name is too long, or there are too many.", "Write up to 120 characters a line."),
            ReadingError::Ended => ("This reading has ended.", "Its marks stand; a new version is read anew."),
            ReadingError::NoLine => ("That line is not in this version.", "Load the page again."),
            ReadingError::Why => ("It is not said what is stale, or too long.", "Write it in up to 400 characters."),
            ReadingError::Marked => ("That line is marked already.", "Take the mark back to write another."),
            ReadingError::NotMarked => ("That line is not marked.", "Load the page again."),
        }
    }
}

impl Reading {
    /// `people`: one a line. A duty without a name is nobody's.
    pub fn begin(
        quarter: &str,
        (version, sha256): (&str, &str),
        people: &str,
        duties: &[(Duty, String)],
        now: Moment,
        by: &str,
    ) -> Result<Self, ReadingError> {
        let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut people: Vec<String> = people.lines().map(line).filter(|name| !name.is_empty()).collect();
        let duties: Vec<Cast> = duties
            .iter()
            .map(|(duty, name)| Cast { duty: *duty, person: line(name) })
            .filter(|cast| !cast.person.is_empty())
            .collect();
        // Who has a duty takes part.
        people.extend(duties.iter().map(|cast| cast.person.clone()));
        let mut seen = std::collections::BTreeSet::new();
        people.retain(|name| seen.insert(name.to_lowercase()));
        if people.is_empty() {
            return Err(ReadingError::Nobody);
        }
        if people.len() > MOST || people.iter().any(|name| name.chars().count() > LONGEST_NAME) {
            return Err(ReadingError::Name);
        }
        Ok(Self {
            schema: 1,
            quarter: quarter.to_owned(),
            version: version.to_owned(),
            sha256: sha256.to_owned(),
            people,
            duties,
            stale: Vec::new(),
            ended_at: None,
            demo: false,
            occurred_at: now,
            by: by.to_owned(),
        })
    }

    /// "2026-Q4.v1.0": a version is read once a quarter.
    pub fn id(&self) -> String {
        id(&self.quarter, &self.version)
    }

    /// Marks a line of `text`, the version's own.
    pub fn mark(mut self, text: &str, number: usize, why: &str, now: Moment, by: &str) -> Result<Self, ReadingError> {
        self.open()?;
        let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(1..=LONGEST_WHY).contains(&why.chars().count()) {
            return Err(ReadingError::Why);
        }
        if self.stale.len() >= MOST || self.stale.iter().any(|stale| stale.line == number) {
            return Err(ReadingError::Marked);
        }
        let line = lines(text).into_iter().find(|line| line.number == number).ok_or(ReadingError::NoLine)?;
        self.stale.push(Stale { line: number, text: line.text, why, at: now, by: by.to_owned() });
        self.stale.sort_by_key(|stale| stale.line);
        Ok(self)
    }

    pub fn take_back(mut self, number: usize) -> Result<Self, ReadingError> {
        self.open()?;
        let before = self.stale.len();
        self.stale.retain(|stale| stale.line != number);
        if self.stale.len() == before { Err(ReadingError::NotMarked) } else { Ok(self) }
    }

    pub fn end(mut self, now: Moment) -> Result<Self, ReadingError> {
        self.open()?;
        self.ended_at = Some(now);
        Ok(self)
    }

    fn open(&self) -> Result<(), ReadingError> {
        if self.ended_at.is_some() { Err(ReadingError::Ended) } else { Ok(()) }
    }

    /// Marked lines that a later text still has, word for word.
    pub fn still_in(&self, text: &str) -> Vec<&Stale> {
        let has: std::collections::BTreeSet<String> = lines(text).into_iter().map(|line| line.text).collect();
        self.stale.iter().filter(|stale| has.contains(&stale.text)).collect()
    }

    pub fn holder(&self, duty: Duty) -> Option<&str> {
        self.duties.iter().find(|cast| cast.duty == duty).map(|cast| cast.person.as_str())
    }
}

pub fn id(quarter: &str, version: &str) -> String {
    format!("{quarter}.v{version}")
}

/// The lines that are read: after the front matter, without blank ones and without a table's ruler.
pub fn lines(text: &str) -> Vec<Line> {
    let mut all = text.lines().enumerate().peekable();
    if all.next_if(|(_, line)| *line == "+++").is_some() {
        all.by_ref().find(|(_, line)| *line == "+++");
    }
    all.filter_map(|(n, line)| {
        let line = line.trim();
        if line.is_empty() || line.chars().all(|c| "|-: `~".contains(c)) {
            return None;
        }
        let level = line.bytes().take_while(|b| *b == b'#').count();
        let heading = ((1..=6).contains(&level) && line[level..].starts_with(' ')).then_some(level);
        let text = if heading.is_some() { line[level..].trim() } else { line };
        Some(Line { number: n + 1, says: says(text), text: text.to_owned(), heading })
    })
    .collect()
}

fn says(text: &str) -> String {
    if let Some(row) = text.strip_prefix('|') {
        let cells = row.trim_end_matches('|').split('|').map(|cell| inline(cell.trim()));
        return cells.collect::<Vec<_>>().join(" – ");
    }
    // A list's mark is kept: people refer to "step three".
    let mark = text.split_once(' ').filter(|(mark, _)| {
        matches!(*mark, "-" | "*" | "+") || mark.strip_suffix('.').is_some_and(|n| n.parse::<u32>().is_ok())
    });
    match mark {
        Some(("-" | "*" | "+", rest)) => format!("– {}", inline(rest.trim())),
        Some((number, rest)) => format!("{number} {}", inline(rest.trim())),
        None => inline(text),
    }
}

fn inline(text: &str) -> String {
    let words = Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH).filter_map(|event| match event {
        Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => Some(words),
        Event::SoftBreak | Event::HardBreak => Some(" ".into()),
        _ => None,
    });
    words.map(|words| words.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "+++\ntitle = \"R\"\n+++\n# Runbook\n\n1. Restore to `staging`.\n\n| a | b |\n|---|:-:|\n| c | #d |\n";

    fn at(ms: i64) -> Moment {
        Moment::from_millis(ms).expect("a time")
    }

    fn begun() -> Reading {
        let duties = [(Duty::Commander, "Operator one".to_owned()), (Duty::Scribe, String::new())];
        Reading::begin("2026-Q4", ("1.0", "ab"), "Founder\n\noperator  one\n", &duties, at(0), "Founder")
            .expect("somebody takes part")
    }

    #[test]
    fn what_is_read_is_the_text_line_by_line_as_the_file_numbers_them() {
        let says: Vec<_> = lines(TEXT).into_iter().map(|line| line.says).collect();
        assert_eq!(says, ["Runbook", "1. Restore to staging.", "a – b", "c – #d"]);
        assert_eq!(super::says("- **never** [there](x) <b>so</b>"), "– never there <b>so</b>");
        let told: Vec<_> = lines(TEXT).into_iter().map(|l| (l.number, l.text, l.heading)).collect();
        let line = |n, text: &str, heading| (n, text.to_owned(), heading);
        assert_eq!(
            told,
            [
                line(4, "Runbook", Some(1)),
                line(6, "1. Restore to `staging`.", None),
                line(8, "| a | b |", None),
                line(10, "| c | #d |", None),
            ]
        );
    }

    #[test]
    fn a_line_is_marked_once_taken_back_and_not_after_the_end() {
        let reading = begun();
        assert_eq!(reading.people, ["Founder", "operator one"], "a name in two spellings is one person");
        assert_eq!((reading.holder(Duty::Commander), reading.holder(Duty::Scribe)), (Some("Operator one"), None));
        let mark = |reading: Reading, line, why: &str| reading.mark(TEXT, line, why, at(1), "Founder");
        let reading = mark(reading, 6, " the cluster\nhas another name ").expect("marked");
        assert_eq!(reading.stale[0].why, "the cluster has another name");
        for (line, why, error) in
            [(6, "x", ReadingError::Marked), (5, "x", ReadingError::NoLine), (8, " ", ReadingError::Why)]
        {
            assert_eq!(mark(reading.clone(), line, why), Err(error));
        }
        assert_eq!(reading.clone().take_back(8), Err(ReadingError::NotMarked));
        assert_eq!(reading.clone().take_back(6).expect("there").stale, []);
        let ended = reading.end(at(2)).expect("open");
        assert_eq!(ended.clone().end(at(3)), Err(ReadingError::Ended));
        assert_eq!(mark(ended.clone(), 8, "x"), Err(ReadingError::Ended));
        assert_eq!(ended.still_in(TEXT).len(), 1);
        assert!(
            ended.still_in(&TEXT.replace("`staging`", "`drill`")).is_empty(),
            "a line that was rewritten is mended"
        );
        assert_eq!(Reading::begin("2026-Q4", ("1.0", "ab"), " \n", &[], at(0), "Founder"), Err(ReadingError::Nobody));
    }
}
