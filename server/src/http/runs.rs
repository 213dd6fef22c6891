//! What a runner brings by its calendar: its key, attestations, and the run of each job.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
};
use domain::{
    Moment,
    attestation::{Attestation, Strength},
    job::{JobRun, short},
    key::{Event, Key, KeyEvent},
    proof::runner,
    record::Sealed,
    role::TokenScope,
};
use serde::de::DeserializeOwned;

use super::intake::{Machine, Refusal, unprocessable};
use crate::{
    compose::House,
    jobs::runs::JOB_RUNS,
    ledger::{canonical, keys::KEYS},
    runner::portal::{Filed, Pushed, RunnerKey},
};

/// One push; a runner with more tenants pushes more than once.
pub const MOST: usize = 1000;
/// How far a runner's clock may be ahead.
const AHEAD_MS: i64 = 5 * 60 * 1000;

/// Registers the runner's key, once a token. Sealed before anything signed with it is.
pub async fn key(
    State(house): State<House>,
    machine: Machine,
    key: Result<Json<RunnerKey>, JsonRejection>,
) -> Result<Json<Filed>, Refusal> {
    let held = machine.held();
    if !held.scopes.iter().any(|s| matches!(s, TokenScope::AttestationsWrite | TokenScope::DrillsWrite)) {
        machine.may(TokenScope::AttestationsWrite)?;
    }
    let Json(RunnerKey { public }) = key?;
    runner::public_key(&public).map_err(|e| bad(format!("public: {e}")))?;
    let event = KeyEvent {
        schema: 1,
        key: Key::Runner { name: held.name.clone(), public: public.clone() },
        event: Event::Made,
        replaces: None,
        occurred_at: house.clock.now(),
        by: held.name.clone(),
    };
    // The ledger first: a key that is bound and not sealed would sign what nobody can check.
    let id = event.id();
    let item = canonical::insert(KEYS, &id, &event).map_err(unprocessable)?;
    let sealed_now = house.ledger.append(vec![item]).await?.into_iter().flatten().count();
    if !house.store.bind_key(&held.id, &public).await? {
        return Err(Refusal::new(
            StatusCode::CONFLICT,
            "this token belongs to a runner with another key; a runner that lost its key takes a new token",
        ));
    }
    if sealed_now > 0 {
        tracing::info!(key = id, by = held.name, "a runner's key was registered");
    }
    Ok(Json(Filed { filed: sealed_now, known: 1 - sealed_now.min(1) }))
}

/// Files attestations, all or none. The same again is answered like the first time.
pub async fn attestations(
    State(house): State<House>,
    machine: Machine,
    pushed: Result<Json<Pushed>, JsonRejection>,
) -> Result<Json<Filed>, Refusal> {
    machine.may(TokenScope::AttestationsWrite)?;
    let Json(Pushed { attestations }) = pushed?;
    if attestations.is_empty() || attestations.len() > MOST {
        return Err(bad(format!("attestations: from 1 to {MOST} at once, not {}", attestations.len())));
    }
    let now = house.clock.now();
    let mut wrong = Vec::new();
    for (n, attestation) in attestations.iter().enumerate() {
        wrong.extend(disagreements(attestation, now).into_iter().map(|what| format!("attestations[{n}].{what}")));
        machine.signed(attestation, attestation.signature.as_ref())?;
    }
    if !wrong.is_empty() {
        return Err(bad(wrong.join("; ")));
    }
    let mut items = Vec::new();
    let mut known = 0;
    let ids: Vec<String> = attestations.iter().map(|a| format!("{}-{}", a.run_id, short(&a.tenant))).collect();
    let mut there = there::<Attestation>(&house, "backup_audit_log", &ids).await?;
    for (mut attestation, id) in attestations.into_iter().zip(ids) {
        attestation.demo = false;
        match there.remove(&id) {
            Some(mut before) => {
                before.learned_at = attestation.learned_at;
                if before != attestation {
                    return Err(Refusal::new(StatusCode::CONFLICT, another(&id)));
                }
                known += 1;
            }
            None => {
                attestation.learned_at = Some(now);
                items.push(canonical::insert("backup_audit_log", &id, &attestation).map_err(unprocessable)?);
            }
        }
    }
    let filed = house.ledger.append(items).await?.into_iter().flatten().count();
    tracing::info!(filed, known, by = machine.name(), "attestations were filed");
    Ok(Json(Filed { filed, known }))
}

