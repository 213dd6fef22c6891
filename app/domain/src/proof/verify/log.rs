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
        inclusion::InclusionProof,
        layout::{self, Index},
        leaf,
        tree::{Frontier, Hash, leaf_hash},
    },
    record::Kind,
    words,
};

/// How many leaves are folded again, at the most, to give an earlier root.
const STRIDE: usize = 1024;

/// The ledger of a bundle, folded.
pub(super) struct Log {
    pub keys: LogKeys,
    /// Whose signature under the head counts.
    pub rest: Rest,
    pub from: u64,
    pub head: Checkpoint,
    /// What checks ask of each entry; a million of them take a hundred megabytes.
    entries: Vec<Known>,
    /// The collections' names, each once.
    collections: Vec<String>,
    leaves: Vec<Hash>,
    /// The tree before every `STRIDE`th of the leaves.
    trees: Vec<Frontier>,
}

struct Known {
    collection: u16,
    kind: Kind,
    id: Box<str>,
    sha256: Hash,
}

/// An entry as checks read it.
#[derive(Clone, Copy)]
pub(super) struct Sealed<'a> {
    pub seq: u64,
    pub coll: &'a str,
    pub id: &'a str,
    pub kind: Kind,
    pub sha256: &'a Hash,
}

impl Log {
    pub fn entry(&self, seq: u64) -> Option<Sealed<'_>> {
        let known = self.entries.get(usize::try_from(seq.checked_sub(self.from)?).ok()?)?;
        Some(self.sealed(seq, known))
    }

    pub fn entries(&self) -> impl Iterator<Item = Sealed<'_>> {
        (self.from..).zip(&self.entries).map(|(seq, known)| self.sealed(seq, known))
    }

    fn sealed<'a>(&'a self, seq: u64, known: &'a Known) -> Sealed<'a> {
        let coll = &self.collections[usize::from(known.collection)];
        Sealed { seq, coll, id: &known.id, kind: known.kind, sha256: &known.sha256 }
    }

    /// The root of the tree of that size.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.roots(size).next()
    }

    /// The roots of the trees of that size and more, up to the head's.
    pub fn roots(&self, size: u64) -> impl Iterator<Item = Hash> {
        let at = size.checked_sub(self.from).and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= self.leaves.len());
        let tree = at.map(|at| {
            let mut tree = self.trees[at / STRIDE].clone();
            self.leaves[at / STRIDE * STRIDE..at].iter().for_each(|leaf| tree.append(*leaf));
            (tree, at)
        });
        std::iter::successors(tree, |(tree, at)| {
            let mut next = tree.clone();
            next.append(*self.leaves.get(*at)?);
            Some((next, at + 1))
        })
        .map(|(tree, _)| tree.root())
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
                        log.leaves.len(),
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

    /// The proofs shipped for single entries; bundles made before there were any have none.
    pub(super) fn proofs(&mut self, bundle: &UnverifiedBundle, log: &Log) {
        let mut wrong = Vec::new();
        let (mut held, prefix) = (0, layout::PROOFS);
        for (name, file) in bundle.files.iter().filter(|(name, _)| name.starts_with(prefix)) {
            match proof(&name[prefix.len()..], file.whole(name), log) {
                Ok(()) => held += 1,
                Err(e) => wrong.push(format!("{name}: {e}")),
            }
        }
        if held > 0 || !wrong.is_empty() {
            let good = format!("{held} lead from their entry to the signed root.");
            self.none_wrong("The proofs of single entries", wrong, good);
        }
    }

    pub(super) fn previous(&mut self, trust: &Trust, log: &Log) {
        const WHAT: &str = "The ledger continues the one you hold";
        let Some(bytes) = &trust.previous else { return };
        let older = match UnverifiedBundle::read(bytes).and_then(|b| b.text(layout::CHECKPOINT)) {
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
            Some(root) if root == older.root => {
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

fn proof(name: &str, bytes: Result<Vec<u8>, BundleError>, log: &Log) -> Result<(), String> {
    let text = String::from_utf8(bytes.map_err(|e| e.to_string())?).map_err(|_| "it is not text".to_owned())?;
    let read = InclusionProof::parse(&text).map_err(|e| e.to_string())?;
    if name != format!("{}.tlog-proof", read.index) {
        return Err(format!("it speaks of entry {}", read.index));
    }
    let place = read.index.checked_sub(log.from).and_then(|i| usize::try_from(i).ok());
    let leaf = place.and_then(|i| log.leaves.get(i)).ok_or("its entry is not in this part of the ledger")?;
    // Its note is the head's own, so that the ledger's own key has signed it.
    let head = read.verify_leaf(leaf, log.keys.own()).map_err(|e| e.to_string())?;
    if head == log.head { Ok(()) } else { Err("it leads to another head of the ledger".to_owned()) }
}

fn fold(bundle: &UnverifiedBundle, trust: &Trust) -> Result<Log, String> {
    let said = |e: BundleError| e.to_string();
    let keys = LogKeys::read(&bundle.text(layout::VKEY).map_err(said)?, trust)?;
    let (head, rest) = keys.open_head(&bundle.text(layout::CHECKPOINT).map_err(said)?)?;
    let mut tree = older_tree(bundle, &keys)?;
    let from = tree.size;
    let (mut entries, mut leaves, mut trees) = (Vec::new(), Vec::new(), vec![tree.clone()]);
    let mut collections: Vec<String> = Vec::new();
    for line in bundle.lines(layout::ENTRIES).map_err(said)? {
        let line = line.map_err(said)?;
        let entry = leaf::parse(&line).map_err(|e| format!("entry {}: {e}", tree.size))?;
        if entry.seq != tree.size {
            return Err(format!("entry {} stands where {} belongs", entry.seq, tree.size));
        }
        let leaf = leaf_hash(line.as_bytes());
        tree.append(leaf);
        leaves.push(leaf);
        if leaves.len().is_multiple_of(STRIDE) {
            trees.push(tree.clone());
        }
        let collection = collections.iter().position(|c| *c == entry.coll).unwrap_or_else(|| {
            collections.push(entry.coll.clone());
            collections.len() - 1
        });
        entries.push(Known {
            collection: u16::try_from(collection).map_err(|_| "its entries name too many collections".to_owned())?,
            kind: entry.kind,
            sha256: hash_from_hex(&entry.sha256).ok_or_else(|| format!("entry {}: its digest", entry.seq))?,
            id: entry.id.into(),
        });
    }
    if tree.size != head.size {
        return Err(format!("there are entries up to {}, and the signed head has {}", tree.size, head.size));
    }
    if tree.root() != head.root {
        return Err("the entries do not give the signed root: one was dropped, swapped, added or altered".to_owned());
    }
    Ok(Log { keys, rest, from, head, entries, collections, leaves, trees })
}

/// The tree the entries are added to: the older one, or the empty one.
fn older_tree(bundle: &UnverifiedBundle, keys: &LogKeys) -> Result<Frontier, String> {
    let said = |e: BundleError| e.to_string();
    match (bundle.has(layout::PREVIOUS_CHECKPOINT), bundle.has(layout::PREVIOUS_FRONTIER)) {
        (false, false) => return Ok(Frontier::new()),
        (true, true) => {}
        _ => return Err("of the older checkpoint and its frontier only one is there".to_owned()),
    }
    let note = bundle.text(layout::PREVIOUS_CHECKPOINT).map_err(said)?;
    let older = keys.open(&note).map_err(|e| format!("the older checkpoint: {e}"))?;
    let hashes: Option<Vec<Hash>> =
        bundle.text(layout::PREVIOUS_FRONTIER).map_err(said)?.lines().map(hash_from_hex).collect();
    let hashes = hashes.ok_or("the older frontier has a line that is not a hash")?;
    let tree = Frontier::from_parts(older.size, hashes).map_err(|e| e.to_string())?;
    if tree.root() == older.root { Ok(tree) } else { Err("the older frontier does not give the older root".to_owned()) }
}
