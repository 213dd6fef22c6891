//! What the portal does by itself: gaps against what was due, drills that missed, reviews that come due, drills whose
//! runner fell silent, mail that waits, removals cut short.

pub mod drills;
pub mod incidents;
pub mod judgements;
pub mod notices;
pub mod reviews;
pub mod runs;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use app::ports::{Attestations, Drills, Findings, Gaps, PortError};
use domain::{
    Moment, by_hand,
    control::Evidence as Kind,
    drill::Drill,
    finding::{Finding, Severity, State},
    gap::{self, Gap, Missing, Run},
    live::Live,
    role::Scope,
    schedule,
};

use crate::{compose::House, ledger::canonical, runner::leftovers, time::checkpoints::stamp_head};

/// How often the portal looks. A gap is due by the week and a silent runner by the minute.
const EVERY: Duration = Duration::from_secs(10);

/// A run has this long to arrive before its absence is a gap: until the next morning.
const GRACE_MS: i64 = 24 * 3600 * 1000;

/// A finding opened by a gap has two weeks.
const DUE_MS: i64 = 14 * 24 * 3600 * 1000;

/// An authority that did not answer is left alone for this long.
const STAMP_AGAIN_MS: i64 = 5 * 60 * 1000;

pub const PORTAL: &str = domain::redrill::PORTAL;

pub async fn run(house: House) {
    let mut looked = None;
    let mut stamp_after = house.clock.now();
    loop {
        tokio::time::sleep(EVERY).await;
        if house.clock.now() >= stamp_after
            && let Err(cause) = stamp_head(&house.ledger).await
        {
            tracing::warn!(%cause, "the ledger's head was not stamped; tried again in five minutes");
            stamp_after = house.clock.now().plus_millis(STAMP_AGAIN_MS);
        }
        if let Err(cause) = silent_drills(&house).await {
            tracing::warn!(%cause, "silent drills could not be looked for; tried again");
        }
        if let Err(cause) = house.people.end_passkeys().await {
            tracing::warn!(%cause, "passkeys of somebody removed are not all revoked; tried again");
        }
        if let Err(cause) = notices::deliver(&house).await {
            tracing::warn!(%cause, "notices were not all delivered; tried again");
        }
        house.limits.sweep();
        // Gaps follow from the records and the calendar: without a new entry or a new hour there is no new gap.
        let now = match house.ledger.head().await {
            Ok(head) => Some((head.size, house.clock.now().millis() / 3_600_000)),
            Err(_) => None,
        };
        if now.is_some() && now == looked {
            continue;
        }
        let due = async {
            gaps(&house).await?;
            runs::missing(&house).await?;
            drills::drills(&house).await?;
            incidents::incidents(&house).await?;
            judgements::judgements(&house).await?;
            reviews::reviews(&house).await
        };
        match due.await {
            Ok(()) => looked = now,
            Err(cause) => tracing::warn!(%cause, "gaps and reviews could not be computed; tried again"),
        }
    }
}

/// Files a drill whose runner fell silent as abandoned, with what it had done.
pub async fn silent_drills(house: &House) -> Result<(), PortError> {
    let now = house.clock.now();
    for Live { id, so_far: mut drill, heard_at, .. } in house.store.silent_drills(now).await? {
        let why = format!("the runner fell silent; {}", leftovers::said_of(&drill));
        if drill.by_hand() {
            // Its steps are what people pressed, and nothing else.
            drill.exposure = by_hand::exposure(&drill.log);
            (drill.abandoned, drill.measured) = (Some(why), None);
        } else {
            drill.abandon(&why, heard_at);
        }
        drill.learned_at = Some(now);
        drill.verdict = Drill::judge(&drill.plan, None, &drill.checks, drill.abandoned.as_deref());
        let item =
            canonical::insert("backup_drill_results", &id, &drill).map_err(|e| PortError::Broken(e.to_string()))?;
        match house.ledger.append_one(item).await {
            Ok(_) | Err(PortError::Conflict(_)) => house.store.end_drill(&id).await?,
            Err(e) => return Err(e),
        }
        tracing::warn!(drill = id, "a drill was abandoned by its runner");
    }
    Ok(())
}

