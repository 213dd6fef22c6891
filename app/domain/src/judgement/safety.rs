//! Rules about what holds backups: keys, locks, copies, who they are shared with.

use std::collections::BTreeMap;

use super::{Facts, Found, Known};
use crate::{
    fact::{Encryption, Fact, PointState},
    verdict::Verdict,
    words,
};

fn found(known: &Known, about: String, verdict: Verdict, says: &str) -> Found {
    Found { says: format!("{about}: {says}."), about, verdict, records: vec![known.id.clone()], suspects: None }
}

pub fn backed_up(facts: &Facts) -> Vec<Found> {
    let stores = facts.all.iter().filter_map(|known| {
        let Fact::Store(store) = &known.fact else { return None };
        let (verdict, says) = match (store.backed_up?, store.retention_days) {
            (true, Some(days)) => (Verdict::Met, format!("its backups are on and kept {days} days")),
            (true, None) => (Verdict::Met, "its backups are on".to_owned()),
            (false, _) => (Verdict::Missed, "its backups are off".to_owned()),
        };
        Some(found(known, store.name.clone(), verdict, &says))
    });
    stores.collect()
}

/// Of recovery points together, by what they are of: one sentence for a thousand of them.
pub fn own_key(facts: &Facts) -> Vec<Found> {
    // How many say so, and those with a key that is not one's own.
    type Told<'f> = (usize, Vec<(&'f Known, Encryption)>);
    let mut by_store: BTreeMap<&str, Told<'_>> = BTreeMap::new();
    for known in &facts.all {
        let (store, encryption, key) = match &known.fact {
            Fact::Point(point) if point.state == PointState::Available => {
                (point.resource.as_deref().unwrap_or(&known.connector), point.encryption, &point.key)
            }
            Fact::Store(store) => (store.name.as_str(), store.encryption, &store.key),
            Fact::Bucket(bucket) => (bucket.reference.as_str(), bucket.encryption, &bucket.key),
            _ => continue,
        };
        let encryption = match encryption {
            Some(Encryption::Unknown) => key.as_deref().and_then(|key| whose(facts, key)),
            told => told,
        };
        let Some(encryption) = encryption else { continue };
        let (all, other) = by_store.entry(store).or_default();
        *all += 1;
        if encryption != Encryption::CustomerManaged {
            other.push((known, encryption));
        }
    }
    let judged = by_store.into_iter().map(|(store, (all, other))| {
        let plain = other.iter().filter(|(_, e)| *e == Encryption::None).count();
        let of = |n: usize| {
            if all == 1 {
                String::new()
            } else {
                format!("{} of {} ", words::count(n as i64), words::count(all as i64))
            }
        };
        let (verdict, says) = if plain > 0 {
            (Verdict::Missed, format!("{}not encrypted", of(plain)))
        } else if other.is_empty() {
            (Verdict::Met, "encrypted with a key of one's own".to_owned())
        } else {
            (Verdict::AtRisk, format!("{}encrypted with a key of the vendor's", of(other.len())))
        };
        let records = other.iter().take(RECORDS).map(|(known, _)| known.id.clone()).collect();
        Found { says: format!("{store}: {says}."), about: store.to_owned(), verdict, records, suspects: None }
    });
    judged.collect()
}

/// A key's own word on whose it is: by its id, which an ARN ends with, or by an alias.
fn whose(facts: &Facts, key: &str) -> Option<Encryption> {
    let id = key.rsplit('/').next().unwrap_or(key);
    let told = facts.all.iter().find_map(|known| match &known.fact {
        Fact::Key(told) if told.reference == id || told.aliases.iter().any(|alias| key.ends_with(alias.as_str())) => {
            told.customers
        }
        _ => None,
    });
    // Amazon's own aliases are the account's default keys.
    let default = key.contains("alias/aws/").then_some(false);
    told.or(default).map(|own| if own { Encryption::CustomerManaged } else { Encryption::VendorManaged })
}

/// A judgement names so many of the records it rests on.
const RECORDS: usize = 20;

pub fn key_stays(facts: &Facts) -> Vec<Found> {
    let keys = facts.all.iter().filter_map(|known| {
        let Fact::Key(key) = &known.fact else { return None };
        let name = key.aliases.first().unwrap_or(&key.reference).clone();
        let said = key.said.as_deref()?;
        let (verdict, says) = match (key.deleted_at, said) {
            (Some(at), _) => (Verdict::Missed, format!("it will be deleted at {} UTC", words::date_time(at))),
            (None, "Enabled") => (Verdict::Met, "in use".to_owned()),
            (None, said) => (Verdict::Missed, format!("it is {said}")),
        };
        Some(found(known, name, verdict, &says))
    });
    keys.collect()
}

