//! What the ledger serves to those who fold it themselves: tiles, proofs, and an earlier head compared.

use axum::http::StatusCode;
use domain::{
    proof::{
        checkpoint::{self, Checkpoint, VerifierKey},
        inclusion::InclusionProof,
        tree::{Frontier, leaf_hash},
    },
    role::{Role, Scope},
};

use crate::portal::{Portal, attestation, bytes, text};

async fn appended(portal: &Portal, many: std::ops::Range<usize>) {
    let records = many.map(|n| attestation(&format!("t{n}"), "2026-03-01T03:00:00Z")).collect::<Vec<_>>();
    portal.insert("backup_audit_log", records).await;
}

/// As another program would: nothing but paths, lengths and SHA-256.
#[tokio::test(flavor = "multi_thread")]
async fn the_tiles_fold_to_the_signed_root_on_every_level() {
    let portal = Portal::open().await;
    appended(&portal, 0..300).await;
    let cookie = portal.person(Role::Operator, Scope::EVERYTHING).await;
    let get = async |path: &str| {
        let answer = portal.get(path, Some(&cookie)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        bytes(answer).await
    };
    let key =
        VerifierKey::parse(text(portal.get("/evidence/log.vkey", Some(&cookie)).await).await.trim()).expect("a key");
    let note = String::from_utf8(get("/ledger/checkpoint").await).expect("text");
    let head = checkpoint::open(&note, &key).expect("the log's own");
    assert_eq!(head.size, 300);

    let mut entries = Vec::new();
    for path in ["/ledger/tile/entries/000", "/ledger/tile/entries/001.p/44"] {
        let tile = get(path).await;
        let mut rest = &tile[..];
        while let [a, b, tail @ ..] = rest {
            let (entry, tail) = tail.split_at(usize::from(u16::from_be_bytes([*a, *b])));
            entries.push(entry.to_vec());
            rest = tail;
        }
    }
    let lines = get("/ledger/entries").await;
    assert_eq!(entries.iter().flat_map(|e| [&e[..], b"\n"].concat()).collect::<Vec<_>>(), lines);

    let level0 = [get("/ledger/tile/0/000").await, get("/ledger/tile/0/001.p/44").await].concat();
    let hashes: Vec<[u8; 32]> = level0.chunks(32).map(|h| h.try_into().expect("32 bytes")).collect();
    assert_eq!(hashes, entries.iter().map(|e| leaf_hash(e)).collect::<Vec<_>>());
    let mut tree = Frontier::new();
    hashes.iter().for_each(|hash| tree.append(*hash));
    assert_eq!(tree.root(), head.root);
    let mut first = Frontier::new();
    hashes[..256].iter().for_each(|hash| first.append(*hash));
    assert_eq!(get("/ledger/tile/1/000.p/1").await, first.root());

    for index in [0, 255, 256, 299] {
        let proof = String::from_utf8(get(&format!("/ledger/proofs/{index}.tlog-proof")).await).expect("text");
        let proof = InclusionProof::parse(&proof).expect("a proof");
        assert_eq!(proof.verify(&entries[index], &key), Ok(head.clone()));
        assert!(proof.verify(&entries[index ^ 1], &key).is_err(), "the neighbour's entry");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_head_is_compared_and_a_rewritten_ledger_is_named() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Operator, Scope::EVERYTHING).await;
    let keys = portal.house.ledger.keys.clone();
    let empty = portal.house.ledger.head().await.expect("a head").checkpoint;
    appended(&portal, 0..5).await;
    let five = portal.house.ledger.head().await.expect("a head").checkpoint;
    appended(&portal, 5..9).await;
    let nine = portal.house.ledger.head().await.expect("a head");
    let origin = keys.origin().to_owned();
    let stranger = five.replace(&origin, "log.example/another");
    // As a mail program leaves it, and as only someone who holds the key could write it.
    let mailed = format!("  {}\r\n\r\n", five.trim_end().replace('\n', "\r\n"));
    let fork = keys.sign_checkpoint(5, &[7; 32]);
    let ahead = keys.sign_checkpoint(12, &[7; 32]);
    let altered = five.replacen("\n5\n", "\n4\n", 1);
    for (pasted, says) in [
        (nine.checkpoint.as_str(), "Nothing was appended since"),
        (&five, "5 entries of your checkpoint are the beginning"),
        (&mailed, "5 entries of your checkpoint are the beginning"),
        (&empty, "empty ledger"),
        (&fork, "are not the beginning of today"),
        (&ahead, "entries were removed"),
        (&stranger, "This is no checkpoint of this log"),
        (&altered, "This is no checkpoint of this log"),
        ("hello", "This is no checkpoint of this log"),
    ] {
        let answer = portal.get(&format!("/ledger?{}", form("earlier", pasted)), Some(&cookie)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let page = text(answer).await;
        assert!(page.contains(says), "{pasted}: {says}");
    }
    // The hashes on the page are enough for someone who trusts only RFC 9162.
    let proof = portal.house.ledger.consistency(5, &nine).await.expect("read").expect("it has five");
    let page = portal.get(&format!("/ledger?{}", form("earlier", &five)), Some(&cookie)).await;
    let page = text(page).await;
    for hash in &proof {
        assert!(page.contains(&domain::draw::hex(hash)), "the page leaves out a hash");
    }
    let read =
        |note: &str| Checkpoint::parse(&note[..=note.find("\n\n").expect("a blank line")]).expect("a checkpoint");
    let (old, new) = (read(&five), read(&nine.checkpoint));
    assert!(domain::proof::tree::verify_consistency((old.size, &old.root), (new.size, &new.root), &proof));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_entry_gives_no_tile_and_no_proof() {
    let portal = Portal::open().await;
    let cookie = portal.person(Role::Operator, Scope::EVERYTHING).await;
    appended(&portal, 0..5).await;
    portal.house.store.documents("ledger_entries").delete_one(bson::doc! { "_id": 2_i64 }).await.expect("deleted");
    for path in ["/ledger/tile/0/000.p/5", "/ledger/tile/entries/000.p/5", "/ledger/proofs/0.tlog-proof"] {
        let answer = portal.get(path, Some(&cookie)).await;
        assert!(answer.status().is_server_error(), "{path}: {}", answer.status());
    }
    // What does not touch it is still served.
    assert_eq!(portal.get("/ledger/tile/0/000.p/2", Some(&cookie)).await.status(), StatusCode::OK);
}

fn form(key: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(key, value).finish()
}
