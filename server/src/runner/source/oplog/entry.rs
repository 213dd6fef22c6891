//! One entry of the operation log, and the entries that are parts of a transaction.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use bson::{Document, RawBsonRef, RawDocument, RawDocumentBuf, Timestamp};

use crate::runner::fingerprint::id;

pub struct Entry<'a> {
    pub ts: Timestamp,
    pub op: Op,
    pub database: &'a str,
    pub collection: &'a str,
    pub o: &'a RawDocument,
    pub o2: Option<&'a RawDocument>,
    raw: &'a RawDocument,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Insert,
    Update,
    Delete,
    Command,
    Nothing,
}

impl<'a> Entry<'a> {
    pub fn read(raw: &'a RawDocument) -> Result<Self> {
        let ts = raw.get_timestamp("ts").context("an entry of the operation log without its time (ts)")?;
        Self::read_within(raw, ts)
    }

    /// One that may be a part of another, which holds the time.
    pub fn read_within(raw: &'a RawDocument, ts: Timestamp) -> Result<Self> {
        let text = |field| raw.get_str(field).with_context(|| format!("an entry of the operation log without {field}"));
        let op = match text("op")? {
            "i" => Op::Insert,
            "u" => Op::Update,
            "d" => Op::Delete,
            "c" => Op::Command,
            "n" => Op::Nothing,
            other => bail!("an entry of the operation log of the kind {other:?}, which is not known"),
        };
        let (database, collection) = text("ns")?.split_once('.').unwrap_or((text("ns")?, ""));
        let o = raw.get_document("o").context("an entry of the operation log without o")?;
        Ok(Self { ts, op, database, collection, o, o2: raw.get_document("o2").ok(), raw })
    }

    /// The document itself, of an insertion or a replacement.
    pub fn o_raw(&self) -> Result<RawDocumentBuf> {
        if self.op == Op::Insert || self.o.get("_id")?.is_some() {
            return Ok(self.o.to_owned());
        }
        // A replacement may leave its _id to o2.
        let mut whole = RawDocumentBuf::new();
        let id = self.o2.context("a replacement without the _id of its document")?.get("_id")?;
        whole.append(bson::cstr!("_id"), id.context("a replacement without the _id of its document")?);
        for field in self.o {
            let (name, value) = field?;
            whole.append(name, value);
        }
        Ok(whole)
    }

    /// The change of an update; `None`: it replaces the document.
    pub fn diff(&self) -> Result<Option<Document>> {
        match self.o.get("$v")? {
            None if self.o.iter().next().transpose()?.is_some_and(|(name, _)| name.as_str().starts_with('$')) => {
                bail!("an update as MongoDB before 5.0 wrote it, which is not read here")
            }
            None => Ok(None),
            Some(RawBsonRef::Int32(2)) => {
                let diff = self.o.get_document("diff").context("an update without its diff")?;
                Ok(Some(Document::try_from(diff)?))
            }
            Some(_) => bail!("an update as MongoDB before 5.0 wrote it, which is not read here"),
        }
    }

    pub fn key(&self, of: &RawDocument) -> Result<Vec<u8>> {
        of.get("_id")?.context("an operation on a document without an _id")?;
        Ok(id::bytes(of.as_bytes()))
    }

    /// What tells one transaction from another; `None`: it is part of none.
    fn of_transaction(&self) -> Option<Vec<u8>> {
        let mut key = self.raw.get_document("lsid").ok()?.as_bytes().to_vec();
        key.extend(self.raw.get_i64("txnNumber").ok()?.to_le_bytes());
        Some(key)
    }
}

/// The operations that an entry brings: itself, those of a transaction that ends here, or none when they only come with
/// a later one. `open` holds transactions until they end.
pub fn transaction(entry: &Entry<'_>, open: &mut HashMap<Vec<u8>, Vec<RawDocumentBuf>>) -> Result<Vec<RawDocumentBuf>> {
    let of = || entry.of_transaction().context("a transaction in parts that does not say which");
    if entry.op != Op::Command {
        return Ok(vec![entry.raw.to_owned()]);
    }
    if entry.o.get("commitTransaction")?.is_some() {
        return Ok(open.remove(&of()?).unwrap_or_default());
    }
    if entry.o.get("abortTransaction")?.is_some() {
        open.remove(&of()?);
        return Ok(Vec::new());
    }
    let Ok(parts) = entry.o.get_array("applyOps") else { return Ok(vec![entry.raw.to_owned()]) };
    let mut operations = Vec::new();
    for part in parts {
        let part = part?.as_document().context("a part of a transaction that is no document")?;
        operations.push(part.to_owned());
    }
    let flag = |name| entry.o.get_bool(name).unwrap_or(false);
    let so_far = match entry.of_transaction() {
        Some(key) => open.entry(key).or_default(),
        None => return Ok(operations),
    };
    so_far.extend(operations);
    if flag("partialTxn") || flag("prepare") {
        return Ok(Vec::new());
    }
    Ok(open.remove(&of()?).unwrap_or_default())
}
