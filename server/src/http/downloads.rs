//! Files for people: bundles, exact records, the ledger's own bytes. Each asks who is asking.

use std::fmt::Write;

use app::{ports::PortError, problem::Problem};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    proof::{leaf, tile::Tile},
    role::{Actor, Permission},
};
use serde::Deserialize;

use crate::{
    compose::{House, anchors as anchors_of},
    exports::packet::{self, Handover},
    sign::Keys,
    store::bundles::Download,
};

type Asking = Option<Extension<Actor>>;

/// The reader, or the answer that refuses.
pub fn reader(asking: Asking) -> Result<Actor, Box<Response>> {
    match asking {
        None => Err(Box::new(Redirect::to("/sign-in").into_response())),
        Some(Extension(actor)) if actor.role.may(Permission::ReadEvidence) => Ok(actor),
        Some(_) => Err(Box::new(refused(Problem::not_allowed()))),
    }
}

pub async fn bundle(State(house): State<House>, asking: Asking, Path(id): Path<String>) -> Response {
    let actor = match reader(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    match house.exports.download(&actor, &id).await {
        Ok(Some(download)) => zip(download),
        Ok(None) => refused(Problem::gone("bundle")),
        Err(e) => refused(e.into()),
    }
}

pub async fn drill_record(State(house): State<House>, asking: Asking, Path(id): Path<String>) -> Response {
    let actor = match reader(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    match house.evidence.bytes(&actor.scope, "backup_drill_results", &id).await {
        Ok(Some(record)) => attachment("application/json", &format!("{id}.json"), record.bytes),
        Ok(None) => refused(Problem::gone("drill")),
        Err(e) => refused(e.into()),
    }
}

pub async fn root_pem(State(house): State<House>, asking: Asking) -> Response {
    match reader(asking) {
        Ok(_) => attachment("application/x-pem-file", "evidence-root.pem", house.ledger.keys.root_pem().into_bytes()),
        Err(answer) => *answer,
    }
}

/// What an auditor keeps from the beginning, outside every bundle.
pub async fn anchors(State(house): State<House>, asking: Asking) -> Response {
    match reader(asking) {
        Ok(_) => {
            let anchors = anchors_of(&house.ledger, &house.company.name, &house.config.portal.place());
            attachment("application/json", "anchors.json", anchors.json().into_bytes())
        }
        Err(answer) => *answer,
    }
}

/// The same as one sheet to print and to keep.
pub async fn anchors_page(State(house): State<House>, asking: Asking) -> Response {
    if let Err(answer) = reader(asking) {
        return *answer;
    }
    let made_at = house.clock.now();
    // Fonts keep a core busy for a moment: not on the threads that answer people.
    let made = tokio::task::spawn_blocking(move || {
        let anchors = anchors_of(&house.ledger, &house.company.name, &house.config.portal.place());
        packet::handover(&Handover { anchors: &anchors, keys: &house.ledger.keys, made_at })
    })
    .await;
    match made.map_err(|e| e.to_string()).and_then(|made| made.map_err(|e| e.to_string())) {
        Ok(page) => attachment("application/pdf", "anchors.pdf", page),
        Err(cause) => refused(PortError::Broken(cause).into()),
    }
}

pub async fn vkey(State(house): State<House>, asking: Asking) -> Response {
    match reader(asking) {
        Ok(_) => text(vkeys(&house.ledger.keys).iter().map(|key| format!("{key}\n")).collect()),
        Err(answer) => *answer,
    }
}

/// The ledger's own, then those before it that still sign: what anchors name.
fn vkeys(keys: &Keys) -> Vec<String> {
    std::iter::once(keys.vkey()).chain(keys.earlier_vkeys()).collect()
}

/// The signed note, as C2SP tlog-checkpoint has it.
pub async fn checkpoint(State(house): State<House>, asking: Asking) -> Response {
    if let Err(answer) = reader(asking) {
        return *answer;
    }
    match house.ledger.head().await {
        Ok(head) => text(head.checkpoint),
        Err(e) => refused(e.into()),
    }
}

#[derive(Deserialize)]
pub struct From {
    #[serde(default)]
    from: u64,
}

/// How many entries one answer holds: 100 000 lines are about 25 MB, and the next begins where it ended.
const ENTRIES: i64 = 100_000;

/// The ledger's lines from an index on, one JSON line each, oldest first.
pub async fn entries(State(house): State<House>, asking: Asking, Query(query): Query<From>) -> Response {
    if let Err(answer) = reader(asking) {
        return *answer;
    }
    match lines(&house, query.from).await {
        Ok(lines) => ([(header::CONTENT_TYPE, "application/jsonl; charset=utf-8")], lines).into_response(),
        Err(e) => refused(e.into()),
    }
}

async fn lines(house: &House, from: u64) -> Result<String, PortError> {
    use futures::TryStreamExt;
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let mut rows = house
        .store
        .documents("ledger_entries")
        .find(bson::doc! { "_id": { "$gte": from } })
        .sort(bson::doc! { "_id": 1 })
        .limit(ENTRIES)
        .await
        .map_err(crate::store::port_error)?;
    let mut out = String::new();
    while let Some(row) = rows.try_next().await.map_err(crate::store::port_error)? {
        let _ = writeln!(out, "{}", leaf::line(&crate::store::evidence::entry(&row)?));
    }
    Ok(out)
}

/// A tile of the ledger, as C2SP tlog-tiles has it: hashes, or entries.
pub async fn tile(State(house): State<House>, asking: Asking, Path(path): Path<String>) -> Response {
    if let Err(answer) = reader(asking) {
        return *answer;
    }
    let Some(tile) = Tile::parse(&path) else { return refused(Problem::gone("tile")) };
    match house.ledger.tile(&tile).await {
        // A tile never changes: other bytes would be another ledger.
        Ok(Some(bytes)) => (
            [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
            ],
            bytes,
        )
            .into_response(),
        Ok(None) => refused(Problem::gone("tile")),
        Err(e) => refused(e.into()),
    }
}

/// One entry's place below today's head: `/ledger/proofs/17.tlog-proof`.
pub async fn inclusion(State(house): State<House>, asking: Asking, Path(name): Path<String>) -> Response {
    if let Err(answer) = reader(asking) {
        return *answer;
    }
    let index = name.strip_suffix(".tlog-proof").and_then(|n| n.parse::<u64>().ok().filter(|i| i.to_string() == n));
    let Some(index) = index else { return refused(Problem::gone("entry")) };
    match house.ledger.inclusion(index).await {
        Ok(Some(proof)) => attachment("text/plain; charset=utf-8", &name, proof.to_string().into_bytes()),
        Ok(None) => refused(Problem::gone("entry")),
        Err(e) => refused(e.into()),
    }
}

/// A bundle, as it comes from the database.
pub fn zip(download: Download) -> Response {
    let mut answer = attachment("application/zip", &download.name, Body::from_stream(download.parts));
    answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(download.bytes));
    answer
}

/// A file to keep: never shown in the page's own origin.
pub fn attachment(kind: &'static str, name: &str, bytes: impl Into<Body>) -> Response {
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .expect("letters, digits and ._- are a header value");
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, bytes.into()).into_response()
}

fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

pub fn refused(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut said = format!("{} {} {}", problem.what, problem.still, problem.next);
    if !problem.reference.is_empty() {
        let _ = write!(said, " Reference {}.", problem.reference);
    }
    (status, said).into_response()
}
