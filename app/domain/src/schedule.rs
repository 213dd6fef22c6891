//! What is due when: the weekly attestation and the quarterly drill. UTC throughout.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};
use serde::{Deserialize, Serialize};

use crate::Moment;

/// A half-open span of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    pub from: Moment,
    pub to: Moment,
}

impl Period {
    pub fn contains(&self, at: Moment) -> bool {
        self.from <= at && at < self.to
    }

    /// The calendar quarter named "2026-Q3"; `None` when the name is not one.
    pub fn quarter(name: &str) -> Option<Self> {
        let (year, q) = name.split_once("-Q")?;
        let (year, q): (i32, u32) = (year.parse().ok()?, q.parse().ok()?);
        if !(1970..=9999).contains(&year) || !(1..=4).contains(&q) {
            return None;
        }
        let from = midnight(NaiveDate::from_ymd_opt(year, q * 3 - 2, 1)?);
        let (ny, nm) = if q == 4 { (year + 1, 1) } else { (year, q * 3 + 1) };
        Some(Self { from, to: midnight(NaiveDate::from_ymd_opt(ny, nm, 1)?) })
    }

    /// From the first day to the last, both included, as people name periods ("2025-12-01", "2026-11-30").
    pub fn days(first: &str, last: &str) -> Option<Self> {
        let first: NaiveDate = first.parse().ok()?;
        let last: NaiveDate = last.parse().ok()?;
        (first <= last)
            .then(|| Some(Self { from: midnight(first), to: midnight(last.checked_add_days(Days::new(1))?) }))?
    }

    /// The last day that belongs to it.
    pub fn last_day(&self) -> Moment {
        self.to.plus_millis(-1)
    }
}

/// A calendar quarter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarter {
    /// "2026-Q4"
    pub name: String,
    pub start: Moment,
    pub end: Moment,
}

/// The quarter an instant lies in.
pub fn quarter_of(at: Moment) -> String {
    let t = at.utc();
    format!("{}-Q{}", t.year(), t.month0() / 3 + 1)
}

/// Every quarter that touches the span, oldest first.
pub fn quarters(from: Moment, to: Moment) -> Vec<Quarter> {
    let mut all = Vec::new();
    let mut at = from;
    while let Some(p) = Period::quarter(&quarter_of(at)) {
        if p.from >= to {
            break;
        }
        all.push(Quarter { name: quarter_of(at), start: p.from, end: p.to });
        at = p.to;
    }
    all
}

/// Every Sunday 03:00 UTC in `[from, to)`, oldest first.
pub fn sundays(from: Moment, to: Moment) -> Vec<Moment> {
    let three = NaiveTime::from_hms_opt(3, 0, 0).expect("03:00 is a time of day");
    let mut day = from.utc().date_naive();
    let mut all = Vec::new();
    loop {
        if day.weekday() == Weekday::Sun {
            let at = Moment::from(DateTime::<Utc>::from_naive_utc_and_offset(day.and_time(three), Utc));
            if at >= to {
                return all;
            }
            if at >= from {
                all.push(at);
            }
        }
        match day.succ_opt() {
            Some(next) if midnight(next) < to => day = next,
            _ => return all,
        }
    }
}

/// The run an attestation belongs to: the newest Sunday 03:00 UTC not after it.
pub fn sunday_of(at: Moment) -> Moment {
    let week = 7 * 24 * 3600 * 1000;
    sundays(at.plus_millis(-week), at.plus_millis(1)).last().copied().unwrap_or(at)
}

fn midnight(day: NaiveDate) -> Moment {
    Moment::from(DateTime::<Utc>::from_naive_utc_and_offset(day.and_time(NaiveTime::MIN), Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    #[test]
    fn a_quarter_begins_with_its_first_instant_and_ends_before_the_next() {
        let q3 = Period::quarter("2026-Q3").expect("a quarter");
        assert!(q3.contains(at("2026-07-01T00:00:00Z")));
        assert!(q3.contains(at("2026-09-30T23:59:59.999Z")));
        assert!(!q3.contains(at("2026-10-01T00:00:00Z")));
        for wrong in ["2026-Q5", "2026-Q0", "2026", "x-Q1", ""] {
            assert_eq!(Period::quarter(wrong), None, "{wrong}");
        }
        assert_eq!(quarter_of(at("2026-12-31T23:59:59Z")), "2026-Q4");
    }

    #[test]
    fn sundays_are_counted_at_three_in_the_morning() {
        let found = sundays(at("2026-11-08T03:00:00Z"), at("2026-11-22T03:00:00Z"));
        assert_eq!(found, [at("2026-11-08T03:00:00Z"), at("2026-11-15T03:00:00Z")]);
        assert_eq!(sunday_of(at("2026-11-15T03:14:09Z")), at("2026-11-15T03:00:00Z"));
        assert_eq!(sunday_of(at("2026-11-15T02:59:59Z")), at("2026-11-08T03:00:00Z"));
    }

    #[test]
    fn a_period_of_days_includes_its_last_day() {
        let year = Period::days("2025-12-01", "2026-11-30").expect("a period");
        assert!(year.contains(at("2026-11-30T23:59:59Z")));
        assert!(!year.contains(at("2026-12-01T00:00:00Z")));
        assert_eq!(Period::days("2026-02-02", "2026-02-01"), None);
        assert_eq!(Period::days("soon", "later"), None);
    }
}
