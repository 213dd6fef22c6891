//! A recovery point and the operation log behind it: what the database held at a later moment.
//!
//! The log is read once, and of every document it touched the end is kept; while the recovery point is read, those
//! documents come out as they ended. So what is restored, and what it is compared with, is that moment, and the
//! target needs no right to replay a log (`applyOps`). An operation that is not known ends it with an error: a moment
//! that is nearly right is none.
//! Source: <https://www.mongodb.com/docs/manual/core/replica-set-oplog/>

mod diff;
mod entry;
mod live;
mod overlay;

use std::{collections::HashMap, path::Path};

use anyhow::{Context, Result, bail};
use bson::{Document, RawDocument, RawDocumentBuf, Timestamp};
use domain::Moment;

pub use self::live::{fetch, now};
use self::{
    entry::{Entry, Op, transaction},
    overlay::Overlay,
};
use super::{BUCKETS, Collection, Kind, Reader, RecoveryPoint, is_servers_own};
use crate::runner::bsonfile::BsonFile;

/// What touched documents may take of memory; behind it stands a dump that is too old for its log.
const MOST_BYTES: usize = 1024 * 1024 * 1024;

/// The recovery point as it was just before `until`, or where the log ends.
pub fn applied(
    point: RecoveryPoint,
    database: &str,
    entries: &mut dyn FnMut() -> Result<Option<RawDocumentBuf>>,
    until: Option<Timestamp>,
) -> Result<(RecoveryPoint, Applied)> {
    let mut state = State::of(&point, database);
    let mut open: HashMap<Vec<u8>, Vec<RawDocumentBuf>> = HashMap::new();
    let mut applied = Applied::default();
    while let Some(raw) = entries()? {
        let entry = Entry::read(&raw)?;
        if until.is_some_and(|until| entry.ts >= until) {
            break;
        }
        applied.first = applied.first.or(Some(entry.ts));
        applied.last = Some(entry.ts);
        for one in transaction(&entry, &mut open)? {
            let one = Entry::read_within(&one, entry.ts)?;
            if one.database == database {
                applied.operations += 1;
                state.take(&one).with_context(|| format!("the operation log at {}", said(entry.ts)))?;
            }
        }
    }
    Ok((state.end(point), applied))
}

/// What was read of a log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Applied {
    /// Of this database, before the moment.
    pub operations: u64,
    /// The first one's time, and the last one's, of any database.
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
}

/// "1764046800.3", as MongoDB's tools write a moment of its log.
pub fn said(ts: Timestamp) -> String {
    format!("{}.{}", ts.time, ts.increment)
}

/// To the second.
pub fn moment(ts: Timestamp) -> Option<Moment> {
    Moment::from_millis(i64::from(ts.time) * 1000)
}

/// The first operation that is no longer wanted.
pub fn before(at: Moment) -> Result<Timestamp> {
    let time = u32::try_from(at.millis() / 1000).context("a moment that no operation log knows")?;
    Ok(Timestamp { time, increment: 0 })
}

/// The entries of a file, as `mongodump --oplog` writes it.
pub fn of_file(path: &Path) -> Result<impl FnMut() -> Result<Option<RawDocumentBuf>> + use<>> {
    let mut file = BsonFile::open(path)?;
    Ok(move || file.next_document())
}

/// The entries of an archive.
pub fn of_reader(mut reader: Box<dyn Reader>) -> impl FnMut() -> Result<Option<RawDocumentBuf>> {
    move || Ok(reader.next()?.map(|(_, document)| document))
}

/// A collection on its way through the log.
struct Living {
    collection: Collection,
    /// Its number in the recovery point; `None`: made since.
    base: Option<usize>,
    touched: HashMap<Vec<u8>, Touched>,
}

/// How a document ended.
#[derive(Debug)]
enum Touched {
    /// Written whole, as the nth: these come after those of the recovery point, in the order of their writing.
    Whole(u64, RawDocumentBuf),
    /// Changed, if the recovery point has it.
    Changed(Vec<Document>),
    Gone,
}

