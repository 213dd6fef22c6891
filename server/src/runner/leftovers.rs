//! What drills that were killed left on a target. A drill names it and touches none of it, for another runner's drill
//! may be under way there; `passmuster drill --clear-leftovers` drops what is surely over.

use anyhow::{Context, Result, bail};
use domain::drill::Drill;
use mongodb::Client;

use super::{isolation, plan, plan::Plan, portal::Portal, refusal::refusal};

/// The database of a drill's copy: "staging_d_20261125_050404_10c6" of D-20261125-050404-10c6.
pub fn database(drill: &str) -> String {
    format!("{}{}", plan::STAGING, drill.trim_start_matches("D-").to_lowercase().replace('-', "_"))
}

/// The drill whose copy a database is. `None`: it is not named as drills name theirs, and so it is none of theirs.
pub fn drill_of(database: &str) -> Option<String> {
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let hex = |part: &str| part.len() == 4 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = database.strip_prefix(plan::STAGING)?.split('_').collect();
    match parts.as_slice() {
        [day, time, rest] if digits(day, 8) && digits(time, 6) && hex(rest) => Some(format!("D-{day}-{time}-{rest}")),
        _ => None,
    }
}

/// Copies on the target, each with its drill, but for one drill's own.
async fn copies(target: &Client, but: &str) -> Result<Vec<(String, String)>> {
    let names =
        target.list_database_names().await.map_err(refusal).context("the target's databases cannot be listed")?;
    let copies = names.into_iter().filter_map(|name| drill_of(&name).map(|drill| (name, drill)));
    let mut copies: Vec<_> = copies.filter(|(_, drill)| drill != but).collect();
    copies.sort();
    Ok(copies)
}

/// What else is there, as the note of the step that provisions goes on; empty when nothing is.
pub(super) async fn of_copies(target: &Client, but: &str) -> String {
    match copies(target, but).await {
        Ok(copies) if copies.is_empty() => String::new(),
        Ok(copies) => {
            let each: Vec<String> = copies.iter().map(|(name, drill)| format!("{name} of drill {drill}")).collect();
            let each = each.join(", ");
            tracing::warn!(
                "copies of other drills are on the target: {each}. `passmuster drill --clear-leftovers` drops those whose drill is over"
            );
            format!("; also there: {each}")
        }
        Err(why) => format!("; whether copies of other drills are there is not known: {why:#}"),
    }
}

/// What a drill whose runner fell silent may have left, as far as it told.
pub fn said_of(drill: &Drill) -> String {
    let mut left = Vec::new();
    let copy = drill.target.environment.rsplit('/').next().filter(|name| drill_of(name).is_some());
    match (drill.by_hand(), copy) {
        (true, _) => left.push("what was restored must be looked for".to_owned()),
        (false, Some(copy)) if drill.open_copy().is_some() => left.push(format!(
            "its copy {copy} may still be on the target: the next drill there names it, and passmuster drill --clear-leftovers drops it"
        )),
        (false, _) if drill.open_copy().is_some() => left.push("its copy may still be on the target".to_owned()),
        _ => {}
    }
    if let Some(canary) = drill.canary.as_ref().filter(|canary| !canary.id.is_empty()) {
        let place = format!("{}, _id {}", canary.collection, canary.id);
        left.push(format!("its own document may still be in the source ({place})"));
    }
    if left.is_empty() { "it had restored nothing yet".to_owned() } else { left.join("; ") }
}

/// What became of the copies of other drills.
#[derive(Debug, Default)]
pub struct Cleared {
    pub dropped: Vec<String>,
    /// With the reason.
    pub kept: Vec<(String, String)>,
}

/// Drops copies whose drill the portal says is over; without a portal, those named. Never a database that is not named
/// as drills name their copies, and never on a target that a drill would refuse.
pub async fn clear(plan: &Plan, portal: Option<&Portal>, named: &[String]) -> Result<Cleared> {
    if let Some(other) = named.iter().find(|name| drill_of(name).is_none()) {
        bail!("{other} is not named as drills name their copies; nothing was dropped");
    }
    let target = Client::with_uri_str(&plan.target).await.map_err(|_| super::bad_address("target"))?;
    isolation::look(plan, &target).await?;
    let mut cleared = Cleared::default();
    for (name, drill) in copies(&target, "").await? {
        let keep = match portal {
            _ if !named.is_empty() && !named.contains(&name) => Some("it was not named".to_owned()),
            Some(portal) if !portal.is_over(&drill).await? => {
                Some(format!("the portal does not know drill {drill} as over"))
            }
            None if named.is_empty() => Some(format!("no portal says whether drill {drill} is over")),
            _ => None,
        };
        match keep {
            Some(why) => cleared.kept.push((name, why)),
            None => {
                let dropped = target.database(&name).drop().await.map_err(refusal);
                dropped.with_context(|| format!("{name} could not be dropped"))?;
                cleared.dropped.push(name);
            }
        }
    }
    Ok(cleared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_as_a_drills_copy_is_one() {
        let id = "D-20261125-050404-1f0a";
        assert_eq!(drill_of(&database(id)).as_deref(), Some(id));
        for other in [
            "staging_d_20261125_050404",
            "staging_d_20261125_050404_1f0a_more",
            "staging_d_20261125_050404_it_1",
            "staging_d_2026112_050404_1f0a",
            "staging_d_20261125_050404_1F0A",
            "staging_20261125_050404_1f0a",
            "staging_d_orders",
            "alder",
        ] {
            assert_eq!(drill_of(other), None, "{other}");
        }
    }
}
