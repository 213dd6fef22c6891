//! People and their one-time sign-in links. Secrets are kept as digests only.

use std::time::Duration;

use app::ports::PortError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bson::{Document, doc};
use domain::{
    Moment,
    draw::hex,
    person::{Email, Person, Removed},
    role::Actor,
};
use futures::TryStreamExt;
use mongodb::{ClientSession, error::TRANSIENT_TRANSACTION_ERROR};
use sha2::{Digest, Sha256};

use super::{Store, port_error, rows};
use crate::ledger::{commit, date};

const PEOPLE: &str = "people";
const LINKS: &str = "sign_in_links";

/// A link is for today's sitting.
const LINK_LIVES_MS: i64 = 24 * 3600 * 1000;

/// 32 random bytes as text; `prefix` tells people what they found.
pub fn secret(prefix: &str) -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// How often a decision that lost a race is taken again.
const TRIES: u32 = 40;

/// What follows from all people as they are; asked within a transaction, so it changes nothing itself.
pub type Rule<'a> = dyn Fn(&[Person]) -> Result<Change, PortError> + Send + Sync + 'a;

/// What a decision over all people changes.
pub enum Change {
    Invite(Person, /* by */ String),
    Role(Actor),
    /// From then on; by the name given.
    Remove(String, Removed),
}

impl Store {
    /// Writes a person as they are now; takes effect at their next request.
    pub async fn put_person(&self, actor: &Actor) -> Result<(), PortError> {
        let there = doc! {
            "$set": { "actor": json(actor)? },
            "$setOnInsert": { "invitedAt": bson::DateTime::now() },
            "$unset": { "removedAt": "", "removedBy": "", "passkeysToEnd": "" },
        };
        let people = self.documents(PEOPLE);
        people.update_one(doc! { "_id": &actor.id }, there).upsert(true).await.map(|_| ()).map_err(port_error)
    }

    /// Where codes and invitations go. `Conflict` when it is somebody else's.
    pub async fn put_email(&self, id: &str, email: &Email) -> Result<(), PortError> {
        let set = doc! { "$set": { "email": email.as_str() } };
        match self.documents(PEOPLE).update_one(doc! { "_id": id }, set).await {
            Ok(_) => Ok(()),
            Err(e) if super::is_duplicate(&e) => {
                Err(PortError::Conflict(format!("{email} is somebody else’s address")))
            }
            Err(e) => Err(port_error(e)),
        }
    }

    /// Somebody who may sign in, as they are now; `None` for those removed.
    pub async fn person(&self, id: &str) -> Result<Option<Actor>, PortError> {
        self.one_person(doc! { "_id": id, "removedAt": null }).await
    }

    pub async fn person_by_email(&self, email: &Email) -> Result<Option<Actor>, PortError> {
        self.one_person(doc! { "email": email.as_str(), "removedAt": null }).await
    }

    async fn one_person(&self, filter: Document) -> Result<Option<Actor>, PortError> {
        let row = self.documents(PEOPLE).find_one(filter).await.map_err(port_error)?;
        row.map(|row| Ok(read(&row)?.actor)).transpose()
    }

    /// Everybody, those removed too, by name.
    pub async fn people(&self) -> Result<Vec<Person>, PortError> {
        let found = rows(self.documents(PEOPLE).find(doc! {})).await?;
        let mut all: Vec<Person> = found.iter().map(read).collect::<Result<_, _>>()?;
        all.sort_by(|a, b| a.actor.name.cmp(&b.actor.name));
        Ok(all)
    }

