//! What an incident leaves to be mended: a promise it missed, a deadline that passed, a change its account names.

use super::{Due, Incident, account::Account};
use crate::{
    Moment,
    drill::Drill,
    finding::{Finding, Severity},
    proof::sha256_hex,
    record::Sealed,
    redrill,
    verdict::Verdict,
    words,
};

/// One thing to mend, and how it opens a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// "I-20261125-0931-7f3a#restore": one finding a cause.
    pub cause: String,
    pub title: String,
    pub what: String,
    pub why: &'static str,
    pub plan: String,
    pub severity: Severity,
    pub at: Moment,
}

/// The incident whose finding this is, and what of it.
pub fn opened_by(finding: &Finding) -> Option<(&str, &str)> {
    let cause = finding.cause.as_deref().filter(|_| finding.by == redrill::PORTAL)?;
    cause.split_once('#').filter(|(id, _)| super::is_incident(id))
}

/// What is to be mended now. What is invented leaves nothing.
pub fn misses(incident: &Incident, account: Option<&Account>, now: Moment) -> Vec<Miss> {
    if incident.demo {
        return Vec::new();
    }
    let day = words::long_date(incident.declared_at);
    let cause = |what: &str| format!("{}#{what}", incident.id);
    let mut all = Vec::new();
    for clock in incident.clocks(now).into_iter().filter(|clock| clock.verdict == Some(Verdict::Missed)) {
        let (what, did, why, plan) = match clock.what {
            Due::Tell => (
                "tell",
                "tenants were told late or not at all",
                "Whoever waits without a word trusts nobody afterwards.",
                "Account for the incident, with what kept anybody from telling them.",
            ),
            Due::Restore => (
                "restore",
                "production served again later than promised, or does not yet",
                "What was promised does not hold until a drill shows that it does.",
                "Find what held it up, then drill the same loss.",
            ),
            Due::Document => (
                "document",
                "it was written into the registry late or not at all",
                "What nobody wrote down in time is remembered as it suits.",
                "Account for the incident, and write into the registry while it happens.",
            ),
        };
        all.push(Miss {
            cause: cause(what),
            title: format!("Incident of {day}: {did}"),
            what: format!("{}, {}: {}.", clock.what.title(), incident.id, clock.says(now)),
            why,
            plan: plan.to_owned(),
            severity: if clock.what == Due::Restore { Severity::High } else { Severity::Medium },
            at: clock.due,
        });
    }
    if incident.rpo() == Verdict::Missed {
        let figure = |ms: Option<i64>| ms.map_or(String::new(), words::duration);
        all.push(Miss {
            cause: cause("rpo"),
            title: format!("Incident of {day}: more was lost than promised"),
            what: format!(
                "{} of data did not come back, of {}.",
                figure(incident.lost_ms()),
                figure(incident.promise.rpo_ms)
            ),
            why: "What was promised does not hold until a drill shows that it does.",
            plan: "Take recovery points more often, then drill the same loss.".to_owned(),
            severity: Severity::High,
            at: incident.declared_at,
        });
    }
    for change in account.iter().flat_map(|account| &account.follow_ups) {
        all.push(Miss {
            cause: cause(&format!("change-{}", &sha256_hex(change.as_bytes())[..8])),
            title: change.clone(),
            what: format!("The account of {} names it as what is to change.", incident.id),
            why: "What caused a loss once causes it again until it is changed.",
            plan: change.clone(),
            severity: account.map_or(Severity::Medium, |account| account.again),
            at: account.map_or(now, |account| account.occurred_at),
        });
    }
    all
}

/// How a finding of this kind closes by itself; `None`: whoever makes the change closes it.
pub fn closes(what: &str) -> Option<&'static str> {
    match what {
        "tell" | "document" => Some("once the account of the incident is signed."),
        "restore" | "rpo" => Some("with a later drill of the same loss in which what was missed holds."),
        _ => None,
    }
}

/// What closes such a finding now: a later drill for a missed promise, the signed account for a missed deadline. A
/// change is closed by who made it.
pub fn closed(what: &str, incident: &Incident, signed: bool, drills: &[Sealed<Drill>]) -> Option<String> {
    match what {
        "tell" | "document" if signed => Some(format!("The account of {} is signed.", incident.id)),
        "restore" | "rpo" => {
            let shows = |drill: &&Sealed<Drill>| {
                let value = &drill.value;
                let verdict = if what == "restore" { value.verdict.rto } else { value.verdict.rpo };
                value.scenario == incident.scenario
                    && value.occurred_at > incident.declared_at
                    && !value.demo
                    && value.abandoned.is_none()
                    && redrill::missed(value).is_empty()
                    && matches!(verdict, Verdict::Met | Verdict::AtRisk)
            };
            let drill = drills.iter().filter(shows).min_by_key(|drill| drill.value.occurred_at)?;
            Some(format!("{}, a drill of the same loss in which it holds.", drill.id))
        }
        _ => None,
    }
}
