//! The runner's own key: what it pushes, it signs. It never leaves the runner's folder; the portal knows the public half.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::proof::runner::{self, Signature};
use ed25519_dalek::{
    Signer, SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, spki::der::pem::LineEnding},
};
use serde::Serialize;

pub struct Identity(SigningKey);

impl Identity {
    /// Reads the key (PKCS#8, PEM, mode 0600), or makes it where there is none yet.
    pub fn at(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Self::make(path),
            Err(e) => return Err(e).with_context(|| format!("cannot read the runner's key {}", path.display())),
        };
        let mode = fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            bail!("others may read the runner's key {0}: chmod 600 {0}", path.display());
        }
        let key = SigningKey::from_pkcs8_pem(&text)
            .map_err(|e| anyhow::anyhow!("{} is not a key of a runner: {e}", path.display()))?;
        Ok(Self(key))
    }

    fn make(path: &Path) -> Result<Self> {
        let mut secret = [0u8; 32];
        getrandom::fill(&mut secret).map_err(|e| anyhow::anyhow!("the system gives no randomness: {e}"))?;
        let key = SigningKey::from_bytes(&secret);
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| anyhow::anyhow!("the key cannot be written: {e}"))?;
        // Whole or not at all: half a key would keep the runner from ever starting again. Nobody else may read it.
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let said = || format!("the disk did not take the runner's key {}", path.display());
        let mut file = tempfile::NamedTempFile::new_in(dir).with_context(said)?;
        file.write_all(pem.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(said)?;
        file.persist_noclobber(path).with_context(said)?;
        Ok(Self(key))
    }

    /// 32 bytes, base64.
    pub fn public(&self) -> String {
        STANDARD.encode(self.0.verifying_key().as_bytes())
    }

    pub fn sign(&self, record: &impl Serialize) -> Result<Signature> {
        let record = serde_json::to_value(record).context("the record as JSON")?;
        let message = runner::message(&record)?;
        let key = runner::key_id(self.0.verifying_key().as_bytes());
        Ok(Signature { key, value: STANDARD.encode(self.0.sign(&message).to_bytes()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again_and_not_when_others_may_read_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("runner.key");
        let made = Identity::at(&path).expect("made");
        assert_eq!(Identity::at(&path).expect("read").public(), made.public());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
        let why = Identity::at(&path).err().expect("refused").to_string();
        assert!(why.contains("chmod 600"), "{why}");
    }
}
