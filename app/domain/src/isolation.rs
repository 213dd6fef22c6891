//! Whether a restore would be written into what it must not touch. Deny by default: nothing is written before this is
//! answered.

use std::collections::BTreeSet;

/// A cluster as it tells of itself and as it is addressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    /// "host:port", lower case: its members' own names, and those in its address.
    pub hosts: BTreeSet<String>,
    /// The replica set's or sharded cluster's own id; `None`: it does not say, or these credentials may not ask.
    pub id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    pub isolated: bool,
    /// One sentence for people.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the target {0} is one of the hosts that must never be written to; nothing was written")]
    Never(String),
    #[error(
        "the target is the source's own cluster ({0}); nothing was written. Restore to another, or say same_cluster = true in the plan, which the record will tell"
    )]
    Source(String),
}

/// `source` is absent when the recovery point is a file. `never` names hosts, with or without a port.
pub fn isolation(
    source: Option<&Cluster>,
    target: &Cluster,
    never: &[String],
    same_cluster: bool,
) -> Result<Isolation, Refused> {
    let forbidden = |host: &&String| {
        let bare = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
        never.iter().any(|n| n.eq_ignore_ascii_case(host) || n.eq_ignore_ascii_case(bare))
    };
    if let Some(host) = target.hosts.iter().find(forbidden) {
        return Err(Refused::Never(host.clone()));
    }
    let Some(source) = source else {
        return Ok(Isolation { isolated: true, why: "No live source is in this drill’s reach.".into() });
    };
    let shared = source.hosts.intersection(&target.hosts).next();
    let same = match (&source.id, &target.id) {
        (Some(a), Some(b)) if a == b => Some(format!("both say the id {a}")),
        // Two ids that differ settle it, whatever a tunnel calls the hosts.
        (Some(_), Some(_)) => None,
        _ => shared.map(|host| format!("both are {host}")),
    };
    match same {
        Some(how) if !same_cluster => Err(Refused::Source(how)),
        Some(how) => {
            Ok(Isolation { isolated: false, why: format!("The source's own cluster, as the plan allows: {how}.") })
        }
        None => Ok(match (&source.id, &target.id) {
            (Some(a), Some(b)) => Isolation {
                isolated: true,
                why: format!("Another cluster than the source: it says the id {b}, the source {a}."),
            },
            _ => Isolation {
                isolated: true,
                why: "Another cluster than the source, by its members' names; not both tell their id.".into(),
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(id: Option<&str>, hosts: &[&str]) -> Cluster {
        Cluster { hosts: hosts.iter().map(|h| (*h).to_owned()).collect(), id: id.map(str::to_owned) }
    }

    #[test]
    fn what_must_not_be_touched_is_refused_however_it_is_called() {
        let never = ["prod.example".to_owned(), "QA.example:27018".to_owned()];
        let (a, b) = (cluster(Some("aa"), &["prod.example:27017"]), cluster(Some("bb"), &["s.example:27017"]));
        let table = [
            // Another cluster.
            (Some(&a), &b, false, Ok(true)),
            // A host on the list, with and without its port.
            (None, &a, true, Err(Refused::Never("prod.example:27017".into()))),
            (None, &cluster(None, &["qa.example:27018"]), true, Err(Refused::Never("qa.example:27018".into()))),
            (None, &cluster(None, &["qa.example:27019"]), false, Ok(true)),
            // The same cluster by its id though the names differ, and by its names though no id is told.
            (Some(&cluster(Some("bb"), &["tunnel:1"])), &b, false, Err(Refused::Source("both say the id bb".into()))),
            (
                Some(&cluster(None, &["s.example:27017"])),
                &b,
                false,
                Err(Refused::Source("both are s.example:27017".into())),
            ),
            (Some(&cluster(Some("bb"), &["tunnel:1"])), &b, true, Ok(false)),
            // Two tunnels of the same name to different clusters.
            (Some(&cluster(Some("cc"), &["s.example:27017"])), &b, false, Ok(true)),
        ];
        for (n, (source, target, same_cluster, expected)) in table.into_iter().enumerate() {
            let found = isolation(source, target, &never, same_cluster).map(|i| i.isolated);
            assert_eq!(found, expected, "row {n}");
        }
    }
}
