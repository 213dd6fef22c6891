//! The runbook's claims beside what was observed.
//!
//! A claim holds only when a sealed record says so. One that no source reports on is "not observed",
//! never "holds".

use std::collections::HashMap;

use super::{Claim, Runbook};
use crate::{
    Moment,
    coverage::Grid,
    drill::Drill,
    incident::{Due, Incident},
    judgement,
    record::{Seal, Sealed},
    schedule::quarter_of,
    target::{Scenario, Target, judge},
    verdict::Verdict,
    words,
};

/// What a claim is about; decides beside which words of the text its fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    Cadence,
    Retention,
    Copy,
    Encryption,
    PointInTime,
    Attestation,
    /// The promise for a scenario.
    Target(Scenario),
    /// The time the runbook says a scenario takes.
    Claimed(Scenario),
    Drill,
    Deadlines,
}

impl About {
    /// "How often snapshots are taken"
    pub fn title(self) -> String {
        match self {
            About::Cadence => "How often snapshots are taken".to_owned(),
            About::Retention => "How long snapshots are kept".to_owned(),
            About::Copy => "Copies in another region".to_owned(),
            About::Encryption => "Encryption at rest".to_owned(),
            About::PointInTime => "Recovery to a point in time".to_owned(),
            About::Attestation => "Weekly attestation of every tenant".to_owned(),
            About::Target(scenario) => format!("The promise for: {}", scenario.title()),
            About::Claimed(scenario) => format!("The time claimed for: {}", scenario.title()),
            About::Drill => "A drill each quarter".to_owned(),
            About::Deadlines => "Telling tenants, writing the registry".to_owned(),
        }
    }
}

/// How a claim stands against the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holding {
    Holds,
    /// Facts say otherwise in part, or hold narrowly.
    Differs,
    /// Facts say the opposite.
    Broken,
    /// Never measured.
    Untested,
    /// No source reports on it.
    NotObserved,
}

/// One claim's standing.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub about: About,
    pub holding: Holding,
    /// "holds", "15 of 16", "untested"
    pub word: String,
    /// What was seen, in a line.
    pub says: String,
    /// The record that says it.
    pub seal: Option<Seal>,
}

/// The records a runbook is compared with.
pub struct Known<'a> {
    pub drills: &'a [Sealed<Drill>],
    /// The attestations of the audit period.
    pub grid: &'a Grid,
    /// The seal of the newest attestation.
    pub newest_attestation: Option<&'a Seal>,
    /// What vendors' tools told.
    pub told: &'a judgement::Facts,
    /// The newest first.
    pub incidents: &'a [Incident],
    /// The seal of each record of it.
    pub seals: &'a HashMap<String, Seal>,
    pub now: Moment,
}

/// Every claim's standing, in the order of the front matter.
pub fn facts(book: &Runbook, known: &Known<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let targets = book.targets();
    for claim in &book.front.claims {
        match claim {
            Claim::SnapshotCadence { .. } => facts.push(told(About::Cadence, claim, known)),
            Claim::Retention { .. } => facts.push(told(About::Retention, claim, known)),
            Claim::Copy { .. } => facts.push(told(About::Copy, claim, known)),
            Claim::Encryption { .. } => facts.push(told(About::Encryption, claim, known)),
            Claim::PointInTime { .. } => facts.push(told(About::PointInTime, claim, known)),
            Claim::Deadlines { .. } => facts.push(deadlines(known)),
            Claim::WeeklyAttestation { .. } => facts.push(attestation(known)),
            Claim::QuarterlyDrill { .. } => facts.push(quarterly_drill(known)),
            Claim::Target { scenario, .. } => {
                let target = targets.iter().find(|t| t.scenario == *scenario);
                facts.extend(target.into_iter().flat_map(|t| of_target(t, known)));
            }
        }
    }
    facts
}

