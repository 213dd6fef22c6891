//! The fault table: who dies, or what is cut or full, and in which step. Afterwards a drill is complete or abandoned,
//! never half and never twice; what it left is told by its record, found and named by the next drill, and that one
//! succeeds.
//!
//! What dies is a real process, killed with no time to say goodbye. A step is held open by a fail point of mongod's own,
//! so that nothing here depends on how long anything takes.

mod daemon;
mod disk;
mod field;
mod mongod;
mod network;
mod portal;
mod process;
mod runner;

use domain::drill::StepId;

/// A step, and the command of the drill's that holds it open.
#[derive(Clone, Copy)]
pub struct Held {
    pub step: StepId,
    pub command: &'static str,
    /// Whose command: the connections to the source and to the target have names.
    pub of: &'static str,
    /// How many of them pass before.
    pub after: i32,
    /// Whether a copy stands then.
    pub copy: bool,
    /// Whether the drill's own document is in the source then.
    pub canary: bool,
}

/// Every step of a drill of a document's loss.
pub const STEPS: [Held; 10] = [
    Held::of("source", StepId::Draw, "listDatabases", 0, false, false),
    Held::of("source", StepId::Dump, "listIndexes", 0, false, true),
    Held::of("source", StepId::Lose, "update", 0, false, true),
    Held::of("target", StepId::Provision, "listCollections", 0, false, false),
    // One batch of documents has arrived.
    Held::of("target", StepId::Restore, "insert", 1, true, false),
    Held::of("target", StepId::Query, "aggregate", 0, true, false),
    // The first writes the document that is to be lost.
    Held::of("source", StepId::Return, "insert", 1, true, false),
    Held::of("target", StepId::Verify, "listIndexes", 0, true, true),
    Held::of("target", StepId::Erase, "delete", 0, true, true),
    Held::of("target", StepId::TearDown, "dropDatabase", 0, true, false),
];

impl Held {
    const fn of(of: &'static str, step: StepId, command: &'static str, after: i32, copy: bool, canary: bool) -> Self {
        Self { step, command, of, after, copy, canary }
    }

    pub fn at(step: StepId) -> Self {
        *STEPS.iter().find(|held| held.step == step).expect("a step of the table")
    }
}
