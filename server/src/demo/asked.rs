//! What the demo's auditor has asked so far, invented like the past it asks about and marked as such.

use std::io::Write;

use anyhow::{Context, Result};
use app::ports::Findings;
use domain::{
    Moment,
    attachment::{Attachment, FileType},
    control::Control,
    proof::sha256_hex,
    request::{Question, RecordRef, Request, Said},
    role::Scope,
};

use crate::{
    compose::House,
    ledger::canonical,
    store::attachments::{Attachments, To, Upload},
};

const DAY: i64 = 24 * 3600 * 1000;

const LOG: &str = "\
seeded demo data
09:02:11Z key grant asked for in us-west-2
09:43:30Z key grant given
09:43:52Z restore begins
11:20:04Z restore ends
";

pub async fn write(house: &House, began: Moment) -> Result<()> {
    let auditor = house.store.person("auditor").await?.context("the demo's auditor was just written")?;
    let operator = house.store.person("operator-1").await?.context("the demo's operator was just written")?;
    let audit = house.store.audits(Some(&auditor.id)).await?.pop().context("the demo's audit was just opened")?;
    let auditor = domain::role::Actor { scope: audit.value.scope(), ..auditor };
    let ask = |id: &str, control: Control, title: &str, words: &str, ago: i64| {
        let said = Said { words: words.to_owned(), ..Said::default() };
        let question = Question { title: title.to_owned(), control: Some(control), said };
        let asked =
            Request::ask(id.to_owned(), question, &auditor, Some(audit.id.clone()), began.plus_millis(-ago * DAY));
        asked.map(|request| Request { demo: true, ..request })
    };
    let first = ask(
        "R-001",
        Control::Cc75,
        "How the missed restore of last quarter was followed up",
        "One drill took 138 of its 120 minutes. What was the cause, and what shows that it was removed?",
        6,
    )?;
    let findings = Findings::all(&house.evidence, &Scope::EVERYTHING).await?;
    let finding = findings.iter().find(|finding| finding.id == "F-011").context("the demo's finding is there")?;
    let mut file = house.exports.scratch.file()?;
    file.write_all(LOG.as_bytes()).context("writing the demo's log")?;
    let attachment = Attachment {
        sha256: sha256_hex(LOG.as_bytes()),
        name: "restore.log".to_owned(),
        kind: FileType::Text,
        bytes: LOG.len() as u64,
    };
    let answer = Said {
        words: "The restore waited 41 minutes for a key grant in us-west-2.\n\nThe grant is permanent now; the next drill took 94 minutes. The log of the wait is attached.".to_owned(),
        records: vec![RecordRef { seq: finding.seal.seq, collection: "findings".to_owned(), id: finding.id.clone() }],
        attachments: vec![attachment.clone()],
    };
    let answered_at = began.plus_millis(-4 * DAY);
    Attachments::new(&house.store)
        .keep(Upload { file, attachment }, To::Request("R-001"), &operator.id, answered_at)
        .await?;
    let answered = first.clone().answer(answer, &operator, answered_at)?;
    let second = ask(
        "R-002",
        Control::A12,
        "Attestation of the newest Sunday",
        "A tenant is absent from it. Which recovery point covers that tenant for the week?",
        1,
    )?;
    let items = vec![
        canonical::insert("requests", "R-001", &first)?,
        canonical::replace("requests", "R-001", 1, &answered)?,
        canonical::insert("requests", "R-002", &second)?,
    ];
    // An interrupted start may have written some of it: what is there stays.
    house.ledger.append(items).await?;
    Ok(())
}
