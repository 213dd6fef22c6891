//! The quarterly checklist: how each item stands, reading the runbook aloud, writing trainings down, closing a quarter.
//!
//! The company sees the run as it stands now. An auditor sees what was closed, to the letter: what an open run lacks
//! would be read from evidence that is cut to the audit.

use domain::{
    Moment,
    bench::{Duty, Trained, Training, TrainingError, bench},
    checklist::{self, Body, Checklist, Filed, Line, Rest, Section, Standing},
    control::Evidence,
    finding::Finding,
    judgement::{Facts, judge},
    proof::signoff::{Decision, Purpose},
    reading::{self, Reading, ReadingError},
    record::{Seal, Sealed},
    review::{Review, Subject},
    role::{Actor, Permission, Role, Scope},
    runbook::RunbookVersion,
    schedule::{Period, Quarter, quarter_of},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, known, once, requests::from};
use crate::{
    parts::encoded,
    ports::{PortError, Ports, requests::Draft},
    problem::{Problem, ProblemKind},
};

const HERE: &str = "/checklist";

pub fn address(quarter: &str) -> String {
    format!("{HERE}/{}", encoded(quarter))
}

pub fn reading_address(quarter: &str) -> String {
    format!("{}/reading", address(quarter))
}

/// How drafts of words on a quarter's items are kept.
pub fn draft_of(quarter: &str) -> String {
    format!("checklist/{quarter}")
}

/// An item as the page shows it, as it stands now or stood when the quarter was closed.
pub struct Row {
    pub section: String,
    pub id: String,
    pub asks: String,
    pub standing: Standing,
    pub says: Vec<String>,
    pub rests: Vec<Rest>,
    pub word: Option<Spoken>,
    /// Of an open item: by when, and what to do.
    pub open: Option<(Moment, &'static str)>,
    /// Whether a person's word may close it.
    pub by_hand: bool,
}

/// A person's word on an item.
pub struct Spoken {
    pub note: String,
    pub by: String,
    pub at: Moment,
    pub closes: bool,
    pub files: Vec<domain::attachment::Attached>,
    pub seal: Option<Seal>,
    pub demo: bool,
}

pub struct ChecklistPage {
    pub quarter: Quarter,
    /// Those with a checklist, newest first.
    pub quarters: Vec<String>,
    pub rows: Vec<Row>,
    /// What the last quarter left open.
    pub carried: Vec<Sealed<Finding>>,
    /// The one of the runbook in force.
    pub reading: Option<Sealed<Reading>>,
    pub in_force: Option<String>,
    pub bench: Vec<Trained>,
    pub closed: Option<Sealed<Checklist>>,
    pub review: Option<Review>,
    /// The reader works on it.
    pub works: bool,
    /// What is shown is what was closed.
    pub as_closed: bool,
    pub refused: Option<Problem>,
    /// The item whose form was refused, and its words.
    pub draft: Option<Draft>,
    pub now: Moment,
}

impl ChecklistPage {
    pub fn of(&self, section: Section) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.section == section.title())
    }

    pub fn standings(&self) -> Vec<Standing> {
        self.rows.iter().map(|row| row.standing).collect()
    }
}

/// What is asked of one quarter, and everything that it follows from.
struct Run {
    quarter: Quarter,
    as_of: Moment,
    facts: Facts,
    drills: Vec<Sealed<domain::drill::Drill>>,
    findings: Vec<Sealed<Finding>>,
    runbooks: Vec<Sealed<RunbookVersion>>,
    approved: Vec<(Moment, Rest)>,
    readings: Vec<Sealed<Reading>>,
    filed: Vec<Filed>,
}

impl Run {
    fn lines(&self, answers: &[Sealed<checklist::Answer>]) -> Vec<Line> {
        self.with(|body| checklist::lines(body, answers))
    }

