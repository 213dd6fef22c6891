use proptest::prelude::*;

use super::{write::*, *};
use crate::{
    kit::{Book, Kit, Path, Point},
    proof::sha256_hex,
    words,
};

const MINUTE: i64 = 60_000;

fn at(minute: i64) -> Moment {
    Moment::parse("2026-11-25T09:24:30Z").expect("a time").plus_millis(minute * MINUTE)
}

fn kit() -> Kit {
    let record = "{}".to_owned();
    let path = Path {
        scenario: Scenario::Collection,
        means: "snapshot restore to staging".into(),
        rto_ms: 120 * MINUTE,
        rpo_ms: 360 * MINUTE,
        claimed_ms: None,
        drilled: None,
        verdict: Verdict::Untested,
    };
    let point = |id: &str, minute| Point { id: id.into(), store: "main".into(), taken_at: at(minute), places: vec![] };
    Kit {
        schema: 1,
        company: "C".into(),
        made_at: at(0),
        runbook: Book { version: "1.0".into(), sha256: sha256_hex(record.as_bytes()), record, seq: 1, signed: None },
        paths: vec![path],
        tell_ms: 60 * MINUTE,
        document_ms: 1440 * MINUTE,
        people: vec![],
        points: vec![point("snap-2", 10), point("snap-1", -90)],
        keys: vec![],
        demo: false,
    }
}

/// A phone: what it wrote, and what it refused.
struct Phone {
    device: &'static str,
    acts: Vec<Acted>,
    kit: Kit,
}

impl Phone {
    fn new(device: &'static str) -> Self {
        Self { device, acts: Vec::new(), kit: kit() }
    }

    fn does(&mut self, minute: i64, form: &str) -> Result<Act, Refusal> {
        let form: Vec<(String, String)> = form
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let all = incidents(self.acts.clone());
        let mine = self.acts.iter().filter(|acted| acted.act.device == self.device).count();
        let pen = Pen { device: self.device.into(), number: mine as u32 + 1, by: "Founder".into(), offline: true };
        let mut form = form;
        if let Some(newest) = all.first().filter(|_| form.iter().all(|(key, _)| key != "incident")) {
            form.push(("incident".into(), newest.id.clone()));
        }
        let act = write(&form, &self.kit, &all, &pen, at(minute))?;
        act.fit(at(minute)).expect("what it writes is taken");
        self.acts.push(Acted { act: act.clone(), seal: None });
        Ok(act)
    }

    fn incident(&self) -> Incident {
        incidents(self.acts.clone()).remove(0)
    }
}

fn declared(device: &'static str) -> Phone {
    let mut phone = Phone::new(device);
    phone.does(0, "act=declare&scenario=collection&what=orders is empty").expect("declared");
    phone
}

fn learned(acts: &[Acted], minute: i64) -> Vec<Acted> {
    let seal = |n| Seal { seq: n, sha256: "ab".repeat(32), at: at(minute), by: "Founder".into(), broken: false };
    acts.iter().enumerate().map(|(n, acted)| Acted { seal: Some(seal(n as u64)), ..acted.clone() }).collect()
}

#[test]
fn a_loss_is_worked_to_its_end_and_measured() {
    let mut phone = declared("7f3a0001");
    for (minute, form) in [
        (1, "act=cast&duty=commander&person=The founder"),
        (2, "act=lost&at=2026-11-25T09:18"),
        (3, "act=point&point=snap-1"),
        (4, "act=tick&step=hold"),
        (30, "act=tick&step=staging"),
        (50, "act=tick&step=verified&count=3 412"),
        (55, "act=tick&step=tenants"),
        (61, "act=tick&step=swap"),
        (62, "act=tick&step=production"),
        (90, "act=tick&step=documented&note=A release dropped it."),
    ] {
        phone.does(minute, form).unwrap_or_else(|e| panic!("{form}: {e:?}"));
    }
    let incident = phone.incident();
    assert_eq!(incident.standing(), Standing::Over);
    assert_eq!((incident.restore_ms(), incident.rto()), (Some(62 * MINUTE), Verdict::Met));
    // From 07:54:30 to 09:18:00.
    assert_eq!((incident.lost_ms(), incident.rpo()), (Some(83 * MINUTE + 30_000), Verdict::Met));
    assert_eq!(incident.done(Step::Verified).and_then(|done| done.count), Some(3412));
    assert!(incident.lines.iter().all(|line| line.out_of_order.is_none()));
    let verdicts: Vec<_> = incident.clocks(at(91)).into_iter().map(|clock| (clock.what, clock.verdict)).collect();
    let met = Some(Verdict::Met);
    assert_eq!(verdicts, [(Due::Tell, met), (Due::Restore, met), (Due::Document, met)]);
}

