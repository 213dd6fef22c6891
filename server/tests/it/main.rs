//! The portal in process, on a real mongod.

mod audits;
mod authenticator;
mod bundle;
mod codes;
mod drawn;
mod drill;
mod faults;
mod gaps;
mod keys;
mod ledger;
mod mail;
mod orders;
mod packet;
mod passkeys;
mod people;
mod periods;
mod portal;
mod proofs;
mod provider;
mod refusals;
mod roles;
mod sessions;
mod signed;
mod time;
mod tokens;
