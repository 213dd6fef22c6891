//! A folder as mongodump writes it, compressed (`--gzip`) or not.
//!
//! Layout: `<db>/<collection>.bson` beside `<collection>.metadata.json`, each perhaps with `.gz`; views have only
//! the latter, and a time-series collection's documents lie in `system.buckets.<collection>.bson`. File names are
//! percent-escaped; one too long for a file is cut and ends in `%24` and a SHA-1, and its whole name stands in the
//! metadata. Source: <https://www.mongodb.com/docs/database-tools/mongodump/>

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use bson::RawDocumentBuf;
use chrono::{DateTime, Utc};
use domain::Moment;

use super::{BUCKETS, Collection, Entries, Kind, Reader, RecoveryPoint, Stored, is_servers_own, metadata};
use crate::runner::bsonfile::{BsonFile, unpacked};

/// The databases that a dump's folder holds.
pub fn databases(root: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(root).with_context(|| format!("cannot read {}", root.display()))?;
    Ok(entries
        .filter_map(|e| {
            let e = e.ok()?;
            e.file_type().ok()?.is_dir().then(|| unescaped(&e.file_name().to_string_lossy()))
        })
        .collect())
}

/// Opens a dump made by someone else. Its age is its newest file's.
pub fn open(root: &Path, database: &str) -> Result<RecoveryPoint> {
    let plain = root.join(database);
    let dir = if plain.is_dir() { plain } else { root.join(escaped(database)) };
    let found = Found::in_folder(&dir)?;
    if found.data.is_empty() && found.metadata.is_empty() {
        bail!("{} holds no .bson file; is this the folder above the database's, as mongodump makes it?", dir.display());
    }
    let (collections, files) = found.paired()?;
    let taken_at = Moment::from_millis(found.newest).context("the dump's files have no usable date")?;
    Ok(RecoveryPoint {
        name: format!("{database} in {}", root.file_name().unwrap_or_default().to_string_lossy()),
        kind: "mongodump directory, dated by its files".to_owned(),
        taken_at,
        server_version: server_version(&[root, &dir]),
        collections,
        stored: Arc::new(Files(files)),
    })
}

/// The files of one folder by the stem of their names.
#[derive(Default)]
struct Found {
    data: BTreeMap<String, PathBuf>,
    metadata: BTreeMap<String, PathBuf>,
    /// The newest change, in milliseconds.
    newest: i64,
}

/// The operation log that `mongodump --oplog` writes beside the databases.
pub fn oplog(root: &Path) -> Result<Option<Entries>> {
    let found = ["oplog.bson", "oplog.bson.gz"].map(|name| root.join(name)).into_iter().find(|path| path.is_file());
    Ok(match found {
        Some(path) => Some(Box::new(super::oplog::of_file(&path)?)),
        None => None,
    })
}

impl Found {
    fn in_folder(dir: &Path) -> Result<Self> {
        let mut found = Self::default();
        for entry in fs::read_dir(dir).with_context(|| format!("{} is not there", dir.display()))? {
            let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = name.strip_suffix(".gz").unwrap_or(&name);
            let (stem, place) = if let Some(stem) = name.strip_suffix(".metadata.json") {
                (stem.to_owned(), &mut found.metadata)
            } else if let Some(stem) = name.strip_suffix(".bson") {
                (stem.to_owned(), &mut found.data)
            } else {
                continue;
            };
            if !path.is_file() {
                continue;
            }
            let changed: DateTime<Utc> = fs::metadata(&path)?.modified()?.into();
            found.newest = found.newest.max(changed.timestamp_millis());
            if let Some(other) = place.insert(stem, path.clone()) {
                bail!(
                    "{} and {} lie side by side, and only one of them is the dump's",
                    other.display(),
                    path.display()
                );
            }
        }
        Ok(found)
    }

    /// Every collection with the file that holds its documents.
    fn paired(&self) -> Result<(Vec<Collection>, Vec<Numbered>)> {
        let mut collections: BTreeMap<String, (Collection, Option<PathBuf>)> = BTreeMap::new();
        let mut buckets: HashMap<String, PathBuf> = HashMap::new();
        for (stem, path) in &self.data {
            let name = unescaped(stem);
            if let Some(of) = name.strip_prefix(BUCKETS) {
                buckets.insert(of.to_owned(), path.clone());
            } else if !self.metadata.contains_key(stem) && !is_servers_own(&name) {
                // Old dumps may have no metadata; what it would say is then the default.
                let collection = Collection { name, kind: Kind::Plain, indexes: None, options: Default::default() };
                collections.insert(collection.name.clone(), (collection, Some(path.clone())));
            }
        }
        for (stem, path) in &self.metadata {
            let said = |what: &str| format!("{}: {what}", path.display());
            let mut text = String::new();
            unpacked(path)?.read_to_string(&mut text).with_context(|| said("cannot be read"))?;
            let meta = metadata::read(&text, &said)?;
            let by_file = unescaped(stem);
            let name = meta.name.unwrap_or_else(|| by_file.clone());
            if name != by_file && !is_cut(stem, &name) {
                bail!(said(&format!("it says it is of the collection {name}, and its file's name says {by_file}")));
            }
            // Old tools wrote metadata of the buckets too.
            if is_servers_own(&name) {
                continue;
            }
            let data = self.data.get(stem);
            let data = match meta.kind {
                Kind::View => {
                    if let Some(data) = data.filter(|p| fs::metadata(p).is_ok_and(|m| m.len() > 0)) {
                        bail!(said(&format!("it says it is of a view, and {} holds documents", data.display())));
                    }
                    None
                }
                Kind::TimeSeries => Some(buckets.remove(&name).or_else(|| data.cloned()).with_context(|| {
                    said(&format!("a time-series collection without {BUCKETS}{name}.bson: the dump is not complete"))
                })?),
                Kind::Plain => Some(data.cloned().with_context(|| {
                    said("there is no .bson file of that name beside it: the dump is not complete")
                })?),
            };
            let collection =
                Collection { name: name.clone(), kind: meta.kind, indexes: meta.indexes, options: meta.options };
            if collections.insert(name.clone(), (collection, data)).is_some() {
                bail!(said(&format!("another file of the dump is of the collection {name} as well")));
            }
        }
        if let Some((of, path)) = buckets.into_iter().next() {
            bail!("{} has no {of}.metadata.json beside it: the dump is not complete", path.display());
        }
        let mut files = Vec::new();
        let mut listed = Vec::new();
        for (number, (collection, path)) in collections.into_values().enumerate() {
            files.extend(path.map(|path| (number, path)));
            listed.push(collection);
        }
        Ok((listed, files))
    }
}

