//! The configuration: a TOML file, each key overridable as `PASSMUSTER_<SECTION>__<KEY>`, secrets also from files.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result, bail};
use domain::{proof::passkey::Place, schedule::Period};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::{exports::spool::Scratch, sign::Passphrase};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Config {
    pub portal: Portal,
    pub database: Database,
    pub keys: Keys,
    pub company: Company,
    pub time: Time,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Portal {
    pub listen: SocketAddr,
    /// As people type it: "https://evidence.example.com". Decides the cookie's name and its Secure mark.
    pub public_url: String,
    /// Where the built site (CSS, fonts, WASM) lies.
    pub site_root: PathBuf,
    /// Where bundles are put together; empty: the system's folder for temporary files.
    pub scratch: PathBuf,
}

impl Portal {
    /// Where passkeys are good for: the host of the public address, and the address itself without a path.
    pub fn place(&self) -> Place {
        let (scheme, rest) = self.public_url.split_once("://").unwrap_or(("https", &self.public_url));
        let authority = rest.split('/').next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        Place { rp_id: host.to_owned(), origins: vec![format!("{scheme}://{authority}")] }
    }

    pub fn scratch(&self) -> Scratch {
        if self.scratch.as_os_str().is_empty() { Scratch::default() } else { Scratch(self.scratch.clone()) }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Database {
    /// A replica set or Atlas.
    pub uri: String,
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Keys {
    /// Holds the signing keys; never in the database.
    pub dir: PathBuf,
    /// Opens them when they are encrypted; empty: they lie there in clear. Never written anywhere.
    #[serde(skip_serializing, default)]
    pub passphrase: Passphrase,
}

/// Outside time (RFC 3161); empty: all times are self-asserted, and pages and bundles say so.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Time {
    /// Addresses of time authorities, blanks between, asked in this order.
    pub authorities: String,
    /// A PEM file with the root certificates they lead to.
    pub roots: PathBuf,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Company {
    pub name: String,
    /// The ledger's origin: a host name and a path that no other log has.
    pub log: String,
    /// First and last day of the audit period in course, both included.
    pub audit_from: String,
    pub audit_to: String,
    /// Set by `passmuster demo` alone.
    pub demo: bool,
}

impl Time {
    /// For the demo, which reads no file.
    pub fn from_env() -> Self {
        let value = |key: &str| std::env::var(format!("PASSMUSTER_TIME__{key}")).unwrap_or_default();
        Self { authorities: value("AUTHORITIES"), roots: value("ROOTS").into() }
    }
}

/// Every key there is, with its default; `None`: must be given.
const KEYS: &[(&str, &str, Option<&str>)] = &[
    ("portal", "listen", Some("127.0.0.1:3000")),
    ("portal", "public_url", Some("http://127.0.0.1:3000")),
    ("portal", "site_root", Some("target/site")),
    ("portal", "scratch", Some("")),
    ("database", "uri", None),
    ("database", "name", Some("passmuster")),
    ("keys", "dir", Some("keys")),
    ("keys", "passphrase", Some("")),
    ("company", "name", None),
    ("company", "log", None),
    ("company", "audit_from", None),
    ("company", "audit_to", None),
    ("company", "demo", Some("false")),
    ("time", "authorities", Some("")),
    ("time", "roots", Some("")),
];

/// Keys whose values never appear in a log or on a terminal.
const SECRET: &[(&str, &str)] = &[("database", "uri"), ("keys", "passphrase")];

impl Config {
    /// Reads the file (absent is allowed when `env` says enough) and the overrides.
    pub fn load(path: &std::path::Path, env: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        };
        Self::parse(&text, env).with_context(|| format!("in {} and the environment", path.display()))
    }

    fn parse(text: &str, env: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut table: Table = text.parse().context("this is not TOML")?;
        overlay(&mut table, env)?;
        refuse_unknown(&table)?;
        for (section, key, default) in KEYS {
            let place = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(place) = place else { bail!("[{section}] must be a table") };
            if place.contains_key(*key) {
                continue;
            }
            match default {
                Some(value) => place.insert((*key).to_owned(), literal(value)),
                None => bail!(
                    "{section}.{key} is missing: set it in the file or as PASSMUSTER_{}__{}",
                    section.to_uppercase(),
                    key.to_uppercase()
                ),
            };
        }
        let config: Config = table.try_into().context("a value has the wrong form")?;
        config.audit_period()?;
        Ok(config)
    }

    pub fn audit_period(&self) -> Result<Period> {
        Period::days(&self.company.audit_from, &self.company.audit_to).with_context(|| {
            format!(
                "company.audit_from and audit_to must be days in order, such as 2026-01-01 and 2026-12-31, not {} and {}",
                self.company.audit_from, self.company.audit_to
            )
        })
    }

    /// Section, key, value, with secrets hidden.
    pub fn shown(&self) -> Vec<(String, String)> {
        let all = [
            ("portal", "listen", self.portal.listen.to_string()),
            ("portal", "public_url", self.portal.public_url.clone()),
            ("portal", "site_root", self.portal.site_root.display().to_string()),
            ("portal", "scratch", self.portal.scratch().path().display().to_string()),
            ("database", "uri", self.database.uri.clone()),
            ("database", "name", self.database.name.clone()),
            ("keys", "dir", self.keys.dir.display().to_string()),
            ("keys", "passphrase", if self.keys.passphrase.is_empty() { String::new() } else { "set".to_owned() }),
            ("company", "name", self.company.name.clone()),
            ("company", "log", self.company.log.clone()),
            ("company", "audit_from", self.company.audit_from.clone()),
            ("company", "audit_to", self.company.audit_to.clone()),
            ("time", "authorities", self.time.authorities.clone()),
            ("time", "roots", self.time.roots.display().to_string()),
        ];
        all.into_iter()
            .map(|(section, key, value)| {
                let hidden = SECRET.contains(&(section, key)) && !value.is_empty();
                let value = if hidden { "(hidden)".to_owned() } else { value };
                (format!("{section}.{key}"), value)
            })
            .collect()
    }
}

/// `PASSMUSTER_DATABASE__URI` and `PASSMUSTER_DATABASE__URI_FILE` over the file's values.
fn overlay(table: &mut Table, env: impl IntoIterator<Item = (String, String)>) -> Result<()> {
    for (name, value) in env {
        let Some((section, key)) = name.strip_prefix("PASSMUSTER_").and_then(|rest| rest.split_once("__")) else {
            continue;
        };
        let (section, mut key, mut value) = (section.to_lowercase(), key.to_lowercase(), value);
        if let Some(plain) = key.strip_suffix("_file") {
            value = std::fs::read_to_string(&value)
                .with_context(|| format!("{name} names a file that cannot be read"))?
                .trim_end()
                .to_owned();
            key = plain.to_owned();
        }
        let place = table.entry(section.as_str()).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(place) = place else { bail!("[{section}] must be a table") };
        // A secret is text, whatever it looks like.
        let secret = SECRET.contains(&(section.as_str(), key.as_str()));
        place.insert(key, if secret { Value::String(value) } else { literal(&value) });
    }
    Ok(())
}

fn refuse_unknown(table: &Table) -> Result<()> {
    for (section, inner) in table {
        let keys: Vec<&str> = KEYS.iter().filter(|(s, ..)| s == section).map(|(_, k, _)| *k).collect();
        if keys.is_empty() {
            bail!("unknown section [{section}]{}", nearest(section, KEYS.iter().map(|(s, ..)| *s)));
        }
        let Value::Table(inner) = inner else { bail!("[{section}] must be a table") };
        for key in inner.keys() {
            if !keys.contains(&key.as_str()) {
                bail!("unknown key {section}.{key}{}", nearest(key, keys.iter().copied()));
            }
        }
    }
    Ok(())
}

fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .max_by(|a, b| strsim::jaro_winkler(wrong, a).total_cmp(&strsim::jaro_winkler(wrong, b)))
        .map(|name| format!("; the nearest known name is {name}"))
        .unwrap_or_default()
}

fn literal(text: &str) -> Value {
    match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        other => Value::String(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[database]\nuri = \"mongodb://h\"\n[company]\nname = \"C\"\nlog = \"l/c\"\naudit_from = \"2026-01-01\"\naudit_to = \"2026-12-31\"\n";

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_name() {
        for (text, says) in [
            (format!("{GOOD}[portal]\nlisen = \"x\"\n"), "nearest known name is listen"),
            (format!("{GOOD}[portl]\n"), "nearest known name is portal"),
            (GOOD.replace("audit_to = \"2026-12-31\"\n", ""), "PASSMUSTER_COMPANY__AUDIT_TO"),
            (GOOD.replace("2026-12-31", "2025-12-31"), "must be days in order"),
        ] {
            let error = format!("{:#}", Config::parse(&text, []).expect_err("it must be refused"));
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn the_environment_wins_and_secrets_stay_hidden() {
        let env = [("PASSMUSTER_DATABASE__URI".to_owned(), "mongodb://u:secret@h".to_owned())];
        let config = Config::parse(GOOD, env).expect("a configuration");
        assert_eq!(config.database.uri, "mongodb://u:secret@h");
        assert!(config.shown().iter().all(|(_, value)| !value.contains("secret")));
    }

    #[test]
    fn the_keys_passphrase_comes_from_a_file_and_goes_nowhere() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "true and secret\n").expect("written");
        let name = || ("PASSMUSTER_KEYS__PASSPHRASE_FILE".to_owned(), file.path().display().to_string());
        let config = Config::parse(GOOD, [name()]).expect("a configuration");
        assert!(!config.keys.passphrase.is_empty());
        assert!(config.shown().contains(&("keys.passphrase".to_owned(), "(hidden)".to_owned())));
        let written = [format!("{config:?}"), toml::to_string(&config).expect("TOML")].concat();
        assert!(!written.contains("and secret"), "{written}");
        std::fs::write(file.path(), "true\n").expect("written");
        assert!(Config::parse(GOOD, [name()]).is_ok(), "a passphrase that looks like something else is text");
        let none = Config::parse(GOOD, []).expect("a configuration");
        assert!(none.keys.passphrase.is_empty());
        assert!(none.shown().contains(&("keys.passphrase".to_owned(), String::new())));
    }
}
