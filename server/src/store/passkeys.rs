//! Passkeys, sealed like other evidence, and the challenges given out for them.
//!
//! A passkey is read from the bytes that were sealed, never from the live document: who can write to the database
//! cannot sign in by putting a key of their own there. A challenge is used once.

use app::ports::{OwnPasskey, PortError};
use async_trait::async_trait;
use bson::{Document, doc};
use domain::{
    Moment,
    passkey::{Passkey, Revoked},
    proof::passkey::base64url,
    record::{Seal, Sealed},
    role::Actor,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Store,
    evidence::{self, Evidence},
    port_error, rows,
};
use crate::ledger::{Ledger, canonical, date};

const PASSKEYS: &str = "passkeys";
const USES: &str = "passkey_uses";
const CEREMONIES: &str = "ceremonies";

/// How long a person has to answer a challenge.
pub const CEREMONY_LIVES_MS: i64 = 5 * 60 * 1000;

/// When a passkey last signed somebody in or signed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    pub at: Moment,
}

/// A challenge that was given out, taken back once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony<T> {
    pub challenge: Vec<u8>,
    /// What it was given out for.
    pub about: T,
}

/// Seals a registration. `Conflict` when somebody has that credential already.
pub async fn register(ledger: &Ledger, passkey: &Passkey) -> Result<Seal, PortError> {
    let item = canonical::insert(PASSKEYS, &passkey.credential, passkey);
    ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await
}

