//! Drills that missed: each opens a finding once, and a re-drill closes it. Nobody does either by hand.

use app::ports::{Drills, Findings, PortError};
use domain::{
    Moment,
    control::Evidence as Kind,
    drill::Drill,
    finding::{Finding, Severity, State},
    record::Sealed,
    redrill::{self, Missed},
    role::Scope,
    words,
};

use super::{DUE_MS, PORTAL};
use crate::{compose::House, ledger::canonical};

pub async fn drills(house: &House) -> Result<(), PortError> {
    let everything = Scope::EVERYTHING;
    let drills = Drills::all(&house.evidence, &everything).await?;
    let findings = Findings::all(&house.evidence, &everything).await?;
    let mut number = findings.iter().filter_map(|f| f.id.strip_prefix("F-")?.parse::<u32>().ok()).max().unwrap_or(0);
    let now = house.clock.now();
    for drill in drills.iter().rev() {
        let missed = redrill::missed(&drill.value);
        if missed.is_empty() {
            continue;
        }
        let known = findings.iter().find(|f| redrill::opened_by(&f.value) == Some(drill.id.as_str()));
        match known {
            Some(finding) => close(house, finding, drill, &drills, now).await?,
            None => {
                number += 1;
                let finding = opened_by(drill, &missed, &format!("F-{number:03}"), now);
                let item = canonical::insert("findings", &finding.id, &finding);
                match house.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
                    // Another portal took the number, perhaps for this; the next look knows.
                    Ok(_) | Err(PortError::Conflict(_)) => {}
                    Err(e) => return Err(e),
                }
            }
        }
    }
    Ok(())
}

/// Seals the next version of the finding once a re-drill shows that what was missed holds.
async fn close(
    house: &House,
    finding: &Sealed<Finding>,
    drill: &Sealed<Drill>,
    all: &[Sealed<Drill>],
    now: Moment,
) -> Result<(), PortError> {
    if finding.value.state != State::Open {
        return Ok(());
    }
    let Some(redrill) = redrill::closing(&drill.value, all) else { return Ok(()) };
    let took = redrill.value.measured.as_ref().map_or(String::new(), |m| {
        format!(", restored in {} of {}", words::duration(m.restore_ms), words::duration(redrill.value.plan.rto_ms))
    });
    let evidence = format!("{}, a re-drill{took}.", redrill.id);
    let closed = Finding { state: State::Closed { at: now, evidence }, ..finding.value.clone() };
    let version = house.evidence.version(finding.seal.seq).await?;
    let item = canonical::replace("findings", &finding.id, version + 1, &closed);
    match house.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
        // Somebody put a file on it meanwhile, or another portal closed it; the next look knows.
        Ok(_) | Err(PortError::Conflict(_)) => Ok(()),
        Err(e) => Err(e),
    }
}

fn opened_by(drill: &Sealed<Drill>, missed: &[Missed], id: &str, now: Moment) -> Finding {
    let value = &drill.value;
    let day = words::long_date(value.occurred_at);
    let figures = missed.iter().map(|m| m.says(value)).collect::<Vec<_>>().join("; ");
    let why = if missed.contains(&Missed::Contents) {
        "What does not come back whole is lost when it is needed."
    } else {
        "What was promised does not hold until a drill shows that it does."
    };
    Finding {
        schema: 1,
        id: id.to_owned(),
        title: format!("The drill of {day} missed {figures}"),
        severity: Severity::High,
        found_by: format!("Drill {}", words::date(value.occurred_at)),
        cause: Some(drill.id.clone()),
        hits: vec![],
        what: format!("{}: {}.", value.scenario.title(), value.verdict.reasons.join("; ")),
        why: why.to_owned(),
        plan: "Find what held it up, then drill the same loss again.".to_owned(),
        owner: "operator".to_owned(),
        due_at: now.plus_millis(DUE_MS),
        state: State::Open,
        controls: Kind::Drills.answers().to_vec(),
        attachments: vec![],
        demo: value.demo,
        occurred_at: value.occurred_at,
        by: PORTAL.to_owned(),
    }
}
