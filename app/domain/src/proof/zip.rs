//! A strict reader of the ZIP files this house writes.
//!
//! Libraries repair: they drop a duplicate, correct a path, skip bytes they do not know. A verifier
//! must not, since two programs would then see two bundles. Here every byte of the file belongs to
//! exactly one thing, both headers of an entry agree, and anything else is refused by name.
//! Each file is unpacked once to hold it against its checksum and to take its SHA-256, and again
//! whenever somebody reads it: what stands in memory is the ZIP, not what it unpacks to.
//! Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use flate2::{Crc, Decompress, FlushDecompress, Status, read::DeflateDecoder};
use sha2::{Digest, Sha256};

use super::tree::Hash;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LOCAL_LEN: usize = 30;
const CENTRAL_LEN: usize = 46;
const END_LEN: usize = 22;
/// 1980-01-01 00:00, the first moment a ZIP can name: `(date << 16) | time`.
const EPOCH: u32 = 0x0021_0000;
/// Unix, a regular file, rw-r--r--.
const REGULAR: u32 = 0o100_644 << 16;
/// "Unix" in the upper byte of the maker's version.
const UNIX: u16 = 3;

/// How much a bundle may be. A year of fifty tenants is about 4 MiB, a million attestations 1 GiB.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub files: usize,
    /// Of one file, in bytes.
    pub file: u64,
    /// Of all files, in bytes.
    pub total: u64,
    /// Bytes out for one byte in, for files over 1 MiB; text of ledgers packs about 10 to 1.
    pub ratio: u64,
    /// Folders in a name.
    pub depth: usize,
    /// Of a name, in bytes.
    pub name: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 20_000, file: 3 << 30, total: 6 << 30, ratio: 200, depth: 8, name: 200 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    #[error("not a ZIP file, or cut short: it has no end record")]
    NotAZip,
    #[error("the ZIP file is cut short")]
    Truncated,
    #[error("bytes stand {0}")]
    StrayBytes(&'static str),
    #[error("the ZIP file has two end records")]
    TwoEnds,
    #[error("the ZIP file {0}")]
    Unsupported(&'static str),
    #[error("{name:?} {what}")]
    Entry { name: String, what: &'static str },
    #[error("the ZIP file is larger than the verifier reads: {0}")]
    TooMuch(&'static str),
    #[error("two top folders: {0:?} and {1:?}")]
    TwoFolders(String, String),
}

/// The files of a ZIP with one top folder, by their names below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files<'a> {
    pub folder: String,
    pub files: BTreeMap<String, Packed<'a>>,
}

/// One file, still packed. Its size and checksum are those its headers state; that was seen once.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    packed: &'a [u8],
    deflated: bool,
    /// In bytes, unpacked.
    pub size: u64,
    /// Of what it unpacks to.
    pub sha256: Hash,
}

impl<'a> Packed<'a> {
    /// Bytes in memory as a file of a bundle; whether they may be there is for the bundle's checks.
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { packed: bytes, deflated: false, size: bytes.len() as u64, sha256: Sha256::digest(bytes).into() }
    }

    /// What it unpacks to, from its beginning.
    pub fn reader(&self) -> Reader<'a> {
        if self.deflated { Reader::Deflated(DeflateDecoder::new(self.packed)) } else { Reader::Stored(self.packed) }
    }
}

/// The same contents, however they are packed.
impl PartialEq for Packed<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.size, self.sha256) == (other.size, other.sha256)
    }
}

impl Eq for Packed<'_> {}

impl std::fmt::Debug for Packed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, {}", self.size, crate::draw::hex(&self.sha256))
    }
}

/// Reads a packed file.
pub enum Reader<'a> {
    Stored(&'a [u8]),
    Deflated(DeflateDecoder<&'a [u8]>),
}

impl Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Reader::Stored(bytes) => bytes.read(into),
            Reader::Deflated(stream) => stream.read(into),
        }
    }
}

