//! What lists show, as CSV (RFC 4180): all that answers the filter of the address, cut to the reader's scope.

use std::collections::HashMap;

use app::{
    api::{
        backups::{
            Ask,
            jobs::{JobsAsk, id, list},
        },
        known,
    },
    ports::{Attestations, Findings, PortError, Risks},
    problem::Problem,
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    response::Response,
};
use domain::{
    judgement::judge,
    role::{Actor, Scope},
};
use futures::stream;

use super::downloads::{attachment, reader, refused};
use crate::{compose::House, exports::packet};

type Asking = Option<Extension<Actor>>;
type Asked = Query<HashMap<String, String>>;

const CSV: &str = "text/csv; charset=utf-8; header=present";
/// Attestations read at once.
const PART: u32 = 500;

/// A quarter's risk assessment as it was sealed, for print.
pub async fn risks(State(house): State<House>, asking: Asking, Path(quarter): Path<String>) -> Response {
    let actor = match reader(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    let found = match house.evidence.summaries(&actor.scope).await {
        Ok(all) => all.into_iter().find(|summary| summary.id == quarter),
        Err(e) => return refused(e.into()),
    };
    let Some(summary) = found else { return refused(Problem::gone("risk assessment")) };
    let org = house.company.name.clone();
    let made = tokio::task::spawn_blocking(move || packet::risks::page(&org, &summary)).await;
    match made.map_err(|e| e.to_string()).and_then(|made| made.map_err(|e| e.to_string())) {
        Ok(page) => attachment("application/pdf", &format!("risks-{quarter}.pdf"), page),
        Err(cause) => refused(PortError::Broken(cause).into()),
    }
}

pub async fn jobs(State(house): State<House>, asking: Asking, Query(asked): Asked) -> Response {
    let actor = match reader(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    match read_jobs(&house, &actor.scope, JobsAsk::read(|key| asked.get(key).cloned())).await {
        Ok(lines) => attachment(CSV, "backup-jobs.csv", lines),
        Err(e) => refused(e.into()),
    }
}

async fn read_jobs(house: &House, scope: &Scope, ask: JobsAsk) -> Result<Vec<u8>, PortError> {
    let told = known::told(&house.ports, scope, house.clock.now()).await?;
    let findings = Findings::all(&house.evidence, scope).await?;
    let found = list(&told.facts, &judge(&told.facts), &findings, &told.words, ask, false);
    let head = [
        "job",
        "store",
        "tier",
        "cadence",
        "last_run",
        "runs",
        "bytes",
        "against_usual_percent",
        "verdict",
        "reason",
        "finding",
        "record",
        "sha256",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for job in found.rows {
        let text = |value: Option<String>| value.unwrap_or_default();
        lines.push(vec![
            job.job,
            text(job.store),
            text(job.tier),
            text(job.cadence),
            job.at.rfc3339(),
            job.runs.to_string(),
            text(job.bytes.map(|bytes| bytes.to_string())),
            text(job.against_usual.map(|thousandths| format!("{:.1}", thousandths as f64 / 10.0))),
            id(job.verdict).to_owned(),
            job.says.join(" "),
            text(job.finding),
            job.record,
            text(job.seal.map(|seal| seal.sha256)),
        ]);
    }
    Ok(written(&lines))
}

/// Every attestation that answers the filter, as they are read: there may be a million.
pub async fn attestations(State(house): State<House>, asking: Asking, Query(asked): Asked) -> Response {
    let actor = match reader(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    let text = |key: &str| asked.get(key).map(|value| value.trim().to_owned()).unwrap_or_default();
    let ask = Ask {
        tenant: text("tenant"),
        strength: text("strength"),
        from: text("from"),
        to: text("to"),
        ..Ask::default()
    };
    let whole = actor.scope.period.unwrap_or(house.company.audit_period);
    let (filter, wrong) = ask.filter(whole);
    if let Some(wrong) = wrong {
        return refused(Problem::bad_input("The days of the address do not read.", wrong));
    }
    let head = [
        "tenant",
        "found_at",
        "learned_at",
        "strength",
        "recovery_point",
        "cluster",
        "taken_at",
        "documents",
        "record",
        "sha256",
    ];
    let begun = written(&[head.map(str::to_owned).to_vec()]);
    let parts = stream::try_unfold(Some((None::<String>, begun)), move |state| {
        let (house, scope, filter) = (house.clone(), actor.scope.clone(), filter.clone());
        async move {
            let Some((cursor, mut out)) = state else { return Ok::<_, std::io::Error>(None) };
            let page = Attestations::page(&house.evidence, &scope, &filter, cursor.as_deref(), PART).await;
            let page = page.map_err(std::io::Error::other)?;
            let lines: Vec<Vec<String>> = page
                .items
                .into_iter()
                .map(|sealed| {
                    let a = sealed.value;
                    vec![
                        a.tenant,
                        a.occurred_at.rfc3339(),
                        sealed.seal.at.rfc3339(),
                        a.strength.word().to_owned(),
                        a.recovery_point.id,
                        a.recovery_point.cluster,
                        a.recovery_point.taken_at.rfc3339(),
                        a.read.map(|read| read.documents.to_string()).unwrap_or_default(),
                        sealed.id,
                        sealed.seal.sha256,
                    ]
                })
                .collect();
            out.extend(written(&lines));
            let next = page.next.map(|cursor| (Some(cursor), Vec::new()));
            Ok(Some((Bytes::from(out), next)))
        }
    });
    attachment(CSV, "attestations.csv", Body::from_stream(parts))
}

/// Lines as CSV. A cell that a spreadsheet would run as a formula is made text ("CSV injection", OWASP).
fn written(lines: &[Vec<String>]) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for line in lines {
        let cells = line.iter().map(|cell| match cell.chars().next() {
            Some('=' | '+' | '@' | '\t' | '\r') => format!("'{cell}"),
            Some('-') if cell.parse::<f64>().is_err() => format!("'{cell}"),
            _ => cell.clone(),
        });
        out.write_record(cells).expect("memory takes every line");
    }
    out.into_inner().expect("memory takes every line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_quotes_stay_quotes() {
        let cell = |text: &str| String::from_utf8(written(&[vec![text.to_owned(), "x".to_owned()]])).expect("text");
        for (text, line) in [
            ("a \"b\", c", "\"a \"\"b\"\", c\",x\r\n"),
            ("=1+1", "'=1+1,x\r\n"),
            ("@sum", "'@sum,x\r\n"),
            ("-99.8", "-99.8,x\r\n"),
            ("-cmd", "'-cmd,x\r\n"),
        ] {
            assert_eq!(cell(text), line);
        }
    }
}
