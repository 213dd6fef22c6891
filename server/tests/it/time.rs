//! Outside time, with a real authority: `openssl ts` on the loopback.

mod authority;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::ports::{Clock, Wish};
use bson::doc;
use domain::{
    Moment,
    proof::{
        layout::{self, Index},
        timestamp,
        verify::{Report, Trust, verify},
    },
    role::{Actor, Role, Scope},
    schedule::Period,
};
use server::{
    compose::SystemClock,
    config,
    time::{PATIENCE, TimeSource, checkpoints::stamp_head},
};

use crate::{
    bundle::{open, pack, sign_again},
    portal::{Portal, attestation},
};
pub use authority::{Authority, KeyOf};
use authority::{Mode, openssl};

fn source(authority: &Authority, roots: &str, clock: Arc<dyn Clock>) -> TimeSource {
    TimeSource::new(vec![authority.url.clone()], roots, Duration::from_millis(700), clock).expect("a source")
}

#[tokio::test]
async fn tokens_of_both_kinds_of_key_are_believed_under_their_root() {
    for key in [KeyOf::P256, KeyOf::Rsa] {
        let authority = Authority::start(key).await;
        let digest = timestamp::digest(b"something");
        let stamped =
            source(&authority, &authority.roots(), Arc::new(SystemClock)).ask(&digest).await.expect("a token");
        assert_eq!(stamped.stamp.authority, "CN=Time-Authority");
        assert!((stamped.stamp.at.millis() - SystemClock.now().millis()).abs() < 60_000);
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("data"), b"something").expect("written");
        std::fs::write(dir.path().join("tsr"), &stamped.response).expect("written");
        let root = authority.roots_file();
        let said = openssl(dir.path(), &format!("ts -verify -data data -in tsr -CAfile {}", root.display()));
        assert!(said.contains("Verification: OK"), "{said}");

        let authorities = timestamp::Authorities::from_pem(&authority.roots()).expect("a root");
        for at in (0..stamped.response.len()).step_by(7) {
            let mut altered = stamped.response.clone();
            altered[at] ^= 1;
            if let Ok(stamp) = timestamp::verify(&altered, &digest, None, &authorities) {
                // The response's own status may say "granted with mods", and an issuer's SHA-1 name is passed over.
                assert_eq!(stamp, stamped.stamp, "byte {at}");
            }
        }
    }
}

struct Late;

impl Clock for Late {
    fn now(&self) -> Moment {
        SystemClock.now().plus_millis(-3_600_000)
    }
}

#[tokio::test]
async fn each_way_an_authority_fails_is_named() {
    let authority = Authority::start(KeyOf::P256).await;
    let digest = timestamp::digest(b"something");
    let honest = source(&authority, &authority.roots(), Arc::new(SystemClock));
    honest.ask(&timestamp::digest(b"something")).await.expect("it is honest at first");
    for (mode, says) in [
        (Mode::Slow, "did not answer within 1 s"),
        (Mode::Refuses, "refused (status 2)"),
        (Mode::Busy, "HTTP status 503"),
        (Mode::Garbage, "not a timestamp response"),
        (Mode::Endless, "more than 65536 bytes"),
        (Mode::OldAnswer, "its nonce is not the one that was sent"),
        (Mode::OtherData, "made for other data"),
    ] {
        authority.set(mode);
        let error = honest.ask(&digest).await.expect_err("no token").to_string();
        assert!(error.contains(says) && error.contains("127.0.0.1"), "{mode:?}: {error}");
    }
    authority.set(Mode::Honest);
    let other = Authority::start(KeyOf::P256).await;
    let error = source(&authority, &other.roots(), Arc::new(SystemClock)).ask(&digest).await.expect_err("not pinned");
    assert!(error.to_string().contains("was not pinned: CN=Time-Authority"), "{error}");
    let error = source(&authority, &authority.roots(), Arc::new(Late)).ask(&digest).await.expect_err("an hour off");
    assert!(error.to_string().contains("one of the two is wrong"), "{error}");
    let closed =
        TimeSource::new(vec!["http://127.0.0.1:9/tsr".into()], &other.roots(), PATIENCE, Arc::new(SystemClock));
    let error = closed.expect("a source").ask(&digest).await.expect_err("nobody there").to_string();
    assert!(error.contains("cannot be reached") && !error.contains("/tsr"), "{error}");
    let both = vec!["http://127.0.0.1:9/tsr".into(), authority.url.clone()];
    let both = TimeSource::new(both, &authority.roots(), PATIENCE, Arc::new(SystemClock)).expect("a source");
    both.ask(&digest).await.expect("the second answers where the first does not");
}

