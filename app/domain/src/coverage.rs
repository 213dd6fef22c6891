//! Which tenant was attested on which Sunday: the grid, and what may be said of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Moment,
    attestation::Strength,
    gap::{Gap, Missing},
    schedule::{Period, sunday_of, sundays},
};

/// An attestation reduced to what the grid asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub tenant: String,
    pub at: Moment,
    pub strength: Strength,
}

/// Sightings by tenant and Sunday, however many there are: a million take no more memory than fifty weeks of
/// twenty thousand tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Whether the earliest of that Sunday came after its day.
    tenants: BTreeMap<String, BTreeMap<Moment, bool>>,
    weakest: BTreeMap<Moment, Strength>,
}

impl Sightings {
    pub fn add(&mut self, tenant: &str, at: Moment, strength: Strength) {
        let week = sunday_of(at);
        let late = at.utc().date_naive() != week.utc().date_naive();
        if !self.tenants.contains_key(tenant) {
            self.tenants.insert(tenant.to_owned(), BTreeMap::new());
        }
        let known = self.tenants.get_mut(tenant).expect("it was put there").entry(week).or_insert(late);
        *known &= late;
        let weakest = self.weakest.entry(week).or_insert(strength);
        *weakest = strength.min(*weakest);
    }
}

impl Sightings {
    /// Tenant, Sunday, and whether it was found only after that day.
    pub fn each(&self) -> impl Iterator<Item = (&str, Moment, bool)> {
        self.tenants.iter().flat_map(|(tenant, of)| of.iter().map(move |(week, late)| (tenant.as_str(), *week, *late)))
    }

    /// How many tenants were found on that Sunday or in the days after it.
    pub fn found(&self, sunday: Moment) -> usize {
        self.tenants.values().filter(|of| of.contains_key(&sunday)).count()
    }
}

impl FromIterator<Sighting> for Sightings {
    fn from_iter<I: IntoIterator<Item = Sighting>>(all: I) -> Self {
        let mut sightings = Self::default();
        all.into_iter().for_each(|s| sightings.add(&s.tenant, s.at, s.strength));
        sightings
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Found on the Sunday itself (UTC).
    Attested,
    /// Found after that day, before the next run.
    Late,
    /// Due, and not there.
    Missed,
    /// Nothing was owed: before the tenant's first Sunday or after its last.
    NotATenant,
    /// The Sunday lies ahead, or its day has not ended.
    ToCome,
}

impl Cell {
    pub fn word(self) -> &'static str {
        match self {
            Cell::Attested => "attested",
            Cell::Late => "late",
            Cell::Missed => "missed",
            Cell::NotATenant => "not a tenant",
            Cell::ToCome => "to come",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub tenant: String,
    /// One for each of the grid's weeks.
    pub cells: Vec<Cell>,
    pub attested: usize,
    pub owed: usize,
}

impl Row {
    fn new(tenant: &str, cells: Vec<Cell>) -> Self {
        let attested = cells.iter().filter(|c| matches!(c, Cell::Attested | Cell::Late)).count();
        let missed = cells.iter().filter(|c| **c == Cell::Missed).count();
        Self { tenant: tenant.to_owned(), cells, attested, owed: attested + missed }
    }
}

/// Tenants × Sundays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// The instants of the weekly run, oldest first.
    pub weeks: Vec<Moment>,
    /// By name.
    pub rows: Vec<Row>,
    /// Each week's weakest attestation: what is said of all its tenants must be true of it.
    pub strengths: Vec<Option<Strength>>,
}

const DAY_MS: i64 = 24 * 3600 * 1000;

impl Grid {
    /// Lays sightings and recorded gaps on the Sundays of a period.
    ///
    /// A tenant owes attestations from its first sighting to its last. After the last one it owes
    /// what a gap record says, and otherwise counts as gone; a Sunday nobody ran is owed by every
    /// tenant seen at the run before it.
    pub fn lay<'a>(
        period: Period,
        sightings: &Sightings,
        gaps: impl IntoIterator<Item = &'a Gap>,
        now: Moment,
    ) -> Self {
        let weeks = sundays(period.from, period.to);
        let never = BTreeMap::new();
        let mut seen: BTreeMap<&str, &BTreeMap<Moment, bool>> =
            sightings.tenants.iter().map(|(tenant, of)| (tenant.as_str(), of)).collect();
        let weakest = &sightings.weakest;
        let mut skipped: BTreeSet<Moment> = BTreeSet::new();
        let mut absent: BTreeSet<(&str, Moment)> = BTreeSet::new();
        for gap in gaps {
            match &gap.what {
                Missing::WholeRun => {
                    skipped.insert(sunday_of(gap.due_at));
                }
                Missing::Tenant { tenant } => {
                    absent.insert((tenant, sunday_of(gap.due_at)));
                    seen.entry(tenant).or_insert(&never);
                }
                Missing::Drill { .. } | Missing::Run { .. } => {}
            }
        }
        let cell = |tenant: &str, of: &BTreeMap<Moment, bool>, week: Moment| {
            if let Some(late) = of.get(&week) {
                return if *late { Cell::Late } else { Cell::Attested };
            }
            if absent.contains(&(tenant, week)) {
                return Cell::Missed;
            }
            if week.plus_millis(DAY_MS) > now {
                return Cell::ToCome;
            }
            let (first, last) = (of.keys().next(), of.keys().next_back());
            let (Some(&first), Some(&last)) = (first, last) else { return Cell::NotATenant };
            let run_before = weakest.range(..week).next_back();
            let owed_if_skipped = skipped.contains(&week) && run_before.is_some_and(|(run, _)| of.contains_key(run));
            if (first < week && week < last) || owed_if_skipped { Cell::Missed } else { Cell::NotATenant }
        };
        let rows = seen
            .iter()
            .map(|(tenant, of)| Row::new(tenant, weeks.iter().map(|&week| cell(tenant, of, week)).collect()))
            .filter(|row| row.owed > 0 || row.cells.contains(&Cell::ToCome))
            .collect();
        let strengths = weeks.iter().map(|week| weakest.get(week).copied()).collect();
        Self { weeks, rows, strengths }
    }

