//! The outbox: each notice is delivered once, by a real mail server, and waits while that is away.

use bson::doc;
use domain::{
    person::Email,
    role::{Actor, Role, Scope},
};
use server::{compose::House, config::Config, jobs::notices::deliver, notify::mail::Mailer, store::notices::Notice};

use crate::{mail::Post, portal::Portal};

async fn portal_with(post: &Post) -> Portal {
    let mail = post.config();
    Portal::open_as(|config: &mut Config| config.mail = mail).await
}

async fn person(portal: &Portal, id: &str) {
    let actor = Actor { id: id.into(), name: id.into(), role: Role::Operator, scope: Scope::EVERYTHING };
    portal.house.store.put_person(&actor).await.expect("a person");
    let email = Email::parse(&format!("{id}@testwerk.example")).expect("an address");
    portal.house.store.put_email(id, &email).await.expect("kept");
}

async fn say(portal: &Portal, person: &str, days_ago: i64) -> Notice {
    let notice = Notice {
        cause: format!("R-001/{days_ago}/{person}"),
        person: person.into(),
        subject: "R-001 was asked".into(),
        text: "Read it.".into(),
        link: "/requests/R-001".into(),
        at: portal.house.clock.now().plus_millis(-days_ago * 24 * 3600 * 1000),
    };
    assert!(portal.house.store.say(&notice).await.expect("said"));
    assert!(!portal.house.store.say(&notice).await.expect("said"), "the same thing is said once");
    notice
}

async fn row(portal: &Portal, notice: &Notice) -> bson::Document {
    let rows = portal.house.store.documents("notices");
    rows.find_one(doc! { "_id": &notice.cause }).await.expect("read").expect("it is kept")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_notice_is_delivered_once_to_whom_it_concerns() {
    let mut post = Post::start().await;
    let portal = portal_with(&post).await;
    for id in ["ana", "refused"] {
        person(&portal, id).await;
    }
    let refused = say(&portal, "refused", 2).await;
    let nobody = say(&portal, "nobody", 1).await;
    let stale = say(&portal, "ana", 8).await;
    let news = say(&portal, "ana", 0).await;
    for _ in 0..2 {
        deliver(&portal.house).await.expect("delivered");
    }
    let letter = post.letter().await;
    assert_eq!((letter.to, letter.subject), (vec!["ana@testwerk.example".into()], "Testwerk: R-001 was asked".into()));
    for part in [&letter.text, &letter.html] {
        assert!(part.contains("http://portal.test/requests/R-001") && part.contains("R-001 was asked. Read it."));
    }
    post.nothing().await;
    for (notice, why) in [(&refused, Some("refused")), (&nobody, Some("no address")), (&news, None)] {
        let row = row(&portal, notice).await;
        assert!(row.get_datetime("sentAt").is_ok() && row.get_str("notSent").ok() == why, "{row}");
    }
    assert!(row(&portal, &stale).await.get_datetime("sentAt").is_err(), "a week later it is no news");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_away_loses_nothing() {
    let post = Post::start().await;
    let portal = portal_with(&post).await;
    person(&portal, "ana").await;
    drop(post);
    let notice = say(&portal, "ana", 0).await;
    deliver(&portal.house).await.expect("the server's absence is no error of the outbox");
    let row = row(&portal, &notice).await;
    assert!(row.get_datetime("sentAt").is_err() && row.get_datetime("heldUntil").is_ok(), "it waits: {row}");

    // The server is back, on another port, and the wait is over.
    let mut post = Post::start().await;
    let mailer = Mailer::configured(&post.config()).expect("a mailer");
    let again = House { mailer, ..portal.house.clone() };
    let free = doc! { "$set": { "heldUntil": null } };
    again.store.documents("notices").update_one(doc! {}, free).await.expect("freed");
    deliver(&again).await.expect("delivered");
    assert_eq!(post.letter().await.to, ["ana@testwerk.example"]);
}
