//! The SOC 2 criteria this evidence answers, in our own words, and which evidence answers which.

use serde::{Deserialize, Serialize};

pub mod answer;

/// One SOC 2 criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Control {
    #[serde(rename = "CC7.1")]
    Cc71,
    #[serde(rename = "CC7.2")]
    Cc72,
    #[serde(rename = "CC7.3")]
    Cc73,
    #[serde(rename = "CC7.4")]
    Cc74,
    #[serde(rename = "CC7.5")]
    Cc75,
    #[serde(rename = "A1.1")]
    A11,
    #[serde(rename = "A1.2")]
    A12,
    #[serde(rename = "A1.3")]
    A13,
}

/// A kind of evidence, named by the collection it lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    Attestations,
    Drills,
    Findings,
    Gaps,
    Runbooks,
    Reports,
    Checklists,
    Incidents,
}

impl Evidence {
    pub const ALL: [Evidence; 8] = [
        Evidence::Attestations,
        Evidence::Drills,
        Evidence::Findings,
        Evidence::Gaps,
        Evidence::Runbooks,
        Evidence::Reports,
        Evidence::Checklists,
        Evidence::Incidents,
    ];

    pub fn collection(self) -> &'static str {
        match self {
            Evidence::Attestations => "backup_audit_log",
            Evidence::Drills => "backup_drill_results",
            Evidence::Findings => "findings",
            Evidence::Gaps => "gaps",
            Evidence::Runbooks => "runbooks",
            Evidence::Reports => "imports",
            Evidence::Checklists => "checklists",
            Evidence::Incidents => "incidents",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Evidence::Attestations => "Weekly attestations",
            Evidence::Drills => "Restore drills",
            Evidence::Findings => "Findings",
            Evidence::Gaps => "Gaps",
            Evidence::Runbooks => "Runbook versions",
            Evidence::Reports => "Vendors’ reports",
            Evidence::Checklists => "Quarterly checklists",
            Evidence::Incidents => "Incidents",
        }
    }

    /// The controls this kind answers. Findings name their own; a finding without one answers these.
    pub fn answers(self) -> &'static [Control] {
        use Control::*;
        match self {
            Evidence::Attestations => &[Cc71, Cc72, A12],
            Evidence::Drills => &[Cc75, A12, A13],
            Evidence::Findings => &[Cc73, Cc74],
            Evidence::Gaps => &[Cc72, A12, A13],
            Evidence::Runbooks => &[Cc71, Cc74, Cc75, A11, A12],
            Evidence::Reports => &[Cc71, Cc72, A12],
            Evidence::Checklists => &[Cc72, Cc73, Cc74, Cc75, A11, A12, A13],
            Evidence::Incidents => &[Cc73, Cc74, Cc75],
        }
    }
}

impl Control {
    pub const ALL: [Control; 8] = [
        Control::Cc71,
        Control::Cc72,
        Control::Cc73,
        Control::Cc74,
        Control::Cc75,
        Control::A11,
        Control::A12,
        Control::A13,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Control::Cc71 => "CC7.1",
            Control::Cc72 => "CC7.2",
            Control::Cc73 => "CC7.3",
            Control::Cc74 => "CC7.4",
            Control::Cc75 => "CC7.5",
            Control::A11 => "A1.1",
            Control::A12 => "A1.2",
            Control::A13 => "A1.3",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.id().eq_ignore_ascii_case(id))
    }

    /// "Recovery"
    pub fn short(self) -> &'static str {
        match self {
            Control::Cc71 => "Detection",
            Control::Cc72 => "Monitoring",
            Control::Cc73 => "Evaluation",
            Control::Cc74 => "Response",
            Control::Cc75 => "Recovery",
            Control::A11 => "Capacity",
            Control::A12 => "Backups",
            Control::A13 => "Testing",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Control::Cc71 => "Detecting what changed",
            Control::Cc72 => "Monitoring for failures",
            Control::Cc73 => "Evaluating what was found",
            Control::Cc74 => "Responding to incidents",
            Control::Cc75 => "Recovery from incidents",
            Control::A11 => "Capacity kept in view",
            Control::A12 => "Backups and recovery infrastructure",
            Control::A13 => "Testing the recovery plan",
        }
    }

    /// What it asks, in a sentence about the company.
    pub fn asks(self, company: &str) -> String {
        match self {
            Control::Cc71 => format!("{company} notices when what protects its data is changed or stops."),
            Control::Cc72 => format!("{company} watches its backups, so that one that fails or never runs is seen."),
            Control::Cc73 => "What falls short is written down, judged for its severity and given an owner.".to_owned(),
            Control::Cc74 => {
                format!("When something is lost, {company} follows a written plan, and follows it through.")
            }
            Control::Cc75 => format!("After a loss, {company} restores what was lost and changes what failed."),
            Control::A11 => format!("{company} knows what it must be able to carry, and what it promised."),
            Control::A12 => format!("{company} keeps backups from which every tenant can be brought back."),
            Control::A13 => format!("{company} tests its recovery plan, and measures the test against the promise."),
        }
    }

    /// The kinds of evidence that answer it.
    pub fn answered_by(self) -> impl Iterator<Item = Evidence> {
        Evidence::ALL.into_iter().filter(move |e| e.answers().contains(&self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_has_evidence_that_answers_it_and_every_id_reads_back() {
        for control in Control::ALL {
            assert!(control.answered_by().next().is_some(), "{}", control.id());
            assert_eq!(Control::from_id(control.id()), Some(control));
            assert_eq!(serde_json::to_value(control).expect("a control serialises"), control.id());
        }
    }
}
