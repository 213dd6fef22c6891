//! The sealed records as pages read them: always from the exact bytes that were hashed.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use app::ports::{
    AttestationFilter, Attestations, Attested, Draft, Drills, Findings, Gaps, Ledger as LedgerPort, OutsideTime, Page,
    PortError, Runbooks,
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bson::{Document, doc};
use domain::{
    Moment,
    attestation::{Attestation, Strength},
    control::Control,
    drill::Drill,
    ejson,
    finding::Finding,
    gap::Gap,
    kit::Book,
    proof::{leaf, tree::Hash},
    record::{Alarm, Entry, Head, Seal, Sealed, Tampering, Unread},
    role::Scope,
    runbook::RunbookVersion,
    schedule::Period,
};
use mongodb::Collection;
use serde::de::DeserializeOwned;

use super::{port_error, rows};
use crate::{
    exports::content::SealedBytes,
    ledger::{Ledger, as_i64, canonical, date},
    time::checkpoints,
};

/// Reads sealed records, cut to a scope.
#[derive(Clone)]
pub struct Evidence {
    pub ledger: Arc<Ledger>,
}

impl Evidence {
    pub(crate) fn records(&self) -> Collection<Document> {
        self.ledger.store.documents("ledger_records")
    }

    /// All of one collection inside the scope, newest first.
    pub(super) async fn all_of<T: DeserializeOwned>(
        &self,
        coll: &str,
        scope: &Scope,
    ) -> Result<Vec<Sealed<T>>, PortError> {
        self.read(filter(coll, scope)).await
    }

    /// The newest version of each of one collection inside the scope, newest first.
    pub(super) async fn last_of<T: DeserializeOwned>(
        &self,
        coll: &str,
        scope: &Scope,
    ) -> Result<Vec<Sealed<T>>, PortError> {
        Ok(last(self.all_of(coll, scope).await?))
    }

    /// Seals a word that follows the one at `seen`, or begins where there is none. Of two that saw the same, one is
    /// told `changed`.
    pub(super) async fn follow<T: serde::Serialize>(
        &self,
        coll: &str,
        id: &str,
        value: &T,
        seen: Option<u64>,
        changed: &str,
    ) -> Result<(), PortError> {
        let changed = || PortError::Conflict(changed.to_owned());
        let records = self.records();
        let newest = records.find_one(doc! { "coll": coll, "rid": id }).sort(doc! { "version": -1 });
        let last = newest.await.map_err(port_error)?.as_ref().map(sealed_bytes).transpose()?.map(|last| last.seq);
        if last != seen {
            return Err(changed());
        }
        let item = match last {
            None => canonical::insert(coll, id, value),
            Some(seq) => canonical::replace(coll, id, self.version(seq).await? + 1, value),
        };
        match self.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
            Ok(_) => Ok(()),
            Err(PortError::Conflict(_)) => Err(changed()),
            Err(e) => Err(e),
        }
    }

    /// Records by their ids, whoever asks: for what is filed again.
    pub async fn named<T: DeserializeOwned>(&self, coll: &str, ids: &[String]) -> Result<Vec<Sealed<T>>, PortError> {
        self.read(doc! { "coll": coll, "rid": { "$in": ids } }).await
    }

    /// Which of these ids there are.
    pub async fn ids(&self, coll: &str, ids: &[String]) -> Result<BTreeSet<String>, PortError> {
        let records = self.records();
        let wanted = doc! { "coll": coll, "rid": { "$in": ids } };
        let rows = rows(records.find(wanted).projection(doc! { "rid": 1 })).await?;
        Ok(rows.iter().filter_map(|row| row.get_str("rid").ok().map(str::to_owned)).collect())
    }

    async fn read<T: DeserializeOwned>(&self, filter: Document) -> Result<Vec<Sealed<T>>, PortError> {
        let rows = rows(self.records().find(filter).sort(doc! { "occurredAt": -1, "_id": -1 })).await?;
        let broken = self.broken().await?;
        rows.iter().map(|row| sealed(row, &broken)).collect()
    }

    /// The exact bytes of one record inside the scope.
    pub async fn bytes(&self, scope: &Scope, coll: &str, id: &str) -> Result<Option<SealedBytes>, PortError> {
        let mut filter = filter(coll, scope);
        filter.insert("rid", id);
        let row = self.records().find_one(filter).sort(doc! { "version": -1 }).await.map_err(port_error)?;
        row.as_ref().map(sealed_bytes).transpose()
    }

    /// Which version of its record the entry at this place seals.
    pub async fn version(&self, seq: u64) -> Result<i64, PortError> {
        let row = self.records().find_one(doc! { "_id": as_i64(seq) }).await.map_err(port_error)?;
        Ok(row.and_then(|row| row.get_i64("version").ok()).unwrap_or_default())
    }

    pub async fn count(&self, scope: &Scope, coll: &str) -> Result<u64, PortError> {
        self.records().count_documents(filter(coll, scope)).await.map_err(port_error)
    }

    /// For each attestation, when it happened and how many tenant databases its run saw.
    pub async fn tenants_seen(&self) -> Result<Vec<(Moment, usize)>, PortError> {
        let rows = rows(
            self.records()
                .find(doc! { "coll": "backup_audit_log", "understood": true })
                .projection(doc! { "occurredAt": 1, "seen": 1 }),
        )
        .await?;
        rows.iter()
            .map(|r| Ok((moment(r, "occurredAt")?, usize::try_from(r.get_i64("seen").unwrap_or(0)).unwrap_or(0))))
            .collect()
    }

    /// The smallest signed head that covers an entry.
    pub async fn checkpoint_covering(&self, seq: u64) -> Result<Head, PortError> {
        let row = self
            .ledger
            .store
            .documents("ledger_checkpoints")
            .find_one(doc! { "_id": { "$gt": as_i64(seq) } })
            .sort(doc! { "_id": 1 })
            .await
            .map_err(port_error)?
            .ok_or_else(|| PortError::Broken(format!("no signed head covers entry {seq}")))?;
        head(&row)
    }

    /// "coll/id" of every record with an alarm.
    pub async fn broken(&self) -> Result<HashSet<String>, PortError> {
        Ok(self.alarms().await?.into_iter().map(|a| format!("{}/{}", a.coll, a.id)).collect())
    }
}