#[test]
fn the_swap_is_locked_until_staging_is_verified_with_a_count() {
    let mut phone = declared("7f3a0001");
    for (form, expected) in [
        ("act=tick&step=swap", Refusal::After(Step::Swap, Step::Verified)),
        ("act=tick&step=verified&count=5", Refusal::After(Step::Verified, Step::Staging)),
        ("act=tick&step=production", Refusal::After(Step::Production, Step::Swap)),
        ("act=tick&step=nothing", Refusal::Act),
        ("act=tick&step=documented", Refusal::Words),
        ("act=take-back&step=hold", Refusal::NotDone(Step::Hold)),
        ("act=lost&at=2026-11-25T10:18", Refusal::Future),
        ("act=lost&at=yesterday", Refusal::Time),
        ("act=point&point=unknown", Refusal::NoPoint),
        ("act=declare&scenario=collection&what=again", Refusal::Open(phone.incident().id)),
        ("act=declare&scenario=moon&what=x", Refusal::Loss),
        ("act=declare&scenario=document&what=", Refusal::Loss),
        ("act=note&says=", Refusal::Words),
        ("act=cast&duty=scribe&person= ", Refusal::Person),
        ("act=note&says=x&incident=I-20260101-0000-aaaa", Refusal::NoIncident),
    ] {
        assert_eq!(phone.does(5, form), Err(expected), "{form}");
    }
    phone.does(6, "act=tick&step=staging").expect("restored");
    assert_eq!(phone.does(7, "act=tick&step=verified"), Err(Refusal::Count));
    assert_eq!(phone.does(7, "act=tick&step=verified&count=many"), Err(Refusal::Count));
    assert_eq!(phone.does(7, "act=tick&step=swap"), Err(Refusal::After(Step::Swap, Step::Verified)));
    phone.does(8, "act=tick&step=verified&count=0").expect("none is a count");
    phone.does(9, "act=tick&step=swap").expect("unlocked");
    assert_eq!(phone.does(10, "act=take-back&step=verified"), Err(Refusal::StandsOn(Step::Verified, Step::Swap)));
    phone.does(11, "act=lost&at=2026-11-25T09:20").expect("lost");
    assert_eq!(
        phone.does(12, "act=point&point=snap-2"),
        Err(Refusal::PointLater(Moment::parse("2026-11-25T09:20:00Z").expect("a time")))
    );
    phone.does(13, "act=call-off&why=It was the wrong database.").expect("called off");
    assert_eq!(phone.does(14, "act=tick&step=hold"), Err(Refusal::Over));
    phone.does(15, "act=note&says=Nothing was lost.").expect("a note is always taken");
    assert_eq!(phone.incident().standing(), Standing::CalledOff);
    assert_eq!(phone.incident().clocks(at(4000)).iter().filter(|c| c.verdict.is_some()).count(), 0);
}

#[test]
fn what_was_done_in_time_and_learned_late_is_the_devices_word() {
    let mut phone = declared("7f3a0001");
    phone.does(55, "act=tick&step=tenants").expect("told");
    let tell = |acts: Vec<Acted>, now| incidents(acts).remove(0).clocks(at(now)).remove(0);
    assert_eq!(tell(phone.acts.clone(), 56).verdict, Some(Verdict::Met), "on the phone");
    assert_eq!(tell(learned(&phone.acts, 58), 70).verdict, Some(Verdict::Met));
    let late = tell(learned(&phone.acts, 1500), 1500);
    assert_eq!(late.verdict, Some(Verdict::AtRisk));
    assert!(late.says(at(1500)).contains("the portal learned of it"), "{}", late.says(at(1500)));
    let untold = declared("7f3a0001");
    assert_eq!(tell(untold.acts.clone(), 59).verdict, None);
    assert_eq!(tell(untold.acts, 61).verdict, Some(Verdict::Missed));
}

