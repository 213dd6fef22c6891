//! The folder the keys lie in: what is in it, who may read it, and how it is opened.
//!
//! A private key that others may read is refused, and so is a folder with a missing or mixed-up file: the
//! sentence says what to do. Nothing here is made anew where something was.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use der::{Encode, EncodePem, SecretDocument, pem::LineEnding};
use domain::{
    Moment,
    draw::hex,
    key::{Event, Key, KeyEvent},
    proof::{checkpoint::VerifierKey, sha256_hex},
};
use p256::ecdsa::SigningKey;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    Keys, LogKey, Passphrase, SignError, certificates,
    change::{self, Change},
    journal,
    secret::{self, Unread},
};

pub(super) const ROOT_KEY: &str = "root.key";
pub(super) const ROOT_CERTIFICATE: &str = "evidence-root.pem";
pub(super) const SIGNER_KEY: &str = "signer.key";
pub(super) const SIGNER_CERTIFICATE: &str = "signer.pem";
/// The authorities between signer and root, when there are any.
pub(super) const CHAIN: &str = "chain.pem";
pub(super) const LOG_KEY: &str = "log.key";
/// Of a certificate that was requested and is not there yet.
pub(super) const PENDING_KEY: &str = "pending.key";
pub(super) const PENDING_REQUEST: &str = "pending.csr";
pub(super) const JOURNAL: &str = "journal.jsonl";
/// Certificates and public keys that were in use before; the key of a root that was replaced.
pub(super) const HISTORY: &str = "history";
/// Every file of a complete folder. A root key kept offline may be taken away later.
const REQUIRED: [&str; 4] = [ROOT_CERTIFICATE, SIGNER_KEY, SIGNER_CERTIFICATE, LOG_KEY];

/// A folder of keys, and what opens them.
pub struct Folder {
    dir: PathBuf,
    passphrase: Option<Passphrase>,
}

/// What `key show` and `doctor` say of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub root_key: RootKey,
    /// Private keys that lie there without encryption.
    pub in_clear: Vec<String>,
    /// Private keys in all.
    pub private: usize,
    /// Whether others may write into the folder.
    pub open_to_others: bool,
    /// Whether a certificate was requested that is not there yet.
    pub awaiting: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKey {
    /// In the folder, where whoever breaks in finds it.
    Here,
    /// Kept elsewhere, or a company's authority holds it.
    Away,
}

impl Folder {
    pub fn new(dir: impl Into<PathBuf>, passphrase: Option<Passphrase>) -> Self {
        Self { dir: dir.into(), passphrase }
    }

