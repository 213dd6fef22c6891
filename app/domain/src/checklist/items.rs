//! The items, one row each, and the few ways in which records answer them.

use super::{Body, Item, Rest, Section, Told};
use crate::{
    Moment,
    bench::Duty,
    drill::{CheckId, CheckVerdict, Drill},
    fact::{Fact, RunKind, RunState},
    finding::{Standing, State},
    judgement::{self, Judgement, rank},
    reading::Reading,
    record::Sealed,
    verdict::Verdict,
    words,
};

/// Sentences of what holds; the rest is counted.
const SENTENCES: usize = 4;
/// Of what falls short each is named, as far as one record should grow.
const SHORT: usize = 500;
const WEEK_MS: i64 = 7 * 24 * 3600 * 1000;

pub const ITEMS: &[Item] = &[
    Item {
        id: "catalogue",
        section: Section::Scope,
        asks: "Every datastore is listed, and stands in the service catalogue.",
        next: "Bring the catalogue: passmuster import backstage-catalog FILE. What is left out on purpose needs a signed exclusion.",
        by_hand: true,
        stands: |body| by_rules(body, &["in-catalogue"], "no service catalogue was brought"),
    },
    Item {
        id: "targets",
        section: Section::Scope,
        asks: "Each datastore has a tier, an RPO and an RTO, and its recovery points are as close as the RPO.",
        next: "Write on each datastore’s page what no source states.",
        by_hand: false,
        stands: targets,
    },
    Item {
        id: "retention",
        section: Section::Scope,
        asks: "Backups are kept as long as contracts ask, and every recovery point due is there.",
        next: "Write the retention by contract on each datastore’s page, and bring its snapshots.",
        by_hand: false,
        stands: |body| by_rules(body, &["kept", "points-due"], "nothing tells how long anything is kept"),
    },
    Item {
        id: "job-health",
        section: Section::Jobs,
        asks: "No backup job failed, stopped, came late or shrank.",
        next: "Bring the jobs’ own output: passmuster import --list names the kinds.",
        by_hand: false,
        stands: |body| by_rules(body, JOBS, "no job’s output was brought"),
    },
    Item {
        id: "job-findings",
        section: Section::Jobs,
        asks: "Each job that fell short has a finding with an owner.",
        next: "Findings open by themselves within a minute of the import.",
        by_hand: false,
        stands: job_findings,
    },
    Item {
        id: "alert-path",
        section: Section::Jobs,
        asks: "An alert was raised, reached somebody, and was acknowledged.",
        next: "Bring the pager’s log: passmuster import pagerduty-log FILE, or opsgenie-alert-log.",
        by_hand: true,
        stands: |body| by_rules(body, &["alert-path"], "no alert is on record"),
    },
    Item {
        id: "copy-lag",
        section: Section::Jobs,
        asks: "Copies in another region are as fresh as the RPO.",
        next: "Bring the copy jobs, or say by hand why there is no copy.",
        by_hand: true,
        stands: |body| by_rules(body, &["copy-lag", "replicates"], "nothing tells of copies elsewhere"),
    },
    Item {
        id: "keys",
        section: Section::Access,
        asks: "Backups are encrypted with a key of our own, and the key stays.",
        next: "Bring the keys and vaults: passmuster import kms-keys FILE, aws-vaults.",
        by_hand: true,
        stands: |body| by_rules(body, &["own-key", "key-stays"], "nothing tells by which key backups are encrypted"),
    },
    Item {
        id: "principals",
        section: Section::Access,
        asks: "Nobody who left may restore or decrypt, and nothing is shared with strangers.",
        next: "Bring who may act on backups (iam-principals) and who left (hris-leavers-csv, scim-users).",
        by_hand: true,
        stands: |body| by_rules(body, &["leavers", "not-shared"], "nothing tells who may restore"),
    },
    Item {
        id: "immutable",
        section: Section::Access,
        asks: "Backups cannot be deleted early: a deletion was tried, and refused.",
        next: "Try to delete a locked recovery point, and bring CloudTrail’s record of the refusal.",
        by_hand: true,
        stands: |body| by_rules(body, &["locked", "delete-refused"], "nothing tells of a lock"),
    },
    Item {
        id: "isolated",
        section: Section::Drill,
        asks: "A drill ran in an environment of its own: not production, not the QA staging.",
        next: "Run the quarter’s drill: passmuster drill.",
        by_hand: false,
        stands: isolated,
    },
    Item {
        id: "timed",
        section: Section::Drill,
        asks: "A recovery point was restored and timed end to end, within what is promised.",
        next: "Run the quarter’s drill: passmuster drill.",
        by_hand: false,
        stands: timed,
    },
    Item {
        id: "verified",
        section: Section::Drill,
        asks: "Counts, last write, references and a smoke query were checked in the copy.",
        next: "Run the quarter’s drill: passmuster drill.",
        by_hand: false,
        stands: verified,
    },
    Item {
        id: "restored",
        section: Section::Drill,
        asks: "Every datastore that is backed up was restored within the quarter.",
        next: "Restore one recovery point of each, and bring the restore jobs.",
        by_hand: true,
        stands: |body| by_rules(body, &["restored"], "nothing tells of a datastore’s backups"),
    },
    Item {
        id: "object",
        section: Section::Drill,
        asks: "An object was brought back from an earlier version or an archive tier, and comes back in time.",
        next: "Restore one and bring its head (s3-object), or say by hand which and how.",
        by_hand: true,
        stands: object,
    },
    Item {
        id: "torn-down",
        section: Section::Drill,
        asks: "What the drill made is gone, and for how long it existed is known.",
        next: "End the drill, and bring the proof: passmuster import terraform-destroy FILE.",
        by_hand: false,
        stands: torn_down,
    },
    Item {
        id: "read",
        section: Section::Runbook,
        asks: "The runbook in force was read aloud, and every line of it still holds.",
        next: "Read it together. A stale line is mended by a new version of the runbook.",
        by_hand: false,
        stands: read,
    },
    Item {
        id: "stated",
        section: Section::Runbook,
        asks: "What the runbook states of backups is what is done.",
        next: "Bring the schedule and the snapshots of what the runbook is about.",
        by_hand: true,
        stands: |body| by_rules(body, &["stated"], "nothing tells of what the runbook states"),
    },
    Item {
        id: "roles",
        section: Section::Runbook,
        asks: "Commander, comms lead and scribe are named, and took part.",
        next: "Name them when the reading begins, or in the drill’s plan.",
        by_hand: false,
        stands: roles,
    },
    Item {
        id: "bench",
        section: Section::Runbook,
        asks: "At least three people are trained as commander.",
        next: "A drill trains those it names; write other trainings down below.",
        by_hand: false,
        stands: |body| by_rules(body, &["commanders"], "nobody is on record as trained"),
    },
    Item {
        id: "owned",
        section: Section::Findings,
        asks: "Every open finding has an owner and a day, and none is overdue.",
        next: "Work them off.",
        by_hand: false,
        stands: owned,
    },
    Item {
        id: "carried",
        section: Section::Findings,
        asks: "What the last quarter left open was closed before this quarter’s drill.",
        next: "Close them before the drill.",
        by_hand: false,
        stands: carried,
    },
    Item {
        id: "runbook-updated",
        section: Section::Signoff,
        asks: "Within a week of the drill the runbook was approved again, with the commands that were used.",
        next: "Bring the runbook up to date and sign it.",
        by_hand: false,
        stands: updated,
    },
    Item {
        id: "filed",
        section: Section::Signoff,
        asks: "A bundle of the quarter’s evidence was made.",
        next: "Make one on the page Evidence, once the quarter is closed.",
        by_hand: false,
        stands: filed,
    },
    Item {
        id: "handed-over",
        section: Section::Signoff,
        asks: "The bundle was handed to the compliance platform, and its receipt is kept.",
        next: "Hand it over, and attach the receipt here.",
        by_hand: true,
        stands: |_| missing("no receipt is attached"),
    },
];

