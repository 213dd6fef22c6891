//! MongoDB, the only store. One file per noun beside the sealed records they all read.

pub mod acceptances;
pub mod attachments;
pub mod audits;
pub mod bundles;
pub mod checklists;
pub mod codes;
pub mod datastores;
pub mod evidence;
pub mod imports;
pub mod incidents;
pub mod jobs;
pub mod live;
pub mod migrate;
pub mod notices;
pub mod orders;
pub mod passkeys;
pub mod people;
pub mod requests;
pub mod risks;
mod runbooks;
pub mod sessions;
pub mod signoffs;
pub mod tokens;

use anyhow::{Context, Result, bail};
use app::ports::PortError;
use bson::{Document, doc};
use futures::TryStreamExt;
use mongodb::{
    Client, Collection, Database,
    options::{ClientOptions, ReadConcern, WriteConcern},
};

/// The portal's own database.
#[derive(Clone)]
pub struct Store {
    pub client: Client,
    pub db: Database,
}

impl Store {
    /// Connects and makes sure that it is a replica set: transactions and change streams need one.
    pub async fn connect(uri: &str, name: &str) -> Result<Self> {
        let mut options = ClientOptions::parse(uri).await.context("database.uri is not a MongoDB address")?;
        options.app_name = Some("passmuster".to_owned());
        options.server_selection_timeout.get_or_insert(std::time::Duration::from_secs(10));
        // What the portal acknowledges must survive the loss of a member.
        options.write_concern = Some(WriteConcern::majority());
        options.read_concern = Some(ReadConcern::majority());
        let client = Client::with_options(options).context("database.uri cannot be used")?;
        let hello = client.database("admin").run_command(doc! { "hello": 1 }).await.with_context(|| {
            "the database does not answer. Is mongod running, and does database.uri name its host and port?".to_owned()
        })?;
        if hello.get_str("setName").is_err() && hello.get_str("msg").ok() != Some("isdbgrid") {
            bail!(
                "this mongod is a standalone, and the ledger needs a replica set. One is enough: start mongod with --replSet rs0, then run once: mongosh --eval 'rs.initiate()'"
            );
        }
        Ok(Self { db: client.database(name), client })
    }

    pub fn documents(&self, collection: &str) -> Collection<Document> {
        self.db.collection(collection)
    }
}

/// All that a query finds.
pub async fn rows(find: mongodb::action::Find<'_, Document>) -> std::result::Result<Vec<Document>, PortError> {
    find.await.map_err(port_error)?.try_collect().await.map_err(port_error)
}

/// A driver's error as a port's.
pub fn port_error(error: mongodb::error::Error) -> PortError {
    use mongodb::error::ErrorKind::*;
    match *error.kind {
        Io(_) | ServerSelection { .. } | ConnectionPoolCleared { .. } | DnsResolve { .. } => {
            PortError::Unavailable(error.to_string())
        }
        _ => PortError::Broken(error.to_string()),
    }
}

/// MongoDB's "duplicate key".
pub fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::{ErrorKind, WriteFailure};
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(e)) => e.code == 11000,
        ErrorKind::InsertMany(e) => e.write_errors.iter().flatten().any(|e| e.code == 11000),
        ErrorKind::Command(e) => e.code == 11000,
        _ => false,
    }
}