/// Records what was due and is not there, once each, and opens a finding for it.
pub async fn gaps(house: &House) -> Result<(), PortError> {
    let evidence = &house.evidence;
    let now = house.clock.now();
    let everything = Scope::EVERYTHING;
    let cells = evidence.grid(&everything).await?;
    let mut runs: BTreeMap<Moment, Run> = BTreeMap::new();
    for cell in &cells {
        runs.entry(schedule::sunday_of(cell.occurred_at)).or_default().attested.insert(cell.tenant.clone());
    }
    for (at, seen) in evidence.tenants_seen().await? {
        let run = runs.entry(schedule::sunday_of(at)).or_default();
        run.seen = run.seen.max(seen);
    }
    let known: BTreeSet<String> = Gaps::all(evidence, &everything).await?.into_iter().map(|g| g.id).collect();
    let mut gaps = Vec::new();
    if let Some(first) = cells.first() {
        let due = schedule::sundays(first.occurred_at.plus_millis(-GRACE_MS), now.plus_millis(-GRACE_MS));
        gaps = gap::missing_attestations(&due, &gap::tenancies(&runs), &runs, PORTAL);
    }
    let drills = Drills::all(evidence, &everything).await?;
    let drilled: BTreeSet<String> = drills
        .iter()
        .filter(|d| d.value.abandoned.is_none() && d.value.measured.is_some())
        .map(|d| d.value.quarter.clone())
        .collect();
    gaps.extend(gap::missing_drills(house.company.audit_period.from, now, &drilled, PORTAL));
    record(house, gaps, &known).await
}

/// Records gaps that are not known yet, and opens a finding for each.
async fn record(house: &House, gaps: Vec<Gap>, known: &BTreeSet<String>) -> Result<(), PortError> {
    let evidence = &house.evidence;
    let (now, everything) = (house.clock.now(), Scope::EVERYTHING);
    let broken = |e: &dyn std::fmt::Display| PortError::Broken(e.to_string());
    let findings = Findings::all(evidence, &everything).await?;
    let mut number = findings.iter().filter_map(|f| f.id.strip_prefix("F-")?.parse::<u32>().ok()).max().unwrap_or(0);
    for mut gap in gaps {
        gap.demo = house.company.demo;
        let id = gap.id();
        if !known.contains(&id) {
            let item = canonical::insert("gaps", &id, &gap).map_err(|e| broken(&e))?;
            match house.ledger.append_one(item).await {
                Ok(_) => {}
                // Another portal was first, and opens the finding.
                Err(PortError::Conflict(_)) => continue,
                Err(e) => return Err(e),
            }
        }
        // Also for a gap recorded before: a portal may have ended between the two.
        if findings.iter().any(|f| f.value.cause.as_ref() == Some(&id)) {
            continue;
        }
        number += 1;
        let finding = opened_by(&gap, &format!("F-{number:03}"), now, house.company.demo);
        let item = canonical::insert("findings", &finding.id, &finding).map_err(|e| broken(&e))?;
        match house.ledger.append_one(item).await {
            // Another portal took the number; the next look opens it under another.
            Ok(_) | Err(PortError::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn opened_by(gap: &Gap, id: &str, now: Moment, demo: bool) -> Finding {
    let (found_by, severity, why) = match &gap.what {
        Missing::WholeRun => {
            ("Attestation", Severity::High, "For that week nobody can say which tenant was in which recovery point.")
        }
        Missing::Tenant { .. } => {
            ("Attestation", Severity::Medium, "For that week nobody can say that this tenant could be brought back.")
        }
        Missing::Run { .. } => ("Schedule", Severity::High, "What a job proves is not proven for that time."),
        Missing::Drill { .. } => ("Schedule", Severity::High, "A recovery time that was not measured is a hope."),
    };
    Finding {
        schema: 1,
        id: id.to_owned(),
        title: gap.says.trim_end_matches('.').to_owned(),
        severity,
        found_by: found_by.to_owned(),
        cause: Some(gap.id()),
        hits: vec![],
        what: gap.says.clone(),
        why: why.to_owned(),
        plan: String::new(),
        owner: "operator".to_owned(),
        due_at: now.plus_millis(DUE_MS),
        state: State::Open,
        controls: Kind::Gaps.answers().to_vec(),
        attachments: vec![],
        demo,
        occurred_at: gap.due_at,
        by: PORTAL.to_owned(),
    }
}
