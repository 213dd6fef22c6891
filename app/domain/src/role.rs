//! Who may do what, and how far an auditor's eye reaches. Deny by default.

use serde::{Deserialize, Serialize};

use crate::{Moment, control::Control, finding::Finding, schedule::Period};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Operator,
    Auditor,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Owner, Role::Operator, Role::Auditor];

    pub fn word(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
        }
    }

    /// The one table of permissions.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::*;
        match permission {
            ReadEvidence | MakeBundle => true,
            ReadAlarms => true,
            ManageAudits | ManageTokens => self == Role::Owner,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See pages and download records, within the scope.
    ReadEvidence,
    /// See what the watch over the ledger found.
    ReadAlarms,
    /// Make and download a bundle, within the scope.
    MakeBundle,
    /// Say which firm looks at which period and controls, and look as they do.
    ManageAudits,
    /// Make and revoke tokens for machines.
    ManageTokens,
}

/// What a machine's token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenScope {
    #[serde(rename = "drills:write")]
    DrillsWrite,
    #[serde(rename = "evidence:read")]
    EvidenceRead,
}

impl TokenScope {
    pub const ALL: [TokenScope; 2] = [TokenScope::DrillsWrite, TokenScope::EvidenceRead];

    pub fn id(self) -> &'static str {
        match self {
            TokenScope::DrillsWrite => "drills:write",
            TokenScope::EvidenceRead => "evidence:read",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.id() == id)
    }

    /// For people.
    pub fn says(self) -> &'static str {
        match self {
            TokenScope::DrillsWrite => "bring drills, live and finished; read nothing",
            TokenScope::EvidenceRead => "make and fetch bundles of everything; bring nothing",
        }
    }
}

/// What of the evidence somebody sees: everything, or one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// `None`: all of time.
    pub period: Option<Period>,
    /// `None`: every control.
    pub controls: Option<Vec<Control>>,
}

impl Scope {
    pub const EVERYTHING: Scope = Scope { period: None, controls: None };

    /// Whether a record that happened then and answers these controls is inside.
    pub fn admits(&self, occurred_at: Moment, answers: &[Control]) -> bool {
        self.period.is_none_or(|p| p.contains(occurred_at)) && self.admits_controls(answers)
    }

    pub fn admits_controls(&self, answers: &[Control]) -> bool {
        self.controls.as_ref().is_none_or(|mine| answers.iter().any(|c| mine.contains(c)))
    }

    /// A finding belongs by nature when it was opened in the period or still open then.
    pub fn admits_finding(&self, finding: &Finding) -> bool {
        self.period.is_none_or(|p| finding.touches(p.from, p.to)) && self.admits_controls(&finding.controls)
    }

    /// Whether something inside happened before the period began: it belongs to it by nature, and pages say why.
    pub fn precedes(&self, occurred_at: Moment) -> bool {
        self.period.is_some_and(|p| occurred_at < p.from)
    }

    /// This scope cut further by another; never wider than either.
    pub fn narrowed(&self, by: &Scope) -> Scope {
        let period = match (self.period, by.period) {
            (Some(a), Some(b)) => Some(Period { from: a.from.max(b.from), to: a.to.min(b.to) }),
            (a, b) => a.or(b),
        };
        let controls = match (&self.controls, &by.controls) {
            (Some(a), Some(b)) => Some(a.iter().filter(|c| b.contains(c)).copied().collect()),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Scope { period, controls }
    }
}

/// Somebody signed in, as every page and endpoint sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub scope: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrowed_scope_is_never_wider_than_either() {
        let year = Period::days("2026-01-01", "2026-12-31").expect("a period");
        let q3 = Period::quarter("2026-Q3").expect("a quarter");
        let audit = Scope { period: Some(q3), controls: Some(vec![Control::A12]) };
        let wish = Scope { period: Some(year), controls: Some(vec![Control::A12, Control::Cc75]) };
        let cut = audit.narrowed(&wish);
        assert_eq!(cut, audit);
        assert!(!cut.admits(q3.to, &[Control::A12]));
        assert!(cut.admits(q3.from, &[Control::A12]));
        assert!(!cut.admits(q3.from, &[Control::Cc75]));
        let outside = audit.narrowed(&Scope { period: Period::quarter("2026-Q1"), controls: None });
        assert!(!outside.admits(q3.from, &[Control::A12]), "a period that does not overlap admits nothing");
    }
}
