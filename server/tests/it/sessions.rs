//! Sessions: how long they last, where they are listed, and that what was ended stays ended.

use axum::http::{StatusCode, header};
use bson::{DateTime, doc};
use domain::role::Role;
use server::{config::Config, store::sessions};
use tower_sessions::SessionStore;

use crate::portal::{Portal, cookie, text, to};

const HOUR: i64 = 3600 * 1000;

fn ago(ms: i64) -> DateTime {
    DateTime::from_millis(DateTime::now().timestamp_millis() - ms)
}

async fn one(portal: &Portal) -> bson::Document {
    portal.house.store.documents("sessions").find_one(doc! {}).await.expect("read").expect("one session")
}

async fn set(portal: &Portal, fields: bson::Document) {
    let sessions = portal.house.store.documents("sessions");
    sessions.update_many(doc! {}, doc! { "$set": fields }).await.expect("changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lasts_half_a_day_from_its_last_use_and_a_week_at_most() {
    let portal = Portal::open_quiet().await;
    let session = portal.named("ana", Role::Owner).await;
    let inside = async || portal.get("/drills", Some(&session)).await.status() == StatusCode::OK;
    // Used after six minutes, its end moves to half a day from now, and the cookie with it.
    set(&portal, doc! { "seenAt": ago(HOUR / 10), "expiresAt": ago(-HOUR) }).await;
    let answer = portal.get("/drills", Some(&session)).await;
    assert!(answer.headers()[header::SET_COOKIE].to_str().expect("text").contains("Max-Age=43200"));
    let ends = one(&portal).await.get_datetime("expiresAt").expect("an end").timestamp_millis();
    assert!((ends - ago(-12 * HOUR).timestamp_millis()).abs() < 60_000);
    let people = portal.house.store.people().await.expect("people");
    assert!(people[0].last_seen.is_some_and(|at| portal.house.clock.now().since(at) < 60_000));
    // Used again at once, nothing is written.
    assert!(portal.get("/drills", Some(&session)).await.headers().get(header::SET_COOKIE).is_none());
    // On its last day it does not move past the week.
    set(&portal, doc! { "since": ago(7 * 24 * HOUR - HOUR), "seenAt": ago(HOUR) }).await;
    assert!(inside().await);
    let ends = one(&portal).await.get_datetime("expiresAt").expect("an end").timestamp_millis();
    assert!((ends - ago(-HOUR).timestamp_millis()).abs() < 60_000);
    set(&portal, doc! { "since": ago(7 * 24 * HOUR + 1000), "expiresAt": ago(-HOUR) }).await;
    assert!(!inside().await, "a week is over");
    set(&portal, doc! { "since": ago(HOUR), "expiresAt": ago(1000) }).await;
    assert!(!inside().await, "half a day without use is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_begins_another_session_and_who_reads_the_database_can_use_none() {
    let portal = Portal::open_quiet().await;
    let first = portal.named("ana", Role::Owner).await;
    let code = portal.house.store.new_link("ana", portal.house.clock.now()).await.expect("a link");
    let answer = portal.post("/sign-in", &format!("code={code}"), Some(&first)).await;
    let second = cookie(&answer);
    assert_ne!(first, second);
    assert!(portal.get("/drills", Some(&first)).await.status().is_redirection(), "the old one has ended");
    let kept = one(&portal).await;
    let value = second.split('=').nth(1).expect("a value");
    assert!(!kept.to_string().contains(value), "{kept}");
    let name = kept.get_str("_id").expect("a name");
    assert!(portal.get("/drills", Some(&format!("passmuster={name}"))).await.status().is_redirection());
    for absent in ["ip", "peer", "address"] {
        assert!(kept.get(absent).is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_by_its_owner_alone_and_stays_ended_under_a_request_on_its_way() {
    let portal = Portal::open_quiet().await;
    let here = portal.named("ana", Role::Owner).await;
    let there = portal.signed_in("ana").await;
    let bo = portal.named("bo", Role::Owner).await;
    let id: tower_sessions::session::Id = there.split('=').nth(1).expect("a value").parse().expect("an id");
    let store = sessions::Sessions::new(&portal.house.store);
    let on_its_way = store.load(&id).await.expect("read").expect("there");
    let form = format!("name={}", sessions::name(&id));
    let answer = portal.post("/settings/sessions/end", &form, Some(&bo)).await;
    assert!(to(&answer).contains("refused"), "another's");
    assert_eq!(portal.get("/drills", Some(&there)).await.status(), StatusCode::OK);
    let page = text(portal.get("/settings", Some(&here)).await).await;
    assert!(page.contains("this one") && page.contains(&sessions::name(&id)) && page.contains("Sign out there"));
    let answer = portal.post("/settings/sessions/end", &form, Some(&here)).await;
    assert_eq!(to(&answer), "/settings?done=ended");
    store.save(&on_its_way).await.expect("written nowhere");
    assert!(portal.get("/drills", Some(&there)).await.status().is_redirection());
    assert_eq!(portal.get("/drills", Some(&here)).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_else_leaves_this_session_and_those_of_others() {
    let portal = Portal::open_quiet().await;
    let here = portal.named("ana", Role::Owner).await;
    let (one, two) = (portal.signed_in("ana").await, portal.signed_in("ana").await);
    let bo = portal.named("bo", Role::Operator).await;
    let answer = portal.post("/settings/sessions/end-others", "", Some(&here)).await;
    assert_eq!(to(&answer), "/settings?done=others");
    for (session, status) in [(&here, 200), (&one, 303), (&two, 303), (&bo, 200)] {
        assert_eq!(portal.get("/settings", Some(session)).await.status().as_u16(), status);
    }
    let answer = portal.post("/settings/sessions/end-others", "", None).await;
    assert_eq!(to(&answer), "/sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_the_cookie_is_bound_to_the_host() {
    let portal =
        Portal::open_as(|config: &mut Config| config.portal.public_url = "https://portal.test".to_owned()).await;
    let link = portal.house.people.first_owner().await.expect("asked").expect("a link");
    assert!(link.starts_with("https://portal.test/sign-in?code="), "{link}");
    let code = link.split("code=").nth(1).expect("a code");
    let answer = portal.post("/sign-in", &format!("code={code}"), None).await;
    let set = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    for part in ["__Host-passmuster=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=43200"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    // The link of an invitation travels in a cookie that needs TLS too.
    let form = "name=Bo&email=bo@testwerk.example&role=operator";
    let answer = portal.post("/settings/people/invite", form, Some(&cookie(&answer))).await;
    assert!(answer.headers()[header::SET_COOKIE].to_str().expect("text").contains("Secure"));
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_without_end_is_slowed_down_and_told_how_long() {
    let portal = Portal::open_quiet().await;
    let mut last = None;
    for _ in 0..70 {
        let answer = portal.post("/sign-in", "code=guess", None).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            last = Some(answer);
            break;
        }
    }
    let answer = last.expect("a limit");
    let wait: u64 = answer.headers()[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
    let said = text(answer).await;
    assert!(said.contains("This was tried too often") && said.contains("Try again in"), "{said}");
    // A script is told in its own way.
    let answer = portal.script("/passkeys/assertion", "{}", None).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    assert!(text(answer).await.contains("\"what\""));
}
