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
    pub mail: Mail,
    pub oidc: Oidc,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Portal {
    pub listen: SocketAddr,
    /// As people type it: "https://evidence.example.com". Decides the cookie's name and its Secure mark, and where
    /// passkeys are good for: they need a host name, `localhost` included, and do not work on an IP address.
    pub public_url: String,
    /// Where the built site (CSS, fonts, WASM) lies.
    pub site_root: PathBuf,
    /// Where bundles are put together; empty: the system's folder for temporary files.
    pub scratch: PathBuf,
    /// Whether a proxy stands before the portal that sets X-Forwarded-For itself. Without one anybody could write a
    /// peer of their choice there, so it is not believed.
    pub trusted_proxy: bool,
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

/// How mail leaves; without a host none does, and nobody is offered a code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mail {
    /// "Passmuster <evidence@example.com>"
    pub from: String,
    pub host: String,
    #[serde(deserialize_with = "port")]
    pub port: u16,
    pub tls: Tls,
    /// Empty: no login.
    pub user: String,
    pub password: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Port 587: plain at first, then encrypted or not at all.
    #[default]
    StartTls,
    /// Port 465.
    Tls,
    /// A relay on this machine, and tests.
    None,
}

/// Sign-in at the company's own provider (OpenID Connect); without an issuer it is not offered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Oidc {
    /// As its discovery document names itself, to the letter.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// What people call it: "Continue with Example ID".
    pub name: String,
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

impl Mail {
    fn check(&self) -> Result<()> {
        if self.host.is_empty() {
            return Ok(());
        }
        if self.from.is_empty() {
            bail!("mail.host is given, and mail.from is not: who does mail come from?");
        }
        if self.tls == Tls::None && !self.password.is_empty() && !is_here(&self.host) {
            bail!(
                "mail.tls is none and mail.password would go over the network for anybody to read: use starttls or tls"
            );
        }
        Ok(())
    }
}

impl Oidc {
    fn check(&self) -> Result<()> {
        if self.issuer.is_empty() {
            return Ok(());
        }
        for (key, value) in [("client_id", &self.client_id), ("client_secret", &self.client_secret)] {
            if value.is_empty() {
                bail!(
                    "oidc.issuer is given, and oidc.{key} is not: the provider gives both when the portal is registered"
                );
            }
        }
        let (scheme, rest) = self.issuer.split_once("://").unwrap_or_default();
        let authority = rest.split('/').next().unwrap_or_default();
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        if scheme != "https" && !(scheme == "http" && is_here(host)) {
            bail!("oidc.issuer must begin with https://, not {}", self.issuer);
        }
        Ok(())
    }
}

/// Whether a host is this machine itself.
fn is_here(host: &str) -> bool {
    ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
}

/// A port as a number, or as the environment has it.
fn port<'de, D: serde::Deserializer<'de>>(given: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u16),
        Text(String),
    }
    match Given::deserialize(given)? {
        Given::Number(port) => Ok(port),
        Given::Text(text) => text.parse().map_err(|_| serde::de::Error::custom(format!("{text} is no port"))),
    }
}

/// Every key there is, with its default; `None`: must be given.
const KEYS: &[(&str, &str, Option<&str>)] = &[
    ("portal", "listen", Some("127.0.0.1:3000")),
    ("portal", "public_url", Some("http://localhost:3000")),
    ("portal", "site_root", Some("target/site")),
    ("portal", "scratch", Some("")),
    ("portal", "trusted_proxy", Some("false")),
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
    ("mail", "from", Some("")),
    ("mail", "host", Some("")),
    ("mail", "port", Some("587")),
    ("mail", "tls", Some("starttls")),
    ("mail", "user", Some("")),
    ("mail", "password", Some("")),
    ("oidc", "issuer", Some("")),
    ("oidc", "client_id", Some("")),
    ("oidc", "client_secret", Some("")),
    ("oidc", "name", Some("single sign-on")),
];