/// Of each record the newest version, newest first.
pub(super) fn last<T>(mut words: Vec<Sealed<T>>) -> Vec<Sealed<T>> {
    words.sort_by_key(|word| std::cmp::Reverse(word.seal.seq));
    let mut seen = HashSet::new();
    words.retain(|word| seen.insert(word.id.clone()));
    words
}

/// A signed head from a row of `ledger_checkpoints`.
pub(crate) fn head(row: &Document) -> Result<Head, PortError> {
    let text = |key: &str| row.get_str(key).map(str::to_owned).map_err(|e| PortError::Broken(e.to_string()));
    let size = row.get_i64("_id").ok().and_then(|size| u64::try_from(size).ok());
    let size = size.ok_or_else(|| PortError::Broken("a kept checkpoint has no size".to_owned()))?;
    Ok(Head { size, root: text("root")?, at: moment(row, "at")?, checkpoint: text("note")? })
}

/// Any typed record from a row of `ledger_records`.
pub fn sealed<T: DeserializeOwned>(row: &Document, broken: &HashSet<String>) -> Result<Sealed<T>, PortError> {
    let bytes = sealed_bytes(row)?;
    let wrong = |e: &dyn std::fmt::Display| PortError::Broken(format!("{} {}: {e}", bytes.coll, bytes.id));
    let value: serde_json::Value = serde_json::from_slice(&bytes.bytes).map_err(|e| wrong(&e))?;
    let value = T::deserialize(ejson::plain(&value)).map_err(|e| wrong(&e))?;
    let seal = Seal {
        seq: bytes.seq,
        sha256: bytes.sha256.clone(),
        at: moment(row, "at")?,
        by: row.get_str("by").unwrap_or("not stated").to_owned(),
        broken: broken.contains(&format!("{}/{}", bytes.coll, bytes.id)),
    };
    Ok(Sealed { id: bytes.id, value, seal })
}