pub async fn stamped_portal(authority: &Authority) -> Portal {
    let time = config::Time { authorities: authority.url.clone(), roots: authority.roots_file() };
    let portal = Portal::open_stamped(time).await;
    portal.insert("backup_audit_log", [attestation("alder", "2026-05-03T03:00:00Z")]).await;
    portal
}

pub async fn bundle(portal: &Portal) -> Vec<u8> {
    bundle_of(portal, "2026-Q2").await
}

pub async fn bundle_of(portal: &Portal, quarter: &str) -> Vec<u8> {
    let actor = Actor { id: "o".into(), name: "o".into(), role: Role::Owner, scope: Scope::EVERYTHING };
    let wish = Wish {
        period_name: quarter.into(),
        period: Period::quarter(quarter).expect("q"),
        controls: vec![],
        sample: None,
    };
    let made = portal.house.exports.make(&actor, &wish).await.expect("a bundle");
    let file = portal.house.exports.download(&actor, &made.id).await.expect("its file").expect("its file");
    file.whole().await.expect("its bytes")
}

pub fn trust(portal: &Portal, authority: &Authority) -> Trust {
    portal.house.ledger.keys.anchors("Testwerk", vec![authority.roots()]).trust()
}

pub fn checked(bytes: &[u8], trust: &Trust) -> Report {
    verify(bytes, trust, SystemClock.now())
}

#[tokio::test]
async fn a_stamped_ledger_and_bundle_hold_under_the_pinned_authority_and_for_openssl() {
    let authority = Authority::start(KeyOf::P256).await;
    let portal = stamped_portal(&authority).await;
    let ledger = &portal.house.ledger;
    let before = ledger.head().await.expect("a head");
    stamp_head(ledger).await.expect("stamped").expect("there was something to stamp");
    assert!(stamp_head(ledger).await.expect("asked").is_none(), "not again for its own entry, nor so soon");
    let entry = doc! { "kind": "timestamp" };
    let entries = ledger.store.documents("ledger_entries").count_documents(entry).await.expect("a count");
    assert_eq!((entries, portal.assert_ledger_whole().await), (1, before.size + 1));

    let bytes = bundle(&portal).await;
    let report = checked(&bytes, &trust(&portal, &authority));
    assert!(report.verified(), "{:#?}", report.checks);
    let line = report.checks.iter().find(|c| c.what == "Outside time").expect("it was checked");
    assert!(line.found.contains("1 earlier head is"), "{}", line.found);
    assert!(!report.facts.stamped_at.is_empty());
    let said = report.not_proven.join("\n");
    assert!(said.contains("a token shows that a record existed then"), "{said}");
    assert!(said.contains("The times of 1 records of 1"), "half a year lies between: {said}");
    assert!(!said.contains("self-asserted"), "{said}");
    let blind = checked(&bytes, &Trust { tsa_roots_pem: None, ..trust(&portal, &authority) });
    assert!(blind.verified() && blind.not_proven.join("\n").contains("no time authority's root was given"));

    let opened = open(&bytes);
    let dir = tempfile::tempdir().expect("a folder");
    let head = format!("{}{}", layout::TIMESTAMPS, before.size);
    for (data, token) in [
        (layout::TAG_MANIFEST.to_owned(), layout::TIMESTAMP.to_owned()),
        (format!("{head}.txt"), format!("{head}.tsr")),
    ] {
        std::fs::write(dir.path().join("data"), &opened.files[&data]).expect("written");
        std::fs::write(dir.path().join("tsr"), &opened.files[&token]).expect("written");
        std::fs::write(dir.path().join("roots"), &opened.files[layout::TSA_ROOTS]).expect("written");
        openssl(dir.path(), "ts -verify -data data -in tsr -CAfile roots");
    }
    assert!(opened.text(layout::START_HERE).contains("openssl ts -verify"));
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = crate::portal::text(portal.get("/ledger", Some(&cookie)).await).await;
    assert!(page.contains("says CN=Time-Authority"), "the page names the authority");
    let page = crate::portal::text(portal.get("/evidence", Some(&cookie)).await).await;
    assert!(page.contains("stamped from outside"));
}