struct State {
    database: String,
    /// By the name its documents come under.
    living: HashMap<String, Living>,
    writes: u64,
    bytes: usize,
}

impl State {
    fn of(point: &RecoveryPoint, database: &str) -> Self {
        let each = point.collections.iter().enumerate().map(|(number, collection)| {
            let base = collection.holds_documents().then_some(number);
            (collection.data_name(), Living { collection: collection.clone(), base, touched: HashMap::new() })
        });
        Self { database: database.to_owned(), living: each.collect(), writes: 0, bytes: 0 }
    }

    fn take(&mut self, entry: &Entry<'_>) -> Result<()> {
        match entry.op {
            Op::Insert => self.write(entry, &entry.o_raw()?),
            Op::Update => match entry.diff()? {
                Some(diff) => self.change(entry, diff),
                None => self.write(entry, &entry.o_raw()?),
            },
            Op::Delete => {
                let key = entry.key(entry.o)?;
                if let Some(living) = self.holding(entry.collection)? {
                    living.touched.insert(key, Touched::Gone);
                }
                Ok(())
            }
            Op::Command => self.command(&Document::try_from(entry.o)?),
            Op::Nothing => Ok(()),
        }
    }

    /// The collection whose documents an operation touches; `None`: the server's own.
    fn holding(&mut self, name: &str) -> Result<Option<&mut Living>> {
        if is_servers_own(name) && !name.starts_with(BUCKETS) {
            if name == "system.views" {
                bail!("a view was made, changed or dropped, and the log's way of saying so is not read here");
            }
            return Ok(None);
        }
        match self.living.get_mut(name) {
            Some(living) => Ok(Some(living)),
            None => bail!("it writes to {name}, which neither the recovery point nor the log makes"),
        }
    }

