use super::{
    remind::{When, reminder},
    *,
};
use crate::proof::signoff::{self, Signer};

fn at(text: &str) -> Moment {
    Moment::parse(text).expect("a time in the test")
}

fn seal(seq: u64, filed: &str) -> Seal {
    Seal { seq, sha256: format!("{seq:064x}"), at: at(filed), by: "operator".into(), broken: false }
}

const FRONT: &str = "+++\ntitle = \"R\"\nversion = \"V\"\nowner = \"o\"\napproved = \"2026-08-19\"\nnextReview = \"2026-11-18\"\ncontrols = [\"CC7.1\"]\n+++\n\n## One\n";

fn version(seq: u64, version: &str, filed: &str) -> Sealed<RunbookVersion> {
    Sealed {
        id: format!("runbook-{version}"),
        value: RunbookVersion {
            schema: 1,
            version: version.into(),
            text: FRONT.replace('V', version),
            demo: false,
            occurred_at: at(filed),
            by: "founder".into(),
        },
        seal: seal(seq, filed),
    }
}

fn drill(seq: u64, filed: &str) -> Document {
    let is = Is::Drill { occurred_at: at(filed), demo: false };
    Document { id: format!("D-{seq}"), version: "1".into(), seal: seal(seq, filed), is }
}

fn acceptance(seq: u64, filed: &str, until: &str) -> Document {
    let value = Acceptance::write("risk", "One copy", "It costs more than it saves.", until, at(filed), "founder")
        .expect("it reads");
    Document { id: value.id(), version: "1".into(), seal: seal(seq, filed), is: Is::Acceptance(value) }
}

fn signature(document: &Document, purpose: Purpose, seq: u64, when: &str, note: Option<&str>) -> Signature {
    Signature {
        id: format!("S-{seq}"),
        statement: Statement {
            purpose,
            decision: if note.is_some() { Decision::Return } else { Decision::Approve },
            note: note.map(str::to_owned),
            document: signoff::Document {
                id: document.id.clone(),
                version: document.version.clone(),
                sha256: document.seal.sha256.clone(),
            },
            signer: Signer { id: "founder".into(), name: "The founder".into(), role: Role::Owner },
            time: at(when).rfc3339(),
            nonce: String::new(),
            rp_id: "localhost".into(),
        },
        seal: seal(seq, when),
    }
}

fn one(document: &Document, signatures: &[Signature], now: &str) -> Review {
    let all = reviews(std::slice::from_ref(document), signatures, at(now));
    all.into_iter().next_back().expect("a review")
}

#[test]
fn a_subject_comes_back_from_its_address() {
    for (key, expected) in [
        ("approves.runbook-1.0", Some((Purpose::Approves, "runbook-1.0"))),
        ("owns.D-20261116-130210", Some((Purpose::Owns, "D-20261116-130210"))),
        ("ran.", None),
        ("signs.D-1", None),
        ("D-1", None),
    ] {
        let found = Subject::parse(key);
        assert_eq!(found.as_ref().map(|s| (s.purpose, s.document.as_str())), expected, "{key}");
        if let Some(subject) = found {
            assert_eq!(subject.key(), key);
            assert_eq!(Subject::of_cause(&subject.cause(at("2026-11-18T23:59:59Z"))), Some(subject));
        }
    }
}

#[test]
fn a_drill_asks_for_two_signatures_within_seven_days_and_an_invented_one_for_none() {
    let document = drill(3, "2026-11-16T14:20:00Z");
    let all = reviews(std::slice::from_ref(&document), &[], at("2026-11-17T09:00:00Z"));
    assert_eq!(all.iter().map(|r| r.subject.purpose).collect::<Vec<_>>(), [Purpose::Ran, Purpose::Owns]);
    for (now, mark) in [
        ("2026-11-16T15:00:00Z", Mark::Waiting),
        ("2026-11-19T09:00:00Z", Mark::Waiting),
        ("2026-11-21T09:00:00Z", Mark::DueSoon),
        ("2026-11-23T23:59:59.999Z", Mark::DueSoon),
        ("2026-11-24T00:00:00Z", Mark::Overdue),
    ] {
        let review = one(&document, &[], now);
        assert_eq!(review.standing.mark(at(now)), mark, "{now}");
        assert_eq!(review.standing.due(), Some(at("2026-11-23T23:59:59.999Z")));
    }
    let invented =
        Document { is: Is::Drill { occurred_at: at("2026-11-16T14:20:00Z"), demo: true }, ..document.clone() };
    assert!(reviews(&[invented], &[], at("2026-12-24T09:00:00Z")).is_empty());

    // One signature is not the other's.
    let ran = signature(&document, Purpose::Ran, 4, "2026-11-17T09:00:00Z", None);
    let both = reviews(std::slice::from_ref(&document), &[ran], at("2026-11-18T09:00:00Z"));
    assert_eq!(both[0].standing, Standing::Signed { until: None });
    assert!(matches!(both[1].standing, Standing::Waiting { .. }));
    assert_eq!((both[0].asks(&both), both[1].asks(&both)), ("by who ran it", "second signature"));
}

