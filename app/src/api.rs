//! What pages read and forms do. Each function starts at the guard.

pub mod guard;
