//! The runners' jobs, one line each.

use domain::{job::standings, words};

use super::{SealMark, mark};
use crate::exports::content::Content;

pub struct JobRow {
    pub name: String,
    pub kind: &'static str,
    pub ended: bool,
    pub cron: String,
    pub done: usize,
    pub failed: usize,
    /// Of its newest run, or of its calendar where none ran yet.
    pub newest: String,
    pub says: String,
    pub seal: SealMark,
}

pub fn rows(content: &Content) -> Vec<JobRow> {
    let row = |standing: &domain::job::Standing<'_>| {
        let newest = standing.last.unwrap_or(standing.calendar);
        JobRow {
            name: standing.name.to_owned(),
            kind: standing.calendar.value.kind.word(),
            ended: standing.ended(),
            cron: standing.calendar.value.cron.clone(),
            done: standing.done,
            failed: standing.failed,
            newest: format!("{}, due {}", newest.value.outcome.word(), words::date_time(newest.value.due_at)),
            says: newest.value.says.clone(),
            seal: mark(&newest.seal),
        }
    };
    standings(&content.jobs).iter().map(row).collect()
}