    fn with<T>(&self, look: impl FnOnce(&Body<'_>) -> T) -> T {
        let judged = judge(&self.facts);
        look(&Body {
            quarter: self.quarter.clone(),
            as_of: self.as_of,
            facts: &self.facts,
            judged: &judged,
            drills: &self.drills,
            findings: &self.findings,
            runbooks: &self.runbooks,
            approved: &self.approved,
            readings: &self.readings,
            filed: &self.filed,
        })
    }
}

/// The quarter of that name, where it has begun and the reader sees any of it.
fn quarter(name: &str, scope: &Scope, now: Moment) -> Option<Quarter> {
    let period = Period::quarter(name)?;
    let seen = scope.period.is_none_or(|p| p.from < period.to && period.from < p.to);
    let quarter = Quarter { name: name.to_owned(), start: period.from, end: period.to };
    (period.from <= now && seen && quarter_of(period.from) == name).then_some(quarter)
}

/// The one in course; of an audit that is over, its last.
fn newest(scope: &Scope, now: Moment) -> String {
    quarter_of(scope.period.map_or(now, |period| now.min(period.last_day())))
}

async fn run(ports: &Ports, actor: &Actor, quarter: &Quarter) -> Result<Run, PortError> {
    let now = ports.clock.now();
    let as_of = now.min(quarter.end.plus_millis(-1));
    let until = Scope { period: Some(Period { from: Moment::EPOCH, to: quarter.end }), controls: None };
    let scope = actor.scope.narrowed(&until);
    let runbooks = ports.runbooks.versions(&scope).await?;
    Ok(Run {
        as_of,
        facts: known::facts(ports, &scope, as_of).await?,
        drills: ports.drills.all(&scope).await?,
        findings: ports.findings.all(&scope).await?,
        approved: approved(ports, actor, &runbooks).await?,
        readings: ports.checklists.readings(&scope).await?,
        filed: filed(ports, actor).await?,
        runbooks,
        quarter: quarter.clone(),
    })
}

/// Versions when they were filed, and every signature that approved one since.
async fn approved(
    ports: &Ports,
    actor: &Actor,
    versions: &[Sealed<RunbookVersion>],
) -> Result<Vec<(Moment, Rest)>, PortError> {
    let reviews = ports.reviews.all(&actor.scope).await?.reviews;
    let mine = reviews.iter().filter(|review| review.subject.purpose == Purpose::Approves);
    let signed = mine.flat_map(|review| &review.signatures).filter(|s| s.statement.decision == Decision::Approve);
    let signed = signed.map(|signature| (signature.at(), Rest::on("signoffs", &signature.id)));
    let filed = versions.iter().map(|version| (version.value.occurred_at, Rest::on("runbooks", &version.id)));
    Ok(filed.chain(signed).collect())
}

async fn filed(ports: &Ports, actor: &Actor) -> Result<Vec<Filed>, PortError> {
    let period = |name: &str| {
        let days = || name.split_once("..").and_then(|(first, last)| Period::days(first, last));
        Period::quarter(name).or_else(days)
    };
    let bundles = ports.bundles.all(actor).await?.into_iter();
    let filed = bundles.filter_map(|bundle| {
        let period = period(&bundle.period_name)?;
        Some(Filed { id: bundle.id, at: bundle.made_at, period })
    });
    Ok(filed.collect())
}

pub async fn load(name: Option<String>, query: &ParamsMap) -> Result<ChecklistPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let now = ports.clock.now();
    let name = name.unwrap_or_else(|| newest(&actor.scope, now));
    let quarter = quarter(&name, &actor.scope, now).ok_or_else(|| Problem::gone("checklist"))?;
    if !actor.scope.admits_controls(Evidence::Checklists.answers()) {
        return Err(Problem::gone("checklist"));
    }
    let answers = ports.checklists.answers(&actor.scope).await?;
    let all = ports.checklists.closed(&actor.scope).await?;
    let review = signature(&ports, &actor, &name).await?;
    let written = answers.iter().map(|answer| answer.value.quarter.clone());
    let mut known: Vec<String> = all.iter().map(|c| c.value.quarter.clone()).chain(written).collect();
    known.extend([newest(&actor.scope, now), name.clone()]);
    known.sort();
    known.dedup();
    known.reverse();
    let closed = all.into_iter().find(|checklist| checklist.id == name);
    let company = actor.role != Role::Auditor;
    let run = run(&ports, &actor, &quarter).await?;
    let rows = match (company, &closed) {
        (true, _) => run.lines(&answers).into_iter().map(stands).collect(),
        (false, Some(closed)) => closed.value.items.iter().map(|stood| stood_row(stood, &answers)).collect(),
        (false, None) => Vec::new(),
    };
    let works = actor.role.may(Permission::WorkChecklist);
    let path = address(&name);
    let refused = query.get("refused").map(|_| once::refused(&path, "What was written was not taken."));
    let draft = match works && refused.is_some() {
        true => ports.requests.draft(&from(actor.clone()), Some(&draft_of(&name))).await?,
        false => None,
    };
    let in_force = run.runbooks.first();
    let of_it = |r: &&Sealed<Reading>| {
        r.value.quarter == name && in_force.is_some_and(|version| version.seal.sha256 == r.value.sha256)
    };
    Ok(ChecklistPage {
        carried: run.with(|body| body.carried().into_iter().cloned().collect()),
        reading: run.readings.iter().find(of_it).cloned(),
        in_force: in_force.map(|version| version.value.version.clone()),
        bench: run.facts.bench.clone(),
        quarters: known,
        quarter,
        rows,
        closed,
        review,
        works,
        as_closed: !company,
        refused,
        draft,
        now,
    })
}

