//! Gathers what a bundle states, and holds every record against its seal. Fails rather than omits.
//!
//! Nothing is read whole: entries and records come in the ledger's order, are checked, packed and dropped.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use app::ports::{Drills, Findings, PortError, Runbooks, Wish};
use bson::{Bson, Document, RawDocumentBuf, doc};
use domain::{
    draw::hex,
    proof::tree::{Frontier, leaf_hash},
    record::Head,
    request::Request,
    role::Scope,
    runbook::Runbook,
    sample::{self, Sample},
    schedule::Period,
    target,
};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{
    attached,
    bundle::ExportError,
    collect::{self, Wanted},
    content::{Content, Log, SealedBytes, with_accounts},
    orders::Progress,
    spool::Scratch,
};
use crate::{
    ledger::{as_i64, canonical, keys, unhex},
    store::{
        evidence::{self, Evidence, filter, sealed_bytes},
        port_error, requests,
    },
    time::{Outside, checkpoints},
};

/// How many records are read at once, and how many such parts wait to be packed.
const PART: usize = 500;
const PARTS: usize = 4;

/// The collections a bundle is made from, in the order of its files.
pub const COLLECTIONS: [&str; 21] = [
    "backup_audit_log",
    "backup_drill_results",
    "findings",
    "gaps",
    "runbooks",
    "draws",
    "requests",
    "job_runs",
    "facts",
    "imports",
    "datastores",
    "checklists",
    "checklist_answers",
    "readings",
    "trainings",
    "incident_acts",
    "incidents",
    "risk_summaries",
    "acceptances",
    "signoffs",
    "passkeys",
];

/// Who asks for what.
pub struct Order<'a> {
    pub org: &'a str,
    /// "B-001"
    pub id: &'a str,
    pub wish: &'a Wish,
    pub scope: Scope,
    pub by: &'a str,
    /// Whose requests may go in: `None` for those of every audit.
    pub audits: Option<HashSet<String>>,
    pub scratch: &'a Scratch,
}

/// Everything inside the scope, or the first record that is not as it was sealed.
pub async fn gather(evidence: &Evidence, order: Order<'_>, progress: &Progress) -> Result<Content, PortError> {
    let Order { org, id, wish, scope, by, audits, scratch } = order;
    let ledger = &evidence.ledger;
    let made_at = ledger.clock.now();
    let head = ledger.head().await?;
    progress.begin("Looking for what is inside", 0);
    let requests = requests::for_bundle(evidence, &scope, audits.as_ref()).await?;
    let inside = inside(evidence, &scope, &head, &requests).await?;
    let sample = match &wish.sample {
        Some(ask) => Some(draw(evidence, ask, &inside, &head).await?),
        None => None,
    };
    progress.begin("Folding the ledger", 0);
    let first = match first(evidence, &inside).await? {
        Some(seq) => Some(keys::reach(ledger, seq).await?),
        None => None,
    };
    let log = log(evidence, head, first).await?;
    // Who signed this part of the ledger, whatever the period; keys from before it do not make it longer.
    let signed = doc! { "coll": keys::KEYS, "_id": { "$gte": as_i64(log.from()), "$lt": as_i64(log.head.size) } };
    let inside = doc! { "$or": [inside, signed] };
    let total = count(evidence, &inside).await?;
    let timestamps = checkpoints::between(&ledger.store, log.from(), log.head.size).await?;

    progress.begin("Holding each record against its seal", total);
    let drawn = sample.iter().flat_map(|s| &s.drawn.chosen).map(|item| item.seq).collect::<BTreeSet<u64>>();
    let (entries, lines) = mpsc::channel(PARTS);
    let (records, parts) = mpsc::channel(PARTS);
    let packing = {
        let (log, scope, scratch, progress) = (log.clone(), scope.clone(), scratch.clone(), progress.clone());
        tokio::task::spawn_blocking(move || {
            let wanted = Wanted { log: &log, scope: &scope, drawn: &drawn, scratch: &scratch, progress: &progress };
            collect::collect::<Stopped>(&wanted, Parts::new(lines), Parts::new(parts))
        })
    };
    let from = log.from();
    let (read, held) = tokio::join!(
        tell(entries, |to| read_entries(evidence, from, log.head.size, to)),
        tell(records, |to| read_records(evidence, inside, from, to)),
    );
    let packed = packing.await.map_err(|e| PortError::Broken(e.to_string()))?;
    // The database's own failure says more than what it did to the packing.
    read.and(held)?;
    let (mut payload, shown) = packed.map_err(|e| match e {
        Stopped::Export(cause) => PortError::Conflict(cause.to_string()),
        Stopped::Read => PortError::Broken("reading the ledger stopped".to_owned()),
    })?;
    if payload.count() != total {
        return Err(PortError::Broken(format!("{total} records are inside, and {} were gathered", payload.count())));
    }
    payload.files.extend(attached::spooled(&ledger.store, &shown.attachments, scratch, progress).await?);
    let targets = shown
        .runbooks
        .first()
        .and_then(|r| Runbook::parse(&r.value.text).ok())
        .map(|book| {
            let now = scope.period.map_or(made_at, |p: Period| p.to.min(made_at));
            book.targets().iter().map(|t| target::judge(t, &shown.drills, now)).collect()
        })
        .unwrap_or_default();
    Ok(Content {
        org: org.to_owned(),
        id: id.to_owned(),
        period_name: wish.period_name.clone(),
        scope,
        made_at,
        made_by: by.to_owned(),
        log,
        timestamps,
        sample,
        outside: Outside::SelfAsserted("no time authority is configured".to_owned()),
        payload,
        drills: shown.drills,
        attested: shown.attested,
        findings: shown.findings,
        gaps: shown.gaps,
        runbooks: shown.runbooks,
        requests: shown.requests,
        acceptances: shown.acceptances,
        checklists: shown.checklists,
        incidents: with_accounts(shown.acts, shown.accounts),
        risks: shown.risks,
        jobs: shown.jobs,
        signoffs: shown.signoffs,
        targets,
    })
}

