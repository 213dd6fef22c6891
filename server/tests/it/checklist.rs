//! The quarterly checklist: closed by records and by people, read aloud, signed at the end, and carried in a bundle.

use app::ports::{Checklists, Findings};
use axum::http::StatusCode;
use domain::{
    checklist::Standing,
    finding::State,
    proof::signoff::Purpose,
    review::Mark,
    role::{Role, Scope, TokenScope},
    schedule::{Period, quarter_of},
    words,
};

use crate::{
    periods,
    portal::{Portal, document, text, to},
    requests::{led_back, location, multipart, send_form},
    reviews::{founder, made, review, seal_runbook, sign, signer},
};

const RUNBOOK: &str = "+++\ntitle = \"Recovery\"\nversion = \"1.0\"\nowner = \"Founder\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n+++\n\n## What to do first\n\nFind out what is lost.\n\nCall Ana at the <b>desk</b>.\n";

/// A portal with a runbook in force and a drill of this quarter, and the quarter's name.
async fn open() -> (Portal, String) {
    let portal = Portal::open().await;
    seal_runbook(&portal, "1.0", RUNBOOK).await;
    let now = portal.house.clock.now();
    let mut drill = document(&periods::drill(&now.rfc3339()));
    drill.insert("_id", "D-1");
    portal.insert("backup_drill_results", [drill]).await;
    (portal, quarter_of(now))
}

async fn page(portal: &Portal, path: &str, cookie: &str) -> String {
    let answer = portal.get(path, Some(cookie)).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    text(answer).await
}

/// A file of the bundle, by how its name ends.
fn held(zip: &[u8], ends: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a ZIP");
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).expect("a file");
        if file.name().expect("a name").ends_with(ends) {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut file, &mut text).expect("text");
            return text;
        }
    }
    panic!("{ends} is not in the bundle");
}

