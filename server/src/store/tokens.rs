//! Tokens for machines: made by the owner, ended by time or by hand, kept as digests only.

use std::sync::Arc;

use app::ports::{Clock, PortError, Token, TokensPort};
use async_trait::async_trait;
use bson::{Document, doc};
use domain::{
    Moment,
    role::{Actor, TokenScope},
};

use super::{
    Store,
    people::{digest, secret},
    port_error, rows,
};
use crate::ledger::date;

const TOKENS: &str = "tokens";
const DAY_MS: i64 = 24 * 3600 * 1000;
/// How often a use is written down: often enough for "last used an hour ago", seldom enough for a busy runner.
const NOTED_EVERY_MS: i64 = 60 * 1000;

/// The port's implementation.
#[derive(Clone)]
pub struct Tokens {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
}

/// A token that is good.
#[derive(Clone, Debug)]
pub struct Held {
    /// The token's digest.
    pub id: String,
    pub name: String,
    pub scopes: Vec<TokenScope>,
    /// The public key of the runner that holds it (base64), once it has told one.
    pub key: Option<String>,
}

impl Store {
    /// A token for a machine; shown once, kept as its digest. `days`: after how many it ends by itself.
    pub async fn new_token(
        &self,
        name: &str,
        scopes: &[TokenScope],
        days: u32,
        by: &str,
        now: Moment,
    ) -> Result<String, PortError> {
        let token = secret("pm_");
        let scopes = serde_json::to_string(scopes).map_err(|e| PortError::Broken(e.to_string()))?;
        let row = doc! {
            "_id": digest(&token), "name": name, "scopes": scopes, "madeAt": date(now), "madeBy": by,
            "expiresAt": date(now.plus_millis(i64::from(days) * DAY_MS)),
        };
        self.documents(TOKENS).insert_one(row).await.map_err(port_error)?;
        Ok(token)
    }

    /// Binds a runner's key to its token; `false` when it has another.
    pub async fn bind_key(&self, token_id: &str, public: &str) -> Result<bool, PortError> {
        let free = doc! { "_id": token_id, "$or": [{ "runnerKey": null }, { "runnerKey": public }] };
        let set = doc! { "$set": { "runnerKey": public } };
        let bound = self.documents(TOKENS).update_one(free, set).await.map_err(port_error)?;
        Ok(bound.matched_count == 1)
    }

    /// What there is to know of a token that is good now. Looked up by digest: the time it takes tells nothing of it.
    pub async fn token(&self, token: &str, now: Moment) -> Result<Option<Held>, PortError> {
        let good = doc! {
            "_id": digest(token), "revokedAt": null,
            "$or": [{ "expiresAt": null }, { "expiresAt": { "$gt": date(now) } }],
        };
        let tokens = self.documents(TOKENS);
        let Some(row) = tokens.find_one(good.clone()).await.map_err(port_error)? else { return Ok(None) };
        let noted = row.get_datetime("usedAt").is_ok_and(|at| at.timestamp_millis() + NOTED_EVERY_MS > now.millis());
        if !noted {
            tokens.update_one(good, doc! { "$set": { "usedAt": date(now) } }).await.map_err(port_error)?;
        }
        let key = row.get_str("runnerKey").ok().map(str::to_owned);
        Ok(scopes(&row).map(|scopes| Held { id: digest(token), name: text(&row, "name"), scopes, key }))
    }
}

#[async_trait]
impl TokensPort for Tokens {
    async fn all(&self) -> Result<Vec<Token>, PortError> {
        let all = rows(self.store.documents(TOKENS).find(doc! {}).sort(doc! { "madeAt": -1 })).await?;
        all.iter().map(read).collect()
    }

    async fn make(&self, name: &str, scopes: &[TokenScope], days: u32, by: &Actor) -> Result<String, PortError> {
        self.store.new_token(name, scopes, days, &by.name, self.clock.now()).await
    }

    async fn revoke(&self, id: &str) -> Result<bool, PortError> {
        // A token's id on pages is the beginning of its digest, long enough to be its own.
        if id.len() != SHOWN || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(false);
        }
        let which = doc! { "_id": { "$regex": format!("^{id}") }, "revokedAt": null };
        let set = doc! { "$set": { "revokedAt": date(self.clock.now()) } };
        let revoked = self.store.documents(TOKENS).update_one(which, set).await.map_err(port_error)?;
        Ok(revoked.matched_count == 1)
    }
}

/// How many digits of the digest a page shows.
const SHOWN: usize = 16;

fn read(row: &Document) -> Result<Token, PortError> {
    let broken = |what: &str| PortError::Broken(format!("a token has no {what}"));
    let moment = |key: &str| row.get_datetime(key).ok().and_then(|at| Moment::from_millis(at.timestamp_millis()));
    Ok(Token {
        id: text(row, "_id").chars().take(SHOWN).collect(),
        name: text(row, "name"),
        scopes: scopes(row).ok_or_else(|| broken("scopes"))?,
        made_at: moment("madeAt").ok_or_else(|| broken("beginning"))?,
        made_by: row.get_str("madeBy").unwrap_or("the command line").to_owned(),
        expires_at: moment("expiresAt"),
        used_at: moment("usedAt"),
        revoked_at: moment("revokedAt"),
    })
}

fn scopes(row: &Document) -> Option<Vec<TokenScope>> {
    serde_json::from_str(row.get_str("scopes").ok()?).ok()
}

fn text(row: &Document, key: &str) -> String {
    row.get_str(key).unwrap_or_default().to_owned()
}