const JOBS: &[&str] = &["last-run", "on-time", "size", "backed-up"];

/// By when an item has to be closed: with the quarter, and the runbook a week after the drill.
pub fn due(item: &Item, body: &Body<'_>) -> Moment {
    let end = body.quarter.end.plus_millis(-1);
    match (item.id, body.drilled().first()) {
        ("runbook-updated", Some(drill)) => drill.value.occurred_at.plus_millis(WEEK_MS),
        _ => end,
    }
}

/// From judgements: one that falls short makes the item fall short; those that hold close it, if what they rest on was
/// brought in the quarter.
fn by_rules(body: &Body<'_>, rules: &[&str], nothing: &str) -> Told {
    let mut judged: Vec<&Judgement> = body.judged.iter().filter(|j| rules.contains(&j.rule)).collect();
    judged.sort_by_key(|j| std::cmp::Reverse(rank(j.verdict)));
    let short: Vec<&Judgement> = judged.iter().filter(|j| j.falls_short()).copied().collect();
    if !short.is_empty() {
        return Told::Short(sentences(&short, SHORT), rests(body, &short));
    }
    let met: Vec<&Judgement> = judged.iter().filter(|j| j.verdict == Verdict::Met).copied().collect();
    // What could not be told is no answer, however much else holds.
    let open: Vec<&Judgement> = judged.iter().filter(|j| j.verdict == Verdict::Untested).copied().collect();
    if !open.is_empty() {
        return Told::Nothing(sentences(&open, SENTENCES));
    }
    if met.is_empty() {
        return missing(nothing);
    }
    match brought(body, &met) {
        Some(at) if at < body.quarter.start => {
            missing(&format!("last brought on {}, before the quarter", words::date(at)))
        }
        _ => Told::Answered(sentences(&met, SENTENCES), rests(body, &met)),
    }
}

