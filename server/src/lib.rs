//! What runs: HTTP, MongoDB, signing, exports, the runner.

pub mod answer;
pub mod clock;
pub mod compose;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod exports;
pub mod http;
pub mod jobs;
pub mod ledger;
pub mod links;
pub mod notify;
pub mod people;
pub mod provider;
pub mod reviews;
pub mod runner;
mod said;
pub mod sign;
pub mod store;
pub mod time;
