//! Auditors' requests through the portal: asked, answered, sent back and accepted; seen in their own audit alone; never
//! written over, never lost; told to those concerned; carried by bundles whose auditor wants them.

use app::ports::requests::{Reader, Requests as _};
use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header},
};
use bson::doc;
use domain::{
    audit::Terms,
    control::Control,
    proof::{
        bundle::UnverifiedBundle,
        verify::{Trust, verify},
    },
    request::Standing,
    role::{Actor, Role, Scope},
    schedule::Period,
};

use crate::{
    periods::drill,
    portal::{Portal, attestation, bytes, document, text},
};

const BOUNDARY: &str = "----passmuster-test";

/// A form with files, as a browser encodes it.
pub fn multipart(fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    for (name, content) in files {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

pub async fn send_form(portal: &Portal, path: &str, body: Vec<u8>, cookie: Option<&str>) -> Response<Body> {
    let mut request = Request::post(path)
        .header(header::HOST, "portal.test")
        .header(header::ORIGIN, "http://portal.test")
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"));
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    portal.send(request.body(Body::from(body)).expect("a request")).await
}

pub fn location(answer: &Response<Body>) -> String {
    answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

/// The page somebody is led back to, with the reason the answer left for it.
pub async fn led_back(portal: &Portal, answer: Response<Body>, cookie: &str) -> String {
    let to = location(&answer);
    let left = answer.headers().get(header::SET_COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let left = left.split(';').next().unwrap_or_default().to_owned();
    let path = to.split('#').next().unwrap_or_default().to_owned();
    text(portal.get(&path, Some(&format!("{cookie}; {left}"))).await).await
}

fn q2(controls: &[Control]) -> Scope {
    Scope { period: Period::quarter("2026-Q2"), controls: Some(controls.to_vec()) }
}

/// A portal with a drill inside the audit of 2026-Q2 and one after it, its auditor, its owner and an operator.
struct Audited {
    portal: Portal,
    auditor: String,
    owner: String,
    operator: String,
}

async fn audited() -> Audited {
    let portal = Portal::open().await;
    let drills = [("D-inside", "2026-05-18T14:00:00Z"), ("D-outside", "2026-07-02T14:00:00Z")].map(|(id, when)| {
        let mut drill = document(&drill(when));
        drill.insert("_id", id);
        drill
    });
    portal.insert("backup_drill_results", drills).await;
    portal.insert("backup_audit_log", [attestation("alder", "2026-05-03T03:00:00Z")]).await;
    let auditor = portal.person(Role::Auditor, q2(&[Control::Cc75, Control::A12])).await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let operator = portal.person(Role::Operator, Scope::EVERYTHING).await;
    Audited { portal, auditor, owner, operator }
}

impl Audited {
    async fn ask(&self, title: &str, control: &str) -> String {
        let form = multipart(&[("title", title), ("control", control), ("words", "Which drill shows it?")], &[]);
        let to = location(&send_form(&self.portal, "/requests/ask", form, Some(&self.auditor)).await);
        to.strip_prefix("/requests/").unwrap_or_else(|| panic!("{title}: {to}")).to_owned()
    }

    async fn say(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> String {
        location(&send_form(&self.portal, path, multipart(fields, &[]), Some(cookie)).await)
    }

    fn everything(&self) -> Reader {
        let actor = Actor { id: "x".into(), name: "x".into(), role: Role::Owner, scope: Scope::EVERYTHING };
        Reader { actor, audit: None }
    }

    async fn stands(&self, id: &str) -> (Standing, i64, usize) {
        let thread =
            self.portal.house.requests.thread(&self.everything(), id).await.expect("read").expect("it is there");
        let request = thread.request.value;
        assert_eq!(thread.seals.len(), request.thread.len(), "each message has a seal");
        (request.standing(), thread.version, request.thread.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_from_the_question_to_the_accepted_answer_and_every_step_is_sealed() {
    let a = audited().await;
    let before = a.portal.assert_ledger_whole().await;
    let id = a.ask("The last restore drill", "CC7.5").await;
    assert_eq!((id.as_str(), a.stands("R-001").await), ("R-001", (Standing::Open, 0, 1)));
    let list = text(a.portal.get("/requests", Some(&a.owner)).await).await;
    assert!(
        list.contains("The last restore drill")
            && list.contains("unread")
            && list.contains("One request waits for an answer")
    );
    assert!(list.contains("1<span class=\"unseen\"> waiting for you"), "the rail counts it");
    assert!(!list.contains("Ask for something"), "only auditors ask");
    let page = text(a.portal.get("/requests/R-001", Some(&a.owner)).await).await;
    assert!(
        page.contains("Which drill shows it?")
            && page.contains("Send the answer")
            && !page.contains("Accept the answer")
    );
    let again = text(a.portal.get("/requests", Some(&a.owner)).await).await;
    assert!(!again.contains("unread"), "opening it is reading it");
    assert!(text(a.portal.get("/requests", Some(&a.operator)).await).await.contains("unread"), "each for themselves");

    let answer =
        [("version", "0"), ("words", "The drill of May.\r\n\r\nIts steps are timed."), ("records", "/drills/D-inside")];
    assert_eq!(a.say("/requests/R-001/answer", &a.operator, &answer).await, "/requests/R-001#newest");
    let page = text(a.portal.get("/requests/R-001", Some(&a.auditor)).await).await;
    for expected in ["The drill of May.", "href=\"/drills/D-inside\"", "Accept the answer", "Ask for more", "unread"] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("Send the answer"));
    assert_eq!(
        a.say("/requests/R-001/more", &a.auditor, &[("version", "1"), ("words", "And its log?")]).await,
        "/requests/R-001#newest"
    );
    assert_eq!(a.stands("R-001").await, (Standing::NeedsMore, 2, 3));
    assert_eq!(
        a.say("/requests/R-001/answer", &a.owner, &[("version", "2"), ("records", "№ 0")]).await,
        "/requests/R-001#newest"
    );
    let accept = |version: i64| format!("id=R-001&version={version}");
    let to = location(&a.portal.post("/requests/accept", &accept(3), Some(&a.auditor)).await);
    assert_eq!((to.as_str(), a.stands("R-001").await), ("/requests/R-001", (Standing::Accepted, 4, 4)));
    let list = text(a.portal.get("/requests", Some(&a.auditor)).await).await;
    assert!(list.contains("No request is waiting") && list.contains("1 accepted"));
    assert!(
        text(a.portal.get("/requests?standing=accepted&control=CC7.5", Some(&a.auditor)).await).await.contains("R-001")
    );
    assert!(
        !text(a.portal.get("/requests?standing=accepted&control=A1.2", Some(&a.auditor)).await)
            .await
            .contains("/requests/R-001\"")
    );

    assert_eq!(a.portal.assert_ledger_whole().await, before + 5, "one entry a step");
    // Put there by another program, a request is nobody's: it is not sealed for it.
    let forged = doc! { "_id": "R-002", "title": "Asked by nobody" };
    a.portal.insert("requests", [forged]).await;
    assert!(!text(a.portal.get("/requests", Some(&a.owner)).await).await.contains("Asked by nobody"));
    a.portal.house.store.documents("requests").delete_one(doc! { "_id": "R-002" }).await.expect("deleted");
    server::ledger::watch::scan(&a.portal.house.ledger).await.expect("scanned");
    use app::ports::Ledger as _;
    assert!(a.portal.house.evidence.alarms().await.expect("alarms").is_empty(), "each version is the portal's own");
    a.portal
        .house
        .store
        .documents("requests")
        .update_one(doc! {}, doc! { "$set": { "thread.0.words": "No" } })
        .await
        .expect("rewritten");
    server::ledger::watch::scan(&a.portal.house.ledger).await.expect("scanned");
    assert_eq!(a.portal.house.evidence.alarms().await.expect("alarms").len(), 1, "a thread rewritten behind is seen");
    let page = text(a.portal.get("/requests/R-001", Some(&a.owner)).await).await;
    assert!(page.contains("Which drill shows it?") && page.contains("does not match"), "and read from what was sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_comes_back_as_it_was_typed_with_the_reason() {
    let a = audited().await;
    let long = "x".repeat(8001);
    for (what, fields, says) in [
        ("no title", vec![("title", " "), ("words", "Kept words")], "Nothing says what is asked for."),
        (
            "another audit's control",
            vec![("title", "t"), ("control", "A1.1"), ("words", "Kept words")],
            "A1.1 lies outside your audit.",
        ),
        ("no control", vec![("title", "t"), ("control", "CC9"), ("words", "Kept words")], "CC9 is no control here."),
        ("too long", vec![("title", "t"), ("words", long.as_str())], "8001 characters"),
        (
            "a record outside",
            vec![("title", "t"), ("words", "Kept words"), ("records", "D-outside")],
            "names no record here",
        ),
        (
            "no record",
            vec![("title", "t"), ("words", "Kept words"), ("records", "F-999")],
            "“F-999” names no record here",
        ),
        (
            "nothing a record could be",
            vec![("title", "t"), ("words", "Kept words"), ("records", "two words")],
            "“two words” names",
        ),
    ] {
        let answer = send_form(&a.portal, "/requests/ask", multipart(&fields, &[]), Some(&a.auditor)).await;
        assert_eq!(location(&answer), "/requests?refused=1#ask", "{what}");
        let page = led_back(&a.portal, answer, &a.auditor).await;
        assert!(page.contains(says), "{what}: {says}");
        assert!(what == "too long" || page.contains("Kept words</textarea>"), "{what}: the words are kept");
    }
    assert_eq!(a.portal.house.store.documents("requests").count_documents(doc! {}).await.expect("a count"), 0);
    let id = a.ask("The drills", "").await;
    let page = text(a.portal.get("/requests", Some(&a.auditor)).await).await;
    assert!(!page.contains("Kept words"), "what was sent at last is not offered again");

    // The company may know that there is such a record, and is told that it lies outside.
    let path = format!("/requests/{id}/answer");
    let bad = [("version", "0"), ("words", "Kept answer"), ("records", "/drills/D-inside\n/drills/D-outside")];
    let answer = send_form(&a.portal, &path, multipart(&bad, &[]), Some(&a.owner)).await;
    let page = led_back(&a.portal, answer, &a.owner).await;
    assert!(
        page.contains("“/drills/D-outside” lies outside the audit this was asked in.")
            && page.contains("Kept answer</textarea>")
    );
    assert!(
        !text(a.portal.get(&format!("/requests/{id}"), Some(&a.operator)).await).await.contains("Kept answer"),
        "a draft is its writer's"
    );
    for (what, fields, says) in [
        ("nothing", vec![("version", "0"), ("words", " \r\n ")], "The message is empty."),
        ("no version", vec![("words", "Kept answer")], "Somebody else wrote in R-001"),
        ("what nobody can read", vec![("version", "0"), ("words", "a\u{1}b")], "control characters"),
    ] {
        let answer = send_form(&a.portal, &path, multipart(&fields, &[]), Some(&a.owner)).await;
        assert!(led_back(&a.portal, answer, &a.owner).await.contains(says), "{what}");
    }
    // A program is told in words, with the status.
    let request = Request::post(&path)
        .header(header::HOST, "portal.test")
        .header(header::ORIGIN, "http://portal.test")
        .header(header::COOKIE, &a.owner)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(multipart(&[("version", "0")], &[])))
        .expect("a request");
    let answer = a.portal.send(request).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(text(answer).await.contains("The message is empty."));
    let not_a_form = a.portal.post(&path, "version=0&words=x", Some(&a.owner)).await;
    assert!(led_back(&a.portal, not_a_form, &a.owner).await.contains("The form could not be read"));
    assert_eq!(a.stands(&id).await, (Standing::Open, 0, 1), "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_answer_at_once_the_second_is_refused_and_keeps_their_words() {
    let a = audited().await;
    let id = a.ask("The drills", "").await;
    let path = format!("/requests/{id}/answer");
    let (one, two) = (
        multipart(&[("version", "0"), ("words", "From the owner")], &[]),
        multipart(&[("version", "0"), ("words", "From the operator")], &[]),
    );
    let (one, two) = tokio::join!(
        send_form(&a.portal, &path, one, Some(&a.owner)),
        send_form(&a.portal, &path, two, Some(&a.operator))
    );
    let sent = format!("/requests/{id}#newest");
    let (first, second) = (location(&one), location(&two));
    assert!((first == sent) != (second == sent), "one of {first} and {second}");
    let (late, cookie, words) =
        if first == sent { (two, &a.operator, "From the operator") } else { (one, &a.owner, "From the owner") };
    let page = led_back(&a.portal, late, cookie).await;
    assert!(page.contains("Somebody else wrote in R-001") && page.contains(&format!("{words}</textarea>")));
    assert!(page.contains("name=\"version\" value=\"1\""), "and the form is that of the newest version");
    assert_eq!(a.stands(&id).await, (Standing::Answered, 1, 2));

    // Ten ask at once: ten requests, each with a number of its own.
    let asked = futures::future::join_all((0..10).map(|_| a.ask("One of ten", ""))).await;
    assert_eq!(asked.into_iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
    let stale = location(&a.portal.post("/requests/accept", &format!("id={id}&version=0"), Some(&a.auditor)).await);
    assert_eq!(stale, format!("/requests/{id}?refused=1"), "what changed since is not accepted");
    a.portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_audits_requests_are_absent_on_every_way_out() {
    let a = audited().await;
    // The same period and controls, another firm; and one that sees less.
    let other = a.portal.person(Role::Auditor, q2(&[Control::Cc75, Control::A12])).await;
    let narrow = a.portal.person(Role::Auditor, q2(&[Control::A12])).await;
    let id = a.ask("The secret question", "CC7.5").await;
    let file = b"a,b\n1,2\n";
    let form = multipart(&[("version", "0"), ("words", "The secret answer")], &[("counts.csv", file)]);
    send_form(&a.portal, &format!("/requests/{id}/answer"), form, Some(&a.owner)).await;
    a.portal.post("/requests/in-bundle", &format!("id={id}&version=1&in_bundle=true"), Some(&a.auditor)).await;
    let sha256 = domain::proof::sha256_hex(file);
    for (who, cookie, sees) in [
        ("its auditor", &a.auditor, true),
        ("the owner", &a.owner, true),
        ("another firm", &other, false),
        ("a narrower audit", &narrow, false),
    ] {
        let list = text(a.portal.get("/requests", Some(cookie)).await).await;
        assert_eq!(list.contains("The secret question"), sees, "{who}: the list");
        let counts = text(a.portal.get("/requests?standing=answered", Some(cookie)).await).await;
        assert_eq!(counts.contains("1 answered"), sees, "{who}: the counts");
        let expected = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
        for path in [format!("/requests/{id}"), format!("/attachments/{sha256}")] {
            assert_eq!(a.portal.get(&path, Some(cookie)).await.status(), expected, "{who}: {path}");
        }
        let rail = text(a.portal.get("/drills", Some(cookie)).await).await;
        assert_eq!(rail.contains(" waiting for you"), who == "its auditor", "{who}: the rail");
        for (path, form) in [
            ("/requests/accept", format!("id={id}&version=2")),
            ("/requests/in-bundle", format!("id={id}&version=2&in_bundle=false")),
        ] {
            if !sees {
                a.portal.post(path, &form, Some(cookie)).await;
            }
        }
        if !sees {
            let form = multipart(&[("version", "2"), ("words", "Let me in")], &[]);
            let answer = send_form(&a.portal, &format!("/requests/{id}/more"), form, Some(cookie)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{who}");
        }
    }
    assert_eq!(a.stands(&id).await, (Standing::Answered, 2, 2), "nobody else moved it");

    // In bundles: those of its own auditor and of the owner; and the owner's is not another firm's to take.
    for (who, cookie, carries) in [
        ("its auditor", &a.auditor, true),
        ("another firm", &other, false),
        ("a narrower audit", &narrow, false),
        ("the owner", &a.owner, true),
    ] {
        let (bundle, _) = made(&a.portal, cookie, "range&from=2026-04-01&to=2026-06-30").await;
        assert_eq!(bundle.iter().any(|(_, text)| text.contains("The secret")), carries, "{who}");
        assert_eq!(bundle.iter().any(|(name, _)| name.ends_with(&sha256)), carries, "{who}");
    }
    // B-001 is the auditor's, B-004 the owner's of all controls; B-004 again with those of the audit alone.
    let (_, id) =
        made(&a.portal, &a.owner, "range&from=2026-04-01&to=2026-06-30&controls[0]=CC7.5&controls[1]=A1.2").await;
    for (who, cookie, expected) in [
        ("its auditor", &a.auditor, StatusCode::OK),
        ("another firm", &other, StatusCode::NOT_FOUND),
        ("the owner", &a.owner, StatusCode::OK),
    ] {
        assert_eq!(a.portal.get(&format!("/evidence/{id}/download"), Some(cookie)).await.status(), expected, "{who}");
        let page = text(a.portal.get("/evidence", Some(cookie)).await).await;
        assert_eq!(page.contains(&format!("/evidence/{id}/download")), expected == StatusCode::OK, "{who}");
    }
}

/// A bundle made on the page, verified, as names and texts; and its id.
async fn made(portal: &Portal, cookie: &str, period: &str) -> (Vec<(String, String)>, String) {
    let answer = portal.post("/evidence/make", &format!("period={period}"), Some(cookie)).await;
    let to = location(&answer);
    let id = to
        .split("made=")
        .nth(1)
        .and_then(|r| r.split('#').next())
        .unwrap_or_else(|| panic!("no bundle: {to}"))
        .to_owned();
    let zip = bytes(portal.get(&format!("/evidence/{id}/download"), Some(cookie)).await).await;
    let trust = Trust { root_pem: Some(portal.house.ledger.keys.root_pem()), ..Trust::default() };
    let report = verify(&zip, &trust, portal.house.clock.now());
    assert!(report.verified(), "{:#?}", report.checks);
    let bundle = UnverifiedBundle::read(&zip).expect("it reads");
    let files = bundle.unpacked().expect("it unpacks");
    (files.into_iter().map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned())).collect(), id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_carries_a_request_when_its_auditor_wants_it_whole_with_what_it_names() {
    let a = audited().await;
    let id = a.ask("The drills", "A1.2").await;
    let unwanted = a.ask("Never mind", "A1.2").await;
    let file = b"restore took 62 minutes\n";
    let form = multipart(&[("version", "0"), ("words", "Here"), ("records", "D-inside")], &[("restore.log", file)]);
    send_form(&a.portal, &format!("/requests/{id}/answer"), form, Some(&a.owner)).await;
    let jsonl = |files: &[(String, String)]| {
        files.iter().find(|(n, _)| n == "data/requests/requests.jsonl").map(|(_, t)| t.clone())
    };
    let (files, _) = made(&a.portal, &a.auditor, "2026-Q2").await;
    assert_eq!(jsonl(&files), None, "not before the auditor says so");
    a.portal.post("/requests/in-bundle", &format!("id={id}&version=1&in_bundle=true"), Some(&a.auditor)).await;
    let page = text(a.portal.get(&format!("/requests/{id}"), Some(&a.auditor)).await).await;
    assert!(page.contains("Each bundle that covers 1 April 2026 to 30 June 2026 and A1.2 carries this thread"));

    let (files, _) = made(&a.portal, &a.auditor, "2026-Q2").await;
    let lines = jsonl(&files).expect("its versions");
    assert_eq!(lines.lines().count(), 3, "every version");
    assert!(!lines.contains("Never mind") && !lines.contains(&format!("\"{unwanted}\"")));
    let sha256 = domain::proof::sha256_hex(file);
    let carried = files.iter().find(|(n, _)| *n == format!("data/attachments/{sha256}")).expect("the file");
    assert_eq!(carried.1.as_bytes(), file);
    let page = &files.iter().find(|(n, _)| n == "data/index.html").expect("a page").1;
    assert!(
        page.contains("id=\"requests\"")
            && page.contains(&format!("attachments/{sha256}"))
            && page.contains("restore.log")
    );

    // A bundle that reaches less far than the question does not carry it; one of a control alone brings what it names.
    let (files, _) = made(&a.portal, &a.auditor, "range&from=2026-04-01&to=2026-05-31").await;
    assert_eq!(jsonl(&files), None);
    let (files, _) = made(&a.portal, &a.auditor, "2026-Q2&controls[0]=CC7.5").await;
    assert_eq!(jsonl(&files), None);
    let other = a.ask("Under CC7.5", "CC7.5").await;
    let answer = [("version", "0"), ("records", "/ledger?around=2")];
    assert!(a.say(&format!("/requests/{other}/answer"), &a.owner, &answer).await.ends_with("#newest"));
    a.portal.post("/requests/in-bundle", &format!("id={other}&version=1&in_bundle=true"), Some(&a.auditor)).await;
    let (files, _) = made(&a.portal, &a.auditor, "2026-Q2&controls[0]=CC7.5").await;
    assert!(jsonl(&files).is_some_and(|lines| lines.contains("Under CC7.5") && !lines.contains("\"The drills\"")));
    let attestations = &files.iter().find(|(n, _)| n == "data/records/backup_audit_log.jsonl").expect("a file").1;
    assert!(attestations.contains("alder"), "an attestation does not answer CC7.5, and the request names it");
    // Taken out again, it is not carried.
    a.portal.post("/requests/in-bundle", &format!("id={other}&version=2&in_bundle=false"), Some(&a.auditor)).await;
    let (files, _) = made(&a.portal, &a.auditor, "2026-Q2&controls[0]=CC7.5").await;
    assert_eq!(jsonl(&files), None);
    a.portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_concerned_are_told_once_and_not_what_was_written() {
    let a = audited().await;
    let id = a.ask("The secret question", "CC7.5").await;
    a.say(&format!("/requests/{id}/answer"), &a.operator, &[("version", "0"), ("words", "The secret answer")]).await;
    a.say(&format!("/requests/{id}/more"), &a.auditor, &[("version", "1"), ("words", "More")]).await;
    a.say(&format!("/requests/{id}/answer"), &a.owner, &[("version", "2"), ("words", "More")]).await;
    a.portal.post("/requests/in-bundle", &format!("id={id}&version=3&in_bundle=true"), Some(&a.auditor)).await;
    a.portal.post("/requests/accept", &format!("id={id}&version=4"), Some(&a.auditor)).await;
    use futures::TryStreamExt;
    let notices: Vec<bson::Document> = a
        .portal
        .house
        .store
        .documents("notices")
        .find(doc! {})
        .sort(doc! { "at": 1, "_id": 1 })
        .await
        .expect("read")
        .try_collect()
        .await
        .expect("read");
    let told: Vec<(String, String)> = notices
        .iter()
        .map(|n| {
            (
                n.get_str("person").expect("a person").split('-').next().expect("a role").to_owned(),
                n.get_str("subject").expect("a subject").to_owned(),
            )
        })
        .collect();
    let expected = [
        ("operator", "R-001 was asked"),
        ("owner", "R-001 was asked"),
        ("auditor", "R-001 was answered"),
        ("operator", "R-001 needs more"),
        ("owner", "R-001 needs more"),
        ("auditor", "R-001 was answered"),
        ("operator", "R-001 was accepted"),
        ("owner", "R-001 was accepted"),
    ];
    assert_eq!(told, expected.map(|(p, s)| (p.to_owned(), s.to_owned())));
    for notice in &notices {
        assert!(!notice.to_string().contains("secret") && notice.get("sentAt") == Some(&bson::Bson::Null));
        assert_eq!(notice.get_str("link").ok(), Some("/requests/R-001"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_outside_the_audit_since_is_named_by_its_number_alone() {
    let a = audited().await;
    let id = a.ask("The drills", "A1.2").await;
    a.say(&format!("/requests/{id}/answer"), &a.owner, &[("version", "0"), ("records", "D-inside")]).await;
    let path = format!("/requests/{id}");
    assert!(text(a.portal.get(&path, Some(&a.auditor)).await).await.contains("D-inside"));
    let (audit, version) = a.portal.house.ports.audits.get("A-001").await.expect("read").expect("the audit");
    let audit = audit.value;
    let terms = Terms {
        firm: audit.firm,
        people: audit.people,
        period: Period::days("2026-06-01", "2026-06-30").expect("a month"),
        controls: audit.controls,
        access: audit.access,
    };
    let owner = Actor { id: "o".into(), name: "owner".into(), role: Role::Owner, scope: Scope::EVERYTHING };
    a.portal.house.ports.audits.change("A-001", version, terms, &owner).await.expect("cut");
    let page = text(a.portal.get(&path, Some(&a.auditor)).await).await;
    assert!(
        page.contains("which lies outside your audit now") && !page.contains("D-inside"),
        "the thread stays, the record does not"
    );
    assert!(text(a.portal.get(&path, Some(&a.owner)).await).await.contains("D-inside"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_who_looks_as_the_auditor_does_sees_the_same_and_reads_for_nobody() {
    let a = audited().await;
    let id = a.ask("The drills", "").await;
    let path = format!("/requests/{id}");
    a.portal.post("/settings/audits/A-001/preview", "", Some(&a.owner)).await;
    let page = text(a.portal.get(&path, Some(&a.owner)).await).await;
    assert!(page.contains("Add to the question"), "the auditor's form");
    let form = multipart(&[("version", "0"), ("words", "As if I were the auditor")], &[]);
    assert_eq!(
        send_form(&a.portal, &format!("{path}/more"), form, Some(&a.owner)).await.status(),
        StatusCode::FORBIDDEN
    );
    a.portal.post("/audits/leave", "", Some(&a.owner)).await;
    assert!(text(a.portal.get("/requests", Some(&a.owner)).await).await.contains("unread"));
    assert_eq!(a.stands(&id).await, (Standing::Open, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_asks_about_a_control_from_its_page() {
    let a = audited().await;
    let page = text(a.portal.get("/controls/CC7.5", Some(&a.auditor)).await).await;
    assert!(page.contains("href=\"/requests?about=CC7.5#ask\""));
    assert!(!text(a.portal.get("/controls/CC7.5", Some(&a.owner)).await).await.contains("Ask about this"));
    let form = text(a.portal.get("/requests?about=CC7.5", Some(&a.auditor)).await).await;
    assert!(form.contains("<option value=\"CC7.5\" selected"), "{form}");
}
