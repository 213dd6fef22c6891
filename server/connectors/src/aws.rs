//! What answers of Amazon's services have in common.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::{Unread, answer};

/// The elements of a list by its name, or what an EventBridge event of this type tells: one event or an array of them.
/// Events name the same fields with a small first letter; they come out as the command has them.
pub fn elements(value: &Value, list: &str, event: &str) -> Result<Vec<Value>, Unread> {
    if value.get(list).is_some() {
        answer::whole(value)?;
        return Ok(answer::list_of(value, list)?.to_vec());
    }
    let events = match value {
        Value::Array(events) => events.as_slice(),
        one => std::slice::from_ref(one),
    };
    let told: Option<Vec<Value>> = events
        .iter()
        .map(|told| (kind(told) == Some(event)).then(|| capital(told.get("detail").unwrap_or(&Value::Null))))
        .collect();
    match told {
        Some(told) if !told.is_empty() => Ok(told.into_iter().zip(events).map(with_resources).collect()),
        _ => Err(Unread::Whole(format!("it has no list {list}, and is no event “{event}”"))),
    }
}

pub fn looks(value: &Value, list: &str, event: &str) -> bool {
    value.get(list).is_some() || kind(value.get(0).unwrap_or(value)) == Some(event)
}

fn kind(event: &Value) -> Option<&str> {
    event.get("detail-type")?.as_str()
}

/// What an event is about stands beside what it tells.
fn with_resources((mut told, event): (Value, &Value)) -> Value {
    if let (Value::Object(fields), Some(first)) = (&mut told, event.get("resources").and_then(|list| list.get(0))) {
        fields.insert("EventResource".to_owned(), first.clone());
    }
    told
}

fn capital(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let named = fields.iter().map(|(name, value)| {
                let mut letters = name.chars();
                let name =
                    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
                (name, capital(value))
            });
            Value::Object(named.collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(capital).collect()),
        other => other.clone(),
    }
}

/// "eu-central-1" of an ARN that names one.
pub fn region(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    let (is_arn, region) = (parts.next() == Some("arn"), parts.nth(2)?);
    (is_arn && !region.is_empty()).then(|| region.to_owned())
}

/// A whole number, also as text: events write some that way.
pub fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::Number(n)) => {
            n.as_i64().map(Some).ok_or_else(|| serde::de::Error::custom(format!("{n} is no whole number")))
        }
        Some(Value::String(text)) => {
            text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{text:?} is no whole number")))
        }
        Some(other) => Err(serde::de::Error::custom(format!("{other} is no number"))),
    }
}

/// Yes or no, also as text.
pub fn yes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::Bool(yes)) => Ok(Some(yes)),
        Some(Value::String(text)) if text == "true" || text == "false" => Ok(Some(text == "true")),
        Some(other) => Err(serde::de::Error::custom(format!("{other} is neither true nor false"))),
    }
}

/// A text; events have an empty object where there is none yet.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        Some(Value::String(text)) => Ok(Some(text)),
        None => Ok(None),
        Some(Value::Object(fields)) if fields.is_empty() => Ok(None),
        Some(other) => Err(serde::de::Error::custom(format!("{other} is no text"))),
    }
}

/// Events put some messages into quotation marks of their own.
pub fn message(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim_matches('"').trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_reads_as_the_command_answers_and_another_one_does_not() {
        let event = json!({ "detail-type": "Backup Job State Change", "resources": ["arn:x"], "detail": { "backupJobId": "j", "createdBy": { "backupPlanId": "p" } } });
        for told in [event.clone(), json!([event])] {
            let found = elements(&told, "BackupJobs", "Backup Job State Change").expect("it reads");
            assert_eq!(
                found,
                [json!({ "BackupJobId": "j", "CreatedBy": { "BackupPlanId": "p" }, "EventResource": "arn:x" })]
            );
            assert!(elements(&told, "CopyJobs", "Copy Job State Change").is_err());
        }
        assert!(elements(&json!([]), "BackupJobs", "Backup Job State Change").is_err());
        let page = json!({ "BackupJobs": [], "NextToken": "t" });
        assert!(elements(&page, "BackupJobs", "x").expect_err("a page").to_string().contains("one page of several"));
        assert_eq!(region("arn:aws:backup:us-west-2:111122223333:backup-vault:dr").as_deref(), Some("us-west-2"));
        assert_eq!((region("arn:aws:s3:::bucket"), region("vol-1:a:b:c")), (None, None));
    }
}
