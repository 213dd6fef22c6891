//! Archives as `mongodump --archive` writes them; written here byte by byte, and damaged in every way.

use std::io::Write;

use bson::{Document, doc};
use flate2::{Compression, write::GzEncoder};
use server::runner::{
    progress::Silent,
    source::{RecoveryPoint, archive, live, metadata},
};

use super::{client, company, database, db_hash, restored};

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_restores_in_one_pass_whoever_takes_turns_in_it() {
    let source = database("arch").await;
    company::make(&source).await;
    let dir = tempfile::tempdir().expect("a folder");
    let taken = live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let bytes = written(&taken, source.name());
    let plain = dir.path().join("a.archive");
    std::fs::write(&plain, &bytes).expect("a file");
    let zipped = dir.path().join("a.archive.gz");
    let mut out = GzEncoder::new(std::fs::File::create(&zipped).expect("a file"), Compression::fast());
    out.write_all(&bytes).expect("written");
    out.finish().expect("written");
    for path in [plain, zipped] {
        assert_eq!(archive::databases(&path).expect("names"), [source.name(), "other"]);
        let point = archive::open(&path, source.name()).expect("it opens");
        assert_eq!(point.server_version.as_deref(), Some("6.0.5"));
        let staging = database("arch_staging").await;
        let said = restored(&point, &staging).await;
        assert!(said.refused.is_empty(), "{said:?}");
        assert_eq!(db_hash(&source).await, db_hash(&staging).await);
        staging.drop().await.expect("dropped");
    }
    source.drop().await.expect("dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_refused_and_says_where() {
    let source = database("arch_bad").await;
    company::insert(&source, "notes", (0..40).map(|n| doc! { "_id": n, "text": "secret content" })).await;
    let dir = tempfile::tempdir().expect("a folder");
    let taken = live::take(&client().await, source.name(), dir.path(), &Silent).await.expect("taken");
    let whole = written(&taken, source.name());
    let read = |bytes: &[u8]| {
        let path = dir.path().join("x.archive");
        std::fs::write(&path, bytes).expect("a file");
        let point = archive::open(&path, source.name())?;
        let mut documents = 0;
        for mut reader in point.stored.readers()? {
            while reader.next()?.is_some() {
                documents += 1;
            }
        }
        anyhow::Ok(documents)
    };
    assert_eq!(read(&whole).expect("it is whole"), 40);
    let content = whole.windows(14).position(|w| w == b"secret content").expect("a document");
    let mut flipped = whole.clone();
    flipped[content] ^= 1;
    let mut wrong_magic = whole.clone();
    wrong_magic[0] ^= 1;
    let last = whole[..whole.len() - 4].windows(4).rposition(|w| w == [0xff; 4]).expect("a segment's end") + 4;
    let cases: [(&[u8], &str); 5] = [
        (&flipped, "the documents of notes have the CRC"),
        (&whole[..last], "where it ends, notes had not come to an end"),
        (&whole[..content + 4], "is cut off: the document at byte"),
        (&wrong_magic, "does not begin with 6d e2 99 81"),
        (&whole[..4], "ends after its first four bytes"),
    ];
    for (bytes, says) in cases {
        let error = format!("{:#}", read(bytes).expect_err(says));
        assert!(error.contains(says) && !error.contains("secret"), "{error}");
    }
    source.drop().await.expect("dropped");
}

/// As mongodump writes it: the collections take turns every few documents, and another database lies between.
fn written(point: &RecoveryPoint, database: &str) -> Vec<u8> {
    let mut out = 0x8199_e26d_u32.to_le_bytes().to_vec();
    let put = |out: &mut Vec<u8>, d: Document| out.extend(d.to_vec().expect("BSON"));
    let end = |out: &mut Vec<u8>| out.extend([0xff; 4]);
    put(
        &mut out,
        doc! { "concurrent_collections": 4, "version": "0.1", "server_version": "6.0.5", "tool_version": "t" },
    );
    for c in &point.collections {
        let meta = metadata::written(c, "");
        let kind = if c.options.contains_key("timeseries") { "timeseries" } else { "" };
        put(&mut out, doc! { "db": database, "collection": &c.name, "metadata": meta, "size": 0, "type": kind });
    }
    put(&mut out, doc! { "db": "other", "collection": "x", "metadata": "{\"indexes\":[]}", "size": 0, "type": "" });
    end(&mut out);
    let mut documents: Vec<Vec<Vec<u8>>> = vec![Vec::new(); point.collections.len()];
    for mut reader in point.stored.readers().expect("readers") {
        while let Some((number, document)) = reader.next().expect("a document") {
            documents[number].push(document.into_bytes());
        }
    }
    let head = |name: &str, db: &str, eof: bool, crc: u64| doc! { "db": db, "collection": name, "EOF": eof, "CRC": crc.cast_signed() };
    let longest = documents.iter().map(Vec::len).max().unwrap_or(0);
    for turn in 0..longest.div_ceil(11) {
        for (c, all) in point.collections.iter().zip(&documents) {
            if let Some(part) = all.chunks(11).nth(turn) {
                put(&mut out, head(&c.data_name(), database, false, 0));
                out.extend(part.concat());
                end(&mut out);
            }
        }
        if turn == 0 {
            put(&mut out, head("x", "other", false, 0));
            put(&mut out, doc! { "_id": "not ours" });
            end(&mut out);
        }
    }
    for (c, all) in point.collections.iter().zip(&documents) {
        put(&mut out, head(&c.data_name(), database, true, crc(&all.concat())));
        end(&mut out);
    }
    out
}

/// CRC-64 (ECMA), reflected, bit by bit: another way to it than the reader's.
fn crc(bytes: &[u8]) -> u64 {
    let mut crc = !0_u64;
    for byte in bytes {
        crc ^= u64::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xc96c_5795_d787_0f42 } else { crc >> 1 };
        }
    }
    !crc
}
