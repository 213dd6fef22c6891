//! A recovery point: what one database held at a moment, to be restored and to be compared with.
//!
//! Each kind of source is a file of its own behind [`Stored`]. It is read twice, apart: once to be restored and
//! once to be compared with, and both times from its beginning, so that nothing of it must fit into memory.

pub mod archive;
pub mod directory;
pub mod live;
pub mod metadata;
pub mod oplog;

use std::{fmt, path::Path, sync::Arc};

use anyhow::{Result, bail};
use bson::{Document, RawDocumentBuf, Timestamp};
use domain::{Moment, words};

use super::plan::Further;

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

/// Opens a dump that somebody else made, a folder or an archive, as it was where its operation log ends, or where
/// `further` says.
pub fn open(path: &Path, database: &str, further: &Further) -> Result<RecoveryPoint> {
    let (mut point, own) = if path.is_dir() {
        (directory::open(path, database)?, directory::oplog(path)?)
    } else if path.is_file() {
        (archive::open(path, database)?, archive::oplog(path)?)
    } else {
        bail!("{} is neither a mongodump folder nor an archive that is there", path.display());
    };
    let mut whole_at = None;
    if let Some(mut entries) = own {
        let (with, applied) = oplog::applied(point, database, &mut *entries, None)?;
        point = with;
        whole_at = applied.last;
        point.dated(applied.last.and_then(oplog::moment), "made whole by its operation log");
    }
    if let Some(log) = &further.oplog {
        let mut entries = oplog::of_file(log)?;
        let until = further.until.map(oplog::before).transpose()?;
        let (with, applied) = oplog::applied(point, database, &mut entries, until)?;
        point = with;
        let (Some(first), Some(last)) = (applied.first, applied.last) else {
            bail!("{} holds nothing before that moment: it begins later", log.display());
        };
        if whole_at.is_some_and(|whole_at: Timestamp| first > whole_at) {
            bail!("{} begins after the dump's end: what happened between is in neither", log.display());
        }
        if whole_at.is_some_and(|whole_at| last < whole_at) {
            bail!("the moment asked for is before the dump's end, and a dump has no moment before that");
        }
        let at = further.until.or_else(|| oplog::moment(last));
        point.dated(at, &format!("followed by {} to {}", log.display(), at.map(words::date_time).unwrap_or_default()));
    }
    Ok(point)
}

/// The entries of an operation log, one after the other.
pub type Entries = Box<dyn FnMut() -> Result<Option<RawDocumentBuf>>>;

impl RecoveryPoint {
    /// By its operation log, which tells better than the date of a file.
    fn dated(&mut self, at: Option<Moment>, how: &str) {
        self.taken_at = at.unwrap_or(self.taken_at);
        self.kind = format!(
            "{}, {how}",
            self.kind.trim_end_matches(", dated by its files").trim_end_matches(", dated by its file")
        );
    }
}

/// What the name of a time-series collection's own documents begins with.
pub const BUCKETS: &str = "system.buckets.";

/// Whether a collection is the server's own affair; `system.js` is somebody's code and `system.buckets.` data.
pub fn is_servers_own(name: &str) -> bool {
    name.starts_with("system.") && name != "system.js"
}
