//! Who is told what: a notice for each person concerned, in an outbox that whoever delivers mail empties.
//!
//! A notice says that something happened and where to read it, never what was written: mail goes through other
//! people's machines.

use app::ports::PortError;
use async_trait::async_trait;
use domain::{
    Moment,
    request::Request,
    role::{Actor, Role},
};

use crate::store::{Store, notices::Notice};

/// What happened to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Asked,
    Answered,
    AskedMore,
    Accepted,
}

impl Change {
    fn says(self, id: &str) -> String {
        match self {
            Change::Asked => format!("{id} was asked"),
            Change::Answered => format!("{id} was answered"),
            Change::AskedMore => format!("{id} needs more"),
            Change::Accepted => format!("{id} was accepted"),
        }
    }
}

#[async_trait]
pub trait Notices: Send + Sync {
    /// Tells everybody whose turn or concern it is, but not who did it. `version` is the request's own: the same
    /// change is told once, however often it is said.
    async fn request_changed(
        &self,
        change: Change,
        request: &Request,
        version: i64,
        by: &Actor,
        now: Moment,
    ) -> Result<(), PortError>;
}

/// Into the store's outbox.
#[derive(Clone)]
pub struct Outbox {
    pub store: Store,
}

impl Outbox {
    /// The company is told what auditors do, an audit's people what the company does.
    async fn concerned(&self, change: Change, request: &Request) -> Result<Vec<String>, PortError> {
        if change != Change::Answered {
            let people = self.store.people().await?.into_iter().filter(|person| person.removed.is_none());
            let company = people.map(|person| person.actor).filter(|actor| actor.role != Role::Auditor);
            return Ok(company.map(|actor| actor.id).collect());
        }
        if let Some(id) = &request.audit
            && let Some((audit, _)) = self.store.audit(id).await?
        {
            return Ok(audit.value.people);
        }
        Ok(request.first().map(|message| message.person.clone()).into_iter().collect())
    }

    fn notice(&self, change: Change, request: &Request, version: i64, person: &str, now: Moment) -> Notice {
        let under = request.control.map(|c| format!(" under {}", c.id())).unwrap_or_else(|| " under no control".into());
        Notice {
            cause: format!("{}/{version}/{person}", request.id),
            person: person.to_owned(),
            subject: change.says(&request.id),
            text: format!("It stands{under}. Read it, and see whether it is your turn."),
            link: format!("/requests/{}", request.id),
            at: now,
        }
    }
}

#[async_trait]
impl Notices for Outbox {
    async fn request_changed(
        &self,
        change: Change,
        request: &Request,
        version: i64,
        by: &Actor,
        now: Moment,
    ) -> Result<(), PortError> {
        for person in self.concerned(change, request).await?.iter().filter(|person| **person != by.id) {
            self.store.say(&self.notice(change, request, version, person, now)).await?;
        }
        Ok(())
    }
}