#[test]
fn a_runbook_is_due_as_its_text_says_and_a_signature_holds_as_long() {
    let versions = [version(5, "1.0", "2026-08-19T08:12:00Z")];
    let document = Document::runbooks(&versions).remove(0);
    let early = signature(&document, Purpose::Approves, 6, "2026-08-20T09:00:00Z", None);
    let late = signature(&document, Purpose::Approves, 7, "2026-11-17T09:00:00Z", None);
    let review_day = at("2026-11-18T23:59:59.999Z");
    // 91 days and the rest of the day from approval to the day of the review, as the text gives itself.
    let again = at("2027-02-17T23:59:59.999Z");
    let table: &[(&str, &[&Signature], &str, Standing, Mark)] = &[
        (
            "new and unsigned: a week",
            &[],
            "2026-08-20T09:00:00Z",
            Standing::Waiting { since: at("2026-08-19T08:12:00Z"), due: at("2026-08-26T23:59:59.999Z") },
            Mark::Waiting,
        ),
        (
            "signed, until the review",
            &[&early],
            "2026-10-01T09:00:00Z",
            Standing::Signed { until: Some(review_day) },
            Mark::Signed,
        ),
        (
            "a week before the review it waits again",
            &[&early],
            "2026-11-15T09:00:00Z",
            Standing::Waiting { since: at("2026-08-20T09:00:00Z"), due: review_day },
            Mark::DueSoon,
        ),
        (
            "the day after it is overdue",
            &[&early],
            "2026-11-19T00:00:00Z",
            Standing::Waiting { since: at("2026-08-20T09:00:00Z"), due: review_day },
            Mark::Overdue,
        ),
        (
            "read again when it was due: as long again",
            &[&early, &late],
            "2026-11-19T09:00:00Z",
            Standing::Signed { until: Some(again) },
            Mark::Signed,
        ),
    ];
    for (what, given, now, standing, mark) in table {
        let given: Vec<Signature> = given.iter().map(|s| (*s).clone()).collect();
        let review = one(&document, &given, now);
        assert_eq!(&review.standing, standing, "{what}");
        assert_eq!(review.standing.mark(at(now)), *mark, "{what}");
    }
    // Known to the portal only when its day had passed: overdue at once.
    let learned_late = Document { seal: seal(5, "2026-12-01T00:00:00Z"), ..document };
    assert_eq!(
        one(&learned_late, &[], "2026-12-01T00:00:01Z").standing.mark(at("2026-12-01T00:00:01Z")),
        Mark::Overdue
    );
}

#[test]
fn what_changed_after_it_was_signed_is_unsigned_again_and_says_what_was_signed_last() {
    let (old, new) = (version(5, "1.0", "2026-08-19T08:12:00Z"), version(9, "1.1", "2026-10-01T08:00:00Z"));
    let first = Document::runbooks(std::slice::from_ref(&old)).remove(0);
    let signed = signature(&first, Purpose::Approves, 6, "2026-08-20T09:00:00Z", None);
    let now = at("2026-10-02T09:00:00Z");
    let both = reviews(&Document::runbooks(&[new.clone(), old.clone()]), std::slice::from_ref(&signed), now);
    assert!(matches!(both[0].standing, Standing::Waiting { .. }), "a new version");
    assert_eq!(both[0].before.as_ref().map(|s| s.statement.document.version.as_str()), Some("1.0"));
    assert_eq!(both[0].asks(&both), "to be reviewed again");
    assert_eq!(both[1].standing.mark(now), Mark::Signed, "the one before was signed, and stays so");
    assert_eq!(both[1].before, None);
    let never = reviews(&Document::runbooks(&[new, old.clone()]), &[], now);
    assert_eq!(never[1].standing, Standing::Replaced);

    // Other bytes under the same name.
    let resealed = Sealed { seal: Seal { sha256: "cd".repeat(32), ..old.seal.clone() }, ..old.clone() };
    let review = one(&Document::runbooks(&[resealed]).remove(0), std::slice::from_ref(&signed), "2026-10-02T09:00:00Z");
    assert!(matches!(review.standing, Standing::Waiting { .. }));
    assert_eq!(review.before.map(|s| s.id), Some("S-6".to_owned()));

    // Altered behind the portal's back.
    let altered = Sealed { seal: Seal { broken: true, ..old.seal.clone() }, ..old };
    let review = one(&Document::runbooks(&[altered]).remove(0), &[signed], "2026-10-02T09:00:00Z");
    assert_eq!(review.standing.mark(now), Mark::Altered);
    assert!(review.signed().is_none());
}

