//! Several files of a folder changed at once: a crash leaves all of them as they were, or all of them new.
//!
//! The new files are written into a folder beside the old ones, which then gets its name in one step: that
//! is the moment of the change. They move to their places afterwards, and whoever opens the folder next
//! finishes that if it was cut short. It never touches a file that it was not told to.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use domain::draw::hex;
use zeroize::Zeroizing;

use super::certificates::random;

/// Written whole, on its way to its places.
const NEXT: &str = ".next";
/// Begins the names of those that were never finished: no change, only rubbish.
pub const STAGED: &str = ".staged-";
/// Names of files that go, a line each.
const GONE: &str = ".gone";

/// Files to write and files to take away, by their names in the folder.
#[derive(Default)]
pub struct Change {
    put: Vec<(String, Zeroizing<String>)>,
    gone: Vec<String>,
}

impl Change {
    pub fn put(&mut self, name: impl Into<String>, text: impl Into<Zeroizing<String>>) {
        self.put.push((name.into(), text.into()));
    }

    pub fn remove(&mut self, name: impl Into<String>) {
        self.gone.push(name.into());
    }

    /// Makes it so. On an error before the change nothing has changed; later ones leave a change that
    /// [`complete`] finishes.
    pub fn apply(&self, dir: &Path) -> io::Result<()> {
        complete(dir)?;
        sweep(dir)?;
        let staged = match self.stage(dir) {
            Ok(staged) => staged,
            Err(e) => {
                // What was written of it goes too: it may hold keys. The error that matters is the first.
                let _ = sweep(dir);
                return Err(e);
            }
        };
        fs::rename(staged, dir.join(NEXT))?;
        sync(dir)?;
        complete(dir)
    }

    /// The new files in a folder of their own, written to the disk.
    fn stage(&self, dir: &Path) -> io::Result<PathBuf> {
        let staged = dir.join(format!("{STAGED}{}", hex(&random::<8>().map_err(io::Error::other)?)));
        private_dir(&staged)?;
        for (name, text) in &self.put {
            let file = staged.join(name);
            if let Some(parent) = file.parent().filter(|parent| *parent != staged && !parent.exists()) {
                private_dir(parent)?;
            }
            write(&file, text)?;
        }
        write(&staged.join(GONE), &self.gone.iter().map(|name| format!("{name}\n")).collect::<String>())?;
        sync(&staged)?;
        Ok(staged)
    }
}

/// Whether a change is on its way.
pub fn is_pending(dir: &Path) -> bool {
    dir.join(NEXT).exists()
}

/// Finishes a change that was begun; does nothing where none was. May be done twice, or by two at once.
pub fn complete(dir: &Path) -> io::Result<()> {
    let next = dir.join(NEXT);
    if !next.exists() {
        return Ok(());
    }
    settle(&next, dir)?;
    for name in absent_ok(fs::read_to_string(next.join(GONE)))?.unwrap_or_default().lines() {
        absent_ok(fs::remove_file(dir.join(name)))?;
    }
    sync(dir)?;
    absent_ok(fs::remove_file(next.join(GONE)))?;
    absent_ok(fs::remove_dir_all(&next))?;
    sync(dir)
}

/// Moves the files of one folder into another, and those of folders in it.
fn settle(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == GONE {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if !there.exists() {
                private_dir(&there)?;
            }
            settle(&here, &there)?;
            sync(&there)?;
        } else {
            absent_ok(fs::rename(here, there))?;
        }
    }
    Ok(())
}

/// Takes away what a crash left before its change began.
fn sweep(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(STAGED) {
            absent_ok(fs::remove_dir_all(entry.path()))?;
        }
    }
    Ok(())
}

fn absent_ok<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(dir)
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What lies in the folder, with the folders in it.
    fn files(dir: &Path) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut open = vec![dir.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()) {
                if entry.is_dir() {
                    open.push(entry);
                } else {
                    let name = entry.strip_prefix(dir).expect("inside").display().to_string();
                    all.insert(name, fs::read_to_string(entry).expect("text"));
                }
            }
        }
        all
    }

    fn old() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a folder");
        for (name, text) in [("a", "old a"), ("b", "old b"), ("kept", "kept")] {
            write(&dir.path().join(name), text).expect("written");
        }
        dir
    }

    fn change() -> Change {
        let mut change = Change::default();
        for (name, text) in [("a", "new a"), ("c", "new c"), ("past/b", "old b")] {
            change.put(name, text.to_owned());
        }
        change.remove("b");
        change
    }

    fn named(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    fn new() -> BTreeMap<String, String> {
        named(&[("a", "new a"), ("c", "new c"), ("kept", "kept"), ("past/b", "old b")])
    }

    #[test]
    fn a_change_is_made_whole_and_leaves_nothing_beside_it() {
        let dir = old();
        change().apply(dir.path()).expect("changed");
        assert_eq!(files(dir.path()), new());
        assert!(!is_pending(dir.path()));
    }

    #[test]
    fn a_crash_at_any_step_leaves_the_old_or_the_new_whole() {
        // Before its moment: the old, and rubbish that the next change takes away.
        let dir = old();
        change().stage(dir.path()).expect("staged");
        complete(dir.path()).expect("there is nothing to finish");
        let mut visible = files(dir.path());
        visible.retain(|name, _| !name.starts_with(STAGED));
        assert_eq!(visible, named(&[("a", "old a"), ("b", "old b"), ("kept", "kept")]));
        change().apply(dir.path()).expect("changed");
        assert_eq!(files(dir.path()), new());

        // After it: so many steps were done before the crash, and the next who opens the folder does the rest.
        for steps in 0..6 {
            let dir = old();
            let staged = change().stage(dir.path()).expect("staged");
            let next = dir.path().join(NEXT);
            fs::rename(staged, &next).expect("its moment");
            let move_one = |name: &str| fs::rename(next.join(name), dir.path().join(name)).expect("moved");
            let done: [&dyn Fn(); 5] = [
                &|| move_one("a"),
                &|| move_one("c"),
                &|| fs::create_dir(dir.path().join("past")).expect("a folder"),
                &|| fs::remove_file(dir.path().join("b")).expect("taken away"),
                &|| fs::rename(next.join("past/b"), dir.path().join("past/b")).expect("moved"),
            ];
            done.iter().take(steps).for_each(|step| step());
            assert!(is_pending(dir.path()));
            complete(dir.path()).expect("finished");
            assert_eq!(files(dir.path()), new(), "after {steps} steps");
            complete(dir.path()).expect("once more does no harm");
        }
    }

    #[test]
    fn a_change_that_cannot_be_written_changes_nothing() {
        let dir = old();
        let mut bad = change();
        bad.put("a/../../elsewhere/file", "x".to_owned());
        assert!(bad.apply(dir.path()).is_err());
        let before = named(&[("a", "old a"), ("b", "old b"), ("kept", "kept")]);
        assert_eq!(files(dir.path()), before, "and leaves nothing of itself");
    }
}