/// What is not there, as a sentence.
fn missing(what: &str) -> Told {
    Told::Nothing(vec![format!("{}.", words::capital(what))])
}

/// The newest import of the tools that these rest on.
fn brought(body: &Body<'_>, judged: &[&Judgement]) -> Option<Moment> {
    let ids: std::collections::HashSet<&str> =
        judged.iter().flat_map(|j| j.records.iter().map(String::as_str)).collect();
    let known = body.facts.all.iter().filter(|known| ids.contains(known.id.as_str()));
    known.filter_map(|known| body.facts.asked.get(&known.connector)).max().copied()
}

fn sentences(judged: &[&Judgement], most: usize) -> Vec<String> {
    cut(judged.iter().map(|j| j.says.clone()).collect(), most)
}

fn rests(body: &Body<'_>, judged: &[&Judgement]) -> Vec<Rest> {
    let mut rests: Vec<Rest> = judged.iter().flat_map(|j| &j.records).map(|id| body.facts.rest(id)).collect();
    rests.sort();
    rests.dedup();
    rests
}

fn targets(body: &Body<'_>) -> Told {
    let lacking: Vec<String> = body
        .facts
        .stores
        .iter()
        .filter_map(|store| {
            let lacks: Vec<&str> =
                store.lacks().into_iter().filter(|what| ["tier", "RPO", "RTO"].contains(what)).collect();
            (!lacks.is_empty()).then(|| format!("{}: no source states its {}.", store.name, lacks.join(", ")))
        })
        .collect();
    match by_rules(body, &["cadence"], "no datastore is known") {
        short @ Told::Short(..) => short,
        _ if !lacking.is_empty() => Told::Nothing(cut(lacking, SHORT)),
        told => told,
    }
}

fn cut(mut says: Vec<String>, most: usize) -> Vec<String> {
    let more = says.len().saturating_sub(most);
    if more > 0 {
        says.truncate(most);
        says.push(format!("And {more} more."));
    }
    says
}

