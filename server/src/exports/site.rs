//! The bundle's own pages: START-HERE.txt, and index.html, which shows everything offline, without script.

mod checklists;
mod incidents;
mod jobs;
mod requests;
mod sample;
mod signoffs;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use domain::{
    Moment,
    control::Control,
    drill::{CheckVerdict, Drill, Outcome},
    finding::State,
    proof::layout,
    record::{Seal, Sealed},
    runbook::Runbook,
    schedule,
    verdict::Verdict,
    words,
};

use self::{
    checklists::ChecklistView,
    incidents::IncidentView,
    jobs::JobRow,
    requests::{FileView, RequestView},
    sample::SampleView,
    signoffs::{AcceptanceRow, SignoffRow},
};
use super::content::Content;
use crate::{sign::Keys, time::Outside};

/// How many gaps the page lists.
const GAPS: usize = 2_000;
/// How many tenants a week names that were not found; all are in `gaps.jsonl`.
const NAMED: usize = 20;

/// What the bundle proves and not, and how to check it. The recipe in it is a test of its own.
pub fn start_here(content: &Content, keys: &Keys, folder: &str) -> String {
    let period = said(&content.period_name);
    let heading = format!("Evidence of {}, {period}", content.org);
    let page = StartHere {
        org: &content.org,
        period,
        rule: "=".repeat(heading.chars().count()),
        id: &content.id,
        made_at: words::date_time(content.made_at),
        made_by: &content.made_by,
        made_seconds: content.made_at.millis() / 1000,
        origin: &content.log.origin,
        size: content.log.head.size,
        root: &content.log.head.root,
        entries: content.log.entries(),
        from: content.log.from(),
        demo: content.demo(),
        folder,
        signer_until: keys.signer_until().format("%Y-%m-%d").to_string(),
        root_fingerprint: colons(&keys.root_fingerprint()),
        signer_fingerprint: colons(&keys.signer_fingerprint()),
        vkey: &content.log.vkey,
        earlier_vkeys: keys.earlier_vkeys(),
        sample: sample::view(content),
        signed: content.signoffs.len(),
        self_asserted: match &content.outside {
            Outside::Stamped { .. } => None,
            Outside::SelfAsserted(why) => Some(why),
        },
    };
    let text = page.render().expect("a template of plain text has nothing that fails");
    text.trim_end().to_owned() + "\n"
}

/// The whole bundle as one HTML page.
pub fn index_page(content: &Content, keys: &Keys, folder: &str) -> Result<Vec<u8>, askama::Error> {
    let page = IndexPage {
        org: &content.org,
        period: said(&content.period_name),
        id: &content.id,
        folder,
        made_at: words::date_time(content.made_at),
        made_by: &content.made_by,
        controls: match &content.scope.controls {
            None => "every control".to_owned(),
            Some(some) if some.len() == Control::ALL.len() => "every control".to_owned(),
            Some(some) => some.iter().map(|c| c.id()).collect::<Vec<_>>().join(", "),
        },
        statement: statement(content),
        demo: content.demo(),
        targets: content.targets.iter().map(target_row).collect(),
        drills: content.drills.iter().map(drill_view).collect(),
        weeks: weeks(content),
        all_listed: content.attested.all_listed(),
        gaps: content
            .gaps
            .iter()
            .take(GAPS)
            .map(|g| GapRow {
                due: words::date(g.value.due_at),
                says: g.value.says.clone(),
                demo: g.value.demo,
                seal: mark(&g.seal),
            })
            .collect(),
        more_gaps: content.gaps.len().saturating_sub(GAPS),
        jobs: jobs::rows(content),
        findings: content.findings.iter().map(finding_row).collect(),
        requests: requests::views(content),
        sample: sample::view(content),
        runbooks: content.runbooks.iter().map(runbook_view).collect(),
        signoffs: signoffs::signoffs(content),
        acceptances: signoffs::acceptances(content),
        checklists: checklists::views(content),
        incidents: incidents::views(content),
        origin: &content.log.origin,
        size: words::count(content.log.head.size as i64),
        root: words::groups(&content.log.head.root),
        entries: words::count(content.log.entries() as i64),
        from: content.log.from(),
        checkpoint: &content.log.head.checkpoint,
        start_here: start_here(content, keys, folder),
        root_fingerprint: words::groups(&keys.root_fingerprint()),
        signer_fingerprint: words::groups(&keys.signer_fingerprint()),
        vkey: &content.log.vkey,
        files: content_files(content),
    };
    let mut html = page.render()?.into_bytes();
    if html.last() != Some(&b'\n') {
        html.push(b'\n');
    }
    Ok(html)
}

