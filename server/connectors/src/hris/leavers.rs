//! A list of people as CSV: with the small head of [`Own`], or with the columns of Workday's worker history as Fivetran
//! loads it, <https://fivetran.com/docs/connectors/applications/workday-hcm>. Other columns are not read.
//!
//! Personnel systems say a day and no time: who left on a day was there until it ended, in UTC.

use std::collections::BTreeMap;

use domain::{
    Moment,
    fact::{Fact, Leaver},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    About, Connector, Problem, Read, Unread,
    lines::{self, At},
    time,
};

pub static LEAVERS_CSV: Connector = Connector {
    kind: "hris-leavers-csv",
    title: "Personnel system, people and when they left",
    command: "id,name,email,left_at,status (or Workday's worker history: id,user_id,active,terminated,termination_date,…)",
    looks: |_| false,
    read,
};

#[derive(Deserialize)]
struct Own {
    id: String,
    name: Option<String>,
    email: Option<String>,
    /// A day, or a time with its zone.
    left_at: Option<String>,
    /// "active", "left"; or any other word, which is kept.
    status: String,
}

#[derive(Deserialize)]
struct Worker {
    id: String,
    user_id: Option<String>,
    active: Option<String>,
    terminated: String,
    termination_date: Option<String>,
    termination_last_day_of_work: Option<String>,
    hire_rescinded: Option<String>,
    /// A worker has a row for every state; the newest holds.
    #[serde(rename = "_fivetran_start")]
    since: Option<String>,
    #[serde(rename = "_fivetran_deleted")]
    deleted: Option<String>,
}

fn read(bytes: &[u8], _: &About) -> Result<Read, Unread> {
    let mut head = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let head = head.headers().map_err(|e| Unread::Whole(format!("it is no CSV: {e}")))?.clone();
    let has = |names: &[&str]| names.iter().all(|name| head.iter().any(|column| column == *name));
    let mut read = Read::default();
    let people: Vec<At<Person>> = if has(&["id", "terminated", "termination_date"]) {
        let workers = newest(lines::all_good(lines::csv(bytes))?, &mut read);
        workers.into_iter().map(|(at, worker)| (at, worker.person())).collect()
    } else if has(&["id", "status", "left_at"]) {
        lines::all_good(lines::csv::<Own>(bytes))?.into_iter().map(|(at, own)| (at, own.person())).collect()
    } else {
        return Err(Unread::Whole(
            "its head has neither id,status,left_at nor id,terminated,termination_date: it does not say who left"
                .to_owned(),
        ));
    };
    let mut bad = Vec::new();
    for (at, person) in people {
        let left_at = match person.day.as_deref().map(day).transpose() {
            Ok(left_at) => left_at,
            Err(says) => {
                bad.push(Problem::new(at, says));
                continue;
            }
        };
        if person.gone.is_none() {
            read.not_understood.push(Problem::new(at, person.said.as_str()));
        }
        read.facts.push(Fact::Leaver(Leaver {
            reference: person.id,
            names: person.names,
            // Who came back is no leaver, whatever day stands there still.
            left_at: left_at.filter(|_| person.gone != Some(false)),
            gone: person.gone,
            said: person.said,
        }));
    }
    if !bad.is_empty() {
        return Err(Unread::Places(bad));
    }
    if read.facts.is_empty() {
        return Err(Unread::Whole("it holds nobody".to_owned()));
    }
    Ok(read)
}

struct Person {
    id: String,
    names: Vec<String>,
    day: Option<String>,
    gone: Option<bool>,
    said: String,
}

impl Own {
    fn person(self) -> Person {
        let gone = match self.status.to_ascii_lowercase().as_str() {
            "active" | "employed" => Some(false),
            "left" | "terminated" | "inactive" => Some(true),
            _ => None,
        };
        let day = self.left_at.as_deref().map(|day| format!(", left_at {day}")).unwrap_or_default();
        Person {
            id: self.id,
            names: [self.name, self.email].into_iter().flatten().collect(),
            said: format!("{}{day}", self.status),
            day: self.left_at,
            gone,
        }
    }
}

