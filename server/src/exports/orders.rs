//! Takes up the bundles that were ordered, one after the other, and says how far each is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use app::ports::{PortError, Step};

use crate::{
    compose::House,
    store::orders::{LEASE_MS, Taken},
};

/// How often the portal looks for an order, and tells how far it is.
const EVERY: Duration = Duration::from_millis(250);

/// How far a bundle is, written by who makes it and read by who tells.
#[derive(Clone, Default)]
pub struct Progress(Arc<Mutex<Step>>);

impl Progress {
    pub fn begin(&self, what: &str, total: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Step { what: what.to_owned(), done: 0, total };
    }

    pub fn add(&self, done: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).done += done;
    }

    fn step(&self) -> Step {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub async fn run(house: House) {
    loop {
        match house.store.take_order(house.clock.now()).await {
            Ok(Some(taken)) => {
                if let Err(cause) = make(&house, &taken).await {
                    tracing::warn!(%cause, order = taken.id, "an order could not be settled; it is taken up again");
                }
            }
            Ok(None) => tokio::time::sleep(EVERY).await,
            Err(cause) => {
                tracing::warn!(%cause, "orders could not be looked for; tried again");
                tokio::time::sleep(EVERY * 20).await;
            }
        }
    }
}

/// Makes one, or records why there is none. What the database could not answer stays an order.
pub async fn make(house: &House, taken: &Taken) -> Result<(), PortError> {
    let progress = Progress::default();
    let made = tokio::select! {
        made = house.exports.make_ordered(&taken.actor, &taken.wish, Some(&taken.id), &progress) => made,
        lost = tell(house, taken, &progress) => {
            tracing::warn!(order = taken.id, "another portal took up this order");
            return lost;
        }
    };
    match made {
        Ok(bundle) => house.store.end_order(&taken.id, &bundle.id).await,
        Err(PortError::Unavailable(cause)) => Err(PortError::Unavailable(cause)),
        Err(e) => house.store.refuse_order(&taken.id, &e.to_string()).await,
    }
}

/// Ends when the lease was lost.
async fn tell(house: &House, taken: &Taken, progress: &Progress) -> Result<(), PortError> {
    let mut told = (None, house.clock.now());
    loop {
        tokio::time::sleep(EVERY).await;
        let (step, now) = (progress.step(), house.clock.now());
        // A step that does not move is told now and then, for the lease.
        if told.0.as_ref() == Some(&step) && told.1.plus_millis(LEASE_MS / 3) > now {
            continue;
        }
        match house.store.tell_order(taken, &step, now).await {
            Ok(true) => told = (Some(step), now),
            Ok(false) => return Ok(()),
            Err(cause) => tracing::warn!(%cause, "how far the bundle is could not be told"),
        }
    }
}