#[derive(Template)]
#[template(path = "start-here.txt")]
struct StartHere<'a> {
    org: &'a str,
    period: String,
    rule: String,
    id: &'a str,
    made_at: String,
    made_by: &'a str,
    made_seconds: i64,
    origin: &'a str,
    size: u64,
    root: &'a str,
    entries: u64,
    from: u64,
    demo: bool,
    folder: &'a str,
    signer_until: String,
    root_fingerprint: String,
    signer_fingerprint: String,
    vkey: &'a str,
    earlier_vkeys: Vec<String>,
    /// Why no outside authority stamped it.
    self_asserted: Option<&'a str>,
    sample: Option<SampleView>,
    /// How many sign-offs are in it.
    signed: usize,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage<'a> {
    org: &'a str,
    period: String,
    id: &'a str,
    folder: &'a str,
    made_at: String,
    made_by: &'a str,
    controls: String,
    statement: String,
    demo: bool,
    targets: Vec<TargetRow>,
    drills: Vec<DrillView>,
    weeks: Vec<Week>,
    /// Whether each attestation stands in its week; else they are counted.
    all_listed: bool,
    gaps: Vec<GapRow>,
    more_gaps: usize,
    jobs: Vec<JobRow>,
    findings: Vec<FindingRow>,
    requests: Vec<RequestView>,
    sample: Option<SampleView>,
    runbooks: Vec<RunbookView>,
    signoffs: Vec<SignoffRow>,
    acceptances: Vec<AcceptanceRow>,
    checklists: Vec<ChecklistView>,
    incidents: Vec<IncidentView>,
    origin: &'a str,
    size: String,
    root: String,
    entries: String,
    from: u64,
    checkpoint: &'a str,
    start_here: String,
    root_fingerprint: String,
    signer_fingerprint: String,
    vkey: &'a str,
    files: Vec<(&'static str, &'static str)>,
}

/// A state by shape and word: `shape` names a symbol of the page, and the colour's class.
struct Mark {
    shape: &'static str,
    word: String,
}

struct SealMark {
    line: String,
    by: String,
    at: String,
}

struct TargetRow {
    title: &'static str,
    means: String,
    rpo: String,
    rto: String,
    measured: Option<(String, String, String)>,
    demo: bool,
    state: Mark,
}

struct DrillView {
    id: String,
    date: String,
    scenario: &'static str,
    sentence: String,
    demo: bool,
    restore: String,
    rto: String,
    lost: String,
    rpo: String,
    state: Mark,
    reasons: Vec<String>,
    source: String,
    staging: String,
    drawn: Option<String>,
    steps: Vec<StepRow>,
    checks: Vec<CheckRow>,
    /// When, and what was written or pressed.
    log: Vec<(String, String)>,
    people: String,
    exposure: Option<String>,
    seal: SealMark,
}

struct StepRow {
    title: &'static str,
    note: String,
    start: String,
    took: String,
    outcome: Option<&'static str>,
}

struct CheckRow {
    title: &'static str,
    expected: String,
    actual: String,
    detail: String,
    state: Mark,
}

struct Week {
    sunday: String,
    attested: usize,
    weakest: &'static str,
    /// Where they stand in the ledger.
    seqs: String,
    missing: Vec<String>,
    tenants: Vec<TenantRow>,
}

struct TenantRow {
    tenant: String,
    point: String,
    taken: String,
    strength: &'static str,
    demo: bool,
    seal: SealMark,
}

struct GapRow {
    due: String,
    says: String,
    demo: bool,
    seal: SealMark,
}

struct FindingRow {
    id: String,
    title: String,
    what: String,
    severity: &'static str,
    owner: String,
    due: String,
    state: Mark,
    evidence: Option<String>,
    files: Vec<FileView>,
    demo: bool,
    seal: SealMark,
}

struct RunbookView {
    version: String,
    approved: String,
    file: String,
    demo: bool,
    sections: Vec<(u8, String, Vec<String>)>,
    /// The text as it is, where it cannot be read as a runbook.
    plain: Option<String>,
    seal: SealMark,
}

/// "2025-12-01 to 2026-11-30" for "2025-12-01..2026-11-30".
fn said(period: &str) -> String {
    period.replace("..", " to ")
}

/// As `openssl x509 -fingerprint` writes a digest: "3E:4B:24…".
fn colons(hex: &str) -> String {
    let pairs: Vec<String> =
        hex.to_uppercase().as_bytes().chunks(2).map(|p| String::from_utf8_lossy(p).into_owned()).collect();
    pairs.join(":")
}

