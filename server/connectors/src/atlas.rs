//! MongoDB Atlas, as its command-line tool and its API answer.

mod clusters;
mod compliance;
mod exports;
mod restores;
mod schedule;
mod snapshots;

use domain::fact::ScheduleItem;
use serde::Deserialize;
use serde_json::Value;

use crate::{Unread, answer};

pub use clusters::CLUSTERS;
pub use compliance::COMPLIANCE;
pub use exports::EXPORTS;
pub use restores::RESTORES;
pub use schedule::SCHEDULE;
pub use snapshots::SNAPSHOTS;

/// What is listed, or the one thing that is described; each of it of the right shape.
fn listed<'v>(value: &'v Value, what: &str, is: fn(&Value) -> bool) -> Result<&'v [Value], Unread> {
    let list = match value.get("results") {
        Some(_) => answer::list_of(value, "results")?,
        None if is(value) => std::slice::from_ref(value),
        None => return Err(Unread::Whole(format!("it has no list results, and is no {what}"))),
    };
    answer::whole(value)?;
    match list.iter().position(|one| !is(one)) {
        Some(n) => Err(Unread::Whole(format!("results[{n}] is no {what}"))),
        None => Ok(list),
    }
}

fn first_is(value: &Value, is: fn(&Value) -> bool) -> bool {
    value.get("results").and_then(|list| list.get(0)).is_some_and(is)
}

/// One line of a schedule or of a policy.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicyItem {
    frequency_type: String,
    frequency_interval: Option<i64>,
    retention_unit: Option<String>,
    retention_value: Option<i64>,
}

impl PolicyItem {
    /// A year has 365 days and a month a twelfth of them.
    fn item(self) -> ScheduleItem {
        let days = |n: i64| match self.retention_unit.as_deref() {
            Some("days") => Some(n),
            Some("weeks") => Some(n * 7),
            Some("months") => Some(n * 365 / 12),
            Some("years") => Some(n * 365),
            _ => None,
        };
        // Of the slower paces it says which day, not how many.
        let every = self.frequency_interval.filter(|_| self.frequency_type == "hourly");
        let keep_days = self.retention_value.and_then(days);
        ScheduleItem { cadence: self.frequency_type, every, keep_days }
    }
}
