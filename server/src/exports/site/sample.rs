//! The sample, for the bundle's own pages.

use domain::sample::{Drawn, Population};

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
        says: content.says(drawn.population, item.seq).unwrap_or_default(),
        drill: drawn.population == Population::Drills && content.drills.iter().any(|d| d.seal.seq == item.seq),
    });
    Some(SampleView { items: items.collect(), says: drawn.says(), root: domain::words::groups(&drawn.root), drawn })
}