fn statement(content: &Content) -> String {
    let counted = |n: usize, one: &str, many: &str| {
        let number = if n <= 10 { words::number(n) } else { words::count(n as i64) };
        format!("{} {}", if n == 0 { "no".to_owned() } else { number }, if n == 1 { one } else { many })
    };
    let open = content.findings.iter().filter(|f| f.value.state == State::Open).count();
    let text = format!(
        "{}, {} and {} are sealed in here; {} is open.",
        counted(content.drills.len(), "restore drill", "restore drills"),
        counted(usize::try_from(content.attested.count).unwrap_or(usize::MAX), "attestation", "attestations"),
        counted(content.gaps.len(), "gap", "gaps"),
        if open == 1 { "one finding".to_owned() } else { counted(open, "finding", "findings") },
    );
    let text = if open > 1 || open == 0 { text.replace(" is open.", " are open.") } else { text };
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn target_row(judged: &domain::target::Judged) -> TargetRow {
    let measured = judged.drill.as_ref().and_then(|d| d.value.measured.as_ref().map(|m| (d, m)));
    TargetRow {
        title: judged.target.scenario.title(),
        means: judged.target.means.clone(),
        rpo: words::duration(judged.target.rpo_ms),
        rto: words::duration(judged.target.rto_ms),
        measured: measured.map(|(drill, m)| {
            let lost = m.rpo_ms.map_or_else(|| "not stated".to_owned(), words::duration);
            (lost, words::duration(m.restore_ms), drill.id.clone())
        }),
        demo: judged.drill.as_ref().is_some_and(|d| d.value.demo),
        state: verdict_mark(judged.overall),
    }
}

fn drill_view(drill: &Sealed<Drill>) -> DrillView {
    let d = &drill.value;
    DrillView {
        id: drill.id.clone(),
        date: words::date(d.occurred_at),
        scenario: d.scenario.title(),
        sentence: d.sentence(),
        demo: d.demo,
        restore: d.measured.as_ref().map_or_else(|| "not measured".to_owned(), |m| words::duration(m.restore_ms)),
        rto: words::duration(d.plan.rto_ms),
        lost: d.measured.as_ref().and_then(|m| m.rpo_ms).map_or_else(|| "not measured".to_owned(), words::duration),
        rpo: words::duration(d.plan.rpo_ms),
        state: verdict_mark(d.verdict.overall()),
        reasons: d.verdict.reasons.clone(),
        source: format!(
            "{}, {}, taken {} UTC",
            d.source.kind,
            d.source.recovery_point,
            words::date_time(d.source.taken_at)
        ),
        staging: format!(
            "{}, {}",
            d.target.environment,
            if d.target.isolated { "shown to be another database than the source" } else { "not shown to be isolated" }
        ),
        drawn: d.draw.as_ref().map(|draw| {
            let sealed = match (&draw.root, draw.seq) {
                (Some(_), Some(seq)) => format!("the list was sealed first, as entry № {seq}"),
                _ => "the list was not sealed before the draw".to_owned(),
            };
            format!("{} of {} eligible; {sealed}", draw.chosen, draw.eligible.len())
        }),
        steps: d
            .steps
            .iter()
            .map(|s| StepRow {
                title: s.id.title(),
                note: std::iter::once(s.note.clone())
                    .chain(s.commands.iter().map(domain::drill::Command::says))
                    .collect::<Vec<_>>()
                    .join("; "),
                start: words::time(s.started_at),
                took: words::clock(s.took_ms()),
                outcome: match s.outcome {
                    Outcome::Done => None,
                    Outcome::Failed => Some("failed"),
                    Outcome::Skipped => Some("skipped"),
                },
            })
            .collect(),
        log: d.log.iter().map(|line| (words::time(line.at), line.sentence())).collect(),
        checks: d
            .checks
            .iter()
            .map(|c| CheckRow {
                title: c.id.title(),
                expected: c.expected.clone(),
                actual: c.actual.clone(),
                detail: c.detail.clone(),
                state: match c.verdict {
                    CheckVerdict::Passes => Mark { shape: "met", word: "passes".to_owned() },
                    CheckVerdict::Fails => Mark { shape: "miss", word: "fails".to_owned() },
                    CheckVerdict::NotRun => Mark { shape: "none", word: "not run".to_owned() },
                },
            })
            .collect(),
        people: d.people.iter().map(|p| format!("{} ({})", p.name, p.role)).collect::<Vec<_>>().join(", "),
        exposure: d.exposure.as_ref().map(|e| match e.until {
            Some(until) => {
                format!("The restored copy existed for {}; {}", words::duration(until.since(e.from)), e.proof)
            }
            None => format!("The restored copy still exists; {}", e.proof),
        }),
        seal: mark(&drill.seal),
    }
}

/// Newest week first, with the tenants that other weeks have and this one lacks as the gaps say.
fn weeks(content: &Content) -> Vec<Week> {
    let attested = &content.attested;
    let mut missing: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for gap in &content.gaps {
        let sunday = schedule::sunday_of(gap.value.due_at);
        let who = match &gap.value.what {
            domain::gap::Missing::WholeRun => "every tenant",
            domain::gap::Missing::Tenant { tenant } => tenant,
            domain::gap::Missing::Drill { .. } | domain::gap::Missing::Run { .. } => continue,
        };
        missing.entry(sunday).or_default().insert(who.to_owned());
    }
    let mut listed: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for attestation in &attested.listed {
        listed.entry(schedule::sunday_of(attestation.value.occurred_at)).or_default().push(attestation);
    }
    let sundays: BTreeSet<Moment> = attested.weeks.keys().chain(missing.keys()).copied().collect();
    sundays
        .into_iter()
        .rev()
        .map(|sunday| {
            let mut here = listed.remove(&sunday).unwrap_or_default();
            here.sort_by(|a, b| a.value.tenant.cmp(&b.value.tenant).then(a.seal.seq.cmp(&b.seal.seq)));
            let week = attested.weeks.get(&sunday);
            let mut missing: Vec<String> = missing.remove(&sunday).unwrap_or_default().into_iter().collect();
            let more = missing.len().saturating_sub(NAMED);
            missing.truncate(NAMED);
            if more > 0 {
                missing.push(format!("and {} more", words::count(more as i64)));
            }
            Week {
                sunday: words::date(sunday),
                attested: attested.sightings.found(sunday),
                weakest: week.and_then(|w| w.by.keys().next()).map_or("", |s| s.word()),
                seqs: week.map(|w| format!("№ {} to {}", w.first_seq, w.last_seq)).unwrap_or_default(),
                missing,
                tenants: here
                    .iter()
                    .map(|a| TenantRow {
                        tenant: a.value.tenant.clone(),
                        point: a.value.recovery_point.id.clone(),
                        taken: words::date_time(a.value.recovery_point.taken_at),
                        strength: a.value.strength.word(),
                        demo: a.value.demo,
                        seal: mark(&a.seal),
                    })
                    .collect(),
            }
        })
        .collect()
}

fn finding_row(finding: &Sealed<domain::finding::Finding>) -> FindingRow {
    let f = &finding.value;
    let (state, evidence) = match &f.state {
        State::Open => (Mark { shape: "none", word: "open".to_owned() }, None),
        State::Closed { at, evidence } => (
            Mark { shape: "met", word: "closed".to_owned() },
            Some(format!("Closed on {}: {evidence}", words::date(*at))),
        ),
    };
    FindingRow {
        id: f.id.clone(),
        title: f.title.clone(),
        what: f.what.clone(),
        severity: f.severity.word(),
        owner: f.owner.clone(),
        due: words::date(f.due_at),
        state,
        evidence,
        files: f.attachments.iter().map(|attached| requests::file(&attached.file)).collect(),
        demo: f.demo,
        seal: mark(&finding.seal),
    }
}

fn runbook_view(version: &Sealed<domain::runbook::RunbookVersion>) -> RunbookView {
    let v = &version.value;
    let read = Runbook::parse(&v.text).ok();
    RunbookView {
        version: v.version.clone(),
        approved: words::date(v.occurred_at),
        file: layout::runbook_file(&v.version).trim_start_matches("data/").to_owned(),
        demo: v.demo,
        plain: read.is_none().then(|| v.text.clone()),
        sections: read
            .map(|r| r.sections.into_iter().map(|s| (s.level, s.title, s.blocks)).collect())
            .unwrap_or_default(),
        seal: mark(&version.seal),
    }
}

/// The record files, as links from the page, which stands in `data/`.
fn content_files(content: &Content) -> Vec<(&'static str, &'static str)> {
    let names = [
        ("packet.pdf", "the packet, for reading and printing"),
        ("START-HERE.txt", "what this proves and how to check it"),
        ("index.json", "the bundle's index, for machines"),
    ];
    let records = layout::COLLECTIONS
        .into_iter()
        .filter(|c| content.payload.records.contains_key(c.file))
        .map(|c| (c.file.trim_start_matches("data/"), "exact sealed bytes, a record a line"));
    let log = [("log/entries.jsonl", "the ledger's entries, by digest"), ("log/checkpoint.txt", "its signed head")];
    let sample = content.sample.iter().flat_map(|_| {
        [
            ("sample/draw.json", "the sample, and how it was drawn"),
            ("sample/population.jsonl", "what it was drawn from"),
        ]
    });
    names.into_iter().chain(records).chain(sample).chain(log).collect()
}

fn verdict_mark(verdict: Verdict) -> Mark {
    let shape = match verdict {
        Verdict::Met => "met",
        Verdict::AtRisk => "risk",
        Verdict::Missed => "miss",
        Verdict::Untested => "none",
        Verdict::Stale => "stale",
    };
    Mark { shape, word: verdict.word().to_owned() }
}

fn mark(seal: &Seal) -> SealMark {
    SealMark {
        line: format!("№ {} · {}", seal.seq, words::short_digest(&seal.sha256)),
        by: seal.by.clone(),
        at: format!("{}Z", words::date_time(seal.at)),
    }
}
