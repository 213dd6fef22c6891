//! When a job is due: a cron expression, always in UTC.

use anyhow::{Result, anyhow};
use chrono::{DateTime, Utc};
use croner::{Cron, parser::CronParser};
use domain::Moment;

/// Five fields, as cron has them: minute, hour, day of the month, month, weekday.
#[derive(Clone, Debug)]
pub struct Calendar(Cron);

impl Calendar {
    /// Reads an expression; one that never comes is an error too.
    pub fn read(expression: &str) -> Result<Self> {
        let fields = expression.split_whitespace().count();
        if !expression.starts_with('@') && fields != 5 {
            return Err(anyhow!(
                "{expression:?} has {fields} fields and needs five: minute, hour, day, month, weekday (0 3 * * SUN)"
            ));
        }
        let cron = CronParser::new().parse(expression).map_err(|e| anyhow!("{expression:?} is no calendar: {e}"))?;
        let calendar = Self(cron);
        calendar.next(Moment::from(Utc::now())).ok_or_else(|| anyhow!("{expression:?} never comes"))?;
        Ok(calendar)
    }

    /// The first time after this one.
    pub fn next(&self, after: Moment) -> Option<Moment> {
        self.0.find_next_occurrence(&after.utc(), false).ok().map(moment)
    }

    /// The newest time not after this one, and after `since`.
    pub fn newest(&self, since: Moment, now: Moment) -> Option<Moment> {
        let at = moment(self.0.find_previous_occurrence(&now.utc(), true).ok()?);
        (at > since).then_some(at)
    }

    /// Every time after `from` and not after `to`, oldest first, `most` at the most.
    pub fn due(&self, from: Moment, to: Moment, most: usize) -> Vec<Moment> {
        let times = self.0.iter_after(from.utc()).map(moment);
        times.take_while(|at| *at <= to).take(most).collect()
    }

    /// In words: "At 03:00, only on Sunday."
    pub fn says(&self) -> String {
        self.0.describe()
    }
}

fn moment(at: DateTime<Utc>) -> Moment {
    Moment::from(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    #[test]
    fn a_calendar_is_read_in_utc_whatever_the_machine_thinks() {
        let sundays = Calendar::read("0 3 * * SUN").expect("a calendar");
        assert_eq!(sundays.next(at("2026-11-22T03:00:00Z")), Some(at("2026-11-29T03:00:00Z")));
        assert_eq!(
            sundays.newest(at("2026-11-15T03:00:00Z"), at("2026-11-22T03:00:00Z")),
            Some(at("2026-11-22T03:00:00Z"))
        );
        assert_eq!(sundays.newest(at("2026-11-22T03:00:00Z"), at("2026-11-24T00:00:00Z")), None);
        let due = sundays.due(at("2026-11-01T03:00:00Z"), at("2026-11-15T03:00:00Z"), 100);
        assert_eq!(due, [at("2026-11-08T03:00:00Z"), at("2026-11-15T03:00:00Z")]);
        let quarterly = Calendar::read("0 9 18 2,5,8,11 *").expect("a calendar");
        assert_eq!(quarterly.next(at("2026-05-18T09:00:00Z")), Some(at("2026-08-18T09:00:00Z")));
    }

    #[test]
    fn what_is_no_calendar_says_why() {
        for (wrong, says) in [
            ("0 3 * *", "4 fields"),
            ("0 25 * * *", "no calendar"),
            ("soon", "1 fields"),
            ("0 0 31 2 *", "never comes"),
        ] {
            let why = Calendar::read(wrong).expect_err(wrong).to_string();
            assert!(why.contains(says), "{wrong}: {why}");
        }
    }
}
