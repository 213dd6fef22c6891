//! The bundle: checks everything against its seal, lays it out as a bag, signs it, writes the ZIP.
//!
//! It never omits: one record that is missing or differs from its seal, one entry that does not fold,
//! and no bundle is made. Two bundles of the same content are the same bytes but for the signature.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Seek, Write},
};

use domain::{
    draw::hex,
    proof::{
        checkpoint, dsse, hash_from_hex,
        layout::{self, COLLECTIONS, Index, LogSaid, PeriodSaid},
        leaf, sha256_hex, timestamp,
        tree::{Frontier, leaf_hash},
    },
    record::{Entry, Head, Kind, Sealed},
    runbook::RunbookVersion,
};
use serde::de::DeserializeOwned;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{
    content::{Content, SealedBytes},
    packet::PacketError,
    site,
};
use crate::{
    sign::{Keys, SignError},
    time::{Outside, TimeError},
};

/// Below this many bytes deflate gains nothing worth having.
const SMALL: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{coll} {id} (entry {seq}) is not what the ledger sealed; no bundle was made")]
    Differs { coll: String, id: String, seq: u64 },
    #[error("{coll} {id} (entry {seq}) is sealed in the ledger and is missing; no bundle was made")]
    Missing { coll: String, id: String, seq: u64 },
    #[error(
        "{coll} {id} (entry {seq}) lies before the part of the ledger given (from {from}); no bundle was made. Make one from the beginning"
    )]
    NotInLog { coll: String, id: String, seq: u64, from: u64 },
    #[error("{coll} {id} (entry {seq}) belongs to a collection that bundles do not carry; no bundle was made")]
    Stranger { coll: String, id: String, seq: u64 },
    #[error("there are no {0} in that period under those controls to draw a sample from; no bundle was made")]
    NothingToDraw(&'static str),
    #[error("the ledger does not hold together ({0}); no bundle was made")]
    Log(String),
    #[error("the offline pages could not be made: {0}")]
    Page(String),
    #[error("no outside time: {0}")]
    Time(TimeError),
    #[error("the packet could not be made: {0}")]
    Packet(PacketError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("the bundle could not be written: {0}")]
    Write(#[from] std::io::Error),
    #[error("the bundle could not be written: {0}")]
    Zip(#[from] zip::result::ZipError),
}

/// An authority that did not answer is no fault of the packet.
impl From<PacketError> for ExportError {
    fn from(error: PacketError) -> Self {
        match error {
            PacketError::Sign(SignError::Time(cause)) => ExportError::Time(cause),
            other => ExportError::Packet(other),
        }
    }
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleMade {
    /// "evidence-cartie-2026-Q3-1"; the file's name is this and ".zip".
    pub folder: String,
    /// What the signature is over, for the ledger: 64 lower-case hex digits.
    pub tagmanifest_sha256: String,
    /// Number of files.
    pub files: u64,
    /// Size of the ZIP.
    pub bytes: u64,
}

/// Writes the signed bundle. Nothing is written before everything was checked.
///
/// `packet_pdf` becomes `data/packet.pdf`. On an error `out` may hold a part: throw it away.
pub fn write(
    content: &Content,
    packet_pdf: &[u8],
    keys: &Keys,
    mut out: impl Write + Seek,
) -> Result<BundleMade, ExportError> {
    let folder = folder(content);
    let start = out.stream_position()?;
    let (files, tagmanifest_sha256) = files(content, packet_pdf, keys, &folder)?;
    let mut zip = ZipWriter::new(&mut out);
    for (name, bytes) in &files {
        let method = if bytes.len() < SMALL { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(zip::DateTime::default())
            .system(zip::System::Unix)
            .unix_permissions(0o644);
        zip.start_file(format!("{folder}/{name}"), options)?;
        zip.write_all(bytes)?;
    }
    zip.finish()?;
    let bytes = out.stream_position()? - start;
    Ok(BundleMade { folder, tagmanifest_sha256, files: files.len() as u64, bytes })
}

/// `evidence-<org>-<period>-<n>`
pub fn folder(content: &Content) -> String {
    let number: String =
        content.id.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
    let n = number.parse::<u64>().map_or_else(|_| layout::safe(&content.id), |n| n.to_string());
    format!("evidence-{}-{}-{n}", layout::safe(&content.org.to_lowercase()), layout::safe(&content.period_name))
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(content: &Content, packet_pdf: &[u8], keys: &Keys, folder: &str) -> Result<(Files, String), ExportError> {
    let entries = check_log(content, keys)?;
    check_records(content, &entries)?;
    check_pages(content)?;
    let mut files = Files::new();
    let mut put = |name: &str, bytes: Vec<u8>| drop(files.insert(name.to_owned(), bytes));

    let mut records: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for collection in COLLECTIONS {
        let mut here: Vec<&SealedBytes> = content.records.iter().filter(|r| r.coll == collection.name).collect();
        if here.is_empty() && matches!(collection.kind, Kind::Draw | Kind::Key) {
            continue;
        }
        here.sort_by_key(|r| r.seq);
        let lines = here.iter().flat_map(|r| [r.bytes.as_slice(), b"\n"]).collect::<Vec<_>>().concat();
        put(collection.file, lines);
        counts.insert(collection.name.to_owned(), here.len() as u64);
        records.insert(collection.file.to_owned(), here.iter().map(|r| r.seq).collect());
    }
    for record in content.records.iter().filter(|r| r.coll == "runbooks") {
        let version = runbook(record)?;
        put(&layout::runbook_file(&version.version), version.text.into_bytes());
    }
    put(layout::PACKET, packet_pdf.to_vec());
    put(layout::ROOT_CERTIFICATE, keys.root_pem().into_bytes());
    put(layout::SIGNER_CERTIFICATE, keys.signer_pem().into_bytes());
    put(layout::VKEY, keys.vkeys().iter().map(|key| format!("{key}\n")).collect::<String>().into_bytes());
    if let Some(previous) = &content.log.previous {
        put(layout::PREVIOUS_CHECKPOINT, previous.checkpoint.clone().into_bytes());
        let frontier: String = content.log.frontier.iter().map(|h| format!("{}\n", hex(h))).collect();
        put(layout::PREVIOUS_FRONTIER, frontier.into_bytes());
    }
    put(layout::ENTRIES, content.log.entries.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes());
    put(layout::CHECKPOINT, content.log.head.checkpoint.clone().into_bytes());
    for token in &content.timestamps {
        let name = format!("{}{}", layout::TIMESTAMPS, token.size);
        put(&format!("{name}.txt"), token.checkpoint.clone().into_bytes());
        put(&format!("{name}.tsr"), token.response().map_err(|e| ExportError::Log(e.to_string()))?);
    }
    if let Outside::Stamped { roots, .. } = &content.outside {
        put(layout::TSA_ROOTS, roots.concat().into_bytes());
    }
    if let Some(ask) = &content.sample {
        let sample = content.drawn().ok_or(ExportError::NothingToDraw(ask.population.id()))?;
        put(layout::POPULATION, sample.lines().into_bytes());
        let mut json = serde_json::to_vec_pretty(&sample.drawn).expect("a draw has only text and numbers");
        json.push(b'\n');
        put(layout::DRAW, json);
    }
    put(layout::START_HERE, site::start_here(content, keys, folder).into_bytes());
    put(layout::INDEX_PAGE, site::index_page(content, keys, folder).map_err(|e| ExportError::Page(e.to_string()))?);
    let mut names: Vec<&str> = files.keys().map(String::as_str).collect();
    names.push(layout::INDEX);
    let index = index(content, records, counts, &names);
    let mut json = serde_json::to_vec_pretty(&index).expect("an index has only text and numbers");
    json.push(b'\n');
    files.insert(layout::INDEX.to_owned(), json);
    seal(files, content, keys, &index)
}

/// Adds the bag's own files and the signatures; the second part is the tag manifest's digest.
fn seal(mut files: Files, content: &Content, keys: &Keys, index: &Index) -> Result<(Files, String), ExportError> {
    let manifest = manifest(&files);
    let octets: usize = files.values().map(Vec::len).sum();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let info = format!(
        "Bag-Software-Agent: Passmuster {}\nBagging-Date: {}\nExternal-Identifier: {}\nPayload-Oxum: {octets}.{}\nSource-Organization: {}\n",
        env!("CARGO_PKG_VERSION"),
        content.made_at.utc().format("%Y-%m-%d"),
        one_line(&content.id),
        files.len(),
        one_line(&content.org),
    );
    let mut tags = Files::from([
        (layout::BAGIT.to_owned(), layout::BAGIT_TEXT.as_bytes().to_vec()),
        (layout::BAG_INFO.to_owned(), info.into_bytes()),
        (layout::MANIFEST.to_owned(), manifest.into_bytes()),
    ]);
    let tagmanifest = self::manifest(&tags).into_bytes();
    let digest = sha256_hex(&tagmanifest);
    tags.insert(layout::SIGNATURE.to_owned(), keys.sign_cms(&tagmanifest)?);
    let statement = dsse::statement(index, &digest);
    let envelope = dsse::envelope(&statement, keys.signer_fingerprint(), |message| keys.sign_bytes(message));
    tags.insert(layout::STATEMENT.to_owned(), envelope);
    if let Some(authority) = content.outside.stamping() {
        let token = authority.stamp(&timestamp::digest(&tagmanifest)).map_err(ExportError::Time)?;
        tags.insert(layout::TIMESTAMP.to_owned(), token);
    }
    tags.insert(layout::TAG_MANIFEST.to_owned(), tagmanifest);
    files.append(&mut tags);
    Ok((files, digest))
}

/// Byte for byte what `sha256sum` writes, in order of the names.
fn manifest(files: &Files) -> String {
    files.iter().map(|(name, bytes)| format!("{}  {name}\n", sha256_hex(bytes))).collect()
}

fn index(
    content: &Content,
    records: BTreeMap<String, Vec<u64>>,
    counts: BTreeMap<String, u64>,
    names: &[&str],
) -> Index {
    Index {
        schema: 1,
        id: content.id.clone(),
        org: content.org.clone(),
        period: PeriodSaid {
            name: content.period_name.clone(),
            from: content.scope.period.map(|p| p.from.rfc3339()),
            to: content.scope.period.map(|p| p.to.rfc3339()),
        },
        controls: content.scope.controls.clone(),
        made_at: content.made_at.rfc3339(),
        made_by: content.made_by.clone(),
        self_asserted_time: content.outside.stamping().is_none(),
        counts,
        log: LogSaid {
            origin: content.log.origin.clone(),
            from: content.log.previous.as_ref().map_or(0, |p| p.size),
            to: content.log.head.size,
            root: content.log.head.root.clone(),
        },
        records,
        files: names.iter().map(|name| ((*name).to_owned(), role(name).to_owned())).collect(),
    }
}

/// What a file of the bundle is, in a few words.
fn role(name: &str) -> &'static str {
    match name {
        layout::START_HERE => "what the bundle proves and how to check it",
        layout::INDEX => "this index",
        layout::INDEX_PAGE => "the bundle as a page, readable offline",
        layout::PACKET => "the packet, for reading and printing",
        layout::ROOT_CERTIFICATE => "the root certificate, for comparison with your own copy",
        layout::SIGNER_CERTIFICATE => "the certificate of the key that signed the bundle",
        layout::VKEY => "the ledger's public key, and those it had before",
        layout::PREVIOUS_CHECKPOINT => "the older signed head of the ledger",
        layout::PREVIOUS_FRONTIER => "the older tree's perfect subtrees",
        layout::ENTRIES => "every ledger entry since, by digest",
        layout::CHECKPOINT => "the signed head of the ledger",
        layout::TSA_ROOTS => "the time authorities' roots, for comparison with your own copy",
        n if n.starts_with(layout::TIMESTAMPS) && n.ends_with(".txt") => {
            "an earlier signed head of the ledger, stamped"
        }
        n if n.starts_with(layout::TIMESTAMPS) => "an outside authority's token over the head beside it (RFC 3161)",
        "data/records/backup_audit_log.jsonl" => "attestations, exact sealed bytes",
        "data/records/backup_drill_results.jsonl" => "restore drills, exact sealed bytes",
        "data/findings/findings.jsonl" => "findings, exact sealed bytes",
        "data/gaps.jsonl" => "what was due and is not there, exact sealed bytes",
        "data/runbooks/index.jsonl" => "runbook versions, exact sealed bytes",
        layout::POPULATION => "every item the sample could be drawn from",
        layout::DRAW => "the sample: seed, shell line and the items drawn",
        "data/keys/keys.jsonl" => "keys that came into use or were retired, exact sealed bytes",
        "data/sample/draws.jsonl" => "lists sealed before a draw, exact sealed bytes",
        _ => "a runbook version's text",
    }
}

fn runbook(record: &SealedBytes) -> Result<RunbookVersion, ExportError> {
    serde_json::from_slice::<serde_json::Value>(&record.bytes)
        .and_then(|value| serde_json::from_value(domain::ejson::plain(&value)))
        .map_err(|_| differs(record))
}

/// The log must fold from the older signed head to the newer, under the keys that will sign.
fn check_log(content: &Content, keys: &Keys) -> Result<Vec<Entry>, ExportError> {
    let wrong = |what: String| ExportError::Log(what);
    let log = &content.log;
    if log.vkey != keys.vkey() || log.origin != keys.origin() {
        return Err(wrong("its key or name is not the one in the key folder".to_owned()));
    }
    let known = keys.vkeys();
    let signed = |head: &Head| {
        let (opened, _) = checkpoint::open_by(&head.checkpoint, &known).map_err(|e| wrong(e.to_string()))?;
        if opened.size == head.size && Some(opened.root) == hash_from_hex(&head.root) {
            Ok(opened)
        } else {
            Err(wrong(format!("the checkpoint of size {} says something else than the head", head.size)))
        }
    };
    let mut tree = match &log.previous {
        None if log.frontier.is_empty() => Frontier::new(),
        None => return Err(wrong("an older tree is given without its checkpoint".to_owned())),
        Some(previous) => {
            let older = signed(previous)?;
            let tree = Frontier::from_parts(older.size, log.frontier.clone()).map_err(|e| wrong(e.to_string()))?;
            if tree.root() != older.root {
                return Err(wrong("the older tree does not give the older root".to_owned()));
            }
            tree
        }
    };
    let mut entries = Vec::with_capacity(log.entries.len());
    for line in &log.entries {
        let entry = leaf::parse(line).map_err(|e| wrong(format!("entry {}: {e}", tree.size)))?;
        if entry.seq != tree.size {
            return Err(wrong(format!("entry {} stands where {} belongs", entry.seq, tree.size)));
        }
        tree.append(leaf_hash(line.as_bytes()));
        entries.push(entry);
    }
    let head = signed(&log.head)?;
    if (tree.size, tree.root()) != (head.size, head.root) {
        return Err(wrong(format!("its {} entries do not give the signed root of {}", tree.size, head.size)));
    }
    Ok(entries)
}

fn check_records(content: &Content, entries: &[Entry]) -> Result<(), ExportError> {
    let from = content.log.previous.as_ref().map_or(0, |p| p.size);
    let mut seen = BTreeSet::new();
    for record in &content.records {
        let (coll, id, seq) = (record.coll.clone(), record.id.clone(), record.seq);
        let Some(collection) = layout::collection(&coll) else {
            return Err(ExportError::Stranger { coll, id, seq });
        };
        let Some(place) = seq.checked_sub(from) else {
            return Err(ExportError::NotInLog { coll, id, seq, from });
        };
        let entry = usize::try_from(place).ok().and_then(|i| entries.get(i));
        let same = entry.is_some_and(|e| {
            (e.coll.as_str(), e.id.as_str(), e.kind, e.sha256.as_str())
                == (coll.as_str(), id.as_str(), collection.kind, record.sha256.as_str())
        });
        if !same || sha256_hex(&record.bytes) != record.sha256 || record.bytes.contains(&b'\n') || !seen.insert(seq) {
            return Err(differs(record));
        }
    }
    let everything = content.scope.period.is_none() && content.scope.controls.is_none();
    let absent = entries.iter().find(|e| {
        let carried =
            !matches!(e.kind, Kind::Draw | Kind::Key) && layout::collection(&e.coll).is_some_and(|c| c.kind == e.kind);
        carried && !seen.contains(&e.seq)
    });
    match absent {
        Some(e) if everything => Err(ExportError::Missing { coll: e.coll.clone(), id: e.id.clone(), seq: e.seq }),
        _ => Ok(()),
    }
}

/// What the packet and the pages are drawn from must be the records, read.
fn check_pages(content: &Content) -> Result<(), ExportError> {
    let records: BTreeMap<u64, &SealedBytes> = content.records.iter().map(|r| (r.seq, r)).collect();
    all_read_from(&records, "backup_drill_results", &content.drills)?;
    all_read_from(&records, "backup_audit_log", &content.attestations)?;
    all_read_from(&records, "findings", &content.findings)?;
    all_read_from(&records, "gaps", &content.gaps)?;
    all_read_from(&records, "runbooks", &content.runbooks)
}

fn all_read_from<T: DeserializeOwned + PartialEq>(
    records: &BTreeMap<u64, &SealedBytes>,
    coll: &str,
    shown: &[Sealed<T>],
) -> Result<(), ExportError> {
    for Sealed { id, value, seal } in shown {
        let (coll, id, seq) = (coll.to_owned(), id.clone(), seal.seq);
        let Some(record) = records.get(&seq) else {
            return Err(ExportError::Missing { coll, id, seq });
        };
        let read: Option<T> = serde_json::from_slice::<serde_json::Value>(&record.bytes)
            .ok()
            .and_then(|json| serde_json::from_value(domain::ejson::plain(&json)).ok());
        if record.coll != coll || record.id != id || record.sha256 != seal.sha256 || read.as_ref() != Some(value) {
            return Err(ExportError::Differs { coll, id, seq });
        }
    }
    Ok(())
}

fn differs(record: &SealedBytes) -> ExportError {
    ExportError::Differs { coll: record.coll.clone(), id: record.id.clone(), seq: record.seq }
}
