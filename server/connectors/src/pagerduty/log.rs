//! What became of a page: raised, sent to somebody, acknowledged, resolved. An event that PagerDuty accepted proves no
//! page; a notification that it sent does.

use std::collections::BTreeMap;

use domain::{
    Moment,
    fact::{Fact, Page, PageAct},
};
use serde::Deserialize;
use serde_json::Value;

use super::Ref;
use crate::{About, Connector, Problem, Read, Unread, answer, time};

pub static LOG: Connector = Connector {
    kind: "pagerduty-log",
    title: "PagerDuty, what became of an incident's pages",
    command: "curl -H 'Authorization: Token token=…' 'https://api.pagerduty.com/incidents/ID/log_entries?include[]=channels&limit=100'",
    looks: |value| value.get("log_entries").is_some(),
    read,
};

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    created_at: Value,
    incident: Option<Ref>,
    agent: Option<Ref>,
    /// Of a notification: to whom.
    user: Option<Ref>,
    channel: Option<Channel>,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(rename = "type")]
    kind: Option<String>,
    notification: Option<Notification>,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
}

/// Others that its schema knows, which are kept in its own words.
const OTHERS: &[&str] = &[
    "annotate",
    "assign",
    "delegate",
    "escalate",
    "exhaust_escalation_path",
    "reach_ack_limit",
    "reach_trigger_limit",
    "repeat_escalation_path",
    "snooze",
    "unacknowledge",
    "urgency_change",
];

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = answer::list_of(&value, "log_entries")?;
    answer::whole(&value)?;
    let (mut read, mut bad) = (Read::default(), Vec::new());
    let mut pages: BTreeMap<String, Page> = BTreeMap::new();
    for (n, entry) in answer::each::<Entry>(list, "log_entries")?.into_iter().enumerate() {
        let at = format!("log_entries[{n}]");
        let (id, summary) = match &entry.incident {
            Some(incident) => (incident.id.clone(), incident.summary.clone()),
            None => (None, None),
        };
        let (id, moment) = match (id.or_else(|| about.resource.clone()), time::moment(&entry.created_at)) {
            (Some(id), Ok(moment)) => (id, moment),
            (None, _) => {
                bad.push(Problem::new(at, "it names no incident: name it as the resource"));
                continue;
            }
            (_, Err(says)) => {
                bad.push(Problem::new(format!("{at}.created_at"), says));
                continue;
            }
        };
        let (act, known) = act(entry, moment);
        if !known {
            read.not_understood.push(Problem::new(format!("{at}.type"), act.act.as_str()));
        }
        let new = || Page { reference: id.clone(), summary: summary.unwrap_or_default(), acts: Vec::new() };
        pages.entry(id.clone()).or_insert_with(new).acts.push(act);
    }
    if !bad.is_empty() {
        return Err(Unread::Places(bad));
    }
    // The newest stands first in the answer.
    pages.values_mut().for_each(|page| page.acts.sort_by_key(|act| act.at));
    read.facts = pages.into_values().map(Fact::Page).collect();
    Ok(read)
}

/// The act, and whether its word is known.
fn act(entry: Entry, at: Moment) -> (PageAct, bool) {
    let (mut channel, mut status) = (None, None);
    if let Some(told) = entry.channel {
        channel = told.kind;
        if let Some(notification) = told.notification {
            channel = notification.kind.or(channel);
            status = notification.status;
        }
    }
    let word = entry.kind.strip_suffix("_log_entry").unwrap_or(&entry.kind);
    let (act, known) = match word {
        "trigger" => ("raised".to_owned(), true),
        "notify" => match status.as_deref() {
            None | Some("success") => ("sent".to_owned(), true),
            // It does not say that it arrived.
            Some(status) => (format!("notify: {status}"), false),
        },
        // Its schema has both.
        "acknowledge" | "acknowledgement" => ("acknowledged".to_owned(), true),
        "resolve" => ("resolved".to_owned(), true),
        other => (other.to_owned(), OTHERS.contains(&other)),
    };
    let by = if word == "notify" { entry.user.or(entry.agent) } else { entry.agent.or(entry.user) };
    (PageAct { at, act, by: by.and_then(Ref::name), channel }, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_in_the_order_of_what_happened() {
        let answer = r#"{"log_entries":[
            {"type":"resolve_log_entry","created_at":"2026-11-22T10:09:00Z","incident":{"id":"P1","summary":"Drill"},"agent":{"summary":"Ann"},"channel":{"type":"website"}},
            {"type":"acknowledgement_log_entry","created_at":"2026-11-22T10:02:00Z","incident":{"id":"P1"},"agent":{"summary":"Ann"}},
            {"type":"acknowledge_log_entry","created_at":"2026-11-22T10:03:00Z","incident":{"id":"P1"},"agent":{"summary":"Bea"}},
            {"type":"notify_log_entry","created_at":"2026-11-22T10:01:00Z","incident":{"id":"P1"},"user":{"summary":"Ann"},"channel":{"type":"auto","notification":{"type":"sms","status":"success"}}},
            {"type":"notify_log_entry","created_at":"2026-11-22T10:01:01Z","incident":{"id":"P1"},"user":{"summary":"Bea"},"channel":{"type":"auto","notification":{"type":"phone","status":"busy"}}},
            {"type":"ponder_log_entry","created_at":"2026-11-22T10:01:02Z","incident":{"id":"P1"}},
            {"type":"escalate_log_entry","created_at":"2026-11-22T10:01:03Z","incident":{"id":"P1"}},
            {"type":"trigger_log_entry","created_at":"2026-11-22T10:00:00Z","incident":{"id":"P1","summary":"Drill"},"channel":{"type":"api"}}]}"#;
        let whole = read(answer.as_bytes(), &About::default()).expect("it reads");
        let Fact::Page(page) = &whole.facts[0] else { panic!("a page") };
        let acts: Vec<_> = page.acts.iter().map(|a| (a.act.as_str(), a.by.as_deref(), a.channel.as_deref())).collect();
        assert_eq!(
            acts,
            [
                ("raised", None, Some("api")),
                ("sent", Some("Ann"), Some("sms")),
                ("notify: busy", Some("Bea"), Some("phone")),
                ("ponder", None, None),
                ("escalate", None, None),
                ("acknowledged", Some("Ann"), None),
                ("acknowledged", Some("Bea"), None),
                ("resolved", Some("Ann"), Some("website")),
            ]
        );
        assert_eq!(page.summary, "Drill");
        let told: Vec<&str> = whole.not_understood.iter().map(|p| p.says.as_str()).collect();
        assert_eq!(told, ["notify: busy", "ponder"]);
        let nameless = r#"{"log_entries":[{"type":"trigger_log_entry","created_at":"2026-11-22T10:00:00Z"}]}"#;
        assert!(
            read(nameless.as_bytes(), &About::default()).expect_err("of which").to_string().contains("no incident")
        );
        assert!(read(br#"{"incidents":[]}"#, &About::default()).is_err());
    }
}
