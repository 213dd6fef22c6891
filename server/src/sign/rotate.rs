//! A key in another's place: a signer under the same root, a key of the ledger beside the one before it.
//!
//! A signer's place is taken at once, since bundles carry their certificate and lead to the root. The
//! ledger's key signs on beside the new one until it is retired, so that whoever holds the older key can
//! check every head meanwhile.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use domain::{
    Moment,
    key::{Event, Key, KeyEvent},
};

use super::{
    Folder, Keys, LogKey, Passphrase, SignError, certificates,
    change::Change,
    folder::{
        CHAIN, PENDING_KEY, PENDING_REQUEST, ROOT_KEY, SIGNER_CERTIFICATE, SIGNER_KEY, der, opened, past, pem, said,
    },
    journal, secret,
};

/// A root's private key that is kept away from the folder.
pub struct RootKeyFile {
    pub file: PathBuf,
    /// What opens it, when that is not the folder's own.
    pub passphrase: Option<Passphrase>,
}

impl Folder {
    /// A new signer under the same root; the earlier one's certificate is kept, its private key is not.
    pub fn rotate_signer(
        &self,
        org: &str,
        log_name: &str,
        root_key: Option<&RootKeyFile>,
        now: DateTime<Utc>,
        by: &str,
    ) -> Result<KeyEvent, SignError> {
        let _turn = self.turn()?;
        let keys = self.read_keys(log_name)?;
        let root_key = match root_key {
            Some(kept) => kept.open(self, &keys)?,
            None if !self.path(ROOT_KEY).exists() => {
                return Err(SignError::Refused(format!(
                    "{} is not in {}: give it with --root-key FILE from where it is kept; or, when the company's own authority issues the certificates, passmuster key request",
                    ROOT_KEY,
                    self.dir().display()
                )));
            }
            None => self.root_key(&keys.root)?,
        };
        let key = certificates::new_p256()?;
        let signer = certificates::signer(org, &key, &keys.root, &root_key, now)?;
        let mut change = Change::default();
        change.put(SIGNER_KEY, self.locked(&secret::p256_document(&key)?)?);
        change.put(SIGNER_CERTIFICATE, pem(&signer)?);
        // Own certificates have no authority between them and the root.
        change.remove(CHAIN);
        change.put(past("signer", &keys.signer, "pem")?, past_signer(&keys)?);
        let event = journal::event(
            Key::Signer(said(&signer)?),
            Event::Rotated,
            Some(keys.signer_fingerprint()),
            Moment::from(now),
            by,
        );
        self.apply(change, std::slice::from_ref(&event))?;
        Ok(event)
    }

    /// A new root of the company's own with a signer below it: after the root has ended, or a key was stolen. The
    /// ledger's key stays. Every auditor needs new anchors afterwards.
    pub fn rotate_root(
        &self,
        org: &str,
        log_name: &str,
        now: DateTime<Utc>,
        by: &str,
    ) -> Result<Vec<KeyEvent>, SignError> {
        let _turn = self.turn()?;
        let before = self.read_keys(log_name)?;
        let (root_key, signer_key) = (certificates::new_p256()?, certificates::new_p256()?);
        let root = certificates::root(org, &root_key, now)?;
        let signer = certificates::signer(org, &signer_key, &root, &root_key, now)?;
        let events = [
            (Key::Root(said(&root)?), before.root_fingerprint()),
            (Key::Signer(said(&signer)?), before.signer_fingerprint()),
        ]
        .map(|(key, replaces)| journal::event(key, Event::Rotated, Some(replaces), Moment::from(now), by));
        let new = Keys {
            root_der: der(&root)?,
            root,
            signer_der: der(&signer)?,
            signer,
            chain: Vec::new(),
            signer_key,
            log: LogKey { secret: before.log.secret.clone(), public: before.log.public.clone() },
            earlier: Vec::new(),
            retired: Vec::new(),
        };
        let mut change = Change::default();
        self.put(&mut change, &new, Some(&before), Some(&root_key))?;
        self.apply(change, &events)?;
        Ok(events.to_vec())
    }

