//! A sketch of a collection, from which the documents that differ from another collection are named: some two
//! hundred kilobytes for any number of documents, in any order, without reading either of them again.
//!
//! It is an invertible Bloom lookup table (Goodrich and Mitzenmacher, 2011) over pairs of `_id` and leaf, in strata
//! (Eppstein, Goodrich, Uyeda, Varghese: "What's the Difference?", 2011). A pair is counted and XORed into three
//! cells that its leaf chooses. Subtracting two tables leaves only what differs; a cell with one pair left gives that
//! pair away, and taking it out of its other cells frees more. The first table takes every document and names several
//! hundred differences; each further one takes a sixteenth of the one before, so that of any number a part is named
//! and all of them are estimated.
//!
//! It only names. Whether collections are equal is decided by their digest ([`super::contents`]).

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize, de::Error};

/// What is kept of an `_id`: its BSON type and value, up to 46 bytes of it.
const KEY: usize = 48;
const LEAF: usize = 32;
/// Count, key, leaf and sum of a cell, as they are written.
const CELL: usize = 8 + KEY + LEAF + 8;
/// Cells of each table: 1024 name about 400 altered documents (two pairs each, 0.8 pairs a cell), 256 about 100.
const CELLS: [usize; 5] = [1024, 256, 256, 256, 256];
/// Until so many documents the pairs are kept as they are.
const FEW: usize = 256;

/// An `_id` as the sketch holds it: length, BSON type, value; or 255, type and SHA-256 of a value too long for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; KEY]);

impl Key {
    pub fn of(kind: u8, value: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        let mut key = [0; KEY];
        key[1] = kind;
        if value.len() <= KEY - 2 {
            key[0] = u8::try_from(value.len()).expect("at most 46");
            key[2..2 + value.len()].copy_from_slice(value);
        } else {
            key[0] = u8::MAX;
            key[2..34].copy_from_slice(&Sha256::digest(value));
        }
        Self(key)
    }

    pub fn kind(&self) -> u8 {
        self.0[1]
    }

    /// The value's bytes, or `Err` with their SHA-256.
    pub fn value(&self) -> Result<&[u8], &[u8]> {
        match usize::from(self.0[0]) {
            n if n <= KEY - 2 => Ok(&self.0[2..2 + n]),
            _ => Err(&self.0[2..34]),
        }
    }
}

type Leaf = [u8; LEAF];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    count: i64,
    key: [u8; KEY],
    leaf: Leaf,
    /// Sum of the leaves' last eight bytes: tells one pair from several whose leaves only look like one.
    sum: u64,
}

const NOTHING: Cell = Cell { count: 0, key: [0; KEY], leaf: [0; LEAF], sum: 0 };

impl Cell {
    fn put(&mut self, key: &Key, leaf: &Leaf, times: i64) {
        self.count = self.count.wrapping_add(times);
        self.key.iter_mut().zip(key.0).for_each(|(a, b)| *a ^= b);
        self.leaf.iter_mut().zip(leaf).for_each(|(a, b)| *a ^= b);
        self.sum = self.sum.wrapping_add(tail(leaf).wrapping_mul(times.cast_unsigned()));
    }

    fn join(&mut self, other: &Self, times: i64) {
        self.count = self.count.wrapping_add(other.count.wrapping_mul(times));
        self.key.iter_mut().zip(other.key).for_each(|(a, b)| *a ^= b);
        self.leaf.iter_mut().zip(other.leaf).for_each(|(a, b)| *a ^= b);
        self.sum = self.sum.wrapping_add(other.sum.wrapping_mul(times.cast_unsigned()));
    }

    /// Whether it holds a single pair, and of which side.
    fn single(&self) -> Option<i64> {
        let side = self.count;
        (matches!(side, 1 | -1) && self.sum == tail(&self.leaf).wrapping_mul(side.cast_unsigned())).then_some(side)
    }
}

