//! Redis (and Valkey): `INFO persistence`, <https://redis.io/docs/latest/commands/info/>. It tells of the last save
//! only: when one last succeeded, and whether the last one did.

use std::collections::BTreeMap;

use domain::{
    Moment,
    fact::{Basis, Fact, Run, RunState},
};

use crate::{About, Connector, Problem, Read, Unread, plain};

pub static INFO: Connector = Connector {
    kind: "redis-info",
    title: "Redis, its last save",
    command: "redis-cli INFO persistence",
    looks: |_| false,
    read,
};

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let text = std::str::from_utf8(bytes).map_err(|e| Unread::Whole(format!("it is no UTF-8: {e}")))?;
    let info: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.trim().split_once(':')).collect();
    let Some(said) = info.get("rdb_last_bgsave_status") else {
        return Err(Unread::Whole(
            "it has no rdb_last_bgsave_status: it is not what INFO persistence prints".to_owned(),
        ));
    };
    let number = |name: &str| match info.get(name) {
        None => Ok(None),
        Some(text) => {
            let number = text.parse::<i64>().map(Some);
            number.map_err(|_| Problem::new(name, format!("{text:?} is no whole number")))
        }
    };
    let one = |problem| Unread::Places(vec![problem]);
    let saved = number("rdb_last_save_time").map_err(one)?;
    let took = number("rdb_last_bgsave_time_sec").map_err(one)?;
    let aof_bytes = number("aof_current_size").map_err(one)?;
    let store = about.resource.clone();
    let reference = |what: &str| format!("{}/{what}", store.as_deref().unwrap_or("redis"));
    let mut read = Read::default();

    let saved_at = saved.filter(|seconds| *seconds > 0).and_then(|s| Moment::from_millis(s.checked_mul(1000)?));
    let (state, said) = match (*said, took) {
        // It calls the data saved when it starts, whether or not anything ever was.
        ("ok", Some(-1)) => (RunState::Unknown, "ok, rdb_last_bgsave_time_sec -1 (none since it started)".to_owned()),
        (word, _) => (state(word), word.to_owned()),
    };
    if state == RunState::Unknown {
        read.not_understood.push(Problem::new("rdb_last_bgsave_status", said.as_str()));
    }
    // The time is that of the last save that succeeded: of one that failed nothing says when.
    let finished_at = saved_at.filter(|_| state == RunState::Succeeded);
    read.facts.push(Fact::Run(Run {
        resource: store.clone(),
        job: Some("rdb".to_owned()),
        started_at: finished_at
            .zip(took.filter(|s| *s >= 0))
            .and_then(|(end, seconds)| Moment::from_millis(end.millis() - seconds.checked_mul(1000)?)),
        finished_at,
        message: saved_at
            .filter(|_| state == RunState::Failed)
            .map(|at| format!("the last save that succeeded was at {}", at.rfc3339())),
        ..plain::run(
            finished_at.map_or_else(|| reference("rdb"), |at| reference(&format!("rdb/{}", at.rfc3339()))),
            state,
            said,
        )
    }));

    if info.get("aof_enabled") == Some(&"1") {
        let words = ["aof_last_write_status", "aof_last_bgrewrite_status"];
        let words: Vec<(&str, &str)> = words.iter().filter_map(|name| Some((*name, *info.get(name)?))).collect();
        let states: Vec<RunState> = words.iter().map(|(_, word)| self::state(word)).collect();
        let state = [RunState::Unknown, RunState::Failed, RunState::Succeeded].into_iter().find(|s| states.contains(s));
        let said = words.iter().map(|(name, word)| format!("{name} {word}")).collect::<Vec<_>>().join(", ");
        let state = state.unwrap_or(RunState::Unknown);
        if state == RunState::Unknown {
            read.not_understood.push(Problem::new("aof_last_write_status", said.as_str()));
        }
        read.facts.push(Fact::Run(Run {
            resource: store.clone(),
            job: Some("aof".to_owned()),
            bytes: aof_bytes,
            basis: aof_bytes.map(|_| Basis::Unknown),
            ..plain::run(reference("aof"), state, said)
        }));
    }
    Ok(read)
}

fn state(word: &str) -> RunState {
    match word {
        "ok" => RunState::Succeeded,
        "err" => RunState::Failed,
        _ => RunState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Persistence\r\nloading:0\r\nrdb_last_save_time:1794823200\r\nrdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_sec:20\r\naof_enabled:0\r\naof_last_write_status:ok\r\n";

    fn runs(text: &str) -> (Vec<Run>, Read) {
        let read = read(text.as_bytes(), &About::default()).expect("it reads");
        let of = |fact: &Fact| match fact {
            Fact::Run(run) => run.clone(),
            other => panic!("{other:?}"),
        };
        (read.facts.iter().map(of).collect(), read)
    }

    #[test]
    fn a_time_is_only_that_of_a_save_that_succeeded() {
        let (saved, _) = runs(INFO);
        assert_eq!(saved.len(), 1);
        assert_eq!(saved[0].state, RunState::Succeeded);
        assert_eq!(saved[0].finished_at.map(Moment::millis), Some(1_794_823_200_000));
        assert_eq!(saved[0].started_at.map(Moment::millis), Some(1_794_823_180_000));

        let (failed, _) = runs(&INFO.replace("status:ok\r\nrdb", "status:err\r\nrdb"));
        assert_eq!((failed[0].state, failed[0].finished_at), (RunState::Failed, None));
        assert!(failed[0].message.as_deref().is_some_and(|m| m.contains("last save that succeeded")));

        let (never, read) = runs(&INFO.replace("sec:20", "sec:-1"));
        assert_eq!((never[0].state, never[0].finished_at, read.not_understood.len()), (RunState::Unknown, None, 1));
    }

    #[test]
    fn the_append_only_file_counts_where_it_is_on() {
        let on =
            INFO.replace("aof_enabled:0", "aof_enabled:1\r\naof_current_size:512\r\naof_last_bgrewrite_status:err");
        let (both, _) = runs(&on);
        assert_eq!((both[1].state, both[1].bytes, both[1].job.as_deref()), (RunState::Failed, Some(512), Some("aof")));
        assert!(read(b"# Server\r\nredis_version:7.2.0", &About::default()).is_err());
        assert!(read(INFO.replace("sec:20", "sec:soon").as_bytes(), &About::default()).is_err());
    }
}
