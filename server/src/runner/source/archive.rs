//! One file as `mongodump --archive` writes it, compressed (`--gzip`) or not.
//!
//! A magic number, a header, a document about each collection, then segments of documents in which the collections
//! take turns; each collection ends with the CRC-64 (ECMA) of all its documents, which is checked here.
//! Source: <https://github.com/mongodb/mongo-tools/blob/master/common/archive/spec.md>

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use anyhow::{Context, Result, bail};
use bson::{RawDocument, RawDocumentBuf};
use chrono::{DateTime, Utc};
use crc::{CRC_64_XZ, Crc, Digest, Table};
use domain::Moment;

use super::{BUCKETS, Collection, Entries, Kind, Reader, RecoveryPoint, Stored, is_servers_own, metadata};
use crate::runner::bsonfile::{BsonFile, unpacked};

const MAGIC: [u8; 4] = 0x8199_e26d_u32.to_le_bytes();
const END: [u8; 4] = [0xff; 4];
/// What Go's `crc64.ECMA` computes is catalogued as CRC-64/XZ: reflected, begun and ended with all ones.
static ECMA: LazyLock<Crc<u64, Table<16>>> = LazyLock::new(|| Crc::<u64, Table<16>>::new(&CRC_64_XZ));

/// The databases that an archive holds.
pub fn databases(path: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = Opened::open(path)?.namespaces.into_iter().map(|n| n.database).collect();
    names.sort();
    names.dedup();
    // The operation log of a whole cluster's dump stands there as a collection without a database.
    names.retain(|n| !n.is_empty());
    Ok(names)
}

/// Opens an archive made by someone else. Its age is its file's.
pub fn open(path: &Path, database: &str) -> Result<RecoveryPoint> {
    let opened = Opened::open(path)?;
    let mut collections = Vec::new();
    for n in opened.namespaces.into_iter().filter(|n| n.database == database) {
        // The documents of a time-series collection come under its buckets' name; it is described by its own.
        if is_servers_own(&n.collection) {
            continue;
        }
        let said = |what: &str| format!("{}, about {database}.{}: {what}", path.display(), n.collection);
        let meta = metadata::read(&n.metadata, &said)?;
        if let Some(other) = meta.name.filter(|other| *other != n.collection) {
            bail!(said(&format!("its metadata says it is of the collection {other}")));
        }
        collections.push(Collection {
            name: n.collection,
            kind: meta.kind,
            indexes: meta.indexes,
            options: meta.options,
        });
    }
    if collections.is_empty() {
        bail!("{} holds nothing of the database {database}", path.display());
    }
    collections.sort_by(|a, b| a.name.cmp(&b.name));
    let file = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let changed: DateTime<Utc> = file.modified()?.into();
    let numbers = collections.iter().enumerate().map(|(number, c)| (c.data_name(), number)).collect();
    Ok(RecoveryPoint {
        name: format!("{database} in {}", path.file_name().unwrap_or_default().to_string_lossy()),
        kind: "mongodump archive, dated by its file".to_owned(),
        taken_at: Moment::from_millis(changed.timestamp_millis()).context("the archive has no usable date")?,
        server_version: opened.server_version,
        stored: Arc::new(Archive {
            path: path.to_owned(),
            database: database.to_owned(),
            numbers,
            views: collections.iter().map(|c| c.kind == Kind::View).collect(),
        }),
        collections,
    })
}

/// The operation log that `mongodump --oplog` puts in as a collection without a database.
pub fn oplog(path: &Path) -> Result<Option<Entries>> {
    let of_log = |n: &Namespace| n.database.is_empty() && n.collection == OPLOG;
    if !Opened::open(path)?.namespaces.iter().any(of_log) {
        return Ok(None);
    }
    let numbers = HashMap::from([(OPLOG.to_owned(), 0)]);
    let log = Archive { path: path.to_owned(), database: String::new(), numbers, views: vec![false] };
    let reader = log.readers()?.remove(0);
    Ok(Some(Box::new(super::oplog::of_reader(reader))))
}

const OPLOG: &str = "oplog";

#[derive(Debug)]
struct Archive {
    path: PathBuf,
    database: String,
    /// The collections' numbers by the names their documents come under.
    numbers: HashMap<String, usize>,
    /// Which of them are views, by number.
    views: Vec<bool>,
}

impl Stored for Archive {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>> {
        let opened = Opened::open(&self.path)?;
        Ok(vec![Box::new(Segments {
            file: opened.file,
            name: opened.name,
            database: self.database.clone(),
            open: (self.numbers.iter())
                .filter(|(_, number)| !self.views[**number])
                .map(|(name, number)| (*number, Sum::new(name)))
                .collect(),
            numbers: self.numbers.clone(),
            current: None,
        })])
    }

