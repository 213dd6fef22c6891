//! The risk assessment summary of a quarter: one page made of records. People add comments to it and nothing else.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    acceptance::Acceptance,
    drill::Drill,
    finding::{Finding, Standing},
    incident::{Incident, account::Account},
    record::Sealed,
    schedule::Period,
    verdict::Verdict,
    words,
};

/// A quarter's summary as it was sealed (`risk_summaries`), version after version: what is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// 1
    pub schema: u32,
    /// "2026-Q4"
    pub quarter: String,
    /// "1", "2"
    pub version: String,
    pub drills: Vec<Line>,
    pub incidents: Vec<Line>,
    /// Promises that were missed, in drills and in incidents.
    pub misses: Vec<Line>,
    /// What is open at its making.
    pub open: Vec<Line>,
    /// What is accepted and signed, until when.
    pub accepted: Vec<Line>,
    pub comments: Vec<Comment>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    pub occurred_at: Moment,
    pub by: String,
}

/// One record, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// "D-20261116-130210"
    pub record: String,
    pub says: String,
    pub verdict: Verdict,
    /// How it stands, in its own word: "met", "overdue", "accepted".
    pub word: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    pub says: String,
    pub by: String,
    pub at: Moment,
}

/// What a summary is made of.
pub struct Body<'a> {
    pub quarter: Period,
    pub name: &'a str,
    pub now: Moment,
    pub drills: &'a [Sealed<Drill>],
    pub incidents: &'a [(Incident, Option<Sealed<Account>>)],
    pub findings: &'a [Sealed<Finding>],
    /// Signed ones.
    pub accepted: &'a [Acceptance],
    pub comments: Vec<Comment>,
}

pub const LONGEST: usize = 2_000;
const MOST: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommentError {
    #[error("The comment is missing or too long.")]
    Words,
    #[error("There are a hundred comments already.")]
    Many,
}

impl Comment {
    pub fn write(says: &str, there: usize, now: Moment, by: &str) -> Result<Self, CommentError> {
        let says = says.trim();
        if !(1..=LONGEST).contains(&says.chars().count()) {
            return Err(CommentError::Words);
        }
        if there >= MOST {
            return Err(CommentError::Many);
        }
        Ok(Self { says: says.to_owned(), by: by.to_owned(), at: now })
    }
}

impl Summary {
    /// As the records tell now, after `before` versions.
    pub fn of(body: Body<'_>, before: usize, by: &str) -> Self {
        let within = |at: Moment| body.quarter.contains(at);
        let drills: Vec<&Sealed<Drill>> = body.drills.iter().filter(|d| within(d.value.occurred_at)).collect();
        let incidents: Vec<_> = body.incidents.iter().filter(|(i, _)| within(i.declared_at)).collect();
        let mut misses: Vec<Line> = Vec::new();
        for drill in &drills {
            let verdict = drill.value.verdict.rto.worse(drill.value.verdict.rpo).worse(drill.value.verdict.contents);
            if verdict == Verdict::Missed {
                let says = format!(
                    "Drill of {}: {}",
                    words::date(drill.value.occurred_at),
                    drill.value.verdict.reasons.join("; ")
                );
                misses.push(Line { record: drill.id.clone(), says, verdict, word: verdict.word().to_owned() });
            }
        }
        for (incident, _) in &incidents {
            for clock in incident.clocks(body.now).into_iter().filter(|c| c.verdict == Some(Verdict::Missed)) {
                let says = format!(
                    "{}, {}: {}",
                    incident.scenario.title(),
                    clock.what.title().to_lowercase(),
                    clock.says(body.now)
                );
                let verdict = Verdict::Missed;
                misses.push(Line { record: incident.id.clone(), says, verdict, word: verdict.word().to_owned() });
            }
        }
        let open = body.findings.iter().filter(|f| f.value.standing(body.now) != Standing::Closed);
        let mut open: Vec<&Sealed<Finding>> = open.collect();
        open.sort_by_key(|f| (std::cmp::Reverse(f.value.severity), f.value.due_at));
        Self {
            schema: 1,
            quarter: body.name.to_owned(),
            version: (before + 1).to_string(),
            drills: drills.iter().map(|drill| of_drill(drill)).collect(),
            incidents: incidents.iter().map(|(incident, account)| of_incident(incident, account.as_ref())).collect(),
            misses,
            open: open.into_iter().map(|finding| of_finding(finding, body.now)).collect(),
            accepted: body
                .accepted
                .iter()
                .filter(|a| a.until > body.quarter.from)
                .map(|a| Line {
                    record: a.what.title().to_owned(),
                    says: format!("{}: {} Until {}.", a.title, a.why, words::date(a.until)),
                    verdict: Verdict::AtRisk,
                    word: "accepted".to_owned(),
                })
                .collect(),
            comments: body.comments,
            demo: drills.iter().any(|d| d.value.demo) || incidents.iter().any(|(i, _)| i.demo),
            occurred_at: body.now,
            by: by.to_owned(),
        }
    }

