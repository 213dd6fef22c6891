//! A sample: items of one population, drawn so that anyone can draw them again.
//!
//! The same draw as a drill's tenant (see [`crate::draw`]): `seed = SHA-256(root "," public value)` with
//! the root of the bundle's signed head, which covers every record of the population. An item's name is
//! its line in `data/sample/population.jsonl`, so `sha256sum` and `sort` need nothing but that file.
//!
//! Whoever runs the ledger can append to it until a draw suits, so the seed is fair only when the public
//! value comes from the auditor, after they have noted the ledger's head.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Moment, draw, drill::Drill, words};

/// The longest public value: a drand round's randomness is 64 digits.
const LONGEST_VALUE: usize = 100;

/// What can be drawn from: one kind of record, as far as a bundle reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Population {
    Attestations,
    Drills,
    Findings,
    Gaps,
}

impl Population {
    pub const ALL: [Population; 4] =
        [Population::Attestations, Population::Drills, Population::Findings, Population::Gaps];

    /// "attestations": its name in forms, commands and files, and its word for many.
    pub fn id(self) -> &'static str {
        match self {
            Population::Attestations => "attestations",
            Population::Drills => "drills",
            Population::Findings => "findings",
            Population::Gaps => "gaps",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.id() == id)
    }

    /// The collection whose records are the items.
    pub fn collection(self) -> &'static str {
        match self {
            Population::Attestations => "backup_audit_log",
            Population::Drills => "backup_drill_results",
            Population::Findings => "findings",
            Population::Gaps => "gaps",
        }
    }
}

/// What somebody wants drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    pub population: Population,
    /// At least one; a population that is smaller is taken whole.
    pub size: u32,
    pub public_value: String,
}

/// What is wrong with the wish for a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum AskError {
    Population,
    NoPopulation,
    Size,
    NoValue,
    Value,
}

impl AskError {
    /// What is wrong, and what to do.
    pub fn says(self) -> (&'static str, &'static str) {
        match self {
            AskError::Population => {
                ("No sample can be drawn from that.", "Choose attestations, drills, findings or gaps.")
            }
            AskError::NoPopulation => {
                ("A value is given, and nothing to draw from.", "Choose what to draw from, or empty the value.")
            }
            AskError::Size => ("The size is not a whole number of one or more.", "Write it in digits, such as 25."),
            AskError::NoValue => {
                ("The value from outside is missing.", "Write a number or a word that the auditor gives.")
            }
            AskError::Value => (
                "The value has more than 100 characters, or some that not every keyboard has.",
                "Write letters without accents, digits and plain signs, on one line.",
            ),
        }
    }
}

impl Ask {
    pub fn new(population: Population, size: u32, public_value: &str) -> Result<Self, AskError> {
        let public_value = public_value.trim();
        match (size, public_value) {
            (0, _) => Err(AskError::Size),
            (_, "") => Err(AskError::NoValue),
            (_, value) if !plain(value) => Err(AskError::Value),
            (_, value) => Ok(Self { population, size, public_value: value.to_owned() }),
        }
    }

    /// A form's three fields as they were written; `None` when no sample is asked for.
    pub fn read(population: &str, size: &str, public_value: &str) -> Result<Option<Self>, AskError> {
        match (population, public_value.trim()) {
            ("", "") => Ok(None),
            ("", _) => Err(AskError::NoPopulation),
            (id, value) => {
                let population = Population::from_id(id).ok_or(AskError::Population)?;
                let size = size.trim().parse().map_err(|_| AskError::Size)?;
                Self::new(population, size, value).map(Some)
            }
        }
    }
}

/// Characters that every keyboard writes in one way, so that the value typed again is the same bytes.
fn plain(value: &str) -> bool {
    value.len() <= LONGEST_VALUE && value.bytes().all(|b| (b' '..=b'~').contains(&b))
}

/// One thing that can be drawn: a record by its id, and the entry that sealed its newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub id: String,
    pub seq: u64,
}

impl Item {
    /// Its canonical line without a newline: `{"id":"att-3","seq":17}`. This is the name that is ranked.
    pub fn line(&self) -> String {
        serde_json_canonicalizer::to_string(self).expect("an item has only a text and a whole number")
    }
}

/// Each record once, however many versions were sealed, in the order of the newest ones' entries.
pub fn population<'a>(records: impl IntoIterator<Item = (&'a str, u64)>) -> Vec<Item> {
    let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
    for (id, seq) in records {
        newest.entry(id).and_modify(|s| *s = seq.max(*s)).or_insert(seq);
    }
    let mut items: Vec<Item> = newest.into_iter().map(|(id, seq)| Item { id: id.to_owned(), seq }).collect();
    items.sort_by(|a, b| a.seq.cmp(&b.seq).then_with(|| a.id.cmp(&b.id)));
    items
}

/// A population and what was drawn from it: both files of `data/sample/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub population: Vec<Item>,
    pub drawn: Drawn,
}

