//! The quarterly checklists as they were closed, on the bundle's own page.

use domain::{
    checklist::{Checklist, Standing, Stood},
    record::Sealed,
    words,
};

use super::{Content, Mark, SealMark, mark};

pub struct ChecklistView {
    pub quarter: String,
    pub closed: String,
    pub sentence: String,
    pub demo: bool,
    pub items: Vec<ItemRow>,
    pub seal: SealMark,
}

pub struct ItemRow {
    pub section: String,
    pub asks: String,
    pub state: Mark,
    pub says: Vec<String>,
    /// "“…” The founder on 2026-11-25, № 912"
    pub word: Option<String>,
}

pub fn views(content: &Content) -> Vec<ChecklistView> {
    content.checklists.iter().map(view).collect()
}

fn view(sealed: &Sealed<Checklist>) -> ChecklistView {
    let value = &sealed.value;
    ChecklistView {
        quarter: value.quarter.clone(),
        closed: format!("Closed on {} by {}, version {}.", words::date(value.occurred_at), value.by, value.version),
        sentence: value.sentence(),
        demo: value.demo,
        items: value.items.iter().map(row).collect(),
        seal: mark(&sealed.seal),
    }
}

fn row(item: &Stood) -> ItemRow {
    let shape = match item.standing {
        Standing::Closed | Standing::ByHand => "met",
        Standing::Short => "miss",
        Standing::Open => "none",
    };
    let word = item.word.as_ref();
    ItemRow {
        section: item.section.clone(),
        asks: item.asks.clone(),
        state: Mark { shape, word: item.standing.word().to_owned() },
        says: item.says.clone(),
        word: word.map(|w| format!("“{}” {} on {}, № {}", w.note, w.by, words::date(w.at), w.seq)),
    }
}
