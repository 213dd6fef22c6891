//! Where a runbook contradicts itself, or the facts. By rule: nothing here knows any company's document.
//!
//! A rule reads what the front matter claims and what the text says, looks for two statements that cannot both hold, and
//! quotes them. It says nothing where it could not tell.

use std::collections::BTreeSet;

use super::{
    Claim, Runbook,
    facts::{Table, plain, promised, worded},
};
use crate::{
    control::Control,
    drill::Drill,
    record::Sealed,
    target::{Scenario, Target},
    words,
};

/// Two statements that cannot both hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    pub rule: Rule,
    pub says: String,
    /// What to do about it.
    pub next: &'static str,
    /// Anchors of the sections that say it.
    pub at: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A path rests on a copy that nothing makes.
    Unmade,
    /// One loss, two ways back.
    TwoWays,
    /// A promise that holds only within a window.
    Window,
    /// Controls that the document answers and does not name.
    Controls,
    /// A time is claimed that no drill measured, or that drills took longer than.
    Claimed,
    /// The table and the front matter promise different times.
    Figures,
}

impl Rule {
    pub fn title(self) -> &'static str {
        match self {
            Rule::Unmade => "A path rests on a copy that nothing makes",
            Rule::TwoWays => "One loss, two ways back",
            Rule::Window => "A promise that holds only within a window",
            Rule::Controls => "Controls it answers and does not name",
            Rule::Claimed => "A time that was never measured",
            Rule::Figures => "Two figures for one promise",
        }
    }
}

/// A way to bring data back, as words name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Snapshot,
    PointInTime,
    Promote,
    Export,
}

const WAYS: [(Way, &[&str]); 4] = [
    (Way::PointInTime, &["point-in-time", "point in time", "pitr", "oplog", "binlog", "wal replay", "continuous"]),
    (Way::Snapshot, &["snapshot"]),
    (Way::Promote, &["promot", "fail over", "failover", "cross-region copy", "replica", "standby"]),
    (Way::Export, &["export", "dump", "offsite", "off-site", "tape"]),
];
/// What says that no copy of one's own is taken.
const NO_COPY: [&str; 7] = [
    "no further copy",
    "no redundant copy",
    "no other copy",
    "no extra copy",
    "takes no copies",
    "no copies are",
    "no additional cop",
];

impl Way {
    fn of(text: &str) -> BTreeSet<Way> {
        WAYS.iter().filter(|(_, words)| words.iter().any(|word| text.contains(word))).map(|(way, _)| *way).collect()
    }

    fn word(self) -> &'static str {
        match self {
            Way::Snapshot => "from a snapshot",
            Way::PointInTime => "by point-in-time recovery",
            Way::Promote => "by promoting a copy",
            Way::Export => "from an export",
        }
    }
}

/// A row of a table that speaks of one loss.
struct Row<'a> {
    anchor: &'a str,
    scenario: Scenario,
    cells: Vec<String>,
    heads: Vec<String>,
    /// As the text has it.
    says: String,
}

/// Everything that contradicts, by rule; `drills` are those that are known.
pub fn contradictions(book: &Runbook, drills: &[Sealed<Drill>]) -> Vec<Contradiction> {
    let rows = rows(book);
    let targets = book.targets();
    let mut all = Vec::new();
    all.extend(targets.iter().filter_map(|target| unmade(book, target)));
    all.extend(targets.iter().filter_map(|target| two_ways(target, &rows)));
    all.extend(targets.iter().filter_map(|target| window(book, target, &rows)));
    all.extend(controls(book, &targets));
    all.extend(claimed(&targets, drills));
    all.extend(targets.iter().filter_map(|target| figures(target, &rows)));
    all.sort_by_key(|contradiction| contradiction.rule);
    all
}

fn rows(book: &Runbook) -> Vec<Row<'_>> {
    let mut all = Vec::new();
    for section in &book.sections {
        for table in section.blocks.iter().filter_map(|html| Table::read(html)) {
            let heads: Vec<String> = table.head.iter().map(|head| plain(head)).collect();
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
                let Some(scenario) = cells.first().and_then(|first| scenario(first)) else { continue };
                let says = row.iter().map(|cell| worded(cell).trim().to_owned()).collect::<Vec<_>>().join(" · ");
                all.push(Row { anchor: &section.anchor, scenario, cells, heads: heads.clone(), says });
            }
        }
    }
    all
}