#[tokio::test]
async fn a_forged_time_is_refused_by_name() {
    type Files = BTreeMap<String, Vec<u8>>;
    let (authority, other) = (Authority::start(KeyOf::P256).await, Authority::start(KeyOf::P256).await);
    let portal = stamped_portal(&authority).await;
    let ledger = &portal.house.ledger;
    let size = ledger.head().await.expect("a head").size;
    stamp_head(ledger).await.expect("stamped");
    let good = open(&bundle(&portal).await);
    let head = format!("{}{size}", layout::TIMESTAMPS);
    let elsewhere = source(&other, &other.roots(), Arc::new(SystemClock));
    let of_other =
        elsewhere.ask(&timestamp::digest(&good.files[layout::TAG_MANIFEST])).await.expect("a token").response;

    let twins: Vec<(&str, Files, &str)> = [
        (
            "taken away",
            "is missing",
            Box::new(|f: &mut Files| drop(f.remove(layout::TIMESTAMP))) as Box<dyn Fn(&mut Files)>,
        ),
        (
            "for other data",
            "made for other data",
            Box::new(|f| {
                f.insert(layout::TIMESTAMP.into(), f[&format!("{head}.tsr")].clone());
            }),
        ),
        (
            "of an unpinned authority",
            "was not pinned",
            Box::new(|f| drop(f.insert(layout::TIMESTAMP.into(), of_other.clone()))),
        ),
        (
            "cut short",
            "not a timestamp response",
            Box::new(|f| f.get_mut(layout::TIMESTAMP).expect("a token").truncate(100)),
        ),
    ]
    .into_iter()
    .map(|(name, says, forge)| {
        let mut files = good.files.clone();
        forge(&mut files);
        (name, files, says)
    })
    .collect();
    let trust = trust(&portal, &authority);
    for (name, files, says) in twins {
        let report = checked(&pack(&good.folder, &files), &trust);
        let wrong = report.first_wrong().unwrap_or_else(|| panic!("{name} verifies"));
        assert!(wrong.what == "Outside time" && wrong.found.contains(says), "{name}: {wrong:?}");
    }

    // What lies inside the manifests is forged by the issuer itself, who signs and is stamped again.
    type Twin<'a> = (&'a str, &'a str, Box<dyn Fn(&mut Files) + 'a>);
    let inside: Vec<Twin<'_>> = vec![
        ("a head without its token", "one is missing", Box::new(|f| drop(f.remove(&format!("{head}.tsr"))))),
        (
            "a head under another number",
            "is not a head of this ledger",
            Box::new(|f| {
                for end in ["txt", "tsr"] {
                    let part = f.remove(&format!("{head}.{end}")).expect("it is there");
                    f.insert(format!("{}9.{end}", layout::TIMESTAMPS), part);
                }
            }),
        ),
        (
            "a head of another ledger",
            "data/log/timestamps",
            Box::new(|f| {
                f.insert(format!("{head}.txt"), b"elsewhere\n1\nAAAA\n".to_vec());
            }),
        ),
        (
            "time said to be self-asserted",
            "says that its time is self-asserted",
            Box::new(|f| {
                let mut index: Index = serde_json::from_slice(&f[layout::INDEX]).expect("an index");
                index.self_asserted_time = true;
                f.insert(
                    layout::INDEX.into(),
                    (serde_json::to_string_pretty(&index).expect("JSON") + "\n").into_bytes(),
                );
            }),
        ),
    ];
    let again = source(&authority, &authority.roots(), Arc::new(SystemClock));
    for (name, says, forge) in inside {
        let mut files = good.files.clone();
        forge(&mut files);
        sign_again(&mut files, &ledger.keys);
        let token = again.ask(&timestamp::digest(&files[layout::TAG_MANIFEST])).await.expect("a token");
        files.insert(layout::TIMESTAMP.into(), token.response);
        let report = checked(&pack(&good.folder, &files), &trust);
        let found = report.checks.iter().find(|c| c.what == "Outside time" && !c.ok);
        assert!(found.is_some_and(|c| c.found.contains(says)), "{name}: {:#?}", report.first_wrong());
    }
}

#[tokio::test]
async fn without_an_answer_there_is_a_bundle_that_says_so_and_the_ledger_is_whole() {
    let authority = Authority::start(KeyOf::P256).await;
    let portal = stamped_portal(&authority).await;
    authority.set(Mode::Busy);
    let size = portal.assert_ledger_whole().await;
    let error = stamp_head(&portal.house.ledger).await.expect_err("nobody answers").to_string();
    assert!(error.contains("503"), "{error}");
    assert_eq!(portal.assert_ledger_whole().await, size);
    let bytes = bundle(&portal).await;
    let report = checked(&bytes, &trust(&portal, &authority));
    assert!(report.verified(), "{:#?}", report.checks);
    assert!(report.not_proven.join("\n").contains("self-asserted"));
    let opened = open(&bytes);
    assert!(!opened.files.contains_key(layout::TIMESTAMP));
    let start_here = opened.text(layout::START_HERE);
    assert!(start_here.contains("self-asserted") && start_here.contains("503"), "{start_here}");
    let cookie = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let page = crate::portal::text(portal.get("/ledger", Some(&cookie)).await).await;
    assert!(page.contains("no outside authority has stamped this ledger"));
    let page = crate::portal::text(portal.get("/evidence", Some(&cookie)).await).await;
    assert!(page.contains("self-asserted time"));
}
