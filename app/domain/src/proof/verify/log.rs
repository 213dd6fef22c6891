//! The ledger in the bundle: folded to its signed head, and held against an older bundle.

use super::{
    Checking, Trust,
    logkeys::{LogKeys, Rest},
};
use crate::{
    draw,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        checkpoint::Checkpoint,
        hash_from_hex,
        layout::{self, Index},
        leaf,
        tree::{Frontier, Hash, leaf_hash},
    },
    record::Entry,
    words,
};

/// The ledger of a bundle, folded.
pub(super) struct Log {
    pub keys: LogKeys,
    /// Whose signature under the head counts.
    pub rest: Rest,
    pub from: u64,
    pub head: Checkpoint,
    pub entries: Vec<Entry>,
    /// The root of the tree of size `from + i`.
    pub roots: Vec<Hash>,
}

impl Log {
    pub fn entry(&self, seq: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(seq.checked_sub(self.from)?).ok()?)
    }

    pub fn root_at(&self, size: u64) -> Option<&Hash> {
        self.roots.get(usize::try_from(size.checked_sub(self.from)?).ok()?)
    }
}

impl Checking {
    pub(super) fn log(&mut self, bundle: &UnverifiedBundle, trust: &Trust, index: Option<&Index>) -> Option<Log> {
        const WHAT: &str = "The ledger folds to its signed head";
        match fold(bundle, trust) {
            Err(e) => {
                self.bad(WHAT, e);
                None
            }
            Ok(log) => {
                self.facts.origin.clone_from(&log.head.origin);
                self.facts.size = log.head.size;
                self.facts.root = draw::hex(&log.head.root);
                self.good(
                    WHAT,
                    format!(
                        "{} entries from № {} give the root {} … of {} entries, as signed.{}",
                        log.entries.len(),
                        log.from,
                        words::short_digest(&self.facts.root),
                        log.head.size,
                        log.rest.says()
                    ),
                );
                let said = index.map(|i| (i.log.origin.as_str(), i.log.from, i.log.to, i.log.root.as_str()));
                if said
                    .is_some_and(|s| s != (log.head.origin.as_str(), log.from, log.head.size, self.facts.root.as_str()))
                {
                    self.bad("The index and the ledger", "The index names another ledger, size or root");
                }
                Some(log)
            }
        }
    }

    pub(super) fn previous(&mut self, trust: &Trust, log: &Log) {
        const WHAT: &str = "The ledger continues the one you hold";
        let Some(bytes) = &trust.previous else { return };
        let older = match UnverifiedBundle::read(bytes).and_then(|b| b.text(layout::CHECKPOINT).map(str::to_owned)) {
            Ok(note) => note,
            Err(e) => return self.bad(WHAT, format!("the older bundle cannot be read: {e}")),
        };
        let older = match log.keys.open(&older) {
            Ok(older) => older,
            Err(e) => return self.bad(WHAT, format!("the older bundle's checkpoint: {e}")),
        };
        if older.size > log.head.size {
            let found = format!("rolled back: the older bundle has {} entries, this one {}", older.size, log.head.size);
            return self.bad(WHAT, found);
        }
        match log.root_at(older.size) {
            Some(root) if *root == older.root => {
                self.good(WHAT, format!("Its first {} entries are those of the older bundle.", older.size));
            }
            Some(_) => self.bad(
                WHAT,
                format!("forked: the first {} entries are not those of the older bundle; keep both, they are proof", older.size),
            ),
            None => self.not_proven.push(format!(
                "That the ledger continues the older bundle's {} entries: this bundle begins at {}. Ask for one from the beginning.",
                older.size, log.from
            )),
        }
    }
}

fn fold(bundle: &UnverifiedBundle, trust: &Trust) -> Result<Log, String> {
    let said = |e: BundleError| e.to_string();
    let keys = LogKeys::read(bundle.text(layout::VKEY).map_err(said)?, trust)?;
    let (head, rest) = keys.open_head(bundle.text(layout::CHECKPOINT).map_err(said)?)?;
    let mut tree = older_tree(bundle, &keys)?;
    let from = tree.size;
    let (mut entries, mut roots) = (Vec::new(), vec![tree.root()]);
    for line in bundle.text(layout::ENTRIES).map_err(said)?.lines() {
        let entry = leaf::parse(line).map_err(|e| format!("entry {}: {e}", tree.size))?;
        if entry.seq != tree.size {
            return Err(format!("entry {} stands where {} belongs", entry.seq, tree.size));
        }
        tree.append(leaf_hash(line.as_bytes()));
        roots.push(tree.root());
        entries.push(entry);
    }
    if tree.size != head.size {
        return Err(format!("there are entries up to {}, and the signed head has {}", tree.size, head.size));
    }
    if tree.root() != head.root {
        return Err("the entries do not give the signed root: one was dropped, swapped, added or altered".to_owned());
    }
    Ok(Log { keys, rest, from, head, entries, roots })
}

/// The tree the entries are added to: the older one, or the empty one.
fn older_tree(bundle: &UnverifiedBundle, keys: &LogKeys) -> Result<Frontier, String> {
    let said = |e: BundleError| e.to_string();
    let has = |name| bundle.files.contains_key(name);
    match (has(layout::PREVIOUS_CHECKPOINT), has(layout::PREVIOUS_FRONTIER)) {
        (false, false) => return Ok(Frontier::new()),
        (true, true) => {}
        _ => return Err("of the older checkpoint and its frontier only one is there".to_owned()),
    }
    let note = bundle.text(layout::PREVIOUS_CHECKPOINT).map_err(said)?;
    let older = keys.open(note).map_err(|e| format!("the older checkpoint: {e}"))?;
    let hashes: Option<Vec<Hash>> =
        bundle.text(layout::PREVIOUS_FRONTIER).map_err(said)?.lines().map(hash_from_hex).collect();
    let hashes = hashes.ok_or("the older frontier has a line that is not a hash")?;
    let tree = Frontier::from_parts(older.size, hashes).map_err(|e| e.to_string())?;
    if tree.root() == older.root { Ok(tree) } else { Err("the older frontier does not give the older root".to_owned()) }
}