/// As the last incident that was decided kept them.
fn deadlines(known: &Known<'_>) -> Fact {
    let about = About::Deadlines;
    let decided = known.incidents.iter().find_map(|incident| {
        let clocks = incident.clocks(known.now).into_iter().filter(|clock| clock.what != Due::Restore);
        let verdicts: Vec<Verdict> = clocks.map(|clock| clock.verdict).collect::<Option<_>>()?;
        Some((incident, verdicts.into_iter().reduce(Verdict::worse)?))
    });
    let Some((incident, verdict)) = decided else {
        let says = "no incident is on record".to_owned();
        return Fact { about, holding: Holding::Untested, word: "untested".to_owned(), says, seal: None };
    };
    let (holding, word) = match verdict {
        Verdict::Met => (Holding::Holds, "kept"),
        Verdict::Missed => (Holding::Broken, "missed"),
        _ => (Holding::Differs, "kept late"),
    };
    let says = format!("in the incident of {}", short_day(incident.declared_at));
    let seal = incident.lines.iter().rev().find_map(|line| line.acted.seal.clone());
    Fact { about, holding, word: word.to_owned(), says, seal }
}

/// As vendors' tools told it, by the same rule that opens findings.
fn told(about: About, claim: &Claim, known: &Known<'_>) -> Fact {
    let Some(seen) = judgement::seen(known.told, claim) else {
        return Fact {
            about,
            holding: Holding::NotObserved,
            word: "not observed".to_owned(),
            says: "no source reports it yet".to_owned(),
            seal: None,
        };
    };
    let (holding, word) = match seen.verdict {
        Verdict::Met => (Holding::Holds, "holds"),
        Verdict::Missed => (Holding::Broken, "differs"),
        Verdict::AtRisk | Verdict::Stale | Verdict::Untested => (Holding::Differs, "differs"),
    };
    let seal = seen.records.first().and_then(|record| known.seals.get(record)).cloned();
    Fact { about, holding, word: word.to_owned(), says: seen.says, seal }
}

fn attestation(known: &Known<'_>) -> Fact {
    let about = About::Attestation;
    let Some((week, found, owed)) = known.grid.newest() else {
        return Fact {
            about,
            holding: Holding::Untested,
            word: "none yet".to_owned(),
            says: "no attestation has arrived".to_owned(),
            seal: None,
        };
    };
    let day = short_day(known.grid.weeks[week]);
    let missed = known.grid.missed(week);
    let (holding, says) = match missed[..] {
        [] => (Holding::Holds, format!("on {day}")),
        [only] => (Holding::Differs, format!("{only} absent on {day}")),
        _ if found == 0 => (Holding::Broken, format!("the run of {day} never came")),
        _ => (Holding::Differs, format!("{} absent on {day}", words::number(missed.len()))),
    };
    Fact { about, holding, word: format!("{found} of {owed}"), says, seal: known.newest_attestation.cloned() }
}

fn quarterly_drill(known: &Known<'_>) -> Fact {
    let about = About::Drill;
    let last = known.drills.iter().filter(|d| d.value.measured.is_some() && d.value.abandoned.is_none());
    let Some(last) = last.max_by_key(|d| d.value.occurred_at) else {
        return Fact {
            about,
            holding: Holding::Untested,
            word: "untested".to_owned(),
            says: "no drill has been completed".to_owned(),
            seal: None,
        };
    };
    let day = short_day(last.value.occurred_at);
    let (this, of_last) = (quarter_of(known.now), quarter_of(last.value.occurred_at));
    // A drill of the quarter before keeps the promise until this quarter ends.
    let ninety_two_days = 92 * 24 * 3600 * 1000;
    let before = quarter_of(known.now.plus_millis(-ninety_two_days));
    let (holding, word, says) = if of_last == this {
        (Holding::Holds, "holds", format!("{this} drilled on {day}"))
    } else if of_last == before {
        (Holding::Differs, "due", format!("none yet in {this}; last on {day}"))
    } else {
        (Holding::Broken, "overdue", format!("last drilled on {day}"))
    };
    Fact { about, holding, word: word.to_owned(), says, seal: Some(last.seal.clone()) }
}

