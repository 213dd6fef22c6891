//! Rules about datastores, row by row: what is known, the rule that is asked, and what it says of one of them.

use serde_json::{Value, json};

use super::*;
use crate::{
    datastore::{CATALOGUE, Words},
    record::Seal,
};

fn at(text: &str) -> Moment {
    Moment::parse(text).expect("a time")
}

fn now() -> Moment {
    at("2026-11-25T12:00:00Z")
}

/// "orders", an RDS instance, of which somebody wrote what is given.
fn known(facts: &[(&str, Value)], words: Option<Words>) -> Facts {
    let all: Vec<Known> = facts
        .iter()
        .enumerate()
        .map(|(n, (connector, fact))| Known {
            id: format!("f{n}"),
            connector: (*connector).to_owned(),
            fact: serde_json::from_value(fact.clone()).unwrap_or_else(|e| panic!("{fact}: {e}")),
            demo: false,
        })
        .collect();
    let seal = Seal { seq: 1, sha256: "ab".repeat(32), at: now(), by: "Founder".to_owned(), broken: false };
    let described = words.map(|words| Sealed {
        id: "orders".to_owned(),
        value: Described::write(&words, now(), "Founder").expect("it reads"),
        seal,
    });
    let stores = datastore::assemble(&all, described.as_slice());
    let asked = all.iter().map(|known| (known.connector.clone(), now())).collect();
    Facts { all, asked, stores, ..Facts::of(&[], &[], Beside::default(), now()) }
}

fn says(facts: &Facts, rule: &str) -> Option<(Verdict, String)> {
    let mut found = judge(facts).into_iter().filter(|j| j.rule == rule);
    let first = found.next()?;
    assert!(found.next().is_none(), "{rule}: one datastore");
    Some((first.verdict, first.says))
}

fn hours(rpo: &str, rto: &str) -> Option<Words> {
    Some(Words {
        name: "orders".into(),
        retention_days: "90".into(),
        rpo_hours: rpo.into(),
        rto_hours: rto.into(),
        ..Words::default()
    })
}

fn point(n: usize, taken: &str) -> (&'static str, Value) {
    (
        "k",
        json!({ "fact": "point", "reference": format!("p{n}"), "resource": "orders", "state": "available", "said": "available", "takenAt": taken }),
    )
}

fn taken(times: &[&str]) -> Vec<(&'static str, Value)> {
    times.iter().enumerate().map(|(n, time)| point(n, time)).collect()
}

fn schedule(items: Value) -> (&'static str, Value) {
    ("k", json!({ "fact": "schedule", "reference": "s", "resource": "orders", "items": items, "copiesTo": ["us"] }))
}

fn run(what: &str, started: &str, finished: &str) -> (&'static str, Value) {
    (
        "k",
        json!({ "fact": "run", "reference": format!("{what}{started}"), "what": what, "resource": "orders", "state": "succeeded", "said": "ok", "startedAt": started, "finishedAt": finished }),
    )
}

