//! What a drill is to do: a TOML file, or flags, or both.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bson::{Document, doc};
use domain::{
    Moment, by_hand,
    drill::{Excluded, Person},
    target::Scenario,
};
use mongodb::{Client, options::ClientOptions};
use serde::Deserialize;

use super::{
    erasure,
    refusal::refusal,
    restorer::{
        atlas::{self, Atlas},
        command,
    },
    source::{archive, directory},
};

/// A plan made ready.
#[derive(Clone, Debug)]
pub struct Plan {
    pub scenario: Scenario,
    pub runbook_version: String,
    pub rpo_ms: i64,
    pub rto_ms: i64,
    pub from: From,
    /// MongoDB address of the target; a database of the run's own is made there and dropped. By hand: where people
    /// restore to, in words or as an address.
    pub target: String,
    /// `None`: drawn.
    pub tenant: Option<String>,
    /// Only these are looked at; `None`: every database that is not the server's own.
    pub only: Option<Vec<String>>,
    pub exclude: Vec<Excluded>,
    pub public_value: String,
    /// The field that says when a document was last written.
    pub last_write_field: String,
    pub compare: Compare,
    pub references: Vec<Reference>,
    pub smoke: Vec<Smoke>,
    pub people: Vec<Person>,
    pub by: String,
    /// Hosts that must never be written to: production, and staging that people work on.
    pub never: Vec<String>,
    /// Whether the target may be the source's own cluster.
    pub same_cluster: bool,
    /// The loss of a document is drilled with one of the drill's own.
    pub canary: Option<Canary>,
    /// What was erased for good and must not come back.
    pub erased: Option<erasure::List>,
}

#[derive(Clone, Debug)]
pub struct Canary {
    pub collection: String,
}

/// How much of the restored copy is held against the recovery point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// Counts, and ten documents drawn by the seed.
    #[default]
    Drawn,
    /// Every document, by digest.
    All,
}

/// A field whose values are another collection's `_id`s, or its values of a field: "orders.customerId" to "customers".
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Collection and field: up to the first dot it is the collection's name.
    pub from: String,
    pub to: String,
}

impl Reference {
    pub fn from(&self) -> (&str, &str) {
        self.from.split_once('.').unwrap_or((&self.from, "_id"))
    }

    pub fn to(&self) -> (&str, &str) {
        self.to.split_once('.').unwrap_or((&self.to, "_id"))
    }
}

/// What the application asks of its data every day, and how many documents it must find.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoke {
    pub name: String,
    pub collection: String,
    /// Stages of an aggregation; a filter is one of them.
    pub stages: Vec<Document>,
    pub at_least: i64,
}

/// The same as it stands in the file: filter or pipeline as Extended JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmokeFile {
    pub name: String,
    pub collection: String,
    pub filter: Option<String>,
    pub pipeline: Option<String>,
    pub at_least: Option<i64>,
}

impl SmokeFile {
    fn ready(self) -> Result<Smoke> {
        let said = |what: &str| format!("the smoke query {:?}: {what}", self.name);
        let stages = match (&self.filter, &self.pipeline) {
            (Some(_), Some(_)) => bail!(said("it has a filter and a pipeline, and one is enough")),
            (None, None) => Vec::new(),
            (Some(filter), None) => {
                let filter: Document =
                    serde_json::from_str(filter).with_context(|| said("its filter is not an object in JSON"))?;
                vec![doc! { "$match": filter }]
            }
            (None, Some(pipeline)) => serde_json::from_str::<Vec<Document>>(pipeline)
                .with_context(|| said("its pipeline is not a list of objects in JSON"))?,
        };
        // Staging is this drill's own; every other database of the target is somebody's.
        if stages.iter().flat_map(Document::keys).any(|stage| stage == "$out" || stage == "$merge") {
            bail!(said("it writes ($out or $merge), and a smoke query only reads"));
        }
        let at_least = self.at_least.unwrap_or(1);
        if !(0..=1000).contains(&at_least) {
            bail!(said("at_least is a number from 0 to 1000"));
        }
        Ok(Smoke { name: self.name, collection: self.collection, stages, at_least })
    }
}

