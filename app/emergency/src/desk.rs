//! What stands on the desk, made ready for its template.

use askama::Template;
use domain::{
    Moment,
    bench::Duty,
    incident::{Clock, Did, Due, Incident, Line, Refusal, Standing, Step},
    kit::{Contact, Kit},
    target::Scenario,
    verdict::Verdict,
    words,
};

use crate::{View, said};

#[derive(Template)]
#[template(path = "desk.html")]
pub struct Desk {
    version: String,
    refused: Option<(String, String)>,
    losses: Vec<Loss>,
    /// What the form said that declares a loss.
    what: String,
    another: bool,
    worked: Option<Worked>,
    /// Others that are open: name, title.
    others: Vec<(String, String)>,
    people: Vec<Contact>,
}

/// A kind of loss, and what is known of the way back.
struct Loss {
    id: &'static str,
    title: &'static str,
    chosen: bool,
    /// "snapshot restore to staging, 62 min"; `None`: nobody ever measured it.
    drilled: Option<String>,
    /// "promised within 2 h"
    promised: Option<String>,
}

struct Worked {
    id: String,
    title: &'static str,
    what: String,
    declared: String,
    declared_ms: i64,
    /// When the clock stopped.
    stopped_ms: Option<i64>,
    elapsed: String,
    standing: Standing,
    clocks: Vec<Ticking>,
    means: String,
    steps: Vec<Row>,
    taken: usize,
    lost: Option<String>,
    lost_field: String,
    point: Option<String>,
    points: Vec<(String, String)>,
    duties: Vec<(&'static str, &'static str, String)>,
    tell: Vec<Row>,
    tenants_text: String,
    status_text: String,
    document: Row,
    lines: Vec<Said>,
    waiting: usize,
    measured: Vec<String>,
    note: String,
}

struct Ticking {
    title: &'static str,
    by: String,
    from_ms: i64,
    due_ms: i64,
    /// Since the declaration, in thousandths of what there is.
    gone: i64,
    /// It runs: what is left.
    left: Option<String>,
    over: bool,
    /// It is decided: its shape, and the words.
    verdict: Option<(&'static str, String)>,
}

struct Row {
    id: &'static str,
    asks: &'static str,
    done: Option<String>,
    note: String,
    counts: bool,
    /// Why it may not be done now.
    locked: Option<String>,
    /// What a refused form said.
    draft: String,
}

struct Said {
    at: String,
    says: String,
    by: String,
    mark: String,
    out_of_order: Option<String>,
    device_at: Option<String>,
}

/// The shape that stands for a verdict.
fn shape(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "disc",
        Verdict::AtRisk => "triangle",
        Verdict::Missed => "square",
        Verdict::Untested | Verdict::Stale => "ring",
    }
}

impl Desk {
    pub fn of(kit: &Kit, incidents: &[Incident], view: &View, now: Moment) -> Self {
        let named = |id: &String| incidents.iter().find(|i| i.id == *id || i.joined.contains(id));
        let works = |i: &&Incident| matches!(i.standing(), Standing::Open | Standing::Restored);
        let worked = match &view.incident {
            Some(id) if id == "new" => None,
            Some(id) => named(id),
            None => incidents.iter().find(works),
        };
        let others = incidents.iter().filter(works).filter(|i| worked.is_none_or(|w| w.id != i.id));
        let draft = |key: &str| {
            let form = view.refused.as_ref().map(|(_, form)| form.as_slice()).unwrap_or_default();
            form.iter().find(|(name, _)| name == key).map_or(String::new(), |(_, value)| value.clone())
        };
        let chosen = Scenario::from_id(&draft("scenario"));
        let losses = Scenario::ALL.into_iter().map(|scenario| loss(kit, scenario, chosen == Some(scenario))).collect();
        Self {
            version: kit.runbook.version.clone(),
            refused: view.refused.as_ref().map(|(refusal, _)| refusal.says()),
            losses,
            what: draft("what"),
            another: matches!(&view.refused, Some((Refusal::Open(_), _))),
            worked: worked.map(|incident| of_incident(kit, incident, &draft, now)),
            others: others.map(|i| (i.id.clone(), format!("{}: {}", i.scenario.title(), i.what))).collect(),
            people: kit.people.clone(),
        }
    }
}

fn loss(kit: &Kit, scenario: Scenario, chosen: bool) -> Loss {
    let path = kit.path(scenario);
    let drilled = path.and_then(|path| {
        let drilled = path.drilled.as_ref()?;
        Some(format!("{}, {}", path.means, words::duration(drilled.restore_ms)))
    });
    let promised = path.map(|path| match drilled {
        Some(_) => format!("promised within {}", words::duration(path.rto_ms)),
        None => format!("{}, promised within {}", path.means, words::duration(path.rto_ms)),
    });
    Loss { id: scenario.id(), title: scenario.title(), chosen, drilled, promised }
}

