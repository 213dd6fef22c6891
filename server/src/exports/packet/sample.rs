//! The sample: which items were drawn, out of how many, and the shell line that draws them again.

use domain::{
    proof::layout,
    sample::{Drawn, Item, Sample},
    words as say,
};

use super::{
    marks::Ring,
    page::{Book, body, quiet},
    sentences::{capital, frame, lead, number, rest},
    shell,
    table::{Row, Table, col},
    text::{HEAD, INK, MONO, MONO_SMALL, Span, Style, words},
};
use crate::exports::content::Content;

/// More drawn items than this are not printed.
const PRINTED: usize = 200;

pub fn section(book: &mut Book, content: &Content, sample: &Sample) {
    let drawn = &sample.drawn;
    let title = "The sample";
    let entry = format!("Sample of {} {}, and how it was drawn", number(drawn.chosen.len()), drawn.population.id());
    let eyebrow = [body("Drawn at random, so that nobody chose what is looked at.")];
    book.section(title, &entry, 0, &eyebrow, frame(title));
    lead(book, format!("{} were drawn.", capital(&drawn.says())));
    facts(book, drawn);
    recipe(book, drawn);
    let row = |(i, item): (usize, &Item)| {
        Row::of(vec![
            vec![quiet((i + 1).to_string())],
            vec![words(MONO, item.id.as_str())],
            vec![body(content.says(drawn.population, item.seq).unwrap_or_else(|| "in the records".to_owned()))],
        ])
        .ringed(Ring::Whole, format!("№ {}", item.seq))
    };
    let rows: Vec<Row> = drawn.chosen.iter().take(PRINTED).enumerate().map(row).collect();
    let columns = [col("", 28.0), col("", 196.0), col("What it is", 252.0)];
    let others = rest(drawn.chosen.len().saturating_sub(PRINTED), layout::DRAW);
    Table::new("Drawn, lowest rank first", &columns).tight().foot(others).set(book, &rows);
}

fn facts(book: &mut Book, drawn: &Drawn) {
    let small = Style { ink: INK, ..MONO_SMALL };
    let fact = |label: &str, value: Vec<Span>| Row::of(vec![vec![words(HEAD, label)], value]);
    let of = i64::try_from(drawn.of).unwrap_or(i64::MAX);
    let root = fact("Ledger’s root", vec![words(small, say::groups(&drawn.root))])
        .ringed(Ring::Whole, format!("head of {}", say::count(i64::try_from(drawn.ledger_size).unwrap_or(i64::MAX))));
    let rows = [
        fact(
            "Population",
            vec![
                body(format!("{} {}, each once", say::count(of), drawn.population.id())),
                quiet(format!("\n{}", layout::POPULATION)),
            ],
        ),
        fact("Public value", vec![words(small, drawn.public_value.as_str()), quiet("\ngiven from outside")]),
        root,
        fact("Seed", vec![words(small, say::groups(&drawn.seed))]),
    ];
    let foot = quiet(
        "Seed: SHA-256 of root, comma, public value. An item’s rank: SHA-256 of seed, comma, its line in the population. The lowest ranks are drawn. The draw is fair if the auditor gave the value after noting the ledger’s head.",
    );
    Table::new("How it was drawn", &[col("", 92.0), col("", 384.0)]).foot([foot]).set(book, &rows);
}

fn recipe(book: &mut Book, drawn: &Drawn) {
    if shell::returns(&drawn.public_value) {
        let says = "In bash, in the bundle’s folder; it prints the drawn lines of the population, lowest rank first.";
        shell::set(book, "To draw it again", &drawn.recipe, says);
    } else {
        book.paragraph(&[quiet(format!(
            "The public value cannot be copied from here as it is; the shell line stands in {}.",
            layout::DRAW
        ))]);
    }
}