#[derive(Clone, Debug)]
pub enum From {
    Uri(String),
    /// `<dir>/<db>/<collection>.bson`, as mongodump writes it.
    Directory(PathBuf, Further),
    /// One file, as `mongodump --archive` writes it.
    Archive(PathBuf, Further),
    /// Another restores it, into the databases of the target.
    Another {
        restorer: Box<Restorer>,
        /// The live cluster it is a copy of; only read, but for a canary.
        origin: Option<String>,
    },
    /// People restore it: which recovery point, and when their provider says it was taken.
    ByHand {
        recovery_point: String,
        taken_at: Moment,
    },
}

/// How a dump goes on behind its end.
#[derive(Clone, Debug, Default)]
pub struct Further {
    /// A longer operation log, as mongodump writes it; it must begin before the dump's end.
    pub oplog: Option<PathBuf>,
    /// The log is followed up to here, and no further.
    pub until: Option<Moment>,
}

#[derive(Clone, Debug)]
pub enum Restorer {
    Atlas(atlas::Config),
    Command(command::Config),
}

/// The file. Times in minutes, as runbooks promise them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    pub scenario: Option<String>,
    pub runbook_version: Option<String>,
    pub rpo_minutes: Option<i64>,
    pub rto_minutes: Option<i64>,
    /// A MongoDB address, a mongodump directory or archive; "atlas" or "command", and then what `[atlas]` or `[command]`
    /// names restores; or "by hand", and then people do the steps and press as they go.
    pub source: Option<String>,
    /// With a source that another restores: the address of the live cluster, to draw from and to compare with.
    pub origin: Option<String>,
    pub atlas: Option<atlas::Config>,
    pub command: Option<command::Config>,
    /// With a dump: an operation log that goes on behind it, as mongodump writes it (`oplog.bson`).
    pub oplog: Option<PathBuf>,
    /// With `oplog`: the moment to come back to, "2026-11-16T12:00:00Z".
    pub point_in_time: Option<String>,
    /// The loss of a document: one of the drill's own is lost and brought back.
    pub canary: Option<CanaryFile>,
    /// A file that lists what was erased for good, one object in JSON to a line.
    pub erased: Option<PathBuf>,
    /// By hand only: the snapshot or copy that people restore, as its provider names it.
    pub recovery_point: Option<String>,
    /// By hand only: when it was taken, as its provider says: "2026-11-16T12:00:00Z".
    pub taken_at: Option<String>,
    pub target: Option<String>,
    pub tenant: Option<String>,
    pub only: Option<Vec<String>>,
    #[serde(default)]
    pub exclude: Vec<Excluded>,
    pub last_write_field: Option<String>,
    /// "drawn" or "all".
    #[serde(default)]
    pub compare: Compare,
    #[serde(default)]
    pub references: Vec<Reference>,
    #[serde(default)]
    pub smoke: Vec<SmokeFile>,
    #[serde(default)]
    pub people: Vec<Person>,
    pub by: Option<String>,
    /// Hosts that must never be written to: "prod-0.example:27017", or without a port for all of its ports.
    #[serde(default)]
    pub never: Vec<String>,
    /// The target may be the source's own cluster. The record says so, and does not call it isolated.
    pub same_cluster: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryFile {
    /// In the tenant's database; "passmuster_canary" where nothing is said.
    pub collection: Option<String>,
}

impl PlanFile {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the plan {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in the plan {}", path.display()))
    }

    pub fn ready(self, public_value: String) -> Result<Plan> {
        let scenario = self.scenario.as_deref().unwrap_or("collection");
        let scenario = Scenario::from_id(scenario)
            .with_context(|| format!("unknown scenario {scenario}: document, collection, cluster or everything"))?;
        let from = self.from()?;
        let lives = matches!(from, From::Uri(_) | From::Another { origin: Some(_), .. });
        match (&self.canary, scenario, &from) {
            (None, _, From::ByHand { .. }) => {}
            (None, Scenario::Document, _) => bail!(
                "a drill of a document's loss loses one and brings it back: say [canary] in the plan, or scenario = \"collection\""
            ),
            (Some(_), Scenario::Document, _) if lives => {}
            (Some(_), Scenario::Document, _) => {
                bail!("a canary is lost in a live database: give its address as source, or as origin")
            }
            (Some(_), ..) => bail!("a canary is for scenario = \"document\""),
            (None, ..) => {}
        }
        for reference in &self.references {
            if !reference.from.contains('.') {
                bail!("the reference from {:?} names no field: write COLLECTION.FIELD", reference.from);
            }
        }
        let minutes = |m: Option<i64>, fallback: i64| m.unwrap_or(fallback).saturating_mul(60_000);
        Ok(Plan {
            scenario,
            runbook_version: self.runbook_version.unwrap_or_else(|| "not stated".to_owned()),
            // CARTIE's promise for a collection; a plan of one's own states its own.
            rpo_ms: minutes(self.rpo_minutes, 6 * 60),
            rto_ms: minutes(self.rto_minutes, 2 * 60),
            from,
            target: self.target.context("no target: give --target with the MongoDB address to restore into")?,
            tenant: self.tenant,
            only: self.only,
            exclude: self.exclude,
            public_value,
            last_write_field: self.last_write_field.unwrap_or_else(|| "updatedAt".to_owned()),
            compare: self.compare,
            references: self.references,
            smoke: self.smoke.into_iter().map(SmokeFile::ready).collect::<Result<_>>()?,
            people: self.people,
            by: self.by.unwrap_or_else(|| "operator".to_owned()),
            never: self.never,
            same_cluster: self.same_cluster.unwrap_or(false),
            canary: self.canary.map(|c| Canary { collection: c.collection.unwrap_or_else(|| CANARY.to_owned()) }),
            erased: self.erased.as_deref().map(erasure::List::read).transpose()?,
        })
    }

