//! What the vendors' own tools printed, where it is: PASSMUSTER_SAMPLES, or `shared/samples` beside the repository. It is
//! other people's, so no copy of it is kept here; without it these tests say so and pass.

mod atlas;
mod aws_backup;
mod fixtures;
mod people;
mod rds;
mod storage;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use connectors::About;
use domain::Moment;
use serde_json::Value;

/// The tables: of folders of samples, which kind reads which file, which refuses it, and why nothing reads it.
struct Table {
    folders: &'static [&'static str],
    reads: fn() -> Vec<Reads>,
    /// A file, the kind, and words of the refusal.
    refused: &'static [(&'static str, &'static str, &'static str)],
    /// A file that no kind reads: it ...
    unread: &'static [(&'static str, &'static str)],
}

macro_rules! tables {
    ($($table:ident),*) => { &[$(Table {
        folders: $table::FOLDERS,
        reads: $table::reads,
        refused: $table::REFUSED,
        unread: $table::UNREAD,
    }),*] };
}

const TABLES: &[Table] = tables![atlas, aws_backup, people, rds, storage];

/// A file, the kind that reads it, how many facts, things not understood and things passed by there are, and some of
/// what the facts say.
type Reads = (&'static str, &'static str, [usize; 3], Vec<(&'static str, Value)>);

fn at(time: &str) -> Value {
    serde_json::to_value(Moment::parse(time).expect("a time")).expect("JSON")
}

fn samples() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    let dir = std::env::var_os("PASSMUSTER_SAMPLES").map_or(beside, PathBuf::from);
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("Not tested: there are no samples of vendors' output at {}.", dir.display());
    None
}

fn about() -> About {
    About {
        resource: Some("drill".to_owned()),
        collected_at: Moment::parse("2026-11-22T12:00:00Z"),
        ..About::default()
    }
}

fn read(dir: &Path, file: &str, kind: &str) -> Result<connectors::Read, connectors::Unread> {
    let bytes = std::fs::read(dir.join(file)).expect("it opens");
    (connectors::of(kind).expect("a kind").read)(&bytes, &about())
}

#[test]
fn every_file_is_read_as_it_should_be() {
    let Some(dir) = samples() else { return };
    for table in TABLES {
        for (file, kind, counts, values) in (table.reads)() {
            let read = read(&dir, file, kind).unwrap_or_else(|e| panic!("{file}: {e}"));
            let found = [read.facts.len(), read.not_understood.len(), read.passed_by];
            assert_eq!(found, counts, "{file}: {:?}", read.not_understood);
            let facts = serde_json::to_value(&read.facts).expect("JSON");
            for (place, value) in values {
                assert_eq!(facts.pointer(place).unwrap_or(&Value::Null), &value, "{file}{place}: {facts:#}");
            }
        }
        for (file, kind, why) in table.refused {
            let refused = read(&dir, file, kind).expect_err(file).to_string();
            assert!(refused.contains(why), "{file}: {refused}");
        }
    }
}

#[test]
fn no_other_kind_reads_it() {
    let Some(dir) = samples() else { return };
    // Those of home-made jobs read whatever has their columns.
    let kinds = || connectors::ALL.iter().map(|c| c.kind).filter(|kind| !kind.starts_with("runs-"));
    for table in TABLES {
        let reads = (table.reads)();
        for file in files(table, &reads) {
            for kind in kinds() {
                let wanted = reads.iter().any(|(f, k, ..)| f == &file && k == &kind);
                assert_eq!(read(&dir, file, kind).is_ok(), wanted, "{file} as {kind}");
            }
        }
    }
}

#[test]
fn every_file_is_accounted_for() {
    let Some(dir) = samples() else { return };
    for table in TABLES {
        let reads = (table.reads)();
        let mut there = BTreeSet::new();
        for folder in table.folders {
            for entry in std::fs::read_dir(dir.join(folder)).expect("a folder") {
                there.insert(format!("{folder}/{}", entry.expect("an entry").file_name().to_string_lossy()));
            }
        }
        assert_eq!(files(table, &reads), there.iter().map(String::as_str).collect());
    }
}

fn files<'t>(table: &Table, reads: &'t [Reads]) -> BTreeSet<&'t str> {
    let refused = table.refused.iter().map(|(file, ..)| *file);
    let unread = table.unread.iter().map(|(file, _)| *file);
    reads.iter().map(|(file, ..)| *file).chain(refused).chain(unread).collect()
}