fn job_findings(body: &Body<'_>) -> Told {
    let short: Vec<&Judgement> = body.judged.iter().filter(|j| JOBS.contains(&j.rule) && j.falls_short()).collect();
    if short.is_empty() {
        return match body.judged.iter().any(|j| JOBS.contains(&j.rule)) {
            true => Told::Answered(vec!["No job falls short now.".to_owned()], Vec::new()),
            false => missing("no job’s output was brought"),
        };
    }
    let (mut says, mut rests, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for judged in short {
        let cause = judged.cause();
        let mut of_it = body.findings.iter().filter(|f| judgement::causes(&f.value).contains(&cause.as_str()));
        match of_it.find(|f| f.value.state == State::Open) {
            Some(finding) => {
                says.push(format!("{}: owned by {}.", finding.id, finding.value.owner));
                rests.push(Rest::on("findings", &finding.id));
            }
            None => without.push(judged.says.clone()),
        }
    }
    says.dedup();
    rests.dedup();
    if without.is_empty() { Told::Answered(cut(says, SHORT), rests) } else { Told::Nothing(cut(without, SHORT)) }
}

/// The drill that an item of the fourth section is about; without one it is open.
fn of_drill(body: &Body<'_>, stands: impl Fn(&Sealed<Drill>, Rest) -> Told) -> Told {
    match body.drilled().first() {
        Some(drill) => stands(drill, Rest::on("backup_drill_results", &drill.id)),
        None => missing("no drill ran to its end in this quarter"),
    }
}

fn isolated(body: &Body<'_>) -> Told {
    of_drill(body, |drill, rest| {
        let target = &drill.value.target;
        let why = target.why.clone().unwrap_or_default();
        let says = format!("Restored into {}. {why}", target.environment).trim().to_owned();
        if target.isolated {
            Told::Answered(vec![says], vec![rest])
        } else {
            Told::Short(vec![format!("{says} That it is another place than the source was not shown.")], vec![rest])
        }
    })
}

fn timed(body: &Body<'_>) -> Told {
    of_drill(body, |drill, rest| {
        let value = &drill.value;
        let Some(measured) = &value.measured else {
            return missing("nothing was measured in the newest drill");
        };
        let rto = format!(
            "{}: restored in {}, of {} promised.",
            value.scenario.short(),
            words::duration(measured.restore_ms),
            words::duration(value.plan.rto_ms)
        );
        let says = vec![rto, value.sentence()];
        match value.verdict.rto.worse(value.verdict.rpo) {
            Verdict::Met | Verdict::AtRisk => Told::Answered(says, vec![rest]),
            Verdict::Missed => Told::Short(says, vec![rest]),
            Verdict::Untested | Verdict::Stale => Told::Nothing(says),
        }
    })
}

fn verified(body: &Body<'_>) -> Told {
    of_drill(body, |drill, rest| {
        let value = &drill.value;
        let failed: Vec<&str> = of_checks(value, CheckVerdict::Fails);
        if !failed.is_empty() {
            return Told::Short(vec![format!("Fails: {}.", failed.join("; "))], vec![rest]);
        }
        let passed = of_checks(value, CheckVerdict::Passes);
        let not_run = of_checks(value, CheckVerdict::NotRun);
        if passed.is_empty() {
            return missing("nothing was checked in the newest drill");
        }
        let mut says = vec![format!("Passes: {}.", passed.join("; "))];
        if !not_run.is_empty() {
            says.push(format!("Not run: {}.", not_run.join("; ")));
        }
        // What this item names must have been looked at.
        let looked = |id: CheckId| value.checks.iter().any(|c| c.id == id && c.verdict == CheckVerdict::Passes);
        match [CheckId::Counts, CheckId::Freshness, CheckId::Query].into_iter().all(looked) {
            true => Told::Answered(says, vec![rest]),
            false => Told::Nothing(says),
        }
    })
}

fn of_checks(drill: &Drill, verdict: CheckVerdict) -> Vec<&'static str> {
    drill.checks.iter().filter(|c| c.verdict == verdict).map(|c| c.id.title()).collect()
}

/// An object's own head, brought in the quarter, that says it came back.
fn object(body: &Body<'_>) -> Told {
    let slow = by_rules(body, &["retrieval"], "");
    if matches!(slow, Told::Short(..)) {
        return slow;
    }
    let back = body.facts.all.iter().find_map(|known| match &known.fact {
        Fact::Run(run) if known.connector == "s3-object" && run.what == RunKind::Restore => {
            (run.state == RunState::Succeeded).then_some((known, run))
        }
        _ => None,
    });
    match back {
        Some((known, run)) if body.facts.asked.get("s3-object").is_some_and(|at| *at >= body.quarter.start) => {
            let what = run.point.as_deref().or(run.resource.as_deref()).unwrap_or("an object");
            Told::Answered(vec![format!("{what} was brought back: {}.", run.said)], vec![body.facts.rest(&known.id)])
        }
        _ => missing("no object that came back is on record"),
    }
}

