//! What the runbook states, against what vendors' tools tell of the MongoDB that it is about; and lines of it that
//! somebody read and found stale.

use super::{Facts, Found, keeping};
use crate::{
    datastore::Datastore,
    fact::Encryption,
    runbook::{Claim, Runbook},
    verdict::Verdict,
    words,
};

/// A minute more than was said is no other cadence: snapshots are taken when the vendor gets to it.
const SLACK_MS: i64 = 60 * 60_000;

/// What was seen of a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub verdict: Verdict,
    /// "up to 6 h 10 min lie between its recovery points"
    pub says: String,
    pub records: Vec<String>,
}

pub fn stated(facts: &Facts) -> Vec<Found> {
    let Some((record, version)) = &facts.runbook else { return Vec::new() };
    let Ok(book) = Runbook::parse(&version.text) else { return Vec::new() };
    let mut found = Vec::new();
    for claim in &book.front.claims {
        let Some((about, states)) = worded(claim) else { continue };
        let Some(seen) = seen(facts, claim) else { continue };
        let records = seen.records.into_iter().chain([record.clone()]).collect();
        let says = format!("The runbook states {states}; {}.", seen.says);
        found.push(Found { about: format!("runbook, {about}"), verdict: seen.verdict, says, records, suspects: None });
    }
    found
}

/// What a claim is called, and its words. `None`: it is judged elsewhere.
fn worded(claim: &Claim) -> Option<(&'static str, String)> {
    Some(match claim {
        Claim::SnapshotCadence { hours } => ("snapshots", format!("a snapshot every {hours} h")),
        Claim::Retention { daily, weekly, monthly } => {
            ("retention", format!("{daily} daily, {weekly} weekly and {monthly} monthly snapshots"))
        }
        Claim::Copy { to, .. } => ("copy", format!("a copy in {to}")),
        Claim::Encryption { key } => ("encryption", format!("encryption with {key}")),
        Claim::PointInTime { days } => ("point in time", format!("any second of the last {days} days")),
        _ => return None,
    })
}

/// Of the datastores the runbook is about: the worst that is known. `None`: nothing tells.
pub fn seen(facts: &Facts, claim: &Claim) -> Option<Seen> {
    let mongo = |store: &&Datastore| store.kind.as_ref().is_some_and(|kind| kind.value.contains("MongoDB"));
    let all = facts.stores.iter().filter(mongo).filter_map(|store| {
        let (verdict, says, records) = of_store(facts, store, claim)?;
        Some(Seen { verdict, says: format!("of {} {says}", store.name), records })
    });
    all.max_by_key(|seen| super::rank(seen.verdict))
}

