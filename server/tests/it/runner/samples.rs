//! Dumps that the real mongodump wrote, where they are: PASSMUSTER_SAMPLES, or `shared/samples` beside the repository.
//! They are other people's, so no copy of them is kept here; without them these tests say so and pass.

use std::path::{Path, PathBuf};

use server::runner::{
    bsonfile::BsonFile,
    compare,
    plan::Further,
    progress::Silent,
    source::{self, archive, directory},
};

use super::{database, db_hash, restored, wanted};

fn samples() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    let dir = std::env::var_os("PASSMUSTER_SAMPLES").map_or(beside, PathBuf::from).join("mongodump");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("Not tested: there are no samples of real dumps at {}.", dir.display());
    None
}

#[test]
fn every_file_of_the_real_tool_reads_as_an_independent_reader_read_it() {
    let Some(dir) = samples() else { return };
    let text = std::fs::read_to_string(dir.join("EXPECTED.json")).expect("what is expected");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut seen = 0;
    for (name, said) in expected.as_object().expect("an object") {
        if !name.trim_end_matches(".gz").ends_with(".bson") {
            continue;
        }
        let mut file = BsonFile::open(&dir.join(name)).expect("it opens");
        let mut documents = 0;
        let ended = loop {
            match file.next_document() {
                Ok(Some(_)) => documents += 1,
                Ok(None) => break None,
                Err(e) => break Some(e.to_string()),
            }
        };
        if said.get("error").is_some() {
            // "bad document length 48 at byte 164 of 177"
            let error = ended.expect("it is damaged");
            assert!(error.contains("byte 164") && error.contains("cut off"), "{error}");
        } else if said.get("invalid_document").is_some() {
            let error = ended.expect("it is damaged");
            assert!(error.contains("a type that BSON does not know"), "{error}");
            continue;
        } else {
            assert_eq!((ended, file.offset()), (None, said["bytes"].as_u64().expect("a number")), "{name}");
        }
        assert_eq!(documents, said["documents"].as_u64().expect("a number"), "{name}");
        seen += 1;
    }
    assert!(seen > 20, "only {seen} files were looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_dump_restores_and_the_servers_own_hash_is_the_expected_one() {
    let Some(dir) = samples() else { return };
    let text = std::fs::read_to_string(dir.join("EXPECTED.json")).expect("what is expected");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for (root, db) in [
        ("mflix-partial", "sample_mflix"),
        ("wildaid-minimal", "wildaid"),
        ("tools/prelude_test/prelude_gzip", "test"),
        ("tools/oplogdump", "db1"),
    ] {
        let point = directory::open(&dir.join(root), db).expect("it opens");
        let staging = database(&format!("sample_{db}")).await;
        let said = restored(&point, &staging).await;
        assert!(said.refused.is_empty(), "{said:?}");
        for (collection, md5) in db_hash(&staging).await {
            let name = format!("{root}/{db}/{collection}.bson");
            let said = expected.get(&name).or_else(|| expected.get(format!("{name}.gz"))).expect("it is expected");
            assert_eq!(said["md5_in_id_order"].as_str(), Some(md5.as_str()), "{name}");
        }
        let compared = compare::compare(&point, &staging, wanted("updatedAt"), &Silent).await.expect("compared");
        let checks = compared.into_record().checks;
        let failed: Vec<_> = checks.iter().filter(|c| c.verdict == domain::drill::CheckVerdict::Fails).collect();
        assert!(failed.is_empty(), "{failed:?}");
        staging.drop().await.expect("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_archive_restores_and_one_that_is_damaged_does_not_open() {
    let Some(dir) = samples() else { return };
    for (file, collection, documents) in [("dump-w-oplog.archive", "foo", 25), ("test.bar.archive", "bar", 1)] {
        let path = dir.join("tools").join(file);
        assert_eq!(archive::databases(&path).expect("names"), ["admin", "test"]);
        let point = archive::open(&path, "test").expect("it opens");
        let staging = database(&format!("sample_{collection}")).await;
        assert_eq!(restored(&point, &staging).await.documents, documents);
        let there = staging.collection::<bson::Document>(collection).count_documents(bson::doc! {}).await;
        assert_eq!(i64::try_from(there.expect("a count")).expect("small"), documents);
        staging.drop().await.expect("dropped");
    }
    let bad = archive::open(&dir.join("tools/bad-format.archive"), "test");
    assert!(bad.is_err(), "its metadata is no JSON");
}

#[test]
fn a_real_dump_with_its_operation_log_is_opened_as_what_the_log_makes_of_it() {
    let Some(dir) = samples() else { return };
    // The log of a server before 5.0: what was only inserted can be followed, and it is dated by its last entry.
    for (path, database) in [("tools/dump-w-oplog.archive", "test"), ("tools/oplogdump", "db1")] {
        let opened = source::open(&dir.join(path), database, &Further::default());
        let point = opened.unwrap_or_else(|e| panic!("{path}: {e:#}"));
        assert!(point.kind.contains("made whole by its operation log"), "{path}: {}", point.kind);
        let mut documents = 0;
        for mut reader in point.stored.readers().expect("readers") {
            while reader.next().expect("read").is_some() {
                documents += 1;
            }
        }
        println!("{path}: {documents} documents, {:?}", point.taken_at);
    }
}