#[test]
fn two_phones_that_declared_the_same_loss_are_one_incident_and_nothing_is_lost() {
    let mut one = declared("7f3a0001");
    let mut two = Phone::new("88aa0002");
    two.does(3, "act=declare&scenario=collection&what=orders gone").expect("declared");
    one.does(4, "act=tick&step=staging").expect("restored");
    two.does(5, "act=tick&step=staging").expect("restored");
    let (first, second) = (one.incident().id, two.incident().id);
    one.acts.extend(two.acts.clone());
    assert_eq!(incidents(one.acts.clone()).len(), 2);
    one.does(6, &format!("act=join&incident={second}&other={first}")).expect("joined");
    let all = incidents(one.acts.clone());
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].id.as_str(), all[0].joined.as_slice()), (first.as_str(), &[second][..]));
    assert_eq!(all[0].lines.len(), 5);
    assert_eq!(all[0].done(Step::Staging).map(|done| done.at), Some(at(4)), "the first one's time counts");
    assert_eq!(all[0].lines.iter().filter(|line| line.out_of_order.is_some()).count(), 1, "the second tick is said");
}

#[test]
fn what_came_out_of_order_is_kept_and_said() {
    let mut phone = declared("7f3a0001");
    let swap = Act {
        number: 9,
        did: Did::Tick { step: Step::Swap, note: String::new(), count: None },
        ..phone.acts[0].act.clone()
    };
    phone.acts.push(Acted { act: swap, seal: None });
    let incident = phone.incident();
    assert!(incident.done(Step::Swap).is_some());
    assert_eq!(incident.lines[1].out_of_order, Some(Refusal::After(Step::Swap, Step::Verified)));
}

#[test]
fn an_act_that_nobody_here_writes_is_not_fit() {
    let act = declared("7f3a0001").acts.remove(0).act;
    let now = at(0);
    assert_eq!(act.fit(now), Ok(()));
    for (wrong, expected) in [
        (Act { schema: 2, ..act.clone() }, ActError::Schema(2)),
        (Act { incident: "I-1".into(), ..act.clone() }, ActError::Name("incident")),
        (Act { incident: "I-20261125-0924-<b>x".into(), ..act.clone() }, ActError::Name("incident")),
        (Act { device: "../../x0".into(), ..act.clone() }, ActError::Name("device")),
        (Act { number: 0, ..act.clone() }, ActError::Name("number")),
        (Act { occurred_at: at(1441), ..act.clone() }, ActError::Future),
        (Act { by: String::new(), ..act.clone() }, ActError::Words),
        (Act { did: Did::Note { says: "x".repeat(2001) }, ..act.clone() }, ActError::Words),
        (Act { did: Did::Join { other: act.incident.clone() }, ..act.clone() }, ActError::Words),
    ] {
        assert_eq!(wrong.fit(now), Err(expected));
    }
    let wire = crate::kit::wire(&act);
    assert_eq!(crate::kit::unwire::<Act>(&wire).expect("it reads back"), act);
    assert!(wire.contains(&words::date(now)), "{wire}");
    let more = wire.replacen("\"act\":\"declare\"", "\"act\":\"declare\",\"more\":1", 1);
    assert!(more != wire && crate::kit::unwire::<Act>(&more).is_err(), "what was done is closed");
}

proptest! {
    /// However acts arrive, in whatever order and however often, they tell the same.
    #[test]
    fn the_order_of_arrival_is_no_matter(order in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle(), again in 0..9usize) {
        let mut phone = declared("7f3a0001");
        for (minute, form) in [
            (1, "act=cast&duty=scribe&person=Ana"), (2, "act=lost&at=2026-11-25T09:18"), (3, "act=point&point=snap-1"),
            (4, "act=tick&step=staging"), (5, "act=tick&step=verified&count=7"), (6, "act=take-back&step=verified"),
            (7, "act=tick&step=verified&count=8"), (8, "act=note&says=done"),
        ] {
            phone.does(minute, form).expect("it may be done");
        }
        let expected = phone.incident();
        let mut arrived: Vec<Acted> = order.iter().map(|n| phone.acts[*n].clone()).collect();
        arrived.push(phone.acts[again].clone());
        prop_assert_eq!(incidents(arrived), vec![expected]);
    }
}
