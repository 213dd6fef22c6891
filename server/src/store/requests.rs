//! Auditors' requests, sealed in every version, and what people typed and could not send.
//!
//! Read from the bytes that were sealed. A step is taken from one version to the next: of two people who write at once
//! the second is refused, never written over.

mod drafts;
mod records;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use app::ports::{
    PortError,
    requests::{Draft, Listed, Pointed, Reader, Refused, Requests as Port, Thread},
};
use async_trait::async_trait;
use bson::{Document, doc};
use domain::{
    Moment,
    record::Sealed,
    request::{Question, Request, Said},
    role::{Role, Scope},
};

use super::{
    attachments::{Attachments, To, Upload},
    evidence::{self, Evidence},
    port_error, rows,
};
use crate::{
    ledger::{canonical, date},
    notify::outbox::{Change, Notices},
};

const REQUESTS: &str = "requests";
/// Up to which version each person has seen which request.
const READS: &str = "request_reads";

/// What a form brings: its words, what was pasted, and its files.
#[derive(Debug, Default)]
pub struct Written {
    pub words: String,
    /// One record a line, as `domain::request::pasted` reads it.
    pub records: String,
    pub files: Vec<Upload>,
}

#[derive(Clone)]
pub struct Requests {
    pub evidence: Evidence,
    pub notices: Arc<dyn Notices>,
}

/// One of the two ways to write in a thread.
pub type Step = fn(Request, Said, &domain::role::Actor, Moment) -> Result<Request, domain::request::RequestError>;

impl Requests {
    /// Opens a request, and returns its id.
    pub async fn ask(&self, reader: &Reader, question: Question, written: Written) -> Result<String, Refused> {
        let (said, files) = self.said(reader, &reader.actor.scope, written).await?;
        let question = Question { said, ..question };
        let mut kept = Some(files);
        // Another one may take the number first.
        for _ in 0..20 {
            let now = self.evidence.ledger.clock.now();
            let id = self.next_id().await?;
            let request = Request::ask(id.clone(), question.clone(), &reader.actor, reader.audit.clone(), now)?;
            self.keep(kept.take().unwrap_or_default(), &id, reader, now).await?;
            match self.seal(reader, Change::Asked, &request, 0).await {
                Err(Refused::Changed(_)) => {}
                done => return done.map(|()| id),
            }
        }
        Err(PortError::Conflict("Several requests are being asked at once".to_owned()).into())
    }

    /// Writes in a thread: `version` is the one its writer looked at.
    pub async fn say(
        &self,
        reader: &Reader,
        id: &str,
        version: i64,
        change: Change,
        step: Step,
        written: Written,
    ) -> Result<(), Refused> {
        let before = self.looked_at(reader, id, version).await?;
        // The company points only to what the asker may see.
        let reach = if reader.actor.role == Role::Auditor { &reader.actor.scope } else { &before.scope };
        let (said, files) = self.said(reader, reach, written).await?;
        let now = self.evidence.ledger.clock.now();
        let after = step(before, said, &reader.actor, now)?;
        self.keep(files, id, reader, now).await?;
        self.seal(reader, change, &after, version + 1).await
    }

    async fn said(&self, reader: &Reader, reach: &Scope, written: Written) -> Result<(Said, Vec<Upload>), Refused> {
        let Written { words, records, files } = written;
        let records = records::pasted(&self.evidence, reader, reach, &records).await?;
        let attachments = files.iter().map(|upload| upload.attachment.clone()).collect();
        Ok((Said { words, records, attachments }, files))
    }

    /// The files first: a record that names one can be read. A file without a record is served to nobody.
    async fn keep(&self, files: Vec<Upload>, id: &str, reader: &Reader, now: Moment) -> Result<(), PortError> {
        let attachments = Attachments::new(&self.evidence.ledger.store);
        for upload in files {
            attachments.keep(upload, To::Request(id), &reader.actor.id, now).await?;
        }
        Ok(())
    }

