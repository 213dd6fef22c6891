//! A private key as a file: PKCS#8 as PEM, in clear or under a passphrase, as `openssl pkey` reads it.
//!
//! Source: RFC 5958, RFC 8018 (PBES2). What is written under a passphrase is PBKDF2-HMAC-SHA256 with AES-256-CBC;
//! read is whatever PBES2 has with AES and SHA-2 or scrypt. A passphrase and a key are never shown, and are
//! overwritten in memory when they are done with.

use std::fmt;

use der::SecretDocument;
use domain::proof::hash_from_hex;
use ed25519_dalek::pkcs8::KeypairBytes;
use p256::{
    ecdsa::SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding},
};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, pkcs5::pbes2};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{SignError, certificates::random};

/// OWASP's figure for PBKDF2-HMAC-SHA256 (Password Storage Cheat Sheet, 2023); a fifth of a second a file.
const ROUNDS: u32 = 600_000;
/// Twelve characters drawn from lower case alone take 10^16 tries.
pub const SHORTEST: usize = 12;

const CLEAR: &str = "PRIVATE KEY";
const LOCKED: &str = "ENCRYPTED PRIVATE KEY";

/// What opens the private keys; empty means none. Shows itself to nobody.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// `None` when the text is empty.
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses one that would be guessed. Asked before anything is written under it.
    pub fn fit(&self) -> Result<(), SignError> {
        match self.0.chars().count() {
            n if n < SHORTEST => Err(SignError::ShortPassphrase(n)),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "(hidden)" })
    }
}

/// Why a text gave no key; the caller knows which file it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    /// Encrypted, and no passphrase was given.
    Locked,
    WrongPassphrase,
    Damaged(String),
    /// Whole, and something else.
    Another(String),
}

/// Whether a key's text is encrypted.
pub fn is_locked(text: &str) -> bool {
    text.contains(LOCKED)
}

/// The key in a text, as PKCS#8. The ledger's keys of the first kind, 64 hex digits, are read too.
pub fn read(text: &str, passphrase: Option<&Passphrase>) -> Result<SecretDocument, Unread> {
    let damaged = |e: &dyn fmt::Display| Unread::Damaged(e.to_string());
    if let Some(secret) = hash_from_hex(text.trim_end()) {
        return log_document(&Zeroizing::new(secret)).map_err(|e| damaged(&e));
    }
    let (label, document) = SecretDocument::from_pem(text).map_err(|e| damaged(&e))?;
    match label {
        CLEAR => Ok(document),
        LOCKED => {
            let passphrase = passphrase.ok_or(Unread::Locked)?;
            let locked = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|e| damaged(&e))?;
            // A wrong passphrase gives bytes that are no padding or no key: the two cannot be told apart.
            locked.decrypt(passphrase.0.as_bytes()).map_err(|_| Unread::WrongPassphrase)
        }
        "EC PRIVATE KEY" => Err(Unread::Another(
            "it is SEC1; turn it into PKCS#8 with: openssl pkcs8 -topk8 -in OLD -out NEW".to_owned(),
        )),
        other => Err(Unread::Another(format!("it is a {other}, and must be a {CLEAR}"))),
    }
}

/// The key as a file's text: encrypted when there is a passphrase.
pub fn write(document: &SecretDocument, passphrase: Option<&Passphrase>) -> Result<Zeroizing<String>, SignError> {
    let made = |e: &dyn fmt::Display| SignError::Made(e.to_string());
    let Some(passphrase) = passphrase else {
        return document.to_pem(CLEAR, LineEnding::LF).map_err(|e| made(&e));
    };
    passphrase.fit()?;
    let how = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &random::<16>()?, random::<16>()?)
        .map_err(|e| made(&e))?;
    PrivateKeyInfoRef::try_from(document.as_bytes())
        .and_then(|info| info.encrypt_with_params(how, passphrase.0.as_bytes()))
        .map_err(|e| made(&e))?
        .to_pem(LOCKED, LineEnding::LF)
        .map_err(|e| made(&e))
}

pub fn p256(document: &SecretDocument) -> Result<SigningKey, String> {
    SigningKey::from_pkcs8_der(document.as_bytes()).map_err(|_| "it is not a P-256 key".to_owned())
}

pub fn p256_document(key: &SigningKey) -> Result<SecretDocument, SignError> {
    key.to_pkcs8_der().map_err(|e| SignError::Made(e.to_string()))
}

pub fn ed25519(document: &SecretDocument) -> Result<ed25519_dalek::SigningKey, String> {
    ed25519_dalek::SigningKey::from_pkcs8_der(document.as_bytes()).map_err(|_| "it is not an Ed25519 key".to_owned())
}

/// Without the public key beside it, which OpenSSL 3.0 does not read.
pub fn log_document(secret: &[u8; 32]) -> Result<SecretDocument, SignError> {
    KeypairBytes { secret_key: *secret, public_key: None }.to_pkcs8_der().map_err(|e| SignError::Made(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_clear_from_hex_and_from_under_its_passphrase_alone() {
        let document = log_document(&[7; 32]).expect("a key");
        let passphrase = Passphrase::new("a long enough one").expect("not empty");
        let clear = write(&document, None).expect("text");
        let locked = write(&document, Some(&passphrase)).expect("text");
        assert!(!is_locked(&clear) && is_locked(&locked));
        let key = |read: Result<SecretDocument, Unread>| ed25519(&read.expect("it opens")).expect("a key").to_bytes();
        assert_eq!(key(read(&clear, None)), [7; 32]);
        assert_eq!(key(read(&clear, Some(&passphrase))), [7; 32], "a passphrase too many does no harm");
        assert_eq!(key(read(&locked, Some(&passphrase))), [7; 32]);
        assert_eq!(key(read(&format!("{}\n", "07".repeat(32)), None)), [7; 32]);

        let why =
            |text: &str, passphrase: Option<&Passphrase>| read(text, passphrase).map(|_| ()).expect_err("refused");
        assert_eq!(why(&locked, None), Unread::Locked);
        assert_eq!(why(&locked, Passphrase::new("another one, wrong").as_ref()), Unread::WrongPassphrase);
        assert!(matches!(why(&clear[..clear.len() - 30], None), Unread::Damaged(_)));
        assert!(matches!(why("", None), Unread::Damaged(_)));
        assert!(matches!(write(&document, Passphrase::new("short").as_ref()), Err(SignError::ShortPassphrase(5))));
        assert!(p256(&read(&clear, None).expect("it opens")).is_err(), "the one kind of key is not the other");
    }

    #[test]
    fn a_passphrase_shows_itself_to_nobody() {
        let passphrase = Passphrase::new("correct horse battery").expect("not empty");
        assert_eq!(format!("{passphrase:?}"), "(hidden)");
        assert_eq!(format!("{:?}", Passphrase::default()), "(none)");
    }
}
