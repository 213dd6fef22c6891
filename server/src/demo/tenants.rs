//! The tenants' databases: invented, the same at every first start, large enough that a drill takes a while.

use anyhow::Result;
use bson::{Decimal128, Document, doc, oid::ObjectId};
use domain::Moment;
use mongodb::Client;

use super::company;

/// Documents of an internal tenant's collections; customers hold a tenth.
const COLLECTIONS: [(&str, u64); 7] = [
    ("companies", 2_400),
    ("contacts", 14_000),
    ("deals", 5_200),
    ("activities", 42_000),
    ("pipelines", 12),
    ("users", 36),
    ("audit_events", 9_600),
];

/// The newest write lies this long before the demo's beginning: what a loss right then would cost.
const QUIET_MS: i64 = 63 * 60_000;

/// Makes them anew; one that is half made is dropped first.
pub async fn make(client: &Client, began: Moment) -> Result<()> {
    let newest = began.plus_millis(-QUIET_MS);
    for (number, tenant) in (1u64..).zip(company::TENANTS) {
        let db = client.database(tenant.database);
        db.drop().await?;
        let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for (name, full) in COLLECTIONS {
            let count = if tenant.customer { (full / 10).max(6) } else { full };
            let collection = db.collection::<Document>(name);
            let mut batch = Vec::with_capacity(1000);
            for n in 0..count {
                batch.push(document(name, number, n, count, newest, &mut random));
                if batch.len() == 1000 {
                    collection.insert_many(std::mem::take(&mut batch)).ordered(false).await?;
                }
            }
            if !batch.is_empty() {
                collection.insert_many(batch).ordered(false).await?;
            }
        }
        for (name, indexes) in [
            (
                "contacts",
                vec![
                    ("email_1", doc! { "email": 1 }, true),
                    ("company_1", doc! { "companyId": 1, "updatedAt": -1 }, false),
                ],
            ),
            ("companies", vec![("name_1", doc! { "name": 1 }, false)]),
            ("deals", vec![("stage_1_value_-1", doc! { "stage": 1, "value": -1 }, false)]),
            (
                "activities",
                vec![
                    ("contact_1_at_-1", doc! { "contactId": 1, "updatedAt": -1 }, false),
                    ("updatedAt_1", doc! { "updatedAt": 1 }, false),
                ],
            ),
            ("users", vec![("email_1", doc! { "email": 1 }, true)]),
            ("audit_events", vec![("at_-1", doc! { "updatedAt": -1 }, false)]),
        ] {
            let specs: Vec<Document> = indexes
                .into_iter()
                .map(|(index, key, unique)| {
                    let mut spec = doc! { "name": index, "key": key };
                    if unique {
                        spec.insert("unique", true);
                    }
                    spec
                })
                .collect();
            db.run_command(doc! { "createIndexes": name, "indexes": specs }).await?;
        }
    }
    Ok(())
}

