//! A drill that compares everything, follows references and asks the plan's own queries.

use bson::{Document, doc};
use domain::{
    drill::{CheckId, CheckVerdict, Drill},
    verdict::Verdict,
};
use server::runner::{
    self, compare,
    plan::{PlanFile, Reference},
    progress::Silent,
    source::{directory, live},
};
use tokio_util::sync::CancellationToken;

use super::{client, company, database, restored, wanted};
use crate::portal::mongod;

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_may_compare_every_document_follow_references_and_ask_the_plans_own_queries() {
    let source = database("drilled").await;
    company::make(&source).await;
    company::insert(&source, "lines", (0..300).map(|n| doc! { "_id": n, "orders": [n, n + 1], "by": "anna" })).await;
    let dir = tempfile::tempdir().expect("a folder");
    live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let plan = |extra: &str| {
        let text = format!(
            r#"source = "{}"
target = "{}"
tenant = "{}"
last_write_field = "at"
compare = "all"
[[references]]
from = "lines.orders"
to = "orders"
[[smoke]]
name = "open orders"
collection = "open_orders"
at_least = 1000
[[smoke]]
name = "orders by total"
collection = "orders"
filter = '{{"total":{{"$gt":2400}}}}'
{extra}"#,
            dir.path().display(),
            mongod(),
            source.name()
        );
        toml::from_str::<PlanFile>(&text).expect("it reads").ready("7".to_owned()).expect("a plan")
    };
    let ended = runner::run(&plan(""), None, &Silent, &CancellationToken::new()).await.expect("it runs");
    let drill = ended.drill;
    assert_eq!(drill.verdict.contents, Verdict::Met, "{:?}", drill.verdict.reasons);
    assert_eq!(drill.disagreements(), Vec::<String>::new());
    let check = |id| drill.checks.iter().find(|c| c.id == id).expect("it ran").detail.clone();
    assert!(check(CheckId::Contents).ends_with("; MongoDB's own dbHash says the same of 9 of 9"), "{drill:?}");
    assert_eq!(check(CheckId::Options), "13 of 13");
    assert!(check(CheckId::Query).contains("open orders: 1") && check(CheckId::Query).contains("orders by total: 99"));
    assert_eq!((drill.digests.len(), drill.references.len(), drill.queries.len()), (10, 1, 2));
    // Only what was recorded may be claimed.
    let doctored = |change: fn(&mut Drill)| {
        let mut other = drill.clone();
        change(&mut other);
        other.disagreements()
    };
    assert!(!doctored(|d| d.digests[0].actual = "ab".repeat(32)).is_empty());
    assert!(!doctored(|d| d.digests.clear()).is_empty());
    assert!(!doctored(|d| d.references[0].orphans = 1).is_empty());
    assert!(!doctored(|d| d.queries[0].found = 1).is_empty());

    let lonely = plan(
        "[[references]]\nfrom = \"lines.by\"\nto = \"people\"\n[[references]]\nfrom = \"people.town\"\nto = \"towns.name\"",
    );
    let ended = runner::run(&lonely, None, &Silent, &CancellationToken::new()).await.expect("it runs");
    assert_eq!(ended.drill.verdict.contents, Verdict::Missed);
    let lost = ended.drill.checks.iter().find(|c| c.id == CheckId::References).expect("it ran");
    assert!(
        lost.detail.contains("people.town refers to 1 values that are not in towns.name, in 3 documents"),
        "{lost:?}"
    );
    source.drop().await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_to_staging_is_found_and_named() {
    let source = database("harmed").await;
    company::insert(&source, "orders", (0..3000).map(|n| doc! { "_id": n, "customer": n % 9, "v": n })).await;
    company::insert(&source, "customers", (0..9).map(|n| doc! { "_id": n })).await;
    source.run_command(doc! { "create": "v", "viewOn": "orders", "pipeline": [{ "$limit": 1 }] }).await.expect("made");
    let dir = tempfile::tempdir().expect("a folder");
    live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let point = directory::open(dir.path(), source.name()).expect("it opens");
    let staging = database("harmed_staging").await;
    restored(&point, &staging).await;
    let references = [Reference { from: "orders.customer".to_owned(), to: "customers".to_owned() }];
    let wanted = compare::Wanted { all: true, references: &references, ..wanted("v") };
    let failing = async || {
        let record = compare::compare(&point, &staging, wanted, &Silent).await.expect("compared").into_record();
        let failed = record.checks.into_iter().filter(|c| c.verdict == CheckVerdict::Fails);
        (failed.map(|c| (c.id, c.detail)).collect::<Vec<_>>(), record.digests)
    };
    assert_eq!(failing().await.0, []);
    let harms: [(Document, &[(CheckId, &str)]); 3] = [
        (
            // So little, that ten drawn documents would hardly show it.
            doc! { "update": "orders", "updates": [{ "q": { "_id": 1717 }, "u": { "$set": { "v": 1717.0 } } }] },
            &[(CheckId::Contents, r#"orders: 1 differ, such as {"$numberInt":"1717"}"#)],
        ),
        (doc! { "collMod": "orders", "validator": { "v": { "$gte": 0 } } }, &[(CheckId::Options, "orders.validator")]),
        (
            doc! { "delete": "customers", "deletes": [{ "q": { "_id": 4 }, "limit": 1 }] },
            &[
                (CheckId::Contents, "customers: 1 differ"),
                (CheckId::References, "orders.customer refers to 1 values that are not in customers, in"),
            ],
        ),
    ];
    for (harm, expected) in harms {
        staging.run_command(harm).await.expect("harmed");
        let (failed, digests) = failing().await;
        for (id, says) in expected {
            assert!(failed.iter().any(|(f, detail)| f == id && detail.contains(says)), "{says} not in {failed:?}");
        }
        assert_eq!(
            digests.iter().find(|d| d.collection == "orders").expect("there").differing,
            [r#"{"$numberInt":"1717"}"#]
        );
    }
    source.drop().await.expect("dropped");
    staging.drop().await.expect("dropped");
}
