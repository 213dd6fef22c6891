//! Who is to be told of a review now: a week before it is due, on the day, and when it is overdue.

use super::{Is, Review, Standing};
use crate::{Moment, words};

/// How near it is; each is said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Soon,
    Today,
    Over,
}

/// What is to be said of one review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    pub when: When,
    /// The day it speaks of.
    pub day: Moment,
    pub subject: String,
    pub text: String,
    /// The same reminder always has the same key, so that it is said once.
    pub cause: String,
}

/// What is to be said now, if anything.
pub fn reminder(review: &Review, now: Moment) -> Option<Reminder> {
    let day = day(review)?;
    let days = (day.utc().date_naive() - now.utc().date_naive()).num_days();
    let when = match days {
        ..0 => When::Over,
        0 => When::Today,
        1..=7 => When::Soon,
        _ => return None,
    };
    let title = title(review);
    let on = words::long_date(day);
    let lapses = review.standing.due().is_none();
    let (subject, text) = match (when, lapses) {
        (When::Soon, false) => (
            format!("{title} waits for your signature"),
            format!("It is due on {on}. What is signed and what changed stands on its page."),
        ),
        (When::Today, false) => (
            format!("{title} is due today"),
            "It waits for your signature until the end of the day, UTC. Tomorrow it is overdue, which opens a finding."
                .to_owned(),
        ),
        (When::Over, false) => (
            format!("{title} is overdue"),
            format!("Its signature was due on {on}. A finding is open; it stays evidence after the signature."),
        ),
        (When::Soon, true) => (
            format!("{title} ends soon"),
            format!("It was accepted until {on}. Decide before whether it is mended or accepted anew."),
        ),
        (When::Today, true) => (format!("{title} ends today"), "From tomorrow on it is accepted by nobody.".to_owned()),
        (When::Over, true) => {
            (format!("{title} has ended"), format!("It was accepted until {on}, and is accepted by nobody since."))
        }
    };
    let stage = match when {
        When::Soon => "soon",
        When::Today => "today",
        When::Over => "over",
    };
    let digest = review.document.seal.sha256.get(..16).unwrap_or_default();
    let cause = format!("review/{}/{digest}/{}/{stage}", review.subject.key(), words::date(day));
    Some(Reminder { when, day, subject, text, cause })
}

/// Reminders go by mail, through many hands: what somebody wrote of a risk is not in them.
fn title(review: &Review) -> String {
    match &review.document.is {
        Is::Acceptance(acceptance) => format!("{} {}", acceptance.what.title(), review.document.id),
        _ => review.document.title(),
    }
}

/// The day a review is due, or an acceptance that was signed ends.
fn day(review: &Review) -> Option<Moment> {
    match (&review.standing, &review.document.is) {
        (Standing::Signed { until: Some(until) }, Is::Acceptance(_)) => Some(*until),
        // One that was never signed had nothing to end.
        (Standing::Lapsed { at }, _) if !review.signatures.is_empty() => Some(*at),
        (standing, _) => standing.due(),
    }
}