    /// A new key for the ledger; the one before it signs beside it from now on.
    pub fn rotate_log(&self, log_name: &str, now: DateTime<Utc>, by: &str) -> Result<KeyEvent, SignError> {
        let _turn = self.turn()?;
        let keys = self.read_keys(log_name)?;
        let mut change = Change::default();
        let before = keys.log.public.id();
        change.put(log_file(&before), self.locked(&secret::log_document(&keys.log.secret.to_bytes())?)?);
        let key = self.new_log_key(&mut change, log_name)?;
        let event = journal::event(key, Event::Rotated, Some(keys.vkey()), Moment::from(now), by);
        if keys.vkeys().iter().any(|known| event.id() == format!("log-{}", known.id())) {
            return Err(SignError::Made("the new key has the id of an earlier one, by chance; try again".to_owned()));
        }
        self.apply(change, std::slice::from_ref(&event))?;
        Ok(event)
    }

    /// Ends an earlier key of the ledger, named by its id; its private part is taken away.
    pub fn retire(&self, id: &str, log_name: &str, now: DateTime<Utc>, by: &str) -> Result<KeyEvent, SignError> {
        let _turn = self.turn()?;
        let keys = self.read_keys(log_name)?;
        let Some(key) = keys.earlier.iter().find(|key| key.public.id() == id) else {
            let ids: Vec<String> = keys.earlier.iter().map(|key| key.public.id()).collect();
            return Err(SignError::Refused(match (keys.log.public.id() == id, ids.is_empty()) {
                (true, _) => {
                    format!("{id} is the ledger's key now; put another in its place first: passmuster key rotate --log")
                }
                (false, true) => {
                    "the ledger has no earlier key that still signs; there is nothing to retire".to_owned()
                }
                (false, false) => {
                    format!("{id} is no earlier key of the ledger; those that still sign: {}", ids.join(", "))
                }
            }));
        };
        let mut change = Change::default();
        change.remove(log_file(id));
        let vkey = key.public.to_string();
        let event = journal::event(Key::Log { vkey }, Event::Retired, None, Moment::from(now), by);
        self.apply(change, std::slice::from_ref(&event))?;
        Ok(event)
    }

    /// Writes every private key anew under the passphrase: those in clear and those under the one before.
    ///
    /// Returns how many. The folder's own passphrase opens them; `None` as the new one means: the same.
    pub fn protect(&self, new: Option<&Passphrase>) -> Result<usize, SignError> {
        let _turn = self.turn()?;
        let Some(new) = new.or(self.passphrase()) else {
            return Err(SignError::Refused(
                "no passphrase is configured: write one of your own into a file with mode 600, set PASSMUSTER_KEYS__PASSPHRASE_FILE to it, and try again".to_owned(),
            ));
        };
        let mut change = Change::default();
        let names = self.private()?;
        for name in &names {
            let text = self.text(name)?.ok_or_else(|| self.lacks(name))?;
            let key = opened(&self.path(name), &text, self.passphrase())?;
            change.put(name.clone(), secret::write(&key, Some(new))?);
        }
        if names.is_empty() {
            return Err(self.lacks(SIGNER_KEY));
        }
        self.apply(change, &[])?;
        Ok(names.len())
    }
}

impl RootKeyFile {
    fn open(&self, folder: &Folder, keys: &Keys) -> Result<p256::ecdsa::SigningKey, SignError> {
        let file = &self.file;
        let text = std::fs::read_to_string(file)
            .map(zeroize::Zeroizing::new)
            .map_err(|cause| SignError::CannotRead { file: file.clone(), cause })?;
        let key = opened(file, &text, self.passphrase.as_ref().or(folder.passphrase()))?;
        let key = secret::p256(&key).map_err(|cause| SignError::NotAKey { file: file.clone(), cause })?;
        if super::folder::is_key_of(&key, &keys.root) {
            return Ok(key);
        }
        Err(SignError::Mixed { key: file.clone(), certificate: folder.path(super::folder::ROOT_CERTIFICATE) })
    }
}

/// The earlier signer's certificate with the authorities above it, as it is kept.
pub(super) fn past_signer(keys: &Keys) -> Result<String, SignError> {
    std::iter::once(&keys.signer).chain(&keys.chain).map(pem).collect()
}

/// Takes the key and the request of a certificate that has arrived, or is no longer wanted.
pub(super) fn no_longer_pending(change: &mut Change) {
    change.remove(PENDING_KEY);
    change.remove(PENDING_REQUEST);
}

/// Where an earlier key of the ledger lies: "log-c74f20a3.key".
fn log_file(id: &str) -> String {
    format!("log-{id}.key")
}
