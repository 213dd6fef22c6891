//! An invented year of a small company, the same every time.

use domain::{
    Moment,
    attestation::{Attestation, RecoveryPoint, Strength},
    control::Control,
    draw,
    drill::*,
    finding::{Finding, Severity, State},
    gap::{Gap, Missing},
    record::{Head, Seal, Sealed},
    role::Scope,
    runbook::RunbookVersion,
    sample::{Ask, Population, Sample},
    schedule::{self, Period},
    target::{self, Scenario, Target},
};
use server::{
    exports::{
        content::{Attested, Content, Log, Payload},
        packet::Fingerprints,
    },
    time::{Outside, checkpoints::Timestamp},
};

const MINUTE: i64 = 60_000;
const ROOT: &str = "XJkrISmnVJGKVatuyEFsN0ht17BeIM2rhkYcjM5ykZY=";
const VKEY: &str = "passmuster.example/cartie+fec0e1b2+AWd0T1RmQ0pXZ0JzZ2t5a2RZc2hPb2p0b0V4YW1wbGU=";

fn at(text: &str) -> Moment {
    Moment::parse(text).expect("a moment")
}

pub fn digest(of: &str) -> String {
    draw::seed("sample", of)
}

fn sealed<T>(id: &str, value: T, seq: u64, at: Moment, by: &str) -> Sealed<T> {
    Sealed {
        id: id.to_owned(),
        value,
        seal: Seal { seq, sha256: digest(id), at: at.plus_millis(4 * MINUTE), by: by.to_owned(), broken: false },
    }
}

pub fn keys() -> Fingerprints {
    Fingerprints { root: digest("root"), signer: digest("signer"), vkey: VKEY.into(), earlier_vkeys: Vec::new() }
}

fn tenants(n: usize) -> Vec<String> {
    const NAMES: [&str; 17] = [
        "aldgate-print",
        "bramble-co",
        "cedar-health",
        "dovetail",
        "elm-and-oak",
        "fenwick",
        "garnet",
        "harbour-9",
        "ibis-labs",
        "juniper",
        "kestrel-freight",
        "lantern",
        "marlow",
        "nettle",
        "osprey",
        "pilot-tansy",
        "quarry-long-tenant-name-of-the-north",
    ];
    (0..n).map(|i| NAMES.get(i).map_or_else(|| format!("tenant-{i:04}"), |n| (*n).to_owned())).collect()
}

fn note(at: Moment) -> Vec<domain::drill::LogLine> {
    let (by, says) = ("Operator one".to_owned(), "the staging disk is half full".to_owned());
    vec![domain::drill::LogLine { at, by, act: domain::drill::Act::Note, says }]
}

fn commands(step: StepId) -> Vec<domain::drill::Command> {
    let ran = || domain::drill::Command {
        program: "terraform".to_owned(),
        exit: Some(0),
        bytes: 12_345,
        sha256: "9f".repeat(32),
        kept: "D-restore.log".to_owned(),
    };
    if step == StepId::Provision { vec![ran()] } else { vec![] }
}