struct Central<'a> {
    name: &'a str,
    version: u16,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    offset: u32,
}

/// Reads everything, or says what is wrong.
pub fn read(bytes: &[u8], limits: Limits) -> Result<Files<'_>, ZipError> {
    let central = directory(bytes, limits)?;
    let names: Vec<&str> = central.iter().map(|c| c.name).collect();
    let folder = check_names(&names, limits)?;
    let prefix = folder.len() + 1;
    let mut files = BTreeMap::new();
    let (mut at, mut total) = (0usize, 0u64);
    for entry in &central {
        total += u64::from(entry.size);
        if total > limits.total {
            return Err(ZipError::TooMuch("all files together"));
        }
        let (content, end) = entry_content(bytes, at, entry, limits)?;
        at = end;
        files.insert(entry.name[prefix..].to_owned(), content);
    }
    // One state has one file: two orders of the same files would be two bundles with one content.
    if !names.is_sorted() {
        return Err(ZipError::Unsupported("has its files out of the order of their names"));
    }
    Ok(Files { folder: folder.to_owned(), files })
}

/// The central directory, in order of the file; it must end where the end record begins.
fn directory(bytes: &[u8], limits: Limits) -> Result<Vec<Central<'_>>, ZipError> {
    let end = bytes.len().checked_sub(END_LEN).ok_or(ZipError::NotAZip)?;
    if u32_at(bytes, end) != Some(END) {
        let mark = END.to_le_bytes();
        return Err(match bytes.windows(mark.len()).rposition(|w| w == mark) {
            None => ZipError::NotAZip,
            Some(at) if at > end => ZipError::Truncated,
            Some(_) => ZipError::StrayBytes("after the end record"),
        });
    }
    let (disk, first_disk) = (field(bytes, end + 4)?, field(bytes, end + 6)?);
    let (here, count) = (field(bytes, end + 8)?, field(bytes, end + 10)?);
    let (size, start) = (long(bytes, end + 12)?, long(bytes, end + 16)?);
    if field(bytes, end + 20)? != 0 {
        return Err(ZipError::TwoEnds);
    }
    if disk != 0 || first_disk != 0 || here != count {
        return Err(ZipError::Unsupported("is one of several disks"));
    }
    if count == u16::MAX || size == u32::MAX || start == u32::MAX {
        return Err(ZipError::Unsupported("is in the ZIP64 form"));
    }
    if usize::from(count) > limits.files {
        return Err(ZipError::TooMuch("the number of files"));
    }
    let (start, size) = (start as usize, size as usize);
    match start.checked_add(size) {
        Some(stop) if stop == end => {}
        Some(stop) if stop < end => {
            let earlier = (0..end).any(|i| u32_at(bytes, i) == Some(END) && i >= stop);
            return Err(if earlier { ZipError::TwoEnds } else { ZipError::StrayBytes("before the end record") });
        }
        _ => return Err(ZipError::Truncated),
    }
    let mut entries = Vec::new();
    let mut at = start;
    for _ in 0..count {
        let (entry, next) = central_entry(bytes, at, end)?;
        entries.push(entry);
        at = next;
    }
    if at != end {
        return Err(ZipError::StrayBytes("in the directory at the end"));
    }
    let mut expected = 0u64;
    for entry in &entries {
        if u64::from(entry.offset) < expected {
            return Err(wrong(entry.name, "overlaps the file before it"));
        }
        if u64::from(entry.offset) > expected {
            let place = if expected == 0 { "before the first file" } else { "between two files" };
            return Err(ZipError::StrayBytes(place));
        }
        expected += (LOCAL_LEN + entry.name.len()) as u64 + u64::from(entry.packed);
    }
    match expected.cmp(&(start as u64)) {
        std::cmp::Ordering::Less => Err(ZipError::StrayBytes("between the last file and the directory")),
        std::cmp::Ordering::Greater => Err(ZipError::Truncated),
        std::cmp::Ordering::Equal => Ok(entries),
    }
}

