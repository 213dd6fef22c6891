//! A bundle as bytes become one: the ZIP read strictly, the bag's shape, every digest.
//!
//! An [`UnverifiedBundle`] says only that the file could be read one way; what it claims is not to be
//! shown as true before [`UnverifiedBundle::verify`] has made a [`VerifiedBundle`] of it. Long files are
//! read line by line, so that a bundle of a million records needs little more memory than its ZIP.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
};

use crate::{
    Moment,
    draw::hex,
    proof::{
        hash_from_hex,
        layout::{self, Index},
        tree::Hash,
        verify::{self, Report, Trust},
        zip::{self, Limits, Packed, Reader, ZipError},
    },
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    #[error(transparent)]
    Zip(#[from] ZipError),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} does not belong in a bundle")]
    Stranger(String),
    #[error("{file}: {what}")]
    Malformed { file: &'static str, what: String },
    #[error("{0} is larger than a file of its kind")]
    TooLarge(String),
    #[error("{name} cannot be unpacked: {cause}")]
    Damaged { name: String, cause: String },
}

/// What may be read whole. The index of a million records has 16 MiB, attachments up to 25.
const WHOLE: u64 = 64 << 20;
/// A line; the portal refuses to seal a record of more than 6 MiB.
const LINE: u64 = 8 << 20;

/// The files of a bundle, by their names below the top folder. Nothing is known of them yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedBundle<'a> {
    pub folder: String,
    pub files: BTreeMap<String, Packed<'a>>,
}

/// A bundle every check of which held.
#[derive(Clone, Debug)]
pub struct VerifiedBundle<'a> {
    bundle: UnverifiedBundle<'a>,
    report: Report,
}

impl<'a> VerifiedBundle<'a> {
    pub fn bundle(&self) -> &UnverifiedBundle<'a> {
        &self.bundle
    }

    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl<'a> UnverifiedBundle<'a> {
    /// Reads a bundle's ZIP and refuses what could be read in two ways or stands where nothing may.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let zip = zip::read(bytes, Limits::default())?;
        let bundle = Self { folder: zip.folder, files: zip.files };
        bundle.shape()?;
        Ok(bundle)
    }

    /// Every check there is; the bundle comes back verified, or the report says why not.
    pub fn verify(self, trust: &Trust, now: Moment) -> Result<VerifiedBundle<'a>, Box<Report>> {
        let report = verify::verify_bundle(&self, trust, now);
        if report.verified() { Ok(VerifiedBundle { bundle: self, report }) } else { Err(Box::new(report)) }
    }

    /// The same from files in memory.
    pub fn of(folder: &str, files: &'a BTreeMap<String, Vec<u8>>) -> Self {
        let files = files.iter().map(|(name, bytes)| (name.clone(), Packed::of(bytes))).collect();
        Self { folder: folder.to_owned(), files }
    }

    /// Every file in memory; for bundles that are known to be small.
    pub fn unpacked(&self) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
        self.files.iter().map(|(name, file)| Ok((name.clone(), file.whole(name)?))).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// A file's bytes.
    pub fn file(&self, name: &'static str) -> Result<Vec<u8>, BundleError> {
        let file = self.files.get(name).ok_or(BundleError::Missing(name))?;
        file.whole(name)
    }

    /// Whether the file is there and has exactly these bytes.
    pub fn holds(&self, name: &str, bytes: &[u8]) -> bool {
        self.files.get(name).is_some_and(|file| file.sha256 == sha256(bytes))
    }

    /// A file as text: UTF-8, no byte-order mark, no carriage return, ended by a newline unless empty.
    pub fn text(&self, name: &'static str) -> Result<String, BundleError> {
        let wrong = |what: &str| malformed(name, what);
        let text = String::from_utf8(self.file(name)?).map_err(|_| wrong("it is not UTF-8"))?;
        if text.starts_with('\u{feff}') {
            return Err(wrong("it begins with a byte-order mark"));
        }
        if text.contains('\r') {
            return Err(wrong("it has carriage returns"));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(wrong("its last line does not end"));
        }
        Ok(text)
    }

    /// The lines of a text, one after the other, under the same rules.
    pub fn lines(&self, name: &'static str) -> Result<Lines<'a>, BundleError> {
        let file = self.files.get(name).ok_or(BundleError::Missing(name))?;
        Ok(Lines { name, number: 0, from: BufReader::with_capacity(64 << 10, file.reader()) })
    }

    pub fn index(&self) -> Result<Index, BundleError> {
        let wrong = |what: String| BundleError::Malformed { file: layout::INDEX, what };
        let index: Index = serde_json::from_str(&self.text(layout::INDEX)?).map_err(|e| wrong(e.to_string()))?;
        if index.schema == 1 {
            Ok(index)
        } else {
            Err(wrong(format!("its schema is {}, and this verifier reads 1", index.schema)))
        }
    }

    /// Only the bag's own files may stand outside `data/`, and all of them must.
    pub(super) fn shape(&self) -> Result<(), BundleError> {
        let bag = [layout::BAGIT, layout::BAG_INFO, layout::MANIFEST, layout::TAG_MANIFEST, layout::SIGNATURE];
        if let Some(name) = bag.into_iter().find(|name| !self.files.contains_key(*name)) {
            return Err(BundleError::Missing(name));
        }
        let known = |name: &str| {
            name.starts_with("data/") || [layout::STATEMENT, layout::TIMESTAMP].contains(&name) || bag.contains(&name)
        };
        let stranger = self.files.keys().find(|name| !known(name));
        if let Some(name) = stranger {
            return Err(BundleError::Stranger(name.clone()));
        }
        if !self.holds(layout::BAGIT, layout::BAGIT_TEXT.as_bytes()) {
            return Err(BundleError::Malformed {
                file: layout::BAGIT,
                what: "it does not say BagIt 1.0 in UTF-8".to_owned(),
            });
        }
        Ok(())
    }

    /// Everything that differs between the two manifests and the files, in words; empty when nothing does.
    pub fn digests(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let texts = [layout::TAG_MANIFEST, layout::MANIFEST].map(|name| self.text(name));
        let [tags, payload] = texts.each_ref().map(|text| text.as_ref().map_err(BundleError::clone));
        let tags = tags.and_then(|text| manifest(layout::TAG_MANIFEST, text));
        let payload = payload.and_then(|text| manifest(layout::MANIFEST, text));
        for (manifest, listed) in [(layout::TAG_MANIFEST, &tags), (layout::MANIFEST, &payload)] {
            match listed {
                Err(e) => wrong.push(e.to_string()),
                Ok(listed) => {
                    for (name, digest) in listed {
                        match self.files.get(*name) {
                            None => wrong.push(format!("{name} is listed in {manifest} and is missing")),
                            Some(file) if hex(&file.sha256) != *digest => {
                                wrong.push(format!("{name} was altered: its digest is not the one in {manifest}"));
                            }
                            Some(_) => {}
                        }
                    }
                }
            }
        }
        if let Ok(listed) = tags
            && !listed.keys().eq(layout::TAG_FILES.iter())
        {
            wrong.push(format!("{} does not list exactly {}", layout::TAG_MANIFEST, layout::TAG_FILES.join(", ")));
        }
        if let Ok(listed) = payload {
            for name in listed.keys().filter(|name| !name.starts_with("data/")) {
                wrong.push(format!("{name} is listed in {} and is not below data/", layout::MANIFEST));
            }
            for name in
                self.files.keys().filter(|name| name.starts_with("data/") && !listed.contains_key(name.as_str()))
            {
                wrong.push(format!("{name} is not listed in {}", layout::MANIFEST));
            }
        }
        wrong
    }
}

