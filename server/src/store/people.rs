//! People and their one-time sign-in links. Secrets are kept as digests only.

use app::ports::PortError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bson::doc;
use domain::{Moment, draw::hex, role::Actor};
use sha2::{Digest, Sha256};

use super::{Store, port_error};
use crate::ledger::date;

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

impl Store {
    /// Writes a person as they are now; takes effect at their next request.
    pub async fn put_person(&self, actor: &Actor) -> Result<(), PortError> {
        let broken = |e: &dyn std::fmt::Display| PortError::Broken(e.to_string());
        let mut row = doc! { "_id": &actor.id };
        row.insert("actor", serde_json::to_string(actor).map_err(|e| broken(&e))?);
        self.documents("people")
            .replace_one(doc! { "_id": &actor.id }, row)
            .upsert(true)
            .await
            .map(|_| ())
            .map_err(port_error)
    }

    pub async fn person(&self, id: &str) -> Result<Option<Actor>, PortError> {
        let row = self.documents("people").find_one(doc! { "_id": id }).await.map_err(port_error)?;
        row.map(|r| {
            let text = r.get_str("actor").map_err(|e| PortError::Broken(e.to_string()))?;
            serde_json::from_str(text).map_err(|e| PortError::Broken(e.to_string()))
        })
        .transpose()
    }

    /// A code that signs this person in once, within a day.
    pub async fn new_link(&self, person: &str, now: Moment) -> Result<String, PortError> {
        let code = secret("");
        let row = doc! { "_id": digest(&code), "person": person, "expiresAt": date(now.plus_millis(LINK_LIVES_MS)) };
        self.documents("sign_in_links").insert_one(row).await.map_err(port_error)?;
        Ok(code)
    }

    /// Uses a code up; the person it was for, or `None` when it is unknown, used or expired.
    pub async fn use_link(&self, code: &str, now: Moment) -> Result<Option<Actor>, PortError> {
        let fresh = doc! { "_id": digest(code), "usedAt": null, "expiresAt": { "$gt": date(now) } };
        let used = self
            .documents("sign_in_links")
            .find_one_and_update(fresh, doc! { "$set": { "usedAt": date(now) } })
            .await
            .map_err(port_error)?;
        match used.as_ref().and_then(|row| row.get_str("person").ok()) {
            Some(person) => self.person(person).await,
            None => Ok(None),
        }
    }
}
