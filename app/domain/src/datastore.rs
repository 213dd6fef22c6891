//! Datastores: what holds data and is backed up, put together from what vendors' tools said of it, and completed by
//! hand where no source states something. Each value keeps where it comes from.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    fact::{Encryption, Fact, PointState},
    judgement::Known,
    record::Sealed,
};

mod described;

pub use described::{Described, DescribedError, Words};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum From {
    /// The record of a fact, and the kind of output it was read from.
    Tool {
        record: String,
        connector: String,
    },
    Person {
        name: String,
        at: Moment,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said<T> {
    pub value: T,
    pub from: From,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Datastore {
    /// For addresses: "orders", "orders-2"
    pub id: String,
    pub name: String,
    /// Every name that something said of it by.
    pub names: Vec<String>,
    pub kind: Option<Said<String>>,
    pub service: Option<Said<String>>,
    pub owner: Option<Said<String>>,
    pub tier: Option<Said<String>>,
    pub region: Option<Said<String>>,
    /// Where copies of its recovery points lie as well.
    pub copies: Vec<Said<String>>,
    /// For how long its backups are kept, by the tool that keeps them.
    pub kept_days: Option<Said<i64>>,
    /// For how long they have to be, by contract.
    pub owed_days: Option<Said<i64>>,
    pub rpo_ms: Option<Said<i64>>,
    pub rto_ms: Option<Said<i64>>,
    pub encryption: Option<Said<Encryption>>,
    /// The system whose data is right where two differ.
    pub source_of_truth: Option<Said<String>>,
    /// The record of the catalogue that names it.
    pub in_catalogue: Option<String>,
    /// Where the facts about it stand in the list they were put together from.
    pub facts: Vec<usize>,
    /// Whether somebody described it by hand, or a tool said something of it that is no catalogue.
    pub here: bool,
    /// What somebody wrote last.
    pub described: Option<Sealed<Described>>,
}

impl Datastore {
    /// What nobody stated yet and somebody has to.
    pub fn lacks(&self) -> Vec<&'static str> {
        let all = [
            ("owner", self.owner.is_none()),
            ("tier", self.tier.is_none()),
            ("RPO", self.rpo_ms.is_none()),
            ("RTO", self.rto_ms.is_none()),
            ("contractual retention", self.owed_days.is_none()),
            ("source of truth", self.source_of_truth.is_none()),
        ];
        all.into_iter().filter(|(_, lacks)| *lacks).map(|(what, _)| what).collect()
    }
}

/// "orders" of "arn:aws:rds:eu-central-1:111122223333:db:orders" and of "resource:default/orders".
pub fn short(name: &str) -> &str {
    name.rsplit([':', '/']).find(|part| !part.is_empty()).unwrap_or(name)
}

pub const CATALOGUE: &str = "backstage-catalog";

/// All of them, by name. Facts are sorted in by the names they use: in full first, then by the last part of it where
/// that is one datastore's alone.
pub fn assemble(facts: &[Known], described: &[Sealed<Described>]) -> Vec<Datastore> {
    let mut known = Assembling::default();
    for sealed in described {
        known.begin(of_hand(sealed));
    }
    let catalogue = |known: &Known| known.connector == CATALOGUE;
    for (n, fact) in facts.iter().enumerate().filter(|(_, fact)| !catalogue(fact)) {
        match &fact.fact {
            Fact::Store(store) => {
                let at = known.of(&[&store.reference, &store.name], &store.name);
                take_store(&mut known.all[at], n, fact);
            }
            Fact::Bucket(bucket) => {
                let at = known.of(&[&bucket.reference], short(&bucket.reference));
                take_bucket(&mut known.all[at], n, fact);
            }
            _ => {}
        }
    }
    for (n, fact) in facts.iter().enumerate().filter(|(_, fact)| !catalogue(fact)) {
        let Some(resource) = resource(&fact.fact) else { continue };
        let at = known.find(resource).unwrap_or_else(|| known.of(&[resource], short(resource)));
        take_about(&mut known.all[at], n, fact);
    }
    for (n, fact) in facts.iter().enumerate().filter(|(_, fact)| catalogue(fact)) {
        let Fact::Store(store) = &fact.fact else { continue };
        let found = known.find(&store.reference).or_else(|| known.find(&store.name));
        let at = found.unwrap_or_else(|| known.of(&[&store.reference, &store.name], &store.name));
        take_catalogue(&mut known.all[at], n, fact);
    }
    let mut all = known.all;
    for store in &mut all {
        store.names.sort();
        store.names.dedup();
    }
    all.sort_by_cached_key(|store| (store.name.to_lowercase(), store.names.clone()));
    name_addresses(&mut all);
    all
}

/// Those known so far, found by their names.
#[derive(Default)]
struct Assembling {
    all: Vec<Datastore>,
    /// By a whole name, in small letters.
    whole: HashMap<String, usize>,
    /// By the last part of a name; several may share it.
    last: HashMap<String, BTreeSet<usize>>,
}

impl Assembling {
    fn begin(&mut self, store: Datastore) -> usize {
        self.all.push(store);
        let at = self.all.len() - 1;
        for name in self.all[at].names.clone() {
            self.call(at, &name);
        }
        at
    }

    fn call(&mut self, at: usize, name: &str) {
        self.whole.entry(name.to_lowercase()).or_insert(at);
        self.last.entry(short(name).to_lowercase()).or_default().insert(at);
    }

    /// The one of these names, or a new one.
    fn of(&mut self, names: &[&str], name: &str) -> usize {
        let found = names.iter().find_map(|name| self.whole.get(&name.to_lowercase()).copied());
        let at = found.unwrap_or_else(|| self.begin(Datastore { name: name.to_owned(), ..Datastore::default() }));
        for name in names {
            self.call(at, name);
            self.all[at].names.push((*name).to_owned());
        }
        at
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.whole.get(&name.to_lowercase()).copied().or_else(|| {
            let mut found = self.last.get(&short(name).to_lowercase())?.iter();
            found.next().copied().filter(|_| found.next().is_none())
        })
    }
}

/// The datastore that something is about, in its vendor's word.
fn resource(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::Run(run) => run.resource.as_deref(),
        Fact::Point(point) => point.resource.as_deref(),
        Fact::Schedule(schedule) => schedule.resource.as_deref(),
        _ => None,
    }
}

fn of_hand(sealed: &Sealed<Described>) -> Datastore {
    let told = &sealed.value;
    let from = || From::Person { name: told.by.clone(), at: told.occurred_at };
    let text = |value: &Option<String>| value.clone().map(|value| Said { value, from: from() });
    let number = |value: Option<i64>| value.map(|value| Said { value, from: from() });
    let mut names = told.names.clone();
    names.push(told.name.clone());
    Datastore {
        id: sealed.id.clone(),
        name: told.name.clone(),
        names,
        kind: text(&told.kind),
        service: text(&told.service),
        owner: text(&told.owner),
        tier: text(&told.tier),
        region: text(&told.region),
        owed_days: number(told.retention_days),
        rpo_ms: number(told.rpo_ms),
        rto_ms: number(told.rto_ms),
        source_of_truth: text(&told.source_of_truth),
        here: true,
        described: Some(sealed.clone()),
        ..Datastore::default()
    }
}

/// A tool's word stands before a person's: what a person wrote fills what no source states.
fn say<T: Clone>(place: &mut Option<Said<T>>, value: Option<&T>, known: &Known) {
    if let Some(value) = value
        && place.as_ref().is_none_or(|said| matches!(said.from, From::Person { .. }))
    {
        let from = From::Tool { record: known.id.clone(), connector: known.connector.clone() };
        *place = Some(Said { value: value.clone(), from });
    }
}

fn take_store(store: &mut Datastore, n: usize, known: &Known) {
    let Fact::Store(fact) = &known.fact else { return };
    store.here = true;
    store.facts.push(n);
    say(&mut store.kind, Some(&fact.kind), known);
    say(&mut store.service, fact.service.as_ref(), known);
    say(&mut store.owner, fact.owner.as_ref(), known);
    say(&mut store.tier, fact.tier.as_ref(), known);
    say(&mut store.region, fact.region.as_ref(), known);
    say(&mut store.kept_days, fact.retention_days.as_ref(), known);
    say(&mut store.encryption, fact.encryption.as_ref(), known);
}

fn take_bucket(store: &mut Datastore, n: usize, known: &Known) {
    let Fact::Bucket(fact) = &known.fact else { return };
    store.here = true;
    store.facts.push(n);
    say(&mut store.kind, Some(&"S3 bucket".to_owned()), known);
    say(&mut store.kept_days, fact.old_versions_kept_days.as_ref(), known);
    say(&mut store.encryption, fact.encryption.as_ref(), known);
    copies(store, fact.replication.iter().map(|(_, to)| to), known);
}

fn take_about(store: &mut Datastore, n: usize, known: &Known) {
    store.here = true;
    store.facts.push(n);
    match &known.fact {
        Fact::Point(point) => {
            if point.state == PointState::Available {
                say(&mut store.encryption, point.encryption.as_ref(), known);
            }
            say(&mut store.region, point.region.as_ref(), known);
            copies(store, point.copies.iter(), known);
        }
        Fact::Schedule(schedule) => {
            let longest = schedule.items.iter().filter_map(|item| item.keep_days).max();
            say(&mut store.kept_days, longest.as_ref(), known);
            copies(store, schedule.copies_to.iter(), known);
        }
        _ => {}
    }
}

fn take_catalogue(store: &mut Datastore, n: usize, known: &Known) {
    let Fact::Store(fact) = &known.fact else { return };
    store.facts.push(n);
    store.in_catalogue = Some(known.id.clone());
    if store.kind.is_none() {
        say(&mut store.kind, Some(&fact.kind), known);
    }
    say(&mut store.service, fact.service.as_ref(), known);
    say(&mut store.owner, fact.owner.as_ref(), known);
    say(&mut store.tier, fact.tier.as_ref(), known);
}

fn copies<'v>(store: &mut Datastore, to: impl Iterator<Item = &'v String>, known: &Known) {
    for value in to {
        if !store.copies.iter().any(|said| &said.value == value) {
            let from = From::Tool { record: known.id.clone(), connector: known.connector.clone() };
            store.copies.push(Said { value: value.clone(), from });
        }
    }
}

