//! A re-drill: the later drill that shows that what one missed now holds. Nothing else closes a miss.

use crate::{
    drill::{Drill, DrillVerdict},
    finding::{Finding, State},
    record::Sealed,
    verdict::Verdict,
    words,
};

/// Of whom a finding is that opened by itself.
pub const PORTAL: &str = "portal";

/// What a drill can miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    Rto,
    Rpo,
    Contents,
}

impl Missed {
    const ALL: [Missed; 3] = [Missed::Rto, Missed::Rpo, Missed::Contents];

    fn verdict(self, of: &DrillVerdict) -> Verdict {
        match self {
            Missed::Rto => of.rto,
            Missed::Rpo => of.rpo,
            Missed::Contents => of.contents,
        }
    }

    /// "its recovery time, 138 min of 120 min"
    pub fn says(self, drill: &Drill) -> String {
        let measured = drill.measured.as_ref();
        match (self, measured, measured.and_then(|m| m.rpo_ms)) {
            (Missed::Rto, Some(m), _) => {
                format!(
                    "its recovery time, {} of {}",
                    words::duration(m.restore_ms),
                    words::duration(drill.plan.rto_ms)
                )
            }
            (Missed::Rpo, _, Some(lost)) => {
                format!("its recovery point, {} of {} lost", words::duration(lost), words::duration(drill.plan.rpo_ms))
            }
            (Missed::Contents, ..) => "the contents, which did not come back whole".to_owned(),
            _ => "a figure that it does not state".to_owned(),
        }
    }
}

/// What it missed. An invented drill misses nothing that anybody must answer for, and one that was stopped measured
/// nothing.
pub fn missed(drill: &Drill) -> Vec<Missed> {
    if drill.demo || drill.abandoned.is_some() {
        return Vec::new();
    }
    Missed::ALL.into_iter().filter(|m| m.verdict(&drill.verdict) == Verdict::Missed).collect()
}

/// Whether the later drill shows that what the earlier one missed now holds, and misses nothing itself.
pub fn closes(earlier: &Drill, later: &Drill) -> bool {
    let holds = |m: Missed| matches!(m.verdict(&later.verdict), Verdict::Met | Verdict::AtRisk);
    later.scenario == earlier.scenario
        && later.occurred_at > earlier.occurred_at
        && !later.demo
        && later.abandoned.is_none()
        && missed(later).is_empty()
        && missed(earlier).into_iter().all(holds)
}

/// The earliest drill that closes it.
pub fn closing<'d>(earlier: &Drill, all: &'d [Sealed<Drill>]) -> Option<&'d Sealed<Drill>> {
    all.iter().filter(|later| closes(earlier, &later.value)).min_by_key(|later| later.value.occurred_at)
}

/// The drill whose miss opened this finding, which then closes with a re-drill alone.
pub fn opened_by(finding: &Finding) -> Option<&str> {
    finding.cause.as_deref().filter(|cause| finding.by == PORTAL && cause.starts_with("D-"))
}

/// The re-drill that closed it: its evidence begins with the drill's id.
pub fn closed_by(finding: &Finding) -> Option<&str> {
    let State::Closed { evidence, .. } = &finding.state else { return None };
    let first = evidence.split_whitespace().next()?.trim_end_matches([':', ',', '.']);
    first.starts_with("D-").then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::*;

    fn drill(day: i64, rto: Verdict, contents: Verdict) -> Drill {
        let mut drill = crate::live::tests::drill();
        drill.occurred_at = drill.occurred_at.plus_millis(day * 86_400_000);
        drill.verdict = DrillVerdict { rto, rpo: Met, contents, reasons: vec![] };
        drill
    }

    #[test]
    fn a_miss_closes_with_a_later_drill_of_its_kind_in_which_what_was_missed_holds() {
        let late = drill(1, Missed, Met);
        let lost = drill(1, Met, Missed);
        let change = |mut drill: Drill, change: fn(&mut Drill)| {
            change(&mut drill);
            drill
        };
        for (earlier, later, expected, why) in [
            (&late, drill(2, Met, Met), true, "in time"),
            (&late, drill(2, AtRisk, Met), true, "within the promise, if barely"),
            (&late, drill(2, Met, Untested), true, "its contents were not what was missed"),
            (&late, drill(2, Untested, Met), false, "not measured"),
            (&late, drill(2, Missed, Met), false, "late again"),
            (&late, drill(2, Met, Missed), false, "in time, and something else is missing"),
            (&late, drill(0, Met, Met), false, "it was before"),
            (&late, change(drill(2, Met, Met), |d| d.demo = true), false, "invented"),
            (&late, change(drill(2, Met, Met), |d| d.abandoned = Some("x".into())), false, "stopped"),
            (
                &late,
                change(drill(2, Met, Met), |d| d.scenario = crate::target::Scenario::Cluster),
                false,
                "another loss",
            ),
            (&lost, drill(2, Met, Untested), false, "nobody looked at what was lost"),
            (&lost, drill(2, Met, Met), true, "whole again"),
        ] {
            assert_eq!(closes(earlier, &later), expected, "{why}");
        }
        assert!(missed(&change(late, |d| d.demo = true)).is_empty());
    }
}