fn tail(leaf: &Leaf) -> u64 {
    u64::from_le_bytes(leaf[24..].try_into().expect("eight bytes"))
}

/// The three cells of a leaf, in a table whose size is a power of two.
fn places(leaf: &Leaf, cells: usize) -> [usize; 3] {
    [0, 4, 8].map(|at| {
        let word = u32::from_le_bytes(leaf[at..at + 4].try_into().expect("four bytes"));
        word as usize & (cells - 1)
    })
}

/// In how many tables a leaf stands: every fourth zero bit brings it into one more.
fn strata(leaf: &Leaf) -> usize {
    let zeros = u32::from_be_bytes(leaf[12..16].try_into().expect("four bytes")).leading_zeros() as usize;
    (zeros / 4 + 1).min(CELLS.len())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch(Held);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Few(Vec<(Key, Leaf)>),
    Tables(Vec<Vec<Cell>>),
}

impl Default for Sketch {
    fn default() -> Self {
        Self(Held::Few(Vec::new()))
    }
}

/// A document that is not the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    pub key: Key,
    pub in_first: bool,
    pub in_second: bool,
}

/// What differs between two sketches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// Sorted by their keys.
    pub named: Vec<Named>,
    /// How many differ at least about; equal to what is named when that is all.
    pub about: u64,
    pub all_named: bool,
}

impl Sketch {
    pub fn add(&mut self, key: &Key, leaf: &Leaf) {
        match &mut self.0 {
            Held::Few(pairs) if pairs.len() < FEW => pairs.push((*key, *leaf)),
            Held::Few(_) => {
                *self = Self(Held::Tables(self.tables()));
                self.add(key, leaf);
            }
            Held::Tables(tables) => put(tables, key, leaf),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (_, Held::Few(pairs)) => pairs.iter().for_each(|(key, leaf)| self.add(key, leaf)),
            (Held::Few(pairs), Held::Tables(_)) => {
                let pairs = std::mem::take(pairs);
                *self = other.clone();
                pairs.iter().for_each(|(key, leaf)| self.add(key, leaf));
            }
            (Held::Tables(mine), Held::Tables(theirs)) => {
                for (cell, other) in mine.iter_mut().flatten().zip(theirs.iter().flatten()) {
                    cell.join(other, 1);
                }
            }
        }
    }

    fn tables(&self) -> Vec<Vec<Cell>> {
        match &self.0 {
            Held::Tables(tables) => tables.clone(),
            Held::Few(pairs) => {
                let mut tables: Vec<Vec<Cell>> = CELLS.iter().map(|n| vec![NOTHING; *n]).collect();
                pairs.iter().for_each(|(key, leaf)| put(&mut tables, key, leaf));
                tables
            }
        }
    }

    /// Tables no larger than so many documents can fill.
    pub fn folded(&self, documents: u64) -> Self {
        let folded = self.tables().into_iter().enumerate().map(|(stratum, table)| {
            let expected = usize::try_from(documents >> (4 * stratum).min(63)).unwrap_or(usize::MAX);
            fold(table, expected.saturating_mul(4).clamp(16, CELLS[0]).next_power_of_two())
        });
        Self(Held::Tables(folded.collect()))
    }

    /// Names what stands in one of the two and not in the other.
    pub fn differing(&self, other: &Self) -> Differing {
        let mut best = Differing { named: Vec::new(), about: 0, all_named: false };
        for (stratum, (mine, theirs)) in self.tables().into_iter().zip(other.tables()).enumerate() {
            let cells = mine.len().min(theirs.len());
            let (mut table, theirs) = (fold(mine, cells), fold(theirs, cells));
            for (cell, other) in table.iter_mut().zip(&theirs) {
                cell.join(other, -1);
            }
            let (named, whole) = peel(&mut table);
            if whole {
                let about = (named.len() as u64) << (4 * stratum).min(63);
                return if stratum == 0 || named.len() >= best.named.len() {
                    Differing { about, named, all_named: stratum == 0 }
                } else {
                    Differing { about: about.max(best.named.len() as u64), ..best }
                };
            }
            best.about = best.about.max((cells as u64) << (4 * stratum).min(63));
            if named.len() > best.named.len() {
                best.named = named;
            }
        }
        best
    }
}