    /// Decides with all people in view, writes the answer, and gives it back. Decisions are taken one after another,
    /// over all portals: what one reads, no other changes before it is done. The rule may be asked more than once.
    pub async fn decide_people(&self, rule: &Rule<'_>) -> Result<Change, PortError> {
        let mut session = self.client.start_session().await.map_err(port_error)?;
        let mut wait = 2;
        for _ in 0..TRIES {
            session.start_transaction().await.map_err(port_error)?;
            let decided = match self.decide(&mut session, rule).await {
                Ok(Ok(change)) => commit(&mut session).await.map(|()| change),
                Ok(Err(refused)) => {
                    // The server drops it by itself when this does not arrive.
                    let _ = session.abort_transaction().await;
                    return Err(refused);
                }
                Err(e) => {
                    let _ = session.abort_transaction().await;
                    Err(e)
                }
            };
            match decided {
                Ok(change) => return Ok(change),
                Err(e) if e.contains_label(TRANSIENT_TRANSACTION_ERROR) => {}
                Err(e) => return Err(port_error(e)),
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
            wait = (wait * 2).min(200);
        }
        Err(PortError::Unavailable("somebody else’s decision came first at every try".to_owned()))
    }

    async fn decide(
        &self,
        session: &mut ClientSession,
        rule: &Rule<'_>,
    ) -> mongodb::error::Result<Result<Change, PortError>> {
        // Counted before anybody is read: of two side by side the later one conflicts here, and reads anew.
        let turn = doc! { "$inc": { "taken": 1 } };
        let turns = self.documents("turns");
        turns.update_one(doc! { "_id": "people" }, turn).upsert(true).session(&mut *session).await?;
        let people = self.documents(PEOPLE);
        let mut cursor = people.find(doc! {}).session(&mut *session).await?;
        let found: Vec<Document> = cursor.stream(&mut *session).try_collect().await?;
        let decided = found.iter().map(read).collect::<Result<Vec<_>, _>>().and_then(|all| rule(&all));
        let (change, written) = match decided.and_then(|change| Ok((written(&change)?, change))) {
            Ok((written, change)) => (change, written),
            Err(refused) => return Ok(Err(refused)),
        };
        match written {
            Written::Insert(row) => people.insert_one(row).session(session).await.map(|_| ())?,
            Written::Update(id, set) => {
                people.update_one(doc! { "_id": id }, set).session(session).await.map(|_| ())?;
            }
        }
        Ok(Ok(change))
    }

    /// Notes that somebody uses the portal.
    pub async fn seen(&self, person: &str, now: Moment) -> Result<(), PortError> {
        let set = doc! { "$set": { "seenAt": date(now) } };
        self.documents(PEOPLE).update_one(doc! { "_id": person }, set).await.map(|_| ()).map_err(port_error)
    }

    /// Whether somebody is to be asked for a passkey now: `true` once.
    pub async fn ask_for_passkey(&self, person: &str, now: Moment) -> Result<bool, PortError> {
        let not_yet = doc! { "_id": person, "askedAt": null };
        let set = doc! { "$set": { "askedAt": date(now) } };
        let asked = self.documents(PEOPLE).update_one(not_yet, set).await.map_err(port_error)?;
        Ok(asked.modified_count == 1)
    }

    /// Those removed whose passkeys are not all revoked yet: id, and the name of who removed them.
    pub async fn passkeys_to_end(&self) -> Result<Vec<(String, String)>, PortError> {
        let found = rows(self.documents(PEOPLE).find(doc! { "passkeysToEnd": true })).await?;
        let all = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(all.into_iter().filter_map(|p| Some((p.actor.id, p.removed?.by))).collect())
    }

    pub async fn passkeys_ended(&self, person: &str) -> Result<(), PortError> {
        let unset = doc! { "$unset": { "passkeysToEnd": "" } };
        self.documents(PEOPLE).update_one(doc! { "_id": person }, unset).await.map(|_| ()).map_err(port_error)
    }

    /// Ties somebody to their account at the provider, once; `false` when another account was there first.
    pub async fn tie(&self, person: &str, issuer: &str, subject: &str) -> Result<bool, PortError> {
        let account = doc! { "issuer": issuer, "subject": subject };
        let free = doc! { "_id": person, "$or": [{ "account": null }, { "account": &account }] };
        let set = doc! { "$set": { "account": account } };
        Ok(self.documents(PEOPLE).update_one(free, set).await.map_err(port_error)?.matched_count == 1)
    }

    /// A code that signs this person in once, within a day.
    pub async fn new_link(&self, person: &str, now: Moment) -> Result<String, PortError> {
        let code = secret("");
        let row = doc! { "_id": digest(&code), "person": person, "expiresAt": date(now.plus_millis(LINK_LIVES_MS)) };
        self.documents(LINKS).insert_one(row).await.map_err(port_error)?;
        Ok(code)
    }

    /// Uses a code up; the person it was for, or `None` when it is unknown, used or expired.
    pub async fn use_link(&self, code: &str, now: Moment) -> Result<Option<Actor>, PortError> {
        let fresh = doc! { "_id": digest(code), "usedAt": null, "expiresAt": { "$gt": date(now) } };
        let used = self
            .documents(LINKS)
            .find_one_and_update(fresh, doc! { "$set": { "usedAt": date(now) } })
            .await
            .map_err(port_error)?;
        match used.as_ref().and_then(|row| row.get_str("person").ok()) {
            Some(person) => self.person(person).await,
            None => Ok(None),
        }
    }

    /// Ends the links of somebody that were not used.
    pub async fn end_links(&self, person: &str) -> Result<(), PortError> {
        let unused = doc! { "person": person, "usedAt": null };
        self.documents(LINKS).delete_many(unused).await.map(|_| ()).map_err(port_error)
    }
}

enum Written {
    Insert(Document),
    Update(String, Document),
}

fn written(change: &Change) -> Result<Written, PortError> {
    Ok(match change {
        Change::Invite(person, by) => {
            let mut row = doc! { "_id": &person.actor.id, "actor": json(&person.actor)?, "invitedBy": by };
            if let Some(at) = person.invited_at {
                row.insert("invitedAt", date(at));
            }
            if let Some(email) = &person.email {
                row.insert("email", email.as_str());
            }
            Written::Insert(row)
        }
        Change::Role(actor) => Written::Update(actor.id.clone(), doc! { "$set": { "actor": json(actor)? } }),
        Change::Remove(id, removed) => {
            let set = doc! { "removedAt": date(removed.at), "removedBy": &removed.by, "passkeysToEnd": true };
            // What is not needed any more is not kept: where they were reached, and who they are elsewhere.
            let unset = doc! { "email": "", "account": "" };
            Written::Update(id.clone(), doc! { "$set": set, "$unset": unset })
        }
    })
}

fn read(row: &Document) -> Result<Person, PortError> {
    let broken = |e: &dyn std::fmt::Display| PortError::Broken(format!("a person does not read: {e}"));
    let actor = serde_json::from_str(row.get_str("actor").map_err(|e| broken(&e))?).map_err(|e| broken(&e))?;
    let at = |key: &str| row.get_datetime(key).ok().and_then(|at| Moment::from_millis(at.timestamp_millis()));
    let text = |key: &str| row.get_str(key).ok();
    Ok(Person {
        actor,
        email: text("email").and_then(|email| Email::parse(email).ok()),
        invited_at: at("invitedAt"),
        last_seen: at("seenAt"),
        removed: at("removedAt").map(|at| Removed { at, by: text("removedBy").unwrap_or_default().to_owned() }),
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, PortError> {
    serde_json::to_string(value).map_err(|e| PortError::Broken(e.to_string()))
}
