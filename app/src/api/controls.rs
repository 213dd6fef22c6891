//! Controls: which evidence of the audit period answers each, how fresh it is, and what is missing.

use domain::{
    Moment,
    checklist::Checklist,
    control::{
        Control, Evidence,
        answer::{Answer, Body, Freshness, Loss, Mark, answers, finding_answers, overall},
    },
    gap::{Gap, Missing},
    judgement::{Judgement, judge},
    proof::signoff::Purpose,
    record::{Seal, Sealed},
    review::Review,
    role::Permission,
    schedule::{Period, sunday_of},
    words,
};

use super::{
    coverage::{self, Coverage},
    guard, known,
};
use crate::problem::Problem;

/// One control and how it stands.
pub struct Standing {
    pub control: Control,
    pub asks: String,
    pub answers: Vec<Answer>,
    pub overall: Freshness,
}

pub struct ControlsPage {
    pub controls: Vec<Standing>,
    pub period: Period,
    pub now: Moment,
}

/// A gap under a control, with the finding that follows it up.
pub struct Missed {
    /// "2026-03-08", or "2025-12-01 to 2026-02-17"
    pub when: String,
    pub says: String,
    /// `None`: computed here, from when the first version was approved.
    pub seal: Option<Seal>,
    pub demo: bool,
    /// Its number and title.
    pub finding: Option<(String, String)>,
}

/// A record that answers a control, as one line of a list.
pub struct Line {
    pub at: Moment,
    pub title: String,
    pub href: String,
    pub json: Option<String>,
    pub kind: &'static str,
    pub seal: Option<Seal>,
}

pub struct ControlPage {
    pub controls: Vec<Standing>,
    pub shown: usize,
    pub missed: Vec<Missed>,
    /// Newest first; at most [`LINES`] unless all were asked for.
    pub lines: Vec<Line>,
    pub lines_in_all: usize,
    pub period: Period,
    pub now: Moment,
    pub company: String,
    /// Whether the reader may ask about it.
    pub may_ask: bool,
}

impl ControlPage {
    pub fn standing(&self) -> &Standing {
        &self.controls[self.shown]
    }
}

/// A dozen records fit under the table on one screen.
const LINES: usize = 12;

pub async fn list() -> Result<ControlsPage, Problem> {
    let read = read().await?;
    Ok(ControlsPage { controls: read.standings(), period: read.coverage.period, now: read.now })
}

/// One control; outside the reader's audit it is not there.
pub async fn one(id: &str, all: bool) -> Result<ControlPage, Problem> {
    let read = read().await?;
    let control = Control::from_id(id).ok_or_else(|| Problem::gone("control"))?;
    let controls = read.standings();
    let shown = controls.iter().position(|s| s.control == control).ok_or_else(|| Problem::gone("control"))?;
    let mut lines = read.lines(control);
    let lines_in_all = lines.len();
    if !all {
        lines.truncate(LINES);
    }
    Ok(ControlPage {
        missed: read.missed(&controls[shown].answers),
        controls,
        shown,
        lines,
        lines_in_all,
        period: read.coverage.period,
        now: read.now,
        company: read.company,
        may_ask: read.may_ask,
    })
}

struct Read {
    company: String,
    in_scope: Vec<Control>,
    coverage: Coverage,
    drills: Vec<Sealed<domain::drill::Drill>>,
    findings: Vec<Sealed<domain::finding::Finding>>,
    runbooks: Vec<Sealed<domain::runbook::RunbookVersion>>,
    reports: Vec<(Moment, Seal)>,
    judged: Vec<Judgement>,
    checklists: Vec<(Sealed<Checklist>, bool)>,
    incidents: Vec<Loss>,
    now: Moment,
    may_ask: bool,
}

async fn read() -> Result<Read, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let coverage = coverage::read(&actor, &ports).await?;
    let drills = ports.drills.all(&coverage.scope).await?;
    let findings = ports.findings.all(&coverage.scope).await?;
    let runbooks = ports.runbooks.versions(&coverage.scope).await?;
    let now = ports.clock.now();
    let told = known::told(&ports, &coverage.scope, now.min(coverage.period.last_day())).await?;
    let reports = told.imports.into_iter().map(|import| (import.value.occurred_at, import.seal)).collect();
    let reviews = ports.reviews.all(&coverage.scope).await?.reviews;
    let signed = |quarter: &str| {
        let of_it = |r: &&Review| r.subject.purpose == Purpose::Closes && r.subject.document == quarter;
        reviews.iter().find(of_it).is_some_and(|review| review.signed().is_some())
    };
    let closed = ports.checklists.closed(&coverage.scope).await?;
    let checklists = closed.into_iter().map(|checklist| (signed(&checklist.id), checklist));
    Ok(Read {
        reports,
        judged: judge(&told.facts),
        checklists: checklists.map(|(signed, checklist)| (checklist, signed)).collect(),
        incidents: super::incidents::losses(&ports, &coverage.scope).await?,
        company: ports.company.name.clone(),
        in_scope: actor.scope.controls.clone().unwrap_or_else(|| Control::ALL.to_vec()),
        coverage,
        drills,
        findings,
        runbooks,
        now,
        may_ask: actor.role.may(Permission::AskRequests),
    })
}

