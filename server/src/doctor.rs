//! Looks at everything the portal stands on, and says what to do.

mod keys;

use anyhow::Result;
use app::ports::Ledger as _;
use chrono::Utc;
use domain::proof::timestamp;
use serde::Serialize;

use crate::{clock, compose::House, config::Config, ledger, sign::Folder, time::TimeError};

#[derive(Serialize)]
pub struct Finding {
    pub what: String,
    pub ok: bool,
    pub found: String,
    /// What to do; empty when nothing is. Where all is well it is advice.
    pub next: String,
}

impl Finding {
    fn good(what: &str, found: String) -> Self {
        Self { what: what.to_owned(), ok: true, found, next: String::new() }
    }

    fn bad(what: &str, found: String, next: &str) -> Self {
        Self { what: what.to_owned(), ok: false, found, next: next.to_owned() }
    }

    /// Nothing is wrong, and something could be better.
    fn note(what: &str, found: String, next: &str) -> Self {
        Self { ok: true, ..Self::bad(what, found, next) }
    }
}

/// One line per thing looked at. Stops where nothing further can be asked.
pub async fn look(config: Config) -> Vec<Finding> {
    let mut findings = keys::look(&config, Utc::now());
    let mut say = |what: &str, ok: bool, found: String, next: &str| {
        let next = if ok { String::new() } else { next.to_owned() };
        findings.push(Finding { what: what.to_owned(), ok, found, next });
    };
    let site = config.portal.site_root.join("pkg/passmuster.css");
    say(
        "site",
        site.is_file(),
        config.portal.site_root.display().to_string(),
        "pages would have no style: set portal.site_root to the folder that `make run` or the archive brought",
    );
    let house = match House::open(config).await {
        Ok(house) => house,
        Err(e) => {
            say("portal", false, format!("{e:#}"), "mend this first; the rest cannot be looked at without it");
            return findings;
        }
    };
    say("database", true, "connected, a replica set, migrated".to_owned(), "");
    for Finding { what, ok, found, next } in clocks(&house).await {
        say(&what, ok, found, &next);
    }
    match ledger::keys::unsealed(&house.ledger, &Folder::configured(&house.config.keys)).await {
        Ok(0) => say("keys in the ledger", true, "every key in use is an entry".to_owned(), ""),
        Ok(n) => say("keys in the ledger", true, format!("{n} not sealed yet; the portal's next start does it"), ""),
        Err(e) => say("keys in the ledger", false, e.to_string(), "nothing is signed with a key that is not sealed"),
    }
    say(
        "passkeys",
        house.ports.ways.passkeys,
        format!("good for {}", house.config.portal.public_url),
        "browsers offer none on an IP address: give the portal a host name in portal.public_url",
    );
    match &house.mailer {
        None => say(
            "mail",
            true,
            "no host is configured: invitations are handed over by hand, and no codes are sent".to_owned(),
            "",
        ),
        Some(mailer) => match mailer.check().await {
            Ok(()) => say("mail", true, format!("{} answers", house.config.mail.host), ""),
            Err(e) => say("mail", false, e.to_string(), "nobody gets a code or an invitation meanwhile; see [mail]"),
        },
    }
    if let Some(provider) = &house.provider {
        match provider.check().await {
            Ok(()) => say("sign-in provider", true, format!("{} is found", provider.issuer()), ""),
            Err(e) => say(
                "sign-in provider",
                false,
                e.to_string(),
                "people sign in by passkey, code or link meanwhile; see [oidc], whose issuer must be as the provider writes it",
            ),
        }
    }
    match house.ledger.read_head(None).await {
        Ok(head) => say("ledger head", true, format!("{} entries", head.map_or(0, |(h, _)| h.size)), ""),
        Err(e) => say(
            "ledger head",
            false,
            e.to_string(),
            "nothing is signed until this is understood; keep the database as it is",
        ),
    }
    match fold(&house).await {
        Ok(found) => say("ledger entries", true, found, ""),
        Err(e) => say(
            "ledger entries",
            false,
            e.to_string(),
            "compare with the auditor's last checkpoint before anything else",
        ),
    }
    if let Err(e) = ledger::watch::scan(&house.ledger).await {
        say("records", false, e.to_string(), "the database did not answer in full; try again");
        return findings;
    }
    match house.evidence.alarms().await {
        Ok(alarms) if alarms.is_empty() => {
            say("records", true, "every sealed record equals what was sealed".to_owned(), "")
        }
        Ok(alarms) => {
            for alarm in alarms {
                let found = format!("№ {} {} {}, noticed {}", alarm.seq, alarm.id, alarm.what.word(), alarm.at);
                say(
                    &alarm.coll,
                    false,
                    found,
                    "find out who wrote there; the sealed bytes are kept and say what it was",
                );
            }
        }
        Err(e) => say("records", false, e.to_string(), "try again"),
    }
    match house.evidence.unread().await {
        Ok(all) => {
            for record in all {
                let place = record.seq.map_or("not sealed".to_owned(), |seq| format!("№ {seq}"));
                let found = format!("{} ({place}) counts as no evidence: {}", record.id, record.why);
                say(&record.coll, false, found, "mend the program that writes it; a corrected record is a new one");
            }
        }
        Err(e) => say("records", false, e.to_string(), "try again"),
    }
    findings
}

