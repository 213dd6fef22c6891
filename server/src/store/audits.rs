//! Audits, sealed in every version, and what auditors looked at.
//!
//! Read from the bytes that were sealed: who can write to the database cannot widen what an auditor sees unseen.

use std::sync::Arc;

use app::ports::{AuditsPort, PortError, Visit, Visited};
use async_trait::async_trait;
use bson::{Document, doc};
use domain::{
    Moment,
    audit::{Audit, HandedOver, Terms},
    proof::{passkey::Place, sha256_hex},
    record::Sealed,
    role::{Actor, Role},
};

use super::{Store, evidence, port_error, rows};
use crate::{
    compose::anchors,
    ledger::{Ledger, canonical, date},
};

const AUDITS: &str = "audits";
const VISITS: &str = "visits";
/// What a page lists; the rest is counted.
const LISTED: i64 = 200;

/// The port's implementation.
#[derive(Clone)]
pub struct Audits {
    pub ledger: Arc<Ledger>,
    pub org: String,
    /// Where the company signs, which the anchors name.
    pub place: Place,
}

impl Store {
    /// The newest sealed version of an audit.
    pub async fn audit(&self, id: &str) -> Result<Option<(Sealed<Audit>, i64)>, PortError> {
        let records = self.documents("ledger_records");
        let newest = records.find_one(doc! { "coll": AUDITS, "rid": id }).sort(doc! { "version": -1 });
        let row = newest.await.map_err(port_error)?;
        row.map(|row| {
            let version = row.get_i64("version").unwrap_or_default();
            Ok((evidence::sealed(&row, &Default::default())?, version))
        })
        .transpose()
    }

    /// All of them, or those of one person, newest first.
    pub async fn audits(&self, person: Option<&str>) -> Result<Vec<Sealed<Audit>>, PortError> {
        let which = person.map_or_else(Document::new, |id| doc! { "people": id });
        let found = rows(self.documents(AUDITS).find(which).projection(doc! { "_id": 1 })).await?;
        let mut all = Vec::new();
        for row in found {
            if let Some((audit, _)) = self.audit(row.get_str("_id").unwrap_or_default()).await?
                && person.is_none_or(|id| audit.value.people.iter().any(|p| p == id))
            {
                all.push(audit);
            }
        }
        all.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(all)
    }

    /// Notes what an auditor looked at.
    pub async fn note_visit(&self, visit: &Visited) -> Result<(), PortError> {
        let row = doc! {
            "person": &visit.person, "name": &visit.name, "audit": &visit.audit, "what": visit.what.word(),
            "path": &visit.path, "at": date(visit.at),
        };
        self.documents(VISITS).insert_one(row).await.map(|_| ()).map_err(port_error)
    }
}

impl Audits {
    async fn next_id(&self) -> Result<String, PortError> {
        let count = self.ledger.store.documents(AUDITS).count_documents(doc! {}).await.map_err(port_error)?;
        Ok(format!("A-{:03}", count + 1))
    }

    async fn seal(&self, audit: &Audit, version: i64) -> Result<(), PortError> {
        let item =
            canonical::replace(AUDITS, &audit.id, version, audit).map_err(|e| PortError::Broken(e.to_string()))?;
        match self.ledger.append_one(item).await {
            Ok(_) => Ok(()),
            Err(PortError::Conflict(_)) => {
                Err(PortError::Conflict(format!("Somebody else changed audit {} meanwhile", audit.id)))
            }
            Err(e) => Err(e),
        }
    }
}

#[async_trait]
impl AuditsPort for Audits {
    async fn all(&self) -> Result<Vec<Sealed<Audit>>, PortError> {
        self.ledger.store.audits(None).await
    }

    async fn get(&self, id: &str) -> Result<Option<(Sealed<Audit>, i64)>, PortError> {
        self.ledger.store.audit(id).await
    }

    async fn open(&self, terms: Terms, by: &Actor) -> Result<String, PortError> {
        // Another one may take the number first.
        for _ in 0..3 {
            let audit = terms.clone().audit(self.next_id().await?, None, self.ledger.clock.now(), &by.name);
            match self.seal(&audit, 0).await {
                Err(PortError::Conflict(_)) => {}
                done => return done.map(|()| audit.id),
            }
        }
        Err(PortError::Conflict("Several audits are being opened at once".to_owned()))
    }

    async fn change(&self, id: &str, version: i64, terms: Terms, by: &Actor) -> Result<(), PortError> {
        let Some((before, current)) = self.get(id).await? else {
            return Err(PortError::Conflict(format!("There is no audit {id}")));
        };
        if current != version {
            return Err(PortError::Conflict(format!("Somebody else changed audit {id} meanwhile")));
        }
        let audit = terms.audit(id.to_owned(), Some(&before.value), self.ledger.clock.now(), &by.name);
        self.seal(&audit, version + 1).await
    }

    async fn hand_over(&self, id: &str, how: &str, by: &Actor) -> Result<(), PortError> {
        let Some((before, version)) = self.get(id).await? else {
            return Err(PortError::Conflict(format!("There is no audit {id}")));
        };
        let now = self.ledger.clock.now();
        let sha256 = sha256_hex(anchors(&self.ledger, &self.org, &self.place).json().as_bytes());
        let handed: Option<HandedOver> = domain::audit::handed_over(how, &sha256, now, &by.name);
        let Some(handed) = handed else {
            return Err(PortError::Conflict("Nothing is said of how they were handed over".to_owned()));
        };
        let audit = Audit { anchors: Some(handed), occurred_at: now, by: by.name.clone(), ..before.value };
        self.seal(&audit, version + 1).await
    }

    async fn auditors(&self) -> Result<Vec<(String, String)>, PortError> {
        let people = self.ledger.store.people().await?.into_iter();
        let here = people.filter(|p| p.removed.is_none() && p.actor.role == Role::Auditor);
        let mut all: Vec<(String, String)> = here.map(|p| (p.actor.id, p.actor.name)).collect();
        all.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(all)
    }

    async fn visits(&self, audit: &str) -> Result<(Vec<Visited>, u64), PortError> {
        let visits = self.ledger.store.documents(VISITS);
        let count = visits.count_documents(doc! { "audit": audit }).await.map_err(port_error)?;
        let newest = visits.find(doc! { "audit": audit }).sort(doc! { "at": -1, "_id": -1 }).limit(LISTED);
        let rows = rows(newest).await?;
        let read = |row: &Document| {
            let text = |key: &str| row.get_str(key).unwrap_or_default().to_owned();
            let at = row.get_datetime("at").ok().and_then(|at| Moment::from_millis(at.timestamp_millis()));
            Ok(Visited {
                person: text("person"),
                name: text("name"),
                audit: text("audit"),
                what: Visit::from_word(&text("what")).unwrap_or(Visit::Page),
                path: text("path"),
                at: at.ok_or_else(|| PortError::Broken("a visit has no time".to_owned()))?,
            })
        };
        Ok((rows.iter().map(read).collect::<Result<_, PortError>>()?, count))
    }
}
