//! What incidents leave to be mended: each opens a finding once, and closes as its rule says.

use app::ports::{Drills, Findings, Incidents, PortError, Reviews};
use domain::{
    control::Evidence as Kind,
    finding::{Finding, State},
    incident::{
        incidents as folded,
        miss::{self, Miss},
    },
    proof::signoff::Purpose,
    record::Sealed,
    role::Scope,
};

use super::PORTAL;
use crate::{compose::House, ledger::canonical};

pub async fn incidents(house: &House) -> Result<(), PortError> {
    let everything = Scope::EVERYTHING;
    let all = folded(house.evidence.acts(&everything).await?);
    if all.is_empty() {
        return Ok(());
    }
    let accounts = house.evidence.accounts(&everything).await?;
    let reviews = Reviews::all(&house.evidence, &everything).await?.reviews;
    let drills = Drills::all(&house.evidence, &everything).await?;
    let findings = Findings::all(&house.evidence, &everything).await?;
    let mut number = findings.iter().filter_map(|f| f.id.strip_prefix("F-")?.parse::<u32>().ok()).max().unwrap_or(0);
    let now = house.clock.now();
    for incident in &all {
        let account = accounts.iter().find(|account| account.id == incident.id).map(|account| &account.value);
        for miss in miss::misses(incident, account, now) {
            if findings.iter().any(|f| f.value.cause.as_deref() == Some(miss.cause.as_str())) {
                continue;
            }
            number += 1;
            let finding = opened(&miss, &format!("F-{number:03}"), now);
            seal(house, canonical::insert("findings", &finding.id, &finding)).await?;
        }
        let signed = reviews.iter().any(|r| {
            r.subject.purpose == Purpose::Accounts && r.subject.document == incident.id && r.signed().is_some()
        });
        for finding in &findings {
            let Some((id, what)) = miss::opened_by(&finding.value) else { continue };
            if id != incident.id || finding.value.state != State::Open {
                continue;
            }
            if let Some(evidence) = miss::closed(what, incident, signed, &drills) {
                close(house, finding, evidence).await?;
            }
        }
    }
    Ok(())
}

async fn close(house: &House, finding: &Sealed<Finding>, evidence: String) -> Result<(), PortError> {
    let state = State::Closed { at: house.clock.now(), evidence };
    let closed = Finding { state, ..finding.value.clone() };
    let version = house.evidence.version(finding.seal.seq).await?;
    seal(house, canonical::replace("findings", &finding.id, version + 1, &closed)).await
}

async fn seal(house: &House, item: Result<crate::ledger::Item, canonical::Refused>) -> Result<(), PortError> {
    match house.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
        // Another portal was first; the next look knows.
        Ok(_) | Err(PortError::Conflict(_)) => Ok(()),
        Err(e) => Err(e),
    }
}

fn opened(miss: &Miss, id: &str, now: domain::Moment) -> Finding {
    Finding {
        schema: 1,
        id: id.to_owned(),
        title: miss.title.clone(),
        severity: miss.severity,
        found_by: "Incident".to_owned(),
        cause: Some(miss.cause.clone()),
        hits: vec![],
        what: miss.what.clone(),
        why: miss.why.to_owned(),
        plan: miss.plan.clone(),
        owner: "operator".to_owned(),
        due_at: now.plus_millis(miss.severity.due_ms()),
        state: State::Open,
        controls: Kind::Incidents.answers().to_vec(),
        attachments: vec![],
        demo: false,
        occurred_at: miss.at.min(now),
        by: PORTAL.to_owned(),
    }
}
