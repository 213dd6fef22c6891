//! The runs of runners' jobs, read from what was sealed.

use app::ports::{JobRuns, PortError};
use async_trait::async_trait;
use domain::{Moment, job::JobRun, record::Sealed, role::Scope};

use super::evidence::Evidence;
use crate::{jobs::runs::JOB_RUNS, runner::calendar::Calendar};

#[async_trait]
impl JobRuns for Evidence {
    async fn runs(&self, scope: &Scope) -> Result<Vec<Sealed<JobRun>>, PortError> {
        let mut runs = self.all_of::<JobRun>(JOB_RUNS, scope).await?;
        runs.sort_by_key(|run| run.seal.seq);
        Ok(runs)
    }

    fn next(&self, cron: &str, now: Moment) -> Option<(Moment, String)> {
        let calendar = Calendar::read(cron).ok()?;
        Some((calendar.next(now)?, calendar.says()))
    }
}
