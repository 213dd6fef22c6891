//! Tenants × weeks: where each tenant was attested, late, missed, or was no tenant.

use domain::{Moment, coverage::Cell};
use leptos::prelude::*;

use super::{StateMark, state::px};

/// One tenant; `cells` as many as the chart has weeks.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatRow {
    pub name: String,
    /// Set in Mono, after a gap: one of the company's own databases.
    pub internal: bool,
    pub cells: Vec<Cell>,
    pub attested: usize,
    pub owed: usize,
    /// Where the name leads.
    pub href: Option<String>,
    /// In place of the line after its last week: "left 27 Sep"
    pub left: Option<String>,
}

const NAMES: f64 = 172.0;
const STEP: f64 = 12.7;
const ROW: f64 = 19.0;
const WIDTH: f64 = 892.0;
/// How many gaps are said in words; the table has them all.
const SAID: usize = 10;

/// The chart with its legend and the link to the same as text.
///
/// `weeks` are the Sundays, oldest first, at most 52. `said` are gaps in words, each at a week: they
/// stand under the chart with a leader.
#[component]
pub fn Heatmap(
    weeks: Vec<Moment>,
    rows: Vec<HeatRow>,
    said: Vec<(usize, String)>,
    /// The same as text.
    #[prop(into)]
    table_href: String,
) -> impl IntoView {
    let customers = rows.iter().filter(|r| !r.internal).count();
    let row_y = move |i: usize| 24.0 + ROW * i as f64 + if i >= customers && customers > 0 { 12.0 } else { 0.0 };
    let bottom = row_y(rows.len().saturating_sub(1)) + ROW + 3.0;
    let said: Vec<(usize, String)> = said.into_iter().take(SAID).collect();
    let placed = place(&said);
    let lines = placed.iter().map(|p| p.level + 1).max().unwrap_or(0);
    let height = bottom + 8.0 + 17.0 * lines as f64;
    let x = |week: usize| NAMES + STEP * week as f64;
    let mut missed: Vec<usize> = rows.iter().map(|r| r.owed.saturating_sub(r.attested)).collect();
    missed.sort_unstable();
    let usual = missed.get(missed.len() / 2).copied().unwrap_or(0);

    let mut seen = String::new();
    let months = weeks
        .iter()
        .enumerate()
        .filter_map(|(i, at)| {
            let name = at.utc().format("%b").to_string();
            if name == seen {
                return None;
            }
            let first = seen.is_empty() || name == "Jan";
            seen.clone_from(&name);
            let shown = if first { at.utc().format("%b ’%y").to_string() } else { name };
            let line = (i > 0).then(|| {
                view! { <path class="month-line" d=format!("M{} 20V{}", px(x(i) - 1.3), px(bottom - 3.0)) /> }
            });
            Some(view! { {line} <text class="month" x=px(x(i)) y="13">{shown}</text> })
        })
        .collect_view();

    let drawn = rows
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let y = row_y(i);
            let cells =
                runs(&row.cells).into_iter().map(|(cell, from, to)| draw(cell, from, to, x(0), y + 2.0)).collect_view();
            let mono = if row.internal { "mono-text" } else { "" };
            let name = view! { <text class=mono x="0" y=px(y + 13.0)>{row.name.clone()}</text> };
            let name = match &row.href {
                Some(href) => view! { <a href=href.clone()>{name}</a> }.into_any(),
                None => name.into_any(),
            };
            let below = if row.owed.saturating_sub(row.attested) > usual { "below" } else { "" };
            let left = row.left.clone().map(|left| {
                let last = row.cells.iter().rposition(|c| !matches!(c, Cell::NotATenant | Cell::ToCome)).unwrap_or(0);
                view! { <text class="said" x=px(x(last + 1) + 4.0) y=px(y + 12.5)>{left}</text> }
            });
            view! {
                {name}
                {cells}
                {left}
                <text class=below x=px(WIDTH) y=px(y + 13.0) text-anchor="end">
                    {format!("{} of {}", row.attested, row.owed)}
                </text>
            }
        })
        .collect_view();

    let leaders = said
        .iter()
        .zip(placed)
        .map(|((week, words), at)| {
            let y = bottom + 17.0 * (at.level + 1) as f64 - 4.0;
            let x = x(*week) + 5.0;
            let (anchor, tx) = if at.leftward { ("end", x - 5.0) } else { ("start", x + 5.0) };
            view! {
                <path class="lead" d=format!("M{} {}V{}", px(x), px(bottom - 3.0), px(y)) />
                <text class="gap-word" x=px(tx) y=px(y) text-anchor=anchor>{words.clone()}</text>
            }
        })
        .collect_view();

    let whole = rows.iter().filter(|r| r.attested >= r.owed).count();
    let label = format!(
        "{} tenants by {} Sundays; {whole} without a gap. {} The same as a table is linked below.",
        rows.len(),
        weeks.len(),
        said.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join("; ")
    );
    view! {
        <div class="heat-scroll measure-width" tabindex="0" role="region" aria-label="Tenants by weeks">
            <svg class="heat" viewBox=format!("0 0 892 {}", px(height)) role="group" aria-label=label>
                {months}
                <path class="strong" d="M0 20.5H892" />
                {drawn}
                <path class="strong" d=format!("M0 {0}H892", px(bottom.floor() + 0.5)) />
                {leaders}
            </svg>
        </div>
        <div class="pager measure-width">
            <Legend />
            <a href=table_href>"As a table"</a>
        </div>
    }
}

/// Where words under the chart stand: how many lines down, and on which side of their leader.
#[derive(Clone, Copy)]
struct Placed {
    level: usize,
    leftward: bool,
    from: f64,
    to: f64,
    x: f64,
}

