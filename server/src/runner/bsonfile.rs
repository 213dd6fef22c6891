//! BSON as mongodump writes it: documents one after another, no count, no checksum, compressed or not.
//!
//! A cut at a document's boundary cannot be seen here (the counts show it); anywhere else it can,
//! and the error says at which byte, counted after decompression.

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Read},
    path::Path,
};

use anyhow::{Context, Result, bail};
use bson::RawDocumentBuf;
use flate2::bufread::MultiGzDecoder;

/// The server's own limit for a document, and 16 KiB that it allows itself above it.
pub const LARGEST: usize = 16 * 1024 * 1024 + 16 * 1024;
/// The server stores nothing nested deeper than 200 levels.
const DEEPEST: usize = 200;

pub struct BsonFile {
    name: String,
    reader: Box<dyn Read + Send>,
    offset: u64,
}

/// A file's content, decompressed when it begins as gzip does.
pub fn unpacked(path: &Path) -> Result<Box<dyn Read + Send>> {
    let said = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(said)?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let zipped = reader.fill_buf().with_context(said)?.starts_with(&[0x1f, 0x8b]);
    Ok(if zipped { Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(reader))) } else { Box::new(reader) })
}

impl BsonFile {
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self::new(name, unpacked(path)?))
    }

    pub fn new(name: String, reader: Box<dyn Read + Send>) -> Self {
        Self { name, reader, offset: 0 }
    }

    /// Where the next thing is read, in bytes from the beginning.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next document, `None` at the end of the file.
    pub fn next_document(&mut self) -> Result<Option<RawDocumentBuf>> {
        let mut head = [0u8; 4];
        match self.fill(&mut head)? {
            0 => Ok(None),
            4 => self.document_of(head).map(Some),
            left => {
                bail!(
                    "{} is cut off: {left} bytes remain at byte {}, and a document has at least 5",
                    self.name,
                    self.offset
                )
            }
        }
    }

    /// The next four bytes, which may be more than the length of a document; `None` at the end.
    pub fn word(&mut self) -> Result<Option<[u8; 4]>> {
        let mut word = [0u8; 4];
        match self.fill(&mut word)? {
            0 => Ok(None),
            4 => Ok(Some(word)),
            left => bail!("{} is cut off: {left} bytes remain at byte {}", self.name, self.offset),
        }
    }

    /// Passes over a word that was no document's beginning.
    pub fn passed(&mut self) {
        self.offset += 4;
    }

    /// The document whose length was read already.
    pub fn document_of(&mut self, head: [u8; 4]) -> Result<RawDocumentBuf> {
        let (name, at) = (&self.name, self.offset);
        let length = usize::try_from(i32::from_le_bytes(head)).unwrap_or(0);
        if !(5..=LARGEST).contains(&length) {
            bail!("{name} is damaged at byte {at}: a document there claims {} bytes", i32::from_le_bytes(head));
        }
        let mut bytes = vec![0u8; length];
        bytes[..4].copy_from_slice(&head);
        let read = self.fill(&mut bytes[4..])? + 4;
        let (name, at) = (&self.name, self.offset);
        if read < length {
            bail!("{name} is cut off: the document at byte {at} has {length} bytes, and {read} remain");
        }
        // The length alone says little: every element must be readable too.
        if let Err(Fault { at: inner, what }) = fault(&bytes) {
            bail!("{name} is damaged at byte {}, in the document at byte {at}: {what}", at + inner as u64);
        }
        self.offset += length as u64;
        RawDocumentBuf::from_bytes(bytes).map_err(|e| anyhow::anyhow!("{name} is damaged at byte {at}: {e}"))
    }

    /// Fills the buffer as far as the file goes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => bail!(
                    "{} is cut off: its compressed data ends at byte {} of what it unpacks to",
                    self.name,
                    self.offset + filled as u64
                ),
                Err(e) => return Err(e).with_context(|| format!("reading {} at byte {}", self.name, self.offset)),
            }
        }
        Ok(filled)
    }
}

/// What is not BSON in a document, and where in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub what: &'static str,
}

/// Walks every element of a document. Text is not held to UTF-8: servers store, and dumps carry, what is not.
pub fn fault(bytes: &[u8]) -> Result<(), Fault> {
    walk(bytes, 0, 0)
}