    fn from(&self) -> Result<From> {
        let source = self
            .source
            .clone()
            .context("no source: give --source with a MongoDB address, a mongodump directory or a mongodump archive")?;
        let until = self.point_in_time.as_deref();
        let until = until.map(|at| Moment::parse(at).with_context(|| format!("point_in_time: {at} is no time")));
        let further = Further { oplog: self.oplog.clone(), until: until.transpose()? };
        if further.until.is_some() && further.oplog.is_none() {
            bail!("point_in_time needs an oplog that goes on behind the dump's end: a dump's own only makes it whole");
        }
        if Path::new(&source).is_dir() {
            return Ok(From::Directory(source.into(), further));
        }
        if Path::new(&source).is_file() {
            return Ok(From::Archive(source.into(), further));
        }
        if further.oplog.is_some() {
            bail!("an oplog belongs to a dump, and {source} is none that is there");
        }
        if source.starts_with("mongodb://") || source.starts_with("mongodb+srv://") {
            return Ok(From::Uri(source));
        }
        match source.as_str() {
            by_hand::KIND => {
                let missing =
                    "a drill by hand names what is restored: recovery_point, and taken_at as 2026-11-16T12:00:00Z";
                let taken_at = self.taken_at.as_deref().and_then(Moment::parse).context(missing)?;
                Ok(From::ByHand { recovery_point: self.recovery_point.clone().context(missing)?, taken_at })
            }
            "atlas" => {
                let config = self.atlas.clone().context("source = \"atlas\" needs [atlas] in the plan")?;
                // Reads the secrets and refuses what must not be, before anything runs.
                Atlas::open(config.clone())?;
                self.another(Restorer::Atlas(config))
            }
            "command" => {
                let config = self.command.clone().context("source = \"command\" needs [command] in the plan")?;
                config.check()?;
                self.another(Restorer::Command(config))
            }
            _ => bail!(
                "the source {source} is neither a MongoDB address (mongodb://…) nor a directory or file that is there, nor “atlas”, “command” or “by hand”"
            ),
        }
    }

    fn another(&self, restorer: Restorer) -> Result<From> {
        if self.origin.is_none() && self.tenant.is_none() {
            bail!("nothing says which tenants there are: give origin, the live cluster's address, or name a tenant");
        }
        if self.same_cluster == Some(true) {
            bail!("same_cluster is for copies under a name of their own; what another restores has its tenants' names");
        }
        Ok(From::Another { restorer: Box::new(restorer), origin: self.origin.clone() })
    }
}

/// Databases that are never a tenant's: the server's own, and the portal's, as it is called where nothing else is said.
const SYSTEM: [&str; 4] = ["admin", "config", "local", "passmuster"];
/// The collection that a canary is laid in where the plan names none. By its name it is the drills' own.
pub const CANARY: &str = "passmuster_canary";
/// How the databases of drills begin.
pub const STAGING: &str = "staging_d_";

/// Whether a database may be a tenant's: not the server's own, and not a drill's.
pub fn is_tenant(name: &str) -> bool {
    !SYSTEM.contains(&name) && !name.starts_with(STAGING)
}

