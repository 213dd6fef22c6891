//! The portal in process, on a real mongod.

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
mod roles;
mod signed;
mod time;
