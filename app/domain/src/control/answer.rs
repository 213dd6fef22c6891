//! How a control is answered: for each kind of evidence what is there, how fresh, and what is missing.

use super::{Control, Evidence};
use crate::{
    Moment,
    checklist::Checklist,
    coverage::Grid,
    drill::Drill,
    finding::{Finding, Standing},
    gap::{Gap, Missing},
    judgement::Judgement,
    record::{Seal, Sealed},
    runbook::{Runbook, RunbookVersion},
    schedule::{Period, quarters},
    target::PROOF_HOLDS_MS,
    verdict::Verdict,
    words,
};

/// The evidence of one period, as far as it has come.
pub struct Body<'a> {
    pub period: Period,
    pub now: Moment,
    pub grid: &'a Grid,
    /// When each attestation was made and its seal, oldest first.
    pub attested: &'a [(Moment, Seal)],
    pub drills: &'a [Sealed<Drill>],
    pub findings: &'a [Sealed<Finding>],
    pub gaps: &'a [Sealed<Gap>],
    pub runbooks: &'a [Sealed<RunbookVersion>],
    /// When each of vendors' reports was brought and its seal.
    pub reports: &'a [(Moment, Seal)],
    /// What follows from them.
    pub judged: &'a [Judgement],
    /// The newest of each quarter, and whether it is signed.
    pub checklists: &'a [(Sealed<Checklist>, bool)],
    pub incidents: &'a [Loss],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    Fresh,
    /// Older than its cadence allows, or a date has passed.
    Ageing,
    NoneYet,
    /// Something that was due in the period is not there.
    Gap,
}

impl Freshness {
    pub fn word(self) -> &'static str {
        match self {
            Freshness::Fresh => "fresh",
            Freshness::Ageing => "ageing",
            Freshness::NoneYet => "none yet",
            Freshness::Gap => "gap",
        }
    }
}

/// A mark on a strip of the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Event(Moment),
    Cover(Period),
    Gap(Period),
}

/// A loss, and whether its account is signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    pub id: String,
    pub title: String,
    pub declared_at: Moment,
    /// Of its account, or of its last act.
    pub seal: Seal,
    pub signed: bool,
}

/// One kind of evidence under one control.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub evidence: Evidence,
    /// How often it is due: "Sundays".
    pub expected: &'static str,
    /// How much there is, against what was due: "46 of 50 complete".
    pub says: String,
    pub count: usize,
    /// When the newest happened, and its seal.
    pub newest: Option<(Moment, Seal)>,
    pub gaps: usize,
    pub freshness: Freshness,
    pub marks: Vec<Mark>,
}

/// Whether a finding is evidence under a control: it names its own, and without any the usual ones.
pub fn finding_answers(finding: &Finding, control: Control) -> bool {
    if finding.controls.is_empty() {
        Evidence::Findings.answers().contains(&control)
    } else {
        finding.controls.contains(&control)
    }
}

/// Each kind of evidence under a control.
pub fn answers(control: Control, body: &Body<'_>) -> Vec<Answer> {
    let named = body.findings.iter().any(|f| finding_answers(&f.value, control));
    Evidence::ALL
        .into_iter()
        .filter(|kind| kind.answers().contains(&control) || (*kind == Evidence::Findings && named))
        .map(|kind| match kind {
            Evidence::Attestations => attestations(body),
            Evidence::Drills => drills(body),
            Evidence::Findings => findings(control, body),
            Evidence::Gaps => gaps(body),
            Evidence::Runbooks => runbooks(body),
            Evidence::Reports => reports(body),
            Evidence::Checklists => checklists(body),
            Evidence::Incidents => incidents(body),
        })
        .collect()
}

/// The one that worries most; a control nothing answers has none yet.
pub fn overall(answers: &[Answer]) -> Freshness {
    answers.iter().map(|a| a.freshness).max().unwrap_or(Freshness::NoneYet)
}