async fn signature(ports: &Ports, actor: &Actor, quarter: &str) -> Result<Option<Review>, Problem> {
    let subject = Subject { purpose: Purpose::Closes, document: quarter.to_owned() };
    Ok(ports.reviews.all(&actor.scope).await?.reviews.into_iter().find(|review| review.subject == subject))
}

fn stands(line: Line) -> Row {
    let Line { item, standing, says, rests, answer, due } = line;
    Row {
        section: item.section.title().to_owned(),
        id: item.id.to_owned(),
        asks: item.asks.to_owned(),
        standing,
        says,
        rests,
        word: answer.map(spoken),
        open: (!standing.closed()).then_some((due, item.next)),
        by_hand: item.by_hand,
    }
}

fn spoken(answer: Sealed<checklist::Answer>) -> Spoken {
    Spoken {
        note: answer.value.note,
        by: answer.value.by,
        at: answer.value.occurred_at,
        closes: answer.value.closes,
        files: answer.value.attachments,
        demo: answer.value.demo,
        seal: Some(answer.seal),
    }
}

/// Files are not repeated in what was closed; they are those of the word that it names.
fn stood_row(stood: &checklist::Stood, answers: &[Sealed<checklist::Answer>]) -> Row {
    let word = stood.word.as_ref().map(|word| {
        let of_it = answers.iter().find(|answer| answer.seal.seq == word.seq);
        Spoken {
            note: word.note.clone(),
            by: word.by.clone(),
            at: word.at,
            closes: stood.standing == Standing::ByHand,
            files: of_it.map(|answer| answer.value.attachments.clone()).unwrap_or_default(),
            seal: of_it.map(|answer| answer.seal.clone()),
            demo: false,
        }
    });
    Row {
        section: stood.section.clone(),
        id: stood.item.clone(),
        asks: stood.asks.clone(),
        standing: stood.standing,
        says: stood.says.clone(),
        rests: stood.records.clone(),
        word,
        open: None,
        by_hand: false,
    }
}

/// Where a record is shown; `None`: it has no page of its own.
pub fn rest_href(rest: &Rest) -> Option<String> {
    let id = encoded(&rest.id).replace('/', "%2F");
    match rest.collection.as_str() {
        "backup_drill_results" => Some(format!("/drills/{id}")),
        "findings" => Some(format!("/findings#{id}")),
        "exports" => Some(format!("/evidence#{id}")),
        _ => None,
    }
}

pub struct ReadingPage {
    pub quarter: Quarter,
    pub version: Sealed<RunbookVersion>,
    pub title: String,
    pub lines: Vec<reading::Line>,
    /// `None`: it has not begun.
    pub reading: Option<Sealed<Reading>>,
    /// Who might take part, by name.
    pub known: Vec<String>,
    pub works: bool,
    pub refused: Option<Problem>,
}

