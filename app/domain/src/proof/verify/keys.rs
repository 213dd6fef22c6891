//! The keys that signed, held against the ledger's own record of them.
//!
//! It proves no key: trust comes from outside the bundle. It shows that none signed in secret: in a ledger
//! that records its keys, the one under the bundle is recorded too, and no retired one signs on.

use super::{Checking, log::Log, records::Record};
use crate::{
    ejson,
    key::{Event, Key, KeyEvent},
    proof::signature::Signer,
    words,
};

impl Checking {
    /// Bundles made before keys were recorded have none, and lose nothing by it.
    pub(super) fn keys_in_ledger(&mut self, records: &[Record], log: &Log, signer: Option<&Signer>) {
        const WHAT: &str = "The keys in the ledger";
        let (mut events, mut wrong) = (Vec::new(), Vec::new());
        for record in records.iter().filter(|r| r.collection.name == "keys") {
            match serde_json::from_value::<KeyEvent>(ejson::plain(&record.value)) {
                Err(e) => wrong.push(format!("{} cannot be read as a key: {e}", record.id)),
                Ok(event) if event.id() != record.id => {
                    wrong.push(format!("{} is the record of another key, {}", record.id, event.id()));
                }
                // The runners' are held against what they signed.
                Ok(event) if matches!(event.key, Key::Runner { .. }) => {}
                Ok(event) => events.push((record.seq, event)),
            }
        }
        if events.is_empty() && wrong.is_empty() {
            return;
        }
        let counts = log.rest.key.to_string();
        if let Some((seq, _)) = events.iter().find(|(_, e)| e.event == Event::Retired && e.key.public() == counts) {
            wrong.push(format!("the head is signed by {}, which № {seq} says was retired", log.rest.key.id()));
        }
        let begun = |word: &str, public: &str| {
            events.iter().find(|(_, e)| e.event != Event::Retired && e.key.word() == word && e.key.public() == public)
        };
        let own = log.keys.own().to_string();
        let sealed = signer.and_then(|s| begun("signer", &s.fingerprint));
        // Only a ledger given from its beginning must have them all.
        if log.from == 0 {
            if let (Some(signer), None) = (signer, sealed) {
                wrong.push(format!("the bundle is signed by {}, whose key the ledger does not know", signer.name));
            }
            if begun("log", &own).is_none() {
                wrong.push(format!("the ledger does not know its own key, {}", log.keys.own().id()));
            }
        }
        let since = match sealed {
            Some((seq, event)) => {
                format!("The signer's came into use on {}, sealed at № {seq}.", words::date(event.occurred_at))
            }
            None => "The signer's came into use before this part of the ledger.".to_owned(),
        };
        let count = events.len();
        let found = format!("{count} {} recorded here. {since}", if count == 1 { "event is" } else { "events are" });
        self.none_wrong(WHAT, wrong, found);
    }
}
