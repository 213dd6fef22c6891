//! What vendors' own tools printed, brought by a machine: `POST /api/v1/imports/KIND`, the body as it was printed.

use std::collections::BTreeSet;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::StatusCode,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use connectors::{Connector, Unread};
use domain::{
    Moment,
    import::{self, About, Import, Reported, Told},
    proof::runner::Signature,
    role::TokenScope,
};
use serde::{Deserialize, Serialize};

use super::intake::{Machine, Refusal, unprocessable};
use crate::{
    compose::House,
    demo::vendors::INVENTED,
    ledger::{Item, canonical},
    store::imports::{FACTS, IMPORTS},
};

/// The largest output that is taken.
pub const LARGEST: usize = 64 * 1024 * 1024;
/// Facts sealed at once.
const PART: usize = 1000;
/// Of what was not understood so many places are kept.
const PLACES: usize = 100;
/// How far another's clock may be ahead.
const AHEAD_MS: i64 = 5 * 60 * 1000;
/// No tool's command line or version is longer.
const WORDS: usize = 500;

/// What is told beside the output.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    pub resource: Option<String>,
    pub region: Option<String>,
    pub account: Option<String>,
    /// RFC 3339
    pub collected_at: Option<String>,
    pub command: Option<String>,
    pub tool: Option<String>,
}

/// What became of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    pub import: String,
    pub facts: usize,
    /// Not known before.
    pub new: usize,
    pub not_understood: Vec<String>,
}

/// As a runner brings it: its word, signed, and the output.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    pub told: Told,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Base64.
    pub output: String,
}

/// The output itself is the body, and what is told beside it stands in the address.
pub async fn import(
    State(house): State<House>,
    machine: Machine,
    Path(kind): Path<String>,
    beside: Result<Query<Beside>, QueryRejection>,
    body: Bytes,
) -> Result<Json<Imported>, Refusal> {
    machine.may(TokenScope::ImportsWrite)?;
    let Query(beside) = beside.map_err(|e| bad(e.body_text()))?;
    let collected_at = match &beside.collected_at {
        None => None,
        Some(text) => {
            let bad = || bad(format!("collected_at: {text:?} is no time as 2026-11-16T12:00:00Z"));
            Some(Moment::parse(text).ok_or_else(bad)?)
        }
    };
    let about = About { resource: beside.resource, region: beside.region, account: beside.account };
    let (command, tool) = (beside.command, beside.tool);
    let told = Told { command, tool, collected_at, ..Told::of(&kind, &body, about) };
    machine.signed(&told, None)?;
    file(&house, &machine, told, None, body).await
}

/// A runner's: signed as all that it brings.
pub async fn envelope(
    State(house): State<House>,
    machine: Machine,
    envelope: Result<Json<Envelope>, JsonRejection>,
) -> Result<Json<Imported>, Refusal> {
    // Runners bring it as they bring the run that printed it.
    machine.may(TokenScope::AttestationsWrite).or_else(|_| machine.may(TokenScope::ImportsWrite))?;
    let Json(Envelope { told, signature, output }) = envelope?;
    let output = STANDARD.decode(output).map_err(|e| bad(format!("output: {e}")))?;
    machine.signed(&told, signature.as_ref())?;
    if Told::of(&told.connector, &output, told.about.clone()).sha256 != told.sha256 {
        return Err(bad("told.sha256: it is not that of the output"));
    }
    file(&house, &machine, told, signature, output.into()).await
}