fn of_target(target: &Target, known: &Known<'_>) -> Vec<Fact> {
    let judged = judge(target, known.drills, known.now);
    let drill = judged.drill.as_ref();
    let measured = drill.and_then(|d| d.value.measured.as_ref());
    let seal = drill.map(|d| d.seal.clone());
    let holding = match judged.overall {
        Verdict::Met => Holding::Holds,
        Verdict::AtRisk | Verdict::Stale => Holding::Differs,
        Verdict::Missed => Holding::Broken,
        Verdict::Untested => Holding::Untested,
    };
    let says = match measured {
        Some(m) => format!("{} of {}", words::duration(m.restore_ms), words::duration(target.rto_ms)),
        None => "no drill has exercised it".to_owned(),
    };
    let word = judged.overall.word().to_owned();
    let mut facts = vec![Fact { about: About::Target(target.scenario), holding, word, says, seal: seal.clone() }];
    if let Some(claimed) = target.claimed_ms {
        let about = About::Claimed(target.scenario);
        let said = promised(claimed);
        facts.push(match measured {
            None => Fact {
                about,
                holding: Holding::Untested,
                word: "untested".to_owned(),
                says: format!("{said} is claimed, not measured"),
                seal: None,
            },
            Some(m) => Fact {
                about,
                holding: if m.restore_ms <= claimed { Holding::Holds } else { Holding::Differs },
                word: words::duration(m.restore_ms),
                says: format!("measured; {said} is claimed"),
                seal,
            },
        });
    }
    facts
}

/// "16 Nov 2026": breaks between its words where the margin is narrow.
fn short_day(at: Moment) -> String {
    at.utc().format("%-d %b %Y").to_string()
}

/// A time as the front matter states it, in whole minutes: "1 min", "2 h".
pub(super) fn promised(ms: i64) -> String {
    let minutes = ms / 60_000;
    if minutes < 60 { format!("{minutes} min") } else { words::duration(ms) }
}

/// Where in the text a fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub section: usize,
    pub block: usize,
    /// The table's body row, counted from 0; `None`: beside the block as a whole.
    pub row: Option<usize>,
}

/// Finds the words each fact concerns; `None`: the text never says it.
///
/// Targets stand beside the row that names their scenario, in the first table of a section titled
/// with "target"; claimed times beside such a row of another table, or else of the same one. Any
/// other claim stands beside the first paragraph of a section whose title names it, or else beside
/// the first paragraph that does.
pub fn place(book: &Runbook, about: About) -> Option<Spot> {
    match about {
        About::Target(scenario) => {
            row_of(book, scenario, |title| title.contains("target")).or_else(|| row_of(book, scenario, |_| true))
        }
        About::Claimed(scenario) => {
            row_of(book, scenario, |title| !title.contains("target")).or_else(|| row_of(book, scenario, |_| true))
        }
        _ => paragraph_of(book, lead_words(about)),
    }
}

fn lead_words(about: About) -> &'static [&'static str] {
    match about {
        About::Cadence => &["cadence", "every 6 hours", "every six hours"],
        About::Retention => &["retention", "kept for"],
        About::Copy => &["cross-region", "copied", "us-west-2"],
        About::Encryption => &["encrypt", "aes"],
        About::PointInTime => &["point in time", "point-in-time"],
        About::Attestation => &["attest"],
        About::Drill => &["drill", "quarter"],
        About::Deadlines => &["within 1 hour", "within one hour", "24 hours"],
        About::Target(scenario) | About::Claimed(scenario) => match scenario {
            Scenario::Document => &["document", "record"],
            Scenario::Collection => &["collection"],
            Scenario::Cluster => &["cluster", "tenant"],
            Scenario::Everything => &["everything"],
        },
    }
}

fn row_of(book: &Runbook, scenario: Scenario, titled: impl Fn(&str) -> bool) -> Option<Spot> {
    let words = lead_words(About::Target(scenario));
    for (section, of) in book.sections.iter().enumerate() {
        if !titled(&of.title.to_lowercase()) {
            continue;
        }
        for (block, html) in of.blocks.iter().enumerate() {
            let Some(table) = Table::read(html) else { continue };
            let first_cell = |row: &Vec<String>| row.first().map(|c| plain(c)).unwrap_or_default();
            let row = words.iter().find_map(|word| table.rows.iter().position(|row| first_cell(row).contains(word)));
            if row.is_some() {
                return Some(Spot { section, block, row });
            }
        }
    }
    None
}

fn paragraph_of(book: &Runbook, words: &[&str]) -> Option<Spot> {
    let says = |text: &str| words.iter().any(|word| text.contains(word));
    let is_text = |html: &str| Table::read(html).is_none();
    let titled = book.sections.iter().enumerate().filter(|(_, s)| says(&s.title.to_lowercase())).find_map(|(i, s)| {
        let block = s.blocks.iter().position(|html| is_text(html))?;
        Some(Spot { section: i, block, row: None })
    });
    titled.or_else(|| {
        book.sections.iter().enumerate().find_map(|(section, s)| {
            let block = s.blocks.iter().position(|html| is_text(html) && says(&plain(html)))?;
            Some(Spot { section, block, row: None })
        })
    })
}