    /// As the configuration names it.
    pub fn configured(config: &crate::config::Keys) -> Self {
        Self::new(&config.dir, Some(config.passphrase.clone()).filter(|p| !p.is_empty()))
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn passphrase(&self) -> Option<&Passphrase> {
        self.passphrase.as_ref()
    }

    /// Reads the keys, or makes them where there is nothing yet.
    pub fn open_or_create(&self, org: &str, log_name: &str, now: DateTime<Utc>, by: &str) -> Result<Keys, SignError> {
        if self.is_empty()? {
            match self.create(org, log_name, now, by) {
                // Another portal was first: its keys are the keys.
                Err(SignError::Already(_)) | Ok(()) => {}
                Err(e) => return Err(e),
            }
        }
        self.open(log_name)
    }

    /// Makes a root, a signer and a key for the ledger in a folder that has none.
    pub fn create(&self, org: &str, log_name: &str, now: DateTime<Utc>, by: &str) -> Result<(), SignError> {
        let _turn = self.turn()?;
        if !self.is_empty()? {
            return Err(SignError::Already(self.dir.clone()));
        }
        let (root_key, signer_key) = (certificates::new_p256()?, certificates::new_p256()?);
        let root = certificates::root(org, &root_key, now)?;
        let signer = certificates::signer(org, &signer_key, &root, &root_key, now)?;
        let at = Moment::from(now);
        let mut change = Change::default();
        change.put(ROOT_KEY, self.locked(&secret::p256_document(&root_key)?)?);
        change.put(ROOT_CERTIFICATE, pem(&root)?);
        change.put(SIGNER_KEY, self.locked(&secret::p256_document(&signer_key)?)?);
        change.put(SIGNER_CERTIFICATE, pem(&signer)?);
        let log = self.new_log_key(&mut change, log_name)?;
        let events = [Key::Root(said(&root)?), Key::Signer(said(&signer)?), log]
            .map(|key| journal::event(key, Event::Made, None, at, by));
        self.apply(change, &events)
    }

    /// Reads the keys, and makes none.
    pub fn open(&self, log_name: &str) -> Result<Keys, SignError> {
        let _turn = self.settled()?;
        self.read_keys(log_name)
    }

    /// Everything that happened to the keys, and those in use of which nothing tells, as found at `now`.
    pub fn events(&self, keys: &Keys, now: Moment, by: &str) -> Result<Vec<KeyEvent>, SignError> {
        let mut told = self.told()?;
        let mut in_use = vec![
            Key::Root(certificates::said(&keys.root, keys.root_fingerprint())),
            Key::Signer(certificates::said(&keys.signer, keys.signer_fingerprint())),
        ];
        let log = keys.earlier.iter().chain(std::iter::once(&keys.log));
        in_use.extend(log.map(|key| Key::Log { vkey: key.public.to_string() }));
        let untold = journal::untold(&told, in_use, now, by);
        told.extend(untold);
        Ok(told)
    }

    /// What lies in the folder and how, without opening a key.
    pub fn state(&self) -> Result<State, SignError> {
        let names = self.private()?;
        let mut in_clear = Vec::new();
        for name in &names {
            if self.text(name)?.is_some_and(|text| !secret::is_locked(&text)) {
                in_clear.push(name.clone());
            }
        }
        let mode = fs::metadata(&self.dir).map_err(|e| self.failed(e))?.permissions().mode();
        let root_key = if names.iter().any(|n| n.contains("root")) { RootKey::Here } else { RootKey::Away };
        Ok(State {
            root_key,
            in_clear,
            private: names.len(),
            open_to_others: mode & 0o022 != 0,
            awaiting: self.path(PENDING_KEY).exists(),
        })
    }

    /// Whether nothing lies there, or nothing that counts: what a crash left behind, a disk's own folder.
    pub(super) fn is_empty(&self) -> Result<bool, SignError> {
        match fs::read_dir(&self.dir) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry.map_err(|e| self.failed(e))?.file_name();
                    if name != "lost+found" && !name.to_string_lossy().starts_with(change::STAGED) {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(e) => Err(self.failed(e)),
        }
    }

    /// The folder for one who changes it: nobody else reads or changes it meanwhile.
    pub(super) fn turn(&self) -> Result<Option<File>, SignError> {
        if let Err(e) = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir) {
            return Err(self.failed(e));
        }
        let turn = self.lock(File::lock)?;
        change::complete(&self.dir).map_err(|e| self.failed(e))?;
        Ok(turn)
    }

    /// The folder for one who reads it: a change that was cut short is finished first.
    fn settled(&self) -> Result<Option<File>, SignError> {
        loop {
            if change::is_pending(&self.dir) {
                drop(self.turn()?);
            }
            let turn = self.lock(File::lock_shared)?;
            if !change::is_pending(&self.dir) {
                return Ok(turn);
            }
        }
    }