pub fn sealed_bytes(row: &Document) -> Result<SealedBytes, PortError> {
    let text = |key: &str| row.get_str(key).map(str::to_owned).map_err(|e| PortError::Broken(e.to_string()));
    let seq = row.get_i64("_id").ok().and_then(|n| u64::try_from(n).ok());
    Ok(SealedBytes {
        seq: seq.ok_or_else(|| PortError::Broken("a sealed record has no place in the ledger".to_owned()))?,
        coll: text("coll")?,
        id: text("rid")?,
        sha256: text("sha256")?,
        bytes: row.get_binary_generic("canonical").map_err(|e| PortError::Broken(e.to_string()))?.clone(),
    })
}

pub(crate) fn moment(row: &Document, key: &str) -> Result<Moment, PortError> {
    row.get_datetime(key)
        .ok()
        .and_then(|t| Moment::from_millis(t.timestamp_millis()))
        .ok_or_else(|| PortError::Broken(format!("{key} is not a date")))
}

/// The scope as a query: the one place where an auditor's eye is cut.
pub(crate) fn filter(coll: &str, scope: &Scope) -> Document {
    let mut filter = doc! { "coll": coll, "understood": true };
    if let Some(Period { from, to }) = scope.period {
        match coll {
            // A finding belongs by nature when it was opened before the end and not closed before the start; an
            // acceptance when it held at some time within.
            "findings" | "acceptances" => {
                filter.insert("occurredAt", doc! { "$lt": date(to) });
                filter.insert("$or", [doc! { "endedAt": null }, doc! { "endedAt": { "$gte": date(from) } }]);
            }
            // Which versions were in force is decided from all that were approved before the end.
            "runbooks" => {
                filter.insert("occurredAt", doc! { "$lt": date(to) });
            }
            _ => {
                filter.insert("occurredAt", doc! { "$gte": date(from), "$lt": date(to) });
            }
        }
    }
    if let Some(controls) = &scope.controls {
        filter.insert("answers", doc! { "$in": controls.iter().map(|c| c.id()).collect::<Vec<_>>() });
    }
    filter
}

#[async_trait]
impl Drills for Evidence {
    async fn all(&self, scope: &Scope) -> Result<Vec<Sealed<Drill>>, PortError> {
        self.all_of("backup_drill_results", scope).await
    }

    async fn get(&self, scope: &Scope, id: &str) -> Result<Option<Sealed<Drill>>, PortError> {
        let mut filter = filter("backup_drill_results", scope);
        filter.insert("rid", id);
        Ok(self.read(filter).await?.into_iter().next())
    }
}

#[async_trait]
impl Attestations for Evidence {
    async fn grid(&self, scope: &Scope) -> Result<Vec<Attested>, PortError> {
        let rows = rows(
            self.records()
                .find(filter("backup_audit_log", scope))
                .projection(doc! { "canonical": 0 })
                .sort(doc! { "occurredAt": 1, "_id": 1 }),
        )
        .await?;
        let broken = self.broken().await?;
        rows.iter()
            .map(|row| {
                let text = |key: &str| row.get_str(key).unwrap_or_default().to_owned();
                Ok(Attested {
                    tenant: text("tenant"),
                    occurred_at: moment(row, "occurredAt")?,
                    strength: strength(&text("strength")),
                    seal: Seal {
                        seq: u64::try_from(row.get_i64("_id").unwrap_or_default()).unwrap_or_default(),
                        sha256: text("sha256"),
                        at: moment(row, "at")?,
                        by: row.get_str("by").unwrap_or("not stated").to_owned(),
                        broken: broken.contains(&format!("backup_audit_log/{}", text("rid"))),
                    },
                })
            })
            .collect()
    }

