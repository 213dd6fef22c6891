//! Codes sent by e-mail: each belongs to one form on one screen, works once, and is kept as a digest that nobody can
//! undo who does not have that form too.
//!
//! What is done for an address is the same whether it is somebody's or not.

use app::ports::PortError;
use bson::{Document, doc};
use domain::{Moment, draw::hex, person::Email, role::Actor};
use mongodb::options::ReturnDocument;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    Store,
    people::{digest, secret},
    port_error,
};
use crate::ledger::date;

const CODES: &str = "sign_in_codes";
const TRIES: &str = "sign_in_tries";

/// How long a code lives.
pub const LIVES_MS: i64 = 10 * 60 * 1000;
/// Wrong codes that one form takes.
const TRIES_OF_A_FORM: i32 = 5;
/// Wrong codes that one address takes within [`WINDOW_MS`], over all portals. Ten of 10^8 codes an hour: guessing
/// day and night for a year finds one with a chance of less than one in a thousand.
const TRIES_OF_AN_ADDRESS: i32 = 10;
const WINDOW_MS: i64 = 60 * 60 * 1000;

/// What became of a code that was entered.
#[derive(Debug, PartialEq, Eq)]
pub enum Entered {
    Right(Actor),
    Wrong,
    /// The form has expired, was used, or took its tries.
    Over,
    /// Too many wrong codes for this address; again from then on.
    TooMany(Moment),
}

impl Store {
    /// Begins a form; its name, which the form brings back. Nothing is looked up.
    pub async fn begin_code(&self, email: &Email, now: Moment) -> Result<String, PortError> {
        let form = secret("");
        let row = doc! {
            "_id": digest(&form), "address": address(email), "tries": 0,
            // A code that nobody was sent, so that entering one is the same work for every address.
            "code": digest(&secret("")), "expiresAt": date(now.plus_millis(LIVES_MS)),
        };
        self.documents(CODES).insert_one(row).await.map_err(port_error)?;
        Ok(form)
    }

    /// Puts a new code to a form, for this person. The eight digits are in nobody's hands but the caller's.
    pub async fn put_code(&self, form: &str, person: &str) -> Result<String, PortError> {
        let code = eight_digits()?;
        let set = doc! { "$set": { "person": person, "code": bound(form, &code) } };
        self.documents(CODES).update_one(doc! { "_id": digest(form) }, set).await.map_err(port_error)?;
        Ok(code)
    }

    /// Enters a code. A right one works once.
    pub async fn enter_code(&self, form: &str, typed: &str, now: Moment) -> Result<Entered, PortError> {
        let codes = self.documents(CODES);
        let open = doc! { "_id": digest(form), "expiresAt": { "$gt": date(now) }, "tries": { "$lt": TRIES_OF_A_FORM } };
        let tried = codes.find_one_and_update(open, doc! { "$inc": { "tries": 1 } }).await.map_err(port_error)?;
        let Some(row) = tried else { return Ok(Entered::Over) };
        let text = |key: &str| row.get_str(key).map_err(|e| PortError::Broken(e.to_string()));
        // Counted before it is compared: guesses sent side by side count as well.
        let (tries, until) = self.count_try(text("address")?, now).await?;
        if tries > TRIES_OF_AN_ADDRESS {
            return Ok(Entered::TooMany(until));
        }
        let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let kept = text("code")?;
        if !bool::from(bound(form, &digits).as_bytes().ct_eq(kept.as_bytes())) {
            return Ok(Entered::Wrong);
        }
        let this = doc! { "_id": digest(form), "code": kept };
        let Some(used) = codes.find_one_and_delete(this).await.map_err(port_error)? else { return Ok(Entered::Over) };
        self.documents(TRIES).delete_one(doc! { "_id": text("address")? }).await.map_err(port_error)?;
        match used.get_str("person") {
            Ok(person) => Ok(self.person(person).await?.map_or(Entered::Over, Entered::Right)),
            Err(_) => Ok(Entered::Over),
        }
    }

    /// Ends the codes of somebody.
    pub async fn end_codes(&self, person: &str) -> Result<(), PortError> {
        self.documents(CODES).delete_many(doc! { "person": person }).await.map(|_| ()).map_err(port_error)
    }

    /// Counts a try within the hour that the first one began; how many, and when the hour ends.
    async fn count_try(&self, address: &str, now: Moment) -> Result<(i32, Moment), PortError> {
        let running = doc! { "$gt": ["$expiresAt", date(now)] };
        let next = vec![doc! { "$set": {
            "tries": { "$cond": [&running, { "$add": ["$tries", 1] }, 1] },
            "expiresAt": { "$cond": [&running, "$expiresAt", date(now.plus_millis(WINDOW_MS))] },
        } }];
        let tries = self.documents(TRIES);
        let counted: Option<Document> = tries
            .find_one_and_update(doc! { "_id": address }, next)
            .upsert(true)
            .return_document(ReturnDocument::After)
            .await
            .map_err(port_error)?;
        let broken = || PortError::Broken("a count of tries does not read".to_owned());
        let row = counted.ok_or_else(broken)?;
        let until = row.get_datetime("expiresAt").ok().and_then(|at| Moment::from_millis(at.timestamp_millis()));
        Ok((row.get_i32("tries").map_err(|_| broken())?, until.ok_or_else(broken)?))
    }
}

/// An address where it only serves to count: its digest.
fn address(email: &Email) -> String {
    hex(&Sha256::digest(format!("passmuster-address/v1\n{email}")))
}

/// A code's digest, tied to its form: 10^8 codes are tried in a moment, and the form's name is not in the database.
fn bound(form: &str, code: &str) -> String {
    hex(&Sha256::digest(format!("passmuster-code/v1\n{form}\n{code}")))
}

/// Each of the 10^8 as likely as any other: numbers past the last whole multiple are drawn again.
fn eight_digits() -> Result<String, PortError> {
    const ALL: u32 = 100_000_000;
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(|e| PortError::Unavailable(e.to_string()))?;
        let number = u32::from_be_bytes(bytes);
        if number < u32::MAX - u32::MAX % ALL {
            return Ok(format!("{:08}", number % ALL));
        }
    }
}