/// Files one run of a job, or a word about its calendar.
pub async fn run(
    State(house): State<House>,
    machine: Machine,
    run: Result<Json<JobRun>, JsonRejection>,
) -> Result<Json<Filed>, Refusal> {
    machine.may(TokenScope::AttestationsWrite)?;
    let Json(mut run) = run?;
    machine.signed(&run, run.signature.as_ref())?;
    let mut wrong: Vec<String> = run.disagreements().into_iter().map(str::to_owned).collect();
    if let Err(why) = crate::runner::calendar::Calendar::read(&run.cron) {
        wrong.push(format!("cron: {why}"));
    }
    if run.occurred_at > now_and_a_bit(house.clock.now()) {
        wrong.push("occurredAt: it lies in the future".to_owned());
    }
    if !wrong.is_empty() {
        return Err(bad(wrong.join("; ")));
    }
    run.demo = false;
    let id = run.id();
    if let Some(mut before) = there::<JobRun>(&house, JOB_RUNS, std::slice::from_ref(&id)).await?.remove(&id) {
        before.learned_at = run.learned_at;
        return if before == run {
            Ok(Json(Filed { filed: 0, known: 1 }))
        } else {
            Err(Refusal::new(StatusCode::CONFLICT, another(&id)))
        };
    }
    run.learned_at = Some(house.clock.now());
    let item = canonical::insert(JOB_RUNS, &id, &run).map_err(unprocessable)?;
    let seal = house.ledger.append_one(item).await?;
    tracing::info!(run = id, seq = seal.seq, by = machine.name(), "a job's run was filed");
    Ok(Json(Filed { filed: 1, known: 0 }))
}

/// Those of the records that are sealed already.
async fn there<T: DeserializeOwned>(house: &House, coll: &str, ids: &[String]) -> Result<HashMap<String, T>, Refusal> {
    let found = house.evidence.named(coll, ids).await?;
    Ok(found.into_iter().map(|sealed: Sealed<T>| (sealed.id, sealed.value)).collect())
}

/// What cannot be true of an attestation that a runner brings, each beginning with its field.
fn disagreements(attestation: &Attestation, now: Moment) -> Vec<String> {
    let mut wrong = Vec::new();
    let a = attestation;
    for (field, text) in [("tenant", &a.tenant), ("runId", &a.run_id), ("recoveryPoint.id", &a.recovery_point.id)] {
        if text.is_empty() || text.len() > 200 {
            wrong.push(format!("{field}: from 1 to 200 bytes"));
        }
    }
    if a.strength == Strength::Restored {
        wrong.push("strength: only a drill restores".to_owned());
    }
    let read_whole = a.read.as_ref().is_some_and(|read| read.digest.is_some());
    match a.strength {
        Strength::Counted if a.read.is_none() => wrong.push("strength: counted, and nothing was read".to_owned()),
        Strength::Fingerprinted if !read_whole => {
            wrong.push("strength: fingerprinted, and there is no digest".to_owned())
        }
        _ => {}
    }
    if a.tenants_seen < 1 {
        wrong.push("tenantsSeen: at least the tenant itself was seen".to_owned());
    }
    if a.occurred_at > now_and_a_bit(now) || a.recovery_point.taken_at > now_and_a_bit(a.occurred_at) {
        wrong.push("occurredAt: it lies in the future, or before its recovery point was taken".to_owned());
    }
    wrong
}

fn now_and_a_bit(now: Moment) -> Moment {
    now.plus_millis(AHEAD_MS)
}

fn another(id: &str) -> String {
    format!("{id} is filed already, with other contents; a record is never changed")
}

fn bad(what: String) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{what}; nothing was stored"))
}
