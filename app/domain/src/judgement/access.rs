//! Rules about people: who may restore, who was refused, who was reached.

use super::{Facts, Found};
use crate::{
    bench::{COMMANDERS, Duty, Trained},
    fact::Fact,
    verdict::Verdict,
    words,
};

/// Everybody who left, against everybody who may act on backups. A name in common is enough to ask.
pub fn leavers(facts: &Facts) -> Vec<Found> {
    let may: Vec<_> = facts
        .all
        .iter()
        .filter_map(|known| match &known.fact {
            Fact::Principal(principal) if !principal.may.is_empty() => Some((known, principal)),
            _ => None,
        })
        .collect();
    if may.is_empty() {
        return Vec::new();
    }
    let judged = facts.all.iter().filter_map(|known| {
        let Fact::Leaver(leaver) = &known.fact else { return None };
        let left_at = leaver.left_at.filter(|at| *at <= facts.now);
        if left_at.is_none() && leaver.gone != Some(true) {
            return None;
        }
        let same = |name: &str| leaver.names.iter().any(|own| plain(own) == plain(name));
        let still: Vec<_> = may.iter().filter(|(_, principal)| same(&principal.name)).collect();
        let mut records = vec![known.id.clone()];
        records.extend(still.iter().map(|(known, _)| known.id.clone()));
        let (verdict, says) = match still.first() {
            None => (Verdict::Met, "no account of theirs may act on backups".to_owned()),
            Some((_, principal)) => {
                let since = left_at.map_or_else(|| "is gone".to_owned(), |at| format!("left on {}", words::date(at)));
                (Verdict::Missed, format!("{since}, and {} may still {}", principal.name, principal.may.join(", ")))
            }
        };
        Some(Found {
            about: leaver.reference.clone(),
            verdict,
            says: format!("{}: {says}.", leaver.reference),
            records,
            suspects: None,
        })
    });
    judged.collect()
}

/// What stands before an at sign, in small letters: accounts are named either way.
fn plain(name: &str) -> String {
    name.split('@').next().unwrap_or_default().to_lowercase()
}

/// Whether somebody tried to delete a backup and was refused: the lock's own proof.
pub fn delete_refused(facts: &Facts) -> Vec<Found> {
    let deletes = |action: &str| action.starts_with("Delete");
    let calls = facts.all.iter().filter_map(|known| match &known.fact {
        Fact::Call(call) if deletes(&call.action) => Some((known, call)),
        _ => None,
    });
    let refused = calls.filter(|(_, call)| call.refused.is_some()).max_by_key(|(_, call)| call.at);
    let holds = facts.all.iter().any(|known| matches!(&known.fact, Fact::Vault(_)));
    let (verdict, says, records) = match refused {
        Some((known, call)) => {
            let why = call.refused.as_deref().unwrap_or_default();
            let says =
                format!("{} by {} was refused at {} UTC: {why}", call.action, call.by, words::date_time(call.at));
            (Verdict::Met, says, vec![known.id.clone()])
        }
        None if holds => (Verdict::Untested, "no refused deletion is on record".to_owned(), Vec::new()),
        None => return Vec::new(),
    };
    vec![Found { about: "deletion of backups".to_owned(), verdict, says: format!("{says}."), records, suspects: None }]
}

/// The newest alert: raised, and in what time acknowledged.
pub fn alert_path(facts: &Facts) -> Vec<Found> {
    let about = || "alerts".to_owned();
    let pages = facts.all.iter().filter_map(|known| match &known.fact {
        Fact::Page(page) => page.acts.iter().map(|act| act.at).min().map(|raised| (known, page, raised)),
        _ => None,
    });
    let Some((known, page, raised)) = pages.max_by_key(|(.., raised)| *raised) else {
        let rota = facts.all.iter().any(|known| matches!(&known.fact, Fact::OnCall(_)));
        let never = || Found {
            about: about(),
            verdict: Verdict::Untested,
            says: "Somebody is on call, and no alert is on record that reached them.".to_owned(),
            records: Vec::new(),
            suspects: None,
        };
        return rota.then(never).into_iter().collect();
    };
    let heard = page.acts.iter().filter(|act| act.act == "acknowledged").min_by_key(|act| act.at);
    let (verdict, says) = match heard {
        Some(act) => {
            let by = act.by.as_deref().unwrap_or("somebody not named");
            let took = words::duration(act.at.since(raised));
            (Verdict::Met, format!("“{}” was acknowledged by {by} after {took}", page.summary))
        }
        None => (
            Verdict::Missed,
            format!("nobody acknowledged “{}”, raised at {} UTC", page.summary, words::date_time(raised)),
        ),
    };
    vec![Found { about: about(), verdict, says: format!("{says}."), records: vec![known.id.clone()], suspects: None }]
}

/// Those whose training still counts, and who did not leave.
pub fn commanders(facts: &Facts) -> Vec<Found> {
    if facts.bench.is_empty() && facts.all.is_empty() {
        return Vec::new();
    }
    let left: Vec<String> = facts
        .all
        .iter()
        .filter_map(|known| match &known.fact {
            Fact::Leaver(leaver) if leaver.gone == Some(true) || leaver.left_at.is_some_and(|at| at <= facts.now) => {
                Some(leaver.names.iter().map(|name| plain(name)))
            }
            _ => None,
        })
        .flatten()
        .collect();
    let here = |trained: &&Trained| !left.contains(&plain(&trained.person));
    let all: Vec<&Trained> = facts.bench.iter().filter(|t| t.duty == Duty::Commander).filter(here).collect();
    let fresh: Vec<&&Trained> = all.iter().filter(|trained| trained.holds(facts.now)).collect();
    let names = fresh.iter().map(|trained| trained.person.as_str()).collect::<Vec<_>>().join(", ");
    let (verdict, says) = match fresh.len() {
        0 if all.is_empty() => (Verdict::Untested, "nobody is on record as trained commander".to_owned()),
        0 => (Verdict::Missed, "every commander’s last training is more than a year ago".to_owned()),
        n if n < COMMANDERS => (
            Verdict::AtRisk,
            format!("{} of {} trained commanders: {names}", words::number(n), words::number(COMMANDERS)),
        ),
        n => (Verdict::Met, format!("{} trained commanders: {names}", words::number(n))),
    };
    let records = fresh.iter().map(|trained| trained.record.1.clone()).collect();
    vec![Found { about: "bench".to_owned(), verdict, says: format!("The bench: {says}."), records, suspects: None }]
}
