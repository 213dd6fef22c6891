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
    // Not by way of a JSON value, which sorts the keys of an object: an index on (b, a) is not one on (a, b).
    let meta: Document = serde_json::from_str(text).with_context(|| said("is not an object in Extended JSON"))?;
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
    extended_json(&Bson::Document(meta))
}

/// Canonical, with every object's keys in their order.
fn extended_json(value: &Bson) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match value {
        Bson::Document(d) => {
            let fields: Vec<String> = d.iter().map(|(k, v)| format!("{}:{}", quoted(k), extended_json(v))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Bson::Array(items) => format!("[{}]", items.iter().map(extended_json).collect::<Vec<_>>().join(",")),
        leaf => leaf.clone().into_canonical_extjson().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_indexs_keys_keep_their_order_and_every_number_is_read() {
        let text = r#"{"options":{"size":{"$numberLong":"4096"}},"indexes":[{"v":{"$numberInt":"2"},"key":{"b":{"$numberDouble":"-1.0"},"a":1,"x.$**":"text"},
            "name":"n","partialFilterExpression":{"at":{"$date":{"$numberLong":"5"}},"id":{"$oid":"0707070707070707070707070707070707070707"},"d":{"$numberDecimal":"2"}}}]}"#;
        let text = text.replace("0707070707070707070707070707070707070707", "070707070707070707070707");
        let meta = read(&text, &|what| what.to_owned()).expect("it reads");
        let index = &meta.indexes.expect("indexes")[0];
        let key = index.get_document("key").expect("a key");
        assert_eq!(key, &doc! { "b": -1.0, "a": 1, "x.$**": "text" });
        assert_eq!(key.keys().map(String::as_str).collect::<Vec<_>>(), ["b", "a", "x.$**"]);
        let filter = index.get_document("partialFilterExpression").expect("a filter");
        assert_eq!(filter.get_datetime("at").expect("a date"), &bson::DateTime::from_millis(5));
        assert!(filter.get_object_id("id").is_ok() && matches!(filter.get("d"), Some(Bson::Decimal128(_))));
        assert_eq!(meta.options, doc! { "size": 4096_i64 });
        let (index, kind) = (index.clone(), Kind::Plain);
        let collection =
            Collection { name: "c".into(), kind, indexes: Some(vec![index.clone()]), options: meta.options.clone() };
        let again = read(&written(&collection, ""), &|what| what.to_owned()).expect("it reads again");
        assert_eq!((again.indexes, again.options), (Some(vec![index]), meta.options));
    }
}