fn drill(when: &str, scenario: Scenario, steps_s: [i64; 7], demo: bool, failing: bool) -> Drill {
    let start = at(when);
    let mut clock = start;
    let steps: Vec<Step> = StepId::ALL
        .into_iter()
        .filter(|id| !matches!(id, StepId::Lose | StepId::Return | StepId::Erase))
        .zip(steps_s)
        .map(|(id, seconds)| {
            let started_at = clock;
            clock = clock.plus_millis(seconds * 1000 + 40);
            let note = match id {
                StepId::Restore => "358 653 documents, seven collections",
                StepId::Draw => "17 eligible, two excluded",
                _ => "",
            };
            Step {
                id,
                started_at,
                ended_at: clock,
                outcome: Outcome::Done,
                note: note.to_owned(),
                commands: if demo { vec![] } else { commands(id) },
            }
        })
        .collect();
    let steps_from = steps[2].started_at;
    let plan = Plan { runbook_version: "1.0".into(), rpo_ms: 6 * 60 * MINUTE, rto_ms: 120 * MINUTE };
    let measured = Measured {
        restore_ms: steps[5].ended_at.since(steps_from),
        rpo_ms: Some(63 * MINUTE),
        bytes: 1_316_000_000,
        documents: 358_653,
    };
    let check = |id: CheckId, detail: &str| Check {
        id,
        expected: "equal".into(),
        actual: "equal".into(),
        verdict: CheckVerdict::Passes,
        detail: detail.into(),
    };
    let mut checks = vec![
        check(CheckId::Counts, "358 653 of 358 653, seven collections"),
        check(CheckId::Documents, "10 of 10"),
        check(CheckId::Indexes, "23 of 23"),
        check(CheckId::Freshness, "last write 63 min before the loss"),
        check(CheckId::Query, "38 ms at the median"),
        check(CheckId::TearDown, "dropped, none left"),
    ];
    if failing {
        checks[2] = Check {
            verdict: CheckVerdict::Fails,
            expected: "23".into(),
            actual: "22".into(),
            detail: "orders.placedAt_1 is missing".into(),
            ..checks[2].clone()
        };
    }
    let names = tenants(17);
    let root = digest(when);
    let seed = draw::seed(&root, "beacon 4417");
    let chosen = draw::draw(&seed, names.iter().map(String::as_str), 1)[0].to_owned();
    let counts = ["customers", "events", "invoices", "orders", "products", "sessions", "users"];
    Drill {
        schema: 1,
        scenario,
        quarter: schedule::quarter_of(start),
        verdict: Drill::judge(&plan, Some(&measured), &checks, None),
        plan,
        draw: Some(Draw {
            eligible_digest: draw::list_digest(names.iter().map(String::as_str)),
            eligible: names,
            excluded: vec![
                Excluded { name: "sandbox".into(), why: "holds no customer's data".into() },
                Excluded { name: "pilot-oak".into(), why: "drilled last quarter".into() },
            ],
            root: Some(root),
            seq: Some(1478),
            public_value: "beacon 4417".into(),
            seed,
            chosen,
        }),
        source: Source {
            kind: "mongodump directory".into(),
            recovery_point: format!("dump-{}", &when[..10]),
            taken_at: start.plus_millis(-20 * MINUTE),
            last_write_at: Some(steps_from.plus_millis(-63 * MINUTE)),
            last_write_by: Some("updatedAt".into()),
        },
        target: Staging { environment: "127.0.0.1:40127/staging_pilot".into(), isolated: true, why: None },
        steps,
        checks,
        counts: counts
            .iter()
            .enumerate()
            .map(|(i, c)| Count {
                collection: (*c).into(),
                expected: 51_000 + i as i64 * 117,
                actual: 51_000 + i as i64 * 117,
            })
            .collect(),
        documents: (0..10)
            .map(|i| {
                let sha = digest(&format!("{when}{i}"));
                DrawnDocument {
                    collection: counts[i % 7].into(),
                    id: format!("6b3f09aa{i:016x}"),
                    expected: sha.clone(),
                    actual: Some(sha),
                }
            })
            .collect(),
        digests: Vec::new(),
        references: Vec::new(),
        queries: Vec::new(),
        canary: None,
        erasures: None,
        measured: Some(measured),
        exposure: Some(Exposure {
            from: steps_from,
            until: Some(clock),
            proof: "dropDatabase answered ok, listDatabases no longer names it".into(),
        }),
        people: vec![
            Person { role: "Incident commander".into(), name: "operator".into() },
            Person { role: "Scribe".into(), name: "founder".into() },
        ],
        abandoned: None,
        log: if demo { vec![] } else { note(clock) },
        demo,
        occurred_at: start,
        learned_at: None,
        by: "operator".into(),
        signature: None,
    }
}

const RUNBOOK: &str = "+++\ntitle = \"Recovering tenants' data\"\nversion = \"1.0\"\nowner = \"founder\"\napproved = \"2025-12-03\"\nnextReview = \"2026-12-03\"\ncontrols = [\"CC7.5\", \"A1.2\"]\n\n[[claims]]\nkind = \"target\"\nscenario = \"document\"\nrpoMinutes = 360\nrtoMinutes = 30\nmeans = \"restore into staging, then copy back\"\n\n[[claims]]\nkind = \"target\"\nscenario = \"collection\"\nrpoMinutes = 360\nrtoMinutes = 120\nmeans = \"restore into staging, then copy back\"\nclaimedMinutes = 45\n\n[[claims]]\nkind = \"target\"\nscenario = \"cluster\"\nrpoMinutes = 360\nrtoMinutes = 240\nmeans = \"promote the copy in the other region\"\n\n[[claims]]\nkind = \"target\"\nscenario = \"everything\"\nrpoMinutes = 10080\nrtoMinutes = 1440\nmeans = \"from the weekly export\"\nclaimedMinutes = 600\n\n+++\n\n## Purpose\n\nText.\n";

