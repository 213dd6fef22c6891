//! The outbox: what is to be said to people, once each. Who sends it notes when; nothing here sends anything.

use app::ports::PortError;
use bson::doc;
use domain::Moment;

use super::{Store, is_duplicate, port_error};
use crate::ledger::date;

/// Something to be said to one person (`notices`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The person's id.
    pub to: String,
    /// One line.
    pub subject: String,
    pub text: String,
    /// A path of this portal: "/reviews/owns.D-20261116-130210".
    pub link: String,
    pub at: Moment,
    /// The same thing to the same person always has the same key.
    pub cause: String,
}

impl Store {
    /// Puts it into the outbox; `false` when it is there already, sent or not.
    pub async fn say(&self, notice: &Notice) -> Result<bool, PortError> {
        let row = doc! {
            "to": &notice.to, "subject": &notice.subject, "text": &notice.text, "link": &notice.link,
            "at": date(notice.at), "sentAt": null, "cause": &notice.cause,
        };
        match self.documents("notices").insert_one(row).await {
            Ok(_) => Ok(true),
            Err(e) if is_duplicate(&e) => Ok(false),
            Err(e) => Err(port_error(e)),
        }
    }
}