/// `<64 hex digits>  <name>` a line, in order of the names, as `sha256sum` writes and reads it.
fn manifest<'t>(file: &'static str, text: &'t str) -> Result<BTreeMap<&'t str, &'t str>, BundleError> {
    let mut listed = BTreeMap::new();
    let mut last = "";
    for (i, line) in text.lines().enumerate() {
        let parts = line.split_once("  ").filter(|(digest, name)| hash_from_hex(digest).is_some() && !name.is_empty());
        let Some((digest, name)) = parts else {
            return Err(malformed(file, &format!("line {} is not a digest, two spaces and a name", i + 1)));
        };
        if name <= last {
            return Err(malformed(file, &format!("{name} is listed twice or out of order")));
        }
        last = name;
        listed.insert(name, digest);
    }
    Ok(listed)
}

impl Packed<'_> {
    /// Its bytes; refused beyond what may be read whole.
    pub fn whole(&self, name: &str) -> Result<Vec<u8>, BundleError> {
        if self.size > WHOLE {
            return Err(BundleError::TooLarge(name.to_owned()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0));
        self.reader().read_to_end(&mut bytes).map_err(|e| damaged(name, &e))?;
        Ok(bytes)
    }
}

/// The lines of a text in a bundle, without their newlines.
pub struct Lines<'a> {
    name: &'static str,
    number: u64,
    from: BufReader<Reader<'a>>,
}

impl Lines<'_> {
    fn line(&mut self) -> Result<Option<String>, BundleError> {
        let mut line = Vec::new();
        self.from.by_ref().take(LINE + 1).read_until(b'\n', &mut line).map_err(|e| damaged(self.name, &e))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let wrong = |what: &str| malformed(self.name, &format!("line {} {what}", self.number));
        if line.pop() != Some(b'\n') {
            return Err(wrong(if line.len() as u64 >= LINE { "is too long" } else { "does not end" }));
        }
        if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            return Err(malformed(self.name, "it begins with a byte-order mark"));
        }
        if line.contains(&b'\r') {
            return Err(malformed(self.name, "it has carriage returns"));
        }
        String::from_utf8(line).map(Some).map_err(|_| malformed(self.name, "it is not UTF-8"))
    }
}

impl Iterator for Lines<'_> {
    type Item = Result<String, BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}

fn sha256(bytes: &[u8]) -> Hash {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

fn malformed(file: &'static str, what: &str) -> BundleError {
    BundleError::Malformed { file, what: what.to_owned() }
}

/// Its checksum was right a moment ago.
fn damaged(name: &str, cause: &std::io::Error) -> BundleError {
    BundleError::Damaged { name: name.to_owned(), cause: cause.to_string() }
}
