//! The ledger: its signed head, what the watch found, and its entries.

use domain::{
    Moment,
    draw::hex,
    proof::{
        checkpoint::{self, VerifierKey},
        hash_from_hex,
        tree::verify_consistency,
    },
    record::{Alarm, Entry, Head, Unread},
    role::Permission,
};
use leptos_router::params::ParamsMap;

use super::guard;
use crate::{
    ports::{OutsideTime, PortError, Ports},
    problem::Problem,
};

/// Fifty entries a page: a morning's worth of a busy week, and under two screens.
pub const ROWS: u32 = 50;

pub struct LedgerPage {
    pub head: Head,
    /// The log's name: what its checkpoints begin with.
    pub origin: String,
    pub vkey: String,
    /// Keys it had before.
    pub earlier_vkeys: Vec<String>,
    pub alarms: Vec<Alarm>,
    /// Records that count as no evidence.
    pub unread: Vec<Unread>,
    pub checked_at: Option<Moment>,
    pub outside_time: Option<OutsideTime>,
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The entry somebody asked for, to be pointed out.
    pub around: Option<u64>,
    pub newest_page: bool,
    /// The earlier checkpoint somebody pasted, as they pasted it, and what became of it.
    pub earlier: Option<(String, Earlier)>,
}

/// An earlier checkpoint held against today's head.
pub enum Earlier {
    /// Its entries are the beginning of today's; with them the hashes that show it, 64 hex digits each.
    Beginning { size: u64, proof: Vec<String> },
    /// It was signed over a ledger without entries.
    Nothing,
    /// Signed by this log over other entries.
    Fork { size: u64 },
    /// Signed by this log over more entries than there are now.
    Shrunk { size: u64 },
    /// Not a checkpoint that this log signed, and why.
    NotOurs(String),
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
    let unread = if actor.role.may(Permission::ReadAlarms) { ports.ledger.unread().await? } else { Vec::new() };
    let checked_at = ports.ledger.checked_at().await?;
    let outside_time = ports.ledger.outside_time().await?;
    let vkey = ports.ledger.vkey();
    let origin = vkey.split('+').next().unwrap_or_default().to_owned();
    let earlier = match query.get("earlier").map(|text| as_note(&text)).filter(|note| !note.is_empty()) {
        Some(note) => {
            let compared = compare(&ports, &note, &head).await?;
            Some((note, compared))
        }
        None => None,
    };
    Ok(LedgerPage {
        head,
        origin,
        vkey,
        earlier_vkeys: ports.ledger.earlier_vkeys(),
        alarms,
        unread,
        checked_at,
        outside_time,
        entries,
        around,
        newest_page: before.is_none(),
        earlier,
    })
}

/// As it was before a form or a mail program changed its line ends.
fn as_note(pasted: &str) -> String {
    let text = pasted.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

async fn compare(ports: &Ports, note: &str, head: &Head) -> Result<Earlier, Problem> {
    // A checkpoint kept before the log changed its key is signed by the earlier one alone.
    let vkeys = [vec![ports.ledger.vkey()], ports.ledger.earlier_vkeys()].concat();
    let keys: Result<Vec<VerifierKey>, _> = vkeys.iter().map(|vkey| VerifierKey::parse(vkey)).collect();
    let earlier = match keys.and_then(|keys| checkpoint::open_by(note, &keys)) {
        Ok((earlier, _)) => earlier,
        Err(e) => return Ok(Earlier::NotOurs(e.to_string())),
    };
    let size = earlier.size;
    let Some(proof) = ports.ledger.consistency(size, head).await? else { return Ok(Earlier::Shrunk { size }) };
    let root = hash_from_hex(&head.root).ok_or_else(|| PortError::Broken("the head's root is no digest".to_owned()))?;
    Ok(match verify_consistency((size, &earlier.root), (head.size, &root), &proof) {
        true if size == 0 => Earlier::Nothing,
        true => Earlier::Beginning { size, proof: proof.iter().map(|hash| hex(hash)).collect() },
        false => Earlier::Fork { size },
    })
}
