//! What falls short by what is known: each cause opens one finding, and many with a cause in common open one together.
//! It closes by itself once the facts say otherwise, and opens again when they fall back. Nobody closes it by hand.

use std::collections::BTreeMap;

use app::ports::{Findings, PortError};
use domain::{
    Moment,
    control::Evidence as Kind,
    finding::{Finding, State},
    judgement::{self, Facts, Judgement, MANY, Shared, causes, judge},
    record::Sealed,
    role::Scope,
    verdict::Verdict,
    words,
};

use super::PORTAL;
use crate::{compose::House, ledger::canonical};

/// Sentences in one finding; the rest is counted.
const SENTENCES: usize = 12;

pub async fn judgements(house: &House) -> Result<(), PortError> {
    let everything = Scope::EVERYTHING;
    let now = house.clock.now();
    let facts = app::api::known::facts(&house.ports, &everything, now).await?;
    let findings = Findings::all(&house.evidence, &everything).await?;
    let mut number = findings.iter().filter_map(|f| f.id.strip_prefix("F-")?.parse::<u32>().ok()).max().unwrap_or(0);
    let mut name = || {
        number += 1;
        format!("F-{number:03}")
    };
    let judged = judge(&facts);
    let sorted = sort(&judged, &findings);
    for alone in sorted.alone {
        let finding = opened(&facts, &[alone], &alone.cause(), &name(), now);
        append(house, canonical::insert("findings", &finding.id, &finding)).await?;
    }
    for (shared, many) in sorted.together {
        let finding = opened(&facts, &many, &shared.cause(), &name(), now);
        append(house, canonical::insert("findings", &finding.id, &finding)).await?;
    }
    for (finding, of_it) in sorted.known {
        if let Some(next) = followed(&finding.value, &of_it, now) {
            let version = house.evidence.version(finding.seal.seq).await?;
            append(house, canonical::replace("findings", &finding.id, version + 1, &next)).await?;
        }
    }
    Ok(())
}

/// Judgements by the finding that they belong to.
struct Sorted<'j> {
    known: Vec<(&'j Sealed<Finding>, Vec<&'j Judgement>)>,
    /// New, and each one finding.
    alone: Vec<&'j Judgement>,
    /// New, and many with a cause in common.
    together: BTreeMap<Shared, Vec<&'j Judgement>>,
}

fn sort<'j>(judged: &'j [Judgement], findings: &'j [Sealed<Finding>]) -> Sorted<'j> {
    let mut known: BTreeMap<usize, Vec<&Judgement>> = BTreeMap::new();
    let mut fresh: Vec<&Judgement> = Vec::new();
    for judgement in judged {
        let cause = judgement.cause();
        match findings.iter().position(|f| causes(&f.value).contains(&cause.as_str())) {
            Some(at) => known.entry(at).or_default().push(judgement),
            None if judgement.falls_short() => fresh.push(judgement),
            None => {}
        }
    }
    let mut together: BTreeMap<Shared, Vec<&Judgement>> = BTreeMap::new();
    let mut alone = Vec::new();
    for judgement in fresh {
        let Some(shared) = judgement.shares() else {
            alone.push(judgement);
            continue;
        };
        // One more joins those that are one finding already.
        match findings.iter().position(|f| f.value.cause.as_ref() == Some(&shared.cause())) {
            Some(at) => known.entry(at).or_default().push(judgement),
            None => together.entry(shared).or_default().push(judgement),
        }
    }
    together.retain(|_, many| {
        let enough = many.len() >= MANY;
        if !enough {
            alone.append(many);
        }
        enough
    });
    Sorted { known: known.into_iter().map(|(at, of_it)| (&findings[at], of_it)).collect(), alone, together }
}

/// The finding's next version, where the facts say something else than it does: closed by what they no longer say,
/// opened again by what they say once more, and of many, those that fall short now.
fn followed(finding: &Finding, of_it: &[&Judgement], now: Moment) -> Option<Finding> {
    let short: Vec<&Judgement> = of_it.iter().filter(|j| j.falls_short()).copied().collect();
    let Some(worst) = short.iter().max_by_key(|j| j.severity()) else {
        // What could not be told closes nothing.
        let held = of_it.iter().all(|j| j.verdict == Verdict::Met);
        let last = of_it.last().filter(|_| held && finding.state == State::Open)?;
        let evidence = format!("{} Record {}.", last.says, last.records.first().map_or("none", String::as_str));
        return Some(Finding { state: State::Closed { at: now, evidence }, ..finding.clone() });
    };
    let mut next = finding.clone();
    if !finding.hits.is_empty() {
        let mut hits: Vec<String> = finding.hits.iter().cloned().chain(short.iter().map(|j| j.cause())).collect();
        hits.sort();
        hits.dedup();
        (next.title, next.what, next.hits) = (title(&short), what(&short), hits);
    }
    if let State::Closed { .. } = finding.state {
        next = Finding {
            state: State::Open,
            what: what(&short),
            severity: worst.severity(),
            due_at: now.plus_millis(worst.severity().due_ms()),
            ..next
        };
    }
    // The members' sentences change with every import; another version is worth another member.
    let says_more = next.state != finding.state || next.hits != finding.hits || next.title != finding.title;
    says_more.then_some(next)
}

