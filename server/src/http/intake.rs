//! What machines bring, under `/api/v1`: bearer tokens with scopes, `application/problem+json` for refusals.

use std::time::Duration;

use app::ports::{Bundles, PortError, Stage, Step, Wish};
use axum::{
    Json,
    extract::{FromRequestParts, Path, State, rejection::JsonRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use domain::{
    control::Control,
    draw::list_digest,
    drill::Drill,
    live::{Heard, Heartbeat},
    proof::runner::{self, Signature},
    role::{Actor, Role, Scope, TokenScope},
    sample,
    schedule::Period,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::downloads::zip;
use crate::{
    compose::House,
    ledger::canonical,
    runner::portal::{List, Press, SealedDrill, SealedList, Stands},
    store::tokens::Held,
};

/// A refusal as RFC 9457 has it.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("refused");
        let body =
            json!({ "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.detail });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}

impl From<PortError> for Refusal {
    fn from(error: PortError) -> Self {
        match error {
            PortError::Conflict(what) => Refusal::new(StatusCode::CONFLICT, what),
            other => {
                let problem = app::problem::Problem::from(other);
                let status = StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Refusal::new(status, format!("{} {} Reference {}.", problem.what, problem.still, problem.reference))
            }
        }
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Self {
        Refusal::new(rejection.status(), format!("{}. Nothing was stored.", rejection.body_text()))
    }
}

/// A machine with a token.
pub struct Machine(Held);

impl Machine {
    pub(super) fn may(&self, scope: TokenScope) -> Result<(), Refusal> {
        if self.0.scopes.contains(&scope) {
            return Ok(());
        }
        let scope = serde_json::to_value(scope).unwrap_or_default();
        Err(Refusal::new(StatusCode::FORBIDDEN, format!("this token lacks the scope {scope}")))
    }

    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn held(&self) -> &Held {
        &self.0
    }

    /// Whether a record is signed as this machine signs: by its own key once it has one, and not at all before.
    pub(super) fn signed(&self, record: &impl Serialize, signature: Option<&Signature>) -> Result<(), Refusal> {
        let bad = |what: String| {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("signature: {what}; nothing was stored")))
        };
        match (&self.0.key, signature) {
            (None, None) => Ok(()),
            (None, Some(_)) => bad("no key of this token's runner is registered".to_owned()),
            (Some(_), None) => bad("this token's runner has a key, and the record is not signed by it".to_owned()),
            (Some(key), Some(signature)) => {
                let record = serde_json::to_value(record).map_err(|e| PortError::Broken(e.to_string()))?;
                match runner::public_key(key).and_then(|key| runner::verify(&record, signature, &key)) {
                    Ok(()) => Ok(()),
                    Err(why) => bad(why.to_string()),
                }
            }
        }
    }

    /// As the reader of everything; a token is given by the owner.
    fn actor(&self) -> Actor {
        Actor { id: self.0.name.clone(), name: self.0.name.clone(), role: Role::Operator, scope: Scope::EVERYTHING }
    }
}

impl FromRequestParts<House> for Machine {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Refusal> {
        let refused =
            || Refusal::new(StatusCode::UNAUTHORIZED, "a bearer token is needed, and this one is unknown or revoked");
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "))
            .ok_or_else(refused)?;
        Ok(Machine(house.store.token(token, house.clock.now()).await?.ok_or_else(refused)?))
    }
}

/// Takes the one place for a drill; 409 names the one under way.
pub async fn begin(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
    drill: Result<Json<Drill>, JsonRejection>,
) -> Result<Response, Refusal> {
    machine.may(TokenScope::DrillsWrite)?;
    let id = drill_id(id)?;
    // A runner that died is not waited for longer than a minute.
    crate::jobs::silent_drills(&house).await?;
    house.store.begin_drill(&id, &drill?.0, house.clock.now()).await?;
    Ok(Json(json!({ "id": id })).into_response())
}

pub async fn hear(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
    heartbeat: Result<Json<Heartbeat>, JsonRejection>,
) -> Result<Json<Heard>, Refusal> {
    machine.may(TokenScope::DrillsWrite)?;
    let id = drill_id(id)?;
    let log = house.store.hear_drill(&id, &heartbeat?.0, house.clock.now()).await?.ok_or_else(|| {
        let what = format!("drill {id} is not under way; it was filed as abandoned or never began");
        Refusal::new(StatusCode::CONFLICT, what)
    })?;
    Ok(Json(Heard { log }))
}

/// Presses the next step of a drill by hand, for whoever sits at the runner's terminal. The portal stamps it.
pub async fn press(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
    press: Result<Json<Press>, JsonRejection>,
) -> Result<Response, Refusal> {
    machine.may(TokenScope::DrillsWrite)?;
    let id = drill_id(id)?;
    let Json(Press { by }) = press?;
    let by: String = by.trim().chars().take(120).collect();
    let by = format!("{by}, at the terminal of {}", machine.name());
    let act = house.store.press_next(&id, &by, house.clock.now()).await?;
    Ok(Json(json!({ "id": id, "act": act })).into_response())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SealedEligible {
    schema: u32,
    drill: String,
    eligible_digest: String,
    eligible: Vec<String>,
    excluded: Vec<domain::drill::Excluded>,
    occurred_at: domain::Moment,
    by: String,
}

/// Seals the list of eligible tenants before anything is drawn; the root that follows is the seed's half.
pub async fn draw(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
    list: Result<Json<List>, JsonRejection>,
) -> Result<Json<SealedList>, Refusal> {
    machine.may(TokenScope::DrillsWrite)?;
    let id = drill_id(id)?;
    let Json(List { eligible, excluded }) = list?;
    let sealed = SealedEligible {
        schema: 1,
        drill: id.clone(),
        eligible_digest: list_digest(eligible.iter().map(String::as_str)),
        eligible,
        excluded,
        occurred_at: house.clock.now(),
        by: machine.name().to_owned(),
    };
    let item = canonical::insert("draws", &id, &sealed).map_err(unprocessable)?;
    let seal = house.ledger.append_one(item).await?;
    // The first signed head that covers the list. A later one would do, but only one can be chosen.
    let head = house.evidence.checkpoint_covering(seal.seq).await?;
    Ok(Json(SealedList { seq: seal.seq, root: head.root }))
}

/// Whether a drill is over: its record is filed, complete or abandoned.
pub async fn stands(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
) -> Result<Json<Stands>, Refusal> {
    machine.may(TokenScope::DrillsWrite)?;
    let id = drill_id(id)?;
    let over = app::ports::Drills::get(&house.evidence, &Scope::EVERYTHING, &id).await?.is_some();
    Ok(Json(Stands { over }))
}

/// Files a drill's record. The same record again is answered like the first time.
pub async fn finish(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
    drill: Result<Json<Drill>, JsonRejection>,
) -> Result<Json<SealedDrill>, Refusal> {
    machine.may(TokenScope::DrillsWrite)?;
    let id = drill_id(id)?;
    let Json(mut drill) = drill?;
    machine.signed(&drill, drill.signature.as_ref())?;
    let before = app::ports::Drills::get(&house.evidence, &Scope::EVERYTHING, &id).await?;
    // What people wrote and pressed is the portal's word, whatever the runner says of it.
    drill.log = match &before {
        Some(before) => before.value.log.clone(),
        None => house.store.live_drill().await?.filter(|l| l.id == id).map(|l| l.so_far.log).unwrap_or_default(),
    };
    let wrong = drill.disagreements();
    if !wrong.is_empty() {
        let said = format!("{}; nothing was stored", wrong.join(", "));
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, said));
    }
    drill.demo = false;
    if let Some(before) = before {
        drill.learned_at = before.value.learned_at;
        return if before.value == drill {
            Ok(Json(SealedDrill { seq: before.seal.seq }))
        } else {
            Err(Refusal::new(
                StatusCode::CONFLICT,
                format!("drill {id} is filed already, with other contents; a record is never changed"),
            ))
        };
    }
    drill.learned_at = Some(house.clock.now());
    let item = canonical::insert("backup_drill_results", &id, &drill).map_err(unprocessable)?;
    let seal = house.ledger.append_one(item).await?;
    house.store.end_drill(&id).await?;
    tracing::info!(drill = id, seq = seal.seq, by = machine.name(), "a drill was filed");
    Ok(Json(SealedDrill { seq: seal.seq }))
}

/// How long one request waits for a bundle.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleWish {
    /// "2026-Q3", or "2025-12-01..2026-11-30"; absent: the audit period in course.
    period: Option<String>,
    #[serde(default)]
    controls: Vec<String>,
    sample: Option<SampleWish>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SampleWish {
    population: sample::Population,
    size: u32,
    /// Given by somebody who does not run this portal.
    public_value: String,
}

pub async fn make_bundle(
    State(house): State<House>,
    machine: Machine,
    wish: Result<Json<BundleWish>, JsonRejection>,
) -> Result<Response, Refusal> {
    machine.may(TokenScope::EvidenceRead)?;
    let Json(wish) = wish?;
    let bad = |what: String| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    let (period_name, period) = match wish.period {
        None => {
            let period = house.company.audit_period;
            (format!("{}..{}", domain::words::date(period.from), domain::words::date(period.last_day())), period)
        }
        Some(name) => {
            let period = Period::quarter(&name)
                .or_else(|| name.split_once("..").and_then(|(from, to)| Period::days(from, to)))
                .ok_or_else(|| {
                    bad(format!("period: {name} is neither a quarter (2026-Q3) nor two days (2026-01-01..2026-06-30)"))
                })?;
            (name, period)
        }
    };
    let controls = wish
        .controls
        .iter()
        .map(|id| {
            Control::from_id(id).ok_or_else(|| bad(format!("controls: {id} is none of CC7.1 to CC7.5, A1.1 to A1.3")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let sample = wish
        .sample
        .map(|s| sample::Ask::new(s.population, s.size, &s.public_value).map_err(|e| bad(format!("sample: {e}"))))
        .transpose()?;
    let order = house.exports.order(&machine.actor(), &Wish { period_name, period, controls, sample }).await?;
    bundle_order(State(house), machine, Path(order)).await
}

/// What became of an order: 201 with the bundle, 202 while it is being made, 409 with why there is none.
///
/// Answers as soon as it is done, and after two seconds at the latest.
pub async fn bundle_order(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    machine.may(TokenScope::EvidenceRead)?;
    let actor = machine.actor();
    let none = || Refusal::new(StatusCode::NOT_FOUND, format!("there is no order {id} of this token's"));
    let order = house.exports.ordered(&actor, &id, PATIENCE).await?.ok_or_else(none)?;
    let going = |step: Step| {
        let body = json!({ "order": id, "step": step.what, "done": step.done, "total": step.total });
        (StatusCode::ACCEPTED, Json(body)).into_response()
    };
    Ok(match order.stage {
        Stage::Waiting => going(Step { what: "Waiting for its turn".to_owned(), ..Step::default() }),
        Stage::Running(step) => going(step),
        Stage::Refused(why) => return Err(Refusal::new(StatusCode::CONFLICT, why)),
        Stage::Made(made) => {
            let bundle = house.exports.all(&actor).await?.into_iter().find(|b| b.id == made).ok_or_else(none)?;
            let body = json!({ "id": bundle.id, "sha256": bundle.sha256, "tagmanifestSha256": bundle.tagmanifest_sha256,
                "records": bundle.records, "bytes": bundle.bytes, "seq": bundle.seq,
                "sample": bundle.sample });
            (StatusCode::CREATED, Json(body)).into_response()
        }
    })
}

pub async fn download_bundle(
    State(house): State<House>,
    machine: Machine,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    machine.may(TokenScope::EvidenceRead)?;
    match house.exports.download(&machine.actor(), &id).await? {
        Some(download) => Ok(zip(download)),
        None => Err(Refusal::new(StatusCode::NOT_FOUND, format!("there is no bundle {id}"))),
    }
}

/// Letters, digits and hyphens, as the runner makes them.
fn drill_id(id: String) -> Result<String, Refusal> {
    let good = id.starts_with("D-") && id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if good {
        Ok(id)
    } else {
        Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "id: a drill's id is D- and up to 38 letters, digits or hyphens",
        ))
    }
}

pub(super) fn unprocessable(why: canonical::Refused) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{why}; nothing was stored"))
}
