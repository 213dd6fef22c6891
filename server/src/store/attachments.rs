//! The files that records name, in GridFS (`attachments`), each found by the SHA-256 of its bytes.
//!
//! A kept file proves nothing and is served to nobody by itself: only what a sealed record names is, to those who may
//! read that record, and only while it is still what was sealed. Its `filename` is the digest; the `_id` is a new one
//! for each upload, because two uploads of one file at once would write over each other's parts under one `_id`, and a
//! cut one would bar the digest for ever. A file whose record could then not be sealed stays without one.

use app::ports::{PortError, requests::Reader};
use bson::{Bson, Document, doc};
use domain::{Moment, attachment::Attachment, draw::hex};
use futures::{AsyncReadExt, AsyncWriteExt, Stream, TryStreamExt};
use mongodb::{gridfs::GridFsBucket, options::GridFsBucketOptions};
use sha2::{Digest, Sha256};

use super::{Store, checklists::ANSWERS, evidence::Evidence, port_error, requests::Requests, rows};
use crate::ledger::date;

const BUCKET: &str = "attachments";

/// A file that was looked at and may be attached, on the scratch disk.
#[derive(Debug)]
pub struct Upload {
    pub file: std::fs::File,
    pub attachment: Attachment,
}

/// What a file is put on.
#[derive(Clone, Copy, Debug)]
pub enum To<'a> {
    Request(&'a str),
    Finding(&'a str),
    /// A word on the checklist.
    Answer(&'a str),
}

/// A kept file that was whole when it was looked at.
pub struct Whole {
    id: Bson,
}

#[derive(Clone)]
pub struct Attachments {
    store: Store,
}

impl Attachments {
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// Keeps a file, unless one like it is kept already.
    pub async fn keep(&self, upload: Upload, to: To<'_>, by: &str, now: Moment) -> Result<(), PortError> {
        let Upload { file, attachment } = upload;
        if self.whole(&attachment.sha256).await?.is_some() {
            return Ok(());
        }
        let to = match to {
            To::Request(id) => doc! { "kind": "request", "id": id },
            To::Finding(id) => doc! { "kind": "finding", "id": id },
            To::Answer(id) => doc! { "kind": "answer", "id": id },
        };
        let metadata = doc! {
            "name": &attachment.name, "bytes": i64::try_from(attachment.bytes).unwrap_or(i64::MAX),
            "type": attachment.kind.media(), "by": by, "at": date(now), "to": to,
        };
        let files = self.files();
        let upload = files.open_upload_stream(&attachment.sha256).metadata(metadata);
        let mut upload = upload.await.map_err(port_error)?;
        let mut file = tokio::fs::File::from_std(file);
        let mut part = vec![0; 1 << 20];
        let kept = async {
            tokio::io::AsyncSeekExt::rewind(&mut file).await?;
            loop {
                match tokio::io::AsyncReadExt::read(&mut file, &mut part).await? {
                    0 => return upload.close().await,
                    n => upload.write_all(&part[..n]).await?,
                }
            }
        };
        let kept = kept.await;
        if kept.is_err() {
            // What was written of it would stay for ever.
            let _ = upload.abort().await;
        }
        kept.map_err(unavailable)
    }

    /// The kept file with that digest, read once to its end; `None` when there is none that still has it.
    pub async fn whole(&self, sha256: &str) -> Result<Option<Whole>, PortError> {
        let kept = self.store.documents(&format!("{BUCKET}.files"));
        let kept = kept.find(doc! { "filename": sha256 }).projection(doc! { "_id": 1 }).sort(doc! { "uploadDate": -1 });
        for row in rows(kept).await? {
            let whole = Whole { id: row.get("_id").cloned().unwrap_or(Bson::Null) };
            if self.has(&whole, sha256).await? {
                return Ok(Some(whole));
            }
        }
        Ok(None)
    }

    async fn has(&self, file: &Whole, sha256: &str) -> Result<bool, PortError> {
        let mut digest = Sha256::new();
        let mut parts = std::pin::pin!(self.parts(file).await?);
        loop {
            match parts.try_next().await {
                Ok(Some(part)) => digest.update(&part),
                Ok(None) => return Ok(hex(&digest.finalize()) == sha256),
                Err(e) if damaged(&e) => return Ok(false),
                Err(e) => return Err(unavailable(e)),
            }
        }
    }

    /// Its bytes, a quarter of a megabyte at a time.
    pub async fn parts(
        &self,
        file: &Whole,
    ) -> Result<impl Stream<Item = std::io::Result<Vec<u8>>> + Send + use<>, PortError> {
        let stream = self.files().open_download_stream(file.id.clone()).await.map_err(port_error)?;
        Ok(futures::stream::try_unfold(stream, |mut stream| async move {
            let mut part = vec![0; 256 << 10];
            let read = stream.read(&mut part).await?;
            part.truncate(read);
            Ok((read > 0).then_some((part, stream)))
        }))
    }

    fn files(&self) -> GridFsBucket {
        let options = GridFsBucketOptions::builder().bucket_name(BUCKET.to_owned()).build();
        self.store.db.gridfs_bucket(options)
    }
}

/// The file as a record names it that this reader may see; `None`: none does.
pub async fn named(
    evidence: &Evidence,
    requests: &Requests,
    reader: &Reader,
    sha256: &str,
) -> Result<Option<Attachment>, PortError> {
    let store = &evidence.ledger.store;
    // The documents only say where to look; what is true stands in the sealed bytes.
    let ids = async |coll: &str, which: Document| -> Result<Vec<String>, PortError> {
        let found = rows(store.documents(coll).find(which).projection(doc! { "_id": 1 })).await?;
        Ok(found.iter().filter_map(|row| row.get_str("_id").ok().map(str::to_owned)).collect())
    };
    for id in ids("requests", doc! { "thread.attachments.sha256": sha256 }).await? {
        let request = requests.newest(reader, &id).await?;
        let file = request.and_then(|(r, _)| r.value.attachments().find(|file| file.sha256 == sha256).cloned());
        if file.is_some() {
            return Ok(file);
        }
    }
    let scope = &reader.actor.scope;
    let on = async |coll: &str| ids(coll, doc! { "attachments.file.sha256": sha256 }).await;
    let mut files = Vec::new();
    let findings = on("findings").await?;
    if !findings.is_empty() {
        let all = app::ports::Findings::all(evidence, scope).await?;
        files.extend(all.into_iter().filter(|f| findings.contains(&f.id)).flat_map(|f| f.value.attachments));
    }
    let answers = on(ANSWERS).await?;
    if !answers.is_empty() {
        let all = app::ports::Checklists::answers(evidence, scope).await?;
        files.extend(all.into_iter().filter(|a| answers.contains(&a.id)).flat_map(|a| a.value.attachments));
    }
    Ok(files.into_iter().find(|attached| attached.file.sha256 == sha256).map(|attached| attached.file))
}

/// Whether the kept file itself is not what it was: a part of it is gone or has another length.
fn damaged(error: &std::io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<mongodb::error::Error>());
    cause.is_some_and(|cause| matches!(*cause.kind, mongodb::error::ErrorKind::GridFs(_)))
}

fn unavailable(error: std::io::Error) -> PortError {
    PortError::Unavailable(error.to_string())
}
