//! A certificate from elsewhere: requested from the company's authority, and put in place when it answers.
//!
//! What is put in place must verify as an auditor would verify it, today, under the root it is brought with;
//! otherwise nothing is changed, and the sentence says which certificate is at fault and how.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use domain::{
    Moment,
    key::{Event, Key, KeyEvent},
    proof::signature::Root,
};
use p256::ecdsa::SigningKey;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::{
    Folder, Keys, LogKey, Passphrase, SignError, certificates,
    change::Change,
    folder::{
        CHAIN, LOG_KEY, PENDING_KEY, PENDING_REQUEST, ROOT_CERTIFICATE, ROOT_KEY, SIGNER_CERTIFICATE, SIGNER_KEY, der,
        is_key_of, opened, past, pem, said,
    },
    journal,
    rotate::{no_longer_pending, past_signer},
    secret,
};

/// A request, as the authority is handed it.
pub struct Requested {
    pub pem: String,
    /// `false`: it was made before, and its answer is still waited for.
    pub new: bool,
}

/// What is brought.
pub struct Import {
    /// The signer's certificate; further ones in the file are taken as authorities between it and the root.
    pub signer: PathBuf,
    /// The root it leads to; `None`: the one in use.
    pub root: Option<PathBuf>,
    /// Authorities between the two.
    pub chain: Vec<PathBuf>,
    /// Its private key; `None`: the one that was made for the request.
    pub key: Option<PathBuf>,
    /// What opens that key, when that is not the folder's own.
    pub key_passphrase: Option<Passphrase>,
}

impl Folder {
    /// A request for a signer's certificate, and the key it is for. Asked again it is the same request, unless
    /// `anew`.
    pub fn request(&self, org: &str, anew: bool) -> Result<Requested, SignError> {
        let _turn = self.turn()?;
        self.private()?;
        if !anew
            && self.path(PENDING_KEY).exists()
            && let Some(pem) = self.text(PENDING_REQUEST)?
        {
            return Ok(Requested { pem: pem.to_string(), new: false });
        }
        let key = certificates::new_p256()?;
        let pem = certificates::request(org, &key)?;
        let mut change = Change::default();
        change.put(PENDING_KEY, self.locked(&secret::p256_document(&key)?)?);
        change.put(PENDING_REQUEST, pem.clone());
        self.apply(change, &[])?;
        Ok(Requested { pem, new: true })
    }

    /// Puts a certificate in place, and its root with it where that is another. What was in use before is kept,
    /// the signer's private key excepted.
    pub fn import(
        &self,
        brought: &Import,
        log_name: &str,
        now: DateTime<Utc>,
        by: &str,
    ) -> Result<Vec<KeyEvent>, SignError> {
        let _turn = self.turn()?;
        let before = match self.path(SIGNER_KEY).exists() {
            true => Some(self.read_keys(log_name)?),
            false => None,
        };
        let mut change = Change::default();
        let (signer_key, pending) = self.key_of(brought)?;
        let (signer, root, chain) = certificates_of(brought, before.as_ref())?;
        if !is_key_of(&signer_key, &signer) {
            let key = brought.key.clone().unwrap_or_else(|| self.path(PENDING_KEY));
            return Err(SignError::Mixed { key, certificate: brought.signer.clone() });
        }
        let (log, log_made) = match self.path(LOG_KEY).exists() {
            true => (LogKey::new(self.key(LOG_KEY, secret::ed25519)?, log_name)?, None),
            false => {
                let secret = Zeroizing::new(certificates::random::<32>()?);
                change.put(LOG_KEY, self.locked(&secret::log_document(&secret)?)?);
                let key = LogKey::new(ed25519_dalek::SigningKey::from_bytes(&secret), log_name)?;
                let made = Key::Log { vkey: key.public.to_string() };
                (key, Some(made))
            }
        };
        let candidate = Keys {
            root_der: der(&root)?,
            root,
            signer_der: der(&signer)?,
            signer,
            chain,
            signer_key,
            log,
            earlier: Vec::new(),
            retired: Vec::new(),
        };
        let at = Moment::from(now);
        let unfit = |cause| SignError::Unfit { file: brought.signer.clone(), cause };
        candidate.trial().and_then(|signer| signer.valid_at(at)).map_err(unfit)?;
        if before.as_ref().is_some_and(|keys| keys.signer_der == candidate.signer_der) {
            return Err(SignError::Refused(format!(
                "{} is the certificate in use already; nothing was changed",
                brought.signer.display()
            )));
        }
        self.put(&mut change, &candidate, before.as_ref(), None)?;
        if pending {
            no_longer_pending(&mut change);
        }
        let mut events = Vec::new();
        if before.as_ref().is_none_or(|keys| keys.root_der != candidate.root_der) {
            let root = Key::Root(said(&candidate.root)?);
            let replaces = before.as_ref().map(Keys::root_fingerprint);
            events.push(journal::event(root, Event::Imported, replaces, at, by));
        }
        let replaces = before.as_ref().map(Keys::signer_fingerprint);
        events.push(journal::event(Key::Signer(said(&candidate.signer)?), Event::Imported, replaces, at, by));
        events.extend(log_made.map(|key| journal::event(key, Event::Made, None, at, by)));
        self.apply(change, &events)?;
        Ok(events)
    }

