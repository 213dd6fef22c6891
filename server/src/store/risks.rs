//! Risk assessment summaries, version after version, each sealed as it is written.

use app::ports::{PortError, Risks};
use async_trait::async_trait;
use domain::{record::Sealed, risk::Summary, role::Scope};

use super::evidence::Evidence;

pub const SUMMARIES: &str = "risk_summaries";

#[async_trait]
impl Risks for Evidence {
    async fn summaries(&self, scope: &Scope) -> Result<Vec<Sealed<Summary>>, PortError> {
        self.last_of(SUMMARIES, scope).await
    }

    async fn seal(&self, summary: &Summary, seen: Option<u64>) -> Result<(), PortError> {
        let changed = "Somebody else sealed this quarter’s assessment meanwhile.";
        self.follow(SUMMARIES, &summary.quarter, summary, seen, changed).await
    }
}
