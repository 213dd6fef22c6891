//! A bundle as bytes become one: the ZIP read strictly, the bag's shape, every digest.
//!
//! An [`UnverifiedBundle`] says only that the file could be read one way; what it claims is not to be
//! shown as true before [`UnverifiedBundle::verify`] has made a [`VerifiedBundle`] of it.

use std::collections::BTreeMap;

use crate::{
    Moment,
    proof::{
        hash_from_hex,
        layout::{self, Index},
        sha256_hex,
        verify::{self, Report, Trust},
        zip::{self, Limits, ZipError},
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
}

/// The files of a bundle, by their names below the top folder. Nothing is known of them yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedBundle {
    pub folder: String,
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A bundle every check of which held.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    bundle: UnverifiedBundle,
    report: Report,
}

impl VerifiedBundle {
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.bundle.files
    }

    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl UnverifiedBundle {
    /// Reads a bundle's ZIP and refuses what could be read in two ways or stands where nothing may.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        let zip = zip::read(bytes, Limits::default())?;
        let bundle = Self { folder: zip.folder, files: zip.files };
        bundle.shape()?;
        Ok(bundle)
    }

    /// Every check there is; the bundle comes back verified, or the report says why not.
    pub fn verify(self, trust: &Trust, now: Moment) -> Result<VerifiedBundle, Box<Report>> {
        let report = verify::verify_bundle(&self, trust, now);
        if report.verified() { Ok(VerifiedBundle { bundle: self, report }) } else { Err(Box::new(report)) }
    }

    pub fn file(&self, name: &'static str) -> Result<&[u8], BundleError> {
        self.files.get(name).map(Vec::as_slice).ok_or(BundleError::Missing(name))
    }

    /// A file as text: UTF-8, no byte-order mark, no carriage return, ended by a newline unless empty.
    pub fn text(&self, name: &'static str) -> Result<&str, BundleError> {
        let wrong = |what: &str| BundleError::Malformed { file: name, what: what.to_owned() };
        let text = std::str::from_utf8(self.file(name)?).map_err(|_| wrong("it is not UTF-8"))?;
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

    pub fn index(&self) -> Result<Index, BundleError> {
        let wrong = |what: String| BundleError::Malformed { file: layout::INDEX, what };
        let index: Index = serde_json::from_str(self.text(layout::INDEX)?).map_err(|e| wrong(e.to_string()))?;
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
        if self.file(layout::BAGIT)? != layout::BAGIT_TEXT.as_bytes() {
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
        let tags = self.manifest(layout::TAG_MANIFEST);
        let payload = self.manifest(layout::MANIFEST);
        for (manifest, listed) in [(layout::TAG_MANIFEST, &tags), (layout::MANIFEST, &payload)] {
            match listed {
                Err(e) => wrong.push(e.to_string()),
                Ok(listed) => {
                    for (name, digest) in listed {
                        match self.files.get(*name) {
                            None => wrong.push(format!("{name} is listed in {manifest} and is missing")),
                            Some(bytes) if sha256_hex(bytes) != *digest => {
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

    /// `<64 hex digits>  <name>` a line, in order of the names, as `sha256sum` writes and reads it.
    fn manifest(&self, file: &'static str) -> Result<BTreeMap<&str, &str>, BundleError> {
        let wrong = |what: String| BundleError::Malformed { file, what };
        let mut listed = BTreeMap::new();
        let mut last = "";
        for (i, line) in self.text(file)?.lines().enumerate() {
            let parts =
                line.split_once("  ").filter(|(digest, name)| hash_from_hex(digest).is_some() && !name.is_empty());
            let Some((digest, name)) = parts else {
                return Err(wrong(format!("line {} is not a digest, two spaces and a name", i + 1)));
            };
            if name <= last {
                return Err(wrong(format!("{name} is listed twice or out of order")));
            }
            last = name;
            listed.insert(name, digest);
        }
        Ok(listed)
    }
}
