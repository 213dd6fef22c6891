//! The interactive pieces; each works without itself, by saying the command that does the same.

pub mod refold;
