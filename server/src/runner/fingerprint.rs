//! Takes a fingerprint: of a live database, read at one moment where its server allows, or of a recovery point.
//!
//! All documents are read, and none is kept: what leaves this machine are counts, definitions and digests, and the
//! `_id`s of a small collection unless the sketches are left out.

pub mod hash;
pub mod id;
pub mod read;

use std::path::Path;

use anyhow::{Context, Result, bail};
use bson::Timestamp;
use chrono::Utc;
use domain::{
    Moment,
    fingerprint::{Collection, Contents, Fingerprint, Kind, Read, SCHEMA},
};
use mongodb::Client;

use self::hash::DbHash;
use super::{
    bad_address,
    definitions::{self, Ttl},
    plan::Further,
    refusal::refusal,
    source::{self, RecoveryPoint, live},
};

/// What a fingerprint is to hold beside the digests.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// What MongoDB's own `dbHash` says; the documents are then read in the order of their `_id`s.
    pub db_hash: bool,
    /// What names the documents that differ.
    pub sketches: bool,
}

/// What is behind a name of the command line: `URI#db`, `FOLDER#db` or `ARCHIVE#db`.
pub async fn of(place: &str, database: &str, wish: Wish) -> Result<Fingerprint> {
    if place.starts_with("mongodb://") || place.starts_with("mongodb+srv://") {
        let client = Client::with_uri_str(place).await.map_err(|_| bad_address("given"))?;
        return of_live(&client, database, wish).await;
    }
    let path = Path::new(place);
    if !path.exists() {
        bail!("it is neither a MongoDB address (mongodb://…) nor a mongodump folder or archive that is there");
    }
    of_point(source::open(path, database, &Further::default())?, database, wish).await
}

/// Of a live database.
pub async fn of_live(client: &Client, database: &str, wish: Wish) -> Result<Fingerprint> {
    live_at(client, database, wish, None).await
}

/// Of a live database at a moment of its past, of which its server keeps some minutes. What could not be read so says
/// it was read otherwise.
pub async fn of_live_at(client: &Client, database: &str, wish: Wish, at: Timestamp) -> Result<Fingerprint> {
    live_at(client, database, wish, Some(at)).await
}

async fn live_at(client: &Client, database: &str, wish: Wish, at: Option<Timestamp>) -> Result<Fingerprint> {
    let db = client.database(database);
    let taken_at = Moment::from(Utc::now());
    let listed = live::listed(&db).await.with_context(|| format!("{database} cannot be listed"))?;
    if listed.is_empty() {
        bail!("{database} has no collection: it is not there, or this user may not see it");
    }
    let at = match at {
        Some(at) => Some(at),
        None => read::moment(&db, &listed).await?,
    };
    let mut collections = Vec::new();
    for (collection, _) in listed {
        let mut out = described(&collection);
        if collection.holds_documents() {
            let found = read::all(&db, &collection, at, wish.db_hash).await;
            let found = found.with_context(|| format!("reading {database}.{}", collection.name))?;
            filled(&mut out, &found.contents, wish);
            out.read = found.read;
            out.db_hash = found.db_hash;
        }
        collections.push(out);
    }
    collections.sort_by(|a, b| a.name.cmp(&b.name));
    let server_version = live::version(&db).await;
    Ok(Fingerprint { schema: SCHEMA, database: database.to_owned(), taken_at, server_version, collections })
}

/// Of a recovery point, read once from its beginning.
pub async fn of_point(point: RecoveryPoint, database: &str, wish: Wish) -> Result<Fingerprint> {
    let database = database.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut contents = vec![Contents::default(); point.collections.len()];
        let mut hashes: Vec<DbHash> = point.collections.iter().map(DbHash::of_dump).collect();
        for mut reader in point.stored.readers()? {
            while let Some((number, raw)) = reader.next()? {
                let raw = raw.as_bytes();
                contents[number].add(raw, &id::key(raw));
                if wish.db_hash {
                    hashes[number].add(raw);
                }
            }
        }
        let mut collections = Vec::new();
        for ((collection, contents), hash) in point.collections.iter().zip(&contents).zip(hashes) {
            let mut out = described(collection);
            if collection.holds_documents() {
                filled(&mut out, contents, wish);
                if wish.db_hash {
                    match hash.finish() {
                        Ok(md5) => out.db_hash = Some(md5),
                        Err(why) => out.no_db_hash = Some(why.to_owned()),
                    }
                }
            }
            collections.push(out);
        }
        collections.sort_by(|a, b| a.name.cmp(&b.name));
        let (taken_at, server_version) = (point.taken_at, point.server_version.clone());
        Ok(Fingerprint { schema: SCHEMA, database, taken_at, server_version, collections })
    })
    .await
    .context("the reading ended early")?
}

/// Counts and digest of one live collection, for a comparison.
pub async fn contents(db: &mongodb::Database, collection: &source::Collection) -> Result<(Contents, Read)> {
    let found = read::all(db, collection, None, false).await?;
    Ok((found.contents, found.read))
}

/// Of each collection that MongoDB's own command hashes.
pub async fn servers_own(db: &mongodb::Database) -> Result<std::collections::HashMap<String, String>> {
    let answer = db.run_command(bson::doc! { "dbHash": 1 }).await.map_err(refusal)?;
    let each = answer.get_document("collections").context("the server's hash has no collections")?;
    Ok(each.iter().filter_map(|(name, md5)| Some((name.clone(), md5.as_str()?.to_owned()))).collect())
}

fn described(collection: &source::Collection) -> Collection {
    let mut indexes: Vec<_> = collection.indexes.iter().flatten().map(|i| definitions::index(i, Ttl::Counts)).collect();
    indexes.sort_by(|a, b| a.get_str("name").ok().cmp(&b.get_str("name").ok()));
    Collection {
        name: collection.data_name(),
        kind: match collection.kind {
            source::Kind::Plain => Kind::Collection,
            source::Kind::View => Kind::View,
            source::Kind::TimeSeries => Kind::TimeSeries,
        },
        documents: 0,
        bytes: 0,
        contents: None,
        db_hash: None,
        no_db_hash: None,
        indexes: indexes.into_iter().map(definitions::json).collect(),
        options: definitions::json(definitions::options(&collection.options, Ttl::Counts)),
        read: Read::Snapshot,
        sketch: None,
    }
}

fn filled(out: &mut Collection, contents: &Contents, wish: Wish) {
    out.documents = contents.documents();
    out.bytes = contents.bytes();
    out.contents = Some(contents.digest());
    out.sketch = wish.sketches.then(|| contents.sketch());
}