pub async fn read_aloud(name: String, query: &ParamsMap) -> Result<ReadingPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let quarter = quarter(&name, &actor.scope, ports.clock.now()).ok_or_else(|| Problem::gone("checklist"))?;
    let readings = ports.checklists.readings(&actor.scope).await?;
    let mine: Vec<&Sealed<Reading>> = readings.iter().filter(|r| r.value.quarter == name).collect();
    let versions = ports.runbooks.versions(&actor.scope).await?;
    // One that was begun is shown as it was read; a new version is read anew.
    let asked = query.get("version").or_else(|| versions.first().map(|v| v.value.version.clone()));
    let version = versions.into_iter().find(|v| Some(&v.value.version) == asked.as_ref());
    let version = version.ok_or_else(|| Problem::gone("runbook"))?;
    let reading = mine.into_iter().find(|r| r.value.sha256 == version.seal.sha256).cloned();
    let trainings = ports.checklists.trainings(&actor.scope).await?;
    let mut known: Vec<String> =
        bench(&trainings, &ports.drills.all(&actor.scope).await?).into_iter().map(|t| t.person).collect();
    known.push(actor.name.clone());
    known.sort();
    known.dedup();
    let front = domain::runbook::Runbook::parse(&version.value.text).ok().map(|book| book.front.title);
    Ok(ReadingPage {
        lines: reading::lines(&version.value.text),
        title: front.unwrap_or_else(|| "The runbook".to_owned()),
        works: actor.role.may(Permission::WorkChecklist),
        refused: query.get("refused").map(|_| once::refused(&reading_address(&name), "That was not kept.")),
        quarter,
        version,
        reading,
        known,
    })
}

/// Begins reading the runbook in force aloud.
#[server(prefix = "/checklist", endpoint = "begin")]
pub async fn begin_reading(
    #[server(default)] quarter: String,
    #[server(default)] people: String,
    #[server(default)] commander: String,
    #[server(default)] comms: String,
    #[server(default)] scribe: String,
) -> Result<(), Problem> {
    let path = reading_address(&quarter);
    let begun = async {
        let (actor, ports) = guard::signed_in(Permission::WorkChecklist).await?;
        let version = in_force(&ports, &actor, &quarter).await?;
        let duties = [(Duty::Commander, commander), (Duty::Comms, comms), (Duty::Scribe, scribe)];
        let of = (version.value.version.as_str(), version.seal.sha256.as_str());
        let now = ports.clock.now();
        let reading = Reading::begin(&quarter, of, &people, &duties, now, &actor.name).map_err(unread)?;
        ports.checklists.read(&reading, None).await?;
        Ok(path.clone())
    };
    once::led(begun.await, &path)
}

async fn in_force(ports: &Ports, actor: &Actor, name: &str) -> Result<Sealed<RunbookVersion>, Problem> {
    let now = ports.clock.now();
    let quarter = quarter(name, &actor.scope, now).ok_or_else(|| Problem::gone("checklist"))?;
    if !(quarter.start..quarter.end).contains(&now) {
        return Err(Problem::new(
            ProblemKind::Conflict,
            &format!("{name} is over."),
            "What was read in it stands.",
            "Read the runbook in the quarter that is in course.",
        ));
    }
    let versions = ports.runbooks.versions(&actor.scope).await?;
    versions.into_iter().next().ok_or_else(|| Problem::gone("runbook"))
}

/// Marks a line that was read and does not hold any more.
#[server(prefix = "/checklist", endpoint = "mark")]
pub async fn mark_line(
    #[server(default)] quarter: String,
    #[server(default)] version: String,
    #[server(default)] line: usize,
    #[server(default)] why: String,
) -> Result<(), Problem> {
    let change = |reading: Reading, text: &str, now, by: &str| reading.mark(text, line, &why, now, by);
    changed(&quarter, &version, &format!("#line-{line}"), change).await
}

#[server(prefix = "/checklist", endpoint = "take-back")]
pub async fn take_back_mark(
    #[server(default)] quarter: String,
    #[server(default)] version: String,
    #[server(default)] line: usize,
) -> Result<(), Problem> {
    changed(&quarter, &version, &format!("#line-{line}"), |reading, _, _, _| reading.take_back(line)).await
}

#[server(prefix = "/checklist", endpoint = "end")]
pub async fn end_reading(
    #[server(default)] quarter: String,
    #[server(default)] version: String,
) -> Result<(), Problem> {
    changed(&quarter, &version, "", |reading, _, now, _| reading.end(now)).await
}