/// Lower-case text without its tags.
pub(super) fn plain(html: &str) -> String {
    worded(html).to_lowercase()
}

/// Text without its tags.
pub(super) fn worded(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

/// A table block taken apart, so that each row can stand beside its fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Inner HTML of the head cells.
    pub head: Vec<String>,
    /// Inner HTML of the cells, row by row.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads a block as [`Runbook::parse`] writes tables; `None` for any other block.
    pub fn read(html: &str) -> Option<Self> {
        let table = html.trim_start().strip_prefix("<table>")?;
        let (head, body) = table.split_once("</thead>")?;
        let rows = body.split("<tr>").skip(1).map(|row| cells(row, "td")).collect();
        Some(Self { head: cells(head, "th"), rows })
    }
}

fn cells(row: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    row.split(&close)
        .filter_map(|part| {
            let rest = &part[part.rfind(&open)? + open.len()..];
            Some(rest[rest.find('>')? + 1..].to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attestation::Strength,
        coverage::Sighting,
        drill::{DrillVerdict, Measured, Plan, Source, Staging},
        schedule::Period,
    };

    const TEXT: &str = r#"+++
title = "R"
version = "1.0"
owner = "o"
approved = "2026-02-18"
nextReview = "2026-05-18"
controls = ["CC7.1"]

[[claims]]
kind = "snapshot-cadence"
hours = 6

[[claims]]
kind = "weekly-attestation"
weekday = "Sunday"
time = "03:00"

[[claims]]
kind = "target"
scenario = "document"
rpoMinutes = 0
rtoMinutes = 30
means = "point-in-time"
claimedMinutes = 1

[[claims]]
kind = "target"
scenario = "collection"
rpoMinutes = 360
rtoMinutes = 120
means = "snapshot"
claimedMinutes = 60

[[claims]]
kind = "quarterly-drill"
next = "2026-05-18"
+++

## Backups

Attestations are layered on snapshots taken every six hours.

### Weekly attestation

Every Sunday.

## Recovery targets

| Scenario | RTO |
|---|---:|
| A single document | 30 min |
| A single collection | 2 h |

## Emergency

| Lost | Expect |
|---|---|
| A collection emptied | 1 h |
| A record deleted | 1 min |

## Restore drill

Every quarter.
"#;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    fn drill(when: &str, restore_minutes: i64) -> Sealed<Drill> {
        let occurred_at = at(when);
        let met = Verdict::Met;
        Sealed {
            id: "d".into(),
            value: Drill {
                schema: 1,
                scenario: Scenario::Collection,
                quarter: quarter_of(occurred_at),
                plan: Plan { runbook_version: "1.0".into(), rpo_ms: 0, rto_ms: 0 },
                draw: None,
                source: Source {
                    kind: "dump".into(),
                    recovery_point: "p".into(),
                    taken_at: occurred_at,
                    last_write_at: None,
                    last_write_by: None,
                },
                target: Staging { environment: "e".into(), isolated: true, why: None },
                steps: vec![],
                checks: vec![],
                counts: vec![],
                documents: vec![],
                digests: vec![],
                references: vec![],
                queries: vec![],
                canary: None,
                erasures: None,
                measured: Some(Measured {
                    restore_ms: restore_minutes * 60_000,
                    rpo_ms: Some(0),
                    bytes: 1,
                    documents: 1,
                }),
                verdict: DrillVerdict { rto: met, rpo: met, contents: met, reasons: vec![] },
                exposure: None,
                people: vec![],
                abandoned: None,
                log: vec![],
                demo: false,
                occurred_at,
                learned_at: None,
                by: "operator".into(),
                signature: None,
            },
            seal: Seal { seq: 9, sha256: "ab".repeat(32), at: occurred_at, by: "operator".into(), broken: false },
        }
    }

    fn words_of(drills: &[Sealed<Drill>], sightings: &[Sighting], now: &str) -> Vec<(About, Holding, String)> {
        let book = Runbook::parse(TEXT).expect("a runbook");
        let year = Period::days("2026-01-01", "2026-12-31").expect("a period");
        let now = at(now);
        let grid = Grid::lay(year, &sightings.iter().cloned().collect(), &[], now);
        let told = judgement::Facts::of(&[], &[], judgement::Beside::default(), now);
        let seals = HashMap::new();
        let known =
            Known { drills, grid: &grid, newest_attestation: None, told: &told, incidents: &[], seals: &seals, now };
        facts(&book, &known).into_iter().map(|f| (f.about, f.holding, f.word)).collect()
    }

    #[test]
    fn nothing_holds_while_nothing_is_recorded() {
        for (about, holding, word) in words_of(&[], &[], "2026-11-22T00:00:00Z") {
            assert!(matches!(holding, Holding::Untested | Holding::NotObserved), "{about:?}: {word}");
        }
    }

    #[test]
    fn each_claim_is_said_by_the_records_that_concern_it() {
        let seen =
            |tenant: &str, when: &str| Sighting { tenant: tenant.into(), at: at(when), strength: Strength::Listed };
        let all = [
            seen("a", "2026-11-08T03:10:00Z"),
            seen("b", "2026-11-08T03:10:00Z"),
            seen("a", "2026-11-15T03:10:00Z"),
            seen("b", "2026-11-15T03:10:00Z"),
        ];
        let now = "2026-11-18T00:00:00Z";
        let (target, claimed) = (About::Target(Scenario::Collection), About::Claimed(Scenario::Collection));
        for (what, drills, sightings, about, expected) in [
            ("every tenant on the last Sunday", vec![], &all[..], About::Attestation, (Holding::Holds, "2 of 2")),
            (
                "a drill this quarter",
                vec![drill("2026-11-16T10:00:00Z", 62)],
                &[],
                About::Drill,
                (Holding::Holds, "holds"),
            ),
            (
                "one in the last quarter",
                vec![drill("2026-08-17T10:00:00Z", 62)],
                &[],
                About::Drill,
                (Holding::Differs, "due"),
            ),
            ("one long ago", vec![drill("2026-02-17T10:00:00Z", 62)], &[], About::Drill, (Holding::Broken, "overdue")),
            ("within the promise", vec![drill("2026-11-16T10:00:00Z", 62)], &[], target, (Holding::Holds, "met")),
            ("over the promise", vec![drill("2026-11-16T10:00:00Z", 138)], &[], target, (Holding::Broken, "missed")),
            (
                "slower than claimed",
                vec![drill("2026-11-16T10:00:00Z", 62)],
                &[],
                claimed,
                (Holding::Differs, "1 h 02 m"),
            ),
            ("as quick as claimed", vec![drill("2026-11-16T10:00:00Z", 60)], &[], claimed, (Holding::Holds, "1 h")),
            (
                "no source",
                vec![drill("2026-11-16T10:00:00Z", 60)],
                &all,
                About::Cadence,
                (Holding::NotObserved, "not observed"),
            ),
        ] {
            let found = words_of(&drills, sightings, now).into_iter().find(|(a, ..)| *a == about);
            assert_eq!(found, Some((about, expected.0, expected.1.to_owned())), "{what}");
        }
    }

    #[test]
    fn each_fact_stands_beside_the_words_it_concerns() {
        let book = Runbook::parse(TEXT).expect("a runbook");
        let spot = |section, block, row| Some(Spot { section, block, row });
        for (about, expected) in [
            (About::Cadence, spot(0, 0, None)),
            (About::Attestation, spot(1, 0, None)),
            (About::Target(Scenario::Document), spot(2, 0, Some(0))),
            (About::Target(Scenario::Collection), spot(2, 0, Some(1))),
            (About::Claimed(Scenario::Document), spot(3, 0, Some(1))),
            (About::Claimed(Scenario::Collection), spot(3, 0, Some(0))),
            (About::Drill, spot(4, 0, None)),
            (About::Encryption, None),
            (About::Target(Scenario::Everything), None),
        ] {
            assert_eq!(place(&book, about), expected, "{about:?}");
        }
    }

    #[test]
    fn a_table_is_taken_apart_without_its_styles() {
        let book = Runbook::parse(TEXT).expect("a runbook");
        let table = Table::read(&book.sections[2].blocks[0]).expect("a table");
        assert_eq!(table.head, ["Scenario", "RTO"]);
        assert_eq!(table.rows[1], ["A single collection", "2 h"]);
        assert_eq!(Table::read("<p>no</p>"), None);
    }
}
