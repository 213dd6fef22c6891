//! The portal in process, on a real mongod.

mod audits;
mod bundle;
mod drawn;
mod drill;
mod faults;
mod gaps;
mod keys;
mod ledger;
mod orders;
mod packet;
mod periods;
mod portal;
mod proofs;
mod refusals;
mod roles;
mod signed;
mod time;
mod tokens;