fn of_store(facts: &Facts, store: &Datastore, claim: &Claim) -> Option<(Verdict, String, Vec<String>)> {
    let held = |holds: bool| if holds { Verdict::Met } else { Verdict::Missed };
    let said = |from: &crate::datastore::From| match from {
        crate::datastore::From::Tool { record, .. } => vec![record.clone()],
        crate::datastore::From::Person { .. } => Vec::new(),
    };
    match claim {
        Claim::SnapshotCadence { hours } => {
            let (gap, says, record) = keeping::points_gap(facts, store)?;
            Some((held(gap <= hours * 3_600_000 + SLACK_MS), says, vec![record]))
        }
        Claim::Retention { daily, weekly, monthly } => {
            let items: Vec<_> = keeping::schedules(facts, store)
                .flat_map(|(record, schedule)| schedule.items.iter().map(move |item| (record, item)))
                .collect();
            if items.is_empty() {
                return None;
            }
            // So many of a pace are kept as fit into its days.
            let of = |cadence: &str, days: i64| {
                let mine = items.iter().filter(|(_, item)| item.cadence == cadence);
                mine.filter_map(|(_, item)| Some(item.keep_days? / days)).max().unwrap_or(0)
            };
            let kept = [of("daily", 1), of("weekly", 7), of("monthly", 30)];
            let promised = [i64::from(*daily), i64::from(*weekly), i64::from(*monthly)];
            let holds = kept.iter().zip(promised).all(|(kept, promised)| *kept >= promised);
            let says = format!("{} daily, {} weekly and {} monthly are kept", kept[0], kept[1], kept[2]);
            Some((held(holds), says, items.iter().map(|(record, _)| (*record).to_owned()).take(1).collect()))
        }
        Claim::Copy { to, .. } => {
            let plain = |region: &str| region.to_lowercase().replace('_', "-");
            let known: Vec<String> = store.copies.iter().map(|copy| plain(&copy.value)).collect();
            let schedules: Vec<_> = keeping::schedules(facts, store).collect();
            let planned = schedules.iter().flat_map(|(_, s)| &s.copies_to).map(|region| plain(region));
            let all: Vec<String> = known.into_iter().chain(planned).collect();
            let record = store.copies.first().map(|copy| said(&copy.from));
            let record = record.or_else(|| schedules.first().map(|(id, _)| vec![(*id).to_owned()]))?;
            let holds = all.contains(&plain(to));
            let says = match (holds, all.first()) {
                (true, _) => format!("copies go to {to}"),
                (false, Some(other)) => format!("copies go to {other}"),
                (false, None) => "no copy elsewhere is planned".to_owned(),
            };
            Some((held(holds), says, record))
        }
        Claim::Encryption { .. } => {
            let key = store.encryption.as_ref()?;
            let (verdict, says) = match key.value {
                Encryption::CustomerManaged => (Verdict::Met, "it is encrypted with a key of one’s own"),
                Encryption::VendorManaged | Encryption::VendorOwned => {
                    (Verdict::Missed, "it is encrypted with the vendor’s default key")
                }
                Encryption::None => (Verdict::Missed, "it is not encrypted"),
                Encryption::Unknown => return None,
            };
            Some((verdict, says.to_owned(), said(&key.from)))
        }
        Claim::PointInTime { days } => {
            let window = keeping::schedules(facts, store).find_map(|(id, s)| Some((id, s.window_days?)));
            let (record, window) = window?;
            Some((
                held(window >= *days),
                format!("the last {window} days can be brought back"),
                vec![record.to_owned()],
            ))
        }
        _ => None,
    }
}

/// Lines that were marked in the newest reading and that the runbook in force still has.
pub fn stale_lines(facts: &Facts) -> Vec<Found> {
    let (Some((_, version)), Some(reading)) = (&facts.runbook, facts.readings.first()) else { return Vec::new() };
    let still = reading.value.still_in(&version.text);
    let read = words::date(reading.value.ended_at.unwrap_or(reading.value.occurred_at));
    let (verdict, says) = match still.as_slice() {
        [] if reading.value.stale.is_empty() => (Verdict::Met, format!("every line held when it was read on {read}")),
        [] => (Verdict::Met, format!("the lines found stale on {read} are mended")),
        some => {
            let each: Vec<String> = some
                .iter()
                .map(|stale| format!("line {}, “{}”: {}", stale.line, cut(&stale.text), stale.why))
                .collect();
            (Verdict::AtRisk, format!("found stale on {read}: {}", each.join("; ")))
        }
    };
    vec![Found {
        about: "runbook, its lines".to_owned(),
        verdict,
        says: format!("The runbook: {says}."),
        records: vec![reading.id.clone()],
        suspects: None,
    }]
}