    /// "Two drills and one incident; one promise was missed; three risks are open, one of them high, and one is accepted."
    pub fn sentence(&self) -> String {
        let count =
            |n: usize, one: &str, many: &str| format!("{} {}", words::number(n), if n == 1 { one } else { many });
        let no = |n: usize, one: &str, many: &str| if n == 0 { format!("no {one}") } else { count(n, one, many) };
        let missed = match self.misses.len() {
            0 => "no promise was missed".to_owned(),
            n => count(n, "promise was missed", "promises were missed"),
        };
        let open = match self.open.len() {
            0 => "no risk is open".to_owned(),
            n => count(n, "risk is open", "risks are open"),
        };
        words::capital(&format!(
            "{} and {}; {missed}; {open}, and {}.",
            no(self.drills.len(), "drill", "drills"),
            no(self.incidents.len(), "incident", "incidents"),
            match self.accepted.len() {
                0 => "none is accepted".to_owned(),
                n => count(n, "is accepted", "are accepted"),
            }
        ))
    }
}

fn of_drill(drill: &Sealed<Drill>) -> Line {
    let value = &drill.value;
    let verdict = value.verdict.rto.worse(value.verdict.rpo).worse(value.verdict.contents);
    let took = match (&value.abandoned, &value.measured) {
        (Some(why), _) => format!("abandoned: {why}"),
        (None, Some(m)) => {
            format!("restored in {} of {}", words::duration(m.restore_ms), words::duration(value.plan.rto_ms))
        }
        (None, None) => "not measured".to_owned(),
    };
    let says = format!("{}, {}: {took}", value.scenario.title(), words::date(value.occurred_at));
    Line { record: drill.id.clone(), says, verdict, word: verdict.word().to_owned() }
}

fn of_incident(incident: &Incident, account: Option<&Sealed<Account>>) -> Line {
    let why = account.map_or("not accounted for yet".to_owned(), |account| {
        let value = &account.value;
        let again =
            format!("{}, {} likely to happen again", value.failure_mode.title().to_lowercase(), value.again.word());
        format!("{} Cause: {} ({again})", value.sentence(), value.root_cause)
    });
    let says =
        format!("{}, {}: {}. {why}", incident.scenario.title(), words::date(incident.declared_at), incident.what);
    let verdict = incident.rto().worse(incident.rpo());
    Line { record: incident.id.clone(), says, verdict, word: verdict.word().to_owned() }
}

fn of_finding(finding: &Sealed<Finding>, now: Moment) -> Line {
    let value = &finding.value;
    let standing = value.standing(now);
    let verdict = match standing {
        Standing::Overdue => Verdict::Missed,
        Standing::DueSoon => Verdict::AtRisk,
        Standing::Open | Standing::Closed => Verdict::Untested,
    };
    let due = format!("{}, due {}", value.severity.word(), words::date(value.due_at));
    let says = format!("{} ({due})", value.title);
    Line { record: finding.id.clone(), says, verdict, word: standing.word().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_quarter_is_said_and_a_comment_is_words() {
        let quarter = Period::quarter("2026-Q4").expect("a quarter");
        let body = Body {
            quarter,
            name: "2026-Q4",
            now: quarter.from.plus_millis(1),
            drills: &[],
            incidents: &[],
            findings: &[],
            accepted: &[],
            comments: Vec::new(),
        };
        let summary = Summary::of(body, 1, "Ana");
        assert_eq!(summary.version, "2");
        assert_eq!(
            summary.sentence(),
            "No drill and no incident; no promise was missed; no risk is open, and none is accepted."
        );
        let at = quarter.from;
        assert_eq!(Comment::write("  ", 0, at, "Ana"), Err(CommentError::Words));
        assert_eq!(Comment::write(&"x".repeat(2001), 0, at, "Ana"), Err(CommentError::Words));
        assert_eq!(Comment::write("x", 100, at, "Ana"), Err(CommentError::Many));
        assert_eq!(Comment::write(" x ", 0, at, "Ana").map(|c| c.says), Ok("x".to_owned()));
    }
}