/// `data/sample/draw.json`: how the draw was made, and what it gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drawn {
    /// 1
    pub schema: u32,
    pub population: Population,
    /// How many items the population has.
    pub of: u64,
    /// How many were asked for.
    pub size: u32,
    pub public_value: String,
    /// The root of the bundle's signed head, 64 lower-case hex digits, and the number of its entries.
    pub root: String,
    pub ledger_size: u64,
    pub seed: String,
    /// The shell line that draws again, in the bundle's folder.
    pub recipe: String,
    /// Lowest rank first.
    pub chosen: Vec<Item>,
}

impl Sample {
    /// `None`: there is nothing to draw from.
    pub fn draw<'a>(
        ask: &Ask,
        records: impl IntoIterator<Item = (&'a str, u64)>,
        root: &str,
        ledger_size: u64,
    ) -> Option<Self> {
        let population = population(records);
        if population.is_empty() {
            return None;
        }
        let seed = draw::seed(root, &ask.public_value);
        let drawn = Drawn {
            schema: 1,
            population: ask.population,
            of: population.len() as u64,
            size: ask.size,
            public_value: ask.public_value.clone(),
            root: root.to_owned(),
            ledger_size,
            recipe: recipe(root, &ask.public_value, ask.size),
            chosen: chosen(&population, &seed, ask.size),
            seed,
        };
        Some(Self { population, drawn })
    }

    /// The bytes of `data/sample/population.jsonl`.
    pub fn lines(&self) -> String {
        self.population.iter().map(|item| item.line() + "\n").collect()
    }
}

impl Drawn {
    /// The first thing in which the draw does not follow from this population and this signed head.
    pub fn disagreement(&self, population: &[Item], root: &str, ledger_size: u64) -> Option<String> {
        if self.schema != 1 {
            return Some(format!("its schema is {}, and this verifier reads 1", self.schema));
        }
        if let Err(e) = Ask::new(self.population, self.size, &self.public_value) {
            return Some(e.to_string());
        }
        if self.of != population.len() as u64 {
            return Some(format!("it says that the population has {} items, and it has {}", self.of, population.len()));
        }
        if (self.root.as_str(), self.ledger_size) != (root, ledger_size) {
            return Some("it was drawn from another head of the ledger than the bundle's".to_owned());
        }
        if self.seed != draw::seed(root, &self.public_value) {
            return Some("the seed does not follow from the ledger's root and the public value".to_owned());
        }
        if self.chosen != chosen(population, &self.seed, self.size) {
            return Some("the items named are not the ones the draw gives".to_owned());
        }
        (self.recipe != recipe(root, &self.public_value, self.size))
            .then(|| "the shell line in it is not the one that draws again".to_owned())
    }

    /// "25 of 312 attestations", or "all 12 drills, fewer than the 25 asked for".
    pub fn says(&self) -> String {
        let count = |n: usize| words::count(i64::try_from(n).unwrap_or(i64::MAX));
        let (n, of, id) =
            (self.chosen.len(), count(usize::try_from(self.of).unwrap_or(usize::MAX)), self.population.id());
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        match n {
            n if n as u64 != self.of => format!("{} of {of} {id}", count(n)),
            n if n < size => format!("all {of} {id}, fewer than the {} asked for", count(size)),
            _ => format!("all {of} {id}"),
        }
    }
}

fn chosen(population: &[Item], seed: &str, size: u32) -> Vec<Item> {
    let lines: BTreeMap<String, &Item> = population.iter().map(|item| (item.line(), item)).collect();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let drawn = draw::draw(seed, lines.keys().map(String::as_str), size);
    drawn.into_iter().filter_map(|line| lines.get(line)).map(|item| (*item).clone()).collect()
}

/// The shell line that draws again, for bash and coreutils in the bundle's folder; it prints the chosen
/// lines of the population, lowest rank first.
pub fn recipe(root: &str, public_value: &str, size: u32) -> String {
    format!(
        r#"seed=$(printf '%s' {} | sha256sum | cut -c1-64)
while IFS= read -r item; do
  rank=$(printf '%s,%s' "$seed" "$item" | sha256sum)
  printf '%s %s\n' "${{rank%% *}}" "$item"
done <data/sample/population.jsonl | LC_ALL=C sort | head -n {size} | cut -c66-"#,
        draw::quoted(&format!("{root},{public_value}")),
    )
}

/// "alder-books, found on 2026-11-15": an attestation in a list of what was drawn.
pub fn attestation_says(tenant: &str, occurred_at: Moment) -> String {
    format!("{tenant}, found on {}", words::date(occurred_at))
}

/// "2026-11-16, a single collection emptied": a drill in the same list.
pub fn drill_says(drill: &Drill) -> String {
    format!("{}, {}", words::date(drill.occurred_at), drill.scenario.title().to_lowercase())
}

#[cfg(test)]
mod tests;
