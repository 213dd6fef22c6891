//! Outside time: tokens over the bundle and over earlier heads of its ledger, from pinned authorities.

use std::collections::BTreeMap;

use super::{Checking, Trust, log::Log, records::Records};
use crate::{
    Moment,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        layout::{self, Index},
        timestamp::{self, Authorities, Stamp},
        tree::Hash,
        zip::Packed,
    },
    words,
};

const WHAT: &str = "Outside time";
/// A record sealed so much later than it says it happened is counted.
const LATE_MS: i64 = 7 * 24 * 3600 * 1000;

impl Checking {
    pub(super) fn time(
        &mut self,
        bundle: &UnverifiedBundle,
        trust: &Trust,
        index: &Index,
        log: &Log,
        records: &Records,
    ) {
        match (index.self_asserted_time, bundle.has(layout::TIMESTAMP)) {
            (true, false) if heads(bundle).is_empty() => return,
            (false, false) => {
                return self
                    .bad(WHAT, format!("the bundle says that it was stamped, and {} is missing", layout::TIMESTAMP));
            }
            (true, true) => {
                return self.bad(
                    WHAT,
                    format!("the bundle says that its time is self-asserted, and {} is there", layout::TIMESTAMP),
                );
            }
            _ => {}
        }
        let Some(pem) = &trust.tsa_roots_pem else {
            return self.not_proven.push(
                "Any outside time: the bundle has timestamps, and no time authority's root was given to check them with."
                    .to_owned(),
            );
        };
        let authorities = match Authorities::from_pem(pem) {
            Ok(authorities) => authorities,
            Err(e) => return self.bad(WHAT, format!("the time authorities you gave: {e}")),
        };
        match stamps(bundle, log, &authorities) {
            Err(e) => self.bad(WHAT, e),
            Ok((whole, heads)) => {
                self.late(index, records, whole.as_ref(), &heads);
                let earlier = match (heads.len(), heads.values().next()) {
                    (0, _) | (_, None) => String::new(),
                    (n, Some(first)) => format!(
                        " {n} {} of its ledger stamped too, first on {}.",
                        if n == 1 { "earlier head is" } else { "earlier heads are" },
                        words::date(first.at)
                    ),
                };
                let whole = whole.map_or_else(
                    || "The bundle itself was not stamped.".to_owned(),
                    |stamp| {
                        self.facts.stamped_at = stamp.at.rfc3339();
                        format!("The bundle existed on {}, says {}.", stamp.at.rfc3339(), stamp.authority)
                    },
                );
                self.good(WHAT, format!("{whole}{earlier}"));
                self.not_proven.push(
                    "When things happened before an outside clock saw them: a token shows that a record existed then, not since when.".to_owned(),
                );
            }
        }
    }

    /// Records that say they are much older than the first outside time over them.
    fn late(&mut self, index: &Index, records: &Records, whole: Option<&Stamp>, heads: &BTreeMap<u64, Stamp>) {
        let late = records
            .seen
            .iter()
            .filter(|record| {
                let covered = heads.range(record.seq + 1..).next().map(|(_, stamp)| stamp).or(whole);
                covered.zip(record.occurred_at).is_some_and(|(stamp, said)| said.plus_millis(LATE_MS) < stamp.at)
            })
            .count();
        if late > 0 {
            self.not_proven.push(format!(
                "The times of {late} records of {}: they say they are more than a week older than the first outside time over them.",
                index.counts.values().sum::<u64>()
            ));
        }
    }
}

/// A stamped note and its token, whichever are there.
type Pair<'a> = (Option<&'a Packed<'a>>, Option<&'a Packed<'a>>);

/// By size of the ledger.
fn heads<'a>(bundle: &'a UnverifiedBundle) -> BTreeMap<&'a str, Pair<'a>> {
    let mut heads: BTreeMap<&str, Pair<'_>> = BTreeMap::new();
    for (name, file) in &bundle.files {
        let Some(name) = name.strip_prefix(layout::TIMESTAMPS) else { continue };
        match name.rsplit_once('.') {
            Some((size, "txt")) => heads.entry(size).or_default().0 = Some(file),
            Some((size, "tsr")) => heads.entry(size).or_default().1 = Some(file),
            // Half a pair: refused when it is read.
            _ => drop(heads.insert(name, (None, None))),
        }
    }
    heads
}

type Stamps = (Option<Stamp>, BTreeMap<u64, Stamp>);

fn stamps(bundle: &UnverifiedBundle, log: &Log, authorities: &Authorities) -> Result<Stamps, String> {
    let verify = |name: &str, response: &[u8], digest: &Hash| {
        timestamp::verify(response, digest, None, authorities).map_err(|e| format!("{name}: {e}"))
    };
    let mut kept = BTreeMap::new();
    for (size, parts) in heads(bundle) {
        let name = format!("{}{size}", layout::TIMESTAMPS);
        let (Some(note), Some(response)) = parts else {
            return Err(format!("{name}: the checkpoint and its token belong together, and one is missing"));
        };
        let unpacked = |file: &Packed, end: &str| file.whole(&format!("{name}{end}")).map_err(|e| e.to_string());
        let (note, response) = (unpacked(note, ".txt")?, unpacked(response, ".tsr")?);
        let text = std::str::from_utf8(&note).map_err(|_| format!("{name}.txt is not text"))?;
        let head = log.keys.open(text).map_err(|e| format!("{name}.txt: {e}"))?;
        if head.size.to_string() != size || log.root_at(head.size) != Some(head.root) {
            return Err(format!("{name}.txt is not a head of this ledger"));
        }
        kept.insert(head.size, verify(&format!("{name}.tsr"), &response, &timestamp::digest(&note))?);
    }
    let whole = match bundle.has(layout::TIMESTAMP) {
        false => None,
        true => {
            let said = |e: BundleError| e.to_string();
            let response = bundle.file(layout::TIMESTAMP).map_err(said)?;
            let content = bundle.file(layout::TAG_MANIFEST).map_err(said)?;
            Some(verify(layout::TIMESTAMP, &response, &timestamp::digest(&content))?)
        }
    };
    let mut last: Option<Moment> = None;
    for (what, stamp) in kept
        .iter()
        .map(|(size, s)| (format!("the head of {size} entries"), s))
        .chain(whole.iter().map(|s| ("the bundle".to_owned(), s)))
    {
        if let Some(before) = last.filter(|before| *before > stamp.at) {
            return Err(format!(
                "{what} was stamped on {}, before a shorter ledger was, on {}",
                stamp.at.rfc3339(),
                before.rfc3339()
            ));
        }
        last = Some(stamp.at);
    }
    Ok((whole, kept))
}