/// The rows of `ledger_records` that are inside, of entries before the head.
async fn inside(evidence: &Evidence, scope: &Scope, head: &Head, requests: &[Request]) -> Result<Document, PortError> {
    let mut any = Vec::new();
    // A request brings the records it points to: its asker may see them, though the bundle's controls may not.
    let mut brought: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for record in requests.iter().flat_map(Request::records) {
        brought.entry(&record.collection).or_default().push(record.id.clone());
    }
    if let Some(drills) = brought.get("backup_drill_results").cloned() {
        brought.insert("draws", drills);
    }
    let signed = evidence.signed_within(scope).await?;
    let everything = scope.period.is_none() && scope.controls.is_none();
    for coll in COLLECTIONS {
        // Cut by what the newest version says, or by the drill it belongs to; then all versions go in.
        let ids: Option<Vec<String>> = match coll {
            "findings" => Some(Findings::all(evidence, scope).await?.into_iter().map(|f| f.id).collect()),
            "runbooks" => Some(evidence.versions(scope).await?.into_iter().map(|r| r.id).collect()),
            // A drill's list was sealed under the drill's own id, before the drill.
            "draws" => Some(Drills::all(evidence, scope).await?.into_iter().map(|d| d.id).collect()),
            "requests" => Some(requests.iter().map(|request| request.id.clone()).collect()),
            // A sign-off belongs to its document, whenever it was given.
            "signoffs" if everything => None,
            "signoffs" => Some(signed.signoffs.clone()),
            // Those of people who signed nothing in here are not carried.
            "passkeys" => Some(signed.passkeys.iter().cloned().collect()),
            _ => None,
        };
        let by_id = |ids: Vec<String>| doc! { "coll": coll, "rid": { "$in": ids } };
        any.push(match ids {
            Some(ids) => by_id(ids),
            None => {
                let mut within = filter(coll, scope);
                within.remove("understood");
                within
            }
        });
        any.extend(brought.remove(coll).map(by_id));
    }
    // The keys of runners, whenever they were registered: what they signed is held against them.
    any.push(doc! { "coll": keys::KEYS, "rid": { "$regex": "^runner-" } });
    Ok(doc! { "_id": { "$lt": as_i64(head.size) }, "$or": any })
}

async fn count(evidence: &Evidence, inside: &Document) -> Result<u64, PortError> {
    evidence.records().count_documents(inside.clone()).await.map_err(port_error)
}

async fn first(evidence: &Evidence, inside: &Document) -> Result<Option<u64>, PortError> {
    let records = evidence.records();
    let find = records.find_one(inside.clone()).sort(doc! { "_id": 1 }).projection(doc! { "_id": 1 });
    Ok(find.await.map_err(port_error)?.and_then(|row| u64::try_from(row.get_i64("_id").ok()?).ok()))
}