fn put(tables: &mut [Vec<Cell>], key: &Key, leaf: &Leaf) {
    for table in &mut tables[..strata(leaf)] {
        for place in places(leaf, table.len()) {
            table[place].put(key, leaf, 1);
        }
    }
}

fn fold(mut table: Vec<Cell>, cells: usize) -> Vec<Cell> {
    while table.len() > cells {
        let upper = table.split_off(table.len() / 2);
        for (cell, other) in table.iter_mut().zip(&upper) {
            cell.join(other, 1);
        }
    }
    table
}

/// Takes single pairs out until nothing is left, or nothing single; whether nothing is left.
fn peel(table: &mut [Cell]) -> (Vec<Named>, bool) {
    let mut named: BTreeMap<Key, Named> = BTreeMap::new();
    let mut waiting: Vec<usize> = (0..table.len()).collect();
    // Of a table that lies, no more is taken than an honest one can hold.
    let mut taken = 0;
    while let Some(at) = waiting.pop() {
        let Some(side) = table[at].single() else { continue };
        let (key, leaf) = (Key(table[at].key), table[at].leaf);
        let cells = places(&leaf, table.len());
        if !cells.contains(&at) || taken > 2 * table.len() {
            continue;
        }
        taken += 1;
        for cell in cells {
            table[cell].put(&key, &leaf, -side);
            waiting.push(cell);
        }
        let entry = named.entry(key).or_insert(Named { key, in_first: false, in_second: false });
        if side > 0 {
            entry.in_first = true;
        } else {
            entry.in_second = true;
        }
    }
    (named.into_values().collect(), table.iter().all(|cell| *cell == NOTHING))
}

impl Serialize for Sketch {
    /// A base64 text for each table, the cells one behind the other: count, key, leaf, sum.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let texts = self.tables().into_iter().map(|table| {
            let mut bytes = Vec::with_capacity(table.len() * CELL);
            for cell in table {
                bytes.extend(cell.count.to_le_bytes());
                bytes.extend(cell.key);
                bytes.extend(cell.leaf);
                bytes.extend(cell.sum.to_le_bytes());
            }
            BASE64_STANDARD.encode(bytes)
        });
        to.collect_seq(texts)
    }
}