    /// How many tenants were attested, of how many that owed it, on the Sunday in this column.
    pub fn column(&self, week: usize) -> (usize, usize) {
        self.rows.iter().filter_map(|row| row.cells.get(week)).fold((0, 0), |(found, owed), cell| match cell {
            Cell::Attested | Cell::Late => (found + 1, owed + 1),
            Cell::Missed => (found, owed + 1),
            Cell::NotATenant | Cell::ToCome => (found, owed),
        })
    }

    /// On how many Sundays every tenant was attested, of how many on which any owed it.
    pub fn complete(&self) -> (usize, usize) {
        (0..self.weeks.len())
            .map(|week| self.column(week))
            .filter(|(_, owed)| *owed > 0)
            .fold((0, 0), |(complete, due), (found, owed)| (complete + usize::from(found == owed), due + 1))
    }

    /// "On 46 of 50 Sundays every tenant’s database was found in a recovery point, on 12 of them by the
    /// backup job’s word alone." `None`: no Sunday was owed yet.
    pub fn says(&self) -> Option<String> {
        let (complete, due) = self.complete();
        if due == 0 {
            return None;
        }
        let of_complete: Vec<Strength> = (0..self.weeks.len())
            .filter(|&week| matches!(self.column(week), (found, owed) if owed > 0 && found == owed))
            .filter_map(|week| self.strengths[week])
            .collect();
        let declared = of_complete.iter().filter(|s| **s == Strength::Declared).count();
        let seen = of_complete.iter().filter(|s| **s != Strength::Declared).min();
        let (says, alone) = match seen {
            None if complete == 0 => (Strength::Listed.says(), String::new()),
            None => (Strength::Declared.says(), String::new()),
            Some(weakest) if declared == 0 => (weakest.says(), String::new()),
            Some(weakest) => (weakest.says(), format!(", on {declared} of them by the backup job’s word alone")),
        };
        let sundays = if complete == 0 { "no Sunday".to_owned() } else { format!("{complete} of {due} Sundays") };
        Some(format!("On {sundays} every tenant’s database {says}{alone}."))
    }

    /// The newest Sunday that was owed: its column, how many were found, how many owed it.
    pub fn newest(&self) -> Option<(usize, usize, usize)> {
        (0..self.weeks.len())
            .rev()
            .map(|week| (week, self.column(week)))
            .find(|(_, (_, owed))| *owed > 0)
            .map(|(week, (found, owed))| (week, found, owed))
    }

    /// Who was missed in this column.
    pub fn missed(&self, week: usize) -> Vec<&str> {
        self.rows
            .iter()
            .filter(|row| row.cells.get(week) == Some(&Cell::Missed))
            .map(|row| row.tenant.as_str())
            .collect()
    }
}

