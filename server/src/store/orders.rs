//! Bundles somebody asked for: kept until they are made, so that a page can be closed and a portal can end.
//!
//! An order is taken under a lease. A portal that ends in the middle lets it run out, and another, or the same one
//! started again, takes it up. An order never gives two bundles: the export names its order.

use app::ports::{Order, PortError, Stage, Step, Wish};
use bson::{Bson, Document, doc};
use domain::{Moment, control::Control, role::Actor, sample, schedule::Period};
use mongodb::options::ReturnDocument;
use serde::{Deserialize, Serialize};

use super::{Store, port_error, rows};
use crate::ledger::{as_i64, date};

const ORDERS: &str = "bundle_orders";
/// Without a word for this long, whoever was making it is gone.
pub const LEASE_MS: i64 = 15_000;
/// A work that ended its portal three times would do so again.
const TRIES: i32 = 3;

/// An order taken up.
#[derive(Clone, Debug)]
pub struct Taken {
    pub id: String,
    pub actor: Actor,
    pub wish: Wish,
    /// Tells this taking from an earlier one whose portal only seemed gone.
    pub turn: i32,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    actor: Actor,
    period_name: String,
    period: Period,
    controls: Vec<Control>,
    sample: Option<sample::Ask>,
}

impl Store {
    pub async fn put_order(&self, actor: &Actor, wish: &Wish, now: Moment) -> Result<String, PortError> {
        let mut random = [0; 12];
        getrandom::fill(&mut random).map_err(|e| PortError::Unavailable(e.to_string()))?;
        let id = format!("J-{}", domain::draw::hex(&random));
        let kept = Kept {
            actor: actor.clone(),
            period_name: wish.period_name.clone(),
            period: wish.period,
            controls: wish.controls.clone(),
            sample: wish.sample.clone(),
        };
        let kept = serde_json::to_string(&kept).map_err(|e| PortError::Broken(e.to_string()))?;
        let order = doc! {
            "_id": &id, "by": &actor.id, "askedAt": date(now), "periodName": &wish.period_name, "order": kept,
            "state": "waiting", "turn": 0, "leaseUntil": date(now),
        };
        self.documents(ORDERS).insert_one(order).await.map_err(port_error)?;
        Ok(id)
    }

    /// Takes up the oldest order that nobody is making.
    pub async fn take_order(&self, now: Moment) -> Result<Option<Taken>, PortError> {
        let free = doc! { "state": { "$in": ["waiting", "running"] }, "leaseUntil": { "$lte": date(now) } };
        let mine = doc! { "$set": { "state": "running", "leaseUntil": date(now.plus_millis(LEASE_MS)) }, "$inc": { "turn": 1 } };
        let orders = self.documents(ORDERS);
        let taken = orders.find_one_and_update(free, mine).sort(doc! { "askedAt": 1 });
        let Some(row) = taken.return_document(ReturnDocument::After).await.map_err(port_error)? else {
            return Ok(None);
        };
        let (id, turn) = (text(&row, "_id")?, row.get_i32("turn").unwrap_or_default());
        if turn > TRIES {
            let why = format!("No bundle was made: the portal ended {TRIES} times while making it; see its log");
            self.refuse_order(&id, &why).await?;
            return Ok(None);
        }
        let kept: Kept =
            serde_json::from_str(&text(&row, "order")?).map_err(|e| PortError::Broken(format!("an order: {e}")))?;
        let Kept { actor, period_name, period, controls, sample } = kept;
        Ok(Some(Taken { id, actor, wish: Wish { period_name, period, controls, sample }, turn }))
    }

    /// Says how far it is and keeps the lease; `false`: somebody else has taken it up since.
    pub async fn tell_order(&self, taken: &Taken, step: &Step, now: Moment) -> Result<bool, PortError> {
        let set = doc! { "$set": {
            "leaseUntil": date(now.plus_millis(LEASE_MS)),
            "step": { "what": &step.what, "done": as_i64(step.done), "total": as_i64(step.total) },
        } };
        let mine = doc! { "_id": &taken.id, "turn": taken.turn, "state": "running" };
        let told = self.documents(ORDERS).update_one(mine, set).await.map_err(port_error)?;
        Ok(told.matched_count == 1)
    }

    pub async fn end_order(&self, id: &str, bundle: &str) -> Result<(), PortError> {
        self.settle_order(id, doc! { "state": "made", "bundle": bundle }).await
    }

    pub async fn refuse_order(&self, id: &str, why: &str) -> Result<(), PortError> {
        self.settle_order(id, doc! { "state": "refused", "why": why }).await
    }

    async fn settle_order(&self, id: &str, set: Document) -> Result<(), PortError> {
        self.documents(ORDERS).update_one(doc! { "_id": id }, doc! { "$set": set }).await.map_err(port_error)?;
        Ok(())
    }

    pub async fn order(&self, actor: &Actor, id: &str) -> Result<Option<Order>, PortError> {
        let mine = doc! { "_id": id, "by": &actor.id };
        self.documents(ORDERS).find_one(mine).await.map_err(port_error)?.as_ref().map(read).transpose()
    }

    pub async fn open_orders(&self, actor: &Actor) -> Result<Vec<Order>, PortError> {
        let mine = doc! { "by": &actor.id, "state": { "$in": ["waiting", "running"] } };
        rows(self.documents(ORDERS).find(mine).sort(doc! { "askedAt": 1 })).await?.iter().map(read).collect()
    }
}

fn read(row: &Document) -> Result<Order, PortError> {
    let broken = |what: &str| PortError::Broken(format!("an order has no {what}"));
    let step = || {
        let step = row.get_document("step").ok();
        let number = |key| step.and_then(|s| s.get_i64(key).ok()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let what = step.and_then(|s| s.get_str("what").ok()).unwrap_or("Beginning");
        Step { what: what.to_owned(), done: number("done"), total: number("total") }
    };
    let stage = match row.get_str("state").map_err(|_| broken("state"))? {
        "waiting" => Stage::Waiting,
        "running" => Stage::Running(step()),
        "made" => Stage::Made(text(row, "bundle")?),
        _ => Stage::Refused(text(row, "why")?),
    };
    let asked_at = row.get_datetime("askedAt").ok().and_then(|at| Moment::from_millis(at.timestamp_millis()));
    Ok(Order {
        id: text(row, "_id")?,
        asked_at: asked_at.ok_or_else(|| broken("time"))?,
        period_name: text(row, "periodName")?,
        stage,
    })
}

fn text(row: &Document, key: &str) -> Result<String, PortError> {
    row.get(key)
        .and_then(Bson::as_str)
        .map(str::to_owned)
        .ok_or_else(|| PortError::Broken(format!("an order has no {key}")))
}
