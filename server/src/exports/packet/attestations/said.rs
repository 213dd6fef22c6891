//! Missed Sundays in words under a chart, each with a leader to its week.

use std::collections::BTreeMap;

use domain::{Moment, coverage::Grid, gap::Missing, schedule::sunday_of};

use super::grid::Block;
use crate::exports::{
    content::Content,
    packet::{
        page::{Book, COLUMN, LEFT},
        sentences::counted,
        text::{MISS, Style, TINY, fit},
    },
};

/// So many stand under a chart; the list of gaps has them all.
const SAID: usize = 4;
const LINE: f32 = 13.0;
const STYLE: Style = Style { ink: MISS, ..TINY };

/// A column of the block, and what is said of it.
pub struct Said {
    place: usize,
    words: String,
}

/// Where words came to stand: how many lines down, from where to where, and their leader.
pub struct Placed {
    words: String,
    level: usize,
    from: f32,
    to: f32,
    leader: f32,
}

impl Placed {
    /// Whether neither words nor leaders of the two meet.
    fn clear_of(&self, other: &Placed) -> bool {
        let within = |p: &Placed, x: f32| (p.from - 3.0..=p.to + 3.0).contains(&x);
        match self.level.cmp(&other.level) {
            std::cmp::Ordering::Equal => self.to + 6.0 < other.from || self.from > other.to + 6.0,
            std::cmp::Ordering::Less => !within(self, other.leader),
            std::cmp::Ordering::Greater => !within(other, self.leader),
        }
    }
}

/// The newest Sundays of the block on which somebody was missed: "3 May: the whole run was skipped, F-004".
pub fn newest(content: &Content, grid: &Grid, block: &Block) -> Vec<Said> {
    said(content, grid, block, (0..block.len).rev().collect())
}

/// The Sundays of the block on which most were missed.
pub fn worst(content: &Content, grid: &Grid, block: &Block) -> Vec<Said> {
    let missed = |place: usize| {
        let (found, owed) = grid.column(block.first + place);
        owed - found
    };
    let mut order: Vec<(usize, usize)> = (0..block.len).map(|place| (missed(place), place)).collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    said(content, grid, block, order.into_iter().map(|(_, place)| place).collect())
}

fn said(content: &Content, grid: &Grid, block: &Block, order: Vec<usize>) -> Vec<Said> {
    let causes: BTreeMap<&str, &str> =
        content.findings.iter().filter_map(|f| Some((f.value.cause.as_deref()?, f.id.as_str()))).collect();
    // By Sunday: whether nobody ran, and a finding that a gap of it opened.
    let mut gaps: BTreeMap<Moment, (bool, Option<&str>)> = BTreeMap::new();
    for gap in &content.gaps {
        let (skipped, finding) = gaps.entry(sunday_of(gap.value.due_at)).or_default();
        *skipped |= gap.value.what == Missing::WholeRun;
        *finding = finding.or_else(|| causes.get(gap.id.as_str()).copied());
    }
    let mut all = Vec::new();
    for place in order {
        let (found, owed) = grid.column(block.first + place);
        if found == owed {
            continue;
        }
        let week = grid.weeks[block.first + place];
        let (skipped, finding) = gaps.get(&week).copied().unwrap_or_default();
        let what = match owed - found {
            n if n == owed && skipped => "the whole run was skipped".to_owned(),
            1 => {
                let missed = grid.missed(block.first + place);
                format!("{} absent", fit(STYLE, missed.first().copied().unwrap_or_default(), 100.0))
            }
            n => format!("{} absent", counted(n, "tenant", "tenants")),
        };
        let finding = finding.map(|id| format!(", {id}")).unwrap_or_default();
        all.push(Said { place, words: format!("{}: {what}{finding}", week.utc().format("%-d %b")) });
        if all.len() == SAID {
            break;
        }
    }
    all
}

/// The arrangement that says most in the fewest lines: every choice of sides is tried, taking the words
/// from either end, each as high as it is free. At most four, hence at most 2 × 2⁴ arrangements.
pub fn place(mut said: Vec<Said>, block: &Block) -> Vec<Placed> {
    said.sort_by_key(|one| one.place);
    let forward: Vec<usize> = (0..said.len()).collect();
    let backward: Vec<usize> = forward.iter().rev().copied().collect();
    (0..1_u32 << said.len())
        .flat_map(|sides| [arrange(&said, block, sides, &forward), arrange(&said, block, sides, &backward)])
        .min_by_key(|all| (said.len() - all.len(), all.iter().map(|p| p.level).max()))
        .unwrap_or_default()
}

/// Words that would leave the chart, or meet others, are left out.
fn arrange(said: &[Said], block: &Block, sides: u32, order: &[usize]) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    for &i in order {
        let leader = block.x(said[i].place) + block.cell() / 2.0;
        let wide = STYLE.width(&said[i].words) + 5.0;
        let (from, to) = if sides >> i & 1 == 1 { (leader - wide, leader) } else { (leader, leader + wide) };
        if from < LEFT || to > LEFT + COLUMN {
            continue;
        }
        let at = |level| Placed { words: said[i].words.clone(), level, from, to, leader };
        placed.extend((0..SAID).map(at).find(|here| placed.iter().all(|other| here.clear_of(other))));
    }
    placed
}

pub fn height(placed: &[Placed]) -> f32 {
    placed.iter().map(|p| p.level + 1).max().unwrap_or(0) as f32 * LINE
}

/// Draws them below the chart's last rule.
pub fn draw(book: &mut Book, placed: &[Placed]) {
    let top = book.y;
    for one in placed {
        let y = top + LINE * (one.level + 1) as f32;
        let canvas = book.canvas();
        canvas.line(&[(one.leader, top - 3.0), (one.leader, y)], 0.9, MISS);
        if one.from < one.leader {
            canvas.words_to(one.leader - 4.0, y, STYLE, &one.words);
        } else {
            canvas.words(one.leader + 4.0, y, STYLE, one.words.as_str());
        }
    }
    book.y += height(placed);
}

#[cfg(test)]
mod tests {
    use domain::coverage::Row;

    use super::*;
    use crate::exports::packet::attestations::grid::blocks;

    #[test]
    fn words_under_a_chart_never_meet_and_stay_within_it() {
        let at = Moment::parse("2026-01-04T03:00:00Z").expect("a moment");
        let grid = Grid {
            weeks: (0..52).map(|i| at.plus_millis(i * 7 * 24 * 3_600_000)).collect(),
            rows: Vec::<Row>::new(),
            strengths: vec![None; 52],
        };
        let blocks = blocks(&grid, LEFT + 116.0, 312.0);
        for (places, said) in [([0, 1, 2, 3], 4), ([48, 49, 50, 51], 4), ([0, 17, 34, 51], 3), ([20, 21, 40, 41], 4)] {
            let words = "3 May: kestrel-freight absent, F-024";
            let placed = place(places.map(|place| Said { place, words: words.to_owned() }).into(), &blocks[0]);
            assert_eq!(placed.len(), said, "{places:?}");
            for (i, one) in placed.iter().enumerate() {
                assert!(one.from >= LEFT && one.to <= LEFT + COLUMN, "{places:?}");
                assert!(placed[i + 1..].iter().all(|other| one.clear_of(other)), "{places:?}");
            }
        }
    }
}