fn of_incident(kit: &Kit, incident: &Incident, draft: &dyn Fn(&str) -> String, now: Moment) -> Worked {
    let stopped = incident.done(Step::Production).map(|done| done.at);
    let stopped = stopped.or(incident.called_off.as_ref().map(|(at, _)| *at));
    let refused = |act: &str, step: &str, key: &str| {
        if draft("act") == act && (step.is_empty() || draft("step") == step) { draft(key) } else { String::new() }
    };
    let row = |step: Step| {
        let did = Did::Tick { step, note: ".".to_owned(), count: Some(0) };
        let done = incident.done(step).map(|done| {
            let count = done.count.map(|n| format!(", {} counted", words::count(n.min(i64::MAX as u64) as i64)));
            format!("{}Z by {}{}", words::time(done.at), done.by, count.unwrap_or_default())
        });
        Row {
            id: step.id(),
            asks: step.asks(incident.scenario),
            note: incident.done(step).map(|done| done.note.clone()).unwrap_or_default(),
            locked: if done.is_some() { None } else { incident.allows(&did, now).err().map(|e| locked(&e)) },
            done,
            counts: step.counts(),
            draft: refused("tick", step.id(), if step.counts() { "count" } else { "note" }),
        }
    };
    let steps: Vec<Row> = Step::PATH.into_iter().map(row).collect();
    let usable = kit.points.iter().filter(|p| incident.lost_at.is_none_or(|lost| p.taken_at <= lost));
    let mut measured = Vec::new();
    if let Some(took) = incident.restore_ms() {
        let of = incident.promise.rto_ms.map_or(String::new(), |rto| format!(" of {} promised", words::duration(rto)));
        measured.push(format!("Restored in {}{of}.", words::duration(took)));
    }
    if let Some(lost) = incident.lost_ms() {
        let of = incident.promise.rpo_ms.map_or(String::new(), |rpo| format!(", of {} promised", words::duration(rpo)));
        measured.push(format!("The last {} before the loss did not come back{of}.", words::duration(lost)));
    }
    Worked {
        id: incident.id.clone(),
        title: incident.scenario.title(),
        what: incident.what.clone(),
        declared: format!(
            "{} {}Z by {}",
            words::date(incident.declared_at),
            words::time(incident.declared_at),
            incident.declared_by
        ),
        declared_ms: incident.declared_at.millis(),
        stopped_ms: stopped.map(|at| at.millis()),
        elapsed: running(stopped.unwrap_or(now).since(incident.declared_at)),
        standing: incident.standing(),
        clocks: incident.clocks(now).into_iter().map(|clock| ticking(incident, &clock, now)).collect(),
        means: kit.path(incident.scenario).map_or("Recover".to_owned(), |path| words::capital(&path.means)),
        taken: steps.iter().filter(|row| row.done.is_some()).count(),
        steps,
        lost: incident.lost_at.map(|at| format!("{} UTC", words::date_time(at))),
        lost_field: {
            let said = refused("lost", "", "at");
            if said.is_empty() { now.utc().format("%Y-%m-%dT%H:%M").to_string() } else { said }
        },
        point: incident.point.as_ref().map(|(name, at)| format!("{name}, of {} UTC", words::date_time(*at))),
        points: usable
            .map(|p| (p.id.clone(), format!("{} UTC, {}, {}", words::date_time(p.taken_at), p.store, p.id)))
            .collect(),
        duties: Duty::ALL
            .into_iter()
            .map(|duty| (duty.id(), duty.title(), incident.holder(duty).unwrap_or_default().to_owned()))
            .collect(),
        tell: [Step::Tenants, Step::Status].into_iter().map(row).collect(),
        tenants_text: said::tenants(kit, incident),
        status_text: said::status(incident),
        document: row(Step::Documented),
        lines: incident.lines.iter().rev().map(line).collect(),
        waiting: incident.waiting(),
        measured,
        note: refused("note", "", "says"),
    }
}

/// Why a step is locked, in a few words.
fn locked(refusal: &Refusal) -> String {
    match refusal {
        Refusal::After(Step::Swap, _) => "Locked until staging is verified, with a count.".to_owned(),
        Refusal::After(_, before) => format!("Comes after: {}.", before.done().to_lowercase()),
        other => other.says().0,
    }
}

fn ticking(incident: &Incident, clock: &Clock, now: Moment) -> Ticking {
    let whole = clock.due.since(clock.from).max(1);
    let end = clock.done.map_or(now, |(at, _)| at);
    let day = match (clock.due.utc().date_naive() - now.utc().date_naive()).num_days() {
        0 => String::new(),
        1 => " tomorrow".to_owned(),
        _ => format!(" on {}", words::date(clock.due)),
    };
    let rto = match (clock.what, incident.promise.rto_ms) {
        (Due::Restore, Some(rto)) => format!(", RTO {}", words::duration(rto)),
        _ => String::new(),
    };
    let over = clock.done.is_none() && now > clock.due;
    Ticking {
        title: clock.what.title(),
        by: format!("by {}Z{day}{rto}", clock.due.utc().format("%H:%M")),
        from_ms: clock.from.millis(),
        due_ms: clock.due.millis(),
        gone: (end.since(clock.from).clamp(0, whole)) * 1000 / whole,
        left: clock.done.is_none().then(|| {
            if over { format!("over by {}", running(now.since(clock.due))) } else { running(clock.due.since(now)) }
        }),
        over,
        verdict: clock.done.and(clock.verdict).map(|verdict| (shape(verdict), clock.says(now))),
    }
}

fn line(line: &Line) -> Said {
    let act = &line.acted.act;
    let mark = match &line.acted.seal {
        Some(seal) if act.offline => {
            format!("№ {}, written offline, learned {}Z", seal.seq, words::time(seal.at))
        }
        Some(seal) => format!("№ {}", seal.seq),
        None => "waits for a connection".to_owned(),
    };
    let off = act.device_at.since(act.occurred_at);
    Said {
        at: format!("{}Z", words::time(act.occurred_at)),
        says: act.says(),
        by: act.by.clone(),
        mark,
        out_of_order: line.out_of_order.as_ref().map(|refusal| refusal.says().0),
        device_at: (off.abs() > 60_000).then(|| {
            let way = if off > 0 { "ahead" } else { "behind" };
            format!("the device’s clock said {}Z, {} {way}", words::time(act.device_at), words::duration(off.abs()))
        }),
    }
}

/// "42:18", "1:42:18": as the page's script goes on to write it.
fn running(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 { format!("{minutes}:{seconds:02}") } else { format!("{hours}:{minutes:02}:{seconds:02}") }
}
