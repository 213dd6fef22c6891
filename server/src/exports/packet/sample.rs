//! The sample: which items were drawn, out of how many, and the shell line that draws them again.

use domain::{
    proof::layout,
    sample::{Drawn, Item, Population, Sample, attestation_says, drill_says},
    words as say,
};

use super::{
    attestations::Filed,
    marks::Ring,
    page::{Book, LEFT, body, quiet},
    sentences::{capital, frame, lead, number, rest},
    table::{Row, col, table},
    text::{HEAD, INK, MONO, MONO_SMALL, RULE, Span, Style, words, wrap},
};
use crate::exports::content::Content;

/// More drawn items than this are not printed.
const PRINTED: usize = 200;

pub fn section(book: &mut Book, content: &Content, filed: &Filed, sample: &Sample) {
    let drawn = &sample.drawn;
    let title = "The sample";
    let entry = format!("Sample of {} {}, and how it was drawn", number(drawn.chosen.len()), drawn.population.id());
    let eyebrow = [body("Drawn at random, so that nobody chose what is looked at.")];
    book.section(title, &entry, 0, &eyebrow, frame(title));
    lead(book, format!("{}.", capital(&drawn.says())));
    facts(book, drawn);
    recipe(book, drawn);
    let row = |(i, item): (usize, &Item)| {
        Row::of(vec![
            vec![quiet((i + 1).to_string())],
            vec![words(MONO, item.id.as_str())],
            vec![body(says(content, filed, drawn.population, item.seq))],
        ])
        .ringed(Ring::Whole, format!("№ {}", item.seq))
    };
    let rows: Vec<Row> = drawn.chosen.iter().take(PRINTED).enumerate().map(row).collect();
    table(book, "Drawn, lowest rank first", &[col("", 28.0), col("", 196.0), col("What it is", 252.0)], &rows);
    if let Some(more) = rest(drawn.chosen.len().saturating_sub(PRINTED), layout::DRAW) {
        book.y += 5.0;
        book.paragraph(&[more]);
    }
}

fn facts(book: &mut Book, drawn: &Drawn) {
    let small = Style { ink: INK, ..MONO_SMALL };
    let fact = |label: &str, value: Vec<Span>| Row::of(vec![vec![words(HEAD, label)], value]);
    let of = i64::try_from(drawn.of).unwrap_or(i64::MAX);
    let root = fact("Ledger’s root", vec![words(small, say::groups(&drawn.root))])
        .ringed(Ring::Whole, format!("head of {}", say::count(i64::try_from(drawn.ledger_size).unwrap_or(i64::MAX))));
    let rows = [
        fact("Population", vec![body(format!("{} {}, each once", say::count(of), drawn.population.id())), quiet(format!("\n{}", layout::POPULATION))]),
        fact("Public value", vec![words(small, drawn.public_value.as_str()), quiet("\ngiven from outside")]),
        root,
        fact("Seed", vec![words(small, say::groups(&drawn.seed))]),
    ];
    table(book, "How it was drawn", &[col("", 92.0), col("", 384.0)], &rows);
    book.y += 5.0;
    book.paragraph(&[quiet("Seed: SHA-256 of root, comma, public value. An item’s rank: SHA-256 of seed, comma, its line in the population. The lowest ranks are drawn. The draw is fair if the auditor gave the value after noting the ledger’s head.")]);
}

fn recipe(book: &mut Book, drawn: &Drawn) {
    const STYLE: Style = Style { size: 9.4, leading: 14.0, ink: INK, ..MONO };
    const IN: f32 = 22.0;
    book.heading("To draw it again");
    book.y += 8.0;
    let width = book.width();
    for line in drawn.recipe.lines() {
        let text = line.trim_start();
        let indent = STYLE.width(" ") * (line.len() - text.len()).min(8) as f32;
        for (i, part) in wrap(&[words(STYLE, text)], width - indent - IN).iter().enumerate() {
            book.need(STYLE.leading);
            let y = book.y + 10.0;
            book.canvas().set(LEFT + indent + if i > 0 { IN } else { 0.0 }, y, part);
            book.y += STYLE.leading;
        }
    }
    book.y += 4.0;
    let y = book.y;
    book.canvas().rule(LEFT, y, width, RULE);
    book.y += 4.0;
    book.paragraph(&[quiet(format!("In bash, in the bundle’s folder. A line that is broken here and goes on further in is one line; to copy it, take it from {} or START-HERE.txt.", layout::DRAW))]);
}

fn says(content: &Content, filed: &Filed, population: Population, seq: u64) -> String {
    let said = match population {
        Population::Attestations => filed
            .listed
            .iter()
            .find(|a| a.seal.seq == seq)
            .map(|a| attestation_says(&a.value.tenant, a.value.occurred_at)),
        Population::Drills => content.drills.iter().find(|d| d.seal.seq == seq).map(|d| drill_says(&d.value)),
        Population::Findings => content.findings.iter().find(|f| f.seal.seq == seq).map(|f| f.value.title.clone()),
        Population::Gaps => content.gaps.iter().find(|g| g.seal.seq == seq).map(|g| g.value.says.clone()),
    };
    said.unwrap_or_else(|| "in the records".to_owned())
}