impl<'de> Deserialize<'de> for Sketch {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        if texts.len() != CELLS.len() {
            return Err(D::Error::custom("a sketch has five tables"));
        }
        let mut tables = Vec::with_capacity(texts.len());
        for text in texts {
            let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
            let cells = bytes.len() / CELL;
            if !cells.is_power_of_two() || cells > CELLS[0] || bytes.len() % CELL != 0 {
                return Err(D::Error::custom("a sketch's table has a power of two of cells of 96 bytes"));
            }
            let word = |b: &[u8]| u64::from_le_bytes(b.try_into().expect("eight bytes"));
            let read = |c: &[u8]| Cell {
                count: word(&c[..8]).cast_signed(),
                key: c[8..8 + KEY].try_into().expect("a key"),
                leaf: c[8 + KEY..8 + KEY + LEAF].try_into().expect("a leaf"),
                sum: word(&c[CELL - 8..]),
            };
            tables.push(bytes.chunks_exact(CELL).map(read).collect());
        }
        Ok(Self(Held::Tables(tables)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn pair(id: u32, version: u8) -> (Key, Leaf) {
        let mut content = id.to_le_bytes().to_vec();
        content.push(version);
        (Key::of(0x10, &id.to_le_bytes()), Sha256::digest(&content).into())
    }

    fn sketch(pairs: impl IntoIterator<Item = (u32, u8)>) -> (Sketch, u64) {
        let mut sketch = Sketch::default();
        let mut n = 0;
        for (id, version) in pairs {
            let (key, leaf) = pair(id, version);
            sketch.add(&key, &leaf);
            n += 1;
        }
        (sketch.folded(n), n)
    }

    fn ids(differing: &Differing) -> Vec<u32> {
        let id = |n: &Named| u32::from_le_bytes(n.key.value().expect("short").try_into().expect("four bytes"));
        let mut ids: Vec<u32> = differing.named.iter().map(id).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn of_many_documents_the_few_that_differ_are_named_and_how() {
        let (first, _) = sketch((0..60_000).map(|id| (id, 0)));
        // 7 is altered, 8 is missing, 60 000 is new.
        let second = (0..60_001).rev().filter(|id| *id != 8).map(|id| (id, u8::from(id == 7)));
        let (second, _) = sketch(second);
        let differing = first.differing(&second);
        assert!(differing.all_named && differing.about == 3);
        assert_eq!(ids(&differing), [7, 8, 60_000]);
        let sides: Vec<(bool, bool)> = differing.named.iter().map(|n| (n.in_first, n.in_second)).collect();
        assert!(sides.contains(&(true, true)) && sides.contains(&(true, false)) && sides.contains(&(false, true)));
        assert!(first.differing(&first).named.is_empty());
    }

    #[test]
    fn of_very_many_that_differ_some_are_named_and_all_are_estimated() {
        let (first, _) = sketch((0..40_000).map(|id| (id, 0)));
        let (second, _) = sketch((0..40_000).map(|id| (id, u8::from(id % 2 == 0))));
        let differing = first.differing(&second);
        assert!(!differing.all_named && !differing.named.is_empty());
        assert!(ids(&differing).iter().all(|id| id % 2 == 0), "only such as differ are named");
        assert!((8_000..80_000).contains(&differing.about), "about {} of 20 000", differing.about);
    }

    #[test]
    fn a_sketch_is_the_same_by_parts_and_after_a_file_and_small_where_documents_are_few() {
        let (whole, n) = sketch((0..1000).map(|id| (id, 0)));
        let mut parts = Sketch::default();
        for range in [0..10, 10..990, 990..1000] {
            let mut part = Sketch::default();
            range.map(|id| pair(id, 0)).for_each(|(key, leaf)| part.add(&key, &leaf));
            parts.merge(&part);
        }
        assert_eq!(parts.folded(n), whole);
        let text = serde_json::to_string(&whole).expect("JSON");
        assert_eq!(serde_json::from_str::<Sketch>(&text).expect("it reads"), whole);
        let (few, _) = sketch([(1, 0), (2, 0)]);
        assert!(serde_json::to_string(&few).expect("JSON").len() < 12_000);
        assert_eq!(ids(&few.differing(&sketch([(1, 0), (2, 1)]).0)), [2], "however small the tables");
        for bad in [r#"[]"#, r#"["","","","",""]"#, r#"["AAAA","AAAA","AAAA","AAAA","AAAA"]"#, r#"["*","","","",""]"#] {
            assert!(serde_json::from_str::<Sketch>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sketch_that_lies_ends_all_the_same() {
        let (mut lying, _) = sketch((0..1000).map(|id| (id, 0)));
        if let Held::Tables(tables) = &mut lying.0 {
            for cell in tables.iter_mut().flatten() {
                (cell.count, cell.sum, cell.leaf) = (1, 0, [0; LEAF]);
            }
        }
        let differing = lying.differing(&sketch([(1, 0)]).0);
        assert!(!differing.all_named);
    }

    #[test]
    fn an_id_too_long_for_a_key_is_named_by_its_digest() {
        let long = Key::of(2, &[b'x'; 47]);
        assert_eq!(long.value(), Err(&Sha256::digest([b'x'; 47])[..]));
        assert_eq!(Key::of(2, &[b'x'; 46]).value(), Ok(&[b'x'; 46][..]));
    }
}