/// "Three kinds of evidence are expected; one has gaps and one is not there yet."
pub fn sentence(answers: &[Answer]) -> String {
    let n = answers.len();
    let kinds = if n == 1 { "kind of evidence is" } else { "kinds of evidence are" };
    let of = |freshness| answers.iter().filter(|a| a.freshness == freshness).count();
    let say = |n: usize, one: &str, more: &str| {
        (n > 0).then(|| format!("{} {}", words::number(n), if n == 1 { one } else { more }))
    };
    let parts: Vec<String> = [
        say(of(Freshness::Gap), "has gaps", "have gaps"),
        say(of(Freshness::Ageing), "is ageing", "are ageing"),
        say(of(Freshness::NoneYet), "is not there yet", "are not there yet"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let rest = match &parts[..] {
        [] if n == 1 => "it is there and fresh".to_owned(),
        [] => "all are there and fresh".to_owned(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    };
    format!("{} {kinds} expected; {rest}.", words::capital(&words::number(n)))
}

const DAY_MS: i64 = 24 * 3600 * 1000;
const WEEK_MS: i64 = 7 * DAY_MS;

fn attestations(body: &Body<'_>) -> Answer {
    let (complete, due) = body.grid.complete();
    let newest = body.attested.iter().max_by_key(|(at, _)| *at).cloned();
    let gaps = body.gaps.iter().filter(|g| matches!(g.value.what, Missing::WholeRun | Missing::Tenant { .. })).count();
    let old = newest.as_ref().is_some_and(|(at, _)| body.now.since(*at) > WEEK_MS + DAY_MS);
    let mut marks: Vec<Mark> = Vec::new();
    for (i, &week) in body.grid.weeks.iter().enumerate() {
        let (found, owed) = body.grid.column(i);
        if owed == 0 {
            continue;
        }
        let span = Period { from: week, to: week.plus_millis(WEEK_MS).min(body.now.max(week)).min(body.period.to) };
        let next = if found == owed { Mark::Cover(span) } else { Mark::Gap(span) };
        match (marks.last_mut(), next) {
            (Some(Mark::Cover(before)), Mark::Cover(span)) if before.to == span.from => before.to = span.to,
            (_, next) => marks.push(next),
        }
    }
    Answer {
        evidence: Evidence::Attestations,
        expected: "Sundays",
        says: format!("{complete} of {due} complete"),
        count: body.attested.len(),
        freshness: freshness(gaps, newest.is_some(), old),
        newest,
        gaps,
        marks,
    }
}

fn drills(body: &Body<'_>) -> Answer {
    let completed: Vec<&Sealed<Drill>> =
        body.drills.iter().filter(|d| d.value.abandoned.is_none() && d.value.measured.is_some()).collect();
    let newest = completed.iter().max_by_key(|d| d.value.occurred_at).map(|d| (d.value.occurred_at, d.seal.clone()));
    let missing: Vec<&Gap> =
        body.gaps.iter().map(|g| &g.value).filter(|g| matches!(g.what, Missing::Drill { .. })).collect();
    let old = newest.as_ref().is_some_and(|(at, _)| body.now.since(*at) > PROOF_HOLDS_MS);
    let mut quarters: Vec<&str> = completed.iter().map(|d| d.value.quarter.as_str()).collect();
    quarters.sort_unstable();
    quarters.dedup();
    let mut marks: Vec<Mark> = missing
        .iter()
        .filter_map(|g| match &g.what {
            Missing::Drill { quarter } => Period::quarter(quarter).map(Mark::Gap),
            _ => None,
        })
        .collect();
    marks.extend(completed.iter().map(|d| Mark::Event(d.value.occurred_at)));
    let abandoned = body.drills.iter().filter(|d| d.value.abandoned.is_some()).count();
    let ended = match abandoned {
        0 => String::new(),
        n => format!(", {n} abandoned"),
    };
    Answer {
        evidence: Evidence::Drills,
        expected: "quarterly",
        says: format!("{} of {} quarters{ended}", quarters.len(), quarters.len() + missing.len()),
        count: body.drills.len(),
        freshness: freshness(missing.len(), newest.is_some(), old),
        newest,
        gaps: missing.len(),
        marks,
    }
}

fn findings(control: Control, body: &Body<'_>) -> Answer {
    let mine: Vec<&Sealed<Finding>> = body.findings.iter().filter(|f| finding_answers(&f.value, control)).collect();
    let of = |standing| mine.iter().filter(|f| f.value.standing(body.now) == standing).count();
    let (overdue, closed) = (of(Standing::Overdue), of(Standing::Closed));
    let says = match overdue {
        0 => format!("{closed} of {} closed", mine.len()),
        n => format!("{closed} of {} closed, {n} overdue", mine.len()),
    };
    Answer {
        evidence: Evidence::Findings,
        expected: "each shortfall",
        says,
        count: mine.len(),
        newest: mine.iter().max_by_key(|f| f.value.occurred_at).map(|f| (f.value.occurred_at, f.seal.clone())),
        gaps: 0,
        freshness: freshness(0, !mine.is_empty(), overdue > 0),
        marks: mine.iter().map(|f| Mark::Event(f.value.occurred_at)).collect(),
    }
}

/// Gaps are evidence by being complete: none is good news, and is said with what was compared.
fn gaps(body: &Body<'_>) -> Answer {
    let newest = body.gaps.iter().max_by_key(|g| g.value.due_at).map(|g| (g.value.due_at, g.seal.clone()));
    let (_, due) = body.grid.complete();
    let n = body.gaps.len();
    Answer {
        evidence: Evidence::Gaps,
        expected: "each miss",
        says: match n {
            0 => format!("none in {due} Sundays"),
            _ => format!("{n} recorded"),
        },
        count: n,
        newest,
        gaps: n,
        freshness: if n == 0 { Freshness::Fresh } else { Freshness::Gap },
        marks: body.gaps.iter().map(|g| Mark::Event(g.value.due_at)).collect(),
    }
}

fn runbooks(body: &Body<'_>) -> Answer {
    let mut versions: Vec<&Sealed<RunbookVersion>> = body.runbooks.iter().collect();
    versions.sort_by_key(|v| v.value.occurred_at);
    let until = body.now.min(body.period.to).max(body.period.from);
    let (mut marks, mut gaps) = (Vec::new(), 0);
    let begins = versions.first().map_or(until, |v| v.value.occurred_at);
    if begins > body.period.from {
        gaps = 1;
        marks.push(Mark::Gap(Period { from: body.period.from, to: begins.min(until) }));
    }
    for (i, version) in versions.iter().enumerate() {
        let from = version.value.occurred_at.max(body.period.from);
        let to = versions.get(i + 1).map_or(until, |next| next.value.occurred_at);
        marks.push(Mark::Cover(Period { from, to }));
    }
    let newest = versions.last();
    let review = newest.and_then(|v| Runbook::parse(&v.value.text).ok()).map(|book| book.front.next_review);
    let overdue = review.as_deref().and_then(|day| Period::days(day, day)).is_some_and(|day| day.to <= body.now);
    let says = match (newest, review) {
        (Some(v), Some(day)) if overdue => format!("{} in force, review was due {day}", v.value.version),
        (Some(v), _) => format!("{} in force", v.value.version),
        (None, _) => "no version was approved".to_owned(),
    };
    Answer {
        evidence: Evidence::Runbooks,
        expected: "always one",
        says,
        count: versions.len(),
        newest: newest.map(|v| (v.value.occurred_at, v.seal.clone())),
        gaps: if newest.is_some() { gaps } else { 0 },
        freshness: freshness(if newest.is_some() { gaps } else { 0 }, newest.is_some(), overdue),
        marks,
    }
}

/// What falls short by them has its findings; here counts whether anybody looked.
fn reports(body: &Body<'_>) -> Answer {
    let newest = body.reports.iter().max_by_key(|(at, _)| *at).cloned();
    let old = newest.as_ref().is_some_and(|(at, _)| body.now.since(*at) > WEEK_MS + DAY_MS);
    let met = body.judged.iter().filter(|j| j.verdict == Verdict::Met).count();
    let short = body.judged.iter().filter(|j| j.falls_short()).count();
    let says = match (body.reports.len(), short) {
        (0, _) => "nothing was brought".to_owned(),
        (_, 0) => format!("{met} judgements hold"),
        (_, n) => format!("{met} judgements hold, {n} fall short"),
    };
    Answer {
        evidence: Evidence::Reports,
        expected: "weekly",
        says,
        count: body.reports.len(),
        freshness: freshness(0, newest.is_some(), old),
        newest,
        gaps: 0,
        marks: body.reports.iter().map(|(at, _)| Mark::Event(*at)).collect(),
    }
}

/// A quarter that is over since the first checklist and has none is a gap.
fn checklists(body: &Body<'_>) -> Answer {
    let mut closed: Vec<&(Sealed<Checklist>, bool)> = body.checklists.iter().collect();
    closed.sort_by_key(|(c, _)| c.value.occurred_at);
    let first = closed.iter().filter_map(|(c, _)| Period::quarter(&c.value.quarter)).map(|p| p.from).min();
    let until = body.now.min(body.period.to);
    let missing: Vec<Period> = first
        .map(|first| quarters(first.max(body.period.from), until))
        .unwrap_or_default()
        .into_iter()
        .filter(|quarter| quarter.end <= until && closed.iter().all(|(c, _)| c.value.quarter != quarter.name))
        .map(|quarter| Period { from: quarter.start, to: quarter.end })
        .collect();
    let newest = closed.last().map(|(c, _)| (c.value.occurred_at, c.seal.clone()));
    let signed = closed.iter().filter(|(_, signed)| *signed).count();
    let old = newest.as_ref().is_some_and(|(at, _)| body.now.since(*at) > PROOF_HOLDS_MS) || signed < closed.len();
    let mut marks: Vec<Mark> = missing.iter().copied().map(Mark::Gap).collect();
    marks.extend(closed.iter().map(|(c, _)| Mark::Event(c.value.occurred_at)));
    Answer {
        evidence: Evidence::Checklists,
        expected: "quarterly",
        says: match closed.len() + missing.len() {
            0 => "none was closed".to_owned(),
            all => format!("{signed} of {all} signed"),
        },
        count: closed.len(),
        freshness: freshness(missing.len(), newest.is_some(), old),
        newest,
        gaps: missing.len(),
        marks,
    }
}

/// Losses are evidence by being accounted for: that none was declared is said, and no gap.
fn incidents(body: &Body<'_>) -> Answer {
    let newest = body.incidents.iter().max_by_key(|i| i.declared_at).map(|i| (i.declared_at, i.seal.clone()));
    let signed = body.incidents.iter().filter(|i| i.signed).count();
    let all = body.incidents.len();
    Answer {
        evidence: Evidence::Incidents,
        expected: "each loss",
        says: if all == 0 {
            "none was declared".to_owned()
        } else {
            format!("{signed} of {all} accounted for and signed")
        },
        count: all,
        newest,
        gaps: 0,
        freshness: if signed < all { Freshness::Ageing } else { Freshness::Fresh },
        marks: body.incidents.iter().map(|i| Mark::Event(i.declared_at)).collect(),
    }
}

fn freshness(gaps: usize, any: bool, old: bool) -> Freshness {
    match (gaps, any, old) {
        (1.., ..) => Freshness::Gap,
        (0, false, _) => Freshness::NoneYet,
        (0, true, true) => Freshness::Ageing,
        (0, true, false) => Freshness::Fresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attestation::Strength,
        coverage::Sighting,
        finding::{Severity, State},
    };

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    fn seal() -> Seal {
        Seal { seq: 1, sha256: "ab".repeat(32), at: at("2026-03-01T00:00:00Z"), by: "t".into(), broken: false }
    }

    fn gap(what: Missing, due: &str) -> Sealed<Gap> {
        let due_at = at(due);
        let value =
            Gap { schema: 1, what, due_at, says: String::new(), demo: false, occurred_at: due_at, by: "t".into() };
        Sealed { id: value.id(), value, seal: seal() }
    }

    fn runbook(approved: &str, review: &str) -> Sealed<RunbookVersion> {
        let text = format!(
            "+++\ntitle = \"R\"\nversion = \"1.0\"\nowner = \"o\"\napproved = \"x\"\nnextReview = \"{review}\"\ncontrols = []\n+++\n"
        );
        let value = RunbookVersion {
            schema: 1,
            version: "1.0".into(),
            text,
            demo: false,
            occurred_at: at(approved),
            by: "o".into(),
        };
        Sealed { id: "1.0".into(), value, seal: seal() }
    }

    fn finding(controls: Vec<Control>, due: &str) -> Sealed<Finding> {
        let value = Finding {
            schema: 1,
            id: "F-001".into(),
            title: String::new(),
            severity: Severity::Low,
            found_by: String::new(),
            cause: None,
            hits: vec![],
            what: String::new(),
            why: String::new(),
            plan: String::new(),
            owner: String::new(),
            due_at: at(due),
            state: State::Open,
            controls,
            attachments: vec![],
            demo: false,
            occurred_at: at("2026-03-02T00:00:00Z"),
            by: "t".into(),
        };
        Sealed { id: value.id.clone(), value, seal: seal() }
    }

    struct Case {
        attested: Vec<&'static str>,
        gaps: Vec<Sealed<Gap>>,
        runbooks: Vec<Sealed<RunbookVersion>>,
        findings: Vec<Sealed<Finding>>,
    }

    /// March 2026, seen on Wednesday the 18th.
    fn answer(control: Control, evidence: Evidence, case: &Case) -> Answer {
        let period = Period::days("2026-03-01", "2026-03-31").expect("a period");
        let now = at("2026-03-18T00:00:00Z");
        let sightings: Vec<Sighting> = case
            .attested
            .iter()
            .map(|d| Sighting { tenant: "a".into(), at: at(d), strength: Strength::Listed })
            .collect();
        let plain: Vec<Gap> = case.gaps.iter().map(|g| g.value.clone()).collect();
        let grid = Grid::lay(period, &sightings.iter().cloned().collect(), &plain, now);
        let attested: Vec<(Moment, Seal)> = sightings.iter().map(|s| (s.at, seal())).collect();
        let body = Body {
            period,
            now,
            grid: &grid,
            attested: &attested,
            drills: &[],
            findings: &case.findings,
            gaps: &case.gaps,
            runbooks: &case.runbooks,
            reports: &[],
            judged: &[],
            checklists: &[],
            incidents: &[],
        };
        answers(control, &body).into_iter().find(|a| a.evidence == evidence).expect("the kind answers this control")
    }

    #[test]
    fn freshness_follows_the_cadence_and_any_gap_outweighs_it() {
        let none = || Case { attested: vec![], gaps: vec![], runbooks: vec![], findings: vec![] };
        let sundays = vec!["2026-03-01T03:10:00Z", "2026-03-08T03:10:00Z", "2026-03-15T03:10:00Z"];
        let drill_gap = || gap(Missing::Drill { quarter: "2026-Q1".into() }, "2026-03-31T00:00:00Z");
        let (a12, cc73, cc74) = (Control::A12, Control::Cc73, Control::Cc74);
        use Evidence::*;
        use Freshness::*;
        for (what, control, evidence, case, expected) in [
            ("nothing at all", a12, Attestations, none(), NoneYet),
            ("the last Sunday", a12, Attestations, Case { attested: sundays.clone(), ..none() }, Fresh),
            ("nine days ago", a12, Attestations, Case { attested: sundays[..2].to_vec(), ..none() }, Ageing),
            (
                "a Sunday skipped",
                a12,
                Attestations,
                Case {
                    attested: vec![sundays[0], sundays[2]],
                    gaps: vec![gap(Missing::WholeRun, "2026-03-08T03:00:00Z")],
                    ..none()
                },
                Gap,
            ),
            (
                "another kind's gap",
                a12,
                Attestations,
                Case { attested: sundays.clone(), gaps: vec![drill_gap()], ..none() },
                Fresh,
            ),
            ("a quarter without a drill", a12, Drills, Case { gaps: vec![drill_gap()], ..none() }, Gap),
            ("no gap", a12, Gaps, Case { attested: sundays.clone(), ..none() }, Fresh),
            ("never approved", a12, Runbooks, none(), NoneYet),
            (
                "in force throughout",
                a12,
                Runbooks,
                Case { runbooks: vec![runbook("2026-01-01T00:00:00Z", "2026-05-18")], ..none() },
                Fresh,
            ),
            (
                "review passed",
                a12,
                Runbooks,
                Case { runbooks: vec![runbook("2026-01-01T00:00:00Z", "2026-03-17")], ..none() },
                Ageing,
            ),
            (
                "approved in mid-period",
                a12,
                Runbooks,
                Case { runbooks: vec![runbook("2026-03-05T00:00:00Z", "2026-05-18")], ..none() },
                Gap,
            ),
            (
                "open in time",
                cc73,
                Findings,
                Case { findings: vec![finding(vec![], "2026-04-01T00:00:00Z")], ..none() },
                Fresh,
            ),
            (
                "overdue",
                cc74,
                Findings,
                Case { findings: vec![finding(vec![cc74], "2026-03-10T00:00:00Z")], ..none() },
                Ageing,
            ),
            (
                "under another control",
                cc73,
                Findings,
                Case { findings: vec![finding(vec![cc74], "2026-04-01T00:00:00Z")], ..none() },
                NoneYet,
            ),
            (
                "named by a finding",
                a12,
                Findings,
                Case { findings: vec![finding(vec![a12], "2026-04-01T00:00:00Z")], ..none() },
                Fresh,
            ),
        ] {
            assert_eq!(answer(control, evidence, &case).freshness, expected, "{what}");
        }
    }

    #[test]
    fn the_sentence_counts_what_is_wanting() {
        let of = |list: &[Freshness]| {
            let all: Vec<Answer> = list
                .iter()
                .map(|&freshness| Answer {
                    evidence: Evidence::Gaps,
                    expected: "",
                    says: String::new(),
                    count: 0,
                    newest: None,
                    gaps: 0,
                    freshness,
                    marks: vec![],
                })
                .collect();
            sentence(&all)
        };
        use Freshness::*;
        assert_eq!(of(&[Fresh]), "One kind of evidence is expected; it is there and fresh.");
        assert_eq!(of(&[Fresh, Fresh]), "Two kinds of evidence are expected; all are there and fresh.");
        assert_eq!(
            of(&[Gap, Gap, Ageing, NoneYet]),
            "Four kinds of evidence are expected; two have gaps, one is ageing and one is not there yet."
        );
    }
}