/// One that is described keeps the id of its record. Of the others, two of one name get numbers, in their names too: a
/// judgement names what it is about.
fn name_addresses(all: &mut [Datastore]) {
    let mut taken: BTreeSet<String> = all.iter().map(|store| store.id.clone()).filter(|id| !id.is_empty()).collect();
    for store in all.iter_mut().filter(|store| store.id.is_empty()) {
        let slug = slug(&store.name);
        let n = (1..).find(|n| taken.insert(numbered(&slug, *n))).unwrap_or(1);
        store.id = numbered(&slug, n);
        if n > 1 {
            store.name = format!("{} ({n})", store.name);
        }
    }
}

fn numbered(slug: &str, n: usize) -> String {
    if n == 1 { slug.to_owned() } else { format!("{slug}-{n}") }
}

/// Lower-case letters, digits and hyphens.
pub fn slug(name: &str) -> String {
    let mapped: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let joined: Vec<&str> = mapped.split('-').filter(|part| !part.is_empty()).collect();
    let slug: String = joined.join("-").chars().take(60).collect();
    if slug.is_empty() { "datastore".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::Seal;

    fn known(connector: &str, fact: serde_json::Value) -> Known {
        let fact = serde_json::from_value(fact).expect("a fact");
        Known { id: format!("{connector}-1"), connector: connector.to_owned(), fact, demo: false }
    }

    fn rds() -> Known {
        known(
            "rds-instances",
            json!({ "fact": "store", "reference": "arn:aws:rds:eu-central-1:111122223333:db:orders", "name": "orders", "kind": "RDS instance", "retentionDays": 7 }),
        )
    }

    #[test]
    fn what_is_said_by_other_names_comes_together_and_two_of_one_name_stay_two() {
        let point = known(
            "rds-snapshots",
            json!({ "fact": "point", "reference": "p", "resource": "orders", "state": "available", "said": "available", "encryption": "none" }),
        );
        let catalogue = known(
            CATALOGUE,
            json!({ "fact": "store", "reference": "resource:default/orders", "name": "orders", "kind": "catalogue resource (database)", "owner": "group:default/shop" }),
        );
        let all = assemble(&[rds(), point.clone(), catalogue.clone()], &[]);
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(all[0].facts, [0, 1, 2]);
        assert_eq!(all[0].owner.as_ref().map(|s| s.value.as_str()), Some("group:default/shop"));
        assert_eq!(all[0].kind.as_ref().map(|s| s.value.as_str()), Some("RDS instance"));
        assert!(all[0].in_catalogue.is_some() && all[0].here);
        assert_eq!(all[0].lacks(), ["tier", "RPO", "RTO", "contractual retention", "source of truth"]);

        // Another thing whose name ends the same: what could mean both means neither.
        let other = known(
            "rds-instances",
            json!({ "fact": "store", "reference": "arn:aws:rds:eu-west-1:111122223333:db:orders", "name": "arn:aws:rds:eu-west-1:111122223333:db:orders", "kind": "RDS instance" }),
        );
        let table = known(
            "aws-recovery-points",
            json!({ "fact": "point", "reference": "q", "resource": "table/orders", "state": "available", "said": "COMPLETED" }),
        );
        let all = assemble(&[rds(), other, table], &[]);
        assert_eq!(all.iter().map(|s| s.facts.len()).collect::<Vec<_>>(), [1, 1, 1], "{all:#?}");
        let ids: Vec<&str> = all.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["arn-aws-rds-eu-west-1-111122223333-db-orders", "orders", "orders-2"]);
        assert_eq!((all[1].name.as_str(), all[2].name.as_str()), ("orders", "orders (2)"));
    }

    #[test]
    fn a_person_fills_what_no_source_states_and_overrules_none() {
        let words = Words {
            name: "Orders".to_owned(),
            names: "orders".to_owned(),
            owner: "Operator one".to_owned(),
            kind: "A database".to_owned(),
            retention_days: "90".to_owned(),
            rpo_hours: "6".to_owned(),
            ..Words::default()
        };
        let now = Moment::parse("2026-11-25T10:00:00Z").expect("a time");
        let seal = Seal { seq: 1, sha256: "ab".repeat(32), at: now, by: "Founder".to_owned(), broken: false };
        let value = Described::write(&words, now, "Founder").expect("it reads");
        let described = Sealed { id: "orders".to_owned(), value, seal };
        let all = assemble(&[rds()], &[described]);
        assert_eq!(all.len(), 1);
        let orders = &all[0];
        assert_eq!((orders.id.as_str(), orders.name.as_str()), ("orders", "Orders"));
        assert_eq!(orders.kind.as_ref().map(|s| s.value.as_str()), Some("RDS instance"));
        assert_eq!(orders.owner.as_ref().map(|s| &s.from), Some(&From::Person { name: "Founder".to_owned(), at: now }));
        assert_eq!(
            (orders.owed_days.as_ref().map(|s| s.value), orders.kept_days.as_ref().map(|s| s.value)),
            (Some(90), Some(7))
        );
        assert_eq!(orders.rpo_ms.as_ref().map(|s| s.value), Some(6 * 3600 * 1000));
        assert_eq!(orders.lacks(), ["tier", "RTO", "source of truth"]);
    }

    #[test]
    fn any_name_gives_an_address() {
        for (name, slug) in
            [("Orders / EU", "orders-eu"), ("", "datastore"), ("日本", "datastore"), ("a--B_9", "a-b-9")]
        {
            assert_eq!(super::slug(name), slug);
        }
    }
}