#[test]
fn each_rule_says_what_follows_and_nothing_without_a_target() {
    let close = taken(&["2026-11-25T00:00:00Z", "2026-11-25T06:00:00Z", "2026-11-25T11:00:00Z"]);
    let hole = taken(&["2026-11-24T10:00:00Z", "2026-11-25T06:00:00Z", "2026-11-25T11:00:00Z"]);
    let mut several = hole.clone();
    several[0].1["cadence"] = json!("daily");
    several[1].1["cadence"] = json!("hourly");
    let mut scheduled = hole.clone();
    scheduled.push(schedule(
        json!([{ "cadence": "hourly", "every": 6, "keepDays": 1 }, { "cadence": "daily", "keepDays": 7 }]),
    ));
    let continuous = vec![(
        "k",
        json!({ "fact": "store", "reference": "orders", "name": "orders", "kind": "RDS instance", "retentionDays": 35, "restorableTo": "2026-11-25T11:55:00Z" }),
    )];
    let archive = vec![(
        "k",
        json!({ "fact": "bucket", "reference": "orders", "movesTo": [["GLACIER", 30], ["DEEP_ARCHIVE", 180]] }),
    )];
    let copied = vec![point(0, "2026-11-25T03:00:00Z"), run("copy", "2026-11-25T03:00:00Z", "2026-11-25T10:00:00Z")];
    let mut uncopied = taken(&["2026-11-25T00:00:00Z", "2026-11-25T06:00:00Z"]);
    uncopied[0].1["copies"] = json!(["us"]);
    uncopied.push(schedule(json!([])));
    let mut stalled = vec![run("copy", "2026-11-25T10:00:00Z", "")];
    stalled[0].1["state"] = json!("running");
    stalled[0].1.as_object_mut().expect("an object").remove("finishedAt");
    let old = vec![run("backup", "2026-05-01T00:00:00Z", "2026-05-01T00:10:00Z")];
    let mut came_back = old.clone();
    came_back.push(run("restore", "2026-11-01T00:00:00Z", "2026-11-01T00:10:00Z"));
    let mut long_ago = old.clone();
    long_ago.push(run("restore", "2026-06-01T00:00:00Z", "2026-06-01T00:10:00Z"));
    type Row<'r> = (&'r str, &'r [(&'r str, Value)], Option<Words>, Option<(Verdict, &'r str)>);
    let rows: Vec<Row<'_>> = vec![
        ("cadence", &close, hours("6", ""), Some((Verdict::Met, "up to 6 h lie between its recovery points, within"))),
        ("cadence", &hole, hours("6", ""), Some((Verdict::Missed, "up to 20 h lie between"))),
        ("cadence", &hole, None, None),
        // Older ones of a slower pace may be all that is kept.
        ("cadence", &several, hours("6", ""), Some((Verdict::Met, "up to 1 h"))),
        ("cadence", &scheduled, hours("6", ""), Some((Verdict::Met, "up to 5 h"))),
        ("cadence", &continuous, hours("1", ""), Some((Verdict::Met, "any moment up to 5 min before"))),
        ("cadence", &continuous, hours("0.05", ""), Some((Verdict::Missed, "more than the RPO of 3 min"))),
        ("kept", &continuous, hours("", ""), Some((Verdict::Missed, "kept 35 days, and 90 are agreed"))),
        ("kept", &scheduled, None, None),
        ("retrieval", &archive, hours("", "4"), Some((Verdict::Missed, "DEEP_ARCHIVE"))),
        ("retrieval", &archive, hours("", "24"), Some((Verdict::Met, "within 12 h"))),
        ("retrieval", &archive, None, None),
        ("copy-lag", &copied, hours("6", ""), Some((Verdict::Missed, "a copy took up to 7 h"))),
        ("copy-lag", &copied, hours("8", ""), Some((Verdict::Met, "7 h"))),
        (
            "copy-lag",
            &uncopied,
            hours("5", ""),
            Some((Verdict::Missed, "taken 6 h before it was asked is not in us yet")),
        ),
        ("copy-lag", &stalled, hours("1", ""), Some((Verdict::Missed, "a copy took up to 2 h"))),
        ("copy-lag", &close, hours("1", ""), None),
        ("restored", &old, None, Some((Verdict::Stale, "green for 6 months without a restore"))),
        ("restored", &came_back, None, Some((Verdict::Met, "last restored on 2026-11-01"))),
        ("restored", &long_ago, None, Some((Verdict::Stale, "the last was on 2026-06-01"))),
        ("restored", &close, None, Some((Verdict::Untested, "no restore is on record yet"))),
        ("in-catalogue", &close, None, None),
    ];
    for (rule, facts, words, expected) in rows {
        let facts = known(facts, words);
        let found = says(&facts, rule);
        match expected {
            None => assert_eq!(found, None, "{rule}"),
            Some((verdict, part)) => {
                let (said, says) = found.unwrap_or_else(|| panic!("{rule}: nothing for {part}"));
                assert!(said == verdict && says.contains(part), "{rule}: {said:?} {says}");
            }
        }
    }
}

#[test]
fn a_drill_tells_of_a_cluster_only_where_there_is_one() {
    let cluster = |name: &str| {
        ("k", json!({ "fact": "store", "reference": name, "name": name, "kind": "MongoDB Atlas cluster" }))
    };
    let restored = |more: &[(&str, Value)]| {
        let mut all = vec![cluster("orders"), run("backup", "2026-05-01T00:00:00Z", "2026-05-01T00:10:00Z")];
        all.extend(more.iter().cloned());
        let mut facts = known(&all, None);
        facts.drilled = vec![(at("2026-11-20T00:00:00Z"), "D-1".to_owned())];
        says(&facts, "restored").map(|(verdict, _)| verdict)
    };
    assert_eq!(restored(&[]), Some(Verdict::Met));
    assert_eq!(restored(&[cluster("other")]), Some(Verdict::Stale));
}