/// Keys whose values never appear in a log or on a terminal.
const SECRET: &[(&str, &str)] =
    &[("database", "uri"), ("keys", "passphrase"), ("mail", "password"), ("oidc", "client_secret")];

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
        config.mail.check()?;
        config.oidc.check()?;
        Ok(config)
    }

    /// For the demo, which reads no file: the sections that the environment alone may bring.
    pub fn sections_from_env(env: impl IntoIterator<Item = (String, String)>) -> Result<(Time, Mail, Oidc)> {
        const REST: &str = "[database]\nuri = \"-\"\n[company]\nname = \"-\"\nlog = \"-\"\naudit_from = \"2026-01-01\"\naudit_to = \"2026-12-31\"\n";
        let ours = env.into_iter().filter(|(name, _)| {
            ["PASSMUSTER_TIME__", "PASSMUSTER_MAIL__", "PASSMUSTER_OIDC__"].iter().any(|p| name.starts_with(p))
        });
        let config = Self::parse(REST, ours).context("in the environment")?;
        Ok((config.time, config.mail, config.oidc))
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
            ("portal", "trusted_proxy", self.portal.trusted_proxy.to_string()),
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
            ("mail", "from", self.mail.from.clone()),
            ("mail", "host", self.mail.host.clone()),
            ("mail", "port", self.mail.port.to_string()),
            ("mail", "tls", format!("{:?}", self.mail.tls).to_lowercase()),
            ("mail", "user", self.mail.user.clone()),
            ("mail", "password", self.mail.password.clone()),
            ("oidc", "issuer", self.oidc.issuer.clone()),
            ("oidc", "client_id", self.oidc.client_id.clone()),
            ("oidc", "client_secret", self.oidc.client_secret.clone()),
            ("oidc", "name", self.oidc.name.clone()),
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
            (format!("{GOOD}[mail]\nhost = \"smtp.example\"\n"), "mail.from"),
            (
                format!(
                    "{GOOD}[mail]\nhost = \"smtp.example\"\nfrom = \"a@b.example\"\ntls = \"none\"\npassword = \"p\"\n"
                ),
                "for anybody to read",
            ),
            (format!("{GOOD}[mail]\nport = \"many\"\n"), "many is no port"),
            (format!("{GOOD}[oidc]\nissuer = \"https://id.example\"\n"), "oidc.client_id"),
            (
                format!("{GOOD}[oidc]\nissuer = \"http://id.example\"\nclient_id = \"c\"\nclient_secret = \"s\"\n"),
                "must begin with https://",
            ),
        ] {
            let error = format!("{:#}", Config::parse(&text, []).expect_err("it must be refused"));
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn passkeys_are_good_for_the_host_of_the_public_address() {
        for (url, rp_id, origin) in [
            ("http://localhost:3000", "localhost", "http://localhost:3000"),
            ("https://evidence.example.com/", "evidence.example.com", "https://evidence.example.com"),
        ] {
            let config =
                Config::parse(&format!("{GOOD}[portal]\npublic_url = \"{url}\"\n"), []).expect("a configuration");
            let place = config.portal.place();
            assert_eq!((place.rp_id.as_str(), place.origins), (rp_id, vec![origin.to_owned()]));
        }
    }

    #[test]
    fn the_environment_wins_and_secrets_stay_hidden() {
        let env = [
            ("PASSMUSTER_DATABASE__URI", "mongodb://u:secret@h"),
            ("PASSMUSTER_MAIL__PASSWORD", "secret"),
            ("PASSMUSTER_MAIL__PORT", "2525"),
            ("PASSMUSTER_OIDC__CLIENT_SECRET", "secret"),
        ];
        let config = Config::parse(GOOD, env.map(|(k, v)| (k.to_owned(), v.to_owned()))).expect("a configuration");
        assert_eq!((config.database.uri.as_str(), config.mail.port), ("mongodb://u:secret@h", 2525));
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