/// The loss that a row's first cell names; the widest word first.
pub(super) fn scenario(text: &str) -> Option<Scenario> {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["everything", "all data", "provider", "vendor"]) {
        Some(Scenario::Everything)
    } else if says(&["cluster", "tenant", "region", "database", "server"]) {
        Some(Scenario::Cluster)
    } else if says(&["collection", "table"]) {
        Some(Scenario::Collection)
    } else if says(&["document", "record", "row"]) {
        Some(Scenario::Document)
    } else {
        None
    }
}

/// The text's sentences outside its tables, each with its section.
fn sentences(book: &Runbook) -> Vec<(&str, String)> {
    let mut all = Vec::new();
    for section in &book.sections {
        for html in section.blocks.iter().filter(|html| Table::read(html).is_none()) {
            let text = worded(html);
            all.extend(text.split_inclusive(['.', ';', '\n']).map(|s| (section.anchor.as_str(), s.trim().to_owned())));
        }
    }
    all
}

fn quoted(sentence: &str) -> String {
    words::capital(sentence.trim_end_matches([';', '.']))
}

fn unmade(book: &Runbook, target: &Target) -> Option<Contradiction> {
    let means = target.means.to_lowercase();
    let word = WAYS[3].1.iter().find(|word| means.contains(*word))?;
    let sentences = sentences(book);
    let denies = |s: &str| NO_COPY.iter().any(|no| s.to_lowercase().contains(no));
    let names = |s: &str| WAYS[3].1.iter().any(|word| s.to_lowercase().contains(word));
    let made = sentences.iter().any(|(_, s)| names(s) && !denies(s));
    if made {
        return None;
    }
    let denied = sentences.iter().find(|(_, s)| denies(s));
    let says = match denied {
        Some((_, sentence)) => format!(
            "{} is to come back by “{}”, and the text says: “{}”.",
            target.scenario.title(),
            target.means,
            quoted(sentence)
        ),
        None => format!(
            "{} is to come back by “{}”, and no sentence says who makes that {word}, or when.",
            target.scenario.title(),
            target.means
        ),
    };
    let at = denied.map(|(anchor, _)| (*anchor).to_owned()).into_iter().collect();
    Some(Contradiction { rule: Rule::Unmade, says, next: "Make it and say how, or plan another way back.", at })
}

