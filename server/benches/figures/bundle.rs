//! A bundle of many attestations: memory that does not grow with them, and seconds beside a bare scan.

use std::time::Instant;

use bson::{RawDocumentBuf, doc};
use domain::{
    Moment,
    attestation::{Attestation, RecoveryPoint, Strength},
    schedule::{Period, sundays},
};
use futures::TryStreamExt;
use server::{compose::House, demo::mongod::Mongod, ledger::watch};

use crate::{
    figure::Figure,
    house::{Took, config, run_part},
};

/// A million, in 20 000 tenants' fifty Sundays; the smaller company has a tenth.
const TENANTS: usize = 20_000;
const WEEKS: usize = 50;

struct Measured {
    records: f64,
    sealing: f64,
    inserting: f64,
    made: Took,
    verified: Took,
    scan: f64,
}

pub async fn figures() -> Vec<Figure> {
    let scale = std::env::var("PASSMUSTER_BENCH_TENANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(TENANTS);
    let small = measure(scale / 10).await;
    let large = measure(scale).await;
    let n = domain::words::count(large.records as i64);
    vec![
        Figure::beside(
            "bundle-peak-memory",
            "MiB",
            large.made.peak_mib,
            small.made.peak_mib,
            format!("the portal's most memory while it makes a bundle of {n} attestations, beside a tenth of them"),
        )
        .at_most("at most 3", 3.0),
        Figure::beside(
            "bundle-seconds",
            "s",
            large.made.seconds,
            large.scan,
            format!(
                "making it, beside a bare driver scan of the rows it is made from ({} MiB)",
                large.made.bytes >> 20
            ),
        ),
        Figure::beside(
            "verify-peak-memory",
            "MiB",
            large.verified.peak_mib,
            large.verified.bytes as f64 / f64::from(1 << 20),
            "the verifier's most memory, beside the bytes it unpacks",
        )
        .at_most("at most 1", 1.0),
        Figure::beside(
            "verify-seconds",
            "s",
            large.verified.seconds,
            large.made.seconds,
            "verifying it, beside making it",
        ),
        Figure::beside(
            "seal-rate",
            "1/s",
            large.records / large.sealing,
            large.records / large.inserting,
            "records sealed a second at the first scan, beside inserting them bare",
        ),
    ]
}

async fn measure(tenants: usize) -> Measured {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("db");
    std::fs::create_dir_all(&data).expect("a folder");
    let mongod = Mongod::start(&data).await.expect("a mongod: set PASSMUSTER_MONGOD, or use make bench");
    let (uri, keys, zip) = (mongod.uri(), dir.path().join("keys"), dir.path().join("bundle.zip"));
    let house = House::open(config(&uri, &keys)).await.expect("the portal opens");
    eprintln!("inserting {} attestations ...", tenants * WEEKS);
    let began = Instant::now();
    let records = insert(&house, tenants).await;
    let inserting = began.elapsed().as_secs_f64();
    eprintln!("sealing them ...");
    let began = Instant::now();
    watch::scan(&house.ledger).await.expect("sealed");
    let sealing = began.elapsed().as_secs_f64();
    eprintln!("scanning them bare ...");
    let began = Instant::now();
    for coll in ["ledger_entries", "ledger_records", "backup_audit_log"] {
        let rows = house.store.db.collection::<RawDocumentBuf>(coll);
        let mut rows = rows.find(doc! {}).sort(doc! { "_id": 1 }).await.expect("rows");
        while rows.try_next().await.expect("a row").is_some() {}
    }
    let scan = began.elapsed().as_secs_f64();
    eprintln!("making the bundle ...");
    let (keys, zip) = (keys.display().to_string(), zip.display().to_string());
    let made = run_part(&["bundle", &uri, &keys, &zip]);
    eprintln!("verifying it ...");
    let verified = run_part(&["verify", &zip]);
    mongod.stop().await;
    Measured { records: records as f64, sealing, inserting, made, verified, scan }
}

/// As a cron of the company's own would have written them, every Sunday.
async fn insert(house: &House, tenants: usize) -> usize {
    let log = house.store.documents("backup_audit_log");
    let year = Period::days("2026-01-01", "2026-12-31").expect("a year");
    let mut count = 0;
    for sunday in sundays(year.from, year.to).into_iter().take(WEEKS) {
        for part in (0..tenants).collect::<Vec<_>>().chunks(5_000) {
            let documents = part.iter().map(|tenant| {
                let json = serde_json::to_value(attestation(*tenant, tenants, sunday)).expect("JSON");
                bson::Document::try_from(json.as_object().cloned().expect("an object")).expect("BSON")
            });
            count += log.insert_many(documents).ordered(false).await.expect("inserted").inserted_ids.len();
        }
    }
    count
}

fn attestation(tenant: usize, tenants: usize, sunday: Moment) -> Attestation {
    Attestation {
        schema: 1,
        tenant: format!("tenant-{tenant:05}"),
        recovery_point: RecoveryPoint {
            id: format!("snapshot-{}", sunday.millis() / 1000),
            cluster: "production".to_owned(),
            taken_at: sunday.plus_millis(-3 * 3600 * 1000),
            expires_at: Some(sunday.plus_millis(395 * 24 * 3600 * 1000)),
            regions: vec!["us-east-1".to_owned(), "us-west-2".to_owned()],
        },
        strength: Strength::Listed,
        read: None,
        run_id: format!("run-{}", sunday.millis() / 1000),
        tenants_seen: tenants as i64,
        demo: false,
        occurred_at: sunday.plus_millis(tenant as i64),
        learned_at: None,
        by: "attest-cron".to_owned(),
        signature: None,
    }
}