fn central_entry(bytes: &[u8], at: usize, end: usize) -> Result<(Central<'_>, usize), ZipError> {
    if at + CENTRAL_LEN > end || u32_at(bytes, at) != Some(CENTRAL) {
        return Err(ZipError::Truncated);
    }
    let made_by = field(bytes, at + 4)?;
    let entry = Central {
        name: name_at(bytes, at + CENTRAL_LEN, field(bytes, at + 28)?)?,
        version: field(bytes, at + 6)?,
        flags: field(bytes, at + 8)?,
        method: field(bytes, at + 10)?,
        crc: long(bytes, at + 16)?,
        packed: long(bytes, at + 20)?,
        size: long(bytes, at + 24)?,
        offset: long(bytes, at + 42)?,
    };
    let no = |what| Err(wrong(entry.name, what));
    if entry.flags & 0x0041 != 0 || entry.flags & 0x2000 != 0 {
        return no("is encrypted");
    }
    if entry.flags != 0 {
        return no("has flags that are not read here");
    }
    if !matches!((entry.method, entry.version), (0, 10) | (8, 20)) {
        return no("is packed by a method that is not read here");
    }
    if made_by != UNIX << 8 | entry.version {
        return no("was not written on a system this reads");
    }
    if long(bytes, at + 12)? != EPOCH {
        return no("has a time of its own");
    }
    if field(bytes, at + 30)? != 0 || field(bytes, at + 32)? != 0 {
        return no("has extra fields or a comment");
    }
    if field(bytes, at + 34)? != 0 || field(bytes, at + 36)? != 0 {
        return no("has attributes that are not read here");
    }
    match long(bytes, at + 38)? {
        REGULAR => {}
        other if other >> 28 == 0o12 => return no("is a symbolic link"),
        _ => return no("is not a plain file"),
    }
    let next = at + CENTRAL_LEN + entry.name.len();
    Ok((entry, next))
}

fn entry_content<'a>(
    bytes: &'a [u8],
    at: usize,
    entry: &Central,
    limits: Limits,
) -> Result<(Packed<'a>, usize), ZipError> {
    let no = |what| wrong(entry.name, what);
    if u32_at(bytes, at) != Some(LOCAL) {
        return Err(no("does not begin where the directory says"));
    }
    let same = field(bytes, at + 4)? == entry.version
        && field(bytes, at + 6)? == entry.flags
        && field(bytes, at + 8)? == entry.method
        && long(bytes, at + 10)? == EPOCH
        && long(bytes, at + 14)? == entry.crc
        && long(bytes, at + 18)? == entry.packed
        && long(bytes, at + 22)? == entry.size
        && usize::from(field(bytes, at + 26)?) == entry.name.len()
        && field(bytes, at + 28)? == 0
        && bytes.get(at + LOCAL_LEN..at + LOCAL_LEN + entry.name.len()) == Some(entry.name.as_bytes());
    if !same {
        return Err(no("has two headers that say different things"));
    }
    let size = u64::from(entry.size);
    if size > limits.file {
        return Err(ZipError::TooMuch("one file"));
    }
    if size > 1 << 20 && size > u64::from(entry.packed).saturating_mul(limits.ratio) {
        return Err(no("grows more than evidence does when unpacked"));
    }
    let start = at + LOCAL_LEN + entry.name.len();
    let end = start + entry.packed as usize;
    let packed = bytes.get(start..end).ok_or(ZipError::Truncated)?;
    let mut seen = Seen::default();
    match entry.method {
        0 if packed.len() as u64 == size => seen.take(packed),
        0 => return Err(no("lies about its size")),
        _ => inflate(packed, size, &mut seen).ok_or(no("lies about its size, or is damaged"))?,
    }
    if seen.crc.sum() != entry.crc {
        return Err(no("is damaged: its checksum differs"));
    }
    Ok((Packed { packed, deflated: entry.method != 0, size, sha256: seen.sha256.finalize().into() }, end))
}