    fn room(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        if self.bytes > MOST_BYTES {
            bail!("it touches more than 1 GiB of documents: restore from a newer recovery point");
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>, whole: &RawDocument) -> Result<()> {
        self.room(whole.as_bytes().len())?;
        let (key, nth) = (entry.key(whole)?, self.writes);
        self.writes += 1;
        let Some(living) = self.holding(entry.collection)? else { return Ok(()) };
        // A document written again keeps its turn.
        let nth = if let Some(Touched::Whole(first, _)) = living.touched.get(&key) { *first } else { nth };
        living.touched.insert(key, Touched::Whole(nth, whole.to_owned()));
        Ok(())
    }

    fn change(&mut self, entry: &Entry<'_>, diff: Document) -> Result<()> {
        self.room(entry.o.as_bytes().len())?;
        diff::check(&diff)?;
        let key = entry.key(entry.o2.context("an update without the _id of its document")?)?;
        let Some(living) = self.holding(entry.collection)? else { return Ok(()) };
        match living.touched.get_mut(&key) {
            Some(Touched::Whole(_, whole)) => *whole = changed(whole, std::slice::from_ref(&diff))?,
            Some(Touched::Changed(diffs)) => diffs.push(diff),
            Some(Touched::Gone) => {}
            None => drop(living.touched.insert(key, Touched::Changed(vec![diff]))),
        }
        Ok(())
    }

    /// What made, changed or dropped a collection or an index.
    fn command(&mut self, o: &Document) -> Result<()> {
        let (command, of) = o.iter().next().context("a command without a name")?;
        let name = of.as_str().unwrap_or_default();
        let mut rest = o.clone();
        rest.remove(command);
        match command.as_str() {
            "create" => {
                if name.starts_with(BUCKETS) || rest.contains_key("viewOn") {
                    bail!("a view or time-series collection ({name}) was made, which is not read from a log here");
                }
                for not_an_option in ["idIndex", "uuid", "recordIdsReplicated"] {
                    rest.remove(not_an_option);
                }
                let (kind, indexes) =
                    (Kind::Plain, Some(vec![bson::doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" }]));
                let collection = Collection { name: name.to_owned(), kind, indexes, options: rest };
                let living = Living { collection, base: None, touched: HashMap::new() };
                self.living.insert(name.to_owned(), living);
            }
            "drop" => drop(self.living.remove(name)),
            "dropDatabase" => self.living.clear(),
            "renameCollection" => self.rename(name, o.get_str("to").context("a new name")?)?,
            "createIndexes" => self.index(name, rest)?,
            "commitIndexBuild" => {
                let built = rest.get_array("indexes").context("no indexes")?.iter().filter_map(bson::Bson::as_document);
                for one in built.cloned().collect::<Vec<_>>() {
                    self.index(name, one)?;
                }
            }
            "dropIndexes" | "deleteIndexes" => {
                let index = rest.get_str("index").context("the index has no name")?.to_owned();
                let indexes = self.described(name)?.indexes.get_or_insert_default();
                indexes.retain(|i| i.get_str("name").ok() != Some(index.as_str()));
            }
            "collMod" => self.modify(name, &rest)?,
            "startIndexBuild" | "abortIndexBuild" => {}
            other => bail!("it holds the command {other}, which is not read from a log here"),
        }
        Ok(())
    }

    fn described(&mut self, name: &str) -> Result<&mut Collection> {
        let living = self.living.get_mut(name).with_context(|| format!("{name} is not there"))?;
        Ok(&mut living.collection)
    }

    fn index(&mut self, name: &str, index: Document) -> Result<()> {
        let indexes = self.described(name)?.indexes.get_or_insert_default();
        indexes.retain(|i| i.get_str("name").ok() != index.get_str("name").ok());
        indexes.push(index);
        Ok(())
    }

    fn modify(&mut self, name: &str, how: &Document) -> Result<()> {
        let collection = self.described(name)?;
        if how.keys().any(|key| key.starts_with("validat")) {
            // The server writes all three as soon as one is changed.
            for (key, default) in [("validationLevel", "strict"), ("validationAction", "error")] {
                collection.options.entry(key.to_owned()).or_insert_with(|| default.into());
            }
        }
        for (key, value) in how {
            if key != "index" {
                collection.options.insert(key, value.clone());
                continue;
            }
            let of = value.as_document().context("which index?")?;
            let named = |i: &Document| i.get_str("name").is_ok() && i.get_str("name").ok() == of.get_str("name").ok();
            let index = collection.indexes.iter_mut().flatten().find(|i| named(i)).context("an index not there")?;
            for (field, value) in of.iter().filter(|(field, _)| *field != "name") {
                index.insert(field, value.clone());
            }
        }
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let own = |full: &str| full.strip_prefix(&format!("{}.", self.database)).map(str::to_owned);
        match (own(from), own(to)) {
            (Some(from), Some(to)) => {
                let mut living = self.living.remove(&from).with_context(|| format!("{from} is not there"))?;
                living.collection.name.clone_from(&to);
                self.living.insert(to, living);
            }
            _ => bail!("it renames {from} to {to}, and only within a database that is read here"),
        }
        Ok(())
    }

    fn end(self, point: RecoveryPoint) -> RecoveryPoint {
        let mut living: Vec<Living> = self.living.into_values().collect();
        living.sort_by(|a, b| a.collection.name.cmp(&b.collection.name));
        let (collections, stored) = Overlay::over(&point, living);
        RecoveryPoint { collections, stored: std::sync::Arc::new(stored), ..point }
    }
}

fn changed(document: &RawDocument, diffs: &[Document]) -> Result<RawDocumentBuf> {
    let mut now = Document::try_from(document)?;
    for diff in diffs {
        now = diff::apply(&now, diff)?;
    }
    Ok(RawDocumentBuf::try_from(&now)?)
}