    /// The request as the one who writes saw it.
    async fn looked_at(&self, reader: &Reader, id: &str, version: i64) -> Result<Request, Refused> {
        match self.newest(reader, id).await? {
            None => Err(Refused::Gone),
            Some((request, newest)) if newest == version => Ok(request.value),
            Some(_) => Err(Refused::Changed(id.to_owned())),
        }
    }

    async fn seal(&self, reader: &Reader, change: Change, request: &Request, version: i64) -> Result<(), Refused> {
        self.seal_quietly(reader, request, version).await?;
        let about = (version > 0).then_some(request.id.as_str());
        let after = async {
            self.drop_draft(reader, about).await?;
            self.notices.request_changed(change, request, version, &reader.actor, request.occurred_at).await
        };
        warned(request, after.await);
        Ok(())
    }

    /// Seals a version that nobody needs to be told of.
    async fn seal_quietly(&self, reader: &Reader, request: &Request, version: i64) -> Result<(), Refused> {
        let broken = |e: &dyn std::fmt::Display| PortError::Broken(e.to_string());
        let item = match version {
            // An insert, so that a number that is taken is never replaced.
            0 => canonical::insert(REQUESTS, &request.id, request),
            _ => canonical::replace(REQUESTS, &request.id, version, request),
        };
        match self.evidence.ledger.append_one(item.map_err(|e| broken(&e))?).await {
            Ok(_) => {}
            Err(PortError::Conflict(_)) => return Err(Refused::Changed(request.id.clone())),
            Err(e) => return Err(e.into()),
        }
        warned(request, self.mark_read(reader, &request.id, version, request.thread.len()).await);
        Ok(())
    }

    async fn next_id(&self) -> Result<String, PortError> {
        let requests = self.evidence.ledger.store.documents(REQUESTS);
        let count = requests.count_documents(doc! {}).await.map_err(port_error)?;
        Ok(format!("R-{:03}", count + 1))
    }

    /// The newest version and its number; `None` where the reader sees none.
    pub async fn newest(&self, reader: &Reader, id: &str) -> Result<Option<(Sealed<Request>, i64)>, PortError> {
        let which = doc! { "coll": REQUESTS, "rid": id, "understood": true };
        let row = self.evidence.records().find_one(which).sort(doc! { "version": -1 }).await.map_err(port_error)?;
        let Some(row) = row else { return Ok(None) };
        let request: Sealed<Request> = evidence::sealed(&row, &self.evidence.broken().await?)?;
        Ok(reader.sees(&request.value).then(|| (request, row.get_i64("version").unwrap_or_default())))
    }

    async fn read(&self, reader: &Reader) -> Result<BTreeMap<String, (i64, usize)>, PortError> {
        let mine = doc! { "person": &reader.actor.id };
        let rows = rows(self.evidence.ledger.store.documents(READS).find(mine)).await?;
        let seen = |row: &Document| {
            let messages = usize::try_from(row.get_i64("messages").unwrap_or_default()).unwrap_or_default();
            Some((row.get_str("request").ok()?.to_owned(), (row.get_i64("version").ok()?, messages)))
        };
        Ok(rows.iter().filter_map(seen).collect())
    }
}

/// The step is sealed: what comes after it does not undo it.
fn warned(request: &Request, after: Result<(), PortError>) {
    if let Err(cause) = after {
        tracing::warn!(%cause, request = request.id, "a request has changed, and not everything that follows was done");
    }
}

/// The newest version of every request, with its number.
pub async fn newest_of_all(evidence: &Evidence) -> Result<Vec<(Sealed<Request>, i64)>, PortError> {
    use futures::TryStreamExt;
    let newest = [
        doc! { "$match": { "coll": REQUESTS, "understood": true } },
        doc! { "$group": { "_id": "$rid", "seq": { "$max": "$_id" } } },
    ];
    let newest: Vec<Document> =
        evidence.records().aggregate(newest).await.map_err(port_error)?.try_collect().await.map_err(port_error)?;
    let seqs: Vec<i64> = newest.iter().filter_map(|row| row.get_i64("seq").ok()).collect();
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let rows = rows(evidence.records().find(doc! { "_id": { "$in": seqs } }).sort(doc! { "_id": -1 })).await?;
    let broken = evidence.broken().await?;
    rows.iter().map(|row| Ok((evidence::sealed(row, &broken)?, row.get_i64("version").unwrap_or_default()))).collect()
}

