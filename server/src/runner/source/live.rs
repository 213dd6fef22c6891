//! A recovery point taken from a live database: a mongodump directory, made for the drill and gone with it.

use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use bson::{Bson, Document, RawDocumentBuf, doc};
use chrono::Utc;
use domain::{Moment, draw::hex};
use mongodb::{Client, ClientSession, Database, error::Error};

use super::{
    Collection, Kind, RecoveryPoint,
    directory::{Files, escaped},
    is_servers_own, metadata,
};
use crate::runner::{progress::Progress, refusal};

/// Dumps one database at one cluster time, so that the copy is of a single moment, where the server allows that.
pub async fn take(client: &Client, database: &str, into: &Path, progress: &dyn Progress) -> Result<RecoveryPoint> {
    let db = client.database(database);
    let dir = into.join(escaped(database));
    fs::create_dir_all(&dir).with_context(|| format!("no room for the dump in {}", dir.display()))?;
    let taken_at = Moment::from(Utc::now());
    let listed = listed(&db).await.with_context(|| format!("{database} cannot be listed"))?;
    if listed.is_empty() {
        bail!("{database} has no collection: it is gone, or was dropped after it was drawn");
    }
    let mut total = 0;
    for (collection, _) in listed.iter().filter(|(c, _)| c.holds_documents()) {
        total += db.collection::<Document>(&collection.data_name()).estimated_document_count().await?;
    }
    let mut moment = OneMoment::of(client, &db, &listed).await?;
    let mut collections = Vec::new();
    let mut files = Vec::new();
    let mut told = Told { progress, done: 0, total };
    for (number, (collection, uuid)) in listed.into_iter().enumerate() {
        let beside = dir.join(format!("{}.metadata.json", escaped(&collection.name)));
        fs::write(&beside, metadata::written(&collection, &uuid))
            .with_context(|| format!("writing {}", beside.display()))?;
        if collection.holds_documents() {
            let path = dir.join(format!("{}.bson", escaped(&collection.data_name())));
            dump(&db, &collection, &path, &mut moment, &mut told).await?;
            files.push((number, path));
        }
        collections.push(collection);
    }
    if db.list_collection_names().await?.is_empty() {
        bail!("{database} vanished while it was dumped");
    }
    progress.moved(told.done, told.done);
    Ok(RecoveryPoint {
        name: format!("{database} at {}", taken_at.rfc3339()),
        kind: moment.says(),
        taken_at,
        server_version: version(&db).await,
        collections,
        stored: Arc::new(Files(files)),
    })
}

struct Told<'a> {
    progress: &'a dyn Progress,
    done: u64,
    total: u64,
}

/// Reads at one cluster time, and what could not be read so.
struct OneMoment {
    session: Option<ClientSession>,
    apart: Vec<String>,
}

impl OneMoment {
    async fn of(client: &Client, db: &Database, listed: &[(Collection, String)]) -> Result<Self> {
        let mut session = client.start_session().snapshot(true).await.context("no session for a snapshot read")?;
        // Servers without a replica set refuse; asked with a collection that may be read so.
        let Some((asked, _)) = listed.iter().find(|(c, _)| c.holds_documents() && !c.capped()) else {
            return Ok(Self { session: Some(session), apart: Vec::new() });
        };
        let first = db.collection::<RawDocumentBuf>(&asked.data_name());
        let tried = first.find(doc! {}).limit(1).session(&mut session).await;
        match tried {
            Ok(_) => Ok(Self { session: Some(session), apart: Vec::new() }),
            Err(e) if refuses_snapshot(&e) => Ok(Self { session: None, apart: Vec::new() }),
            Err(e) => Err(refusal(e)).with_context(|| format!("{}.{} cannot be read", db.name(), asked.name)),
        }
    }

    fn says(&self) -> String {
        let made = "mongodump directory, made for this drill";
        match (&self.session, self.apart.as_slice()) {
            (None, _) => format!("{made}, not of one moment: the server has no snapshot reads"),
            (Some(_), []) => made.to_owned(),
            (Some(_), apart) => format!("{made}; capped, so not of the same moment: {}", apart.join(", ")),
        }
    }
}

