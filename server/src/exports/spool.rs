//! A file of a bundle on its way: packed on the disk as it grows, so that its length costs no memory.
//!
//! The scratch file has no name: whatever ends the portal, nothing is left of it.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, Write},
    path::{Path, PathBuf},
};

use domain::draw::hex;
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::bundle::ExportError;

/// Where bundles in the making stand on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scratch(pub PathBuf);

impl Default for Scratch {
    fn default() -> Self {
        Self(std::env::temp_dir())
    }
}

impl Scratch {
    /// A file without a name, gone when it is closed.
    pub fn file(&self) -> Result<File, ExportError> {
        tempfile::tempfile_in(&self.0).map_err(|cause| self.failed(cause))
    }

    /// A file that fills up, under its own name.
    pub fn spool(&self, name: &str) -> Result<Spool, ExportError> {
        self.spooled(name, CompressionMethod::Deflated)
    }

    /// The same without packing, for files that may shrink more than a verifier believes.
    pub fn spool_as_it_is(&self, name: &str) -> Result<Spool, ExportError> {
        self.spooled(name, CompressionMethod::Stored)
    }

    fn spooled(&self, name: &str, method: CompressionMethod) -> Result<Spool, ExportError> {
        let zip = ZipWriter::new(BufWriter::with_capacity(256 << 10, self.file()?));
        let mut spool = Spool { name: name.to_owned(), scratch: self.clone(), zip, sha256: Sha256::new(), bytes: 0 };
        spool.zip.start_file(name, options(method)).map_err(|e| self.unwritten(e))?;
        Ok(spool)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn failed(&self, cause: io::Error) -> ExportError {
        ExportError::Scratch { folder: self.0.clone(), cause }
    }

    pub fn unwritten(&self, cause: zip::result::ZipError) -> ExportError {
        match cause {
            zip::result::ZipError::Io(cause) => self.failed(cause),
            other => ExportError::Zip(other),
        }
    }
}

/// The one way this house writes a file into a ZIP: the same bytes for the same content.
pub fn options(method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(zip::DateTime::default())
        .system(zip::System::Unix)
        .unix_permissions(0o644)
}

/// Filling up.
pub struct Spool {
    name: String,
    scratch: Scratch,
    zip: ZipWriter<BufWriter<File>>,
    sha256: Sha256,
    bytes: u64,
}

impl Spool {
    /// Adds a line and its newline.
    pub fn line(&mut self, line: &[u8]) -> Result<(), ExportError> {
        self.part(line)?;
        self.part(b"\n")
    }

    /// Adds bytes as they are.
    pub fn part(&mut self, part: &[u8]) -> Result<(), ExportError> {
        self.zip.write_all(part).map_err(|cause| self.scratch.failed(cause))?;
        self.sha256.update(part);
        self.bytes += part.len() as u64;
        Ok(())
    }

    pub fn end(self) -> Result<Spooled, ExportError> {
        let Self { name, scratch, zip, sha256, bytes } = self;
        let packed = zip.finish().map_err(|e| scratch.unwritten(e))?;
        let mut packed = packed.into_inner().map_err(|e| scratch.failed(e.into_error()))?;
        packed.rewind().map_err(|cause| scratch.failed(cause))?;
        Ok(Spooled { name, packed, sha256: hex(&sha256.finalize()), bytes })
    }
}

/// Full: a file of the bundle, packed.
#[derive(Debug)]
pub struct Spooled {
    /// Below the top folder.
    pub name: String,
    packed: File,
    /// Of what it unpacks to, 64 lower-case hex digits.
    pub sha256: String,
    /// Unpacked.
    pub bytes: u64,
}

impl Spooled {
    /// Copies it into a ZIP without unpacking it.
    pub fn copy_into<W: Write + Seek>(&self, zip: &mut ZipWriter<W>, name: &str) -> zip::result::ZipResult<()> {
        let mut file = &self.packed;
        file.rewind()?;
        let mut archive = ZipArchive::new(file)?;
        zip.raw_copy_file_rename(archive.by_index(0)?, name)
    }
}
