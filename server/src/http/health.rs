//! For whoever keeps the portal running.

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use crate::compose::House;

/// The process answers.
pub async fn process() -> &'static str {
    "ok\n"
}

/// The database answers and the ledger's head is sound.
pub async fn ready(State(house): State<House>) -> (StatusCode, Json<Value>) {
    match house.ledger.read_head(None).await {
        Ok(head) => (StatusCode::OK, Json(json!({ "ready": true, "ledgerSize": head.map_or(0, |(h, _)| h.size) }))),
        Err(cause) => {
            tracing::warn!(%cause, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(json!({ "ready": false, "why": "the database or the ledger does not answer" })),
            )
        }
    }
}