pub fn not_shared(facts: &Facts) -> Vec<Found> {
    let shared = facts.all.iter().filter_map(|known| {
        let (about, with) = match &known.fact {
            Fact::Point(point) => (point.reference.clone(), point.shared_with.clone()?),
            Fact::Bucket(bucket) => {
                let with = if bucket.public? { vec!["all".to_owned()] } else { Vec::new() };
                (format!("bucket {}", bucket.reference), with)
            }
            Fact::Store(store) if store.public? => (store.name.clone(), vec!["all".to_owned()]),
            Fact::Store(store) => (store.name.clone(), Vec::new()),
            _ => return None,
        };
        let (verdict, says) = if with.iter().any(|who| who == "all") {
            (Verdict::Missed, "open to everybody".to_owned())
        } else if with.is_empty() {
            (Verdict::Met, "shared with nobody".to_owned())
        } else {
            (Verdict::AtRisk, format!("shared with {}", with.join(", ")))
        };
        Some(found(known, about, verdict, &says))
    });
    shared.collect()
}

pub fn locked(facts: &Facts) -> Vec<Found> {
    let places = facts.all.iter().filter_map(|known| {
        let (about, verdict, says) = match &known.fact {
            Fact::Vault(vault) => {
                let about = format!("vault {}", vault.name);
                match (vault.locked?, vault.lock_final_at) {
                    (false, _) => (about, Verdict::AtRisk, "not locked".to_owned()),
                    (true, Some(at)) if at > facts.now => {
                        let until = words::date_time(at);
                        (about, Verdict::AtRisk, format!("locked, and can be unlocked until {until} UTC"))
                    }
                    (true, Some(_)) => (about, Verdict::Met, "locked for good".to_owned()),
                    // Amazon's governance mode has no date: "AWS Backup Vault Lock", developer guide.
                    (true, None) => (about, Verdict::AtRisk, "locked, and some may still unlock it".to_owned()),
                }
            }
            Fact::Schedule(policy) => {
                let about = policy.reference.replacen('/', " ", 1);
                match (policy.enforced.as_deref()?, policy.weakened_by.as_slice()) {
                    ("ACTIVE", []) => (about, Verdict::Met, "in force, and leaves nothing open".to_owned()),
                    ("ACTIVE", open) => (about, Verdict::AtRisk, format!("in force, and {}", open.join(", "))),
                    (state, _) => (about, Verdict::AtRisk, format!("not in force: it is {state}")),
                }
            }
            Fact::Bucket(bucket) => {
                let about = format!("bucket {}", bucket.reference);
                match (bucket.object_lock.as_deref()?, bucket.lock_days) {
                    ("COMPLIANCE", Some(days)) => (about, Verdict::Met, format!("locked for {days} days")),
                    (mode, Some(days)) => {
                        let says = format!("locked for {days} days in the mode {mode}, which some may pass by");
                        (about, Verdict::AtRisk, says)
                    }
                    (_, None) => (about, Verdict::AtRisk, "a lock without a time of its own".to_owned()),
                }
            }
            _ => return None,
        };
        Some(found(known, about, verdict, &says))
    });
    places.collect()
}

pub fn replicates(facts: &Facts) -> Vec<Found> {
    let buckets = facts.all.iter().filter_map(|known| {
        let Fact::Bucket(bucket) = &known.fact else { return None };
        let about = format!("bucket {}", bucket.reference);
        let (verdict, says) = match (bucket.versioning.as_deref(), bucket.replication.as_slice()) {
            (Some("Suspended"), _) => {
                (Verdict::Missed, "its versioning is suspended: what is overwritten is lost".to_owned())
            }
            (_, []) => return None,
            (_, rules) => match rules.iter().find(|(state, _)| state != "Enabled") {
                Some((state, to)) => (Verdict::Missed, format!("its copying to {to} is {state}")),
                None => {
                    let to: Vec<&str> = rules.iter().map(|(_, to)| to.as_str()).collect();
                    (Verdict::Met, format!("copied to {}", to.join(", ")))
                }
            },
        };
        Some(found(known, about, verdict, &says))
    });
    buckets.collect()
}

pub fn torn_down(facts: &Facts) -> Vec<Found> {
    let destroyed = facts.all.iter().filter_map(|known| {
        let Fact::Destroy(destroy) = &known.fact else { return None };
        let (verdict, says) = match (destroy.left.as_slice(), destroy.errors.as_slice(), destroy.removed) {
            ([], [], Some(n)) => (Verdict::Met, format!("all {n} resources are destroyed")),
            ([], [], None) if destroy.planned.is_none() => (Verdict::Met, "nothing is left".to_owned()),
            ([], [], None) => (Verdict::Untested, "its output ends before it was done".to_owned()),
            ([], errors, _) => (Verdict::Missed, format!("it failed: {}", errors.join("; "))),
            (left, ..) => (Verdict::Missed, format!("still there: {}", left.join(", "))),
        };
        Some(found(known, destroy.reference.clone(), verdict, &says))
    });
    destroyed.collect()
}
