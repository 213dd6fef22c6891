//! Tokens: shown once, good for what they say and as long as they say, ended by hand.

use axum::http::{StatusCode, header};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::role::{Role, Scope};

use crate::portal::{Portal, text};

async fn made(portal: &Portal, cookie: &str, form: &str) -> (String, Option<String>) {
    let answer = portal.post("/settings/tokens/make", form, Some(cookie)).await;
    let to = answer.headers()[header::LOCATION].to_str().expect("text").to_owned();
    let cookies = answer.headers().get_all(header::SET_COOKIE).iter().map(|v| v.to_str().expect("text"));
    let left = cookies.filter_map(|c| c.split(';').next()).find(|c| c.starts_with("passmuster-")).map(str::to_owned);
    (to, left)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_shown_once_used_with_its_name_and_revoked_at_once() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let (to, left) = made(&portal, &cookie, "name=drill-runner&scopes[0]=evidence:read&days=30").await;
    assert!(to == "/settings/tokens?made=1" && !to.contains("pm_"), "no secret in an address: {to}");
    let left = left.expect("it is carried");
    let token = BASE64_URL_SAFE_NO_PAD.decode(left.split_once('=').expect("a value").1).expect("base64url");
    let token: String = serde_json::from_slice(&token).expect("a text");
    let shown = portal.get(&to, Some(&format!("{cookie}; {left}"))).await;
    assert_eq!(shown.headers()[header::CACHE_CONTROL], "no-store");
    let cleared =
        shown.headers().get_all(header::SET_COOKIE).iter().any(|v| v.to_str().is_ok_and(|v| v.contains("Max-Age=0")));
    assert!(cleared, "the carrying cookie is taken away");
    assert!(text(shown).await.contains(&token));
    assert!(!text(portal.get("/settings/tokens", Some(&cookie)).await).await.contains(&token), "shown once");
    let kept = portal.house.store.documents("tokens").find_one(bson::doc! {}).await.expect("read").expect("a token");
    assert!(!kept.to_string().contains(&token), "kept as a digest");

    let use_it = async || portal.machine("GET", "/api/v1/bundles/orders/J-1", Some(&token), "").await.status();
    assert_eq!(use_it().await, StatusCode::NOT_FOUND, "it passes the guard");
    let all = portal.house.ports.tokens.all().await.expect("tokens");
    assert!(all[0].used_at.is_some() && all[0].name == "drill-runner" && all[0].made_by == "owner");
    let page = text(portal.get("/settings/tokens", Some(&cookie)).await).await;
    assert!(page.contains("drill-runner") && page.contains("evidence:read") && page.contains("Revoke"));

    portal.post("/settings/tokens/revoke", &format!("id={}", all[0].id), Some(&cookie)).await;
    assert_eq!(use_it().await, StatusCode::UNAUTHORIZED);
    let again = portal.post("/settings/tokens/revoke", &format!("id={}", all[0].id), Some(&cookie)).await;
    assert!(again.headers()[header::LOCATION].to_str().expect("text").contains("refused"), "it was revoked before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_by_itself_and_only_an_owner_makes_one() {
    let portal = Portal::open().await;
    let scopes = [domain::role::TokenScope::EvidenceRead];
    let now = portal.house.clock.now();
    let store = &portal.house.store;
    let token = store.new_token("t", &scopes, 2, "test", now).await.expect("a token");
    let day = 24 * 3600 * 1000;
    assert!(store.token(&token, now.plus_millis(2 * day - 1)).await.expect("read").is_some());
    assert!(store.token(&token, now.plus_millis(2 * day)).await.expect("read").is_none());

    for role in [Role::Operator, Role::Auditor] {
        let cookie = portal.person(role, Scope::EVERYTHING).await;
        assert_eq!(
            portal.get("/settings/tokens", Some(&cookie)).await.status(),
            StatusCode::FORBIDDEN,
            "{}",
            role.word()
        );
        made(&portal, &cookie, "name=x&scopes[0]=evidence:read&days=1").await;
        let all = portal.house.ports.tokens.all().await.expect("tokens");
        portal.post("/settings/tokens/revoke", &format!("id={}", all[0].id), Some(&cookie)).await;
    }
    let all = portal.house.ports.tokens.all().await.expect("tokens");
    assert!(all.len() == 1 && all[0].revoked_at.is_none(), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_makes_no_sense_is_refused_with_what_to_write() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    for (form, says) in [
        ("name=&scopes[0]=evidence:read&days=1", "The name is empty"),
        ("name=a%0Ab&scopes[0]=evidence:read&days=1", "The name is empty"),
        ("name=x&days=1", "may do nothing"),
        ("name=x&scopes[0]=everything&days=1", "everything is not something a token may do"),
        ("name=x&scopes[0]=evidence:read&days=0", "whole number from 1 to 3650"),
        ("name=x&scopes[0]=evidence:read&days=soon", "whole number from 1 to 3650"),
    ] {
        let (to, left) = made(&portal, &cookie, form).await;
        let page = portal.get(&to, Some(&format!("{cookie}; {}", left.expect("why")))).await;
        assert!(text(page).await.contains(says), "{form}: {says}");
    }
    assert!(portal.house.ports.tokens.all().await.expect("tokens").is_empty());
}
