//! The quarterly checklist in its four collections, each sealed as it is written.

use app::ports::{Checklists, PortError};
use async_trait::async_trait;
use domain::{
    bench::Training,
    checklist::{Answer, Checklist},
    reading::Reading,
    record::Sealed,
    role::Scope,
};

use super::evidence::Evidence;
use crate::ledger::canonical;

pub const ANSWERS: &str = "checklist_answers";
const CHECKLISTS: &str = "checklists";
const READINGS: &str = "readings";
const TRAININGS: &str = "trainings";

impl Evidence {
    /// Seals another word on an item.
    pub async fn answer(&self, answer: &Answer, seen: Option<u64>) -> Result<(), PortError> {
        self.follow(ANSWERS, &answer.id(), answer, seen, "Somebody else wrote on this item meanwhile.").await
    }
}

#[async_trait]
impl Checklists for Evidence {
    async fn answers(&self, scope: &Scope) -> Result<Vec<Sealed<Answer>>, PortError> {
        self.last_of(ANSWERS, scope).await
    }

    async fn readings(&self, scope: &Scope) -> Result<Vec<Sealed<Reading>>, PortError> {
        self.last_of(READINGS, scope).await
    }

    async fn read(&self, reading: &Reading, seen: Option<u64>) -> Result<(), PortError> {
        self.follow(READINGS, &reading.id(), reading, seen, "Somebody else marked something meanwhile.").await
    }

    async fn trainings(&self, scope: &Scope) -> Result<Vec<Sealed<Training>>, PortError> {
        self.all_of(TRAININGS, scope).await
    }

    async fn train(&self, training: &Training) -> Result<(), PortError> {
        let item = canonical::insert(TRAININGS, &training.id(), training);
        match self.ledger.append_one(item.map_err(|e| PortError::Broken(e.to_string()))?).await {
            Ok(_) | Err(PortError::Conflict(_)) => Ok(()),
            Err(e) => Err(e),
        }
    }

    async fn closed(&self, scope: &Scope) -> Result<Vec<Sealed<Checklist>>, PortError> {
        self.last_of(CHECKLISTS, scope).await
    }

    async fn close(&self, checklist: &Checklist, seen: Option<u64>) -> Result<(), PortError> {
        self.follow(CHECKLISTS, &checklist.quarter, checklist, seen, "Somebody else closed this quarter meanwhile.")
            .await
    }
}
