//! What is to be pushed, on disk until the portal has it: a portal that is away, and a runner that ends, lose nothing.
//!
//! One file a push, taken in the order of their names. A push is as good as kept once [`Queue::put`] has returned.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::portal::{Final, Portal};

/// One call of the portal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// "POST" or "PUT"
    pub method: String,
    /// Below `/api/v1/`.
    pub path: String,
    pub body: serde_json::Value,
}

pub struct Queue {
    dir: PathBuf,
    refused: PathBuf,
}

/// What became of those that waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    pub taken: usize,
    pub refused: usize,
    pub waiting: usize,
}

impl Queue {
    pub fn at(state: &Path) -> Result<Self> {
        let (dir, refused) = (state.join("queue"), state.join("refused"));
        for dir in [&dir, &refused] {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        // What was half written when the runner ended was never promised to anybody.
        for path in names(&dir)?.into_iter().filter(|p| p.extension().is_some_and(|x| x == "part")) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(Self { dir, refused })
    }

    pub fn put(&self, push: &Push) -> Result<()> {
        let last = self.waiting()?.last().and_then(|path| number(path)).unwrap_or(0);
        let path = self.dir.join(format!("{:012}.json", last + 1));
        write_whole(&path, &serde_json::to_vec(push).context("a push as JSON")?)
    }

    /// Those that wait, oldest first.
    pub fn waiting(&self) -> Result<Vec<PathBuf>> {
        let mut all = names(&self.dir)?;
        all.retain(|path| path.extension().is_some_and(|x| x == "json"));
        all.sort();
        Ok(all)
    }

    /// Pushes in order until the portal is away. What it understood and refused is set aside with its reason: it
    /// would be refused again, and must not hold up the rest.
    pub async fn flush(&self, portal: &Portal) -> Result<Flushed> {
        let mut flushed = Flushed::default();
        for path in self.waiting()? {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let push: Push =
                serde_json::from_slice(&bytes).with_context(|| format!("{} is no push", path.display()))?;
            match portal.push(&push).await {
                Ok(()) => {
                    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
                    flushed.taken += 1;
                }
                Err(why) if why.downcast_ref::<Final>().is_some() => {
                    let name = path.file_name().unwrap_or_default();
                    let aside = self.refused.join(name);
                    write_whole(&aside.with_extension("why"), format!("{why:#}\n").as_bytes())?;
                    fs::rename(&path, &aside).with_context(|| format!("cannot set {} aside", path.display()))?;
                    tracing::error!(%why, kept = %aside.display(), "the portal refused a push; it is set aside");
                    flushed.refused += 1;
                }
                Err(why) => {
                    tracing::debug!(%why, "the portal does not take what waits; tried again");
                    break;
                }
            }
        }
        flushed.waiting = self.waiting()?.len();
        Ok(flushed)
    }
}

/// Writes a file whole or not at all: after this returns it is on the disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    let said = || format!("the disk did not take {}", path.display());
    let mut file = fs::File::create(&part).with_context(said)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(said)?;
    fs::rename(&part, path).with_context(said)?;
    if let Some(dir) = path.parent() {
        fs::File::open(dir).and_then(|dir| dir.sync_all()).with_context(said)?;
    }
    Ok(())
}

fn names(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    entries.map(|e| Ok(e?.path())).collect::<Result<_>>().with_context(|| format!("cannot read {}", dir.display()))
}

fn number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(n: u64) -> Push {
        Push { method: "POST".into(), path: "job-runs".into(), body: n.into() }
    }

    #[test]
    fn pushes_wait_in_their_order_and_half_a_file_is_none() {
        let dir = tempfile::tempdir().expect("a folder");
        let queue = Queue::at(dir.path()).expect("a queue");
        for n in 0..12 {
            queue.put(&push(n)).expect("kept");
        }
        fs::write(dir.path().join("queue/000000000099.part"), b"{").expect("half a file");
        let queue = Queue::at(dir.path()).expect("the next start");
        let kept: Vec<Push> = queue
            .waiting()
            .expect("read")
            .iter()
            .map(|p| serde_json::from_slice(&fs::read(p).expect("read")).expect("a push"))
            .collect();
        assert_eq!(kept, (0..12).map(push).collect::<Vec<_>>());
    }
}
