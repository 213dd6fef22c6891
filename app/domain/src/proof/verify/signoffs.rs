//! The sign-offs: who signed which bytes, by a passkey that was registered before and not revoked.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Checking, Trust,
    log::Log,
    records::{Record, Records},
};
use crate::{
    draw, ejson,
    passkey::Passkey,
    proof::{
        bundle::UnverifiedBundle,
        layout,
        passkey::{Place, origin},
        signoff::{Decision, Parts, Purpose, Registration, Statement, verify},
    },
    record::Kind,
    signoff::Signoff,
    words,
};

const WHAT: &str = "The sign-offs";
/// More than these are counted and not listed.
const LISTED: usize = 60;

/// A document that can be signed.
struct Document {
    seq: u64,
    sha256: String,
    version: String,
}

type Keys = BTreeMap<String, Registration>;
type Documents = BTreeMap<(&'static str, String), Vec<Document>>;

struct Checked {
    statement: Statement,
    origin: String,
    says: String,
}

impl Checking {
    /// Bundles made before there were any have none, and lose nothing by it.
    pub(super) fn signoffs(&mut self, bundle: &UnverifiedBundle, trust: &Trust, records: &Records, log: &Log) {
        let mut wrong = Vec::new();
        let keys = keys(records, &mut wrong);
        let documents = documents(records, log);
        let (mut nonces, mut files) = (BTreeMap::new(), BTreeSet::new());
        let mut checked = Vec::new();
        for record in records.kept.iter().filter(|r| r.collection.kind == Kind::Signoff) {
            let found = check(record, trust.place.as_ref(), &keys, &documents).and_then(|(signoff, checked)| {
                loose(bundle, &record.id, &signoff, &mut files)?;
                match nonces.insert(checked.statement.nonce.clone(), record.id.clone()) {
                    Some(before) => Err(format!("its nonce was used before, by {before}")),
                    None => Ok(checked),
                }
            });
            match found {
                Ok(found) => checked.push((record.id.as_str(), found)),
                Err(e) => wrong.push(format!("sign-off {}: {e}", record.id)),
            }
        }
        let records = layout::collection("signoffs").map(|c| c.file).unwrap_or_default();
        let strangers = bundle.files.keys().filter(|n| n.starts_with(layout::SIGNOFFS) && *n != records);
        wrong.extend(strangers.filter(|n| !files.contains(*n)).map(|n| format!("{n} belongs to no sealed sign-off")));
        if checked.is_empty() && wrong.is_empty() {
            return;
        }
        let good = format!("{}, each over a document in this bundle, by a passkey registered before.", checked.len());
        self.none_wrong(WHAT, wrong, good);
        for (id, found) in checked.iter().take(LISTED) {
            self.good(&format!("Sign-off {id}"), found.says.clone());
        }
        if !checked.is_empty() {
            self.not_shown(trust, &checked);
        }
    }

    fn not_shown(&mut self, trust: &Trust, checked: &[(&str, Checked)]) {
        if trust.place.is_none() {
            let origins: BTreeSet<&str> = checked.iter().map(|(_, c)| c.origin.as_str()).collect();
            self.not_proven.push(format!(
                "That the sign-offs were made on the company's own site: no relying party and origin were given to hold them against. They name {}.",
                origins.into_iter().collect::<Vec<_>>().join(", ")
            ));
        }
        self.not_proven.push(
            "What the signers saw: a browser does not show the document it signs for. Each signed the digest of these bytes."
                .to_owned(),
        );
        self.not_proven
            .push("Whose passkeys they are: the company registered them, and the ledger says when.".to_owned());
        let by = |purpose: Purpose| {
            checked
                .iter()
                .map(|(_, c)| &c.statement)
                .filter(move |s| s.purpose == purpose && s.decision == Decision::Approve)
        };
        let alone = by(Purpose::Ran)
            .filter(|ran| by(Purpose::Owns).any(|o| o.document == ran.document && o.signer.id == ran.signer.id))
            .map(|ran| ran.document.id.as_str())
            .collect::<BTreeSet<&str>>();
        for drill in alone {
            self.not_proven.push(format!("That two people signed drill {drill}: both signatures are one person's."));
        }
    }
}

fn keys(records: &Records, wrong: &mut Vec<String>) -> Keys {
    let mut keys = Keys::new();
    let mut all: Vec<&Record> = records.kept.iter().filter(|r| r.collection.name == "passkeys").collect();
    all.sort_by_key(|r| r.seq);
    for record in all {
        let passkey: Passkey = match serde_json::from_value(ejson::plain(&record.value)) {
            Ok(passkey) => passkey,
            Err(e) => {
                wrong.push(format!("passkey {} cannot be read: {e}", record.id));
                continue;
            }
        };
        match keys.get_mut(&record.id) {
            None => {
                let ended = passkey.revoked.is_some().then_some(record.seq);
                keys.insert(record.id.clone(), Registration { seq: record.seq, passkey, ended });
            }
            // The first end counts: nothing registers a passkey again.
            Some(key) if passkey.revoked.is_some() => _ = key.ended.get_or_insert(record.seq),
            Some(_) => {}
        }
    }
    keys
}

fn documents(records: &Records, log: &Log) -> Documents {
    let mut documents = Documents::new();
    let signable: BTreeSet<&str> = Purpose::ALL.iter().map(|p| p.collection()).collect();
    for record in records.kept.iter().filter(|r| signable.contains(r.collection.name)) {
        let Some(entry) = log.entry(record.seq) else { continue };
        // A runbook, a checklist and an account have versions of their own; the others never change.
        let version = match (record.collection.kind, record.collection.name) {
            (Kind::Runbook, _) | (_, "checklists" | "incidents" | "risk_summaries") => {
                record.value.get("version").and_then(|v| v.as_str()).unwrap_or_default()
            }
            _ => "1",
        };
        documents.entry((record.collection.name, record.id.clone())).or_default().push(Document {
            seq: record.seq,
            sha256: draw::hex(entry.sha256),
            version: version.to_owned(),
        });
    }
    documents
}

fn check(
    record: &Record,
    place: Option<&Place>,
    keys: &Keys,
    documents: &Documents,
) -> Result<(Signoff, Checked), String> {
    let signoff: Signoff = serde_json::from_value(ejson::plain(&record.value))
        .map_err(|e| format!("it cannot be read as a sign-off: {e}"))?;
    let key = keys.get(&signoff.credential).ok_or("the registration of its passkey is not in this bundle")?;
    let statement = verify(&signoff, record.seq, key, place).map_err(|e| e.to_string())?.statement;
    let document = signed_document(&statement, record.seq, documents)?;
    let parts = Parts::of(&signoff).map_err(|e| e.to_string())?;
    let says = says(&statement, document);
    let origin = origin(&parts.client_data).unwrap_or_default();
    Ok((signoff, Checked { statement, origin, says }))
}

/// The record whose sealed bytes have the digest that was signed.
fn signed_document<'d>(statement: &Statement, seq: u64, documents: &'d Documents) -> Result<&'d Document, String> {
    let signed = &statement.document;
    let collection = statement.purpose.collection();
    let versions = documents
        .get(&(collection, signed.id.clone()))
        .ok_or_else(|| format!("it signs {} of {collection}, which is not in this bundle", signed.id))?;
    let document = versions
        .iter()
        .find(|d| d.sha256 == signed.sha256)
        .ok_or_else(|| format!("it signs other bytes than those sealed as {} of {collection}", signed.id))?;
    if document.version != signed.version {
        let (named, own) = (&signed.version, &document.version);
        return Err(format!("it names version {named} of {}, whose bytes are version {own}", signed.id));
    }
    if document.seq > seq {
        return Err(format!("it was sealed before its document, which is entry {}", document.seq));
    }
    Ok(document)
}

