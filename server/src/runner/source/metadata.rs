//! What mongodump writes about a collection: canonical Extended JSON with `indexes`, `options`, `collectionName`,
//! `type` and `uuid`. Old tools wrote plain numbers, an `ns` in each index, and no name or type.
//! Source: <https://github.com/mongodb/mongo-tools>, mongodump/metadata_dump.go

use anyhow::{Context, Result, bail};
use bson::{Bson, Document, doc};

use super::{Collection, Kind};

pub struct Metadata {
    pub name: Option<String>,
    pub kind: Kind,
    pub indexes: Option<Vec<Document>>,
    pub options: Document,
}

/// `said` names where the text lies.
pub fn read(text: &str, said: &dyn Fn(&str) -> String) -> Result<Metadata> {
    if text.trim().is_empty() {
        bail!(said("is empty; mongodump always writes an object"));
    }
    let json: serde_json::Value = serde_json::from_str(text).with_context(|| said("is not JSON"))?;
    let Bson::Document(meta) = Bson::try_from(json).with_context(|| said("is not Extended JSON"))? else {
        bail!(said("is not an object"));
    };
    let options = match meta.get("options") {
        None | Some(Bson::Null) => Document::new(),
        Some(Bson::Document(options)) => options.clone(),
        Some(_) => bail!(said("has options that are not an object")),
    };
    let indexes = match meta.get("indexes") {
        None | Some(Bson::Null) => None,
        Some(Bson::Array(list)) => {
            let each: Option<Vec<Document>> = list.iter().map(|i| i.as_document().cloned()).collect();
            Some(each.with_context(|| said("has an index that is not an object"))?)
        }
        Some(_) => bail!(said("has indexes that are not a list")),
    };
    let stated = meta.get_str("type").unwrap_or_default();
    let kind = if stated == "timeseries" || options.contains_key("timeseries") {
        Kind::TimeSeries
    } else if stated == "view" || options.contains_key("viewOn") {
        Kind::View
    } else {
        Kind::Plain
    };
    Ok(Metadata { name: meta.get_str("collectionName").ok().map(str::to_owned), kind, indexes, options })
}

/// As mongodump writes it.
pub fn written(collection: &Collection, uuid: &str) -> String {
    let kind = match collection.kind {
        Kind::Plain => "collection",
        Kind::View => "view",
        Kind::TimeSeries => "timeseries",
    };
    let indexes = collection.indexes.clone().unwrap_or_default();
    let meta = doc! {
        "options": collection.options.clone(), "indexes": indexes, "uuid": uuid,
        "collectionName": &collection.name, "type": kind,
    };
    Bson::Document(meta).into_canonical_extjson().to_string()
}
