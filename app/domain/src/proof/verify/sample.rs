//! The auditor's sample, drawn again from the records in the bundle.

use std::collections::BTreeSet;

use super::{Checking, log::Log, records::Record};
use crate::{
    draw,
    proof::{bundle::UnverifiedBundle, layout},
    sample::{self, Drawn, Item},
};

impl Checking {
    /// Most bundles have no sample, and lose nothing by it.
    pub(super) fn sample(&mut self, bundle: &UnverifiedBundle, records: &[Record], log: &Log) {
        const WHAT: &str = "The sample, drawn again";
        match drawn_again(bundle, records, log) {
            Ok(None) => {}
            Err(e) => self.bad(WHAT, e),
            Ok(Some(drawn)) => {
                self.good(WHAT, format!("The same {}, from every one in this bundle.", drawn.says()));
                self.not_proven.push(format!(
                    "That nobody steered the sample: whoever runs the ledger can append to it until a draw suits. It is fair if the auditor gave the public value “{}” after noting the ledger's head of {} entries.",
                    drawn.public_value, drawn.ledger_size
                ));
            }
        }
    }
}

fn drawn_again(bundle: &UnverifiedBundle, records: &[Record], log: &Log) -> Result<Option<Drawn>, String> {
    let has = |name| bundle.files.contains_key(name);
    match (has(layout::POPULATION), has(layout::DRAW)) {
        (false, false) => return Ok(None),
        (true, true) => {}
        _ => return Err("of the population and the draw only one is there".to_owned()),
    }
    let drawn: Drawn = serde_json::from_str(bundle.text(layout::DRAW).map_err(|e| e.to_string())?)
        .map_err(|e| format!("{}: {e}", layout::DRAW))?;
    let collection = drawn.population.collection();
    let here = records.iter().filter(|r| r.collection.name == collection);
    let population = sample::population(here.map(|r| (r.entry.id.as_str(), r.entry.seq)));
    same_population(bundle.text(layout::POPULATION).map_err(|e| e.to_string())?, &population)?;
    match drawn.disagreement(&population, &draw::hex(&log.head.root), log.head.size) {
        Some(e) => Err(format!("{}: {e}", layout::DRAW)),
        None => Ok(Some(drawn)),
    }
}

/// The file must name every record of that kind in the bundle, each once, and nothing else.
fn same_population(text: &str, population: &[Item]) -> Result<(), String> {
    let expected: Vec<String> = population.iter().map(Item::line).collect();
    if text.lines().eq(expected.iter().map(String::as_str)) {
        return Ok(());
    }
    let listed: BTreeSet<&str> = text.lines().collect();
    if let Some(item) = population.iter().find(|item| !listed.contains(item.line().as_str())) {
        return Err(format!("{} leaves out {} (entry {})", layout::POPULATION, item.id, item.seq));
    }
    let known: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    Err(match text.lines().position(|line| !known.contains(line)) {
        Some(i) => format!("{} line {} is no record of that kind in this bundle", layout::POPULATION, i + 1),
        None => format!("{} names an item twice, or not in the ledger's order", layout::POPULATION),
    })
}
