//! The draws made again, and the drills judged again.

use std::collections::BTreeMap;

use super::{Checking, log::Log, records::Records};
use crate::{draw, drill::Drill, ejson, record::Kind};

/// Digests of the lists sealed before a draw, by their entries.
type Lists = BTreeMap<u64, String>;

impl Checking {
    pub(super) fn drills(&mut self, records: &Records, log: &Log) {
        let (mut drawn_wrong, mut judged_wrong) = (Vec::new(), Vec::new());
        let (mut drawn, mut judged, mut demo) = (0, 0, 0);
        let lists: Lists = records
            .kept
            .iter()
            .filter(|r| r.collection.kind == Kind::Draw)
            .filter_map(|r| Some((r.seq, r.value.get("eligibleDigest")?.as_str()?.to_owned())))
            .collect();
        for record in records.kept.iter().filter(|r| r.collection.name == "backup_drill_results") {
            let name = format!("drill {}", record.id);
            let drill: Drill = match serde_json::from_value(ejson::plain(&record.value)) {
                Ok(drill) => drill,
                Err(e) => {
                    judged_wrong.push(format!("{name} cannot be read as a drill: {e}"));
                    continue;
                }
            };
            demo += usize::from(drill.demo);
            judged += 1;
            judged_wrong.extend(drill.disagreements().into_iter().map(|e| format!("{name}: {e}")));
            let Some(made) = &drill.draw else { continue };
            match redraw(&drill, made, record.seq, &lists, log) {
                Ok(Drawn::Demo) => {}
                Ok(Drawn::Proven) => drawn += 1,
                Ok(Drawn::Unsealed(why)) => {
                    self.not_proven.push(format!("That the tenant of {name} was drawn at random: {why}."));
                }
                Err(e) => drawn_wrong.push(format!("{name}: {e}")),
            }
        }
        if drawn > 0 || !drawn_wrong.is_empty() {
            self.none_wrong(
                "The draws, made again",
                drawn_wrong,
                format!("{drawn} gave the same tenant from a list sealed before."),
            );
        }
        if judged > 0 || !judged_wrong.is_empty() {
            self.none_wrong(
                "The drills, judged again",
                judged_wrong,
                format!("{judged} give the verdict they were filed with."),
            );
        }
        if demo > 0 {
            self.not_proven
                .push(format!("{demo} drills are marked as invented demo data: no restore stands behind them."));
        }
    }
}

enum Drawn {
    Proven,
    /// The arithmetic holds, and nothing shows that the list came before the seed.
    Unsealed(&'static str),
    /// Invented like the drill around it; there is nothing to prove.
    Demo,
}

fn redraw(drill: &Drill, made: &crate::drill::Draw, filed: u64, lists: &Lists, log: &Log) -> Result<Drawn, String> {
    if drill.demo {
        return Ok(Drawn::Demo);
    }
    let names = || made.eligible.iter().map(String::as_str);
    if draw::list_digest(names()) != made.eligible_digest {
        return Err("the eligible list is not the one its digest names".to_owned());
    }
    if draw::draw(&made.seed, names(), 1).first() != Some(&made.chosen.as_str()) {
        return Err(format!("the draw does not give {}", made.chosen));
    }
    let (Some(root), Some(seq)) = (&made.root, made.seq) else {
        return Ok(Drawn::Unsealed("the list was not sealed before the seed was known"));
    };
    if draw::seed(root, &made.public_value) != made.seed {
        return Err("the seed does not follow from the ledger's root and the public value".to_owned());
    }
    if seq < log.from {
        return Ok(Drawn::Unsealed("its list was sealed before this part of the ledger begins"));
    }
    match log.entry(seq) {
        Some(entry) if entry.kind == Kind::Draw => {}
        _ => return Err(format!("entry {seq} does not seal a list for a draw")),
    }
    // The seed's root must come after the list and before the drill was filed.
    let between = usize::try_from(filed.saturating_sub(seq)).unwrap_or(usize::MAX);
    if !log.roots(seq + 1).take(between).any(|r| draw::hex(&r) == *root) {
        return Err("the seed's root is none of the ledger's between the sealed list and the drill".to_owned());
    }
    match lists.get(&seq) {
        None => Ok(Drawn::Unsealed("the sealed list itself is not in the bundle")),
        Some(digest) if *digest == made.eligible_digest => Ok(Drawn::Proven),
        Some(_) => Err(format!("the list that entry {seq} sealed is another")),
    }
}