/// Evidence of a year with so many tenants.
pub fn content(tenant_count: usize) -> Content {
    content_of(tenant_count, 52)
}

/// The same where a sample of 25 attestations was drawn, and outside time is there.
pub fn sampled() -> Content {
    let mut content = content(17);
    let items: Vec<(String, u64)> = content.attested.listed.iter().map(|a| (a.id.clone(), a.seal.seq)).collect();
    let ask = Ask::new(Population::Attestations, 25, "4417").expect("a sample");
    let (head, here) = (&content.log.head, items.iter().map(|(id, seq)| (id.as_str(), *seq)));
    let sample = Sample::draw(&ask, here, &head.root, head.size).expect("attestations are there");
    for item in &sample.drawn.chosen {
        let a = content.attested.listed.iter().find(|a| a.seal.seq == item.seq).expect("one of them");
        content.attested.drawn.insert(item.seq, (a.value.tenant.clone(), a.value.occurred_at));
    }
    content.sample = Some(sample);
    let stamped_at = at("2026-11-15T03:20:00Z");
    content.timestamps = vec![Timestamp {
        schema: 1,
        size: 1471,
        checkpoint: String::new(),
        response: String::new(),
        stamped_at,
        authority: "Example Time Authority, signer of 2026".into(),
        fingerprint: digest("authority"),
        occurred_at: stamped_at,
        by: "portal".into(),
    }];
    content.log.previous =
        Some(Head { size: 611, root: digest("before"), at: at("2026-05-30T09:00:00Z"), checkpoint: String::new() });
    content
}

/// The same, where everything that somebody named has this name.
pub fn named(name: &str) -> Content {
    let mut content = content(5);
    content.org = name.into();
    content.made_by = name.into();
    let listed = std::mem::take(&mut content.attested).listed;
    let newest = listed.iter().map(|a| a.value.occurred_at).max();
    for mut a in listed {
        if Some(a.value.occurred_at) == newest {
            a.value.tenant = format!("{name}{}", a.value.tenant);
            a.seal.by = name.into();
        }
        content.attested.add(a, false);
    }
    content.attested.sort();
    for f in content.findings.iter_mut().take(3) {
        let f = &mut f.value;
        (f.title, f.what, f.owner, f.found_by) = (name.into(), name.into(), name.into(), name.into());
    }
    for g in content.gaps.iter_mut().take(2) {
        g.value.says = name.into();
        if let Missing::Tenant { tenant } = &mut g.value.what {
            *tenant = name.into();
        }
    }
    for d in content.drills.iter_mut().take(2) {
        d.seal.by = name.into();
        let d = &mut d.value;
        d.by = name.into();
        d.people[0] = Person { role: name.into(), name: name.into() };
        (d.source.recovery_point, d.target.environment) = (name.into(), name.into());
        for count in &mut d.counts {
            count.collection = name.into();
        }
        for document in &mut d.documents {
            (document.collection, document.id) = (name.into(), name.into());
        }
        for step in &mut d.steps {
            step.note = name.into();
        }
        for check in &mut d.checks {
            check.detail = name.into();
        }
        if let Some(draw) = &mut d.draw {
            draw.chosen = name.into();
            draw.eligible[0] = name.into();
            draw.excluded[0].name = name.into();
        }
    }
    if let Some(runbook) = content.runbooks.first_mut() {
        runbook.value.by = name.into();
        runbook.value.version = name.into();
    }
    content
}

/// More of everything than anybody reads.
pub fn crowded() -> Content {
    let mut content = content(17);
    let drill = content.drills[0].clone();
    content.drills = (0..60)
        .map(|i| {
            let mut drill = drill.clone();
            drill.id = format!("D-{i:04}");
            drill.value.occurred_at = drill.value.occurred_at.plus_millis(-i * 5 * 24 * 60 * MINUTE);
            drill
        })
        .collect();
    let newest = &mut content.drills[0].value;
    newest.counts =
        (0..300).map(|i| Count { collection: format!("collection-{i:03}"), expected: i, actual: i }).collect();
    if let Some(draw) = &mut newest.draw {
        draw.eligible = tenants(20_000);
    }
    let finding = content.findings[0].clone();
    content.findings = (0..1000)
        .map(|i| {
            let mut finding = finding.clone();
            finding.id = format!("F-{i:04}");
            finding.value.id = finding.id.clone();
            finding
        })
        .collect();
    content.runbooks = vec![content.runbooks[0].clone(); 200];
    content
}

