//! AWS Backup, as its command line answers and as its events tell.

mod copies;
mod jobs;
mod plans;
mod points;
mod restores;
mod vaults;

use domain::fact::RunState;
use serde::Deserialize;

pub use copies::COPY_JOBS;
pub use jobs::JOBS;
pub use plans::PLANS;
pub use points::POINTS;
pub use restores::RESTORE_JOBS;
pub use vaults::VAULTS;

/// Why a job ran. Events have other names for the rule.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreatedBy {
    backup_plan_id: Option<String>,
    #[serde(alias = "BackupPlanRuleId")]
    backup_rule_id: Option<String>,
}

impl CreatedBy {
    fn job(self) -> Option<String> {
        match (self.backup_plan_id, self.backup_rule_id) {
            (Some(plan), Some(rule)) => Some(format!("plan {plan}, rule {rule}")),
            (Some(plan), None) => Some(format!("plan {plan}")),
            _ => None,
        }
    }
}

/// One word of a job's state. What is complete with a message has issues, as the console shows it; the answer itself
/// has no such state.
fn state(said: &str, message: Option<&str>, category: Option<&str>) -> RunState {
    match said {
        "CREATED" | "PENDING" => RunState::Queued,
        "RUNNING" | "ABORTING" => RunState::Running,
        "COMPLETED" if message.is_some() || category.is_some_and(|c| c != "SUCCESS") => RunState::SucceededWithIssues,
        "COMPLETED" => RunState::Succeeded,
        "PARTIAL" => RunState::Partial,
        "FAILED" => RunState::Failed,
        "ABORTED" => RunState::Aborted,
        "EXPIRED" => RunState::Expired,
        _ => RunState::Unknown,
    }
}
