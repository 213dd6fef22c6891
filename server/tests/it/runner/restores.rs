//! What is restored is what was there: as MongoDB's own commands say it.

use std::{io::Write, path::Path};

use bson::{Document, doc};
use domain::drill::CheckVerdict;
use flate2::{Compression, write::GzEncoder};
use server::runner::{
    compare,
    progress::Silent,
    source::{directory, live},
};

use super::{client, company, database, db_hash, listed, restored, wanted};

#[tokio::test(flavor = "multi_thread")]
async fn everything_a_database_may_hold_comes_back_as_it_was() {
    let source = database("whole").await;
    company::make(&source).await;
    let dir = tempfile::tempdir().expect("a folder");
    let taken = live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    assert!(taken.kind.ends_with("capped, so not of the same moment: log"), "{}", taken.kind);

    let staging = database("whole_staging").await;
    let said = restored(&taken, &staging).await;
    assert!(said.refused.is_empty() && said.otherwise.is_empty(), "{said:?}");
    assert_eq!((said.held, said.largest.as_deref()), (2, Some("large")));
    assert_eq!(db_hash(&source).await, db_hash(&staging).await);
    let natural = async |db: &mongodb::Database| {
        let log = db.collection::<Document>("log").find(doc! {}).sort(doc! { "$natural": 1 }).await.expect("a log");
        futures::TryStreamExt::try_collect::<Vec<_>>(log).await.expect("a log")
    };
    assert_eq!(natural(&source).await, natural(&staging).await, "a capped collection keeps its order");
    let (mut before, after) = (listed(&source).await, listed(&staging).await);
    for info in &mut before {
        // Everything is the same, except that nothing is deleted by time while the copy is looked at.
        if let Ok(options) = info.get_document_mut("options")
            && options.contains_key("expireAfterSeconds")
        {
            options.insert("expireAfterSeconds", 50_i64 * 365 * 24 * 3600);
        }
    }
    assert_eq!(before.len(), after.len(), "every collection and view");
    for (b, a) in before.iter().zip(&after) {
        if b.get_str("name").is_ok_and(|n| n.starts_with("system.buckets.")) {
            continue;
        }
        assert_eq!(b, a);
    }

    let compared = compare::compare(&taken, &staging, wanted("at"), &Silent).await.expect("compared");
    let checks = compared.into_record().checks;
    assert!(checks.iter().all(|c| c.verdict == CheckVerdict::Passes), "{checks:?}");

    // The same folder, every file of it compressed, as --gzip does.
    for entry in std::fs::read_dir(dir.path().join(source.name())).expect("a folder") {
        zip(&entry.expect("a file").path());
    }
    let zipped = directory::open(dir.path(), source.name()).expect("it opens");
    let again = database("whole_zipped").await;
    restored(&zipped, &again).await;
    assert_eq!(db_hash(&source).await, db_hash(&again).await);
    for db in [source, staging, again] {
        db.drop().await.expect("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_the_target_refuses_is_named_without_a_value_of_the_data() {
    let source = database("refused").await;
    company::insert(&source, "c", [doc! { "email": "secret@x.example" }, doc! { "email": "secret@x.example" }]).await;
    let dir = tempfile::tempdir().expect("a folder");
    let mut taken = live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let unique = doc! { "name": "email_1", "key": { "email": 1 }, "unique": true };
    taken.collections[0].indexes.as_mut().expect("indexes").push(unique);
    let staging = database("refused_staging").await;
    let said = restored(&taken, &staging).await;
    assert_eq!(said.refused, ["c.email_1: the server refused: DuplicateKey (code 11000)"]);
    let compared = compare::compare(&taken, &staging, wanted("at"), &Silent).await.expect("compared");
    let checks = compared.into_record().checks;
    let indexes = checks.iter().find(|c| c.verdict == CheckVerdict::Fails).expect("one fails");
    assert!(indexes.detail.contains("c.email_1"), "{}", indexes.detail);
    source.drop().await.expect("dropped");
    staging.drop().await.expect("dropped");
}

fn zip(path: &Path) {
    let bytes = std::fs::read(path).expect("a file");
    let target = path.with_file_name(format!("{}.gz", path.file_name().expect("a name").to_string_lossy()));
    let mut out = GzEncoder::new(std::fs::File::create(target).expect("a file"), Compression::fast());
    out.write_all(&bytes).expect("written");
    out.finish().expect("written");
    std::fs::remove_file(path).expect("removed");
}
