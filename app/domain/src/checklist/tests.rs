//! The checklist: what closes an item, what does not, and what is sealed of it.

use serde_json::json;

use super::*;
use crate::{
    judgement::{Beside, Known, judge},
    record::Seal,
    schedule::quarters,
};

fn at(text: &str) -> Moment {
    Moment::parse(text).expect("a time")
}

fn seal(seq: u64) -> Seal {
    Seal { seq, sha256: "ab".repeat(32), at: at("2026-11-25T12:00:00Z"), by: "Founder".to_owned(), broken: false }
}

/// What is known, and when its tool was asked.
fn facts(all: Vec<serde_json::Value>, asked: &str) -> Facts {
    let mut facts = Facts::of(&[], &[], Beside::default(), at("2026-11-25T12:00:00Z"));
    facts.all = all
        .into_iter()
        .enumerate()
        .map(|(n, fact)| Known {
            id: format!("f{n}"),
            connector: "k".to_owned(),
            fact: serde_json::from_value(fact).expect("a fact"),
            demo: false,
        })
        .collect();
    facts.asked.insert("k".to_owned(), at(asked));
    facts
}

/// The fourth quarter of 2026 with nothing but facts.
fn body<'a>(facts: &'a Facts, judged: &'a [Judgement]) -> Body<'a> {
    Body {
        quarter: quarters(facts.now, facts.now.plus_millis(1)).remove(0),
        as_of: facts.now,
        facts,
        judged,
        drills: &[],
        findings: &[],
        runbooks: &[],
        approved: &[],
        readings: &[],
        filed: &[],
    }
}

fn stands(facts: &Facts, answers: &[Sealed<Answer>], item: &str) -> (Standing, String) {
    let judged = judge(facts);
    let body = body(facts, &judged);
    let line = lines(&body, answers).into_iter().find(|line| line.item.id == item).expect("an item");
    (line.standing, line.says.join(" "))
}

fn page(heard: bool) -> serde_json::Value {
    let mut acts = vec![json!({ "at": "2026-11-16T10:00:00Z", "act": "raised" })];
    if heard {
        acts.push(json!({ "at": "2026-11-16T10:04:00Z", "act": "acknowledged", "by": "Operator one" }));
    }
    json!({ "fact": "page", "reference": "i1", "summary": "drill", "acts": acts })
}

fn answer(closes: bool, item: &str) -> Sealed<Answer> {
    let now = at("2026-11-25T12:00:00Z");
    let item = super::item(item).expect("an item");
    let value = Answer::write("2026-Q4", item, None, closes, "Seen on the phone.", vec![], now, "Founder");
    Sealed { id: answer_id("2026-Q4", item.id), value: value.expect("it reads"), seal: seal(9) }
}

#[test]
fn no_two_items_share_a_name_each_section_has_some_and_nothing_measured_is_closed_by_hand() {
    let mut ids: Vec<_> = ITEMS.iter().map(|item| item.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), ITEMS.len());
    for section in Section::ALL {
        assert!(ITEMS.iter().any(|item| item.section == section), "{}", section.id());
    }
    for item in ["timed", "verified", "isolated", "torn-down", "job-health", "read"] {
        let item = super::item(item).expect("an item");
        assert!(!item.by_hand);
        let now = at("2026-11-25T12:00:00Z");
        let write = |closes| Answer::write("2026-Q4", item, None, closes, "It is fine.", vec![], now, "Founder");
        assert_eq!(write(true), Err(AnswerError::Measured));
        assert!(write(false).is_ok(), "a remark is free");
    }
}

#[test]
fn records_close_an_item_in_their_own_quarter_and_a_word_closes_only_what_no_record_answers() {
    let rows = [
        // What is known, when it was brought, whether somebody wrote, and how the item stands.
        (vec![], "2026-11-20T00:00:00Z", None, Standing::Open, "No alert is on record."),
        (vec![], "2026-11-20T00:00:00Z", Some(true), Standing::ByHand, ""),
        (vec![], "2026-11-20T00:00:00Z", Some(false), Standing::Open, ""),
        (vec![page(true)], "2026-11-20T00:00:00Z", None, Standing::Closed, "acknowledged by Operator one"),
        (vec![page(true)], "2026-09-20T00:00:00Z", None, Standing::Open, "Last brought on 2026-09-20, before"),
        (vec![page(false)], "2026-11-20T00:00:00Z", None, Standing::Short, "nobody acknowledged"),
        (vec![page(false)], "2026-11-20T00:00:00Z", Some(true), Standing::Short, "nobody acknowledged"),
    ];
    for (known, asked, word, standing, says) in rows {
        let answers: Vec<_> = word.map(|closes| answer(closes, "alert-path")).into_iter().collect();
        let told = stands(&facts(known, asked), &answers, "alert-path");
        assert_eq!(told.0, standing, "{told:?}");
        assert!(told.1.contains(says), "{told:?}");
    }
    let of_another = vec![answer(true, "keys")];
    assert_eq!(stands(&facts(vec![], "2026-11-20T00:00:00Z"), &of_another, "alert-path").0, Standing::Open);
}

