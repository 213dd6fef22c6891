//! Datastores: what is stated of each and by whom, what it comes to, and completing one by hand.

use std::collections::BTreeMap;

use domain::{
    Moment,
    datastore::{Datastore, Described, From, Words, slug},
    judgement::{Due, Facts, Judgement, due, judge, rank},
    role::{Actor, Permission},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, known, once};
use crate::{
    parts::encoded,
    ports::Ports,
    problem::{Problem, ProblemKind},
};

const HERE: &str = "/datastores";

pub struct DatastoresPage {
    pub lines: Vec<Line>,
    /// Whether a service catalogue was ever brought.
    pub catalogue: bool,
    /// The reader may describe one.
    pub describes: bool,
    pub refused: Option<Problem>,
    /// What was refused, to be written on.
    pub words: Words,
}

/// One datastore and the worst that is said of it.
pub struct Line {
    pub store: Datastore,
    pub judged: Vec<Judgement>,
}

impl Line {
    pub fn worst(&self) -> Option<&Judgement> {
        self.judged.iter().max_by_key(|j| rank(j.verdict))
    }
}

pub struct DatastorePage {
    pub store: Datastore,
    /// In the order of the rules, each with the finding that it opened.
    pub judged: Vec<(Judgement, Option<String>)>,
    /// Recovery points that should be there today.
    pub due: Vec<Due>,
    pub describes: bool,
    pub refused: Option<Problem>,
    pub words: Words,
}

pub async fn list(query: &ParamsMap) -> Result<DatastoresPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let facts = known::facts(&ports, &actor.scope, ports.clock.now()).await?;
    let mut by_store: BTreeMap<String, Vec<Judgement>> = BTreeMap::new();
    for judged in judge(&facts) {
        if let Some(store) = &judged.store {
            by_store.entry(store.clone()).or_default().push(judged);
        }
    }
    let catalogue = facts.asked.contains_key(domain::datastore::CATALOGUE);
    let lines =
        facts.stores.into_iter().map(|store| Line { judged: by_store.remove(&store.id).unwrap_or_default(), store });
    let (refused, words) = returned(query, HERE);
    Ok(DatastoresPage {
        lines: lines.collect(),
        catalogue,
        describes: actor.role.may(Permission::DescribeDatastores),
        refused,
        words: words.unwrap_or_default(),
    })
}

pub async fn load(id: String, query: &ParamsMap) -> Result<DatastorePage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let facts = known::facts(&ports, &actor.scope, ports.clock.now()).await?;
    let Some(store) = facts.stores.iter().find(|store| store.id == id) else { return Err(absent(&id)) };
    let findings = ports.findings.all(&actor.scope).await?;
    let opened = |cause: &str| findings.iter().find(|f| f.value.cause.as_deref() == Some(cause)).map(|f| f.id.clone());
    let judged = judge(&facts)
        .into_iter()
        .filter(|j| j.store.as_ref() == Some(&id))
        .map(|j| (opened(&j.cause()), j))
        .map(|(finding, j)| (j, finding))
        .collect();
    let (refused, words) = returned(query, &address(&id));
    Ok(DatastorePage {
        due: due(&facts, store),
        judged,
        describes: actor.role.may(Permission::DescribeDatastores),
        refused,
        words: words.unwrap_or_else(|| begun(store)),
        store: store.clone(),
    })
}

/// The form as it stands before anybody wrote: what a person said, or the name a vendor uses.
fn begun(store: &Datastore) -> Words {
    match &store.described {
        Some(described) => described.value.words(),
        None => Words { name: store.name.clone(), names: store.names.join("\n"), ..Words::default() },
    }
}

fn absent(id: &str) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        &format!("There is no datastore {id} here."),
        "Nothing was changed.",
        "Look for it in the list of datastores.",
    )
}

pub fn address(id: &str) -> String {
    format!("{HERE}/{}", encoded(id))
}

const WORDS: &str = "passmuster-datastore";

fn returned(query: &ParamsMap, path: &str) -> (Option<Problem>, Option<Words>) {
    match query.get("refused") {
        Some(_) => (Some(once::refused(path, "What was written was not taken.")), once::take(WORDS, path)),
        None => (None, None),
    }
}

/// Seals what somebody wrote of a datastore. `id`: the one it is about; empty for another.
#[server(prefix = "/datastores", endpoint = "describe")]
#[allow(clippy::too_many_arguments)]
pub async fn describe(
    #[server(default)] id: String,
    #[server(default)] seen: String,
    #[server(default)] name: String,
    #[server(default)] names: String,
    #[server(default)] kind: String,
    #[server(default)] service: String,
    #[server(default)] owner: String,
    #[server(default)] tier: String,
    #[server(default)] region: String,
    #[server(default)] retention_days: String,
    #[server(default)] rpo_hours: String,
    #[server(default)] rto_hours: String,
    #[server(default)] source_of_truth: String,
) -> Result<(), Problem> {
    let words = Words {
        name,
        names,
        kind,
        service,
        owner,
        tier,
        region,
        retention_days,
        rpo_hours,
        rto_hours,
        source_of_truth,
    };
    let path = if id.is_empty() { HERE.to_owned() } else { address(&id) };
    let written = write(&id, &seen, &words).await;
    if written.is_err() {
        once::leave(WORDS, &path, &words, false);
    }
    once::led_back(written, &path, &format!("{path}?refused=1#describe"))
}

async fn write(id: &str, seen: &str, words: &Words) -> Result<String, Problem> {
    let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::DescribeDatastores).await?;
    let now: Moment = ports.clock.now();
    let described = Described::write(words, now, &actor.name).map_err(|why| Problem::bad_input(&why.what, why.next))?;
    let facts: Facts = known::facts(&ports, &actor.scope, now).await?;
    let (id, seen) = if id.is_empty() {
        let id = slug(&described.name);
        if facts.stores.iter().any(|store| store.id == id) {
            return Err(Problem::bad_input(
                &format!("A datastore called {} is here already.", described.name),
                "Describe that one, or give this one another name.",
            ));
        }
        (id, None)
    } else {
        let store = facts.stores.iter().find(|store| store.id == id).ok_or_else(|| absent(id))?;
        (store.id.clone(), seen.parse().ok())
    };
    ports.datastores.describe(&id, &described, seen).await?;
    Ok(address(&id))
}

/// "rds-instances", or "Founder, 2026-11-25"
pub fn source(from: &From) -> String {
    match from {
        From::Tool { connector, .. } => connector.clone(),
        From::Person { name, at } => format!("{name}, {}", domain::words::date(*at)),
    }
}
