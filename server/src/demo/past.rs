//! The demo's invented past, marked as such in every record: a year of attestations with realistic
//! gaps, the drills of three quarters, findings, the runbook.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use bson::{Document, doc};
use domain::{
    Moment,
    attestation::{Attestation, RecoveryPoint, Strength},
    control::Control,
    draw,
    drill::{
        Check, CheckId, CheckVerdict, Count, Draw, DrawnDocument, Drill, Exposure, Measured, Outcome, Plan, Source,
        Staging, Step, StepId,
    },
    finding::{Finding, Severity, State},
    runbook::RunbookVersion,
    schedule,
    target::Scenario,
};

use super::company::{self, LEFT, TENANTS};
use crate::{compose::House, ledger::canonical};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// Sundays attested before the demo's beginning.
const SUNDAYS: usize = 50;

pub async fn write(house: &House, began: Moment) -> Result<()> {
    let (text, approved) = company::runbook(began);
    let version = RunbookVersion {
        schema: 1,
        version: "1.0".to_owned(),
        text,
        demo: true,
        occurred_at: approved,
        by: "founder".to_owned(),
    };
    // An interrupted start may have written some of it: what is there stays.
    let mut items = vec![canonical::insert("runbooks", "runbook-1.0", &version)?];
    for finding in findings(began) {
        items.push(canonical::insert("findings", &finding.id.clone(), &finding)?);
    }
    let (acts, account) = super::lost::incident(began);
    for act in acts {
        items.push(canonical::insert("incident_acts", &act.id(), &act)?);
    }
    items.push(canonical::insert("incidents", &account.incident.clone(), &account)?);
    house.ledger.append(items).await?;
    // As CARTIE's own cron and runner would: straight into the collections; the watch seals them.
    let attestations = attestations(began)
        .iter()
        // Ids stand in the ledger, which every reader sees whole: no tenant's name in them.
        .map(|a| document(a, &format!("{}-{}", a.run_id, &draw::rank(&a.run_id, &a.tenant)[..8])))
        .collect::<Result<Vec<_>>>()?;
    insert(house, "backup_audit_log", attestations).await?;
    let drills = drills(began).iter().map(|(id, d)| document(d, id)).collect::<Result<Vec<_>>>()?;
    insert(house, "backup_drill_results", drills).await
}

fn document<T: serde::Serialize>(value: &T, id: &str) -> Result<Document> {
    let json = serde_json::to_value(value)?;
    let fields = json.as_object().cloned().context("a record is an object")?;
    let mut document = doc! { "_id": id };
    document.extend(Document::try_from(fields)?);
    Ok(document)
}

async fn insert(house: &House, coll: &str, documents: Vec<Document>) -> Result<()> {
    let there: BTreeSet<String> = house
        .store
        .documents(coll)
        .distinct("_id", doc! {})
        .await?
        .iter()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let fresh: Vec<Document> =
        documents.into_iter().filter(|d| d.get_str("_id").is_ok_and(|id| !there.contains(id))).collect();
    if !fresh.is_empty() {
        house.store.documents(coll).insert_many(fresh).await?;
    }
    Ok(())
}

/// The Sundays before the beginning, oldest first.
fn sundays(began: Moment) -> Vec<Moment> {
    let all = schedule::sundays(began.plus_millis(-(SUNDAYS as i64 + 2) * WEEK), began.plus_millis(-DAY));
    all[all.len().saturating_sub(SUNDAYS)..].to_vec()
}