async fn file(
    house: &House,
    machine: &Machine,
    told: Told,
    signature: Option<Signature>,
    output: Bytes,
) -> Result<Json<Imported>, Refusal> {
    let connector = connectors::of(&told.connector).ok_or_else(|| {
        let kinds: Vec<&str> = connectors::ALL.iter().map(|c| c.kind).collect();
        let says = format!("there is no kind {}; known are {}", told.connector, kinds.join(", "));
        Refusal::new(StatusCode::NOT_FOUND, says)
    })?;
    let now = house.clock.now();
    if told.collected_at.is_some_and(|at| at.since(now) > AHEAD_MS) {
        return Err(bad("collected_at: it lies in the future"));
    }
    for (name, text) in [("command", &told.command), ("tool", &told.tool), ("resource", &told.about.resource)] {
        if text.as_ref().is_some_and(|text| text.len() > WORDS) {
            return Err(bad(format!("{name}: at most {WORDS} bytes")));
        }
    }
    let id = Import::id(&told);
    if let Some(before) = house.evidence.named::<Import>(IMPORTS, std::slice::from_ref(&id)).await?.pop() {
        let facts = usize::try_from(before.value.facts).unwrap_or_default();
        return Ok(Json(Imported { import: id, facts, new: 0, not_understood: before.value.not_understood }));
    }
    let about = connectors::About {
        resource: told.about.resource.clone(),
        region: told.about.region.clone(),
        account: told.about.account.clone(),
        collected_at: told.collected_at,
    };
    // A large list is worked through away from everybody else's requests.
    let read = tokio::task::spawn_blocking(move || read(connector, &output, &about)).await;
    let read = read.map_err(|e| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, e.to_string()))??;
    let occurred_at = told.collected_at.unwrap_or(now);
    let by = machine.name().to_owned();
    let demo = house.company.demo && told.tool.as_deref() == Some(INVENTED);
    let mut items = Vec::new();
    let mut ids = Vec::new();
    for fact in read.facts {
        let fact_id = import::fact_id(&fact);
        let reported = Reported {
            schema: 1,
            connector: connector.kind.to_owned(),
            import: id.clone(),
            occurred_at: fact.happened_at().unwrap_or(occurred_at),
            fact,
            demo,
            learned_at: Some(now),
            by: by.clone(),
        };
        items.push(canonical::insert(FACTS, &fact_id, &reported).map_err(unprocessable)?);
        ids.push(fact_id);
    }
    let not_understood: Vec<String> = read.not_understood.iter().map(|p| format!("{}: {}", p.at, p.says)).collect();
    let facts = ids.len();
    let record = Import {
        schema: 1,
        told,
        facts: i64::try_from(facts).unwrap_or(i64::MAX),
        facts_digest: import::digest(ids),
        not_understood_in_all: i64::try_from(not_understood.len()).unwrap_or(i64::MAX),
        not_understood: not_understood.into_iter().take(PLACES).collect(),
        demo,
        occurred_at,
        learned_at: Some(now),
        by,
        signature,
    };
    // The import last: cut off before it, its facts count as nothing, and the same file again completes it.
    let mut new = 0;
    let mut items = items.into_iter().peekable();
    while items.peek().is_some() {
        let part: Vec<_> = items.by_ref().take(PART).collect();
        new += unknown(house, part).await?;
    }
    let item = canonical::insert(IMPORTS, &id, &record).map_err(unprocessable)?;
    house.ledger.append(vec![item]).await?;
    tracing::info!(import = id, facts, new, by = machine.name(), "an import was filed");
    Ok(Json(Imported { import: id, facts, new, not_understood: record.not_understood }))
}

/// Seals those that are not sealed yet; how many that were.
async fn unknown(house: &House, mut items: Vec<Item>) -> Result<usize, Refusal> {
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let mut known: BTreeSet<String> = house.evidence.ids(FACTS, &ids).await?;
    items.retain(|item| known.insert(item.id.clone()));
    Ok(house.ledger.append(items).await?.into_iter().flatten().count())
}

fn read(connector: &Connector, body: &[u8], about: &connectors::About) -> Result<connectors::Read, Refusal> {
    (connector.read)(body, about).map_err(|unread| {
        let others = connectors::looks_like(body, connector.kind);
        let hint = if others.is_empty() { String::new() } else { format!("; it looks like {}", others.join(" or ")) };
        let said = match unread {
            Unread::Whole(said) => said,
            Unread::Places(places) => {
                let all = places.len();
                let some: Vec<String> = places.iter().take(PLACES).map(|p| format!("{}: {}", p.at, p.says)).collect();
                let rest = if all > PLACES { format!("; and {} more", all - PLACES) } else { String::new() };
                format!("{}{rest}", some.join("; "))
            }
        };
        bad(format!("{}: {said}{hint}", connector.kind))
    })
}

fn bad(what: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{}; nothing was stored", what.into()))
}
