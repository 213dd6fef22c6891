//! Reviews that come due: who is asked is told, and what is overdue opens a finding. Each once.

use app::ports::{Findings, PortError, Reviews};
use domain::{
    Moment,
    control::{Control, Evidence as Kind},
    finding::{Finding, Severity, State},
    person::Person,
    review::{Is, Review, remind::reminder},
    role::Scope,
    words,
};

use super::{DUE_MS, PORTAL};
use crate::{compose::House, ledger::canonical, store::notices::Notice};

/// Looks at every review that waits.
pub async fn reviews(house: &House) -> Result<(), PortError> {
    let now = house.clock.now();
    let reviewed = Reviews::all(&house.evidence, &Scope::EVERYTHING).await?.reviews;
    let people: Vec<Person> = house.store.people().await?.into_iter().filter(|p| p.removed.is_none()).collect();
    for review in &reviewed {
        let Some(reminder) = reminder(review, now) else { continue };
        for person in asked(review, &people) {
            let notice = Notice {
                cause: format!("{}/{}", reminder.cause, person.actor.id),
                person: person.actor.id.clone(),
                subject: reminder.subject.clone(),
                text: reminder.text.clone(),
                link: app::parts::review_href(&review.subject),
                at: now,
            };
            house.store.say(&notice).await?;
        }
    }
    let overdue: Vec<(&Review, Moment)> =
        reviewed.iter().filter(|r| r.standing.overdue(now)).filter_map(|r| Some((r, r.standing.due()?))).collect();
    if overdue.is_empty() { Ok(()) } else { findings(house, &overdue, &reviewed, now).await }
}

/// Those it waits for; where there is nobody of that role, whoever may sign it.
fn asked<'p>(review: &Review, people: &'p [Person]) -> Vec<&'p Person> {
    let purpose = review.subject.purpose;
    let waited: Vec<&Person> = people.iter().filter(|p| p.actor.role == purpose.waits_for()).collect();
    if waited.is_empty() {
        return people.iter().filter(|p| p.actor.role.may(purpose.permission())).collect();
    }
    waited
}

async fn findings(house: &House, overdue: &[(&Review, Moment)], all: &[Review], now: Moment) -> Result<(), PortError> {
    let known = Findings::all(&house.evidence, &Scope::EVERYTHING).await?;
    let mut number = known.iter().filter_map(|f| f.id.strip_prefix("F-")?.parse::<u32>().ok()).max().unwrap_or(0);
    for (review, due) in overdue {
        let cause = review.subject.cause(*due);
        if known.iter().any(|f| f.value.cause.as_ref() == Some(&cause)) {
            continue;
        }
        number += 1;
        let finding = opened_by(review, *due, all, cause, &format!("F-{number:03}"), now, house.company.demo);
        let item =
            canonical::insert("findings", &finding.id, &finding).map_err(|e| PortError::Broken(e.to_string()))?;
        match house.ledger.append_one(item).await {
            // Another portal took the number, perhaps for this; the next look knows.
            Ok(_) | Err(PortError::Conflict(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn opened_by(
    review: &Review,
    due: Moment,
    all: &[Review],
    cause: String,
    id: &str,
    now: Moment,
    demo: bool,
) -> Finding {
    let title = review.document.title();
    Finding {
        schema: 1,
        id: id.to_owned(),
        title: format!("{title} was not signed in time"),
        severity: Severity::Medium,
        found_by: "Review".to_owned(),
        cause: Some(cause),
        hits: vec![],
        what: format!("{title}, {}, was due on {}.", review.asks(all), words::long_date(due)),
        why: "What nobody signed, nobody may have read.".to_owned(),
        plan: String::new(),
        owner: review.subject.purpose.waits_for().word().to_owned(),
        due_at: now.plus_millis(DUE_MS),
        state: State::Open,
        controls: controls(review),
        attachments: vec![],
        demo,
        occurred_at: due,
        by: PORTAL.to_owned(),
    }
}

fn controls(review: &Review) -> Vec<Control> {
    let kind = match &review.document.is {
        Is::Runbook { .. } => Kind::Runbooks,
        Is::Drill { .. } => Kind::Drills,
        Is::Acceptance(_) => Kind::Findings,
        Is::Checklist(_) | Is::Risks(_) => Kind::Checklists,
        Is::Account(_) => Kind::Incidents,
    };
    kind.answers().to_vec()
}
