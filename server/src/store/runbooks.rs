//! The next version of the runbook: a draft that several may write, one after the other, and its coming into force.

use app::ports::{Draft, PortError};
use bson::{DateTime, doc};
use domain::{Moment, runbook::RunbookVersion};

use super::{
    evidence::{Evidence, moment},
    is_duplicate, port_error,
};
use crate::ledger::canonical;

const DRAFT: &str = "runbook_draft";
/// There is one.
const ID: &str = "draft";

impl Evidence {
    pub(super) async fn read_draft(&self) -> Result<Option<Draft>, PortError> {
        let row = self.ledger.store.documents(DRAFT).find_one(doc! { "_id": ID }).await.map_err(port_error)?;
        row.map(|row| {
            let text = |key: &str| row.get_str(key).unwrap_or_default().to_owned();
            Ok(Draft {
                text: text("text"),
                by: text("by"),
                at: moment(&row, "at")?,
                version: row.get_i64("version").unwrap_or_default(),
            })
        })
        .transpose()
    }

    /// Keeps a draft that follows the one at `seen`, 0 for none.
    pub(super) async fn write_draft(&self, text: &str, by: &str, now: Moment, seen: i64) -> Result<(), PortError> {
        let drafts = self.ledger.store.documents(DRAFT);
        let changed = || PortError::Conflict("Somebody else wrote on the draft meanwhile.".to_owned());
        let at = DateTime::from_millis(now.millis());
        let draft = doc! { "text": text, "by": by, "at": at, "version": seen + 1 };
        if seen == 0 {
            let mut first = draft;
            first.insert("_id", ID);
            return match drafts.insert_one(first).await {
                Ok(_) => Ok(()),
                Err(e) if is_duplicate(&e) => Err(changed()),
                Err(e) => Err(port_error(e)),
            };
        }
        let replaced = drafts.replace_one(doc! { "_id": ID, "version": seen }, draft).await.map_err(port_error)?;
        if replaced.matched_count == 1 { Ok(()) } else { Err(changed()) }
    }

    /// Seals a version, which is in force from then on, and drops the draft it was.
    pub(super) async fn put_in_force(&self, version: &RunbookVersion) -> Result<String, PortError> {
        let id = format!("runbook-{}", version.version);
        let item = canonical::insert("runbooks", &id, version).map_err(|e| PortError::Broken(e.to_string()))?;
        match self.ledger.append_one(item).await {
            Ok(_) => {}
            Err(PortError::Conflict(_)) => {
                return Err(PortError::Conflict(format!("Version {} is there already.", version.version)));
            }
            Err(e) => return Err(e),
        }
        self.ledger.store.documents(DRAFT).delete_one(doc! { "_id": ID }).await.map_err(port_error)?;
        Ok(id)
    }
}