    async fn page(
        &self,
        scope: &Scope,
        wanted: &AttestationFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Sealed<Attestation>>, PortError> {
        let scope = scope.narrowed(&Scope { period: wanted.period, controls: None });
        let mut filter = filter("backup_audit_log", &scope);
        if let Some(tenant) = &wanted.tenant {
            filter.insert("tenant", tenant);
        }
        if let Some(strength) = wanted.strength {
            filter.insert("strength", strength.word());
        }
        let total = self.records().count_documents(filter.clone()).await.map_err(port_error)?;
        if let Some((at, seq)) = cursor.and_then(read_cursor) {
            let after = [doc! { "occurredAt": { "$lt": at } }, doc! { "occurredAt": at, "_id": { "$lt": seq } }];
            filter = doc! { "$and": [filter, { "$or": after.to_vec() }] };
        }
        let limit = limit.clamp(1, 500) as usize;
        let mut rows =
            rows(self.records().find(filter).sort(doc! { "occurredAt": -1, "_id": -1 }).limit(limit as i64 + 1))
                .await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(write_cursor);
        let broken = self.broken().await?;
        let items = rows.iter().map(|row| sealed(row, &broken)).collect::<Result<_, _>>()?;
        Ok(Page { items, total, next })
    }

    async fn tenants(&self, scope: &Scope) -> Result<BTreeSet<String>, PortError> {
        let names = self.records().distinct("tenant", filter("backup_audit_log", scope)).await.map_err(port_error)?;
        Ok(names.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect())
    }
}

/// A strength this version does not know counts as the weakest: it is never read as more than it says.
fn strength(word: &str) -> Strength {
    [Strength::Listed, Strength::Counted, Strength::Fingerprinted, Strength::Restored]
        .into_iter()
        .find(|s| s.word() == word)
        .unwrap_or(Strength::Declared)
}

fn write_cursor(row: &Document) -> String {
    let at = row.get_datetime("occurredAt").map(|t| t.timestamp_millis()).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(format!("{at}.{}", row.get_i64("_id").unwrap_or_default()))
}

fn read_cursor(text: &str) -> Option<(bson::DateTime, i64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, seq) = text.split_once('.')?;
    Some((bson::DateTime::from_millis(at.parse().ok()?), seq.parse().ok()?))
}

#[async_trait]
impl Gaps for Evidence {
    async fn all(&self, scope: &Scope) -> Result<Vec<Sealed<Gap>>, PortError> {
        self.all_of("gaps", scope).await
    }
}

#[async_trait]
impl Findings for Evidence {
    async fn all(&self, scope: &Scope) -> Result<Vec<Sealed<Finding>>, PortError> {
        // The newest version alone decides whether a finding is inside: read all, keep the newest, then cut.
        let mut rows: Vec<Sealed<Finding>> = self.last_of("findings", &Scope::EVERYTHING).await?;
        rows.retain(|f| scope.admits_finding(&f.value));
        rows.sort_by_key(|f| std::cmp::Reverse(f.value.occurred_at));
        Ok(rows)
    }
}

#[async_trait]
impl Runbooks for Evidence {
    async fn versions(&self, scope: &Scope) -> Result<Vec<Sealed<RunbookVersion>>, PortError> {
        let mut versions: Vec<Sealed<RunbookVersion>> = self.all_of("runbooks", scope).await?;
        if let Some(period) = scope.period {
            // Newest first: one that was replaced before the period began was not in force in it.
            let replaced_before = versions.iter().position(|v| v.value.occurred_at <= period.from);
            versions.truncate(replaced_before.map_or(versions.len(), |last| last + 1));
        }
        Ok(versions)
    }

    async fn book(&self, version: &Sealed<RunbookVersion>) -> Result<Book, PortError> {
        let row = self.records().find_one(doc! { "_id": as_i64(version.seal.seq) }).await.map_err(port_error)?;
        let kept = row.as_ref().map(sealed_bytes).transpose()?;
        let kept = kept.ok_or_else(|| PortError::Broken(format!("runbook {} has no bytes", version.id)))?;
        let record = String::from_utf8(kept.bytes).map_err(|e| PortError::Broken(e.to_string()))?;
        Ok(Book {
            version: version.value.version.clone(),
            record,
            seq: version.seal.seq,
            sha256: version.seal.sha256.clone(),
            signed: self.approval(version).await?,
        })
    }

    async fn draft(&self) -> Result<Option<Draft>, PortError> {
        self.read_draft().await
    }

    async fn keep_draft(&self, text: &str, by: &str, seen: i64) -> Result<(), PortError> {
        self.write_draft(text, by, self.ledger.clock.now(), seen).await
    }

