//! The demo's invented incident: one document lost in the last quarter, worked to its end and accounted for.

use domain::{
    Moment,
    bench::Duty,
    finding::Severity,
    incident::{
        Act, Acted, Did, Promise, Step,
        account::{Account, FailureMode, Words},
        incidents, name,
    },
    target::Scenario,
};

const MINUTE: i64 = 60_000;
const DEVICE: &str = "de30de30";

/// Its acts, and its account.
pub fn incident(began: Moment) -> (Vec<Act>, Account) {
    let declared = began.plus_millis(-68 * 24 * 60 * MINUTE);
    let (tell_ms, document_ms) = (Promise::TELL_MS, Promise::DOCUMENT_MS);
    let promise =
        Promise { runbook_version: "1.0".to_owned(), rto_ms: Some(30 * MINUTE), rpo_ms: Some(0), tell_ms, document_ms };
    let what = "An invoice of alder-books was overwritten by a support script".to_owned();
    let lost = declared.plus_millis(-9 * MINUTE);
    let tick = |step, note: &str| Did::Tick { step, note: note.to_owned(), count: None };
    let done = [
        (0, Did::Declare { scenario: Scenario::Document, what, promise }),
        (1, Did::Cast { duty: Duty::Commander, person: "Operator one".to_owned() }),
        (2, Did::Lost { at: lost }),
        (3, tick(Step::Hold, "")),
        (4, Did::Point { name: "the moment before the script ran".to_owned(), taken_at: lost }),
        (13, tick(Step::Staging, "")),
        (16, Did::Tick { step: Step::Verified, note: "compared field by field".to_owned(), count: Some(1) }),
        (19, tick(Step::Swap, "")),
        (22, tick(Step::Production, "")),
        (41, tick(Step::Tenants, "")),
        (95, tick(Step::Documented, "The script had no filter; the invoice is back as it was.")),
    ];
    let id = name(declared, DEVICE);
    let acts: Vec<Act> = done
        .into_iter()
        .enumerate()
        .map(|(n, (minute, did))| Act {
            schema: 1,
            incident: id.clone(),
            device: DEVICE.to_owned(),
            number: n as u32 + 1,
            did,
            offline: false,
            device_at: declared.plus_millis(minute * MINUTE),
            demo: true,
            occurred_at: declared.plus_millis(minute * MINUTE),
            declared_at: Some(declared),
            by: "Operator one".to_owned(),
            brought_by: None,
        })
        .collect();
    let folded = incidents(acts.iter().map(|act| Acted { act: act.clone(), seal: None }).collect()).remove(0);
    let words = Words {
        root_cause: "A support script updated every invoice that a customer had, not the one it was asked for."
            .to_owned(),
        failure_mode: FailureMode::Job.id().to_owned(),
        again: Severity::Low.word().to_owned(),
        follow_ups: String::new(),
    };
    let at = declared.plus_millis(26 * 60 * MINUTE);
    (acts, Account::invented(&folded, &words, at, "The founder"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{incident::Standing, verdict::Verdict};

    #[test]
    fn it_keeps_every_rule_and_says_that_it_is_invented() {
        let (acts, account) = incident(Moment::parse("2026-11-25T09:00:00Z").expect("a time"));
        assert!(acts.iter().all(|act| act.demo && act.fit(act.occurred_at).is_ok()));
        let folded = incidents(acts.into_iter().map(|act| Acted { act, seal: None }).collect()).remove(0);
        assert_eq!(folded.standing(), Standing::Over);
        assert!(folded.lines.iter().all(|line| line.out_of_order.is_none()));
        assert!(account.demo && account.deadlines.iter().all(|kept| kept.verdict == Verdict::Met));
    }
}