fn attestations(began: Moment) -> Vec<Attestation> {
    let sundays = sundays(began);
    let last = sundays.len().saturating_sub(1);
    let mut all = Vec::new();
    for (n, &sunday) in sundays.iter().enumerate() {
        let ago = last - n;
        // A run that never happened, and tenants that three others left out.
        if ago == 36 {
            continue;
        }
        let absent: &[&str] = match ago {
            29 => &["fennmark-legal"],
            14 | 0 => &["kestrel-freight"],
            _ => &[],
        };
        let present: Vec<&str> = TENANTS
            .iter()
            .chain([&LEFT])
            .filter(|t| t.joined_week.is_none_or(|w| ago < w) && t.left_week.is_none_or(|w| ago >= w))
            .map(|t| t.database)
            .collect();
        let snapshot = sunday.plus_millis(-3 * HOUR);
        // Two runs that did not finish on their day, and one tenant that had to be asked twice.
        let late = |order: i64, tenant: &str| match ago {
            20 => order % 2 == 0,
            7 => order % 5 == 0,
            43 => tenant == "dunmore-textiles",
            _ => false,
        };
        for (order, tenant) in (0i64..).zip(present.iter().filter(|t| !absent.contains(t))) {
            all.push(Attestation {
                schema: 1,
                tenant: (*tenant).to_owned(),
                recovery_point: RecoveryPoint {
                    id: format!("atlas-{}", &draw::rank("snapshot", &snapshot.rfc3339())[..24]),
                    cluster: "cartie-prod".to_owned(),
                    taken_at: snapshot,
                    expires_at: Some(snapshot.plus_millis(7 * DAY)),
                    regions: vec!["us-east-1".to_owned(), "us-west-2".to_owned()],
                },
                // The cron began with its own word; since summer it asks Atlas.
                strength: if ago > 22 { Strength::Declared } else { Strength::Listed },
                read: None,
                run_id: format!("attest-{}", domain::words::date(sunday)),
                tenants_seen: i64::try_from(present.len()).unwrap_or(0),
                demo: true,
                occurred_at: sunday
                    .plus_millis(if late(order, tenant) { 30 * HOUR } else { 0 } + 14 * MINUTE + order * 2_300),
                learned_at: None,
                by: "attest-cron".to_owned(),
                signature: None,
            });
        }
    }
    all
}

/// Scenario, tenant, minutes to restore, minutes of data lost.
const RESTORES: [&[(Scenario, &str, i64, i64)]; 3] = [
    &[(Scenario::Collection, "demo-larkspur", 71, 246), (Scenario::Document, "demo-larkspur", 14, 0)],
    &[(Scenario::Collection, "sandbox-osprey", 138, 192), (Scenario::Document, "sandbox-osprey", 12, 0)],
    &[
        (Scenario::Cluster, "pilot-tansy", 202, 308),
        (Scenario::Collection, "demo-larkspur", 94, 161),
        (Scenario::Document, "demo-larkspur", 12, 0),
    ],
];

fn drills(began: Moment) -> Vec<(String, Drill)> {
    let mut all = Vec::new();
    for ((quarter, start), restores) in company::past_quarters(began).into_iter().zip(RESTORES) {
        let day = start.plus_millis(47 * DAY + 8 * HOUR);
        let mut at = day;
        for (scenario, tenant, restore, lost) in restores {
            let drill = past_drill(&quarter, *scenario, tenant, *restore, *lost, at);
            let id = format!("D-{}", at.utc().format("%Y%m%d-%H%M%S"));
            at = at.plus_millis((restore + 60) * MINUTE);
            all.push((id, drill));
        }
    }
    all
}

