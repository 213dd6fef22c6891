//! Sign-offs through the portal: what is sealed, what is refused and why, and what the pages and a bundle say of it.

use std::sync::Arc;

use app::ports::{Findings, Ledger as LedgerPort, Reviewed, Reviews};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use bson::{Document, doc};
use domain::{
    Moment,
    control::Control,
    passkey::Revoked,
    proof::{
        passkey::{Place, from_base64url},
        signoff::Purpose,
        verify::{Trust, verify},
    },
    review::{Mark, Review, Standing},
    role::{Actor, Role, Scope},
    runbook::RunbookVersion,
};
use serde_json::{Value, json};
use server::{
    compose::House,
    jobs::reviews::reviews,
    ledger::{Holds, Ledger, canonical, watch},
    store::{evidence::Evidence, passkeys},
};

use crate::{
    device::{Assertion, Bent, Device, STRAIGHT},
    periods,
    portal::{Portal, at, bytes, document, text},
};

const RUNBOOK: &str = "+++\ntitle = \"Recovery\"\nversion = \"1.0\"\nowner = \"Founder\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n+++\n\n## What to do first\n\nFind out what is lost.\n";
const SUBJECT: &str = "approves.runbook-1.0";

/// Somebody signed in, with a device of their own.
pub struct Signer {
    id: String,
    pub cookie: String,
    device: Device,
}

/// What a statement's answer says, that a browser needs.
struct Begun {
    ceremony: String,
    challenge: Vec<u8>,
    statement: Value,
}

fn place() -> Place {
    Place { rp_id: "portal.test".into(), origins: vec!["http://portal.test".into()] }
}

/// A portal with a runbook that waits, and a drill.
async fn waiting() -> Portal {
    let portal = Portal::open().await;
    seal_runbook(&portal, "1.0", RUNBOOK).await;
    let mut drill = document(&periods::drill("2026-11-16T14:00:00Z"));
    drill.insert("_id", "D-1");
    portal.insert("backup_drill_results", [drill]).await;
    portal
}

pub async fn seal_runbook(portal: &Portal, version: &str, text: &str) {
    let value = RunbookVersion {
        schema: 1,
        version: version.into(),
        text: text.replace("\"1.0\"", &format!("\"{version}\"")),
        demo: false,
        occurred_at: at("2026-02-18T09:00:00Z"),
        by: "founder".into(),
    };
    let item = canonical::insert("runbooks", &format!("runbook-{version}"), &value).expect("a record");
    portal.house.ledger.append_one(item).await.expect("sealed");
}

/// A person with a session; `seed`: and with a passkey of that device.
pub async fn signer(portal: &Portal, id: &str, role: Role, seed: Option<u8>) -> Signer {
    let actor = Actor { id: id.into(), name: format!("The {id}"), role, scope: Scope::EVERYTHING };
    portal.house.store.put_person(&actor).await.expect("a person");
    let code = portal.house.store.new_link(id, portal.house.clock.now()).await.expect("a link");
    let answer = portal.post("/sign-in", &format!("code={code}"), None).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let device = Device::new(seed.unwrap_or(99), &place());
    if seed.is_some() {
        let passkey = device.passkey(id, &actor.name, portal.house.clock.now());
        passkeys::register(&portal.house.ledger, &passkey).await.expect("registered");
    }
    Signer { id: id.into(), cookie, device }
}

pub async fn founder(portal: &Portal) -> Signer {
    signer(portal, "founder", Role::Owner, Some(7)).await
}

/// A JSON post from a page of `origin`, or of nobody.
async fn post(portal: &Portal, path: &str, cookie: Option<&str>, origin: &str, body: &Value) -> (StatusCode, Value) {
    let mut request = Request::post(path)
        .header(header::HOST, "portal.test")
        .header(header::ORIGIN, origin)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let answer = portal.send(request.body(Body::from(body.to_string())).expect("a request")).await;
    let status = answer.status();
    (status, serde_json::from_str(&text(answer).await).unwrap_or_default())
}

async fn ask(portal: &Portal, who: &Signer, subject: &str, decision: &str, note: &str) -> (StatusCode, Value) {
    let body = json!({ "subject": subject, "decision": decision, "note": note });
    post(portal, "/reviews/statement", Some(&who.cookie), "http://portal.test", &body).await
}

async fn begin(portal: &Portal, who: &Signer, subject: &str) -> Begun {
    let (status, said) = ask(portal, who, subject, "approve", "").await;
    assert_eq!(status, StatusCode::OK, "{said}");
    begun(&said)
}

