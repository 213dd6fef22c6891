//! A recovery point in mongodump's directory layout: taken from a live database, or found in a folder.
//!
//! Layout: `<db>/<collection>.bson` beside `<collection>.metadata.json` (canonical Extended JSON with
//! `indexes`, `options`, `collectionName`, `type`, `uuid`). File names are percent-escaped.
//! Source: <https://www.mongodb.com/docs/database-tools/mongodump/>

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bson::{Bson, Document, RawDocumentBuf, doc};
use chrono::{DateTime, Utc};
use domain::Moment;
use mongodb::{Client, Database};

use super::{bsonfile::BsonFile, progress::Progress};

/// One database's dump.
#[derive(Clone, Debug)]
pub struct Dump {
    /// "pilot-tansy at 2026-11-22T04:51:10Z"
    pub name: String,
    pub taken_at: Moment,
    pub collections: Vec<Collection>,
}

#[derive(Clone, Debug)]
pub struct Collection {
    pub name: String,
    pub path: PathBuf,
    /// As `createIndexes` takes them, `_id_` included.
    pub indexes: Vec<Document>,
    /// As `create` takes them.
    pub options: Document,
}

/// Dumps one database at one cluster time, so that the copy is of a single moment.
pub async fn take(client: &Client, tenant: &str, into: &Path, progress: &dyn Progress) -> Result<Dump> {
    let db = client.database(tenant);
    let dir = into.join(tenant);
    fs::create_dir_all(&dir).with_context(|| format!("no room for the dump in {}", dir.display()))?;
    let taken_at = Moment::from(Utc::now());
    let listed = listed(&db).await.with_context(|| format!("{tenant} cannot be listed"))?;
    if listed.is_empty() {
        bail!("{tenant} has no collection: it is gone, or was dropped after it was drawn");
    }
    let mut total = 0;
    for info in &listed {
        total += db.collection::<Document>(name_of(info)?).estimated_document_count().await?;
    }
    let mut session = client.start_session().snapshot(true).await.context("no session for a snapshot read")?;
    let mut collections = Vec::new();
    let mut done = 0;
    for info in listed {
        let name = name_of(&info)?.to_owned();
        let path = dir.join(format!("{}.bson", escaped(&name)));
        let mut file = std::io::BufWriter::with_capacity(1 << 20, fs::File::create(&path)?);
        let mut cursor = db
            .collection::<RawDocumentBuf>(&name)
            .find(doc! {})
            .batch_size(2000)
            .session(&mut session)
            .await
            .with_context(|| format!("{tenant}.{name} cannot be read"))?;
        while cursor.advance(&mut session).await.with_context(|| format!("reading {tenant}.{name}"))? {
            file.write_all(cursor.current().as_bytes()).with_context(|| format!("writing {}", path.display()))?;
            done += 1;
            if done % 2000 == 0 {
                progress.moved(done, total);
            }
        }
        file.flush().with_context(|| format!("writing {}", path.display()))?;
        let metadata = metadata(&db, &info).await?;
        fs::write(dir.join(format!("{}.metadata.json", escaped(&name))), metadata.to_string())?;
        collections.push(read_collection(&path)?);
    }
    if listed_names(&db).await?.is_empty() {
        bail!("{tenant} vanished while it was dumped");
    }
    progress.moved(done, done);
    Ok(Dump { name: format!("{tenant} at {}", taken_at.rfc3339()), taken_at, collections })
}