/// "The founder (owner) approved runbook 1.0 on 2026-11-16 17:05 UTC: № 12, 18db d25f."
fn says(statement: &Statement, document: &Document) -> String {
    let signed = &statement.document;
    let what = match statement.purpose {
        Purpose::Approves => format!("runbook {}", signed.version),
        Purpose::Ran | Purpose::Owns => format!("drill {}", signed.id),
        Purpose::Accepts => format!("acceptance {}", signed.id),
        Purpose::Assesses => format!("version {} of the risk assessment of {}", signed.version, signed.id),
        Purpose::Accounts => format!("version {} of the account of {}", signed.version, signed.id),
        Purpose::Closes => format!("version {} of the checklist of {}", signed.version, signed.id),
    };
    let did = match (statement.decision, statement.purpose) {
        (Decision::Return, _) => "sent back",
        (_, Purpose::Approves) => "approved",
        (_, Purpose::Ran) => "signed, as who ran it,",
        (_, Purpose::Owns) => "signed, as who owns it,",
        (_, Purpose::Accepts) => "accepted",
        (_, Purpose::Closes | Purpose::Accounts | Purpose::Assesses) => "signed",
    };
    let at = statement.at().map(words::date_time).unwrap_or_default();
    let (name, role) = (&statement.signer.name, statement.signer.role.word());
    let digest = words::short_digest(&document.sha256);
    format!("{name} ({role}) {did} {what} on {at} UTC: № {}, {digest}.", document.seq)
}

/// The parts that lie beside the record must be the record's own; which files those are is added.
fn loose(bundle: &UnverifiedBundle, id: &str, signoff: &Signoff, files: &mut BTreeSet<String>) -> Result<(), String> {
    let parts = Parts::of(signoff).map_err(|e| e.to_string())?;
    let bytes = [signoff.statement.as_bytes(), &parts.client_data, &parts.authenticator_data, &parts.signature];
    let mut wrong = None;
    for (name, bytes) in layout::signoff_files(id).into_iter().zip(bytes) {
        if !bundle.holds(&name, bytes) {
            wrong.get_or_insert_with(|| format!("{name} is not the part that was sealed"));
        }
        files.insert(name);
    }
    wrong.map_or(Ok(()), Err)
}
