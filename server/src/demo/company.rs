//! CARTIE as data: its tenants, its people, its promises, its runbook. Nothing else in the code knows it.

use chrono::Datelike;
use domain::{
    Moment,
    control::Control,
    drill::{Excluded, Person},
    schedule::{Period, quarters},
    target::Scenario,
    words,
};

pub struct Tenant {
    pub database: &'static str,
    pub customer: bool,
    /// Weeks before the demo's beginning at which it became a tenant; 0: before everything.
    pub joined_week: Option<usize>,
    /// Weeks before the beginning at which it left.
    pub left_week: Option<usize>,
}

const fn tenant(database: &'static str, customer: bool) -> Tenant {
    Tenant { database, customer, joined_week: None, left_week: None }
}

pub const TENANTS: [Tenant; 16] = [
    tenant("alder-finch", true),
    tenant("brightwater-clinics", true),
    tenant("corvane-logistics", true),
    tenant("dunmore-textiles", true),
    tenant("estuary-foods", true),
    tenant("fennmark-legal", true),
    tenant("gullane-optics", true),
    tenant("harrow-lane-schools", true),
    tenant("isbister-marine", true),
    Tenant { joined_week: Some(35), ..tenant("juniper-row", true) },
    tenant("kestrel-freight", true),
    Tenant { joined_week: Some(24), ..tenant("lowmoor-brewing", true) },
    tenant("demo-larkspur", false),
    tenant("pilot-tansy", false),
    Tenant { joined_week: Some(45), ..tenant("qa-bramble", false) },
    tenant("sandbox-osprey", false),
];

/// A tenant that left: attested until then, and no database any more.
pub const LEFT: Tenant = Tenant { left_week: Some(8), ..tenant("merrow-housing", true) };

/// Scenario, RPO and RTO in minutes, means, claimed minutes.
pub fn targets() -> Vec<(Scenario, i64, i64, &'static str, Option<i64>)> {
    vec![
        (Scenario::Document, 0, 30, "point-in-time replay of the oplog", Some(1)),
        (Scenario::Collection, 360, 120, "snapshot restore to staging", Some(60)),
        (Scenario::Cluster, 360, 240, "promotion of the cross-region copy", Some(120)),
        (Scenario::Everything, 7 * 1440, 1440, "cross-region copy and weekly offsite export", None),
    ]
}

/// No production customer's database is drawn.
pub fn excluded() -> Vec<Excluded> {
    let mut excluded: Vec<Excluded> = TENANTS
        .iter()
        .filter(|t| t.customer)
        .map(|t| Excluded { name: t.database.to_owned(), why: "a production customer's".to_owned() })
        .collect();
    excluded.push(Excluded { name: "passmuster".to_owned(), why: "the portal's own database".to_owned() });
    excluded
}

pub fn people() -> Vec<Person> {
    [("Incident commander", "Operator one"), ("Scribe", "Operator two"), ("Communications", "The founder")]
        .map(|(role, name)| Person { role: role.to_owned(), name: name.to_owned() })
        .to_vec()
}

pub fn audited_controls() -> Vec<Control> {
    vec![Control::Cc71, Control::Cc72, Control::Cc75, Control::A12, Control::A13]
}

/// The twelve whole months that end with the month of the demo's beginning.
pub fn audit_period(began: Moment) -> Period {
    let t = began.utc();
    let (year, month) = (t.year(), t.month());
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let first = |(y, m): (i32, u32)| format!("{y:04}-{m:02}-01");
    let last = Period::days(&first(next), &first(next)).map(|p| p.from.plus_millis(-1)).unwrap_or(began);
    Period::days(&first((next.0 - 1, next.1)), &words::date(last)).expect("a year of whole months is a period")
}

/// Starts of the three quarters before the one of the demo's beginning, oldest first.
pub fn past_quarters(began: Moment) -> Vec<(String, Moment)> {
    let year = 366 * 86_400_000;
    let all = quarters(began.plus_millis(-year), began);
    let current = all.len().saturating_sub(1);
    all[current.saturating_sub(3)..current].iter().map(|q| (q.name.clone(), q.start)).collect()
}

/// Runbook 1.0, approved the day after the first drill of the demo's year.
pub fn runbook(began: Moment) -> (String, Moment) {
    const DAY: i64 = 86_400_000;
    let first = past_quarters(began).first().map_or(began, |(_, start)| *start);
    let approved = first.plus_millis(48 * DAY + 10 * 3_600_000);
    let review = approved.plus_millis(89 * DAY);
    let text = include_str!("runbook.md")
        .replace("{approved}", &words::date(approved))
        .replace("{approved_long}", &words::long_date(approved))
        .replace("{review}", &words::date(review))
        .replace("{review_long}", &words::long_date(review));
    (text, approved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::runbook::Runbook;

    #[test]
    fn the_runbook_reads_and_promises_what_the_demo_drills_against() {
        let began = Moment::parse("2026-11-22T04:00:00Z").expect("a date");
        let (text, approved) = runbook(began);
        let book = Runbook::parse(&text).expect("the runbook reads");
        assert_eq!(words::date(approved), "2026-02-18");
        assert_eq!(book.front.next_review, "2026-05-18");
        let promised: Vec<_> =
            book.targets().iter().map(|t| (t.scenario, t.rpo_ms / 60_000, t.rto_ms / 60_000)).collect();
        let expected: Vec<_> = targets().iter().map(|t| (t.0, t.1, t.2)).collect();
        assert_eq!(promised, expected);
    }

    #[test]
    fn the_audit_is_twelve_whole_months() {
        let period = audit_period(Moment::parse("2026-11-22T04:00:00Z").expect("a date"));
        assert_eq!(
            (words::date(period.from), words::date(period.last_day())),
            ("2025-12-01".into(), "2026-11-30".into())
        );
        let december = audit_period(Moment::parse("2026-12-02T00:00:00Z").expect("a date"));
        assert_eq!(
            (words::date(december.from), words::date(december.last_day())),
            ("2026-01-01".into(), "2026-12-31".into())
        );
    }
}