impl Worker {
    fn person(self) -> Person {
        let yes = |field: &Option<String>| field.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let gone = match (self.terminated.to_ascii_lowercase().as_str(), yes(&self.active)) {
            // They never came.
            _ if yes(&self.hire_rescinded) => Some(true),
            ("true", false) => Some(true),
            ("false", _) => Some(false),
            // Terminated and active at once, or another word.
            _ => None,
        };
        let fields = [
            ("active", &self.active),
            ("hire_rescinded", &self.hire_rescinded),
            ("termination_date", &self.termination_date),
        ];
        let rest = fields.into_iter().filter_map(|(name, field)| Some(format!(", {name} {}", field.as_deref()?)));
        Person {
            id: self.id,
            names: self.user_id.into_iter().collect(),
            said: format!("terminated {}{}", self.terminated, rest.collect::<String>()),
            day: self.termination_date.or(self.termination_last_day_of_work),
            gone,
        }
    }
}

/// Of each worker the newest row; rows that the source took away say nothing.
fn newest(rows: Vec<At<Worker>>, read: &mut Read) -> Vec<At<Worker>> {
    let all = rows.len();
    let mut newest: BTreeMap<String, At<Worker>> = BTreeMap::new();
    for (at, row) in rows.into_iter().filter(|(_, row)| row.deleted.as_deref() != Some("true")) {
        // Fivetran writes all of them alike, so that their order is that of the text.
        if newest.get(&row.id).is_none_or(|(_, known)| known.since <= row.since) {
            newest.insert(row.id.clone(), (at, row));
        }
    }
    read.passed_by += all - newest.len();
    newest.into_values().collect()
}

fn day(text: &str) -> Result<Moment, String> {
    match chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.and_hms_milli_opt(23, 59, 59, 999))
    {
        Some(end) => Ok(Moment::from(end.and_utc())),
        None => time::moment(&Value::String(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leavers(text: &str) -> (Vec<Leaver>, Read) {
        let read = read(text.as_bytes(), &About::default()).expect("it reads");
        let of = |fact: &Fact| match fact {
            Fact::Leaver(leaver) => leaver.clone(),
            other => panic!("{other:?}"),
        };
        (read.facts.iter().map(of).collect(), read)
    }

    #[test]
    fn who_left_and_when_is_told_and_an_unknown_word_is_kept() {
        let (people, read) = leavers(
            "id,name,email,left_at,status,team\n1,ann,ann@example.com,2026-10-01,left,a\n2,bea,,2026-10-01T12:00:00+02:00,Terminated,\n3,cid,cid@example.com,2020-01-01,active,\n4,dan,,,on leave,\n5,eve,,,left,\n",
        );
        let left: Vec<_> = people.iter().map(|p| (p.gone, p.left_at.map(Moment::rfc3339))).collect();
        assert_eq!(
            left,
            [
                (Some(true), Some("2026-10-01T23:59:59.999Z".to_owned())),
                (Some(true), Some("2026-10-01T10:00:00.000Z".to_owned())),
                (Some(false), None),
                (None, None),
                (Some(true), None),
            ]
        );
        assert_eq!(people[0].names, ["ann", "ann@example.com"]);
        assert_eq!(people[2].said, "active, left_at 2020-01-01");
        assert_eq!(read.not_understood, [Problem::new("line 5", "on leave")]);
    }

    #[test]
    fn of_a_worker_the_newest_row_holds() {
        let (people, read) = leavers(
            "id,user_id,active,terminated,termination_date,hire_rescinded,_fivetran_start,_fivetran_deleted\n\
             w1,ann,false,true,2026-10-01,false,2026-10-02 00:00:00,false\n\
             w1,ann,true,false,,false,2020-01-01 00:00:00,false\n\
             w2,bea,true,true,2026-10-01,false,2020-01-01 00:00:00,false\n\
             w3,cid,false,true,2026-10-01,false,2020-01-01 00:00:00,true\n",
        );
        assert_eq!(people.len(), 2);
        assert_eq!((people[0].gone, people[1].gone, read.passed_by), (Some(true), None, 2));
        assert_eq!(people[0].said, "terminated true, active false, hire_rescinded false, termination_date 2026-10-01");
        assert_eq!(read.not_understood.len(), 1);
    }

    #[test]
    fn a_time_without_a_zone_and_a_list_of_something_else_are_refused() {
        for (bad, says) in [
            ("id,status,left_at\n1,left,2026-10-01T12:00:00\n", "line 2: \"2026-10-01T12:00:00\" has no zone"),
            ("id,status,left_at\n1,,2026-10-01\n", "status"),
            ("id,email_address\n1,ann@example.com\n", "does not say who left"),
            ("id,status,left_at\n", "nobody"),
            ("", "does not say who left"),
        ] {
            let refused = read(bad.as_bytes(), &About::default()).expect_err("refused").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
