//! The watch: seals what other programs write, and finds sealed records that were changed or deleted.
//!
//! A scan compares everything at start; a change stream carries on from there within a second. It
//! only ever adds: to the ledger, and to the list of alarms.

use std::{collections::HashMap, sync::Arc, time::Duration};

use app::ports::PortError;
use bson::{Document, RawDocumentBuf, doc};
use domain::{draw::hex, record::Tampering};
use futures::TryStreamExt;
use mongodb::{
    change_stream::event::{ChangeStreamEvent, OperationType, ResumeToken},
    options::FullDocumentType,
};
use sha2::{Digest, Sha256};

use super::{Ledger, canonical, date};
use crate::store::port_error;

/// Written by anyone, never changed once there.
const OPEN: [&str; 2] = ["backup_audit_log", "backup_drill_results"];
/// Written by the portal alone; their current document is the newest sealed version.
const OURS: [&str; 11] = [
    "findings",
    "gaps",
    "runbooks",
    "draws",
    "passkeys",
    "audits",
    super::keys::KEYS,
    "requests",
    "acceptances",
    "signoffs",
    crate::jobs::runs::JOB_RUNS,
];

/// Of those, what the portal seals in the moment it writes it. One that lies there unsealed was put there by another
/// program, and is not sealed for it: a key of somebody's own would be anybody's signature, and a signature anybody's.
const SEALED_AT_ONCE: [&str; 5] = ["passkeys", "requests", "acceptances", "signoffs", crate::jobs::runs::JOB_RUNS];

/// Records that cannot be sealed, as they are found.
const REFUSALS: &str = "ledger_refusals";

/// How much of what has no seal yet is held at once.
const FRESH_BYTES: usize = 64 << 20;

/// How long after a failure the watch begins again.
const PAUSE: Duration = Duration::from_secs(2);

