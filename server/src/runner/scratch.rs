//! Where a drill puts the dump it makes: a folder of its own, gone with it. What a killed runner left of a customer's
//! data is removed by the next drill on the same machine.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

const PREFIX: &str = "passmuster-drill-";
/// Held by the drill whose folder it is, and by nobody once that is dead. No database has a dot in its name.
const LOCK: &str = ".lock";

pub struct Scratch {
    dir: TempDir,
    _lock: File,
}

impl Scratch {
    pub fn make() -> Result<Self> {
        let beside = std::env::temp_dir();
        for path in left(&beside) {
            match fs::remove_dir_all(&path) {
                Ok(()) => tracing::warn!(path = %path.display(), "removed the dump that a killed drill left"),
                Err(why) => {
                    tracing::warn!(path = %path.display(), %why, "a killed drill left a dump; remove it by hand");
                }
            }
        }
        let said = || format!("no room for a dump in {}", beside.display());
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&beside).with_context(said)?;
        // Named once it is held, so that nobody finds it free before.
        let unnamed = dir.path().join(".lock.part");
        let lock = File::create(&unnamed).with_context(said)?;
        lock.lock().with_context(said)?;
        fs::rename(&unnamed, dir.path().join(LOCK)).with_context(said)?;
        Ok(Self { dir, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Folders of drills that are dead. One that cannot be looked into is somebody else's.
fn left(beside: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(beside).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| {
        entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    let dead = |path: &PathBuf| File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
    ours.map(|entry| entry.path()).filter(dead).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_left_when_its_drill_is_dead_and_not_before() {
        let beside = tempfile::tempdir().expect("a folder");
        let path = beside.path().join("passmuster-drill-x");
        fs::create_dir(&path).expect("a folder");
        assert!(left(beside.path()).is_empty(), "without a lock it is nobody's to remove");
        let lock = File::create(path.join(LOCK)).expect("a lock");
        lock.lock().expect("held");
        assert!(left(beside.path()).is_empty());
        drop(lock);
        assert_eq!(left(beside.path()), [path]);
    }
}