fn begun(said: &Value) -> Begun {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    Begun {
        ceremony: text(&said["ceremony"]),
        challenge: from_base64url(&text(&said["options"]["challenge"])).expect("base64url"),
        statement: serde_json::from_str(&text(&said["statement"])).expect("a statement"),
    }
}

async fn answer(
    portal: &Portal,
    who: &Signer,
    ceremony: &str,
    device: &Device,
    said: &Assertion,
) -> (StatusCode, Value) {
    let body = json!({
        "ceremony": ceremony,
        "credential": {
            "id": device.credential(), "type": "public-key",
            "response": {
                "clientDataJSON": said.client_data, "authenticatorData": said.authenticator_data,
                "signature": said.signature,
            },
        },
    });
    post(portal, "/reviews/signoffs", Some(&who.cookie), "http://portal.test", &body).await
}

pub async fn sign(portal: &Portal, who: &Signer, subject: &str) -> (StatusCode, Value) {
    let begun = begin(portal, who, subject).await;
    let said = who.device.sign(&begun.challenge);
    answer(portal, who, &begun.ceremony, &who.device, &said).await
}

async fn reviewed(portal: &Portal) -> Reviewed {
    Reviews::all(&portal.house.evidence, &Scope::EVERYTHING).await.expect("a reading")
}

pub async fn review(portal: &Portal, key: &str) -> Review {
    reviewed(portal).await.reviews.into_iter().find(|r| r.subject.key() == key).expect("the review")
}

async fn sealed_signoffs(portal: &Portal) -> u64 {
    portal.house.store.documents("ledger_records").count_documents(doc! { "coll": "signoffs" }).await.expect("a count")
}

/// The bundle of everything, as the owner makes it, checked with the company's anchors.
async fn bundle(portal: &Portal, who: &Signer, period: &str) -> domain::proof::verify::Report {
    made(portal, who, period).await.1
}