impl Read {
    fn standings(&self) -> Vec<Standing> {
        let attested: Vec<(Moment, Seal)> =
            self.coverage.attested.iter().map(|a| (a.occurred_at, a.seal.clone())).collect();
        let body = Body {
            period: self.coverage.period,
            now: self.now,
            grid: &self.coverage.grid,
            attested: &attested,
            drills: &self.drills,
            findings: &self.findings,
            gaps: &self.coverage.gaps,
            runbooks: &self.runbooks,
            reports: &self.reports,
            judged: &self.judged,
            checklists: &self.checklists,
            incidents: &self.incidents,
        };
        let standing = |control: Control| {
            let answers = answers(control, &body);
            Standing { control, asks: control.asks(&self.company), overall: overall(&answers), answers }
        };
        Control::ALL.into_iter().filter(|c| self.in_scope.contains(c)).map(standing).collect()
    }

    fn missed(&self, answers: &[Answer]) -> Vec<Missed> {
        let has = |kind| answers.iter().any(|a| a.evidence == kind);
        let concerns = |gap: &Gap| {
            has(Evidence::Gaps)
                || match gap.what {
                    Missing::Drill { .. } => has(Evidence::Drills),
                    Missing::Run { .. } => has(Evidence::Attestations) || has(Evidence::Drills),
                    _ => has(Evidence::Attestations),
                }
        };
        let followed = |id: &str| {
            let finding = self.findings.iter().find(|f| f.value.cause.as_deref() == Some(id))?;
            Some((finding.id.clone(), finding.value.title.clone()))
        };
        let unwritten = answers.iter().filter(|a| a.evidence == Evidence::Runbooks && a.gaps > 0).flat_map(|a| {
            a.marks.iter().filter_map(|mark| match mark {
                Mark::Gap(span) => Some(Missed {
                    when: format!("{} to {}", words::date(span.from), words::date(span.last_day())),
                    says: "No approved runbook was in force.".to_owned(),
                    seal: None,
                    demo: false,
                    finding: None,
                }),
                _ => None,
            })
        });
        self.coverage
            .gaps
            .iter()
            .filter(|gap| concerns(&gap.value))
            .map(|gap| Missed {
                when: words::date(gap.value.due_at),
                says: gap.value.says.clone(),
                seal: Some(gap.seal.clone()),
                demo: gap.value.demo,
                finding: followed(&gap.id),
            })
            .chain(unwritten)
            .collect()
    }

    fn lines(&self, control: Control) -> Vec<Line> {
        let answered_by = |kind: Evidence| kind.answers().contains(&control);
        let mut lines = Vec::new();
        if answered_by(Evidence::Drills) {
            lines.extend(self.drills.iter().map(|d| Line {
                at: d.value.occurred_at,
                title: format!("Restore drill, {}", lower(d.value.scenario.title())),
                href: format!("/drills/{}", d.id),
                json: Some(format!("/drills/{}/record.json", d.id)),
                kind: if d.value.abandoned.is_some() { "abandoned drill" } else { "drill record" },
                seal: Some(d.seal.clone()),
            }));
        }
        if answered_by(Evidence::Runbooks) {
            lines.extend(self.runbooks.iter().map(|v| Line {
                at: v.value.occurred_at,
                title: format!("Runbook {}, approved", v.value.version),
                href: format!("/runbook/versions/{}", v.value.version),
                json: None,
                kind: "document",
                seal: Some(v.seal.clone()),
            }));
        }
        if answered_by(Evidence::Checklists) {
            lines.extend(self.checklists.iter().map(|(c, signed)| Line {
                at: c.value.occurred_at,
                title: format!("Checklist of {}, {}", c.value.quarter, if *signed { "signed" } else { "not signed" }),
                href: super::checklist::address(&c.value.quarter),
                json: None,
                kind: "checklist",
                seal: Some(c.seal.clone()),
            }));
        }
        if answered_by(Evidence::Incidents) {
            lines.extend(self.incidents.iter().map(|loss| Line {
                at: loss.declared_at,
                title: format!("{}, {}", loss.title, if loss.signed { "signed" } else { "not signed" }),
                href: super::incidents::address(&loss.id),
                json: None,
                kind: "incident",
                seal: Some(loss.seal.clone()),
            }));
        }
        lines.extend(self.findings.iter().filter(|f| finding_answers(&f.value, control)).map(|f| Line {
            at: f.value.occurred_at,
            title: format!("{}, {}", f.id, f.value.title),
            href: format!("/findings#{}", f.id),
            json: None,
            kind: "finding",
            seal: Some(f.seal.clone()),
        }));
        if answered_by(Evidence::Attestations) {
            let grid = &self.coverage.grid;
            for (i, &week) in grid.weeks.iter().enumerate() {
                let (found, owed) = grid.column(i);
                if found == 0 {
                    continue;
                }
                let day = words::date(week);
                let last = words::date(week.plus_millis(6 * 24 * 3600 * 1000));
                let newest = self.coverage.attested.iter().rfind(|a| sunday_of(a.occurred_at) == week);
                lines.push(Line {
                    at: newest.map_or(week, |a| a.occurred_at),
                    title: format!("Attestation of {}, {found} of {owed} tenants", words::long_date(week)),
                    href: format!("/backups?from={day}&to={last}#attestations"),
                    json: None,
                    kind: "attestation",
                    seal: newest.map(|a| a.seal.clone()),
                });
            }
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.at));
        lines
    }
}

fn lower(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
