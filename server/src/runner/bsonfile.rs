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
        let value = text_end(doc, at + 1).ok_or(wrong(began, "a field's name does not end"))?;
        if !KINDS.contains(&kind) {
            return Err(wrong(began, "a field has a type that BSON does not know"));
        }
        at = value_end(doc, kind, value).ok_or(wrong(began, "a field does not end where it says"))?;
        match kind {
            0x03 | 0x04 => walk(&doc[value..at], base + value, depth + 1)?,
            0x0f => {
                let scope = string_end(doc, value + 4)
                    .filter(|scope| *scope < at)
                    .ok_or(wrong(began, "code does not end where it says"))?;
                walk(&doc[scope..at], base + scope, depth + 1)?;
            }
            _ => {}
        }
    }
    Ok(())
}

const KINDS: [u8; 21] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0x7f, 0xff];

/// Where a value of this type ends that begins here, looking no further than the document's last byte.
pub fn value_end(doc: &[u8], kind: u8, at: usize) -> Option<usize> {
    let sized = |fixed: usize| size(doc, at).map(|n| at + fixed + n);
    let ends = match kind {
        0x01 | 0x09 | 0x11 | 0x12 => at + 8,
        0x02 | 0x0d | 0x0e => string_end(doc, at)?,
        0x03 | 0x04 => sized(0).filter(|ends| *ends >= at + 5)?,
        0x05 => sized(5)?,
        0x06 | 0x0a | 0x7f | 0xff => at,
        0x07 => at + 12,
        0x08 => doc.get(at).filter(|b| **b < 2).map(|_| at + 1)?,
        0x0b => text_end(doc, at).and_then(|ends| text_end(doc, ends))?,
        0x0c => string_end(doc, at)? + 12,
        0x0f => sized(0).filter(|ends| *ends >= at + 14)?,
        0x10 => at + 4,
        0x13 => at + 16,
        _ => return None,
    };
    (ends < doc.len()).then_some(ends)
}

/// Behind the zero byte that ends a text begun here.
fn text_end(doc: &[u8], from: usize) -> Option<usize> {
    let inner = doc.get(from..doc.len() - 1)?;
    inner.iter().position(|b| *b == 0).map(|n| from + n + 1)
}

fn string_end(doc: &[u8], at: usize) -> Option<usize> {
    let n = size(doc, at).filter(|n| *n >= 1)?;
    let ends = at.checked_add(4)?.checked_add(n)?;
    (ends < doc.len() && doc[ends - 1] == 0).then_some(ends)
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
