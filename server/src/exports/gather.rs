//! Gathers what a bundle states, and holds every record against its seal. Fails rather than omits.

use std::collections::BTreeSet;

use app::ports::{AttestationFilter, Attestations, Drills, Findings, Gaps, PortError, Runbooks, Wish};
use bson::{RawDocumentBuf, doc};
use domain::{Moment, draw::hex, record::Head, role::Scope, runbook::Runbook, schedule::Period, target};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};

use super::{
    content::{Content, Log, SealedBytes},
    orders::Progress,
};
use crate::{
    ledger::{as_i64, keys, unhex},
    store::{evidence::Evidence, port_error},
    time::{Outside, checkpoints},
};

/// The collections a bundle is made from, in the order of its files.
pub const COLLECTIONS: [&str; 6] =
    ["backup_audit_log", "backup_drill_results", "findings", "gaps", "runbooks", "draws"];

/// Everything inside `scope`, or the first record that is not as it was sealed.
pub async fn gather(
    evidence: &Evidence,
    org: &str,
    id: &str,
    wish: &Wish,
    scope: Scope,
    by: &str,
    progress: &Progress,
) -> Result<Content, PortError> {
    let made_at = evidence.ledger.clock.now();
    let drills = Drills::all(evidence, &scope).await?;
    let findings = Findings::all(evidence, &scope).await?;
    let gaps = Gaps::all(evidence, &scope).await?;
    let runbooks = evidence.versions(&scope).await?;
    let mut attestations = Vec::new();
    let mut cursor = None;
    progress.begin("Reading the attestations", evidence.count(&scope, "backup_audit_log").await?);
    loop {
        let page = evidence.page(&scope, &AttestationFilter::default(), cursor.as_deref(), 500).await?;
        progress.add(page.items.len() as u64);
        attestations.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    let mut records = Vec::new();
    progress.begin("Holding each record against its seal", 0);
    for coll in COLLECTIONS {
        let inside: Option<BTreeSet<&str>> = match coll {
            "findings" => Some(findings.iter().map(|f| f.id.as_str()).collect()),
            "runbooks" => Some(runbooks.iter().map(|r| r.id.as_str()).collect()),
            // A drill's list was sealed under the drill's own id, before the drill.
            "draws" => Some(drills.iter().map(|d| d.id.as_str()).collect()),
            _ => None,
        };
        // Findings are cut by their newest version, which `Findings::all` decided; then all versions go in.
        let reach = if inside.is_some() { Scope::EVERYTHING } else { scope.clone() };
        let mut found = evidence.all_bytes(&reach, coll).await?;
        found.retain(|r| inside.as_ref().is_none_or(|ids| ids.contains(r.id.as_str())));
        held_against_their_seals(evidence, coll, &found).await?;
        records.extend(found);
    }
    records.sort_by_key(|r| r.seq);

    let targets = runbooks
        .first()
        .and_then(|r| Runbook::parse(&r.value.text).ok())
        .map(|book| {
            let now = scope.period.map_or(made_at, |p: Period| p.to.min(made_at));
            book.targets().iter().map(|t| target::judge(t, &drills, now)).collect()
        })
        .unwrap_or_default();
    progress.begin("Folding the ledger", 0);
    let first = match records.first() {
        Some(record) => Some(keys::reach(&evidence.ledger, record.seq).await?),
        None => None,
    };
    let log = log(evidence, first).await?;
    let from = log.previous.as_ref().map_or(0, |p| p.size);
    // Who signed this part of the ledger, whatever the period; keys from before it do not make it longer.
    let keys = keys::between(&evidence.ledger, from, log.head.size).await?;
    held_against_their_seals(evidence, keys::KEYS, &keys).await?;
    records.extend(keys);
    records.sort_by_key(|r| r.seq);
    let timestamps = checkpoints::between(&evidence.ledger.store, from, log.head.size).await?;
    Ok(Content {
        org: org.to_owned(),
        id: id.to_owned(),
        period_name: wish.period_name.clone(),
        scope,
        made_at,
        made_by: by.to_owned(),
        records,
        log,
        timestamps,
        sample: wish.sample.clone(),
        outside: Outside::SelfAsserted("no time authority is configured".to_owned()),
        drills,
        attestations,
        findings,
        gaps,
        runbooks,
        targets,
    })
}

/// The bytes must have the sealed digest, and the newest version's document must still be the one sealed.
async fn held_against_their_seals(evidence: &Evidence, coll: &str, records: &[SealedBytes]) -> Result<(), PortError> {
    let refuse = |r: &SealedBytes, what: &str| {
        PortError::Conflict(format!(
            "No bundle was made: {coll} {} (№ {}) {what}. An export that left it out would look complete",
            r.id, r.seq
        ))
    };
    let mut documents = std::collections::HashMap::new();
    let mut all =
        evidence.ledger.store.db.collection::<RawDocumentBuf>(coll).find(doc! {}).await.map_err(port_error)?;
    while let Some(raw) = all.try_next().await.map_err(port_error)? {
        if let Ok(item) = crate::ledger::canonical::item(coll, &raw) {
            documents.insert(item.id, hex(&Sha256::digest(&item.canonical)));
        }
    }
    let mut newest = std::collections::HashMap::new();
    for record in records {
        if hex(&Sha256::digest(&record.bytes)) != record.sha256 {
            return Err(refuse(record, "has kept bytes that differ from its seal"));
        }
        newest.insert(record.id.as_str(), record);
    }
    for record in newest.into_values() {
        match documents.get(&record.id) {
            None => return Err(refuse(record, "is missing from the database")),
            Some(now) if *now != record.sha256 => return Err(refuse(record, "differs from its seal")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// From the newest checkpoint that precedes every record inside, to the head.
async fn log(evidence: &Evidence, first: Option<u64>) -> Result<Log, PortError> {
    let ledger = &evidence.ledger;
    let store = &ledger.store;
    let head = ledger.head().await?;
    let first = as_i64(first.unwrap_or(head.size));
    let previous = store
        .documents("ledger_checkpoints")
        .find_one(doc! { "_id": { "$lte": first, "$gt": 0_i64 } })
        .sort(doc! { "_id": -1 })
        .await
        .map_err(port_error)?;
    let previous = previous
        .map(|row| {
            let size = row.get_i64("_id").unwrap_or_default();
            Some(Head {
                size: u64::try_from(size).ok()?,
                root: row.get_str("root").ok()?.to_owned(),
                at: Moment::from_millis(row.get_datetime("at").ok()?.timestamp_millis())?,
                checkpoint: row.get_str("note").ok()?.to_owned(),
            })
        })
        .map(|head| head.ok_or_else(|| PortError::Broken("a kept checkpoint does not read".to_owned())))
        .transpose()?;
    let from = previous.as_ref().map_or(0, |p| p.size);
    let mut frontier = domain::proof::tree::Frontier::new();
    let mut entries = Vec::new();
    let mut rows = store
        .documents("ledger_entries")
        .find(doc! { "_id": { "$lt": as_i64(head.size) } })
        .sort(doc! { "_id": 1 })
        .await
        .map_err(port_error)?;
    let mut expected = 0;
    while let Some(row) = rows.try_next().await.map_err(port_error)? {
        let entry = crate::store::evidence::entry(&row)?;
        if entry.seq != expected {
            return Err(PortError::Broken(format!("ledger entry {expected} is missing")));
        }
        expected += 1;
        if entry.seq < from {
            frontier.append(domain::proof::leaf::hash(&entry));
        } else {
            entries.push(domain::proof::leaf::line(&entry));
        }
    }
    if expected != head.size {
        return Err(PortError::Broken(format!("the ledger's head says {} entries, {expected} are there", head.size)));
    }
    if let Some(p) = &previous
        && unhex(&p.root) != Some(frontier.root())
    {
        return Err(PortError::Broken(format!("the entries do not fold to the checkpoint of size {}", p.size)));
    }
    Ok(Log {
        origin: ledger.keys.origin().to_owned(),
        vkey: ledger.keys.vkey(),
        previous,
        frontier: frontier.hashes,
        entries,
        head,
    })
}