fn torn_down(body: &Body<'_>) -> Told {
    let destroyed = by_rules(body, &["torn-down"], "");
    if matches!(destroyed, Told::Short(..)) {
        return destroyed;
    }
    of_drill(body, |drill, rest| match &drill.value.exposure {
        Some(exposure) => match exposure.until {
            Some(until) => {
                let existed = words::duration(until.since(exposure.from));
                let (mut says, mut rests) =
                    (vec![format!("The copy existed for {existed}: {}.", exposure.proof)], vec![rest]);
                if let Told::Answered(more, on) = &destroyed {
                    says.extend(more.clone());
                    rests.extend(on.clone());
                }
                Told::Answered(says, rests)
            }
            None => {
                let since = words::date_time(exposure.from);
                Told::Short(vec![format!("The copy of {since} UTC was never shown to be gone.")], vec![rest])
            }
        },
        None => missing("the newest drill made no copy"),
    })
}

fn read(body: &Body<'_>) -> Told {
    let stale = by_rules(body, &["stale-lines"], "");
    if matches!(stale, Told::Short(..)) {
        return stale;
    }
    let Some(in_force) = body.runbooks.first() else {
        return missing("no runbook is in force");
    };
    let version = &in_force.value.version;
    let mine: Vec<&Sealed<Reading>> = body.readings.iter().filter(|r| r.value.quarter == body.quarter.name).collect();
    // A version that only mends what was found in an earlier one need not be read anew.
    let mended =
        |r: &&&Sealed<Reading>| r.value.ended_at.is_some() && r.value.still_in(&in_force.value.text).is_empty();
    let same = mine.iter().find(|r| r.value.sha256 == in_force.seal.sha256);
    if let (None, Some(reading)) = (same, mine.iter().find(mended)) {
        let (read, people) = (&reading.value.version, reading.value.people.join(", "));
        let on = words::date(reading.value.ended_at.unwrap_or(reading.value.occurred_at));
        let says = format!("Version {read} was read on {on} by {people}; what was stale in it is mended in {version}.");
        return Told::Answered(vec![says], vec![Rest::on("readings", &reading.id)]);
    }
    let Some(reading) = same else {
        let says = match mine.first() {
            Some(other) => format!("version {} was read; version {version} is in force now", other.value.version),
            None => format!("version {version} was not read in this quarter"),
        };
        return missing(&says);
    };
    let value = &reading.value;
    let rest = vec![Rest::on("readings", &reading.id)];
    let Some(ended) = value.ended_at else {
        return missing(&format!("the reading of {} has not ended", words::date(value.occurred_at)));
    };
    let says = format!("Version {version} was read on {} by {}.", words::date(ended), value.people.join(", "));
    match value.stale.len() {
        0 => Told::Answered(vec![says], rest),
        n => {
            let lines = value.stale.iter().map(|s| s.line.to_string()).collect::<Vec<_>>().join(", ");
            let stale = if n == 1 { "One line is" } else { "Lines are" };
            Told::Short(vec![says, format!("{stale} stale: {lines}.")], rest)
        }
    }
}

fn roles(body: &Body<'_>) -> Told {
    let mut rests = Vec::new();
    let mut holder = |duty: Duty| -> Option<String> {
        let read = body.readings.iter().filter(|r| r.value.quarter == body.quarter.name);
        for reading in read {
            if let Some(name) = reading.value.holder(duty) {
                rests.push(Rest::on("readings", &reading.id));
                return Some(format!("{}: {name}.", duty.title()));
            }
        }
        body.drilled().into_iter().find_map(|drill| {
            let person = drill.value.people.iter().find(|p| Duty::of_role(&p.role) == Some(duty))?;
            rests.push(Rest::on("backup_drill_results", &drill.id));
            Some(format!("{}: {}.", duty.title(), person.name))
        })
    };
    let held: Vec<(Duty, Option<String>)> = Duty::ALL.into_iter().map(|duty| (duty, holder(duty))).collect();
    rests.sort();
    rests.dedup();
    let says: Vec<String> = held.iter().filter_map(|(_, says)| says.clone()).collect();
    let none: Vec<String> =
        held.iter().filter(|(_, says)| says.is_none()).map(|(duty, _)| duty.title().to_lowercase()).collect();
    if none.is_empty() {
        Told::Answered(says, rests)
    } else {
        Told::Nothing(says.into_iter().chain([format!("Nobody is named as {}.", none.join(", "))]).collect())
    }
}

