//! The files that the records of a bundle name, copied beside them. One that is gone or differs, and there is no bundle.

use std::collections::BTreeMap;

use app::ports::PortError;
use domain::{attachment::Attachment, proof::layout};
use futures::TryStreamExt;

use super::{
    bundle::ExportError,
    orders::Progress,
    spool::{Scratch, Spooled},
};
use crate::store::{Store, attachments::Attachments};

/// Of all files together: a bundle of more could not be read by every ZIP program, ours included.
const MOST: u64 = 2 << 30;

/// Each file once, as it is: an attachment that packs a thousand to one would look like a bomb to a verifier.
pub async fn spooled(
    store: &Store,
    named: &BTreeMap<String, (Attachment, String)>,
    scratch: &Scratch,
    progress: &Progress,
) -> Result<Vec<Spooled>, PortError> {
    let bytes: u64 = named.values().map(|(file, _)| file.bytes).sum();
    if bytes > MOST {
        return Err(PortError::Conflict(format!(
            "No bundle was made: its attachments have {} MiB together, and a bundle holds {}. Choose fewer controls or a shorter period",
            bytes >> 20,
            MOST >> 20
        )));
    }
    progress.begin("Copying the attachments", named.len() as u64);
    let attachments = Attachments::new(store);
    let mut all = Vec::new();
    for (sha256, (file, by)) in named {
        let refused = |what| {
            let refused =
                ExportError::Attachment { name: file.name.clone(), sha256: sha256.clone(), by: by.clone(), what };
            PortError::Conflict(refused.to_string())
        };
        let whole = attachments.whole(sha256).await?.ok_or_else(|| refused("is missing or differs from its seal"))?;
        let failed = |e: ExportError| PortError::Conflict(e.to_string());
        let mut spool = scratch.spool_as_it_is(&format!("{}{sha256}", layout::ATTACHMENTS)).map_err(failed)?;
        let mut parts = std::pin::pin!(attachments.parts(&whole).await?);
        while let Some(part) = parts.try_next().await.map_err(|e| PortError::Unavailable(e.to_string()))? {
            // The disk is not waited for on the threads that answer people.
            let written = tokio::task::spawn_blocking(move || spool.part(&part).map(|()| spool));
            spool = written.await.map_err(|e| PortError::Broken(e.to_string()))?.map_err(failed)?;
        }
        let copied = spool.end().map_err(failed)?;
        if (copied.sha256.as_str(), copied.bytes) != (sha256.as_str(), file.bytes) {
            return Err(refused("differs from its seal"));
        }
        all.push(copied);
        progress.add(1);
    }
    Ok(all)
}
