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

    /// "an owner"
    pub fn with_article(self) -> String {
        format!("an {}", self.word())
    }

    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the table gives it; what the table does not name is nobody's.
    pub fn may(self, permission: Permission) -> bool {
        RULES.iter().any(|rule| rule.permission == permission && rule.roles.contains(&self))
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
    /// Begin, draw for and file a drill.
    FileDrills,
    /// File attestations and runs of jobs; for machines alone.
    FileAttestations,
    FileImports,
    /// Write a note into a drill under way, press its steps, stop it.
    StepInDrills,
    /// Register and revoke one's own passkeys, list and end one's own sessions.
    KeepOwnSignIn,
    /// See everybody, invite, change a role, remove.
    ManagePeople,
    /// Say which firm looks at which period and controls, and look as they do.
    ManageAudits,
    /// Make and revoke tokens for machines.
    ManageTokens,
    /// Ask for something, ask for more, accept an answer, and say whether bundles carry it.
    AskRequests,
    /// Answer what auditors ask for.
    AnswerRequests,
    /// Put files on findings.
    AttachFiles,
    /// Sign runbook versions, acceptances, and drills as their owner.
    SignAsOwner,
    /// Sign a drill as who ran it.
    SignAsRunner,
    /// Write an accepted risk or a scope exclusion down, to be signed.
    WriteAcceptances,
    /// Write of a datastore what no source states.
    DescribeDatastores,
    /// Write the runbook's next version; the owner puts it in force.
    EditRunbook,
    /// Declare a loss, work on it, account for it.
    WorkIncidents,
    /// Write on the quarterly checklist, read the runbook aloud, write trainings down, close the quarter.
    WorkChecklist,
}

/// One line of the table of permissions.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub permission: Permission,
    /// What it allows, as it stands on `/settings/people`.
    pub says: &'static str,
    pub roles: &'static [Role],
    /// The scope that gives it to a machine.
    pub token: Option<TokenScope>,
}

/// The one table of permissions: the guard asks it, and `/settings/people` shows it.
pub const RULES: &[Rule] = {
    use Permission::*;
    const EVERYBODY: &[Role] = &Role::ALL;
    const OWNER: &[Role] = &[Role::Owner];
    const COMPANY: &[Role] = &[Role::Owner, Role::Operator];
    &[
        Rule {
            permission: ReadEvidence,
            says: "Read the evidence and download records; an auditor within the audit",
            roles: EVERYBODY,
            token: None,
        },
        Rule {
            permission: ReadAlarms,
            says: "See which sealed records were changed or deleted",
            roles: EVERYBODY,
            token: None,
        },
        Rule {
            permission: MakeBundle,
            says: "Make and download a bundle; an auditor within the audit",
            roles: EVERYBODY,
            token: Some(TokenScope::EvidenceRead),
        },
        Rule {
            permission: FileDrills,
            says: "Begin, draw for and file a drill",
            roles: &[],
            token: Some(TokenScope::DrillsWrite),
        },
        Rule {
            permission: FileAttestations,
            says: "File attestations and the runs of a runner’s jobs",
            roles: &[],
            token: Some(TokenScope::AttestationsWrite),
        },
        Rule {
            permission: FileImports,
            says: "Bring the output of vendors’ own tools",
            roles: &[],
            token: Some(TokenScope::ImportsWrite),
        },
        Rule {
            permission: StepInDrills,
            says: "Write a note into a drill under way, press its steps by hand, stop it",
            roles: COMPANY,
            token: None,
        },
        Rule {
            permission: KeepOwnSignIn,
            says: "Register and revoke one’s own passkeys, end one’s own sessions",
            roles: EVERYBODY,
            token: None,
        },
        Rule {
            permission: ManagePeople,
            says: "See everybody, invite, change a role, remove",
            roles: OWNER,
            token: None,
        },
        Rule {
            permission: ManageAudits,
            says: "Open audits, and look as their auditors do",
            roles: OWNER,
            token: None,
        },
        Rule { permission: ManageTokens, says: "Make and revoke tokens for machines", roles: OWNER, token: None },
        Rule {
            permission: AskRequests,
            says: "Ask for something, accept an answer, and have it put into bundles",
            roles: &[Role::Auditor],
            token: None,
        },
        Rule { permission: AnswerRequests, says: "Answer what auditors ask for", roles: COMPANY, token: None },
        Rule { permission: AttachFiles, says: "Put files on findings", roles: COMPANY, token: None },
        Rule {
            permission: SignAsOwner,
            says: "Sign runbook versions, checklists, accepted risks and scope exclusions, and drills as their owner",
            roles: OWNER,
            token: None,
        },
        Rule { permission: SignAsRunner, says: "Sign a drill as who ran it", roles: COMPANY, token: None },
        Rule {
            permission: WriteAcceptances,
            says: "Write down an accepted risk or a scope exclusion",
            roles: OWNER,
            token: None,
        },
        Rule {
            permission: DescribeDatastores,
            says: "Write of a datastore what no source states",
            roles: COMPANY,
            token: None,
        },
        Rule {
            permission: EditRunbook,
            says: "Write the next version of the runbook; an owner puts it in force",
            roles: COMPANY,
            token: None,
        },
        Rule {
            permission: WorkIncidents,
            says: "Declare a loss, work on it, account for it",
            roles: COMPANY,
            token: None,
        },
        Rule {
            permission: WorkChecklist,
            says: "Work off the quarterly checklist, read the runbook aloud, write trainings down",
            roles: COMPANY,
            token: None,
        },
    ]
};

/// What a machine's token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenScope {
    #[serde(rename = "attestations:write")]
    AttestationsWrite,
    #[serde(rename = "drills:write")]
    DrillsWrite,
    #[serde(rename = "imports:write")]
    ImportsWrite,
    #[serde(rename = "evidence:read")]
    EvidenceRead,
}

impl TokenScope {
    pub const ALL: [TokenScope; 4] =
        [TokenScope::AttestationsWrite, TokenScope::DrillsWrite, TokenScope::ImportsWrite, TokenScope::EvidenceRead];

    pub fn id(self) -> &'static str {
        match self {
            TokenScope::AttestationsWrite => "attestations:write",
            TokenScope::DrillsWrite => "drills:write",
            TokenScope::ImportsWrite => "imports:write",
            TokenScope::EvidenceRead => "evidence:read",
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.id() == id)
    }

    /// For people.
    pub fn says(self) -> &'static str {
        match self {
            TokenScope::AttestationsWrite => "bring attestations and the runs of jobs; read nothing",
            TokenScope::DrillsWrite => "bring drills, live and finished; read nothing",
            TokenScope::ImportsWrite => "bring the output of vendors’ own tools; read nothing",
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
    /// No control, so no record.
    pub const NOTHING: Scope = Scope { period: None, controls: Some(Vec::new()) };

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
    fn each_permission_stands_once_in_the_table_and_only_owners_manage_people() {
        let mut named: Vec<Permission> = RULES.iter().map(|rule| rule.permission).collect();
        let all = named.len();
        named.sort_by_key(|permission| format!("{permission:?}"));
        named.dedup();
        assert_eq!(named.len(), all);
        let managers: Vec<Role> = Role::ALL.into_iter().filter(|r| r.may(Permission::ManagePeople)).collect();
        assert_eq!(managers, [Role::Owner]);
        for role in Role::ALL {
            assert!(!role.may(Permission::FileDrills), "a drill is filed by its runner, not by a {}", role.word());
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
    }

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
