//! Passkeys: registered, used, revoked, and every answer that is not the one asked for.

use axum::http::{Request, StatusCode, header};
use domain::{proof::passkey::base64url, role::Role};
use serde_json::{Value, json};

use crate::{
    authenticator::Authenticator,
    portal::{Portal, cookie, text, to},
};

async fn begun(portal: &Portal, path: &str, session: Option<&str>) -> Value {
    let answer = portal.script(path, "{}", session).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    serde_json::from_str(&text(answer).await).expect("JSON")
}

/// Registers the device's passkey for whoever has the session.
pub async fn register(portal: &Portal, device: &mut Authenticator, session: &str, label: &str) {
    let begun = begun(portal, "/passkeys/registration", Some(session)).await;
    let credential = device.create(&begun["options"]);
    let body = json!({ "ceremony": begun["ceremony"], "label": label, "to": "/drills", "credential": credential });
    let answer = portal.script("/passkeys", &body.to_string(), Some(session)).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(text(answer).await, r#"{"to":"/drills"}"#);
}

/// What the portal answers to the device's assertion: the session, or its words.
pub async fn sign_in(portal: &Portal, device: &mut Authenticator) -> Result<String, (StatusCode, String)> {
    let begun = begun(portal, "/passkeys/assertion", None).await;
    let credential = device.get(&begun["options"]);
    answered(portal, &json!({ "ceremony": begun["ceremony"], "credential": credential, "to": "//evil.example" })).await
}

async fn answered(portal: &Portal, body: &Value) -> Result<String, (StatusCode, String)> {
    let answer = portal.script("/sign-in/passkey", &body.to_string(), None).await;
    let status = answer.status();
    if status != StatusCode::OK {
        assert!(answer.headers().get(header::SET_COOKIE).is_none(), "nobody is signed in");
        return Err((status, text(answer).await));
    }
    let session = cookie(&answer);
    assert_eq!(text(answer).await, r#"{"to":"/"}"#, "only a path of this portal");
    Ok(session)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_registered_named_sealed_and_signs_in_without_a_name() {
    let portal = Portal::open_quiet().await;
    let session = portal.named("ana", Role::Owner).await;
    let mut phone = Authenticator::new(3);
    register(&portal, &mut phone, &session, " My\nphone ").await;
    let signed = sign_in(&portal, &mut phone).await.expect("signed in");
    assert_ne!(signed, session, "a session of its own");
    let page = text(portal.get("/settings", Some(&signed)).await).await;
    for part in ["My phone", "passkey “My phone”", "one-time link", "Firefox on Linux", "at two places"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let sealed = portal.house.store.passkey(&base64url(&phone.id)).await.expect("read").expect("sealed");
    assert_eq!((sealed.value.person.as_str(), sealed.value.label.as_str()), ("ana", "My phone"));
    portal.assert_ledger_whole().await;
    // Offered again, the device is told what it holds.
    let begun = begun(&portal, "/passkeys/registration", Some(&session)).await;
    assert_eq!(begun["options"]["excludeCredentials"][0]["id"], base64url(&phone.id));
    assert!(!begun.to_string().contains("\"ana\"},") && begun["options"]["user"]["id"] != base64url(b"ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_for_registers_nothing() {
    let portal = Portal::open_quiet().await;
    let ana = portal.named("ana", Role::Owner).await;
    let bo = portal.named("bo", Role::Operator).await;
    let mut held = Authenticator::new(3);
    register(&portal, &mut held, &ana, "Phone").await;
    type Bend = fn(&mut Authenticator, &mut Value);
    let table: [(&str, Bend, StatusCode, &str); 7] = [
        ("another site", |d, _| d.origin = "https://evil.example".into(), StatusCode::BAD_REQUEST, "origin"),
        ("another port", |d, _| d.origin = "http://portal.test:81".into(), StatusCode::BAD_REQUEST, "origin"),
        ("nobody verified", |d, _| d.flags = 0x01, StatusCode::BAD_REQUEST, "not verified"),
        (
            "a relying party of its own",
            |_, o| o["rp"]["id"] = json!("evil.example"),
            StatusCode::BAD_REQUEST,
            "relying party",
        ),
        (
            "a challenge of its own",
            |_, o| o["challenge"] = json!(base64url(&[1; 32])),
            StatusCode::BAD_REQUEST,
            "challenge",
        ),
        ("a credential that is somebody's", |d, _| d.id = vec![3; 32], StatusCode::CONFLICT, "registered already"),
        ("no id", |d, _| d.id = vec![], StatusCode::BAD_REQUEST, "id is missing"),
    ];
    for (what, bend, status, says) in table {
        let begun = begun(&portal, "/passkeys/registration", Some(&bo)).await;
        let (mut device, mut options) = (Authenticator::new(9), begun["options"].clone());
        bend(&mut device, &mut options);
        let body = json!({ "ceremony": begun["ceremony"], "credential": device.create(&options) });
        let answer = portal.script("/passkeys", &body.to_string(), Some(&bo)).await;
        assert_eq!(answer.status(), status, "{what}");
        let said = text(answer).await;
        assert!(said.contains(says) && said.contains("Nothing was changed"), "{what}: {said}");
    }
    // Begun by one, finished by another; finished twice; too late.
    let begun_by_ana = begun(&portal, "/passkeys/registration", Some(&ana)).await;
    let mut device = Authenticator::new(9);
    let body = json!({ "ceremony": begun_by_ana["ceremony"], "credential": device.create(&begun_by_ana["options"]) });
    assert_eq!(portal.script("/passkeys", &body.to_string(), Some(&bo)).await.status(), StatusCode::CONFLICT);
    assert_eq!(portal.script("/passkeys", &body.to_string(), Some(&ana)).await.status(), StatusCode::CONFLICT, "spent");
    let late = begun(&portal, "/passkeys/registration", Some(&bo)).await;
    let past = bson::doc! { "$set": { "expiresAt": bson::DateTime::from_millis(0) } };
    portal.house.store.documents("ceremonies").update_many(bson::doc! {}, past).await.expect("aged");
    let body = json!({ "ceremony": late["ceremony"], "credential": device.create(&late["options"]) });
    assert_eq!(portal.script("/passkeys", &body.to_string(), Some(&bo)).await.status(), StatusCode::CONFLICT);
    for body in ["", "{", "[]", "{\"ceremony\":1}"] {
        assert_eq!(portal.script("/passkeys", body, Some(&bo)).await.status(), StatusCode::BAD_REQUEST, "{body}");
    }
    let long = format!("{{\"ceremony\":\"{}\"}}", "x".repeat(20_000));
    assert_eq!(portal.script("/passkeys", &long, Some(&bo)).await.status(), StatusCode::BAD_REQUEST);
    let kept = portal.house.store.documents("passkeys").count_documents(bson::doc! {}).await.expect("a count");
    assert_eq!(kept, 1, "only the first one");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_for_signs_nobody_in() {
    let portal = Portal::open_quiet().await;
    let session = portal.named("ana", Role::Owner).await;
    let mut phone = Authenticator::new(3);
    register(&portal, &mut phone, &session, "Phone").await;
    type Bend = fn(&mut Authenticator, &mut Value);
    type After = fn(&mut Value);
    let table: [(&str, Bend, After, &str); 9] = [
        ("another site", |d, _| d.origin = "https://evil.example".into(), |_| (), "origin"),
        ("nobody verified", |d, _| d.flags = 0x01, |_| (), "not verified"),
        ("copied, which it was not", |d, _| d.flags = 0x0d, |_| (), "backup eligibility"),
        ("another relying party", |_, o| o["rpId"] = json!("evil.example"), |_| (), "relying party"),
        ("another challenge", |_, o| o["challenge"] = json!(base64url(&[1; 32])), |_| (), "challenge"),
        ("another person", |d, _| d.handle = Some(base64url(b"bo")), |_| (), "person"),
        ("no person", |d, _| d.handle = None, |_| (), "person"),
        ("a bent signature", |_, _| (), |c| c["response"]["signature"] = json!("MAYCAQECAQE"), "signature"),
        ("bytes that are none", |_, _| (), |c| c["response"]["authenticatorData"] = json!("*"), "could not be read"),
    ];
    for (what, bend, after, says) in table {
        let begun = begun(&portal, "/passkeys/assertion", None).await;
        let mut device = Authenticator { count: phone.count, handle: phone.handle.clone(), ..Authenticator::new(3) };
        let mut options = begun["options"].clone();
        bend(&mut device, &mut options);
        let mut credential = device.get(&options);
        after(&mut credential);
        let body = json!({ "ceremony": begun["ceremony"], "credential": credential });
        let (status, said) = answered(&portal, &body).await.expect_err(what);
        assert!(status == StatusCode::BAD_REQUEST && said.contains(says), "{what}: {status} {said}");
    }
    // A key that is known, under the name of another; and one nobody registered.
    let mut stranger = Authenticator { handle: phone.handle.clone(), ..Authenticator::new(9) };
    let (status, unknown) = sign_in(&portal, &mut stranger).await.expect_err("a stranger");
    assert_eq!(status, StatusCode::FORBIDDEN);
    stranger.id.clone_from(&phone.id);
    assert_eq!(sign_in(&portal, &mut stranger).await.expect_err("another key").0, StatusCode::BAD_REQUEST);
    // Replayed, and answered in two tabs: each challenge is good once, and each tab has its own.
    let (one, two) =
        (begun(&portal, "/passkeys/assertion", None).await, begun(&portal, "/passkeys/assertion", None).await);
    let bodies = [&one, &two].map(|b| json!({ "ceremony": b["ceremony"], "credential": phone.get(&b["options"]) }));
    for body in &bodies {
        answered(&portal, body).await.expect("its own tab");
        assert_eq!(answered(&portal, body).await.expect_err("a replay").0, StatusCode::CONFLICT);
    }
    // The count goes back, as a copy's would.
    phone.count = 1;
    let (status, said) = sign_in(&portal, &mut phone).await.expect_err("a copy");
    assert!(status == StatusCode::CONFLICT && said.contains("count went back"), "{said}");
    phone.count = 100;
    sign_in(&portal, &mut phone).await.expect("the device itself goes on");
    // Revoked, it is as unknown as one that never was.
    let id = base64url(&phone.id);
    let form = format!("credential={id}");
    let answer = portal.post("/settings/passkeys/revoke", &form, Some(&session)).await;
    assert_eq!(to(&answer), "/settings?done=revoked");
    let refused = sign_in(&portal, &mut phone).await.expect_err("revoked");
    assert_eq!(refused, (StatusCode::FORBIDDEN, unknown));
    let again = portal.post("/settings/passkeys/revoke", &form, Some(&session)).await;
    assert!(to(&again).starts_with("/settings?refused"), "once");
    let page = text(portal.get("/settings", Some(&session)).await).await;
    assert!(page.contains("revoked") && page.contains("by ana"), "{page}");
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_revokes_or_sees_the_passkeys_of_another() {
    let portal = Portal::open_quiet().await;
    let ana = portal.named("ana", Role::Operator).await;
    let bo = portal.named("bo", Role::Owner).await;
    let mut phone = Authenticator::new(3);
    register(&portal, &mut phone, &ana, "Anas phone").await;
    let form = format!("credential={}", base64url(&phone.id));
    let answer = portal.post("/settings/passkeys/revoke", &form, Some(&bo)).await;
    assert!(to(&answer).starts_with("/settings?refused"));
    assert!(!text(portal.get("/settings", Some(&bo)).await).await.contains("Anas phone"));
    sign_in(&portal, &mut phone).await.expect("still good");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_put_into_the_database_is_not_sealed_and_signs_nobody_in() {
    let portal = Portal::open_quiet().await;
    let session = portal.named("ana", Role::Owner).await;
    let mut phone = Authenticator::new(3);
    register(&portal, &mut phone, &session, "Phone").await;
    let passkeys = portal.house.store.documents("passkeys");
    let mut forged = passkeys.find_one(bson::doc! {}).await.expect("read").expect("one");
    let mut stranger = Authenticator { handle: phone.handle.clone(), ..Authenticator::new(9) };
    // A document of its own, and the live one changed: the keys are the stranger's.
    let begun = begun(&portal, "/passkeys/registration", Some(&session)).await;
    let made = stranger.create(&begun["options"]);
    let object = domain::proof::passkey::from_base64url(made["response"]["attestationObject"].as_str().expect("text"));
    let object = object.expect("bytes");
    let (x, y) = (&object[object.len() - 67..object.len() - 35], &object[object.len() - 32..]);
    let key = bson::doc! { "x": base64url(x), "y": base64url(y) };
    let set = bson::doc! { "$set": { "key": &key } };
    passkeys.update_one(bson::doc! {}, set).await.expect("changed");
    forged.insert("_id", base64url(&stranger.id));
    forged.insert("credential", base64url(&stranger.id));
    forged.insert("key", key);
    let before = portal.assert_ledger_whole().await;
    portal.insert("passkeys", [forged]).await;
    assert_eq!(portal.assert_ledger_whole().await, before, "nothing was sealed for it");
    assert_eq!(sign_in(&portal, &mut stranger).await.expect_err("a key put there").0, StatusCode::FORBIDDEN);
    stranger.id.clone_from(&phone.id);
    assert_eq!(sign_in(&portal, &mut stranger).await.expect_err("a key changed").0, StatusCode::BAD_REQUEST);
    sign_in(&portal, &mut phone).await.expect("as it was sealed");
    let page = text(portal.get("/ledger", Some(&session)).await).await;
    assert!(page.contains("put there by another program"), "the ledger’s page says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceremony_from_another_site_is_refused_before_it_begins() {
    let portal = Portal::open_quiet().await;
    let session = portal.named("ana", Role::Owner).await;
    for path in ["/passkeys/registration", "/passkeys", "/passkeys/assertion", "/sign-in/passkey"] {
        for origin in [Some("https://evil.example"), None] {
            let mut request = Request::post(path)
                .header(header::HOST, "portal.test")
                .header(header::COOKIE, &session)
                .header(header::CONTENT_TYPE, "application/json");
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            let answer = portal.send(request.body("{}".into()).expect("a request")).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {origin:?}");
        }
        // A form of this site cannot speak it either.
        let answer = portal.post(path, "ceremony=x", Some(&session)).await;
        if path != "/passkeys/registration" && path != "/passkeys/assertion" {
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        }
    }
    let begun = portal.house.store.documents("passkeys").count_documents(bson::doc! {}).await.expect("a count");
    assert_eq!(begun, 0);
}
