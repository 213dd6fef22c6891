//! Incidents on the bundle's own page.

use domain::{
    incident::{Incident, account::Account},
    record::Sealed,
    verdict::Verdict,
    words,
};

use super::{Content, Mark, SealMark, mark};

pub struct IncidentView {
    pub id: String,
    pub title: String,
    pub declared: String,
    pub sentence: String,
    pub cause: Option<String>,
    pub demo: bool,
    pub deadlines: Vec<DeadlineRow>,
    pub acts: Vec<ActRow>,
    pub seal: Option<SealMark>,
}

pub struct DeadlineRow {
    pub what: String,
    pub says: String,
    pub state: Mark,
}

pub struct ActRow {
    pub at: String,
    pub says: String,
    pub by: String,
    pub out_of_order: Option<String>,
    pub seal: Option<SealMark>,
}

pub fn views(content: &Content) -> Vec<IncidentView> {
    content.incidents.iter().map(|(incident, account)| view(incident, account.as_ref())).collect()
}

fn view(incident: &Incident, account: Option<&Sealed<Account>>) -> IncidentView {
    IncidentView {
        id: incident.id.clone(),
        title: format!("{}: {}", incident.scenario.title(), incident.what),
        declared: format!(
            "Declared on {} UTC by {}; {}.",
            words::date_time(incident.declared_at),
            incident.declared_by,
            incident.standing().word()
        ),
        sentence: account.map_or("Nobody has accounted for it yet.".to_owned(), |a| a.value.sentence()),
        cause: account.map(|a| format!("{} {}.", a.value.root_cause, a.value.failure_mode.title())),
        demo: incident.demo,
        deadlines: account.map(|a| a.value.deadlines.iter().map(deadline).collect()).unwrap_or_default(),
        acts: incident
            .lines
            .iter()
            .map(|line| {
                let act = &line.acted.act;
                let offline = if act.offline { ", written without a connection" } else { "" };
                ActRow {
                    at: words::date_time(act.occurred_at),
                    says: act.says(),
                    by: format!("{}{offline}", act.by),
                    out_of_order: line.out_of_order.as_ref().map(|why| why.says().0),
                    seal: line.acted.seal.as_ref().map(mark),
                }
            })
            .collect(),
        seal: account.map(|a| mark(&a.seal)),
    }
}

fn deadline(kept: &domain::incident::account::Kept) -> DeadlineRow {
    let shape = match kept.verdict {
        Verdict::Met => "met",
        Verdict::AtRisk => "risk",
        Verdict::Missed => "miss",
        Verdict::Untested | Verdict::Stale => "none",
    };
    DeadlineRow {
        what: kept.what.clone(),
        says: kept.says.clone(),
        state: Mark { shape, word: kept.verdict.word().to_owned() },
    }
}