/// Watches until the task is dropped. Failures are logged once each and the watch begins again with a scan.
pub async fn run(ledger: Arc<Ledger>) {
    loop {
        if let Err(cause) = follow(&ledger).await {
            tracing::warn!(%cause, "the watch over the records stopped; it begins again with a scan");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Opens the stream first and scans then, so that nothing falls between the two.
async fn follow(ledger: &Ledger) -> Result<(), PortError> {
    let pipeline = [doc! { "$match": { "ns.coll": { "$in": OPEN.iter().chain(&OURS).copied().collect::<Vec<_>>() } } }];
    let state = ledger.store.documents("ledger_watch");
    let token: Option<ResumeToken> = state
        .find_one(doc! { "_id": "stream" })
        .await
        .map_err(port_error)?
        .and_then(|row| row.get("token").and_then(|t| bson::deserialize_from_bson(t.clone()).ok()));
    let open = |after: Option<ResumeToken>| {
        let mut watch =
            ledger.store.db.watch().pipeline(pipeline.clone()).full_document(FullDocumentType::WhenAvailable);
        if let Some(token) = after {
            watch = watch.resume_after(token);
        }
        watch
    };
    // A token whose history is gone is no harm: the scan below sees what the stream missed.
    let mut stream = match open(token).await {
        Ok(stream) => stream,
        Err(_) => open(None).await.map_err(port_error)?,
    };
    // The stream begins at what the server had applied, the scan reads what a majority has: a record between the two
    // would be in neither. A write that a majority has taken, after the stream was opened, brings the scan past it.
    let opened = doc! { "$set": { "openedAt": date(ledger.clock.now()) } };
    state.update_one(doc! { "_id": "stream" }, opened).upsert(true).await.map_err(port_error)?;
    scan(ledger).await?;
    while let Some(event) = stream.try_next().await.map_err(port_error)? {
        take(ledger, &event).await?;
        if let Some(token) = stream.resume_token() {
            let token = bson::serialize_to_bson(&token).map_err(|e| PortError::Broken(e.to_string()))?;
            let set = doc! { "$set": { "token": token } };
            state.update_one(doc! { "_id": "stream" }, set).upsert(true).await.map_err(port_error)?;
        }
    }
    Err(PortError::Unavailable("the change stream ended".to_owned()))
}

async fn take(ledger: &Ledger, event: &ChangeStreamEvent<Document>) -> Result<(), PortError> {
    match (&event.operation_type, &event.ns) {
        (OperationType::Insert | OperationType::Update | OperationType::Replace | OperationType::Delete, Some(ns)) => {
            let (Some(coll), Some(id)) = (&ns.coll, event.document_key.as_ref().and_then(|k| k.get("_id"))) else {
                return Ok(());
            };
            one(ledger, coll, id).await
        }
        // Dropped, renamed, or something this driver does not name: look at everything.
        _ => scan(ledger).await,
    }
}

/// Looks at one document as it is now: the event only said where to look.
async fn one(ledger: &Ledger, coll: &str, id: &bson::Bson) -> Result<(), PortError> {
    let rid = canonical::id_text(id);
    let sealed = ledger
        .store
        .documents("ledger_records")
        .find_one(doc! { "coll": coll, "rid": &rid })
        .sort(doc! { "version": -1 })
        .projection(doc! { "bsonSha256": 1 })
        .await
        .map_err(port_error)?;
    let now =
        ledger.store.db.collection::<RawDocumentBuf>(coll).find_one(doc! { "_id": id }).await.map_err(port_error)?;
    match (sealed, now) {
        (Some(sealed), Some(raw)) => {
            if sealed.get_str("bsonSha256").ok() != Some(digest(&raw).as_str()) {
                alarm(ledger, coll, &rid, sealed.get_i64("_id").unwrap_or_default(), Tampering::Changed).await?;
            }
            Ok(())
        }
        (Some(sealed), None) => {
            alarm(ledger, coll, &rid, sealed.get_i64("_id").unwrap_or_default(), Tampering::Deleted).await
        }
        (None, Some(raw)) => match seal(ledger, coll, vec![raw]).await?.is_empty() {
            true => accept(ledger, coll, doc! { "rid": rid }).await,
            false => Ok(()),
        },
        (None, None) => accept(ledger, coll, doc! { "rid": rid }).await,
    }
}

/// Compares every watched document with its seal, seals what has none, and notes when that was done.
pub async fn scan(ledger: &Ledger) -> Result<(), PortError> {
    for coll in OPEN.iter().chain(&OURS) {
        // The newest version of each: later rows overwrite earlier ones.
        let mut sealed: HashMap<String, (i64, String)> = HashMap::new();
        let mut rows = ledger
            .store
            .documents("ledger_records")
            .find(doc! { "coll": coll })
            .projection(doc! { "rid": 1, "bsonSha256": 1 })
            .sort(doc! { "_id": 1 })
            .await
            .map_err(port_error)?;
        while let Some(row) = rows.try_next().await.map_err(port_error)? {
            if let (Ok(rid), Ok(sha), Ok(seq)) = (row.get_str("rid"), row.get_str("bsonSha256"), row.get_i64("_id")) {
                sealed.insert(rid.to_owned(), (seq, sha.to_owned()));
            }
        }
        let (mut fresh, mut fresh_bytes, mut refused) = (Vec::new(), 0, Vec::new());
        let mut all = ledger.store.db.collection::<RawDocumentBuf>(coll).find(doc! {}).await.map_err(port_error)?;
        while let Some(raw) = all.try_next().await.map_err(port_error)? {
            let Ok(Some(id)) = raw.get("_id") else { continue };
            let Ok(id) = bson::Bson::try_from(id) else { continue };
            let rid = canonical::id_text(&id);
            match sealed.remove(&rid) {
                Some((seq, sha)) if sha != digest(&raw) => {
                    // A newer version may have been sealed since the list above was read.
                    let newest = newest(ledger, coll, &rid).await?;
                    if newest.as_ref().is_none_or(|(_, now)| *now != digest(&raw)) {
                        alarm(ledger, coll, &rid, seq, Tampering::Changed).await?;
                    }
                }
                Some(_) => {}
                None => {
                    fresh_bytes += raw.as_bytes().len();
                    fresh.push(raw);
                }
            }
            if fresh.len() >= super::BATCH * 4 || fresh_bytes >= FRESH_BYTES {
                fresh_bytes = 0;
                refused.extend(seal(ledger, coll, std::mem::take(&mut fresh)).await?);
            }
        }
        refused.extend(seal(ledger, coll, fresh).await?);
        // What was refused before and is gone or mended now is no longer said.
        accept(ledger, coll, doc! { "rid": { "$nin": refused } }).await?;
        for (rid, (seq, _)) in sealed {
            alarm(ledger, coll, &rid, seq, Tampering::Deleted).await?;
        }
    }
    let set = doc! { "$set": { "at": date(ledger.clock.now()) } };
    ledger
        .store
        .documents("ledger_watch")
        .update_one(doc! { "_id": "scan" }, set)
        .upsert(true)
        .await
        .map_err(port_error)?;
    Ok(())
}

async fn newest(ledger: &Ledger, coll: &str, rid: &str) -> Result<Option<(i64, String)>, PortError> {
    let row = ledger
        .store
        .documents("ledger_records")
        .find_one(doc! { "coll": coll, "rid": rid })
        .sort(doc! { "version": -1 })
        .await
        .map_err(port_error)?;
    Ok(row.and_then(|r| Some((r.get_i64("_id").ok()?, r.get_str("bsonSha256").ok()?.to_owned()))))
}

/// Seals what can be sealed; the ids of what cannot, which stays where it is and is shown as no evidence.
async fn seal(ledger: &Ledger, coll: &str, raws: Vec<RawDocumentBuf>) -> Result<Vec<String>, PortError> {
    let (mut items, mut refused) = (Vec::with_capacity(raws.len()), Vec::new());
    for raw in raws {
        if SEALED_AT_ONCE.contains(&coll) {
            let id = id_text(&raw);
            // Written since the list of seals was read.
            if newest(ledger, coll, &id).await?.is_none() {
                refuse(ledger, coll, &id, "it was put there by another program; the portal seals its own at once")
                    .await?;
                refused.push(id);
            }
            continue;
        }
        match canonical::item(coll, &raw) {
            Ok(item) => items.push(item),
            Err(why) => {
                let id = id_text(&raw);
                refuse(ledger, coll, &id, &why.to_string()).await?;
                refused.push(id);
            }
        }
    }
    if !items.is_empty() {
        let sealed = ledger.append(items).await?.into_iter().flatten().count();
        tracing::info!(coll, sealed, "records sealed");
    }
    Ok(refused)
}

/// Notes that a record cannot be sealed, and why; the first sighting stands.
async fn refuse(ledger: &Ledger, coll: &str, rid: &str, why: &str) -> Result<(), PortError> {
    let row = doc! {
        "$setOnInsert": { "coll": coll, "rid": rid, "at": date(ledger.clock.now()) },
        "$set": { "why": why },
    };
    let refusals = ledger.store.documents(REFUSALS);
    let key = doc! { "_id": format!("{coll}/{rid}") };
    let noted = refusals.update_one(key, row).upsert(true).await.map_err(port_error)?;
    if noted.upserted_id.is_some() {
        tracing::error!(coll, id = rid, why, "a record cannot be sealed; it stays where it is, unsealed");
    }
    Ok(())
}

/// Forgets refusals of records that are sealed now, or gone.
async fn accept(ledger: &Ledger, coll: &str, which: Document) -> Result<(), PortError> {
    let mut which = which;
    which.insert("coll", coll);
    ledger.store.documents(REFUSALS).delete_many(which).await.map(|_| ()).map_err(port_error)
}

/// Notes it once; the first sighting stands.
async fn alarm(ledger: &Ledger, coll: &str, rid: &str, seq: i64, what: Tampering) -> Result<(), PortError> {
    let word = match what {
        Tampering::Changed => "changed",
        Tampering::Deleted => "deleted",
    };
    let row = doc! { "$setOnInsert": {
        "coll": coll, "rid": rid, "seq": seq, "what": word, "at": date(ledger.clock.now()),
    } };
    let noted = ledger
        .store
        .documents("ledger_alarms")
        .update_one(doc! { "_id": format!("{coll}/{rid}/{word}") }, row)
        .upsert(true)
        .await
        .map_err(port_error)?;
    if noted.upserted_id.is_some() {
        tracing::error!(coll, id = rid, seq, what = word, "a sealed record is not what was sealed");
    }
    Ok(())
}

fn id_text(raw: &RawDocumentBuf) -> String {
    let id = raw.get("_id").ok().flatten().and_then(|id| bson::Bson::try_from(id).ok());
    canonical::id_text(&id.unwrap_or(bson::Bson::Null))
}

fn digest(raw: &RawDocumentBuf) -> String {
    hex(&Sha256::digest(raw.as_bytes()))
}