#[test]
fn nothing_known_closes_nothing_but_that_no_finding_is_open() {
    let facts = Facts::of(&[], &[], Beside::default(), at("2026-11-25T12:00:00Z"));
    for item in ITEMS {
        let (standing, says) = stands(&facts, &[], item.id);
        let nothing_to_do = ["owned", "carried"].contains(&item.id);
        assert_eq!(standing == Standing::Closed, nothing_to_do, "{}: {says}", item.id);
        assert!(!says.is_empty() && !item.next.is_empty(), "{}", item.id);
    }
}

#[test]
fn whatever_falls_short_stands_under_some_item() {
    let facts = Facts::of(&[], &[], Beside::default(), at("2026-11-25T12:00:00Z"));
    for rule in crate::judgement::RULES {
        let judged = [Judgement {
            rule: rule.id,
            store: None,
            about: "orders".to_owned(),
            verdict: crate::verdict::Verdict::Missed,
            says: "orders: it falls short.".to_owned(),
            records: vec!["f1".to_owned()],
            suspects: None,
            demo: false,
        }];
        let body = body(&facts, &judged);
        let short: Vec<_> = lines(&body, &[]).into_iter().filter(|line| line.standing == Standing::Short).collect();
        assert!(short.iter().any(|line| line.says == ["orders: it falls short."]), "{}", rule.id);
    }
}

#[test]
fn a_word_is_read_or_refused_with_what_to_write_and_keeps_the_files_before_it() {
    let now = at("2026-11-25T12:00:00Z");
    let item = super::item("keys").expect("an item");
    let write = |quarter: &str, note: &str| Answer::write(quarter, item, None, true, note, vec![], now, "Founder");
    let long = "x".repeat(LONGEST_NOTE + 1);
    for (quarter, note, error) in [
        ("2026-Q5", "n", AnswerError::Quarter),
        ("2027-Q1", "n", AnswerError::Quarter),
        ("2026-Q4", " ", AnswerError::Note),
        ("2026-Q4", long.as_str(), AnswerError::Note),
    ] {
        assert_eq!(write(quarter, note), Err(error.clone()));
        assert!(!error.next().is_empty());
    }
    let file = |digit: &str| Attachment {
        sha256: digit.repeat(64),
        name: "a.pdf".to_owned(),
        kind: attachment::FileType::Pdf,
        bytes: 1,
    };
    let again = |before: Option<&Answer>, files| {
        Answer::write("2026-Q4", item, before, true, "n", files, now, "Founder").expect("it reads")
    };
    let first = again(None, vec![file("a")]);
    let second = again(Some(&first), vec![file("a"), file("b")]);
    assert_eq!(second.attachments.iter().map(|a| &a.file.sha256[..1]).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(first.id(), "2026-Q4.keys");
}

#[test]
fn what_is_sealed_says_how_every_item_stood_and_reads_back() {
    let facts = facts(vec![page(true)], "2026-11-20T00:00:00Z");
    let judged = judge(&facts);
    let body = body(&facts, &judged);
    let lines = lines(&body, &[answer(true, "keys")]);
    let closed = Checklist::close(&body, &lines, 1, facts.now, "Founder");
    assert_eq!((closed.version.as_str(), closed.items.len()), ("2", ITEMS.len()));
    assert_eq!(closed.of(Standing::ByHand), 1);
    let word = closed.items.iter().find_map(|item| item.word.as_ref()).expect("a word");
    assert_eq!((word.note.as_str(), word.seq), ("Seen on the phone.", 9));
    assert!(closed.sentence().starts_with("4 of 25 items are closed, one of them by hand; "), "{}", closed.sentence());
    let json = serde_json::to_value(&closed).expect("it serialises");
    assert_eq!(serde_json::from_value::<Checklist>(json).expect("it reads"), closed);
}

#[test]
fn no_item_has_the_name_of_a_section() {
    for section in Section::ALL {
        assert!(super::item(section.id()).is_none(), "{} would be two anchors of one page", section.id());
    }
}
