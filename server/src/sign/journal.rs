//! What happened to the keys of a folder, in a file beside them: a line an event, for the ledger to seal.
//!
//! The `key` commands need no database, so they write here; the portal seals at its next start whatever the
//! ledger does not know (`ledger::keys`). It holds public parts alone.

use domain::{
    Moment, ejson,
    key::{Event, Key, KeyEvent},
};

/// An event at that instant.
pub fn event(key: Key, event: Event, replaces: Option<String>, at: Moment, by: &str) -> KeyEvent {
    KeyEvent { schema: 1, key, event, replaces, occurred_at: at, by: by.to_owned() }
}

/// Every event, oldest first; `Err` names the line that is none.
pub fn read(text: &str) -> Result<Vec<KeyEvent>, String> {
    text.lines()
        .enumerate()
        .map(|(i, line)| serde_json::from_str(line).map_err(|e| format!("line {}: {e}", i + 1)))
        .collect()
}

/// The text with these events at its end.
pub fn with(text: &str, events: &[KeyEvent]) -> String {
    let mut out = text.to_owned();
    for event in events {
        let value = serde_json::to_value(event).expect("an event has only text and dates");
        out.push_str(&ejson::plain(&value).to_string());
        out.push('\n');
    }
    out
}

/// Keys in use of which no event tells: as found at that instant.
pub fn untold(told: &[KeyEvent], in_use: Vec<Key>, at: Moment, by: &str) -> Vec<KeyEvent> {
    let known = |key: &Key| told.iter().any(|e| e.event != Event::Retired && e.key.public() == key.public());
    in_use.into_iter().filter(|key| !known(key)).map(|key| event(key, Event::Found, None, at, by)).collect()
}
