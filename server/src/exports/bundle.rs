//! The bundle: lays out what was gathered as a bag, signs it, writes the ZIP.
//!
//! It never omits: whatever is missing or differs ended the gathering, or ends this. Two bundles of the
//! same content are the same bytes but for the signatures.

use std::{
    collections::BTreeMap,
    io::{Seek, Write},
};

use domain::{
    draw::hex,
    proof::{
        dsse,
        layout::{self, COLLECTIONS, Index, LogSaid, PeriodSaid},
        sha256_hex,
        signoff::Parts,
        timestamp,
    },
};
use zip::{CompressionMethod, ZipWriter};

use super::{
    content::Content,
    packet::PacketError,
    site,
    spool::{self, Spooled},
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
    #[error("the file {name} ({sha256}), which {by} names, {what}; no bundle was made")]
    Attachment { name: String, sha256: String, by: String, what: &'static str },
    #[error("signoffs {id} (entry {seq}) does not read as a sign-off; no bundle was made")]
    NoSignoff { id: String, seq: u64 },
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
    #[error(
        "the bundle could not be written in {folder}: {cause}. No bundle was made, and nothing is left of it; {}",
        full(cause)
    )]
    Scratch { folder: std::path::PathBuf, cause: std::io::Error },
    #[error("the bundle could not be written: {0}")]
    Write(#[from] std::io::Error),
    #[error("the bundle could not be written: {0}")]
    Zip(#[from] zip::result::ZipError),
}

fn full(cause: &std::io::Error) -> &'static str {
    match cause.kind() {
        std::io::ErrorKind::StorageFull => "make room on that disk, or name another folder as portal.scratch",
        _ => "see that the portal may write there, or name another folder as portal.scratch",
    }
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

/// A file of the bundle before it is written.
enum Piece<'a> {
    Bytes(Vec<u8>),
    Spooled(&'a Spooled),
}

impl Piece<'_> {
    fn sha256(&self) -> String {
        match self {
            Piece::Bytes(bytes) => sha256_hex(bytes),
            Piece::Spooled(spooled) => spooled.sha256.clone(),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::Spooled(spooled) => spooled.bytes,
        }
    }
}

/// By their names below the top folder.
type Pieces<'a> = BTreeMap<String, Piece<'a>>;

/// Writes the signed bundle.
///
/// `packet_pdf` becomes `data/packet.pdf`. On an error `out` may hold a part: throw it away.
pub fn write(
    content: &Content,
    packet_pdf: &[u8],
    keys: &Keys,
    mut out: impl Write + Seek,
) -> Result<BundleMade, ExportError> {
    if content.log.vkey != keys.vkey() || content.log.origin != keys.origin() {
        return Err(ExportError::Log("its key or name is not the one in the key folder".to_owned()));
    }
    let folder = folder(content);
    let start = out.stream_position()?;
    let (pieces, tagmanifest_sha256) = pieces(content, packet_pdf, keys, &folder)?;
    let mut zip = ZipWriter::new(&mut out);
    for (name, piece) in &pieces {
        let name = format!("{folder}/{name}");
        match piece {
            Piece::Spooled(spooled) => spooled.copy_into(&mut zip, &name)?,
            Piece::Bytes(bytes) => {
                let small = bytes.len() < SMALL;
                let method = if small { CompressionMethod::Stored } else { CompressionMethod::Deflated };
                zip.start_file(name, spool::options(method))?;
                zip.write_all(bytes)?;
            }
        }
    }
    zip.finish()?;
    let bytes = out.stream_position()? - start;
    Ok(BundleMade { folder, tagmanifest_sha256, files: pieces.len() as u64, bytes })
}

/// `evidence-<org>-<period>-<n>`
pub fn folder(content: &Content) -> String {
    let number: String =
        content.id.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
    let n = number.parse::<u64>().map_or_else(|_| layout::safe(&content.id), |n| n.to_string());
    format!("evidence-{}-{}-{n}", layout::safe(&content.org.to_lowercase()), layout::safe(&content.period_name))
}

