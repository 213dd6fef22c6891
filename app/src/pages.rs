//! One file per page.

pub mod audit;
pub mod audits;
pub mod backups;
pub mod control;
pub mod controls;
pub mod drill;
pub mod drills;
pub mod evidence;
pub mod findings;
pub mod ledger;
pub mod live;
pub mod overview;
pub mod people;
pub mod problem;
pub mod register;
pub mod request;
pub mod requests;
pub mod review;
pub mod reviews;
pub mod runbook;
pub mod settings;
pub mod sign_in;
pub mod targets;
pub mod tokens;
pub mod verify;
