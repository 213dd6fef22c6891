//! How the tenant was drawn, so that anyone can draw again.

use std::collections::BTreeMap;

use domain::{
    draw::recipe,
    drill::{Draw, Drill, Excluded},
    record::Sealed,
    words as say,
};

use crate::exports::packet::{
    marks::Ring,
    page::{Book, body, quiet},
    sentences::{counted, number},
    shell,
    table::{Row, Table, col},
    text::{HEAD, INK, MONO, MONO_SMALL, SMALL, Span, Style, words},
};

/// So many eligible and excluded tenants are named.
const NAMED: usize = 40;

pub fn draw(book: &mut Book, sealed: &Sealed<Drill>) {
    let Some(draw) = &sealed.value.draw else { return };
    let columns = [col("", 92.0), col("", 384.0)];
    let foot = quiet(
        "Seed: SHA-256 of root, comma, public value. A tenant’s rank: SHA-256 of seed, comma, name. The lowest rank is drawn. Eligible list: SHA-256 of the names in order, each with a newline.",
    );
    Table::new("The draw", &columns).within(&sealed.seal).foot([foot]).set(book, &facts(draw));
    let parts = || draw.eligible.iter().chain([&draw.public_value]);
    match &draw.root {
        Some(root) if draw.eligible.len() <= NAMED && parts().all(|part| shell::returns(part)) => {
            let script = recipe(&draw.eligible, root, &draw.public_value);
            shell::set(book, "To draw it again", &script, "In bash; the last word it prints is the tenant drawn.");
        }
        Some(_) => book.paragraph(&[quiet("The names are too many, or not of letters that can be copied from here, for a shell line; passmuster verify makes the draw again from the record.")]),
        None => {}
    }
}

fn facts(draw: &Draw) -> Vec<Row> {
    let small = Style { ink: INK, ..MONO_SMALL };
    let fact = |label: &str, value: Vec<Span>| Row::of(vec![vec![words(HEAD, label)], value]);
    let root = match &draw.root {
        Some(root) => vec![words(small, say::groups(root))],
        None => vec![body("none: no ledger sealed the list first, so this draw proves nothing")],
    };
    let mut root = fact("Ledger’s root", root);
    if let Some(seq) = draw.seq {
        root = root.ringed(Ring::Whole, format!("№ {seq}")).note(SMALL, "the eligible list, sealed before the draw");
    }
    vec![
        fact(
            "Chosen",
            vec![
                words(MONO, draw.chosen.as_str()),
                body(format!(", of {}", counted(draw.eligible.len(), "eligible tenant", "eligible tenants"))),
            ],
        ),
        root,
        fact("Public value", vec![words(small, draw.public_value.as_str())]),
        fact("Seed", vec![words(small, say::groups(&draw.seed))]),
        fact("Eligible list", vec![words(small, say::groups(&draw.eligible_digest))]),
        fact("Eligible", eligible(&draw.eligible)),
        fact("Excluded", excluded(&draw.excluded)),
    ]
}

fn eligible(names: &[String]) -> Vec<Span> {
    let style = Style { ink: INK, ..MONO_SMALL };
    let mut spans = vec![words(style, names.iter().take(NAMED).cloned().collect::<Vec<_>>().join("  "))];
    if names.len() > NAMED {
        spans.push(quiet(format!("\n… and {} more, in the record", number(names.len() - NAMED))));
    }
    spans
}

/// By reason: "a production customer's: alder-finch, brightwater-clinics".
fn excluded(all: &[Excluded]) -> Vec<Span> {
    if all.is_empty() {
        return vec![body("none")];
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for out in all.iter().take(NAMED) {
        reasons.entry(out.why.as_str()).or_default().push(out.name.as_str());
    }
    let style = Style { ink: INK, ..MONO_SMALL };
    let one = |(i, (why, names)): (usize, (&str, Vec<&str>))| {
        let gap = if i == 0 { "" } else { "\n" };
        [body(format!("{gap}{why}: ")), words(style, names.join("  "))]
    };
    let mut spans: Vec<Span> = reasons.into_iter().enumerate().flat_map(one).collect();
    if all.len() > NAMED {
        spans.push(quiet(format!("\n… and {} more, in the record", number(all.len() - NAMED))));
    }
    spans
}