/// The beginning of a long line.
fn cut(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Moment,
        judgement::{Beside, Known, judge},
        reading::Reading,
        record::{Seal, Sealed},
        runbook::RunbookVersion,
    };
    use serde_json::{Value, json};

    const TEXT: &str = "+++\ntitle = \"R\"\nversion = \"1.0\"\nowner = \"o\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n\n[[claims]]\nkind = \"snapshot-cadence\"\nhours = 6\n\n[[claims]]\nkind = \"retention\"\ndaily = 7\nweekly = 4\nmonthly = 12\n\n[[claims]]\nkind = \"copy\"\nfrom = \"us-east-1\"\nto = \"us-west-2\"\n\n[[claims]]\nkind = \"encryption\"\nkey = \"AWS KMS\"\n\n[[claims]]\nkind = \"point-in-time\"\ndays = 7\n+++\n# R\n\n1. Call Ana.\n";

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a time")
    }

    fn facts(all: Vec<Value>) -> Facts {
        let now = at("2026-11-25T12:00:00Z");
        let version = RunbookVersion {
            schema: 1,
            version: "1.0".into(),
            text: TEXT.into(),
            demo: false,
            occurred_at: now,
            by: "Founder".into(),
        };
        let beside = Beside { runbook: Some(("r1".into(), version)), ..Beside::default() };
        let mut facts = Facts::of(&[], &[], beside, now);
        facts.all = all
            .into_iter()
            .enumerate()
            .map(|(n, fact)| Known {
                id: format!("f{n}"),
                connector: "k".into(),
                fact: serde_json::from_value(fact).expect("a fact"),
                demo: false,
            })
            .collect();
        facts.stores = crate::datastore::assemble(&facts.all, &[]);
        facts
    }

    fn said(facts: &Facts, rule: &str) -> Vec<(Verdict, String)> {
        judge(facts).into_iter().filter(|j| j.rule == rule).map(|j| (j.verdict, j.says)).collect()
    }

    #[test]
    fn each_claim_is_held_against_what_is_known_and_nothing_is_said_of_what_is_not() {
        let cluster = |more: Value| {
            let mut store =
                json!({ "fact": "store", "reference": "prod", "name": "prod", "kind": "MongoDB Atlas cluster" });
            store.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            store
        };
        let point = |taken: &str| json!({ "fact": "point", "reference": taken, "resource": "prod", "state": "available", "said": "completed", "takenAt": taken });
        let policy = |daily: i64, to: &str, window: i64| {
            json!({ "fact": "schedule", "reference": "s", "resource": "prod", "windowDays": window, "copiesTo": [to],
                "items": [{ "cadence": "daily", "keepDays": daily }, { "cadence": "weekly", "keepDays": 28 }, { "cadence": "monthly", "keepDays": 390 }] })
        };
        assert_eq!(said(&facts(vec![]), "stated"), []);
        assert_eq!(said(&facts(vec![cluster(json!({}))]), "stated"), []);
        let good = facts(vec![
            cluster(json!({ "encryption": "customer-managed" })),
            point("2026-11-25T00:00:00Z"),
            point("2026-11-25T06:00:00Z"),
            policy(7, "US_WEST_2", 7),
        ]);
        let told = said(&good, "stated");
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told.iter().all(|(verdict, _)| *verdict == Verdict::Met), "{told:?}");
        let bad = facts(vec![
            cluster(json!({ "encryption": "vendor-managed" })),
            point("2026-11-24T00:00:00Z"),
            point("2026-11-25T06:00:00Z"),
            policy(2, "EU_WEST_1", 3),
        ]);
        let told = said(&bad, "stated");
        for says in [
            "states a snapshot every 6 h; of prod up to 30 h lie between",
            "2 daily, 4 weekly and 13 monthly are kept",
            "states a copy in us-west-2; of prod copies go to eu-west-1",
            "with AWS KMS; of prod it is encrypted with the vendor’s default key",
            "the last 3 days can be brought back",
        ] {
            let mine = told.iter().find(|(_, said)| said.contains(says));
            assert_eq!(mine.map(|(verdict, _)| *verdict), Some(Verdict::Missed), "{says}: {told:?}");
        }
    }

    #[test]
    fn a_line_read_as_stale_is_said_until_no_version_has_it() {
        let mut facts = facts(vec![]);
        assert_eq!(said(&facts, "stale-lines"), []);
        let began = at("2026-11-20T12:00:00Z");
        let reading = Reading::begin("2026-Q4", ("1.0", "ab"), "Founder", &[], began, "Founder").expect("begun");
        let line = crate::reading::lines(TEXT).last().expect("a line").number;
        let reading = reading.mark(TEXT, line, "Ana left", began, "Founder").expect("marked").end(began).expect("open");
        let seal = Seal { seq: 1, sha256: String::new(), at: began, by: String::new(), broken: false };
        facts.readings = vec![Sealed { id: reading.id(), value: reading, seal }];
        let told = said(&facts, "stale-lines");
        assert_eq!(told[0].0, Verdict::AtRisk);
        assert!(told[0].1.contains("“1. Call Ana.”: Ana left"), "{told:?}");
        if let Some((_, version)) = &mut facts.runbook {
            version.text = version.text.replace("Ana", "Bo");
        }
        assert_eq!(said(&facts, "stale-lines")[0].0, Verdict::Met);
    }
}
