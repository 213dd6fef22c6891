//! The ledger: the append-only Merkle log that every piece of evidence enters.
//!
//! One append is one transaction: the records' writes, the entries, the exact bytes and the moved
//! head become visible together or not at all. The head moves by compare-and-swap on one document,
//! so several portals may append side by side. A stored head is never contradicted: when its
//! frontier does not give its root, nothing is signed.

pub mod canonical;
pub mod keys;
pub mod proofs;
pub mod watch;

use std::sync::Arc;

use app::ports::{Clock, PortError};
use bson::{Bson, Document, doc, spec::BinarySubtype};
use domain::{
    Moment,
    control::Control,
    draw::hex,
    proof::{leaf, tree::Frontier},
    record::{Entry, Head, Kind, Seal},
    schedule::Period,
};
use mongodb::{ClientSession, error::TRANSIENT_TRANSACTION_ERROR};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::{
    sign::Keys,
    store::{Store, is_duplicate, port_error},
    time::TimeSource,
};

/// How many items one transaction takes: since MongoDB 4.2 a transaction spreads over as many oplog entries
/// as it needs, so this is only how much is done again when another portal was first.
pub const BATCH: usize = 500;
/// And how many bytes of them at the most, half of what a transaction may hold in the server's cache comfortably.
const BATCH_BYTES: usize = 16 << 20;

/// How often a transaction that lost a race is tried again.
const TRIES: u32 = 40;

pub struct Ledger {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub clock: Arc<dyn Clock>,
    /// Who stamps its heads from outside; `None`: all times are the portal's own.
    pub time: Option<Arc<TimeSource>>,
    /// Appends of this process queue here, so that they do not conflict with each other.
    turn: Mutex<()>,
}

/// One piece of evidence on its way in.
#[derive(Clone)]
pub struct Item {
    pub kind: Kind,
    pub coll: String,
    /// The record's `_id` as text.
    pub id: String,
    /// 0 for records that never change; findings count up.
    pub version: i64,
    /// The exact bytes that are hashed and kept.
    pub canonical: Vec<u8>,
    /// SHA-256 of the raw BSON: the bridge to the database document.
    pub bson_sha256: String,
    pub facts: Facts,
    pub write: Write,
}

/// What happens to the database document in the same transaction.
#[derive(Clone)]
pub enum Write {
    /// It is there already.
    Nothing,
    Insert(Document),
    /// Inserted while another document is as said, and not at all when it no longer is.
    InsertWhile(Document, Holds),
    Replace(Document),
}

/// What something sealed rests on. It is looked at within the transaction that moves the head, which every other
/// append moves too: nothing sealed side by side can end it unseen.
#[derive(Clone)]
pub struct Holds {
    pub coll: String,
    /// Finds the document as it must be.
    pub as_said: Document,
    /// What somebody is told when it is not.
    pub otherwise: String,
}

/// What lists are filtered by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Whether the record reads as what its collection holds.
    pub understood: bool,
    pub occurred_at: Option<Moment>,
    /// For findings: when it was closed.
    pub ended_at: Option<Moment>,
    pub answers: Vec<Control>,
    pub tenant: Option<String>,
    pub strength: Option<String>,
    /// For attestations: how many tenant databases the run saw.
    pub seen: Option<i64>,
    pub by: String,
}

impl Facts {
    /// What belongs to a quarter is found in it, also when it was written after its end.
    pub fn within(&mut self, quarter: Option<String>) {
        let end = quarter.and_then(|name| Period::quarter(&name)).map(|period| period.last_day());
        self.occurred_at = self.occurred_at.min(end.or(self.occurred_at));
    }
}