#[test]
fn the_catalogue_is_held_against_what_is_here_and_only_an_exclusion_in_force_accepts_it() {
    let here = point(0, "2026-11-25T03:00:00Z");
    let named = |name: &str| {
        let reference = format!("resource:default/{name}");
        (
            CATALOGUE,
            json!({ "fact": "store", "reference": reference, "name": name, "kind": "catalogue resource (database)" }),
        )
    };
    let verdicts = |facts: &Facts| -> Vec<(String, Verdict)> {
        let found = judge(facts).into_iter().filter(|j| j.rule == "in-catalogue");
        found.map(|j| (j.about, j.verdict)).collect()
    };
    let mut facts = known(&[here.clone(), named("orders"), named("search-index")], None);
    let (orders, search) = ("orders".to_owned(), "search-index".to_owned());
    assert_eq!(verdicts(&facts), [(orders.clone(), Verdict::Met), (search.clone(), Verdict::Missed)]);
    let exclusion = |title: &str, until: &str| Acceptance {
        schema: 1,
        what: What::Exclusion,
        title: title.to_owned(),
        why: "It is rebuilt in an hour".to_owned(),
        until: at(until),
        occurred_at: now(),
        by: "Founder".to_owned(),
    };
    facts.left_out = vec![exclusion("The search-index is not backed up", "2027-01-01T00:00:00Z")];
    assert_eq!(verdicts(&facts)[1], (search.clone(), Verdict::Met));
    facts.left_out = vec![exclusion("The search is not backed up", "2027-01-01T00:00:00Z")];
    assert_eq!(verdicts(&facts)[1], (search.clone(), Verdict::Missed));
    // Past its end it is not among those in force.
    let beside = Beside { acceptances: vec![exclusion("search-index", "2026-01-01T00:00:00Z")], ..Beside::default() };
    assert_eq!(Facts::of(&[], &[], beside, now()).left_out, []);

    let facts = known(&[here, named("other")], None);
    assert_eq!(verdicts(&facts), [(orders, Verdict::AtRisk), ("other".to_owned(), Verdict::Missed)]);
}

#[test]
fn what_should_be_there_today_is_ticked_or_missing_and_nothing_before_anything_is_known() {
    let items = json!([
        { "cadence": "hourly", "every": 6, "keepDays": 2 },
        { "cadence": "daily", "keepDays": 7 },
        { "cadence": "weekly", "keepDays": 28 },
        { "cadence": "monthly", "keepDays": 365 },
    ]);
    let mut days: Vec<String> = (18..=25).map(|day| format!("2026-11-{day}T03:00:00Z")).collect();
    days.extend(
        ["2026-11-15T03:00:00Z", "2026-11-08T03:00:00Z", "2026-11-01T03:00:00Z", "2026-09-30T03:00:00Z"]
            .map(String::from),
    );
    let times: Vec<&str> = days.iter().map(String::as_str).collect();
    let mut facts = taken(&times);
    facts.push(schedule(items));
    // Backups began in August.
    facts.push(run("backup", "2026-07-20T03:00:00Z", "2026-07-20T03:10:00Z"));
    let all = known(&facts, None);
    let (verdict, words) = says(&all, "points-due").expect("judged");
    assert_eq!(verdict, Verdict::Missed);
    assert!(words.contains("6 of 6 daily, 3 of 3 weekly, 1 of 3 monthly"), "{words}");
    assert!(words.ends_with("missing: Oct 2026, Aug 2026."), "{words}");

    // One that is there no more is missed, whatever else is.
    facts.remove(3);
    let (_, words) = says(&known(&facts, None), "points-due").expect("judged");
    assert!(words.contains("5 of 6 daily") && words.contains("missing: 21 Nov, "), "{words}");

    // Of a store that is new, nothing is owed yet.
    let mut young = taken(&["2026-11-25T03:00:00Z"]);
    young.push(schedule(json!([{ "cadence": "daily", "keepDays": 7 }])));
    assert_eq!(says(&known(&young, None), "points-due"), None);
}

#[test]
fn another_success_never_makes_a_verdict_worse() {
    let rank = |verdict: Verdict| match verdict {
        Verdict::Met => 0,
        Verdict::Untested => 1,
        Verdict::AtRisk | Verdict::Stale => 2,
        Verdict::Missed => 3,
    };
    // Points at pseudo-random times of the last three days, one more each time.
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as i64
    };
    for _ in 0..200 {
        let times: Vec<Moment> = (0..6).map(|_| now().plus_millis(-(next() % (3 * 24 * 3_600_000)))).collect();
        let texts: Vec<String> = times.iter().map(|at| at.rfc3339()).collect();
        let verdict = |n: usize| {
            let texts: Vec<&str> = texts[..n].iter().map(String::as_str).collect();
            let mut facts = taken(&texts);
            facts.push(schedule(json!([{ "cadence": "daily", "keepDays": 7 }])));
            facts.push(run("backup", "2026-11-10T03:00:00Z", "2026-11-10T03:10:00Z"));
            let facts = known(&facts, hours("20", ""));
            // A newer, or an inner one, only closes gaps; what lies before the first opens one that was unknown.
            (
                says(&facts, "points-due").map_or(0, |(v, _)| rank(v)),
                texts.iter().min().copied().map(str::to_owned),
                says(&facts, "cadence").map(|(v, _)| rank(v)),
            )
        };
        for n in 1..6 {
            let (before, after) = (verdict(n), verdict(n + 1));
            assert!(after.0 <= before.0, "{texts:?}");
            if before.1 == after.1 {
                assert!(after.2 <= before.2, "{texts:?}");
            }
        }
    }
}