fn owned(body: &Body<'_>) -> Told {
    let open: Vec<_> = body.findings.iter().filter(|f| f.value.state == State::Open).collect();
    let rest = |f: &&&Sealed<crate::finding::Finding>| Rest::on("findings", &f.id);
    let late: Vec<_> = open.iter().filter(|f| f.value.standing(body.as_of) == Standing::Overdue).collect();
    if !late.is_empty() {
        let says = late.iter().map(|f| format!("{} is overdue since {}.", f.id, words::date(f.value.due_at)));
        return Told::Short(cut(says.collect(), SHORT), late.iter().map(rest).collect());
    }
    let nobody: Vec<_> = open.iter().filter(|f| f.value.owner.trim().is_empty()).collect();
    if !nobody.is_empty() {
        let says = nobody.iter().map(|f| format!("{} has no owner.", f.id)).collect();
        return Told::Short(cut(says, SHORT), nobody.iter().map(rest).collect());
    }
    let says = match open.len() {
        0 => "No finding is open.".to_owned(),
        1 => "One finding is open, with an owner, and not overdue.".to_owned(),
        n => format!("{n} findings are open, each with an owner, and none is overdue."),
    };
    Told::Answered(vec![says], open.iter().map(|f| rest(&f)).collect())
}

fn carried(body: &Body<'_>) -> Told {
    let carried = body.carried();
    let drilled = body.drilled();
    // Oldest of the quarter; without one, what is closed by now.
    let by = drilled.last().map_or(body.as_of, |drill| drill.value.occurred_at);
    let late: Vec<_> =
        carried.iter().filter(|f| !matches!(f.value.state, State::Closed { at, .. } if at <= by)).collect();
    let rests = |all: &[&&Sealed<crate::finding::Finding>]| all.iter().map(|f| Rest::on("findings", &f.id)).collect();
    if late.is_empty() {
        let says = match carried.len() {
            0 => "Nothing was left open.".to_owned(),
            1 => "One was left open, and is closed.".to_owned(),
            n => format!("{n} were left open, and all are closed."),
        };
        return Told::Answered(vec![says], rests(&carried.iter().collect::<Vec<_>>()));
    }
    let says = late.iter().map(|f| format!("{}: {}.", f.id, f.value.title)).collect();
    match drilled.is_empty() {
        // There is still time.
        true => Told::Nothing(cut(says, SHORT)),
        false => Told::Short(cut(says, SHORT), rests(&late)),
    }
}

fn updated(body: &Body<'_>) -> Told {
    of_drill(body, |drill, rest| {
        let from = drill.value.occurred_at;
        let by = from.plus_millis(WEEK_MS);
        let within = body.approved.iter().filter(|(at, _)| (from..=by).contains(at)).min_by_key(|(at, _)| *at);
        let later = body.approved.iter().filter(|(at, _)| *at > by).min_by_key(|(at, _)| *at);
        let day = words::date(from);
        match (within, later) {
            (Some((at, approved)), _) => {
                let says = format!("Approved on {}, after the drill of {day}.", words::date(*at));
                Told::Answered(vec![says], vec![rest, approved.clone()])
            }
            (None, Some((at, approved))) => {
                let says = format!("Approved on {}, more than a week after the drill of {day}.", words::date(*at));
                Told::Short(vec![says], vec![rest, approved.clone()])
            }
            (None, None) if body.as_of > by => {
                Told::Short(vec![format!("Not approved again since the drill of {day}.")], vec![rest])
            }
            (None, None) => missing(&format!("not approved again since the drill of {day}")),
        }
    })
}

fn filed(body: &Body<'_>) -> Told {
    let period = body.period();
    // Of the whole quarter, as far as it has come when it was made.
    let of_it = |f: &&super::Filed| f.period.from <= period.from && f.period.to >= period.to && f.at > period.from;
    match body.filed.iter().filter(of_it).max_by_key(|f| f.at) {
        Some(bundle) => Told::Answered(
            vec![format!("{} was made on {}.", bundle.id, words::date(bundle.at))],
            vec![Rest::on("exports", &bundle.id)],
        ),
        None => missing("no bundle of the whole quarter was made"),
    }
}
