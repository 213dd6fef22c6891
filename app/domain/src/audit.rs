//! An audit: whose firm looks, at which period and controls, and from when until when they may.
//!
//! All of it is days in UTC. Who looks sees nothing else, on any page or in any file.

use serde::{Deserialize, Serialize};

use crate::{Moment, control::Control, role::Scope, schedule::Period};

/// Names and notes people write here.
const LONGEST: usize = 200;
/// People of one firm in one audit.
const MOST_PEOPLE: usize = 50;

/// One audit as it is sealed (`audits`), in its newest version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// 1
    pub schema: u32,
    /// "A-001"
    pub id: String,
    pub firm: String,
    /// Ids of the auditors who may look.
    pub people: Vec<String>,
    pub period: Period,
    /// Never empty.
    pub controls: Vec<Control>,
    /// When they may look.
    pub access: Period,
    /// What the firm was given outside every bundle, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchors: Option<HandedOver>,
    pub occurred_at: Moment,
    pub by: String,
}

/// The anchors as they were given to the auditor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandedOver {
    pub at: Moment,
    /// "on paper, at the kick-off"
    pub how: String,
    /// SHA-256 of `anchors.json` as it was then, 64 lower-case hex digits.
    pub sha256: String,
    pub by: String,
}

/// Whether somebody may look now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// From that moment on.
    ToCome(Moment),
    /// Until that moment.
    Open(Moment),
    /// Since that moment.
    Ended(Moment),
}

impl Audit {
    /// What its auditors see.
    pub fn scope(&self) -> Scope {
        Scope { period: Some(self.period), controls: Some(self.controls.clone()) }
    }

    pub fn access_at(&self, now: Moment) -> Access {
        if now < self.access.from {
            Access::ToCome(self.access.from)
        } else if now < self.access.to {
            Access::Open(self.access.to)
        } else {
            Access::Ended(self.access.to)
        }
    }

    pub fn is_open(&self, now: Moment) -> bool {
        matches!(self.access_at(now), Access::Open(_))
    }

    /// Whether the two look at a common day.
    pub fn overlaps(&self, other: &Audit) -> bool {
        self.period.from < other.period.to && other.period.from < self.period.to
    }
}

/// Of a person's audits the one to look at: the one they chose while it is open, else the one opened last.
pub fn chosen<'a>(audits: &'a [Audit], wanted: Option<&str>, now: Moment) -> Option<&'a Audit> {
    let open = || audits.iter().filter(|a| a.is_open(now));
    open().find(|a| Some(a.id.as_str()) == wanted).or_else(|| open().max_by_key(|a| (a.access.from, &a.id)))
}

/// An audit as a form has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub firm: String,
    pub people: Vec<String>,
    /// First and last day, both included: "2026-01-01".
    pub from: String,
    pub to: String,
    pub controls: Vec<String>,
    pub access_from: String,
    pub access_until: String,
}

/// What is wrong with a draft.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", self.says().0, self.says().1)]
pub enum DraftError {
    Firm,
    Period,
    NoControls,
    Control(String),
    Access,
    People,
    Stranger(String),
}

impl DraftError {
    /// What is wrong, and what to write.
    pub fn says(&self) -> (String, &'static str) {
        match self {
            DraftError::Firm => ("The firm has no name.".to_owned(), "Write it as it stands on its report."),
            DraftError::Period => (
                "The period is not two days in order.".to_owned(),
                "Write both as 2026-01-01; the last one belongs to it.",
            ),
            DraftError::NoControls => (
                "The audit looks at no control.".to_owned(),
                "Choose at least one: without any, its auditors would see nothing.",
            ),
            DraftError::Control(id) => {
                (format!("{id} is no control here."), "Choose from CC7.1 to CC7.5 and A1.1 to A1.3.")
            }
            DraftError::Access => (
                "The days of access are not in order.".to_owned(),
                "Write both as 2026-01-01; access ends by itself after the last one.",
            ),
            DraftError::People => (format!("More than {MOST_PEOPLE} people are chosen."), "Choose fewer."),
            DraftError::Stranger(id) => (format!("{id} is no auditor here."), "Invite them as an auditor first."),
        }
    }
}

impl Draft {
    /// The parts of an audit, or the first thing that is wrong. `auditors` are the ids there are.
    pub fn read(&self, auditors: &[String]) -> Result<Terms, DraftError> {
        let firm = self.firm.trim();
        if firm.is_empty() || firm.chars().count() > LONGEST {
            return Err(DraftError::Firm);
        }
        let period = Period::days(self.from.trim(), self.to.trim()).ok_or(DraftError::Period)?;
        let mut controls = Vec::new();
        for id in &self.controls {
            controls.push(Control::from_id(id).ok_or_else(|| DraftError::Control(id.clone()))?);
        }
        controls.sort_by_key(|c| Control::ALL.iter().position(|other| other == c));
        controls.dedup();
        if controls.is_empty() {
            return Err(DraftError::NoControls);
        }
        let access = Period::days(self.access_from.trim(), self.access_until.trim()).ok_or(DraftError::Access)?;
        let mut people = self.people.clone();
        people.sort();
        people.dedup();
        if people.len() > MOST_PEOPLE {
            return Err(DraftError::People);
        }
        if let Some(stranger) = people.iter().find(|id| !auditors.contains(id)) {
            return Err(DraftError::Stranger(stranger.clone()));
        }
        Ok(Terms { firm: firm.to_owned(), people, period, controls, access })
    }
}

