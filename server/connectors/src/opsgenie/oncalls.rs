//! Who is on call by a schedule, flat or with participants. It speaks of the moment it was asked and names none, so
//! that moment has to be told beside it.

use domain::fact::{Fact, OnCall};
use serde::Deserialize;

use crate::{About, Connector, Read, Unread, answer};

pub static ONCALLS: Connector = Connector {
    kind: "opsgenie-oncalls",
    title: "Opsgenie, who is on call",
    command: "curl -H 'Authorization: GenieKey …' 'https://api.opsgenie.com/v2/schedules/ID/on-calls?flat=true'",
    looks: |value| {
        value.get("data").is_some_and(|d| d.get("onCallRecipients").or(d.get("onCallParticipants")).is_some())
    },
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    #[serde(rename = "_parent")]
    schedule: Schedule,
    on_call_recipients: Option<Vec<String>>,
    on_call_participants: Option<Vec<Participant>>,
}

#[derive(Deserialize)]
struct Schedule {
    id: String,
    name: Option<String>,
}

/// A person, or a team or escalation with people of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Participant {
    name: String,
    #[serde(default)]
    on_call_participants: Vec<Participant>,
}

impl Participant {
    fn people(self, into: &mut Vec<String>) {
        if self.on_call_participants.is_empty() {
            into.push(self.name);
        } else {
            self.on_call_participants.into_iter().for_each(|one| one.people(into));
        }
    }
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let data = value.get("data").ok_or_else(|| Unread::Whole("it has no data".to_owned()))?;
    let data = Data::deserialize(data).map_err(|e| Unread::Whole(format!("data: {e}")))?;
    let mut people = match (data.on_call_recipients, data.on_call_participants) {
        (Some(people), _) => people,
        (None, Some(participants)) => {
            let mut people = Vec::new();
            participants.into_iter().for_each(|one| one.people(&mut people));
            people
        }
        (None, None) => return Err(Unread::Whole("it says nothing of who is on call".to_owned())),
    };
    people.dedup();
    let at = about
        .collected_at
        .ok_or_else(|| Unread::Whole("it does not say when this was so: tell when it was collected".to_owned()))?;
    let schedule = data.schedule.name.unwrap_or_else(|| data.schedule.id.clone());
    let on_call = |person: String| {
        Fact::OnCall(OnCall {
            reference: format!("{}/{person}/{}", data.schedule.id, at.rfc3339()),
            person,
            schedule: schedule.clone(),
            level: None,
            from: Some(at),
            until: Some(at),
        })
    };
    Ok(Read { facts: people.into_iter().map(on_call).collect(), ..Read::default() })
}

#[cfg(test)]
mod tests {
    use domain::Moment;

    use super::*;

    #[test]
    fn both_ways_of_asking_give_the_same_and_speak_of_one_moment() {
        let about = About { collected_at: Moment::parse("2026-11-22T10:00:00Z"), ..About::default() };
        let flat = r#"{"data":{"_parent":{"id":"s-1","name":"Weekly"},"onCallRecipients":["ann@example.com"]}}"#;
        let nested = r#"{"data":{"_parent":{"id":"s-1","name":"Weekly"},"onCallParticipants":[
            {"name":"team","type":"team","onCallParticipants":[{"name":"ann@example.com","type":"user"}]}]}}"#;
        let whole = read(flat.as_bytes(), &about).expect("it reads");
        assert_eq!(whole, read(nested.as_bytes(), &about).expect("it reads"));
        let Fact::OnCall(ann) = &whole.facts[0] else { panic!("on call") };
        assert_eq!((ann.schedule.as_str(), ann.from, ann.until), ("Weekly", about.collected_at, about.collected_at));
        assert!(read(flat.as_bytes(), &About::default()).expect_err("when").to_string().contains("when"));
        assert!(read(br#"{"data":{"_parent":{"id":"s"}}}"#, &about).is_err());
    }
}
