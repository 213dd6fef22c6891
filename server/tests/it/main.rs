//! The portal in process, on a real mongod.

mod authenticator;
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
mod reviews;
mod roles;
mod signed;
mod time;
