//! A new version of the runbook: when its text may come into force, when one is due, and what a drill adds to it.

use super::{Runbook, RunbookError, RunbookVersion};
use crate::{Moment, drill::Drill, record::Sealed, words};

/// Bytes of a text, and its lines: more than anybody reads in an emergency.
pub const LARGEST: usize = 400_000;
pub const LINES: usize = 10_000;
/// From a drill on, the runbook is brought up to date within so long.
pub const WITHIN_MS: i64 = 7 * 24 * 3_600_000;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("The text is {0} long.")]
    Large(String),
    #[error("The text does not read: {0}.")]
    Text(#[from] RunbookError),
    #[error("Version {0} is there already.")]
    Taken(String),
    #[error("The version is no version.")]
    Version,
    #[error("The front matter says that it was approved on {0}.")]
    Approved(String),
    #[error("Nothing was changed but the front matter’s dates.")]
    Same,
}

impl EditError {
    /// What to do.
    pub fn next(&self) -> String {
        match self {
            EditError::Large(_) => {
                format!("Keep it under {} and {} lines.", words::bytes(LARGEST as i64), words::count(LINES as i64))
            }
            EditError::Text(_) => "Mend the line it names; the draft is kept.".to_owned(),
            EditError::Taken(_) => "Give it another one in the front matter, such as the next number.".to_owned(),
            EditError::Version => "Write digits and dots, such as 1.1.".to_owned(),
            EditError::Approved(_) => "Write today’s date beside “approved”: it is what is approved now.".to_owned(),
            EditError::Same => "Change what is to change, then put it in force.".to_owned(),
        }
    }
}

/// Whether a text is one to keep as a draft.
pub fn fits(text: &str) -> Result<(), EditError> {
    let lines = text.lines().count();
    if text.len() > LARGEST {
        return Err(EditError::Large(words::bytes(i64::try_from(text.len()).unwrap_or(i64::MAX))));
    }
    if lines > LINES {
        return Err(EditError::Large(format!("{} lines", words::count(i64::try_from(lines).unwrap_or(i64::MAX)))));
    }
    Ok(())
}

/// The version that this text is, to be sealed.
pub fn approve(
    text: &str,
    versions: &[Sealed<RunbookVersion>],
    now: Moment,
    by: &str,
) -> Result<RunbookVersion, EditError> {
    fits(text)?;
    let text = text.replace("\r\n", "\n");
    let front = Runbook::parse(&text)?.front;
    let reads = !front.version.is_empty()
        && front.version.len() <= 20
        && front.version.chars().all(|c| c.is_ascii_digit() || c == '.')
        && front.version.starts_with(|c: char| c.is_ascii_digit());
    if !reads {
        return Err(EditError::Version);
    }
    if versions.iter().any(|v| v.value.version == front.version) {
        return Err(EditError::Taken(front.version));
    }
    if front.approved != words::date(now) {
        return Err(EditError::Approved(front.approved));
    }
    let bare = |text: &str| -> Vec<String> {
        let kept = |line: &&str| !["version =", "approved =", "nextReview ="].iter().any(|key| line.starts_with(key));
        text.lines().filter(kept).map(str::to_owned).collect()
    };
    if versions.first().is_some_and(|newest| bare(&newest.value.text) == bare(&text)) {
        return Err(EditError::Same);
    }
    Ok(RunbookVersion { schema: 1, version: front.version, text, demo: false, occurred_at: now, by: by.to_owned() })
}

/// A drill after which nobody approved a version yet, and by when one is due.
pub fn due_after<'d>(
    drills: &'d [Sealed<Drill>],
    versions: &[Sealed<RunbookVersion>],
) -> Option<(&'d Sealed<Drill>, Moment)> {
    let real = |drill: &&Sealed<Drill>| !drill.value.demo && drill.value.abandoned.is_none();
    let newest = drills.iter().filter(real).max_by_key(|drill| drill.value.occurred_at)?;
    let since = versions.iter().any(|version| version.value.occurred_at >= newest.value.occurred_at);
    (!since).then(|| (newest, newest.value.occurred_at.plus_millis(WITHIN_MS)))
}

