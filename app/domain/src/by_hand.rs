//! A drill that people do by hand: for losses that no program restores by itself, such as a whole cluster.
//!
//! Nobody types an achievement: people press as they begin and end each step, the portal stamps the press, and the
//! steps of the record are those presses and nothing else.

use thiserror::Error;

use crate::drill::{Act, Drill, Exposure, LogLine, Outcome, Step, StepId, UNDER_WAY};

/// `source.kind` of its record.
pub const KIND: &str = "by hand";

/// Its steps. Drawing and choosing a recovery point are the plan's, before the loss is declared.
pub const STEPS: [StepId; 5] = [StepId::Provision, StepId::Restore, StepId::Query, StepId::Verify, StepId::TearDown];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PressError {
    #[error("This drill’s steps are its runner’s: none is pressed")]
    NotByHand,
    #[error("That step is not the next to press: somebody else was first, or the page is an old one")]
    NotNext,
    #[error("This drill was stopped before")]
    Stopped,
}

/// What is pressed next; `None`: everything was.
///
/// Once somebody stopped the drill, only the copy that was begun is still torn down.
pub fn next(log: &[LogLine]) -> Option<Act> {
    let begun = |step| log.iter().any(|l| l.act == Act::Begins { step });
    let ended = |step| log.iter().any(|l| l.act == Act::Ends { step });
    let stopped = log.iter().any(|l| l.act == Act::Abandons);
    let owed = |step: &StepId| !stopped || (*step == StepId::TearDown && begun(StepId::Restore));
    let step = STEPS.into_iter().filter(owed).find(|step| !ended(*step))?;
    Some(if begun(step) { Act::Ends { step } } else { Act::Begins { step } })
}

/// Whether this may be done now, in a drill by hand or in another.
pub fn allowed(by_hand: bool, log: &[LogLine], act: Act) -> Result<(), PressError> {
    match act {
        Act::Note => Ok(()),
        Act::Abandons if log.iter().any(|l| l.act == Act::Abandons) => Err(PressError::Stopped),
        Act::Abandons => Ok(()),
        _ if !by_hand => Err(PressError::NotByHand),
        _ if next(log) == Some(act) => Ok(()),
        _ => Err(PressError::NotNext),
    }
}

/// The steps as they were pressed. One that was begun and not ended failed when the drill was stopped, and is under way
/// otherwise.
pub fn steps(log: &[LogLine]) -> Vec<Step> {
    let stopped = log.iter().find(|l| l.act == Act::Abandons);
    let pressed = |act: Act| log.iter().find(|l| l.act == act);
    STEPS
        .into_iter()
        .filter_map(|id| {
            let begun = pressed(Act::Begins { step: id })?;
            let (ended_at, outcome, note) = match (pressed(Act::Ends { step: id }), stopped) {
                (Some(end), _) if end.by == begun.by => (end.at, Outcome::Done, format!("pressed by {}", end.by)),
                (Some(end), _) => (end.at, Outcome::Done, format!("begun by {}, ended by {}", begun.by, end.by)),
                (None, Some(stop)) if stop.at >= begun.at => (stop.at, Outcome::Failed, "stopped".to_owned()),
                (None, _) => (begun.at, Outcome::Done, UNDER_WAY.to_owned()),
            };
            Some(Step { id, started_at: begun.at, ended_at, outcome, note, commands: Vec::new() })
        })
        .collect()
}

/// How long the restored copy existed, by people's own word; `None`: none was begun.
pub fn exposure(log: &[LogLine]) -> Option<Exposure> {
    let from = log.iter().find(|l| l.act == Act::Begins { step: StepId::Restore })?.at;
    let gone = log.iter().find(|l| l.act == Act::Ends { step: StepId::TearDown });
    Some(Exposure {
        from,
        until: gone.map(|line| line.at),
        proof: match gone {
            Some(line) => format!("{} pressed that it is torn down; no program looked", line.by),
            None => "nobody pressed that it is torn down".to_owned(),
        },
    })
}

/// Where the record's steps are not what was pressed.
pub fn disagreements(drill: &Drill) -> Vec<String> {
    let pressed = steps(&drill.log);
    let same =
        |a: &Step, b: &Step| (a.id, a.started_at, a.ended_at, a.outcome) == (b.id, b.started_at, b.ended_at, b.outcome);
    let mut wrong: Vec<String> = drill
        .steps
        .iter()
        .filter(|step| !pressed.iter().any(|p| same(p, step)))
        .map(|step| format!("its step “{}” is not as it was pressed", step.id.title()))
        .collect();
    if drill.steps.len() != pressed.len() {
        wrong.push("its steps are not those that were pressed".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;

    fn line(at: i64, act: Act) -> LogLine {
        let at = Moment::from_millis(at).expect("a time");
        LogLine { at, by: "Operator one".to_owned(), act, says: String::new() }
    }

    fn all() -> Vec<LogLine> {
        let presses = STEPS.into_iter().flat_map(|step| [Act::Begins { step }, Act::Ends { step }]);
        presses.enumerate().map(|(i, act)| line(i as i64 * 1000, act)).collect()
    }

    #[test]
    fn steps_are_pressed_in_their_order_and_each_once() {
        let log = all();
        for n in 0..log.len() {
            let so_far = &log[..n];
            for other in all() {
                let expected = other.act == log[n].act;
                assert_eq!(allowed(true, so_far, other.act).is_ok(), expected, "{:?} after {n}", other.act);
                assert_eq!(allowed(false, so_far, other.act), Err(PressError::NotByHand));
            }
            assert_eq!(allowed(true, so_far, Act::Note), Ok(()));
        }
        assert_eq!(next(&log), None);
        assert_eq!(steps(&log).iter().map(|s| (s.id, s.took_ms())).collect::<Vec<_>>(), STEPS.map(|s| (s, 1000)));
    }

    #[test]
    fn a_drill_that_was_stopped_is_only_torn_down_and_only_where_a_copy_was_begun() {
        let mut log = all()[..1].to_vec();
        log.push(line(5000, Act::Abandons));
        assert_eq!(next(&log), None);
        assert_eq!(allowed(true, &log, Act::Abandons), Err(PressError::Stopped));
        assert_eq!(steps(&log)[0].outcome, Outcome::Failed);
        let mut log = all()[..3].to_vec();
        log.push(line(5000, Act::Abandons));
        assert_eq!(next(&log), Some(Act::Begins { step: StepId::TearDown }));
        assert_eq!((steps(&log)[1].outcome, steps(&log)[1].took_ms()), (Outcome::Failed, 3000));
        log.push(line(6000, Act::Begins { step: StepId::TearDown }));
        log.push(line(9000, Act::Ends { step: StepId::TearDown }));
        assert_eq!(next(&log), None);
        let copy = exposure(&log).expect("a copy");
        assert_eq!(copy.until.map(|end| end.since(copy.from)), Some(7000));
    }
}