    /// `None` where the file system has no locks: then two commands at once are the operator's to avoid.
    fn lock(&self, how: impl Fn(&File) -> io::Result<()>) -> Result<Option<File>, SignError> {
        let dir = match File::open(&self.dir) {
            Ok(dir) => dir,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.failed(e)),
        };
        if !dir.metadata().map_err(|e| self.failed(e))?.is_dir() {
            return Err(SignError::NotAFolder(self.dir.clone()));
        }
        Ok(how(&dir).is_ok().then_some(dir))
    }

    /// Changes the files and tells of it in the journal, at once.
    pub(super) fn apply(&self, mut change: Change, events: &[KeyEvent]) -> Result<(), SignError> {
        if !events.is_empty() {
            let text = self.text(JOURNAL)?.unwrap_or_default();
            change.put(JOURNAL, journal::with(&text, events));
        }
        change.apply(&self.dir).map_err(|e| self.failed(e))
    }

    pub(super) fn told(&self) -> Result<Vec<KeyEvent>, SignError> {
        let text = self.text(JOURNAL)?.unwrap_or_default();
        journal::read(&text).map_err(|cause| self.damaged(JOURNAL, cause))
    }

    /// Without taking a turn: for one who has it.
    pub(super) fn read_keys(&self, log_name: &str) -> Result<Keys, SignError> {
        let mut missing = Vec::new();
        for name in REQUIRED {
            let there = self.path(name).try_exists();
            if !there.map_err(|cause| SignError::CannotRead { file: self.path(name), cause })? {
                missing.push(name);
            }
        }
        if missing.len() == REQUIRED.len() && self.is_empty()? {
            return Err(SignError::NoKeys(self.dir.clone()));
        }
        if missing.contains(&SIGNER_KEY) && self.path(PENDING_KEY).exists() {
            return Err(SignError::Awaiting(self.dir.clone()));
        }
        if !missing.is_empty() {
            return Err(SignError::Incomplete { folder: self.dir.clone(), missing: missing.join(", ") });
        }
        let private = self.private()?;
        let log_key = |name: &str| LogKey::new(self.key(name, secret::ed25519)?, log_name);
        let mut earlier = Vec::new();
        for (name, id) in private.iter().filter_map(|name| Some((name, earlier_id(name)?))) {
            let key = log_key(name)?;
            let found = key.public.id();
            if found != id {
                let cause = format!("its key has the id {found}; the file was renamed, or company.log was changed");
                return Err(SignError::NotAKey { file: self.path(name), cause });
            }
            earlier.push(key);
        }
        let root = self.certificate(ROOT_CERTIFICATE)?;
        let signer = self.certificate(SIGNER_CERTIFICATE)?;
        let keys = Keys {
            root_der: der(&root)?,
            root,
            signer_der: der(&signer)?,
            signer,
            chain: self.certificates(CHAIN)?,
            signer_key: self.key(SIGNER_KEY, secret::p256)?,
            log: log_key(LOG_KEY)?,
            earlier,
            retired: self.retired(log_name)?,
        };
        if !is_key_of(&keys.signer_key, &keys.signer) {
            let (key, certificate) = (self.path(SIGNER_KEY), self.path(SIGNER_CERTIFICATE));
            return Err(SignError::Mixed { key, certificate });
        }
        match keys.trial() {
            Ok(_) => Ok(keys),
            Err(cause) => Err(SignError::Unfit { file: self.path(SIGNER_CERTIFICATE), cause }),
        }
    }

    /// The root's private key, from here or from where it is kept.
    pub(super) fn root_key(&self, root: &Certificate) -> Result<SigningKey, SignError> {
        let key = self.key(ROOT_KEY, secret::p256)?;
        if is_key_of(&key, root) {
            return Ok(key);
        }
        Err(SignError::Mixed { key: self.path(ROOT_KEY), certificate: self.path(ROOT_CERTIFICATE) })
    }

    /// A new key for the ledger, put into a change; its public part.
    pub(super) fn new_log_key(&self, change: &mut Change, log_name: &str) -> Result<Key, SignError> {
        let secret = Zeroizing::new(certificates::random::<32>()?);
        let key = LogKey::new(ed25519_dalek::SigningKey::from_bytes(&secret), log_name)?;
        change.put(LOG_KEY, self.locked(&secret::log_document(&secret)?)?);
        Ok(Key::Log { vkey: key.public.to_string() })
    }

    /// A private key's text as it is to lie in this folder.
    pub(super) fn locked(&self, document: &SecretDocument) -> Result<Zeroizing<String>, SignError> {
        secret::write(document, self.passphrase())
    }

    /// Names of every private key in the folder, those of the past included; one that others may read is refused.
    pub(super) fn private(&self) -> Result<Vec<String>, SignError> {
        let mut names = Vec::new();
        for folder in ["", HISTORY] {
            let entries = match fs::read_dir(self.dir.join(folder)) {
                Ok(entries) => entries,
                Err(e) if e.kind() == io::ErrorKind::NotFound && folder == HISTORY => continue,
                Err(e) => return Err(self.failed(e)),
            };
            for entry in entries {
                let entry = entry.map_err(|e| self.failed(e))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                if !is_ours(&name) {
                    continue;
                }
                let file = self.path(&name);
                let mode = fs::metadata(&file).map_err(|cause| SignError::CannotRead { file: file.clone(), cause })?;
                let mode = mode.permissions().mode() & 0o777;
                if mode & 0o077 != 0 {
                    return Err(SignError::TooOpen { file, mode });
                }
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// A private key of the folder, opened.
    pub(super) fn key<T>(
        &self,
        name: &str,
        as_key: impl Fn(&SecretDocument) -> Result<T, String>,
    ) -> Result<T, SignError> {
        let text = self.text(name)?.ok_or_else(|| self.lacks(name))?;
        let file = self.path(name);
        as_key(&opened(&file, &text, self.passphrase())?).map_err(|cause| SignError::NotAKey { file, cause })
    }

    pub(super) fn certificate(&self, name: &str) -> Result<Certificate, SignError> {
        self.certificates(name)?.into_iter().next().ok_or_else(|| self.lacks(name))
    }

    /// All in a file; none when it is not there.
    pub(super) fn certificates(&self, name: &str) -> Result<Vec<Certificate>, SignError> {
        match self.text(name)? {
            None => Ok(Vec::new()),
            Some(text) => Certificate::load_pem_chain(text.as_bytes()).map_err(|e| self.damaged(name, e.to_string())),
        }
    }

    /// Keys that this ledger had and no longer signs with.
    fn retired(&self, log_name: &str) -> Result<Vec<VerifierKey>, SignError> {
        let mut keys = Vec::new();
        for event in self.told()?.into_iter().filter(|e| e.event == Event::Retired) {
            if let Key::Log { vkey } = &event.key {
                keys.push(VerifierKey::parse(vkey).map_err(|e| self.damaged(JOURNAL, e.to_string()))?);
            }
        }
        keys.retain(|key| key.name() == log_name);
        Ok(keys)
    }

    /// A file's text; `None` when it is not there.
    pub(super) fn text(&self, name: &str) -> Result<Option<Zeroizing<String>>, SignError> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(self.damaged(name, "it is not text".to_owned())),
            Err(cause) => Err(SignError::CannotRead { file: self.path(name), cause }),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn lacks(&self, name: &str) -> SignError {
        SignError::Incomplete { folder: self.dir.clone(), missing: name.to_owned() }
    }

    pub(super) fn damaged(&self, name: &str, cause: String) -> SignError {
        SignError::Damaged { file: self.path(name), cause }
    }

    fn failed(&self, cause: io::Error) -> SignError {
        let folder = self.dir.clone();
        match cause.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => SignError::NotAFolder(folder),
            _ => SignError::Folder { folder, cause },
        }
    }
}

/// Whether a name is that of a private key which this program put there; others are not its to touch.
fn is_ours(name: &str) -> bool {
    let past_root = || name.strip_prefix(HISTORY)?.strip_prefix("/root-")?.strip_suffix(".key");
    [ROOT_KEY, SIGNER_KEY, LOG_KEY, PENDING_KEY].contains(&name)
        || earlier_id(name).is_some()
        || past_root().is_some_and(|digest| digest.len() == 16)
}

/// The id in the name of an earlier key of the ledger: "log-c74f20a3.key".
fn earlier_id(name: &str) -> Option<&str> {
    let id = name.strip_prefix("log-")?.strip_suffix(".key")?;
    (id.len() == 8 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))).then_some(id)
}