/// This machine's clock against the database's, and against a time authority's where there is one.
pub async fn clocks(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(match clock::ahead_of_database(&house.store, &*house.clock).await {
        Ok(ms) if ms.abs() < clock::APART_MS => Finding::good("clock", clock::says(ms, "the database's")),
        Ok(ms) => Finding::bad("clock", clock::says(ms, "the database's"), clock::MEND),
        Err(e) => Finding::bad("clock", e.to_string(), "the database did not tell its time"),
    });
    let Some(source) = &house.ledger.time else {
        let found = "no time authority is configured: times are self-asserted".to_owned();
        findings.push(Finding::good("outside time", found));
        return findings;
    };
    let answer = source.ask(&timestamp::digest(b"passmuster doctor")).await;
    findings.push(match answer {
        Ok(stamped) => {
            let ahead = house.clock.now().since(stamped.stamp.at);
            let says = format!("{} answers; this clock is {}", stamped.stamp.authority, clock::says(ahead, "its own"));
            match ahead.abs() < clock::APART_FROM_AUTHORITY_MS {
                true => Finding::good("outside time", says),
                false => Finding::bad("outside time", says, clock::MEND),
            }
        }
        Err(e) => {
            let by = match &e {
                TimeError::Clock { said, here, .. } => {
                    format!(" ({})", clock::says(here.since(*said), "the authority's"))
                }
                _ => String::new(),
            };
            Finding::bad(
                "outside time",
                format!("{e}{by}"),
                "bundles made meanwhile say that their time is self-asserted; see time.authorities and time.roots",
            )
        }
    });
    findings
}

/// Folds every entry into the head, as an auditor would.
async fn fold(house: &House) -> Result<String> {
    let wish = house.ledger.head().await?;
    let mut frontier = domain::proof::tree::Frontier::new();
    let mut rows = house.store.documents("ledger_entries").find(bson::doc! {}).sort(bson::doc! { "_id": 1 }).await?;
    while rows.advance().await? {
        let entry = crate::store::evidence::entry(&rows.deserialize_current()?)?;
        anyhow::ensure!(entry.seq == frontier.size, "entry {} is missing", frontier.size);
        if frontier.size == wish.size {
            break;
        }
        frontier.append(domain::proof::leaf::hash(&entry));
    }
    anyhow::ensure!(frontier.size == wish.size, "the head says {} entries, {} are there", wish.size, frontier.size);
    anyhow::ensure!(domain::draw::hex(&frontier.root()) == wish.root, "the entries do not fold to the head's root");
    Ok(format!("{} entries fold to the head's root", wish.size))
}