/// A file for each collection, by the collection's number.
#[derive(Debug)]
pub struct Files(pub Vec<Numbered>);

/// A collection's number and its file.
pub type Numbered = (usize, PathBuf);

impl Stored for Files {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>> {
        // Opened only when they are read: a database may have more collections than a process may have files.
        let lazily = |(number, path): &Numbered| {
            let reader: Box<dyn Reader> = Box::new(OneFile { number: *number, path: path.clone(), file: None });
            reader
        };
        Ok(self.0.iter().map(lazily).collect())
    }

    fn bytes(&self) -> Option<u64> {
        let mut total = 0;
        for (_, path) in &self.0 {
            if path.extension().is_some_and(|x| x == "gz") {
                return None;
            }
            total += fs::metadata(path).ok()?.len();
        }
        Some(total)
    }
}

struct OneFile {
    number: usize,
    path: PathBuf,
    file: Option<BsonFile>,
}

impl Reader for OneFile {
    fn next(&mut self) -> Result<Option<(usize, RawDocumentBuf)>> {
        if self.file.is_none() {
            self.file = Some(BsonFile::open(&self.path)?);
        }
        let Some(file) = &mut self.file else { return Ok(None) };
        Ok(file.next_document()?.map(|document| (self.number, document)))
    }
}

/// What `prelude.json` says, which newer tools write at the top or in the database's folder.
fn server_version(folders: &[&Path]) -> Option<String> {
    let files = folders.iter().flat_map(|f| [f.join("prelude.json"), f.join("prelude.json.gz")]);
    let path = files.into_iter().find(|p| p.is_file())?;
    let mut text = String::new();
    unpacked(&path).ok()?.read_to_string(&mut text).ok()?;
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    json.get("ServerVersion")?.as_str().filter(|v| v.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

/// Whether a file's stem is a name cut to what a file system takes.
fn is_cut(stem: &str, name: &str) -> bool {
    stem.rsplit_once("%24").is_some_and(|(begins, sum)| {
        sum.len() >= 27
            && escaped(name).starts_with(begins.trim_end_matches(|c: char| c == '%' || c.is_ascii_hexdigit()))
    })
}

/// Percent-escapes as mongodump does: letters, digits and `-_.~` stay.
pub fn escaped(name: &str) -> String {
    name.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

pub fn unescaped(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|p| std::str::from_utf8(p).ok()).and_then(|p| u8::from_str_radix(p, 16).ok());
        match (first, pair) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_went() {
        for name in ["contacts", "cafés", "a b/c", "100%", "ü.x"] {
            assert_eq!(unescaped(&escaped(name)), name);
        }
        assert_eq!(escaped("cafés"), "caf%C3%A9s");
    }

    #[test]
    fn a_name_too_long_for_a_file_is_known_by_its_metadata() {
        let name = "ü".repeat(120);
        let stem = format!("{}%24{}", &escaped(&name)[..208], "0a".repeat(20));
        assert!(is_cut(&stem, &name));
        assert!(!is_cut("orders", "invoices"));
    }

    #[test]
    fn a_dump_that_disagrees_with_itself_says_which_file_does() {
        let orders = r#"{"indexes":[],"collectionName":"orders","type":"collection"}"#;
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[("orders.metadata.json", orders)], "no .bson file of that name"),
            (&[("invoices.bson", ""), ("invoices.metadata.json", orders)], "it says it is of the collection orders"),
            (&[("orders.bson", ""), ("orders.metadata.json", "")], "is empty"),
            (&[("orders.bson", ""), ("orders.metadata.json", "{\"indexes\":")], "is not an object in Extended JSON"),
            (
                &[("v.bson", "\x05"), ("v.metadata.json", r#"{"indexes":[],"options":{"viewOn":"x","pipeline":[]}}"#)],
                "of a view, and",
            ),
            (&[("system.buckets.w.bson", "")], "has no w.metadata.json"),
        ];
        for (files, says) in cases {
            let dir = tempfile::tempdir().expect("a folder");
            std::fs::create_dir(dir.path().join("db")).expect("a folder");
            for (name, text) in files {
                std::fs::write(dir.path().join("db").join(name), text).expect("a file");
            }
            let error = format!("{:#}", open(dir.path(), "db").expect_err(says));
            assert!(error.contains(says), "{error}");
        }
    }
}
