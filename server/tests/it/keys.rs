//! The company's keys: at rest, in another's place, from a company's authority, in the ledger, on the command line.

mod bad;
mod command;
mod company;
mod ledger;
mod rest;
mod rotation;

use std::{fs, path::Path, process::Command, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use domain::proof::layout;

use crate::bundle::open;
use server::sign::{Folder, Keys, Passphrase};

pub const ORG: &str = "CARTIE";
pub const LOG: &str = "passmuster.example/cartie";

/// A folder of keys that goes with the test.
pub struct Kept {
    pub dir: tempfile::TempDir,
    pub folder: Folder,
}

impl Kept {
    pub fn empty() -> Self {
        Self::under(None)
    }

    pub fn under(passphrase: Option<&str>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(dir.path().join("keys"), passphrase.and_then(Passphrase::new));
        Self { dir, folder }
    }

    /// With keys made so many days ago.
    pub fn made(days_ago: i64) -> Self {
        let kept = Self::empty();
        kept.folder.create(ORG, LOG, now() - TimeDelta::days(days_ago), "founder").expect("new keys");
        kept
    }

    pub fn keys(&self) -> Arc<Keys> {
        Arc::new(self.folder.open(LOG).expect("the keys open"))
    }

    /// The same folder under another passphrase, or none.
    pub fn with(&self, passphrase: &str) -> Folder {
        Folder::new(self.folder.dir(), Passphrase::new(passphrase))
    }

    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.dir().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).expect("a file of the folder")
    }

    pub fn names(&self) -> Vec<String> {
        let all = fs::read_dir(self.folder.dir()).expect("a folder");
        let mut names: Vec<_> = all.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Runs a script in a folder: whether it was content, and everything it said.
pub fn shell(dir: &Path, script: &str) -> (bool, String) {
    let out = Command::new("bash").args(["-ec", script]).current_dir(dir).output().expect("bash runs");
    let said = [out.stdout, out.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    (out.status.success(), said)
}

/// Runs a script that must be content.
pub fn must(dir: &Path, script: &str) -> String {
    let (content, said) = shell(dir, script);
    assert!(content, "{script}: {said}");
    said
}

/// The recipe, word for word, on a bundle unpacked beside this root; `more` stands behind `-purpose any`.
pub fn recipe(zip: &[u8], root_pem: &str, more: &str) -> (bool, String) {
    let bundle = open(zip);
    let dir = tempfile::tempdir().expect("a folder");
    for (name, bytes) in &bundle.files {
        let file = dir.path().join(&bundle.folder).join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, bytes).expect("a file");
    }
    fs::write(dir.path().join("evidence-root.pem"), root_pem).expect("the root");
    let recipe = layout::RECIPE.replace("-purpose any", &format!("-purpose any {more}"));
    let (content, said) = shell(&dir.path().join(&bundle.folder), &recipe);
    (content && said.lines().any(|l| l == "complete"), said)
}
