//! Sessions in MongoDB for tower-sessions, each kept under the digest of its cookie, so that who reads the database
//! can sign in with nothing. Ended by a TTL index; what was ended stays ended.

use std::collections::HashMap;

use app::ports::{OpenSession, PortError, SignedInBy};
use async_trait::async_trait;
use bson::{Bson, Document, doc, spec::BinarySubtype};
use domain::{Moment, draw::hex};
use mongodb::Collection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{Store, is_duplicate, port_error, rows};
use crate::ledger::date;

/// A session that nobody uses for half a day ends.
pub const IDLE: Duration = Duration::hours(12);
/// And each ends a week after its sign-in, used or not.
pub const LONGEST: Duration = Duration::days(7);

/// The one key of a session's data that says whose it is.
pub const FACTS: &str = "facts";

/// Whose session it is and how it came about. Nothing of where it came from: no address is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub person: String,
    pub since: Moment,
    /// The last use, to five minutes.
    pub seen: Moment,
    pub by: SignedInBy,
    /// "Firefox on Linux"
    pub agent: String,
}

#[derive(Clone, Debug)]
pub struct Sessions {
    collection: Collection<Document>,
}

/// What a session is called where its cookie must not be.
pub fn name(id: &Id) -> String {
    hex(&Sha256::digest(id.to_string().as_bytes()))
}

impl Sessions {
    pub fn new(store: &Store) -> Self {
        Self { collection: store.documents("sessions") }
    }

    /// Ends every session of somebody.
    pub async fn end_all(&self, person: &str) -> std::result::Result<(), PortError> {
        self.collection.delete_many(doc! { "person": person }).await.map(|_| ()).map_err(port_error)
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let mut row = document(record)?;
            row.insert("_id", name(&record.id));
            match self.collection.insert_one(row).await {
                Ok(_) => return Ok(()),
                Err(e) if is_duplicate(&e) => record.id = Id::default(),
                Err(e) => return Err(Error::Backend(e.to_string())),
            }
        }
    }

    /// Of a session that was ended meanwhile nothing is written: it would be there again.
    async fn save(&self, record: &Record) -> Result<()> {
        let set = doc! { "$set": document(record)? };
        let saved = self.collection.update_one(doc! { "_id": name(&record.id) }, set).await;
        saved.map(|_| ()).map_err(|e| Error::Backend(e.to_string()))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        // The TTL index sweeps once a minute; an expired session is gone at once.
        let mut alive = alive();
        alive.insert("_id", name(id));
        let row = self.collection.find_one(alive).await.map_err(|e| Error::Backend(e.to_string()))?;
        row.map(|row| {
            let decode = |e: &dyn std::fmt::Display| Error::Decode(e.to_string());
            let bytes = row.get_binary_generic("data").map_err(|e| decode(&e))?;
            let mut data: HashMap<String, Value> = rmp_serde::from_slice(bytes).map_err(|e| decode(&e))?;
            if let Some(facts) = facts(&row) {
                data.insert(FACTS.to_owned(), serde_json::to_value(facts).map_err(|e| decode(&e))?);
            }
            let ends = row.get_datetime("expiresAt").map_err(|e| decode(&e))?.timestamp_millis();
            let expiry_date = OffsetDateTime::from_unix_timestamp(ends / 1000).map_err(|e| decode(&e))?;
            Ok(Record { id: *id, data, expiry_date })
        })
        .transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let deleted = self.collection.delete_one(doc! { "_id": name(id) }).await;
        deleted.map(|_| ()).map_err(|e| Error::Backend(e.to_string()))
    }
}

#[async_trait]
impl app::ports::Sessions for Sessions {
    async fn of(&self, person: &str) -> std::result::Result<Vec<OpenSession>, PortError> {
        let mut mine = alive();
        mine.insert("person", person);
        let found = rows(self.collection.find(mine).sort(doc! { "since": -1 })).await?;
        let open = |row: &Document| {
            let Facts { since, seen, by, agent, .. } = facts(row)?;
            Some(OpenSession { name: row.get_str("_id").ok()?.to_owned(), by, agent, since, seen })
        };
        Ok(found.iter().filter_map(open).collect())
    }

    async fn end(&self, person: &str, name: &str) -> std::result::Result<bool, PortError> {
        let ended = self.collection.delete_one(doc! { "_id": name, "person": person }).await.map_err(port_error)?;
        Ok(ended.deleted_count == 1)
    }

    async fn end_others(&self, person: &str, but: &str) -> std::result::Result<u64, PortError> {
        let others = doc! { "person": person, "_id": { "$ne": but } };
        Ok(self.collection.delete_many(others).await.map_err(port_error)?.deleted_count)
    }
}

/// Neither idle too long nor too old.
fn alive() -> Document {
    let now = OffsetDateTime::now_utc();
    doc! { "expiresAt": { "$gt": instant(now) }, "since": { "$not": { "$lte": instant(now - LONGEST) } } }
}

fn document(record: &Record) -> Result<Document> {
    let encode = |e: &dyn std::fmt::Display| Error::Encode(e.to_string());
    let mut data = record.data.clone();
    let facts: Option<Facts> = data.remove(FACTS).map(serde_json::from_value).transpose().map_err(|e| encode(&e))?;
    let bytes = rmp_serde::to_vec(&data).map_err(|e| encode(&e))?;
    let mut row = doc! { "data": Bson::Binary(bson::Binary { subtype: BinarySubtype::Generic, bytes }) };
    let mut expires = instant(record.expiry_date);
    if let Some(facts) = facts {
        let since = date(facts.since);
        expires = expires.min(bson::DateTime::from_millis(since.timestamp_millis() + LONGEST.whole_seconds() * 1000));
        row.extend(doc! {
            "person": facts.person, "since": since, "seenAt": date(facts.seen), "agent": facts.agent,
            "by": serde_json::to_string(&facts.by).map_err(|e| encode(&e))?,
        });
    }
    row.insert("expiresAt", expires);
    Ok(row)
}

fn facts(row: &Document) -> Option<Facts> {
    let at = |key: &str| Moment::from_millis(row.get_datetime(key).ok()?.timestamp_millis());
    Some(Facts {
        person: row.get_str("person").ok()?.to_owned(),
        since: at("since")?,
        seen: at("seenAt")?,
        by: serde_json::from_str(row.get_str("by").ok()?).ok()?,
        agent: row.get_str("agent").ok()?.to_owned(),
    })
}

fn instant(at: OffsetDateTime) -> bson::DateTime {
    bson::DateTime::from_millis(at.unix_timestamp() * 1000)
}