/// The part of a page from an item's row to the next.
fn row<'p>(page: &'p str, id: &str) -> &'p str {
    let from = page.find(&format!("<tr id=\"{id}\"")).unwrap_or_else(|| panic!("{id}: {page}"));
    let rest = &page[from..];
    rest.find("</tr>").map_or(rest, |end| &rest[..end])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_is_worked_off_read_aloud_closed_signed_and_carried_in_the_bundle() {
    let (portal, quarter) = open().await;
    let founder = founder(&portal).await;
    let here = format!("/checklist/{quarter}");
    let now = portal.house.clock.now();
    assert_eq!(page(&portal, "/checklist", &founder.cookie).await.matches("<tr id=").count(), 25);

    // Records close what they answer: a job that runs well, a drill in a place of its own.
    let token = portal.token(&[TokenScope::ImportsWrite]).await;
    let run = |state: &str, hours: i64| {
        let at = now.plus_millis(-hours * 3_600_000).rfc3339();
        format!("{{\"job\":\"nightly\",\"state\":\"{state}\",\"started_at\":\"{at}\",\"message\":\"AccessDenied\"}}")
    };
    let import = async |state: &str, hours: i64| {
        let answer = portal.machine("POST", "/api/v1/imports/runs-jsonl", Some(&token), &run(state, hours)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(answer).await);
    };
    import("failed", 5).await;
    let shown = page(&portal, &here, &founder.cookie).await;
    assert!(row(&shown, "job-health").contains("falls short"), "{}", row(&shown, "job-health"));
    assert!(row(&shown, "job-findings").contains("open"), "its finding is not there yet");
    server::jobs::judgements::judgements(&portal.house).await.expect("judged");
    let shown = page(&portal, &here, &founder.cookie).await;
    assert!(row(&shown, "job-findings").contains("owned by operator"), "{}", row(&shown, "job-findings"));
    import("succeeded", 1).await;
    let shown = page(&portal, &here, &founder.cookie).await;
    assert!(row(&shown, "job-health").contains(">closed<"), "{}", row(&shown, "job-health"));

    // A person closes what no record answers, with a file, and nothing that is measured.
    let note = [("closes", "1"), ("words", "Paged by <b>hand</b>."), ("seen", "")];
    let file = [("page.txt", b"acknowledged\n".as_slice())];
    let answer =
        send_form(&portal, &format!("{here}/alert-path"), multipart(&note, &file), Some(&founder.cookie)).await;
    assert_eq!(location(&answer), format!("{here}#alert-path"));
    let shown = page(&portal, &here, &founder.cookie).await;
    let alert = row(&shown, "alert-path");
    for part in ["closed by hand", "Paged by &lt;b&gt;hand", "The founder", "page.txt"] {
        assert!(alert.contains(part), "{part}: {alert}");
    }
    let sha256 = domain::proof::sha256_hex(b"acknowledged\n");
    let kept = portal.get(&format!("/attachments/{sha256}"), Some(&founder.cookie)).await;
    assert_eq!((kept.status(), text(kept).await), (StatusCode::OK, "acknowledged\n".to_owned()));

    // The runbook is read aloud: a line is marked, taken back, marked again.
    let begun = format!("quarter={quarter}&people=The+founder&commander=Operator+one&comms=Two&scribe=Three");
    let reading = format!("{here}/reading");
    assert_eq!(to(&portal.post("/checklist/begin", &begun, Some(&founder.cookie)).await), reading);
    let aloud = page(&portal, &reading, &founder.cookie).await;
    assert!(aloud.contains("Call Ana at the &lt;b&gt;desk") && !aloud.contains("<b>desk"), "{aloud}");
    let line = format!("quarter={quarter}&version=1.0&line=14");
    for (act, more, back) in [
        ("mark", "&why=Ana+left", "#line-14"),
        ("mark", "&why=again", "&refused=1#line-14"),
        ("take-back", "", "#line-14"),
        ("mark", "&why=Ana+left", "#line-14"),
        ("end", "", ""),
        ("mark", "&why=too+late", "&refused=1#line-14"),
    ] {
        let answer = portal.post(&format!("/checklist/{act}"), &format!("{line}{more}"), Some(&founder.cookie)).await;
        assert_eq!(to(&answer), format!("{reading}?version=1.0{back}"), "{act}");
    }
    let shown = page(&portal, &here, &founder.cookie).await;
    assert!(
        row(&shown, "read").contains("line 14, “Call Ana at the &lt;b&gt;desk&lt;/b&gt;.”: Ana left"),
        "{}",
        row(&shown, "read")
    );
    assert!(row(&shown, "roles").contains(">closed<"), "{}", row(&shown, "roles"));
    server::jobs::judgements::judgements(&portal.house).await.expect("judged");
    let findings = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
    let stale = findings.iter().find(|f| f.value.cause.as_deref() == Some("stale-lines: runbook, its lines"));
    assert!(stale.expect("opened").value.what.contains("Ana left"));
    // A version without the line closes it.
    seal_runbook(&portal, "1.1", &RUNBOOK.replace("Ana", "Bo")).await;
    server::jobs::judgements::judgements(&portal.house).await.expect("judged");
    let findings = Findings::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read");
    let stale = findings.iter().find(|f| f.value.cause.as_deref() == Some("stale-lines: runbook, its lines"));
    assert!(matches!(stale.expect("there").value.state, State::Closed { .. }));

    let shown = page(&portal, &here, &founder.cookie).await;
    assert!(row(&shown, "read").contains("is mended in 1.1"), "{}", row(&shown, "read"));

    // Three commanders: a drill's people and trainings that somebody wrote down.
    let today = words::date(now);
    for person in ["Ana", "Bo", "Cy"] {
        let form = format!("quarter={quarter}&duty=commander&person={person}&day={today}&how=Tabletop");
        for _ in 0..2 {
            let answer = portal.post("/checklist/train", &form, Some(&founder.cookie)).await;
            assert_eq!(to(&answer), format!("{here}#trained"));
        }
    }
    let trainings = portal.house.ports.checklists.trainings(&Scope::EVERYTHING).await.expect("read");
    assert_eq!(trainings.len(), 3, "sent twice is written once");
    let shown = page(&portal, &here, &founder.cookie).await;
    assert!(row(&shown, "bench").contains("three trained commanders"), "{}", row(&shown, "bench"));

    // Closed and signed; closed again it waits anew, and what was signed before is said.
    let close = |seen: &str| format!("quarter={quarter}&seen={seen}");
    let answer = portal.post("/checklist/close", &close(""), Some(&founder.cookie)).await;
    assert_eq!(to(&answer), format!("/reviews/closes.{quarter}"));
    let key = format!("closes.{quarter}");
    let sheet = page(&portal, &format!("/reviews/{key}"), &founder.cookie).await;
    for part in ["Checklist of", "closed by hand", "read the whole checklist", "An alert was raised"] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    assert_eq!(sign(&portal, &founder, &key).await.0, StatusCode::OK);
    assert_eq!(review(&portal, &key).await.standing.mark(now), Mark::Signed);
    let stale = portal.post("/checklist/close", &close(""), Some(&founder.cookie)).await;
    assert_eq!(to(&stale), format!("{here}?refused=1"), "somebody closed it meanwhile");
    let closed = portal.house.ports.checklists.closed(&Scope::EVERYTHING).await.expect("read");
    assert_eq!((closed.len(), closed[0].value.of(Standing::ByHand)), (1, 1));
    let again = close(&closed[0].seal.seq.to_string());
    portal.post("/checklist/close", &again, Some(&founder.cookie)).await;
    let second = review(&portal, &key).await;
    assert_eq!((second.document.version.as_str(), second.signatures.len(), second.before.is_some()), ("2", 0, true));
    assert_eq!(sign(&portal, &founder, &key).await.0, StatusCode::OK);

    let (zip, report) = made(&portal, &founder, &quarter).await;
    let told = held(&zip, "index.html");
    for part in ["checklist-20", "An alert was raised", "“Paged by &#60;b&#62;hand&#60;/b&#62;.” The founder"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(held(&zip, "answers.jsonl").contains(&format!("\"_id\":\"{quarter}.alert-path\"")));
    assert_eq!(held(&zip, &format!("attachments/{sha256}")), "acknowledged\n");
    assert!(report.verified(), "{:?}", report.first_wrong());
    let told: Vec<&str> =
        report.checks.iter().filter(|c| c.what.starts_with("Sign-off ")).map(|c| c.found.as_str()).collect();
    let says = format!("signed version 2 of the checklist of {quarter}");
    assert!(told.len() == 2 && told.iter().any(|t| t.contains(&says)), "{told:?}");
    let shown = page(&portal, "/checklist", &founder.cookie).await;
    assert!(row(&shown, "filed").contains("B-001"), "{}", row(&shown, "filed"));
    let controls = page(&portal, "/controls/CC7.4", &founder.cookie).await;
    assert!(controls.contains("Quarterly checklists") && controls.contains("1 of 1 signed"), "{controls}");
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why_keeps_the_words_and_changes_nothing() {
    let (portal, quarter) = open().await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let here = format!("/checklist/{quarter}");
    let long = "x".repeat(2001);
    for (item, fields, says) in [
        ("alert-path", vec![("closes", "1"), ("words", " ")], "The note is missing"),
        ("alert-path", vec![("closes", "1"), ("words", long.as_str())], "too long"),
        ("timed", vec![("closes", "1"), ("words", "It took an hour.")], "nobody closes it by hand"),
        ("alert-path", vec![("closes", "1"), ("words", "Words"), ("seen", "3")], "wrote on this item meanwhile"),
        ("no-such", vec![("closes", "0"), ("words", "Words")], "There is no such item"),
    ] {
        let answer = send_form(&portal, &format!("{here}/{item}"), multipart(&fields, &[]), Some(&owner)).await;
        assert_eq!(location(&answer), format!("{here}?refused=1#{item}"));
        let back = led_back(&portal, answer, &owner).await;
        assert!(back.contains(says), "{item}: {back}");
        let words = fields.iter().find(|(name, _)| *name == "words").expect("words").1;
        assert!(item == "no-such" || back.contains(words.trim()), "{item} keeps the words");
    }
    let later = send_form(&portal, "/checklist/2099-Q1/alert-path", multipart(&[("words", "x")], &[]), Some(&owner));
    assert!(location(&later.await).contains("refused=1"));
    for (path, form, says) in [
        (
            "/checklist/train",
            format!("quarter={quarter}&duty=commander&person=A&day=2099-01-01&how=x"),
            "once it was held",
        ),
        ("/checklist/begin", format!("quarter={quarter}"), "not said who takes part"),
        ("/checklist/begin", "quarter=2026-Q1&people=A".to_owned(), "2026-Q1 is over"),
        ("/checklist/mark", format!("quarter={quarter}&version=1.0&line=14&why=x"), "no such reading"),
        ("/checklist/close", "quarter=2099-Q1&seen=".to_owned(), "no such checklist"),
    ] {
        let said = text(portal.script_form(path, &form, &owner).await).await;
        assert!(said.contains(says), "{path}: {said}");
    }
    let store = &portal.house.store;
    for coll in ["checklists", "checklist_answers", "readings", "trainings"] {
        assert_eq!(store.documents(coll).count_documents(bson::doc! {}).await.expect("a count"), 0, "{coll}");
    }
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_read_at_once_lose_no_mark() {
    let (portal, quarter) = open().await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let begun = format!("quarter={quarter}&people=A");
    portal.post("/checklist/begin", &begun, Some(&owner)).await;
    let mark = |line: usize| {
        let form = format!("quarter={quarter}&version=1.0&line={line}&why=stale+{line}");
        let (portal, owner) = (&portal, &owner);
        async move { to(&portal.post("/checklist/mark", &form, Some(owner)).await) }
    };
    let done = tokio::join!(mark(10), mark(12), mark(14));
    for to in [done.0, done.1, done.2] {
        assert!(!to.contains("refused"), "{to}");
    }
    let readings = portal.house.ports.checklists.readings(&Scope::EVERYTHING).await.expect("read");
    let lines: Vec<usize> = readings[0].value.stale.iter().map(|stale| stale.line).collect();
    assert_eq!(lines, [10, 12, 14]);
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_reads_what_was_closed_within_the_audit_and_writes_nothing() {
    let (portal, quarter) = open().await;
    let operator = signer(&portal, "operator", Role::Operator, None).await;
    let of = |quarter: &str| Scope { period: Period::quarter(quarter), controls: None };
    let auditor = portal.person(Role::Auditor, of(&quarter)).await;
    let past = portal.person(Role::Auditor, of("2025-Q1")).await;
    let here = format!("/checklist/{quarter}");
    let shown = page(&portal, &here, &auditor).await;
    assert!(shown.contains("is not closed yet") && !shown.contains("<tr id="), "{shown}");
    let note = [("closes", "1"), ("words", "Paged by hand."), ("seen", "")];
    send_form(&portal, &format!("{here}/alert-path"), multipart(&note, &[]), Some(&operator.cookie)).await;
    let answer = portal.post("/checklist/close", &format!("quarter={quarter}&seen="), Some(&operator.cookie)).await;
    assert_eq!(to(&answer), format!("{here}#closed"), "who does not sign it is led back");

    let shown = page(&portal, &here, &auditor).await;
    for part in ["Paged by hand.", "closed by hand", "The operator"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for part in ["Close the quarter", "Write a training down", "Remark<", "Begin reading"] {
        assert!(!shown.contains(part), "{part}");
    }
    assert_eq!(portal.get(&here, Some(&past)).await.status(), StatusCode::NOT_FOUND);
    assert!(!page(&portal, "/checklist", &past).await.contains("Paged by hand."));
    assert_eq!(portal.get(&format!("/reviews/closes.{quarter}"), Some(&past)).await.status(), StatusCode::NOT_FOUND);
    for path in ["train", "begin", "mark", "take-back", "end", "close"].map(|act| format!("/checklist/{act}")) {
        let form = format!("quarter={quarter}&line=14&version=1.0&people=A");
        assert!(to(&portal.post(&path, &form, Some(&auditor)).await).contains("refused=1"), "{path}");
        assert_eq!(to(&portal.post(&path, &form, None).await), "/sign-in", "{path}");
    }
    assert_eq!(Checklists::closed(&portal.house.evidence, &Scope::EVERYTHING).await.expect("read").len(), 1);
    assert_eq!(Purpose::Closes.waits_for(), Role::Owner);
}

/// Somebody copies these words into a terminal.
#[test]
fn every_kind_that_an_item_names_is_one() {
    let kind = |word: &&str| {
        word.contains('-') && !word.starts_with('-') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
    };
    let mut named = 0;
    for item in domain::checklist::ITEMS {
        for word in item.next.split([' ', ',', '.', ':', '(', ')']).filter(kind) {
            assert!(connectors::of(word).is_some(), "{} names {word}", item.id);
            named += 1;
        }
    }
    assert!(named > 6, "{named}");
}
