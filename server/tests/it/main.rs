//! The portal in process, on a real mongod.

mod attachments;
mod audits;
mod bundle;
mod drawn;
mod drill;
mod faults;
mod gaps;
mod ledger;
mod orders;
mod packet;
mod periods;
mod portal;
mod proofs;
mod refusals;
mod requests;
mod roles;
mod signed;
mod time;
mod tokens;
