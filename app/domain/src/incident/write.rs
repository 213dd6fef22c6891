//! From a form's fields to an act: the same on the phone and in the portal.

use super::{Act, Did, Incident, LONGEST, LONGEST_NAME, Promise, Refusal, Standing, Step, name};
use crate::{Moment, bench::Duty, kit::Kit, target::Scenario, words};

/// Who writes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pen {
    /// Eight hex digits.
    pub device: String,
    /// The number of the act to be written.
    pub number: u32,
    pub by: String,
    pub offline: bool,
}

/// The act that a form asks for, as of now by the clock at hand.
pub fn write(
    form: &[(String, String)],
    kit: &Kit,
    incidents: &[Incident],
    pen: &Pen,
    now: Moment,
) -> Result<Act, Refusal> {
    let field = |key: &str| form.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value.trim());
    let found = |id: &str| incidents.iter().find(|i| i.id == id || i.joined.iter().any(|name| name == id));
    let act = |incident: String, did: Did| Act {
        schema: 1,
        incident,
        device: pen.device.clone(),
        number: pen.number,
        did,
        offline: pen.offline,
        device_at: now,
        demo: false,
        occurred_at: now,
        declared_at: None,
        by: pen.by.clone(),
        brought_by: None,
    };
    if field("act") == "declare" {
        let scenario = Scenario::from_id(field("scenario")).ok_or(Refusal::Loss)?;
        let what = words_of(field("what")).ok_or(Refusal::Loss)?;
        let open = incidents.iter().find(|i| i.scenario == scenario && i.standing() == Standing::Open);
        if let Some(open) = open.filter(|_| field("another") != "1") {
            return Err(Refusal::Open(open.id.clone()));
        }
        let mut id = name(now, &pen.device);
        // Two in one minute are two all the same.
        let mut later = now;
        while found(&id).is_some() {
            later = later.plus_millis(60_000);
            id = name(later, &pen.device);
        }
        let promise = Promise::of(&kit.runbook.version, kit.target(scenario).as_ref(), (kit.tell_ms, kit.document_ms));
        return Ok(act(id, Did::Declare { scenario, what, promise }));
    }
    let incident = found(field("incident")).ok_or(Refusal::NoIncident)?;
    let step = || Step::from_id(field("step")).ok_or(Refusal::Act);
    let did = match field("act") {
        "cast" => {
            let person = field("person").split_whitespace().collect::<Vec<_>>().join(" ");
            let fits = (1..=LONGEST_NAME).contains(&person.chars().count());
            let duty = Duty::from_id(field("duty")).ok_or(Refusal::Act)?;
            if fits { Did::Cast { duty, person } } else { return Err(Refusal::Person) }
        }
        "lost" => Did::Lost { at: time(field("at")).ok_or(Refusal::Time)? },
        "point" => point(field("point"), field("at"), kit)?,
        "tick" => {
            let count = match field("count") {
                "" => None,
                digits => Some(digits.replace(['\u{a0}', ' ', ','], "").parse().map_err(|_| Refusal::Count)?),
            };
            let note = field("note").to_owned();
            if note.chars().count() > LONGEST {
                return Err(Refusal::Words);
            }
            Did::Tick { step: step()?, note, count }
        }
        "take-back" => {
            let why = words_of(field("why")).unwrap_or_else(|| "Ticked by mistake.".to_owned());
            Did::TakeBack { step: step()?, why }
        }
        "note" => Did::Note { says: words_of(field("says")).ok_or(Refusal::Words)? },
        "join" => {
            let other = found(field("other")).filter(|other| other.id != incident.id).ok_or(Refusal::NoIncident)?;
            Did::Join { other: other.id.clone() }
        }
        "call-off" => Did::CallOff { why: words_of(field("why")).ok_or(Refusal::Words)? },
        _ => return Err(Refusal::Act),
    };
    incident.allows(&did, now)?;
    Ok(act(incident.id.clone(), did))
}

fn point(chosen: &str, at: &str, kit: &Kit) -> Result<Did, Refusal> {
    if let Some(known) = kit.points.iter().find(|point| point.id == chosen) {
        return Ok(Did::Point { name: known.id.clone(), taken_at: known.taken_at });
    }
    let taken_at = match at {
        "" => return Err(Refusal::NoPoint),
        at => time(at).ok_or(Refusal::Time)?,
    };
    Ok(Did::Point { name: format!("the state of {} UTC", words::date_time(taken_at)), taken_at })
}

fn words_of(text: &str) -> Option<String> {
    (1..=LONGEST).contains(&text.chars().count()).then(|| text.to_owned())
}

/// What `<input type="datetime-local">` gives, or a person writes; UTC.
fn time(text: &str) -> Option<Moment> {
    let text = text.trim().trim_end_matches(['Z', 'z']).replace(' ', "T");
    let seconds = if text.len() == 16 { format!("{text}:00") } else { text };
    Moment::parse(&format!("{seconds}Z"))
}
