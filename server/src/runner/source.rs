//! A recovery point: what one database held at a moment, to be restored and to be compared with.
//!
//! Each kind of source is a file of its own behind [`Stored`]. It is read twice, apart: once to be restored and
//! once to be compared with, and both times from its beginning, so that nothing of it must fit into memory.

pub mod archive;
pub mod directory;
pub mod live;
pub mod metadata;
pub mod oplog;

use std::{fmt, sync::Arc};

use anyhow::Result;
use bson::{Document, RawDocumentBuf};
use domain::Moment;

/// One database's recovery point.
#[derive(Clone, Debug)]
pub struct RecoveryPoint {
    /// "pilot-tansy at 2026-11-22T04:51:10Z"
    pub name: String,
    /// "mongodump archive, dated by its file"
    pub kind: String,
    pub taken_at: Moment,
    /// The version of MongoDB it was made from, where it says so: "7.0.16".
    pub server_version: Option<String>,
    /// Sorted by name; views are among them.
    pub collections: Vec<Collection>,
    pub stored: Arc<dyn Stored>,
}

#[derive(Clone, Debug)]
pub struct Collection {
    pub name: String,
    pub kind: Kind,
    /// As `createIndexes` takes them, `_id_` included. `None`: the recovery point does not state them.
    pub indexes: Option<Vec<Document>>,
    /// As `create` takes them.
    pub options: Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// Holds no documents of its own.
    View,
    /// Its documents are the buckets that the server packs measurements into.
    TimeSeries,
}

/// Where the documents of a recovery point lie.
pub trait Stored: fmt::Debug + Send + Sync {
    /// Reads from the beginning: one reader for each part that can be read by itself.
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>>;
    /// Size of what is read, where that is known before.
    fn bytes(&self) -> Option<u64>;
}

/// Reads documents in the order in which they are stored. Everything that was cut off or damaged is an error
/// that names the file and the byte.
pub trait Reader: Send {
    /// A document and the number of its collection in [`RecoveryPoint::collections`].
    fn next(&mut self) -> Result<Option<(usize, RawDocumentBuf)>>;
}

impl Collection {
    /// The collection that holds the documents themselves.
    pub fn data_name(&self) -> String {
        match self.kind {
            Kind::TimeSeries => format!("{BUCKETS}{}", self.name),
            Kind::Plain | Kind::View => self.name.clone(),
        }
    }

    pub fn holds_documents(&self) -> bool {
        self.kind != Kind::View
    }

    pub fn capped(&self) -> bool {
        self.options.get_bool("capped").unwrap_or(false)
    }
}

impl RecoveryPoint {
    /// Those with documents of their own, with their numbers.
    pub fn holding(&self) -> impl Iterator<Item = (usize, &Collection)> {
        self.collections.iter().enumerate().filter(|(_, c)| c.holds_documents())
    }
}

/// What the name of a time-series collection's own documents begins with.
pub const BUCKETS: &str = "system.buckets.";

/// Whether a collection is the server's own affair; `system.js` is somebody's code and `system.buckets.` data.
pub fn is_servers_own(name: &str) -> bool {
    name.starts_with("system.") && name != "system.js"
}