/// What a form decides of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub firm: String,
    pub people: Vec<String>,
    pub period: Period,
    pub controls: Vec<Control>,
    pub access: Period,
}

impl Terms {
    /// A new audit, or the next version of one.
    pub fn audit(self, id: String, before: Option<&Audit>, now: Moment, by: &str) -> Audit {
        let Terms { firm, people, period, controls, access } = self;
        let anchors = before.and_then(|audit| audit.anchors.clone());
        Audit { schema: 1, id, firm, people, period, controls, access, anchors, occurred_at: now, by: by.to_owned() }
    }
}

/// How the anchors were handed over; refused when nothing is said.
pub fn handed_over(how: &str, sha256: &str, now: Moment, by: &str) -> Option<HandedOver> {
    let how = how.trim();
    let said = !how.is_empty() && how.chars().count() <= LONGEST;
    said.then(|| HandedOver { at: now, how: how.to_owned(), sha256: sha256.to_owned(), by: by.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        Moment::parse(text).expect("a time in the test")
    }

    fn draft() -> Draft {
        Draft {
            firm: " Audit & Co ".into(),
            people: vec!["b".into(), "a".into(), "b".into()],
            from: "2026-01-01".into(),
            to: "2026-12-31".into(),
            controls: vec!["A1.2".into(), "CC7.5".into(), "A1.2".into()],
            access_from: "2027-01-10".into(),
            access_until: "2027-02-28".into(),
        }
    }

    fn audit(id: &str, from: &str, until: &str) -> Audit {
        let auditors = ["a".to_owned(), "b".to_owned()];
        let draft = Draft { access_from: from.into(), access_until: until.into(), ..draft() };
        draft.read(&auditors).expect("it reads").audit(id.to_owned(), None, at("2026-12-01T00:00:00Z"), "founder")
    }

    #[test]
    fn a_draft_is_read_or_refused_with_what_to_write() {
        let auditors = ["a".to_owned(), "b".to_owned()];
        let terms = draft().read(&auditors).expect("it reads");
        assert_eq!((terms.firm.as_str(), terms.people.len()), ("Audit & Co", 2));
        assert_eq!(terms.controls, [Control::Cc75, Control::A12], "in their own order, each once");
        let no = |change: &dyn Fn(&mut Draft)| {
            let mut draft = draft();
            change(&mut draft);
            draft.read(&auditors).expect_err("it is refused")
        };
        assert_eq!(no(&|d| d.firm = " ".into()), DraftError::Firm);
        assert_eq!(no(&|d| d.to = "2025-12-31".into()), DraftError::Period);
        assert_eq!(no(&|d| d.from = "1 January".into()), DraftError::Period);
        assert_eq!(no(&|d| d.controls.clear()), DraftError::NoControls);
        assert_eq!(no(&|d| d.controls.push("CC9.9".into())), DraftError::Control("CC9.9".into()));
        assert_eq!(no(&|d| d.access_until = "2026-12-31".into()), DraftError::Access);
        assert_eq!(no(&|d| d.people.push("founder".into())), DraftError::Stranger("founder".into()));
    }

    #[test]
    fn access_ends_by_itself_at_the_end_of_its_last_day() {
        let audit = audit("A-001", "2027-01-10", "2027-02-28");
        for (now, open) in [
            ("2027-01-09T23:59:59.999Z", false),
            ("2027-01-10T00:00:00Z", true),
            ("2027-02-28T23:59:59.999Z", true),
            ("2027-03-01T00:00:00Z", false),
        ] {
            assert_eq!(audit.is_open(at(now)), open, "{now}");
        }
        assert!(matches!(audit.access_at(at("2027-03-01T00:00:00Z")), Access::Ended(_)));
    }

    #[test]
    fn of_several_open_audits_the_chosen_one_is_read_and_else_the_one_opened_last() {
        let all = [
            audit("A-001", "2027-01-10", "2027-02-28"),
            audit("A-002", "2027-01-20", "2027-02-28"),
            audit("A-003", "2027-03-01", "2027-03-31"),
        ];
        let now = at("2027-01-25T00:00:00Z");
        let id = |wanted: Option<&str>| chosen(&all, wanted, now).map(|a| a.id.clone());
        assert_eq!(id(None).as_deref(), Some("A-002"));
        assert_eq!(id(Some("A-001")).as_deref(), Some("A-001"));
        assert_eq!(id(Some("A-003")).as_deref(), Some("A-002"), "one that is not open yet is not read");
        assert_eq!(chosen(&all, None, at("2028-01-01T00:00:00Z")), None);
        assert!(all[0].overlaps(&all[1]));
    }
}