fn document(collection: &str, tenant: u64, n: u64, count: u64, newest: Moment, random: &mut Random) -> Document {
    // Spread over a year, the last one written exactly at `newest`.
    let back = i64::try_from((count - 1 - n) * (365 * 24 * 3600) / count.max(1)).unwrap_or(0) * 1000;
    let written = newest.plus_millis(-back);
    let updated = bson::DateTime::from_millis(written.millis());
    let created = bson::DateTime::from_millis(written.plus_millis(-i64::from(random.below(90)) * 86_400_000).millis());
    let id = object_id(collection, tenant, n);
    let fields = match collection {
        "companies" => doc! {
            "name": format!("{} {}", random.pick(&FIRST), random.pick(&KIND)),
            "address": { "street": format!("{} {}", 1 + random.below(240), random.pick(&STREET)), "city": random.pick(&CITY), "geo": { "type": "Point", "coordinates": [f64::from(random.below(360_000)) / 1000.0 - 180.0, f64::from(random.below(180_000)) / 1000.0 - 90.0] } },
            "employees": i32::try_from(random.below(4000)).unwrap_or(0),
        },
        "contacts" => doc! {
            "name": { "given": random.pick(&GIVEN), "family": random.pick(&FIRST) },
            "email": format!("c{n}.t{tenant}@tenant.example"),
            "companyId": object_id("companies", tenant, n % 240),
            "tags": (0..random.below(4)).map(|_| random.pick(&TAG)).collect::<Vec<_>>(),
        },
        "deals" => doc! {
            "title": format!("{} {}", random.pick(&FIRST), random.pick(&KIND)),
            "stage": random.pick(&STAGE),
            "value": decimal(random.below(900_000)),
            "probability": f64::from(random.below(100)) / 100.0,
            "companyId": object_id("companies", tenant, n % 240),
        },
        "activities" => doc! {
            "kind": random.pick(&ACTIVITY),
            "contactId": object_id("contacts", tenant, n % 1400),
            "minutes": i32::try_from(random.below(90)).unwrap_or(0),
            "sequence": i64::try_from(n).unwrap_or(0) + 9_007_199_254_740_993,
            "note": format!("{} {} {}", random.pick(&TAG), random.pick(&KIND), random.pick(&STREET)),
        },
        "pipelines" => doc! { "name": format!("Pipeline {}", n + 1), "stages": STAGE.to_vec() },
        "users" => {
            doc! { "email": format!("u{n}.t{tenant}@tenant.example"), "role": if n == 0 { "admin" } else { "member" }, "active": n % 7 != 3 }
        }
        _ => doc! { "what": random.pick(&ACTIVITY), "user": object_id("users", tenant, n % 6), "ip": bson::Bson::Null },
    };
    let mut whole = doc! { "_id": id };
    whole.extend(fields);
    whole.insert("createdAt", created);
    whole.insert("updatedAt", updated);
    whole
}

impl Random {
    /// SplitMix64: small, and the same everywhere. <https://prng.di.unimi.it/splitmix64.c>
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        u32::try_from(self.next() % u64::from(n)).unwrap_or(0)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.next() % words.len() as u64).unwrap_or(0)]
    }
}

struct Random(u64);

/// The same document has the same id at every first start.
fn object_id(collection: &str, tenant: u64, n: u64) -> ObjectId {
    let mut bytes = [0u8; 12];
    let kind = COLLECTIONS.iter().position(|(name, _)| *name == collection).unwrap_or(0);
    bytes[0] = 0x65;
    bytes[3] = u8::try_from(kind).unwrap_or(0);
    bytes[4..8].copy_from_slice(&u32::try_from(tenant).unwrap_or(0).to_be_bytes());
    bytes[8..12].copy_from_slice(&u32::try_from(n).unwrap_or(0).to_be_bytes());
    ObjectId::from_bytes(bytes)
}

fn decimal(cents: u32) -> Decimal128 {
    format!("{}.{:02}", cents / 100, cents % 100).parse().expect("digits, a point and two digits are a decimal")
}

const FIRST: [&str; 16] = [
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper", "Larch", "Maple", "Oak",
    "Pine", "Rowan", "Willow",
];
const GIVEN: [&str; 8] = ["Ada", "Bram", "Cleo", "Dara", "Edda", "Finn", "Gita", "Hugo"];
const KIND: [&str; 8] = ["Works", "Partners", "Foods", "Textiles", "Logistics", "Clinics", "Optics", "Schools"];
const STREET: [&str; 6] = ["Harbour Road", "Mill Lane", "Station Street", "North Quay", "Hill Rise", "Orchard Way"];
const CITY: [&str; 6] = ["Leith", "Ghent", "Porto", "Bergen", "Cork", "Gdynia"];
const TAG: [&str; 6] = ["renewal", "trial", "key", "dormant", "referral", "event"];
const STAGE: [&str; 5] = ["lead", "qualified", "proposal", "won", "lost"];
const ACTIVITY: [&str; 5] = ["call", "mail", "meeting", "task", "note"];