/// The same, and its bytes.
pub async fn made(portal: &Portal, who: &Signer, period: &str) -> (Vec<u8>, domain::proof::verify::Report) {
    let made = portal.post("/evidence/make", &format!("period={period}"), Some(&who.cookie)).await;
    let to = made.headers()["location"].to_str().expect("text").to_owned();
    let id = to.split("made=").nth(1).and_then(|rest| rest.split('#').next()).unwrap_or_else(|| panic!("{to}"));
    let zip = bytes(portal.get(&format!("/evidence/{id}/download"), Some(&who.cookie)).await).await;
    let keys = &portal.house.ledger.keys;
    let trust = Trust { root_pem: Some(keys.root_pem()), place: Some(place()), ..Trust::default() };
    let report = verify(&zip, &trust, portal.house.clock.now());
    (zip, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_sealed_at_once_and_stands_on_every_page_and_in_the_bundle() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    let operator = signer(&portal, "operator", Role::Operator, Some(8)).await;
    let page = text(portal.get("/reviews", Some(&founder.cookie)).await).await;
    assert!(page.contains("Waiting for you") && page.contains("Runbook 1.0") && page.contains("overdue"), "{page}");
    let sheet = text(portal.get("/reviews/approves.runbook-1.0", Some(&founder.cookie)).await).await;
    let digest = review(&portal, SUBJECT).await.document.seal.sha256;
    assert!(sheet.contains(&domain::words::groups(&digest[..16])), "the sheet shows the digest's first words");
    assert!(text(portal.get("/runbook", Some(&founder.cookie)).await).await.contains("not signed in the portal"));

    let begun = begin(&portal, &founder, SUBJECT).await;
    assert_eq!(begun.statement["document"], json!({ "id": "runbook-1.0", "version": "1.0", "sha256": digest }));
    assert_eq!(begun.statement["signer"], json!({ "id": "founder", "name": "The founder", "role": "owner" }));
    let said = founder.device.sign(&begun.challenge);
    let (status, said) = answer(&portal, &founder, &begun.ceremony, &founder.device, &said).await;
    assert_eq!((status, said["to"].as_str()), (StatusCode::OK, Some("/reviews/approves.runbook-1.0")), "{said}");
    for (who, key) in [(&operator, "ran.D-1"), (&founder, "owns.D-1")] {
        let (status, said) = sign(&portal, who, key).await;
        assert_eq!(status, StatusCode::OK, "{key}: {said}");
    }

    let now = portal.house.clock.now();
    let marks: Vec<Mark> = reviewed(&portal).await.reviews.iter().map(|r| r.standing.mark(now)).collect();
    assert_eq!(marks, [Mark::Signed; 3]);
    let seal = review(&portal, SUBJECT).await.signatures[0].seal.clone();
    let entry = portal.house.store.documents("ledger_entries").find_one(doc! { "_id": seal.seq as i64 }).await;
    assert_eq!(entry.expect("read").expect("an entry").get_str("kind").ok(), Some("sign-off"));
    for (path, says) in [
        ("/runbook", "signed by The founder, until"),
        ("/drills/D-1", "of 2"),
        ("/reviews", "Every document that asks for a signature has it."),
        ("/reviews/approves.runbook-1.0", "Signed over these bytes"),
    ] {
        let page = text(portal.get(path, Some(&founder.cookie)).await).await;
        assert!(page.contains(says), "{path} does not say “{says}”: {page}");
        assert!(page.contains("The founder") || path == "/reviews", "{path}");
    }
    let report = bundle(&portal, &founder, "range&from=2026-01-01&to=2099-12-31").await;
    assert!(report.verified(), "{:?}", report.first_wrong());
    let told: Vec<&str> =
        report.checks.iter().filter(|c| c.what.starts_with("Sign-off ")).map(|c| c.found.as_str()).collect();
    assert_eq!(told.len(), 3);
    assert!(told.iter().any(|t| t.contains("The operator (operator) signed, as who ran it, drill D-1")), "{told:?}");
    portal.assert_ledger_whole().await;

    // It is given already; nothing is added to it.
    let (status, said) = ask(&portal, &founder, SUBJECT, "approve", "").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(said["what"].as_str().expect("text").contains(&format!("№ {}", seal.seq)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_back_says_why_and_another_word_follows_it() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    for note in ["", "  ", &"x".repeat(1001)] {
        let (status, said) = ask(&portal, &founder, SUBJECT, "return", note).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
    }
    let (_, said) = ask(&portal, &founder, SUBJECT, "return", " Step 3 is <b>stale</b>. ").await;
    let begun = begun(&said);
    let signed = founder.device.sign(&begun.challenge);
    let (status, said) = answer(&portal, &founder, &begun.ceremony, &founder.device, &signed).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let back = review(&portal, SUBJECT).await;
    assert!(matches!(&back.standing, Standing::Returned { note, .. } if note == "Step 3 is <b>stale</b>."));
    let page = text(portal.get("/reviews", Some(&founder.cookie)).await).await;
    assert!(page.contains("Step 3 is") && !page.contains("<b>stale</b>"), "what people wrote stays text");
    let (status, said) = sign(&portal, &founder, SUBJECT).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let review = review(&portal, SUBJECT).await;
    assert_eq!((review.signatures.len(), review.standing.mark(portal.house.clock.now())), (2, Mark::Signed));
    assert!(bundle(&portal, &founder, "range&from=2026-01-01&to=2099-12-31").await.verified());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_and_two_tabs_give_one_sign_off() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    let (one, two) = (begin(&portal, &founder, SUBJECT).await, begin(&portal, &founder, SUBJECT).await);
    assert_ne!(one.challenge, two.challenge, "no two statements are alike");
    let said = founder.device.sign(&one.challenge);
    let (status, _) = answer(&portal, &founder, &one.ceremony, &founder.device, &said).await;
    assert_eq!(status, StatusCode::OK);
    let (status, refused) = answer(&portal, &founder, &one.ceremony, &founder.device, &said).await;
    assert_eq!(status, StatusCode::CONFLICT, "sent again: {refused}");
    let (status, refused) = answer(&portal, &founder, &two.ceremony, &founder.device, &said).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "given for another statement: {refused}");
    assert!(refused["what"].as_str().expect("text").contains("challenge"), "{refused}");
    let three = begin_anyway(&portal, &founder).await;
    assert_eq!(three, StatusCode::CONFLICT);
    assert_eq!(sealed_signoffs(&portal).await, 1);

    // The other tab saw the same state, and comes second, however close.
    let drill = "owns.D-1";
    let (one, two) = (begin(&portal, &founder, drill).await, begin(&portal, &founder, drill).await);
    let answers = [&one, &two].map(|b| founder.device.sign(&b.challenge));
    let (first, second) = tokio::join!(
        answer(&portal, &founder, &one.ceremony, &founder.device, &answers[0]),
        answer(&portal, &founder, &two.ceremony, &founder.device, &answers[1]),
    );
    let mut statuses = [first.0, second.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT], "{first:?} {second:?}");
    assert_eq!(sealed_signoffs(&portal).await, 2);
    portal.assert_ledger_whole().await;
}

async fn begin_anyway(portal: &Portal, who: &Signer) -> StatusCode {
    ask(portal, who, SUBJECT, "approve", "").await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_signature_of_this_statement_is_refused_by_name_and_uses_the_statement_up() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    let bent = |change: fn(&mut Bent)| {
        let mut bent = STRAIGHT;
        change(&mut bent);
        bent
    };
    for (what, bent, says) in [
        ("on another site", bent(|b| b.origin = Some("https://evil.example")), "origin"),
        ("on another port", bent(|b| b.origin = Some("http://portal.test:8080")), "origin"),
        ("nobody verified", bent(|b| b.flags = 0x01), "not verified"),
        ("a registration", bent(|b| b.kind = Some("webauthn.create")), "type"),
        ("another key", bent(|b| b.seed = Some(9)), "does not belong to the key"),
    ] {
        let begun = begin(&portal, &founder, SUBJECT).await;
        let said = founder.device.sign_bent(&begun.challenge, &bent);
        let (status, refused) = answer(&portal, &founder, &begun.ceremony, &founder.device, &said).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}");
        assert!(refused["what"].as_str().expect("text").contains(says), "{what}: {refused}");
        let good = founder.device.sign(&begun.challenge);
        let (status, _) = answer(&portal, &founder, &begun.ceremony, &founder.device, &good).await;
        assert_eq!(status, StatusCode::CONFLICT, "{what}: a statement is answered once");
    }
    // Of another device, which nobody registered.
    let begun = begin(&portal, &founder, SUBJECT).await;
    let stranger = Device::new(42, &place());
    let (status, _) = answer(&portal, &founder, &begun.ceremony, &stranger, &stranger.sign(&begun.challenge)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    // Too late.
    let begun = begin(&portal, &founder, SUBJECT).await;
    let past = doc! { "$set": { "expiresAt": bson::DateTime::from_millis(0) } };
    portal.house.store.documents("ceremonies").update_many(doc! {}, past).await.expect("set");
    let said = founder.device.sign(&begun.challenge);
    let (status, refused) = answer(&portal, &founder, &begun.ceremony, &founder.device, &said).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(refused["what"].as_str().expect("text").contains("five minutes"), "{refused}");
    assert_eq!(sealed_signoffs(&portal).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_persons_statement_is_nobody_elses_to_answer() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    let other = signer(&portal, "partner", Role::Owner, Some(8)).await;
    let begun = begin(&portal, &founder, SUBJECT).await;
    let theirs = other.device.sign(&begun.challenge);
    // With another person's passkey, in one's own session.
    let (status, refused) = answer(&portal, &founder, &begun.ceremony, &other.device, &theirs).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(refused["what"].as_str().expect("text").contains("another person"), "{refused}");
    // In another person's session.
    let begun = begin(&portal, &founder, SUBJECT).await;
    let (status, _) =
        answer(&portal, &other, &begun.ceremony, &founder.device, &founder.device.sign(&begun.challenge)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    // The passkeys that may sign are the asker's own.
    let (_, said) = ask(&portal, &other, SUBJECT, "approve", "").await;
    let allowed = said["options"]["allowCredentials"].as_array().expect("a list").clone();
    assert_eq!(
        allowed.iter().map(|c| c["id"].as_str().expect("text")).collect::<Vec<_>>(),
        [other.device.credential()]
    );
    assert_eq!(sealed_signoffs(&portal).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_was_revoked_signs_nothing_and_what_it_signed_before_stands() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    let (status, _) = sign(&portal, &founder, "owns.D-1").await;
    assert_eq!(status, StatusCode::OK);
    let begun = begin(&portal, &founder, SUBJECT).await;
    let credential = founder.device.credential();
    assert!(passkeys::revoke(&portal.house.ledger, &founder.id, &credential, "The founder").await.expect("revoked"));
    let said = founder.device.sign(&begun.challenge);
    let (status, _) = answer(&portal, &founder, &begun.ceremony, &founder.device, &said).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, refused) = ask(&portal, &founder, SUBJECT, "approve", "").await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(refused["what"].as_str().expect("text").contains("no passkey"), "{refused}");
    let page = text(portal.get("/reviews/approves.runbook-1.0", Some(&founder.cookie)).await).await;
    assert!(page.contains("Register a passkey"));
    assert!(review(&portal, "owns.D-1").await.signed().is_some());
    let report = bundle(&portal, &founder, "range&from=2026-01-01&to=2099-12-31").await;
    assert!(report.verified(), "{:?}", report.first_wrong());
}

/// Whichever comes first in the ledger, the bundle holds: a sign-off is sealed while its passkey stands, or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_revoked_in_the_very_moment_leaves_no_sign_off_that_a_verifier_would_refuse() {
    let portal = waiting().await;
    let mut sealed = 0;
    for seed in 20..26u8 {
        let who = signer(&portal, &format!("owner-{seed}"), Role::Owner, Some(seed)).await;
        let begun = begin(&portal, &who, "owns.D-1").await;
        let said = who.device.sign(&begun.challenge);
        // A portal of its own for the revocation: two processes do not queue for one another.
        let twin = portal.twin().await;
        let credential = who.device.credential();
        let (answered, revoked) = tokio::join!(
            answer(&portal, &who, &begun.ceremony, &who.device, &said),
            passkeys::revoke(&twin.ledger, &who.id, &credential, "The founder"),
        );
        assert!(revoked.expect("it was revoked"));
        match answered.0 {
            StatusCode::OK => {
                sealed += 1;
                break;
            }
            status => assert!([StatusCode::FORBIDDEN, StatusCode::CONFLICT].contains(&status), "{answered:?}"),
        }
    }
    assert!(reviewed(&portal).await.not_held.is_empty());
    assert_eq!(sealed_signoffs(&portal).await, sealed);
    let owner = signer(&portal, "founder", Role::Owner, None).await;
    let report = bundle(&portal, &owner, "range&from=2026-01-01&to=2099-12-31").await;
    assert!(report.verified(), "{:?}", report.first_wrong());
    portal.assert_ledger_whole().await;

    // The rule itself: what it rests on is looked at where the head moves.
    let holds = Holds { coll: "passkeys".into(), as_said: doc! { "_id": "nobody's" }, otherwise: "it ended".into() };
    let before = portal.house.ledger.head().await.expect("a head").size;
    let item = canonical::insert_while("signoffs", "S-none", &json!({ "schema": 1 }), holds).expect("an item");
    let refused = portal.house.ledger.append_one(item).await.expect_err("it is refused");
    assert!(refused.to_string().contains("it ended"), "{refused}");
    assert_eq!(portal.house.ledger.head().await.expect("a head").size, before);
    assert_eq!(
        portal.house.store.documents("signoffs").count_documents(doc! { "_id": "S-none" }).await.expect("a count"),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_signs_what_is_its_own_and_nobody_signs_from_elsewhere() {
    let portal = waiting().await;
    let owner = founder(&portal).await;
    let operator = signer(&portal, "operator", Role::Operator, Some(8)).await;
    let auditor = signer(&portal, "auditor", Role::Auditor, Some(9)).await;
    let written =
        portal.post("/reviews/accept", &form("risk", "One+copy", "It+costs+more", 180), Some(&owner.cookie)).await;
    let to = written.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let id = to.strip_prefix("/reviews?written=").unwrap_or_else(|| panic!("{to}")).to_owned();
    let accepts = format!("accepts.{id}");
    for (subject, owners, operators) in
        [(SUBJECT, true, false), ("ran.D-1", true, true), ("owns.D-1", true, false), (accepts.as_str(), true, false)]
    {
        for (who, may) in [(&owner, owners), (&operator, operators), (&auditor, false)] {
            let (status, said) = ask(&portal, who, subject, "approve", "").await;
            let expected = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(status, expected, "{} {subject}: {said}", who.id);
        }
        let body = json!({ "subject": subject, "decision": "approve" });
        let (status, _) = post(&portal, "/reviews/statement", None, "http://portal.test", &body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let (status, _) = post(&portal, "/reviews/statement", Some(&owner.cookie), "https://evil.example", &body).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
    for wrong in ["signs.D-1", "approves.D-1", "owns.runbook-1.0", "", "owns."] {
        assert_eq!(ask(&portal, &owner, wrong, "approve", "").await.0, StatusCode::NOT_FOUND, "{wrong}");
    }
    for (who, status) in [(&operator, StatusCode::FOUND), (&auditor, StatusCode::FOUND)] {
        let answer = portal.post("/reviews/accept", &form("risk", "x", "y", 180), Some(&who.cookie)).await;
        assert_eq!(
            (answer.status(), answer.headers()[header::LOCATION].to_str().ok()),
            (status, Some("/reviews?refused=1"))
        );
    }
    // Somebody who is no owner any more does not finish what they began as one.
    let begun = begin(&portal, &owner, SUBJECT).await;
    signer(&portal, "founder", Role::Operator, None).await;
    let said = owner.device.sign(&begun.challenge);
    assert_eq!(answer(&portal, &owner, &begun.ceremony, &owner.device, &said).await.0, StatusCode::FORBIDDEN);
    assert_eq!(sealed_signoffs(&portal).await, 0);
    let body = json!({ "subject": SUBJECT, "decision": "approve", "note": "x".repeat(20_000) });
    let (status, _) = post(&portal, "/reviews/statement", Some(&owner.cookie), "http://portal.test", &body).await;
    assert!(status.is_client_error(), "a body that is too long");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_afterwards_is_unsigned_again_and_visibly_so() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    for key in [SUBJECT, "owns.D-1"] {
        assert_eq!(sign(&portal, &founder, key).await.0, StatusCode::OK);
    }
    // A new version.
    seal_runbook(&portal, "1.1", &RUNBOOK.replace("what is lost", "what was lost, and when")).await;
    let page = text(portal.get("/reviews/approves.runbook-1.1", Some(&founder.cookie)).await).await;
    for says in [
        "Sign off Recovery, version 1.1",
        "What changed since 1.0",
        "<b>was lost, and</b>",
        "version 1.0, by The founder",
    ] {
        assert!(page.contains(says), "the sheet does not say “{says}”: {page}");
    }
    let page = text(portal.get("/runbook", Some(&founder.cookie)).await).await;
    assert!(page.contains("not signed in the portal") && page.contains("Signed last: 1.0"), "{page}");
    let older = text(portal.get("/runbook/versions/1.0", Some(&founder.cookie)).await).await;
    assert!(older.contains("signed by The founder"), "what was signed stays signed");

    // A record altered behind the portal's back.
    let begun = begin(&portal, &founder, "ran.D-1").await;
    let altered = doc! { "$set": { "measured.restoreMs": 1 } };
    let drills = portal.house.store.documents("backup_drill_results");
    drills.update_one(doc! { "_id": "D-1" }, altered).await.expect("altered");
    watch::scan(&portal.house.ledger).await.expect("scanned");
    let owns = review(&portal, "owns.D-1").await;
    assert_eq!(owns.standing.mark(portal.house.clock.now()), Mark::Altered);
    assert!(owns.signed().is_none());
    let page = text(portal.get("/drills/D-1", Some(&founder.cookie)).await).await;
    assert!(page.contains("altered"), "{page}");
    let said = founder.device.sign(&begun.challenge);
    let (status, refused) = answer(&portal, &founder, &begun.ceremony, &founder.device, &said).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(refused["what"].as_str().expect("text").contains("changed while"), "{refused}");
    assert_eq!(ask(&portal, &founder, "ran.D-1", "approve", "").await.0, StatusCode::CONFLICT);
}

/// Who can write to the database can put documents there, and no signatures.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_off_or_a_passkey_put_into_the_database_is_none() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    assert_eq!(sign(&portal, &founder, SUBJECT).await.0, StatusCode::OK);
    let store = &portal.house.store;
    let copy = |mut row: Document, id: &str| {
        row.insert("_id", id);
        row
    };
    let signed = store.documents("signoffs").find_one(doc! {}).await.expect("read").expect("one");
    store.documents("signoffs").insert_one(copy(signed, "S-forged")).await.expect("inserted");
    let theirs = Device::new(66, &place()).passkey("founder", "The founder", portal.house.clock.now());
    store.documents("passkeys").insert_one(copy(document(&theirs), &theirs.credential)).await.expect("inserted");
    let before = portal.house.ledger.head().await.expect("a head").size;
    watch::scan(&portal.house.ledger).await.expect("scanned");
    assert_eq!(portal.house.ledger.head().await.expect("a head").size, before, "neither is sealed");
    let unread = LedgerPort::unread(&portal.house.evidence).await.expect("read");
    let strange: Vec<&str> = unread.iter().map(|u| u.id.as_str()).collect();
    assert!(strange.contains(&"S-forged") && strange.contains(&theirs.credential.as_str()), "{unread:?}");
    assert!(unread.iter().all(|u| u.why.contains("another program")), "{unread:?}");
    assert_eq!(review(&portal, SUBJECT).await.signatures.len(), 1);
    let (_, said) = ask(&portal, &founder, "owns.D-1", "approve", "").await;
    assert_eq!(said["options"]["allowCredentials"].as_array().map(Vec::len), Some(1), "{said}");

    // One that was sealed and does not hold is said, and counts for nothing.
    let sealed =
        store.documents("ledger_records").find_one(doc! { "coll": "signoffs" }).await.expect("read").expect("one");
    let bytes = sealed.get_binary_generic("canonical").expect("bytes");
    let mut value: Value = serde_json::from_slice(bytes).expect("JSON");
    value["_id"] = "S-other".into();
    value["statement"] = value["statement"].as_str().expect("text").replace("approve\"", "return\"").into();
    value["statement"] =
        value["statement"].as_str().expect("text").replace(",\"purpose\"", ",\"note\":\"no\",\"purpose\"").into();
    let item = canonical::insert("signoffs", "S-other", &domain::ejson::plain(&value)).expect("an item");
    // As a portal that was broken into would.
    portal.house.ledger.append_one(item).await.expect("sealed");
    let reviewed = reviewed(&portal).await;
    assert_eq!(reviewed.not_held.len(), 1, "{:?}", reviewed.not_held);
    assert_eq!(reviewed.reviews[0].signatures.len(), 1);
    let page = text(portal.get("/reviews", Some(&founder.cookie)).await).await;
    assert!(page.contains("S-other") && page.contains("is none"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_is_written_once_signed_and_carried() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    for (form, says) in [
        (form("risk", "", "w", 180), "first line"),
        (form("risk", "t", "w", -1), "last day is over"),
        (form("other", "t", "w", 180), "not said what"),
    ] {
        let answer = portal.post("/reviews/accept", &form, Some(&founder.cookie)).await;
        assert_eq!(answer.headers()[header::LOCATION], "/reviews?refused=1");
        let left =
            answer.headers()[header::SET_COOKIE].to_str().expect("text").split(';').next().expect("it").to_owned();
        let cookies = format!("{}; {left}", founder.cookie);
        let page = text(portal.get("/reviews?refused=1", Some(&cookies)).await).await;
        assert!(page.contains(says), "{form}: {page}");
    }
    let form = form("exclusion", "The+search+index", "It+is+built+anew+in+an+hour.", 180);
    let mut places = Vec::new();
    for _ in 0..2 {
        let answer = portal.post("/reviews/accept", &form, Some(&founder.cookie)).await;
        places.push(answer.headers()[header::LOCATION].to_str().expect("text").to_owned());
    }
    assert_eq!(places[0], places[1], "a form sent twice is written once");
    let id = places[0].strip_prefix("/reviews?written=").expect("an id").to_owned();
    let page = text(portal.get(&places[0], Some(&founder.cookie)).await).await;
    assert!(page.contains("Scope exclusion: The search index is written down and sealed"), "{page}");
    let key = format!("accepts.{id}");
    assert_eq!(sign(&portal, &founder, &key).await.0, StatusCode::OK);
    let day = format!("{}T23:59:59.999Z", in_days(180));
    assert_eq!(review(&portal, &key).await.standing, Standing::Signed { until: Some(at(&day)) });
    let report = bundle(&portal, &founder, "range&from=2026-01-01&to=2099-12-31").await;
    assert!(report.verified(), "{:?}", report.first_wrong());
    assert!(
        report.checks.iter().any(|c| c.found.contains(&format!("accepted acceptance {id}"))),
        "{:#?}",
        report.checks
    );
}

/// An acceptance's form, until so many days from now.
fn form(what: &str, title: &str, why: &str, days: i64) -> String {
    format!("what={what}&title={title}&why={why}&until={}", in_days(days))
}

fn in_days(days: i64) -> String {
    domain::words::date(Moment::from(chrono::Utc::now()).plus_millis(days * 24 * 3600 * 1000))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_the_sign_offs_of_their_period_and_nothing_beside_them() {
    let (portal, auditor) = periods::audited(&[Control::Cc75, Control::A12, Control::Cc73]).await;
    let founder = founder(&portal).await;
    for name in ["before", "first", "after"] {
        let (status, said) = sign(&portal, &founder, &format!("owns.D-{name}")).await;
        assert_eq!(status, StatusCode::OK, "{said}");
    }
    let signed = |id: &str| format!("owns.D-{id}\"");
    let page = text(portal.get("/reviews?standing=signed", Some(&auditor)).await).await;
    assert!(page.contains(&signed("first")), "{page}");
    assert!(!page.contains(&signed("before")) && !page.contains(&signed("after")), "{page}");
    let bundle = periods::made_bundle(&portal, &auditor, "2026-Q2").await;
    let statements: Vec<&str> = bundle.lines().filter(|l| l.contains("authenticatorData")).collect();
    assert_eq!(statements.len(), 1, "{statements:?}");
    assert!(statements[0].contains("D-first"));
    assert_eq!(bundle.matches("attestationObject").count(), 1, "the passkey it was made with");
}

struct At(Moment);

impl app::ports::Clock for At {
    fn now(&self) -> Moment {
        self.0
    }
}

/// The same portal at another time.
fn house_at(portal: &Portal, now: Moment) -> House {
    let clock: Arc<dyn app::ports::Clock> = Arc::new(At(now));
    let house = portal.house.clone();
    let ledger = Arc::new(Ledger::new(house.store.clone(), house.ledger.keys.clone(), clock.clone()));
    House { clock, evidence: Evidence { ledger: ledger.clone() }, ledger, ..house }
}

async fn notices(portal: &Portal) -> Vec<(String, String)> {
    let all = portal.house.store.documents("notices");
    let rows = server::store::rows(all.find(doc! {}).sort(doc! { "_id": 1 })).await.expect("notices");
    assert!(rows.iter().all(|r| r.get("sentAt") == Some(&bson::Bson::Null)), "nobody has sent them yet");
    let text = |row: &Document, key: &str| row.get_str(key).expect("text").to_owned();
    rows.iter().map(|r| (text(r, "person"), text(r, "subject"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_told_once_each_and_what_is_overdue_opens_one_finding() {
    let portal = waiting().await;
    let founder = founder(&portal).await;
    signer(&portal, "operator", Role::Operator, Some(8)).await;
    signer(&portal, "auditor", Role::Auditor, None).await;
    let now = portal.house.clock.now();
    for _ in 0..2 {
        reviews(&portal.house).await.expect("looked");
    }
    let mut said = notices(&portal).await;
    said.sort();
    let drill = "Drill of 16 November 2026 waits for your signature";
    let expected = [("founder", drill), ("founder", "Runbook 1.0 is overdue"), ("operator", drill)];
    assert_eq!(said, expected.map(|(to, subject)| (to.to_owned(), subject.to_owned())));
    let findings = |portal: &Portal| {
        let evidence = portal.house.evidence.clone();
        async move { Findings::all(&evidence, &Scope::EVERYTHING).await.expect("findings") }
    };
    let open = findings(&portal).await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].value.title, "Runbook 1.0 was not signed in time");
    assert_eq!(open[0].value.cause.as_deref(), Some("approves.runbook-1.0@2026-05-18"));
    let page = text(portal.get("/findings", Some(&founder.cookie)).await).await;
    assert!(page.contains("/reviews/approves.runbook-1.0"), "the finding leads to the review");

    // A week and a day later the drill is overdue too, for both who are asked.
    let later = house_at(&portal, now.plus_millis(8 * 24 * 3600 * 1000));
    for _ in 0..2 {
        reviews(&later).await.expect("looked");
    }
    assert_eq!(notices(&portal).await.len(), 5);
    let open = findings(&portal).await;
    let causes: Vec<&str> = open.iter().filter_map(|f| f.value.cause.as_deref()).collect();
    assert_eq!(causes.len(), 3, "{causes:?}");
    assert!(causes.iter().any(|c| c.starts_with("ran.D-1@")) && causes.iter().any(|c| c.starts_with("owns.D-1@")));

    // Signed: nothing more is said, and the finding stays evidence.
    assert_eq!(sign(&portal, &founder, SUBJECT).await.0, StatusCode::OK);
    reviews(&portal.house).await.expect("looked");
    assert_eq!(notices(&portal).await.len(), 5);
    assert_eq!(findings(&portal).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_of_another_portal_signs_nothing_here() {
    let portal = waiting().await;
    let who = signer(&portal, "founder", Role::Owner, None).await;
    let elsewhere = Place { rp_id: "old.example".into(), origins: vec!["http://old.example".into()] };
    let device = Device::new(7, &elsewhere);
    let passkey = device.passkey(&who.id, "The founder", portal.house.clock.now());
    passkeys::register(&portal.house.ledger, &passkey).await.expect("registered");
    let (status, refused) = ask(&portal, &who, SUBJECT, "approve", "").await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    // And one registered as ended at once is no passkey either.
    let ended = Some(Revoked { at: portal.house.clock.now(), by: "x".into() });
    let other = Device::new(8, &place()).passkey(&who.id, "The founder", portal.house.clock.now());
    let item =
        canonical::insert("passkeys", &other.credential, &domain::passkey::Passkey { revoked: ended, ..other.clone() });
    portal.house.ledger.append_one(item.expect("an item")).await.expect("sealed");
    assert_eq!(ask(&portal, &who, SUBJECT, "approve", "").await.0, StatusCode::CONFLICT);
    assert_eq!(Purpose::Approves.waits_for(), Role::Owner);
}
