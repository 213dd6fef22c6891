//! The words and the rules of Passmuster.
//!
//! Pure: no clock, no I/O, no async. Time comes in by the front door, bytes come in as bytes.
//! Everything here compiles to native code and to WASM with no features, so that an auditor can
//! read and build the verifier alone.

pub mod acceptance;
pub mod attachment;
pub mod attestation;
pub mod audit;
pub mod bench;
pub mod by_hand;
pub mod checklist;
pub mod control;
pub mod coverage;
pub mod datastore;
pub mod draw;
pub mod drill;
pub mod ejson;
pub mod fact;
pub mod finding;
pub mod fingerprint;
pub mod gap;
pub mod history;
pub mod import;
pub mod incident;
pub mod isolation;
pub mod job;
pub mod judgement;
pub mod key;
pub mod kit;
pub mod live;
pub mod passkey;
pub mod person;
pub mod proof;
pub mod reading;
pub mod record;
pub mod redrill;
pub mod request;
pub mod review;
pub mod risk;
pub mod role;
pub mod runbook;
pub mod sample;
pub mod schedule;
pub mod signoff;
pub mod target;
pub mod verdict;
pub mod words;

pub use ejson::Moment;