    fn bytes(&self) -> Option<u64> {
        None
    }
}

/// An archive whose beginning has been read, up to the first segment.
struct Opened {
    file: BsonFile,
    name: String,
    server_version: Option<String>,
    namespaces: Vec<Namespace>,
}

struct Namespace {
    database: String,
    collection: String,
    metadata: String,
}

impl Opened {
    fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut file = BsonFile::new(name.clone(), unpacked(path)?);
        if file.word()? != Some(MAGIC) {
            bail!("{} is no mongodump archive: it does not begin with 6d e2 99 81", path.display());
        }
        file.passed();
        let header = file.next_document()?.with_context(|| format!("{name} ends after its first four bytes"))?;
        let version = header.get_str("version").unwrap_or("none");
        if version != "0.1" {
            bail!("{name} is in version {version} of the archive format, and only 0.1 is known here");
        }
        let server_version = header.get_str("server_version").ok().map(str::to_owned);
        let mut namespaces = Vec::new();
        loop {
            let word = file.word()?.with_context(|| format!("{name} is cut off at byte {}", file.offset()))?;
            if word == END {
                file.passed();
                break;
            }
            let about = file.document_of(word)?;
            let text = |key| about.get_str(key).map(str::to_owned).with_context(|| format!("{name}: no {key}"));
            namespaces.push(Namespace {
                database: text("db")?,
                collection: text("collection")?,
                metadata: text("metadata")?,
            });
        }
        Ok(Self { file, name, server_version, namespaces })
    }
}

/// The check sum of a collection whose end has not come yet.
struct Sum {
    collection: String,
    digest: Digest<'static, u64, Table<16>>,
}

impl Sum {
    fn new(collection: &str) -> Self {
        Self { collection: collection.to_owned(), digest: ECMA.digest() }
    }
}

struct Segments {
    file: BsonFile,
    name: String,
    database: String,
    numbers: HashMap<String, usize>,
    open: HashMap<usize, Sum>,
    /// Whose segment is being read; `Some(None)`: one of another database.
    current: Option<Option<usize>>,
}

impl Reader for Segments {
    fn next(&mut self) -> Result<Option<(usize, RawDocumentBuf)>> {
        loop {
            let Some(word) = self.file.word()? else { return self.ended().map(|()| None) };
            if word == END {
                self.file.passed();
                self.current = None;
                continue;
            }
            let at = self.file.offset();
            let document = self.file.document_of(word)?;
            match self.current {
                None => self.turn(&document, at)?,
                Some(None) => {}
                Some(Some(number)) => {
                    let sum = self.open.get_mut(&number);
                    let sum = sum.with_context(|| {
                        format!("{}: documents at byte {at} of a collection that had ended", self.name)
                    })?;
                    sum.digest.update(document.as_bytes());
                    return Ok(Some((number, document)));
                }
            }
        }
    }
}

impl Segments {
    /// A segment's header: whose turn it is, or whose end.
    fn turn(&mut self, header: &RawDocument, at: u64) -> Result<()> {
        let said = |what: &str| format!("{} at byte {at}: {what}", self.name);
        let database = header.get_str("db").with_context(|| said("a segment without a database"))?;
        let collection = header.get_str("collection").with_context(|| said("a segment without a collection"))?;
        let ours = database == self.database;
        // Servers without views over buckets name the time-series collection itself.
        let number = ours
            .then(|| self.numbers.get(collection).or_else(|| self.numbers.get(&format!("{BUCKETS}{collection}"))))
            .flatten()
            .copied();
        if ours && number.is_none() && !is_servers_own(collection) {
            bail!(said(&format!("documents of {collection}, which the archive's beginning does not describe")));
        }
        self.current = Some(number);
        if header.get_bool("EOF").unwrap_or(false)
            && let Some(number) = number
        {
            let stated = header.get_i64("CRC").with_context(|| said("a collection's end without its CRC"))?;
            let Some(sum) = self.open.remove(&number) else { return Ok(()) };
            let computed = sum.digest.finalize();
            if computed != stated.cast_unsigned() {
                bail!(said(&format!(
                    "the documents of {} have the CRC {computed:016x}, and the archive says {:016x}: it is damaged",
                    sum.collection,
                    stated.cast_unsigned()
                )));
            }
        }
        Ok(())
    }

    /// At the end of the file every collection must have had its own; a view needs none.
    fn ended(&self) -> Result<()> {
        let mut missing: Vec<&str> = self.open.values().map(|s| s.collection.as_str()).collect();
        missing.sort_unstable();
        match missing.as_slice() {
            [] => Ok(()),
            [first, ..] => bail!(
                "{} is cut off: at byte {}, where it ends, {first}{} had not come to an end",
                self.name,
                self.file.offset(),
                if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() }
            ),
        }
    }
}
