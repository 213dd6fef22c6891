//! Codes by e-mail: one form, one code, once; the same answer whoever's the address is; and guessing that gets nowhere.

use axum::{
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use domain::{
    person::Email,
    role::{Actor, Role, Scope},
};
use server::config::Config;

use crate::{
    mail::{Letter, Post},
    portal::{Portal, cookie, text, to},
};

async fn portal_with(post: &Post) -> Portal {
    let mail = post.config();
    let portal = Portal::open_as(|config: &mut Config| config.mail = mail).await;
    person(&portal, "ana", "ana@testwerk.example").await;
    portal
}

async fn person(portal: &Portal, id: &str, email: &str) {
    let actor = Actor { id: id.into(), name: id.into(), role: Role::Operator, scope: Scope::EVERYTHING };
    portal.house.store.put_person(&actor).await.expect("a person");
    portal.house.store.put_email(id, &Email::parse(email).expect("an address")).await.expect("kept");
}

/// The form that a code for this address is entered on.
async fn form(portal: &Portal, email: &str) -> String {
    let answer = portal.post("/sign-in/code", &format!("email={email}&to=/drills"), None).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to = to(&answer);
    let form = to.strip_prefix("/sign-in?form=").and_then(|rest| rest.strip_suffix("&to=/drills"));
    form.unwrap_or_else(|| panic!("{to}")).to_owned()
}

async fn enter(portal: &Portal, form: &str, code: &str) -> Response<axum::body::Body> {
    portal.post("/sign-in/code/enter", &format!("form={form}&code={code}&to=/drills"), None).await
}

fn code(letter: &Letter) -> String {
    let line =
        letter.text.lines().map(str::trim).find(|l| l.len() == 9 && l.chars().all(|c| c.is_ascii_digit() || c == ' '));
    line.expect("a code").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_signs_in_once_on_the_form_it_was_sent_for() {
    let mut post = Post::start().await;
    let portal = portal_with(&post).await;
    let (one, two) = (form(&portal, "%20Ana@Testwerk.example").await, form(&portal, "ana@testwerk.example").await);
    let letters = [post.letter().await, post.letter().await];
    for letter in &letters {
        assert_eq!(letter.to, ["ana@testwerk.example"]);
        assert!(letter.sender.contains("evidence@testwerk.example") && letter.html.contains(&code(letter)));
        assert!(!letter.subject.contains(&code(letter)), "a phone shows it without being unlocked");
    }
    // Each code belongs to one of the forms, whichever was written first.
    let mut signed = 0;
    for letter in &letters {
        for form in [&one, &two] {
            let answer = enter(&portal, form, &code(letter).replace(' ', "-")).await;
            if to(&answer).starts_with("/settings/passkeys/new") || to(&answer) == "/drills" {
                let page = text(portal.get("/settings", Some(&cookie(&answer))).await).await;
                assert!(page.contains("code by e-mail"), "{page}");
                signed += 1;
                assert_eq!(to(&enter(&portal, form, &code(letter)).await), "/sign-in?refused=form&to=/drills", "once");
            }
        }
    }
    assert_eq!(signed, 2);
    // Led to a passkey once, by the first of the two.
    let forms = portal.house.store.documents("sign_in_codes").count_documents(bson::doc! {}).await.expect("a count");
    assert_eq!(forms, 0, "used up");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_whether_an_address_is_somebodys() {
    let mut post = Post::start().await;
    let portal = portal_with(&post).await;
    let mut answers = Vec::new();
    for email in ["ana@testwerk.example", "nobody@testwerk.example"] {
        let asked = portal.post("/sign-in/code", &format!("email={email}"), None).await;
        let (status, place) = (asked.status(), to(&asked));
        let form = place.strip_prefix("/sign-in?form=").expect("a form").to_owned();
        let headers: Vec<String> = asked.headers().keys().map(|k| k.as_str().to_owned()).collect();
        let page = text(portal.get(&place, None).await).await.replace(&form, "FORM");
        let wrong = enter(&portal, &form, "00000000").await;
        answers.push((
            status,
            form.len(),
            headers,
            nonceless(&page),
            wrong.status(),
            to(&wrong).replace(&form, "FORM"),
        ));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(post.letter().await.to, ["ana@testwerk.example"]);
    post.nothing().await;
    // What the database keeps differs in nothing that a form's reader could see; no address is in it.
    let rows = portal.house.store.documents("sign_in_codes");
    for row in crate::portal::rows(rows).await {
        assert!(!row.to_string().contains("testwerk.example"), "{row}");
    }
    for email in ["", "nobody", "a@x..y", "a@x.example,b@x.example", "a@x.example%0d%0aBcc:b@x.example"] {
        let answer = portal.post("/sign-in/code", &format!("email={email}"), None).await;
        assert_eq!(to(&answer), "/sign-in?refused=address", "{email}");
    }
}

fn nonceless(page: &str) -> String {
    page.split("nonce=\"").map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_ends_with_the_form_and_with_the_hour_over_all_portals() {
    let mut post = Post::start().await;
    let portal = portal_with(&post).await;
    let first = form(&portal, "ana@testwerk.example").await;
    let right = code(&post.letter().await);
    for _ in 0..5 {
        assert!(to(&enter(&portal, &first, "00000000").await).contains("refused=code"));
    }
    assert_eq!(to(&enter(&portal, &first, &right).await), "/sign-in?refused=form&to=/drills", "a form takes five");
    let second = form(&portal, "ana@testwerk.example").await;
    let right = code(&post.letter().await);
    // Side by side, and on another portal of the same database.
    let twin = server::http::router(&portal.twin().await);
    for n in 0..5 {
        let form = if n == 4 { second.clone() } else { form_of(&portal).await };
        let request = Request::post("/sign-in/code/enter")
            .header(header::HOST, "portal.test")
            .header(header::ORIGIN, "http://portal.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(format!("form={form}&code=00000000")))
            .expect("a request");
        let answer = tower::ServiceExt::oneshot(twin.clone(), request).await.expect("an answer");
        assert!(to(&answer).contains("refused=code"), "{n}");
    }
    let answer = enter(&portal, &second, &right).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "an address takes ten an hour, the right one too");
    let wait: u64 = answer.headers()[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
    assert!((3500..=3601).contains(&wait), "{wait}");
    assert!(text(answer).await.contains("nobody is locked out"));
    // Another address is not held up, and a link signs ana in as before.
    person(&portal, "bo", "bo@testwerk.example").await;
    let other = form(&portal, "bo@testwerk.example").await;
    let right = loop {
        let letter = post.letter().await;
        if letter.to == ["bo@testwerk.example"] {
            break code(&letter);
        }
    };
    assert!(to(&enter(&portal, &other, &right).await).starts_with("/settings/passkeys/new"));
    portal.signed_in("ana").await;
}

/// Another form for ana, past the limit of this portal's own.
async fn form_of(portal: &Portal) -> String {
    let email = Email::parse("ana@testwerk.example").expect("an address");
    portal.house.store.begin_code(&email, portal.house.clock.now()).await.expect("a form")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_late_or_of_somebody_removed_signs_nobody_in() {
    let mut post = Post::start().await;
    let portal = portal_with(&post).await;
    let late = form(&portal, "ana@testwerk.example").await;
    let right = code(&post.letter().await);
    let past = bson::doc! { "$set": { "expiresAt": bson::DateTime::from_millis(0) } };
    portal.house.store.documents("sign_in_codes").update_many(bson::doc! {}, past).await.expect("aged");
    assert!(to(&enter(&portal, &late, &right).await).contains("refused=form"));
    let form = form(&portal, "ana@testwerk.example").await;
    let right = code(&post.letter().await);
    assert!(portal.house.people.remove_by("the test", "ana").await.expect("removed"));
    assert!(to(&enter(&portal, &form, &right).await).contains("refused=form"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_is_limited_by_address_and_by_peer_and_a_made_up_header_is_no_other_peer() {
    let post = Post::start().await;
    let portal = portal_with(&post).await;
    let send = async |email: &str, peer: [u8; 4], forwarded: &str| {
        let mut request = Request::post("/sign-in/code")
            .header(header::HOST, "portal.test")
            .header(header::ORIGIN, "http://portal.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-forwarded-for", forwarded)
            .body(axum::body::Body::from(format!("email={email}")))
            .expect("a request");
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from((peer, 4000))));
        portal.send(request).await
    };
    for n in 0..3 {
        let answer = send("nobody@testwerk.example", [203, 0, 113, n], "-").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{n}");
    }
    let answer = send("nobody@testwerk.example", [203, 0, 113, 9], "-").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "by address, whoever asks");
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    let mut taken = 0;
    for n in 0..20 {
        let answer = send(&format!("n{n}@testwerk.example"), [198, 51, 100, 1], &format!("192.0.2.{n}")).await;
        taken += u32::from(answer.status() == StatusCode::SEE_OTHER);
    }
    assert_eq!(taken, 10, "by peer, whatever it writes about itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_no_code_is_offered_and_a_mail_server_that_refuses_is_told_to_the_owner_alone() {
    let portal = Portal::open_quiet().await;
    assert!(!text(portal.get("/sign-in", None).await).await.contains("Send me a code"));
    assert_eq!(to(&portal.post("/sign-in/code", "email=a@x.example", None).await), "/sign-in?refused=no-mail");

    let mut post = Post::start().await;
    let portal = portal_with(&post).await;
    assert!(text(portal.get("/sign-in", None).await).await.contains("Send me a code"));
    let mailer = portal.house.mailer.clone().expect("mail is configured");
    mailer.check().await.expect("it answers");
    let refused = Email::parse("refused@testwerk.example").expect("an address");
    let why = mailer.send(&refused, "s", "t", "h").await.expect_err("refused").to_string();
    assert!(why.contains("the mail server refused it"), "{why}");
    let later = Email::parse("later@testwerk.example").expect("an address");
    mailer.send(&later, "s", "t", "h").await.expect("taken at the second attempt");
    assert_eq!(post.letter().await.to, ["later@testwerk.example"]);
    person(&portal, "refused", "refused@testwerk.example").await;
    form(&portal, "refused@testwerk.example").await;
    drop(post);
    assert!(mailer.check().await.is_err(), "nobody listens any more");
}