/// A private key's file opened, here or elsewhere.
pub(super) fn opened(file: &Path, text: &str, passphrase: Option<&Passphrase>) -> Result<SecretDocument, SignError> {
    secret::read(text, passphrase).map_err(|why| match why {
        Unread::Locked => SignError::Locked(file.to_owned()),
        Unread::WrongPassphrase => SignError::WrongPassphrase(file.to_owned()),
        Unread::Damaged(cause) => SignError::Damaged { file: file.to_owned(), cause },
        Unread::Another(cause) => SignError::NotAKey { file: file.to_owned(), cause },
    })
}

pub(super) fn is_key_of(key: &SigningKey, certificate: &Certificate) -> bool {
    let public = x509_cert::spki::SubjectPublicKeyInfo::from_key(key.verifying_key());
    public.is_ok_and(|public| {
        let theirs = certificate.tbs_certificate().subject_public_key_info();
        public.subject_public_key == theirs.subject_public_key
    })
}

pub(super) fn pem(certificate: &Certificate) -> Result<String, SignError> {
    certificate.to_pem(LineEnding::LF).map_err(|e| SignError::Made(e.to_string()))
}

pub(super) fn der(certificate: &Certificate) -> Result<Vec<u8>, SignError> {
    certificate.to_der().map_err(|e| SignError::Made(e.to_string()))
}

/// What a record says of a certificate.
pub(super) fn said(certificate: &Certificate) -> Result<domain::key::CertificateSaid, SignError> {
    Ok(certificates::said(certificate, sha256_hex(&der(certificate)?)))
}

/// Where an earlier certificate is kept: "history/signer-18dbd25f0c1e44aa.pem".
pub(super) fn past(what: &str, certificate: &Certificate, ending: &str) -> Result<String, SignError> {
    let digest = Sha256::digest(der(certificate)?);
    Ok(format!("{HISTORY}/{what}-{}.{ending}", hex(&digest[..8])))
}
