//! Inviting, changing and removing people; the last owner; and what a role taken away ends.

use axum::http::StatusCode;
use domain::{
    proof::passkey::base64url,
    role::{Role, Scope},
};
use server::config::Config;

use crate::{
    authenticator::Authenticator,
    mail::Post,
    passkeys::{register, sign_in},
    portal::{Portal, cookie, text, to},
};

const PEOPLE: &str = "/settings/people";

/// The link on the page after an invitation; asked again it is gone.
async fn shown_link(portal: &Portal, owner: &str, answer: &axum::http::Response<axum::body::Body>) -> String {
    assert_eq!(to(answer), "/settings/people?invited=1");
    let set = answer.headers()[axum::http::header::SET_COOKIE].to_str().expect("text");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/settings/people"), "{set}");
    let carried = set.split(';').next().expect("a cookie");
    let shown = portal.get("/settings/people?invited=1", Some(&format!("{owner}; {carried}"))).await;
    let cleared = shown.headers()[axum::http::header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cleared.starts_with("passmuster-invited=;") && cleared.contains("Max-Age=0"), "{cleared}");
    let page = text(shown).await;
    let link = page.split("id=\"invited-link\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a link");
    let again = text(portal.get("/settings/people?invited=1", Some(owner)).await).await;
    assert!(!again.contains("invited-link"), "once");
    link.to_owned()
}