fn pieces<'a>(
    content: &'a Content,
    packet_pdf: &[u8],
    keys: &Keys,
    folder: &str,
) -> Result<(Pieces<'a>, String), ExportError> {
    let mut pieces = Pieces::new();
    for spooled in &content.payload.files {
        pieces.insert(spooled.name.clone(), Piece::Spooled(spooled));
    }
    let mut put = |name: &str, bytes: Vec<u8>| drop(pieces.insert(name.to_owned(), Piece::Bytes(bytes)));
    for version in &content.runbooks {
        put(&layout::runbook_file(&version.value.version), version.value.text.clone().into_bytes());
    }
    for signed in &content.signoffs {
        let Parts { client_data, authenticator_data, signature } = signed.parts.clone();
        let parts = [signed.statement.clone().into_bytes(), client_data, authenticator_data, signature];
        layout::signoff_files(&signed.id).iter().zip(parts).for_each(|(name, bytes)| put(name, bytes));
    }
    for proof in &content.payload.proofs {
        put(&format!("{}{}.tlog-proof", layout::PROOFS, proof.index), proof.to_string().into_bytes());
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
    put(layout::CHECKPOINT, content.log.head.checkpoint.clone().into_bytes());
    for token in &content.timestamps {
        let name = format!("{}{}", layout::TIMESTAMPS, token.size);
        put(&format!("{name}.txt"), token.checkpoint.clone().into_bytes());
        put(&format!("{name}.tsr"), token.response().map_err(|e| ExportError::Log(e.to_string()))?);
    }
    if let Outside::Stamped { roots, .. } = &content.outside {
        put(layout::TSA_ROOTS, roots.concat().into_bytes());
    }
    if let Some(sample) = &content.sample {
        put(layout::POPULATION, sample.lines().into_bytes());
        let mut json = serde_json::to_vec_pretty(&sample.drawn).expect("a draw has only text and numbers");
        json.push(b'\n');
        put(layout::DRAW, json);
    }
    put(layout::START_HERE, site::start_here(content, keys, folder).into_bytes());
    put(layout::INDEX_PAGE, site::index_page(content, keys, folder).map_err(|e| ExportError::Page(e.to_string()))?);
    let mut names: Vec<&str> = pieces.keys().map(String::as_str).collect();
    names.push(layout::INDEX);
    let index = index(content, &names);
    let mut json = serde_json::to_vec_pretty(&index).expect("an index has only text and numbers");
    json.push(b'\n');
    pieces.insert(layout::INDEX.to_owned(), Piece::Bytes(json));
    seal(pieces, content, keys, &index)
}

/// Adds the bag's own files and the signatures; the second part is the tag manifest's digest.
fn seal<'a>(
    mut pieces: Pieces<'a>,
    content: &Content,
    keys: &Keys,
    index: &Index,
) -> Result<(Pieces<'a>, String), ExportError> {
    let manifest = manifest(pieces.iter().map(|(name, piece)| (name.as_str(), piece.sha256())));
    let octets: u64 = pieces.values().map(Piece::len).sum();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let info = format!(
        "Bag-Software-Agent: Passmuster {}\nBagging-Date: {}\nExternal-Identifier: {}\nPayload-Oxum: {octets}.{}\nSource-Organization: {}\n",
        env!("CARGO_PKG_VERSION"),
        content.made_at.utc().format("%Y-%m-%d"),
        one_line(&content.id),
        pieces.len(),
        one_line(&content.org),
    );
    let mut tags = BTreeMap::from([
        (layout::BAGIT, layout::BAGIT_TEXT.as_bytes().to_vec()),
        (layout::BAG_INFO, info.into_bytes()),
        (layout::MANIFEST, manifest.into_bytes()),
    ]);
    let tagmanifest = self::manifest(tags.iter().map(|(name, bytes)| (*name, sha256_hex(bytes)))).into_bytes();
    let digest = sha256_hex(&tagmanifest);
    tags.insert(layout::SIGNATURE, keys.sign_cms(&tagmanifest)?);
    let statement = dsse::statement(index, &digest);
    let envelope = dsse::envelope(&statement, keys.signer_fingerprint(), |message| keys.sign_bytes(message));
    tags.insert(layout::STATEMENT, envelope);
    if let Some(authority) = content.outside.stamping() {
        let token = authority.stamp(&timestamp::digest(&tagmanifest)).map_err(ExportError::Time)?;
        tags.insert(layout::TIMESTAMP, token);
    }
    tags.insert(layout::TAG_MANIFEST, tagmanifest);
    pieces.extend(tags.into_iter().map(|(name, bytes)| (name.to_owned(), Piece::Bytes(bytes))));
    Ok((pieces, digest))
}