#[test]
fn what_was_sent_back_waits_for_another_word_and_is_overdue_all_the_same() {
    let document = drill(3, "2026-11-16T14:20:00Z");
    let back = signature(&document, Purpose::Owns, 4, "2026-11-17T09:00:00Z", Some("The counts are last year's."));
    let review = one(&document, std::slice::from_ref(&back), "2026-11-18T00:00:00Z");
    assert!(
        matches!(&review.standing, Standing::Returned { note, by, .. } if note.contains("last year") && by == "The founder")
    );
    assert_eq!(review.standing.mark(at("2026-11-18T00:00:00Z")), Mark::Returned);
    assert_eq!(review.standing.mark(at("2026-11-24T00:00:00Z")), Mark::Overdue);
    let then = signature(&document, Purpose::Owns, 5, "2026-11-18T09:00:00Z", None);
    assert_eq!(one(&document, &[back, then], "2026-11-18T10:00:00Z").standing, Standing::Signed { until: None });
}

#[test]
fn an_acceptance_holds_until_its_day_and_lapses_after_it() {
    let document = acceptance(3, "2026-11-16T14:20:00Z", "2026-12-31");
    let until = at("2026-12-31T23:59:59.999Z");
    assert!(matches!(one(&document, &[], "2026-11-17T00:00:00Z").standing, Standing::Waiting { .. }));
    let signed = [signature(&document, Purpose::Accepts, 4, "2026-11-17T09:00:00Z", None)];
    assert_eq!(one(&document, &signed, "2026-12-31T23:00:00Z").standing, Standing::Signed { until: Some(until) });
    let over = one(&document, &signed, "2027-01-01T00:00:00Z");
    assert_eq!(over.standing, Standing::Lapsed { at: until });
    assert!(!over.standing.overdue(at("2027-01-01T00:00:00Z")));
    assert!(over.signed().is_some(), "it was accepted, and that is over");
    let short = acceptance(3, "2026-11-16T14:20:00Z", "2026-11-18");
    assert_eq!(one(&short, &[], "2026-11-17T00:00:00Z").standing.due(), Some(at("2026-11-18T23:59:59.999Z")));
}

#[test]
fn a_reminder_is_given_a_week_before_on_the_day_and_after_it_each_under_its_own_key() {
    let versions = [version(5, "1.0", "2026-08-19T08:12:00Z")];
    let document = Document::runbooks(&versions).remove(0);
    let signed = [signature(&document, Purpose::Approves, 6, "2026-08-20T09:00:00Z", None)];
    let told = |now: &str| reminder(&one(&document, &signed, now), at(now));
    assert_eq!(told("2026-11-10T23:00:00Z"), None);
    let mut causes = Vec::new();
    for (now, when) in [
        ("2026-11-11T23:59:59.999Z", When::Soon),
        ("2026-11-17T23:00:00Z", When::Soon),
        ("2026-11-18T00:00:00Z", When::Today),
        ("2026-11-18T23:00:00Z", When::Today),
        ("2026-11-19T00:00:00Z", When::Over),
        ("2027-01-19T00:00:00Z", When::Over),
    ] {
        let reminder = told(now).unwrap_or_else(|| panic!("nothing is said at {now}"));
        assert_eq!(reminder.when, when, "{now}");
        causes.push(reminder.cause);
    }
    causes.dedup();
    assert_eq!(causes.len(), 3, "{causes:?}");

    let accepted = acceptance(3, "2026-11-16T14:20:00Z", "2026-12-31");
    let signed = [signature(&accepted, Purpose::Accepts, 4, "2026-11-17T09:00:00Z", None)];
    for (now, said) in [("2026-12-26T00:00:00Z", "ends soon"), ("2027-01-02T00:00:00Z", "has ended")] {
        let reminder = reminder(&one(&accepted, &signed, now), at(now)).expect("it is said");
        assert!(reminder.subject.contains(said), "{}", reminder.subject);
    }
    let never = one(&accepted, &[], "2027-01-02T00:00:00Z");
    assert_eq!(reminder(&never, at("2027-01-02T00:00:00Z")), None, "what nobody accepted does not end");
}
