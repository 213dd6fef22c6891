//! pgBackRest: `info --output=json`, <https://pgbackrest.org/command.html#command-info>. It lists backups that are
//! whole; one that failed or is under way is not among them. Times are seconds since 1970.

use domain::{
    Moment,
    fact::{Basis, Encryption, Fact, Point, PointState, Run, RunState},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer, plain, time};

pub static INFO: Connector = Connector {
    kind: "pgbackrest-info",
    title: "pgBackRest, backups",
    command: "pgbackrest info --output=json",
    looks: |value| value.get(0).is_some_and(|one| one.get("backup").is_some() && one.get("cipher").is_some()),
    read,
};

#[derive(Deserialize)]
struct Stanza {
    name: String,
    cipher: Option<String>,
    status: Option<Status>,
    backup: Vec<Backup>,
}

#[derive(Deserialize)]
struct Status {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
struct Backup {
    label: String,
    #[serde(rename = "type")]
    kind: String,
    /// Whether pages with a wrong checksum were found.
    error: Option<bool>,
    info: Option<Info>,
    timestamp: Timestamp,
}

#[derive(Deserialize)]
struct Info {
    /// Of the whole database, however little of it this backup had to copy.
    size: i64,
}

#[derive(Deserialize)]
struct Timestamp {
    #[serde(default, deserialize_with = "time::maybe")]
    start: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    stop: Option<Moment>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let Value::Array(list) = &value else {
        return Err(Unread::Whole("it is no list of stanzas".to_owned()));
    };
    let mut read = Read::default();
    for (n, stanza) in answer::each::<Stanza>(list, "stanza")?.into_iter().enumerate() {
        // "no valid backups": nothing else in the answer would say it.
        if let Some(status) = stanza.status.filter(|status| status.code != 0) {
            read.not_understood.push(Problem::new(
                format!("stanza[{n}].status"),
                format!("{}: {} ({})", stanza.name, status.message, status.code),
            ));
        }
        let encryption = stanza.cipher.as_deref().map(|cipher| match cipher {
            "none" => Encryption::None,
            // The passphrase is of whoever set it up.
            "aes-256-cbc" => Encryption::CustomerManaged,
            _ => Encryption::Unknown,
        });
        for backup in stanza.backup {
            read.facts.extend(facts(backup, &stanza.name, encryption, about));
        }
    }
    Ok(read)
}

fn facts(b: Backup, stanza: &str, encryption: Option<Encryption>, about: &About) -> [Fact; 2] {
    let reference = format!("{stanza}/{}", b.label);
    let resource = about.resource.clone().or_else(|| Some(stanza.to_owned()));
    let bytes = b.info.map(|info| info.size);
    let basis = bytes.map(|_| Basis::Full);
    let damaged = b.error == Some(true);
    // It has no word for how a backup stands: being listed is it.
    let said = if damaged { format!("{}, error true", b.kind) } else { b.kind.clone() };
    let state = if damaged { RunState::SucceededWithIssues } else { RunState::Succeeded };
    [
        Fact::Run(Run {
            resource: resource.clone(),
            job: Some(b.kind.clone()),
            started_at: b.timestamp.start,
            finished_at: b.timestamp.stop,
            bytes,
            basis,
            message: damaged.then(|| "pages with a wrong checksum were found".to_owned()),
            point: Some(reference.clone()),
            ..plain::run(reference.clone(), state, said.clone())
        }),
        Fact::Point(Point {
            resource,
            cadence: Some(b.kind),
            taken_at: b.timestamp.stop,
            bytes,
            basis,
            region: about.region.clone(),
            encryption,
            ..plain::point(reference, PointState::Available, said)
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_a_run_and_a_point_and_a_stanza_that_is_not_well_is_told() {
        let info = r#"[{"name":"main","cipher":"aes-256-cbc","status":{"code":0,"message":"ok"},"backup":[
            {"label":"20261116-013000F","type":"full","error":false,"info":{"delta":100,"size":100,"repository":{"delta":9,"size":9}},"timestamp":{"start":1794823200,"stop":1794823260},"prior":null},
            {"label":"20261116-013000F_20261117-013000I","type":"incr","error":true,"info":{"delta":5,"size":101},"timestamp":{"start":1794909600,"stop":1794909601}}]},
            {"name":"empty","cipher":"none","status":{"code":2,"message":"no valid backups"},"backup":[]}]"#;
        let whole = read(info.as_bytes(), &About::default()).expect("it reads");
        assert_eq!(whole.facts.len(), 4);
        let Fact::Run(full) = &whole.facts[0] else { panic!("a run") };
        assert_eq!(
            (full.state, full.bytes, full.finished_at.map(Moment::millis)),
            (RunState::Succeeded, Some(100), Some(1_794_823_260_000))
        );
        let Fact::Run(damaged) = &whole.facts[2] else { panic!("a run") };
        assert_eq!((damaged.state, damaged.said.as_str()), (RunState::SucceededWithIssues, "incr, error true"));
        let Fact::Point(point) = &whole.facts[1] else { panic!("a point") };
        assert_eq!((point.encryption, point.resource.as_deref()), (Some(Encryption::CustomerManaged), Some("main")));
        assert_eq!(whole.not_understood, [Problem::new("stanza[1].status", "empty: no valid backups (2)")]);
        for bad in [r#"{"name":"main"}"#, r#"[{"name":"main"}]"#, ""] {
            assert!(read(bad.as_bytes(), &About::default()).is_err(), "{bad}");
        }
    }
}
