//! What became of an alert. The log is free text: three beginnings are known, everything else stays in its own words.
//! It does not name the alert: that is told beside it.

use domain::fact::{Fact, Page, PageAct};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer, time};

pub static ALERT_LOG: Connector = Connector {
    kind: "opsgenie-alert-log",
    title: "Opsgenie, what became of an alert",
    command: "curl -H 'Authorization: GenieKey …' 'https://api.opsgenie.com/v2/alerts/ID/logs?limit=100'",
    looks: |value| {
        let first = value.get("data").and_then(|d| d.get(0));
        first.is_some_and(|one| one.get("log").is_some() && one.get("createdAt").is_some())
    },
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    log: String,
    owner: Option<String>,
    created_at: Value,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = answer::list_of(&value, "data")?;
    answer::whole(&value)?;
    if value.pointer("/paging/next").is_some() {
        return Err(Unread::Whole("it is one page of several (paging.next): ask for all of them".to_owned()));
    }
    let alert = about
        .resource
        .clone()
        .ok_or_else(|| Unread::Whole("it does not say of which alert: name it as the resource".to_owned()))?;
    let (mut acts, mut bad) = (Vec::new(), Vec::new());
    for (n, entry) in answer::each::<Entry>(list, "data")?.into_iter().enumerate() {
        let begins = |with: &str| entry.log.to_ascii_lowercase().starts_with(with);
        let act = match () {
            () if begins("alert created") => "raised".to_owned(),
            () if begins("alert acknowledged") => "acknowledged".to_owned(),
            () if begins("alert closed") => "resolved".to_owned(),
            () => entry.log.clone(),
        };
        match time::moment(&entry.created_at) {
            Ok(at) => acts.push(PageAct { at, act, by: entry.owner, channel: None }),
            Err(says) => bad.push(Problem::new(format!("data[{n}].createdAt"), says)),
        }
    }
    if !bad.is_empty() {
        return Err(Unread::Places(bad));
    }
    acts.sort_by_key(|act| act.at);
    Ok(Read { facts: vec![Fact::Page(Page { reference: alert, summary: String::new(), acts })], ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_beginnings_are_acts_and_the_rest_stays_as_it_was_said() {
        let log = r#"{"data":[
            {"log":"Alert acknowledged via web","type":"system","owner":"ann@example.com","createdAt":"2026-11-22T10:02:00.838Z"},
            {"log":"Viewed on [web]","type":"alertRecipient","owner":"ann@example.com","createdAt":"2026-11-22T10:01:00Z"},
            {"log":"Alert created via API","owner":"System","createdAt":"2026-11-22T10:00:00Z"}]}"#;
        let about = About { resource: Some("a-1".to_owned()), ..About::default() };
        let whole = read(log.as_bytes(), &about).expect("it reads");
        let Fact::Page(page) = &whole.facts[0] else { panic!("a page") };
        let acts: Vec<&str> = page.acts.iter().map(|a| a.act.as_str()).collect();
        assert_eq!(acts, ["raised", "Viewed on [web]", "acknowledged"]);
        assert!(read(log.as_bytes(), &About::default()).expect_err("of which").to_string().contains("which alert"));
        let page = log.replacen('{', r#"{"paging":{"next":"https://api.example.com"},"#, 1);
        assert!(read(page.as_bytes(), &about).expect_err("a page").to_string().contains("one page of several"));
    }
}
