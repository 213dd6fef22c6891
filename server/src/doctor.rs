//! Looks at everything the portal stands on, and says what to do.

use anyhow::Result;
use app::ports::Ledger as _;
use domain::proof::timestamp;
use serde::Serialize;

use crate::{compose::House, config::Config, ledger};

#[derive(Serialize)]
pub struct Finding {
    pub what: String,
    pub ok: bool,
    pub found: String,
    /// What to do; empty when nothing is.
    pub next: String,
}

/// One line per thing looked at. Stops where nothing further can be asked.
pub async fn look(config: Config) -> Vec<Finding> {
    let mut findings = Vec::new();
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
            say(
                "database and keys",
                false,
                format!("{e:#}"),
                "mend this first; the rest cannot be looked at without it",
            );
            return findings;
        }
    };
    say("database and keys", true, "connected, a replica set, migrated; keys open".to_owned(), "");
    let skew = clock_skew(&house).await;
    match skew {
        Ok(ms) => say(
            "clock",
            ms.abs() < 5_000,
            format!("{ms} ms from the database's"),
            "set both machines' clocks by NTP: every record's time comes from here",
        ),
        Err(e) => say("clock", false, e.to_string(), "the database did not tell its time"),
    }
    match &house.ledger.time {
        None => say("outside time", true, "no time authority is configured: times are self-asserted".to_owned(), ""),
        Some(source) => match source.ask(&timestamp::digest(b"passmuster doctor")).await {
            Ok(stamped) => say("outside time", true, format!("{} answers", stamped.stamp.authority), ""),
            Err(e) => say(
                "outside time",
                false,
                e.to_string(),
                "bundles made meanwhile say that their time is self-asserted; see time.authorities and time.roots",
            ),
        },
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

async fn clock_skew(house: &House) -> Result<i64> {
    let before = house.clock.now();
    let hello = house.store.db.run_command(bson::doc! { "hello": 1 }).await?;
    let after = house.clock.now();
    let theirs = hello.get_datetime("localTime")?.timestamp_millis();
    Ok(theirs - (before.millis() + after.since(before) / 2))
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