impl Ledger {
    pub fn new(store: Store, keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Self {
        Self { store, keys, clock, time: None, turn: Mutex::new(()) }
    }

    pub fn with_time(self, time: Option<Arc<TimeSource>>) -> Self {
        Self { time, ..self }
    }

    /// The newest signed state. An empty ledger is signed once and kept, so that it has a head too.
    ///
    /// A head from before a key changed, or of a portal that has not been started again since, is signed
    /// with the keys of today: the same size and root, so that it contradicts nothing.
    pub async fn head(&self) -> Result<Head, PortError> {
        if let Some((head, frontier)) = self.read_head(None).await? {
            if self.keys.signed(&head.checkpoint) {
                return Ok(head);
            }
            let checkpoint = self.keys.sign_checkpoint(frontier.size, &frontier.root());
            return Ok(Head { checkpoint, ..head });
        }
        let head = self.signed(&Frontier::new());
        match self.store.documents("ledger_head").insert_one(head_document(&head, &Frontier::new())).await {
            Ok(_) => Ok(head),
            Err(e) if is_duplicate(&e) => Ok(self.read_head(None).await?.map_or(head, |(head, _)| head)),
            Err(e) => Err(port_error(e)),
        }
    }

    /// Appends all items in order, each batch atomically. An item whose version is sealed already is
    /// left out, and has no seal in the answer.
    pub async fn append(&self, items: Vec<Item>) -> Result<Vec<Option<Seal>>, PortError> {
        self.head().await?;
        let _turn = self.turn.lock().await;
        let mut seals = Vec::with_capacity(items.len());
        for batch in batches(&items) {
            match self.append_batch(batch).await {
                Ok(sealed) => seals.extend(sealed.into_iter().map(Some)),
                // Another portal sealed one of them first: one at a time tells which.
                Err(Refused::Duplicate) => {
                    for item in batch {
                        seals.push(match self.append_batch(std::slice::from_ref(item)).await {
                            Ok(sealed) => sealed.into_iter().next(),
                            Err(Refused::Duplicate) => None,
                            Err(Refused::Ended(what)) => return Err(PortError::Conflict(what)),
                            Err(Refused::Port(e)) => return Err(e),
                        });
                    }
                }
                Err(Refused::Ended(what)) => return Err(PortError::Conflict(what)),
                Err(Refused::Port(e)) => return Err(e),
            }
        }
        Ok(seals)
    }

    /// Appends one item; `Conflict` when that version is there already.
    pub async fn append_one(&self, item: Item) -> Result<Seal, PortError> {
        let what = format!("{} {} is there already", item.coll, item.id);
        self.append(vec![item]).await?.pop().flatten().ok_or(PortError::Conflict(what))
    }

    async fn append_batch(&self, batch: &[Item]) -> Result<Vec<Seal>, Refused> {
        let mut wait = 2;
        for _ in 0..TRIES {
            let mut session = self.store.client.start_session().await?;
            session.start_transaction().await?;
            let tried = match self.write(&mut session, batch).await {
                Ok(seals) => match commit(&mut session).await {
                    Ok(()) => return Ok(seals),
                    Err(e) => Err(e.into()),
                },
                Err(e) => {
                    // The server drops it by itself when this does not arrive.
                    let _ = session.abort_transaction().await;
                    Err(e)
                }
            };
            match tried {
                Err(Refused::Port(PortError::Conflict(_))) => {}
                Err(e) => return Err(e),
                Ok(()) => {}
            }
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            wait = (wait * 2).min(200);
        }
        Err(Refused::Port(PortError::Unavailable("the ledger's head moved at every try".to_owned())))
    }

    async fn write(&self, session: &mut ClientSession, batch: &[Item]) -> Result<Vec<Seal>, Refused> {
        let (head, mut frontier) = self
            .read_head(Some(session))
            .await?
            .ok_or_else(|| PortError::Broken("the ledger has no head".to_owned()))?;
        let at = self.clock.now().max(head.at);
        let mut seals = Vec::with_capacity(batch.len());
        let (mut entries, mut records) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for (seq, item) in (head.size..).zip(batch) {
            let sha256 = hex(&Sha256::digest(&item.canonical));
            let entry = Entry {
                at: at.rfc3339(),
                coll: item.coll.clone(),
                id: item.id.clone(),
                kind: item.kind,
                seq,
                sha256: sha256.clone(),
            };
            frontier.append(leaf::hash(&entry));
            entries.push(doc! {
                "_id": as_i64(seq), "line": leaf::line(&entry), "coll": &item.coll, "rid": &item.id,
                "kind": item.kind.word(), "sha256": &sha256, "at": date(at),
            });
            records.push(record_document(seq, item, &sha256, at));
            seals.push(Seal { seq, sha256, at, by: item.facts.by.clone(), broken: false });
        }
        let next = Head { at, ..self.signed(&frontier) };
        let moved = self
            .store
            .documents("ledger_head")
            .replace_one(doc! { "_id": "head", "size": as_i64(head.size) }, head_document(&next, &frontier))
            .session(&mut *session)
            .await?;
        if moved.matched_count != 1 {
            return Err(PortError::Conflict("the head moved".to_owned()).into());
        }
        for item in batch {
            let documents = self.store.documents(&item.coll);
            match &item.write {
                Write::Nothing => {}
                Write::Insert(document) => {
                    documents.insert_one(document).session(&mut *session).await?;
                }
                Write::InsertWhile(document, holds) => {
                    let rests_on = self.store.documents(&holds.coll);
                    if rests_on.find_one(holds.as_said.clone()).session(&mut *session).await?.is_none() {
                        return Err(Refused::Ended(holds.otherwise.clone()));
                    }
                    documents.insert_one(document).session(&mut *session).await?;
                }
                Write::Replace(document) => {
                    let id = document.get("_id").cloned().unwrap_or(Bson::Null);
                    documents.replace_one(doc! { "_id": id }, document).upsert(true).session(&mut *session).await?;
                }
            }
        }
        self.store.documents("ledger_entries").insert_many(entries).session(&mut *session).await?;
        self.store.documents("ledger_records").insert_many(records).session(&mut *session).await?;
        let kept = doc! { "_id": as_i64(next.size), "note": &next.checkpoint, "root": &next.root, "at": date(at) };
        self.store.documents("ledger_checkpoints").insert_one(kept).session(&mut *session).await?;
        Ok(seals)
    }

    /// The stored head with its frontier, which must give its root.
    pub async fn read_head(&self, session: Option<&mut ClientSession>) -> Result<Option<(Head, Frontier)>, PortError> {
        let heads = self.store.documents("ledger_head");
        let find = heads.find_one(doc! { "_id": "head" });
        let found = match session {
            Some(session) => find.session(session).await,
            None => find.await,
        };
        let Some(row) = found.map_err(port_error)? else { return Ok(None) };
        let broken = |what: &str| PortError::Broken(format!("the ledger's head: {what}"));
        let hashes: Option<Vec<[u8; 32]>> = row
            .get_array("frontier")
            .map_err(|_| broken("no frontier"))?
            .iter()
            .map(|h| h.as_str().and_then(unhex))
            .collect();
        let size = row.get_i64("size").ok().and_then(|n| u64::try_from(n).ok()).ok_or_else(|| broken("no size"))?;
        let frontier = Frontier::from_parts(size, hashes.ok_or_else(|| broken("a frontier hash is no digest"))?)
            .map_err(|e| broken(&e.to_string()))?;
        let root = row.get_str("root").map_err(|_| broken("no root"))?.to_owned();
        if hex(&frontier.root()) != root {
            return Err(broken("its frontier does not give its root; nothing is signed until that is understood"));
        }
        let at = row.get_datetime("at").ok().and_then(|t| Moment::from_millis(t.timestamp_millis()));
        let checkpoint = row.get_str("checkpoint").map_err(|_| broken("no checkpoint"))?.to_owned();
        let head = Head { size, root, at: at.ok_or_else(|| broken("no time"))?, checkpoint };
        Ok(Some((head, frontier)))
    }

    fn signed(&self, frontier: &Frontier) -> Head {
        let root = frontier.root();
        Head {
            size: frontier.size,
            root: hex(&root),
            at: self.clock.now(),
            checkpoint: self.keys.sign_checkpoint(frontier.size, &root),
        }
    }
}

/// Cut by number and by size; one item that is larger than a batch is a batch of its own.
fn batches(items: &[Item]) -> impl Iterator<Item = &[Item]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |item: &&Item| {
            bytes += item.canonical.len();
            bytes <= BATCH_BYTES
        };
        let count = rest.iter().take(BATCH).take_while(fits).count().max(1).min(rest.len());
        let (batch, after) = rest.split_at(count);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

enum Refused {
    Duplicate,
    /// What it rests on is no longer as it was.
    Ended(String),
    Port(PortError),
}

impl From<mongodb::error::Error> for Refused {
    fn from(error: mongodb::error::Error) -> Self {
        if is_duplicate(&error) {
            Refused::Duplicate
        } else if error.contains_label(TRANSIENT_TRANSACTION_ERROR) {
            Refused::Port(PortError::Conflict(error.to_string()))
        } else {
            Refused::Port(port_error(error))
        }
    }
}

impl From<PortError> for Refused {
    fn from(error: PortError) -> Self {
        Refused::Port(error)
    }
}

/// Commits, asking again while the server does not know whether it did.
pub async fn commit(session: &mut ClientSession) -> mongodb::error::Result<()> {
    for _ in 0..5 {
        match session.commit_transaction().await {
            Err(e) if e.contains_label(mongodb::error::UNKNOWN_TRANSACTION_COMMIT_RESULT) => continue,
            done => return done,
        }
    }
    session.commit_transaction().await
}

fn head_document(head: &Head, frontier: &Frontier) -> Document {
    doc! {
        "_id": "head",
        "size": as_i64(head.size),
        "root": &head.root,
        "frontier": frontier.hashes.iter().map(|h| hex(h)).collect::<Vec<_>>(),
        "checkpoint": &head.checkpoint,
        "at": date(head.at),
    }
}

fn record_document(seq: u64, item: &Item, sha256: &str, at: Moment) -> Document {
    let facts = &item.facts;
    let mut row = doc! {
        "_id": as_i64(seq),
        "coll": &item.coll,
        "rid": &item.id,
        "version": item.version,
        "sha256": sha256,
        "bsonSha256": &item.bson_sha256,
        "canonical": Bson::Binary(bson::Binary { subtype: BinarySubtype::Generic, bytes: item.canonical.clone() }),
        "understood": facts.understood,
        "occurredAt": date(facts.occurred_at.unwrap_or(at)),
        "answers": facts.answers.iter().map(|c| c.id()).collect::<Vec<_>>(),
        "by": &facts.by,
        "at": date(at),
    };
    for (key, value) in [("tenant", &facts.tenant), ("strength", &facts.strength)] {
        if let Some(value) = value {
            row.insert(key, value);
        }
    }
    if let Some(seen) = facts.seen {
        row.insert("seen", seen);
    }
    if let Some(ended) = facts.ended_at {
        row.insert("endedAt", date(ended));
    }
    row
}

/// A ledger index as BSON's integer; an index beyond 2^63 cannot be reached.
pub fn as_i64(n: u64) -> i64 {
    i64::try_from(n).expect("fewer than 2^63 entries")
}

pub fn date(at: Moment) -> bson::DateTime {
    bson::DateTime::from_millis(at.millis())
}

/// 64 hex digits as a digest.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(out)
}
