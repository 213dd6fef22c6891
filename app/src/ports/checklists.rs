//! The quarterly checklist: what people wrote on it, how the runbook was read, who was trained, and how quarters were
//! closed.

use async_trait::async_trait;
use domain::{
    bench::Training,
    checklist::{Answer, Checklist},
    reading::Reading,
    record::Sealed,
    role::Scope,
};

use super::PortError;

/// What is written version after version takes the place in the ledger of the word it follows, `seen`; `Conflict` when
/// another came meanwhile.
#[async_trait]
pub trait Checklists: Send + Sync {
    /// The last word on each item of each quarter, newest first.
    async fn answers(&self, scope: &Scope) -> Result<Vec<Sealed<Answer>>, PortError>;
    /// As each reading stands now, newest first.
    async fn readings(&self, scope: &Scope) -> Result<Vec<Sealed<Reading>>, PortError>;
    async fn read(&self, reading: &Reading, seen: Option<u64>) -> Result<(), PortError>;
    async fn trainings(&self, scope: &Scope) -> Result<Vec<Sealed<Training>>, PortError>;
    /// One with the same words is there once.
    async fn train(&self, training: &Training) -> Result<(), PortError>;
    /// The newest of each quarter, newest first.
    async fn closed(&self, scope: &Scope) -> Result<Vec<Sealed<Checklist>>, PortError>;
    async fn close(&self, checklist: &Checklist, seen: Option<u64>) -> Result<(), PortError>;
}
