//! Attestations: tenant by tenant while they can be drawn, Sunday by Sunday where they cannot. The packet
//! says how many and which are missing; each of them stands in the bundle's records.

mod grid;
mod months;
mod said;
mod strip;

use domain::{
    control::Evidence,
    coverage::{Cell, Grid},
    schedule::{Period, sunday_of},
    words as say,
};

use super::{
    page::{Book, body, quiet},
    sentences::{absent, counted, frame, lead, rest},
    table::{Row, Table, col, num},
    text::{MISS, STRONG, words},
};
use crate::exports::content::Content;

/// More tenants than this are counted instead of drawn.
const DRAWN: usize = 200;
/// So many tenants with missed Sundays are named where not all are drawn.
const NAMED: usize = 40;
/// A year; a grid without an end to it would be drawn for ever.
const YEAR_MS: i64 = 366 * 24 * 3600 * 1000;

/// Tenants by the Sundays of the bundle's period; without a period from the first Sunday that is
/// known of. Never more than ten years back and one ahead, whatever a record says of its time.
fn laid(content: &Content) -> Grid {
    let now = content.made_at;
    let gaps = || content.gaps.iter().map(|g| &g.value);
    let known = content.attested.weeks.keys().copied().chain(gaps().map(|g| sunday_of(g.due_at)));
    let period = content.scope.period.unwrap_or_else(|| {
        let from = known.filter(|week| *week <= now).min().unwrap_or(now);
        Period { from, to: now.plus_millis(1) }
    });
    let period =
        Period { from: period.from.max(now.plus_millis(-10 * YEAR_MS)), to: period.to.min(now.plus_millis(YEAR_MS)) };
    Grid::lay(period, &content.attested.sightings, gaps(), now)
}

pub fn section(book: &mut Book, content: &Content) {
    let title = "Attestations";
    let eyebrow = [body("Every tenant is attested each Sunday: it was found in that week’s recovery point.")];
    if content.attested.count == 0 && content.gaps.is_empty() {
        let none = "No attestation was filed in this period.";
        return absent(book, content, Evidence::Attestations, title, "Attestations, none", none);
    }
    let grid = laid(content);
    let (tenants, weeks) = (grid.rows.len(), grid.weeks.len());
    let entry =
        format!("Attestations, {} by {}", counted(tenants, "tenant", "tenants"), counted(weeks, "Sunday", "Sundays"));
    book.section(title, &entry, 0, &eyebrow, frame(title));
    lead(book, statement(&grid));
    if tenants > DRAWN {
        let many = say::count(tenants as i64);
        book.paragraph(&[body(format!("{many} tenants are too many to draw one by one. The Sundays and months below stand for them; each attestation is a line of its own in data/records/backup_audit_log.jsonl."))]);
        strip::draw(book, content, &grid);
        months::draw(book, content, &grid);
        most_missed(book, content, &grid);
    } else {
        grid::draw(book, content, &grid);
        months::draw(book, content, &grid);
    }
}

fn statement(grid: &Grid) -> String {
    let (has, due) = grid.rows.iter().fold((0, 0), |(has, due), row| (has + row.attested, due + row.owed));
    let Some(says) = grid.says() else { return "No Sunday in this period owed an attestation yet.".to_owned() };
    let rest = match due - has {
        0 => "none is missing".to_owned(),
        1 => "one is missing".to_owned(),
        n => format!("{} are missing", say::count(n as i64)),
    };
    format!("{says} Of {} attestations that were due, {rest}.", say::count(due as i64))
}

/// The tenants with the most missed Sundays, worst first.
fn most_missed(book: &mut Book, content: &Content, grid: &Grid) {
    let missed = |row: &domain::coverage::Row| row.owed - row.attested;
    let mut all: Vec<&domain::coverage::Row> = grid.rows.iter().filter(|row| missed(row) > 0).collect();
    if all.is_empty() {
        return;
    }
    all.sort_by(|a, b| missed(b).cmp(&missed(a)).then_with(|| a.tenant.cmp(&b.tenant)));
    let rows: Vec<Row> = all
        .iter()
        .take(NAMED)
        .map(|row| {
            let last = row.cells.iter().rposition(|c| *c == Cell::Missed).map(|i| say::date(grid.weeks[i]));
            Row::of(vec![
                vec![body(row.tenant.as_str())],
                vec![words(STRONG.ink(MISS), missed(row).to_string())],
                vec![body(format!("{} of {}", row.attested, row.owed))],
                vec![body(last.unwrap_or_default())],
            ])
        })
        .collect();
    let columns = [col("Tenant", 226.0), num("Sundays missed", 92.0), num("Attested", 74.0), num("Last missed", 84.0)];
    let file = if content.gaps.is_empty() { "data/records/backup_audit_log.jsonl" } else { "data/gaps.jsonl" };
    let others = rest(all.len().saturating_sub(NAMED), file);
    let foot = others.unwrap_or_else(|| quiet("No other tenant missed a Sunday."));
    Table::new("Most missed", &columns).tight().foot([foot]).set(book, &rows);
}