/// Before anything is packed: the head is chosen, and with it the seed.
async fn draw(evidence: &Evidence, ask: &sample::Ask, inside: &Document, head: &Head) -> Result<Sample, PortError> {
    let only = doc! { "$and": [inside.clone(), { "coll": ask.population.collection() }] };
    let mut rows = evidence.records().find(only).projection(doc! { "rid": 1 }).await.map_err(port_error)?;
    let mut items: Vec<(String, u64)> = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(port_error)? {
        let seq = row.get_i64("_id").ok().and_then(|seq| u64::try_from(seq).ok());
        if let (Ok(id), Some(seq)) = (row.get_str("rid"), seq) {
            items.push((id.to_owned(), seq));
        }
    }
    Sample::draw(ask, items.iter().map(|(id, seq)| (id.as_str(), *seq)), &head.root, head.size)
        .ok_or_else(|| PortError::Conflict(ExportError::NothingToDraw(ask.population.id()).to_string()))
}

/// Why the packing ended.
enum Stopped {
    Export(ExportError),
    /// Whoever reads the database knows why.
    Read,
}

impl From<ExportError> for Stopped {
    fn from(cause: ExportError) -> Self {
        Stopped::Export(cause)
    }
}

/// What comes through a channel part by part, one by one. A part of nothing but the end says that all were sent.
struct Parts<T> {
    from: mpsc::Receiver<Part<T>>,
    part: std::vec::IntoIter<T>,
    ended: bool,
}

enum Part<T> {
    Some(Vec<T>),
    /// All were sent; a channel that closes without it was cut short.
    End,
}

impl<T> Parts<T> {
    fn new(from: mpsc::Receiver<Part<T>>) -> Self {
        Self { from, part: Vec::new().into_iter(), ended: false }
    }
}

impl<T> Iterator for Parts<T> {
    type Item = Result<T, Stopped>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(one) = self.part.next() {
                return Some(Ok(one));
            }
            if self.ended {
                return None;
            }
            match self.from.blocking_recv() {
                Some(Part::Some(part)) => self.part = part.into_iter(),
                Some(Part::End) => self.ended = true,
                None => {
                    self.ended = true;
                    return Some(Err(Stopped::Read));
                }
            }
        }
    }
}

type Sender<T> = mpsc::Sender<Part<T>>;

/// Runs a reader, and sends the end when it came to its own.
async fn tell<T, F>(to: Sender<T>, read: impl FnOnce(Sender<T>) -> F) -> Result<(), PortError>
where
    F: Future<Output = Result<(), PortError>>,
{
    read(to.clone()).await?;
    // Nobody listens any more: the packing said why.
    let _ = to.send(Part::End).await;
    Ok(())
}

