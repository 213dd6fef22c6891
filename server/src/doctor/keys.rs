//! Looks at the folder of keys, without the database: what is wrong there stops everything else.

use chrono::{DateTime, Utc};

use super::Finding;
use crate::{
    config::Config,
    sign::{Folder, Keys, RootKey, SignError, State},
};

/// A certificate that ends so soon is replaced now: an auditor's period may not wait.
const SOON_DAYS: i64 = 60;

/// One line per thing looked at; a folder without keys is no fault, since the portal makes them at its start.
pub fn look(config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    let folder = Folder::configured(&config.keys);
    if !folder.dir().exists() {
        let found = format!("{} is not there yet", folder.dir().display());
        return vec![Finding::note("keys", found, "the first start makes it, or passmuster key init")];
    }
    let keys = match folder.open(&config.company.log) {
        Ok(keys) => keys,
        Err(e) => return vec![Finding::bad("keys", e.to_string(), next(&e))],
    };
    let state = match folder.state() {
        Ok(state) => state,
        Err(e) => return vec![Finding::bad("keys", e.to_string(), next(&e))],
    };
    let open = Finding::good("keys", format!("{} private keys, readable by their owner alone", state.private));
    [open, signer(&keys, now)].into_iter().chain(advice(&folder, config, &state, &keys)).collect()
}

fn signer(keys: &Keys, now: DateTime<Utc>) -> Finding {
    let until = keys.signer_until();
    let days = (until - now).num_days();
    let day = until.format("%Y-%m-%d");
    let how =
        "passmuster key rotate makes a new one under the same root; for a company's authority, passmuster key request";
    if until < now {
        return Finding::bad("signer's certificate", format!("it ended on {day}: no bundle can be made"), how);
    }
    if days < SOON_DAYS {
        return Finding::bad("signer's certificate", format!("it ends on {day}, in {days} days"), how);
    }
    Finding::good("signer's certificate", format!("it holds until {day}"))
}

fn advice(folder: &Folder, config: &Config, state: &State, keys: &Keys) -> Vec<Finding> {
    let mut notes = Vec::new();
    if state.open_to_others {
        notes.push(Finding::bad(
            "keys' folder",
            format!(
                "{} may be written by others on this machine, who could put other keys there",
                folder.dir().display()
            ),
            "chmod 700 on it, and compare passmuster key show with the anchors the auditor holds",
        ));
    }
    if state.root_key == RootKey::Here {
        notes.push(Finding::note(
            "root key",
            "it lies on this machine, and is needed only to issue the next signer".to_owned(),
            "move root.key to a medium kept elsewhere; passmuster key rotate --root-key FILE takes it from there",
        ));
    }
    if !state.in_clear.is_empty() {
        let next = match config.keys.passphrase.is_empty() {
            true => "set PASSMUSTER_KEYS__PASSPHRASE_FILE to a file with a passphrase, then passmuster key protect",
            false => "a passphrase is configured: passmuster key protect writes them under it",
        };
        notes.push(Finding::note("keys in clear", format!("not encrypted: {}", state.in_clear.join(", ")), next));
    }
    if state.awaiting {
        notes.push(Finding::note(
            "certificate requested",
            "its answer is not there yet".to_owned(),
            "passmuster key import --signer FILE --root FILE, when the company's authority has answered",
        ));
    }
    let earlier = keys.earlier_vkeys().len();
    if earlier > 0 {
        notes.push(Finding::note(
            "earlier keys of the ledger",
            format!("{earlier} still sign beside the one in use"),
            "when every auditor holds the anchors of today: passmuster key retire ID",
        ));
    }
    notes
}

/// Errors say what to do themselves.
fn next(error: &SignError) -> &'static str {
    match error {
        SignError::Locked(_) | SignError::WrongPassphrase(_) => {
            "the ledger is as it was; nothing is signed until the keys open"
        }
        _ => "mend this first; the ledger is as it was, and nothing is signed meanwhile",
    }
}
