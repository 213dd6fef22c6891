//! Every step from every state by every role, and the limits.

use super::*;
use crate::{attachment::FileType, schedule::Period};

fn at(n: i64) -> Moment {
    Moment::parse("2026-11-16T14:00:00Z").expect("a time").plus_millis(n)
}

fn scope() -> Scope {
    Scope { period: Period::quarter("2026-Q3"), controls: Some(vec![Control::Cc75, Control::A12]) }
}

fn actor(role: Role) -> Actor {
    let scope = if role == Role::Auditor { scope() } else { Scope::EVERYTHING };
    Actor { id: role.word().into(), name: format!("The {}", role.word()), role, scope }
}

fn words(text: &str) -> Said {
    Said { words: text.into(), ..Said::default() }
}

fn question(title: &str) -> Question {
    Question { title: title.into(), control: Some(Control::Cc75), said: words("Which drill shows it?") }
}

fn asked() -> Request {
    let audit = Some("A-001".to_owned());
    Request::ask("R-001".into(), question("The last drill"), &actor(Role::Auditor), audit, at(0)).expect("it is asked")
}

fn in_state(standing: Standing) -> Request {
    let (auditor, owner) = (actor(Role::Auditor), actor(Role::Owner));
    let answered = || asked().answer(words("Drill 7."), &owner, at(1)).expect("answered");
    match standing {
        Standing::Open => asked(),
        Standing::Answered => answered(),
        Standing::NeedsMore => answered().ask_more(words("And its log?"), &auditor, at(2)).expect("sent back"),
        Standing::Accepted => answered().accept(&auditor, at(2)).expect("accepted"),
    }
}

#[test]
fn every_step_from_every_state_is_taken_or_refused_by_name() {
    use Standing::*;
    type Step = fn(Request, &Actor) -> Result<Request, RequestError>;
    let answer: Step = |r, by| r.answer(words("Here it is."), by, at(9));
    let more: Step = |r, by| r.ask_more(words("And the rest?"), by, at(9));
    let accept: Step = |r, by| r.accept(by, at(9));
    let bundle: Step = |r, by| r.put_in_bundle(true, by, at(9));
    let (theirs, ours) = (RequestError::NotAuditor, RequestError::NotCompany);
    for (what, step, from, owner, auditor) in [
        ("answer", answer, Open, Ok(Answered), Err(&ours)),
        ("answer", answer, Answered, Ok(Answered), Err(&ours)),
        ("answer", answer, NeedsMore, Ok(Answered), Err(&ours)),
        ("answer", answer, Accepted, Err(&RequestError::Closed), Err(&ours)),
        ("more", more, Open, Err(&theirs), Ok(Open)),
        ("more", more, Answered, Err(&theirs), Ok(NeedsMore)),
        ("more", more, NeedsMore, Err(&theirs), Ok(NeedsMore)),
        ("more", more, Accepted, Err(&theirs), Ok(NeedsMore)),
        ("accept", accept, Open, Err(&theirs), Err(&RequestError::NoAnswer)),
        ("accept", accept, Answered, Err(&theirs), Ok(Accepted)),
        ("accept", accept, NeedsMore, Err(&theirs), Ok(Accepted)),
        ("accept", accept, Accepted, Err(&theirs), Err(&RequestError::AcceptedAlready)),
        ("bundle", bundle, Open, Err(&theirs), Ok(Open)),
        ("bundle", bundle, Accepted, Err(&theirs), Ok(Accepted)),
    ] {
        for (role, expected) in [(Role::Owner, owner), (Role::Operator, owner), (Role::Auditor, auditor)] {
            let before = in_state(from);
            let after = step(before.clone(), &actor(role));
            let stands = after.as_ref().map(Request::standing);
            assert_eq!(stands, expected, "{what} by the {} when {}", role.word(), from.word());
            if let Ok(after) = after {
                assert!(after.adds_to(&before), "{what}: the thread only grows");
                assert_eq!((after.by.as_str(), after.occurred_at), (actor(role).name.as_str(), at(9)), "{what}");
                assert_eq!(after.thread.len() > before.thread.len(), ["answer", "more"].contains(&what));
            }
        }
    }
    let marked = asked().put_in_bundle(true, &actor(Role::Auditor), at(1)).expect("marked");
    assert_eq!(marked.clone().put_in_bundle(true, &actor(Role::Auditor), at(2)), Err(RequestError::AsItWas));
    assert!(!marked.put_in_bundle(false, &actor(Role::Auditor), at(2)).expect("taken out").in_bundle);
}