fn walk(doc: &[u8], base: usize, depth: usize) -> Result<(), Fault> {
    let wrong = |at: usize, what| Fault { at: base + at, what };
    if depth > DEEPEST {
        return Err(wrong(0, "it is nested deeper than 200 levels"));
    }
    if doc.len() < 5 || size(doc, 0) != Some(doc.len()) || doc[doc.len() - 1] != 0 {
        return Err(wrong(0, "a document's length is wrong"));
    }
    let end = doc.len() - 1;
    let mut at = 4;
    while at < end {
        let (began, kind) = (at, doc[at]);
        let text = |from: usize| doc[from..end].iter().position(|b| *b == 0).map(|n| from + n + 1);
        let name_ends = text(at + 1).ok_or(wrong(began, "a field's name does not end"))?;
        let string = |from: usize| {
            let n = size(doc, from).filter(|n| *n >= 1)?;
            (from + 4 + n <= end && doc[from + 3 + n] == 0).then_some(from + 4 + n)
        };
        let inner = |from: usize| {
            let n = size(doc, from).filter(|n| *n >= 5 && from + n <= end);
            n.ok_or(wrong(from, "a document's length is wrong")).map(|n| from + n)
        };
        let v = name_ends;
        let ends = match kind {
            0x01 | 0x09 | 0x11 | 0x12 => Some(v + 8),
            0x02 | 0x0d | 0x0e => string(v),
            0x03 | 0x04 => {
                let ends = inner(v)?;
                walk(&doc[v..ends], base + v, depth + 1)?;
                Some(ends)
            }
            0x05 => size(doc, v).map(|n| v + 5 + n),
            0x06 | 0x0a | 0x7f | 0xff => Some(v),
            0x07 => Some(v + 12),
            0x08 => doc.get(v).filter(|b| **b < 2).map(|_| v + 1),
            0x0b => text(v).and_then(text),
            0x0c => string(v).map(|n| n + 12),
            0x0f => {
                let whole = size(doc, v).map(|n| v + n);
                let scope = string(v + 4).ok_or(wrong(began, "code does not end where it says"))?;
                let ends = inner(scope)?;
                walk(&doc[scope..ends], base + scope, depth + 1)?;
                whole.filter(|n| *n == ends)
            }
            0x10 => Some(v + 4),
            0x13 => Some(v + 16),
            _ => return Err(wrong(began, "a field has a type that BSON does not know")),
        };
        match ends {
            Some(n) if n <= end => at = n,
            _ => return Err(wrong(began, "a field does not end where it says")),
        }
    }
    if at == end { Ok(()) } else { Err(wrong(at, "a field does not end where it says")) }
}

fn size(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at + 4)?;
    usize::try_from(i32::from_le_bytes(word.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{Bson, doc, rawdoc};

    fn file(bytes: &[u8]) -> (tempfile::TempDir, BsonFile) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("c.bson");
        std::fs::write(&path, bytes).expect("a file");
        let opened = BsonFile::open(&path).expect("it opens");
        (dir, opened)
    }

    #[test]
    fn a_cut_is_named_with_its_byte() {
        let one = rawdoc! { "_id": 1, "t": "text" }.into_bytes();
        let mut two = one.clone();
        two.extend_from_slice(&one[..one.len() - 3]);
        let (_dir, mut whole) = file(&one);
        assert!(whole.next_document().expect("a document").is_some());
        assert!(whole.next_document().expect("the end").is_none());
        let (_dir, mut cut) = file(&two);
        assert!(cut.next_document().expect("the first is whole").is_some());
        let error = cut.next_document().expect_err("the second is cut").to_string();
        assert!(error.contains(&format!("at byte {}", one.len())), "{error}");
        for (bytes, says) in [(&[9u8, 0][..], "2 bytes remain"), (&[255, 255, 255, 255, 0][..], "claims -1 bytes")] {
            let (_dir, mut bad) = file(bytes);
            let error = bad.next_document().expect_err("it is damaged").to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_damaged_value_is_named_with_its_byte_however_deep() {
        let whole = rawdoc! { "_id": 1, "a": { "b": [1, "x", { "c": true }] } }.into_bytes();
        assert_eq!(fault(&whole), Ok(()));
        let at = whole.windows(3).position(|w| w == [0x08, b'c', 0]).expect("the field");
        let mut bad = whole.clone();
        bad[at] = 0xaa;
        assert_eq!(fault(&bad).map_err(|f| f.at), Err(at), "the type");
        let mut bad = whole;
        bad[at + 3] = 7;
        assert_eq!(fault(&bad).map_err(|f| f.at), Err(at), "a boolean that is neither");
    }

    #[test]
    fn every_type_there_is_reads_and_no_cut_of_it_does() {
        let all = doc! {
            "d": 1.5, "s": "text", "o": { "x": 1 }, "a": [1, 2], "b": Bson::Binary(bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2, 3] }),
            "i": bson::oid::ObjectId::from_bytes([7; 12]), "t": true, "dt": bson::DateTime::from_millis(5), "n": Bson::Null,
            "r": bson::Regex { pattern: "a".try_into().expect("text"), options: "i".try_into().expect("text") },
            "js": Bson::JavaScriptCode("f()".into()),
            "jss": Bson::JavaScriptCodeWithScope(bson::JavaScriptCodeWithScope { code: "f()".into(), scope: doc! { "x": 1 } }),
            "sy": Bson::Symbol("s".into()), "i32": 1_i32, "ts": bson::Timestamp { time: 1, increment: 2 }, "i64": 2_i64,
            "dec": bson::Decimal128::from_bytes([1; 16]), "min": Bson::MinKey, "max": Bson::MaxKey, "u": Bson::Undefined,
        };
        let bytes = all.to_vec().expect("BSON");
        assert_eq!(fault(&bytes), Ok(()));
        for length in 5..bytes.len() {
            let mut cut = bytes[..length].to_vec();
            cut[..4].copy_from_slice(&i32::try_from(length).expect("small").to_le_bytes());
            *cut.last_mut().expect("a byte") = 0;
            // A cut right behind an element is a whole, shorter document; every other is seen.
            if fault(&cut).is_ok() {
                assert!(bson::Document::from_reader(&cut[..]).is_ok(), "cut at {length}");
            }
        }
    }
}
