//! The runbook as it is written: drafts, files, a preview, coming into force; and what its page says of its steps.

use app::ports::Runbooks;
use axum::http::{StatusCode, header};
use domain::{
    drill::{Outcome, Step, StepId},
    role::{Role, Scope},
    words,
};

use crate::{
    periods,
    portal::{Portal, document, text},
    requests::{led_back, location, multipart, send_form},
    reviews::{founder, seal_runbook, sign, signer},
};

const DEMO: &str = include_str!("../../src/demo/runbook.md");

fn cartie() -> String {
    DEMO.replace("{approved_long}", "18 February 2026")
        .replace("{review_long}", "18 May 2026")
        .replace("{approved}", "2026-02-18")
        .replace("{review}", "2026-05-18")
}

async fn open() -> Portal {
    let portal = Portal::open().await;
    seal_runbook(&portal, "1.0", &cartie()).await;
    portal
}

async fn page(portal: &Portal, path: &str, cookie: &str) -> String {
    let answer = portal.get(path, Some(cookie)).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    text(answer).await
}

/// The text in the editor, out of the page.
fn edited(page: &str) -> String {
    let from = page.find("data-preview=\"preview\">").expect("an editor") + 23;
    let text = &page[from..from + page[from..].find("</textarea>").expect("its end")];
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_drafted_by_two_put_in_force_by_the_owner_and_compared_with_the_one_before() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let operator = signer(&portal, "operator", Role::Operator, None).await;
    let shown = page(&portal, "/runbook", &founder.cookie).await;
    for part in ["Contradictions", "A path rests on a copy that nothing makes", "One loss, two ways back", "untested"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let begun = edited(&page(&portal, "/runbook/edit", &operator.cookie).await);
    let today = words::date(portal.house.clock.now());
    assert!(begun.contains("version = \"1.1\"") && begun.contains(&format!("approved = \"{today}\"")), "{begun}");

    // The operator keeps a draft, and may not put it in force; another's older one does not overwrite it.
    let changed =
        begun.replace("us-west-2", "eu-central-1").replace("[\"CC7.1\"]", "[\"CC7.1\", \"CC7.5\", \"A1.2\", \"A1.3\"]");
    let send = async |act: &str, seen: &str, text: &str, cookie: &str| {
        let fields = [("act", act), ("seen", seen), ("text", text)];
        send_form(&portal, "/runbook/draft", multipart(&fields, &[]), Some(cookie)).await
    };
    assert_eq!(location(&send("keep", "0", &changed, &operator.cookie).await), "/runbook/edit?kept=1");
    let refused = send("approve", "1", &changed, &operator.cookie).await;
    assert_eq!(location(&refused), "/runbook/edit?refused=1");
    let mine = begun.replace("weekly", "monthly");
    let late = send("keep", "0", &mine, &founder.cookie).await;
    let back = led_back(&portal, late, &founder.cookie).await;
    assert!(
        back.contains("Somebody else wrote on the draft meanwhile") && edited(&back).contains("monthly"),
        "no word is lost"
    );
    let drafted = page(&portal, "/runbook/edit", &founder.cookie).await;
    assert!(drafted.contains("A draft by The operator") && edited(&drafted).contains("eu-central-1"));
    assert!(
        drafted.contains("What changes") && drafted.contains("class=\"gone\"") && drafted.contains("<b>"),
        "word by word"
    );

    let done = send("approve", "1", &changed, &founder.cookie).await;
    assert_eq!(location(&done), "/reviews/approves.runbook-1.1");
    assert_eq!(sign(&portal, &founder, "approves.runbook-1.1").await.0, StatusCode::OK);
    let again = send("approve", "0", &changed, &founder.cookie).await;
    assert!(led_back(&portal, again, &founder.cookie).await.contains("Version 1.1 is there already"));
    let shown = page(&portal, "/runbook", &founder.cookie).await;
    assert!(shown.contains("What changed since 1.0") && shown.contains("1.1 in force"), "{shown}");
    assert!(!shown.contains("Controls it answers and does not name"), "mended");
    assert!(Runbooks::draft(&portal.house.evidence).await.expect("read").is_none(), "the draft is used up");

    // The file out is the text in, byte for byte; a file in is a draft.
    let file = portal.get("/runbook/versions/1.1/runbook.md", Some(&founder.cookie)).await;
    assert!(file.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").contains("runbook-1.1.md"));
    assert_eq!(text(file).await, changed);
    let file = changed.replace("1.1", "1.2");
    let form = multipart(&[("act", "import"), ("seen", "0"), ("text", "")], &[("next.md", file.as_bytes())]);
    let form = String::from_utf8(form).expect("text").replace("name=\"files\"", "name=\"file\"").into_bytes();
    assert_eq!(
        location(&send_form(&portal, "/runbook/draft", form, Some(&founder.cookie)).await),
        "/runbook/edit?kept=1"
    );
    assert!(edited(&page(&portal, "/runbook/edit", &founder.cookie).await).contains("version = \"1.2\""));
    portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_runbook_is_said_and_kept_and_hostile_text_is_shown_as_text() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let begun = edited(&page(&portal, "/runbook/edit", &founder.cookie).await);
    let hostile = begun.replace(
        "## Emergency",
        "## Emergency <img src=x onerror=alert(1)>\n\n<script>alert(1)</script> [x](javascript:alert(1))",
    );
    let preview = async |body: &str, cookie: Option<&str>| portal.script("/runbook/preview", body, cookie).await;
    let shown = text(preview(&hostile, Some(&founder.cookie)).await).await;
    assert!(shown.contains("What changes") && shown.contains("As it will be read"), "{shown}");
    for bad in ["<img", "<script", "href=\"javascript"] {
        assert!(!shown.contains(bad), "{bad}: {shown}");
    }
    let long = format!("{begun}{}", "line\n".repeat(100_000));
    for (body, says) in [
        ("no front matter", "no front matter"),
        (&begun.replace("kind = \"copy\"", "kind = \"coppy\""), "coppy"),
        (&long, "10\u{a0}000 lines"),
    ] {
        let said = text(preview(body, Some(&founder.cookie)).await).await;
        assert!(said.contains(says), "{says}: {}", &said[..said.len().min(600)]);
    }
    assert_eq!(preview("x", None).await.status(), StatusCode::UNAUTHORIZED);
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    assert_eq!(preview("x", Some(&auditor)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(portal.get("/runbook/edit", Some(&auditor)).await.status(), StatusCode::FORBIDDEN);
    for (act, body, says) in [
        ("approve", "no front matter".to_owned(), "no front matter"),
        ("approve", begun.replace("version = \"1.1\"", "version = \"1.0\""), "Version 1.0 is there already"),
        ("approve", begun.clone(), "Nothing was changed"),
        ("approve", hostile.replace("approved = \"", "approved = \"9"), "approved on 9"),
        ("keep", long.clone(), "kB long"),
        ("import", String::new(), "No file was chosen"),
    ] {
        let fields = [("act", act), ("seen", "0"), ("text", body.as_str())];
        let answer = send_form(&portal, "/runbook/draft", multipart(&fields, &[]), Some(&founder.cookie)).await;
        let back = led_back(&portal, answer, &founder.cookie).await;
        assert!(back.contains(says), "{act}, {says}");
        assert!(
            body.is_empty() || body.len() > 800_000 || edited(&back).trim() == body.trim(),
            "{says}: the words come back"
        );
    }
    let store = &portal.house.store;
    assert_eq!(store.documents("runbook_draft").count_documents(bson::doc! {}).await.expect("a count"), 0);
    assert_eq!(store.documents("runbooks").count_documents(bson::doc! {}).await.expect("a count"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_offers_what_it_ran_and_its_steps_fall_to_untested_when_they_are_edited() {
    let portal = open().await;
    let founder = founder(&portal).await;
    let now = portal.house.clock.now();
    let mut drill = periods::drill(&now.plus_millis(-9 * 86_400_000).rfc3339());
    let at = drill.occurred_at;
    drill.steps.push(Step {
        id: StepId::Restore,
        started_at: at,
        ended_at: at.plus_millis(90_000),
        outcome: Outcome::Done,
        note: String::new(),
        commands: vec![domain::drill::Command {
            program: "mongorestore".into(),
            exit: Some(0),
            bytes: 5,
            sha256: "ab".repeat(32),
            kept: "k".into(),
        }],
    });
    let mut drill = document(&drill);
    drill.insert("_id", "D-1");
    portal.insert("backup_drill_results", [drill]).await;
    let shown = page(&portal, "/runbook", &founder.cookie).await;
    assert!(shown.contains("No version was approved since D-1") && shown.contains("overdue"), "{shown}");
    assert!(shown.contains(">exercised<"), "{shown}");
    let begun = edited(&page(&portal, "/runbook/edit?drill=D-1", &founder.cookie).await);
    assert!(
        begun.contains("## Used in the drill of")
            && begun.contains("Restore the recovery point: 90 s. `mongorestore` ended with 0."),
        "{begun}"
    );

    let edited_step = begun
        .replace("A single collection emptied | 6 hours", "A collection emptied | 6 hours")
        .replace("One collection | point-in-time", "A collection | point-in-time");
    let fields = [("act", "approve"), ("seen", "0"), ("text", edited_step.as_str())];
    let done = send_form(&portal, "/runbook/draft", multipart(&fields, &[]), Some(&founder.cookie)).await;
    assert_eq!(location(&done), "/reviews/approves.runbook-1.1");
    let shown = page(&portal, "/runbook", &founder.cookie).await;
    assert!(shown.contains("edited since D-1, which went by 1.0") && !shown.contains(">exercised<"), "{shown}");
    assert!(!shown.contains("No version was approved since"), "it was, today");

    // Somebody the text names was removed.
    signer(&portal, "leaver", Role::Operator, None).await;
    let with_her = edited_step
        .replace("version = \"1.1\"", "version = \"1.2\"")
        .replace("## Sign-off", "Call The leaver, and look at `billing-db`.\n\n## Sign-off");
    let fields = [("act", "approve"), ("seen", "0"), ("text", with_her.as_str())];
    send_form(&portal, "/runbook/draft", multipart(&fields, &[]), Some(&founder.cookie)).await;
    let shown = page(&portal, "/runbook", &founder.cookie).await;
    assert!(shown.contains("billing-db is named as a system") && !shown.contains("The leaver has left"), "{shown}");
    portal.post("/settings/people/remove", "person=leaver", Some(&founder.cookie)).await;
    assert!(
        page(&portal, "/runbook", &founder.cookie)
            .await
            .contains("The leaver has left, and the text still names them.")
    );
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    let shown = page(&portal, "/runbook", &auditor).await;
    assert!(shown.contains("Contradictions") && !shown.contains("has left"), "an auditor is told no names of who left");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_asked_on_request_alone_and_never_into_a_private_network() {
    let portal = Portal::open().await;
    seal_runbook(
        &portal,
        "1.0",
        &cartie().replace(
            "## Sign-off",
            "See [the wiki](http://127.0.0.1:1/wiki) and [us](mailto:a@x.example).\n\n## Sign-off",
        ),
    )
    .await;
    let founder = founder(&portal).await;
    let shown = page(&portal, "/runbook", &founder.cookie).await;
    assert!(shown.contains("one link") && !shown.contains("private network"), "{shown}");
    let answer = portal.post("/runbook/links", "", Some(&founder.cookie)).await;
    let shown = led_back(&portal, answer, &founder.cookie).await;
    assert!(shown.contains("http://127.0.0.1:1/wiki: it leads into a private network"), "{shown}");
    let auditor = portal.person(Role::Auditor, Scope::EVERYTHING).await;
    assert_eq!(portal.post("/runbook/links", "", Some(&auditor)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(location(&portal.post("/runbook/links", "", None).await), "/sign-in?to=/runbook");
}