impl Placed {
    /// Whether neither words nor leaders of the two meet.
    fn clear_of(&self, other: &Placed) -> bool {
        match self.level.cmp(&other.level) {
            std::cmp::Ordering::Equal => self.to < other.from || self.from > other.to,
            std::cmp::Ordering::Less => !(self.from..=self.to).contains(&other.x),
            std::cmp::Ordering::Greater => !(other.from..=other.to).contains(&self.x),
        }
    }
}

/// The arrangement with the fewest lines: every choice of sides is tried, taking the words from
/// either end, each as high as it is free. At most ten, hence at most 2 × 2¹⁰ arrangements.
fn place(said: &[(usize, String)]) -> Vec<Placed> {
    let n = said.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| said[*i].0);
    let backward: Vec<usize> = order.iter().rev().copied().collect();
    (0..1_u32 << n)
        .flat_map(|sides| [arrange(said, sides, &order), arrange(said, sides, &backward)])
        .flatten()
        .min_by_key(|all| all.iter().map(|p| p.level).max())
        .unwrap_or_else(|| {
            let each = |level| Placed { level, leftward: true, from: 0.0, to: 0.0, x: 0.0 };
            (0..n).map(each).collect()
        })
}

/// `None`: words would leave the chart, or cannot be kept apart in this order.
fn arrange(said: &[(usize, String)], sides: u32, order: &[usize]) -> Option<Vec<Placed>> {
    let mut placed: Vec<Option<Placed>> = vec![None; said.len()];
    for &i in order {
        let (week, words) = &said[i];
        let x = NAMES + STEP * *week as f64 + 5.0;
        // A letter is about 6.2 wide at 12 px.
        let width = words.chars().count() as f64 * 6.2 + 12.0;
        let leftward = sides >> i & 1 == 1;
        let (from, to) = if leftward { (x - width, x) } else { (x, x + width) };
        if from < 0.0 || to > WIDTH {
            return None;
        }
        let one = (0..said.len())
            .map(|level| Placed { level, leftward, from, to, x })
            .find(|one| placed.iter().flatten().all(|other| one.clear_of(other)))?;
        placed[i] = Some(one);
    }
    placed.into_iter().collect()
}

/// Neighbouring equal cells as (cell, first, after last), so that a line of 50 is one node.
fn runs(cells: &[Cell]) -> Vec<(Cell, usize, usize)> {
    let mut all: Vec<(Cell, usize, usize)> = Vec::new();
    for (i, &cell) in cells.iter().enumerate() {
        match all.last_mut() {
            Some((last, _, to)) if *last == cell => *to = i + 1,
            _ => all.push((cell, i, i + 1)),
        }
    }
    all
}

fn draw(cell: Cell, from: usize, to: usize, origin: f64, y: f64) -> AnyView {
    use std::fmt::Write;
    let at = |i: usize| origin + STEP * i as f64;
    let each = |shape: &dyn Fn(f64) -> String| {
        (from..to).fold(String::new(), |mut d, i| {
            let _ = write!(d, "{}", shape(at(i)));
            d
        })
    };
    match cell {
        Cell::Attested => {
            let d = each(&|x| format!("M{} {}h10.1v13h-10.1z", px(x), px(y)));
            view! { <path class="cell" d=d /> }.into_any()
        }
        Cell::Late => {
            let d = each(&|x| format!("M{} {}h10.1v6h-10.1z", px(x), px(y + 7.0)));
            let top = each(&|x| format!("M{} {}h10.1", px(x), px(y + 0.5)));
            view! { <path class="cell" d=d /><path class="cell-late-line" d=top /> }.into_any()
        }
        Cell::Missed => {
            let d = each(&|x| format!("M{} {}h7.2v7.2h-7.2z", px(x + 1.45), px(y + 2.9)));
            view! { <path class="cell-missed" d=d /> }.into_any()
        }
        Cell::NotATenant => {
            let d = format!("M{} {}H{}", px(at(from)), px(y + 6.5), px(at(to) - 2.6));
            view! { <path class="cell-none" d=d /> }.into_any()
        }
        Cell::ToCome => {
            let d = each(&|x| format!("M{} {}h2v1h-2z", px(x + 4.0), px(y + 6.0)));
            view! { <path class="cell-to-come" d=d /> }.into_any()
        }
    }
}

#[component]
fn Legend() -> impl IntoView {
    let sample = |cell: Cell| {
        view! { <svg viewBox="0 0 11 13" aria-hidden="true">{draw(cell, 0, 1, 0.0, 0.0)}</svg> }
    };
    view! {
        <p class="legend">
            <span>{sample(Cell::Attested)}"attested"</span>
            <span>{sample(Cell::Late)}"late"</span>
            <span><StateMark state=super::Shape::Square word="missed" /></span>
            <span>{sample(Cell::NotATenant)}"not a tenant"</span>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell::*, place, runs};

    #[test]
    fn words_under_the_chart_never_meet() {
        let said: Vec<(usize, String)> =
            [14, 21, 36, 50].map(|week| (week, "kestrel-freight absent on that Sunday, F-024".to_owned())).to_vec();
        let placed = place(&said);
        for (i, a) in placed.iter().enumerate() {
            assert!(a.to > a.from, "words {i} found no place");
            assert!(placed[i + 1..].iter().all(|b| a.clear_of(b)), "words {i} meet others");
        }
    }

    #[test]
    fn neighbouring_equal_weeks_become_one_run() {
        assert_eq!(runs(&[Attested, Attested, Missed, Attested]), [(Attested, 0, 2), (Missed, 2, 3), (Attested, 3, 4)]);
        assert_eq!(runs(&[]), []);
    }
}