async fn read_entries(evidence: &Evidence, from: u64, until: u64, to: Sender<String>) -> Result<(), PortError> {
    let entries = evidence.ledger.store.documents("ledger_entries");
    let range = doc! { "_id": { "$gte": as_i64(from), "$lt": as_i64(until) } };
    let find = entries.find(range).projection(doc! { "line": 1 }).sort(doc! { "_id": 1 });
    let mut rows = find.await.map_err(port_error)?.try_chunks(PART);
    while let Some(part) = rows.try_next().await.map_err(|e| port_error(e.1))? {
        let lines = part.into_iter().map(|row| match row.get_str("line") {
            Ok(line) => Ok(line.to_owned()),
            Err(e) => Err(PortError::Broken(format!("a ledger entry: {e}"))),
        });
        if to.send(Part::Some(lines.collect::<Result<_, _>>()?)).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The kept bytes must have the sealed digest, and the newest version's document must still be the one sealed.
async fn read_records(
    evidence: &Evidence,
    inside: Document,
    from: u64,
    to: Sender<SealedBytes>,
) -> Result<(), PortError> {
    let newest = newest(evidence, &inside).await?;
    let records = evidence.records();
    let find = records.find(doc! { "$and": [{ "_id": { "$gte": as_i64(from) } }, inside] });
    // In the ledger's order by its own index: sorting a million rows would take the database's memory.
    let find = find.sort(doc! { "_id": 1 }).hint(mongodb::options::Hint::Keys(doc! { "_id": 1 }));
    let mut rows = find.await.map_err(port_error)?.try_chunks(PART);
    while let Some(part) = rows.try_next().await.map_err(|e| port_error(e.1))? {
        let part: Vec<SealedBytes> = part.iter().map(sealed_bytes).collect::<Result<_, _>>()?;
        held_against_documents(evidence, &part, &newest).await?;
        if to.send(Part::Some(part)).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// By collection and id: the place of the newest version, of records that have several.
type Newest = HashMap<(String, String), u64>;

async fn newest(evidence: &Evidence, inside: &Document) -> Result<Newest, PortError> {
    let several = doc! { "$and": [inside.clone(), { "version": { "$gt": 0 } }] };
    let records = evidence.records();
    let find = records.find(several).projection(doc! { "coll": 1, "rid": 1 });
    let mut rows = find.await.map_err(port_error)?;
    let mut newest = Newest::new();
    while let Some(row) = rows.try_next().await.map_err(port_error)? {
        let seq = row.get_i64("_id").ok().and_then(|seq| u64::try_from(seq).ok());
        if let (Ok(coll), Ok(id), Some(seq)) = (row.get_str("coll"), row.get_str("rid"), seq) {
            let known = newest.entry((coll.to_owned(), id.to_owned())).or_insert(seq);
            *known = seq.max(*known);
        }
    }
    Ok(newest)
}

async fn held_against_documents(evidence: &Evidence, part: &[SealedBytes], newest: &Newest) -> Result<(), PortError> {
    let current = |r: &&SealedBytes| newest.get(&(r.coll.clone(), r.id.clone())).is_none_or(|seq| *seq == r.seq);
    for coll in COLLECTIONS.into_iter().chain([keys::KEYS]) {
        let mut sealed = HashMap::new();
        let mut ids = Vec::new();
        for record in part.iter().filter(|r| r.coll == coll).filter(current) {
            if hex(&Sha256::digest(&record.bytes)) != record.sha256 {
                return Err(refuse(record, "has kept bytes that differ from its seal"));
            }
            let id = own_id(&record.bytes).ok_or_else(|| refuse(record, "does not read"))?;
            ids.push(id);
            sealed.insert(record.id.as_str(), record);
        }
        if ids.is_empty() {
            continue;
        }
        let documents = evidence.ledger.store.db.collection::<RawDocumentBuf>(coll);
        let mut found = documents.find(doc! { "_id": { "$in": ids } }).await.map_err(port_error)?;
        while let Some(raw) = found.try_next().await.map_err(port_error)? {
            let Ok(now) = canonical::canonical(&raw) else { continue };
            if let Some(record) = sealed.remove(now.id.as_str())
                && hex(&Sha256::digest(&now.bytes)) != record.sha256
            {
                return Err(refuse(record, "differs from its seal"));
            }
        }
        if let Some(record) = sealed.into_values().min_by_key(|r| r.seq) {
            return Err(refuse(record, "is missing from the database"));
        }
    }
    Ok(())
}

/// The `_id` as the database has it.
fn own_id(canonical: &[u8]) -> Option<Bson> {
    let value: serde_json::Value = serde_json::from_slice(canonical).ok()?;
    Bson::try_from(value.get("_id")?.clone()).ok()
}

fn refuse(record: &SealedBytes, what: &str) -> PortError {
    let SealedBytes { coll, id, seq, .. } = record;
    PortError::Conflict(format!(
        "No bundle was made: {coll} {id} (№ {seq}) {what}. An export that left it out would look complete"
    ))
}

/// From the newest checkpoint that precedes every record inside, to the head.
async fn log(evidence: &Evidence, head: Head, first: Option<u64>) -> Result<Log, PortError> {
    let ledger = &evidence.ledger;
    let store = &ledger.store;
    let first = as_i64(first.unwrap_or(head.size));
    let previous = store
        .documents("ledger_checkpoints")
        .find_one(doc! { "_id": { "$lte": first, "$gt": 0_i64 } })
        .sort(doc! { "_id": -1 })
        .await
        .map_err(port_error)?;
    let previous = previous.map(|row| evidence::head(&row)).transpose()?;
    let from = previous.as_ref().map_or(0, |p| p.size);
    let mut frontier = Frontier::new();
    ledger
        .each_line(0..from, |line| {
            frontier.append(leaf_hash(line.as_bytes()));
            Ok(())
        })
        .await?;
    if let Some(p) = &previous
        && unhex(&p.root) != Some(frontier.root())
    {
        return Err(PortError::Broken(format!("the entries do not fold to the checkpoint of size {}", p.size)));
    }
    Ok(Log {
        origin: ledger.keys.origin().to_owned(),
        vkey: ledger.keys.vkey(),
        known: ledger.keys.vkeys(),
        previous,
        frontier: frontier.hashes,
        head,
    })
}
