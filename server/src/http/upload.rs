//! Forms with files: their fields in memory, their files on the scratch disk, each looked at before anything is kept.
//!
//! A form is read to its end also when a file in it is refused, so that a browser shows the answer instead of a broken
//! connection; what comes after is thrown away. Nothing here is stored anywhere.

mod sniff;

use std::{collections::BTreeMap, io::Seek};

use app::{
    ports::requests::Refused,
    problem::{Problem, ProblemKind},
};
use axum::extract::{
    Multipart,
    multipart::{Field, MultipartError, MultipartRejection},
};
use domain::{
    attachment::{self, Attachment, FileError},
    draw::hex,
};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::{exports::spool::Scratch, store::attachments::Upload};

/// A form with as many files as it may have, each as large as it may be, and its fields.
pub const LARGEST: usize = attachment::AT_ONCE * attachment::LARGEST as usize + (1 << 20);
/// Of one field, in bytes: the longest words in the widest letters, twice.
const FIELD: usize = 64 << 10;
const FIELDS: usize = 20;

/// A form as it was sent. With `refused`, its files are gone and its fields are as far as they could be read.
#[derive(Default)]
pub struct Form {
    pub fields: BTreeMap<String, String>,
    pub files: Vec<Upload>,
    pub refused: Option<FormError>,
}

/// Why a form is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the form's fields are too many or too long")]
    Fields,
    #[error("the form is larger than any form here, or is none")]
    Unreadable,
    #[error("the form was cut short")]
    Cut,
    #[error("the scratch disk: {0}")]
    Disk(std::io::Error),
}

impl From<FormError> for Problem {
    fn from(error: FormError) -> Self {
        const STILL: &str = "Nothing was stored.";
        match error {
            FormError::File(file) => Refused::File(file).into(),
            FormError::Fields => Problem::new(
                ProblemKind::BadInput,
                "A field of the form is longer than its words may be.",
                STILL,
                "Shorten it, or attach it as a text file.",
            ),
            FormError::Unreadable => Problem::new(
                ProblemKind::BadInput,
                "The form could not be read, or is larger than ten files may be.",
                STILL,
                "Go back to the page and send it again with fewer or smaller files.",
            ),
            FormError::Cut => {
                Problem::new(ProblemKind::BadInput, "The form was cut short on its way.", STILL, "Send it again.")
            }
            FormError::Disk(cause) => {
                tracing::error!(%cause, "the scratch disk takes no upload");
                Problem::new(
                    ProblemKind::Unavailable,
                    "The portal has no room for the file now.",
                    STILL,
                    "Try again later; the log says why.",
                )
            }
        }
    }
}

impl Form {
    pub async fn read(form: Result<Multipart, MultipartRejection>, scratch: &Scratch) -> Self {
        let mut read = Form::default();
        let Ok(mut form) = form else {
            read.refused = Some(FormError::Unreadable);
            return read;
        };
        loop {
            let field = match form.next_field().await {
                Ok(Some(field)) => field,
                Ok(None) => break,
                Err(e) => {
                    read.refuse(unread(&e));
                    break;
                }
            };
            if let Err(e) = read.take(field, scratch).await {
                read.refuse(e);
            }
        }
        read
    }

    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether it is taken at all.
    pub fn taken(&mut self) -> Result<(), Problem> {
        self.refused.take().map_or(Ok(()), |refused| Err(refused.into()))
    }

    /// The first reason stands.
    fn refuse(&mut self, error: FormError) {
        self.files.clear();
        self.refused.get_or_insert(error);
    }

    async fn take(&mut self, field: Field<'_>, scratch: &Scratch) -> Result<(), FormError> {
        let name = field.name().unwrap_or_default().to_owned();
        let Some(file_name) = field.file_name().map(attachment::cleaned_name) else {
            let text = text(field).await?;
            if self.fields.len() >= FIELDS {
                return Err(FormError::Fields);
            }
            self.fields.insert(name, text);
            return Ok(());
        };
        // A browser sends one nameless, empty file when none was chosen.
        let chosen = field.file_name() != Some("");
        let keep = chosen && self.refused.is_none();
        match file(field, file_name, keep.then_some(scratch)).await? {
            Some(upload) if self.files.len() < attachment::AT_ONCE => {
                let there = |kept: &Upload| kept.attachment.sha256 == upload.attachment.sha256;
                if !self.files.iter().any(there) {
                    self.files.push(upload);
                }
                Ok(())
            }
            Some(_) => Err(FileError::TooMany.into()),
            None => Ok(()),
        }
    }
}

/// A field's words. One that is too long is read to its end and refused.
async fn text(mut field: Field<'_>) -> Result<String, FormError> {
    let mut bytes = Vec::new();
    let mut long = false;
    while let Some(part) = field.chunk().await.map_err(|e| unread(&e))? {
        long |= bytes.len() + part.len() > FIELD;
        if !long {
            bytes.extend_from_slice(&part);
        }
    }
    if long {
        return Err(FormError::Fields);
    }
    String::from_utf8(bytes).map_err(|_| FormError::Unreadable)
}

/// A file on the scratch disk, looked at; read to its end in any case. Without a disk it is only read.
async fn file(mut field: Field<'_>, name: String, scratch: Option<&Scratch>) -> Result<Option<Upload>, FormError> {
    let mut file = match scratch {
        Some(scratch) => {
            Some(tokio::fs::File::from_std(tempfile::tempfile_in(scratch.path()).map_err(FormError::Disk)?))
        }
        None => None,
    };
    let (mut sha256, mut bytes) = (Sha256::new(), 0u64);
    while let Some(part) = field.chunk().await.map_err(|e| unread(&e))? {
        bytes += part.len() as u64;
        if bytes > attachment::LARGEST {
            // Not a byte more on the disk than a file may have.
            file = None;
        }
        if let Some(file) = &mut file {
            sha256.update(&part);
            file.write_all(&part).await.map_err(FormError::Disk)?;
        }
    }
    if scratch.is_none() {
        return Ok(None);
    }
    let Some(mut file) = file else { return Err(FileError::TooLarge { name }.into()) };
    file.flush().await.map_err(FormError::Disk)?;
    let mut file = file.into_std().await;
    let (file, seen) = tokio::task::spawn_blocking(move || {
        file.rewind()?;
        let seen = sniff::look(&mut file)?;
        Ok::<_, std::io::Error>((file, seen))
    })
    .await
    .map_err(|e| FormError::Disk(std::io::Error::other(e)))?
    .map_err(FormError::Disk)?;
    let kind = attachment::kind_of(seen, &name)?;
    Ok(Some(Upload { file, attachment: Attachment { sha256: hex(&sha256.finalize()), name, kind, bytes } }))
}

fn unread(error: &MultipartError) -> FormError {
    // A body that ends too soon is a bad request, one that is too large has a status of its own.
    match error.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => FormError::Unreadable,
        _ => FormError::Cut,
    }
}