/// Seals a passkey's end; `false` when there is no such passkey of this person, or it had ended.
pub async fn revoke(ledger: &Ledger, person: &str, credential: &str, by: &str) -> Result<bool, PortError> {
    let Some(sealed) = ledger.store.passkey(credential).await? else { return Ok(false) };
    let passkey = sealed.value;
    if passkey.person != person || passkey.revoked.is_some() {
        return Ok(false);
    }
    let revoked = Some(Revoked { at: ledger.clock.now(), by: by.to_owned() });
    let ended = Passkey { revoked, ..passkey };
    let item = canonical::replace(PASSKEYS, credential, 1, &ended).map_err(|e| PortError::Broken(e.to_string()))?;
    match ledger.append_one(item).await {
        Ok(_) => Ok(true),
        Err(PortError::Conflict(_)) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Seals the end of every passkey of somebody who was removed. Done again, it does what was left.
pub async fn revoke_all(ledger: &Ledger, person: &str, by: &str) -> Result<(), PortError> {
    for sealed in ledger.store.passkeys_of(person).await? {
        revoke(ledger, person, &sealed.value.credential, by).await?;
    }
    ledger.store.passkeys_ended(person).await
}

#[async_trait]
impl app::ports::Passkeys for Evidence {
    async fn of(&self, person: &str) -> Result<Vec<OwnPasskey>, PortError> {
        let store = &self.ledger.store;
        let mut all = Vec::new();
        for passkey in store.passkeys_of(person).await? {
            let last_used = store.last_use(&passkey.value.credential).await?.map(|used| used.at);
            all.push(OwnPasskey { passkey, last_used });
        }
        Ok(all)
    }

    async fn revoke(&self, actor: &Actor, credential: &str) -> Result<bool, PortError> {
        revoke(&self.ledger, &actor.id, credential, &actor.name).await
    }
}

impl Store {
    /// The newest sealed version.
    pub async fn passkey(&self, credential: &str) -> Result<Option<Sealed<Passkey>>, PortError> {
        let records = self.documents("ledger_records");
        let newest = records.find_one(doc! { "coll": PASSKEYS, "rid": credential }).sort(doc! { "version": -1 });
        let row = newest.await.map_err(port_error)?;
        row.map(|row| evidence::sealed(&row, &Default::default())).transpose()
    }

    /// All of one person, those that ended too, oldest first.
    pub async fn passkeys_of(&self, person: &str) -> Result<Vec<Sealed<Passkey>>, PortError> {
        let mine = self.documents(PASSKEYS);
        let found = rows(mine.find(doc! { "person": person }).projection(doc! { "_id": 1 })).await?;
        let mut all = Vec::new();
        for row in found {
            let sealed = match row.get_str("_id") {
                Ok(credential) => self.passkey(credential).await?,
                Err(_) => None,
            };
            all.extend(sealed.filter(|sealed| sealed.value.person == person));
        }
        all.sort_by_key(|sealed| sealed.value.occurred_at);
        Ok(all)
    }

    /// Notes a use. `Conflict` when the authenticator's count went back: the key may have been copied.
    pub async fn use_passkey(&self, credential: &str, count: u32, now: Moment) -> Result<(), PortError> {
        let count = i64::from(count);
        // An authenticator that does not count says 0 for ever.
        let forward = doc! { "_id": credential, "$or": [{ "count": { "$lt": count } }, { "count": 0_i64 }] };
        let forward = if count == 0 {
            doc! { "_id": credential, "count": 0_i64 }
        } else {
            forward
        };
        let set = doc! { "$set": { "count": count, "at": date(now) } };
        let uses = self.documents(USES);
        if uses.update_one(forward, set.clone()).await.map_err(port_error)?.matched_count == 1 {
            return Ok(());
        }
        let first = doc! { "_id": credential, "count": count, "at": date(now) };
        match uses.insert_one(first).await {
            Ok(_) => Ok(()),
            Err(e) if super::is_duplicate(&e) => Err(PortError::Conflict(
                "This passkey’s own count went back, as a copy’s would. Revoke it and register another".to_owned(),
            )),
            Err(e) => Err(port_error(e)),
        }
    }

    pub async fn last_use(&self, credential: &str) -> Result<Option<LastUse>, PortError> {
        let row = self.documents(USES).find_one(doc! { "_id": credential }).await.map_err(port_error)?;
        let at = row.and_then(|row| Moment::from_millis(row.get_datetime("at").ok()?.timestamp_millis()));
        Ok(at.map(|at| LastUse { at }))
    }

    /// Gives out a challenge; the answer must name it, within five minutes. `challenge`: `None` for 32 random bytes.
    pub async fn begin_ceremony<T: Serialize>(
        &self,
        kind: &str,
        challenge: Option<Vec<u8>>,
        about: &T,
        now: Moment,
    ) -> Result<(String, Vec<u8>), PortError> {
        let random = |n| {
            let mut bytes = vec![0; n];
            getrandom::fill(&mut bytes).map(|()| bytes).map_err(|e| PortError::Unavailable(e.to_string()))
        };
        let id = base64url(&random(16)?);
        let challenge = match challenge {
            Some(challenge) => challenge,
            None => random(32)?,
        };
        let about = serde_json::to_string(about).map_err(|e| PortError::Broken(e.to_string()))?;
        let row = doc! {
            "_id": &id, "kind": kind, "challenge": base64url(&challenge), "about": about,
            "expiresAt": date(now.plus_millis(CEREMONY_LIVES_MS)),
        };
        self.documents(CEREMONIES).insert_one(row).await.map_err(port_error)?;
        Ok((id, challenge))
    }

    /// Takes a challenge back, once; `None` when it is unknown, of another kind, used or too old.
    pub async fn take_ceremony<T: DeserializeOwned>(
        &self,
        kind: &str,
        id: &str,
        now: Moment,
    ) -> Result<Option<Ceremony<T>>, PortError> {
        let fresh = doc! { "_id": id, "kind": kind, "expiresAt": { "$gt": date(now) } };
        let taken = self.documents(CEREMONIES).find_one_and_delete(fresh).await.map_err(port_error)?;
        let broken = || PortError::Broken("a kept challenge does not read".to_owned());
        taken
            .map(|row: Document| {
                let text = |key: &str| row.get_str(key).map_err(|_| broken());
                let challenge = domain::proof::passkey::from_base64url(text("challenge")?).ok_or_else(broken)?;
                let about = serde_json::from_str(text("about")?).map_err(|_| broken())?;
                Ok(Ceremony { challenge, about })
            })
            .transpose()
    }
}
