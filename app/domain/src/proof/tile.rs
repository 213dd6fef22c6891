//! The ledger as static files: which hashes and entries one tile holds.
//!
//! Source: <https://c2sp.org/tlog-tiles>. A tile has 256 hashes of one level; a hash of level L is the
//! root over 256^L entries. A tile that is not full yet is asked for by its width.

use std::ops::Range;

/// Hashes, or entries, in a full tile.
pub const WIDTH: u64 = 256;
/// The highest level a tree of fewer than 2^63 entries has a hash on.
const HIGHEST: u32 = 7;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The entries themselves, each after its length in two bytes, big-endian.
    Entries,
    /// Roots over 256^L entries each.
    Hashes(u32),
}

/// One file below `tile/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    pub level: Level,
    pub index: u64,
    /// 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Reads the path below `tile/`: `0/x001/x234/067`, `entries/000.p/17`. Only the one right spelling is read.
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let level = match level {
            "entries" => Level::Entries,
            digits => Level::Hashes(decimal(digits).filter(|&l| l <= u64::from(HIGHEST))?.try_into().ok()?),
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, WIDTH),
            Some((index, width)) => (index, decimal(width).filter(|&w| 0 < w && w < WIDTH)?),
        };
        let mut number = 0u64;
        let mut parts = index.split('/').peekable();
        while let Some(part) = parts.next() {
            let digits = if parts.peek().is_some() { part.strip_prefix('x')? } else { part };
            if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { level, index: number, width };
        (tile.path() == path).then_some(tile)
    }

    /// The path below `tile/`.
    pub fn path(&self) -> String {
        let mut index = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            index = format!("x{:03}/{index}", rest % 1000);
            rest /= 1000;
        }
        let level = match self.level {
            Level::Entries => "entries".to_owned(),
            Level::Hashes(level) => level.to_string(),
        };
        let partial = if self.width == WIDTH { String::new() } else { format!(".p/{}", self.width) };
        format!("{level}/{index}{partial}")
    }

    /// Number of entries below one hash, or one.
    pub fn step(&self) -> u64 {
        match self.level {
            Level::Entries => 1,
            Level::Hashes(level) => WIDTH.pow(level),
        }
    }

    /// The entries it covers; `None` when a tree of `size` does not have it.
    pub fn covers(&self, size: u64) -> Option<Range<u64>> {
        let first = self.index.checked_mul(WIDTH)?.checked_mul(self.step())?;
        let end = first.checked_add(self.width.checked_mul(self.step())?)?;
        (end <= size).then_some(first..end)
    }
}

/// A number as it is written: no sign, no leading zero.
fn decimal(digits: &str) -> Option<u64> {
    digits.parse::<u64>().ok().filter(|n| n.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_specifications_paths_are_read() {
        let hashes = |level, index, width| Tile { level: Level::Hashes(level), index, width };
        for (path, tile) in [
            ("0/x001/x234/067", hashes(0, 1_234_067, WIDTH)),
            ("1/000", hashes(1, 0, WIDTH)),
            ("0/273.p/112", hashes(0, 273, 112)),
            ("entries/x123/456.p/1", Tile { level: Level::Entries, index: 123_456, width: 1 }),
        ] {
            assert_eq!(Tile::parse(path), Some(tile));
        }
    }

    #[test]
    fn another_spelling_is_not_read() {
        for path in [
            "",
            "0",
            "0/",
            "0/1",
            "0/0001",
            "0/x000/001",
            "0/001/002",
            "0/x001",
            "0/001.p/0",
            "0/001.p/256",
            "0/001.p/07",
            "00/001",
            "+0/001",
            "-1/001",
            "8/000",
            "data/000",
            "0/001/",
            "0/../001",
            "0/001.p/1/2",
            "0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tile_beyond_the_tree_is_not_there() {
        let tile = |path| Tile::parse(path).expect("a path");
        assert_eq!(tile("0/001").covers(512), Some(256..512));
        assert_eq!(tile("0/001").covers(511), None);
        assert_eq!(tile("0/001.p/255").covers(511), Some(256..511));
        assert_eq!(tile("1/000.p/2").covers(512), Some(0..512));
        assert_eq!(tile("1/000.p/2").covers(511), None);
        assert_eq!(tile("7/x999/x999/999").covers(u64::MAX), None);
    }

    proptest! {
        #[test]
        fn a_path_comes_back(level in 0u32..=HIGHEST, index in 0u64..1 << 50, width in 1..=WIDTH, entries: bool) {
            let level = if entries { Level::Entries } else { Level::Hashes(level) };
            let tile = Tile { level, index, width };
            prop_assert_eq!(Tile::parse(&tile.path()), Some(tile));
        }
    }
}