#[test]
fn a_question_is_taken_or_refused_with_what_to_do() {
    let ask = |q: Question, role| Request::ask("R-001".into(), q, &actor(role), None, at(0));
    let said = |said: Said| Question { said, ..question("x") };
    let record = |n: u64| RecordRef { seq: n, collection: "gaps".into(), id: n.to_string() };
    let file =
        |n: usize| Attachment { sha256: format!("{n:064x}"), name: "a.pdf".into(), kind: FileType::Pdf, bytes: 1 };
    let many = |n: u64| Said { records: (0..n).map(record).collect(), ..Said::default() };
    let files = |n: usize| Said { attachments: (0..n).map(file).collect(), ..Said::default() };
    for (what, question, role, expected) in [
        ("by the owner", question("x"), Role::Owner, Some(RequestError::NotAuditor)),
        ("by an operator", question("x"), Role::Operator, Some(RequestError::NotAuditor)),
        ("without a title", question(" \n "), Role::Auditor, Some(RequestError::NoTitle)),
        ("a long title", question(&"é".repeat(200)), Role::Auditor, None),
        ("too long a title", question(&"é".repeat(201)), Role::Auditor, Some(RequestError::LongTitle)),
        ("a title nobody can read", question("a\u{7}b"), Role::Auditor, Some(RequestError::Unreadable)),
        (
            "another audit's control",
            Question { control: Some(Control::A11), ..question("x") },
            Role::Auditor,
            Some(RequestError::ControlOutside(Control::A11)),
        ),
        ("no control", Question { control: None, ..question("x") }, Role::Auditor, None),
        ("a title alone", said(Said::default()), Role::Auditor, None),
        ("8000 characters", said(words(&"ß".repeat(8000))), Role::Auditor, None),
        ("8001 characters", said(words(&"ß".repeat(8001))), Role::Auditor, Some(RequestError::LongWords(8001))),
        ("a zero in the words", said(words("a\0b")), Role::Auditor, Some(RequestError::Unreadable)),
        ("20 records", said(many(20)), Role::Auditor, None),
        ("21 records", said(many(21)), Role::Auditor, Some(RequestError::ManyRecords(21))),
        ("10 files", said(files(10)), Role::Auditor, None),
        ("11 files", said(files(11)), Role::Auditor, Some(RequestError::ManyFiles(11))),
    ] {
        assert_eq!(ask(question, role).err(), expected, "{what}");
        if let Some(e) = expected {
            assert!(!e.says().0.is_empty() && !e.says().1.is_empty());
        }
    }
    let taken = ask(said(words(" one\r\ntwo\tthree\n ")), Role::Auditor).expect("it is asked");
    assert_eq!(taken.thread[0].words, "one\ntwo\tthree");
    let empty = asked().answer(words(" \r\n "), &actor(Role::Owner), at(1));
    assert_eq!(empty, Err(RequestError::NothingSaid), "a message says something");
    let only_a_record = asked().answer(many(1), &actor(Role::Operator), at(1));
    assert!(only_a_record.is_ok(), "a record says enough");
}

#[test]
fn a_thread_ends_at_500_messages_and_at_a_megabyte_of_words() {
    let (auditor, owner) = (actor(Role::Auditor), actor(Role::Owner));
    let mut request = asked();
    for n in 1..500 {
        let by = if n % 2 == 0 { &auditor } else { &owner };
        let step = if n % 2 == 0 { Request::ask_more } else { Request::answer };
        request = step(request, words("ok"), by, at(n)).expect("there is room");
    }
    assert_eq!(request.clone().answer(words("ok"), &owner, at(600)), Err(RequestError::Full));
    assert!(request.accept(&auditor, at(601)).is_ok(), "a full thread can still be accepted");

    let mut long = asked();
    while let Ok(next) = long.clone().answer(words(&"x".repeat(8000)), &owner, at(1)) {
        long = next;
    }
    let bytes: usize = long.thread.iter().map(|m| m.words.len()).sum();
    assert!(bytes <= MOST_WORDS && bytes + 8000 > MOST_WORDS, "{bytes}");
}