async fn append(house: &House, item: Result<crate::ledger::Item, impl std::fmt::Display>) -> Result<(), PortError> {
    match house.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
        // Another portal was first, or somebody put a file on it meanwhile; the next look knows.
        Ok(_) | Err(PortError::Conflict(_)) => Ok(()),
        Err(e) => Err(e),
    }
}

fn title(of: &[&Judgement]) -> String {
    let rule = judgement::rule(of[0].rule).map_or("Judgement", |rule| rule.title);
    match (of, of[0].suspects) {
        ([one], _) => one.says.trim_end_matches('.').to_owned(),
        (many, Some(suspects)) => format!("{rule}: not so for {}, perhaps {suspects}", words::number(many.len())),
        (many, None) => format!("{rule}: not so for {}", words::number(many.len())),
    }
}

fn what(of: &[&Judgement]) -> String {
    let mut says: Vec<String> = of.iter().take(SENTENCES).map(|j| j.says.clone()).collect();
    if of.len() > SENTENCES {
        says.push(format!("And {} more.", of.len() - SENTENCES));
    }
    says.join(" ")
}

fn opened(facts: &Facts, of: &[&Judgement], cause: &str, id: &str, now: Moment) -> Finding {
    let first = of[0];
    let severity = of.iter().map(|j| j.severity()).max().unwrap_or(first.severity());
    let rule = judgement::rule(first.rule);
    // Of several datastores nobody owns all; whoever has the first finds the others.
    let store = facts.stores.iter().find(|store| Some(&store.id) == first.store.as_ref());
    let owner =
        store.and_then(|store| store.owner.as_ref()).map(|owner| domain::datastore::short(&owner.value).to_owned());
    Finding {
        schema: 1,
        id: id.to_owned(),
        title: title(of),
        severity,
        found_by: rule.map_or("Judgement", |rule| rule.title).to_owned(),
        cause: Some(cause.to_owned()),
        hits: if of.len() > 1 { of.iter().map(|j| j.cause()).collect() } else { vec![] },
        what: what(of),
        why: rule.map_or("", |rule| rule.why).to_owned(),
        plan: String::new(),
        owner: owner.unwrap_or_else(|| "operator".to_owned()),
        due_at: now.plus_millis(severity.due_ms()),
        state: State::Open,
        controls: Kind::Gaps.answers().to_vec(),
        attachments: vec![],
        demo: of.iter().all(|j| j.demo),
        occurred_at: now,
        by: PORTAL.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::record::Seal;

    use super::*;

    fn judged(n: usize, suspects: Option<&'static str>, verdict: Verdict) -> Judgement {
        let about = format!("job {n}");
        let says = format!("{about}: failed.");
        Judgement { rule: "last-run", store: None, about, verdict, says, records: vec![], suspects, demo: false }
    }

    fn sealed(finding: Finding) -> Sealed<Finding> {
        let seal = Seal { seq: 1, sha256: String::new(), at: Moment::EPOCH, by: String::new(), broken: false };
        Sealed { id: finding.id.clone(), value: finding, seal }
    }

    #[test]
    fn many_with_a_cause_in_common_are_one_finding_that_lives_until_the_last_is_well() {
        const DISK: Option<&str> = Some("a disk that is full");
        let facts = Facts::of(&[], &[], judgement::Beside::default(), Moment::EPOCH);
        let few = [judged(1, DISK, Verdict::Missed), judged(2, DISK, Verdict::Missed)];
        let sorted = sort(&few, &[]);
        assert_eq!((sorted.alone.len(), sorted.together.len()), (2, 0), "two may be chance");
        let apart =
            [judged(1, None, Verdict::Missed), judged(2, None, Verdict::Missed), judged(3, None, Verdict::Missed)];
        assert_eq!(sort(&apart, &[]).alone.len(), 3, "nothing says that these have anything in common");

        let many =
            [judged(1, DISK, Verdict::Missed), judged(2, DISK, Verdict::Missed), judged(3, DISK, Verdict::Missed)];
        let sorted = sort(&many, &[]);
        let (shared, of_it) = sorted.together.into_iter().next().expect("together");
        let finding = opened(&facts, &of_it, &shared.cause(), "F-001", Moment::EPOCH);
        assert_eq!(finding.title, "The newest run succeeded: not so for three, perhaps a disk that is full");
        assert_eq!(causes(&finding).len(), 4);
        let known = [sealed(finding)];

        // The same again changes nothing; a fourth joins; while one is ill it stays open.
        let next = |now: &[Judgement]| {
            let sorted = sort(now, &known);
            assert!(sorted.alone.is_empty() && sorted.together.is_empty());
            followed(&known[0].value, &sorted.known[0].1, Moment::EPOCH)
        };
        assert_eq!(next(&many), None);
        let mut more = many.to_vec();
        more.push(judged(4, DISK, Verdict::Missed));
        let joined = next(&more).expect("another version");
        assert_eq!((joined.hits.len(), joined.title.contains("four")), (4, true));
        let well = |ill: usize| {
            let of = |n| judged(n, None, if n <= ill { Verdict::Missed } else { Verdict::Met });
            (1..=3).map(of).collect::<Vec<_>>()
        };
        assert_eq!(next(&well(1)).map(|f| f.state), Some(State::Open));
        assert!(matches!(next(&well(0)).expect("another version").state, State::Closed { .. }));
        let untold = [judged(1, None, Verdict::Met), judged(2, None, Verdict::Untested)];
        assert_eq!(next(&untold), None, "what could not be told closes nothing");
    }
}