fn past_drill(quarter: &str, scenario: Scenario, tenant: &str, restore: i64, lost: i64, at: Moment) -> Drill {
    let (_, rpo, rto, _, _) =
        company::targets().into_iter().find(|t| t.0 == scenario).expect("every scenario is promised");
    let plan = Plan { runbook_version: "1.0".to_owned(), rpo_ms: rpo * MINUTE, rto_ms: rto * MINUTE };
    // Preparation, then the clock's minutes shared out, then the teardown.
    let share = |part: i64| restore * MINUTE * part / 100;
    let parts = [
        (StepId::Draw, 31_000),
        (StepId::Dump, 141_000),
        (StepId::Provision, share(20)),
        (StepId::Restore, share(56)),
        (StepId::Query, share(6)),
        (StepId::Verify, restore * MINUTE - share(20) - share(56) - share(6)),
        (StepId::TearDown, 6 * MINUTE + 32_000),
    ];
    let mut clock = at;
    let mut steps = Vec::new();
    for (id, took) in parts {
        let ended_at = clock.plus_millis(took);
        let note = match id {
            StepId::Draw => format!("{tenant}, 1 of 4 eligible"),
            StepId::Restore => "into the staging database".to_owned(),
            _ => String::new(),
        };
        steps.push(Step { id, started_at: clock, ended_at, outcome: Outcome::Done, note, commands: Vec::new() });
        clock = ended_at;
    }
    let declared = steps[2].started_at;
    let counts: Vec<Count> = [("activities", 41_870), ("companies", 2_391), ("contacts", 13_964), ("deals", 5_166)]
        .map(|(name, n)| Count { collection: name.to_owned(), expected: n, actual: n })
        .to_vec();
    let total: i64 = counts.iter().map(|c| c.expected).sum();
    let seed = draw::seed(&draw::rank("demo", quarter), "seeded");
    let documents: Vec<DrawnDocument> = (0..10)
        .map(|n| {
            let digest = draw::rank(&seed, &n.to_string());
            let collection = counts[n % counts.len()].collection.clone();
            DrawnDocument { collection, id: digest[..24].to_owned(), expected: digest.clone(), actual: Some(digest) }
        })
        .collect();
    let passes = |id: CheckId, expected: String, actual: String, detail: String| Check {
        id,
        expected,
        actual,
        verdict: CheckVerdict::Passes,
        detail,
    };
    let said = domain::words::duration(lost * MINUTE);
    let checks = vec![
        passes(
            CheckId::Counts,
            total.to_string(),
            total.to_string(),
            format!("{0} of {0}, 4 collections", domain::words::count(total)),
        ),
        passes(CheckId::Documents, "10".into(), "10".into(), "10 of 10".into()),
        passes(CheckId::Indexes, "11".into(), "11".into(), "11 of 11".into()),
        passes(
            CheckId::Freshness,
            format!("at most {}", domain::words::duration(plan.rpo_ms)),
            said.clone(),
            format!("last write {said} before the loss"),
        ),
        passes(CheckId::Query, "an answer".into(), "20 documents".into(), "38 ms at the median".into()),
        passes(CheckId::TearDown, "gone".into(), "gone".into(), "the staging cluster is deleted".into()),
    ];
    let measured =
        Measured { restore_ms: restore * MINUTE, rpo_ms: Some(lost * MINUTE), bytes: total * 480, documents: total };
    let eligible: Vec<String> = TENANTS.iter().filter(|t| !t.customer).map(|t| t.database.to_owned()).collect();
    let verdict = Drill::judge(&plan, Some(&measured), &checks, None);
    Drill {
        schema: 1,
        scenario,
        quarter: quarter.to_owned(),
        verdict,
        plan,
        draw: Some(Draw {
            eligible_digest: draw::list_digest(eligible.iter().map(String::as_str)),
            eligible,
            excluded: company::excluded(),
            root: None,
            seq: None,
            public_value: "seeded".to_owned(),
            seed,
            chosen: tenant.to_owned(),
        }),
        source: Source {
            kind: "Atlas snapshot".to_owned(),
            recovery_point: format!("atlas-{}", &draw::rank("drill", quarter)[..24]),
            // A snapshot holds what was written until minutes before it.
            taken_at: declared.plus_millis(-(lost - 4).max(0) * MINUTE),
            last_write_at: Some(declared.plus_millis(-lost * MINUTE)),
            last_write_by: Some("updatedAt".to_owned()),
        },
        target: Staging { environment: format!("restore-{}", quarter.to_lowercase()), isolated: true, why: None },
        exposure: Some(Exposure {
            from: steps[2].started_at,
            until: Some(clock),
            proof: "the staging cluster is deleted".to_owned(),
        }),
        steps,
        checks,
        counts,
        documents,
        digests: Vec::new(),
        references: Vec::new(),
        queries: Vec::new(),
        canary: None,
        erasures: None,
        measured: Some(measured),
        people: company::people(),
        abandoned: None,
        log: vec![],
        demo: true,
        occurred_at: at,
        learned_at: None,
        by: "operator-1".to_owned(),
        signature: None,
    }
}

