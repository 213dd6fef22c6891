//! This machine's clock held against others': the database's, a time authority's.
//!
//! Every record's time comes from here, and so does the day from which a new certificate holds. It sets no
//! clock and moves no time: it says by how much, and the operator decides which of the two is wrong.

use anyhow::Result;
use app::ports::Clock;
use bson::doc;
use domain::words;

use crate::store::Store;

/// Machines that keep time by NTP are within a fraction of a second.
pub const APART_MS: i64 = 5_000;
/// A token's time has whole seconds with some authorities, and its answer travelled.
pub const APART_FROM_AUTHORITY_MS: i64 = 10_000;

pub const MEND: &str = "set both machines' clocks by NTP: every record's time comes from here; what is sealed stays sealed, and later entries are never dated before earlier ones";

/// Milliseconds by which this clock is ahead of the database's; negative: behind.
pub async fn ahead_of_database(store: &Store, clock: &dyn Clock) -> Result<i64> {
    let before = clock.now();
    let hello = store.db.run_command(doc! { "hello": 1 }).await?;
    let after = clock.now();
    let theirs = hello.get_datetime("localTime")?.timestamp_millis();
    Ok(before.millis() + after.since(before) / 2 - theirs)
}

/// "1 h 00 m behind the database's", "12 ms ahead of the database's"
pub fn says(ahead_ms: i64, whose: &str) -> String {
    match ahead_ms {
        0 => format!("the same as {whose}"),
        ms if ms > 0 => format!("{} ahead of {whose}", words::duration(ms)),
        ms => format!("{} behind {whose}", words::duration(-ms)),
    }
}

/// Says in the log when the clock is off; a database that does not tell its time is no reason to stop.
pub async fn warn(store: &Store, clock: &dyn Clock) {
    match ahead_of_database(store, clock).await {
        Ok(ms) if ms.abs() >= APART_MS => {
            let says = says(ms, "the database's");
            tracing::warn!(ahead_ms = ms, "this machine's clock is {says}; {MEND}");
        }
        Ok(_) => {}
        Err(cause) => {
            tracing::warn!(%cause, "the database did not tell its time, so this machine's clock was not compared")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_said_with_its_direction() {
        for (ms, said) in [
            (0, "the same as the database's"),
            (12, "12 ms ahead of the database's"),
            (-3_600_000, "1 h behind the database's"),
            (5_400_000, "1 h 30 m ahead of the database's"),
        ] {
            assert_eq!(says(ms, "the database's"), said);
        }
    }
}