    /// The key brought, or the one that waits; the second part says whether it is the latter.
    fn key_of(&self, brought: &Import) -> Result<(SigningKey, bool), SignError> {
        let Some(file) = &brought.key else {
            return match self.path(PENDING_KEY).exists() {
                true => Ok((self.key(PENDING_KEY, secret::p256)?, true)),
                false => Err(SignError::Refused(
                    "no certificate was requested from here, so its key is elsewhere: give it with --key FILE, or begin with passmuster key request".to_owned(),
                )),
            };
        };
        let text = Zeroizing::new(read(file)?);
        let key = opened(file, &text, brought.key_passphrase.as_ref().or(self.passphrase()))?;
        let key = secret::p256(&key).map_err(|cause| SignError::NotAKey { file: file.clone(), cause })?;
        Ok((key, false))
    }

    /// The signer and what is above it in the place of what was before, which is kept. `root_key` is that of a new
    /// root of the company's own.
    pub(super) fn put(
        &self,
        change: &mut Change,
        new: &Keys,
        before: Option<&Keys>,
        root_key: Option<&SigningKey>,
    ) -> Result<(), SignError> {
        change.put(SIGNER_KEY, self.locked(&secret::p256_document(&new.signer_key)?)?);
        change.put(SIGNER_CERTIFICATE, pem(&new.signer)?);
        if new.chain.is_empty() {
            change.remove(CHAIN);
        } else {
            change.put(CHAIN, new.chain.iter().map(pem).collect::<Result<String, _>>()?);
        }
        if let Some(before) = before {
            change.put(past("signer", &before.signer, "pem")?, past_signer(before)?);
        }
        match before {
            Some(before) if before.root_der == new.root_der => return Ok(()),
            Some(before) => {
                change.put(past("root", &before.root, "pem")?, pem(&before.root)?);
                // The old root's key signs nothing here any more, and is nobody's to throw away.
                if let Some(key) = self.text(ROOT_KEY)? {
                    change.put(past("root", &before.root, "key")?, key);
                    if root_key.is_none() {
                        change.remove(ROOT_KEY);
                    }
                }
            }
            None => {}
        }
        if let Some(key) = root_key {
            change.put(ROOT_KEY, self.locked(&secret::p256_document(key)?)?);
        }
        change.put(ROOT_CERTIFICATE, pem(&new.root)?);
        Ok(())
    }
}

/// The signer's certificate, the root, and those between them.
fn certificates_of(
    brought: &Import,
    before: Option<&Keys>,
) -> Result<(Certificate, Certificate, Vec<Certificate>), SignError> {
    let mut of_signer = chain_in(&brought.signer)?;
    let signer = of_signer.remove(0);
    let root = match (&brought.root, before) {
        (Some(file), _) => {
            let root = chain_in(file)?.remove(0);
            Root::from_der(&der(&root)?).map_err(|cause| SignError::Unfit { file: file.clone(), cause })?;
            root
        }
        (None, Some(keys)) => keys.root.clone(),
        (None, None) => {
            return Err(SignError::Refused(
                "there is no root yet that the certificate could lead to: give the company's with --root FILE"
                    .to_owned(),
            ));
        }
    };
    let mut chain = of_signer;
    for file in &brought.chain {
        chain.extend(chain_in(file)?);
    }
    chain.retain(|certificate| *certificate != root);
    Ok((signer, root, chain))
}

/// One certificate at least.
fn chain_in(file: &Path) -> Result<Vec<Certificate>, SignError> {
    let none = |cause: String| SignError::NotACertificate { file: file.to_owned(), cause };
    let found = Certificate::load_pem_chain(read(file)?.as_bytes()).map_err(|e| none(e.to_string()))?;
    if found.is_empty() { Err(none("it is empty".to_owned())) } else { Ok(found) }
}

fn read(file: &Path) -> Result<String, SignError> {
    std::fs::read_to_string(file).map_err(|cause| SignError::CannotRead { file: file.to_owned(), cause })
}
