//! Auditors' requests: every version of one is here, each only adds to the one before, and what it names is here too.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Checking,
    log::{Log, Sealed},
    records::{Record, Records},
};
use crate::{ejson, request::Request};

const REQUESTS: &str = "requests";

impl Checking {
    /// Bundles without any lose nothing by it: a request goes in when its auditor says so.
    pub(super) fn requests(&mut self, records: &Records, log: &Log) {
        let seen: BTreeSet<u64> = records.seen.iter().map(|r| r.seq).collect();
        let mut threads: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
        for record in records.kept.iter().filter(|r| r.collection.name == REQUESTS) {
            threads.entry(&record.id).or_default().push(record);
        }
        let mut wrong = Vec::new();
        let mut elsewhere = 0;
        for entry in log.entries().filter(|e| e.coll == REQUESTS && !seen.contains(&e.seq)) {
            match threads.contains_key(entry.id) {
                true => wrong.push(format!("{} lacks its version of entry {}", entry.id, entry.seq)),
                false => elsewhere += 1,
            }
        }
        for versions in threads.values_mut() {
            versions.sort_by_key(|record| record.seq);
            wrong.extend(thread(versions, &seen, log));
        }
        if elsewhere > 0 {
            let versions = if elsewhere == 1 { "one version".to_owned() } else { format!("{elsewhere} versions") };
            self.not_proven.push(format!(
                "What auditors asked in {versions} of requests that are here by digest only: a request is carried when its auditor wants it."
            ));
        }
        if !threads.is_empty() || !wrong.is_empty() {
            let count = if threads.len() == 1 { "One".to_owned() } else { threads.len().to_string() };
            let good = format!("{count} with every version, and each version only adds to the thread.");
            self.none_wrong("The requests", wrong, good);
        }
    }
}

/// One request's versions, oldest first.
fn thread(versions: &[&Record], seen: &BTreeSet<u64>, log: &Log) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut before: Option<Request> = None;
    for record in versions {
        let name = format!("{} (entry {})", record.id, record.seq);
        let request: Request = match serde_json::from_value(ejson::plain(&record.value)) {
            Ok(request) => request,
            Err(e) => {
                wrong.push(format!("{name} cannot be read as a request: {e}"));
                return wrong;
            }
        };
        if before.as_ref().is_some_and(|before| !request.adds_to(before)) {
            wrong.push(format!("{name} takes back or changes what was said before"));
        }
        before = Some(request);
    }
    for named in before.iter().flat_map(Request::records) {
        let is = |entry: Sealed| (entry.coll, entry.id) == (named.collection.as_str(), named.id.as_str());
        if !log.entry(named.seq).is_some_and(is) {
            wrong.push(format!("{} names {}, which entry {} does not seal", versions[0].id, named.id, named.seq));
        } else if !seen.contains(&named.seq) {
            wrong.push(format!("{} names {} (entry {}), which is not here", versions[0].id, named.id, named.seq));
        }
    }
    wrong
}
