//! The collection of the runner's figures: orders, the same at every run.

use bson::{Document, doc, oid::ObjectId};
use mongodb::Database;

/// Documents of the collection.
pub fn scale() -> usize {
    std::env::var("PASSMUSTER_BENCH_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

pub async fn insert(db: &Database, from: usize, to: usize) {
    let orders = db.collection::<Document>("orders");
    for start in (from..to).step_by(5000) {
        let batch = (start..to.min(start + 5000)).map(document);
        orders.insert_many(batch).ordered(false).await.expect("inserted");
    }
}

/// An order of some 400 bytes, the same at every call.
pub fn document(n: usize) -> Document {
    let mut oid = [0u8; 12];
    oid[..8].copy_from_slice(&(1_760_000_000_000_u64 + n as u64).to_be_bytes());
    oid[8..].copy_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).wrapping_mul(2_654_435_761).to_be_bytes());
    let n = i64::try_from(n).expect("small");
    let status = ["open", "paid", "shipped", "returned"][usize::try_from(n % 4).expect("small")];
    doc! {
        "_id": ObjectId::from_bytes(oid),
        "customerId": format!("customer-{:06}", n % 50_000),
        "status": status,
        "total": n * 31 % 100_000,
        "currency": "EUR",
        "items": [{ "sku": n % 977, "count": 1, "price": 12.5 }, { "sku": n % 379, "count": 3, "price": 99.0 }],
        "note": "please ring twice, the dog is friendly and the gate is open until six",
        "updatedAt": bson::DateTime::from_millis(1_760_000_000_000 + n),
    }
}

pub fn said(n: usize) -> String {
    domain::words::count(i64::try_from(n).unwrap_or(i64::MAX))
}