impl Plan {
    /// The tenant databases the source holds, sorted.
    pub async fn tenants(&self) -> Result<Vec<String>> {
        let mut names = match &self.from {
            From::ByHand { .. } => Vec::new(),
            From::Directory(dir, _) => directory::databases(dir)?,
            From::Archive(file, _) => archive::databases(file)?,
            From::Uri(_) | From::Another { .. } => match self.origin().await? {
                Some(client) => {
                    client.list_database_names().await.map_err(refusal).context("the source does not answer")?
                }
                None => self.tenant.iter().cloned().collect(),
            },
        };
        names.retain(|name| is_tenant(name));
        if let Some(only) = &self.only {
            names.retain(|n| only.contains(n));
        }
        names.sort();
        Ok(names)
    }

    /// The live cluster, where one is in reach.
    pub async fn origin(&self) -> Result<Option<Client>> {
        let Some(uri) = self.origin_uri() else { return Ok(None) };
        Client::with_uri_str(uri).await.map(Some).map_err(|_| super::bad_address("source"))
    }

    pub fn origin_uri(&self) -> Option<&str> {
        match &self.from {
            From::Uri(uri) => Some(uri),
            From::Another { origin, .. } => origin.as_deref(),
            From::Directory(..) | From::Archive(..) | From::ByHand { .. } => None,
        }
    }

    pub fn by_hand(&self) -> bool {
        matches!(self.from, From::ByHand { .. })
    }

    /// The target's host and port, without credentials.
    pub fn target_host(&self) -> String {
        let rest = self.target.split_once("://").map_or(self.target.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default().to_owned()
    }
}

/// Says early whether an address can be read at all.
pub async fn check_uri(uri: &str) -> Result<()> {
    ClientOptions::parse(uri).await.map(|_| ()).context("this is not a MongoDB address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_the_record() {
        let file = PlanFile {
            source: Some("mongodb://h".into()),
            target: Some("mongodb+srv://user:p%40ss@staging.example:27018/x?tls=true".into()),
            ..PlanFile::default()
        };
        assert_eq!(file.ready(String::new()).expect("a plan").target_host(), "staging.example:27018");
    }

    #[test]
    fn a_plan_says_what_is_missing() {
        let error = PlanFile::default().ready(String::new()).expect_err("no source");
        assert!(error.to_string().contains("--source"), "{error}");
        let wrong: Result<PlanFile, _> = toml::from_str("sorce = \"x\"");
        assert!(wrong.is_err(), "unknown keys are errors");
    }

    #[test]
    fn a_plan_that_would_write_or_does_not_read_is_refused_before_anything_runs() {
        let plan = |more: &str| -> Result<Plan> {
            let text = format!("source = \"mongodb://h\"\ntarget = \"mongodb://t\"\n{more}");
            toml::from_str::<PlanFile>(&text)?.ready(String::new())
        };
        let whole = plan(
            "compare = \"all\"\n[[references]]\nfrom = \"orders.customer.id\"\nto = \"customers\"\n[[smoke]]\nname = \"open\"\ncollection = \"orders\"\nfilter = '{\"b\":1,\"a\":{\"$oid\":\"070707070707070707070707\"}}'",
        )
        .expect("a plan");
        assert_eq!(whole.compare, Compare::All);
        assert_eq!(whole.references[0].from(), ("orders", "customer.id"));
        assert_eq!(whole.references[0].to(), ("customers", "_id"));
        let filter = whole.smoke[0].stages[0].get_document("$match").expect("a filter");
        assert!(filter.get_object_id("a").is_ok() && filter.keys().next().is_some_and(|k| k == "b"));
        for (more, says) in [
            ("[[smoke]]\nname = \"x\"\ncollection = \"c\"\npipeline = '[{\"$out\":\"production\"}]'", "only reads"),
            ("[[smoke]]\nname = \"x\"\ncollection = \"c\"\npipeline = '{}'", "not a list"),
            ("[[smoke]]\nname = \"x\"\ncollection = \"c\"\nfilter = '['", "not an object"),
            ("[[smoke]]\nname = \"x\"\ncollection = \"c\"\nat_least = 2000", "0 to 1000"),
            ("[[references]]\nfrom = \"orders\"\nto = \"customers\"", "COLLECTION.FIELD"),
            ("compare = \"some\"", "unknown variant"),
        ] {
            let error = format!("{:#}", plan(more).expect_err(says));
            assert!(error.contains(says), "{error}");
        }
    }
}