#[derive(Default)]
struct Seen {
    crc: Crc,
    sha256: Sha256,
}

impl Seen {
    fn take(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.sha256.update(bytes);
    }
}

/// Shows every unpacked byte once. `None` unless it is exactly `size` bytes out of exactly all of `packed`.
fn inflate(packed: &[u8], size: u64, seen: &mut Seen) -> Option<()> {
    let mut stream = Decompress::new(false);
    // A page of 64 KiB at a time: a lying size costs no memory.
    let mut page = vec![0; 64 << 10];
    loop {
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let rest = packed.get(usize::try_from(before_in).ok()?..)?;
        let status = stream.decompress(rest, &mut page, FlushDecompress::None).ok()?;
        let fresh = usize::try_from(stream.total_out() - before_out).ok()?;
        seen.take(page.get(..fresh)?);
        if stream.total_out() > size {
            return None;
        }
        match status {
            Status::StreamEnd => {
                let whole = stream.total_in() == packed.len() as u64 && stream.total_out() == size;
                return whole.then_some(());
            }
            _ if stream.total_in() == before_in && fresh == 0 => return None,
            _ => {}
        }
    }
}

/// Refuses names that two systems could read differently; gives the one top folder.
fn check_names<'a>(names: &[&'a str], limits: Limits) -> Result<&'a str, ZipError> {
    let mut folder: Option<&str> = None;
    let (mut seen, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for &name in names {
        let no = |what| Err(wrong(name, what));
        if name.len() > limits.name {
            return no("has too long a name");
        }
        if name.starts_with('/') || name.contains('\\') || name.split('/').any(|part| part == ".." || part == ".") {
            return no("would leave its folder");
        }
        if name.split('/').any(|part| !good_part(part)) {
            return no("has a name with other characters than A-Z a-z 0-9 . _ -");
        }
        if name.matches('/').count() > limits.depth {
            return no("stands too deep");
        }
        let Some((top, _)) = name.split_once('/') else { return no("stands outside the top folder") };
        match folder {
            None => folder = Some(top),
            Some(first) if first == top => {}
            Some(first) => return Err(ZipError::TwoFolders(first.to_owned(), top.to_owned())),
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            let twice = names.iter().filter(|other| **other == name).count() > 1;
            return no(if twice { "is there twice" } else { "differs from another name only by its letters' case" });
        }
        for (i, _) in name.match_indices('/') {
            folders.insert(name[..i].to_ascii_lowercase());
        }
    }
    if let Some(both) = seen.intersection(&folders).next() {
        return Err(wrong(both, "is a file and a folder"));
    }
    folder.ok_or(ZipError::Unsupported("is empty"))
}

fn good_part(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn name_at(bytes: &[u8], at: usize, len: u16) -> Result<&str, ZipError> {
    let name = bytes.get(at..at + usize::from(len)).ok_or(ZipError::Truncated)?;
    std::str::from_utf8(name)
        .ok()
        .filter(|n| n.is_ascii())
        .ok_or_else(|| wrong(&String::from_utf8_lossy(name), "has a name with other characters than A-Z a-z 0-9 . _ -"))
}

fn wrong(name: &str, what: &'static str) -> ZipError {
    ZipError::Entry { name: name.to_owned(), what }
}

fn field(bytes: &[u8], at: usize) -> Result<u16, ZipError> {
    let two = bytes.get(at..at + 2).ok_or(ZipError::Truncated)?;
    Ok(u16::from_le_bytes([two[0], two[1]]))
}

fn long(bytes: &[u8], at: usize) -> Result<u32, ZipError> {
    u32_at(bytes, at).ok_or(ZipError::Truncated)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}
