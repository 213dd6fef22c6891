//! Which drill last exercised which step of the runbook: a step that was edited since is untested again.

use super::{
    Runbook, RunbookVersion,
    contradictions::scenario,
    facts::{Table, worded},
};
use crate::{Moment, drill::Drill, record::Sealed};

/// A step of the text, and the last drill that went its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercised {
    pub anchor: String,
    /// "A single collection emptied: snapshot restore to staging"
    pub says: String,
    pub by: By,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Drill {
        id: String,
        at: Moment,
    },
    /// A drill went this way before the step was edited.
    Edited {
        id: String,
        version: String,
    },
    Nobody,
}

/// The steps: each row of a table that names a loss.
pub fn exercised(book: &Runbook, versions: &[Sealed<RunbookVersion>], drills: &[Sealed<Drill>]) -> Vec<Exercised> {
    let mut all = Vec::new();
    for (anchor, row) in rows(book) {
        let Some(loss) = row.first().and_then(|cell| scenario(&cell.to_lowercase())) else { continue };
        let of_it =
            |d: &&Sealed<Drill>| d.value.scenario == loss && d.value.abandoned.is_none() && d.value.measured.is_some();
        let newest = drills.iter().filter(of_it).max_by_key(|d| d.value.occurred_at);
        let by = match newest {
            None => By::Nobody,
            Some(drill) => {
                let version = &drill.value.plan.runbook_version;
                let then = versions.iter().find(|v| v.value.version == *version);
                let then = then.and_then(|v| Runbook::parse(&v.value.text).ok());
                let same = then.is_some_and(|then| rows(&then).iter().any(|(_, old)| *old == row));
                match same {
                    true => By::Drill { id: drill.id.clone(), at: drill.value.occurred_at },
                    false => By::Edited { id: drill.id.clone(), version: version.clone() },
                }
            }
        };
        all.push(Exercised { anchor, says: row.join(" · "), by });
    }
    all
}

/// The rows of every table, as their words stand, each with its section.
fn rows(book: &Runbook) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for section in &book.sections {
        for table in section.blocks.iter().filter_map(|html| Table::read(html)) {
            let cells = |row: &Vec<String>| row.iter().map(|cell| worded(cell).trim().to_owned()).collect();
            all.extend(table.rows.iter().map(|row| (section.anchor.clone(), cells(row))));
        }
    }
    all
}