async fn open(portal: &Portal, link: &str) -> axum::http::Response<axum::body::Body> {
    let code = link.split("code=").nth(1).expect("a code");
    portal.post("/sign-in", &format!("code={code}"), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_invited_gets_a_link_by_mail_and_the_owner_sees_it_once() {
    let mut post = Post::start().await;
    let mail = post.config();
    let portal = Portal::open_as(|config: &mut Config| config.mail = mail).await;
    let owner = portal.named("owner", Role::Owner).await;
    let form = "name=%20Bo%20%20Berg&email=Bo@testwerk.example&role=operator";
    let answer = portal.post("/settings/people/invite", form, Some(&owner)).await;
    let link = shown_link(&portal, &owner, &answer).await;
    assert!(link.starts_with("http://portal.test/sign-in?code="), "{link}");
    let letter = post.letter().await;
    assert_eq!(letter.to, ["bo@testwerk.example"]);
    assert!(letter.text.contains(&link) && letter.html.contains(&link) && letter.text.contains("an operator"));
    let page = text(portal.get(PEOPLE, Some(&owner)).await).await;
    for part in ["Bo Berg", "bo@testwerk.example", "not yet", "Two people may sign in: one owner and one operator."] {
        assert!(page.contains(part), "{part} in {page}");
    }
    // Another one ends the first.
    let answer = portal.post("/settings/people/invite-again", "person=bo-berg", Some(&owner)).await;
    let second = shown_link(&portal, &owner, &answer).await;
    post.letter().await;
    assert_eq!(to(&open(&portal, &link).await), "/sign-in?refused=link");
    let answer = open(&portal, &second).await;
    assert_eq!(to(&answer), "/settings/passkeys/new?to=/", "led to a passkey once");
    let bo = cookie(&answer);
    assert_eq!(to(&open(&portal, &second).await), "/sign-in?refused=link", "a link opens once");
    assert_eq!(portal.get("/drills", Some(&bo)).await.status(), StatusCode::OK);
    // A passkey is told to its owner by mail.
    register(&portal, &mut Authenticator::new(3), &bo, "Phone").await;
    let letter = post.letter().await;
    assert!(letter.text.contains("Phone") && letter.text.contains("one-time link"), "{}", letter.text);
    for (form, says) in [
        ("name=Ana&email=bo@testwerk.example&role=owner", "Bo Berg, who is here as operator"),
        ("name=&email=c@testwerk.example&role=owner", "name is missing"),
        ("name=C&email=c&role=owner", "does not read as one"),
        ("name=C&email=c@testwerk.example&role=god", "no such role"),
        ("name=C&email=c@testwerk.example", "no such role"),
    ] {
        let answer = portal.post("/settings/people/invite", form, Some(&owner)).await;
        assert_eq!(to(&answer), "/settings/people?refused=1", "{form}");
        let set = answer.headers()[axum::http::header::SET_COOKIE].to_str().expect("text").to_owned();
        let both = format!("{owner}; {}", set.split(';').next().expect("a cookie"));
        let page = text(portal.get("/settings/people?refused=1", Some(&both)).await).await;
        assert!(page.contains(says), "{form}: {says}");
    }
    assert_eq!(portal.house.store.people().await.expect("people").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_changed_counts_at_the_next_request_and_no_other_role_manages_people() {
    let portal = Portal::open_quiet().await;
    let owner = portal.named("owner", Role::Owner).await;
    let bo = portal.named("bo", Role::Operator).await;
    assert_eq!(portal.get(PEOPLE, Some(&bo)).await.status(), StatusCode::FORBIDDEN);
    let promote = portal.post("/settings/people/change-role", "person=bo&role=owner", Some(&bo)).await;
    assert!(to(&promote).contains("refused"), "nobody promotes themselves");
    assert_eq!(portal.get(PEOPLE, Some(&bo)).await.status(), StatusCode::FORBIDDEN);
    portal.post("/settings/people/change-role", "person=bo&role=owner", Some(&owner)).await;
    assert_eq!(portal.get(PEOPLE, Some(&bo)).await.status(), StatusCode::OK);
    portal.post("/settings/people/change-role", "person=bo&role=auditor", Some(&owner)).await;
    assert_eq!(portal.get(PEOPLE, Some(&bo)).await.status(), StatusCode::FORBIDDEN);
    let drills = portal.get("/drills", Some(&bo)).await;
    assert_eq!(drills.status(), StatusCode::FORBIDDEN, "an auditor without an audit sees nothing");
    let page = text(drills).await;
    assert!(page.contains("No audit is open for you") && page.contains("Sign out") && !page.contains("Ledger intact"));
    assert_eq!(portal.get("/settings", Some(&bo)).await.status(), StatusCode::OK, "and keeps their own sign-in");
    let begin = portal.script("/passkeys/registration", "{}", Some(&bo)).await;
    assert_eq!(begin.status(), StatusCode::OK, "before the audit opens too");
    portal.post("/settings/people/change-role", "person=bo&role=operator", Some(&owner)).await;
    assert_eq!(portal.house.store.person("bo").await.expect("read").expect("here").scope, Scope::EVERYTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_removed_is_out_at_once_whatever_they_hold() {
    let portal = Portal::open_quiet().await;
    let owner = portal.named("owner", Role::Owner).await;
    let bo = portal.named("bo", Role::Operator).await;
    let mut phone = Authenticator::new(3);
    register(&portal, &mut phone, &bo, "Phone").await;
    let link = portal.house.store.new_link("bo", portal.house.clock.now()).await.expect("a link");
    let answer = portal.post("/settings/people/remove", "person=bo", Some(&owner)).await;
    assert_eq!(to(&answer), "/settings/people?removed=bo");
    let page = text(portal.get("/settings/people?removed=bo", Some(&owner)).await).await;
    assert!(page.contains("bo is removed") && page.contains("No longer here") && page.contains("by owner"), "{page}");
    assert!(portal.get("/drills", Some(&bo)).await.status().is_redirection(), "the session");
    assert_eq!(to(&portal.post("/sign-in", &format!("code={link}"), None).await), "/sign-in?refused=link");
    assert_eq!(sign_in(&portal, &mut phone).await.expect_err("the passkey").0, StatusCode::FORBIDDEN);
    let sealed = portal.house.store.passkey(&base64url(&phone.id)).await.expect("read").expect("sealed");
    assert_eq!(sealed.value.revoked.expect("revoked").by, "owner");
    let sessions = portal.house.store.documents("sessions");
    assert_eq!(sessions.count_documents(bson::doc! { "person": "bo" }).await.expect("a count"), 0);
    portal.assert_ledger_whole().await;
    // Removed twice, changed or invited again: nobody of that name is here.
    for (path, form) in
        [("remove", "person=bo"), ("invite-again", "person=bo"), ("change-role", "person=bo&role=owner")]
    {
        let answer = portal.post(&format!("/settings/people/{path}"), form, Some(&owner)).await;
        assert!(to(&answer).contains("refused"), "{path}");
    }
    // Invited again under the same name and address, it is somebody new.
    let form = "name=bo&email=bo@testwerk.example&role=operator";
    let answer = portal.post("/settings/people/invite", form, Some(&owner)).await;
    let bo = cookie(&open(&portal, &shown_link(&portal, &owner, &answer).await).await);
    assert!(!text(portal.get("/settings", Some(&bo)).await).await.contains("Phone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_cut_short_is_finished_by_the_portal_itself() {
    let portal = Portal::open_quiet().await;
    let bo = portal.named("bo", Role::Operator).await;
    let mut phone = Authenticator::new(3);
    register(&portal, &mut phone, &bo, "Phone").await;
    let set = bson::doc! { "$set": {
        "removedAt": bson::DateTime::now(), "removedBy": "the owner", "passkeysToEnd": true,
    } };
    portal.house.store.documents("people").update_one(bson::doc! { "_id": "bo" }, set).await.expect("cut short");
    assert!(portal.get("/drills", Some(&bo)).await.status().is_redirection(), "out already");
    for _ in 0..2 {
        portal.house.people.end_passkeys().await.expect("finished");
    }
    let sealed = portal.house.store.passkey(&base64url(&phone.id)).await.expect("read").expect("sealed");
    assert_eq!(sealed.value.revoked.expect("revoked").by, "the owner");
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_stays_also_when_two_remove_each_other_at_once() {
    let portal = Portal::open_quiet().await;
    let ana = portal.named("ana", Role::Owner).await;
    for (path, form) in [("remove", "person=ana"), ("change-role", "person=ana&role=auditor")] {
        let answer = portal.post(&format!("/settings/people/{path}"), form, Some(&ana)).await;
        assert_eq!(to(&answer), "/settings/people?refused=1", "{path}");
    }
    let twin = portal.twin().await;
    for round in 0..8 {
        let bo = format!("bo-{round}");
        portal.named(&bo, Role::Owner).await;
        let (one, two) = tokio::join!(portal.house.people.remove_by("ana", &bo), twin.people.remove_by(&bo, "ana"));
        assert!(one.is_ok() != two.is_ok(), "{round}: one of the two stays: {one:?} {two:?}");
        let owners = portal.house.store.people().await.expect("people");
        let owners: Vec<_> =
            owners.into_iter().filter(|p| p.removed.is_none() && p.actor.role == Role::Owner).collect();
        assert_eq!(owners.len(), 1, "{round}");
        portal.named("ana", Role::Owner).await;
        if owners[0].actor.id != "ana" {
            portal.house.people.remove_by("ana", &bo).await.expect("ana is an owner again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_gets_a_link_until_anybody_was_there() {
    let portal = Portal::open_quiet().await;
    let people = portal.house.people.clone();
    let twin = portal.twin().await;
    let (one, two) = tokio::join!(people.first_owner(), twin.people.first_owner());
    let (first, second) = (one.expect("asked").expect("a link"), two.expect("asked").expect("a link"));
    assert_eq!(portal.house.store.people().await.expect("people").len(), 1, "one owner, two links");
    assert_ne!(first, second);
    let owner = cookie(&open(&portal, &second).await);
    assert_eq!(portal.get(PEOPLE, Some(&owner)).await.status(), StatusCode::OK);
    assert_eq!(people.first_owner().await.expect("asked"), None, "somebody was there");
}