    async fn approve(&self, version: &RunbookVersion) -> Result<String, PortError> {
        self.put_in_force(version).await
    }
}

#[async_trait]
impl LedgerPort for Evidence {
    async fn head(&self) -> Result<Head, PortError> {
        self.ledger.head().await
    }

    async fn entries(&self, before: Option<u64>, limit: u32) -> Result<Vec<Entry>, PortError> {
        let filter = before.map_or_else(Document::new, |b| doc! { "_id": { "$lt": as_i64(b.min(i64::MAX as u64)) } });
        let rows = rows(
            self.ledger
                .store
                .documents("ledger_entries")
                .find(filter)
                .sort(doc! { "_id": -1 })
                .limit(i64::from(limit.clamp(1, 1000))),
        )
        .await?;
        rows.iter().map(entry).collect()
    }

    async fn alarms(&self) -> Result<Vec<Alarm>, PortError> {
        let rows = rows(self.ledger.store.documents("ledger_alarms").find(doc! {}).sort(doc! { "at": -1 })).await?;
        rows.iter()
            .map(|row| {
                Ok(Alarm {
                    seq: u64::try_from(row.get_i64("seq").unwrap_or_default()).unwrap_or_default(),
                    coll: row.get_str("coll").unwrap_or_default().to_owned(),
                    id: row.get_str("rid").unwrap_or_default().to_owned(),
                    what: if row.get_str("what").ok() == Some("deleted") {
                        Tampering::Deleted
                    } else {
                        Tampering::Changed
                    },
                    at: moment(row, "at")?,
                })
            })
            .collect()
    }

    async fn unread(&self) -> Result<Vec<Unread>, PortError> {
        let store = &self.ledger.store;
        let newest = doc! { "at": -1 };
        let refused = rows(store.documents("ledger_refusals").find(doc! {}).sort(newest.clone()).limit(100)).await?;
        let sealed = rows(self.records().find(doc! { "understood": false }).sort(newest).limit(100)).await?;
        let mut all = Vec::new();
        for row in &refused {
            let text = |key: &str| row.get_str(key).unwrap_or_default().to_owned();
            all.push(Unread {
                coll: text("coll"),
                id: text("rid"),
                seq: None,
                why: text("why"),
                at: moment(row, "at")?,
            });
        }
        for row in &sealed {
            let SealedBytes { seq, coll, id, bytes, .. } = sealed_bytes(row)?;
            let why = canonical::unread(&coll, &bytes);
            all.push(Unread { coll, id, seq: Some(seq), why, at: moment(row, "at")? });
        }
        all.sort_by_key(|unread| std::cmp::Reverse(unread.at));
        all.truncate(100);
        Ok(all)
    }

    async fn checked_at(&self) -> Result<Option<Moment>, PortError> {
        let row =
            self.ledger.store.documents("ledger_watch").find_one(doc! { "_id": "scan" }).await.map_err(port_error)?;
        row.map(|r| moment(&r, "at")).transpose()
    }

    fn vkey(&self) -> String {
        self.ledger.keys.vkey()
    }

    fn earlier_vkeys(&self) -> Vec<String> {
        self.ledger.keys.vkeys().iter().skip(1).map(ToString::to_string).collect()
    }

    async fn outside_time(&self) -> Result<Option<OutsideTime>, PortError> {
        let newest = checkpoints::newest(&self.ledger.store).await?;
        Ok(newest.map(|t| OutsideTime { size: t.size, at: t.stamped_at, authority: t.authority }))
    }

    async fn consistency(&self, old: u64, head: &Head) -> Result<Option<Vec<Hash>>, PortError> {
        self.ledger.consistency(old, head).await
    }
}

/// An entry from its stored line, which must be the canonical one.
pub fn entry(row: &Document) -> Result<Entry, PortError> {
    let line = row.get_str("line").map_err(|e| PortError::Broken(e.to_string()))?;
    leaf::parse(line).map_err(|e| PortError::Broken(format!("a ledger line: {e}")))
}

/// The controls a scope speaks of.
pub fn controls_of(scope: &Scope) -> Vec<Control> {
    scope.controls.clone().unwrap_or_else(|| Control::ALL.to_vec())
}