/// Those a bundle of that scope carries: the auditor wants them, and all they ask about lies inside. `audits`: `None`
/// for those of every audit.
pub async fn for_bundle(
    evidence: &Evidence,
    scope: &Scope,
    audits: Option<&HashSet<String>>,
) -> Result<Vec<Request>, PortError> {
    let theirs = |request: &Request| match (audits, &request.audit) {
        (Some(audits), Some(audit)) => audits.contains(audit),
        _ => true,
    };
    let all = newest_of_all(evidence).await?.into_iter().map(|(request, _)| request.value);
    Ok(all.filter(|r| r.in_bundle && r.fits(scope) && theirs(r)).collect())
}

#[async_trait]
impl Port for Requests {
    async fn all(&self, reader: &Reader) -> Result<Vec<Listed>, PortError> {
        let read = self.read(reader).await?;
        let all = newest_of_all(&self.evidence).await?.into_iter().filter(|(request, _)| reader.sees(&request.value));
        let listed = all.map(|(request, version)| {
            let unread = read.get(&request.id).is_none_or(|(seen, _)| *seen < version);
            Listed { request, unread }
        });
        Ok(listed.collect())
    }

    async fn thread(&self, reader: &Reader, id: &str) -> Result<Option<Thread>, PortError> {
        let Some((request, version)) = self.newest(reader, id).await? else { return Ok(None) };
        let which = doc! { "coll": REQUESTS, "rid": id, "understood": true, "version": { "$lte": version } };
        let broken = self.evidence.broken().await?;
        let mut seals = Vec::new();
        for row in rows(self.evidence.records().find(which).sort(doc! { "version": 1 })).await? {
            let Sealed { value, seal, .. } = evidence::sealed::<Request>(&row, &broken)?;
            seals.resize(value.thread.len().max(seals.len()), seal);
        }
        seals.truncate(request.value.thread.len());
        let read = self.read(reader).await?.get(id).map_or(0, |(_, messages)| *messages);
        Ok(Some(Thread { request, version, seals, read }))
    }

    async fn pointed(&self, reader: &Reader, request: &Request) -> Result<BTreeMap<u64, Pointed>, PortError> {
        records::pointed(&self.evidence, &reader.actor.scope, request).await
    }

    async fn mark_read(&self, reader: &Reader, id: &str, version: i64, messages: usize) -> Result<(), PortError> {
        let now = date(self.evidence.ledger.clock.now());
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        let seen = doc! {
            "$set": { "person": &reader.actor.id, "request": id, "at": now },
            "$max": { "version": version, "messages": messages },
        };
        let reads = self.evidence.ledger.store.documents(READS);
        let key = doc! { "_id": format!("{}/{id}", reader.actor.id) };
        match reads.update_one(key.clone(), seen.clone()).upsert(true).await {
            // Two pages opened at once both began the document.
            Err(e) if super::is_duplicate(&e) => reads.update_one(key, seen).await.map(|_| ()).map_err(port_error),
            done => done.map(|_| ()).map_err(port_error),
        }
    }

    async fn draft(&self, reader: &Reader, about: Option<&str>) -> Result<Option<Draft>, PortError> {
        self.kept_draft(reader, about).await
    }

    async fn accept(&self, reader: &Reader, id: &str, version: i64) -> Result<(), Refused> {
        let before = self.looked_at(reader, id, version).await?;
        let after = before.accept(&reader.actor, self.evidence.ledger.clock.now())?;
        self.seal(reader, Change::Accepted, &after, version + 1).await
    }

    async fn put_in_bundle(&self, reader: &Reader, id: &str, version: i64, in_bundle: bool) -> Result<(), Refused> {
        let before = self.looked_at(reader, id, version).await?;
        let after = before.put_in_bundle(in_bundle, &reader.actor, self.evidence.ledger.clock.now())?;
        self.seal_quietly(reader, &after, version + 1).await
    }
}
