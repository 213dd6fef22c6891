//! Who answers, on which schedule and level, from when until when.

use domain::{
    Moment,
    fact::{Fact, OnCall},
};
use serde::Deserialize;

use super::Ref;
use crate::{About, Connector, Problem, Read, Unread, answer, time};

pub static ONCALLS: Connector = Connector {
    kind: "pagerduty-oncalls",
    title: "PagerDuty, who is on call",
    command: "curl -H 'Authorization: Token token=…' 'https://api.pagerduty.com/oncalls?include[]=users&limit=100'",
    looks: |value| value.get("oncalls").is_some(),
    read,
};

#[derive(Deserialize)]
struct Entry {
    user: Ref,
    /// Absent where a policy names the person.
    schedule: Option<Ref>,
    escalation_policy: Option<Ref>,
    escalation_level: Option<i64>,
    #[serde(default, deserialize_with = "time::maybe")]
    start: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    end: Option<Moment>,
}

fn read(bytes: &[u8], _: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = answer::list_of(&value, "oncalls")?;
    answer::whole(&value)?;
    let (mut read, mut bad) = (Read::default(), Vec::new());
    for (n, entry) in answer::each::<Entry>(list, "oncalls")?.into_iter().enumerate() {
        // It has no id of its own: these five tell it from others.
        let id = |one: &Option<Ref>| one.as_ref().and_then(|r| r.id.clone()).unwrap_or_else(|| "-".to_owned());
        let reference = [
            id(&entry.escalation_policy),
            id(&entry.schedule),
            entry.escalation_level.map_or("-".to_owned(), |level| level.to_string()),
            id(&Some(entry.user.clone())),
            entry.start.map_or("-".to_owned(), Moment::rfc3339),
        ]
        .join("/");
        let schedule = entry.schedule.or(entry.escalation_policy).and_then(Ref::name);
        match (entry.user.name(), schedule) {
            (Some(person), Some(schedule)) => read.facts.push(Fact::OnCall(OnCall {
                reference,
                person,
                schedule,
                level: entry.escalation_level,
                from: entry.start,
                until: entry.end,
            })),
            (None, _) => bad.push(Problem::new(format!("oncalls[{n}].user"), "it names nobody")),
            (_, None) => bad.push(Problem::new(format!("oncalls[{n}]"), "it has neither schedule nor policy")),
        }
    }
    if bad.is_empty() { Ok(read) } else { Err(Unread::Places(bad)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_on_a_schedule_and_one_named_for_good() {
        let answer = r#"{"oncalls":[
            {"user":{"id":"U1","summary":"Ann","email":"ann@example.com"},"schedule":{"id":"S1","summary":"Weekly"},
             "escalation_policy":{"id":"E1","summary":"Backups"},"escalation_level":1,"start":"2026-11-20T09:00:00+01:00","end":"2026-11-27T09:00:00+01:00"},
            {"user":{"id":"U2","summary":"Bea"},"schedule":null,"escalation_policy":{"id":"E1","summary":"Backups"},"escalation_level":2,"start":null,"end":null}],
            "more":false}"#;
        let whole = read(answer.as_bytes(), &About::default()).expect("it reads");
        let Fact::OnCall(ann) = &whole.facts[0] else { panic!("on call") };
        assert_eq!((ann.person.as_str(), ann.schedule.as_str(), ann.level), ("ann@example.com", "Weekly", Some(1)));
        assert_eq!(ann.from.map(Moment::rfc3339).as_deref(), Some("2026-11-20T08:00:00.000Z"));
        let Fact::OnCall(bea) = &whole.facts[1] else { panic!("on call") };
        assert_eq!((bea.person.as_str(), bea.schedule.as_str(), bea.until), ("Bea", "Backups", None));
        assert_eq!(bea.reference, "E1/-/2/U2/-");
        for (bad, says) in [
            (answer.replace("\"more\":false", "\"more\":true"), "one page of several"),
            (answer.replace("{\"id\":\"U2\",\"summary\":\"Bea\"}", "{}"), "oncalls[1].user: it names nobody"),
            (answer.replace("+01:00", ""), "no zone"),
        ] {
            let refused = read(bad.as_bytes(), &About::default()).expect_err("refused").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