async fn dump(
    db: &Database,
    collection: &Collection,
    path: &PathBuf,
    moment: &mut OneMoment,
    told: &mut Told<'_>,
) -> Result<()> {
    let said = || format!("reading {}.{}", db.name(), collection.name);
    let full = || format!("writing {}: the copy is not complete, and the drill ends here", path.display());
    let mut file = BufWriter::with_capacity(1 << 20, fs::File::create(path).with_context(full)?);
    let there = db.collection::<RawDocumentBuf>(&collection.data_name());
    let find = there.find(doc! {}).batch_size(2000);
    // Before MongoDB 8.0 a capped collection cannot be read in a snapshot.
    match &mut moment.session {
        Some(session) if !collection.capped() => {
            let mut cursor = find.session(&mut *session).await.map_err(refusal).with_context(said)?;
            while cursor.advance(session).await.map_err(refusal).with_context(said)? {
                file.write_all(cursor.current().as_bytes()).with_context(full)?;
                told.one();
            }
        }
        _ => {
            if collection.capped() {
                moment.apart.push(collection.name.clone());
            }
            let mut cursor = find.await.map_err(refusal).with_context(said)?;
            while cursor.advance().await.map_err(refusal).with_context(said)? {
                file.write_all(cursor.current().as_bytes()).with_context(full)?;
                told.one();
            }
        }
    }
    file.flush().with_context(full)
}

impl Told<'_> {
    fn one(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(2000) {
            self.progress.moved(self.done, self.total);
        }
    }
}

/// A server that cannot read at one moment says so by one of these: IllegalOperation, InvalidOptions,
/// NotAReplicaSet, SnapshotUnavailable.
pub fn refuses_snapshot(error: &Error) -> bool {
    matches!(*error.kind, mongodb::error::ErrorKind::Command(ref c) if [20, 72, 123, 246].contains(&c.code))
}

/// Every collection that somebody made, with its UUID, sorted by name; what is the server's own is left out.
pub async fn listed(db: &Database) -> Result<Vec<(Collection, String)>> {
    let answer = db.run_command(doc! { "listCollections": 1, "cursor": { "batchSize": 100_000 } }).await;
    let answer = answer.map_err(refusal)?;
    let batch = answer.get_document("cursor")?.get_array("firstBatch")?;
    let mut collections = Vec::new();
    for info in batch.iter().filter_map(Bson::as_document) {
        let name = info.get_str("name").context("the server listed a collection without a name")?.to_owned();
        let kind = match info.get_str("type").unwrap_or_default() {
            "view" => Kind::View,
            "timeseries" => Kind::TimeSeries,
            _ => Kind::Plain,
        };
        if is_servers_own(&name) {
            continue;
        }
        let uuid = info.get_document("info").ok().and_then(|i| i.get("uuid"));
        let uuid = uuid.and_then(|u| if let Bson::Binary(b) = u { Some(hex(&b.bytes)) } else { None });
        let options = info.get_document("options").cloned().unwrap_or_default();
        let indexes = if kind == Kind::View { Vec::new() } else { indexes(db, &name).await? };
        collections.push((Collection { name, kind, indexes: Some(indexes), options }, uuid.unwrap_or_default()));
    }
    collections.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    Ok(collections)
}

pub async fn indexes(db: &Database, collection: &str) -> Result<Vec<Document>> {
    let answer = db.run_command(doc! { "listIndexes": collection, "cursor": { "batchSize": 1000 } }).await;
    let answer = answer.map_err(refusal).with_context(|| format!("the indexes of {collection}"))?;
    let batch = answer.get_document("cursor")?.get_array("firstBatch")?;
    Ok(batch.iter().filter_map(|i| i.as_document().cloned()).collect())
}

/// "7.0.16"
pub async fn version(db: &Database) -> Option<String> {
    let info = db.run_command(doc! { "buildInfo": 1 }).await.ok()?;
    info.get_str("version").ok().map(str::to_owned)
}