impl Strength {
    /// What may be said of a database so attested: "was found in a recovery point". Only a restored
    /// one is said to have come back.
    pub fn says(self) -> &'static str {
        match self {
            Strength::Declared => "was said by the backup job to be in a recovery point",
            Strength::Listed => "was found in a recovery point",
            Strength::Counted => "was found and counted in a recovery point",
            Strength::Fingerprinted => "was found and fingerprinted in a recovery point",
            Strength::Restored => "was brought back from a recovery point",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell::*, *};

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a date in the test")
    }

    fn sighting(tenant: &str, when: &str) -> Sighting {
        Sighting { tenant: tenant.into(), at: at(when), strength: Strength::Listed }
    }

    fn gap(what: Missing, due: &str) -> Gap {
        Gap { schema: 1, what, due_at: at(due), says: String::new(), demo: false, occurred_at: at(due), by: "t".into() }
    }

    /// Sundays of March 2026: 1, 8, 15, 22, 29. Now is Wednesday the 25th.
    fn grid(sightings: &[Sighting], gaps: &[Gap]) -> Grid {
        let march = Period::days("2026-03-01", "2026-03-31").expect("a period");
        Grid::lay(march, &sightings.iter().cloned().collect(), gaps, at("2026-03-25T12:00:00Z"))
    }

    #[test]
    fn each_sunday_of_a_tenant_is_attested_late_missed_not_owed_or_to_come() {
        let whole = |due| gap(Missing::WholeRun, due);
        let left_out = |tenant: &str, due| gap(Missing::Tenant { tenant: tenant.into() }, due);
        let found = |days: &[&str]| days.iter().map(|d| sighting("a", d)).collect::<Vec<_>>();
        let on = ["2026-03-01T03:10:00Z", "2026-03-08T03:10:00Z", "2026-03-15T03:10:00Z", "2026-03-22T03:10:00Z"];
        for (what, sightings, gaps, expected) in [
            ("all there", found(&on), vec![], [Attested, Attested, Attested, Attested, ToCome]),
            (
                "a day later",
                found(&[on[0], "2026-03-09T01:00:00Z", on[2], on[3]]),
                vec![],
                [Attested, Late, Attested, Attested, ToCome],
            ),
            (
                "a hole without a gap record",
                found(&[on[0], on[3]]),
                vec![],
                [Attested, Missed, Missed, Attested, ToCome],
            ),
            ("joined", found(&on[2..]), vec![], [NotATenant, NotATenant, Attested, Attested, ToCome]),
            ("left", found(&on[..2]), vec![], [Attested, Attested, NotATenant, NotATenant, ToCome]),
            (
                "left out at the end",
                found(&on[..3]),
                vec![left_out("a", "2026-03-22T03:00:00Z")],
                [Attested, Attested, Attested, Missed, ToCome],
            ),
            (
                "the last run was skipped",
                found(&on[..3]),
                vec![whole("2026-03-22T03:00:00Z")],
                [Attested, Attested, Attested, Missed, ToCome],
            ),
        ] {
            assert_eq!(grid(&sightings, &gaps).rows[0].cells, expected, "{what}");
        }
    }

    #[test]
    fn a_sunday_is_complete_when_every_tenant_that_owed_it_was_found() {
        let laid = grid(
            &[
                sighting("a", "2026-03-01T03:10:00Z"),
                sighting("a", "2026-03-08T03:10:00Z"),
                sighting("a", "2026-03-15T03:10:00Z"),
                sighting("b", "2026-03-08T03:10:00Z"),
                sighting("b", "2026-03-22T03:10:00Z"),
                sighting("a", "2026-03-22T03:10:00Z"),
            ],
            &[],
        );
        assert_eq!(laid.complete(), (3, 4));
        assert_eq!(laid.newest(), Some((3, 2, 2)));
        assert_eq!(laid.missed(2), ["b"]);
        let of = |row: &Row| (row.attested, row.owed);
        assert_eq!(laid.rows.iter().map(of).collect::<Vec<_>>(), [(4, 4), (2, 3)]);
    }

    #[test]
    fn what_is_said_of_all_is_true_of_the_weakest() {
        use Strength::*;
        let days = ["2026-03-01T03:10:00Z", "2026-03-08T03:10:00Z", "2026-03-15T03:10:00Z"];
        for (strengths, says) in [
            ([Listed, Listed, Listed], "was found in a recovery point."),
            ([Listed, Restored, Fingerprinted], "was found in a recovery point."),
            ([Declared, Listed, Listed], "was found in a recovery point, on 1 of them by the backup job’s word alone."),
            ([Declared; 3], "was said by the backup job to be in a recovery point."),
            ([Restored; 3], "was brought back from a recovery point."),
        ] {
            let sightings: Vec<Sighting> =
                days.iter().zip(strengths).map(|(d, strength)| Sighting { strength, ..sighting("a", d) }).collect();
            let said = grid(&sightings, &[]).says().expect("Sundays were owed");
            assert_eq!(said, format!("On 3 of 3 Sundays every tenant’s database {says}"), "{strengths:?}");
        }
        assert_eq!(grid(&[], &[]).says(), None);
        for weak in [Declared, Listed, Counted, Fingerprinted] {
            assert!(!weak.says().contains("restor") && !weak.says().contains("back from"), "{}", weak.says());
        }
    }
}