/// The text with what a drill really ran at its end, as an edit to be worked into the steps; and the next version's
/// number and today's date in its front matter.
pub fn with_commands(text: &str, drill: &Sealed<Drill>) -> String {
    let value = &drill.value;
    let mut section = format!("\n## Used in the drill of {}\n\n", words::long_date(value.occurred_at));
    section.push_str(&format!("What {} ran, step by step; to be worked into the steps above.\n\n", drill.id));
    for (n, step) in value.steps.iter().enumerate() {
        let took = words::duration(step.ended_at.since(step.started_at));
        section.push_str(&format!("{}. {}: {took}.", n + 1, step.id.title()));
        for command in &step.commands {
            let exit = command.exit.map_or("did not end".to_owned(), |code| format!("ended with {code}"));
            section.push_str(&format!(" `{}` {exit}.", command.program.replace('`', "'")));
        }
        section.push('\n');
    }
    format!("{}\n{section}", text.trim_end())
}

/// The text as the next version begins: a number up, approved today, its review as far ahead as the last one's was.
pub fn next(text: &str, now: Moment) -> String {
    let Ok(book) = Runbook::parse(text) else { return text.to_owned() };
    let day = |day: &str| Moment::parse(&format!("{day}T00:00:00Z"));
    let ahead = day(&book.front.next_review).zip(day(&book.front.approved)).map(|(next, from)| next.since(from));
    let (major, minor) = book.front.version.rsplit_once('.').unwrap_or((&book.front.version, "0"));
    let version = format!("{major}.{}", minor.parse::<u32>().unwrap_or(0).saturating_add(1));
    let mut open = true;
    let lines = text.lines().enumerate().map(|(n, line)| {
        if n > 0 && line == "+++" {
            open = false;
        }
        match line.split_once(" = ").map(|(key, _)| key) {
            Some("version") if open => format!("version = \"{version}\""),
            Some("approved") if open => format!("approved = \"{}\"", words::date(now)),
            Some("nextReview") if open => {
                let until = now.plus_millis(ahead.filter(|ms| *ms > 0).unwrap_or(90 * 86_400_000));
                format!("nextReview = \"{}\"", words::date(until))
            }
            _ => line.to_owned(),
        }
    });
    let mut next = lines.collect::<Vec<_>>().join("\n");
    next.push('\n');
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Seal;

    const TEXT: &str = "+++\ntitle = \"R\"\nversion = \"1.9\"\nowner = \"o\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n+++\n\n## A\n\nversion = \"is no front matter\"\n";

    fn at(day: &str) -> Moment {
        Moment::parse(&format!("{day}T09:00:00Z")).expect("a time")
    }

    fn sealed(text: &str) -> Sealed<RunbookVersion> {
        let value = RunbookVersion {
            schema: 1,
            version: "1.9".into(),
            text: text.into(),
            demo: false,
            occurred_at: at("2026-02-18"),
            by: "f".into(),
        };
        let seal = Seal { seq: 1, sha256: "ab".repeat(32), at: value.occurred_at, by: "f".into(), broken: false };
        Sealed { id: "runbook-1.9".into(), value, seal }
    }

    #[test]
    fn the_next_version_begins_a_number_up_and_approved_today() {
        let now = at("2026-11-25");
        let text = next(TEXT, now);
        let front = Runbook::parse(&text).expect("it reads").front;
        let dates = (front.version.as_str(), front.approved.as_str(), front.next_review.as_str());
        assert_eq!(dates, ("1.10", "2026-11-25", "2027-02-22"));
        assert!(text.contains("version = \"is no front matter\""));
        let versions = [sealed(TEXT)];
        assert_eq!(approve(&text, &versions, now, "f"), Err(EditError::Same));
        let changed = text.replace("## A", "## B");
        let version = approve(&changed.replace('\n', "\r\n"), &versions, now, "f").expect("a version");
        assert_eq!((version.version.as_str(), version.text.as_str()), ("1.10", changed.as_str()));
        for (wrong, expected) in [
            (changed.replace("1.10", "1.9"), EditError::Taken("1.9".into())),
            (changed.replace("1.10", "<b>"), EditError::Version),
            (changed.replace("2026-11-25", "2026-11-01"), EditError::Approved("2026-11-01".into())),
            (changed.replace("+++\n", ""), EditError::Text(RunbookError::NoFrontMatter)),
            ("x\n".repeat(100_000), EditError::Large("100\u{a0}000 lines".into())),
            ("x".repeat(500_000), EditError::Large("500 kB".into())),
        ] {
            assert_eq!(approve(&wrong, &versions, now, "f"), Err(expected));
        }
    }
}