#[test]
fn a_request_is_seen_in_its_own_audit_and_inside_its_own_scope_alone() {
    let q3 = Period::quarter("2026-Q3");
    let year = Period::days("2026-01-01", "2026-12-31");
    let of = |period, controls: &[Control]| Scope { period, controls: Some(controls.to_vec()) };
    let both = [Control::Cc75, Control::A12];
    let on_control = asked();
    let free = Request { control: None, ..asked() };
    let before_audits = Request { audit: None, ..asked() };
    for (what, request, scope, audit, seen) in [
        ("the owner", &on_control, Scope::EVERYTHING, None, true),
        ("its own audit", &on_control, of(q3, &both), Some("A-001"), true),
        ("its own audit, cut since", &free, of(Period::quarter("2026-Q2"), &[Control::A11]), Some("A-001"), true),
        ("its own audit without its control", &on_control, of(q3, &[Control::A12]), Some("A-001"), false),
        ("another audit of the same scope", &on_control, of(q3, &both), Some("A-002"), false),
        ("another audit of everything", &free, Scope::EVERYTHING, Some("A-002"), false),
        ("asked before there were audits", &before_audits, of(year, &both), Some("A-001"), true),
        ("asked before, outside", &before_audits, of(Period::quarter("2026-Q2"), &both), Some("A-001"), false),
        ("a wider scope", &free, of(year, &Control::ALL), None, true),
        ("a period that ends sooner", &free, of(Period::days("2026-07-01", "2026-08-31"), &both), None, false),
        ("without one of its controls", &free, of(q3, &[Control::Cc75]), None, false),
        ("its one control", &on_control, of(q3, &[Control::Cc75]), None, true),
    ] {
        assert_eq!(request.seen_by(&scope, audit), seen, "{what}");
    }
}

#[test]
fn a_version_that_takes_something_out_of_the_thread_does_not_add_to_it() {
    let older = in_state(Standing::Answered);
    let newer = in_state(Standing::NeedsMore);
    assert!(newer.adds_to(&older) && !older.adds_to(&newer));
    type Forge = fn(&mut Request);
    let forgeries: [(&str, Forge); 5] = [
        ("a message taken out", |r| drop(r.thread.remove(1))),
        ("words changed", |r| r.thread[0].words = "Which backup shows it?".into()),
        ("another title", |r| r.title = "Another".into()),
        ("another audit", |r| r.audit = None),
        ("another control", |r| r.control = None),
    ];
    for (what, forge) in forgeries {
        let mut forged = newer.clone();
        forge(&mut forged);
        assert!(!forged.adds_to(&older), "{what}");
    }
}

#[test]
fn a_request_reads_back_from_what_is_sealed() {
    let mut request = in_state(Standing::Accepted);
    request.thread[1].records = vec![RecordRef { seq: 7, collection: "gaps".into(), id: "G-1".into() }];
    let json = serde_json::to_value(&request).expect("JSON");
    assert_eq!(
        (&json["_id"], &json["inBundle"], &json["state"]["is"]),
        (&"R-001".into(), &false.into(), &"accepted".into())
    );
    let read: Request = serde_json::from_value(crate::ejson::plain(&json)).expect("it reads");
    assert_eq!(read, request);
    for standing in Standing::ALL {
        let turns = Role::ALL.map(|role| standing.waits_for(role));
        let expected = match standing {
            Standing::Open | Standing::NeedsMore => [true, true, false],
            Standing::Answered => [false, false, true],
            Standing::Accepted => [false; 3],
        };
        assert_eq!(turns, expected, "{}", standing.word());
    }
}