fn two_ways(target: &Target, rows: &[Row<'_>]) -> Option<Contradiction> {
    let promised = Way::of(&target.means.to_lowercase());
    if promised.is_empty() {
        return None;
    }
    rows.iter().filter(|row| row.scenario == target.scenario).find_map(|row| {
        let told = Way::of(&row.cells.get(1..)?.join(" "));
        if told.is_empty() || !told.is_disjoint(&promised) {
            return None;
        }
        let (first, second) = (promised.first()?, told.first()?);
        Some(Contradiction {
            rule: Rule::TwoWays,
            says: format!(
                "{} comes back {} in one place and {} in another: “{}”.",
                target.scenario.title(),
                first.word(),
                second.word(),
                row.says
            ),
            next: "Decide which, and drill that one.",
            at: vec![row.anchor.to_owned()],
        })
    })
}

fn window(book: &Runbook, target: &Target, rows: &[Row<'_>]) -> Option<Contradiction> {
    if !Way::of(&target.means.to_lowercase()).contains(&Way::PointInTime) {
        return None;
    }
    let claims = &book.front.claims;
    let days = claims.iter().find_map(|claim| match claim {
        Claim::PointInTime { days } => Some(*days),
        _ => None,
    });
    let cadence = claims.iter().find_map(|claim| match claim {
        Claim::SnapshotCadence { hours } => Some(hours * 3_600_000),
        _ => None,
    });
    // Without point-in-time recovery there are the snapshots; a promise as wide as theirs needs no window.
    if cadence.is_some_and(|cadence| target.rpo_ms >= cadence) {
        return None;
    }
    let limited = |text: &str| match days {
        Some(days) => {
            [days.to_string(), words::number(days as usize)].iter().any(|n| text.contains(&format!("{n} day")))
        }
        None => text.contains(" day"),
    };
    let mine: Vec<&Row<'_>> = rows.iter().filter(|row| row.scenario == target.scenario).collect();
    if limited(&target.means.to_lowercase()) || mine.iter().any(|row| limited(&row.cells.join(" "))) {
        return None;
    }
    let window = match days {
        Some(days) => format!("only what was lost within the last {days} days can be brought back so"),
        None => "nothing says how far back that reaches".to_owned(),
    };
    Some(Contradiction {
        rule: Rule::Window,
        says: format!(
            "{} is promised an RPO of {} without a limit, and {window}.",
            target.scenario.title(),
            words::duration(target.rpo_ms)
        ),
        next: "Say beside the promise how far back it holds, and what holds before that.",
        at: mine.first().map(|row| row.anchor.to_owned()).into_iter().collect(),
    })
}

fn controls(book: &Runbook, targets: &[Target]) -> Option<Contradiction> {
    let drills = book.front.claims.iter().any(|claim| matches!(claim, Claim::QuarterlyDrill { .. }));
    let told = book.front.claims.iter().any(|claim| matches!(claim, Claim::Deadlines { .. }));
    let answered = [
        (Control::A12, !targets.is_empty(), "its recovery targets"),
        (Control::A13, drills, "its drills"),
        (Control::Cc75, !targets.is_empty() || told, "its way back from a loss"),
    ];
    let missing: Vec<(Control, &str)> = answered
        .into_iter()
        .filter(|(control, answers, _)| *answers && !book.front.controls.contains(control))
        .map(|(control, _, by)| (control, by))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let named: Vec<&str> = book.front.controls.iter().map(|control| control.id()).collect();
    let named = if named.is_empty() { "no control".to_owned() } else { format!("{} alone", named.join(", ")) };
    let each: Vec<String> = missing.iter().map(|(control, by)| format!("{} by {by}", control.id())).collect();
    Some(Contradiction {
        rule: Rule::Controls,
        says: format!("It names {named}, and answers {}.", each.join(", ")),
        next: "Name them in the front matter, so that an auditor finds the document under each.",
        at: Vec::new(),
    })
}

/// Every time that is claimed and not measured, in one: they have one remedy.
fn claimed(targets: &[Target], drills: &[Sealed<Drill>]) -> Option<Contradiction> {
    let (mut never, mut slower) = (Vec::new(), Vec::new());
    for target in targets {
        let Some(claimed) = target.claimed_ms else { continue };
        let of_it = |drill: &&Sealed<Drill>| drill.value.scenario == target.scenario && drill.value.abandoned.is_none();
        let newest = drills.iter().filter(of_it).filter(|d| d.value.measured.is_some());
        let newest = newest.max_by_key(|drill| drill.value.occurred_at);
        let said = format!("{} ({})", promised(claimed), target.scenario.short().to_lowercase());
        match newest.and_then(|drill| drill.value.measured.as_ref()) {
            None => never.push(said),
            Some(measured) if measured.restore_ms > claimed => {
                slower.push(format!("{said} took {} when last drilled", words::duration(measured.restore_ms)));
            }
            Some(_) => {}
        }
    }
    if never.is_empty() && slower.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    if !never.is_empty() {
        parts.push(format!("no drill has measured {}", never.join(", ")));
    }
    if !slower.is_empty() {
        parts.push(slower.join("; "));
    }
    Some(Contradiction {
        rule: Rule::Claimed,
        says: format!("It says how long a recovery takes, and {}.", parts.join("; ")),
        next: "Drill it, or take the time out.",
        at: Vec::new(),
    })
}

fn figures(target: &Target, rows: &[Row<'_>]) -> Option<Contradiction> {
    rows.iter().filter(|row| row.scenario == target.scenario).find_map(|row| {
        row.heads.iter().zip(&row.cells).find_map(|(head, cell)| {
            let promised = match head.trim() {
                "rto" => target.rto_ms,
                "rpo" => target.rpo_ms,
                _ => return None,
            };
            let written = duration(cell)?;
            (written != promised).then(|| Contradiction {
                rule: Rule::Figures,
                says: format!(
                    "{}: the table writes an {} of {}, the front matter {}.",
                    target.scenario.title(),
                    head.trim().to_uppercase(),
                    cell.trim(),
                    words::duration(promised)
                ),
                next: "Make the two agree; targets are taken from the front matter.",
                at: vec![row.anchor.to_owned()],
            })
        })
    })
}

/// "2 hours", "30 min", "1 day", in milliseconds.
fn duration(text: &str) -> Option<i64> {
    let mut parts = text.split_whitespace();
    let (n, unit, none) = (parts.next()?.parse::<i64>().ok()?, parts.next()?, parts.next());
    let ms = match unit.trim_end_matches(['.', 's']) {
        "min" | "minute" | "m" => 60_000,
        "h" | "hour" | "hr" => 3_600_000,
        "day" | "d" => 86_400_000,
        "week" => 7 * 86_400_000,
        _ => return None,
    };
    none.is_none().then_some(n * ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARTIE: &str = include_str!("../../../../server/src/demo/runbook.md");

    fn found(text: &str) -> Vec<(Rule, String)> {
        let book = Runbook::parse(text).expect("a runbook");
        contradictions(&book, &[]).into_iter().map(|c| (c.rule, c.says)).collect()
    }

    fn rules(text: &str) -> Vec<Rule> {
        found(text).into_iter().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn the_five_of_cartie_are_found_and_no_more() {
        let text = CARTIE.replace("{approved}", "2026-02-18").replace("{review}", "2026-05-18");
        let found = found(&text);
        let quotes = [
            (Rule::Unmade, "weekly offsite export”, and the text says: “It takes no further copy"),
            (Rule::TwoWays, "A single collection emptied comes back from a snapshot in one place and by point-in-time"),
            (Rule::Window, "an RPO of 0 min without a limit, and only what was lost within the last 7 days"),
            (Rule::Controls, "names CC7.1 alone, and answers A1.2 by its recovery targets, A1.3 by its drills, CC7.5"),
            (Rule::Claimed, "no drill has measured 1 min (document), 1 h (collection), 2 h (cluster)"),
        ];
        assert_eq!(found.len(), quotes.len(), "{found:#?}");
        for ((rule, says), (expected, quote)) in found.iter().zip(quotes) {
            assert_eq!(*rule, expected);
            assert!(says.contains(quote), "{says}");
        }
    }

    /// Another company, another vendor, other words and other numbers.
    const OTHER: &str = r#"+++
title = "Nordwind disaster recovery"
version = "4.2"
owner = "Platform"
approved = "2026-01-10"
nextReview = "2027-01-10"
controls = ["A1.1", "CC7.4"]

[[claims]]
kind = "snapshot-cadence"
hours = 12

[[claims]]
kind = "point-in-time"
days = 35

[[claims]]
kind = "target"
scenario = "collection"
rpoMinutes = 5
rtoMinutes = 90
means = "PITR to a side instance"
claimedMinutes = 25

[[claims]]
kind = "target"
scenario = "everything"
rpoMinutes = 1440
rtoMinutes = 2880
means = "nightly dump on tape"

[[claims]]
kind = "quarterly-drill"
next = "2026-04-01"
+++

## Promises

| Loss | RTO | RPO |
| --- | --- | --- |
| A dropped table | 60 minutes | 5 min |
| The vendor is gone | 2 days | 1 day |

## Steps

| Loss | Do |
| --- | --- |
| A table | take last night's snapshot |

Nightly jobs check the standby. No additional copies are kept by us.
"#;

    #[test]
    fn other_words_and_other_numbers_are_found_by_the_same_rules() {
        use Rule::*;
        let found = found(OTHER);
        assert_eq!(rules(OTHER), [Unmade, TwoWays, Window, Controls, Claimed, Figures], "{found:#?}");
        assert!(found[2].1.contains("35 days") && found[5].1.contains("60 minutes"), "{found:#?}");
        assert!(found[3].1.contains("A1.1, CC7.4 alone"), "{}", found[3].1);
    }

    #[test]
    fn each_is_gone_once_it_is_mended() {
        use Rule::*;
        for (gone, from, to) in [
            (Unmade, "No additional copies are kept by us.", "A dump is written to tape each night."),
            (TwoWays, "take last night's snapshot", "start PITR to a side instance"),
            (Window, "| A dropped table | 60 minutes", "| A dropped table, lost within 35 days | 60 minutes"),
            (Controls, "\"A1.1\", \"CC7.4\"", "\"A1.2\", \"A1.3\", \"CC7.5\""),
            (Claimed, "claimedMinutes = 25\n", ""),
            (Figures, "60 minutes", "90 minutes"),
        ] {
            let mended = rules(&OTHER.replace(from, to));
            let rest: Vec<Rule> = rules(OTHER).into_iter().filter(|rule| *rule != gone).collect();
            assert_eq!(mended, rest, "{gone:?}");
        }
    }

    #[test]
    fn a_document_that_agrees_with_itself_is_not_accused() {
        let text = OTHER
            .replace("No additional copies are kept by us.", "A dump is written to tape each night.")
            .replace("take last night's snapshot", "start PITR to a side instance")
            .replace("A dropped table | 60 minutes", "A dropped table, lost within 35 days | 90 minutes")
            .replace("\"A1.1\", \"CC7.4\"", "\"A1.2\", \"A1.3\", \"CC7.5\"")
            .replace("claimedMinutes = 25\n", "");
        assert_eq!(found(&text), []);
    }
}