/// Seals the next version of a reading. Marks are each another line's, so one that lost to another is made once more.
async fn changed(
    quarter: &str,
    version: &str,
    anchor: &str,
    change: impl Fn(Reading, &str, Moment, &str) -> Result<Reading, ReadingError>,
) -> Result<(), Problem> {
    let path = reading_address(quarter);
    let done = async {
        let (actor, ports) = guard::signed_in(Permission::WorkChecklist).await?;
        let id = reading::id(quarter, version);
        let mut tries = 0;
        loop {
            let readings = ports.checklists.readings(&actor.scope).await?;
            let was = readings.into_iter().find(|r| r.id == id).ok_or_else(|| Problem::gone("reading"))?;
            let versions = ports.runbooks.versions(&actor.scope).await?;
            let text = versions.into_iter().find(|v| v.seal.sha256 == was.value.sha256);
            let text = text.ok_or_else(|| Problem::gone("runbook"))?.value.text;
            let next = change(was.value, &text, ports.clock.now(), &actor.name).map_err(unread)?;
            tries += 1;
            match ports.checklists.read(&next, Some(was.seal.seq)).await {
                Err(PortError::Conflict(_)) if tries < 5 => {}
                done => {
                    done?;
                    return Ok(format!("{path}?version={}{anchor}", encoded(version)));
                }
            }
        }
    };
    once::led_back(done.await, &path, &format!("{path}?version={}&refused=1{anchor}", encoded(version)))
}

fn unread(why: ReadingError) -> Problem {
    let (what, next) = why.says();
    Problem::bad_input(what, next)
}

/// Writes a training down that was no drill.
#[server(prefix = "/checklist", endpoint = "train")]
pub async fn write_training(
    #[server(default)] quarter: String,
    #[server(default)] duty: String,
    #[server(default)] person: String,
    #[server(default)] day: String,
    #[server(default)] how: String,
) -> Result<(), Problem> {
    let path = address(&quarter);
    let written = async {
        let (actor, ports) = guard::signed_in(Permission::WorkChecklist).await?;
        let said = |why: TrainingError| {
            let (what, next) = why.says();
            Problem::bad_input(what, next)
        };
        let training = Training::write(&duty, &person, &day, &how, ports.clock.now(), &actor.name).map_err(said)?;
        ports.checklists.train(&training).await?;
        Ok(format!("{path}#trained"))
    };
    once::led_back(written.await, &path, &format!("{path}?refused=1#trained"))
}

/// Seals the quarter as it stands, to be signed. `seen`: the version it follows.
#[server(prefix = "/checklist", endpoint = "close")]
pub async fn close_quarter(#[server(default)] quarter: String, #[server(default)] seen: String) -> Result<(), Problem> {
    let path = address(&quarter);
    let name = quarter;
    let closed = async {
        let (actor, ports) = guard::signed_in(Permission::WorkChecklist).await?;
        let now = ports.clock.now();
        let quarter = self::quarter(&name, &actor.scope, now).ok_or_else(|| Problem::gone("checklist"))?;
        let before = ports.checklists.closed(&actor.scope).await?.into_iter().find(|c| c.id == name);
        let nth = before.as_ref().map_or(0, |before| before.value.version.parse().unwrap_or(0));
        let run = run(&ports, &actor, &quarter).await?;
        let lines = run.lines(&ports.checklists.answers(&actor.scope).await?);
        let checklist = run.with(|body| Checklist::close(body, &lines, nth, now, &actor.name));
        ports.checklists.close(&checklist, seen.parse().ok()).await?;
        let subject = Subject { purpose: Purpose::Closes, document: name.clone() };
        // Whoever signs it is led there, anybody else back.
        Ok(match actor.role.may(Purpose::Closes.permission()) {
            true => crate::parts::review_href(&subject),
            false => format!("{path}#closed"),
        })
    };
    once::led(closed.await, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_there_once_it_has_begun_and_for_who_sees_any_of_it() {
        let at = |text| Moment::parse(text).expect("a time");
        let now = at("2026-11-25T12:00:00Z");
        let audit = Scope { period: Period::days("2026-01-01", "2026-06-30"), controls: None };
        for (name, scope, there) in [
            ("2026-Q4", &Scope::EVERYTHING, true),
            ("2027-Q1", &Scope::EVERYTHING, false),
            ("2026-Q04", &Scope::EVERYTHING, false),
            ("2026-q4", &Scope::EVERYTHING, false),
            ("2026-Q2", &audit, true),
            ("2026-Q3", &audit, false),
        ] {
            assert_eq!(quarter(name, scope, now).is_some(), there, "{name}");
        }
        assert_eq!((newest(&Scope::EVERYTHING, now), newest(&audit, now)), ("2026-Q4".into(), "2026-Q2".into()));
    }
}
