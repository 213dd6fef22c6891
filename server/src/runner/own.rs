//! A drill in which the runner itself restores: a dump, or a live database dumped for it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bson::Timestamp;
use domain::{
    Moment,
    drill::{CheckId, Exposure, StepId},
    words,
};
use mongodb::Client;

use super::{
    Run,
    canary::Lost,
    compare, leftovers, now,
    plan::{Compare, From},
    restore,
    source::{self, RecoveryPoint, live, oplog},
};

impl Run<'_> {
    pub(super) async fn by_itself(&mut self, tenant: &str, scratch: &Path) -> Result<()> {
        let left = leftovers::of_copies(self.copy.client(), &self.id).await;
        let begun = self.begin(StepId::Dump);
        let from = self.lay(tenant).await?;
        let mut point = self.recovery_point(tenant, scratch).await?;
        self.end(begun, format!("{}, {} collections", point.name, point.collections.len()));
        let lost = self.lose(from).await?;

        let begun = self.begin(StepId::Provision);
        restore::must_be_empty(&self.copy).await?;
        self.drill.exposure = Some(Exposure { from: now(), until: None, proof: "the restored copy exists".to_owned() });
        self.share();
        // Told before there is one: a runner that dies now leaves a copy that its record names.
        self.telling.said().await;
        self.end(begun, format!("{} on {}{left}", self.copy.name(), self.plan.target_host()));

        let begun = self.begin(StepId::Restore);
        let mut note = String::new();
        if let (Some(from), Some(lost)) = (from, &lost) {
            let operations;
            (point, operations) = self.follow(tenant, point, from, lost, scratch).await?;
            note = format!("; {} operations of the log to just before the loss", words::count(operations));
        }
        let restored = restore::restore(&point, &self.copy, self.progress).await?;
        self.end(begun, restored.says(point.collections.len()) + &note);

        let begun = self.begin(StepId::Query);
        let (smoke, queries) = compare::smoke::smoke_query(&self.copy, &restored, &self.plan.smoke).await?;
        self.drill.queries = queries;
        self.end(begun, smoke.detail.clone());
        self.put_back().await?;

        let begun = self.begin(StepId::Verify);
        let wanted = compare::Wanted {
            seed: &self.seed(),
            last_write_field: &self.plan.last_write_field,
            // A source that tells what it held then tells of all documents.
            all: self.plan.compare == Compare::All && lost.is_none(),
            references: &self.plan.references,
            left_out: &restored.left_out,
        };
        let compared = compare::compare(&point, &self.copy, wanted, self.progress).await?;
        let (expected, actual) = compared.totals();
        let last_write = compared.last_write;
        let mut record = compared.into_record();
        if let Some(lost) = &lost {
            let (check, digests) = compare::moment::compare(&lost.source, &self.copy).await?;
            record.checks.push(check);
            record.digests = digests;
        }
        let all = record.checks.iter().any(|check| check.id == CheckId::Contents);
        let held = if all { "all".to_owned() } else { record.documents.len().to_string() };
        let counted = format!("{} of {} documents counted", words::count(actual), words::count(expected));
        self.end(begun, format!("{counted}, {held} compared"));

        let erased = self.erase(&[(tenant.to_owned(), self.copy.clone())]).await?;
        let fresh = self.measure(last_write, restored.bytes, restored.documents)?;
        let mut checks = self.record(record);
        checks.extend(erased);
        checks.push(fresh);
        checks.push(smoke);
        self.drill.checks = checks;
        self.share();
        Ok(())
    }

    async fn recovery_point(&mut self, tenant: &str, scratch: &Path) -> Result<RecoveryPoint> {
        let point = match &self.plan.from {
            From::Uri(uri) => {
                let client = Client::with_uri_str(uri).await.map_err(|_| super::bad_address("source"))?;
                live::take(&client, tenant, scratch, self.progress).await?
            }
            From::Directory(path, further) | From::Archive(path, further) => {
                let (path, further, tenant) = (path.clone(), further.clone(), tenant.to_owned());
                let opened = tokio::task::spawn_blocking(move || source::open(&path, &tenant, &further));
                opened.await.context("the reading of the dump ended early")??
            }
            From::Another { .. } | From::ByHand { .. } => bail!("this is restored by others"),
        };
        self.chosen(&point.name, &point.kind, point.taken_at);
        self.drill.target.environment = format!("{}/{}", self.plan.target_host(), self.copy.name());
        Ok(point)
    }

    pub(super) fn chosen(&mut self, name: &str, kind: &str, taken_at: Moment) {
        name.clone_into(&mut self.drill.source.recovery_point);
        kind.clone_into(&mut self.drill.source.kind);
        self.drill.source.taken_at = taken_at;
    }

    /// The recovery point followed by what its source did until just before the loss.
    async fn follow(
        &mut self,
        tenant: &str,
        point: RecoveryPoint,
        from: Timestamp,
        lost: &Lost,
        scratch: &Path,
    ) -> Result<(RecoveryPoint, i64)> {
        let origin = self.plan.origin().await?.context("the source is not in reach")?;
        let (log, until, database) = (scratch.join("oplog.bson"), lost.until, tenant.to_owned());
        oplog::fetch(&origin, tenant, from, until, &log).await?;
        let followed = tokio::task::spawn_blocking(move || {
            let mut entries = oplog::of_file(&log)?;
            oplog::applied(point, &database, &mut entries, Some(until))
        });
        let (point, applied) = followed.await.context("the reading of the operation log ended early")??;
        let name = format!("{}, followed by its operation log to {}", point.name, oplog::said(until));
        self.chosen(&name, &point.kind, lost.at);
        Ok((point, i64::try_from(applied.operations).unwrap_or(i64::MAX)))
    }
}
