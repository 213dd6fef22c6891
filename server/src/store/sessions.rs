//! Sessions in MongoDB for tower-sessions: MessagePack in one field, ended by a TTL index.

use async_trait::async_trait;
use bson::{Bson, Document, doc, spec::BinarySubtype};
use mongodb::Collection;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{Store, is_duplicate};

#[derive(Clone, Debug)]
pub struct Sessions {
    collection: Collection<Document>,
}

impl Sessions {
    pub fn new(store: &Store) -> Self {
        Self { collection: store.documents("sessions") }
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            match self.collection.insert_one(document(record)?).await {
                Ok(_) => return Ok(()),
                Err(e) if is_duplicate(&e) => record.id = Id::default(),
                Err(e) => return Err(Error::Backend(e.to_string())),
            }
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let id = record.id.to_string();
        self.collection
            .replace_one(doc! { "_id": id }, document(record)?)
            .upsert(true)
            .await
            .map(|_| ())
            .map_err(|e| Error::Backend(e.to_string()))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        // The TTL index sweeps once a minute; an expired session is gone at once.
        let alive = doc! { "_id": id.to_string(), "expiresAt": { "$gt": bson::DateTime::now() } };
        let row = self.collection.find_one(alive).await.map_err(|e| Error::Backend(e.to_string()))?;
        row.map(|row| {
            let bytes = row.get_binary_generic("data").map_err(|e| Error::Decode(e.to_string()))?;
            rmp_serde::from_slice(bytes).map_err(|e| Error::Decode(e.to_string()))
        })
        .transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.collection
            .delete_one(doc! { "_id": id.to_string() })
            .await
            .map(|_| ())
            .map_err(|e| Error::Backend(e.to_string()))
    }
}

fn document(record: &Record) -> Result<Document> {
    let bytes = rmp_serde::to_vec(record).map_err(|e| Error::Encode(e.to_string()))?;
    let expires = bson::DateTime::from_millis((record.expiry_date.unix_timestamp_nanos() / 1_000_000) as i64);
    let data = Bson::Binary(bson::Binary { subtype: BinarySubtype::Generic, bytes });
    Ok(doc! { "_id": record.id.to_string(), "data": data, "expiresAt": expires })
}
