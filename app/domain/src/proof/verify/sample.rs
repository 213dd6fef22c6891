//! The auditor's sample, drawn again from the records in the bundle.

use std::collections::BTreeSet;

use super::{Checking, log::Log, records::Records};
use crate::{
    draw,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        layout,
    },
    sample::{self, Drawn, Item},
};

impl Checking {
    /// Most bundles have no sample, and lose nothing by it.
    pub(super) fn sample(&mut self, bundle: &UnverifiedBundle, records: &Records, log: &Log) {
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

fn drawn_again(bundle: &UnverifiedBundle, records: &Records, log: &Log) -> Result<Option<Drawn>, String> {
    match (bundle.has(layout::POPULATION), bundle.has(layout::DRAW)) {
        (false, false) => return Ok(None),
        (true, true) => {}
        _ => return Err("of the population and the draw only one is there".to_owned()),
    }
    let drawn: Drawn = serde_json::from_str(&bundle.text(layout::DRAW).map_err(|e| e.to_string())?)
        .map_err(|e| format!("{}: {e}", layout::DRAW))?;
    let collection = drawn.population.collection();
    let here = records.seen.iter().filter(|r| r.collection.name == collection);
    let population = sample::population(here.filter_map(|r| Some((log.entry(r.seq)?.id, r.seq))));
    same_population(bundle, &population)?;
    match drawn.disagreement(&population, &draw::hex(&log.head.root), log.head.size) {
        Some(e) => Err(format!("{}: {e}", layout::DRAW)),
        None => Ok(Some(drawn)),
    }
}

/// The file must name every record of that kind in the bundle, each once, and nothing else.
fn same_population(bundle: &UnverifiedBundle, population: &[Item]) -> Result<(), String> {
    let said = |e: BundleError| e.to_string();
    let mut lines = bundle.lines(layout::POPULATION).map_err(said)?;
    let mut expected = population.iter();
    loop {
        match (lines.next().transpose().map_err(said)?, expected.next()) {
            (None, None) => return Ok(()),
            (Some(line), Some(item)) if line == item.line() => {}
            _ => break,
        }
    }
    // It differs: what is wrong with it?
    let lines: Vec<String> = bundle.lines(layout::POPULATION).map_err(said)?.collect::<Result<_, _>>().map_err(said)?;
    let listed: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
    if let Some(item) = population.iter().find(|item| !listed.contains(item.line().as_str())) {
        return Err(format!("{} leaves out {} (entry {})", layout::POPULATION, item.id, item.seq));
    }
    let known: BTreeSet<String> = population.iter().map(Item::line).collect();
    Err(match lines.iter().position(|line| !known.contains(line)) {
        Some(i) => format!("{} line {} is no record of that kind in this bundle", layout::POPULATION, i + 1),
        None => format!("{} names an item twice, or not in the ledger's order", layout::POPULATION),
    })
}
