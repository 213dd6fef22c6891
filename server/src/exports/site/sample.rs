//! The sample, for the bundle's own pages.

use domain::sample::{Drawn, Population, attestation_says, drill_says};

use crate::exports::content::Content;

pub(super) struct SampleView {
    pub drawn: Drawn,
    pub says: String,
    pub root: String,
    pub items: Vec<ItemRow>,
}

pub(super) struct ItemRow {
    pub id: String,
    pub seq: u64,
    /// "alder-books, found on 2026-11-15"; empty where the record cannot be read.
    pub says: String,
    /// Below `index.html`; drills have a place of their own there.
    pub drill: bool,
}

pub(super) fn view(content: &Content) -> Option<SampleView> {
    let drawn = content.sample.as_ref()?.drawn.clone();
    let items = drawn.chosen.iter().map(|item| ItemRow {
        id: item.id.clone(),
        seq: item.seq,
        says: says(content, drawn.population, item.seq).unwrap_or_default(),
        drill: drawn.population == Population::Drills && content.drills.iter().any(|d| d.seal.seq == item.seq),
    });
    Some(SampleView { items: items.collect(), says: drawn.says(), root: domain::words::groups(&drawn.root), drawn })
}

fn says(content: &Content, population: Population, seq: u64) -> Option<String> {
    match population {
        Population::Attestations => content.attested.drawn.get(&seq).map(|(tenant, at)| attestation_says(tenant, *at)),
        Population::Drills => content.drills.iter().find(|d| d.seal.seq == seq).map(|d| drill_says(&d.value)),
        Population::Findings => content.findings.iter().find(|f| f.seal.seq == seq).map(|f| f.value.title.clone()),
        Population::Gaps => content.gaps.iter().find(|g| g.seal.seq == seq).map(|g| g.value.says.clone()),
    }
}
