//! Runs of home-made jobs: a line each, in CSV with a head or in JSON, with the names of [`Line`].
//!
//! This is the way for pg_dump, mysqldump and their like too: on success they print nothing that a machine could read,
//! so whoever starts them writes a line with what came of it.

use domain::{
    Moment,
    fact::{Basis, Fact, Run, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    About, Connector, Problem, Read, Unread,
    lines::{self, At},
    plain, time,
};

pub static CSV: Connector = Connector {
    kind: "runs-csv",
    title: "Runs of a job of your own, CSV",
    command: "job,state,started_at,finished_at,bytes,resource,message",
    looks: |_| false,
    read: csv,
};

pub static JSONL: Connector = Connector {
    kind: "runs-jsonl",
    title: "Runs of a job of your own, one JSON object a line",
    command: r#"{"job": "nightly-export", "state": "succeeded", "started_at": "2026-11-16T01:30:00Z"}"#,
    looks: |value| value.get("job").is_some() && value.get("state").is_some() && value.get("started_at").is_some(),
    read: jsonl,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    job: String,
    /// "succeeded", "failed", "partial", "running", "aborted"; or any other word, which is kept.
    state: String,
    started_at: Value,
    #[serde(default)]
    finished_at: Value,
    #[serde(default)]
    bytes: Value,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    message: Option<String>,
    /// What the job itself calls this run; without it job and start tell it from others.
    #[serde(default)]
    reference: Option<String>,
}

fn csv(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let (lines, bad) = lines::csv(bytes);
    facts(lines, bad, about)
}

fn jsonl(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let (lines, bad) = lines::json(bytes)?;
    facts(lines, bad, about)
}

fn facts(lines: Vec<At<Line>>, mut bad: Vec<Problem>, about: &About) -> Result<Read, Unread> {
    let mut read = Read::default();
    for (at, line) in lines {
        match run(line, about) {
            Ok(run) => {
                if run.state == RunState::Unknown {
                    read.not_understood.push(Problem::new(at, format!("state {:?}", run.said)));
                }
                read.facts.push(Fact::Run(run));
            }
            Err(says) => bad.push(Problem::new(at, says)),
        }
    }
    if !bad.is_empty() {
        return Err(Unread::Places(bad));
    }
    if read.facts.is_empty() {
        return Err(Unread::Whole("it holds no run".to_owned()));
    }
    Ok(read)
}

fn run(line: Line, about: &About) -> Result<Run, String> {
    let maybe = |name: &str, value: &Value| match value {
        Value::Null => Ok(None),
        value => time::moment(value).map(Some).map_err(|e| format!("{name}: {e}")),
    };
    let started_at = time::moment(&line.started_at).map_err(|e| format!("started_at: {e}"))?;
    let finished_at: Option<Moment> = maybe("finished_at", &line.finished_at)?;
    if finished_at.is_some_and(|end| end < started_at) {
        return Err("finished_at is before started_at".to_owned());
    }
    let bytes = match &line.bytes {
        Value::Null => None,
        Value::Number(n) => Some(n.as_i64().ok_or_else(|| format!("bytes: {n} is no whole number"))?),
        Value::String(text) => Some(text.parse().map_err(|_| format!("bytes: {text:?} is no whole number of bytes"))?),
        other => return Err(format!("bytes: {other} is no whole number of bytes")),
    };
    if bytes.is_some_and(|bytes| bytes < 0) {
        return Err("bytes: less than none".to_owned());
    }
    let state = match line.state.to_ascii_lowercase().as_str() {
        "queued" => RunState::Queued,
        "running" => RunState::Running,
        "succeeded" | "success" | "ok" => RunState::Succeeded,
        "partial" => RunState::Partial,
        "failed" | "failure" | "error" => RunState::Failed,
        "aborted" | "cancelled" | "canceled" => RunState::Aborted,
        _ => RunState::Unknown,
    };
    let reference = line.reference.unwrap_or_else(|| format!("{}/{}", line.job, started_at.rfc3339()));
    Ok(Run {
        resource: line.resource.or_else(|| about.resource.clone()),
        job: Some(line.job),
        started_at: Some(started_at),
        finished_at,
        bytes,
        basis: bytes.map(|_| Basis::Unknown),
        message: line.message,
        ..plain::run(reference, state, line.state)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_give_the_same_runs() {
        let as_csv = "job,state,started_at,finished_at,bytes\nnightly,ok,2026-11-16T01:30:00Z,2026-11-16T01:31:00Z,212000\nnightly,sleeping,2026-11-17T01:30:00Z,,\n";
        let as_json = concat!(
            r#"{"job":"nightly","state":"ok","started_at":"2026-11-16T01:30:00Z","finished_at":1794792660,"bytes":212000}"#,
            "\n\n",
            r#"{"job":"nightly","state":"sleeping","started_at":"2026-11-17T01:30:00Z"}"#
        );
        let one = csv(as_csv.as_bytes(), &About::default()).expect("it reads");
        let other = jsonl(as_json.as_bytes(), &About::default()).expect("it reads");
        assert_eq!(one.facts, other.facts);
        assert_eq!(one.not_understood[0], Problem::new("line 3", "state \"sleeping\""));
        assert_eq!(one.facts[0].about(), "run/nightly/2026-11-16T01:30:00.000Z");
    }

    #[test]
    fn every_bad_line_is_told() {
        let bad = "job,state,started_at,bytes\na,ok,2026-11-16T01:30:00,1\nb,ok,2026-11-16T01:30:00Z,2 GB\nc,ok,,\n,ok,2026-11-16T01:30:00Z,-1\n";
        let Err(Unread::Places(places)) = csv(bad.as_bytes(), &About::default()) else { panic!("refused") };
        let at: Vec<&str> = places.iter().map(|p| p.at.as_str()).collect();
        assert_eq!(at, ["line 4", "line 5", "line 2", "line 3"]);
        assert!(csv(b"", &About::default()).is_err() && jsonl(b"{", &About::default()).is_err());
    }
}