/// Number, title, severity, found by, opened and due (days before the beginning; negative: after), closed.
struct Past {
    number: u32,
    title: &'static str,
    severity: Severity,
    found_by: &'static str,
    opened: i64,
    due: i64,
    closed: Option<(i64, &'static str)>,
    owner: &'static str,
    controls: &'static [Control],
    what: &'static str,
    why: &'static str,
    plan: &'static str,
}

fn findings(began: Moment) -> Vec<Finding> {
    let past = [
        Past {
            number: 6,
            title: "The loss of everything has never been exercised; no offsite export exists",
            severity: Severity::High,
            found_by: "Runbook review",
            opened: 277,
            due: 22,
            closed: None,
            owner: "founder",
            controls: &[Control::Cc75, Control::A12, Control::A13],
            what: "The runbook promises recovery from a weekly offsite export. The Sunday job writes snapshot references only; no data leaves Atlas. Were Atlas itself lost, nothing could be restored.",
            why: "The fourth promise, RPO 7 days and RTO 1 day, can neither be met nor tested.",
            plan: "Build a weekly encrypted export to a second provider, with object lock for 90 days; then drill it.",
        },
        Past {
            number: 11,
            title: "A collection restore took 138 minutes of 120",
            severity: Severity::High,
            found_by: "Drill",
            opened: 188,
            due: 150,
            closed: Some((143, "The key grant in us-west-2 is permanent; the next drill took 94 minutes.")),
            owner: "operator-1",
            controls: &[Control::Cc75, Control::A13],
            what: "The restore waited 41 minutes for a key grant that had to be asked for.",
            why: "The promise for a collection is two hours.",
            plan: "Make the grant permanent and drill again.",
        },
        Past {
            number: 12,
            title: "A step of the runbook named a retired project",
            severity: Severity::Medium,
            found_by: "Drill",
            opened: 188,
            due: 174,
            closed: Some((184, "The step names the project in use.")),
            owner: "operator-2",
            controls: &[Control::Cc74, Control::Cc75],
            what: "Step 2 of the drill section pointed to a project that no longer exists.",
            why: "In an emergency it would have cost the time to find the right one.",
            plan: "Correct the step.",
        },
        Past {
            number: 19,
            title: "Promoting the cross-region copy took 84 % of its RTO",
            severity: Severity::Medium,
            found_by: "Drill",
            opened: 97,
            due: -8,
            closed: None,
            owner: "operator-1",
            controls: &[Control::Cc75, Control::A13],
            what: "202 of 240 minutes: within the promise, with little to spare.",
            why: "A slower day would miss it.",
            plan: "Prepare the target cluster's tier beforehand and drill again next quarter.",
        },
        Past {
            number: 22,
            title: "Two trained incident commanders; three are required",
            severity: Severity::Medium,
            found_by: "Role review",
            opened: 40,
            due: -5,
            closed: None,
            owner: "founder",
            controls: &[Control::Cc74, Control::Cc75],
            what: "One commander left on the last day of August.",
            why: "With two, one on leave means one alone.",
            plan: "Train a third before the next drill.",
        },
        Past {
            number: 23,
            title: "The failure alert goes to a channel nobody watches",
            severity: Severity::Low,
            found_by: "Synthetic failure",
            opened: 12,
            due: -9,
            closed: None,
            owner: "operator-1",
            controls: &[Control::Cc72, Control::Cc73],
            what: "A synthetic failure was posted and nobody acknowledged it within the hour.",
            why: "A backup job that fails at night would be seen in the morning at best.",
            plan: "Send it to the on-call rotation.",
        },
    ];
    past.into_iter()
        .map(|p| Finding {
            schema: 1,
            id: format!("F-{:03}", p.number),
            title: p.title.to_owned(),
            severity: p.severity,
            found_by: p.found_by.to_owned(),
            cause: None,
            hits: vec![],
            what: p.what.to_owned(),
            why: p.why.to_owned(),
            plan: p.plan.to_owned(),
            owner: p.owner.to_owned(),
            due_at: began.plus_millis(-p.due * DAY),
            state: match p.closed {
                Some((ago, evidence)) => {
                    State::Closed { at: began.plus_millis(-ago * DAY), evidence: evidence.to_owned() }
                }
                None => State::Open,
            },
            controls: p.controls.to_vec(),
            attachments: vec![],
            demo: true,
            occurred_at: began.plus_millis(-p.opened * DAY),
            by: p.owner.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_invented_says_so_and_the_gaps_are_there() {
        let began = Moment::parse("2026-11-22T04:00:00Z").expect("a date");
        let attestations = attestations(began);
        assert!(attestations.iter().all(|a| a.demo) && attestations.len() > 700, "{}", attestations.len());
        let drills = drills(began);
        assert!(drills.iter().all(|(_, d)| d.demo) && drills.len() == 7);
        for (id, drill) in &drills {
            assert_eq!(drill.disagreements(), [""; 0], "{id}");
        }
        assert_eq!(domain::words::date(drills[2].1.occurred_at), "2026-05-18");
        assert!(findings(began).iter().all(|f| f.demo));
        let newest = schedule::sunday_of(began.plus_millis(-DAY));
        let covered: Vec<&str> = attestations
            .iter()
            .filter(|a| schedule::sunday_of(a.occurred_at) == newest)
            .map(|a| a.tenant.as_str())
            .collect();
        assert!(covered.contains(&"alder-finch") && !covered.contains(&"kestrel-freight"));
    }
}
