//! The records a thread points to: from what was pasted to the record, and from the record to what a page shows.
//!
//! Both ask the scope first. What lies outside is not told of, but to those of the company who may know.

use std::collections::BTreeMap;

use app::{
    parts::drill_href,
    ports::{
        Drills, Findings, Gaps, PortError, Runbooks,
        requests::{NoRecord, Pointed, Reader, Refused},
    },
};
use bson::doc;
use domain::{
    attestation::Attestation,
    control::Evidence as Kind,
    finding::State,
    record::Sealed,
    request::{
        RecordRef, Request,
        pasted::{self, Pasted},
    },
    role::{Role, Scope},
    words,
};

use crate::store::{
    evidence::{self, Evidence},
    port_error,
};

/// Every record of a field, each once, or the first line that names none inside the reach.
pub async fn pasted(
    evidence: &Evidence,
    reader: &Reader,
    reach: &Scope,
    field: &str,
) -> Result<Vec<RecordRef>, Refused> {
    let mut all: Vec<RecordRef> = Vec::new();
    for line in pasted::lines(field) {
        let no = |why| Refused::Record { pasted: line.chars().take(200).collect(), why };
        let read = Pasted::read(line).ok_or_else(|| no(NoRecord::Unknown))?;
        match find(evidence, reach, &read).await? {
            Some(record) if all.contains(&record) => {}
            Some(record) => all.push(record),
            None => {
                let known =
                    reader.actor.role != Role::Auditor && find(evidence, &Scope::EVERYTHING, &read).await?.is_some();
                return Err(no(if known { NoRecord::Outside } else { NoRecord::Unknown }));
            }
        }
        // The limit is the thread's rule; this only keeps a long paste from becoming as many questions.
        if all.len() > 50 {
            break;
        }
    }
    Ok(all)
}

async fn find(evidence: &Evidence, scope: &Scope, pasted: &Pasted) -> Result<Option<RecordRef>, PortError> {
    match pasted {
        Pasted::Of { collection, id } => newest(evidence, scope, collection, id).await,
        Pasted::Id(id) => {
            for kind in Kind::ALL {
                if let Some(record) = newest(evidence, scope, kind.collection(), id).await? {
                    return Ok(Some(record));
                }
            }
            Ok(None)
        }
        Pasted::Runbook(version) => {
            let versions = evidence.versions(scope).await?;
            Ok(versions.into_iter().find(|v| v.value.version == *version).map(|v| of("runbooks", v.seal.seq, &v.id)))
        }
        Pasted::Seq(seq) => {
            let Ok(place) = i64::try_from(*seq) else { return Ok(None) };
            let records = evidence.records();
            let row = records.find_one(doc! { "_id": place }).projection(doc! { "coll": 1, "rid": 1 });
            let Some(row) = row.await.map_err(port_error)? else { return Ok(None) };
            let (coll, id) = (row.get_str("coll").unwrap_or_default(), row.get_str("rid").unwrap_or_default());
            let newest = newest(evidence, scope, coll, id).await?;
            // An older version than the newest may be what is meant.
            Ok(newest.map(|record| RecordRef { seq: *seq, ..record }))
        }
    }
}

/// Of evidence that is inside, the newest version's place.
async fn newest(evidence: &Evidence, scope: &Scope, coll: &str, id: &str) -> Result<Option<RecordRef>, PortError> {
    let seq = match coll {
        "findings" => Findings::all(evidence, scope).await?.into_iter().find(|f| f.id == id).map(|f| f.seal.seq),
        "runbooks" => evidence.versions(scope).await?.into_iter().find(|v| v.id == id).map(|v| v.seal.seq),
        _ if Kind::ALL.into_iter().any(|kind| kind.collection() == coll) => {
            evidence.bytes(scope, coll, id).await?.map(|record| record.seq)
        }
        _ => None,
    };
    Ok(seq.map(|seq| of(coll, seq, id)))
}

fn of(collection: &str, seq: u64, id: &str) -> RecordRef {
    RecordRef { seq, collection: collection.to_owned(), id: id.to_owned() }
}

/// By place in the ledger, those inside the scope.
pub async fn pointed(
    evidence: &Evidence,
    scope: &Scope,
    request: &Request,
) -> Result<BTreeMap<u64, Pointed>, PortError> {
    let mut all = BTreeMap::new();
    for record in request.records() {
        if let Some((title, href)) = said(evidence, scope, record).await? {
            let place = i64::try_from(record.seq).unwrap_or(i64::MAX);
            let row = evidence.records().find_one(doc! { "_id": place }).await.map_err(port_error)?;
            if let Some(row) = row {
                let seal = evidence::sealed::<serde_json::Value>(&row, &evidence.broken().await?)?.seal;
                all.insert(record.seq, Pointed { title, href, seal });
            }
        }
    }
    Ok(all)
}

async fn said(evidence: &Evidence, scope: &Scope, record: &RecordRef) -> Result<Option<(String, String)>, PortError> {
    let id = &record.id;
    Ok(match record.collection.as_str() {
        "backup_drill_results" => Drills::get(evidence, scope, id).await?.map(|drill| {
            let says = format!("Drill of {}, {}", words::date(drill.value.occurred_at), drill.value.scenario.title());
            (says, drill_href(id))
        }),
        "findings" => Findings::all(evidence, scope).await?.into_iter().find(|f| f.id == *id).map(|finding| {
            let closed = matches!(finding.value.state, State::Closed { .. });
            let standing = if closed { "?standing=closed" } else { "" };
            (format!("{id}, {}", finding.value.title), format!("/findings{standing}#{id}"))
        }),
        "gaps" => {
            let gaps = Gaps::all(evidence, scope).await?;
            gaps.into_iter().find(|g| g.id == *id).map(|gap| (gap.value.says, format!("/backups#{id}")))
        }
        "runbooks" => evidence.versions(scope).await?.into_iter().find(|v| v.id == *id).map(|version| {
            let version = version.value.version;
            (format!("Runbook {version}"), format!("/runbook/versions/{version}"))
        }),
        "backup_audit_log" => {
            let mut inside = evidence::filter("backup_audit_log", scope);
            inside.insert("rid", id);
            let row = evidence.records().find_one(inside).await.map_err(port_error)?;
            let attestation: Option<Sealed<Attestation>> =
                row.map(|row| evidence::sealed(&row, &Default::default())).transpose()?;
            attestation.map(|a| {
                let says = format!("Attestation of {}, {}", a.value.tenant, words::date(a.value.occurred_at));
                (says, format!("/ledger?around={}", record.seq))
            })
        }
        _ => None,
    })
}