/// Opens a dump made by someone else. Its age is its newest file's.
pub fn open(root: &Path, tenant: &str) -> Result<Dump> {
    let dir = root.join(tenant);
    let mut paths: Vec<PathBuf> = fs::read_dir(&dir)
        .with_context(|| format!("{} is not there", dir.display()))?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|x| x == "bson"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        bail!("{} holds no .bson file; is this the folder above the database's, as mongodump makes it?", dir.display());
    }
    let mut newest = 0;
    for path in &paths {
        let changed: DateTime<Utc> = fs::metadata(path)?.modified()?.into();
        newest = newest.max(changed.timestamp_millis());
    }
    let taken_at = Moment::from_millis(newest).context("the dump's files have no usable date")?;
    let collections = paths.iter().map(|p| read_collection(p)).collect::<Result<_>>()?;
    Ok(Dump {
        name: format!("{tenant} in {}", root.file_name().unwrap_or_default().to_string_lossy()),
        taken_at,
        collections,
    })
}

impl Collection {
    pub fn open(&self) -> Result<BsonFile> {
        BsonFile::open(&self.path)
    }
}

fn read_collection(path: &Path) -> Result<Collection> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let beside = path.with_file_name(format!("{stem}.metadata.json"));
    let said = |what: &str| format!("{}: {what}", beside.display());
    let text = match fs::read_to_string(&beside) {
        Ok(text) => text,
        // Old dumps may have none; what it would say is then the default.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => "{}".to_owned(),
        Err(e) => return Err(e).with_context(|| said("cannot be read")),
    };
    let json: serde_json::Value = serde_json::from_str(&text).with_context(|| said("is not JSON"))?;
    let Bson::Document(meta) = Bson::try_from(json).with_context(|| said("is not Extended JSON"))? else {
        bail!(said("is not an object"));
    };
    let name = match meta.get_str("collectionName") {
        Ok(name) => name.to_owned(),
        Err(_) => unescaped(&stem),
    };
    let indexes = match meta.get_array("indexes") {
        Ok(list) => list.iter().filter_map(|i| i.as_document().cloned()).collect(),
        Err(_) => Vec::new(),
    };
    Ok(Collection {
        name,
        path: path.to_owned(),
        indexes,
        options: meta.get_document("options").cloned().unwrap_or_default(),
    })
}

/// Plain collections; views hold no data and system collections are the server's own.
async fn listed(db: &Database) -> Result<Vec<Document>> {
    let answer = db.run_command(doc! { "listCollections": 1, "cursor": { "batchSize": 10_000 } }).await?;
    let batch = answer.get_document("cursor")?.get_array("firstBatch")?;
    let mut infos: Vec<Document> = batch
        .iter()
        .filter_map(Bson::as_document)
        .filter(|i| i.get_str("type").ok() == Some("collection"))
        .filter(|i| i.get_str("name").is_ok_and(|n| !n.starts_with("system.")))
        .cloned()
        .collect();
    infos.sort_by(|a, b| a.get_str("name").ok().cmp(&b.get_str("name").ok()));
    Ok(infos)
}

async fn listed_names(db: &Database) -> Result<Vec<String>> {
    Ok(db.list_collection_names().await?)
}

async fn metadata(db: &Database, info: &Document) -> Result<serde_json::Value> {
    let name = name_of(info)?;
    let answer = db.run_command(doc! { "listIndexes": name, "cursor": { "batchSize": 1000 } }).await?;
    let indexes = answer.get_document("cursor")?.get_array("firstBatch")?.clone();
    let uuid = info
        .get_document("info")
        .ok()
        .and_then(|i| i.get("uuid"))
        .and_then(|u| if let Bson::Binary(b) = u { Some(domain::draw::hex(&b.bytes)) } else { None })
        .unwrap_or_default();
    let options = info.get_document("options").cloned().unwrap_or_default();
    let meta =
        doc! { "indexes": indexes, "uuid": uuid, "collectionName": name, "type": "collection", "options": options };
    Ok(Bson::Document(meta).into_canonical_extjson())
}

fn name_of(info: &Document) -> Result<&str> {
    info.get_str("name").context("the server listed a collection without a name")
}

/// Percent-escapes as mongodump does: letters, digits and `-_.~` stay.
fn escaped(name: &str) -> String {
    name.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn unescaped(name: &str) -> String {
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
}