/// Byte for byte what `sha256sum` writes, in order of the names.
fn manifest<'n>(files: impl Iterator<Item = (&'n str, String)>) -> String {
    files.map(|(name, sha256)| format!("{sha256}  {name}\n")).collect()
}

fn index(content: &Content, names: &[&str]) -> Index {
    let records = &content.payload.records;
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
        counts: COLLECTIONS
            .iter()
            .filter_map(|c| Some((c.name.to_owned(), records.get(c.file)?.len() as u64)))
            .collect(),
        log: LogSaid {
            origin: content.log.origin.clone(),
            from: content.log.from(),
            to: content.log.head.size,
            root: content.log.head.root.clone(),
        },
        records: records.iter().map(|(file, seqs)| ((*file).to_owned(), seqs.clone())).collect(),
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
        n if n.starts_with(layout::PROOFS) => "one entry's place below the signed head (C2SP tlog-proof)",
        n if n.starts_with(layout::TIMESTAMPS) => "an outside authority's token over the head beside it (RFC 3161)",
        "data/records/backup_audit_log.jsonl" => "attestations, exact sealed bytes",
        "data/records/backup_drill_results.jsonl" => "restore drills, exact sealed bytes",
        "data/findings/findings.jsonl" => "findings, exact sealed bytes",
        "data/gaps.jsonl" => "what was due and is not there, exact sealed bytes",
        "data/runbooks/index.jsonl" => "runbook versions, exact sealed bytes",
        layout::POPULATION => "every item the sample could be drawn from",
        layout::DRAW => "the sample: seed, shell line and the items drawn",
        "data/requests/requests.jsonl" => "what auditors asked and were answered, exact sealed bytes",
        n if n.starts_with(layout::ATTACHMENTS) => "a file that a record here names, under its digest",
        "data/records/job_runs.jsonl" => "runs of runners' jobs and their calendars, exact sealed bytes",
        "data/records/facts.jsonl" => "what vendors' own tools said, fact by fact, exact sealed bytes",
        "data/records/imports.jsonl" => {
            "where these facts came from: digests, commands, who and when, exact sealed bytes"
        }
        "data/records/datastores.jsonl" => "what people wrote of datastores, exact sealed bytes",
        "data/checklists/checklists.jsonl" => "quarterly checklists as they were closed, exact sealed bytes",
        "data/checklists/answers.jsonl" => "what people wrote on the checklists, exact sealed bytes",
        "data/checklists/readings.jsonl" => "readings of the runbook, exact sealed bytes",
        "data/checklists/trainings.jsonl" => "trainings that were no drills, exact sealed bytes",
        "data/incidents/acts.jsonl" => "what people did in incidents, act by act, exact sealed bytes",
        "data/incidents/incidents.jsonl" => "incidents as they were accounted for, exact sealed bytes",
        "data/risks/summaries.jsonl" => "risk assessments as they were sealed, exact sealed bytes",
        "data/keys/keys.jsonl" => "keys that came into use or were retired, exact sealed bytes",
        "data/sample/draws.jsonl" => "lists sealed before a draw, exact sealed bytes",
        "data/reviews/acceptances.jsonl" => "accepted risks and scope exclusions, exact sealed bytes",
        "data/signoffs/signoffs.jsonl" => "sign-offs, exact sealed bytes",
        "data/keys/passkeys.jsonl" => "the passkeys of who signed, registered and ended, exact sealed bytes",
        n if n.starts_with(layout::SIGNOFFS) && n.ends_with("statement.json") => "what was signed, to the letter",
        n if n.starts_with(layout::SIGNOFFS) && n.ends_with("clientData.json") => "what the signer's browser said",
        n if n.starts_with(layout::SIGNOFFS) && n.ends_with("authenticatorData.bin") => {
            "what the signer's authenticator said"
        }
        n if n.starts_with(layout::SIGNOFFS) => "the signature of the signer's passkey (ECDSA P-256, DER)",
        _ => "a runbook version's text",
    }
}
