//! What somebody typed and could not send, so that the form comes back filled. No evidence: it ends by itself.

use app::ports::{
    PortError,
    requests::{Draft, Reader},
};
use bson::doc;

use super::Requests;
use crate::{ledger::date, store::port_error};

const DRAFTS: &str = "request_drafts";
/// Long enough to come back after a weekend.
const LIVES_MS: i64 = 7 * 24 * 3600 * 1000;

impl Requests {
    pub async fn keep_draft(&self, reader: &Reader, about: Option<&str>, draft: &Draft) -> Result<(), PortError> {
        let now = self.evidence.ledger.clock.now();
        let id = key(reader, about);
        let row = doc! {
            "_id": &id, "title": &draft.title, "control": &draft.control, "words": &draft.words,
            "records": &draft.records, "expiresAt": date(now.plus_millis(LIVES_MS)),
        };
        let drafts = self.evidence.ledger.store.documents(DRAFTS);
        drafts.replace_one(doc! { "_id": id }, row).upsert(true).await.map(|_| ()).map_err(port_error)
    }

    pub(super) async fn kept_draft(&self, reader: &Reader, about: Option<&str>) -> Result<Option<Draft>, PortError> {
        let drafts = self.evidence.ledger.store.documents(DRAFTS);
        let row = drafts.find_one(doc! { "_id": key(reader, about) }).await.map_err(port_error)?;
        Ok(row.map(|row| {
            let text = |key: &str| row.get_str(key).unwrap_or_default().to_owned();
            Draft { title: text("title"), control: text("control"), words: text("words"), records: text("records") }
        }))
    }

    /// Once it was sent.
    pub(super) async fn drop_draft(&self, reader: &Reader, about: Option<&str>) -> Result<(), PortError> {
        let drafts = self.evidence.ledger.store.documents(DRAFTS);
        drafts.delete_one(doc! { "_id": key(reader, about) }).await.map(|_| ()).map_err(port_error)
    }
}

/// One a person and request, and one a person for a new request.
fn key(reader: &Reader, about: Option<&str>) -> String {
    format!("{}/{}", reader.actor.id, about.unwrap_or("new"))
}
