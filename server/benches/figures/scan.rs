//! Bare scans: every document's raw BSON is read, and nothing is done with it.

use std::time::Instant;

use bson::{RawBsonRef, RawDocumentBuf, doc};
use futures::StreamExt;
use mongodb::{
    Database,
    options::{FindOptions, Hint},
};
use tokio::task::JoinSet;

use crate::orders::document;

/// The quickest the driver has: whole batches as they came, in so many ranges at once. Seconds.
pub async fn raw(db: &Database, documents: usize, ways: usize) -> f64 {
    let began = Instant::now();
    let mut reading = JoinSet::new();
    for way in 0..ways {
        let bound = |way: usize| doc! { "_id": document(way * documents / ways).get_object_id("_id").expect("an id") };
        let mut options = FindOptions::builder().batch_size(4000).build();
        if ways > 1 {
            options.hint = Some(Hint::Keys(doc! { "_id": 1 }));
            options.min = (way > 0).then(|| bound(way));
            options.max = (way + 1 < ways).then(|| bound(way + 1));
        }
        reading.spawn(range(db.clone(), options));
    }
    let read: usize = reading.join_all().await.into_iter().sum();
    assert_eq!(read, documents);
    began.elapsed().as_secs_f64()
}

async fn range(db: Database, options: FindOptions) -> usize {
    let orders = db.collection::<RawDocumentBuf>("orders");
    let mut batches = orders.find(doc! {}).with_options(options).batch().await.expect("rows");
    let mut read = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.expect("a batch");
        let rows = batch.doc_slices().expect("an array").into_iter();
        read += rows.filter(|row| matches!(row, Ok(RawBsonRef::Document(raw)) if !raw.as_bytes().is_empty())).count();
    }
    read
}

/// The driver's ordinary cursor, a raw document at a time. Seconds.
pub async fn rows(db: &Database) -> f64 {
    let began = Instant::now();
    let mut rows = db.collection::<RawDocumentBuf>("orders").find(doc! {}).await.expect("rows");
    let mut bytes = 0;
    while rows.advance().await.expect("a row") {
        bytes += rows.current().as_bytes().len();
    }
    assert!(bytes > 0);
    began.elapsed().as_secs_f64()
}