/// The same with attestations of the newest Sundays alone.
pub fn content_of(tenant_count: usize, sundays: usize) -> Content {
    let period = Period::days("2025-12-01", "2026-11-30").expect("a period");
    let made_at = at("2026-11-22T09:44:16Z");
    let mut drills = vec![
        drill("2026-02-16T13:02:10Z", Scenario::Collection, [31, 141, 738, 2064, 205, 849, 392], true, false),
        drill("2026-05-18T13:02:10Z", Scenario::Collection, [31, 141, 1738, 5064, 405, 949, 392], true, false),
        drill("2026-08-17T13:02:10Z", Scenario::Collection, [31, 141, 938, 3864, 205, 649, 392], true, true),
    ];
    let mut abandoned =
        drill("2026-10-02T13:02:10Z", Scenario::Cluster, [31, 141, 738, 2064, 205, 849, 392], true, false);
    abandoned.steps.truncate(3);
    abandoned.checks.clear();
    abandoned.counts.clear();
    abandoned.documents.clear();
    abandoned.measured = None;
    abandoned.abandoned = Some("the tenant vanished while it was being dumped".into());
    abandoned.verdict = Drill::judge(&abandoned.plan, None, &[], abandoned.abandoned.as_deref());
    drills.push(abandoned);
    drills.push(drill("2026-11-22T08:02:10Z", Scenario::Document, [0, 3, 0, 9, 1, 4, 1], false, false));
    drills.reverse();
    let drills: Vec<Sealed<Drill>> = drills
        .into_iter()
        .enumerate()
        .map(|(i, d)| {
            let (when, by) = (d.occurred_at, d.by.clone());
            sealed(&format!("D-{}", when.utc().format("%Y-%m-%d")), d, 1491 - 180 * i as u64, when, &by)
        })
        .collect();

    let names = tenants(tenant_count);
    let (mut attestations, mut gaps) = (Vec::new(), Vec::new());
    let weeks = schedule::sundays(period.from, made_at);
    let skipped = weeks.len().saturating_sub(sundays);
    for (week, sunday) in weeks.into_iter().enumerate().skip(skipped) {
        let gap = |what: Missing, says: String| Gap {
            schema: 1,
            what,
            due_at: sunday,
            says,
            demo: true,
            occurred_at: sunday,
            by: "schedule".into(),
        };
        if week == 21 {
            gaps.push(gap(
                Missing::WholeRun,
                format!(
                    "The attestation of {} never ran: none of {} tenants is covered.",
                    sunday.utc().format("%Y-%m-%d"),
                    names.len()
                ),
            ));
            continue;
        }
        for (i, name) in names.iter().enumerate() {
            if (i == 4 && week < 12) || (i == 7 && week > 40) {
                continue;
            }
            if (i * 7 + week) % 113 == 50 {
                gaps.push(gap(
                    Missing::Tenant { tenant: name.clone() },
                    format!("{name} is absent from the attestation of {}.", sunday.utc().format("%Y-%m-%d")),
                ));
                continue;
            }
            let late = if week == 33 { 30 * 60 * MINUTE } else { 14 * MINUTE };
            let when = sunday.plus_millis(late);
            let value = Attestation {
                schema: 1,
                tenant: name.clone(),
                recovery_point: RecoveryPoint {
                    id: format!("snap-{week}"),
                    cluster: "prod-0".into(),
                    taken_at: sunday,
                    expires_at: None,
                    regions: vec!["eu-central-1".into()],
                },
                strength: if week % 9 == 0 { Strength::Declared } else { Strength::Listed },
                read: None,
                run_id: format!("run-{week}"),
                tenants_seen: names.len() as i64,
                demo: true,
                occurred_at: when,
                learned_at: None,
                by: "attest-cron".into(),
                signature: None,
            };
            attestations.push(sealed(
                &format!("A-{week}-{i}"),
                value,
                (week * names.len() + i) as u64,
                when,
                "attest-cron",
            ));
        }
    }
    attestations.reverse();
    gaps.reverse();
    let gaps = gaps.into_iter().enumerate().map(|(i, g): (usize, Gap)| {
        let (id, due) = (g.id(), g.due_at);
        sealed(&id, g, 900 + i as u64, due, "schedule")
    });

    let finding = |n: usize, closed: bool, severity: Severity| {
        let opened = at("2026-05-18T15:00:00Z").plus_millis(n as i64 * 9 * 24 * 60 * MINUTE);
        Finding {
            schema: 1,
            id: format!("F-{n:03}"),
            title: ["The restore took 18 minutes longer than promised", "An index is missing after the restore", "Two incident commanders are trained where three are required"][n % 3].into(),
            severity,
            found_by: "Drill 2026-05-18".into(),
            cause: Some(["D-2026-05-18", "D-2026-08-17", "D-2026-11-22"][n % 3].into()),
            hits: vec![],
            what: "The staging cluster was provisioned from the smallest tier, whose disk is slower than the one the plan counts on.".into(),
            why: "The tier was chosen for its price when the runbook was written, and nobody measured it.".into(),
            plan: "Provision the tier the targets were computed with, and measure again within the quarter.".into(),
            owner: "founder".into(),
            due_at: opened.plus_millis(60 * 24 * 60 * MINUTE),
            state: if closed { State::Closed { at: opened.plus_millis(31 * 24 * 60 * MINUTE), evidence: "Drill 2026-08-17, within its time".into() } } else { State::Open },
            controls: vec![Control::Cc73, Control::Cc74],
            attachments: vec![],
            demo: true,
            occurred_at: opened,
            by: "founder".into(),
        }
    };
    let findings = (0..11)
        .map(|n| {
            let f = finding(n, n % 3 == 0, [Severity::Low, Severity::Medium, Severity::High][n % 3]);
            let (id, when) = (f.id.clone(), f.occurred_at);
            sealed(&id, f, 700 + n as u64, when, "founder")
        })
        .collect();

    let approved = at("2025-12-03T10:00:00Z");
    let runbook = RunbookVersion {
        schema: 1,
        version: "1.0".into(),
        text: RUNBOOK.into(),
        demo: true,
        occurred_at: approved,
        by: "founder".into(),
    };
    let target = |scenario: Scenario, rto: i64, claimed: Option<i64>| Target {
        scenario,
        rpo_ms: 360 * MINUTE,
        rto_ms: rto * MINUTE,
        means: "restore into staging, then copy back".into(),
        claimed_ms: claimed.map(|m| m * MINUTE),
    };
    let targets = [
        target(Scenario::Document, 30, None),
        target(Scenario::Collection, 120, Some(45)),
        target(Scenario::Cluster, 240, None),
        target(Scenario::Everything, 24 * 60, Some(600)),
    ]
    .iter()
    .map(|t| target::judge(t, &drills, made_at))
    .collect();

    let head = Head {
        size: 1517,
        root: digest("head"),
        at: made_at,
        checkpoint: format!(
            "passmuster.example/cartie\n1517\n{ROOT}\n\n— passmuster.example/cartie /sDhsgh4E7a1vJc4tVqM0nqBkVtq1CzZgX1y6oYpYvQ0u8Jm1bR3kq3r1J6vJ2hXk0nq8wZyq3uF2m5pQ7s0k1aB2cD=\n"
        ),
    };
    let mut attested = Attested::default();
    attestations.into_iter().for_each(|a| attested.add(a, false));
    attested.sort();
    Content {
        org: "CARTIE".into(),
        id: "B-041".into(),
        period_name: "2025-12-01..2026-11-30".into(),
        scope: Scope {
            period: Some(period),
            controls: Some(vec![
                Control::Cc71,
                Control::Cc72,
                Control::Cc73,
                Control::Cc75,
                Control::A12,
                Control::A13,
            ]),
        },
        made_at,
        made_by: "founder".into(),
        payload: Payload { files: Vec::new(), records: Default::default(), proofs: Vec::new() },
        timestamps: Vec::new(),
        sample: None,
        outside: Outside::SelfAsserted("no time authority is configured".into()),
        log: Log {
            origin: "passmuster.example/cartie".into(),
            vkey: VKEY.into(),
            known: Vec::new(),
            previous: None,
            frontier: Vec::new(),
            head,
        },
        drills,
        attested,
        findings,
        gaps: gaps.collect(),
        runbooks: vec![sealed("runbook-1.0", runbook, 3, approved, "founder")],
        requests: vec![],
        acceptances: Vec::new(),
        checklists: Vec::new(),
        incidents: Vec::new(),
        risks: Vec::new(),
        jobs: Vec::new(),
        signoffs: Vec::new(),
        targets,
    }
}
