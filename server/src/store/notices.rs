//! The outbox: what is to be said to people, once each, kept until it was delivered.

use app::ports::PortError;
use bson::{Document, doc};
use domain::Moment;
use mongodb::options::ReturnDocument;

use super::{Store, is_duplicate, port_error};
use crate::ledger::date;

const NOTICES: &str = "notices";

/// Whoever delivers a notice has it for this long; then another portal may.
const HELD_MS: i64 = 2 * 60 * 1000;
/// What waited longer than this is no news: mail that is set up late does not send a year of it.
const NEWS_MS: i64 = 7 * 24 * 3600 * 1000;

/// Something to be said to one person (`notices`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same thing to the same person always has the same one: its id.
    pub cause: String,
    /// A person's id.
    pub person: String,
    /// One line.
    pub subject: String,
    pub text: String,
    /// A path of this portal: "/reviews/owns.D-20261116-130210".
    pub link: String,
    pub at: Moment,
}

impl Notice {
    fn read(row: &Document) -> Option<Self> {
        let text = |key: &str| row.get_str(key).ok().map(str::to_owned);
        Some(Self {
            cause: text("_id")?,
            person: text("person")?,
            subject: text("subject")?,
            text: text("text")?,
            link: text("link")?,
            at: Moment::from_millis(row.get_datetime("at").ok()?.timestamp_millis())?,
        })
    }
}

impl Store {
    /// Puts it into the outbox; `false` when it is there already, delivered or not.
    pub async fn say(&self, notice: &Notice) -> Result<bool, PortError> {
        let row = doc! {
            "_id": &notice.cause, "person": &notice.person, "subject": &notice.subject, "text": &notice.text,
            "link": &notice.link, "at": date(notice.at), "sentAt": null,
        };
        match self.documents(NOTICES).insert_one(row).await {
            Ok(_) => Ok(true),
            Err(e) if is_duplicate(&e) => Ok(false),
            Err(e) => Err(port_error(e)),
        }
    }

    /// The oldest that waits, held for whoever asks.
    pub async fn take_notice(&self, now: Moment) -> Result<Option<Notice>, PortError> {
        let free = doc! { "$or": [{ "heldUntil": null }, { "heldUntil": { "$lte": date(now) } }] };
        let waits = doc! { "sentAt": null, "at": { "$gt": date(now.plus_millis(-NEWS_MS)) } };
        let hold = doc! { "$set": { "heldUntil": date(now.plus_millis(HELD_MS)) } };
        let notices = self.documents(NOTICES);
        let found = notices
            .find_one_and_update(doc! { "$and": [waits, free] }, hold)
            .sort(doc! { "at": 1, "_id": 1 })
            .return_document(ReturnDocument::After)
            .await
            .map_err(port_error)?;
        found
            .map(|row| Notice::read(&row).ok_or_else(|| PortError::Broken("a notice does not read".into())))
            .transpose()
    }

    /// It was delivered, or can be to nobody; `why_not` says which.
    pub async fn notice_done(&self, cause: &str, now: Moment, why_not: Option<&str>) -> Result<(), PortError> {
        let set = doc! { "sentAt": date(now), "heldUntil": null, "notSent": why_not };
        self.set_notice(cause, set).await
    }

    /// Tried again then.
    pub async fn notice_waits(&self, cause: &str, until: Moment) -> Result<(), PortError> {
        self.set_notice(cause, doc! { "heldUntil": date(until) }).await
    }

    async fn set_notice(&self, cause: &str, set: Document) -> Result<(), PortError> {
        let notices = self.documents(NOTICES);
        notices.update_one(doc! { "_id": cause }, doc! { "$set": set }).await.map(drop).map_err(port_error)
    }
}
