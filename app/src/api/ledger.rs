//! The ledger: its signed head, what the watch found, and its entries.

use domain::{
    Moment,
    record::{Alarm, Entry, Head},
    role::Permission,
};
use leptos_router::params::ParamsMap;

use super::guard;
use crate::problem::Problem;

/// Fifty entries a page: a morning's worth of a busy week, and under two screens.
pub const ROWS: u32 = 50;

pub struct LedgerPage {
    pub head: Head,
    /// The log's name: what its checkpoints begin with.
    pub origin: String,
    pub vkey: String,
    pub alarms: Vec<Alarm>,
    pub checked_at: Option<Moment>,
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The entry somebody asked for, to be pointed out.
    pub around: Option<u64>,
    pub newest_page: bool,
}

pub async fn load(query: &ParamsMap) -> Result<LedgerPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let number = |key: &str| query.get(key).and_then(|v| v.parse::<u64>().ok());
    let around = number("around");
    let before = around.map(|seq| seq.saturating_add(u64::from(ROWS) / 2)).or(number("before"));
    let head = ports.ledger.head().await?;
    let before = before.filter(|&seq| seq < head.size);
    let entries = ports.ledger.entries(before, ROWS).await?;
    let alarms = if actor.role.may(Permission::ReadAlarms) { ports.ledger.alarms().await? } else { Vec::new() };
    let checked_at = ports.ledger.checked_at().await?;
    let vkey = ports.ledger.vkey();
    let origin = vkey.split('+').next().unwrap_or_default().to_owned();
    Ok(LedgerPage { head, origin, vkey, alarms, checked_at, entries, around, newest_page: before.is_none() })
}
