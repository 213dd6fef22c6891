//! A `.bson` file as mongodump writes it: documents one after another, no count, no checksum.
//!
//! A cut at a document's boundary cannot be seen here (the counts show it); anywhere else it can,
//! and the error says at which byte.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bson::RawDocumentBuf;

/// The server's own limit for a document, and 16 KiB that it allows itself above it.
const LARGEST: usize = 16 * 1024 * 1024 + 16 * 1024;

pub struct BsonFile {
    path: PathBuf,
    reader: BufReader<File>,
    offset: u64,
    length: u64,
}

impl BsonFile {
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let length = file.metadata().with_context(|| format!("cannot read {}", path.display()))?.len();
        Ok(Self { path: path.to_owned(), reader: BufReader::with_capacity(1 << 20, file), offset: 0, length })
    }

    /// Size of the file in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next document, `None` at the end of the file.
    pub fn next_document(&mut self) -> Result<Option<RawDocumentBuf>> {
        let left = self.length - self.offset;
        if left == 0 {
            return Ok(None);
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let at = self.offset;
        if left < 5 {
            bail!("{name} is cut off: {left} bytes remain at byte {at}, and a document has at least 5");
        }
        let mut head = [0u8; 4];
        self.reader.read_exact(&mut head).with_context(|| format!("{name} at byte {at}"))?;
        let length = usize::try_from(i32::from_le_bytes(head)).unwrap_or(0);
        if !(5..=LARGEST).contains(&length) {
            bail!("{name} is damaged at byte {at}: a document there claims {} bytes", i32::from_le_bytes(head));
        }
        if length as u64 > left {
            bail!("{name} is cut off: the document at byte {at} has {length} bytes, and {left} remain");
        }
        let mut bytes = vec![0u8; length];
        bytes[..4].copy_from_slice(&head);
        self.reader.read_exact(&mut bytes[4..]).with_context(|| format!("{name} at byte {at}"))?;
        self.offset += length as u64;
        let document =
            RawDocumentBuf::from_bytes(bytes).map_err(|e| anyhow::anyhow!("{name} is damaged at byte {at}: {e}"))?;
        // The length alone says little: every element must be readable too.
        for element in document.iter() {
            element.map_err(|e| anyhow::anyhow!("{name} is damaged in the document at byte {at}: {e}"))?;
        }
        Ok(Some(document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::rawdoc;

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
}
